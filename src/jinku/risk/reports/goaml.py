"""goAML, the United Nations' format for reports to financial intelligence units (UNODC, schema 5.0.1).

Rules:

1. A customer of ours is written with everything that the schema asks of a ``my_client``; what is missing is an error
   that names reference and field. Others are written with what is known of them.
2. Codes (funds, conduct, account, contact, legal form …) are the FIU's own lists: `CODES` names each, with "-", the
   schema's word for none, as its value until the institution gives another.
3. The file is built with lxml, never by joining text; whoever gives the schema has it validated before it is given out.
   A schema is read without network and without entities.

Example::

    data = GoAml().export(ExportOrder("000001", day, content, people, institution, schema=Path("goaml-5.0.1.xsd")))
"""

from collections.abc import Mapping
from datetime import date
from pathlib import Path
from types import MappingProxyType
from typing import Any

from lxml import etree

from jinku.base.currency import currency
from jinku.base.decimals import format_minor
from jinku.risk.reports.content import Content, Moved
from jinku.risk.reports.errors import ReportIncomplete, ReportInvalid
from jinku.risk.reports.exporter import ExportOrder, shown
from jinku.risk.reports.large import RATE_DECIMALS
from jinku.risk.reports.large_table import Rule
from jinku.risk.reports.people import Account, Address, Company, Person

CODES: Mapping[str, str] = MappingProxyType(
    {
        "submission": "E",
        "report_suspicious": "STR",
        "report_activity": "SAR",
        "report_large_cash": "CTR",
        "report_large": "TFR",
        "funds_cash": "-",
        "funds_transfer": "-",
        "conduct_cash": "-",
        "conduct_transfer": "-",
        "account": "-",
        "account_status": "-",
        "account_role": "-",
        "contact": "-",
        "communication": "-",
        "phone_prefix": "-",
        "legal_form": "-",
        "director_role": "-",
        "indicator": "-",
        "party_role": "-",
    }
)
"""Name of a code → its value where the institution gives none."""
_PROBLEMS_MAX = 50


class GoAml:
    """See the module's rules."""

    name = "goaml"
    suffix = ".xml"
    kinds: tuple[str, ...] = ("suspicious", "large_value")

    def export(self, order: ExportOrder) -> bytes:
        """The file. Raises ReportIncomplete, ReportInvalid."""
        writer = _Writer(order)
        root = writer.report()
        if writer.missing:
            raise ReportIncomplete(writer.missing)
        data: bytes = etree.tostring(root, encoding="UTF-8", xml_declaration=True, pretty_print=True)
        self.check(data, order.schema)
        return data

    def check(self, data: bytes, schema: Path | None = None) -> None:
        """Well formed, a report, and valid against `schema` where it is given. Raises ReportInvalid."""
        parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)
        try:
            root = etree.fromstring(data, parser)
        except etree.XMLSyntaxError as error:
            raise ReportInvalid([f"line {error.lineno}: not well formed"]) from None
        if root.tag != "report" or root.getroottree().docinfo.doctype:
            raise ReportInvalid(["line 1: is no goAML report"])
        if schema is None:
            return
        try:
            grammar = etree.XMLSchema(etree.parse(str(schema), parser))
        except (OSError, etree.LxmlError) as error:
            raise ReportInvalid([f"the schema cannot be read: {type(error).__name__}"]) from None
        if not grammar.validate(root):
            raise ReportInvalid(_problems(root, grammar))


def _problems(root: Any, grammar: Any) -> list[str]:
    """What the schema does not accept, by line and element; the validator's own words would quote values."""
    found = []
    for entry in list(grammar.error_log)[:_PROBLEMS_MAX]:
        path = entry.path or ""
        element = path.rpartition("/")[2] or root.tag
        found.append(f"line {entry.line}: <{element}> {entry.type_name.lower().removeprefix('schemav_')}")
    return found


