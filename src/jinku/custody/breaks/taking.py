"""What the breaks of one close mean for the cases that are known: new, seen again, matched, or open again."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, NamedTuple

from jinku.custody.breaks.model import ENDED, Act, Case, Event, State, applied, replay
from jinku.custody.breaks.table import Cause
from jinku.custody.reconciliation.breaks import Break

DESK = "jinku"
"""Who the desk itself is in a history."""


class Books(NamedTuple):
    """One legal entity's books in one currency (ISO 4217 number)."""

    entity: int
    currency: int


@dataclass(frozen=True, slots=True)
class Taken:
    """Ids of the breaks that a close brought something about."""

    new: tuple[int, ...]
    again: tuple[int, ...]
    matched: tuple[int, ...]
    reopened: tuple[int, ...]


def changes_of(
    books: Books, day: date, breaks: Sequence[Break], known: Mapping[int, Case], now: int
) -> tuple[Taken, list[tuple[Case, list[Event]]]]:
    """What the close of `day` changes; `known` has the living cases of the books and those that the breaks name."""
    new, again, matched, reopened = [], [], [], []
    changed: list[tuple[Case, list[Event]]] = []
    named = set[int]()
    for one in breaks:
        number = one.break_id
        if number in named:
            continue
        named.add(number)
        case = known.get(number)
        if case is None:
            event = Event.after("", (number, 1), now, DESK, (Act.FOUND, _found(books, day, one)))
            changed.append((replay([event]), [event]))
            new.append(number)
            continue
        step = _Step(case, now)
        seen = _seen(day, one)
        if case.state in ENDED and day > (case.ended or day):
            step.add(Act.REOPEN, {"text": "found again"})
            reopened.append(number)
        elif case.state is State.PROPOSED and int(seen["effect"]) != case.effect:
            step.add(Act.REJECT, {"text": "its effect has changed"})
        if step.events or (case.state not in ENDED and seen != _last(case)):
            step.add(Act.SEEN, seen)
            again.append(number)
        if step.events:
            changed.append((step.case, step.events))
    for number, case in known.items():
        if number in named or case.state in ENDED or case.state is State.BOOKING or case.last_seen > day:
            continue
        if (case.entity, case.currency) != books:
            continue
        step = _Step(case, now)
        text = "a later reconciliation does not find it any more"
        step.add(Act.MATCHED, {"cause": Cause.MATCHED_LATER.value, "text": text, "day": day.isoformat()})
        changed.append((step.case, step.events))
        matched.append(number)
    return Taken(tuple(new), tuple(again), tuple(matched), tuple(reopened)), changed


class _Step:
    """A case on its way through several events."""

    def __init__(self, case: Case, now: int) -> None:
        self.case, self._now = case, now
        self.events: list[Event] = []

    def add(self, act: Act, body: Mapping[str, Any]) -> None:
        about = (self.case.id, self.case.events + 1)
        event = Event.after(self.case.head, about, self._now, DESK, (act, body))
        self.case = applied(self.case, event)
        self.events.append(event)


def _seen(day: date, one: Break) -> dict[str, Any]:
    return {
        "seen": day.isoformat(),
        "class": one.kind.value,
        "amount": str(one.amount),
        "effect": str(one.effect),
        "transfers": [str(number) for number in one.transfer_ids],
        "bank": list(one.bank_ids) or [str(number) for number in one.bank_lines],
        "platform": list(one.platform_ids),
        "evidence": list(one.evidence),
    }


def _found(books: Books, day: date, one: Break) -> dict[str, Any]:
    return {
        **_seen(day, one),
        "entity": books.entity,
        "currency": books.currency,
        "account": one.account,
        "reference": one.reference,
        "day": one.day.isoformat(),
    }


def _last(case: Case) -> dict[str, Any]:
    """What the newest finding said, as `_seen` says it."""
    return {
        "seen": case.last_seen.isoformat(),
        "class": case.kind,
        "amount": str(case.amount),
        "effect": str(case.effect),
        "transfers": [str(number) for number in case.transfer_ids],
        "bank": list(case.bank_ids),
        "platform": list(case.platform_ids),
        "evidence": list(case.evidence),
    }
