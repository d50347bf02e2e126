"""What a platform tells beforehand of a movement is part of its event, once."""

import numpy as np
import pytest
from tests.risk.decision.kit import SHANGHAI

from jinku.ledger.layout import TRANSFER, Array, set_u128
from jinku.risk.decision.context import CONTEXT_S, Context, ContextBook
from jinku.risk.decision.errors import ContextsFull
from jinku.risk.decision.transfers import Nobody, Scene, transfer_events
from jinku.risk.events.columns import key_number

TIMES = np.array([1_795_104_000_000_000, 1_795_104_000_000_001], np.int64)


def rows() -> Array:
    made = np.zeros(2, TRANSFER)
    set_u128(made, "id", [7 << 64, 8])
    made["debit_account_id_lo"], made["credit_account_id_lo"] = 1, 2
    made["amount_lo"], made["ledger"], made["code"] = 500, 156, 9
    return made


def test_it_is_part_of_the_event_and_used_up() -> None:
    """K2: device, kind, other side and a screening hit come from the platform; the next one knows nothing of them."""
    scene = Scene(SHANGHAI, Nobody())
    told = Context(kind="withdrawal", counterparty="payee-3f2a", device="d-77", address=5, listed=True)
    told = told._replace(customer=9)
    scene.contexts.put(7 << 64, told)
    first, second = transfer_events(rows(), TIMES, scene), transfer_events(rows(), TIMES, scene)
    assert first.column("kind").to_list() == ["withdrawal", "code-9"]
    assert first.column("counterparty").to_list() == [key_number("payee-3f2a"), 2]
    assert first.column("customer").to_list() == [9, 1]
    assert first.column("device").to_list() == [key_number("d-77"), None]
    assert first.column("address").to_list() == [5, None]
    assert first.column("listed").to_list() == [True, False]
    assert second.column("device").to_list() == [None, None]
    assert second.column("listed").to_list() == [False, False]


def test_a_context_is_of_its_own_request_and_the_first_counts() -> None:
    """K1: who asks for something else under another's id neither gets nor changes what was told of it."""
    book, mine = ContextBook(), rows()
    assert book.put(8, Context(device="mine"), mine[1].tobytes())
    assert not book.put(8, Context(device="thief"), mine[1].tobytes())
    other = rows()
    other["amount_lo"] = 501
    assert book.put(8, Context(device="thief"), other[1].tobytes())
    assert [one.device for one in book.take(mine)] == [None, "mine"]
    assert [one.device for one in book.take(other)] == [None, "thief"]
    assert book.take(mine) == ()
    told = {(8, b""): Context(device="forgotten")}
    book.put(8, Context(device="kept"))
    book.forget(told)
    assert [one.device for one in book.take(mine)] == [None, "kept"]


def test_a_flood_of_contexts_displaces_nobodys_and_ends_by_itself() -> None:
    """K1: memory is bounded; beyond it the newest is refused, and what nobody asked about goes after a time."""
    now = 0
    book = ContextBook(most=3, monotonic=lambda: now)
    for number in (8, 20, 21):
        book.put(number, Context(device=number))
    with pytest.raises(ContextsFull):
        book.put(22, Context(device=22))
    assert [one.device for one in book.take(rows())] == [None, 8]
    now = round(CONTEXT_S * 1e9) - 1
    assert len(book) == 2
    book.put(22, Context(device=22))
    now += 1
    book.put(23, Context(device=23))
    assert len(book) == 2, "those that are too old are gone"
