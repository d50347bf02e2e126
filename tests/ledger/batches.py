"""Seeded random batches that reach into the corners of the model, shared by every differential test.

Rules:

1. The same seed, times and answers give the same batches. All ids, ledgers and user data of a world lie in a range of
   its own (`base`), so that many worlds fit into one cluster.
2. The generator keeps what it has asked for, and is told what of it was created (`note`), so that most events meet
   something that exists. It decides nothing itself.
3. Small pools and small amounts, so that events meet: retries, double posts, closed accounts, full limits.
4. Timestamps of imported events lie around the newest object's and never in the near future, where engines with
   clocks of their own might differ. No imported event names a pending transfer with a timeout.

Example::

    world = World(seed=1, base=1 << 64)
    ledger.create_accounts(world.accounts(now))
    ledger.create_transfers(world.transfers(now))
"""

import random
from collections.abc import Sequence
from copy import copy
from dataclasses import fields
from typing import TypeVar

from jinku.ledger.model import (
    AMOUNT_MAX,
    Account,
    AccountFilter,
    AccountFilterFlags,
    AccountFlags,
    QueryFilter,
    QueryFilterFlags,
    Transfer,
    TransferFlags,
)

Event = TypeVar("Event", Account, Transfer)
SECOND = 1_000_000_000
_PHASES = TransferFlags.PENDING | TransferFlags.POST_PENDING_TRANSFER | TransferFlags.VOID_PENDING_TRANSFER
_EDGES = (0, 1, 2, AMOUNT_MAX, AMOUNT_MAX - 1, 1 << 64, (1 << 64) - 1)
_WIDTHS = {
    "user_data_64": 64,
    "user_data_32": 32,
    "timeout": 32,
    "ledger": 32,
    "code": 16,
    "flags": 16,
    "timestamp": 64,
}


