"""Daily check files of a custodian of the Chinese kind: five layouts.

Rules:

1. A file is rows of cells parted by ``|``, in UTF-8 or GB18030. Labelled rows come first (``check_file`` with the kind,
   ``account``, ``currency``, ``day``, ``count``, ``total``), then the header, then a row a record.
2. Every kind has the columns of ``COLUMNS``; more may follow and are passed over. ``count`` and ``total`` are over all
   records.
3. ``status`` is ``S`` (done), ``P`` (in process) or ``F`` (failed). Only what is done is money.
4. A record is known by ``request_no``, ours, and ``bank_no``, the custodian's. A transaction is seen from its payer.

Example::

    [file] = read_statement(data, "recharge.txt")
"""

from dataclasses import dataclass

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
