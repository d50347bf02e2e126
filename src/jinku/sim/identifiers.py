"""Identifiers that pass every check of form and belong to nobody.

Rules:

1. Check digits are right: GB 11643 (ISO 7064 MOD 11-2) for a resident's number, GB 32100 and GB 11714 for a
   company's credit code, Luhn for a card.
2. The codes behind them are ones that no authority gives out: province 99, card issuer 999999, phone prefix
   100. So no identifier made here can be a real one.

Example::

    resident_id(date(1990, 3, 7), 12)  # '990100199003070124'
"""

from datetime import date

REGION = "990100"
"""A region code under province 99, which GB/T 2260 does not have."""
CARD_ISSUER = "999999"
"""An issuer number under country code 999, which ISO 3166 does not have."""
PHONE_PREFIX = "1000"
"""Mobile numbers begin with 13 to 19."""

_RESIDENT_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_RESIDENT_CHECKS = "10X98765432"
_CREDIT_ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"
_ORGANISATION_WEIGHTS = (3, 7, 9, 10, 5, 8, 4, 2)
_ORGANISATION_CHECKS = "0123456789X"


def resident_id(born: date, serial: int) -> str:
    """An 18-character resident's number; `serial` is 0 … 999 (odd for men, even for women)."""
    body = f"{REGION}{born:%Y%m%d}{serial:03d}"
    return body + resident_check(body)


def resident_check(body: str) -> str:
    """The check character of a resident's number, from its first 17 digits."""
    total = sum(weight * int(digit) for weight, digit in zip(_RESIDENT_WEIGHTS, body, strict=True))
    return _RESIDENT_CHECKS[total % 11]


def credit_code(serial: int) -> str:
    """An 18-character unified social credit code of an enterprise; `serial` is 0 … 99,999,999."""
    organisation = f"{serial:08d}"
    body = f"91{REGION}{organisation}{organisation_check(organisation)}"
    return body + credit_check(body)


def organisation_check(body: str) -> str:
    """The check character of an organisation code, from its first 8 characters (GB 11714)."""
    total = sum(weight * int(digit, 36) for weight, digit in zip(_ORGANISATION_WEIGHTS, body, strict=True))
    return _ORGANISATION_CHECKS[-total % 11]


def credit_check(body: str) -> str:
    """The check character of a credit code, from its first 17 characters (GB 32100)."""
    total = sum(_CREDIT_ALPHABET.index(character) * pow(3, place, 31) for place, character in enumerate(body))
    return _CREDIT_ALPHABET[-total % 31]


def card_number(serial: int) -> str:
    """A 19-digit bank card number; `serial` is 0 … 10^12 - 1."""
    body = f"{CARD_ISSUER}{serial:012d}"
    return body + luhn_check(body)


def luhn_check(body: str) -> str:
    """The Luhn digit that completes `body`."""
    total = 0
    for place, digit in enumerate(reversed(body)):
        doubled = int(digit) * (2 - place % 2)
        total += doubled - 9 if doubled > 9 else doubled
    return str(-total % 10)


def phone_number(serial: int) -> str:
    """An 11-digit mobile number; `serial` is 0 … 9,999,999."""
    return f"{PHONE_PREFIX}{serial:07d}"
