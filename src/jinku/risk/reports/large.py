"""Large values of customers' days, computed by DuckDB and, for comparison, in plain Python.

Rules (K3):

1. Money is whole minor units. An equivalent in USD is compared exactly: amount times rate as integers, never rounded
   before the comparison; what is shown is rounded down to the cent.
2. One line for each customer, day, direction, rule and currency that reaches its threshold, by one movement or by the
   sum. Foreign currencies are measured together as well (currency ``***``); that line is given where no single
   currency of it reached the threshold.
3. The rate of a day is the last row on or before it. A day without one is an error that names the currency.

Example::

    lines = large_values(movements, rates)          # DuckDB
    assert lines == large_values_plain(movements, rates)
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from jinku.base.csvfile import read_rows
from jinku.base.currency import TABLE, currency
from jinku.base.decimals import parse_minor
from jinku.base.errors import InputError
from jinku.risk.reports.errors import NoRate
from jinku.risk.reports.large_table import THRESHOLDS, Threshold, rows_on, rule_of

RATE_DECIMALS = 8
SCALE = 10 ** (RATE_DECIMALS + 1)
"""Units of an exact equivalent in one US cent: the rate's decimals, and one more for currencies of three decimals."""
TOGETHER = "***"
LOCAL, FOREIGN = "CNY", "USD"
AMOUNT_MAX = (1 << 62) - 1
CUSTOMER_KINDS, WAYS, DIRECTIONS = ("natural", "legal"), ("cash", "transfer"), ("in", "out")
_EXPONENT_MAX = 3
COLUMNS = (
    "reference",
    "customer",
    "customer_kind",
    "day",
    "direction",
    "way",
    "cross_border",
    "currency",
    "amount",
)


Column = NDArray[Any]


class Movement(NamedTuple):
    """One movement of a customer's money."""

    reference: str
    """Names it, opaque, unique."""
    customer: str
    """An opaque reference."""
    customer_kind: str
    """``natural`` or ``legal``."""
    day: date
    direction: str
    """``in`` or ``out``."""
    way: str
    """``cash`` or ``transfer``."""
    cross_border: bool
    currency: str
    amount: int
    """Minor units, above 0."""


class Rate(NamedTuple):
    """What one unit of a currency is worth in US dollars from a day on."""

    day: date
    currency: str
    rate: int
    """In units of 10^-8 dollar."""


@dataclass(frozen=True, slots=True, order=True)
class Line:
    """One large value."""

    customer: str
    day: date
    direction: str
    rule: str
    currency: str
    """`TOGETHER` for all foreign currencies."""
    total: int
    """Minor units of the currency; of USD where together."""
    usd: int
    """US cents, rounded down; 0 for CNY."""
    movements: int
    largest: int
    """The largest movement, measured as `total` is."""
    single: bool
    """Whether one movement alone reaches the threshold."""
    references: tuple[str, ...]


def large_values(
    movements: Sequence[Movement], rates: Sequence[Rate], rows: Sequence[Threshold] = THRESHOLDS
) -> list[Line]:
    """The large values of all days of `movements`, by DuckDB. Raises NoRate, InputError."""
    import duckdb  # not at import: who only knows of reports needs none of it

    _check(movements)
    if not movements:
        return []
    with duckdb.connect(config={"threads": 2}) as database:
        database.register("movement", _columns(movements))
        database.register(
            "rate", _rates([*(one for one in rates if one.currency != FOREIGN), *_dollar(movements)])
        )
        database.register("threshold", _thresholds({one.day for one in movements}, rows))
        database.register("exponent", _exponents())
        database.execute(_VALUED)
        missing = database.execute(_MISSING).fetchone()
        if missing is not None:
            raise NoRate(missing[0], missing[1])
        found = database.execute(_LARGE, {"scale": SCALE, "together": TOGETHER}).fetchall()
    return sorted(
        Line(
            row[0], date.fromisoformat(row[1]), row[2], row[3], row[4], total=int(row[5]), usd=int(row[6]),
            movements=int(row[7]), largest=int(row[8]), single=bool(row[9]), references=tuple(row[10]),
        )
        for row in found
    )  # fmt: skip


