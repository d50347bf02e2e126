"""Random days at the breaks desk: whatever persons try, every end has two hands, every correction one booking."""

import tempfile
from contextlib import ExitStack
from datetime import date, timedelta
from pathlib import Path

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule
from tests.custody.breaks.parts import DAY, SUSPENSE, a_break, desk_on, house

from jinku.base.database import Database
from jinku.custody.breaks.correction import Against
from jinku.custody.breaks.errors import BadBreak, BreakRefused, BreakUnknown, SecondPerson
from jinku.custody.breaks.model import ENDED, Act, State
from jinku.custody.breaks.table import Cause

NAMES = [f"R-{n}" for n in range(4)]
EFFECTS = dict(zip(NAMES, (100, 250, 400, 700), strict=True))
people = st.sampled_from(["ann", "bob", "cid"])
names = st.sampled_from(NAMES)


class Days(RuleBasedStateMachine):
    """Four breaks, three persons, days that pass."""

    def __init__(self) -> None:
        super().__init__()
        self.stack = ExitStack()
        where = Path(self.stack.enter_context(tempfile.TemporaryDirectory()))
        self.ledger = self.stack.enter_context(house(where / "ledger"))
        self.desk = desk_on(self.stack.enter_context(Database.open(where / "control.db")), self.ledger)
        self.day: date = DAY
        self.ids = {name: a_break(name, EFFECTS[name]).break_id for name in NAMES}

    def teardown(self) -> None:
        self.desk.seals.audit()
        self.stack.close()

    def tried(self, name: str, act: str, *arguments: object, **more: object) -> bool:
        before = self.desk.cases()
        try:
            getattr(self.desk, act)(self.ids[name], *arguments, **more)
        except (BreakRefused, BreakUnknown, BadBreak, SecondPerson):
            assert self.desk.cases() == before  # what is refused changes nothing
            return False
        return True

    @rule(found=st.sets(names))
    def close_of_day(self, found: set[str]) -> None:
        self.day += timedelta(days=1)
        while self.day.weekday() > 4:
            self.day += timedelta(days=1)
        living = {one.id for one in self.desk.cases(living=True)}
        taken = self.desk.take_up(
            self.day, [a_break(name, EFFECTS[name]) for name in sorted(found)], (1, 156)
        )
        numbers = {self.ids[name] for name in found}
        assert set(taken.matched) == living - numbers
        assert {one.id for one in self.desk.cases(living=True)} == numbers

    @rule(name=names, owner=people, by=people)
    def assign(self, name: str, owner: str, by: str) -> None:
        self.tried(name, "assign", owner, by=by)

    @rule(name=names, by=people)
    def propose(self, name: str, by: str) -> None:
        self.tried(name, "propose_close", by, Cause.TIMING, "it was the weekend")

    @rule(name=names, by=people)
    def write_off(self, name: str, by: str) -> None:
        more = {"cause": Cause.UNKNOWN_PAYER, "text": "unknown"}
        self.tried(name, "propose_write_off", by, Against.SUSPENSE, self.day, **more)

    @rule(name=names, by=people)
    def approve(self, name: str, by: str) -> None:
        self.tried(name, "approve", by, self.day)

    @rule(name=names, by=people)
    def reject(self, name: str, by: str) -> None:
        self.tried(name, "reject", by, "not yet")

    @rule(name=names, by=people)
    def reopen(self, name: str, by: str) -> None:
        self.tried(name, "reopen", by, "again")

    @rule()
    def restart(self) -> None:
        self.desk.recover()

    @invariant()
    def every_end_has_two_hands_and_every_correction_one_booking(self) -> None:
        booked = 0
        for case in self.desk.cases():
            events = self.desk.history(case.id)
            booked += case.effect * sum(one.act is Act.BOOKED for one in events)
            if case.state in ENDED and events[-1].act is not Act.MATCHED:
                last = next(one for one in reversed(events) if one.act is Act.PROPOSE)
                hands = {one.by for one in events if one.act is Act.APPROVE and one.number > last.number}
                assert hands
                assert last.by not in hands
            assert case.state is not State.BOOKING
        [suspense] = self.ledger.lookup_accounts([SUSPENSE])
        assert suspense.credits_posted - suspense.debits_posted == booked


TestDays = Days.TestCase
TestDays.settings = settings(
    max_examples=6, stateful_step_count=25, deadline=None, suppress_health_check=list(HealthCheck)
)
