"""Which listed names may reach the threshold with a name: by bounds on the comparison, in compiled code.

Rules:

1. Each different word of the listed names stands once in a vocabulary, with the rows and places that hold it; so do
   two and three neighbouring words as one, and all words as one.
2. Each word asked is held against the vocabulary: first by letters in common, which bounds the edits from below, then
   by the edits themselves, exactly as `words.likeness` counts them. What is found of a word is kept.
3. Words found bound the score of a row from above, as `compare` would reckon it: what is left over on both sides is a
   conflict. A light word (a particle) may stand for a full one, an initial for any word that begins with it. Only rows
   whose bound reaches what is asked are compared in full. A bound is never lower than the score but where words that
   are not neighbours are one word together.

Example::

    Likely([(0, name)], across=False).rows(asked, 0.7)  # [0]
"""

from collections.abc import Sequence
from functools import lru_cache
from itertools import accumulate
from typing import NamedTuple

import numpy as np

from jinku.base.compiled import borrowed, compiled, inlined
from jinku.risk.screening import compare as rules
from jinku.risk.screening.alike import (
    ASKED_AT_ONCE_MAX,
    LETTERS_MAX,
    Floats,
    Found,
    Ints,
    Question,
    Vocabulary,
    Written,
    alike,
    scratch,
    vocabulary,
    written,
)
from jinku.risk.screening.chinese import in_wade_giles, is_wade_giles
from jinku.risk.screening.names import Kind, Ready

LIGHT_WEIGHT = 0.28
VALUES_ASIDE = 0.02
"""The plain mean of values may be lower than the mean by weight by so much."""
JOINED_LEAST = 0.8
FOUND_KEPT_MAX = 1 << 16
_LIGHT_PLACE = 1 << 62
"""Marks the place of a light word among the places that a word takes in a row."""
_WINDOW = rules.JOINED_APART_MAX
_ANY = 1 << 30

_Word = tuple[str, bool]
"""A word asked, and whether it is joined of words."""
_Hits = tuple[Ints, Floats, Ints, Floats]
"""Places and values of what was found among single words, and among joined ones."""


class Posts(NamedTuple):
    """Which rows hold which word, at which places."""

    first: Ints
    rows: Ints
    places: Ints


class Hits(NamedTuple):
    """Words found for the words asked, one after another."""

    places: Ints
    values: Floats
    ends: Ints
    covers: Ints
    """The places in the name that each word asked takes; shape (2 × words asked,), as `ends`."""
    counts: Ints
    """How many words each word asked stands for: 0 for a light one, which only takes places."""
    plain: int
    """How many of them were looked up among single words; the others among joined ones."""


class Tally(NamedTuple):
    """What is collected of each row while words are looked up; zeros between two names."""

    seen: Ints
    """Shape (rows, 2): covered words asked, covered places."""
    alike: Floats
    """Shape (rows, 2): the sum of each asked word's best value, and the value of the last."""
    touched: Ints
    """The rows that something is collected of."""


class Sides(NamedTuple):
    """Weights of the words of both sides, and the prices of what does not agree."""

    asked: Floats
    first: Ints
    listed: Floats
    asked_heads: Ints
    """The first letter of each word asked, negative for a word that is only that."""
    listed_heads: Ints
    prices: Floats
    """Of what is left on one side with one anchor and with more, the conflict's least weight and price, its cap, the
    sharpness."""


@inlined
def _gather(hits: Hits, plain: Posts, joined: Posts, tally: Tally) -> int:
    """Which rows hold words of `hits`, into `tally`; how many."""
    count = begin = 0
    seen, alike, touched = borrowed(tally.seen), borrowed(tally.alike), borrowed(tally.touched)
    for asked in range(hits.ends.shape[0]):
        cover, posts = hits.covers[asked], plain if asked < hits.plain else joined
        first, rows, places = borrowed(posts.first), borrowed(posts.rows), borrowed(posts.places)
        words = hits.counts[asked]
        for at in range(begin, hits.ends[asked]):
            value, word = hits.values[at] * words, hits.places[at]
            for post in range(first[word], first[word + 1]):
                if words == 0 and places[post] & _LIGHT_PLACE:
                    continue
                row = rows[post]
                if seen[row, 0] == 0 and alike[row, 0] == 0.0:
                    touched[count] = row
                    count += 1
                if seen[row, 0] & cover != cover:
                    alike[row, 0] += value
                    alike[row, 1] = value
                elif value > alike[row, 1]:
                    alike[row, 0] += value - alike[row, 1]
                    alike[row, 1] = value
                seen[row, 0] |= cover
                seen[row, 1] |= places[post]
        begin = hits.ends[asked]
    return count


