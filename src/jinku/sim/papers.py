"""The tables and pages that a person opens after the day: reconciliation, breaks, position, attestation.

Every function takes what was computed and gives the text of one file; nothing here computes anything but
layout.
"""

import json
from collections.abc import Iterable, Sequence

from jinku.base.decimals import format_minor
from jinku.custody.inert import csv_text, markdown_cell
from jinku.custody.proof.limits import as_json
from jinku.custody.reconciliation.breaks import ageing
from jinku.sim.close import Closed
from jinku.sim.labels import Label

_CENT = 2


def money(amount: int) -> str:
    """Minor units as decimal text, thousands apart: ``-1,234.56``."""
    text = format_minor(abs(amount), _CENT)
    whole, point, cents = text.partition(".")
    return ("-" if amount < 0 else "") + f"{int(whole):,}" + point + cents


def reconciliation_csv(closed: Closed) -> str:
    """Every record of both sides and how it ended, one a line."""
    rows: list[Sequence[object]] = []
    below = {line for one in closed.reconciliation.breaks for line in one.bank_lines}
    for one in closed.reconciliation.matches:
        if one.bank_line in below:
            continue  # a late pair is a break below
        ours = one.movement
        what = (one.bank_line, ours.reference, ours.transfer_id, ours.amount, one.entry.booked.isoformat())
        rows.append(("equal", "", *what, one.explanation))
    for broken in closed.reconciliation.breaks:
        lines = " ".join(map(str, broken.bank_lines))
        transfers = " ".join(map(str, broken.transfer_ids))
        what_else = (lines, broken.reference, transfers, broken.amount, broken.day.isoformat())
        rows.append((broken.outcome.value, broken.kind.value, *what_else, "; ".join(broken.evidence)))
    return csv_text(
        ("outcome", "class", "bank_line", "reference", "transfer", "amount_fen", "day", "why"), rows
    )


def breaks_csv(closed: Closed) -> str:
    """Every break found, with its effect, its age, what was seen, and whether it had been put there."""
    known = {label.key: label.story for label in closed.labels}
    rows: list[Sequence[object]] = []
    for one in closed.reconciliation.breaks:
        key = (one.kind.value, one.reference, one.effect)
        why = "; ".join(one.evidence)
        rows.append(
            (f"{one.break_id:032x}", *key, one.day.isoformat(), one.age_days, why, known.get(key, ""))
        )
    names = ("break_id", "class", "reference", "effect_fen", "day", "age_days", "why", "label")
    return csv_text(names, rows)


def labels_csv(labels: Iterable[Label]) -> str:
    """What was put there, for whoever wants to score another reconciliation against it."""
    names = ("class", "reference", "effect_fen", "story")
    return csv_text(names, ((*label.key, label.story) for label in labels))


def reconciliation_md(closed: Closed) -> str:
    """The reconciliation on one page: counts, arithmetic, planted against found, ageing."""
    result = closed.reconciliation
    bank = result.bank
    lines = [
        f"# Reconciliation 对账 · {bank.to_date.isoformat()}",
        "",
        f"Account {markdown_cell(bank.account)}, statement no. {bank.sequence}: {len(bank.entries):,} lines against "
        f"{result.our_count:,} movements of the ledger's bank mirror.",
        "",
        "| class 类别 | planted 植入 | found 发现 | missed 漏报 | false 误报 |",
        "|---|---:|---:|---:|---:|",
    ]
    for one in closed.scores:
        name = one.kind.value.replace("_", " ")
        lines.append(f"| {name} | {one.labelled} | {one.found} | {one.missed} | {one.false} |")
    lines += ["", f"Equal 相符: {len(result.matches):,}. From our sum to the bank's:", ""]
    lines += [f"    {step}" for step in result.proof]
    lines += ["", "| age in business days 账龄 | breaks | amount in question |", "|---|---:|---:|"]
    lines += [f"| {band.label} | {band.count} | {money(band.amount)} |" for band in ageing(result.breaks)]
    checks = [f"{one.check}: {one.problem}" for one in closed.findings] or [
        "nothing: its sums and lines are sound"
    ]
    return "\n".join(
        [
            *lines,
            "",
            "The statement's own checks found:",
            "",
            *(f"- {markdown_cell(one)}" for one in checks),
            "",
        ]
    )


def position_md(closed: Closed) -> str:
    """What is owed to clients against what the bank holds, and every step between the two."""
    standing, now = closed.position, closed.holdings
    steps = (
        ("owed to clients 应存", standing.requirement),
        ("+ platform's own money in the pool 平台自有（未划出手续费、风险备付金）", now.own_in_pool),
        ("- in transit from channels 在途", -now.in_transit),
        ("= our books' bank balance 账面银行余额", now.bank),
        *(
            (f"{kind.replace('_', ' ')} (breaks)", effect)
            for kind, effect in closed.reconciliation.effects.items()
        ),
        ("= the bank's closing balance 实存", standing.resource),
    )
    lines = [f"# Position 资金头寸 · {standing.as_of}", "", "| | CNY |", "|---|---:|"]
    lines += [f"| {name} | {money(amount)} |" for name, amount in steps]
    word = {"shortfall": "缺口", "excess": "溢余", "reconciled": "平衡"}[standing.outcome.value]
    lines += ["", f"**{standing.outcome.value} {word}: {money(abs(standing.difference))} CNY**", ""]
    lines += [f"- {step}" for step in standing.explanation]
    lines += ["", f"Held by bids and withdrawals, within what is owed: {money(now.held)} CNY.", ""]
    return "\n".join(lines)


def attestation_json(closed: Closed) -> str:
    """The attestation, where it is sealed, and what it does not prove."""
    document = {
        "attestation": closed.attestation.fields(),
        "canonical": closed.attestation.canonical().decode(),
        "sha256": closed.attestation.digest().hex(),
        "log_entry": closed.attestation_entry,
        "limits": as_json(closed.attestation.limits),
    }
    return json.dumps(document, ensure_ascii=False, indent=2) + "\n"


def receipt_txt(customer: str, balance: int, closed: Closed) -> str:
    """A customer's slip, to lie beside the receipt."""
    return (
        f"Customer 客户 {customer}\n"
        f"Balance 余额 {money(balance)} CNY\n"
        f"As of 截至 {closed.position.as_of}\n\n"
        f"Your balance is part of {money(closed.attestation.liabilities)} CNY owed to "
        f"{closed.attestation.customers:,} customers,\nsealed as entry {closed.attestation_entry} of the log. "
        "Check it without trusting anyone:\n"
        "您的余额已计入上述总额并封存于日志，可独立核验：\n\n"
        f"    jinku verify balance receipts/{customer}.json --key @log.vkey\n"
    )


def pretty(value: object) -> str:
    """A value as JSON to be read."""
    return json.dumps(value, ensure_ascii=False, indent=2) + "\n"
