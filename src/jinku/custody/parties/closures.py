"""Closing a party's accounts in the ledger itself, and opening them again.

Rules:

1. An account is closed by a pending transfer of amount 0 with ``CLOSING_DEBIT``: from then on the ledger refuses
   every movement to and from it, whoever asks, but the voiding of holds. Voiding that transfer opens the account
   again.
2. All accounts of a party are closed, or opened, as one linked chain: all or none.
3. Ids are derived from a key that is written down first, so that asking again changes nothing.
4. The ledger burns the id of what it refuses. A movement refused because of a closure is therefore booked under the
   next number of its order (rule 5), and a refused closure is asked for under a new id.
5. What the bank did already for a closed account (a payout it made, money it received) is booked between a void of
   the closure and a closure anew, in one chain: nobody else gets in between. Such a chain may settle payouts asked
   for before and bring money in from the bank; it never takes money anew, nor to or from anybody else.

Example::

    close_accounts(ledger, closures(accounts, counterparty, key="freeze 12"))
"""

from collections.abc import Sequence, Set
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from jinku.base.ids import derived_id
from jinku.custody.parties.errors import BadParty, LedgerRefused
from jinku.custody.structure.table import Movement
from jinku.ledger.layout import ID, MASK_64, TRANSFER, Array, set_u128, u128
from jinku.ledger.model import Account, CreateTransferStatus, TransferFlags

_NAMESPACE = "jinku/party-closure"
_CLOSING = TransferFlags.PENDING | TransferFlags.CLOSING_DEBIT
_SETTLES = np.uint16(TransferFlags.POST_PENDING_TRANSFER | TransferFlags.VOID_PENDING_TRANSFER)


class ClosingLedger(Protocol):
    """What is needed of a ledger."""

    def create_transfers_array(self, batch: Array) -> Array:
        """``TRANSFER`` rows in, ``RESULT`` rows out, once durable."""
        ...

    def lookup_accounts(self, accounts: Sequence[int]) -> list[Account]:
        """The accounts with these ids that exist, as of one instant."""
        ...

    def lookup_transfers_array(self, ids: Array) -> Array:
        """``TRANSFER`` rows of the ``ID`` rows that exist, in the order asked."""
        ...

    def transfer_sequence(self, transfer_id: int) -> int:
        """The journal's entry of a transfer, or of its id where that was burned by a refusal; -1 for neither."""
        ...


@dataclass(frozen=True, slots=True)
class Closure:
    """One account's closing transfer: its id, the account, and the account on its other side."""

    id: int
    account: int
    counterparty: int


def closures(accounts: Sequence[int], counterparties: Sequence[int], key: str) -> list[Closure]:
    """The closures of `accounts` that the act `key` makes; counterparties are accounts of the same ledger that stay
    open (suspense), in the same order.
    """
    return [
        Closure(derived_id(_NAMESPACE, key, str(account)), account, other)
        for account, other in zip(accounts, counterparties, strict=True)
    ]


def close_accounts(ledger: ClosingLedger, made: Sequence[Closure]) -> None:
    """Close all of these accounts, or none; harmless when done before. Raises LedgerRefused."""
    _send(ledger, _closing_rows(made), "closing")


def open_accounts(ledger: ClosingLedger, made: Sequence[Closure], key: str) -> None:
    """Take these closures back, all or none; harmless when done before. Raises LedgerRefused."""
    _send(ledger, _opening_rows(made, key), "opening")


def book_through(
    ledger: ClosingLedger, made: Sequence[Closure], rows: Array, key: str, places: Set[int]
) -> list[Closure]:
    """Book ``TRANSFER`` rows on closed accounts by rule 5; the closures that stand afterwards. `places` are the
    accounts that mirror where money lies.

    Raises BadParty for rows that rule 5 does not allow, LedgerRefused.
    """
    _check_through(ledger, {one.account for one in made}, rows, places)
    anew = closures([one.account for one in made], [one.counterparty for one in made], key)
    if existing(ledger, anew):
        return anew  # this chain was booked before
    middle = _renumbered(ledger, rows)
    middle["flags"] |= np.uint16(TransferFlags.LINKED)
    chain = np.concatenate([_opening_rows(made, key), middle, _closing_rows(anew)])
    chain["flags"][:-1] |= np.uint16(TransferFlags.LINKED)
    _send(ledger, chain, "booking through a closure")
    return anew


