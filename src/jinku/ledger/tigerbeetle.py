"""A TigerBeetle cluster as the ledger's engine, for those who outgrow one machine.

Rules:

1. The cluster decides everything; this module only carries records to it and back, byte for byte, through the
   official client. Statuses, timestamps and balances are the cluster's own.
2. What the cluster does not have raises `NotSupportedError`: the transparency log, seals, and balances of the past
   of accounts without ``HISTORY``. Nothing is imitated.
3. Records travel as rows of `jinku.ledger.layout`; a batch is one block of memory, whatever its length.
4. A request waits for its answer as long as it takes: giving up would leave its outcome unknown. The client itself
   retries it, safely, since ids make events idempotent.

The package `tigerbeetle` is an extra (``jinku[tigerbeetle]``) and is imported when a cluster is opened.

Example::

    with TigerBeetleLedger.open("tigerbeetle://127.0.0.1:3000?cluster=0") as ledger:
        ledger.create_accounts([Account(id=1, ledger=156, code=10)])
"""

import ctypes
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import import_module
from ipaddress import ip_address
from types import ModuleType
from typing import Any, Self, TypeVar
from urllib.parse import parse_qs, urlsplit

import numpy as np

from jinku.base.closing import Closing
from jinku.base.errors import InputError
from jinku.ledger import convert
from jinku.ledger.errors import (
    LedgerClosed,
    LedgerError,
    MissingExtraError,
    NotSupportedError,
    StoreError,
    TooMuchDataError,
)
from jinku.ledger.layout import ACCOUNT, BALANCES, ID, RESULT, TRANSFER, Array, check_rows
from jinku.ledger.model import (
    Account,
    AccountBalance,
    AccountFilter,
    AccountFlags,
    ChangeEvent,
    ChangeEventsFilter,
    ChangeEventType,
    QueryFilter,
    Transfer,
    TransferFlags,
)
from jinku.ledger.objects import ObjectCalls

SCHEME = "tigerbeetle"
ADDRESSES_MAX = 6
"""Replicas of a cluster."""
CHANGE_EVENT_BYTES = 384

_ACCOUNT_FILTER = struct.Struct("<16s16sQIH58xQQII")
_QUERY_FILTER = struct.Struct("<16sQIIH6xQQII")
_CHANGE_EVENTS_FILTER = struct.Struct("<QQI44x")
_CHANGE_EVENT = struct.Struct("<16s16s16s16sQIIHHIB39x16s16s16s16s16s16sQIHH16s16s16s16s16s16sQIHHQQQQ")
_BALANCE = np.dtype([("balances", BALANCES), ("timestamp", "<u8"), ("reserved", "V56")])
_FILTER_BITS = {
    "account_id": 128,
    "user_data_128": 128,
    "user_data_64": 64,
    "timestamp_min": 64,
    "timestamp_max": 64,
    "code": 16,
}
"""Widths of a filter's fields; every other one has 32 bits."""


@dataclass(frozen=True, slots=True)
class Cluster:
    """Where a cluster is."""

    addresses: tuple[str, ...]
    """``HOST:PORT`` of each replica, HOST an IP address."""
    number: int
    """The cluster's 128-bit id."""


def parse_url(url: str) -> Cluster:
    """The cluster that ``tigerbeetle://HOST:PORT[,HOST:PORT…][?cluster=N]`` names; cluster 0 if not given.

    Raises InputError, naming what is wrong.
    """
    parts = urlsplit(url)
    remedy = "write tigerbeetle://127.0.0.1:3000?cluster=0, one IP address and port per replica"
    options = parse_qs(parts.query, keep_blank_values=True)
    if parts.scheme != SCHEME or parts.path not in ("", "/") or parts.fragment or set(options) - {"cluster"}:
        raise InputError("this is not the address of a cluster", field="url", value=url, remedy=remedy)
    addresses = tuple(parts.netloc.split(","))
    if len(addresses) > ADDRESSES_MAX:
        raise InputError(
            f"a cluster has at most {ADDRESSES_MAX} replicas", field="url", value=url, remedy=remedy
        )
    for address in addresses:
        host, _, port = address.rpartition(":")
        try:
            ip_address(host.removeprefix("[").removesuffix("]"))
        except ValueError as error:
            raise InputError("not an IP address", field="host", value=host, remedy=remedy) from error
        if not (port.isascii() and port.isdecimal() and 0 < int(port) < 1 << 16):
            raise InputError("not a port number", field="port", value=port, remedy=remedy)
    cluster = options.get("cluster", ["0"])[-1]
    if not (cluster.isascii() and cluster.isdecimal() and int(cluster) < 1 << 128):
        raise InputError("not a 128-bit number", field="cluster", value=cluster, remedy=remedy)
    return Cluster(addresses, int(cluster))


