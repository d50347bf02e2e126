"""Back-dated entries: booked only where no balance between then and now would have been illegal, and no day is
closed.

Rules (R12, R6):

1. A transfer that bears an earlier business day counts from the cut-off of that day. From there to now, every running
   balance of every account that it lowers, holds included, must keep the limit of the account.
2. A transfer for a closed day, for a later day or for no day at all is refused; so is a balancing one that is
   back-dated, as its amount is known only when it is booked. A linked chain is refused as a whole.
3. The past is read on the caller's thread. The rest, what was booked meanwhile by whomever, is read on the ledger's
   one writing thread right before the booking: between the last look and the booking nothing can be booked. A plan
   that did not hold is made anew, at most ``TRIES_MAX`` times.
4. Whether a day is closed is asked on the writing thread as well. A close that first marks the day and then reads the
   ledger can therefore be overtaken by no entry of its day.
5. What is booked already is passed through, so that sending a batch again answers ``EXISTS``, whatever has changed
   since. The check writes nothing: after a crash a chain is in the journal as a whole or not at all.

Example::

    guard = BackdatingGuard(ledger, hours, time.time_ns, closed=days)
    guard.check(batch)                   # refusals, nothing booked
    done = guard.book(batch)             # done.results: one RESULT row each; done.refusals
"""

from collections.abc import Callable, Sequence
from typing import Protocol, cast

import numpy as np

from jinku.base.clock import Clock
from jinku.base.errors import JinkuError
from jinku.custody.structure.bitemporal import EffectiveJournal
from jinku.custody.structure.bitemporal_errors import BooksTooBusy
from jinku.custody.structure.bitemporal_hours import BusinessHours, day_number
from jinku.custody.structure.bitemporal_line import AccountPast, Limits, lines_of
from jinku.custody.structure.bitemporal_plan import (
    ClosedDays,
    Guarded,
    Planner,
    Reason,
    Refusal,
    Run,
    entity_days,
    still_dated,
)
from jinku.ledger import committer
from jinku.ledger.committer import Request, Waiting
from jinku.ledger.core import Core
from jinku.ledger.layout import RESULT, TRANSFER, Array
from jinku.ledger.model import Account, CreateTransferStatus, QueryFilter, QueryFilterFlags, Transfer
from jinku.ledger.service import checked_batch

TRIES_MAX = 64
DELTA_ENTRIES_MAX = 1 << 18
"""Entries that the writing thread looks through at most; more, and the past is read anew."""


class GuardedLedger(EffectiveJournal, Protocol):
    """What the guard needs of a ledger that keeps its own journal."""

    def submit(self, request: Request) -> None:
        """Queue a request for the one writing thread."""
        ...

    def lookup_accounts_array(self, ids: Array) -> Array:
        """``ACCOUNT`` rows of the ids that exist."""
        ...

    def lookup_transfers_array(self, ids: Array) -> Array:
        """``TRANSFER`` rows of the ids that exist."""
        ...

    def balances_as_of(self, accounts: Sequence[int], timestamp: int) -> list[Account | None]:
        """Each account as booked by `timestamp`."""
        ...

    def query_transfers(self, query_filter: QueryFilter) -> list[Transfer]:
        """Transfers that match."""
        ...


class _Again:
    """The answer of a plan that did not hold."""


class _Guarded(Waiting):
    """A run on its way to the writing thread."""

    __slots__ = ("pasts", "run", "size")

    def __init__(self, execute: committer.Execute, run: Run, pasts: Sequence[AccountPast], size: int) -> None:
        super().__init__(execute, run.rows)
        self.run, self.pasts, self.size = run, pasts, size


