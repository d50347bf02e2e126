"""Flag bits and entry kinds as 64-bit constants, so that compiled code mixes no signed with unsigned
numbers.
"""

import numpy as np

from jinku.ledger.layout import ENTRY_VERSION, EntryKind
from jinku.ledger.model import AccountFlags, TransferFlags

LINKED = np.uint64(TransferFlags.LINKED)
PENDING = np.uint64(TransferFlags.PENDING)
POST = np.uint64(TransferFlags.POST_PENDING_TRANSFER)
VOID = np.uint64(TransferFlags.VOID_PENDING_TRANSFER)
RESOLVES = np.uint64(TransferFlags.POST_PENDING_TRANSFER | TransferFlags.VOID_PENDING_TRANSFER)
BALANCING_DEBIT = np.uint64(TransferFlags.BALANCING_DEBIT)
BALANCING_CREDIT = np.uint64(TransferFlags.BALANCING_CREDIT)
BALANCING = np.uint64(TransferFlags.BALANCING_DEBIT | TransferFlags.BALANCING_CREDIT)
CLOSING_DEBIT = np.uint64(TransferFlags.CLOSING_DEBIT)
CLOSING_CREDIT = np.uint64(TransferFlags.CLOSING_CREDIT)
CLOSING = np.uint64(TransferFlags.CLOSING_DEBIT | TransferFlags.CLOSING_CREDIT)
IMPORTED = np.uint64(TransferFlags.IMPORTED)
NOT_WITH_RESOLVING = PENDING | BALANCING | CLOSING
TRANSFER_RESERVED = np.uint64(0xFFFF ^ sum(TransferFlags))

ACCOUNT_IMPORTED = np.uint64(AccountFlags.IMPORTED)
CLOSED = np.uint64(AccountFlags.CLOSED)
DEBITS_LIMITED = np.uint64(AccountFlags.DEBITS_MUST_NOT_EXCEED_CREDITS)
CREDITS_LIMITED = np.uint64(AccountFlags.CREDITS_MUST_NOT_EXCEED_DEBITS)
ACCOUNT_RESERVED = np.uint64(0xFFFF ^ sum(AccountFlags))

ACCOUNT_KIND = np.uint64(EntryKind.ACCOUNT)
TRANSFER_KIND = np.uint64(EntryKind.TRANSFER)
BURNED_KIND = np.uint64(EntryKind.BURNED_ID)
EXPIRY_KIND = np.uint64(EntryKind.EXPIRY)
SEAL_KIND = np.uint64(EntryKind.SEAL)
VERSION = np.uint64(ENTRY_VERSION)

NONE = np.uint64(0)
ONE = np.uint64(1)
TIMESTAMP_MAX = np.uint64((1 << 63) - 1)
