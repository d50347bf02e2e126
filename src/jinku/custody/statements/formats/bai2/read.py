"""The nesting of a BAI2 file, its control totals and counts; its rules stand in the package."""

from dataclasses import dataclass, field
from datetime import date

from jinku.base.currency import Currency
from jinku.base.errors import InputError
from jinku.custody.statements.formats.bai2.codes import (
    CLOSING,
    CLOSING_AVAILABLE,
    CURRENT,
    CURRENT_AVAILABLE,
    OPENING,
    OPENING_AVAILABLE,
    TOTAL_CREDITS,
    TOTAL_DEBITS,
)
from jinku.custody.statements.formats.bai2.detail import Summary, amount_of, detail_of, summary_of
from jinku.custody.statements.formats.bai2.records import Record, records
from jinku.custody.statements.formats.limits import ReadLimits
from jinku.custody.statements.formats.source import FETCH_AGAIN, Gathered, Source, Text
from jinku.custody.statements.model import Direction, EntryStatus, Statement, StatementEntry, StatementKind

ENCODINGS = ("utf-8", "cp1252")
CURRENCY_DEFAULT = "USD"
VERSION = "2"
_UPDATE = "1"
_KINDS = {
    "1": StatementKind.REPORT,
    "2": StatementKind.STATEMENT,
    "3": StatementKind.REPORT,
    "4": StatementKind.STATEMENT,
    "": StatementKind.STATEMENT,
}
"""By as-of date modifier: interim data of the day before or of today are reports."""
_INSIDE = {"": ("01",), "file": ("02", "99"), "group": ("03", "98"), "account": ("16", "49"), "end": ()}
"""What may come at each depth."""


@dataclass(slots=True)
class _Tally:
    """What a trailer is compared with."""

    total: int = 0
    records: int = 0
    children: int = 0


@dataclass(slots=True)
class _Account:
    line: int
    number: str
    unit: Currency
    summaries: dict[str, Summary] = field(default_factory=dict)
    entries: list[StatementEntry] = field(default_factory=list)


def read(data: bytes, name: str, limits: ReadLimits) -> list[Statement]:
    """The statements of a BAI2 file, one an account and day, in the file's order. Raises InputError."""
    source = Source.of(data, name, ENCODINGS, limits)
    reader = _Reader(source)
    for record in records(source):
        reader.take(record)
    reader.check_ended()
    return reader.gathered.statements


