"""One columnar form for the three sides of a reconciliation: platform books, custody ledger, bank statement.

Rules:

1. A side is columns of equal length. An amount is whole minor units, never negative; `direction` is +1 (money came in)
   or -1 (money went out), seen from the account at the bank, on every side.
2. Days are days since 1970-01-01 (`NO_DAY`: not given). Texts that a side does not have are empty.
3. An id stands once on its side. Columns are put in the order of their ids when they are built, so whatever is computed
   from them does not depend on the order in which records came.
4. `account` is the name that all sides use for the same account at the bank; a movement on another account is another
   movement.
5. A pending record is evidence that money is under way. It is never matched and never summed.

Example::

    ours = Records.build(Side.LEDGER, {"id": ["17"], "reference": ["R-17"], "amount": [12_500], "direction": [1],
                                       "booked": [date(2026, 11, 20)], "account": ["9909…"], "currency": ["CNY"]})
    ours.digest  # the same on every machine
"""

import hashlib
import operator
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from datetime import date, timedelta
from enum import StrEnum
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from jinku.custody.reconciliation.errors import AmountTooLarge, BadRecords

AMOUNT_MAX = (1 << 63) - 1
TURNOVER_MAX = (1 << 62) - 1
"""Sum of the absolute amounts of one side, minor units: below it no partial sum can overflow 64 bits."""
EPOCH = date(1970, 1, 1)
NO_DAY = -(1 << 31)

Texts = NDArray[np.object_]
Longs = NDArray[np.int64]
Ints = NDArray[np.int32]
Bits = NDArray[np.bool_]
Columns = Mapping[str, Sequence[Any] | NDArray[Any]]


class Side(StrEnum):
    """Whose record of the money it is."""

    PLATFORM = "platform"
    LEDGER = "ledger"
    BANK = "bank"


SIDES = (Side.PLATFORM, Side.LEDGER, Side.BANK)
TEXT_COLUMNS = (
    "id",
    "reference",
    "account",
    "currency",
    "end_to_end_id",
    "instruction_id",
    "transaction_id",
    "servicer_id",
    "batch",
    "counterparty",
    "return_reason",
    "text",
)
_REQUIRED = ("id", "amount", "direction", "booked", "account", "currency")


@dataclass(frozen=True, eq=False)
class Records:
    """The records of one side; see the module. Made by `build`, never changed."""

    side: Side
    id: Texts
    """Names the record on its side: a transfer's id, ``statement/line``, the platform's own number."""
    reference: Texts
    """What the payment is known by on all sides, as this side gives it."""
    amount: Longs
    direction: NDArray[np.int8]
    booked: Ints
    value: Ints
    """Value date; `NO_DAY` where not given."""
    account: Texts
    currency: Texts
    end_to_end_id: Texts
    instruction_id: Texts
    transaction_id: Texts
    servicer_id: Texts
    batch: Texts
    """What the record was sent or booked together with."""
    counterparty: Texts
    """The account or number of the other party: an opaque name, no personal data."""
    return_reason: Texts
    text: Texts
    reversal: Bits
    """It takes an earlier record back; `direction` is that of the money it moves itself."""
    pending: Bits
    batch_count: Ints
    """How many payments the record sums up; 0 where the side does not say."""
    line: Longs
    """Where it stands in its source, from 1; 0 where that has no lines."""
    number: Texts
    """The ledger's transfer id as an integer; 0 elsewhere."""

    @classmethod
    def build(cls, side: Side, columns: Columns) -> "Records":
        """Records from columns by name: `id`, `amount`, `direction`, `booked`, `account` and `currency` must be there.

        `booked` and `value` are dates or days since 1970; texts are str. Raises BadRecords and AmountTooLarge with the
        id of the first record that cannot stand.
        """
        for name in _REQUIRED:
            if name not in columns:
                raise BadRecords("is missing", field=name, remedy="give this column")
        size = len(columns["id"])
        for name, column in columns.items():
            if name not in _KNOWN:
                raise BadRecords(
                    "is no column of a record", field=name, remedy=f"use {', '.join(sorted(_KNOWN))}"
                )
            if len(column) != size:
                raise BadRecords(f"has {len(column)} values where id has {size}", field=name)
        empty = np.full(size, "", np.object_)
        texts = {name: _texts(columns[name]) if name in columns else empty for name in TEXT_COLUMNS}
        amount = _longs(columns["amount"], texts["id"])
        made = cls(
            side=side,
            amount=amount,
            direction=np.asarray(columns["direction"], np.int8),
            booked=_days(columns["booked"]),
            value=_days(columns["value"]) if "value" in columns else np.full(size, NO_DAY, np.int32),
            reversal=_optional(columns, "reversal", size, np.bool_),
            pending=_optional(columns, "pending", size, np.bool_),
            batch_count=_optional(columns, "batch_count", size, np.int32),
            line=_optional(columns, "line", size, np.int64),
            number=_texts(columns["number"]) if "number" in columns else np.full(size, 0, np.object_),
            **texts,
        )
        return made._checked()

    def __len__(self) -> int:
        return len(self.amount)

    @property
    def signed(self) -> Longs:
        """Each amount as the change of the account's balance."""
        return self.amount * self.direction

    @cached_property
    def digest(self) -> str:
        """SHA-256 over all columns, in order of ids: equal records give equal digests on every machine.

        Of each column: its name, then for numbers the little-endian bytes, for texts their UTF-8 lengths (int64) and
        bytes.
        """
        whole = hashlib.sha256(b"jinku-records/v1\n" + self.side.encode())
        for one in fields(self)[1:]:
            column = getattr(self, one.name)
            whole.update(f"\n{one.name}:{len(column)}\n".encode())
            if column.dtype != np.object_:
                whole.update(np.ascontiguousarray(column).astype(column.dtype.newbyteorder("<")).tobytes())
                continue
            raw = [str(item).encode() for item in column.tolist()]
            whole.update(np.fromiter(map(len, raw), "<i8", len(raw)).tobytes())
            whole.update(b"".join(raw))
        return whole.hexdigest()

    def total(self) -> int:
        """The sum of what is booked, signed, exact."""
        return exact_sum(self.signed[~self.pending])

    def take(self, keep: Bits | Longs) -> "Records":
        """The records that `keep` selects."""
        return replace(self, **{one.name: getattr(self, one.name)[keep] for one in fields(self)[1:]})

    def day(self, place: int) -> date:
        """The booking date of record `place`."""
        return day_of(int(self.booked[place]))

    def _checked(self) -> "Records":
        for name, bad, problem in (
            ("amount", self.amount < 0, "is negative: give the amount and a direction"),
            ("direction", np.abs(self.direction) != 1, "is neither +1 nor -1"),
            ("id", self.id == "", "is empty"),
            ("booked", self.booked == NO_DAY, "is not given"),
        ):
            if bad.any():
                first = int(np.flatnonzero(bad)[0])
                raise BadRecords(f"record {self.id[first]!r}: {name} {problem}", field=name)
        turnover = exact_sum(self.amount)
        if turnover > TURNOVER_MAX:
            raise AmountTooLarge(
                f"the {self.side.value} side turns over {turnover} minor units, more than {TURNOVER_MAX}",
                remedy="reconcile fewer days or accounts at once",
            )
        made = self._ordered()
        twice = np.flatnonzero(made.id[1:] == made.id[:-1])
        if len(twice):
            raise BadRecords(
                "stands twice on its side",
                field="id",
                value=str(made.id[twice[0]]),
                remedy="give each record once",
            )
        return made

    def _ordered(self) -> "Records":
        """Rule 3: shorter ids first, so that numbers stand in their order; then by text."""
        ids = self.id.tolist()
        widths = np.fromiter(map(len, ids), np.int64, len(ids))
        rises = np.fromiter(map(operator.le, ids, ids[1:]), np.bool_, max(0, len(ids) - 1))
        wider = np.diff(widths)
        if bool(((wider > 0) | ((wider == 0) & rises)).all()):
            return self
        keys = list(zip(widths.tolist(), ids, strict=True))
        return self.take(np.array(sorted(range(len(keys)), key=keys.__getitem__), np.int64))


