"""Floor 3: accounts and transfers, the deterministic state machine, and the engines that keep its bytes.

The public surface carries the names of TigerBeetle's Python client; ``open_ledger`` is the line that differs.
Names are loaded on first use, so that importing one module of the room does not load compiled code.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from jinku.ledger.asynchronous import AsyncLedger
    from jinku.ledger.client import LedgerClient
    from jinku.ledger.errors import (
        IntegerOverflowError,
        InvariantBroken,
        LedgerBusy,
        LedgerClosed,
        LedgerError,
        LedgerHalted,
        LedgerLocked,
        StoreError,
        TooMuchDataError,
    )
    from jinku.ledger.model import (
        AMOUNT_MAX,
        Account,
        AccountBalance,
        AccountFilter,
        AccountFilterFlags,
        AccountFlags,
        ChangeEvent,
        ChangeEventsFilter,
        ChangeEventType,
        CreateAccountResult,
        CreateTransferResult,
        QueryFilter,
        QueryFilterFlags,
        Transfer,
        TransferFlags,
        id,
    )
    from jinku.ledger.opening import open_journal, open_ledger, open_ledger_async
    from jinku.ledger.service import Ledger
    from jinku.ledger.statuses import CreateAccountStatus, CreateTransferStatus

_HOME = {
    "asynchronous": ("AsyncLedger",),
    "client": ("LedgerClient",),
    "errors": (
        "IntegerOverflowError",
        "InvariantBroken",
        "LedgerBusy",
        "LedgerClosed",
        "LedgerError",
        "LedgerHalted",
        "LedgerLocked",
        "StoreError",
        "TooMuchDataError",
    ),
    "model": (
        "AMOUNT_MAX",
        "Account",
        "AccountBalance",
        "AccountFilter",
        "AccountFilterFlags",
        "AccountFlags",
        "ChangeEvent",
        "ChangeEventType",
        "ChangeEventsFilter",
        "CreateAccountResult",
        "CreateTransferResult",
        "QueryFilter",
        "QueryFilterFlags",
        "Transfer",
        "TransferFlags",
        "id",
    ),
    "opening": ("open_journal", "open_ledger", "open_ledger_async"),
    "service": ("Ledger",),
    "statuses": ("CreateAccountStatus", "CreateTransferStatus"),
}
_MODULE_OF = {name: module for module, names in _HOME.items() for name in names}

__all__ = [
    "AMOUNT_MAX",
    "Account",
    "AccountBalance",
    "AccountFilter",
    "AccountFilterFlags",
    "AccountFlags",
    "AsyncLedger",
    "ChangeEvent",
    "ChangeEventType",
    "ChangeEventsFilter",
    "CreateAccountResult",
    "CreateAccountStatus",
    "CreateTransferResult",
    "CreateTransferStatus",
    "IntegerOverflowError",
    "InvariantBroken",
    "Ledger",
    "LedgerBusy",
    "LedgerClient",
    "LedgerClosed",
    "LedgerError",
    "LedgerHalted",
    "LedgerLocked",
    "QueryFilter",
    "QueryFilterFlags",
    "StoreError",
    "TooMuchDataError",
    "Transfer",
    "TransferFlags",
    "id",
    "open_journal",
    "open_ledger",
    "open_ledger_async",
]


def __getattr__(name: str) -> object:
    """Load a public name from its module on first use (PEP 562)."""
    if name not in _MODULE_OF:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_MODULE_OF[name]}"), name)
