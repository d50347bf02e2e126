"""Lists as CSV of any columns, read by a mapping that says which column is what: for domestic lists and one's own.

Rules:

1. The mapping is TOML: ``list``, ``source_date`` (optional), and under ``[columns]`` the names of the file's
   columns for
   ``id``, ``name`` (both needed), ``aliases``, ``kind``, ``birth``, ``country``, ``gender``, ``identifiers``,
   ``since``,
   ``program``. ``separator`` parts several values in one cell (default ``;``). Under ``[kinds]`` and
   ``[genders]`` stand
   the file's words for them.
2. The file is UTF-8 or, if the mapping says so, GB 18030. Each row has all columns, an id of its own and a name. With
   ``rows`` the mapping may say how many rows there must be; a last line without a line's end is a file that is cut.

Example::

    read_domestic(Path("list.csv"), Path("list.toml")).entries
"""

import csv
import io
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jinku.risk.screening.errors import BadList
from jinku.risk.screening.facts import sound_birth
from jinku.risk.screening.formats.reading import Loaded, contents, country, digest, identifier
from jinku.risk.screening.model import Entry, Facts, ListedName, Quality
from jinku.risk.screening.names import Kind

FIELDS = frozenset(
    {"id", "name", "aliases", "kind", "birth", "country", "gender", "identifiers", "since", "program"}
)
ENCODINGS = frozenset({"utf-8", "gb18030"})
_GENDERS = {"m": "m", "male": "m", "男": "m", "f": "f", "female": "f", "女": "f"}
_KINDS = {
    "个人": Kind.PERSON,
    "自然人": Kind.PERSON,
    "组织": Kind.ORGANIZATION,
    "法人": Kind.ORGANIZATION,
    "船舶": Kind.VESSEL,
}


@dataclass(frozen=True, slots=True)
class Mapping:
    """Which column of a file is what."""

    list: str
    columns: dict[str, str]
    separator: str
    encoding: str
    kinds: dict[str, str]
    genders: dict[str, str]
    source_date: str
    rows: int | None


def read_mapping(path: Path) -> Mapping:
    """A mapping's file. Raises BadList."""
    try:
        told: dict[str, Any] = tomllib.loads(contents(path).decode("utf-8"))
    except (ValueError, RecursionError):
        raise BadList("is no TOML", file=path.name, line=1, remedy="see the docs for an example") from None
    columns = told.get("columns")
    if not isinstance(columns, dict) or not {"id", "name"} <= columns.keys():
        raise BadList("needs id and name", file=path.name, field="columns", remedy="name their columns")
    for field in columns:
        if field not in FIELDS:
            raise BadList("is no field of an entry", file=path.name, field="columns", value=field)
    encoding = str(told.get("encoding", "utf-8")).lower()
    if encoding not in ENCODINGS or not str(told.get("list", "")).isidentifier():
        raise BadList("needs a list's name and utf-8 or gb18030", file=path.name, field="list, encoding")
    return Mapping(
        str(told["list"]),
        {str(field): str(column) for field, column in columns.items()},
        str(told.get("separator", ";")),
        encoding,
        {str(word): str(kind) for word, kind in told.get("kinds", {}).items()},
        {str(word): str(gender) for word, gender in told.get("genders", {}).items()},
        str(told.get("source_date", "")),
        told.get("rows"),
    )


def read_domestic(path: Path, mapping_path: Path) -> Loaded:
    """The entries of a CSV file read by a mapping. Raises BadList."""
    mapping = read_mapping(mapping_path)
    data = contents(path)
    if not data.endswith(b"\n"):
        raise BadList(
            "its last line has no end: it is cut",
            file=path.name,
            line=data.count(b"\n") + 1,
            field="end of file",
        )
    try:
        text = data.decode("utf-8-sig" if mapping.encoding == "utf-8" else mapping.encoding)
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise BadList(f"is not {mapping.encoding}", file=path.name, line=line, field="text") from None
    reader = csv.DictReader(io.StringIO(text, newline=""), strict=True, restkey="", restval=None)
    found: dict[str, Entry] = {}
    try:
        for column in mapping.columns.values():
            if column not in (reader.fieldnames or ()):
                raise BadList("column is missing", file=path.name, line=1, field=column)
        for row in reader:
            entry = _entry(path, reader.line_num, row, mapping)
            if entry.id in found:
                raise BadList(
                    "is there twice", file=path.name, line=reader.line_num, field="id", value=entry.id
                )
            found[entry.id] = entry
    except csv.Error:
        raise BadList("is no CSV row", file=path.name, line=reader.line_num, field="quotes") from None
    if not found or (mapping.rows is not None and len(found) != mapping.rows):
        raise BadList(
            f"has {len(found)} entries", file=path.name, line=1, field="rows", remedy="fetch the list again"
        )
    return Loaded(tuple(found.values()), digest(data), mapping.source_date, "csv")


def _entry(path: Path, line: int, row: dict[str, Any], mapping: Mapping) -> Entry:
    if "" in row or None in row.values():
        raise BadList("the row has other columns than the header", file=path.name, line=line, field="columns")

    def cell(field: str) -> str:
        return " ".join(str(row.get(mapping.columns.get(field, ""), "")).split())

    def cells(field: str) -> list[str]:
        return [one.strip() for one in cell(field).split(mapping.separator) if one.strip()]

    for field in ("id", "name"):
        if not cell(field):
            raise BadList("is missing", file=path.name, line=line, field=mapping.columns[field])
    births = cells("birth")
    for one in births:
        if not sound_birth(one):
            raise BadList(
                "is no date", file=path.name, line=line, field=mapping.columns["birth"], remedy="YYYY-MM-DD"
            )
    word = cell("kind")
    kind = Kind.of(mapping.kinds.get(word, word)) if word not in _KINDS else _KINDS[word]
    names = {cell("name"): ListedName(cell("name"), Quality.PRIMARY)}
    for alias in cells("aliases"):
        names.setdefault(alias, ListedName(alias))
    gender = cell("gender").lower()
    return Entry(
        mapping.list,
        cell("id"),
        kind,
        tuple(names.values()),
        Facts(
            tuple(births),
            tuple(country(one) for one in cells("country")),
            _GENDERS.get(mapping.genders.get(gender, gender), ""),
            tuple(filter(None, map(identifier, cells("identifiers")))),
        ),
        cell("program"),
        cell("since")[:10],
    )
