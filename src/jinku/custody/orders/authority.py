"""Limits and claims as accounts of the ledger: numbers of units beside the money, never money.

Rules:

1. Units of authority in a currency have a ledger of their own, ``10_000`` + its number; units of principal owed have
   ``20_000`` + its number. No transfer can mix them with money.
2. A limit is an account that may not be overdrawn. Granting it credits the account, an order's use debits it: a hold
   reserves, a payment uses up, and what is freed or times out comes back, all in the chain that moves the money. So a
   limit holds against concurrent orders and crashes as a balance does, and there is no second place that counts.
3. The leg beside leg *n* of an order has the number ``n | base``: one base for each use (`Beside`).
4. A loan's claims: one account for each creditor of a project, as large as the principal still owed to him.

Example::

    books = AuthorityBooks(Chart(1, 156))
    books.mandate(7)  # the account that holds what mandate 7 still allows
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import IntEnum

import numpy as np

from jinku.base.ids import derived_id
from jinku.custody.structure.chart import Chart
from jinku.ledger.layout import ACCOUNT, Array, set_u128
from jinku.ledger.model import AccountFlags

AUTHORITY_LEDGER_BASE = 10_000
CLAIM_LEDGER_BASE = 20_000
NUMBER_MAX = (1 << 64) - 1


class AuthorityKind(IntEnum):
    """Kinds of account in the ledgers of authority and of claims; the value is the account's ``code``."""

    GRANTED = 9001
    """Whatever was granted; the other side of every limit."""
    USED = 9002
    """Whatever was used up."""
    MANDATE = 9003
    PROJECT = 9004
    REFUNDABLE = 9005
    """What is left to give back of one payment."""
    OWED = 9010
    """The principal that a project's borrower owes; the other side of its claims."""
    CLAIM = 9011


class Beside(IntEnum):
    """What a leg beside a money leg counts; the value is the base of its number."""

    MANDATE = 1 << 13
    SECOND_MANDATE = 2 << 13
    PROJECT = 3 << 13
    CLAIM = 4 << 13
    REFUNDABLE = 5 << 13


@dataclass(frozen=True, slots=True)
class AuthorityBooks:
    """The ids of one chart's accounts of authority and claims."""

    chart: Chart

    @property
    def ledger(self) -> int:
        """The ledger number of authority."""
        return AUTHORITY_LEDGER_BASE + self.chart.currency

    @property
    def claim_ledger(self) -> int:
        """The ledger number of claims."""
        return CLAIM_LEDGER_BASE + self.chart.currency

    @property
    def granted(self) -> int:
        """The other side of every limit."""
        return self._id(AuthorityKind.GRANTED, 0, self.ledger)

    @property
    def used(self) -> int:
        """Where used authority goes."""
        return self._id(AuthorityKind.USED, 0, self.ledger)

    def mandate(self, number: int) -> int:
        """What the mandate still allows."""
        return self._id(AuthorityKind.MANDATE, number, self.ledger)

    def project(self, number: int) -> int:
        """What the project may still raise."""
        return self._id(AuthorityKind.PROJECT, number, self.ledger)

    def owed(self, project: int) -> int:
        """The other side of a project's claims."""
        return self._id(AuthorityKind.OWED, project, self.claim_ledger)

    def refundable(self, transfer: int) -> int:
        """What is left to give back of the payment `transfer`."""
        return derived_id("jinku/refundable", str(transfer))

    def claim(self, project: int, creditor: int) -> int:
        """The claim of the account `creditor` on `project`."""
        return derived_id("jinku/claim", str(self.chart.currency), str(project), str(creditor))

    def mandates_of(self, numbers: Array) -> tuple[Array, Array]:
        """(low, high) words of the accounts of many mandates."""
        return _many(self.mandate(0), numbers)

    def projects_of(self, numbers: Array) -> tuple[Array, Array]:
        """(low, high) words of the accounts of many projects."""
        return _many(self.project(0), numbers)

    def common_accounts(self) -> Array:
        """``ACCOUNT`` rows of what every limit's other side is."""
        return np.concatenate(
            [
                self.account_row(self.granted, AuthorityKind.GRANTED),
                self.account_row(self.used, AuthorityKind.USED),
            ]
        )

    def account_row(self, account: int, kind: AuthorityKind, project: int = 0, creditor: int = 0) -> Array:
        """One ``ACCOUNT`` row; what can be used up may not be overdrawn. A claim names its project in
        ``user_data_64`` and its creditor's account in ``user_data_128``.
        """
        row = np.zeros(1, ACCOUNT)
        set_u128(row, "id", [account])
        set_u128(row, "user_data_128", [creditor])
        row["user_data_64"], row["user_data_32"] = project, self.chart.entity
        owed = kind in (AuthorityKind.OWED, AuthorityKind.CLAIM)
        row["ledger"], row["code"] = self.claim_ledger if owed else self.ledger, kind
        if kind not in (AuthorityKind.GRANTED, AuthorityKind.USED, AuthorityKind.OWED):
            row["flags"] = AccountFlags.DEBITS_MUST_NOT_EXCEED_CREDITS
        return row

    def claim_rows(self, project: int, creditors: Iterable[int]) -> Array:
        """``ACCOUNT`` rows of a project's claims: the other side, and one per creditor."""
        rows = [self.account_row(self.owed(project), AuthorityKind.OWED, project)]
        rows += [
            self.account_row(self.claim(project, one), AuthorityKind.CLAIM, project, one) for one in creditors
        ]
        return np.concatenate(rows)

    def _id(self, kind: AuthorityKind, number: int, ledger: int) -> int:
        return self.chart.entity << 96 | number << 32 | ledger << 16 | kind


def _many(first: int, numbers: Array) -> tuple[Array, Array]:
    """Account ids are ``entity << 96 | number << 32 | …``: the number's low half lies in the low word."""
    low_half = (numbers & np.uint64(0xFFFFFFFF)) << np.uint64(32)
    return low_half | np.uint64(first & 0xFFFFFFFF), (numbers >> np.uint64(32)) | np.uint64(first >> 64)
