"""A record of the risk room as the house's retention office wants it.

Example::

    Kept("000001", date(2026, 11, 20), head, "77")
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date


@dataclass(frozen=True, slots=True)
class Kept:
    """One record: what names it, the day from which its term counts (None while it goes on), its digest."""

    key: str
    ended: date | None
    digest: str
    subject: str = ""
    """Whom it is about, by an opaque number; empty for nobody."""
    about: Callable[[str], bool] | None = field(default=None, compare=False)
    """Whether it is about somebody, where it is about many."""
