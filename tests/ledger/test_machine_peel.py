"""The model's precedence, read off by peeling: an event starts with everything wrong, each answer names the
first thing wrong, and putting that right brings up the next, down to CREATED or EXISTS.
"""

from dataclasses import replace
from typing import Any

import pytest
from tests.ledger.drive import Driven

from jinku.ledger.layout import AMOUNT_MAX
from jinku.ledger.model import Account, AccountFlags, Transfer, TransferFlags
from jinku.ledger.statuses import CreateAccountStatus as A
from jinku.ledger.statuses import CreateTransferStatus as T

F = TransferFlags
SECOND = 1_000_000_000
NOW = 1000 * SECOND
RESERVED = F(1 << 9)
Peel = list[tuple[Any, dict[str, Any]]]
"""What is answered, and the change that puts it right."""


def founded() -> Driven:
    """Accounts 1 to 9, at times 101 to 109 of their own, and some transfers."""
    driven = Driven()
    flags = {3: 2, 4: 4, 6: 32}
    made = [
        Account(
            id=i,
            ledger=2 if i in (5, 9) else 1,
            code=1,
            flags=AccountFlags(flags.get(i, 0)) | AccountFlags.IMPORTED,
            timestamp=100 + i,
        )
        for i in range(1, 10)
    ]
    assert {status for status, _ in driven.create_accounts([made], NOW)} == {A.CREATED}
    return driven


def transfer(**fields: Any) -> Transfer:
    """A good transfer of 10 from account 1 to 2, with changes."""
    return replace(
        Transfer(id=50, debit_account_id=1, credit_account_id=2, amount=10, ledger=1, code=1), **fields
    )


def answer(driven: Driven, event: Transfer) -> tuple[T, int]:
    """Status and timestamp of one transfer in a request of its own."""
    ((status, timestamp),) = driven.create_transfers([[event]], driven.machine.last_timestamp + 10)
    return T(status), timestamp


def peel_transfer(driven: Driven, event: Transfer, steps: Peel, end: T) -> None:
    """Check the answers along `steps`. A refusal that burns is asked under an id of its own."""
    fresh = 10_000
    for status, change in steps:
        asked = event
        if status in BURNING:
            fresh += 1
            asked = replace(event, id=fresh)
        time = driven.machine.last_timestamp + 10
        assert answer(driven, asked) == (status, time), change
        if status in BURNING:
            assert answer(driven, asked)[0] == T.ID_ALREADY_FAILED
        event = replace(event, **change)
    assert answer(driven, event)[0] == end


BURNING = (
    T.DEBIT_ACCOUNT_NOT_FOUND,
    T.CREDIT_ACCOUNT_NOT_FOUND,
    T.PENDING_TRANSFER_NOT_FOUND,
    T.DEBIT_ACCOUNT_ALREADY_CLOSED,
    T.CREDIT_ACCOUNT_ALREADY_CLOSED,
    T.EXCEEDS_CREDITS,
    T.EXCEEDS_DEBITS,
)


def test_a_new_account() -> None:
    driven = founded()
    event = Account(
        id=0,
        debits_pending=1,
        debits_posted=1,
        credits_pending=1,
        credits_posted=1,
        flags=AccountFlags(64 | 6),
        timestamp=5,
    )
    steps: Peel = [
        (A.TIMESTAMP_MUST_BE_ZERO, {"timestamp": 0}),
        (A.RESERVED_FLAG, {"flags": AccountFlags(6)}),
        (A.ID_MUST_NOT_BE_ZERO, {"id": AMOUNT_MAX}),
        (A.ID_MUST_NOT_BE_INT_MAX, {"id": 20}),
        (A.FLAGS_ARE_MUTUALLY_EXCLUSIVE, {"flags": AccountFlags(2)}),
        (A.DEBITS_PENDING_MUST_BE_ZERO, {"debits_pending": 0}),
        (A.DEBITS_POSTED_MUST_BE_ZERO, {"debits_posted": 0}),
        (A.CREDITS_PENDING_MUST_BE_ZERO, {"credits_pending": 0}),
        (A.CREDITS_POSTED_MUST_BE_ZERO, {"credits_posted": 0}),
        (A.LEDGER_MUST_NOT_BE_ZERO, {"ledger": 1}),
        (A.CODE_MUST_NOT_BE_ZERO, {"code": 1}),
    ]
    peel_account(driven, event, steps, A.CREATED)


