"""Field 61, the statement line: ``YYMMDD[MMDD](D|C|RD|RC|ED|EC)[funds code]amount,type reference[//bank reference]``.

The entry date has no year: it is the one nearest to the value date. Type codes are ``S`` with the number of the SWIFT
message behind it, ``N`` with a code for anything else, ``F`` for a first advice; they are kept as they stand, as are
those that banks make up. The
second line holds supplementary details.
"""

import re
from dataclasses import dataclass
from datetime import date

from jinku.base.currency import Currency
from jinku.custody.statements.formats.mt.messages import Field
from jinku.custody.statements.formats.source import Source, Text
from jinku.custody.statements.model import Direction, EntryStatus

AMOUNT_CHARS_MAX = 15
REFERENCE_CHARS_MAX = 35
"""16 in the standard; banks give whole account numbers and names."""
DETAILS_CHARS_MAX = 65
"""34 in the standard; banks give more."""
NO_REFERENCE = frozenset({"", "NONREF"})

_FORM = re.compile(
    r"(?P<value>[0-9]{6})(?P<entry>[0-9]{4})?(?P<mark>[RE]?[DC])(?P<funds>[A-Z])?(?P<amount>[0-9]+,[0-9]*)"
    r"(?P<type>[A-Z][A-Z0-9 ]{3})(?P<rest>.*)",
    re.ASCII,
)
_MARKS: dict[str, tuple[Direction, bool, EntryStatus]] = {
    "C": (Direction.CREDIT, False, EntryStatus.BOOKED),
    "D": (Direction.DEBIT, False, EntryStatus.BOOKED),
    "RC": (Direction.DEBIT, True, EntryStatus.BOOKED),
    "RD": (Direction.CREDIT, True, EntryStatus.BOOKED),
    "EC": (Direction.CREDIT, False, EntryStatus.PENDING),
    "ED": (Direction.DEBIT, False, EntryStatus.PENDING),
}
"""Direction of the money, whether it takes an entry back, how final it is."""


@dataclass(frozen=True, slots=True)
class Line:
    """What a field 61 says."""

    line: int
    booked: date
    value_date: date
    direction: Direction
    reversal: bool
    status: EntryStatus
    amount: int
    type: str
    owner_reference: str
    bank_reference: str
    details: str


def line_of(source: Source, field: Field, unit: Currency) -> Line:
    """The statement line in `field`, in currency `unit`. Raises InputError."""
    found = _FORM.fullmatch(field.texts[0])
    if found is None:
        problem = "is not date, mark, amount with a comma, type and reference"
        raise source.bad(problem, field.line, "61", field.texts[0])
    if len(field.texts) > 2:
        raise source.bad("has more than one line of details", field.line + 2, "61", field.texts[2])
    direction, reversal, status = _MARKS[found["mark"]]
    funds = found["funds"]
    if funds and funds != unit.code[2]:
        raise source.bad(f"is not the last letter of {unit.code}", field.line, "61/funds code", funds)
    amount = Text(found["amount"], field.line)
    if len(amount.text) > AMOUNT_CHARS_MAX:
        problem = f"has more than {AMOUNT_CHARS_MAX} characters"
        raise source.bad(problem, field.line, "61/amount", amount.text)
    value_date = source.short_date(Text(found["value"], field.line), "61/value date")
    owner, _, bank = found["rest"].partition("//")
    return Line(
        line=field.line,
        booked=_entry_date(source, Text(found["entry"] or "", field.line), value_date),
        value_date=value_date,
        direction=direction,
        reversal=reversal,
        status=status,
        amount=comma_amount(source, amount, unit, "61/amount"),
        type=found["type"],
        owner_reference=_reference(source, Text(owner, field.line), "61/reference"),
        bank_reference=_reference(source, Text(bank, field.line), "61/bank reference"),
        details=_bounded(
            source, Text("".join(field.texts[1:]), field.line + 1), "61/details", DETAILS_CHARS_MAX
        ),
    )


def comma_amount(source: Source, written: Text, unit: Currency, field: str) -> int:
    """`written` as SWIFT writes amounts: a comma always, decimals as needed. Raises InputError."""
    if "," not in written.text or "." in written.text:
        raise source.bad("is not an amount with a comma", written.line, field, written.text)
    return source.amount(Text(written.text.removesuffix(","), written.line), unit, field, ",")


def _entry_date(source: Source, written: Text, value_date: date) -> date:
    if not written.text:
        return value_date
    month, day = int(written.text[:2]), int(written.text[2:])
    near = []
    for year in (value_date.year - 1, value_date.year, value_date.year + 1):
        try:
            near.append(date(year, month, day))
        except ValueError:
            continue
    if not near:
        raise source.bad("is not a date of the form MMDD", written.line, "61/entry date", written.text)
    return min(near, key=lambda one: abs(one - value_date))


def _reference(source: Source, written: Text, field: str) -> str:
    text = _bounded(source, written, field, REFERENCE_CHARS_MAX)
    return "" if text in NO_REFERENCE else text


def _bounded(source: Source, written: Text, field: str, chars_max: int) -> str:
    text = written.text.strip()
    if len(text) > chars_max:
        raise source.bad(f"has more than {chars_max} characters", written.line, field, text)
    return text
