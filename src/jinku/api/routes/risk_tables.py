"""``/v1/risk/screening``, ``rules``, ``indicators``, ``duties``: what the desk goes by, and names against lists."""

from typing import TYPE_CHECKING, Annotated, Any

from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from jinku.api.books import Day
from jinku.api.json import Json, read_json
from jinku.api.risk_desk import AskedBy, DoneBy, RiskPart, listed
from jinku.api.routing import json_body, post
from jinku.api.services import Services
from jinku.api.wire.numbers import InstantText, instant_out

if TYPE_CHECKING:
    from jinku.risk.screening.model import Hit

NAME_CHARACTERS_MAX = 300
FACTS_MAX = 20
Fact = Annotated[str, Field(min_length=1, max_length=60)]


class NameIn(DoneBy):
    """A name to be held against the lists in force, with what else is known."""

    model_config = ConfigDict(
        extra="forbid",
        title="ScreeningRequest",
        json_schema_extra={"examples": [{"name": "Zhang Wei", "kind": "person", "by": "aml-1"}]},
    )

    name: Annotated[str, Field(min_length=1, max_length=NAME_CHARACTERS_MAX)]
    kind: Annotated[str, Field(pattern="^(person|organization|vessel|aircraft|unknown)$")] = "unknown"
    birth_date: Annotated[str, Field(pattern="^([0-9]{4}(-[0-9]{2}(-[0-9]{2})?)?)?$")] = ""
    """``YYYY``, ``YYYY-MM`` or ``YYYY-MM-DD``; what is no date says nothing."""
    countries: list[Fact] = Field([], max_length=FACTS_MAX)
    identifiers: list[Fact] = Field([], max_length=FACTS_MAX)


class HitOut(BaseModel):
    """An entry that the name may be of; the score is text of four decimals, from 0 to 1."""

    entry: str
    kind: str
    name: str
    program: str
    score: str
    match: bool
    reasons: list[str]


class HitsOut(BaseModel):
    """Hits, the best first, and of which versions."""

    versions: str
    hits: list[HitOut]


class ListOut(BaseModel):
    """A version of a list."""

    model_config = ConfigDict(extra="allow", title="ScreeningList")

    list: str
    version: int
    entries: int
    state: str
    loaded_at: InstantText
    effective_from: InstantText


class ListsOut(BaseModel):
    """The lists in force."""

    lists: list[ListOut]


class RulesOut(BaseModel):
    """The rules that decide now, every version, and what was put into force when and by whom."""

    digest: str
    rules: list[dict[str, Any]]
    versions: list[dict[str, Any]]
    publications: list[dict[str, Any]]


class IndicatorsOut(BaseModel):
    """Key risk indicators with their latest values."""

    indicators: list[dict[str, Any]]


class DutiesIn(AskedBy):
    """As of which day."""

    model_config = ConfigDict(extra="forbid", title="DutyList")

    day: Day | None = None
    """Today where left out."""


class DutiesOut(BaseModel):
    """What is to be done, overdue first."""

    duties: list[dict[str, Any]]


_NAME = TypeAdapter(NameIn)


def risk_tables_router(services: Services) -> APIRouter:
    """The routes of this module."""
    router, part = APIRouter(prefix="/v1/risk", tags=["risk"]), RiskPart(services)
    _screening(router, part)
    _standing(router, part)
    return router


