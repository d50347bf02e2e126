"""Rating a customer: points by the table, explained, and the grade that follows.

Rules (K6):

1. Each factor gives points with the row that gave them; the sum makes the grade, floors lift it. Nothing is hidden.
2. The day decides which rows are in force. The same profile, rows and day give the same rating.
3. An unknown value takes its factor's highest points and says so: what nobody knows is not low risk.

Example::

    rate(Profile(77, {Factor.GEOGRAPHY: "home", Factor.KIND: "natural"}), date(2026, 11, 22)).grade
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import IntEnum
from typing import Any

from jinku.base.errors import InputError
from jinku.risk.rating.table import (
    FACTORS,
    GRADES,
    IDENTITY_GRACE_DAYS,
    POINTS,
    REVIEWS,
    Factor,
    Points,
    Review,
    review_row,
)

BEHAVIOUR_MAX = 100


@dataclass(frozen=True, slots=True)
class Profile:
    """What is known of a customer for its rating. Raises InputError."""

    customer: int
    values: Mapping[Factor, str]
    """A factor that is left out is unknown."""
    identity_until: date | None = None
    """The last day of its identity document; None where it does not end."""

    def __post_init__(self) -> None:
        if not 0 <= self.customer < 1 << 128:
            raise InputError("is no customer", field="customer", value="")
        text = self.values.get(Factor.BEHAVIOUR, "0")
        if not text.isascii() or not text.isdigit() or int(text) > BEHAVIOUR_MAX:
            raise InputError("is no score of 0 to 100", field=Factor.BEHAVIOUR.value, value=text[:20])

    def document(self) -> dict[str, Any]:
        """As JSON values."""
        return {
            "customer": str(self.customer),
            "values": {one.value: text for one, text in sorted(self.values.items())},
            "identity_until": self.identity_until.isoformat() if self.identity_until else "",
        }


@dataclass(frozen=True, slots=True)
class Reason:
    """What one factor gave."""

    factor: Factor
    value: str
    points: int
    floor: int
    english: str
    chinese: str

    def document(self) -> dict[str, Any]:
        """As JSON values."""
        return {
            "factor": self.factor.value,
            "value": self.value,
            "points": self.points,
            "floor": self.floor,
            "en": self.english,
            "zh": self.chinese,
        }


@dataclass(frozen=True, slots=True)
class Rating:
    """How risky a customer is, and why."""

    customer: int
    day: date
    score: int
    grade: int
    reasons: tuple[Reason, ...]
    review: date
    """By when it is to be rated again."""

    def document(self) -> dict[str, Any]:
        """As JSON values."""
        return {
            "customer": str(self.customer),
            "day": self.day.isoformat(),
            "score": self.score,
            "grade": self.grade,
            "reasons": [one.document() for one in self.reasons],
            "review": self.review.isoformat(),
        }


def rate(
    profile: Profile, day: date, rows: Sequence[Points] = POINTS, reviews: Sequence[Review] = REVIEWS
) -> Rating:
    """The rating of a customer on `day`. Raises InputError where a factor has no rows."""
    reasons = tuple(_reason(factor, profile.values.get(factor, ""), day, rows) for factor in FACTORS)
    score = sum(one.points for one in reasons)
    by_points = max(grade for grade, least, _, _ in GRADES if score >= least)
    grade = max(by_points, *(one.floor for one in reasons))
    review = months_after(day, review_row(reviews, grade, day).months)
    return Rating(profile.customer, day, score, grade, reasons, review)


def _reason(factor: Factor, value: str, day: date, rows: Sequence[Points]) -> Reason:
    own = _in_force([one for one in rows if one.factor is factor and one.from_day <= day])
    if not own:
        raise InputError("has no rows on that day", field="factor", value=factor.value, remedy="add them")
    if factor is Factor.BEHAVIOUR:
        fitting = [one for one in own if value and int(one.value) <= int(value)]
    else:
        fitting = [one for one in own if one.value == value]
    if fitting:
        one = max(fitting, key=lambda row: (row.points, row.floor))
        return Reason(factor, value, one.points, one.floor, one.english, one.chinese)
    worst = max(own, key=lambda row: row.points)
    english, chinese = FACTORS[factor]
    return Reason(factor, value, worst.points, 1, f"{english}: not known", f"{chinese}：不明")


def _in_force(rows: Sequence[Points]) -> list[Points]:
    """The newest row of each value."""
    newest: dict[str, Points] = {}
    for one in sorted(rows, key=lambda row: row.from_day):
        newest[one.value] = one
    return list(newest.values())


def months_after(day: date, months: int) -> date:
    """`months` calendar months after `day`; the last day of a month that is shorter."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    for back in range(4):
        try:
            return date(year, month + 1, day.day - back)
        except ValueError:
            continue
    raise InputError("is out of range", field="day", value=day.isoformat())


# --- identity -------------------------------------------------------------------------------------------------------


class Identity(IntEnum):
    """What follows from a customer's identity document on a day."""

    VALID = 0
    EXPIRED = 1
    """Movements are limited: money comes in, and goes out only to the customer's own account."""
    REFUSED = 2
    """The grace has passed: nothing goes out."""


def identity_on(until: date | None, day: date, grace_days: int = IDENTITY_GRACE_DAYS) -> Identity:
    """What follows on `day` from a document whose last day is `until`."""
    if until is None or day <= until:
        return Identity.VALID
    return Identity.EXPIRED if (day - until).days <= grace_days else Identity.REFUSED
