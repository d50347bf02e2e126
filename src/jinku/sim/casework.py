"""Monday morning at the breaks desk: breaks are given out, worked on, explained by two persons, and one is written off.

Example::

    worked = work_on_breaks(stage, closed, day)
"""

from dataclasses import dataclass
from datetime import date

from jinku.custody.breaks.correction import Against
from jinku.custody.breaks.errors import SecondPerson
from jinku.custody.breaks.model import Case, State
from jinku.custody.breaks.table import Cause
from jinku.custody.reconciliation.breaks import BreakClass
from jinku.sim.close import CHECKER, HEAD, MAKER, Closed, Stage
from jinku.sim.errors import SimulationFault

OWNER = "ops-zhao"
_SOME = 4
"""How many breaks are explained and ended this morning."""


@dataclass(frozen=True, slots=True)
class Worked:
    """How the desk stands after the morning."""

    found: int
    explained: int
    written_off: Case
    assigned: int
    still_open: int
    refused_alone: bool
    """Whether the proposer was refused as approver."""


def work_on_breaks(stage: Stage, closed: Closed, today: date) -> Worked:
    """See the module. `today` is the open business day."""
    desk = stage.custody.breaks
    for case in closed.cases:
        desk.assign(case.id, OWNER, by=HEAD)
        stage.later(0)
    timing = [one for one in closed.cases if one.kind == BreakClass.LATE and not one.effect][:_SOME]
    refused = False
    for case in timing:
        desk.investigate(case.id, by=OWNER)
        desk.link(case.id, OWNER, "file", closed.document["inputs"][-1]["sha256"])
        desk.propose_close(case.id, OWNER, Cause.TIMING, "booked by the bank a day later, as its notice said")
        refused = _alone(stage, case, today)
        _end(stage, case, today)
    small = min(
        (one for one in closed.cases if one.kind == BreakClass.AMOUNT_DIFFERS), key=lambda one: one.amount
    )
    desk.investigate(small.id, by=OWNER)
    words = "a difference too small to be asked back"
    desk.propose_write_off(small.id, OWNER, _bearer(small), today, cause=Cause.BANK_ERROR, text=words)
    _end(stage, small, today)
    living = desk.cases(entity=stage.chart.entity, currency=stage.chart.currency, living=True)
    return Worked(
        found=len(closed.cases),
        explained=len(timing),
        written_off=desk.case(small.id),
        assigned=sum(one.owner == OWNER for one in living),
        still_open=len(living),
        refused_alone=refused,
    )


def _bearer(case: Case) -> Against:
    """Money that nobody claims waits in suspense; what is lacking the platform's own money bears."""
    return Against.SUSPENSE if case.effect > 0 else Against.RISK_RESERVE


def _alone(stage: Stage, case: Case, today: date) -> bool:
    try:
        stage.custody.breaks.approve(case.id, OWNER, today)
    except SecondPerson:
        return True
    raise SimulationFault(f"the proposer alone ended break {case.id:032x}")


def _end(stage: Stage, case: Case, today: date) -> None:
    """Approved by a second person, and by a senior one where it is material."""
    for person in (CHECKER, HEAD):
        stage.later()
        if stage.custody.breaks.approve(case.id, person, today).state is not State.PROPOSED:
            return
    raise SimulationFault(f"break {case.id:032x} is still proposed", remedy=f"see who is senior: {MAKER}")
