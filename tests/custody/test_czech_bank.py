"""The Czech bank's files: what is wrong is named, what is right is posted as of its day and explained."""

import hashlib
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path

import pytest

from jinku.base.clock import end_of_day
from jinku.base.errors import InputError
from jinku.custody.czech.bank import import_czech_bank
from jinku.custody.czech.days import Cause, explain_account
from jinku.custody.czech.file import CzechMovement, read_czech_files
from jinku.custody.czech.posting import customer_id
from jinku.custody.czech.report import CzechReport, differences_csv, report_markdown
from jinku.custody.czech.table import Extract
from jinku.custody.errors import ImportRefused
from jinku.ledger import open_journal
from jinku.ledger.service import Ledger

ACCOUNTS = """"account_id";"district_id";"frequency";"date"
1;55;"POPLATEK MESICNE";930101
2;74;"POPLATEK TYDNE";930102
3;74;"POPLATEK PO OBRATU";930103
"""
TRANSACTIONS = """"trans_id";"account_id";"date";"type";"operation";"amount";"balance";"k_symbol";"bank";"account"
10;1;930101;"PRIJEM";"VKLAD";700.00;700.00;"";;
11;2;930102;"PRIJEM";"PREVOD Z UCTU";900.50;900.50;"DUCHOD";"AB";"123"
13;1;930131;"VYDAJ";"VYBER";14.60;687.10;"SLUZBY";;
12;1;930131;"PRIJEM";"";1.80;701.70;"UROK";;
14;2;930131;"VYBER";"VYBER";1000.00;-99.50;" ";;
15;1;930201;"VYDAJ";"PREVOD NA UCET";87.10;600.00;"SIPO";"YZ";"8"
"""

Place = Callable[..., Path]


@pytest.fixture
def place(tmp_path: Path) -> Place:
    """Writes the two files, with lines ended as the bank ends them."""

    def write(transactions: str = TRANSACTIONS, accounts: str = ACCOUNTS) -> Path:
        for name, text in (("account.asc", accounts), ("trans.asc", transactions)):
            (tmp_path / name).write_bytes(text.replace("\n", "\r\n").encode("latin-1"))
        return tmp_path

    return write


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    """A new embedded ledger."""
    with open_journal(tmp_path / "ledger") as opened:
        yield opened


def test_movements_are_posted_as_of_their_days(place: Place, ledger: Ledger) -> None:
    report = import_czech_bank(ledger, place())
    assert (report.movements, report.accounts, report.account_days) == (6, 2, 5)
    assert report.ledger_agrees == 5
    assert report.as_of_agrees == report.as_of_asked == 7
    balances = {
        day: [
            account.credits_posted - account.debits_posted if account else None
            for account in ledger.balances_as_of([customer_id(1), customer_id(2)], end_of_day(day))
        ]
        for day in (
            date(1992, 12, 31),
            date(1993, 1, 1),
            date(1993, 1, 30),
            date(1993, 1, 31),
            date(1993, 2, 1),
        )
    }
    assert list(balances.values()) == [
        [None, None],
        [700_00, None],
        [700_00, 900_50],
        [687_20, -99_50],
        [600_10, -99_50],
    ]
    ledger.check()


def test_the_differences_are_explained(place: Place, ledger: Ledger) -> None:
    report = import_czech_bank(ledger, place())
    assert (report.bank_agrees, report.accounts_agree, len(report.unexplained)) == (3, 1, 0)
    assert (report.several_movements, report.reordered) == (1, 1)
    first, second = report.differences
    assert first.explanation == (
        "bank 687.10, ledger 687.20: -0.10 = interest rounded -0.10 in 1 movements, since 1993-01-31"
    )
    assert (second.day, second.difference, second.since) == (date(1993, 2, 1), -10, date(1993, 1, 31))
    (cause,) = report.causes
    assert (cause.cause, cause.movements, cause.accounts, cause.account_days) == (
        Cause.INTEREST_ROUNDED,
        1,
        1,
        2,
    )
    assert "| interest_rounded | 1 | 1 | 2 |" in report_markdown(report)
    assert differences_csv(report).count("\n") == 3
    made = report.as_json(differences=True)
    assert (made["bank_agrees"], made["explained"], made["unexplained"]) == (3, 2, 0)


def test_a_second_import_changes_nothing(place: Place, ledger: Ledger) -> None:
    first = import_czech_bank(ledger, place())
    size = ledger.size()
    second = import_czech_bank(ledger, place())
    assert (first.posted.transfers_created, first.posted.transfers_existing) == (6, 0)
    assert (second.posted.transfers_created, second.posted.transfers_existing) == (0, 6)
    assert (second.posted.accounts_created, second.posted.accounts_existing) == (
        0,
        first.posted.accounts_created,
    )
    assert ledger.size() == size
    assert second.differences == first.differences


