"""`jinku order …`: give orders, confirm and cancel them, and see where each stands."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from jinku.cli.failures import Exit
from jinku.cli.house import DATA_DEFAULT, Data, opened_custody
from jinku.cli.options import CurrencyCode, Entity, Reason
from jinku.cli.output import Json, Output

if TYPE_CHECKING:
    from jinku.custody.orders.acts import OrderActs, Record

order_app = typer.Typer(
    name="order", help="Orders: submit, confirm, cancel, show, list.", no_args_is_help=True
)

OrderFile = Annotated[Path, typer.Argument(help="JSON lines, one order each.", dir_okay=False)]
OrderId = Annotated[str, typer.Argument(help="The order's id, in digits.")]
By = Annotated[str, typer.Option("--by", help="Id of the person or program that does it.")]


@contextmanager
def opened_acts(data: Path, entity: int, currency_code: str) -> Iterator["OrderActs"]:
    """The corridor of the data directory `data`; what nobody answered in time lapses first."""
    from jinku.base.currency import currency

    with opened_custody(data) as custody:
        acts = custody.acts(entity, currency(currency_code).number)
        acts.lapse()
        yield acts


@order_app.command()
def submit(
    file: OrderFile,
    by: Annotated[str, typer.Option("--by", help="Who gives those that name no maker.")] = "",
    entity: Entity = 1,
    currency: CurrencyCode = "CNY",
    data: Data = DATA_DEFAULT,
    json: Json = False,
) -> None:
    """Take the orders of a file through the corridor, in batches. 1: at least one was refused."""
    from jinku.custody.orders.files import read_requests
    from jinku.custody.orders.reasons import State

    out, rows = Output(json), []
    with opened_acts(data, entity, currency) as acts:
        requests = read_requests(file, acts.corridor.rooms.chart, by)
        for at in range(0, len(requests), _BATCH_ORDERS):
            answers = acts.corridor.submit(requests[at : at + _BATCH_ORDERS])
            rows += [_answer(answers[place]) for place in range(len(answers))]
    refused = sum(row["state"] == State.REFUSED.name.lower() for row in rows)
    columns = ("order ", "state", "reason", "score ", "why")
    out.show(
        {"orders": rows, "refused": refused},
        lambda: out.table(columns, [[row[key.strip()] for key in columns] for row in rows]),
    )
    if refused:
        raise typer.Exit(Exit.REFUSED)


@order_app.command()
def number(
    count: Annotated[int, typer.Option("--count", help="How many.", min=1, max=10_000)] = 1,
    json: Json = False,
) -> None:
    """New order ids for a file that is written by hand; programs make theirs by `new_order_id`."""
    import secrets
    import time

    from jinku.custody.orders.model import SERIAL_BITS, new_order_id

    moment = time.time_ns() // 1_000_000
    ids = [str(new_order_id(moment, secrets.randbits(SERIAL_BITS))) for _ in range(count)]
    out = Output(json)
    out.show({"orders": ids}, lambda: out.line("\n".join(ids)))


@order_app.command()
def digest(file: OrderFile, entity: Entity = 1, currency: CurrencyCode = "CNY", json: Json = False) -> None:
    """What a customer authorises for each order of a file: its digest. Needs no data directory; moves nothing."""
    from jinku.base.currency import currency as unit
    from jinku.custody.orders.files import read_requests
    from jinku.custody.orders.requests import digest_of
    from jinku.custody.structure.chart import Chart

    chart, out = Chart(entity, unit(currency).number), Output(json)
    requests = read_requests(file, chart, "nobody")
    rows = [{"order": str(one.order.id), "digest": digest_of(chart, one.order).hex()} for one in requests]
    out.show({"orders": rows}, lambda: out.table(("order ", "digest"), [list(row.values()) for row in rows]))


@order_app.command()
def confirm(
    order: OrderId,
    by: By,
    entity: Entity = 1,
    currency: CurrencyCode = "CNY",
    data: Data = DATA_DEFAULT,
    json: Json = False,
) -> None:
    """Let a proposal go, as another person than its maker. 1: it was refused."""
    from jinku.custody.orders.reasons import State

    with opened_acts(data, entity, currency) as acts:
        found = acts.confirm(_key(order), by=by)
    _show(found, Output(json))
    if found.state is State.REFUSED:
        raise typer.Exit(Exit.REFUSED)


@order_app.command()
def cancel(
    order: OrderId,
    by: By,
    reason: Reason,
    entity: Entity = 1,
    currency: CurrencyCode = "CNY",
    data: Data = DATA_DEFAULT,
    json: Json = False,
) -> None:
    """Refuse a proposal, or free what an unsent withdrawal or another hold holds."""
    from jinku.custody.orders.reasons import State

    with opened_acts(data, entity, currency) as acts:
        key = _key(order)
        waits = acts.show(key).state in (State.AWAITING, State.CHALLENGED)
        found = acts.drop(key, by=by, reason=reason) if waits else acts.cancel(key, by=by, reason=reason)
    _show(found, Output(json))


@order_app.command()
def resolve(
    order: OrderId,
    by: By,
    reason: Reason,
    deny: Annotated[
        bool, typer.Option("--deny", help="Free the money instead of releasing the order.")
    ] = False,
    entity: Entity = 1,
    currency: CurrencyCode = "CNY",
    data: Data = DATA_DEFAULT,
    json: Json = False,
) -> None:
    """Release or deny what the risk desk held: one person proposes, another confirms, neither of them its maker."""
    with opened_acts(data, entity, currency) as acts:
        found = acts.resolve(_key(order), by=by, allow=not deny, reason=reason)
    _show(found, Output(json))


@order_app.command()
def show(
    order: OrderId,
    entity: Entity = 1,
    currency: CurrencyCode = "CNY",
    data: Data = DATA_DEFAULT,
    json: Json = False,
) -> None:
    """One order: what was asked, on whose word, where it stands, and its history."""
    with opened_acts(data, entity, currency) as acts:
        found = acts.show(_key(order))
    _show(found, Output(json))


@order_app.command("list")
def list_orders(
    state: Annotated[str, typer.Option("--state", help="Only orders in this state.")] = "",
    limit: Annotated[int, typer.Option("--limit", help="How many at most.", min=1, max=100_000)] = 100,
    entity: Entity = 1,
    currency: CurrencyCode = "CNY",
    data: Data = DATA_DEFAULT,
    json: Json = False,
) -> None:
    """The newest orders first, or those in one state."""
    from jinku.base.errors import InputError
    from jinku.custody.orders.reasons import State

    if state and state.upper() not in State.__members__:
        names = ", ".join(one.name.lower() for one in State)
        raise InputError("no such state", field="--state", value=state[:40], remedy=f"one of {names}")
    with opened_acts(data, entity, currency) as acts:
        found = acts.newest(limit, State[state.upper()] if state else None)
    out = Output(json)
    rows = [
        {
            "order": str(int.from_bytes(one.key, "big")),
            "type": one.type.name.lower(),
            "state": one.state.name.lower(),
            "reason": one.reason.name.lower() if one.reason else "",
            "maker": one.maker,
        }
        for one in found
    ]
    columns = ("order ", "type", "state", "reason", "maker")
    out.show(
        {"orders": rows}, lambda: out.table(columns, [[row[key.strip()] for key in columns] for row in rows])
    )


_BATCH_ORDERS = 4_000


def _key(text: str) -> bytes:
    from jinku.cli.inputs import parse_id

    return parse_id(text).to_bytes(16, "big")


def _answer(answer: Any) -> dict[str, Any]:
    return {
        "order": str(answer.order),
        "state": answer.state.name.lower(),
        "reason": answer.reason.name.lower() if answer.reason else "",
        "score": answer.score,
        "why": answer.why,
    }


def _show(found: "Record", out: Output) -> None:
    from jinku.base.clock import to_rfc3339
    from jinku.custody.orders.files import order_document
    from jinku.custody.orders.reasons import REASON_TEXT, STATE_TEXT

    told: dict[str, Any] = {
        "order": str(int.from_bytes(found.key, "big")),
        "state": found.state.name.lower(),
        "meaning": " ".join(STATE_TEXT[found.state]),
        "reason": " ".join((found.reason.name.lower(), *REASON_TEXT[found.reason])) if found.reason else None,
        "maker": found.maker,
        "mandate": str(found.mandate) if found.mandate else None,
        "evidence": found.evidence or None,
        "digest": found.digest.hex(),
        "received_at": to_rfc3339(found.received_at),
        "sealed_entry": found.sealed_entry,
    }
    history = [
        {"state": one.state.name.lower(), "at": to_rfc3339(one.at), "by": one.by, "note": one.note}
        for one in found.history
    ]
    asked = order_document(found.order)

    def render() -> None:
        out.pairs(told)
        out.pairs({name: str(value) for name, value in asked.items()}, "what was asked")
        if history:
            out.table(("state", "at", "by", "note"), [list(row.values()) for row in history], "history")

    out.show({**told, "asked": asked, "history": history}, render)
