"""CSV files that persons give are read row by row, and what is wrong in them is named by its place."""

from pathlib import Path

import pytest

from jinku.base import csvfile
from jinku.base.csvfile import read_rows
from jinku.base.errors import InputError


def read(path: Path, *columns: str) -> list[tuple[int, dict[str, str]]]:
    return list(read_rows(path, columns))


def test_rows_come_with_their_line_and_without_blanks(tmp_path: Path) -> None:
    path = tmp_path / "m.csv"
    path.write_bytes(b'\xef\xbb\xbfday, usd \n2026-11-20, 1.5\n\n"two\nlines",2\n')
    rows = [(2, {"day": "2026-11-20", "usd": "1.5"}), (5, {"day": "two\nlines", "usd": "2"})]
    assert read(path, "usd") == rows


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", r"m\.csv:1: day=''?.*column is missing"),
        (b"usd\n1\n", r"m\.csv:1: .*column is missing"),
        (b"day,day\n1,2\n", r"m\.csv:1: .*column is there twice"),
        (b"day,usd\n1,2\n3\n", r"m\.csv:3: has 1 cells of 2"),
        (b"day\n1,2\n", r"m\.csv:2: has 2 cells of 1"),
        (b"day\n\xff\xfe\n", r"m\.csv:1: is no CSV in UTF-8"),
        (b'day\n1\n"secret\n', r"m\.csv:3: is no CSV in UTF-8"),
    ],
)
def test_a_bad_file_is_named_by_its_place_and_not_quoted(tmp_path: Path, data: bytes, said: str) -> None:
    path = tmp_path / "m.csv"
    path.write_bytes(data)
    with pytest.raises(InputError, match=said) as raised:
        read(path, "day")
    assert "secret" not in str(raised.value)


def test_what_is_no_file_or_too_large_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(InputError, match=r"none\.csv: cannot be read"):
        read(tmp_path / "none.csv", "day")
    with pytest.raises(InputError, match="cannot be read"):
        read(tmp_path, "day")
    path = tmp_path / "m.csv"
    path.write_text("day\n1\n", encoding="utf-8")
    monkeypatch.setattr(csvfile, "BYTES_MAX", 3)
    with pytest.raises(InputError, match="larger than 3 bytes"):
        read(path, "day")
