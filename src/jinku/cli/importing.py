"""`jinku import …`: real records of others into a ledger, compared with their own figures."""

from pathlib import Path
from typing import Annotated

import typer

from jinku.cli.house import DATA_DEFAULT, Data
from jinku.cli.output import Json

import_app = typer.Typer(name="import", help="Post real records and compare.", no_args_is_help=True)


@import_app.command("czech-bank")
def czech_bank(
    directory: Annotated[Path, typer.Argument(help="Folder with the bank's files.", file_okay=False)],
    data: Data = DATA_DEFAULT,
    json: Json = False,
) -> None:
    """Post a bank's transactions and compare each account's end-of-day balance with the bank's own column."""
    raise NotImplementedError
