"""Events from the ledger's journal: each movement asked for is one event, with the journal's own order and time.

Rules:

1. Single-phase and pending transfers are events; posts and voids only finish what was asked. Accounts and seals are
   none.
2. Which account or reference is whose is the platform's: `LedgerReading` maps event fields to transfer fields.
   A reference of 0 is NULL.
3. The time is the entry's booking time in microseconds; of entries within one microsecond each next one gets one more.
   The same journal gives the same events, however it is read.
4. An amount above 2^63 - 1 stands as that. The currency is the ISO 4217 code of the ledger's number, NULL if none.

Example::

    engine.rebuild(ledger_events(house.ledger, LedgerReading(kinds={1: "payment"}), LocalTime("Asia/Shanghai")))
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from jinku.base.currency import TABLE
from jinku.ledger.layout import TRANSFER, Array, EntryKind
from jinku.ledger.model import TransferFlags
from jinku.risk.events.batch import EventBatch
from jinku.risk.events.columns import KEY, Column
from jinku.risk.events.errors import BadEvents
from jinku.risk.events.local_time import LocalTime
from jinku.risk.events.payments import payments
from jinku.risk.events.schema import PAYMENTS, FieldType
from jinku.risk.events.stamp import spread

CHUNK_ENTRIES = 1 << 16
AMOUNT_MAX = (1 << 63) - 1
_FINISHING = int(TransferFlags.POST_PENDING_TRANSFER | TransferFlags.VOID_PENDING_TRANSFER)
_NS = 1_000
_WIDE = frozenset(name[:-3] for name in TRANSFER.names or () if name.endswith("_lo"))


class Journal(Protocol):
    """What of a ledger is read; `jinku.ledger.Ledger` is one."""

    def entries(self, first: int, count: int) -> Array:
        """``ENTRY`` rows from sequence number `first`, up to `count`, durable ones only."""
        ...


@dataclass(frozen=True)
class LedgerReading:
    """Event field to transfer field, and the word of each transfer code."""

    fields: Mapping[str, str] = field(
        default_factory=lambda: {
            "customer": "debit_account_id",
            "payer": "debit_account_id",
            "payee": "credit_account_id",
            "counterparty": "credit_account_id",
        }
    )
    kinds: Mapping[int, str] = field(default_factory=dict)
    """Codes without a word are NULL."""


def ledger_events(
    ledger: Journal, reading: LedgerReading, place: LocalTime, first: int = 0, after: int = -1
) -> Iterator[EventBatch]:
    """The journal's events from entry `first` on, batch by batch; all later than `after` (microseconds)."""
    while True:
        entries = ledger.entries(first, CHUNK_ENTRIES)
        if not len(entries):
            return
        batch = events_of(entries, reading, place, after)
        if len(batch):
            after = int(batch.times[-1])
            yield batch
        first += len(entries)


def events_of(entries: Array, reading: LedgerReading, place: LocalTime, after: int = -1) -> EventBatch:
    """The events among ``ENTRY`` rows, all later than `after` (microseconds). Raises BadEvents."""
    moved = (entries["kind"] == EntryKind.TRANSFER) & ((entries["event"]["flags"] & _FINISHING) == 0)
    chosen = entries[moved]
    transfers = chosen["event"]
    columns = {
        "id": Column.full(_keys(transfers, "id")),
        "time": Column.full(spread((chosen["timestamp"] // _NS).astype(np.int64), after)),
        "amount": Column.full(_amounts(transfers)),
        "kind": _words(transfers["code"], reading.kinds),
        "currency": _words(transfers["ledger"], {one.number: one.code for one in TABLE}),
    }
    for name, source in reading.fields.items():
        if PAYMENTS.field(name).type is not FieldType.KEY or name == "id":
            raise BadEvents("is no identity to read from a transfer", field="fields", value=name)
        if source not in _WIDE and source not in ("user_data_64", "user_data_32"):
            raise BadEvents("is no field of a transfer that names something", field="fields", value=source)
        made = _keys(transfers, source)
        columns[name] = Column(made, (made["lo"] | made["hi"]) != 0)
    return payments(columns, place)


def _keys(transfers: Array, source: str) -> NDArray[Any]:
    made = np.zeros(len(transfers), KEY)
    if source in _WIDE:
        made["lo"], made["hi"] = transfers[f"{source}_lo"], transfers[f"{source}_hi"]
    else:
        made["lo"] = transfers[source]
    return made


def _amounts(transfers: Array) -> NDArray[np.int64]:
    low, high = transfers["amount_lo"], transfers["amount_hi"]
    large = (high != 0) | (low > np.uint64(AMOUNT_MAX))
    return np.where(large, np.uint64(AMOUNT_MAX), low).astype(np.int64)


def _words(codes: NDArray[Any], known: Mapping[int, str]) -> Column:
    """The word of each code."""
    found, places = np.unique(codes, return_inverse=True)
    words = tuple(sorted({known[code] for code in found.tolist() if code in known}))
    number = {word: at for at, word in enumerate(words)}
    table = np.array([number.get(known.get(code, ""), -1) for code in found.tolist()] or [-1], np.int32)
    at = table[places] if len(codes) else np.zeros(0, np.int32)
    return Column(np.where(at < 0, np.int32(0), at), at >= 0, words).settled()