def peel_account(driven: Driven, event: Account, steps: Peel, end: A) -> None:
    """Check the answers along `steps`."""
    for status, change in [*steps, (end, {})]:
        time = driven.machine.last_timestamp + 10
        ((answered, timestamp),) = driven.create_accounts([[event]], time)
        assert A(answered) == status, change
        if status not in (A.EXISTS, A.CREATED):
            assert timestamp == time
        event = replace(event, **change)


def test_an_account_that_exists() -> None:
    event = Account(
        id=1,
        debits_pending=5,
        user_data_128=1,
        user_data_64=1,
        user_data_32=1,
        ledger=7,
        code=7,
        flags=AccountFlags.HISTORY | AccountFlags.IMPORTED,
        timestamp=7,
    )
    steps: Peel = [
        (A.EXISTS_WITH_DIFFERENT_FLAGS, {"flags": AccountFlags.IMPORTED}),
        (A.EXISTS_WITH_DIFFERENT_USER_DATA_128, {"user_data_128": 0}),
        (A.EXISTS_WITH_DIFFERENT_USER_DATA_64, {"user_data_64": 0}),
        (A.EXISTS_WITH_DIFFERENT_USER_DATA_32, {"user_data_32": 0}),
        (A.EXISTS_WITH_DIFFERENT_LEDGER, {"ledger": 1}),
        (A.EXISTS_WITH_DIFFERENT_CODE, {"code": 1}),
    ]
    driven = founded()
    peel_account(driven, event, steps, A.EXISTS)
    same = Account(id=1, ledger=1, code=1, flags=AccountFlags.IMPORTED, timestamp=7)
    assert driven.create_accounts([[same]], NOW) == [(A.EXISTS, 101)]


def test_an_imported_account() -> None:
    driven = founded()
    assert answer(driven, transfer(id=1, flags=F.IMPORTED, timestamp=500))[0] == T.CREATED
    event = Account(id=30, flags=AccountFlags.IMPORTED | AccountFlags(64), timestamp=0)
    steps: Peel = [
        (A.IMPORTED_EVENT_TIMESTAMP_OUT_OF_RANGE, {"timestamp": 1 << 63}),
        (A.IMPORTED_EVENT_TIMESTAMP_OUT_OF_RANGE, {"timestamp": (1 << 63) - 1}),
        (A.IMPORTED_EVENT_TIMESTAMP_MUST_NOT_ADVANCE, {"timestamp": 109}),
        (A.RESERVED_FLAG, {"flags": AccountFlags.IMPORTED}),
        (A.LEDGER_MUST_NOT_BE_ZERO, {"ledger": 1}),
        (A.CODE_MUST_NOT_BE_ZERO, {"code": 1}),
        (A.IMPORTED_EVENT_TIMESTAMP_MUST_NOT_REGRESS, {"timestamp": 500}),
        (A.IMPORTED_EVENT_TIMESTAMP_MUST_NOT_REGRESS, {"timestamp": 110}),
    ]
    peel_account(driven, event, steps, A.CREATED)
    first, second = Account(id=31, ledger=1, code=1), Account(id=32, ledger=1, code=1)
    imported = replace(second, flags=AccountFlags.IMPORTED, timestamp=111)
    assert [status for status, _ in driven.create_accounts([[imported, first]], NOW)] == [
        A.CREATED,
        A.IMPORTED_EVENT_EXPECTED,
    ]
    imported = replace(imported, id=33, timestamp=112)
    assert [status for status, _ in driven.create_accounts([[first, imported]], NOW)] == [
        A.CREATED,
        A.IMPORTED_EVENT_NOT_EXPECTED,
    ]


