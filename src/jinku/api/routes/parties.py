"""``/v1/parties``: customers and their standing. What they are called comes in and never goes out.

Rules:

1. No answer and no message repeats a name, an identifier, a phone or a card's number; of a card its last four.
2. What another person has to confirm is a change: asked for by one, confirmed or refused by another.
"""

from typing import Annotated, Any

from fastapi import APIRouter, Path, Query
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from jinku.api.books import PAGE_ROWS_MAX, By, Code, Reason
from jinku.api.cursor import Cursors
from jinku.api.json import Json, read_json
from jinku.api.limits import PAGE_ROWS_DEFAULT
from jinku.api.routing import json_body, post
from jinku.api.services import Services
from jinku.api.wire.custody import Day
from jinku.api.wire.filters import Cursor, Page
from jinku.api.wire.numbers import Digits128, Instant, InstantText, instant_out
from jinku.base.currency import currency, currency_by_number
from jinku.bootstrap.custody import Custody
from jinku.custody.errors import NotKept
from jinku.custody.parties.model import Action, Change, Method, PartyRecord, PartyStatus, Verification
from jinku.custody.parties.people import Person
from jinku.custody.parties.register import PartyRegister
from jinku.custody.parties.requests import IDENTIFIER_KINDS, Application, CardToBind
from jinku.custody.parties.service import Ask, PartyOffice
from jinku.custody.structure.chart import ENTITY_BITS
from jinku.custody.structure.table import Role

NUMBER_MAX = 2**63 - 1
Entity = Annotated[int, Field(ge=1, lt=1 << ENTITY_BITS, strict=True)]
Personal = Annotated[str, Field(max_length=200)]
Reference = Annotated[str, Field(pattern="^[A-Za-z0-9._:/-]{1,64}$")]
Number = Annotated[int, Field(ge=1, le=NUMBER_MAX, strict=True)]
PathNumber = Annotated[int, Path(ge=1, le=NUMBER_MAX, description="The party's number.")]


class PersonIn(BaseModel):
    """Who it is. All of it is personal data: kept apart, encrypted, and never sent back."""

    model_config = ConfigDict(extra="forbid", title="Person")

    name: Annotated[str, Field(min_length=1, max_length=200)]
    latin_name: Personal = ""
    identifier_kind: Annotated[str, Field(pattern=f"^({'|'.join(IDENTIFIER_KINDS)})$")]
    identifier: Annotated[str, Field(min_length=1, max_length=200)]
    phone: Personal = ""
    representative: Personal = ""
    representative_identifier: Personal = ""


class ApplicationIn(BaseModel):
    """Somebody who is to become a party."""

    model_config = ConfigDict(extra="forbid", title="PartyApplication")

    entity: Entity = 1
    application: Reference
    """The applicant's request: asking again with it is harmless."""
    person: PersonIn
    roles: list[Annotated[str, Field(pattern=f"^({'|'.join(Role)})$")]] = Field(min_length=1, max_length=7)
    currencies: list[Code] = Field(min_length=1, max_length=20)
    by: By


class CardIn(BaseModel):
    """A card or bank account of a party, with the evidence that it is the party's."""

    model_config = ConfigDict(extra="forbid", title="CardBinding")

    entity: Entity = 1
    party: Number
    card: Annotated[str, Field(min_length=8, max_length=60)]
    bank: Reference
    method: Annotated[str, Field(pattern=f"^({'|'.join(Method)})$")]
    reference: Reference
    """The verifier's number."""
    verified_at: Instant
    by: By


class ChangeIn(BaseModel):
    """Something that another person has to confirm."""

    model_config = ConfigDict(extra="forbid", title="PartyChange")

    entity: Entity = 1
    party: Number
    action: Annotated[str, Field(pattern=f"^({'|'.join(Action)})$")]
    subject: int = Field(0, ge=0, le=NUMBER_MAX, strict=True)
    """The legal hold that is to be lifted (`lift_hold`)."""
    reason: Reason
    authority: Annotated[str, Field(min_length=1, max_length=200)]
    """By whose order, or under which document."""
    by: By


class DecisionIn(BaseModel):
    """A change is confirmed."""

    model_config = ConfigDict(extra="forbid", title="PartyDecision")

    entity: Entity = 1
    change: Number
    by: By


class RefusalIn(DecisionIn):
    """A change is refused."""

    model_config = ConfigDict(extra="forbid", title="PartyRefusal")

    reason: Reason


