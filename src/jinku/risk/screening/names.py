"""A name made ready for comparing: words in Latin letters with weights, numbers and legal forms apart.

Rules:

1. Persons lose titles; particles (al, bin, von) weigh little; “Abd al-X” is one word; the same word twice is one.
2. Organisations lose their legal form, which is kept by kind; common words weigh little; numbers, ordinals and Roman
   numerals are kept apart, for they must agree. Vessels lose “M/V” and its like.
3. A Chinese name keeps its simplified characters and has its readings as alternatives.

Example::

    ready("Siemens Aktiengesellschaft", COMPANY).words  # ("siemens",)
"""

import re
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache

from rapidfuzz.distance import OSA

from jinku.risk.screening import chinese
from jinku.risk.screening.romanise import has_han, is_han, romanise, vowelless
from jinku.risk.screening.table_names import (
    COMMON_NAMES,
    LEGAL_FORMS,
    NUMBER_WORDS,
    PARTICLES,
    PLACE_WORDS,
    SAME_NAME,
    SAME_WORD,
    SERVANT,
    SUFFIXES,
    TITLES,
    VESSEL_PREFIXES,
    WEAK_TITLES,
    WORD_WEIGHTS,
)
from jinku.risk.screening.tables import words as words_of

NAME_LETTERS_MAX = 600
WORDS_MAX = 24
CACHE_NAMES_MAX = 1 << 16
HAN_FOREIGN_MIN = 5


class Kind(StrEnum):
    """What bears a name."""

    PERSON = "person"
    ORGANIZATION = "organization"
    VESSEL = "vessel"
    AIRCRAFT = "aircraft"
    UNKNOWN = "unknown"

    @classmethod
    def of(cls, schema: str) -> "Kind":
        """The kind that a schema's name says (Person, Company, Organization, LegalEntity, Vessel …)."""
        return _SCHEMAS.get(schema.strip().lower(), cls.UNKNOWN)


_SCHEMAS = {
    **dict.fromkeys(("person", "individual"), Kind.PERSON),
    **dict.fromkeys(("organization", "organisation", "company", "entity", "publicbody"), Kind.ORGANIZATION),
    **dict.fromkeys(("vessel", "ship"), Kind.VESSEL),
    **dict.fromkeys(("aircraft", "airplane"), Kind.AIRCRAFT),
}


@dataclass(frozen=True, slots=True)
class Ready:
    """A name ready for comparing."""

    kind: Kind
    words: tuple[str, ...]
    weights: tuple[float, ...]
    numbers: tuple[str, ...] = ()
    forms: frozenset[str] = frozenset()
    joined: str = ""
    """All words as one, legal forms included."""
    native: str = ""
    """Characters of a script compared with itself letter by letter: simplified Chinese, Hangul."""
    vowelless: bool = False
    far: bool = False
    """Written in Chinese or Japanese though not Chinese or Japanese: sounds are far from the original."""
    others: tuple[tuple[str, ...], ...] = ()
    """Other writings of the same words."""
    weak: frozenset[str] = frozenset()
    """Words that may be missing on the other side without meaning anything."""


_APOSTROPHES = re.compile("['’‘`´ʻʼʹ′\"“”«»ʿʾ]")
_DOTTED = re.compile(r"\b(?:[^\W\d_]\.\s?){2,}(?:[^\W\d_]\b)?")
_SLASHED = re.compile(r"\b([a-z])/([a-z])\b")
_CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z][a-z])")
_BRACKETED = re.compile(r"\(\s*([a-z]{2,8})\s*\)")
_BREAK = re.compile(r"[^\w]+|_")
_ORDINAL = re.compile(r"^(\d+)(?:st|nd|rd|th|ya|y|oy|aya)$")
_ROMAN = re.compile(r"^(x{0,3})(ix|iv|v?i{0,3})$")
_ROMAN_TENS: dict[str, int] = {"": 0, "x": 10, "xx": 20, "xxx": 30}
_ROMAN_ONES = {one: at for at, one in enumerate(["", "i", "ii", "iii", "iv", "v", "vi", "vii", "viii", "ix"])}
_FORMS_BY_FIRST: dict[str, list[tuple[tuple[str, ...], str]]] = {}
for _phrase, _kind in sorted(LEGAL_FORMS, key=lambda item: -len(item[0])):
    _FORMS_BY_FIRST.setdefault(_phrase[0], []).append((_phrase, _kind))
