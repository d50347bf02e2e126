"""The bank's word through the corridor, on SQLite and PostgreSQL: the order book learns what became of a withdrawal."""

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from tests.custody.channel.rig import DAY, NS, Rig, make_rig, word
from tests.custody.parties.office import WHY, application, card_number, card_of

from jinku.base.canonical import canonical_json
from jinku.bootstrap.custody import Custody
from jinku.custody.channel.booking import book
from jinku.custody.channel.cards import CardPayees
from jinku.custody.channel.desk import BankDesk
from jinku.custody.channel.dispatch import Dispatcher
from jinku.custody.channel.errors import NotHeld, PayeeUnknown
from jinku.custody.channel.model import BreakClass, Mode, News, Source
from jinku.custody.channel.model import State as BankState
from jinku.custody.channel.port import Payee
from jinku.custody.closing.days import Books
from jinku.custody.closing.settings import CloseSettings
from jinku.custody.orders import model as o
from jinku.custody.orders.acts import order_key
from jinku.custody.orders.errors import NotInState
from jinku.custody.orders.model import PaidOut, PayoutReturned, Withdrawal, new_order_id
from jinku.custody.orders.policy import CHANNEL
from jinku.custody.orders.reasons import Reason, State
from jinku.custody.orders.requests import Request
from jinku.custody.parties.model import Action
from jinku.custody.structure.table import Kind, Role

BOOKS = Books(1, 156)
MONDAY = date(2026, 11, 23)


@pytest.fixture(params=["sqlite", "postgres"])
def rig(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Rig]:
    """A house on each engine that control data has."""
    where: Path | str = tmp_path
    if request.param == "postgres":
        new: Callable[[], str] = request.getfixturevalue("new_postgres_url")
        where = new()
    made = make_rig(where, tmp_path)
    yield made
    made.close()


@pytest.fixture
def one(tmp_path: Path) -> Iterator[Rig]:
    """A house on SQLite."""
    made = make_rig(tmp_path, tmp_path)
    yield made
    made.close()


def cycle(rig: Rig, tmp_path: Path) -> None:
    """One cycle of the dispatcher."""
    with Dispatcher(rig.desk, rig.orders, rig.house.ledger, tmp_path / "w.sqlite", rig.clock) as dispatcher:
        dispatcher.cycle()


def say(rig: Rig, news: News, number: int = 0) -> None:
    """The bank's word about withdrawal `number`, taken in."""
    found = rig.desk.store.instruction(rig.withdrawals[number].id)
    rig.desk.take([rig.bank.answer(found, news, Source.CALLBACK)])


def sent(rig: Rig, tmp_path: Path) -> None:
    """All withdrawals approved and sent, and nothing heard of them yet."""
    rig.approved()
    rig.bank.says = News.ACKNOWLEDGED
    cycle(rig, tmp_path)


def reopened(rig: Rig) -> None:
    """The desks as after a crash: anew on the same stores."""
    rig.custody.close()
    rig.custody = Custody(rig.house, rig.clock)
    rig.custody.recover()
    rig.desk = BankDesk(rig.desk.store, rig.house.ledger, rig.desk.dialects, rig.clock)
    rig.orders = rig.custody.bank_orders


def test_the_order_book_follows_a_withdrawal(rig: Rig, tmp_path: Path) -> None:
    """R3 R5: held, sent, then settled, voided or returned: the book says what the bank did, and who said so."""
    assert {rig.state(n) for n in range(3)} == {State.HELD}
    sent(rig, tmp_path)
    assert {rig.state(n) for n in range(3)} == {State.SENT}
    for number, news in enumerate((News.SETTLED, News.FAILED, News.RETURNED)):
        say(rig, news, number)
    assert book(rig.desk, rig.orders, rig.house.ledger) == 3
    assert [rig.state(n) for n in range(3)] == [State.SETTLED, State.VOIDED, State.RETURNED]
    assert [rig.balance(n) for n in range(3)] == [(0, 0), (1_000, 0), (1_000, 0)]
    acts = rig.custody.acts(1, 156)
    paid = acts.show(order_key(PaidOut(id=rig.withdrawals[0].id, day=DAY, amount=1_000)))
    assert (paid.state, paid.maker, paid.order.reference) == (
        State.BOOKED, CHANNEL, rig.desk.store.instruction(rig.withdrawals[0].id).request_no,
    )  # fmt: skip
    history = [line.state for line in acts.show(order_key(rig.withdrawals[2])).history]
    assert history == [State.SENT, State.SETTLED, State.RETURNED]
    assert acts.strays() == set()


