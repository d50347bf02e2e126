"""`jinku audit …`: what an independent auditor does with the published log; the ledger is not asked."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from jinku.cli.house import DATA_DEFAULT, Data, log_directory, log_keys
from jinku.cli.output import Json, Output

if TYPE_CHECKING:
    from jinku.custody.audit.population import Population
    from jinku.custody.audit.sample import Sample
    from jinku.log.reader import LogDirectory

audit_app = typer.Typer(
    name="audit", help="Samples of what was booked, each with its proof.", no_args_is_help=True
)


@audit_app.command()
def sample(
    words: Annotated[str, typer.Argument(help="Words of your own that decide what is drawn.")],
    out_directory: Annotated[
        Path, typer.Option("--out", help="A new folder for the sample.", file_okay=False)
    ],
    count: Annotated[int, typer.Option(help="How many to draw.", min=1, max=10_000)] = 25,
    currency: Annotated[str, typer.Option(help="The currency to draw from.")] = "CNY",
    method: Annotated[str, typer.Option(help="money (monetary units) or simple.")] = "money",
    since: Annotated[str, typer.Option(help="Booked at or after this RFC 3339 time.")] = "",
    until: Annotated[str, typer.Option(help="Booked at or before this RFC 3339 time.")] = "",
    data: Data = DATA_DEFAULT,
    log: Annotated[
        str, typer.Option(help="The log's URL instead of --data; its credential in JINKU_BEARER.")
    ] = "",
    vkey: Annotated[list[str] | None, typer.Option(help="The log's public key, for --log.")] = None,
    json: Json = False,
) -> None:
    """Draw booked movements from the whole signed log, and write each with its receipt."""
    from rich.progress import Progress

    from jinku.base.clock import from_rfc3339
    from jinku.base.currency import currency as currency_of
    from jinku.base.errors import InputError
    from jinku.crypto.vkey import VerifierKey
    from jinku.custody.audit.population import read_population
    from jinku.custody.audit.sample import Method, Plan, draw, receipts

    if method not in tuple(Method):
        raise InputError("is no method", field="--method", value=method, remedy=f"say {' or '.join(Method)}")
    plan = Plan(
        Method(method),
        count,
        words,
        currency_of(currency).number,
        from_rfc3339(since) if since else 0,
        from_rfc3339(until) if until else 0,
    )
    if out_directory.exists():
        raise InputError("exists", field="--out", value=str(out_directory), remedy="name a new folder")
    source, keys = _source(data, log, vkey or [])
    with Progress(transient=True, disable=json) as progress:
        task = progress.add_task("reading the log", total=source.checkpoint().size)
        population = read_population(
            source, [VerifierKey.parse(key) for key in keys], lambda count: progress.advance(task, count)
        )
    drawn = draw(population, plan)
    _write(out_directory, drawn, population, [one.encode() for one in receipts(source, population, drawn)])
    out = Output(json)
    out.show(_as_json(drawn), lambda: _show(out, drawn, out_directory))


def _source(data: Path, log: str, vkeys: list[str]) -> "tuple[LogDirectory, list[str]]":
    import os

    from jinku.base.errors import InputError
    from jinku.custody.audit.remote import LogUrl
    from jinku.log.reader import LogDirectory

    if not log:
        return LogDirectory(log_directory(data)), vkeys or log_keys(data)
    if not vkeys:
        raise InputError(
            "is missing", field="--vkey", value="", remedy="ask the platform for its log's public key"
        )
    return LogUrl(log, os.environ.get("JINKU_BEARER", "")), vkeys


def _as_json(drawn: "Sample") -> dict[str, Any]:
    plan = drawn.plan
    return {
        "method": plan.method.value,
        "words": plan.words,
        "ledger": plan.ledger,
        "since": str(plan.since),
        "until": str(plan.until),
        "log_size": drawn.size,
        "log_root": drawn.root.hex(),
        "population": {"movements": drawn.movements, "total": str(drawn.total)},
        "interval": str(drawn.interval),
        "drawn": [
            {
                "entry": one.entry,
                "transfer": str(one.transfer),
                "debit_account": str(one.debit),
                "credit_account": str(one.credit),
                "amount": str(one.amount),
                "code": one.code,
                "day": one.day,
                "booked": str(one.booked),
                "hits": one.hits,
            }
            for one in drawn.drawn
        ],
    }


def _write(directory: Path, drawn: "Sample", population: "Population", receipts: list[bytes]) -> None:
    import csv
    import json

    (directory / "receipts").mkdir(parents=True)
    document = _as_json(drawn)
    (directory / "sample.json").write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")
    (directory / "checkpoint").write_bytes(population.checkpoint.encode())
    for one, receipt in zip(drawn.drawn, receipts, strict=True):
        (directory / "receipts" / f"{one.entry}.tlog-proof").write_bytes(receipt)
    with (directory / "sample.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, [*document["drawn"][0], "receipt"])
        writer.writeheader()
        for row in document["drawn"]:
            writer.writerow({**row, "receipt": f"receipts/{row['entry']}.tlog-proof"})


def _show(out: Output, drawn: "Sample", directory: Path) -> None:
    columns = ("entry ", "transfer", "amount ", "code ", "day ", "hits ")
    rows = [(one.entry, one.transfer, one.amount, one.code, one.day, one.hits) for one in drawn.drawn]
    out.table(
        columns, rows, f"{len(rows)} of {drawn.movements} movements, drawn by {drawn.plan.method.value}"
    )
    out.line(f"Written to {directory}: sample.csv, and a receipt of each for `jinku verify receipt`.")
