"""Reports in China, as XML and as CSV: items of the data elements of `china_table`.

Rules:

1. A large value is one item; a suspicious report has one item for each movement, or one for each subject without any.
2. Each item is checked by the table: what must be there, and what it must look like. A value that is missing or does
   not fit is named by item and element, never quoted.
3. Both formats hold the same items; CSV has a byte order mark and CRLF, so that spreadsheets read it.

Example::

    data = ChinaXml().export(ExportOrder("000002", day, content, people, institution))
"""

import csv
import io
import re
from collections.abc import Iterator, Sequence
from datetime import date
from pathlib import Path

from lxml import etree

from jinku.base.currency import currency
from jinku.base.decimals import format_minor
from jinku.risk.reports.china_table import DIRECTIONS, ELEMENTS, FEATURES, Element
from jinku.risk.reports.content import Content, Moved
from jinku.risk.reports.errors import ReportIncomplete, ReportInvalid
from jinku.risk.reports.exporter import ExportOrder, shown
from jinku.risk.reports.large import FOREIGN, TOGETHER
from jinku.risk.reports.people import Account, Company, People, Person

Item = dict[str, str]
_KINDS = ("suspicious", "large_value")


class ChinaXml:
    """Items as XML; see the module's rules."""

    name = "china-xml"
    suffix = ".xml"
    kinds: tuple[str, ...] = _KINDS

    def export(self, order: ExportOrder) -> bytes:
        """The file. Raises ReportIncomplete, ReportInvalid."""
        elements = _elements(order)
        root = etree.Element("report", kind=order.content.kind, number=order.key, day=_day(order.day))
        if order.corrects:
            root.set("corrects", order.corrects)
        etree.SubElement(root, "institution", number=str(order.institution.number)).text = shown(
            order.institution.name
        )
        for place, item in enumerate(_items(order), 1):
            found = etree.SubElement(root, "item", no=str(place))
            for one in elements:
                etree.SubElement(found, one.code).text = shown(item.get(one.key, ""))
        data: bytes = etree.tostring(root, encoding="UTF-8", xml_declaration=True, pretty_print=True)
        _check(_xml_items(data), elements)
        return data

    def check(self, data: bytes, schema: Path | None = None) -> None:  # noqa: ARG002 - the port's
        """Raises ReportInvalid unless the items have the table's own codes and values that fit."""
        _check(_xml_items(data), ELEMENTS[_kind_of(data)])


class ChinaCsv:
    """Items as CSV; see the module's rules."""

    name = "china-csv"
    suffix = ".csv"
    kinds: tuple[str, ...] = _KINDS

    def export(self, order: ExportOrder) -> bytes:
        """The file. Raises ReportIncomplete, ReportInvalid."""
        elements = _elements(order)
        text = io.StringIO(newline="")
        out = csv.writer(text, lineterminator="\r\n")
        out.writerow([one.code for one in elements])
        out.writerows([[shown(item.get(one.key, "")) for one in elements] for item in _items(order)])
        data = ("\ufeff" + text.getvalue()).encode()
        _check(_csv_items(data), elements)
        return data

    def check(self, data: bytes, schema: Path | None = None) -> None:  # noqa: ARG002 - the port's
        """Raises ReportInvalid unless the items have the table's own codes and values that fit."""
        items = list(_csv_items(data))
        codes = {name for item in items for name in item}
        kind = next((one for one in _KINDS if {e.code for e in ELEMENTS[one]} == codes), "")
        if not kind:
            raise ReportInvalid(["line 1: has other columns than the table"])
        _check(items, ELEMENTS[kind])


def _elements(order: ExportOrder) -> tuple[Element, ...]:
    """The table's elements, with the institution's codes."""
    codes = order.institution.codes
    return tuple(
        Element(
            one.key,
            codes.get(f"element_{one.key}", one.code),
            one.english,
            one.chinese,
            one.pattern,
            one.required,
        )
        for one in ELEMENTS[order.content.kind]
    )


def _items(order: ExportOrder) -> list[Item]:
    missing: list[str] = []
    build = _large_items if order.content.kind == "large_value" else _suspicious_items
    items = list(build(order, missing))
    if missing:
        raise ReportIncomplete(missing)
    return items


def _large_items(order: ExportOrder, missing: list[str]) -> Iterator[Item]:
    for line in order.content.lines:
        unit = currency(FOREIGN if line.currency == TOGETHER else line.currency)
        features = {**FEATURES, **_prefixed(order, "feature_")}
        yield {
            **_customer(order.people, line.customer, missing),
            "day": _day(line.day),
            "feature": features[line.rule],
            "direction": DIRECTIONS[line.direction],
            "currency": unit.code,
            "amount": format_minor(line.total, unit.exponent),
            "movements": str(line.movements),
            "references": " ".join(line.references),
        }