_LONG_FORMS = [
    ("".join(phrase), len(phrase), kind) for phrase, kind in LEGAL_FORMS if len("".join(phrase)) >= 12
]
_ANYWHERE = words_of(
    "llc ltd gmbh ooo jsc ojsc pjsc cjsc oao zao limited inc incorporated corporation corp company "
    "aktiengesellschaft plc"
)


@lru_cache(CACHE_NAMES_MAX)
def ready(name: str, kind: Kind) -> Ready:
    """`name` of something of `kind`, ready for comparing; for an unknown kind the name itself says."""
    name = name[:NAME_LETTERS_MAX]
    if kind is Kind.UNKNOWN:
        kind = Kind.ORGANIZATION if _looks_organised(name) else Kind.PERSON
    if has_han(name):
        return _han(name, kind)
    name = _APOSTROPHES.sub("", name)
    plain = romanise(_CAMEL.sub(" ", name) if kind is Kind.PERSON else name)
    if kind is Kind.PERSON:
        return _person(plain, name)
    return _organisation(plain, name, kind)


def _looks_organised(name: str) -> bool:
    if has_han(name):
        simple = chinese.simplify(name)
        return any(form in simple for form in ("公司", "集团", "银行", "中心", "企业", "大学", "厂", "会"))
    words = [word for word in _BREAK.split(_APOSTROPHES.sub("", romanise(name))) if word]
    if any(character.isdigit() for character in name):
        return True
    _, forms = _without_forms(words)
    return bool(forms) or any(
        WORD_WEIGHTS.get(SAME_WORD.get(word, word), 1.0) < 0.7 and word not in PARTICLES and len(word) > 2
        for word in words
    )


def _person(plain: str, original: str) -> Ready:
    raw = [word for word in _BREAK.split(plain) if word][:WORDS_MAX]
    words = [word for word in raw if word not in TITLES]
    if len(words) < 1:
        words = raw
    while len(words) > 2 and words[-1] in _ANYWHERE | {"sa", "ag"}:
        words.pop()
    numbers = tuple(SUFFIXES[word] for word in words[1:] if word in SUFFIXES)
    words = [word for at, word in enumerate(words) if not at or word not in SUFFIXES]
    words = _unique(_servants(words))
    weights = tuple(_person_weight(word) for word in words)
    hangul = "".join(letter for letter in original if "\uac00" <= letter <= "\ud7a3")
    kana = any("\u3040" <= letter <= "\u30ff" for letter in original)
    return Ready(
        Kind.PERSON,
        tuple(words),
        weights,
        numbers,
        joined="".join(words),
        native=hangul if len(hangul) > 1 else "",
        vowelless=vowelless(original),
        far=kana,
        weak=frozenset(word for word in words if word in WEAK_TITLES),
    )


def _person_weight(word: str) -> float:
    if word in PARTICLES:
        return 0.15
    if len(word) == 1:
        return 0.35
    if word in WEAK_TITLES:
        return 0.5
    return 0.8 if SAME_NAME.get(word, word) in COMMON_NAMES else 1.0


def _servants(words: list[str]) -> list[str]:
    """“abd al rahman” and “saif al din” as one word."""
    made: list[str] = []
    at = 0
    while at < len(words):
        word = words[at]
        if word in ("din", "deen", "dine") and len(made) > 1 and made[-1] in _ARTICLES:
            made[-2:] = [made[-2] + "uddin"]
            at += 1
        elif word in SERVANT and at + 1 < len(words):
            step = 2 if words[at + 1] in PARTICLES and len(words[at + 1]) <= 2 and at + 2 < len(words) else 1
            made.append("abdul" + words[at + step])
            at += step + 1
        else:
            made.append(word)
            at += 1
    return made


