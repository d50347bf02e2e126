"""Taking money from sources: up to an amount, exactly an amount, or all there is.

Rules:

1. An account gives what it holds and as much more as its overdraft allows, never more; `world` and an unbounded
   overdraft give whatever is asked.
2. A cap or a bound below zero counts as zero.
3. An allotment must get each portion in full; its failure is the failure of the whole.
4. ``one of`` leaves no trace of the branches that did not suffice; where none does, the last gives what it can. When
   all there is is sent, it means its first branch.
"""

from jinku.custody.numscript import syntax as s
from jinku.custody.numscript import values as v
from jinku.custody.numscript.allotment import divide
from jinku.custody.numscript.errors import LimitExceeded, Misplaced, MissingFunds, NotSendable
from jinku.custody.numscript.evaluate import amount_of, color_of, want
from jinku.custody.numscript.features import Feature
from jinku.custody.numscript.inputs import WORLD
from jinku.custody.numscript.limits import SCALE_DIGITS_MAX
from jinku.custody.numscript.place import Place
from jinku.custody.numscript.result import Clause, Path, Rule
from jinku.custody.numscript.scaling import exchanges
from jinku.custody.numscript.state import State


def take_exactly(state: State, source: s.Source, amount: int, path: Path = ()) -> None:
    """Take `amount` from `source`. Raises MissingFunds, and whatever its expressions raise."""
    taken = take_up_to(state, source, amount, path)
    if taken != amount:
        raise MissingFunds(state.asset.name, amount, taken, place=source.place)


def take_up_to(state: State, source: s.Source, amount: int, path: Path) -> int:
    """Take what `source` can give towards `amount` (0 or more); how much that was."""
    match source:
        case s.FromAccount():
            return _from_account(state, source, amount, path)
        case s.FromOverdraft():
            return _from_overdraft(state, source, amount, path)
        case s.FromScaled():
            _scale(state, source, amount, path)
            return _from_account(state, s.FromAccount(source.place, source.account, None), amount, path)
        case s.FromInOrder(sources=sources):
            left = amount
            for number, one in enumerate(sources, 1):
                left -= take_up_to(state, one, left, (*path, _nth(state, source, Rule.IN_ORDER, number)))
            return amount - left
        case s.FromOneOf():
            return _from_one_of(state, source, amount, path)
        case s.FromAllotted():
            _from_allotted(state, source, amount, path)
            return amount
        case s.FromCapped(cap=cap, source=inner):
            bound = max(0, amount_of(state, cap))
            step = state.clause(Rule.CAP, source.place, f"at most {bound}")
            return take_up_to(state, inner, min(amount, bound), (*path, step))


def take_all(state: State, source: s.Source, path: Path = ()) -> int:
    """Take all there is in `source`; how much that was. Raises NotSendable where that has no end or no meaning."""
    match source:
        case s.FromAccount() | s.FromOverdraft():
            return _all_of(state, source, path)
        case s.FromScaled():
            _scale(state, source, None, path)
            return _all_of(state, s.FromAccount(source.place, source.account, None), path)
        case s.FromInOrder(sources=sources):
            return sum(
                take_all(state, one, (*path, _nth(state, source, Rule.IN_ORDER, number)))
                for number, one in enumerate(sources, 1)
            )
        case s.FromOneOf(sources=sources):
            state.need(Feature.ONEOF, source.place)
            return take_all(state, sources[0], (*path, _nth(state, source, Rule.ONE_OF, 1)))
        case s.FromCapped(cap=cap, source=inner):
            bound = max(0, amount_of(state, cap))
            return take_up_to(
                state, inner, bound, (*path, state.clause(Rule.CAP, source.place, f"at most {bound}"))
            )
        case s.FromAllotted():
            raise NotSendable(
                "all there is has no portions",
                place=source.place,
                remedy="send an amount, or list sources in order",
            )


def _from_account(state: State, source: s.FromAccount, amount: int, path: Path) -> int:
    color = color_of(state, source.color)
    name = want(state, source.account, v.Account).name
    if name == WORLD:
        return _take(state, name, color, amount, (*path, state.clause(Rule.ACCOUNT, source.place)))
    held = state.balances.get(name, state.asset.name, color)
    step = state.clause(Rule.ACCOUNT, source.place, f"it holds {held}")
    return _take(state, name, color, min(amount, max(0, held)), (*path, step))


