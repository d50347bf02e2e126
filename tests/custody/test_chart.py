"""The chart of accounts: what an account's number and record say, and that the table is whole."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jinku.base.errors import UnknownCurrency
from jinku.custody.errors import BadOrder
from jinku.custody.structure.chart import Chart, Opening, entity_accounts, kind_of, party_accounts, party_of
from jinku.custody.structure.table import Kind, Limit, Money, Movement, Pool, Role, Side
from jinku.custody.structure.template import load_structure
from jinku.ledger.layout import u128
from jinku.ledger.model import AccountFlags

CNY = 156
CN = load_structure()


def test_client_money_can_never_be_overdrawn() -> None:
    for line in CN.kinds.values():
        if line.money is Money.CLIENT:
            assert (line.limit, line.side, line.pool) == (Limit.NO_OVERDRAFT, Side.CREDIT, Pool.CLIENT)


def test_control_accounts_are_debit_accounts_and_each_pool_has_a_bank() -> None:
    control = [line for line in CN.kinds.values() if line.money is Money.CONTROL]
    assert {line.side for line in control} == {Side.DEBIT}
    assert {line.pool for line in control} == set(CN.pools)


def test_codes_of_movements_are_unique_and_fit() -> None:
    assert len({int(one) for one in Movement}) == len(Movement)
    assert all(0 < one < 1 << 16 for one in (*Movement, *Kind))


@given(
    entity=st.integers(1, (1 << 32) - 1),
    party=st.integers(1, (1 << 64) - 1),
    role=st.sampled_from(sorted(CN.roles)),
    currency=st.sampled_from([156, 978, 840, 392]),
)
def test_an_account_id_says_where_it_belongs(entity: int, party: int, role: Role, currency: int) -> None:
    account = Chart(entity, currency).party_account(role, party)
    assert 0 < account < (1 << 128) - 1
    assert kind_of(account) is CN.roles[role]
    assert party_of(account) == party
    assert account >> 96 == entity
    assert account >> 16 & 0xFFFF == currency


def test_accounts_of_a_party_carry_number_entity_ledger_and_commitment() -> None:
    chart = Chart(3, CNY)
    [row] = party_accounts(chart, [Opening(42, Role.MERCHANT, (7 << 64) | 9)])
    assert row["user_data_64"] == 42
    assert row["user_data_32"] == 3
    assert (row["user_data_128_hi"], row["user_data_128_lo"]) == (7, 9)
    assert (row["ledger"], row["code"]) == (CNY, Kind.MERCHANT)
    assert row["flags"] == AccountFlags.DEBITS_MUST_NOT_EXCEED_CREDITS


def test_the_entitys_own_accounts_stand_in_the_order_of_the_table() -> None:
    rows = entity_accounts(Chart(1, CNY))
    assert rows["code"].tolist() == [one.code for one in CN.entity_kinds]
    assert len(set(u128(rows, "id"))) == len(CN.entity_kinds)
    bank = rows[rows["code"] == Kind.BANK_MIRROR][0]
    assert bank["flags"] == AccountFlags.CREDITS_MUST_NOT_EXCEED_DEBITS
    assert not rows["user_data_128_lo"].any()


@pytest.mark.parametrize(
    ("kind", "party"), [(Kind.FEE_INCOME, 5), (Kind.INVESTOR, 0), (Kind.INVESTOR, 1 << 64)]
)
def test_a_party_where_none_belongs_is_refused(kind: Kind, party: int) -> None:
    with pytest.raises(BadOrder, match="party="):
        Chart(1, CNY).account(kind, party)


def test_unknown_currency_and_entity_are_refused() -> None:
    with pytest.raises(UnknownCurrency):
        Chart(1, 999)
    with pytest.raises(BadOrder, match="entity=0"):
        Chart(0, CNY)


def test_an_account_that_no_chart_made_is_named() -> None:
    with pytest.raises(BadOrder, match="account=12345"):
        kind_of(12345)
