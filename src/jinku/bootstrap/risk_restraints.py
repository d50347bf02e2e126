"""What measures against customers demand of movements: from the measures in force, and what went through before.

Rules:

1. A hold holds, a refusal or an end denies, each movement that the customer is payer, payee or customer of.
2. A closed method, a limit of amount and one of frequency deny a movement of the customer's own: where it is payer, or
   the customer of one without a payer. Limits count what went through or waits, all kinds together, and no longer what
   was refused (`jinku.bootstrap.risk_limits`).
3. A method is told by the movement's kind: its own name, or as `METHOD_KINDS` has it. What the ledger's code alone
   tells ("code-7") is of no method.
4. What went through before is read from the journal of decisions once, when a limit comes into force.
5. Whoever is refused gets the own money back where `Restrictions.own_money` allows it: a withdrawal, as custody orders
   it, to the card that was bound and verified. Nobody whom a list names, and no other movement.

Example::

    restraints = Restraints(desk.restrictions(today), by_party=False)
    restraints.read(journal, 0, journal.sealed)
    restraints.demanded(events)  # 0, Action.HOLD or Action.DENY of each
"""

import json
from collections.abc import Callable, Sequence
from types import MappingProxyType

import numpy as np

from jinku.bootstrap.risk_keys import KeyTable, Numbers
from jinku.bootstrap.risk_limits import Limits
from jinku.risk.cases.ladder import METHODS, Rung
from jinku.risk.cases.restrictions import Restrictions
from jinku.risk.decision.journal import Journal
from jinku.risk.decision.model import Action, Bits, Decided
from jinku.risk.decision.office import refused_by
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
OWN_MONEY_KIND = "withdrawal"
"""The order that pays a customer's own money out, to the card that the customer bound and nowhere else."""
_BITS = {name: 1 << number for number, name in enumerate(METHODS)}


class Restraints:
    """See the module's rules. For one thread at a time."""

    def __init__(
        self,
        restrictions: Restrictions,
        *,
        by_party: bool,
        own_account: Callable[[int], bool] = lambda _: False,
    ) -> None:
        """`own_account` says of a customer whether an own account was verified, to which withdrawals go."""
        self.restrictions, self._own_account = restrictions, own_account
        self._leaving = KeyTable(dict.fromkeys(restrictions.own_money, 1), by_party=by_party)
        self._customers = {at: one for one, at in restrictions.places.items()}
        self._places = KeyTable(restrictions.places, by_party=by_party)
        self._limits = Limits(restrictions)
        self.reach = self._limits.reach
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
        demanded[self._going_home(events, own, demanded)] = 0
        self._methods_closed(events, own, demanded)
        demanded[self._limits.beyond(events, own)] = Action.DENY
        return demanded

    def noted(self, events: EventBatch, decided: Decided) -> None:
        """Hear what was decided about these events: what went through or waits counts for limits."""
        if self.reach:
            self._limits.note(events, self._own(events), decided.outcomes)

    def refused(self, transfers: Sequence[int]) -> None:
        """Hear that what waited under these ids moves no more."""
        self._limits.give_back(transfers)

    def read(self, journal: Journal, first: int, last: int) -> None:
        """Count what the journal's records from `first` up to `last` let through (rule 4). Raises JournalAltered."""
        for number in range(first, last if self.reach else first):
            kind = int(journal.place(number)["kind"])
            if kind == RecordKind.DECISIONS:
                kept = decode(journal.read(number))
                self._limits.note(kept.asked.events, self._own(kept.asked.events), kept.decided.outcomes)
            elif kind == RecordKind.ACT:
                self.refused(refused_by(json.loads(journal.read(number))))

    def _going_home(self, events: EventBatch, own: Numbers, demanded: Bits) -> Numbers:
        """The places of refused customers' withdrawals to their own verified accounts (rule 5)."""
        if not self.restrictions.own_money or not demanded.any():
            return np.zeros(0, np.int64)
        kind, payer = events.column("kind"), events.column("payer")
        plain = ~events.column("payee").valid & ~events.column("counterparty").valid & payer.valid
        asked = (demanded == Action.DENY) & plain & (self._leaving.of(payer) > 0)
        asked &= ~(events.column("listed").valid & (events.column("listed").values != 0))
        places = np.flatnonzero(asked)
        known = {row: self._own_account(self._customers[row]) for row in set(own[places].tolist()) if row}
        words = [kind[place : place + 1].to_list()[0] for place in places.tolist()]
        going = [
            place
            for place, word in zip(places.tolist(), words, strict=True)
            if word == OWN_MONEY_KIND and known.get(int(own[place]), False)
        ]
        return np.array(going, np.int64)

    def _own(self, events: EventBatch) -> Numbers:
        """The row of whoever's own movement each is (rule 2)."""
        payer, customer = events.column("payer"), events.column("customer")
        whose = Column(np.where(payer.valid, payer.values, customer.values), payer.valid | customer.valid)
        return self._places.of(whose)

    def _methods_closed(self, events: EventBatch, own: Numbers, demanded: Bits) -> None:
        closed = self._methods[own]
        places = np.flatnonzero(closed)
        if not len(places):
            return
        kind = events.column("kind")
        bits = [_BITS.get(METHOD_KINDS.get(word, word), 0) for word in (*kind.words, "")]
        codes = np.where(kind.valid, kind.values, len(kind.words))[places]
        met = places[(np.array(bits, np.int64)[codes] & closed[places].astype(np.int64)) != 0]
        demanded[met] = Action.DENY
