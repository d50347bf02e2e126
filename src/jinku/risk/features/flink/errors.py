"""What can go wrong between a feature set and a Flink cluster."""

from typing import ClassVar

from jinku.risk.errors import RiskError


class NoFlink(RiskError):
    """There is no Flink, or no Java to run it, on this machine."""

    code: ClassVar[str] = "no_flink"
    http_status: ClassVar[int] = 503


class FlinkFailed(RiskError):
    """A cluster refused a statement, failed while it ran, or did not answer in time."""

    code: ClassVar[str] = "flink_failed"
    http_status: ClassVar[int] = 502


class NotForFlink(RiskError):
    """A feature set that cannot be written as Flink SQL; the message names the feature."""

    code: ClassVar[str] = "not_for_flink"
