"""What the operational-risk room refuses."""

from typing import ClassVar

from jinku.risk.errors import RiskError


class LossRefused(RiskError):
    """An act on a loss event that its state or its figures do not allow."""

    code: ClassVar[str] = "loss_refused"
    http_status: ClassVar[int] = 409


class IndicatorRefused(RiskError):
    """An indicator that is not in the table, or a value that cannot be one."""

    code: ClassVar[str] = "indicator_refused"


class DutyRefused(RiskError):
    """An act on a duty that it does not allow."""

    code: ClassVar[str] = "duty_refused"
    http_status: ClassVar[int] = 409
