"""`jinku party …`: customers and their standing: open, bind a card, freeze, close, erase."""

import json as json_text
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from jinku.cli.failures import Exit
from jinku.cli.house import DATA_DEFAULT, Data, existing_house
from jinku.cli.options import By, Entity, Reason
from jinku.cli.output import Json, Output

if TYPE_CHECKING:
    from jinku.custody.parties.model import Action, Change, PartyRecord
    from jinku.custody.parties.service import PartyOffice


party_app = typer.Typer(
    name="party", help="Customers: open, bind a card, freeze, close, erase.", no_args_is_help=True
)

Number = Annotated[int, typer.Argument(help="The party's number.", min=1)]
ChangeNumber = Annotated[int, typer.Argument(help="What was answered as change.", min=1)]
Authority = Annotated[str, typer.Option("--authority", help="By whose order, or under which document.")]
InputFile = Annotated[
    Path, typer.Argument(help="JSON; - for standard input.", dir_okay=False, allow_dash=True)
]


@party_app.command("open")
def open_party(
    file: InputFile, by: By, entity: Entity = 1, data: Data = DATA_DEFAULT, json: Json = False
) -> None:
    """Register an applicant, described in a JSON file, and ask for its accounts; another person confirms."""
    from jinku.base.currency import currency
    from jinku.custody.parties.errors import BadParty
    from jinku.custody.parties.model import Action, PartyStatus
    from jinku.custody.parties.people import Person
    from jinku.custody.parties.requests import Application
    from jinku.custody.parties.service import Ask
    from jinku.custody.structure.table import Role

    values = _read(file, ("application", "person", "roles", "currencies"))
    try:
        person = Person(**{"card": "", "phone": "", "latin_name": "", **values["person"]})
        roles = tuple(Role(one) for one in values["roles"])
    except (TypeError, ValueError):
        raise BadParty(
            "are not as the documents say", field="person, roles", remedy="see docs/parties.md"
        ) from None
    currencies = tuple(currency(one).number for one in values["currencies"])
    application = Application(str(values["application"]), person, roles, currencies)
    with _office(data, entity) as office:
        record = office.apply(application, by)
        waiting = [one for one in office.changes(record.number) if one.action is Action.OPEN]
        if record.status is PartyStatus.APPLIED and not waiting:
            waiting = [office.propose(record.number, Action.OPEN, Ask("applied", application.id), by)]
        document = _party(office, office.party(record.number))
    _show({**document, "change": waiting[-1].id if waiting else None}, json)


@party_app.command()
def bind(
    number: Number, file: InputFile, by: By, entity: Entity = 1, data: Data = DATA_DEFAULT, json: Json = False
) -> None:
    """Bind a verified card, described in a JSON file, to an open party."""
    from jinku.base.clock import from_rfc3339
    from jinku.custody.parties.errors import BadParty
    from jinku.custody.parties.model import Method, Verification
    from jinku.custody.parties.requests import CardToBind

    values = _read(file, ("card", "bank", "method", "reference", "verified_at"))
    if values["method"] not in tuple(Method):
        raise BadParty("is no way to verify a card", field="method", remedy=f"use {', '.join(Method)}")
    verified = Verification(
        Method(values["method"]), str(values["reference"]), from_rfc3339(str(values["verified_at"]))
    )
    with _office(data, entity) as office:
        office.bind(number, CardToBind(str(values["card"]), str(values["bank"]), verified), by)
        document = _party(office, office.party(number))
    _show(document, json)


@party_app.command()
def unbind(
    number: Number, by: By, reason: Reason, entity: Entity = 1, data: Data = DATA_DEFAULT, json: Json = False
) -> None:
    """Take the bound card off; refused while money is held."""
    with _office(data, entity) as office:
        office.unbind(number, by, reason)
        document = _party(office, office.party(number))
    _show(document, json)


@party_app.command()
def freeze(
    number: Number,
    by: By,
    reason: Reason,
    authority: Authority,
    entity: Entity = 1,
    data: Data = DATA_DEFAULT,
    json: Json = False,
) -> None:
    """Ask for a party to be frozen: once confirmed, the ledger refuses every movement of its accounts."""
    from jinku.custody.parties.model import Action

    _ask(data, entity, (number, Action.FREEZE, 0), (reason, authority, by), json)


@party_app.command()
def unfreeze(
    number: Number,
    by: By,
    reason: Reason,
    authority: Authority,
    entity: Entity = 1,
    data: Data = DATA_DEFAULT,
    json: Json = False,
) -> None:
    """Ask for a frozen party to be unfrozen."""
    from jinku.custody.parties.model import Action

    _ask(data, entity, (number, Action.UNFREEZE, 0), (reason, authority, by), json)


