"""Daily check files of a custodian of the Chinese kind: five layouts, and how each of their records ends.

Rules:

1. A file is rows of cells parted by ``|``, in UTF-8 or GB18030. Labelled rows come first (``check_file`` with the kind,
   ``account``, ``currency``, ``day``, ``count``, ``total``), then the header, then a row a record.
2. Every kind has the columns of ``COLUMNS``; more may follow and are passed over. ``count`` and ``total`` are over all
   records.
3. ``status`` is ``S`` (done), ``P`` (in process) or ``F`` (failed). Only what is done is money.
4. A record is known by ``request_no``, ours, and ``bank_no``, the custodian's. A transaction is seen from its payer.
5. Compared with our movements, each record that is done and each movement ends as exactly one of equal, mismatch, bank
   only, ours only, by the reconciliation that statements go through.

Example::

    [file] = read_statement(data, "recharge.txt")
    outcomes(reconcile(file, ours))  # (RecordOutcome(Outcome.EQUAL, "R-1", bank_line=1, transfer_id=17), …)
"""

from dataclasses import dataclass

from jinku.custody.reconciliation.breaks import Outcome
from jinku.custody.reconciliation.model import Reconciliation
from jinku.custody.statements.formats.csv.mapping import CsvMapping, Sign
from jinku.custody.statements.model import StatementKind


@dataclass(frozen=True, slots=True)
class CheckKind:
    """One of the five: what it is called, which way its money goes, whether it takes something back."""

    name: str
    sign: Sign
    meaning: str
    reversal: bool = False


CHECK_KINDS: tuple[CheckKind, ...] = (
    CheckKind("recharge", Sign.CREDIT, "clients' money that came in"),
    CheckKind("withdraw", Sign.DEBIT, "clients' money that was paid out"),
    CheckKind("transaction", Sign.DEBIT, "money moved between clients within custody, seen from the payer"),
    CheckKind("commission", Sign.CREDIT, "fees that the platform took"),
    CheckKind("rollback", Sign.CREDIT, "payouts that failed and were pushed back", reversal=True),
)

COLUMNS: dict[str, str] = {
    "end_to_end_id": "request_no",
    "transaction_id": "bank_no",
    "booked": "date",
    "amount": "amount",
    "status": "status",
    "remittance": "remark",
}
"""Fields of the model, and the names of their columns in every kind of check file."""

LABELS: dict[str, str] = {
    "account": "account",
    "currency": "currency",
    "from_date": "day",
    "count": "count",
    "total": "total",
}


def check_file_mapping(kind: CheckKind) -> CsvMapping:
    """The layout of a kind of check file."""
    return CsvMapping(
        name=f"check-{kind.name}",
        columns=COLUMNS,
        labels=LABELS,
        marks={"check_file": kind.name},
        constants={"bank_transaction_code": kind.name.upper()},
        statuses={"S": "BOOK", "P": "PDNG", "F": "INFO"},
        encodings=("utf-8", "gb18030"),
        delimiter="|",
        date_format="%Y%m%d",
        sign=kind.sign,
        kind=StatementKind.NOTIFICATION,
        reversal=kind.reversal,
    )


def check_file_mappings() -> tuple[CsvMapping, ...]:
    """The layouts of all five."""
    return tuple(check_file_mapping(kind) for kind in CHECK_KINDS)


@dataclass(frozen=True, slots=True)
class RecordOutcome:
    """How one record ended. `bank_line` is 0 where only we have it, `transfer_id` 0 where only the bank has it."""

    outcome: Outcome
    reference: str
    bank_line: int = 0
    transfer_id: int = 0


def outcomes(result: Reconciliation) -> tuple[RecordOutcome, ...]:
    """How every record ended: those of the bank in its order, then those that only we have."""
    found = [
        RecordOutcome(Outcome.EQUAL, one.movement.reference, one.bank_line, one.movement.transfer_id)
        for one in result.matches
    ]
    for one in result.breaks:
        if one.outcome is Outcome.EQUAL:
            continue  # late, and among the matches
        line = 0 if one.outcome is Outcome.OURS_ONLY else one.bank_lines[-1]
        transfer = 0 if one.outcome is Outcome.BANK_ONLY else one.transfer_ids[-1]
        found.append(RecordOutcome(one.outcome, one.reference, line, transfer))
    return tuple(sorted(found, key=lambda one: (one.bank_line == 0, one.bank_line)))
