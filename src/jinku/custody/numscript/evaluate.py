"""What expressions are worth.

Rules:

1. Sums and differences are of two numbers, or of two amounts of one asset; a quotient of two numbers is a portion.
2. Outside the origin of a variable, a function needs its flag (`Feature.MID_SCRIPT_CALL`).
3. A value of the wrong type is refused where it stands; nothing is converted, but inside an account's name.
"""

from collections.abc import Callable
from fractions import Fraction

from jinku.custody.numscript import syntax as s
from jinku.custody.numscript import values as v
from jinku.custody.numscript.errors import AssetMismatch, DivisionByZero, UnknownName, WrongType
from jinku.custody.numscript.features import Feature
from jinku.custody.numscript.functions import call
from jinku.custody.numscript.place import Place
from jinku.custody.numscript.state import State


def value_of(state: State, expression: s.Expression) -> v.Value:
    """The value of `expression`. Raises a NumscriptError that names its place."""
    place = expression.place
    match expression:
        case s.Variable(name=name):
            if name not in state.variables:
                raise UnknownName(f"${name} is not declared", place=place, remedy="declare it in vars { … }")
            return state.variables[name]
        case s.AssetName(asset=name):
            return v.asset(name, place)
        case s.Quoted(text=text):
            return v.Text(text)
        case s.Digits(number=number):
            return v.Number(number)
        case s.Percent(portion=portion):
            return v.Portion(portion)
        case s.AccountName(parts=parts):
            return v.account(":".join(_part(state, part, place) for part in parts), place)
        case s.MonetaryPair(asset=asset, amount=amount):
            return v.Monetary(want(state, asset, v.Asset), want(state, amount, v.Number).value)
        case s.Negated(operand=operand):
            return _negative(value_of(state, operand), operand.place)
        case s.Infix():
            return _infix(state, expression)
        case s.Call(function=function, arguments=arguments):
            if not state.in_origin:
                state.need(Feature.MID_SCRIPT_CALL, place)
            return call(state, function, [value_of(state, one) for one in arguments], place)


def want(state: State, expression: s.Expression, kind: type[v.Wanted]) -> v.Wanted:
    """The value of `expression`, of type `kind`. Raises WrongType."""
    return v.checked(value_of(state, expression), kind, expression.place)


def amount_of(state: State, expression: s.Expression) -> int:
    """The amount of `expression`, which must be of the asset being sent. Raises WrongType, AssetMismatch."""
    found = want(state, expression, v.Monetary)
    if found.asset != state.asset:
        raise AssetMismatch(state.asset.name, found.asset.name, place=expression.place)
    return found.amount


def color_of(state: State, expression: s.Expression | None) -> str:
    """The colour of `expression`, empty for none. Raises FeatureNeeded, WrongType, BadValue."""
    if expression is None:
        return ""
    state.need(Feature.ASSET_COLORS, expression.place)
    return v.color(want(state, expression, v.Text).value, expression.place)


def _part(state: State, part: str | s.Variable, place: Place) -> str:
    if isinstance(part, str):
        return part
    state.need(Feature.ACCOUNT_INTERPOLATION, place)
    value = value_of(state, part)
    if isinstance(value, v.Account | v.Number | v.Text):
        return str(value)
    raise WrongType("account, number or string", v.type_of(value), str(value), place=place)


def _negative(value: v.Value, place: Place) -> v.Value:
    match value:
        case v.Number(value=number):
            return v.Number(-number)
        case v.Monetary(asset=asset, amount=amount):
            return v.Monetary(asset, -amount)
    raise WrongType("monetary or number", v.type_of(value), str(value), place=place)


def _infix(state: State, expression: s.Infix) -> v.Value:
    if expression.operator == "/":
        above = want(state, expression.left, v.Number).value
        below = want(state, expression.right, v.Number).value
        if below == 0:
            raise DivisionByZero(
                f"{above} is divided by zero", place=expression.place, remedy="check the denominator"
            )
        return v.Portion(Fraction(above, below))
    operation: Callable[[int, int], int] = int.__add__ if expression.operator == "+" else int.__sub__
    match value_of(state, expression.left):
        case v.Number(value=left):
            return v.Number(operation(left, want(state, expression.right, v.Number).value))
        case v.Monetary(asset=asset, amount=amount):
            other = want(state, expression.right, v.Monetary)
            if other.asset != asset:
                raise AssetMismatch(asset.name, other.asset.name, place=expression.right.place)
            return v.Monetary(asset, operation(amount, other.amount))
        case value:
            raise WrongType("monetary or number", v.type_of(value), str(value), place=expression.left.place)