def _screening(router: APIRouter, part: RiskPart) -> None:
    def search(asked: NameIn) -> dict[str, Any]:
        running = part.for_readers(asked.by).running()
        from jinku.risk.screening.facts import sound_birth  # loaded with the room
        from jinku.risk.screening.formats.reading import country, identifier
        from jinku.risk.screening.model import Facts, Subject
        from jinku.risk.screening.names import Kind

        births = (asked.birth_date,) if asked.birth_date and sound_birth(asked.birth_date) else ()
        numbers = tuple(identifier(one) for one in asked.identifiers)
        facts = Facts(births, tuple(country(one) for one in asked.countries), "", numbers)
        found = running.index.search(Subject("asked", (asked.name,), Kind(asked.kind), facts))
        return {"versions": running.key, "hits": [_hit_out(one) for one in found]}

    @post(router, "/screening/names", json_body(NameIn), {200: ("The hits", HitsOut)})
    async def screen_name(request: Request) -> Response:
        """A name against the lists in force, each hit with every reason of its score. Keeps nothing."""
        return Json(await run_in_threadpool(search, await read_json(request, _NAME, personal=True)))

    @router.get(
        "/screening/lists",
        operation_id="list_screening_lists",
        response_model=None,
        responses={200: {"model": ListsOut}},
    )
    def list_screening_lists(wanted: Annotated[AskedBy, Query()]) -> Response:
        """The lists in force, by version."""
        return listed("lists", [_list_out(one) for one in part.for_readers(wanted.by).lists.in_force()])


def _standing(router: APIRouter, part: RiskPart) -> None:
    @router.get(
        "/rules", operation_id="list_rules", response_model=None, responses={200: {"model": RulesOut}}
    )
    def list_rules(wanted: Annotated[AskedBy, Query()]) -> Response:
        """The rules that decide now, and every version with its state."""
        room = part.for_readers(wanted.by)
        from jinku.risk.rules.publishing import describe  # loaded with the room

        engines, desk = room.risk.office.desk.engines, room.rules()
        rules = [
            {
                "name": one.name,
                "action": one.action.name.lower(),
                "points": one.points,
                "reason": one.reason,
                "shadow": one.shadow,
            }
            for one in engines.lines.lines
        ]
        versions = [describe(*one) for one in desk.versions()]
        acts = [one.document() for one in desk.publications()]
        return listed("rules", rules, digest=engines.versions.rules, versions=versions, publications=acts)

    @router.get(
        "/indicators",
        operation_id="list_indicators",
        response_model=None,
        responses={200: {"model": IndicatorsOut}},
    )
    def list_indicators(wanted: Annotated[AskedBy, Query()]) -> Response:
        """Key risk indicators with their latest value and colour."""
        found = part.for_readers(wanted.by).indicators().readings()
        rows = [
            {
                "name": one.indicator.name,
                "meaning": {"en": one.indicator.english, "zh": one.indicator.chinese},
                "unit": one.indicator.unit,
                "value": None if one.value is None else str(one.value),
                "colour": None if one.colour is None else one.colour.name.lower(),
                "worse": one.worse,
                "stale": one.stale,
                "at": instant_out(one.at),
            }
            for one in found
        ]
        return listed("indicators", rows)

    @router.get(
        "/duties", operation_id="list_duties", response_model=None, responses={200: {"model": DutiesOut}}
    )
    def list_duties(wanted: Annotated[DutiesIn, Query()]) -> Response:
        """The legal calendar: what is to be done, overdue first."""
        rows = [
            {
                "name": one.row.name,
                "meaning": {"en": one.row.english, "zh": one.row.chinese},
                "reference": one.reference,
                "started": one.started.isoformat(),
                "due": one.due.isoformat(),
                "provisional": one.provisional,
                "urgency": one.urgency.value,
                "source": one.row.source,
            }
            for one in part.for_readers(wanted.by).duties().agenda(wanted.day)
        ]
        return listed("duties", rows)


def _list_out(one: Any) -> dict[str, Any]:
    moments = {"loaded_at": instant_out(one.loaded_at), "effective_from": instant_out(one.effective_from)}
    return {**one.document(), **moments}


def _hit_out(one: "Hit") -> dict[str, Any]:
    return {
        "entry": one.entry.key,
        "kind": one.entry.kind.value,
        "name": one.name,
        "program": one.entry.program,
        "score": f"{one.score:.4f}",
        "match": one.matched,
        "reasons": [part.text for part in one.parts],
    }
