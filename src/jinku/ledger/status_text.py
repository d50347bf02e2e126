"""What each status means in words and what to do about it, in English and Chinese.

Rules:

1. The table is closed: every status of both enumerations has a text (a test counts them).
2. One sentence says what is the case, one what the caller should do. Field names stay as the model spells them.
3. A text names no value: the caller knows what it sent.

Example::

    explain(CreateTransferStatus.EXCEEDS_CREDITS).remedy
"""

from dataclasses import dataclass

from jinku.ledger.statuses import TRANSIENT_STATUSES, CreateAccountStatus, CreateTransferStatus


@dataclass(frozen=True, slots=True)
class StatusText:
    """A status in words."""

    meaning: str
    remedy: str
    meaning_zh: str
    remedy_zh: str


def explain(status: CreateAccountStatus | CreateTransferStatus) -> StatusText:
    """The words for `status`."""
    known = _SAME.get(status.name)
    if known is None:
        known = _patterned(status.name)
    if status in TRANSIENT_STATUSES and isinstance(status, CreateTransferStatus):
        return StatusText(
            known.meaning,
            f"{known.remedy} {_BURNED.remedy}",
            known.meaning_zh,
            f"{known.remedy_zh}{_BURNED.remedy_zh}",
        )
    return known


def _patterned(name: str) -> StatusText:
    """The words for a status that differs from its like by a field's name only."""
    for prefix, suffix, text in _PATTERNS:
        if name.startswith(prefix) and name.endswith(suffix):
            field = name.removeprefix(prefix).removesuffix(suffix).lower()
            return StatusText(
                text.meaning.format(field=field),
                text.remedy.format(field=field),
                text.meaning_zh.format(field=field),
                text.remedy_zh.format(field=field),
            )
    raise KeyError(name)


_BURNED = StatusText(
    "",
    "This id is used up: any new attempt needs a new one.",
    "",
    "此 id 已作废，重新提交须使用新 id。",
)

_PATTERNS = (
    (
        "EXISTS_WITH_DIFFERENT_",
        "",
        StatusText(
            "The id is taken by an event whose {field} is another.",
            "Send a retry exactly as it was sent first, or take a new id for a new event.",
            "该 id 已存在，但其 {field} 与本次不同。",
            "重试须与首次提交完全一致；新业务请使用新 id。",
        ),
    ),
    (
        "PENDING_TRANSFER_HAS_DIFFERENT_",
        "",
        StatusText(
            "The pending transfer has another {field}.",
            "Leave {field} zero to take it from the pending transfer, or send the same one.",
            "与待决转账的 {field} 不一致。",
            "将 {field} 置零以沿用待决转账的值，或填写相同的值。",
        ),
    ),
    (
        "OVERFLOWS_",
        "",
        StatusText(
            "The account's {field} would pass 2^128 - 1.",
            "Check the amount: no real balance comes near that bound.",
            "账户的 {field} 将超出 2^128 - 1。",
            "请核对金额：真实余额不会接近该上限。",
        ),
    ),
    (
        "",
        "_MUST_NOT_BE_ZERO",
        StatusText(
            "{field} is zero.",
            "Set {field}: zero stands for nothing.",
            "{field} 为零。",
            "请填写 {field}，零表示未填。",
        ),
    ),
    (
        "",
        "_MUST_NOT_BE_INT_MAX",
        StatusText(
            "{field} is 2^128 - 1, which is reserved.",
            "Use another {field}.",
            "{field} 为保留值 2^128 - 1。",
            "请更换 {field}。",
        ),
    ),
    (
        "",
        "_MUST_BE_ZERO",
        StatusText(
            "{field} is set where it must be zero.",
            "Leave {field} zero: the ledger keeps it, or it has no meaning here.",
            "{field} 应为零，却有值。",
            "请将 {field} 置零：该值由账本维护，或在此无意义。",
        ),
    ),
)

