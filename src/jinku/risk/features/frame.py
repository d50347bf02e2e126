"""What comes out: for each event of a batch, each feature's value.

Rules:

1. `values` is float64, one row a feature, one column an event: shape (features, events), in definition order.
2. Where `valid` is false the feature is NULL and the value is NaN; a value that is there is never NaN.

Example::

    frame.column("customer_count_1h")  # float64, NaN where NULL
    frame.matrix()                     # (events, features), for a model
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from jinku.risk.language import Column

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class FeatureFrame:
    """See the module's rules."""

    names: tuple[str, ...]
    values: Floats
    valid: Bools

    def __len__(self) -> int:
        """Events."""
        return int(self.values.shape[1])

    @cached_property
    def _places(self) -> Mapping[str, int]:
        return {name: place for place, name in enumerate(self.names)}

    def column(self, name: str) -> Floats:
        """One feature for every event, NaN where NULL. Raises KeyError."""
        found: Floats = self.values[self._places[name]]
        return found

    def columns(self) -> dict[str, Column]:
        """The features as columns of the expression language, for rules; nothing is copied."""
        return {name: Column(self.values[at], self.valid[at]) for at, name in enumerate(self.names)}

    def matrix(self) -> Floats:
        """(events, features), contiguous, NaN where NULL: what a model scores."""
        return np.ascontiguousarray(self.values.T)

    def to_bytes(self) -> bytes:
        """The values as little-endian doubles, feature by feature; NULL is one fixed NaN. Deterministic."""
        return np.ascontiguousarray(self.values, "<f8").tobytes()