@inlined
def _by_initial(head: int, heads: Ints, begin: int, end: int) -> bool:
    """Whether a word with this first letter, or one of the others, is an initial of the other."""
    found = False
    for at in range(begin, end):
        found |= abs(heads[at]) == abs(head) and (head < 0 or heads[at] < 0)
    return found


@compiled
def _bounded(
    hits: Hits, plain: Posts, joined: Posts, tally: Tally, sides: Sides, least: float, out: Floats
) -> int:
    """How many rows may have a score of `least`: ``tally.touched`` begins with them, `out` with the highest score that
    each can have. Clears the rest of `tally`. Light words are taken for agreed."""
    seen, alike, touched = borrowed(tally.seen), borrowed(tally.alike), borrowed(tally.touched)
    asked, first, weights = borrowed(sides.asked), borrowed(sides.first), borrowed(sides.listed)
    prices, kept = sides.prices, 0
    heads, others = borrowed(sides.asked_heads), borrowed(sides.listed_heads)
    for at in range(_gather(hits, plain, joined, tally)):
        row = touched[at]
        mine, theirs = seen[row, 0], seen[row, 1]
        seen[row, 0] = seen[row, 1] = 0
        total = alike[row, 0]
        alike[row, 0] = alike[row, 1] = 0.0
        left = right = held_left = held_right = light = 0.0
        anchors_left = anchors_right = anchors_light = 0
        for place in range(asked.shape[0]):
            if asked[place] < LIGHT_WEIGHT:
                held_left += abs(asked[place])
                light += abs(asked[place])
                anchors_light += (mine >> place) & 1
            elif (mine >> place) & 1:
                held_left += asked[place]
                anchors_left += 1
            elif _by_initial(heads[place], others, first[row], first[row + 1]):
                held_left += rules.INITIAL_WEIGHT
            else:
                left += asked[place]
        for place in range(first[row + 1] - first[row]):
            weight = weights[first[row] + place]
            if weight < LIGHT_WEIGHT:
                held_right += abs(weight)
            elif (theirs >> place) & 1:
                held_right += weight
                anchors_right += 1
            elif _by_initial(others[first[row] + place], heads, 0, heads.shape[0]):
                held_right += rules.INITIAL_WEIGHT
            else:
                right += weight
        mass = max(held_left, held_right, 1.0)
        low, high = min(left, right), max(left, right)
        price = prices[0] if max(anchors_left + anchors_light, anchors_right) <= 1 else prices[1]
        mean = (total + light) / (anchors_left + light) if anchors_left else 1.0
        sharp = min(mean + VALUES_ASIDE, 1.0) ** prices[5]
        score = sharp * mass / (mass + low * prices[3] + (high - low) * price)
        score = min(score, prices[4]) if low >= prices[2] else score
        if score >= least:
            touched[kept] = row
            out[kept] = score
            kept += 1
    return kept


