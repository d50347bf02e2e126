"""Commits for testing stores, and a naive model of what a store must answer after them."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from jinku.ledger.layout import ENTRY, ID, Array, EntryKind
from jinku.ledger.store import Commit, Family, PendingStatus, Scan, Store

START_NS = 1_700_000_000_000_000_000
ACCOUNTS = 9
SPAN_FAMILIES = (Family.CODE, Family.LEDGER, Family.ANY)
TIMESTAMP_MAX = (1 << 64) - 1


@dataclass
class History:
    """A random ledger's commits in order, and everything that follows from them."""

    seed: int
    entries: Array = field(default_factory=lambda: np.empty(0, ENTRY))
    ids: dict[tuple[int, int], int] = field(default_factory=dict)
    statuses: dict[int, int] = field(default_factory=dict)
    expires: dict[int, int] = field(default_factory=dict)
    blocks: dict[int, bytes] = field(default_factory=dict)
    header: bytes = b""
    found: dict[tuple[Family, int], list[tuple[int, int, int]]] = field(default_factory=dict)
    """Family and value → (timestamp, first, last) in order of time."""

    def __post_init__(self) -> None:
        self.rng = np.random.default_rng(self.seed)
        self.clock = START_NS

    def next(self, count: int) -> Commit:
        """A commit of `count` random entries, already counted in."""
        rng, first = self.rng, len(self.entries)
        rows = np.frombuffer(rng.bytes(count * ENTRY.itemsize), ENTRY).copy()
        rows["kind"] = rng.choice([1, 2, 2, 2, 2, 2, 3, 4], count)
        rows["version"] = 1
        steps = rng.integers(2, 6, count).cumsum()
        rows["timestamp"] = self.clock + steps
        self.clock += int(steps[-1])
        event = rows["event"]
        event["timestamp"] = np.where(rows["kind"] == EntryKind.EXPIRY, START_NS // 2, rows["timestamp"] - 1)
        event["id_hi"] = np.arange(first, first + count) // 3
        event["code"] = rng.integers(1, 4, count)
        event["ledger"] = rng.integers(1, 3, count)
        for name in ("user_data_128_hi", "user_data_128_lo", "user_data_64", "user_data_32"):
            event[name] = rng.integers(0, 3, count)
        debit = rng.integers(0, ACCOUNTS, count)
        credit = (debit + rng.integers(1, ACCOUNTS, count)) % ACCOUNTS
        still = (rows["kind"] == EntryKind.ACCOUNT) | (rows["kind"] == EntryKind.BURNED_ID)
        debit[still], credit[still] = -1, -1
        sequences, status, expires = self._pending(first, rows)
        commit = Commit(
            first, rows, debit, credit, sequences, status, expires,
            header=rng.bytes(int(rng.integers(1, 200))),
            blocks={int(n): rng.bytes(3000) for n in rng.integers(0, 5, int(rng.integers(0, 2)))},
        )  # fmt: skip
        self._count_in(commit)
        return commit

    def span_of(self, family: Family, value: int) -> list[tuple[int, int, int]]:
        """All (timestamp, first, last) of one family and value."""
        return self.found.get((family, value), [])

    def expected(self, scan: Scan) -> list[tuple[int, int]]:
        """What a store must find."""
        everything = self.span_of(scan.family, scan.value)
        chosen = [x for x in everything if scan.timestamp_min <= x[0] <= scan.timestamp_max]
        if scan.family in SPAN_FAMILIES:
            before = [x for x in everything if x[0] < scan.timestamp_min]
            starts_there = any(x[0] == scan.timestamp_min for x in everything)
            chosen = ([] if starts_there else before[-1:]) + chosen
        spans = [(first, last) for _, first, last in chosen]
        return spans[::-1] if scan.reverse else spans

    def _pending(
        self, first: int, rows: Array
    ) -> tuple[NDArray[np.int64], NDArray[np.uint8], NDArray[np.uint64]]:
        """New pending transfers, of which some are resolved at once, and some old ones resolved."""
        rng = self.rng
        new = np.flatnonzero(rows["kind"] == EntryKind.TRANSFER)[::4] + first
        old = [s for s, status in self.statuses.items() if status == PendingStatus.PENDING][::3]
        resolved = np.concatenate([np.array(old, np.int64), new[::2]])
        sequences = np.concatenate([new, resolved]).astype(np.int64)
        status = np.ones(len(sequences), np.uint8)
        status[len(new) :] = rng.integers(PendingStatus.POSTED, PendingStatus.EXPIRED + 1, len(resolved))
        timeouts = START_NS + rng.integers(0, 2, len(new)) * rng.integers(1, 10**9, len(new))
        timeouts[timeouts == START_NS] = 0
        return sequences, status, np.concatenate([timeouts, np.zeros(len(resolved))]).astype(np.uint64)

    def _count_in(self, commit: Commit) -> None:
        self.entries = np.concatenate([self.entries, commit.entries])
        self.header = commit.header
        self.blocks.update(commit.blocks)
        for sequence, status, expiry in zip(
            commit.pending_sequence.tolist(),
            commit.pending_status.tolist(),
            commit.expires_at.tolist(),
            strict=True,
        ):
            self.statuses[sequence] = status
            self.expires[sequence] = expiry if status == PendingStatus.PENDING else 0
        spans: dict[tuple[Family, int], tuple[int, int, int]] = {}
        for at, row in enumerate(commit.entries):
            self._count_entry(commit, at, row, spans)
        for key, span in spans.items():
            self.found.setdefault(key, []).append(span)

    def _count_entry(
        self, commit: Commit, at: int, row: Any, spans: dict[tuple[Family, int], tuple[int, int, int]]
    ) -> None:
        kind, event, sequence = int(row["kind"]), row["event"], commit.first + at
        if kind in (EntryKind.TRANSFER, EntryKind.BURNED_ID):
            self.ids[int(event["id_hi"]), int(event["id_lo"])] = sequence
        if kind not in (EntryKind.TRANSFER, EntryKind.EXPIRY):
            return
        moved = int(row["timestamp"] if kind == EntryKind.EXPIRY else event["timestamp"])
        points = [(Family.ACCOUNT, int(commit.debit[at])), (Family.ACCOUNT, int(commit.credit[at]))]
        ranges = [(Family.ANY, 0)]
        if kind == EntryKind.TRANSFER:
            wide = int(event["user_data_128_hi"]) << 64 | int(event["user_data_128_lo"])
            points.append((Family.USER_DATA_128, wide))
            points.append((Family.USER_DATA_64, int(event["user_data_64"])))
            points.append((Family.USER_DATA_32, int(event["user_data_32"])))
            ranges += [(Family.CODE, int(event["code"])), (Family.LEDGER, int(event["ledger"]))]
        for key in points:
            if key[0] == Family.ACCOUNT or key[1]:
                self.found.setdefault(key, []).append((moved, sequence, sequence))
        for key in ranges:
            start = spans.get(key, (moved, sequence, sequence))
            spans[key] = (start[0], start[1], sequence)


def check(store: Store, history: History) -> None:
    """Every answer of `store` against `history`: entries, ids, statuses and each index in full."""
    size = len(history.entries)
    assert store.entries(0, size + 5).tobytes() == history.entries.tobytes()
    keys = list(history.ids)
    ids = np.array([(low, high) for high, low in keys], ID)
    assert store.find_ids(ids).tolist() == [history.ids[key] for key in keys]
    everyone = np.arange(size)
    assert store.pending_statuses(everyone).tolist() == [history.statuses.get(s, 0) for s in range(size)]
    for family, value in history.found:
        scan = Scan(family, value, 0, TIMESTAMP_MAX, reverse=False)
        assert scanned(store, scan) == history.expected(scan), scan


def scanned(store: Store, scan: Scan) -> list[tuple[int, int]]:
    """Everything that one walk finds."""
    return [(int(first), int(last)) for chunk in store.scan(scan) for first, last in chunk]
