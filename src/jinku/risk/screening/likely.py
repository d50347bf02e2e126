"""Which listed names may reach the threshold with a name: by bounds on the comparison, in compiled code.

Rules:

1. Each different word of the listed names stands once in a vocabulary, with the rows and places that hold it; so do
   two and three neighbouring words as one, and all words as one.
2. Each word asked is held against the vocabulary: first by letters in common, which bounds the edits from below, then
   by the edits themselves, exactly as `words.likeness` counts them. What is found of a word is kept.
3. Words found bound the score of a row from above, as `compare` would reckon it: what is left over on both sides is a
   conflict. Only rows whose bound reaches what is asked are compared in full. A bound is never lower than the score but
   where words that are not neighbours are one word together.

Example::

    Likely([(0, name)], across=False).rows(asked, 0.7)  # [0]
"""

from collections.abc import Iterable, Sequence
from functools import cached_property, lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from jinku.base.compiled import compiled
from jinku.risk.screening import compare as rules
from jinku.risk.screening.chinese import in_wade_giles, is_wade_giles
from jinku.risk.screening.names import Kind, Ready
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
"""Writings of a word: as it is, sounds evened out, vowels alike, consonants alike, classes of consonants."""
LETTERS_MAX = 40
LIGHT_WEIGHT = 0.28
VALUES_ASIDE = 0.02
"""The plain mean of values may be lower than the mean by weight by so much."""
JOINED_LEAST = 0.8
FOUND_KEPT_MAX = 1 << 16
_WINDOW = rules.JOINED_APART_MAX
_KNOWN_LIKENESS = 0.97

Bits = NDArray[np.uint64]
Ints = NDArray[np.int64]
Letters = NDArray[np.uint8]
Floats = NDArray[np.float64]
_Hits = tuple[Ints, Floats]


def _forms(word: str) -> tuple[str, str, str, str, str]:
    even, flat = sounds(word)
    return word, even, flat, nearly(even), consonants(word).replace("R", "L")


def _mask(text: str) -> int:
    """Letters by how often they stand there, as bits: two words' bits differ by no more than their edits each way."""
    bits = 0
    for letter in set(text):
        count = min(text.count(letter), 2)
        place = (ord(letter) & 31) if ord(letter) < 128 else (ord(letter) % 32)
        bits |= 1 << place
        if count > 1:
            bits |= 1 << (32 + place)
    return bits


def _letters(text: str) -> bytes:
    return bytes(ord(letter) & 255 for letter in text[:LETTERS_MAX])


class Words:
    """Different words, shortest first, with their writings as arrays."""

    def __init__(self, words: Iterable[str]) -> None:
        self.words = sorted(set(words), key=lambda word: (len(word), word))
        forms = [_forms(word) for word in self.words]
        texts = [_letters(text) for form in forms for text in form]
        self.letters: Letters = np.frombuffer(b"".join(texts) + b"\0", np.uint8)
        self.first: Ints = np.concatenate([[0], np.cumsum([len(text) for text in texts])]).astype(np.int64)
        self.masks: Bits = np.array([_mask(text) for form in forms for text in form], np.uint64).reshape(
            -1, FORMS
        )
        self.sizes: Ints = np.array([len(word) for word in self.words], np.int64)
        self.same: Ints = np.array([_same(word) for word in self.words], np.int64)
        self.nick: Ints = np.array([_nick(word) for word in self.words], np.int64)

    @cached_property
    def arrays(self) -> "Listed":
        """The arrays that compiled code reads."""
        return Listed(self.letters, self.first, self.masks, self.sizes, self.same, self.nick)

    def between(self, least: int, most: int) -> tuple[int, int]:
        """Where the words of `least` to `most` letters begin and end."""
        return int(np.searchsorted(self.sizes, least)), int(np.searchsorted(self.sizes, most, side="right"))


