"""Examined orders into the ledger, and its answers into outcomes.

Rules:

1. Transfers are made from what the book has (orders, marks) and from what the ledger had before: the same orders always
   become the same transfers, so sending a batch again after a crash changes nothing that was done.
2. What an order needs to have opened (claims, what is left of a payment) is opened before it is sent; opening twice is
   harmless.
3. Where a guard of business days is set, everything is booked through it: what bears an earlier day, and would have
   made a balance since then illegal or would change a closed day, is refused with its reason.
4. Of a chain that the ledger says it has already, every leg is compared: a part of it is another order.

Example::

    sender = Sender(ledger, chart)
    rows, owners = sender.rows(columns, words)
    sender.send(rows, owners, outcomes)
"""

from collections.abc import Iterable, Mapping
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from jinku.base.errors import BadAllotment
from jinku.custody.errors import BadOrder, OrderTooLarge
from jinku.custody.orders.authority import AuthorityBooks, AuthorityKind
from jinku.custody.orders.catalogue import CATALOGUE, OrderType
from jinku.custody.orders.columns import Line, OrderColumns
from jinku.custody.orders.desk import deciding
from jinku.custody.orders.granting import LimitLedger, Limits
from jinku.custody.orders.legs import MAKERS, Fact, can_be_refunded
from jinku.custody.orders.model import Mode, Step, transfer_id
from jinku.custody.orders.movements import Mark, batches, chains, transfer_rows
from jinku.custody.orders.reasons import DAY_REASONS, Reason, State, reason_of
from jinku.custody.orders.taking_up import lines_taking_up, look_up, wanted_transfers
from jinku.custody.structure.bitemporal_plan import Guarded
from jinku.custody.structure.chart import Chart
from jinku.ledger.layout import ID, TRANSFER, Array, set_u128, u128
from jinku.ledger.model import CreateTransferStatus, TransferFlags

UNBOOKABLE = (BadOrder, BadAllotment, OrderTooLarge)
_CREATED, _EXISTS = np.uint32(CreateTransferStatus.CREATED), np.uint32(CreateTransferStatus.EXISTS)
_LINKED_OTHERWISE = np.uint32(CreateTransferStatus.EXISTS_WITH_DIFFERENT_FLAGS)
"""What was booked through a party's closure is linked to that."""
_FAILED = np.uint32(CreateTransferStatus.ID_ALREADY_FAILED)
_RESOLVES = TransferFlags.POST_PENDING_TRANSFER | TransferFlags.VOID_PENDING_TRANSFER
_OPENS = (
    OrderType.RELEASE,
    OrderType.DEBT_TRANSFER,
    OrderType.COMPENSATION,
    OrderType.REFUND,
    OrderType.REVERSAL,
)


class Guard(Protocol):
    """Books what bears an earlier business day only where that was possible then: `BackdatingGuard`."""

    def book(self, batch: Array) -> Guarded:
        """Book ``TRANSFER`` rows, less the chains that are refused."""
        ...


