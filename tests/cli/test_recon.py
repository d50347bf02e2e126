"""`jinku recon run` and `position` on real files: a ledger, a statement, breaks and reports."""

import json
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pytest
from tests.cli.conftest import Run

from jinku.base.currency import currency
from jinku.bootstrap import open_house
from jinku.custody.statements.formats import camt
from jinku.custody.statements.model import Direction, Statement, StatementEntry
from jinku.custody.structure.chart import Chart, entity_accounts
from jinku.custody.structure.table import Kind, Movement
from jinku.ledger.layout import TRANSFER, set_u128

DAY = date(2026, 11, 20)
CHART = Chart(entity=1, currency=156)


@pytest.fixture
def books(tmp_path: Path) -> Path:
    """A data directory: 1,000 and 250 fen came in at the bank, for whom is not known yet."""
    data = tmp_path / "data"
    rows = np.zeros(2, TRANSFER)
    set_u128(rows, "id", [901, 902])
    set_u128(rows, "debit_account_id", [CHART.account(Kind.BANK_MIRROR)] * 2)
    set_u128(rows, "credit_account_id", [CHART.account(Kind.SUSPENSE)] * 2)
    set_u128(rows, "amount", [1_000, 250])
    rows["user_data_64"], rows["user_data_32"] = [71, 72], 20261120
    rows["ledger"], rows["code"] = 156, int(Movement.UNIDENTIFIED)
    with open_house(data) as house:
        house.ledger.create_accounts_array(entity_accounts(CHART))
        house.ledger.create_transfers_array(rows)
    return data


def statement(file: Path, *credited: tuple[str, int], message: str = "M-1") -> Path:
    """A statement with one credit for each (reference, amount) in `file`."""
    entries = tuple(
        StatementEntry(f"E{place}", amount, Direction.CREDIT, DAY, DAY, end_to_end_id=reference)
        for place, (reference, amount) in enumerate(credited)
    )
    total = sum(amount for _, amount in credited)
    one = Statement("POOL-1", currency("CNY"), 1, message, 0, total, entries, DAY, DAY, "S-1")
    file.write_bytes(camt.write([one]))
    return file


def test_a_statement_is_reconciled_again_and_again(run: Run, books: Path, tmp_path: Path) -> None:
    file = statement(tmp_path / "day.xml", ("71", 1_000), ("72", 250))
    for _ in range(2):
        done = run("recon", "run", file, "--data", books, "--json")
        assert (done.code, done.json["clean"], done.json["counts"]) == (0, True, {"equal": 2})
    mirror = CHART.account(Kind.BANK_MIRROR)
    assert run("recon", "run", file, "--account", mirror, "--data", books, "--json").json == done.json
    assert "No breaks" in run("recon", "run", file, "--data", books).out


def test_breaks_are_shown_written_and_counted(run: Run, books: Path, tmp_path: Path) -> None:
    file = statement(tmp_path / "day.xml", ("71", 1_000), ("99", 7))
    done = run("recon", "run", file, "--data", books, "--out", tmp_path / "out", "--json")
    assert done.code == 1
    assert done.json["counts"] == {"equal": 1, "missing_at_bank": 1, "unknown_at_bank": 1}
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == [
        "breaks.csv", "matches.csv", "report.md",
    ]  # fmt: skip
    assert "unknown_at_bank" in (tmp_path / "out" / "breaks.csv").read_text()
    short = run("recon", "position", "--statement", file, "--data", books, "--json")
    [position] = short.json["positions"]
    assert (short.code, position["outcome"], position["difference"]) == (1, "shortfall", "-243")


def test_the_position_by_our_own_books(run: Run, books: Path, tmp_path: Path) -> None:
    done = run("recon", "position", "--data", books, "--out", tmp_path / "out")
    assert done.code == 0
    assert "requirement = 12.50 CNY" in done.out
    assert (tmp_path / "out" / "position.csv").read_text().startswith("currency,")


