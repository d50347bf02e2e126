"""The simulated bank's five daily check files, right and wrong.

Rules:

1. The layout is that of `jinku.custody.statements.formats.checkfiles`: labelled rows, a header, a row a record.
2. A wrong file misses a line, has one too many or another amount, and its count and total fit what it says: only a
   comparison finds it.

Example::

    check_file(books, plan, "withdraw", "2026-11-20", account="CUSTODY-1", wrong=True)  # bytes
"""

from jinku.base.currency import currency
from jinku.base.decimals import format_minor
from jinku.custody.statements.formats.checkfiles import CHECK_KINDS, COLUMNS
from jinku.sim.custodian.books import FEE, Books
from jinku.sim.custodian.faults import FaultPlan

KINDS = tuple(kind.name for kind in CHECK_KINDS)
Row = tuple[str, str, int, str]
_OUTSIDE = (
    "SELECT o.number, r.bank_no, ? * o.amount FROM outside o JOIN request r ON r.number = o.number "
    "WHERE o.day = ? AND o.kind = ? AND r.service = ? ORDER BY o.number"
)
_COMMISSION = (
    "SELECT e.request, r.bank_no, e.amount FROM entry e JOIN request r ON r.number = e.request "
    "WHERE e.credit = ? AND e.day = ? ORDER BY e.number"
)
_SETTLEMENTS = (
    "SELECT number, bank_no, amount FROM request WHERE day = ? AND status = 'SETTLED' "
    "AND service IN ('SINGLE_SETTLEMENT', 'BATCH_SETTLEMENT') ORDER BY number"
)


def rows_of(books: Books, kind: str, day: str) -> list[Row]:
    """``(request number, bank number, amount, status)`` of a day, by number."""
    if kind == "recharge":
        found = books.rows(_OUTSIDE, -1, day, "settled", "RECHARGE")
    elif kind == "withdraw":
        found = books.rows(_OUTSIDE, 1, day, "settled", "WITHDRAW")
    elif kind == "rollback":
        found = books.rows(_OUTSIDE, -1, day, "returned", "WITHDRAW")
    elif kind == "commission":
        found = books.rows(_COMMISSION, FEE, day)
    else:
        found = books.rows(_SETTLEMENTS, day)
    return [(str(number), str(bank_no), int(amount), "S") for number, bank_no, amount in found]


def check_file(
    books: Books, plan: FaultPlan, kind: str, day: str, *, account: str = "CUSTODY-1", wrong: bool = False
) -> bytes:
    """One day's file of one kind."""
    rows = rows_of(books, kind, day)
    if wrong and rows:
        rows = _spoilt(rows, plan.choice(f"{kind}/{day}", 3), plan.choice(f"row/{kind}/{day}", len(rows)))
    unit = currency("CNY")
    lines = [
        f"check_file|{kind}",
        f"account|{account}",
        f"currency|{unit.code}",
        f"day|{day.replace('-', '')}",
    ]
    total = format_minor(sum(row[2] for row in rows), unit.exponent)
    lines += [f"count|{len(rows)}", f"total|{total}", "|".join(COLUMNS.values())]
    for number, bank_no, amount, status in rows:
        lines.append(
            f"{number}|{bank_no}|{day.replace('-', '')}|{format_minor(amount, unit.exponent)}|{status}|"
        )
    return ("\n".join(lines) + "\n").encode()


def _spoilt(rows: list[Row], how: int, where: int) -> list[Row]:
    number, bank_no, amount, status = rows[where]
    if how == 0:
        return rows[:where] + rows[where + 1 :]
    if how == 1:
        return [*rows[:where], (number, bank_no, amount + 1, status), *rows[where + 1 :]]
    return [*rows, (f"9{number}"[:19], f"X{bank_no}", amount, status)]
