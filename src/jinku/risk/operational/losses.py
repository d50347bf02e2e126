"""Operational loss events: what was lost, what came back, and when each became known.

Rules:

1. An event has three days: when it happened, when it was found, when it was accounted for. They are in that order, and
   none lies in the future.
2. Its gross loss may be revised while it is open; every figure that ever stood stays in its history. Recoveries are
   added one by one and never exceed the gross loss. A near miss has a gross loss of zero.
3. It is closed by another person than the one who reported it; a closed event takes a recovery still, nothing else.
4. What happened is told in words that can be erased after their term; facts hold no personal data.

Example::

    desk = LossDesk(book, lambda: day_of(clock()))
    loss = Loss(LossType.EXTERNAL_FRAUD, "payments", 156, occurred, found, 120_000)
    key = desk.report(loss, "card testing", by="ops-1")
    desk.recover(key, 40_000, Recovery.INSURANCE, by="ops-1")
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Any

from jinku.base.persons import same_person
from jinku.risk.acts.book import ActBook, Page
from jinku.risk.acts.model import Act, Standing, words
from jinku.risk.operational.errors import LossRefused
from jinku.risk.operational.table import LossType

LOSS = "loss"
OPEN, CLOSED = "open", "closed"
LINE_CHARACTERS_MAX = 40
AMOUNT_MAX = 10**15


class Recovery(StrEnum):
    """Where money came back from."""

    INSURANCE = "insurance"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Loss:
    """The facts of a loss event; the amount in minor units of `currency` (ISO 4217 number)."""

    kind: LossType
    line: str
    """Line of business, as the institution calls it."""
    currency: int
    occurred: date
    found: date
    gross: int


@dataclass(frozen=True, slots=True)
class LossEvent:
    """A loss event as its history puts it."""

    key: str
    loss: Loss
    """With the gross loss as last revised."""
    accounted: date
    recovered: int
    is_open: bool
    reported_by: str

    @property
    def net(self) -> int:
        """What is lost after recoveries."""
        return self.loss.gross - self.recovered


@dataclass(frozen=True, slots=True)
class LossSum:
    """Losses of one kind over a period, one currency."""

    kind: LossType
    currency: int
    events: int
    near_misses: int
    gross: int
    net: int


class LossDesk:
    """See the module's rules."""

    def __init__(self, book: ActBook, today: Callable[[], date]) -> None:
        self._book, self._today = book, today

    def report(self, loss: Loss, text: str, *, by: str) -> str:
        """Report an event; its number. Raises LossRefused, BadAct."""
        today = self._today()
        if not loss.occurred <= loss.found <= today:
            raise LossRefused(
                f"occurred {loss.occurred}, found {loss.found} and today {today} are not in order"
            )
        if not 0 < len(loss.line) <= LINE_CHARACTERS_MAX:
            raise LossRefused(
                "the line of business is no name", remedy=f"1 to {LINE_CHARACTERS_MAX} characters"
            )
        facts = {
            "kind": loss.kind.value,
            "line": loss.line,
            "currency": loss.currency,
            "occurred": loss.occurred.isoformat(),
            "found": loss.found.isoformat(),
            "accounted": today.isoformat(),
            "gross": str(_amount(loss.gross)),
            "text": words("text", text),
        }
        with self._book.writing() as page:
            key = page.new_key(LOSS)
            page.add((LOSS, key), by, ("report", facts), Standing(OPEN, loss.line, by))
        return key

    def revise(self, key: str, gross: int, text: str, *, by: str) -> None:
        """Another gross loss, and why. Raises LossRefused."""
        with self._book.writing() as page:
            event = self._open(page, key)
            if gross < event.recovered:
                raise LossRefused(f"{event.recovered} of event {key} came back: a loss of {gross} cannot be")
            facts = {"gross": str(_amount(gross)), "text": words("text", text)}
            page.add((LOSS, key), by, ("revise", facts), _standing(event))

    def recover(self, key: str, amount: int, source: Recovery, *, by: str) -> None:
        """Add what came back. Raises LossRefused."""
        with self._book.writing() as page:
            event = self._event(page, key)
            if not 0 < amount <= event.net:
                raise LossRefused(
                    f"{amount} cannot have come back: {event.net} of event {key} are still lost"
                )
            facts = {"amount": str(amount), "source": source.value}
            page.add((LOSS, key), by, ("recover", facts), _standing(event))

    def close(self, key: str, text: str, *, by: str) -> None:
        """Close an event with its cause and what was done, by another person. Raises LossRefused."""
        with self._book.writing() as page:
            event = self._open(page, key)
            if same_person(by, event.reported_by):
                raise LossRefused(f"{by} reported event {key}", remedy="another person closes it")
            facts = {"text": words("text", text)}
            page.add((LOSS, key), by, ("close", facts), Standing(CLOSED, event.loss.line, event.reported_by))

    def event(self, key: str) -> LossEvent:
        """One event. Raises LossRefused."""
        return _read(key, self._book.history(LOSS, key))

    def events(self, states: Sequence[str] = (OPEN, CLOSED)) -> Iterator[LossEvent]:
        """Events in the order of their numbers."""
        for acts in self._book.histories(LOSS, self._book.keys(LOSS, states=states)):
            yield _read(acts[0].key, acts)

    def _open(self, page: Page, key: str) -> LossEvent:
        event = self._event(page, key)
        if not event.is_open:
            raise LossRefused(f"event {key} is closed", remedy="report another one")
        return event

    def _event(self, page: Page, key: str) -> LossEvent:
        return _read(key, page.history(LOSS, key))


