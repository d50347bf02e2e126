"""The contract of a store, on every store that there is."""

import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import psycopg
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.ledger.store_data import ACCOUNTS, START_NS, TIMESTAMP_MAX, History, check, scanned

from jinku.ledger.errors import LedgerClosed, LedgerLocked, StoreError
from jinku.ledger.keys import GROUP_ENTRIES_MAX
from jinku.ledger.layout import ENTRY, ID, EntryKind
from jinku.ledger.store import Commit, Family, PendingStatus, Scan, Store
from jinku.ledger.stores.opening import open_store

SIZES = (1, 15, 16, 17, 1, 28, 29, 64, 2, 300)
KINDS = ("rocksdb", "postgresql")


@pytest.fixture(params=KINDS)
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """An empty place for one ledger."""
    if request.param == "rocksdb":
        return f"file:{tmp_path / 'ledger'}"
    return str(request.getfixturevalue("postgres_url"))


@pytest.fixture
def store(url: str) -> Iterator[Store]:
    """An empty, loaded store."""
    opened = open_store(url)
    opened.load()
    yield opened
    opened.close()


@pytest.fixture(scope="module", params=KINDS)
def filled(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Store, History]]:
    """A store that holds a few hundred entries, for read-only tests."""
    if request.param == "rocksdb":
        place = str(tmp_path_factory.mktemp("filled") / "ledger")
    else:
        make: Callable[[], str] = request.getfixturevalue("new_postgres_url")
        place = make()
    opened, history = open_store(place), History(7)
    opened.load()
    for size in SIZES * 2:
        opened.commit(history.next(size))
    yield opened, history
    opened.close()


def test_a_new_store_is_empty(store: Store) -> None:
    recovered = store.load()
    assert (recovered.size, recovered.header, recovered.blocks) == (0, b"", {})
    assert len(recovered.open_pending) == 0
    assert len(store.entries(0, 10)) == 0
    assert len(store.entries_at(np.empty(0, int))) == 0
    assert store.find_ids(np.ones(3, ID)).tolist() == [-1, -1, -1]
    assert len(store.find_ids(np.empty(0, ID))) == len(store.pending_statuses(np.empty(0, np.int64))) == 0
    assert store.pending_statuses(np.arange(3)).tolist() == [PendingStatus.NONE] * 3
    assert scanned(store, Scan(Family.ANY, 0, 0, TIMESTAMP_MAX, reverse=True)) == []


def test_what_was_committed_is_there_after_each_commit_and_after_opening_anew(url: str) -> None:
    history = History(1)
    for size in SIZES:
        opened = open_store(url)
        recovered = opened.load()
        assert (recovered.size, recovered.header, recovered.blocks) == (
            len(history.entries), history.header, history.blocks,
        )  # fmt: skip
        still_open = {s: t for s, t in history.expires.items() if t}
        pairs = zip(recovered.open_pending.tolist(), recovered.open_expires_at.tolist(), strict=True)
        assert dict(pairs) == still_open
        opened.commit(history.next(size))
        check(opened, history)
        opened.close()
    reopened = open_store(url)
    reopened.load()
    check(reopened, history)
    reopened.close()


@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_any_part_of_the_journal_comes_back_bit_for_bit(
    filled: tuple[Store, History], data: st.DataObject
) -> None:
    store, history = filled
    size = len(history.entries)
    first, count = data.draw(st.integers(0, size + 3)), data.draw(st.integers(0, size + 3))
    assert store.entries(first, count).tobytes() == history.entries[first : first + count].tobytes()
    places = data.draw(st.lists(st.integers(0, size - 1), max_size=40))
    found = store.entries_at(np.array(places, np.int64))
    assert found.tobytes() == history.entries[places].tobytes()


@settings(max_examples=150, deadline=None)
@given(data=st.data())
def test_an_index_is_walked_within_bounds_both_ways(
    filled: tuple[Store, History], data: st.DataObject
) -> None:
    store, history = filled
    family = data.draw(st.sampled_from(Family))
    value = data.draw(st.integers(0, ACCOUNTS)) | data.draw(st.sampled_from([0, 1 << 64, 2 << 64])) * (
        family == Family.USER_DATA_128
    )
    if family == Family.ANY:
        value = 0
    edges = [t for t, _, _ in history.span_of(family, value)] or [START_NS]
    bound = st.one_of(
        st.sampled_from(edges), st.integers(START_NS, history.clock + 5), st.just(0), st.just(TIMESTAMP_MAX)
    )
    lower, upper = sorted((data.draw(bound), data.draw(bound)))
    scan = Scan(family, value, lower, upper, data.draw(st.booleans()), data.draw(st.integers(1, 50)))
    assert scanned(store, scan) == history.expected(scan)


