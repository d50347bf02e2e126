"""What is known of words in names: ``names.toml``."""

from jinku.risk.screening.tables import classes, items, table, words

_NAMES = table("names")

TITLES = words(_NAMES["titles"])
WEAK_TITLES = words(_NAMES["weak_titles"])
PARTICLES = words(_NAMES["particles"])
SERVANT = words(_NAMES["servant"])
SUFFIXES = items(_NAMES["suffixes"])
SAME_NAME = classes(_NAMES["same_name"])
NICKNAMES = classes(_NAMES["nicknames"])
COMMON_NAMES = words(_NAMES["common_names"])
SAME_WORD = classes(_NAMES["same_word"])
NUMBER_WORDS = {word: int(value) for word, value in items(_NAMES["number_words"]).items()}
VESSEL_PREFIXES = words(_NAMES["vessel_prefixes"])
PLACE_WORDS = words(_NAMES["place_words"])
COMMON_WORD_WEIGHT = 0.6
LEGAL_FORMS: list[tuple[tuple[str, ...], str]] = [
    (tuple(phrase.split()), kind)
    for kind, text in _NAMES["legal_forms"].items()
    for phrase in text.split("|")
]
"""A legal form's words and its kind."""
WORD_WEIGHTS: dict[str, float] = {
    **dict.fromkeys(SAME_WORD.values(), COMMON_WORD_WEIGHT),
    **{word: float(weight) for weight, text in _NAMES["word_weights"].items() for word in text.split()},
}