class Likely:
    """Names of one kind of script and kind, ready to be asked which of them a name may be. One thread at a time."""

    def __init__(self, names: Sequence[tuple[int, Ready]], *, across: bool) -> None:
        self._across = across
        self._found: dict[tuple[str, bool, bool], _Hits] = {}
        of: list[int] = []
        plain: list[tuple[str, int, int]] = []
        joined: list[tuple[str, int, int]] = []
        weights: list[float] = []
        heads: list[int] = []
        first = [0]
        for row, name in names:
            for way in _ways(name):
                made = _weights(way, name)
                for place, (word, weight) in enumerate(zip(way, made, strict=True)):
                    mark = 0 if weight >= LIGHT_WEIGHT else _LIGHT_PLACE
                    if not mark or len(word) > 1:
                        plain.append((word, len(of), 1 << place | mark))
                joined += [(text, len(of), places) for text, places in _joins(way, name)]
                of.append(row)
                weights += made
                heads += _heads(way)
                first.append(len(weights))
        self._of = np.array(of, np.int64)
        self._weights, self._first = np.array(weights, np.float64), np.array(first, np.int64)
        self._heads = np.array(heads, np.int64)
        single, together = _posted(plain), _posted(joined)
        self._words, self._posts = (single[0], together[0]), (single[1], together[1])
        size, room = len(of), ASKED_AT_ONCE_MAX * sum(len(one.written.sizes) for one in self._words)
        self._tally = Tally(np.zeros((size, 2), np.int64), np.zeros((size, 2)), np.zeros(size, np.int64))
        self._bounds = np.zeros(size)
        self._scratch = scratch(*self._words)
        self._out = Found(
            np.empty(room, np.int64), np.empty(room), np.zeros((ASKED_AT_ONCE_MAX, 2), np.int64)
        )

    def rows(self, asked: Ready, least: float) -> list[tuple[float, int]]:
        """The names whose score may reach `least`, with what it may be at most, highest first."""
        best: dict[int, float] = {}
        if len(self._of):
            across = self._across or asked.vowelless or asked.far
            for way in _asking(asked):
                found = self._way(way, across, least)
                for row, bound in zip(*found, strict=True):
                    best[row] = max(bound, best.get(row, 0.0))
        return sorted(((bound, row) for row, bound in best.items()), reverse=True)

    def _way(self, way: "_Way", across: bool, least: float) -> tuple[list[int], list[float]]:
        """The rows that one writing of a name may be, and what the score of each may be at most."""
        found = self._similar(way.asked, across)
        places, values, more, more_values = zip(*found, strict=True)
        both = (*places, *more)
        ends = np.array(list(accumulate(map(len, both))), np.int64)
        hits = Hits(
            np.concatenate(both),
            np.concatenate((*values, *more_values)),
            ends,
            way.covers,
            way.counts,
            len(found),
        )
        sides = Sides(way.weights, self._first, self._weights, way.heads, self._heads, way.prices)
        count = _bounded(hits, *self._posts, self._tally, sides, least, self._bounds)
        return self._of[self._tally.touched[:count]].tolist(), self._bounds[:count].tolist()

    def _similar(self, asked: tuple[_Word, ...], across: bool) -> list[_Hits]:
        """For each word asked the words, and the joined words, that may be it; kept."""
        known = self._found
        missing = [one for one in asked if (*one, across) not in known]
        if missing and len(known) + len(missing) > FOUND_KEPT_MAX:
            known.clear()
            missing = list(asked)
        for begin in range(0, len(missing), ASKED_AT_ONCE_MAX):
            self._search(tuple(missing[begin : begin + ASKED_AT_ONCE_MAX]), across)
        return [known[*one, across] for one in asked]

    def _search(self, asked: tuple[_Word, ...], across: bool) -> None:
        count = alike(
            _written(asked), _question(asked, across), self._words, across, self._scratch, self._out
        )
        places, values = self._out.places[:count].copy(), self._out.values[:count].copy()
        begin = 0
        for one, (middle, end) in zip(asked, self._out.ends.tolist(), strict=False):
            self._found[*one, across] = (
                places[begin:middle],
                values[begin:middle],
                places[middle:end],
                values[middle:end],
            )
            begin = end


@lru_cache(1 << 8)
def _written(asked: tuple[_Word, ...]) -> Written:
    return written([text for text, _ in asked])


def _question(asked: tuple[_Word, ...], across: bool) -> Question:
    """How words are looked up: joined words by `JOINED_LEAST` and by their size alone."""
    low = rules.PAIR_ACROSS_MIN if across else rules.PAIR_MIN
    least, near = [], []
    for text, merged in asked:
        about = (max(len(text) - _WINDOW, 0), len(text) + _WINDOW)
        least.append((JOINED_LEAST if merged else low, JOINED_LEAST))
        near.append((about if merged else (0, _ANY), about))
    return Question(np.array(least), np.array(near, np.int64))


