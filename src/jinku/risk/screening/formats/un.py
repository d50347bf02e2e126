"""The consolidated list of the United Nations Security Council, XML.

Rules:

1. The parser resolves no entities, loads nothing, and refuses a document type; a file cut anywhere is not well-formed.
2. Every INDIVIDUAL and ENTITY has a DATAID of its own, a reference and a name; what is missing is named with its line.

Example::

    read_un(Path("consolidated.xml")).entries
"""

from pathlib import Path
from typing import Any

from lxml import etree

from jinku.risk.screening.errors import BadList
from jinku.risk.screening.formats.reading import Loaded, birth, contents, country, digest, identifier
from jinku.risk.screening.model import Entry, Facts, ListedName, Quality
from jinku.risk.screening.names import Kind

_NAMES = ("FIRST_NAME", "SECOND_NAME", "THIRD_NAME", "FOURTH_NAME", "FIFTH_NAME", "SIXTH_NAME")
_GENDERS = {"male": "m", "female": "f"}
_KINDS = {"INDIVIDUAL": Kind.PERSON, "ENTITY": Kind.ORGANIZATION}
NAME = "un"


def read_un(path: Path, name: str = NAME) -> Loaded:
    """The entries of a consolidated list. Raises BadList."""
    data = contents(path)
    root = _parsed(path, data)
    if root.tag != "CONSOLIDATED_LIST":
        raise BadList(
            "is not a consolidated list",
            file=path.name,
            line=1,
            field="root element",
            value=str(root.tag)[:40],
        )
    entries: dict[str, Entry] = {}
    for element in root.iter("INDIVIDUAL", "ENTITY"):
        entry = _entry(path, element, name)
        if entry.id in entries:
            raise BadList(
                "is there twice", file=path.name, line=_line(element), field="DATAID", value=entry.id
            )
        entries[entry.id] = entry
    if not entries:
        raise BadList(
            "has no entries", file=path.name, line=1, field="INDIVIDUAL", remedy="fetch the list again"
        )
    return Loaded(tuple(entries.values()), digest(data), str(root.get("dateGenerated", ""))[:10], "un-xml")


def _parsed(path: Path, data: bytes) -> Any:
    parser = etree.XMLParser(
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        dtd_validation=False,
        huge_tree=False,
        recover=False,
    )
    try:
        root = etree.fromstring(data, parser)
    except etree.XMLSyntaxError as error:
        raise BadList(
            "is not whole, well-formed XML",
            file=path.name,
            line=error.lineno or 1,
            field="XML",
            remedy="fetch the list again; the running version stays",
        ) from None
    if root.getroottree().docinfo.doctype or any(isinstance(one, etree._Entity) for one in root.iter()):
        raise BadList(
            "has a document type or entities",
            file=path.name,
            line=1,
            field="DOCTYPE",
            remedy="is this the list?",
        )
    return root


def _line(element: Any) -> int:
    return int(element.sourceline or 0)


def _text(element: Any, tag: str) -> str:
    return " ".join((element.findtext(tag) or "").split())


def _entry(path: Path, element: Any, name: str) -> Entry:
    number = _text(element, "DATAID")
    if not number.isdigit():
        raise BadList("is no number", file=path.name, line=_line(element), field="DATAID", value=number[:40])
    primary = " ".join(filter(None, (_text(element, tag) for tag in _NAMES)))
    if not primary:
        raise BadList("is missing", file=path.name, line=_line(element), field="FIRST_NAME", value=number)
    return Entry(
        name,
        number,
        _KINDS[element.tag],
        _names(element, primary),
        _facts(element),
        _text(element, "UN_LIST_TYPE"),
        _text(element, "LISTED_ON")[:10],
    )


def _names(element: Any, primary: str) -> tuple[ListedName, ...]:
    names = {primary: ListedName(primary, Quality.PRIMARY)}
    original = _text(element, "NAME_ORIGINAL_SCRIPT")
    if original:
        names.setdefault(original, ListedName(original))
    for alias in element.iter("INDIVIDUAL_ALIAS", "ENTITY_ALIAS"):
        text = _text(alias, "ALIAS_NAME")
        weak = _text(alias, "QUALITY").lower() == "low" or (
            len(text.split()) == 1 and element.tag == "INDIVIDUAL"
        )
        for piece in text.split(";"):
            if piece.strip():
                names.setdefault(
                    piece.strip(), ListedName(piece.strip(), Quality.WEAK if weak else Quality.STRONG)
                )
    return tuple(names.values())


def _facts(element: Any) -> Facts:
    births = []
    for born in element.iter("INDIVIDUAL_DATE_OF_BIRTH"):
        first, last = _text(born, "FROM_YEAR"), _text(born, "TO_YEAR")
        year, day = _text(born, "YEAR"), _text(born, "DATE")[:10]
        if first.isdigit() and last.isdigit():
            births.append(f"{first}/{last}")
        elif _text(born, "TYPE_OF_DATE") == "APPROXIMATELY" and (year or day):
            births.append(birth(f"circa {(year or day)[:4]}"))
        elif day or year:
            births.append(day or year)
    places = [element.findtext("NATIONALITY/VALUE") or ""]
    places += [one.text or "" for one in element.iterfind("NATIONALITY/VALUE")]
    places += [one.findtext("COUNTRY") or "" for one in element.iter("INDIVIDUAL_ADDRESS", "ENTITY_ADDRESS")]
    places += [one.findtext("COUNTRY") or "" for one in element.iter("INDIVIDUAL_PLACE_OF_BIRTH")]
    numbers = [identifier(_text(one, "NUMBER")) for one in element.iter("INDIVIDUAL_DOCUMENT")]
    return Facts(
        tuple(dict.fromkeys(one for one in births if one[:4].isdigit())),
        tuple(dict.fromkeys(country(one) for one in places if one.strip())),
        _GENDERS.get(_text(element, "GENDER").lower(), ""),
        tuple(dict.fromkeys(one for one in numbers if one)),
    )
