"""Reconcile one statement of the bank with what our books expect in that account: two sides through the one engine.

Rules:

1. What decides is `jinku.custody.reconciliation.three_way` with the table of rules; here one statement becomes a
   side, and the result is shown against the statement's lines.
2. A pair whose day differs by more than the policy allows, and a payment that the bank split, are matches and breaks
   without effect: both sides have the money.
3. What the statement leaves open on either side is in `carried`, for the next statement.

Example::

    result = reconcile(statement, movements)
    result.counts  # {"equal": 9998, "missing_at_bank": 2}
"""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from jinku.base.errors import InputError
from jinku.custody.reconciliation.breaks import Break, Outcome
from jinku.custody.reconciliation.carried import Carried
from jinku.custody.reconciliation.model import Match, Movement, Policy, Reconciliation
from jinku.custody.reconciliation.records import Balance, Records, Side, Sides, day_of
from jinku.custody.reconciliation.rules import Rules, load_rules
from jinku.custody.reconciliation.sources import (
    movement_records,
    statement_balances,
    statement_id,
    statement_records,
)
from jinku.custody.reconciliation.three_way import ThreeWay, reconcile_sides
from jinku.custody.statements.model import Direction, EntryStatus, Statement, StatementEntry

__all__ = ["Match", "Movement", "Policy", "Reconciliation", "reconcile"]


def reconcile(
    bank: Statement,
    ours: Sequence[Movement] | Records,
    *,
    our_closing: int | None = None,
    policy: Policy | None = None,
    carried: Carried | None = None,
) -> Reconciliation:
    """Compare `bank` with `ours`, the movements that our books expect on it, and with what was `carried` from before.

    `ours` as records must be named by the statement's account and currency. Only booked entries count; a pending one is
    evidence that its movement is under way. `our_closing`, where given, is what our books say the account holds after
    all of `ours`; the closing balances are then reconciled too.

    Raises InputError for a statement of another account or currency than the policy names, BadRecords for a transfer
    that comes twice, and ReconciliationBroken only for a fault of its own.
    """
    policy = policy or Policy()
    _refuse_strangers(bank, policy)
    mine = ours if isinstance(ours, Records) else movement_records(ours, bank.account, bank.currency.code)
    balances = statement_balances([bank])
    if our_closing is not None:
        balances += (Balance(Side.LEDGER, bank.account, bank.currency.code, None, our_closing),)
    sides = Sides(
        ledger=mine,
        bank=statement_records([bank]),
        as_of=policy.as_of or bank.to_date,
        shown_until=bank.to_date,
        balances=balances,
    )
    found = reconcile_sides(sides, _rules(policy), carried)
    return Reconciliation(
        bank=bank,
        our_count=len(found.cases.book.parts[1]),
        matches=tuple(_matches(found, bank)),
        breaks=tuple(sorted(found.breaks, key=_in_statement)),
        bank_sum=found.cases.book.parts[2].total(),
        our_sum=found.cases.book.parts[1].total(),
        as_of=found.as_of,
        our_closing=our_closing,
        method_version=found.rules.version,
        rules_sha256=found.rules.digest,
        carried=found.carried,
    )


def _rules(policy: Policy) -> Rules:
    table = policy.rules or load_rules()
    return replace(
        table, calendar=policy.calendar, lag_days_max=policy.lag_days_max, transit_days=policy.transit_days
    )


def _refuse_strangers(bank: Statement, policy: Policy) -> None:
    remedy = "give each account's movements with its own statement"
    if policy.account and bank.account != policy.account:
        raise InputError(f"is not {policy.account}", field="account", value=bank.account, remedy=remedy)
    if policy.currency and bank.currency != policy.currency:
        raise InputError(
            f"is not {policy.currency}", field="currency", value=bank.currency.code, remedy=remedy
        )


def _matches(found: ThreeWay, bank: Statement) -> list[Match]:
    """A match for each line and movement that are the same money, in order of lines."""
    agree = found.equal.copy()
    for one, case in zip(found.breaks, found.case_of_break, strict=True):
        agree[case] |= one.outcome is Outcome.EQUAL
    own = f"{statement_id(bank)}/"
    rules = found.cases.rules()
    made: list[Match] = []
    for case in np.flatnonzero(agree).tolist():
        records = [found.cases.book.record(node) for node in found.cases.members(case).tolist()]
        lines = [(p, row) for p, row in records if p.side is Side.BANK]
        mine = [(p, row) for p, row in records if p.side is Side.LEDGER]
        rule = found.rules.rows[int(rules[case])]
        for n in range(max(len(lines), len(mine))):
            theirs, row = lines[min(n, len(lines) - 1)]
            line = int(theirs.line[row])
            here = line and str(theirs.id[row]) == f"{own}{line}"
            entry = bank.entries[line - 1] if here else _entry(theirs, row)
            movement = _movement(*mine[min(n, len(mine) - 1)])
            made.append(Match(rule.name, line if here else 0, entry, movement, rule.english))
    return sorted(made, key=lambda one: (one.bank_line, one.movement.date, one.movement.transfer_id))


def _in_statement(one: Break) -> tuple[bool, int]:
    """Order of the statement's lines; what only we have comes after them, in order of transfers."""
    ours = one.outcome is Outcome.OURS_ONLY
    return ours, 0 if ours else max(one.bank_lines, default=0)


def _movement(part: Records, row: int) -> Movement:
    way = Direction.CREDIT if part.direction[row] > 0 else Direction.DEBIT
    return Movement(
        str(part.reference[row]), int(part.amount[row]), way, part.day(row), int(part.number[row])
    )


def _entry(part: Records, row: int) -> StatementEntry:
    """A line of an earlier statement, as far as it is kept."""
    return StatementEntry(
        reference=str(part.reference[row]),
        amount=int(part.amount[row]),
        direction=Direction.CREDIT if part.direction[row] > 0 else Direction.DEBIT,
        booked=day_of(int(part.booked[row])),
        end_to_end_id=str(part.end_to_end_id[row]),
        servicer_reference=str(part.servicer_id[row]),
        return_reason=str(part.return_reason[row]),
        reversal=bool(part.reversal[row]),
        status=EntryStatus.BOOKED,
        remittance=str(part.text[row]),
    )
