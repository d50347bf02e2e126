"""The custodian's own view of the day: the statement of the client pool, with labelled breaks put in.

Rules:

1. The bank sees what moves its account and nothing else: deposits, the channel's batches, payouts, returns,
   sweeps. It books one line per reference and knows nothing of the ledger.
2. Every class of break is put in, each with a label that says how a reconciliation must find it. What is not
   labelled must match.
3. The balances on the statement fit its lines: the bank's arithmetic is right, only its facts differ.

Example::

    statement, labels = bank_statement(day, seed=7, per_class=3)
"""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date
from random import Random

from jinku.base.currency import currency_by_number
from jinku.custody.orders.model import (
    ChannelDeposit,
    ChannelSettled,
    Deposit,
    Order,
    PaidOut,
    PayoutReturned,
    Sweep,
    Unidentified,
)
from jinku.custody.reconciliation.breaks import BreakClass
from jinku.custody.statements.model import Direction, EntryStatus, Statement, StatementEntry
from jinku.sim.day import Day
from jinku.sim.errors import SimulationFault
from jinku.sim.labels import Label

POOL_ACCOUNT = "9909000000000156001"
OWNER = "演示平台客户资金存管专户"
PLANTED = frozenset(
    {
        BreakClass.MISSING_AT_BANK,
        BreakClass.UNKNOWN_AT_BANK,
        BreakClass.AMOUNT_DIFFERS,
        BreakClass.WRONG_DIRECTION,
        BreakClass.DUPLICATE_AT_BANK,
        BreakClass.DUPLICATE_IN_BOOKS,
        BreakClass.LATE,
        BreakClass.AMBIGUOUS,
    }
)
"""What is put in here; `jinku.sim.recon` puts in every class, on three sides."""
_FAR_REFERENCE = 99_000_000_000_000_000
"""Numbers from here on are none of ours."""

# order → direction, ISO 20022 bank transaction code, text
SEEN = {
    Deposit: (Direction.CREDIT, "PMNT/RCDT/DMCT", "client deposit 充值"),
    ChannelSettled: (Direction.CREDIT, "PMNT/RCDT/DMCT", "channel settlement 通道清算"),
    Unidentified: (Direction.CREDIT, "PMNT/RCDT/DMCT", "transfer 转账"),
    PaidOut: (Direction.DEBIT, "PMNT/ICDT/DMCT", "client withdrawal 提现"),
    PayoutReturned: (Direction.CREDIT, "PMNT/ICDT/RRTN", "returned payment 退汇"),
    Sweep: (Direction.DEBIT, "PMNT/ICDT/BOOK", "fees to own account 手续费划转"),
}


def bank_statement(day: Day, seed: int, per_class: int) -> tuple[Statement, tuple[Label, ...]]:
    """The statement of the day with `per_class` breaks of each class put in, and the labels of all breaks."""
    lines = bank_lines(day)
    tamper = _Tamper(Random(seed ^ 0xBA4C), day.day, lines, {label.reference for label in day.labels})
    tamper.run(per_class)
    moved = sum(line.signed for line in tamper.lines if line.status is EntryStatus.BOOKED)
    unit = currency_by_number(day.chart.currency)
    statement = Statement(
        account=POOL_ACCOUNT,
        currency=unit,
        sequence=day.day.timetuple().tm_yday,
        message_id=f"CAMT053-{day.day:%Y%m%d}-0001",
        opening=day.opening,
        closing=day.opening + moved,
        entries=tuple(tamper.lines),
        from_date=day.day,
        to_date=day.day,
        statement_id=f"{POOL_ACCOUNT}-{day.day:%Y%m%d}",
        created=day.closes,
        owner=OWNER,
    )
    return statement, (*day.labels, *tamper.labels)


def bank_lines(day: Day) -> list[StatementEntry]:
    """Every movement of the day as the bank books it when it errs in nothing."""
    lines, seen = list[StatementEntry](), set[int]()
    in_channel = 0
    for act in day.acts:
        for order in act.orders:
            in_channel += isinstance(order, ChannelDeposit)
            if type(order) not in SEEN or order.day > day.day or order.reference in seen:
                continue
            seen.add(order.reference)
            batch, in_channel = (in_channel, 0) if isinstance(order, ChannelSettled) else (0, in_channel)
            lines.append(_line(order, day.day, len(lines) + 1, batch))
    return lines


def _line(order: Order, day: date, number: int, batch: int) -> StatementEntry:
    direction, code, text = SEEN[type(order)]
    amount = getattr(order, "amount", 0)
    bank_reference = f"B{day:%Y%m%d}{number:07d}"
    return StatementEntry(
        reference=bank_reference,
        amount=amount,
        direction=direction,
        booked=day,
        value_date=day,
        bank_transaction_code=code,
        end_to_end_id=str(order.reference),
        servicer_reference=bank_reference,
        return_reason="AC04" if isinstance(order, PayoutReturned) else "",
        batch_count=batch,
        remittance=text,
    )


