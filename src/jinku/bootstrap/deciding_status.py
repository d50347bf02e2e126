"""What the gate answers beside the ledger's own statuses, in words.

Example::

    DECIDED_TEXT[DecidedStatus.RISK_HELD].english
"""

from types import MappingProxyType

from jinku.ledger.status_text import StatusText
from jinku.risk.decision.statuses import DecidedStatus

__all__ = ["DECIDED_TEXT", "DecidedStatus"]


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
            "The transfer is to be held for review, and its chain cannot be reserved: a part posts or voids others, or "
            "spends what an earlier part brings.",
            "Send such parts in chains of their own, one after the other.",
            "该笔转账须暂停复核，而其链无法冻结：其中有划付或解冻，或动用同链前笔所入资金。",
            "请将这些部分分成单独的链先后发送。",
        ),
    }
)
"""Every status in words."""
