"""`jinku demo`: a platform's whole day, closed, proved and checked from outside, in a folder to look at."""

import os
import shutil
import sys
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Annotated, cast

import typer

from jinku.cli.output import Json, Output

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

    from jinku.base.clock import Clock
    from jinku.bootstrap import House
    from jinku.sim.result import DemoResult
    from jinku.sim.rooms import BankBooks, Doors, OpenHouse
    from jinku.sim.run import SimClock

_KILLED_AFTER_S = (3.5, 4.5)
_BANK_S_MAX = 300.0
_FAULTS = "all,crash_after=0.01,crash_before=0.01"


def demo(
    out_directory: Annotated[Path, typer.Option("--out", help="The folder to make.", file_okay=False)] = Path(
        "demo-out"
    ),
    seed: Annotated[int, typer.Option(help="The same seed gives the same day.", min=0)] = 7,
    small: Annotated[
        bool, typer.Option("--small", help="A small platform: seconds instead of a minute.")
    ] = False,
    force: Annotated[bool, typer.Option("--force", help="Replace an earlier demo in that folder.")] = False,
    bank: Annotated[
        bool, typer.Option(help="Play the bank's scene, with processes of its own; one of them is killed.")
    ] = True,
    callers: Annotated[int, typer.Option(help="How many callers order at once.", min=1, max=256)] = 128,
    json: Json = False,
) -> None:
    """Play a platform's days, close them with the bank, prove what is owed, hand it over, and check it all from
    outside."""
    from jinku.sim.demo import run_demo
    from jinku.sim.result import DemoRequest

    request = DemoRequest(out_directory, seed, small, force, callers)
    with _Bars(quiet=json) as bars:
        result = run_demo(request, _doors(bank=bank), bars)
    out = Output(json)
    out.show(result.as_json(), lambda: _render(out, result))


def _doors(*, bank: bool) -> "Doors":
    from jinku.bootstrap.custody import Custody
    from jinku.bootstrap.demo_risk import crime_rooms
    from jinku.sim.rooms import Doors

    def custody(house: "OpenHouse", clock: "Clock") -> Custody:
        return Custody(cast("House", house), clock)

    return Doors(_open, custody, _bank if bank else None, crime_rooms)


def _open(directory: Path, clock: "SimClock") -> "OpenHouse":
    from jinku.bootstrap import open_house
    from jinku.sim.demo import ORIGIN

    return open_house(directory, origin=ORIGIN, clock=clock)


def _bank(directory: Path, count: int, seed: int) -> "BankBooks":
    """The bank's scene: processes of their own, one of them killed."""
    from jinku.bench.bank import Plan, prove
    from jinku.sim.rooms import BankBooks

    directory.mkdir()
    plan = Plan(
        count=count,
        seed=seed,
        kills=1,
        kill_after_s=_KILLED_AFTER_S,
        faults=_FAULTS,
        day_s=1.0,
        seconds_max=_BANK_S_MAX,
        watch_s=1,
    )
    found = prove(plan, directory)
    return BankBooks(
        instructions=count,
        double_paid=found.double_paid,
        lost=found.lost,
        open=found.open,
        states=dict(found.states),
        kills=found.kills,
        seconds=found.seconds,
    )


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
    lines = f"three sides 三方, {outcome['statement_lines']:,} lines of camt.053"
    out.table(columns, scores, f"Reconciliation 对账 · {lines}")
    out.pairs(_money(result), "Position, breaks and attestation 头寸、差错与偿付证明")
    for scene in result.scenes:
        out.table(("what 事项", "seen 结果"), scene.rows, scene.title)
        checks = [("passed" if one.passed else "FAILED", one.name, one.seen) for one in scene.checks]
        out.table(("", "check 核验", ""), checks)
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

    closed, attested = result.closed, result.attestation
    position, worked, day = closed.position, result.worked, closed.day
    amounts = {
        name: money(int(position[name])) for name in ("requirement", "resource", "internal", "external")
    }
    remedies = [
        f"{one.kind.value.replace('_', ' ')} of {money(one.amount)} CNY, {one.proposed_by} and {one.decided_by}"
        for one in closed.remedies
    ]
    return {
        "owed, and own money kept there 应存": f"{amounts['requirement']} CNY, {position['client_count']} accounts",
        "held at the bank 实存": f"{amounts['resource']} CNY",
        f"{position['outcome']} 差额": f"{money(int(position['difference']))} CNY, of it",
        "  in our books 账面": f"{amounts['internal']} CNY",
        "  breaks with the bank 差错": f"{amounts['external']} CNY",
        "remedy 补救": "; ".join(remedies) or "none needed",
        "record 日终记录": f"{day.prepared_by}, {day.reviewed_by}; log entry {day.sealed_entry:,}; equal again",
        "breaks 差错处理": f"{worked.explained} explained, 1 written off, {worked.still_open} left with an owner",
        f"{result.monday.day.day} closed": f"{result.monday_ended} of Friday's breaks ended by themselves",
        "attested 偿付证明": f"{money(attested.statement.liabilities)} CNY, log entry {attested.entry:,}, cosigned",
        "log 透明日志": f"{result.report.size:,} entries, root {result.report.root[:16]}…",
    }


def _program() -> str:
    """How to call this program again: by name where the shell finds it, else by the path it was called by."""
    called = Path(sys.argv[0])
    found = shutil.which("jinku")
    same = found is not None and called.exists() and Path(found).samefile(called)
    return "jinku" if same or called.name != "jinku" else os.path.relpath(called)
