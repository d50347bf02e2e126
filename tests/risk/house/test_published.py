"""Rules that are published and models that are champion take force in a house that runs; a bad one leaves what runs."""

import json
import time
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sqlalchemy import update
from tests.risk.house.kit import RULES, SETTINGS, Now, desks_of, last, moved, opened
from tests.risk.models.samples import matrix

from jinku.bootstrap.deciding_status import DecidedStatus
from jinku.bootstrap.risk import Risk
from jinku.bootstrap.risk_watch import RiskWatch
from jinku.cli.main import main
from jinku.ledger.model import CreateTransferStatus
from jinku.risk.features.reading import load
from jinku.risk.models.drift import Baseline
from jinku.risk.models.record import Model, Origin
from jinku.risk.models.registry import State
from jinku.risk.models.training import Recipe, train
from jinku.risk.rules.store import VERSION
from jinku.risk.rules.store import Role as RuleRole

CREATED, HELD, CHALLENGED = (
    CreateTransferStatus.CREATED,
    DecidedStatus.RISK_HELD,
    DecidedStatus.RISK_CHALLENGED,
)


def publish(risk: Risk, most: int, role: RuleRole = RuleRole.CHAMPION) -> int:
    rules = risk.sources.rules
    version = rules.propose(RULES.format(most=most), by="analyst-1").version
    rules.approve(version, by="head-2")
    rules.publish(version, by="head-2", role=role)
    return version


@pytest.fixture
def risk(tmp_path: Path) -> Iterator[Risk]:
    with opened(tmp_path / "house", Now(), SETTINGS + 'rules = "published"\n') as risk:
        yield risk


def test_a_publication_switches_between_batches_and_rolls_back(risk: Risk) -> None:
    """K4: rules that two persons published decide at once, a rollback too; the record names them and replays."""
    assert moved(risk, 100, (1, 2, 5_000)) == [CREATED]
    publish(risk, 1_000)
    assert risk.refresh()
    assert moved(risk, 200, (1, 2, 5_000), (1, 2, 900)) == [HELD, CREATED]
    first = last(risk).decided.versions.rules
    publish(risk, 10_000)
    risk.refresh()
    assert moved(risk, 300, (1, 2, 5_000)) == [CREATED]
    assert last(risk).decided.versions.rules not in ("", first)
    publish(risk, 100, RuleRole.CHALLENGER)
    risk.refresh()
    assert moved(risk, 400, (1, 2, 5_000)) == [CREATED], "a challenger acts never"
    assert last(risk).decided.findings.hits.tolist() == [[0, 1]], "and is recorded"
    risk.sources.rules.rollback(by="head-1", reason="too many pass")
    risk.refresh()
    assert moved(risk, 500, (1, 2, 5_000)) == [HELD]
    counts = load("payments").names.index("customer_count_1h")
    assert last(risk).decided.findings.values[counts, 0] == 6, "the history goes on over every switch"
    found = risk.replay(date(2026, 11, 20))
    assert (found.mismatches, found.findings, len(found.versions)) == (0, [], 5)


def test_a_bad_publication_leaves_what_runs(risk: Risk) -> None:
    """K4: what was altered in the database is refused as a whole; what runs goes on, and the fault is told."""
    publish(risk, 1_000)
    risk.refresh()
    version = publish(risk, 10)
    with risk.house.control.writing() as connection:
        connection.execute(
            update(VERSION).where(VERSION.c.version == version).values(text=RULES.format(most=99_999))
        )
    assert not risk.refresh()
    assert "not what was proposed" in risk.fault
    assert moved(risk, 100, (1, 2, 5_000), (1, 2, 500)) == [HELD, CREATED]
    with risk.house.control.writing() as connection:
        connection.execute(
            update(VERSION).where(VERSION.c.version == version).values(text=RULES.format(most=10))
        )
    assert risk.refresh()
    assert risk.fault == ""
    assert moved(risk, 200, (1, 2, 500)) == [HELD]


def test_the_watch_switches_and_feeds_while_the_house_runs(tmp_path: Path) -> None:
    """K4, K7: nobody reopens anything: within a round the rules decide, and what was held is an alert."""
    clock = Now()
    with opened(tmp_path / "house", clock, SETTINGS + 'rules = "published"\n') as risk:
        desks = desks_of(risk, clock)
        with RiskWatch(risk, desks.alerts, round_s=0.02) as watch:
            publish(risk, 1_000)
            for number in range(500):
                if moved(risk, 1_000 + number, (1, 2, 5_000)) == [HELD]:
                    break
                time.sleep(0.02)
            for _ in range(500):
                if desks.alerts.list_("aml-1"):
                    break
                time.sleep(0.02)
            [alert] = desks.alerts.list_("aml-1")
            assert (alert.subject, alert.typology, alert.currency) == (1, "large", "CNY")
            assert watch.fault == ""


