"""K12: losses, indicators, duties and limits on a real ledger's log, on SQLite and PostgreSQL."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import date, timedelta
from pathlib import Path

import pytest
from sqlalchemy import text

from jinku.base.clock import day_of, start_of_day
from jinku.base.database import Database
from jinku.base.errors import InputError
from jinku.ledger.opening import open_journal
from jinku.risk.acts.book import ActBook
from jinku.risk.acts.errors import ActTampered
from jinku.risk.market.errors import LimitRefused
from jinku.risk.market.limits import Limit, MarketDesk, Quantity, Source, Use, fold_day, fold_limit
from jinku.risk.market.measures import Measured, Method, Question
from jinku.risk.operational.duties import DutyOffice, Urgency, due_day, fold_duty
from jinku.risk.operational.errors import DutyRefused, IndicatorRefused, LossRefused
from jinku.risk.operational.indicators import Colour, IndicatorDesk, fold_indicator, read_indicators
from jinku.risk.operational.losses import Loss, LossDesk, Recovery, fold_loss, sums
from jinku.risk.operational.table import DUTIES, INDICATORS, Indicator, LossType

TODAY = date(2026, 11, 20)
FOLDS = {
    "loss": fold_loss,
    "indicator": fold_indicator,
    "duty": fold_duty,
    "market_limit": fold_limit,
    "market_day": fold_day,
}


@dataclass
class Hands:
    """A clock that a test moves."""

    now: int = start_of_day(TODAY)

    def __call__(self) -> int:
        self.now += 1_000
        return self.now

    def today(self) -> date:
        return day_of(self.now)


@pytest.fixture
def clock() -> Hands:
    return Hands()


@pytest.fixture(params=["sqlite", "postgres"])
def book(request: pytest.FixtureRequest, tmp_path: Path, clock: Hands) -> Iterator[ActBook]:
    """A book of acts on each engine, sealed in a real ledger's log."""
    where: Path | str = tmp_path / "control.db"
    if request.param == "postgres":
        new: Callable[[], str] = request.getfixturevalue("new_postgres_url")
        where = new()
    with open_journal(tmp_path / "ledger", clock=clock) as ledger, Database.open(where) as database:
        yield ActBook(database, ledger, clock)


def loss(gross: int = 120_000, kind: LossType = LossType.EXTERNAL_FRAUD) -> Loss:
    return Loss(kind, "payments", 156, TODAY - timedelta(9), TODAY - timedelta(2), gross)


def test_a_loss_from_report_to_close(book: ActBook, clock: Hands) -> None:
    """K12: gross, recoveries and net; another person closes; every act is sealed and audited."""
    desk = LossDesk(book, clock.today)
    key = desk.report(loss(), "card testing at one shop", by="ops-1")
    desk.revise(key, 150_000, "two more cards", by="ops-1")
    desk.recover(key, 40_000, Recovery.INSURANCE, by="ops-2")
    assert (desk.event(key).loss.gross, desk.event(key).net) == (150_000, 110_000)
    refusals: list[Callable[[], object]] = [
        lambda: desk.recover(key, 110_001, Recovery.OTHER, by="ops-2"),
        lambda: desk.revise(key, 39_999, "less", by="ops-1"),
        lambda: desk.close(key, "terminal replaced", by="OPS-1"),
    ]
    for refused in refusals:
        with pytest.raises(LossRefused):
            refused()
    desk.close(key, "terminal replaced", by="head-3")
    with pytest.raises(LossRefused, match="is closed"):
        desk.revise(key, 1_000_000, "more", by="ops-1")
    desk.recover(key, 10_000, Recovery.OTHER, by="ops-2")
    event = desk.event(key)
    assert (event.net, event.is_open, event.accounted) == (100_000, False, TODAY)
    assert book.seals.audit(FOLDS) == 5


def test_losses_by_kind(book: ActBook, clock: Hands) -> None:
    """K12: sums by kind and currency over a period; near misses are counted, not lost."""
    desk = LossDesk(book, clock.today)
    for gross in (0, 5_000, 7_000):
        desk.report(loss(gross), "x", by="ops-1")
    desk.report(loss(900, LossType.EXECUTION), "y", by="ops-1")
    desk.recover("000003", 7_000, Recovery.OTHER, by="ops-1")
    clock.now += 40 * 86_400_000_000_000
    desk.report(replace(loss(1), found=TODAY + timedelta(30)), "later", by="ops-1")
    [fraud, execution] = sums(desk.events(), TODAY, TODAY)
    assert (fraud.kind, fraud.events, fraud.near_misses, fraud.gross, fraud.net) == (
        LossType.EXTERNAL_FRAUD, 3, 1, 12_000, 5_000,
    )  # fmt: skip
    assert (execution.kind, execution.net) == (LossType.EXECUTION, 900)


