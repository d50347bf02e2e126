"""What dates, countries, genders and identifiers do to the score of a name.

Rules:

1. An identifier that is the same decides: the score is at least `SAME_IDENTIFIER`, whatever the name.
2. A birth date that is the same raises; another year, more than `YEARS_NEAR` away, lowers below the threshold
   unless the
   name alone is nearly certain; a year within it, or day and month exchanged, changes little.
3. Another gender lowers; a country in common raises a little, none in common lowers a little (lists know one
   of many).
4. A weak alias alone (the list says so) lowers: it needs a fact that agrees.

Example::

    judged(comparison.score, ListedName("SHUJA", Quality.WEAK), asked, listed)  # (score, (Part(...), …))
"""

from datetime import date
from typing import Protocol

from jinku.risk.screening.model import Facts, ListedName, Part, Quality

SAME_IDENTIFIER = 0.97
SAME_IDENTIFIER_LETTERS_MIN = 5
SAME_BIRTH_GAIN = 0.06
SAME_YEAR_GAIN = 0.02
YEARS_NEAR = 2
OTHER_YEAR_FACTOR = 0.72
NEAR_YEAR_FACTOR = 0.97
OTHER_GENDER_FACTOR = 0.8
COMMON_COUNTRY_GAIN = 0.02
OTHER_COUNTRY_FACTOR = 0.96
WEAK_ALIAS_FACTOR = 0.9
RAISE_FROM = 0.6
"""Facts that agree raise only a name that is alike to begin with."""


def judged(score: float, name: ListedName, asked: Facts, listed: Facts) -> tuple[float, tuple[Part, ...]]:
    """The score of a name with the facts of both sides, and what each did to it."""
    parts = [Part("name", score, f"name {score:.3f}")]

    def change(what: str, value: float, text: str) -> None:
        nonlocal score
        score = min(max(value, 0.0), 1.0)
        parts.append(Part(what, score, text))

    agree = _born(score, asked, listed, change)
    if asked.gender and listed.gender and asked.gender != listed.gender:
        change("gender", score * OTHER_GENDER_FACTOR, "genders differ")
    if asked.countries and listed.countries:
        if set(asked.countries) & set(listed.countries):
            agree = True
            if score >= RAISE_FROM:
                change("country", score + COMMON_COUNTRY_GAIN, "a country in common")
        else:
            change("country", score * OTHER_COUNTRY_FACTOR, "no country in common")
    if name.quality is Quality.WEAK and not agree:
        change("alias", score * WEAK_ALIAS_FACTOR, "a weak alias, and no fact that agrees")
    if same_identifier(asked, listed):
        change("identifier", max(score, SAME_IDENTIFIER), "an identifier is the same")
    return score, tuple(parts)


def same_identifier(asked: Facts, listed: Facts) -> bool:
    """Whether both have one identifier, long enough to mean something."""
    return any(
        len(one) >= SAME_IDENTIFIER_LETTERS_MIN and one in listed.identifiers for one in asked.identifiers
    )


def _born(score: float, asked: Facts, listed: Facts, change: "_Change") -> bool:
    if not asked.births or not listed.births:
        return False
    best = max(
        (_births(one, other) for one in asked.births for other in listed.births), key=lambda found: found[0]
    )
    rank, text = best
    if rank == _SAME_DAY and score >= RAISE_FROM:
        change("birth", score + SAME_BIRTH_GAIN, text)
    elif rank == _SAME_YEAR and score >= RAISE_FROM:
        change("birth", score + SAME_YEAR_GAIN, text)
    elif rank == _NEAR:
        change("birth", score * NEAR_YEAR_FACTOR, text)
    elif rank == _FAR:
        change("birth", score * OTHER_YEAR_FACTOR, text)
    return rank >= _SAME_YEAR


_FAR, _NEAR, _SAME_YEAR, _SAME_DAY = range(4)


def _births(one: str, other: str) -> tuple[int, str]:
    """How two births agree: a rank and words."""
    (first_one, last_one), (first_other, last_other) = _years(one), _years(other)
    apart = max(first_one - last_other, first_other - last_one, 0)
    if apart > YEARS_NEAR:
        return _FAR, f"births {apart} years apart"
    if apart:
        return _NEAR, f"births {apart} years apart"
    if len(one) == len(other) == len("YYYY-MM-DD") and "/" not in one + other:
        if one == other or (one[:4] == other[:4] and one[5:7] == other[8:] and one[8:] == other[5:7]):
            return (
                _SAME_DAY,
                "the same birth date" if one == other else "birth dates with day and month exchanged",
            )
        return _NEAR, "the same birth year, another day"
    return _SAME_YEAR, "the same birth year"


def _years(text: str) -> tuple[int, int]:
    first, _, last = text.partition("/")
    return int(first[:4]), int((last or first)[:4])


def sound_birth(text: str) -> bool:
    """Whether `text` is a birth as facts write it."""
    try:
        for piece in text.split("/"):
            padded = piece + "-01-01"[len(piece) - 4 :] if len(piece) in (4, 7) else piece
            date.fromisoformat(padded)
    except ValueError:
        return False
    return text.count("/") <= 1


class _Change(Protocol):
    """How a fact changes the score: what, the new score, in words."""

    def __call__(self, what: str, value: float, text: str) -> None: ...
