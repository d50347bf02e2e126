"""The list of specially designated nationals of the US Treasury, CSV: entries, aliases, addresses.

Rules:

1. Three files belong together: entries (12 columns), aliases (5), addresses (6); ``-0-`` is nothing. Each ends with the
   end mark that the publisher writes (SUB, hexadecimal 1A): a file without it is cut.
2. An alias or address of an entry that is not there means that a file is of another day, or cut: at most
   `STRANGERS_SHARE_MAX` of them may be so.
3. Birth dates, countries, genders and identifiers stand in the remarks, parted by semicolons.

Example::

    read_ofac(Path("sdn.csv"), Path("alt.csv"), Path("add.csv")).entries
"""

import csv
import io
import re
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

from jinku.risk.screening.errors import BadList
from jinku.risk.screening.formats.reading import Loaded, birth, contents, country, digest, identifier
from jinku.risk.screening.model import Entry, Facts, ListedName, Quality
from jinku.risk.screening.names import Kind

NAME = "ofac"
COLUMNS, ALIAS_COLUMNS, ADDRESS_COLUMNS = 12, 5, 6
END_MARK = b"\x1a"
STRANGERS_SHARE_MAX = 0.6
_KINDS = {"individual": Kind.PERSON, "vessel": Kind.VESSEL, "aircraft": Kind.AIRCRAFT, "": Kind.ORGANIZATION}
_NUMBERS = re.compile(
    r"^(?:alt\. )?(?:Passport|National ID No\.|Cedula No\.|Tax ID No\.|NIT #|RUC #|Registration Number|Registration ID|"
    r"Vessel Registration Identification|Identification Number|Company Number|Commercial Registry Number|"
    r"C\.U\.I\.T\.|D\.N\.I\.|"
    r"C\.U\.R\.P\.|R\.F\.C\.|Folio Mercantil No\.|Matricula Mercantil No|Government Gazette Number|MMSI|D-U-N-S Number|"
    r"Business Registration Number|Legal Entity Number|SWIFT/BIC|V\.A\.T\. Number|Unified Social Credit Code \(USCC\)|"
    r"Aircraft Tail Number|Aircraft Manufacturer's Serial Number \(MSN\)|"
    r"Digital Currency Address - [A-Z]+) (?:IMO )?([^ (;]+)"
)
_COUNTRY = re.compile(r"^(?:alt\. )?(?:nationality|citizen|POB .*,) ?(.+?)\.?$")
_ALIAS = re.compile(r"[afn]\.k\.a\. '([^']+)'")


def read_ofac(entries: Path, aliases: Path, addresses: Path | None = None, name: str = NAME) -> Loaded:
    """The entries of the three files. Raises BadList."""
    parts = [contents(path) for path in (entries, aliases, addresses) if path is not None]
    rows = list(_rows(entries, parts[0], COLUMNS))
    if not rows:
        raise BadList(
            "has no entries", file=entries.name, line=1, field="ent_num", remedy="fetch the list again"
        )
    names, weak = _aliases(aliases, parts[1])
    places = _places(addresses, parts[2]) if addresses is not None else {}
    found: dict[str, Entry] = {}
    for line, row in rows:
        if row[0] in found:
            raise BadList("is there twice", file=entries.name, line=line, field="ent_num", value=row[0])
        found[row[0]] = _entry(entries, line, row, (names, weak, places, name))
    _belong(aliases, names, found)
    return Loaded(tuple(found.values()), digest(*parts), "", "ofac-csv")


def _belong(aliases: Path, names: dict[str, list[str]], found: dict[str, Entry]) -> None:
    strangers = sum(number not in found for number in names)
    if strangers > STRANGERS_SHARE_MAX * max(1, len(names)):
        raise BadList(
            f"{strangers} of {len(names)} are of entries that are not in the list",
            file=aliases.name,
            line=1,
            field="ent_num",
            remedy="take the three files of one day",
        )


