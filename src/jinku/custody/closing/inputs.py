"""The inputs of a day's close: given by persons, taken from the ledger, left by the day before.

Rules:

1. Each has a role and is known by the SHA-256 of its bytes. A close is computed from these bytes alone.
2. A statement belongs to the day if its last day lies after the business day before and not after the day itself.
3. A bank account's number stands for one account of the structure. Where nobody says which, it is the one bank account
   of the clients' pool, if there is only one and one number; otherwise a person says.

Example::

    given = Given(statements=(("2026-11-20.xml", data),), accounts={"GB29…": "BANK_MIRROR"})
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, time
from enum import StrEnum
from typing import Any

from jinku.base.canonical import canonical_json
from jinku.base.currency import Currency
from jinku.base.errors import InputError
from jinku.custody.closing.days import Books
from jinku.custody.closing.settings import CloseSettings
from jinku.custody.statements.formats import ReadOptions, read_statement
from jinku.custody.statements.model import Statement, StatementKind
from jinku.custody.structure.model import AccountKind, PoolLine, Structure
from jinku.custody.structure.table import Limit, Money, Place, Role
from jinku.custody.structure.table import Side as KindSide
from jinku.ledger.layout import Array

FORMAT = "jinku-close-terms/v1"


class InputRole(StrEnum):
    """What an input is."""

    STATEMENT = "statement"
    """A bank's file, as it came."""
    PLATFORM = "platform"
    """The platform's own export of its movements, as it came."""
    MAPPING = "mapping"
    """The description of a bank's CSV, as a statement was read by."""
    LEDGER = "ledger"
    """The day's entries of the journal."""
    BALANCES = "balances"
    """The balances at the day's end."""
    CARRIED = "carried"
    """What the day before left open."""
    SETTLEMENTS = "settlements"
    """The breaks that were written off by entries of the day."""
    TERMS = "terms"
    """Structure, settings and bank accounts."""
    LAYOUT = "layout"
    """The layout of the platform's export."""
    RULES = "rules"
    """The table of matching rules, where it is not the one that comes with Jinku."""


@dataclass(frozen=True, slots=True)
class Stored:
    """One stored input."""

    role: InputRole
    name: str
    sha256: str
    size: int

    def as_json(self) -> dict[str, str | int]:
        """Canonical values."""
        return {"role": self.role.value, "name": self.name, "sha256": self.sha256, "size": self.size}


@dataclass(frozen=True, slots=True)
class Given:
    """What persons bring: files as (name, bytes)."""

    statements: Sequence[tuple[str, bytes]] = ()
    platform: Sequence[tuple[str, bytes]] = ()
    mappings: Sequence[tuple[str, bytes]] = ()
    layout: tuple[str, bytes] | None = None
    rules: tuple[str, bytes] | None = None
    accounts: Mapping[str, str] = field(default_factory=dict)
    """A bank account's number → the key of its account in the structure."""


@dataclass(frozen=True, slots=True)
class DayInputs:
    """All that a close is computed from."""

    books: Books
    currency: Currency
    day: date
    previous: date | None
    as_of: int
    """The cut-off, ns UTC."""
    structure: Structure
    settings: CloseSettings
    entries: Array
    balances: Array
    statements: Sequence[tuple[int, str, Statement]]
    """Code of the account's kind, SHA-256 of the file, statement; of each account in order of days."""
    accounts: Mapping[str, int]
    """Numbers at the bank → code of the account's kind, as far as somebody has placed them."""
    platform: Sequence[tuple[str, bytes]]
    layout: tuple[str, bytes] | None
    carried: bytes
    rules: tuple[str, bytes] | None
    settlements: bytes = b""
    """What the day's write-offs settle (`jinku.custody.breaks.settling`); empty for none."""


def terms_bytes(structure: Structure, settings: CloseSettings, accounts: Mapping[str, str]) -> bytes:
    """Structure, settings and bank accounts as canonical bytes."""
    return canonical_json(
        {
            "format": FORMAT,
            "structure": structure.document,
            "calendar": settings.calendar,
            "timezone": settings.timezone,
            "cut_off": settings.cut_off,
            "regime": settings.regime,
            "accounts": dict(accounts),
        }
    )


def read_terms(data: bytes) -> tuple[Structure, CloseSettings, dict[str, str]]:
    """The other way round."""
    one = json.loads(data)
    settings = CloseSettings(one["calendar"], one["timezone"], one["cut_off"], one["regime"])
    return _structure(one["structure"]), settings, one["accounts"]


