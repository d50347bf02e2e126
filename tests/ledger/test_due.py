"""The list of holds that will time out, against a plain dictionary."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from jinku.ledger.due import STALE_MIN, DueList
from jinku.ledger.store import PendingStatus

NONE_I, NONE_U = np.empty(0, np.int64), np.empty(0, np.uint64)


def update(due: DueList, sequence: int, status: PendingStatus, expires_at: int) -> None:
    due.update(np.array([sequence]), np.array([status], np.uint8), np.array([expires_at], np.uint64))


@given(
    st.lists(
        st.tuples(st.sampled_from(["open", "untimed", "resolve", "take"]), st.integers(0, 30)), max_size=80
    )
)
def test_it_gives_what_a_dictionary_gives(steps: list[tuple[str, int]]) -> None:
    due, model = DueList(NONE_U, NONE_I), {}
    for sequence, (step, number) in enumerate(steps):
        if step == "open":
            update(due, sequence, PendingStatus.PENDING, 100 + number)
            model[sequence] = 100 + number
        elif step == "untimed":
            update(due, sequence, PendingStatus.PENDING, 0)
        elif step == "resolve" and number in model:
            update(due, number, PendingStatus.POSTED, model.pop(number))
        elif step == "take":
            taken = due.take(100 + number, limit=3).tolist()
            expected = sorted((at, s) for s, at in model.items() if at <= 100 + number)[:3]
            assert taken == [s for _, s in expected]
            for s in taken:
                update(due, s, PendingStatus.EXPIRED, model.pop(s))
        assert len(due) == len(model)
        assert due.next <= min(model.values(), default=0) or not model
        assert bool(due.next) or not model


def test_resolved_holds_do_not_pile_up() -> None:
    due = DueList(NONE_U, NONE_I)
    for sequence in range(20 * STALE_MIN):
        update(due, sequence, PendingStatus.PENDING, 10**18)
        update(due, sequence, PendingStatus.VOIDED, 10**18)
    assert len(due._heap) <= 4 * STALE_MIN
    assert len(due._resolved) <= 2 * STALE_MIN


def test_it_starts_from_what_was_open() -> None:
    due = DueList(np.array([30, 10, 20], np.uint64), np.array([1, 2, 3]))
    assert (len(due), due.next) == (3, 10)
    assert due.take(25, 10).tolist() == [2, 3]
    assert due.next == 30
