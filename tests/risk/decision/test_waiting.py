"""What waits: entered by the batch, once, and as it stands when it is entered again."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from jinku.base.database import Database
from jinku.risk.decision.waiting import IDS_AT_ONCE, Waiting, WaitingBook, WaitState


@pytest.fixture
def control(tmp_path: Path) -> Iterator[Database]:
    with Database.open(tmp_path / "control.db") as database:
        yield database


def rows_of(numbers: range, state: WaitState = WaitState.HELD) -> list[Waiting]:
    return [
        Waiting(
            number,
            head=number,
            record=3,
            row=place,
            state=state,
            why="points",
            amount=(1 << 100) + number,
            ledger=156,
            own_pending=False,
            since=5,
        )
        for place, number in enumerate(numbers)
    ]


def test_a_batch_is_entered_whole_and_read_back(control: Database) -> None:
    """K1: what is held waits under its id, with amounts of 128 bits; a thousand as one transaction."""
    book, rows = WaitingBook(control), rows_of(range(1, 2 * IDS_AT_ONCE))
    assert book.add(rows) == dict.fromkeys(range(1, 2 * IDS_AT_ONCE), WaitState.HELD)
    assert sorted(book.listed(None, 5_000), key=lambda one: one.id) == rows
    assert book.states([1, 999, 5_000]) == {1: WaitState.HELD, 999: WaitState.HELD}
    assert WaitingBook(control).open == book.open


def test_what_has_ended_does_not_wait_again(control: Database) -> None:
    """K2: a record sent again after a crash leaves what was ended since, enters what is missing, and tells both."""
    book = WaitingBook(control)
    book.add(rows_of(range(1, 4)))
    book.end(book.chain(2), WaitState.RELEASED, by="anna", at=9, note="agreed")
    after = WaitingBook(control)
    assert after.add(rows_of(range(1, 6))) == {
        1: WaitState.HELD,
        2: WaitState.RELEASED,
        3: WaitState.HELD,
        4: WaitState.HELD,
        5: WaitState.HELD,
    }
    assert sorted(after.open) == [1, 3, 4, 5]
    assert after.chain(2)[0].ended_by == "anna"
