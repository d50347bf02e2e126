"""Persons by their opaque ids: writing an id with other capitals makes nobody a second person.

Example::

    same_person("anna", "ANNA")  # True
"""


def same_person(one: str, *others: str) -> bool:
    """Whether `one` can be the person behind one of `others`."""
    return any(one.casefold() == other.casefold() for other in others)
