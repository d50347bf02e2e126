"""Operational-risk knowledge as tables: kinds of loss, indicators, duties that recur.

Rules:

1. Kinds of loss are the seven of the Basel framework (Basel Committee, OPE25, annex on event types).
2. An indicator is amber from `amber` on and red from `red` on; where `rising` is False, from there downwards.
3. A duty falls due some business days after what starts it, on its calendar, or on the same day of every month or year.
   Rows marked (s) come from a secondary source and are to be checked against the official text.
"""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum


class LossType(StrEnum):
    """Basel event types, level 1."""

    INTERNAL_FRAUD = "internal_fraud"
    EXTERNAL_FRAUD = "external_fraud"
    EMPLOYMENT = "employment_practices"
    CLIENTS = "clients_products_practices"
    ASSETS = "damage_to_physical_assets"
    DISRUPTION = "business_disruption"
    EXECUTION = "execution_delivery_process"


LOSS_NAMES: dict[LossType, tuple[str, str]] = {
    LossType.INTERNAL_FRAUD: ("Internal fraud", "内部欺诈"),
    LossType.EXTERNAL_FRAUD: ("External fraud", "外部欺诈"),
    LossType.EMPLOYMENT: ("Employment practices and workplace safety", "就业制度和工作场所安全"),
    LossType.CLIENTS: ("Clients, products and business practices", "客户、产品和业务活动"),
    LossType.ASSETS: ("Damage to physical assets", "实物资产损坏"),
    LossType.DISRUPTION: ("Business disruption and system failures", "信息科技系统事件"),
    LossType.EXECUTION: ("Execution, delivery and process management", "执行、交割和流程管理"),
}


@dataclass(frozen=True, slots=True)
class Indicator:
    """A key risk indicator, as measured from the running system or told by a person."""

    name: str
    english: str
    chinese: str
    unit: str
    amber: int
    red: int
    rising: bool = True
    """Whether more is worse."""


INDICATORS: tuple[Indicator, ...] = (
    Indicator("breaks_open", "Open breaks", "未结差错", "breaks", 20, 50),
    Indicator(
        "breaks_old", "Breaks open for five business days or more", "五个工作日以上未结差错", "breaks", 1, 5
    ),
    Indicator("days_unclosed", "Business days not closed", "未日终天数", "days", 1, 2),
    Indicator("decisions_late", "Decisions later than their deadline", "超时决策", "per million", 100, 1_000),
    Indicator("decisions_failed", "Decisions made without an engine", "引擎失效决策", "per million", 1, 100),
    Indicator("alerts_waiting", "Alerts that nobody has taken up", "待处理预警", "alerts", 50, 200),
    Indicator("cases_overdue", "Cases past their deadline", "超期案件", "cases", 1, 5),
    Indicator("objections_overdue", "Objections not answered in time", "超期异议", "objections", 1, 1),
    Indicator("list_age_days", "Age of the oldest sanctions list", "名单最长未更新天数", "days", 2, 7),
    Indicator(
        "instructions_unknown",
        "Bank instructions in an unknown state",
        "状态不明银行指令",
        "instructions",
        1,
        10,
    ),
    Indicator("drill_age_days", "Days since a restore was tried", "距上次恢复演练天数", "days", 95, 190),
    Indicator(
        "loss_90_days",
        "Gross operational loss of 90 days",
        "九十天操作损失总额",
        "minor units",
        10_000_00,
        100_000_00,
    ),
)
"""Thresholds are a start for a platform of middle size; an institution gives its own file."""


class Start(StrEnum):
    """What a duty counts from."""

    EVENT = "event"
    """Something happened on a day; due so many days after it."""
    MONTH = "month"
    """Every month's end."""
    YEAR = "year"
    """Every year's end."""


@dataclass(frozen=True, slots=True)
class DutyRow:
    """A duty that the law or the house sets, in force from a day on."""

    name: str
    english: str
    chinese: str
    from_day: date
    start: Start
    days: int
    """After the start: business days on `calendar`, or calendar days where that is "every day"."""
    calendar: str
    remind_days: int
    """Before it is due, calendar days."""
    source: str


DUTIES: tuple[DutyRow, ...] = (
    DutyRow(
        "large_value_report", "Large-value report", "大额交易报告", date(2017, 7, 1), Start.EVENT, 5, "CN", 2,
        "PBOC Order [2016] No. 3 (s)",
    ),
    DutyRow(
        "objection_answer", "Answer to a customer's objection", "客户异议答复", date(2025, 1, 1), Start.EVENT, 15,
        "every day", 5, "AML Law (2024) art. 39",
    ),
    DutyRow(
        "loss_report", "Operational losses of the month to the risk committee", "月度操作风险损失报告",
        date(2026, 1, 1), Start.MONTH, 10, "CN", 3, "house rule",
    ),
    DutyRow(
        "model_review", "Yearly review of models in force", "模型年度评审", date(2026, 1, 1), Start.YEAR, 60, "CN", 15,
        "house rule",
    ),
)  # fmt: skip