def test_a_changed_file_is_refused_before_anything_is_posted(place: Place, ledger: Ledger) -> None:
    import_czech_bank(ledger, place())
    size = ledger.size()
    changed = (
        TRANSACTIONS.replace("700.00;700.00", "700.10;700.10")
        + '16;2;930202;"PRIJEM";"VKLAD";1.00;1.00;"";;\n'
    )
    with pytest.raises(ImportRefused, match=r"trans\.asc:2: trans_id=10 is in the ledger already"):
        import_czech_bank(ledger, place(changed))
    older = (
        TRANSACTIONS.replace("10;1;", "16;3;")
        .replace("930101;", "930103;")
        .replace("11;2;930102", "17;2;930103")
    )
    with pytest.raises(ImportRefused, match="already holds movements up to 1993-02-01"):
        import_czech_bank(ledger, place(older))
    opened = TRANSACTIONS + '16;3;930202;"PRIJEM";"VKLAD";1.00;1.00;"";;\n'
    earlier = ACCOUNTS.replace('3;74;"POPLATEK PO OBRATU";930103', '3;74;"POPLATEK MESICNE";930101')
    with pytest.raises(ImportRefused, match="already holds accounts up to 1993-01-02"):
        import_czech_bank(ledger, place(opened, earlier))
    assert ledger.size() == size


def test_a_file_that_grew_is_imported_further(place: Place, ledger: Ledger) -> None:
    import_czech_bank(ledger, place())
    grown = TRANSACTIONS + '16;2;930202;"PRIJEM";"VKLAD";100.00;0.50;"";;\n'
    report = import_czech_bank(ledger, place(grown))
    assert (report.posted.transfers_created, report.posted.transfers_existing) == (1, 6)
    assert report.ledger_agrees == report.account_days == 6


def test_progress_ends_at_its_total(place: Place, ledger: Ledger) -> None:
    seen: dict[str, tuple[int, int]] = {}
    import_czech_bank(ledger, place(), lambda stage, done, total: seen.__setitem__(stage, (done, total)))
    assert len(seen) == 3
    assert all(done == total for done, total in seen.values())


LINE = '12;1;930131;"PRIJEM";"";1.80;701.70;"UROK";;'
BAD: dict[str, tuple[str, str, int, str]] = {
    "decimals": (LINE.replace("1.80", "1.805"), "3 decimals", 5, "amount"),
    "negative": (LINE.replace("1.80", "-1.80"), "is negative", 5, "amount"),
    "out of range": (LINE.replace("1.80", "9" * 17 + ".00"), "19 digits; at most 18", 5, "amount"),
    "not a number": (LINE.replace("1.80", "1,80"), "not a decimal", 5, "amount"),
    "bad balance": (LINE.replace("701.70", "x"), "not a decimal", 5, "balance"),
    "bad date": (LINE.replace("930131", "930231"), "YYMMDD", 5, "date"),
    "short date": (LINE.replace("930131", "93131"), "YYMMDD", 5, "date"),
    "before opening": (
        LINE.replace("12;1;930131", "12;3;930102"),
        "before the account was opened",
        5,
        "date",
    ),
    "unknown type": (LINE.replace("PRIJEM", "PRIJMY"), "not a known code", 5, "type"),
    "unknown operation": (LINE.replace('"";1.80', '"VLAD";1.80'), "not a known code", 5, "operation"),
    "unknown symbol": (LINE.replace("UROK", "UROKY"), "not a known code", 5, "k_symbol"),
    "unknown account": (LINE.replace("12;1;", "12;9;"), "not in account.asc", 5, "account_id"),
    "no id": (LINE.replace("12;1;", ";1;"), "positive whole number", 5, "trans_id"),
    "duplicate": (LINE.replace("12;1;", "10;1;"), "stands twice, first in line 2", 5, "trans_id"),
    "too few fields": (LINE[:-1], "9 fields where 10", 5, "line"),
    "too many fields": (LINE + ";", "11 fields where 10", 5, "line"),
    "open quote": (LINE.replace('"UROK"', '"UROK'), "not a line of fields", 5, "line"),
    "blank line": ("", "0 fields where 10", 5, "line"),
}


