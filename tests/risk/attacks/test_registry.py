"""Somebody with the disk in hand who wants another model, or another threshold, to decide."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import text
from tests.risk.decision.kit import opened_ledger
from tests.risk.models.test_registry import RAW

from jinku.base.database import Database
from jinku.risk.models.errors import ModelStep
from jinku.risk.models.record import Model
from jinku.risk.models.registry import Registry, State

Room = tuple[Registry, Database]


@pytest.fixture
def room(tmp_path: Path) -> Iterator[Room]:
    """Model 1 is champion by two persons; model 2 is a candidate."""
    with opened_ledger(tmp_path) as ledger, Database.open(tmp_path / "control.db") as database:
        registry = Registry(ledger, database, clock=lambda: 1)
        for raw in RAW[:2]:
            registry.register(raw, purpose="cards", owner="risk-1", threshold=1.5)
        for state in (State.SHADOW, State.CHAMPION):
            registry.ask(1, state, by="risk-1")
            registry.confirm(1, by="head-2")
        yield registry, database


SWAPPED = {
    "threshold": "UPDATE risk_model SET threshold = 1e8 WHERE number = 1",
    "state": "UPDATE risk_model SET state = CASE number WHEN 1 THEN 'retired' ELSE 'champion' END",
    "act": "UPDATE risk_model_act SET document = replace(document, 'head-2', 'head-3') WHERE model = 1",
    "gone": "DELETE FROM risk_model_act WHERE model = 1 AND number = 5",
}


@pytest.mark.parametrize("what", SWAPPED)
def test_what_was_swapped_with_a_pen_does_not_decide(room: Room, what: str) -> None:
    """K11: the champion decides as its sealed acts have it, whatever the control data says."""
    registry, database = room
    registry.prove(1)
    with database.writing() as connection:
        connection.execute(text(SWAPPED[what]))
    champion = registry.champion("cards")
    assert champion is not None
    with pytest.raises(ModelStep):
        registry.prove(champion.number)


def test_bytes_swapped_with_their_digest_do_not_decide(room: Room) -> None:
    """K11: an artefact swapped after its approval, together with the digest beside it, is told."""
    registry, database = room
    other = RAW[2]
    with database.writing() as connection:
        values = {"raw": other, "digest": Model.from_bytes(other).digest.hex()}
        connection.execute(
            text("UPDATE risk_model SET raw = :raw, digest = :digest WHERE number = 1"), values
        )
    assert registry.model(1).digest.hex() == values["digest"]
    with pytest.raises(ModelStep, match="sealed acts"):
        registry.prove(1)
