"""Orders into transfers: pure functions from orders in columns to one batch for the ledger.

Rules:

1. An order becomes one or more transfers in fixed order, with the ids that `jinku.custody.orders.model` lays down.
   More than one are a linked chain: all or none is booked.
2. A hold that must wait for the bank's word (a withdrawal) never times out by itself; a bid's may.
3. Plain movements and holds are made for thousands of orders at once, from the catalogue; what has more legs, one by
   one by `jinku.custody.orders.legs`.
4. Beside the money lie the units of authority that the order uses: its mandate's, its project's. They are reserved
   where the money is, and moved where it is.
5. An order that the risk desk holds is booked as pending, every leg of it.

Example::

    batch = transfers(Chart(entity=1, currency=156), [deposit, bid, release])  # TRANSFER rows
"""

from collections.abc import Callable, Mapping, Sequence
from enum import IntFlag
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from jinku.custody.errors import BadOrder, OrderTooLarge
from jinku.custody.orders.authority import AuthorityBooks, Beside
from jinku.custody.orders.catalogue import CATALOGUE, OrderType
from jinku.custody.orders.columns import OrderColumns
from jinku.custody.orders.legs import MAKERS, POST, VOID, Around, Fact, Leg
from jinku.custody.orders.model import LEGS_MAX, Mode, Order
from jinku.custody.structure.chart import Chart
from jinku.custody.structure.table import Kind, Movement
from jinku.ledger.layout import MASK_64, TRANSFER, Array, set_u128
from jinku.ledger.model import TransferFlags

_PENDING, _LINKED = np.uint16(TransferFlags.PENDING), np.uint16(TransferFlags.LINKED)
_STEP_SHIFT = 16


class Mark(IntFlag):
    """What the corridor has found of an order, besides its fields."""

    PROJECT = 1
    """It uses up its project's limit."""
    CLAIMS = 2
    """The project's claims are kept in the ledger and move with it."""
    HELD = 4
    """The risk desk holds it."""


MARKS = np.dtype([("mandate", "<u8"), ("second", "<u8"), ("marks", "u1")])
"""Beside each order: the numbers of the mandates it is given under (0 for none), and its `Mark`."""


def transfers(chart: Chart, orders: Sequence[Order]) -> Array:
    """``TRANSFER`` rows of `orders`, in order; each order's rows are one chain.

    Raises BadOrder for an order that cannot be, OrderTooLarge for one of more than ``LEGS_MAX`` transfers.
    """
    columns = OrderColumns.of(chart, orders)
    return transfer_rows(chart, columns, np.zeros(len(columns), MARKS), {})[0]


def transfer_rows(
    chart: Chart, columns: OrderColumns, marks: Array, facts: Mapping[int, Fact]
) -> tuple[Array, NDArray[np.int64]]:
    """``TRANSFER`` rows of `columns`, and for each row the place of its order. `marks` has the fields of ``MARKS``.

    Raises BadOrder, OrderTooLarge.
    """
    groups: list[tuple[Array, NDArray[np.int64]]] = []
    types = columns.rows["type"]
    for number in np.unique(types).tolist():
        places = np.flatnonzero(types == number)
        kind = CATALOGUE[OrderType(number)]
        if kind.legs is None:
            groups.append(_made_one_by_one(chart, columns, places, marks, facts))
        else:
            groups += _plain(chart, columns, places)
    groups += [_beside(chart, columns, marks, limit) for limit in _LIMITS]
    rows = np.concatenate([np.zeros(0, TRANSFER), *(rows for rows, _ in groups)])
    owners = np.concatenate([np.zeros(0, np.int64), *(owners for _, owners in groups)])
    order = np.argsort(owners, kind="stable")
    rows, owners = rows[order], owners[order]
    _hold(rows, (marks["marks"][owners] & Mark.HELD) != 0)
    _link(columns, rows, owners)
    return rows, owners


def chains(rows: Array) -> Array:
    """Where each chain of `rows` starts, and the end: ``int64`` of shape (chains + 1,). A single row is a
    chain.
    """
    ends = np.flatnonzero((rows["flags"] & _LINKED) == 0) + 1
    return np.concatenate([np.zeros(1, np.int64), ends.astype(np.int64)])


def batches(rows: Array, rows_max: int = LEGS_MAX) -> list[Array]:
    """`rows` cut into batches of at most `rows_max`, never inside a chain."""
    edges, cut, cuts = chains(rows), 0, [0]
    while cut < len(rows):
        fits = int(edges[np.searchsorted(edges, cut + rows_max, side="right") - 1])
        if fits <= cut:  # a chain longer than a batch: the ledger will say so
            fits = int(edges[np.searchsorted(edges, cut, side="right")])
        cut = fits
        cuts.append(cut)
    return [rows[first:last] for first, last in pairwise(cuts)]


