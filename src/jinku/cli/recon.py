"""`jinku recon …`: bank statements in, breaks out."""

from pathlib import Path
from typing import Annotated

import typer

from jinku.cli.failures import Exit
from jinku.cli.house import DATA_DEFAULT, Data, existing_house
from jinku.cli.output import Json, Output
from jinku.cli.recon_three import three_way

Reports = Annotated[Path | None, typer.Option("--out", help="Write reports to this folder.", file_okay=False)]

recon_app = typer.Typer(name="recon", help="Bank statements: read, check, reconcile.", no_args_is_help=True)
recon_app.command("three-way")(three_way)


@recon_app.command()
def statement(
    files: Annotated[list[Path], typer.Argument(help="Statement files.", dir_okay=False)],
    mapping: Annotated[
        list[Path] | None,
        typer.Option(help="A TOML file that describes a bank's CSV; may be given again.", dir_okay=False),
    ] = None,
    json: Json = False,
) -> None:
    """Read statements and check them: sums, sequence, duplicates. camt.052/053/054, MT940/942, BAI2 and CSV are told
    apart by content. Exit code 1 where a check finds something."""
    from jinku.cli.statements import read_statements

    value = read_statements(files, mapping or ())
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


@recon_app.command()
def run(
    file: Annotated[Path, typer.Argument(help="A statement file.", dir_okay=False)],
    account: Annotated[
        str, typer.Option(help="Our account that mirrors the bank's; the client pool's where left out.")
    ] = "0",
    entity: Annotated[int, typer.Option(help="The legal entity whose client pool it is.", min=1)] = 1,
    place: Annotated[int, typer.Option(help="Which statement of the file, from 0.", min=0)] = 0,
    data: Data = DATA_DEFAULT,
    out_directory: Reports = None,
    json: Json = False,
) -> None:
    """Take a statement in and reconcile it with the ledger, record by record. Exit code 1 where there are breaks."""
    from jinku.cli.inputs import parse_id
    from jinku.cli.reconciling import Against, reconcile_file, write_reconciliation
    from jinku.custody.reconciliation.report import reconciliation_markdown

    against, out = Against(entity, parse_id(account), place), Output(json)
    with existing_house(data) as house:
        document, result = reconcile_file(house, file, against)
    if out_directory is not None:
        write_reconciliation(out_directory, result)
    out.show(document, lambda: out.line(reconciliation_markdown(result).rstrip("\n")))
    if not result.is_clean:
        raise typer.Exit(Exit.REFUSED)


@recon_app.command()
def position(
    statement_file: Annotated[
        Path | None,
        typer.Option(
            "--statement", help="The bank's word on what it holds; our books' where left out.", dir_okay=False
        ),
    ] = None,
    entity: Annotated[int, typer.Option(help="Only this legal entity (0: all).", min=0)] = 0,
    data: Data = DATA_DEFAULT,
    out_directory: Reports = None,
    json: Json = False,
) -> None:
    """What is owed to clients against what the bank holds, by legal entity and currency. Exit code 1: a shortfall."""
    from jinku.cli.reconciling import positions_of, short, write_positions
    from jinku.custody.closing.position_report import positions_markdown

    out = Output(json)
    with existing_house(data) as house:
        document, found = positions_of(house, statement_file, entity)
    if out_directory is not None:
        write_positions(out_directory, found)
    out.show(document, lambda: out.line(positions_markdown(found).rstrip("\n")))
    if short(found):
        raise typer.Exit(Exit.REFUSED)
