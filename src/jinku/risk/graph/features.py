"""What is known of each account without labels: its transfers, how unusual they are, in which order, and with whom.

Rules:

1. Every feature is a column over all accounts, NaN where there is nothing to measure. `paid_…` is of transfers that the
   account made, `got_…` of those that it received.
2. How unusual a transfer is has no threshold: its distance (in logarithms) from the typical amount of its payer, and in
   the payer's own median deviations; how rare its amount is among all; how often its pair moved money within a window.
3. A payer's typical amount is the median over counterparties, each weighing 1, so that a burst to one payee is not
   taken for the habit; see `columns.PRIOR_WEIGHT` for payers with two.
4. The neighbours' features are means and maxima over different counterparties, once and twice removed (``payee_``,
   ``payer_`` in front): Cardoso, Saleiro, Bizarro, "LaundroGraph", 2022, aggregates over neighbours in the same way.

Example::

    found = account_features(transfers)
    found["got_own_max"]  # the most unusual transfer that each account received
"""

from dataclasses import dataclass

import numpy as np

from jinku.risk.graph.columns import (
    counts,
    maxima,
    means,
    meetings,
    minima,
    repeats,
    spreads,
    sums,
    weighted_medians,
)
from jinku.risk.graph.table import BURST_STEPS, DEVIATION_FLOOR, RARITY_BINS, STEP, WEEK_STEPS
from jinku.risk.graph.transfers import Floats, Ints, Transfers

Table = dict[str, Floats]
_NEAR = (
    "paid_count", "got_count", "paid_payees", "paid_own_max", "got_own_max", "paid_rare_max", "got_rare_max",
    "paid_pair_max", "got_pair_max", "paid_at_once", "got_at_once", "got_last_excess", "got_sum", "paid_sum",
    "paid_distance_sum", "got_distance_sum", "paid_mean", "last_payee_excess", "paid_time_max",
)  # fmt: skip
_FAR = ("payee_got_own_max_mean", "payer_paid_own_max_mean", "payee_got_last_excess_max", "payer_got_own_max_mean",
        "payee_paid_own_max_mean")  # fmt: skip


@dataclass(frozen=True, slots=True)
class Pairs:
    """Who pays whom, each pair once, and the pair of each transfer."""

    payer: Ints
    payee: Ints
    of: Ints
    count: Ints


@dataclass(frozen=True, slots=True)
class Unusual:
    """How unusual each transfer is, in several ways."""

    distance: Floats
    """From the payer's typical amount, in logarithms."""
    own: Floats
    """The same, in the payer's median deviations."""
    rare: Floats
    """log10 of how many times rarer than the average its range of amounts is."""
    received: Floats
    """From what the payee typically receives, in logarithms."""
    pair: Floats
    """Transfers of the same pair in the step that ends with it."""
    pair_week: Floats
    payers: Floats
    """Different payers of the payee in the three steps that end with it."""
    payees: Floats


