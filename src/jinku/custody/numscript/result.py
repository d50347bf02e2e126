"""What a run yields: postings, metadata, and for each posting why it is what it is.

Rules:

1. Postings are in the order in which they must be booked; none is of zero.
2. A posting's source may be explained by several paths: clauses that took from the same account one after the other.
3. What a program sends and then keeps is listed apart: it moves nothing.

Example::

    for posting in result.postings:
        posting.why.target[-1].note  # "1/3 of 100 is 33, and 1 unit left over"
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from jinku.custody.numscript.values import Value


class Rule(StrEnum):
    """Which rule of the language decided a step of the way."""

    ACCOUNT = "account"
    OVERDRAFT = "overdraft"
    IN_ORDER = "in order"
    ONE_OF = "one of"
    CAP = "max"
    PORTION = "portion"
    REMAINING = "remaining"
    KEPT = "kept"
    SCALING = "scaling"


@dataclass(frozen=True, slots=True)
class Clause:
    """One step of the way from the sent amount to an account: the rule, where it is written, and its numbers."""

    rule: Rule
    line: int
    column: int
    text: str
    note: str = ""


Path = tuple[Clause, ...]
"""Clauses from the outermost to the account."""


@dataclass(frozen=True, slots=True)
class Why:
    """Why a posting is: the ways money was taken, and the way it was given."""

    sources: tuple[Path, ...]
    target: Path


@dataclass(frozen=True, slots=True)
class Posting:
    """`amount` units of `asset` from one account to another; `color` is empty for plain money."""

    source: str
    destination: str
    asset: str
    amount: int
    color: str
    why: Why

    def movement(self) -> tuple[str, str, str, int, str]:
        """The posting without its explanation."""
        return self.source, self.destination, self.asset, self.amount, self.color


@dataclass(frozen=True, slots=True)
class KeptBack:
    """What was taken from an account and given back to it."""

    account: str
    asset: str
    amount: int
    color: str
    why: Why


@dataclass(frozen=True, slots=True)
class Result:
    """All that one run yields."""

    postings: tuple[Posting, ...]
    kept: tuple[KeptBack, ...]
    tx_metadata: Mapping[str, Value]
    account_metadata: Mapping[str, Mapping[str, str]]

    def document(self) -> dict[str, Any]:
        """The result as JSON values; amounts are strings of digits."""
        return {
            "postings": [_posting_document(posting) for posting in self.postings],
            "kept": [
                {
                    "account": kept.account,
                    "asset": kept.asset,
                    "amount": str(kept.amount),
                    **({"color": kept.color} if kept.color else {}),
                    "why": _why_document(kept.why),
                }
                for kept in self.kept
            ],
            "tx_metadata": {key: str(value) for key, value in self.tx_metadata.items()},
            "account_metadata": {account: dict(pairs) for account, pairs in self.account_metadata.items()},
        }


def _posting_document(posting: Posting) -> dict[str, Any]:
    return {
        "source": posting.source,
        "destination": posting.destination,
        "asset": posting.asset,
        "amount": str(posting.amount),
        **({"color": posting.color} if posting.color else {}),
        "why": _why_document(posting.why),
    }


def _why_document(why: Why) -> dict[str, Any]:
    return {
        "sources": [[_clause_document(clause) for clause in path] for path in why.sources],
        "target": [_clause_document(clause) for clause in why.target],
    }


def _clause_document(clause: Clause) -> dict[str, Any]:
    return {
        "rule": clause.rule.value,
        "line": clause.line,
        "column": clause.column,
        "text": clause.text,
        "note": clause.note,
    }
