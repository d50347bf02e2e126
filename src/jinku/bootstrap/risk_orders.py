"""Custody's orders before the risk desk: the same desk and journal as the ledger's gate, behind custody's port.

Rules:

1. Orders that begin something are decided; what takes up an earlier order (its bank's word, a return, a reversal) has
   that one's decision and is allowed.
2. Who pays whom is read from the catalogue: of a plain movement its two accounts; of the others, the table below. The
   customer is whoever's money moves, else who receives it.
3. The same order again gets its decision again. The day on which it is given does not count, since the bank's word may
   be given anew on a later one; any other difference under its id is denied by name.
4. What the bank did already (money that came) is a fact and is never refused: what would be denied is held, so that it
   is in the books and nobody can use it; what is booked already (on a frozen account) stays. Both are alerts.
5. What the platform told of an order beforehand (its context, bound to the order's digest) is part of its event, as of
   a transfer's.

Example::

    Corridor(Rooms.of(ledger, database, chart, clock=clock, decider=risk.order_decider()))
"""

import hashlib
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from jinku.base.currency import TABLE
from jinku.custody.orders.catalogue import CATALOGUE, FIRST, SECOND, OrderType, Word
from jinku.custody.orders.columns import ORDER, OrderColumns
from jinku.custody.orders.decider import Action, Decisions
from jinku.custody.orders.model import Step
from jinku.custody.orders.movements import values
from jinku.ledger.model import Transfer, TransferFlags
from jinku.risk.decision.context import Context
from jinku.risk.decision.office import DecisionOffice, Requests
from jinku.risk.decision.transfers import Scene, with_contexts
from jinku.risk.events.batch import EventBatch
from jinku.risk.events.columns import KEY, Column
from jinku.risk.events.payments import payments
from jinku.risk.events.stamp import Times

ORIGIN = "orders"
CHANGED = "another order was decided under this id"
_SIDES: dict[OrderType, tuple[str, str]] = {
    OrderType.RELEASE: ("", FIRST),
    OrderType.REPAYMENT: (FIRST, ""),
    OrderType.COMPENSATION: (FIRST, ""),
    OrderType.DEBT_TRANSFER: (FIRST, SECOND),
    OrderType.REFUND: (SECOND, FIRST),
    OrderType.PARTIAL_CANCEL: (FIRST, SECOND),
    OrderType.TOP_UP: ("", FIRST),
    OrderType.EXCESS: (FIRST, ""),
}
"""Payer and payee of orders that are no plain movement, by the columns that hold them."""
_CURRENCIES = {unit.number: unit.code for unit in TABLE}
_DAY = slice(ORDER.fields["day"][1], ORDER.fields["day"][1] + 4)  # type: ignore[index]


def _sides(kind: OrderType) -> tuple[str, str]:
    legs = CATALOGUE[kind].legs
    if legs is None:
        return _SIDES.get(kind, ("", ""))
    debit, credit = (side if isinstance(side, str) else "" for side in (legs.debit, legs.credit))
    return debit, credit


_DECIDED = np.array([one for one, kind in CATALOGUE.items() if kind.step is Step.FIRST])
_BANK = np.array(
    [one for one, kind in CATALOGUE.items() if kind.step is Step.FIRST and kind.word is Word.BANK]
)


