"""The services of the custodian interface: what each is for, what it sends and what comes back.

Rules:

1. A service's fields are texts unless a list is named. Amounts are digits of minor units, days ``YYYY-MM-DD``, a
   user is the platform's number for a customer; names, documents and card numbers go only in the services that need
   them.
2. A reply has a code of `Code` and the fields named here. Every request may be repeated under its number: the same
   content has the same effect once, another content is ``NUMBER_TAKEN``.
3. `Standing.END_TO_END` is spoken by client, simulated bank and tests. `SHAPE` is a message shape only: the simulated
   bank answers ``NOT_OFFERED``.

Example::

    SERVICES["WITHDRAW"].fields  # ("user", "amount", "currency", "mode")
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType


class Code(StrEnum):
    """What a reply says."""

    DONE = "DONE"
    """Accepted, or done already under this number."""
    REFUSED = "REFUSED"
    """Not done, and never will be under this number; `message` has the reason."""
    NUMBER_TAKEN = "NUMBER_TAKEN"
    """The number stands for another content; nothing was done."""
    NOT_FOUND = "NOT_FOUND"
    """The number is not known."""
    BAD_REQUEST = "BAD_REQUEST"
    """A field is missing or wrong; nothing was done."""
    NOT_OFFERED = "NOT_OFFERED"
    """No such service here."""
    REPLAYED = "REPLAYED"
    """This very message was taken before; nothing was done."""


class Status(StrEnum):
    """Where the bank has a request."""

    ACCEPTED = "ACCEPTED"
    HELD = "HELD"
    """Waits for its confirmation."""
    SETTLED = "SETTLED"
    FAILED = "FAILED"
    RETURNED = "RETURNED"


class Standing(StrEnum):
    """How far a service is built."""

    END_TO_END = "end_to_end"
    SHAPE = "shape"


@dataclass(frozen=True, slots=True)
class Service:
    """One service: its fields in, its fields out, what it is in Chinese and English."""

    name: str
    chinese: str
    english: str
    fields: tuple[str, ...]
    reply: tuple[str, ...] = ()
    optional: tuple[str, ...] = ()
    standing: Standing = Standing.END_TO_END


_STATUS = ("status", "amount", "currency", "bank_no", "day", "reason")
_SHAPE = Standing.SHAPE
_PERSON = ("user", "name", "document", "card", "phone")

_ROWS: tuple[Service, ...] = (
    Service("PERSONAL_REGISTER", "个人开户", "open a person's account", _PERSON, ("user",), ("role",)),
    Service("ENTERPRISE_REGISTER", "企业开户", "open a company's account",
            ("user", "name", "document", "card"), ("user",), ("role",)),
    Service("BIND_CARD", "绑卡", "bind a bank card", ("user", "card"), ("user",), ("phone",)),
    Service("UNBIND_CARD", "解绑卡", "unbind the bank card", ("user",), ("user",)),
    Service("AUTHORISE", "用户授权", "authorise orders without a password",
            ("user", "scope", "limit", "until"), ("user",)),
    Service("CANCEL_AUTHORISATION", "取消授权", "take an authorisation back", ("user", "scope"), ("user",)),
    Service("RECHARGE", "充值", "collect from the bound card", ("user", "amount", "currency"), _STATUS),
    Service("WITHDRAW", "提现", "pay out: normal, immediate or confirmed",
            ("user", "amount", "currency", "mode"), _STATUS),
    Service("CONFIRM_WITHDRAW", "确认提现", "let a held payout go", ("original",), _STATUS),
    Service("CANCEL_WITHDRAW", "取消提现", "give a held payout up", ("original",), _STATUS),
    Service("INTERCEPT_WITHDRAW", "拦截提现", "stop an accepted payout that has not left",
            ("original",), _STATUS),
    Service("ROLLBACK_RECHARGE", "提现回退", "a payout that failed later is pushed back (the bank's notice)",
            ("original",), _STATUS),
    Service("ESTABLISH_PROJECT", "创建标的", "open a project with its limit",
            ("project", "borrower", "limit"), ("project",)),
    Service("MODIFY_PROJECT", "变更标的", "change a project's state or limit",
            ("project",), ("project",), ("limit", "state")),
    Service("PRE_TRANSACTION", "预处理", "hold money for a project",
            ("user", "project", "amount", "currency"), _STATUS),
    Service("AUTO_PRE_TRANSACTION", "授权预处理", "hold money under an authorisation",
            ("user", "project", "amount", "currency", "scope"), _STATUS),
    Service("CANCEL_PRE_TRANSACTION", "取消预处理", "free a hold, in whole or part",
            ("original", "amount", "currency"), _STATUS),
    Service("SINGLE_SETTLEMENT", "单笔交易", "settle against a hold, or from account to account",
            ("payer", "payee", "amount", "currency"), _STATUS, ("hold", "commission")),
    Service("BATCH_SETTLEMENT", "批量交易", "settle a list, all or nothing", ("items",), ("status",)),
    Service("DEBENTURE_SALE", "债权转让", "offer a claim for sale", ("user", "project", "share"), ("status",)),
    Service("FREEZE", "资金冻结", "freeze money of an account", ("user", "amount", "currency"), _STATUS),
    Service("UNFREEZE", "资金解冻", "free frozen money", ("original", "amount", "currency"), _STATUS),
    Service("QUERY_REQUEST", "单笔查询", "what became of a request", ("original",), _STATUS),
    Service("QUERY_USER", "账户查询", "an account's balances", ("user",), ("user", "available", "held", "card")),
    Service("QUERY_PROJECT", "标的查询", "a project's state",
            ("project",), ("project", "limit", "raised", "state")),
    Service("DOWNLOAD_CHECK_FILE", "下载对账文件", "a day's check file of one kind",
            ("day", "kind"), ("file", "digest")),
    Service("CONFIRM_CHECK_FILE", "对账确认", "a day's check files are compared", ("day",), ("day",)),
    Service("ACTIVATE_USER", "用户激活", "activate an account taken over", ("user",), ("user",), standing=_SHAPE),
    Service("RESET_PASSWORD", "重置密码", "a new transaction password, on the bank's page",
            ("user",), ("url",), standing=_SHAPE),
    Service("CHECK_PASSWORD", "验证密码", "ask for the transaction password, on the bank's page",
            ("user",), ("url",), standing=_SHAPE),
    Service("CHANGE_PHONE", "修改手机号", "another telephone number, on the bank's page",
            ("user",), ("url",), standing=_SHAPE),
    Service("CHANGE_ENTERPRISE", "修改企业信息", "a company's particulars",
            ("user", "name"), ("user",), standing=_SHAPE),
    Service("CLOSE_USER", "销户", "close an empty account", ("user",), ("user",), standing=_SHAPE),
    Service("PAGE_RECHARGE", "网银充值", "pay in on the bank's page",
            ("user", "amount", "currency"), ("url",), standing=_SHAPE),
    Service("PAGE_WITHDRAW", "网关提现", "withdraw on the bank's page",
            ("user", "amount", "currency"), ("url",), standing=_SHAPE),
    Service("CANCEL_DEBENTURE_SALE", "取消债权出让", "take an offer back",
            ("original",), ("status",), standing=_SHAPE),
    Service("ADJUST_COMMISSION", "调整佣金", "correct a commission",
            ("original", "amount", "currency"), _STATUS, standing=_SHAPE),
    Service("PLATFORM_TRANSFER", "平台划拨", "between the platform's own accounts",
            ("payer", "payee", "amount", "currency"), _STATUS, standing=_SHAPE),
    Service("MARKETING_TRANSFER", "营销红包", "a gift from the platform to a customer",
            ("payee", "amount", "currency"), _STATUS, standing=_SHAPE),
    Service("QUERY_TRANSACTIONS", "流水查询", "an account's movements, by page",
            ("user", "from_day", "to_day"), ("items",), standing=_SHAPE),
)  # fmt: skip

SERVICES: Mapping[str, Service] = MappingProxyType({one.name: one for one in _ROWS})
"""Every service by its name."""
