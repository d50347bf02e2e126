"""Finding the entries that a name may be, among all names of all lists, in well under a millisecond.

Rules:

1. Each listed name has a signature of 256 bits: which pairs of neighbouring sounds and which pairs of
   consonant classes
   its words hold, words that are one name in many spellings written one way. A name asked is compared with every
   signature in compiled code: what is held in common, by the smaller of the two. Nothing is left out by order, by a
   word too many, or by a letter.
2. Of those that share `SHARE_MIN` of it, each word of the shorter name must have a word that it may be. The best
   `CANDIDATES_MAX` of these are compared in full; entries with the same identifier always are. An
   acronym and characters are looked up.
3. An index is made of entries once and never changed: a new version of a list is a new index.

Example::

    index = Index(entries)
    index.search(Subject("c-1", ("Usama bin Ladin",), Kind.PERSON))  # [Hit(…), …], best first
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from jinku.base.compiled import compiled
from jinku.risk.screening.compare import THRESHOLD, Comparison, compare
from jinku.risk.screening.facts import SAME_IDENTIFIER_LETTERS_MIN, judged
from jinku.risk.screening.model import Entry, Hit, ListedName, Subject
from jinku.risk.screening.names import Kind, Ready, ready
from jinku.risk.screening.table_names import NICKNAMES, PARTICLES, SAME_NAME
from jinku.risk.screening.words import consonants, sounds

CANDIDATES_MAX = 200
SHARE_MIN = 0.5
SHARE_ACROSS_MIN = 0.5
SHARE_ALONE_MIN = 0.75
WORD_SHARE_MIN = 0.5
FIT_MIN = 0.74
FULL_WORD_WEIGHT = 0.6
SHOWN_FROM = 0.5
HITS_MAX = 50
_SOUND_WORDS, _CLASS_WORDS = 2, 2
_WORDS = _SOUND_WORDS + _CLASS_WORDS
_CLASSES = {letter: at for at, letter in enumerate("PFTSKMNLX#")}

Bits = NDArray[np.uint64]


def signature(name: Ready) -> Bits:
    """The 256 bits of a name: two words of pairs of sounds, two of pairs of consonant classes."""
    bits = [0, 0, 0, 0]
    for way in (name.words, *name.others):
        for word in way:
            _mark(bits, word)
    return np.array(bits, np.uint64)


def _mark(bits: list[int], word: str) -> None:
    if len(word) == 1 or word in PARTICLES:
        return
    word = SAME_NAME.get(word, NICKNAMES.get(word, word))
    text = "#" + sounds(word)[1] + "#"
    for at in range(len(text) - 1):
        place = (ord(text[at]) * 31 + ord(text[at + 1]) * 7) % (64 * _SOUND_WORDS)
        bits[place >> 6] |= 1 << (place & 63)
    text = "#" + consonants(word).replace("R", "L") + "#"
    for at in range(len(text) - 1):
        one, other = _CLASSES.get(text[at], 8), _CLASSES.get(text[at + 1], 8)
        place = one * len(_CLASSES) + other
        bits[_SOUND_WORDS + (place >> 6)] |= 1 << (place & 63)


def word_bits(name: Ready) -> Bits:
    """Two words of bits for each full word of a name: pairs of sounds and of consonant classes, each folded to 64."""
    made = []
    for word, weight in zip(name.words, name.weights, strict=True):
        if weight >= FULL_WORD_WEIGHT and len(word) > 1:
            bits = [0, 0, 0, 0]
            _mark(bits, word)
            made.append((bits[0] | bits[1], bits[2] | bits[3]))
    return np.array(made, np.uint64).reshape(-1, 2)


@compiled
def _ones(value: np.uint64) -> int:
    value = value - ((value >> np.uint64(1)) & np.uint64(0x5555555555555555))
    value = (value & np.uint64(0x3333333333333333)) + (
        (value >> np.uint64(2)) & np.uint64(0x3333333333333333)
    )
    value = (value + (value >> np.uint64(4))) & np.uint64(0x0F0F0F0F0F0F0F0F)
    return int((value * np.uint64(0x0101010101010101)) >> np.uint64(56))


@compiled
def _shares(
    asked: Bits, kinds: int, listed: Bits, counts: NDArray[np.int16], out: NDArray[np.float32]
) -> None:
    """The share of bits in common of `asked` and each of `listed`, by the smaller count; `kinds` 1: classes only."""
    first = 2 if kinds == 1 else 0
    mine = 0
    for word in range(first, 4):
        mine += _ones(asked[word])
    for row in range(listed.shape[0]):
        common = 0
        for word in range(first, 4):
            common += _ones(asked[word] & listed[row, word])
        theirs = counts[row, 1] if kinds == 1 else counts[row, 0] + counts[row, 1]
        least = min(mine, theirs)
        out[row] = common / least if least > 0 else 0.0


@compiled
def _fits(
    asked: Bits,
    found: NDArray[np.int64],
    first: NDArray[np.int64],
    words: Bits,
    weight: float,
    out: NDArray[np.float32],
) -> None:
    """For each row of `found`: the mean of how well each word of the side with fewer words has one on the other side; 0
    where one has none."""
    for at in range(found.shape[0]):
        start, stop = first[found[at]], first[found[at] + 1]
        mine, theirs = asked.shape[0], stop - start
        turned = theirs < mine
        total, missing = 0.0, 0
        for one in range(theirs if turned else mine):
            best = 0.0
            for other in range(mine if turned else theirs):
                left = asked[other] if turned else asked[one]
                right = words[start + one] if turned else words[start + other]
                sound = _ones(left[0] & right[0]) / max(_ones(left[0]), _ones(right[0]), 1)
                kind = weight * _ones(left[1] & right[1]) / max(_ones(left[1]), _ones(right[1]), 1)
                best = max(best, sound, kind)
            total += best
            if best < WORD_SHARE_MIN:
                missing += 1
        least = min(mine, theirs)
        out[at] = 0.0 if missing or least == 0 else total / least


class Index:
    """All names of the entries given. May be asked by one thread at a time."""

    def __init__(self, entries: Sequence[Entry]) -> None:
        self.entries = tuple(entries)
        self._names: list[tuple[int, ListedName]] = []
        self._ready: list[Ready] = []
        self._native: defaultdict[str, list[int]] = defaultdict(list)
        self._acronyms: defaultdict[str, list[int]] = defaultdict(list)
        self._identifiers: defaultdict[str, list[int]] = defaultdict(list)
        for at, entry in enumerate(self.entries):
            for one in entry.facts.identifiers:
                if len(one) >= SAME_IDENTIFIER_LETTERS_MIN:
                    self._identifiers[one].append(at)
            for name in entry.names:
                self._add(at, entry, name)
        self._groups = {
            (group, across): _Group(
                [
                    row
                    for row, one in enumerate(self._ready)
                    if (_group(one.kind), _across(one)) == (group, across)
                ],
                self._ready,
                across,
            )
            for group in _GROUPS
            for across in (False, True)
        }

    def _add(self, at: int, entry: Entry, name: ListedName) -> None:
        made = ready(name.text, entry.kind)
        if not made.words:
            return
        row = len(self._ready)
        self._names.append((at, name))
        self._ready.append(made)
        if made.native:
            for letter in set(made.native):
                self._native[letter].append(row)
        if made.kind is not Kind.PERSON:
            for text in _acronyms(made):
                self._acronyms[text].append(row)

    @property
    def size(self) -> int:
        """How many names are in it."""
        return len(self._ready)

    def search(self, subject: Subject, *, least: float = THRESHOLD) -> list[Hit]:
        """Entries that `subject` may be with a score of at least `least`, best first, one hit an entry."""
        found: dict[int, Hit] = {}
        for text in subject.names:
            for kind in _kinds(subject.kind, text):
                asked = ready(text, kind)
                for row in self.candidates(asked):
                    self._judge(subject, row, compare(asked, self._ready[row]), found)
        for at in self._identified(subject):
            if at not in found:
                found[at] = self._by_identifier(subject, at)
        hits = [hit for hit in found.values() if hit.score >= least]
        return sorted(hits, key=lambda hit: (-hit.score, hit.entry.key))[:HITS_MAX]

    def _judge(self, subject: Subject, row: int, comparison: Comparison, found: dict[int, Hit]) -> None:
        if comparison.score < SHOWN_FROM:
            return
        at, name = self._names[row]
        entry = self.entries[at]
        score, parts = judged(comparison.score, name, subject.facts, entry.facts)
        if at not in found or score > found[at].score:
            found[at] = Hit(entry, score, name.text, comparison, parts)

    def _identified(self, subject: Subject) -> set[int]:
        return {at for one in subject.facts.identifiers for at in self._identifiers.get(one, ())}

    def _by_identifier(self, subject: Subject, at: int) -> Hit:
        entry = self.entries[at]
        best = Comparison(0.0)
        for text in subject.names:
            best = max(
                best, compare(ready(text, entry.kind), ready(entry.names[0].text, entry.kind)), key=_by_score
            )
        score, parts = judged(best.score, entry.names[0], subject.facts, entry.facts)
        return Hit(entry, score, entry.names[0].text, best, parts)

    def candidates(self, asked: Ready) -> list[int]:
        """Rows of names that `asked` may be."""
        group = _group(asked.kind)
        rows = self._groups[group, False].nearest(asked) + self._groups[group, True].nearest(asked)
        if asked.native:
            rows = self._same_letters(asked) + rows
        if asked.kind is not Kind.PERSON:
            for text in {asked.words[0]} if len(asked.words) == 1 else set():
                rows = self._acronyms.get(text, []) + rows
        return list(dict.fromkeys(rows))

    def _same_letters(self, asked: Ready) -> list[int]:
        counts: defaultdict[int, int] = defaultdict(int)
        for letter in set(asked.native):
            for row in self._native.get(letter, ()):
                counts[row] += 1
        least = max(1, (len(set(asked.native)) + 1) // 2)
        return [row for row, count in counts.items() if count >= least][:CANDIDATES_MAX]

    def brute(self, subject: Subject, *, least: float = THRESHOLD) -> list[Hit]:
        """What `search` finds, by comparing with every name: slow, to measure what `search` misses."""
        found: dict[int, Hit] = {}
        for text in subject.names:
            for kind in _kinds(subject.kind, text):
                asked = ready(text, kind)
                for row, listed in enumerate(self._ready):
                    if _group(listed.kind) == _group(kind):
                        self._judge(subject, row, compare(asked, listed), found)
        hits = [hit for hit in found.values() if hit.score >= least]
        return sorted(hits, key=lambda hit: (-hit.score, hit.entry.key))[:HITS_MAX]


def _by_score(found: Comparison) -> float:
    return found.score


_GROUPS = ("person", "other")


def _group(kind: Kind) -> str:
    return "person" if kind is Kind.PERSON else "other"


def _across(name: Ready) -> bool:
    return name.vowelless or name.far


def _kinds(kind: Kind, text: str) -> Iterable[Kind]:
    """An unknown kind is asked both as what the name says and, for a person's, as an organisation."""
    if kind is not Kind.UNKNOWN:
        return (kind,)
    told = ready(text, kind).kind
    return (told,) if told is not Kind.PERSON else (Kind.PERSON, Kind.ORGANIZATION)


