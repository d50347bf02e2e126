"""BAI2: what a bank writes is read back; totals and counts hold at all three levels."""

from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.custody.formats.writers import DAY, USD, bai2_file, entries, statement, units

from jinku.base.currency import Currency
from jinku.base.errors import InputError
from jinku.custody.statements.formats import read_statement
from jinku.custody.statements.formats.bai2.codes import Level, type_code
from jinku.custody.statements.model import Direction, EntryStatus, Statement, StatementEntry, StatementKind

CODES = {Direction.CREDIT: "165", Direction.DEBIT: "455"}
REVERSALS = {Direction.CREDIT: "252", Direction.DEBIT: "552"}


def _as_bai2(row: StatementEntry) -> StatementEntry:
    """`row` with what BAI2 can carry."""
    code = (REVERSALS if row.reversal else CODES)[row.direction]
    return replace(row, bank_transaction_code=code, end_to_end_id="", booked=DAY)


def _named(made: Statement, when: str = "20261120/2") -> Statement:
    return replace(made, sequence=0, message_id="BANK-US-261121-0600-1", statement_id=when)


rows = st.lists(entries(["x"]).map(_as_bai2), max_size=4)


@settings(max_examples=60, deadline=None)
@given(st.lists(rows, min_size=1, max_size=3), st.integers(-(10**12), 10**12), units, st.booleans())
def test_any_file_reads_back(
    accounts: list[list[StatementEntry]], opening: int, unit: Currency, wrap: bool
) -> None:
    made = [
        replace(
            statement(one, opening, unit), account=f"A{number}", opening_available=3, closing_available=-4
        )
        for number, one in enumerate(accounts)
    ]
    assert read_statement(bai2_file(made, wrap=wrap).encode(), "a.bai") == [_named(one) for one in made]


def _entry(amount: int, code: str, **more: object) -> StatementEntry:
    way = type_code(int(code)).direction or Direction.CREDIT
    made = StatementEntry("", amount, way, DAY, DAY, code, instruction_id="OURS", servicer_reference="BANK")
    return replace(made, **more)  # type: ignore[arg-type]


GOOD_STATEMENT = statement([_entry(15_000, "165", remittance="A, B/C"), _entry(500, "455")], 1_000, USD)
GOOD = bai2_file([GOOD_STATEMENT])


def _recount(text: str, change: int = 0) -> str:
    """`text` with its totals moved by `change` and its counts made anew."""
    lines = text.splitlines()
    account = next(n for n, line in enumerate(lines) if line.startswith("49"))
    first = next(n for n, line in enumerate(lines) if line.startswith("03"))
    for code, count in (("49", account - first + 1), ("98", len(lines) - 2), ("99", len(lines))):
        number = next(n for n, line in enumerate(lines) if line.startswith(code))
        parts = lines[number].rstrip("/").split(",")
        parts[1], parts[-1] = str(int(parts[1]) + change), str(count)
        lines[number] = ",".join(parts) + "/"
    return "\n".join(lines) + "\n"


def test_funds_types_tell_when_money_can_be_used() -> None:
    for funds, value in (
        ("V,261123,", "2026-11-23"),
        ("V,261123,1200", "2026-11-23"),
        ("0", "2026-11-20"),
        ("1", "None"),
        ("Z", "None"),
        ("", "None"),
        ("S,5000,5000,5000", "None"),
        ("D,2,0,7000,3,8000", "None"),
    ):
        [made] = read_statement(GOOD.replace("V,261120,", funds, 1).encode(), "a.bai")
        assert str(made.entries[0].value_date) == value
        assert made.entries[0].remittance == "A, B/C"
    for funds, problem in (
        ("S,5000,5000,5001", "sums up to 15001, not to 15000"),
        ("D,1,0,7", "sums up to 7"),
        ("X", "none of Z"),
        ("V,261131,", "YYMMDD"),
        ("V,261123,12", "HHMM"),
        ("D,101,", "more than 100 parts"),
    ):
        with pytest.raises(InputError, match=problem):
            read_statement(GOOD.replace("V,261120,", funds, 1).encode(), "a.bai")


