"""All detectors by the keys of the table, and running them over a period.

Example::

    with Moves(read_moves(path)) as moves:
        report = detect(moves, Period(first, end), load_table())
    [one.text(chinese=False) for one in report.findings]
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from jinku.risk.graph.errors import BadTypology
from jinku.risk.graph.typologies import flows, habits, links
from jinku.risk.graph.typologies.finding import Finding
from jinku.risk.graph.typologies.moves import Moves
from jinku.risk.graph.typologies.queries import Period
from jinku.risk.graph.typologies.table import Typologies, Typology

Detector = Callable[[Moves, Typology, Period], list[Finding]]

DETECTORS: dict[str, Detector] = {
    "structuring": habits.structuring,
    "pass_through": flows.pass_through,
    "fan_in": flows.fan_in,
    "fan_out": flows.fan_out,
    "scatter_gather": flows.scatter_gather,
    "gather_scatter": flows.gather_scatter,
    "cycle": flows.cycle,
    "dormant": habits.dormant,
    "round_amounts": habits.round_amounts,
    "shared_device": links.shared_device,
    "velocity": habits.velocity,
    "night": habits.night,
    "mule_ring": links.mule_ring,
}
DEVICES_NEEDED = frozenset({"shared_device", "mule_ring"})


@dataclass(frozen=True, slots=True)
class Detected:
    """The findings of one run, and what could not be looked for."""

    period: Period
    table: Typologies
    movements: int
    findings: tuple[Finding, ...]
    not_looked_for: tuple[tuple[str, str], ...]
    """Typologies with the reason."""

    def document(self) -> dict[str, Any]:
        """As JSON values."""
        return {
            "from": self.period.first,
            "to": self.period.end,
            "table_version": self.table.version,
            "table_sha256": self.table.digest,
            "movements": self.movements,
            "counts": {key: sum(one.typology.key == key for one in self.findings) for key in self.table.rows},
            "not_looked_for": dict(self.not_looked_for),
            "findings": [one.document() for one in self.findings],
        }


def detect(moves: Moves, period: Period, table: Typologies, only: tuple[str, ...] = ()) -> Detected:
    """Run the detectors named by `only`, all where it is empty, over `period`. Raises BadTypology for an unknown name
    or an empty period."""
    unknown = [key for key in only if key not in DETECTORS]
    if unknown:
        raise BadTypology(f"{unknown[0]!r} is no typology", remedy=f"known are {', '.join(DETECTORS)}")
    if period.first >= period.end:
        raise BadTypology("the period is empty", remedy="let it end after it begins")
    findings: list[Finding] = []
    skipped: list[tuple[str, str]] = []
    for key in only or DETECTORS:
        row = table.rows[key]
        if key in DEVICES_NEEDED and not moves.has_devices:
            skipped.append((key, "no movement names a device"))
        elif key == "structuring" and not row.numbers(f"thresholds_{moves.currency.lower()}"):
            skipped.append((key, f"the table has no thresholds in {moves.currency}"))
        else:
            findings += DETECTORS[key](moves, row, period)
    return Detected(period, table, len(moves.columns.id), tuple(findings), tuple(skipped))
