"""An independent, slow and plain model of the ledger: Python integers, dictionaries, one event at a time.

It shares nothing with the state machine but the public objects and status numbers. A linked chain is undone
by going back to a copy of everything. Whoever reads it beside TigerBeetle's reference should find it
obviously right.
"""

from collections.abc import Callable, Iterable
from copy import deepcopy
from dataclasses import dataclass, field, replace
from typing import Any

from jinku.ledger.layout import AMOUNT_MAX, EntryKind
from jinku.ledger.model import Account, AccountFlags, Transfer, TransferFlags
from jinku.ledger.statuses import CreateAccountStatus as A
from jinku.ledger.statuses import CreateTransferStatus as T
from jinku.ledger.store import PendingStatus

SECOND = 1_000_000_000
TIMESTAMP_MAX = 2**63 - 1
F = TransferFlags
BURNING = {
    T.DEBIT_ACCOUNT_NOT_FOUND,
    T.CREDIT_ACCOUNT_NOT_FOUND,
    T.PENDING_TRANSFER_NOT_FOUND,
    T.DEBIT_ACCOUNT_ALREADY_CLOSED,
    T.CREDIT_ACCOUNT_ALREADY_CLOSED,
    T.EXCEEDS_CREDITS,
    T.EXCEEDS_DEBITS,
}
Checks = Iterable[tuple[bool, A] | tuple[bool, T]]
Balances = tuple[int, int, int, int]


@dataclass
class Line:
    """One journal entry as the model sees it."""

    kind: EntryKind
    booked: int
    event: Account | Transfer
    status: int = 0
    debit: Balances = (0, 0, 0, 0)
    credit: Balances = (0, 0, 0, 0)
    flags: tuple[int, int] = (0, 0)


@dataclass
class State:
    """Everything that a chain may have to take back."""

    accounts: dict[int, Account] = field(default_factory=dict)
    transfers: dict[int, Transfer] = field(default_factory=dict)
    pending: dict[int, PendingStatus] = field(default_factory=dict)
    journal: list[Line] = field(default_factory=list)
    burned: set[int] = field(default_factory=set)
    last_transfer: int = 0


def balances(account: Account) -> Balances:
    """The four balances in the order of the record."""
    return account.debits_pending, account.debits_posted, account.credits_pending, account.credits_posted


def expiry(transfer: Transfer) -> int:
    """When a pending transfer expires; 0 for never."""
    return transfer.timestamp + transfer.timeout * SECOND if transfer.timeout else 0


