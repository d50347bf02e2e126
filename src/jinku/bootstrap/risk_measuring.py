"""Key risk indicators that a running house can measure of itself.

Rules:

1. A value is measured now, from the stores: breaks, days, decisions, alerts, cases, objections, lists, instructions,
   drills, losses. What the house has no data of (no day book, no list, no drill, nothing decided) is left out, not
   told as 0.
2. Decisions are those of the `DECIDED_DAYS` before now; shares are per million, rounded up, so that one is seen.

Example::

    with Custody(house) as custody:
        desk.observe(measured(custody), by="jinku")
"""

from collections.abc import Iterable, Sequence
from datetime import date, timedelta

import numpy as np
from sqlalchemy import func, select

from jinku.base.clock import NS_PER_DAY, day_of, from_rfc3339
from jinku.base.database import Database
from jinku.bootstrap.custody import DRILLS_FILE, Custody
from jinku.bootstrap.risk import Risk
from jinku.bootstrap.risk_desks import open_desks
from jinku.bootstrap.risk_seals import screening_desks
from jinku.custody.channel.model import State as Instructed
from jinku.custody.channel.store import ChannelStore
from jinku.custody.closing.days import Books, DayBook
from jinku.custody.retention.drills import DrillBook
from jinku.risk.acts.model import Act
from jinku.risk.cases.alert_store import GROUP
from jinku.risk.cases.measures import replay_measure
from jinku.risk.cases.model import State, replay
from jinku.risk.cases.table import DEADLINES, Clockwork, due
from jinku.risk.decision.model import Stage
from jinku.risk.decision.record import RecordKind, requests_and_outcomes
from jinku.risk.operational.losses import LossDesk

DECIDED_DAYS = 7
LOSS_DAYS = 90
BREAK_OLD_DAYS = 5
_MILLION = 1_000_000


def measured(custody: Custody) -> dict[str, int]:
    """The indicators by name. Raises what the stores raise."""
    house, now = custody.house, custody.clock()
    risk = custody.risk
    found = _breaks(custody) | _desks(custody, risk.settings.zone if risk else "Asia/Shanghai")
    if books := custody.days.books():
        found["days_unclosed"] = max(_unclosed(custody.days, one, now) for one in books)
    if risk is not None:
        found |= _decisions(risk, now)
    versions = screening_desks(house, custody.clock)[0].in_force(now)
    if versions:
        found["list_age_days"] = max(now - one.loaded_at for one in versions) // NS_PER_DAY
    found["instructions_unknown"] = ChannelStore(house.control).counts()[Instructed.UNKNOWN]
    drills = house.directory / DRILLS_FILE
    if drills.exists():
        with Database.open(drills) as database:
            passed = [
                from_rfc3339(one.document["ended"]) for one in DrillBook(database).drills() if one.passed
            ]
        if passed:
            found["drill_age_days"] = (now - max(passed)) // NS_PER_DAY
    return found


def _breaks(custody: Custody) -> dict[str, int]:
    desk = custody.breaks
    living = desk.cases(living=True)
    old = sum(desk.clockwork(one, desk.today(one.entity)).age_days >= BREAK_OLD_DAYS for one in living)
    return {"breaks_open": len(living), "breaks_old": old}


def _unclosed(days: DayBook, books: Books, now: int) -> int:
    """Business days whose cut-off is over and that are not closed."""
    day, count = days.next_to_close(*books), 0
    while (settings := days.settings(books, day)).cut_off_of(day) < now:
        day, count = settings.days.next_business_day(day), count + 1
    return count


def _desks(custody: Custody, zone: str) -> dict[str, int]:
    """Alerts, cases, objections and losses."""
    desks = open_desks(custody.house, custody.clock, zone=zone)
    clockwork, book = desks.clockwork, desks.book
    today = clockwork.day(custody.clock())
    with custody.house.control.reading() as connection:
        waiting = select(func.count()).where((GROUP.c.case == "") & (GROUP.c.is_closed == 0))
        alerts = int(connection.execute(waiting).scalar_one())
    states = [one.value for one in State if one is not State.CLOSED]
    cases = [replay(acts) for acts in book.histories("case", book.keys("case", states=states))]
    late = sum(any(one.overdue for one in desks.cases.clocks(case, today)) for case in cases)
    since = day_of(custody.clock()) - timedelta(LOSS_DAYS)
    losses = LossDesk(book, lambda: today).events()
    return {
        "alerts_waiting": alerts,
        "cases_overdue": late,
        "objections_overdue": _objections(
            desks.book.histories("measure", book.keys("measure")), clockwork, today
        ),
        "loss_90_days": sum(one.loss.gross for one in losses if one.loss.found > since),
    }


def _objections(measures: Iterable[Sequence[Act]], clockwork: Clockwork, today: date) -> int:
    """How many objections are not answered in time."""
    return sum(
        one.answered is None and today > due(DEADLINES, "objection_answer", one.received, clockwork)
        for acts in measures
        for one in replay_measure(acts).objections
    )


def _decisions(risk: Risk, now: int) -> dict[str, int]:
    """Late and failed decisions, per million."""
    journal, count, late, failed = risk.journal, 0, 0, 0
    for number in range(journal.first_at((now - DECIDED_DAYS * NS_PER_DAY) // 1_000), journal.sealed):
        if int(journal.place(number)["kind"]) != RecordKind.DECISIONS:
            continue
        _, outcomes, _ = requests_and_outcomes(journal.read(number))
        stages = outcomes["stage"]
        count, late = count + len(stages), late + int(np.count_nonzero(stages == Stage.LATE))
        failed += int(np.count_nonzero(stages > Stage.LATE))
    if not count:
        return {}
    return {
        "decisions_late": -(-late * _MILLION // count),
        "decisions_failed": -(-failed * _MILLION // count),
    }