def existing(ledger: ClosingLedger, made: Sequence[Closure]) -> set[int]:
    """Which of these closing transfers the ledger has, taken back or not."""
    ids = np.zeros(len(made), ID)
    ids["id_lo"] = [one.id & MASK_64 for one in made]
    ids["id_hi"] = [one.id >> 64 for one in made]
    return set(u128(ledger.lookup_transfers_array(ids), "id")) if made else set()


def _closing_rows(made: Sequence[Closure]) -> Array:
    rows = np.zeros(len(made), TRANSFER)
    set_u128(rows, "id", (one.id for one in made))
    set_u128(rows, "debit_account_id", (one.account for one in made))
    set_u128(rows, "credit_account_id", (one.counterparty for one in made))
    rows["ledger"] = [one.account >> 16 & 0xFFFF for one in made]
    rows["code"] = Movement.CLOSURE
    rows["flags"] = _CLOSING
    rows["flags"][:-1] |= np.uint16(TransferFlags.LINKED)
    return rows


def _opening_rows(made: Sequence[Closure], key: str) -> Array:
    rows = np.zeros(len(made), TRANSFER)
    set_u128(rows, "id", (derived_id(_NAMESPACE, "void", key, str(one.account)) for one in made))
    set_u128(rows, "pending_id", (one.id for one in made))
    rows["flags"] = TransferFlags.VOID_PENDING_TRANSFER
    rows["flags"][:-1] |= np.uint16(TransferFlags.LINKED)
    return rows


def _check_through(ledger: ClosingLedger, accounts: Set[int], rows: Array, places: Set[int]) -> None:
    settles = rows["flags"] & _SETTLES != 0
    debits, credits_ = u128(rows, "debit_account_id"), u128(rows, "credit_account_id")
    for settling, flags, debit, credit in zip(
        settles.tolist(), rows["flags"].tolist(), debits, credits_, strict=True
    ):
        allowed = debit in places and credit in accounts and not flags & ~TransferFlags.LINKED
        if not settling and not allowed:
            raise BadParty(
                "only money from the bank and payouts asked for before can be booked on a closed account",
                field="transfer",
                remedy="open the account first, or leave the movement out",
            )
    ids = np.zeros(int(settles.sum()), ID)
    ids["id_lo"], ids["id_hi"] = rows["pending_id_lo"][settles], rows["pending_id_hi"][settles]
    held = ledger.lookup_transfers_array(ids) if len(ids) else np.zeros(0, TRANSFER)
    theirs = [
        debit in accounts and credit in places
        for debit, credit in zip(u128(held, "debit_account_id"), u128(held, "credit_account_id"), strict=True)
    ]
    closing = (held["flags"] & np.uint16(TransferFlags.CLOSING_DEBIT)) != 0
    if len(held) != len(ids) or not all(theirs) or closing.any():
        raise BadParty("names no payout of these accounts", field="pending_id", remedy="check its id")


def _renumbered(ledger: ClosingLedger, rows: Array) -> Array:
    """`rows` with the next free number in place of one that the ledger burned when it refused the row while the account
    was closed. Ids of orders end in the number of the leg, so the order stays the same.
    """
    renumbered = rows.copy()
    ids = u128(rows, "id")
    taken = set(ids)
    for place, number in enumerate(ids):
        while ledger.transfer_sequence(number) >= 0 and not _booked(ledger, number):
            number += 1
            while number in taken:
                number += 1
        taken.add(number)
        ids[place] = number
    set_u128(renumbered, "id", ids)
    return renumbered


def _booked(ledger: ClosingLedger, number: int) -> bool:
    row = np.zeros(1, ID)
    set_u128(row, "id", [number])
    return bool(len(ledger.lookup_transfers_array(row)))


def _send(ledger: ClosingLedger, rows: Array, what: str) -> None:
    statuses = [CreateTransferStatus(one) for one in ledger.create_transfers_array(rows)["status"].tolist()]
    created = all(one is CreateTransferStatus.CREATED for one in statuses)
    # a chain that was booked before answers for its first transfer and breaks there
    if created or statuses[0] is CreateTransferStatus.EXISTS:
        return
    own = [one for one in statuses if one is not CreateTransferStatus.LINKED_EVENT_FAILED]
    status = (own or statuses)[0]
    raise LedgerRefused(f"{what} was refused: {status.name.lower()}", remedy="look at the party's accounts")