def test_a_claimed_withdrawal_is_not_cancelled_and_a_cancelled_one_is_not_sent(
    rig: Rig, tmp_path: Path
) -> None:
    """R5: the book decides which comes first; what was cancelled never leaves, and is no booking left over."""
    rig.approved()
    acts = rig.custody.acts(1, 156)
    acts.cancel(order_key(rig.withdrawals[0]), by="app", reason="changed my mind")
    rig.bank.says = News.ACKNOWLEDGED
    cycle(rig, tmp_path)
    assert len(rig.bank.sent) == 2
    gone = rig.desk.store.instruction(rig.withdrawals[0].id)
    assert (gone.state, gone.reason, gone.attempts) == (BankState.FAILED, "withdrawal voided", 0)
    assert (rig.balance(0), rig.desk.store.unbooked()) == ((1_000, 0), 0)
    with pytest.raises(NotInState):
        acts.cancel(order_key(rig.withdrawals[1]), by="app", reason="too late")


def test_an_unconfirmed_withdrawal_waits_for_its_customer(one: Rig, tmp_path: Path) -> None:
    """R5: nothing is sent that the customer has not confirmed; what is given up before is cancelled."""
    order = Withdrawal(
        id=new_order_id(77, 7), day=DAY, account=one.withdrawals[0].account, amount=5, mode=o.Mode.CONFIRMED
    )
    given = [replace(order, id=new_order_id(77, n)) for n in (7, 8)]
    fund = o.Deposit(id=new_order_id(78, 1), day=DAY, account=order.account, amount=10)
    corridor = one.custody.corridor(1, 156)
    corridor.submit([Request(fund, CHANNEL), *(Request(w, "app", word=word(one.clock, w)) for w in given)])
    requests = [one.orders.payout(w.id, "custodian", "U-1") for w in given]
    assert {request.mode for request in requests} == {Mode.CONFIRMED}
    one.desk.instruct(requests, by="anna")
    one.desk.approve([w.id for w in given], by="boris")
    cycle(one, tmp_path)
    assert one.bank.sent == []
    acts = one.custody.acts(1, 156)
    acts.confirm_withdrawal(order_key(given[0]), word(one.clock, given[0], "again"), by="app")
    one.desk.refuse([given[1].id], by="boris", reason="wrong card")
    cycle(one, tmp_path)
    assert len(one.bank.sent) == 1
    assert [acts.show(order_key(w)).state for w in given] == [State.SETTLED, State.VOIDED]
    assert (one.desk.store.unbooked(), one.desk.store.breaks()) == (0, [])


