"""`jinku screen load|lists|diff|book|whitelist …`: lists in force, who is screened, what was cleared."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from jinku.cli.house import DATA_DEFAULT, Data, existing_house
from jinku.cli.naming import named
from jinku.cli.options import By
from jinku.cli.output import Json, Output

if TYPE_CHECKING:
    from jinku.bootstrap import House
    from jinku.risk.screening.book import Movement
    from jinku.risk.screening.lists import ListDesk
    from jinku.risk.screening.model import Subject
    from jinku.risk.screening.whitelist import Whitelist

book_app = typer.Typer(name="book", help="Who is screened: customers, owners, agents, counterparties.")
whitelist_app = typer.Typer(name="whitelist", help="Pairs that were looked at and are not the same.")

Clearance = Annotated[int, typer.Argument(metavar="NUMBER", help="The clearance's number.", min=1)]
ListName = Annotated[str, typer.Argument(help="The list's name.")]


@dataclass(frozen=True)
class Desk:
    """What the commands work on."""

    house: "House"
    lists: "ListDesk"
    whitelist: "Whitelist"


@contextmanager
def desk(data: Path) -> Iterator[Desk]:
    """Lists and clearances over the data directory; what was sealed is published at the end."""
    import time

    from jinku.bootstrap.risk_seals import screening_desks

    with existing_house(data) as house:
        lists, whitelist = screening_desks(house, time.time_ns, opening=True)
        yield Desk(house, lists, whitelist)
        house.publish()


def load(
    form: Annotated[str, typer.Argument(metavar="FORMAT", help="un-xml, ofac-csv or csv.")],
    files: Annotated[
        list[Path], typer.Argument(help="un-xml: 1 file; ofac-csv: sdn, alt, add; csv: file, mapping.")
    ],
    by: By,
    name: Annotated[str, typer.Option("--name", help="The list's name; by the format if empty.")] = "",
    great_loss: Annotated[
        bool, typer.Option("--great-loss", help="It loses much: another person confirms it.")
    ] = False,
    data: Data = DATA_DEFAULT,
    json: Json = False,
) -> None:
    """Load a list from its publisher's files as the next version. A bad file leaves the running version."""
    loaded, told = _read(form, files, name)
    with desk(data) as on:
        before = on.lists.in_force()
        version = on.lists.load(loaded, told, by=by, great_loss=great_loss)
        document: dict[str, Any] = version.document()
        old = next((one.version for one in before if one.list == told), 0)
        if old and old != version.version:
            difference = on.lists.diff(told, old, version.version)
            document |= {
                "added": len(difference.added),
                "removed": len(difference.removed),
                "changed": len(difference.changed),
            }
    out = Output(json)
    out.show(document, lambda: out.pairs(document))


def _read(form: str, files: list[Path], name: str) -> tuple[Any, str]:
    from jinku.base.errors import InputError
    from jinku.risk.screening.formats.domestic import read_domestic, read_mapping
    from jinku.risk.screening.formats.ofac import read_ofac
    from jinku.risk.screening.formats.un import read_un

    if form == "un-xml" and len(files) == 1:
        return read_un(files[0], name or "un"), name or "un"
    if form == "ofac-csv" and len(files) in (2, 3):
        return read_ofac(
            files[0], files[1], files[2] if len(files) > 2 else None, name or "ofac"
        ), name or "ofac"
    if form == "csv" and len(files) == 2:
        return read_domestic(files[0], files[1]), read_mapping(files[1]).list
    raise InputError(
        "takes other files",
        field="FORMAT",
        value=form,
        remedy="un-xml FILE, ofac-csv SDN ALT [ADD], csv FILE MAPPING",
    )


def confirm(
    name: ListName,
    version: Annotated[int, typer.Argument(help="The version's number.", min=1)],
    by: By,
    refuse: Annotated[bool, typer.Option("--refuse", help="Refuse it instead.")] = False,
    data: Data = DATA_DEFAULT,
    json: Json = False,
) -> None:
    """Put a version that loses much into force, by another person than who loaded it."""
    with desk(data) as on:
        decided = (on.lists.refuse if refuse else on.lists.confirm)(name, version, by=by)
    out = Output(json)
    out.show(decided.document(), lambda: out.pairs(decided.document()))


def lists(data: Data = DATA_DEFAULT, json: Json = False) -> None:
    """All versions of all lists, and which are in force."""
    with desk(data) as on:
        running = {(one.list, one.version) for one in on.lists.in_force()}
        rows = [
            {**one.document(), "running": (one.list, one.version) in running} for one in on.lists.versions()
        ]
    out = Output(json)
    columns = (
        "list",
        "version",
        "state",
        "running",
        "source_date",
        "entries",
        "names",
        "loaded_by",
        "checked_by",
    )
    out.show({"versions": rows}, lambda: out.table(columns, [[row[one] for one in columns] for row in rows]))