def test_an_account_in_every_transfer_is_found_in_groups_and_in_bounds(store: Store) -> None:
    history = History(3)
    commit = history.next(4 * GROUP_ENTRIES_MAX)
    store.commit(commit)
    for value in range(ACCOUNTS):
        everything = history.span_of(Family.ACCOUNT, value)
        lower, upper = everything[len(everything) // 3][0], everything[-5][0]
        for reverse in (False, True):
            scan = Scan(Family.ACCOUNT, value, lower, upper, reverse, chunk=10)
            assert scanned(store, scan) == history.expected(scan)


def test_a_walk_that_is_left_early_holds_nothing(url: str) -> None:
    history = History(4)
    for _ in range(2):
        opened = open_store(url)
        opened.load()
        opened.commit(history.next(200))
        walks = [opened.scan(Scan(Family.ANY, 0, 0, TIMESTAMP_MAX, reverse=True, chunk=1)) for _ in range(9)]
        assert all(len(next(walk)) for walk in walks)
        opened.close()


def test_ids_of_accounts_seals_and_strangers_are_not_transfers(store: Store) -> None:
    rows = np.zeros(3, ENTRY)
    rows["kind"] = [EntryKind.ACCOUNT, EntryKind.SEAL, EntryKind.BURNED_ID]
    rows["version"], rows["event"]["id_lo"] = 1, [5, 6, 7]
    nobody, nothing = np.full(3, -1), np.empty(0, np.int64)
    store.commit(Commit(0, rows, nobody, nobody, nothing, nothing.astype("u1"), nothing.astype("u8"), b"h"))
    ids = np.zeros(4, ID)
    ids["id_lo"] = [7, 5, 6, 8]
    assert store.find_ids(ids).tolist() == [2, -1, -1, -1]
    assert scanned(store, Scan(Family.ANY, 0, 0, TIMESTAMP_MAX, reverse=False)) == []


def test_a_second_writer_is_refused_until_the_first_one_closes(url: str) -> None:
    first = open_store(url)
    with pytest.raises(LedgerLocked) as refusal:
        open_store(url)
    assert refusal.value.remedy
    program = (
        "import sys\nfrom jinku.ledger.errors import LedgerLocked\n"
        "from jinku.ledger.stores.opening import open_store\n"
        "try: open_store(sys.argv[1])\nexcept LedgerLocked: sys.exit(7)"
    )
    assert subprocess.run([sys.executable, "-c", program, url]).returncode == 7
    first.close()
    open_store(url).close()


def test_a_commit_that_does_not_follow_the_last_one_is_refused(store: Store) -> None:
    history = History(5)
    store.commit(history.next(10))
    stranger = History(6)
    with pytest.raises(StoreError, match="journal has 10"):
        store.commit(stranger.next(4))
    check(store, history)


def test_a_closed_store_says_so(url: str) -> None:
    opened = open_store(url)
    opened.load()
    history = History(8)
    opened.commit(history.next(40))
    opened.close()
    opened.close()
    for use in (
        lambda: opened.entries(0, 1),
        lambda: opened.find_ids(np.zeros(1, ID)),
        lambda: scanned(opened, Scan(Family.ANY, 0, 0, TIMESTAMP_MAX, reverse=False)),
        lambda: opened.commit(history.next(1)),
    ):
        with pytest.raises(LedgerClosed):
            use()


def test_reads_are_served_while_commits_go_on(store: Store) -> None:
    history = History(9)
    store.commit(history.next(100))
    before = history.entries[:100].tobytes()
    done, failures, reads = threading.Event(), list[BaseException](), [0] * 6

    def read(me: int) -> None:
        scan = Scan(Family.ACCOUNT, me, 0, TIMESTAMP_MAX, reverse=False)
        try:
            while not done.is_set():
                assert store.entries(0, 100).tobytes() == before
                assert store.entries_at(np.arange(me, 100)).tobytes() == before[me * ENTRY.itemsize :]
                assert scanned(store, scan)
                reads[me] += 1
        except BaseException as failure:
            failures.append(failure)

    readers = [threading.Thread(target=read, args=(me,)) for me in range(len(reads))]
    for reader in readers:
        reader.start()
    for _ in range(15):
        store.commit(history.next(500))
    done.set()
    for reader in readers:
        reader.join()
    assert not failures
    assert all(reads)
    check(store, history)


def test_unknown_places_are_named(tmp_path: Path) -> None:
    for place in ("mysql://somewhere/db", "tigerbeetle://3000", ""):
        with pytest.raises(StoreError) as refusal:
            open_store(place)
        assert refusal.value.remedy
    with pytest.raises(StoreError, match="elsewhere"):
        open_store("file://elsewhere/ledger")
    (tmp_path / "taken").write_text("a file, not a directory")
    with pytest.raises(StoreError, match="taken"):
        open_store(str(tmp_path / "taken"))
    with pytest.raises(StoreError, match="not a ledger"):
        open_store(str(tmp_path))
    assert sorted(tmp_path.iterdir()) == [tmp_path / "taken"]
    with pytest.raises(StoreError) as refusal:
        open_store("postgresql://user:secret@127.0.0.1:1/db")
    assert "secret" not in str(refusal.value)


def test_every_way_to_write_a_path_names_the_same_directory(tmp_path: Path) -> None:
    history = History(11)
    plain = tmp_path / "my ledger"
    for place in (str(plain), f"file:{plain}", plain.as_uri()):
        opened = open_store(place)
        assert opened.load().size == len(history.entries)
        opened.commit(history.next(3))
        opened.close()


def test_a_writer_that_was_replaced_on_postgresql_commits_nothing(postgres_url: str) -> None:
    history = History(12)
    paused = open_store(postgres_url)
    paused.load()
    paused.commit(history.next(10))
    with psycopg.connect(postgres_url, autocommit=True) as link:
        link.execute("UPDATE ledger_header SET epoch = epoch + 1")
    with pytest.raises(LedgerLocked, match="taken this ledger over"):
        paused.commit(_following(history, 5))
    paused.close()
    reopened = open_store(postgres_url)
    assert reopened.load().size == 10
    reopened.close()


def test_a_writer_whose_session_was_ended_cannot_come_back(postgres_url: str) -> None:
    history = History(14)
    paused = open_store(postgres_url)
    paused.load()
    paused.commit(history.next(10))
    with psycopg.connect(postgres_url, autocommit=True) as link:
        link.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE application_name = 'jinku' AND datname = current_database()"
        )
        for _ in range(200):
            held = link.execute("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'").fetchone()
            if held == (0,):
                break
    successor = open_store(postgres_url)
    assert successor.load().size == 10
    late = _following(history, 5)
    with pytest.raises(LedgerLocked):
        paused.commit(late)
    successor.commit(late)
    assert successor.entries(10, 5).tobytes() == late.entries.tobytes()
    paused.close()
    successor.close()


