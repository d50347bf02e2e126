"""Where a cluster reads events and writes features: connector options, types of identities, and the origin of its time.

Rules:

1. Flink orders by milliseconds, events by microseconds; so a microsecond of ours is a millisecond of Flink's clock,
   counted from `origin`. That clock holds about `CLOCK_YEARS` years from its origin, and Flink's windows pass over
   what is not after it: choose one shortly before the first event.
2. `lateness` says by how much events may come out of order (microseconds); the cluster waits that long before it
   answers. An event that is later is lost to it, so a source in order of time keeps it at 1.

Example::

    Tables(source={"connector": "kafka", "topic": "payments", …, "format": "json"}, sink={…})
    file_tables(Path("in.csv"), Path("out"), origin=first_time)
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from jinku.risk.features.flink.errors import NotForFlink

ORIGIN = 1_767_225_600_000_000
"""2026-01-01T00:00:00Z, in microseconds since 1970."""
CLOCK_YEARS = 8
NULL_LITERAL = "\\N"
"""NULL in a CSV file."""
KEY_TYPES = ("STRING", "BIGINT")


@dataclass(frozen=True, slots=True)
class Tables:
    """The `WITH` options of the table of events and of that of features; see the module."""

    source: Mapping[str, str]
    sink: Mapping[str, str]
    key_type: str = "STRING"
    """How identities look outside: STRING, or BIGINT where they are numbered."""
    origin: int = ORIGIN
    """Microseconds since 1970."""
    lateness: int = 1

    def __post_init__(self) -> None:
        if self.key_type not in KEY_TYPES:
            raise NotForFlink(f"identities as {self.key_type!r}", remedy="they are STRING or BIGINT")
        if not 1 <= self.lateness <= 3_600_000_000:
            raise NotForFlink(f"a lateness of {self.lateness} µs", remedy="it is 1 µs to an hour")


def file_tables(source: Path, sink: Path, origin: int) -> Tables:
    """Tables of CSV files: `source` is one file without header, `sink` a directory; identities are numbers."""
    form = {"connector": "filesystem", "format": "csv", "csv.null-literal": NULL_LITERAL}
    return Tables(
        form | {"path": source.absolute().as_uri()},
        form | {"path": sink.absolute().as_uri()},
        "BIGINT",
        origin,
    )


def options(given: Mapping[str, str]) -> str:
    """The text of a `WITH` clause."""
    return ", ".join(f"{text(name)} = {text(value)}" for name, value in given.items())


def text(value: str) -> str:
    """A text as SQL writes it."""
    return "'" + value.replace("'", "''") + "'"
