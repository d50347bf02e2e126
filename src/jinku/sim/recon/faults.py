"""Every class of break, put into a labelled day with its label.

Example::

    spoil(scene, rate=0.0012)
"""

from collections.abc import Callable

import numpy as np

from jinku.custody.reconciliation.breaks import BreakClass as Class
from jinku.custody.reconciliation.records import Longs, day_number, day_of
from jinku.sim.recon.payments import ACCOUNTS, ROUND
from jinku.sim.recon.scene import Scene
from jinku.sim.recon.table import Rows

FEES = ((150, 0), (0, 30), (1_000, 0))
"""Charges agreed with the bank: fixed minor units, hundredths of a percent."""
TOLERANCE = 1
Fault = Callable[[Scene, int], None]


def spoil(scene: Scene, rate: float) -> None:
    """Put each class in, into a share of `rate` of the payments and once at least."""
    count = max(2, round(rate * len(scene.made.amount)))
    for fault in FAULTS:
        fault(scene, count)


def _missing(scene: Scene, count: int) -> None:
    sides = (scene.platform, scene.ledger, scene.bank)
    for lacking, kind in (
        ((2,), Class.MISSING_AT_BANK),
        ((1,), Class.MISSING_IN_LEDGER),
        ((0,), Class.MISSING_IN_PLATFORM),
        ((0, 2), Class.ONLY_IN_LEDGER),
        ((1, 2), Class.ONLY_IN_PLATFORM),
        ((0, 1), Class.UNKNOWN_AT_BANK),
    ):
        places = scene.pick(count)
        for side in lacking:
            sides[side].drop(places)
        scene.lacks(places, *lacking)
        scene.label(places, kind)


def _strangers(scene: Scene, count: int) -> None:
    """Money on our account that is not ours: some with references of others, some with none, round sums among them."""
    rng, made = scene.rng, scene.made
    like = rng.integers(0, len(made.amount), count)
    families = scene.new_families(count)
    amount = np.where(
        rng.random(count) < 0.3,
        ROUND[rng.integers(0, len(ROUND), count)],
        rng.integers(100, 9_000_000, count),
    )
    names = [f"X{number}" if number % 2 else "" for number in rng.integers(10**8, 10**9, count).tolist()]
    scene.bank.copy(
        like,
        amount=amount,
        family=families,
        booked=made.bank_day[like],
        end_to_end_id=np.array(names, np.object_),
        reference=_names(scene, count),
        servicer_id="",
        batch_count=0,
        counterparty=np.array([f"95{n:012d}" for n in rng.integers(0, 10**9, count).tolist()], np.object_),
        text="转账 transfer",
    )
    scene.label(families, Class.UNKNOWN_AT_BANK)


def _amounts(scene: Scene, count: int) -> None:
    for rows in (scene.bank, scene.platform, scene.ledger):
        places = scene.pick(count, scene.made.amount > 2_000)
        was = scene.made.amount[places]
        swapped = np.array([_swapped(one) for one in was.tolist()], np.int64)
        how = scene.rng.integers(0, 4, len(places))
        other = np.select([how == 0, how == 1, how == 2], [swapped, was * 10, was + 100], was - 700)
        other = np.where(np.abs(other - was) <= TOLERANCE, was + 9_000, other)
        rows.change(places, amount=other)
        scene.label(places, Class.AMOUNT_DIFFERS)
    places = scene.pick(count, scene.made.amount > 2_000)
    scene.bank.change(places, amount=scene.made.amount[places] + scene.rng.choice((-1, 1), len(places)))
    scene.label(places, Class.AMOUNT_TOLERATED)


def _fees(scene: Scene, count: int) -> None:
    places = scene.pick(count, scene.made.amount > 20_000)
    which = scene.rng.integers(0, len(FEES), len(places))
    fixed, bps = np.array(FEES, np.int64)[which].T
    was = scene.made.amount[places]
    kept = fixed + (was * bps + 5_000) // 10_000
    scene.bank.change(places, amount=was - scene.made.direction[places] * kept)
    scene.label(places, Class.FEE_NETTED)


def _directions(scene: Scene, count: int) -> None:
    for rows in (scene.bank, scene.platform):
        places = scene.pick(count)
        rows.change(places, direction=-scene.made.direction[places])
        scene.label(places, Class.WRONG_DIRECTION)


def _duplicates(scene: Scene, count: int) -> None:
    places = scene.pick(count)
    later = scene.rng.random(len(places)) < 0.3
    day = np.where(later, day_number(scene.made.as_of), scene.made.bank_day[places])
    scene.bank.copy(places, reference=_names(scene, len(places)), servicer_id="", booked=day)
    scene.label(places, Class.DUPLICATE_AT_BANK)
    for several, kind in (
        ((scene.ledger,), Class.DUPLICATE_IN_BOOKS),
        ((scene.platform,), Class.DUPLICATE_IN_PLATFORM),
        ((scene.ledger, scene.platform), Class.DUPLICATE_IN_BOOKS),
    ):
        places = scene.pick(count)
        for rows in several:
            rows.copy(places)
        scene.label(places, kind)


def _late(scene: Scene, count: int) -> None:
    """Booked by the bank some business days later, or pending there."""
    early = day_number(scene.made.as_of) - scene.made.day
    places = scene.pick(count, (early >= 4) & (scene.made.bank_day < day_number(scene.made.as_of)))
    days = []
    for place in places.tolist():
        day = day_of(int(scene.made.bank_day[place]))
        for _ in range(int(scene.rng.integers(1, 4))):
            following = scene.made.calendar.next_business_day(day)
            day = following if following <= scene.made.as_of else day
        days.append(day_number(day))
    scene.bank.change(places, booked=np.array(days, np.int32))
    scene.label(places, Class.LATE)
    places = scene.pick(count)
    scene.bank.change(places, pending=True)
    scene.lacks(places, 2)
    scene.label(places, Class.LATE)


