"""Persons by their opaque ids: writing an id with other capitals makes nobody a second person.

Example::

    same_person("anna", "ANNA")  # True
    PERSON.fullmatch("clerk-2")  # a match
"""

import re

PERSON = re.compile(r"[A-Za-z0-9._-]{1,64}", re.ASCII)
"""What the id of a person or program looks like; it says nothing about who that is."""


def same_person(one: str, *others: str) -> bool:
    """Whether `one` can be the person behind one of `others`."""
    return any(one.casefold() == other.casefold() for other in others)
