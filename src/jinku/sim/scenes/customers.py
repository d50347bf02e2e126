"""Monday: customers' lives through the office of parties, mandates, the corridor of orders and an agreement.

Rules:

1. Every act goes through the rooms that a platform uses; each refusal is asked for and must come with its reason.
2. What the bank will show of it is handed on to Monday's statement (`Played.lines`).

Example::

    played = play_customers(stage, day, closed)
"""

from dataclasses import dataclass, field
from datetime import date
from random import Random

from jinku.custody.agreements.model import Run, RunRequest, RunStatus
from jinku.custody.orders import model as o
from jinku.custody.orders.catalogue import OrderType
from jinku.custody.orders.lending import DebtTransfer
from jinku.custody.orders.mandates import Mandate, Method
from jinku.custody.orders.policy import CHANNEL
from jinku.custody.orders.projects import Project
from jinku.custody.orders.reasons import Reason, State
from jinku.custody.orders.requests import Answer, OneTime, Request, digest_of
from jinku.custody.parties.model import Action, PartyStatus, Verification
from jinku.custody.parties.model import Method as CardMethod
from jinku.custody.parties.people import Person
from jinku.custody.parties.requests import Application, CardToBind
from jinku.custody.parties.service import Ask
from jinku.custody.structure.table import Role
from jinku.sim.audit import Check
from jinku.sim.close import CHECKER, MAKER, Stage
from jinku.sim.day import Day
from jinku.sim.errors import SimulationFault
from jinku.sim.identifiers import card_number, phone_number, resident_id
from jinku.sim.names import person_name
from jinku.sim.papers import money
from jinku.sim.scale import HUNDRED_YUAN
from jinku.sim.scenes.scene import Scene

WAN = 100 * HUNDRED_YUAN
"""Ten thousand yuan, in fen."""
PROJECT, MANDATE = 2026_1123, 1123
CLERK, APP = "clerk-wu", "app"
_DAY_NS = 86_400 * 10**9
_AGREEMENT = """// A month's instalment: the guarantor steps in where the borrower is short.
vars {{ monetary $instalment }}
send $instalment (
  source = {{ @borrower:{borrower} @guarantor:{guarantor} }}
  destination = {{
    1% to @fee_income
    2/3 to @investor:{first}
    remaining to @investor:{second}
  }}
)
"""


@dataclass(frozen=True, slots=True)
class Line:
    """A movement as the bank sees it; `amount` is signed, minor units."""

    reference: str
    amount: int
    text: str


