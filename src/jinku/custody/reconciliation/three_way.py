"""Reconcile the sides: platform books, custody ledger and bank statement, per movement and per balance.

Rules:

1. The sides are compared in the order ledger–platform, ledger–bank, platform–bank, each by the table of rules. What is
   linked, directly or through a third record, is one case; each record is in exactly one.
2. Every case is equal or at least one break. The effects of the breaks of an account sum to the difference of its
   sides; anything else raises ReconciliationBroken.
3. Balances too: on each side opening + movements must be closing, and closings may differ by the breaks' effects only.
   What is beyond is `residual`: older than what was carried here.
4. The result does not depend on the order of records, on the machine or on the clock: equal inputs give equal bytes.

Example::

    result = reconcile_sides(Sides(ledger=ours, bank=theirs, platform=books, as_of=day), load_rules())
    result.is_clean, result.counts, result.to_bytes()
"""

from dataclasses import replace
from typing import Any

import numpy as np

from jinku.base.errors import InputError
from jinku.custody.errors import ReconciliationBroken
from jinku.custody.reconciliation.breaks import Break
from jinku.custody.reconciliation.carried import Carried
from jinku.custody.reconciliation.cases import Cases
from jinku.custody.reconciliation.classify import BANK, LEDGER, PLATFORM, REMEMBERED, REST, Classifier
from jinku.custody.reconciliation.keys import Book
from jinku.custody.reconciliation.matching import Work
from jinku.custody.reconciliation.outcome import ThreeWay, Total
from jinku.custody.reconciliation.records import SIDES, Longs, Records, Side, Sides, exact_sum, joined
from jinku.custody.reconciliation.rules import Rules, load_rules

__all__ = ["ThreeWay", "Total", "reconcile_sides"]


def reconcile_sides(sides: Sides, rules: Rules | None = None, carried: Carried | None = None) -> ThreeWay:
    """Compare the sides with what was `carried` from the day before; see the module.

    Raises BadRecords where an id is carried and comes again, InputError for a side in another side's place,
    CalendarRange for a day that the rules' calendar has no rows for, and ReconciliationBroken for a fault of its own.
    """
    rules, carried = rules or load_rules(), carried or Carried()
    whole = _with_carried(sides, carried)
    book = Book(whole, rules.calendar)
    work = Work(book, rules)
    if book.present[PLATFORM]:
        work.run(0)
        work.enrich()
    if book.present[BANK]:
        work.run(1)
    if book.present[PLATFORM] and book.present[BANK]:
        work.run(2)
    work.net()
    cases = Cases(work)
    classifier = Classifier(cases, rules, sides, dict(carried.standing))
    breaks = tuple(classifier.breaks())
    result = ThreeWay(
        sides=sides,
        whole=whole,
        rules=rules,
        cases=cases,
        equal=classifier.equal,
        lag=classifier.lag(),
        breaks=breaks,
        case_of_break=tuple(classifier.case_of_break),
        totals=_totals(cases, sides, breaks),
        carried=_carry(cases, classifier, breaks, carried),
    )
    _check(result)
    return result


def _with_carried(sides: Sides, carried: Carried) -> Sides:
    parts: dict[str, Any] = {}
    for side in SIDES:
        records = sides.of(side)
        if records is None:
            continue
        if records.side is not side:
            raise InputError(f"holds records of the {records.side.value} side", field=side.value)
        before = carried.of(side)
        parts[side.value] = joined([before, records]) if len(before) else records
    return replace(sides, **parts)


def _totals(cases: Cases, sides: Sides, breaks: tuple[Break, ...]) -> tuple[Total, ...]:
    """Sums, effects and balances of each account and currency, in order of both."""
    book = cases.book
    live = book.live
    found: dict[tuple[str, str], list[int]] = {}
    for place in np.unique(cases.place[live]).tolist():
        nodes = np.flatnonzero(live & (cases.place == place))
        part, row = book.record(int(nodes[0]))
        of_side = book.side_of[nodes]
        sums = [exact_sum(book.signed[nodes[of_side == side]]) for side in range(3)]
        found[str(part.account[row]), str(part.currency[row])] = sums
    for balance in sides.balances:
        found.setdefault((balance.account, balance.currency), [0, 0, 0])
    effects: dict[tuple[str, str], list[int]] = {key: [0, 0] for key in found}
    for one in breaks:
        effects[one.account, one.currency][0] += one.effect
        effects[one.account, one.currency][1] += one.books_effect
    balances = {(one.side, one.account, one.currency): one for one in sides.balances}
    moved = _moved(sides)
    made = []
    for (account, code), sums in sorted(found.items()):
        made.append(
            Total(
                account=account,
                currency=code,
                sums=(sums[PLATFORM], sums[LEDGER], sums[BANK]),
                present=tuple(book.present),
                effect=effects[account, code][0],
                books_effect=effects[account, code][1],
                balances=tuple(balances.get((side, account, code)) for side in SIDES),
                moved=tuple(moved.get((side, account, code), 0) for side in SIDES),
            )
        )
    return tuple(made)


