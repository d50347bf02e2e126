"""Orders in columns: what the corridor checks, keeps and books, thousands at a time; and what customers authorise.

Rules:

1. One ``ORDER`` row of 160 bytes an order, little-endian; a 128-bit number is two fields, ``NAME_lo``, ``NAME_hi``.
   Which field of an order lies in which column is in the catalogue; what a type does not have is 0.
2. What an order has many of (holds, shares) are ``PART`` rows: an id and an amount. They follow one another in the
   order of their orders, `parts` of a row says how many.
3. The digest of an order is the SHA-256 of ``jinku/order/v1``, its row and its parts. It is what a customer authorises.

Example::

    columns = OrderColumns.of(chart, [deposit, bid])
    columns.digest(0).hex()
    columns.order(1)  # the bid
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import Any, NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from jinku.custody.errors import BadOrder
from jinku.custody.orders.catalogue import CATALOGUE, Fields, OrderType, type_of
from jinku.custody.orders.exceptional import Booked
from jinku.custody.orders.model import (
    TIMEOUT_MAX_S,
    Hold,
    Mode,
    Order,
    Paid,
    Share,
    checked_amount,
)
from jinku.custody.structure.chart import Chart
from jinku.ledger.layout import MASK_64, Array, set_u128

WIDE = ("id", "subject", "first", "second", "third", "amount", "extra", "fee")
ORDER = np.dtype(
    [(f"{name}_{half}", "<u8") for name in WIDE for half in ("lo", "hi")]
    + [
        ("reference", "<u8"),
        ("day", "<u4"),
        ("timeout", "<u4"),
        ("type", "<u2"),
        ("mode", "<u2"),
        ("parts", "<u4"),
        ("entity", "<u4"),
        ("currency", "<u4"),
    ]
)
PART = np.dtype([("key_lo", "<u8"), ("key_hi", "<u8"), ("amount_lo", "<u8"), ("amount_hi", "<u8")])
DIGEST_DOMAIN = b"jinku/order/v1"
_STEP_SHIFT = np.uint64(16)
_NO_PARTS: tuple[tuple[int, int], ...] = ()


class Line(NamedTuple):
    """One order as plain numbers, for code that goes order by order."""

    id: int
    subject: int
    first: int
    second: int
    third: int
    amount: int
    extra: int
    fee: int
    reference: int
    day: int
    timeout: int
    type: OrderType
    mode: int
    parts: tuple[tuple[int, int], ...]
    """(id of a hold, an account or a transfer; amount) pairs."""


@dataclass(frozen=True)
class OrderColumns:
    """A batch of orders; see the module's rules. `rows` are ``ORDER``, `parts` ``PART``."""

    rows: Array
    parts: Array

    @classmethod
    def of(cls, chart: Chart, orders: Sequence[Order]) -> Self:
        """`orders` of `chart`'s books in columns. Raises BadOrder."""
        rows = np.zeros(len(orders), ORDER)
        lines = [_line(order) for order in orders]
        for name in WIDE:
            set_u128(rows, name, [getattr(line, name) for line in lines])
        for name in ("reference", "day", "timeout", "type", "mode"):
            rows[name] = [getattr(line, name) for line in lines]
        rows["parts"] = [len(line.parts) for line in lines]
        rows["entity"], rows["currency"] = chart.entity, chart.currency
        pairs = [pair for line in lines for pair in line.parts]
        parts = np.zeros(len(pairs), PART)
        set_u128(parts, "key", [key for key, _ in pairs])
        set_u128(parts, "amount", [amount for _, amount in pairs])
        return cls(rows, parts)

    @classmethod
    def from_bytes(cls, rows: bytes, parts: bytes) -> Self:
        """The batch that `rows` and `parts` were stored from."""
        return cls(np.frombuffer(rows, ORDER), np.frombuffer(parts, PART))

    def __len__(self) -> int:
        return len(self.rows)

    @cached_property
    def edges(self) -> NDArray[np.int64]:
        """Where each order's parts begin, and the end: shape (orders + 1,)."""
        return np.concatenate([np.zeros(1, np.int64), np.cumsum(self.rows["parts"], dtype=np.int64)])

    def taken(self, places: NDArray[Any]) -> Self:
        """The orders at `places` (indices or a mask), in that order."""
        wanted = np.arange(len(self))[places]
        if not len(self.parts):
            return type(self)(self.rows[wanted], self.parts)
        spans = [np.arange(self.edges[one], self.edges[one + 1]) for one in wanted.tolist()]
        return type(self)(self.rows[wanted], self.parts[np.concatenate([np.zeros(0, np.int64), *spans])])

    def keys(self) -> list[bytes]:
        """What the book knows each order by, 16 bytes big-endian: its id, and the step where it takes up another's."""
        steps = _STEPS[self.rows["type"]]
        pairs = np.empty((len(self), 2), ">u8")
        pairs[:, 0], pairs[:, 1] = self.rows["id_hi"], self.rows["id_lo"] | (steps << _STEP_SHIFT)
        raw = pairs.tobytes()
        return [raw[at : at + 16] for at in range(0, len(raw), 16)]

    def digests(self) -> list[bytes]:
        """The digest of each order; see rule 3."""
        return [self.digest(place) for place in range(len(self))]

    def digest(self, place: int) -> bytes:
        """The digest of the order at `place`; see rule 3."""
        width = ORDER.itemsize
        told = hashlib.sha256(DIGEST_DOMAIN + self._row_bytes[place * width : (place + 1) * width])
        if len(self.parts):
            told.update(self.parts[self.edges[place] : self.edges[place + 1]].tobytes())
        return told.digest()

    @cached_property
    def _row_bytes(self) -> bytes:
        return self.rows.tobytes()

    def lines(self, places: NDArray[Any]) -> list[Line]:
        """The orders at `places`, as plain numbers."""
        raw = self.rows[places].tolist()
        keys = self.parts.tolist()
        edges = self.edges.tolist()
        wanted = np.arange(len(self))[places].tolist()
        found = []
        for row, place in zip(raw, wanted, strict=True):
            wide = [row[at] | row[at + 1] << 64 for at in range(0, 16, 2)]
            parts = tuple(
                (one[0] | one[1] << 64, one[2] | one[3] << 64)
                for one in keys[edges[place] : edges[place + 1]]
            )
            found.append(Line._make((*wide, *row[16:19], OrderType(row[19]), row[20], parts)))
        return found

    def order(self, place: int) -> Order:
        """The order at `place` as its frozen value."""
        [line] = self.lines(np.array([place]))
        return _order(line)


