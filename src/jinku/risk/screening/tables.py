"""The tables of screening, read from the TOML files beside this one; each table there says what it is and its source.

A table is words between blanks, ``key=value`` items, or lines whose words all stand for the first.
"""

import tomllib
from functools import cache
from importlib.resources import files
from typing import Any


@cache
def table(name: str) -> dict[str, Any]:
    """The tables of one file: ``names``, ``chinese`` or ``scripts``."""
    return tomllib.loads(files(__package__).joinpath(f"{name}.toml").read_text(encoding="utf-8"))


def words(text: str) -> frozenset[str]:
    """The words of `text`."""
    return frozenset(text.split())


def items(text: str) -> dict[str, str]:
    """``key=value`` items; the value ``-`` is nothing."""
    pairs = (item.partition("=") for item in text.split())
    return {key: "" if value == "-" else value for key, _, value in pairs}


def classes(text: str) -> dict[str, str]:
    """Each word of a line to the line's first word."""
    lines = [line.split() for line in text.strip().splitlines()]
    return {word: line[0] for line in lines for word in line}
