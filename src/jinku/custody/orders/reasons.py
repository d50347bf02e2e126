"""Where an order stands and why, as closed tables in two languages.

Rules:

1. The numbers are in the order book and never change meaning.
2. What the ledger answered is told beside the reason; `REASON_OF` says which reason a status of it gives, by what the
   refused leg counts.
"""

from enum import IntEnum
from types import MappingProxyType

from jinku.custody.orders.authority import Beside
from jinku.custody.structure.bitemporal_plan import Reason as Dating
from jinku.ledger.model import CreateTransferStatus as Status


class State(IntEnum):
    """Where an order stands."""

    RECEIVED = 0
    """In the book, not yet answered by the ledger."""
    AWAITING = 1
    """Waits for a checker."""
    CHALLENGED = 2
    """Waits for a stronger authorisation of the customer."""
    REFUSED = 3
    BOOKED = 4
    HELD = 5
    """Money is held for it."""
    UNCONFIRMED = 6
    """A withdrawal's money is held until the customer confirms."""
    RISK_HELD = 7
    """Booked as pending until the risk desk decides."""
    SENT = 8
    """A withdrawal that the bank channel has claimed: it can no longer be stopped."""
    SETTLED = 9
    VOIDED = 10
    EXPIRED = 11
    RETURNED = 12
    """Paid out and come back."""
    REVERSED = 13


class Reason(IntEnum):
    """Why an order is not booked."""

    NONE = 0
    ORDER_CHANGED = 1
    NO_RULE = 2
    ROLE_UNKNOWN = 3
    OVER_ORDER_LIMIT = 4
    OVER_DAILY_LIMIT = 5
    NEEDS_CHECKER = 6
    UNAUTHORISED = 10
    AUTHORISATION_OTHER_ORDER = 11
    AUTHORISATION_TOO_OLD = 12
    AUTHORISATION_USED = 13
    MANDATE_UNKNOWN = 20
    MANDATE_REVOKED = 21
    MANDATE_NOT_YET = 22
    MANDATE_EXPIRED = 23
    MANDATE_OTHER_ACCOUNT = 24
    MANDATE_OTHER_PURPOSE = 25
    MANDATE_ORDER_LIMIT = 26
    MANDATE_EXHAUSTED = 27
    MANDATE_NOT_FOR_TYPE = 28
    PROJECT_UNKNOWN = 30
    PROJECT_LIMIT = 31
    SHARES_DIFFER = 32
    CLAIM_TOO_SMALL = 33
    HOLD_UNKNOWN = 40
    HOLD_OTHER_PARTIES = 41
    HOLD_NOT_OF_THIS_KIND = 42
    HOLD_BLOCKED = 43
    PAYMENT_UNKNOWN = 44
    REFUND_TOO_LARGE = 45
    NOT_AS_BOOKED = 46
    WITHDRAWAL_NOT_SENT = 47
    ACCOUNT_OF_OTHERS = 48
    RISK_DENIED = 50
    RISK_CHALLENGE = 51
    RISK_HOLD = 52
    INSUFFICIENT_FUNDS = 60
    ACCOUNT_UNKNOWN = 61
    ACCOUNT_FROZEN = 62
    HOLD_RESOLVED = 63
    BANK_SHORT = 64
    LEDGER_REFUSED = 65
    CANCELLED = 70
    LAPSED = 71
    AMOUNT_TOO_LARGE = 72
    CANNOT_BE = 73
    DAY_CLOSED = 80
    DAY_AHEAD = 81
    DAY_MISSING = 82
    BACKDATED_OVERDRAWN = 83
    REFERENCE_USED = 84


STATE_TEXT = MappingProxyType(
    {
        State.RECEIVED: ("received", "已受理"),
        State.AWAITING: ("awaiting approval", "待复核"),
        State.CHALLENGED: ("awaiting the customer", "待客户验证"),
        State.REFUSED: ("refused", "已拒绝"),
        State.BOOKED: ("booked", "已入账"),
        State.HELD: ("held", "已冻结"),
        State.UNCONFIRMED: ("awaiting confirmation", "待客户确认"),
        State.RISK_HELD: ("held, awaiting a decision", "暂缓办理，等待决定"),
        State.SENT: ("sent to the bank", "已发送银行"),
        State.SETTLED: ("settled", "已结清"),
        State.VOIDED: ("voided", "已撤销"),
        State.EXPIRED: ("expired", "已过期"),
        State.RETURNED: ("returned", "已退回"),
        State.REVERSED: ("reversed", "已红冲"),
    }
)

