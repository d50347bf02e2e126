"""What is found afterwards over the whole day's movements: typologies, against weeks of what is usual.

Example::

    found = typologies(world, begins)  # findings, each with subject, score, evidence
"""

import numpy as np

from jinku.risk.graph.typologies.detectors import detect
from jinku.risk.graph.typologies.finding import Finding
from jinku.risk.graph.typologies.moves import MoveColumns, Moves
from jinku.risk.graph.typologies.queries import Period
from jinku.risk.graph.typologies.table import load_table
from jinku.sim.crime.custom import DAY_US
from jinku.sim.crime.model import OUTSIDE, Movement
from jinku.sim.crime.world import CrimeWorld


def typologies(world: CrimeWorld, begins: int) -> tuple[Finding, ...]:
    """Findings of the day that begins at `begins` (µs UTC), by the table that comes with Jinku."""
    with Moves(_columns([*world.history, *world.day])) as moves:
        return detect(moves, Period(begins, begins + 2 * DAY_US), load_table(), ()).findings


def subjects(findings: tuple[Finding, ...]) -> frozenset[int]:
    """The customers that findings are about."""
    return frozenset(int(one.subject) for one in findings if one.subject.isdecimal())


def _columns(movements: list[Movement]) -> MoveColumns:
    def named(number: int) -> str:
        return "" if number == OUTSIDE else str(number)

    return MoveColumns(
        np.array([str(number) for number in range(len(movements))], object),
        np.array([one.at for one in movements], np.int64),
        np.array([named(one.payer) for one in movements], object),
        np.array(
            [f"shop-{one.payee}" if one.kind == "payment" else named(one.payee) for one in movements], object
        ),
        np.array([one.amount for one in movements], np.int64),
        np.array([f"device-{one.device}" if one.device else "" for one in movements], object),
    )
