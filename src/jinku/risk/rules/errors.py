"""What the rules refuse."""

from typing import ClassVar

from jinku.base.errors import InputError
from jinku.risk.errors import RiskError


class BadRules(InputError):
    """A rule set file that cannot be used: file, line, rule and value are named."""

    code: ClassVar[str] = "bad_rules"


class BadHistory(InputError):
    """A file of past events that cannot be back-tested against: file and column are named."""

    code: ClassVar[str] = "bad_history"


class RulesRefused(RiskError):
    """An act on the published rules that cannot be: a wrong state, the same person twice."""

    code: ClassVar[str] = "rules_refused"
    http_status: ClassVar[int] = 409
