"""`jinku demo`: a platform's whole day, closed, proved and checked from outside, in a folder to look at."""

import os
import shutil
import sys
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Annotated

import typer

from jinku.cli.output import Json, Output

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

    from jinku.sim.close import OpenHouse
    from jinku.sim.result import DemoResult
    from jinku.sim.run import SimClock


def demo(
    out_directory: Annotated[Path, typer.Option("--out", help="The folder to make.", file_okay=False)] = Path(
        "demo-out"
    ),
    seed: Annotated[int, typer.Option(help="The same seed gives the same day.", min=0)] = 7,
    small: Annotated[
        bool, typer.Option("--small", help="A small platform: seconds instead of a minute.")
    ] = False,
    force: Annotated[bool, typer.Option("--force", help="Replace an earlier demo in that folder.")] = False,
    callers: Annotated[int, typer.Option(help="How many callers order at once.", min=1, max=256)] = 128,
    json: Json = False,
) -> None:
    """Play a platform's day, reconcile it with the bank, prove what is owed, and check it all from outside."""
    from jinku.sim.demo import run_demo
    from jinku.sim.result import DemoRequest

    request = DemoRequest(out_directory, seed, small, force, callers)
    with _Bars(quiet=json) as bars:
        result = run_demo(request, _open, bars)
    out = Output(json)
    out.show(result.as_json(), lambda: _render(out, result))


def _open(directory: Path, clock: "SimClock") -> "OpenHouse":
    from jinku.bootstrap import open_house
    from jinku.sim.demo import ORIGIN

    return open_house(directory, origin=ORIGIN, clock=clock)


class _Bars:
    """Progress on standard error: bars on a terminal, a line a stage elsewhere, nothing when quiet."""

    def __init__(self, *, quiet: bool) -> None:
        self._quiet = quiet
        self._progress: Progress | None = None
        self._task: TaskID | None = None

    def __enter__(self) -> "_Bars":
        if not self._quiet and sys.stderr.isatty():
            from rich.console import Console
            from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

            columns = (
                TextColumn("{task.description}"),
                BarColumn(),
                MofNCompleteColumn(),
                TimeElapsedColumn(),
            )
            self._progress = Progress(*columns, console=Console(stderr=True))
            self._progress.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._finish()
        if self._progress is not None:
            self._progress.stop()

    def begin(self, name: str, total: int) -> None:
        """See `jinku.sim.demo.Stages`."""
        self._finish()
        if self._progress is not None:
            self._task = self._progress.add_task(name, total=total)
        elif not self._quiet:
            sys.stderr.write(f"{name} …\n")

    def advance(self, steps: int) -> None:
        """See `jinku.sim.demo.Stages`."""
        if self._progress is not None and self._task is not None:
            self._progress.advance(self._task, steps)

    def _finish(self) -> None:
        if self._progress is not None and self._task is not None:
            task = next(one for one in self._progress.tasks if one.id == self._task)
            self._progress.update(self._task, completed=task.total)


def _render(out: Output, result: "DemoResult") -> None:
    from jinku.sim.result import next_steps

    outcome, run = result.outcome, result.run
    spent = sum(result.seconds.values())
    head = f"A platform's day 平台一日 · {outcome['day']} · seed {outcome['seed']} · {spent:.1f} s"
    out.table(("what 事项", "transfers 笔数 "), _movements(result), head)
    out.pairs(
        {
            "calls by": f"{result.request.callers} callers: {run.calls:,}, made durable by {result.groups:,} writes",
            "sent twice": f"{run.sent_again:,}, each booked once",
            "refused as planned": f"{run.refused:,}",
            "balances": f"{len(result.day.parties):,} parties, every balance as the simulator's own books say",
            "erased": f"party {result.erased}'s personal data; every proof still holds",
        },
        "Ledger 账本",
    )
    columns = ("class 差错类别", "planted 植入 ", "found 发现 ", "missed 漏报 ", "false 误报 ")
    scores = [
        (one.kind.value.replace("_", " "), one.labelled, one.found, one.missed, one.false)
        for one in result.closed.scores
    ]
    lines = f"{outcome['statement_lines']:,} lines of camt.053"
    out.table(columns, scores, f"Reconciliation 对账 · {lines}")
    out.pairs(_money(result), "Position and attestation 头寸与偿付证明")
    checks = [("passed" if one.passed else "FAILED", one.name, one.seen) for one in result.checks]
    out.table(("", "check 核验", ""), checks, "Checked from outside by jinku.verify 独立核验")
    directory = result.request.directory
    out.line(f"Open {directory / 'README.txt'}, and try 下一步:")
    for command, meaning in next_steps(result, directory, _program()):
        out.line(f"  {command}\n      {meaning}")


def _movements(result: "DemoResult") -> list[tuple[str, str]]:
    from jinku.sim.world import ACTS

    rows = [(f"{name} {ACTS[name]}", f"{count:,}") for name, count in result.run.by_name.most_common()]
    return [*rows, ("in all 合计", f"{result.run.transfers:,}")]


def _money(result: "DemoResult") -> dict[str, str]:
    from jinku.sim.papers import money

    closed, position = result.closed, result.closed.position
    return {
        "owed to clients 应存": f"{money(position.requirement)} CNY to {position.client_count:,} accounts",
        "held at the bank 实存": f"{money(position.resource)} CNY",
        f"{position.outcome.value} 差额": f"{money(position.difference)} CNY, which is",
        "  platform's own money 自有": f"{money(closed.holdings.own_in_pool)} CNY in the client pool",
        "  in transit 在途": f"{money(-closed.holdings.in_transit)} CNY",
        "  breaks 差错": f"{money(closed.reconciliation.difference)} CNY the bank has beyond our books",
        "attested 偿付证明": f"{money(closed.attestation.liabilities)} CNY, log entry {closed.attestation_entry:,}",
        "log 透明日志": f"{result.report.size:,} entries, root {result.report.root[:16]}…",
    }


def _program() -> str:
    """How to call this program again: by name where the shell finds it, else by the path it was called by."""
    called = Path(sys.argv[0])
    found = shutil.which("jinku")
    same = found is not None and called.exists() and Path(found).samefile(called)
    return "jinku" if same or called.name != "jinku" else os.path.relpath(called)
