"""The independent verifier: checks what Jinku publishes, with nothing of Jinku but this package.

It needs Python, and `cryptography` or the program `openssl`, and can be copied out of the repository and read in an
afternoon. Nothing here shares code with what writes the log, so a mistake there is not repeated here.

Example::

    from jinku.verify import verify_log_directory

    report = verify_log_directory("log", "ledger.example/jinku+1234abcd+AQ…")
    assert report.ok
"""

from jinku.verify.attestations import Listed, check_listed, parse_list, verify_attestations
from jinku.verify.balance import Balance, Expected, verify_balance_receipt
from jinku.verify.consistency import verify_consistency
from jinku.verify.errors import NotVerified, Unreadable, VerifyError
from jinku.verify.logdir import verify_log_directory
from jinku.verify.receipt import Receipt, verify_receipt
from jinku.verify.report import Finding, LogReport
from jinku.verify.trust import Opened, Trust, open_checkpoint

__all__ = [
    "Balance",
    "Expected",
    "Finding",
    "Listed",
    "LogReport",
    "NotVerified",
    "Opened",
    "Receipt",
    "Trust",
    "Unreadable",
    "VerifyError",
    "check_listed",
    "open_checkpoint",
    "parse_list",
    "verify_attestations",
    "verify_balance_receipt",
    "verify_consistency",
    "verify_log_directory",
    "verify_receipt",
]
