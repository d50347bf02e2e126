"""The order desk: opens accounts and sends orders to the ledger.

Rules:

1. Every order is turned into transfers before the first is sent: a bad order stops the whole call with
   nothing moved.
2. An order is booked whole or not at all; orders are independent of each other.
3. Sending an order again changes nothing and is reported as done. Whatever the ledger refuses is reported
   with its status; nothing is tried again in secret.
4. May be used by many threads at once: the ledger gathers concurrent calls into one durable group.

Example::

    desk = OrderDesk(ledger, Chart(entity=1, currency=156))
    desk.open_entity()
    outcome = desk.submit([deposit, bid])
    outcome.refused  # [Refusal(order=…, status=CreateTransferStatus.EXCEEDS_CREDITS)]
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from jinku.custody.errors import AccountsRefused
from jinku.custody.orders.model import Order, order_of
from jinku.custody.orders.movements import batches, chains, transfers
from jinku.custody.structure.chart import Chart, Opening, entity_accounts, party_accounts
from jinku.ledger.layout import RESULT, Array, u128
from jinku.ledger.limits import BATCH_EVENTS_MAX
from jinku.ledger.model import CreateAccountStatus, CreateTransferStatus
from jinku.risk.decision.statuses import Status, status_of

_CREATED, _EXISTS = np.uint32(CreateTransferStatus.CREATED), np.uint32(CreateTransferStatus.EXISTS)
_FELLOW = np.uint32(CreateTransferStatus.LINKED_EVENT_FAILED)


class ColumnarLedger(Protocol):
    """What the desk needs of a ledger: records in, one ``RESULT`` row each out, durable on return."""

    def create_accounts_array(self, batch: Array) -> Array:
        """``ACCOUNT`` rows in."""
        ...

    def create_transfers_array(self, batch: Array) -> Array:
        """``TRANSFER`` rows in, at most ``BATCH_EVENTS_MAX``."""
        ...


@dataclass(frozen=True, slots=True)
class Refusal:
    """An order that the ledger refused, and the status that decided it (not that of its fellow transfers)."""

    order: int
    status: Status


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a batch of orders. `rows` are the transfers sent, `results` their ``RESULT`` rows."""

    rows: Array
    results: Array
    refused: tuple[Refusal, ...]

    @property
    def booked(self) -> int:
        """How many transfers are in the ledger now (those sent before included)."""
        return int(np.count_nonzero(_done(self.results["status"])))

    @property
    def counts(self) -> Mapping[Status, int]:
        """How many transfers came back with each status."""
        return Counter(status_of(status) for status in self.results["status"].tolist())


class OrderDesk:
    """Sends one legal entity's orders to one ledger; see the module's rules."""

    def __init__(self, ledger: ColumnarLedger, chart: Chart) -> None:
        self._ledger, self._chart = ledger, chart

    def open_entity(self) -> None:
        """Open the entity's own accounts; harmless when they are there. Raises AccountsRefused."""
        self._open(entity_accounts(self._chart))

    def open_parties(self, openings: Sequence[Opening]) -> None:
        """Open an account for each party; harmless when they are there. Raises AccountsRefused."""
        self._open(party_accounts(self._chart, openings))

    def submit(self, orders: Sequence[Order]) -> Outcome:
        """Book `orders` in their order, in as few ledger calls as fit. Raises BadOrder, OrderTooLarge,
        LedgerError.
        """
        return self.submit_rows(transfers(self._chart, orders))

    def submit_rows(self, rows: Array) -> Outcome:
        """Book ``TRANSFER`` rows that `transfers` made. Raises LedgerError."""
        if not len(rows):
            return Outcome(rows, np.zeros(0, RESULT), ())
        cut = [rows] if len(rows) == 1 else batches(rows)
        results = np.concatenate([self._ledger.create_transfers_array(batch) for batch in cut])
        return Outcome(rows, results, _refusals(rows, results))

    def _open(self, rows: Array) -> None:
        for first in range(0, len(rows), BATCH_EVENTS_MAX):
            statuses = self._ledger.create_accounts_array(rows[first : first + BATCH_EVENTS_MAX])["status"]
            good = (CreateAccountStatus.CREATED, CreateAccountStatus.EXISTS)
            refused = statuses[~np.isin(statuses, good)]
            if len(refused):
                raise AccountsRefused(len(refused), CreateAccountStatus(int(refused[0])).name)


def _done(statuses: NDArray[np.uint32]) -> NDArray[np.bool_]:
    done: NDArray[np.bool_] = (statuses == _CREATED) | (statuses == _EXISTS)
    return done


def deciding(edges: NDArray[np.int64], statuses: NDArray[np.uint32]) -> NDArray[np.int64]:
    """For each chain that begins at ``edges[:-1]``, the place of the status that decided it: the first that is not that
    of a fellow transfer. A chain that was booked before answers ``EXISTS`` for its first transfer and breaks there.
    """
    places = np.arange(len(statuses))
    own = np.where(statuses != _FELLOW, places, len(statuses))
    first = np.minimum.reduceat(own, edges[:-1]) if len(statuses) else own
    return np.where(first < len(statuses), first, edges[:-1])


def _refusals(rows: Array, results: Array) -> tuple[Refusal, ...]:
    at = deciding(chains(rows), results["status"])
    statuses = results["status"][at]
    bad = np.flatnonzero(~_done(statuses))
    ids = u128(rows[at[bad]], "id")
    return tuple(
        Refusal(order_of(number), status_of(status))
        for number, status in zip(ids, statuses[bad].tolist(), strict=True)
    )
