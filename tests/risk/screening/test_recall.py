"""What the index finds of what a comparison with every name finds: names of particles, initials, parts and slips."""

import random

import pytest
from tests.risk.screening.kit import SHARED

from jinku.bench.risk_screening import both_lists, noisy_names, recalled
from jinku.risk.screening.compare import THRESHOLD
from jinku.risk.screening.index import Index
from jinku.risk.screening.model import Entry, Hit, ListedName, Subject
from jinku.risk.screening.names import Kind

PARTS = (
    "Abu", "Umm", "Al", "El", "Bin", "Ibn", "van", "de", "Ahmad", "Hassan", "Abboud", "Moreno", "Maria", "John",
    "Johan", "Vanya", "Sulayman", "Zamur", "Latif", "Petrov", "Petrova", "Ivan", "Ibrahim", "Delgado", "Omar",
)  # fmt: skip


def entries_of(*names: str) -> list[Entry]:
    return [Entry("t", str(at), Kind.PERSON, (ListedName(name),)) for at, name in enumerate(names)]


def found(index: Index, name: str) -> list[str]:
    return [hit.entry.id for hit in index.search(Subject("s", (name,), Kind.PERSON))]


@pytest.mark.parametrize(
    ("asked", "listed"),
    [
        ("Al-Hassan Abu", "Al-Zamur, Abboud Abdul Latif Hassan"),
        ("Abboud Hassan", "Hassan, Abu"),
        ("El Moreno", "El M"),
        ("John Moreno", "John M"),
        ("John M.", "Moreno John"),
    ],
)
def test_a_particle_may_stand_for_a_word_and_an_initial_for_any(asked: str, listed: str) -> None:
    """K5: the bound on a score knows what the comparison knows."""
    index = Index(entries_of(listed, "Somebody Else"))
    assert [hit.entry.id for hit in index.brute(Subject("s", (asked,), Kind.PERSON))] == ["0"]
    assert found(index, asked) == ["0"]


def test_names_of_particles_initials_and_slips_are_found_as_brute_force_finds_them() -> None:
    chance = random.Random(3)

    def some_name() -> str:
        words = chance.sample(PARTS, chance.randint(2, 4))
        if chance.random() < 0.4:
            words.append(chance.choice(PARTS)[0])
        at, how = chance.randrange(len(words)), chance.random()
        if how < 0.3:
            words[at] = words[at][:-1] + chance.choice("aeinos") if len(words[at]) > 3 else words[at]
        elif how < 0.4 and at:
            words[at - 1 : at + 1] = [words[at - 1] + words[at].lower()]
        return " ".join(words)

    index = Index(entries_of(*(some_name() for _ in range(250))))
    every = kept = 0
    for at in range(80):
        subject = Subject(f"s-{at}", (some_name(),), Kind.PERSON)
        hits = [(hit.entry.id, hit.score) for hit in index.brute(subject)]
        every, kept = every + len(hits), kept + len(set(hits) & set(map(_pair, index.search(subject))))
        assert all(score >= THRESHOLD for _, score in hits)
    assert every > 100
    assert kept / every >= 0.99, (kept, every)


def _pair(hit: Hit) -> tuple[str, float]:
    return hit.entry.id, hit.score


@pytest.mark.skipif(not SHARED.exists(), reason="the published lists are not on this machine")
@pytest.mark.slow
def test_on_the_published_lists_hits_are_those_of_brute_force() -> None:
    entries = both_lists(SHARED)
    kept, every = recalled(Index(entries), noisy_names(entries, 6, 99))
    assert every
    assert kept / every >= 0.99
