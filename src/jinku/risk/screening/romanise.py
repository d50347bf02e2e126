"""Any script into plain Latin letters, the way passports and lists do it, without a library of scripts.

Rules:

1. Accents go, letters of Cyrillic, Greek, Arabic, Hebrew, Armenian, Georgian, Thai and Khmer go by table, Hangul and
   kana by arithmetic, letters of India's scripts by their Unicode names; Chinese characters are `chinese`'s.
2. Scripts written without vowels (Arabic, Hebrew) come out without them: who compares must compare consonants.
3. The result has small letters, digits and what was not a letter, unchanged; it is the same for the same text always.

Example::

    romanise("Лавров")  # "lavrov"
"""

import re
import unicodedata
from functools import lru_cache

from jinku.risk.screening.table_scripts import (
    HANGUL_FINALS,
    HANGUL_INITIALS,
    HANGUL_VOWELS,
    KANA,
    KANA_SMALL_Y,
    LETTERS,
)

_HANGUL_FIRST, _HANGUL_LAST = 0xAC00, 0xD7A3
_INDIC = re.compile(
    r"^(?:DEVANAGARI|BENGALI|GURMUKHI|GUJARATI|ORIYA|TAMIL|TELUGU|KANNADA|MALAYALAM|SINHALA) "
    r"(LETTER|VOWEL SIGN|SIGN) ([A-Z]+)"
)
_NASALS = {"ANUSVARA": "n", "CANDRABINDU": "n", "VISARGA": "h"}
CACHE_LETTERS_MAX = 1 << 14


def is_han(letter: str) -> bool:
    """Whether `letter` is a Chinese character."""
    return "\u3400" <= letter <= "\u9fff" or "\U00020000" <= letter <= "\U0003ffff" or letter == "〇"


def has_han(text: str) -> bool:
    """Whether `text` has a Chinese character."""
    return any(map(is_han, text))


def vowelless(text: str) -> bool:
    """Whether `text` has letters of a script that leaves vowels out."""
    return any("\u0590" <= letter <= "\u08ff" for letter in text)


def romanise(text: str) -> str:
    """`text` in small Latin letters; Chinese characters stay."""
    if text.isascii():
        return text.lower()
    return _romanise(unicodedata.normalize("NFKC", text).casefold())


def _romanise(text: str) -> str:
    parts: list[str] = []
    previous = ""
    for letter in text:
        if letter.isascii():
            parts.append(letter)
        else:
            _append(parts, letter, previous)
        previous = letter
    return "".join(parts)


def _append(parts: list[str], letter: str, previous: str) -> None:
    if "ぁ" <= letter <= "ゖ":
        letter = chr(ord(letter) + 0x60)
    if letter in KANA_SMALL_Y and parts:
        small, before = KANA_SMALL_Y[letter], parts[-1]
        parts[-1] = (before[:-1] if before.endswith("i") else before) + (
            small[1:] if before in ("shi", "chi", "ji") else small
        )
    elif letter in "ー" or (letter == "ッ"):
        return
    elif letter in "ァィゥェォ" and parts and previous in "ヴフテデウトドジシチ":
        parts[-1] = parts[-1][:-1] + KANA[letter]
    elif letter in KANA:
        parts.append(KANA[letter])
    else:
        plain = _plain(letter)
        if plain.startswith("-"):  # a dependent vowel or a sign that takes the inherent vowel away
            if parts and parts[-1].endswith("a"):
                parts[-1] = parts[-1][:-1]
            plain = plain[1:]
        parts.append(plain)


@lru_cache(CACHE_LETTERS_MAX)
def _plain(letter: str) -> str:
    known: str | None = LETTERS.get(letter)
    if known is not None:
        return known
    code = ord(letter)
    if _HANGUL_FIRST <= code <= _HANGUL_LAST:
        first, rest = divmod(code - _HANGUL_FIRST, 588)
        vowel, last = divmod(rest, 28)
        return HANGUL_INITIALS[first] + HANGUL_VOWELS[vowel] + HANGUL_FINALS[last]
    if is_han(letter):
        return letter
    base = "".join(
        LETTERS.get(one, one)
        for one in unicodedata.normalize("NFD", letter)
        if unicodedata.category(one) != "Mn"
    )
    if base.isascii() and base:
        return base.lower()
    if base and base != letter:
        return "".join(map(_plain, base))
    return _by_name(letter)


def _by_name(letter: str) -> str:
    """A letter of India's scripts by its Unicode name; marks vanish, other signs part words."""
    name = unicodedata.name(letter, "")
    found = _INDIC.match(name)
    if found:
        kind, sound = found[1], found[2].lower()
        if kind == "SIGN":
            return "-" if sound == "virama" else _NASALS.get(found[2], "")
        sound = sound.replace("vocalic", "ri").replace("aa", "a").replace("ii", "i").replace("uu", "u")
        return "-" + sound if kind == "VOWEL SIGN" else sound
    if unicodedata.category(letter) in ("Mn", "Mc", "Lm", "Cf"):
        return "-" if "VIRAMA" in name else ""
    if letter.isdigit():
        return str(unicodedata.digit(letter))
    return letter if letter.isalnum() else " "
