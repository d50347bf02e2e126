"""Positions, deadlines, top-ups and withdrawals, on a real ledger."""

import json
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import numpy as np
import pytest
from sqlalchemy import delete, update
from sqlalchemy.exc import IntegrityError
from tests.custody.closing.scene import BOOKS, FIRST, LONDON, Bank, Scene, scene_in

from jinku.base.calendar import UK
from jinku.base.clock import from_rfc3339, to_rfc3339
from jinku.base.currency import currency
from jinku.base.database import Database
from jinku.base.errors import InputError
from jinku.custody.closing.days import DayState
from jinku.custody.closing.deadlines import business_time, deadline, time_text
from jinku.custody.closing.errors import CloseRefused, SamePerson
from jinku.custody.closing.extract import BALANCE_ROW
from jinku.custody.closing.notice import Facts, notice
from jinku.custody.closing.paying import OrderPayer
from jinku.custody.closing.position import Outcome
from jinku.custody.closing.remedies import RemedyDesk, RemedyKind, RemedyState
from jinku.custody.closing.requirement import AsOf, positions_of
from jinku.custody.closing.table import NO_RULE, RULES, rule_in_force
from jinku.custody.closing.tables import REMEDY
from jinku.custody.statements.model import Direction, StatementEntry
from jinku.custody.structure.chart import Chart
from jinku.custody.structure.table import Kind, Movement
from jinku.custody.structure.template import load_structure
from jinku.ledger.layout import ENTRY

SECOND = date(2026, 11, 20)


@pytest.fixture
def scene(database: Database, tmp_path: Path) -> Iterator[Scene]:
    with scene_in(tmp_path, database) as made:
        yield made


@pytest.fixture
def remedies(scene: Scene) -> RemedyDesk:
    payer = OrderPayer(scene.ledger, lambda _: scene.structure)
    return RemedyDesk(scene.database, scene.book, scene.ledger, payer, scene.clock)


def own_money(scene: Scene, amount: int) -> None:
    """The institution's own account holds something."""
    chart = scene.chart
    own, bank = chart.account(Kind.PLATFORM_OWN), chart.account(Kind.OWN_BANK_MIRROR)
    scene.move(bank, own, amount, FIRST, Movement.OPENING)


def deposited(scene: Scene, bank: Bank, day: date, amount: int) -> None:
    bank.line(scene.deposit(day, amount), amount, Direction.CREDIT, day)


def test_a_shortfall_is_topped_up_on_the_same_day_with_evidence(scene: Scene, remedies: RemedyDesk) -> None:
    """R9: proposed, approved by another, executed once, evidenced; the next position shows it."""
    own_money(scene, 50_000)
    bank = Bank()
    deposited(scene, bank, FIRST, 10_000)
    scene.deposit(FIRST, 3_000)  # the bank does not have it
    scene.close(bank, FIRST)
    [position] = remedies.position(BOOKS, FIRST)
    assert (position["requirement"], position["resource"], position["outcome"]) == (
        "13000",
        "10000",
        "shortfall",
    )
    [one] = remedies.propose(BOOKS, FIRST, "clerk-1")
    assert (one.kind, one.amount, one.state) == (RemedyKind.TOP_UP, 3_000, RemedyState.PROPOSED)
    assert remedies.propose(BOOKS, FIRST, "clerk-3") == [one]
    assert to_rfc3339(one.due_at) == "2026-11-20T00:00:00Z"
    with pytest.raises(CloseRefused, match="proposed"):
        remedies.execute(one.number, "clerk-1")
    with pytest.raises(SamePerson):
        remedies.decide(one.number, "CLERK-1", approve=True)
    remedies.decide(one.number, "clerk-2", approve=True)
    size = scene.ledger.size()
    done = remedies.execute(one.number, "clerk-1")
    assert done.state is RemedyState.EXECUTED
    assert scene.ledger.size() == size + 3  # two linked transfers and the seal
    assert remedies.execute(one.number, "clerk-1") == done
    assert scene.ledger.size() == size + 3
    evidence = json.loads(done.evidence)
    assert evidence["in_time"]
    assert evidence["position_after"]["difference"] == "0"
    assert evidence["decided_by"] == "clerk-2"
    now = evidence["payment"]["position_now"]
    assert (now["requirement"], now["resource"], now["own"]) == ("13000", "16000", "3000")
    scene.clock.to("2026-11-20T12:00:00Z")
    bank.lines.append(bank_line(done.order_id, 3_000, SECOND))
    scene.close(bank, SECOND)
    assert [row["outcome"] for row in remedies.history(BOOKS)] == ["shortfall", "reconciled"]


