"""The state machine's own promises: chains, closing, balancing, expiry, groups, seals, and what an outcome
holds.
"""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from tests.ledger.batches import World
from tests.ledger.drive import Driven, compare, compare_replay
from tests.ledger.naive import Naive

from jinku.ledger.convert import accounts_array, transfers_array
from jinku.ledger.layout import AMOUNT_MAX, SEAL, EntryKind, u128
from jinku.ledger.machine import NOTHING_KNOWN, StateMachine
from jinku.ledger.model import Account, AccountFlags, Transfer, TransferFlags
from jinku.ledger.statuses import CreateAccountStatus as A
from jinku.ledger.statuses import CreateTransferStatus as T
from jinku.ledger.store import PendingStatus

F = TransferFlags
SECOND = 1_000_000_000
NOW = 1000 * SECOND


def founded(*flags: int) -> Driven:
    """Accounts 1, 2, … with these flags, or three plain ones."""
    driven = Driven()
    made = [
        Account(id=i + 1, ledger=1, code=1, flags=AccountFlags(flag))
        for i, flag in enumerate(flags or (0, 0, 0))
    ]
    assert {status for status, _ in driven.create_accounts([made], NOW)} == {A.CREATED}
    return driven


def move(id: int, amount: int = 10, **fields: Any) -> Transfer:  # noqa: A002 - the model's own name
    """A transfer from account 1 to 2."""
    return replace(
        Transfer(id=id, debit_account_id=1, credit_account_id=2, amount=amount, ledger=1, code=1), **fields
    )


def statuses(driven: Driven, *requests: list[Transfer], now: int = NOW * 2) -> list[T]:
    """The statuses of a group of requests."""
    return [T(status) for status, _ in driven.create_transfers(requests, now)]


def balance(driven: Driven, number: int) -> tuple[int, int, int, int]:
    """Balances of an account by number."""
    row = driven.machine.accounts[number : number + 1]
    names = ("debits_pending", "debits_posted", "credits_pending", "credits_posted")
    one, two, three, four = (u128(row, name)[0] for name in names)
    return one, two, three, four


def closed(driven: Driven, number: int) -> bool:
    """Whether the account is closed."""
    return bool(driven.machine.accounts["flags"][number] & AccountFlags.CLOSED)


def test_a_chain_is_undone_as_a_whole() -> None:
    driven = founded(0, 0, 2)
    statuses(driven, [move(1, 5, flags=F.PENDING)])
    before = driven.machine.accounts.tobytes()
    chain = [
        move(10, flags=F.LINKED),
        move(11, flags=F.LINKED | F.PENDING | F.CLOSING_CREDIT, credit_account_id=3),
        Transfer(id=12, pending_id=1, amount=AMOUNT_MAX, flags=F.POST_PENDING_TRANSFER | F.LINKED),
        move(13, flags=F.LINKED, debit_account_id=3),
        move(14, debit_account_id=9),
    ]
    failed = T.LINKED_EVENT_FAILED
    assert statuses(driven, chain) == [failed, failed, failed, T.DEBIT_ACCOUNT_ALREADY_CLOSED, failed]
    assert driven.machine.accounts.tobytes() == before
    assert driven.journal["kind"][-1] == EntryKind.BURNED_ID, (
        "the failure's own id is burned, and nothing else"
    )
    again = [replace(event, flags=event.flags & ~F.LINKED) for event in chain[:3]]
    assert statuses(driven, again) == [T.CREATED] * 3
    assert statuses(driven, [chain[3]], [move(14)]) == [T.LINKED_EVENT_CHAIN_OPEN, T.CREATED]
    assert statuses(driven, [replace(chain[3], flags=F.NONE)]) == [T.ID_ALREADY_FAILED]


def test_a_broken_chain_gives_its_ids_back_within_the_request() -> None:
    driven = founded()
    chain = [move(1, flags=F.LINKED), move(1, flags=F.LINKED), move(2), move(1), move(2)]
    failed = T.LINKED_EVENT_FAILED
    assert statuses(driven, chain) == [failed, T.EXISTS, failed, T.CREATED, T.CREATED]


def test_an_open_chain_fails_at_its_end() -> None:
    driven = founded()
    chain = [move(1, debit_account_id=9, flags=F.LINKED), move(2, flags=F.LINKED), move(3, flags=F.LINKED)]
    found = driven.create_transfers([chain, [move(2)]], NOW * 2)
    assert found == [
        (T.DEBIT_ACCOUNT_NOT_FOUND, NOW * 2 - 2),
        (T.LINKED_EVENT_FAILED, NOW * 2 - 1),
        (T.LINKED_EVENT_CHAIN_OPEN, NOW * 2),
        (T.CREATED, NOW * 2 + 1),
    ]


