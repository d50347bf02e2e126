"""Telling formats apart by content, and what holds for every one of them: whole or not at all, within limits."""

import time
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.custody.formats.test_bai2 import GOOD as BAI2
from tests.custody.formats.test_checkfiles import check_file
from tests.custody.formats.test_mt import GOOD as MT940
from tests.custody.formats.test_mt import GOOD_STATEMENT
from tests.custody.formats.writers import mt942, swift
from tests.custody.statements import entry, statement

from jinku.base.errors import InputError
from jinku.custody.errors import DuplicateFile
from jinku.custody.statements.formats import Format, ReadLimits, ReadOptions, camt, format_of, read_statement
from jinku.custody.statements.intake import Intake

CAMT = camt.write([statement(entry("A", 5), entry("B", 6))])
FILES: dict[str, tuple[bytes, Format]] = {
    "camt": (CAMT, Format.CAMT),
    "mt940": (MT940.encode(), Format.MT),
    "mt940 in blocks": (swift(MT940).encode(), Format.MT),
    "mt942": (mt942(GOOD_STATEMENT).encode(), Format.MT),
    "bai2": (BAI2.encode(), Format.BAI2),
    "check file": (check_file("recharge").encode("gb18030"), Format.CSV),
}
ALL = pytest.mark.parametrize("name", FILES)


@ALL
def test_content_tells_the_format(name: str) -> None:
    data, form = FILES[name]
    assert format_of(data) is form
    for misleading in ("a.xml", "b.sta", "c.csv", ""):
        assert read_statement(data, misleading)
    marked = b"\xef\xbb\xbf\r\n" + data if form is not Format.CAMT and name != "check file" else data
    assert read_statement(marked, name)


@ALL
@settings(max_examples=30, deadline=None)
@given(part=st.floats(0, 1, exclude_max=True))
def test_no_truncation_is_taken_for_a_file(name: str, part: float) -> None:
    whole = FILES[name][0].rstrip()
    end = {"mt940 in blocks": b"-}", "camt": b">"}.get(name, b"")
    cut = whole[: int(len(whole) * part)]
    if name == "mt940 in blocks" and cut.count(b"-}") == whole.count(end):
        return  # only the trailer behind the last message is gone, which is not read
    if whole.removesuffix(b"-").rstrip() == cut.rstrip() and name == "mt942":
        return  # both totals are there, so nothing can be missing
    if name == "bai2" and cut == whole.removesuffix(b"/"):
        return  # the last count is there
    with pytest.raises(InputError):
        read_statement(cut, "cut")


@ALL
@settings(max_examples=30, deadline=None)
@given(part=st.floats(0, 1, exclude_max=True), byte=st.integers(0, 255))
def test_a_changed_byte_never_escapes_as_another_error(name: str, part: float, byte: int) -> None:
    data = bytearray(FILES[name][0])
    data[int(len(data) * part)] = byte
    with suppress(InputError):
        read_statement(bytes(data), "changed")


@settings(max_examples=50, deadline=None)
@given(st.binary(max_size=200), st.sampled_from([b"", b"<", b"{1:", b":20:", b"01,", b"a,b\n", b"\xff\xfe"]))
def test_noise_is_refused(noise: bytes, start: bytes) -> None:
    with pytest.raises(InputError):
        read_statement(start + noise, "noise")


@ALL
@pytest.mark.parametrize(
    ("limits", "problem"),
    [
        (ReadLimits(file_bytes_max=100), "larger than 100 bytes"),
        (ReadLimits(entries_max=1), "more than 1 entries"),
        (ReadLimits(statements_max=0), "more than 0 statements"),
        (ReadLimits(field_chars_max=1), "more than 1 characters"),
    ],
)
def test_limits_hold(name: str, limits: ReadLimits, problem: str) -> None:
    with pytest.raises(InputError, match=problem):
        read_statement(FILES[name][0], "bank", ReadOptions(limits))


@pytest.mark.parametrize(
    "piece", [b"\n", b" ", b"<", b"{1:", b"{", b":20:\n", b"\r", b",", b'"', b"01,", b"88,/\n", b":"]
)
def test_no_shape_takes_long_to_refuse(piece: bytes) -> None:
    started = time.process_time()
    for end in (b"", b"x", b"\n"):
        with pytest.raises(InputError):
            read_statement(piece * (200_000 // len(piece)) + end, "noise")
    assert time.process_time() - started < 5


def test_what_is_no_text_is_named_by_line_and_byte() -> None:
    with pytest.raises(InputError) as refused:
        read_statement(BAI2.replace("OURS", "\x81").encode("latin-1"), "bank")
    line = next(n for n, text in enumerate(BAI2.splitlines(), 1) if "OURS" in text)
    assert (refused.value.line, refused.value.field, refused.value.value) == (line, "encoding", "81")


def test_lines_are_not_endless() -> None:
    with pytest.raises(InputError, match="more than 10000 characters"):
        read_statement(MT940.replace("OURS", "O" * 10_001).encode(), "bank")


@ALL
def test_every_format_is_taken_in_once(name: str, tmp_path: Path) -> None:
    data = FILES[name][0]
    with Intake(tmp_path / "intake.sqlite", clock=lambda: 1) as intake:
        assert intake.accept(data, "first").findings == ()
        with pytest.raises(DuplicateFile, match="these bytes came before, in first"):
            intake.accept(data, "second")
        other = data + b"\n"
        if name.startswith("mt940"):
            other = other.replace(b"REF", b"REG")  # another reference, but the same number of the same year
        with pytest.raises(DuplicateFile, match=r"came before, in first"):
            intake.accept(other.replace(b"261121,0600,1", b"261121,0600,2"), "again")
        assert [one.name for one in intake.files()] == ["first"]


def test_the_five_check_files_of_a_day_stand_beside_each_other(tmp_path: Path) -> None:
    with Intake(tmp_path / "intake.sqlite", clock=lambda: 1) as intake:
        for kind in ("recharge", "withdraw", "transaction", "commission", "rollback"):
            assert intake.accept(check_file(kind).encode(), kind).findings == ()
        assert len(intake.files()) == 5
