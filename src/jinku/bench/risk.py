"""Everything that risk promises, in one run: each part measures its own figures, one after another.

What needs sample data (card payments, a transfer graph, lists) is measured where ``data`` has it and left out, with a
note, where it has not: ``card-fraud/*.parquet``, ``amlsim/*.tgz``, ``lists/``.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from jinku.bench.report import Figure

Part = Callable[[], dict[str, Figure]]


@dataclass(frozen=True, slots=True)
class RiskSizes:
    """How much is measured; 0 leaves a part out."""

    transfers: int = 400_000
    """Decided in the corridor."""
    rebuilt: int = 1_000_000
    """Events that the online state is rebuilt from."""
    parity: int = 20_000
    """Events compared between three engines; Flink is found as `jinku risk parity` finds it."""
    seed: int = 7


def run(
    sizes: RiskSizes, data: Path | None, scratch: Path | None, progress: Callable[[str], None]
) -> dict[str, Figure]:
    """The figures of all parts. Raises what the parts raise."""
    figures: dict[str, Figure] = {}
    for name, part in _parts(sizes, data, scratch, progress):
        progress(name)
        figures |= part()
    return figures


def _parts(
    sizes: RiskSizes, data: Path | None, scratch: Path | None, progress: Callable[[str], None]
) -> Iterator[tuple[str, Part]]:
    from jinku.bench import risk_features, risk_full, risk_inline, risk_parity, risk_rules

    if sizes.transfers:
        yield (
            "decisions in the corridor",
            lambda: risk_inline.inline_figures(sizes.transfers, scratch, sizes.seed),
        )
        yield (
            "decisions in a full house",
            lambda: risk_full.full_figures(sizes.transfers // 2, scratch, sizes.seed),
        )
    yield "rules", lambda: dict(risk_rules.rule_figures(sizes.seed))
    if sizes.rebuilt:
        yield "features online, rebuilt", lambda: risk_features.run(sizes.rebuilt, scratch, progress)
    yield from _with_data(data, scratch, progress)
    if sizes.parity:
        yield "three engines", lambda: risk_parity.parity_figures(sizes.parity, tell=progress)


def _with_data(
    data: Path | None, scratch: Path | None, progress: Callable[[str], None]
) -> Iterator[tuple[str, Part]]:
    from jinku.bench import risk_graph, risk_models, risk_screening

    cards = sorted((data / "card-fraud").glob("*.parquet")) if data else []
    graphs = sorted((data / "amlsim").glob("*.tgz")) if data else []
    lists = data / "lists" if data else None
    if lists is not None and lists.is_dir():
        yield "screening", lambda: risk_screening.screening_figures(lists)
    if graphs:
        yield "transfer graph", lambda: risk_graph.run(graphs[0], scratch, progress)
    if cards:
        yield "card fraud", lambda: risk_models.run(cards[0], progress)
    for name, found in (("lists", lists), ("amlsim", graphs), ("card-fraud", cards)):
        if not found:
            progress(f"left out: no {name} under --sample-data")