@pytest.mark.parametrize("case", BAD)
def test_a_bad_line_is_named_and_nothing_is_posted(case: str, place: Place, ledger: Ledger) -> None:
    line, problem, number, field = BAD[case]
    assert TRANSACTIONS.count(LINE) == 1
    with pytest.raises(InputError, match=problem) as refused:
        import_czech_bank(ledger, place(TRANSACTIONS.replace(LINE, line)))
    assert (refused.value.file, refused.value.line, refused.value.field) == ("trans.asc", number, field)
    assert ledger.size() == 0


@pytest.mark.parametrize(
    ("accounts", "problem"),
    [
        (ACCOUNTS.replace('"date"', '"day"'), r"account\.asc:1: header="),
        (ACCOUNTS.replace("2;74", "1;74"), r"account\.asc:3: account_id='1': stands twice"),
        (ACCOUNTS.replace("TYDNE", "ROCNE"), r"account\.asc:3: frequency="),
        (ACCOUNTS[:-3], r"account\.asc:4: line=.*ends in the middle"),
        ("", r"account\.asc:1: .*ends in the middle"),
    ],
)
def test_a_bad_account_file_is_named(accounts: str, problem: str, place: Place) -> None:
    with pytest.raises(InputError, match=problem):
        read_czech_files(place(accounts=accounts))


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"account\.asc: cannot be read: No such file"):
        read_czech_files(tmp_path)


@pytest.mark.parametrize("cut", [1, 2, 5, 30])
def test_a_truncated_file_is_refused(cut: int, place: Place, ledger: Ledger) -> None:
    with pytest.raises(InputError, match="ends in the middle of a line") as refused:
        import_czech_bank(ledger, place(TRANSACTIONS[:-cut]))
    assert refused.value.line == 7
    assert ledger.size() == 0


def test_a_file_without_movements_is_refused(place: Place, ledger: Ledger) -> None:
    with pytest.raises(InputError, match="no movement"):
        import_czech_bank(ledger, place(TRANSACTIONS.split("\n")[0] + "\n"))


def test_a_known_cut_is_reported_and_explains_missing_interest(place: Place, ledger: Ledger) -> None:
    cut = TRANSACTIONS + '16;1;930228;"VYDAJ";"VYBER";14.60;587.60;"SLUZBY";;\n'
    known = hashlib.sha256(cut.replace("\n", "\r\n").encode()).hexdigest()
    report = import_czech_bank(
        ledger, place(cut + "17;1;9302"), extracts={known: Extract(7, "a known start")}
    )
    assert report.cut == "a known start; line 9 is incomplete and marks the cut"
    assert {row.cause for row in report.causes} == {Cause.INTEREST_ROUNDED, Cause.INTEREST_BEYOND_CUT}
    assert report.differences[-1].difference == 210
    assert not report.unexplained
    assert report_markdown(report).endswith("marks the cut.\n")


def test_without_a_known_cut_the_same_gap_is_unexplained(place: Place, ledger: Ledger) -> None:
    report: CzechReport = import_czech_bank(
        ledger, place(TRANSACTIONS + '16;1;930228;"VYDAJ";"VYBER";14.60;587.60;"SLUZBY";;\n')
    )
    (odd,) = report.unexplained
    assert (odd.account_id, odd.day) == (1, date(1993, 2, 28))


def _movement(number: int, signed: int, balance: int, symbol: str = "", day: int = 1) -> CzechMovement:
    return CzechMovement(number, number, 1, date(1993, 1, day), signed > 0, "", symbol, abs(signed), balance)


def test_an_order_within_the_day_is_found_whatever_the_file_s() -> None:
    moves = [_movement(1, -50, 120), _movement(2, 100, 100), _movement(3, 70, 170), _movement(4, 30, 150)]
    (found,) = explain_account(moves, None)
    assert (found.bank, found.ours, found.errors, found.in_file_order) == (150, 150, (), False)


def test_causes_by_their_size_and_place() -> None:
    opening = list(explain_account([_movement(1, 100, 5_100), _movement(2, 1, 5_101, day=2)], None))
    assert [error.cause for one in opening for error in one.errors] == [Cause.OPENING_BALANCE]
    (printed,) = explain_account([_movement(1, 100, 110)], None)
    assert printed.errors[0].cause is Cause.PRINT_ROUNDED
    lost = list(explain_account([_movement(1, 100, 100), _movement(2, 100, 300, day=2)], None))
    assert (lost[1].errors[0].cause, lost[1].errors[0].off, lost[1].difference) == (
        Cause.UNEXPLAINED,
        100,
        100,
    )


def test_many_movements_on_one_day_end_in_time() -> None:
    moves = [_movement(n, 10, 10_000 - 7 * n) for n in range(40)]
    (found,) = explain_account(moves, None)
    assert found.movements == 40
    assert found.difference == sum(error.off for error in found.errors)
