"""`jinku risk …`: features, rules, models, graph, decisions."""

import typer

from jinku.cli.risk_graph import graph
from jinku.cli.risk_market import market_app
from jinku.cli.risk_operational import duty_app, kri_app, loss_app

risk_app = typer.Typer(
    name="risk", help="Decide about movements before they post; see how it was decided.", no_args_is_help=True
)

risk_app.command()(graph)
for room in (market_app, loss_app, kri_app, duty_app):
    risk_app.add_typer(room)
