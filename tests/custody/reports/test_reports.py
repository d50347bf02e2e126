"""Custody report, monthly return and yearly evidence (R16): each figure two ways, what is missing named."""

import csv
import json
import shutil
import subprocess
from datetime import date
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.custody.pack.scene import DAY, HOUR, OWED, START, Scene, account, make_house

from jinku.base.currency import currency
from jinku.cli.main import main
from jinku.custody.orders.model import Deposit, PaidOut, new_order_id
from jinku.custody.reports.activity import Activity
from jinku.custody.reports.fonts import Fonts
from jinku.custody.reports.journal import exact_sum, movements, open_holds, posted, size_at, standing
from jinku.custody.reports.period import month
from jinku.custody.reports.run import Wanted, custody_of, monthly_of, yearly_of
from jinku.custody.reports.settings import read_settings, template
from jinku.custody.structure.template import load_structure
from jinku.ledger.layout import TRANSFER, set_u128, u128
from jinku.verify.report_folder import check_any

CNY = currency("CNY")


def figures(folder: Path) -> dict[str, dict[str, str]]:
    with (folder / "figures.csv").open(encoding="utf-8-sig", newline="") as file:
        return {row["key"]: row for row in csv.DictReader(file)}


def test_the_custody_report_says_what_the_journal_says(scene: Scene, fonts: Fonts, tmp_path: Path) -> None:
    """R16: transaction volume, loan balance, custody balance, number of borrowers and lenders."""
    with scene.open() as house:
        made = custody_of(house, Wanted("2026-11", 1, "CNY", tmp_path / "report", fonts))
    found = figures(tmp_path / "report")
    assert made.agreed
    assert found["transaction_volume"]["value"] == f"{(400_000 + 133_333 + 1_999) / 100:.2f}"
    assert found["transactions"]["value"] == "6"
    assert found["loan_balance"]["value"] == f"{(400_000 - 133_333) / 100:.2f}"
    owed = sum(OWED.values()) + 1_234 + (400_000 - 4_000 - 133_333 - 1_999)
    assert found["custody_balance"]["value"] == f"{owed / 100:.2f}"
    assert found["custody_balance"]["second"] == found["custody_balance"]["value"]
    assert (found["borrowers"]["value"], found["lenders"]["value"]) == ("1", "2")
    assert found["lender_accounts"]["value"] == "4"
    document = json.loads((tmp_path / "report" / "report.json").read_bytes())
    assert document["figures"]["custody_balance"]["value"] == str(owed)
    assert any("not over" in one["en"] for one in document["missing"])
    assert check_any(tmp_path / "report", None).ok


def test_both_languages_are_printed(scene: Scene, fonts: Fonts, tmp_path: Path) -> None:
    """R16: reports in Chinese and English."""
    with scene.open() as house:
        custody_of(house, Wanted("2026-11", 1, "CNY", tmp_path / "report", fonts))
    program = shutil.which("pdftotext")
    if program is None:
        pytest.skip("pdftotext (poppler-utils) is not installed")
    for language, words in (("en", "Loan balance"), ("zh", "贷款余额")):
        path = tmp_path / "report" / f"report-{language}.pdf"
        if language == "zh" and not fonts.chinese:
            assert not path.exists()
            continue
        done = subprocess.run([program, "-layout", str(path), "-"], capture_output=True, check=True)
        assert words in done.stdout.decode()
        assert "2,666.67 CNY" in done.stdout.decode()


def test_the_monthly_return_follows_the_days(tmp_path: Path, fonts: Fonts) -> None:
    """R16: relevant funds high, low and average over the month's days; what nobody recorded is missing."""
    scene = make_house(tmp_path / "data")
    with scene.open() as house:
        before = sum(OWED.values()) + 1_234 + (400_000 - 4_000 - 133_333 - 1_999)
        scene.clock.now = START + 48 * HOUR
        scene.submit(
            house, Deposit(id=scene.number(), day=DAY, account=account(3), amount=1_000_000, reference=9)
        )
        scene.clock.now = START + 24 * 12 * HOUR  # December
        scene.submit(house, Deposit(id=scene.number(), day=DAY, account=account(3), amount=5, reference=10))
        made = monthly_of(house, Wanted("2026-11", 1, "CNY", tmp_path / "report", fonts))
    found = figures(tmp_path / "report")
    after = before + 1_000_000
    assert found["relevant_funds_low"]["value"] == f"{before / 100:.2f}"
    assert (
        found["relevant_funds_high"]["value"] == found["relevant_funds_end"]["value"] == f"{after / 100:.2f}"
    )
    average = (2 * before + 9 * after) // 11  # 20 and 21 November before, 22 to 30 after
    assert found["relevant_funds_average"]["value"] == f"{average / 100:.2f}"
    missing = " ".join(one.en for one in made.missing)
    assert "a day book" in missing
    assert "auditor" in missing
    assert "not over" not in missing
    document = json.loads((tmp_path / "report" / "report.json").read_bytes())
    assert any("Due by 2026-12-21" in one["en"] for one in document["notes"])


