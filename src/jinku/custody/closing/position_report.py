"""Reports of positions: CSV for machines, Markdown for people. Pure functions to text.

Rules: as those of `jinku.custody.reconciliation.report`.

Example::

    Path("position.csv").write_text(positions_csv(positions))
"""

from collections.abc import Sequence

from jinku.base.decimals import format_minor
from jinku.custody.closing.position import Position
from jinku.custody.inert import csv_text, markdown_cell

POSITION_COLUMNS = (
    "currency",
    "as_of",
    "clients",
    "clients_sum",
    "floored",
    "floored_sum",
    "requirement",
    "resource",
    "difference",
    "outcome",
)


def positions_csv(positions: Sequence[Position]) -> str:
    """One line per currency."""
    return csv_text(POSITION_COLUMNS, (_position_row(one) for one in positions))


def _position_row(one: Position) -> tuple[str, ...]:
    def text(amount: int) -> str:
        return format_minor(amount, one.currency.exponent)

    return (
        one.currency.code,
        one.as_of,
        str(one.client_count),
        text(one.clients_sum),
        str(one.floored_count),
        text(one.floored_sum),
        text(one.requirement),
        text(one.resource),
        text(one.difference),
        one.outcome.value,
    )


def positions_markdown(positions: Sequence[Position]) -> str:
    """The positions for a person, each with its arithmetic."""
    lines = ["# Safeguarding position"]
    for one in positions:
        lines += ["", f"## {one.currency.code} {markdown_cell(one.as_of)}: {one.outcome.value}", ""]
        lines += [f"- {markdown_cell(step)}" for step in one.explanation]
    return "\n".join(lines) + "\n"