def test_balances_of_an_open_day_and_those_that_are_left_out() -> None:
    interim = GOOD.replace(",USD,2/", ",USD,3/").replace(",015,", ",030,")
    [made] = read_statement(interim.encode(), "a.bai")
    assert (made.kind, made.closing, made.closing_given) == (StatementKind.REPORT, 15_500, True)
    assert made.statement_id == "20261120T0600/3"
    [made] = read_statement(_recount(GOOD.replace("010,1000,,,", ""), -1_000).encode(), "a.bai")
    assert (made.opening, made.opening_given, made.closing_given) == (1_000, False, True)
    [made] = read_statement(_recount(GOOD.replace(",015,15500,,/", "/"), -15_500).encode(), "a.bai")
    assert (made.closing, made.opening_given, made.closing_given) == (15_500, True, False)
    [made] = read_statement(_recount(GOOD.replace("010,1000,,,015,15500,,/", "/"), -16_500).encode(), "a.bai")
    assert (made.closing, made.opening_given, made.closing_given) == (14_500, False, False)


def test_totals_of_credits_and_debits_hold() -> None:
    whole = GOOD.replace("015,15500,,/", "015,15500,,,100,15000,1,,400,500,1,/")
    assert len(read_statement(_recount(whole, 15_500).encode(), "a.bai")) == 1
    for change, problem in (
        (("100,15000,1", "100,15000,2"), "but there are 1 details"),
        (("400,500,1", "400,15500,1"), "but the details give 500"),
    ):
        shift = 15_500 + (15_000 if change[1].startswith("400") else 0)
        changed = _recount(whole.replace(*change), shift)
        with pytest.raises(InputError, match=problem):
            read_statement(changed.encode(), "a.bai")


def test_summaries_go_on_over_lines_and_have_counts_of_three_digits() -> None:
    for summaries in (
        "010,1000,,,015,15500,,,/\n88,072,000,,,074,000,,,/\n88,040,7,,/",
        "010,1000,,,015,15500/\n88,072,0,123,Z,074,0,456,0,040,7/",
        "010,1000,,,015,15500,/\n88,,040,7,,,,,/",
    ):
        [made] = read_statement(
            _recount(GOOD.replace("010,1000,,,015,15500,,/", summaries), 7).encode(), "a.bai"
        )
        assert (made.opening, made.closing, made.opening_available) == (1_000, 15_500, 7)


def test_text_alone_moves_nothing() -> None:
    text = GOOD.replace("49,", "16,890,,,,,a note\n49,")
    [made] = read_statement(_recount(text).encode(), "a.bai")
    last = made.entries[-1]
    assert (last.status, last.amount, last.remittance) == (EntryStatus.INFORMATION, 0, "a note")


def test_codes_have_a_level_and_a_direction() -> None:
    assert type_code(15).level is Level.STATUS
    assert (type_code(100).level, type_code(165).level) == (Level.SUMMARY, Level.DETAIL)
    assert (type_code(165).direction, type_code(455).direction) == (Direction.CREDIT, Direction.DEBIT)
    assert type_code(950).level is Level.OWN
    assert all(type_code(code).direction is not None for code in range(100, 700))


