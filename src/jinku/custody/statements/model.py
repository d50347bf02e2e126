"""One model of a bank's statement, whatever file it came in.

Rules:

1. Amounts are whole minor units of the statement's currency. An entry's amount is never negative: its
   direction says whether the account was credited or debited, seen from the account's owner, as camt says it.
2. A balance is signed: positive is money that the owner has, negative is overdrawn.
3. Only booked entries move the booked balances; pending and informational ones are carried along.
4. `reversal` marks an entry that takes back an earlier one; its direction is that of the money it moves
   itself.
5. A balance that the bank did not give is computed from the other one and the booked entries, or from 0 where it
   gave neither; `opening_given` and `closing_given` say so, and no such balance is evidence of anything.
6. Each check is one function, returns every finding in order, and mends nothing.

Example::

    check_sums(statement) + check_sequence([yesterday, statement])  # () when all is well
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from itertools import pairwise

from jinku.base.currency import Currency
from jinku.base.decimals import format_minor


class Direction(StrEnum):
    """Which way an entry moved the account."""

    CREDIT = "CRDT"
    """Money came in."""
    DEBIT = "DBIT"
    """Money went out."""

    def signed(self, amount: int) -> int:
        """`amount` as the change of a balance."""
        return amount if self is Direction.CREDIT else -amount

    def opposite(self) -> "Direction":
        """The other one."""
        return Direction.DEBIT if self is Direction.CREDIT else Direction.CREDIT


class EntryStatus(StrEnum):
    """How final an entry is."""

    BOOKED = "BOOK"
    PENDING = "PDNG"
    INFORMATION = "INFO"


class StatementKind(StrEnum):
    """What a bank means by a message."""

    STATEMENT = "statement"
    """What was booked in a closed period: camt.053, MT940, final BAI2 data, a day's CSV."""
    REPORT = "report"
    """What is seen of a day that is not over: camt.052, MT942, interim BAI2 data."""
    NOTIFICATION = "notification"
    """Single movements, without the account's balances: camt.054, a custodian's check file."""


@dataclass(frozen=True, slots=True)
class StatementEntry:
    """One line of a statement. Texts that a bank did not give are empty."""

    reference: str
    """The bank's own reference of the entry, unique within the statement where it is given."""
    amount: int
    direction: Direction
    booked: date
    value_date: date | None = None
    bank_transaction_code: str = ""
    """``DOMAIN/FAMILY/SUBFAMILY`` (such as ``PMNT/RCDT/ESCT``) or the bank's proprietary code."""
    end_to_end_id: str = ""
    instruction_id: str = ""
    transaction_id: str = ""
    servicer_reference: str = ""
    reversal: bool = False
    status: EntryStatus = EntryStatus.BOOKED
    return_reason: str = ""
    batch_count: int = 0
    """How many transactions the line sums up; 0 where the bank does not say."""
    remittance: str = ""

    @property
    def signed(self) -> int:
        """The amount as the change of the account's balance."""
        return self.direction.signed(self.amount)