def _rows(path: Path, data: bytes, columns: int) -> Iterator[tuple[int, list[str]]]:
    if not data.rstrip(b"\r\n ").endswith(END_MARK):
        raise BadList(
            "ends without the publisher's end mark: it is cut",
            file=path.name,
            line=data.count(b"\n") + 1,
            field="end of file",
            remedy="fetch the list again; the running version stays",
        )
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise BadList("is not UTF-8", file=path.name, line=line, field="text") from None
    reader = csv.reader(io.StringIO(text.rstrip("\r\n \x1a"), newline=""), strict=True)
    try:
        for row in reader:
            if not row:
                continue
            if len(row) != columns:
                raise BadList(
                    f"the row has {len(row)} of {columns} columns",
                    file=path.name,
                    line=reader.line_num,
                    field="columns",
                )
            cells = ["" if cell.strip() == "-0-" else " ".join(cell.split()) for cell in row]
            if not cells[0].isdigit():
                raise BadList(
                    "is no number", file=path.name, line=reader.line_num, field="ent_num", value=cells[0][:40]
                )
            yield reader.line_num, cells
    except csv.Error:
        raise BadList("is no CSV row", file=path.name, line=reader.line_num, field="quotes") from None


def _aliases(path: Path, data: bytes) -> tuple[dict[str, list[str]], set[tuple[str, str]]]:
    names: defaultdict[str, list[str]] = defaultdict(list)
    weak = set()
    for line, (number, _, kind, text, remarks) in _rows(path, data, ALIAS_COLUMNS):
        if not text:
            raise BadList("is missing", file=path.name, line=line, field="alt_name", value=number)
        if kind not in ("aka", "fka", "nka"):
            raise BadList("is no kind of alias", file=path.name, line=line, field="alt_type", value=kind[:40])
        names[number].append(text)
        if "weak" in remarks.lower():
            weak.add((number, text))
    return names, weak


def _places(path: Path, data: bytes) -> dict[str, list[str]]:
    places: defaultdict[str, list[str]] = defaultdict(list)
    for _, row in _rows(path, data, ADDRESS_COLUMNS):
        if row[4]:
            places[row[0]].append(country(row[4]))
    return places


Beside = tuple[dict[str, list[str]], set[tuple[str, str]], dict[str, list[str]], str]


def _entry(path: Path, line: int, row: list[str], beside: Beside) -> Entry:
    names, weak, places, list_name = beside
    number, primary, kind, program, remarks = row[0], row[1], row[2], row[3], row[11]
    if not primary:
        raise BadList("is missing", file=path.name, line=line, field="SDN_Name", value=number)
    if kind not in _KINDS:
        raise BadList("is no kind of entry", file=path.name, line=line, field="SDN_Type", value=kind[:40])
    listed = {primary: ListedName(primary, Quality.PRIMARY)}
    for text in names.get(number, ()):
        listed.setdefault(text, ListedName(text, Quality.WEAK if (number, text) in weak else Quality.STRONG))
    for text in _ALIAS.findall(remarks):  # the publisher writes weak aliases into the remarks
        listed.setdefault(text, ListedName(text, Quality.WEAK))
    return Entry(
        list_name, number, _KINDS[kind], tuple(listed.values()), _facts(row, remarks, places), program
    )


def _facts(row: list[str], remarks: str, places: dict[str, list[str]]) -> Facts:
    births, countries, numbers, gender = [], list(places.get(row[0], ())), [], ""
    if row[9]:
        countries.append(country(row[9]))
    for said in remarks.split(";"):
        piece = said.strip().rstrip(".")
        if piece.startswith(("DOB ", "alt. DOB ")):
            births.append(birth(piece))
        elif piece.startswith("Gender "):
            gender = piece[7:8].lower()
        elif number := _NUMBERS.match(piece):
            numbers.append(identifier(number[1]))
        elif place := _COUNTRY.match(piece):
            countries.append(country(place[1].rpartition(",")[2] or place[1]))
    return Facts(
        tuple(dict.fromkeys(filter(None, births))),
        tuple(dict.fromkeys(filter(None, countries))),
        gender if gender in ("m", "f") else "",
        tuple(dict.fromkeys(filter(None, numbers))),
    )
