"""`jinku drill …`: copy a house, restore it elsewhere, rebuild its state from the journal, and keep the record."""

import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from jinku.cli.failures import Exit
from jinku.cli.house import DATA_DEFAULT, Data, existing_house, require_house
from jinku.cli.options import By
from jinku.cli.output import Json, Output

if TYPE_CHECKING:
    from jinku.custody.retention.drills import Drill

drill_app = typer.Typer(
    name="drill",
    help="Restore drills: copy, restore, rebuild from the journal, record.",
    no_args_is_help=True,
)


@drill_app.command()
def restore(
    to: Annotated[Path, typer.Option("--to", help="A new directory for the copy.", file_okay=False)],
    by: By = "ops",
    data: Data = DATA_DEFAULT,
    json: Json = False,
) -> None:
    """Copy the house, running or not, restore it at --to and rebuild its state from the journal alone.

    Exit code 1 where anything differs or is lost. The record is kept in the house, and sealed in its log as soon as
    no other process writes that.
    """
    from jinku.base.database import Database
    from jinku.bootstrap.custody import DRILLS_FILE
    from jinku.custody.retention.drills import DrillBook, run_drill

    require_house(data)
    drill = run_drill(data, to, by, time.time_ns)
    with Database.open(data / DRILLS_FILE) as database:
        book = DrillBook(database)
        kept = book.keep(drill)
        _seal(data, book)
        kept = next(one for one in book.drills() if one.number == kept.number)
    _answer(kept, json)


@drill_app.command()
def check(
    data: Data = DATA_DEFAULT,
    json: Json = False,
) -> None:
    """Rebuild the state of a copy, made by whatever means, from its journal and compare. Nothing is written or
    signed."""
    from jinku.custody.retention.drills import check_copy

    require_house(data)
    found = check_copy(data)
    out = Output(json)
    value: dict[str, Any] = {
        "entries": found.entries,
        "accounts": found.accounts,
        "root": found.root,
        "state_sha256": found.state_sha256,
        "checkpoint_size": found.checkpoint_size,
        "differences": list(found.differences),
    }
    shown = {**value, "differences": "; ".join(found.differences) or "none"}
    out.show(value, lambda: out.pairs(shown))
    if found.differences:
        raise typer.Exit(Exit.REFUSED)


@drill_app.command("list")
def list_drills(data: Data = DATA_DEFAULT, json: Json = False) -> None:
    """List the drills of a house; those that wait are sealed where the house is at rest."""
    from jinku.base.database import Database
    from jinku.bootstrap.custody import DRILLS_FILE
    from jinku.custody.retention.drills import DrillBook

    require_house(data)
    with Database.open(data / DRILLS_FILE) as database:
        book = DrillBook(database)
        _seal(data, book)
        drills = book.drills()
    out = Output(json)
    columns = ("no. ", "began", "by", "entries ", "lost ", "passed", "log entry ")
    rows = [
        (
            one.number,
            one.document["began"],
            one.document["by"],
            one.document["entries"],
            one.document["lost_entries"],
            "yes" if one.passed else "no",
            one.entry if one.entry >= 0 else "waits",
        )
        for one in drills
    ]
    out.show([_document(one) for one in drills], lambda: out.table(columns, rows))


def _seal(data: Path, book: Any) -> None:
    """Seal what waits, unless another process writes the house's ledger."""
    from jinku.ledger.errors import LedgerLocked

    if all(one.entry >= 0 for one in book.drills()):
        return
    try:
        with existing_house(data) as house:
            book.seal_waiting(house.ledger)
            house.publish()
    except LedgerLocked:
        return


def _document(drill: "Drill") -> dict[str, Any]:
    return {
        "number": drill.number,
        "sealed_entry": drill.entry if drill.entry >= 0 else None,
        **drill.document,
    }


def _answer(drill: "Drill", json: bool) -> None:
    out, value = Output(json), _document(drill)
    shown = {**value, "differences": "; ".join(value["differences"]) or "none"}
    out.show(value, lambda: out.pairs(shown))
    if not drill.passed:
        raise typer.Exit(Exit.REFUSED)
