"""Random orders on a real ledger against naive books: what is refused, what is held, who owns how much."""

import tempfile
from datetime import date
from pathlib import Path

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, invariant, rule

from jinku.custody.orders import model as o
from jinku.custody.orders.desk import OrderDesk
from jinku.custody.structure.chart import Chart, Opening
from jinku.custody.structure.holdings import holdings
from jinku.custody.structure.table import Kind, Role
from jinku.ledger.opening import open_journal
from jinku.sim.books import Books

CHART = Chart(1, 156)
DAY = date(2026, 11, 20)
INVESTORS = [CHART.account(Kind.INVESTOR, party) for party in (1, 2, 3)]
BORROWER = CHART.account(Kind.BORROWER, 4)
INCOME, POOL = CHART.account(Kind.FEE_INCOME), CHART.account(Kind.BANK_MIRROR)
investors = st.sampled_from(INVESTORS)
amounts = st.integers(1, 60)


class OrdersMachine(RuleBasedStateMachine):
    """Each rule gives one order and says from naive books whether the ledger must take it."""

    bids = Bundle("bids")
    withdrawals = Bundle("withdrawals")

    def __init__(self) -> None:
        super().__init__()
        self.directory = tempfile.TemporaryDirectory()
        self.ledger = open_journal(Path(self.directory.name) / "ledger")
        self.desk = OrderDesk(self.ledger, CHART)
        self.desk.open_entity()
        roles = (Role.INVESTOR, Role.INVESTOR, Role.INVESTOR, Role.BORROWER)
        self.desk.open_parties([Opening(party, role, party) for party, role in enumerate(roles, 1)])
        self.books, self.serial, self.bank = Books(), 0, 0

    def teardown(self) -> None:
        self.ledger.close()
        self.directory.cleanup()

    def new(self) -> int:
        self.serial += 1
        return o.new_order_id(1_795_000_000_000, self.serial)

    def give(self, order: o.Order, taken: bool) -> None:
        outcome = self.desk.submit([order])
        assert (not outcome.refused) == taken
        again = self.desk.submit([order])
        assert (not again.refused) == taken

    @rule(account=investors, amount=amounts)
    def deposit(self, account: int, amount: int) -> None:
        self.give(o.Deposit(id=self.new(), day=DAY, account=account, amount=amount), True)
        self.books.receive(account, amount)
        self.bank += amount

    @rule(target=bids, account=investors, amount=amounts)
    def bid(self, account: int, amount: int) -> o.Bid | None:
        order = o.Bid(id=self.new(), day=DAY, investor=account, borrower=BORROWER, amount=amount)
        taken = self.books.available(account) >= amount
        self.give(order, taken)
        if taken:
            self.books.hold(account, amount)
        return order if taken else None

    @rule(taken=st.lists(consumes(bids), min_size=1, max_size=4), fee=st.integers(0, 3))
    def release(self, taken: list[o.Bid | None], fee: int) -> None:
        chosen = [one for one in taken if one is not None]
        fee = min(fee, sum(one.amount for one in chosen))
        if not chosen:
            return
        holds = tuple(one.hold for one in chosen)
        self.give(o.Release(id=self.new(), day=DAY, borrower=BORROWER, holds=holds, fee=fee), True)
        for one in chosen:
            self.books.free(one.investor, one.amount)
            self.books.move(one.investor, BORROWER, one.amount)
        self.books.move(BORROWER, INCOME, fee)

    @rule(one=consumes(bids))
    def fail(self, one: o.Bid | None) -> None:
        if one is not None:
            self.give(o.Failure(id=self.new(), day=DAY, holds=(one.hold,)), True)
            self.books.free(one.investor, one.amount)

    @rule(weights=st.lists(st.integers(1, 9), min_size=1, max_size=3), principal=amounts, interest=amounts)
    def repay(self, weights: list[int], principal: int, interest: int) -> None:
        shares = tuple(o.Share(account, weight) for account, weight in zip(INVESTORS, weights, strict=False))
        order = o.Repayment(
            id=self.new(), day=DAY, payer=BORROWER, shares=shares, principal=principal, interest=interest
        )
        taken = self.books.available(BORROWER) >= principal + interest
        before = self.balances()
        self.give(order, taken)
        if not taken:
            return
        after = self.balances()
        for account in INVESTORS:
            self.books.move(BORROWER, account, after[account] - before[account])
        assert after[BORROWER] == before[BORROWER] - principal - interest

    @rule(target=withdrawals, account=investors, amount=amounts)
    def withdraw(self, account: int, amount: int) -> o.Withdrawal | None:
        order = o.Withdrawal(id=self.new(), day=DAY, account=account, amount=amount)
        taken = self.books.available(account) >= amount
        self.give(order, taken)
        if taken:
            self.books.hold(account, amount)
        return order if taken else None

    @rule(one=consumes(withdrawals), paid=st.booleans())
    def bank_says(self, one: o.Withdrawal | None, paid: bool) -> None:
        if one is None:
            return
        yes = o.PaidOut(id=one.id, day=DAY, amount=one.amount)
        no = o.PayoutFailed(id=one.id, day=DAY, amount=one.amount)
        self.give(yes if paid else no, True)
        self.give(no if paid else yes, False)
        self.books.free(one.account, one.amount)
        if paid:
            self.books.pay(one.account, one.amount)
            self.bank -= one.amount

    def balances(self) -> dict[int, int]:
        return dict(holdings(self.ledger.accounts_array()).clients)

    @invariant()
    def ledger_and_books_agree(self) -> None:
        now = holdings(self.ledger.accounts_array())
        assert all(now.clients[account] == self.books.balances[account] for account in (*INVESTORS, BORROWER))
        assert now.held == sum(self.books.held.values())
        assert (now.bank, now.own_in_pool) == (self.bank, self.books.balances[INCOME])
        assert now.difference == 0


TestOrders = OrdersMachine.TestCase
TestOrders.settings = settings(
    max_examples=15, stateful_step_count=25, deadline=None, suppress_health_check=list(HealthCheck)
)
