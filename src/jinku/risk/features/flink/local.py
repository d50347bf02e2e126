"""SQL on a cluster of this machine, by a process of Flink's own Python (`run_script.py`).

Flink's package for Python brings the cluster and the planner, but neither the SQL Gateway nor what its SQL client
needs of it; so statements go in by Flink's table environment, one process a script.

Example::

    LocalSession(python, environment, 8081, parallelism=2).run(["CREATE TABLE …"], timeout_s=60)
"""

import json
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jinku.risk.features.flink.errors import FlinkFailed

_PROGRAM = Path(__file__).with_name("run_script.py")


@dataclass(frozen=True, slots=True)
class LocalSession:
    """Runs SQL on the cluster whose REST interface listens on `rest_port` of this machine."""

    python: Path
    environment: Mapping[str, str]
    rest_port: int
    parallelism: int

    def run(self, statements: Sequence[str], *, timeout_s: float) -> list[float]:
        """Run each statement to its end; the seconds of each. Raises FlinkFailed at the first that fails."""
        request = {
            "rest": f"127.0.0.1:{self.rest_port}",
            "parallelism": self.parallelism,
            "statements": list(statements),
        }
        try:
            done = subprocess.run(  # noqa: S603 - our own program, by the Python that was found
                [self.python, _PROGRAM],
                input=json.dumps(request),
                capture_output=True,
                text=True,
                timeout=timeout_s,
                env=dict(self.environment),
                check=False,
            )
        except subprocess.TimeoutExpired as late:
            raise FlinkFailed(f"Flink did not finish within {timeout_s:g} s") from late
        except OSError as error:
            raise FlinkFailed(f"{self.python} does not start: {error.strerror}") from error
        answers = [json.loads(line) for line in done.stdout.splitlines() if line.startswith('{"statement"')]
        return _seconds(statements, answers, done.stderr)


def _seconds(statements: Sequence[str], answers: Sequence[Mapping[str, Any]], complaint: str) -> list[float]:
    for answer in answers:
        if "error" in answer:
            begins = " ".join(statements[answer["statement"]].split())[:80]
            raise FlinkFailed(f"Flink refused {begins!r}: {answer['error']}")
    if len(answers) != len(statements):
        words = complaint.strip().splitlines()[-1:] or ["it said nothing"]
        raise FlinkFailed(f"Flink's Python ended after {len(answers)} statements: {words[0][:300]}")
    return [float(answer["seconds"]) for answer in answers]