def diff(
    name: ListName,
    old: Annotated[int, typer.Argument(help="The version before.", min=1)],
    new: Annotated[int, typer.Argument(help="The version after.", min=1)],
    data: Data = DATA_DEFAULT,
    json: Json = False,
) -> None:
    """Entries added, removed and changed from one version of a list to another."""
    with desk(data) as on:
        found = on.lists.diff(name, old, new)
    document = {"added": list(found.added), "removed": list(found.removed), "changed": list(found.changed)}
    out = Output(json)
    rows = [(what, one) for what, ids in document.items() for one in ids]
    out.show(document, lambda: out.table(("what", "entry"), rows))


def adopt(
    by: By,
    second: Annotated[str, typer.Option("--second", help="Id of the second person who looked.")],
    data: Data = DATA_DEFAULT,
    json: Json = False,
) -> None:
    """Take lists and clearances as the control data has them, though the log has others: two persons who looked."""
    import time

    from jinku.bootstrap.risk_seals import adopt_screening

    with existing_house(data) as house:
        entry = adopt_screening(house, time.time_ns, by=by, second=second)
        house.publish()
    out = Output(json)
    out.show({"sealed_entry": entry}, lambda: out.line(f"taken as it stands; sealed by entry {entry}"))


@book_app.command("put")
def book_put(
    file: Annotated[
        Path, typer.Argument(help="CSV: key, name, kind, birth, country, id, of, role.", dir_okay=False)
    ],
    data: Data = DATA_DEFAULT,
    json: Json = False,
) -> None:
    """Put customers and who belongs to them into the book; several names in a cell are parted by |."""
    from jinku.risk.screening.book import Book

    subjects = list(_subjects(file))
    with existing_house(data) as house:
        count = Book(house.control).put(subjects)
    out = Output(json)
    out.show({"put": count}, lambda: out.line(f"{count} subjects are in the book"))


def _subjects(file: Path) -> "Iterator[Subject]":
    from jinku.base.csvfile import read_rows
    from jinku.base.errors import InputError
    from jinku.risk.screening.facts import sound_birth
    from jinku.risk.screening.formats.reading import country, identifier
    from jinku.risk.screening.model import Facts, Subject
    from jinku.risk.screening.names import Kind

    def cells(text: str) -> list[str]:
        return [one.strip() for one in text.split("|") if one.strip()]

    for line, row in read_rows(file, ("key", "name")):
        births = cells(row.get("birth", ""))
        if not all(map(sound_birth, births)):
            raise InputError("is no date", file=file.name, line=line, field="birth", remedy="YYYY-MM-DD")
        if not row["key"] or not cells(row["name"]):
            raise InputError(
                "is missing", file=file.name, line=line, field="key" if not row["key"] else "name"
            )
        facts = Facts(
            tuple(births),
            tuple(country(one) for one in cells(row.get("country", ""))),
            row.get("gender", "").lower()[:1],
            tuple(identifier(one) for one in cells(row.get("id", ""))),
        )
        with named(file, line):
            made = Subject(
                row["key"],
                tuple(cells(row["name"])),
                Kind.of(row.get("kind", "")),
                facts,
                row.get("of", ""),
                row.get("role", "") or "customer",
            )
        yield made


@book_app.command("screen")
def book_screen(
    since: Annotated[
        Path | None, typer.Option("--movements", help="CSV id, time (ns), customer, counterparty: look back.")
    ] = None,
    before: Annotated[
        str, typer.Option("--before", help="Versions before, as un.1+ofac.2: what is new since.")
    ] = "",
    raised: Annotated[bool, typer.Option("--raise", help="Hand what is new to the alert desk.")] = False,
    data: Data = DATA_DEFAULT,
    json: Json = False,
) -> None:
    """Screen the whole book against the lists in force; with movements, look back on those of whom is found."""
    from jinku.risk.screening.book import Book, look_back, rescreen

    moved = [] if since is None else _movements(since)
    with desk(data) as on:
        running = on.lists.running()
        known = _digests(on, before)
        found = rescreen(Book(on.house.control).subjects(), running, on.whitelist.cleared(), known)
    found = look_back(found, moved) if since is not None else found
    if raised:
        from jinku.cli.risk_desk import risk_desks
        from jinku.risk.cases.raising import of_screening

        at = max(one.effective_from for one in running.versions)
        with risk_desks(data) as desks:
            desks.alerts.raise_(of_screening([one for one in found if one.new], at))
    rows = [one.document() for one in found]
    out = Output(json)
    columns = ("customer", "subject", "role", "entry", "score_thousandths", "new")
    out.show(
        {"versions": running.key, "findings": rows},
        lambda: out.table(columns, [[row[one] for one in columns] for row in rows]),
    )


