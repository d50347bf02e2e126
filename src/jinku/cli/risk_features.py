"""`jinku risk features …`: look at a table of features, check one, compute one over a history."""

from pathlib import Path
from typing import Annotated, Any

import typer

from jinku.base.clock import US_PER_DAY
from jinku.cli.output import Json, Output

features_app = typer.Typer(
    name="features", help="Features as a table: show, check, back-test.", no_args_is_help=True
)

Table = Annotated[
    str, typer.Argument(help="A .toml or .csv table of features, or the name of a built-in set.")
]


@features_app.command()
def show(table: Table, json: Json = False) -> None:
    """Every feature of a table: what it reads, over which window, and what it means."""
    from jinku.risk.features.reading import load

    features = load(table)
    rows = [_row(feature) for feature in features.features]
    document = {**_head(features), "features": rows}
    out = Output(json)

    def render() -> None:
        out.pairs(_head(features))
        columns = ("feature", "computes", "key", "window", "filter", "meaning")
        out.table(columns, [[row[name] for name in ("name", *columns[1:])] for row in rows])

    out.show(document, render)


@features_app.command()
def check(table: Table, json: Json = False) -> None:
    """Whether a table of features can be used. 2: not, with file, feature, column and value of what does not fit."""
    from jinku.risk.features.engine import Engine
    from jinku.risk.features.reading import load

    features = load(table)
    Engine(features)
    out = Output(json)
    out.show(_head(features), lambda: out.pairs(_head(features)))


@features_app.command()
def backtest(
    data: Annotated[
        Path, typer.Option("--data", help="Events: .parquet or .csv.", exists=True, dir_okay=False)
    ],
    table: Annotated[str, typer.Option("--set", help="A table of features, or a built-in set's name.")],
    out: Annotated[Path, typer.Option("--out", help="The .parquet file to write.", dir_okay=False)],
    shape: Annotated[
        str,
        typer.Option("--shape", help="Form of the data: payments (columns named like fields) or card-fraud."),
    ] = "payments",
    zone: Annotated[str, typer.Option("--zone", help="Time zone of local hours and days.")] = "UTC",
    label_delay: Annotated[
        int,
        typer.Option(
            "--label-delay", help="Days until a label is known; 0: labels stay where they are.", min=0
        ),
    ] = 0,
    json: Json = False,
) -> None:
    """Features of every event of a history, each from what was known at its time."""
    from jinku.base.errors import InputError
    from jinku.risk.events import LocalTime, with_labels
    from jinku.risk.events.from_table import SHAPES, read_table
    from jinku.risk.features.backtesting import backtest_to_file
    from jinku.risk.features.reading import load

    if shape not in SHAPES:
        raise InputError(
            "is no form", field="--shape", value=shape[:40], remedy="known are " + ", ".join(SHAPES)
        )
    features, place = load(table), LocalTime(zone)
    truth = read_table(data, SHAPES[shape], place)
    batch = with_labels(truth, label_delay * US_PER_DAY, place) if label_delay else truth
    rows = backtest_to_file(features, batch, out, truth)
    document = {**_head(features), "events": rows, "out": out.name}
    view = Output(json)
    view.show(document, lambda: view.pairs(document))


def _head(features: Any) -> dict[str, Any]:
    return {
        "set": features.name,
        "version": features.version,
        "schema": features.schema.name,
        "outputs": len(features.names),
        "reach_days": round(features.reach / US_PER_DAY, 3),
        "digest": features.digest.hex(),
    }


def _row(feature: Any) -> dict[str, Any]:
    from jinku.risk.features.definition import Derived

    shared = {"name": feature.name, "hidden": feature.hidden, "meaning": feature.meaning}
    if isinstance(feature, Derived):
        return {**shared, "computes": feature.expression, "key": None, "window": None, "filter": None}
    computes = f"{feature.aggregate.value} of {feature.of}" if feature.of else feature.aggregate.value
    window = feature.window.text
    if feature.delay:
        window += f", {feature.delay // 1_000_000} s ago"
    elif not feature.current:
        window += ", without itself"
    words = [] if feature.stream.value == "events" else [feature.stream.value]
    words += [feature.filter] if feature.filter else []
    key = " + ".join(feature.key)
    if feature.legs:
        key += f" among {' and '.join(feature.history)}"
    return {**shared, "computes": computes, "key": key, "window": window, "filter": "; ".join(words) or None}
