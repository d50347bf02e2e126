"""`jinku risk alerts feed`, `jinku risk kri measure`: what the house itself tells the risk desks."""

from typing import Annotated

import typer

from jinku.cli.failures import Exit
from jinku.cli.house import DATA_DEFAULT, Data, existing_house
from jinku.cli.output import Json, Output
from jinku.cli.risk_decisions import opened_risk
from jinku.cli.risk_operational import Table


def feed(data: Data = DATA_DEFAULT, json: Json = False) -> None:
    """Hand what was held or denied since the last time to the alert desk; `jinku serve` does it by itself."""
    import time

    from jinku.bootstrap.risk_desks import open_desks
    from jinku.bootstrap.risk_feed import AlertFeed

    with opened_risk(data) as risk:
        alerts = open_desks(risk.house, time.time_ns, zone=risk.settings.zone).alerts
        count = AlertFeed(risk, alerts).feed()
    out = Output(json)
    out.show({"alerts": count}, lambda: out.line(f"{count} movements were handed to the alert desk"))


def measure_indicators(
    raised: Annotated[
        bool, typer.Option("--raise", help="Hand what wants attention to the alert desk.")
    ] = False,
    table: Table = None,
    data: Data = DATA_DEFAULT,
    json: Json = False,
) -> None:
    """Measure what the house can measure of itself, and keep it. Exit code 1 where one is red."""
    import time

    from jinku.bootstrap.custody import Custody
    from jinku.bootstrap.risk_desks import open_desks
    from jinku.bootstrap.risk_measuring import measured
    from jinku.bootstrap.risk_raising import of_indicators
    from jinku.risk.acts.model import PROGRAM
    from jinku.risk.operational.indicators import Colour, IndicatorDesk, read_indicators
    from jinku.risk.operational.table import INDICATORS

    known = read_indicators(table) if table else INDICATORS
    with existing_house(data) as house, Custody(house) as custody:
        desks = open_desks(house, time.time_ns)
        desk = IndicatorDesk(desks.book, known, time.time_ns)
        names = {one.name for one in known}
        values = {name: value for name, value in measured(custody).items() if name in names}
        colours = desk.observe(values, by=PROGRAM)
        if raised:
            desks.alerts.raise_(of_indicators(desk.attention()))
        house.publish()
    out = Output(json)
    rows = [(name, value, colours[name].name.lower()) for name, value in values.items()]
    shown = {name: {"value": str(value), "colour": colour} for name, value, colour in rows}
    out.show(shown, lambda: out.table(("indicator", "value ", "colour"), rows))
    if Colour.RED in colours.values():
        raise typer.Exit(Exit.REFUSED)
