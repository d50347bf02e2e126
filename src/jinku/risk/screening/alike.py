"""Which words of a vocabulary may be a word asked: all of them held against it, in compiled code.

Rules:

1. A word is held in five writings: as it is, sounds evened out, vowels alike, consonants alike, classes of consonants.
   Letters as bits bound the edits between two writings from below: most words are told apart by four words of bits.
2. What is left is counted as `words.likeness` counts it: edits of three writings, by the longer word. Edits are counted
   a column at a time, 64 letters in one word of bits (Hyyrö's optimal string alignment); longer words are cut.
3. Spellings of one name and nicknames are found by table. Between scripts classes of consonants decide.

Example::

    arrays = written(["osama", "usama"])
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from jinku.base.compiled import borrowed, compiled, inlined, ones
from jinku.risk.screening.table_names import NICKNAMES, SAME_NAME
from jinku.risk.screening.words import (
    CONSONANTS_LIKENESS_MAX,
    FAR_EDIT_LIKENESS,
    FEW_CONSONANTS_LIKENESS,
    consonants,
    nearly,
    sounds,
)

FORMS = 5
LETTERS_MAX = 40
KNOWN_LIKENESS = 0.97

Bits = NDArray[np.uint64]
Ints = NDArray[np.int64]
Letters = NDArray[np.uint8]
Floats = NDArray[np.float64]


class Written(NamedTuple):
    """Words in all their writings, as arrays."""

    letters: Letters
    first: Ints
    """Where each writing begins in `letters`; shape (words × FORMS + 1,)."""
    masks: Bits
    """Letters as bits; shape (FORMS, words)."""
    sizes: Ints
    """Letters of each word."""
    same: Ints
    """The number of its name among spellings of one name; -1 for none."""
    nick: Ints
    """And among nicknames."""


class Vocabulary(NamedTuple):
    """Different words, shortest first."""

    written: Written
    starts: Ints
    """Where the words of so many letters begin; one more than there are sizes from 0."""


class Question(NamedTuple):
    """Words asked, and how each is looked up in two vocabularies."""

    least: Floats
    """Shape (words, 2): the least likeness."""
    near: Ints
    """Shape (words, 2, 2): from how many letters to how many."""


class Found(NamedTuple):
    """Words found, of each word asked: those of the first vocabulary, then those of the second."""

    places: Ints
    values: Floats
    """How alike they are at most."""
    ends: Ints
    """Shape (words asked, 2)."""


def _forms(word: str) -> tuple[str, str, str, str, str]:
    even, flat = sounds(word)
    return word, even, flat, nearly(even), consonants(word).replace("R", "L")


_NUMBERED = {name: at for at, name in enumerate(sorted({*SAME_NAME.values(), *NICKNAMES.values()}))}


def written(words: Sequence[str]) -> Written:
    """The arrays of `words`."""
    texts = [text[:LETTERS_MAX] for word in words for text in _forms(word)]
    joined = "".join(texts)
    kept = joined.encode("ascii") if joined.isascii() else bytes(ord(letter) & 255 for letter in joined)
    letters = np.frombuffer(kept + b"\0", np.uint8)
    first = np.zeros(len(texts) + 1, np.int64)
    np.cumsum([len(text) for text in texts], out=first[1:])
    masks = np.zeros((FORMS, len(words)), np.uint64)
    _masked(letters, first, masks)
    same = [_NUMBERED[SAME_NAME[word]] if word in SAME_NAME else -1 for word in words]
    nick = [_NUMBERED[NICKNAMES[word]] if word in NICKNAMES else -1 for word in words]
    sizes = np.array([len(word) for word in words], np.int64)
    return Written(letters, first, masks, sizes, np.array(same, np.int64), np.array(nick, np.int64))


def vocabulary(words: Sequence[str]) -> Vocabulary:
    """The arrays of `words`, which are different, shortest first."""
    made = written(words)
    longest = len(words[-1]) if words else 0
    return Vocabulary(made, np.searchsorted(made.sizes, np.arange(longest + 2)).astype(np.int64))


@compiled
def _masked(letters: Letters, first: Ints, out: Bits) -> None:
    """Letters by how often they stand there (once, more), as bits: two texts' bits differ by no more than their edits
    each way."""
    for text in range(first.shape[0] - 1):
        bits = np.uint64(0)
        for at in range(first[text], first[text + 1]):
            bit = np.uint64(1) << np.uint64(letters[at] & 31)
            if bits & bit:
                bit <<= np.uint64(32)
            bits |= bit
        out[text % 5, text // 5] = bits


@inlined
def _apart(one: np.uint64, other: np.uint64) -> int:
    """The least edits between two texts by the bits of their letters."""
    return max(ones(one & ~other), ones(other & ~one))


@inlined
def _edits(patterns: Bits, form: int, size: int, letters: Letters, begin: int, end: int) -> int:
    """Optimal string alignment distance of the text of `size` letters whose places are `patterns[form]` and of
    ``letters[begin:end]``."""
    if size == 0:
        return end - begin
    total, last, unit = size, np.uint64(size - 1), np.uint64(1)
    plus, minus, diagonal, before = ~np.uint64(0), np.uint64(0), np.uint64(0), np.uint64(0)
    for at in range(begin, end):
        here = patterns[form, letters[at]]
        swapped = ((~diagonal & here) << unit) & before
        diagonal = (((here & plus) + plus) ^ plus) | here | minus | swapped
        more, less = minus | ~(diagonal | plus), diagonal & plus
        total += int((more >> last) & unit) - int((less >> last) & unit)
        more = (more << unit) | unit
        plus, minus = (less << unit) | ~(diagonal | more), more & diagonal
        before = here
    return total


@inlined
def _by_consonants(
    patterns: Bits, mine: tuple[int, int, int], listed: Written, at: int, apart: int, least: float
) -> float:
    """How alike two words of different scripts are by their classes of consonants; 0 where it is too little.

    `mine`: how many, the only one, and the first letter of the word; `apart`: the least edits.
    """
    letters, first = borrowed(listed.letters), borrowed(listed.first)
    begin, end = first[at * 5 + 4], first[at * 5 + 5]
    theirs = end - begin
    most = max(mine[0], theirs)
    if min(mine[0], theirs) < 2:
        few = mine[0] == 1 and theirs == 1 and mine[2] == letters[first[at * 5]]
        return FEW_CONSONANTS_LIKENESS if few and mine[1] == letters[begin] else 0.0
    if apart > max(1.0, most * (1.0 - least / CONSONANTS_LIKENESS_MAX)):
        return 0.0
    edits = _edits(patterns, 4, mine[0], letters, begin, end)
    value = 1.0 - edits / most
    if edits == 1:
        value = max(value, FAR_EDIT_LIKENESS)
    return float(CONSONANTS_LIKENESS_MAX * value)


@inlined
def _by_edits(
    patterns: Bits,
    sizes: tuple[int, int, int, int],
    listed: Written,
    at: int,
    apart: tuple[int, int, bool],
    most: int,
) -> int:
    """The edits of three writings together, or more than `most`; `apart`: the least of the first writing, of the first
    two together, and whether the first has the same letters."""
    letters, first, base = borrowed(listed.letters), borrowed(listed.first), at * 5
    total = min(
        _edits(patterns, 2, sizes[2], letters, first[base + 2], first[base + 3]),
        _edits(patterns, 3, sizes[3], letters, first[base + 3], first[base + 4]),
    )
    if total + apart[1] > most:
        return most + 1
    total += _edits(patterns, 1, sizes[1], letters, first[base + 1], first[base + 2])
    if total + apart[0] > most:
        return most + 1
    raw = _edits(patterns, 0, sizes[0], letters, first[base], first[base + 1])
    return total + (min(raw, 1) if apart[2] else raw)


@compiled
def _among(
    asked: Written,
    word: int,
    listed: Vocabulary,
    within: tuple[float, int, int, bool],
    patterns: Bits,
    out: Found,
    count: int,
) -> int:
    """The words of `listed` that may be the word asked; `count` and how many more, in `out`."""
    least, shortest, longest, across = within
    words = listed.written
    masks, size = borrowed(words.masks), asked.sizes[word]
    starts, places, values = borrowed(listed.starts), borrowed(out.places), borrowed(out.values)
    same, nick = asked.same[word], asked.nick[word]
    mine = asked.masks[:, word]
    bits, even, flat, near, kinds = mine[0], mine[1], mine[2], mine[3], mine[4]
    base = word * 5
    first, letters = asked.first, asked.letters
    sizes = (
        first[base + 1] - first[base],
        first[base + 2] - first[base + 1],
        first[base + 3] - first[base + 2],
        first[base + 4] - first[base + 3],
    )
    start = (
        first[base + 5] - first[base + 4],
        int(letters[first[base + 4]]),
        int(letters[first[base]]),
    )
    for length in range(max(shortest, 0), min(longest, starts.shape[0] - 2) + 1):
        long = max(size, length)
        far = 3.0 * long * (1.0 - least) + 1e-9
        most = int(far) if long <= 2 * min(size, length) + 2 else -1
        for at in range(starts[length], starts[length + 1]):
            if (same >= 0 and same == words.same[at]) or (nick >= 0 and nick == words.nick[at]):
                places[count] = at
                values[count] = 1.0 if size == length and bits == masks[0, at] else KNOWN_LIKENESS
                count += 1
                continue
            value = 0.0
            apart = _apart(bits, masks[0, at])
            both = apart + _apart(even, masks[1, at])
            if both <= most and both + min(_apart(flat, masks[2, at]), _apart(near, masks[3, at])) <= most:
                turned = size == length and bits == masks[0, at]
                total = _by_edits(patterns, sizes, words, at, (apart, both, turned), most)
                if total <= most:
                    value = 1.0 - total / 3.0 / long
            if across:
                value = max(
                    value, _by_consonants(patterns, start, words, at, _apart(kinds, masks[4, at]), least)
                )
                if value < least:
                    value = 0.0
            if value > 0.0:
                places[count] = at
                values[count] = value
                count += 1
    return count


@compiled
def alike(
    asked: Written,
    how: Question,
    among: tuple[Vocabulary, Vocabulary],
    across: bool,
    patterns: Bits,
    out: Found,
) -> int:
    """Look up the words asked in both vocabularies; how many are found, in `out`. `patterns`: shape (FORMS, 256), zeros
    before and after."""
    letters, first, count = borrowed(asked.letters), borrowed(asked.first), 0
    plain, joined = among
    for word in range(asked.sizes.shape[0]):
        for form in range(5):
            start = first[word * 5 + form]
            for at in range(start, first[word * 5 + form + 1]):
                patterns[form, letters[at]] |= np.uint64(1) << np.uint64(at - start)
        for side in range(2):
            within = (how.least[word, side], how.near[word, side, 0], how.near[word, side, 1], across)
            listed = plain if side == 0 else joined
            count = _among(asked, word, listed, within, patterns, out, count)
            out.ends[word, side] = count
        for form in range(5):
            for at in range(first[word * 5 + form], first[word * 5 + form + 1]):
                patterns[form, letters[at]] = np.uint64(0)
    return count
