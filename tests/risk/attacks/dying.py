"""Commands typed in processes of their own, which may end at any moment that matters: for tests of crashes."""

import os
import sys
from collections.abc import Callable, Sequence
from multiprocessing import get_context
from pathlib import Path
from typing import Any

DIED = 77
TIMEOUT_S = 120
_CLEAN = get_context("forkserver")
_CLEAN.set_forkserver_preload(
    ["jinku.cli.main", "jinku.bootstrap.house", "jinku.bootstrap.risk", "jinku.bootstrap.risk_desks"]
)


def typed(lines: Sequence[str], folder: Path, point: int = -1) -> tuple[int, list[str]]:
    """Type commands one after another; the exit code of the process, which is that of the last, and what each
    answered. With a `point` the process ends without any ceremony, by `DIED`, at its `point`-th moment before a
    commit or a seal: nothing is kept between one and the next, so after one is before the next."""
    answers = [folder / f"answer-{at}" for at in range(len(lines))]
    process = _CLEAN.Process(target=_run, args=(list(lines), [str(path) for path in answers], point))
    process.start()
    process.join(TIMEOUT_S)
    if process.exitcode is None:
        process.kill()
        process.join()
        raise TimeoutError(lines)
    return process.exitcode, [path.read_text("utf-8") if path.is_file() else "" for path in answers]


def _run(lines: list[str], answers: list[str], point: int) -> None:
    from jinku.cli.main import main

    if point >= 0:
        _arm(point)
    code = 0
    for line, answer in zip(lines, answers, strict=True):
        os.dup2(os.open(answer, os.O_WRONLY | os.O_CREAT | os.O_TRUNC), 1)
        code = main([*line.split(), "--json"])
        sys.stdout.flush()
    os._exit(code)


def _arm(point: int) -> None:
    from sqlalchemy.engine import Connection

    from jinku.ledger.service import Ledger

    left = [point]

    def moment() -> None:
        left[0] -= 1
        if left[0] < 0:
            os._exit(DIED)

    def around(real: Callable[..., Any]) -> Callable[..., Any]:
        def done(*given: Any, **named: Any) -> Any:
            moment()
            return real(*given, **named)

        return done

    Ledger.seal = around(Ledger.seal)  # type: ignore[method-assign]
    Connection._commit_impl = around(Connection._commit_impl)  # type: ignore[method-assign]