class Naive:
    """The model."""

    def __init__(self) -> None:
        self.state = State()
        self.last = 0

    # -- requests ------------------------------------------------------------------------------------------------

    def create_accounts(self, events: list[Account], now: int) -> list[tuple[int, int]]:
        """(status, timestamp) of each."""
        return self._request(events, now, int(AccountFlags.IMPORTED), A, self._account)

    def create_transfers(self, events: list[Transfer], now: int) -> list[tuple[int, int]]:
        """(status, timestamp) of each."""
        return self._request(events, now, int(F.IMPORTED), T, self._transfer)

    def _request(
        self,
        events: list[Any],
        now: int,
        imported_flag: int,
        names: Any,
        create: Callable[[Any, int], tuple[int, int]],
    ) -> list[tuple[int, int]]:
        top = max(now, self.last + len(events))
        self.last = top
        times = [top - len(events) + i + 1 for i in range(len(events))]
        results: list[tuple[int, int]] = []
        start = 0
        while start < len(events):
            end = start
            while end < len(events) - 1 and events[end].flags & 1:
                end += 1
            chain = list(zip(events[start : end + 1], times[start : end + 1], strict=True))
            results += self._chain(
                chain, bool(events[end].flags & 1), events[0].flags & imported_flag, top, names, create
            )
            start = end + 1
        return results

    def _chain(
        self,
        chain: list[tuple[Any, int]],
        is_open: bool,
        imported: int,
        top: int,
        names: Any,
        create: Callable[[Any, int], tuple[int, int]],
    ) -> list[tuple[int, int]]:
        before = deepcopy(self.state) if len(chain) > 1 else self.state
        results: list[tuple[int, int]] = []
        for i, (event, time) in enumerate(chain):
            if is_open and i == len(chain) - 1:
                status, timestamp = int(names.LINKED_EVENT_CHAIN_OPEN), time
            else:
                status, timestamp = self._gate(event, time, imported, top, names) or create(event, time)
            if status != names.CREATED:
                self.state = before
                if names is T and status in BURNING:
                    self._burn(event, status, time)
                others = [(int(names.LINKED_EVENT_FAILED), at) for _, at in results]
                others += [(int(names.LINKED_EVENT_FAILED), at) for _, at in chain[i:]]
                others[i] = (int(status), timestamp)
                if is_open:
                    others[-1] = (int(names.LINKED_EVENT_CHAIN_OPEN), chain[-1][1])
                return others
            results.append((int(status), timestamp))
        return results

    def _gate(self, event: Any, time: int, imported: int, top: int, names: Any) -> tuple[int, int] | None:
        mine = event.flags & (F.IMPORTED if names is T else AccountFlags.IMPORTED)
        wrong = first(
            (
                (bool(imported and not mine), names.IMPORTED_EVENT_EXPECTED),
                (bool(mine and not imported), names.IMPORTED_EVENT_NOT_EXPECTED),
                (not imported and event.timestamp != 0, names.TIMESTAMP_MUST_BE_ZERO),
                (
                    bool(imported) and not 0 < event.timestamp <= TIMESTAMP_MAX,
                    names.IMPORTED_EVENT_TIMESTAMP_OUT_OF_RANGE,
                ),
                (bool(imported) and event.timestamp >= top, names.IMPORTED_EVENT_TIMESTAMP_MUST_NOT_ADVANCE),
            )
        )
        return None if wrong is None else (wrong, time)

    # -- accounts ------------------------------------------------------------------------------------------------

    def _account(self, event: Account, time: int) -> tuple[int, int]:
        wrong = first(
            (
                (event.flags >= 64, A.RESERVED_FLAG),
                (event.id == 0, A.ID_MUST_NOT_BE_ZERO),
                (event.id == AMOUNT_MAX, A.ID_MUST_NOT_BE_INT_MAX),
            )
        )
        if wrong is not None:
            return wrong, time
        old = self.state.accounts.get(event.id)
        if old is not None:
            status = first(
                (
                    (event.flags != old.flags, A.EXISTS_WITH_DIFFERENT_FLAGS),
                    (event.user_data_128 != old.user_data_128, A.EXISTS_WITH_DIFFERENT_USER_DATA_128),
                    (event.user_data_64 != old.user_data_64, A.EXISTS_WITH_DIFFERENT_USER_DATA_64),
                    (event.user_data_32 != old.user_data_32, A.EXISTS_WITH_DIFFERENT_USER_DATA_32),
                    (event.ledger != old.ledger, A.EXISTS_WITH_DIFFERENT_LEDGER),
                    (event.code != old.code, A.EXISTS_WITH_DIFFERENT_CODE),
                    (True, A.EXISTS),
                )
            )
            return int(status or 0), old.timestamp if status == A.EXISTS else time
        both = AccountFlags.DEBITS_MUST_NOT_EXCEED_CREDITS | AccountFlags.CREDITS_MUST_NOT_EXCEED_DEBITS
        taken = {t.timestamp for t in self.state.transfers.values()}
        newest = max((a.timestamp for a in self.state.accounts.values()), default=0)
        imported = event.flags & AccountFlags.IMPORTED
        wrong = first(
            (
                (event.flags & both == both, A.FLAGS_ARE_MUTUALLY_EXCLUSIVE),
                (event.debits_pending != 0, A.DEBITS_PENDING_MUST_BE_ZERO),
                (event.debits_posted != 0, A.DEBITS_POSTED_MUST_BE_ZERO),
                (event.credits_pending != 0, A.CREDITS_PENDING_MUST_BE_ZERO),
                (event.credits_posted != 0, A.CREDITS_POSTED_MUST_BE_ZERO),
                (event.ledger == 0, A.LEDGER_MUST_NOT_BE_ZERO),
                (event.code == 0, A.CODE_MUST_NOT_BE_ZERO),
                (
                    bool(imported) and (event.timestamp <= newest or event.timestamp in taken),
                    A.IMPORTED_EVENT_TIMESTAMP_MUST_NOT_REGRESS,
                ),
            )
        )
        if wrong is not None:
            return wrong, time
        new = replace(event, timestamp=event.timestamp if imported else time)
        self.state.accounts[new.id] = new
        self.state.journal.append(Line(EntryKind.ACCOUNT, time, replace(new)))
        return int(A.CREATED), new.timestamp

    # -- transfers -----------------------------------------------------------------------------------------------

    def _transfer(self, event: Transfer, time: int) -> tuple[int, int]:
        wrong = first(
            (
                (event.flags >= 512, T.RESERVED_FLAG),
                (event.id == 0, T.ID_MUST_NOT_BE_ZERO),
                (event.id == AMOUNT_MAX, T.ID_MUST_NOT_BE_INT_MAX),
            )
        )
        if wrong is not None:
            return wrong, time
        old = self.state.transfers.get(event.id)
        if old is not None:
            status = self._retry(event, old)
            return status, old.timestamp if status == T.EXISTS else time
        if event.id in self.state.burned:
            return int(T.ID_ALREADY_FAILED), time
        resolving = event.flags & (F.POST_PENDING_TRANSFER | F.VOID_PENDING_TRANSFER)
        wrong = self._resolve(event, time) if resolving else self._book(event, time)
        if wrong is not None:
            return wrong, time
        return int(T.CREATED), self.state.transfers[event.id].timestamp

    def _retry(self, event: Transfer, old: Transfer) -> int:
        same = replace(event)
        amount_differs = event.amount != old.amount
        if old.pending_id and event.flags == old.flags and event.pending_id == old.pending_id:
            pending = self.state.transfers[old.pending_id]
            same.debit_account_id = event.debit_account_id or old.debit_account_id
            same.credit_account_id = event.credit_account_id or old.credit_account_id
            same.ledger, same.code = event.ledger or old.ledger, event.code or old.code
            same.user_data_128 = event.user_data_128 or pending.user_data_128
            same.user_data_64 = event.user_data_64 or pending.user_data_64
            same.user_data_32 = event.user_data_32 or pending.user_data_32
            if event.flags & F.VOID_PENDING_TRANSFER and event.amount == 0:
                amount_differs = False
            if event.flags & F.POST_PENDING_TRANSFER and event.amount == AMOUNT_MAX:
                amount_differs = old.amount != pending.amount
        elif event.flags & (F.BALANCING_DEBIT | F.BALANCING_CREDIT):
            amount_differs = event.amount < old.amount
        status = first(
            (
                (same.flags != old.flags, T.EXISTS_WITH_DIFFERENT_FLAGS),
                (same.pending_id != old.pending_id, T.EXISTS_WITH_DIFFERENT_PENDING_ID),
                (same.timeout != old.timeout, T.EXISTS_WITH_DIFFERENT_TIMEOUT),
                (same.debit_account_id != old.debit_account_id, T.EXISTS_WITH_DIFFERENT_DEBIT_ACCOUNT_ID),
                (same.credit_account_id != old.credit_account_id, T.EXISTS_WITH_DIFFERENT_CREDIT_ACCOUNT_ID),
                (amount_differs, T.EXISTS_WITH_DIFFERENT_AMOUNT),
                (same.user_data_128 != old.user_data_128, T.EXISTS_WITH_DIFFERENT_USER_DATA_128),
                (same.user_data_64 != old.user_data_64, T.EXISTS_WITH_DIFFERENT_USER_DATA_64),
                (same.user_data_32 != old.user_data_32, T.EXISTS_WITH_DIFFERENT_USER_DATA_32),
                (same.ledger != old.ledger, T.EXISTS_WITH_DIFFERENT_LEDGER),
                (same.code != old.code, T.EXISTS_WITH_DIFFERENT_CODE),
                (True, T.EXISTS),
            )
        )
        return int(status or 0)

    def _book(self, event: Transfer, time: int) -> int | None:
        pending = bool(event.flags & F.PENDING)
        wrong = first(
            (
                (event.debit_account_id == 0, T.DEBIT_ACCOUNT_ID_MUST_NOT_BE_ZERO),
                (event.debit_account_id == AMOUNT_MAX, T.DEBIT_ACCOUNT_ID_MUST_NOT_BE_INT_MAX),
                (event.credit_account_id == 0, T.CREDIT_ACCOUNT_ID_MUST_NOT_BE_ZERO),
                (event.credit_account_id == AMOUNT_MAX, T.CREDIT_ACCOUNT_ID_MUST_NOT_BE_INT_MAX),
                (event.debit_account_id == event.credit_account_id, T.ACCOUNTS_MUST_BE_DIFFERENT),
                (event.pending_id != 0, T.PENDING_ID_MUST_BE_ZERO),
                (not pending and event.timeout != 0, T.TIMEOUT_RESERVED_FOR_PENDING_TRANSFER),
                (
                    not pending and bool(event.flags & (F.CLOSING_DEBIT | F.CLOSING_CREDIT)),
                    T.CLOSING_TRANSFER_MUST_BE_PENDING,
                ),
                (event.ledger == 0, T.LEDGER_MUST_NOT_BE_ZERO),
                (event.code == 0, T.CODE_MUST_NOT_BE_ZERO),
                (event.debit_account_id not in self.state.accounts, T.DEBIT_ACCOUNT_NOT_FOUND),
                (event.credit_account_id not in self.state.accounts, T.CREDIT_ACCOUNT_NOT_FOUND),
            )
        )
        if wrong is not None:
            return wrong
        debit = self.state.accounts[event.debit_account_id]
        credit = self.state.accounts[event.credit_account_id]
        imported = bool(event.flags & F.IMPORTED)
        new = replace(event, timestamp=event.timestamp if imported else time)
        if event.flags & F.BALANCING_DEBIT:
            room = debit.credits_posted - debit.debits_pending - debit.debits_posted
            new.amount = min(new.amount, max(0, room))
        if event.flags & F.BALANCING_CREDIT:
            room = credit.debits_posted - credit.credits_pending - credit.credits_posted
            new.amount = min(new.amount, max(0, room))
        total_debits = debit.debits_pending + debit.debits_posted + new.amount
        total_credits = credit.credits_pending + credit.credits_posted + new.amount
        debits_limited = bool(debit.flags & AccountFlags.DEBITS_MUST_NOT_EXCEED_CREDITS)
        credits_limited = bool(credit.flags & AccountFlags.CREDITS_MUST_NOT_EXCEED_DEBITS)
        wrong = first(
            (
                (debit.ledger != credit.ledger, T.ACCOUNTS_MUST_HAVE_THE_SAME_LEDGER),
                (event.ledger != debit.ledger, T.TRANSFER_MUST_HAVE_THE_SAME_LEDGER_AS_ACCOUNTS),
                (imported and self._regresses(event), T.IMPORTED_EVENT_TIMESTAMP_MUST_NOT_REGRESS),
                (
                    imported and event.timestamp <= debit.timestamp,
                    T.IMPORTED_EVENT_TIMESTAMP_MUST_POSTDATE_DEBIT_ACCOUNT,
                ),
                (
                    imported and event.timestamp <= credit.timestamp,
                    T.IMPORTED_EVENT_TIMESTAMP_MUST_POSTDATE_CREDIT_ACCOUNT,
                ),
                (imported and event.timeout != 0, T.IMPORTED_EVENT_TIMEOUT_MUST_BE_ZERO),
                (bool(debit.flags & AccountFlags.CLOSED), T.DEBIT_ACCOUNT_ALREADY_CLOSED),
                (bool(credit.flags & AccountFlags.CLOSED), T.CREDIT_ACCOUNT_ALREADY_CLOSED),
                (pending and debit.debits_pending + new.amount > AMOUNT_MAX, T.OVERFLOWS_DEBITS_PENDING),
                (pending and credit.credits_pending + new.amount > AMOUNT_MAX, T.OVERFLOWS_CREDITS_PENDING),
                (debit.debits_posted + new.amount > AMOUNT_MAX, T.OVERFLOWS_DEBITS_POSTED),
                (credit.credits_posted + new.amount > AMOUNT_MAX, T.OVERFLOWS_CREDITS_POSTED),
                (total_debits > AMOUNT_MAX, T.OVERFLOWS_DEBITS),
                (total_credits > AMOUNT_MAX, T.OVERFLOWS_CREDITS),
                (new.timestamp + new.timeout * SECOND > TIMESTAMP_MAX, T.OVERFLOWS_TIMEOUT),
                (debits_limited and total_debits > debit.credits_posted, T.EXCEEDS_CREDITS),
                (credits_limited and total_credits > credit.debits_posted, T.EXCEEDS_DEBITS),
            )
        )
        if wrong is not None:
            return wrong
        self._move(new, debit, credit)
        self._store(new, time, debit, credit)
        return None

    def _move(self, new: Transfer, debit: Account, credit: Account) -> None:
        if not new.flags & F.PENDING:
            debit.debits_posted += new.amount
            credit.credits_posted += new.amount
            return
        debit.debits_pending += new.amount
        credit.credits_pending += new.amount
        self.state.pending[new.id] = PendingStatus.PENDING
        if new.flags & F.CLOSING_DEBIT:
            debit.flags |= AccountFlags.CLOSED
        if new.flags & F.CLOSING_CREDIT:
            credit.flags |= AccountFlags.CLOSED

    def _regresses(self, event: Transfer) -> bool:
        of_an_account = any(account.timestamp == event.timestamp for account in self.state.accounts.values())
        return event.timestamp <= self.state.last_transfer or of_an_account

    def _resolve(self, event: Transfer, time: int) -> int | None:
        post, void = bool(event.flags & F.POST_PENDING_TRANSFER), bool(event.flags & F.VOID_PENDING_TRANSFER)
        others = F.PENDING | F.BALANCING_DEBIT | F.BALANCING_CREDIT | F.CLOSING_DEBIT | F.CLOSING_CREDIT
        wrong = first(
            (
                ((post and void) or bool(event.flags & others), T.FLAGS_ARE_MUTUALLY_EXCLUSIVE),
                (event.pending_id == 0, T.PENDING_ID_MUST_NOT_BE_ZERO),
                (event.pending_id == AMOUNT_MAX, T.PENDING_ID_MUST_NOT_BE_INT_MAX),
                (event.pending_id == event.id, T.PENDING_ID_MUST_BE_DIFFERENT),
                (event.timeout != 0, T.TIMEOUT_RESERVED_FOR_PENDING_TRANSFER),
                (event.pending_id not in self.state.transfers, T.PENDING_TRANSFER_NOT_FOUND),
            )
        )
        if wrong is not None:
            return wrong
        old = self.state.transfers[event.pending_id]
        whole = event.amount == (AMOUNT_MAX if post else 0)
        amount = old.amount if whole else event.amount
        status = self.state.pending.get(old.id)
        debit, credit = self.state.accounts[old.debit_account_id], self.state.accounts[old.credit_account_id]
        due = expiry(old)
        imported = bool(event.flags & F.IMPORTED)
        wrong = first(
            (
                (not old.flags & F.PENDING, T.PENDING_TRANSFER_NOT_PENDING),
                (
                    event.debit_account_id not in (0, old.debit_account_id),
                    T.PENDING_TRANSFER_HAS_DIFFERENT_DEBIT_ACCOUNT_ID,
                ),
                (
                    event.credit_account_id not in (0, old.credit_account_id),
                    T.PENDING_TRANSFER_HAS_DIFFERENT_CREDIT_ACCOUNT_ID,
                ),
                (event.ledger not in (0, old.ledger), T.PENDING_TRANSFER_HAS_DIFFERENT_LEDGER),
                (event.code not in (0, old.code), T.PENDING_TRANSFER_HAS_DIFFERENT_CODE),
                (amount > old.amount, T.EXCEEDS_PENDING_TRANSFER_AMOUNT),
                (void and amount < old.amount, T.PENDING_TRANSFER_HAS_DIFFERENT_AMOUNT),
                (status == PendingStatus.POSTED, T.PENDING_TRANSFER_ALREADY_POSTED),
                (status == PendingStatus.VOIDED, T.PENDING_TRANSFER_ALREADY_VOIDED),
                (status == PendingStatus.EXPIRED or 0 < due <= time, T.PENDING_TRANSFER_EXPIRED),
                (imported and self._regresses(event), T.IMPORTED_EVENT_TIMESTAMP_MUST_NOT_REGRESS),
                (post and bool(debit.flags & AccountFlags.CLOSED), T.DEBIT_ACCOUNT_ALREADY_CLOSED),
                (post and bool(credit.flags & AccountFlags.CLOSED), T.CREDIT_ACCOUNT_ALREADY_CLOSED),
            )
        )
        if wrong is not None:
            return wrong
        self.state.pending[old.id] = PendingStatus.POSTED if post else PendingStatus.VOIDED
        self._release(old, debit, credit, reopen=void)
        if post:
            debit.debits_posted += amount
            credit.credits_posted += amount
        new = replace(
            event,
            debit_account_id=old.debit_account_id,
            credit_account_id=old.credit_account_id,
            amount=amount,
            user_data_128=event.user_data_128 or old.user_data_128,
            user_data_64=event.user_data_64 or old.user_data_64,
            user_data_32=event.user_data_32 or old.user_data_32,
            ledger=old.ledger,
            code=old.code,
            timestamp=event.timestamp if imported else time,
        )
        self._store(new, time, debit, credit)
        return None

    def _release(self, old: Transfer, debit: Account, credit: Account, reopen: bool) -> None:
        debit.debits_pending -= old.amount
        credit.credits_pending -= old.amount
        if reopen and old.flags & F.CLOSING_DEBIT:
            debit.flags &= ~AccountFlags.CLOSED
        if reopen and old.flags & F.CLOSING_CREDIT:
            credit.flags &= ~AccountFlags.CLOSED

    def _store(self, new: Transfer, time: int, debit: Account, credit: Account) -> None:
        self.state.transfers[new.id] = new
        self.state.last_transfer = new.timestamp
        self._line(EntryKind.TRANSFER, time, new, debit, credit)

    def _line(self, kind: EntryKind, time: int, event: Transfer, debit: Account, credit: Account) -> None:
        self.state.journal.append(
            Line(
                kind,
                time,
                replace(event),
                debit=balances(debit),
                credit=balances(credit),
                flags=(int(debit.flags), int(credit.flags)),
            )
        )

    def _burn(self, event: Transfer, status: int, time: int) -> None:
        self.state.burned.add(event.id)
        self.state.journal.append(
            Line(EntryKind.BURNED_ID, time, replace(event, timestamp=time), status=int(status))
        )

    # -- time ----------------------------------------------------------------------------------------------------

    def expire(self, now: int) -> int:
        """Release every pending transfer that is due at `now`; how many."""
        due = sorted(
            (expiry(transfer), transfer.timestamp, transfer.id)
            for transfer in self.state.transfers.values()
            if self.state.pending.get(transfer.id) == PendingStatus.PENDING and 0 < expiry(transfer) <= now
        )
        for at, _, name in due:
            old = self.state.transfers[name]
            debit = self.state.accounts[old.debit_account_id]
            credit = self.state.accounts[old.credit_account_id]
            self._release(old, debit, credit, reopen=True)
            self.state.pending[name] = PendingStatus.EXPIRED
            self.last = max(at, self.last + 1)
            self.state.last_transfer = self.last
            self._line(EntryKind.EXPIRY, self.last, old, debit, credit)
        return len(due)


def first(checks: Checks) -> int | None:
    """The status of the first check that holds."""
    return next((int(status) for wrong, status in checks if wrong), None)