_SAME = {
    "CREATED": StatusText("It was created.", "Nothing is left to do.", "已创建。", "无需处理。"),
    "EXISTS": StatusText(
        "It was created before, just as asked.",
        "Treat it as created: this is how a retry succeeds.",
        "此前已按相同内容创建。",
        "视同已创建：重试即如此成功。",
    ),
    "LINKED_EVENT_FAILED": StatusText(
        "Another event of its linked chain failed, so the whole chain did.",
        "Correct the event of the chain that has a status of its own, then send the chain again.",
        "所在链条中另一事件失败，整条链均未生效。",
        "修正链条中另有状态的那一事件后重新提交整条链。",
    ),
    "LINKED_EVENT_CHAIN_OPEN": StatusText(
        "The batch ends inside a linked chain.",
        "Leave the linked flag off the last event of a chain.",
        "批次在链条中间结束。",
        "链条的最后一个事件不得设置 linked 标志。",
    ),
    "IMPORTED_EVENT_EXPECTED": StatusText(
        "The batch's first event is imported and this one is not.",
        "Send imported events in batches of their own.",
        "本批首个事件为导入，此事件不是。",
        "导入事件须单独成批提交。",
    ),
    "IMPORTED_EVENT_NOT_EXPECTED": StatusText(
        "The event is imported and the batch's first one is not.",
        "Send imported events in batches of their own.",
        "此事件为导入，而本批首个事件不是。",
        "导入事件须单独成批提交。",
    ),
    "IMPORTED_EVENT_TIMESTAMP_OUT_OF_RANGE": StatusText(
        "The imported event's timestamp is zero or at least 2^63.",
        "Send nanoseconds since 1970-01-01 UTC.",
        "导入事件的时间戳为零或不小于 2^63。",
        "请填写自 1970-01-01 UTC 起的纳秒数。",
    ),
    "IMPORTED_EVENT_TIMESTAMP_MUST_NOT_ADVANCE": StatusText(
        "The imported event's timestamp lies in the future.",
        "Import what has happened already, and check the unit: nanoseconds.",
        "导入事件的时间戳晚于当前时间。",
        "只能导入已发生的事件，并核对单位为纳秒。",
    ),
    "IMPORTED_EVENT_TIMESTAMP_MUST_NOT_REGRESS": StatusText(
        "The imported timestamp is not after the newest one of its kind, or another object has it.",
        "Import in order of time, each event at a nanosecond of its own, before other activity.",
        "导入时间戳不晚于同类最新时间戳，或已被占用。",
        "请按时间先后导入，每个事件独占一纳秒，且先于其他业务。",
    ),
    "IMPORTED_EVENT_TIMESTAMP_MUST_POSTDATE_DEBIT_ACCOUNT": StatusText(
        "The imported transfer is not later than its debit account.",
        "Import the account with an earlier timestamp, or the transfer with a later one.",
        "导入转账不晚于借方账户的创建时间。",
        "请以更早的时间导入账户，或以更晚的时间导入转账。",
    ),
    "IMPORTED_EVENT_TIMESTAMP_MUST_POSTDATE_CREDIT_ACCOUNT": StatusText(
        "The imported transfer is not later than its credit account.",
        "Import the account with an earlier timestamp, or the transfer with a later one.",
        "导入转账不晚于贷方账户的创建时间。",
        "请以更早的时间导入账户，或以更晚的时间导入转账。",
    ),
    "IMPORTED_EVENT_TIMEOUT_MUST_BE_ZERO": StatusText(
        "An imported pending transfer has a timeout.",
        "Import it without one, and post or void it yourself.",
        "导入的待决转账带有超时。",
        "导入时不设超时，并自行入账或撤销。",
    ),
    "RESERVED_FIELD": StatusText(
        "Bytes that the model reserves are not zero.",
        "Zero the whole record before filling it.",
        "保留字节非零。",
        "填写记录前请先全部清零。",
    ),
    "RESERVED_FLAG": StatusText(
        "A flag is set that the model does not know.",
        "Set known flags only.",
        "设置了未定义的标志位。",
        "只使用已定义的标志。",
    ),
    "FLAGS_ARE_MUTUALLY_EXCLUSIVE": StatusText(
        "Two flags contradict each other.",
        "Choose one: a limit on one side, or one phase of a two-phase transfer.",
        "标志相互矛盾。",
        "二者择一：仅限制一方余额，或仅执行两阶段转账的一个阶段。",
    ),
    "ID_ALREADY_FAILED": StatusText(
        "A transfer with this id was refused before.",
        "Take a new id for a new attempt.",
        "该 id 的转账此前已被拒绝。",
        "重新提交请使用新 id。",
    ),
    "ACCOUNTS_MUST_BE_DIFFERENT": StatusText(
        "Debit and credit account are the same.",
        "Name two accounts.",
        "借方与贷方为同一账户。",
        "请填写两个不同的账户。",
    ),
    "PENDING_ID_MUST_BE_ZERO": StatusText(
        "A pending id is given, but the transfer neither posts nor voids.",
        "Leave pending_id zero, or set the flag to post or to void.",
        "填写了 pending_id，但转账既非入账也非撤销。",
        "将 pending_id 置零，或设置入账或撤销标志。",
    ),
    "PENDING_ID_MUST_BE_DIFFERENT": StatusText(
        "The transfer names itself as the pending one.",
        "Put the pending transfer's id into pending_id and a new one into id.",
        "转账将自身指为待决转账。",
        "pending_id 填待决转账的 id，id 使用新值。",
    ),
    "TIMEOUT_RESERVED_FOR_PENDING_TRANSFER": StatusText(
        "A timeout is set on a transfer that is not pending.",
        "Leave timeout zero, or set the pending flag.",
        "非待决转账设置了超时。",
        "将 timeout 置零，或设置 pending 标志。",
    ),
    "CLOSING_TRANSFER_MUST_BE_PENDING": StatusText(
        "An account is to be closed by a transfer that is not pending.",
        "Set the pending flag too: voiding that transfer opens the account again.",
        "以非待决转账关闭账户。",
        "同时设置 pending 标志：撤销该转账即可重新开户。",
    ),
    "DEBIT_ACCOUNT_NOT_FOUND": StatusText(
        "The debit account does not exist.",
        "Create the account first.",
        "借方账户不存在。",
        "请先创建账户。",
    ),
    "CREDIT_ACCOUNT_NOT_FOUND": StatusText(
        "The credit account does not exist.",
        "Create the account first.",
        "贷方账户不存在。",
        "请先创建账户。",
    ),
    "ACCOUNTS_MUST_HAVE_THE_SAME_LEDGER": StatusText(
        "The two accounts are on different ledgers.",
        "Exchange by two linked transfers, one on each ledger.",
        "两个账户不在同一账本。",
        "请用两笔链接的转账在各自账本上兑换。",
    ),
    "TRANSFER_MUST_HAVE_THE_SAME_LEDGER_AS_ACCOUNTS": StatusText(
        "The transfer names another ledger than its accounts have.",
        "Send the accounts' ledger.",
        "转账的账本与账户的账本不同。",
        "请填写账户所在的账本。",
    ),
    "PENDING_TRANSFER_NOT_FOUND": StatusText(
        "The pending transfer does not exist.",
        "Check pending_id.",
        "待决转账不存在。",
        "请核对 pending_id。",
    ),
    "PENDING_TRANSFER_NOT_PENDING": StatusText(
        "The transfer named by pending_id was never pending.",
        "Name a pending transfer; to undo a booked one, book its reverse.",
        "pending_id 所指转账并非待决转账。",
        "请指向待决转账；冲正已入账的转账请做反向转账。",
    ),
    "EXCEEDS_PENDING_TRANSFER_AMOUNT": StatusText(
        "More is to be posted or voided than was reserved.",
        "Send at most the pending amount; 2^128 - 1 posts all of it.",
        "入账或撤销的金额超过冻结金额。",
        "金额不得超过待决金额；填 2^128 - 1 表示全额入账。",
    ),
    "PENDING_TRANSFER_HAS_DIFFERENT_AMOUNT": StatusText(
        "Less is to be voided than was reserved.",
        "Void all of it with amount zero; to keep a part, post that part.",
        "撤销金额少于冻结金额。",
        "以金额零全额撤销；如需保留一部分，请对该部分入账。",
    ),
    "PENDING_TRANSFER_ALREADY_POSTED": StatusText(
        "The pending transfer was posted before.",
        "Nothing is left to resolve; to undo it, book its reverse.",
        "待决转账此前已入账。",
        "无需再处理；如需冲正请做反向转账。",
    ),
    "PENDING_TRANSFER_ALREADY_VOIDED": StatusText(
        "The pending transfer was voided before.",
        "Reserve the amount anew if it is still needed.",
        "待决转账此前已撤销。",
        "如仍需要请重新冻结。",
    ),
    "PENDING_TRANSFER_EXPIRED": StatusText(
        "The pending transfer's timeout has passed.",
        "Reserve the amount anew if it is still needed.",
        "待决转账已超时失效。",
        "如仍需要请重新冻结。",
    ),
    "DEBIT_ACCOUNT_ALREADY_CLOSED": StatusText(
        "The debit account is closed.",
        "Void the transfer that closed it, or use another account.",
        "借方账户已关闭。",
        "撤销关闭该账户的转账，或使用其他账户。",
    ),
    "CREDIT_ACCOUNT_ALREADY_CLOSED": StatusText(
        "The credit account is closed.",
        "Void the transfer that closed it, or use another account.",
        "贷方账户已关闭。",
        "撤销关闭该账户的转账，或使用其他账户。",
    ),
    "OVERFLOWS_TIMEOUT": StatusText(
        "The transfer would expire after the last moment that the model knows.",
        "Send a shorter timeout, in seconds.",
        "到期时间超出模型可表示的范围。",
        "请缩短超时（单位为秒）。",
    ),
    "EXCEEDS_CREDITS": StatusText(
        "The debit account does not have that much: debits would exceed posted credits.",
        "Send less, wait for a credit, or let a balancing debit take what there is.",
        "借方账户余额不足：借方总额将超过已入账贷方总额。",
        "减少金额、等待入金，或用平衡借记取其余额。",
    ),
    "EXCEEDS_DEBITS": StatusText(
        "The credit account can not take that much: credits would exceed posted debits.",
        "Send less, or let a balancing credit take what fits.",
        "贷方账户限额不足：贷方总额将超过已入账借方总额。",
        "减少金额，或用平衡贷记取其可用额度。",
    ),
}
