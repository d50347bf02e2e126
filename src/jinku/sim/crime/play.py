"""The day played against a house that decides: history learnt first, then every movement through the gate, in its time.

Rules:

1. Whoever decides sees accounts, devices, places, amounts and names as a platform would; never a label.
2. Movements of five minutes go together, each with what the platform knows of it beside the transfer. Names of payees
   outside are screened before.
3. What came of each movement is what the gate answered: let through, asked back, held, or stopped.

Example::

    played = play(make_world(Scale(), begins, seed=7), venue)
    count(played.outcomes)  # by scheme: stopped, held, missed
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from enum import IntEnum
from itertools import groupby
from typing import Protocol

import numpy as np

from jinku.base.clock import NS_PER_US
from jinku.ledger.layout import ACCOUNT, TRANSFER, Array, set_u128
from jinku.ledger.model import CreateTransferStatus
from jinku.ledger.service import Ledger
from jinku.risk.decision.context import Context
from jinku.risk.decision.model import Action
from jinku.risk.decision.office import DecisionOffice
from jinku.risk.decision.transfers import Scene, transfer_events
from jinku.risk.events.stamp import spread
from jinku.sim.crime.custom import DAY_US
from jinku.sim.crime.model import OUTSIDE, Movement
from jinku.sim.crime.world import CrimeWorld
from jinku.sim.errors import SimulationFault
from jinku.sim.run import SimClock

LEDGER, CODE = 156, 1
SHOPS_FROM = 1 << 32
"""Accounts of customers have their numbers; those of shops lie above."""
BANK = 1 << 40
"""The institution's account at the bank: where money comes from and goes to."""
FUNDS = 1_000_000_000_00
"""What every account begins with (fen), so that no movement fails for want of money."""
SLOT_US = 300_000_000
KINDS = {"payment": 10, "transfer": 11, "deposit": 12, "withdrawal": 13}


class Answer(IntEnum):
    """What became of a movement."""

    PASSED = Action.ALLOW
    ASKED = Action.CHALLENGE
    HELD = Action.HOLD
    STOPPED = Action.DENY


class GateLike(Protocol):
    """The gate before a ledger."""

    def create_transfers_array(self, batch: Array) -> Array:
        """``TRANSFER`` rows in, ``RESULT`` rows out, once decided and durable."""
        ...


@dataclass(frozen=True)
class Venue:
    """Where the day is played: a house that decides."""

    gate: GateLike
    office: DecisionOffice
    scene: Scene
    clock: SimClock
    listed: Callable[[str], bool]
    """Whether a name is on a list."""
    answers: dict[int, Answer]
    """What the gate's statuses mean."""


@dataclass(frozen=True)
class Outcome:
    """A movement and what came of it."""

    movement: Movement
    transfer: int
    answer: Answer


def play(world: CrimeWorld, venue: Venue, watch: Callable[[int], None] = lambda _: None) -> list[Outcome]:
    """Play the world's weeks and day, whose accounts are open; the day's outcomes in order of time.

    `watch` hears how many are done. Raises SimulationFault where the ledger refuses what it must
    not, and what the gate raises."""
    for _, part in groupby(world.history, lambda one: one.at // DAY_US):
        _learn(list(part), venue)
    found: list[Outcome] = []
    for slot, part in groupby(world.day, lambda one: one.at // SLOT_US):
        venue.clock.now = slot * SLOT_US * NS_PER_US
        found += _send(list(part), len(found), venue)
        watch(len(found))
    return found


def open_accounts(world: CrimeWorld, ledger: Ledger) -> None:
    """Open every account and give it money: what there was before the house decides. Raises SimulationFault."""
    shops = {one.payee for one in (*world.history, *world.day) if one.kind == "payment"}
    numbers = [BANK, *(one.number for one in world.people), *sorted(SHOPS_FROM + shop for shop in shops)]
    accounts = np.zeros(len(numbers), ACCOUNT)
    set_u128(accounts, "id", numbers)
    accounts["ledger"], accounts["code"] = LEDGER, CODE
    funds = np.zeros(len(numbers) - 1, TRANSFER)
    set_u128(funds, "id", [(1 << 100) + number for number in numbers[1:]])
    set_u128(funds, "debit_account_id", [BANK] * len(funds))
    set_u128(funds, "credit_account_id", numbers[1:])
    funds["amount_lo"], funds["ledger"], funds["code"] = FUNDS, LEDGER, CODE
    ledger.create_accounts_array(accounts)
    if (ledger.create_transfers_array(funds)["status"] != CreateTransferStatus.CREATED).any():
        raise SimulationFault("the accounts of the day could not be funded")


def _learn(part: Sequence[Movement], venue: Venue) -> None:
    rows = _rows(part, first=1 << 80)
    _tell(part, rows, venue)
    times = spread(np.array([one.at for one in part], np.int64))
    venue.office.learn_past(transfer_events(rows, times, venue.scene))


def _send(part: Sequence[Movement], done: int, venue: Venue) -> Iterator[Outcome]:
    rows = _rows(part, first=(1 << 90) + done)
    _tell(part, rows, venue)
    statuses = venue.gate.create_transfers_array(rows)["status"].tolist()
    for number, (movement, status) in enumerate(zip(part, statuses, strict=True)):
        if status not in venue.answers:
            raise SimulationFault(f"a movement of {movement.kind} was answered {status}")
        yield Outcome(movement, (1 << 90) + done + number, venue.answers[status])


def _rows(part: Sequence[Movement], first: int) -> Array:
    rows = np.zeros(len(part), TRANSFER)
    set_u128(rows, "id", range(first, first + len(part)))
    set_u128(rows, "debit_account_id", [one.payer if one.payer != OUTSIDE else BANK for one in part])
    set_u128(rows, "credit_account_id", [_credited(one) for one in part])
    rows["amount_lo"], rows["ledger"] = [one.amount for one in part], LEDGER
    rows["code"] = [KINDS[one.kind] for one in part]
    return rows


def _credited(one: Movement) -> int:
    if one.payee == OUTSIDE:
        return BANK
    return SHOPS_FROM + one.payee if one.kind == "payment" else one.payee


def _tell(part: Sequence[Movement], rows: Array, venue: Venue) -> None:
    """What the platform knows of each movement beside its transfer."""
    for low, high, one in zip(rows["id_lo"].tolist(), rows["id_hi"].tolist(), part, strict=True):
        outside = (
            f"payee:{one.name}" if one.name else "own-bank" if OUTSIDE in (one.payer, one.payee) else None
        )
        context = Context(
            kind=one.kind,
            customer=one.payee if one.payer == OUTSIDE else None,
            counterparty=outside,
            device=one.device or None,
            terminal=f"terminal-{one.terminal}" if one.terminal else None,
            address=f"address-{one.address}" if one.address else None,
            listed=bool(one.name) and venue.listed(one.name),
        )
        venue.scene.contexts.put(high << 64 | low, context)
