"""The auditor's part: everything checked from the files alone, by the independent verifier.

Rules:

1. Nothing is asked of the ledger or of whoever wrote the files; what is trusted is the log's public key.
2. A check that could not fail proves nothing: a receipt with one fen changed must be refused.

Example::

    checks = audit(directory, vkeys, Receipts(balances, transfers, witness))
    all(check.passed for check in checks)
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from jinku.verify import (
    LogReport,
    NotVerified,
    Trust,
    Unreadable,
    verify_balance_receipt,
    verify_log_directory,
    verify_receipt,
)


@dataclass(frozen=True, slots=True)
class Receipts:
    """What customers hold: balance receipts by customer, transfer receipts by transfer id."""

    balances: Mapping[str, bytes]
    transfers: Mapping[int, bytes]
    witness: str = ""
    """Public key of a witness that must have cosigned; empty for none."""


@dataclass(frozen=True, slots=True)
class Check:
    """One thing checked, whether it held, and what was seen."""

    name: str
    passed: bool
    seen: str


def audit(log: Path, vkeys: Sequence[str], receipts: Receipts) -> tuple[LogReport, tuple[Check, ...]]:
    """Check a log directory, balance receipts and transfer receipts; the report on the log, and every check."""
    trust = Trust.of(list(vkeys))
    report = verify_log_directory(log, trust)
    if receipts.witness:
        trust = Trust.of(list(vkeys), witnesses=[receipts.witness], quorum=1)
    faults = "; ".join(f"{one.where}: {one.message}" for one in report.findings[:3])
    return report, (
        Check("log directory", report.ok, faults or f"{report.size} entries replayed, every file recomputed"),
        _balance_check(receipts.balances, trust),
        _transfer_check(receipts.transfers, trust),
        _forgery_check(receipts.balances, trust),
    )


def _balance_check(balances: Mapping[str, bytes], trust: Trust) -> Check:
    held = [verify_balance_receipt(data, trust).customer == customer for customer, data in balances.items()]
    return Check("balance receipts", all(held), f"{sum(held)} of {len(held)} prove their balance")


def _transfer_check(transfers: Mapping[int, bytes], trust: Trust) -> Check:
    held = [
        verify_receipt(data, None, trust).leaf[24:40] == number.to_bytes(16, "little")
        for number, data in transfers.items()
    ]
    return Check("transfer receipts", all(held), f"{sum(held)} of {len(held)} prove their transfer")


def _forgery_check(balances: Mapping[str, bytes], trust: Trust) -> Check:
    """Each balance raised by one fen must be refused."""
    refused = 0
    for customer, data in balances.items():
        balance = str(verify_balance_receipt(data, trust).balance)
        richer = f'"balance": "{int(balance) + 1}"'.encode()
        try:
            verify_balance_receipt(data.replace(f'"balance": "{balance}"'.encode(), richer), trust)
        except (NotVerified, Unreadable):
            refused += 1
        else:
            return Check("forged receipts", False, f"customer {customer} with one fen more was believed")
    return Check("forged receipts", refused == len(balances), f"{refused} with one fen more, all refused")
