"""The simulated day: repeatable, complete, in order, and in agreement with itself."""

from collections import Counter
from datetime import date
from functools import cache

import pytest

from jinku.custody.orders.model import Deposit
from jinku.custody.orders.movements import transfers
from jinku.custody.statements.model import EntryStatus, check_all
from jinku.custody.structure.chart import Chart, kind_of
from jinku.custody.structure.table import Kind, Money, Pool, Role
from jinku.sim.bank import PLANTED, bank_statement
from jinku.sim.books import Books
from jinku.sim.day import Day, make_day
from jinku.sim.errors import SimulationFault
from jinku.sim.scale import FULL, SMALL, Scale
from jinku.sim.world import ACTS

CHART = Chart(1, 156)
FRIDAY = date(2026, 11, 20)


@cache
def day(seed: int = 7, scale: Scale = SMALL) -> Day:
    return make_day(CHART, FRIDAY, scale, seed)


def test_the_same_seed_gives_the_same_day_and_another_seed_another() -> None:
    again = make_day(CHART, FRIDAY, SMALL, 7)
    assert (again.acts, again.parties, again.balances) == (day().acts, day().parties, day().balances)
    assert bank_statement(again, 7, 2) == bank_statement(day(), 7, 2)
    assert day(8).acts != day().acts


def test_a_full_day_moves_more_than_fifty_thousand_times() -> None:
    made = day(7, FULL)
    rows = sum(len(transfers(CHART, act.orders)) for act in made.acts)
    assert rows >= 50_000
    assert len(made.parties) > 3_000
    names = Counter(act.name for act in made.acts)
    assert names.keys() == ACTS.keys()


def test_order_ids_are_unique_but_for_what_is_sent_twice() -> None:
    seen: dict[int, object] = {}
    for act in day().acts:
        for row in transfers(CHART, act.orders):
            key = int(row["id_hi"]) << 64 | int(row["id_lo"])
            assert seen.setdefault(key, row.tobytes()) == row.tobytes()


def test_acts_are_in_order_of_time_and_within_the_day() -> None:
    moments = [act.moment for act in day().acts]
    assert moments == sorted(moments)
    assert moments[-1] < day().closes


def test_parties_have_unique_identifiers_of_their_kind() -> None:
    people = [party.person for party in day(7, FULL).parties]
    assert len({one.identifier for one in people}) == len({one.card for one in people}) == len(people)
    for party in day().parties:
        company = party.role in (Role.MERCHANT, Role.GUARANTOR)
        assert party.person.identifier_kind == ("credit_code" if company else "resident_id")
        assert party.person.name
        assert party.person.latin_name.isascii() or "ü" in party.person.latin_name


@pytest.mark.parametrize("seed", range(6))
def test_each_pool_holds_what_it_owes(seed: int) -> None:
    totals: Counter[tuple[str, bool]] = Counter()
    for account, balance in day(seed).balances.items():
        line = kind_of(account)
        assert balance >= 0
        totals[line.pool, line.money is Money.CONTROL] += balance
    for pool in Pool:
        assert totals[pool, True] == totals[pool, False]
    assert day(seed).balances[CHART.account(Kind.FEE_INCOME)] >= 0


@pytest.mark.parametrize("seed", range(6))
def test_the_banks_statement_adds_up_and_labels_every_class(seed: int) -> None:
    statement, labels = bank_statement(day(seed), seed, 2)
    assert {label.kind for label in labels} == PLANTED
    assert not check_all([statement])
    late = [one for one in day(seed).acts[-1].orders if isinstance(one, Deposit)]
    mirror = day(seed).balances[CHART.account(Kind.BANK_MIRROR)] - sum(
        {one.id: one.amount for one in late}.values()
    )
    assert all(one.day > FRIDAY for one in late)
    assert statement.closing == mirror + sum(label.effect for label in labels)
    assert any(line.status is EntryStatus.PENDING for line in statement.entries)


def test_books_refuse_to_spend_what_is_not_there() -> None:
    books = Books()
    books.receive(1, 100)
    books.hold(1, 60)
    with pytest.raises(SimulationFault, match="40 available, not 41"):
        books.pay(1, 41)
    with pytest.raises(SimulationFault, match="holds 60, not 61"):
        books.free(1, 61)
    books.free(1, 60)
    books.move(1, 2, 100)
    assert (books.available(1), books.available(2)) == (0, 100)
