"""camt.053: what we write is read back, and what is wrong is named by file, line, element and value."""

import re
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.custody.statements import entry, full_statement, statement

from jinku.base.currency import TABLE, Currency
from jinku.base.errors import InputError
from jinku.custody.statements.formats.camt import read, write
from jinku.custody.statements.formats.limits import ReadLimits
from jinku.custody.statements.model import Direction, EntryStatus, StatementEntry

text = st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=35).map(
    lambda one: " ".join(one.split())
)
entries = st.builds(
    StatementEntry,
    reference=text,
    amount=st.integers(0, 10**14),
    direction=st.sampled_from(Direction),
    booked=st.dates(date(1900, 1, 1), date(2100, 1, 1)),
    value_date=st.none() | st.dates(date(1900, 1, 1), date(2100, 1, 1)),
    bank_transaction_code=st.sampled_from(["", "PMNT/RCDT/ESCT", "NTRF"]),
    end_to_end_id=text,
    instruction_id=text,
    transaction_id=text,
    servicer_reference=text,
    reversal=st.booleans(),
    status=st.sampled_from(EntryStatus),
    return_reason=st.sampled_from(["", "AC04"]),
    batch_count=st.integers(0, 5),
    remittance=text,
)


@given(st.lists(entries, max_size=4), st.integers(-(10**15), 10**15), st.sampled_from(TABLE))
def test_any_statement_reads_back(rows: list[StatementEntry], opening: int, unit: Currency) -> None:
    rows = [row for row in rows if "\ufffe" not in str(row) and "\uffff" not in str(row)]
    made = replace(statement(*rows, opening=opening), currency=unit)
    assert read(write([made]), "a.xml") == [made]


def test_every_field_reads_back_from_a_file(tmp_path: Path) -> None:
    first = full_statement()
    second = replace(statement(entry("X", 1), sequence=2), message_id=first.message_id)
    path = tmp_path / "day.xml"
    path.write_bytes(write([first, second]))
    assert read(path) == [first, second]


GOOD = write([full_statement()]).decode()


@pytest.mark.parametrize("version", range(2, 14))
def test_versions_are_read(version: int) -> None:
    older = GOOD.replace("camt.053.001.08", f"camt.053.001.{version:02d}")
    if version < 8:
        older = older.replace("<Sts><Cd>", "<Sts>").replace("</Cd></Sts>", "</Sts>")
    assert read(older.encode()) == [full_statement()]


def test_a_prefix_and_unknown_elements_do_not_matter() -> None:
    prefixed = (
        GOOD.replace("<", "<c:").replace("<c:/", "</c:").replace("<c:?", "<?").replace("xmlns=", "xmlns:c=")
    )
    assert read(prefixed.encode()) == [full_statement()]
    noted = GOOD.replace("</Acct>", "</Acct><Intrst><Amt Ccy='XXX'>1</Amt></Intrst>")
    assert read(noted.encode()) == [full_statement()]


def test_what_banks_leave_out_is_inferred_from_what_they_give() -> None:
    plain = GOOD.replace("OPBD", "PRCD").replace("<Ccy>CNY</Ccy>", "")
    plain = plain.replace("<BookgDt><Dt>2026-11-20</Dt></BookgDt><ValDt>", "<ValDt>")
    made = read(plain.encode())[0]
    assert (made.opening, made.currency.code, made.entries[0].booked) == (1_000, "CNY", date(2026, 11, 21))


def test_a_batch_has_no_single_reference() -> None:
    details = "<TxDtls><Refs><EndToEndId>Y</EndToEndId></Refs></TxDtls></NtryDtls>"
    made = read(
        GOOD.replace("</TxDtls></NtryDtls>", f"</TxDtls>{details}", 1)
        .replace("<NbOfTxs>1<", "<NbOfTxs>2<")
        .encode()
    )
    assert (made[0].entries[0].end_to_end_id, made[0].entries[0].batch_count) == ("", 2)


