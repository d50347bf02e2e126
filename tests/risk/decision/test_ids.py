"""The index of ids: the right place for every id, bounded in memory, made again from the journal."""

import random
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jinku.risk.decision.errors import JournalAltered
from jinku.risk.decision.ids import NOWHERE, ROW_BITS, IdIndex, Words
from jinku.risk.events.columns import keys


def words(ids: list[int]) -> tuple[Words, Words]:
    made = keys(ids)
    return made["lo"].copy(), made["hi"].copy()


def from_records(records: list[list[int]], first: int) -> Iterator[tuple[int, Words]]:
    for number in range(first, len(records)):
        yield number, np.stack(words(records[number]), axis=1)


def index_of(directory: Path, records: list[list[int]], run_rows: int) -> IdIndex:
    return IdIndex.open(
        directory, lambda first: from_records(records, first), len(records), run_rows=run_rows
    )


def check(index: IdIndex, records: list[list[int]], absent: list[int]) -> None:
    for number, ids in enumerate(records):
        assert index.find(*words(ids)).tolist() == [number << ROW_BITS | row for row in range(len(ids))]
    if absent:
        assert (index.find(*words(absent)) == NOWHERE).all()


@given(
    ids=st.lists(st.integers(1, (1 << 128) - 1), unique=True, min_size=1, max_size=80),
    ordered=st.booleans(),
    cut=st.integers(1, 9),
    run_rows=st.integers(1, 20),
)
@settings(max_examples=60)
def test_every_id_is_found_where_it_lies_however_ordered(
    tmp_path_factory: pytest.TempPathFactory, ids: list[int], ordered: bool, cut: int, run_rows: int
) -> None:
    """K2: exactly one decision for each id: the index finds each, also after it was opened again, and no other."""
    directory = tmp_path_factory.mktemp("ids")
    ids = sorted(ids) if ordered else ids
    absent, known = ids[: len(ids) // 4], ids[len(ids) // 4 :]
    records = [known[at : at + cut] for at in range(0, len(known), cut)]
    index = index_of(directory, [], run_rows)
    for number, some in enumerate(records):
        assert (index.find(*words(some)) == NOWHERE).all()
        index.add(*words(some), number)
    check(index, records, absent)
    check(index_of(directory, records, run_rows), records, absent)


def test_runs_are_made_again_from_the_journal(tmp_path: Path) -> None:
    rng = random.Random(5)
    records = [[rng.getrandbits(128) for _ in range(7)] for _ in range(30)]
    index_of(tmp_path, records, 20)
    runs = sorted(tmp_path.iterdir())
    assert len(runs) == 10
    runs[3].unlink()
    runs[7].write_bytes(b"torn")
    check(index_of(tmp_path, records, 20), records, [1, 2, 3])
    assert len(list(tmp_path.iterdir())) == 10


def test_a_run_of_records_that_the_journal_lost_in_a_crash_is_dropped(tmp_path: Path) -> None:
    """K2: an id whose decision never became durable is decided anew."""
    records = [[one * 10 + row for row in range(1, 6)] for one in range(8)]
    index_of(tmp_path, records, 10)
    shorter = index_of(tmp_path, records[:5], 10)
    check(shorter, records[:5], records[5] + records[7])


def test_a_damaged_run_is_named_when_it_is_used(tmp_path: Path) -> None:
    records = [[one * 10 + row for row in range(1, 6)] for one in range(8)]
    index_of(tmp_path, records, 10)
    run = sorted(tmp_path.iterdir())[0]
    whole = bytearray(run.read_bytes())
    whole[17] ^= 1
    run.write_bytes(whole)
    with pytest.raises(JournalAltered, match=run.name):
        index_of(tmp_path, records, 10).find(*words([3]))
