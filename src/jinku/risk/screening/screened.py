"""The cheap answer for decisions: whether a party is on a list, by its key.

Rules:

1. A key is answered from memory. A key that is not known is screened once by its name and kept, per list versions.
2. When another version takes force, `renew` screens what is kept again; until it is done the old answers stand.
3. A party without a name is answered `UNNAMED`: not listed, and said so. One thread at a time.

Example::

    screened = Screened(running, cleared)
    screened.learn(Subject("p-1", ("Usama bin Ladin",), Kind.PERSON))
    screened.listed(["p-1", "p-2"])  # array([True, False])
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from jinku.risk.screening.book import Cleared
from jinku.risk.screening.lists import Running
from jinku.risk.screening.model import Subject


@dataclass(frozen=True, slots=True)
class Answer:
    """Whether a party is on a list, with the best entry and its score."""

    listed: bool
    entry: str = ""
    score: float = 0.0


CLEAN = Answer(listed=False)
UNNAMED = Answer(listed=False, entry="unnamed")


class Screened:
    """Answers by key, for the versions in force."""

    def __init__(self, running: Running, cleared: Cleared = frozenset()) -> None:
        self._running, self._cleared = running, cleared
        self._answers: dict[str | int, Answer] = {}
        self._subjects: dict[str | int, Subject] = {}

    @property
    def versions(self) -> str:
        """Which versions the answers are of."""
        return self._running.key

    def learn(self, subject: Subject, key: str | int | None = None) -> Answer:
        """The answer for a subject under `key` (its own if None); screened once, then from memory."""
        place = subject.key if key is None else key
        if self._subjects.get(place) == subject:
            return self._answers[place]
        self._subjects[place] = subject
        self._answers[place] = found = self._ask(subject)
        return found

    def learn_all(self, subjects: Iterable[Subject]) -> None:
        """`learn` each."""
        for one in subjects:
            self.learn(one)

    def _ask(self, subject: Subject) -> Answer:
        if not any(name.strip() for name in subject.names):
            return UNNAMED
        for hit in self._running.index.search(subject):
            entry = hit.entry.key
            if (subject.key, subject.digest, entry, self._running.digests[entry]) not in self._cleared:
                return Answer(True, hit.entry.key, hit.score)
        return CLEAN

    def answer(self, key: str | int) -> Answer | None:
        """What is known of a key; None where nothing is."""
        return self._answers.get(key)

    def listed(self, keys: Sequence[str | int]) -> NDArray[np.bool_]:
        """For each key whether it is on a list; a key that is not known is not. Shape (n,)."""
        answers = self._answers
        return np.fromiter((answers.get(key, CLEAN).listed for key in keys), bool, len(keys))

    def unknown(self, keys: Iterable[str | int]) -> list[str | int]:
        """The keys that nothing is known of, each once: to be learned before the batch is decided."""
        return [key for key in dict.fromkeys(keys) if key not in self._answers]

    def renew(self, running: Running, cleared: Cleared = frozenset()) -> list[str | int]:
        """Screen all that is kept against other versions; the keys whose answer changed. One assignment switches."""
        fresh = Screened(running, cleared)
        for key, subject in self._subjects.items():
            fresh.learn(subject, key)
        changed = [key for key, found in fresh._answers.items() if found.listed != self._answers[key].listed]
        self._running, self._cleared = running, cleared
        self._answers, self._subjects = fresh._answers, fresh._subjects
        return changed
