"""Decimal text ↔ whole minor units, exactly and without floats.

Rules:

1. A text is ``[-]digits[.digits]`` in ASCII; no sign ``+``, no exponent, no blanks, no grouping.
2. More decimals than the currency has are an error, even when they are zero: the sender means another
   currency or another precision, and a guess would be money.
3. More than ``AMOUNT_DIGITS_MAX`` digits (leading zeros aside) are an error: ISO 20022 carries at most 18.

Example::

    parse_minor("12.5", 2)  # 1250
    format_minor(-5, 2)     # "-0.05"
"""

import re

from jinku.base.errors import BadAmount

AMOUNT_DIGITS_MAX = 18

_FORM = re.compile(r"(-?)([0-9]+)(?:\.([0-9]+))?", re.ASCII)


def parse_minor(text: str, exponent: int, *, digits_max: int = AMOUNT_DIGITS_MAX) -> int:
    """`text` as minor units of a currency with `exponent` decimals.

    Raises BadAmount: not a decimal number, too many decimals, too many digits.
    """
    found = _FORM.fullmatch(text)
    if found is None:
        raise _bad(
            "is not a decimal number", text, "write digits with at most one point, for example 1234.50"
        )
    sign, whole, decimals = found.group(1), found.group(2), found.group(3) or ""
    if len(decimals) > exponent:
        raise _bad(
            f"has {len(decimals)} decimals where the currency has {exponent}", text, "send whole minor units"
        )
    digits = (whole + decimals).lstrip("0")
    if len(digits) > digits_max:
        raise _bad(f"has {len(digits)} digits; at most {digits_max} are allowed", text, "split the amount")
    value = int(digits.ljust(len(digits) + exponent - len(decimals), "0") or "0")
    return -value if sign else value


def format_minor(amount: int, exponent: int) -> str:
    """`amount` minor units as text with exactly `exponent` decimals."""
    if exponent == 0:
        return str(amount)
    digits = str(abs(amount)).rjust(exponent + 1, "0")
    return f"{'-' if amount < 0 else ''}{digits[:-exponent]}.{digits[-exponent:]}"


def _bad(problem: str, text: str, remedy: str) -> BadAmount:
    return BadAmount(problem, field="amount", value=text[:40], remedy=remedy)