class _Way(NamedTuple):
    """One writing of a name asked: what is looked up of it, and what its words weigh."""

    asked: tuple[_Word, ...]
    covers: Ints
    counts: Ints
    weights: Floats
    heads: Ints
    prices: Floats


@lru_cache(1 << 8)
def _asking(name: Ready) -> tuple[_Way, ...]:
    """The writings of a name asked."""
    made = []
    for way in _ways(name):
        weights = _weights(way, name)
        found = [
            (word, False, 1 << at, int(weights[at] >= LIGHT_WEIGHT))
            for at, word in enumerate(way)
            if weights[at] >= LIGHT_WEIGHT or len(word) > 1
        ]
        found += [(text, True, places, places.bit_count()) for text, places in _joins(way, name)]
        if found:
            asked = tuple((text, merged) for text, merged, _, _ in found)
            covers, counts = (np.array([one[at] for one in found] * 2, np.int64) for at in (2, 3))
            prices, heads = _PRICES[name.kind is Kind.PERSON], np.array(_heads(way), np.int64)
            made.append(_Way(asked, covers, counts, np.array(weights), heads, prices))
    return tuple(made)


def _posted(held: Sequence[tuple[str, int, int]]) -> tuple[Vocabulary, Posts]:
    """The different words, and which rows hold them, at which places."""
    words = sorted({word for word, _, _ in held}, key=lambda word: (len(word), word))
    number = {word: at for at, word in enumerate(words)}
    ordered = np.array(sorted((number[word], row, places) for word, row, places in held), np.int64).reshape(
        -1, 3
    )
    first = np.searchsorted(ordered[:, 0], np.arange(len(words) + 1)).astype(np.int64)
    return vocabulary(words), Posts(first, ordered[:, 1].copy(), ordered[:, 2].copy())


def _ways(name: Ready) -> list[tuple[str, ...]]:
    """How a name is written: its words, its other readings, and in Wade–Giles where it is pinyin."""
    ways = [name.words, *name.others]
    if name.kind is Kind.PERSON:
        other = in_wade_giles(name.words)
        if other and not is_wade_giles(name.words):
            ways.append(other)
    return ways


def _weights(way: tuple[str, ...], of: Ready) -> list[float]:
    """Weights of words; light ones and initials less than `LIGHT_WEIGHT`, for they are taken for agreed."""
    weights = list(of.weights) if len(way) == len(of.weights) else [1.0] * len(way)
    made = [-weight if len(word) == 1 else weight for word, weight in zip(way, weights, strict=True)]
    return made if any(weight >= LIGHT_WEIGHT for weight in made) else [1.0] * len(way)


def _heads(way: tuple[str, ...]) -> list[int]:
    """The first letter of each word, negative for a word that is only that."""
    return [-ord(word) if len(word) == 1 else ord(word[0]) for word in way]


def _joins(way: tuple[str, ...], name: Ready) -> list[tuple[str, int]]:
    """Neighbouring words as one, and all of them, with the places they take."""
    every = (1 << len(way)) - 1
    made = {name.joined: every, "".join(way): every}
    if len(way) == 2:
        made.setdefault(way[1] + way[0], every)
    for size in (3, 2):
        for at in range(len(way) - size + 1):
            made.setdefault("".join(way[at : at + size]), ((1 << size) - 1) << at)
    return [(text, places) for text, places in made.items() if 4 <= len(text) < LETTERS_MAX]


_ORGANISATION = rules.EXTRA_ORGANISATION * rules.COMMON_LEFT_FACTOR
_ENDS = (rules.CONFLICT_PRICE, rules.CONFLICT_MAX, rules.SHARPNESS)
_PRICES = {
    True: np.array([rules.EXTRA_ONE_WORD, rules.EXTRA_PERSON, rules.CONFLICT_WEIGHT, *_ENDS]),
    False: np.array([_ORGANISATION, _ORGANISATION, rules.CONFLICT_WEIGHT_ORGANISATION, *_ENDS]),
}