def bank_line(order: int, amount: int, day: date) -> StatementEntry:
    return StatementEntry(f"TOPUP-{order & 0xFFFF}", amount, Direction.CREDIT, day)


def test_what_is_under_way_is_not_asked_for_again(scene: Scene, remedies: RemedyDesk) -> None:
    """R9: a top-up that is approved and not yet executed is not proposed a second time by the next day."""
    own_money(scene, 50_000)
    bank = Bank()
    scene.deposit(FIRST, 3_000)
    scene.close(bank, FIRST)
    [one] = remedies.propose(BOOKS, FIRST, "clerk-1")
    remedies.decide(one.number, "clerk-2", approve=True)
    scene.close(bank, SECOND)
    assert remedies.propose(BOOKS, SECOND, "clerk-1") == []


def test_an_excess_leaves_only_as_own_money(scene: Scene, remedies: RemedyDesk) -> None:
    """R9: of an excess only the institution's own money is withdrawn; unknown money stays for its owner."""
    bank = Bank()
    deposited(scene, bank, FIRST, 10_000)
    fee = scene.chart.account(Kind.FEE_INCOME)
    scene.move(scene.customer, fee, 400, FIRST, Movement.FEE)
    file = bank.statement(FIRST, extra=5_000)  # somebody paid 50.00 and nobody knows who
    scene.close(bank, FIRST, file=file)
    [position] = remedies.position(BOOKS, FIRST)
    assert (position["difference"], position["outcome"]) == ("5400", "excess")
    [one] = remedies.propose(BOOKS, FIRST, "clerk-1")
    assert (one.kind, one.amount) == (RemedyKind.WITHDRAWAL, 400)
    refused = remedies.decide(one.number, "clerk-2", approve=False, reason="wait for the owner")
    assert refused.state is RemedyState.REFUSED
    with pytest.raises(CloseRefused):
        remedies.execute(one.number, "clerk-1")
    [again] = remedies.propose(BOOKS, FIRST, "clerk-1")
    remedies.decide(again.number, "clerk-2", approve=True)
    assert remedies.execute(again.number, "clerk-3").state is RemedyState.EXECUTED
    [left] = scene.ledger.lookup_accounts([fee])
    assert left.credits_posted == left.debits_posted == 400


def test_a_payment_that_the_ledger_refuses_changes_nothing(scene: Scene, remedies: RemedyDesk) -> None:
    bank = Bank()
    scene.deposit(FIRST, 3_000)
    scene.close(bank, FIRST)
    [one] = remedies.propose(BOOKS, FIRST, "clerk-1")  # there is no own money
    remedies.decide(one.number, "clerk-2", approve=True)
    with pytest.raises(CloseRefused, match="own account"):
        remedies.execute(one.number, "clerk-1")
    assert remedies.remedy(one.number).state is RemedyState.APPROVED
    for statement in (delete(REMEDY), update(REMEDY).values(decided_by="clerk-1")):
        with pytest.raises(IntegrityError), scene.database.writing() as connection:
            connection.execute(statement)


def test_money_in_transit_may_be_on_its_way_for_a_day(scene: Scene, remedies: RemedyDesk) -> None:
    """R8: D+1: what a channel took today need not be at the bank; what it took before must."""
    bank = Bank()
    deposited(scene, bank, FIRST, 10_000)
    transit = scene.chart.account(Kind.IN_TRANSIT)
    scene.move(transit, scene.customer, 2_000, FIRST, Movement.DEPOSIT)
    scene.close(bank, FIRST)
    [first] = remedies.position(BOOKS, FIRST)
    assert (first["in_transit"], first["transit_allowed"], first["overdue"]) == ("2000", "2000", "0")
    assert (first["requirement"], first["outcome"]) == ("10000", "reconciled")
    scene.clock.to("2026-11-20T10:00:00Z")
    scene.move(transit, scene.customer, 500, SECOND, Movement.DEPOSIT)
    scene.close(bank, SECOND)
    [second] = remedies.position(BOOKS, SECOND)
    assert (second["transit_allowed"], second["overdue"], second["outcome"]) == ("500", "2000", "shortfall")
    assert any("D+1" in line for line in second["explanation"])


