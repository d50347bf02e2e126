"""`jinku close …`: close a business day: start, finish, review; look at it; compute it again."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from jinku.cli.closing import DayArgument, Rooms, books_of, closing_rooms, day_json, day_of, money, progress
from jinku.cli.failures import Exit
from jinku.cli.house import DATA_DEFAULT, Data
from jinku.cli.inputs import parse_day
from jinku.cli.options import By, CurrencyCode, Entity, Reason
from jinku.cli.output import Json, Output

if TYPE_CHECKING:
    from jinku.custody.closing.days import Books, Day

close_app = typer.Typer(
    name="close", help="Close business days: start, finish, review, compute again.", no_args_is_help=True
)
Files = Annotated[list[Path] | None, typer.Option(exists=True, dir_okay=False)]
_COLUMNS = (
    "entity",
    "currency",
    "day",
    "state",
    "cut-off",
    "prepared by",
    "reviewed by",
    "log entry ",
    "record",
)


@close_app.command()
def begin(
    first_day: Annotated[str, typer.Option("--first-day", help="The first business day, YYYY-MM-DD.")],
    by: By,
    structure: Annotated[
        str, typer.Option(help="The account structure: a built-in name or a TOML file.")
    ] = "cn-fund-custody",
    cut_off: Annotated[str, typer.Option("--cut-off", help="Local time HH:MM; the structure's else.")] = "",
    calendar: Annotated[str, typer.Option(help="CN, UK, US or TARGET; the structure's else.")] = "",
    timezone: Annotated[str, typer.Option(help="IANA name; the structure's else.")] = "",
    regime: Annotated[str, typer.Option(help="Whose rules: CN, UK, EU, US; the structure's else.")] = "",
    entity: Entity = 1,
    currency: CurrencyCode = "CNY",
    data: Data = DATA_DEFAULT,
    json: Json = False,
) -> None:
    """Begin the day book of a legal entity and currency, or change its settings from a day to come."""
    from dataclasses import asdict

    from jinku.custody.closing.settings import CloseSettings
    from jinku.custody.structure.template import load_structure

    own = CloseSettings.of_structure(load_structure(structure))
    settings = CloseSettings(
        calendar or own.calendar,
        timezone or own.timezone,
        cut_off or own.cut_off,
        regime or own.regime,
        structure,
    )
    with closing_rooms(data) as rooms:
        rooms.book.begin(books_of(entity, currency), settings, parse_day(first_day, "--first-day"), by)
    value = {"entity": entity, "currency": currency, "first_day": first_day, **asdict(settings)}
    out = Output(json)
    out.show(value, lambda: out.pairs(value, "The day book"))


@close_app.command()
def start(
    by: By,
    statement: Files = None,
    platform: Files = None,
    mapping: Annotated[list[Path] | None, typer.Option(help="A bank's CSV layout.", dir_okay=False)] = None,
    layout: Annotated[Path | None, typer.Option(help="The platform export's layout.", dir_okay=False)] = None,
    rules: Annotated[Path | None, typer.Option(help="Another table of rules.", dir_okay=False)] = None,
    account: Annotated[
        list[str] | None,
        typer.Option(help="NUMBER=KEY: which account at the bank is which of the structure."),
    ] = None,
    entity: Entity = 1,
    currency: CurrencyCode = "CNY",
    data: Data = DATA_DEFAULT,
    json: Json = False,
) -> None:
    """Start closing the earliest open day, with the bank's statements and the platform's export; again to add files."""
    from jinku.custody.closing.inputs import Given

    given = Given(
        statements=_read(statement),
        platform=_read(platform),
        mappings=_read(mapping),
        layout=(layout.name, layout.read_bytes()) if layout else None,
        rules=(rules.name, rules.read_bytes()) if rules else None,
        accounts=_accounts(account or []),
    )
    books = books_of(entity, currency)
    with closing_rooms(data) as rooms:
        day = rooms.desk.start(books, given, rooms.structure(books), by)
        inputs = [one.as_json() for one in rooms.desk.inputs(books, day.day)]
    _show_day(day, {"inputs": inputs}, json)


@close_app.command()
def drop(
    sha256: Annotated[str, typer.Argument(help="SHA-256 of the file, as `show` lists it.")],
    by: By,
    reason: Reason,
    entity: Entity = 1,
    currency: CurrencyCode = "CNY",
    data: Data = DATA_DEFAULT,
    json: Json = False,
) -> None:
    """Take back a file that was given by mistake, before the record is prepared."""
    books = books_of(entity, currency)
    with closing_rooms(data) as rooms:
        day = rooms.desk.drop(books, sha256, by, reason)
        inputs = [one.as_json() for one in rooms.desk.inputs(books, day.day)]
    _show_day(day, {"inputs": inputs}, json)


@close_app.command()
def finish(
    by: By,
    entity: Entity = 1,
    currency: CurrencyCode = "CNY",
    data: Data = DATA_DEFAULT,
    json: Json = False,
) -> None:
    """Reconcile the day that is being closed, compute its position, write the record. 1: not everything agrees."""
    with closing_rooms(data) as rooms:
        day, record = rooms.desk.finish(books_of(entity, currency), by)
    document = _document(record)
    _show_day(day, document, json)
    if document["outcome"] != "reconciled":
        raise typer.Exit(Exit.REFUSED)


@close_app.command()
def review(
    by: By,
    comment: Annotated[str, typer.Option(help="What the reviewer says; it stands in the record.")] = "",
    send_back: Annotated[str, typer.Option("--send-back", help="Do not approve: the reason.")] = "",
    entity: Entity = 1,
    currency: CurrencyCode = "CNY",
    data: Data = DATA_DEFAULT,
    json: Json = False,
) -> None:
    """Approve the record that waits, by another person than its preparer: it is sealed in the log, the day closed."""
    books = books_of(entity, currency)
    with closing_rooms(data) as rooms:
        if send_back:
            day, document = rooms.desk.send_back(books, by, send_back), {}
        else:
            day, record = rooms.desk.review(books, by, comment=comment)
            document = _document(record)
    _show_day(day, document, json)


@close_app.command()
def status(data: Data = DATA_DEFAULT, json: Json = False) -> None:
    """Where each day book stands: the open day, the next one to close, how long until its cut-off."""
    import time

    from jinku.base.clock import to_rfc3339
    from jinku.base.currency import currency_by_number
    from jinku.custody.closing.deadlines import time_text

    rows = []
    with closing_rooms(data) as rooms:
        now = time.time_ns()
        for books in rooms.book.books():
            following = rooms.book.next_to_close(*books)
            last = rooms.book.last_closed(*books)
            cut_off = rooms.book.settings(books, following).cut_off_of(following)
            states = {one.day: one.state.value for one in rooms.book.days(books)[-1:]}
            rows.append(
                {
                    "entity": books.entity,
                    "currency": currency_by_number(books.currency).code,
                    "last_closed": last.day.isoformat() if last else "",
                    "next_to_close": following.isoformat(),
                    "state": states.get(following, "open"),
                    "cut_off": to_rfc3339(cut_off),
                    "remaining": time_text(cut_off - now) if cut_off > now else "over",
                    "open_day": rooms.book.open_day(*books).isoformat(),
                }
            )
    out = Output(json)

    def render() -> None:
        if not rows:
            out.line("No day book is begun. Begin one: jinku close begin --first-day YYYY-MM-DD --by ID")
            return
        columns = ("entity", "currency", "last closed", "next", "state", "cut-off", "until then", "open day")
        out.table(columns, [tuple(row.values()) for row in rows], "Day books")

    out.show({"books": rows}, render)


@close_app.command()
def show(
    day: DayArgument = "",
    entity: Entity = 1,
    currency: CurrencyCode = "CNY",
    data: Data = DATA_DEFAULT,
    json: Json = False,
) -> None:
    """A day: its record, inputs, position and history."""
    books = books_of(entity, currency)
    with closing_rooms(data) as rooms:
        found = day_of(rooms, books, day)
        written = bool(found.record or found.draft)
        document = _document(rooms.desk.record(books, found.day)) if written else {}
        document.setdefault("inputs", [one.as_json() for one in rooms.desk.inputs(books, found.day)])
        history = _history(rooms, books, found)
    value = {**day_json(found), "document": document, "history": history}
    out = Output(json)

    def render() -> None:
        _show_day(found, document, json=False)
        out.table(("at", "by", "what", "note"), [tuple(line.values()) for line in history], "History")

    out.show(value, render)


@close_app.command()
def reperform(
    day: DayArgument = "",
    every: Annotated[bool, typer.Option("--all", help="Every closed day, and the chain of records.")] = False,
    entity: Entity = 1,
    currency: CurrencyCode = "CNY",
    data: Data = DATA_DEFAULT,
    json: Json = False,
) -> None:
    """Compute a day's record again from its stored inputs and the journal, and compare the bytes. 1: not equal."""
    books = books_of(entity, currency)
    results = []
    with closing_rooms(data) as rooms:
        if every:  # the days of an import have no inputs of their own: for them the chain alone is verified
            closed = [one.day for one in rooms.book.days(books) if one.record]
            days = [one for one in closed if rooms.desk.inputs(books, one)]
        else:
            days = [day_of(rooms, books, day).day]
        for number, one in enumerate(days, 1):
            results.append(rooms.desk.reperform(books, one))
            progress("computing again", number, len(days))
        problems = list(rooms.desk.verify(books)) if every else []
    rows: list[dict[str, Any]] = [
        {
            "day": one.day.isoformat(),
            "equal": one.equal,
            "record": one.record,
            "recomputed": one.recomputed,
            "differences": list(one.differences),
        }
        for one in results
    ]
    out = Output(json)

    def render() -> None:
        shown = [
            (
                row["day"],
                "equal" if row["equal"] else "DIFFERENT",
                row["record"],
                "\n".join(row["differences"]),
            )
            for row in rows
        ]
        out.table(("day", "result", "record", "differences"), shown)
        for problem in problems:
            out.line(problem)

    out.show({"days": rows, "problems": problems}, render)
    if problems or not all(row["equal"] for row in rows):
        raise typer.Exit(Exit.REFUSED)