def test_a_chain_of_accounts() -> None:
    driven = founded(0)
    make = [Account(id=i, ledger=1, code=1, flags=AccountFlags.LINKED) for i in (11, 12, 13)]
    bad = Account(id=14, ledger=0, code=1)
    answers = driven.create_accounts([[*make, bad, replace(make[0], flags=AccountFlags.NONE)]], NOW * 2)
    assert [A(status) for status, _ in answers] == [A.LINKED_EVENT_FAILED] * 3 + [
        A.LEDGER_MUST_NOT_BE_ZERO,
        A.CREATED,
    ]
    assert u128(driven.machine.accounts, "id") == [1, 11]
    answers = driven.create_accounts([make[1:]], NOW * 3)
    assert [A(status) for status, _ in answers] == [A.LINKED_EVENT_FAILED, A.LINKED_EVENT_CHAIN_OPEN]
    assert len(driven.machine.accounts) == 2


def test_times_and_groups() -> None:
    driven = founded()
    found = driven.create_transfers([[move(1), move(2)], [], [move(3), move(3), move(4)]], NOW + 7)
    assert found == [
        (T.CREATED, NOW + 6),
        (T.CREATED, NOW + 7),
        (T.CREATED, NOW + 8),
        (T.EXISTS, NOW + 8),
        (T.CREATED, NOW + 10),
    ]
    assert driven.create_transfers([[move(5)]], 0) == [(T.CREATED, NOW + 11)], "a clock that went back"
    assert driven.machine.last_timestamp == NOW + 11


def test_what_an_outcome_holds() -> None:
    driven = founded(0, 0, 0)
    machine = driven.machine
    events = [
        move(1, flags=F.PENDING, timeout=3),
        move(2, flags=F.PENDING),
        Transfer(id=3, pending_id=1, flags=F.VOID_PENDING_TRANSFER),
        move(4, debit_account_id=9),
        move(5, 0),
    ]
    statuses(driven, events)
    assert driven.journal["kind"].tolist() == [1, 1, 1, 2, 2, 2, 3, 2]
    assert driven.pending == {
        3: (PendingStatus.VOIDED, NOW * 2 - 4 + 3 * SECOND),
        4: (PendingStatus.PENDING, 0),
    }

    last = [
        Transfer(id=6, pending_id=2, amount=4, flags=F.POST_PENDING_TRANSFER),
        move(7, 0, credit_account_id=3),
    ]
    outcome = machine.create_transfers(
        transfers_array(last), np.array([0, 2]), NOW * 3, 8, driven.known(last)
    )
    assert outcome.debit.tolist() == [0, 0]
    assert outcome.credit.tolist() == [1, 2]
    assert outcome.pending_sequence.tolist() == [4]
    assert outcome.pending_status.tolist() == [PendingStatus.POSTED]
    assert sorted(outcome.touched.tolist()) == [0, 1], "a zero amount changes no row"
    assert balance(driven, 0) == (0, 4, 0, 0)


def test_closing_and_reopening() -> None:
    driven = founded()
    both = F.PENDING | F.CLOSING_DEBIT | F.CLOSING_CREDIT
    statuses(driven, [move(1, flags=F.PENDING), move(2, 0, flags=both, timeout=1)])
    assert closed(driven, 0)
    assert closed(driven, 1)
    post = Transfer(id=3, pending_id=1, amount=AMOUNT_MAX, flags=F.POST_PENDING_TRANSFER)
    assert statuses(driven, [post]) == [T.DEBIT_ACCOUNT_ALREADY_CLOSED]
    only_credit = Account(id=1, ledger=1, code=1)
    assert driven.create_accounts([[only_credit]], NOW)[0][0] == A.EXISTS_WITH_DIFFERENT_FLAGS
    assert statuses(driven, [Transfer(id=4, pending_id=1, flags=F.VOID_PENDING_TRANSFER)]) == [T.CREATED]
    assert closed(driven, 0), "another transfer's void does not open it"
    driven.expire(NOW * 3)
    assert not closed(driven, 0)
    assert not closed(driven, 1)
    statuses(driven, [move(5, 0, flags=F.PENDING | F.CLOSING_CREDIT)])
    assert closed(driven, 1)
    assert not closed(driven, 0)
    assert statuses(driven, [move(6)]) == [T.CREDIT_ACCOUNT_ALREADY_CLOSED]
    assert statuses(driven, [Transfer(id=7, pending_id=5, flags=F.VOID_PENDING_TRANSFER)]) == [T.CREATED]
    assert not closed(driven, 1)
    compare_replay(driven)