_KNOWN = frozenset(one.name for one in fields(Records)) - {"side"}


@dataclass(frozen=True, slots=True)
class Balance:
    """What one side says that an account held; None where it does not say. Signed minor units."""

    side: Side
    account: str
    currency: str
    opening: int | None
    closing: int | None


@dataclass(frozen=True, slots=True)
class Sides:
    """What one reconciliation compares. A side that takes no part is None; the ledger always takes part."""

    ledger: Records
    bank: Records | None = None
    platform: Records | None = None
    as_of: date = EPOCH
    """The day that is reconciled: ages count to it."""
    balances: tuple[Balance, ...] = ()
    shown_until: date | None = None
    """The last day that the bank's side covers, `as_of` where None: what is dated later is not due yet."""

    def of(self, side: Side) -> Records | None:
        """The records of `side`."""
        return {Side.PLATFORM: self.platform, Side.LEDGER: self.ledger, Side.BANK: self.bank}[side]


def joined(parts: Sequence[Records]) -> Records:
    """The records of several parts of one side as one. Raises BadRecords for an id that stands in two."""
    if len(parts) == 1:
        return parts[0]
    names = [one.name for one in fields(Records)[1:]]
    columns: dict[str, Any] = {
        name: np.concatenate([getattr(part, name) for part in parts]) for name in names
    }
    return replace(parts[0], **columns)._checked()


def nothing(side: Side) -> Records:
    """A side without records."""
    return Records.build(side, dict.fromkeys(_REQUIRED, ()))


def day_number(day: date) -> int:
    """Days since 1970-01-01."""
    return (day - EPOCH).days


def day_of(number: int) -> date:
    """The day that is `number` days after 1970-01-01."""
    return EPOCH + timedelta(days=number)


def exact_sum(values: Longs) -> int:
    """The sum of 64-bit values, exact whatever its size."""
    low = int(np.sum(values & 0xFFFFFFFF, dtype=np.int64))
    return (int(np.sum(values >> 32, dtype=np.int64)) << 32) + low


def _texts(values: Sequence[Any] | NDArray[Any]) -> Texts:
    if isinstance(values, np.ndarray) and values.dtype == np.object_:
        return values
    made = np.empty(len(values), np.object_)
    made[:] = values.tolist() if isinstance(values, np.ndarray) else list(values)
    return made


def _longs(values: Sequence[Any] | NDArray[Any], ids: Texts) -> Longs:
    if isinstance(values, np.ndarray) and values.dtype == np.int64:
        return values
    try:
        return np.array(list(values), np.int64)
    except OverflowError:
        place = next(n for n, one in enumerate(values) if not -AMOUNT_MAX <= int(one) <= AMOUNT_MAX)
        raise AmountTooLarge(
            f"record {ids[place]!r} has {int(values[place])} minor units, more than {AMOUNT_MAX}",
            remedy="split the amount",
        ) from None


def _days(values: Iterable[Any] | NDArray[Any]) -> Ints:
    if isinstance(values, np.ndarray) and values.dtype == np.int32:
        return values
    made = [
        NO_DAY if one is None else day_number(one) if isinstance(one, date) else int(one) for one in values
    ]
    return np.array(made, np.int32)


def _optional(columns: Columns, name: str, size: int, kind: Any) -> Any:
    return np.asarray(columns[name], kind) if name in columns else np.zeros(size, kind)
