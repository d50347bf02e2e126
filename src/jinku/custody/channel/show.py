"""Instructions, history and breaks as JSON values and report rows: amounts as digits, times as RFC 3339."""

from typing import Any

from jinku.base.clock import to_rfc3339
from jinku.custody.channel.model import BreakClass, ChannelBreak, Event, Instruction, State

STATE_CHINESE: dict[State, str] = {
    State.CREATED: "已创建",
    State.APPROVED: "已复核",
    State.SENT: "已发送",
    State.ACKNOWLEDGED: "银行已受理",
    State.SETTLED: "已到账",
    State.FAILED: "失败",
    State.RETURNED: "已退汇",
    State.UNKNOWN: "结果未知",
}
BREAK_CHINESE: dict[BreakClass, str] = {
    BreakClass.CONTRADICTION: "银行应答与既有结果矛盾",
    BreakClass.AMOUNT_DIFFERS: "银行应答金额不符",
    BreakClass.NEVER_SENT: "银行应答未曾发送的指令",
    BreakClass.LATE: "银行最终应答逾期",
    BreakClass.OVERDUE: "逾期未有最终结果",
    BreakClass.COLLECTION_RETURNED: "已入账代收被银行收回",
    BreakClass.NOT_BOOKED: "账本拒绝入账",
}


def instruction_document(one: Instruction) -> dict[str, Any]:
    """An instruction for people and programs; moments that have not come are null."""
    moments = ("created_at", "approved_at", "sent_at", "acknowledged_at", "final_at", "returned_at")
    due = ("approve_by", "send_by", "acknowledge_by", "settle_by")
    return {
        "order": str(one.id),
        "request_no": str(one.request_no),
        "kind": one.kind.value,
        "mode": one.mode.value,
        "channel": one.channel,
        "account": str(one.account),
        "payee": one.payee,
        "amount": str(one.amount),
        "currency": one.currency,
        "state": one.state.value,
        "state_zh": STATE_CHINESE[one.state],
        "maker": one.maker,
        "checker": one.checker or None,
        "attempts": one.attempts,
        "batch": one.batch or None,
        "bank_no": one.bank_no or None,
        "reason": one.reason or None,
        "booked": one.booked or None,
        **{name: _moment(getattr(one, name)) for name in moments},
        **{name: _moment(getattr(one.deadlines, name)) for name in due},
    }


def event_document(one: Event) -> dict[str, Any]:
    """A line of history."""
    return {
        "at": _moment(one.at),
        "news": one.news,
        "verdict": one.verdict,
        "before": one.before,
        "after": one.after,
        "source": one.source,
        "by": one.by or None,
        "reason": one.reason or None,
        "message": one.digest.hex() or None,
    }


def break_document(one: ChannelBreak) -> dict[str, Any]:
    """A break."""
    return {
        "number": one.number,
        "class": one.kind.value,
        "class_zh": BREAK_CHINESE[one.kind],
        "request_no": str(one.request_no),
        "order": str(one.instruction) if one.instruction else None,
        "amount": str(one.amount),
        "at": _moment(one.at),
        "state": one.state or None,
        "said": one.said,
        "source": one.source,
        "message": one.digest.hex() or None,
    }


def _moment(moment: int) -> str | None:
    return to_rfc3339(moment) if moment else None
