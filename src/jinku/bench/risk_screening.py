"""Screening, measured: pairs of names not seen in development, the time of one pair, a book of names on both lists.

Rules:

1. `pair_f1` is taken on pairs made of the lists' own entries: a name and an alias of one entry, and the nearest names
   of other entries of the same list by a plain measure that is not ours. Only entries whose hash is odd are used; the
   tables were made with the others in view. Aliases that share nothing with the name (noms de guerre) are left out by
   the same plain measure.
2. `pair_us` is the mean over pairs scored for the first time in a process that is warm.
3. `screen_10k_s` takes ten thousand names (a tenth listed ones with a letter wrong, the rest of names as people and
   companies have) against all names of both lists, the index made before.
4. `screen_recall` compares `screen_recall_hits` hits: those of a comparison in full with every name, for names with a
   wrong letter, in another order, a part missing, two parts as one, or spelt another way.

Example::

    screening_figures(Path("lists"))  # {"pair_f1": Figure(…), …}
"""

import hashlib
import random
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from rapidfuzz import fuzz

from jinku.base.errors import InputError
from jinku.bench.report import Figure
from jinku.risk.screening.formats.ofac import read_ofac
from jinku.risk.screening.formats.un import read_un
from jinku.risk.screening.index import Index
from jinku.risk.screening.model import Entry, Subject
from jinku.risk.screening.names import Kind
from jinku.risk.screening.pairs import score_pair
from jinku.risk.screening.romanise import romanise
from jinku.risk.screening.table_names import SAME_NAME

NAMES = 10_000
PAIRS_MAX = 4_000
ALIKE_MIN = 62.0
NEIGHBOURS = 400
F1_MIN, PAIR_US_MAX, SCREEN_S_MAX, RECALL_MIN = 0.82, 200.0, 10.0, 0.99
RECALL_NAMES = 60
"""Each is compared with every name of its kind in full, three quarters of a second each."""
_LETTERS = "abdehiklmnorstuy"

LabelledPair = tuple[str, str, str, bool]


def screening_figures(
    lists: Path, seed: int = 7, names: int = NAMES, *, noisy: int = RECALL_NAMES
) -> dict[str, Figure]:
    """The figures of screening, on the UN's and OFAC's files in the directory `lists`; recall is of `noisy` names.

    Raises InputError, BadList.
    """
    entries = both_lists(lists)
    pairs = list(held_out(entries, seed))
    chance = random.Random(seed)  # noqa: S311
    for query, candidate, schema, _ in chance.sample(pairs, min(200, len(pairs))):
        score_pair(candidate, query, schema)
    started = time.perf_counter()
    found = [score_pair(query, candidate, schema).matched for query, candidate, schema, _ in pairs]
    pair_s = (time.perf_counter() - started) / len(pairs)
    index = Index(entries)
    subjects = asked_names(entries, names, seed)
    index.search(subjects[0])
    started = time.perf_counter()
    for one in subjects:
        index.search(one)
    spent = time.perf_counter() - started
    kept, every = recalled(index, noisy_names(entries, noisy, seed))
    return {
        "pair_f1": Figure(f1([pair[3] for pair in pairs], found), "F1", F1_MIN),
        "pair_us": Figure(pair_s * 1e6, "microseconds", PAIR_US_MAX, lower_is_better=True),
        "screen_10k_s": Figure(spent * NAMES / names, "s", SCREEN_S_MAX, lower_is_better=True),
        "screen_recall": Figure(kept / every if every else 1.0, "share", RECALL_MIN),
        "screen_recall_hits": Figure(every, "hits compared"),
    }


def both_lists(directory: Path) -> tuple[Entry, ...]:
    """The entries of both lists. Raises InputError, BadList."""
    found = sorted(directory.glob("un-consolidated*.xml"))
    if not found:
        raise InputError(
            "has no UN list", field="lists", value=directory.name, remedy="un-consolidated*.xml, ofac-*.csv"
        )
    ofac = read_ofac(directory / "ofac-sdn.csv", directory / "ofac-alt.csv", directory / "ofac-add.csv")
    return read_un(found[-1]).entries + ofac.entries


def _plain(text: str) -> str:
    return " ".join(romanise(text).replace(",", " ").replace("-", " ").split())


def _held_out(entry: Entry) -> bool:
    return hashlib.sha256(entry.key.encode()).digest()[0] % 2 == 1