def test_a_commit_that_fails_half_way_leaves_nothing_on_postgresql(postgres_url: str) -> None:
    history = History(15)
    opened = open_store(postgres_url)
    opened.load()
    opened.commit(history.next(30))
    twice = _following(history, 30)
    twice.entries["event"]["id_lo"], twice.entries["event"]["id_hi"] = 1, 1
    with pytest.raises(StoreError):
        opened.commit(twice)
    with pytest.raises(StoreError, match="earlier write failed"):
        opened.commit(twice)
    opened.close()
    reopened = open_store(postgres_url)
    assert reopened.load().header == history.header
    check(reopened, history)
    reopened.close()


def test_two_schemas_of_one_database_hold_two_ledgers(postgres_url: str) -> None:
    with psycopg.connect(postgres_url, autocommit=True) as link:
        link.execute("CREATE SCHEMA books_a")
        link.execute("CREATE SCHEMA books_b")
    stores = [open_store(f"{postgres_url}&options=-csearch_path%3Dbooks_{name}") for name in "ab"]
    for number, opened in enumerate(stores):
        assert opened.load().size == 0
        opened.commit(History(20 + number).next(number + 1))
    assert [len(opened.entries(0, 9)) for opened in stores] == [1, 2]
    for opened in stores:
        opened.close()


def test_another_format_is_refused_by_name(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    open_store(url).close()
    module = "postgres_schema" if url.startswith("postgresql") else "rocks"
    monkeypatch.setattr(f"jinku.ledger.stores.{module}.FORMAT_VERSION", 99)
    with pytest.raises(StoreError, match="format"):
        open_store(url)


def _following(history: History, count: int) -> Commit:
    """A commit that would follow `history`, without counting it in."""
    other = History(99)
    other.entries = history.entries
    other.clock = history.clock
    return other.next(count)