@pytest.mark.parametrize("at", ["book", "ledger"])
def test_a_crash_between_the_banks_answer_and_the_booking(
    rig: Rig, tmp_path: Path, at: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """R20: the outcome is booked once, on the day it was given first, wherever the crash comes."""
    sent(rig, tmp_path)
    for number, news in enumerate((News.SETTLED, News.FAILED, News.RETURNED)):
        say(rig, news, number)
    rooms = rig.custody.corridor(1, 156).rooms
    target = rooms.sender if at == "book" else rig.desk.store
    with monkeypatch.context() as patch:
        patch.setattr(type(target), "send" if at == "book" else "changing", _power_cut)
        with pytest.raises(RuntimeError, match="power"):
            book(rig.desk, rig.orders, rig.house.ledger)
    rig.clock.now += 3 * 86_400 * NS
    reopened(rig)
    assert book(rig.desk, rig.orders, rig.house.ledger) == 3
    assert [rig.state(n) for n in range(3)] == [State.SETTLED, State.VOIDED, State.RETURNED]
    assert [rig.balance(n) for n in range(3)] == [(0, 0), (1_000, 0), (1_000, 0)]
    paid = rig.custody.acts(1, 156).show(order_key(PaidOut(id=rig.withdrawals[0].id, day=DAY, amount=1_000)))
    assert paid.order.day == MONDAY  # it was given on Friday evening
    assert (rig.desk.store.breaks(), book(rig.desk, rig.orders, rig.house.ledger)) == ([], 0)


def _power_cut(*_values: object) -> None:
    raise RuntimeError("power")


def _close(rig: Rig, day: date) -> None:
    rig.custody.days.start(BOOKS, "clerk-1")
    draft, record = (hashlib.sha256(canonical_json([day.isoformat(), n])).hexdigest() for n in (1, 2))
    rig.custody.days.close(BOOKS, day, ("clerk-1", draft), ("clerk-2", record))


def test_an_outcome_is_never_booked_into_a_closed_day(rig: Rig, tmp_path: Path) -> None:
    """R6 R5: the bank's word of Friday that is heard on Monday bears the day that is open then."""
    rig.custody.days.begin(BOOKS, CloseSettings.of_structure(rig.chart.structure), DAY, by="lead-1")
    sent(rig, tmp_path)
    rig.clock.now = int(datetime(2026, 11, 23, 6, tzinfo=UTC).timestamp()) * NS
    _close(rig, DAY)
    say(rig, News.SETTLED)  # the bank dates it Friday
    assert book(rig.desk, rig.orders, rig.house.ledger) == 1
    [paid] = rig.house.ledger.lookup_transfers([rig.withdrawals[0].id | 1 << 16])
    assert paid.user_data_32 == 20261123
    assert rig.desk.store.instruction(rig.withdrawals[0].id).final_day == DAY


def test_what_a_crash_and_a_close_overtook_is_given_anew(
    rig: Rig, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """R6 R20: what was given for Monday and cut off, and comes back when Monday is closed, is booked on Tuesday."""
    rig.custody.days.begin(BOOKS, CloseSettings.of_structure(rig.chart.structure), DAY, by="lead-1")
    sent(rig, tmp_path)
    say(rig, News.SETTLED)
    sender = rig.custody.corridor(1, 156).rooms.sender
    with monkeypatch.context() as patch:
        patch.setattr(type(sender), "send", _power_cut)
        with pytest.raises(RuntimeError, match="power"):
            book(rig.desk, rig.orders, rig.house.ledger)
    rig.clock.now = int(datetime(2026, 11, 24, 6, tzinfo=UTC).timestamp()) * NS
    _close(rig, DAY)
    _close(rig, MONDAY)
    reopened(rig)
    acts = rig.custody.acts(1, 156)
    key = order_key(PaidOut(id=rig.withdrawals[0].id, day=DAY, amount=1_000))
    assert (acts.show(key).state, acts.show(key).reason) == (State.REFUSED, Reason.DAY_CLOSED)
    assert book(rig.desk, rig.orders, rig.house.ledger) == 1
    assert (rig.state(), rig.balance(0)) == (State.SETTLED, (0, 0))
    [paid] = rig.house.ledger.lookup_transfers([rig.withdrawals[0].id | 1 << 16])
    assert (paid.user_data_32, acts.show(key).order.day) == (20261124, date(2026, 11, 24))


# --- parties ---------------------------------------------------------------------------------------------------------


def _party(rig: Rig, amount: int = 1_000, mode: o.Mode = o.Mode.NORMAL) -> tuple[int, Withdrawal]:
    """A registered party with a bound card, and its withdrawal, held."""
    office = rig.custody.parties(1)
    number = office.apply(application(5, (Role.INVESTOR,)), by="clerk").number
    office.confirm(office.propose(number, Action.OPEN, WHY, by="maker").id, by="checker")
    office.bind(number, card_of(5), by="clerk")
    account = rig.chart.account(Kind.INVESTOR, number)
    fund = o.Deposit(id=new_order_id(78, 1), day=DAY, account=account, amount=amount)
    order = Withdrawal(id=new_order_id(79, 1), day=DAY, account=account, amount=amount, mode=mode)
    corridor = rig.custody.corridor(1, 156)
    corridor.submit([Request(fund, CHANNEL), Request(order, "app", word=word(rig.clock, order))])
    rig.withdrawals = [order]
    return number, order


@pytest.fixture
def empty(tmp_path: Path) -> Iterator[Rig]:
    """A house without customers."""
    made = make_rig(tmp_path, tmp_path, 0)
    yield made
    made.close()


def _do(rig: Rig, number: int, action: Action) -> None:
    office = rig.custody.parties(1)
    office.confirm(office.propose(number, action, WHY, by="maker").id, by="checker")


def test_what_the_bank_did_for_a_party_frozen_meanwhile(empty: Rig, tmp_path: Path) -> None:
    """R4 R5: the payout on its way is booked by the party office, and its return too; the freeze stands throughout."""
    number, order = _party(empty)
    empty.desk.instruct([empty.orders.payout(order.id, "custodian")], by="anna")
    empty.desk.approve([order.id], by="boris")
    empty.bank.says = News.ACKNOWLEDGED
    cycle(empty, tmp_path)
    _do(empty, number, Action.FREEZE)
    say(empty, News.SETTLED)
    assert book(empty.desk, empty.orders, empty.house.ledger) == 1
    assert (empty.state(), empty.balance(0)) == (State.SETTLED, (0, 0))
    say(empty, News.RETURNED)
    assert book(empty.desk, empty.orders, empty.house.ledger) == 1
    assert (empty.state(), empty.balance(0)) == (State.RETURNED, (1_000, 0))
    told = [event.what for event in empty.custody.parties(1).history(number)]
    assert told.count("booked_while_frozen") == 2
    assert empty.desk.store.breaks() == []
    assert empty.custody.parties(1).disagreements() == []


def test_nothing_leaves_for_a_frozen_party(empty: Rig, tmp_path: Path) -> None:
    """R4: an approved payout waits until its party is unfrozen."""
    number, order = _party(empty)
    empty.desk.instruct([empty.orders.payout(order.id, "custodian")], by="anna")
    empty.desk.approve([order.id], by="boris")
    _do(empty, number, Action.FREEZE)
    cycle(empty, tmp_path)
    assert (empty.bank.sent, empty.state()) == ([], State.HELD)
    _do(empty, number, Action.UNFREEZE)
    cycle(empty, tmp_path)
    assert (len(empty.bank.sent), empty.state()) == (1, State.SETTLED)


def test_money_back_for_a_closed_party_is_a_break(empty: Rig, tmp_path: Path) -> None:
    """R4 R5: a closed account gets no money; a person decides."""
    number, order = _party(empty)
    empty.desk.instruct([empty.orders.payout(order.id, "custodian")], by="anna")
    empty.desk.approve([order.id], by="boris")
    cycle(empty, tmp_path)
    _do(empty, number, Action.CLOSE)
    say(empty, News.RETURNED)
    assert book(empty.desk, empty.orders, empty.house.ledger) == 0
    [found] = empty.desk.store.breaks()
    assert (found.kind, found.said, empty.state()) == (BreakClass.NOT_BOOKED, "party closed", State.SETTLED)


def test_a_payout_is_what_the_order_says_and_goes_to_the_bound_card(empty: Rig) -> None:
    """R4 R5: account, amount and mode come from the order, the payee from the party's card; a file is for others."""
    number, order = _party(empty)
    card = empty.custody.parties(1).bound_card(number)
    assert card is not None
    asked = empty.orders.payout(order.id, "custodian")
    assert (asked.account, asked.amount, asked.currency, asked.payee, asked.mode) == (
        order.account, 1_000, "CNY", card.token, Mode.NORMAL,
    )  # fmt: skip
    with pytest.raises(NotHeld, match="another card"):
        empty.orders.payout(order.id, "custodian", "U-9")
    with pytest.raises(NotHeld, match="order book"):
        empty.orders.payout(new_order_id(5, 5), "custodian", "U-9")
    people = empty.custody.people
    payees = CardPayees(empty.custody.parties, lambda one: people.party(one).person.name, _Kept())
    assert payees.payee(card.token, order.account) == Payee(people.party(number).person.name, card_number(5))
    with pytest.raises(PayeeUnknown):
        payees.payee("U-9", order.account)
    assert payees.payee("U-9", empty.chart.account(Kind.INVESTOR, 900_000)).account == "kept"


class _Kept:
    """A file of payees."""

    def payee(self, token: str, account: int) -> Payee:
        return Payee("…", "kept")


def test_a_withdrawal_that_only_the_ledger_knows_is_not_sent(one: Rig, tmp_path: Path) -> None:
    """R3: what went around the corridor is paid to nobody."""
    account = one.withdrawals[0].account
    stray = Withdrawal(id=new_order_id(80, 1), day=DAY, account=account, amount=3)
    fund = o.Deposit(id=new_order_id(80, 2), day=DAY, account=account, amount=3)
    assert not one.ledger.submit([fund, stray]).refused
    one.desk.instruct([replace(one.requests()[0], order=stray.id, amount=3)], by="anna")
    one.desk.approve([stray.id], by="boris")
    cycle(one, tmp_path)
    found = one.desk.store.instruction(stray.id)
    assert (one.bank.sent, found.state, found.reason) == ([], BankState.FAILED, "no such withdrawal")


def test_a_return_of_what_was_paid_is_given_after_the_payment(one: Rig, tmp_path: Path) -> None:
    """R5: a return that is the first word gives two orders, in their order."""
    sent(one, tmp_path)
    say(one, News.RETURNED)
    assert book(one.desk, one.orders, one.house.ledger) == 1
    acts = one.custody.acts(1, 156)
    number = one.withdrawals[0].id
    back = PayoutReturned(id=number, day=DAY, account=one.withdrawals[0].account, amount=1_000)
    batches = [
        acts.show(order_key(x)).batch.number for x in (PaidOut(id=number, day=DAY, amount=1_000), back)
    ]
    assert batches == sorted(set(batches))