class Sender:
    """Books orders of one chart; see the module's rules."""

    def __init__(self, ledger: LimitLedger, chart: Chart, guard: Guard | None = None) -> None:
        self._ledger, self._chart, self._guard = ledger, chart, guard
        self._books = AuthorityBooks(chart)
        self._limits = Limits(ledger, self._books)

    def rows(
        self, columns: OrderColumns, words: Array, facts: Mapping[int, Fact] | None = None
    ) -> tuple[Array, NDArray[np.int64]]:
        """``TRANSFER`` rows and the place of each one's order, with all opened that they need.

        Raises one of ``UNBOOKABLE`` where an order cannot be.
        """
        if facts is None:
            facts = look_up(self._ledger, wanted_transfers(lines_taking_up(columns)[1]))
        made = transfer_rows(self._chart, columns, words, facts)
        opening = np.flatnonzero(np.isin(columns.rows["type"], _OPENS))
        if len(opening):
            claims = (words["marks"][opening] & Mark.CLAIMS) != 0
            for line, kept in zip(columns.lines(opening), claims.tolist(), strict=True):
                self._open(line, kept, facts)
        return made

    def bookable(self, columns: OrderColumns, words: Array, facts: Mapping[int, Fact]) -> NDArray[np.bool_]:
        """Which of the orders can be at all, asked one by one."""
        good = np.ones(len(columns), np.bool_)
        for place in np.flatnonzero(np.isin(columns.rows["type"], list(MAKERS))).tolist():
            try:
                transfer_rows(self._chart, columns.taken(np.array([place])), words[[place]], facts)
            except UNBOOKABLE:
                good[place] = False
        return good

    def send(self, rows: Array, owners: NDArray[np.int64], outcomes: Array) -> None:
        """Book `rows`, and write into `outcomes` (one for each order) what became of them."""
        if not len(rows):
            return
        results, undated = self._book(rows)
        edges = chains(rows)
        at = deciding(edges, results["status"])
        places, statuses = owners[edges[:-1]], results["status"][at]
        good = (statuses == _CREATED) | (statuses == _EXISTS)
        again = (statuses == _EXISTS) & (np.diff(edges) > 1)
        for one in np.flatnonzero(again | (statuses == _LINKED_OTHERWISE)).tolist():
            good[one] = self._is_there(rows[edges[one] : edges[one + 1]])
        outcomes["at"][places] = results["timestamp"][at]
        outcomes["status"][places] = statuses
        outcomes["state"][places[good]] = State.BOOKED
        bad = np.flatnonzero(~good)
        numbers = u128(rows[at[bad]], "id")
        for one, number in zip(bad.tolist(), numbers, strict=True):
            if edges[one] in undated:
                outcomes["state"][places[one]] = State.REFUSED
                outcomes["reason"][places[one]] = undated[edges[one]]
                continue
            status = int(statuses[one])
            if status == _FAILED:
                status = self._burned(number)
            elif status == _EXISTS:
                status = int(CreateTransferStatus.EXISTS_WITH_DIFFERENT_AMOUNT)
            outcomes["status"][places[one]] = status
            outcomes["state"][places[one]] = State.REFUSED
            outcomes["reason"][places[one]] = reason_of(status, number)

    def _book(self, rows: Array) -> tuple[Array, dict[int, Reason]]:
        """Book `rows`: their results, and why the chain that begins at a row was refused for its day."""
        if self._guard is None:
            return np.concatenate([self._ledger.create_transfers_array(one) for one in batches(rows)]), {}
        results: list[Array] = []
        undated: dict[int, Reason] = {}
        first = 0
        for batch in batches(rows):
            done = self._guard.book(batch)
            results.append(done.results)
            undated |= {first + one.row: DAY_REASONS[one.reason] for one in done.refusals}
            first += len(batch)
        return np.concatenate(results), undated

    def _is_there(self, rows: Array) -> bool:
        """Whether every leg of a chain is in the ledger as it stands here, whatever it was booked together with."""
        ids = u128(rows, "id")
        facts = look_up(self._ledger, ids)
        columns = (u128(rows, name) for name in ("debit_account_id", "credit_account_id", "amount"))
        flags = rows["flags"].tolist()
        return all(
            number in facts
            and facts[number].amount == amount
            and not (facts[number].flags ^ flag) & ~TransferFlags.LINKED
            and (flag & _RESOLVES or facts[number][:2] == (debit, credit))
            for number, debit, credit, amount, flag in zip(ids, *columns, flags, strict=True)
        )

    def _burned(self, transfer: int) -> int:
        """Why a transfer was refused when it was sent first."""
        sequence = self._ledger.transfer_sequence(transfer)
        if sequence < 0:
            return int(CreateTransferStatus.ID_ALREADY_FAILED)
        return int(self._ledger.entries(sequence, 1)["status"][0])

    def _open(self, line: Line, claims: bool, facts: Mapping[int, Fact]) -> None:
        books = self._books
        if line.type in (OrderType.REFUND, OrderType.REVERSAL):
            for paid, _ in line.parts:
                fact = facts.get(paid)
                if fact is not None and can_be_refunded(fact, self._chart):
                    account, name = books.refundable(paid), ("refundable", str(paid))
                    self._limits.grant(account, AuthorityKind.REFUNDABLE, fact.amount, *name)
        elif claims:
            creditors = [line.first]
            if line.type is OrderType.RELEASE:
                creditors = [facts[transfer].debit for transfer, _ in line.parts]
            self._limits.open(books.claim_rows(line.subject, dict.fromkeys(creditors)))


def settled_state(line_type: int, mode: int, held: bool) -> State:
    """Where an order stands once the ledger has taken it."""
    if held:
        return State.RISK_HELD
    kind = CATALOGUE[OrderType(line_type)]
    if kind.type is OrderType.WITHDRAWAL and mode == Mode.CONFIRMED:
        return State.UNCONFIRMED
    return State.HELD if kind.holds or kind.type is OrderType.PARTIAL_CANCEL else State.BOOKED


def resolving_rows(rows: Array, step: Step, flag: TransferFlags) -> Array:
    """``TRANSFER`` rows that post or void every pending one of an order's `rows`, as one chain."""
    pending = rows[(rows["flags"] & np.uint16(TransferFlags.PENDING)) != 0]
    made = np.zeros(len(pending), TRANSFER)
    ids = u128(pending, "id")
    set_u128(made, "id", [transfer_id(0, step) | one for one in ids])
    set_u128(made, "pending_id", ids)
    for half in ("lo", "hi"):
        made[f"amount_{half}"] = pending[f"amount_{half}"]
    made["flags"] = flag
    made["flags"][:-1] |= np.uint16(TransferFlags.LINKED)
    return made


def ids_of(numbers: Iterable[int]) -> Array:
    """``ID`` rows of `numbers`."""
    wanted = list(numbers)
    rows = np.zeros(len(wanted), ID)
    set_u128(rows, "id", wanted)
    return rows
