"""What the parts of the simulated day share: who there is, their books, the time, and the next numbers."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from itertools import count
from random import Random
from types import MappingProxyType

from jinku.base.calendar import CHINA
from jinku.base.clock import NS_PER_SECOND, start_of_day
from jinku.custody.orders.model import Order, new_order_id
from jinku.custody.parties.people import Party
from jinku.custody.structure.chart import Chart, kind_of
from jinku.custody.structure.table import Kind, Role, Side
from jinku.sim.books import Books
from jinku.sim.scale import SLOT_S, Scale

CHINA_AHEAD_S = 8 * 3600
"""China's clock is eight hours ahead of UTC all year."""
_SERIAL_STEP = 0x9E3779B97F4A7
"""Odd, so that multiplying by it modulo 2^56 never gives the same serial twice."""

ACTS = MappingProxyType(
    {
        "balances taken over": "余额承接",
        "carried over from the day before": "隔日入账",
        "channel brings its takings": "通道清算",
        "deposits": "充值",
        "a notice booked twice by mistake": "重复记账",
        "receipts without an owner": "待查来款",
        "what the bank says of payouts": "提现回单、退汇",
        "withdrawals asked for": "提现申请",
        "bids": "投标冻结",
        "release of filled projects": "满标放款",
        "release of failed projects": "流标解冻",
        "repayments": "还款分账",
        "refunds": "退款",
        "fees leave the client pool": "手续费划转",
        "deposits after the cut-off": "日切后充值",
    }
)
"""The names of acts, with their Chinese."""


@dataclass(frozen=True, slots=True)
class Act:
    """Orders given at one moment of the day.

    `by_many` means that each order comes from a caller of its own, all at once; no order of such an act
    depends on another. `refused` are the order ids that the ledger must refuse.
    """

    moment: int
    """UTC ns."""
    name: str
    orders: tuple[Order, ...]
    by_many: bool = False
    refused: frozenset[int] = frozenset()


@dataclass(slots=True)
class World:
    """The state of the simulation while the day is being made."""

    chart: Chart
    day: date
    rng: Random
    scale: Scale
    parties: Sequence[Party]
    books: Books = field(default_factory=Books)
    _serials: "count[int]" = field(default_factory=count)
    _references: "count[int]" = field(default_factory=lambda: count(1))

    def moment(self, slot: int, second: int = 0) -> int:
        """UTC ns of `second` within half hour `slot` of the day in China."""
        return start_of_day(self.day) + (slot * SLOT_S + second - CHINA_AHEAD_S) * NS_PER_SECOND

    def order_id(self, moment: int) -> int:
        """A new order id at `moment` (UTC ns)."""
        return new_order_id(moment // 1_000_000, next(self._serials) * _SERIAL_STEP % (1 << 56))

    def reference(self) -> int:
        """A new number for the bank to know a movement by: the day and a running number."""
        return int(f"{self.day:%Y%m%d}") * 10**9 + next(self._references)

    def accounts(self, role: Role) -> list[int]:
        """The account ids of every party of `role`, in order of party number."""
        numbers = (party.number for party in self.parties if party.role is role)
        return [self.chart.party_account(role, number) for number in numbers]

    def own(self, kind: Kind) -> int:
        """The id of one of the entity's own accounts."""
        return self.chart.account(kind)

    @property
    def day_before(self) -> date:
        """The business day before."""
        day = self.day - timedelta(days=1)
        while not CHINA.is_business_day(day):
            day -= timedelta(days=1)
        return day

    @property
    def day_after(self) -> date:
        """The next business day."""
        return CHINA.next_business_day(self.day)


def signed_balance(account: int, debits: int, credits_: int) -> int:
    """An account's balance on its normal side, from its posted debits and credits."""
    return debits - credits_ if kind_of(account).side is Side.DEBIT else credits_ - debits
