"""The records that hold money: balances and totals of an account (03) and its details (16), with funds types.

Funds types: ``Z`` or none unknown, ``0`` at once, ``1`` tomorrow, ``2`` later; ``V`` with day and time; ``S`` with
three amounts (at once, tomorrow, later); ``D`` with a count of pairs of days and amount. Parts that do not sum up to
the amount are refused. Only ``V`` and ``0`` say a value date.
"""

import re
from dataclasses import dataclass
from datetime import date

from jinku.base.decimals import AMOUNT_DIGITS_MAX
from jinku.custody.statements.formats.bai2.codes import Level, TypeCode, type_code
from jinku.custody.statements.formats.bai2.records import Record
from jinku.custody.statements.formats.source import Source, Text
from jinku.custody.statements.model import Direction, EntryStatus, StatementEntry

DISTRIBUTION_PARTS_MAX = 100
_AMOUNT = re.compile(rf"[+-]?[0-9]{{1,{AMOUNT_DIGITS_MAX}}}", re.ASCII)
_CODE = re.compile(r"[0-9]{3}", re.ASCII)
_TIME = re.compile(r"([01][0-9]|2[0-4])[0-5][0-9]|9999|", re.ASCII)
FUNDS_TYPES = frozenset({"", "Z", "0", "1", "2", "V", "S", "D"})


@dataclass(frozen=True, slots=True)
class Summary:
    """A balance or a total of an account; None where the bank left the amount out."""

    code: str
    line: int
    amount: int | None
    items: int | None


def amount_of(source: Source, written: Text, field: str) -> int:
    """Minor units with an optional sign. Raises InputError."""
    if not _AMOUNT.fullmatch(written.text):
        problem = f"is not a whole number of at most {AMOUNT_DIGITS_MAX} digits"
        raise source.bad(problem, written.line, field, written.text)
    return int(written.text)


def summary_of(source: Source, record: Record, code: Text) -> Summary:
    """The summary whose type code was just taken from `record`, a 03. Raises InputError."""
    if not _CODE.fullmatch(code.text):
        raise source.bad("is not a type code", code.line, "03/type code", code.text)
    written = record.needed()
    amount = amount_of(source, written, "03/amount") if written.text else None
    items, funds = Text("", written.line), Text("", written.line)
    if not record.starts_line():
        items = record.needed()
        if not record.starts_line():
            funds = record.needed()
    _value_date(source, record, funds, amount or 0, None)
    count = source.count(items, "03/item count") if items.text else None
    return Summary(code.text, code.line, amount, count)


def detail_of(source: Source, record: Record, day: date) -> tuple[StatementEntry, int]:
    """The entry in a 16 of an account as of `day`, and its amount as the control total counts it.

    Raises InputError.
    """
    code = record.needed()
    meaning = _meaning(source, code)
    written = record.needed()
    amount = amount_of(source, written, "16/amount") if written.text else 0
    if amount < 0:
        raise source.bad("is negative; the type code says which way", written.line, "16/amount", written.text)
    if not written.text and meaning.level is not Level.TEXT:
        raise source.bad("is missing", written.line, "16/amount", "")
    value_date = _value_date(source, record, record.needed(), amount, day)
    bank = source.short(record.needed(), "16/bank reference")
    customer = source.short(record.needed(), "16/customer reference")
    entry = StatementEntry(
        reference="",
        amount=amount,
        direction=meaning.direction or Direction.CREDIT,
        booked=day,
        value_date=value_date,
        bank_transaction_code=code.text,
        instruction_id=customer,
        servicer_reference=bank,
        reversal=meaning.reversal,
        status=EntryStatus.INFORMATION if meaning.level is Level.TEXT else EntryStatus.BOOKED,
        remittance=source.short(record.rest(), "16/text"),
    )
    return entry, amount


def _meaning(source: Source, code: Text) -> TypeCode:
    if not _CODE.fullmatch(code.text) or code.text == "000":
        raise source.bad("is not a type code", code.line, "16/type code", code.text)
    meaning = type_code(int(code.text))
    if meaning.level is Level.OWN:
        problem = "is the bank's own code: nobody can say which way the money went"
        raise source.bad(problem, code.line, "16/type code", code.text)
    if meaning.level in (Level.STATUS, Level.SUMMARY):
        problem = (
            f"is the code of a {'balance' if meaning.level is Level.STATUS else 'total'}, not of a detail"
        )
        raise source.bad(problem, code.line, "16/type code", code.text)
    return meaning


def _value_date(source: Source, record: Record, funds: Text, amount: int, day: date | None) -> date | None:
    """The value date that `funds` and the fields after it tell; `day` is the day of the account."""
    kind = funds.text.upper()
    if kind not in FUNDS_TYPES:
        raise source.bad("is none of Z, 0, 1, 2, V, S, D", funds.line, f"{record.code}/funds type", kind)
    if kind == "V":
        when, time = record.needed(), record.needed()
        if not _TIME.fullmatch(time.text):
            raise source.bad("is not a time of the form HHMM", time.line, f"{record.code}/time", time.text)
        return source.short_date(when, f"{record.code}/value date") if when.text else None
    field = f"{record.code}/availability"
    parts: list[int] = []
    if kind == "S":
        parts = [amount_of(source, record.needed(), field) for _ in range(3)]
    elif kind == "D":
        count = source.count(record.needed(), f"{record.code}/distribution", 3)
        if count > DISTRIBUTION_PARTS_MAX:
            problem = f"has more than {DISTRIBUTION_PARTS_MAX} parts"
            raise source.bad(problem, funds.line, f"{record.code}/distribution", str(count))
        for _ in range(count):
            source.count(record.needed(), f"{record.code}/days", 4)
            parts.append(amount_of(source, record.needed(), field))
    if kind in ("S", "D") and sum(parts) != amount:
        raise source.bad(f"sums up to {sum(parts)}, not to {amount}", funds.line, field, str(parts))
    return day if kind == "0" else None
