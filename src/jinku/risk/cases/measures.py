"""A measure against a customer as a value: what follows from its acts.

Rules (K8):

1. proposed → in force, by another person; or refused. A name on a list is stopped at once: in force from the first
   act, and confirmed, or taken back, by another person.
2. In force it ends by its last day, or is lifted by two persons. An objection is answered, by another person than the
   measure's two; the answer can keep, change nothing but the limits, or lift.

Example::

    measure = replay_measure(book.history("measure", "000001"))
    measure.state, measure.limits, measure.objections
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum
from types import MappingProxyType
from typing import Any

from jinku.risk.acts.model import Act, Standing
from jinku.risk.cases.ladder import Limits, Rung


class Stage(StrEnum):
    """How far a measure is."""

    PROPOSED = "proposed"
    AT_ONCE = "at_once"
    """In force, and not confirmed yet."""
    IN_FORCE = "in_force"
    REFUSED = "refused"
    LIFTED = "lifted"


BINDING = frozenset({Stage.AT_ONCE, Stage.IN_FORCE})


class Verdict(StrEnum):
    """What becomes of an objection."""

    KEEP = "keep"
    CHANGE = "change"
    LIFT = "lift"


@dataclass(frozen=True, slots=True)
class Objection:
    """A customer's objection to a measure."""

    number: int
    received: date
    text: str
    taken_by: str
    answered: date | None = None
    answered_by: str = ""
    verdict: Verdict | None = None
    answer: str = ""


@dataclass(frozen=True, slots=True)
class Measure:
    """One measure with all that was done."""

    key: str
    customer: int
    rung: Rung
    limits: Limits
    basis: str
    reason: str
    milder: str
    """Why a milder rung is not enough."""
    case: str
    maker: str
    proposed_at: int
    until: date | None = None
    """The last day; None until it is lifted."""
    checker: str = ""
    stage: Stage = Stage.PROPOSED
    lift_by: str = ""
    """Who has proposed to lift it; empty while nobody has."""
    lifted_at: int = 0
    objections: tuple[Objection, ...] = ()
    acts: int = 0
    listed: bool = False
    """Taken at once for a name on a list: an asset freeze, which forbids any payment."""

    @property
    def standing(self) -> Standing:
        """What lists need to know."""
        return Standing(self.stage.value, str(self.customer), self.maker)

    def binds(self, day: date) -> bool:
        """Whether it is in force on `day`."""
        return self.stage in BINDING and (self.until is None or day <= self.until)


def replay_measure(acts: Sequence[Act]) -> Measure:
    """The measure that these acts make."""
    first, body = acts[0], acts[0].body
    measure = Measure(
        first.key,
        int(body["customer"]),
        Rung(body["rung"]),
        Limits.read(body["limits"]),
        body["basis"],
        body["text"],
        body["milder"],
        body["case"],
        first.by,
        first.at,
        date.fromisoformat(body["until"]) if body["until"] else None,
        stage=Stage.AT_ONCE if first.what == "at_once" else Stage.PROPOSED,
        acts=1,
        listed=first.what == "at_once",
    )
    for act in acts[1:]:
        measure = replace(_APPLY[act.what](measure, act, act.body), acts=act.number)
    return measure


def fold_measure(acts: Sequence[Act]) -> Standing:
    """Where the acts of a measure put it."""
    return replay_measure(acts).standing


def _approve(measure: Measure, act: Act, _body: Mapping[str, Any]) -> Measure:
    return replace(measure, stage=Stage.IN_FORCE, checker=act.by)


def _refuse(measure: Measure, act: Act, _body: Mapping[str, Any]) -> Measure:
    ended = measure.stage is Stage.AT_ONCE
    return replace(
        measure,
        stage=Stage.LIFTED if ended else Stage.REFUSED,
        checker=act.by,
        lifted_at=act.at if ended else 0,
    )


def _object(measure: Measure, act: Act, body: Mapping[str, Any]) -> Measure:
    one = Objection(len(measure.objections) + 1, date.fromisoformat(body["received"]), body["text"], act.by)
    return replace(measure, objections=(*measure.objections, one))


def _answer(measure: Measure, act: Act, body: Mapping[str, Any]) -> Measure:
    verdict = Verdict(body["verdict"])
    done = tuple(
        replace(
            one,
            answered=date.fromisoformat(body["answered"]),
            answered_by=act.by,
            verdict=verdict,
            answer=body["text"],
        )
        if one.number == body["objection"]
        else one
        for one in measure.objections
    )
    measure = replace(measure, objections=done)
    if verdict is Verdict.CHANGE:
        return replace(measure, limits=Limits.read(body["limits"]))
    if verdict is Verdict.LIFT and measure.stage in BINDING:
        return replace(measure, stage=Stage.LIFTED, lifted_at=act.at, lift_by="")
    return measure


def _propose_lift(measure: Measure, act: Act, _body: Mapping[str, Any]) -> Measure:
    return replace(measure, lift_by=act.by)


def _lift(measure: Measure, act: Act, _body: Mapping[str, Any]) -> Measure:
    return replace(measure, stage=Stage.LIFTED, lifted_at=act.at, lift_by="")


def _keep(measure: Measure, _act: Act, _body: Mapping[str, Any]) -> Measure:
    return replace(measure, lift_by="")


_APPLY: Mapping[str, Callable[[Measure, Act, Mapping[str, Any]], Measure]] = MappingProxyType(
    {
        "approve": _approve,
        "refuse": _refuse,
        "object": _object,
        "answer": _answer,
        "propose_lift": _propose_lift,
        "lift": _lift,
        "keep": _keep,
    }
)
