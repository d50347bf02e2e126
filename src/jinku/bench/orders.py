"""`orders_tps`: orders through the whole corridor, embedded, durable, with mandates, order book and log on.

Every batch is answered only when its orders are in the book, its transfers in the ledger and its outcomes in the book
again, each durable; the clock stops when the log has caught up with the last entry. Making the requests is not counted.
The mix is a lending platform's day: 30 % deposits, 35 % bids under mandate (each reserves from the mandate and from the
project), 10 % repayments to two investors out of which the platform takes a fee, 15 % withdrawals, 10 % fees under
mandate. Repayments and withdrawals come on one-time authorisations.
"""

import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from jinku.base.errors import JinkuError
from jinku.bench.report import Figure
from jinku.bootstrap import open_house
from jinku.bootstrap.custody import Custody
from jinku.custody.orders.catalogue import OrderType
from jinku.custody.orders.columns import ORDER, PART, OrderColumns
from jinku.custody.orders.corridor import Corridor
from jinku.custody.orders.desk import OrderDesk
from jinku.custody.orders.mandates import Mandate, Method
from jinku.custody.orders.model import new_order_id
from jinku.custody.orders.policy import CHANNEL
from jinku.custody.orders.projects import Project
from jinku.custody.orders.reasons import State
from jinku.custody.orders.requests import WORD, RequestColumns
from jinku.custody.structure.bitemporal_hours import BusinessHours, day_number
from jinku.custody.structure.chart import Chart, Opening
from jinku.custody.structure.table import Kind, Role
from jinku.ledger.layout import MASK_64, Array

INVESTORS, BORROWERS = 2_000, 50
MANDATES = 200
BATCH_ORDERS = 8_000
MIX = (
    (OrderType.DEPOSIT, 0.30),
    (OrderType.BID, 0.35),
    (OrderType.REPAYMENT, 0.10),
    (OrderType.WITHDRAWAL, 0.15),
    (OrderType.FEE, 0.10),
)


class OrdersFailed(JinkuError):
    """An order of the run was not taken, so the run measures nothing."""

    code = "bench_failed"


@dataclass(frozen=True, slots=True)
class Market:
    """Who takes part: account numbers, as (low, high) words where there are many."""

    day: int
    """The business day that it is, as yyyymmdd."""
    investors: list[int]
    borrowers: list[int]


def run(orders: int, directory: Path | None = None, seed: int = 7) -> dict[str, Figure]:
    """Send `orders` in batches of ``BATCH_ORDERS``; the figures. Raises OrdersFailed."""
    with (
        tempfile.TemporaryDirectory(prefix="jinku-bench-", dir=directory) as name,
        open_house(Path(name) / "house") as house,
        Custody(house) as custody,
    ):
        market, corridor = _prepare(custody)
        rng = np.random.default_rng(seed)
        warm = _batch(market, rng, 1, time.time_ns(), 200)
        _all_taken(corridor, warm)
        made, seconds, transfers = 0, 0.0, 0
        before = house.ledger.size()
        while made < orders:
            count = min(BATCH_ORDERS, orders - made)
            batch = _batch(market, rng, 1_000 + made, time.time_ns(), count)
            start = time.perf_counter()
            _all_taken(corridor, batch)
            seconds += time.perf_counter() - start
            made += count
        start = time.perf_counter()
        house.publish()
        seconds += time.perf_counter() - start
        transfers = house.ledger.size() - before
    return {
        "orders_tps": Figure(made / seconds, "orders/s", 20_000),
        "orders_transfers": Figure(transfers / made, "log entries an order"),
    }


def _all_taken(corridor: Corridor, batch: RequestColumns) -> None:
    answers = corridor.submit(batch)
    taken = answers.count(State.BOOKED, State.HELD)
    if taken != len(batch):
        refused = next(one for one in answers.reasons if one)
        raise OrdersFailed(f"{len(batch) - taken} orders were not taken, the first for {refused.name}")


