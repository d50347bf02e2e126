"""Several ledgers execute the same random batches; whatever they answer must be equal.

A leader executes each batch first. Its timestamps tell at which instant it did, the followers' clock is set to that
instant, and so even timestamps must agree. One difference is allowed: *when* an expiry is booked. The model leaves
that to the engine ("never before"), ours books it exactly, a cluster when its timer next fires.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Protocol

from tests.ledger.batches import SECOND, World

from jinku.ledger.model import (
    Account,
    AccountBalance,
    AccountFilter,
    AccountFlags,
    ChangeEvent,
    ChangeEventsFilter,
    ChangeEventType,
    CreateAccountResult,
    CreateAccountStatus,
    CreateTransferResult,
    CreateTransferStatus,
    QueryFilter,
    Transfer,
    TransferFlags,
)

CHANGE_EVENTS_MAX = 2730
GUARD_NS = 40_000_000
"""A batch keeps this far away from any expiry, since a cluster's timer is not exact."""
QUIET_NS = 3 * SECOND
"""Before a comparison whatever expires within this time has expired, since a cluster's clock does not stand still."""


class Subject(Protocol):
    """What is compared: the surface of the published client."""

    def create_accounts(self, accounts: list[Account]) -> list[CreateAccountResult]: ...
    def create_transfers(self, transfers: list[Transfer]) -> list[CreateTransferResult]: ...
    def lookup_accounts(self, accounts: Sequence[int]) -> list[Account]: ...
    def lookup_transfers(self, transfers: Sequence[int]) -> list[Transfer]: ...
    def get_account_transfers(self, wanted: AccountFilter, /) -> list[Transfer]: ...
    def get_account_balances(self, wanted: AccountFilter, /) -> list[AccountBalance]: ...
    def query_accounts(self, wanted: QueryFilter, /) -> list[Account]: ...
    def query_transfers(self, wanted: QueryFilter, /) -> list[Transfer]: ...
    def get_change_events(self, wanted: ChangeEventsFilter, /) -> list[ChangeEvent]: ...


class SetClock:
    """A clock that shows what it was set to."""

    def __init__(self) -> None:
        self.now = 0

    def __call__(self) -> int:
        return self.now


