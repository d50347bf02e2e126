"""The passages beside the gate: which rooms of custody book under a decision made elsewhere, and what moves no money.

Rules:

1. A passage is handed to one room by whoever composes the house, as the ledger of that room; nobody else has it. It
   lets through only what it is for, and reads each row to know: what it does not know is refused, and nothing moves.
2. `OrdersPassage`: orders are decided as orders (`jinku.bootstrap.risk_orders`). A row passes where the journal has the
   decision of its order, and that is no denial; the later steps of an order have its decision.
3. `PartiesPassage`: closing and opening accounts moves no money. What the bank did already for a frozen party (money
   that came, a payout that it made) is a fact; it is booked on an account that stays closed, and decided after.
4. Units of authority (mandates, claims) are no money: they lie in ledgers of their own, which nothing can mix with it.
5. What passes by rule 3 or 4 is journalled with the reason's code and the ids, and sealed, before it is sent. What
   passes by rule 2 has its record already.

Example::

    ledger = raw.through(OrdersPassage(raw, office).submit)
    PartyOffice(raw.through(PartiesPassage(raw, office).submit), …)
"""

from enum import StrEnum
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from jinku.base.clock import Clock, to_rfc3339
from jinku.bootstrap.deciding_chains import RESOLVES, numbers_of
from jinku.custody.orders.authority import AUTHORITY_LEDGER_BASE, CLAIM_LEDGER_BASE
from jinku.custody.orders.model import LEG_BITS, STEP_BITS
from jinku.custody.structure.chart import party_of
from jinku.ledger.committer import Request
from jinku.ledger.errors import LedgerError
from jinku.ledger.layout import Array, u128
from jinku.ledger.model import TransferFlags
from jinku.ledger.service import Ledger
from jinku.risk.decision.model import Action
from jinku.risk.decision.office import DecisionOffice

FORM = "jinku/passage/v1"
CURRENCIES_MAX = 1_000
"""Currency numbers of ISO 4217 are below this."""
_CLOSING = np.uint16(TransferFlags.PENDING | TransferFlags.CLOSING_DEBIT)
_PENDING = np.uint16(TransferFlags.PENDING)
_LEGS = np.uint64((1 << LEG_BITS) - 1)
_STEPS = np.uint64(((1 << STEP_BITS) - 1) << LEG_BITS)


class Exempt(StrEnum):
    """Why a row is not decided about before it is booked."""

    AUTHORITY_UNITS = "authority_units"
    NO_MONEY = "no_money"
    BANK_DID = "bank_did"


class NoPassage(LedgerError):
    """A room sent what its passage is not for."""

    code: ClassVar[str] = "no_passage"
    http_status: ClassVar[int] = 409

    def __init__(self, room: str, number: int) -> None:
        super().__init__(
            f"transfer {number} cannot pass by the passage of {room}: nothing decided about it",
            remedy="give the order again",
        )


class OrdersPassage:
    """For the corridor and what it keeps its limits with; see the module's rules."""

    def __init__(self, ledger: Ledger, office: DecisionOffice, clock: Clock) -> None:
        """`ledger` is the one beneath the door."""
        self._ledger, self._office, self._clock = ledger, office, clock

    def submit(self, request: Request) -> None:
        """Let a request pass by rules 2 and 4. Raises NoPassage, DecisionsHalted."""
        rows = request.payload
        units = _are_units(rows)
        low, high = rows["id_lo"] & ~_LEGS, np.ascontiguousarray(rows["id_hi"])
        first = ~units & ((rows["flags"] & RESOLVES) == 0) & ((rows["id_lo"] & _STEPS) == 0)
        places = np.flatnonzero(first)
        if len(places):
            known, actions = self._office.decisions(low[places], high[places])
            denied = (actions == Action.DENY) & ((rows["flags"][places] & _PENDING) == 0)
            if len(wrong := places[~known | denied]):
                raise NoPassage("orders", numbers_of(rows[wrong[:1]], "id")[0])
        if len(rows) and units.all():
            _journal(self._office, Exempt.AUTHORITY_UNITS, "orders", rows, self._clock)
        self._ledger.submit(request)


class PartiesPassage:
    """For the office of parties; see the module's rules."""

    def __init__(self, ledger: Ledger, office: DecisionOffice, clock: Clock) -> None:
        self._ledger, self._office, self._clock = ledger, office, clock

    def submit(self, request: Request) -> None:
        """Let a request pass by rule 3. Raises NoPassage, DecisionsHalted."""
        rows = request.payload
        closing = (
            ((rows["flags"] & _CLOSING) == _CLOSING) & (rows["amount_lo"] == 0) & (rows["amount_hi"] == 0)
        )
        others = rows[~closing & ((rows["flags"] & RESOLVES) == 0)]
        for number, debit in zip(u128(others, "id"), u128(others, "debit_account_id"), strict=True):
            if party_of(debit) or not closing.any():
                raise NoPassage("parties", number)
        post = (rows["flags"] & np.uint16(TransferFlags.POST_PENDING_TRANSFER)) != 0
        reason = Exempt.BANK_DID if len(others) or post.any() else Exempt.NO_MONEY
        _journal(self._office, reason, "parties", rows, self._clock)
        self._ledger.submit(request)


def _are_units(rows: Array) -> NDArray[np.bool_]:
    """Which rows move units of authority or claims (rule 4)."""
    ledgers = rows["ledger"]
    found: NDArray[np.bool_] = np.zeros(len(rows), np.bool_)
    for base in (AUTHORITY_LEDGER_BASE, CLAIM_LEDGER_BASE):
        found |= (ledgers >= base) & (ledgers < base + CURRENCIES_MAX)
    return found


def _journal(office: DecisionOffice, reason: Exempt, room: str, rows: Array, clock: Clock) -> None:
    office.exempt(
        {
            "form": FORM,
            "reason": reason.value,
            "room": room,
            "transfers": [str(one) for one in numbers_of(rows, "id")],
            "at": to_rfc3339(clock()),
        }
    )
