"""Account numbers and account records of a legal entity's books in one currency.

Rules:

1. The ledger number is the ISO 4217 numeric code of the currency, so no transfer can mix currencies.
2. An account's id says where it belongs: ``entity << 96 | party << 32 | ledger << 16 | kind``. A chart
   account (bank mirror, fee income, …) has party 0.
3. Which kinds there are says the entity's `Structure`; by default that of a China fund-custody platform.
4. ``user_data_64`` is the party number, ``user_data_32`` the entity, ``user_data_128`` the party's commitment
   (0 for a chart account). A party number is a bare count: without the people store it names nobody.

Example::

    chart = Chart(entity=1, currency=156)
    chart.account(Kind.FEE_INCOME)
    chart.account(Kind.INVESTOR, party=42)
    Chart(2, 826, load_structure("uk-safeguarding")).account(Kind.CUSTOMER, party=42)
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from jinku.base.currency import currency_by_number
from jinku.custody.errors import BadOrder
from jinku.custody.structure.table import Limit, Role
from jinku.custody.structure.template import AccountKind, Structure, load_structure
from jinku.ledger.layout import ACCOUNT, Array, set_u128
from jinku.ledger.model import AccountFlags

PARTY_BITS = 64
ENTITY_BITS = 32

_FLAGS = {
    Limit.NO_OVERDRAFT: AccountFlags.DEBITS_MUST_NOT_EXCEED_CREDITS,
    Limit.NO_CREDIT_BALANCE: AccountFlags.CREDITS_MUST_NOT_EXCEED_DEBITS,
    Limit.UNLIMITED: AccountFlags.NONE,
}


@dataclass(frozen=True, slots=True)
class Chart:
    """One legal entity's books in one currency.

    `entity` is the legal entity's number (1 …), `currency` the ISO 4217 numeric code (156 for CNY).
    Raises BadOrder for an entity out of range, UnknownCurrency.
    """

    entity: int
    currency: int
    structure: Structure = field(default_factory=load_structure)

    def __post_init__(self) -> None:
        if not 1 <= self.entity < 1 << ENTITY_BITS:
            raise BadOrder(
                "not an entity number", field="entity", value=self.entity, remedy="use 1 … 2^32 - 1"
            )
        currency_by_number(self.currency)

    def account(self, kind: int, party: int = 0) -> int:
        """The id of the account of `kind` (a `Kind`, or the code of an institution's own), of `party` or (party 0)
        of the chart itself.

        Raises BadOrder if a party is named for a chart account or missing for a party's, InputError for a kind that
        the structure has not.
        """
        structure = self.structure
        entity_has_it = kind in structure.entity_codes
        if not 0 <= party < 1 << PARTY_BITS or (party == 0) != entity_has_it or kind not in structure.kinds:
            key = structure.kind(kind).key
            raise BadOrder(f"no {key} account under this party", field="party", value=party)
        return self.entity << 96 | party << 32 | self.currency << 16 | kind

    def party_account(self, role: Role, party: int) -> int:
        """The id of the account that `party` has in this role. Raises BadOrder for a role that nobody has here."""
        return self.account(self.role_kind(role).code, party)

    def kind_of(self, account_id: int) -> AccountKind:
        """The kind of the account with this id. Raises BadOrder for an id that this chart did not make."""
        if account_id >> 96 != self.entity or account_id >> 16 & 0xFFFF != self.currency:
            raise BadOrder("not an account of the chart", field="account", value=account_id)
        return kind_of(account_id, self.structure)

    def role_kind(self, role: Role) -> AccountKind:
        """The kind of account that a party of this role has. Raises BadOrder for a role that nobody has here."""
        try:
            return self.structure.roles[role]
        except KeyError:
            known = ", ".join(self.structure.roles)
            raise BadOrder(
                f"no role of structure {self.structure.name}",
                field="role",
                value=str(role),
                remedy=f"use one of {known}",
            ) from None


@dataclass(frozen=True, slots=True)
class Opening:
    """A party's account to open: its number, role and commitment (first 128 bits, as an integer)."""

    party: int
    role: Role
    commitment: int


def kind_of(account_id: int, structure: Structure | None = None) -> AccountKind:
    """The kind of the account with this id, in `structure` (by default a China fund-custody platform's).

    Raises BadOrder for an id that no chart of it made.
    """
    try:
        return (structure or load_structure()).kinds[account_id & 0xFFFF]
    except KeyError:
        raise BadOrder("not an account of the chart", field="account", value=account_id) from None


def party_of(account_id: int) -> int:
    """The party number in this account id, 0 for a chart account."""
    return account_id >> 32 & ((1 << PARTY_BITS) - 1)


def limit_flags(kind: AccountKind) -> int:
    """The flags by which the ledger keeps an account of this kind within its limit."""
    return int(_FLAGS[kind.limit])


def entity_accounts(chart: Chart) -> Array:
    """``ACCOUNT`` rows of the entity's own accounts (`Structure.entity_kinds`), in the order of the structure."""
    return _accounts(chart, [(kind, 0, 0) for kind in chart.structure.entity_kinds])


def party_accounts(chart: Chart, openings: Sequence[Opening]) -> Array:
    """``ACCOUNT`` rows, one per opening, in the order given. Raises BadOrder for a role that nobody has here."""
    return _accounts(chart, [(chart.role_kind(one.role), one.party, one.commitment) for one in openings])


def _accounts(chart: Chart, lines: Sequence[tuple[AccountKind, int, int]]) -> Array:
    rows = np.zeros(len(lines), ACCOUNT)
    set_u128(rows, "id", (chart.account(kind.code, party) for kind, party, _ in lines))
    set_u128(rows, "user_data_128", (commitment for _, _, commitment in lines))
    rows["user_data_64"] = [party for _, party, _ in lines]
    rows["user_data_32"] = chart.entity
    rows["ledger"] = chart.currency
    rows["code"] = [kind.code for kind, _, _ in lines]
    rows["flags"] = [limit_flags(kind) for kind, _, _ in lines]
    return rows
