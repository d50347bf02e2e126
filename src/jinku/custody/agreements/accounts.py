"""From the account names and assets of a program to the accounts of the ledger, and back to nothing else.

Rules:

1. A name leads to exactly one account id and no two names lead to the same one, so a program cannot spend an account
   twice under two names. Names are derived, never looked up: the same name gives the same id forever.
2. An asset is a currency of the table with its own exponent, written one way: ``CNY/2``, ``KWD/3``, ``JPY``. Another
   precision, an unknown currency or a coloured asset is refused; nothing is converted.
3. In a chart, agreements move money within the client pool, between accounts that are already open. Money enters and
   leaves by orders that the bank confirms: the mirrors of bank accounts have no name, and ``@world`` is refused unless
   a kind of account is named for it.

Example::

    names = ChartNames(Chart(entity=1, currency=156))
    names.account("investor:7")  # what the chart calls (Kind.INVESTOR, 7)
    ledger_of("CNY/2")           # 156
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from jinku.base.currency import Currency, currency, currency_by_number
from jinku.base.errors import UnknownCurrency
from jinku.base.ids import derived_id
from jinku.custody.agreements.errors import AccountNameRefused, NotBookable
from jinku.custody.numscript.inputs import WORLD
from jinku.custody.structure.chart import PARTY_BITS, Chart
from jinku.custody.structure.table import Kind, Money
from jinku.ledger.layout import ACCOUNT, Array, set_u128
from jinku.ledger.model import AccountFlags

_PARTY = re.compile(r"[1-9][0-9]{0,19}", re.ASCII)
_NAMESPACE = "jinku/agreement-account"
DERIVED_CODE = 5001
"""`code` of accounts that only agreements name (`DerivedNames`)."""


class AccountNames(Protocol):
    """Which account a name in a program means."""

    @property
    def currency(self) -> int:
        """ISO 4217 number of the one currency of these books."""
        ...

    def account(self, name: str) -> int:
        """The account's id. Raises AccountNameRefused."""
        ...


def asset_of(unit: Currency) -> str:
    """How programs write a currency: ``CNY/2``, ``JPY``."""
    return f"{unit.code}/{unit.exponent}" if unit.exponent else unit.code


def ledger_of(asset: str) -> int:
    """The ledger number of an asset. Raises NotBookable."""
    try:
        unit = currency(asset.partition("/")[0])
    except UnknownCurrency:
        raise NotBookable(f"{asset} is no currency of the table", remedy="use an ISO 4217 code") from None
    if asset != asset_of(unit):
        raise NotBookable(f"{asset} is not counted in its minor units", remedy=f"write {asset_of(unit)}")
    return unit.number


@dataclass(frozen=True, slots=True)
class ChartNames:
    """Names of a chart's accounts: ``investor:7``, ``fee_income``. `world` is the kind that ``@world`` means."""

    chart: Chart
    world: Kind | None = None

    @property
    def currency(self) -> int:
        """The chart's currency."""
        return self.chart.currency

    def account(self, name: str) -> int:
        """The id of the account named. Raises AccountNameRefused."""
        if name == WORLD:
            if self.world is None:
                raise AccountNameRefused(
                    name, "money enters and leaves by orders only", "name the account that holds the money"
                )
            return self.chart.account(self.world)
        word, colon, party = name.partition(":")
        structure = self.chart.structure
        kind = structure.by_key.get(word.upper()) if word == word.lower() else None
        if kind is None or structure.pools[kind.pool].money is not Money.CLIENT or kind.code == self.world:
            raise AccountNameRefused(name, "is no account of the client pool", "write a kind, as investor:7")
        if kind.money is Money.CONTROL:
            raise AccountNameRefused(name, "is the bank's side of the books", "have it booked by an order")
        if kind.role is None:
            if colon:
                raise AccountNameRefused(name, "has no party", f"write {word}")
            return self.chart.account(kind.code)
        if not _PARTY.fullmatch(party) or int(party) >= 1 << PARTY_BITS:
            raise AccountNameRefused(name, "names no party", f"write {word}:NUMBER without leading zeros")
        return self.chart.account(kind.code, int(party))


@dataclass(frozen=True, slots=True)
class DerivedNames:
    """Any name at all, for books of their own without a chart: the id is a digest of entity, currency and name.

    Raises UnknownCurrency.
    """

    entity: int
    currency: int

    def __post_init__(self) -> None:
        currency_by_number(self.currency)

    def account(self, name: str) -> int:
        """The id of the account named."""
        return derived_id(_NAMESPACE, str(self.entity), str(self.currency), name)

    def rows(self, names: Sequence[str], *, overdraft: frozenset[str] = frozenset({WORLD})) -> Array:
        """``ACCOUNT`` rows to open `names`; the ledger keeps all but those in `overdraft` from going below zero."""
        rows = np.zeros(len(names), ACCOUNT)
        set_u128(rows, "id", (self.account(name) for name in names))
        rows["ledger"], rows["code"] = self.currency, DERIVED_CODE
        rows["user_data_32"] = self.entity
        limited = AccountFlags.DEBITS_MUST_NOT_EXCEED_CREDITS
        rows["flags"] = [0 if name in overdraft else limited for name in names]
        return rows
