"""Misbehaviour by plan: the same seed and request number always meet the same fate.

Rules:

1. A rate is a share of requests from 0 to 1. A fate (refused, failed, late, returned) belongs to a request number for
   good. A mishap (a time-out, a crash …) belongs to one hearing of it, so that asking again meets another.
2. A fate changes what becomes of the money, and the books say so. A mishap changes only what others hear.

Example::

    plan = FaultPlan.parse("time_out_after=0.02,crash=0.001", seed=7)
    plan.mishap("17", heard=0)  # Mishap.TIME_OUT_AFTER or None
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TypeVar

from jinku.base.errors import InputError

_SCALE = 1 << 64
_Kind = TypeVar("_Kind", bound=StrEnum)


class Fate(StrEnum):
    """What becomes of a request's money."""

    REFUSE = "refuse"
    """Refused at once."""
    FAIL = "fail"
    """Accepted, and failed a little later."""
    LATE = "late"
    """Accepted, and settled only the next day."""
    RETURN = "return"
    """Settled, and returned days later."""


class Mishap(StrEnum):
    """What goes wrong around one hearing of a request."""

    TIME_OUT_BEFORE = "time_out_before"
    """The connection hangs; nothing was done."""
    TIME_OUT_AFTER = "time_out_after"
    """It was done, and then the connection hangs."""
    ERROR_500 = "error_500"
    """HTTP 500; nothing was done."""
    ERROR_500_AFTER = "error_500_after"
    """It was done, and HTTP 500 all the same."""
    BAD_SIGNATURE = "bad_signature"
    """The reply is signed by another key."""
    UNKNOWN = "unknown"
    """The reply says a status that nobody knows."""
    CRASH_BEFORE = "crash_before"
    """The bank dies before it writes anything down, and starts again."""
    CRASH_AFTER = "crash_after"
    """The bank dies after it wrote it down, before it answers."""


class Noise(StrEnum):
    """What goes wrong with notices and files."""

    DUPLICATE = "duplicate"
    """It comes twice."""
    LOST = "lost"
    """It never comes."""
    OUT_OF_ORDER = "out_of_order"
    """An older word comes after a newer one."""
    WRONG_FILE = "wrong_file"
    """A day's file misses a line, has one too many, or another amount; a right one follows."""


ALL_RATES: Mapping[str, float] = {
    Fate.REFUSE: 0.01,
    Fate.FAIL: 0.02,
    Fate.LATE: 0.02,
    Fate.RETURN: 0.02,
    Mishap.TIME_OUT_BEFORE: 0.004,
    Mishap.TIME_OUT_AFTER: 0.004,
    Mishap.ERROR_500: 0.01,
    Mishap.ERROR_500_AFTER: 0.01,
    Mishap.BAD_SIGNATURE: 0.01,
    Mishap.UNKNOWN: 0.01,
    Mishap.CRASH_BEFORE: 0.0003,
    Mishap.CRASH_AFTER: 0.0003,
    Noise.DUPLICATE: 0.05,
    Noise.LOST: 0.05,
    Noise.OUT_OF_ORDER: 0.02,
    Noise.WRONG_FILE: 0.3,
}
"""What ``all`` stands for."""


@dataclass(frozen=True, slots=True)
class FaultPlan:
    """See the module's rules."""

    seed: int = 0
    rates: Mapping[str, float] = field(default_factory=dict)

    @classmethod
    def parse(cls, text: str, seed: int = 0) -> "FaultPlan":
        """A plan from ``name=rate,name=rate``, ``all`` or nothing; later ones win. Raises InputError."""
        rates: dict[str, float] = {}
        for part in filter(None, text.split(",")):
            name, equals, rate = part.partition("=")
            if name == "all" and not equals:
                rates |= ALL_RATES
                continue
            try:
                rates[name] = float(rate)
            except ValueError:
                rates[name] = -1
            if name not in ALL_RATES or not 0 <= rates[name] <= 1:
                raise InputError(
                    "is not NAME=RATE with a known name and a rate from 0 to 1",
                    field="--faults",
                    value=part[:60],
                    remedy=f"names: all, {', '.join(ALL_RATES)}",
                )
        return cls(seed, rates)

    def fate(self, number: str) -> Fate | None:
        """What becomes of the request with this number."""
        return self._one(Fate, "fate", number)

    def mishap(self, number: str, heard: int) -> Mishap | None:
        """What goes wrong when a request is heard for the time number `heard` (0 …)."""
        return self._one(Mishap, "mishap", f"{number}/{heard}")

    def noise(self, kind: Noise, about: str) -> bool:
        """Whether this noise strikes `about`."""
        return self._draw(f"{kind}/{about}") < self.rates.get(kind, 0)

    def choice(self, about: str, count: int) -> int:
        """A number below `count`, the same for the same `about`."""
        return int(self._draw(f"choice/{about}") * count)

    def _one(self, kinds: type[_Kind], what: str, about: str) -> _Kind | None:
        drawn = self._draw(f"{what}/{about}")
        for kind in kinds:
            drawn -= self.rates.get(kind, 0)
            if drawn < 0:
                return kind
        return None

    def _draw(self, about: str) -> float:
        seeded = hashlib.sha256(f"{self.seed}/{about}".encode()).digest()
        return int.from_bytes(seeded[:8], "big") / _SCALE
