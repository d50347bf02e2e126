"""Finding the entries that a name may be, among all names of all lists, in well under a millisecond.

Rules:

1. Which names may reach the threshold is told by bounds on the words (`likely`): nothing is left out by order, by a
   word too many, by spelling or by where words are parted.
2. The likeliest `CANDIDATES_MAX` of these are compared in full; where facts may raise the score the bound is lower by
   what they may. Entries with the same identifier always are compared. Acronyms and characters are looked up.
3. An index is made of entries once and never changed: a new version of a list is a new index.

Example::

    index = Index(entries)
    index.search(Subject("c-1", ("Usama bin Ladin",), Kind.PERSON))  # [Hit(…), …], best first
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence

from jinku.risk.screening.compare import NUMBERS_MAX, THRESHOLD, Comparison, compare
from jinku.risk.screening.facts import (
    COMMON_COUNTRY_GAIN,
    SAME_BIRTH_GAIN,
    SAME_IDENTIFIER_LETTERS_MIN,
    SAME_YEAR_GAIN,
    judged,
)
from jinku.risk.screening.likely import Likely
from jinku.risk.screening.model import Entry, Hit, ListedName, Subject
from jinku.risk.screening.names import Kind, Ready, ready
from jinku.risk.screening.table_names import PARTICLES

CANDIDATES_MAX = 300
FACTS_GAIN_MAX = SAME_BIRTH_GAIN + SAME_YEAR_GAIN + COMMON_COUNTRY_GAIN
SHOWN_FROM = 0.5
HITS_MAX = 50


class Index:
    """All names of the entries given. May be asked by one thread at a time."""

    def __init__(self, entries: Sequence[Entry]) -> None:
        self.entries = tuple(entries)
        self._names: list[tuple[int, ListedName]] = []
        self._ready: list[Ready] = []
        self._native: defaultdict[str, list[int]] = defaultdict(list)
        self._acronyms: defaultdict[str, list[int]] = defaultdict(list)
        self._single: defaultdict[str, list[int]] = defaultdict(list)
        self._identifiers: defaultdict[str, list[int]] = defaultdict(list)
        for at, entry in enumerate(self.entries):
            for one in entry.facts.identifiers:
                if len(one) >= SAME_IDENTIFIER_LETTERS_MIN:
                    self._identifiers[one].append(at)
            for name in entry.names:
                self._add(at, entry, name)
        self._groups = {
            (group, across): Likely(
                [
                    (row, one)
                    for row, one in enumerate(self._ready)
                    if (_group(one.kind), _across(one)) == (group, across)
                ],
                across=across,
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
            if len(made.words) == 1:
                self._single[made.words[0]].append(row)

    @property
    def size(self) -> int:
        """How many names are in it."""
        return len(self._ready)

    def search(self, subject: Subject, *, least: float = THRESHOLD) -> list[Hit]:
        """Entries that `subject` may be with a score of at least `least`, best first, one hit an entry."""
        found: dict[int, Hit] = {}
        facts = subject.facts
        bound = max(least - (FACTS_GAIN_MAX if facts.births or facts.countries else 0.0), 0.0)
        for text in subject.names:
            for kind in _kinds(subject.kind, text):
                asked = ready(text, kind)
                for row in self.candidates(asked, bound):
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

    def candidates(self, asked: Ready, least: float = THRESHOLD) -> list[int]:
        """Rows of names that `asked` may be with a score of at least `least`, before facts."""
        if not asked.words:
            return []
        group = _group(asked.kind)
        likely = self._groups[group, False].rows(asked, least) + self._groups[group, True].rows(asked, least)
        likely.sort(reverse=True)
        rows = [row for _, row in likely if self._numbers_agree(asked, row) or least <= NUMBERS_MAX]
        rows = rows[:CANDIDATES_MAX]
        if asked.native:
            rows = self._same_letters(asked) + rows
        if asked.kind is not Kind.PERSON:
            rows = [row for text in _acronyms(asked) for row in self._single.get(text, ())] + rows
            if len(asked.words) == 1:
                rows = self._acronyms.get(asked.words[0], []) + rows
        return list(dict.fromkeys(rows))

    def _numbers_agree(self, asked: Ready, row: int) -> bool:
        return asked.kind is Kind.PERSON or asked.numbers == self._ready[row].numbers

    def _same_letters(self, asked: Ready) -> list[int]:
        counts: defaultdict[int, int] = defaultdict(int)
        for letter in set(asked.native):
            for row in self._native.get(letter, ()):
                counts[row] += 1
        least = max(1, (len(set(asked.native)) + 1) // 2)
        found = sorted((-count, row) for row, count in counts.items() if count >= least)
        return [row for _, row in found[:CANDIDATES_MAX]]

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
