"""What can be said of a transfer by looking at it alone, and of a retry by comparing it with what is
stored.
"""

from jinku.base.compiled import inlined
from jinku.ledger.kernel.flags import (
    BALANCING,
    CLOSING,
    NONE,
    NOT_WITH_RESOLVING,
    PENDING,
    POST,
    RESOLVES,
    TRANSFER_RESERVED,
    VOID,
)
from jinku.ledger.kernel.words import (
    AMOUNT,
    CREDIT_ID,
    DATA,
    DATA_64,
    DEBIT_ID,
    ID,
    PENDING_ID,
    code_of,
    data_32_of,
    flags_of,
    ledger_of,
    timeout_of,
)
from jinku.ledger.statuses import CreateTransferStatus as Status
from jinku.ledger.u128 import Words, full, less, same, zero


@inlined
def identity_status(row: Words) -> Status:
    """Reserved flags and reserved ids; CREATED where there is nothing to say."""
    if flags_of(row) & TRANSFER_RESERVED:
        return Status.RESERVED_FLAG
    if zero(row, ID):
        return Status.ID_MUST_NOT_BE_ZERO
    if full(row, ID):
        return Status.ID_MUST_NOT_BE_INT_MAX
    return Status.CREATED


@inlined
def new_status(row: Words) -> Status:
    """The form of a single-phase or pending transfer."""
    flags = flags_of(row)
    if zero(row, DEBIT_ID):
        return Status.DEBIT_ACCOUNT_ID_MUST_NOT_BE_ZERO
    if full(row, DEBIT_ID):
        return Status.DEBIT_ACCOUNT_ID_MUST_NOT_BE_INT_MAX
    if zero(row, CREDIT_ID):
        return Status.CREDIT_ACCOUNT_ID_MUST_NOT_BE_ZERO
    if full(row, CREDIT_ID):
        return Status.CREDIT_ACCOUNT_ID_MUST_NOT_BE_INT_MAX
    if same(row, DEBIT_ID, row, CREDIT_ID):
        return Status.ACCOUNTS_MUST_BE_DIFFERENT
    if not zero(row, PENDING_ID):
        return Status.PENDING_ID_MUST_BE_ZERO
    if not flags & PENDING:
        if timeout_of(row) != NONE:
            return Status.TIMEOUT_RESERVED_FOR_PENDING_TRANSFER
        if flags & CLOSING:
            return Status.CLOSING_TRANSFER_MUST_BE_PENDING
    if ledger_of(row) == NONE:
        return Status.LEDGER_MUST_NOT_BE_ZERO
    if code_of(row) == NONE:
        return Status.CODE_MUST_NOT_BE_ZERO
    return Status.CREATED


@inlined
def resolving_status(row: Words) -> Status:
    """The form of a post or void."""
    flags = flags_of(row)
    if flags & RESOLVES == RESOLVES or flags & NOT_WITH_RESOLVING:
        return Status.FLAGS_ARE_MUTUALLY_EXCLUSIVE
    if zero(row, PENDING_ID):
        return Status.PENDING_ID_MUST_NOT_BE_ZERO
    if full(row, PENDING_ID):
        return Status.PENDING_ID_MUST_NOT_BE_INT_MAX
    if same(row, PENDING_ID, row, ID):
        return Status.PENDING_ID_MUST_BE_DIFFERENT
    if timeout_of(row) != NONE:
        return Status.TIMEOUT_RESERVED_FOR_PENDING_TRANSFER
    return Status.CREATED


@inlined
def _retry_head_status(row: Words, held: Words) -> Status:
    """The fields that every retry must repeat exactly, first part."""
    if flags_of(row) != flags_of(held):
        return Status.EXISTS_WITH_DIFFERENT_FLAGS
    if not same(row, PENDING_ID, held, PENDING_ID):
        return Status.EXISTS_WITH_DIFFERENT_PENDING_ID
    if timeout_of(row) != timeout_of(held):
        return Status.EXISTS_WITH_DIFFERENT_TIMEOUT
    return Status.EXISTS


