"""From pairs and leftovers to breaks: which class, and what was seen.

Rules:

1. A pair of equal money becomes a break only if the bank booked it on another day than ours by more than the
   policy allows: LATE, with no effect.
2. A bank entry left over is DUPLICATE_AT_BANK if its reference, amount and direction are matched already;
   AMBIGUOUS if several of our open movements fit; else UNKNOWN_AT_BANK.
3. A movement of ours left over is DUPLICATE_IN_BOOKS by the same test; AMBIGUOUS likewise; LATE if the bank
   shows it as pending, or if it is not due yet or within the days that money may be in transit; else
   MISSING_AT_BANK.
4. A record on the other side with the same amount, direction and day but another reference is named in the
   evidence and left for a person to judge.
"""

from collections.abc import Sequence
from datetime import date

from jinku.custody.reconciliation.breaks import Break, BreakClass, Outcome
from jinku.custody.reconciliation.model import Match, Movement, Policy
from jinku.custody.statements.model import Direction, EntryStatus, Statement

CANDIDATES_SHOWN_MAX = 5

_Fit = tuple[int, Direction, date]
_Named = tuple[str, int, Direction]


class Leftovers:
    """Explains what the steps left, for one statement; `names` holds the reference of each line."""

    def __init__(
        self, bank: Statement, names: Sequence[str], movements: Sequence[Movement], policy: Policy
    ) -> None:
        self._bank = bank
        self._names = names
        self._movements = movements
        self._policy = policy
        self._as_of = policy.as_of or bank.to_date
        self._matched_bank: dict[_Named, Match] = {}
        self._matched_ours: dict[_Named, Match] = {}
        self._pending = {
            name
            for name, entry in zip(names, bank.entries, strict=True)
            if name and entry.status is EntryStatus.PENDING
        }

    def remember(self, match: Match) -> None:
        """Note that this pair is settled, so that a second record of the kind is seen as a duplicate."""
        entry, movement = match.entry, match.movement
        name = self._names[match.bank_line - 1]
        self._matched_bank.setdefault((name, entry.amount, entry.direction), match)
        self._matched_ours.setdefault((movement.reference, movement.amount, movement.direction), match)

    def of_pair(self, match: Match, verdict: BreakClass | None) -> Break | None:
        """The break that a pair is: a mismatch by `verdict`, or a late one, or none."""
        entry, movement = match.entry, match.movement
        if verdict is None:
            if abs(match.lag_days) <= self._policy.lag_days_max:
                return None
            seen = (
                f"ours is of {movement.date}, the bank booked it on {entry.booked} ({match.lag_days:+d} days)"
            )
            return self._pair(match, BreakClass.LATE, Outcome.EQUAL, movement.amount, (seen,))
        money = self._bank.money
        evidence = [f"reference {movement.reference} on both sides"]
        if entry.amount != movement.amount:
            evidence.append(f"the bank has {money(entry.amount)}, our books {money(movement.amount)}")
        if entry.direction is not movement.direction:
            evidence.append(f"the bank has {entry.direction.value}, our books {movement.direction.value}")
        amount = abs(entry.signed - movement.signed)
        return self._pair(match, verdict, Outcome.MISMATCH, amount, tuple(evidence))

    def of_bank(self, lines: Sequence[int], open_ours: Sequence[int]) -> list[Break]:
        """A break for each statement line left over."""
        fits, named = self._open_ours(open_ours)
        return [self._of_line(line, fits, named) for line in lines]

    def of_ours(self, lines: Sequence[int], open_ours: Sequence[int]) -> list[Break]:
        """A break for each movement of ours left over."""
        fits: dict[_Fit, list[int]] = {}
        named: dict[str, list[int]] = {}
        for line in lines:
            entry = self._bank.entries[line - 1]
            fits.setdefault((entry.amount, entry.direction, entry.booked), []).append(line)
            named.setdefault(self._names[line - 1], []).append(line)
        return [self._of_movement(index, fits, named) for index in open_ours]

    def _open_ours(self, indexes: Sequence[int]) -> tuple[dict[_Fit, list[int]], dict[str, list[int]]]:
        fits: dict[_Fit, list[int]] = {}
        named: dict[str, list[int]] = {}
        for index in indexes:
            one = self._movements[index]
            fits.setdefault((one.amount, one.direction, one.date), []).append(index)
            named.setdefault(one.reference, []).append(index)
        return fits, named

    def _of_line(self, line: int, fits: dict[_Fit, list[int]], named: dict[str, list[int]]) -> Break:
        entry, name = self._bank.entries[line - 1], self._names[line - 1]
        kind = BreakClass.UNKNOWN_AT_BANK
        twin = self._matched_bank.get((name, entry.amount, entry.direction)) if name else None
        rivals = named.get(name, []) if name else []
        alike = fits.get((entry.amount, entry.direction, entry.booked), [])
        if twin is not None:
            kind = BreakClass.DUPLICATE_AT_BANK
            evidence = [f"line {twin.bank_line} has the same reference {name}, amount and direction"]
            evidence.append(f"that line is matched with transfer {twin.movement.transfer_id}")
        elif rivals:
            kind = BreakClass.AMBIGUOUS
            evidence = [f"reference {name} is shared by {self._transfers(rivals)}"]
        elif alike and not entry.end_to_end_id:
            kind = BreakClass.AMBIGUOUS
            evidence = [f"without an end-to-end id it fits {self._transfers(alike)} equally"]
        else:
            evidence = [f"no movement of ours has reference {name}" if name else "the bank gave no reference"]
            if alike:
                evidence.append(f"same amount, direction and day, other reference: {self._transfers(alike)}")
        return Break(
            kind=kind,
            outcome=Outcome.BANK_ONLY,
            reference=name,
            amount=entry.amount,
            effect=entry.signed,
            day=entry.booked,
            age_days=self._age(entry.booked),
            bank_lines=(line,) if twin is None else (twin.bank_line, line),
            transfer_ids=() if twin is None else (twin.movement.transfer_id,),
            evidence=tuple(evidence),
            account=self._bank.account,
        )

    def _of_movement(self, index: int, fits: dict[_Fit, list[int]], named: dict[str, list[int]]) -> Break:
        one = self._movements[index]
        age = self._age(one.date)
        kind = BreakClass.MISSING_AT_BANK
        name = one.reference
        twin = self._matched_ours.get((name, one.amount, one.direction)) if name else None
        rivals = named.get(name, []) if name else []
        alike = fits.get((one.amount, one.direction, one.date), [])
        if twin is not None:
            kind = BreakClass.DUPLICATE_IN_BOOKS
            evidence = [
                f"transfer {twin.movement.transfer_id} has the same reference {name}, amount and direction"
            ]
        elif rivals:
            kind = BreakClass.AMBIGUOUS
            evidence = [f"reference {name} is shared by {self._lines(rivals)}"]
        elif any(not self._bank.entries[line - 1].end_to_end_id for line in alike):
            kind = BreakClass.AMBIGUOUS
            evidence = [
                f"same amount, direction and day as {self._lines(alike)}, which name no end-to-end id"
            ]
        elif name in self._pending and name:
            kind = BreakClass.LATE
            evidence = [f"the bank shows reference {name} as pending"]
        elif one.date > self._bank.to_date:
            kind = BreakClass.LATE
            evidence = [f"of {one.date}, after the statement's last day {self._bank.to_date}"]
        elif age <= self._policy.transit_days and self._policy.transit_days:
            kind = BreakClass.LATE
            evidence = [f"under way for {age} business days of {self._policy.transit_days} allowed"]
        else:
            evidence = [f"no line of the statement has reference {name}" if name else "we gave no reference"]
            evidence += (
                [f"same amount, direction and day, other reference: {self._lines(alike)}"] if alike else []
            )
        return Break(
            kind=kind,
            outcome=Outcome.OURS_ONLY,
            reference=name,
            amount=one.amount,
            effect=-one.signed,
            day=one.date,
            age_days=age,
            bank_lines=() if twin is None else (twin.bank_line,),
            transfer_ids=(one.transfer_id,) if twin is None else (twin.movement.transfer_id, one.transfer_id),
            evidence=tuple(evidence),
            account=self._bank.account,
        )

    def _pair(
        self, match: Match, kind: BreakClass, outcome: Outcome, amount: int, evidence: tuple[str, ...]
    ) -> Break:
        return Break(
            kind=kind,
            outcome=outcome,
            reference=match.movement.reference or self._names[match.bank_line - 1],
            amount=amount,
            effect=match.entry.signed - match.movement.signed,
            day=match.movement.date,
            age_days=self._age(match.movement.date),
            bank_lines=(match.bank_line,),
            transfer_ids=(match.movement.transfer_id,),
            evidence=evidence,
            account=self._bank.account,
        )

    def _age(self, day: date) -> int:
        return self._policy.calendar.days_between(day, self._as_of)

    def _transfers(self, indexes: Sequence[int]) -> str:
        shown = [str(self._movements[index].transfer_id) for index in indexes[:CANDIDATES_SHOWN_MAX]]
        return "transfer " + ", ".join(shown) + (", …" if len(indexes) > len(shown) else "")

    def _lines(self, lines: Sequence[int]) -> str:
        shown = [str(line) for line in lines[:CANDIDATES_SHOWN_MAX]]
        return "line " + ", ".join(shown) + (", …" if len(lines) > len(shown) else "")
