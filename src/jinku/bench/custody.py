"""Custody's promises, measured one after the other: orders, attestation, resolution pack, and the bank that misbehaves.

Example::

    run(Sizes(), None, note)["orders_tps"].value
"""

import socket
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from jinku.bench import attest, bank, orders, pack
from jinku.bench.report import Figure


@dataclass(frozen=True, slots=True)
class Sizes:
    """How much of each is done; the bars are for the sizes given here."""

    orders: int = 200_000
    customers: int = attest.CUSTOMERS
    pack_customers: int = 100_000
    instructions: int = 10_000
    seed: int = 7


def run(sizes: Sizes, scratch: Path | None, progress: Callable[[str], None]) -> dict[str, Figure]:
    """All figures. Raises what a part raises that does not do what it measures."""
    with tempfile.TemporaryDirectory(prefix="jinku-bench-", dir=scratch) as name:
        base = Path(name)
        progress(f"{sizes.orders:,} orders through the corridor")
        figures = orders.run(sizes.orders, base, sizes.seed)
        (base / "attest").mkdir()
        figures |= attest.attest_figures(sizes.customers, base / "attest", sizes.seed, progress)
        figures |= pack.run(sizes.pack_customers, base, progress)
        if sizes.instructions:
            progress(
                f"{sizes.instructions:,} instructions through a misbehaving bank, our side killed at random"
            )
            plan = bank.Plan(count=sizes.instructions, seed=sizes.seed, notice_port=_free_port())
            figures |= bank.bank_figures(plan)
    return figures


def _free_port() -> int:
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        port: int = listening.getsockname()[1]
        return port
