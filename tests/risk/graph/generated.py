"""A seeded account graph with planted laundering, in the shape of AMLSim's files: nothing may hang on one.

Rules:

1. Honest custom: each account has a few payees, heavy-tailed in both directions, and pays them in turn; its amount is
   its own, always the same (`spread` 0) or scattered around it.
2. Planted patterns stand on accounts drawn among all; their transfers are `factor` times the payer's own amount. The
   accounts of a pattern are labelled, and pay honestly besides.
3. The same settings and seed give the same graph.

Example::

    graph = generate(Setting("cycle", seed=3))
    graph.source, graph.target, graph.value, graph.time, graph.labelled
"""

from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Setting:
    """What is planted among whom."""

    pattern: str
    accounts: int = 3_000
    patterns: int = 30
    members: int = 5
    spread: float = 0.0
    """Standard deviation of the logarithm of an account's amounts."""
    factor: float = 0.05
    """A planted transfer in the payer's own amount."""
    repeats: int = 3
    steps: int = 150
    seed: int = 1


@dataclass(frozen=True)
class Graph:
    """Transfers in columns, and which accounts are labelled."""

    source: Ints
    target: Ints
    value: Floats
    time: Ints
    labelled: NDArray[np.bool_]

    def write(self, folder: Path) -> tuple[Path, Path]:
        """The two files as AMLSim names their columns."""
        transfers, labels = folder / "transactions.csv", folder / "nodes.csv"
        rows = zip(self.source, self.target, self.value, self.time, strict=True)
        transfers.write_text(
            "sourceNodeId,targetNodeId,value,time\n"
            + "".join(f"{s},{t},{v:.2f},{d}\n" for s, t, v, d in rows)
        )
        labels.write_text(
            "nodeid,isFraud\n" + "".join(f"{one},{int(flag)}\n" for one, flag in enumerate(self.labelled))
        )
        return transfers, labels


def _legs(setting: Setting, rng: np.random.Generator) -> list[tuple[int, int, int, int]]:
    """Planted (pattern, payer, payee, step) in each pattern's own order."""
    found = []
    for number in range(setting.patterns):
        who = [int(one) for one in rng.choice(setting.accounts, setting.members + 1, replace=False)]
        start = int(rng.integers(5, setting.steps - 15))
        main, others = who[0], who[1:]
        if setting.pattern == "fan_in":
            legs = [(one, main, start + at % 3) for at, one in enumerate(others)]
        elif setting.pattern == "fan_out":
            legs = [(main, one, start + at % 3) for at, one in enumerate(others)]
        elif setting.pattern == "cycle":
            ring = [*who, main]
            legs = [(a, b, start + at) for at, (a, b) in enumerate(pairwise(ring))]
        elif setting.pattern == "scatter_gather":
            middle, end = others[:-1], others[-1]
            legs = [(main, one, start) for one in middle] + [(one, end, start + 2) for one in middle]
        else:
            raise ValueError(setting.pattern)
        found += [(number, *leg) for leg in legs for _ in range(setting.repeats)]
    return found


def generate(setting: Setting) -> Graph:
    """The graph of `setting`."""
    rng = np.random.default_rng(setting.seed)
    count = setting.accounts
    degree = np.minimum(rng.zipf(2.2, count) + 1, 60)
    popular = rng.permutation(count)
    payer = np.repeat(np.arange(count), degree)
    payee = popular[np.minimum((rng.pareto(1.6, len(payer)) * count / 8).astype(np.int64), count - 1)]
    honest = payer != payee
    payer, payee = payer[honest], payee[honest]
    own = rng.uniform(100, 600, count)
    value = own[payer] * np.exp(rng.normal(0, setting.spread, len(payer))) if setting.spread else own[payer]
    time = rng.integers(1, setting.steps, len(payer))
    planted = np.array(_legs(setting, rng), np.int64)
    bad = planted[:, 1:]
    amount = own[bad[:, 0]] * setting.factor * rng.uniform(0.9, 1.1, len(bad))
    labelled = np.zeros(count, bool)
    labelled[bad[:, :2].ravel()] = True
    source, target = np.r_[payer, bad[:, 0]], np.r_[payee, bad[:, 1]]
    value, time = np.r_[value, amount], np.r_[time, bad[:, 2]]
    order = np.argsort(time, kind="stable")
    return Graph(source[order], target[order], np.round(value[order], 2), time[order], labelled)