def test_a_loss_that_cannot_be(book: ActBook, clock: Hands) -> None:
    desk = LossDesk(book, clock.today)
    for wrong in (
        replace(loss(), occurred=TODAY),
        replace(loss(), found=TODAY + timedelta(1)),
        replace(loss(), gross=-1),
        replace(loss(), line=""),
    ):
        with pytest.raises(LossRefused):
            desk.report(wrong, "x", by="ops-1")
    with pytest.raises(LossRefused, match="no loss event"):
        desk.event("000009")
    assert list(desk.events()) == []


def test_a_loss_made_smaller_in_the_database_is_told(book: ActBook, clock: Hands) -> None:
    """K12: whoever edits a kept loss is found out."""
    key = LossDesk(book, clock.today).report(loss(), "card testing", by="ops-1")
    with book.database.writing() as connection:
        connection.execute(text("UPDATE risk_act SET body = replace(body, '120000', '120')"))
    with pytest.raises(ActTampered, match=f"loss {key}"):
        book.seals.audit(FOLDS)


def test_indicators_change_colour(book: ActBook, clock: Hands) -> None:
    """K12: colours by the table, worse and stale ones ask for attention, all values or none."""
    falling = Indicator("coverage", "Coverage", "覆盖率", "%", 95, 90, rising=False)
    desk = IndicatorDesk(book, (INDICATORS[0], falling), clock)
    assert {one.stale for one in desk.readings()} == {True}
    assert desk.observe({"breaks_open": 20, "coverage": 96}, by="jinku") == {
        "breaks_open": Colour.AMBER,
        "coverage": Colour.GREEN,
    }
    assert [one.indicator.name for one in desk.attention()] == ["breaks_open"]
    desk.observe({"breaks_open": 19, "coverage": 90}, by="jinku")
    assert [one.indicator.name for one in desk.attention()] == ["coverage"]
    with pytest.raises(IndicatorRefused, match="unheard"):
        desk.observe({"breaks_open": 1, "unheard": 1}, by="jinku")
    assert [value for _, value, _ in desk.series("breaks_open")] == [20, 19]
    clock.now += 4 * 86_400_000_000_000
    assert all(one.stale for one in desk.attention())
    assert book.seals.audit(FOLDS) == 4


def test_indicators_of_ones_own(tmp_path: Path) -> None:
    path = tmp_path / "kri.toml"
    good = '[[indicator]]\nname = "a"\nenglish = "A"\nchinese = "甲"\nunit = "x"\namber = 1\nred = 2\n'
    path.write_text(good, encoding="utf-8")
    assert read_indicators(path) == (Indicator("a", "A", "甲", "x", 1, 2),)
    for wrong, said in (
        ("", "no \\[\\[indicator"),
        (good.replace("red = 2", "red = 0"), "red before amber"),
        (good.replace("red = 2", "red = true"), "needs a int"),
        (good + "colour = 1\n", "unknown field"),
        (good * 2, "given twice"),
        ("[[indicator", "cannot be read as TOML"),
    ):
        path.write_text(wrong, encoding="utf-8")
        with pytest.raises(InputError, match=said):
            read_indicators(path)


def test_duties_fall_due(book: ActBook, clock: Hands) -> None:
    """K12: five business days after Friday; overdue first; done once, with evidence."""
    office = DutyOffice(book, DUTIES, date(2026, 9, 1), clock.today)
    office.arise("large_value_report", "20261120-77", TODAY, by="jinku")
    office.arise("large_value_report", "20261120-77", TODAY, by="jinku")
    agenda = office.agenda(date(2026, 11, 27))
    mine = [one for one in agenda if one.row.name == "large_value_report"]
    assert [(one.due, one.urgency, one.provisional) for one in mine] == [
        (date(2026, 11, 27), Urgency.SOON, False)
    ]
    assert office.agenda(date(2026, 11, 30))[0].urgency == Urgency.OVERDUE
    months = [one.reference for one in agenda if one.row.name == "loss_report"]
    assert months == ["2026-09", "2026-10"]
    office.done("loss_report", "2026-09", "ab" * 32, by="risk-1")
    office.done("large_value_report", "20261120-77", "cd" * 32, by="aml-1")
    left = office.agenda(date(2026, 11, 27))
    assert {(one.row.name, one.reference) for one in left} == {("loss_report", "2026-10")}
    refusals: list[Callable[[], object]] = [
        lambda: office.done("loss_report", "2026-09", "ab" * 32, by="risk-1"),
        lambda: office.done("loss_report", "2031-09", "ab" * 32, by="risk-1"),
        lambda: office.done("loss_report", "2026-10", "a report", by="risk-1"),
        lambda: office.arise("loss_report", "x", TODAY, by="jinku"),
        lambda: office.arise("large_value_report", "20261120-77", TODAY - timedelta(1), by="jinku"),
        lambda: office.arise("unheard", "x", TODAY, by="jinku"),
        lambda: office.arise("objection_answer", "x", date(2020, 1, 1), by="jinku"),
    ]
    for refused in refusals:
        with pytest.raises(DutyRefused):
            refused()
    assert book.seals.audit(FOLDS) == 3


