"""Breaks: what a reconciliation could not explain, each with its class, effect, age and evidence.

Rules:

1. `effect` is signed: what the bank has beyond the ledger; `books_effect` what the ledger has beyond the platform. The
   effects of all breaks of an account sum to the difference between its sides, so nothing can fall between the chairs.
2. A break's id is derived from the records that it is about: the same break found again tomorrow has the same id,
   though its class may have changed from late to missing, and its age goes on counting.
3. Age counts business days from the day that the record names.
4. Where only two sides are compared, "our books" are the other one, and classes that speak of a third never occur.

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
    """Several records fit, or one fits without proof; a person decides."""
    MISSING_IN_LEDGER = "missing_in_ledger"
    """The platform's books have it, and so has the bank where it takes part; the custody ledger does not."""
    MISSING_IN_PLATFORM = "missing_in_platform"
    """The ledger has it, and so has the bank where it takes part; the platform's books do not."""
    ONLY_IN_LEDGER = "only_in_ledger"
    """The ledger alone has it: neither the platform nor the bank."""
    ONLY_IN_PLATFORM = "only_in_platform"
    """The platform's books alone have it: neither the ledger nor the bank."""
    DUPLICATE_IN_PLATFORM = "duplicate_in_platform"
    """The platform's books have once more what is matched already."""
    WRONG_ACCOUNT = "wrong_account"
    """Same reference, amount and direction, on another account; one break for each of the accounts."""
    WRONG_DATE = "wrong_date"
    """The days cannot both be right: the bank's lies before ours, or our two books name different ones. No effect."""
    FEE_NETTED = "fee_netted"
    """The bank moved our amount less, or plus, a charge: one agreed with it, or one that we book on its own."""
    REVERSED = "reversed"
    """The bank booked it and took it back."""
    RETURNED = "returned"
    """Money that we paid out came back, and our books do not show it yet."""
    BATCH_SPLIT = "batch_split"
    """One record here, several there, equal in sum: the bank split what we gave as one. No effect."""
    AMOUNT_TOLERATED = "amount_tolerated"
    """Another amount, within the tolerance that the rules allow: the same payment, and the difference is shown."""


@dataclass(frozen=True, slots=True)
class Break:
    """One difference. Amounts are minor units of the statement's currency."""

    kind: BreakClass
    outcome: Outcome
    reference: str
    amount: int
    """How much money is in question, never negative."""
    effect: int
    """The bank's side less the ledger's (less the platform's where the ledger takes no part); 0 where both have the
    money."""
    day: date
    """The day from which the age counts."""
    age_days: int
    bank_lines: tuple[int, ...]
    """Lines of the statement, from 1."""
    transfer_ids: tuple[int, ...]
    evidence: tuple[str, ...]
    """What was seen, a sentence each."""
    account: str = ""
    currency: str = ""
    side: str = ""
    """The side that is out of step (``platform``, ``ledger``, ``bank``); empty where the records cannot say."""
    books_effect: int = 0
    """The ledger's side less the platform's; 0 where the platform takes no part."""
    bank_ids: tuple[str, ...] = ()
    """The bank's records by id: ``statement/line``."""
    platform_ids: tuple[str, ...] = ()
    candidates: tuple[str, ...] = ()
    """What else fits, of an ambiguous one: ``side id``, the first few."""
    number: int = 0
    """The id, where it was made with the break from the records it is about; 0: derived from what stands here."""

    @property
    def break_id(self) -> int:
        """The 128-bit id: the same for the same break in a later run."""
        if self.number:
            return self.number
        bank = self.bank_ids or tuple(map(str, self.bank_lines))
        about = ("p", *self.platform_ids, "l", *map(str, self.transfer_ids), "b", *bank)
        return derived_id("custody/break", self.account, self.currency, *about)


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
