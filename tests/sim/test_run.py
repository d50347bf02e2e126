"""The day played against a real ledger by many callers: as planned, whatever the order of arrival."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from jinku.custody.orders.desk import OrderDesk
from jinku.custody.reconciliation.breaks import BreakClass
from jinku.custody.reconciliation.platform import PlatformMapping, read_platform
from jinku.custody.structure.chart import Chart, Opening
from jinku.custody.structure.table import Kind
from jinku.ledger import Ledger
from jinku.ledger.opening import open_journal
from jinku.sim.bank import bank_statement
from jinku.sim.day import Day, make_day
from jinku.sim.errors import SimulationFault
from jinku.sim.labels import score
from jinku.sim.platform import platform_export
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


def test_a_missed_and_a_false_break_are_counted() -> None:
    _, labels = bank_statement(DAY, SEED, SMALL.breaks_per_class)
    _, more = platform_export(DAY, SEED, SMALL.breaks_per_class, {one.reference for one in labels})
    every = [*labels, *more]
    keys = [one.key for one in every]
    assert not any(one.missed or one.false for one in score(every, keys))
    assert sum(one.missed for one in score(every, keys[1:])) == 1
    assert sum(one.false for one in score(every[1:], keys)) == 1
    kind, reference, effect, books_effect = keys[0]
    other = score(every, [(kind, reference, effect, books_effect + 1), *keys[1:]])
    assert sum(one.missed for one in other) == sum(one.false for one in other) == 1


def test_the_platform_errs_only_where_nobody_else_does() -> None:
    _, labels = bank_statement(DAY, SEED, SMALL.breaks_per_class)
    taken = {one.reference for one in labels}
    data, more = platform_export(DAY, SEED, SMALL.breaks_per_class, taken)
    assert not taken & {one.reference for one in more}
    assert {one.kind for one in more} == {
        BreakClass.MISSING_IN_PLATFORM,
        BreakClass.DUPLICATE_IN_PLATFORM,
        BreakClass.ONLY_IN_PLATFORM,
    }
    rows = read_platform(data, "platform.csv", PlatformMapping(account="A", currency="CNY"))
    assert len(rows.id) == len(set(rows.id.tolist()))
