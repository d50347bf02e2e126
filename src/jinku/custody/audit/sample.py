"""Samples that neither side can steer, each with the proof that it is in the log.

Rules:

1. The draw is a function of the auditor's own words and of the checkpoint's root: SHA-256 over both seeds it. The
   platform signed the root before it knew the words, and anybody can repeat the draw.
2. Monetary-unit sampling (ISA 530, appendix 4; AICPA Audit Guide *Audit Sampling*): every minor unit has the same
   chance; a random start within the interval, then every interval-th unit. A movement as large as the interval is
   always drawn; one that is hit several times stands once, with its hits.
3. Simple sampling: every movement has the same chance, none is drawn twice.
4. Each drawn movement comes with its receipt (c2sp.org/tlog-proof), which `jinku verify` checks without us.

Example::

    drawn = draw(population, Plan(Method.MONEY, count=25, words="spring audit", ledger=156))
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from jinku.base.errors import InputError
from jinku.custody.audit.population import Population
from jinku.ledger.layout import u128
from jinku.log.reader import LogDirectory, Tree
from jinku.log.receipt import Receipt, receipt_in

SAMPLE_MAX = 10_000
WORDS_CHARACTERS_MAX = 200
_DOMAIN = b"jinku-audit-sample/v1\n"


class Method(StrEnum):
    """How a sample is drawn."""

    MONEY = "money"
    """Monetary-unit sampling."""
    SIMPLE = "simple"
    """Every movement alike."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What is drawn: `count` of the movements of one `ledger` (currency number), booked `since` … `until` (UTC ns,
    inclusive; 0: no bound), by `words` that the auditor chooses."""

    method: Method
    count: int
    words: str
    ledger: int
    since: int = 0
    until: int = 0


@dataclass(frozen=True, slots=True)
class Drawn:
    """One drawn movement. `amount` is in minor units."""

    entry: int
    transfer: int
    debit: int
    credit: int
    amount: int
    code: int
    day: int
    """The business day it belongs to, yyyymmdd."""
    booked: int
    hits: int


@dataclass(frozen=True, slots=True)
class Sample:
    """A drawn sample, and what it was drawn from."""

    plan: Plan
    root: bytes
    size: int
    """Entries of the log under the checkpoint."""
    movements: int
    total: int
    """Σ amounts of the population, minor units."""
    interval: int
    """Units between two hits; 0 for simple sampling."""
    drawn: tuple[Drawn, ...]


def draw(population: Population, plan: Plan) -> Sample:
    """Draw a sample. Raises InputError for a plan that cannot be, or a population with nothing in it."""
    _check(plan)
    rows, booked = population.movements, population.booked
    inside = (rows["ledger"] == plan.ledger) & (booked >= plan.since)
    if plan.until:
        inside &= booked <= plan.until
    places = np.flatnonzero(inside)
    amounts = u128(rows[places], "amount")
    total = sum(amounts)
    if not total:
        raise InputError(
            "no money moved there",
            field="ledger",
            value=str(plan.ledger),
            remedy="name another currency or period",
        )
    checkpoint = population.checkpoint
    random = np.random.Generator(np.random.PCG64(_seed(checkpoint.root, plan.words)))
    interval = 0
    if plan.method is Method.MONEY:
        interval = max(1, total // plan.count)
        hits = _by_money(amounts, interval, random)
    else:
        chosen = random.choice(len(places), min(plan.count, len(places)), replace=False)
        hits = {int(place): 1 for place in chosen}
    drawn = [
        _drawn(population, int(places[place]), amounts[place], count) for place, count in sorted(hits.items())
    ]
    return Sample(plan, checkpoint.root, checkpoint.size, len(places), total, interval, tuple(drawn))


def receipts(log: LogDirectory, population: Population, sample: Sample) -> list[Receipt]:
    """The receipt of each drawn movement, in their order. Raises TileMissingError."""
    tree = Tree(log, population.checkpoint.size)
    return [receipt_in(log, tree, population.checkpoint, one.entry) for one in sample.drawn]


def _check(plan: Plan) -> None:
    if not 1 <= plan.count <= SAMPLE_MAX:
        raise InputError(
            "is not a sample's size", field="count", value=str(plan.count), remedy=f"1 to {SAMPLE_MAX}"
        )
    if not plan.words.strip() or len(plan.words) > WORDS_CHARACTERS_MAX:
        raise InputError(
            "are no words to draw by",
            field="words",
            value=plan.words[:40],
            remedy=f"choose up to {WORDS_CHARACTERS_MAX} characters of your own, after the checkpoint was signed",
        )


def _seed(root: bytes, words: str) -> int:
    return int.from_bytes(hashlib.sha256(_DOMAIN + root + words.encode()).digest(), "big")


def _by_money(amounts: Sequence[int], interval: int, random: np.random.Generator) -> dict[int, int]:
    """Hits by place: the units start, start + interval, … of all amounts laid end to end."""
    start = int.from_bytes(random.bytes(32), "big") % interval
    hits: dict[int, int] = {}
    laid = 0
    for place, amount in enumerate(amounts):
        # the number of units u in [laid, laid + amount) with u = start (mod interval)
        count = _units_before(laid + amount, start, interval) - _units_before(laid, start, interval)
        if count:
            hits[place] = count
        laid += amount
    return hits


def _units_before(end: int, start: int, interval: int) -> int:
    return 0 if end <= start else (end - start - 1) // interval + 1


def _drawn(population: Population, place: int, amount: int, hits: int) -> Drawn:
    row: NDArray[np.void] = population.movements[place : place + 1]
    return Drawn(
        entry=int(population.numbers[place]),
        transfer=u128(row, "id")[0],
        debit=u128(row, "debit_account_id")[0],
        credit=u128(row, "credit_account_id")[0],
        amount=amount,
        code=int(row["code"][0]),
        day=int(row["user_data_32"][0]),
        booked=int(population.booked[place]),
        hits=hits,
    )
