"""One column of events: values, and which of them are there.

Rules:

1. `values` and `valid` have one length; where `valid` is false the value is zero, so equal columns are equal bytes.
2. KEY values are rows of `KEY` (two words, low first); BIGINT int64; BOOLEAN bool; VARCHAR int32 numbers into `words`.
3. `words` are sorted, distinct, and each is used: the same texts give the same column, wherever they came from.
4. An identity that is text becomes 128 bits by SHA-256, an integer stays what it is; the same identity gives the
   same key in every process, so nothing needs a table of names.

Example::

    column = Column.of_texts(["CNY", None, "CNY"])
    column.words, column.values.tolist(), column.valid.tolist()  # ("CNY",), [0, 0, 0], [True, False, True]
"""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from jinku.risk.events.errors import BadEvents
from jinku.risk.events.schema import FieldType

KEY = np.dtype([("lo", "<u8"), ("hi", "<u8")])
"""A 128-bit identity; arrays of it compare with ``==``."""
WORDS_MAX = 4096
"""Words of one VARCHAR column in one batch."""

_MASK_64 = (1 << 64) - 1
_NAMESPACE = b"jinku.risk.key\x00"

Bools = NDArray[np.bool_]
DTYPES: dict[FieldType, np.dtype[Any]] = {
    FieldType.KEY: KEY,
    FieldType.BIGINT: np.dtype("<i8"),
    FieldType.BOOLEAN: np.dtype(np.bool_),
    FieldType.VARCHAR: np.dtype("<i4"),
}


@dataclass(frozen=True, eq=False)
class Column:
    """See the module's rules."""

    values: NDArray[Any]
    valid: Bools
    words: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.values)

    def __getitem__(self, rows: slice | Bools | NDArray[np.int64]) -> "Column":
        taken = Column(self.values[rows], self.valid[rows], self.words)
        return taken.settled() if self.words else taken

    def settled(self) -> "Column":
        """This column by rules 1 and 3: zeros where NULL, only the words in use, sorted."""
        values = np.where(self.valid, self.values, np.zeros(1, self.values.dtype))
        if not self.words:
            return Column(values, self.valid)
        used = np.unique(values[self.valid]).tolist()
        words = sorted({self.words[code] for code in used})
        number = {word: code for code, word in enumerate(words)}
        table = np.array([number.get(word, 0) for word in self.words], values.dtype)
        return Column(np.where(self.valid, table[values], values.dtype.type(0)), self.valid, tuple(words))

    @classmethod
    def null(cls, kind: FieldType, count: int) -> "Column":
        """`count` NULLs."""
        return cls(np.zeros(count, DTYPES[kind]), np.zeros(count, np.bool_))

    @classmethod
    def full(cls, values: NDArray[Any]) -> "Column":
        """A column of `values` (int64, bool or KEY) without NULLs."""
        return cls(values, np.ones(len(values), np.bool_))

    @classmethod
    def of_integers(cls, values: Iterable[int | None]) -> "Column":
        """A BIGINT column."""
        rows = list(values)
        return cls(
            np.array([value or 0 for value in rows], np.int64),
            np.array([value is not None for value in rows], np.bool_),
        )

    @classmethod
    def of_booleans(cls, values: Iterable[bool | None]) -> "Column":
        """A BOOLEAN column."""
        rows = list(values)
        return cls(
            np.array([bool(value) for value in rows], np.bool_),
            np.array([value is not None for value in rows], np.bool_),
        )

    @classmethod
    def of_texts(cls, values: Iterable[str | None]) -> "Column":
        """A VARCHAR column."""
        rows = list(values)
        words = tuple(sorted({value for value in rows if value is not None}))
        if len(words) > WORDS_MAX:
            raise BadEvents(f"{len(words)} different words, at most {WORDS_MAX}", remedy="make it a KEY")
        number = {word: code for code, word in enumerate(words)}
        return cls(
            np.array([0 if value is None else number[value] for value in rows], np.int32),
            np.array([value is not None for value in rows], np.bool_),
            words,
        )

    @classmethod
    def of_keys(cls, values: Iterable[int | str | None]) -> "Column":
        """A KEY column of integers below 2^128 and texts (rule 4)."""
        rows = list(values)
        made = keys([0 if value is None else key_number(value) for value in rows])
        return cls(made, np.array([value is not None for value in rows], np.bool_))

    def to_list(self) -> list[Any]:
        """The values as Python objects, None where NULL; keys as integers."""
        if self.words:
            plain: list[Any] = [self.words[code] for code in self.values.tolist()]
        elif self.values.dtype == KEY:
            plain = key_integers(self.values)
        else:
            plain = self.values.tolist()
        return [value if there else None for value, there in zip(plain, self.valid.tolist(), strict=True)]


def key_number(identity: int | str) -> int:
    """The 128-bit number of an identity: an integer is its own, a text has that of its SHA-256."""
    if isinstance(identity, str):
        return int.from_bytes(hashlib.sha256(_NAMESPACE + identity.encode()).digest()[:16], "little")
    if not 0 <= identity < 1 << 128:
        raise BadEvents("is not an integer of 128 bits", field="key", value=str(identity)[:60])
    return identity


def keys(numbers: Sequence[int]) -> NDArray[Any]:
    """128-bit integers as an array of `KEY`."""
    made = np.zeros(len(numbers), KEY)
    made["lo"] = [number & _MASK_64 for number in numbers]
    made["hi"] = [number >> 64 for number in numbers]
    return made


def key_integers(values: NDArray[Any]) -> list[int]:
    """An array of `KEY` as Python integers."""
    return [
        (high << 64) | low for high, low in zip(values["hi"].tolist(), values["lo"].tolist(), strict=True)
    ]


def joined(first: Column, second: Column) -> Column:
    """One KEY for two together: of each row's pair of identities, NULL where either is.

    The pair's key is a 128-bit mix of both (two rounds of splitmix64 over the four words), made without a table and
    the same everywhere; 2^64 pairs would have to meet before two are likely to share one."""
    mixed = np.zeros(len(first), KEY)
    words = [first.values["lo"], first.values["hi"], second.values["lo"], second.values["hi"]]
    for name, seed in (("lo", 0x243F6A8885A308D3), ("hi", 0x13198A2E03707344)):
        state = np.full(len(first), seed, np.uint64)
        for word in words:
            state = _mixed(state ^ word)
        mixed[name] = _mixed(state)
    return Column(mixed, first.valid & second.valid).settled()


def _mixed(state: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Splitmix64's finaliser (Steele, Lea and Flood, OOPSLA 2014)."""
    state = state + np.uint64(0x9E3779B97F4A7C15)
    state = (state ^ (state >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    state = (state ^ (state >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return np.asarray(state ^ (state >> np.uint64(31)))
