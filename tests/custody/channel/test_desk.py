"""The desk on SQLite and PostgreSQL, over a real ledger: instructing, four eyes, answers, booking once, deadlines."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from tests.custody.channel.rig import DAY, NS, Rig, make_rig

from jinku.custody.channel.booking import book, keep_deadlines
from jinku.custody.channel.desk import request_number
from jinku.custody.channel.dispatch import Dispatcher
from jinku.custody.channel.errors import InstructionDiffers, NotHeld, SamePerson, StepRefused, WorkBusy
from jinku.custody.channel.model import Answer, BreakClass, Kind, Mode, News, Source, State
from jinku.custody.channel.port import Arrival
from jinku.custody.channel.show import break_document, event_document, instruction_document
from jinku.custody.errors import BadOrder
from jinku.custody.orders.model import PaidOut, new_order_id


@pytest.fixture(params=["sqlite", "postgres"])
def rig(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Rig]:
    """A desk on each engine that control data has."""
    where: Path | str = tmp_path
    if request.param == "postgres":
        new: Callable[[], str] = request.getfixturevalue("new_postgres_url")
        where = new()
    made = make_rig(where, tmp_path)
    yield made
    made.close()


@pytest.fixture
def one(tmp_path: Path) -> Iterator[Rig]:
    """A desk on SQLite."""
    made = make_rig(tmp_path, tmp_path)
    yield made
    made.close()


def say(rig: Rig, news: News, number: int = 0, **changed: object) -> Answer:
    """The bank's word about withdrawal `number`, taken in."""
    found = rig.desk.store.instruction(rig.withdrawals[number].id)
    answer = replace(rig.bank.answer(found, news, Source.CALLBACK), **changed)  # type: ignore[arg-type]
    rig.desk.take([answer])
    return answer


def mark_sent(rig: Rig) -> None:
    with rig.desk.store.changing() as change:
        rig.desk.mark_sent(change, list(change.by_id([one.id for one in rig.withdrawals]).values()), "b")


def state(rig: Rig, number: int = 0) -> State:
    return rig.desk.store.instruction(rig.withdrawals[number].id).state


def test_a_payout_from_instruction_to_ledger(rig: Rig, tmp_path: Path) -> None:
    """R5 R20: instructed, approved by a second person, sent once, settled, booked once under its request number."""
    rig.approved()
    with Dispatcher(rig.desk, rig.orders, rig.house.ledger, tmp_path / "w.sqlite", rig.clock) as dispatcher:
        first, second = dispatcher.cycle(), dispatcher.cycle()
        assert (first.sent, first.booked, second.idle, dispatcher.open()) == (3, 3, True, 0)
    assert sorted(rig.bank.sent) == sorted(request_number(one.id, "custodian") for one in rig.withdrawals)
    assert [rig.balance(n) for n in range(3)] == [(0, 0)] * 3
    [batch] = rig.desk.store.batches()
    assert (batch["count"], batch["total"], batch["sealed_entry"] > 0) == (3, "3000", True)
    found = rig.desk.store.instruction(rig.withdrawals[0].id)
    assert (found.state, found.booked, found.maker, found.checker, found.attempts) == (
        State.SETTLED, "settled", "anna", "boris", 1,
    )  # fmt: skip
    paid = rig.house.ledger.lookup_transfers([rig.withdrawals[0].id | 1 << 16])
    assert paid[0].user_data_64 == found.request_no
    history = [event["news"] for event in map(event_document, rig.desk.store.events(found.id))]
    assert history == ["instruct", "approve", "send", "settled", "booked"]
    assert instruction_document(found)["state_zh"] == "已到账"


def test_instructing_again_is_the_same_instruction_and_other_words_are_an_error(rig: Rig) -> None:
    """R20: idempotent by the order's id."""
    made = rig.desk.instruct(rig.requests(), by="anna")
    assert rig.desk.instruct(rig.requests(), by="carla") == made
    with pytest.raises(InstructionDiffers, match="payee"):
        rig.desk.instruct(rig.requests(payee="U-9"), by="anna")


