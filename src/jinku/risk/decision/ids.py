"""Which decision belongs to an id: an index of 128-bit ids that survives restarts and stays small in memory.

Rules:

1. The newest ids are in a hash table of bounded size. When it is full, its ids are written, sorted, as one file of 24
   bytes each (a run), and it begins anew. In memory there are besides only the least and greatest id of each run.
2. Ids are time-ordered: an id above all known ones is new without looking, and one below lies in the one or two runs
   whose bounds hold it. Ids that are not time-ordered are answered as correctly, more slowly.
3. Runs are derived from the journal: a missing or damaged one is made again from there. A run is whole or not there.

Example::

    index = IdIndex.open(directory, journal_ids, records)
    index.find(low, high)  # places, NOWHERE for new ones
    index.add(low, high, record=7)
"""

import hashlib
import mmap
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Self

import numpy as np
from numpy.typing import NDArray

from jinku.base.compiled import compiled
from jinku.base.files import replace_durably
from jinku.ledger.hashindex import HashIndex, find_all, insert_all
from jinku.risk.decision.errors import JournalAltered

Words = NDArray[np.uint64]
NOWHERE = -1
ROW_BITS = 16
"""Rows of a record: its number is shifted by so many bits."""
RUN_ROWS = 1 << 18
SUFFIX = ".ids"
_MAGIC = b"JKIDS001"
_TRAILER = 8 + 32

IdsFrom = Callable[[int], Iterator[tuple[int, Words]]]
"""The ids (low, high; shape (rows, 2)) of each record from a number on, with that number."""


@compiled
def _find_in_run(run: Words, low: Words, high: Words, found: NDArray[np.int64]) -> None:
    """Binary search of each id that is not found yet among sorted rows (high, low, place)."""
    for at in range(len(low)):
        if found[at] >= 0:
            continue
        first, end = 0, len(run)
        while first < end:
            middle = (first + end) >> 1
            if run[middle, 0] < high[at] or (run[middle, 0] == high[at] and run[middle, 1] < low[at]):
                first = middle + 1
            else:
                end = middle
        if first < len(run) and run[first, 0] == high[at] and run[first, 1] == low[at]:
            found[at] = np.int64(run[first, 2])