def test_fifteen_days_are_fifteen_days() -> None:
    """K12: an objection's days are calendar days; a year without a calendar counts every day, and says so."""
    rows = {one.name: one for one in DUTIES}
    assert due_day(rows["objection_answer"], TODAY) == (date(2026, 12, 5), False)
    due, provisional = due_day(rows["model_review"], date(2098, 12, 31))
    assert (due, provisional) == (date(2098, 12, 31) + timedelta(60), True)


def measured(amount: int, method: Method = Method.HISTORICAL) -> Measured:
    return Measured(Question(method), amount, amount + 10, 500)


def test_limits_are_approved_by_another_person(book: ActBook) -> None:
    """K12: a limit holds from its day once approved; equal is within, above warns, above stop is a breach."""
    desk = MarketDesk(book)
    first = desk.propose(Limit("own-funds", Quantity.VALUE_AT_RISK, 80, 100, TODAY), by="risk-1")
    assert desk.uses("own-funds", measured(500), TODAY) == []
    for by in ("risk-1", "Risk-1"):
        with pytest.raises(LimitRefused, match="another person"):
            desk.approve(first, by=by)
    desk.approve(first, by="board-2")
    with pytest.raises(LimitRefused, match="not waiting"):
        desk.reject(first, by="board-2")
    uses = [desk.uses("own-funds", measured(amount), TODAY)[0].use for amount in (80, 81, 100, 101)]
    assert uses == [Use.WITHIN, Use.WARNING, Use.WARNING, Use.BREACH]
    assert desk.uses("own-funds", measured(500), TODAY - timedelta(1)) == []
    later = desk.propose(Limit("own-funds", Quantity.VALUE_AT_RISK, 10, 20, TODAY), by="risk-1")
    desk.approve(later, by="board-2")
    assert desk.uses("own-funds", measured(50), TODAY)[0].use == Use.BREACH
    for wrong in (
        Limit("own-funds", Quantity.VALUE_AT_RISK, 30, 20, TODAY),
        Limit("own/funds", Quantity.VALUE_AT_RISK, 1, 2, TODAY),
        Limit("", Quantity.VALUE_AT_RISK, 1, 2, TODAY),
    ):
        with pytest.raises(LimitRefused):
            desk.propose(wrong, by="risk-1")
    assert book.seals.audit(FOLDS) == 4


def test_the_record_is_what_is_tested(book: ActBook) -> None:
    """K12: kept figures and outcomes, once each; the back-test counts the days that lost more."""
    desk, source = MarketDesk(book), Source("ab" * 32, "cd" * 32)
    for number, lost in enumerate((90, 101, -5)):
        day = TODAY + timedelta(number)
        desk.keep(day, "own-funds", (measured(100), measured(200, Method.PARAMETRIC)), source, by="jinku")
        desk.record_outcome(day, "own-funds", lost, by="jinku")
    desk.keep(TODAY + timedelta(9), "own-funds", (measured(100),), source, by="jinku")
    found = desk.tested("own-funds", Method.HISTORICAL, 990_000)
    assert (found.days, found.exceptions) == (3, (1,))
    assert desk.tested("own-funds", Method.PARAMETRIC, 990_000).exceptions == ()
    refusals: list[Callable[[], object]] = [
        lambda: desk.keep(TODAY, "own-funds", (measured(1),), source, by="jinku"),
        lambda: desk.record_outcome(TODAY, "own-funds", 1, by="jinku"),
        lambda: desk.record_outcome(TODAY, "another", 1, by="jinku"),
    ]
    for refused in refusals:
        with pytest.raises(LimitRefused):
            refused()
    assert book.seals.audit(FOLDS) == 7