def test_a_new_transfer() -> None:
    event = Transfer(
        id=0,
        debit_account_id=0,
        credit_account_id=0,
        amount=10,
        pending_id=1,
        timeout=1,
        flags=RESERVED | F.CLOSING_DEBIT | F.POST_PENDING_TRANSFER,
        timestamp=5,
    )
    steps: Peel = [
        (T.TIMESTAMP_MUST_BE_ZERO, {"timestamp": 0}),
        (T.RESERVED_FLAG, {"flags": F.CLOSING_DEBIT | F.POST_PENDING_TRANSFER}),
        (T.ID_MUST_NOT_BE_ZERO, {"id": AMOUNT_MAX}),
        (T.ID_MUST_NOT_BE_INT_MAX, {"id": 60}),
        (T.FLAGS_ARE_MUTUALLY_EXCLUSIVE, {"flags": F.CLOSING_DEBIT}),
        (T.DEBIT_ACCOUNT_ID_MUST_NOT_BE_ZERO, {"debit_account_id": AMOUNT_MAX}),
        (T.DEBIT_ACCOUNT_ID_MUST_NOT_BE_INT_MAX, {"debit_account_id": 77}),
        (T.CREDIT_ACCOUNT_ID_MUST_NOT_BE_ZERO, {"credit_account_id": AMOUNT_MAX}),
        (T.CREDIT_ACCOUNT_ID_MUST_NOT_BE_INT_MAX, {"credit_account_id": 77}),
        (T.ACCOUNTS_MUST_BE_DIFFERENT, {"credit_account_id": 78}),
        (T.PENDING_ID_MUST_BE_ZERO, {"pending_id": 0}),
        (T.TIMEOUT_RESERVED_FOR_PENDING_TRANSFER, {"timeout": 0}),
        (T.CLOSING_TRANSFER_MUST_BE_PENDING, {"flags": F.NONE}),
        (T.LEDGER_MUST_NOT_BE_ZERO, {"ledger": 7}),
        (T.CODE_MUST_NOT_BE_ZERO, {"code": 1}),
        (T.DEBIT_ACCOUNT_NOT_FOUND, {"debit_account_id": 6}),
        (T.CREDIT_ACCOUNT_NOT_FOUND, {"credit_account_id": 5}),
        (T.ACCOUNTS_MUST_HAVE_THE_SAME_LEDGER, {"credit_account_id": 2}),
        (T.TRANSFER_MUST_HAVE_THE_SAME_LEDGER_AS_ACCOUNTS, {"ledger": 1}),
        (T.DEBIT_ACCOUNT_ALREADY_CLOSED, {"debit_account_id": 1, "credit_account_id": 6}),
        (T.CREDIT_ACCOUNT_ALREADY_CLOSED, {"debit_account_id": 3, "credit_account_id": 4}),
        (T.EXCEEDS_CREDITS, {"debit_account_id": 1}),
        (T.EXCEEDS_DEBITS, {"credit_account_id": 2}),
    ]
    peel_transfer(founded(), event, steps, T.CREATED)


def test_overflows() -> None:
    driven = founded()
    big = AMOUNT_MAX - 5
    for event in (
        transfer(id=1, amount=big),  # posted: debits of 1, credits of 2
        transfer(id=2, amount=big, flags=F.PENDING, debit_account_id=7, credit_account_id=8),
    ):
        assert answer(driven, event)[0] == T.CREATED
    pending = transfer(
        id=70, amount=10, flags=F.PENDING, debit_account_id=7, credit_account_id=8, timeout=2**32 - 1
    )
    steps: Peel = [
        (T.OVERFLOWS_DEBITS_PENDING, {"debit_account_id": 1}),
        (T.OVERFLOWS_CREDITS_PENDING, {"credit_account_id": 2}),
        (T.OVERFLOWS_DEBITS_POSTED, {"debit_account_id": 3}),
        (T.OVERFLOWS_CREDITS_POSTED, {"flags": F.NONE, "timeout": 0, "debit_account_id": 7}),
        (T.OVERFLOWS_CREDITS_POSTED, {"credit_account_id": 4}),
        (T.OVERFLOWS_DEBITS, {"debit_account_id": 3, "credit_account_id": 8}),
        (T.OVERFLOWS_CREDITS, {"credit_account_id": 4}),
        (T.EXCEEDS_CREDITS, {"debit_account_id": 4, "credit_account_id": 3}),
    ]
    peel_transfer(driven, pending, steps, T.CREATED)


def test_the_expiry_time_must_stay_below_two_to_the_63() -> None:
    driven = founded()
    late = (1 << 63) - 1 - 2 * SECOND
    event = transfer(flags=F.PENDING, timeout=3, debit_account_id=3)
    assert driven.create_transfers([[event]], late) == [(T.OVERFLOWS_TIMEOUT, late)]
    event = transfer(flags=F.PENDING, timeout=2)
    assert driven.create_transfers([[event]], late) == [(T.OVERFLOWS_TIMEOUT, late + 1)]
    assert answer(driven, replace(event, timeout=1))[0] == T.CREATED


