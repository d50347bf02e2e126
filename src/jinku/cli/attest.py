"""`jinku attest …`: what is owed to all clients, sealed once a day; receipts; the list; the page that checks them."""

import hashlib
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from jinku.cli.failures import Exit
from jinku.cli.house import DATA_DEFAULT, Data, existing_house, log_directory, log_keys
from jinku.cli.inputs import parse_day
from jinku.cli.options import CurrencyCode, Entity
from jinku.cli.output import Json, Output

if TYPE_CHECKING:
    from jinku.bootstrap import House
    from jinku.custody.proof.desk import AttestationDesk
    from jinku.custody.proof.published import Listed

attest_app = typer.Typer(
    name="attest",
    help="What is owed to all clients, sealed daily, with a receipt for each.",
    no_args_is_help=True,
)

Day = Annotated[str, typer.Option("--day", help="YYYY-MM-DD; by default today, UTC.")]
Witnesses = Annotated[list[str] | None, typer.Option("--witness", help="VKEY of a witness; may be repeated.")]


@attest_app.command()
def run(
    data: Data = DATA_DEFAULT,
    entity: Annotated[int, typer.Option("--entity", help="Only this legal entity; 0 for all.", min=0)] = 0,
    currency: Annotated[str, typer.Option("--currency", help="Only this currency.")] = "",
    day: Day = "",
    witness: Annotated[
        list[str] | None,
        typer.Option("--witness", help="VKEY@URL of a witness that cosigns now; may be repeated."),
    ] = None,
    json: Json = False,
) -> None:
    """Attest every legal entity's every currency, once a day; again, it gives what it gave. 1: a witness refused."""
    when = parse_day(day) if day else None
    with existing_house(data) as house:
        desk = _desk(house)
        if entity and currency:
            made = [desk.attest(entity, currency, when)]
        else:
            made = [
                one
                for one in desk.run(when)
                if entity in (0, one.statement.entity) and currency in ("", one.statement.currency)
            ]
        house.publish()
        refused = _cosigned(house, witness or [])
    from jinku.custody.proof.published import Listed

    _show([Listed(one.entry, one.statement) for one in made], Output(json), {"witnesses_refused": refused})
    if refused:
        raise typer.Exit(Exit.REFUSED)


@attest_app.command("list")
def listing(data: Data = DATA_DEFAULT, json: Json = False) -> None:
    """Every attestation that was sealed, in the order of the log."""
    with existing_house(data) as house:
        _show(_desk(house).listed(), Output(json), {})


@attest_app.command()
def receipt(
    customer: Annotated[
        list[str], typer.Argument(help="Customers' numbers as attested: account ids by default.")
    ],
    data: Data = DATA_DEFAULT,
    entity: Entity = 1,
    currency: CurrencyCode = "CNY",
    day: Day = "",
    out_directory: Annotated[
        Path | None, typer.Option("--out", help="Folder for CUSTOMER.json files.", file_okay=False)
    ] = None,
    json: Json = False,
) -> None:
    """The receipt of one customer, or with --out of many, for `verify balance` and for the page."""
    from jinku.base.errors import InputError

    if out_directory is None and len(customer) > 1:
        raise InputError(
            "needs a folder for several receipts", field="--out", value="", remedy="say --out FOLDER"
        )
    with existing_house(data) as house:
        desk = _desk(house)
        attested = desk.find(entity, currency, parse_day(day) if day else _newest(desk, entity, currency))
        made = {one: desk.customer_receipt(attested, one) for one in customer}
    out = Output(json)
    if out_directory is None:
        out.line(next(iter(made.values())).decode().rstrip("\n"))
        return
    out_directory.mkdir(parents=True, exist_ok=True)
    files = {}
    for name, content in made.items():
        files[name] = str(out_directory / f"{_file_name(name)}.json")
        Path(files[name]).write_bytes(content)
    out.show({"receipts": files}, lambda: out.pairs(files))


