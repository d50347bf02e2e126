"""The safeguarding position of each legal entity and currency that has books, from one reading of all accounts."""

import time
from collections.abc import Mapping, Sequence
from types import MappingProxyType

import numpy as np

from jinku.base.clock import to_rfc3339
from jinku.base.currency import Currency, currency_by_number
from jinku.base.errors import InputError, UnknownCurrency
from jinku.custody.closing.position import Position, position
from jinku.custody.statements.model import Statement, StatementKind
from jinku.custody.structure.holdings import holdings
from jinku.custody.structure.template import Structure, load_structure
from jinku.ledger.layout import Array
from jinku.ledger.service import Ledger

_KIND_BITS, _ENTITY_SHIFT = 16, 32


def positions_now(
    ledger: Ledger,
    statements: Sequence[Statement] | None,
    only: int = 0,
    structures: Mapping[int, Structure] = MappingProxyType({}),
) -> list[tuple[int, Position]]:
    """(Legal entity, position) pairs, by entity and currency; accounts that the chart did not make are left out.

    `only` is the one legal entity that is wanted; 0 for all. `structures` are those of legal entities that have
    another than the default.

    The resource is what `statements` close with, by currency, or else what the books say the bank holds. Raises
    InputError for one that is of no closed period, whose closing balance is not the bank's word, or that could be
    several entities' money.
    """
    for one in statements or ():
        _refuse_open(one)
    as_of = to_rfc3339(time.time_ns())
    found = []
    wanted = [one for one in books(ledger.accounts_array(), structures) if only in (0, one[0])]
    _refuse_shared(wanted, statements or ())
    for entity, unit, rows in wanted:
        now = holdings(rows, structures.get(entity))
        if statements is None:
            resource = {"books: client pool": now.bank}
        else:
            resource = {one.account: one.closing for one in statements if one.currency == unit}
        found.append((entity, position(unit, now.clients, resource, as_of=as_of)))
    return found


def _refuse_shared(wanted: Sequence[tuple[int, Currency, Array]], statements: Sequence[Statement]) -> None:
    """Money at the bank is one entity's: counted for two, it would hide a shortfall."""
    for unit in {one.currency for one in statements}:
        entities = [entity for entity, theirs, _ in wanted if theirs == unit]
        if len(entities) > 1:
            raise InputError(
                f"legal entities {', '.join(map(str, entities))} have books in {unit.code}, a statement is of one",
                field="entity",
                value="0",
                remedy="name the legal entity whose bank account it is",
            )


def _refuse_open(one: Statement) -> None:
    if one.kind is StatementKind.STATEMENT and one.closing_given:
        return
    raise InputError(
        "does not close with a balance that the bank gave",
        field="statement",
        value=one.statement_id,
        remedy="name a statement of a closed day",
    )


def books(
    accounts: Array, structures: Mapping[int, Structure] = MappingProxyType({})
) -> list[tuple[int, Currency, Array]]:
    """The chart's accounts of each entity and currency; see `jinku.custody.structure.chart` for the form of an id.

    Accounts of kinds that the entity's structure (`structures`, or else the default) has not are left out.
    """
    low, high = accounts["id_lo"], accounts["id_hi"]
    kind = low & np.uint64((1 << _KIND_BITS) - 1)
    number = (low >> np.uint64(_KIND_BITS)) & np.uint64((1 << _KIND_BITS) - 1)
    entity = high >> np.uint64(_ENTITY_SHIFT)
    ours = (kind == accounts["code"]) & (number == accounts["ledger"]) & (entity > 0)
    ours &= entity == accounts["user_data_32"]
    known = np.zeros(len(accounts), np.bool_)
    for one in np.unique(entity[ours]).tolist():
        codes = list((structures.get(one) or load_structure()).kinds)
        known |= (entity == one) & np.isin(kind, codes)
    ours &= known
    found = []
    for pair in sorted({(int(e), int(n)) for e, n in zip(entity[ours], number[ours], strict=True)}):
        try:
            unit = currency_by_number(pair[1])
        except UnknownCurrency:
            continue
        found.append((pair[0], unit, accounts[ours & (entity == pair[0]) & (number == pair[1])]))
    return found
