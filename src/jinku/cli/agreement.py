"""`jinku agreement …`: agreements as Numscript programs: test, dry-run, put into force, run."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from jinku.cli.agreement_text import show_result, show_specs, specs_document
from jinku.cli.failures import Exit
from jinku.cli.house import DATA_DEFAULT, Data, existing_house
from jinku.cli.naming import named
from jinku.cli.options import By, CurrencyCode, Entity, Reason
from jinku.cli.output import Json, Output

if TYPE_CHECKING:
    from jinku.custody.agreements.model import Agreement, Run
    from jinku.custody.agreements.office import AgreementOffice
    from jinku.custody.agreements.store import AgreementStore
    from jinku.custody.numscript import Inputs, Program


agreement_app = typer.Typer(
    name="agreement",
    help="Agreements as Numscript programs: test, dry-run, approve, run.",
    no_args_is_help=True,
)

ProgramFile = Annotated[Path, typer.Argument(help="A program, usually NAME.num.", dir_okay=False)]
Variables = Annotated[list[str] | None, typer.Option("--vars", help="NAME=VALUE, as often as needed.")]
Name = Annotated[str, typer.Argument(help="The agreement's name: a-z, 0-9, _ and -.")]
Version = Annotated[int, typer.Argument(help="The version's number.", min=1)]


@agreement_app.command("test")
def run_specs(
    directory: Annotated[Path, typer.Argument(help="Folder with *.num.specs.json files.", file_okay=False)],
    json: Json = False,
) -> None:
    """Run specifications in the public format (NAME.num.specs.json beside NAME.num). 1: not every case passed."""
    from jinku.custody.numscript.specs import check_directory

    report = check_directory(directory)
    out = Output(json)
    out.show(specs_document(report), lambda: show_specs(out, report))
    if not report.passed:
        raise typer.Exit(Exit.REFUSED)


@agreement_app.command("run")
def dry_run(
    program: ProgramFile,
    variables: Variables = None,
    balances: Annotated[
        list[str] | None, typer.Option("--balances", help="ACCOUNT=ASSET AMOUNT, as often as needed.")
    ] = None,
    inputs: Annotated[
        Path | None, typer.Option("--inputs", help="JSON file of the public inputs format.", dir_okay=False)
    ] = None,
    features: Annotated[
        list[str] | None, typer.Option("--feature", help="An experimental feature's flag.")
    ] = None,
    json: Json = False,
) -> None:
    """Dry run: what a program yields on given variables and balances, each posting explained. Nothing is booked."""
    from jinku.custody.numscript import run

    given = _inputs(inputs, variables or [], balances or [], features or [])
    result = run(_parsed(program), given).document()
    out = Output(json)
    out.show(result, lambda: show_result(out, result))


@agreement_app.command()
def propose(name: Name, program: ProgramFile, by: By, data: Data = DATA_DEFAULT, json: Json = False) -> None:
    """Keep a program as the next version of an agreement."""
    text = _parsed(program).text
    with _office(data) as (office, _):
        _answer(office.propose(name, text, author=by), json)


@agreement_app.command()
def approve(name: Name, version: Version, by: By, data: Data = DATA_DEFAULT, json: Json = False) -> None:
    """Put a proposed version into force, by another person than its author, and seal it in the log."""
    with _office(data) as (office, _):
        _answer(office.approve(name, version, approver=by), json)


@agreement_app.command()
def reject(
    name: Name,
    version: Version,
    by: By,
    reason: Reason,
    data: Data = DATA_DEFAULT,
    json: Json = False,
) -> None:
    """Refuse a proposed version, by another person than its author."""
    with _office(data) as (office, _):
        _answer(office.reject(name, version, by, reason), json)


@agreement_app.command()
def retire(
    name: Name,
    version: Version,
    by: By,
    reason: Reason,
    data: Data = DATA_DEFAULT,
    json: Json = False,
) -> None:
    """Put an approved version out of force."""
    with _office(data) as (office, _):
        _answer(office.retire(name, version, by, reason), json)


@agreement_app.command("list")
def list_agreements(data: Data = DATA_DEFAULT, json: Json = False) -> None:
    """Every version of every agreement, and where it stands."""
    with _office(data) as (_, store):
        rows = [_document(one) for one in store.agreements()]
    out = Output(json)
    columns = ("name", "version ", "status", "author", "decided by", "log entry ")
    keys = ("name", "version", "status", "author", "decided_by", "sealed_entry")
    out.show({"agreements": rows}, lambda: out.table(columns, [[row[key] for key in keys] for row in rows]))


@agreement_app.command()
def show(name: Name, version: Version, data: Data = DATA_DEFAULT, json: Json = False) -> None:
    """One version with its text, compared with what the log sealed. 1: not what was approved."""
    from jinku.custody.agreements.model import AgreementStatus

    with _office(data) as (office, store):
        found = store.agreement(name, version)
        if found.status in (AgreementStatus.APPROVED, AgreementStatus.RETIRED):
            office.verify(found)
    document = _document(found)
    out = Output(json)

    def render() -> None:
        out.pairs(document)
        out.line(found.program)

    out.show({**document, "program": found.program}, render)


@agreement_app.command()
def explain(
    transfer: Annotated[str, typer.Argument(help="Id of a transfer or of the run, in digits.")],
    data: Data = DATA_DEFAULT,
    json: Json = False,
) -> None:
    """Why a transfer was booked: the run it belongs to, and the clauses behind each posting."""
    from jinku.cli.inputs import parse_id

    with _office(data) as (office, _):
        run = office.known_run(parse_id(transfer))
    _show_run(run, Output(json))


@agreement_app.command()
def execute(
    name: Name,
    order_id: Annotated[str, typer.Option("--id", help="The order id of this run, in digits.")],
    day: Annotated[str, typer.Option("--day", help="Business day, YYYY-MM-DD.")],
    version: Annotated[int, typer.Option("--version", help="0: the newest approved.", min=0)] = 0,
    variables: Variables = None,
    rehearse: Annotated[bool, typer.Option("--rehearse", help="Only say what it would yield.")] = False,
    entity: Entity = 1,
    currency: CurrencyCode = "CNY",
    data: Data = DATA_DEFAULT,
    json: Json = False,
) -> None:
    """Run an approved agreement once on the ledger, as one linked batch. 1: the ledger refused it."""
    from jinku.cli.inputs import parse_day, parse_id
    from jinku.custody.agreements.model import RunRequest, RunStatus

    values = dict(_pair(one, "--vars") for one in variables or [])
    request = RunRequest(
        id=parse_id(order_id), day=parse_day(day), agreement=name, version=version, variables=values
    )
    out = Output(json)
    with _office(data, entity, currency) as (office, _):
        if rehearse:
            result = office.rehearse(request).document()
            out.show(result, lambda: show_result(out, result))
            return
        run = office.execute(request)
    _show_run(run, out)
    if run.status is not RunStatus.BOOKED:
        raise typer.Exit(Exit.REFUSED)


@contextmanager
def _office(
    data: Path, entity: int = 1, currency_code: str = "CNY"
) -> Iterator[tuple["AgreementOffice", "AgreementStore"]]:
    """The office of the data directory `data`, what a crash left planned sent again; its log is published after."""
    from jinku.base.currency import currency
    from jinku.bootstrap.custody import Custody

    with existing_house(data) as house, Custody(house) as custody:
        office = custody.agreements(entity, currency(currency_code).number)
        office.recover()
        yield office, custody.agreement_store
        house.publish()


def _parsed(file: Path) -> "Program":
    """The program in `file`. Raises BadSpec, and SyntaxRefused or LimitExceeded naming the file."""
    from jinku.custody.numscript import parse
    from jinku.custody.numscript.errors import BadSpec
    from jinku.custody.numscript.spec_file import read_text

    with named(file):
        text = read_text(file)
        if not text.strip():
            raise BadSpec("has no statement", remedy="write at least one send")
        return parse(text)


def _show_run(run: "Run", out: Output) -> None:
    status = {
        "id": str(run.id),
        "agreement": run.plan.agreement,
        "version": run.plan.version,
        "day": run.plan.day.isoformat(),
        "status": run.status.value,
    }
    if run.ledger_status is not None:
        status["ledger_status"] = run.ledger_status.name.lower()
    document = dict(run.plan.document)

    def render() -> None:
        out.pairs(status)
        show_result(out, document)

    out.show({**status, **document}, render)


def _answer(agreement: "Agreement", json: bool) -> None:
    out, document = Output(json), _document(agreement)
    out.show(document, lambda: out.pairs(document))


def _document(agreement: "Agreement") -> dict[str, Any]:
    return {
        "name": agreement.name,
        "version": agreement.version,
        "status": agreement.status.value,
        "author": agreement.author,
        "decided_by": agreement.decided_by or None,
        "retired_by": agreement.retired_by or None,
        "reason": agreement.reason or None,
        "digest": agreement.digest.hex() or None,
        "sealed_entry": agreement.sealed_entry if agreement.sealed_entry >= 0 else None,
    }


def _inputs(file: Path | None, variables: list[str], balances: list[str], features: list[str]) -> "Inputs":
    """What the file says, and over it what the options say."""
    from jinku.custody.numscript import BalanceRow, Inputs
    from jinku.custody.numscript import values as v
    from jinku.custody.numscript.spec_file import read_inputs

    given = Inputs()
    if file is not None:
        with named(file):
            given = read_inputs(file)
    rows = {row.key: row for row in given.balances}
    for one in balances:
        account, text = _pair(one, "--balances")
        held = v.monetary(text)
        row = BalanceRow(v.account(account).name, held.asset.name, held.amount)
        rows[row.key] = row
    return Inputs(
        variables={**given.variables, **dict(_pair(one, "--vars") for one in variables)},
        balances=tuple(rows.values()),
        metadata=given.metadata,
        features=given.features | frozenset(features),
    )


def _pair(text: str, option: str) -> tuple[str, str]:
    from jinku.base.errors import InputError

    name, equals, value = text.partition("=")
    if not equals or not name:
        raise InputError("is not NAME=VALUE", field=option, value=text[:80], remedy="write both, joined by =")
    return name, value
