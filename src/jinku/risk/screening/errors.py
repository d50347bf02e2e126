"""What screening refuses."""

from typing import ClassVar

from jinku.base.errors import InputError
from jinku.risk.errors import RiskError


class ScreeningError(RiskError):
    """Base of what screening refuses."""

    code: ClassVar[str] = "screening_refused"


class BadList(InputError):
    """A list file that is not whole, not of its format, or too poor to take the place of the running version."""

    code: ClassVar[str] = "bad_list"


class NoList(ScreeningError):
    """No list, or no such version of a list, is loaded."""

    code: ClassVar[str] = "no_list"
    http_status: ClassVar[int] = 404


class NotAsked(ScreeningError):
    """An act that nobody proposed, that was decided already, or that its proposer may not decide."""

    code: ClassVar[str] = "not_asked"
    http_status: ClassVar[int] = 409


class ScreeningAltered(ScreeningError):
    """Lists or clearances in the control data are not what the log seals."""

    code: ClassVar[str] = "screening_altered"
    http_status: ClassVar[int] = 503

    def __init__(self, what: str, problem: str, remedy: str = "") -> None:
        super().__init__(
            f"{what} {problem}",
            remedy=remedy
            or "restore the control database from a backup; or have two persons look and take it as it stands: "
            "jinku screen adopt",
        )
