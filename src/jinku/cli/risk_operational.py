"""`jinku risk loss|kri|duty …`: losses that happened, indicators of those that may, and duties that fall due."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from jinku.cli.failures import Exit
from jinku.cli.house import DATA_DEFAULT, Data, existing_house
from jinku.cli.inputs import parse_day
from jinku.cli.output import Json, Output
from jinku.cli.risk_desk import answer_done, opened_acts

if TYPE_CHECKING:
    from jinku.risk.acts.book import ActBook
    from jinku.risk.operational.duties import DutyOffice
    from jinku.risk.operational.indicators import IndicatorDesk
    from jinku.risk.operational.losses import LossDesk

loss_app = typer.Typer(
    name="loss", help="Operational losses: report, recover, close, sum up.", no_args_is_help=True
)
kri_app = typer.Typer(name="kri", help="Key risk indicators: observe and look.", no_args_is_help=True)
duty_app = typer.Typer(name="duty", help="The legal calendar: what falls due.", no_args_is_help=True)

CNY = 156
By = Annotated[str, typer.Option("--by", help="Id of the person or program.")]
Table = Annotated[Path | None, typer.Option("--table", help="TOML of one's own indicators.")]
Text = Annotated[str, typer.Option("--text", help="What happened; it can be erased after its term.")]
Key = Annotated[str, typer.Argument(help="Number of the event.")]


@loss_app.command("report")
def report_loss(
    kind: Annotated[str, typer.Argument(help="Basel event type, such as external_fraud.")],
    gross: Annotated[int, typer.Option("--gross", help="Minor units; 0 for a near miss.", min=0)],
    occurred: Annotated[str, typer.Option("--occurred", help="Day it happened, YYYY-MM-DD.")],
    found: Annotated[str, typer.Option("--found", help="Day it was found, YYYY-MM-DD.")],
    text: Text,
    by: By,
    line: Annotated[str, typer.Option("--line", help="Line of business.")] = "payments",
    data: Data = DATA_DEFAULT,
    json: Json = False,
) -> None:
    """Report a loss event in CNY; prints its number."""
    from jinku.risk.operational.losses import Loss
    from jinku.risk.operational.table import LossType

    if kind not in list(LossType):
        raise typer.BadParameter(f"{kind} is not one of {', '.join(LossType)}")
    with opened_acts(data) as book:
        key = _losses(book).report(
            Loss(
                LossType(kind),
                line,
                156,
                parse_day(occurred, "--occurred"),
                parse_day(found, "--found"),
                gross,
            ),
            text,
            by=by,
        )
    out = Output(json)
    out.show({"number": key}, lambda: out.line(key))


@loss_app.command("revise")
def revise_loss(
    key: Key,
    gross: Annotated[int, typer.Option("--gross", help="Minor units.", min=0)],
    text: Text,
    by: By,
    data: Data = DATA_DEFAULT,
    json: Json = False,
) -> None:
    """Another gross loss, and why."""
    with opened_acts(data) as book:
        _losses(book).revise(key, gross, text, by=by)
    answer_done(key, "revised", json)


@loss_app.command("recover")
def recover_loss(
    key: Key,
    amount: Annotated[int, typer.Option("--amount", help="Minor units that came back.", min=1)],
    by: By,
    insurance: Annotated[bool, typer.Option("--insurance", help="From an insurer.")] = False,
    data: Data = DATA_DEFAULT,
    json: Json = False,
) -> None:
    """Add what came back."""
    from jinku.risk.operational.losses import Recovery

    with opened_acts(data) as book:
        source = Recovery.INSURANCE if insurance else Recovery.OTHER
        _losses(book).recover(key, amount, source, by=by)
    answer_done(key, "recovery kept", json)


@loss_app.command("close")
def close_loss(key: Key, text: Text, by: By, data: Data = DATA_DEFAULT, json: Json = False) -> None:
    """Close an event with its cause; another person than the one who reported it."""
    with opened_acts(data) as book:
        _losses(book).close(key, text, by=by)
    answer_done(key, "closed", json)


@loss_app.command("list")
def list_losses(data: Data = DATA_DEFAULT, json: Json = False) -> None:
    """List loss events."""
    with opened_acts(data) as book:
        found = list(_losses(book).events())
    out = Output(json)
    rows = [
        (
            one.key,
            "open" if one.is_open else "closed",
            one.loss.kind.value,
            one.loss.line,
            one.loss.occurred,
            one.accounted,
            one.loss.gross,
            one.net,
        )
        for one in found
    ]
    names = ("number", "state", "kind", "line", "occurred", "accounted", "gross", "net")
    value = [dict(zip(names, map(str, row), strict=True)) for row in rows]
    columns = (*names[:6], "gross ", "net ")
    out.show(
        value, lambda: out.table(columns, rows) if rows else out.line("No losses: jinku risk loss report")
    )


@loss_app.command("sum")
def sum_losses(
    first: Annotated[str, typer.Option("--from", help="First day they were accounted, YYYY-MM-DD.")],
    last: Annotated[str, typer.Option("--to", help="Last day.")],
    data: Data = DATA_DEFAULT,
    json: Json = False,
) -> None:
    """Losses of a period by kind."""
    from jinku.risk.operational.losses import sums
    from jinku.risk.operational.table import LOSS_NAMES

    with opened_acts(data) as book:
        found = sums(_losses(book).events(), parse_day(first, "--from"), parse_day(last, "--to"))
    out = Output(json)
    rows = [
        (*LOSS_NAMES[one.kind], one.currency, one.events, one.near_misses, one.gross, one.net)
        for one in found
    ]
    value: list[dict[str, Any]] = [
        {
            "kind": one.kind.value,
            "currency": one.currency,
            "events": one.events,
            "near_misses": one.near_misses,
            "gross": str(one.gross),
            "net": str(one.net),
        }
        for one in found
    ]
    columns = ("kind", "类型", "currency ", "events ", "near misses ", "gross ", "net ")
    out.show(value, lambda: out.table(columns, rows) if rows else out.line("No losses in this period."))


@kri_app.command("observe")
def observe(
    values: Annotated[list[str], typer.Argument(help="NAME=VALUE, as many as there are.")],
    by: By,
    table: Table = None,
    data: Data = DATA_DEFAULT,
    json: Json = False,
) -> None:
    """Keep values of indicators; all or none. Exit code 1 where one is red."""
    from jinku.risk.operational.indicators import Colour

    given: dict[str, int] = {}
    for one in values:
        name, _, text = one.partition("=")
        if not text.lstrip("-").isdecimal() or name in given:
            raise typer.BadParameter(f"{one} is not NAME=WHOLE NUMBER, or given twice")
        given[name] = int(text)
    with opened_acts(data) as book:
        colours = _indicators(book, table).observe(given, by=by)
    out = Output(json)
    shown = {name: colour.name.lower() for name, colour in colours.items()}
    out.show(shown, lambda: out.pairs(shown))
    if Colour.RED in colours.values():
        raise typer.Exit(Exit.REFUSED)


@kri_app.command("show")
def show_indicators(
    table: Table = None,
    data: Data = DATA_DEFAULT,
    json: Json = False,
) -> None:
    """Every indicator with its latest value and colour."""
    from jinku.base.clock import to_rfc3339

    with opened_acts(data) as book:
        found = _indicators(book, table).readings()
    out = Output(json)
    rows = [
        (
            one.indicator.name,
            one.indicator.chinese,
            "–" if one.value is None else one.value,
            one.indicator.unit,
            one.colour.name.lower() if one.colour is not None else "never observed",
            "worse" if one.worse else "stale" if one.stale else "",
            to_rfc3339(one.at) if one.at else "",
        )
        for one in found
    ]
    names = ("name", "chinese", "value", "unit", "colour", "note", "at")
    value = [dict(zip(names, map(str, row), strict=True)) for row in rows]
    out.show(value, lambda: out.table(("indicator", "指标", "value ", "unit", "colour", "", "at"), rows))


@duty_app.command("arise")
def arise(
    name: Annotated[str, typer.Argument(help="Name of the duty.")],
    reference: Annotated[str, typer.Argument(help="What it is about: an opaque reference.")],
    started: Annotated[str, typer.Option("--started", help="Day of the event, YYYY-MM-DD.")],
    by: By,
    data: Data = DATA_DEFAULT,
    json: Json = False,
) -> None:
    """An event starts a duty."""
    with opened_duties(data) as office:
        office.arise(name, reference, parse_day(started, "--started"), by=by)
    answer_done(f"{name} {reference}", "arisen", json)


@duty_app.command("done")
def done(
    name: Annotated[str, typer.Argument(help="Name of the duty.")],
    reference: Annotated[str, typer.Argument(help="What it is about, as listed.")],
    evidence: Annotated[Path, typer.Option("--evidence", help="The file that shows it; its digest is kept.")],
    by: By,
    data: Data = DATA_DEFAULT,
    json: Json = False,
) -> None:
    """Say that a duty is done."""
    import hashlib

    if not evidence.is_file():
        raise typer.BadParameter(f"{evidence} is not a file")
    digest = hashlib.sha256(evidence.read_bytes()).hexdigest()
    with opened_duties(data) as office:
        office.done(name, reference, digest, by=by)
    answer_done(f"{name} {reference}", "done", json)


@duty_app.command("list")
def list_duties(
    day: Annotated[str, typer.Option("--day", help="As of this day; today where left out.")] = "",
    data: Data = DATA_DEFAULT,
    json: Json = False,
) -> None:
    """What is to be done, overdue first. Exit code 1 where something is overdue."""
    from jinku.risk.operational.duties import Urgency

    with opened_duties(data) as office:
        found = office.agenda(parse_day(day) if day else None)
    out = Output(json)
    rows = [
        (
            one.urgency.value,
            one.row.name,
            one.row.chinese,
            one.reference,
            f"{one.due}{' (provisional)' if one.provisional else ''}",
            one.row.source,
        )
        for one in found
    ]
    names = ("urgency", "name", "chinese", "reference", "due", "source")
    value = [dict(zip(names, row, strict=True)) for row in rows]
    columns = ("", "duty", "事项", "about", "due", "source")
    out.show(value, lambda: out.table(columns, rows) if rows else out.line("Nothing falls due."))
    if any(one.urgency == Urgency.OVERDUE for one in found):
        raise typer.Exit(Exit.REFUSED)


def _losses(book: "ActBook") -> "LossDesk":
    from jinku.base.clock import day_of
    from jinku.risk.operational.losses import LossDesk

    return LossDesk(book, lambda: day_of(book.clock()))


def _indicators(book: "ActBook", table: Path | None) -> "IndicatorDesk":
    from jinku.risk.operational.indicators import IndicatorDesk, read_indicators
    from jinku.risk.operational.table import INDICATORS

    return IndicatorDesk(book, read_indicators(table) if table else INDICATORS, book.clock)


@contextmanager
def opened_duties(data: Path) -> "Iterator[DutyOffice]":
    """The office of a house, whose own months and years count from its first entry."""
    from jinku.base.clock import day_of
    from jinku.risk.acts.book import ActBook
    from jinku.risk.operational.duties import DutyOffice
    from jinku.risk.operational.table import DUTIES

    with existing_house(data) as house:
        ledger = house.ledger
        since = int(ledger.entries(0, 1)["timestamp"][0]) if ledger.size() else time.time_ns()
        book = ActBook(house.control, ledger, time.time_ns)
        yield DutyOffice(book, DUTIES, day_of(since), lambda: day_of(time.time_ns()))
        house.publish()