def test_balancing() -> None:
    driven = founded(0, 0, 0)
    statuses(driven, [move(1, 100, debit_account_id=2, credit_account_id=1), move(2, 30, flags=F.PENDING)])
    assert statuses(driven, [move(3, AMOUNT_MAX, flags=F.BALANCING_DEBIT, credit_account_id=3)]) == [
        T.CREATED
    ]
    assert balance(driven, 0) == (30, 70, 0, 100)
    assert statuses(driven, [move(4, 50, flags=F.BALANCING_DEBIT)]) == [T.CREATED]
    assert u128(driven.journal[-1:]["event"], "amount") == [0]
    back = move(5, 60, flags=F.BALANCING_CREDIT, debit_account_id=3, credit_account_id=2)
    assert statuses(driven, [back]) == [T.CREATED]
    assert u128(driven.journal[-1:]["event"], "amount") == [60]
    assert statuses(driven, [replace(back, id=6)]) == [T.CREATED]
    assert u128(driven.journal[-1:]["event"], "amount") == [10], (
        "100 debited, 30 pending and 60 posted credits"
    )
    for amount, status in ((9, T.EXISTS_WITH_DIFFERENT_AMOUNT), (10, T.EXISTS), (AMOUNT_MAX, T.EXISTS)):
        assert statuses(driven, [replace(back, id=6, amount=amount)]) == [status]


def test_expiry_is_exact_and_booked_in_order() -> None:
    driven = founded()
    held = [move(1, 1, flags=F.PENDING, timeout=2), move(2, 2, flags=F.PENDING, timeout=1)]
    statuses(driven, [*held, move(3, 4, flags=F.PENDING)])
    first = NOW * 2 - 1 + SECOND
    driven.expire(first - 1)
    assert balance(driven, 0) == (7, 0, 0, 0)
    assert statuses(driven, [move(4, 0)], now=first + 5) == [T.CREATED]
    driven.expire(first + SECOND)
    assert balance(driven, 0) == (4, 0, 0, 0)
    tail = driven.journal[-2:]
    assert tail["kind"].tolist() == [EntryKind.EXPIRY] * 2
    assert tail["timestamp"].tolist() == [first + 6, NOW * 2 - 2 + 2 * SECOND]
    assert u128(tail["event"], "id") == [2, 1]
    assert driven.machine.last_transfer_timestamp == NOW * 2 - 2 + 2 * SECOND
    compare_replay(driven)


def test_limits_count_what_is_reserved() -> None:
    driven = founded(2, 0)
    statuses(driven, [move(1, 10, debit_account_id=2, credit_account_id=1)])
    assert statuses(driven, [move(2, 6, flags=F.PENDING), move(3, 5), move(4, 4)]) == [
        T.CREATED,
        T.EXCEEDS_CREDITS,
        T.CREATED,
    ]


def test_a_seal() -> None:
    driven = founded()
    outcome = driven.machine.seal(bytes(range(32)), 7, NOW * 5)
    driven.keep(outcome, 0)
    assert outcome.entries["timestamp"].tolist() == [NOW * 5]
    [sealed] = np.ascontiguousarray(outcome.entries["event"]).view(SEAL)
    assert (sealed["digest"].tobytes(), sealed["topic"]) == (bytes(range(32)), 7)
    assert driven.machine.seal(bytes(32), 7, 0).entries["timestamp"].tolist() == [NOW * 5 + 1]
    assert len(outcome.touched) == len(outcome.pending_sequence) == 0


def test_a_reserved_field_is_refused() -> None:
    row = accounts_array([Account(id=1, ledger=1, code=1)])
    row["reserved"] = 1
    outcome = StateMachine().create_accounts(row, np.array([0, 1]), NOW, 0)
    assert outcome.results["status"].tolist() == [A.RESERVED_FIELD]
    assert len(outcome.entries) == 0


def test_rows_that_can_not_be_written_or_lie_unaligned() -> None:
    driven = founded()

    rows = transfers_array([move(1), move(2)])
    frozen = np.frombuffer(b"x" + rows.tobytes(), rows.dtype, offset=1)
    outcome = driven.machine.create_transfers(frozen, np.array([0, 2]), NOW * 2, 3, NOTHING_KNOWN)
    assert outcome.results["status"].tolist() == [T.CREATED] * 2
    assert frozen.tobytes() == rows.tobytes()


@pytest.mark.parametrize("seed", range(12))
def test_seeded_worlds_equal_the_plain_model(seed: int) -> None:
    world, driven, naive = World(seed, timeouts=True), Driven(), Naive()
    now, compared = NOW, 0
    seen: set[int] = set()
    for step in range(25):
        now += world.rng.choice((0, 1, 1000, SECOND // 2, SECOND))
        driven.expire(now)
        naive.expire(now)
        if step == 0 or world.rng.random() < 0.2:
            made = world.founding() if step == 0 else world.accounts(now)
            found = driven.create_accounts([made], now)
            assert found == naive.create_accounts(made, now)
            world.note(made, [status == A.CREATED for status, _ in found])
        else:
            batch = world.transfers(now)
            cut = world.rng.randint(0, len(batch))
            requests = [batch[:cut], batch[cut:]]
            found = driven.create_transfers(requests, now)
            assert found == [pair for part in requests for pair in naive.create_transfers(part, now)]
            world.note(batch, [status == T.CREATED for status, _ in found])
            seen |= {status for status, _ in found}
        compare(driven, naive, compared)
        compared = len(driven.journal)
    compare_replay(driven)
    assert len(seen) > 20
