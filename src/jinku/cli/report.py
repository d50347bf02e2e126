"""`jinku report …`: the daily owners' file, the custody report, the monthly return, the yearly evidence; checking
them."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from jinku.cli.failures import Exit
from jinku.cli.house import DATA_DEFAULT, Data, existing_house
from jinku.cli.inputs import parse_day
from jinku.cli.options import CurrencyCode, Entity
from jinku.cli.output import Json, Output
from jinku.cli.pack import FontFolders, Keys

if TYPE_CHECKING:
    from jinku.custody.reports.fonts import Fonts
    from jinku.custody.reports.report import WrittenReport

report_app = typer.Typer(
    name="report", help="Reports for the bank, the supervisor and the auditor.", no_args_is_help=True
)

Out = Annotated[Path, typer.Option("--out", help="The folder to make.", file_okay=False)]
SettingsFile = Annotated[
    Path | None,
    typer.Option(
        "--settings",
        help="resolution.toml in the data directory where left out.",
        exists=True,
        dir_okay=False,
    ),
]


@report_app.command()
def owners(
    out: Annotated[
        Path, typer.Option("--out", help="The folder of all days, which the bank can pull.", file_okay=False)
    ],
    day: Annotated[
        str, typer.Option("--day", help="The business day it is for, YYYY-MM-DD; today where left out.")
    ] = "",
    settings: SettingsFile = None,
    data: Data = DATA_DEFAULT,
    json: Json = False,
) -> None:
    """Write the day's beneficial-owner file (12 CFR 370 Appendix C layout, and a readable CSV) into a folder of its
    own."""
    from jinku.custody.reports.daily import OwnersRequest, write_day
    from jinku.custody.reports.run import today

    with existing_house(data) as house:
        wanted = parse_day(day) if day else today(house, settings)
        made = write_day(house, OwnersRequest(out, wanted, settings))
    printer = Output(json)
    document = made.document()
    printer.show(document, lambda: printer.pairs(document))


@report_app.command()
def custody(
    month: Annotated[str, typer.Option("--month", help="YYYY-MM.")],
    out: Out,
    entity: Entity = 1,
    currency: CurrencyCode = "CNY",
    settings: SettingsFile = None,
    fonts: FontFolders = None,
    data: Data = DATA_DEFAULT,
    json: Json = False,
) -> None:
    """The custody report of a month (资金存管报告): volume, loans, balance, borrowers, lenders. 1: two ways
    disagree."""
    from jinku.custody.reports.run import Wanted, custody_of

    with existing_house(data) as house:
        wanted = Wanted(month, entity, currency, out, _fonts(fonts), settings)
        _show(custody_of(house, wanted), json)


@report_app.command()
def monthly(
    month: Annotated[str, typer.Option("--month", help="YYYY-MM.")],
    out: Out,
    entity: Entity = 1,
    currency: CurrencyCode = "CNY",
    settings: SettingsFile = None,
    fonts: FontFolders = None,
    data: Data = DATA_DEFAULT,
    json: Json = False,
) -> None:
    """The monthly safeguarding return: relevant funds, reconciliations, shortfalls, breaks. 1: two ways disagree."""
    from jinku.custody.reports.run import Wanted, monthly_of

    with existing_house(data) as house:
        wanted = Wanted(month, entity, currency, out, _fonts(fonts), settings)
        _show(monthly_of(house, wanted), json)


@report_app.command()
def yearly(
    year: Annotated[int, typer.Option("--year", help="The calendar year.", min=2000, max=2200)],
    out: Out,
    entity: Entity = 1,
    currency: CurrencyCode = "CNY",
    settings: SettingsFile = None,
    fonts: FontFolders = None,
    data: Data = DATA_DEFAULT,
    json: Json = False,
) -> None:
    """Yearly audit evidence: index of sealed records, controls tested now, samples with receipts. 1: one did not
    hold."""
    from jinku.custody.reports.run import Wanted, yearly_of

    with existing_house(data) as house:
        wanted = Wanted(str(year), entity, currency, out, _fonts(fonts), settings)
        _show(yearly_of(house, wanted), json)


@report_app.command()
def check(
    path: Annotated[
        Path, typer.Argument(help="A day's owners, the folder of all days, or a report's folder.")
    ],
    key: Keys = None,
    json: Json = False,
) -> None:
    """Check what was received, as whoever received it would. 1: something does not hold."""
    from jinku.verify.command import main

    given = [part for one in key or () for part in ("--key", one)]
    answer = main(["report", str(path), *given, *(["--json"] if json else [])])
    if answer:
        raise typer.Exit(Exit.REFUSED if answer == 1 else Exit.USAGE)


def _fonts(folders: list[Path] | None) -> "Fonts":
    from jinku.custody.reports.fonts import find_fonts

    return find_fonts(folders or ())


def _show(made: "WrittenReport", json: bool) -> None:
    printer = Output(json)
    document = made.document()

    def render() -> None:
        printer.pairs(made.figures)
        for one in made.missing:
            printer.line(f"missing 缺少: {one.en} {one.zh}")
        printer.line(str(made.sealed.path))

    printer.show(document, render)
    if not made.agreed:
        raise typer.Exit(Exit.REFUSED)
