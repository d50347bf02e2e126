"""The page on agreements shows a program that runs, and names every flag there is."""

import re
from pathlib import Path

from tests.custody.numscript.books import given, moves

from jinku.custody.numscript.features import Feature

PAGE = Path(__file__).parents[3] / "docs" / "agreements.md"


def test_the_program_on_the_page_runs_as_the_page_says() -> None:
    [program] = re.findall(r"```numscript\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    inputs = given(
        ("borrower:3", "CNY/2", 60),
        ("guarantor:9", "CNY/2", 9000),
        metadata={"terms": {"fee": "5%"}},
        interest="CNY/2 101",
        borrower="borrower:3",
    )
    assert moves(program, inputs) == [
        ("borrower:3", "fee_income", 6),
        ("borrower:3", "investor:1", 32),
        ("borrower:3", "investor:2", 22),
        ("guarantor:9", "investor:2", 41),
    ]


def test_the_page_names_every_feature() -> None:
    assert set(re.findall(r"`(experimental-[a-z-]+)`", PAGE.read_text(encoding="utf-8"))) == set(Feature)
