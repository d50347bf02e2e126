"""The simulated bank: its books balance, a number has one effect, and each fault does what it says."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import pytest

from jinku.base.errors import InputError
from jinku.custody.channel.custodian.table import SERVICES, Code, Standing, Status
from jinku.custody.statements.formats import read_statement
from jinku.sim.custodian.bank import Bank
from jinku.sim.custodian.books import OUTSIDE, Books
from jinku.sim.custodian.checkfiles import KINDS, check_file
from jinku.sim.custodian.faults import ALL_RATES, Fate, FaultPlan, Mishap, Noise

FRIDAY = date(2026, 11, 20)
PAY = {"user": "9", "amount": "400", "currency": "CNY", "mode": "normal"}


@dataclass
class Open:
    """A bank with one customer who has 1,000."""

    bank: Bank
    books: Books

    def left(self) -> list[tuple[str, int]]:
        return [(number, amount) for number, amount in self.books.rows("SELECT number, amount FROM outside")]


@pytest.fixture
def opened(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Open]:
    plan = FaultPlan.parse(getattr(request, "param", ""))
    with Books(tmp_path / "books.sqlite") as books:
        books_bank = Open(Bank(books, plan, FRIDAY), books)
        books.move("fund", OUTSIDE, "USER:9", 1_000)
        yield books_bank
        assert books.balanced()


def test_a_number_pays_once_and_keeps_its_content(opened: Open) -> None:
    """R20: the bank dedupes by request number; another content under it is refused."""
    for _ in range(3):
        assert opened.bank.serve("WITHDRAW", "17", PAY)[0] == Code.DONE
        opened.bank.beat()
    assert opened.bank.serve("WITHDRAW", "17", {**PAY, "amount": "401"})[0] == Code.NUMBER_TAKEN
    assert opened.left() == [("17", 400)]
    assert opened.books.balance("USER:9") == 600


def test_file_and_interface_share_one_set_of_numbers(opened: Open) -> None:
    """R20: a number that was used on one side is not free on the other."""
    opened.books.move("fund", OUTSIDE, "POOL", 1_000)
    opened.bank.pay_from_pool("17", "ACC", 400, "CNY")
    assert opened.bank.serve("WITHDRAW", "17", PAY)[0] == Code.NUMBER_TAKEN


@pytest.mark.parametrize(
    ("opened", "status", "left"),
    [
        ("", Status.SETTLED, [("17", 400)]),
        ("refuse=1", Status.FAILED, []),
        ("fail=1", Status.FAILED, []),
        ("late=1", Status.ACCEPTED, []),
        ("return=1", Status.SETTLED, [("17", 400)]),
    ],
    indirect=["opened"],
)
def test_each_fate_is_in_the_books(opened: Open, status: str, left: list[tuple[str, int]]) -> None:
    """R5: what becomes of the money is what the bank says."""
    opened.bank.serve("WITHDRAW", "17", PAY)
    opened.bank.beat()
    assert (opened.bank.status_of("17")["status"], opened.left()) == (status, left)


@pytest.mark.parametrize("opened", ["return=1", "late=1"], indirect=True)
def test_returns_and_late_settlements_come_days_later(opened: Open) -> None:
    """R5: a return comes business days after the settlement."""
    opened.bank.serve("WITHDRAW", "17", PAY)
    days = []
    for _ in range(4):
        opened.bank.beat()
        days.append((opened.books.day, opened.bank.status_of("17")["status"]))
        opened.bank.advance()
    ended = dict(days)
    assert ended["2026-11-23"] == Status.SETTLED
    assert ended["2026-11-24"] == (
        Status.RETURNED if sum(a for _, a in opened.left()) == 0 else Status.SETTLED
    )


def test_stopping_a_payout_frees_it_and_a_paid_one_is_not_stopped(opened: Open) -> None:
    """R5: confirmed payouts wait; cancel and intercept work before the money left, not after."""
    opened.bank.serve("WITHDRAW", "1", {**PAY, "mode": "confirmed"})
    opened.bank.beat()
    assert opened.bank.status_of("1")["status"] == Status.HELD
    assert opened.bank.serve("CANCEL_WITHDRAW", "2", {"original": "1"})[2]["status"] == Status.FAILED
    opened.bank.serve("WITHDRAW", "3", {**PAY, "mode": "immediate"})
    assert opened.bank.serve("INTERCEPT_WITHDRAW", "4", {"original": "3"})[0] == Code.REFUSED
    assert opened.books.balance("USER:9") == 600


def test_services_that_are_only_shapes_are_not_offered(opened: Open) -> None:
    """R5: the table says honestly what is built."""
    for one in SERVICES.values():
        if one.standing is Standing.SHAPE:
            assert opened.bank.serve(one.name, "1", dict.fromkeys(one.fields, "1"))[0] == Code.NOT_OFFERED
    assert sum(one.standing is Standing.END_TO_END for one in SERVICES.values()) == 27


@pytest.mark.parametrize("kind", KINDS)
def test_check_files_are_read_and_wrong_ones_differ(opened: Open, kind: str) -> None:
    """R20: right files say what left; wrong ones still add up, so that only a comparison finds them."""
    day = FRIDAY.isoformat()
    opened.bank.serve("RECHARGE", "r", {"user": "9", "amount": "50", "currency": "CNY"})
    opened.bank.serve("WITHDRAW", "w", PAY)
    move = {"payer": "9", "payee": "8", "amount": "10", "commission": "1", "currency": "CNY"}
    opened.bank.serve("SINGLE_SETTLEMENT", "s", move)
    opened.bank.beat()
    [right] = read_statement(check_file(opened.books, opened.bank.plan, kind, day), "f")
    wanted = {"recharge": ["r"], "withdraw": ["w"], "transaction": ["s"], "commission": ["s"], "rollback": []}
    assert [entry.end_to_end_id for entry in right.entries] == wanted[kind]
    [wrong] = read_statement(check_file(opened.books, FaultPlan(seed=1), kind, day, wrong=True), "f")
    assert (wrong.entries != right.entries) == bool(wanted[kind])


def test_a_plan_is_the_same_for_the_same_seed_and_rates_are_kept() -> None:
    """R21: a run can be repeated; a fault strikes about as often as it is told."""
    plan, again, other = (FaultPlan.parse("all", seed) for seed in (7, 7, 8))
    numbers = [str(n) for n in range(2_000)]
    assert [plan.fate(n) for n in numbers] == [again.fate(n) for n in numbers]
    assert [plan.fate(n) for n in numbers] != [other.fate(n) for n in numbers]
    assert 20 <= sum(plan.fate(n) is Fate.LATE for n in numbers) <= 65
    assert {plan.mishap(n, h) for n in numbers for h in range(10)} == {*Mishap, None}
    assert set(ALL_RATES) == {*Fate, *Mishap, *Noise}
    for wrong in ("none=1", "fail=2", "fail", "fail=x"):
        with pytest.raises(InputError):
            FaultPlan.parse(wrong)
