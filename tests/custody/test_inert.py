"""Text from outside runs nothing where a person opens it."""

import csv
import io

import pytest

from jinku.custody.inert import csv_text, markdown_cell, spreadsheet_cell, visible


@pytest.mark.parametrize(
    "text",
    [
        "=1+1",
        "+1",
        "@SUM(A1)",
        "-2+3+cmd|' /C calc'!A0",
        "-1=2",
        "\t=1+1",
        " =1+1",
        "\r=1",
        "\n@x",
        "－1+cmd|x",
        "＝1",
        "-",
        "-1\n",
    ],
)
def test_a_formula_becomes_text(text: str) -> None:
    assert spreadsheet_cell(text).startswith("'")
    [_, [cell]] = csv.reader(io.StringIO(csv_text(("reference",), [(text,)])))
    assert cell.startswith("'") or cell[:1] == "\ufffd"


@pytest.mark.parametrize("text", ["-12.50", "0", "-7", "E2E-77", "金额", "", " "])
def test_numbers_and_plain_text_stay(text: str) -> None:
    assert spreadsheet_cell(text) == text


def test_markdown_makes_nothing_of_it() -> None:
    hostile = "a|b [x](javascript:y) ![i](//t) `c` <b> *d*"
    expected = "a\\|b \\[x\\](javascript:y) \\!\\[i\\](//t) \\`c\\` &lt;b> \\*d\\*"
    assert markdown_cell(hostile) == expected


def test_nothing_steers_a_terminal() -> None:
    assert visible("a\x9b2Jb\x1b[1m\u202ec\rd\ne") == "a\ufffd2Jb\ufffd[1m\ufffdc\ufffdd e"
    assert "\x9b" not in csv_text(("a",), [("x\x9b2J",)])
