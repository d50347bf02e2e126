"""Letters of other scripts in Latin letters: ``scripts.toml``."""

from jinku.risk.screening.tables import items, table

_SCRIPTS = table("scripts")
_ALPHABETS = ("cyrillic", "greek", "arabic", "hebrew", "armenian", "georgian", "latin", "thai", "khmer")

LETTERS: dict[str, str] = {
    letter: sound for script in _ALPHABETS for letter, sound in items(_SCRIPTS[script]).items()
}
KANA = items(_SCRIPTS["kana"])
KANA_SMALL_Y = items(_SCRIPTS["kana_small_y"])
HANGUL_INITIALS: list[str]
HANGUL_VOWELS: list[str]
HANGUL_FINALS: list[str]
HANGUL_INITIALS, HANGUL_VOWELS, HANGUL_FINALS = (
    [sound.strip("-") for sound in _SCRIPTS[name].split()]
    for name in ("hangul_initials", "hangul_vowels", "hangul_finals")
)