_ARTICLES = words_of("al el ul ud ad ed eddin")


def _unique(words: list[str]) -> list[str]:
    return list(dict.fromkeys(words))


def _organisation(plain: str, original: str, kind: Kind) -> Ready:
    plain = _without_acronym(plain)
    plain = _DOTTED.sub(lambda found: re.sub(r"[.\s]", "", found[0]) + " ", plain)
    plain = _SLASHED.sub(r"\1\2", plain).replace("&", " and ").replace("+", " and ")
    raw = [word for word in _BREAK.split(plain) if word][:WORDS_MAX]
    if kind in (Kind.VESSEL, Kind.AIRCRAFT):
        while len(raw) > 1 and raw[0] in VESSEL_PREFIXES:
            raw.pop(0)
        core, forms = raw, set[str]()
    else:
        core, forms = _without_forms(raw)
    words, numbers = _numbers(core, kind)
    words = _unique([SAME_WORD.get(word, word) for word in words])
    hangul = "".join(letter for letter in original if "\uac00" <= letter <= "\ud7a3")
    return Ready(
        kind,
        tuple(words),
        tuple(_word_weight(word) for word in words) if kind is Kind.ORGANIZATION else (1.0,) * len(words),
        numbers,
        frozenset(forms),
        "".join(raw),
        native=hangul if len(hangul) > 1 else "",
        vowelless=vowelless(original),
    )


def _without_acronym(plain: str) -> str:
    """`plain` without a bracketed acronym of its own words: “Lord's Resistance Army (LRA)”."""
    for found in _BRACKETED.finditer(plain):
        rest = [word for word in _BREAK.split(plain[: found.start()] + " " + plain[found.end() :]) if word]
        initials = (
            "".join(word[0] for word in way) for way in (rest, [w for w in rest if w not in PARTICLES])
        )
        if len(rest) >= len(found[1]) and any(found[1] in text for text in initials):
            return plain[: found.start()] + " " + plain[found.end() :]
    return plain


def _word_weight(word: str) -> float:
    known = WORD_WEIGHTS.get(word)
    if known is not None:
        return known
    return 0.6 if word in PLACE_WORDS else 1.0 if len(word) > 1 else 0.5


def _without_forms(words: list[str]) -> tuple[list[str], set[str]]:
    """`words` without legal forms at either end, and the forms' kinds; never without all words."""
    kept, forms = list(words), set[str]()
    while len(kept) > 1:
        found = _form_at_end(kept) or _form_at_start(kept)
        if found is None:
            break
        kept, form = found
        forms.add(form)
    if not forms and len(kept) > 1:
        found = _mistyped_form(kept)
        if found is not None:
            kept, form = found
            forms.add(form)
    inner = [word for word in kept if word not in _ANYWHERE]
    if inner and len(inner) < len(kept):
        forms.add("company")
        kept = inner
    return kept, forms


def _form_at_end(words: list[str]) -> tuple[list[str], str] | None:
    for start in range(max(1, len(words) - 6), len(words)):
        for phrase, kind in _FORMS_BY_FIRST.get(words[start], ()):
            if tuple(words[start:]) == phrase:
                return words[:start], kind
    return None


def _form_at_start(words: list[str]) -> tuple[list[str], str] | None:
    for phrase, kind in _FORMS_BY_FIRST.get(words[0], ()):
        if (
            len(phrase) < len(words)
            and tuple(words[: len(phrase)]) == phrase
            and (len(phrase) > 1 or words[0] not in _NAMES_TOO)
        ):
            return words[len(phrase) :], kind
    return None


