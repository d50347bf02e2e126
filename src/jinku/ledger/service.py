"""The ledger as programs use it: the surface of TigerBeetle's Python client, plus a columnar one for bulk.

Example::

    with open_ledger("ledger-directory") as ledger:
        ledger.create_accounts([Account(id=1, ledger=156, code=10), Account(id=2, ledger=156, code=10)])
        ledger.create_transfers([Transfer(id=3, debit_account_id=1, credit_account_id=2, amount=100,
                                          ledger=156, code=1)])
        ledger.lookup_accounts([1, 2])

Every `create_…` returns only after its events are durable. Any number of threads may call at once; their requests
are committed in groups. Reads see durable state only and never hold up a commit.
"""

import copy
import threading
from collections.abc import Callable, Sequence
from typing import cast

import numpy as np

from jinku.base.closing import Closing
from jinku.ledger import committer as run
from jinku.ledger import convert
from jinku.ledger.committer import Clock, Committer, Execute, Waiting
from jinku.ledger.core import Core
from jinku.ledger.errors import LedgerClosed, LedgerError, TooMuchDataError, TopicClaimed
from jinku.ledger.layout import ACCOUNT, RESULT, SEAL, TRANSFER, Array, check_rows, row_bytes
from jinku.ledger.limits import BATCH_EVENTS_MAX, RESULTS_MAX
from jinku.ledger.model import (
    Account,
    AccountBalance,
    AccountFilter,
    ChangeEvent,
    ChangeEventsFilter,
    QueryFilter,
    Transfer,
)
from jinku.ledger.objects import ObjectCalls
from jinku.ledger.reader import Reader
from jinku.ledger.store import Store

Door = Callable[[run.Request], None]
"""Takes requests on their way to the writing thread."""
_MOVE_NO_MONEY = frozenset({run.create_accounts, run.seal, run.pulse})


class _Life:
    """Whether a ledger is open, and who seals alone under which topic, told to all views of it."""

    def __init__(self) -> None:
        self.open = True
        self.claimed: set[int] = set()
        self.lock = threading.Lock()


