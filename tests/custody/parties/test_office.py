"""The life of a party: opened, bound, frozen, closed, forgotten; and what is refused on the way."""

import sqlite3
from datetime import date
from pathlib import Path

import numpy as np
import pytest
from sqlalchemy import delete, update
from tests.custody.parties.office import (
    CNY,
    DAY,
    WHY,
    Scene,
    application,
    bytes_under,
    card_number,
    card_of,
    enterprise,
    person,
    traces,
)

from jinku.crypto.errors import CommitmentMismatchError
from jinku.custody.orders import model as o
from jinku.custody.orders.movements import transfers
from jinku.custody.parties import errors as e
from jinku.custody.parties.history import unexplained_seals
from jinku.custody.parties.identity import IdentityKey, load_or_make_key
from jinku.custody.parties.model import Action, ChangeState, PartyForm, PartyStatus
from jinku.custody.parties.people import PeopleStore
from jinku.custody.parties.register import CARD, EVENT, PartyRegister
from jinku.custody.parties.requests import CardToBind
from jinku.custody.parties.service import Ask
from jinku.custody.structure.chart import Chart
from jinku.custody.structure.table import Kind, Role
from jinku.ledger.layout import set_u128
from jinku.ledger.model import AccountFlags, Transfer, TransferFlags

CHART = Chart(1, CNY)
MIRROR = CHART.account(Kind.BANK_MIRROR)


def test_a_party_from_application_to_erasure(scene: Scene, tmp_path: Path) -> None:
    """R17: a closed party's data is kept as long as the law wants, then erased, and every proof stays."""
    office, who = scene.office, person(1)
    record = office.apply(application(1, (Role.INVESTOR, Role.BORROWER)), by="clerk")
    assert (record.status, record.form, record.number) == (PartyStatus.APPLIED, PartyForm.PERSON, 1)
    assert not scene.ledger.lookup_accounts(office.accounts(1))
    assert scene.do(1, Action.OPEN).state is ChangeState.DONE
    account, other = office.accounts(1)
    found = scene.ledger.lookup_accounts([account, other])
    assert [one.code for one in found] == [Kind.INVESTOR, Kind.BORROWER]
    assert {one.user_data_128 for one in found} == {record.commitment}
    card = office.bind(1, card_of(1), by="clerk")
    assert (card.last_four, office.card_number(1)) == (card_number(1)[-4:], card_number(1))
    assert scene.deposit(account, 700)

    change = scene.do(1, Action.CLOSE)
    assert (change.state, office.party(1).status) == (ChangeState.CONFIRMED, PartyStatus.CLOSING)
    [payout] = scene.payouts.asked
    assert (payout.amount, payout.token, payout.account) == (700, card.token, account)
    assert [one.state for one in office.recover()] == [ChangeState.CONFIRMED]
    assert len(scene.payouts.asked) == 1
    assert scene.bank_pays(payout.order_id, 700)
    assert [one.state for one in office.recover()] == [ChangeState.DONE]
    closed = office.party(1)
    assert (closed.status, closed.closed_on) == (PartyStatus.CLOSED, DAY)
    assert not scene.deposit(account, 1)
    assert office.disagreements() == []

    before = scene.ledger.read(0, scene.ledger.size())
    with pytest.raises(e.NotErasable, match="kept until 2036-11-20"):
        office.propose(1, Action.ERASE, WHY, by="maker")
    scene.clock.go_to(date(2036, 11, 20))
    hold = office.hold(1, Ask("case 5", "court"), by="clerk")
    with pytest.raises(e.NotErasable, match="legal hold"):
        office.propose(1, Action.ERASE, WHY, by="maker")
    scene.do(1, Action.LIFT_HOLD, Ask("case ended", "court", hold.id))
    marks = traces(who, card_number(1))
    salt = scene.people.opening(1)[1]
    assert all(one in (tmp_path / "people.db").read_bytes() for one in marks)
    assert scene.do(1, Action.ERASE).state is ChangeState.DONE
    left = bytes_under(tmp_path)
    assert not any(one in left for one in [*marks, salt])
    assert office.party(1).erased
    assert scene.ledger.read(0, len(before)) == before
    assert [one.user_data_128 for one in scene.ledger.lookup_accounts([account])] == [record.commitment]
    assert [one.what for one in office.history(1)][-2:] == ["erase_confirmed", "erased"]
    assert not unexplained_seals(scene.ledger, PartyRegister(scene.database))


