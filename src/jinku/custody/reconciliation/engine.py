"""Reconcile a bank's statement with what our books expect in that account.

Rules:

1. The steps of ``STEPS`` run in order. Each record is consumed once, by the first step that explains it.
2. Records are grouped by a step's key. One against one is a pair. Larger groups are paired only where the
   members of each side are alike in reference, amount and direction, so that it makes no difference which is
   which; otherwise nobody guesses, and what is left is reported as ambiguous.
3. An entry that carries an end-to-end id is never matched by amount and date alone: it says whose it is.
4. The result does not depend on the order of our movements, and the effects of its breaks sum to the
   difference of both sides; anything else raises ReconciliationBroken.

Example::

    result = reconcile(statement, movements)
    result.counts  # {"equal": 9998, "missing_at_bank": 2}
"""

from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass

from jinku.base.errors import InputError
from jinku.custody.errors import ReconciliationBroken
from jinku.custody.reconciliation.breaks import Break, BreakClass
from jinku.custody.reconciliation.leftovers import Leftovers
from jinku.custody.reconciliation.model import Match, Movement, Policy, Reconciliation
from jinku.custody.statements.model import EntryStatus, Statement, StatementEntry

__all__ = ["STEPS", "Match", "Movement", "Policy", "Reconciliation", "Step", "reconcile"]

NO_REFERENCE = frozenset({"", "NOTPROVIDED"})

Key = Hashable | None


@dataclass(frozen=True, slots=True)
class Step:
    """One row of the table: records with equal keys (None never matches) are the same money or a mismatch."""

    name: str
    bank_key: Callable[[StatementEntry, str], Key]
    """Of an entry and the reference by which it is known."""
    our_key: Callable[[Movement], Key]
    verdict: BreakClass | None
    """None: they are equal. Otherwise the class of the mismatch."""
    meaning: str


def _weak_bank_key(entry: StatementEntry, _: str) -> Key:
    named = entry.end_to_end_id not in NO_REFERENCE
    return None if named else (entry.amount, entry.direction, entry.booked)


STEPS: tuple[Step, ...] = (
    Step(
        "reference",
        lambda entry, reference: (reference, entry.amount, entry.direction) if reference else None,
        lambda ours: (ours.reference, ours.amount, ours.direction) if ours.reference else None,
        None,
        "same reference, amount and direction",
    ),
    Step(
        "reference-amount",
        lambda entry, reference: (reference, entry.direction) if reference else None,
        lambda ours: (ours.reference, ours.direction) if ours.reference else None,
        BreakClass.AMOUNT_DIFFERS,
        "same reference and direction, another amount",
    ),
    Step(
        "reference-direction",
        lambda _, reference: reference or None,
        lambda ours: ours.reference or None,
        BreakClass.WRONG_DIRECTION,
        "same reference, the other direction",
    ),
    Step(
        "amount-date",
        _weak_bank_key,
        lambda ours: (ours.amount, ours.direction, ours.date),
        None,
        "no end-to-end id; the only one on either side with this amount, direction and day",
    ),
)


