"""Chinese names: one character set, and how a name is read in pinyin, Wade–Giles and Hong Kong spelling.

Rules:

1. Traditional and variant characters become simplified ones, then characters are compared with characters.
2. A surname has its surname reading (单 Shan, 曾 Zeng, 解 Xie); two characters may be a surname (欧阳 Ouyang).
3. Against Latin letters a name is read in pinyin, and in Hong Kong spelling where every character has one. A Latin
3. name
   that is no pinyin is compared in Wade–Giles without its apostrophes, into which pinyin goes one way.

Example::

    readings("单雄信")  # (("shan", "xiongxin"),)
"""

import re
from functools import lru_cache

from jinku.risk.screening.romanise import is_han
from jinku.risk.screening.table_chinese import (
    COMPANY_WORDS,
    COMPOUND_READINGS,
    COMPOUND_SURNAMES,
    FORMS,
    HONG_KONG,
    PLACES,
    SIMPLIFIED,
    SURNAME_READINGS,
)
from jinku.risk.screening.tables import words

_SIMPLE = str.maketrans(SIMPLIFIED)
_DIGITS = str.maketrans("〇零一二三四五六七八九", "00123456789")
CACHE_NAMES_MAX = 1 << 16
GIVEN_LETTERS_MAX = 3

_FINALS = words(
    "a o e ai ei ao ou an en ang eng ong i ia iao ie iu ian in iang ing iong u ua uo uai ui uan un uang ueng v ve ue"
)
_INITIALS = words("b p m f d t n l g k h j q x zh ch sh r z c s")
_WITHOUT = words(
    "a o e ai ei ao ou an en ang er yi ya yao ye you yan yin yang ying yong wu wa wo wai wei wan wen wang weng yu yue "
    "yuan yun"
)
_ONLY_I_V = {"j", "q", "x"}
_FORMS_LONGEST_FIRST = sorted(FORMS, key=len, reverse=True)
_WORDS = re.compile("|".join(sorted([*COMPANY_WORDS, *PLACES], key=len, reverse=True)))


def _fits(initial: str, final: str) -> bool:
    if initial in _ONLY_I_V:
        return final[0] in "iv" or final in ("u", "ue", "uan", "un")
    if initial in ("zh", "ch", "sh", "r", "z", "c", "s", "g", "k", "h", "f"):
        return (final == "i" and initial not in "gkhf") or (final[0] not in "iv" and final != "ue")
    if initial in "dt" and final in ("in", "iang", "iong"):
        return False
    return initial in "nl" or (final[0] != "v" and final != "ue")


SYLLABLES = frozenset([*_WITHOUT, *(i + f for i in _INITIALS for f in _FINALS if _fits(i, f))])


def simplify(text: str) -> str:
    """`text` with traditional and variant characters made simplified."""
    return text.translate(_SIMPLE)


@lru_cache(CACHE_NAMES_MAX)
def sounds_of(text: str) -> tuple[str, ...]:
    """The pinyin of each character of `text`, without tones, ü as v."""
    from pypinyin import lazy_pinyin

    return tuple(lazy_pinyin(text, errors="ignore"))


def split_person(name: str) -> tuple[str, str]:
    """Surname and given name of a simplified Chinese name."""
    size = 2 if len(name) > 2 and name[:2] in COMPOUND_SURNAMES else 1
    return name[:size], name[size:]


@lru_cache(CACHE_NAMES_MAX)
def readings(name: str) -> tuple[tuple[str, ...], ...]:
    """The ways a simplified Chinese person's name is written in Latin letters: surname first, the usual one first."""
    surname, given = split_person(name)
    spoken = COMPOUND_READINGS.get(surname) or SURNAME_READINGS.get(surname) or "".join(sounds_of(surname))
    found: list[tuple[str, ...]] = [(spoken, "".join(sounds_of(given))) if given else (spoken,)]
    if len(given) <= GIVEN_LETTERS_MAX and all(letter in HONG_KONG for letter in name):
        rest = tuple(HONG_KONG[letter][0] for letter in given)
        if len(surname) == 1:
            found += [(spelling, *rest) for spelling in HONG_KONG[surname]]
    return tuple(found)


