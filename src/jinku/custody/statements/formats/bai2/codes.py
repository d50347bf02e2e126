"""Type codes of BAI2: what a three-digit code says of an amount.

001-099 are balances; 100-399 credits and 400-699 debits, each a total (summary) or a single item (detail); 700-799
speak of loans; 890 carries text alone; 900-999 are each bank's own.
"""

from dataclasses import dataclass
from enum import StrEnum

from jinku.custody.statements.model import Direction


class Level(StrEnum):
    """What kind of figure a code marks."""

    STATUS = "status"
    SUMMARY = "summary"
    DETAIL = "detail"
    TEXT = "text"
    OWN = "own"
    """Defined by the bank; nobody else knows what it means."""


@dataclass(frozen=True, slots=True)
class TypeCode:
    """What a code means; `direction` is None where it moves nothing."""

    level: Level
    direction: Direction | None = None
    reversal: bool = False


OPENING = ("010",)
CLOSING = ("015",)
CURRENT = ("015", "030")
"""What closes a report of a day that is not over: the closing ledger balance, or else the current one."""
OPENING_AVAILABLE = ("040",)
CLOSING_AVAILABLE = ("045",)
CURRENT_AVAILABLE = ("045", "060")
TOTAL_CREDITS, TOTAL_DEBITS = "100", "400"

REVERSALS = frozenset({252, 258, 395, 552, 558, 694})
"""Details that take an earlier entry back."""

_CREDIT_SUMMARIES = (
    "100-107 109-110 120 130-131 140 146 150 159-163 167-170 178-182 185-186 188 190 200 205 207 210 215 230-231 239"
    " 245 250-251 256 260 270-271 280 285 294 302-305 307 309-330 332-341 343 350 352 355-356 360-361 370 385 389-390"
)
_DEBIT_SUMMARIES = (
    "400-406 410-412 416-420 430 446 450 459 463 465 467 470-471 478 480 482 486 490 500 505 507 510 515 530 532 534"
    " 536-537 539 550-551 556 560 570 580 583-594 596 601-615 617-621 623-626 628 630 632 640 646-650 655 665 670 685"
    " 689-690"
)


def _numbers(ranges: str) -> frozenset[int]:
    found: set[int] = set()
    for one in ranges.split():
        first, _, last = one.partition("-")
        found.update(range(int(first), int(last or first) + 1))
    return frozenset(found)


SUMMARIES = _numbers(_CREDIT_SUMMARIES) | _numbers(_DEBIT_SUMMARIES) | {720, 760, 827, 828, 829}


def type_code(number: int) -> TypeCode:
    """What the code `number` (1 to 999) means."""
    if number < 100 or number in (701, 703, 705, 707, 709):
        return TypeCode(Level.STATUS)
    if number == 890:
        return TypeCode(Level.TEXT)
    direction = _direction(number)
    if direction is None:
        return TypeCode(Level.OWN)
    level = Level.SUMMARY if number in SUMMARIES else Level.DETAIL
    return TypeCode(level, direction, number in REVERSALS)


def _direction(number: int) -> Direction | None:
    if 100 <= number <= 399 or number in (706, 708, 827, 829) or 720 <= number <= 728:
        return Direction.CREDIT
    if 400 <= number <= 699 or number in (760, 828):
        return Direction.DEBIT
    return None
