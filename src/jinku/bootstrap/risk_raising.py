"""What market and operational risk found, as alerts; large values, as duties.

Rules:

1. An indicator that is red, turned worse, or went stale is an alert of the institution itself (subject 0), under its
   last observation: it is raised once for each.
2. A day's figure beyond its limit is an alert of the institution, once for each day, portfolio, quantity and method.
3. Each customer's day that reaches a large-value threshold starts one duty; the same line again starts none.

Example::

    desks.alerts.raise_(of_indicators(indicators.attention()))
"""

from collections.abc import Iterable
from datetime import date

from jinku.base.clock import start_of_day
from jinku.risk.acts.model import PROGRAM, digest_of
from jinku.risk.cases.alerts import AMOUNT_MAX, Alert
from jinku.risk.market.limits import Use, Used
from jinku.risk.operational.duties import DutyOffice
from jinku.risk.operational.indicators import Colour, Reading
from jinku.risk.reports.large import Line

INSTITUTION = 0
RED, STALE, WORSE, BREACH = 90, 60, 50, 90
_TYPOLOGY_CHARACTERS_MAX = 40
_REFERENCE_DIGITS = 24


def of_indicators(readings: Iterable[Reading]) -> list[Alert]:
    """Readings that want attention; one that was never observed is not in use, and none."""
    found = []
    for one in readings:
        if not one.at:
            continue
        state, score = ("stale", STALE) if one.stale else ("worse", WORSE)
        if one.colour is Colour.RED:
            state, score = ("red", RED) if not one.stale else ("red-stale", RED)
        name = one.indicator.name
        found.append(
            Alert(
                f"kri/{name[:40]}/{one.at}/{state}",
                INSTITUTION,
                f"kri_{name}".lower()[:_TYPOLOGY_CHARACTERS_MAX],
                score,
                one.at,
                source="operational",
            )
        )
    return found


def of_limits(uses: Iterable[Used], day: date) -> list[Alert]:
    """Breaches among a day's figures; the portfolio's name stands in the limit, not in the alert."""
    return [
        Alert(
            f"market/{day}/{digest_of([one.limit.portfolio, one.limit.quantity.value, _method(one)])[:32]}",
            INSTITUTION,
            f"limit_{one.limit.quantity.value}"[:_TYPOLOGY_CHARACTERS_MAX],
            BREACH,
            start_of_day(day),
            min(one.amount, AMOUNT_MAX),
            "CNY",
            source="market",
        )
        for one in uses
        if one.use is Use.BREACH
    ]


def large_value_duties(office: DutyOffice, lines: Iterable[Line], by: str = PROGRAM) -> int:
    """Let the duty to report arise for each line; how many lines. Raises DutyRefused."""
    count = 0
    for one in lines:
        about = digest_of([one.customer, one.direction, one.rule, one.currency])[:_REFERENCE_DIGITS]
        office.arise("large_value_report", f"{one.day}/{about}", one.day, by=by)
        count += 1
    return count


def _method(used: Used) -> str:
    return used.measured.question.method.value
