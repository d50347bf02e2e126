"""The closed family of Numscript's errors: each names line, column and value, and says what to do."""

from collections.abc import Iterable
from fractions import Fraction

from jinku.custody.errors import CustodyError
from jinku.custody.numscript.place import NOWHERE, Place


class NumscriptError(CustodyError):
    """Anything that a program, its variables or its balances are refused for."""

    code = "numscript_error"
    http_status = 422

    def __init__(self, problem: str, *, place: Place = NOWHERE, remedy: str = "") -> None:
        where = f"line {place.line}, column {place.column}: " if place.line else ""
        super().__init__(where + problem, remedy=remedy)
        self.place = place


class SyntaxRefused(NumscriptError):
    """The text is not a program of the language."""

    code = "numscript_syntax"

    def __init__(self, problem: str, *, place: Place, expected: Iterable[str] = ()) -> None:
        self.expected = tuple(expected)
        super().__init__(
            problem, place=place, remedy="expected " + " or ".join(self.expected) if self.expected else ""
        )


class LimitExceeded(NumscriptError):
    """A program, a number or a run is larger than its limit."""

    code = "numscript_limit"
    http_status = 413


class BadValue(NumscriptError, ValueError):
    """A literal, variable or computed value that is none of its type."""

    code = "numscript_bad_value"

    def __init__(self, kind: str, value: str, remedy: str, *, place: Place = NOWHERE) -> None:
        super().__init__(f"{value[:80]!r} is not {kind}", place=place, remedy=remedy)
        self.value = value


class WrongType(NumscriptError, TypeError):
    """A value of another type than the place asks for."""

    code = "numscript_wrong_type"

    def __init__(self, expected: str, found: str, value: str, *, place: Place) -> None:
        super().__init__(
            f"{value[:80]!r} is of type {found}",
            place=place,
            remedy=f"a value of type {expected} belongs here",
        )
        self.expected, self.found = expected, found


class UnknownName(NumscriptError, LookupError):
    """A variable, type, function or feature that is not known."""

    code = "numscript_unknown_name"


class VariableMissing(NumscriptError, LookupError):
    """A variable of the program was given no value."""

    code = "numscript_variable_missing"

    def __init__(self, name: str, *, place: Place) -> None:
        super().__init__(f"no value was given for ${name}", place=place, remedy="give one with the inputs")
        self.name = name


class WrongArity(NumscriptError):
    """A function was called with too few or too many arguments."""

    code = "numscript_wrong_arity"


class DivisionByZero(NumscriptError, ArithmeticError):
    """A portion with nothing below the line."""

    code = "numscript_division_by_zero"


class FeatureNeeded(NumscriptError):
    """An experimental feature is used and its flag is not set."""

    code = "numscript_feature_needed"

    def __init__(self, flag: str, *, place: Place) -> None:
        super().__init__(
            f"this is experimental and needs the feature {flag}",
            place=place,
            remedy=f'write #![feature("{flag}")] on the first line, or set it with the call',
        )
        self.flag = flag


class MetadataMissing(NumscriptError, LookupError):
    """`meta()` asked for a key that the account does not have."""

    code = "numscript_metadata_missing"

    def __init__(self, account: str, key: str, *, place: Place) -> None:
        super().__init__(
            f"@{account} has no metadata {key!r}", place=place, remedy="set it, or check the key"
        )
        self.account, self.key = account, key


class NegativeBalance(NumscriptError):
    """`balance()` of an account that is below zero."""

    code = "numscript_negative_balance"
    http_status = 409

    def __init__(self, account: str, amount: int, *, place: Place) -> None:
        super().__init__(
            f"@{account} is at {amount}", place=place, remedy="use overdraft() for such an account"
        )
        self.account, self.amount = account, amount


class NegativeAmount(NumscriptError):
    """An amount below zero cannot be sent or saved."""

    code = "numscript_negative_amount"

    def __init__(self, amount: int, *, place: Place) -> None:
        super().__init__(f"the amount is {amount}", place=place, remedy="send or save zero or more")
        self.amount = amount


class MissingFunds(NumscriptError):
    """The sources together hold less than is to be sent."""

    code = "numscript_missing_funds"
    http_status = 409

    def __init__(self, asset: str, needed: int, available: int, *, place: Place) -> None:
        super().__init__(
            f"{needed} of {asset} are needed and {available} available",
            place=place,
            remedy="lower the amount, or add a source",
        )
        self.asset, self.needed, self.available = asset, needed, available


class BadAllotment(NumscriptError):
    """Portions that do not make a whole, or cannot be portions."""

    code = "numscript_bad_allotment"

    def __init__(self, problem: str, total: Fraction, *, place: Place) -> None:
        super().__init__(
            problem, place=place, remedy="portions of 0 to 1 must sum to 1, or leave `remaining`"
        )
        self.total = total


class NotSendable(NumscriptError):
    """``send [ASSET *]`` from a source that has no whole to be sent."""

    code = "numscript_not_sendable"


class AssetMismatch(NumscriptError):
    """Two assets met where one is meant."""

    code = "numscript_asset_mismatch"

    def __init__(self, expected: str, found: str, *, place: Place) -> None:
        super().__init__(f"{found} met {expected}", place=place, remedy=f"write an amount of {expected}")
        self.expected, self.found = expected, found


class Misplaced(NumscriptError):
    """A function or account that has no meaning where it stands."""

    code = "numscript_misplaced"


class BadSpec(NumscriptError, ValueError):
    """A file of test cases or inputs that is not of the public format."""

    code = "numscript_bad_spec"
