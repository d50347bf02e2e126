"""The whole demonstration: a day played, closed, published, and checked from outside; a folder is left
behind.

Rules:

1. The same seed and scale give the same business outcome (`DemoResult.outcome`): orders, amounts, counts,
   balances, breaks, totals. Times, salts, keys and therefore hashes of the log differ.
2. Whatever does not come out as it must ends the demo with an error; a demo that ends well has checked
   itself.

Example::

    result = run_demo(DemoRequest(Path("demo-out"), seed=7, small=True), open_house, Quiet())
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from pathlib import Path
from random import Random
from time import perf_counter
from typing import Protocol, TypeVar

from jinku.custody.orders.desk import OrderDesk
from jinku.custody.orders.model import Order, Release, Repayment, Withdrawal, transfer_id
from jinku.custody.parties.people import PeopleStore
from jinku.custody.structure.chart import Chart
from jinku.custody.structure.table import Role
from jinku.sim import folder, papers
from jinku.sim.audit import audit
from jinku.sim.close import SUSPENSE, Closed, OpenHouse, balance_receipts, close_day, transfer_receipts
from jinku.sim.day import Day, make_day
from jinku.sim.errors import SimulationFault
from jinku.sim.result import DemoRequest, DemoResult, next_steps
from jinku.sim.run import Player, Script, SimClock, compare_balances
from jinku.sim.warm import warm_up

DAY = date(2026, 11, 20)
"""A Friday and a business day in China."""
CNY = 156
ENTITY = 1
ORIGIN = "jinku.local/demo"
RECEIPTS = 8
"""Investors who get a balance receipt, beside one customer of each other role."""


class Stages(Protocol):
    """Who watches the demo: told when a stage begins, how many steps it has, and of each step done."""

    def begin(self, name: str, total: int) -> None:
        """A stage of `total` steps begins; the one before is over."""
        ...

    def advance(self, steps: int) -> None:
        """`steps` more are done."""
        ...


OrderT = TypeVar("OrderT", bound=Order)
OpenAt = Callable[[Path, SimClock], OpenHouse]


class _Stopwatch:
    """Times the stages it announces."""

    def __init__(self, stages: Stages) -> None:
        self._stages, self._since, self._name = stages, perf_counter(), ""
        self.seconds: dict[str, float] = {}

    def begin(self, name: str, total: int = 1) -> None:
        """End the stage before and begin the next."""
        self.end()
        self._name, self._since = name, perf_counter()
        self._stages.begin(name, total)

    def end(self) -> None:
        """End the last stage."""
        if self._name:
            self.seconds[self._name] = perf_counter() - self._since


def run_demo(request: DemoRequest, open_at: OpenAt, stages: Stages) -> DemoResult:
    """Run the demonstration. Raises FolderRefused, SimulationFault, and what ledger, log or verifier raise."""
    watch, directory = _Stopwatch(stages), request.directory
    folder.prepare(directory, force=request.force)
    watch.begin("making the day up")
    day = make_day(Chart(ENTITY, CNY), DAY, request.scale, request.seed)
    script, clock = Script(day), SimClock(day.acts[0].moment)
    watch.begin("readying the ledger's machine code (slow the first time)")
    warm_up()
    watch.begin("opening ledger, log and accounts")
    house = open_at(directory, clock)
    try:
        desk = OrderDesk(house.ledger, day.chart)
        _open_accounts(day, desk, directory)
        before = house.ledger.grouping[0]
        watch.begin("the platform's day", script.transfers)
        run = Player(desk, clock, request.callers).play(script, lambda _name, count: stages.advance(count))
        groups = house.ledger.grouping[0] - before
        watch.begin("comparing every balance")
        compare_balances(day, house.ledger)
        watch.begin("closing the day")
        closed = _close(house, day, request)
        house.publish()
        watch.begin("receipts, and erasing one customer")
        samples, balances, proofs = _receipts(house, day, closed, directory)
        erased = _erase_one(day, directory, set(balances))
    finally:
        house.close()
    watch.begin("checking everything from outside")
    report, checks = audit(directory / "log", house.vkeys, balances, proofs)
    watch.begin("writing the folder")
    _write_receipts(directory / "receipts", balances, proofs, closed)
    watch.end()
    result = DemoResult(
        request=request,
        day=day,
        run=run,
        closed=closed,
        report=report,
        checks=checks,
        orders_sha256=script.digest(),
        groups=groups,
        erased=erased,
        samples=samples,
        seconds=watch.seconds,
    )
    _write_papers(directory, result)
    _must_have_worked(result)
    return result


def _open_accounts(day: Day, desk: OrderDesk, directory: Path) -> None:
    desk.open_entity()
    with PeopleStore.open(directory / "people.db") as people:
        desk.open_parties(people.register(day.parties))


def _close(house: OpenHouse, day: Day, request: DemoRequest) -> Closed:
    file = request.directory / "statement.xml"
    return close_day(house, day, seed=request.seed, per_class=request.scale.breaks_per_class, file=file)


def _receipts(
    house: OpenHouse, day: Day, closed: Closed, directory: Path
) -> tuple[dict[str, str], Mapping[str, bytes], Mapping[int, bytes]]:
    """Sample names, balance receipts by customer, transfer receipts by transfer id."""
    rng = Random(len(day.parties))
    roles = day.chart.structure.roles
    numbers = {role: [party.number for party in day.parties if party.role is role] for role in roles}
    chosen = [numbers[role][0] for role in roles] + rng.sample(numbers[Role.INVESTOR][1:], RECEIPTS - 1)
    customers = [f"{number:06d}" for number in sorted(set(chosen))]
    orders = [order for act in day.acts for order in act.orders]
    repaid, released = _first(orders, Repayment), _first(orders, Release)
    wanted = [transfer_id(repaid.id), transfer_id(_first(orders, Withdrawal).id), released.holds[0].transfer]
    samples = {
        "customer": customers[0],
        "account": str(repaid.shares[0].account),
        "transfer": str(wanted[0]),
    }
    balances = balance_receipts(house, directory, closed, [*customers, SUSPENSE])
    return samples, balances, transfer_receipts(house, wanted)


def _first(orders: Sequence[Order], kind: type[OrderT]) -> OrderT:
    """The day's first order of `kind`."""
    return next(order for order in orders if isinstance(order, kind))


