"""The tables and pages that a person opens after the day: reconciliation, breaks, position.

Every function takes what was computed and gives the text of one file; nothing here computes anything but
layout.
"""

import json
from collections.abc import Iterable, Sequence

from jinku.base.decimals import format_minor
from jinku.custody.inert import csv_text, markdown_cell
from jinku.sim.close import Closed
from jinku.sim.labels import Label

_CENT = 2


def money(amount: int) -> str:
    """Minor units as decimal text, thousands apart: ``-1,234.56``."""
    text = format_minor(abs(amount), _CENT)
    whole, point, cents = text.partition(".")
    return ("-" if amount < 0 else "") + f"{int(whole):,}" + point + cents


def breaks_csv(closed: Closed) -> str:
    """Every break found, with its effect, its age, what was seen, and whether it had been put there."""
    known = {label.key: label.story for label in closed.labels}
    rows: list[Sequence[object]] = [
        (one.id, *one.key, one.day, one.age_days, one.seen, known.get(one.key, "")) for one in closed.breaks
    ]
    names = (
        "break_id",
        "class",
        "reference",
        "effect_fen",
        "books_effect_fen",
        "day",
        "age_days",
        "why",
        "label",
    )
    return csv_text(names, rows)


def labels_csv(labels: Iterable[Label]) -> str:
    """What was put there, for whoever wants to score another reconciliation against it."""
    names = ("class", "reference", "effect_fen", "books_effect_fen", "story")
    return csv_text(names, ((*label.key, label.story) for label in labels))


def reconciliation_md(closed: Closed) -> str:
    """The reconciliation on one page: counts, planted against found, the first breaks."""
    bank, day = closed.statement, closed.day
    lines = [
        f"# Reconciliation of three sides 三方对账 · {day.day.isoformat()}",
        "",
        f"Account {markdown_cell(bank.account)}, statement no. {bank.sequence}: {len(bank.entries):,} lines, against "
        f"journal entries {day.first_entry:,} to {day.end_entry:,} and the platform's export. Prepared by "
        f"{day.prepared_by}, reviewed by {day.reviewed_by}, sealed as log entry {day.sealed_entry:,}.",
        "",
        *_classes(closed),
    ]
    lines += ["", f"Equal on all sides 三方相符: {closed.counts['equal']:,}.", ""]
    for total in closed.document["reconciliation"]["totals"]:
        lines.append(
            f"All breaks explain {money(int(total['effect']))} {total['currency']} between bank and ledger, and "
            f"{money(int(total['books_effect']))} between ledger and platform."
        )
    lines += ["", "| class | reference | amount | age | what was seen |", "|---|---|---:|---:|---|"]
    lines += [
        f"| {one.key[0].replace('_', ' ')} | {markdown_cell(one.key[1])} | {money(one.amount)} | {one.age_days} | "
        f"{markdown_cell(one.seen)} |"
        for one in closed.breaks
    ]
    checks = [f"{one.check}: {one.problem}" for one in closed.findings] or [
        "nothing: its sums and lines are sound"
    ]
    lines += ["", "The statement's own checks found:", "", *(f"- {markdown_cell(one)}" for one in checks), ""]
    return "\n".join(lines)


def _classes(closed: Closed) -> list[str]:
    """Breaks by class; beside what was planted, where something was."""
    if not closed.labels:
        rows = [
            f"| {name.replace('_', ' ')} | {count} |"
            for name, count in closed.counts.items()
            if name != "equal"
        ]
        return ["| class 类别 | open 未了 |", "|---|---:|", *rows]
    lines = [
        "| class 类别 | planted 植入 | found 发现 | missed 漏报 | false 误报 |",
        "|---|---:|---:|---:|---:|",
    ]
    for one in closed.scores:
        name = one.kind.value.replace("_", " ")
        lines.append(f"| {name} | {one.labelled} | {one.found} | {one.missed} | {one.false} |")
    return lines


def position_md(closed: Closed) -> str:
    """What is owed to clients against what the bank holds, step by step, and what was done about the difference."""
    standing = closed.position
    lines = [
        f"# Position 头寸 · {standing['day']} · {standing['as_of']}: {standing['outcome']}",
        "",
        *(f"- {markdown_cell(step)}" for step in standing["explanation"]),
        "",
        "| remedy 措施 | amount 金额 | proposed 提出 | approved 复核 | executed 执行 |",
        "|---|---:|---|---|---|",
    ]
    lines += [
        f"| {one.kind.value.replace('_', ' ')} | {money(one.amount)} | {one.proposed_by} | {one.decided_by} | "
        f"{one.state.value} |"
        for one in closed.remedies
    ]
    return "\n".join([*lines, ""])


def pretty(value: object) -> str:
    """A value as JSON to be read."""
    return json.dumps(value, ensure_ascii=False, indent=2) + "\n"