def test_what_cannot_be_reconciled_is_named_and_not_taken_in(run: Run, books: Path, tmp_path: Path) -> None:
    file = statement(tmp_path / "day.xml", ("71", 1_000))
    cut = tmp_path / "cut.xml"
    cut.write_bytes(file.read_bytes()[:-30])
    done = run("recon", "run", cut, "--data", books)
    assert (done.code, done.err[:15]) == (2, "jinku: cut.xml:")
    assert run("recon", "run", file, "--entity", 7, "--data", books).code == 1
    assert run("recon", "run", file, "--place", 3, "--data", books).code == 1
    again = statement(tmp_path / "again.xml", ("71", 900), message="M-1")
    refused = run("recon", "run", again, "--data", books, "--json")
    assert (refused.code, json.loads(refused.err)["error"]["code"]) == (1, "duplicate_file")
    assert not any(path.name == "cut.xml" for path in (books / "statements").iterdir())
    assert len(list((books / "statements").iterdir())) == 1


def test_money_at_the_bank_is_counted_for_one_entity_only(run: Run, books: Path, tmp_path: Path) -> None:
    with open_house(books) as house:
        house.ledger.create_accounts_array(entity_accounts(Chart(entity=2, currency=156)))
    file = statement(tmp_path / "day.xml", ("71", 1_000), ("72", 250))
    position = ("recon", "position", "--data", books, "--json")
    assert len(run(*position).json["positions"]) == 2
    refused = run(*position, "--statement", file)
    assert refused.code == 2
    assert "1, 2 have books in CNY" in refused.err
    [own] = run(*position, "--statement", file, "--entity", 1).json["positions"]
    assert (own["entity"], own["outcome"]) == (1, "reconciled")
    [other] = run(*position, "--entity", 2).json["positions"]
    assert (other["entity"], other["requirement"]) == (2, "0")


def test_the_next_statement_expects_what_the_last_one_left_open(
    run: Run, books: Path, tmp_path: Path
) -> None:
    def deposit(number: int, day: int) -> None:
        rows = np.zeros(1, TRANSFER)
        set_u128(rows, "id", [number])
        set_u128(rows, "debit_account_id", [CHART.account(Kind.BANK_MIRROR)])
        set_u128(rows, "credit_account_id", [CHART.account(Kind.SUSPENSE)])
        set_u128(rows, "amount", [number])
        rows["user_data_64"], rows["user_data_32"] = number, day
        rows["ledger"], rows["code"] = 156, int(Movement.UNIDENTIFIED)
        with open_house(books) as house:
            house.ledger.create_transfers_array(rows)

    def counts(day: int, *credited: tuple[str, int]) -> dict[str, int]:
        name, booked = f"D{day}", DAY + timedelta(days=day)
        entries = tuple(
            StatementEntry(f"E{reference}", amount, Direction.CREDIT, booked, booked, end_to_end_id=reference)
            for reference, amount in credited
        )
        total = sum(amount for _, amount in credited)
        one = Statement("POOL", currency("CNY"), day + 1, name, 0, total, entries, booked, booked, name)
        file = tmp_path / f"{day}.xml"
        file.write_bytes(camt.write([one]))
        found: dict[str, int] = run("recon", "run", file, "--data", books, "--json").json["counts"]
        return found

    assert counts(0, ("71", 1_000)) == {"equal": 1, "missing_at_bank": 1}
    deposit(930, 20261121)
    deposit(931, 20261121)
    second = {"equal": 2, "late": 1, "missing_at_bank": 1}
    assert counts(1, ("72", 250), ("930", 930)) == second  # 72 came a day late, 71 is done, 931 is missing
    assert counts(1, ("72", 250), ("930", 930)) == second  # asked again
    deposit(940, 20261122)
    assert counts(2, ("931", 900), ("940", 940)) == {"equal": 1, "amount_differs": 1}
    assert counts(3) == {
        "equal": 0,
        "amount_differs": 1,
    }  # what 931 differed by stands open until it is corrected
