"""Key risk indicators: values as measured, the colour that the table gives them, and what became of them.

Rules:

1. A value is observed for a moment, by a program that measured it or a person who says so. Observations are never
   changed; the latest counts.
2. Its colour follows from the table in force when it was observed, and is kept with it.
3. An indicator that turned worse, or was not observed for `STALE_DAYS`, is what the desk must be told of: `attention`.

Example::

    desk = IndicatorDesk(book, INDICATORS, clock)
    desk.observe({"breaks_open": 61}, by="jinku")  # red
"""

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from enum import IntEnum
from pathlib import Path

from jinku.base.clock import NS_PER_DAY, Clock
from jinku.base.errors import InputError
from jinku.risk.acts.book import ActBook
from jinku.risk.acts.model import Act, Standing
from jinku.risk.operational.errors import IndicatorRefused
from jinku.risk.operational.table import Indicator

INDICATOR = "indicator"
STALE_DAYS = 3
INDICATORS_MAX = 500
_WHOLE_MAX = 10**18


class Colour(IntEnum):
    """How an indicator stands."""

    GREEN = 0
    AMBER = 1
    RED = 2


@dataclass(frozen=True, slots=True)
class Reading:
    """An indicator's latest value; `value` None where it was never observed."""

    indicator: Indicator
    value: int | None
    colour: Colour | None
    at: int
    """UTC ns; 0 where it was never observed."""
    worse: bool
    """Whether its colour is worse than the one before."""
    stale: bool


class IndicatorDesk:
    """See the module's rules."""

    def __init__(self, book: ActBook, table: Sequence[Indicator], clock: Clock) -> None:
        self._book, self._clock = book, clock
        self._table = {one.name: one for one in table}

    def observe(self, values: Mapping[str, int], *, by: str) -> dict[str, Colour]:
        """Keep values; the colour of each. All or none. Raises IndicatorRefused, BadAct."""
        unknown = sorted(set(values) - set(self._table))
        if unknown:
            raise IndicatorRefused(
                f"indicator {unknown[0][:40]!r} is not in the table", remedy="see `jinku risk kri show`"
            )
        beyond = [name for name, value in values.items() if abs(value) > _WHOLE_MAX]
        if beyond:
            raise IndicatorRefused(f"{beyond[0]} is beyond {_WHOLE_MAX}")
        colours = {name: colour_of(self._table[name], value) for name, value in values.items()}
        with self._book.writing() as page:
            for name, value in values.items():
                facts = {"value": str(value), "colour": colours[name].name}
                page.add((INDICATOR, name), by, ("observe", facts), Standing(colours[name].name))
        return colours

    def readings(self) -> list[Reading]:
        """Every indicator of the table with its latest value, in the table's order."""
        now = self._clock()
        return [_reading(one, self._book.history(INDICATOR, one.name), now) for one in self._table.values()]

    def attention(self) -> list[Reading]:
        """Indicators that turned worse with their latest value, are red, or went stale."""
        return [one for one in self.readings() if one.worse or one.stale or one.colour == Colour.RED]

    def series(self, name: str) -> list[tuple[int, int, Colour]]:
        """All observations of one indicator: moment (UTC ns), value, colour."""
        acts = self._book.history(INDICATOR, name)
        return [(act.at, int(act.body["value"]), Colour[act.body["colour"]]) for act in acts]


def colour_of(indicator: Indicator, value: int) -> Colour:
    """The colour of a value."""
    sign = 1 if indicator.rising else -1
    if sign * value >= sign * indicator.red:
        return Colour.RED
    return Colour.AMBER if sign * value >= sign * indicator.amber else Colour.GREEN


def read_indicators(path: Path) -> tuple[Indicator, ...]:
    """Indicators from a TOML file with ``[[indicator]]`` tables. Raises InputError."""
    try:
        rows = tomllib.loads(path.read_text(encoding="utf-8")).get("indicator", [])
    except (OSError, ValueError, RecursionError) as fault:
        raise InputError(f"cannot be read as TOML: {fault}", file=path.name) from None
    if not isinstance(rows, list) or not 0 < len(rows) <= INDICATORS_MAX:
        raise InputError(f"has no [[indicator]], or more than {INDICATORS_MAX}", file=path.name)
    found = [_indicator(path, number, row) for number, row in enumerate(rows, 1)]
    names = [one.name for one in found]
    for name in names:
        if names.count(name) > 1:
            raise InputError("is given twice", file=path.name, field="name", value=name)
    return tuple(found)


def fold_indicator(acts: Sequence[Act]) -> Standing:
    """Where an indicator stands by its acts, for the audit."""
    return Standing(str(acts[-1].body["colour"]))


def _indicator(path: Path, number: int, row: object) -> Indicator:
    kinds: dict[str, type] = {
        "name": str,
        "english": str,
        "chinese": str,
        "unit": str,
        "amber": int,
        "red": int,
    }
    known = {one.name for one in fields(Indicator)}
    if not isinstance(row, dict):
        raise InputError(f"indicator {number} is no table", file=path.name)
    for name in row:
        if name not in known:
            raise InputError(f"indicator {number} has an unknown field", file=path.name, field=name)
    for name, kind in kinds.items():
        if type(row.get(name)) is not kind:
            raise InputError(f"indicator {number} needs a {kind.__name__}", file=path.name, field=name)
    rising = row.get("rising", True)
    if type(rising) is not bool:
        raise InputError(f"indicator {number} needs true or false", file=path.name, field="rising")
    if (row["amber"] > row["red"]) if rising else (row["amber"] < row["red"]):
        raise InputError(
            f"indicator {number} turns red before amber",
            file=path.name,
            field="amber",
            value=str(row["amber"]),
        )
    return Indicator(**{name: row[name] for name in kinds}, rising=rising)


def _reading(indicator: Indicator, acts: Sequence[Act], now: int) -> Reading:
    if not acts:
        return Reading(indicator, None, None, 0, worse=False, stale=True)
    colours = [Colour[act.body["colour"]] for act in acts[-2:]]
    last = acts[-1]
    worse = colours[-1] > (colours[-2] if len(colours) > 1 else Colour.GREEN)
    return Reading(
        indicator,
        int(last.body["value"]),
        colours[-1],
        last.at,
        worse,
        now - last.at > STALE_DAYS * NS_PER_DAY,
    )
