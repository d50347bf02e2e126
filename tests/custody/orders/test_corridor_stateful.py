"""Random orders under mandates, a project limit and holds, against a plain model that counts exact money."""

import tempfile
from pathlib import Path

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, invariant, rule
from tests.custody.orders.kit import BANK, BORROWER, DAY, INCOME, PROJECT, SHOP, A, B, open_platform

from jinku.custody.orders import lending as n
from jinku.custody.orders import model as o
from jinku.custody.orders.catalogue import OrderType
from jinku.custody.orders.policy import CHANNEL
from jinku.custody.orders.reasons import State
from jinku.custody.orders.requests import Request

LIMIT, TOTAL, EACH = 150, 120, 40
investors = st.sampled_from([A, B])
amounts = st.integers(1, 50)


class CorridorMachine(RuleBasedStateMachine):
    """Each rule gives one order and says from the model whether it must be taken; every order is sent twice."""

    bids = Bundle("bids")
    holds = Bundle("holds")

    def __init__(self) -> None:
        super().__init__()
        self.directory = tempfile.TemporaryDirectory()
        self.platform = open_platform(Path(self.directory.name))
        self.platform.project(LIMIT)
        types = frozenset({OrderType.BID, OrderType.FEE, OrderType.RESERVE})
        for number, account in ((1, A), (2, B)):
            self.platform.mandate(number, account=account, total=TOTAL, per_order=EACH, types=types)
        self.money = dict.fromkeys((A, B, BORROWER, SHOP, INCOME), 0)
        self.held = dict.fromkeys((A, B), 0)
        self.left = {A: TOTAL, B: TOTAL}
        self.raised, self.bank = 0, 0
        self.shares = {A: 0, B: 0}
        self.revoked: set[int] = set()

    def teardown(self) -> None:
        self.platform.database.close()
        self.platform.ledger.close()
        self.directory.cleanup()

    def give(self, order: o.Order, taken: bool, maker: str = "app", mandate: int = 0) -> None:
        word = self.platform.word(order) if not mandate else None
        request = Request(order, maker, mandate, word)
        first = self.platform.corridor.submit([request])[0]
        again = self.platform.corridor.submit([request, request])
        assert (first.state is not State.REFUSED) == taken, first
        assert {one.state for one in again} == {first.state}

    def covers(self, account: int, amount: int, mandated: bool) -> bool:
        enough = self.money[account] - self.held[account] >= amount
        fits = amount <= EACH and amount <= self.left[account] and account not in self.revoked
        return enough and (fits or not mandated)

    def number(self, account: int, mandated: bool) -> int:
        return (1 if account == A else 2) if mandated else 0

    @rule(account=investors, amount=amounts)
    def deposit(self, account: int, amount: int) -> None:
        self.give(o.Deposit(id=self.platform.new(), day=DAY, account=account, amount=amount), True, CHANNEL)
        self.money[account] += amount
        self.bank += amount

    @rule(account=investors, amount=amounts, mandated=st.booleans())
    def fee(self, account: int, amount: int, mandated: bool) -> None:
        order = o.Fee(id=self.platform.new(), day=DAY, payer=account, amount=amount)
        taken = self.covers(account, amount, mandated)
        self.give(order, taken, mandate=self.number(account, mandated))
        if taken:
            self.money[account] -= amount
            self.money[INCOME] += amount
            self.left[account] -= amount * mandated

    @rule(target=bids, account=investors, amount=amounts, mandated=st.booleans())
    def bid(self, account: int, amount: int, mandated: bool) -> tuple[o.Bid, bool] | None:
        order = self.platform.bid(amount, account)
        taken = self.covers(account, amount, mandated) and self.raised + amount <= LIMIT
        self.give(order, taken, mandate=self.number(account, mandated))
        if not taken:
            return None
        self.held[account] += amount
        self.raised += amount
        self.left[account] -= amount * mandated
        return order, mandated

    @rule(taken=st.lists(consumes(bids), min_size=1, max_size=3), fee=st.integers(0, 2))
    def release(self, taken: list[tuple[o.Bid, bool] | None], fee: int) -> None:
        chosen = [one[0] for one in taken if one is not None]
        if not chosen:
            return
        fee = min(fee, sum(one.amount for one in chosen))
        self.give(self.platform.release(chosen, fee), True, "clerk")
        for one in chosen:
            self.held[one.investor] -= one.amount
            self.money[one.investor] -= one.amount
            self.money[BORROWER] += one.amount
            self.shares[one.investor] += one.amount
        self.money[BORROWER] -= fee
        self.money[INCOME] += fee

    @rule(one=consumes(bids))
    def fail(self, one: tuple[o.Bid, bool] | None) -> None:
        if one is not None:
            bid, mandated = one
            order = o.Failure(id=self.platform.new(), day=DAY, subject=PROJECT, holds=(bid.hold,))
            self.give(order, True, "clerk")
            self.held[bid.investor] -= bid.amount
            self.raised -= bid.amount
            self.left[bid.investor] += bid.amount * mandated

    @rule(target=holds, account=investors, amount=amounts)
    def reserve(self, account: int, amount: int) -> n.Reserve | None:
        order = n.Reserve(id=self.platform.new(), day=DAY, payer=account, payee=SHOP, amount=amount)
        taken = self.covers(account, amount, True)
        self.give(order, taken, mandate=self.number(account, True))
        if not taken:
            return None
        self.held[account] += amount
        self.left[account] -= amount
        return order

    @rule(one=consumes(holds), part=amounts)
    def settle(self, one: n.Reserve | None, part: int) -> None:
        if one is None:
            return
        part = min(part, one.amount)
        hold = o.Hold(one.hold.transfer, part)
        self.give(n.Settle(id=self.platform.new(), day=DAY, hold=hold), True, "clerk")
        self.give(n.Settle(id=self.platform.new(), day=DAY, hold=hold), False, "clerk")
        self.held[one.payer] -= one.amount
        self.money[one.payer] -= part
        self.money[SHOP] += part
        self.left[one.payer] += one.amount - part

    @rule(amount=amounts)
    def repay(self, amount: int) -> None:
        owed = sum(self.shares.values())
        if not owed:
            return
        principal = min(amount, owed)
        shares = tuple(o.Share(who, much) for who, much in self.shares.items() if much)
        order = o.Repayment(
            id=self.platform.new(), day=DAY, subject=PROJECT, payer=BORROWER,
            shares=shares, principal=principal, interest=1,
        )  # fmt: skip
        taken = self.money[BORROWER] >= principal + 1
        self.give(order, taken)
        if taken:
            before = dict(self.shares)
            self.shares = {who: self.platform.shares().get(who, 0) for who in before}
            assert sum(before.values()) - sum(self.shares.values()) == principal
            self.money[BORROWER] -= principal + 1
            for who in before:
                self.money[who] = self.platform.balance(who)

    @rule(seller=investors, principal=amounts, price=amounts)
    def sell(self, seller: int, principal: int, price: int) -> None:
        buyer = B if seller == A else A
        order = n.DebtTransfer(
            id=self.platform.new(), day=DAY, subject=PROJECT, buyer=buyer, seller=seller,
            principal=principal, price=price,
        )  # fmt: skip
        words = self.platform.word(order), self.platform.word(order)
        answer = self.platform.corridor.submit([Request(order, "app", word=words[0], second_word=words[1])])[
            0
        ]
        taken = self.shares[seller] >= principal and self.money[buyer] - self.held[buyer] >= price
        assert (answer.state is State.BOOKED) == taken
        if taken:
            self.money[buyer] -= price
            self.money[seller] += price
            self.shares[seller] -= principal
            self.shares[buyer] += principal

    @rule(account=investors)
    def revoke(self, account: int) -> None:
        self.platform.corridor.rooms.mandates.revoke(self.number(account, True), by="app", evidence="c-1")
        self.revoked.add(account)

    @rule()
    def restart(self) -> None:
        self.platform.reopen()

    @invariant()
    def ledger_and_model_agree(self) -> None:
        platform = self.platform
        assert {account: platform.balance(account) for account in self.money} == self.money
        assert {account: platform.held(account) for account in self.held} == self.held
        assert -platform.balance(BANK) == self.bank == sum(self.money.values())
        for account in (A, B):
            free = platform.corridor.rooms.mandates.show(self.number(account, True)).left.free
            assert free == (0 if account in self.revoked else self.left[account])
        assert platform.corridor.rooms.projects.left(PROJECT).free == LIMIT - self.raised
        assert platform.shares() == {who: much for who, much in self.shares.items() if much}
        platform.ledger.check()


TestCorridor = CorridorMachine.TestCase
TestCorridor.settings = settings(
    max_examples=6, stateful_step_count=20, deadline=None, suppress_health_check=list(HealthCheck)
)
