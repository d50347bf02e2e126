"""Random lives of parties with crashes at every ledger call: whatever happens, the ledger does as the register says."""

import tempfile
from pathlib import Path
from typing import Any, cast

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, invariant, rule
from tests.custody.parties.office import WHY, Scene, Time

from jinku.base.database import Database
from jinku.base.errors import JinkuError
from jinku.custody.orders import model as o
from jinku.custody.parties.history import unexplained_seals
from jinku.custody.parties.model import Action, ChangeState, PartyStatus
from jinku.custody.parties.people import PeopleStore
from jinku.custody.parties.register import PartyRegister
from jinku.ledger import Ledger
from jinku.ledger.layout import Array
from jinku.ledger.opening import open_journal

parties = st.sampled_from([1, 2])
amounts = st.integers(1, 50)
crashes = st.none() | st.tuples(st.integers(0, 3), st.booleans())


class Crash(Exception):
    """The process ended here."""


class Fused:
    """A ledger in a process that ends before or after a certain write."""

    def __init__(self, ledger: Any) -> None:
        self._ledger = ledger
        self.fuse: tuple[int, bool] | None = None

    def __getattr__(self, name: str) -> Any:
        return getattr(self._ledger, name)

    def _write(self, call: Any, *arguments: Any) -> Any:
        left, after = self.fuse or (-1, False)
        if left == 0 and not after:
            raise Crash
        answer = call(*arguments)
        if left == 0:
            raise Crash
        if self.fuse:
            self.fuse = (left - 1, after)
        return answer

    def create_transfers_array(self, batch: Array) -> Array:
        found: Array = self._write(self._ledger.create_transfers_array, batch)
        return found

    def seal(self, digest: bytes, topic: int) -> tuple[int, int]:
        found: tuple[int, int] = self._write(self._ledger.seal, digest, topic)
        return found


class PartiesMachine(RuleBasedStateMachine):
    """Each rule does one thing to one of two parties; the bank answers when it likes."""

    withdrawals = Bundle("withdrawals")

    def __init__(self) -> None:
        super().__init__()
        self.directory = tempfile.TemporaryDirectory()
        path, clock = Path(self.directory.name), Time()
        self.ledger = open_journal(path / "ledger", clock=clock)
        self.database = Database.open(path / "control.db")
        self.people = PeopleStore.open(path / "people.db")
        self.fused = Fused(self.ledger)
        self.scene = Scene(cast(Ledger, self.fused), self.database, self.people, clock)
        self.scene.desk.open_entity()
        self.accounts = {
            number: self.scene.office.accounts(self.scene.opened(number))[0] for number in (1, 2)
        }
        self.received, self.paid = dict.fromkeys((1, 2), 0), dict.fromkeys((1, 2), 0)
        self.answered: set[int] = set()

    def teardown(self) -> None:
        self.people.close()
        self.database.close()
        self.ledger.close()
        self.directory.cleanup()

    def status(self, number: int) -> PartyStatus:
        return self.scene.office.party(number).status

    @rule(number=parties, amount=amounts)
    def deposit(self, number: int, amount: int) -> None:
        taken = self.scene.deposit(self.accounts[number], amount)
        assert taken == (self.status(number) not in (PartyStatus.FROZEN, PartyStatus.CLOSED))
        self.received[number] += amount if taken else 0

    @rule(target=withdrawals, number=parties, amount=amounts)
    def withdraw(self, number: int, amount: int) -> o.Withdrawal | None:
        made = self.scene.withdraw(self.accounts[number], amount)
        assert made is None or self.status(number) in (PartyStatus.OPEN, PartyStatus.CLOSING)
        return made

    @rule(made=consumes(withdrawals), number=parties, paid=st.booleans())
    def bank_answers(self, made: o.Withdrawal | None, number: int, paid: bool) -> None:
        waiting = [(one.order_id, one.account, one.amount) for one in self.scene.payouts.asked]
        waiting += [(made.id, made.account, made.amount)] if made else []
        for order, account, amount in waiting:
            owner = next(one for one, mine in self.accounts.items() if mine == account)
            if order in self.answered or self.status(owner) is PartyStatus.FROZEN:
                continue
            assert self.scene.bank_pays(order, amount, paid=paid)
            self.answered.add(order)
            self.paid[owner] += amount if paid else 0

    @rule(
        number=parties, action=st.sampled_from([Action.FREEZE, Action.UNFREEZE, Action.CLOSE]), crash=crashes
    )
    def act(self, number: int, action: Action, crash: tuple[int, bool] | None) -> None:
        office = self.scene.office
        try:
            change = office.propose(number, action, WHY, by="maker")
        except JinkuError:
            return
        self.fused.fuse = crash
        try:
            office.confirm(change.id, by="checker")
        except JinkuError:
            self.refuse(change.id)
        except Crash:
            self.restart()
            self.refuse(change.id)
        self.fused.fuse = None

    def refuse(self, change: int) -> None:
        if self.scene.office.change(change).state is ChangeState.PROPOSED:
            self.scene.office.reject(change, by="checker", reason="came to nothing")

    @rule(crash=crashes)
    def recover(self, crash: tuple[int, bool] | None) -> None:
        self.fused.fuse = crash
        try:
            self.scene.office.recover()
        except Crash:
            self.restart()
        self.fused.fuse = None

    def restart(self) -> None:
        self.fused.fuse = None
        self.scene.reopen()
        self.scene.office.recover()

    @invariant()
    def the_ledger_does_as_the_register_says(self) -> None:
        """R17: a frozen or closed party's money does not move; a leaving party is paid once and whole."""
        office = self.scene.office
        assert office.disagreements() == []
        orders = [one.order_id for one in self.scene.payouts.asked]
        asked = {(one.order_id, one.amount) for one in self.scene.payouts.asked}
        assert len({order for order, _ in asked}) == len(asked) <= len(orders)
        for number, account in self.accounts.items():
            assert self.scene.balance(account) == self.received[number] - self.paid[number]
            if self.status(number) is PartyStatus.CLOSED:
                assert self.scene.balance(account) == 0
                assert office.bound_card(number) is None
            office.history(number)
        assert not unexplained_seals(self.ledger, PartyRegister(self.database))


TestParties = PartiesMachine.TestCase
TestParties.settings = settings(
    max_examples=12, stateful_step_count=16, deadline=None, suppress_health_check=list(HealthCheck)
)