class BackdatingGuard:
    """Stands before one ledger for the books of one structure; see the module's rules. For any number of threads.

    `closed` knows which days are closed; `overdrafts` gives, for an account that the ledger does not limit, the
    minor units that it may be overdrawn by (None: no limit).
    """

    def __init__(
        self,
        ledger: GuardedLedger,
        hours: BusinessHours,
        clock: Clock,
        closed: ClosedDays | None = None,
        overdrafts: Callable[[int], int | None] = lambda _: None,
    ) -> None:
        self._ledger, self._hours, self._clock, self._closed = ledger, hours, clock, closed
        self._limits = Limits(ledger, overdrafts)
        self._planner = Planner(ledger, hours, closed, self._limits)
        self._ahead: dict[int, bool] = {}
        self._execute: committer.Execute = (
            self._on_the_writing_thread
        )  # one object: requests are grouped by it

    def check(self, batch: Array) -> tuple[Refusal, ...]:
        """What `book` would refuse now, each chain taken by itself; nothing is booked."""
        plan = self._planner.plan(checked_batch(batch, TRANSFER), self._clock())
        found = list(plan.refusals)
        for run in plan.runs:
            if run.lowering:
                refusal = self._verdict(run, self._pasts(run)[0])
                if refusal is not None:
                    found.append(refusal)
        return tuple(sorted(found, key=lambda one: one.row))

    def book(self, batch: Array) -> Guarded:
        """Book `batch` (up to 8,189 ``TRANSFER`` rows, in order), less the chains that are refused.

        A refused row has the status ``LINKED_EVENT_FAILED`` and stands in `refusals`. Raises BooksTooBusy,
        LedgerError.
        """
        batch = checked_batch(batch, TRANSFER)
        results = np.zeros(len(batch), RESULT)
        results["status"] = CreateTransferStatus.LINKED_EVENT_FAILED
        plan = self._planner.plan(batch, self._clock())
        refusals = list(plan.refusals)
        for run in plan.runs:
            refusals += self._book_run(run, results)
        return Guarded(results, tuple(sorted(refusals, key=lambda one: one.row)))

    def _book_run(self, run: Run, results: Array) -> list[Refusal]:
        """Book one run, planning what it consists of anew where the plan did not hold."""
        waiting, refusals, tries = [run], [], 0
        while waiting:
            current = waiting.pop(0)
            pasts, size = self._pasts(current) if current.lowering else ([], 0)
            refusal = self._verdict(current, pasts) if current.lowering else None
            if refusal is not None:
                refusals.append(refusal)
                continue
            request = _Guarded(self._execute, current, pasts, size)
            self._ledger.submit(request)
            answer = request.result()
            if isinstance(answer, JinkuError):
                raise answer
            if not isinstance(answer, _Again):
                results[current.first : current.first + len(current.rows)] = cast(Array, answer)
                continue
            tries += 1
            if tries > TRIES_MAX:
                raise BooksTooBusy(tries)
            again = self._planner.plan(current.rows, self._clock(), current.first)
            refusals += again.refusals
            waiting = [*again.runs, *waiting]
        return refusals

    def _pasts(self, run: Run) -> tuple[list[AccountPast], int]:
        """The past of each account that the run lowers, and the journal's size that it was read at or after."""
        size = self._ledger.size()
        return [self._past(account, start) for account, start in lines_of(run.effects)], size

    def _past(self, account: int, start: int) -> AccountPast:
        past = AccountPast(account, self._limits.of(account), self._hours)
        if self._dated_ahead(start):
            past.begin(0, 0)
            past.extend(self._ledger.account_entries(account, 0, (1 << 63) - 1))
            past.settle(start)
            return past
        [before] = self._ledger.balances_as_of([account], start)
        past.begin(past.limit.room(before), start)
        past.extend(self._ledger.account_entries(account, start + 1, (1 << 63) - 1))
        return past

    def _dated_ahead(self, start: int) -> bool:
        """Whether something was booked by `start` that counts only later: nothing that this guard let pass."""
        if start not in self._ahead:  # what was booked by then is past and stays as it is
            self._ahead[start] = any(
                self._ledger.query_transfers(
                    QueryFilter(0, 0, day_number(day), 0, 0, 0, start, 1, QueryFilterFlags.NONE)
                )
                for day in entity_days(self._hours, start)
            )
        return self._ahead[start]

    def _verdict(self, run: Run, pasts: Sequence[AccountPast]) -> Refusal | None:
        for past in pasts:
            fault = past.fault(run.effects)
            if fault is not None:
                moment, room = fault
                return Refusal(run.first, Reason.OVERDRAWN, past.account, moment, room)
        return None

    # --- on the ledger's writing thread ---------------------------------------------------------------------------

    def _on_the_writing_thread(self, core: Core, group: list[Request], now: int) -> list[object]:
        answers: list[object] = [None] * len(group)
        together: list[int] = []

        def book() -> None:
            if together:
                done = committer.create_transfers(core, [group[at] for at in together], now)
                for at, value in zip(together, done, strict=True):
                    answers[at] = value
                together.clear()

        for at, request in enumerate(cast("list[_Guarded]", group)):
            if request.pasts:
                book()  # what came before it counts
            stale = self._stale(core, request, now)
            if stale is not None:
                answers[at] = stale
                continue
            together.append(at)
            if request.pasts:
                book()
        book()
        return answers

    def _stale(self, core: Core, request: _Guarded, now: int) -> _Again | JinkuError | None:
        """Why the request cannot be booked as planned; None where it can. Never raises: that would halt the
        ledger."""
        try:
            return self._looked_at_again(core, request, now)
        except JinkuError as error:
            return error
        # Nothing was changed yet, so nothing need halt: the caller hears of it.
        except Exception as fault:  # noqa: BLE001
            return BooksTooBusy(0, type(fault).__name__)

    def _looked_at_again(self, core: Core, request: _Guarded, now: int) -> _Again | None:
        run = request.run
        dated = still_dated(run, max(now, core.machine.last_timestamp + 1))
        if dated is None or (self._closed is not None and any(self._closed.is_closed(*one) for one in dated)):
            return _Again()
        if not request.pasts:
            return None
        size = core.visible.size
        if size - request.size > DELTA_ENTRIES_MAX:
            return _Again()
        since = core.store.entries(request.size, size - request.size)
        for past in request.pasts:
            past.extend(since)
        return None if self._verdict(run, request.pasts) is None else _Again()
