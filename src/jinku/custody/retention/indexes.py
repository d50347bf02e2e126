"""The indexes of an embedded ledger, made anew from its journal and compared with what the store holds, row for
row."""

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from jinku.ledger.keys import VALUE_BYTES
from jinku.ledger.layout import ID, Array, EntryKind
from jinku.ledger.machine import StateMachine
from jinku.ledger.model import TransferFlags
from jinku.ledger.store import Family, PendingStatus
from jinku.ledger.stores.rocks import RocksStore
from jinku.ledger.stores.rocks_options import IDS, INDEX, OPEN, PENDING

_NS_PER_S = np.uint64(1_000_000_000)
_SPANS = (Family.CODE, Family.LEDGER, Family.ANY)
_PAIR_BYTES = 16
Rows = NDArray[np.uint64]
"""Columns: value high, value low, timestamp, sequence number."""


def index_differences(store: RocksStore, machine: StateMachine, entries: Array) -> list[str]:
    """What the store's indexes hold otherwise than the journal `entries` say; a sentence each."""
    found = list(_id_differences(store, entries))
    found += _hold_differences(store, entries)
    held = _held(store)
    expected = _expected(machine, entries)
    for family in Family:
        name = f"the index by {family.name.lower().replace('_', ' ')}"
        rows = held.get(family, np.zeros((0, 4), np.uint64))
        if family in _SPANS:
            found += _span_differences(name, rows, expected[family])
        elif not np.array_equal(_sorted(rows), _sorted(expected[family])):
            found.append(f"{name} has {len(rows)} rows that are not the journal's {len(expected[family])}")
    return found


def _id_differences(store: RocksStore, entries: Array) -> Iterator[str]:
    named = np.flatnonzero(np.isin(entries["kind"], (EntryKind.TRANSFER, EntryKind.BURNED_ID)))
    event = entries["event"][named]
    expected = np.stack([event["id_hi"], event["id_lo"], named.astype(np.uint64)], axis=1)
    raw = list(store.items(IDS))
    keys = np.frombuffer(b"".join(key for key, _ in raw), ">u8").reshape(-1, 2).astype(np.uint64)
    places = np.frombuffer(b"".join(body for _, body in raw), "<u8").reshape(-1, 1)
    if not np.array_equal(_sorted(np.hstack([keys, places])), _sorted(expected)):
        yield f"the index of ids has {len(raw)} rows that are not the journal's {len(expected)}"


def _hold_differences(store: RocksStore, entries: Array) -> Iterator[str]:
    kinds, event, flags = entries["kind"], entries["event"], entries["event"]["flags"]
    transfer = kinds == EntryKind.TRANSFER
    made = np.flatnonzero(transfer & (flags & np.uint16(TransferFlags.PENDING) != 0))
    status = dict.fromkeys(made.tolist(), PendingStatus.PENDING)
    ids = zip(event["id_hi"][made].tolist(), event["id_lo"][made].tolist(), strict=True)
    numbers = dict(zip(ids, made.tolist(), strict=True))
    for flag, kind, name, after in (
        (TransferFlags.POST_PENDING_TRANSFER, EntryKind.TRANSFER, "pending_id", PendingStatus.POSTED),
        (TransferFlags.VOID_PENDING_TRANSFER, EntryKind.TRANSFER, "pending_id", PendingStatus.VOIDED),
        (TransferFlags.PENDING, EntryKind.EXPIRY, "id", PendingStatus.EXPIRED),
    ):
        rows = event[(kinds == kind) & (flags & np.uint16(flag) != 0)]
        for pair in zip(rows[f"{name}_hi"].tolist(), rows[f"{name}_lo"].tolist(), strict=True):
            status[numbers[pair]] = after
    stored = {int.from_bytes(key, "big"): body[0] for key, body in store.items(PENDING)}
    if stored != {place: int(one) for place, one in status.items()}:
        yield "the states of holds are not those that the journal leaves them in"
    timed = event["timestamp"] + event["timeout"].astype(np.uint64) * _NS_PER_S
    expected = {
        place: int(timed[place])
        for place, one in status.items()
        if one is PendingStatus.PENDING and event["timeout"][place]
    }
    if {
        int.from_bytes(key, "big"): int.from_bytes(body, "little") for key, body in store.items(OPEN)
    } != expected:
        yield "the holds that wait for their time are not those that the journal leaves open"


