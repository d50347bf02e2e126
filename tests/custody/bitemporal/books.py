"""A ledger whose clock the test sets, with the accounts of one legal entity, and a fold by hand to compare with."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path

import numpy as np

from jinku.custody.structure.bitemporal_hours import BusinessHours, date_of
from jinku.ledger.layout import TRANSFER, Array, set_u128
from jinku.ledger.model import (
    AMOUNT_MAX,
    Account,
    AccountFlags,
    CreateTransferStatus,
    Transfer,
    TransferFlags,
)
from jinku.ledger.opening import open_journal
from jinku.ledger.service import Ledger

HOURS = BusinessHours("CN", "Asia/Shanghai", "17:00")
DAYS = [date(2026, 11, day) for day in (16, 17, 18, 19, 20)]
HOUR = 3_600_000_000_000
ENTITY = 1 << 96
BANK, A, B, C, FREE = (ENTITY | number for number in (1, 2, 3, 4, 5))
LIMITED = (BANK, A, B, C)


class Time:
    """A clock that stands until it is moved."""

    def __init__(self, now: int) -> None:
        self.now = now

    def __call__(self) -> int:
        self.now += 1_000
        return self.now


@contextmanager
def books(path: Path, clock: Time) -> Iterator[Ledger]:
    """Bank (may not go below zero), customers A, B, C (no overdraft) and FREE, which has no limit."""
    with open_journal(path, clock) as ledger:
        flags = {BANK: AccountFlags.CREDITS_MUST_NOT_EXCEED_DEBITS, FREE: AccountFlags.NONE}
        no_overdraft = AccountFlags.DEBITS_MUST_NOT_EXCEED_CREDITS
        ledger.create_accounts(
            [
                Account(id=one, ledger=156, code=1, flags=flags.get(one, no_overdraft))
                for one in (*LIMITED, FREE)
            ]
        )
        yield ledger


def move(number: int, debit: int, credit: int, amount: int, day: date | None, **more: int) -> Transfer:
    """One transfer that bears `day`."""
    bears = day.year * 10_000 + day.month * 100 + day.day if day else 0
    flags = TransferFlags(more.pop("flags", 0))
    resolves = flags & (TransferFlags.POST_PENDING_TRANSFER | TransferFlags.VOID_PENDING_TRANSFER)
    return Transfer(
        id=number,
        debit_account_id=0 if resolves else debit,
        credit_account_id=0 if resolves else credit,
        amount=amount,
        ledger=0 if resolves else 156,
        code=0 if resolves else 1,
        user_data_32=bears,
        flags=flags,
        **more,
    )


def rows(*transfers: Transfer) -> Array:
    """The same as ``TRANSFER`` rows."""
    batch = np.zeros(len(transfers), TRANSFER)
    for name in ("id", "debit_account_id", "credit_account_id", "amount", "pending_id"):
        set_u128(batch, name, [getattr(one, name) for one in transfers])
    for name in ("user_data_32", "timeout", "ledger", "code", "flags"):
        batch[name] = [int(getattr(one, name)) for one in transfers]
    return batch


def moment(day: date, hours_before_close: int = 3) -> int:
    """Some hours before the cut-off of `day`."""
    return HOURS.closing(day) - hours_before_close * HOUR


def running(ledger: Ledger, account: int, *, known: int = 1 << 62) -> list[tuple[int, int]]:
    """Each effective instant of an account with the room right after, by hand: one Python step per change event."""
    from jinku.ledger.model import ChangeEventsFilter, ChangeEventType

    holds: dict[int, tuple[int, int]] = {}
    steps: list[tuple[int, int, int]] = []
    after = 0
    while events := ledger.get_change_events(ChangeEventsFilter(after, 0, 2730)):
        for order, event in enumerate(events):
            after = event.timestamp + 1
            if event.timestamp > known:
                continue
            over = event.type is ChangeEventType.TWO_PHASE_EXPIRED
            bears = date_of(event.transfer_user_data_32)
            instant = event.timestamp
            if bears and not over:
                instant = HOURS.effective_one(event.timestamp, bears)
            sides = (event.debit_account_id, event.credit_account_id)
            if account in sides:
                bank = account == BANK
                debited = account == sides[0]
                amount = event.transfer_amount
                held, moved = 0, 0
                if event.type is ChangeEventType.SINGLE_PHASE:
                    moved = amount
                elif event.type is ChangeEventType.TWO_PHASE_PENDING:
                    held = amount
                    holds[event.transfer_id] = (amount, instant)
                else:
                    was, since = holds[event.transfer_id if over else event.transfer_pending_id]
                    held, instant = -was, max(instant, since)
                    moved = amount if event.type is ChangeEventType.TWO_PHASE_POSTED else 0
                lowers = debited is not bank
                steps.append((instant, event.timestamp, -moved - held if lowers else moved))
            del order
    room, found = 0, []
    for instant, _, change in sorted(steps, key=lambda one: one[:2]):
        room += change
        found.append((instant, room))
    return found


def created(statuses: list[int]) -> list[bool]:
    """Which of these are booked."""
    return [one in (CreateTransferStatus.CREATED, CreateTransferStatus.EXISTS) for one in statuses]


ALL = AMOUNT_MAX
