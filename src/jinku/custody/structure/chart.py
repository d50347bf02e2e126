"""Account numbers and account records of a legal entity's books in one currency.

Rules:

1. The ledger number is the ISO 4217 numeric code of the currency, so no transfer can mix currencies.
2. An account's id says where it belongs: ``entity << 96 | party << 32 | ledger << 16 | kind``. A chart
   account (bank mirror, fee income, …) has party 0.
3. ``user_data_64`` is the party number, ``user_data_32`` the entity, ``user_data_128`` the party's commitment
   (0 for a chart account). A party number is a bare count: without the people store it names nobody.

Example::

    chart = Chart(entity=1, currency=156)
    chart.account(Kind.FEE_INCOME)
    chart.account(Kind.INVESTOR, party=42)
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from jinku.base.currency import currency_by_number
from jinku.custody.errors import BadOrder
from jinku.custody.structure.table import ENTITY_KINDS, KINDS, ROLE_KINDS, Kind, Limit, Role
from jinku.ledger.layout import ACCOUNT, Array, set_u128
from jinku.ledger.model import AccountFlags

PARTY_BITS = 64
ENTITY_BITS = 32

_FLAGS = {
    Limit.NO_OVERDRAFT: AccountFlags.DEBITS_MUST_NOT_EXCEED_CREDITS,
    Limit.NO_CREDIT_BALANCE: AccountFlags.CREDITS_MUST_NOT_EXCEED_DEBITS,
}


@dataclass(frozen=True, slots=True)
class Chart:
    """One legal entity's books in one currency.

    `entity` is the legal entity's number (1 …), `currency` the ISO 4217 numeric code (156 for CNY).
    Raises BadOrder for an entity out of range, UnknownCurrency.
    """

    entity: int
    currency: int

    def __post_init__(self) -> None:
        if not 1 <= self.entity < 1 << ENTITY_BITS:
            raise BadOrder(
                "not an entity number", field="entity", value=self.entity, remedy="use 1 … 2^32 - 1"
            )
        currency_by_number(self.currency)

    def account(self, kind: Kind, party: int = 0) -> int:
        """The id of the account of `kind`, of `party` or (party 0) of the chart itself.

        Raises BadOrder if a party is named for a chart account or missing for a party's.
        """
        if not 0 <= party < 1 << PARTY_BITS or (party == 0) != (kind in ENTITY_KINDS):
            raise BadOrder(f"no {kind.name} account under this party", field="party", value=party)
        return self.entity << 96 | party << 32 | self.currency << 16 | kind


@dataclass(frozen=True, slots=True)
class Opening:
    """A party's account to open: its number, role and commitment (first 128 bits, as an integer)."""

    party: int
    role: Role
    commitment: int


def kind_of(account_id: int) -> Kind:
    """The kind of the account with this id. Raises BadOrder for an id that no chart made."""
    try:
        return Kind(account_id & 0xFFFF)
    except ValueError:
        raise BadOrder("not an account of the chart", field="account", value=account_id) from None


def party_of(account_id: int) -> int:
    """The party number in this account id, 0 for a chart account."""
    return account_id >> 32 & ((1 << PARTY_BITS) - 1)


def entity_accounts(chart: Chart) -> Array:
    """``ACCOUNT`` rows, shape (len(ENTITY_KINDS),), of the entity's own accounts in the order of the table."""
    return _accounts(chart, [(kind, 0, 0) for kind in ENTITY_KINDS])


def party_accounts(chart: Chart, openings: Sequence[Opening]) -> Array:
    """``ACCOUNT`` rows, one per opening, in the order given."""
    return _accounts(chart, [(ROLE_KINDS[one.role], one.party, one.commitment) for one in openings])


def _accounts(chart: Chart, lines: Sequence[tuple[Kind, int, int]]) -> Array:
    rows = np.zeros(len(lines), ACCOUNT)
    set_u128(rows, "id", (chart.account(kind, party) for kind, party, _ in lines))
    set_u128(rows, "user_data_128", (commitment for _, _, commitment in lines))
    rows["user_data_64"] = [party for _, party, _ in lines]
    rows["user_data_32"] = chart.entity
    rows["ledger"] = chart.currency
    rows["code"] = [kind for kind, _, _ in lines]
    rows["flags"] = [_FLAGS[KINDS[kind].limit] for kind, _, _ in lines]
    return rows
