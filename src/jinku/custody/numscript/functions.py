"""The functions of the language: those that have a value, and those that are statements.

Rules:

1. A function is known by name, and takes arguments of fixed number and types.
2. `meta` reads text and needs the type of the variable that it is for; so it stands only as a variable's whole origin.
3. `balance` and `overdraft` see the run's own doings so far.
"""

from collections.abc import Sequence

from jinku.custody.numscript import values as v
from jinku.custody.numscript.errors import (
    MetadataMissing,
    Misplaced,
    NegativeBalance,
    UnknownName,
    WrongArity,
)
from jinku.custody.numscript.features import Feature
from jinku.custody.numscript.place import Place
from jinku.custody.numscript.state import State

META = "meta"


def call(state: State, function: str, arguments: Sequence[v.Value], place: Place) -> v.Value:
    """The value of a function. Raises UnknownName, WrongArity, WrongType, FeatureNeeded, NegativeBalance, Misplaced."""
    match function:
        case "balance":
            account, asset = _account_and_asset(function, arguments, place)
            held = state.balances.get(account.name, asset.name)
            if held < 0:
                raise NegativeBalance(account.name, held, place=place)
            return v.Monetary(asset, held)
        case "overdraft":
            state.need(Feature.OVERDRAFT_FUNCTION, place)
            account, asset = _account_and_asset(function, arguments, place)
            return v.Monetary(asset, max(0, -state.balances.get(account.name, asset.name)))
        case "get_asset":
            state.need(Feature.GET_ASSET, place)
            return _monetary(function, arguments, place).asset
        case "get_amount":
            state.need(Feature.GET_AMOUNT, place)
            return v.Number(_monetary(function, arguments, place).amount)
        case "meta":
            raise Misplaced(
                "meta() stands inside an expression", place=place, remedy="make it a variable's whole origin"
            )
    raise UnknownName(f"there is no function {function}", place=place, remedy="check its name")


def metadata(state: State, kind: str, arguments: Sequence[v.Value], place: Place) -> v.Value:
    """`meta(account, key)` for a variable of type `kind`. Raises WrongArity, WrongType, MetadataMissing, BadValue."""
    _count(META, arguments, 2, place)
    account = v.checked(arguments[0], v.Account, place)
    name = v.checked(arguments[1], v.Text, place).value
    found = state.books.metadata(account.name, name)
    if found is None:
        raise MetadataMissing(account.name, name, place=place)
    return v.read_value(kind, found, place)


def perform(state: State, function: str, arguments: Sequence[v.Value], place: Place) -> None:
    """Run a function that is a statement. Raises UnknownName, WrongArity, WrongType."""
    match function:
        case "set_tx_meta":
            _count(function, arguments, 2, place)
            state.tx_metadata[v.checked(arguments[0], v.Text, place).value] = arguments[1]
        case "set_account_meta":
            _count(function, arguments, 3, place)
            account, key = v.checked(arguments[0], v.Account, place), v.checked(arguments[1], v.Text, place)
            state.account_metadata.setdefault(account.name, {})[key.value] = str(arguments[2])
        case _:
            raise UnknownName(f"there is no statement {function}", place=place, remedy="check its name")


def _count(function: str, arguments: Sequence[v.Value], wanted: int, place: Place) -> None:
    if len(arguments) != wanted:
        raise WrongArity(
            f"{function} was given {len(arguments)} arguments", place=place, remedy=f"give it {wanted}"
        )


def _monetary(function: str, arguments: Sequence[v.Value], place: Place) -> v.Monetary:
    _count(function, arguments, 1, place)
    return v.checked(arguments[0], v.Monetary, place)


def _account_and_asset(
    function: str, arguments: Sequence[v.Value], place: Place
) -> tuple[v.Account, v.Asset]:
    _count(function, arguments, 2, place)
    return v.checked(arguments[0], v.Account, place), v.checked(arguments[1], v.Asset, place)
