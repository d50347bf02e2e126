"""The ladder of measures against a customer: a dated table with its legal basis, and neutral words for customers.

Rules (K8):

1. A measure goes no further than the risk needs: whoever takes a rung says why a milder one is not enough, from
   `Rung.HOLD` on always, below whenever a milder rung is not in force.
2. What a measure limits is in `Limits`; a rung has only the limits that the table names.
3. A customer is told that something was not done or is limited, and how to object; never of suspicion, alerts, cases
   or reports (`customer_words`).

Example::

    rung_of(LADDER, Rung.LIMIT_AMOUNT, date(2026, 11, 22)).basis
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import IntEnum
from types import MappingProxyType
from typing import Any

from jinku.base.currency import currency
from jinku.base.errors import InputError
from jinku.risk.acts.errors import BadAct

AMOUNT_MAX = (1 << 62) - 1
COUNT_MAX = 1_000_000
PERIODS_DAYS = (1, 7, 30, 90, 365)
METHODS = ("cash", "transfer", "withdrawal", "cross_border", "online", "card", "open_account")
"""Ways of moving money that a measure can close; a bit each in `Restrictions.methods`, in this order."""


class Rung(IntEnum):
    """How far a measure goes."""

    DILIGENCE = 1
    LIMIT_METHOD = 2
    LIMIT_AMOUNT = 3
    LIMIT_FREQUENCY = 4
    HOLD = 5
    REFUSE = 6
    END = 7


@dataclass(frozen=True, slots=True)
class Step:
    """One rung in force from a day."""

    from_day: date
    rung: Rung
    english: str
    chinese: str
    limits: tuple[str, ...]
    """Which of `Limits` it has."""
    basis: str
    """Source of the duty or power."""


_ARTICLE_30 = "AML Law of the PRC (2024), art. 30"
_FROM = date(2025, 1, 1)
_AMOUNT = ("amount", "currency", "period_days")
LADDER: tuple[Step, ...] = (
    Step(_FROM, Rung.DILIGENCE, "more due diligence", "强化尽职调查", (), "AML Law of the PRC (2024), art. 29–30"),
    Step(_FROM, Rung.LIMIT_METHOD, "limit the method", "限制交易方式", ("methods",), _ARTICLE_30),
    Step(_FROM, Rung.LIMIT_AMOUNT, "limit the amount", "限制交易金额", _AMOUNT, _ARTICLE_30),
    Step(_FROM, Rung.LIMIT_FREQUENCY, "limit the frequency", "限制交易频次", ("count", "period_days"), _ARTICLE_30),
    Step(_FROM, Rung.HOLD, "hold each movement", "暂停交易", (), _ARTICLE_30),
    Step(_FROM, Rung.REFUSE, "refuse movements", "拒绝办理业务", (), _ARTICLE_30),
    Step(_FROM, Rung.END, "end the relationship", "终止业务关系", (), _ARTICLE_30),
)  # fmt: skip
AT_ONCE = MappingProxyType(
    {
        Rung.HOLD: "AML Law of the PRC (2024), art. 40–41: a listed name is stopped at once",
        Rung.REFUSE: "AML Law of the PRC (2024), art. 40–41: a listed name is stopped at once",
    }
)
"""Rungs that one person or the program may take at once for a name on a list; another one confirms."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What a measure limits. Raises BadAct."""

    methods: tuple[str, ...] = ()
    amount: int = 0
    """Most minor units of `currency` in `period_days`."""
    currency: str = ""
    count: int = 0
    """Most movements in `period_days`."""
    period_days: int = 0

    def __post_init__(self) -> None:
        checks = (
            ("methods", self.methods, set(self.methods) <= set(METHODS)),
            ("amount", self.amount, 0 <= self.amount <= AMOUNT_MAX),
            ("count", self.count, 0 <= self.count <= COUNT_MAX),
            ("period_days", self.period_days, self.period_days in (0, *PERIODS_DAYS)),
        )
        for field, value, is_good in checks:
            if not is_good:
                raise BadAct("cannot be a limit", field=field, value=value, remedy="see docs/risk-cases.md")
        if self.currency:
            currency(self.currency)

    def document(self) -> dict[str, Any]:
        """As JSON values."""
        return {
            "methods": list(self.methods),
            "amount": str(self.amount),
            "currency": self.currency,
            "count": self.count,
            "period_days": self.period_days,
        }

    @classmethod
    def read(cls, found: Mapping[str, Any]) -> "Limits":
        """What `document` gave."""
        return cls(
            tuple(found["methods"]),
            int(found["amount"]),
            found["currency"],
            found["count"],
            found["period_days"],
        )


def rung_of(rows: Sequence[Step], rung: Rung, day: date) -> Step:
    """The row of a rung in force on `day`. Raises InputError."""
    found = [one for one in rows if one.rung is rung and one.from_day <= day]
    if not found:
        raise InputError("has no legal basis on that day", field="rung", value=rung.name.lower())
    return max(found, key=lambda one: one.from_day)


def check_limits(step: Step, limits: Limits) -> None:
    """Rule 2. Raises BadAct."""
    given = {
        "methods": bool(limits.methods),
        "amount": bool(limits.amount or limits.currency),
        "currency": bool(limits.currency),
        "count": bool(limits.count),
        "period_days": bool(limits.period_days),
    }
    needed = set(step.limits) - {"amount", "count"}  # nothing at all is a limit too
    for name, is_given in given.items():
        if (is_given and name not in step.limits) or (name in needed and not is_given):
            wanted = ", ".join(step.limits) or "no limits"
            raise BadAct(f"{step.english} has {wanted}", field=name, value=getattr(limits, name))


_WORDS = MappingProxyType(
    {
        Rung.DILIGENCE: ("Please bring your details up to date.", "请更新并补充您的资料。"),
        Rung.LIMIT_METHOD: ("This way of paying is not available to you.", "您暂不能使用该交易方式。"),
        Rung.LIMIT_AMOUNT: ("This is above the amount set for your account.", "超出您账户当前的交易限额。"),
        Rung.LIMIT_FREQUENCY: (
            "This is above the number set for your account.",
            "超出您账户当前的交易次数。",
        ),
        Rung.HOLD: ("Your order is being processed.", "您的指令正在处理中。"),
        Rung.REFUSE: ("We cannot carry out this order.", "该指令无法办理。"),
        Rung.END: ("We no longer offer you this service.", "我们不再为您提供该项服务。"),
    }
)
_OBJECT = (
    " You can object; you have an answer within 15 days.",
    "如有异议，您可以提出，我们将在 15 日内答复。",
)


def customer_words(rung: Rung, language: str = "en") -> str:
    """All that a customer is told where a measure bears on an order, ``en`` or ``zh`` (rule 3)."""
    place = 1 if language == "zh" else 0
    return _WORDS[rung][place] + ("" if rung is Rung.HOLD else _OBJECT[place])