REASON_TEXT = MappingProxyType(
    {
        Reason.NONE: ("", ""),
        Reason.ORDER_CHANGED: ("the same id was used for another order", "订单号已用于其他指令"),
        Reason.NO_RULE: ("the policy has no rule for it", "制度未规定此类指令"),
        Reason.ROLE_UNKNOWN: ("the policy knows no role of who gives it", "经办人无角色"),
        Reason.OVER_ORDER_LIMIT: ("over the operator's limit for one order", "超过经办人单笔限额"),
        Reason.OVER_DAILY_LIMIT: ("over the operator's limit for the day", "超过经办人日累计限额"),
        Reason.NEEDS_CHECKER: ("needs a second person", "需复核"),
        Reason.UNAUTHORISED: ("the customer has not authorised it", "无客户授权"),
        Reason.AUTHORISATION_OTHER_ORDER: ("the customer authorised another order", "授权内容与指令不符"),
        Reason.AUTHORISATION_TOO_OLD: ("the authorisation is too old or from the future", "授权已超时"),
        Reason.AUTHORISATION_USED: ("the authorisation was used before", "授权已被使用"),
        Reason.MANDATE_UNKNOWN: ("no such mandate", "授权不存在"),
        Reason.MANDATE_REVOKED: ("the mandate is revoked", "授权已撤销"),
        Reason.MANDATE_NOT_YET: ("the mandate is not yet in force", "授权未生效"),
        Reason.MANDATE_EXPIRED: ("the mandate has expired", "授权已到期"),
        Reason.MANDATE_OTHER_ACCOUNT: ("the mandate is another account's", "非本账户授权"),
        Reason.MANDATE_OTHER_PURPOSE: ("the mandate is for another purpose", "超出授权用途"),
        Reason.MANDATE_ORDER_LIMIT: ("over the mandate's limit for one order", "超过授权单笔限额"),
        Reason.MANDATE_EXHAUSTED: ("over what is left of the mandate", "超过授权累计限额"),
        Reason.MANDATE_NOT_FOR_TYPE: ("no mandate will do for such an order", "此类指令不得委托授权"),
        Reason.PROJECT_UNKNOWN: ("no such project", "标的不存在"),
        Reason.PROJECT_LIMIT: ("over what the project may still raise", "超过标的限额"),
        Reason.SHARES_DIFFER: ("the shares are not those of the register", "份额与登记簿不符"),
        Reason.CLAIM_TOO_SMALL: ("more than the creditor is owed", "超过债权余额"),
        Reason.HOLD_UNKNOWN: ("no such hold", "冻结不存在"),
        Reason.HOLD_OTHER_PARTIES: (
            "the hold is of other parties or another project",
            "冻结与指令当事人不符",
        ),
        Reason.HOLD_NOT_OF_THIS_KIND: ("the hold is of another kind", "冻结种类不符"),
        Reason.HOLD_BLOCKED: ("the risk desk blocks the hold", "冻结被风控锁定"),
        Reason.PAYMENT_UNKNOWN: ("no such payment", "原交易不存在"),
        Reason.REFUND_TOO_LARGE: ("more than is left of the payment", "超过可退金额"),
        Reason.NOT_AS_BOOKED: ("the ledger has it otherwise", "与账务记录不符"),
        Reason.WITHDRAWAL_NOT_SENT: ("the withdrawal was not sent to the bank", "提现未发送"),
        Reason.ACCOUNT_OF_OTHERS: ("the account is not of these books", "非本机构账户"),
        Reason.RISK_DENIED: ("cannot be carried out", "无法办理"),
        Reason.RISK_CHALLENGE: ("the customer is asked again", "请客户再次确认"),
        Reason.RISK_HOLD: ("awaiting a decision", "等待决定"),
        Reason.INSUFFICIENT_FUNDS: ("not enough money", "余额不足"),
        Reason.ACCOUNT_UNKNOWN: ("no such account", "账户不存在"),
        Reason.ACCOUNT_FROZEN: ("the account is frozen or closed", "账户已冻结或销户"),
        Reason.HOLD_RESOLVED: ("the hold was paid, freed or expired before", "冻结已处理"),
        Reason.BANK_SHORT: ("the bank account would fall below zero", "银行账户余额不足"),
        Reason.LEDGER_REFUSED: ("the ledger refuses it", "账务拒绝"),
        Reason.CANCELLED: ("cancelled", "已取消"),
        Reason.LAPSED: ("nobody confirmed it in time", "逾期未复核"),
        Reason.AMOUNT_TOO_LARGE: ("an amount beyond what one order may have", "金额过大"),
        Reason.CANNOT_BE: ("contradicts itself", "指令要素矛盾"),
        Reason.DAY_CLOSED: ("its business day is closed", "所属营业日已日终"),
        Reason.DAY_AHEAD: ("its business day has not begun", "所属营业日未开始"),
        Reason.DAY_MISSING: ("it bears no business day", "缺少营业日"),
        Reason.BACKDATED_OVERDRAWN: (
            "a balance between its day and now would be illegal",
            "补记将使其间余额透支",
        ),
        Reason.REFERENCE_USED: ("the bank's reference was credited before", "银行流水号已入账"),
    }
)
"""(English, Chinese) of each reason."""

