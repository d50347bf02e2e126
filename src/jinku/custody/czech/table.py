"""The codes of the Czech bank's files (PKDD'99 Discovery Challenge) and what each means in our ledger.

Rules:

1. `number` is ours and never changes meaning: a transfer's ``code`` is 100 × operation + purpose.
2. A code that is not here is an error naming file, line and value; nothing is guessed.
3. Each (operation, purpose) has one contra account, the other side of the customer's movement.
"""

from dataclasses import dataclass

ACCOUNT_HEADER = ("account_id", "district_id", "frequency", "date")
TRANSACTION_HEADER = (
    "trans_id",
    "account_id",
    "date",
    "type",
    "operation",
    "amount",
    "balance",
    "k_symbol",
    "bank",
    "account",
)
CUSTOMER_CODE = 1
"""The ledger's account code of a bank customer's account; a contra account has its movement's code."""

CREDITS = {"PRIJEM": True, "VYDAJ": False, "VYBER": False}
"""`type` → whether the movement credits the account. VYBER is a withdrawal written as its own type."""

FREQUENCIES = {
    "POPLATEK MESICNE": "monthly statement",
    "POPLATEK TYDNE": "weekly statement",
    "POPLATEK PO OBRATU": "statement after each movement",
}


@dataclass(frozen=True, slots=True)
class Code:
    """One code of a column: our number, and its meaning."""

    number: int
    name: str
    name_zh: str


OPERATIONS = {
    "": Code(1, "booked by the bank", "银行记账"),
    "VKLAD": Code(2, "cash paid in", "现金存入"),
    "PREVOD Z UCTU": Code(3, "received from another bank", "他行转入"),
    "VYBER": Code(4, "cash withdrawn", "现金支取"),
    "PREVOD NA UCET": Code(5, "paid to another bank", "转往他行"),
    "VYBER KARTOU": Code(6, "withdrawn by card", "银行卡支取"),
}
SYMBOLS = {
    "": Code(0, "no purpose given", "未注明用途"),
    " ": Code(0, "no purpose given", "未注明用途"),
    "POJISTNE": Code(1, "insurance", "保险"),
    "SLUZBY": Code(2, "fee for the statement", "对账单费"),
    "UROK": Code(3, "interest", "利息"),
    "SANKC. UROK": Code(4, "interest on an overdraft", "透支利息"),
    "SIPO": Code(5, "household payment", "家庭缴费"),
    "DUCHOD": Code(6, "old-age pension", "养老金"),
    "UVER": Code(7, "loan instalment", "贷款还款"),
}
INTEREST = frozenset({"UROK", "SANKC. UROK"})

ROUNDING_MINOR = 10
"""The files round every amount and balance to 0.1 crown."""


@dataclass(frozen=True, slots=True)
class Extract:
    """A known start of the full file, cut on purpose."""

    movements: int
    note: str


KNOWN_EXTRACTS = {
    "51e826ad355479df75908f85431d1967bddf8199871a92e0162961e5ba38ae62": Extract(
        49_102, "the start of the full file, 1993-01-01 to 1994-03-31, cut within the last day"
    ),
}
"""SHA-256 of the complete lines of a ``trans.asc`` → the extract it is.

An incomplete line after them is the known cut.
"""


def movement_code(operation: str, symbol: str) -> int:
    """The ``code`` of a transfer with this operation and purpose, both known."""
    return 100 * OPERATIONS[operation].number + SYMBOLS[symbol].number