def test_the_yearly_evidence_tests_controls_and_draws_samples(
    scene: Scene, fonts: Fonts, tmp_path: Path
) -> None:
    """R16: index of records, controls tested again, samples that nobody chose, each with its receipt."""
    with scene.open() as house:
        made = yearly_of(house, Wanted("2026", 1, "CNY", tmp_path / "report", fonts))
        size = house.ledger.size()
        count = len(posted(movements(house.ledger, size)))
    assert made.agreed
    assert figures(tmp_path / "report")["controls_held"]["value"] == "6"
    receipts = sorted((tmp_path / "report" / "samples").iterdir())
    assert len(receipts) == min(25, count)
    vkey = (tmp_path / "report" / "log.vkey").read_text().strip()
    for receipt in receipts[:3]:
        assert main(["verify", "receipt", str(receipt), "--key", vkey]) == 0
    assert check_any(tmp_path / "report", None).ok
    (tmp_path / "report" / "samples" / receipts[0].name).write_bytes(b"other")
    assert main(["report", "check", str(tmp_path / "report")]) == 1


def test_a_report_of_the_past_does_not_change_with_what_is_booked_later(tmp_path: Path, fonts: Fonts) -> None:
    scene = make_house(tmp_path / "data")
    with scene.open() as house:
        scene.clock.now = START + 24 * 20 * HOUR
        later = Deposit(id=scene.number(), day=date(2026, 12, 10), account=account(1), amount=1, reference=3)
        scene.submit(house, later)
        first = custody_of(house, Wanted("2026-11", 1, "CNY", tmp_path / "one", fonts))
        more = Deposit(id=scene.number(), day=date(2026, 12, 10), account=account(2), amount=99, reference=4)
        scene.submit(house, more)
        second = custody_of(house, Wanted("2026-11", 1, "CNY", tmp_path / "two", fonts))
    assert first.figures == second.figures
    assert not first.missing or all("not over" not in one.en for one in first.missing)


def test_two_ways_to_every_balance(tmp_path: Path) -> None:
    """Accounts from the last entry that touched them, as the ledger has them, at every size of the journal."""
    scene = make_house(tmp_path / "data")
    with scene.open() as house:
        ledger = house.ledger
        size = ledger.size()
        assert np.array_equal(standing(ledger, size).accounts, ledger.accounts_array())
        for at in range(12, size + 1, 3):
            books = standing(ledger, at)
            moment = int(ledger.entries(at - 1, 1)["timestamp"][0])
            assert size_at(ledger, moment) == at
            asked = ledger.balances_as_of(u128(books.accounts, "id"), moment)
            assert [one.credits_posted for one in asked if one] == u128(books.accounts, "credits_posted")
            assert [one.debits_pending for one in asked if one] == u128(books.accounts, "debits_pending")
        [held] = open_holds(movements(ledger, size))
        assert held["event"]["user_data_64"] == 555
        activity = Activity.read(ledger, size, 1, CNY, load_structure())
        assert activity.volumes(0, 1 << 62) == activity.by_database(0, 1 << 62)
        scene.submit(
            house,
            PaidOut(id=int(u128(held["event"].reshape(1), "id")[0]) >> 24 << 24, day=DAY, amount=50_000),
        )
        assert not len(open_holds(movements(ledger, ledger.size())))


@given(st.lists(st.integers(0, (1 << 128) - 1), max_size=40))
@settings(max_examples=50)
def test_sums_are_exact_at_any_size(amounts: list[int]) -> None:
    rows = np.zeros(len(amounts), TRANSFER)
    set_u128(rows, "amount", amounts)
    assert exact_sum(rows) == sum(amounts)


def test_the_settings_to_fill_in_are_themselves_valid(tmp_path: Path) -> None:
    path = tmp_path / "resolution.toml"
    path.write_text(template(), "utf-8")
    found = read_settings(path)
    assert found.found
    assert not found.rows("people")
    path.write_text("[[people]]\nnmae = 'x'\n", "utf-8")
    assert (
        main(["pack", "make", "--data", str(tmp_path), "--settings", str(path), "--out", str(tmp_path / "p")])
        == 2
    )


def test_a_month_begins_and_ends_in_the_institution_s_own_time() -> None:
    period = month("2026-11", "Asia/Shanghai")
    assert (period.start, period.end) == (1_793_462_400 * 10**9, 1_796_054_400 * 10**9)
    assert new_order_id(period.start // 10**6, 1) > 0
