"""Reports of reconciliations: CSV for machines, Markdown for people. Pure functions to text.

Rules: amounts are decimal text in the currency's own decimals; what comes from outside is made harmless by
`jinku.custody.inert`; order is that of the result, so equal results give equal bytes.

Example::

    Path("breaks.csv").write_text(breaks_csv(reconciliation))
"""

from jinku.base.decimals import format_minor
from jinku.custody.inert import csv_text, markdown_cell
from jinku.custody.reconciliation.breaks import ageing
from jinku.custody.reconciliation.model import Reconciliation

BREAKS_SHOWN_MAX = 50

BREAK_COLUMNS = (
    "break_id",
    "class",
    "outcome",
    "account",
    "currency",
    "reference",
    "amount",
    "effect",
    "date",
    "age_days",
    "bank_lines",
    "transfer_ids",
    "evidence",
)
MATCH_COLUMNS = (
    "step",
    "bank_line",
    "transfer_id",
    "reference",
    "amount",
    "direction",
    "lag_days",
    "explanation",
)


def breaks_csv(result: Reconciliation) -> str:
    """One line per break."""
    exponent = result.bank.currency.exponent
    return csv_text(
        BREAK_COLUMNS,
        (
            (
                f"{one.break_id:032x}",
                one.kind.value,
                one.outcome.value,
                one.account,
                result.bank.currency.code,
                one.reference,
                format_minor(one.amount, exponent),
                format_minor(one.effect, exponent),
                one.day.isoformat(),
                str(one.age_days),
                " ".join(map(str, one.bank_lines)),
                " ".join(map(str, one.transfer_ids)),
                "; ".join(one.evidence),
            )
            for one in result.breaks
        ),
    )


def matches_csv(result: Reconciliation) -> str:
    """One line per equal pair, with the reason."""
    exponent = result.bank.currency.exponent
    return csv_text(
        MATCH_COLUMNS,
        (
            (
                one.step,
                str(one.bank_line),
                str(one.movement.transfer_id),
                one.movement.reference,
                format_minor(one.entry.amount, exponent),
                one.entry.direction.value,
                str(one.lag_days),
                one.explanation,
            )
            for one in result.matches
        ),
    )


def reconciliation_markdown(result: Reconciliation) -> str:
    """The reconciliation for a person: counts, the proof, ageing and the first breaks."""
    bank = result.bank
    lines = [
        f"# Reconciliation of {markdown_cell(bank.account)} ({bank.currency.code}), statement no. {bank.sequence}",
        "",
        f"{bank.from_date} to {bank.to_date}; ages as of {result.as_of}; method {result.method_version}.",
        "",
        f"{len(bank.booked):,} booked bank entries against {result.our_count:,} movements of ours.",
        "",
        "| outcome | count | effect |",
        "|---|---:|---:|",
    ]
    effects = result.effects
    lines += [
        f"| {kind.replace('_', ' ')} | {count:,} | {bank.money(effects.get(kind, 0))} |"
        for kind, count in result.counts.items()
    ]
    lines += ["", "The arithmetic:", "", *(f"- {step}" for step in result.proof)]
    if not result.breaks:
        return "\n".join([*lines, "", "No breaks."]) + "\n"
    lines += ["", "| age | breaks | amount |", "|---|---:|---:|"]
    lines += [
        f"| {band.label} | {band.count:,} | {bank.money(band.amount)} |" for band in ageing(result.breaks)
    ]
    lines += ["", "| class | reference | amount | age | what was seen |", "|---|---|---:|---:|---|"]
    lines += [
        f"| {one.kind.value.replace('_', ' ')} | {markdown_cell(one.reference)} | {bank.money(one.amount)} | "
        f"{one.age_days} | {markdown_cell('; '.join(one.evidence))} |"
        for one in result.breaks[:BREAKS_SHOWN_MAX]
    ]
    hidden = len(result.breaks) - BREAKS_SHOWN_MAX
    if hidden > 0:
        lines += ["", f"… and {hidden:,} more in the CSV file."]
    return "\n".join(lines) + "\n"
