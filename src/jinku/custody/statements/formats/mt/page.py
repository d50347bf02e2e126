"""One message as a page of a statement: its fields in order, its balances and lines as values.

Balances are ``(C|D)YYMMDD`` currency amount. MT942 has none; its currency is that of the floor limit ``:34F:``, and its
totals ``:90D:`` and ``:90C:`` are compared with the lines.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date

from jinku.base.clock import from_rfc3339
from jinku.base.currency import Currency
from jinku.base.errors import InputError
from jinku.custody.statements.formats.mt.details import Details, details_of, free_text
from jinku.custody.statements.formats.mt.line import Line, comma_amount, line_of
from jinku.custody.statements.formats.mt.messages import FIELD_LINES_MAX, Field, Message
from jinku.custody.statements.formats.source import FETCH_AGAIN, Source, Text
from jinku.custody.statements.model import Direction, StatementEntry

_BALANCE = re.compile(r"([CD])([0-9]{6})([A-Z]{3})([0-9,.]{1,15})", re.ASCII)
_FLOOR = re.compile(r"([A-Z]{3})[DC ]?[0-9,.]{1,15}", re.ASCII)
_TOTAL = re.compile(r"([0-9]{1,5})([A-Z]{3})([0-9,.]{1,15})", re.ASCII)
_NUMBER = re.compile(r"([0-9]{1,5})(?:/([0-9]{1,5}))?", re.ASCII)
_INDICATION = re.compile(r"([0-9]{6})([0-9]{2})([0-9]{2})(?:([+-])([0-9]{2})([0-9]{2}))?", re.ASCII)
_RANK = {
    tag: rank
    for rank, tags in enumerate(
        (
            ("20",),
            ("21",),
            ("25", "25P"),
            ("28", "28C"),
            ("34F", "13D", "13"),
            ("60F", "60M"),
            ("61",),
            ("62F", "62M"),
            ("64",),
            ("65",),
            ("90D", "90C"),
            ("86",),
        )
    )
    for tag in tags
}
"""The order of the standard; a field 86 right after a 61 belongs to that line."""
_OFTEN = frozenset({"34F", "61", "65"})


@dataclass(frozen=True, slots=True)
class Balance:
    """A booked or available balance on a day, signed."""

    line: int
    day: date
    amount: int
    intermediate: bool = False


@dataclass(slots=True)
class Page:
    """What one message says. `opening` and `closing` are None in an MT942."""

    type: str
    line: int
    reference: str = ""
    account: str = ""
    number: int = 0
    page: int = 0
    currency: Currency | None = None
    opening: Balance | None = None
    closing: Balance | None = None
    available: int | None = None
    created: int = 0
    day: date | None = None
    """The day of field 13D."""
    time: str = ""
    entries: list[StatementEntry] = field(default_factory=list)
    information: str = ""


def page_of(source: Source, message: Message) -> Page:
    """`message` as a page. Raises InputError."""
    return _Reader(source, message).read()


class _Reader:
    def __init__(self, source: Source, message: Message) -> None:
        tags = {one.tag for one in message.fields}
        interim = message.type == "942" or (not message.type and not tags & {"60F", "60M", "62F", "62M"})
        self._source = source
        self._message = message
        self._page = Page("942" if interim else "940", message.line)
        self._line: Line | None = None
        self._directions: list[tuple[Direction, int]] = []
        self._texts: tuple[str, ...] = ()
        self._before = ""
        self._seen: set[str] = set()

    def read(self) -> Page:
        handlers: dict[str, Callable[[Field], None]] = {
            "20": self._reference,
            "25": self._account,
            "25P": self._account,
            "28": self._number,
            "28C": self._number,
            "34F": self._floor,
            "13D": self._made,
            "13": self._made,
            "61": self._entry,
            "86": self._information,
            "64": self._available,
            "65": self._forward,
            "90D": self._total,
            "90C": self._total,
        }
        handlers |= dict.fromkeys(("60F", "60M", "62F", "62M"), self._balance)
        for one in self._message.fields:
            if one.tag == "NS":
                continue
            self._check_order(one)
            if one.tag != "86":
                self._end_line()
            if one.tag in handlers:
                handlers[one.tag](one)
            self._before = one.tag
        self._end_line()
        self._check_complete()
        return self._page

    def _check_order(self, one: Field) -> None:
        tag, before = one.tag, self._before
        if tag not in _RANK:
            raise self._bad("is no field of a statement", one, tag)
        if tag == "86" and self._line is not None:
            return
        kind = tag if tag.startswith("90") else tag[:2]
        if kind in self._seen and tag not in _OFTEN:
            raise self._bad("comes twice", one, one.texts[0])
        after_line = before == "86" and "86" not in self._seen
        reached = "61" if after_line else before
        if reached and _RANK[tag] < _RANK[reached]:
            raise self._bad(f"stands after {before}, where it has no place", one, one.texts[0])
        self._seen.add(kind)

    def _check_complete(self) -> None:
        page = self._page
        needed: list[tuple[str, object]] = [("20", page.reference), ("25", page.account)]
        if page.type == "942" and not (self._message.ended or {"90D", "90C"} <= self._seen):
            problem = "neither both totals nor a line with a dash: the message ends in the middle"
            raise self._source.bad(problem, page.line, "90", "", FETCH_AGAIN)
        if page.type == "940":
            needed += [("60", page.opening), ("62", page.closing)]
        else:
            needed += [("34F", page.currency)]
            if page.opening or page.closing:
                raise self._source.bad("has no place in an MT942", page.line, "60", "")
        needed.append(("28C", "28" in self._seen))
        for tag, value in needed:
            if not value and tag == "62":
                problem = "is missing: the message ends in the middle"
                raise self._source.bad(problem, page.line, tag, "", FETCH_AGAIN)
            if not value:
                raise self._source.bad("is missing", page.line, tag, "")

    def _reference(self, one: Field) -> None:
        self._page.reference = self._source.short(one.value, "20")

    def _account(self, one: Field) -> None:
        self._page.account = self._source.short(one.value, "25")

    def _number(self, one: Field) -> None:
        found = _NUMBER.fullmatch(one.texts[0])
        if found is None:
            raise self._bad("is not number/page", one, one.texts[0])
        self._page.number, self._page.page = int(found.group(1)), int(found.group(2) or 0)

    def _balance(self, one: Field) -> None:
        made = self._balance_of(one)
        if one.tag.startswith("60"):
            self._page.opening = made
        else:
            self._page.closing = made

    def _available(self, one: Field) -> None:
        self._page.available = self._balance_of(one).amount

    def _forward(self, one: Field) -> None:
        self._balance_of(one)

    def _balance_of(self, one: Field) -> Balance:
        found = _BALANCE.fullmatch(one.texts[0])
        if found is None or len(one.texts) > 1:
            raise self._bad("is not mark, date, currency and amount", one, " ".join(one.texts))
        mark, day, code, amount = (Text(text, one.line) for text in found.groups())
        unit = self._unit(code, one.tag)
        value = comma_amount(self._source, amount, unit, f"{one.tag}/amount")
        when = self._source.short_date(day, f"{one.tag}/date")
        return Balance(one.line, when, value if mark.text == "C" else -value, one.tag.endswith("M"))

    def _floor(self, one: Field) -> None:
        found = _FLOOR.fullmatch(one.texts[0])
        if found is None:
            raise self._bad("is not currency, mark and amount", one, one.texts[0])
        self._unit(Text(found.group(1), one.line), one.tag)

    def _unit(self, code: Text, tag: str) -> Currency:
        unit = self._source.unit(code, f"{tag}/currency")
        if self._page.currency not in (None, unit):
            problem = f"is not {self._page.currency}, in which the message began"
            raise self._source.bad(problem, code.line, f"{tag}/currency", code.text)
        self._page.currency = unit
        return unit

    def _made(self, one: Field) -> None:
        found = _INDICATION.fullmatch(one.texts[0])
        if found is None:
            raise self._bad("is not YYMMDDHHMM with an offset", one, one.texts[0])
        day, hour, minute, sign, offset_hours, offset_minutes = found.groups()
        self._page.day = self._source.short_date(Text(day, one.line), one.tag)
        self._page.time = hour + minute
        if sign is None:
            return
        try:
            text = f"{self._page.day}T{hour}:{minute}:00{sign}{offset_hours}:{offset_minutes}"
            self._page.created = from_rfc3339(text)
        except InputError:
            raise self._bad("is not a time", one, one.texts[0]) from None

    def _entry(self, one: Field) -> None:
        if self._page.currency is None:
            raise self._bad("stands before the currency is known", one, one.texts[0])
        self._line = line_of(self._source, one, self._page.currency)

    def _information(self, one: Field) -> None:
        if self._line is not None:
            self._texts += one.texts
            if len(self._texts) > FIELD_LINES_MAX:
                raise self._bad(f"has more than {FIELD_LINES_MAX} lines", one, one.texts[0])
        else:
            self._page.information = self._source.short(Text(free_text(one.texts), one.line), "86")

    def _end_line(self) -> None:
        """Make the entry of the line that is open, with the lines of its fields 86 (some banks write one a line)."""
        line, texts = self._line, self._texts
        self._line, self._texts = None, ()
        if line is None:
            return
        details = details_of(texts)
        entry = _entry_of(line, details)
        for name in ("end_to_end_id", "instruction_id", "transaction_id", "return_reason", "remittance"):
            self._source.short(Text(getattr(entry, name), line.line), f"86/{name}")
        self._page.entries.append(entry)
        self._directions.append((entry.direction, entry.amount))

    def _total(self, one: Field) -> None:
        found = _TOTAL.fullmatch(one.texts[0])
        if found is None:
            raise self._bad("is not count, currency and amount", one, one.texts[0])
        unit = self._unit(Text(found.group(2), one.line), one.tag)
        total = comma_amount(self._source, Text(found.group(3), one.line), unit, f"{one.tag}/amount")
        way = Direction.DEBIT if one.tag == "90D" else Direction.CREDIT
        amounts = [amount for direction, amount in self._directions if direction is way]
        if (len(amounts), sum(amounts)) != (int(found.group(1)), total):
            problem = f"but the message has {len(amounts)} such lines of {sum(amounts)} minor units"
            raise self._bad(problem, one, one.texts[0])

    def _bad(self, problem: str, one: Field, value: str) -> InputError:
        return self._source.bad(problem, one.line, one.tag, value)


def _entry_of(line: Line, details: Details) -> StatementEntry:
    code = f"{line.type}+{details.transaction_code}" if details.transaction_code else line.type
    own = "" if line.owner_reference.endswith("+") else line.owner_reference
    return StatementEntry(
        reference="",
        amount=line.amount,
        direction=line.direction,
        booked=line.booked,
        value_date=line.value_date,
        bank_transaction_code=code,
        end_to_end_id=details.end_to_end_id,
        instruction_id=details.instruction_id or own,
        transaction_id=details.transaction_id,
        servicer_reference=line.bank_reference,
        reversal=line.reversal,
        status=line.status,
        return_reason=details.return_reason,
        remittance=" ".join(one for one in (line.details, details.remittance) if one),
    )
