"""A platform's payments of one close, as they truly happened: who, how much, when, under which reference.

Rules:

1. Amounts repeat: a third are round sums that people like. Customers repeat: a few make many payments.
2. The period runs from the day after the last business day to the day that is closed, so weekends and holidays are in
   it; some payments are older. The bank books what comes on a free day on the next business day.
3. References run in sequence, in one of several styles: neighbours differ by one digit.
4. Payouts go in batches that the bank books as one line; channels settle a day's deposits in one line without a
   reference; some deposits are booked gross with their fee beside, and the bank shows the net.

Example::

    made = payments(np.random.default_rng(7), 100_000)
"""

from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
from numpy.typing import NDArray

from jinku.base.calendar import CHINA, BusinessCalendar
from jinku.custody.reconciliation.records import Bits, Longs, day_number, day_of

ACCOUNTS = (("9909000000000156001", "CNY"), ("9909000000000156002", "CNY"), ("9909000000000840001", "USD"))
ROUND = np.array([10_000, 50_000, 100_000, 200_000, 500_000, 1_000_000, 5_000, 30_000, 8_800], np.int64)
OLDER_SHARE, ROUND_SHARE, BATCH_SHARE, CHANNEL_SHARE, NETTED_SHARE = 0.08, 0.35, 0.10, 0.02, 0.003
BATCH_MAX = 40
CHANNELS = 4
STYLES = ("{day:%Y%m%d}{n:09d}", "PO-{day:%Y}-{n:08d}", "JK{n:010d}", "{n:014d}")


@dataclass(frozen=True)
class Payments:
    """Columns over payments; see the module."""

    as_of: date
    calendar: BusinessCalendar
    amount: Longs
    direction: NDArray[np.int8]
    day: NDArray[np.int32]
    bank_day: NDArray[np.int32]
    home: NDArray[np.int8]
    """Which of ACCOUNTS."""
    reference: NDArray[np.object_]
    counterparty: NDArray[np.object_]
    batch: Longs
    """Number of the batch, or -1."""
    channel: Longs
    """Number of the channel, or -1."""
    netted: Bits
    """Booked gross with a fee beside."""

    @property
    def single(self) -> Longs:
        """Payments that each side books as one row."""
        return np.flatnonzero((self.batch < 0) & (self.channel < 0) & ~self.netted)


def payments(rng: np.random.Generator, count: int) -> Payments:
    """`count` payments of one close."""
    calendar = CHINA
    as_of = _business_day(rng, calendar)
    day = _days(rng, count, as_of, calendar)
    rolled = {one: _rolled(day_of(one), calendar) for one in np.unique(day).tolist()}
    keys = np.array(sorted(rolled), np.int32)
    bank_day = np.array([day_number(rolled[int(one)]) for one in keys], np.int32)[np.searchsorted(keys, day)]
    direction = np.where(rng.random(count) < 0.55, 1, -1).astype(np.int8)
    amount = np.maximum(1, np.exp(rng.normal(10.5, 1.6, count))).astype(np.int64)
    liked = rng.random(count) < ROUND_SHARE
    amount[liked] = ROUND[rng.integers(0, len(ROUND), int(liked.sum()))]
    people = max(3, count // 4)
    customer = np.minimum(rng.zipf(1.3, count), people)
    often = rng.random(count) < 0.3
    customer = np.where(often, customer, rng.integers(1, people + 1, count))
    style, first = STYLES[int(rng.integers(len(STYLES)))], int(rng.integers(1, 10**7))
    reference = np.array([style.format(day=as_of, n=first + n) for n in range(count)], np.object_)
    home = rng.choice(3, count, p=(0.7, 0.2, 0.1)).astype(np.int8)
    batch = np.full(count, -1, np.int64)
    channel = np.full(count, -1, np.int64)
    kind = rng.random(count)
    channel[(kind < CHANNEL_SHARE) & (direction > 0)] = 0
    channel[channel == 0] = rng.integers(0, CHANNELS, int((channel == 0).sum()))
    netted = (
        (kind >= CHANNEL_SHARE) & (kind < CHANNEL_SHARE + NETTED_SHARE) & (direction > 0) & (amount > 1_000)
    )
    _fill_batches(rng, batch, (kind > 1 - 2 * BATCH_SHARE) & (direction < 0), home, day)
    return Payments(
        as_of=as_of,
        calendar=calendar,
        amount=amount,
        direction=direction,
        day=day,
        bank_day=bank_day,
        home=home,
        reference=reference,
        counterparty=np.array([f"62{number:014d}" for number in customer.tolist()], np.object_),
        batch=batch,
        channel=channel,
        netted=netted,
    )


def _business_day(rng: np.random.Generator, calendar: BusinessCalendar) -> date:
    day = date(2026, 2, 1) + timedelta(days=int(rng.integers(0, 300)))
    return calendar.on_or_after(day)


def _rolled(day: date, calendar: BusinessCalendar) -> date:
    return calendar.on_or_after(day)


def _days(rng: np.random.Generator, count: int, as_of: date, calendar: BusinessCalendar) -> NDArray[np.int32]:
    last = day_number(as_of)
    before = day_number(calendar.previous_business_day(as_of))
    day = rng.integers(before + 1, last + 1, count)
    older = rng.random(count) < OLDER_SHARE
    day[older] = before - rng.integers(0, 8, int(older.sum()))
    return day.astype(np.int32)


def _fill_batches(
    rng: np.random.Generator, batch: Longs, wanted: Bits, home: NDArray[np.int8], day: NDArray[np.int32]
) -> None:
    """Cut the payouts of each account and day into batches of 2 to BATCH_MAX."""
    order = np.lexsort((day, home))
    order = order[wanted[order]]
    if len(order) < 2:
        return
    new = np.ones(len(order), np.bool_)
    new[1:] = (home[order][1:] != home[order][:-1]) | (day[order][1:] != day[order][:-1])
    new |= rng.random(len(order)) < 2 / BATCH_MAX
    numbers = np.cumsum(new) - 1
    several = np.bincount(numbers)[numbers] > 1
    batch[order[several]] = numbers[several]
