"""`jinku risk alerts …`: what the engines saw, the most urgent first."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from jinku.cli.house import DATA_DEFAULT, Data
from jinku.cli.output import Json, Output
from jinku.cli.risk_desk import By, read_list, risk_desks, whole

if TYPE_CHECKING:
    from jinku.risk.cases.alert_store import Group

alerts_app = typer.Typer(
    name="alerts", help="What the engines saw, the most urgent first.", no_args_is_help=True
)


@alerts_app.command("list")
def list_alerts(
    by: By,
    everything: Annotated[bool, typer.Option("--all", help="Those in cases too.")] = False,
    subject: Annotated[str, typer.Option("--subject", help="Of one customer or account.")] = "",
    data: Data = DATA_DEFAULT,
    json: Json = False,
) -> None:
    """List alerts that no case has taken, the most urgent first."""
    out = Output(json)
    with risk_desks(data) as desks:
        about = whole(subject, "--subject") if subject else None
        found = desks.alerts.list_(by, subject=about, everything=everything)
    columns = ("alert ", "priority ", "subject", "typology", "times ", "amount ")
    rows = [(one.id, one.priority, one.subject, one.typology, one.seen, _money(one)) for one in found]
    out.show([one.document() for one in found], lambda: out.table(columns, rows))


@alerts_app.command("show")
def show_alert(
    number: Annotated[int, typer.Argument(help="The alert's number.")],
    by: By,
    data: Data = DATA_DEFAULT,
    json: Json = False,
) -> None:
    """Show one alert, why it is as urgent as it is, and everything that was taken together in it."""
    out = Output(json)
    with risk_desks(data) as desks:
        group, hits = desks.alerts.alert(number, by)
    value = {**group.document(), "hits": [one.document() for one in hits]}

    def render() -> None:
        out.pairs({name: item for name, item in group.document().items() if name != "why"})
        out.table(("points ", "why", "原因"), [(points, one, other) for one, other, points in group.why])
        out.table(
            ("key", "score ", "amount ", "source", "version"),
            [(one.key, one.score, one.amount, one.source, one.version) for one in hits],
        )

    out.show(value, render)


@alerts_app.command("raise")
def raise_alerts(
    file: Annotated[
        Path, typer.Argument(help="JSON: a list of alerts (see docs/risk-cases.md).", dir_okay=False)
    ],
    by: Annotated[str, typer.Option("--by", help="Id of the person or program.")] = "jinku",
    data: Data = DATA_DEFAULT,
    json: Json = False,
) -> None:
    """Take alerts in from a file: the same again changes nothing."""
    from jinku.base.errors import InputError
    from jinku.risk.cases.alerts import Alert

    found = read_list(file)
    alerts = []
    for place, one in enumerate(found, 1):
        try:
            numbers = {name: int(one[name]) for name in ("subject", "score", "at")}
            amount = int(one.get("amount", 0))
            alerts.append(
                Alert(**{**one, **numbers, "amount": amount, "evidence": tuple(one.get("evidence", ()))})
            )
        except (KeyError, TypeError, ValueError, AttributeError):
            raise InputError(f"entry {place} is no alert", file=file.name) from None
    out = Output(json)
    with risk_desks(data) as desks:
        raised = desks.alerts.raise_(alerts, by)
    value = {"new": list(raised.new), "joined": list(raised.joined), "known": raised.known}
    out.show(
        value,
        lambda: out.pairs({"new": len(raised.new), "joined": len(raised.joined), "known": raised.known}),
    )


@alerts_app.command()
def tell(data: Data = DATA_DEFAULT, json: Json = False) -> None:
    """Who is to be told of which alert by now; each is told once. Says numbers and levels only."""
    out = Output(json)
    with risk_desks(data) as desks:
        told = desks.alerts.tell(desks.book.clock())
    values = [
        {
            "alert": one.alert.id,
            "priority": one.alert.priority,
            "level": one.notice.level,
            "tell": one.notice.english,
        }
        for one in told
    ]
    out.show(
        values,
        lambda: out.table(("alert ", "priority ", "level ", "tell"), [list(one.values()) for one in values]),
    )


def _money(group: "Group") -> str:
    from jinku.base.currency import currency
    from jinku.base.decimals import format_minor

    if not group.currency:
        return ""
    return f"{format_minor(group.amount, currency(group.currency).exponent)} {group.currency}"
