"""`jinku retention …`: how long records are kept: legal holds, and purges that two persons stand behind."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from jinku.cli.house import DATA_DEFAULT, Data, opened_custody
from jinku.cli.options import By, Reason
from jinku.cli.output import Json, Output

if TYPE_CHECKING:
    from jinku.custody.retention.store import Hold, Planned

retention_app = typer.Typer(
    name="retention",
    help="How long records are kept: holds, and purges by two persons.",
    no_args_is_help=True,
)
Number = Annotated[int, typer.Argument(help="The number of the plan or hold.", min=1)]


@retention_app.command()
def plan(
    by: By,
    day: Annotated[
        str, typer.Option("--day", help="What may go on this day, YYYY-MM-DD; today where left out.")
    ] = "",
    data: Data = DATA_DEFAULT,
    json: Json = False,
) -> None:
    """A dry run: list what may be deleted and what a hold keeps, and seal the list. Nothing is deleted."""
    from jinku.base.clock import day_of
    from jinku.cli.inputs import parse_day

    with opened_custody(data) as custody:
        as_of = parse_day(day) if day else day_of(custody.clock())
        _show(custody.retention.plan(as_of, by), Output(json))


@retention_app.command()
def due(
    day: Annotated[str, typer.Option("--day", help="As of this day, YYYY-MM-DD; today where left out.")] = "",
    data: Data = DATA_DEFAULT,
    json: Json = False,
) -> None:
    """How many records of each kind may go, are held, must be kept or go on, and by which law."""
    from jinku.base.clock import day_of
    from jinku.cli.inputs import parse_day

    with opened_custody(data) as custody:
        as_of = parse_day(day) if day else day_of(custody.clock())
        found = custody.retention.due(as_of)
    rows = [
        {**one._asdict(), "next_day": one.next_day.isoformat() if one.next_day else None} for one in found
    ]
    out = Output(json)
    names = ("kind", "due", "held", "kept", "going_on", "next_day", "source")
    out.show(
        {"as_of": as_of.isoformat(), "kinds": rows},
        lambda: out.table(names, [[row[name] for name in names] for row in rows]),
    )


@retention_app.command()
def execute(number: Number, by: By, data: Data = DATA_DEFAULT, json: Json = False) -> None:
    """Confirm a plan, as another person than made it, and delete what it lists and no hold keeps by now."""
    with opened_custody(data) as custody:
        _show(custody.retention.execute(number, by), Output(json))


@retention_app.command()
def show(number: Number, data: Data = DATA_DEFAULT, json: Json = False) -> None:
    """One plan, record by record, and what became of each."""
    with opened_custody(data) as custody:
        _show(custody.retention.known(number), Output(json))


@retention_app.command()
def hold(
    by: By,
    reason: Reason,
    kind: Annotated[str, typer.Option("--kind", help="Kind of record; every kind where left out.")] = "",
    key: Annotated[str, typer.Option("--key", help="One record's key.")] = "",
    subject: Annotated[str, typer.Option("--subject", help="Whom it is about.")] = "",
    data: Data = DATA_DEFAULT,
    json: Json = False,
) -> None:
    """Keep what is named, whatever its term, at once; everything where nothing is named."""
    with opened_custody(data) as custody:
        scope = {"kind": kind, "key": key, "subject": subject}
        _show_hold(custody.retention.hold(scope, reason, by), Output(json))


@retention_app.command()
def lift(number: Number, by: By, data: Data = DATA_DEFAULT, json: Json = False) -> None:
    """Lift a hold, as another person than placed it."""
    with opened_custody(data) as custody:
        _show_hold(custody.retention.lift(number, by), Output(json))


@retention_app.command("list")
def list_all(data: Data = DATA_DEFAULT, json: Json = False) -> None:
    """Every hold and every plan."""
    with opened_custody(data) as custody:
        office = custody.retention
        holds = [_hold_document(one) for one in office.holds().values()]
        plans = [_summary(one) for one in office.plans()]
    out = Output(json)

    def render() -> None:
        for title, rows in (("Holds", holds), ("Plans", plans)):
            if rows:
                out.table(tuple(rows[0]), [list(row.values()) for row in rows], title)

    out.show({"holds": holds, "plans": plans}, render)


def _summary(one: "Planned") -> dict[str, Any]:
    return {
        "plan": one.number,
        "as_of": one.as_of.isoformat(),
        "erase": len(one.document["erase"]),
        "held": len(one.document["held"]),
        "state": one.state,
        "planned_by": one.planned_by,
        "approved_by": one.approved_by or None,
        "sha256": one.digest,
        "sealed_entry": one.entry,
        "outcome_entry": one.outcome_entry if one.outcome_entry >= 0 else None,
    }


def _show(one: "Planned", out: Output) -> None:
    from jinku.custody.retention.office import outcomes

    head = {**_summary(one), "outcome": outcomes(one)}
    lines = [("erase", line["kind"], line["key"], line["sha256"][:16]) for line in one.document["erase"]]
    lines += [("held", line["kind"], line["key"], line["sha256"][:16]) for line in one.document["held"]]

    def render() -> None:
        told = ", ".join(f"{count} {name}" for name, count in head["outcome"].items()) or "waits"
        out.pairs({**head, "outcome": told})
        out.table(("", "kind", "record", "sha256"), lines)

    out.show({**head, "document": dict(one.document)}, render)


def _hold_document(one: "Hold") -> dict[str, Any]:
    return {
        "hold": one.number,
        "kind": one.kind or "every",
        "key": one.key or "every",
        "subject": one.subject or "every",
        "reason": one.reason,
        "placed_by": one.placed_by,
        "lifted_by": one.lifted_by or None,
    }


def _show_hold(one: "Hold", out: Output) -> None:
    document = _hold_document(one)
    out.show(document, lambda: out.pairs(document))