def _dates(scene: Scene, count: int) -> None:
    calendar, made = scene.made.calendar, scene.made
    for rows in (scene.platform, scene.bank):
        places = scene.pick(count)
        before = [calendar.previous_business_day(day_of(int(day))) for day in made.day[places]]
        rows.change(places, booked=np.array([day_number(one) for one in before], np.int32))
        scene.label(places, Class.WRONG_DATE)


def _accounts(scene: Scene, count: int) -> None:
    for rows in (scene.bank, scene.platform, scene.ledger):
        places = scene.pick(count, scene.made.home < 2)
        homes = np.array([ACCOUNTS[1 - home][0] for home in scene.made.home[places].tolist()], np.object_)
        rows.change(places, account=homes)
        scene.label(places, Class.WRONG_ACCOUNT)


def _taken_back(scene: Scene, count: int) -> None:
    """Reversed by the bank with and without our doing, and payouts that came back."""
    places = scene.pick(count)
    _against(scene, scene.bank, places, reversal=True)
    scene.label(places, Class.REVERSED)
    families = scene.new_families(count)
    like = scene.rng.integers(0, len(scene.made.amount), count)
    amount = scene.rng.integers(100, 5_000_000, count)
    names = np.array([f"ERR{n:09d}" for n in scene.rng.permutation(10**6)[:count].tolist()], np.object_)
    line = scene.bank.copy(
        like, amount=amount, family=families, end_to_end_id=names, reference=_names(scene, count), servicer_id="",
        batch_count=0, counterparty="", text="错账 booked in error",
    )  # fmt: skip
    way = scene.bank.columns["direction"][line]
    scene.bank.copy(line, direction=-way, reversal=True, reference=_names(scene, count))
    scene.label(families, Class.REVERSED)
    places = scene.pick(count, scene.made.direction < 0)
    _against(scene, scene.bank, places, return_reason="AC04")
    scene.label(places, Class.RETURNED)


def _against(scene: Scene, rows: Rows, places: Longs, **values: object) -> None:
    way = -scene.made.direction[places]
    rows.copy(places, direction=way, reference=_names(scene, len(places)), servicer_id="", **values)


def _splits(scene: Scene, count: int) -> None:
    """The bank books in several lines what we gave as one."""
    places = scene.pick(count, scene.made.amount > 1_000)
    left = scene.made.amount[places].copy()
    for _ in range(int(scene.rng.integers(1, 4))):
        part = left // scene.rng.integers(2, 5, len(places))
        scene.bank.copy(places, amount=part, reference=_names(scene, len(places)), servicer_id="")
        left = left - part
    scene.bank.change(places, amount=left)
    scene.label(places, Class.BATCH_SPLIT)
    scene.expected[1, places] = scene.expected[2, places] = 1  # the rest is beyond one link


def _short_batches(scene: Scene, count: int) -> None:
    """The bank left one payout of a batch out: a member whose amount no other member has."""
    for choice in scene.rng.permutation(len(scene.batches))[:count].tolist():
        members, line = scene.batches[choice]
        amounts, counts = np.unique(scene.made.amount[members], return_counts=True)
        once = np.isin(scene.made.amount[members], amounts[counts == 1])
        once[members == members.min()] = False  # the batch's family bears its number
        if len(members) < 3 or not once.any():
            continue
        out = members[np.flatnonzero(once)[:1]]
        family = scene.new_families(1)
        for rows in (scene.platform, scene.ledger):
            rows.change(out, family=family)
        left = scene.bank.columns["amount"][line] - scene.made.amount[out]
        scene.bank.change(np.array([line]), amount=left)
        scene.expected[:, members.min()] -= 1
        scene.expected[0, family] = 1
        scene.label(family, Class.MISSING_AT_BANK)


def _ambiguous(scene: Scene, count: int) -> None:
    """Two equal payments of one day, and the bank names neither."""
    first = scene.pick(count)
    second = scene.pick(len(first))
    first = first[: len(second)]
    odd = scene.rng.integers(1_000, 9_000_000, len(first))
    for rows in (scene.platform, scene.ledger, scene.bank):
        rows.change(first, amount=odd)
        rows.change(second, amount=odd)
        for name in ("account", "currency", "direction", "booked"):
            rows.change(second, **{name: rows.columns[name][first]})
    for places in (first, second):
        scene.bank.change(places, end_to_end_id="", counterparty="")
        scene.expected[1:, places] = 0
        scene.label(places, Class.AMBIGUOUS)


def _names(scene: Scene, count: int) -> np.ndarray[tuple[int], np.dtype[np.object_]]:
    return np.array([f"N{n:018d}" for n in scene.rng.integers(0, 10**17, count).tolist()], np.object_)


def _swapped(amount: int) -> int:
    """Two neighbouring digits exchanged, as people do."""
    text = str(amount)
    for place in range(len(text) - 1):
        if text[place] != text[place + 1] and text[place + 1] != "0":
            return int(text[:place] + text[place + 1] + text[place] + text[place + 2 :])
    return amount + 1_300


FAULTS: tuple[Fault, ...] = (
    _missing,
    _strangers,
    _amounts,
    _fees,
    _directions,
    _duplicates,
    _late,
    _dates,
    _accounts,
    _taken_back,
    _splits,
    _short_batches,
    _ambiguous,
)
