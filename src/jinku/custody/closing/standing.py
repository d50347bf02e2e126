"""The safeguarding position of each legal entity and currency that has books, from one reading of all accounts."""

import time
from collections.abc import Mapping, Sequence
from types import MappingProxyType

from jinku.base.clock import to_rfc3339
from jinku.base.currency import Currency
from jinku.base.errors import InputError
from jinku.custody.closing.position import Position, position
from jinku.custody.statements.model import Statement, StatementKind
from jinku.custody.structure.holdings import holdings
from jinku.custody.structure.standing import books
from jinku.custody.structure.template import Structure
from jinku.ledger.layout import Array
from jinku.ledger.service import Ledger


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
