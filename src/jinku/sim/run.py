"""Play a simulated day against a ledger, with many callers at once, and compare what comes out.

Rules:

1. The clock stands still within an act and moves on between acts, so holds time out as planned.
2. An act given by many callers is sent one order a call from many threads: the ledger gathers them into
   groups.
3. Whatever the ledger refuses must have been planned, and whatever was planned to be refused must be
   refused; in the end every balance must be the one that the simulator's own books say. Anything else is a
   SimulationFault.

Example::

    clock = SimClock(day.acts[0].moment)
    report = Player(OrderDesk(ledger, day.chart), clock, callers=64).play(Script(day))
"""

import hashlib
from collections import Counter
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from threading import Lock
from time import perf_counter
from typing import Protocol

import numpy as np

from jinku.custody.orders.desk import OrderDesk, Outcome
from jinku.custody.orders.movements import transfers
from jinku.custody.structure.chart import kind_of
from jinku.ledger.layout import Array, u128
from jinku.ledger.model import CreateTransferStatus
from jinku.sim.day import Day
from jinku.sim.errors import SimulationFault
from jinku.sim.world import Act, signed_balance

CALLERS_MAX = 256


class SimClock:
    """The time of the simulated day in UTC ns; any number of threads may read it."""

    def __init__(self, now: int) -> None:
        self.now = now

    def __call__(self) -> int:
        """The moment."""
        return self.now


class Script:
    """A day with every act's orders turned into ``TRANSFER`` rows: ready to be played."""

    def __init__(self, day: Day) -> None:
        self.day = day
        self.acts = [(act, transfers(day.chart, act.orders)) for act in day.acts]

    @property
    def transfers(self) -> int:
        """How many transfers will be sent."""
        return sum(len(rows) for _, rows in self.acts)

    def digest(self) -> str:
        """SHA-256 over every row in order, as hex: two days with the same digest order the same movements."""
        digest = hashlib.sha256()
        for _, rows in self.acts:
            digest.update(rows.tobytes())
        return digest.hexdigest()


@dataclass(slots=True)
class RunReport:
    """What happened while the day was played."""

    transfers: int = 0
    """Transfers sent, those sent twice counted twice."""
    calls: int = 0
    """Calls to the ledger."""
    refused: int = 0
    sent_again: int = 0
    seconds: float = 0.0
    by_name: Counter[str] = field(default_factory=Counter)
    """Transfers by what they were for."""
    statuses: Counter[str] = field(default_factory=Counter)


class AccountsView(Protocol):
    """What the comparison needs of a ledger."""

    def accounts_array(self) -> Array:
        """Every account."""
        ...


class Player:
    """Plays a day; `callers` is how many callers act at once. See the module's rules."""

    def __init__(self, desk: OrderDesk, clock: SimClock, callers: int) -> None:
        if not 1 <= callers <= CALLERS_MAX:
            raise SimulationFault(f"{callers} callers", remedy=f"choose 1 to {CALLERS_MAX}")
        self._desk, self._clock, self._callers = desk, clock, callers
        self._lock = Lock()

    def play(
        self, script: Script, done: Callable[[str, int], None] = lambda _name, _count: None
    ) -> RunReport:
        """Send the whole day. `done(name, transfers)` is told of progress, from one thread at a time."""
        report = RunReport()
        started = perf_counter()
        with ThreadPoolExecutor(self._callers, "jinku-caller") as pool:
            for act, rows in script.acts:
                self._clock.now = act.moment
                outcomes = self._send(pool, act, rows, report, done)
                _take_stock(act, rows, outcomes, report)
        self._clock.now = script.day.closes
        report.seconds = perf_counter() - started
        return report

    def _send(
        self,
        pool: ThreadPoolExecutor,
        act: Act,
        rows: Array,
        report: RunReport,
        done: Callable[[str, int], None],
    ) -> list[Outcome]:
        if not act.by_many:
            report.calls += 1
            outcome = self._desk.submit_rows(rows)
            done(act.name, len(rows))
            return [outcome]
        report.calls += len(rows)

        def one_caller(number: int) -> list[Outcome]:
            sent = []
            for row in range(number, len(rows), self._callers):
                sent.append(self._desk.submit_rows(rows[row : row + 1]))
            with self._lock:
                done(act.name, len(sent))
            return sent

        return [outcome for sent in pool.map(one_caller, range(self._callers)) for outcome in sent]


def _take_stock(act: Act, rows: Array, outcomes: Iterable[Outcome], report: RunReport) -> None:
    outcomes = list(outcomes)
    refused = {one.order: one.status for outcome in outcomes for one in outcome.refused}
    if outcomes:
        statuses = np.concatenate([outcome.results["status"] for outcome in outcomes])
        for status, count in zip(*np.unique(statuses, return_counts=True), strict=True):
            report.statuses[CreateTransferStatus(int(status)).name] += int(count)
    report.transfers += len(rows)
    report.refused += len(refused)
    report.sent_again += len(rows) - len(set(u128(rows, "id")))
    report.by_name[act.name] += len(rows)
    if refused.keys() != act.refused:
        odd = sorted(refused.keys() ^ act.refused)[0]
        status = refused[odd].name if odd in refused else "booked"
        raise SimulationFault(
            f"order {odd} of the act {act.name!r} came back as {status}, which was not planned"
        )


def compare_balances(day: Day, ledger: AccountsView) -> int:
    """Compare every balance in the ledger with the simulator's books; how many accounts there are.

    Raises SimulationFault naming the first account that differs.
    """
    rows = ledger.accounts_array()
    numbers = u128(rows, "id")
    columns = zip(numbers, u128(rows, "debits_posted"), u128(rows, "credits_posted"), strict=True)
    for account, debits, credits_ in columns:
        found, planned = signed_balance(account, debits, credits_), day.balances.get(account, 0)
        if found != planned:
            raise SimulationFault(
                f"account {account} ({kind_of(account).key}) holds {found}, the simulator's books say {planned}"
            )
    return len(numbers)
