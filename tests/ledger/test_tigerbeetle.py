"""Ours and TigerBeetle's are one model: the same program runs on both, and random histories come out the same.

What needs a cluster runs where ``JINKU_TEST_TIGERBEETLE`` names one (``HOST:PORT``, cluster 0) that nobody else uses at
the time, and skips elsewhere.
"""

import os
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import tigerbeetle
from tests.ledger.batches import World
from tests.ledger.lockstep import Lockstep, SetClock
from tests.ledger.walkthrough import walk

import jinku.ledger
from jinku.base.errors import InputError
from jinku.ledger import convert, open_ledger
from jinku.ledger.errors import (
    IntegerOverflowError,
    LedgerClosed,
    LedgerError,
    MissingExtraError,
    NotSupportedError,
    TooMuchDataError,
)
from jinku.ledger.layout import ACCOUNT, TRANSFER, u128
from jinku.ledger.model import (
    Account,
    AccountFilter,
    AccountFilterFlags,
    ChangeEventsFilter,
    CreateAccountStatus,
    CreateTransferStatus,
    QueryFilter,
    QueryFilterFlags,
    Transfer,
)
from jinku.ledger.model import id as new_id
from jinku.ledger.tigerbeetle import Cluster, TigerBeetleLedger, parse_url

ADDRESS = os.environ.get("JINKU_TEST_TIGERBEETLE", "")
needs_cluster = pytest.mark.skipif(not ADDRESS, reason="JINKU_TEST_TIGERBEETLE names no cluster")


@pytest.fixture
def cluster() -> Iterator[TigerBeetleLedger]:
    with open_ledger(f"tigerbeetle://{ADDRESS}?cluster=0") as ledger:
        assert isinstance(ledger, TigerBeetleLedger)
        yield ledger


# --- the same program ---


def test_a_program_for_the_client_runs_on_our_ledger(tmp_path: Path) -> None:
    with open_ledger(tmp_path / "ledger") as ledger:
        walk(ledger, jinku.ledger)


@needs_cluster
def test_the_same_program_runs_on_the_published_client() -> None:
    with tigerbeetle.ClientSync(0, ADDRESS) as client:
        walk(client, tigerbeetle)


@needs_cluster
def test_the_same_program_runs_on_a_cluster_through_ours(cluster: TigerBeetleLedger) -> None:
    walk(cluster, jinku.ledger)


# --- the same histories ---


