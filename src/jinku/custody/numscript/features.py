"""The experimental features of the public specification, named exactly as it names them.

Rules:

1. A feature is used only where its flag is set, by the program's own ``#![feature("…")]`` line or by the caller.
2. A flag that is not in this table is refused by name, never ignored.
"""

from enum import StrEnum


class Feature(StrEnum):
    """One experimental feature; the value is its public flag."""

    OVERDRAFT_FUNCTION = "experimental-overdraft-function"
    """``overdraft(account, asset)``: how far an account is below zero."""
    GET_ASSET = "experimental-get-asset-function"
    """``get_asset(monetary)``."""
    GET_AMOUNT = "experimental-get-amount-function"
    """``get_amount(monetary)``."""
    ONEOF = "experimental-oneof"
    """``oneof { … }``: only the first branch that suffices."""
    ACCOUNT_INTERPOLATION = "experimental-account-interpolation"
    """``@users:$id``."""
    MID_SCRIPT_CALL = "experimental-mid-script-function-call"
    """Functions anywhere, and any expression as the origin of a variable."""
    ASSET_COLORS = "experimental-asset-colors"
    """``@account \\ "RED"``: take only money of one colour."""
    ASSET_SCALING = "experimental-asset-scaling"
    """``with scaling through``: one asset at several precisions."""
