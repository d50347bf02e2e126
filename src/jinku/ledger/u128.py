"""Unsigned 128-bit arithmetic for compiled code, with every carry looked at.

Rules:

1. A number is two ``uint64`` words, always passed and returned high word first: ``(high, low)``.
2. Nothing wraps unseen: `add` says whether the sum needed a 129th bit; `subtract` is
   for callers that know ``a >= b`` or want the difference modulo 2^128.
3. In an array of words the low word comes first, as in the ledger's records: the number at `at` is
   ``words[at + 1], words[at]``.

Example::

    high, low, overflow = add(0, MASK_64, 0, 1)  # 1, 0, False
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from jinku.base.compiled import inlined

Words = NDArray[np.uint64]
"""One record or a table of them, as little-endian 64-bit words."""
Word = Any
"""A ``uint64`` scalar inside compiled code."""

_ONE = np.uint64(1)
_NONE = np.uint64(0)


@inlined
def add(a_high: Word, a_low: Word, b_high: Word, b_low: Word) -> tuple[Word, Word, bool]:
    """``a + b`` modulo 2^128, and whether it reached 2^128."""
    low = a_low + b_low
    carry = _ONE if low < a_low else _NONE
    high = a_high + b_high
    over = high < a_high
    total = high + carry
    return total, low, over or total < high


@inlined
def subtract(a_high: Word, a_low: Word, b_high: Word, b_low: Word) -> tuple[Word, Word]:
    """``a - b`` modulo 2^128."""
    borrow = _ONE if a_low < b_low else _NONE
    return a_high - b_high - borrow, a_low - b_low


@inlined
def less(a_high: Word, a_low: Word, b_high: Word, b_low: Word) -> bool:
    """Whether ``a < b``."""
    return a_high < b_high or (a_high == b_high and a_low < b_low)  # type: ignore[no-any-return]


@inlined
def spare(a_high: Word, a_low: Word, b_high: Word, b_low: Word) -> tuple[Word, Word]:
    """``max(a - b, 0)``."""
    if less(a_high, a_low, b_high, b_low):
        return _NONE, _NONE
    return subtract(a_high, a_low, b_high, b_low)


@inlined
def add_at(words: Words, at: int, high: Word, low: Word) -> bool:
    """Add to the number at `at` in place; whether it reached 2^128 (then it has wrapped)."""
    new_high, new_low, over = add(words[at + 1], words[at], high, low)
    words[at + 1], words[at] = new_high, new_low
    return over


@inlined
def subtract_at(words: Words, at: int, high: Word, low: Word) -> None:
    """Subtract from the number at `at` in place, modulo 2^128."""
    words[at + 1], words[at] = subtract(words[at + 1], words[at], high, low)


@inlined
def same(a: Words, a_at: int, b: Words, b_at: int) -> bool:
    """Whether the number at `a_at` of `a` equals the one at `b_at` of `b`."""
    return a[a_at] == b[b_at] and a[a_at + 1] == b[b_at + 1]  # type: ignore[no-any-return]


@inlined
def zero(words: Words, at: int) -> bool:
    """Whether the number at `at` is 0."""
    return words[at] == _NONE and words[at + 1] == _NONE  # type: ignore[no-any-return]


@inlined
def full(words: Words, at: int) -> bool:
    """Whether the number at `at` is 2^128 - 1."""
    return words[at] == ~_NONE and words[at + 1] == ~_NONE  # type: ignore[no-any-return]