def _suspicious_items(order: ExportOrder, missing: list[str]) -> Iterator[Item]:
    content, people = order.content, order.people
    said = {
        "indicators": " ".join(content.indicators),
        "narrative": content.narrative,
        "action": content.action,
    }
    if not content.movements:
        for subject in content.subjects:
            yield {**_customer(people, subject, missing), **said}
        return
    for one in content.movements:
        out = _is_out(people, one, content)
        mine, other = (one.payer, one.payee) if out else (one.payee, one.payer)
        yield {
            **_customer(people, mine, missing),
            **said,
            "reference": one.reference,
            "day": _day(one.day),
            "direction": DIRECTIONS["out" if out else "in"],
            "currency": one.currency,
            "amount": format_minor(one.amount, currency(one.currency).exponent),
            "other_name": _name(people, other),
            "other_account": _number(people, other),
        }


def _is_out(people: People, one: Moved, content: Content) -> bool:
    """Whether the customer that an item is about pays: a subject, or else the side that is ours."""
    if _is_about(people, one.payer, content) or _is_about(people, one.payee, content):
        return _is_about(people, one.payer, content)
    party = people.find(one.payer)
    return party is not None and party.ours


def _is_about(people: People, reference: str, content: Content) -> bool:
    """Whether `reference` is a subject, or an account of one."""
    party = people.find(reference)
    owner = party.owner if isinstance(party, Account) else reference
    return reference in content.subjects or owner in content.subjects


def _customer(people: People, reference: str, missing: list[str]) -> Item:
    party = people.find(reference)
    number = reference
    if isinstance(party, Account):
        number, party = party.owner, people.find(party.owner)
    if isinstance(party, Person):
        found = {
            "name": _full_name(party),
            "id_kind": party.id_kind,
            "id_number": party.id_number,
            "country": party.nationality,
            "occupation": party.occupation,
            "phone": party.phone,
        }
    elif isinstance(party, Company):
        found = {
            "name": party.name,
            "id_kind": party.legal_form,
            "id_number": party.number,
            "country": party.country,
            "occupation": party.business,
            "phone": party.phone,
        }
    else:
        missing.append(f"{reference}: who it is")
        return {}
    missing += [
        f"{number}: {name}" for name in ("name", "id_kind", "id_number", "country") if not found[name]
    ]
    return {"customer": number, **found}


def _full_name(person: Person) -> str:
    """Chinese names are written without a blank, family name first."""
    both = (person.last_name, person.first_name)
    chinese = all("\u3400" <= one <= "\u9fff" for part in both for one in part)
    return ("" if chinese else " ").join(part for part in both if part)


def _name(people: People, reference: str) -> str:
    party = people.find(reference)
    if isinstance(party, Account):
        party = people.find(party.owner)
    if isinstance(party, Company):
        return party.name
    return _full_name(party) if isinstance(party, Person) else ""


def _number(people: People, reference: str) -> str:
    party = people.find(reference)
    return party.number if isinstance(party, Account) else ""


def _prefixed(order: ExportOrder, prefix: str) -> dict[str, str]:
    codes = order.institution.codes
    return {name.removeprefix(prefix): value for name, value in codes.items() if name.startswith(prefix)}


def _day(day: date) -> str:
    return day.strftime("%Y%m%d")


# --- checking -------------------------------------------------------------------------------------------------------


def _kind_of(data: bytes) -> str:
    kind = str(_root(data).get("kind"))
    if kind not in _KINDS:
        raise ReportInvalid(["line 1: is no kind of report"])
    return kind


def _root(data: bytes) -> etree._Element:
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False)
    try:
        root = etree.fromstring(data, parser)
    except etree.XMLSyntaxError as error:
        raise ReportInvalid([f"line {error.lineno}: not well formed"]) from None
    if root.tag != "report":
        raise ReportInvalid(["line 1: is no report"])
    return root


def _xml_items(data: bytes) -> Iterator[Item]:
    for item in _root(data).iterchildren("item"):
        yield {str(one.tag): one.text or "" for one in item}


def _csv_items(data: bytes) -> Iterator[Item]:
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise ReportInvalid(["line 1: is no UTF-8"]) from None
    rows = list(csv.reader(io.StringIO(text, newline="")))
    for line, row in enumerate(rows[1:], 2):
        if len(row) != len(rows[0]):
            raise ReportInvalid([f"line {line}: has another number of fields"])
        yield dict(zip(rows[0], row, strict=True))


def _check(items: Iterator[Item] | Sequence[Item], elements: Sequence[Element]) -> None:
    problems, count = [], 0
    for place, item in enumerate(items, 1):
        count += 1
        for one in elements:
            value = item.get(one.code, "")
            if not value and one.required:
                problems.append(f"item {place}: {one.code} is missing")
            elif value and not re.fullmatch(one.pattern, value):
                problems.append(f"item {place}: {one.code} does not fit")
        problems += [
            f"item {place}: {name} is unknown" for name in sorted(set(item) - {e.code for e in elements})
        ]
    if not count:
        problems.append("the report has no item")
    if problems:
        raise ReportInvalid(problems)
