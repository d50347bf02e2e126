"""`jinku risk features flink | submit`, `jinku risk parity`: features on a cluster, and whether they are the same."""

import signal
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Annotated

import typer

from jinku.base.clock import US_PER_DAY
from jinku.cli.output import Json, Output, note
from jinku.cli.risk_features import features_app

if TYPE_CHECKING:
    from jinku.risk.events import EventBatch
    from jinku.risk.features.flink import Script
    from jinku.risk.features.parity import Parity, Session

SUBMIT_TIMEOUT_S = 300

Set = Annotated[str, typer.Option("--set", help="A table of features, or a built-in set's name.")]
Source = Annotated[
    list[str],
    typer.Option("--source", help="name=value of the event table's connector; may be given again."),
]
Sink = Annotated[
    list[str],
    typer.Option("--sink", help="name=value of the feature table's connector; may be given again."),
]
Origin = Annotated[
    str,
    typer.Option(
        "--origin", help="A moment shortly before the first event, RFC 3339; the clock starts there."
    ),
]
Late = Annotated[
    float,
    typer.Option("--late-s", help="By how many seconds events may come out of order.", min=0, max=3_600),
]


@features_app.command("flink")
def flink_text(
    table: Set,
    source: Source,
    sink: Sink,
    origin: Origin = "2026-01-01T00:00:00Z",
    late_s: Late = 0,
    json: Json = False,
) -> None:
    """The features as Flink SQL, for Flink's own client: what is to run, in full."""
    script, out = _script(table, (source, sink), origin, late_s), Output(json)
    out.show({"sql": script.text, "features": len(script.features)}, lambda: out.line(script.text))


@features_app.command()
def submit(
    gateway: Annotated[str, typer.Option("--gateway", help="The address of Flink's SQL Gateway.")],
    table: Set,
    source: Source,
    sink: Sink,
    origin: Origin = "2026-01-01T00:00:00Z",
    late_s: Late = 0,
    json: Json = False,
) -> None:
    """Start the features as a job on a Flink cluster, through its SQL Gateway."""
    from jinku.risk.features.flink import Gateway

    script = _script(table, (source, sink), origin, late_s)
    with Gateway(gateway) as session:
        jobs = session.submit(script.statements, timeout_s=SUBMIT_TIMEOUT_S)
    out = Output(json)
    answer = {"jobs": jobs, "features": len(script.features)}
    out.show(answer, lambda: out.pairs({"jobs": ", ".join(jobs), "features": len(script.features)}))


def parity(
    events: Annotated[int, typer.Option("--events", help="How many events to make.", min=1)] = 1_000_000,
    table: Set = "payments",
    seed: Annotated[int, typer.Option("--seed", help="Of the events that are made.")] = 1,
    data: Annotated[
        Path | None,
        typer.Option("--data", help="Card payments (.parquet, .csv) instead.", exists=True, dir_okay=False),
    ] = None,
    flink: Annotated[
        str,
        typer.Option(
            "--flink",
            help="auto: where it is installed; no; a SQL Gateway's URL; or the path of Flink's environment.",
        ),
    ] = "auto",
    json: Json = False,
) -> None:
    """Compute every feature of every event online, in DuckDB and in Flink. 1: some value differs in some bit."""
    from jinku.risk.features.parity import compare, compare_made
    from jinku.risk.features.reading import load

    features = load(table)
    with ExitStack() as stack:
        session = _session(flink, stack)
        if data is None:
            found = compare_made(features, events, seed, session, note)
        else:
            found = compare(features, _cards(data, events), session, note)
    out = Output(json)
    out.show(found.as_json(), lambda: _render(out, found))
    if found.mismatches:
        raise typer.Exit(1)


def _cards(data: Path, count: int) -> "EventBatch":
    """The first `count` payments of a file, and their labels a week late."""
    from jinku.risk.events import LocalTime, with_labels
    from jinku.risk.events.from_table import CARD_FRAUD, read_table
    from jinku.risk.features.sample import LABEL_DELAY_DAYS

    place = LocalTime("UTC")
    return with_labels(read_table(data, CARD_FRAUD, place)[:count], LABEL_DELAY_DAYS * US_PER_DAY, place)


def _session(flink: str, stack: ExitStack) -> "Session | None":
    """What runs Flink's part; None where there is to be none."""
    from jinku.risk.features.flink import Gateway, LocalCluster, NoFlink, find_flink

    if flink == "no":
        return None
    if flink.startswith(("http://", "https://")):
        return stack.enter_context(Gateway(flink))
    try:
        home = find_flink(None if flink == "auto" else flink)
    except NoFlink as absent:
        if flink != "auto":
            raise
        note(f"Flink is left out: {absent}")
        return None
    stack.enter_context(ending_in_order())
    return stack.enter_context(LocalCluster(home)).session()


@contextmanager
def ending_in_order() -> Iterator[None]:
    """SIGTERM ends the block as SIGINT does, so that what was started is stopped, too."""
    before = signal.signal(signal.SIGTERM, _end)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _end(_signal: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def _render(out: Output, found: "Parity") -> None:
    rows = [(name, found.present[name], found.mismatched[name]) for name in found.present]
    out.table(("feature", "values ", "mismatches "), rows)
    for one in found.differences:
        values = ", ".join(f"{engine} {value}" for engine, value in one.values.items())
        out.line(f"event {one.event} at {one.time}: {one.feature}: {values}")
    seconds = ", ".join(f"{name} {one:.1f} s" for name, one in found.seconds.items())
    out.line(
        f"{found.events} events, {len(found.present)} features: {found.mismatches} mismatches ({seconds})"
    )


def _script(table: str, connectors: tuple[list[str], list[str]], origin: str, late_s: float) -> "Script":
    from jinku.base.errors import InputError
    from jinku.risk.features.flink import Tables, to_sql
    from jinku.risk.features.reading import load

    source, sink = (_options(given) for given in connectors)
    moment = _moment(origin)
    if "connector" not in source or "connector" not in sink:
        raise InputError("names no connector", field="--source, --sink", remedy="give connector=… to both")
    lateness = max(1, round(late_s * 1_000_000))
    return to_sql(load(table), Tables(source, sink, origin=moment, lateness=lateness))


def _options(given: list[str]) -> dict[str, str]:
    from jinku.base.errors import InputError

    found = {}
    for one in given:
        name, mark, value = one.partition("=")
        if not mark or not name:
            raise InputError("is not name=value", field="connector option", value=name[:60])
        found[name] = value
    return found


def _moment(text: str) -> int:
    """Microseconds since 1970."""
    from datetime import datetime

    from jinku.base.errors import InputError

    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None:
        raise InputError("is no moment with a time zone", field="--origin", value=text[:40])
    return round(moment.timestamp()) * 1_000_000
