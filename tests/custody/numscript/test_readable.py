"""A program runs as it reads: nothing in it may show a person its words in another order."""

import pytest

from jinku.custody.numscript import parse
from jinku.custody.numscript.errors import SyntaxRefused

PROGRAM = "send [CNY/2 100] ( source = @world destination = @investor:7 ) // {}"


@pytest.mark.parametrize("turning", list("\u202a\u202d\u202e\u2066\u2069\u200f\u061c"))
def test_what_turns_the_direction_of_writing_is_refused(turning: str) -> None:
    with pytest.raises(SyntaxRefused, match=f"line 2, column 67: the character U\\+{ord(turning):04X}"):
        parse("\n" + PROGRAM.format("x" + turning).replace("// x", "//x"))


def test_comments_in_any_language_are_read() -> None:
    assert parse(PROGRAM.format("放款给借款人 — שלום")).statements
