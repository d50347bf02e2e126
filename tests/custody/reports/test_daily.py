"""The daily beneficial-owner file (R15): the rule's layout, a readable twin, a chain of days, the ledger's totals."""

import csv
import json
import shutil
import subprocess
import sys
from datetime import date
from pathlib import Path

import pytest
from tests.custody.pack.scene import OWED, Scene, account

from jinku.base.errors import InputError
from jinku.cli.main import main
from jinku.custody.reports.daily import OwnersRequest, write_day
from jinku.custody.reports.layout import LAYOUT
from jinku.custody.reports.owners import read_details
from jinku.verify.owners import check_owners
from jinku.verify.report_folder import check_any

DETAILS = """party,category,joint_with,address_1,city,postal_code,country,tax_id,tax_id_code
1,JNT,Second Owner,1 Quay | West,Shanghai,200000,CN,900-10-0001,SSN
"""


@pytest.fixture(scope="module")
def days(scene: Scene, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three days' folders, one of them written twice."""
    (scene.directory / "owner-details.csv").write_text(DETAILS, "utf-8")
    (scene.directory / "resolution.toml").write_text(
        '[[bank_accounts]]\nentity = "1"\ncurrency = "CNY"\naccount_number = "6214-0001"\n', "utf-8"
    )
    out = tmp_path_factory.mktemp("days") / "owners"
    for day in (19, 20, 20):
        with scene.open() as house:
            write_day(house, OwnersRequest(out, date(2026, 11, day)))
    return out


def lines(folder: Path) -> list[list[str]]:
    return [line.split("|") for line in (folder / "owners-12cfr370c.txt").read_text("utf-8").splitlines()]


def test_each_owner_stands_in_the_layout_of_the_rule(days: Path) -> None:
    """R15: a daily beneficial-owner file in the layout of 12 CFR 370 Appendix C, tied to the ledger."""
    found = {line[2]: line for line in lines(days / "2026-11-19")}
    assert all(len(line) == len(LAYOUT) == 24 for line in found.values())
    for party, owed in OWED.items():
        assert found[str(account(party))][17] == f"{owed / 100:.2f}"
    known = found[str(account(1))]
    assert known[1] == "6214-0001"
    assert known[4:9] == ["900-10-0001", "SSN", "张伟", "Second Owner", "1 Quay / West"]
    assert known[19] == "JNT"
    not_applicable = [int(one.no) - 1 for one in LAYOUT if one.value is None]
    assert all(line[place] == "" for line in found.values() for place in not_applicable)
    total = sum(int(line[17].replace(".", "")) for line in found.values())
    manifest = json.loads((days / "2026-11-19" / "manifest.json").read_bytes())
    assert manifest["totals"][0]["requirement"] == f"{total / 100:.2f}"


def test_what_is_missing_is_listed_and_never_made_up(days: Path) -> None:
    with (days / "2026-11-19" / "incomplete.csv").open(encoding="utf-8-sig", newline="") as file:
        missing = {row["account"]: row["missing"] for row in csv.DictReader(file)}
    assert str(account(1)) not in missing
    assert "09 Address 1" in missing[str(account(2))]
    suspense = next(text for number, text in missing.items() if "07 Name" in text)
    assert "20 Deposit Account Ownership Category" in suspense


def test_the_bank_checks_the_days_with_plain_python(days: Path, tmp_path: Path) -> None:
    """R15: a static export that outlives the platform, checked by the bank without us."""
    given = tmp_path / "at-the-bank"
    shutil.copytree(days, given)
    done = subprocess.run(
        [sys.executable, "-I", "-S", "verify.pyz", "owners", "."],
        cwd=given, capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    assert "2026-11-20.2 follows the day before it" in done.stdout
    assert json.loads((given / "latest.json").read_bytes())["folder"] == "2026-11-20.2"
    assert main(["report", "check", str(given)]) == 0


def test_a_day_taken_out_or_changed_is_found(days: Path, tmp_path: Path) -> None:
    gone = tmp_path / "gone"
    shutil.copytree(days, gone)
    shutil.rmtree(gone / "2026-11-20")
    assert not check_owners(gone, None).ok
    first = tmp_path / "first"
    shutil.copytree(days, first)
    shutil.rmtree(first / "2026-11-19")
    found = check_owners(first, None)
    assert found.ok
    assert any("2026-11-19, which is not here" in english for english, _ in found.warnings)
    changed = tmp_path / "changed"
    shutil.copytree(days, changed)
    file = changed / "2026-11-19" / "owners-12cfr370c.txt"
    file.write_text(file.read_text("utf-8").replace("|2500.00|", "|2400.00|"), "utf-8")
    assert not check_any(changed / "2026-11-19", None).ok


@pytest.mark.parametrize(
    "text",
    [
        "name\n张伟\n",
        "party,colour\n1,red\n",
        "party,category\n1,XXX\n",
        "party,name\n1,a\n1,b\n",
        "party,name\nx,a\n",
        "party,name\n1,a,b\n",
    ],
)
def test_a_file_of_details_is_refused_by_line_and_never_quoted(tmp_path: Path, text: str) -> None:
    path = tmp_path / "owner-details.csv"
    path.write_text(text, "utf-8")
    with pytest.raises(InputError) as refused:
        read_details(path)
    assert "张伟" not in str(refused.value)
    assert "XXX" not in str(refused.value)
