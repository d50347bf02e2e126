"""What the office of parties is asked: applications and cards, checked as far as can be without asking anybody."""

import re
from dataclasses import asdict, dataclass

from jinku.base.canonical import canonical_json
from jinku.base.persons import PERSON
from jinku.custody.parties.errors import BadParty
from jinku.custody.parties.identity import plain
from jinku.custody.parties.model import PartyForm, Verification
from jinku.custody.parties.people import Person
from jinku.custody.structure.table import Role

REASON_CHARACTERS_MAX = 500
AUTHORITY_CHARACTERS_MAX = 200
PERSONAL_CHARACTERS_MAX = 200
CARD_CHARACTERS = (8, 34)
"""Shortest and longest number of a card or bank account (a mainland card has 16 to 19 digits, an IBAN up to 34)."""
LAST_SHOWN = 4
IDENTIFIER_KINDS = {
    "resident_id": PartyForm.PERSON,
    "passport": PartyForm.PERSON,
    "tax_id": PartyForm.PERSON,
    "credit_code": PartyForm.ENTERPRISE,
    "company_number": PartyForm.ENTERPRISE,
    "employer_id": PartyForm.ENTERPRISE,
}
"""What an identifier is, and whose: resident id (GB 11643), unified social credit code (GB 32100), and others'."""

_REFERENCE = re.compile(r"[A-Za-z0-9._:/-]{1,64}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Application:
    """Somebody who is to become a party: `id` is the applicant's request, so that asking again is harmless."""

    id: str
    person: Person
    roles: tuple[Role, ...]
    currencies: tuple[int, ...]
    """ISO 4217 numbers of the books in which accounts are opened."""

    @property
    def form(self) -> PartyForm:
        """Whether it is a person or an enterprise. Raises BadParty for an unknown kind of identifier."""
        try:
            return IDENTIFIER_KINDS[self.person.identifier_kind]
        except KeyError:
            raise BadParty(
                "no kind of identifier", field="identifier_kind", remedy="use " + ", ".join(IDENTIFIER_KINDS)
            ) from None

    def canonical(self) -> bytes:
        """The whole application as bytes: personal, to be hashed with a key only."""
        fields = {"roles": sorted(self.roles), "currencies": sorted(self.currencies), **asdict(self.person)}
        return canonical_json(fields)


@dataclass(frozen=True, slots=True)
class CardToBind:
    """A card or bank account of a party, with the evidence that it is the party's."""

    card: str
    bank: str
    """Which bank, as a code or name without blanks."""
    verification: Verification

    def __repr__(self) -> str:
        return "CardToBind(…)"


def check_application(application: Application) -> None:
    """Raises BadParty for what is missing or too much; never with a personal value."""
    if not _REFERENCE.fullmatch(application.id):
        raise BadParty("not a request id", field="application", remedy="use 1 to 64 of A-Z a-z 0-9 . _ : / -")
    if not application.roles or len(set(application.roles)) != len(application.roles):
        raise BadParty("names no role, or one twice", field="roles", remedy="name each role once")
    if not application.currencies or len(set(application.currencies)) != len(application.currencies):
        raise BadParty(
            "names no currency, or one twice", field="currencies", remedy="name each currency once"
        )
    person = application.person
    enterprise = application.form is PartyForm.ENTERPRISE
    for field, value in asdict(person).items():
        if len(value) > PERSONAL_CHARACTERS_MAX or not (value == "" or value.isprintable()):
            raise BadParty(
                f"is longer than {PERSONAL_CHARACTERS_MAX} characters, or not printable", field=field
            )
    if not person.name.strip() or not plain(person.identifier):
        raise BadParty("has no name or no identifier", field="person", remedy="give both")
    if enterprise and not person.representative.strip():
        raise BadParty(
            "an enterprise has a legal representative", field="representative", remedy="name the person"
        )
    if not enterprise and (person.representative or person.representative_identifier):
        raise BadParty("a person has no legal representative", field="representative", remedy="leave it out")
    if person.card:
        raise BadParty("a card is bound after opening", field="card", remedy="leave it out, and bind it")


def checked_card(wanted: CardToBind) -> str:
    """The card's number in plain form. Raises BadParty; never with the number."""
    number = plain(wanted.card)
    shortest, longest = CARD_CHARACTERS
    if not shortest <= len(number) <= longest or not number.isascii():
        raise BadParty(f"is not a number of {shortest} to {longest} letters and digits", field="card")
    if not _REFERENCE.fullmatch(wanted.bank):
        raise BadParty("not a bank's code", field="bank", value=wanted.bank[:64])
    if not _REFERENCE.fullmatch(wanted.verification.reference) or wanted.verification.at <= 0:
        raise BadParty(
            "a card is bound on evidence only",
            field="verification",
            remedy="give the verifier's number and the time",
        )
    return number


def check_operator(person: str) -> None:
    """Raises BadParty unless `person` is an operator's id."""
    if not PERSON.fullmatch(person):
        raise BadParty("not an operator's id", field="by", remedy="use 1 to 64 of A-Z a-z 0-9 . _ -")


def check_reason(reason: str, authority: str = "-") -> None:
    """Raises BadParty unless there is a reason and, where it is asked for, an authority."""
    if not 0 < len(reason.strip()) <= REASON_CHARACTERS_MAX or not reason.isprintable():
        raise BadParty(f"say why in 1 to {REASON_CHARACTERS_MAX} characters", field="reason")
    if not 0 < len(authority.strip()) <= AUTHORITY_CHARACTERS_MAX or not authority.isprintable():
        raise BadParty(f"say by whose order in 1 to {AUTHORITY_CHARACTERS_MAX} characters", field="authority")
