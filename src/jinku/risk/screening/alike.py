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
from itertools import accumulate
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
ASKED_AT_ONCE_MAX = 8
_BLOCK_WORDS = 512
"""Words whose bits stay in the nearest cache while all words asked are held against them."""
_LOOK_WORDS = 32
"""Words that are passed over together where none of them is near."""
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
    """Shape (words, 2, 2): from how many letters, from 0, to how many."""


class Found(NamedTuple):
    """Words found, of each word asked: those of the first vocabulary, then those of the second."""

    places: Ints
    values: Floats
    """How alike they are at most."""
    ends: Ints
    """Shape (words asked, 2)."""


class Scratch(NamedTuple):
    """What the search writes on the way."""

    patterns: Bits
    """The places of each letter in each writing of the word asked; shape (FORMS, 256), zeros before and after."""
    nearest: Letters
    """The least edits from each word asked to each word of both vocabularies; shape (2, words asked, most words and
    `_LOOK_WORDS`)."""


def scratch(*among: Vocabulary) -> Scratch:
    """For searches of these vocabularies, one at a time."""
    most = max(len(one.written.sizes) for one in among)
    return Scratch(
        np.zeros((FORMS, 256), np.uint64),
        np.zeros((len(among), ASKED_AT_ONCE_MAX, most + _LOOK_WORDS), np.uint8),
    )


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
    first = np.array(list(accumulate(map(len, texts), initial=0)), np.int64)
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
    mine: tuple[Bits, tuple[int, int, int, int]],
    listed: Written,
    at: int,
    within: tuple[bool, int],
) -> int:
    """The edits of three writings together, or more than may be. `mine`: bits and sizes of the word asked; `within`:
    whether both words have as many letters, and the most edits."""
    letters, first, base = borrowed(listed.letters), borrowed(listed.first), at * 5
    (bits, sizes), (even, most) = mine, within
    apart = _apart(bits[0], listed.masks[0, at])
    total = apart + min(
        _edits(patterns, 2, sizes[2], letters, first[base + 2], first[base + 3]),
        _edits(patterns, 3, sizes[3], letters, first[base + 3], first[base + 4]),
    )
    if total + _apart(bits[1], listed.masks[1, at]) > most:
        return most + 1
    total += _edits(patterns, 1, sizes[1], letters, first[base + 1], first[base + 2])
    if total > most:
        return most + 1
    raw = _edits(patterns, 0, sizes[0], letters, first[base], first[base + 1])
    if even and bits[0] == listed.masks[0, at]:
        raw = min(raw, 1)
    return total - apart + raw


@inlined
def _bounded(mine: Bits, masks: Bits, begin: int, end: int, out: Letters) -> None:
    """The least edits of three writings together for the words from `begin` to `end`: a loop without branches, eight
    words at a time where the processor can."""
    bits, even, flat, near = mine[0], mine[1], mine[2], mine[3]
    first, second = masks[0, begin:end], masks[1, begin:end]
    third, fourth, into = masks[2, begin:end], masks[3, begin:end], out[begin:end]
    for at in range(end - begin):
        apart = _apart(bits, first[at]) + _apart(even, second[at])
        into[at] = np.uint8(apart + min(_apart(flat, third[at]), _apart(near, fourth[at])))


@compiled
def _nearest(asked: Written, near: Ints, listed: Vocabulary, out: Letters) -> None:
    """The least edits from each word asked to each word of `listed` of as many letters as `near` says."""
    masks, mine, starts = borrowed(listed.written.masks), borrowed(asked.masks), borrowed(listed.starts)
    for block in range(0, masks.shape[1], _BLOCK_WORDS):
        for word in range(near.shape[0]):
            most = min(near[word, 1], starts.shape[0] - 2)
            if near[word, 0] <= most:
                begin = max(block, starts[near[word, 0]])
                end = min(block + _BLOCK_WORDS, starts[most + 1])
                if begin < end:
                    _bounded(mine[:, word], masks, begin, end, borrowed(out)[word])