class PartiesIn(BaseModel):
    """Which parties."""

    model_config = ConfigDict(extra="forbid", title="PartyList")

    entity: int = Field(1, ge=1, lt=1 << ENTITY_BITS)
    status: Annotated[str, Field(pattern=f"^({'|'.join(PartyStatus)})?$")] = ""
    limit: int = Field(PAGE_ROWS_DEFAULT, ge=1, le=PAGE_ROWS_MAX)
    cursor: Cursor = ""


class EntityIn(BaseModel):
    """Whose party."""

    model_config = ConfigDict(extra="forbid", title="EntityQuery")

    entity: int = Field(1, ge=1, lt=1 << ENTITY_BITS)


class PartyCardOut(BaseModel):
    """A bound card: its last four and its bank; its number is nowhere."""

    last_four: str
    bank: str
    token: str


class PartyOut(BaseModel):
    """A party's standing; nothing personal."""

    number: int
    entity: int
    form: str
    status: str
    roles: list[str]
    currencies: list[str]
    accounts: list[Digits128]
    card: PartyCardOut | None
    closed_on: Day | None
    kept_until: Day | None
    erased: bool


class ChangeOut(BaseModel):
    """What was asked for about a party, by whom, and what became of it."""

    change: int
    party: int
    action: str
    state: str
    reason: str
    authority: str
    made_by: str
    made_at: InstantText
    decided_by: str | None
    decided_at: InstantText | None


class PartyEventOut(BaseModel):
    """One line of a party's history."""

    at: InstantText
    by: str
    what: str
    detail: dict[str, str]
    sealed_entry: int


class AppliedOut(PartyOut):
    """A party, and the change by which its accounts are opened, once another person confirms it."""

    change: int | None


class WholePartyOut(PartyOut):
    """A party with its changes and its history, compared with what the log sealed."""

    changes: list[ChangeOut]
    history: list[PartyEventOut]


class PartyPage(Page):
    """One page of parties, by number."""

    parties: list[PartyOut]


_APPLICATION, _CARD, _CHANGE = TypeAdapter(ApplicationIn), TypeAdapter(CardIn), TypeAdapter(ChangeIn)
_DECISION, _REFUSAL = TypeAdapter(DecisionIn), TypeAdapter(RefusalIn)


class _Desk:
    """Blocking work on parties, for a thread."""

    def __init__(self, custody: Custody) -> None:
        self._custody = custody
        self._register = PartyRegister(custody.house.control)
        self._known: set[int] = set()

    def office(self, entity: int, *, new: bool = False) -> PartyOffice:
        """The office of a legal entity that has parties, or gets its first. Raises NotKept."""
        if not new and entity not in self._known:
            with self._register.reading() as connection:
                if not self._register.parties(connection, entity, None, 0, 1):
                    raise NotKept(f"legal entity {entity} has no parties", remedy="register one first")
            self._known.add(entity)
        return self._custody.parties(entity)

    def apply(self, asked: ApplicationIn) -> dict[str, Any]:
        currencies = tuple(currency(one).number for one in asked.currencies)
        person = Person(card="", **asked.person.model_dump())
        application = Application(
            asked.application, person, tuple(Role(one) for one in asked.roles), currencies
        )
        office = self.office(asked.entity, new=True)
        record = office.apply(application, asked.by)
        waiting = [one for one in office.changes(record.number) if one.action is Action.OPEN]
        if record.status is PartyStatus.APPLIED and not waiting:
            ask = Ask("applied", application.id)
            waiting = [office.propose(record.number, Action.OPEN, ask, asked.by)]
        found = party_out(office, office.party(record.number))
        return {**found, "change": waiting[-1].id if waiting else None}

    def bind(self, asked: CardIn) -> dict[str, Any]:
        office = self.office(asked.entity)
        verified = Verification(Method(asked.method), asked.reference, asked.verified_at)
        office.bind(asked.party, CardToBind(asked.card, asked.bank, verified), asked.by)
        return party_out(office, office.party(asked.party))

    def propose(self, asked: ChangeIn) -> Change:
        ask = Ask(asked.reason, asked.authority, asked.subject)
        return self.office(asked.entity).propose(asked.party, Action(asked.action), ask, asked.by)

    def whole(self, number: int, entity: int) -> dict[str, Any]:
        office = self.office(entity)
        return {
            **party_out(office, office.party(number)),
            "changes": [change_out(one) for one in office.changes(number)],
            "history": [
                {
                    "at": instant_out(one.at),
                    "by": one.by,
                    "what": one.what,
                    "detail": dict(one.detail),
                    "sealed_entry": one.entry,
                }
                for one in office.history(number)
            ],
        }