def reconcile(
    bank: Statement,
    ours: Sequence[Movement],
    *,
    our_closing: int | None = None,
    policy: Policy | None = None,
) -> Reconciliation:
    """Compare `bank` with `ours`, the movements that our books expect on it (earlier open ones included).

    Only booked entries count; a pending one is evidence that its movement is under way. 50,000 against 50,000
    take well under two seconds. `our_closing`, where given, is what our books say the account holds after all of
    `ours`; the closing balances are then reconciled too.

    Raises InputError for a statement of another account or currency than the policy names, and ReconciliationBroken
    only for a fault of its own.
    """
    policy = policy or Policy()
    _refuse_strangers(bank, policy)
    movements = sorted(
        ours, key=lambda one: (one.date, one.reference, one.transfer_id, one.amount, one.direction)
    )
    lines = [(n, one) for n, one in enumerate(bank.entries, 1) if one.status is EntryStatus.BOOKED]
    names = _names(bank.entries, {one.reference for one in movements})
    left_bank, left_ours = lines, list(range(len(movements)))
    pairs: list[tuple[Step, int, int]] = []
    for step in STEPS:
        found = _pair(step, left_bank, left_ours, names, movements)
        pairs += found
        used_bank, used_ours = {pair[1] for pair in found}, {pair[2] for pair in found}
        left_bank = [line for line in left_bank if line[0] not in used_bank]
        left_ours = [index for index in left_ours if index not in used_ours]
    pairs.sort(key=lambda pair: pair[1])
    leftovers = Leftovers(bank, names, movements, policy)
    matches: list[Match] = []
    breaks: list[Break] = []
    for step, line, index in pairs:
        match = Match(step.name, line, bank.entries[line - 1], movements[index])
        leftovers.remember(match)
        if step.verdict is None:
            matches.append(match)
        broken = leftovers.of_pair(match, step.verdict)
        breaks += [broken] if broken else []
    breaks += leftovers.of_bank([line for line, _ in left_bank], left_ours)
    breaks += leftovers.of_ours([line for line, _ in left_bank], left_ours)
    result = Reconciliation(
        bank=bank,
        our_count=len(movements),
        matches=tuple(matches),
        breaks=tuple(breaks),
        bank_sum=sum(entry.signed for _, entry in lines),
        our_sum=sum(one.signed for one in movements),
        as_of=policy.as_of or bank.to_date,
        our_closing=our_closing,
    )
    _check(result, len(pairs) + len(left_bank) == len(lines), len(pairs) + len(left_ours) == len(movements))
    return result


def _refuse_strangers(bank: Statement, policy: Policy) -> None:
    remedy = "give each account's movements with its own statement"
    if policy.account and bank.account != policy.account:
        raise InputError(f"is not {policy.account}", field="account", value=bank.account, remedy=remedy)
    if policy.currency and bank.currency != policy.currency:
        raise InputError(
            f"is not {policy.currency}", field="currency", value=bank.currency.code, remedy=remedy
        )


def _names(entries: Iterable[StatementEntry], ours: set[str]) -> list[str]:
    """For each entry the reference it is known by: the first of its ids that is ours, else its first."""
    names = []
    for entry in entries:
        ids = [
            one
            for one in (
                entry.end_to_end_id,
                entry.instruction_id,
                entry.transaction_id,
                entry.servicer_reference,
                entry.reference,
            )
            if one not in NO_REFERENCE
        ]
        names.append(next((one for one in ids if one in ours), ids[0] if ids else ""))
    return names


def _pair(
    step: Step,
    lines: Sequence[tuple[int, StatementEntry]],
    left: Sequence[int],
    names: Sequence[str],
    movements: Sequence[Movement],
) -> list[tuple[Step, int, int]]:
    """Pairs of (statement line, index of our movement) that `step` finds, without guessing (rule 2)."""
    groups: dict[Hashable, list[int]] = {}
    for index in left:
        key = step.our_key(movements[index])
        if key is not None:
            groups.setdefault(key, []).append(index)
    bank_groups: dict[Hashable, list[tuple[int, StatementEntry]]] = {}
    for line in lines:
        key = step.bank_key(line[1], names[line[0] - 1])
        if key is not None and key in groups:
            bank_groups.setdefault(key, []).append(line)
    found = []
    for key, theirs in bank_groups.items():
        mine = groups[key]
        if len(theirs) > 1 or len(mine) > 1:
            alike = len({(one.amount, one.direction) for _, one in theirs}) == 1
            alike = alike and len({(movements[i].amount, movements[i].direction) for i in mine}) == 1
            if step.name == "amount-date" or not alike:
                continue
            theirs = sorted(theirs, key=lambda line: (line[1].booked, line[0]))
        found += [(step, line, index) for (line, _), index in zip(theirs, mine, strict=False)]
    return found


def _check(result: Reconciliation, bank_complete: bool, ours_complete: bool) -> None:
    explained = sum(one.effect for one in result.breaks)
    if not (bank_complete and ours_complete and explained == result.difference):
        raise ReconciliationBroken(
            f"breaks explain {explained} of a difference of {result.difference}",
            remedy="report this as a fault",
        )
