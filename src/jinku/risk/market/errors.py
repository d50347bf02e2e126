"""What the market-risk room refuses."""

from typing import ClassVar

from jinku.risk.errors import RiskError


class TooFewDays(RiskError):
    """There are fewer days of prices than the question needs."""

    code: ClassVar[str] = "too_few_days"

    def __init__(self, days: int, needed: int, what: str) -> None:
        super().__init__(
            f"{what} needs {needed} days of changes, there are {days}",
            remedy="give more prices or ask for a lower level",
        )


class NotPriced(RiskError):
    """A position's factor has no prices."""

    code: ClassVar[str] = "not_priced"

    def __init__(self, factors: list[str]) -> None:
        super().__init__(
            f"no prices for {', '.join(factors)[:200]}", remedy="add their rows to the file of prices"
        )


class BadMeasure(RiskError):
    """A level, horizon or method that makes no sense."""

    code: ClassVar[str] = "bad_measure"


class LimitRefused(RiskError):
    """A limit cannot be proposed or approved so."""

    code: ClassVar[str] = "limit_refused"
    http_status: ClassVar[int] = 409


class PackageAbsent(RiskError):
    """A package of the extra ``jinku[risk]`` is not installed."""

    code: ClassVar[str] = "package_absent"
    http_status: ClassVar[int] = 503

    def __init__(self, package: str) -> None:
        super().__init__(f"{package} is not installed", remedy="pip install 'jinku[risk]'")
