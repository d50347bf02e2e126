"""Agreements on a real ledger: four eyes, seals, plans of one instant, and one booking however often asked."""

import sqlite3
import threading
import time
from collections.abc import Iterator, Sequence
from datetime import date
from pathlib import Path

import numpy as np
import pytest

from jinku.custody.agreements import errors as e
from jinku.custody.agreements.accounts import ChartNames, DerivedNames, ledger_of
from jinku.custody.agreements.books import Circumstances, run_on_ledger
from jinku.custody.agreements.model import SEAL_TOPIC_AGREEMENT, AgreementStatus, RunRequest, RunStatus
from jinku.custody.agreements.office import AgreementOffice
from jinku.custody.agreements.store import AgreementStore
from jinku.custody.errors import BadOrder
from jinku.custody.numscript import parse
from jinku.custody.numscript.errors import MissingFunds, SyntaxRefused
from jinku.custody.orders.desk import OrderDesk
from jinku.custody.orders.model import Deposit, Fee, Withdrawal, new_order_id, order_of
from jinku.custody.structure.chart import Chart, Opening
from jinku.custody.structure.table import Kind, Movement, Role
from jinku.ledger import CreateTransferStatus, Ledger
from jinku.ledger.layout import SEAL, Array, EntryKind, u128
from jinku.ledger.model import Account
from jinku.ledger.opening import open_journal

CHART = Chart(1, 156)
NAMES = ChartNames(CHART)
DAY = date(2026, 11, 20)
START = 1_795_000_000 * 10**9
A, B, BORROWER, SURETY = (
    CHART.account(kind, party)
    for kind, party in ((Kind.INVESTOR, 1), (Kind.INVESTOR, 2), (Kind.BORROWER, 3), (Kind.GUARANTOR, 5))
)
FEES = CHART.account(Kind.FEE_INCOME)
REPAY = """
vars { monetary $sum }
send $sum (
  source = { @borrower:3 @guarantor:5 }
  destination = { 1% to @fee_income 1/3 to @investor:1 remaining to @investor:2 }
)
set_account_meta(@borrower:3, "last", $sum)
"""


