"""`jinku risk market …`: what could be lost, whether estimates held, limits and the day's record."""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from jinku.cli.failures import Exit
from jinku.cli.house import DATA_DEFAULT, Data
from jinku.cli.inputs import parse_day
from jinku.cli.options import By
from jinku.cli.output import Json, Output
from jinku.cli.risk_desk import answer_done, opened_acts, risk_desks

if TYPE_CHECKING:
    from jinku.risk.market.backtest import BackTest, Statistic
    from jinku.risk.market.limits import MarketDesk
    from jinku.risk.market.measures import Measured, Question

market_app = typer.Typer(
    name="market",
    help="Market risk of the platform's own assets: VaR, limits, back-tests.",
    no_args_is_help=True,
)

Prices = Annotated[
    Path, typer.Option("--prices", help="CSV date,factor,price: every factor on every day.", dir_okay=False)
]
Positions = Annotated[
    Path, typer.Option("--positions", help="CSV factor,value in minor units.", dir_okay=False)
]
Level = Annotated[float, typer.Option("--level", help="Confidence, such as 0.99.", min=0.5, max=0.999999)]
Method = Annotated[
    str, typer.Option("--method", help="historical, parametric, monte_carlo, filtered; all: the first three.")
]
Portfolio = Annotated[str, typer.Option("--portfolio", help="Name of the portfolio.")]
Day = Annotated[str, typer.Option("--day", help="YYYY-MM-DD.")]
LimitNumber = Annotated[str, typer.Argument(metavar="KEY", help="Number of the limit.")]
PORTFOLIO_DEFAULT = "own-funds"
STANDARD_METHODS = ("historical", "parametric", "monte_carlo")


@market_app.command("var")
def value_at_risk(
    prices: Prices,
    positions: Positions,
    level: Level = 0.99,
    horizon: Annotated[int, typer.Option("--horizon", help="Days.", min=1, max=30)] = 1,
    method: Method = "all",
    json: Json = False,
) -> None:
    """Value at risk and expected shortfall of positions after the last day of prices."""
    found = [_measure(prices, positions, question) for question in _questions(method, level, horizon)]
    out = Output(json)
    columns = ("method", "level ", "days ", "value at risk ", "expected shortfall ", "cases ")
    rows = [
        (
            one.question.method,
            f"{one.question.level_ppm / 10_000:g} %",
            one.question.horizon_days,
            one.value_at_risk,
            one.expected_shortfall,
            one.cases or "formula",
        )
        for one in found
    ]
    out.show([_document(one) for one in found], lambda: out.table(columns, rows, "minor units"))


@market_app.command()
def backtest(
    prices: Prices,
    positions: Positions,
    level: Level = 0.99,
    window: Annotated[
        int, typer.Option("--window", help="Days that each estimate looks back.", min=20)
    ] = 250,
    method: Method = "all",
    json: Json = False,
) -> None:
    """Estimate each day from the days before it, and test the exceptions (Kupiec, Christoffersen, zone).

    Exit code 1 where a test rejects a method.
    """
    from jinku.risk.market.backtest import back_test, roll
    from jinku.risk.market.prices import read_positions, read_prices

    history, held, tested = read_prices(prices), read_positions(positions), {}
    for question in _questions(method, level, 1):
        losses, foreseen = roll(history, held, question, window)
        tested[question.method.value] = back_test(
            losses, [one.value_at_risk for one in foreseen], question.level_ppm
        )
    _show_tests(tested, json)


@market_app.command()
def propose(
    quantity: Annotated[str, typer.Argument(help="value_at_risk or expected_shortfall.")],
    warn: Annotated[int, typer.Option("--warn", help="Minor units above which it is a warning.", min=0)],
    stop: Annotated[int, typer.Option("--stop", help="Minor units above which it is a breach.", min=0)],
    day: Day,
    by: By,
    portfolio: Portfolio = PORTFOLIO_DEFAULT,
    data: Data = DATA_DEFAULT,
    json: Json = False,
) -> None:
    """Propose a limit that holds from --day on; another person approves it."""
    from jinku.risk.market.limits import Limit, Quantity

    if quantity not in list(Quantity):
        raise typer.BadParameter(f"{quantity} is not one of {', '.join(Quantity)}")
    with _desk(data) as desk:
        key = desk.propose(Limit(portfolio, Quantity(quantity), warn, stop, parse_day(day)), by=by)
    out = Output(json)
    out.show({"number": key}, lambda: out.line(key))


@market_app.command()
def approve(
    key: LimitNumber,
    by: By,
    data: Data = DATA_DEFAULT,
    json: Json = False,
) -> None:
    """Let a proposed limit hold."""
    with _desk(data) as desk:
        desk.approve(key, by=by)
    answer_done(key, "approved", json)


@market_app.command()
def reject(
    key: LimitNumber,
    by: By,
    data: Data = DATA_DEFAULT,
    json: Json = False,
) -> None:
    """Turn a proposed limit down."""
    with _desk(data) as desk:
        desk.reject(key, by=by)
    answer_done(key, "rejected", json)


@market_app.command()
def limits(data: Data = DATA_DEFAULT, json: Json = False) -> None:
    """List limits, those waiting for a second person among them."""
    from jinku.risk.market.limits import APPROVED, PROPOSED, REJECTED

    with _desk(data) as desk:
        found = [
            (state, key, one)
            for state in (PROPOSED, APPROVED, REJECTED)
            for key, one in desk.limits((state,))
        ]
    rows = [
        (key, state, one.portfolio, one.quantity.value, one.warn, one.stop, one.from_day.isoformat())
        for state, key, one in found
    ]
    out = Output(json)
    names = ("number", "state", "portfolio", "quantity", "warn", "stop", "from")
    value = [dict(zip(names, (*row[:4], str(row[4]), str(row[5]), row[6]), strict=True)) for row in rows]
    columns = ("number", "state", "portfolio", "quantity", "warn ", "stop ", "from")
    out.show(
        value,
        lambda: out.table(columns, rows) if rows else out.line("No limits yet: jinku risk market propose"),
    )