def test_a_frozen_partys_accounts_are_refused_by_the_ledger_itself(scene: Scene) -> None:
    """R17: freezing is no note in a register: whoever asks the ledger is refused, until two persons unfreeze."""
    number = scene.opened()
    [account] = scene.office.accounts(number)
    assert scene.deposit(account, 100)
    scene.do(number, Action.FREEZE, Ask("court order", "(2026) 0101"))
    assert scene.office.party(number).status is PartyStatus.FROZEN
    assert scene.withdraw(account, 1) is None
    assert not scene.deposit(account, 1)
    with pytest.raises(e.WrongState, match="frozen"):
        scene.office.unbind(number, "clerk", "lost")
    with pytest.raises(e.WrongState, match="frozen"):
        scene.office.propose(number, Action.CLOSE, WHY, by="maker")
    scene.do(number, Action.UNFREEZE, Ask("order lifted", "(2026) 0102"))
    assert scene.withdraw(account, 1) is not None
    scene.do(number, Action.FREEZE)
    assert not scene.deposit(account, 1)
    scene.do(number, Action.UNFREEZE)
    assert scene.deposit(account, 1)
    assert scene.office.disagreements() == []


def test_what_the_bank_did_is_booked_while_frozen_and_nothing_else(local: Scene) -> None:
    """R17: a payout under way when the party was frozen can be settled; no new money leaves."""
    number, other = local.opened(1), local.opened(2)
    [account], [foreign] = local.office.accounts(number), local.office.accounts(other)
    local.deposit(account, 100)
    local.deposit(foreign, 100)
    mine, theirs = local.withdraw(account, 40), local.withdraw(foreign, 5)
    assert mine is not None
    assert theirs is not None
    local.do(number, Action.FREEZE)
    assert not local.bank_pays(mine.id, 40)
    paid = transfers(CHART, [o.PaidOut(id=mine.id, day=DAY, amount=40)])
    local.office.book_while_frozen(number, paid, "clerk", "paid before the freeze")
    local.office.book_while_frozen(number, paid, "clerk", "sent again")
    assert (local.balance(account), local.withdraw(account, 1)) == (60, None)
    came = transfers(CHART, [o.Deposit(id=local.order_id(), day=DAY, account=account, amount=7)])
    with pytest.raises(e.LedgerRefused):
        local.office.book_while_frozen(number, np.concatenate([paid, came]), "clerk", "one of them again")
    local.office.book_while_frozen(number, came, "clerk", "came in")
    assert local.balance(account) == 67
    out = transfers(CHART, [o.Withdrawal(id=local.order_id(), day=DAY, account=account, amount=7)])
    gift = transfers(CHART, [o.Fee(id=local.order_id(), day=DAY, payer=account, amount=7)])
    loan = transfers(CHART, [o.Deposit(id=local.order_id(), day=DAY, account=account, amount=7)])
    set_u128(loan, "debit_account_id", [foreign])
    stranger = transfers(CHART, [o.PaidOut(id=theirs.id, day=DAY, amount=5)])
    for rows in (out, gift, loan, stranger):
        with pytest.raises(e.BadParty):
            local.office.book_while_frozen(number, rows, "clerk", "no")
    [found] = local.ledger.lookup_accounts([account])
    assert found.flags & AccountFlags.CLOSED
    local.do(number, Action.UNFREEZE)
    assert local.withdraw(account, 67) is not None


def test_what_one_asks_for_another_confirms(local: Scene) -> None:
    """R17: maker and checker are two persons, for opening, freezing, closing and erasing alike."""
    number = local.office.apply(application(), by="clerk").number
    change = local.office.propose(number, Action.OPEN, WHY, by="maker")
    with pytest.raises(e.TwoPersons):
        local.office.confirm(change.id, by="maker")
    with pytest.raises(e.TwoPersons):
        local.office.reject(change.id, by="maker", reason="no")
    with pytest.raises(e.WrongState, match="waiting"):
        local.office.propose(number, Action.OPEN, WHY, by="other")
    assert local.office.reject(change.id, by="checker", reason="no").state is ChangeState.REJECTED
    with pytest.raises(e.WrongState, match="rejected"):
        local.office.confirm(change.id, by="checker")
    assert local.do(number, Action.OPEN).state is ChangeState.DONE
    with pytest.raises(e.BadParty, match="by"):
        local.office.propose(number, Action.FREEZE, WHY, by="Zhang San")
    with pytest.raises(e.BadParty, match="reason"):
        local.office.propose(number, Action.FREEZE, Ask(" ", "x"), by="maker")
    with pytest.raises(e.BadParty, match="authority"):
        local.office.propose(number, Action.FREEZE, Ask("x", ""), by="maker")


