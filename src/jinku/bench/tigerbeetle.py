"""TigerBeetle's own benchmark beside ours, in the same run on the same machine, where its program is there.

Its load is ours: as many transfers between 10,000 accounts in full batches, one replica that syncs each of them.
Its server and its data are its own; they lie in our temporary directory and go with it.

Example::

    measure("/usr/local/bin/tigerbeetle", 2_000_000, 10_000, Path("scratch"))  # 270000
"""

import re
import subprocess
from pathlib import Path

from jinku.base.errors import JinkuError
from jinku.bench.report import Figure

SECONDS_MAX = 600
CACHE = "512MiB"
_ACCEPTED = re.compile(r"^load accepted = (\d+) tx/s$", re.MULTILINE)


class PeerFailed(JinkuError):
    """TigerBeetle's benchmark did not run, or said nothing that is understood."""

    code = "peer_failed"


def accepted(said: str) -> int:
    """The transfers/s that the output of ``tigerbeetle benchmark`` states. Raises PeerFailed."""
    found = _ACCEPTED.search(said)
    if found is None:
        raise PeerFailed(
            "tigerbeetle benchmark states no transfers a second", remedy="run it by hand and look"
        )
    return int(found[1])


def measure(program: str, transfers: int, accounts: int, directory: Path) -> int:
    """Run the benchmark of the `program` in `directory`; transfers/s. Raises PeerFailed."""
    command = [
        str(Path(program).resolve()), "benchmark", f"--transfer-count={transfers}",
        f"--account-count={accounts}", f"--cache-grid={CACHE}",
    ]  # fmt: skip
    try:
        done = subprocess.run(
            command, cwd=directory, capture_output=True, text=True, timeout=SECONDS_MAX, check=True
        )
    except (OSError, subprocess.SubprocessError) as error:
        raise PeerFailed(
            f"{command[0]} benchmark failed: {type(error).__name__}", remedy="run it by hand and look"
        ) from error
    return accepted(done.stdout + done.stderr)


def compared(ours: float, theirs: int) -> dict[str, Figure]:
    """The peer's figure, and ours as a multiple of it; neither has a bar."""
    return {
        "tigerbeetle_tps": Figure(theirs, "transfers/s"),
        "ratio_to_tigerbeetle": Figure(ours / theirs, "embedded_batch_tps / tigerbeetle_tps"),
    }
