"""`jinku risk measure …`: proportionate measures by two persons, objections answered within 15 days."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from jinku.cli.failures import Exit
from jinku.cli.house import DATA_DEFAULT, Data
from jinku.cli.inputs import parse_day
from jinku.cli.output import Json, Output
from jinku.cli.risk_desk import By, Key, Words, chosen, risk_desks, six, whole

if TYPE_CHECKING:
    from jinku.risk.cases.ladder import Rung
    from jinku.risk.cases.measures import Measure

measure_app = typer.Typer(
    name="measure",
    help="Measures against a customer: a ladder, two persons, a right to object.",
    no_args_is_help=True,
)
Customer = Annotated[str, typer.Option("--customer", help="The customer's number.")]
RungName = Annotated[
    str,
    typer.Option(
        "--rung", help="diligence, limit_method, limit_amount, limit_frequency, hold, refuse or end."
    ),
]
Case = Annotated[str, typer.Option("--case", parser=six, help="Number of the case that it follows from.")]
Milder = Annotated[str, typer.Option("--milder", help="Why a milder measure is not enough.")]
Until = Annotated[str, typer.Option("--until", help="The last day, YYYY-MM-DD; until lifted where left out.")]
Methods = Annotated[str, typer.Option("--methods", help="Closed methods, with commas: cash,cross_border …")]
Amount = Annotated[int, typer.Option("--amount", help="Most minor units in the period.", min=0)]
CurrencyCode = Annotated[str, typer.Option("--currency", help="ISO 4217 code of the amount.")]
Count = Annotated[int, typer.Option("--count", help="Most movements in the period.", min=0)]
Period = Annotated[int, typer.Option("--days", help="The period: 1, 7, 30, 90 or 365 days.")]


@measure_app.command("propose")
def propose(
    customer: Customer,
    rung: RungName,
    text: Words,
    by: By,
    milder: Milder = "",
    until: Until = "",
    case: Case = "",
    methods: Methods = "",
    amount: Amount = 0,
    currency: CurrencyCode = "",
    count: Count = 0,
    period: Period = 0,
    data: Data = DATA_DEFAULT,
    json: Json = False,
) -> None:
    """Propose a measure; another person approves it."""
    from jinku.risk.cases.ladder import Limits
    from jinku.risk.cases.measure_desk import Wish

    wish = Wish(
        whole(customer, "--customer"),
        _rung(rung),
        text,
        Limits(_words(methods), amount, currency, count, period),
        milder,
        parse_day(until, "--until") if until else None,
        case,
    )
    with risk_desks(data) as desks:
        _answer(desks.measures.propose(wish, by), json)


@measure_app.command()
def stop(
    customer: Customer,
    text: Words,
    by: By,
    rung: RungName = "hold",
    case: Case = "",
    data: Data = DATA_DEFAULT,
    json: Json = False,
) -> None:
    """Stop a name on a list at once; another person confirms it."""
    from jinku.risk.cases.measure_desk import Wish

    wish = Wish(whole(customer, "--customer"), _rung(rung), text, case=case)
    with risk_desks(data) as desks:
        _answer(desks.measures.stop_at_once(wish, by), json)


@measure_app.command()
def approve(key: Key, by: By, data: Data = DATA_DEFAULT, json: Json = False) -> None:
    """Approve a measure, or confirm one that was taken at once."""
    with risk_desks(data) as desks:
        _answer(desks.measures.approve(key, by), json)


@measure_app.command()
def refuse(key: Key, text: Words, by: By, data: Data = DATA_DEFAULT, json: Json = False) -> None:
    """Refuse a measure, or take back one that was taken at once."""
    with risk_desks(data) as desks:
        _answer(desks.measures.refuse(key, by, text), json)


@measure_app.command("object")
def take_objection(
    key: Key,
    text: Words,
    by: By,
    received: Annotated[
        str, typer.Option("--received", help="The day it came in; today where left out.")
    ] = "",
    data: Data = DATA_DEFAULT,
    json: Json = False,
) -> None:
    """Take a customer's objection: it is to be answered within 15 days."""
    with risk_desks(data) as desks:
        day = parse_day(received, "--received") if received else desks.measures.today()
        _answer(desks.measures.object(key, by, day, text), json)


@measure_app.command()
def answer(
    key: Key,
    objection: Annotated[int, typer.Option("--objection", help="Which of the measure's objections.", min=1)],
    verdict: Annotated[str, typer.Option("--verdict", help="keep, change or lift.")],
    text: Words,
    by: By,
    methods: Methods = "",
    amount: Amount = 0,
    currency: CurrencyCode = "",
    count: Count = 0,
    period: Period = 0,
    data: Data = DATA_DEFAULT,
    json: Json = False,
) -> None:
    """Answer an objection, as one who neither made nor checked the measure."""
    from jinku.risk.cases.ladder import Limits
    from jinku.risk.cases.measures import Verdict

    wanted = chosen(Verdict, verdict, "--verdict")
    limits = Limits(_words(methods), amount, currency, count, period) if wanted is Verdict.CHANGE else None
    with risk_desks(data) as desks:
        _answer(desks.measures.answer(key, by, objection, wanted, text, limits=limits), json)