def _read(paths: list[Path] | None) -> list[tuple[str, bytes]]:
    return [(path.name, path.read_bytes()) for path in paths or ()]


def _accounts(texts: list[str]) -> dict[str, str]:
    from jinku.base.errors import InputError

    found = {}
    for text in texts:
        number, equals, key = text.partition("=")
        if not (number and equals and key):
            raise InputError(
                "is not NUMBER=KEY", field="--account", value=text[:80], remedy="say GB29…=BANK_MIRROR"
            )
        found[number] = key
    return found


def _document(record: bytes) -> dict[str, Any]:
    from jinku.custody.closing.record import record_document

    return record_document(record)


def _history(rooms: Rooms, books: "Books", day: "Day") -> list[dict[str, str]]:
    from jinku.base.clock import to_rfc3339

    return [
        {"at": to_rfc3339(line.at), "by": line.by, "what": line.what, "note": line.note}
        for line in rooms.book.history(books, day.day)
    ]


def _show_day(day: "Day", document: dict[str, Any], json: bool) -> None:
    value = day_json(day)
    out = Output(json)

    def render() -> None:
        out.pairs(
            {name: item for name, item in value.items() if item not in ("", None)}, f"Day {value['day']}"
        )
        _render_document(out, document, value["currency"])

    out.show({**value, "document": document}, render)


def _render_document(out: Output, document: dict[str, Any], code: str) -> None:
    if document.get("inputs"):
        rows = [
            (one.get("role", ""), one["name"], one.get("size", ""), one["sha256"])
            for one in document["inputs"]
        ]
        out.table(("input", "name", "bytes ", "SHA-256"), rows)
    counts = document.get("reconciliation", {}).get("counts", {})
    if counts:
        out.table(("reconciliation", "records "), counts.items())
    for one in document.get("positions", ()):
        out.table(
            ("pool", "requirement ", "resource ", "difference ", "outcome"),
            [
                (
                    one["pool"],
                    money(one["requirement"], code),
                    money(one["resource"], code),
                    money(one["difference"], code),
                    one["outcome"] + ("" if one["confirmed"] else ", not confirmed by the bank"),
                )
            ],
        )
    if document.get("late", {}).get("count"):
        late = document["late"]
        out.line(
            f"Late entries, booked after the day they name: {late['count']}, {money(late['amount'], code)}"
        )
    if document.get("outcome"):
        out.line(f"Outcome: {document['outcome']}")
