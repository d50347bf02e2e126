"""What the rating sub-room refuses."""

from typing import ClassVar

from jinku.risk.errors import RiskError


class RatingUnknown(RiskError, LookupError):
    """No rating of that customer, or no override of that number."""

    code: ClassVar[str] = "not_found"
    http_status: ClassVar[int] = 404

    def __init__(self) -> None:
        super().__init__("there is no rating under that number", remedy="rate the customer first")


class RatingRefused(RiskError):
    """Not possible as things stand, or not by this person."""

    code: ClassVar[str] = "rating_refused"
    http_status: ClassVar[int] = 409


class BadOwnership(RiskError, ValueError):
    """Shares that cannot be: more than all of a company, or a share of less than nothing."""

    code: ClassVar[str] = "bad_ownership"
    http_status: ClassVar[int] = 422

    def __init__(self, problem: str, *, company: str) -> None:
        super().__init__(f"{company[:60]!r}: {problem}", remedy="correct the shares in the register")
        self.company = company
