"""Risk over a real house: built-in features and rules, restarts, replays, and custody's orders before the same desk."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path

import numpy as np
import pytest
from tests.risk.house.kit import SETTINGS, Now
from tests.risk.house.kit import opened as opened_house

from jinku.base.errors import InputError
from jinku.bootstrap import open_house
from jinku.bootstrap.deciding_status import DecidedStatus
from jinku.bootstrap.risk import Risk
from jinku.ledger.layout import TRANSFER, Array
from jinku.ledger.model import CreateTransferStatus
from jinku.risk.decision.errors import DecisionsHalted, JournalAltered, VersionUnknown
from jinku.risk.decision.record import decode
from jinku.risk.features.reading import load
from jinku.risk.rules.errors import BadRules

DAY = date(2026, 11, 20)
RULES = """
name = "house"
[[rule]]
name = "large"
when = "amount > 500000"
outcome = "hold"
score = 50
reason = "large"
reason_zh = "大额"
[[rule]]
name = "fast"
when = "customer_count_1h > 30"
outcome = "deny"
score = 90
reason = "fast"
reason_zh = "频繁"
"""


@contextmanager
def opened(directory: Path, clock: Now) -> Iterator[Risk]:
    """A house whose rules are `RULES`."""
    (directory / "risk").mkdir(parents=True, exist_ok=True)
    rules = directory / "risk" / "rules.toml"
    if not rules.exists():
        rules.write_text(RULES)
    with opened_house(directory, clock, SETTINGS + 'rules = "rules.toml"\n') as risk:
        yield risk


def batch(rng: np.random.Generator, first: int, count: int) -> Array:
    rows = np.zeros(count, TRANSFER)
    rows["id_lo"] = np.arange(first, first + count)
    rows["debit_account_id_lo"] = rng.integers(1, 16, count)
    rows["credit_account_id_lo"] = rng.integers(16, 31, count)
    rows["amount_lo"], rows["ledger"], rows["code"] = (
        rng.integers(1, 600_000, count),
        156,
        rng.integers(1, 4, count),
    )
    return rows


def days(directory: Path, clock: Now) -> list[int]:
    """Two days of traffic over a restart in their middle; all statuses."""
    rng, statuses = np.random.default_rng(4), list[int]()
    for first in (1_000, 2_000):
        with opened(directory, clock) as risk:
            for at in range(0, 600, 150):
                rows = batch(rng, first + at, 150)
                statuses += risk.gate.create_transfers_array(rows)["status"].tolist()
                clock.ns += 60 * 10**9
            [one, *_] = risk.waiting.listed(None, 1)
            risk.acts.refuse(one.id, by="anna", note="no")
        clock.ns += 43_000 * 10**9
    return statuses


def test_a_day_is_replayed_byte_for_byte(tmp_path: Path) -> None:
    """K2: any past day is decided again from the journal, with the versions then in force, to the same bytes."""
    clock = Now()
    statuses = days(tmp_path, clock)
    assert {DecidedStatus.RISK_HELD, DecidedStatus.RISK_DENIED, CreateTransferStatus.CREATED} <= set(statuses)
    (tmp_path / "risk" / "rules.toml").write_text(RULES.replace("500000", "400000"))
    with opened(tmp_path, clock) as risk:
        risk.gate.create_transfers_array(batch(np.random.default_rng(1), 3_000, 100))
        for day, versions in ((DAY, 1), (date(2026, 11, 21), 2)):
            found = risk.replay(day)
            assert (found.mismatches, found.findings, len(found.versions)) == (0, [], versions)
            assert found.decisions >= 600
        assert risk.replay(date(2026, 11, 19)).decisions == 0
    for path in (tmp_path / "risk" / "state").iterdir():
        path.unlink()
    with opened(tmp_path, clock) as risk:
        found = risk.replay(date(2026, 11, 21))
        assert (found.mismatches, found.rebuilt) == (0, 600 + 1_200), (
            "without snapshots the state comes from the journal"
        )


def test_what_was_altered_is_told_by_name(tmp_path: Path) -> None:
    """K2: a tampered record, rule set or feature table makes the replay say so."""
    clock = Now()
    days(tmp_path, clock)
    with opened(tmp_path, clock) as risk:
        shelf = tmp_path / "risk" / "versions"
        for part in ("rules", "features", "policy"):
            [path] = shelf.glob(f"{part}-*")
            whole = path.read_bytes()
            path.write_bytes(whole + b"\n# never mind")
            with pytest.raises(VersionUnknown, match=f"{part}.*altered"):
                risk.replay(DAY)
            path.write_bytes(whole)
        [records] = (tmp_path / "risk" / "journal" / "records").iterdir()
        whole = records.read_bytes()
        place = risk.journal.place(1)
        at = int(place["offset"]) + int(place["length"]) // 2
        records.write_bytes(whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :])
        found = risk.replay(DAY)
        assert found.mismatches == 150
        assert "record 1 " in found.findings[0]
    with pytest.raises(JournalAltered, match="record 1"), opened(tmp_path, clock):
        pass


def test_a_forged_outcome_differs_when_decided_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """K2: an outcome that the versions do not give is found, though journal and seal agree."""
    clock = Now()
    with opened(tmp_path, clock) as risk:
        whole = risk.office.desk.decide

        def bribed(*arguments: object) -> object:
            decided = whole(*arguments)  # type: ignore[arg-type]
            decided.outcomes["action"][decided.outcomes["action"] == 2] = 0
            return decided

        monkeypatch.setattr(risk.office.desk, "decide", bribed)
        risk.gate.create_transfers_array(batch(np.random.default_rng(2), 1_000, 100))
        monkeypatch.undo()
        found = risk.replay(DAY)
        assert found.mismatches > 5
        assert "come out otherwise" in found.findings[0]


def test_features_go_on_after_a_restart_as_if_there_had_been_none(tmp_path: Path) -> None:
    """K1: velocity is counted over restarts, with and without a snapshot."""
    names = [at for at, name in enumerate(load("payments").names) if "count" in name]
    found = []
    for name, restarts, snapshots in (("one", 1, True), ("two", 4, True), ("three", 4, False)):
        clock, seen = Now(), []
        for first in range(0, 8, 8 // restarts):
            with opened(tmp_path / name, clock) as risk:
                for number in range(first, first + 8 // restarts):
                    rows = batch(np.random.default_rng(number), 1_000 + number * 50, 50)
                    risk.gate.create_transfers_array(rows)
                    kept = decode(risk.journal.read(risk.journal.size - 1))
                    seen.append(kept.decided.findings.values[names])
            for path in [] if snapshots else (tmp_path / name / "risk" / "state").iterdir():
                path.unlink()
        found.append(np.concatenate(seen, axis=1).tobytes())
    assert found[0] == found[1] == found[2]
    assert len(names) > 3


def test_nothing_is_decided_before_recover(tmp_path: Path) -> None:
    with opened(tmp_path, Now()):
        pass
    with open_house(tmp_path) as house, Risk(house) as risk, pytest.raises(DecisionsHalted):
        risk.gate.create_transfers_array(np.zeros(1, TRANSFER))


@pytest.mark.parametrize(
    ("file", "text", "error"),
    [
        ("risk.toml", 'zone = "Asia/Shanghai"\nrule = "x"\n', InputError),
        ("risk.toml", 'rules = "../house.json"\n', InputError),
        ("risk.toml", 'features = "nothing"\n', InputError),
        ("risk.toml", 'policy = "none.toml"\n', InputError),
        ("risk/rules.toml", RULES.replace("amount", "amuont"), BadRules),
        ("risk/rules.toml", RULES[:90], BadRules),
    ],
)
def test_bad_files_are_one_clear_error_and_the_journal_stays(
    tmp_path: Path, file: str, text: str, error: type[Exception]
) -> None:
    clock = Now()
    with opened(tmp_path, clock) as risk:
        risk.gate.create_transfers_array(batch(np.random.default_rng(1), 1_000, 10))
    before = (tmp_path / file).read_text()
    (tmp_path / file).write_text(text)
    with pytest.raises(error), opened(tmp_path, clock):
        pass
    (tmp_path / file).write_text(before)
    with opened(tmp_path, clock) as risk:
        assert risk.journal.size == 1
