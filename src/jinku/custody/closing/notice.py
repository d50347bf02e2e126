"""The draft of a notice to the regulator or the bank about a shortfall or an excess, in English and Chinese.

Rules (R9):

1. A draft states the facts of the sealed record and what was done, nothing else; a person completes and sends it. No
   customer is named in it.
2. Whom it is for and by when follow from the rule in force (`jinku.custody.closing.table`).

Example::

    notice(facts).chinese
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from jinku.base.clock import to_rfc3339
from jinku.base.currency import Currency
from jinku.base.decimals import format_minor
from jinku.custody.closing.days import Day
from jinku.custody.closing.position import Outcome
from jinku.custody.closing.remedies import Remedy, RemedyKind, RemedyState
from jinku.custody.closing.table import SafeguardingRule

_CLASSES_SHOWN_MAX = 12


@dataclass(frozen=True, slots=True)
class Facts:
    """What a notice is about."""

    day: Day
    currency: Currency
    position: Mapping[str, Any]
    """As the record has it (`jinku.custody.closing.requirement.PoolPosition.as_json`)."""
    counts: Mapping[str, int]
    """Of the reconciliation: equal cases and breaks by class."""
    remedies: Sequence[Remedy]
    rule: SafeguardingRule
    now: int
    """ns UTC."""


@dataclass(frozen=True, slots=True)
class Notice:
    """A draft in both languages."""

    to_english: str
    to_chinese: str
    notify_by: str
    """RFC 3339; empty where the rules set no time."""
    english: str
    chinese: str


_STATES_ZH = {
    RemedyState.PROPOSED: "已提出，待复核",
    RemedyState.APPROVED: "已复核，待执行",
    RemedyState.EXECUTED: "已执行",
    RemedyState.REFUSED: "未予批准",
}
_KINDS_ZH = {RemedyKind.TOP_UP: "以自有资金补足", RemedyKind.WITHDRAWAL: "提取溢余自有资金"}
_OUTCOMES_ZH = {Outcome.SHORTFALL: "缺口", Outcome.EXCESS: "溢余", Outcome.RECONCILED: "相符"}


def notice(facts: Facts) -> Notice:
    """The draft; see the module's rules."""
    rule = facts.rule
    standing = [one for one in facts.remedies if one.state is not RemedyState.REFUSED]
    by = max((one.notify_by for one in standing), default=0)
    return Notice(
        rule.notify_english,
        rule.notify_chinese,
        to_rfc3339(by) if by else "",
        "\n".join(_english(facts, standing)) + "\n",
        "\n".join(_chinese(facts, standing)) + "\n",
    )


def _money(facts: Facts, name: str) -> str:
    return f"{format_minor(int(facts.position[name]), facts.currency.exponent)} {facts.currency.code}"


def _amount(facts: Facts, amount: int) -> str:
    return f"{format_minor(amount, facts.currency.exponent)} {facts.currency.code}"


def _breaks(facts: Facts) -> str:
    found = [f"{kind} {count}" for kind, count in facts.counts.items() if kind != "equal" and count]
    return ", ".join(found[:_CLASSES_SHOWN_MAX])


