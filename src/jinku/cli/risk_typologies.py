"""`jinku risk typologies`: the patterns of laundering over a period, each with its evidence."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from jinku.base.clock import US_PER_DAY
from jinku.cli.house import DATA_DEFAULT, Data, existing_house
from jinku.cli.output import Json, Output

if TYPE_CHECKING:
    from jinku.risk.graph.typologies.moves import MoveColumns
    from jinku.risk.graph.typologies.queries import Period

LOOK_BACK_DAYS = 90


def typologies(
    first: Annotated[str, typer.Option("--from", help="First day, or an RFC 3339 time.")],
    last: Annotated[str, typer.Option("--to", help="Last day, or the RFC 3339 time it ends before.")],
    transactions: Annotated[
        Path | None,
        typer.Option(help="CSV: id,time,payer,payee,amount[,device,currency]; the ledger where left out."),
    ] = None,
    data: Data = DATA_DEFAULT,
    currency: Annotated[str, typer.Option(help="ISO 4217 code of the movements looked at.")] = "CNY",
    zone: Annotated[str, typer.Option(help="Where days begin and nights are.")] = "Asia/Shanghai",
    table: Annotated[Path | None, typer.Option(help="A table of thresholds of your own, TOML.")] = None,
    only: Annotated[
        list[str] | None, typer.Option(help="Look for this typology alone; may be repeated.")
    ] = None,
    raised: Annotated[bool, typer.Option("--raise", help="Hand what was found to the alert desk.")] = False,
    json: Json = False,
) -> None:
    """Look for structuring, fans, cycles, mule rings and the others; 90 days before tell what is usual."""
    from jinku.risk.graph.typologies.detectors import detect
    from jinku.risk.graph.typologies.moves import Moves, Place, read_moves
    from jinku.risk.graph.typologies.queries import Period
    from jinku.risk.graph.typologies.table import load_table

    period = Period(_moment("--from", first, zone, whole=0), _moment("--to", last, zone, whole=1))
    thresholds = load_table(table)
    if transactions is not None:
        columns = read_moves(transactions, currency)
    else:
        columns = _booked(
            data, currency, Period(max(period.first - LOOK_BACK_DAYS * US_PER_DAY, 0), period.end)
        )
    with Moves(columns, Place(zone)) as moves:
        report = detect(moves, period, thresholds, tuple(only or ()))
    if raised:
        from jinku.cli.risk_desk import risk_desks
        from jinku.risk.cases.raising import of_typologies

        with risk_desks(data) as desks:
            desks.alerts.raise_(of_typologies(report.findings, table.name[:80] if table else "built-in"))
    view = Output(json)

    def render() -> None:
        rows = [
            (one.typology.english, one.subject, one.score, one.text(chinese=False)) for one in report.findings
        ]
        view.table(("typology", "subject", "score ", "what was seen"), rows)
        for key, reason in report.not_looked_for:
            view.line(f"not looked for: {key} ({reason})")

    view.show(report.document(), render)


def _booked(data: Path, currency: str, period: "Period") -> "MoveColumns":
    """What the ledger booked; accounts that are no party's are the outside."""
    from jinku.custody.structure.chart import party_of
    from jinku.risk.graph.typologies.booked import booked_moves

    with existing_house(data) as house:
        return booked_moves(house.ledger, currency, period, lambda account: party_of(account) == 0)


def _moment(field: str, text: str, zone: str, whole: int) -> int:
    """Microseconds UTC of a day's beginning in `zone` (`whole` days later) or of an RFC 3339 time."""
    from datetime import date, datetime, timedelta
    from zoneinfo import ZoneInfo

    from jinku.base.errors import InputError

    try:
        if len(text) == len("yyyy-mm-dd"):
            day = date.fromisoformat(text) + timedelta(days=whole)
            moment = datetime(day.year, day.month, day.day, tzinfo=ZoneInfo(zone))
        else:
            moment = datetime.fromisoformat(text)
        if moment.tzinfo is None:
            raise ValueError
    except (ValueError, OverflowError, KeyError):
        raise InputError(
            "is no day and no RFC 3339 time",
            field=field,
            value=text,
            remedy="write yyyy-mm-dd; --zone is an IANA name",
        ) from None
    return round(moment.timestamp() * 1_000_000)
