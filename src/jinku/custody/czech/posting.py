"""Post the Czech bank's movements to a ledger, as of their own days.

Rules:

1. One account per customer account, one contra account per kind of movement; all in ledger 203 (CZK),
   amounts in haléř. A credit to the customer debits the contra account, and the reverse.
2. Everything is *imported*: its timestamp is its business day (accounts at the day's start, movements from
   the first hour on, in order of the file), so that balances as of any day of 1993 can be asked.
3. Ids are derived from the file's own numbers, so that a second import finds everything there already.
4. Before anything is posted, what the ledger already holds is compared: ImportRefused where it contradicts
   the file or holds something newer, and nothing is posted.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from jinku.base.clock import NS_PER_SECOND, day_of, start_of_day
from jinku.base.ids import derived_id
from jinku.custody.czech.file import KORUNA, CzechFiles, CzechMovement
from jinku.custody.czech.table import CUSTOMER_CODE, movement_code
from jinku.custody.errors import ImportRefused
from jinku.ledger.layout import ACCOUNT, ID, TRANSFER, Array, row_bytes, set_u128, u128
from jinku.ledger.limits import BATCH_EVENTS_MAX
from jinku.ledger.model import Account, AccountFlags, QueryFilter, QueryFilterFlags, Transfer, TransferFlags
from jinku.ledger.service import Ledger
from jinku.ledger.statuses import CreateAccountStatus, CreateTransferStatus

Progress = Callable[[str, int, int], None]
"""Called with a stage's name, how much is done, and of how much."""

_FIRST_MOVEMENT_NS = 3_600 * NS_PER_SECOND


@dataclass(frozen=True, slots=True)
class Posted:
    """How many events an import found new, and how many there already."""

    accounts_created: int
    accounts_existing: int
    transfers_created: int
    transfers_existing: int


def customer_id(account_id: int) -> int:
    """The ledger's id of a customer's account."""
    return derived_id("czech-bank/account", str(account_id))


def contra_id(code: int) -> int:
    """The ledger's id of the contra account of movements with this code."""
    return derived_id("czech-bank/contra", str(code))


def transfer_id(trans_id: int) -> int:
    """The ledger's id of a movement."""
    return derived_id("czech-bank/transaction", str(trans_id))


def account_rows(files: CzechFiles) -> Array:
    """``ACCOUNT`` rows of every contra account and of every customer account that has movements."""
    first = start_of_day(min(min(files.opened.values()), files.movements[0].day))
    codes = sorted({movement_code(one.operation, one.symbol) for one in files.movements})
    contra = [(contra_id(code), code, 0, first) for code in codes]
    active = sorted({one.account_id for one in files.movements}, key=lambda one: (files.opened[one], one))
    customers = [(customer_id(one), CUSTOMER_CODE, one, start_of_day(files.opened[one])) for one in active]
    planned = contra + customers
    rows = np.zeros(len(planned), ACCOUNT)
    set_u128(rows, "id", (one[0] for one in planned))
    rows["code"] = [one[1] for one in planned]
    rows["user_data_64"] = [one[2] for one in planned]
    rows["timestamp"] = [one[3] + number for number, one in enumerate(planned, 1)]
    rows["ledger"] = KORUNA.number
    rows["flags"] = AccountFlags.IMPORTED | AccountFlags.HISTORY
    return rows


def transfer_rows(movements: Sequence[CzechMovement]) -> Array:
    """``TRANSFER`` rows of `movements`, in their order.

    ``user_data_64`` is the file's ``trans_id``, ``user_data_32`` the business day as YYYYMMDD.
    """
    codes = [movement_code(one.operation, one.symbol) for one in movements]
    contra = {code: contra_id(code) for code in set(codes)}
    customers = {number: customer_id(number) for number in {one.account_id for one in movements}}
    sides = [
        (contra[code], customers[one.account_id]) if one.credit else (customers[one.account_id], contra[code])
        for one, code in zip(movements, codes, strict=True)
    ]
    rows = np.zeros(len(movements), TRANSFER)
    set_u128(rows, "id", (transfer_id(one.trans_id) for one in movements))
    set_u128(rows, "debit_account_id", (debit for debit, _ in sides))
    set_u128(rows, "credit_account_id", (credit for _, credit in sides))
    set_u128(rows, "amount", (one.amount for one in movements))
    rows["code"] = codes
    rows["user_data_64"] = [one.trans_id for one in movements]
    rows["user_data_32"] = [one.day.year * 10_000 + one.day.month * 100 + one.day.day for one in movements]
    rows["timestamp"] = [
        start_of_day(one.day) + _FIRST_MOVEMENT_NS + number for number, one in enumerate(movements)
    ]
    rows["ledger"] = KORUNA.number
    rows["flags"] = TransferFlags.IMPORTED
    return rows


