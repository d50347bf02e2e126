"""The real file, where it is at hand: every movement posted, every account-day compared, every difference explained."""

from pathlib import Path

import pytest

from jinku.base.errors import InputError
from jinku.custody.czech.bank import import_czech_bank
from jinku.custody.czech.days import Cause
from jinku.custody.czech.file import read_czech_files
from jinku.ledger import open_journal

DATA = Path(__file__).parents[3] / "shared" / "data" / "czech-bank"

pytestmark = pytest.mark.skipif(
    not (DATA / "trans.asc").exists(), reason="../shared/data/czech-bank is not here"
)


@pytest.mark.slow
def test_every_account_day_agrees_or_is_explained(tmp_path: Path) -> None:
    with open_journal(tmp_path / "ledger") as ledger:
        report = import_czech_bank(ledger, DATA)
        ledger.check()
        assert ledger.size() == report.posted.accounts_created + report.posted.transfers_created
    assert (report.movements, report.accounts, report.account_days) == (49_102, 1_229, 39_960)
    assert report.ledger_agrees == report.account_days
    assert report.as_of_agrees == report.as_of_asked > 2_000
    assert report.unexplained == ()
    assert (report.bank_agrees, report.changes_agree, report.accounts_agree) == (23_633, 37_659, 347)
    found = {row.cause: row.movements for row in report.causes}
    assert found == {Cause.INTEREST_ROUNDED: 2_199, Cause.PRINT_ROUNDED: 126, Cause.INTEREST_BEYOND_CUT: 28}
    assert report.cut.startswith("the start of the full file")


def test_the_known_cut_is_told_from_any_other(tmp_path: Path) -> None:
    data = (DATA / "trans.asc").read_bytes()
    complete = data[: data.rfind(b"\n") + 1]
    (tmp_path / "account.asc").write_bytes((DATA / "account.asc").read_bytes())
    (tmp_path / "trans.asc").write_bytes(complete + b'3530001;77;940331;"PRIJ')
    assert read_czech_files(tmp_path).cut.endswith("line 49104 is incomplete and marks the cut")
    (tmp_path / "trans.asc").write_bytes(complete[:-30])
    with pytest.raises(InputError, match=r"trans\.asc:49103: .*ends in the middle"):
        read_czech_files(tmp_path)
