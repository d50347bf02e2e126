"""The state machine against the plain model on random histories: every answer, entry, balance and pending
status.

The spaces of ids, accounts and amounts are small, so that retries, chains, two-phase transfers, expiry,
balancing, closing, imported events and overflows near 2^128 meet each other; that they do is itself
asserted.
"""

from dataclasses import replace
from typing import ClassVar

from hypothesis import HealthCheck, event, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)
from tests.ledger.drive import Driven, compare, compare_replay
from tests.ledger.naive import SECOND, Naive

from jinku.ledger.layout import AMOUNT_MAX
from jinku.ledger.model import Account, AccountFlags, Transfer, TransferFlags
from jinku.ledger.statuses import CreateAccountStatus, CreateTransferStatus

F = TransferFlags
TOP = 2**63
STATUSES_MIN = 60
"""Of the model's 95, how many these histories must reach; `test_machine_peel` reaches each of them by itself."""

ids = st.integers(1, 12) | st.sampled_from([1, 2, 3, 4, 5, 6, 1 << 64, 0, AMOUNT_MAX])
known_accounts = st.integers(1, 5)
any_accounts = known_accounts | st.sampled_from([0, 6, 7, AMOUNT_MAX])
amounts = st.sampled_from([0, 1, 2, 3, 7, 10, 100, 1 << 64, 1 << 127, AMOUNT_MAX - 1, AMOUNT_MAX])
small = st.sampled_from([0, 0, 0, 0, 1, 2])
linked = st.sampled_from([F.NONE, F.NONE, F.NONE, F.LINKED])
timestamps = st.sampled_from([0, 0, 0, 0, 0, 0, 1, TOP - 1, TOP])


FIELDS = (
    "amount",
    "debit_account_id",
    "credit_account_id",
    "user_data_128",
    "user_data_64",
    "user_data_32",
    "ledger",
    "code",
    "pending_id",
    "timeout",
)
"""What a retry may change."""


def _any_of(*flags: F) -> st.SearchStrategy[F]:
    return st.sets(st.sampled_from(flags)).map(lambda chosen: F(sum(chosen)))


BALANCING = _any_of(F.BALANCING_DEBIT, F.BALANCING_CREDIT)
single = st.builds(
    Transfer,
    id=ids,
    debit_account_id=st.sampled_from([1, 1, 1, 2, 3, 4, 5]),
    credit_account_id=st.sampled_from([2, 2, 2, 1, 3, 4, 5]),
    amount=amounts,
    user_data_64=small,
    ledger=st.sampled_from([1, 1, 1, 1, 1, 2]),
    code=st.just(1),
    flags=st.just(F.NONE) | BALANCING,
)
pending = st.builds(
    lambda transfer, closing, timeout: replace(
        transfer, flags=transfer.flags | F.PENDING | closing, timeout=timeout
    ),
    single,
    st.sampled_from(
        [F.NONE, F.NONE, F.NONE, F.CLOSING_DEBIT, F.CLOSING_CREDIT, F.CLOSING_DEBIT | F.CLOSING_CREDIT]
    ),
    st.sampled_from([0, 0, 1, 1, 2, 2**32 - 1]),
)
resolving = st.builds(
    Transfer,
    id=ids,
    pending_id=ids,
    amount=st.sampled_from([0, AMOUNT_MAX]) | amounts,
    debit_account_id=st.just(0) | any_accounts,
    credit_account_id=st.just(0) | any_accounts,
    user_data_128=small,
    user_data_64=small,
    user_data_32=small,
    ledger=small,
    code=small,
    flags=st.sampled_from([F.POST_PENDING_TRANSFER, F.VOID_PENDING_TRANSFER]),
)
wild = st.builds(
    Transfer,
    id=ids,
    debit_account_id=any_accounts,
    credit_account_id=any_accounts,
    amount=amounts,
    pending_id=st.just(0) | ids,
    user_data_128=small,
    user_data_64=small,
    user_data_32=small,
    timeout=small,
    ledger=small,
    code=small,
    flags=st.integers(0, 1023).map(F),
    timestamp=timestamps,
)
events = st.builds(
    lambda transfer, link: replace(transfer, flags=transfer.flags | link),
    st.one_of(single, single, pending, resolving, resolving, wild),
    linked,
)
accounts = st.builds(
    Account,
    id=st.integers(1, 6) | st.sampled_from([0, AMOUNT_MAX]),
    debits_pending=st.sampled_from([0] * 12 + [1]),
    debits_posted=st.sampled_from([0] * 12 + [1]),
    credits_pending=st.sampled_from([0] * 12 + [1]),
    credits_posted=st.sampled_from([0] * 12 + [1]),
    user_data_128=small,
    user_data_64=small,
    user_data_32=small,
    ledger=st.sampled_from([1, 1, 1, 1, 1, 1, 0, 2]),
    code=st.sampled_from([1, 1, 1, 1, 1, 1, 0, 2]),
    flags=st.sampled_from([0, 0, 0, 1, 2, 4, 6, 8, 32, 64]).map(AccountFlags),
    timestamp=timestamps,
)


