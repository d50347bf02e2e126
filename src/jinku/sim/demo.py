"""The whole demonstration: days played, closed, proven and handed over, and checked from outside; a folder is left
behind.

Rules:

1. The same seed and scale give the same business outcome (`DemoResult.outcome`): orders, amounts, counts,
   balances, breaks, totals. Times, salts, keys and therefore hashes of the log differ.
2. Whatever does not come out as it must ends the demo with an error; a demo that ends well has checked
   itself.
3. Friday is the platform's busy day; Monday shows customers' lives; on Tuesday morning Monday is closed and what
   others are owed is handed over.

Example::

    result = run_demo(DemoRequest(Path("demo-out"), seed=7, small=True), doors, Quiet())
"""

from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from random import Random
from time import perf_counter
from typing import Protocol, TypeVar

from jinku.custody.orders.desk import OrderDesk
from jinku.custody.orders.model import Order, Release, Repayment, Withdrawal, transfer_id
from jinku.custody.structure.chart import Chart
from jinku.custody.structure.table import Kind, Role
from jinku.sim import folder, papers
from jinku.sim.audit import Receipts, audit
from jinku.sim.bank import bank_statement
from jinku.sim.casework import Worked, work_on_breaks
from jinku.sim.close import Closed, Files, Stage, begin_books, close_day
from jinku.sim.day import Day, make_day
from jinku.sim.errors import SimulationFault
from jinku.sim.monday import monday_files
from jinku.sim.platform import platform_export
from jinku.sim.result import DemoRequest, DemoResult, next_steps
from jinku.sim.rooms import BankBooks, Doors
from jinku.sim.run import Player, RunReport, Script, SimClock, compare_balances
from jinku.sim.scenes.bank import bank_scene
from jinku.sim.scenes.crime import crime_scene
from jinku.sim.scenes.customers import Played, back_dated, play_customers
from jinku.sim.scenes.handover import hand_over
from jinku.sim.scenes.proof import Proven, attest_day, balance_receipts, page, transfer_receipts
from jinku.sim.scenes.scene import Scene
from jinku.sim.warm import warm_up

DAY = date(2026, 11, 20)
"""A Friday and a business day in China."""
CNY = 156
ENTITY = 1
ORIGIN = "jinku.local/demo"
RECEIPTS = 8
"""Investors who get a balance receipt, beside one customer of each other role."""
INSTRUCTIONS, INSTRUCTIONS_SMALL = 100, 24
"""How many payouts go through the bank's scene."""
MORNING_MINUTES, EVENING_MINUTES, NIGHT_MINUTES = 3_405, 4_310, 535
"""From Friday's close to Monday 8:30, to Monday 23:35, and from there to Tuesday 8:30."""
_APPROVERS = "# Approval levels of operators: from 2 on a person is senior.\n[levels]\nhead-sun = 2\n"


class Stages(Protocol):
    """Who watches the demo: told when a stage begins, how many steps it has, and of each step done."""

    def begin(self, name: str, total: int) -> None:
        """A stage of `total` steps begins; the one before is over."""
        ...

    def advance(self, steps: int) -> None:
        """`steps` more are done."""
        ...


OrderT = TypeVar("OrderT", bound=Order)


class _Stopwatch:
    """Times the stages it announces."""

    def __init__(self, stages: Stages) -> None:
        self.stages, self._since, self._name = stages, perf_counter(), ""
        self.seconds: dict[str, float] = {}

    def begin(self, name: str, total: int = 1) -> None:
        """End the stage before and begin the next."""
        self.end()
        self._name, self._since = name, perf_counter()
        self.stages.begin(name, total)

    def end(self) -> None:
        """End the last stage."""
        if self._name:
            self.seconds[self._name] = perf_counter() - self._since


@dataclass(frozen=True, slots=True)
class _Friday:
    run: RunReport
    groups: int
    orders_sha256: str
    closed: Closed


@dataclass(frozen=True, slots=True)
class _Week:
    """What was played on the house while it was open."""

    friday: _Friday
    monday: Closed
    worked: Worked
    proven: Proven
    receipts: Receipts
    samples: dict[str, str]
    erased: int
    scenes: tuple[Scene, ...]


