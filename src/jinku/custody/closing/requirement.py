"""The safeguarding position of a day: what must be held against what is held, by our books and by the bank's word.

Rules (R8), for each pool that holds clients' money, in minor units:

1. *Requirement* = the sum of each client's balance, a negative one floored at zero, money of unknown owners
   (suspense) among it: it is somebody's. Plus own money that is left there on purpose where the regime counts it
   (`SafeguardingRule.prudent`). Less what came in through a channel so recently that the regime does not ask for it to
   lie at the bank yet (`transit_days`): that is shown as a line of its own.
2. *Resource*, internal: what our books say that the pool's bank accounts hold. Money in transit is not in it.
   External: what the bank's statements close with. Where an account has no statement, our books stand in, marked so.
3. Internal: books − requirement. External: bank − books, per account. Both add up to bank − requirement, which is the
   outcome: 0 reconciled, below a shortfall, above an excess. Neither currencies nor pools are netted.
4. *D+1*: of the money in transit, what came in on this day may still be on its way; where `transit_days` is 1, all else
   had to be at the bank. Earlier money arrives first, so what is overdue = in transit − received today, if positive.
5. The arithmetic is part of the result.

Example::

    positions = positions_of(day, balances, received, statements, structure, rule)
    positions[0].outcome  # Outcome.SHORTFALL
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

import numpy as np

from jinku.base.currency import Currency
from jinku.base.decimals import format_minor
from jinku.custody.closing.extract import BALANCE_ROW, ENTITY_SHIFT
from jinku.custody.closing.position import Outcome
from jinku.custody.closing.table import SafeguardingRule
from jinku.custody.structure.model import Structure
from jinku.custody.structure.table import Money, Place, Side
from jinku.ledger.layout import ENTRY, Array, EntryKind, u128

PRUDENT_KEYS = frozenset({"RISK_RESERVE"})
"""Own money that an institution leaves in the client account on purpose, by key of its kind."""
_CODE_BITS = 0xFFFF


@dataclass(frozen=True, slots=True)
class BankLine:
    """One bank account of a pool. Signed minor units."""

    key: str
    books: int
    bank: int | None
    """What the bank's statement closes with; None where none was given."""
    statement: str = ""
    """The account's number on the statement."""

    @property
    def resource(self) -> int:
        """The bank's word, else our books'."""
        return self.books if self.bank is None else self.bank

    @property
    def difference(self) -> int:
        """External reconciliation: the bank less our books; 0 where the bank said nothing."""
        return self.resource - self.books