def _erase_one(day: Day, directory: Path, kept: set[str]) -> int:
    number = next(party.number for party in day.parties if f"{party.number:06d}" not in kept)
    with PeopleStore.open(directory / "people.db") as people:
        people.erase(number)
    return number


def _write_receipts(
    directory: Path, balances: Mapping[str, bytes], proofs: Mapping[int, bytes], closed: Closed
) -> None:
    directory.mkdir()
    for customer, data in balances.items():
        (directory / f"{customer}.json").write_bytes(data)
        owed = closed.tree.balance(customer)
        (directory / f"{customer}.txt").write_text(papers.receipt_txt(customer, owed, closed), "utf-8")
    for transfer, data in proofs.items():
        (directory / f"transfer-{transfer}.tlog-proof").write_bytes(data)


def _write_papers(directory: Path, result: DemoResult) -> None:
    closed = result.closed
    title = (
        f"Jinku 金库 · a platform's day 平台一日 · {result.day.day.isoformat()} · seed {result.request.seed}"
    )
    pages = {
        "reconciliation.md": papers.reconciliation_md(closed),
        "reconciliation.csv": papers.reconciliation_csv(closed),
        "breaks.csv": papers.breaks_csv(closed),
        "labels.csv": papers.labels_csv(closed.labels),
        "position.md": papers.position_md(closed),
        "attestation.json": papers.attestation_json(closed),
        "summary.json": papers.pretty(result.as_json()),
        "README.txt": folder.readme(title, next_steps(result, Path())),
    }
    for name, text in pages.items():
        (directory / name).write_text(text, "utf-8")
    (directory / "close-record.json").write_bytes(closed.record)


def _must_have_worked(result: DemoResult) -> None:
    wrong = [check.name for check in result.checks if not check.passed]
    wrong += [f"breaks: {one.kind.value}" for one in result.closed.scores if one.missed or one.false]
    wrong += [f"statement: {one.problem}" for one in result.closed.findings]
    if result.closed.holdings.difference:
        wrong.append("the client pool does not cover what it must")
    if wrong:
        raise SimulationFault(f"the demo did not come out right: {', '.join(wrong)}")
