"""`jinku recon …`: bank statements in, breaks out."""

from pathlib import Path
from typing import Annotated

import typer

from jinku.cli.failures import Exit
from jinku.cli.output import Json, Output

recon_app = typer.Typer(name="recon", help="Bank statements: read, check, reconcile.", no_args_is_help=True)


@recon_app.command()
def statement(
    files: Annotated[list[Path], typer.Argument(help="camt.053 files.", dir_okay=False)], json: Json = False
) -> None:
    """Read camt.053 statements and check them: sums, sequence, duplicates. Exit code 1 where a check finds
    something."""
    from jinku.cli.statements import read_statements

    value = read_statements(files)
    out = Output(json)

    def render() -> None:
        columns = ("file", "account", "no. ", "from", "to", "entries ", "opening ", "closing ")
        out.table(columns, [tuple(row.values())[: len(columns)] for row in value["statements"]])
        if value["findings"]:
            out.table(
                ("check", "place", "problem"), [tuple(row.values()) for row in value["findings"]], "Findings"
            )

    out.show(value, render)
    if value["findings"]:
        raise typer.Exit(Exit.REFUSED)
