"""`jinku position …`: what must be held against what is held; making a shortfall good; the notice."""

import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from jinku.cli.closing import DayArgument, Rooms, books_of, closing_rooms, day_of, money, remedy_json
from jinku.cli.failures import Exit
from jinku.cli.house import DATA_DEFAULT, Data
from jinku.cli.options import By, CurrencyCode, Entity
from jinku.cli.output import Json, Output

if TYPE_CHECKING:
    from jinku.custody.closing.days import Books

position_app = typer.Typer(
    name="position",
    help="The safeguarding position: requirement against resource, remedies, notice.",
    no_args_is_help=True,
)
Number = Annotated[int, typer.Argument(help="The remedy's number.", min=1)]
_EMPTY = "No day has a position yet. Close one: jinku close start, jinku close finish"
_COLUMNS = ("day", "pool", "requirement ", "resource ", "internal ", "external ", "difference ", "outcome")


@position_app.command()
def now(
    entity: Entity = 1, currency: CurrencyCode = "CNY", data: Data = DATA_DEFAULT, json: Json = False
) -> None:
    """By our books at this moment, and by the newest close step by step, with the clocks that run. 1: a shortfall."""
    books = books_of(entity, currency)
    with closing_rooms(data) as rooms:
        live = _live(rooms, books)
        days = rooms.book.days(books)
        rows = rooms.remedies.position(books, days[-1].day) if days else []
        if days and not rows and len(days) > 1:
            rows = rooms.remedies.position(books, days[-2].day)
        running = [
            remedy_json(one, time.time_ns())
            for one in rooms.remedies.remedies(books)
            if one.state.value in ("proposed", "approved")
        ]
    out = Output(json)

    def render() -> None:
        _table(out, live, currency, "By our books now")
        if not rows:
            out.line(_EMPTY)
        _table(out, rows, currency)
        for row in rows:
            for line in row["explanation"]:
                out.line(f"  {line}")
        _remedies(out, running)

    out.show({"now": live, "positions": rows, "remedies": running}, render)
    if any(row["outcome"] == "shortfall" for row in rows):
        raise typer.Exit(Exit.REFUSED)


@position_app.command()
def history(
    entity: Entity = 1, currency: CurrencyCode = "CNY", data: Data = DATA_DEFAULT, json: Json = False
) -> None:
    """Every day's position, and every remedy."""
    books = books_of(entity, currency)
    with closing_rooms(data) as rooms:
        rows = rooms.remedies.history(books)
        remedies = [remedy_json(one, time.time_ns()) for one in rooms.remedies.remedies(books)]
    out = Output(json)

    def render() -> None:
        if not rows:
            out.line(_EMPTY)
        _table(out, rows, currency)
        _remedies(out, remedies)

    out.show({"positions": rows, "remedies": remedies}, render)


@position_app.command()
def propose(
    by: By,
    day: DayArgument = "",
    entity: Entity = 1,
    currency: CurrencyCode = "CNY",
    data: Data = DATA_DEFAULT,
    json: Json = False,
) -> None:
    """Propose what makes the position good: own money in on a shortfall, own money out on an excess."""
    books = books_of(entity, currency)
    with closing_rooms(data) as rooms:
        found = rooms.remedies.propose(books, day_of(rooms, books, day).day, by)
    _show(found, json, "Nothing is to be done: the position is reconciled, or what is needed is under way.")


@position_app.command()
def decide(
    number: Number,
    by: By,
    refuse: Annotated[str, typer.Option("--refuse", help="Do not approve: the reason.")] = "",
    data: Data = DATA_DEFAULT,
    json: Json = False,
) -> None:
    """Approve a proposal, or refuse it, by another person than its proposer."""
    with closing_rooms(data) as rooms:
        found = rooms.remedies.decide(number, by, approve=not refuse, reason=refuse)
    _show([found], json)


@position_app.command()
def execute(number: Number, by: By, data: Data = DATA_DEFAULT, json: Json = False) -> None:
    """Move the money of an approved remedy, once, and seal the evidence."""
    with closing_rooms(data) as rooms:
        found = rooms.remedies.execute(number, by)
    _show([found], json)