class World:
    """One seeded source of batches. `timeouts` allows pending transfers that expire."""

    def __init__(self, seed: int, base: int = 1 << 64, *, timeouts: bool = False) -> None:
        self.rng = random.Random(seed)
        self.base = base
        self.timeouts = timeouts
        self.ledgers = [(base >> 64) % 0xFFFF_0000 + 1, (base >> 64) % 0xFFFF_0000 + 2]
        self.asked_accounts: dict[int, Account] = {}
        self.asked_transfers: dict[int, Transfer] = {}
        self.live_accounts: list[int] = []
        self.live_transfers: list[int] = []
        self.pending: list[int] = []
        """Pending transfers that were created, and a few that were not."""
        self._timed: set[int] = set()
        self._next_id = base
        self._stamp = 0
        self._newest_imported = Account()
        self._fresh_import = False

    def founding(self) -> list[Account]:
        """The first batch: sixteen sound accounts of every kind, most of them on one ledger."""
        kinds = (0, 0, 0, 0, 2, 2, 4, 8)
        batch = [
            Account(
                id=self._new_id(),
                ledger=self.ledgers[at == 15],
                code=1 + at % 3,
                flags=AccountFlags(kinds[at % 8] | (8 if at >= 8 else 0)),
            )
            for at in range(16)
        ]
        self.asked_accounts |= {event.id: event for event in batch}
        return batch

    def note(self, batch: Sequence[Account | Transfer], created: Sequence[bool]) -> None:
        """Learn which events of `batch` were created."""
        for event, made in zip(batch, created, strict=True):
            if not made:
                continue
            if isinstance(event, Account):
                self.live_accounts.append(event.id)
                if event.timestamp:
                    self._newest_imported, self._fresh_import = event, True
            else:
                self.live_transfers.append(event.id)
                if event.flags & TransferFlags.PENDING:
                    self.pending.append(event.id)

    def accounts(self, now: int, count: int = 0) -> list[Account]:
        """A batch of accounts, to be executed at or after `now` (ns)."""
        imported = self.rng.random() < 0.15
        batch = [self._account(now, imported) for _ in range(count or self.rng.randint(1, 8))]
        for event in batch:
            self.asked_accounts[event.id] = event
        return batch

    def transfers(self, now: int, count: int = 0) -> list[Transfer]:
        """A batch of transfers, to be executed at or after `now` (ns)."""
        fresh, self._fresh_import = self._fresh_import, False
        imported = self.rng.random() < (0.6 if fresh else 0.12)
        batch: list[Transfer] = []
        for _ in range(count or self.rng.choice((1, 2, 5, 10, 30, 100))):
            first = fresh and imported and not batch
            event = self._around_import() if first else self._transfer(now, imported)
            batch.append(event)
            self.asked_transfers[event.id] = event
            if event.flags & TransferFlags.PENDING and self.rng.random() < 0.05:
                self.pending.append(event.id)
            if event.timeout:
                self._timed.add(event.id)
        return batch

    def account_filter(self, times: list[int]) -> AccountFilter:
        """A filter on one account; `times` are timestamps seen in this world, the first one its beginning."""
        rng = self.rng
        low, high = self._bounds(times)
        return AccountFilter(
            account_id=self._some_account()
            if rng.random() < 0.95
            else rng.choice((0, AMOUNT_MAX, self.base - 1)),
            user_data_128=self._rarely(self.base + rng.randint(1, 3)),
            user_data_64=self._rarely(rng.randint(1, 3)),
            user_data_32=self._rarely(rng.randint(1, 3)),
            code=self._rarely(rng.randint(1, 3)),
            timestamp_min=low,
            timestamp_max=high,
            limit=rng.choice((1, 2, 10, 8189, 8189, 8189)) if rng.random() < 0.97 else 0,
            flags=AccountFilterFlags(
                rng.choice((1, 2, 3, 3, 3, 5, 6, 7, 7)) if rng.random() < 0.95 else rng.randint(0, 15)
            ),
        )

    def query_filter(self, times: list[int]) -> QueryFilter:
        """A filter on accounts or transfers of this world."""
        rng = self.rng
        low, high = self._bounds(times)
        return QueryFilter(
            user_data_128=self._rarely(self.base + rng.randint(1, 3)),
            user_data_64=self._rarely(rng.randint(1, 3)),
            user_data_32=self._rarely(rng.randint(1, 3)),
            ledger=rng.choice((0, *self.ledgers)),
            code=self._rarely(rng.randint(1, 3)),
            timestamp_min=low,
            timestamp_max=high,
            limit=rng.choice((1, 2, 10, 8189, 8189, 8189)) if rng.random() < 0.97 else 0,
            flags=QueryFilterFlags(rng.choice((0, 1)) if rng.random() < 0.97 else 2),
        )

    # --- accounts ---

    def _account(self, now: int, imported: bool) -> Account:
        rng = self.rng
        dice = rng.random()
        if self.asked_accounts and dice < 0.1:
            return copy(rng.choice(list(self.asked_accounts.values())))
        if self.asked_accounts and dice < 0.2:
            return self._mutated(rng.choice(list(self.asked_accounts.values())))
        flags = rng.choice((0, 0, 0, 2, 2, 4)) | rng.choice((0, 0, 8)) | (32 if rng.random() < 0.04 else 0)
        event = Account(
            id=self._new_id(),
            user_data_128=self._often_zero(self.base + rng.randint(1, 3)),
            user_data_64=self._often_zero(rng.randint(1, 3)),
            user_data_32=self._often_zero(rng.randint(1, 3)),
            ledger=self.ledgers[rng.random() < 0.1],
            code=rng.randint(1, 3),
            flags=AccountFlags(flags | (1 if rng.random() < 0.15 else 0)),
        )
        if imported != (rng.random() < 0.05):
            event.flags |= AccountFlags.IMPORTED
            event.timestamp = self._imported_stamp(now)
        return self._mutated(event) if dice > 0.93 else event

    # --- transfers ---

    def _transfer(self, now: int, imported: bool) -> Transfer:
        rng = self.rng
        if self.asked_transfers and rng.random() < 0.1:
            recent = (
                self.live_transfers[-60:]
                if self.live_transfers and rng.random() < 0.8
                else list(self.asked_transfers)[-60:]
            )
            event = copy(self.asked_transfers[rng.choice(recent)])
            return event if rng.random() < 0.4 else self._retried(event)
        event = self._resolving() if self.pending and rng.random() < 0.3 else self._moving()
        event.id = self._new_id()
        if event.pending_id and rng.random() < 0.02:
            event.pending_id = rng.choice((0, AMOUNT_MAX, event.id))
        event.user_data_128 = self._often_zero(self.base + rng.randint(1, 3))
        event.user_data_64 = self._often_zero(rng.randint(1, 3))
        event.user_data_32 = self._often_zero(rng.randint(1, 3))
        if rng.random() < 0.12:
            event.flags |= TransferFlags.LINKED
        if imported != (rng.random() < 0.02):
            event.flags |= TransferFlags.IMPORTED
            event.timestamp = self._imported_stamp(now)
            if self._names_timed(event):
                event.pending_id = 0
            if rng.random() < 0.9:
                event.timeout = 0
        return self._mutated(event) if rng.random() < 0.07 else event

    def _around_import(self) -> Transfer:
        """An imported transfer that happens when its account, imported just now, was created, or a bit earlier."""
        rng, event = self.rng, Transfer(id=self._new_id(), amount=1, ledger=self.ledgers[0], code=1)
        event.debit_account_id, event.credit_account_id = self._some_account(), self._some_account()
        setattr(event, rng.choice(("debit_account_id", "credit_account_id")), self._newest_imported.id)
        event.flags = TransferFlags.IMPORTED
        event.timestamp = self._newest_imported.timestamp + rng.choice((-200, -100, -1, 0, 1))
        return event

    def _moving(self) -> Transfer:
        rng = self.rng
        flags = TransferFlags.NONE
        timeout = 0
        dice = rng.random()
        if dice < 0.4:
            flags |= TransferFlags.PENDING
            if self.timeouts and rng.random() < 0.3:
                timeout = rng.randint(1, 2)
            elif rng.random() < 0.05:
                timeout = (1 << 32) - 1
        if rng.random() < 0.12:
            flags |= TransferFlags.BALANCING_DEBIT
        if rng.random() < 0.06:
            flags |= TransferFlags.BALANCING_CREDIT
        if (flags & TransferFlags.PENDING and rng.random() < 0.04) or rng.random() < 0.003:
            flags |= rng.choice(
                (TransferFlags.CLOSING_DEBIT, TransferFlags.CLOSING_CREDIT, TransferFlags(192))
            )
        return Transfer(
            debit_account_id=self._some_account(),
            credit_account_id=self._some_account(),
            amount=self._amount(),
            timeout=timeout,
            ledger=self.ledgers[rng.random() < 0.04],
            code=rng.randint(1, 3),
            flags=flags,
        )

    def _resolving(self) -> Transfer:
        rng = self.rng
        target = self.asked_transfers[rng.choice(self.pending[-20:])]
        event = Transfer(pending_id=target.id)
        if rng.random() < 0.55:
            event.flags = TransferFlags.POST_PENDING_TRANSFER
            event.amount = rng.choice((AMOUNT_MAX, target.amount, target.amount // 2, 0, self._amount()))
        else:
            event.flags = TransferFlags.VOID_PENDING_TRANSFER
            event.amount = rng.choice((0, 0, target.amount, self._amount()))
        for name in ("debit_account_id", "credit_account_id", "ledger", "code"):
            if rng.random() < 0.3:
                setattr(event, name, getattr(target, name))
        if rng.random() < 0.06:
            event.pending_id = rng.choice(self.live_transfers or self.pending)
        return event

    def _retried(self, event: Transfer) -> Transfer:
        flexible = _PHASES | TransferFlags.BALANCING_DEBIT | TransferFlags.BALANCING_CREDIT
        if event.flags & flexible and self.rng.random() < 0.6:
            event.amount = self.rng.choice(
                (0, 1, AMOUNT_MAX, (event.amount + 1) & AMOUNT_MAX, self._amount())
            )
            return event
        return self._mutated(event)

    def _amount(self) -> int:
        rng = self.rng
        dice = rng.random()
        if dice < 0.97:
            return rng.randint(0, 20)
        return rng.choice(
            (AMOUNT_MAX, AMOUNT_MAX - rng.randint(0, 40), 1 << 127, (1 << 64) - 1, 1 << 64, 1000)
        )

    # --- parts ---

    def _mutated(self, event: Event) -> Event:
        """`event` with one field changed; its id too, sometimes, into something that is no id."""
        rng = self.rng
        name = rng.choice([field.name for field in fields(event)])
        bits = _WIDTHS.get(name, 128)
        value = rng.choice(_EDGES) & ((1 << bits) - 1)
        if name == "id":
            value = rng.choice((0, AMOUNT_MAX))
        elif name in ("debit_account_id", "credit_account_id") and rng.random() < 0.6:
            value = self._some_account()
        elif name == "pending_id" and self.pending and rng.random() < 0.6:
            value = rng.choice(self.pending)
        elif name == "flags":
            value = int(event.flags) ^ (1 << rng.randrange(10 if isinstance(event, Transfer) else 7))
        elif name == "timestamp":
            value = rng.choice((0, 1, 1 << 63, (1 << 63) - 1, (1 << 64) - 1))
        changed = copy(event)
        setattr(changed, name, type(event.flags)(value) if name == "flags" else value)
        if (
            isinstance(changed, Transfer)
            and changed.flags & TransferFlags.IMPORTED
            and self._names_timed(changed)
        ):
            return event
        return changed

    def _names_timed(self, event: Transfer) -> bool:
        return event.pending_id in self._timed

    def _imported_stamp(self, now: int) -> int:
        rng = self.rng
        if rng.random() < 0.04:
            return rng.choice((0, now + 10_000 * SECOND, 1 << 63, (1 << 63) - 1))
        if self._stamp and rng.random() < 0.1:
            return self._stamp - rng.randint(0, 30)
        self._stamp = max(self._stamp, now - 1_000_000) + rng.choice((1, 1, 1, 2, 0, -1, -3))
        return self._stamp

    def _some_account(self) -> int:
        rng = self.rng
        if not self.live_accounts or rng.random() < 0.03:
            return rng.choice([self.base - rng.randint(1, 3), *self.asked_accounts])
        return rng.choice(self.live_accounts[:16] if rng.random() < 0.8 else self.live_accounts[-25:])

    def _new_id(self) -> int:
        self._next_id += 1
        return self._next_id

    def _often_zero(self, value: int) -> int:
        return value if self.rng.random() < 0.35 else 0

    def _rarely(self, value: int) -> int:
        return value if self.rng.random() < 0.2 else 0

    def _bounds(self, times: list[int]) -> tuple[int, int]:
        rng = self.rng
        low = rng.choice(times) if rng.random() < 0.4 else times[0]
        high = rng.choice(times) if rng.random() < 0.4 else 0
        if rng.random() < 0.03:
            low, high = rng.choice(
                ((1 << 63, 0), (times[0], 1 << 63), (times[0], (1 << 63) - 1), ((1 << 64) - 1, 0))
            )
        return low, high