def pairs_of(transfers: Transfers) -> Pairs:
    """The different pairs (payer, payee)."""
    keys, of, count = np.unique(
        transfers.source * transfers.count + transfers.target, return_inverse=True, return_counts=True
    )
    return Pairs(keys // transfers.count, keys % transfers.count, of.astype(np.int64), count.astype(np.int64))


def logarithms(value: Floats) -> Floats:
    """Natural logarithms; a zero counts as half the smallest positive value."""
    positive = value[value > 0]
    least = positive.min() / 2 if len(positive) else 1.0
    return np.log(np.maximum(value, least))


def unusual(transfers: Transfers, pairs: Pairs) -> Unusual:
    """How unusual each transfer is (rules 2 and 3)."""
    size, source, target = transfers.count, transfers.source, transfers.target
    amount = logarithms(transfers.value)
    everybody = float(np.median(amount))
    weight = 1.0 / pairs.count[pairs.of]
    distance = np.abs(amount - weighted_medians(source, amount, weight, everybody, size)[source])
    usual = weighted_medians(source, distance, weight, 0.0, size)
    received = np.abs(amount - weighted_medians(target, amount, weight, everybody, size)[target])
    seen, edges = np.histogram(amount, RARITY_BINS)
    bins = np.clip(np.searchsorted(edges, amount, "right") - 1, 0, RARITY_BINS - 1)
    return Unusual(
        distance,
        distance / (usual[source] + DEVIATION_FLOOR),
        np.log10(len(amount) / RARITY_BINS / seen[bins]),
        received,
        repeats(pairs.of, transfers.time, STEP),
        repeats(pairs.of, transfers.time, WEEK_STEPS),
        meetings(target, source, transfers.time, BURST_STEPS),
        meetings(source, target, transfers.time, BURST_STEPS),
    )


def account_features(transfers: Transfers, pairs: Pairs, strange: Unusual) -> Table:
    """All features of rule 1 to 4, in a fixed order."""
    found: Table = {}
    for side, group in (("paid", transfers.source), ("got", transfers.target)):
        _plain(found, side, group, transfers)
        _strange(found, side, group, strange, transfers.count)
    found["paid_payees"] = counts(pairs.payer, transfers.count)
    found["got_payers"] = counts(pairs.payee, transfers.count)
    with np.errstate(invalid="ignore", divide="ignore"):
        found["through"] = found["got_sum"] / found["paid_sum"]
    found["dwell_mean"] = _dwell(transfers)
    _order(found, transfers)
    _neighbours(found, _NEAR, pairs)
    _neighbours(found, _FAR, pairs)
    return found


def _plain(found: Table, side: str, group: Ints, transfers: Transfers) -> None:
    size, value, time = transfers.count, transfers.value, transfers.time
    found[f"{side}_count"] = counts(group, size)
    found[f"{side}_sum"] = sums(group, value, size)
    for name, how in (("mean", means), ("spread", spreads), ("min", minima), ("max", maxima)):
        found[f"{side}_{name}"] = how(group, value, size)
        found[f"{side}_time_{name}"] = how(group, time, size)


def _strange(found: Table, side: str, group: Ints, strange: Unusual, size: int) -> None:
    for name in ("distance", "own", "rare", "received", "pair", "pair_week"):
        column = getattr(strange, name)
        found[f"{side}_{name}_max"] = maxima(group, column, size)
        found[f"{side}_{name}_mean"] = means(group, column, size)
    found[f"{side}_distance_sum"] = sums(group, strange.distance, size)
    found[f"{side}_at_once"] = maxima(group, strange.payees if side == "paid" else strange.payers, size)


def _dwell(transfers: Transfers) -> Floats:
    """Mean time from each receipt of an account to its next payment."""
    span = float(transfers.time[-1] - transfers.time[0]) + 1.0
    at = transfers.time - transfers.time[0]
    paid = np.sort(transfers.source * 2.0 * span + at)
    got = transfers.target * 2.0 * span + at
    following = np.searchsorted(paid, got, "left")
    wait = np.append(paid, np.inf)[following] - got
    return means(transfers.target[wait < span], wait[wait < span], transfers.count)


def _order(found: Table, transfers: Transfers) -> None:
    """Where in the payers' own sequences the transfers stand: a payee that many add last was added by agreement."""
    size, source, target = transfers.count, transfers.source, transfers.target
    order = np.argsort(source, kind="stable")
    number = counts(source, size).astype(np.int64)
    start = np.concatenate(((0,), np.cumsum(number)[:-1]))
    place = np.empty(len(source), np.int64)
    place[order] = np.arange(len(source)) - start[source[order]]
    share = (place + 1) / number[source]
    last = place + 1 == number[source]
    expected = 1.0 / number[source]
    found["got_place_mean"], found["got_place_max"] = means(target, share, size), maxima(target, share, size)
    found["got_last"] = sums(target, last.astype(np.float64), size)
    excess = sums(target, last - expected, size)
    found["got_last_excess"] = excess / np.sqrt(sums(target, expected * (1 - expected), size) + 0.25)
    payee = np.full(size, -1, np.int64)
    payee[source[last]] = target[last]
    for name in ("got_last_excess", "got_count"):
        column = np.where(payee >= 0, found[name][payee], np.nan)
        found["last_payee_excess" if name == "got_last_excess" else "last_payee_got"] = column


def _neighbours(found: Table, names: tuple[str, ...], pairs: Pairs) -> None:
    size = len(found["paid_count"])
    for name in names:
        column = np.nan_to_num(found[name], nan=0.0, posinf=0.0, neginf=0.0)
        for side, group, other in (("payee", pairs.payer, pairs.payee), ("payer", pairs.payee, pairs.payer)):
            found[f"{side}_{name}_mean"] = means(group, column[other], size)
            found[f"{side}_{name}_max"] = maxima(group, column[other], size)