def _acronyms(name: Ready) -> set[str]:
    full = [word for word in name.words if word not in PARTICLES]
    return {"".join(word[0] for word in way) for way in (full, name.words) if len(way) > 2}


class _Group:
    """Signatures of names of one kind, those of their words, and which rows they are."""

    def __init__(self, rows: list[int], names: list[Ready], across: bool) -> None:
        self._classes_only = across
        self._rows = np.array(rows, np.int64)
        self._bits: Bits = (
            np.stack([signature(names[row]) for row in rows]) if rows else np.zeros((0, _WORDS), np.uint64)
        )
        ones = np.bitwise_count(self._bits)
        self._ones = np.stack([ones[:, :_SOUND_WORDS].sum(1), ones[:, _SOUND_WORDS:].sum(1)], axis=1).astype(
            np.int16
        )
        self._share = np.zeros(len(rows), np.float32)
        made = [word_bits(names[row]) for row in rows]
        self._first = np.concatenate([[0], np.cumsum([len(one) for one in made], dtype=np.int64)]).astype(
            np.int64
        )
        self._words: Bits = np.concatenate(made) if made else np.zeros((0, 2), np.uint64)

    def nearest(self, asked: Ready) -> list[int]:
        """The rows whose words may all be words of `asked`, or the other way round; the likeliest first."""
        if not len(self._rows):
            return []
        across = self._classes_only or _across(asked)
        _shares(signature(asked), 1 if across else 0, self._bits, self._ones, self._share)
        found = np.flatnonzero(self._share >= (SHARE_ACROSS_MIN if across else SHARE_MIN))
        fit = np.zeros(len(found), np.float32)
        _fits(word_bits(asked), found, self._first, self._words, 0.95 if across else 0.65, fit)
        least, most = self._ones[found].sum(1), int(np.bitwise_count(signature(asked)).sum())
        alike = self._share[found] * np.minimum(least, most) / np.maximum(np.maximum(least, most), 1)
        fit[alike >= SHARE_ALONE_MIN] += FIT_MIN
        found, fit = found[fit >= FIT_MIN], fit[fit >= FIT_MIN]
        if len(found) > CANDIDATES_MAX:
            best = np.argpartition(-(fit + self._share[found]), CANDIDATES_MAX)[:CANDIDATES_MAX]
            found = found[best]
        rows: list[int] = self._rows[found].tolist()
        return rows