def test_a_transfer_that_exists() -> None:
    driven = founded()
    stored = transfer(id=1, flags=F.PENDING, timeout=5, user_data_64=3)
    _, time = answer(driven, stored)
    event = Transfer(
        id=1,
        debit_account_id=77,
        credit_account_id=77,
        amount=11,
        pending_id=5,
        user_data_128=1,
        user_data_32=1,
        flags=F.PENDING | F.LINKED,
    )
    steps: Peel = [
        (T.LINKED_EVENT_CHAIN_OPEN, {"flags": F.POST_PENDING_TRANSFER | F.VOID_PENDING_TRANSFER}),
        (T.EXISTS_WITH_DIFFERENT_FLAGS, {"flags": F.PENDING}),
        (T.EXISTS_WITH_DIFFERENT_PENDING_ID, {"pending_id": 0}),
        (T.EXISTS_WITH_DIFFERENT_TIMEOUT, {"timeout": 5}),
        (T.EXISTS_WITH_DIFFERENT_DEBIT_ACCOUNT_ID, {"debit_account_id": 1}),
        (T.EXISTS_WITH_DIFFERENT_CREDIT_ACCOUNT_ID, {"credit_account_id": 2}),
        (T.EXISTS_WITH_DIFFERENT_AMOUNT, {"amount": 10}),
        (T.EXISTS_WITH_DIFFERENT_USER_DATA_128, {"user_data_128": 0}),
        (T.EXISTS_WITH_DIFFERENT_USER_DATA_64, {"user_data_64": 3}),
        (T.EXISTS_WITH_DIFFERENT_USER_DATA_32, {"user_data_32": 0}),
        (T.EXISTS_WITH_DIFFERENT_LEDGER, {"ledger": 1}),
        (T.EXISTS_WITH_DIFFERENT_CODE, {"code": 1}),
    ]
    peel_transfer(driven, event, steps, T.EXISTS)
    assert answer(driven, stored) == (T.EXISTS, time)


def test_a_post_or_void() -> None:
    driven = founded()
    wall = transfer(id=1)
    held = [transfer(id=i, flags=F.PENDING) for i in (2, 3, 4)]
    timed = transfer(id=5, flags=F.PENDING, timeout=1)
    closing = transfer(
        id=6, flags=F.PENDING | F.CLOSING_DEBIT | F.CLOSING_CREDIT, debit_account_id=7, credit_account_id=8
    )
    for event in (wall, *held, timed, closing):
        assert answer(driven, event)[0] == T.CREATED
    post, void = F.POST_PENDING_TRANSFER, F.VOID_PENDING_TRANSFER
    assert answer(driven, Transfer(id=7, pending_id=2, amount=AMOUNT_MAX, flags=post))[0] == T.CREATED
    assert answer(driven, Transfer(id=8, pending_id=3, flags=void))[0] == T.CREATED
    event = Transfer(
        id=80,
        debit_account_id=77,
        credit_account_id=77,
        amount=11,
        timeout=1,
        ledger=7,
        code=7,
        flags=post | void,
    )
    steps: Peel = [
        (T.FLAGS_ARE_MUTUALLY_EXCLUSIVE, {"flags": void | F.BALANCING_CREDIT}),
        (T.FLAGS_ARE_MUTUALLY_EXCLUSIVE, {"flags": void | F.PENDING}),
        (T.FLAGS_ARE_MUTUALLY_EXCLUSIVE, {"flags": void | F.CLOSING_DEBIT}),
        (T.FLAGS_ARE_MUTUALLY_EXCLUSIVE, {"flags": void}),
        (T.PENDING_ID_MUST_NOT_BE_ZERO, {"pending_id": AMOUNT_MAX}),
        (T.PENDING_ID_MUST_NOT_BE_INT_MAX, {"pending_id": 80}),
        (T.PENDING_ID_MUST_BE_DIFFERENT, {"pending_id": 999}),
        (T.TIMEOUT_RESERVED_FOR_PENDING_TRANSFER, {"timeout": 0}),
        (T.PENDING_TRANSFER_NOT_FOUND, {"pending_id": 1}),
        (T.PENDING_TRANSFER_NOT_PENDING, {"pending_id": 2}),
        (T.PENDING_TRANSFER_HAS_DIFFERENT_DEBIT_ACCOUNT_ID, {"debit_account_id": 1}),
        (T.PENDING_TRANSFER_HAS_DIFFERENT_CREDIT_ACCOUNT_ID, {"credit_account_id": 2}),
        (T.PENDING_TRANSFER_HAS_DIFFERENT_LEDGER, {"ledger": 1}),
        (T.PENDING_TRANSFER_HAS_DIFFERENT_CODE, {"code": 1}),
        (T.EXCEEDS_PENDING_TRANSFER_AMOUNT, {"amount": 9}),
        (T.PENDING_TRANSFER_HAS_DIFFERENT_AMOUNT, {"amount": 10}),
        (T.PENDING_TRANSFER_ALREADY_POSTED, {"pending_id": 3}),
        (
            T.PENDING_TRANSFER_ALREADY_VOIDED,
            {"pending_id": 6, "debit_account_id": 7, "credit_account_id": 8, "flags": post},
        ),
        (T.DEBIT_ACCOUNT_ALREADY_CLOSED, {"pending_id": 4, "debit_account_id": 0, "credit_account_id": 2}),
    ]
    peel_transfer(driven, event, steps, T.CREATED)
    expires = driven.pending[driven.sequence[5]][1]
    late = Transfer(id=81, pending_id=5, flags=void)
    assert (
        driven.create_transfers([[replace(late, amount=1)]], expires - 1)[0][0]
        == T.PENDING_TRANSFER_HAS_DIFFERENT_AMOUNT
    )
    assert driven.create_transfers([[late]], expires) == [(T.PENDING_TRANSFER_EXPIRED, expires)]
    driven.expire(expires)
    assert answer(driven, late)[0] == T.PENDING_TRANSFER_EXPIRED


