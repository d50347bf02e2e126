"""The ledger's closed family of errors. What a batch's events fail with is a status, not one of these."""

from jinku.base.errors import JinkuError


class LedgerError(JinkuError):
    """Anything the ledger refuses as a whole."""

    code = "ledger_error"


class IntegerOverflowError(LedgerError, ValueError):
    """A field's value does not fit its width (the name and meaning are those of TigerBeetle's client)."""

    code = "integer_overflow"
    http_status = 422

    def __init__(self, name: str, bits: int, number: int) -> None:
        super().__init__(
            f"{name}={number} does not fit an unsigned {bits}-bit integer",
            remedy=f"send {name} between 0 and 2^{bits} - 1",
        )


class NotAnIntegerError(LedgerError, TypeError):
    """A field that takes an integer holds something else; amounts are never rounded."""

    code = "not_an_integer"
    http_status = 422

    def __init__(self, name: str, value: object) -> None:
        super().__init__(
            f"{name}={value!r:.40} is of type {type(value).__name__}, not an integer",
            remedy=f"send {name} as a whole number of minor units or as a numeric id",
        )


class TooMuchDataError(LedgerError):
    """A batch is larger than the model allows."""

    code = "too_much_data"
    http_status = 413


class LedgerClosed(LedgerError):
    """The ledger was closed."""

    code = "ledger_closed"
    http_status = 503


class LedgerBusy(LedgerError):
    """More requests wait than the ledger keeps in memory."""

    code = "ledger_busy"
    http_status = 503


class LedgerLocked(LedgerError):
    """Another process writes this ledger, or took it over."""

    code = "ledger_locked"
    http_status = 503


class TopicClaimed(LedgerError):
    """Somebody else seals under a topic alone."""

    code = "topic_claimed"
    http_status = 503


class LedgerHalted(LedgerError):
    """A commit failed or an invariant broke; nothing more is accepted until the ledger is opened anew."""

    code = "ledger_halted"
    http_status = 503


class ClockFailed(LedgerError):
    """The clock gave no instant. Nothing was executed; the ledger goes on with the next request."""

    code = "clock_failed"
    http_status = 503

    def __init__(self, reading: str) -> None:
        super().__init__(
            f"the clock gave {reading}, not an instant in nanoseconds from 0 to 2^63 - 1",
            remedy="set the clock right, then send the request again",
        )


class InvariantBroken(LedgerError):
    """The books do not balance. This is never ignored and never continued from."""

    code = "invariant_broken"


class StoreError(LedgerError):
    """The store could not read or write."""

    code = "store_failed"
    http_status = 503


class CorruptJournal(LedgerError):
    """What the store returned is not what was committed."""

    code = "corrupt_journal"


class NotSupportedError(LedgerError):
    """This engine can not do what was asked; another can."""

    code = "not_supported"
    http_status = 501


class MissingExtraError(LedgerError):
    """An optional part of Jinku is needed and not installed."""

    code = "missing_extra"
    http_status = 501
