"""Large values: from which amount a customer's day is reported, as dated rows with their source.

Rules (K3):

1. A threshold is inclusive. It is reached by one movement or by the sum of a customer's day in one direction and way.
2. Renminbi is measured in CNY; every other currency in its equivalent in USD, each for itself and all together.
3. The last row that has begun and fits counts. Rows marked (s) come from a secondary source: check them against the
   official text. A revision was out for comment in July 2025: add its rows with their day when it is published.

Example::

    rows_on(THRESHOLDS, date(2026, 11, 22))
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum


class Rule(StrEnum):
    """Which kind of large value."""

    CASH = "cash"
    LEGAL = "legal_transfer"
    NATURAL_DOMESTIC = "natural_domestic"
    NATURAL_CROSS_BORDER = "natural_cross_border"


@dataclass(frozen=True, slots=True)
class Threshold:
    """One rule from a day on."""

    from_day: date
    rule: Rule
    cny: int
    """Minor units of CNY."""
    usd: int
    """Minor units of USD, for every other currency."""
    english: str
    chinese: str
    source: str


_ORDER = "PBOC Order [2016] No. 3, art. 5 ({}) (s)"
_FROM = date(2017, 7, 1)
_YUAN = _DOLLAR = 100
THRESHOLDS: tuple[Threshold, ...] = (
    Threshold(
        _FROM, Rule.CASH, 50_000 * _YUAN, 10_000 * _DOLLAR, "cash", "现金收支", _ORDER.format(1)
    ),
    Threshold(
        _FROM, Rule.LEGAL, 2_000_000 * _YUAN, 200_000 * _DOLLAR,
        "transfers of legal persons", "非自然人客户款项划转", _ORDER.format(2),
    ),
    Threshold(
        _FROM, Rule.NATURAL_DOMESTIC, 500_000 * _YUAN, 100_000 * _DOLLAR,
        "domestic transfers of natural persons", "自然人客户境内款项划转", _ORDER.format(3),
    ),
    Threshold(
        _FROM, Rule.NATURAL_CROSS_BORDER, 200_000 * _YUAN, 10_000 * _DOLLAR,
        "cross-border transfers of natural persons", "自然人客户跨境款项划转", _ORDER.format(4),
    ),
)  # fmt: skip


def rows_on(rows: Sequence[Threshold], day: date) -> dict[Rule, Threshold]:
    """The row of each rule in force on `day`."""
    found: dict[Rule, Threshold] = {}
    for one in sorted(rows, key=lambda one: one.from_day):
        if one.from_day <= day:
            found[one.rule] = one
    return found


def rule_of(customer_kind: str, way: str, *, cross_border: bool) -> Rule:
    """Which rule a movement falls under."""
    if way == "cash":
        return Rule.CASH
    if customer_kind == "legal":
        return Rule.LEGAL
    return Rule.NATURAL_CROSS_BORDER if cross_border else Rule.NATURAL_DOMESTIC
