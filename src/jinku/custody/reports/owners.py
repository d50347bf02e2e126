"""Whose money it is, owner by owner: balance from the ledger, name from the people store, category from who knows it.

Rules:

1. An owner is one client account of one legal entity in one currency; its balance is the ledger's, its held part too.
2. Names and addresses come from the people store and from ``owner-details.csv``; what neither knows stays empty and is
   counted. Nothing is made up: an owner without a known category has none.
3. Where no file says otherwise, a person (resident id) owns alone (SGL), a company (credit code) is a business (BUS).

Example::

    owners = list(owners_of(accounts, structures_of(house, settings), known_details(people, {})))
    sum(one.balance for one in owners)
"""

import csv
import io
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, fields
from pathlib import Path

from jinku.base.currency import Currency
from jinku.base.errors import InputError
from jinku.custody.errors import PartyUnknown
from jinku.custody.parties.people import PeopleStore
from jinku.custody.reports.categories import CATEGORIES
from jinku.custody.structure.chart import party_of
from jinku.custody.structure.model import AccountKind, Structure
from jinku.custody.structure.standing import books
from jinku.custody.structure.table import Money, Side
from jinku.custody.structure.template import load_structure
from jinku.ledger.layout import Array, u128
from jinku.ledger.model import AccountFlags

DETAILS_FILE = "owner-details.csv"
DETAILS_BYTES_MAX = 1 << 30
_BY_IDENTIFIER = {"resident_id": "SGL", "credit_code": "BUS"}


@dataclass(frozen=True, slots=True)
class Details:
    """What is known of an owner beside the balance; empty where nothing is. All of it is personal data."""

    name: str = ""
    latin_name: str = ""
    identifier_kind: str = ""
    identifier: str = ""
    card: str = ""
    phone: str = ""
    category: str = ""
    joint_with: str = ""
    address_1: str = ""
    address_2: str = ""
    address_3: str = ""
    city: str = ""
    state: str = ""
    postal_code: str = ""
    country: str = ""
    province: str = ""
    tax_id: str = ""
    tax_id_code: str = ""

    def __repr__(self) -> str:
        return "Details(…)"


NOTHING = Details()
DetailsOf = Callable[[int], Details]
"""From a party's number to what is known of it."""


@dataclass(frozen=True, slots=True)
class Owner:
    """One client account and who owns it. Amounts in minor units."""

    entity: int
    currency: Currency
    account: int
    party: int
    kind: AccountKind
    balance: int
    held: int
    opened: int
    """When the account was opened, ns."""
    commitment: int
    """What the ledger holds instead of the name."""
    closed: bool
    details: Details

    @property
    def available(self) -> int:
        """What the owner may use now."""
        return self.balance - self.held


def owners_of(accounts: Array, structures: Mapping[int, Structure], details: DetailsOf) -> Iterator[Owner]:
    """Every client account among ``ACCOUNT`` rows, by entity, currency and order of opening."""
    for entity, unit, rows in books(accounts, structures):
        kinds = (structures.get(entity) or load_structure()).kinds
        columns = ("id", "debits_posted", "credits_posted", "debits_pending", "user_data_128")
        numbers = zip(*(u128(rows, name) for name in columns), strict=True)
        rest = zip(*(rows[name].tolist() for name in ("code", "timestamp", "flags")), strict=True)
        for (account, debits, credits_, pending, commitment), (code, opened, flags) in zip(
            numbers, rest, strict=True
        ):
            kind = kinds.get(code)
            if kind is None or kind.money is not Money.CLIENT:
                continue
            party = party_of(account)
            balance = debits - credits_ if kind.side is Side.DEBIT else credits_ - debits
            known = details(party) if party else NOTHING
            closed = bool(flags & AccountFlags.CLOSED)
            yield Owner(
                entity, unit, account, party, kind, balance, pending, opened, commitment, closed, known
            )


def known_details(people: PeopleStore | None, extra: Mapping[int, Mapping[str, str]]) -> DetailsOf:
    """What the people store and ``owner-details.csv`` know of a party; the file wins where both know something."""

    def of(party: int) -> Details:
        found: dict[str, str] = {}
        if people is not None:
            try:
                person = people.party(party).person
            except PartyUnknown:
                pass  # never registered here, or erased: the number alone remains
            else:
                names = ("name", "latin_name", "identifier_kind", "identifier", "card", "phone")
                found = {name: getattr(person, name) for name in names}
                found["category"] = _BY_IDENTIFIER.get(person.identifier_kind, "")
        found.update({name: value for name, value in extra.get(party, {}).items() if value})
        return Details(**found) if found else NOTHING

    return of


def read_details(path: Path) -> dict[int, dict[str, str]]:
    """The file of owners' details: a CSV with a column ``party`` and any of the names of `Details`.

    Raises InputError naming line and field; never a value, since all of them are personal.
    """
    if not path.exists():
        return {}
    if path.stat().st_size > DETAILS_BYTES_MAX:
        raise InputError("is too large", file=path.name, remedy=f"keep it below {DETAILS_BYTES_MAX} bytes")
    try:
        reader = csv.DictReader(io.StringIO(path.read_bytes().decode("utf-8-sig")))
    except UnicodeDecodeError as error:
        raise InputError(
            f"is not UTF-8 at byte {error.start}", file=path.name, remedy="save it as UTF-8"
        ) from None
    known = {field.name for field in fields(Details)} | {"party"}
    unknown = set(reader.fieldnames or ()) - known
    if "party" not in (reader.fieldnames or ()) or unknown:
        problem = (
            f"has columns that nothing is known of: {', '.join(sorted(map(str, unknown)))}"
            if unknown
            else "has no column party"
        )
        raise InputError(problem, file=path.name, line=1, remedy=f"use {', '.join(sorted(known))}")
    found: dict[int, dict[str, str]] = {}
    for row in reader:
        line, party = reader.line_num, (row.pop("party") or "").strip()
        if None in row or not (party.isascii() and party.isdigit()) or int(party) in found:
            raise InputError(
                "no new party number, or too many cells", file=path.name, line=line, field="party"
            )
        if row.get("category") and row["category"] not in CATEGORIES:
            remedy = f"use one of {', '.join(CATEGORIES)}"
            raise InputError(
                "is no ownership category", file=path.name, line=line, field="category", remedy=remedy
            )
        found[int(party)] = {name: (value or "").strip() for name, value in row.items()}
    return found
