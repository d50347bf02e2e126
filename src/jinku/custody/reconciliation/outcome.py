"""What came out of a reconciliation: cases and why, breaks, totals, what is carried on, and all of it as bytes.

Rules:

1. Matches are kept as columns and shown one by one; a million of them need no object each.
2. The bytes are lines: first a canonical JSON object that names method, rules, inputs by their digests, day, totals and
   counts; then a JSON array for each case that is equal, in the order of cases; then one for each break.
3. Amounts are strings of digits. No line depends on the order of the inputs, on the machine or on the time.

Example::

    for match in result.matches:
        print(match.explanation)
"""

import hashlib
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import Any, BinaryIO

import numpy as np
import orjson

from jinku.base.canonical import canonical_json
from jinku.custody.reconciliation.breaks import Break, Outcome
from jinku.custody.reconciliation.carried import Carried
from jinku.custody.reconciliation.cases import Cases
from jinku.custody.reconciliation.records import SIDES, Balance, Bits, Longs, Sides
from jinku.custody.reconciliation.rules import Rule, Rules

FORMAT = "jinku-three-way/v1"
_LINES_AT_ONCE = 50_000
PLATFORM, LEDGER, BANK = range(3)


@dataclass(frozen=True, slots=True)
class Total:
    """One account and currency: what each side moved and held. Signed minor units; sides in the order of SIDES."""

    account: str
    currency: str
    sums: tuple[int, int, int]
    """Booked records of each side, what was carried included."""
    present: tuple[bool, ...]
    effect: int
    """Sum of the breaks' effects: what the bank has beyond the ledger."""
    books_effect: int
    """What the ledger has beyond the platform."""
    balances: tuple[Balance | None, ...]
    moved: tuple[int, ...]
    """Booked records of each side without what was carried."""

    def slip(self, side: int) -> int | None:
        """Closing less (opening + movements) of one side; None where a balance is not given. 0 when all is well."""
        balance = self.balances[side]
        if balance is None or balance.opening is None or balance.closing is None:
            return None
        return balance.closing - balance.opening - self.moved[side]

    def residual(self, side: int, other: int = LEDGER) -> int | None:
        """By how much the closings of two sides differ beyond the breaks; None where one is not given."""
        mine, theirs = self.balances[side], self.balances[other]
        if mine is None or theirs is None or mine.closing is None or theirs.closing is None:
            return None
        return mine.closing - theirs.closing - (self.sums[side] - self.sums[other])

    @property
    def balanced(self) -> bool:
        """Whether every balance that is given fits the movements and the breaks."""
        slips = [self.slip(side) for side in range(3)]
        gaps = [self.residual(side) for side in (PLATFORM, BANK)]
        return not any(one for one in (*slips, *gaps) if one is not None)

    def as_json(self) -> dict[str, Any]:
        """The row as canonical values."""

        def text(value: int | None) -> str | None:
            return None if value is None else str(value)

        balances = {
            side.value: {"opening": text(one.opening), "closing": text(one.closing)}
            for side, one in zip(SIDES, self.balances, strict=True)
            if one is not None
        }
        return {
            "account": self.account,
            "currency": self.currency,
            "sums": {
                side.value: str(value)
                for side, value, here in zip(SIDES, self.sums, self.present, strict=True)
                if here
            },
            "effect": str(self.effect),
            "books_effect": str(self.books_effect),
            "balances": balances,
            "slips": {side.value: text(self.slip(place)) for place, side in enumerate(SIDES)},
            "residuals": {side.value: text(self.residual(place)) for place, side in enumerate(SIDES)},
        }


@dataclass(frozen=True, slots=True)
class Matched:
    """A case in which all sides agree."""

    rule: Rule
    """The last row of the table that it needed."""
    platform: tuple[str, ...]
    ledger: tuple[str, ...]
    bank: tuple[str, ...]
    amount: int
    """What the sides moved, signed, minor units."""
    currency: str
    reference: str
    lag_days: int
    """Business days from our booking to the bank's."""

    @property
    def explanation(self) -> str:
        """Why these are the same money."""
        who = "; ".join(
            f"{side} {', '.join(ids)}"
            for side, ids in (("platform", self.platform), ("ledger", self.ledger), ("bank", self.bank))
            if ids
        )
        lag = f", {self.lag_days:+d} business days" if self.lag_days else ""
        money = f"{self.amount} minor units {self.currency}{lag}"
        return f"{self.rule.name}: {self.rule.english} ({who}; reference {self.reference or 'none'}; {money})"


