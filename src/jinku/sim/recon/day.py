"""A labelled day: three sides of one close with every class of break put in, and the truth about each record.

Rules:

1. The sides are made from payments (`jinku.sim.recon.payments`), then spoiled (`faults`, `noise`); rows are shuffled
   and only then numbered, so nothing about a record's place gives the answer away.
2. What is not labelled must match. Noise that people and banks make (a mistyped, reformatted or missing reference, one
   that stands in the text only) is no break: it must be matched, or at least be called ambiguous.
3. One seed gives one day, on every machine.

Example::

    day = labelled_day(seed=7, payments_count=20_000)
    score_day(day.truth, reconcile_sides(day.sides, day.rules))
"""

from dataclasses import dataclass, replace

import numpy as np

from jinku.custody.reconciliation.breaks import BreakClass
from jinku.custody.reconciliation.records import Longs, Records, Side, Sides
from jinku.custody.reconciliation.rules import Fee, Rules, load_rules
from jinku.sim.recon.faults import FEES, TOLERANCE, spoil
from jinku.sim.recon.noise import disturb
from jinku.sim.recon.payments import ACCOUNTS, Payments, payments
from jinku.sim.recon.scene import Scene
from jinku.sim.recon.table import Column, Rows
from jinku.sim.recon.truth import Truth

FAULT_RATE, NOISE_RATE = 0.0012, 0.003
"""Shares of payments that each class of break, and each kind of noise, is put into."""


@dataclass(frozen=True)
class LabelledDay:
    """See the module."""

    sides: Sides
    rules: Rules
    truth: Truth


def labelled_day(
    seed: int, payments_count: int, *, fault_rate: float = FAULT_RATE, noise_rate: float = NOISE_RATE
) -> LabelledDay:
    """The day of `seed` with about `payments_count` records on each side."""
    rng = np.random.default_rng(seed)
    made = payments(rng, payments_count)
    scene = _scene(rng, made)
    spoil(scene, fault_rate)
    disturb(scene, noise_rate)
    family: dict[Side, dict[str, int]] = {}
    parts: dict[Side, Records] = {}
    for side, rows, form in (
        (Side.PLATFORM, scene.platform, "O{:09d}"),
        (Side.LEDGER, scene.ledger, "{}"),
        (Side.BANK, scene.bank, "S-1/{}"),
    ):
        parts[side], family[side] = _numbered(rng, side, rows, form)
    fees = tuple(Fee(fixed=fixed, bps=bps) for fixed, bps in FEES)
    rules = replace(load_rules(), calendar=made.calendar, fees=fees, tolerance=TOLERANCE, lag_days_max=0)
    sides = Sides(parts[Side.LEDGER], parts[Side.BANK], parts[Side.PLATFORM], made.as_of)
    return LabelledDay(sides, rules, Truth(family, np.array(scene.expected), scene.labels))


def _scene(rng: np.random.Generator, made: Payments) -> Scene:
    """All three sides as they are when nothing goes wrong."""
    count = len(made.amount)
    homes = np.array([one for one, _ in ACCOUNTS], np.object_)[made.home]
    codes = np.array([one for _, one in ACCOUNTS], np.object_)[made.home]
    base: dict[str, Column] = {
        "amount": made.amount,
        "direction": made.direction,
        "booked": made.day,
        "account": homes,
        "currency": codes,
        "family": np.arange(count),
        "reference": made.reference,
    }
    batches = np.array(
        [f"BATCH{number:08d}" if number >= 0 else "" for number in made.batch.tolist()], np.object_
    )
    channels = np.array(
        [f"channel-{number}" if number >= 0 else "" for number in made.channel.tolist()], np.object_
    )
    party = np.where(made.channel >= 0, channels, made.counterparty)
    platform = Rows({**base, "batch": batches, "counterparty": party})
    ledger = Rows(base)
    shown = np.where(rng.random(count) < 0.92, party, "")
    servicer = np.array(
        [f"B{number:012d}" for number in rng.permutation(count * 3)[:count].tolist()], np.object_
    )
    bank = Rows(
        {
            **base,
            "booked": made.bank_day,
            "reference": servicer,
            "servicer_id": servicer,
            "end_to_end_id": made.reference,
            "counterparty": shown,
            "text": np.where(made.direction > 0, "充值 deposit", "提现 withdrawal"),
        }
    )
    scene = Scene(rng, made, platform, ledger, bank)
    _sum_up(scene, made.batch, batches, named=True)
    days = made.bank_day.astype(np.int64) * 100 + made.channel * 10 + made.home
    _sum_up(scene, np.where(made.channel >= 0, days, -1), channels, named=False)
    _net(scene, np.flatnonzero(made.netted))
    return scene


def _sum_up(
    scene: Scene, groups: Longs, names: np.ndarray[tuple[int], np.dtype[np.object_]], *, named: bool
) -> None:
    """The bank books each group as one line: under the batch's number, or of the channel and without a reference."""
    members = np.flatnonzero(groups >= 0)
    if not len(members):
        return
    _, first, places, counts = np.unique(
        groups[members], return_index=True, return_inverse=True, return_counts=True
    )
    sums = np.zeros(len(first), np.int64)
    np.add.at(sums, places, scene.made.amount[members])
    heads = members[first]
    family = heads[places]
    for rows in (scene.platform, scene.ledger):
        rows.change(members, family=family)
    scene.bank.drop(members)
    line = scene.bank.copy(heads, text="代付批次 batch" if named else "通道清算 settlement")
    scene.bank.change(
        line,
        amount=sums,
        family=heads,
        batch_count=counts if named else 0,
        end_to_end_id=names[heads] if named else "",
        counterparty="" if named else names[heads],
    )
    scene.expected[:, members] = 0
    scene.expected[:, heads] = counts
    if named:
        order = np.argsort(places, kind="stable")
        cuts = np.split(members[order], np.cumsum(counts)[:-1])
        scene.batches = list(zip(cuts, line.tolist(), strict=True))


def _net(scene: Scene, places: Longs) -> None:
    """We book gross and fee, the bank the net: one payment, and a break without effect."""
    fee = scene.made.amount[places] * 3 // 1000 + 1
    for rows in (scene.platform, scene.ledger):
        rows.copy(places, amount=fee, direction=-1)
    scene.bank.change(places, amount=scene.made.amount[places] - fee)
    scene.expected[:, places] = 2
    scene.label(places, BreakClass.FEE_NETTED)


def _numbered(rng: np.random.Generator, side: Side, rows: Rows, form: str) -> tuple[Records, dict[str, int]]:
    order = rng.permutation(np.flatnonzero(rows.alive))
    columns = {name: column[order] for name, column in rows.columns.items() if name != "family"}
    ids = [form.format(number) for number in range(1, len(order) + 1)]
    if side is Side.LEDGER:
        columns["number"] = np.array(range(1, len(order) + 1), np.object_)
    if side is Side.BANK:
        columns["line"] = np.arange(1, len(order) + 1)
    family = dict(zip(ids, rows.columns["family"][order].tolist(), strict=True))
    return Records.build(side, {"id": ids, **columns}), family
