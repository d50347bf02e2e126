"""`jinku structure …`: whose money it is and where it lies, and which account structure says so."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from jinku.cli.failures import Exit
from jinku.cli.house import DATA_DEFAULT, Data, existing_house
from jinku.cli.options import By
from jinku.cli.output import Json, Output

if TYPE_CHECKING:
    from jinku.bootstrap import House
    from jinku.custody.structure.book import Adoption, StructureBook
    from jinku.custody.structure.whose import WhoseMoney

structure_app = typer.Typer(
    name="structure", help="Whose money it is, and where it lies.", no_args_is_help=True
)

NameOrFile = Annotated[str, typer.Argument(help="A built-in structure, or the path of a .toml file.")]


@structure_app.command()
def show(
    structure: NameOrFile = "cn-fund-custody",
    toml: Annotated[bool, typer.Option("--toml", help="The file itself, to start one's own from.")] = False,
    json: Json = False,
) -> None:
    """An account structure: its pools, kinds of account, whose money they hold, and its digest. A file is checked."""
    from jinku.custody.structure.template import load_structure, template_text

    out = Output(json)
    if toml:
        out.line(template_text(structure).rstrip("\n"))
        return
    found = load_structure(structure)
    document = {**found.document, "digest": found.digest.hex()}

    def render() -> None:
        head = ("name", "version", "english", "chinese", "jurisdiction", "calendar", "timezone", "cut_off")
        out.pairs({**{name: getattr(found, name) for name in head}, "digest": found.digest.hex()})
        columns = ("code ", "kind", "whose", "pool", "role or place", "limit", "English", "中文")
        out.table(
            columns,
            [
                (
                    one.code,
                    one.key,
                    one.money,
                    one.pool,
                    one.role or one.place or "",
                    one.limit.value,
                    one.english,
                    one.chinese,
                )
                for one in found.kinds.values()
            ],
        )

    out.show(document, render)


@structure_app.command()
def money(
    at: Annotated[str, typer.Option("--at", help="An RFC 3339 time; now where left out.")] = "",
    data: Data = DATA_DEFAULT,
    json: Json = False,
) -> None:
    """Every unit of money by legal entity, pool, currency and bank account, as a client's or own. 1: some are not."""
    from jinku.base.clock import from_rfc3339
    from jinku.custody.structure.tie import money_document
    from jinku.custody.structure.whose import survey

    moment = from_rfc3339(at) if at else None
    with _book(data) as (house, book):
        found = survey(house.ledger, at=moment, structures=book.in_force())
    out = Output(json)
    head = {"at": at or None, "size": str(found.size), "accounts": found.accounts}
    out.show({**head, **money_document(found)}, lambda: _show_money(out, found))
    if found.faults:
        raise typer.Exit(Exit.REFUSED)


@structure_app.command()
def check(
    seal: Annotated[bool, typer.Option("--seal", help="Put the record's digest into the log.")] = False,
    data: Data = DATA_DEFAULT,
    json: Json = False,
) -> None:
    """The nightly tie-out: sum up the whole journal and compare it with every balance and pool. 1: it does not tie."""
    from jinku.custody.structure.tie import SEAL_TOPIC_STRUCTURE, tie_out

    with _book(data) as (house, book):
        found = tie_out(house.ledger, book.in_force())
        document: dict[str, Any] = {**found.document, "digest": found.digest.hex()}
        if seal:
            document["sealed_entry"] = house.ledger.seal(found.digest, SEAL_TOPIC_STRUCTURE)[0]
            house.publish()
    out = Output(json)

    def render() -> None:
        out.pairs(
            {
                name: document[name]
                for name in ("ties", "size", "accounts", "differing", "digest", "sealed_entry")
                if name in document
            }
        )
        if found.differences:
            rows = [(one.account, one.column, one.balance, one.postings) for one in found.differences]
            out.table(("account ", "balance of", "balance ", "sum of postings "), rows, "Differences")
        _show_money(out, found.money)

    out.show(document, render)
    if not found.ties:
        raise typer.Exit(Exit.REFUSED)


@structure_app.command()
def propose(
    entity: Annotated[int, typer.Argument(help="Number of the legal entity.", min=1)],
    structure: NameOrFile,
    by: By,
    data: Data = DATA_DEFAULT,
    json: Json = False,
) -> None:
    """Propose a structure for a legal entity; another person confirms it."""
    from jinku.custody.structure.template import BUILT_IN, template_text

    text = template_text(structure) if structure in BUILT_IN else Path(structure).read_text(encoding="utf-8")
    with _book(data) as (_, book):
        _answer(book.propose(entity, text, by), json)


@structure_app.command()
def confirm(
    number: Annotated[int, typer.Argument(help="What `propose` answered as id.", min=1)],
    by: By,
    data: Data = DATA_DEFAULT,
    json: Json = False,
) -> None:
    """Put a proposed structure into force and seal it in the log; by another person than proposed it."""
    with _book(data) as (house, book):
        found = book.confirm(number, by)
        house.publish()
    _answer(found, json)


@structure_app.command("list")
def list_adopted(data: Data = DATA_DEFAULT, json: Json = False) -> None:
    """Which structures were proposed and which are in force, by legal entity."""
    with _book(data) as (_, book):
        rows = [_document(one) for one in book.adoptions()]
    out = Output(json)
    columns = ("id ", "entity ", "structure", "version ", "proposed by", "confirmed by", "log entry ")
    keys = ("id", "entity", "structure", "version", "proposed_by", "confirmed_by", "sealed_entry")
    out.show({"structures": rows}, lambda: out.table(columns, [[row[key] for key in keys] for row in rows]))


@contextmanager
def _book(data: Path) -> Iterator[tuple["House", "StructureBook"]]:
    from jinku.bootstrap.custody import Custody

    with existing_house(data) as house, Custody(house) as custody:
        yield house, custody.structures


def _show_money(out: Output, found: "WhoseMoney") -> None:
    from jinku.base.decimals import format_minor

    columns = ("entity ", "pool", "currency", "lies in", "clients' ", "own ", "together ")
    rows = [
        (
            one.entity,
            one.pool,
            one.currency.code,
            f"{one.place.english}\n{one.place.chinese}",
            *(format_minor(part, one.currency.exponent) for part in (one.client, one.own, one.total)),
        )
        for one in found.lines
    ]
    out.table(columns, rows)
    if found.faults:
        out.table(("where", "what is wrong"), [(one.place, one.problem) for one in found.faults], "Faults")


def _answer(adoption: "Adoption", json: bool) -> None:
    out, document = Output(json), _document(adoption)
    out.show(document, lambda: out.pairs(document))


def _document(adoption: "Adoption") -> dict[str, Any]:
    return {
        "id": adoption.id,
        "entity": adoption.entity,
        "structure": adoption.structure.name,
        "version": adoption.structure.version,
        "digest": adoption.structure.digest.hex(),
        "proposed_by": adoption.proposed_by,
        "confirmed_by": adoption.confirmed_by or None,
        "sealed_entry": adoption.entry if adoption.entry >= 0 else None,
    }
