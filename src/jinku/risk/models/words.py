"""What a feature is called in a reason, in Chinese and English. A readable table.

A feature that is not in it is named by itself in both languages: a reason is never without a name.
"""

from typing import NamedTuple


class Words(NamedTuple):
    """One name in both languages."""

    zh: str
    en: str


_DAYS = (1, 2, 3, 4, 5, 7, 9, 11, 13)

WORDS: dict[str, Words] = {
    "customer_mean_90d": Words("客户九十天内平均金额", "customer's mean amount in 90 days"),
    "customer_usual_count": Words("客户以往正常交易笔数", "customer's usual payments so far"),
    "customer_usual": Words("客户平常金额", "customer's usual amount"),
    "amount_ratio": Words("金额为平常的若干倍", "amount against the customer's usual one"),
    "amount_evidence": Words("金额不像本人所为", "amount unlike the customer"),
    **{
        f"customer_alarm_{days}d": Words(
            f"此前{days}天内异常高额交易", f"unusually high amounts in the {days} days before"
        )
        for days in _DAYS
    },
    "customer_alarm": Words("近两周内卡片疑似被盗用", "card seems to be in strange hands these two weeks"),
    "customer_evidence": Words(
        "本笔与此前交易合看疑似盗卡", "this and earlier payments together look stolen"
    ),
    "customer_suspicious": Words("盗卡迹象明显", "signs of a stolen card"),
    "customer_blatant": Words("盗卡迹象强烈", "strong signs of a stolen card"),
    "amount_excess": Words("金额超过两百元部分", "amount above 200"),
    "customer_count_1d": Words("客户一天内交易笔数", "customer's payments within a day"),
    "customer_count_7d": Words("客户七天内交易笔数", "customer's payments within 7 days"),
    "customer_max_7d": Words("客户七天内最高金额", "customer's highest amount within 7 days"),
    "customer_max_ratio": Words(
        "七天内最高金额为平常的若干倍", "highest amount in 7 days against the usual one"
    ),
    "terminal_clean_age": Words(
        "终端距上一笔已知正常交易的时间", "time since the terminal's last payment known as honest"
    ),
    "terminal_run": Words("终端连续已确认欺诈笔数", "confirmed frauds in a row at the terminal"),
    "terminal_fraud_age": Words(
        "距终端首次确认欺诈的时间", "time since the terminal's first confirmed fraud"
    ),
    "terminal_fraud_last": Words(
        "距终端最近确认欺诈的时间", "time since the terminal's newest confirmed fraud"
    ),
    "terminal_known_7d": Words("终端七天已知结果笔数", "terminal's payments with known outcome, 7 days"),
    "terminal_known_30d": Words("终端三十天已知结果笔数", "terminal's payments with known outcome, 30 days"),
    "terminal_frauds_7d": Words("终端七天已确认欺诈", "confirmed frauds at the terminal, 7 days"),
    "terminal_frauds_30d": Words("终端三十天已确认欺诈", "confirmed frauds at the terminal, 30 days"),
    "terminal_risk_7d": Words("终端七天欺诈率", "terminal's share of frauds, 7 days"),
    "terminal_risk_30d": Words("终端三十天欺诈率", "terminal's share of frauds, 30 days"),
    "terminal_silence": Words(
        "终端已有多天没有已知正常交易", "days without a payment known as honest at the terminal"
    ),
    "customer_exposure": Words(
        "客户当日在状况不明终端的暴露程度", "customer's exposure today at terminals not known to be clean"
    ),
    "customer_exposed": Words("客户当日暴露程度异常高", "customer exposed today more than nearly all others"),
    "terminal_bad": Words("终端正被利用", "terminal is in strange hands"),
    "terminal_over": Words("终端曾被利用、应已结束", "terminal was in strange hands, by now over"),
    "terminal_doubt": Words("终端可能仍被利用", "terminal may still be in strange hands"),
    "terminal_runs": Words("终端连续确认欺诈的规模", "extent of the terminal's run of frauds"),
    "terminal_count_1d": Words("终端一天内交易笔数", "terminal's payments within a day"),
    "terminal_count_7d": Words("终端七天内交易笔数", "terminal's payments within 7 days"),
}


def words_of(feature: str) -> Words:
    """The feature's names; its own where the table has none."""
    return WORDS.get(feature, Words(feature, feature))
