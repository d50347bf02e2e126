"""What an attestation does not prove, in English and Chinese: part of every attestation, receipt and page.

Rules:

1. The text is bound into the attestation by its SHA-256, so nobody can be shown a receipt with another one.
2. A changed text is a new text: attestations made before keep theirs.

Example::

    limits_digest(LIMITS).hex()
"""

import hashlib
from collections.abc import Iterable

Limits = tuple[tuple[str, str], ...]
"""(English, Chinese) pairs."""

LIMITS: Limits = (
    (
        "It speaks of one moment of one day, and of no time before or after.",
        "只说明某一日某一时刻的情况，不涉及此前或此后。",
    ),
    (
        "It shows what the platform owes, not the money at the bank: that is shown by the bank's own statement and by "
        "the reconciliation of the day.",
        "只说明平台欠客户多少，不说明银行里有多少钱：后者由银行对账单和当日对账证明。",
    ),
    (
        "The total is honest only as far as customers check: whoever is left out and never looks is not missed.",
        "总额是否诚实，取决于客户是否核验：被遗漏而从不核验的人，无人会发现。",
    ),
    (
        "Your customer number must be yours alone: two people who are given one number would both find the same entry.",
        "客户号必须为您独有：若两人被给予同一客户号，两人查到的会是同一条记录。",
    ),
    (
        "What customers in debit owe is not set off against what others are owed: they count as zero, and the sum is "
        "stated apart.",
        "欠款客户按零计入，其欠款不与他人的余额相抵，合计另行列明。",
    ),
    (
        "Nobody's receipt shows another customer's balance or a sum that it is part of. Everybody sees the total, the "
        "number of customers, and how many parts of each size all balances together were cut into. Where customers "
        "are few, or one holds most of the money, that tells something of the others; and all customers but one "
        "together can compute the balance of that one.",
        "任何人的凭证都不显示其他客户的余额，也不显示包含该余额的小计。所有人都能看到总额、客户数，以及全部余额合在一起被"
        "拆成各种面额的份数。客户很少，或一人持有大部分资金时，这些会透露他人的一些情况；除一人之外的全部客户联手，可以算出"
        "该人的余额。",
    ),
    (
        "That every customer is shown the same attestation follows from the log only if your checkpoint is the one "
        "that others see: ask for cosignatures of witnesses that do not belong to the platform, such as the custodian "
        "bank, and compare with the published list.",
        "所有客户看到的是同一份证明，以您的检查点与他人所见相同为前提：请要求由不属于平台的见证方（如存管银行）联署，并与公布"
        "的清单核对。",
    ),
    (
        "Who holds this receipt can read your balance in it: give it only to those who may know.",
        "持有本凭证者可读到您的余额：只应交给可以知晓的人。",
    ),
)


def limits_digest(limits: Limits) -> bytes:
    """The 32 bytes that an attestation states."""
    text = "jinku-limits/v1\n" + "".join(f"en {english}\nzh {chinese}\n" for english, chinese in limits)
    return hashlib.sha256(text.encode()).digest()


def as_json(limits: Iterable[tuple[str, str]]) -> list[dict[str, str]]:
    """The text as it stands in receipts and lists."""
    return [{"en": english, "zh": chinese} for english, chinese in limits]
