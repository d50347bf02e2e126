"""What a reconciliation takes and gives: movements, policy, matches and the result with its arithmetic.

Rules:

1. A movement is one thing that our books expect in a bank account, seen from that account: CREDIT is money
   in.
2. A result carries everything that made it: each match names its step and the values that met, each break its
   evidence, and `proof` shows that ours plus all effects is the bank's.

Example::

    Movement("R-2026-000017", 12_500, Direction.CREDIT, date(2026, 11, 20), transfer_id=17)
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

from jinku.base.calendar import WEEKDAYS, BusinessCalendar
from jinku.base.currency import Currency
from jinku.custody.reconciliation.breaks import Break, Outcome
from jinku.custody.reconciliation.carried import Carried
from jinku.custody.reconciliation.rules import METHOD_VERSION, Rules
from jinku.custody.statements.model import Direction, Statement, StatementEntry


@dataclass(frozen=True, slots=True)
class Movement:
    """One expected movement of the bank account; `amount` in minor units of its currency, never negative."""

    reference: str
    """What we gave the bank to name it by (end-to-end id); empty where nothing was given."""
    amount: int
    direction: Direction
    date: date
    """The day on which it should be booked."""
    transfer_id: int
    """The ledger's transfer behind it."""

    @property
    def signed(self) -> int:
        """The amount as the change of the account's balance."""
        return self.direction.signed(self.amount)


@dataclass(frozen=True, slots=True)
class Policy:
    """What a reconciliation tolerates."""

    calendar: BusinessCalendar = WEEKDAYS
    transit_days: int = 0
    """Business days that one of our movements may be under way before it counts as missing."""
    lag_days_max: int = 0
    """Business days by which the bank's booking may be later than ours before the pair counts as late."""
    as_of: date | None = None
    """The day that ages are counted to; the statement's last day where None."""
    account: str = ""
    """The bank account that our movements are of; a statement of another one is refused."""
    currency: Currency | None = None
    """The currency that our amounts are in; a statement in another one is refused."""
    rules: Rules | None = None
    """The table of rules; the one that comes with Jinku where None."""


@dataclass(frozen=True, slots=True)
class Match:
    """One entry and one movement that are the same money."""

    step: str
    """Name of the rule."""
    bank_line: int
    """Line of the statement, from 1; 0 for a line of an earlier one."""
    entry: StatementEntry
    movement: Movement
    because: str = ""
    """What the rule says."""

    @property
    def lag_days(self) -> int:
        """Calendar days from our day to the bank's booking date."""
        return (self.entry.booked - self.movement.date).days

    @property
    def explanation(self) -> str:
        """Why these two, with the values that met."""
        line = f"line {self.bank_line}" if self.bank_line else "an earlier line"
        lag = f", booked {self.lag_days:+d} days from ours" if self.lag_days else ""
        name = f", reference {self.movement.reference}" if self.movement.reference else ""
        same = f"amount {self.entry.amount} {self.entry.direction.value}"
        return f"{line} and transfer {self.movement.transfer_id}: {self.because}; {same}{name}{lag}"


@dataclass(frozen=True, slots=True)
class Reconciliation:
    """The result. Sums are signed minor units of the account's booked movements."""

    bank: Statement
    our_count: int
    matches: tuple[Match, ...]
    """Pairs that are the same money, in order of the statement's lines; several of a line that sums up several of
    ours."""
    breaks: tuple[Break, ...]
    """In order of the statement's lines, then of ours."""
    bank_sum: int
    our_sum: int
    as_of: date
    our_closing: int | None = None
    """What our books say the account holds after all of our movements; None where it was not given."""
    method_version: str = METHOD_VERSION
    rules_sha256: str = ""
    carried: Carried = field(default_factory=Carried)
    """What stands open on either side, for the next statement."""

    @property
    def difference(self) -> int:
        """The bank's movements less ours."""
        return self.bank_sum - self.our_sum

    @property
    def residual(self) -> int:
        """What the closing balances differ by beyond the breaks' effects: a difference older than this statement.

        0 where all is explained, and where either closing balance was not given.
        """
        if self.our_closing is None or not self.bank.closing_given:
            return 0
        return self.bank.closing - self.our_closing - self.difference

    @property
    def is_clean(self) -> bool:
        """Whether every record is equal and the closing balances agree."""
        return not self.breaks and not self.residual

    @property
    def counts(self) -> Mapping[str, int]:
        """Number of equal pairs, and of breaks by class."""
        found = Counter(one.kind.value for one in self.breaks)
        return {Outcome.EQUAL.value: len(self.matches), **dict(sorted(found.items()))}

    @property
    def effects(self) -> Mapping[str, int]:
        """Sum of the breaks' effects, by class."""
        found: dict[str, int] = {}
        for one in self.breaks:
            found[one.kind.value] = found.get(one.kind.value, 0) + one.effect
        return dict(sorted(found.items()))

    @property
    def proof(self) -> tuple[str, ...]:
        """The arithmetic from our sum to the bank's, a step a line."""
        money = self.bank.money
        steps = [f"our movements = {money(self.our_sum)}"]
        steps += [f"{kind.replace('_', ' ')} {money(effect)}" for kind, effect in self.effects.items()]
        steps.append(f"= the bank's booked movements {money(self.bank_sum)}")
        if self.our_closing is not None and self.bank.closing_given:
            steps.append(f"our closing balance {money(self.our_closing)} + breaks {money(self.difference)}")
            steps.append(f"+ older than this statement {money(self.residual)}")
            steps.append(f"= the bank's closing balance {money(self.bank.closing)}")
        return tuple(steps)
