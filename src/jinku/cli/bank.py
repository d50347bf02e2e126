"""`jinku bank …`: instructions to banks: make, approve, dispatch, look at them; and a bank to try it on."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from jinku.cli.failures import Exit
from jinku.cli.house import DATA_DEFAULT, Data, opened_custody
from jinku.cli.options import By, CurrencyCode, Entity
from jinku.cli.output import Json, Output

if TYPE_CHECKING:
    from jinku.custody.channel.model import Instruction
    from jinku.custody.channel.opening import OpenChannel

bank_app = typer.Typer(
    name="bank", help="Instructions to banks: make, approve, dispatch, look at them.", no_args_is_help=True
)

Ids = Annotated[list[str] | None, typer.Argument(help="Ids of orders, in digits.")]
BankDir = Annotated[Path, typer.Option("--bank", help="The simulated bank's directory.", file_okay=False)]
_COLUMNS = (
    "order",
    "request number",
    "kind",
    "amount ",
    "currency",
    "state",
    "channel",
    "attempts ",
    "booked",
)


@bank_app.command()
def simulate(
    bank: BankDir = Path("jinku-bank"),
    port: Annotated[int, typer.Option(help="Port; 0: that of the last start, or any.", min=0, max=65535)] = 0,
    faults: Annotated[str, typer.Option(help="all, or NAME=RATE,…; nothing: it behaves.")] = "",
    seed: Annotated[int, typer.Option(help="Seed of the faults.")] = 0,
    hang: Annotated[float, typer.Option(help="Seconds that a time-out hangs.", min=0)] = 3.0,
    day_seconds: Annotated[
        float, typer.Option(help="Seconds that a business day lasts; 0: it ends when told.", min=0)
    ] = 0.0,
    day: Annotated[str, typer.Option(help="First date of new books, YYYY-MM-DD.")] = "",
    witness: Annotated[
        Path | None, typer.Option(help="Directory of a witness to run beside it.", file_okay=False)
    ] = None,
    witness_name: Annotated[str, typer.Option(help="The witness's name.")] = "bank.example/witness",
    log: Annotated[
        list[str] | None, typer.Option(help="VKEY of a log to witness, or @FILE; may be repeated.")
    ] = None,
    json: Json = False,
) -> None:
    """Serve a simulated custodian bank, on loopback, until told to stop."""
    from datetime import date

    from jinku.cli.witnessing import open_witness
    from jinku.log.witness_http import witness_app
    from jinku.sim.custodian.server import Settings, run

    options = {
        "--bank": bank,
        "--faults": faults,
        "--seed": seed,
        "--hang": hang,
        "--day-seconds": day_seconds,
    }
    again = ["bank", "simulate", *(str(word) for pair in options.items() for word in pair)]
    opened = None
    if witness is not None:
        opened = open_witness(witness, witness_name, log or [])
        again += ["--witness", str(witness), "--witness-name", witness_name]
        again += [word for one in log or [] for word in ("--log", one)]
    settings = Settings(
        directory=bank,
        port=port,
        faults=faults,
        seed=seed,
        hang_s=hang,
        day_s=day_seconds,
        day=date.fromisoformat(day) if day else None,
        again=again,
    )
    out, about = Output(json), {"bank": str(bank), "faults": faults or "none", "seed": seed}
    if opened is not None:
        about |= {"witness": [str(key) for key in opened.keys]}
    out.show(about, lambda: out.pairs(about, "The simulated bank serves"))
    sys.stdout.flush()
    try:
        run(settings, witness_app(opened) if opened is not None else None)
    finally:
        if opened is not None:
            opened.close()


@bank_app.command()
def connect(
    bank: BankDir = Path("jinku-bank"),
    platform: Annotated[str, typer.Option(help="The platform's name at the bank.")] = "P-1",
    notices: Annotated[int, typer.Option(help="Port for the bank's notices; 0: none.", min=0, max=65535)] = 0,
    data: Data = DATA_DEFAULT,
    json: Json = False,
) -> None:
    """Connect a data directory with a simulated bank: keys are exchanged, channels written down."""
    from jinku.cli.house import require_house
    from jinku.sim.custodian.connecting import connect_to

    require_house(data)
    out, about = Output(json), connect_to(data, bank, platform, notices)
    out.show(about, lambda: out.pairs(about))


@bank_app.command()
def instruct(
    ids: Ids,
    by: By,
    payee: Annotated[
        str, typer.Option("--payee", help="Token of the account outside, for a party without a bound card.")
    ] = "",
    channel: Annotated[str, typer.Option("--channel", help="Name of the bank channel.")] = "custodian",
    entity: Entity = 1,
    currency: CurrencyCode = "CNY",
    data: Data = DATA_DEFAULT,
    json: Json = False,
) -> None:
    """Make a payout instruction of a withdrawal in the order book; it waits for approval."""
    from jinku.base.currency import currency as currency_of
    from jinku.cli.inputs import parse_id

    wanted, books = [parse_id(one) for one in ids or []], (entity, currency_of(currency).number)
    with _channel(data) as opened:
        requests = [opened.orders.payout(one, channel, payee, books) for one in wanted]
        _show(opened.desk.instruct(requests, by), Output(json))


@bank_app.command()
def approve(
    ids: Ids,
    by: By,
    refuse: Annotated[str, typer.Option("--refuse", help="Refuse instead, for this reason.")] = "",
    data: Data = DATA_DEFAULT,
    json: Json = False,
) -> None:
    """Approve instructions, by another person than their maker; or refuse them."""
    from jinku.cli.inputs import parse_id

    wanted = [parse_id(one) for one in ids or []]
    with _channel(data) as opened:
        done = opened.desk.refuse(wanted, by, refuse) if refuse else opened.desk.approve(wanted, by)
        _show(done, Output(json))


@bank_app.command()
def dispatch(
    until_done: Annotated[
        bool, typer.Option("--until-done", help="Go on until every approved instruction is final and booked.")
    ] = False,
    stay: Annotated[
        bool, typer.Option("--stay", help="Go on when nothing is open, as a service does.")
    ] = False,
    seconds: Annotated[
        float, typer.Option("--for", help="At most so many seconds; with --stay 0 is without end.", min=0)
    ] = 60.0,
    data: Data = DATA_DEFAULT,
    json: Json = False,
) -> None:
    """Send what is approved, ask what is unknown, take in what came, book what is final. 1: some is not final yet."""
    from jinku.cli.stopping import until_stopped
    from jinku.custody.channel.opening import dispatch_until

    with _channel(data) as opened:
        done: dict[str, Any] = {"open": 0}

        def run() -> None:
            done.update(dispatch_until(opened, seconds if until_done or stay else 0.0, stay=stay))

        until_stopped(run)
    out = Output(json)
    out.show(done, lambda: out.pairs(done))
    if done["open"]:
        raise typer.Exit(Exit.REFUSED)


@bank_app.command("list")
def list_instructions(
    state: Annotated[
        list[str] | None, typer.Option("--state", help="Only this state; may be repeated.")
    ] = None,
    channel: Annotated[str, typer.Option("--channel", help="Only this channel.")] = "",
    breaks: Annotated[bool, typer.Option("--breaks", help="The breaks instead.")] = False,
    limit: Annotated[int, typer.Option("--limit", min=1)] = 100,
    data: Data = DATA_DEFAULT,
    json: Json = False,
) -> None:
    """Instructions with their states, or the breaks that a person must look at."""
    from jinku.custody.channel.model import State
    from jinku.custody.channel.show import break_document

    out = Output(json)
    with _channel(data) as opened:
        if not breaks:
            states = [State(one) for one in state or []]
            _show(opened.desk.instructions(states=states, channel=channel, limit=limit), out)
            return
        rows = [break_document(one) for one in opened.store.breaks(limit=limit)]
    out.show(
        {"breaks": rows}, lambda: out.table(tuple(rows[0]) if rows else (), [list(r.values()) for r in rows])
    )


@bank_app.command()
def show(
    order: Annotated[str, typer.Argument(help="Id of the order, in digits.")],
    data: Data = DATA_DEFAULT,
    json: Json = False,
) -> None:
    """One instruction with its history."""
    from jinku.cli.inputs import parse_id
    from jinku.custody.channel.show import event_document, instruction_document

    with _channel(data) as opened:
        found = instruction_document(opened.store.instruction(parse_id(order)))
        events = [event_document(one) for one in opened.store.events(int(found["order"]))]
    out = Output(json)

    def render() -> None:
        out.pairs(found)
        out.table(tuple(events[0]) if events else (), [list(one.values()) for one in events])

    out.show({**found, "history": events}, render)


@bank_app.command()
def selftest(
    channel: Annotated[str, typer.Option("--channel", help="Name of a signed channel.")] = "custodian",
    out_dir: Annotated[
        Path | None, typer.Option("--out", help="Where the record goes.", file_okay=False)
    ] = None,
    data: Data = DATA_DEFAULT,
    json: Json = False,
) -> None:
    """Test a custodian's interface, case by case, and seal the dated record. 1: a case did not pass."""
    from jinku.custody.channel.recording import test_interface

    with _channel(data) as opened:
        found = test_interface(opened, channel, out_dir or data / "bank-tests")
    out, document = Output(json), found.document
    rows = [(one["name"], one["name_zh"], one["outcome"], one["said"]) for one in document["cases"]]

    def render() -> None:
        out.table(
            ("case", "案例", "outcome", "seen"),
            rows,
            f"{document['passed']} passed, {document['failed']} failed",
        )
        out.pairs({"record": found.path, "sha256": found.digest, "log entry": found.entry})

    out.show({**document, "record": found.path, "sha256": found.digest, "log_entry": found.entry}, render)
    if document["failed"]:
        raise typer.Exit(Exit.REFUSED)


@contextmanager
def _channel(data: Path) -> "Iterator[OpenChannel]":
    """The channel of a data directory."""
    with opened_custody(data) as custody, custody.channel() as opened:
        yield opened


def _show(instructions: "list[Instruction]", out: Output) -> None:
    from jinku.custody.channel.show import instruction_document

    rows: list[dict[str, Any]] = [instruction_document(one) for one in instructions]
    keys = ("order", "request_no", "kind", "amount", "currency", "state", "channel", "attempts", "booked")
    out.show(
        {"instructions": rows}, lambda: out.table(_COLUMNS, [[row[key] for key in keys] for row in rows])
    )
