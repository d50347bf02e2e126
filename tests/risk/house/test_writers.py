"""Every way by which money can move in a house that decides: past the gate, by a named passage, or not at all."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import pytest
from tests.custody.breaks.parts import a_break
from tests.risk.decision.kit import patient
from tests.risk.house.kit import NOON_NS, RULES, SETTINGS, Now, desks_of, movements

from jinku.bootstrap import open_house
from jinku.bootstrap.custody import Custody
from jinku.bootstrap.deciding import NotDecidable
from jinku.bootstrap.house_door import DoorShut
from jinku.bootstrap.passages import Exempt, NoPassage
from jinku.bootstrap.risk import Risk
from jinku.bootstrap.risk_desks import open_desks
from jinku.cli.main import main
from jinku.custody.agreements.model import Run, RunRequest, RunStatus
from jinku.custody.breaks.correction import Against
from jinku.custody.breaks.model import State as Break
from jinku.custody.breaks.table import Cause
from jinku.custody.closing.days import Books
from jinku.custody.closing.errors import CloseRefused
from jinku.custody.closing.remedies import Payment, RemedyKind
from jinku.custody.closing.settings import CloseSettings
from jinku.custody.orders import lending as n
from jinku.custody.orders import model as o
from jinku.custody.orders.catalogue import OrderType
from jinku.custody.orders.desk import OrderDesk
from jinku.custody.orders.leaving import CorridorPayouts
from jinku.custody.orders.mandates import Mandate, Method
from jinku.custody.orders.movements import transfers
from jinku.custody.orders.policy import CHANNEL
from jinku.custody.orders.reasons import Reason, State
from jinku.custody.orders.requests import Answer, OneTime, Request, digest_of
from jinku.custody.parties.carrying import Payout
from jinku.custody.parties.closures import close_accounts, closures, open_accounts
from jinku.custody.parties.model import BoundCard, Verification
from jinku.custody.parties.model import Method as CardMethod
from jinku.custody.parties.register import PartyRegister
from jinku.custody.structure.chart import Chart, Opening
from jinku.custody.structure.table import Kind, Role
from jinku.ledger.committer import Waiting
from jinku.ledger.layout import Array, row_bytes
from jinku.ledger.model import AccountFlags, CreateTransferStatus, TransferFlags
from jinku.risk.cases.ladder import Rung
from jinku.risk.cases.measure_desk import Wish
from jinku.risk.decision.record import RecordKind
from jinku.risk.decision.statuses import DecidedStatus

CHART, DAY, BOOKS = Chart(1, 156), date(2026, 11, 20), Books(1, 156)
A, B, C = (CHART.account(Kind.INVESTOR, party) for party in (1, 2, 4))
SUSPENSE, OWN = (CHART.account(one) for one in (Kind.SUSPENSE, Kind.PLATFORM_OWN))
PAY = "vars { monetary $one monetary $two }\nsend $one (source = @investor:1 destination = @investor:4)\n"
PAY += "send $two (source = @investor:1 destination = @investor:{to})\n"
DENIED, HELD = DecidedStatus.RISK_DENIED, DecidedStatus.RISK_HELD
MOST = 5_000


@dataclass
class Scene:
    """A custody that decides: measures refuse party 2, and what is above 5,000 is held."""

    custody: Custody
    risk: Risk
    clock: Now
    serial: int = 10

    def new(self) -> int:
        self.serial += 1
        return o.new_order_id(NOON_NS // 10**6, self.serial)

    def has(self, account: int) -> int:
        [found] = self.custody.house.ledger.lookup_accounts([account])
        return found.credits_posted - found.debits_posted

    def release(self, number: int) -> None:
        for by in ("anna", "ben"):
            self.risk.acts.release(number, by=by, note="looked into")

    def run(self, agreement: str, one: int, two: int, number: int = 0) -> Run:
        told = {"one": f"CNY/2 {one}", "two": f"CNY/2 {two}"}
        asked = RunRequest(id=number or self.new(), day=DAY, agreement=agreement, variables=told)
        return self.custody.agreements(1, 156).execute(asked)

    def exempt(self) -> list[tuple[str, str]]:
        """Reason and room of what passed beside the gate; each record is sealed."""
        journal, found = self.risk.journal, []
        for number in range(journal.size):
            if int(journal.place(number)["kind"]) == RecordKind.EXEMPT:
                journal.check_seal(number)
                told = json.loads(journal.read(number))
                found.append((told["reason"], told["room"]))
        return found


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    directory, clock = tmp_path_factory.mktemp("writers") / "house", Now()
    clock.ns = NOON_NS - 6 * 3_600 * 10**9  # the business day ends at 16:00 in Shanghai
    with open_house(directory, clock=clock) as house, Custody(house, clock) as before:
        desk = OrderDesk(house.ledger, CHART)
        desk.open_entity()
        desk.open_parties([Opening(party, Role.INVESTOR, party) for party in (1, 2, 4)])
        money = [
            o.Deposit(id=o.new_order_id(1, one), day=DAY, account=account, amount=50_000, reference=one)
            for one, account in enumerate((A, B, C), 1)
        ]
        assert not desk.submit(money).refused
        own = movements(o.new_order_id(1, 9), (CHART.account(Kind.OWN_BANK_MIRROR), OWN, 50_000))
        own["user_data_32"] = 20261120
        assert house.ledger.create_transfers_array(own)["status"].tolist() == [CreateTransferStatus.CREATED]
        before.days.begin(BOOKS, CloseSettings.of_structure(CHART.structure), DAY, by="lead-1")
        assert before.people
        for party in ("2", "4"):
            office = before.agreements(1, 156)
            office.propose(f"pay-{party}", PAY.replace("{to}", party), author="clerk-1")
            office.approve(f"pay-{party}", 1, approver="clerk-2")
    (directory / "risk").mkdir(exist_ok=True)
    (directory / "risk.toml").write_text(SETTINGS + 'rules = "rules.toml"\n' + patient(directory))
    (directory / "risk" / "rules.toml").write_text(RULES.format(most=MOST))
    with open_house(directory, clock=clock) as house, Custody(house, clock) as custody:
        custody.recover()
        risk = custody.risk
        assert risk is not None
        measures = desks_of(risk, clock).measures
        wish = Wish(2, Rung.REFUSE, "many deposits", milder="a word did nothing")
        measures.approve(measures.propose(wish, "aml-1").key, "head-1")
        assert risk.refresh()
        yield Scene(custody, risk, clock)


def test_whoever_has_the_ledger_passes_the_gate(scene: Scene) -> None:
    """K1: the ledger that a house hands out is the guarded one; what the gate cannot read is refused."""
    ledger = scene.custody.house.ledger
    rows = movements(scene.new(), (A, B, 10), (A, C, 10))
    assert ledger.create_transfers_array(rows)["status"].tolist() == [DENIED, CreateTransferStatus.CREATED]
    with pytest.raises(NotDecidable):
        ledger.submit(Waiting(lambda _core, _group, _now: [], rows))


def test_an_agreement_is_decided_as_a_whole(scene: Scene) -> None:
    """K1: a customer under measures is not paid by an agreement, nor is anybody else by the same run; a held run is
    reserved as a whole, and booked when two persons have released it."""
    before = [scene.has(one) for one in (A, B, C)]
    refused = scene.run("pay-2", 100, 200)
    assert (refused.status, refused.ledger_status) == (RunStatus.REFUSED, DENIED)
    assert [scene.has(one) for one in (A, B, C)] == before
    number = scene.new()
    held = scene.run("pay-4", 100, MOST + 1, number)
    assert (held.status, held.ledger_status) == (RunStatus.PLANNED, HELD)
    assert scene.has(C) == before[2]
    scene.release(number)
    assert scene.run("pay-4", 100, MOST + 1, number).status is RunStatus.BOOKED
    assert scene.has(C) == before[2] + MOST + 101


def test_a_chain_that_lives_on_its_own_money_cannot_be_held(scene: Scene) -> None:
    """K1: what is only reserved brings nothing: such a chain is refused by name, as a whole, however often asked."""
    rows = movements(scene.new(), (A, C, MOST + 1), (C, SUSPENSE, scene.has(C) + 1))
    rows["flags"][0] = TransferFlags.LINKED
    before = scene.has(A)
    for _ in range(2):
        statuses = scene.custody.house.ledger.create_transfers_array(rows)["status"].tolist()
        assert DecidedStatus.RISK_CANNOT_WAIT in statuses
    assert scene.has(A) == before


def test_a_mandate_pays_nobody_under_measures(scene: Scene) -> None:
    """K1: granting a mandate moves units, journalled; a collection under it is decided like any order."""
    corridor = scene.custody.corridor(1, 156)
    terms = {
        "per_order": 500,
        "total": 1_000,
        "valid_from": NOON_NS - 10**15,
        "valid_until": NOON_NS + 10**15,
    }
    corridor.rooms.mandates.give(
        Mandate(
            number=7,
            account=A,
            types=frozenset({OrderType.RESERVE}),
            method=Method.SIGNATURE,
            evidence="doc-7",
            given_at=scene.clock(),
            **terms,
        )
    )
    assert (Exempt.AUTHORITY_UNITS, "orders") in scene.exempt()
    pays = [n.Reserve(id=scene.new(), day=DAY, payer=A, payee=one, amount=100) for one in (B, C)]
    answers = corridor.submit([Request(one, "app", 7) for one in pays])
    assert [one.reason for one in answers] == [Reason.RISK_DENIED, Reason.NONE]
    assert answers[1].state is State.HELD


def test_a_closure_moves_nothing_and_pays_nobody_past_the_desk(scene: Scene) -> None:
    """K1: accounts close by the passage of parties, journalled; it takes nothing else. A leaving party's payout is an
    order like any other."""
    made = closures([C], [SUSPENSE], "leaving 4")
    ledger = scene.risk.parties_ledger
    close_accounts(ledger, made)
    [closed] = ledger.lookup_accounts([C])
    assert closed.flags & AccountFlags.CLOSED
    open_accounts(ledger, made, "back 4")
    assert scene.exempt().count((Exempt.NO_MONEY, "parties")) == 2
    with pytest.raises(NoPassage):
        ledger.create_transfers_array(movements(scene.new(), (A, B, 10)))
    payouts, before = CorridorPayouts(scene.custody.corridor), scene.has(C)
    payouts.pay_out(Payout(scene.new(), 4, C, MOST + 7, "card", scene.clock(), "head-1"))
    assert scene.has(C) == before
    assert State.RISK_HELD in {one.state for one in scene.custody.acts(1, 156).newest(3)}


def test_no_passage_takes_an_order_that_was_not_decided(scene: Scene) -> None:
    """K1: the corridor's passage compares with the journal: what was denied or never decided does not pass."""
    ledger, order = scene.risk.orders_ledger, o.Fee(id=scene.new(), day=DAY, payer=A, amount=10)
    with pytest.raises(NoPassage):
        ledger.create_transfers_array(transfers(CHART, [order]))


