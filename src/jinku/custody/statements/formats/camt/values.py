"""From gathered camt records to values, each field checked where it stands.

Every function raises InputError with file, line, element and value; none of them repairs anything.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from jinku.base.clock import from_rfc3339
from jinku.base.currency import Currency, currency
from jinku.base.decimals import parse_minor
from jinku.base.errors import BadAmount, InputError, UnknownCurrency
from jinku.custody.statements.formats.camt.fields import Record, Value
from jinku.custody.statements.model import (
    Direction,
    EntryStatus,
    Statement,
    StatementEntry,
    StatementKind,
    check_sums,
)

_REMEDY = "ask the bank for a correct file"
_DIRECTIONS = {one.value: one for one in Direction}
_STATUSES = {one.value: one for one in EntryStatus} | {"FUTR": EntryStatus.PENDING}
_OPENING = ("OPBD", "PRCD")
"""Banks that give no opening booked balance give the previous closing one."""
_INFORMATION = ("AddtlStmtInf", "AddtlRptInf", "AddtlNtfctnInf")
COUNT_DIGITS_MAX = 18
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}(?:T[0-9:.]+)?(?:Z|[+-][0-9]{2}:[0-9]{2})?\Z")
"""``xs:date`` or ``xs:dateTime``; Python would also take weeks of the year, and digits without hyphens."""


def entry_of(record: Record, statement: Record, file: str) -> StatementEntry:
    """The entry that a ``Ntry`` record holds; `statement` is the record around it and names the currency."""
    unit = _currency(_needed(statement, "Acct/Ccy", file), file)
    amount = _amount(record, unit, file)
    direction = _direction(record, file)
    value_date = record.values.get("ValDt/Dt") or record.values.get("ValDt/DtTm")
    booked = record.values.get("BookgDt/Dt") or record.values.get("BookgDt/DtTm") or value_date
    if booked is None:
        raise _missing(record, "BookgDt", file)
    alone = record.details[0] if len(record.details) == 1 else Record("", 0)
    batch = _count(record, "NtryDtls/Btch/NbOfTxs", file)
    text = alone.text
    return StatementEntry(
        reference=record.text("NtryRef"),
        amount=amount,
        direction=direction,
        booked=_date(booked, "Ntry/BookgDt", file),
        value_date=_date(value_date, "Ntry/ValDt", file) if value_date is not None else None,
        bank_transaction_code=_bank_transaction_code(record),
        end_to_end_id=text("Refs/EndToEndId"),
        instruction_id=text("Refs/InstrId"),
        transaction_id=text("Refs/TxId"),
        servicer_reference=record.text("AcctSvcrRef"),
        reversal=_flag(record, "RvslInd", file),
        status=_status(record, file),
        return_reason=text("RtrInf/Rsn/Cd"),
        batch_count=batch or (len(record.details) if len(record.details) > 1 else 0),
        remittance=text("RmtInf/Ustrd"),
    )


@dataclass(frozen=True, slots=True)
class Place:
    """The file that a record is of, and what its message is."""

    file: str
    kind: StatementKind


@dataclass(frozen=True, slots=True)
class _Ends:
    """Both booked balances, whether the bank gave them, and their days where it did."""

    opening: int
    closing: int
    opening_given: bool
    closing_given: bool
    days: tuple[date, ...]


def statement_of(
    group: Record, record: Record, balances: Sequence[Record], entries: Sequence[StatementEntry], place: Place
) -> Statement:
    """The statement of a ``Stmt``, ``Rpt`` or ``Ntfctn`` record with its balances and entries; sums and counts are
    checked.
    """
    file = place.file
    unit = _currency(_needed(record, "Acct/Ccy", file), file)
    account = record.values.get("Acct/Id/IBAN") or _needed(record, "Acct/Id/Othr/Id", file)
    by_kind = _balances(balances, unit, place)
    ends = _ends(by_kind, entries, record, place)
    first, last = record.values.get("FrToDt/FrDtTm"), record.values.get("FrToDt/ToDtTm")
    made_on = record.values.get("CreDtTm") or group.values.get("CreDtTm")
    days = ends.days or tuple(sorted(one.booked for one in entries))
    if not days and not (first and last):
        days = (_date(made_on or _needed(record, "FrToDt", file), "CreDtTm", file),)
    made = Statement(
        account=account.text,
        currency=unit,
        sequence=_count(record, "ElctrncSeqNb", file) or _count(record, "LglSeqNb", file),
        message_id=_needed(group, "MsgId", file).text,
        opening=ends.opening,
        closing=ends.closing,
        entries=tuple(entries),
        from_date=_date(first, "FrToDt/FrDtTm", file) if first is not None else days[0],
        to_date=_date(last, "FrToDt/ToDtTm", file) if last is not None else days[-1],
        statement_id=_needed(record, "Id", file).text,
        created=_moment(made_on.text if made_on else ""),
        owner=record.text("Acct/Ownr/Nm"),
        opening_available=by_kind["OPAV"][0] if "OPAV" in by_kind else None,
        closing_available=by_kind["CLAV"][0] if "CLAV" in by_kind else None,
        kind=place.kind,
        opening_given=ends.opening_given,
        closing_given=ends.closing_given,
        information=next((record.text(key) for key in _INFORMATION if record.text(key)), ""),
    )
    _check(made, record, file)
    return made


def _balances(balances: Sequence[Record], unit: Currency, place: Place) -> dict[str, tuple[int, date]]:
    """Amount and day by kind of balance; of the interim ones of a report the last counts."""
    file = place.file
    by_kind: dict[str, tuple[int, date]] = {}
    for balance in balances:
        kind = balance.text("Tp/CdOrPrtry/Cd")
        if kind in by_kind and (place.kind is StatementKind.STATEMENT or not kind.startswith("IT")):
            raise _bad("this balance comes twice", "Bal/Tp", Value(kind, balance.line, None), file)
        amount = _direction(balance, file).signed(_amount(balance, unit, file))
        day = balance.values.get("Dt/Dt") or _needed(balance, "Dt/DtTm", file)
        by_kind[kind] = (amount, _date(day, "Bal/Dt", file))
    return by_kind


def _ends(
    by_kind: dict[str, tuple[int, date]], entries: Sequence[StatementEntry], record: Record, place: Place
) -> _Ends:
    """Opening and closing. A statement needs both; a report may hold only what is new since the one before, so where
    its balances do not enclose its entries the last balance counts.
    """
    opening = next((by_kind[kind] for kind in _OPENING if kind in by_kind), None)
    if place.kind is StatementKind.STATEMENT:
        closing = by_kind.get("CLBD")
        if opening is None or closing is None:
            missing = "opening balance (OPBD)" if opening is None else "closing balance (CLBD)"
            problem = f"the {missing} is missing"
            raise _bad(problem, "Stmt/Bal", Value("", record.line, None), place.file)
        return _Ends(opening[0], closing[0], True, True, (opening[1], closing[1]))
    closing = by_kind.get("CLBD") or by_kind.get("ITBD")
    moved = sum(one.signed for one in entries if one.status is EntryStatus.BOOKED)
    days = tuple(one[1] for one in (opening, closing) if one is not None)
    if closing is not None:
        start = closing[0] - moved
        return _Ends(start, closing[0], opening is not None and opening[0] == start, True, days)
    if opening is not None:
        return _Ends(opening[0], opening[0] + moved, True, False, days)
    return _Ends(0, moved, False, False, ())


def _check(made: Statement, record: Record, file: str) -> None:
    body = record.kind.rpartition("/")[2]
    key = "TxsSummry/TtlNtries/NbOfNtries"
    if key in record.values and _count(record, key, file) != len(made.entries):
        problem = f"but the statement has {len(made.entries)} entries"
        raise _bad(problem, f"{body}/{key}", record.values[key], file)
    for finding in check_sums(made):
        problem = f"sums do not add up: {finding.problem}"
        raise _bad(problem, f"{body}/Bal", Value("", record.line, None), file)


def _needed(record: Record, key: str, file: str) -> Value:
    value = record.values.get(key)
    if value is None or not value.text:
        raise _missing(record, key, file)
    return value


def _amount(record: Record, unit: Currency, file: str) -> int:
    value = _needed(record, "Amt", file)
    element = f"{record.kind.rpartition('/')[2]}/Amt"
    if value.currency != unit.code:
        named = value.currency or ""
        _currency(Value(named, value.line, None), file)
        raise _bad(f"is in {named}, but the account is in {unit.code}", element, value, file)
    if value.text.startswith("-"):
        raise _bad("is negative; CdtDbtInd says which way money went", element, value, file)
    try:
        return parse_minor(value.text, unit.exponent)
    except BadAmount as error:
        raise _bad(error.message.rpartition(": ")[2], element, value, file) from None


def _currency(value: Value, file: str) -> Currency:
    try:
        return currency(value.text)
    except UnknownCurrency:
        raise _bad("is not a currency that Jinku knows", "Ccy", value, file) from None


def _direction(record: Record, file: str) -> Direction:
    value = _needed(record, "CdtDbtInd", file)
    try:
        return _DIRECTIONS[value.text]
    except KeyError:
        raise _bad("is neither CRDT nor DBIT", "CdtDbtInd", value, file) from None


def _status(record: Record, file: str) -> EntryStatus:
    value = record.values.get("Sts/Cd") or _needed(record, "Sts", file)
    try:
        return _STATUSES[value.text]
    except KeyError:
        raise _bad("is none of BOOK, PDNG, FUTR, INFO", "Ntry/Sts", value, file) from None


def _flag(record: Record, key: str, file: str) -> bool:
    value = record.values.get(key)
    if value is None:
        return False
    if value.text not in ("true", "false", "1", "0"):
        raise _bad("is neither true nor false", f"Ntry/{key}", value, file)
    return value.text in ("true", "1")


def _date(value: Value, field: str, file: str) -> date:
    try:
        if not _DATE.match(value.text):
            raise ValueError
        return date.fromisoformat(value.text[:10])
    except ValueError:
        raise _bad("is not a date", field, value, file) from None


def _moment(text: str) -> int:
    """The moment that `text` names; 0 where it is absent or does not say its offset."""
    try:
        return from_rfc3339(text)
    except InputError:
        return 0


def _count(record: Record, key: str, file: str) -> int:
    value = record.values.get(key)
    if value is None:
        return 0
    if not (value.text.isascii() and value.text.isdigit() and len(value.text) <= COUNT_DIGITS_MAX):
        raise _bad("is not a whole number", key, value, file)
    return int(value.text)


def _bank_transaction_code(record: Record) -> str:
    domain = record.text("BkTxCd/Domn/Cd")
    if domain:
        return f"{domain}/{record.text('BkTxCd/Domn/Fmly/Cd')}/{record.text('BkTxCd/Domn/Fmly/SubFmlyCd')}"
    return record.text("BkTxCd/Prtry/Cd")


def _missing(record: Record, key: str, file: str) -> InputError:
    field = f"{record.kind.rpartition('/')[2]}/{key}"
    return _bad("is missing", field, Value("", record.line, None), file)


def _bad(problem: str, field: str, value: Value, file: str) -> InputError:
    return InputError(problem, file=file, line=value.line, field=field, value=value.text[:80], remedy=_REMEDY)
