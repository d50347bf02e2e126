"""What measures against customers demand of movements: from the measures in force, and what went through before.

Rules:

1. A hold holds, a refusal or an end denies, each movement that the customer is payer, payee or customer of.
2. A closed method, a limit of amount and one of frequency deny a movement of the customer's own: where it is payer, or
   the customer of one without a payer. A limit counts what went through or waits within its days, sliding, this
   movement with it, all kinds together; what was refused afterwards counts on.
3. A method is told by the movement's kind: its own name, or as `METHOD_KINDS` has it. What the ledger's code alone
   tells ("code-7") is of no method.
4. What went through before is read from the journal of decisions once, when a limit comes into force.

Example::

    restraints = Restraints(desk.restrictions(today), by_party=False)
    restraints.read(journal, 0, journal.sealed)
    restraints.demanded(events)  # 0, Action.HOLD or Action.DENY of each
"""

from collections import deque
from types import MappingProxyType

import numpy as np

from jinku.base.currency import TABLE
from jinku.bootstrap.risk_keys import KeyTable, Numbers
from jinku.risk.cases.ladder import METHODS, Rung
from jinku.risk.cases.restrictions import Restrictions
from jinku.risk.decision.journal import Journal
from jinku.risk.decision.model import Action, Array, Bits, Decided
from jinku.risk.decision.record import RecordKind, decode
from jinku.risk.events.batch import EventBatch
from jinku.risk.events.columns import Column

METHOD_KINDS = MappingProxyType(
    {
        "withdrawal": "withdrawal",
        "payout": "withdrawal",
        "paid_out": "withdrawal",
        "card_payment": "card",
        "payment": "online",
        "transfer": "transfer",
        "debt_transfer": "transfer",
    }
)
"""Which way of moving money a movement's kind is, beside the methods' own names."""
DAY_US = 86_400_000_000
_CURRENCIES = {unit.number: unit.code for unit in TABLE}
_BITS = {name: 1 << number for number, name in enumerate(METHODS)}
Through = tuple[int, str, int]
"""A movement that went through or waits: time (µs), currency, amount."""


class Restraints:
    """See the module's rules. For one thread at a time."""

    def __init__(self, restrictions: Restrictions, *, by_party: bool) -> None:
        self.restrictions = restrictions
        self._places = KeyTable(restrictions.places, by_party=by_party)
        self._limited = {
            place: [restrictions.limits[at] for at in range(row["first"], row["first"] + row["limits"])]
            for place, row in enumerate(restrictions.rows)
            if row["limits"]
        }
        self._past: dict[int, deque[Through]] = {place: deque() for place in self._limited}
        self.reach = DAY_US * max((int(one["days"]) for one in restrictions.limits), default=0)
        """How far back limits count, in microseconds; 0 where there is none."""
        rungs = restrictions.rows["rung"]
        self._whole = np.select(
            [rungs >= Rung.REFUSE, rungs >= Rung.HOLD], [int(Action.DENY), int(Action.HOLD)], 0
        ).astype(np.uint8)
        self._methods = restrictions.rows["methods"]

    def demanded(self, events: EventBatch) -> Bits:
        """The action that measures demand of each event, 0 for none."""
        demanded = np.zeros(len(events), np.uint8)
        if not self.restrictions.places:
            return demanded
        own = self._own(events)
        for places in (
            own,
            *(self._places.of(events.column(name)) for name in ("payer", "payee", "customer")),
        ):
            np.maximum(demanded, self._whole[places], out=demanded)
        self._methods_closed(events, own, demanded)
        self._over_limits(events, own, demanded)
        return demanded

    def noted(self, events: EventBatch, decided: Decided) -> None:
        """Hear what was decided about these events: what went through or waits counts for limits."""
        if self._limited:
            self._note(events, decided.outcomes)

    def read(self, journal: Journal, first: int, last: int) -> None:
        """Count what the journal's records from `first` up to `last` let through (rule 4). Raises JournalAltered."""
        for number in range(first, last if self._limited else first):
            if int(journal.place(number)["kind"]) == RecordKind.DECISIONS:
                kept = decode(journal.read(number))
                self._note(kept.asked.events, kept.decided.outcomes)

    def _own(self, events: EventBatch) -> Numbers:
        """The row of whoever's own movement each is (rule 2)."""
        payer, customer = events.column("payer"), events.column("customer")
        whose = Column(np.where(payer.valid, payer.values, customer.values), payer.valid | customer.valid)
        return self._places.of(whose)

    def _methods_closed(self, events: EventBatch, own: Numbers, demanded: Bits) -> None:
        closed = self._methods[own]
        for place in np.flatnonzero(closed):
            kind = events.column("kind")[place : place + 1].to_list()[0] or ""
            if _BITS.get(METHOD_KINDS.get(kind, kind), 0) & int(closed[place]):
                demanded[place] = Action.DENY

    def _over_limits(self, events: EventBatch, own: Numbers, demanded: Bits) -> None:
        here: dict[int, list[Through]] = {}
        for place in np.flatnonzero(np.isin(own, list(self._limited))).tolist():
            row, one = int(own[place]), _through(events, place)
            before = here.setdefault(row, [])
            if any(_beyond(limit, (*self._past[row], *before), one) for limit in self._limited[row]):
                demanded[place] = Action.DENY
            else:
                before.append(one)

    def _note(self, events: EventBatch, outcomes: Array) -> None:
        own = self._own(events)
        mine = np.isin(own, list(self._limited)) & (outcomes["action"] < Action.DENY)
        for place in np.flatnonzero(mine).tolist():
            past, one = self._past[int(own[place])], _through(events, place)
            past.append(one)
            while past[0][0] <= one[0] - self.reach:
                past.popleft()


def _through(events: EventBatch, place: int) -> Through:
    currency = events.column("currency")[place : place + 1].to_list()[0] or ""
    return int(events.times[place]), currency, int(events.column("amount").values[place])


def _beyond(limit: np.void, past: tuple[Through, ...], one: Through) -> bool:
    """Whether a movement goes beyond a limit, after those before."""
    since = one[0] - int(limit["days"]) * DAY_US
    if limit["rung"] == Rung.LIMIT_FREQUENCY:
        return sum(at > since for at, _, _ in past) + 1 > int(limit["most"])
    currency = _CURRENCIES.get(int(limit["currency"]), "")
    if one[1] != currency:
        return False
    return sum(amount for at, code, amount in past if at > since and code == currency) + one[2] > int(
        limit["most"]
    )
