"""Giving the money that was taken to destinations.

Rules:

1. Everything taken is given: to accounts, or back to where it came from (``kept``).
2. A cap below zero counts as zero. After the caps, what remains goes to the last clause.
3. ``one of`` gives all to the first clause whose cap it does not exceed.
"""

from jinku.custody.numscript import syntax as s
from jinku.custody.numscript import values as v
from jinku.custody.numscript.allotment import divide
from jinku.custody.numscript.evaluate import amount_of, want
from jinku.custody.numscript.features import Feature
from jinku.custody.numscript.result import Path, Rule
from jinku.custody.numscript.state import State


def give(state: State, target: s.Target, amount: int, path: Path = ()) -> None:
    """Give `amount` (0 or more) of what is on its way to `target`. Raises whatever its expressions raise."""
    match target:
        case s.Kept():
            state.give_back(amount, (*path, state.clause(Rule.KEPT, target.place)))
        case s.ToAccount(account=account):
            name = want(state, account, v.Account).name
            state.give(name, amount, (*path, state.clause(Rule.ACCOUNT, target.place)))
        case s.ToAllotted(parts=parts):
            portions = [None if p.portion is None else want(state, p.portion, v.Portion).value for p in parts]
            for part, share in zip(parts, divide(amount, portions, target.place), strict=True):
                rule = Rule.REMAINING if share.remaining else Rule.PORTION
                step = state.clause(rule, part.place, share.note(amount))
                give(state, part.target, share.amount, (*path, step))
        case s.ToInOrder():
            _in_order(state, target, amount, path)
        case s.ToOneOf():
            _one_of(state, target, amount, path)


def _in_order(state: State, target: s.ToInOrder, amount: int, path: Path) -> None:
    left = amount
    for clause in target.capped:
        if left == 0:
            return
        cap = max(0, amount_of(state, clause.cap))
        part = min(cap, left)
        if part:
            step = state.clause(Rule.CAP, clause.place, f"{part} of {left}, at most {cap}")
            give(state, clause.target, part, (*path, step))
            left -= part
    if left:
        step = state.clause(Rule.REMAINING, target.remaining.place, f"{left} of {amount} remain")
        give(state, target.remaining, left, (*path, step))


def _one_of(state: State, target: s.ToOneOf, amount: int, path: Path) -> None:
    state.need(Feature.ONEOF, target.place)
    for clause in target.capped:
        cap = amount_of(state, clause.cap)
        if cap >= amount:
            step = state.clause(Rule.ONE_OF, clause.place, f"{amount} does not exceed {cap}")
            give(state, clause.target, amount, (*path, step))
            return
    step = state.clause(Rule.ONE_OF, target.remaining.place, f"{amount} exceeds every cap")
    give(state, target.remaining, amount, (*path, step))
