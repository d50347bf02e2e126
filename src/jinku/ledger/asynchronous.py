"""The asynchronous twin: the same calls as coroutines, for a program written for ``tigerbeetle.ClientAsync``.

Writes await the same committer as the synchronous ledger; the answers of one group wake an event loop once, however
many coroutines wait. Reads run in the loop's default executor, so that a long scan does not hold up the loop.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from types import TracebackType
from typing import Self, TypeVar, cast

import numpy as np

from jinku.ledger import committer as run
from jinku.ledger import convert
from jinku.ledger.committer import Execute
from jinku.ledger.errors import LedgerError
from jinku.ledger.layout import ACCOUNT, RESULT, TRANSFER, Array
from jinku.ledger.model import (
    Account,
    AccountBalance,
    AccountFilter,
    ChangeEvent,
    ChangeEventsFilter,
    CreateAccountResult,
    CreateTransferResult,
    QueryFilter,
    Transfer,
)
from jinku.ledger.service import Ledger, checked_batch

T = TypeVar("T")
_Delivery = tuple["asyncio.Future[object]", object, LedgerError | None]


class _Mailbox:
    """Carries answers from the committer's thread to one event loop, waking it once per burst."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.loop = loop
        self._letters: deque[_Delivery] = deque()
        self._called = False

    def post(self, letter: _Delivery) -> None:
        """Called on the committer's thread. A loop that has closed meanwhile no longer waits for its answer."""
        self._letters.append(letter)
        if not self._called:
            self._called = True
            try:
                self.loop.call_soon_threadsafe(self._deliver)
            except RuntimeError:
                self._letters.clear()

    def _deliver(self) -> None:
        self._called = False  # before emptying: a letter posted from here on calls again
        while self._letters:
            future, value, error = self._letters.popleft()
            if future.done():  # its caller was cancelled; the write happened all the same
                continue
            if error is None:
                future.set_result(value)
            else:
                future.set_exception(error)


class _Awaited:
    """A request whose caller awaits `future`."""

    __slots__ = ("_mailbox", "execute", "future", "payload")

    def __init__(self, execute: Execute, payload: Array, mailbox: _Mailbox) -> None:
        self.execute, self.payload, self._mailbox = execute, payload, mailbox
        self.future: asyncio.Future[object] = mailbox.loop.create_future()

    def answer(self, value: object) -> None:
        """See :class:`jinku.ledger.committer.Request`."""
        self._mailbox.post((self.future, value, None))

    def fail(self, error: LedgerError) -> None:
        """See :class:`jinku.ledger.committer.Request`."""
        self._mailbox.post((self.future, None, error))


class AsyncLedger:
    """Coroutines over an open :class:`Ledger`; to be used on one event loop."""

    def __init__(self, ledger: Ledger) -> None:
        self.ledger = ledger
        self._mailbox: _Mailbox | None = None

    async def create_accounts(self, accounts: list[Account]) -> list[CreateAccountResult]:
        """See :meth:`Ledger.create_accounts`."""
        return convert.account_results(await self.create_accounts_array(convert.accounts_array(accounts)))

    async def create_transfers(self, transfers: list[Transfer]) -> list[CreateTransferResult]:
        """See :meth:`Ledger.create_transfers`."""
        return convert.transfer_results(await self.create_transfers_array(convert.transfers_array(transfers)))

    async def create_accounts_array(self, batch: Array) -> Array:
        """See :meth:`Ledger.create_accounts_array`."""
        return await self._create(run.create_accounts, checked_batch(batch, ACCOUNT))

    async def create_transfers_array(self, batch: Array) -> Array:
        """See :meth:`Ledger.create_transfers_array`."""
        return await self._create(run.create_transfers, checked_batch(batch, TRANSFER))

    async def lookup_accounts(self, accounts: Sequence[int]) -> list[Account]:
        """See :meth:`Ledger.lookup_accounts`."""
        return await self._off_loop(lambda: self.ledger.lookup_accounts(accounts))

    async def lookup_transfers(self, transfers: Sequence[int]) -> list[Transfer]:
        """See :meth:`Ledger.lookup_transfers`."""
        return await self._off_loop(lambda: self.ledger.lookup_transfers(transfers))

    async def get_account_transfers(self, filter: AccountFilter) -> list[Transfer]:  # noqa: A002
        """See :meth:`Ledger.get_account_transfers`."""
        return await self._off_loop(lambda: self.ledger.get_account_transfers(filter))

    async def get_account_balances(self, filter: AccountFilter) -> list[AccountBalance]:  # noqa: A002
        """See :meth:`Ledger.get_account_balances`."""
        return await self._off_loop(lambda: self.ledger.get_account_balances(filter))

    async def query_accounts(self, query_filter: QueryFilter) -> list[Account]:
        """See :meth:`Ledger.query_accounts`."""
        return await self._off_loop(lambda: self.ledger.query_accounts(query_filter))

    async def query_transfers(self, query_filter: QueryFilter) -> list[Transfer]:
        """See :meth:`Ledger.query_transfers`."""
        return await self._off_loop(lambda: self.ledger.query_transfers(query_filter))

    async def get_change_events(self, filter: ChangeEventsFilter) -> list[ChangeEvent]:  # noqa: A002
        """See :meth:`Ledger.get_change_events`."""
        return await self._off_loop(lambda: self.ledger.get_change_events(filter))

    async def balances_as_of(self, accounts: Sequence[int], timestamp: int) -> list[Account | None]:
        """See :meth:`Ledger.balances_as_of`."""
        return await self._off_loop(lambda: self.ledger.balances_as_of(accounts, timestamp))

    async def close(self) -> None:
        """See :meth:`Ledger.close`."""
        await self._off_loop(self.ledger.close)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def _create(self, execute: Execute, batch: Array) -> Array:
        if not len(batch):
            return np.zeros(0, RESULT)
        loop = asyncio.get_running_loop()
        if self._mailbox is None or self._mailbox.loop is not loop:
            self._mailbox = _Mailbox(loop)
        request = _Awaited(execute, batch, self._mailbox)
        self.ledger.submit(request)
        return cast(Array, await request.future)

    async def _off_loop(self, read: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(None, read)