@dataclass(frozen=True, slots=True)
class PoolPosition:
    """One pool at the end of one day; see the module's rules."""

    entity: int
    currency: Currency
    pool: str
    day: date
    as_of: str
    """The cut-off, RFC 3339."""
    client_count: int
    clients_sum: int
    floored_count: int
    floored_sum: int
    unallocated: int
    """Of the clients' sum, money whose owner is not known."""
    prudent: int
    """Own money counted as required."""
    in_transit: int
    received: int
    """Of it, at most: what channels took on this day."""
    transit_allowed: int
    """What need not be at the bank yet."""
    own: int
    """All own money that our books have in the pool."""
    lines: tuple[BankLine, ...]
    source: str
    """The rule that this follows."""

    @property
    def requirement(self) -> int:
        """What the bank accounts must hold."""
        return self.clients_sum + self.floored_sum + self.prudent - self.transit_allowed

    @property
    def books(self) -> int:
        """Internal resource."""
        return sum(line.books for line in self.lines)

    @property
    def resource(self) -> int:
        """External resource: the bank's word, account by account, our books' where there is none."""
        return sum(line.resource for line in self.lines)

    @property
    def internal(self) -> int:
        """Internal reconciliation: books less requirement."""
        return self.books - self.requirement

    @property
    def external(self) -> int:
        """External reconciliation: bank less books."""
        return self.resource - self.books

    @property
    def difference(self) -> int:
        """Resource less requirement."""
        return self.resource - self.requirement

    @property
    def overdue(self) -> int:
        """D+1: money that had to have reached the bank by now and has not."""
        return max(0, self.in_transit - self.transit_allowed)

    @property
    def confirmed(self) -> bool:
        """Whether the bank gave its word on every account that should hold money."""
        return all(line.bank is not None or not line.books for line in self.lines)

    @property
    def outcome(self) -> Outcome:
        """Reconciled, shortfall or excess."""
        if self.difference == 0:
            return Outcome.RECONCILED
        return Outcome.SHORTFALL if self.difference < 0 else Outcome.EXCESS

    @property
    def explanation(self) -> tuple[str, ...]:
        """The arithmetic, one step a line."""
        money = self._text
        steps = [
            f"sum of {self.client_count} client balances = {money(self.clients_sum)}"
            + (f", of it {money(self.unallocated)} of unknown owners" if self.unallocated else ""),
            f"plus {self.floored_count} negative balances floored at zero = {money(self.floored_sum)}",
        ]
        if self.prudent:
            steps.append(f"plus own money left there on purpose = {money(self.prudent)}")
        if self.in_transit:
            steps.append(
                f"less {money(self.transit_allowed)} of {money(self.in_transit)} in transit that need not be there yet"
            )
        steps.append(f"requirement = {money(self.requirement)}")
        for line in self.lines:
            word = "no statement" if line.bank is None else f"the bank says {money(line.bank)}"
            steps.append(f"{line.key}: our books say {money(line.books)}, {word}")
        steps += [
            f"internal: books {money(self.books)} - requirement = {money(self.internal)}",
            f"external: bank {money(self.resource)} - books = {money(self.external)}",
            f"difference = {money(self.internal)} + {money(self.external)} = {money(self.difference)}:"
            f" {self.outcome.value}",
        ]
        if self.overdue:
            steps.append(f"D+1: {money(self.overdue)} in transit had to be at the bank by now")
        return tuple(steps)

    def as_json(self) -> dict[str, object]:
        """Canonical values; amounts are strings of digits."""
        return {
            "entity": self.entity,
            "currency": self.currency.code,
            "pool": self.pool,
            "day": self.day.isoformat(),
            "as_of": self.as_of,
            "client_count": self.client_count,
            "clients_sum": str(self.clients_sum),
            "floored_count": self.floored_count,
            "floored_sum": str(self.floored_sum),
            "unallocated": str(self.unallocated),
            "prudent": str(self.prudent),
            "in_transit": str(self.in_transit),
            "received": str(self.received),
            "transit_allowed": str(self.transit_allowed),
            "own": str(self.own),
            "lines": [
                {
                    "key": line.key,
                    "books": str(line.books),
                    "bank": None if line.bank is None else str(line.bank),
                    "statement": line.statement,
                }
                for line in self.lines
            ],
            "requirement": str(self.requirement),
            "resource": str(self.resource),
            "internal": str(self.internal),
            "external": str(self.external),
            "difference": str(self.difference),
            "overdue": str(self.overdue),
            "outcome": self.outcome.value,
            "confirmed": self.confirmed,
            "source": self.source,
        }

    def _text(self, amount: int) -> str:
        return f"{format_minor(amount, self.currency.exponent)} {self.currency.code}"


@dataclass(frozen=True, slots=True)
class AsOf:
    """What a position is of."""

    entity: int
    currency: Currency
    day: date
    as_of: str


