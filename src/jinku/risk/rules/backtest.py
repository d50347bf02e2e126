# ruff: noqa: S608 - names quoted, texts made from checked trees
"""What a rule set would have found: precision, recall, alerts a day against a budget; per rule and for the whole set.

Rules:

1. An alert is an event on which a rule fired; of the whole set, one on which an acting rule with an outcome above
   allow fired. Shadow rules are measured for themselves and count for nothing in the set.
2. Precision is the share of true ones among labelled alerts, recall the share of alerts among true events; by number
   and weighted by amount. What has no label counts towards the volume alone.
3. `alone` are alerts of a rule that no other acting rule raised: what would be lost without it.
4. DuckDB counts, over the text that the rules compile to; `counted_in_columns` does the same over columns, and the
   two are equal.

Example::

    found = back_test(history, rule_set)
    found.whole.precision, found.whole.alerts_per_day
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from jinku.base.clock import US_PER_DAY
from jinku.risk.language import Column, Mask
from jinku.risk.language.types import DTYPE, Type
from jinku.risk.rules.history import AMOUNT, DAY, LABEL, History, fires
from jinku.risk.rules.model import TIME, Outcome, Rule, RuleSet

WHOLE = "(all)"
_EPOCH = date(1970, 1, 1)
_HALF = 32


class Cell(NamedTuple):
    """Counts and amounts of one day and label: of events, of alerts, of alerts that nobody else raised."""

    alerts: int
    amount: int
    alone: int


@dataclass(frozen=True, slots=True)
class Counts:
    """Everything that is counted: for each (day, label) the events with their amount, and a cell for each rule and
    the whole set, which is last."""

    names: tuple[str, ...]
    events: Mapping[tuple[int, bool | None], tuple[int, int]]
    cells: Mapping[tuple[int, bool | None], tuple[Cell, ...]]


@dataclass(frozen=True, slots=True)
class Measure:
    """What one rule, or the whole set, found. Amounts are minor units; a ratio is None where nothing is below it."""

    name: str
    outcome: str
    shadow: bool
    alerts: int
    alerts_per_day: float
    busiest_day: int
    days_over_budget: int
    true: int
    false: int
    unlabelled: int
    true_amount: int
    false_amount: int
    alone_true: int
    alone_false: int
    precision: float | None
    recall: float | None
    value_precision: float | None
    value_recall: float | None

    def document(self) -> dict[str, Any]:
        """As JSON values."""
        found = {name: getattr(self, name) for name in self.__slots__}
        return {**found, "true_amount": str(self.true_amount), "false_amount": str(self.false_amount)}


@dataclass(frozen=True, slots=True)
class BackTest:
    """A back-test: `whole` is the set's, `rules` each rule's, in the set's order."""

    events: int
    days: int
    first_day: str
    last_day: str
    true_events: int
    true_amount: int
    budget: int
    whole: Measure
    rules: tuple[Measure, ...]

    def document(self) -> dict[str, Any]:
        """As JSON values."""
        return {
            "events": self.events,
            "days": self.days,
            "first_day": self.first_day,
            "last_day": self.last_day,
            "true_events": self.true_events,
            "true_amount": str(self.true_amount),
            "budget": self.budget or None,
            "whole": self.whole.document(),
            "rules": [one.document() for one in self.rules],
        }


def back_test(history: History, rules: RuleSet, *, budget: int = 0) -> BackTest:
    """Measure `rules` over `history`; `budget` is how many alerts a day the desk can look at, 0 for no limit."""
    return measured(counted(history, rules), rules, budget)


def acts(rule: Rule) -> bool:
    """Whether a rule's hit is an alert of the whole set."""
    return not rule.shadow and rule.outcome is not Outcome.ALLOW


def counted(history: History, rules: RuleSet) -> Counts:
    """The counts, by DuckDB."""
    acting = [f"r{place}" for place, rule in enumerate(rules.rules) if acts(rule)]
    many = " + ".join(f"CAST({name} AS INTEGER)" for name in acting) or "0"
    fired = ", ".join(f"{fires(rule)} AS r{place}" for place, rule in enumerate(rules.rules))
    cells = []
    for place, rule in enumerate(rules.rules):
        own = 1 if acts(rule) else 0
        cells.append(_cell(f"r{place}", f"many = {own}"))
    cells.append(_cell("many > 0", "TRUE"))
    query = f"""
        WITH fired AS (
            SELECT {history.day} AS on_day, {history.label} AS truth, {history.amount} AS weight, {fired} FROM event
        ), summed AS (SELECT *, {many} AS many FROM fired)
        SELECT on_day, truth, count(*), COALESCE(sum(weight), 0), {", ".join(cells)}
        FROM summed GROUP BY on_day, truth ORDER BY on_day, truth
    """
    events, found = {}, {}
    for row in history.connection.execute(query).fetchall():
        key = (int(row[0] or 0), row[1])
        events[key] = (int(row[2]), int(row[3]))
        numbers = [int(one) for one in row[4:]]
        found[key] = tuple(Cell(*numbers[at : at + 3]) for at in range(0, len(numbers), 3))
    return Counts((*rules.names, WHOLE), events, found)


def _cell(fired: str, alone: str) -> str:
    return (
        f"count(*) FILTER (WHERE {fired}), COALESCE(sum(weight) FILTER (WHERE {fired}), 0), "
        f"count(*) FILTER (WHERE {fired} AND {alone})"
    )


