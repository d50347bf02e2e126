"""Writing a break off: entries that bring our books to what the bank has, and never a change of an entry.

Rules:

1. A correction moves the bank's mirror by exactly the break's effect, so that nothing of it is left afterwards.
2. It goes against suspense, fee income or the risk reserve of the client pool, or takes our own transfers back by
   their mirror image. A customer pays for no break, and money without an owner is a client's until it is known
   (suspense). So what the bank has beyond our books never becomes own money, and what it lacks is never taken from
   suspense, save where the bank took back what may lie there.
3. It is one linked chain with ids that follow from the break and the attempt: sent again, it is the same chain. What
   takes a transfer back has the id of that transfer's reversal, so a transfer is reversed once, by whomever.
4. Its transfers bear the break's id in ``user_data_128``, the bank's reference, where that is a number, in
   ``user_data_64``.

Example::

    plan = correct(case, chart, Against.SUSPENSE, day=date(2026, 11, 20))
    ledger.create_transfers_array(plan.rows())
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from types import MappingProxyType
from typing import Any

import numpy as np

from jinku.base.ids import derived_id
from jinku.custody.breaks.errors import BadBreak
from jinku.custody.breaks.model import Case
from jinku.custody.orders.model import LEG_BITS, Step, order_of, transfer_id
from jinku.custody.structure.chart import Chart
from jinku.custody.structure.table import Kind, Movement
from jinku.ledger.layout import TRANSFER, Array, set_u128
from jinku.ledger.model import Transfer, TransferFlags

_TAKEN_BACK = ("reversed", "returned")
_NOT_BOOKED = TransferFlags.PENDING | TransferFlags.VOID_PENDING_TRANSFER
_REFERENCE = re.compile(r"[1-9][0-9]{0,18}", re.ASCII)
_LEG_MASK = (1 << LEG_BITS) - 1


class Against(StrEnum):
    """What bears the difference."""

    SUSPENSE = "suspense"
    FEE_INCOME = "fee_income"
    RISK_RESERVE = "risk_reserve"
    REVERSAL = "reversal"
    """Nobody: our own transfers are taken back."""


_KINDS = MappingProxyType(
    {
        Against.SUSPENSE: Kind.SUSPENSE,
        Against.FEE_INCOME: Kind.FEE_INCOME,
        Against.RISK_RESERVE: Kind.RISK_RESERVE,
    }
)


@dataclass(frozen=True, slots=True)
class Leg:
    """One correcting transfer."""

    id: int
    debit: int
    credit: int
    amount: int
    code: int


@dataclass(frozen=True, slots=True)
class Correction:
    """The entries that end a break."""

    against: Against
    break_id: int
    ledger: int
    day: date
    reference: int
    legs: tuple[Leg, ...]

    def document(self) -> dict[str, Any]:
        """As JSON values, for the proposal's event."""
        return {
            "against": self.against.value,
            "ledger": self.ledger,
            "day": self.day.isoformat(),
            "reference": str(self.reference),
            "legs": [
                {name: str(getattr(leg, name)) for name in ("id", "debit", "credit", "amount", "code")}
                for leg in self.legs
            ],
        }

    @classmethod
    def read(cls, break_id: int, document: Mapping[str, Any]) -> "Correction":
        """What `document` gave."""
        return cls(
            Against(document["against"]),
            break_id,
            document["ledger"],
            date.fromisoformat(document["day"]),
            int(document["reference"]),
            tuple(Leg(**{name: int(value) for name, value in leg.items()}) for leg in document["legs"]),
        )

    def rows(self) -> Array:
        """``TRANSFER`` rows: one linked chain."""
        rows = np.zeros(len(self.legs), TRANSFER)
        for name, field in (("id", "id"), ("debit_account_id", "debit"), ("credit_account_id", "credit")):
            set_u128(rows, name, [getattr(leg, field) for leg in self.legs])
        set_u128(rows, "amount", [leg.amount for leg in self.legs])
        set_u128(rows, "user_data_128", [self.break_id] * len(self.legs))
        rows["user_data_64"] = self.reference
        rows["user_data_32"] = self.day.year * 10_000 + self.day.month * 100 + self.day.day
        rows["ledger"], rows["code"] = self.ledger, [leg.code for leg in self.legs]
        rows["flags"][:-1] = TransferFlags.LINKED
        return rows


def correct(
    case: Case, chart: Chart, against: Against, *, day: date, mirror: int = 0, ours: Sequence[Transfer] = ()
) -> Correction:
    """The correction of `case` on its business `day`; `mirror` is the bank mirror's account (the chart's first where
    0).

    `ours` are the case's transfers as the ledger has them, for a reversal. Raises BadBreak.
    """
    mirror = mirror or chart.account(Kind.BANK_MIRROR)
    if not case.effect:
        raise BadBreak(
            "both sides have the money, so there is nothing to correct", field="effect", value=0,
            remedy="close it with its cause",
        )  # fmt: skip
    if against is Against.REVERSAL:
        legs = _reversed(case, mirror, ours)
    else:
        _check_bearer(case, against)
        other, amount = chart.account(_KINDS[against]), abs(case.effect)
        debit, credit = (mirror, other) if case.effect > 0 else (other, mirror)
        order = derived_id("custody/write-off", f"{case.id:032x}", str(case.events)) >> 24 << 24
        legs = (Leg(transfer_id(order), debit, credit, amount, Movement.WRITE_OFF),)
    known = _REFERENCE.fullmatch(case.reference) and int(case.reference) < 1 << 63
    reference = int(case.reference) if known else case.id & ((1 << 62) - 1) or 1
    return Correction(against, case.id, chart.currency, day, reference, legs)


def _check_bearer(case: Case, against: Against) -> None:
    """Rule 2. Raises BadBreak."""
    if case.effect > 0 and against is not Against.SUSPENSE:
        raise BadBreak(
            "the bank has more than our books: that is a client's until its owner is known",
            field="against",
            value=against.value,
            remedy="write it to suspense, or take our own transfers back",
        )
    if case.effect < 0 and against is Against.SUSPENSE and case.kind not in _TAKEN_BACK:
        raise BadBreak(
            "the bank has less than our books, and suspense is clients' money",
            field="against",
            value=against.value,
            remedy="let fee income or the risk reserve bear it, or take our own transfers back",
        )


def _reversed(case: Case, mirror: int, ours: Sequence[Transfer]) -> tuple[Leg, ...]:
    if not ours or {one.id for one in ours} != set(case.transfer_ids):
        raise BadBreak(
            "the break names no transfers of ours that the ledger has",
            field="transfers",
            value=len(ours),
            remedy="write it off against suspense or own money",
        )
    moved = sum(
        one.amount * ((one.debit_account_id == mirror) - (one.credit_account_id == mirror)) for one in ours
    )
    if any(one.flags & _NOT_BOOKED for one in ours) or moved != -case.effect:
        raise BadBreak(
            f"taking the transfers back moves the bank's mirror by {-moved}, not by the break's {case.effect}",
            field="against",
            value=Against.REVERSAL.value,
            remedy="write it off against suspense or own money",
        )
    return tuple(
        Leg(
            transfer_id(order_of(one.id), Step.REVERSED, one.id & _LEG_MASK),
            one.credit_account_id,
            one.debit_account_id,
            one.amount,
            Movement.REVERSAL,
        )
        for one in sorted(ours, key=lambda one: one.id)
    )