def sums(events: Iterable[LossEvent], first: date, last: date) -> list[LossSum]:
    """Events accounted from `first` to `last`, by kind and currency, in the order of the table."""
    groups: dict[tuple[LossType, int], list[LossEvent]] = {}
    for event in events:
        if first <= event.accounted <= last:
            groups.setdefault((event.loss.kind, event.loss.currency), []).append(event)
    order = list(LossType)
    return [
        LossSum(
            kind,
            currency,
            len(group),
            sum(not one.loss.gross for one in group),
            sum(one.loss.gross for one in group),
            sum(one.net for one in group),
        )
        for (kind, currency), group in sorted(
            groups.items(), key=lambda item: (order.index(item[0][0]), item[0][1])
        )
    ]


def fold_loss(acts: Sequence[Act]) -> Standing:
    """Where an event stands by its acts, for the audit."""
    return _standing(_read(acts[0].key, acts))


def _read(key: str, acts: Sequence[Act]) -> LossEvent:
    if not acts:
        raise LossRefused(f"there is no loss event {key}", remedy="see `jinku risk loss list`")
    said: Any = acts[0].body
    gross, recovered = int(said["gross"]), 0
    for act in acts[1:]:
        if act.what == "revise":
            gross = int(act.body["gross"])
        elif act.what == "recover":
            recovered += int(act.body["amount"])
    loss = Loss(
        LossType(said["kind"]),
        said["line"],
        said["currency"],
        date.fromisoformat(said["occurred"]),
        date.fromisoformat(said["found"]),
        gross,
    )
    is_open = all(act.what != "close" for act in acts)
    return LossEvent(key, loss, date.fromisoformat(said["accounted"]), recovered, is_open, acts[0].by)


def _standing(event: LossEvent) -> Standing:
    return Standing(OPEN if event.is_open else CLOSED, event.loss.line, event.reported_by)


def _amount(value: int) -> int:
    if not 0 <= value <= AMOUNT_MAX:
        raise LossRefused(f"{value} is no loss", remedy=f"minor units from 0 to {AMOUNT_MAX}")
    return value


__all__ = ["Loss", "LossDesk", "LossEvent", "LossSum", "Recovery", "fold_loss", "sums"]