def test_four_eyes_and_nothing_without_a_hold(one: Rig) -> None:
    """R3 R18: maker is not checker; what the ledger does not hold, or holds otherwise, is not instructed."""
    ids = [w.id for w in one.withdrawals]
    for changed in ({"amount": 999}, {"account": one.withdrawals[1].account + 1}, {"mode": Mode.IMMEDIATE}):
        with pytest.raises(NotHeld):
            one.desk.instruct(one.requests(**changed), by="anna")
    with pytest.raises(NotHeld):
        one.desk.instruct([replace(one.requests()[0], order=new_order_id(5, 5))], by="anna")
    with pytest.raises(BadOrder):
        one.desk.instruct(one.requests(channel="nowhere"), by="anna")
    assert one.desk.instructions() == []
    one.desk.instruct(one.requests(), by="anna")
    with pytest.raises(SamePerson):
        one.desk.approve(ids, by="anna")
    assert {o.state for o in one.desk.instructions()} == {State.CREATED}
    one.desk.approve(ids, by="boris")
    one.ledger.submit([PaidOut(id=ids[0], day=DAY, amount=1_000)])
    mark_sent(one)
    with pytest.raises(StepRefused):
        one.desk.refuse(ids, by="boris", reason="too late")


def test_a_paid_withdrawal_is_not_instructed(one: Rig) -> None:
    """R5: what was paid or freed already is not paid again."""
    one.ledger.submit([PaidOut(id=one.withdrawals[0].id, day=DAY, amount=1_000)])
    with pytest.raises(NotHeld, match="already"):
        one.desk.instruct(one.requests(), by="anna")


def test_refused_and_expired_instructions_free_their_holds(rig: Rig) -> None:
    """R5: deadlines are dated moments; what nobody approved or sent in time never leaves."""
    rig.desk.instruct(rig.requests(), by="anna")
    rig.desk.refuse([rig.withdrawals[0].id], by="boris", reason="wrong card")
    rig.desk.approve([rig.withdrawals[1].id], by="boris")
    rig.clock.now += 86_401 * NS
    assert keep_deadlines(rig.desk, rig.clock()) == 1  # nobody approved the third
    rig.clock.now += 86_400 * NS
    assert keep_deadlines(rig.desk, rig.clock()) == 1  # the second was not sent
    assert book(rig.desk, rig.orders, rig.house.ledger) == 3
    assert [rig.balance(n) for n in range(3)] == [(1_000, 0)] * 3
    assert rig.bank.sent == []


def test_failed_returned_and_contradicting_answers(rig: Rig) -> None:
    """R5: failed frees the hold, a return days later is money again, and what contradicts is a break, not a change."""
    rig.approved()
    mark_sent(rig)
    say(rig, News.FAILED, 0)
    say(rig, News.SETTLED, 1)
    say(rig, News.RETURNED, 2)  # out of order: the settlement is implied
    assert book(rig.desk, rig.orders, rig.house.ledger) == 3
    say(rig, News.SETTLED, 0)
    say(rig, News.FAILED, 1)
    say(rig, News.ACKNOWLEDGED, 1)
    say(rig, News.SETTLED, 1, amount=999)
    rig.desk.take([Answer(request_no=5, news=News.SETTLED, source=Source.FILE, at=rig.clock(), amount=7)])
    assert [state(rig, n) for n in range(3)] == [State.FAILED, State.SETTLED, State.RETURNED]
    assert book(rig.desk, rig.orders, rig.house.ledger) == 0
    assert [rig.balance(n) for n in range(3)] == [(1_000, 0), (0, 0), (1_000, 0)]
    kinds = [one.kind for one in rig.desk.store.breaks()]
    assert kinds == [
        BreakClass.CONTRADICTION, BreakClass.CONTRADICTION, BreakClass.AMOUNT_DIFFERS, BreakClass.NEVER_SENT,
    ]  # fmt: skip
    assert break_document(rig.desk.store.breaks()[0])["class_zh"]
    say(rig, News.RETURNED, 1)
    assert book(rig.desk, rig.orders, rig.house.ledger) == 1
    assert rig.balance(1) == (1_000, 0)