def _from_overdraft(state: State, source: s.FromOverdraft, amount: int, path: Path) -> int:
    bound = None if source.bound is None else max(0, amount_of(state, source.bound))
    color = color_of(state, source.color)
    name = want(state, source.account, v.Account).name
    if bound is None or name == WORLD:
        step = state.clause(Rule.OVERDRAFT, source.place, "without bound")
        return _take(state, name, color, amount, (*path, step))
    held = state.balances.get(name, state.asset.name, color)
    step = state.clause(Rule.OVERDRAFT, source.place, f"it holds {held} and may go down to {-bound}")
    return _take(state, name, color, min(amount, max(0, held + bound)), (*path, step))


def _all_of(state: State, source: s.FromAccount | s.FromOverdraft, path: Path) -> int:
    bound: int | None = 0
    if isinstance(source, s.FromOverdraft):
        bound = None if source.bound is None else max(0, amount_of(state, source.bound))
    color = color_of(state, source.color)
    name = want(state, source.account, v.Account).name
    if bound is None or name == WORLD:
        raise NotSendable(
            f"all there is in @{name} has no end",
            place=source.place,
            remedy="send an amount, or cap the source",
        )
    held = state.balances.get(name, state.asset.name, color)
    step = state.clause(
        Rule.OVERDRAFT if bound else Rule.ACCOUNT,
        source.place,
        f"all it has: it holds {held}, bound {-bound}",
    )
    return _take(state, name, color, max(0, held + bound), (*path, step))


def _take(state: State, account: str, color: str, amount: int, path: Path) -> int:
    state.take(account, color, amount, path)
    return amount


def _from_one_of(state: State, source: s.FromOneOf, amount: int, path: Path) -> int:
    state.need(Feature.ONEOF, source.place)
    taken = 0
    for number, one in enumerate(source.sources, 1):
        mark = state.mark()
        taken = take_up_to(state, one, amount, (*path, _nth(state, source, Rule.ONE_OF, number)))
        if taken == amount or number == len(source.sources):
            break
        state.undo(mark)
    return taken


def _from_allotted(state: State, source: s.FromAllotted, amount: int, path: Path) -> None:
    portions = [None if p.portion is None else want(state, p.portion, v.Portion).value for p in source.parts]
    for part, share in zip(source.parts, divide(amount, portions, source.place), strict=True):
        rule = Rule.REMAINING if share.remaining else Rule.PORTION
        take_exactly(
            state, part.source, share.amount, (*path, state.clause(rule, part.place, share.note(amount)))
        )


def _scale(state: State, source: s.FromScaled, amount: int | None, path: Path) -> None:
    """Exchange the account's other precisions, as far as `amount` (None: all) asks for it."""
    state.need(Feature.ASSET_SCALING, source.place)
    name = want(state, source.account, v.Account).name
    through = want(state, source.through, v.Account).name
    if name == WORLD:
        raise Misplaced("@world cannot be scaled", place=source.place, remedy="name an account with balances")
    base, scale = state.asset.base, state.asset.scale
    held = state.balances.scales(name, base)
    _check_scales([scale, *held], source.place)
    steps, gained = exchanges(amount, scale, held)
    way = (*path, state.clause(Rule.SCALING, source.place, f"exchanged into {gained} of {state.asset}"))
    for other, part in steps:
        state.exchange(name, through, f"{base}/{other}" if other else base, part, way)
    state.exchange(through, name, state.asset.name, gained, way)


def _check_scales(scales: list[int], place: Place) -> None:
    if max(scales) > SCALE_DIGITS_MAX:
        raise LimitExceeded(
            f"{max(scales)} decimals take part in scaling, at most {SCALE_DIGITS_MAX} may", place=place
        )


def _nth(state: State, source: s.FromInOrder | s.FromOneOf, rule: Rule, number: int) -> Clause:
    return state.clause(rule, source.place, f"{number} of {len(source.sources)}")
