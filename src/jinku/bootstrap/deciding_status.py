"""What the gate answers beside the ledger's own statuses, by number and in words.

The numbers are above all of the ledger's; they are written nowhere but in answers.

Example::

    DecidedStatus(1_003).name.lower()  # "risk_held"
"""

from enum import IntEnum
from types import MappingProxyType

from jinku.ledger.status_text import StatusText


class DecidedStatus(IntEnum):
    """Answers of the gate for one transfer."""

    RISK_DENIED = 1_001
    RISK_CHALLENGED = 1_002
    RISK_HELD = 1_003
    RISK_REFUSED = 1_004
    RISK_ID_DECIDED_OTHERWISE = 1_005
    RISK_PENDING_WAITS = 1_006
    RISK_CANNOT_WAIT = 1_007


_S = DecidedStatus
DECIDED_TEXT = MappingProxyType(
    {
        _S.RISK_DENIED: StatusText(
            "The transfer was denied before it posted; it was not sent to the ledger.",
            "Its id stays decided. See the reason with `jinku risk decisions`.",
            "该笔转账在入账前被拒绝，未送入账本。",
            "其编号已有决定。原因见 `jinku risk decisions`。",
        ),
        _S.RISK_CHALLENGED: StatusText(
            "The amount is reserved until the customer has given a word.",
            "Have the customer answer; the transfer then posts by itself.",
            "金额已冻结，待客户再次确认。",
            "请客户确认；确认后自动入账。",
        ),
        _S.RISK_HELD: StatusText(
            "The amount is reserved until two persons have released or refused the transfer.",
            "Wait; the same request again tells how it stands.",
            "金额已冻结，待两人放行或拒绝。",
            "请等待；再次发送同一请求可知其状态。",
        ),
        _S.RISK_REFUSED: StatusText(
            "The transfer was held and then refused; the amount is free again.",
            "Its id stays decided; another order of the customer needs another id.",
            "该笔转账曾被暂停，后被拒绝；金额已解冻。",
            "其编号已有决定；客户的另一笔指令须用新编号。",
        ),
        _S.RISK_ID_DECIDED_OTHERWISE: StatusText(
            "Another request was decided under this id.",
            "Send the first request again to the byte, or take a new id.",
            "此编号下已对另一请求作出决定。",
            "请逐字节重发原请求，或换用新编号。",
        ),
        _S.RISK_PENDING_WAITS: StatusText(
            "The pending transfer that this one resolves is itself held or challenged.",
            "Wait until it is released.",
            "所要划付或解冻的冻结转账本身尚在等待。",
            "请待其放行。",
        ),
        _S.RISK_CANNOT_WAIT: StatusText(
            "The transfer is to be held, and its chain posts or voids others, which cannot be reserved.",
            "Send what posts or voids in a chain of its own.",
            "该笔转账须暂停，而同链中有划付或解冻，无法冻结。",
            "请将划付或解冻放在单独的链中发送。",
        ),
    }
)
"""Every status in words."""