BAD: dict[str, tuple[Callable[[str], str], str, str]] = {
    "cut": (lambda s: s[: s.index("99,")], "record 99 is missing", "99"),
    "cut in a record": (lambda s: s[: s.index("98,") + 5], "records before it give", "98/control total"),
    "cut in a header": (lambda s: s[: s.index("03,") + 9], "does not end with a slash", "03"),
    "after the end": (lambda s: s + "16,165,1,Z,,,x\n", "after the end", "record"),
    "twice in the file": (lambda s: s + s, "after the end of the file", "record"),
    "account total": (
        lambda s: s.replace("49,", "49,1"),
        "but the records before it give",
        "49/control total",
    ),
    "account count": (lambda s: s.replace("32000,4/", "32000,5/", 1), "give 4", "49/number of records"),
    "group total": (lambda s: s.replace("98,", "98,1"), "records before it give", "98/control total"),
    "group accounts": (lambda s: s.replace("98,32000,1,", "98,32000,2,"), "give 1", "98/number of accounts"),
    "group count": (lambda s: s.replace("98,32000,1,6", "98,32000,1,7"), "give 6", "98/number of records"),
    "file total": (lambda s: s.replace("99,", "99,1"), "records before it give", "99/control total"),
    "file groups": (lambda s: s.replace("99,32000,1,", "99,32000,2,"), "give 1", "99/number of groups"),
    "file count": (lambda s: s.replace("99,32000,1,8", "99,32000,1,9"), "give 8", "99/number of records"),
    "sums": (lambda s: _recount(s.replace("010,1000", "010,1001"), 1), "sums do not add up", "03"),
    "version": (lambda s: s.replace(",80,1,2/", ",80,1,3/"), "not version 2", "01/version"),
    "deletion": (lambda s: s.replace("02,US,BANK,1", "02,US,BANK,2"), "not 1", "02/group status"),
    "modifier": (lambda s: s.replace("USD,2/", "USD,7/"), "none of 1 to 4", "02/modifier"),
    "as-of date": (lambda s: s.replace(",261120,0600", ",261320,0600"), "YYMMDD", "02/as-of date"),
    "currency": (lambda s: s.replace("4567,USD", "4567,XXQ"), "not a currency", "03/currency"),
    "decimal point": (lambda s: s.replace("16,165,15000", "16,165,150.00"), "whole number", "16/amount"),
    "negative": (lambda s: s.replace("16,165,15000", "16,165,-15000"), "is negative", "16/amount"),
    "no amount": (lambda s: s.replace("16,165,15000", "16,165,"), "is missing", "16/amount"),
    "total as detail": (lambda s: s.replace("16,165", "16,100"), "code of a total", "16/type code"),
    "balance as detail": (lambda s: s.replace("16,165", "16,015"), "code of a balance", "16/type code"),
    "own code": (lambda s: s.replace("16,165", "16,950"), "bank's own code", "16/type code"),
    "no code": (lambda s: s.replace("16,165", "16,1X5"), "not a type code", "16/type code"),
    "balance twice": (lambda s: s.replace("015,15500", "010,15500"), "comes twice", "03/type code"),
    "amount without code": (lambda s: s.replace(",010,1000", ",,1000"), "no type code", "03/amount"),
    "no account": (lambda s: s.replace("03,10020030/1234567", "03,"), "is missing", "03/account"),
    "nesting": (lambda s: s.replace("02,US", "03,US"), "no place inside of file", "record"),
    "not a record": (lambda s: s.replace("\n49,", "\n50,"), "no record of BAI2", "record"),
    "88 of nothing": (lambda s: s.replace("\n98,", "\n88,x/\n98,"), "goes on with nothing", "88"),
}


@pytest.mark.parametrize("case", BAD)
def test_what_is_wrong_is_named(case: str) -> None:
    change, problem, field = BAD[case]
    changed = change(GOOD)
    assert changed != GOOD
    with pytest.raises(InputError, match=problem) as refused:
        read_statement(changed.encode(), "bank.bai")
    assert refused.value.field == field
    assert str(refused.value).startswith(f"bank.bai:{refused.value.line}: ")


def test_the_same_account_and_day_twice_is_refused() -> None:
    with pytest.raises(InputError, match="comes twice in the file"):
        read_statement(bai2_file([GOOD_STATEMENT, GOOD_STATEMENT]).encode(), "a.bai")
