"""Whether three engines agree on every feature of every event: a count that must be zero.

Rules:

1. The events and the features are those of `jinku risk parity`; so is the comparison, bit for bit.
2. Without a Flink environment the figure cannot be measured and the error says what is missing: two engines are not
   three.

Example::

    parity_figures(100_000)["parity_mismatches"].value  # 0.0
"""

from collections.abc import Callable

from jinku.bench.report import Figure
from jinku.risk.features.flink import LocalCluster, find_flink
from jinku.risk.features.parity import compare_made
from jinku.risk.features.reading import load

EVENTS = 100_000
SEED = 20_261_122


def parity_figures(
    events: int = EVENTS, features: str = "payments", tell: Callable[[str], None] = lambda _: None
) -> dict[str, Figure]:
    """Mismatches, with what was compared and how long each engine took. Raises NoFlink, FlinkFailed."""
    table = load(features)
    with LocalCluster(find_flink()) as cluster:
        found = compare_made(table, events, SEED, cluster.session(), tell)
    figures = {
        "parity_mismatches": Figure(found.mismatches, "values", 0, lower_is_better=True),
        "parity_values": Figure(found.events * len(found.present), "values"),
    }
    return figures | {f"parity_{name}_s": Figure(one, "s") for name, one in found.seconds.items()}
