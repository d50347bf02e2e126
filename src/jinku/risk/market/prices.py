"""Prices of risk factors by day, and positions in them.

Rules:

1. Prices come as CSV ``date,factor,price``; every factor has one on every day of the file. A gap, a price that is not
   above zero or a day given twice is refused with its line: what is missing is never filled in.
2. Positions come as CSV ``factor,value``: what the position is worth today in minor units of the portfolio's currency,
   negative where it is owed.
3. The change of a factor from one day to the next is simple, price over price less one, so that a position's profit is
   its value times the change.

Example::

    history = read_prices(Path("prices.csv"))
    history.changes(horizon_days=10).shape  # (days - 10, factors)
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from jinku.base.csvfile import read_rows
from jinku.base.errors import InputError
from jinku.risk.market.errors import NotPriced

DIGITS_MAX = 18
Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class PriceHistory:
    """Prices, shape (days, factors), in order of days; factors in the order of their names."""

    days: tuple[date, ...]
    factors: tuple[str, ...]
    prices: Floats

    def changes(self, horizon_days: int = 1) -> Floats:
        """Simple changes over `horizon_days`, overlapping: shape (days − horizon, factors)."""
        return self.prices[horizon_days:] / self.prices[:-horizon_days] - 1.0

    def values(self, positions: Mapping[str, int]) -> Floats:
        """`positions` in the order of the factors, minor units. Raises NotPriced."""
        unknown = sorted(set(positions) - set(self.factors))
        if unknown:
            raise NotPriced(unknown)
        return np.array([float(positions.get(name, 0)) for name in self.factors])

    def until(self, count: int) -> "PriceHistory":
        """The first `count` days."""
        return PriceHistory(self.days[:count], self.factors, self.prices[:count])


def read_prices(path: Path) -> PriceHistory:
    """The file's prices. Raises InputError."""
    found: dict[date, dict[str, float]] = {}
    for line, row in read_rows(path, ("date", "factor", "price")):
        day = _day(path, line, row["date"])
        factor = row["factor"]
        if not factor:
            raise InputError("is empty", file=path.name, line=line, field="factor")
        if factor in found.setdefault(day, {}):
            raise InputError(
                f"has a second price on {day}", file=path.name, line=line, field="factor", value=factor
            )
        found[day][factor] = _price(path, line, row["price"])
    if not found:
        raise InputError("has no prices", file=path.name, remedy="give rows of date,factor,price")
    days = sorted(found)
    factors = sorted({name for prices in found.values() for name in prices})
    for day in days:
        gaps = [name for name in factors if name not in found[day]]
        if gaps:
            raise InputError(
                f"has no price of {gaps[0]} on {day}", file=path.name, remedy="give every factor on every day"
            )
    table = np.array([[found[day][name] for name in factors] for day in days])
    return PriceHistory(tuple(days), tuple(factors), table)


def read_positions(path: Path) -> dict[str, int]:
    """The file's positions by factor, minor units. Raises InputError."""
    found: dict[str, int] = {}
    for line, row in read_rows(path, ("factor", "value")):
        factor, text = row["factor"], row["value"]
        if not factor or factor in found:
            raise InputError(
                "is empty or given twice", file=path.name, line=line, field="factor", value=factor
            )
        if not text.lstrip("-").isdecimal() or len(text) > DIGITS_MAX:
            raise InputError(
                "is not a whole number of minor units",
                file=path.name,
                line=line,
                field="value",
                value=text[:40],
            )
        found[factor] = int(text)
    if not found:
        raise InputError("has no positions", file=path.name, remedy="give rows of factor,value")
    return found


def _day(path: Path, line: int, text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise InputError("is no date", file=path.name, line=line, field="date", value=text[:40]) from None


def _price(path: Path, line: int, text: str) -> float:
    try:
        price = float(text)
    except ValueError:
        price = float("nan")
    if not 0.0 < price < float("inf"):
        raise InputError("is no price above zero", file=path.name, line=line, field="price", value=text[:40])
    return price
