"""The nightly tie-out: each customer's balance is the sum of that customer's postings, and all of them are in the pool.

Rules:

1. One reading of all accounts gives the balances; the journal up to that reading gives the postings, summed up
   anew from its first entry (`jinku.custody.structure.postings`). The two are compared bit for bit, all four
   balances of each account.
2. The totals of the sums, not of the balances, are tied to the pools by `jinku.custody.structure.whose`.
3. The record is canonical JSON; its SHA-256 can be sealed in the log. It names accounts by number only.

Example::

    found = tie_out(ledger)
    found.ties           # True
    ledger.seal(found.digest, SEAL_TOPIC_STRUCTURE)
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from jinku.base.canonical import canonical_json
from jinku.custody.structure.postings import balances_by_postings
from jinku.custody.structure.template import Structure
from jinku.custody.structure.whose import NO_STRUCTURES, Books, WhoseMoney, divide, read_at_rest
from jinku.ledger.layout import BALANCES, Array, u128

SEAL_TOPIC_STRUCTURE = 5
DIFFERENCES_NAMED_MAX = 1_000
"""Differences that a record names; it counts all of them."""
_COLUMNS = ("debits_pending", "debits_posted", "credits_pending", "credits_posted")


@dataclass(frozen=True, slots=True)
class Difference:
    """An account whose balance is not the sum of its postings. Amounts in minor units."""

    account: int
    column: str
    """Which of the four balances."""
    balance: int
    postings: int


@dataclass(frozen=True, slots=True)
class TieOut:
    """What a tie-out found. `size` is how many journal entries were summed up."""

    size: int
    accounts: int
    differing: int
    """How many balances differ in all."""
    differences: tuple[Difference, ...]
    money: WhoseMoney
    """The sums of postings, divided by legal entity, pool, currency and place."""

    @property
    def ties(self) -> bool:
        """Whether every balance is the sum of its postings and every pool holds what it owes."""
        return not self.differing and not self.money.faults

    @property
    def document(self) -> dict[str, object]:
        """The record as JSON values; amounts are strings of digits."""
        return {
            "size": str(self.size),
            "accounts": self.accounts,
            "ties": self.ties,
            "differing": self.differing,
            "differences": [
                {
                    "account": str(one.account),
                    "column": one.column,
                    "balance": str(one.balance),
                    "postings": str(one.postings),
                }
                for one in self.differences
            ],
            **money_document(self.money),
        }

    @property
    def digest(self) -> bytes:
        """SHA-256 over the record's canonical JSON, 32 bytes."""
        return hashlib.sha256(canonical_json(self.document)).digest()


def tie_out(ledger: Books, structures: Mapping[int, Structure] = NO_STRUCTURES) -> TieOut:
    """Sum up the whole journal and compare. Raises SumsDiffer where it cannot be summed up, NotAtRest."""
    accounts, size = read_at_rest(ledger)
    postings = balances_by_postings(ledger, accounts, size)
    differing, named = _differences(accounts, postings)
    summed = accounts.copy()
    for name in BALANCES.names or ():
        summed[name] = postings[name]
    return TieOut(size, len(accounts), differing, named, divide(summed, structures, size, None))


def money_document(money: WhoseMoney) -> dict[str, object]:
    """Lines and faults as JSON values; amounts are strings of digits."""
    return {
        "lines": [
            {
                "entity": one.entity,
                "pool": one.pool,
                "currency": one.currency.code,
                "place": one.place.key,
                "in_transit": one.in_transit,
                "client": str(one.client),
                "own": str(one.own),
                "total": str(one.total),
            }
            for one in money.lines
        ],
        "faults": [{"place": one.place, "problem": one.problem} for one in money.faults],
    }


def _differences(accounts: Array, postings: Array) -> tuple[int, tuple[Difference, ...]]:
    differing = 0
    named: list[Difference] = []
    for column in _COLUMNS:
        wrong = np.flatnonzero(
            (accounts[f"{column}_hi"] != postings[f"{column}_hi"])
            | (accounts[f"{column}_lo"] != postings[f"{column}_lo"])
        )
        differing += len(wrong)
        shown = wrong[: DIFFERENCES_NAMED_MAX - len(named)]
        both = zip(
            u128(accounts[shown], "id"),
            u128(accounts[shown], column),
            u128(postings[shown], column),
            strict=True,
        )
        named += [Difference(account, column, balance, summed) for account, balance, summed in both]
    return differing, tuple(named)