@pytest.mark.parametrize(
    ("posted", "good", "bad"),
    [
        (40, (40,), (0, 39, 41, 100, AMOUNT_MAX)),
        (100, (100, AMOUNT_MAX), (0, 99, 101)),
    ],
)
def test_a_post_that_exists(posted: int, good: tuple[int, ...], bad: tuple[int, ...]) -> None:
    driven = founded()
    stored = Transfer(id=2, pending_id=1, amount=posted, user_data_64=9, flags=F.POST_PENDING_TRANSFER)
    assert (
        answer(driven, transfer(id=1, amount=100, user_data_64=2, user_data_32=4, flags=F.PENDING))[0]
        == T.CREATED
    )
    assert answer(driven, stored)[0] == T.CREATED
    for amount in good:
        assert answer(driven, replace(stored, amount=amount))[0] == T.EXISTS
    for amount in bad:
        assert answer(driven, replace(stored, amount=amount))[0] == T.EXISTS_WITH_DIFFERENT_AMOUNT
    event = replace(
        stored, debit_account_id=5, credit_account_id=5, amount=7, user_data_128=1, user_data_64=0
    )
    event = replace(event, user_data_32=5, ledger=9, code=9, flags=F.VOID_PENDING_TRANSFER, pending_id=9)
    steps: Peel = [
        (T.EXISTS_WITH_DIFFERENT_FLAGS, {"flags": F.POST_PENDING_TRANSFER}),
        (T.EXISTS_WITH_DIFFERENT_PENDING_ID, {"pending_id": 1}),
        (T.EXISTS_WITH_DIFFERENT_DEBIT_ACCOUNT_ID, {"debit_account_id": 1}),
        (T.EXISTS_WITH_DIFFERENT_CREDIT_ACCOUNT_ID, {"credit_account_id": 0}),
        (T.EXISTS_WITH_DIFFERENT_AMOUNT, {"amount": posted}),
        (T.EXISTS_WITH_DIFFERENT_USER_DATA_128, {"user_data_128": 0}),
        (T.EXISTS_WITH_DIFFERENT_USER_DATA_64, {"user_data_64": 2}),
        (T.EXISTS_WITH_DIFFERENT_USER_DATA_64, {"user_data_64": 9}),
        (T.EXISTS_WITH_DIFFERENT_USER_DATA_32, {"user_data_32": 0}),
        (T.EXISTS_WITH_DIFFERENT_LEDGER, {"ledger": 1}),
        (T.EXISTS_WITH_DIFFERENT_CODE, {"code": 0}),
    ]
    peel_transfer(driven, event, steps, T.EXISTS)


