"""Breaks: what a reconciliation could not explain, each with its class, effect, age and evidence.

Rules:

1. `effect` is signed: what the bank's side has beyond ours. The effects of all breaks sum to the difference
   between the two sides, so nothing can fall between the chairs.
2. A break's id is derived from what it is about: the same break found again tomorrow has the same id, and
   its age goes on counting.
3. Age counts business days from the day that the record names.

Example::

    [b for b in reconciliation.breaks if b.kind is BreakClass.MISSING_AT_BANK and b.age_days > 2]
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from jinku.base.ids import derived_id


class Outcome(StrEnum):
    """How a record ends; every record ends as exactly one of these."""

    EQUAL = "equal"
    MISMATCH = "mismatch"
    BANK_ONLY = "bank_only"
    OURS_ONLY = "ours_only"


class BreakClass(StrEnum):
    """What kind of difference it is."""

    MISSING_AT_BANK = "missing_at_bank"
    """Our books have it, it was due, and the bank's statement does not show it."""
    UNKNOWN_AT_BANK = "unknown_at_bank"
    """The bank shows it and our books know nothing of it."""
    AMOUNT_DIFFERS = "amount_differs"
    """Same reference and direction, another amount."""
    WRONG_DIRECTION = "wrong_direction"
    """Same reference, and the bank moved the money the other way."""
    DUPLICATE_AT_BANK = "duplicate_at_bank"
    """The bank shows once more what is matched already."""
    DUPLICATE_IN_BOOKS = "duplicate_in_books"
    """Our books have once more what is matched already."""
    LATE = "late"
    """Timing: booked by the bank on another day, pending there, or not due on this statement yet."""
    AMBIGUOUS = "ambiguous"
    """Several records fit equally well; a person decides."""


@dataclass(frozen=True, slots=True)
class Break:
    """One difference. Amounts are minor units of the statement's currency."""

    kind: BreakClass
    outcome: Outcome
    reference: str
    amount: int
    """How much money is in question, never negative."""
    effect: int
    """Bank's side less ours; 0 where both have the money and only the day differs."""
    day: date
    """The day from which the age counts."""
    age_days: int
    bank_lines: tuple[int, ...]
    """Lines of the statement, from 1."""
    transfer_ids: tuple[int, ...]
    evidence: tuple[str, ...]
    """What was seen, a sentence each."""
    account: str = ""

    @property
    def break_id(self) -> int:
        """The 128-bit id: the same for the same break in a later run."""
        about = self.reference or "/".join(map(str, (*self.bank_lines, *self.transfer_ids)))
        parts = (self.account, self.kind.value, about, self.day.isoformat(), str(self.effect))
        return derived_id("custody/break", *parts, *map(str, self.transfer_ids))


@dataclass(frozen=True, slots=True)
class AgeBand:
    """One row of the ageing report."""

    label: str
    count: int
    amount: int


AGE_BANDS: tuple[tuple[str, int, int], ...] = (
    ("today", 0, 0),
    ("1 day", 1, 1),
    ("2-5 days", 2, 5),
    ("6-10 days", 6, 10),
    ("over 10 days", 11, 1 << 31),
)
"""Label, first and last age in business days."""


def ageing(breaks: Sequence[Break]) -> tuple[AgeBand, ...]:
    """How many breaks, and how much money, stand in each band of age."""
    rows = []
    for label, first, last in AGE_BANDS:
        inside = [one.amount for one in breaks if first <= one.age_days <= last]
        rows.append(AgeBand(label, len(inside), sum(inside)))
    return tuple(rows)
