"""The state machine against the plain model on random histories: every answer, entry, balance and pending
status.

The spaces of ids, accounts and amounts are small, so that retries, chains, two-phase transfers, expiry,
balancing, closing, imported events and overflows near 2^128 meet each other; that they do is itself
asserted.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, ClassVar, TypeVar

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
Event = TypeVar("Event", Account, Transfer)
TOP = 2**63
FLAGS: dict[type, type[AccountFlags] | type[F]] = {Account: AccountFlags, Transfer: F}
STATUSES_MIN = 70
"""Of the model's 95, how many these histories must reach; `test_machine_peel` reaches each of them by
itself.
"""

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


IDS = (*range(1, 13), 1, 2, 3, 4, 1 << 64, 0, AMOUNT_MAX)
ACCOUNTS = (0, 1, 2, 3, 4, 5, 1, 2, 6, AMOUNT_MAX)
AMOUNTS = (1, 0, 2, 3, 7, 10, 100, 1 << 64, 1 << 127, AMOUNT_MAX - 1, AMOUNT_MAX)
SMALL = (0, 0, 0, 0, 1, 2)
BALANCING = (0, 0, 0, 0, F.BALANCING_DEBIT, F.BALANCING_CREDIT, F.BALANCING_DEBIT | F.BALANCING_CREDIT)
CLOSING = (0, 0, 0, 0, 0, F.CLOSING_DEBIT, F.CLOSING_CREDIT, F.CLOSING_DEBIT | F.CLOSING_CREDIT)
STAMPS = (0, 0, 0, 0, 0, 0, 1, TOP - 1, TOP)
BALANCE = (0,) * 12 + (1,)


def drawn(kind: type[Event], *flags: Sequence[int], **choices: Sequence[int]) -> st.SearchStrategy[Event]:
    """Objects whose fields are taken from `choices`, and whose flags are one of each of `flags` together:
    one byte each, drawn at once, since a draw for every field would cost more than everything else.
    """

    def build(raw: bytes) -> Event:
        values: dict[str, Any] = {
            name: options[byte % len(options)]
            for (name, options), byte in zip(choices.items(), raw, strict=False)
        }
        chosen = sum(
            options[byte % len(options)] for options, byte in zip(flags, raw[len(choices) :], strict=True)
        )
        values["flags"] = FLAGS[kind](chosen)
        return kind(**values)

    size = len(choices) + len(flags)
    return st.binary(min_size=size, max_size=size).map(build)


LINK = (0, 0, 0, F.LINKED)
moving: dict[str, Sequence[int]] = {
    "id": IDS,
    "debit_account_id": (1, 1, 1, 2, 3, 4, 5),
    "credit_account_id": (2, 2, 2, 1, 3, 4, 5),
    "amount": AMOUNTS,
    "user_data_64": SMALL,
    "ledger": (1, 1, 1, 1, 1, 2),
    "code": (1,),
}
single = drawn(Transfer, LINK, BALANCING, **moving)
pending = drawn(
    Transfer, LINK, (F.PENDING,), BALANCING, CLOSING, **moving, timeout=(0, 0, 1, 1, 2, 2**32 - 1)
)
resolving = drawn(
    Transfer,
    LINK,
    (F.POST_PENDING_TRANSFER, F.VOID_PENDING_TRANSFER),
    id=IDS,
    pending_id=IDS,
    amount=(0, AMOUNT_MAX, *AMOUNTS),
    debit_account_id=(0,) * 12 + ACCOUNTS,
    credit_account_id=(0,) * 12 + ACCOUNTS,
    user_data_128=SMALL,
    user_data_64=SMALL,
    user_data_32=SMALL,
    ledger=SMALL,
    code=SMALL,
)
wild = drawn(
    Transfer,
    (0, 0, 0, F.LINKED),
    (0, 0, F.PENDING),
    (0, 0, 0, F.POST_PENDING_TRANSFER, F.VOID_PENDING_TRANSFER),
    BALANCING,
    CLOSING,
    (0, 0, 0, 0, 0, F.IMPORTED, 1 << 9),
    id=IDS,
    debit_account_id=ACCOUNTS,
    credit_account_id=ACCOUNTS,
    amount=AMOUNTS,
    pending_id=(0, 0, *IDS),
    user_data_128=SMALL,
    timeout=SMALL,
    ledger=(1, 1, 1, 0, 2),
    code=(1, 1, 1, 0, 2),
    timestamp=STAMPS,
)
events = st.one_of(single, single, pending, resolving, wild)
accounts = drawn(
    Account,
    (0, 0, 0, 0, 1, 2, 4, 6, 8, 32, 64),
    id=(1, 2, 3, 4, 5, 6, 7, 8, 0, AMOUNT_MAX),
    debits_pending=BALANCE,
    debits_posted=BALANCE,
    credits_pending=BALANCE,
    credits_posted=BALANCE,
    user_data_128=SMALL,
    user_data_64=SMALL,
    user_data_32=SMALL,
    ledger=(1, 1, 1, 1, 1, 1, 0, 2),
    code=(1, 1, 1, 1, 1, 1, 0, 2),
    timestamp=STAMPS,
)
ids = st.integers(1, 40)


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

    @rule(requests=st.lists(st.lists(events, min_size=2, max_size=9), min_size=1, max_size=3) | st.just([[]]))
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
            max_examples=250,
            stateful_step_count=20,
            deadline=None,
            derandomize=True,
            suppress_health_check=list(HealthCheck),
        ),
    )
    assert len(Histories.seen) >= STATUSES_MIN, sorted(Histories.seen)