class OrderDecider:
    """`jinku.custody.orders.decider.Decider` over the house's desk; see the module's rules."""

    def __init__(
        self, office: DecisionOffice, scene: Scene, booked: Callable[[Sequence[int]], Sequence[Transfer]]
    ) -> None:
        """`booked` gives the transfers with these ids that the ledger has."""
        self._office, self._scene, self._booked = office, scene, booked

    def decide(self, batch: OrderColumns, at: int) -> Decisions:  # noqa: ARG002 - the desk stamps its own time
        """A decision for every order of `batch`. Raises DecisionsHalted."""
        decisions = Decisions.of(len(batch))
        places = np.flatnonzero(np.isin(batch.rows["type"], _DECIDED))
        if not len(places):
            return decisions
        answer = self._office.decide(self._requests(batch, places))
        rows, outcomes = decisions.rows, answer.outcomes
        rows["action"][places], rows["score"][places] = outcomes["action"], outcomes["points"]
        rows["why"][places] = outcomes["why"]
        self._keep_facts(batch, rows)
        changed = places[answer.changed]
        rows["action"][changed], rows["why"][changed] = Action.DENY, len(answer.whys)
        return Decisions(rows, (*answer.whys, CHANGED))

    def _keep_facts(self, batch: OrderColumns, rows: NDArray[np.void]) -> None:
        """Rule 4."""
        facts = np.isin(batch.rows["type"], _BANK) & (rows["action"] > Action.ALLOW)
        places = np.flatnonzero(facts).tolist()
        if not places:
            return
        rows["action"][places] = Action.HOLD
        keys = batch.keys()
        numbers = {int.from_bytes(keys[one], "big"): one for one in places}
        for there in self._booked(list(numbers)):
            if not there.flags & TransferFlags.PENDING:
                rows["action"][numbers[there.id]] = Action.ALLOW

    def _requests(self, batch: OrderColumns, places: NDArray[np.int64]) -> Requests:
        keys = np.frombuffer(b"".join(batch.keys()), ">u8").reshape(-1, 2)[places].astype(np.uint64)
        rows, moved = batch.rows[places], values(batch, places)

        def events(which: NDArray[np.int64], times: Times) -> EventBatch:
            told: Sequence[Context] = ()
            if len(self._scene.contexts):
                said = (batch.digest(place) for place in places[which].tolist())
                told = self._scene.contexts.take_of(_numbers(keys[which]), said)
            return self._events(rows[which], keys[which], moved[which], times, told)

        raw = _digests(batch, places)
        return Requests(
            ORIGIN, keys[:, 1].copy(), keys[:, 0].copy(), raw, np.zeros(len(places), np.bool_), events
        )

    def _events(
        self,
        rows: NDArray[np.void],
        keys: NDArray[np.uint64],
        moved: NDArray[np.int64],
        times: Times,
        told: Sequence[Context],
    ) -> EventBatch:
        ids = np.empty(len(rows), KEY)
        ids["lo"], ids["hi"] = keys[:, 1], keys[:, 0]
        payer, payee = _side(rows, 0), _side(rows, 1)
        owner = np.where(payer.valid, payer.values, payee.values)
        customer = Column(owner, payer.valid | payee.valid)
        other = Column(np.where(payer.valid, payee.values, np.zeros(1, KEY)), payer.valid & payee.valid)
        kinds, numbers = rows["type"].tolist(), rows["currency"].tolist()
        columns = {
            "id": Column.full(ids),
            "time": Column.full(times),
            "kind": Column.of_texts([OrderType(one).name.lower() for one in kinds]),
            "customer": customer,
            "payer": payer,
            "payee": payee,
            "counterparty": other,
            "amount": Column.full(np.maximum(moved, 0)),
            "currency": Column.of_texts([_CURRENCIES.get(one, str(one)) for one in numbers]),
            "listed": self._scene.persons.listed(payer, payee),
            "rating": self._scene.persons.rating(customer),
        }
        return payments(with_contexts(columns, told), self._scene.place)


def _numbers(keys: NDArray[np.uint64]) -> list[int]:
    return [high << 64 | low for high, low in keys.tolist()]


def _side(rows: NDArray[np.void], side: int) -> Column:
    """The account on one side of each order, NULL where it is the institution's own."""
    made, valid = np.zeros(len(rows), KEY), np.zeros(len(rows), np.bool_)
    for kind in np.unique(rows["type"]).tolist():
        name = _sides(OrderType(kind))[side]
        if name:
            these = rows["type"] == kind
            made["lo"][these], made["hi"][these] = rows[f"{name}_lo"][these], rows[f"{name}_hi"][these]
            valid[these] = True
    return Column(made, valid)


def _digests(batch: OrderColumns, places: NDArray[np.int64]) -> NDArray[np.uint8]:
    """What a retry is compared with: each order without its day, and its parts."""
    raw, parts, edges = batch.rows.tobytes(), batch.parts.tobytes(), batch.edges.tolist()
    width, size = ORDER.itemsize, batch.parts.itemsize
    found = bytearray()
    for place in places.tolist():
        row = raw[place * width : (place + 1) * width]
        told = hashlib.sha256(row[: _DAY.start] + row[_DAY.stop :])
        told.update(parts[edges[place] * size : edges[place + 1] * size])
        found += told.digest()
    return np.frombuffer(bytes(found), np.uint8).reshape(len(places), 32)
