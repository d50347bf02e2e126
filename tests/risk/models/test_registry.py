"""The registry of models on SQLite and PostgreSQL: two persons a step, one champion, every act sealed."""

import hashlib
import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from tests.risk.models.samples import matrix

from jinku.base.canonical import canonical_json
from jinku.base.database import Database
from jinku.cli.main import main
from jinku.ledger.layout import Array
from jinku.ledger.opening import open_journal
from jinku.risk.acts.two import SecondPerson
from jinku.risk.models.drift import Baseline
from jinku.risk.models.errors import BadModel, ModelStep, ModelUnknown
from jinku.risk.models.record import Model, Origin
from jinku.risk.models.registry import SEAL_TOPIC_MODELS, Override, Registry, State
from jinku.risk.models.thresholds import Threshold
from jinku.risk.models.training import Recipe, train

pytest.importorskip("lightgbm")
NAMES = ("a", "b", "c", "d", "e")


class Log:
    """A ledger's log, as far as it is needed."""

    def __init__(self) -> None:
        self.seals: list[tuple[bytes, int]] = []

    def seal(self, digest: bytes, topic: int) -> tuple[int, int]:
        self.seals.append((digest, topic))
        return len(self.seals), len(self.seals)

    def size(self) -> int:
        return len(self.seals)

    def entries(self, first: int, count: int) -> Array:
        raise NotImplementedError(
            "what is proven stands on a real ledger: tests/risk/attacks/test_registry.py"
        )


def model(seed: int) -> bytes:
    """A small whole model."""
    values, fraud = matrix(seed)
    scorer = train(NAMES, values, fraud, Recipe(line=("a", "b"), trees=3))
    origin = Origin(
        "cards", 1, "0" * 64, "1" * 64, "2018-06-01", 7, "0", 7, len(values), int(fraud.sum()), "2" * 64
    )
    baseline = Baseline.of(NAMES, values, scorer.score(values))
    at = {"precision_0.9": Threshold(1.5, 0.91, 0.4, 12.0)}
    return Model(scorer, origin, {"seed": seed}, {"blocks_ap": "0.7"}, at, baseline).to_bytes()


RAW = [model(seed) for seed in range(3)]


@pytest.fixture(params=["sqlite", "postgres"])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Database:
    """Each engine that control data has."""
    if request.param == "sqlite":
        return Database.open(tmp_path / "control.db")
    new: Callable[[], str] = request.getfixturevalue("new_postgres_url")
    return Database.open(new())


def _promote(registry: Registry, number: int) -> None:
    for state in (State.SHADOW, State.CHAMPION):
        registry.ask(number, state, by="risk-1")
        registry.confirm(number, by="head-2")


def test_a_model_is_registered_and_stepped_up_by_two_persons(database: Database) -> None:
    """K11: a model is registered with data, code, threshold, label delay, owner; maker and checker differ."""
    log = Log()
    with database:
        registry = Registry(log, database, clock=lambda: 1)
        first = registry.register(RAW[0], purpose="cards", owner="risk-1", threshold=1.5)
        assert (first.number, first.state, first.digest) == (
            1,
            State.CANDIDATE,
            hashlib.sha256(RAW[0]).hexdigest(),
        )
        with pytest.raises(ModelStep, match="does not become"):
            registry.ask(1, State.CHAMPION, by="risk-1")
        registry.ask(1, State.SHADOW, by="clerk-3")
        for checker in ("clerk-3", "CLERK-3", "risk-1", "Risk-1"):
            with pytest.raises(ModelStep, match="another person"):
                registry.confirm(1, by=checker)
        assert registry.confirm(1, by="head-2").state is State.SHADOW
        with pytest.raises(ModelStep, match="nothing is asked"):
            registry.confirm(1, by="head-2")
        said = registry.acts(1)[0]["said"]
        assert (said["delay_days"], said["data_digest"], said["code_digest"], said["threshold"]) == (
            7,
            "1" * 64,
            "2" * 64,
            "1.5",
        )
        assert registry.model(1).to_bytes() == RAW[0]


def test_there_is_one_champion_and_the_one_before_comes_back(database: Database, tmp_path: Path) -> None:
    """K10: champion against challenger; rolling back is proposed by one person and done by another's own act."""
    with database, open_journal(tmp_path / "ledger") as ledger:
        registry = Registry(ledger, database, clock=iter(range(1, 1_000)).__next__)
        for raw in RAW[:2]:
            registry.register(raw, purpose="cards", owner="risk-1", threshold=1.5)
        _promote(registry, 1)
        _promote(registry, 2)
        champion = registry.champion("cards")
        assert champion is not None
        assert champion.number == 2
        assert registry.show(1).state is State.RETIRED
        assert registry.roll_back("cards", by="risk-1", reason="too many alerts") is None
        with pytest.raises(SecondPerson):
            registry.roll_back("cards", by="RISK-1", reason="too many alerts")
        assert [one.state for one in registry.listed("cards")] == [State.CHAMPION, State.RETIRED], (
            "proposed only"
        )
        assert registry.roll_back("cards", by="head-2", reason="agreed") is not None
        assert [one.state for one in registry.listed("cards")] == [State.RETIRED, State.CHAMPION]
        with pytest.raises(ModelStep, match="no champion before"):
            registry.roll_back("loans", by="head-2", reason="x")