@position_app.command("notice")
def draft_notice(
    day: DayArgument = "",
    out_directory: Annotated[
        Path | None, typer.Option("--out", help="Write the drafts to this folder.", file_okay=False)
    ] = None,
    entity: Entity = 1,
    currency: CurrencyCode = "CNY",
    data: Data = DATA_DEFAULT,
    json: Json = False,
) -> None:
    """Draft the notice to the regulator or the bank, in English and Chinese, with the facts of the record."""
    from jinku.base.currency import currency_by_number
    from jinku.custody.closing.notice import Facts, notice
    from jinku.custody.closing.record import record_document
    from jinku.custody.closing.table import rule_in_force

    books = books_of(entity, currency)
    drafts = []
    with closing_rooms(data) as rooms:
        found = day_of(rooms, books, day)
        counts = record_document(rooms.desk.record(books, found.day))["reconciliation"]["counts"]
        rule = rule_in_force(rooms.book.settings(books, found.day).regime, found.day)
        every = rooms.remedies.remedies(books)
        for row in rooms.remedies.position(books, found.day):
            own = [one for one in every if (one.day, one.pool) == (found.day, row["pool"])]
            facts = Facts(found, currency_by_number(books.currency), row, counts, own, rule, time.time_ns())
            drafts.append((row["pool"], notice(facts)))
    if out_directory is not None:
        out_directory.mkdir(parents=True, exist_ok=True)
        for pool, one in drafts:
            (out_directory / f"notice-{found.day}-{pool}.en.txt").write_text(one.english, encoding="utf-8")
            (out_directory / f"notice-{found.day}-{pool}.zh.txt").write_text(one.chinese, encoding="utf-8")
    value = [
        {
            "pool": pool,
            "to": one.to_english,
            "to_zh": one.to_chinese,
            "notify_by": one.notify_by,
            "english": one.english,
            "chinese": one.chinese,
        }
        for pool, one in drafts
    ]
    out = Output(json)

    def render() -> None:
        for _, one in drafts:
            out.line(one.english)
            out.line(one.chinese)

    out.show({"notices": value}, render)


def _live(rooms: Rooms, books: "Books") -> list[dict[str, Any]]:
    """The position by our books at this moment; nothing where no day book is begun."""
    from jinku.base.clock import to_rfc3339
    from jinku.base.currency import currency_by_number
    from jinku.custody.closing.requirement import AsOf, position_now
    from jinku.custody.closing.table import rule_in_force

    if books not in rooms.book.books():
        return []
    day = rooms.book.open_day(*books)
    rule = rule_in_force(rooms.book.settings(books, day).regime, day)
    what = AsOf(books.entity, currency_by_number(books.currency), day, to_rfc3339(time.time_ns()))
    accounts = rooms.house.ledger.accounts_array()
    found = position_now(what, accounts, rooms.structure(books), rule)
    return [{**one.as_json(), "explanation": list(one.explanation)} for one in found]


def _table(out: Output, rows: list[dict[str, Any]], code: str, title: str = "Positions") -> None:
    if rows:
        names = ("requirement", "resource", "internal", "external", "difference")
        shown = [(r["day"], r["pool"], *(money(r[name], code) for name in names), r["outcome"]) for r in rows]
        out.table(_COLUMNS, shown, title)


def _remedies(out: Output, rows: list[dict[str, Any]]) -> None:
    if rows:
        columns = ("no. ", "day", "kind", "amount ", "state", "due", "remaining", "")
        shown = [
            (
                row["number"],
                row["day"],
                row["kind"],
                money(row["amount"], row["currency"]),
                row["state"],
                row["due_at"],
                row["remaining"],
                "OVERDUE" if row["overdue"] else "",
            )
            for row in rows
        ]
        out.table(columns, shown, "Remedies")


def _show(found: list[Any], json: bool, empty: str = "") -> None:
    rows = [remedy_json(one, time.time_ns()) for one in found]
    out = Output(json)
    out.show({"remedies": rows}, lambda: _remedies(out, rows) if rows else out.line(empty))