def _champion(risk: Risk, seed: int, threshold: float, *, features: str = "") -> None:
    names = load("payments")
    chosen = names.names
    values, fraud = matrix(seed)
    wide = np.zeros((len(values), len(chosen)))
    wide[:, : values.shape[1]] = values
    scorer = train(chosen, wide, fraud, Recipe(line=(), trees=3))
    digest = features or names.digest.hex()
    origin = Origin(
        names.name,
        names.version,
        digest,
        "1" * 64,
        "2026-06-01",
        7,
        "0",
        7,
        len(values),
        int(fraud.sum()),
        "2" * 64,
    )
    raw = Model(
        scorer, origin, {"seed": seed}, {}, {}, Baseline.of(chosen, wide, scorer.score(wide))
    ).to_bytes()
    number = risk.sources.registry.register(raw, purpose="cards", owner="maker-1", threshold=threshold).number
    for state in (State.SHADOW, State.CHAMPION):
        risk.sources.registry.ask(number, state, by="risk-1")
        risk.sources.registry.confirm(number, by="head-2")


def test_the_registrys_champion_decides_at_its_own_threshold(tmp_path: Path) -> None:
    """K11: a champion takes force without reopening; one of other features does not, and what runs goes on."""
    pytest.importorskip("lightgbm")
    settings = SETTINGS + 'model = "registry"\nmodel_action = "challenge"\n'
    with opened(tmp_path / "house", Now(), settings) as risk:
        assert moved(risk, 100, (1, 2, 5_000)) == [CREATED]
        assert np.isnan(last(risk).decided.outcomes["model"]).all()
        _champion(risk, 1, -1e6)
        assert risk.refresh()
        assert moved(risk, 200, (1, 2, 5_000)) == [CHALLENGED]
        kept = last(risk)
        assert kept.decided.why(0) == "model 1 is at its threshold or above"
        engines = risk.office.desk.engines
        found = engines.reasons(kept.decided.findings.values[:, 0], 3)  # type: ignore[attr-defined]
        assert {one.code for one in found} <= set(load("payments").names)
        assert all(one.gave > 0 for one in found)
        _champion(risk, 2, -1e6, features="0" * 64)
        assert not risk.refresh()
        assert "the model is of the features" in risk.fault
        assert moved(risk, 300, (1, 2, 5_000)) == [CHALLENGED]
        assert last(risk).decided.versions == kept.decided.versions
        _champion(risk, 3, 1e6)
        assert risk.refresh()
        assert moved(risk, 400, (1, 2, 5_000)) == [CREATED]
        found = risk.replay(date(2026, 11, 20))
        assert (found.mismatches, found.findings) == (0, [])


def test_a_models_reasons_are_told_of_a_decision_and_of_a_dry_run(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """K11: what raised the model's score of one decision, in both languages, as kept and as it would be now."""
    pytest.importorskip("lightgbm")
    house, event = tmp_path / "house", tmp_path / "event.json"
    with opened(house, Now(), SETTINGS + 'model = "registry"\n') as risk:
        assert moved(risk, 100, (1, 2, 5_000)) == [CREATED]
        _champion(risk, 1, 1e6)
        assert risk.refresh()
        assert moved(risk, 200, (1, 2, 5_000)) == [CREATED]
        number = str(last(risk).asked.events.column("id").to_list()[0])
        risk.house.publish()
    event.write_text('{"customer": "1", "payer": "1", "payee": "2", "amount": "5000", "currency": "CNY"}')

    def told(*arguments: str) -> Any:
        assert main(["risk", *arguments, "--data", str(house), "--json"]) == 0
        return json.loads(capsys.readouterr().out)

    kept = told("decisions", "--id", number, "--explain")
    assert kept["reasons"], "the model saw something"
    now = told("decide", str(event))
    for value in (kept, now):
        for one in value["reasons"]:
            assert float(one["gave"]) > 0
            assert one["value"] == value["features"].get(one["feature"], "")
            assert (one["zh"], one["en"]) == (
                one["feature"],
                load("payments").by_name[one["feature"]].meaning,
            )
    assert now["reasons"][0]["value"] != kept["reasons"][0]["value"], "one payment more has been"
    assert "reasons" not in told("decisions", "--id", number)
    assert told("decisions", "--id", "100", "--explain")["reasons"] == [], "no model was there yet"
    assert main(["risk", "decisions", "--id", number, "--explain", "--data", str(house)]) == 0
    assert kept["reasons"][0]["feature"] in capsys.readouterr().out
    assert main(["risk", "decisions", "--explain", "--data", str(house)]) == 2
