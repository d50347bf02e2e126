"""Granting, changing and taking back limits in the ledger; each act once, however often it is asked for.

Example::

    limits = Limits(ledger, AuthorityBooks(chart))
    limits.grant(books.mandate(7), AuthorityKind.MANDATE, 100_000, "mandate", "7")
    limits.left(books.mandate(7)).free
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from jinku.base.ids import derived_id
from jinku.custody.errors import AccountsRefused
from jinku.custody.orders.authority import AuthorityBooks, AuthorityKind
from jinku.custody.orders.errors import LimitRefused
from jinku.custody.structure.table import Movement
from jinku.ledger.layout import TRANSFER, Array, set_u128
from jinku.ledger.model import Account, CreateAccountStatus, CreateTransferStatus, Transfer, TransferFlags

SEAL_TOPIC_AUTHORITY = 4
"""The topic of mandates, authorisations and policies in the log."""
_DONE = (CreateTransferStatus.CREATED, CreateTransferStatus.EXISTS)
_OPEN = (CreateAccountStatus.CREATED, CreateAccountStatus.EXISTS)


class LimitLedger(Protocol):
    """What the corridor and its registers need of a ledger."""

    def create_accounts_array(self, batch: Array) -> Array:
        """``ACCOUNT`` rows in, ``RESULT`` rows out."""
        ...

    def create_transfers_array(self, batch: Array) -> Array:
        """``TRANSFER`` rows in, ``RESULT`` rows out, once durable."""
        ...

    def lookup_accounts(self, accounts: Sequence[int]) -> list[Account]:
        """Those that exist."""
        ...

    def lookup_transfers(self, transfers: Sequence[int]) -> list[Transfer]:
        """Those that exist."""
        ...

    def lookup_transfers_array(self, ids: Array) -> Array:
        """``TRANSFER`` rows of the ``ID`` rows that exist."""
        ...

    def accounts_array(self) -> Array:
        """Every account, as of one instant."""
        ...

    def seal(self, digest: bytes, topic: int) -> tuple[int, int]:
        """Put a digest into the log; its entry's number and timestamp."""
        ...

    def size(self) -> int:
        """Journal entries that are durable."""
        ...

    def entries(self, first: int, count: int) -> Array:
        """``ENTRY`` rows from number `first`."""
        ...

    def transfer_sequence(self, transfer_id: int) -> int:
        """The journal number of a transfer or of its burned id; -1 where there is none."""
        ...


@dataclass(frozen=True, slots=True)
class Left:
    """What became of a limit, in minor units."""

    granted: int
    used: int
    reserved: int
    free: int
    """What may still be used; what was taken back is in none of these but `granted`."""


NOTHING_LEFT = Left(0, 0, 0, 0)


class Limits:
    """The limits of one chart's books; see the module."""

    def __init__(self, ledger: LimitLedger, books: AuthorityBooks) -> None:
        self._ledger, self._books = ledger, books

    def open(self, rows: Array) -> None:
        """Open accounts; harmless where they are there. Raises AccountsRefused."""
        statuses = self._ledger.create_accounts_array(rows)["status"]
        refused = statuses[~np.isin(statuses, _OPEN)]
        if len(refused):
            raise AccountsRefused(len(refused), CreateAccountStatus(int(refused[0])).name)

    def grant(self, account: int, kind: AuthorityKind, amount: int, *name: str) -> None:
        """Open the limit `account` and grant `amount`. `name` is what the grant is known by: the same is granted once.

        Raises LimitRefused, AccountsRefused.
        """
        books = self._books
        self.open(np.concatenate([books.common_accounts(), books.account_row(account, kind)]))
        self._move(books.granted, account, amount, TransferFlags.NONE, name)

    def lower(self, account: int, amount: int, *name: str) -> None:
        """Take `amount` of what is free back. Raises LimitRefused where less is free."""
        self._move(account, self._books.granted, amount, TransferFlags.NONE, name)

    def take_back(self, account: int, granted: int, *name: str) -> None:
        """Take back whatever is free of the `granted` limit."""
        self._move(account, self._books.granted, granted, TransferFlags.BALANCING_DEBIT, name)

    def left(self, account: int, granted: int, *, taken_back: int | None = None) -> Left:
        """What became of a limit of which `granted` was granted in all and, where it ended, `taken_back`."""
        found = self._ledger.lookup_accounts([account])
        if not found:
            return NOTHING_LEFT
        [one] = found
        free = one.credits_posted - one.debits_posted - one.debits_pending
        used = granted - (taken_back or 0) - one.debits_pending - free
        return Left(granted, used, one.debits_pending, free if taken_back is None else 0)

    def moved(self, *name: str) -> int | None:
        """How much the act of this name moved; None where there was none."""
        found = self._ledger.lookup_transfers([self._id(name)])
        return found[0].amount if found else None

    def _id(self, name: tuple[str, ...]) -> int:
        chart = self._books.chart
        return derived_id("jinku/limit", str(chart.entity), str(chart.currency), *name)

    def _move(
        self, debit: int, credit: int, amount: int, flags: TransferFlags, name: tuple[str, ...]
    ) -> None:
        row = np.zeros(1, TRANSFER)
        for field, value in (
            ("id", self._id(name)),
            ("debit_account_id", debit),
            ("credit_account_id", credit),
            ("amount", amount),
        ):
            set_u128(row, field, [value])
        row["ledger"], row["code"], row["flags"] = self._books.ledger, Movement.AUTHORITY_GIVEN, flags
        status = CreateTransferStatus(int(self._ledger.create_transfers_array(row)["status"][0]))
        if status not in _DONE:
            raise LimitRefused(" ".join(name), status.name)