def parties_router(services: Services) -> APIRouter:
    """The routes of this module."""
    router, desk = APIRouter(prefix="/v1/parties", tags=["custody"]), _Desk(services.custody)
    _becoming(router, desk)
    _changing(router, desk)
    cursors = Cursors(services.token.cursor_key)

    @router.get("", operation_id="list_parties", response_model=None, responses={200: {"model": PartyPage}})
    def list_parties(wanted: Annotated[PartiesIn, Query()]) -> Response:
        """Parties by number, or those in one state; nothing personal."""
        scope = f"parties?{wanted.entity} {wanted.status}"
        after = cursors.read(scope, wanted.cursor) if wanted.cursor else 0
        office = desk.office(wanted.entity)
        status = PartyStatus(wanted.status) if wanted.status else None
        found = office.parties(status, after, wanted.limit)
        more = len(found) == wanted.limit
        return Json(
            {
                "parties": [party_out(office, one) for one in found],
                "next_cursor": cursors.make(scope, found[-1].number) if more else None,
            }
        )

    @router.get(
        "/{number}", operation_id="get_party", response_model=None, responses={200: {"model": WholePartyOut}}
    )
    def get_party(number: PathNumber, wanted: Annotated[EntityIn, Query()]) -> Response:
        """A party's standing, card, changes and history, compared with what the log sealed; nothing personal."""
        return Json(desk.whole(number, wanted.entity))

    return router


def _becoming(router: APIRouter, desk: _Desk) -> None:
    @post(router, "", json_body(ApplicationIn), {200: ("Registered", AppliedOut)})
    async def apply_party(request: Request) -> Response:
        """Register an applicant and ask for its accounts; another person confirms. The same again: the same party."""
        asked = await read_json(request, _APPLICATION, personal=True)
        return Json(await run_in_threadpool(desk.apply, asked))

    @post(router, "/cards", json_body(CardIn), {200: ("Bound", PartyOut)})
    async def bind_card(request: Request) -> Response:
        """Bind a verified card to an open party that has none. Binding the same again changes nothing."""
        asked = await read_json(request, _CARD, personal=True)
        return Json(await run_in_threadpool(desk.bind, asked))


def _changing(router: APIRouter, desk: _Desk) -> None:
    @post(router, "/changes", json_body(ChangeIn), {200: ("Asked for", ChangeOut)})
    async def propose_change(request: Request) -> Response:
        """Ask for a party to be opened, frozen, unfrozen, closed or erased; another person confirms."""
        asked = await read_json(request, _CHANGE)
        return Json(change_out(await run_in_threadpool(desk.propose, asked)))

    @post(router, "/changes/confirmations", json_body(DecisionIn), {200: ("Carried out", ChangeOut)})
    async def confirm_change(request: Request) -> Response:
        """Confirm what another person asked for, and carry it out."""
        asked = await read_json(request, _DECISION)
        found = await run_in_threadpool(lambda: desk.office(asked.entity).confirm(asked.change, asked.by))
        return Json(change_out(found))

    @post(router, "/changes/refusals", json_body(RefusalIn), {200: ("Refused", ChangeOut)})
    async def refuse_change(request: Request) -> Response:
        """Refuse what another person asked for."""
        asked = await read_json(request, _REFUSAL)
        found = await run_in_threadpool(
            lambda: desk.office(asked.entity).reject(asked.change, asked.by, asked.reason)
        )
        return Json(change_out(found))


def party_out(office: PartyOffice, record: PartyRecord) -> dict[str, Any]:
    """A party as JSON values; nothing personal."""
    card, until = office.bound_card(record.number), office.kept_until(record)
    return {
        "number": record.number,
        "entity": record.entity,
        "form": record.form.value,
        "status": record.status.value,
        "roles": list(record.roles),
        "currencies": [currency_by_number(one).code for one in record.currencies],
        "accounts": [str(one) for one in office.accounts(record.number)],
        "card": {"last_four": card.last_four, "bank": card.bank, "token": card.token} if card else None,
        "closed_on": record.closed_on.isoformat() if record.closed_on else None,
        "kept_until": until.isoformat() if until else None,
        "erased": record.erased,
    }


def change_out(change: Change) -> dict[str, Any]:
    """A change as JSON values."""
    return {
        "change": change.id,
        "party": change.party,
        "action": change.action.value,
        "state": change.state.value,
        "reason": change.reason,
        "authority": change.authority,
        "made_by": change.made_by,
        "made_at": instant_out(change.made_at),
        "decided_by": change.decided_by or None,
        "decided_at": instant_out(change.decided_at),
    }