def _english(facts: Facts, remedies: Sequence[Remedy]) -> list[str]:
    one = facts.position
    outcome = Outcome(one["outcome"])
    lines = [
        f"DRAFT to {facts.rule.notify_english}",
        "",
        f"Subject: safeguarding position of {one['day']}, {outcome.value}",
        "",
        f"Legal entity no. {one['entity']}, pool {one['pool']}, currency {one['currency']}.",
        f"As of {one['as_of']} (the fixed cut-off of business day {one['day']}):",
        f"- requirement: {_money(facts, 'requirement')} ({one['client_count']} clients)",
        f"- resource: {_money(facts, 'resource')}"
        + ("" if one["confirmed"] else " (not confirmed by the bank for every account)"),
        f"- difference: {_money(facts, 'difference')}: {outcome.value}",
        f"- of it between our books and the requirement: {_money(facts, 'internal')}",
        f"- of it between the bank and our books: {_money(facts, 'external')}",
        f"Reconciliation: {_breaks(facts) or 'no open differences'}.",
        f"Found on {to_rfc3339(facts.day.prepared_at)} by the close of the day.",
    ]
    if int(one["overdue"]):
        lines.append(f"In transit beyond the time allowed: {_money(facts, 'overdue')}.")
    for each in remedies:
        done = each.executed_at
        due = to_rfc3339(each.due_at) if each.due_at else "no time set"
        late = each.clock.is_overdue(done or facts.now)
        lines.append(
            f"Measure {each.number}: {each.kind.value.replace('_', ' ')} of {_amount(facts, each.amount)},"
            + f" {each.state.value}"
            + (f" on {to_rfc3339(done)}" if done else "")
            + f"; due {due}{', OVERDUE' if late else ''}."
        )
    if not remedies:
        lines.append("Measures: none proposed yet.")
    record = facts.day.record or facts.day.draft
    lines += [
        f"Record of the close, SHA-256 {record}"
        + (
            f", sealed as log entry {facts.day.sealed_entry}"
            if facts.day.sealed_entry >= 0
            else ", not sealed yet"
        )
        + ".",
        f"Rule: {facts.rule.source}" + (" (proposal)" if facts.rule.proposal else "") + ".",
        "Cause and steps against recurrence: [to be completed]",
        "Contact: [to be completed]",
    ]
    return lines


def _chinese(facts: Facts, remedies: Sequence[Remedy]) -> list[str]:
    one = facts.position
    outcome = Outcome(one["outcome"])
    lines = [
        f"【草稿】致：{facts.rule.notify_chinese}",
        "",
        f"事由：{one['day']} 客户资金头寸{_OUTCOMES_ZH[outcome]}情况报告",
        "",
        f"法人主体编号 {one['entity']}，资金池 {one['pool']}，币种 {one['currency']}。",
        f"截至 {one['as_of']}（营业日 {one['day']} 固定日切时点）：",
        f"- 应存金额：{_money(facts, 'requirement')}（客户 {one['client_count']} 户）",
        f"- 实存金额：{_money(facts, 'resource')}"
        + ("" if one["confirmed"] else "（部分账户尚无银行对账单确认）"),
        f"- 差额：{_money(facts, 'difference')}，{_OUTCOMES_ZH[outcome]}",
        f"- 其中账面与应存之差：{_money(facts, 'internal')}",
        f"- 其中银行与账面之差：{_money(facts, 'external')}",
        f"对账结果：{_breaks(facts) or '无未了差错'}。",
        f"发现时间：{to_rfc3339(facts.day.prepared_at)}（日终对账）。",
    ]
    if int(one["overdue"]):
        lines.append(f"超过规定时限的在途资金：{_money(facts, 'overdue')}。")
    for each in remedies:
        done = each.executed_at
        due = to_rfc3339(each.due_at) if each.due_at else "未规定时限"
        late = each.clock.is_overdue(done or facts.now)
        lines.append(
            f"措施 {each.number}：{_KINDS_ZH[each.kind]} {_amount(facts, each.amount)}，{_STATES_ZH[each.state]}"
            + (f"（{to_rfc3339(done)}）" if done else "")
            + f"；时限 {due}{'，已逾期' if late else ''}。"
        )
    if not remedies:
        lines.append("措施：尚未提出。")
    record = facts.day.record or facts.day.draft
    sealed = f"，已封存于日志第 {facts.day.sealed_entry} 条" if facts.day.sealed_entry >= 0 else "，尚未封存"
    lines += [
        f"日终记录 SHA-256：{record}{sealed}。",
        f"依据：{facts.rule.source}{'（征求意见稿）' if facts.rule.proposal else ''}。",
        "原因及防止再次发生的措施：［待填］",
        "联系人：［待填］",
    ]
    return lines