def run_demo(request: DemoRequest, doors: Doors, stages: Stages) -> DemoResult:
    """Run the demonstration. Raises FolderRefused, SimulationFault, and what the rooms or the verifier raise."""
    watch, directory = _Stopwatch(stages), request.directory
    folder.prepare(directory, force=request.force)
    watch.begin("making the day up")
    day = make_day(Chart(ENTITY, CNY), DAY, request.scale, request.seed)
    clock = SimClock(day.acts[0].moment)
    watch.begin("readying the ledger's machine code (slow the first time)")
    warm_up()
    watch.begin("opening ledger, log and accounts")
    house = doors.open_house(directory, clock)
    try:
        (directory / "approvers.toml").write_text(_APPROVERS, "utf-8")
        custody = doors.custody(house, clock)
        try:
            custody.recover()
            week, bank = _play(request, Stage(house, custody, clock, day.chart), day, watch, doors)
        finally:
            custody.close()
    finally:
        house.close()
    scenes = week.scenes
    if doors.crime is not None:
        watch.begin("a day with crime in it, decided movement by movement")
        scenes = (
            *scenes,
            crime_scene(directory / "crime", doors.crime, seed=request.seed, small=request.small),
        )
    if bank is not None:
        watch.begin("payouts through a bank that misbehaves, our process killed")
        scenes = (*scenes, bank_scene(bank.result()))
    watch.begin("checking everything from outside")
    report, checks = audit(directory / "log", house.vkeys, week.receipts)
    watch.end()
    result = DemoResult(
        request=request,
        day=day,
        run=week.friday.run,
        closed=week.friday.closed,
        monday=week.monday,
        worked=week.worked,
        attestation=week.proven.attested,
        scenes=scenes,
        report=report,
        checks=checks,
        orders_sha256=week.friday.orders_sha256,
        groups=week.friday.groups,
        erased=week.erased,
        samples=week.samples,
        seconds=watch.seconds,
    )
    _write_receipts(directory / "receipts", week.receipts, week.proven)
    _write_papers(directory, result)
    _must_have_worked(result)
    return result


def _play(
    request: DemoRequest, stage: Stage, day: Day, watch: _Stopwatch, doors: Doors
) -> tuple[_Week, Future[BankBooks] | None]:
    """All days; the bank's scene, which is processes of its own, goes on beside them once the busy day is over."""
    friday = _play_friday(request, stage, day, watch)
    bank: Future[BankBooks] | None = None
    if doors.bank is not None:
        count = INSTRUCTIONS_SMALL if request.small else INSTRUCTIONS
        pool = ThreadPoolExecutor(1, "bank-scene")
        bank = pool.submit(doors.bank, request.directory / "bank", count, request.seed)
        pool.shutdown(wait=False)
    return _play_monday(request.directory, stage, day, friday, watch), bank


def _play_monday(directory: Path, stage: Stage, day: Day, friday: _Friday, watch: _Stopwatch) -> _Week:
    stage.clock.now = day.closes
    stage.later(MORNING_MINUTES)
    watch.begin("Monday: breaks worked on, customers' lives")
    worked = work_on_breaks(stage, friday.closed, stage.custody.days.open_day(*stage.books))
    customers, played = play_customers(stage, day, DAY)
    stage.clock.now = day.closes
    stage.later(EVENING_MINUTES)
    watch.begin("attesting Monday, the bank's witness, receipts")
    proven = attest_day(stage, played.day, directory / "bank-witness")
    receipts, samples = _receipts(stage, day, played, proven)
    (directory / "check.html").write_bytes(page(stage, proven))
    stage.later(NIGHT_MINUTES)
    watch.begin("Tuesday: closing Monday")
    late = back_dated(played, day)
    monday = close_day(stage, monday_files(day, friday.closed, played, worked, directory))
    erased = _erase_one(stage, day, set(receipts.balances))
    handed = hand_over(stage, directory, played.day, watch.begin)
    customers = Scene(
        customers.english,
        customers.chinese,
        (*customers.rows, (late.name, late.seen)),
        (*customers.checks, late),
        customers.outcome,
    )
    return _Week(friday, monday, worked, proven, receipts, samples, erased, (customers, handed))


def _play_friday(request: DemoRequest, stage: Stage, day: Day, watch: _Stopwatch) -> _Friday:
    begin_books(stage, DAY)
    desk, ledger = OrderDesk(stage.house.ledger, day.chart), stage.house.ledger
    desk.open_entity()
    desk.open_parties(stage.custody.people.register(day.parties))
    before, script = ledger.grouping[0], Script(day)
    watch.begin("the platform's day", script.transfers)
    player = Player(desk, stage.clock, request.callers)
    run = player.play(script, lambda _name, count: watch.stages.advance(count))
    groups = ledger.grouping[0] - before
    watch.begin("comparing every balance")
    compare_balances(day, ledger)
    watch.begin("closing Friday: three sides, position, remedy, two persons")
    statement, labels = bank_statement(day, request.seed, request.scale.breaks_per_class)
    taken = {label.reference for label in labels}
    export, more = platform_export(day, request.seed, request.scale.breaks_per_class, taken)
    directory = request.directory
    files = Files(
        statement, (*labels, *more), directory / "statement.xml", export, directory / "platform.csv"
    )
    return _Friday(run, groups, script.digest(), close_day(stage, files))