@attest_app.command()
def verify(
    receipts: Annotated[
        list[Path] | None, typer.Argument(help="Receipts to check too.", dir_okay=False)
    ] = None,
    data: Data = DATA_DEFAULT,
    witness: Witnesses = None,
    quorum: Annotated[
        int | None, typer.Option("--quorum", help="How many must have cosigned.", min=0)
    ] = None,
    json: Json = False,
) -> None:
    """Check the published list against the log, and receipts against both, by the independent verifier."""
    from jinku.verify import Trust, check_listed, verify_attestations, verify_balance_receipt

    trust = Trust.of(log_keys(data), witnesses=witness or [], quorum=quorum)
    listed = verify_attestations(log_directory(data), Trust.of(log_keys(data)))
    for path in receipts or []:
        check_listed(verify_balance_receipt(path.read_bytes(), trust), listed)
    value = {"ok": True, "attestations": len(listed), "receipts": len(receipts or [])}
    out = Output(json)
    out.show(value, lambda: out.pairs(value | {"ok": "verified"}))


@attest_app.command()
def page(
    out_file: Annotated[Path, typer.Option("--out", help="The HTML file to write.", dir_okay=False)] = Path(
        "check.html"
    ),
    vkey: Annotated[
        list[str] | None, typer.Option("--vkey", help="VKEY of the log to write into it; may be repeated.")
    ] = None,
    witness: Witnesses = None,
    quorum: Annotated[
        int | None, typer.Option("--quorum", help="How many must have cosigned.", min=0)
    ] = None,
    json: Json = False,
) -> None:
    """Write the static page on which customers check receipts, without a server; its SHA-256 is what to pin."""
    from jinku.custody.proof.limits import LIMITS
    from jinku.verify.webpage import Settings, web_page

    content = web_page(Settings(tuple(vkey or ()), tuple(witness or ()), quorum, LIMITS))
    out_file.write_bytes(content)
    value = {"file": str(out_file), "sha256": hashlib.sha256(content).hexdigest(), "bytes": len(content)}
    out = Output(json)
    out.show(value, lambda: out.pairs(value))


def _desk(house: "House") -> "AttestationDesk":
    from jinku.bootstrap.custody import Custody

    with Custody(house) as custody:  # the desk of attestations holds nothing open
        return custody.attestations()


def _newest(desk: "AttestationDesk", entity: int, currency: str) -> date:
    from jinku.custody.errors import NotKept

    days = [
        one.statement.day
        for one in desk.listed()
        if (one.statement.entity, one.statement.currency) == (entity, currency)
    ]
    if not days:
        raise NotKept(
            f"no attestation of legal entity {entity} in {currency}", remedy="make one: `jinku attest run`"
        )
    return max(days)


def _cosigned(house: "House", witnesses: list[str]) -> list[str]:
    """Have each witness cosign the newest checkpoint; what those said that did not."""
    if not witnesses:
        return []
    from jinku.cli.cosigning import parse_witness
    from jinku.log.cosign import CosignatureCollector
    from jinku.log.reader import LogDirectory

    endpoints = [parse_witness(one) for one in witnesses]
    with CosignatureCollector(endpoints, LogDirectory(house.log_directory)) as collector:
        collected = collector.collect(house.publish())
    if collected.names:
        house.publisher.attach(collected.checkpoint)
    return [f"{url}: {failure.message}" for url, failure in collected.failures.items()]


def _file_name(customer: str) -> str:
    """The customer's number as a file's name; another spelling where it could be a path."""
    plain = all(one.isalnum() or one in "-_" for one in customer) and len(customer.encode()) <= 200
    return customer if plain else hashlib.sha256(customer.encode()).hexdigest()


def _show(listed: list["Listed"], out: Output, more: dict[str, Any]) -> None:
    from jinku.base.currency import currency as unit_of
    from jinku.base.decimals import format_minor
    from jinku.custody.proof.limits import as_json

    limits = listed[-1].statement.limits if listed else ()
    value = {
        "attestations": [
            {"entry": one.entry, "digest": one.statement.digest().hex(), **one.statement.fields()}
            for one in listed
        ],
        "limits": as_json(limits),
        **more,
    }

    def render() -> None:
        rows = [
            (
                one.statement.day,
                one.statement.entity,
                one.statement.currency,
                format_minor(one.statement.liabilities, unit_of(one.statement.currency).exponent),
                one.statement.customers,
                one.entry,
                one.statement.root.hex()[:16] + "…",
            )
            for one in listed
        ]
        columns = ("day 日期", "entity ", "currency", "owed 应付 ", "customers 客户 ", "entry ", "root")
        out.table(columns, rows, "Attestations 偿付证明")
        for english, chinese in limits:
            out.line(f"- {english}\n  {chinese}")
        for refusal in more.get("witnesses_refused", []):
            out.line(f"not cosigned: {refusal}")

    out.show(value, render)
