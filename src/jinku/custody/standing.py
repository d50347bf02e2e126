"""The safeguarding position of each legal entity and currency that has books, from one reading of all accounts."""

import time
from collections.abc import Sequence

import numpy as np

from jinku.base.clock import to_rfc3339
from jinku.base.currency import Currency, currency_by_number
from jinku.base.errors import UnknownCurrency
from jinku.custody.holdings import holdings
from jinku.custody.position import Position, position
from jinku.custody.statement import Statement
from jinku.custody.table import Kind
from jinku.ledger.layout import Array
from jinku.ledger.service import Ledger

_KIND_BITS, _ENTITY_SHIFT = 16, 32


def positions_now(ledger: Ledger, statements: Sequence[Statement] | None) -> list[tuple[int, Position]]:
    """(Legal entity, position) pairs, by entity and currency; accounts that the chart did not make are left out.

    The resource is what `statements` close with, by currency, or else what the books say the bank holds.
    """
    as_of = to_rfc3339(time.time_ns())
    found = []
    for entity, unit, rows in books(ledger.accounts_array()):
        now = holdings(rows)
        if statements is None:
            resource = {"books: client pool": now.bank}
        else:
            resource = {one.account: one.closing for one in statements if one.currency == unit}
        found.append((entity, position(unit, now.clients, resource, as_of=as_of)))
    return found


def books(accounts: Array) -> list[tuple[int, Currency, Array]]:
    """The chart's accounts of each entity and currency; see `jinku.custody.chart` for the form of an id."""
    low, high = accounts["id_lo"], accounts["id_hi"]
    kind = low & np.uint64((1 << _KIND_BITS) - 1)
    number = (low >> np.uint64(_KIND_BITS)) & np.uint64((1 << _KIND_BITS) - 1)
    entity = high >> np.uint64(_ENTITY_SHIFT)
    ours = (kind == accounts["code"]) & (number == accounts["ledger"]) & (entity > 0)
    ours &= np.isin(kind, [int(one) for one in Kind]) & (entity == accounts["user_data_32"])
    found = []
    for pair in sorted({(int(e), int(n)) for e, n in zip(entity[ours], number[ours], strict=True)}):
        try:
            unit = currency_by_number(pair[1])
        except UnknownCurrency:
            continue
        found.append((pair[0], unit, accounts[ours & (entity == pair[0]) & (number == pair[1])]))
    return found