def _receipts(stage: Stage, day: Day, played: Played, proven: Proven) -> tuple[Receipts, dict[str, str]]:
    """Balance and transfer receipts, and sample names for the commands to try."""
    rng, chart = Random(len(day.parties)), day.chart
    numbers = {
        role: [one.number for one in day.parties if one.role is role] for role in chart.structure.roles
    }
    accounts = [chart.party_account(role, found[0]) for role, found in numbers.items()]
    others = rng.sample(numbers[Role.INVESTOR][1:], RECEIPTS - 1)
    accounts += [chart.party_account(Role.INVESTOR, one) for one in sorted(others)]
    accounts += [chart.party_account(Role.INVESTOR, played.party), chart.account(Kind.SUSPENSE)]
    orders = [order for act in day.acts for order in act.orders]
    repaid, released = _first(orders, Repayment), _first(orders, Release)
    wanted = [transfer_id(repaid.id), transfer_id(_first(orders, Withdrawal).id), released.holds[0].transfer]
    samples = {
        "customer": str(accounts[0]),
        "account": str(repaid.shares[0].account),
        "transfer": str(wanted[0]),
        "party": str(played.party),
        "break": f"{played.stage.custody.breaks.cases(living=True)[0].id:032x}",
    }
    balances = balance_receipts(stage, proven, accounts)
    return Receipts(balances, transfer_receipts(stage, wanted), proven.witness), samples


def _first(orders: Sequence[Order], kind: type[OrderT]) -> OrderT:
    """The day's first order of `kind`."""
    return next(order for order in orders if isinstance(order, kind))


def _erase_one(stage: Stage, day: Day, kept: set[str]) -> int:
    def account(number: int, role: Role) -> str:
        return str(day.chart.party_account(role, number))

    number = next(one.number for one in day.parties if account(one.number, one.role) not in kept)
    stage.custody.people.erase(number)
    return number


def _write_receipts(directory: Path, receipts: Receipts, proven: Proven) -> None:
    directory.mkdir()
    (directory.parent / "witness.vkey").write_text(proven.witness + "\n", "utf-8")
    for customer, data in receipts.balances.items():
        (directory / f"{customer}.json").write_bytes(data)
    for transfer, data in receipts.transfers.items():
        (directory / f"transfer-{transfer}.tlog-proof").write_bytes(data)


def _write_papers(directory: Path, result: DemoResult) -> None:
    closed, monday = result.closed, result.monday
    title = f"Jinku 金库 · a platform's days 平台三日 · {DAY.isoformat()} · seed {result.request.seed}"
    pages = {
        "reconciliation.md": papers.reconciliation_md(closed),
        "breaks.csv": papers.breaks_csv(closed),
        "labels.csv": papers.labels_csv(closed.labels),
        "position.md": papers.position_md(closed),
        "notice.en.txt": closed.notice.english,
        "notice.zh.txt": closed.notice.chinese,
        f"reconciliation-{monday.day.day}.md": papers.reconciliation_md(monday),
        "summary.json": papers.pretty(result.as_json()),
        "README.txt": folder.readme(title, result.story, next_steps(result, Path())),
    }
    for name, text in pages.items():
        (directory / name).write_text(text, "utf-8")
    (directory / "close-record.json").write_bytes(closed.record)
    (directory / "reconciliation.jsonl").write_bytes(closed.evidence)


def _must_have_worked(result: DemoResult) -> None:
    wrong = [check.name for check in result.checks if not check.passed]
    wrong += [f"breaks: {one.kind.value}" for one in result.closed.scores if one.missed or one.false]
    for closed in (result.closed, result.monday):
        wrong += [f"statement: {one.problem}" for one in closed.findings]
        if not closed.reperformed.equal:
            wrong.append(f"the record of {closed.day.day} computed again differs")
    wrong += [failed for scene in result.scenes for failed in scene.failed]
    if wrong:
        raise SimulationFault(f"the demo did not come out right: {', '.join(wrong)}")
