"""What all readers of list files share: safe bytes, countries, dates, identifiers.

Rules:

1. A file has at most `FILE_BYTES_MAX` bytes, is read once, and its digest is that of its bytes.
2. A country is written as two small letters where the table knows it; a date as ``YYYY``, ``YYYY-MM`` or
   ``YYYY-MM-DD``;
   an identifier as capitals and digits.

Example::

    country("Islamic Republic of Iran")  # "ir"
"""

import hashlib
import re
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path

from jinku.risk.screening.errors import BadList
from jinku.risk.screening.model import Entry
from jinku.risk.screening.tables import items, table

FILE_BYTES_MAX = 256 << 20


@dataclass(frozen=True, slots=True)
class Loaded:
    """What was read of a list's files: entries in the order of the file."""

    entries: tuple[Entry, ...]
    digest: str
    """SHA-256 of the files' bytes, in hexadecimal."""
    source_date: str
    """The day that the file says it is of, ``YYYY-MM-DD``; empty where it says none."""
    format: str


def contents(path: Path) -> bytes:
    """The bytes of a list's file. Raises BadList."""
    try:
        size = path.stat().st_size
        if size > FILE_BYTES_MAX:
            raise BadList(
                f"is larger than {FILE_BYTES_MAX} bytes", file=path.name, remedy="is this the list?"
            )
        data = path.read_bytes()
    except OSError as error:
        raise BadList(f"cannot be read: {error.strerror}", file=path.name, remedy="check the path") from error
    if not data.strip():
        raise BadList("is empty", file=path.name, line=1, remedy="fetch the list again")
    return data


def digest(*parts: bytes) -> str:
    """SHA-256 over the SHA-256 of each part, in hexadecimal."""
    return hashlib.sha256(b"".join(hashlib.sha256(part).digest() for part in parts)).hexdigest()


@cache
def _countries() -> dict[str, str]:
    return items(table("names")["countries"])


@lru_cache(4096)
def country(text: str) -> str:
    """A country's code, or its name in small letters where the table does not know it; empty for no text."""
    plain = re.sub(r"[^a-z ]", "", text.lower().replace("-", " ").replace("’", "")).strip()
    if len(plain) == 2:  # a code already
        return plain
    short = re.sub(
        r"\b(the|of|republic|islamic|democratic|peoples|federation|federal|kingdom|state|arab|bolivarian|socialist)\b",
        "",
        plain,
    )
    known = _countries()
    return known.get(plain.replace(" ", "_")) or known.get("_".join(short.split())) or plain


def identifier(text: str) -> str:
    """An identifier's letters and digits, as capitals."""
    return "".join(letter for letter in text.upper() if letter.isalnum())


_MONTHS = {
    name: at
    for at, name in enumerate(
        ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"], 1
    )
}
_DAY = re.compile(r"(?:(\d{1,2}) )?(?:([A-Za-z]{3})[a-z]* )?(\d{4})")


def birth(text: str) -> str:
    """A date as lists write it (``04 May 1955``, ``circa 1955``, ``1955 to 1957``); empty where unknown."""
    found = [_one_birth(one) for one in _DAY.finditer(text)]
    if not found:
        return ""
    if len(found) > 1 and (" to " in text or "between" in text.lower()):
        return f"{found[0][:4]}/{found[-1][:4]}"
    if "circa" in text.lower():
        year = int(found[0][:4])
        return f"{year - 1}/{year + 1}"
    return found[0]


def _one_birth(found: re.Match[str]) -> str:
    day, month, year = found.groups()
    number = _MONTHS.get((month or "").lower())
    if number is None:
        return str(year)
    return f"{year}-{number:02d}" + (f"-{int(day):02d}" if day else "")