_NAMES_TOO = words_of(
    "as ca ead se sa ad sc cv co ab corporation company sha ei gp sl ip st ks gk kk sca dat ou"
)


def _mistyped_form(words: list[str]) -> tuple[list[str], str] | None:
    for phrase, size, kind in _LONG_FORMS:
        if size < len(words):
            tail = "".join(words[-size:])
            if abs(len(tail) - len(phrase)) <= 2 and OSA.distance(tail, phrase, score_cutoff=2) <= 2:
                return words[:-size], kind
    return None


def _numbers(words: list[str], kind: Kind) -> tuple[list[str], tuple[str, ...]]:
    """Words without numbers, and the numbers, in order."""
    kept: list[str] = []
    numbers: list[str] = []
    previous = 0
    for at, word in enumerate(words):
        value = _number(word, at, len(words), kind)
        if value is None:
            kept.append(word)
            previous = 0
            if any(character.isdigit() for character in word):
                numbers += [digits.lstrip("0") for digits in re.findall(r"\d+", word)]
        elif previous >= 20 and previous % 10 == 0 and 0 < value < 10 and numbers:
            numbers[-1] = str(previous + value)
            previous = 0
        else:
            numbers.append(str(value))
            previous = value
    if not kept:
        return [str(number) for number in numbers], tuple(numbers)
    return [word for word in kept if word not in ("no", "nr", "number")] or kept, tuple(numbers)


def _number(word: str, at: int, size: int, kind: Kind) -> int | None:
    if word.isdigit():
        return int(word)
    found = _ORDINAL.match(word)
    if found:
        return int(found[1])
    if word in NUMBER_WORDS and (size > 1):
        return NUMBER_WORDS[word]
    if at and (len(word) > 1 or (at == size - 1 and (kind is Kind.VESSEL or word in "vxi"))):
        roman = _ROMAN.match(word)
        if roman and word:
            tens, ones = _ROMAN_TENS[roman[1]], _ROMAN_ONES[roman[2]]
            return tens + ones
    return None


def _han(name: str, kind: Kind) -> Ready:
    simple = chinese.simplify(name)
    native = "".join(letter for letter in simple if letter.isalnum())
    if kind is Kind.PERSON:
        return _han_person(simple, native)
    words, forms, core = chinese.company(chinese.numerals(simple))
    digits = re.findall(r"\d+", chinese.numerals(simple))
    latin = [
        word
        for word in _BREAK.split(romanise(re.sub(r"[^\x00-\x7f]+", " ", simple)))
        if word and not word.isdigit()
    ]
    numbers = (*(word for word in words if word.isdigit()), *digits)
    kept = _unique([SAME_WORD.get(word, word) for word in [*latin, *words] if word and not word.isdigit()])
    return Ready(
        kind,
        tuple(kept),
        tuple(_word_weight(word) for word in kept),
        tuple(numbers),
        frozenset(forms),
        "".join(kept),
        native="".join(letter for letter in core if letter.isalnum()),
    )


def _han_person(simple: str, native: str) -> Ready:
    pieces = [piece for piece in re.split(r"[^\w]+", simple) if piece]
    latin = [romanise(piece) for piece in pieces if not has_han(piece)]
    han = [piece for piece in pieces if has_han(piece)]
    foreign = (len(han) > 1 and max(map(len, han)) > 2) or len("".join(han)) >= HAN_FOREIGN_MIN
    if foreign or latin:
        words = [word for word in (*latin, *("".join(chinese.sounds_of(piece)) for piece in han)) if word]
        return Ready(
            Kind.PERSON, tuple(words), (1.0,) * len(words), joined="".join(words), native=native, far=True
        )
    read = chinese.readings("".join(letter for letter in native if is_han(letter)))
    ways = [tuple(filter(None, way)) for way in read]
    return Ready(
        Kind.PERSON,
        ways[0],
        (1.0,) * len(ways[0]),
        joined="".join(ways[0]),
        native=native,
        others=tuple(ways[1:]),
    )
