"""The root of every error that Jinku raises on purpose.

A message says what was wrong and with which value; `remedy` says what to do. Neither ever holds personal data or
a secret. `code` is stable: clients switch on it. `http_status` is what the API answers with (RFC 9457).
"""

from typing import ClassVar


class JinkuError(Exception):
    """Base of the closed error family. Subclasses set `code` and `http_status`."""

    code: ClassVar[str] = "error"
    http_status: ClassVar[int] = 500

    def __init__(self, message: str, *, remedy: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.remedy = remedy

    def __str__(self) -> str:
        return f"{self.message} ({self.remedy})" if self.remedy else self.message


class InputError(JinkuError):
    """Bad input from outside, named by file, line, field and value."""

    code: ClassVar[str] = "bad_input"
    http_status: ClassVar[int] = 422

    def __init__(
        self,
        problem: str,
        *,
        file: str = "",
        line: int = 0,
        field: str = "",
        value: str = "",
        remedy: str = "",
    ) -> None:
        place = ":".join(part for part in (file, str(line) if line else "") if part)
        named = f"{field}={value!r}: " if field else ""
        super().__init__(f"{place}: {named}{problem}" if place else f"{named}{problem}", remedy=remedy)
        self.file, self.line, self.field, self.value = file, line, field, value


class UnknownCurrency(InputError):
    """A code or number that is not in the currency table."""

    code: ClassVar[str] = "unknown_currency"


class BadAmount(InputError):
    """A text that is not an exact amount of its currency."""

    code: ClassVar[str] = "bad_amount"


class CurrencyMismatch(JinkuError):
    """Two amounts of different currencies met in one sum or comparison."""

    code: ClassVar[str] = "currency_mismatch"
    http_status: ClassVar[int] = 422


class MoneyOverflow(JinkuError):
    """An amount left the range that money can have."""

    code: ClassVar[str] = "money_overflow"
    http_status: ClassVar[int] = 422


class BadAllotment(JinkuError):
    """A sum cannot be shared out by these weights."""

    code: ClassVar[str] = "bad_allotment"
    http_status: ClassVar[int] = 422


class NotCanonical(JinkuError):
    """A value has no canonical bytes."""

    code: ClassVar[str] = "not_canonical"
    http_status: ClassVar[int] = 422


class CalendarRange(JinkuError):
    """A business calendar knows nothing of the day asked for."""

    code: ClassVar[str] = "calendar_range"
    http_status: ClassVar[int] = 422
