"""Whose money it is: random orders against naive books, past moments, spread pools, and what a thief might try."""

import random
from collections import defaultdict
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jinku.custody.orders.desk import OrderDesk
from jinku.custody.structure import postings
from jinku.custody.structure.chart import Chart, Opening, entity_accounts, party_accounts
from jinku.custody.structure.errors import MoneyAstray, SumsDiffer
from jinku.custody.structure.postings import Sums, balances_by_postings
from jinku.custody.structure.table import Kind, Money, Role, Side
from jinku.custody.structure.template import load_structure
from jinku.custody.structure.tie import tie_out
from jinku.custody.structure.whose import WhoseMoney, survey, whose_money
from jinku.ledger import Ledger
from jinku.ledger.layout import ACCOUNT, BALANCES, ENTRY, Array
from jinku.ledger.model import Account, Transfer, TransferFlags
from jinku.ledger.opening import open_journal

CHART, OTHER = Chart(1, 156), Chart(2, 156)
UK = Chart(3, 826, load_structure("uk-safeguarding"))
STRUCTURES = {3: UK.structure}
DAY = date(2026, 11, 20)
MOMENT = 1_795_000_000_000
INVESTOR = CHART.account(Kind.INVESTOR, 1)


class Ticking:
    """A clock that goes on by a second at each look."""

    def __init__(self) -> None:
        self.now = 1_795_000_000_000_000_000

    def __call__(self) -> int:
        self.now += 1_000_000_000
        return self.now


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    with open_journal(tmp_path / "ledger", clock=Ticking()) as opened:
        for chart in (CHART, OTHER):
            OrderDesk(opened, chart).open_entity()
            opened.create_accounts_array(
                party_accounts(chart, [Opening(n, Role.INVESTOR, n) for n in (1, 2, 3)])
            )
            opened.create_accounts_array(party_accounts(chart, [Opening(4, Role.BORROWER, 4)]))
        opened.create_accounts_array(entity_accounts(UK))
        opened.create_accounts_array(party_accounts(UK, [Opening(n, Role.CUSTOMER, n) for n in (1, 2)]))
        yield opened


def move(ledger: Ledger, number: int, debit: int, credit: int, amount: int, **more: int) -> bool:
    chart_ledger = debit >> 16 & 0xFFFF or 156
    flags = TransferFlags(more.pop("flags", 0))
    one = Transfer(
        id=number,
        debit_account_id=debit,
        credit_account_id=credit,
        amount=amount,
        ledger=chart_ledger,
        code=1,
        flags=flags,
        **more,
    )
    [result] = ledger.create_transfers([one])
    return result.status.name == "CREATED"


def play(ledger: Ledger, seed: int, steps: int) -> list[int]:
    """Random movements within each entity's pools; the moments between them."""
    rng, holds, moments = random.Random(seed), [], []
    number = 1 << 80
    for _ in range(steps):
        number += 1
        chart = rng.choice((CHART, OTHER, UK))
        role = Role.CUSTOMER if chart is UK else Role.INVESTOR
        clients = [chart.party_account(role, n) for n in (1, 2)]
        bank, transit = chart.account(Kind.BANK_MIRROR), chart.account(Kind.IN_TRANSIT)
        own = [chart.account(Kind.FEE_INCOME), chart.account(Kind.TOP_UP)]
        act = rng.randrange(7)
        amount = rng.choice((1, 7, rng.randrange(1, 1 << 40), rng.randrange(1, 1 << 100)))
        if act == 0:
            move(ledger, number, rng.choice((bank, transit)), rng.choice(clients), amount)
        elif act == 1:
            move(ledger, number, clients[0], rng.choice((clients[1], *own)), amount >> 20 or 1)
        elif act == 2:
            move(ledger, number, bank, transit, amount >> 30 or 1)
        elif act == 3:
            timeout = rng.choice((0, 0, 5))
            if move(ledger, number, clients[0], bank, 3, flags=TransferFlags.PENDING, timeout=timeout):
                holds.append((number, clients[0], bank))
        elif act == 4 and holds:
            hold, debit, credit = holds.pop(rng.randrange(len(holds)))
            flag = rng.choice((TransferFlags.POST_PENDING_TRANSFER, TransferFlags.VOID_PENDING_TRANSFER))
            part = rng.choice((1, 2, 3)) if flag is TransferFlags.POST_PENDING_TRANSFER else 3
            move(ledger, number, debit, credit, part, flags=flag, pending_id=hold)
        elif act == 5:
            move(ledger, number, chart.account(Kind.OWN_BANK_MIRROR), chart.account(Kind.PLATFORM_OWN), 5)
        elif chart is UK:
            move(ledger, number, UK.account(Kind.SECOND_BANK_MIRROR), bank, 2)
        if rng.random() < 0.1:
            entry = ledger.entries(ledger.size() - 1, 1)
            moments.append(int(entry["timestamp"][0]))
    return moments


