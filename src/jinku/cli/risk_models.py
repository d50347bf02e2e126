"""`jinku risk train|evaluate|unsupervised|explain|drift`: models of card fraud from files of card payments."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from jinku.cli.naming import named
from jinku.cli.output import Json, Output

if TYPE_CHECKING:
    from jinku.risk.models.evaluation import Period
    from jinku.risk.models.experiment import Evaluated, Progress

Data = Annotated[
    Path,
    typer.Option(
        "--data",
        help="Parquet: TX_DATETIME, CUSTOMER_ID, TERMINAL_ID, TX_AMOUNT, TX_FRAUD.",
        exists=True,
        dir_okay=False,
    ),
]
Start = Annotated[str, typer.Option("--train-start", help="First day of training: 2018-06-01.")]
TrainDays = Annotated[int, typer.Option("--train-days", help="Days of training.", min=1)]
History = Annotated[str, typer.Option("--history", help="Days before that are trained on, too, or all.")]
Features = Annotated[
    Path | None, typer.Option("--features", help="Another feature table.", exists=True, dir_okay=False)
]
ModelFile = Annotated[Path, typer.Option("--model", help="A model.", exists=True, dir_okay=False)]


def evaluate(
    data: Data,
    train_start: Start,
    train_days: TrainDays = 7,
    history: History = "0",
    features: Features = None,
    json: Json = False,
) -> None:
    """Train, leave seven days for labels, test on the next seven: average precision, card precision, ROC area."""
    from jinku.risk.models.experiment import Study

    period = _period(train_start, train_days, history)
    with _progress() as progress:
        found = Study.open(data, progress, features).evaluate(period)
    _show(found, period, json)


def unsupervised(
    data: Data,
    train_start: Start,
    train_days: TrainDays = 7,
    features: Features = None,
    json: Json = False,
) -> None:
    """The same test of the score that uses no label, for platforms that know of no fraud yet."""
    from jinku.risk.models.experiment import Study

    period = _period(train_start, train_days, "0")
    with _progress() as progress:
        found = Study.open(data, progress, features).evaluate_unsupervised(period)
    _show(found, period, json)


def train(
    data: Data,
    train_start: Start,
    out: Annotated[Path, typer.Option("--out", help="Where the model goes.", dir_okay=False)],
    train_days: TrainDays = 7,
    history: History = "0",
    features: Features = None,
    json: Json = False,
) -> None:
    """Train a model and write it, with its thresholds and all that it was made of."""
    from jinku.base.errors import InputError
    from jinku.base.files import replace_durably
    from jinku.risk.models.experiment import Study

    period = _period(train_start, train_days, history)
    if not out.parent.is_dir():
        raise InputError("its directory is not there", field="--out", value=str(out))
    with _progress() as progress:
        model = Study.open(data, progress, features).train(period)
    replace_durably(out, model.to_bytes())
    head = model.head()
    document = {
        "model": model.digest.hex(),
        "origin": head["origin"],
        "metrics": {name: float(value) for name, value in model.metrics.items()},
        "thresholds": _numbers(head["thresholds"]),
    }
    view = Output(json)

    def render() -> None:
        view.pairs({"model": document["model"], **document["origin"], **document["metrics"]})
        view.table(
            ("alert for", "score ", "precision ", "recall ", "alerts a day "),
            [
                (
                    name,
                    f"{one.score:.3f}",
                    f"{one.precision:.3f}",
                    f"{one.recall:.3f}",
                    f"{one.alerts_a_day:.1f}",
                )
                for name, one in model.thresholds.items()
            ],
        )

    view.show(document, render)


def explain(
    data: Data,
    model: ModelFile,
    day: Annotated[str, typer.Option("--day", help="The day whose highest scores are explained.")],
    top: Annotated[int, typer.Option("--top", help="How many payments.", min=1, max=1_000)] = 20,
    shap: Annotated[bool, typer.Option("--shap", help="Exact Shapley values of the forest; slower.")] = False,
    features: Features = None,
    json: Json = False,
) -> None:
    """Say why a day's most suspicious payments are: what each feature gave, in Chinese and English."""
    from jinku.risk.models.experiment import Study, days_of
    from jinku.risk.models.explaining import explain_day
    from jinku.risk.models.record import Model

    with named(model):
        chosen = Model.from_bytes(model.read_bytes())
    wanted = days_of(day)
    with _progress() as progress:
        study = Study.open(data, progress, features)
    rows = explain_day(study, chosen, wanted, top, shap=shap)
    view = Output(json)

    def render() -> None:
        view.table(
            ("payment", "score ", "reasons"),
            [
                (
                    row["payment"],
                    f"{row['score']:.3f}",
                    "; ".join(f"{one['zh']} / {one['en']} ({one['gave']:+.2f})" for one in row["reasons"]),
                )
                for row in rows
            ],
        )

    view.show({"model": chosen.digest.hex(), "day": day, "payments": rows}, render)


def drift(
    data: Data,
    model: ModelFile,
    start: Annotated[str, typer.Option("--from", help="First day to compare.")],
    days: Annotated[int, typer.Option("--days", help="How many days.", min=1)] = 7,
    features: Features = None,
    json: Json = False,
) -> None:
    """Compare later payments with those of the training: a stability index for each feature and the score."""
    from jinku.risk.models.experiment import Study, days_of
    from jinku.risk.models.record import Model
    from jinku.risk.models.watching import watch

    with named(model):
        chosen = Model.from_bytes(model.read_bytes())
    first = days_of(start)
    with _progress() as progress:
        study = Study.open(data, progress, features)
    document = watch(study, chosen, first, days)
    view = Output(json)

    def render() -> None:
        view.table(
            ("column", "psi ", "band"),
            [(row["column"], f"{row['psi']:.4f}", row["band"]) for row in document["columns"]],
            f"{document['from']} … {document['to']} against {document['train_start']}",
        )

    view.show(document, render)


def _period(start: str, train_days: int, history: str) -> "Period":
    from jinku.base.errors import InputError
    from jinku.risk.models.evaluation import Period
    from jinku.risk.models.experiment import days_of

    if history != "all" and not (history.isascii() and history.isdigit() and len(history) <= 5):
        raise InputError("is neither a number of days nor all", field="--history", value=history[:40])
    return Period(days_of(start), train_days, None if history == "all" else int(history))


def _show(found: "Evaluated", period: "Period", json: bool) -> None:
    from jinku.risk.models.experiment import text_of

    document = {
        "ap": found.quality.ap,
        "cp100": found.quality.cp100,
        "auc": found.quality.auc,
        "train_start": text_of(period.start),
        "train_days": period.train_days,
        "history": "all" if period.history_days is None else period.history_days,
        "test_start": text_of(period.test_start),
        "trained": found.trained,
        "train_frauds": found.train_frauds,
        "tested": found.tested,
        "test_frauds": found.test_frauds,
    }
    view = Output(json)
    view.show(
        document,
        lambda: view.pairs({k: f"{v:.4f}" if isinstance(v, float) else v for k, v in document.items()}),
    )


def _numbers(thresholds: dict[str, dict[str, str]]) -> dict[str, Any]:
    return {name: {field: float(value) for field, value in one.items()} for name, one in thresholds.items()}


@contextmanager
def _progress() -> Iterator["Progress"]:
    """A bar on standard error where a person watches; nothing elsewhere."""
    if not sys.stderr.isatty():
        yield lambda _what, _share: None
        return
    from rich.console import Console
    from rich.progress import Progress as Bar

    with Bar(console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("reading", total=1.0)
        yield lambda what, share: bar.update(task, description=what, completed=share)
