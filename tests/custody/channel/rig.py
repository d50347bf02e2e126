"""A real ledger with withdrawals held, a desk over it, and a bank that says what a test wants."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path

from jinku.base.database import Database
from jinku.bootstrap import House, open_house
from jinku.bootstrap.custody import Custody
from jinku.custody.channel.desk import BankDesk
from jinku.custody.channel.giving import ChannelOrders
from jinku.custody.channel.model import Answer, Instruction, Kind, Mode, News, Request, Source
from jinku.custody.channel.port import Arrival, Sending
from jinku.custody.channel.store import ChannelStore
from jinku.custody.channel.table import Terms, terms
from jinku.custody.orders.acts import order_key
from jinku.custody.orders.desk import OrderDesk
from jinku.custody.orders.mandates import Method
from jinku.custody.orders.model import Deposit, Withdrawal, new_order_id
from jinku.custody.orders.policy import CHANNEL
from jinku.custody.orders.reasons import State as OrderState
from jinku.custody.orders.requests import OneTime, digest_of
from jinku.custody.orders.requests import Request as Ask
from jinku.custody.structure.chart import Chart, Opening
from jinku.custody.structure.table import Kind as AccountKind
from jinku.custody.structure.table import Role

DAY = date(2026, 11, 20)
NS = 1_000_000_000
NOON = 1_795_176_000 * NS


@dataclass
class Clock:
    """A clock that a test sets."""

    now: int = NOON

    def __call__(self) -> int:
        return self.now


@dataclass
class ScriptedBank:
    """A dialect whose bank answers `says` to sendings and questions; it counts what reached it."""

    name: str = "custodian"
    terms: Terms = field(default_factory=lambda: replace(terms("custodian", DAY), query_every_s=0))
    kinds: frozenset[Kind] = frozenset(Kind)
    sending_max: int = 3
    says: News | None = News.SETTLED
    asked: News | None = None
    clock: Clock = field(default_factory=Clock)
    sent: list[int] = field(default_factory=list)
    resumed: list[int] = field(default_factory=list)
    arrivals: list[Arrival] = field(default_factory=list)

    def answer(self, one: Instruction, news: News, source: Source = Source.REPLY) -> Answer:
        return Answer(
            request_no=one.request_no,
            news=news,
            source=source,
            at=self.clock(),
            amount=None if news is News.NOT_FOUND else one.amount,
            currency=one.currency,
            bank_no=f"B{one.request_no}",
            day=DAY,
        )

    def send(self, batch: str, instructions: Sequence[Instruction]) -> Sending:
        self.sent += [one.request_no for one in instructions]
        if self.says is None:
            return Sending(silent=tuple(one.request_no for one in instructions))
        return Sending(tuple(self.answer(one, self.says) for one in instructions))

    def resume(self, batch: str, instructions: Sequence[Instruction]) -> Sending:
        self.resumed += [one.request_no for one in instructions]
        return Sending(silent=tuple(one.request_no for one in instructions))

    def query(self, instructions: Sequence[Instruction]) -> Sequence[Answer]:
        return [self.answer(one, self.asked, Source.QUERY) for one in instructions if self.asked]

    def collect(self) -> Iterator[Arrival]:
        return iter(list(self.arrivals))

    def taken(self, arrival: Arrival) -> None:
        self.arrivals.remove(arrival)


@dataclass
class Rig:
    """What a test holds in its hands."""

    house: House
    database: Database
    custody: Custody
    desk: BankDesk
    orders: ChannelOrders
    ledger: OrderDesk
    """Books straight on the ledger, around everything."""
    bank: ScriptedBank
    clock: Clock
    chart: Chart
    withdrawals: list[Withdrawal]

    def requests(self, **changed: object) -> list[Request]:
        """Payout requests for every withdrawal."""
        made = [
            Request(
                order=one.id,
                kind=Kind.PAYOUT,
                channel="custodian",
                account=one.account,
                amount=one.amount,
                currency="CNY",
                payee=f"U-{number}",
                mode=Mode.NORMAL,
            )
            for number, one in enumerate(self.withdrawals)
        ]
        return [replace(one, **changed) for one in made]  # type: ignore[arg-type]

    def approved(self) -> list[Instruction]:
        """Instructions of all withdrawals, approved."""
        self.desk.instruct(self.requests(), by="anna")
        return self.desk.approve([one.id for one in self.withdrawals], by="boris")

    def state(self, number: int = 0) -> OrderState:
        """Where withdrawal `number` stands by the order book."""
        return self.custody.acts(1, 156).show(order_key(self.withdrawals[number])).state

    def close(self) -> None:
        """Close all."""
        self.custody.close()
        self.house.close()

    def balance(self, number: int) -> tuple[int, int]:
        """What customer `number` has, and has held."""
        [account] = self.house.ledger.lookup_accounts([self.withdrawals[number].account])
        return account.credits_posted - account.debits_posted - account.debits_pending, account.debits_pending


def make_rig(where: Path | str, directory: Path, count: int = 3) -> Rig:
    """A house in `directory`, `count` customers whose 1,000 fen are held for withdrawal; control data in `where`."""
    clock, chart = Clock(), Chart(1, 156)
    house = open_house(directory / "data", control="" if isinstance(where, Path) else where, clock=clock)
    custody = Custody(house, clock)
    ledger = OrderDesk(house.ledger, chart)
    ledger.open_entity()
    ledger.open_parties([Opening(n + 1, Role.INVESTOR, 0) for n in range(count)])
    accounts = [chart.account(AccountKind.INVESTOR, n + 1) for n in range(count)]
    moment = NOON // 1_000_000
    given = [
        Deposit(id=new_order_id(moment, n), day=DAY, account=accounts[n], amount=1_000) for n in range(count)
    ]
    held = [
        Withdrawal(id=new_order_id(moment + 1, n), day=DAY, account=accounts[n], amount=1_000)
        for n in range(count)
    ]
    asked = [Ask(one, CHANNEL) for one in given]
    asked += [Ask(one, "app", word=word(clock, one)) for one in held]
    assert custody.corridor(1, 156).submit(asked).count(OrderState.REFUSED) == 0
    bank = ScriptedBank(clock=clock)
    desk = BankDesk(ChannelStore(house.control), house.ledger, {"custodian": bank}, clock)
    return Rig(house, house.control, custody, desk, custody.bank_orders, ledger, bank, clock, chart, held)


def word(clock: Clock, order: Withdrawal, name: str = "sms") -> OneTime:
    """The customer's word on one withdrawal."""
    evidence = f"{name}-{order.id & 0xFFFFFFFFFFFFFFFF:x}"
    return OneTime(Method.SMS, evidence, clock(), digest_of(Chart(1, 156), order))
