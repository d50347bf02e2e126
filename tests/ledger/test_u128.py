"""128-bit arithmetic and the id table against Python's own integers and dictionaries."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from jinku.ledger import hashindex, u128
from jinku.ledger.layout import AMOUNT_MAX, MASK_64

edges = [0, 1, MASK_64, MASK_64 + 1, 1 << 127, AMOUNT_MAX - 1, AMOUNT_MAX]
numbers = st.sampled_from(edges) | st.integers(0, AMOUNT_MAX)


def pair(number: int) -> tuple[np.uint64, np.uint64]:
    """High and low word."""
    return np.uint64(number >> 64), np.uint64(number & MASK_64)


def whole(high: int, low: int) -> int:
    """The number again."""
    return int(high) << 64 | int(low)


@settings(max_examples=300, deadline=None)
@given(numbers, numbers)
def test_arithmetic(a: int, b: int) -> None:
    high, low, over = u128.add(*pair(a), *pair(b))
    assert (whole(high, low), bool(over)) == ((a + b) & AMOUNT_MAX, a + b > AMOUNT_MAX)
    assert whole(*u128.subtract(*pair(a), *pair(b))) == (a - b) & AMOUNT_MAX
    assert whole(*u128.spare(*pair(a), *pair(b))) == max(0, a - b)
    assert bool(u128.less(*pair(a), *pair(b))) == (a < b)
    words = np.array([7, *pair(a)[::-1], 7], np.uint64)
    at = np.int64(1)
    assert bool(u128.add_at(words, at, *pair(b))) == (a + b > AMOUNT_MAX)  # type: ignore[arg-type]
    u128.subtract_at(words, at, *pair(a))  # type: ignore[arg-type]
    assert words.tolist() == [7, b & MASK_64, b >> 64, 7]
    assert u128.zero(words, at) == (b == 0)  # type: ignore[arg-type]
    assert u128.full(words, at) == (b == AMOUNT_MAX)  # type: ignore[arg-type]


@settings(max_examples=50, deadline=None)
@given(
    st.lists(st.sampled_from([*range(40), *(i << 64 for i in range(20)), AMOUNT_MAX]), max_size=60),
    st.integers(0, 60),
)
def test_the_id_table(ids: list[int], undone: int) -> None:
    rows = np.zeros((len(ids) + 1, 2), np.uint64)
    index, held = hashindex.HashIndex(), dict[int, int]()
    for name in ids:
        count = len(held)
        index.reserve(rows, count, 1)
        rows[count] = pair(name)[::-1]
        assert hashindex.insert(index.table, rows, count) == held.get(name, -1)
        held.setdefault(name, count)
    for name in reversed(list(held)[max(0, len(held) - undone) :]):
        hashindex.take_back(index.table, rows, held.pop(name))
    for name in {*ids, 1 << 90}:
        assert hashindex.find(index.table, rows, *pair(name)) == held.get(name, -1)
    assert 2 * len(held) <= len(index.table)