class Run:
    """One file of sorted ids, and its bounds."""

    def __init__(self, path: Path, following: int) -> None:
        """Raises ValueError for a file that is not whole."""
        self.following = following
        """The number of the first record that is not in this run."""
        with path.open("rb") as file:
            self._map = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        body = len(self._map) - _TRAILER
        if body <= 0 or body % 24 or self._map[body : body + 8] != _MAGIC:
            raise ValueError(path.name)
        self.path, self._checked = path, False
        self.rows = np.frombuffer(self._map, np.uint64, body // 8).reshape(-1, 3)
        self.least = int(self.rows[0, 0]) << 64 | int(self.rows[0, 1])
        self.greatest = int(self.rows[-1, 0]) << 64 | int(self.rows[-1, 1])

    def find(self, low: Words, high: Words, places: NDArray[np.int64]) -> None:
        """Fill in the places of ids that are here. Raises JournalAltered for a damaged file, when it is first used."""
        if not self._checked:
            body = self.rows.nbytes
            if hashlib.sha256(memoryview(self._map)[:body]).digest() != self._map[body + 8 :]:
                raise JournalAltered(f"{self.path.name} is damaged; delete it, and it is made again")
            self._checked = True
        _find_in_run(self.rows, low, high, places)


class IdIndex:
    """See the module's rules. One thread adds; the same one finds."""

    def __init__(self, directory: Path, run_rows: int = RUN_ROWS) -> None:
        """Use `open`."""
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._directory, self._run_rows = directory, run_rows
        self._runs: list[Run] = []
        self._rows = np.zeros((run_rows, 2), np.uint64)
        self._places = np.zeros(run_rows, np.int64)
        self._table, self._count = HashIndex(), 0
        self._greatest, self._following = -1, 0

    @classmethod
    def open(cls, directory: Path, ids_from: IdsFrom, records: int, *, run_rows: int = RUN_ROWS) -> Self:
        """The index in `directory`, completed from the journal's `records`. A run that tells of records which the
        journal has not, since a crash came between, goes."""
        index = cls(directory, run_rows)
        index._load(records)
        for record, ids in ids_from(index._following):
            index.add(ids[:, 0], ids[:, 1], record)
        return index

    def find(self, low: Words, high: Words) -> NDArray[np.int64]:
        """For each id its record and row in it, ``record << ROW_BITS | row``; ``NOWHERE`` for a new one."""
        found = np.full(len(low), NOWHERE, np.int64)
        top_high, top_low = np.uint64(max(0, self._greatest) >> 64), np.uint64(max(0, self._greatest) & _MASK)
        maybe = np.flatnonzero((high < top_high) | ((high == top_high) & (low <= top_low)))
        if self._greatest < 0 or not len(maybe):
            return found
        low, high = np.ascontiguousarray(low[maybe]), np.ascontiguousarray(high[maybe])
        places = np.full(len(maybe), NOWHERE, np.int64)
        if self._count:
            numbers = np.zeros(len(maybe), np.int64)
            find_all(self._table.table, self._rows, np.stack([low, high], axis=1), numbers)
            places = np.where(numbers >= 0, self._places[numbers], NOWHERE)
        for run in reversed(self._runs):
            if (places >= 0).all():
                break
            if _overlaps(run, low, high, places):
                run.find(low, high, places)
        found[maybe] = places
        return found

    def add(self, low: Words, high: Words, record: int) -> None:
        """Enter the ids of a record, none of which is known."""
        first = 0
        while first < len(low):
            count = min(len(low) - first, self._run_rows - self._count)
            here, taken = slice(self._count, self._count + count), slice(first, first + count)
            self._table.reserve(self._rows, self._count, count)
            self._rows[here, 0], self._rows[here, 1] = low[taken], high[taken]
            self._places[here] = record << ROW_BITS | np.arange(first, first + count)
            insert_all(self._table.table, self._rows, self._count, self._count + count)
            self._count, first = self._count + count, first + count
            if self._count == self._run_rows and first < len(low):
                self._write(record)
        if len(low):
            top = int(high.max())
            self._greatest = max(self._greatest, top << 64 | int(low[high == np.uint64(top)].max()))
        self._following = record + 1
        if self._count == self._run_rows:
            self._write(record + 1)

    def _write(self, following: int) -> None:
        """Write the newest ids as a run that ends before the record `following`."""
        order = np.lexsort((self._rows[: self._count, 0], self._rows[: self._count, 1]))
        rows = np.empty((self._count, 3), np.uint64)
        rows[:, 0], rows[:, 1] = self._rows[order, 1], self._rows[order, 0]
        rows[:, 2] = self._places[order].astype(np.uint64)
        body = rows.tobytes()
        path = self._directory / f"{len(self._runs):06d}-{following:012d}{SUFFIX}"
        replace_durably(path, body + _MAGIC + hashlib.sha256(body).digest(), 0o600)
        self._runs.append(Run(path, following))
        self._table, self._count = HashIndex(), 0

    def _load(self, records: int) -> None:
        """The runs in order, up to the first that is missing or damaged; what follows it is made again."""
        for path in sorted(self._directory.glob(f"*{SUFFIX}")):
            number, _, following = path.stem.partition("-")
            try:
                if int(number) != len(self._runs) or int(following) > records:
                    raise ValueError(path.name)
                run = Run(path, int(following))
            except (ValueError, OSError):
                path.unlink(missing_ok=True)
                continue
            self._runs.append(run)
            self._following = run.following
            self._greatest = max(self._greatest, run.greatest)


_MASK = (1 << 64) - 1


def _overlaps(run: Run, low: Words, high: Words, places: NDArray[np.int64]) -> bool:
    """Whether an id that is not found yet lies within the bounds of `run`."""
    least, greatest = ((np.uint64(one >> 64), np.uint64(one & _MASK)) for one in (run.least, run.greatest))
    above = (high > least[0]) | ((high == least[0]) & (low >= least[1]))
    below = (high < greatest[0]) | ((high == greatest[0]) & (low <= greatest[1]))
    return bool((above & below & (places < 0)).any())