@dataclass(frozen=True, slots=True)
class Statement:
    """One account's statement for one period."""

    account: str
    currency: Currency
    sequence: int
    """The bank's electronic sequence number; 0 where it has none."""
    message_id: str
    """The message that the statement came in."""
    opening: int
    """Booked balance before the first entry."""
    closing: int
    """Booked balance after the last entry."""
    entries: tuple[StatementEntry, ...]
    from_date: date
    to_date: date
    statement_id: str = ""
    created: int = 0
    """When the bank made it (UTC ns); 0 where unknown."""
    owner: str = ""
    opening_available: int | None = None
    closing_available: int | None = None
    kind: StatementKind = StatementKind.STATEMENT
    opening_given: bool = True
    """Whether `opening` is the bank's word (rule 5)."""
    closing_given: bool = True
    """Whether `closing` is the bank's word (rule 5)."""
    information: str = ""
    """What the bank wrote about the statement as a whole."""

    @property
    def booked(self) -> tuple[StatementEntry, ...]:
        """The entries that moved the booked balance."""
        return tuple(entry for entry in self.entries if entry.status is EntryStatus.BOOKED)

    def money(self, amount: int) -> str:
        """`amount` minor units as text with the currency's code."""
        return f"{format_minor(amount, self.currency.exponent)} {self.currency.code}"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that a check found wrong."""

    check: str
    """``sums``, ``continuity``, ``sequence``, ``duplicate_statement``, ``duplicate_line`` or ``currency``."""
    place: str
    """Account and sequence number, and the line where there is one."""
    problem: str


def check_sums(statement: Statement) -> tuple[Finding, ...]:
    """Opening balance + booked entries = closing balance, to the minor unit."""
    moved = sum(entry.signed for entry in statement.booked)
    if statement.opening + moved == statement.closing:
        return ()
    money = statement.money
    return (
        Finding(
            "sums",
            _place(statement),
            f"opening {money(statement.opening)} + entries {money(moved)} = "
            f"{money(statement.opening + moved)}, but closing is {money(statement.closing)}",
        ),
    )


def check_duplicate_lines(statement: Statement) -> tuple[Finding, ...]:
    """No entry reference of the bank stands twice in one statement, and no line that the bank gave an id to is the
    same as another in every field."""
    references: set[str] = set()
    lines: dict[StatementEntry, int] = {}
    found = []
    for number, entry in enumerate(statement.entries, 1):
        place = f"{_place(statement)} line {number}"
        if entry.reference and entry.reference in references:
            found.append(Finding("duplicate_line", place, f"reference {entry.reference} stands twice"))
        elif (entry.servicer_reference or entry.transaction_id) and entry in lines:
            found.append(Finding("duplicate_line", place, f"is line {lines[entry]} again, in every field"))
        references.add(entry.reference)
        lines.setdefault(entry, number)
    return tuple(found)


def check_sequence(statements: Sequence[Statement]) -> tuple[Finding, ...]:
    """Statements of one account, currency and kind, given in any order, follow one another.

    (1) No (account, currency, year, sequence) comes twice; reports of an open day may share a number, not an id.
    (2) Sequence numbers have no gaps; they may start again with 1 in a new year. (3) The closing balance of each is the
    opening balance of the next, where the bank gave both. Statements without a sequence number are put in order of
    their dates.
    """
    found: list[Finding] = []
    for before, after in pairwise(sorted(statements, key=_order)):
        if (before.account, before.currency, before.kind) != (after.account, after.currency, after.kind):
            continue
        same_year = before.to_date.year == after.to_date.year
        if after.sequence and after.sequence == before.sequence and same_year:
            closed = after.kind is StatementKind.STATEMENT
            if closed or after.statement_id == before.statement_id:
                found.append(Finding("duplicate_statement", _place(after), "this statement came twice"))
            continue
        found += check_follows(before.sequence, before.to_date, before.closing, after, before.closing_given)
    return tuple(found)


def check_follows(
    sequence: int, to_date: date, closing: int, after: Statement, closing_given: bool = True
) -> tuple[Finding, ...]:
    """`after` continues the statement with this sequence number, last day and closing balance."""
    anew = after.sequence == 1 and after.to_date.year > to_date.year
    if sequence and after.sequence != sequence + 1 and not anew:
        missing = f"after {sequence} comes {after.sequence}"
        return (Finding("sequence", _place(after), f"statements are missing: {missing}"),)
    if closing_given and after.opening_given and closing != after.opening:
        before = f"no. {sequence} of {to_date}" if sequence else f"the one before, of {to_date},"
        jump = f"opens with {after.money(after.opening)}, but {before} closed with {after.money(closing)}"
        return (Finding("continuity", _place(after), jump),)
    return ()


def check_all(statements: Sequence[Statement]) -> tuple[Finding, ...]:
    """Every check over `statements`, those within a statement first."""
    within = [finding for one in statements for finding in check_sums(one) + check_duplicate_lines(one)]
    return (*within, *check_sequence(statements))


def _order(one: Statement) -> tuple[str, str, str, int, int, date, date]:
    account = (one.account, one.currency.code, one.kind.value)
    return (*account, one.to_date.year, one.sequence, one.from_date, one.to_date)


def _place(statement: Statement) -> str:
    return f"{statement.account} {statement.currency.code} no. {statement.sequence}"