DAY_REASONS = MappingProxyType(
    {
        Dating.CLOSED_DAY: Reason.DAY_CLOSED,
        Dating.LATER_DAY: Reason.DAY_AHEAD,
        Dating.NO_DAY: Reason.DAY_MISSING,
        Dating.BALANCING: Reason.CANNOT_BE,
        Dating.OVERDRAWN: Reason.BACKDATED_OVERDRAWN,
    }
)
"""What the guard of business days refuses, in the words of orders."""

_RESOLVED = (
    Status.PENDING_TRANSFER_ALREADY_POSTED,
    Status.PENDING_TRANSFER_ALREADY_VOIDED,
    Status.PENDING_TRANSFER_EXPIRED,
)
_FROZEN = (Status.DEBIT_ACCOUNT_ALREADY_CLOSED, Status.CREDIT_ACCOUNT_ALREADY_CLOSED)
_NOT_FOUND = (Status.DEBIT_ACCOUNT_NOT_FOUND, Status.CREDIT_ACCOUNT_NOT_FOUND)
_SHORT = MappingProxyType(
    {
        0: Reason.INSUFFICIENT_FUNDS,
        Beside.MANDATE: Reason.MANDATE_EXHAUSTED,
        Beside.SECOND_MANDATE: Reason.MANDATE_EXHAUSTED,
        Beside.PROJECT: Reason.PROJECT_LIMIT,
        Beside.CLAIM: Reason.CLAIM_TOO_SMALL,
        Beside.REFUNDABLE: Reason.REFUND_TOO_LARGE,
    }
)


def reason_of(status: int, transfer: int) -> Reason:
    """Why the ledger's `status` for the leg `transfer` refuses its order."""
    found = Status(status)
    if found is Status.EXCEEDS_CREDITS:
        return _SHORT.get(transfer & 0xE000, Reason.LEDGER_REFUSED)
    if found is Status.EXCEEDS_DEBITS:
        return Reason.BANK_SHORT
    if found in _RESOLVED:
        return Reason.HOLD_RESOLVED
    if found in _FROZEN:
        return Reason.ACCOUNT_FROZEN
    if found in _NOT_FOUND:
        return Reason.PROJECT_UNKNOWN if transfer & 0xE000 == Beside.PROJECT else Reason.ACCOUNT_UNKNOWN
    if found.name.startswith("EXISTS_WITH_DIFFERENT"):
        return Reason.ORDER_CHANGED
    return Reason.LEDGER_REFUSED