@needs_cluster
@pytest.mark.slow
@pytest.mark.parametrize("seed", range(8))
def test_random_histories_come_out_the_same_as_on_a_cluster(
    seed: int, tmp_path: Path, cluster: TigerBeetleLedger
) -> None:
    clock = SetClock()

    def tick() -> int:
        time.sleep(0.003)
        return cluster.create_transfers([Transfer()])[0].timestamp

    clock.now = tick()
    with open_ledger(tmp_path / "ledger", clock=clock) as ledger:
        world = World(seed, base=clock.now // 1000 << 64, timeouts=seed % 4 == 3)
        lockstep = Lockstep(world, cluster, [ledger], clock, tick)
        lockstep.accounts()
        for step in range(60):
            if world.rng.random() < 0.1:
                lockstep.accounts()
            else:
                lockstep.transfers()
            if step % 20 == 19:
                lockstep.compare(filters=20)
        lockstep.transfers(8189)
        lockstep.compare(filters=20)
    assert lockstep.statuses["CREATED"] > 100
    assert min(lockstep.answers.values()) > 50


@needs_cluster
def test_reserved_bytes_are_refused_alike(tmp_path: Path, cluster: TigerBeetleLedger) -> None:
    rows = convert.accounts_array([Account(id=new_id(), ledger=1, code=1)])
    rows["reserved"] = 1
    with open_ledger(tmp_path / "ledger") as ledger:
        for engine in (ledger, cluster):
            answers = convert.account_results(engine.create_accounts_array(rows))
            assert answers[0].status is CreateAccountStatus.RESERVED_FIELD


# --- the adapter ---


@needs_cluster
def test_columns_and_objects_are_the_same_on_a_cluster(cluster: TigerBeetleLedger) -> None:
    ids = [new_id(), new_id()]
    accounts = convert.accounts_array([Account(id=number, ledger=1, code=1) for number in ids])
    assert set(cluster.create_accounts_array(accounts)["status"].tolist()) == {CreateAccountStatus.CREATED}
    batch = convert.transfers_array(
        [
            Transfer(
                id=new_id(), debit_account_id=ids[0], credit_account_id=ids[1], amount=1, ledger=1, code=1
            )
            for _ in range(8189)
        ]
    )
    results = cluster.create_transfers_array(batch)
    assert set(results["status"].tolist()) == {CreateTransferStatus.CREATED}
    stored = cluster.lookup_transfers_array(convert.ids_array(u128(batch, "id")))
    assert (stored["timestamp"] == results["timestamp"]).all()
    assert cluster.lookup_accounts(ids)[1].credits_posted == 8189
    assert cluster.create_transfers([]) == []
    with pytest.raises(TooMuchDataError):
        cluster.create_transfers_array(np.zeros(8190, TRANSFER))
    with pytest.raises(TooMuchDataError):
        cluster.query_transfers(QueryFilter(0, 0, 0, 0, 0, 0, 0, 8190, QueryFilterFlags.NONE))
    with pytest.raises(LedgerError, match="128-byte rows"):
        cluster.create_transfers_array(np.zeros(1, ACCOUNT))


@needs_cluster
def test_what_a_cluster_has_not_is_refused(cluster: TigerBeetleLedger) -> None:
    with pytest.raises(NotSupportedError, match="HISTORY"):
        cluster.balances_as_of([1], 5)
    with pytest.raises(IntegerOverflowError, match="limit=-1"):
        cluster.get_change_events(ChangeEventsFilter(0, 0, -1))
    with pytest.raises(IntegerOverflowError, match="account_id"):
        cluster.get_account_transfers(AccountFilter(1 << 128, 0, 0, 0, 0, 0, 0, 1, AccountFilterFlags.DEBITS))
    cluster.close()
    cluster.close()
    with pytest.raises(LedgerClosed):
        cluster.lookup_accounts([1])


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("tigerbeetle://127.0.0.1:3000", Cluster(("127.0.0.1:3000",), 0)),
        ("tigerbeetle://127.0.0.1:3000/?cluster=7", Cluster(("127.0.0.1:3000",), 7)),
        (
            "tigerbeetle://10.0.0.1:3000,10.0.0.2:3001,[::1]:65535?cluster=340282366920938463463374607431768211455",
            Cluster(("10.0.0.1:3000", "10.0.0.2:3001", "[::1]:65535"), (1 << 128) - 1),
        ),
    ],
)
def test_urls(url: str, expected: Cluster) -> None:
    assert parse_url(url) == expected


@pytest.mark.parametrize(
    ("url", "problem"),
    [
        ("http://127.0.0.1:3000", "url="),
        ("tigerbeetle://127.0.0.1:3000/path", "url="),
        ("tigerbeetle://127.0.0.1:3000?cluster=1&other=2", "url="),
        ("tigerbeetle://127.0.0.1:1," * 6 + "127.0.0.1:1", "url="),
        ("tigerbeetle://", "host=''"),
        ("tigerbeetle://example.org:3000", "host='example.org'"),
        ("tigerbeetle://127.0.0.1", "host=''"),
        ("tigerbeetle://127.0.0.1:", "port=''"),
        ("tigerbeetle://127.0.0.1:65536", "port='65536'"),
        ("tigerbeetle://127.0.0.1:0,127.0.0.1:3000", "port='0'"),
        ("tigerbeetle://127.0.0.1:3000?cluster=x", "cluster='x'"),
        ("tigerbeetle://127.0.0.1:3000?cluster=-1", "cluster='-1'"),
        ("tigerbeetle://127.0.0.1:3000?cluster=340282366920938463463374607431768211456", "cluster="),
    ],
)
def test_bad_urls_are_refused_by_part_and_value(url: str, problem: str) -> None:
    with pytest.raises(InputError) as caught:
        parse_url(url)
    assert problem in str(caught.value)
    assert caught.value.remedy


def test_without_the_package_the_remedy_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "tigerbeetle.client", None)
    with pytest.raises(MissingExtraError) as caught:
        TigerBeetleLedger.open("tigerbeetle://127.0.0.1:3000")
    assert caught.value.remedy == "install jinku[tigerbeetle]"


def test_the_adapter_has_the_ledgers_calls() -> None:
    ours = {name for name in dir(tigerbeetle.StateMachineMixin) if not name.startswith("_")}
    assert len(ours) == 8
    for surface in (TigerBeetleLedger, jinku.ledger.Ledger):
        assert ours <= set(dir(surface))
        assert callable(surface.get_change_events)
