"""`jinku bench …`: measures the promises, each against its bar."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from jinku.cli.output import Json, Output, console, note

if TYPE_CHECKING:
    from collections.abc import Mapping

    from jinku.bench.report import Figure

bench_app = typer.Typer(
    name="bench", help="Measure, on this machine, what Jinku promises.", no_args_is_help=True
)

Scratch = Annotated[
    Path | None,
    typer.Option("--scratch", help="Where to put the data (deleted afterwards).", file_okay=False),
]


@bench_app.command()
def ledger(
    transfers: Annotated[int, typer.Option(help="Transfers of the longest run.", min=100_000)] = 2_000_000,
    tigerbeetle: Annotated[
        str,
        typer.Option(
            envvar="JINKU_TIGERBEETLE",
            help="The program tigerbeetle, to run its benchmark beside ours; found on the PATH where left out.",
        ),
    ] = "",
    scratch: Scratch = None,
    json: Json = False,
) -> None:
    """The ledger: batches, one hot account, single callers, history, reopening, PostgreSQL; TigerBeetle beside it."""
    import shutil

    from jinku.bench.ledger import run

    _report("ledger", run(transfers, scratch, note, tigerbeetle or shutil.which("tigerbeetle")), json)


@bench_app.command()
def http(
    seconds: Annotated[float, typer.Option(help="Of measuring single transfers.", min=0.5)] = 10.0,
    scratch: Scratch = None,
    json: Json = False,
) -> None:
    """The HTTP API: one transfer a request on 64 connections, and 1,000 a request."""
    import tempfile

    from jinku.bench.http import HttpLoad, run

    with tempfile.TemporaryDirectory(prefix="jinku-bench-", dir=scratch) as directory:
        _report("http", run(HttpLoad(seconds=seconds), Path(directory) / "data"), json)


@bench_app.command()
def log(
    entries: Annotated[int, typer.Option(help="Entries of the log.", min=1_000)] = 2_000_000,
    scratch: Scratch = None,
    json: Json = False,
) -> None:
    """The log: entries appended, and a whole log verified from its tiles."""
    import tempfile

    from jinku.bench.log import run
    from jinku.bench.report import Figure

    with tempfile.TemporaryDirectory(prefix="jinku-bench-", dir=scratch) as directory:
        found = run(entries, Path(directory) / "log")
    figures = {
        "append_tps": Figure(found["append_tps"], "entries/s", 100_000),
        "verify_s": Figure(found["verify_s"], "s", 60, lower_is_better=True),
    }
    _report("log", figures, json)


@bench_app.command()
def custody(
    orders: Annotated[int, typer.Option(help="Orders through the corridor.", min=1_000)] = 200_000,
    customers: Annotated[int, typer.Option(help="Customers attested.", min=1_000)] = 1_000_000,
    pack: Annotated[int, typer.Option(help="Customers of the resolution pack.", min=100)] = 100_000,
    instructions: Annotated[
        int, typer.Option(help="Instructions to the misbehaving bank; 0 for none.", min=0)
    ] = 10_000,
    seed: Annotated[int, typer.Option(help="Of all that is random by choice.", min=0)] = 7,
    scratch: Scratch = None,
    json: Json = False,
) -> None:
    """Custody: orders, attestation and receipts, the resolution pack, and the bank that misbehaves."""
    from jinku.bench.custody import Sizes, run

    _report("custody", run(Sizes(orders, customers, pack, instructions, seed), scratch, note), json)


@bench_app.command()
def recon(
    seed: Annotated[int, typer.Option(help="Of the labelled days and the sides.", min=0)] = 7,
    lines: Annotated[
        int, typer.Option(help="Records on each side where speed is measured.", min=1_000)
    ] = 1_000_000,
    json: Json = False,
) -> None:
    """Reconciliation: the exact pass, three sides with evidence, and labelled days judged against their truth."""
    from jinku.bench.recon import run

    _report("recon", run(seed, lines, note), json)


@bench_app.command()
def risk(
    sample_data: Annotated[
        Path | None,
        typer.Option(
            "--sample-data", help="With card-fraud/, amlsim/ and lists/; parts without theirs are left out."
        ),
    ] = None,
    transfers: Annotated[int, typer.Option(help="Decided in the corridor; 0 for none.", min=0)] = 400_000,
    events: Annotated[int, typer.Option(help="Rebuilt from the log; 0 for none.", min=0)] = 1_000_000,
    parity: Annotated[int, typer.Option(help="Compared between three engines; 0 for none.", min=0)] = 20_000,
    seed: Annotated[int, typer.Option(help="Of all that is random by choice.", min=0)] = 7,
    scratch: Scratch = None,
    json: Json = False,
) -> None:
    """Risk: decisions inline, features, rules, parity of engines, card fraud, transfer graph, screening, replay."""
    from jinku.bench.risk import RiskSizes, run

    sizes = RiskSizes(transfers, events, parity, seed)
    _report("risk", run(sizes, sample_data, scratch, note), json)


def _report(name: str, figures: "Mapping[str, Figure]", as_json: bool) -> None:
    from jinku.bench.report import Report

    report = Report.of(name, figures)
    Output(as_json).show(report.as_json(), lambda: console().print(report.table()))