def test_the_same_person_or_card_twice_is_refused(scene: Scene) -> None:
    """R17: duplicates are found by keyed hash; no identifier stands in the register."""
    number = scene.opened(1)
    again = application(2, who=person(1, identifier="990100 1990-0307 ０００1"))
    with pytest.raises(e.PartyKnown, match=f"party {number} has the same identifier"):
        scene.office.apply(again, by="clerk")
    assert scene.office.apply(application(1), by="clerk").number == number
    with pytest.raises(e.ApplicationChanged):
        scene.office.apply(application(1, who=person(1, phone="1")), by="clerk")
    other = scene.opened(3, card=False)
    with pytest.raises(e.PartyKnown, match=f"party {number} has the same card"):
        scene.office.bind(other, card_of(1), by="clerk")
    assert scene.office.bind(number, card_of(1), by="clerk") == scene.office.bound_card(number)
    with pytest.raises(e.WrongState, match="unbound"):
        scene.office.bind(number, card_of(9), by="clerk")
    scene.office.unbind(number, "clerk", "lost")
    assert scene.office.bound_card(number) is None
    assert scene.office.bind(other, card_of(1), by="clerk").party == other
    scene.do(number, Action.CLOSE)
    assert scene.office.party(number).status is PartyStatus.CLOSED
    assert scene.office.apply(application(4, who=person(1)), by="clerk").number not in (number, other)


def test_an_enterprise_has_a_legal_representative(local: Scene) -> None:
    """R17: companies are parties too."""
    record = local.office.apply(application(5, (Role.MERCHANT,), enterprise(5)), by="clerk")
    assert record.form is PartyForm.ENTERPRISE
    assert local.people.party(record.number).person.representative == "演示丙0005"
    with pytest.raises(e.BadParty, match="representative"):
        local.office.apply(application(6, who=person(6, identifier_kind="credit_code")), by="clerk")
    with pytest.raises(e.BadParty, match="representative"):
        local.office.apply(application(6, who=person(6, representative="x")), by="clerk")


def test_nothing_personal_is_told_outside_the_people_store(local: Scene, tmp_path: Path) -> None:
    """R17: personal data is kept by reference: not in register, ledger, log, message or repr."""
    number = local.opened(1)
    marks = traces(person(1), card_number(1))
    for name in ("control.db", "control.db-wal"):
        data = (tmp_path / name).read_bytes() if (tmp_path / name).exists() else b""
        assert not any(one in data for one in marks)
    assert not any(one in bytes_under(tmp_path / "ledger") for one in marks)
    shown = repr([application(1), card_of(1), local.office.party(number), local.office.history(number)])
    with pytest.raises(e.BadParty) as caught:
        local.office.bind(number, CardToBind("12", "B", card_of(1).verification), by="clerk")
    assert not any(one.decode() in shown + str(caught.value) for one in marks)


def test_a_close_waits_for_the_bank_and_tries_again(scene: Scene) -> None:
    """R17: a leaving party is paid to the last unit, once, whatever the bank does, and only then closed."""
    number = scene.opened(card=False)
    [account] = scene.office.accounts(number)
    scene.deposit(account, 100)
    change = scene.office.propose(number, Action.CLOSE, WHY, by="maker")
    with pytest.raises(e.MoneyHeld, match="no card"):
        scene.office.confirm(change.id, by="checker")
    scene.office.bind(number, card_of(), by="clerk")
    held = scene.withdraw(account, 30)
    assert held is not None
    with pytest.raises(e.MoneyHeld, match="holds open"):
        scene.office.confirm(change.id, by="checker")
    with pytest.raises(e.MoneyHeld, match="on its way"):
        scene.office.unbind(number, "clerk", "lost")
    scene.bank_pays(held.id, 30, paid=False)
    scene.office.confirm(change.id, by="checker")
    [first] = scene.payouts.asked
    scene.bank_pays(first.order_id, 100, paid=False)
    scene.deposit(account, 5)
    scene.reopen()
    scene.office.recover()
    second = scene.payouts.asked[-1]
    assert second.order_id != first.order_id
    assert (second.amount, scene.balance(account)) == (105, 105)
    scene.bank_pays(second.order_id, 105)
    scene.deposit(account, 1)
    scene.office.recover()
    third = scene.payouts.asked[-1]
    assert third.amount == 1
    scene.bank_pays(third.order_id, 1)
    scene.office.recover()
    assert scene.office.party(number).status is PartyStatus.CLOSED
    assert scene.balance(account) == 0


def test_frozen_while_leaving_goes_on_after_it_is_unfrozen(local: Scene) -> None:
    """R17: a freeze stops a close; what the bank paid meanwhile is booked, then the close goes on."""
    number = local.opened()
    [account] = local.office.accounts(number)
    local.deposit(account, 10)
    local.do(number, Action.CLOSE)
    [payout] = local.payouts.asked
    local.do(number, Action.FREEZE)
    local.office.recover()
    assert local.office.party(number).status is PartyStatus.FROZEN
    rows = transfers(CHART, [o.PaidOut(id=payout.order_id, day=DAY, amount=10)])
    local.office.book_while_frozen(number, rows, "clerk", "the bank had paid")
    local.do(number, Action.UNFREEZE)
    assert local.office.party(number).status is PartyStatus.CLOSING
    local.office.recover()
    assert local.office.party(number).status is PartyStatus.CLOSED