def _movements(file: Path) -> "list[Movement]":
    from jinku.base.csvfile import read_rows
    from jinku.base.errors import InputError
    from jinku.risk.screening.book import Movement

    found = []
    for line, row in read_rows(file, ("id", "time", "customer", "counterparty")):
        if not (row["time"].isascii() and row["time"].isdigit()):
            raise InputError("is no time in nanoseconds", file=file.name, line=line, field="time")
        found.append(Movement(row["id"], int(row["time"]), row["customer"], row["counterparty"]))
    return found


def _digests(on: Desk, before: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for piece in filter(None, before.split("+")):
        name, _, number = piece.rpartition(".")
        found |= {
            one.key: one.digest for one in on.lists.entries(name, int(number) if number.isdigit() else 0)
        }
    return found


@whitelist_app.command("propose")
def whitelist_propose(
    subject: Annotated[str, typer.Argument(help="The subject's key.")],
    entry: Annotated[str, typer.Argument(help="The entry, as ofac:1234.")],
    reason: Annotated[str, typer.Option("--reason", help="Why they are not the same.")],
    by: By,
    days: Annotated[int, typer.Option("--days", help="For how long.", min=1, max=366)] = 180,
    data: Data = DATA_DEFAULT,
    json: Json = False,
) -> None:
    """Propose that a subject is not an entry; another person confirms it."""
    import time

    from jinku.base.clock import NS_PER_DAY
    from jinku.bootstrap.risk_seals import subjects_by_key
    from jinku.cli.inputs import Absent

    with desk(data) as on:
        listed = next((one for one in on.lists.running().index.entries if one.key == entry), None)
        if listed is None:
            raise Absent(f"no list in force has the entry {entry[:60]}", remedy="see: jinku screen name")
        asked = subjects_by_key(on.house)(subject)
        if asked is None:
            raise Absent("nobody is known under that key", remedy="see: jinku screen book put")
        expires = time.time_ns() + days * NS_PER_DAY
        number = on.whitelist.propose(asked, listed, reason, by=by, expires=expires)
    _answer_clearance(number, "proposed", json)


@whitelist_app.command("confirm")
def whitelist_confirm(
    number: Clearance,
    by: By,
    data: Data = DATA_DEFAULT,
    json: Json = False,
) -> None:
    """Confirm a clearance, by another person than who proposed it."""
    with desk(data) as on:
        on.whitelist.confirm(number, by=by)
    _answer_clearance(number, "confirmed", json)


@whitelist_app.command("withdraw")
def whitelist_withdraw(
    number: Clearance,
    by: By,
    data: Data = DATA_DEFAULT,
    json: Json = False,
) -> None:
    """Withdraw a clearance: the pair is a hit again."""
    with desk(data) as on:
        on.whitelist.withdraw(number, by=by)
    _answer_clearance(number, "withdrawn", json)


@whitelist_app.command("list")
def whitelist_list(data: Data = DATA_DEFAULT, json: Json = False) -> None:
    """All clearances: who proposed and confirmed them, how each stands, and why it lapsed where it did."""
    from jinku.base.clock import to_rfc3339
    from jinku.bootstrap.risk_seals import subjects_by_key

    with desk(data) as on:
        digests = on.lists.running().digests if on.lists.in_force() else {}
        reviewed = on.whitelist.review(subjects_by_key(on.house), digests)
        rows = [
            {
                "clearance": one.id,
                "subject": one.subject,
                "entry": one.entry,
                "proposed_by": one.proposed_by,
                "confirmed_by": one.confirmed_by,
                "expires": to_rfc3339(one.expires),
                "withdrawn": one.withdrawn,
                "state": state,
                "why": why,
            }
            for one, state, why in reviewed
        ]
    out = Output(json)
    out.show(
        {"clearances": rows},
        lambda: out.table(list(rows[0]) if rows else ["clearance"], [list(r.values()) for r in rows]),
    )


def _answer_clearance(number: int, state: str, json: bool) -> None:
    out = Output(json)
    out.show({"clearance": number, "state": state}, lambda: out.line(f"clearance {number} is {state}"))