def amounts(rows: Array, name: str) -> NDArray[np.int64]:
    """The amounts in the column `name`, which `checked` has found to be below 2^63."""
    found: NDArray[np.int64] = rows[f"{name}_lo"].astype(np.int64)
    return found


def wide(number: int) -> tuple[np.uint64, np.uint64]:
    """(low, high) words of a 128-bit number, to compare columns with."""
    return np.uint64(number & MASK_64), np.uint64(number >> 64)


_STEPS = np.zeros(1 + max(CATALOGUE), np.uint64)
for _type, _kind in CATALOGUE.items():
    _STEPS[_type] = _kind.step

_PART_FIELDS = {
    "hold": (Hold, "transfer", "amount"),
    "holds": (Hold, "transfer", "amount"),
    "shares": (Share, "account", "principal"),
    "legs": (Booked, "transfer", "amount"),
    "paid": (Paid, "transfer", "refundable"),
}


def _line(order: Order) -> Line:
    found = type_of(order)
    if found is None:
        raise BadOrder("no such order", field="order", value=type(order).__name__)
    fields, holder = CATALOGUE[found].fields, getattr(order, "paid", order)
    timeout = getattr(order, "timeout", 0)
    if not isinstance(timeout, int) or not 0 <= timeout <= TIMEOUT_MAX_S:
        raise BadOrder("not a number of seconds", field="timeout", value=timeout)
    told = (
        order.id,
        order.subject,
        *(getattr(holder, name) if name else 0 for name in (fields.first, fields.second, fields.third)),
        *(_amount(order, name) for name in (fields.amount, fields.extra, fields.fee)),
        order.reference,
        order.day.year * 10_000 + order.day.month * 100 + order.day.day,
        timeout,
        found,
        getattr(order, "mode", 0),
        _parts(order, fields.parts) if fields.parts else _NO_PARTS,
    )
    return Line._make(told)


_MAY_BE_NOTHING = frozenset({"fee", "interest", "principal"})


def _amount(order: Order, name: str) -> int:
    if not name:
        return 0
    return checked_amount(getattr(order, name), name, least=0 if name in _MAY_BE_NOTHING else 1)


def _parts(order: Order, name: str) -> tuple[tuple[int, int], ...]:
    _, key, amount = _PART_FIELDS[name]
    value = getattr(order, name)
    many = value if isinstance(value, tuple) else (value,)
    least = 0 if name == "shares" else 1
    return tuple((getattr(one, key), checked_amount(getattr(one, amount), name, least)) for one in many)


def _order(line: Line) -> Order:
    kind = CATALOGUE[line.type]
    fields: Fields = kind.fields
    values: dict[str, Any] = {
        "id": line.id,
        "day": date(line.day // 10_000, line.day // 100 % 100, line.day % 100),
        "subject": line.subject,
        "reference": line.reference,
    }
    declared = kind.order.__dataclass_fields__
    for column in ("first", "second", "third", "amount", "extra", "fee"):
        name = getattr(fields, column)
        if name in declared:
            values[name] = getattr(line, column)
    if "timeout" in declared:
        values["timeout"] = line.timeout
    if "mode" in declared:
        values["mode"] = Mode(line.mode)
    if fields.parts == "paid":
        [(transfer, refundable)] = line.parts
        values["paid"] = Paid(transfer, line.second, line.first, refundable)
    elif fields.parts:
        maker = _PART_FIELDS[fields.parts][0]
        many = tuple(maker(*pair) for pair in line.parts)
        values[fields.parts] = many[0] if fields.parts == "hold" else many
    return kind.order(**values)
