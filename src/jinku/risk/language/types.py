"""The types of the language and the columns it works on.

Rules:

1. A value is NULL or of one `Type`: BIGINT (64-bit integer), DOUBLE (finite IEEE 754, never NaN), BOOLEAN, VARCHAR (of
   a small vocabulary) or KEY (an id, which can only be compared with an id).
2. A `Column` is its values with a mask of those that are not NULL; what stands at a NULL's place means nothing. VARCHAR
   values are int32 indexes into `words`; KEY values are codes or records of words, equal where the ids are equal in all
   columns of a batch.
3. Whatever has `values`, `valid` and `words` like a `Column` is one: the columns of events and of features are.

Example::

    Column(np.array([100, 0]), np.array([True, False]))  # 100 and NULL
    Column(np.array([0, 1, 0], np.int32), words=("pay", "loan"))
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Protocol, TypeAlias

import numpy as np
import numpy.typing as npt

Array: TypeAlias = npt.NDArray[Any]
Mask: TypeAlias = npt.NDArray[np.bool_]
Value: TypeAlias = int | float | bool | str | None
"""One value of a row: int for BIGINT, float for DOUBLE, bool for BOOLEAN, str for VARCHAR, int or str for KEY."""


class Type(StrEnum):
    """What a name or an expression is; see the module."""

    BIGINT = "BIGINT"
    DOUBLE = "DOUBLE"
    BOOLEAN = "BOOLEAN"
    VARCHAR = "VARCHAR"
    KEY = "KEY"


DTYPE = {
    Type.BIGINT: np.dtype(np.int64),
    Type.DOUBLE: np.dtype(np.float64),
    Type.BOOLEAN: np.dtype(np.bool_),
    Type.VARCHAR: np.dtype(np.int32),
    Type.KEY: np.dtype(np.int64),
}
"""How the values of each type lie in a column."""

Namespace: TypeAlias = Mapping[str, str]
"""The names that a text may use, each with its type (a `Type` or its text)."""


@dataclass(frozen=True, slots=True)
class Column:
    """Values of one name for many events. `valid` is None where nothing is NULL; `words` is for VARCHAR only."""

    values: Array
    valid: Mask | None = None
    words: tuple[str, ...] | None = None


class AnyColumn(Protocol):
    """What is read of a column; see rule 3."""

    @property
    def values(self) -> Array:
        """One value for each event."""
        ...

    @property
    def valid(self) -> Mask | None:
        """Where there is a value; None for everywhere."""
        ...

    @property
    def words(self) -> tuple[str, ...] | None:
        """The dictionary of a VARCHAR."""
        ...


Columns: TypeAlias = Mapping[str, AnyColumn]