_VALUED = """
create temp table valued as
select m.*, r.rate,
       case when m.currency = 'CNY' then 0::hugeint else m.amount::hugeint * r.rate * e.factor end as exact
from movement m join exponent e using (currency)
asof left join rate r on m.currency = r.currency and m.day >= r.day
"""
_MISSING = """
select currency, day from valued where currency <> 'CNY' and rate is null order by day, currency limit 1
"""
_LARGE = """
with summed as (
  select customer, day, direction, rule, currency,
         sum(amount::hugeint) as total, max(amount) as largest, sum(exact) as exact, max(exact) as largest_exact,
         count(*) as movements, list(reference order by reference) as refs
  from valued group by all
),
measured as (
  select s.*, t.usd_exact,
         case when s.currency = 'CNY' then total >= t.cny else s.exact >= t.usd_exact end as is_large,
         case when s.currency = 'CNY' then largest >= t.cny else largest_exact >= t.usd_exact end as is_single
  from summed s join threshold t using (day, rule)
),
together as (
  select customer, day, direction, rule, sum(exact) as exact, max(largest_exact) as largest_exact,
         sum(movements) as movements, list_sort(flatten(list(refs))) as refs, usd_exact, bool_or(is_large) as one_is
  from measured where currency <> 'CNY' group by customer, day, direction, rule, usd_exact
)
select customer, day, direction, rule, currency, total,
       case when currency = 'CNY' then 0 else exact // $scale end, movements, largest, is_single, refs
from measured where is_large
union all
select customer, day, direction, rule, $together, exact // $scale, exact // $scale, movements,
       largest_exact // $scale, false, refs
from together where not one_is and exact >= usd_exact
"""


def large_values_plain(
    movements: Sequence[Movement], rates: Sequence[Rate], rows: Sequence[Threshold] = THRESHOLDS
) -> list[Line]:
    """The same in plain Python: a second opinion that shares no query. Raises NoRate, InputError."""
    _check(movements)
    days: dict[str, list[Rate]] = {}
    for one in sorted(rates):
        days.setdefault(one.currency, []).append(one)
    groups: dict[tuple[str, date, str, str], dict[str, list[tuple[Movement, int]]]] = {}
    for movement in movements:
        rule = rule_of(movement.customer_kind, movement.way, cross_border=movement.cross_border)
        place = (movement.customer, movement.day, movement.direction, rule.value)
        units = groups.setdefault(place, {})
        units.setdefault(movement.currency, []).append((movement, _exact(movement, days)))
    lines: list[Line] = []
    for (customer, day, direction, rule_name), units in groups.items():
        threshold = {one.value: row for one, row in rows_on(rows, day).items()}.get(rule_name)
        if threshold is None:
            continue
        found = False
        for unit, own in units.items():
            local = unit == LOCAL
            sizes = [one.amount if local else exact for one, exact in own]
            least = threshold.cny if local else threshold.usd * SCALE
            if sum(sizes) >= least:
                found = found or not local
                amounts = [one.amount for one, _ in own]
                lines.append(
                    Line(
                        customer, day, direction, rule_name, unit, sum(amounts), 0 if local else sum(sizes) // SCALE,
                        len(own), max(amounts), max(sizes) >= least, tuple(sorted(one.reference for one, _ in own)),
                    )
                )  # fmt: skip
        foreign = [pair for unit, own in units.items() if unit != LOCAL for pair in own]
        total = sum(exact for _, exact in foreign)
        if foreign and not found and total >= threshold.usd * SCALE:
            largest = max(exact for _, exact in foreign) // SCALE
            references = tuple(sorted(one.reference for one, _ in foreign))
            whole = total // SCALE
            lines.append(
                Line(
                    customer, day, direction, rule_name, TOGETHER, whole, whole,
                    len(foreign), largest, single=False, references=references,
                )
            )  # fmt: skip
    return sorted(lines)


def _exact(movement: Movement, rates: dict[str, list[Rate]]) -> int:
    """The equivalent in US cents times `SCALE`; 0 for CNY."""
    if movement.currency == LOCAL:
        return 0
    rate = 10**RATE_DECIMALS if movement.currency == FOREIGN else 0
    for one in rates.get(movement.currency, []):
        if one.day <= movement.day and movement.currency != FOREIGN:
            rate = one.rate
    if not rate:
        raise NoRate(movement.currency, movement.day.isoformat())
    factor: int = 10 ** (_EXPONENT_MAX - currency(movement.currency).exponent)
    return movement.amount * rate * factor


