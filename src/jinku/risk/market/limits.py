"""Limits on what may be lost, and the daily record of what was foreseen and what came.

Rules:

1. A limit is proposed by one person and approved by another; it holds from its day on, until a later one of the same
   portfolio and measure. Nothing is changed in place.
2. Above `warn` a figure is a warning, above `stop` a breach; a figure equal to either is within.
3. A day's figures are kept once for each portfolio and question, with the digests of the prices and positions they came
   from; what was really lost is added when it is known, once. The back-test reads this record, not a recomputation.
4. Every act is sealed in the log with the others of the risk room.

Example::

    desk = MarketDesk(book)
    key = desk.propose(Limit("own-funds", Quantity.VALUE_AT_RISK, 40_000_00, 50_000_00, day), by="risk-1")
    desk.approve(key, by="board-2")
    desk.keep(day, "own-funds", (measured,), Source(prices_sha256, positions_sha256), by="jinku")
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Any, NamedTuple

from jinku.base.persons import same_person
from jinku.risk.acts.book import ActBook
from jinku.risk.acts.model import Act, Standing
from jinku.risk.market.backtest import BackTest, back_test
from jinku.risk.market.errors import LimitRefused
from jinku.risk.market.measures import Measured, Method, Question

LIMIT = "market_limit"
DAY = "market_day"
PROPOSED, APPROVED, REJECTED = "proposed", "approved", "rejected"
FORESEEN, KNOWN = "foreseen", "known"
PORTFOLIO_CHARACTERS_MAX = 40


class Quantity(StrEnum):
    """What is limited."""

    VALUE_AT_RISK = "value_at_risk"
    EXPECTED_SHORTFALL = "expected_shortfall"


class Use(StrEnum):
    """How much of a limit is used."""

    WITHIN = "within"
    WARNING = "warning"
    BREACH = "breach"


@dataclass(frozen=True, slots=True)
class Limit:
    """What a portfolio may lose; amounts in minor units of its currency."""

    portfolio: str
    quantity: Quantity
    warn: int
    stop: int
    from_day: date


class Source(NamedTuple):
    """SHA-256 of what figures came from, hexadecimal."""

    prices: str
    positions: str


@dataclass(frozen=True, slots=True)
class Used:
    """A day's figure against the limit in force."""

    limit: Limit
    measured: Measured
    amount: int
    use: Use