def _moved(sides: Sides) -> dict[tuple[Side, str, str], int]:
    """What moved on each side, account and currency, without what was carried."""
    found: dict[tuple[Side, str, str], int] = {}
    for side in SIDES:
        records = sides.of(side)
        if records is None or not any(one.side is side for one in sides.balances):
            continue
        signed = np.where(records.pending, 0, records.signed)
        accounts, codes = records.account.tolist(), records.currency.tolist()
        homes = {home: number for number, home in enumerate(dict.fromkeys(zip(accounts, codes, strict=True)))}
        index = np.fromiter(
            (homes[home] for home in zip(accounts, codes, strict=True)), np.int64, len(accounts)
        )
        for (account, code), number in homes.items():
            found[side, account, code] = exact_sum(signed[index == number])
    return found


def _carry(cases: Cases, classifier: Classifier, breaks: tuple[Break, ...], before: Carried) -> Carried:
    """What stands open: records without a partner as they are, and what is left of those that differ."""
    book = cases.book
    complete = np.ones(cases.size, np.bool_)
    flat = np.zeros(cases.size, np.bool_)  # the bank took back itself what it had booked
    for place in classifier.taking_part:
        complete &= cases.count[place] > 0
    netted = cases.work.group_of[-1]
    flat[cases.of_node[np.flatnonzero(netted >= 0)]] = True
    stays = ~classifier.equal & ~complete & ~flat & cases.one_place
    of_node = np.where(cases.of_node >= 0, cases.of_node, 0)
    keep = (cases.of_node >= 0) & stays[of_node] if cases.size else np.zeros(book.size, np.bool_)
    rests: dict[Side, list[tuple[Break, int, str]]] = {Side.PLATFORM: [], Side.BANK: []}
    standing: dict[str, Break] = {}
    kept_ids: set[str] = set()
    for one, case in zip(breaks, classifier.case_of_break, strict=True):
        if stays[case] and one.kind in REMEMBERED:
            standing |= dict.fromkeys(_ids(book, cases.members(case)), one)
        if stays[case] or flat[case]:
            continue
        for side, effect in ((Side.BANK, one.effect), (Side.PLATFORM, -one.books_effect)):
            if effect:
                name = f"{REST}{one.break_id:032x}/{side.value}"
                rests[side].append((one, effect, name))
                standing[name] = one
    parts: dict[str, Records] = {}
    for number, side in enumerate(SIDES):
        if not book.present[number]:
            parts[side.value] = before.of(side)
            kept_ids.update(before.of(side).id.tolist())
            continue
        open_part = book.parts[number].take(keep[book.span(side)])
        pieces = [open_part, *([_rest(side, rests[side])] if rests.get(side) else [])]
        parts[side.value] = joined(pieces)
        kept_ids.update(open_part.id.tolist())
    standing = {name: one for name, one in before.standing.items() if name in kept_ids} | standing
    return Carried(**parts, standing=standing, until=before.until)


def _ids(book: Book, nodes: Longs) -> list[str]:
    return [str(part.id[row]) for part, row in map(book.record, nodes.tolist())]


def _rest(side: Side, rests: list[tuple[Break, int, str]]) -> Records:
    return Records.build(
        side,
        {
            "id": [name for _, _, name in rests],
            "reference": [one.reference for one, _, _ in rests],
            "end_to_end_id": [one.reference for one, _, _ in rests],
            "amount": [abs(effect) for _, effect, _ in rests],
            "direction": [1 if effect > 0 else -1 for _, effect, _ in rests],
            "booked": [one.day for one, _, _ in rests],
            "account": [one.account for one, _, _ in rests],
            "currency": [one.currency for one, _, _ in rests],
        },
    )


def _check(result: ThreeWay) -> None:
    """Rule 2, always on."""
    for total in result.totals:
        platform, ledger, bank = total.sums
        if result.present[BANK] and total.effect != bank - ledger:
            raise _broken(total.account, total.effect, bank - ledger)
        if result.present[PLATFORM] and total.books_effect != ledger - platform:
            raise _broken(total.account, total.books_effect, ledger - platform)
    counted: Longs = result.cases.count.sum(axis=1)
    live = [int((~part.pending).sum()) for part in result.cases.book.parts]
    if counted.tolist() != live:
        raise _broken("records", int(counted.sum()), sum(live))
    if result.present[LEDGER] and len(result.equal) != result.cases.size:
        raise _broken("cases", len(result.equal), result.cases.size)


def _broken(what: str, explained: int, difference: int) -> ReconciliationBroken:
    return ReconciliationBroken(
        f"{what}: breaks explain {explained} of a difference of {difference}", remedy="report this as a fault"
    )
