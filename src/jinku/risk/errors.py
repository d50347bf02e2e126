"""The root of what the risk room refuses."""

from typing import ClassVar

from jinku.base.errors import JinkuError


class RiskError(JinkuError):
    """Base of the risk room's errors; each sub-room has its own."""

    code: ClassVar[str] = "risk_refused"
    http_status: ClassVar[int] = 422