class MarketDesk:
    """See the module's rules."""

    def __init__(self, book: ActBook) -> None:
        self._book = book

    # --- limits --------------------------------------------------------------------------------------------------

    def propose(self, limit: Limit, *, by: str) -> str:
        """Propose a limit; its number. Raises LimitRefused, BadAct."""
        if not 0 < len(limit.portfolio) <= PORTFOLIO_CHARACTERS_MAX or "/" in limit.portfolio:
            raise LimitRefused(
                f"portfolio {limit.portfolio[:50]!r} is no name", remedy="1 to 40 characters, no /"
            )
        if not 0 <= limit.warn <= limit.stop:
            raise LimitRefused(
                f"warn {limit.warn} and stop {limit.stop} are not in order", remedy="0 ≤ warn ≤ stop"
            )
        facts = {
            "portfolio": limit.portfolio,
            "quantity": limit.quantity.value,
            "warn": str(limit.warn),
            "stop": str(limit.stop),
            "from": limit.from_day.isoformat(),
        }
        with self._book.writing() as page:
            key = page.new_key(LIMIT)
            page.add((LIMIT, key), by, ("propose", facts), Standing(PROPOSED, limit.portfolio, by))
        return key

    def approve(self, key: str, *, by: str) -> None:
        """Let a proposed limit hold. Raises LimitRefused."""
        self._decide(key, by, APPROVED)

    def reject(self, key: str, *, by: str) -> None:
        """Turn a proposed limit down. Raises LimitRefused."""
        self._decide(key, by, REJECTED)

    def _decide(self, key: str, by: str, state: str) -> None:
        with self._book.writing() as page:
            acts = page.history(LIMIT, key)
            if len(acts) != 1:
                raise LimitRefused(f"limit {key} is not waiting", remedy="see `jinku risk market limits`")
            if same_person(by, acts[0].by):
                raise LimitRefused(f"{by} proposed limit {key}", remedy="another person decides")
            about = str(acts[0].body["portfolio"])
            page.add((LIMIT, key), by, (state, {}), Standing(state, about, acts[0].by))

    def limits(self, states: Sequence[str] = (APPROVED,)) -> Iterator[tuple[str, Limit]]:
        """Limits with their numbers, in the order they were proposed in."""
        keys = self._book.keys(LIMIT, states=states)
        for acts in self._book.histories(LIMIT, keys):
            yield acts[0].key, _limit(acts[0].body)

    def in_force(self, portfolio: str, quantity: Quantity, day: date) -> Limit | None:
        """The approved limit that holds on `day`; of two from the same day the one proposed later."""
        fitting = [
            one
            for _, one in self.limits()
            if (one.portfolio, one.quantity) == (portfolio, quantity) and one.from_day <= day
        ]
        return max(enumerate(fitting), key=lambda pair: (pair[1].from_day, pair[0]))[1] if fitting else None

    def uses(self, portfolio: str, measured: Measured, day: date) -> list[Used]:
        """The figures of `measured` against the limits in force on `day`."""
        found = []
        for quantity in Quantity:
            limit = self.in_force(portfolio, quantity, day)
            if limit is not None:
                amount = int(getattr(measured, quantity.value))
                use = (
                    Use.BREACH if amount > limit.stop else Use.WARNING if amount > limit.warn else Use.WITHIN
                )
                found.append(Used(limit, measured, amount, use))
        return found

    # --- days ----------------------------------------------------------------------------------------------------

    def keep(
        self, day: date, portfolio: str, measured: Sequence[Measured], source: Source, *, by: str
    ) -> None:
        """Keep a day's figures. Raises LimitRefused where they are kept already."""
        place = (DAY, f"{portfolio}/{day}")
        facts = {"source": source._asdict(), "measured": [_said(one) for one in measured]}
        with self._book.writing() as page:
            if page.history(*place):
                raise LimitRefused(f"{portfolio} has figures for {day}", remedy="a day is measured once")
            page.add(place, by, ("foresee", facts), Standing(FORESEEN, portfolio, by))

    def record_outcome(self, day: date, portfolio: str, loss: int, *, by: str) -> None:
        """Add what was really lost on the day that the figures of `day` foresaw. Raises LimitRefused."""
        place = (DAY, f"{portfolio}/{day}")
        with self._book.writing() as page:
            if len(page.history(*place)) != 1:
                raise LimitRefused(
                    f"{portfolio} on {day} waits for no outcome",
                    remedy="keep the day's figures first; once a day",
                )
            page.add(place, by, ("outcome", {"loss": str(loss)}), Standing(KNOWN, portfolio, by))

    def tested(self, portfolio: str, method: Method, level_ppm: int) -> BackTest:
        """The back-test of the kept one-day figures of one method and level. Raises BadMeasure."""
        losses, foreseen = list[int](), list[int]()
        keys = self._book.keys(DAY, states=(KNOWN,), about=portfolio)
        for acts in self._book.histories(DAY, keys):
            for said in acts[0].body["measured"]:
                if (said["method"], said["level_ppm"], said["horizon_days"]) == (method.value, level_ppm, 1):
                    losses.append(int(acts[1].body["loss"]))
                    foreseen.append(int(said["value_at_risk"]))
        return back_test(losses, foreseen, level_ppm)


def fold_limit(acts: Sequence[Act]) -> Standing:
    """Where a limit stands by its acts, for the audit."""
    state = PROPOSED if len(acts) == 1 else acts[-1].what
    return Standing(state, str(acts[0].body["portfolio"]), acts[0].by)


def fold_day(acts: Sequence[Act]) -> Standing:
    """Where a day of a portfolio stands by its acts, for the audit."""
    return Standing(FORESEEN if len(acts) == 1 else KNOWN, acts[0].key.rsplit("/", 1)[0], acts[-1].by)


def _said(measured: Measured) -> dict[str, Any]:
    question = measured.question
    return {
        "method": question.method.value,
        "level_ppm": question.level_ppm,
        "horizon_days": question.horizon_days,
        "draws": question.draws if question.method == Method.MONTE_CARLO else 0,
        "seed": question.seed if question.method == Method.MONTE_CARLO else 0,
        "value_at_risk": str(measured.value_at_risk),
        "expected_shortfall": str(measured.expected_shortfall),
        "cases": measured.cases,
    }


def _limit(facts: Any) -> Limit:
    return Limit(
        facts["portfolio"],
        Quantity(facts["quantity"]),
        int(facts["warn"]),
        int(facts["stop"]),
        date.fromisoformat(facts["from"]),
    )


__all__ = ["Limit", "MarketDesk", "Quantity", "Question", "Source", "Use", "Used", "fold_day", "fold_limit"]
