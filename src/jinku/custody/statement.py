"""One model of a bank's statement, whatever file it came in.

Rules:

1. Amounts are whole minor units of the statement's currency. An entry's amount is never negative: its
   direction says whether the account was credited or debited, seen from the account's owner, as camt says it.
2. A balance is signed: positive is money that the owner has, negative is overdrawn.
3. Only booked entries move the booked balances; pending and informational ones are carried along.
4. `reversal` marks an entry that takes back an earlier one; its direction is that of the money it moves
   itself.
5. Each check is one function, returns every finding in order, and mends nothing.

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
    """No entry reference of the bank stands twice in one statement."""
    seen: set[str] = set()
    found = []
    for number, entry in enumerate(statement.entries, 1):
        if entry.reference and entry.reference in seen:
            place = f"{_place(statement)} line {number}"
            found.append(Finding("duplicate_line", place, f"reference {entry.reference} stands twice"))
        seen.add(entry.reference)
    return tuple(found)


def check_sequence(statements: Sequence[Statement]) -> tuple[Finding, ...]:
    """Statements of one account and currency, given in any order, follow one another.

    (1) No (account, currency, sequence) comes twice. (2) Sequence numbers have no gaps. (3) The closing
    balance of each is the opening balance of the next. Statements without a sequence number are put in order
    of their dates.
    """
    found: list[Finding] = []
    ordered = sorted(
        statements, key=lambda s: (s.account, s.currency.code, s.sequence, s.from_date, s.to_date)
    )
    for before, after in pairwise(ordered):
        if (before.account, before.currency) != (after.account, after.currency):
            continue
        if after.sequence and after.sequence == before.sequence:
            found.append(Finding("duplicate_statement", _place(after), "this statement came twice"))
            continue
        if before.sequence and after.sequence != before.sequence + 1:
            missing = f"after {before.sequence} comes {after.sequence}"
            found.append(Finding("sequence", _place(after), f"statements are missing: {missing}"))
        elif before.closing != after.opening:
            found.append(
                Finding(
                    "continuity",
                    _place(after),
                    f"opens with {after.money(after.opening)}, but {before.sequence} closed with "
                    f"{before.money(before.closing)}",
                )
            )
    return tuple(found)


def check_all(statements: Sequence[Statement]) -> tuple[Finding, ...]:
    """Every check over `statements`, those within a statement first."""
    within = [finding for one in statements for finding in check_sums(one) + check_duplicate_lines(one)]
    return (*within, *check_sequence(statements))


def _place(statement: Statement) -> str:
    return f"{statement.account} {statement.currency.code} no. {statement.sequence}"