def _plain(
    chart: Chart, columns: OrderColumns, places: NDArray[np.int64]
) -> list[tuple[Array, NDArray[np.int64]]]:
    source = columns.rows[places]
    kind = CATALOGUE[OrderType(int(source["type"][0]))]
    legs = kind.legs
    if legs is None:
        raise BadOrder("has no plain legs", field="type", value=kind.type.name)
    rows = np.zeros(len(source), TRANSFER)
    rows["id_lo"] = source["id_lo"] | np.uint64(kind.step << _STEP_SHIFT)
    rows["id_hi"] = source["id_hi"]
    for side, account in (("debit", legs.debit), ("credit", legs.credit)):
        if isinstance(account, Kind):
            own = chart.account(account)
            rows[f"{side}_account_id_lo"], rows[f"{side}_account_id_hi"] = own & MASK_64, own >> 64
        else:
            for half in ("lo", "hi"):
                rows[f"{side}_account_id_{half}"] = source[f"{account}_{half}"]
    if legs.debit is Kind.BANK_MIRROR:
        _where_own_money_lies(chart, rows)
    for half in ("lo", "hi"):
        rows[f"amount_{half}"] = source[f"amount_{half}"]
    _common(rows, source)
    rows["ledger"], rows["code"] = chart.currency, legs.code
    if legs.pending:
        rows["flags"], rows["timeout"] = _PENDING, source["timeout"]
    groups = [(rows, places)]
    if kind.type is OrderType.WITHDRAWAL:
        groups.append(_advances(chart, rows, source["mode"] == Mode.IMMEDIATE, places))
    return groups


def _where_own_money_lies(chart: Chart, rows: Array) -> None:
    """The platform's own money is at the bank in an account of its own: no transfer crosses pools."""
    own, bank = chart.account(Kind.PLATFORM_OWN), chart.account(Kind.OWN_BANK_MIRROR)
    mine = (rows["credit_account_id_lo"] == own & MASK_64) & (rows["credit_account_id_hi"] == own >> 64)
    rows["debit_account_id_lo"][mine], rows["debit_account_id_hi"][mine] = bank & MASK_64, bank >> 64


def _advances(
    chart: Chart, rows: Array, immediate: NDArray[np.bool_], places: NDArray[np.int64]
) -> tuple[Array, NDArray[np.int64]]:
    """The platform's own money, held beside what it is advanced for."""
    own, bank = chart.account(Kind.PLATFORM_OWN), chart.account(Kind.OWN_BANK_MIRROR)
    advanced = rows[immediate].copy()
    advanced["id_lo"] |= np.uint64(1)
    advanced["debit_account_id_lo"], advanced["debit_account_id_hi"] = own & MASK_64, own >> 64
    advanced["credit_account_id_lo"], advanced["credit_account_id_hi"] = bank & MASK_64, bank >> 64
    advanced["code"] = Movement.ADVANCED_PAYOUT
    return advanced, places[immediate]


def _common(rows: Array, source: Array) -> None:
    for half in ("lo", "hi"):
        rows[f"user_data_128_{half}"] = source[f"subject_{half}"]
    rows["user_data_64"], rows["user_data_32"] = source["reference"], source["day"]


def _made_one_by_one(
    chart: Chart,
    columns: OrderColumns,
    places: NDArray[np.int64],
    marks: Array,
    facts: Mapping[int, Fact],
) -> tuple[Array, NDArray[np.int64]]:
    with_claims = (marks["marks"][places] & Mark.CLAIMS) != 0
    around = {claims: Around(chart, facts, claims) for claims in (False, True)}
    legs: list[Leg] = []
    counts: list[int] = []
    for line, claims in zip(columns.lines(places), with_claims.tolist(), strict=True):
        own = MAKERS[line.type](around[claims], line)
        if not own:
            raise BadOrder("moves nothing", field="order", value=line.type.name)
        if len(own) > LEGS_MAX:
            raise OrderTooLarge(line.id, len(own), LEGS_MAX)
        legs += own
        counts.append(len(own))
    owners = np.repeat(places, counts)
    rows = _rows(legs)
    _common(rows, columns.rows[owners])
    refunds = columns.rows["type"][owners] == OrderType.REFUND
    if refunds.any():
        _name_what_is_refunded(rows, columns, owners, refunds)
    return rows, owners


def _name_what_is_refunded(
    rows: Array, columns: OrderColumns, owners: NDArray[np.int64], refunds: NDArray[np.bool_]
) -> None:
    """A refund that names no subject is about the payment that it gives back."""
    silent = refunds & (rows["user_data_128_lo"] == 0) & (rows["user_data_128_hi"] == 0)
    parts = columns.parts[columns.edges[owners[silent]]]
    for half in ("lo", "hi"):
        rows[f"user_data_128_{half}"][silent] = parts[f"key_{half}"]