# --- files ----------------------------------------------------------------------------------------------------------


def read_movements(path: Path) -> list[Movement]:
    """The movements of a CSV file with `COLUMNS`; amounts in minor units. Raises InputError."""
    found = []
    for line, row in read_rows(path, COLUMNS):
        try:
            movement = Movement(
                row["reference"],
                row["customer"],
                row["customer_kind"],
                date.fromisoformat(row["day"]),
                row["direction"],
                row["way"],
                {"true": True, "1": True, "false": False, "0": False}[row["cross_border"].lower()],
                row["currency"],
                int(row["amount"]),
            )
            _check([movement])
        except InputError as error:
            raise InputError(str(error), file=path.name, line=line) from None
        except (ValueError, KeyError):
            raise InputError(
                "is no movement", file=path.name, line=line, remedy=f"columns are {', '.join(COLUMNS)}"
            ) from None
        found.append(movement)
    return found


def read_rates(path: Path) -> list[Rate]:
    """The rates of a CSV file: day, currency, usd (decimals: dollars for one unit). Raises InputError."""
    found = []
    for line, row in read_rows(path, ("day", "currency", "usd")):
        try:
            rate = parse_minor(row["usd"], RATE_DECIMALS)
            found.append(Rate(date.fromisoformat(row["day"]), currency(row["currency"]).code, rate))
        except (InputError, ValueError):
            raise InputError(
                "is no rate", file=path.name, line=line, remedy="2026-11-20,EUR,1.0855"
            ) from None
        if rate <= 0:
            raise InputError("is no rate above 0", file=path.name, line=line)
    return found


def _check(movements: Iterable[Movement]) -> None:
    seen = set[str]()
    for one in movements:
        checks = (
            ("customer_kind", one.customer_kind, one.customer_kind in CUSTOMER_KINDS),
            ("direction", one.direction, one.direction in DIRECTIONS),
            ("way", one.way, one.way in WAYS),
            ("amount", one.amount, 0 < one.amount <= AMOUNT_MAX),
            ("reference", "", one.reference not in seen and 0 < len(one.reference) <= 100),
            ("customer", "", 0 < len(one.customer) <= 100),
        )
        for field, value, is_good in checks:
            if not is_good:
                raise InputError("cannot stand in a movement", field=field, value=str(value)[:40])
        currency(one.currency)
        seen.add(one.reference)


def _columns(movements: Sequence[Movement]) -> dict[str, Column]:
    rules = [rule_of(one.customer_kind, one.way, cross_border=one.cross_border).value for one in movements]
    texts = {name: np.array([getattr(one, name) for one in movements], object) for name in _TEXTS}
    return {
        **texts,
        "day": np.array([one.day.isoformat() for one in movements], object),
        "rule": np.array(rules, object),
        "amount": np.array([one.amount for one in movements], np.int64),
    }


_TEXTS = ("reference", "customer", "direction", "currency")


def _rates(rates: Sequence[Rate]) -> dict[str, Column]:
    return {
        "day": np.array([one.day.isoformat() for one in rates], object),
        "currency": np.array([one.currency for one in rates], object),
        "rate": np.array([one.rate for one in rates], np.int64),
    }


def _dollar(movements: Sequence[Movement]) -> list[Rate]:
    return [Rate(min(one.day for one in movements), FOREIGN, 10**RATE_DECIMALS)]


def _exponents() -> dict[str, Column]:
    factors = [10 ** (_EXPONENT_MAX - one.exponent) for one in TABLE]
    return {"currency": np.array([one.code for one in TABLE], object), "factor": np.array(factors, np.int64)}


def _thresholds(days: set[date], rows: Sequence[Threshold]) -> dict[str, Column]:
    flat = [(day, one) for day in sorted(days) for one in rows_on(rows, day).values()]
    return {
        "day": np.array([day.isoformat() for day, _ in flat], object),
        "rule": np.array([one.rule.value for _, one in flat], object),
        "cny": np.array([one.cny for _, one in flat], np.int64),
        "usd_exact": np.array([one.usd * SCALE for _, one in flat], np.int64),
    }