class Lockstep:
    """A leader and its followers. `tick` waits a moment and returns the leader's time in ns."""

    def __init__(
        self,
        world: World,
        leader: Subject,
        followers: Sequence[Subject],
        clock: SetClock,
        tick: Callable[[], int],
    ) -> None:
        self.world, self.leader, self.followers, self.clock, self.tick = world, leader, followers, clock, tick
        self.times = [tick()]
        self.statuses: Counter[str] = Counter()
        """How often each status was answered."""
        self.answers: Counter[str] = Counter()
        """How many objects each question has found."""
        self._expiries: list[int] = []

    def accounts(self, count: int = 0) -> None:
        """One batch of accounts everywhere; the first one is the world's founding."""
        now = self._now()
        batch = self.world.accounts(now, count) if self.world.asked_accounts else self.world.founding()
        answers = self.leader.create_accounts(batch)
        hidden = [event.flags & AccountFlags.IMPORTED != 0 for event in batch]
        self._set_clock([r.timestamp for r in answers], [r.status.name for r in answers], hidden)
        for follower in self.followers:
            self._equal("create_accounts", batch, answers, follower.create_accounts(batch))
        self.world.note(batch, [answer.status is CreateAccountStatus.CREATED for answer in answers])

    def transfers(self, count: int = 0) -> None:
        """One batch of transfers everywhere."""
        batch = self.world.transfers(self._now(), count)
        answers = self.leader.create_transfers(batch)
        hidden = [event.flags & TransferFlags.IMPORTED != 0 for event in batch]
        self._set_clock([r.timestamp for r in answers], [r.status.name for r in answers], hidden)
        for follower in self.followers:
            self._equal("create_transfers", batch, answers, follower.create_transfers(batch))
        self.world.note(batch, [answer.status is CreateTransferStatus.CREATED for answer in answers])
        for event, answer in zip(batch, answers, strict=True):
            if (
                answer.status is CreateTransferStatus.CREATED
                and event.flags & TransferFlags.PENDING
                and event.timeout
            ):
                self._expiries.append(answer.timestamp + event.timeout * SECOND)

    def compare(self, filters: int = 10) -> None:
        """Look at everything that the batches so far have made, and ask `filters` random questions."""
        self._now(QUIET_NS)
        world = self.world
        accounts = [*world.asked_accounts, 0, world.base - 1, *list(world.asked_accounts)[:2]][-4000:]
        transfers = [*world.asked_transfers, 0, *list(world.asked_transfers)[:2]][-4000:]
        self._same("lookup_accounts", lambda subject: subject.lookup_accounts(accounts))
        self._same("lookup_transfers", lambda subject: subject.lookup_transfers(transfers))
        for _ in range(filters):
            self._ask(world.account_filter(self.times), world.query_filter(self.times))
        self._same("get_change_events", self._changes)

    def _ask(self, one: AccountFilter, many: QueryFilter) -> None:
        self._same(f"get_account_transfers {one}", lambda subject: subject.get_account_transfers(one))
        self._same(f"get_account_balances {one}", lambda subject: subject.get_account_balances(one))
        self._same(f"query_accounts {many}", lambda subject: subject.query_accounts(many))
        self._same(f"query_transfers {many}", lambda subject: subject.query_transfers(many))

    def _changes(self, subject: Subject) -> list[ChangeEvent]:
        events: list[ChangeEvent] = []
        start = self.times[0]
        while True:
            page = subject.get_change_events(ChangeEventsFilter(start, 0, CHANGE_EVENTS_MAX))
            events += [
                replace(event, timestamp=0) if event.type is ChangeEventType.TWO_PHASE_EXPIRED else event
                for event in page
                if event.ledger in self.world.ledgers
            ]
            if len(page) < CHANGE_EVENTS_MAX:
                return events
            start = page[-1].timestamp + 1

    def _same(self, question: str, ask: Callable[[Subject], Sequence[object]]) -> None:
        expected = ask(self.leader)
        self.answers[question.partition(" ")[0]] += len(expected)
        for follower in self.followers:
            self._equal(question, [], expected, ask(follower))

    def _equal(
        self, question: str, batch: Sequence[object], expected: Sequence[object], got: Sequence[object]
    ) -> None:
        if expected == got:
            return
        lines = [f"{question}: a difference, seed of the world's ids {self.world.base}"]
        lines.append(f"{len(expected)} answers from the leader, {len(got)} from the follower")
        pairs = [pair for pair in enumerate(zip(expected, got, strict=False)) if pair[1][0] != pair[1][1]]
        for at, (theirs, ours) in pairs[:3]:
            lines += [f"[{at}] leader   {theirs}", f"[{at}] follower {ours}"]
            lines += [f"   event {event}" for event in batch[max(0, at - 3) : at + 2]]
        raise AssertionError("\n".join(lines))

    def _now(self, quiet: int = GUARD_NS) -> int:
        """The leader's time, once nothing expires from a little before it to `quiet` after it."""
        now = self.tick()
        while any(now - GUARD_NS < expiry < now + quiet for expiry in self._expiries[-500:]):
            now = self.tick()
        self.clock.now = max(self.clock.now, now)
        return now

    def _set_clock(self, stamps: list[int], statuses: list[str], hidden: list[bool]) -> None:
        """The instant at which the leader executed a batch, from any answer that shows its own slot."""
        self.statuses.update(statuses)
        self.times.extend(stamps[-1:])
        for at, (stamp, status) in enumerate(zip(stamps, statuses, strict=True)):
            if status != "EXISTS" and not (hidden[at] and status in ("CREATED", "LINKED_EVENT_FAILED")):
                self.clock.now = stamp + len(stamps) - 1 - at
                return