class TigerBeetleLedger(ObjectCalls, Closing):
    """The ledger's calls, answered by a cluster. Any number of threads may call at once."""

    def __init__(self, cluster: Cluster) -> None:
        """Connect to `cluster`. Raises MissingExtraError, StoreError."""
        self._package = _package()
        self._operation = self._package.bindings.Operation
        try:
            self._client = self._package.ClientSync(cluster.number, ",".join(cluster.addresses))
        except self._package.client.InitError as error:
            raise StoreError(
                f"the client for {','.join(cluster.addresses)} did not start: {error}",
                remedy="check the addresses and the machine's free memory and sockets",
            ) from error
        self._open = True

    @classmethod
    def open(cls, url: str) -> Self:
        """The cluster at `url`, see :func:`parse_url`."""
        return cls(parse_url(url))

    # --- objects ---

    def get_account_transfers(self, filter: AccountFilter) -> list[Transfer]:  # noqa: A002 - the client's name
        """Transfers that debit or credit one account."""
        operation = self._operation.GET_ACCOUNT_TRANSFERS
        return convert.transfers(self._ask(operation, _account_filter(filter), TRANSFER))

    def get_account_balances(self, filter: AccountFilter) -> list[AccountBalance]:  # noqa: A002
        """Balances after each transfer of an account created with ``HISTORY``."""
        rows = self._ask(self._operation.GET_ACCOUNT_BALANCES, _account_filter(filter), _BALANCE)
        return convert.balances(np.ascontiguousarray(rows["balances"]), rows["timestamp"])

    def query_accounts(self, query_filter: QueryFilter) -> list[Account]:
        """Accounts that match every non-zero field."""
        return convert.accounts(
            self._ask(self._operation.QUERY_ACCOUNTS, _query_filter(query_filter), ACCOUNT)
        )

    def query_transfers(self, query_filter: QueryFilter) -> list[Transfer]:
        """Transfers that match every non-zero field."""
        return convert.transfers(
            self._ask(self._operation.QUERY_TRANSFERS, _query_filter(query_filter), TRANSFER)
        )

    def get_change_events(self, filter: ChangeEventsFilter) -> list[ChangeEvent]:  # noqa: A002
        """Transfers and expiries with both accounts right after, in order of time.

        Raises NotSupportedError where the installed client does not know the operation.
        """
        operation = getattr(self._operation, "GET_CHANGE_EVENTS", None)
        if operation is None:
            raise NotSupportedError(
                "the installed TigerBeetle client has no change events",
                remedy="install a newer tigerbeetle package",
            )
        values = _checked(filter, ("timestamp_min", "timestamp_max", "limit"))
        rows = self._ask(operation, _CHANGE_EVENTS_FILTER.pack(*values), np.dtype(f"V{CHANGE_EVENT_BYTES}"))
        return [_change_event(fields) for fields in _CHANGE_EVENT.iter_unpack(rows.tobytes())]

    def balances_as_of(self, accounts: Sequence[int], timestamp: int) -> list[Account | None]:
        """Not in a cluster: only accounts with ``HISTORY`` have a past there, see `get_account_balances`."""
        raise NotSupportedError(
            f"a TigerBeetle cluster has no balances of {len(accounts)} accounts as of {timestamp}",
            remedy="use the embedded or the PostgreSQL engine, or get_account_balances for accounts with HISTORY",
        )

    # --- columns ---

    def create_accounts_array(self, batch: Array) -> Array:
        """``ACCOUNT`` rows in, as many ``RESULT`` rows out, once durable in the cluster."""
        return self._ask(self._operation.CREATE_ACCOUNTS, _block(batch, ACCOUNT), RESULT)

    def create_transfers_array(self, batch: Array) -> Array:
        """``TRANSFER`` rows in, as many ``RESULT`` rows out, once durable in the cluster."""
        return self._ask(self._operation.CREATE_TRANSFERS, _block(batch, TRANSFER), RESULT)

    def lookup_accounts_array(self, ids: Array) -> Array:
        """``ACCOUNT`` rows of the ``ID`` rows that exist."""
        return self._ask(self._operation.LOOKUP_ACCOUNTS, _block(ids, ID), ACCOUNT)

    def lookup_transfers_array(self, ids: Array) -> Array:
        """``TRANSFER`` rows of the ``ID`` rows that exist."""
        return self._ask(self._operation.LOOKUP_TRANSFERS, _block(ids, ID), TRANSFER)

    # --- life ---

    def close(self) -> None:
        """End the session with the cluster. Closing twice does nothing."""
        if self._open:
            self._open = False
            self._client.close()

    def _ask(self, operation: int, block: bytes, layout: np.dtype[Any]) -> Array:
        """Send one block of events; the answer as rows of `layout`."""
        if not self._open:
            raise LedgerClosed("the session with the cluster is closed", remedy="open it again")
        event = type("Block", (_Raw,), {"_fields_": [("raw", ctypes.c_uint8 * len(block))]})
        row = type("Row", (_Raw,), {"_fields_": [("raw", ctypes.c_uint8 * layout.itemsize)]})
        try:
            answer = self._client._submit(operation, [block] if block else [], event, row)
        except Exception as error:  # the client's errors have no common base but Exception
            raise _translated(self._package, error) from error
        return np.frombuffer(bytearray().join(answer), layout)


