"""`jinku breaks …`: what a close could not explain: who has it, what is done about it, and how it ends."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from jinku.cli.failures import Exit
from jinku.cli.house import DATA_DEFAULT, Data, opened_custody
from jinku.cli.inputs import parse_day
from jinku.cli.options import By
from jinku.cli.output import Json, Output

if TYPE_CHECKING:
    from jinku.custody.breaks.desk import BreakDesk
    from jinku.custody.breaks.model import Case

breaks_app = typer.Typer(
    name="breaks", help="Breaks: own them, work on them, end them by two persons.", no_args_is_help=True
)
Id = Annotated[
    str, typer.Argument(metavar="ID", help="The break's id, 32 hexadecimal digits, or its beginning.")
]
Words = Annotated[str, typer.Option("--text", help="What there is to say, one line.")]
CauseOption = Annotated[
    str, typer.Option("--cause", help="timing, bank_error, bank_charge, our_error, … (see docs).")
]
DayOption = Annotated[str, typer.Option("--day", help="The business day, YYYY-MM-DD; today where left out.")]
Language = Annotated[str, typer.Option("--language", help="en or zh.")]


@contextmanager
def breaks_desk(data: Path) -> Iterator["BreakDesk"]:
    """The desk of the data directory `data`; approval levels are in its ``approvers.toml``."""
    with opened_custody(data) as custody:
        yield custody.breaks


@breaks_app.command("list")
def list_breaks(
    everything: Annotated[bool, typer.Option("--all", help="Ended ones too.")] = False,
    entity: Annotated[int, typer.Option("--entity", help="Number of the legal entity; 0 for all.")] = 0,
    day: DayOption = "",
    data: Data = DATA_DEFAULT,
    json: Json = False,
) -> None:
    """List breaks with age, owner and due day. Exit code 1 where one is overdue."""
    out = Output(json)
    with breaks_desk(data) as desk:
        cases = desk.cases(entity=entity, living=not everything)
        values = [_line(desk, case, day) for case in cases]
    columns = ("break", "day", "age ", "class", "amount ", "state", "owner", "due", "")
    rows = [
        (
            v["break"][:12],
            v["day"],
            v["age_days"],
            v["class"],
            v["money"],
            v["state"],
            v["owner"],
            v["due"],
            _marks(v),
        )
        for v in values
    ]
    out.show(values, lambda: out.table(columns, rows))
    if any(value["overdue"] and value["ended"] is None for value in values):
        raise typer.Exit(Exit.REFUSED)


@breaks_app.command()
def show(number: Id, data: Data = DATA_DEFAULT, json: Json = False) -> None:
    """Show one break with its whole history; its digests and seals are verified."""
    from jinku.base.clock import to_rfc3339

    out = Output(json)
    with breaks_desk(data) as desk:
        case = _case(desk, number)
        desk.seals.verify(case.id)
        value = {
            **_line(desk, case, ""),
            "reference": case.reference,
            "transfers": [str(one) for one in case.transfer_ids],
            "bank_records": list(case.bank_ids),
            "evidence": list(case.evidence),
            "cause": case.cause,
            "cause_text": case.cause_text,
            "correcting_transfers": [str(one) for one in case.transfers],
            "history": [
                {
                    "at": to_rfc3339(one.at),
                    "by": one.by,
                    "act": one.act.value,
                    **one.body,
                    "digest": one.digest,
                }
                for one in desk.history(case.id)
            ],
        }
    head = {name: _plain(item) for name, item in value.items() if name != "history"}
    rows = [
        (one["at"], one["by"], one["act"], one.get("text") or one.get("what") or one.get("owner") or "")
        for one in value["history"]
    ]

    def render() -> None:
        out.pairs(head)
        out.table(("at", "by", "act", ""), rows)

    out.show(value, render)


@breaks_app.command()
def assign(
    number: Id,
    owner: Annotated[str, typer.Option("--owner", help="Id of the person who has it from now on.")],
    by: By,
    data: Data = DATA_DEFAULT,
    json: Json = False,
) -> None:
    """Give a break to somebody."""
    with breaks_desk(data) as desk:
        _answer(desk, desk.assign(_case(desk, number).id, owner, by), json)


@breaks_app.command()
def investigate(number: Id, by: By, data: Data = DATA_DEFAULT, json: Json = False) -> None:
    """Say that work on a break has begun."""
    with breaks_desk(data) as desk:
        _answer(desk, desk.investigate(_case(desk, number).id, by), json)


@breaks_app.command()
def note(number: Id, text: Words, by: By, data: Data = DATA_DEFAULT, json: Json = False) -> None:
    """Write something down about a break."""
    with breaks_desk(data) as desk:
        _answer(desk, desk.comment(_case(desk, number).id, by, text), json)


@breaks_app.command()
def act(
    number: Id,
    text: Words,
    owner: Annotated[str, typer.Option("--owner", help="Who does it.")],
    due: Annotated[str, typer.Option("--due", help="Until when, YYYY-MM-DD.")],
    by: By,
    data: Data = DATA_DEFAULT,
    json: Json = False,
) -> None:
    """Note what is to be done about a break, by whom and until when."""
    with breaks_desk(data) as desk:
        _answer(desk, desk.act(_case(desk, number).id, by, text, owner, parse_day(due, "--due")), json)


@breaks_app.command()
def done(
    number: Id,
    action: Annotated[int, typer.Option("--action", help="The action's number, from 1.")],
    by: By,
    data: Data = DATA_DEFAULT,
    json: Json = False,
) -> None:
    """Say that an action is done."""
    with breaks_desk(data) as desk:
        _answer(desk, desk.done(_case(desk, number).id, by, action), json)


@breaks_app.command()
def link(
    number: Id,
    kind: Annotated[str, typer.Option("--kind", help="file, line, transfer, order or document.")],
    value: Annotated[str, typer.Option("--value", help="A file's SHA-256, a statement's line, an id.")],
    by: By,
    data: Data = DATA_DEFAULT,
    json: Json = False,
) -> None:
    """Link evidence to a break."""
    with breaks_desk(data) as desk:
        _answer(desk, desk.link(_case(desk, number).id, by, kind, value), json)


@breaks_app.command()
def propose(
    number: Id, cause: CauseOption, text: Words, by: By, data: Data = DATA_DEFAULT, json: Json = False
) -> None:
    """Propose that a break is explained; another person approves."""
    with breaks_desk(data) as desk:
        _answer(desk, desk.propose_close(_case(desk, number).id, by, _cause(cause), text), json)


@breaks_app.command("write-off")
def write_off(
    number: Id,
    against: Annotated[
        str, typer.Option("--against", help="suspense, fee_income, risk_reserve or reversal.")
    ],
    cause: CauseOption,
    text: Words,
    by: By,
    day: DayOption = "",
    data: Data = DATA_DEFAULT,
    json: Json = False,
) -> None:
    """Propose correcting entries for a break; they are booked when another person has approved."""
    from jinku.base.errors import InputError
    from jinku.custody.breaks.correction import Against

    try:
        chosen = Against(against)
    except ValueError:
        known = ", ".join(one.value for one in Against)
        raise InputError(
            "bears no break", field="--against", value=against[:40], remedy=f"use {known}"
        ) from None
    with breaks_desk(data) as desk:
        case = _case(desk, number)
        booked = _day(desk, case, day)
        case = desk.propose_write_off(case.id, by, chosen, booked, cause=_cause(cause), text=text)
        _answer(desk, case, json)


@breaks_app.command()
def approve(number: Id, by: By, day: DayOption = "", data: Data = DATA_DEFAULT, json: Json = False) -> None:
    """Approve the end that is proposed. Exit code 1 where the ledger refused the correcting entries."""
    with breaks_desk(data) as desk:
        case = _case(desk, number)
        after = desk.approve(case.id, by, _day(desk, case, day))
        _answer(desk, after, json)
    if after.state.value == "investigating":
        raise typer.Exit(Exit.REFUSED)


@breaks_app.command()
def reject(number: Id, text: Words, by: By, data: Data = DATA_DEFAULT, json: Json = False) -> None:
    """Do not approve the end that is proposed."""
    with breaks_desk(data) as desk:
        _answer(desk, desk.reject(_case(desk, number).id, by, text), json)


@breaks_app.command()
def reopen(number: Id, text: Words, by: By, data: Data = DATA_DEFAULT, json: Json = False) -> None:
    """Open an ended break again."""
    with breaks_desk(data) as desk:
        _answer(desk, desk.reopen(_case(desk, number).id, by, text), json)


@breaks_app.command()
def escalate(day: DayOption = "", data: Data = DATA_DEFAULT, json: Json = False) -> None:
    """Escalate what has grown too old; says which breaks it was new for."""
    from jinku.custody.breaks.table import ESCALATION

    out = Output(json)
    with breaks_desk(data) as desk:
        told = desk.escalate(parse_day(day) if day else _today(desk, 1))
        values = [_line(desk, case, day) for case in told]
    names = {one.level: f"{one.english} · {one.chinese}" for one in ESCALATION}
    rows = [(v["break"][:12], v["age_days"], names.get(v["level"], v["level"]), v["owner"]) for v in values]
    out.show(values, lambda: out.table(("break", "age ", "to", "owner"), rows))


@breaks_app.command()
def ageing(
    day: DayOption = "",
    language: Language = "en",
    file: Annotated[
        Path | None, typer.Option("--csv", help="Write the table as CSV.", dir_okay=False)
    ] = None,
    entity: Annotated[int, typer.Option("--entity", help="Number of the legal entity; 0 for all.")] = 0,
    data: Data = DATA_DEFAULT,
    json: Json = False,
) -> None:
    """The ageing report: bands of age by class and currency, at the end of a day."""
    out, chosen = Output(json), "zh" if language == "zh" else "en"
    with breaks_desk(data) as desk:
        report = desk.ageing(parse_day(day) if day else _today(desk, entity or 1), entity=entity)
    if file is not None:
        file.write_bytes(report.csv(chosen).encode())
    columns, rows = report.table(chosen)
    out.show(report.document(), lambda: out.table(columns, rows))


@breaks_app.command()
def verify(data: Data = DATA_DEFAULT, json: Json = False) -> None:
    """Verify every history, state and seal of the breaks against the log."""
    out = Output(json)
    with breaks_desk(data) as desk:
        value = {"events": desk.seals.audit(), "verified": True}
    out.show(value, lambda: out.pairs(value))


def _case(desk: "BreakDesk", text: str) -> "Case":
    """The break whose id `text` is, or begins."""
    import re

    from jinku.base.errors import InputError

    if re.fullmatch(r"[0-9a-f]{4,32}", text, re.ASCII):
        found = [one for one in desk.cases() if f"{one.id:032x}".startswith(text)]
        if len(found) == 1:
            return found[0]
        if len(text) == 32 or found:
            return desk.case(int(text, 16)) if not found else _several(text, len(found))
    raise InputError("names no break", field="id", value=text[:40], remedy="see `jinku breaks list`")


def _several(text: str, count: int) -> "Case":
    from jinku.base.errors import InputError

    raise InputError(f"begins the ids of {count} breaks", field="id", value=text, remedy="give more digits")


def _cause(text: str) -> Any:
    from jinku.base.errors import InputError
    from jinku.custody.breaks.table import CAUSES, Cause

    try:
        return Cause(text)
    except ValueError:
        known = ", ".join(one.value for one in CAUSES)
        raise InputError("is no cause", field="--cause", value=text[:40], remedy=f"use {known}") from None


def _today(desk: "BreakDesk", entity: int) -> Any:
    return desk.today(entity)


def _day(desk: "BreakDesk", case: "Case", text: str) -> Any:
    return parse_day(text) if text else _today(desk, case.entity)


def _answer(desk: "BreakDesk", case: "Case", json: bool) -> None:
    out, value = Output(json), _line(desk, case, "")
    out.show(value, lambda: out.pairs({name: _plain(item) for name, item in value.items()}))


def _line(desk: "BreakDesk", case: "Case", day: str) -> dict[str, Any]:
    from jinku.base.currency import currency_by_number
    from jinku.base.decimals import format_minor

    unit = currency_by_number(case.currency)
    clock = desk.clockwork(case, parse_day(day) if day else _today(desk, case.entity))
    return {
        "break": f"{case.id:032x}",
        "entity": case.entity,
        "account": case.account,
        "class": case.kind,
        "currency": unit.code,
        "amount": str(case.amount),
        "effect": str(case.effect),
        "money": f"{format_minor(case.amount, unit.exponent)} {unit.code}",
        "day": case.day.isoformat(),
        "age_days": clock.age_days,
        "due": clock.due.isoformat(),
        "overdue": clock.overdue,
        "material": clock.material,
        "state": case.state.value,
        "owner": case.owner,
        "level": case.level,
        "ended": case.ended.isoformat() if case.ended else None,
        "open_actions": [
            f"{one.number}. {one.what} ({one.owner}, {one.due})" for one in case.actions if not one.done_by
        ],
        "proposed_by": case.proposal.by if case.proposal else None,
        "approved_by": list(case.proposal.approved_by) if case.proposal else [],
    }


def _plain(item: Any) -> Any:
    return "; ".join(map(str, item)) if isinstance(item, list) else item


def _marks(value: dict[str, Any]) -> str:
    words = (
        "material" if value["material"] else "",
        "overdue" if value["overdue"] and not value["ended"] else "",
    )
    return " ".join(one for one in words if one)