_NUMBERED = {name: at for at, name in enumerate(sorted({*SAME_NAME.values(), *NICKNAMES.values()}))}


def _same(word: str) -> int:
    return _NUMBERED[SAME_NAME[word]] if word in SAME_NAME else -1


def _nick(word: str) -> int:
    return _NUMBERED[NICKNAMES[word]] if word in NICKNAMES else -1


@compiled
def _ones(value: np.uint64) -> int:
    value = value - ((value >> np.uint64(1)) & np.uint64(0x5555555555555555))
    value = (value & np.uint64(0x3333333333333333)) + (
        (value >> np.uint64(2)) & np.uint64(0x3333333333333333)
    )
    value = (value + (value >> np.uint64(4))) & np.uint64(0x0F0F0F0F0F0F0F0F)
    return int((value * np.uint64(0x0101010101010101)) >> np.uint64(56))


@compiled
def _apart(one: np.uint64, other: np.uint64) -> int:
    """The least edits between two texts by the bits of their letters."""
    return max(_ones(one & ~other), _ones(other & ~one))


@compiled
def _edits(
    one: Letters, start: int, stop: int, other: Letters, span: tuple[int, int], rows: NDArray[np.int64]
) -> int:
    """Optimal string alignment distance of ``one[start:stop]`` and of `other` between the two places of `span`; `rows`
    is scratch (3, n)."""
    begin, end = span
    long = end - begin
    for at in range(long + 1):
        rows[0, at] = at
    for place in range(stop - start):
        now, before, older = (place + 1) % 3, place % 3, (place + 2) % 3
        rows[now, 0] = place + 1
        letter = one[start + place]
        for at in range(long):
            same = other[begin + at] == letter
            best = rows[before, at] + (0 if same else 1)
            best = min(best, rows[before, at + 1] + 1, rows[now, at] + 1)
            if (
                place
                and at
                and letter == other[begin + at - 1]
                and one[start + place - 1] == other[begin + at]
            ):
                best = min(best, rows[older, at - 1] + 1)
            rows[now, at + 1] = best
    return int(rows[(stop - start) % 3, long])


class Asked(NamedTuple):
    """One word asked, as arrays."""

    letters: Letters
    ends: Ints
    """Where each writing begins in `letters`, and the end."""
    masks: Bits
    known: Ints
    """The word's length, its name among spellings, and among nicknames."""


class Listed(NamedTuple):
    """The words listed, as arrays; see `Words`."""

    letters: Letters
    first: Ints
    masks: Bits
    sizes: Ints
    same: Ints
    nick: Ints


class Hits(NamedTuple):
    """Words found: their places, and how alike they are at most."""

    places: Ints
    values: Floats


class Posts(NamedTuple):
    """Which rows hold which word, at which places."""

    first: Ints
    rows: Ints
    places: Ints


class Tally(NamedTuple):
    """What is collected of each row while words are looked up; zeros between two names."""

    seen: Ints
    """Shape (rows, 2): covered words asked, covered places."""
    alike: Floats
    """Shape (rows, 2): the sum of each asked word's best value, and the value of the last."""


class Sides(NamedTuple):
    """Weights of the words of both sides, and the prices of what does not agree."""

    asked: Floats
    first: Ints
    listed: Floats
    prices: tuple[float, float, float, float, float, float]
    """Of what is left on one side with one anchor and with more, the conflict's least weight and price, its cap, the
    sharpness."""