def naive(ledger: Ledger, at: int | None) -> dict[tuple[int, str, str], dict[Money, int]]:
    """By entity, pool and currency number what control, client and own accounts hold, account by account."""
    ids = [int(hi) << 64 | int(lo) for hi, lo in ledger.accounts_array()[["id_hi", "id_lo"]].tolist()]
    rows = ledger.lookup_accounts(ids) if at is None else ledger.balances_as_of(ids, at)
    sums: dict[tuple[int, str, str], dict[Money, int]] = defaultdict(lambda: dict.fromkeys(Money, 0))
    for row in rows:
        if row is None:
            continue
        entity = row.id >> 96
        kind = (UK.structure if entity == 3 else CHART.structure).kinds[row.code]
        balance = row.debits_posted - row.credits_posted
        sums[entity, kind.pool, str(row.ledger)][kind.money] += (
            balance if kind.side is Side.DEBIT else -balance
        )
    return sums


def agree(found: WhoseMoney, expected: dict[tuple[int, str, str], dict[Money, int]]) -> None:
    seen: dict[tuple[int, str, str], list[int]] = defaultdict(lambda: [0, 0, 0])
    for line in found.lines:
        key = (line.entity, line.pool, str(line.currency.number))
        for place, part in enumerate((line.total, line.client, line.own)):
            seen[key][place] += part
    for key, sums in expected.items():
        assert seen.pop(key) == [sums[Money.CONTROL], sums[Money.CLIENT], sums[Money.OWN]]
    assert not any(any(left) for left in seen.values())


