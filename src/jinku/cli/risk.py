"""`jinku risk …`: features, rules, models, graph, decisions."""

import typer

from jinku.cli.risk_graph import graph

risk_app = typer.Typer(
    name="risk", help="Decide about movements before they post; see how it was decided.", no_args_is_help=True
)

risk_app.command()(graph)