def held_out(entries: Sequence[Entry], seed: int) -> Iterator[LabelledPair]:
    """Pairs of the held-out half of the entries: name and alias, name and the nearest of another entry's."""
    chance = random.Random(seed)  # noqa: S311
    chosen = [one for one in entries if _held_out(one) and len(one.names) > 1]
    chance.shuffle(chosen)
    for entry in chosen[: PAIRS_MAX // 2]:
        name, alias = entry.names[0].text, chance.choice(entry.names[1:]).text
        if fuzz.token_set_ratio(_plain(name), _plain(alias)) >= ALIKE_MIN:
            yield name, alias, entry.kind.value, True
            yield name, _nearest(entry, chosen, chance), entry.kind.value, False


def _nearest(entry: Entry, others: Sequence[Entry], chance: random.Random) -> str:
    """The name most alike, by a plain measure, among some hundred entries of the same list and kind."""
    mine = {_plain(name.text) for name in entry.names}
    text = _plain(entry.names[0].text)
    best, rank = "", -1.0
    for other in chance.sample(others, min(NEIGHBOURS, len(others))):
        if other.list != entry.list or other.kind is not entry.kind or other.id == entry.id:
            continue
        theirs = _plain(other.names[0].text)
        value = fuzz.token_sort_ratio(text, theirs)
        if value > rank and not mine & {_plain(name.text) for name in other.names}:
            best, rank = other.names[0].text, value
    return best


def asked_names(entries: Sequence[Entry], count: int, seed: int) -> list[Subject]:
    """Names as a platform has them: a tenth listed ones with a letter wrong, the rest not listed on purpose."""
    chance = random.Random(seed)  # noqa: S311
    given = sorted(SAME_NAME)
    listed = [name.text for entry in entries if entry.kind is Kind.PERSON for name in entry.names]
    made = []
    for at in range(count):
        if at % 10 == 0:
            name = _mistyped(chance.choice(listed), chance)
        else:
            name = f"{chance.choice(given)} {_surname(chance)}"
        made.append(Subject(f"s-{at}", (name,), Kind.PERSON))
    return made


def _surname(chance: random.Random) -> str:
    return "".join(
        chance.choice("bcdfghklmnprstvwz") + chance.choice("aeiou") for _ in range(chance.randint(2, 4))
    )


def _mistyped(name: str, chance: random.Random) -> str:
    at = chance.randrange(1, max(2, len(name) - 1))
    return name[:at] + chance.choice(_LETTERS) + name[at + 1 :]


_SPELLINGS = (
    ("kh", "h"),
    ("ou", "u"),
    ("y", "i"),
    ("q", "k"),
    ("ee", "i"),
    ("w", "v"),
    ("mm", "m"),
    ("dh", "d"),
)


def noisy_names(entries: Sequence[Entry], count: int, seed: int) -> list[Subject]:
    """Names and aliases of persons and organisations with a wrong letter, in another order, a part missing, spelt
    another way, or two parts as one."""
    chance = random.Random(seed)  # noqa: S311
    chosen = [one for one in entries if one.kind in (Kind.PERSON, Kind.ORGANIZATION)]
    made = []
    for at in range(count):
        entry = chance.choice(chosen)
        words = chance.choice(entry.names).text.replace(",", " ").split()
        made.append(Subject(f"n-{at}", (_noisy(words, at % 5, chance),), entry.kind))
    return made


def _noisy(words: list[str], how: int, chance: random.Random) -> str:
    if how == 0 or len(words) == 1:
        return _mistyped(" ".join(words), chance)
    if how == 1:
        return " ".join(chance.sample(words, len(words)))
    at = chance.randrange(len(words) - 1)
    if how == 2:
        return " ".join(words[:at] + words[at + 1 :])
    if how == 3:
        return " ".join([*words[:at], words[at] + words[at + 1], *words[at + 2 :]])
    text = " ".join(words).lower()
    for one, other in _SPELLINGS:
        if chance.random() < 0.6:
            text = text.replace(one, other)
    return text


def recalled(index: Index, subjects: Sequence[Subject]) -> tuple[int, int]:
    """How many hits of a comparison with every name the index finds as well, and how many there are."""
    every = kept = 0
    for one in subjects:
        everyone = {hit.entry.key for hit in index.brute(one)}
        every += len(everyone)
        kept += len(everyone & {hit.entry.key for hit in index.search(one)})
    return kept, every


def f1(truth: Sequence[bool], found: Sequence[bool]) -> float:
    """The harmonic mean of precision and recall."""
    both = sum(one and other for one, other in zip(truth, found, strict=True))
    return 2 * both / max(1, sum(truth) + sum(found))