def number(serial: int) -> int:
    return new_order_id(START // 10**6, serial)


def request(serial: int, total: int = 1000, name: str = "repayment", version: int = 0) -> RunRequest:
    return RunRequest(
        id=number(serial), day=DAY, agreement=name, version=version, variables={"sum": f"CNY/2 {total}"}
    )


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    with open_journal(tmp_path / "ledger", clock=lambda: START) as opened:
        desk = OrderDesk(opened, CHART)
        desk.open_entity()
        roles = (Role.INVESTOR, Role.INVESTOR, Role.BORROWER, Role.MERCHANT, Role.GUARANTOR)
        desk.open_parties([Opening(party, role, 0) for party, role in enumerate(roles, 1)])
        desk.submit([deposit(1, BORROWER, 900), deposit(2, SURETY, 500)])
        yield opened


def deposit(serial: int, account: int, amount: int) -> Deposit:
    return Deposit(id=number(serial), day=DAY, reference=serial, account=account, amount=amount)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[AgreementStore]:
    with AgreementStore(tmp_path / "agreements.sqlite") as opened:
        yield opened


@pytest.fixture
def office(ledger: Ledger, store: AgreementStore) -> AgreementOffice:
    made = AgreementOffice(ledger, store, NAMES, clock=lambda: START)
    made.propose("repayment", REPAY, author="clerk-1")
    made.approve("repayment", 1, approver="clerk-2")
    return made


def spendable(ledger: Ledger, account: int) -> int:
    [found] = ledger.lookup_accounts([account])
    return found.credits_posted - found.debits_posted - found.debits_pending


# --- putting into force ------------------------------------------------------------------------------------------


def test_the_author_may_not_approve(office: AgreementOffice, store: AgreementStore) -> None:
    """R18: four eyes on every agreement."""
    proposed = office.propose("repayment", REPAY, author="clerk-1")
    assert (proposed.version, proposed.status) == (2, AgreementStatus.PROPOSED)
    with pytest.raises(e.FourEyes):
        office.approve("repayment", 2, "clerk-1")
    with pytest.raises(e.FourEyes):
        office.reject("repayment", 2, "clerk-1", "no")
    office.reject("repayment", 2, "clerk-2", "the fee is wrong")
    with pytest.raises(e.AlreadyDecided):
        office.approve("repayment", 2, "clerk-3")
    assert [one.status for one in store.agreements()] == [AgreementStatus.APPROVED, AgreementStatus.REJECTED]


def test_approval_is_sealed_in_the_log(
    ledger: Ledger, store: AgreementStore, office: AgreementOffice
) -> None:
    approved = store.agreement("repayment", 1)
    entries = ledger.entries(approved.sealed_entry, 1)
    assert entries["kind"][0] == EntryKind.SEAL
    [seal] = np.ascontiguousarray(entries["event"]).view(SEAL)
    assert seal["digest"].tobytes() == approved.digest == approved.digest_for("clerk-2")
    assert seal["topic"] == SEAL_TOPIC_AGREEMENT
    assert approved.digest != approved.digest_for("clerk-3")


def test_what_is_not_approved_does_not_run(office: AgreementOffice, store: AgreementStore) -> None:
    office.propose("repayment", REPAY, author="clerk-1")
    with pytest.raises(e.NotApproved):
        office.execute(request(10, version=2))
    retired = office.retire("repayment", 1, "clerk-1", "replaced")
    assert (retired.decided_by, retired.retired_by, retired.reason) == ("clerk-2", "clerk-1", "replaced")
    assert store.agreement("repayment", 1) == retired
    with pytest.raises(e.NotApproved):
        office.execute(request(10, version=1))
    with pytest.raises(e.AgreementUnknown):
        office.execute(request(10))
    with pytest.raises(e.AgreementUnknown):
        office.execute(request(10, name="other", version=1))
    with pytest.raises(e.NotApproved):
        office.retire("repayment", 1, "clerk-1", "again")


def test_a_program_that_cannot_be_read_is_not_proposed(office: AgreementOffice) -> None:
    with pytest.raises(SyntaxRefused):
        office.propose("broken", "send", author="clerk-1")
    for name, author in (("Bad Name", "clerk-1"), ("good", "Zhang San"), ("good", "")):
        with pytest.raises(e.BadAgreement):
            office.propose(name, REPAY, author=author)
    with pytest.raises(e.BadAgreement):
        office.retire("repayment", 1, "clerk-1", "")


def tamper(tmp_path: Path, change: str) -> None:
    with sqlite3.connect(tmp_path / "agreements.sqlite") as database:
        assert database.execute(f"UPDATE agreement SET {change}").rowcount == 1
    database.close()


@pytest.mark.parametrize(
    "change",
    [
        "program = replace(program, '1%', '9%')",
        "decided_by = 'clerk-9'",
        "sealed_entry = 0",
        "sealed_entry = -1",
    ],
)
def test_a_changed_text_is_noticed(
    change: str, tmp_path: Path, office: AgreementOffice, ledger: Ledger
) -> None:
    tamper(tmp_path, change)
    size = ledger.size()
    with pytest.raises(e.AgreementTampered):
        office.execute(request(10))
    assert ledger.size() == size


def test_a_changed_text_with_a_matching_digest_is_noticed_by_the_log(
    tmp_path: Path, office: AgreementOffice, store: AgreementStore
) -> None:
    tamper(tmp_path, "program = replace(program, '1%', '9%')")
    digest = store.agreement("repayment", 1).digest_for("clerk-2").hex()
    tamper(tmp_path, f"digest = x'{digest}'")
    with pytest.raises(e.AgreementTampered, match="seal is of another text"):
        office.execute(request(10))


# --- running -----------------------------------------------------------------------------------------------------


def test_a_run_is_one_linked_batch_that_names_its_agreement(
    ledger: Ledger, store: AgreementStore, office: AgreementOffice
) -> None:
    run = office.execute(request(10))
    assert run.status is RunStatus.BOOKED
    assert [spendable(ledger, one) for one in (BORROWER, SURETY, FEES, A, B)] == [0, 400, 11, 333, 656]
    entries = ledger.entries(ledger.size() - 4, 4)
    rows = entries["event"]
    assert {order_of(one) for one in u128(rows, "id")} == {number(10)}
    assert set(u128(rows, "user_data_128")) == {store.agreement("repayment", 1).subject}
    assert set(rows["code"].tolist()) == {Movement.AGREEMENT}
    assert set(rows["user_data_32"].tolist()) == {20261120}
    assert [bool(flags & 1) for flags in rows["flags"].tolist()] == [True, True, True, False]
    why = run.plan.document["postings"][0]["why"]
    assert why["target"][0]["note"] == "1/100 of 1000 is 10, and 1 unit left over by rounding"
    assert store.metadata("borrower:3", "last") == "CNY/2 1000"


def test_asking_again_books_nothing_and_a_changed_wish_is_named(
    ledger: Ledger, office: AgreementOffice
) -> None:
    first = office.execute(request(10, total=300))
    size = ledger.size()
    assert office.execute(request(10, total=300)) == first
    assert ledger.size() == size
    with pytest.raises(e.RunChanged):
        office.execute(request(10, total=301))
    assert ledger.size() == size


def test_a_run_that_cannot_be_paid_leaves_no_trace(
    ledger: Ledger, store: AgreementStore, office: AgreementOffice
) -> None:
    size = ledger.size()
    with pytest.raises(MissingFunds):
        office.execute(request(10, total=1401))
    assert ledger.size() == size
    assert store.run(number(10)) is None
    assert office.execute(request(10, total=1400)).status is RunStatus.BOOKED


def test_a_variable_that_nobody_asked_for_is_refused(ledger: Ledger, office: AgreementOffice) -> None:
    variables = {"sum": "CNY/2 1", "amount": "CNY/2 2"}
    wish = RunRequest(id=number(10), day=DAY, agreement="repayment", variables=variables)
    for ask in (office.execute, office.rehearse):
        with pytest.raises(e.NotBookable, match="amount"):
            ask(wish)


def test_held_money_is_not_spent(ledger: Ledger, office: AgreementOffice) -> None:
    OrderDesk(ledger, CHART).submit([Withdrawal(id=number(5), day=DAY, account=BORROWER, amount=600)])
    office.execute(request(10, total=600))
    assert [spendable(ledger, one) for one in (BORROWER, SURETY)] == [0, 200]


class Interrupted(Exception):
    pass


class Interrupting:
    """A ledger whose caller dies before or after the transfers are booked."""

    def __init__(self, ledger: Ledger, after: bool) -> None:
        self._ledger, self._after = ledger, after
        self.lookup_accounts, self.seal, self.entries = ledger.lookup_accounts, ledger.seal, ledger.entries

    def create_transfers_array(self, batch: Array) -> Array:
        if self._after:
            self._ledger.create_transfers_array(batch)
        raise Interrupted


@pytest.mark.parametrize("after", [False, True])
def test_a_crash_around_the_booking_is_brought_to_its_end_once(
    after: bool, ledger: Ledger, store: AgreementStore, office: AgreementOffice
) -> None:
    dying = AgreementOffice(Interrupting(ledger, after), store, NAMES, clock=lambda: START)
    with pytest.raises(Interrupted):
        dying.execute(request(10))
    assert [run.status for run in store.planned_runs()] == [RunStatus.PLANNED]
    assert store.metadata("borrower:3", "last") is None
    OrderDesk(ledger, CHART).submit([deposit(3, BORROWER, 5000)])
    [recovered] = office.recover()
    assert recovered.status is RunStatus.BOOKED
    assert [spendable(ledger, one) for one in (BORROWER, SURETY, FEES, A, B)] == [5000, 400, 11, 333, 656]
    size = ledger.size()
    assert office.recover() == []
    assert office.execute(request(10)) == recovered
    assert ledger.size() == size
    assert store.metadata("borrower:3", "last") == "CNY/2 1000"


def test_what_the_ledger_refuses_is_refused_whole_and_final(
    ledger: Ledger, store: AgreementStore, office: AgreementOffice
) -> None:
    dying = AgreementOffice(Interrupting(ledger, after=False), store, NAMES, clock=lambda: START)
    with pytest.raises(Interrupted):
        dying.execute(request(10))
    OrderDesk(ledger, CHART).submit([Withdrawal(id=number(5), day=DAY, account=SURETY, amount=450)])
    [refused] = office.recover()
    assert (refused.status, refused.ledger_status) == (
        RunStatus.REFUSED,
        CreateTransferStatus.EXCEEDS_CREDITS,
    )
    assert [spendable(ledger, one) for one in (BORROWER, FEES, A, B)] == [900, 0, 0, 0]
    assert office.execute(request(10)) == refused
    assert store.metadata("borrower:3", "last") is None


def test_a_rehearsal_books_nothing(ledger: Ledger, office: AgreementOffice) -> None:
    size = ledger.size()
    result = office.rehearse(request(10))
    assert [(p.source, p.destination, p.amount) for p in result.postings] == [
        ("borrower:3", "fee_income", 11),
        ("borrower:3", "investor:1", 333),
        ("borrower:3", "investor:2", 556),
        ("guarantor:5", "investor:2", 100),
    ]
    assert ledger.size() == size


def test_many_threads_asking_for_one_run_book_it_once(
    ledger: Ledger, store: AgreementStore, office: AgreementOffice
) -> None:
    def slow_clock() -> int:
        time.sleep(0.02)
        return START

    slow = AgreementOffice(ledger, store, NAMES, clock=slow_clock)
    found: list[RunStatus] = []
    threads = [
        threading.Thread(target=lambda: found.append(slow.execute(request(10, total=700)).status))
        for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [RunStatus.BOOKED] * 8
    assert spendable(ledger, BORROWER) == 200


def test_a_run_that_moves_nothing_is_booked_without_transfers(
    ledger: Ledger, office: AgreementOffice
) -> None:
    size = ledger.size()
    assert office.execute(request(10, total=0)).status is RunStatus.BOOKED
    assert ledger.size() == size


def test_metadata_and_balances_decide_together(
    ledger: Ledger, store: AgreementStore, office: AgreementOffice
) -> None:
    program = """
    vars {
      account $to = meta(@borrower:3, "pays")
      monetary $all = balance(@borrower:3, CNY/2)
    }
    send $all ( source = @borrower:3 destination = $to )
    """
    office.propose("payout", program, author="clerk-1")
    office.approve("payout", 1, approver="clerk-2")
    store.put_metadata("borrower:3", "pays", "investor:2")
    office.execute(RunRequest(id=number(11), day=DAY, agreement="payout"))
    assert [spendable(ledger, one) for one in (BORROWER, B)] == [0, 900]


# --- names and amounts -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name",
    [
        *(
            "world",
            "bank_mirror",
            "in_transit",
            "bank_mirror:1",
            "investor",
            "investor:0",
            "investor:007",
            "investor:7:main",
            "fee_income:1",
        ),
        *("nobody:1", "platform_own", "own_bank_mirror", f"investor:{1 << 64}", "Investor:7"),
    ],
)
def test_names_lead_to_one_account_of_the_pool_or_nowhere(name: str) -> None:
    with pytest.raises(e.AccountNameRefused):
        NAMES.account(name)


def test_a_chart_s_names_are_all_different_accounts() -> None:
    names = [f"{role}:{party}" for role in CHART.structure.roles for party in (1, 2, (1 << 64) - 1)]
    names += ["fee_income", "risk_reserve", "suspense"]
    assert len({NAMES.account(name) for name in names}) == len(names)
    assert NAMES.account("investor:1") == A
    with_world = ChartNames(CHART, world=Kind.BANK_MIRROR)
    assert with_world.account("world") == CHART.account(Kind.BANK_MIRROR)
    with pytest.raises(e.AccountNameRefused):
        with_world.account("bank_mirror")


@pytest.mark.parametrize("asset", ["CNY", "CNY/3", "CNY/02", "JPY/0", "XXX/2", "CNY_RED/2"])
def test_only_minor_units_of_known_currencies_are_booked(asset: str) -> None:
    assert (ledger_of("CNY/2"), ledger_of("JPY"), ledger_of("KWD/3")) == (156, 392, 414)
    with pytest.raises(e.NotBookable):
        ledger_of(asset)


@pytest.mark.parametrize(
    "program",
    [
        "send [CNY/2 1] ( source = @borrower:99 destination = @investor:1 )",
        "send [CNY/2 1] ( source = @borrower:3 destination = @investor:99 )",
        "send [USD/2 1] ( source = @borrower:3 destination = @investor:1 )",
        "send [CNY/2 1] ( source = @world destination = @investor:1 )",
        '#![feature("experimental-asset-colors")]'
        'send [CNY/2 1] ( source = @borrower:3 \\ "RED" destination = @investor:1 )',
    ],
)
def test_what_the_ledger_cannot_hold_is_refused_before_anything_is_written(
    program: str, ledger: Ledger, store: AgreementStore, office: AgreementOffice
) -> None:
    office.propose("odd", program, author="clerk-1")
    office.approve("odd", 1, approver="clerk-2")
    size = ledger.size()
    with pytest.raises(e.NotBookable):
        office.execute(RunRequest(id=number(12), day=DAY, agreement="odd"))
    assert ledger.size() == size
    assert store.run(number(12)) is None


def test_books_without_a_chart_derive_every_name(tmp_path: Path) -> None:
    names = DerivedNames(entity=7, currency=156)
    with open_journal(tmp_path / "derived", clock=lambda: START) as ledger:
        ledger.create_accounts_array(names.rows(["world", "orders:1:escrow", "shop"]))
        around = Circumstances(ledger, names, lambda account, key: None)
        program = parse(
            "send [CNY/2 9] ( source = @world destination = { 1/2 to @shop remaining to @orders:1:escrow } )"
        )
        result, bookings = run_on_ledger(program, around, {})
        assert [one.amount for one in bookings] == [5, 4]
        assert bookings[0].credit == names.account("shop") == DerivedNames(7, 156).account("shop")
        assert len(result.postings) == 2
    assert names.account("shop") != DerivedNames(8, 156).account("shop")


def test_a_posting_to_oneself_is_no_transfer(ledger: Ledger) -> None:
    around = Circumstances(ledger, NAMES, lambda account, key: None)
    block = "{ max [CNY/2 4] to @borrower:3 remaining to @investor:1 }"
    text = f"send [CNY/2 9] ( source = @borrower:3 destination = {block} )"
    result, bookings = run_on_ledger(parse(text), around, {})
    assert (len(result.postings), len(bookings)) == (2, 1)


def test_accounts_that_depend_on_balances_are_read_at_one_instant(ledger: Ledger) -> None:
    text = """
    #![feature("experimental-account-interpolation", "experimental-get-amount-function",
               "experimental-mid-script-function-call")]
    vars { number $n = get_amount(balance(@guarantor:5, CNY/2)) - 497 }
    send [CNY/2 *] ( source = { @borrower:$n @guarantor:5 } destination = @investor:1 )
    """
    around = Circumstances(ledger, NAMES, lambda account, key: None)
    result, _ = run_on_ledger(parse(text), around, {})
    assert [(p.source, p.amount) for p in result.postings] == [("borrower:3", 900), ("guarantor:5", 500)]


class Busy:
    """A ledger on which others pay 100 from one account to another between any two reads."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger, self._desk, self._serial = ledger, OrderDesk(ledger, CHART), 100

    def lookup_accounts(self, accounts: Sequence[int]) -> list[Account]:
        self._serial += 1
        paid = Fee(id=number(self._serial), day=DAY, payer=BORROWER, amount=100)
        self._desk.submit([paid])
        return self._ledger.lookup_accounts(accounts)


def test_a_run_sees_one_instant_while_others_pay(ledger: Ledger) -> None:
    text = "send [CNY/2 *] ( source = { @fee_income @borrower:3 } destination = @investor:1 )"
    around = Circumstances(Busy(ledger), NAMES, lambda account, key: None)
    result, _ = run_on_ledger(parse(text), around, {})
    assert sum(posting.amount for posting in result.postings) == 900


def test_a_run_needs_an_order_id() -> None:
    with pytest.raises(BadOrder):
        RunRequest(id=number(1) + 1, day=DAY, agreement="repayment")