def _prepare(custody: Custody) -> tuple[Market, Corridor]:
    chart = custody.chart(1, 156)
    desk = OrderDesk(custody.house.ledger, chart)
    desk.open_entity()
    desk.open_parties([Opening(party, Role.INVESTOR, party) for party in range(1, INVESTORS + 1)])
    first = INVESTORS + 1
    desk.open_parties([Opening(party, Role.BORROWER, party) for party in range(first, first + BORROWERS)])
    market = Market(
        _day_number(chart),
        [chart.account(Kind.INVESTOR, party) for party in range(1, INVESTORS + 1)],
        [chart.account(Kind.BORROWER, party) for party in range(first, first + BORROWERS)],
    )
    corridor = custody.corridor(1, 156)
    now = time.time_ns()
    for place, borrower in enumerate(market.borrowers, 1):
        corridor.rooms.projects.establish(Project(number=place, borrower=borrower, limit=1 << 50), by="bench")
    wide = frozenset({OrderType.BID, OrderType.FEE, OrderType.REPAYMENT})
    for number, account in enumerate(market.investors[:MANDATES] + market.borrowers, 1):
        corridor.rooms.mandates.give(
            Mandate(
                number=number,
                account=account,
                types=wide,
                per_order=1 << 40,
                total=1 << 50,
                valid_from=now - 10**9,
                valid_until=now + 10**15,
                method=Method.SIGNATURE,
                evidence=f"bench-{number}",
                given_at=now,
            )
        )
    _all_taken(corridor, _funding(market))
    return market, corridor


def _day_number(chart: Chart) -> int:
    return day_number(BusinessHours.of(chart.structure).day_at(time.time_ns()))


def _funding(market: Market) -> RequestColumns:
    everyone = market.investors + market.borrowers
    rows = _rows(market, range(len(everyone)), OrderType.DEPOSIT, 1)
    _put(rows, "first", everyone)
    rows["amount_lo"] = 1 << 46
    words = np.zeros(len(rows), WORD)
    return RequestColumns(OrderColumns(rows, np.zeros(0, PART)), words, (CHANNEL,))


def _rows(market: Market, serials: range, kind: OrderType, moment_ms: int) -> Array:
    rows = np.zeros(len(serials), ORDER)
    _put(rows, "id", [new_order_id(moment_ms, serial) for serial in serials])
    rows["type"], rows["day"], rows["entity"], rows["currency"] = kind, market.day, 1, 156
    return rows


def _put(rows: Array, name: str, values: list[int]) -> None:
    rows[f"{name}_lo"] = [value & MASK_64 for value in values]
    rows[f"{name}_hi"] = [value >> 64 for value in values]


def _batch(market: Market, rng: np.random.Generator, first: int, now: int, count: int) -> RequestColumns:
    """`count` orders in the mix, shuffled, with ids that rise."""
    kinds = rng.choice([kind for kind, _ in MIX], count, p=[share for _, share in MIX])
    rows = _rows(market, range(first, first + count), OrderType.DEPOSIT, now // 1_000_000)
    rows["type"] = kinds
    words = np.zeros(count, WORD)
    investors = rng.integers(0, MANDATES, count)
    borrowers = rng.integers(0, BORROWERS, count)
    _put(rows, "first", [market.investors[one] for one in investors.tolist()])
    rows["amount_lo"] = rng.integers(1_000, 1_000_000, count)
    rows["reference"] = np.arange(first, first + count)
    under = np.isin(kinds, (OrderType.BID, OrderType.FEE))
    words["mandate"][under] = investors[under] + 1
    parts = _lend(market, rows, kinds, borrowers)
    columns = OrderColumns(rows, parts)
    asked = np.flatnonzero(np.isin(kinds, (OrderType.WITHDRAWAL, OrderType.REPAYMENT)))
    words["method"][asked], words["given_at"][asked] = Method.SMS, now
    words["evidence"][asked] = [f"sms-{first + one}".encode() for one in asked.tolist()]
    for one in asked.tolist():
        words["digest"][one] = np.void(columns.digest(one))
    return RequestColumns(columns, words, (CHANNEL,))


def _lend(market: Market, rows: Array, kinds: Array, borrowers: Array) -> Array:
    """Fill in what bids and repayments have besides; the repayments' shares."""
    bids = np.flatnonzero(kinds == OrderType.BID)
    chosen = borrowers[bids].tolist()
    rows["subject_lo"][bids] = borrowers[bids] + 1
    low, high = rows["second_lo"], rows["second_hi"]
    low[bids] = [market.borrowers[one] & MASK_64 for one in chosen]
    high[bids] = [market.borrowers[one] >> 64 for one in chosen]
    repaid = np.flatnonzero(kinds == OrderType.REPAYMENT)
    payers = [market.borrowers[one] for one in borrowers[repaid].tolist()]
    rows["first_lo"][repaid] = [one & MASK_64 for one in payers]
    rows["first_hi"][repaid] = [one >> 64 for one in payers]
    rows["extra_lo"][repaid], rows["fee_lo"][repaid], rows["parts"][repaid] = 900, 90, 2
    parts = np.zeros(2 * len(repaid), PART)
    creditors = [market.investors[(7 * place) % INVESTORS] for place in range(len(parts))]
    _put(parts, "key", creditors)
    parts["amount_lo"] = 1 + np.arange(len(parts)) % 5
    return parts