@dataclass(eq=False)
class ThreeWay:
    """The result of `jinku.custody.reconciliation.three_way.reconcile_sides`."""

    sides: Sides
    whole: Sides
    """The sides with what was carried to them."""
    rules: Rules
    cases: Cases
    equal: Bits
    """Of each case: whether all sides agree."""
    lag: Longs
    """Of each case: business days from our booking to the bank's."""
    breaks: tuple[Break, ...]
    case_of_break: tuple[int, ...]
    totals: tuple[Total, ...]
    carried: Carried

    @property
    def as_of(self) -> date:
        """The day that was reconciled."""
        return self.sides.as_of

    @property
    def present(self) -> list[bool]:
        """Which sides take part, in the order of SIDES."""
        return self.cases.book.present

    @property
    def match_count(self) -> int:
        """How many cases are equal on all sides."""
        return int(self.equal.sum())

    @property
    def matches(self) -> Iterator[Matched]:
        """The equal cases, in order."""
        rules = self.cases.rules()
        return (self.matched(case, int(rules[case])) for case in np.flatnonzero(self.equal).tolist())

    def matched(self, case: int, rule: int | None = None) -> Matched:
        """One equal case."""
        book = self.cases.book
        nodes = self.cases.members(case).tolist()
        records = [book.record(node) for node in nodes]
        ids = [tuple(str(p.id[r]) for p, r in records if p.side is side) for side in SIDES]
        part, row = records[0]
        ours = next((node for node in nodes if book.side_of[node] == LEDGER), nodes[0])
        number = self.cases.rule(case) if rule is None else rule
        return Matched(
            rule=self.rules.rows[number],
            platform=ids[PLATFORM],
            ledger=ids[LEDGER],
            bank=ids[BANK],
            amount=int(self.cases.sum[LEDGER, case]),
            currency=str(part.currency[row]),
            reference=book.names.texts[int(self.cases.work.name[ours])],
            lag_days=int(self.lag[case]),
        )

    @property
    def counts(self) -> Mapping[str, int]:
        """Number of equal cases, and of breaks by class."""
        found = Counter(one.kind.value for one in self.breaks)
        return {Outcome.EQUAL.value: self.match_count, **dict(sorted(found.items()))}

    @property
    def effects(self) -> Mapping[str, int]:
        """Sum of the breaks' effects by class (of one currency each; see `totals`)."""
        found: Counter[str] = Counter()
        for one in self.breaks:
            found[one.kind.value] += one.effect
        return dict(sorted(found.items()))

    @property
    def is_clean(self) -> bool:
        """Whether every record is equal and every balance fits."""
        return not self.breaks and all(one.balanced for one in self.totals)

    @cached_property
    def inputs(self) -> Mapping[str, str]:
        """The digest of each side's records, and of what was carried here."""
        given = {side.value: self.sides.of(side) for side in SIDES}
        found = {name: records.digest for name, records in given.items() if records is not None}
        for side in SIDES:
            whole = self.whole.of(side)
            if whole is not None and whole is not given[side.value]:
                found[f"{side.value}_with_carried"] = whole.digest
        return found

    @cached_property
    def header(self) -> bytes:
        """The first line: what was compared by which method, and what came out."""
        return canonical_json(
            {
                "format": FORMAT,
                "as_of": self.as_of.isoformat(),
                "method_version": self.rules.version,
                "rules_sha256": self.rules.digest,
                "rules": self.rules.as_json(),
                "inputs_sha256": dict(self.inputs),
                "records": {
                    side.value: len(part)
                    for side, part, here in zip(SIDES, self.cases.book.parts, self.present, strict=True)
                    if here
                },
                "counts": dict(self.counts),
                "totals": [one.as_json() for one in self.totals],
                "carried_sha256": hashlib.sha256(self.carried.to_bytes()).hexdigest(),
            }
        )

    def lines(self) -> Iterator[bytes]:
        """The evidence in pieces of many lines each, first to last."""
        yield self.header + b"\n"
        yield from self._equal_lines()
        for start in range(0, len(self.breaks), _LINES_AT_ONCE):
            part = self.breaks[start : start + _LINES_AT_ONCE]
            yield b"".join(canonical_json(break_row(one)) + b"\n" for one in part)

    def write(self, file: BinaryIO) -> str:
        """Write the evidence to `file`; its SHA-256."""
        digest = hashlib.sha256()
        for piece in self.lines():
            digest.update(piece)
            file.write(piece)
        return digest.hexdigest()

    def to_bytes(self) -> bytes:
        """The evidence: equal inputs give equal bytes on any machine."""
        return b"".join(self.lines())

    def _equal_lines(self) -> Iterator[bytes]:
        cases, book = self.cases, self.cases.book
        wanted = np.flatnonzero(self.equal)
        rules = cases.rules()
        names = [row.name for row in self.rules.rows]
        plain: Bits = np.asarray((cases.count <= 1).all(axis=0))
        ids = [part.id for part in book.parts]
        for start in range(0, len(wanted), _LINES_AT_ONCE):
            chunk = wanted[start : start + _LINES_AT_ONCE]
            columns = []
            for side in range(3):
                first = cases.first_node[side, chunk]
                texts = ids[side]
                here = np.where(first >= 0, first - book.first[side], 0)
                columns.append(
                    [texts[p] if f >= 0 else None for p, f in zip(here.tolist(), first.tolist(), strict=True)]
                )
            sums, lags = cases.sum[LEDGER, chunk].tolist(), self.lag[chunk].tolist()
            kinds, simple = rules[chunk].tolist(), plain[chunk].tolist()
            rows = []
            for n, case in enumerate(chunk.tolist()):
                if simple[n]:
                    sides: list[Any] = [[] if column[n] is None else [column[n]] for column in columns]
                else:
                    one = self.matched(case, kinds[n])
                    sides = [list(one.platform), list(one.ledger), list(one.bank)]
                rows.append(orjson.dumps(["equal", names[kinds[n]], *sides, str(sums[n]), lags[n]]))
            rows.append(b"")
            yield b"\n".join(rows)


def break_row(one: Break) -> list[Any]:
    """A break as canonical values: what it is about, its class, and what was seen."""
    return [
        "break",
        f"{one.break_id:032x}",
        one.kind.value,
        one.outcome.value,
        one.side,
        one.account,
        one.currency,
        one.reference,
        str(one.amount),
        str(one.effect),
        str(one.books_effect),
        one.day.isoformat(),
        one.age_days,
        list(one.platform_ids),
        [str(number) for number in one.transfer_ids],
        list(one.bank_ids),
        list(one.evidence),
        list(one.candidates),
    ]
