"""What the desks of alerts, cases and measures refuse."""

from typing import ClassVar

from jinku.risk.errors import RiskError


class NothingThere(RiskError, LookupError):
    """No such alert, case, measure or report, or none that this person may know of: both sound the same."""

    code: ClassVar[str] = "not_found"
    http_status: ClassVar[int] = 404

    def __init__(self) -> None:
        super().__init__("there is nothing under that number", remedy="check the number")


class NotYourPart(RiskError):
    """A person who may know of it, and may not do this."""

    code: ClassVar[str] = "not_your_part"
    http_status: ClassVar[int] = 403

    def __init__(self, role: str, needed: str) -> None:
        super().__init__(f"is a matter for {needed}, not for {role}", remedy=f"ask one who is {needed}")


class SecondPersonNeeded(RiskError):
    """Who worked on a case, or made a proposal, does not approve it."""

    code: ClassVar[str] = "second_person_needed"
    http_status: ClassVar[int] = 403

    def __init__(self, what: str) -> None:
        super().__init__(f"{what} is not approved by one who had a hand in it", remedy="ask another person")


class NotNow(RiskError):
    """Not possible in the state that the thing is in."""

    code: ClassVar[str] = "not_now"
    http_status: ClassVar[int] = 409


class AlertChanged(RiskError):
    """An alert's key was used before, for an alert with another content."""

    code: ClassVar[str] = "alert_changed"
    http_status: ClassVar[int] = 409

    def __init__(self, key: str) -> None:
        super().__init__(f"alert {key[:80]!r} was raised before with another content", remedy="use a new key")
