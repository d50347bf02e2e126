"""What a platform tells beforehand of a movement is part of its event, once."""

import numpy as np
from tests.risk.decision.kit import SHANGHAI

from jinku.ledger.layout import TRANSFER, Array, set_u128
from jinku.risk.decision.context import CONTEXTS_MAX, Context, ContextBook
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


def test_what_nobody_asks_about_is_forgotten() -> None:
    book = ContextBook()
    for number in range(CONTEXTS_MAX + 1):
        book.put(number, Context(device=number + 1))
    made = np.zeros(2, TRANSFER)
    set_u128(made, "id", [0, 1])
    assert [one.device for one in book.take(made)] == [None, 2]