@inlined
def _retry_data_status(row: Words, held: Words) -> Status:
    """User data, ledger and code, all of which must repeat exactly."""
    if not same(row, DATA, held, DATA):
        return Status.EXISTS_WITH_DIFFERENT_USER_DATA_128
    if row[DATA_64] != held[DATA_64]:
        return Status.EXISTS_WITH_DIFFERENT_USER_DATA_64
    if data_32_of(row) != data_32_of(held):
        return Status.EXISTS_WITH_DIFFERENT_USER_DATA_32
    if ledger_of(row) != ledger_of(held):
        return Status.EXISTS_WITH_DIFFERENT_LEDGER
    if code_of(row) != code_of(held):
        return Status.EXISTS_WITH_DIFFERENT_CODE
    return Status.EXISTS


@inlined
def retry_status(row: Words, held: Words) -> Status:
    """A single-phase or pending transfer against the stored transfer with its id. A balancing transfer's
    amount is a maximum, so only one below what was moved differs.
    """
    status = _retry_head_status(row, held)
    if status != Status.EXISTS:
        return status
    if not same(row, DEBIT_ID, held, DEBIT_ID):
        return Status.EXISTS_WITH_DIFFERENT_DEBIT_ACCOUNT_ID
    if not same(row, CREDIT_ID, held, CREDIT_ID):
        return Status.EXISTS_WITH_DIFFERENT_CREDIT_ACCOUNT_ID
    if flags_of(row) & BALANCING:
        if less(row[AMOUNT + 1], row[AMOUNT], held[AMOUNT + 1], held[AMOUNT]):
            return Status.EXISTS_WITH_DIFFERENT_AMOUNT
    elif not same(row, AMOUNT, held, AMOUNT):
        return Status.EXISTS_WITH_DIFFERENT_AMOUNT
    return _retry_data_status(row, held)


@inlined
def _retry_amount_differs(row: Words, held: Words, pending: Words) -> bool:
    """Whether a post or void asks for another amount than it moved: a void may leave the amount out, and a
    post of 2^128 - 1 asks for the whole of what was pending.
    """
    if flags_of(row) & VOID and zero(row, AMOUNT):
        return False
    if flags_of(row) & POST and full(row, AMOUNT):
        return not same(held, AMOUNT, pending, AMOUNT)
    return not same(row, AMOUNT, held, AMOUNT)


@inlined
def _retry_inherited_status(row: Words, held: Words, pending: Words) -> Status:
    """User data, ledger and code of a post or void: zero stands for the pending transfer's."""
    data = pending if zero(row, DATA) else row
    if not same(data, DATA, held, DATA):
        return Status.EXISTS_WITH_DIFFERENT_USER_DATA_128
    data_64 = pending[DATA_64] if row[DATA_64] == NONE else row[DATA_64]
    if data_64 != held[DATA_64]:
        return Status.EXISTS_WITH_DIFFERENT_USER_DATA_64
    data_32 = data_32_of(pending) if data_32_of(row) == NONE else data_32_of(row)
    if data_32 != data_32_of(held):
        return Status.EXISTS_WITH_DIFFERENT_USER_DATA_32
    if ledger_of(row) != NONE and ledger_of(row) != ledger_of(held):
        return Status.EXISTS_WITH_DIFFERENT_LEDGER
    if code_of(row) != NONE and code_of(row) != code_of(held):
        return Status.EXISTS_WITH_DIFFERENT_CODE
    return Status.EXISTS


@inlined
def resolving_retry_status(row: Words, held: Words, pending: Words) -> Status:
    """A post or void against the stored transfer with its id, which resolved `pending`."""
    status = _retry_head_status(row, held)
    if status != Status.EXISTS:
        return status
    if not zero(row, DEBIT_ID) and not same(row, DEBIT_ID, held, DEBIT_ID):
        return Status.EXISTS_WITH_DIFFERENT_DEBIT_ACCOUNT_ID
    if not zero(row, CREDIT_ID) and not same(row, CREDIT_ID, held, CREDIT_ID):
        return Status.EXISTS_WITH_DIFFERENT_CREDIT_ACCOUNT_ID
    if _retry_amount_differs(row, held, pending):
        return Status.EXISTS_WITH_DIFFERENT_AMOUNT
    return _retry_inherited_status(row, held, pending)