def test_every_act_is_chained_and_sealed(database: Database) -> None:
    """K11: overrides are kept; every act's document has its digest in the log, topic 13, and names the one before."""
    log = Log()
    with database:
        registry = Registry(log, database, clock=lambda: 1)
        registry.register(RAW[0], purpose="cards", owner="risk-1", threshold=1.5)
        registry.override(1, Override("77", "deny", "allow", "customer called"), by="clerk-3")
        registry.retire(1, by="clerk-3", reason="replaced")
        with pytest.raises(ModelStep, match="retired already"):
            registry.retire(1, by="clerk-3", reason="replaced")
        acts = registry.acts(1)
    before = None
    for act in acts:
        entry = act.pop("sealed_entry")
        raw = canonical_json(json.loads(json.dumps(act)))
        assert act["before"] == before
        before = hashlib.sha256(raw).hexdigest()
        assert log.seals[entry - 1] == (hashlib.sha256(raw).digest(), SEAL_TOPIC_MODELS)
    assert [act["act"] for act in acts] == ["registered", "overridden", "retired"]
    assert acts[1]["said"] == {
        "answer": "deny",
        "instead": "allow",
        "reason": "customer called",
        "subject": "77",
    }


def test_what_is_no_model_stays_outside(database: Database) -> None:
    """Poisoned bytes, an unknown number, a model twice, an id that is none: one clear error, nothing kept."""
    log = Log()
    with database:
        registry = Registry(log, database, clock=lambda: 1)
        for raw in (b"", b"jkmodel1", RAW[0][:-1], RAW[0] + b"x", RAW[0].replace(b'"form":1', b'"form":2')):
            with pytest.raises(BadModel):
                registry.register(raw, purpose="cards", owner="risk-1", threshold=1.5)
        with pytest.raises(ModelStep, match="no score"):
            registry.register(RAW[0], purpose="cards", owner="risk-1", threshold=float("nan"))
        with pytest.raises(ModelStep, match="id"):
            registry.register(RAW[0], purpose="cards", owner="a b", threshold=1.0)
        with pytest.raises(ModelUnknown):
            registry.show(9)
        assert not log.seals
        registry.register(RAW[0], purpose="cards", owner="risk-1", threshold=1.5)
        with pytest.raises(ModelStep, match="already"):
            registry.register(RAW[0], purpose="loans", owner="risk-1", threshold=1.5)
        assert len(registry.listed()) == 1
        assert registry.champion("cards") is None


def test_the_same_data_makes_the_same_bytes() -> None:
    assert model(0) == RAW[0]
    assert RAW[0] != RAW[1]
    values = matrix(5)[0]
    again = Model.from_bytes(RAW[0])
    assert np.array_equal(again.scorer.score(values), Model.from_bytes(model(0)).scorer.score(values))


def test_the_commands_of_the_registry(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """K11: register, step up by two persons, override, look: as a person types it."""
    house, file = tmp_path / "house", tmp_path / "cards.model"
    file.write_bytes(RAW[0])
    assert main(["house", "make", "--data", str(house)]) == 0
    capsys.readouterr()

    def run(*words: str) -> dict[str, object]:
        assert main(["risk", "model", *words, "--data", str(house), "--json"]) == 0
        found: dict[str, object] = json.loads(capsys.readouterr().out)
        return found

    assert run("register", str(file), "--owner", "risk-1", "--threshold", "1.5")["state"] == "candidate"
    run("ask", "1", "--state", "shadow", "--by", "risk-1")
    assert main(["risk", "model", "confirm", "1", "--by", "risk-1", "--data", str(house)]) != 0
    assert "another person" in capsys.readouterr().err
    assert run("confirm", "1", "--by", "head-2")["state"] == "shadow"
    said = ("--subject", "77", "--answer", "deny", "--instead", "allow", "--reason", "customer called")
    run("override", "1", *said, "--by", "clerk-3")
    shown = run("show", "1")
    acts = shown["acts"]
    assert isinstance(acts, list)
    assert [act["act"] for act in acts] == ["registered", "asked", "confirmed", "overridden"]
    assert len({act["sealed_entry"] for act in acts}) == 4
