"""From cases to breaks: which class, on which side, and what was seen.

Rules:

1. A case with records of every side that takes part, equal sums, one account, and days that agree is equal. Everything
   else is exactly one break, or one for each account where money lies on another than it should.
2. A record that stands alone is a duplicate if its account, reference, amount and direction are matched already; taken
   back or returned if the same payment in the other direction is; ambiguous if something open fits it without proof.
3. Our record is late, not missing, if the bank shows it as pending, if it is not due yet, or within the days that money
   may be in transit.
4. The side that is out of step is the one that differs from two that agree; with two sides nobody can say.

Example::

    breaks = Classifier(cases, rules, sides, standing).breaks()
"""

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import date
from functools import cache

import numpy as np

from jinku.base.currency import currency
from jinku.base.decimals import format_minor
from jinku.base.errors import UnknownCurrency
from jinku.base.ids import derived_id
from jinku.custody.reconciliation.breaks import Break, BreakClass, Outcome
from jinku.custody.reconciliation.cases import Cases
from jinku.custody.reconciliation.matching import NETTING
from jinku.custody.reconciliation.records import SIDES, Bits, Longs, Side, Sides, day_of
from jinku.custody.reconciliation.rules import BPS, Need, Rules
from jinku.custody.reconciliation.weak import CANDIDATES_MAX

PLATFORM, LEDGER, BANK = range(3)
REST = "rest/"
"""Ids of what is left of a break begin with this."""
REMEMBERED = frozenset(
    {
        BreakClass.DUPLICATE_AT_BANK,
        BreakClass.DUPLICATE_IN_BOOKS,
        BreakClass.DUPLICATE_IN_PLATFORM,
        BreakClass.RETURNED,
        BreakClass.REVERSED,
    }
)
"""Classes that rest on a record which is settled and will not be there tomorrow."""
_SCANNED_MAX = 64
_Key = tuple[int, ...]