class _Tamper:
    """Puts breaks into `lines`; `taken` are references that must stay as they are."""

    def __init__(self, rng: Random, day: date, lines: list[StatementEntry], taken: set[str]) -> None:
        self.rng, self.day, self.lines, self.taken = rng, day, lines, taken
        self.labels: list[Label] = []
        self.amounts = {line.amount for line in lines if line.end_to_end_id in taken}
        self.next_number = len(lines)

    def run(self, per_class: int) -> None:
        """Every class in turn; those that need equal amounts first."""
        for _ in range(per_class):
            self._ambiguous()
        for make in (
            self._nameless,
            self._missing,
            self._amount_differs,
            self._wrong_direction,
            self._duplicate,
            self._pending,
            self._unknown,
        ):
            for _ in range(per_class):
                make()

    def _pick(self, fits: Callable[[StatementEntry], bool] = lambda _: True) -> int:
        """The index of a line not used before whose amount is like none used before."""
        for index in self._shuffled():
            line = self.lines[index]
            if line.end_to_end_id not in self.taken and line.amount not in self.amounts and fits(line):
                self.taken.add(line.end_to_end_id)
                self.amounts.add(line.amount)
                return index
        raise SimulationFault("the day is too small for so many breaks")

    def _shuffled(self) -> Iterator[int]:
        return iter(self.rng.sample(range(len(self.lines)), len(self.lines)))

    def _label(self, kind: BreakClass, reference: str, effect: int, story: str) -> None:
        self.labels.append(Label(kind, reference, effect, story))

    def _nameless(self) -> None:
        """No break: no reference, but the only line of its amount, so it can still be matched."""
        counts = Counter(line.amount for line in self.lines)
        index = self._pick(lambda line: counts[line.amount] == 1)
        self.lines[index] = replace(self.lines[index], end_to_end_id="")

    def _ambiguous(self) -> None:
        first = self._pick(lambda line: len(self._twins(line)) > 1)
        second = next(index for index in self._twins(self.lines[first]) if index != first)
        self.taken.add(self.lines[second].end_to_end_id)
        for index in (first, second):
            line = self.lines[index]
            story = "two equal deposits on one day, neither with a reference"
            self._label(BreakClass.AMBIGUOUS, line.servicer_reference, line.signed, story)
            self._label(BreakClass.AMBIGUOUS, line.end_to_end_id, -line.signed, story)
            self.lines[index] = replace(line, end_to_end_id="")

    def _twins(self, like: StatementEntry) -> list[int]:
        return [
            index
            for index, line in enumerate(self.lines)
            if (line.amount, line.direction) == (like.amount, like.direction)
            and (line.end_to_end_id not in self.taken or line is like)
        ]

    def _missing(self) -> None:
        line = self.lines.pop(self._pick())
        story = "the bank left it out"
        self._label(BreakClass.MISSING_AT_BANK, line.end_to_end_id, -line.signed, story)

    def _amount_differs(self) -> None:
        index = self._pick(lambda line: line.amount > 1_000)
        line = self.lines[index]
        wrong = line.amount + self.rng.choice((-900, -90, -1, 1, 100, 990))
        self.lines[index] = replace(line, amount=wrong)
        effect = line.direction.signed(wrong - line.amount)
        self._label(BreakClass.AMOUNT_DIFFERS, line.end_to_end_id, effect, "the bank has another amount")

    def _wrong_direction(self) -> None:
        index = self._pick(
            lambda line: not line.return_reason
        )  # a return the other way round is no plain mistake
        line = self.lines[index]
        self.lines[index] = replace(line, direction=line.direction.opposite())
        story = "the bank moved it the other way"
        self._label(BreakClass.WRONG_DIRECTION, line.end_to_end_id, -2 * line.signed, story)

    def _duplicate(self) -> None:
        index = self._pick()
        line, name = self.lines[index], self._bank_name()
        self.lines.insert(index + 1, replace(line, reference=name, servicer_reference=name))
        story = "the bank booked it twice"
        self._label(BreakClass.DUPLICATE_AT_BANK, line.end_to_end_id, line.signed, story)

    def _pending(self) -> None:
        index = self._pick()
        line = self.lines[index]
        self.lines[index] = replace(line, status=EntryStatus.PENDING)
        self._label(BreakClass.LATE, line.end_to_end_id, -line.signed, "pending at the bank")

    def _unknown(self) -> None:
        amount = self.rng.randrange(10_000, 5_000_000)
        while amount in self.amounts:
            amount += 1
        self.amounts.add(amount)
        name = self._bank_name()
        stray = StatementEntry(
            reference=name,
            amount=amount,
            direction=self.rng.choice((Direction.CREDIT, Direction.DEBIT)),
            booked=self.day,
            value_date=self.day,
            bank_transaction_code="PMNT/RCDT/DMCT",
            end_to_end_id=str(_FAR_REFERENCE + self.rng.randrange(10**12)),
            servicer_reference=name,
            remittance="transfer 转账",
        )
        self.lines.insert(self.rng.randrange(len(self.lines)), stray)
        story = "another's money on our account"
        self._label(BreakClass.UNKNOWN_AT_BANK, stray.end_to_end_id, stray.signed, story)

    def _bank_name(self) -> str:
        self.next_number += 1
        return f"B{self.day:%Y%m%d}{self.next_number:07d}"
