"""Two words of names: how alike they are, 0 to 1, however they were romanised or mistyped.

Rules:

1. Equal words, spellings of one name (Muhammad, Mohamed) and nicknames (Bob, Robert) are found by table.
2. Else the edits between the words are counted three times: as written, with sounds evened out (`ph` f, `ou` u, `y` i)
   and with all vowels alike; the mean of the three, by length, is the difference. So a wrong vowel costs a third of a
   wrong consonant, and a transliteration nothing or little.
3. Against a script without vowels, and against Chinese or Japanese writing of foreign names, consonant classes decide.

Example::

    likeness("usama", "osama")  # 0.87
"""

import re
from functools import lru_cache

from rapidfuzz.distance import OSA

from jinku.risk.screening.table_names import NICKNAMES, SAME_NAME

CACHE_WORDS_MAX = 1 << 17
INITIAL_LIKENESS = 0.8
NICKNAME_LIKENESS = 0.88
KNOWN_APART_LIKENESS = 0.5
SPELLING_LIKENESS = 0.97
CONSONANTS_LIKENESS_MAX = 0.93
ACROSS_CONSONANTS_MIN = 2
FEW_CONSONANTS_LIKENESS = 0.75
FAR_EDIT_LIKENESS = 0.8
SHORT_LETTERS_MAX = 3
EDIT_STRAIN = 1.0

_SOUNDS = re.compile(
    "shch|sch|tch|tsch|dzh|ck|ph|ou|oo|ee|ei|ai|ay|ey|iy|yi|yy|ya|yu|yo|ye|ia|ie|kh|gh|zh|dj|dh|th|ts|tz|cz|ks|qu|[qcxwyj]"
)
_TO = {
    "shch": "sh", "sch": "sh", "tch": "ch", "tsch": "ch", "dzh": "j", "ck": "k", "ph": "f", "ou": "u", "oo": "u",
    "ee": "i",
    "ei": "e", "ai": "e", "ay": "e", "ey": "i", "iy": "i", "yi": "i", "yy": "i", "ya": "a", "yu": "u", "yo": "o",
    "ye": "e", "ia": "a", "ie": "e", "kh": "h", "gh": "g", "zh": "j", "dj": "j", "dh": "d", "th": "t", "ts": "z",
    "tz": "z",
    "cz": "c", "ks": "x", "qu": "k", "q": "k", "c": "k", "x": "x", "w": "v", "y": "i", "j": "j",
}  # fmt: skip
_NEAR = str.maketrans("bvfdzgqjeiou", "pppt" + "skk" + "saaaa")
_DOUBLED = re.compile(r"(.)\1+")
_VOWELS = re.compile("[aeiou]+")
_CLASSES = str.maketrans("bpvftdszjgkqcxmnlr", "PPPPTTSSSKKKKSMNLR")
_SIBILANTS = re.compile("sh|zh|ch|ts|tz|dz|j")
_SILENT = re.compile("[aeiouyhw]")


@lru_cache(CACHE_WORDS_MAX)
def sounds(word: str) -> tuple[str, str]:
    """`word` with sounds evened out, and that with all vowels alike."""
    even = _DOUBLED.sub(
        r"\1", _SOUNDS.sub(lambda found: _TO[found[0]], _SOUNDS_CH.sub("c", _START_X.sub("sh", word)))
    )
    return even, _VOWELS.sub("a", even)


_SOUNDS_CH = re.compile("(?<!s)ch")
_START_X = re.compile("^(?:x|hs)(?=[aeiou])")


def nearly(even: str) -> str:
    """A word with sounds evened out and all vowels and all consonants of one class alike."""
    return even.translate(_NEAR)


@lru_cache(CACHE_WORDS_MAX)
def consonants(word: str) -> str:
    """The classes of the consonants of `word`, in order: what is left of it in any script."""
    word = _SIBILANTS.sub(
        "s", word.replace("kh", "h").replace("th", "t").replace("ph", "f").replace("gh", "g")
    )
    return _SILENT.sub("", _DOUBLED.sub(r"\1", word)).translate(_CLASSES)


@lru_cache(CACHE_WORDS_MAX)
def likeness(one: str, other: str) -> float:
    """How alike two romanised words are."""
    if one == other:
        return 1.0
    if one > other:
        return likeness(other, one)
    short, long = (one, other) if len(one) <= len(other) else (other, one)
    if not short:
        return 0.0
    if len(short) == 1:
        return INITIAL_LIKENESS if long[0] == short else 0.0
    if one.isdigit() or other.isdigit():
        return 0.0
    if len(long) > 2 * len(short) + 2:
        return 0.0
    known = SAME_NAME.get(one, one)
    if known == SAME_NAME.get(other, other):
        return SPELLING_LIKENESS
    if one in SAME_NAME and other in SAME_NAME and not NICKNAMES.keys() & {one, other}:
        return KNOWN_APART_LIKENESS
    nick = NICKNAMES.get(one, one)
    if nick == NICKNAMES.get(other, other):
        return NICKNAME_LIKENESS
    return _edited(one, other)


def _edited(one: str, other: str) -> float:
    (even_one, flat_one), (even_other, flat_other) = sounds(one), sounds(other)
    size = max(len(one), len(other))
    raw = OSA.distance(one, other)
    even = OSA.distance(even_one, even_other)
    flat = min(
        OSA.distance(flat_one, flat_other),
        OSA.distance(nearly(even_one), nearly(even_other)),
    )
    if len(one) == len(other) and raw and sorted(one) == sorted(other):
        raw = min(raw, 1)
    value = 1.0 - EDIT_STRAIN * (raw + even + flat) / 3.0 / size
    if size <= SHORT_LETTERS_MAX and flat:
        value -= 0.1
    if one[0] != other[0] and flat_one[:1] != flat_other[:1]:
        value -= 0.04
    return max(value, 0.0)


@lru_cache(CACHE_WORDS_MAX)
def likeness_across(one: str, other: str, far: bool) -> float:
    """How alike two words of different scripts are, by consonants; `far` for scripts that know no l and r apart."""
    plain = likeness(one, other)
    left, right = consonants(one), consonants(other)
    if far:
        left, right = left.replace("R", "L"), right.replace("R", "L")
    short, size = sorted((len(left), len(right)))
    if short < ACROSS_CONSONANTS_MIN:
        same = left == right and short > 0 and one[:1] == other[:1]
        return max(plain, FEW_CONSONANTS_LIKENESS if same else 0.0)
    edits = OSA.distance(left, right)
    value = 1.0 - edits / size
    if far and edits == 1:
        value = max(value, FAR_EDIT_LIKENESS)
    return max(plain, CONSONANTS_LIKENESS_MAX * value)
