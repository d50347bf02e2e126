"""Handing withdrawals over to the bank channel: a batch is claimed in one transaction, and what stops one is said.

Rules:

1. A claimed withdrawal can no longer be cancelled; a cancelled one is never claimed. Both are decided by the book and
   the ledger, under the corridor's turn.
2. Claiming again changes nothing.

Example::

    stopped = claim_all(corridor, [withdrawal.id], by="channel")  # {} or {id: State.VOIDED}
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection

from jinku.custody.orders.book import Event
from jinku.custody.orders.catalogue import OrderType
from jinku.custody.orders.corridor import Corridor
from jinku.custody.orders.model import Order, Step, transfer_id
from jinku.custody.orders.reasons import State
from jinku.custody.orders.taking_up import look_up


@dataclass(frozen=True, slots=True)
class Standing:
    """An order as the book has it: what was asked, where it stands, and when it was given (ns)."""

    order: Order
    type: OrderType
    state: State
    received_at: int


def standings(corridor: Corridor, connection: Connection, keys: Sequence[bytes]) -> dict[bytes, Standing]:
    """Where those of `keys` stand that are in the book."""
    book = corridor.rooms.book
    places = book.places(connection, keys)
    batches = {number: book.batch(connection, number) for number in {one.batch for one in places.values()}}
    found = {}
    for key, at in places.items():
        batch = batches[at.batch]
        columns = batch.requests.columns
        state = State(int(batch.outcomes["state"][at.place])) if at.state is None else at.state
        kind = OrderType(int(columns.rows["type"][at.place]))
        found[key] = Standing(columns.order(at.place), kind, state, batch.received_at)
    return found


def stand(corridor: Corridor, keys: Sequence[bytes]) -> dict[bytes, Standing]:
    """The same by a look of its own."""
    with corridor.rooms.database.reading() as connection:
        return standings(corridor, connection, keys)


def claim_all(corridor: Corridor, orders: Sequence[int], *, by: str) -> dict[int, State | None]:
    """Claim these withdrawals for sending; the state of each that cannot be, None where the book has no such one."""
    rooms, keys = corridor.rooms, {one: withdrawal_key(one) for one in orders}
    with corridor.turn, rooms.database.writing() as connection:
        found = standings(corridor, connection, list(keys.values()))
        ended = _ended_in_ledger(corridor, orders)
        stopped: dict[int, State | None] = {}
        fresh: list[bytes] = []
        for order, key in keys.items():
            one = found.get(key)
            if one is None or one.type is not OrderType.WITHDRAWAL:
                stopped[order] = None
            elif one.state is State.HELD and order not in ended:
                fresh.append(key)
            elif one.state is not State.SENT:
                stopped[order] = ended.get(order, one.state)
        if fresh:
            event = Event(State.SENT, rooms.clock(), by, "claimed by the bank channel")
            rooms.book.put_state(connection, fresh, event)
    return stopped


def withdrawal_key(order: int) -> bytes:
    """What the book knows a withdrawal by."""
    return transfer_id(order).to_bytes(16, "big")


def _ended_in_ledger(corridor: Corridor, orders: Sequence[int]) -> Mapping[int, State]:
    ends = {Step.VOIDED: State.VOIDED, Step.POSTED: State.SETTLED}
    ids = {transfer_id(one, step): (one, state) for one in orders for step, state in ends.items()}
    return dict(ids[one] for one in look_up(corridor.rooms.ledger, ids))