def post(ledger: Ledger, files: CzechFiles, progress: Progress) -> Posted:
    """Post all of `files`. Raises ImportRefused before posting anything (rule 4)."""
    accounts, transfers = account_rows(files), transfer_rows(files.movements)
    _refuse_conflicts(ledger, accounts, transfers, files.movements)
    created_accounts = 0
    for batch in _batches(accounts):
        status = ledger.create_accounts_array(batch)["status"]
        created_accounts += _created(status, CreateAccountStatus.CREATED, CreateAccountStatus.EXISTS)
    created = done = 0
    for batch in _batches(transfers):
        status = ledger.create_transfers_array(batch)["status"]
        created += _created(status, CreateTransferStatus.CREATED, CreateTransferStatus.EXISTS)
        done += len(batch)
        progress("posting movements", done, len(transfers))
    return Posted(created_accounts, len(accounts) - created_accounts, created, len(transfers) - created)


def _batches(rows: Array) -> list[Array]:
    return [rows[at : at + BATCH_EVENTS_MAX] for at in range(0, len(rows), BATCH_EVENTS_MAX)]


def _created(status: Array, created: int, exists: int) -> int:
    refused = status[(status != created) & (status != exists)]
    if len(refused):
        raise ImportRefused(
            f"the ledger refused {len(refused)} of {len(status)} events, the first with status {int(refused[0])}",
            remedy="import into a new ledger",
        )
    return int((status == created).sum())


def _refuse_conflicts(
    ledger: Ledger, accounts: Array, transfers: Array, movements: Sequence[CzechMovement]
) -> None:
    """Rule 4: the same ids must hold the same records, and everything else must be older than what is new."""
    held = _held(ledger.lookup_transfers_array, transfers)
    first_new = 0
    rows = zip(
        u128(transfers, "id"), row_bytes(transfers), transfers["timestamp"].tolist(), movements, strict=True
    )
    for number, asked, timestamp, one in rows:
        there = held.get(number)
        if there is not None and there != asked:
            raise ImportRefused(
                f"trans.asc:{one.line}: trans_id={one.trans_id} is in the ledger already, with other values",
                remedy="import the changed file into a new ledger",
            )
        if there is None and not first_new:
            first_new = timestamp
    known = _held(ledger.lookup_accounts_array, accounts)
    stamps = zip(u128(accounts, "id"), accounts["timestamp"].tolist(), strict=True)
    first_account = min((stamp for number, stamp in stamps if number not in known), default=0)
    newest = QueryFilter(0, 0, 0, 0, 0, 0, 0, 1, QueryFilterFlags.REVERSED)
    _refuse_newer("movements", first_new, ledger.query_transfers(newest))
    _refuse_newer("accounts", first_account, ledger.query_accounts(newest))


def _held(lookup: Callable[[Array], Array], rows: Array) -> dict[int, bytes]:
    """What the ledger holds under the ids of `rows`."""
    held: dict[int, bytes] = {}
    for batch in _batches(rows):
        ids = np.zeros(len(batch), ID)
        ids["id_lo"], ids["id_hi"] = batch["id_lo"], batch["id_hi"]
        found = lookup(ids)
        held.update(zip(u128(found, "id"), row_bytes(found), strict=True))
    return held


def _refuse_newer(what: str, first_new: int, newest: Sequence[Account | Transfer]) -> None:
    if first_new and newest and newest[0].timestamp >= first_new:
        raise ImportRefused(
            f"the ledger already holds {what} up to {day_of(newest[0].timestamp)}, the file has older ones",
            remedy="import into a new ledger: imported history cannot go before what is booked",
        )
