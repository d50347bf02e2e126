"""What the book of acts refuses."""

from typing import ClassVar

from jinku.risk.errors import RiskError


class BadAct(RiskError, ValueError):
    """A value that no act can have: named by field and value."""

    code: ClassVar[str] = "bad_act"

    def __init__(self, problem: str, *, field: str, value: object, remedy: str = "") -> None:
        super().__init__(f"{field}={str(value)[:60]!r}: {problem}", remedy=remedy)
        self.field, self.value = field, value


class ChangedMeanwhile(RiskError):
    """Two persons changed one thing at the same moment; this one came second."""

    code: ClassVar[str] = "changed_meanwhile"
    http_status: ClassVar[int] = 409

    def __init__(self) -> None:
        super().__init__("was changed at the same moment", remedy="look at it again, then try again")


class ActTampered(RiskError):
    """A history, a state or a seal is not what was written."""

    code: ClassVar[str] = "act_tampered"
    http_status: ClassVar[int] = 500

    def __init__(self, where: str, problem: str) -> None:
        super().__init__(f"{where} {problem}", remedy="compare with a backup: somebody changed the database")
