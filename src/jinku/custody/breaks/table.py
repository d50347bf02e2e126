"""The words and thresholds of the breaks desk, as tables to be read.

Rules:

1. A cause is one of the list, with a sentence of one's own beside it. New causes take new keys.
2. Thresholds are dated rows; the last row that has begun and fits counts. These are a starting point that Jinku
   ships, a policy of the house and no regulation: an institution gives its own rows to the desk.
3. A material break needs two approvals, one of them of the row's level. What is above `write_off_max` is not written
   off at all; it is explained, or paid.

Example::

    rule_for(MATERIALITY, "CNY", "missing_at_bank", date(2026, 11, 20)).material_from
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from types import MappingProxyType

from jinku.base.currency import currency


class Cause(StrEnum):
    """Why there was a break."""

    TIMING = "timing"
    BANK_ERROR = "bank_error"
    BANK_CHARGE = "bank_charge"
    OUR_ERROR = "our_error"
    PLATFORM_ERROR = "platform_error"
    WRONG_REFERENCE = "wrong_reference"
    DUPLICATE = "duplicate"
    UNKNOWN_PAYER = "unknown_payer"
    RETURNED_PAYMENT = "returned_payment"
    FRAUD = "fraud"
    MATCHED_LATER = "matched_later"
    """Given by the desk alone: a later reconciliation found its partner."""
    OTHER = "other"


CAUSES = MappingProxyType(
    {
        Cause.TIMING: ("timing difference", "时间性差异"),
        Cause.BANK_ERROR: ("the bank's error", "银行差错"),
        Cause.BANK_CHARGE: ("a bank charge", "银行手续费"),
        Cause.OUR_ERROR: ("our own error", "本方记账差错"),
        Cause.PLATFORM_ERROR: ("the platform's error", "平台差错"),
        Cause.WRONG_REFERENCE: ("wrong or missing reference", "参考号错误或缺失"),
        Cause.DUPLICATE: ("booked twice", "重复记账"),
        Cause.UNKNOWN_PAYER: ("unknown payer", "来款人不明"),
        Cause.RETURNED_PAYMENT: ("returned payment", "退汇"),
        Cause.FRAUD: ("suspected fraud", "涉嫌欺诈"),
        Cause.MATCHED_LATER: ("matched by a later reconciliation", "后续对账勾对"),
        Cause.OTHER: ("other, see the text", "其他（见说明）"),
    }
)
"""English and Chinese."""


@dataclass(frozen=True, slots=True)
class Materiality:
    """From when which amount is material, in the minor units of a currency."""

    from_day: date
    currency: str
    kind: str
    """Class of break; empty for every class."""
    material_from: int
    write_off_max: int
    level: int = 2
    """Approval level that one of the approvers of a material break must have."""
    source: str = "house policy shipped with Jinku; replace it by your own"


def _shipped(code: str, kind: str, units: int, most: int) -> Materiality:
    scale: int = 10 ** currency(code).exponent
    return Materiality(date(2026, 1, 1), code, kind, units * scale, most * scale)


MATERIALITY: tuple[Materiality, ...] = (
    _shipped("CNY", "", 100_000, 1_000_000),
    _shipped("CNY", "wrong_direction", 10_000, 1_000_000),
    _shipped("GBP", "", 10_000, 100_000),
    _shipped("EUR", "", 10_000, 100_000),
    _shipped("USD", "", 10_000, 100_000),
)


@dataclass(frozen=True, slots=True)
class Escalation:
    """From which age who is told, in business days."""

    from_day: date
    age_days: int
    material_age_days: int
    level: int
    english: str
    chinese: str


ESCALATION: tuple[Escalation, ...] = (
    Escalation(date(2026, 1, 1), 2, 1, 1, "team leader", "主管"),
    Escalation(date(2026, 1, 1), 5, 2, 2, "head of operations", "运营负责人"),
    Escalation(date(2026, 1, 1), 10, 5, 3, "compliance officer", "合规负责人"),
)
SLA_DAYS, SLA_MATERIAL_DAYS = 5, 2
"""Business days in which a break is to be closed."""

BANDS: tuple[tuple[str, str, int, int], ...] = (
    ("today", "当日", 0, 0),
    ("1 day", "1 日", 1, 1),
    ("2-5 days", "2–5 日", 2, 5),
    ("6-10 days", "6–10 日", 6, 10),
    ("11-30 days", "11–30 日", 11, 30),
    ("over 30 days", "30 日以上", 31, 1 << 31),
)
"""English, Chinese, first and last age in business days."""

CLASSES = MappingProxyType(
    {
        "missing_at_bank": "银行未达",
        "unknown_at_bank": "银行多账",
        "amount_differs": "金额不符",
        "wrong_direction": "方向不符",
        "duplicate_at_bank": "银行重复",
        "duplicate_in_books": "本方重复",
        "late": "迟到",
        "ambiguous": "无法唯一对应",
        "missing_in_ledger": "存管账缺记",
        "missing_in_platform": "平台账缺记",
        "only_in_ledger": "仅存管账有",
        "only_in_platform": "仅平台账有",
        "duplicate_in_platform": "平台重复",
        "wrong_account": "账户不符",
        "wrong_date": "日期不符",
        "fee_netted": "手续费轧差",
        "reversed": "银行冲正",
        "returned": "退汇",
        "batch_split": "批次拆分",
        "amount_tolerated": "容差内差额",
    }
)
"""Chinese names of the classes of break; a class that is not here is shown by its key."""


def rule_for(rows: Sequence[Materiality], code: str, kind: str, day: date) -> Materiality:
    """The row in force for a currency and class of break; a row of the class goes before one of every class.

    A currency without a row gets the shipped units, by its own exponent.
    """
    fitting = [one for one in rows if one.currency == code and one.kind in ("", kind) and one.from_day <= day]
    if not fitting:
        return _shipped(code, "", 10_000, 100_000)
    return max(fitting, key=lambda one: (one.kind != "", one.from_day))


def escalation_level(rows: Sequence[Escalation], age_days: int, material: bool, day: date) -> int:
    """The highest level that an age has reached; 0 for none."""
    reached = [
        one.level
        for one in rows
        if one.from_day <= day and age_days >= (one.material_age_days if material else one.age_days)
    ]
    return max(reached, default=0)