@party_app.command()
def close(
    number: Number,
    by: By,
    reason: Reason,
    authority: Authority,
    entity: Entity = 1,
    data: Data = DATA_DEFAULT,
    json: Json = False,
) -> None:
    """Ask for a party to leave: its balance is paid to its card, then its accounts are closed for good."""
    from jinku.custody.parties.model import Action

    _ask(data, entity, (number, Action.CLOSE, 0), (reason, authority, by), json)


@party_app.command()
def erase(
    number: Number,
    by: By,
    reason: Reason,
    authority: Authority,
    entity: Entity = 1,
    data: Data = DATA_DEFAULT,
    json: Json = False,
) -> None:
    """Ask for a closed party's personal data to be erased, after the time that the law wants it kept."""
    from jinku.custody.parties.model import Action

    _ask(data, entity, (number, Action.ERASE, 0), (reason, authority, by), json)


@party_app.command()
def hold(
    number: Number,
    by: By,
    reason: Reason,
    authority: Authority,
    lift: Annotated[int, typer.Option("--lift", help="Ask for this legal hold to be lifted.", min=0)] = 0,
    entity: Entity = 1,
    data: Data = DATA_DEFAULT,
    json: Json = False,
) -> None:
    """Keep a party's data from being erased, at once; or ask for such a hold to be lifted."""
    from jinku.custody.parties.model import Action
    from jinku.custody.parties.service import Ask

    if lift:
        _ask(data, entity, (number, Action.LIFT_HOLD, lift), (reason, authority, by), json)
        return
    with _office(data, entity) as office:
        made = office.hold(number, Ask(reason, authority), by)
    _show({"hold": made.id, "party": number, "reason": reason, "authority": authority, "set_by": by}, json)


@party_app.command()
def confirm(
    change: ChangeNumber, by: By, entity: Entity = 1, data: Data = DATA_DEFAULT, json: Json = False
) -> None:
    """Confirm what another person asked for, and carry it out."""
    with _office(data, entity) as office:
        found = office.confirm(change, by)
        document = {**_change(found), "status": office.party(found.party).status.value}
    _show(document, json)


@party_app.command()
def reject(
    change: ChangeNumber,
    by: By,
    reason: Reason,
    entity: Entity = 1,
    data: Data = DATA_DEFAULT,
    json: Json = False,
) -> None:
    """Refuse what another person asked for."""
    with _office(data, entity) as office:
        found = office.reject(change, by, reason)
    _show(_change(found), json)


@party_app.command()
def recover(entity: Entity = 1, data: Data = DATA_DEFAULT, json: Json = False) -> None:
    """Carry on with what is confirmed and not done: parties whose payout the bank has ended, and after a crash."""
    with _office(data, entity) as office:
        rows = [_change(one) for one in office.recover()]
    out = Output(json)
    out.show({"changes": rows}, lambda: _table(out, rows))


@party_app.command()
def check(entity: Entity = 1, data: Data = DATA_DEFAULT, json: Json = False) -> None:
    """Compare ledger and log with the register: accounts that must be closed, events that are gone. 1: any."""
    from jinku.custody.parties.history import unexplained_seals
    from jinku.custody.parties.register import PartyRegister

    with _opened(data, entity) as (office, house):
        wrong = office.disagreements()
        seals = unexplained_seals(house.ledger, PartyRegister(house.control))
        for one in office.every():
            office.history(one.number)
    out = Output(json)
    document = {"disagreeing": wrong, "unexplained_seals": seals}
    out.show(
        document,
        lambda: out.pairs({name: ", ".join(map(str, one)) or "none" for name, one in document.items()}),
    )
    if wrong or seals:
        raise typer.Exit(Exit.REFUSED)


@party_app.command()
def show(number: Number, entity: Entity = 1, data: Data = DATA_DEFAULT, json: Json = False) -> None:
    """A party's standing, card, changes and history, compared with what the log sealed; nothing personal."""
    from jinku.base.clock import to_rfc3339

    with _office(data, entity) as office:
        document = _party(office, office.party(number))
        changes = [_change(one) for one in office.changes(number)]
        events = [
            {
                "at": to_rfc3339(one.at),
                "by": one.by,
                "what": one.what,
                "detail": dict(one.detail),
                "sealed_entry": one.entry,
            }
            for one in office.history(number)
        ]
    out = Output(json)

    def render() -> None:
        out.pairs(document)
        _table(out, changes)
        columns = ("at", "by", "what", "log entry ")
        out.table(
            columns, [[one[key] for key in ("at", "by", "what", "sealed_entry")] for one in events], "History"
        )

    out.show({**document, "changes": changes, "history": events}, render)


