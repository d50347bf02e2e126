"""The state machine of R5: a closed table, and what no order of answers may do to an instruction."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from jinku.custody.channel.desk import SEND_AGAIN, _moved
from jinku.custody.channel.machine import TRANSITIONS, Decision, Verdict, decide, step
from jinku.custody.channel.model import (
    FINAL,
    Answer,
    BreakClass,
    Deadlines,
    Instruction,
    Kind,
    Mode,
    News,
    Source,
    State,
)

BANK_NEWS = (News.ACKNOWLEDGED, News.SETTLED, News.FAILED, News.RETURNED, News.NOT_FOUND)
WINDOW_NS = 100


def instruction(state: State = State.SENT, **values: object) -> Instruction:
    """An instruction over 500 fen."""
    made = Instruction(
        id=1 << 80,
        request_no=17,
        kind=Kind.PAYOUT,
        channel="custodian",
        account=9,
        amount=500,
        currency="CNY",
        payee="U-1",
        mode=Mode.NORMAL,
        state=state,
        maker="anna",
        checker="boris",
        deadlines=Deadlines(1_000, 2_000, 3_000, 4_000),
        created_at=1,
        sent_at=10,
        attempts=1,
    )
    return replace(made, **values)  # type: ignore[arg-type]


def answer(news: News, at: int = 20, amount: int | None = 500, currency: str = "CNY") -> Answer:
    """What the bank said at `at`."""
    return Answer(request_no=17, news=news, source=Source.QUERY, at=at, amount=amount, currency=currency)


def test_the_table_is_closed() -> None:
    """R5: every state and every news has a verdict, and every state of the list is reached."""
    assert set(TRANSITIONS) == {(state, news) for state in State for news in News}
    assert {to for rule in TRANSITIONS.values() for to in rule.path} == set(State) - {State.CREATED}
    assert all(bool(rule.path) == (rule.verdict is Verdict.MOVE) for rule in TRANSITIONS.values())


def test_no_final_state_is_left_but_settled_for_returned() -> None:
    """R5: a final state is never overwritten, except settled → returned."""
    moves = {
        (state, rule.path[-1])
        for (state, _), rule in TRANSITIONS.items()
        if state in FINAL and rule.verdict is Verdict.MOVE
    }
    assert moves == {(State.SETTLED, State.RETURNED)}


@pytest.mark.parametrize("news", [News.SETTLED, News.FAILED, News.RETURNED, News.ACKNOWLEDGED])
def test_what_was_never_sent_has_no_answers(news: News) -> None:
    """R5: an answer to an instruction that was never sent moves nothing and is a break."""
    for state in (State.CREATED, State.APPROVED, State.FAILED):
        found = decide(instruction(state, attempts=0), answer(news), WINDOW_NS)
        assert (found.path, found.break_class) == ((), BreakClass.NEVER_SENT)


@pytest.mark.parametrize("said", [{"amount": 501}, {"currency": "USD"}])
def test_another_amount_moves_nothing(said: dict[str, object]) -> None:
    """R5: an answer with another amount or currency is a break, whatever it says."""
    for news in (News.SETTLED, News.FAILED, News.RETURNED):
        found = decide(instruction(), replace(answer(news), **said), WINDOW_NS)  # type: ignore[arg-type]
        assert (found.path, found.break_class) == ((), BreakClass.AMOUNT_DIFFERS)


def test_a_return_that_comes_first_implies_the_settlement() -> None:
    """R5: out of order, both are gone through, so that both are booked."""
    assert decide(instruction(), answer(News.RETURNED), WINDOW_NS).path == (State.SETTLED, State.RETURNED)


def test_only_an_unknown_one_after_the_window_may_be_sent_again() -> None:
    """R5: never re-sent before the bank said, after the window, that it knows no such request."""
    lost = instruction(State.UNKNOWN)
    assert not decide(lost, answer(News.NOT_FOUND, at=109), WINDOW_NS).may_resend
    assert decide(lost, answer(News.NOT_FOUND, at=110), WINDOW_NS).may_resend
    for state in set(State) - {State.UNKNOWN}:
        assert not decide(instruction(state), answer(News.NOT_FOUND, at=900), WINDOW_NS).may_resend
    acknowledged = decide(replace(lost, acknowledged_at=15), answer(News.NOT_FOUND, at=900), WINDOW_NS)
    assert (acknowledged.may_resend, acknowledged.break_class) == (False, BreakClass.CONTRADICTION)


def test_a_contradiction_is_a_break_and_a_late_final_answer_too() -> None:
    """R5: contradicting and late answers are recorded and raise a break."""
    assert decide(instruction(State.FAILED), answer(News.SETTLED), 1).break_class is BreakClass.CONTRADICTION
    late = decide(instruction(State.UNKNOWN), answer(News.SETTLED, at=4_001), WINDOW_NS)
    assert (late.path, late.break_class) == ((State.SETTLED,), BreakClass.LATE)


@given(st.lists(st.tuples(st.sampled_from(BANK_NEWS), st.integers(11, 5_000)), max_size=12))
@settings(max_examples=300, deadline=None)
def test_answers_in_any_order_settle_at_most_once(told: list[tuple[News, int]]) -> None:
    """R5: once final, no list of answers leads anywhere but from settled to returned."""
    one, seen = instruction(State.UNKNOWN), [State.UNKNOWN]
    for news, at in told:
        said = answer(news, at)
        one = _moved(one, said, decide(one, said, WINDOW_NS))
        seen += [one.state] if one.state is not seen[-1] else []
    finals = [state for state in seen if state in FINAL]
    assert finals in ([], [State.SETTLED], [State.FAILED], [State.RETURNED], [State.SETTLED, State.RETURNED])


class LifeOfAnInstruction(RuleBasedStateMachine):
    """A bank that pays at most once a number and says anything; our side follows the machine."""

    def __init__(self) -> None:
        super().__init__()
        self.one = instruction(State.CREATED, attempts=0, sent_at=0)
        self.now = 10
        self.at_bank: State | None = None
        self.sendings_before_word = 0

    def _own(self, news: News) -> None:
        found = step(self.one.state, news)
        if found.verdict is Verdict.MOVE:
            self.one = replace(self.one, state=found.path[-1])

    def _hear(self, news: News) -> None:
        said = answer(news, self.now)
        self.one = _moved(self.one, said, decide(self.one, said, WINDOW_NS))

    @rule()
    def approve(self) -> None:
        self._own(News.APPROVE)

    @rule(arrives=st.booleans())
    @precondition(
        lambda self: (
            self.one.state is State.APPROVED
            or (self.one.state is State.UNKNOWN and self.one.missing_at > self.one.sent_at)
        )
    )
    def send(self, arrives: bool) -> None:
        self.one = replace(
            self.one, state=State.SENT, sent_at=self.now, attempts=self.one.attempts + 1, missing_at=0
        )
        if arrives and self.at_bank is None:
            self.at_bank = State.ACKNOWLEDGED

    @rule(to=st.sampled_from([State.SETTLED, State.FAILED]))
    @precondition(lambda self: self.at_bank is State.ACKNOWLEDGED)
    def bank_ends(self, to: State) -> None:
        self.at_bank = to

    @rule()
    @precondition(lambda self: self.at_bank is State.SETTLED)
    def bank_returns(self) -> None:
        self.at_bank = State.RETURNED

    @rule()
    def silence(self) -> None:
        self._own(News.SILENCE)

    @rule(wait=st.integers(1, 300))
    def time_goes_by(self, wait: int) -> None:
        self.now += wait

    @rule()
    def the_bank_is_asked(self) -> None:
        if self.one.attempts:
            self._hear(News(self.at_bank.value) if self.at_bank else News.NOT_FOUND)

    @rule(news=st.sampled_from([News.ACKNOWLEDGED]))
    @precondition(lambda self: self.at_bank is not None)
    def an_older_word_comes_late(self, news: News) -> None:
        self._hear(news)

    @invariant()
    def what_is_final_here_is_so_at_the_bank(self) -> None:
        if self.one.state is State.SETTLED:
            assert self.at_bank in (State.SETTLED, State.RETURNED)
        if self.one.state in (State.FAILED, State.RETURNED):
            assert self.at_bank is self.one.state

    @invariant()
    def nothing_leaves_before_approval(self) -> None:
        assert self.at_bank is None or self.one.attempts


TestLifeOfAnInstruction = LifeOfAnInstruction.TestCase
TestLifeOfAnInstruction.settings = settings(max_examples=60, stateful_step_count=30, deadline=None)


def test_the_mark_for_sending_again_is_no_moment() -> None:
    """R5: the mark can never be taken for an answer's time."""
    assert SEND_AGAIN < 0
    assert Decision(Verdict.SAME).path == ()