def counted_in_columns(history: History, rules: RuleSet) -> Counts:
    """The counts, over columns: as the rules decide when money moves."""
    columns, count = columns_of(history)
    masks = list(rules.evaluate(columns, count).masks)
    many = np.zeros(count, np.int64)
    for rule, mask in zip(rules.rules, masks, strict=True):
        if acts(rule):
            many += mask
    days = _days(columns, count)
    label = columns.get(LABEL)
    truth = np.full(count, -1)
    if label is not None:
        truth = np.where(label.valid if label.valid is not None else True, label.values, -1)
    amounts = columns[AMOUNT].values if AMOUNT in columns else np.zeros(count, np.int64)
    if AMOUNT in columns and columns[AMOUNT].valid is not None:
        amounts = np.where(np.asarray(columns[AMOUNT].valid), amounts, 0)
    events, found = {}, {}
    for day in np.unique(days):
        for code, value in ((-1, None), (0, False), (1, True)):
            here = (days == day) & (truth == code)
            if not here.any():
                continue
            key = (int(day), value)
            events[key] = (int(here.sum()), _total(amounts, here))
            row = []
            for rule, mask in zip(rules.rules, masks, strict=True):
                taken = here & mask
                alone = taken & (many == int(acts(rule)))
                row.append(Cell(int(taken.sum()), _total(amounts, taken), int(alone.sum())))
            taken = here & (many > 0)
            row.append(Cell(int(taken.sum()), _total(amounts, taken), int(taken.sum())))
            found[key] = tuple(row)
    return Counts((*rules.names, WHOLE), events, found)


def columns_of(history: History) -> tuple[dict[str, Column], int]:
    """The events of a file as columns of the language."""
    raw = history.connection.execute("SELECT * EXCLUDE (place) FROM event ORDER BY place").fetchnumpy()
    columns: dict[str, Column] = {}
    keys: dict[str, int] = {}
    count = 0
    for name, kind in history.types.items():
        found = np.ma.asarray(raw[name])
        valid = ~np.ma.getmaskarray(found)
        count, words = len(found), None
        values: npt.NDArray[Any] = found.filled(
            0 if kind is not Type.KEY and kind is not Type.VARCHAR else ""
        )
        if kind in (Type.KEY, Type.VARCHAR):
            codes = keys if kind is Type.KEY else dict[str, int]()
            values = np.array([codes.setdefault(str(one), len(codes)) for one in values], DTYPE[kind])
            words = tuple(codes) if kind is Type.VARCHAR else None
        columns[name] = Column(values.astype(DTYPE[kind]), valid, words)
    return columns, count


def measured(counts: Counts, rules: RuleSet, budget: int = 0) -> BackTest:
    """The measures of what was counted."""
    days = sorted({day for day, _ in counts.events})
    true = [numbers for (_, label), numbers in counts.events.items() if label]
    true_events, true_amount = sum(one[0] for one in true), sum(one[1] for one in true)
    outcomes = [(rule.outcome.name.lower(), rule.shadow) for rule in rules.rules] + [("", False)]
    found = [
        _measure(place, name, outcomes[place], counts, _Base(days, true_events, true_amount, budget))
        for place, name in enumerate(counts.names)
    ]
    shown = [(_EPOCH + timedelta(days=day)).isoformat() for day in (days[:1] + days[-1:])] or ["", ""]
    return BackTest(
        events=sum(one[0] for one in counts.events.values()),
        days=len(days),
        first_day=shown[0],
        last_day=shown[-1],
        true_events=true_events,
        true_amount=true_amount,
        budget=budget,
        whole=found[-1],
        rules=tuple(found[:-1]),
    )


class _Base(NamedTuple):
    days: Sequence[int]
    true_events: int
    true_amount: int
    budget: int


def _measure(place: int, name: str, told: tuple[str, bool], counts: Counts, base: _Base) -> Measure:
    sums = {label: Cell(0, 0, 0) for label in (None, False, True)}
    by_day = dict.fromkeys(base.days, 0)
    for (day, label), cells in counts.cells.items():
        cell = cells[place]
        by_day[day] += cell.alerts
        sums[label] = Cell(*(one + other for one, other in zip(sums[label], cell, strict=True)))
    yes, no = sums[True], sums[False]
    alerts = sum(by_day.values())
    return Measure(
        name=name,
        outcome=told[0],
        shadow=told[1],
        alerts=alerts,
        alerts_per_day=alerts / len(base.days) if base.days else 0.0,
        busiest_day=max(by_day.values(), default=0),
        days_over_budget=sum(one > base.budget for one in by_day.values()) if base.budget else 0,
        true=yes.alerts,
        false=no.alerts,
        unlabelled=sums[None].alerts,
        true_amount=yes.amount,
        false_amount=no.amount,
        alone_true=yes.alone,
        alone_false=no.alone,
        precision=_share(yes.alerts, yes.alerts + no.alerts),
        recall=_share(yes.alerts, base.true_events),
        value_precision=_share(yes.amount, yes.amount + no.amount),
        value_recall=_share(yes.amount, base.true_amount),
    )


def _share(part: int, whole: int) -> float | None:
    return part / whole if whole else None


def _days(columns: Mapping[str, Column], count: int) -> npt.NDArray[np.int64]:
    if DAY in columns:
        return np.asarray(columns[DAY].values, np.int64)
    return columns[TIME].values // US_PER_DAY if TIME in columns else np.zeros(count, np.int64)


def _total(amounts: npt.NDArray[np.int64], where: Mask) -> int:
    """The exact sum of 64-bit amounts, whatever they are."""
    taken = amounts[where]
    return (int((taken >> _HALF).sum()) << _HALF) + int((taken & ((1 << _HALF) - 1)).sum())
