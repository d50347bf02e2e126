"""`jinku log …`: the published log of a data directory. What only reads works while `jinku serve` runs."""

from pathlib import Path
from typing import Annotated

import typer

from jinku.cli.failures import Exit
from jinku.cli.house import DATA_DEFAULT, Data, existing_house, log_directory, log_keys
from jinku.cli.output import Json, Output

log_app = typer.Typer(name="log", help="Checkpoints, proofs and receipts of the log.", no_args_is_help=True)

Cosigned = Annotated[
    bool, typer.Option("--cosigned", help="Under the newest checkpoint that witnesses cosigned.")
]
File = Annotated[Path | None, typer.Option("--out", help="Write it to this file.", dir_okay=False)]


@log_app.command()
def checkpoint(data: Data = DATA_DEFAULT, cosigned: Cosigned = False, json: Json = False) -> None:
    """The newest signed checkpoint, as it is served."""
    from jinku.log.reader import LogDirectory

    signed = LogDirectory(log_directory(data)).checkpoint(cosigned=cosigned)
    note = signed.encode().decode()
    out = Output(json)
    value = {"origin": signed.checkpoint.origin, "size": signed.size, "root": signed.root.hex(), "note": note}
    out.show(value, lambda: out.line(note.rstrip("\n")))


@log_app.command()
def proof(
    old_size: Annotated[int, typer.Argument(help="Size of a checkpoint kept from before.", min=0)],
    data: Data = DATA_DEFAULT,
    cosigned: Cosigned = False,
    out_file: File = None,
    json: Json = False,
) -> None:
    """The proof that the log of today continues the one of OLD_SIZE entries (for `verify consistency`)."""
    from jinku.log.consistency import make_consistency_proof
    from jinku.log.reader import LogDirectory

    made = make_consistency_proof(LogDirectory(log_directory(data)), old_size, cosigned=cosigned)
    value = {
        "old_size": made.old_size,
        "size": made.checkpoint.size,
        "path": [node.hex() for node in made.path],
        "proof": made.encode().decode(),
    }
    _give(made.encode(), value, out_file, Output(json))


@log_app.command()
def receipt(
    number: Annotated[str, typer.Argument(help="A transfer's id, or with --entry an entry's number.")],
    data: Data = DATA_DEFAULT,
    entry: Annotated[bool, typer.Option("--entry", help="NUMBER is an entry of the log.")] = False,
    cosigned: Cosigned = False,
    out_file: File = None,
    json: Json = False,
) -> None:
    """The receipt of a transfer or of any entry (c2sp.org/tlog-proof@v1, for `verify receipt`)."""
    from jinku.cli.inputs import Absent, parse_id
    from jinku.log.reader import LogDirectory
    from jinku.log.receipt import make_receipt

    index = parse_id(number)
    if not entry:
        with existing_house(data) as house:
            index = house.ledger.transfer_sequence(index)
        if index < 0:
            raise Absent(f"there is no transfer {number}", remedy="look at the id, or say --entry")
    made = make_receipt(LogDirectory(log_directory(data)), index, cosigned=cosigned)
    value = {"index": made.index, "size": made.checkpoint.size, "receipt": made.encode().decode()}
    _give(made.encode(), value, out_file, Output(json))


@log_app.command()
def verify(data: Data = DATA_DEFAULT, json: Json = False) -> None:
    """Check the whole log directory by the independent verifier, under the directory's own keys."""
    from jinku.verify import Trust, verify_log_directory

    report = verify_log_directory(log_directory(data), Trust.of(log_keys(data)), live=True)
    out = Output(json)

    def render() -> None:
        out.pairs(
            {
                "origin": report.origin,
                "entries": report.size,
                "root": report.root,
                "root matches": report.root_matches,
                "bundles": report.bundles,
                "tiles": report.tiles,
                "faults": report.findings_total,
            }
        )
        for finding in report.findings:
            out.line(f"{finding.where}: {finding.message} [{finding.code}]")
        out.line("verified" if report.ok else "NOT VERIFIED")

    out.show(report.as_json(), render)
    if not report.ok:
        raise typer.Exit(Exit.REFUSED)


@log_app.command()
def rebuild(data: Data = DATA_DEFAULT, json: Json = False) -> None:
    """Compare every file of the log with the journal, and write again what is missing or damaged."""
    with existing_house(data, recheck_all=True) as house:
        signed = house.publish()
        repaired = list(house.publisher.repaired)
    value = {
        "origin": signed.checkpoint.origin,
        "size": signed.size,
        "root": signed.root.hex(),
        "repaired": repaired,
    }
    out = Output(json)
    out.show(value, lambda: out.pairs({**value, "repaired": "\n".join(repaired) or "nothing was damaged"}))


def _give(content: bytes, value: dict[str, object], file: Path | None, out: Output) -> None:
    if file is not None:
        file.write_bytes(content)
        value = {**value, "file": str(file)}
    out.show(value, lambda: out.line(f"wrote {file}" if file is not None else content.decode().rstrip("\n")))