def test_a_write_off_is_decided(scene: Scene) -> None:
    """K1: correcting entries pass the gate and the guard of days; a held one is booked after its release."""
    rows: Array = movements(scene.new(), (SUSPENSE, B, 10))
    rows["user_data_32"] = 20261120
    assert scene.custody.by_hand.create_transfers_array(rows)["status"].tolist() == [DENIED]
    desk = scene.custody.breaks
    desk.take_up(DAY, [a_break("R-1", MOST + 11)], BOOKS)
    [case] = desk.cases()
    desk.assign(case.id, "clerk", by="lead")
    desk.investigate(case.id, "clerk")
    told = {"cause": Cause.UNKNOWN_PAYER, "text": "owner unknown"}
    desk.propose_write_off(case.id, "clerk", Against.SUSPENSE, DAY, **told)  # type: ignore[arg-type]
    assert desk.approve(case.id, "lead", DAY).state is Break.BOOKING
    before = scene.has(SUSPENSE)
    [waits] = [one for one in scene.risk.waiting.listed(None, 100) if one.amount == abs(case.effect)]
    scene.release(waits.id)
    assert [one.state for one in desk.recover()] == [Break.WRITTEN_OFF]
    assert scene.has(SUSPENSE) == before + MOST + 11


def test_a_remedy_is_decided(scene: Scene) -> None:
    """K1: own money into the client pool waits where a rule says so, by name."""
    payment = Payment(BOOKS, "client", RemedyKind.TOP_UP, MOST + 3, DAY, scene.new())
    with pytest.raises(CloseRefused, match="held for review"):
        scene.custody.remedies._payer.pay(payment)


