"""Laundering on the account graph: average precision on AMLSim's sample, with labels and without.

Example::

    run(Path("20K_fanin200.tgz"), None, note)["aml_ap"].value
"""

import tarfile
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from jinku.base.errors import InputError
from jinku.bench.report import Figure
from jinku.risk.graph.scoring import score_graph
from jinku.risk.graph.transfers import read_transfers


def run(sample: Path, scratch: Path | None, progress: Callable[[str], None]) -> dict[str, Figure]:
    """The figures of a folder with ``transactions.csv`` and ``nodes.csv``, or of an archive (.tgz) with one in it.
    Raises InputError."""
    with tempfile.TemporaryDirectory(prefix="jinku-bench-", dir=scratch) as name:
        folder = sample if sample.is_dir() else _unpacked(sample, Path(name))
        found = sorted(folder.rglob("transactions.csv"))
        if len(found) != 1:
            raise InputError(f"holds {len(found)} files transactions.csv, not one", file=sample.name)
        progress(f"laundering on the account graph of {sample.name}")
        started = time.perf_counter()
        document = score_graph(read_transfers(found[0], found[0].with_name("nodes.csv"))).document()
        seconds = time.perf_counter() - started
    return {
        "aml_ap": Figure(document["aml_ap"], "average precision", 0.82),
        "aml_ap_unsupervised": Figure(document["aml_ap_unsupervised"], "average precision", 0.55),
        "aml_seconds": Figure(seconds, "s", 30, lower_is_better=True),
    }


def _unpacked(archive: Path, into: Path) -> Path:
    try:
        with tarfile.open(archive) as file:
            file.extractall(into, filter="data")
    except (OSError, tarfile.TarError) as error:
        raise InputError(f"cannot be unpacked: {error}", file=archive.name) from error
    return into
