"""Runs SQL statements on a Flink cluster: a program for the Python that has pyflink, which has no Jinku.

It reads one JSON object from standard input, {"rest": "host:port", "parallelism": 2, "statements": [...]}, runs each
statement to its end, and writes one JSON line for each: {"statement": 0, "seconds": 1.5} or, for the one at which it
stops, {"statement": 0, "error": "…"}. `SET 'name' = 'value'` works as in Flink's own clients.
"""

import json
import re
import sys
import time
from typing import Any

_SET = re.compile(r"SET\s+'([^']+)'\s*=\s*'([^']*)'\s*;?\s*", re.IGNORECASE)
CAUSES_MAX = 3


def main() -> int:
    """Run the request; 0 where every statement went through."""
    from pyflink.common import Configuration  # type: ignore[import-not-found,unused-ignore]
    from pyflink.table import (  # type: ignore[import-not-found,unused-ignore]
        EnvironmentSettings,
        TableEnvironment,
    )

    request = json.load(sys.stdin)
    host, _, port = request["rest"].rpartition(":")
    configuration = Configuration()
    for name, value in {
        "execution.target": "remote",
        "rest.address": host,
        "rest.port": port,
        "parallelism.default": str(request["parallelism"]),
    }.items():
        configuration.set_string(name, value)
    settings = (
        EnvironmentSettings.new_instance().with_configuration(configuration).in_streaming_mode().build()
    )
    table = TableEnvironment.create(settings)
    for index, statement in enumerate(request["statements"]):
        started = time.monotonic()
        try:
            _run(table, statement)
        # Whatever py4j throws is for the caller to judge; it goes out as text.
        except Exception as error:  # noqa: BLE001
            _tell({"statement": index, "error": _causes(str(error))})
            return 1
        _tell({"statement": index, "seconds": time.monotonic() - started})
    return 0


def _run(table: Any, statement: str) -> None:
    setting = _SET.fullmatch(statement.strip())
    if setting:
        table.get_config().set(setting[1], setting[2])
    else:
        table.execute_sql(statement).wait()


def _causes(text: str) -> str:
    """The innermost causes of a Java stack trace, without its frames."""
    lines = [line.strip() for line in text.splitlines()]
    causes = [line.removeprefix("Caused by:").strip() for line in lines if line.startswith("Caused by:")]
    return " <- ".join(dict.fromkeys(reversed(causes[-CAUSES_MAX:] or lines[:2])))[:2_000]


def _tell(answer: dict[str, Any]) -> None:
    sys.stdout.write("\n" + json.dumps(answer) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