@measure_app.command()
def propose_lift(key: Key, text: Words, by: By, data: Data = DATA_DEFAULT, json: Json = False) -> None:
    """Propose to lift a measure."""
    with risk_desks(data) as desks:
        _answer(desks.measures.propose_lift(key, by, text), json)


@measure_app.command()
def lift(key: Key, by: By, data: Data = DATA_DEFAULT, json: Json = False) -> None:
    """Lift a measure, as another person than proposed it."""
    with risk_desks(data) as desks:
        _answer(desks.measures.lift(key, by), json)


@measure_app.command()
def keep(key: Key, text: Words, by: By, data: Data = DATA_DEFAULT, json: Json = False) -> None:
    """Do not lift a measure that somebody proposes to lift."""
    with risk_desks(data) as desks:
        _answer(desks.measures.keep(key, by, text), json)


@measure_app.command("list")
def list_measures(
    by: By,
    customer: Annotated[str, typer.Option("--customer", help="Of one customer.")] = "",
    everything: Annotated[bool, typer.Option("--all", help="Those that do not bind today too.")] = False,
    data: Data = DATA_DEFAULT,
    json: Json = False,
) -> None:
    """List measures in force. Exit code 1 where a second person or an answer is overdue."""
    out = Output(json)
    with risk_desks(data) as desks:
        about = whole(customer, "--customer") if customer else None
        values = [_value(one) for one in desks.measures.measures(by, customer=about, binding=not everything)]
        today = desks.measures.today()
        late = any(one.overdue for one in desks.measures.waiting(by, today))
        late = late or any(one.overdue for one in desks.measures.objections(by, today))
    rows = [(one["measure"], one["customer"], one["rung"], one["state"], one["until"]) for one in values]
    out.show(values, lambda: out.table(("measure", "customer", "rung", "state", "until"), rows))
    if late:
        raise typer.Exit(Exit.REFUSED)


@measure_app.command("show")
def show(key: Key, by: By, data: Data = DATA_DEFAULT, json: Json = False) -> None:
    """Show one measure: basis, reasons, limits, persons and objections."""
    with risk_desks(data) as desks:
        _answer(desks.measures.measure(key, by), json)


@measure_app.command()
def objections(by: By, data: Data = DATA_DEFAULT, json: Json = False) -> None:
    """Open objections by their day. Exit code 1 where one is overdue."""
    out = Output(json)
    with risk_desks(data) as desks:
        found = desks.measures.objections(by, desks.measures.today())
    values = [
        {
            "measure": one.measure.key,
            "objection": one.objection.number,
            "received": one.objection.received.isoformat(),
            "due": one.due.isoformat(),
            "reminders": one.reminders,
            "overdue": one.overdue,
        }
        for one in found
    ]
    out.show(
        values,
        lambda: out.table(tuple(values[0]) if values else ("",), [list(one.values()) for one in values]),
    )
    if any(one.overdue for one in found):
        raise typer.Exit(Exit.REFUSED)


def _rung(text: str) -> "Rung":
    from jinku.base.errors import InputError
    from jinku.risk.cases.ladder import Rung

    try:
        return Rung[text.upper()]
    except KeyError:
        known = ", ".join(one.name.lower() for one in Rung)
        raise InputError("is no rung", field="--rung", value=text[:40], remedy=f"use {known}") from None


def _words(text: str) -> tuple[str, ...]:
    return tuple(one for one in text.split(",") if one)


def _value(one: "Measure") -> dict[str, Any]:
    from jinku.risk.cases.ladder import customer_words

    return {
        "measure": one.key,
        "customer": str(one.customer),
        "rung": one.rung.name.lower(),
        "state": one.stage.value,
        "until": one.until.isoformat() if one.until else "",
        "limits": one.limits.document(),
        "customer_is_told": {language: customer_words(one.rung, language) for language in ("en", "zh")},
        "basis": one.basis,
        "reason": one.reason,
        "milder": one.milder,
        "case": one.case,
        "made_by": one.maker,
        "checked_by": one.checker,
        "objections": [
            {
                "objection": each.number,
                "received": each.received.isoformat(),
                "answered": each.answered.isoformat() if each.answered else "",
                "verdict": each.verdict.value if each.verdict else "",
            }
            for each in one.objections
        ],
    }


def _answer(one: "Measure", json: bool) -> None:
    out, value = Output(json), _value(one)
    plain = {
        name: item for name, item in value.items() if name not in ("limits", "customer_is_told", "objections")
    }

    def render() -> None:
        out.pairs(
            {
                **plain,
                **{name: item for name, item in value["limits"].items() if item not in ("", 0, "0", [])},
                "customer_is_told": "\n".join(value["customer_is_told"].values()),
            }
        )
        if value["objections"]:
            rows = [list(each.values()) for each in value["objections"]]
            out.table(tuple(value["objections"][0]), rows, "objections")

    out.show(value, render)