def company(name: str) -> tuple[list[str], list[str], str]:
    """Words, numbers-or-legal forms and the bare core of a simplified Chinese company's name.

    Returns the words in Latin letters (known words in English), the legal forms, and the characters without forms.
    """
    forms = []
    for form in _FORMS_LONGEST_FIRST:
        if form in name:
            forms.append(FORMS[form])
            name = name.replace(form, " ", 1)
            break
    found: list[str] = []
    core = "".join(name.split())
    for piece in name.split():
        at = 0
        for known in _WORDS.finditer(piece):
            _spoken(piece[at : known.start()], found)
            word = known[0]
            found.append(COMPANY_WORDS.get(word) or "".join(sounds_of(word)))
            at = known.end()
            if word in PLACES and piece[at : at + 1] in "省市":
                at += 1
        _spoken(piece[at:], found)
    return found, forms, core


def _spoken(piece: str, words: list[str]) -> None:
    han = "".join(letter for letter in piece if is_han(letter))
    if han:
        words.append("".join(sounds_of(han)))


def numerals(text: str) -> str:
    """Chinese digits of a run after 第 or before 号/期 as digits."""
    return re.sub(
        "第([〇零一二三四五六七八九]+)|([〇零一二三四五六七八九]+)(?=[号期])",
        lambda found: " " + (found[1] or found[2]).translate(_DIGITS) + " ",
        text,
    )


@lru_cache(CACHE_NAMES_MAX)
def syllables(word: str) -> tuple[str, ...]:
    """`word` cut into pinyin syllables, longest first; empty where it is no pinyin."""
    if not word:
        return ()
    for size in range(min(6, len(word)), 0, -1):
        if word[:size] in SYLLABLES:
            if size == len(word):
                return (word,)
            rest = syllables(word[size:])
            if rest:
                return (word[:size], *rest)
    return ()


@lru_cache(1 << 12)
def wade_giles(syllable: str) -> str:
    """A pinyin syllable in Wade–Giles without apostrophes and marks, with what is often confused made one."""
    initial = next((one for one in ("zh", "ch", "sh") if syllable.startswith(one)), syllable[:1])
    if initial not in _INITIALS:
        return {
            "yi": "i",
            "you": "yu",
            "yan": "yen",
            "ye": "yeh",
            "yong": "yung",
            "yue": "yueh",
            "er": "erh",
        }.get(syllable, syllable)
    final = syllable[len(initial) :]
    back = {"ian": "ien", "ie": "ieh", "ue": "ueh", "ve": "ueh", "ong": "ung", "iong": "iung", "v": "u"}
    final = "o" if final == "e" and initial in ("g", "k", "h") else back.get(final, final)
    if initial in ("zh", "ch", "sh", "r") and final == "i":
        final = "ih"
    elif initial in "zcs" and final == "i":
        return {"z": "tzu", "c": "tzu", "s": "ssu"}[initial]
    elif initial in "gk" and final == "ui":
        final = "uei"
    elif final == "uo" and initial not in ("g", "k", "h", "sh"):
        final = "o"
    start = {
        "b": "p", "p": "p", "d": "t", "t": "t", "g": "k", "k": "k", "j": "ch", "q": "ch", "zh": "ch", "ch": "ch",
        "x": "hs", "z": "ts", "c": "ts", "r": "j",
    }.get(initial, initial)  # fmt: skip
    return start + final


WADE_GILES = frozenset(map(wade_giles, SYLLABLES))


@lru_cache(CACHE_NAMES_MAX)
def in_wade_giles(words: tuple[str, ...]) -> tuple[str, ...]:
    """Pinyin `words` as Wade–Giles syllables; empty where one of them is no pinyin."""
    cut = [syllables(word) for word in words]
    return tuple(wade_giles(one) for word in cut for one in word) if all(cut) else ()


@lru_cache(CACHE_NAMES_MAX)
def is_wade_giles(words: tuple[str, ...]) -> bool:
    """Whether all of `words` are Wade–Giles syllables."""
    return all(word in WADE_GILES for word in words)