def test_booking_again_after_a_crash_changes_nothing(one: Rig) -> None:
    """R20: the ledger's ids make a booking one, even when it was not written down here."""
    one.approved()
    mark_sent(one)
    for number in range(3):
        say(one, News.SETTLED, number)
    book(one.desk, one.orders, one.house.ledger)
    with one.desk.store.changing() as change:
        change.write(
            [replace(o, booked="") for o in change.by_id([w.id for w in one.withdrawals]).values()], []
        )
    one.clock.now += 86_400 * NS  # another day: the booking's own day was written down
    assert book(one.desk, one.orders, one.house.ledger) == 3
    assert one.desk.store.breaks() == []
    assert one.balance(0) == (0, 0)


def test_what_the_ledger_refuses_is_a_break_and_holds_nothing_up(one: Rig) -> None:
    """R5: a refused booking stays open and named."""
    one.approved()
    mark_sent(one)
    for number in range(3):
        say(one, News.FAILED, number)
    one.ledger.submit([PaidOut(id=one.withdrawals[0].id, day=DAY, amount=1_000)])
    assert book(one.desk, one.orders, one.house.ledger) == 2
    [found] = one.desk.store.breaks()
    assert (found.kind, found.instruction) == (BreakClass.NOT_BOOKED, one.withdrawals[0].id)
    assert one.desk.store.unbooked() == 1


def test_an_unknown_one_is_asked_and_sent_again_only_under_its_number(one: Rig, tmp_path: Path) -> None:
    """R5: query an unknown until final; re-send only after "no such request" past the window, under the same number."""
    one.approved()
    one.bank.says, one.bank.asked = None, News.NOT_FOUND
    with Dispatcher(one.desk, one.orders, one.house.ledger, tmp_path / "w.sqlite", one.clock) as dispatcher:
        dispatcher.cycle()
        one.clock.now += 119 * NS
        dispatcher.cycle()
        assert len(one.bank.sent) == 3
        one.clock.now += 2 * NS
        dispatcher.cycle()
        one.bank.says = News.SETTLED
        dispatcher.cycle()
        assert dispatcher.open() == 0
    assert len(one.bank.sent) == 6
    assert set(one.bank.sent[:3]) == set(one.bank.sent[3:])
    assert {o.attempts for o in one.desk.instructions()} == {2}


def test_an_acknowledged_one_is_never_sent_again(one: Rig, tmp_path: Path) -> None:
    """R5: a bank that forgets what it acknowledged is a break, not a second payment."""
    one.approved()
    one.bank.says = News.ACKNOWLEDGED
    with Dispatcher(one.desk, one.orders, one.house.ledger, tmp_path / "w.sqlite", one.clock) as dispatcher:
        dispatcher.cycle()
        one.bank.asked = News.NOT_FOUND
        one.clock.now += 10 * 86_400 * NS
        for _ in range(3):
            dispatcher.cycle()
    assert len(one.bank.sent) == 3
    assert {o.state for o in one.desk.instructions()} == {State.UNKNOWN}
    assert {b.kind for b in one.desk.store.breaks()} == {BreakClass.CONTRADICTION, BreakClass.OVERDUE}


def test_an_interrupted_sending_is_resumed_not_repeated(one: Rig, tmp_path: Path) -> None:
    """R5 R21: what died between "written down as sent" and the answer is asked about when the batch goes on."""
    one.approved()
    with Dispatcher(one.desk, one.orders, one.house.ledger, tmp_path / "w.sqlite", one.clock) as dispatcher:
        dispatcher._plan()
        [batch] = one.desk.store.batches()
        with one.desk.store.changing() as change:  # as a process that died before its bytes left
            first = list(change.by_id([w.id for w in one.withdrawals]).values())[:2]
            one.desk.mark_sent(change, first, batch["id"])
        dispatcher.cycle()
    assert sorted(one.bank.resumed) == sorted(o.request_no for o in first)
    assert len(one.bank.sent) == 1
    assert [o.attempts for o in one.desk.instructions()] == [1, 1, 1]