class _Writer:
    """Writes one report, and notes what is missing on the way."""

    def __init__(self, order: ExportOrder) -> None:
        self._order, self._content = order, order.content
        self._codes = {**CODES, **order.institution.codes}
        self.missing: list[str] = []

    def report(self) -> Any:
        order, content, ours = self._order, self._content, self._order.institution
        root = etree.Element("report")
        _put(root, "rentity_id", ours.number)
        _put(root, "rentity_branch", ours.branch)
        _put(root, "submission_code", self._codes["submission"])
        _put(root, "report_code", self._codes[_code(content)])
        _put(root, "entity_reference", order.key)
        if order.corrects:
            _put(root, "fiu_ref_number", order.corrects)
        _put(root, "submission_date", _moment(order.day))
        _put(root, "currency_code_local", content.currency)
        self._reporter(root, ours.reporter)
        self._address(root, "location", ours.address, "institution")
        if content.narrative:
            _put(root, "reason", content.narrative)
        if content.action:
            _put(root, "action", content.action)
        for one in content.movements:
            self._transaction(root, one)
        if content.lines and {one for line in content.lines for one in line.references} != {
            one.reference for one in content.movements
        }:
            self.missing.append("movements: those of every large value, with payer and payee")
        if not content.movements:
            parties = etree.SubElement(etree.SubElement(root, "activity"), "report_parties")
            for reference in content.subjects:
                self._reported(parties, reference)
        indicators = etree.SubElement(root, "report_indicators")
        for name in content.indicators or ("",):
            code = self._codes.get(f"indicator_{name}", self._codes["indicator"])
            _put(indicators, "indicator", code)
        return root

    def _transaction(self, root: Any, one: Moved) -> None:
        found = etree.SubElement(root, "transaction")
        _put(found, "transactionnumber", one.reference)
        _put(found, "transaction_location", self._order.institution.branch)
        _put(found, "transaction_description", one.way)
        _put(found, "date_transaction", _moment(one.day))
        _put(found, "transmode_code", self._codes[f"conduct_{one.way}"])
        _put(found, "amount_local", self._local(one))
        self._side(found, "from", one.payer, one)
        self._side(found, "to", one.payee, one)

    def _local(self, one: Moved) -> str:
        """The amount in the report's currency, rounded half to even where it is converted."""
        unit, local = currency(one.currency), currency(self._content.currency)
        if unit == local:
            return format_minor(one.amount, unit.exponent)
        above = one.amount * one.rate * 10**local.exponent
        below = 10 ** (unit.exponent + RATE_DECIMALS)
        minor, rest = divmod(above, below)
        minor += rest * 2 > below or (rest * 2 == below and minor % 2 == 1)
        return format_minor(minor, local.exponent)

    def _side(self, transaction: Any, side: str, reference: str, one: Moved) -> None:
        party = self._order.people.find(reference)
        if party is None:
            self.missing.append(f"{reference}: who it is")
            return
        ours = party.ours
        found = etree.SubElement(transaction, f"t_{side}_my_client" if ours else f"t_{side}")
        _put(found, f"{side}_funds_code", self._codes[f"funds_{one.way}"])
        if one.currency != self._content.currency:
            foreign = etree.SubElement(found, f"{side}_foreign_currency")
            _put(foreign, "foreign_currency_code", one.currency)
            _put(foreign, "foreign_amount", format_minor(one.amount, currency(one.currency).exponent))
            _put(foreign, "foreign_exchange_rate", format_minor(one.rate, RATE_DECIMALS))
        self._party(found, f"{side}_", reference, party)
        _put(found, f"{side}_country", self._need(_country(party), reference, "country"))

    def _reported(self, parties: Any, reference: str) -> None:
        party = self._order.people.find(reference)
        if party is None:
            self.missing.append(f"{reference}: who it is")
            return
        found = etree.SubElement(parties, "report_party")
        suffix = "_my_client" if party.ours else ""
        self._party(found, "", reference, party, suffix)
        _put(found, "is_suspected", "true")
        _put(found, "reason", "")

    def _party(self, parent: Any, before: str, reference: str, party: Any, after: str = "") -> None:
        if isinstance(party, Account):
            self._account(etree.SubElement(parent, f"{before}account{after}"), reference, party)
        elif isinstance(party, Company):
            self._company(etree.SubElement(parent, f"{before}entity{after}"), reference, party)
        else:
            self._person(etree.SubElement(parent, f"{before}person{after}"), reference, party)

    def _account(self, found: Any, reference: str, one: Account) -> None:
        ours = self._order.institution
        home = one.ours
        institution = one.institution or (ours.name if home else "")
        _put(found, "institution_name", self._need(institution, reference, "institution"))
        code = one.institution_code or (ours.code if home else "")
        _put(found, "institution_code", self._need(code, reference, "institution_code"))
        branch = one.branch or (ours.branch if home else "")
        if branch:
            _put(found, "branch", branch)
        _put(found, "account", self._need(one.number, reference, "number"))
        if home or one.currency:
            _put(found, "currency_code", self._need(one.currency, reference, "currency"))
        owner = self._order.people.find(one.owner) if one.owner else None
        if not home:
            return
        if not isinstance(owner, Person | Company):
            self.missing.append(f"{reference}: owner")
            return
        name = owner.name if isinstance(owner, Company) else f"{owner.last_name} {owner.first_name}"
        _put(found, "account_name", self._need(name.strip(), one.owner, "name"))
        _put(found, "client_number", one.owner)
        _put(found, "personal_account_type", self._codes["account"])
        signs = owner.director if isinstance(owner, Company) else owner
        if isinstance(owner, Company):
            self._company(etree.SubElement(found, "t_entity"), one.owner, owner)
        signatory = etree.SubElement(found, "signatory")
        _put(signatory, "is_primary", "1")
        who = f"{one.owner}: director" if isinstance(owner, Company) else one.owner
        self._person(etree.SubElement(signatory, "t_person"), who, signs, full=True)
        _put(signatory, "role", self._codes["account_role"])
        _put(found, "opened", _moment(one.opened) if one.opened else self._need("", reference, "opened"))
        _put(found, "status_code", self._codes["account_status"])

    def _person(self, found: Any, reference: str, one: Person, *, full: bool | None = None) -> None:
        full = one.ours if full is None else full
        if one.gender:
            _put(found, "gender", one.gender)
        _put(found, "first_name", self._need(one.first_name, reference, "first_name"))
        _put(found, "last_name", self._need(one.last_name, reference, "last_name"))
        if full or one.birth:
            _put(found, "birthdate", _moment(one.birth) if one.birth else self._need("", reference, "birth"))
        if full or one.id_number:
            _put(found, "ssn", self._need(one.id_number, reference, "id_number"))
        for name, value in (("nationality1", one.nationality), ("residence", one.residence)):
            if full or value:
                _put(found, name, self._need(value, reference, name.rstrip("1")))
        if full or one.phone:
            self._phones(found, self._need(one.phone, reference, "phone"))
        if one.address.street:
            self._address(etree.SubElement(found, "addresses"), "address", one.address, reference)
        if full or one.occupation:
            _put(found, "occupation", self._need(one.occupation, reference, "occupation"))

    def _company(self, found: Any, reference: str, one: Company) -> None:
        full = one.ours
        _put(found, "name", self._need(one.name, reference, "name"))
        if full or one.trade_name:
            _put(found, "commercial_name", one.trade_name or one.name)
        if full:
            _put(found, "incorporation_legal_form", self._codes["legal_form"])
        if full or one.number:
            _put(found, "incorporation_number", self._need(one.number, reference, "number"))
        if full or one.business:
            _put(found, "business", self._need(one.business, reference, "business"))
        if full or one.phone:
            self._phones(found, self._need(one.phone, reference, "phone"))
        if one.address.street:
            self._address(etree.SubElement(found, "addresses"), "address", one.address, reference)
        if full or one.country:
            _put(found, "incorporation_country_code", self._need(one.country, reference, "country"))
        if full:
            director = etree.SubElement(found, "director_id")
            self._person(director, f"{reference}: director", one.director, full=False)
            _put(director, "role", self._codes["director_role"])
            founded = _moment(one.founded) if one.founded else self._need("", reference, "founded")
            _put(found, "incorporation_date", founded)

    def _reporter(self, root: Any, one: Person) -> None:
        found = etree.SubElement(root, "reporting_person")
        _put(found, "first_name", self._need(one.first_name, "reporter", "first_name"))
        _put(found, "last_name", self._need(one.last_name, "reporter", "last_name"))
        if one.phone:
            self._phones(found, one.phone)

    def _phones(self, found: Any, number: str) -> None:
        phone = etree.SubElement(etree.SubElement(found, "phones"), "phone")
        _put(phone, "tph_contact_type", self._codes["contact"])
        _put(phone, "tph_communication_type", self._codes["communication"])
        _put(phone, "tph_country_prefix", self._codes["phone_prefix"])
        _put(phone, "tph_number", number)

    def _address(self, parent: Any, name: str, one: Address, reference: str) -> None:
        found = etree.SubElement(parent, name)
        _put(found, "address_type", self._codes["contact"])
        _put(found, "address", self._need(one.street, reference, "address.street"))
        _put(found, "city", self._need(one.city, reference, "address.city"))
        if one.zip:
            _put(found, "zip", one.zip)
        _put(found, "country_code", self._need(one.country, reference, "address.country"))

    def _need(self, value: str, reference: str, field: str) -> str:
        if not value:
            self.missing.append(f"{reference}: {field}")
        return value


def _code(content: Content) -> str:
    """Which code the kind of report has."""
    if content.lines:
        cash = all(line.rule == Rule.CASH for line in content.lines)
        return "report_large_cash" if cash else "report_large"
    return "report_suspicious" if content.movements else "report_activity"


def _country(party: Person | Company | Account) -> str:
    return (party.residence or party.address.country) if isinstance(party, Person) else party.country


def _moment(day: date) -> str:
    return f"{day.isoformat()}T00:00:00"


def _put(parent: Any, name: str, value: object) -> None:
    etree.SubElement(parent, name).text = shown(value)
