"""What each status means, and what to do about it: one table for accounts and transfers.

Rules:

1. Every status of both enumerations has a row; a name that both have means the same in both.
2. `meaning` ends the sentence "this event was refused because …" or says what happened; `remedy` is an
   instruction.
3. Neither names a value: the caller has the event.

Example::

    status_text(CreateTransferStatus.EXCEEDS_CREDITS).remedy
"""

from dataclasses import dataclass
from types import MappingProxyType

from jinku.ledger.statuses import CreateAccountStatus, CreateTransferStatus


@dataclass(frozen=True, slots=True)
class StatusText:
    """A status in words."""

    meaning: str
    remedy: str


_NONE = "nothing"
_ID_KNOWN = "an id is given once: use a new id for a new event, or repeat the first event exactly"
_INHERITED = "leave the field 0 to take it from the pending transfer, or repeat its value"
_FIRST = "set the pending transfer's state right first; this one can no longer be changed"
_SMALLER = "book a smaller amount, or use another account"
_OLD = "set it to the event's real time, in the past"

_ROWS: dict[str, tuple[str, str]] = {
    # name: (meaning, remedy)
    "CREATED": ("it was created, durably", _NONE),
    "EXISTS": ("the same event was created before; nothing was done again", _NONE),
    "LINKED_EVENT_FAILED": (
        "another event of its chain was refused",
        "correct the event of the chain that has a status of its own",
    ),
    "LINKED_EVENT_CHAIN_OPEN": (
        "the batch ends inside its chain",
        "leave the flag linked off the chain's last event",
    ),
    "IMPORTED_EVENT_EXPECTED": (
        "the batch began with imported events and this one is not",
        "do not mix imported and other events in one batch",
    ),
    "IMPORTED_EVENT_NOT_EXPECTED": (
        "it is imported and the batch began with events that are not",
        "do not mix imported and other events in one batch",
    ),
    "TIMESTAMP_MUST_BE_ZERO": (
        "it has a timestamp, which the ledger sets itself",
        "leave timestamp out, or set the flag imported",
    ),
    "IMPORTED_EVENT_TIMESTAMP_OUT_OF_RANGE": ("its timestamp is 0 or too large", _OLD),
    "IMPORTED_EVENT_TIMESTAMP_MUST_NOT_ADVANCE": ("its timestamp lies in the future", _OLD),
    "IMPORTED_EVENT_TIMESTAMP_MUST_NOT_REGRESS": (
        "something of the same or a later timestamp was imported before it",
        "import in order of time, each event with a timestamp of its own",
    ),
    "IMPORTED_EVENT_TIMESTAMP_MUST_POSTDATE_DEBIT_ACCOUNT": (
        "its timestamp is not after that of its debit account",
        "import the account with an earlier timestamp",
    ),
    "IMPORTED_EVENT_TIMESTAMP_MUST_POSTDATE_CREDIT_ACCOUNT": (
        "its timestamp is not after that of its credit account",
        "import the account with an earlier timestamp",
    ),
    "IMPORTED_EVENT_TIMEOUT_MUST_BE_ZERO": (
        "an imported transfer cannot expire",
        "leave timeout 0, and void the transfer when it is due",
    ),
    "RESERVED_FIELD": ("a reserved field is not 0", "leave reserved fields 0"),
    "RESERVED_FLAG": ("a flag without meaning is set", "set flags of the model only"),
    "ID_MUST_NOT_BE_ZERO": ("its id is 0", "give it an id of 1 or more"),
    "ID_MUST_NOT_BE_INT_MAX": ("its id is 2^128 - 1, which is reserved", "give it a smaller id"),
    "ID_ALREADY_FAILED": (
        "a transfer with this id was refused for a passing reason, which burned the id",
        "if it is still wanted, send it with a new id",
    ),
    "FLAGS_ARE_MUTUALLY_EXCLUSIVE": ("two of its flags contradict each other", "keep one of them"),
    "DEBITS_PENDING_MUST_BE_ZERO": (
        "a new account has no pending debits",
        "leave the balances out; open with a transfer",
    ),
    "DEBITS_POSTED_MUST_BE_ZERO": (
        "a new account has no posted debits",
        "leave the balances out; open with a transfer",
    ),
    "CREDITS_PENDING_MUST_BE_ZERO": (
        "a new account has no pending credits",
        "leave the balances out; open with a transfer",
    ),
    "CREDITS_POSTED_MUST_BE_ZERO": (
        "a new account has no posted credits",
        "leave the balances out; open with a transfer",
    ),
    "LEDGER_MUST_NOT_BE_ZERO": ("it names no ledger", "name the ledger, e.g. the currency's ISO number"),
    "CODE_MUST_NOT_BE_ZERO": ("it has no code", "give the code that says what it is for"),
    "DEBIT_ACCOUNT_ID_MUST_NOT_BE_ZERO": ("it names no debit account", "name the account to debit"),
    "DEBIT_ACCOUNT_ID_MUST_NOT_BE_INT_MAX": (
        "its debit account is 2^128 - 1, which is reserved",
        "name the account to debit",
    ),
    "CREDIT_ACCOUNT_ID_MUST_NOT_BE_ZERO": ("it names no credit account", "name the account to credit"),
    "CREDIT_ACCOUNT_ID_MUST_NOT_BE_INT_MAX": (
        "its credit account is 2^128 - 1, which is reserved",
        "name the account to credit",
    ),
    "ACCOUNTS_MUST_BE_DIFFERENT": ("it debits and credits the same account", "name two accounts"),
    "PENDING_ID_MUST_BE_ZERO": (
        "it names a pending transfer but neither posts nor voids one",
        "leave pending_id 0, or set a flag that posts or voids",
    ),
    "PENDING_ID_MUST_NOT_BE_ZERO": (
        "it posts or voids and names no pending transfer",
        "name the pending transfer in pending_id",
    ),
    "PENDING_ID_MUST_NOT_BE_INT_MAX": (
        "its pending_id is 2^128 - 1, which is reserved",
        "name the pending transfer in pending_id",
    ),
    "PENDING_ID_MUST_BE_DIFFERENT": (
        "it names itself as the pending transfer",
        "name the pending transfer in pending_id",
    ),
    "TIMEOUT_RESERVED_FOR_PENDING_TRANSFER": (
        "only a pending transfer can expire",
        "leave timeout 0, or set the flag pending",
    ),
    "CLOSING_TRANSFER_MUST_BE_PENDING": (
        "a transfer that closes an account must be pending, so that it can be undone",
        "set the flag pending",
    ),
    "DEBIT_ACCOUNT_NOT_FOUND": (
        "its debit account does not exist",
        "create the account, then send the transfer with a new id",
    ),
    "CREDIT_ACCOUNT_NOT_FOUND": (
        "its credit account does not exist",
        "create the account, then send the transfer with a new id",
    ),
    "ACCOUNTS_MUST_HAVE_THE_SAME_LEDGER": (
        "its two accounts belong to different ledgers",
        "move money between ledgers by one transfer in each, linked",
    ),
    "TRANSFER_MUST_HAVE_THE_SAME_LEDGER_AS_ACCOUNTS": (
        "its ledger is not that of its accounts",
        "name the accounts' ledger",
    ),
    "PENDING_TRANSFER_NOT_FOUND": (
        "the pending transfer does not exist",
        "create the pending transfer, then send this one with a new id",
    ),
    "PENDING_TRANSFER_NOT_PENDING": (
        "the transfer named in pending_id was never pending",
        "name a transfer with the flag pending",
    ),
    "PENDING_TRANSFER_ALREADY_POSTED": ("the pending transfer was posted before", _FIRST),
    "PENDING_TRANSFER_ALREADY_VOIDED": ("the pending transfer was voided before", _FIRST),
    "PENDING_TRANSFER_EXPIRED": ("the pending transfer expired before", "reserve the amount anew"),
    "EXCEEDS_PENDING_TRANSFER_AMOUNT": (
        "it posts more than was reserved",
        "post at most the reserved amount",
    ),
    "PENDING_TRANSFER_HAS_DIFFERENT_AMOUNT": (
        "a void covers the whole reserved amount",
        "leave amount 0, or repeat the reserved amount",
    ),
    "DEBIT_ACCOUNT_ALREADY_CLOSED": (
        "its debit account is closed",
        "void the closing transfer first, or use another account; then a new id",
    ),
    "CREDIT_ACCOUNT_ALREADY_CLOSED": (
        "its credit account is closed",
        "void the closing transfer first, or use another account; then a new id",
    ),
    "OVERFLOWS_TIMEOUT": (
        "it would expire beyond the last instant that the model knows",
        "use a shorter timeout",
    ),
    "EXCEEDS_CREDITS": (
        "the debit account does not have so much: its debits would exceed its credits",
        "send less, or credit the account first; then a new id",
    ),
    "EXCEEDS_DEBITS": (
        "the credit account may not take so much: its credits would exceed its debits",
        "send less, or debit the account first; then a new id",
    ),
}
_FIELDS = (
    "flags",
    "pending_id",
    "timeout",
    "debit_account_id",
    "credit_account_id",
    "amount",
    "user_data_128",
)
_FIELDS += ("user_data_64", "user_data_32", "ledger", "code")


def _with_families() -> dict[str, StatusText]:
    """The rows, and those families that differ in one word only."""
    texts = {name: StatusText(*row) for name, row in _ROWS.items()}
    for field in _FIELDS:
        name = field.upper()
        texts[f"EXISTS_WITH_DIFFERENT_{name}"] = StatusText(
            f"its id was used before with another {field}", _ID_KNOWN
        )
        texts.setdefault(
            f"PENDING_TRANSFER_HAS_DIFFERENT_{name}",
            StatusText(f"its {field} is not that of the pending transfer", _INHERITED),
        )
    for sums in ("debits_pending", "credits_pending", "debits_posted", "credits_posted", "debits", "credits"):
        side = "debit" if sums.startswith("debits") else "credit"
        words = " ".join(reversed(sums.split("_"))) if "_" in sums else f"pending and posted {sums} together"
        texts[f"OVERFLOWS_{sums.upper()}"] = StatusText(
            f"the {words} of its {side} account would not fit 128 bits", _SMALLER
        )
    return texts


_TEXTS = MappingProxyType(_with_families())


def status_text(status: CreateAccountStatus | CreateTransferStatus) -> StatusText:
    """The words for `status`."""
    return _TEXTS[status.name]
