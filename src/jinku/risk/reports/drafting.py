"""The first draft of a suspicious report, written from what the case has; a person reads and corrects it.

Rules:

1. The narrative says what was seen (alerts, by typology, with counts, sums, days and sources), what was done (measures)
   and what the investigator concluded. It names people by opaque references only.
2. It is written in Chinese or English from the same facts; the same case gives the same words.

Example::

    content = draft_of(Facts(case, groups, measures, movements), "CNY", "zh", clockwork)
"""

from collections.abc import Sequence
from dataclasses import dataclass

from jinku.base.currency import currency
from jinku.base.decimals import format_minor
from jinku.risk.cases.alert_store import Group
from jinku.risk.cases.ladder import LADDER, Rung
from jinku.risk.cases.measures import BINDING, Measure
from jinku.risk.cases.model import Case
from jinku.risk.cases.table import Clockwork
from jinku.risk.reports.content import Content, Moved


@dataclass(frozen=True, slots=True)
class Facts:
    """What a draft is written from."""

    case: Case
    groups: Sequence[Group]
    """The case's alerts."""
    measures: Sequence[Measure] = ()
    movements: Sequence[Moved] = ()


def draft_of(facts: Facts, local: str, language: str, clock: Clockwork) -> Content:
    """The draft of a case, in ``en`` or ``zh``. Raises BadAct, UnknownCurrency."""
    chinese = language == "zh"
    subjects = [f"customer:{facts.case.subject}"]
    subjects += [f"customer:{one.subject}" for one in facts.groups]
    lines = [_seen(one, clock, chinese=chinese) for one in facts.groups]
    if facts.case.proposal:
        lines.append(("结论：" if chinese else "Conclusion: ") + facts.case.proposal.text)
    steps = {one.rung: one.chinese if chinese else one.english for one in LADDER}
    done = sorted({one.rung for one in facts.measures if one.stage in BINDING})
    return Content(
        "suspicious",
        local,
        tuple(dict.fromkeys(subjects)),
        tuple(sorted(facts.movements, key=lambda one: (one.day, one.reference))),
        narrative="\n".join(lines) or ("见附件。" if chinese else "See the movements."),
        action=("；" if chinese else "; ").join(steps[Rung(one)] for one in done),
        indicators=tuple(sorted({one.typology for one in facts.groups})),
    )


def _seen(one: Group, clock: Clockwork, *, chinese: bool) -> str:
    first, last = clock.day(one.first_at).isoformat(), clock.day(one.last_at).isoformat()
    money = ""
    if one.currency:
        amount = format_minor(one.amount, currency(one.currency).exponent)
        money = f"，金额合计 {amount} {one.currency}" if chinese else f", {amount} {one.currency} in all"
    if chinese:
        return f"客户 {one.subject}：{one.typology}，{one.seen} 次{money}，{first} 至 {last}，最高分值 {one.score}。"
    seen = f"{one.typology}, {one.seen} times{money}, {first} to {last}"
    return f"Customer {one.subject}: {seen}, score up to {one.score}."
