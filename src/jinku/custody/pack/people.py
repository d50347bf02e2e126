"""The pack's tables that only the institution can fill: bank accounts, people, providers, procedures, where records
are.

Rules: what was not filled in is said so in the pack, in the place where it is missing; the software's own procedures
are always there, since it enforces them.

Example::

    settings_sections(settings)
"""

from collections.abc import Iterable

from jinku.custody.reports.section import Both, Column, Section, text
from jinku.custody.reports.settings import LISTS, MEANINGS, Settings, to_fill_in

_HEADINGS = {
    "entity": Both("Entity", "法人"),
    "currency": Both("Currency", "币种"),
    "pool": Both("Pool", "资金池"),
    "bank": Both("Bank", "银行"),
    "account_number": Both("Account number", "账号"),
    "holder": Both("Account holder", "户名"),
    "address": Both("Address", "地址"),
    "contact": Both("Contact", "联系人"),
    "phone": Both("Phone", "电话"),
    "agreement": Both("Agreement", "协议"),
    "name": Both("Name", "姓名／名称"),
    "function": Both("Function", "职能"),
    "email": Both("E-mail", "电子邮箱"),
    "deputy": Both("Deputy", "代理人"),
    "access": Both("Access held", "持有的权限"),
    "service": Both("Service", "服务"),
    "title": Both("Title", "名称"),
    "owner": Both("Owner", "负责人"),
    "where": Both("Where", "位置"),
    "text": Both("Text", "内容"),
    "what": Both("What", "内容"),
    "system": Both("System", "系统"),
}
_TITLES = {
    "bank_accounts": Both("Bank accounts", "银行账户"),
    "people": Both("Key persons and delegates", "关键人员与代理"),
    "providers": Both("Service providers", "服务供应商"),
    "records": Both("Where other records are", "其他记录存放处"),
}

PROCEDURES = (
    (
        Both("Keep clients' money apart", "客户资金隔离"),
        Both(
            "Every account is a client's, the institution's own, or a mirror of a bank "
            "account. No transfer crosses a pool; "
            "the ledger refuses an overdraft of a client's account whoever asks.",
            "账户分为客户、自有与银行镜像三类；转账不跨资金池；账本拒绝任何客户账户透支。",
        ),
    ),
    (
        Both("Take in the bank's statement", "接收银行对账单"),
        Both(
            "A file is read whole or refused whole: sums, sequence and duplicates "
            "are checked, and it is kept under its "
            "SHA-256.",
            "对账单整份读取或整份拒绝；核对合计、连续性与重复，并以摘要命名保存。",
        ),
    ),
    (
        Both("Reconcile daily", "每日对账"),
        Both(
            "Bank lines meet the ledger record by record; what remains is a break with "
            "class, amount, age and evidence. The "
            "effects of all breaks sum to the difference.",
            "银行流水与账本逐笔核对；未匹配者成为差错，记录类别、金额、账龄与证据，全部差错之和等于差额。",
        ),
    ),
    (
        Both("Compute the position", "计算头寸"),
        Both(
            "Requirement: the clients' balances, negative ones floored at zero. "
            "Resource: what the bank holds. A shortfall is "
            "paid in from own money the same day.",
            "应存为客户余额之和（负数归零），实存为银行余额；缺口当日以自有资金补足。",
        ),
    ),
    (
        Both("Attest what is owed", "偿付证明"),
        Both(
            "The total owed is committed in a sum tree and sealed in the log; each customer can check to be counted.",
            "应付总额写入求和树并封存于日志，客户可自行验证其余额已计入。",
        ),
    ),
    (
        Both("Approve by two persons", "双人复核"),
        Both(
            "Who proposes an agreement or the close of a break never approves it.",
            "合约与差错的提交人与审批人不得为同一人。",
        ),
    ),
    (
        Both("Return the money in an insolvency", "处置时返还资金"),
        Both(
            "1. Freeze the bank accounts in tables/bank_accounts.csv. 2. Run the "
            "verifier on this pack. 3. Ask the bank about "
            "every row of tables/in_flight.csv. 4. Compare the bank's balance with tables/positions.csv. 5. Pay out by "
            "tables/owners.csv.",
            "1. 冻结 tables/bank_accounts.csv 所列账户；2. 用校验程序核验本资料包；3. "
            "就 tables/in_flight.csv 逐笔询证银行；"
            "4. 以银行余额核对 tables/positions.csv；5. 按 tables/owners.csv 返还。",
        ),
    ),
)


def settings_sections(settings: Settings) -> list[Section]:
    """Bank accounts, people, providers, other records."""
    return [_listed(settings, name) for name in _TITLES]


def procedures_section(settings: Settings) -> Section:
    """What the software enforces, then the institution's own procedures."""
    built_in = [(f"{title.en} {title.zh}", "Jinku", "", f"{what.en} {what.zh}") for title, what in PROCEDURES]
    own = [
        tuple(one.get(key, "") for key in ("title", "owner", "where", "text"))
        for one in settings.rows("procedures")
    ]
    missing = [] if own else [("", "", "", f"{to_fill_in('procedures').en} {to_fill_in('procedures').zh}")]
    return Section(
        "procedures",
        Both("Procedures", "操作规程"),
        tuple(_column(key, 4 if key == "text" else 1) for key in ("title", "owner", "where", "text")),
        [*built_in, *own, *missing],
    )


def _listed(settings: Settings, name: str) -> Section:
    columns = tuple(_column(key) for key in LISTS[name])
    return Section(
        name,
        _TITLES[name],
        columns,
        _rows(settings.rows(name), columns),
        note=Both(
            f"From the institution's settings: {MEANINGS[name].en}.", f"来自机构填写：{MEANINGS[name].zh}。"
        ),
        empty=to_fill_in(name),
        personal=name == "people",
    )


def _rows(given: Iterable[dict[str, str]], columns: tuple[Column, ...]) -> list[tuple[str, ...]]:
    return [tuple(one.get(column.name, "") for column in columns) for one in given]


def _column(key: str, wide: int = 1) -> Column:
    return text(key, *_HEADINGS[key], wide=wide)