def _imported(event: Transfer, last: int, offset: int) -> Transfer:
    flags = event.flags if event.flags & F.IMPORTED and event.timestamp else event.flags | F.IMPORTED
    return replace(event, flags=flags, timeout=event.timeout % 2, timestamp=max(0, last + offset))


class Histories(RuleBasedStateMachine):
    """One random history in both."""

    seen: ClassVar[set[str]] = set()

    def __init__(self) -> None:
        super().__init__()
        self.driven, self.naive = Driven(), Naive()
        self.now = 0
        self.compared = 0
        self.fresh = 100

    @initialize(
        now=st.sampled_from([1000, 1000, 1000, 5 * SECOND, TOP - 3 * SECOND]),
        flags=st.lists(st.sampled_from([0, 0, 0, 2, 4, 32]).map(AccountFlags), min_size=5, max_size=5),
    )
    def begin(self, now: int, flags: list[AccountFlags]) -> None:
        self.now = now
        made = [Account(id=i + 1, ledger=1, code=1, flags=flag) for i, flag in enumerate(flags[:-1])]
        made.append(Account(id=5, ledger=2, code=1, flags=flags[-1]))
        self._both_accounts([made])

    def _both_accounts(self, requests: list[list[Account]]) -> None:
        self._expire()
        ours = self.driven.create_accounts(requests, self.now)
        theirs = [answer for request in requests for answer in self.naive.create_accounts(request, self.now)]
        for status, _ in ours:
            self.seen.add(f"account {CreateAccountStatus(status).name}")
        assert ours == theirs

    def _both_transfers(self, requests: list[list[Transfer]]) -> None:
        self._expire()
        ours = self.driven.create_transfers(requests, self.now)
        theirs = [answer for request in requests for answer in self.naive.create_transfers(request, self.now)]
        for status, _ in ours:
            name = CreateTransferStatus(status).name
            self.seen.add(f"transfer {name}")
            event(name)
        assert ours == theirs

    def _expire(self) -> None:
        self.driven.expire(self.now)
        self.naive.expire(self.now)

    @rule(batch=st.lists(st.lists(accounts, max_size=4), min_size=1, max_size=2))
    def create_accounts(self, batch: list[list[Account]]) -> None:
        self._both_accounts(batch)

    @rule(batch=st.lists(accounts, min_size=1, max_size=4), offset=st.integers(-2, 4), mixed=st.booleans())
    def import_accounts(self, batch: list[Account], offset: int, mixed: bool) -> None:
        last = max((account.timestamp for account in self.naive.state.accounts.values()), default=0)
        last = max(last, self.naive.state.last_transfer - 1) if mixed else last
        self._both_accounts(
            [
                [
                    replace(
                        account,
                        flags=account.flags | AccountFlags.IMPORTED,
                        timestamp=account.timestamp or max(0, last + offset + i),
                    )
                    for i, account in enumerate(batch)
                ]
            ]
        )

    @rule(requests=st.lists(st.lists(events, max_size=6), min_size=1, max_size=3))
    def create_transfers(self, requests: list[list[Transfer]]) -> None:
        self._both_transfers(requests)

    @rule(
        requests=st.lists(
            st.lists(st.tuples(events, st.integers(-1, 5)), min_size=1, max_size=5), min_size=1, max_size=2
        ),
        stray=st.sampled_from([False] * 5 + [True]),
    )
    def import_transfers(self, requests: list[list[tuple[Transfer, int]]], stray: bool) -> None:
        self.now += 20
        last = self.naive.state.last_transfer
        made = [
            [_imported(transfer, last, offset + i) for i, (transfer, offset) in enumerate(request)]
            for request in requests
        ]
        if stray:
            made[0][-1] = replace(made[0][-1], flags=made[0][-1].flags & ~F.IMPORTED)
        self._both_transfers(made)

    @rule(batch=st.lists(st.tuples(ids, events), min_size=1, max_size=4), change=st.integers(0, 12))
    def retry(self, batch: list[tuple[int, Transfer]], change: int) -> None:
        """Send again what is stored, with one field changed or none."""
        again = []
        for name, other in batch:
            if not self.naive.state.transfers:
                continue
            every = list(self.naive.state.transfers.values())
            stored = every[name % len(every)]
            copy = replace(stored, timestamp=stored.timestamp if stored.flags & F.IMPORTED else 0)
            if change < len(FIELDS):
                copy = replace(copy, **{FIELDS[change]: getattr(other, FIELDS[change])})
            again.append(copy)
        self._both_transfers([again])

    @rule(
        hold=pending,
        follow=st.lists(resolving, min_size=1, max_size=4),
        place=st.sampled_from([(1, 2), (2, 1), (1, 3), (3, 4), (4, 1)]),
        step=st.sampled_from([0, 0, 0, SECOND]),
    )
    def hold_and_resolve(
        self, hold: Transfer, follow: list[Transfer], place: tuple[int, int], step: int
    ) -> None:
        """Reserve between two accounts, perhaps wait, then try to resolve just that."""
        debit, credit = place
        self.fresh += 10
        hold = replace(hold, id=self.fresh, debit_account_id=debit, credit_account_id=credit, ledger=1)
        self._both_transfers([[hold]])
        self.now = min(self.now + step, TOP - 1000)
        tries = [
            replace(
                event,
                id=self.fresh + 1 + i,
                pending_id=self.fresh,
                amount=hold.amount if event.amount == 1 else event.amount,
            )
            for i, event in enumerate(follow)
        ]
        self._both_transfers([tries])
        self._both_transfers([tries])

    @rule(step=st.sampled_from([0, 1, 2, 50, SECOND - 1, SECOND, 2 * SECOND]))
    def wait(self, step: int) -> None:
        self.now = min(self.now + step, TOP - 1000)
        self._expire()

    @rule()
    def wait_for_expiry(self) -> None:
        """Stop exactly at the next expiry, or one nanosecond before."""
        due = [at for status, at in self.driven.pending.values() if status == 1 and at > self.now]
        if due and min(due) < TOP - 1000:
            self.now = min(due) - self.now % 2

    @invariant()
    def equal(self) -> None:
        compare(self.driven, self.naive, self.compared)
        self.compared = len(self.driven.journal)

    def teardown(self) -> None:
        compare_replay(self.driven)


def test_random_histories_equal_the_plain_model() -> None:
    run_state_machine_as_test(
        Histories,
        settings=settings(
            max_examples=100,
            stateful_step_count=20,
            deadline=None,
            derandomize=True,
            suppress_health_check=list(HealthCheck),
        ),
    )
    assert len(Histories.seen) >= STATUSES_MIN, sorted(Histories.seen)
