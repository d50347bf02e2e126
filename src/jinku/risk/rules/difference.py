# ruff: noqa: S608 - names quoted, texts made from checked trees
"""What changes between two rule sets over the same past events: from which outcome to which, and examples.

Example::

    found = difference(history, version_3, version_4)
    found.moves   # (Move(before="allow", after="hold", events=12, amount=…, true=9, false=3), …)
"""

from dataclasses import dataclass
from typing import Any

from jinku.base.clock import NS_PER_US, to_rfc3339
from jinku.risk.language.sql import Dialect, literal, quoted
from jinku.risk.language.types import Type
from jinku.risk.rules.history import History, fires
from jinku.risk.rules.model import TIME, Outcome, RuleSet

SAMPLE_MAX = 1_000


@dataclass(frozen=True, slots=True)
class Move:
    """Events whose outcome is `after` by the new rules and `before` by the old ones. Amounts are minor units."""

    before: str
    after: str
    events: int
    amount: int
    true: int
    false: int

    def document(self) -> dict[str, Any]:
        """As JSON values."""
        return {**{name: getattr(self, name) for name in self.__slots__}, "amount": str(self.amount)}


@dataclass(frozen=True, slots=True)
class Example:
    """One event that changes: its id (or its place in the file), and which rules fired before and after."""

    id: str
    time: str
    amount: int
    label: bool | None
    before: str
    after: str
    fired_before: tuple[str, ...]
    fired_after: tuple[str, ...]

    def document(self) -> dict[str, Any]:
        """As JSON values."""
        found: dict[str, Any] = {name: getattr(self, name) for name in self.__slots__}
        return {**found, "amount": str(self.amount)}


@dataclass(frozen=True, slots=True)
class Difference:
    """Every pair of outcomes that occurs, and examples of those that differ, the earliest first."""

    events: int
    moves: tuple[Move, ...]
    examples: tuple[Example, ...]

    @property
    def changed(self) -> int:
        """Events with another outcome."""
        return sum(move.events for move in self.moves if move.before != move.after)

    def document(self) -> dict[str, Any]:
        """As JSON values."""
        return {
            "events": self.events,
            "changed": self.changed,
            "moves": [one.document() for one in self.moves],
            "examples": [one.document() for one in self.examples],
        }


def difference(history: History, old: RuleSet, new: RuleSet, *, sample: int = 10) -> Difference:
    """Compare what `old` and `new` decide about each event of `history`."""
    connection = history.connection
    identity = 'CAST("id" AS VARCHAR)' if "id" in history.types else "CAST(place AS VARCHAR)"
    time = quoted(TIME, Dialect.DUCKDB) if TIME in history.types else "CAST(NULL AS BIGINT)"
    decided = f"""
        SELECT place, {identity} AS identity, {time} AS moment, {history.amount} AS weight, {history.label} AS truth,
            {_outcome(old)} AS before, {_outcome(new)} AS after,
            {_fired(old)} AS fired_before, {_fired(new)} AS fired_after
        FROM event
    """
    rows = connection.execute(
        f"""SELECT before, after, count(*), sum(weight),
            count(*) FILTER (WHERE truth), count(*) FILTER (WHERE NOT truth)
        FROM ({decided}) GROUP BY before, after ORDER BY before, after"""
    ).fetchall()
    moves = tuple(Move(_name(row[0]), _name(row[1]), *(int(one) for one in row[2:])) for row in rows)
    changed = connection.execute(
        f"""SELECT identity, moment, weight, truth, before, after, fired_before, fired_after FROM ({decided})
        WHERE before <> after ORDER BY moment, place LIMIT {min(max(sample, 0), SAMPLE_MAX)}"""
    ).fetchall()
    examples = tuple(
        Example(
            id=row[0],
            time="" if row[1] is None else to_rfc3339(row[1] * NS_PER_US),
            amount=int(row[2]),
            label=row[3],
            before=_name(row[4]),
            after=_name(row[5]),
            fired_before=tuple(row[6]),
            fired_after=tuple(row[7]),
        )
        for row in changed
    )
    return Difference(sum(move.events for move in moves), moves, examples)


def _name(outcome: int) -> str:
    return Outcome(outcome).name.lower()


def _outcome(rules: RuleSet) -> str:
    """SQL for the number of the strongest outcome."""
    branches = []
    for outcome in sorted(Outcome, reverse=True)[:-1]:
        either = [fires(rule) for rule in rules.rules if rule.outcome is outcome and not rule.shadow]
        if either:
            branches.append(f"WHEN {' OR '.join(either)} THEN {int(outcome)}")
    return f"CASE {' '.join(branches)} ELSE 0 END" if branches else "0"


def _fired(rules: RuleSet) -> str:
    """SQL for the names of the acting rules that fired."""
    names = [
        f"CASE WHEN {fires(rule)} THEN {literal(rule.name, Type.VARCHAR)} END"
        for rule in rules.rules
        if not rule.shadow
    ]
    return f"list_filter([{', '.join(names)}]::VARCHAR[], lambda one: one IS NOT NULL)"