@inlined
def _first_near(nearest: Letters, begin: int, end: int, most: int) -> int:
    """The first of the words from `begin` to `end` whose least edits are `most` or fewer; `end` where there is none."""
    while begin < end:
        low = np.uint8(255)
        for at in range(_LOOK_WORDS):
            low = min(low, nearest[begin + at])
        if int(low) <= most:
            for at in range(begin, min(begin + _LOOK_WORDS, end)):
                if int(nearest[at]) <= most:
                    return at
        begin += _LOOK_WORDS
    return end


@compiled
def _among(
    asked: Written,
    word: int,
    listed: Vocabulary,
    within: tuple[float, int, int, bool],
    scratch: tuple[Bits, Letters],
    out: Found,
    count: int,
) -> int:
    """The words of `listed` that may be the word asked; `count` and how many more, in `out`."""
    least, shortest, longest, across = within
    words, patterns, nearest = listed.written, borrowed(scratch[0]), borrowed(scratch[1])
    masks, size, base = borrowed(words.masks), asked.sizes[word], word * 5
    starts, places, values = borrowed(listed.starts), borrowed(out.places), borrowed(out.values)
    same, nick = asked.same[word], asked.nick[word]
    known = same >= 0 or nick >= 0
    mine, first, letters = asked.masks[:, word].copy(), borrowed(asked.first), borrowed(asked.letters)
    sizes = (
        first[base + 1] - first[base],
        first[base + 2] - first[base + 1],
        first[base + 3] - first[base + 2],
        first[base + 4] - first[base + 3],
    )
    kinds = first[base + 5] - first[base + 4], int(letters[first[base + 4]]), int(letters[first[base]])
    for length in range(shortest, min(longest, starts.shape[0] - 2) + 1):
        long = max(size, length)
        far = 3.0 * long * (1.0 - least) + 1e-9
        most = int(far) if long <= 2 * min(size, length) + 2 else -1
        at, end = starts[length] - 1, starts[length + 1]
        while at + 1 < end:
            at += 1
            if not (known or across):
                at = _first_near(nearest, at, end, most)
                if at == end:
                    break
            value = 0.0
            if known and ((same >= 0 and same == words.same[at]) or (nick >= 0 and nick == words.nick[at])):
                value = 1.0 if size == length and mine[0] == masks[0, at] else KNOWN_LIKENESS
            else:
                if int(nearest[at]) <= most:
                    total = _by_edits(patterns, (mine, sizes), words, at, (size == length, most))
                    value = 1.0 - total / 3.0 / long if total <= most else 0.0
                if across:
                    apart = _apart(mine[4], masks[4, at])
                    value = max(value, _by_consonants(patterns, kinds, words, at, apart, least))
                    value = value if value >= least else 0.0
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
    room: Scratch,
    out: Found,
) -> int:
    """Look up the words asked, `ASKED_AT_ONCE_MAX` at most, in both vocabularies; how many are found, in `out`."""
    letters, first, count = borrowed(asked.letters), borrowed(asked.first), 0
    patterns = borrowed(room.patterns)
    plain, joined = among
    _nearest(asked, how.near[:, 0], plain, room.nearest[0])
    _nearest(asked, how.near[:, 1], joined, room.nearest[1])
    for word in range(asked.sizes.shape[0]):
        for form in range(5):
            start = first[word * 5 + form]
            for at in range(start, first[word * 5 + form + 1]):
                patterns[form, letters[at]] |= np.uint64(1) << np.uint64(at - start)
        for side in range(2):
            within = (how.least[word, side], how.near[word, side, 0], how.near[word, side, 1], across)
            listed = plain if side == 0 else joined
            count = _among(asked, word, listed, within, (patterns, room.nearest[side, word]), out, count)
            out.ends[word, side] = count
        for form in range(5):
            for at in range(first[word * 5 + form], first[word * 5 + form + 1]):
                patterns[form, letters[at]] = np.uint64(0)
    return count
