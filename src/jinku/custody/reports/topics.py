"""What the topic numbers of the log's seals mean, and which are told to nobody outside the risk desk.

Example::

    topic_text(1)  # "attestation of what is owed 偿付证明"
"""

from types import MappingProxyType

from jinku.custody.reports.section import Both

TOPICS = MappingProxyType(
    {
        1: Both("attestation of what is owed", "偿付证明"),
        2: Both("record of a day's close", "日终记录"),
        3: Both("agreement approved", "合约批准"),
        4: Both("mandate, authorisation or policy", "授权与策略"),
        5: Both("account structure", "账户结构"),
        6: Both("bank instructions", "银行指令"),
        7: Both("parties", "客户"),
        8: Both("breaks", "差错"),
        9: Both("resolution pack or report", "处置资料包与报表"),
        10: Both("retention or erasure", "留存与删除"),
        11: Both("audit", "审计"),
        12: Both("decisions on movements", "变动的决策"),
        13: Both("rules, features and models published", "规则、特征与模型发布"),
        14: Both("watchlists", "名单"),
        16: Both("market and operational risk", "市场与操作风险"),
    }
)
WITHHELD = frozenset({15, 17})
"""Topics that no table for others tells of: acts about cases, measures and reports, and what screening found. That one
was sealed, and when, says too much where secrecy is owed (AML Law of the PRC, art. 35)."""


def topic_text(topic: int) -> str:
    """The topic in both languages; its number where nothing is known of it."""
    known = TOPICS.get(topic)
    return f"{known.en} {known.zh}" if known else str(topic)