def _held(store: RocksStore) -> dict[Family, Rows]:
    """What the index holds, family by family; of a span its value, first and last sequence number."""
    keys: dict[Family, list[bytes]] = {family: [] for family in Family}
    bodies: dict[Family, list[bytes]] = {family: [] for family in Family}
    for key, body in store.items(INDEX):
        family = Family(key[0])
        keys[family].append(key[1 : 1 + VALUE_BYTES[family]].rjust(16, b"\0"))
        bodies[family].append(body)
    found: dict[Family, Rows] = {}
    for family, several in bodies.items():
        counts = [len(body) // _PAIR_BYTES for body in several]
        values = np.frombuffer(b"".join(keys[family]), ">u8").reshape(-1, 2).astype(np.uint64)
        pairs = np.frombuffer(b"".join(several), "<u8").reshape(-1, 2)
        found[family] = np.hstack([np.repeat(values, counts, axis=0), pairs])
    return found


def _expected(machine: StateMachine, entries: Array) -> dict[Family, Rows]:
    kinds, event = entries["kind"], entries["event"]
    expiry, transfer = kinds == EntryKind.EXPIRY, kinds == EntryKind.TRANSFER
    stamps = np.where(expiry, entries["timestamp"], event["timestamp"]).astype(np.uint64)
    places = np.arange(len(entries), dtype=np.uint64)
    zero = np.zeros(len(entries), np.uint64)

    def rows(chosen: NDArray[np.bool_], low: Array, high: Array | None = None) -> Rows:
        wide = zero if high is None else high.astype(np.uint64)
        columns = (wide, low.astype(np.uint64), stamps, places)
        return np.stack([one[chosen] for one in columns], axis=1)

    moved = expiry | transfer
    sides = []
    for side in ("debit", "credit"):
        ids = np.zeros(len(entries), ID)
        ids["id_lo"], ids["id_hi"] = event[f"{side}_account_id_lo"], event[f"{side}_account_id_hi"]
        sides.append(rows(moved, machine.find_accounts(ids)))
    wide = (event["user_data_128_hi"] != 0) | (event["user_data_128_lo"] != 0)
    return {
        Family.ACCOUNT: np.vstack(sides),
        Family.USER_DATA_128: rows(transfer & wide, event["user_data_128_lo"], event["user_data_128_hi"]),
        Family.USER_DATA_64: rows(transfer & (event["user_data_64"] != 0), event["user_data_64"]),
        Family.USER_DATA_32: rows(transfer & (event["user_data_32"] != 0), event["user_data_32"]),
        Family.CODE: rows(transfer, event["code"]),
        Family.LEDGER: rows(transfer, event["ledger"]),
        Family.ANY: rows(moved, zero),
    }


def _span_differences(name: str, spans: Rows, rows: Rows) -> Iterator[str]:
    """Each row lies in a span of its value, and each span begins and ends with a row of its value."""
    for value in np.unique(np.concatenate([spans[:, 1], rows[:, 1]])):
        own = np.sort(rows[rows[:, 1] == value][:, 3])
        mine = spans[spans[:, 1] == value]
        mine = mine[np.argsort(mine[:, 2], kind="stable")]
        if not len(mine) or not len(own):
            yield f"{name}: {int(value)} stands only on one side"
            continue
        at = np.searchsorted(mine[:, 2], own, side="right") - 1
        inside = (at >= 0) & (own <= mine[np.maximum(at, 0), 3])
        ends = np.isin(mine[:, 2:], own)
        if not inside.all() or not ends.all():
            yield f"{name}: the spans of {int(value)} are not where the journal has it"


def _sorted(rows: NDArray[Any]) -> NDArray[Any]:
    return rows[np.lexsort(rows.T[::-1])]