def positions_of(
    what: AsOf,
    balances: Array,
    entries: Array,
    statements: Mapping[int, tuple[str, int]],
    structure: Structure,
    rule: SafeguardingRule,
) -> tuple[PoolPosition, ...]:
    """The position of each pool that holds clients' money, in the structure's order.

    `balances` are ``BALANCE_ROW`` rows at the end of the day, `entries` the day's ``ENTRY`` rows, `statements` maps a
    bank account's kind to its number at the bank and its closing balance. Raises InputError for an account of a kind
    that the structure has not.
    """
    amounts = balances_by_kind(balances, structure)
    today = _received(entries, structure)
    found = []
    for pool in structure.pools.values():
        kinds = [one for one in structure.kinds.values() if one.pool == pool.key]
        clients = [one for one in kinds if one.money is Money.CLIENT]
        if not clients:
            continue
        owed = [amount for one in clients for amount in amounts.get(one.code, ())]
        transit_codes = [one.code for one in kinds if one.place is Place.TRANSIT]
        transit = sum(sum(amounts.get(code, ())) for code in transit_codes)
        received = sum(today.get(code, 0) for code in transit_codes)
        own = {one: sum(amounts.get(one.code, ())) for one in kinds if one.money is Money.OWN}
        found.append(
            PoolPosition(
                entity=what.entity,
                currency=what.currency,
                pool=pool.key,
                day=what.day,
                as_of=what.as_of,
                client_count=len(owed),
                clients_sum=sum(owed),
                floored_count=sum(amount < 0 for amount in owed),
                floored_sum=-sum(amount for amount in owed if amount < 0),
                unallocated=sum(
                    amount for one in clients if one.role is None for amount in amounts.get(one.code, ())
                ),
                prudent=sum(own[one] for one in own if one.key in PRUDENT_KEYS) if rule.prudent else 0,
                in_transit=transit,
                received=received,
                transit_allowed=max(0, min(transit, received)) if rule.transit_days else 0,
                own=sum(own.values()),
                lines=tuple(
                    _line(one.key, sum(amounts.get(one.code, ())), statements.get(one.code))
                    for one in structure.places(pool.key)
                    if one.place is Place.BANK
                ),
                source=rule.source,
            )
        )
    return tuple(found)


def position_now(
    what: AsOf, accounts: Array, structure: Structure, rule: SafeguardingRule
) -> tuple[PoolPosition, ...]:
    """The position by our books alone, from ``ACCOUNT`` rows of one instant; those of other books are left out.

    Money in transit is given no time here: nobody says what of it came today.
    """
    ours = (accounts["id_hi"] >> np.uint64(ENTITY_SHIFT) == np.uint64(what.entity)) & (
        accounts["ledger"] == what.currency.number
    )
    rows = np.zeros(int(ours.sum()), BALANCE_ROW)
    for name in rows.dtype.names or ():
        rows[name] = accounts[name][ours]
    return positions_of(what, rows, np.zeros(0, ENTRY), {}, structure, rule)


def balances_by_kind(balances: Array, structure: Structure) -> dict[int, list[int]]:
    """Each account's balance on its normal side, by the code of its kind."""
    found: dict[int, list[int]] = {}
    codes = (balances["id_lo"] & _CODE_BITS).tolist()
    sides = {code: structure.kind(code).side for code in set(codes)}
    columns = (u128(balances, "debits_posted"), u128(balances, "credits_posted"))
    for code, debits, credits_ in zip(codes, *columns, strict=True):
        balance = debits - credits_ if sides[code] is Side.DEBIT else credits_ - debits
        found.setdefault(code, []).append(balance)
    return found


def _line(key: str, books: int, statement: tuple[str, int] | None) -> BankLine:
    number, closing = statement or ("", None)
    return BankLine(key, books, closing, number)


def _received(entries: Array, structure: Structure) -> dict[int, int]:
    """What each account of money in transit was debited with by these entries, by the code of its kind."""
    from jinku.ledger.model import TransferFlags

    event = entries["event"]
    unbooked = TransferFlags.PENDING | TransferFlags.VOID_PENDING_TRANSFER
    booked = (entries["kind"] == EntryKind.TRANSFER) & (event["flags"] & int(unbooked) == 0)
    codes = event["debit_account_id_lo"] & _CODE_BITS
    found = {}
    for code, one in structure.kinds.items():
        if one.place is Place.TRANSIT:
            found[code] = sum(u128(event[booked & (codes == code)], "amount"))
    return found