def _structure(said: Mapping[str, Any]) -> Structure:
    entity = said["entity"]
    return Structure(
        name=said["name"],
        version=said["version"],
        english=said["english"],
        chinese=said["chinese"],
        jurisdiction=entity["jurisdiction"],
        calendar=entity["calendar"],
        timezone=entity["timezone"],
        cut_off=time.fromisoformat(entity["cut_off"]),
        currencies=tuple(entity["currencies"]),
        pools={
            one["key"]: PoolLine(one["key"], Money(one["money"]), one["english"], one["chinese"])
            for one in said["pools"]
        },
        kinds={one["code"]: _kind(one) for one in said["kinds"]},
    )


def _kind(one: Mapping[str, Any]) -> AccountKind:
    return AccountKind(
        code=one["code"],
        key=one["key"],
        money=Money(one["money"]),
        pool=one["pool"],
        side=KindSide(one["side"]),
        limit=Limit(one["limit"]),
        english=one["english"],
        chinese=one["chinese"],
        place=Place(one["place"]) if one["place"] else None,
        role=Role(one["role"]) if one["role"] else None,
    )


def statements_in(
    files: Sequence[tuple[str, bytes]], options: ReadOptions, currency: Currency
) -> list[tuple[int, Statement]]:
    """(Number of the file, statement) pairs of closed periods in `currency`. Raises InputError.

    Reports of an open day and notifications say nothing that a day is closed by, and are refused.
    """
    found = []
    for number, (name, data) in enumerate(files):
        statements = read_statement(data, name, options)
        for one in statements:
            if one.kind is not StatementKind.STATEMENT:
                raise InputError(
                    f"is a {one.kind.value}, not the statement of a closed period",
                    file=name,
                    field="statement",
                    value=one.statement_id,
                    remedy="close with camt.053, MT940, final BAI2 data or a day's CSV",
                )
        found += [(number, one) for one in statements if one.currency == currency]
        if not any(one.currency == currency for one in statements):
            raise InputError(
                f"has no statement in {currency.code}",
                file=name,
                field="currency",
                value=statements[0].currency.code if statements else "",
                remedy="give it to the close of its own currency",
            )
    return found


def accounts_of(
    structure: Structure, statements: Sequence[Statement], said: Mapping[str, str]
) -> dict[str, str]:
    """Rule 3: each statement's account and the key of the structure's account that it is. Raises InputError."""
    for number, key in said.items():
        line = structure.by_key.get(key)
        if line is None or line.place is not Place.BANK:
            raise InputError(
                f"is no bank account of structure {structure.name}",
                field=f"account {number}",
                value=key,
                remedy=f"use one of {', '.join(sorted(_banks(structure)))}",
            )
    if len(set(said.values())) < len(said):
        twice = next(key for key in said.values() if list(said.values()).count(key) > 1)
        raise InputError(
            "stands for two accounts at the bank", field="account", value=twice, remedy="give each its own"
        )
    known = dict(said)
    unknown = sorted({one.account for one in statements} - known.keys())
    pool = _banks(structure, Money.CLIENT)
    free = sorted(pool - set(known.values()))
    if len(unknown) == 1 and len(free) == 1 and len(pool) == 1:
        known[unknown[0]] = free[0]
    elif unknown:
        raise InputError(
            "is an account at the bank that nobody has placed",
            field="account",
            value=unknown[0],
            remedy=f"say which: --account {unknown[0]}=KEY with one of {', '.join(sorted(_banks(structure)))}",
        )
    return {number: known[number] for number in sorted(known)}


def require_of_day(one: Statement, day: date, previous: date | None, name: str) -> None:
    """Rule 2. Raises InputError."""
    if one.to_date > day or (previous is not None and one.to_date <= previous):
        since = f"after {previous} and " if previous else ""
        raise InputError(
            f"is of {one.to_date}, not {since}up to {day}",
            file=name,
            field="statement",
            value=one.statement_id,
            remedy="give it to the close of its own day",
        )


def closing_balances(statements: Sequence[tuple[int, str, Statement]]) -> dict[int, tuple[str, int]]:
    """Of each bank account, by code of its kind: its number and what its last statement closes with."""
    found: dict[int, tuple[str, int]] = {}
    for code, _, one in statements:
        found.pop(code, None)
        if one.closing_given:
            found[code] = (one.account, one.closing)
    return found


def _banks(structure: Structure, money: Money | None = None) -> set[str]:
    return {
        one.key
        for one in structure.kinds.values()
        if one.place is Place.BANK and (money is None or structure.pools[one.pool].money is money)
    }
