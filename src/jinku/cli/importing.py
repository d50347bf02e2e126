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
    close: Annotated[bool, typer.Option(help="Close every day of the file, one after the other.")] = True,
    json: Json = False,
) -> None:
    """Post a bank's transactions, compare each end-of-day balance with the bank's own, close each day.
    1: unexplained differences."""
    import time

    from jinku.bootstrap.custody import CLOSES_DIRECTORY
    from jinku.custody.closing.vault import Vault
    from jinku.custody.czech.bank import import_files
    from jinku.custody.czech.closing import CloseParts, Closers, close_days
    from jinku.custody.czech.report import differences_csv, report_markdown

    progress = _progress if sys.stderr.isatty() and not json else _silent
    with any_house(data) as house:
        house.door.require_open()  # past records are no movements to decide about
        imported = import_files(house.ledger, directory, progress)
        report, closed = imported.report, None
        if close:
            parts = CloseParts(
                house.ledger, house.control, Vault(house.directory / CLOSES_DIRECTORY), time.time_ns
            )
            closed = close_days(parts, imported, Closers(), progress)
        house.publish()
    if report_directory is not None:
        report_directory.mkdir(parents=True, exist_ok=True)
        (report_directory / "report.md").write_text(report_markdown(report), encoding="utf-8")
        (report_directory / "differences.csv").write_text(differences_csv(report), encoding="utf-8")
    out = Output(json)

    def render() -> None:
        out.line(report_markdown(report).rstrip("\n"))
        if closed is not None:
            out.line("")
            out.pairs(closed.as_json(), "Days closed one by one")

    out.show({**report.as_json(differences=json), "closing": closed.as_json() if closed else None}, render)
    if report.unexplained or report.ledger_agrees != report.account_days or (closed and closed.problems):
        raise typer.Exit(Exit.REFUSED)


def _progress(stage: str, done: int, total: int) -> None:
    sys.stderr.write(f"\r\x1b[K{stage}: {done:,} of {total:,}" + ("\n" if done == total else ""))
    sys.stderr.flush()


def _silent(_stage: str, _done: int, _total: int) -> None:
    """Nobody watches."""
