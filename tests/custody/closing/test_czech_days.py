"""The Czech bank's days closed one by one: a small file on both databases, and the real one where it is at hand."""

import json
from datetime import date
from pathlib import Path

import pytest
from tests.custody.closing.scene import SetClock

from jinku.base.database import Database
from jinku.custody.closing.days import DayBook
from jinku.custody.closing.vault import Vault
from jinku.custody.czech.bank import Imported, import_files
from jinku.custody.czech.closing import BOOKS, ClosedDays, CloseParts, Closers, close_days
from jinku.custody.errors import ImportRefused
from jinku.ledger import open_journal
from jinku.ledger.model import Account, Transfer

DATA = Path(__file__).parents[4] / "shared" / "data" / "czech-bank"
ACCOUNTS = """"account_id";"district_id";"frequency";"date"
1;55;"POPLATEK MESICNE";930101
2;74;"POPLATEK TYDNE";930102
"""
TRANSACTIONS = """"trans_id";"account_id";"date";"type";"operation";"amount";"balance";"k_symbol";"bank";"account"
10;1;930101;"PRIJEM";"VKLAD";700.00;700.00;"";;
11;2;930102;"PRIJEM";"PREVOD Z UCTU";900.50;900.50;"DUCHOD";"AB";"123"
13;1;930106;"VYDAJ";"VYBER";14.60;685.40;"SLUZBY";;
12;1;930106;"PRIJEM";"";1.80;687.30;"UROK";;
14;2;930108;"VYBER";"VYBER";1000.00;-99.50;" ";;
"""


def silent(_stage: str, _done: int, _total: int) -> None:
    """Nobody watches."""


def placed(directory: Path) -> Path:
    for name, text in (("account.asc", ACCOUNTS), ("trans.asc", TRANSACTIONS)):
        (directory / name).write_bytes(text.replace("\n", "\r\n").encode("latin-1"))
    return directory


def closed(
    directory: Path, database: Database, files: Path, closers: Closers | None = None
) -> tuple[ClosedDays, Imported]:
    clock = SetClock()
    with open_journal(directory / "ledger", clock=clock) as ledger:
        imported = import_files(ledger, files)
        parts = CloseParts(ledger, database, Vault(directory / "closes"), clock)
        return close_days(parts, imported, closers or Closers(), silent), imported


def test_each_day_is_closed_in_order_with_every_balance(database: Database, tmp_path: Path) -> None:
    """R6, R8: eight days without a gap, days without movements among them; requirement floored at zero."""
    found, imported = closed(tmp_path, database, placed(tmp_path))
    assert (found.days, found.closed, found.reperformed, found.problems) == (8, 8, 0, ())
    assert (found.first_day, found.last_day) == (date(1993, 1, 1), date(1993, 1, 8))
    assert (found.balance, found.accounts) == (68_720 - 9_950, 2)
    assert found.account_days == imported.report.account_days
    assert found.bank_agrees == imported.report.bank_agrees
    assert (found.explained, found.unexplained) == (1, 0)
    vault = Vault(tmp_path / "closes")
    with open_journal(tmp_path / "ledger") as ledger:
        book = DayBook(database, ledger, SetClock())
        records = [json.loads(vault.get(one.record)) for one in book.days(BOOKS)]
    assert [one["movements"] for one in records] == [1, 1, 0, 0, 0, 2, 0, 1]
    assert [one["balance"] for one in records[4:]] == ["160050", "158770", "158770", "58770"]
    assert (records[7]["requirement"], records[7]["floored"]) == ("68720", "9950")
    assert records[5]["causes"] == {"interest_rounded": "10"}
    assert records[5]["end_of_day"] == [{"account": 1, "ledger": "68720", "bank": "68730"}]
    assert records[7]["end_of_day"] == [{"account": 2, "ledger": "-9950", "bank": "-9950"}]
    assert {one["preparer"] for one in records} == {"importer"}


def test_a_second_run_computes_each_day_again(database: Database, tmp_path: Path) -> None:
    """R11, R20: importing again closes nothing, and every record is computed to the same bytes."""
    first, _ = closed(tmp_path, database, placed(tmp_path))
    again, _ = closed(tmp_path, database, tmp_path)
    assert (again.closed, again.reperformed) == (0, 8)
    assert again.last_record == first.last_record


def test_a_ledger_that_has_something_else_is_refused(database: Database, tmp_path: Path) -> None:
    """R11: an entry that the file does not have makes a day come out otherwise, and is found."""
    files = placed(tmp_path)
    clock = SetClock()
    with open_journal(tmp_path / "ledger", clock=clock) as ledger:
        ledger.create_accounts([Account(id=number, ledger=203, code=1) for number in (5, 6)])
        thief = Transfer(
            id=9, debit_account_id=5, credit_account_id=6, amount=1, ledger=203, code=1, user_data_32=19921231
        )
        ledger.create_transfers([thief])
        with pytest.raises(ImportRefused):
            import_files(ledger, files)


def test_one_person_does_not_close_alone(database: Database, tmp_path: Path) -> None:
    from jinku.custody.closing.errors import SamePerson

    with pytest.raises(SamePerson):
        closed(tmp_path, database, placed(tmp_path), Closers("clerk-1", "Clerk-1"))


@pytest.mark.slow
@pytest.mark.skipif(not (DATA / "trans.asc").exists(), reason="../shared/data/czech-bank is not here")
def test_the_real_bank_closes_day_by_day(tmp_path: Path) -> None:
    """R6: 455 days of a real bank, each in order, every account's balance at its end, every difference explained."""
    with Database.open(tmp_path / "control.db") as database:
        found, imported = closed(tmp_path, database, DATA)
    assert (found.days, found.closed, found.problems) == (455, 455, ())
    assert (found.first_day, found.last_day) == (date(1993, 1, 1), date(1994, 3, 31))
    assert (found.account_days, found.bank_agrees, found.unexplained) == (39_960, 23_633, 0)
    assert found.explained == len(imported.report.differences) == 16_327
    assert (found.balance, found.bank_balance) == (3_924_614_280, 3_925_052_380)
