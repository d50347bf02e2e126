"""The day played against a real ledger by many callers: as planned, whatever the order of arrival."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from jinku.custody.orders.desk import OrderDesk
from jinku.custody.reconciliation.breaks import Break
from jinku.custody.reconciliation.engine import reconcile
from jinku.custody.reconciliation.sources import ledger_records
from jinku.custody.statements.formats import camt
from jinku.custody.structure.chart import Chart, Opening
from jinku.custody.structure.table import Kind
from jinku.ledger import Ledger
from jinku.ledger.opening import open_journal
from jinku.sim.bank import bank_statement
from jinku.sim.day import Day, make_day
from jinku.sim.errors import SimulationFault
from jinku.sim.labels import score
from jinku.sim.run import Player, RunReport, Script, SimClock, compare_balances
from jinku.sim.scale import SMALL

CHART = Chart(1, 156)
SEED = 11
DAY = make_day(CHART, date(2026, 11, 20), SMALL, SEED)


def play(directory: Path, day: Day, callers: int) -> tuple[Ledger, RunReport]:
    clock = SimClock(day.acts[0].moment)
    ledger = open_journal(directory, clock=clock)
    desk = OrderDesk(ledger, CHART)
    desk.open_entity()
    desk.open_parties([Opening(party.number, party.role, party.number) for party in day.parties])
    return ledger, Player(desk, clock, callers).play(Script(day))


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Ledger, RunReport]]:
    ledger, report = play(tmp_path_factory.mktemp("day") / "ledger", DAY, 16)
    with ledger:
        yield ledger, report


def test_every_balance_is_the_one_the_simulators_books_say(played: tuple[Ledger, RunReport]) -> None:
    ledger, report = played
    assert compare_balances(DAY, ledger) == len(DAY.parties) + len(DAY.chart.structure.entity_kinds)
    ledger.check()
    assert report.refused == sum(len(act.refused) for act in DAY.acts)
    assert report.sent_again > 0
    assert report.statuses["EXISTS"] == report.sent_again
    assert report.transfers == report.statuses.total()
    assert report.statuses["CREATED"] == report.transfers - report.refused - report.sent_again


def test_a_balance_that_differs_is_named(played: tuple[Ledger, RunReport]) -> None:
    account = CHART.account(Kind.SUSPENSE)
    wrong = replace(DAY, balances={**DAY.balances, account: DAY.balances[account] + 1})
    with pytest.raises(SimulationFault, match="SUSPENSE"):
        compare_balances(wrong, played[0])


def test_any_number_of_callers_gives_the_same_balances(tmp_path: Path) -> None:
    for callers in (1, 64):
        ledger, _ = play(tmp_path / str(callers), DAY, callers)
        with ledger:
            compare_balances(DAY, ledger)


def test_a_refusal_that_was_not_planned_stops_the_play(tmp_path: Path) -> None:
    careless = replace(DAY, acts=tuple(replace(act, refused=frozenset({1})) for act in DAY.acts))
    with pytest.raises(SimulationFault, match="not planned"):
        play(tmp_path / "ledger", careless, 4)


def found_breaks(ledger: Ledger) -> tuple[Break, ...]:
    statement, _ = bank_statement(DAY, SEED, SMALL.breaks_per_class)
    [read] = camt.read(camt.write([statement]), "statement.xml")
    ours = ledger_records(ledger, CHART.account(Kind.BANK_MIRROR), read.account, read.currency.code)
    return reconcile(read, ours).breaks


def test_every_labelled_break_is_found_and_none_besides(played: tuple[Ledger, RunReport]) -> None:
    _, labels = bank_statement(DAY, SEED, SMALL.breaks_per_class)
    scores = score(labels, found_breaks(played[0]))
    assert all(one.labelled > 0 for one in scores)
    assert [one.found for one in scores] == [one.labelled for one in scores]
    assert not any(one.missed or one.false for one in scores)


def test_a_missed_and_a_false_break_are_counted(played: tuple[Ledger, RunReport]) -> None:
    _, labels = bank_statement(DAY, SEED, SMALL.breaks_per_class)
    breaks = found_breaks(played[0])
    assert sum(one.missed for one in score(labels, breaks[1:])) == 1
    assert sum(one.false for one in score(labels[1:], breaks)) == 1
