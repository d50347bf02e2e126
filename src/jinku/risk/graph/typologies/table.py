"""The table of typologies: names in two languages, how a finding is told, its source, and thresholds.

Rules:

1. A table names each detector of `detectors.DETECTORS` once, with exactly the thresholds that the built-in table has; a
   threshold is a number above 0, or a list of them.
2. What is found carries the version and SHA-256 of the table by which it was found.

Example::

    table = load_table()
    table.rows["fan_in"].number("others_min")  # 6.0
"""

import hashlib
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

from jinku.base.errors import InputError

BYTES_MAX = 1 << 20
_TEXTS = ("english", "chinese", "explain_en", "explain_zh", "source")


@dataclass(frozen=True, slots=True)
class Typology:
    """One row."""

    key: str
    english: str
    chinese: str
    explain_en: str
    explain_zh: str
    source: str
    thresholds: Mapping[str, float | tuple[float, ...]]

    def number(self, name: str) -> float:
        """The threshold `name`. Raises KeyError for none of this name."""
        value = self.thresholds[name]
        if isinstance(value, tuple):
            raise KeyError(name)
        return value

    def numbers(self, name: str) -> tuple[float, ...]:
        """The list of thresholds `name`; empty where there is none."""
        value = self.thresholds.get(name, ())
        return value if isinstance(value, tuple) else ()


@dataclass(frozen=True, slots=True)
class Typologies:
    """A checked table."""

    version: int
    digest: str
    rows: Mapping[str, Typology]


def load_table(path: Path | None = None) -> Typologies:
    """The table of a TOML file; the built-in one for None. Raises InputError naming row and field."""
    if path is None:
        return built_in()
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise InputError(f"cannot be read: {error.strerror}", file=path.name) from None
    table = _parsed(raw, path.name)
    for key, row in built_in().rows.items():
        given = table.rows.get(key)
        if given is None:
            raise InputError(f"has no typology {key}", file=path.name, remedy="name all of them")
        for name, value in row.thresholds.items():
            if isinstance(given.thresholds.get(name), tuple) is not isinstance(value, tuple) or (
                name not in given.thresholds
            ):
                raise InputError("is missing or of another kind", file=path.name, field=f"{key}.{name}")
    for key, row in table.rows.items():
        known = built_in().rows.get(key)
        for name in row.thresholds if known is None else row.thresholds.keys() - known.thresholds.keys():
            if known is None or not name.startswith("thresholds_"):
                raise InputError("is not known", file=path.name, field=f"{key}.{name}")
    return table


@cache
def built_in() -> Typologies:
    """The table of the package."""
    name = "table.toml"
    return _parsed(files("jinku.risk.graph.typologies").joinpath(name).read_bytes(), name)


def _parsed(raw: bytes, name: str) -> Typologies:
    if len(raw) > BYTES_MAX:
        raise InputError(f"is larger than {BYTES_MAX} bytes", file=name)
    try:
        document = tomllib.loads(raw.decode("utf-8"))
    except (ValueError, RecursionError) as error:
        raise InputError(f"is not TOML: {error}", file=name) from error
    version = document.pop("version", None)
    if not isinstance(version, int) or isinstance(version, bool) or version < 1:
        raise InputError("is not a whole number from 1 up", file=name, field="version", value=str(version))
    rows = {key: _row(key, row, name) for key, row in document.items()}
    return Typologies(version, hashlib.sha256(raw).hexdigest(), rows)


def _row(key: str, row: Any, file: str) -> Typology:
    if not isinstance(row, dict):
        raise InputError("is not a table", file=file, field=key)
    for name in _TEXTS:
        if not isinstance(row.get(name), str) or not row[name]:
            raise InputError("is not a text", file=file, field=f"{key}.{name}", value=str(row.get(name)))
    thresholds: dict[str, float | tuple[float, ...]] = {}
    for name, value in row.items():
        if name in _TEXTS:
            continue
        many = value if isinstance(value, list) else [value]
        if not many or not all(type(one) in (int, float) and 0 < one < 1e15 for one in many):
            raise InputError("is not a number above 0", file=file, field=f"{key}.{name}", value=str(value))
        thresholds[name] = tuple(float(one) for one in many) if isinstance(value, list) else float(value)
    english, chinese, explain_en, explain_zh, source = (row[name] for name in _TEXTS)
    return Typology(key, english, chinese, explain_en, explain_zh, source, thresholds)
