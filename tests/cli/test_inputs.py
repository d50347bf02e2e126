"""What commands read: days, numbers of cases, and files of rows, each fault named by its place."""

from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest

from jinku.base.errors import InputError
from jinku.cli.inputs import parse_day
from jinku.cli.risk_desk import read_transfers, six
from jinku.cli.risk_rating import read_holdings, read_profiles
from jinku.cli.risk_reports import read_moved


def test_a_day_is_read_or_named_with_its_option() -> None:
    assert parse_day("2026-11-20") == date(2026, 11, 20)
    with pytest.raises(InputError, match=r"--until='2026-11-31': is not a day"):
        parse_day("2026-11-31", "--until")


def test_leading_zeros_of_a_number_may_be_left_out() -> None:
    assert (six("7"), six("000007"), six("")) == ("000007", "000007", "")


TRANSFERS = "payer,payee,amount,currency\n"
MOVED = "reference,day,payer,payee,amount,currency,way\n"


@pytest.mark.parametrize(
    ("read", "data", "said"),
    [
        (read_transfers, TRANSFERS.encode() + b"1,2,3,CNY\n1,2,x,CNY\n", r"m\.csv:3: is no transfer"),
        (read_transfers, TRANSFERS.encode() + b"\xff\xfe\n", r"m\.csv:1: is no CSV in UTF-8"),
        (read_moved, MOVED.encode() + b"r,2026-11-31,1,2,3,CNY,cash\n", r"m\.csv:2: is no movement"),
        (read_moved, MOVED.encode() + b"\xff\xfe\n", r"m\.csv:1: is no CSV in UTF-8"),
        (read_profiles, b"customer,geography\nx,CN\n", r"m\.csv:2: is no profile"),
        (read_profiles, b"geography\nCN\n", "customer='': column is missing"),
        (read_holdings, b"owner,company,percent\na,b,1/0\n", r"m\.csv:2: is no holding"),
    ],
)
def test_a_bad_row_is_one_clear_error(
    tmp_path: Path, read: Callable[[Path], object], data: bytes, said: str
) -> None:
    path = tmp_path / "m.csv"
    path.write_bytes(data)
    with pytest.raises(InputError, match=said):
        read(path)