class _Reader:
    def __init__(self, source: Source) -> None:
        self.gathered = Gathered(source)
        self._source = source
        self._depth = ""
        self._message_id = ""
        self._day = date.min
        self._when = ""
        self._kind = StatementKind.STATEMENT
        self._currency = CURRENCY_DEFAULT
        self._account: _Account | None = None
        self._file, self._group, self._accounts = _Tally(), _Tally(), _Tally()

    def take(self, record: Record) -> None:
        """One record more. Raises InputError."""
        if record.code not in _INSIDE[self._depth]:
            place = f"inside of {self._depth}" if self._depth else "at the start of a file"
            if self._depth == "end":
                place = "after the end of the file"
            raise self._source.bad(f"has no place {place}", record.line, "record", record.code)
        for tally in (self._file, self._group, self._accounts):
            tally.records += record.size
        {
            "01": self._begin_file,
            "02": self._begin_group,
            "03": self._begin_account,
            "16": self._detail,
            "49": self._end_account,
            "98": self._end_group,
            "99": self._end_file,
        }[record.code](record)

    def check_ended(self) -> None:
        """The file came to its end. Raises InputError."""
        if self._depth != "end":
            line = len(self._source.lines)
            problem = f"the file ends in the middle of {self._depth or 'nothing'}; record 99 is missing"
            raise self._source.bad(problem, line, "99", "", FETCH_AGAIN)
        if not self.gathered.statements:
            raise self._source.bad("holds no account", 1, "03", "")

    def _begin_file(self, record: Record) -> None:
        sender, receiver, day, time, number, _, _, version = (record.needed() for _ in range(8))
        if version.text != VERSION:
            raise self._source.bad("is not version 2", version.line, "01/version", version.text)
        self._source.short_date(day, "01/creation date")
        parts = (sender, receiver, day, time, number)
        self._message_id = "-".join(self._source.short(one, "01") for one in parts)
        self._depth = "file"

    def _begin_group(self, record: Record) -> None:
        _, _, status, day, time, code, modifier = (record.needed() for _ in range(7))
        if status.text != _UPDATE:
            problem = "is not 1 (update); groups that delete, correct or test are not taken"
            raise self._source.bad(problem, status.line, "02/group status", status.text)
        if modifier.text not in _KINDS:
            raise self._source.bad("is none of 1 to 4", modifier.line, "02/modifier", modifier.text)
        self._day = self._source.short_date(day, "02/as-of date")
        self._kind = _KINDS[modifier.text]
        interim = f"T{time.text}" if self._kind is StatementKind.REPORT and time.text else ""
        self._when = f"{self._day:%Y%m%d}{interim}/{modifier.text}"
        self._currency = code.text or CURRENCY_DEFAULT
        self._group = _Tally(records=record.size)
        self._depth = "group"

    def _begin_account(self, record: Record) -> None:
        number, code = record.needed(), record.needed()
        unit = self._source.unit(Text(code.text or self._currency, record.line), "03/currency")
        if not number.text:
            raise self._source.bad("is missing", record.line, "03/account", "")
        self._account = made = _Account(record.line, self._source.short(number, "03/account"), unit)
        self._accounts = _Tally(records=record.size)
        self._depth = "account"
        while (kind := record.take()) is not None:
            if not kind.text:
                self._expect_nothing(record)
                continue
            one = summary_of(self._source, record, kind)
            if one.code in made.summaries:
                raise self._source.bad("comes twice", one.line, "03/type code", one.code)
            made.summaries[one.code] = one
            self._accounts.total += one.amount or 0

    def _expect_nothing(self, record: Record) -> None:
        """A summary without a type code has nothing else either; a surplus comma may end a line."""
        while not record.line_done:
            value = record.take()
            if value is not None and value.text:
                raise self._source.bad("has no type code", value.line, "03/amount", value.text)

    def _detail(self, record: Record) -> None:
        account = self._open(record)
        self.gathered.count_entry(record.line, "16")
        entry, amount = detail_of(self._source, record, self._day)
        account.entries.append(entry)
        self._accounts.total += amount

    def _end_account(self, record: Record) -> None:
        account = self._open(record)
        self._compare(record, "control total", self._accounts.total)
        self._compare(record, "number of records", self._accounts.records)
        for code, way in ((TOTAL_CREDITS, Direction.CREDIT), (TOTAL_DEBITS, Direction.DEBIT)):
            self._check_totals(account, code, way)
        self.gathered.add(self._statement(account), account.line, "03")
        self._group.total += self._accounts.total
        self._group.children += 1
        self._account = None
        self._depth = "group"

    def _end_group(self, record: Record) -> None:
        self._compare(record, "control total", self._group.total)
        self._compare(record, "number of accounts", self._group.children)
        self._compare(record, "number of records", self._group.records)
        self._file.total += self._group.total
        self._file.children += 1
        self._depth = "file"

    def _end_file(self, record: Record) -> None:
        self._compare(record, "control total", self._file.total)
        self._compare(record, "number of groups", self._file.children)
        self._compare(record, "number of records", self._file.records)
        self._depth = "end"

    def _compare(self, record: Record, what: str, counted: int) -> None:
        written = record.needed()
        if amount_of(self._source, written, f"{record.code}/{what}") != counted:
            problem = f"but the records before it give {counted}"
            raise self._source.bad(problem, written.line, f"{record.code}/{what}", written.text)

    def _check_totals(self, account: _Account, code: str, way: Direction) -> None:
        """All credits or all debits are what the total says, where the bank gives both total and details."""
        total = account.summaries.get(code)
        if total is None or total.amount is None:
            return
        amounts = [
            one.amount for one in account.entries if one.direction is way and one.status is EntryStatus.BOOKED
        ]
        if abs(total.amount) != sum(amounts):
            problem = f"but the details give {sum(amounts)}"
            raise self._source.bad(problem, total.line, f"03/{code}", str(total.amount))
        if total.items is not None and total.items != len(amounts):
            problem = f"but there are {len(amounts)} details"
            raise self._source.bad(problem, total.line, f"03/{code}/item count", str(total.items))

    def _statement(self, account: _Account) -> Statement:
        report = self._kind is StatementKind.REPORT
        opening = _balance(account, OPENING)
        closing = _balance(account, CURRENT if report else CLOSING)
        moved = sum(one.signed for one in account.entries if one.status is EntryStatus.BOOKED)
        computed = 0 if closing is None else closing - moved
        start = computed if opening is None else opening
        return Statement(
            account=account.number,
            currency=account.unit,
            sequence=0,
            message_id=self._message_id,
            opening=start,
            closing=start + moved if closing is None else closing,
            entries=tuple(account.entries),
            from_date=self._day,
            to_date=self._day,
            statement_id=self._when,
            opening_available=_balance(account, OPENING_AVAILABLE),
            closing_available=_balance(account, CURRENT_AVAILABLE if report else CLOSING_AVAILABLE),
            kind=self._kind,
            opening_given=opening is not None,
            closing_given=closing is not None,
        )

    def _open(self, record: Record) -> _Account:
        if self._account is None:
            raise self._bad_place(record)
        return self._account

    def _bad_place(self, record: Record) -> InputError:
        return self._source.bad("has no account around it", record.line, "record", record.code)


def _balance(account: _Account, codes: tuple[str, ...]) -> int | None:
    for code in codes:
        found = account.summaries.get(code)
        if found is not None and found.amount is not None:
            return found.amount
    return None
