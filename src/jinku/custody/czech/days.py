"""Explain the Czech bank's own balances, account by account and day by day. Pure; amounts in haléř.

Rules:

1. The order of movements within a day is not given. We look for one in which each movement's printed balance
   is the one before it plus its amount; the last balance of that order is the bank's balance at the end of
   the day.
2. Where no order fits exactly we allow, step by step: interest off by 0.1 crown; any movement off by 0.1
   crown (both columns are printed rounded to 0.1 crown, so one step can be off by that much and no more);
   then anything.
3. Each step that is off is a named cause with its error. Errors stay in the bank's column from then on, so
   on each day: bank's balance − our exact sum = sum of the errors up to that day. This is checked, not
   assumed.
4. Interest missing on the last day of a file that is known to be cut is the cut's doing, if the account had
   more interest movements on its last interest day before.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from itertools import groupby

from jinku.custody.czech.file import CzechMovement
from jinku.custody.czech.table import INTEREST, ROUNDING_MINOR

SEARCH_STEPS_MAX = 20_000


class Cause(StrEnum):
    """Why the bank's column leaves our exact sum."""

    INTEREST_ROUNDED = "interest_rounded"
    """Interest is booked exactly and printed rounded to 0.1 crown."""
    PRINT_ROUNDED = "print_rounded"
    """The balance or amount of this movement is printed rounded to 0.1 crown."""
    INTEREST_BEYOND_CUT = "interest_beyond_cut"
    """The interest of the last day stands after the place where the file was cut."""
    OPENING_BALANCE = "opening_balance"
    """The account's first movement does not start from zero."""
    UNEXPLAINED = "unexplained"
    """None of these."""


@dataclass(frozen=True, slots=True)
class Error:
    """One movement whose printed balance is not the one before plus its amount."""

    cause: Cause
    trans_id: int
    line: int
    off: int
    """Printed balance less the expected one."""


@dataclass(frozen=True, slots=True)
class AccountDay:
    """One account at the end of one day."""

    account_id: int
    day: date
    movements: int
    in_file_order: bool
    """Whether the file's own order already explains the balances."""
    bank: int
    """The bank's balance at the end of the day."""
    ours: int
    """The exact sum of all movements up to the end of the day."""
    errors: tuple[Error, ...]
    """The errors that arose on this day."""

    @property
    def difference(self) -> int:
        """What the bank's column has beyond our sum."""
        return self.bank - self.ours


DayOrder = list[tuple[CzechMovement, int]]


def explain_account(movements: Sequence[CzechMovement], cut_day: date | None) -> Iterator[AccountDay]:
    """The days of one account's `movements` (in order of day), explained.

    `cut_day` is the last day of a file that is known to be cut, else None.
    """
    bank = ours = 0
    interest_before = 0
    for number, (day, group) in enumerate(groupby(movements, key=lambda one: one.day)):
        moved = list(group)
        path = _path(bank, moved)
        interest = sum(one.symbol in INTEREST for one in moved)
        short = day == cut_day and interest < interest_before
        errors = tuple(
            Error(_cause(one, off, number == 0 and step == 0, short), one.trans_id, one.line, off)
            for step, (one, off) in enumerate(path)
            if off
        )
        bank = path[-1][0].balance
        ours += sum(one.signed for one in moved)
        in_order = [one.line for one, _ in path] == [one.line for one in moved]
        yield AccountDay(moved[0].account_id, day, len(moved), in_order, bank, ours, errors)
        interest_before = interest or interest_before


def _path(balance: int, moved: Sequence[CzechMovement]) -> DayOrder:
    """An order of `moved` from `balance` on, with how much each is off (rule 2)."""
    for tolerances in ((0, 0), (ROUNDING_MINOR, 0), (ROUNDING_MINOR, ROUNDING_MINOR)):
        found = _search(balance, list(moved), tolerances, Counter())
        if found is not None:
            return found
    return _nearest(balance, list(moved))


def _search(
    balance: int, left: list[CzechMovement], tolerances: tuple[int, int], steps: Counter[str]
) -> DayOrder | None:
    """Depth first, nearest first; None where no order fits or ``SEARCH_STEPS_MAX`` is spent."""
    if not left:
        return []
    steps["taken"] += 1
    for one in sorted(left, key=lambda one: abs(one.balance - one.signed - balance)):
        off = one.balance - one.signed - balance
        if abs(off) > tolerances[one.symbol not in INTEREST] or steps["taken"] > SEARCH_STEPS_MAX:
            continue
        rest = _search(one.balance, [other for other in left if other is not one], tolerances, steps)
        if rest is not None:
            return [(one, off), *rest]
    return None


def _nearest(balance: int, left: list[CzechMovement]) -> DayOrder:
    """Always the movement that fits best next."""
    path: DayOrder = []
    while left:
        one = min(left, key=lambda one: abs(one.balance - one.signed - balance))
        path.append((one, one.balance - one.signed - balance))
        left.remove(one)
        balance = one.balance
    return path


def _cause(one: CzechMovement, off: int, first: bool, short: bool) -> Cause:
    if abs(off) <= ROUNDING_MINOR:
        return Cause.INTEREST_ROUNDED if one.symbol in INTEREST else Cause.PRINT_ROUNDED
    if short and off > 0:
        return Cause.INTEREST_BEYOND_CUT
    return Cause.OPENING_BALANCE if first else Cause.UNEXPLAINED
