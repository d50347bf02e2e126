"""A ledger in memory of the test's directory with a clock that the test sets, and books to close."""

from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

from jinku.base.clock import NS_PER_SECOND, from_rfc3339
from jinku.custody.closing.settings import CloseSettings

FIRST = date(2026, 11, 19)
"""A Thursday."""
LONDON = CloseSettings("UK", "Europe/London", "17:00", "UK")


@dataclass
class SetClock:
    """A clock that stands until it is moved; each reading is a nanosecond later than the one before."""

    now: int = field(default_factory=lambda: from_rfc3339("2026-11-19T09:00:00Z"))

    def __call__(self) -> int:
        self.now += 1
        return self.now

    def to(self, text: str) -> None:
        """Set it to an RFC 3339 time."""
        self.now = from_rfc3339(text)

    def forward(self, seconds: int) -> None:
        """Move it on."""
        self.now += seconds * NS_PER_SECOND


def ledger_in(path: Path) -> Path:
    """Where a test's ledger lies."""
    return path / "ledger"