@party_app.command("list")
def list_parties(
    status: Annotated[
        str, typer.Option("--status", help="Only these: applied, open, frozen, closing, closed.")
    ] = "",
    after: Annotated[int, typer.Option("--after", help="Only numbers above this.", min=0)] = 0,
    limit: Annotated[int, typer.Option("--limit", help="At most so many.", min=1, max=10_000)] = 100,
    entity: Entity = 1,
    data: Data = DATA_DEFAULT,
    json: Json = False,
) -> None:
    """Parties by number; nothing personal."""
    from jinku.base.errors import InputError
    from jinku.custody.parties.model import PartyStatus

    if status and status not in tuple(PartyStatus):
        raise InputError(
            "is no status", field="--status", value=status[:40], remedy=f"use {', '.join(PartyStatus)}"
        )
    with _office(data, entity) as office:
        rows = [
            _party(office, one)
            for one in office.parties(PartyStatus(status) if status else None, after, limit)
        ]
    out = Output(json)
    columns = ("number ", "form", "status", "roles", "card", "kept until")
    keys = ("number", "form", "status", "roles", "card", "kept_until")
    out.show({"parties": rows}, lambda: out.table(columns, [[row[key] for key in keys] for row in rows]))


def _ask(
    data: Path, entity: int, what: "tuple[int, Action, int]", why: tuple[str, str, str], json: bool
) -> None:
    from jinku.custody.parties.service import Ask

    number, action, subject = what
    reason, authority, by = why
    with _office(data, entity) as office:
        change = office.propose(number, action, Ask(reason, authority, subject), by)
    _show(_change(change), json)


@contextmanager
def _office(data: Path, entity: int) -> Iterator["PartyOffice"]:
    with _opened(data, entity) as (office, _):
        yield office


@contextmanager
def _opened(data: Path, entity: int) -> Iterator[tuple["PartyOffice", Any]]:
    """The office of the data directory `data`; its log is published before it closes."""
    from jinku.bootstrap.custody import Custody

    with existing_house(data) as house, Custody(house) as custody:
        yield custody.parties(entity), house
        house.publish()


def _read(file: Path, fields: tuple[str, ...]) -> dict[str, Any]:
    """The JSON object in `file` with exactly these fields; no value of it is ever repeated."""
    from jinku.base.errors import InputError

    raw = sys.stdin.buffer.read() if str(file) == "-" else file.read_bytes()
    try:
        values = json_text.loads(raw.decode())
    except (ValueError, RecursionError):
        raise InputError("is not JSON", file=file.name, remedy="see docs/parties.md") from None
    if not isinstance(values, dict) or set(values) != set(fields):
        raise InputError(
            f"is not an object with {', '.join(fields)}", file=file.name, remedy="see docs/parties.md"
        )
    return values


def _party(office: "PartyOffice", record: "PartyRecord") -> dict[str, Any]:
    from jinku.base.currency import currency_by_number

    card, until = office.bound_card(record.number), office.kept_until(record)
    return {
        "number": record.number,
        "entity": record.entity,
        "form": record.form.value,
        "status": record.status.value,
        "roles": " ".join(record.roles),
        "currencies": " ".join(currency_by_number(one).code for one in record.currencies),
        "accounts": " ".join(map(str, office.accounts(record.number))),
        "card": f"…{card.last_four} {card.bank}" if card else None,
        "card_token": card.token if card else None,
        "closed_on": record.closed_on.isoformat() if record.closed_on else None,
        "kept_until": until.isoformat() if until else None,
        "erased": record.erased,
    }


def _change(change: "Change") -> dict[str, Any]:
    return {
        "change": change.id,
        "party": change.party,
        "action": change.action.value,
        "state": change.state.value,
        "reason": change.reason,
        "authority": change.authority,
        "made_by": change.made_by,
        "decided_by": change.decided_by or None,
    }


def _table(out: Output, rows: list[dict[str, Any]]) -> None:
    columns = ("change ", "party ", "action", "state", "made by", "decided by", "reason")
    keys = ("change", "party", "action", "state", "made_by", "decided_by", "reason")
    out.table(columns, [[row[key] for key in keys] for row in rows], "Changes")


def _show(document: dict[str, Any], json: bool) -> None:
    out = Output(json)
    out.show(document, lambda: out.pairs(document))
