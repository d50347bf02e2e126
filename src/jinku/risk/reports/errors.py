"""What the reports sub-room refuses."""

from collections.abc import Sequence
from typing import ClassVar

from jinku.risk.errors import RiskError


class ReportIncomplete(RiskError):
    """A record lacks what the format asks for: named by opaque reference and field, never by value."""

    code: ClassVar[str] = "report_incomplete"

    def __init__(self, missing: Sequence[str]) -> None:
        shown = ", ".join(missing[:20]) + (f" and {len(missing) - 20} more" if len(missing) > 20 else "")
        super().__init__(
            f"the report lacks {shown}", remedy="complete the customer's record, then export again"
        )
        self.missing = tuple(missing)


class ReportInvalid(RiskError):
    """A file that the schema or the format's own rules do not accept: named by line and element, never by value."""

    code: ClassVar[str] = "report_invalid"

    def __init__(self, problems: Sequence[str]) -> None:
        shown = "; ".join(problems[:10]) + (f"; {len(problems) - 10} more" if len(problems) > 10 else "")
        super().__init__(
            f"the file is not valid: {shown}", remedy="correct the data, or the codes of the institution"
        )
        self.problems = tuple(problems)


class NoRate(RiskError, LookupError):
    """No exchange rate to the US dollar for a day."""

    code: ClassVar[str] = "no_rate"

    def __init__(self, currency: str, day: str) -> None:
        super().__init__(
            f"no rate of {currency[:3]} on or before {day}", remedy="add the row to the table of rates"
        )
