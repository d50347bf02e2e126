"""The day's reckoning: what was stopped, held, missed and wrongly held, in movements and in money.

Rules:

1. Stopped is denied. Held is reserved until two persons have spoken, asked back until the customer has. Missed is a
   crime let through; an honest movement held or stopped is wrong.
2. A story is noticed where at least one of its movements was held or stopped, or an alert names one of its accounts.

Example::

    table = reckon(outcomes, world.stories, alerted)
    table[0].missed_amount
"""

from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass

from jinku.sim.crime.model import FRAUDS, HONEST, OUTSIDE, Story
from jinku.sim.crime.play import Answer, Outcome


@dataclass(frozen=True, slots=True)
class Line:
    """One scheme, look-alike, or all ordinary custom; amounts in fen."""

    name: str
    scheme: str
    stories: int
    noticed: int
    movements: int
    stopped: int
    held: int
    asked: int
    passed: int
    amount: int
    kept: int
    """Of the amount, what was stopped, held or asked back."""

    @property
    def group(self) -> str:
        """fraud, laundering or honest."""
        return "honest" if self.scheme == HONEST else "fraud" if self.scheme in FRAUDS else "laundering"


def reckon(
    outcomes: Sequence[Outcome], stories: Sequence[Story], alerted: AbstractSet[int] = frozenset()
) -> list[Line]:
    """A line for each scheme and look-alike, and one for ordinary custom. `alerted` are accounts that alerts name."""
    names = {story.number: story.name for story in stories}
    lines: dict[tuple[str, str], list[Outcome]] = {}
    for one in outcomes:
        lines.setdefault((names.get(one.movement.story, "ordinary"), one.movement.scheme), []).append(one)
    order = [story.name for story in stories]
    found = [_line(name, scheme, group, alerted) for (name, scheme), group in lines.items()]
    return sorted(found, key=lambda one: order.index(one.name) if one.name in order else len(order))


def _line(name: str, scheme: str, group: Sequence[Outcome], alerted: AbstractSet[int]) -> Line:
    counts = {answer: sum(one.answer is answer for one in group) for answer in Answer}
    numbers = {one.movement.story for one in group} - {0}
    noticed = {one.movement.story for one in group if one.answer is not Answer.PASSED or _named(one, alerted)}
    return Line(
        name,
        scheme,
        len(numbers),
        len(noticed & numbers),
        len(group),
        counts[Answer.STOPPED],
        counts[Answer.HELD],
        counts[Answer.ASKED],
        counts[Answer.PASSED],
        sum(one.movement.amount for one in group),
        sum(one.movement.amount for one in group if one.answer is not Answer.PASSED),
    )


def _named(one: Outcome, alerted: AbstractSet[int]) -> bool:
    persons = {one.movement.payer, one.movement.payee} - {OUTSIDE}
    return one.movement.kind != "payment" and bool(persons & alerted)