@market_app.command("day")
def keep_day(
    prices: Prices,
    positions: Positions,
    day: Day,
    by: By,
    level: Level = 0.99,
    portfolio: Portfolio = PORTFOLIO_DEFAULT,
    data: Data = DATA_DEFAULT,
    json: Json = False,
) -> None:
    """Measure, keep the day's figures and hold them against the limits. Exit code 1 on a breach."""
    from jinku.risk.market.limits import Source, Use

    found = [_measure(prices, positions, question) for question in _questions("all", level, 1)]
    source = Source(*(hashlib.sha256(path.read_bytes()).hexdigest() for path in (prices, positions)))
    with _desk(data) as desk:
        desk.keep(parse_day(day), portfolio, found, source, by=by)
        used = [use for one in found for use in desk.uses(portfolio, one, parse_day(day))]
    if any(one.use is Use.BREACH for one in used):
        from jinku.bootstrap.risk_raising import of_limits

        with risk_desks(data) as desks:
            desks.alerts.raise_(of_limits(used, parse_day(day)))
    out = Output(json)
    rows = [
        (
            one.measured.question.method.value,
            one.limit.quantity.value,
            one.amount,
            one.limit.stop,
            one.use.value,
        )
        for one in used
    ]
    value = {
        "measured": [_document(one) for one in found],
        "limits": [
            {"method": row[0], "quantity": row[1], "amount": str(row[2]), "stop": str(row[3]), "use": row[4]}
            for row in rows
        ],
    }
    columns = ("method", "quantity", "amount ", "limit ", "use")
    out.show(value, lambda: out.table(columns, rows) if rows else out.line("Kept. No limits are in force."))
    if any(one.use == Use.BREACH for one in used):
        raise typer.Exit(Exit.REFUSED)


@market_app.command()
def outcome(
    loss: Annotated[
        int, typer.Option("--loss", help="What was lost the day after, minor units; negative: earned.")
    ],
    day: Day,
    by: By,
    portfolio: Portfolio = PORTFOLIO_DEFAULT,
    data: Data = DATA_DEFAULT,
    json: Json = False,
) -> None:
    """Add what was really lost on the day that the figures of --day foresaw."""
    with _desk(data) as desk:
        desk.record_outcome(parse_day(day), portfolio, loss, by=by)
    answer_done(day, "outcome kept", json)


@market_app.command("tested")
def kept_record(
    level: Level = 0.99,
    portfolio: Portfolio = PORTFOLIO_DEFAULT,
    data: Data = DATA_DEFAULT,
    json: Json = False,
) -> None:
    """Back-test the figures that were kept day by day. Exit code 1 where a test rejects a method."""
    from jinku.risk.market import measures

    with _desk(data) as desk:
        found = {
            name: desk.tested(portfolio, measures.Method(name), round(level * 1_000_000))
            for name in STANDARD_METHODS
        }
    _show_tests(found, json)


@contextmanager
def _desk(data: Path) -> "Iterator[MarketDesk]":
    from jinku.risk.market.limits import MarketDesk

    with opened_acts(data) as book:
        yield MarketDesk(book)


def _questions(method: str, level: float, horizon: int) -> "list[Question]":
    from jinku.risk.market import measures

    names = STANDARD_METHODS if method == "all" else (method,)
    if any(name not in list(measures.Method) for name in names):
        raise typer.BadParameter(f"{method} is not one of {', '.join(measures.Method)}, all")
    return [
        measures.Question(measures.Method(name), round(level * 1_000_000), horizon_days=horizon)
        for name in names
    ]


def _measure(prices: Path, positions: Path, question: "Question") -> "Measured":
    from jinku.risk.market.measures import measure
    from jinku.risk.market.prices import read_positions, read_prices

    return measure(read_prices(prices), read_positions(positions), question)


def _document(one: "Measured") -> dict[str, Any]:
    return {
        "method": one.question.method.value,
        "level": one.question.level_ppm / 1_000_000,
        "horizon_days": one.question.horizon_days,
        "value_at_risk": str(one.value_at_risk),
        "expected_shortfall": str(one.expected_shortfall),
        "cases": one.cases,
    }


def _show_tests(found: "dict[str, BackTest]", json: bool) -> None:
    def said(one: "Statistic") -> str:
        return f"{one.ratio:.2f} (p {one.p_value:.3f}{', rejected' if one.rejects else ''})"

    value = {
        name: {
            "days": one.days,
            "exceptions": len(one.exceptions),
            "expected": one.expected,
            "kupiec": one.coverage._asdict(),
            "christoffersen": one.independence._asdict(),
            "conditional": one.conditional._asdict(),
            "zone": one.zone.name if one.zone else "",
            "holds": one.holds,
        }
        for name, one in found.items()
    }
    rows = [
        (
            name,
            one.days,
            f"{len(one.exceptions)} of {one.expected:.1f}",
            said(one.coverage),
            said(one.independence),
            said(one.conditional),
            one.zone.name if one.zone else "–",
        )
        for name, one in found.items()
    ]
    out = Output(json)
    columns = ("method", "days ", "exceptions ", "coverage", "independence", "both", "zone")
    out.show(value, lambda: out.table(columns, rows))
    if not all(one.holds for one in found.values()):
        raise typer.Exit(Exit.REFUSED)