AMOUNT = '<Amt Ccy="CNY">123.45</Amt>'
BAD: dict[str, tuple[Callable[[str], str], str, str]] = {
    "truncated": (lambda s: s[:900], "ends in the middle", "Document"),
    "empty": (lambda _: "", "ends in the middle", "Document"),
    "not XML": (lambda _: "account;amount\n1;2\n", "not well-formed", "Document"),
    "mismatched tag": (lambda s: s.replace("</Acct>", "</Acc>"), "not well-formed", "Document"),
    "another message": (
        lambda s: s.replace("camt.053.001.08", "pain.001.001.08"),
        "is not a camt",
        "Document",
    ),
    "version 01": (lambda s: s.replace("camt.053.001.08", "camt.053.001.01"), "is not a camt", "Document"),
    "no statement": (lambda s: s[: s.index("<Stmt>")] + s[s.index("</Stmt>") + 7 :], "no statement", "Stmt"),
    "negative": (lambda s: s.replace(AMOUNT, AMOUNT.replace("123", "-123")), "is negative", "Ntry/Amt"),
    "decimals": (lambda s: s.replace(AMOUNT, AMOUNT.replace(".45", ".450")), "3 decimals", "Ntry/Amt"),
    "out of range": (lambda s: s.replace("123.45", "9" * 17 + ".99"), "19 digits; at most 18", "Ntry/Amt"),
    "not a number": (lambda s: s.replace("123.45", "12x"), "not a decimal number", "Ntry/Amt"),
    "unknown currency": (lambda s: s.replace("CNY", "XXQ"), "not a currency", "Ccy"),
    "wrong currency": (lambda s: s.replace(AMOUNT, AMOUNT.replace("CNY", "EUR")), "is in EUR", "Ntry/Amt"),
    "unknown entry currency": (
        lambda s: s.replace(AMOUNT, AMOUNT.replace("CNY", "EU")),
        "not a currency",
        "Ccy",
    ),
    "no direction": (
        lambda s: s.replace("<CdtDbtInd>DBIT</CdtDbtInd><RvslInd>", "<RvslInd>"),
        "missing",
        "Ntry/CdtDbtInd",
    ),
    "wrong direction": (
        lambda s: s.replace("DBIT</CdtDbtInd><Rv", "IN</CdtDbtInd><Rv"),
        "CRDT nor DBIT",
        "CdtDbtInd",
    ),
    "no opening": (lambda s: s.replace("OPBD", "XXXX"), r"opening balance \(OPBD\) is missing", "Stmt/Bal"),
    "no closing": (lambda s: s.replace("CLBD", "XXXX"), r"closing balance \(CLBD\) is missing", "Stmt/Bal"),
    "balance twice": (lambda s: s.replace("CLBD", "OPBD"), "comes twice", "Bal/Tp"),
    "sums": (lambda s: s.replace(AMOUNT, AMOUNT.replace(".45", ".46")), "sums do not add up", "Stmt/Bal"),
    "entries lost": (lambda s: s.replace("<NbOfNtries>3<", "<NbOfNtries>4<"), "has 3 entries", "NbOfNtries"),
    "bad date": (
        lambda s: s.replace("<BookgDt><Dt>2026-11-20", "<BookgDt><Dt>2026-11-31"),
        "not a date",
        "Ntry/BookgDt",
    ),
    "bad status": (lambda s: s.replace("<Sts><Cd>BOOK", "<Sts><Cd>DONE"), "none of BOOK", "Ntry/Sts"),
    "bad flag": (
        lambda s: s.replace("<RvslInd>true", "<RvslInd>yes"),
        "neither true nor false",
        "Ntry/RvslInd",
    ),
    "bad sequence": (
        lambda s: s.replace("<ElctrncSeqNb>1<", "<ElctrncSeqNb>-1<"),
        "whole number",
        "ElctrncSeqNb",
    ),
    "field twice": (
        lambda s: s.replace("<NtryRef>N1<", "<NtryRef>N0</NtryRef><NtryRef>N1<"),
        "comes twice",
        "NtryRef",
    ),
    "no message id": (lambda s: s.replace("<MsgId>M1</MsgId>", ""), "missing", "GrpHdr/MsgId"),
    "no account": (lambda s: s.replace("IBAN>", "BBAN>"), "missing", "Stmt/Acct/Id"),
    "statement twice": (
        lambda s: s.replace("</Stmt>", "</Stmt>" + s[s.index("<Stmt>") : s.index("</Stmt>") + 7]),
        "comes twice in the file",
        "Stmt/Id",
    ),
    "doctype": (
        lambda s: s.replace("<Document", '<!DOCTYPE d [<!ENTITY a "b">]><Document', 1),
        "DTD",
        "Document",
    ),
    "external entity": (
        lambda s: s.replace("<Document", '<!DOCTYPE d SYSTEM "file:///etc/passwd"><Document', 1),
        "DTD",
        "Document",
    ),
    "deep": (lambda s: s.replace("<Stmt>", "<Stmt>" + "<x>" * 40 + "</x>" * 40, 1), "deeper than 32", "x"),
    "long field": (lambda s: s.replace("E2E-1", "E" * 2_001), "more than 2000 characters", "Refs/EndToEndId"),
}


@pytest.mark.parametrize("case", BAD)
def test_what_is_wrong_is_named(case: str) -> None:
    change, problem, field = BAD[case]
    changed = change(GOOD)
    assert changed != GOOD
    with pytest.raises(InputError, match=problem) as refused:
        read(changed.encode(), "bank.xml")
    error = refused.value
    assert str(error).startswith(f"bank.xml:{error.line}: ")
    assert error.line >= 1
    assert field in error.field
    assert error.remedy