@compiled
def _by_edits(asked: Asked, listed: Listed, at: int, far: float, rows: Ints) -> int:
    """The edits of three writings together; -1 where bounds say that they are more than `far`."""
    masks, base = asked.masks, at * 5
    bound = _apart(masks[0], listed.masks[at, 0]) + _apart(masks[1], listed.masks[at, 1])
    if bound > far:
        return -1
    bound += min(_apart(masks[2], listed.masks[at, 2]), _apart(masks[3], listed.masks[at, 3]))
    if bound > far:
        return -1
    mine, ends, theirs, first = asked.letters, asked.ends, listed.letters, listed.first
    total = min(
        _edits(mine, ends[2], ends[3], theirs, (first[base + 2], first[base + 3]), rows),
        _edits(mine, ends[3], ends[4], theirs, (first[base + 3], first[base + 4]), rows),
    )
    if total <= far:
        total += _edits(mine, ends[1], ends[2], theirs, (first[base + 1], first[base + 2]), rows)
    if total <= far:
        raw = _edits(mine, ends[0], ends[1], theirs, (first[base], first[base + 1]), rows)
        if raw > 1 and asked.known[0] == listed.sizes[at] and masks[0] == listed.masks[at, 0]:
            raw = 1
        total += raw
    return total


@compiled
def _by_consonants(asked: Asked, listed: Listed, at: int, least: float, rows: Ints) -> float:
    """How alike two words of different scripts are by their classes of consonants; 0 where it is too little."""
    base, ends, first = at * 5, asked.ends, listed.first
    mine, theirs = ends[5] - ends[4], first[base + 5] - first[base + 4]
    most = max(mine, theirs)
    if min(mine, theirs) < 2:
        same_start = asked.letters[0] == listed.letters[first[base]]
        few = mine == 1 and theirs == 1 and same_start
        if few and asked.letters[ends[4]] == listed.letters[first[base + 4]]:
            return FEW_CONSONANTS_LIKENESS
        return 0.0
    if _apart(asked.masks[4], listed.masks[at, 4]) > max(1.0, most * (1.0 - least / CONSONANTS_LIKENESS_MAX)):
        return 0.0
    edits = _edits(asked.letters, ends[4], ends[5], listed.letters, (first[base + 4], first[base + 5]), rows)
    value = 1.0 - edits / most
    if edits == 1:
        value = max(value, FAR_EDIT_LIKENESS)
    return float(CONSONANTS_LIKENESS_MAX * value)


@compiled
def _alike(asked: Asked, listed: Listed, bounds: tuple[int, int, float, bool], out: Hits) -> int:
    """The words from `bounds` begin to end that may be the word asked with the least likeness; how many, in `out`."""
    begin, end, least, across = bounds
    known = asked.known
    rows = np.empty((3, 64), np.int64)
    count = 0
    for at in range(begin, end):
        size = max(known[0], listed.sizes[at])
        short = min(known[0], listed.sizes[at])
        if (known[1] >= 0 and known[1] == listed.same[at]) or (known[2] >= 0 and known[2] == listed.nick[at]):
            other = known[0] != listed.sizes[at] or asked.masks[0] != listed.masks[at, 0]
            out.places[count] = at
            out.values[count] = _KNOWN_LIKENESS if other else 1.0
            count += 1
            continue
        good, found = False, 0.0
        far = 3.0 * size * (1.0 - least) + 1e-9
        if size <= 2 * short + 2:
            total = _by_edits(asked, listed, at, far, rows)
            if total >= 0:
                good = total <= far
                found = 1.0 - total / 3.0 / size
        if across:
            found = max(found, _by_consonants(asked, listed, at, least, rows))
            good = found >= least
        if good:
            out.places[count] = at
            out.values[count] = found
            count += 1
    return count


@compiled
def _gather(hits: Hits, cover: int, posts: Posts, tally: Tally, touched: Ints) -> int:
    """Which rows hold words of `hits`, into `tally`; new rows in `touched`, and how many."""
    count = 0
    seen, alike = tally.seen, tally.alike
    for at in range(hits.places.shape[0]):
        value, word = hits.values[at], hits.places[at]
        for post in range(posts.first[word], posts.first[word + 1]):
            row = posts.rows[post]
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
            seen[row, 1] |= posts.places[post]
    return count


