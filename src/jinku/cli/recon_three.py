"""`jinku recon three-way`: platform books, ledger and bank statement against one another."""

from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from jinku.cli.failures import Exit
from jinku.cli.house import DATA_DEFAULT, Data, existing_house
from jinku.cli.inputs import parse_day
from jinku.cli.output import Json, Output

if TYPE_CHECKING:
    from jinku.bootstrap import House
    from jinku.custody.reconciliation.outcome import ThreeWay


@dataclass(frozen=True, slots=True)
class Asked:
    """The files that take part and how they are to be read."""

    statement: Path | None
    platform: Path | None
    mapping: Path | None
    rules: Path | None
    carried: Path | None
    account: int
    entity: int
    first: date | None
    last: date | None


def three_way(
    platform: Annotated[
        Path | None, typer.Option(help="The platform's export, a CSV file.", dir_okay=False)
    ] = None,
    statement: Annotated[Path | None, typer.Option(help="The bank's statement file.", dir_okay=False)] = None,
    mapping: Annotated[
        Path | None, typer.Option(help="The layout of the platform's export, a TOML file.", dir_okay=False)
    ] = None,
    rules: Annotated[Path | None, typer.Option(help="A table of rules of your own.", dir_okay=False)] = None,
    carried: Annotated[
        Path | None, typer.Option(help="What the day before left open: its carried.json.", dir_okay=False)
    ] = None,
    account: Annotated[
        str, typer.Option(help="Our account that mirrors the bank's; the client pool's where left out.")
    ] = "0",
    entity: Annotated[int, typer.Option(help="The legal entity whose client pool it is.", min=1)] = 1,
    first: Annotated[
        str, typer.Option("--from", help="First day of ours; the statement's where left out.")
    ] = "",
    last: Annotated[str, typer.Option("--to", help="Last day; the statement's where left out.")] = "",
    data: Data = DATA_DEFAULT,
    out: Annotated[
        Path | None,
        typer.Option("--out", help="Write report, CSV, Parquet and evidence here.", file_okay=False),
    ] = None,
    json: Json = False,
) -> None:
    """Reconcile three sides, per movement and per balance. Exit code 1 where there are breaks. Nothing is kept."""
    from jinku.cli.inputs import parse_id
    from jinku.custody.reconciliation.files import three_way_markdown, write_files

    asked = Asked(
        statement,
        platform,
        mapping,
        rules,
        carried,
        parse_id(account),
        entity,
        parse_day(first, "--from") if first else None,
        parse_day(last, "--to") if last else None,
    )
    with existing_house(data) as house:
        result = compare(house, asked)
    if out is not None:
        write_files(out, result)
    Output(json).show(_document(result), lambda: Output(False).line(three_way_markdown(result).rstrip("\n")))
    if not result.is_clean:
        raise typer.Exit(Exit.REFUSED)


def compare(house: "House", asked: Asked) -> "ThreeWay":
    """Read the files, take our side from the ledger, and reconcile. Raises InputError, BadRecords, BadRules."""
    from jinku.base.errors import InputError
    from jinku.custody.reconciliation.carried import Carried
    from jinku.custody.reconciliation.platform import PlatformMapping, platform_mapping, read_platform
    from jinku.custody.reconciliation.records import Sides
    from jinku.custody.reconciliation.rules import load_rules
    from jinku.custody.reconciliation.sources import (
        Period,
        ledger_records,
        statement_balances,
        statement_records,
    )
    from jinku.custody.reconciliation.three_way import reconcile_sides
    from jinku.custody.statements.formats import ReadOptions, read_statement
    from jinku.custody.statements.formats.csv import mappings_in
    from jinku.custody.structure.chart import Chart
    from jinku.custody.structure.table import Kind

    if asked.statement is None:
        raise InputError("is missing", field="--statement", remedy="name the bank's statement file")
    options = ReadOptions().with_mappings(mappings_in(house.directory / "mappings"))
    statements = read_statement(asked.statement.read_bytes(), asked.statement.name, options)
    if len({(one.account, one.currency.code) for one in statements}) != 1:
        raise InputError(
            "has statements of several accounts", file=asked.statement.name, remedy="split it by account"
        )
    one = statements[0]
    mirror = asked.account or Chart(asked.entity, one.currency.number).account(Kind.BANK_MIRROR)
    first = asked.first or min(each.from_date for each in statements)
    last = asked.last or max(each.to_date for each in statements)
    ours = ledger_records(
        house.ledger, mirror, one.account, one.currency.code, Period(first_day=first, last_day=last)
    )
    books = None
    if asked.platform is not None:
        layout = (
            platform_mapping(asked.mapping.read_bytes(), asked.mapping.name)
            if asked.mapping
            else PlatformMapping()
        )
        layout = replace(
            layout, account=layout.account or one.account, currency=layout.currency or one.currency.code
        )
        books = read_platform(asked.platform.read_bytes(), asked.platform.name, layout)
    sides = Sides(ours, statement_records(statements), books, last, statement_balances(statements))
    before = Carried.from_bytes(asked.carried.read_bytes()) if asked.carried else None
    return reconcile_sides(sides, load_rules(asked.rules), before)


def _document(result: "ThreeWay") -> dict[str, object]:
    from jinku.custody.reconciliation.outcome import break_row

    return {
        "as_of": result.as_of.isoformat(),
        "clean": result.is_clean,
        "method_version": result.rules.version,
        "rules_sha256": result.rules.digest,
        "inputs_sha256": dict(result.inputs),
        "counts": dict(result.counts),
        "totals": [one.as_json() for one in result.totals],
        "breaks": [break_row(one)[1:] for one in result.breaks],
    }