def test_a_client_in_debt_pays_for_nobody() -> None:
    """R8: a negative balance is floored at zero, so that one client's debt never pays another's claim."""
    chart = Chart(1, 826, load_structure("uk-safeguarding"))
    held = [(Kind.CUSTOMER, 1, 0, 700), (Kind.CUSTOMER, 2, 50, 0), (Kind.BANK_MIRROR, 0, 650, 0)]
    rows = np.zeros(len(held), BALANCE_ROW)
    for row, (kind, party, debits, credits_) in zip(rows, held, strict=True):
        number = chart.account(kind, party)
        row["id_hi"], row["id_lo"] = number >> 64, number & ((1 << 64) - 1)
        row["debits_posted_lo"], row["credits_posted_lo"] = debits, credits_
    what = AsOf(1, currency("GBP"), FIRST, "")
    rule = rule_in_force("UK", FIRST)
    [one] = positions_of(what, rows, np.zeros(0, ENTRY), {}, chart.structure, rule)
    assert (one.clients_sum, one.floored_count, one.floored_sum, one.requirement) == (650, 1, 50, 700)
    assert (one.difference, one.outcome) == (-50, Outcome.SHORTFALL)


def test_the_differences_add_up(scene: Scene, remedies: RemedyDesk) -> None:
    """R8: internal and external differences add up to the whole one; every step of the arithmetic is said."""
    bank = Bank()
    deposited(scene, bank, FIRST, 10_000)
    file = bank.statement(FIRST, extra=25)
    scene.close(bank, FIRST, file=file)
    [one] = remedies.position(BOOKS, FIRST)
    assert int(one["internal"]) + int(one["external"]) == int(one["difference"]) == 25
    assert one["explanation"][-1].endswith("= 0.25 GBP: excess")


def test_deadlines_count_business_days_and_say_when_they_are_over() -> None:
    """R9: the clock of a shortfall found on a Friday evening, a bank holiday, and after the end."""
    rule = rule_in_force("UK", date(2026, 11, 20))
    found = from_rfc3339("2026-12-24T18:00:00Z")
    clock = deadline(LONDON, rule, found, Outcome.SHORTFALL)
    assert to_rfc3339(clock.due_at) == to_rfc3339(clock.notify_by) == "2026-12-25T00:00:00Z"
    assert time_text(clock.remaining(found)) == "6 h 00 min"
    assert not clock.is_overdue(clock.due_at)
    assert clock.is_overdue(clock.due_at + 1)
    weekend = deadline(LONDON, rule, from_rfc3339("2026-12-26T10:00:00Z"), Outcome.SHORTFALL)
    assert to_rfc3339(weekend.due_at) == "2026-12-30T00:00:00Z"
    span = business_time(LONDON, found, from_rfc3339("2026-12-29T12:00:00Z"))
    assert span == 18 * 3_600 * 10**9
    assert business_time(LONDON, found, found - 1) == 0
    assert deadline(LONDON, rule, found, Outcome.RECONCILED).due_at == 0
    assert time_text(-26 * 3_600 * 10**9) == "-1 d 2 h 00 min"
    assert UK.name == LONDON.calendar


def test_rules_are_dated_rows_with_a_source() -> None:
    """R8, R9: thresholds are rows with a day and a source; the newest in force counts."""
    assert all(row.source for row in RULES)
    assert rule_in_force("UK", date(2026, 5, 6)).since == date(2018, 1, 13)
    assert rule_in_force("UK", date(2026, 5, 7)).since == date(2026, 5, 7)
    assert rule_in_force("CN", date(2010, 1, 1)) is NO_RULE
    assert rule_in_force("", FIRST) is NO_RULE
    assert rule_in_force("US", FIRST).proposal
    with pytest.raises(InputError):
        rule_in_force("XX", FIRST)


def test_the_notice_has_the_facts_in_both_languages(scene: Scene, remedies: RemedyDesk) -> None:
    """R9: the draft for the regulator names amounts, times, measures and the sealed record; no customer."""
    bank = Bank()
    scene.deposit(FIRST, 3_000)
    day, record = scene.close(bank, FIRST)
    assert day.state is DayState.CLOSED
    [position] = remedies.position(BOOKS, FIRST)
    counts = json.loads(record)["reconciliation"]["counts"]
    rule = rule_in_force("UK", FIRST)
    before = notice(Facts(day, currency("GBP"), position, counts, [], rule, scene.clock()))
    assert "none proposed" in before.english
    assert "尚未提出" in before.chinese
    found = remedies.propose(BOOKS, FIRST, "clerk-1")
    late = from_rfc3339("2026-11-20T08:00:00Z")
    draft = notice(Facts(day, currency("GBP"), position, counts, found, rule, late))
    for text in (draft.english, draft.chinese):
        assert "30.00 GBP" in text
        assert "-30.00 GBP" in text
        assert day.record in text
    assert "OVERDUE" in draft.english
    assert "已逾期" in draft.chinese
    assert "Financial Conduct Authority" in draft.to_english
    assert draft.notify_by == "2026-11-20T00:00:00Z"