@dataclass(slots=True)
class Played:
    """What was played so far."""

    stage: Stage
    day: date
    """The business day that is played."""
    today: date
    """The open one."""
    rows: list[tuple[str, str]] = field(default_factory=list)
    checks: list[Check] = field(default_factory=list)
    lines: list[Line] = field(default_factory=list)
    party: int = 0
    serial: int = 0

    def new(self) -> int:
        """A new order id."""
        self.serial += 1
        return o.new_order_id(self.stage.clock.now // 10**6, self.serial)

    def reference(self) -> int:
        """A new number for the bank to know a movement by."""
        self.serial += 1
        return int(f"{self.today:%Y%m%d}") * 10**9 + self.serial

    def give(self, order: o.Order, maker: str = APP, *, mandate: int = 0) -> Answer:
        """Send one order, on the customers' one-time word unless a mandate is named."""
        self.stage.later()
        word = second = None
        if not mandate:
            digest, now = digest_of(self.stage.chart, order), self.stage.clock.now
            self.serial += 2
            word = OneTime(Method.SMS, f"sms-{self.serial}", now, digest)
            if isinstance(order, DebtTransfer):
                second = OneTime(Method.SMS, f"sms-{self.serial + 1}", now, digest)
        corridor = self.stage.custody.corridor(*self.stage.books)
        return corridor.submit([Request(order, maker, mandate, word, second_word=second)])[0]

    def ok(self, order: o.Order, maker: str = APP, *, mandate: int = 0) -> Answer:
        """Send one order that must be taken. Raises SimulationFault."""
        answer = self.give(order, maker, mandate=mandate)
        if answer.state in (State.REFUSED, State.AWAITING):
            name = type(order).__name__
            raise SimulationFault(f"{name} was {answer.state.name.lower()}: {answer.reason.name.lower()}")
        return answer

    def refused(
        self, what: str, order: o.Order, reason: Reason, *, mandate: int = 0, maker: str = APP
    ) -> None:
        """Send one order that must be refused for `reason`."""
        answer = self.give(order, maker, mandate=mandate)
        held = answer.state is State.REFUSED and answer.reason is reason
        seen = f"{answer.state.name.lower()}: {answer.reason.name.lower().replace('_', ' ')}"
        self.checks.append(Check(what, held, seen))
        self.rows.append((what, seen))

    def deposit(self, account: int, amount: int) -> o.Deposit:
        """Money arrives at the bank for `account`."""
        order = o.Deposit(
            id=self.new(), day=self.today, reference=self.reference(), account=account, amount=amount
        )
        self.ok(order, CHANNEL)
        self.lines.append(Line(str(order.reference), amount, "client deposit 充值"))
        return order


def play_customers(stage: Stage, day: Day, friday: date) -> tuple[Scene, Played]:
    """See the module; `friday` is the closed day."""
    today = stage.custody.days.open_day(*stage.books)
    played = Played(stage, today, today)
    borrower = _first(day, Role.BORROWER)
    other = _first(day, Role.INVESTOR)
    _becomes_a_party(played, Random(day.opening))
    account = stage.chart.party_account(Role.INVESTOR, played.party)
    second = stage.chart.party_account(Role.INVESTOR, other)
    _late_item(played, account, friday)
    bids = _invests(played, (account, second), stage.chart.party_account(Role.BORROWER, borrower))
    _sells_debt(played, account, second, bids)
    _frozen(played, account)
    run = _agreement(played, borrower, _first(day, Role.GUARANTOR), other)
    office = stage.custody.parties(stage.chart.entity)
    played.checks.append(Check("register and ledger agree", not office.disagreements(), "no party differs"))
    scene = Scene(
        f"Customers' lives, {played.today.isoformat()}",
        "客户全生命周期",
        tuple(played.rows),
        tuple(played.checks),
        {"party": played.party, "agreement": _paid(run)},
    )
    return scene, played


def _first(day: Day, role: Role) -> int:
    return next(party.number for party in day.parties if party.role is role)


def _becomes_a_party(played: Played, rng: Random) -> None:
    """Applies, is opened by two persons, binds a card."""
    stage = played.stage
    office = stage.custody.parties(stage.chart.entity)
    name, latin = person_name(rng)
    identifier = resident_id(date(1991, 3, 7), 731)
    person = Person(name, latin, "resident_id", identifier, "", phone_number(990_001))
    wanted = Application("app-20261123-1", person, (Role.INVESTOR,), (stage.chart.currency,))
    number = office.apply(wanted, by=CLERK).number
    _two_persons(played, number, Action.OPEN, Ask("identity checked, agreement signed", "file 2026-1123"))
    stage.later()
    proof = Verification(CardMethod.FOUR_ELEMENTS, "V-1123", stage.clock.now)
    bound = office.bind(number, CardToBind(card_number(999_000_000_001), "BANK-A", proof), by=CLERK)
    played.party = number
    opened = office.party(number).status is PartyStatus.OPEN
    played.rows.append(("a party applies, is opened by two persons 开户", f"party {number}"))
    played.rows.append(("binds a card, verified by four elements 绑卡", f"…{bound.last_four}"))
    played.checks.append(Check("a party is opened by two persons", opened, f"party {number} is open"))


def _two_persons(played: Played, number: int, action: Action, ask: Ask) -> None:
    office = played.stage.custody.parties(played.stage.chart.entity)
    played.stage.later()
    change = office.propose(number, action, ask, by=MAKER)
    played.stage.later()
    office.confirm(change.id, by=CHECKER)


def _late_item(played: Played, account: int, friday: date) -> None:
    """What comes late for a closed day is refused for it, and goes to the open one."""
    late = o.Deposit(
        id=played.new(), day=friday, account=account, amount=10 * WAN, reference=played.reference()
    )
    played.refused("a late item for the closed day 已关账日迟到项", late, Reason.DAY_CLOSED, maker=CHANNEL)
    alone = o.Deposit(
        id=played.new(), day=played.today, account=account, amount=WAN, reference=played.reference()
    )
    played.refused("a clerk in the bank's place 冒充银行入账", alone, Reason.NO_RULE, maker=CLERK)
    played.deposit(account, 10 * WAN)
    played.rows.append(("the same on the open day 转入开放日", f"{money(10 * WAN)} CNY booked"))


def _invests(played: Played, accounts: tuple[int, int], borrower: int) -> list[o.Bid]:
    """Under a mandate until it is exhausted, and until the project is full; then the loan is paid out."""
    stage, (first, second) = played.stage, accounts
    rooms = stage.custody.corridor(*stage.books).rooms
    now = stage.clock.now
    rooms.projects.establish(Project(number=PROJECT, borrower=borrower, limit=6 * WAN), by=CLERK)
    rooms.mandates.give(
        Mandate(
            number=MANDATE,
            account=first,
            types=frozenset({OrderType.BID}),
            per_order=2 * WAN,
            total=5 * WAN,
            valid_from=now,
            valid_until=now + 30 * _DAY_NS,
            method=Method.SIGNATURE,
            evidence="doc-1123",
            given_at=now,
        )
    )
    played.rows.append(
        ("gives a mandate for bids 授权", f"{money(2 * WAN)} an order, {money(5 * WAN)} in all")
    )

    def bid(investor: int, amount: int) -> o.Bid:
        return o.Bid(
            id=played.new(),
            day=played.today,
            subject=PROJECT,
            investor=investor,
            borrower=borrower,
            amount=amount,
        )

    bids = [bid(first, amount) for amount in (2 * WAN, 2 * WAN, WAN)]
    for one in bids:
        played.ok(one, mandate=MANDATE)
    played.rows.append(("invests under it 授权投标", f"{money(5 * WAN)} CNY in {len(bids)} bids"))
    what = "one more bid than the mandate bears 超出授权"
    played.refused(what, bid(first, WAN), Reason.MANDATE_EXHAUSTED, mandate=MANDATE)
    played.deposit(second, 5 * WAN)
    played.refused(
        "a bid beyond the project's limit 超出标的限额", bid(second, 2 * WAN), Reason.PROJECT_LIMIT
    )
    last = bid(second, WAN)
    played.ok(last)
    bids.append(last)
    release = o.Release(
        id=played.new(),
        day=played.today,
        subject=PROJECT,
        borrower=borrower,
        holds=tuple(one.hold for one in bids),
        fee=9 * HUNDRED_YUAN,
    )
    played.ok(release, CLERK)
    played.rows.append(("the project is full and paid out 满标放款", f"{money(6 * WAN)} CNY"))
    return bids


def _sells_debt(played: Played, seller: int, buyer: int, bids: list[o.Bid]) -> None:
    order = DebtTransfer(
        id=played.new(),
        day=played.today,
        subject=PROJECT,
        buyer=buyer,
        seller=seller,
        principal=WAN,
        price=WAN - HUNDRED_YUAN,
        fee=HUNDRED_YUAN // 10,
    )
    played.ok(order)
    rooms = played.stage.custody.corridor(*played.stage.books).rooms
    shares = {one.account: one.principal for one in rooms.projects.shares(PROJECT)}
    held = shares == {seller: 4 * WAN, buyer: 2 * WAN} and sum(shares.values()) == sum(x.amount for x in bids)
    seen = f"{money(4 * WAN)} and {money(2 * WAN)} of {money(6 * WAN)} CNY"
    played.checks.append(Check("claims follow a debt transfer", held, seen))
    played.rows.append(
        ("sells part of the claim, both sign 债权转让", f"{money(WAN)} for {money(order.price)} CNY")
    )


def _frozen(played: Played, account: int) -> None:
    """A freeze by two persons makes the ledger refuse; lifted, the customer is paid out."""
    _two_persons(played, played.party, Action.FREEZE, Ask("court order", "(2026) no. 1123"))

    def withdrawal() -> o.Withdrawal:
        return o.Withdrawal(
            id=played.new(), day=played.today, reference=played.reference(), account=account, amount=WAN
        )

    played.refused("a withdrawal while frozen 冻结中提现", withdrawal(), Reason.ACCOUNT_FROZEN)
    _two_persons(played, played.party, Action.UNFREEZE, Ask("order lifted", "(2026) no. 1124"))
    asked = withdrawal()
    played.ok(asked)
    paid = o.PaidOut(id=asked.id, day=played.today, reference=asked.reference, amount=asked.amount)
    played.ok(paid, CHANNEL)
    played.lines.append(Line(str(asked.reference), -asked.amount, "client withdrawal 提现"))
    played.rows.append(("unfrozen, the withdrawal is paid 解冻后提现", f"{money(WAN)} CNY"))


def _agreement(played: Played, borrower: int, guarantor: int, other: int) -> Run:
    """An instalment shared out by a program that two persons put in force."""
    stage = played.stage
    office = stage.custody.agreements(*stage.books)
    text = _AGREEMENT.format(borrower=borrower, guarantor=guarantor, first=played.party, second=other)
    office.propose("instalment", text, author=MAKER)
    stage.later()
    agreed = office.approve("instalment", 1, approver=CHECKER)
    stage.later()
    wanted = RunRequest(
        id=played.new(),
        day=played.today,
        agreement="instalment",
        variables={"instalment": f"CNY/2 {WAN // 2}"},
        reference=PROJECT,
    )
    run = office.execute(wanted)
    again = office.execute(wanted)
    done = run.status is RunStatus.BOOKED and again.plan == run.plan
    played.checks.append(
        Check("an agreement books once", done, f"{len(run.plan.bookings)} movements, asked twice")
    )
    sealed = f"sealed as log entry {agreed.sealed_entry:,}"
    played.checks.append(
        Check("the agreement's text is in the log", agreed.sealed_entry > 0, "approved and sealed")
    )
    played.rows.append(("an agreement in Numscript, by two persons 协议", sealed))
    for source, target, amount, why in _paid(run):
        played.rows.append((f"  {source} → {target}", f"{money(int(amount))} CNY, {why}"))
    return run


def _paid(run: Run) -> list[list[str]]:
    """(from, to, amount, why) of each posting, as the run explains it."""
    return [
        [one["source"], one["destination"], str(one["amount"]), " > ".join(_notes(one["why"]["target"]))]
        for one in run.plan.document["postings"]
    ]


def _notes(path: list[dict[str, str]]) -> list[str]:
    return [f"{step['rule']}{': ' * bool(step['note'])}{step['note']}" for step in path]


def back_dated(played: Played, day: Day) -> Check:
    """On Tuesday there is more money; Monday had it not, so an order that bears Monday is refused."""
    stage, monday = played.stage, played.today
    account = stage.chart.party_account(Role.INVESTOR, _first(day, Role.INVESTOR))
    played.today = stage.custody.days.open_day(*stage.books)
    played.deposit(account, 20 * WAN)
    played.lines.pop()  # Tuesday's money is on Tuesday's statement
    late = o.Withdrawal(
        id=played.new(), day=monday, reference=played.reference(), account=account, amount=18 * WAN
    )
    played.refused("back-dated beyond what Monday had 倒签透支", late, Reason.BACKDATED_OVERDRAWN)
    return played.checks[-1]
