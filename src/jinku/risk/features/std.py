"""The sample standard deviation from exact sums: integers to the last step, three roundings there.

``numerator = n Σv² - (Σv)²`` is exact in 128 bits. It becomes a double as ``high * 2^52 + low`` of its two parts (one
rounding), is divided by ``n (n - 1)`` (one rounding) and its root taken (one rounding). Any engine with wide integers
(DuckDB's HUGEINT, Flink's DECIMAL(38)) does the same and gets the same bits.
"""

import math

import numpy as np

from jinku.base.compiled import inlined

_HALF = np.uint64(32)
_LOW = np.uint64(0xFFFFFFFF)
_SQUARE_SHIFT = np.uint64(31)
_SQUARE_REST = np.uint64(33)
CUT_BITS = 52
_CUT = np.uint64(CUT_BITS)
_CUT_REST = np.uint64(64 - CUT_BITS)
_CUT_LOW = np.uint64((1 << CUT_BITS) - 1)
_CARRY = np.uint64(1)
_ZERO = np.uint64(0)
CUT = float(1 << CUT_BITS)


@inlined
def _product(a: np.uint64, b: np.uint64) -> tuple[np.uint64, np.uint64]:
    """a * b as high and low word."""
    a_high, a_low, b_high, b_low = a >> _HALF, a & _LOW, b >> _HALF, b & _LOW
    low = a_low * b_low
    middle = a_high * b_low + (low >> _HALF)
    other = a_low * b_high + (middle & _LOW)
    return a_high * b_high + (middle >> _HALF) + (other >> _HALF), (other << _HALF) | (low & _LOW)


@inlined
def deviation(count: int, total: int, squares_high: int, squares_low: int) -> float:
    """The standard deviation of `count` (at least 2) values with sum `total` and the sum of their squares in halves
    of 31 bits: ``squares_high * 2^31 + squares_low``."""
    n = np.uint64(count)
    high, low = _product(n, np.uint64(squares_high))
    high = (high << _SQUARE_SHIFT) | (low >> _SQUARE_REST)
    low = low << _SQUARE_SHIFT
    more_high, more_low = _product(n, np.uint64(squares_low))
    low = low + more_low
    high = high + more_high + (_CARRY if low < more_low else _ZERO)
    size = np.uint64(abs(total))
    less_high, less_low = _product(size, size)
    borrow = _CARRY if low < less_low else _ZERO
    low = low - less_low
    high = high - less_high - borrow
    upper = (high << _CUT_REST) | (low >> _CUT)
    numerator = float(upper) * CUT + float(low & _CUT_LOW)
    return math.sqrt(numerator / (float(count) * float(count - 1)))