def test_an_imported_transfer() -> None:
    driven = founded()
    assert answer(driven, transfer(id=1, flags=F.IMPORTED, timestamp=102, debit_account_id=1))[0] == (
        T.IMPORTED_EVENT_TIMESTAMP_MUST_NOT_REGRESS
    ), "102 is an account's own time"
    event = transfer(
        debit_account_id=7,
        credit_account_id=6,
        flags=F.IMPORTED | F.PENDING | RESERVED,
        timeout=1,
        timestamp=0,
    )
    steps: Peel = [
        (T.IMPORTED_EVENT_TIMESTAMP_OUT_OF_RANGE, {"timestamp": 1 << 63}),
        (T.IMPORTED_EVENT_TIMESTAMP_OUT_OF_RANGE, {"timestamp": (1 << 63) - 1}),
        (T.IMPORTED_EVENT_TIMESTAMP_MUST_NOT_ADVANCE, {"timestamp": 105}),
        (T.RESERVED_FLAG, {"flags": F.IMPORTED | F.PENDING}),
        (T.IMPORTED_EVENT_TIMESTAMP_MUST_NOT_REGRESS, {"timestamp": 100}),
        (T.IMPORTED_EVENT_TIMESTAMP_MUST_POSTDATE_DEBIT_ACCOUNT, {"timestamp": 100, "debit_account_id": 1}),
        (T.IMPORTED_EVENT_TIMESTAMP_MUST_POSTDATE_DEBIT_ACCOUNT, {"timestamp": 200}),
        (T.IMPORTED_EVENT_TIMEOUT_MUST_BE_ZERO, {"timeout": 0}),
        (T.CREDIT_ACCOUNT_ALREADY_CLOSED, {"credit_account_id": 2}),
    ]
    peel_transfer(driven, event, steps, T.CREATED)
    assert answer(driven, transfer(id=51, flags=F.IMPORTED, timestamp=200))[0] == (
        T.IMPORTED_EVENT_TIMESTAMP_MUST_NOT_REGRESS
    )
    assert driven.create_transfers([[transfer(id=52, flags=F.IMPORTED, timestamp=201)]], NOW * 2) == [
        (T.CREATED, 201)
    ]
    post = Transfer(id=53, pending_id=50, flags=F.POST_PENDING_TRANSFER | F.IMPORTED, timestamp=201)
    assert answer(driven, post)[0] == T.IMPORTED_EVENT_TIMESTAMP_MUST_NOT_REGRESS
    assert answer(driven, replace(post, timestamp=202)) == (T.CREATED, 202)
    both = [transfer(id=54, flags=F.IMPORTED, timestamp=203), transfer(id=55)]
    assert [status for status, _ in driven.create_transfers([both], NOW * 2)] == [
        T.CREATED,
        T.IMPORTED_EVENT_EXPECTED,
    ]
    both = [transfer(id=55), transfer(id=56, flags=F.IMPORTED, timestamp=204)]
    assert [status for status, _ in driven.create_transfers([both], NOW * 2)] == [
        T.CREATED,
        T.IMPORTED_EVENT_NOT_EXPECTED,
    ]


def test_an_imported_event_must_postdate_both_accounts() -> None:
    driven = founded()
    event = transfer(debit_account_id=2, credit_account_id=8, flags=F.IMPORTED, timestamp=50)
    assert answer(driven, event)[0] == T.IMPORTED_EVENT_TIMESTAMP_MUST_POSTDATE_DEBIT_ACCOUNT
    gap = Account(id=20, ledger=1, code=1, flags=AccountFlags.IMPORTED, timestamp=300)
    assert driven.create_accounts([[gap]], NOW)[0][0] == A.CREATED
    event = replace(event, credit_account_id=20, timestamp=250)
    assert answer(driven, event)[0] == T.IMPORTED_EVENT_TIMESTAMP_MUST_POSTDATE_CREDIT_ACCOUNT
    assert answer(driven, replace(event, timestamp=301)) == (T.CREATED, 301)