def test_a_changed_or_shortened_history_is_noticed(local: Scene) -> None:
    """R17: who did what is sealed: neither changed nor removed events pass."""
    number = local.opened()
    register = PartyRegister(local.database)
    assert [one.what for one in local.office.history(number)] == [
        "applied",
        "open_asked",
        "open_confirmed",
        "opened",
        "card_bound",
    ]
    last = local.office.history(number)[-1]
    with local.database.writing() as connection:
        connection.execute(update(EVENT).where(EVENT.c.seq == last.seq).values(by="nobody"))
    with pytest.raises(e.HistoryBroken, match="not what was written"):
        local.office.history(number)
    with local.database.writing() as connection:
        connection.execute(delete(EVENT).where(EVENT.c.seq == last.seq))
    assert len(local.office.history(number)) == 4
    assert unexplained_seals(local.ledger, register) == [last.entry]


def test_a_swapped_card_is_not_paid(local: Scene, tmp_path: Path) -> None:
    """R17: whoever writes into one store cannot send a party's money to another card."""
    number, thief = local.opened(1), local.opened(2)
    [account] = local.office.accounts(number)
    local.deposit(account, 100)
    theirs = local.office.bound_card(thief)
    assert theirs is not None
    with sqlite3.connect(tmp_path / "people.db") as people:
        people.execute("UPDATE cards SET card = (SELECT card FROM cards WHERE number = 2) WHERE number = 1")
    with pytest.raises(CommitmentMismatchError):
        local.office.card_number(number)
    with local.database.writing() as connection:
        connection.execute(delete(CARD).where(CARD.c.party == number))
        connection.execute(update(CARD).where(CARD.c.token == theirs.token).values(party=number))
    with pytest.raises(e.HistoryBroken, match="not the one that was bound"):
        local.do(number, Action.CLOSE)
    assert not local.payouts.asked
    assert local.balance(account) == 100


def test_a_legal_hold_set_after_a_crash_stops_an_erasure(
    local: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    """R17: what was confirmed and not yet erased is kept when a hold comes in between."""
    number = local.opened(card=False)
    local.do(number, Action.CLOSE)
    local.clock.go_to(date(2037, 1, 5))

    def crash(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(PeopleStore, "erase", crash)
        with pytest.raises(KeyboardInterrupt):
            local.do(number, Action.ERASE)
    local.reopen()
    held = local.office.hold(number, WHY, by="clerk")
    local.office.recover()
    assert local.people.has(number)
    local.do(number, Action.LIFT_HOLD, Ask("case ended", "court", held.id))
    local.office.recover()
    assert not local.people.has(number)
    assert local.office.party(number).erased


def test_parties_of_one_entity_are_not_another_ones(local: Scene) -> None:
    """R17: each legal entity has its own parties, whatever stands between their numbers."""
    number = local.opened(1)
    other = Scene(local.ledger, local.database, local.people, local.clock, entity=2)
    foreign = other.opened(1, card=False)
    assert foreign != number
    last = local.opened(2)
    assert [one.number for one in local.office.every()] == [number, last]
    assert [one.number for one in local.office.parties(most=1, after=number)] == [last]
    with pytest.raises(e.NoSuchParty):
        local.office.party(foreign)
    change = other.office.propose(foreign, Action.FREEZE, WHY, by="maker")
    with pytest.raises(e.NoSuchParty):
        local.office.confirm(change.id, by="checker")
    other.office.confirm(change.id, by="checker")
    assert other.office.disagreements() == local.office.disagreements() == []


def test_going_around_the_office_is_noticed(local: Scene) -> None:
    """R17: an account that is open though its party is frozen is named."""
    number, other = local.opened(1), local.opened(2)
    local.do(number, Action.FREEZE)
    with local.database.reading() as connection:
        closures = PartyRegister(local.database).closures(connection, number)
    void = Transfer(id=99, pending_id=closures[-1][0], flags=TransferFlags.VOID_PENDING_TRANSFER)
    local.ledger.create_transfers([void])
    assert local.office.disagreements() == [number]
    assert other not in local.office.disagreements()


def test_the_register_works_with_its_own_key_only(local: Scene, tmp_path: Path) -> None:
    """R17: with another key duplicates would pass, so it is refused."""
    with pytest.raises(e.WrongKey):
        PartyRegister(local.database).require_key(IdentityKey(bytes(32)).fingerprint)
    path = tmp_path / "parties.key"
    made = load_or_make_key(path)
    assert load_or_make_key(path).fingerprint == made.fingerprint
    assert path.stat().st_mode & 0o077 == 0
    path.write_bytes(b"short")
    with pytest.raises(e.WrongKey, match="5 bytes"):
        load_or_make_key(path)
    assert "range" not in repr(made)
