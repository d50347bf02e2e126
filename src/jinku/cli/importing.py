"""`jinku import …`: real records of others into a ledger, compared with their own figures."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from jinku.cli.failures import Exit
from jinku.cli.house import DATA_DEFAULT, Data, any_house
from jinku.cli.output import Json, Output

import_app = typer.Typer(name="import", help="Post real records and compare.", no_args_is_help=True)


@import_app.command("czech-bank")
def czech_bank(
    directory: Annotated[Path, typer.Argument(help="Folder with the bank's files.", file_okay=False)],
    data: Data = DATA_DEFAULT,
    report_directory: Annotated[
        Path | None,
        typer.Option("--out", help="Write report.md and differences.csv to this folder.", file_okay=False),
    ] = None,
    json: Json = False,
) -> None:
    """Post a bank's transactions; compare each end-of-day balance with the bank's own. 1: unexplained differences."""
    from jinku.custody.czech.bank import import_czech_bank
    from jinku.custody.czech.report import differences_csv, report_markdown

    with any_house(data) as house:
        report = import_czech_bank(
            house.ledger, directory, _progress if sys.stderr.isatty() and not json else _silent
        )
        house.publish()
    if report_directory is not None:
        report_directory.mkdir(parents=True, exist_ok=True)
        (report_directory / "report.md").write_text(report_markdown(report), encoding="utf-8")
        (report_directory / "differences.csv").write_text(differences_csv(report), encoding="utf-8")
    out = Output(json)
    out.show(report.as_json(differences=json), lambda: out.line(report_markdown(report).rstrip("\n")))
    if report.unexplained or report.ledger_agrees != report.account_days:
        raise typer.Exit(Exit.REFUSED)


def _progress(stage: str, done: int, total: int) -> None:
    sys.stderr.write(f"\r\x1b[K{stage}: {done:,} of {total:,}" + ("\n" if done == total else ""))
    sys.stderr.flush()


def _silent(_stage: str, _done: int, _total: int) -> None:
    """Nobody watches."""