@compiled
def _bounded(touched: Ints, tally: Tally, sides: Sides, out: Floats) -> None:
    """The highest score that each row of `touched` can have; clears `tally`. Light words are taken for agreed."""
    seen, alike, asked, first, weights = tally.seen, tally.alike, sides.asked, sides.first, sides.listed
    prices = sides.prices
    for at in range(touched.shape[0]):
        row = touched[at]
        mine, theirs = seen[row, 0], seen[row, 1]
        seen[row, 0] = seen[row, 1] = 0
        total = alike[row, 0]
        alike[row, 0] = alike[row, 1] = 0.0
        left = right = held_left = held_right = light = 0.0
        anchors_left = anchors_right = 0
        for place in range(asked.shape[0]):
            if asked[place] < LIGHT_WEIGHT:
                held_left += abs(asked[place])
                light += abs(asked[place])
            elif (mine >> place) & 1:
                held_left += asked[place]
                anchors_left += 1
            else:
                left += asked[place]
        for place in range(first[row + 1] - first[row]):
            weight = weights[first[row] + place]
            if weight < LIGHT_WEIGHT:
                held_right += abs(weight)
            elif (theirs >> place) & 1:
                held_right += weight
                anchors_right += 1
            else:
                right += weight
        mass = max(held_left, held_right, 1.0)
        low, high = min(left, right), max(left, right)
        price = prices[0] if max(anchors_left, anchors_right) <= 1 else prices[1]
        mean = (total + light) / (anchors_left + light) if anchors_left else 1.0
        sharp = min(mean + VALUES_ASIDE, 1.0) ** prices[5]
        score = sharp * mass / (mass + low * prices[3] + (high - low) * price)
        out[at] = min(score, prices[4]) if low >= prices[2] else score


