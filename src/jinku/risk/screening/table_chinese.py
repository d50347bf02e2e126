"""What is known of Chinese names: ``chinese.toml``."""

from jinku.risk.screening.tables import items, table, words

_CHINESE = table("chinese")

SURNAME_READINGS = items(_CHINESE["surname_readings"])
COMPOUND_SURNAMES = words(_CHINESE["compound_surnames"])
COMPOUND_READINGS = items(_CHINESE["compound_readings"])
SIMPLIFIED: dict[str, str] = {pair[0]: pair[1] for pair in _CHINESE["traditional"].split()}
"""A traditional or variant character to the simplified one."""
HONG_KONG = {letter: tuple(ways.split(",")) for letter, ways in items(_CHINESE["hong_kong"]).items()}
COMPANY_WORDS = items(_CHINESE["company_words"])
PLACES = words(_CHINESE["places"])
FORMS = items(_CHINESE["forms"])
