"""Cutting balances into parts, so that a tree of them tells nothing of any single balance.

Rules:

1. A part's value is a power of two of minor units. The parts of a customer are worth his balance exactly.
2. No part is larger than a common cap, chosen as low as two budgets allow: at most `TOP_MAX` parts of the cap's value
   for any one customer, and `TOP_MEAN` a customer on the average (or `TOP_FEW` in all, where customers are few). So the
   largest part says little of the largest balance.
3. Every part above 1 is cut into two halves with the probability of one in four, again and again downwards, by the
   operating system's random numbers: the same balance falls into other parts every day.

Example::

    counts = cut([5, 0, 1 << 40])
    # counts[customer, exponent]: how many parts worth 2**exponent
"""

import os
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

TOP_MAX = 63
TOP_MEAN = 4
TOP_FEW = 1 << 17
_WORD_BITS = 64
_MASK = (1 << _WORD_BITS) - 1
_ALL = np.uint64(_MASK)

Words = NDArray[np.uint64]
Counts = NDArray[np.uint16]


def cut(balances: Sequence[int]) -> Counts:
    """How many parts of each value every balance is cut into, shape (balances, exponents up to the cap's).

    `balances` are 0 or more and below 2^127.
    """
    width = max(balances, default=0).bit_length()
    cap = _cap(balances, width)
    low = np.array([one & _MASK for one in balances], np.uint64)
    high = np.array([one >> _WORD_BITS for one in balances], np.uint64)
    counts = np.zeros((len(balances), cap + 1), np.uint16)
    held = np.array([one >> cap for one in balances], np.uint16)
    for exponent in range(cap, -1, -1):
        if exponent < cap:
            held += _bit(low, high, exponent)
        if exponent:
            halved = _quarter(held)
            counts[:, exponent] = held - halved
            held = halved * np.uint16(2)
        else:
            counts[:, 0] = held
    return counts


def _cap(balances: Sequence[int], width: int) -> int:
    """The exponent of the largest part (rule 2)."""
    cap, base = max(0, width - TOP_MAX.bit_length()), max(0, width - _WORD_BITS + 1)
    scaled = np.array([one >> base for one in balances], np.uint64)
    budget = max(TOP_MEAN * len(balances), TOP_FEW)
    while int((scaled >> np.uint64(cap - base)).sum()) > budget:
        cap += 1
    return cap


def _bit(low: Words, high: Words, exponent: int) -> NDArray[np.uint16]:
    word, at = (low, exponent) if exponent < _WORD_BITS else (high, exponent - _WORD_BITS)
    return ((word >> np.uint64(at)) & np.uint64(1)).astype(np.uint16)


def _quarter(held: NDArray[np.uint16]) -> NDArray[np.uint16]:
    """For each count, how many of so many are chosen where each is chosen with the probability of one in four."""
    chosen = np.zeros_like(held)
    (some,) = np.nonzero(held)
    left = held[some].astype(np.int64)
    while len(some):
        here = np.minimum(left, _WORD_BITS)
        mask = _ALL >> (_WORD_BITS - here).astype(np.uint64)
        chosen[some] += np.bitwise_count(random_words(len(some)) & random_words(len(some)) & mask)
        left = left - here
        some, left = some[left > 0], left[left > 0]
    return chosen


def random_words(count: int) -> NDArray[Any]:
    """`count` random 64-bit words from the operating system."""
    return np.frombuffer(os.urandom(8 * count), np.uint64)