class _Raw(ctypes.Structure):
    """Bytes that pass through the client as they are."""

    @classmethod
    def from_param(cls, data: bytes) -> Self:
        """As the client's own record types have it."""
        return cls.from_buffer_copy(data)

    def to_python(self) -> bytes:
        """As the client's own record types have it."""
        return bytes(self)


def _package() -> ModuleType:
    try:
        import_module("tigerbeetle.client")
        return import_module("tigerbeetle")
    except ModuleNotFoundError as error:
        raise MissingExtraError(
            "a TigerBeetle cluster needs the package tigerbeetle, which is not installed",
            remedy="install jinku[tigerbeetle]",
        ) from error


def _translated(package: ModuleType, error: Exception) -> LedgerError:
    if isinstance(error, package.TooMuchDataError):
        return TooMuchDataError("the cluster takes and gives at most one message", remedy="ask in parts")
    if isinstance(error, package.ClientClosedError):
        return LedgerClosed("the session with the cluster is closed", remedy="open it again")
    if isinstance(error, package.ClientEvictedError):
        return LedgerClosed("the cluster ended the session: too many clients", remedy="open it again")
    if isinstance(error, package.ClientReleaseTooLowError | package.ClientReleaseTooHighError):
        return StoreError(str(error), remedy="install the tigerbeetle package of the cluster's release")
    return StoreError(f"the cluster's client failed: {error}", remedy="see the cluster's log")


def _block(batch: Array, layout: np.dtype[np.void]) -> bytes:
    check_rows(batch, layout)
    return batch.tobytes()


Filter = TypeVar("Filter", AccountFilter, QueryFilter, ChangeEventsFilter)


def _checked(wanted: Filter, names: Sequence[str]) -> list[int | bytes]:
    """The filter's fields, range-checked, 128-bit ones as bytes."""
    values: list[int | bytes] = []
    for name in names:
        bits = _FILTER_BITS.get(name, 32)
        number = convert.fitting(name, getattr(wanted, name), bits)
        values.append(number.to_bytes(16, "little") if bits == 128 else number)
    return values


def _account_filter(wanted: AccountFilter) -> bytes:
    return _ACCOUNT_FILTER.pack(*_checked(wanted, AccountFilter.__slots__))


def _query_filter(wanted: QueryFilter) -> bytes:
    return _QUERY_FILTER.pack(*_checked(wanted, QueryFilter.__slots__))


def _change_event(fields: Sequence[Any]) -> ChangeEvent:
    values: list[Any] = [
        int.from_bytes(value, "little") if isinstance(value, bytes) else value for value in fields
    ]
    event = ChangeEvent(*values)
    event.transfer_flags = TransferFlags(event.transfer_flags)
    event.type = ChangeEventType(event.type)
    event.debit_account_flags = AccountFlags(event.debit_account_flags)
    event.credit_account_flags = AccountFlags(event.credit_account_flags)
    return event