class Ledger(ObjectCalls, Closing):
    """One open ledger; see the module. Made by :func:`jinku.ledger.open_ledger`."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        self._core = Core(store)
        self._committer = Committer(self._core, clock)
        self._reader = Reader(store, self._core.visible, self._core.machine)
        self._life = _Life()
        self._door: Door | None = None

    # --- objects, as tigerbeetle.ClientSync has them -------------------------------------------------------------

    def get_account_transfers(self, filter: AccountFilter) -> list[Transfer]:  # noqa: A002 - the client's name
        """Transfers that debit or credit one account."""
        return convert.transfers(self._read().account_transfers(filter))

    def get_account_balances(self, filter: AccountFilter) -> list[AccountBalance]:  # noqa: A002
        """Balances after each transfer of an account created with ``HISTORY``."""
        balances, timestamps = self._read().account_balances(filter)
        return convert.balances(balances, timestamps)

    def query_accounts(self, query_filter: QueryFilter) -> list[Account]:
        """Accounts that match every non-zero field."""
        return convert.accounts(self._read().query_accounts(query_filter))

    def query_transfers(self, query_filter: QueryFilter) -> list[Transfer]:
        """Transfers that match every non-zero field."""
        return convert.transfers(self._read().query_transfers(query_filter))

    def get_change_events(self, filter: ChangeEventsFilter) -> list[ChangeEvent]:  # noqa: A002
        """Transfers and expiries with both accounts as they stood right after, in order of time."""
        reader = self._read()
        entries = reader.change_entries(filter)
        return convert.change_events(entries, reader.accounts)

    # --- columns, for bulk --------------------------------------------------------------------------------------

    def create_accounts_array(self, batch: Array) -> Array:
        """`batch`: up to 8,189 ``ACCOUNT`` rows, not changed. Returns as many ``RESULT`` rows, once durable."""
        return cast(Array, self._create(run.create_accounts, batch, ACCOUNT))

    def create_transfers_array(self, batch: Array) -> Array:
        """`batch`: up to 8,189 ``TRANSFER`` rows, not changed. Returns as many ``RESULT`` rows, once durable."""
        return cast(Array, self._create(run.create_transfers, batch, TRANSFER))

    def lookup_accounts_array(self, ids: Array) -> Array:
        """``ACCOUNT`` rows of the ``ID`` rows that exist."""
        _within(len(ids))
        return self._read().accounts(ids)

    def lookup_transfers_array(self, ids: Array) -> Array:
        """``TRANSFER`` rows of the ``ID`` rows that exist."""
        _within(len(ids))
        return self._read().transfers(ids)

    def accounts_array(self) -> Array:
        """Every account, as of one instant, in order of creation."""
        self._read()
        return self._core.visible.accounts()

    def balances_as_of(self, accounts: Sequence[int], timestamp: int) -> list[Account | None]:
        """Each account as it stood at `timestamp` (ns, inclusive); None where it did not exist then."""
        rows = self._read().balances_as_of(convert.ids_array(accounts), timestamp)
        return [account if account.id else None for account in convert.accounts(rows)]

    def account_entries(self, account: int, timestamp_min: int, timestamp_max: int) -> Array:
        """Every ``ENTRY`` row that moved `account`, transfers and expiries, by the event's time (ns, inclusive)."""
        return self._read().account_entries(account, timestamp_min, timestamp_max)

    # --- the journal, which is the log ---------------------------------------------------------------------------

    def seal(self, digest: bytes, topic: int) -> tuple[int, int]:
        """Put the 32-byte `digest` of an outside document into the log under a topic number (up to 2^32 - 1).

        Returns the entry's sequence number and timestamp once durable.
        """
        if len(digest) != 32 or not 0 <= topic < 1 << 32:
            raise LedgerError(
                f"a seal takes 32 bytes and a 32-bit topic, not {len(digest)} bytes and {topic}",
                remedy="pass a SHA-256 digest",
            )
        row = np.zeros(1, SEAL)
        row["digest"], row["topic"] = np.frombuffer(digest, np.uint8), topic
        return cast("tuple[int, int]", self._submit(Waiting(run.seal, row)))

    def claim(self, topic: int) -> Callable[[], None]:
        """Keep a topic for one who seals under it alone, as long as this ledger is open; calling what is returned gives
        it back. Raises TopicClaimed."""
        with self._life.lock:
            if topic in self._life.claimed:
                raise TopicClaimed(
                    f"somebody seals under topic {topic} alone already", remedy="close that first"
                )
            self._life.claimed.add(topic)
        return lambda: self._life.claimed.discard(topic)

    def size(self) -> int:
        """Journal entries that are durable, which is the size of the log's tree."""
        return self._core.visible.size

    def read(self, first: int, count: int) -> Sequence[bytes]:
        """The leaves of the log from number `first`: up to `count` entries' bytes."""
        return row_bytes(self.entries(first, count))

    def entries(self, first: int, count: int) -> Array:
        """``ENTRY`` rows from sequence number `first`, up to `count`, durable ones only."""
        self._require_open()
        count = min(count, self._core.visible.size - first)
        return self._store.entries(first, max(0, count))

    def transfer_sequence(self, transfer_id: int) -> int:
        """The log index of a transfer's entry (or of its burned id); -1 where there is none."""
        return self._read().transfer_sequence(transfer_id)

    # --- life ---------------------------------------------------------------------------------------------------

    @property
    def halted(self) -> str:
        """Why nothing is accepted any more; empty while all is well."""
        return self._core.halted

    def paced_by(self, pace: Callable[[int], None]) -> None:
        """Have `pace` called with the journal's size before each group of writes; it may hold the group up."""
        self._committer.pace = pace

    @property
    def grouping(self) -> tuple[int, int]:
        """Since opening: how many groups were made durable, and how many calls were answered by them."""
        return self._committer.groups, self._committer.requests

    def check(self) -> None:
        """Sum every account anew. Raises InvariantBroken where debits and credits differ."""
        convert.check_balanced(self._core.visible.accounts())

    def submit(self, request: run.Request) -> None:
        """Queue a request for the committer: the door for the asynchronous twin."""
        self._queue(request)

    def through(self, door: Door) -> "Ledger":
        """The same ledger for those who may not write to it themselves: whatever may move money goes to `door`, who
        answers it, and the rest as before. Closing either closes both."""
        view = copy.copy(self)
        view._door = door
        return view

    def finish(self) -> None:
        """Make durable what is queued and accept nothing more; the journal can still be read, and no longer grows."""
        if self._life.open and not self._committer.forked:
            self._committer.close()

    def close(self) -> None:
        """Finish what is queued and release the store. Closing twice, or in a forked process, does nothing."""
        if self._life.open and not self._committer.forked:
            self._life.open = False
            self._committer.close()
            self._store.close()

    def _require_open(self) -> None:
        self._committer.require_own_process()
        if not self._life.open:
            raise LedgerClosed("the ledger is closed", remedy="open it again")

    def _read(self) -> Reader:
        """The reader, after whatever is due by the clock has expired."""
        self._require_open()
        due = self._core.next_expiry
        if due and due <= self._clock() and not self._core.halted:
            self._submit(Waiting(run.pulse, np.zeros(0, TRANSFER)))
        return self._reader

    def _create(self, execute: Execute, batch: Array, layout: np.dtype[np.void]) -> object:
        batch = checked_batch(batch, layout)
        if not len(batch):
            return np.zeros(0, RESULT)
        return self._submit(Waiting(execute, batch))

    def _submit(self, request: Waiting) -> object:
        self._queue(request)
        return request.result()

    def _queue(self, request: run.Request) -> None:
        if self._door is None or moves_no_money(request):
            self._committer.submit(request)
        else:
            self._door(request)


def moves_no_money(request: run.Request) -> bool:
    """Whether a request only opens accounts, seals, or lets expire what is due."""
    return request.execute in _MOVE_NO_MONEY


def checked_batch(batch: Array, layout: np.dtype[np.void]) -> Array:
    """`batch` checked for type and size, as rows of `layout` of our own: the committer reads a batch more than once,
    so nothing that the caller does to the array meanwhile may reach it."""
    check_rows(batch, layout)
    if len(batch) > BATCH_EVENTS_MAX:
        raise TooMuchDataError(
            f"a batch of {len(batch)} events is larger than {BATCH_EVENTS_MAX}", remedy="split it"
        )
    return np.frombuffer(np.asarray(batch).tobytes(), layout)  # ten times faster than a copy field by field


def _within(count: int) -> None:
    if count > RESULTS_MAX:
        raise TooMuchDataError(f"{count} ids are more than {RESULTS_MAX}", remedy="ask in parts")
