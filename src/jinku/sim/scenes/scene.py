"""What a scene gives: rows to show and checks that must hold.

Example::

    Scene("Customers", "客户", rows=(("opened 开户", "party 3369"),), checks=(Check("frozen", True, "refused"),))
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from jinku.sim.audit import Check

_NOTHING: Mapping[str, object] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Scene:
    """A scene that was played."""

    english: str
    chinese: str
    rows: tuple[tuple[str, str], ...]
    checks: tuple[Check, ...]
    outcome: Mapping[str, object] = field(default_factory=lambda: _NOTHING)
    """What the seed decides of it, as JSON values."""

    @property
    def title(self) -> str:
        """The heading in both languages."""
        return f"{self.english} {self.chinese}"

    @property
    def failed(self) -> list[str]:
        """Checks that do not hold."""
        return [f"{self.english.lower()}: {one.name}" for one in self.checks if not one.passed]
