"""The plain model with the surface of a ledger: every question answered by looking through all that there is."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import TypeVar

from tests.ledger.naive import TIMESTAMP_MAX, Balances, Line, Naive

from jinku.ledger.layout import AMOUNT_MAX, EntryKind
from jinku.ledger.model import (
    Account,
    AccountBalance,
    AccountFilter,
    AccountFilterFlags,
    AccountFlags,
    ChangeEvent,
    ChangeEventsFilter,
    ChangeEventType,
    CreateAccountResult,
    CreateAccountStatus,
    CreateTransferResult,
    CreateTransferStatus,
    QueryFilter,
    QueryFilterFlags,
    Transfer,
    TransferFlags,
)

Row = TypeVar("Row", Account, Transfer)
KINDS = {
    TransferFlags.PENDING: ChangeEventType.TWO_PHASE_PENDING,
    TransferFlags.POST_PENDING_TRANSFER: ChangeEventType.TWO_PHASE_POSTED,
    TransferFlags.VOID_PENDING_TRANSFER: ChangeEventType.TWO_PHASE_VOIDED,
}


class NaiveLedger:
    """See the module."""

    def __init__(self, clock: Callable[[], int]) -> None:
        self.naive = Naive()
        self.clock = clock

    def create_accounts(self, accounts: list[Account]) -> list[CreateAccountResult]:
        answers = self._now().create_accounts(accounts, self.clock())
        return [CreateAccountResult(timestamp, CreateAccountStatus(status)) for status, timestamp in answers]

    def create_transfers(self, transfers: list[Transfer]) -> list[CreateTransferResult]:
        answers = self._now().create_transfers(transfers, self.clock())
        return [
            CreateTransferResult(timestamp, CreateTransferStatus(status)) for status, timestamp in answers
        ]

    def lookup_accounts(self, accounts: Sequence[int]) -> list[Account]:
        known = self._now().state.accounts
        return [replace(known[number]) for number in accounts if number in known]

    def lookup_transfers(self, transfers: Sequence[int]) -> list[Transfer]:
        known = self._now().state.transfers
        return [known[number] for number in transfers if number in known]

    def get_account_transfers(self, wanted: AccountFilter, /) -> list[Transfer]:
        return [event for line in self._moves(wanted) if isinstance(event := line.event, Transfer)]

    def get_account_balances(self, wanted: AccountFilter, /) -> list[AccountBalance]:
        account = self._now().state.accounts.get(wanted.account_id)
        if account is None or not account.flags & AccountFlags.HISTORY:
            return []
        return [
            AccountBalance(*_side(line, wanted.account_id), timestamp=line.event.timestamp)
            for line in self._moves(wanted)
        ]

    def query_accounts(self, wanted: QueryFilter, /) -> list[Account]:
        return self._query(wanted, self._now().state.accounts.values())

    def query_transfers(self, wanted: QueryFilter, /) -> list[Transfer]:
        return self._query(wanted, self._now().state.transfers.values())

    def get_change_events(self, wanted: ChangeEventsFilter, /) -> list[ChangeEvent]:
        moves = [
            (line.booked if line.kind is EntryKind.EXPIRY else line.event.timestamp, line)
            for line in self._now().state.journal
            if line.kind in (EntryKind.TRANSFER, EntryKind.EXPIRY)
        ]
        if not _bounded(wanted.timestamp_min, wanted.timestamp_max):
            return []
        low, high = wanted.timestamp_min, wanted.timestamp_max or TIMESTAMP_MAX
        return [self._change(at, line) for at, line in moves if low <= at <= high][: wanted.limit]

    def _now(self) -> Naive:
        self.naive.expire(self.clock())
        return self.naive

    def _moves(self, wanted: AccountFilter) -> list[Line]:
        flags = wanted.flags
        if (
            not _bounded(wanted.timestamp_min, wanted.timestamp_max)
            or not flags & (AccountFilterFlags.DEBITS | AccountFilterFlags.CREDITS)
            or flags >= 8
            or wanted.account_id in (0, AMOUNT_MAX)
        ):
            return []
        found = [
            line
            for line in self._now().state.journal
            if line.kind is EntryKind.TRANSFER
            and isinstance(line.event, Transfer)
            and (
                (flags & AccountFilterFlags.DEBITS and line.event.debit_account_id == wanted.account_id)
                or (flags & AccountFilterFlags.CREDITS and line.event.credit_account_id == wanted.account_id)
            )
            and _matches(line.event, wanted)
        ]
        return found[:: -1 if flags & AccountFilterFlags.REVERSED else 1][: wanted.limit]

    def _query(self, wanted: QueryFilter, rows: Iterable[Row]) -> list[Row]:
        if not _bounded(wanted.timestamp_min, wanted.timestamp_max) or wanted.flags >= 2:
            return []
        found = [replace(row) for row in rows if _matches(row, wanted)]
        return found[:: -1 if wanted.flags & QueryFilterFlags.REVERSED else 1][: wanted.limit]

    def _change(self, at: int, line: Line) -> ChangeEvent:
        transfer = line.event
        if not isinstance(transfer, Transfer):
            raise TypeError(line)
        kind = next(
            (kind for flag, kind in KINDS.items() if transfer.flags & flag), ChangeEventType.SINGLE_PHASE
        )
        values: dict[str, object] = {
            f"transfer_{name}": getattr(transfer, name)
            for name in Transfer.__slots__
            if name not in ("debit_account_id", "credit_account_id", "ledger")
        }
        for side, number, balances, flags in (
            ("debit", transfer.debit_account_id, line.debit, line.flags[0]),
            ("credit", transfer.credit_account_id, line.credit, line.flags[1]),
        ):
            account = self.naive.state.accounts[number]
            for name in ("id", "user_data_128", "user_data_64", "user_data_32", "code", "timestamp"):
                values[f"{side}_account_{name}"] = getattr(account, name)
            for name, value in zip(_BALANCES, balances, strict=True):
                values[f"{side}_account_{name}"] = value
            values[f"{side}_account_flags"] = AccountFlags(flags)
        expired = line.kind is EntryKind.EXPIRY
        return ChangeEvent(
            **values,  # type: ignore[arg-type]
            ledger=transfer.ledger,
            type=ChangeEventType.TWO_PHASE_EXPIRED if expired else kind,
            timestamp=at,
        )


_BALANCES = ("debits_pending", "debits_posted", "credits_pending", "credits_posted")


def _bounded(low: int, high: int) -> bool:
    return low <= TIMESTAMP_MAX and high <= TIMESTAMP_MAX and (high == 0 or low <= high)


def _matches(row: Account | Transfer, wanted: AccountFilter | QueryFilter) -> bool:
    return all(
        getattr(wanted, name, 0) in (0, getattr(row, name))
        for name in ("user_data_128", "user_data_64", "user_data_32", "ledger", "code")
    ) and wanted.timestamp_min <= row.timestamp <= (wanted.timestamp_max or TIMESTAMP_MAX)


def _side(line: Line, account_id: int) -> Balances:
    if not isinstance(line.event, Transfer):
        raise TypeError(line)
    return line.debit if line.event.debit_account_id == account_id else line.credit