def test_what_the_bank_did_is_never_refused(scene: Scene) -> None:
    """K1: money that came for a customer under measures is a fact: in the books, held, and an alert; nobody has it."""
    before = scene.has(B)
    came = o.Deposit(id=scene.new(), day=DAY, account=B, amount=70, reference=70)
    [answer] = scene.custody.corridor(1, 156).submit([Request(came, CHANNEL)])
    assert answer.state is State.RISK_HELD
    assert scene.has(B) == before


def test_past_records_are_not_imported_where_something_decides(
    scene: Scene, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """K1: an import into a house that decides is refused before its first account."""
    directory = tmp_path / "house"
    with open_house(directory) as house:
        assert house.ledger.size() == 0
    (directory / "risk.toml").write_text(SETTINGS)
    (tmp_path / "files").mkdir()
    assert main(["import", "czech-bank", str(tmp_path / "files"), "--data", str(directory), "--json"]) != 0
    assert "risk_desk_absent" in capsys.readouterr().err
    with open_house(directory) as house:
        assert row_bytes(house.ledger.accounts_array()) == []
        with pytest.raises(DoorShut):
            house.ledger.create_transfers_array(movements(1, (1, 2, 3)))


def test_money_goes_back_to_its_owner_when_the_relation_ends(scene: Scene) -> None:
    """K8: refused customers get their own money back, to the card that they bound, and nobody else gets it; while a
    hold is in force besides, nobody does."""
    corridor, before = scene.custody.corridor(1, 156), scene.has(B)

    def asked(amount: int) -> Answer:
        order = o.Withdrawal(id=scene.new(), day=DAY, account=B, amount=amount)
        word = OneTime(Method.SMS, f"sms-{scene.serial}", scene.clock(), digest_of(CHART, order))
        return corridor.submit([Request(order, "app", word=word)])[0]

    assert asked(10).reason is Reason.RISK_DENIED, "whose account it would go to is not known"
    register = PartyRegister(scene.custody.house.control)
    with register.writing() as connection:
        told = Verification(CardMethod.FOUR_ELEMENTS, "V-1", 1)
        register.bind(connection, BoundCard("token", 2, "1234", "bank", told, "clerk-1", 1, 0), b"hash")
    assert asked(11).state is State.HELD
    rows = movements(scene.new(), (B, SUSPENSE, 10))
    assert scene.custody.house.ledger.create_transfers_array(rows)["status"].tolist() == [DENIED]
    measures = open_desks(scene.custody.house, scene.clock).measures
    wish = Wish(2, Rung.HOLD, "an authority asked", milder="a word did nothing")
    measures.approve(measures.propose(wish, "aml-1").key, "head-1")
    assert scene.risk.refresh()
    assert asked(12).reason is Reason.RISK_DENIED
    assert scene.has(B) == before
