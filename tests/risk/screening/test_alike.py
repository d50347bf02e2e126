"""The compiled search of a vocabulary against the same rule reckoned in plain Python, word by word."""

import random
from collections.abc import Iterator
from itertools import product

import numpy as np
import pytest
from rapidfuzz.distance import OSA

from jinku.risk.screening.alike import (
    ASKED_AT_ONCE_MAX,
    KNOWN_LIKENESS,
    Found,
    Question,
    alike,
    scratch,
    vocabulary,
    written,
)
from jinku.risk.screening.table_names import NICKNAMES, SAME_NAME
from jinku.risk.screening.words import (
    CONSONANTS_LIKENESS_MAX,
    FAR_EDIT_LIKENESS,
    FEW_CONSONANTS_LIKENESS,
    consonants,
    nearly,
    sounds,
)

KNOWN = ("muhammad", "mohamed", "aleksandr", "alexander", "robert", "bob", "yusuf", "joseph")


def reckoned(one: str, other: str, least: float, *, across: bool) -> float:
    """How alike two words are at most, 0 where it is less than `least`: the rule without bounds and bits."""
    for table in (SAME_NAME, NICKNAMES):
        if one in table and other in table and table[one] == table[other]:
            return 1.0 if one == other else KNOWN_LIKENESS
    size, short = max(len(one), len(other)), min(len(one), len(other))
    value = 0.0
    if size <= 2 * short + 2:
        raw = OSA.distance(one, other)
        if sorted(one) == sorted(other):
            raw = min(raw, 1)
        (even, flat), (even_other, flat_other) = sounds(one), sounds(other)
        near = OSA.distance(nearly(even), nearly(even_other))
        edits = raw + OSA.distance(even, even_other) + min(near, OSA.distance(flat, flat_other))
        value = 1.0 - edits / 3.0 / size if edits <= 3.0 * size * (1.0 - least) + 1e-9 else 0.0
    if across:
        value = max(value, by_consonants(one, other))
        value = value if value >= least else 0.0
    return value


def by_consonants(one: str, other: str) -> float:
    mine, theirs = (consonants(word).replace("R", "L") for word in (one, other))
    size = max(len(mine), len(theirs))
    if min(len(mine), len(theirs)) < 2:
        return FEW_CONSONANTS_LIKENESS if len(mine) == 1 and mine == theirs and one[0] == other[0] else 0.0
    edits = OSA.distance(mine, theirs)
    value = 1.0 - edits / size
    return CONSONANTS_LIKENESS_MAX * (max(value, FAR_EDIT_LIKENESS) if edits == 1 else value)


def some_words(chance: random.Random, count: int) -> Iterator[str]:
    """Words of few letters, so that many are alike, and the same with a letter gone, exchanged or turned."""
    yield from KNOWN
    for _ in range(count):
        word = "".join(chance.choice("aioubdkhrs") for _ in range(chance.randint(2, 8)))
        yield word
        at = chance.randrange(len(word) - 1)
        yield word[:at] + word[at + 1] + word[at] + word[at + 2 :]
        yield word[:at] + chance.choice("aeikmq") + word[at + 1 :]
        yield word[:at] + word[at : at + 3][::-1] + word[at + 3 :]
        yield word[:at] + word[at + 1 :] + chance.choice(["", "", "ov", "ah"])


@pytest.mark.parametrize("across", [False, True])
def test_compiled_search_finds_what_plain_reckoning_finds(across: bool) -> None:
    """K5: no word is lost to a bound, and each is as alike as it is without bits."""
    chance = random.Random(5)
    listed = sorted(set(some_words(chance, 150)), key=lambda word: (len(word), word))
    others = listed[::3]
    asked = [*KNOWN, *chance.sample(listed, 20), *some_words(chance, 20)]
    low, window = 0.66 if across else 0.7, 3
    both = (vocabulary(listed), vocabulary(others))
    room = scratch(*both)
    most = ASKED_AT_ONCE_MAX * (len(listed) + len(others))
    out = Found(np.zeros(most, np.int64), np.zeros(most), np.zeros((ASKED_AT_ONCE_MAX, 2), np.int64))
    told = 0
    for first in range(0, len(asked), ASKED_AT_ONCE_MAX):
        some = asked[first : first + ASKED_AT_ONCE_MAX]
        least = np.array([(low, 0.8)] * len(some))
        near = [((0, 1 << 30), (max(len(word) - window, 0), len(word) + window)) for word in some]
        count = alike(written(some), Question(least, np.array(near)), both, across, room, out)
        assert not room.patterns.any()
        assert count == out.ends[len(some) - 1, 1]
        begin = 0
        for (at, word), (side, among) in product(enumerate(some), enumerate((listed, others))):
            end = int(out.ends[at, side])
            places, values = out.places[begin:end].tolist(), out.values[begin:end].tolist()
            expected = {
                place: value
                for place, other in enumerate(among)
                if (value := reckoned(word, other, (low, 0.8)[side], across=across))
                and (not side or abs(len(word) - len(other)) <= window)
            }
            assert dict(zip(places, values, strict=True)) == expected, word
            assert places == sorted(places)
            told += len(places)
            begin = end
    assert told > 150


def test_words_longer_than_a_word_of_bits_are_cut() -> None:
    long = "kar" * 30
    out = Found(np.zeros(4, np.int64), np.zeros(4), np.zeros((1, 2), np.int64))
    how = Question(np.array([(0.7, 0.8)]), np.array([((0, 1 << 30), (0, 1 << 30))], np.int64))
    both = (vocabulary(["kar", long]), vocabulary([]))
    found = alike(written([long]), how, both, False, scratch(*both), out)
    assert (found, out.places[0], out.values[0]) == (1, 1, 1.0)