@pytest.mark.parametrize(("seed", "block"), [(1, 7), (2, 32_768), (3, 50)])
def test_every_unit_is_a_clients_or_own_now_and_at_any_moment(
    ledger: Ledger, seed: int, block: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """R1: every unit of money is tagged, and split by legal entity, pool, currency and bank account at any instant."""
    monkeypatch.setattr(postings, "BLOCK_ENTRIES", block)
    moments = play(ledger, seed, 150)
    agree(whose_money(ledger, structures=STRUCTURES), naive(ledger, None))
    assert len(moments) > 3
    for at in moments:
        agree(whose_money(ledger, at=at, structures=STRUCTURES), naive(ledger, at))
    before = whose_money(ledger, at=0, structures=STRUCTURES)
    assert (before.lines, before.accounts) == ((), 0)


@pytest.mark.parametrize("seed", [4, 5, 6])
def test_balances_are_the_sums_of_postings_bit_for_bit(ledger: Ledger, seed: int) -> None:
    """R2: a customer's balance equals the sum of that customer's postings, and the total ties to the pool."""
    play(ledger, seed, 200)
    move(ledger, 1, CHART.account(Kind.BANK_MIRROR), INVESTOR, 10)
    assert move(ledger, 2, INVESTOR, CHART.account(Kind.BANK_MIRROR), 3, flags=TransferFlags.PENDING)
    found = tie_out(ledger, STRUCTURES)
    assert found.ties
    accounts = ledger.accounts_array()
    sums = balances_by_postings(ledger, accounts, ledger.size())
    for name in BALANCES.names or ():
        assert (sums[name] == accounts[name]).all(), name
    assert accounts["credits_posted_hi"].any()
    assert found.digest == tie_out(ledger, STRUCTURES).digest
    assert len(found.digest) == 32


class Tampered:
    """A ledger whose balances or journal somebody changed by hand."""

    def __init__(self, ledger: Ledger, account: int, more: int, in_journal: bool) -> None:
        self._ledger, self._account, self._more, self._in_journal = ledger, account, more, in_journal
        self.size, self.lookup_transfers_array = ledger.size, ledger.lookup_transfers_array

    def accounts_array(self) -> Array:
        rows = self._ledger.accounts_array()
        if not self._in_journal:
            mine = (rows["id_lo"] == self._account & (1 << 64) - 1) & (rows["id_hi"] == self._account >> 64)
            rows["credits_posted_lo"][mine] += np.uint64(self._more)
        return rows

    def entries(self, first: int, count: int) -> Array:
        rows = self._ledger.entries(first, count).copy()
        if self._in_journal:
            rows["event"]["amount_lo"][-1] += np.uint64(self._more)
        return rows


@pytest.mark.parametrize("in_journal", [False, True])
def test_one_unit_more_on_one_account_is_found(ledger: Ledger, in_journal: bool) -> None:
    """R2: one minor unit that no posting explains is named with its account."""
    move(ledger, 77, CHART.account(Kind.BANK_MIRROR), INVESTOR, 10)
    found = tie_out(Tampered(ledger, INVESTOR, 1, in_journal))
    assert not found.ties
    [difference] = [one for one in found.differences if one.account == INVESTOR]
    assert difference.column == "credits_posted"
    assert difference.balance - difference.postings == (-1 if in_journal else 1)


def test_a_pool_that_does_not_hold_what_it_owes_is_named(ledger: Ledger) -> None:
    """R1: what is neither a client's nor own, or lies nowhere, is an error that names the pool."""
    play(ledger, 9, 60)
    assert move(
        ledger, 5, CHART.account(Kind.OWN_BANK_MIRROR), INVESTOR, 10
    )  # across pools: no order does this
    with pytest.raises(
        MoneyAstray, match=r"legal entity 1, client_pool, CNY: .* 10 missing.*and 1 more"
    ) as caught:
        whose_money(ledger, structures=STRUCTURES)
    assert "own_account" not in caught.value.place
    assert [one.place for one in survey(ledger, structures=STRUCTURES).faults] == [
        "legal entity 1, client_pool, CNY",
        "legal entity 1, own_account, CNY",
    ]
    assert not tie_out(ledger, STRUCTURES).ties


def test_an_account_made_beside_the_chart_cannot_take_money_out_unseen(ledger: Ledger) -> None:
    """R1: a thief's account under a number of its own leaves the pool short, and the pool says so."""
    move(ledger, 1, CHART.account(Kind.BANK_MIRROR), INVESTOR, 100)
    ledger.create_accounts([Account(id=666, ledger=156, code=2001)])
    assert move(ledger, 2, INVESTOR, 666, 40)
    with pytest.raises(MoneyAstray, match=r"client_pool, CNY: .* 40 too much"):
        whose_money(ledger)


def test_a_clients_account_without_its_limit_is_a_fault(ledger: Ledger) -> None:
    """R1: an overdrawable client account would make own money out of nothing while the pool still adds up."""
    loose = CHART.account(Kind.INVESTOR, 99)
    ledger.create_accounts([Account(id=loose, ledger=156, code=2001, user_data_32=1)])
    assert move(ledger, 2, loose, CHART.account(Kind.FEE_INCOME), 40)
    places = [one.problem.split(":")[0] for one in survey(ledger).faults]
    assert places == ["an account has not the limit of its kind", "an account is below zero"]
    with pytest.raises(MoneyAstray, match=rf"client_pool, CNY: .*{loose}"):
        whose_money(ledger)


def test_money_on_a_kind_that_the_structure_has_not_is_a_fault(ledger: Ledger) -> None:
    """R1: without the structure that knows them, accounts of its kinds are no explanation of money."""
    move(ledger, 1, UK.account(Kind.BANK_MIRROR), UK.account(Kind.CUSTOMER, 1), 5)
    assert not survey(ledger, structures=STRUCTURES).faults
    problems = [one.problem for one in survey(ledger).faults]
    assert any("of a kind that its structure has not" in one for one in problems)
    assert any("5 too much" in one for one in problems)


def test_a_pool_over_several_bank_accounts_has_a_line_for_each(ledger: Ledger) -> None:
    """R1: own money lies in the first bank account, clients' in the rest and in transit; each sums to its mirror."""
    bank, second = UK.account(Kind.BANK_MIRROR), UK.account(Kind.SECOND_BANK_MIRROR)
    client = UK.account(Kind.CUSTOMER, 1)
    move(ledger, 1, bank, client, 100)
    move(ledger, 2, UK.account(Kind.IN_TRANSIT), client, 9)
    move(ledger, 3, client, UK.account(Kind.FEE_INCOME), 30)
    move(ledger, 4, second, bank, 80)
    lines = {
        one.place.key: one for one in whose_money(ledger, structures=STRUCTURES).lines if one.entity == 3
    }
    assert (lines["BANK_MIRROR"].client, lines["BANK_MIRROR"].own) == (0, 20)
    assert (lines["SECOND_BANK_MIRROR"].client, lines["SECOND_BANK_MIRROR"].own) == (70, 10)
    assert (lines["IN_TRANSIT"].client, lines["IN_TRANSIT"].in_transit) == (9, True)
    assert lines["ASSETS_MIRROR"].total == 0


amounts = st.integers(0, (1 << 128) - 1)


@given(st.lists(st.tuples(st.integers(0, 3), amounts, st.booleans()), max_size=40))
@settings(deadline=None, max_examples=150)
def test_sums_are_exact_or_refused(rows: list[tuple[int, int, bool]]) -> None:
    """R19: sums of integers never wrap around: what leaves 128 bits is an error."""
    sums, exact = Sums(4), [0] * 4
    for group, amount, add in rows:
        exact[group] += amount if add else -amount
        where = np.array([group], np.int64)
        high, low = np.array([amount >> 64], np.uint64), np.array([amount & (1 << 64) - 1], np.uint64)
        sums.add(where, high, low, sign=1 if add else -1)
    assert sums.integers() == exact
    if all(0 <= one < 1 << 128 for one in exact):
        high, low = sums.words()
        assert [int(h) << 64 | int(lo) for h, lo in zip(high, low, strict=True)] == exact
    else:
        with pytest.raises(SumsDiffer, match="128 bits"):
            sums.words()


def test_a_million_accounts_are_divided_in_seconds() -> None:
    """R1: columns, not a query for each account."""
    count = 1_000_000
    rows = np.zeros(count + 1, ACCOUNT)
    rows[0] = entity_accounts(CHART)[0]
    clients = rows[1:]
    clients[:] = party_accounts(CHART, [Opening(1, Role.INVESTOR, 1)])[0]
    party = np.arange(1, count + 1, dtype=np.uint64)
    clients["id_lo"] = (clients["id_lo"] & np.uint64(0xFFFFFFFF)) | party << np.uint64(32)
    clients["user_data_64"] = party
    clients["credits_posted_lo"] = party
    rows["debits_posted_lo"][0] = count * (count + 1) // 2

    class Still:
        def accounts_array(self) -> Array:
            return rows

        def size(self) -> int:
            return 0

        def entries(self, first: int, count: int) -> Array:
            return np.zeros(0, ENTRY)

        def lookup_transfers_array(self, ids: Array) -> Array:
            return np.zeros(0, ENTRY)["event"]

    found = whose_money(Still())
    assert found.accounts == count + 1
    assert found.lines[0].client == count * (count + 1) // 2
