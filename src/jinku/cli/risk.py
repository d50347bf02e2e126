"""`jinku risk …`: features, rules, models, graph, decisions."""

import typer

from jinku.cli.risk_alerts import alerts_app
from jinku.cli.risk_cases import case_app
from jinku.cli.risk_decisions import answer, decide, decided, refuse, release, replay
from jinku.cli.risk_features import features_app
from jinku.cli.risk_feeding import feed, measure_indicators
from jinku.cli.risk_graph import graph
from jinku.cli.risk_market import market_app
from jinku.cli.risk_measures import measure_app
from jinku.cli.risk_models import drift, evaluate, explain, train, unsupervised
from jinku.cli.risk_operational import duty_app, kri_app, loss_app
from jinku.cli.risk_rating import rating_app
from jinku.cli.risk_registry import model_app
from jinku.cli.risk_reports import reporting_app
from jinku.cli.risk_rules import rules_app
from jinku.cli.risk_scale import parity
from jinku.cli.risk_switch import switch_app
from jinku.cli.risk_typologies import typologies

risk_app = typer.Typer(
    name="risk", help="Decide about movements before they post; see how it was decided.", no_args_is_help=True
)

alerts_app.command("feed")(feed)
kri_app.command("measure")(measure_indicators)
risk_app.add_typer(features_app)
risk_app.command()(graph)
risk_app.command()(typologies)
for room in (market_app, loss_app, kri_app, duty_app):
    risk_app.add_typer(room)
for desk in (alerts_app, case_app, measure_app, reporting_app, rating_app):
    risk_app.add_typer(desk)
risk_app.add_typer(rules_app)
risk_app.add_typer(switch_app)
risk_app.command()(parity)
for study in (train, evaluate, unsupervised, explain, drift):
    risk_app.command()(study)
risk_app.add_typer(model_app)
for command, name in ((decide, "decide"), (decided, "decisions"), (release, "release"), (refuse, "refuse")):
    risk_app.command(name)(command)
risk_app.command("answer")(answer)
risk_app.command("replay")(replay)