class Likely:
    """Names of one kind of script and kind, ready to be asked which of them a name may be. One thread at a time."""

    def __init__(self, names: Sequence[tuple[int, Ready]], *, across: bool) -> None:
        self._across = across
        self._of: list[int] = []
        self._found: dict[tuple[str, bool, bool], tuple[_Hits, _Hits]] = {}
        plain: list[tuple[str, int, int]] = []
        joined: list[tuple[str, int, int]] = []
        weights: list[float] = []
        first = [0]
        for row, name in names:
            for way in _ways(name):
                self._take(row, name, way, (plain, joined))
                weights += _weights(way, name)
                first.append(len(weights))
        self._weights, self._first = np.array(weights, np.float64), np.array(first, np.int64)
        self._plain, self._joined = _Posts(plain), _Posts(joined)
        self._tally = Tally(np.zeros((len(self._of), 2), np.int64), np.zeros((len(self._of), 2), np.float64))
        self._touched = np.zeros(len(self._of), np.int64)
        most = max(len(self._plain.words.words), len(self._joined.words.words)) + 1
        self._out = Hits(np.zeros(most, np.int64), np.zeros(most, np.float64))

    def _take(
        self, row: int, name: Ready, way: tuple[str, ...], into: tuple[list[tuple[str, int, int]], ...]
    ) -> None:
        at = len(self._of)
        self._of.append(row)
        for place, weight in enumerate(_weights(way, name)):
            if weight >= LIGHT_WEIGHT:
                into[0].append((way[place], at, 1 << place))
        for text, places in _joins(way, name):
            into[1].append((text, at, places))

    def rows(self, asked: Ready, least: float) -> list[tuple[float, int]]:
        """The names whose score may reach `least`, with what it may be at most, highest first."""
        best: dict[int, float] = {}
        if self._of:
            across = self._across or asked.vowelless or asked.far
            for way in _ways(asked):
                for row, bound in self._way(asked, way, across, least):
                    best[row] = max(bound, best.get(row, 0.0))
        return sorted(((bound, row) for row, bound in best.items()), reverse=True)

    def _way(self, asked: Ready, way: tuple[str, ...], across: bool, least: float) -> list[tuple[int, float]]:
        weights = _weights(way, asked)
        tokens = [
            (way[place], 1 << place, False) for place, weight in enumerate(weights) if weight >= LIGHT_WEIGHT
        ]
        tokens += [(text, places, True) for text, places in _joins(way, asked)]
        count = 0
        touched = [self._similar(text, merged, across) for text, _, merged in tokens]
        for posts, which in ((self._plain, 0), (self._joined, 1)):
            for (_, cover, merged), similar in zip(tokens, touched, strict=True):
                hits, values = similar[which]
                if len(hits):
                    values = values * cover.bit_count() if merged else values
                    count += _gather(
                        Hits(hits, values), cover, posts.arrays, self._tally, self._touched[count:]
                    )
        found = self._touched[:count]
        bound = np.zeros(count, np.float64)
        sides = Sides(np.array(weights), self._first, self._weights, _prices(asked.kind))
        _bounded(found, self._tally, sides, bound)
        return [(self._of[found[at]], float(bound[at])) for at in np.flatnonzero(bound >= least)]

    def _similar(self, text: str, merged: bool, across: bool) -> tuple[_Hits, _Hits]:
        """The words, and the joined words, that may be `text`; kept."""
        key = (text, merged, across)
        known = self._found.get(key)
        if known is None:
            if len(self._found) >= FOUND_KEPT_MAX:
                self._found.clear()
            word = _word(text)
            low = rules.PAIR_ACROSS_MIN if across else rules.PAIR_MIN
            size = len(text)
            near = (size - _WINDOW, size + _WINDOW)
            known = (
                self._search(
                    word,
                    self._plain.words,
                    near if merged else (0, 1 << 30),
                    JOINED_LEAST if merged else low,
                    across,
                ),
                self._search(word, self._joined.words, near, JOINED_LEAST, across),
            )
            self._found[key] = known
        return known

    def _search(self, word: Words, among: Words, near: tuple[int, int], least: float, across: bool) -> _Hits:
        begin, end = among.between(*near)
        known = np.array([word.sizes[0], word.same[0], word.nick[0]], np.int64)
        asked = Asked(word.letters, word.first, word.masks[0], known)
        count = _alike(asked, among.arrays, (begin, end, least, across), self._out)
        return self._out.places[:count].copy(), self._out.values[:count].copy()


@lru_cache(FOUND_KEPT_MAX)
def _word(text: str) -> Words:
    return Words([text])


class _Posts:
    """Different words and which rows hold them, at which places."""

    def __init__(self, held: list[tuple[str, int, int]]) -> None:
        self.words = Words(word for word, _, _ in held)
        number = {word: at for at, word in enumerate(self.words.words)}
        ordered = sorted((number[word], row, places) for word, row, places in held)
        which = np.array([one[0] for one in ordered], np.int64)
        self.rows = np.array([one[1] for one in ordered], np.int64)
        self.places = np.array([one[2] for one in ordered], np.int64)
        self.first = np.searchsorted(which, np.arange(len(number) + 1)).astype(np.int64)
        self.arrays = Posts(self.first, self.rows, self.places)


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


def _prices(kind: Kind) -> tuple[float, float, float, float, float, float]:
    if kind is Kind.PERSON:
        return (
            rules.EXTRA_ONE_WORD, rules.EXTRA_PERSON, rules.CONFLICT_WEIGHT, rules.CONFLICT_PRICE, rules.CONFLICT_MAX,
            rules.SHARPNESS,
        )  # fmt: skip
    return (
        rules.EXTRA_ORGANISATION * rules.COMMON_LEFT_FACTOR, rules.EXTRA_ORGANISATION * rules.COMMON_LEFT_FACTOR,
        rules.CONFLICT_WEIGHT_ORGANISATION, rules.CONFLICT_PRICE, rules.CONFLICT_MAX,
        rules.SHARPNESS,
    )  # fmt: skip