def test_arrivals_are_taken_once_and_unreadable_ones_are_named(one: Rig, tmp_path: Path) -> None:
    """R20: a file with the same content says nothing twice."""
    one.approved()
    mark_sent(one)
    found = one.desk.instructions()
    said = Arrival("a.xml", b"\1" * 32, tuple(one.bank.answer(o, News.SETTLED, Source.FILE) for o in found))
    one.bank.arrivals = [
        said,
        replace(said, name="b.xml"),
        Arrival("c.xml", b"\2" * 32, problem="bad_input: x"),
    ]
    with Dispatcher(one.desk, one.orders, one.house.ledger, tmp_path / "w.sqlite", one.clock) as dispatcher:
        assert dispatcher.cycle().arrived == 3
        with pytest.raises(WorkBusy):
            Dispatcher(one.desk, one.orders, one.house.ledger, tmp_path / "v.sqlite", one.clock)
    assert [file["outcome"] for file in one.desk.store.files()] == ["3 answers", "bad_input: x"]
    assert one.bank.arrivals == []


def test_a_collection_becomes_a_deposit_and_a_taken_back_one_a_break(one: Rig) -> None:
    """R5: collections go the same way; what the bank takes back is for a person, since it may be spent."""
    account = one.withdrawals[0].account
    wanted = [
        replace(one.requests()[0], order=new_order_id(9, n), kind=Kind.COLLECTION, account=account, amount=70)
        for n in range(2)
    ]
    one.withdrawals = [replace(one.withdrawals[0], id=o.order) for o in wanted]
    one.desk.instruct(wanted, by="anna")
    one.desk.approve([o.order for o in wanted], by="boris")
    mark_sent(one)
    say(one, News.SETTLED, 0)
    say(one, News.FAILED, 1)
    assert book(one.desk, one.orders, one.house.ledger) == 2
    assert one.balance(0)[0] == 70
    say(one, News.RETURNED, 0)
    assert book(one.desk, one.orders, one.house.ledger) == 1
    assert one.balance(0)[0] == 70
    assert [b.kind for b in one.desk.store.breaks()] == [BreakClass.COLLECTION_RETURNED]


def test_a_lost_return_is_learnt_by_asking_and_never_before_what_is_unknown(
    one: Rig, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """R5: settled payouts are asked about while they may come back; unknown ones come first."""
    monkeypatch.setattr("jinku.custody.channel.dispatch.ASKED_PER_ROUND", 1)
    monkeypatch.setattr("jinku.custody.channel.dispatch.WATCHED_PER_ROUND", 2)
    one.approved()
    mark_sent(one)
    for number in (0, 1):
        say(one, News.SETTLED, number, source=Source.REPLY)
    one.desk.silence([one.desk.store.instruction(one.withdrawals[2].id).request_no], "no answer")
    one.bank.asked = News.RETURNED
    with Dispatcher(one.desk, one.orders, one.house.ledger, tmp_path / "w.sqlite", one.clock) as dispatcher:
        assert dispatcher.cycle().asked == 1  # a day has not gone by: only the unknown one
        assert [state(one, n) for n in range(3)] == [State.SETTLED, State.SETTLED, State.RETURNED]
        one.clock.now += 86_401 * NS
        assert dispatcher.cycle().asked == 2
    assert {state(one, n) for n in range(3)} == {State.RETURNED}
    assert [one.balance(n) for n in range(3)] == [(1_000, 0)] * 3


def test_the_longest_unasked_come_first(one: Rig, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """R5: with more to watch than one round asks about, every settled payout has its turn."""
    monkeypatch.setattr("jinku.custody.channel.dispatch.WATCHED_PER_ROUND", 1)
    one.approved()
    one.bank.asked = News.SETTLED
    with Dispatcher(one.desk, one.orders, one.house.ledger, tmp_path / "w.sqlite", one.clock) as dispatcher:
        dispatcher.cycle()
        for _ in range(3):
            one.clock.now += 86_401 * NS
            assert dispatcher.cycle().asked == 1
    assert len({o.queried_at for o in one.desk.instructions()} - {0}) == 3
