"""Columns of NumPy in PostgreSQL's binary formats: rows for COPY, arrays for parameters.

Building the bytes here, thousands of values at a time, keeps Python's cost per row to a fraction of a
microsecond. The formats are those of PostgreSQL's manual: ``COPY … (FORMAT binary)`` and ``array_send``.

Example::

    copy.write(copy_body([row_bytes]))
    cursor.execute("SELECT * FROM unnest(%s)", [Int8Array.of(np.arange(3))])
"""

import struct
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, ClassVar, Final, Self

import numpy as np
from numpy.typing import NDArray
from psycopg import Connection
from psycopg.adapt import Dumper
from psycopg.pq import Format

from jinku.ledger.layout import Array

_COPY_START: Final = b"PGCOPY\n\xff\r\n\0" + bytes(8)
_COPY_END: Final = b"\xff\xff"
_TWO_FIELDS: Final = struct.pack(">h", 2)
_LENGTH: Final = struct.Struct(">i")
_KEYED: Final = struct.Struct(">hiqi")
_ARRAY: Final = struct.Struct(">iiIii")

_ID_ROW: Final = np.dtype(
    [("fields", ">i2"), ("id_length", ">i4"), ("id", "V16"), ("length", ">i4"), ("sequence", ">i8")]
)


@dataclass(frozen=True, slots=True)
class WireArray:
    """A one-dimensional array parameter, already in PostgreSQL's binary format."""

    body: bytes
    element_oid: ClassVar[int]
    element: ClassVar[str]
    element_bytes: ClassVar[int]

    @classmethod
    def of(cls, values: NDArray[Any]) -> Self:
        """`values` as this type; for a UUID array, rows of 16 bytes, shape (n, 16)."""
        size = cls.element_bytes
        plain = np.ascontiguousarray(values, cls.element).view(np.uint8).reshape(len(values), size)
        rows = np.empty(len(plain), [("length", ">i4"), ("value", "u1", (size,))])
        rows["length"], rows["value"] = size, plain
        return cls(_ARRAY.pack(1, 0, cls.element_oid, len(rows), 1) + rows.tobytes())


class Int8Array(WireArray):
    """``bigint[]``"""

    element_oid, element, element_bytes = 20, ">i8", 8


class Int2Array(WireArray):
    """``smallint[]``"""

    element_oid, element, element_bytes = 21, ">i2", 2


class UuidArray(WireArray):
    """``uuid[]``"""

    element_oid, element, element_bytes = 2950, "u1", 16


class _ArrayDumper(Dumper):
    format = Format.BINARY

    def dump(self, obj: WireArray) -> bytes:
        return obj.body


class _Int8ArrayDumper(_ArrayDumper):
    oid = 1016


class _Int2ArrayDumper(_ArrayDumper):
    oid = 1005


class _UuidArrayDumper(_ArrayDumper):
    oid = 2951


def register(connection: Connection[Any]) -> None:
    """Let `connection` take the array types above as parameters."""
    connection.adapters.register_dumper(Int8Array, _Int8ArrayDumper)
    connection.adapters.register_dumper(Int2Array, _Int2ArrayDumper)
    connection.adapters.register_dumper(UuidArray, _UuidArrayDumper)


def copy_body(rows: Iterable[bytes]) -> bytes:
    """A whole COPY stream of `rows`, each already encoded."""
    return b"".join((_COPY_START, *rows, _COPY_END))


def id_copy(ids: Array, sequences: NDArray[np.int64]) -> bytes:
    """COPY stream of (uuid, bigint) rows: `ids` of shape (n, 16)."""
    rows = np.empty(len(sequences), _ID_ROW)
    rows["fields"], rows["id_length"], rows["length"] = 2, 16, 8
    rows["id"] = np.ascontiguousarray(ids).view("V16").ravel()
    rows["sequence"] = sequences
    return copy_body([rows.tobytes()])


def page_copy(pages: Iterable[tuple[int, bytes]]) -> bytes:
    """COPY stream of (bigint, bytea) rows."""
    return copy_body(_KEYED.pack(2, 8, first, len(body)) + body for first, body in pages)


def index_copy(rows: Iterable[tuple[bytes, bytes]]) -> bytes:
    """COPY stream of (bytea, bytea) rows."""
    parts = [_COPY_START]
    add, pack = parts.extend, _LENGTH.pack
    for key, body in rows:
        add((_TWO_FIELDS, pack(len(key)), key, pack(len(body)), body))
    parts.append(_COPY_END)
    return b"".join(parts)
