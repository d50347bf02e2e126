"""MT940 and MT942: what a bank writes is read back, and what is wrong is named by line, field and value."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.custody.formats.writers import DAY, EUR, entries, mt940, mt942, statement, swift, units

from jinku.base.clock import NS_PER_SECOND, start_of_day
from jinku.base.currency import Currency
from jinku.base.errors import InputError
from jinku.custody.statements.formats import read_statement
from jinku.custody.statements.formats.mt.details import Details, details_of
from jinku.custody.statements.model import (
    Direction,
    EntryStatus,
    Statement,
    StatementEntry,
    StatementKind,
    check_all,
)

CODES = ("NTRF", "S103", "FMSC", "NTRF+166")
IN, OUT = Direction.CREDIT, Direction.DEBIT


def _named(made: Statement, page: str = "") -> Statement:
    """`made` with the ids that the reader gives it."""
    when = f"{made.to_date:%Y%m%d}"
    own = f"REF {made.sequence}{page} {when}"
    return replace(made, message_id=f"REF {made.account} {made.sequence}{page} {when}", statement_id=own)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(entries(CODES), max_size=5),
    st.integers(-(10**12), 10**12),
    units,
    st.integers(1, 3),
    st.booleans(),
)
def test_any_mt940_reads_back(
    rows: list[StatementEntry], opening: int, unit: Currency, pages: int, blocks: bool
) -> None:
    made = replace(statement(rows, opening, unit), closing_available=-5, information="All is well")
    text = mt940(made, pages)
    assert read_statement((swift(text) if blocks else text).encode(), "a.sta") == [_named(made)]


@settings(max_examples=40, deadline=None)
@given(st.lists(entries(CODES), max_size=4), units)
def test_any_mt942_reads_back(rows: list[StatementEntry], unit: Currency) -> None:
    made = statement(rows, 0, unit)
    days = [DAY, *(row.booked for row in rows)]
    report = replace(
        made,
        kind=StatementKind.REPORT,
        opening_given=False,
        closing_given=False,
        from_date=min(days),
        to_date=max(days),
        created=start_of_day(DAY) + 630 * 60 * NS_PER_SECOND,
        message_id=f"REF {made.account} 7/1 202611201130",
        statement_id="REF 7/1 202611201130",
    )
    assert read_statement(swift(mt942(made), "942").encode(), "a.sta") == [report]
    assert read_statement(mt942(made).encode(), "a.sta") == [report]


def _entry(amount: int, direction: Direction = IN, **more: object) -> StatementEntry:
    made = StatementEntry(
        "", amount, direction, DAY, DAY, "NTRF", instruction_id="OURS", servicer_reference="BANK"
    )
    return replace(made, **more)  # type: ignore[arg-type]


GOOD_STATEMENT = statement([_entry(12_345), _entry(5, OUT, reversal=True), _entry(7, OUT)], 1_000, EUR)
GOOD = mt940(GOOD_STATEMENT, 2)


def test_reversals_move_money_the_other_way() -> None:
    text = GOOD.replace(":61:2611201120RCR0,05", ":61:2611201120RDR0,05")
    assert text != GOOD
    with pytest.raises(InputError, match=r"sums do not add up|does not open with"):
        read_statement(text.encode(), "a.sta")
    [made] = read_statement(GOOD.encode(), "a.sta")
    assert [(one.signed, one.reversal) for one in made.entries] == [(12_345, False), (-5, True), (-7, False)]


def test_expected_lines_of_a_report_are_pending() -> None:
    made = statement([_entry(5), _entry(9, OUT, status=EntryStatus.PENDING)], 0, EUR)
    [read] = read_statement(mt942(made).encode(), "a.sta")
    assert [one.status for one in read.entries] == [EntryStatus.BOOKED, EntryStatus.PENDING]
    assert (read.closing, read.closing_given) == (5, False)


@pytest.mark.parametrize(
    ("value", "entry", "booked"),
    [
        ("261231", "0101", date(2027, 1, 1)),
        ("270101", "1231", date(2026, 12, 31)),
        ("791231", "1231", date(2079, 12, 31)),
        ("800101", "0101", date(1980, 1, 1)),
        ("240301", "0229", date(2024, 2, 29)),
        ("261120", "", date(2026, 11, 20)),
    ],
)
def test_the_entry_date_is_the_one_nearest_to_the_value_date(value: str, entry: str, booked: date) -> None:
    text = GOOD.replace(":61:2611201120CR", f":61:{value}{entry}CR", 1)
    assert read_statement(text.encode(), "a.sta")[0].entries[0].booked == booked


@pytest.mark.parametrize(
    ("lines", "details"),
    [
        (("Rent for", "November"), Details(remittance="Rent for November")),
        (("x" * 65, "yz"), Details(remittance="x" * 65 + "yz")),
        (
            ("166?00SEPA?20EREF+E1?21SVWZ+Rent Nov?22ember?32NAME?60 and", " more"),
            Details("166", "E1", remittance="Rent November and more"),
        ),
        (("020~20Plain text~21 on",), Details("020", remittance="Plain text on")),
        (
            ("/TRTP/SEPA/IBAN/NL00/NAME/A/B/REMI/USTD//Bill 1/2/EREF/E-", "9/RTRN/AC04/KREF/K1"),
            Details("", "E-9", "K1", "", "AC04", "Bill 1/2"),
        ),
        (("/EREF/NOTPROVIDED/REMI/ok",), Details(remittance="ok")),
        (("/not a tag/ but text",), Details(remittance="/not a tag/ but text")),
    ],
)
def test_information_in_the_forms_that_banks_give(lines: tuple[str, ...], details: Details) -> None:
    assert details_of(lines) == details


def test_several_accounts_and_headings_and_other_characters() -> None:
    other = replace(GOOD_STATEMENT, account="OTHER", entries=(), closing=1_000)
    heading = "ABNANL2A\r\n940\r\nABNANL2A\r\n"
    text = heading + GOOD + heading + mt940(replace(other, information="Grüße für 5€"))
    for encoding in ("utf-8", "cp1252"):
        made = read_statement(text.encode(encoding), "a.sta")
        assert [(one.account, one.information) for one in made] == [
            ("10020030/1234567", ""),
            ("OTHER", "Grüße für 5€"),
        ]


def test_numbers_follow_one_another_and_start_anew_with_the_year() -> None:
    first = replace(GOOD_STATEMENT, sequence=365, from_date=date(2026, 12, 31), to_date=date(2026, 12, 31))
    later = date(2027, 1, 2)
    second = replace(
        GOOD_STATEMENT,
        sequence=1,
        opening=first.closing,
        closing=first.closing + 12_333,
        from_date=later,
        to_date=later,
    )
    made = read_statement((mt940(first) + mt940(second)).encode(), "a.sta")
    assert check_all(made) == ()
    (gap,) = check_all([made[0], replace(made[1], sequence=2)])
    assert "after 365 comes 2" in gap.problem
    (jump,) = check_all([made[0], replace(made[1], opening=1, closing=12_334)])
    assert jump.check == "continuity"
    (twice,) = check_all([replace(made[0], entries=(*made[0].entries, made[0].entries[0]), closing=25_678)])
    assert (twice.check, twice.problem) == ("duplicate_line", "is line 1 again, in every field")


def test_what_banks_do_beyond_the_standard() -> None:
    plain = mt940(replace(GOOD_STATEMENT, entries=GOOD_STATEMENT.entries[:1], closing=13_345))
    for change in (
        lambda s: ":940:\r\n" + s,
        lambda s: "\x01" + swift(s).rstrip() + "\x03\x00\x00  ",
        lambda s: s.removesuffix("-\r\n").rstrip(),
        lambda s: s.replace("NTRF", "S   "),
        lambda s: s.replace("\r\n", "\r\n   \r\n"),
    ):
        [made] = read_statement(change(plain).encode(), "a.sta")
        assert made.closing == 13_345
    dos = plain.replace(":62F:", ":86:für\r\n:62F:").encode("cp850")
    assert read_statement(dos, "a.sta")[0].entries[0].remittance == "für"
    [made] = read_statement(plain.replace(":62F:", ":86:First\r\n:86:Second\r\n:62F:").encode(), "a.sta")
    assert made.entries[0].remittance == "First Second"


BAD: dict[str, tuple[Callable[[str], str], str, str]] = {
    "no final balance": (lambda s: s[: s.rindex(":62F:")], "ends in the middle", "62"),
    "cut in a line": (lambda s: s[: s.rindex(":62F:") + 9], "62F|middle|is not mark", "62F"),
    "no last dash": (lambda s: s[: s.rindex("-\r\n")], "ends in the middle", "file"),
    "last page missing": (lambda s: s[: s.index("-\r\n") + 3], "should follow page 1", "62M"),
    "first page missing": (lambda s: s[s.index("-\r\n") + 3 :], "a page that is not there", "60M"),
    "page number": (lambda s: s.replace("/002", "/003"), "page 3 comes after page 1", "28C"),
    "page balance": (lambda s: s.replace(":60M:C261120EUR", ":60M:C261120EUR9"), "does not open with", "60M"),
    "sums": (lambda s: s.replace(":60F:C261120EUR10,", ":60F:C261120EUR11,"), "sums do not add up", "20"),
    "no comma": (lambda s: s.replace("CR123,45", "CR12345"), "amount with a comma", "61"),
    "point": (lambda s: s.replace("CR123,45", "CR123.45"), "amount with a comma", "61"),
    "decimals": (lambda s: s.replace("CR123,45", "CR123,455"), "3 decimals", "61/amount"),
    "long amount": (lambda s: s.replace("CR123,45", "CR" + "1" * 14 + ",45"), "15 characters", "61/amount"),
    "bad mark": (lambda s: s.replace("1120CR123", "1120XR123"), "is not date, mark", "61"),
    "funds code": (lambda s: s.replace("1120CR123", "1120CX123"), "last letter of EUR", "61/funds code"),
    "bad date": (lambda s: s.replace(":61:261120", ":61:261131"), "form YYMMDD", "61/value date"),
    "bad entry date": (lambda s: s.replace(":61:2611201120", ":61:2611201131"), "form MMDD", "61/entry date"),
    "long reference": (lambda s: s.replace("OURS", "O" * 36), "more than 35", "61/reference"),
    "currency": (lambda s: s.replace(":62M:C261120EUR", ":62M:C261120USD"), "is not EUR", "62M/currency"),
    "unknown currency": (lambda s: s.replace("EUR", "XXQ"), "Jinku knows", "60F/currency"),
    "field twice": (lambda s: s.replace(":25:", ":25:X\r\n:25:", 1), "comes twice", "25"),
    "field elsewhere": (lambda s: s.replace(":28C:00007/001\r\n", "", 1), "is missing", "28C"),
    "order": (lambda s: s.replace(":28C:", ":21:X\r\n:28C:", 1), "has no place", "21"),
    "unknown field": (lambda s: s.replace(":25:", ":99Z:X\r\n:25:", 1), "no field of a statement", "99Z"),
    "text before": (lambda s: "a\nb\nc\nd\n" + s, "header of a known mapping", "header"),
    "number": (lambda s: s.replace(":28C:00007/001", ":28C:X"), "number/page", "28C"),
    "twice": (lambda s: s + s, "comes twice in the file", "20"),
    "control": (lambda s: s.replace("OURS", "OU\x00S"), "control character", "text"),
    "another message": (lambda s: swift(s, "950"), "MT940 or MT942", "block 2"),
    "unclosed": (lambda s: swift(s)[:-40], "ends in the middle", "file"),
    "mixed": (lambda s: swift(s) + s, "another form", "message"),
    "information twice": (
        lambda s: s.replace(":62F:C261120EUR133,33\r\n", ":62F:C261120EUR133,33\r\n:86:a\r\n:86:b\r\n"),
        "comes twice",
        "86",
    ),
    "endless information": (
        lambda s: s.replace(":62M:", ":86:a\r\n" * 61 + ":62M:"),
        "more than 60 lines",
        "86",
    ),
}


@pytest.mark.parametrize("case", BAD)
def test_what_is_wrong_is_named(case: str) -> None:
    change, problem, field = BAD[case]
    changed = change(GOOD)
    assert changed != GOOD
    with pytest.raises(InputError, match=problem) as refused:
        read_statement(changed.encode(), "bank.sta")
    assert field in refused.value.field
    assert str(refused.value).startswith(f"bank.sta:{refused.value.line}: ")
    assert refused.value.line >= 1
    assert refused.value.remedy


def test_the_totals_of_a_report_hold() -> None:
    text = mt942(GOOD_STATEMENT)
    for change in ((":90D:2EUR", ":90D:3EUR"), (":90C:1EUR123,45", ":90C:1EUR123,46")):
        with pytest.raises(InputError, match="but the message has"):
            read_statement(text.replace(*change).encode(), "a.sta")
    floorless = text.replace(":34F:EUR0,\r\n", "")
    for changed in (floorless, floorless.replace(":61:", ":62F:", 1)):
        with pytest.raises(InputError, match=r"currency is known|is not mark"):
            read_statement(changed.encode(), "a.sta")