class Classifier:
    """Explains the cases of one reconciliation."""

    def __init__(self, cases: Cases, rules: Rules, sides: Sides, standing: dict[str, Break]) -> None:
        self.cases, self.book, self.rules, self.as_of = cases, cases.book, rules, sides.as_of
        self.shown_until = sides.shown_until or sides.as_of
        self.standing = standing
        self.taking_part = [side for side in range(3) if self.book.present[side]]
        rows = [row for row in rules.rows if "reference" in row.keys]
        self._reach = (
            min((r.window[0] for r in rows), default=0),
            max((r.window[1] for r in rows), default=0),
        )
        alone = [row.window for row in rules.rows if row.need is Need.DISTINCT] or [(0, 0)]
        self._fit = alone[-1]
        self.days_between = cache(rules.calendar.days_between)
        self.equal = self._equal()
        self.case_of_break: list[int] = []
        """The case of each break, once they are made."""

    def breaks(self) -> list[Break]:
        """The breaks, in order of cases."""
        left = np.flatnonzero(~self.equal)
        self._index(left)
        found: list[Break] = []
        for case in left.tolist():
            made = self._of_case(case)
            found += made
            self.case_of_break += [case] * len(made)
        return found

    # --- equal ---------------------------------------------------------------------------------------------------

    def lag(self) -> Longs:
        """Of each case: business days from our last record to the bank's last; 0 where a side lacks it."""
        last, count = self.cases.last, self.cases.count
        both = (count[LEDGER] > 0) & (count[BANK] > 0)
        lag: Longs = np.where(both, last[BANK] - np.where(both, last[LEDGER], 0), 0)
        return lag

    def _equal(self) -> Bits:
        cases = self.cases
        good = cases.one_place.copy()
        for side in self.taking_part:
            good &= (cases.count[side] > 0) & (cases.sum[side] == cases.sum[LEDGER])
        lag = self.lag()
        good &= (lag >= 0) & (lag <= self.rules.lag_days_max)
        if PLATFORM in self.taking_part:
            good &= cases.last[PLATFORM] == cases.last[LEDGER]
        if BANK in self.taking_part:
            good &= (cases.count[BANK] <= 1) & ~(cases.mixed[LEDGER] & ~cases.mixed[BANK])
        return good

    # --- one case ------------------------------------------------------------------------------------------------

    def _of_case(self, case: int) -> list[Break]:
        nodes = self.cases.members(case).tolist()
        sides = [[n for n in nodes if self.book.side_of[n] == side] for side in range(3)]
        if (old := self._standing(nodes, sides)) is not None:
            return [old]
        if not self.cases.one_place[case]:
            return self._apart(sides)
        if all(sides[side] for side in self.taking_part):
            kind, side, seen = self._complete(case, sides)
            return [self._break(kind, sides, side, seen)]
        if not sides[PLATFORM] and not sides[LEDGER]:
            kind, seen, others = self._bank_only(sides[BANK])
            return [self._break(kind, sides, Side.BANK.value, seen, others)]
        kind, side, seen, others = self._incomplete(sides)
        return [self._break(kind, sides, side, seen, others)]

    def _standing(self, nodes: list[int], sides: list[list[int]]) -> Break | None:
        """The break of an earlier day that all of `nodes` are left of, with today's age; None where there is none."""
        if not self.standing:
            return None
        olds = [self.standing.get(str(part.id[row])) for part, row in map(self.book.record, nodes)]
        old = olds[0]
        if old is None or any(one is None or one.break_id != old.break_id for one in olds):
            return None
        sums = [sum(int(self.book.signed[n]) for n in side) for side in sides]
        if self.book.present[PLATFORM] and self.book.present[BANK] and not any(sums):
            return None
        part, row = self.book.record(nodes[0])
        beside = str(part.id[row]).startswith(REST) and not sides[BANK] and old.effect != 0
        return replace(
            old,
            age_days=self._age(old.day),
            effect=sums[BANK] - sums[LEDGER] if self.book.present[BANK] else 0,
            books_effect=sums[LEDGER] - sums[PLATFORM] if self.book.present[PLATFORM] else 0,
            number=derived_id("custody/break/books", f"{old.break_id:032x}") if beside else old.break_id,
        )

    def _complete(self, case: int, sides: list[list[int]]) -> tuple[BreakClass, str, list[str]]:
        """Every side that takes part has it; sums, days or numbers of records differ."""
        sums = [int(self.cases.sum[side, case]) for side in range(3)]
        odd = self._odd(sums)
        if any(sums[side] != sums[LEDGER] for side in self.taking_part):
            return self._differs(sides, sums, odd)
        ours, bank = sides[LEDGER], sides[BANK]
        if bank and self.cases.mixed[LEDGER, case] and not self.cases.mixed[BANK, case]:
            parts = ", ".join(self._money(n) for n in ours[:CANDIDATES_MAX])
            return BreakClass.FEE_NETTED, "", [f"the bank booked {self._money(bank[0])} for {parts}"]
        if len(bank) > 1:
            seen = f"{len(bank)} lines of the bank for {len(ours)} of ours, equal in sum"
            return BreakClass.BATCH_SPLIT, Side.BANK.value, [seen]
        mine = max(ours, key=lambda n: (self.book.business[n], n))
        if sides[PLATFORM] and self.cases.last[PLATFORM, case] != self.cases.last[LEDGER, case]:
            theirs = max(sides[PLATFORM], key=lambda n: (self.book.business[n], n))
            seen = f"the ledger has {self._day(mine)}, the platform {self._day(theirs)}"
            side = ""
            if bank:
                agree = self.cases.last[BANK, case] == self.cases.last[LEDGER, case]
                side = Side.PLATFORM.value if agree else Side.LEDGER.value
            return BreakClass.WRONG_DATE, side, [seen]
        lag = int(self.cases.last[BANK, case] - self.cases.last[LEDGER, case])
        seen = f"ours is of {self._day(mine)}, the bank booked it on {self._day(bank[-1])} ({lag:+d} business days)"
        return (BreakClass.LATE if lag > 0 else BreakClass.WRONG_DATE), Side.BANK.value, [seen]

    def _odd(self, sums: Sequence[int]) -> str:
        if len(self.taking_part) < 3:
            return ""
        for side in range(3):
            a, b = (sums[one] for one in range(3) if one != side)
            if a == b != sums[side]:
                return SIDES[side].value
        return ""

    def _differs(
        self, sides: list[list[int]], sums: list[int], odd: str
    ) -> tuple[BreakClass, str, list[str]]:
        unit = self._unit(sides)
        have = ", ".join(
            f"the {SIDES[side].value} has {format_minor(sums[side], unit[1])} {unit[0]}"
            for side in self.taking_part
        )
        seen = [f"reference {self._reference(sides)} on every side: {have}"]
        if any(sums[side] * sums[LEDGER] < 0 for side in self.taking_part):
            return BreakClass.WRONG_DIRECTION, odd, seen
        ours = sums[LEDGER] if odd != Side.LEDGER.value else sums[PLATFORM]
        gaps = {sums[side] - ours for side in self.taking_part} - {0}
        if odd in ("", Side.BANK.value) and BANK in self.taking_part and sums[PLATFORM] in (ours, 0):
            charge = ours - sums[BANK]
            for fee in self.rules.fees:
                if charge == fee.of(abs(ours)) > 0:
                    return (
                        BreakClass.FEE_NETTED,
                        odd,
                        [*seen, f"the bank kept {format_minor(charge, unit[1])}, an agreed charge"],
                    )
        allowed = max(self.rules.tolerance, abs(ours) * self.rules.tolerance_bps // BPS)
        if allowed and all(abs(gap) <= allowed for gap in gaps):
            seen.append(f"within the tolerance of {format_minor(allowed, unit[1])}")
            return BreakClass.AMOUNT_TOLERATED, odd, seen
        return BreakClass.AMOUNT_DIFFERS, odd, seen

    def _apart(self, sides: list[list[int]]) -> list[Break]:
        """Rule 1: the records of one payment lie on several accounts."""
        nodes = [node for side in sides for node in side]
        homes = [{int(self.cases.place[n]) for n in side} for side in sides]
        odd = ""
        if len(self.taking_part) == 3:
            for side in range(3):
                a, b = (homes[one] for one in range(3) if one != side)
                odd = SIDES[side].value if a == b != homes[side] else odd
        seen = [
            f"the {SIDES[s].value} has it on account {self._account(sides[s][0])}"
            for s in range(3)
            if sides[s]
        ]
        found = []
        places = {(self._account(node), int(self.cases.place[node])) for node in nodes}
        for _, place in sorted(places):
            here = [[n for n in side if self.cases.place[n] == place] for side in sides]
            sums = [sum(int(self.book.signed[n]) for n in side) for side in here]
            if sums[BANK] != sums[LEDGER] or (self.book.present[PLATFORM] and sums[LEDGER] != sums[PLATFORM]):
                found.append(self._break(BreakClass.WRONG_ACCOUNT, sides, odd, seen, place=place))
        if not found:  # no account's sum differs, as with amounts of 0: it is told all the same
            _, place = min(places)
            found.append(self._break(BreakClass.WRONG_ACCOUNT, sides, odd, seen, place=place))
        return found

    def _incomplete(self, sides: list[list[int]]) -> tuple[BreakClass, str, list[str], tuple[str, ...]]:
        """Our books have it, or one of them; some side does not."""
        node = (sides[LEDGER] or sides[PLATFORM])[0]
        three = len(self.taking_part) == 3
        twin = self._twin(node)
        if twin is not None and len(sides[LEDGER]) <= 1 and len(sides[PLATFORM]) <= 1:
            kind = BreakClass.DUPLICATE_IN_BOOKS if sides[LEDGER] else BreakClass.DUPLICATE_IN_PLATFORM
            side = Side.LEDGER.value if sides[LEDGER] else Side.PLATFORM.value
            return kind, side, [f"{self.book.named(twin)} has the same reference, amount and direction"], ()
        due = day_of(int(self.book.booked[node])) <= self.shown_until
        if not sides[BANK] and BANK in self.taking_part:
            both = bool(sides[LEDGER]) and (bool(sides[PLATFORM]) or not self.book.present[PLATFORM])
            if both or not due:
                return self._not_shown(node)
        kind, side = {
            (False, True, False): (BreakClass.ONLY_IN_LEDGER, Side.LEDGER),
            (True, False, False): (BreakClass.ONLY_IN_PLATFORM, Side.PLATFORM),
            (True, False, True): (BreakClass.MISSING_IN_LEDGER, Side.LEDGER),
            (False, True, True): (BreakClass.MISSING_IN_PLATFORM, Side.PLATFORM),
        }[(bool(sides[PLATFORM]), bool(sides[LEDGER]), bool(sides[BANK]))]
        if not three:  # the platform against the ledger alone
            kind = BreakClass.MISSING_IN_PLATFORM if sides[LEDGER] else BreakClass.MISSING_IN_LEDGER
            side = Side.PLATFORM if sides[LEDGER] else Side.LEDGER
        lacking = [SIDES[s].value for s in self.taking_part if not sides[s]]
        seen = [f"{self._named(node)} is not with the {' nor the '.join(lacking)}"]
        return kind, side.value, seen, self._rivals(node)

    def _not_shown(self, node: int) -> tuple[BreakClass, str, list[str], tuple[str, ...]]:
        """Our books agree, and the bank does not show it: rules 2 and 3."""
        day = day_of(int(self.book.booked[node]))
        age = self._age(day)
        name = int(self.cases.work.name[node])
        if name and name in self._pending:
            return BreakClass.LATE, Side.BANK.value, [f"the bank shows {self._named(node)} as pending"], ()
        if day > self.shown_until:
            return BreakClass.LATE, "", [f"of {day}, after the last day {self.shown_until}"], ()
        rivals = self._rivals(node)
        if rivals:
            return BreakClass.AMBIGUOUS, "", [f"without proof it fits {', '.join(rivals)}"], rivals
        if age <= self.rules.transit_days and self.rules.transit_days:
            seen = f"under way for {age} business days of {self.rules.transit_days} allowed"
            return BreakClass.LATE, Side.BANK.value, [seen], ()
        return (
            BreakClass.MISSING_AT_BANK,
            Side.BANK.value,
            [f"no line of the bank has {self._named(node)}"],
            (),
        )

    def _bank_only(self, nodes: list[int]) -> tuple[BreakClass, list[str], tuple[str, ...]]:
        node = nodes[0]
        if self.cases.work.group_of[NETTING, node] >= 0:
            return BreakClass.REVERSED, [f"the bank booked {self._money(node)} and took it back"], ()
        part, place = self.book.record(node)
        twin, opposite = self._twin(node), self._twin(node, opposite=True)
        if twin is not None and not self.book.taken_back[node]:
            return (
                BreakClass.DUPLICATE_AT_BANK,
                [f"{self.book.named(twin)} has the same reference, amount and direction, and is matched"],
                (),
            )
        if opposite is not None or self.book.taken_back[node]:
            seen = [f"it takes back {self.book.named(opposite)}"] if opposite is not None else []
            if part.return_reason[place]:
                return BreakClass.RETURNED, [*seen, f"return reason {part.return_reason[place]}"], ()
            if part.reversal[place]:
                return BreakClass.REVERSED, [*seen, "the bank marks it as a reversal"], ()
            came = self.book.direction[node] > 0
            return (BreakClass.RETURNED if came else BreakClass.REVERSED), seen, ()
        rivals = self._rivals(node)
        if rivals:
            return BreakClass.AMBIGUOUS, [f"without proof it fits {', '.join(rivals)}"], rivals
        return BreakClass.UNKNOWN_AT_BANK, [f"none of our records has {self._named(node)}"], ()

    # --- what else there is ---------------------------------------------------------------------------------------

    def _index(self, left: Longs) -> None:
        """What leftovers are compared with: matched records of the same names, open ones of the same names and
        amounts."""
        book, cases, name = self.book, self.cases, self.cases.work.name
        open_case = np.zeros(cases.size, np.bool_)
        complete = np.ones(cases.size, np.bool_)
        for side in self.taking_part:
            complete &= cases.count[side] > 0
        open_case[left] = ~complete[left]
        live = np.flatnonzero(book.live)
        is_open = open_case[cases.of_node[live]]
        opened = live[is_open]
        wanted = np.zeros(len(book.names.texts), np.bool_)
        wanted[name[opened]] = True
        wanted[0] = False
        twins = live[~is_open & wanted[name[live]]]
        self._twins: dict[_Key, int] = {}
        for node in twins[::-1].tolist():
            self._twins[self._key(node)] = node
        self._named_open: dict[tuple[int, int], list[int]] = defaultdict(list)
        self._fitting: dict[_Key, list[tuple[int, int]]] = defaultdict(list)
        for node in opened.tolist():
            if name[node]:
                self._named_open[int(name[node]), int(book.side_of[node])].append(node)
            self._fitting[self._shape(node)].append((int(book.business[node]), node))
        for each in self._fitting.values():
            each.sort()
        pending = np.flatnonzero(~book.live)
        self._pending = set(name[pending].tolist()) - {0}
        self._parties = set(np.unique(book.counterparty[book.side_of != BANK]).tolist()) - {0}
        """Counterparties that our books know."""

    def _key(self, node: int, *, opposite: bool = False) -> _Key:
        book = self.book
        way = int(book.sideway[node]) ^ opposite
        return (
            int(book.side_of[node]),
            int(self.cases.place[node]),
            int(self.cases.work.name[node]),
            int(book.amount_code[node]),
            way,
        )

    def _shape(self, node: int, side: int = -1) -> _Key:
        book = self.book
        which = int(book.side_of[node]) if side < 0 else side
        return (which, int(self.cases.place[node]), int(book.amount_code[node]), int(book.sideway[node]))

    def _twin(self, node: int, *, opposite: bool = False) -> int | None:
        return self._twins.get(self._key(node, opposite=opposite)) if self.cases.work.name[node] else None

    def _nameless(self, node: int) -> bool:
        return (
            not self.cases.work.sure[node] and not self.book.ids[0, node] and not self.book.taken_back[node]
        )

    def _rivals(self, node: int) -> tuple[str, ...]:
        """Open records of other sides that fit without proof: by a shared reference, or by amount where one is
        nameless. The first few: where thousands fit, the rest are not looked at."""
        alive: dict[int, None] = {}
        for one in self._candidates(node):
            if not self._settled(one):
                alive[one] = None
                if len(alive) == CANDIDATES_MAX:
                    break
        return tuple(map(self.book.named, alive))

    def _candidates(self, node: int) -> Iterator[int]:
        book = self.book
        case = self.cases.of_node[node]
        yield from self.cases.work.ambiguous.get(node, ())
        here, name = int(book.side_of[node]), int(self.cases.work.name[node])
        for side in self.taking_part:
            if side == here or self.cases.count[side, case]:
                continue
            of_ours = side > here
            for one in self._named_open.get((name, side), ())[:_SCANNED_MAX] if name else ():
                lag = int(book.business[one] - book.business[node]) * (1 if of_ours else -1)
                near = self._reach[0] <= lag <= self._reach[1] and book.currency[one] == book.currency[node]
                if near and not book.taken_back[one] and not book.taken_back[node]:
                    yield one
            if of_ours or self._nameless(node):
                yield from self._fits(node, side, of_ours=of_ours)

    def _settled(self, node: int) -> bool:
        case = self.cases.of_node[node]
        return all(self.cases.count[side, case] > 0 for side in self.taking_part)

    def _fits(self, node: int, side: int, *, of_ours: bool) -> Iterator[int]:
        book = self.book
        shelf = self._fitting.get(self._shape(node, side), ())
        day = int(book.business[node])
        low, high = (
            (day + self._fit[0], day + self._fit[1]) if of_ours else (day - self._fit[1], day - self._fit[0])
        )
        first = bisect_left(shelf, (low, -1))
        for business, one in shelf[first : first + _SCANNED_MAX]:
            if business > high:
                break
            if of_ours and not self._nameless(one):
                continue
            if self._may_be(node, one):
                yield one

    def _may_be(self, node: int, other: int) -> bool:
        """Whether the counterparties allow that two records are one payment: a bank's one must be known to our
        books."""
        mine, theirs = int(self.book.counterparty[node]), int(self.book.counterparty[other])
        if mine and theirs:
            return mine == theirs
        bank = mine if self.book.side_of[node] == BANK else theirs if self.book.side_of[other] == BANK else 0
        return not bank or not self._parties or bank in self._parties

    # --- the break ------------------------------------------------------------------------------------------------

    def _break(
        self,
        kind: BreakClass,
        sides: list[list[int]],
        side: str,
        seen: list[str],
        candidates: tuple[str, ...] = (),
        *,
        place: int = -1,
    ) -> Break:
        book = self.book
        nodes = [n for each in sides for n in each]
        here = [n for n in nodes if place in (-1, int(self.cases.place[n]))]
        sums = [sum(int(book.signed[n]) for n in here if book.side_of[n] == one) for one in range(3)]
        effect = sums[BANK] - sums[LEDGER] if book.present[BANK] else 0
        books = sums[LEDGER] - sums[PLATFORM] if book.present[PLATFORM] else 0
        main = (sides[LEDGER] or sides[PLATFORM] or sides[BANK])[0]
        whole = max(abs(sum(int(book.signed[n]) for n in each)) for each in sides)
        day = min(int(book.booked[n]) for n in (sides[LEDGER] or sides[PLATFORM] or sides[BANK]))
        part, row = book.record(here[0])
        records = [book.record(n) for n in nodes]
        lines = [int(p.line[r]) for p, r in records if p.side is Side.BANK]
        lacking = not sides[BANK] or not sides[LEDGER]
        outcome = (
            Outcome.OURS_ONLY
            if not sides[BANK]
            else Outcome.BANK_ONLY
            if not sides[LEDGER]
            else Outcome.MISMATCH
        )
        if not lacking and effect == 0 and kind is not BreakClass.WRONG_ACCOUNT:
            outcome = Outcome.EQUAL
        twin = self._twin(main) if kind in _TWINNED else None
        transfers = [int(p.number[r]) for p, r in records if p.side is Side.LEDGER]
        if twin is not None:
            mates = [book.record(n) for n in self.cases.members(int(self.cases.of_node[twin])).tolist()]
            lines = [int(p.line[r]) for p, r in mates if p.side is Side.BANK] + lines
            transfers = [int(p.number[r]) for p, r in mates if p.side is Side.LEDGER] + transfers
        return Break(
            kind=kind,
            outcome=outcome,
            reference=self._reference(sides),
            amount=max(abs(effect), abs(books)) or whole or int(book.amount[main]),
            effect=effect,
            day=day_of(day),
            age_days=self._age(day_of(day)),
            bank_lines=tuple(lines),
            transfer_ids=tuple(transfers),
            evidence=tuple(seen),
            account=str(part.account[row]),
            currency=str(part.currency[row]),
            side=side,
            books_effect=books,
            bank_ids=tuple(str(p.id[r]) for p, r in records if p.side is Side.BANK),
            platform_ids=tuple(str(p.id[r]) for p, r in records if p.side is Side.PLATFORM),
            candidates=candidates,
            number=derived_id(
                "custody/break", str(part.account[row]), str(part.currency[row]), *map(book.named, nodes)
            ),
        )

    def _reference(self, sides: list[list[int]]) -> str:
        for node in (n for side in (LEDGER, PLATFORM, BANK) for n in sides[side]):
            name = int(self.cases.work.name[node])
            if name:
                return self.book.names.texts[name]
        return ""

    def _named(self, node: int) -> str:
        name = int(self.cases.work.name[node])
        return (
            f"reference {self.book.names.texts[name]}"
            if name
            else f"{self.book.named(node)}, which has no reference"
        )

    def _unit(self, sides: list[list[int]]) -> tuple[str, int]:
        part, row = self.book.record(next(n for side in sides for n in side))
        return _unit(str(part.currency[row]))

    def _money(self, node: int) -> str:
        part, row = self.book.record(node)
        code, exponent = _unit(str(part.currency[row]))
        return f"{format_minor(int(self.book.signed[node]), exponent)} {code}"

    def _account(self, node: int) -> str:
        part, row = self.book.record(node)
        return str(part.account[row])

    def _day(self, node: int) -> date:
        return day_of(int(self.book.booked[node]))

    def _age(self, day: date) -> int:
        return self.days_between(day, self.as_of)


_TWINNED = frozenset(
    {BreakClass.DUPLICATE_AT_BANK, BreakClass.DUPLICATE_IN_BOOKS, BreakClass.DUPLICATE_IN_PLATFORM}
)


@cache
def _unit(code: str) -> tuple[str, int]:
    try:
        return code, currency(code).exponent
    except UnknownCurrency:
        return code, 0