def _rows(legs: Sequence[Leg]) -> Array:
    rows = np.zeros(len(legs), TRANSFER)
    if not legs:
        return rows
    ids, debits, credits_, amounts, ledgers, codes, flags, pending, timeouts = zip(*legs, strict=True)
    for name, values in (
        ("id", ids),
        ("debit_account_id", debits),
        ("credit_account_id", credits_),
        ("amount", amounts),
        ("pending_id", pending),
    ):
        set_u128(rows, name, values)
    rows["ledger"], rows["code"], rows["flags"], rows["timeout"] = ledgers, codes, flags, timeouts
    return rows


def _mandate_accounts(field: str) -> Callable[[AuthorityBooks, Array, Array], tuple[Array, Array]]:
    def accounts(books: AuthorityBooks, _rows: Array, marks: Array) -> tuple[Array, Array]:
        return books.mandates_of(marks[field])

    return accounts


def _project_accounts(books: AuthorityBooks, rows: Array, _marks: Array) -> tuple[Array, Array]:
    return books.projects_of(rows["subject_lo"])


_Wanted = Callable[[Array], NDArray[np.bool_]]
_Accounts = Callable[[AuthorityBooks, Array, Array], tuple[Array, Array]]
_LIMITS: tuple[tuple[Beside, _Wanted, _Accounts], ...] = (
    (Beside.MANDATE, lambda marks: marks["mandate"] != 0, _mandate_accounts("mandate")),
    (Beside.SECOND_MANDATE, lambda marks: marks["second"] != 0, _mandate_accounts("second")),
    (Beside.PROJECT, lambda marks: (marks["marks"] & Mark.PROJECT) != 0, _project_accounts),
)
"""Which limits lie beside an order, which orders use each, and where it is kept."""


def _beside(
    chart: Chart, columns: OrderColumns, marks: Array, limit: tuple[Beside, _Wanted, _Accounts]
) -> tuple[Array, NDArray[np.int64]]:
    """The legs that reserve or use up one limit."""
    beside, wanted, accounts = limit
    places = np.flatnonzero(wanted(marks))
    source, books = columns.rows[places], AuthorityBooks(chart)
    rows = np.zeros(len(places), TRANSFER)
    if not len(places):
        return rows, places
    rows["id_lo"], rows["id_hi"] = source["id_lo"] | np.uint64(beside), source["id_hi"]
    rows["debit_account_id_lo"], rows["debit_account_id_hi"] = accounts(books, source, marks[places])
    rows["credit_account_id_lo"], rows["credit_account_id_hi"] = books.used & MASK_64, books.used >> 64
    rows["amount_lo"] = values(columns, places)
    _common(rows, source)
    rows["user_data_64"] = 0
    rows["ledger"], rows["code"] = books.ledger, Movement.AUTHORITY_USED
    held = _HOLDS[source["type"]]
    rows["flags"][held], rows["timeout"] = _PENDING, np.where(held, source["timeout"], 0)
    return rows, places


def values(columns: OrderColumns, places: NDArray[np.int64]) -> NDArray[np.int64]:
    """What each of the orders at `places` moves, as limits count it; amounts below 2^48."""
    source = columns.rows[places]
    total = np.zeros(len(places), np.int64)
    for name in ("amount", "extra"):
        total += np.where(_COUNTS[name][source["type"]], source[f"{name}_lo"].astype(np.int64), 0)
    in_parts = np.flatnonzero(_COUNTS["parts"][source["type"]])
    if len(in_parts):
        sums = np.concatenate([np.zeros(1, np.int64), np.cumsum(columns.parts["amount_lo"].astype(np.int64))])
        edges = columns.edges
        at = places[in_parts]
        total[in_parts] += sums[edges[at + 1]] - sums[edges[at]]
    return total


_TYPES_END = 1 + max(CATALOGUE)
_HOLDS = np.array([one in CATALOGUE and CATALOGUE[OrderType(one)].holds for one in range(_TYPES_END)])
_COUNTS = {
    name: np.array(
        [one in CATALOGUE and name in CATALOGUE[OrderType(one)].value for one in range(_TYPES_END)]
    )
    for name in ("amount", "extra", "parts")
}


def _hold(rows: Array, held: NDArray[np.bool_]) -> None:
    if not held.any():
        return
    if (rows["flags"][held] & np.uint16(POST | VOID)).any():
        raise BadOrder("takes up a hold and cannot be held itself", field="marks", value="HELD")
    rows["flags"] |= np.where(held, _PENDING, np.uint16(0))


def _link(columns: OrderColumns, rows: Array, owners: NDArray[np.int64]) -> None:
    rows["flags"][:-1] |= np.where(owners[1:] == owners[:-1], _LINKED, np.uint16(0))
    counts = np.bincount(owners, minlength=len(columns))
    if len(counts) and counts.max() > LEGS_MAX:
        place = int(counts.argmax())
        [line] = columns.lines(np.array([place]))
        raise OrderTooLarge(line.id, int(counts[place]), LEGS_MAX)