def test_the_line_and_the_value_are_those_of_the_fault() -> None:
    with pytest.raises(InputError) as refused:
        read(GOOD.replace(AMOUNT, '<Amt Ccy="CNY">1.2345</Amt>').encode(), "bank.xml")
    line = next(n for n, row in enumerate(GOOD.split("\n"), 1) if AMOUNT in row)
    assert (refused.value.line, refused.value.value) == (line, "1.2345")


@given(st.integers(0, len(GOOD) - 1))
def test_no_truncation_is_taken_for_a_file(cut: int) -> None:
    with pytest.raises(InputError):
        read(GOOD.rstrip()[: min(cut, len(GOOD.rstrip()) - 1)].encode(), "bank.xml")


@given(st.integers(0, len(GOOD.encode()) - 1), st.integers(0, 255))
def test_a_changed_byte_never_escapes_as_another_error(at: int, byte: int) -> None:
    data = bytearray(GOOD.encode())
    data[at] = byte
    with suppress(InputError):
        read(bytes(data), "bank.xml")


@pytest.mark.parametrize(
    ("limits", "problem"),
    [
        (ReadLimits(file_bytes_max=100), "larger than 100 bytes"),
        (ReadLimits(entries_max=2), "more than 2 entries"),
        (ReadLimits(statements_max=0), "more than 0 statements"),
        (ReadLimits(depth_max=4), "deeper than 4"),
        (ReadLimits(field_chars_max=3), "more than 3 characters"),
    ],
)
def test_limits_hold(limits: ReadLimits, problem: str, tmp_path: Path) -> None:
    path = tmp_path / "bank.xml"
    path.write_bytes(GOOD.encode())
    with pytest.raises(InputError, match=problem):
        read(path, limits=limits)


def test_a_missing_file_is_an_input_error(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="No such file"):
        read(tmp_path / "none.xml")


def test_what_cannot_be_written_is_refused() -> None:
    for rows, problem in (
        ([entry("N" * 36, 1)], "36 characters"),
        ([entry("N", -1)], "not between 0"),
        ([entry("N", 10**18)], "not between 0"),
        ([entry("N\x00", 1)], "cannot be written in XML"),
    ):
        with pytest.raises(InputError, match=problem):
            write([statement(*rows)])
    with pytest.raises(InputError, match="another message"):
        write([statement(), statement(sequence=2)])
    with pytest.raises(InputError, match="at least one"):
        write([])


def test_tens_of_thousands_of_entries_take_seconds() -> None:
    made = statement(*(entry(f"N{n}", n, e2e=f"E{n}") for n in range(20_000)))
    started = time.process_time()
    assert read(write([made])) == [made]
    assert time.process_time() - started < 15


@pytest.mark.parametrize(
    "encoding", ["gbk", "big5", "utf-7", "hex", "undefined", "idna", "punycode", "nothing", "x" * 5_000]
)
def test_an_encoding_that_is_not_read_is_named(encoding: str) -> None:
    declared = f'<?xml version="1.0" encoding="{encoding}"?>'
    with pytest.raises(InputError, match="is an encoding that is not read here"):
        read((declared + GOOD.partition("?>")[2]).encode(), "bank.xml")


@pytest.mark.parametrize(
    "encoding", ["UTF-8", "utf-16", "ISO-8859-1", "windows-1252", "US-ASCII", "ISO-8859-15"]
)
def test_encodings_of_banks_are_read(encoding: str) -> None:
    text = GOOD.partition("?>")[2].encode("ascii", "xmlcharrefreplace").decode()
    data = f'<?xml version="1.0" encoding="{encoding}"?>{text}'.encode(encoding)
    assert read(data) == [full_statement()]


@pytest.mark.parametrize(
    "day", ["20261120", "2026-W47-5", "2026-11-20 and more", "2026-11-20T", "2026-11-20\u0660"]
)
def test_a_date_has_one_form(day: str) -> None:
    changed = re.sub(r"<BookgDt><Dt>[^<]*<", f"<BookgDt><Dt>{day}<", GOOD, count=1)
    assert changed != GOOD
    with pytest.raises(InputError, match="is not a date"):
        read(changed.encode())


def test_a_field_that_repeats_without_end_is_refused_early() -> None:
    many = "<Ustrd>x</Ustrd>" * 200_000
    changed = re.sub(r"<Ustrd>[^<]*</Ustrd>", many, GOOD, count=1)
    assert changed != GOOD
    with pytest.raises(InputError, match="repeats to more than 20000 characters"):
        read(changed.encode())


def test_a_long_text_is_refused_before_it_is_whole() -> None:
    cut = re.sub(r"<MsgId>.*", "<MsgId>" + "x" * 20_000, GOOD, count=1, flags=re.DOTALL)
    with pytest.raises(InputError, match="more than 2000 characters"):
        read(cut.encode())
