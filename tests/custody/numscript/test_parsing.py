"""What is a program, and what the error says where a text is none."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.custody.numscript.books import moves

from jinku.custody.numscript.errors import LimitExceeded, NumscriptError, SyntaxRefused
from jinku.custody.numscript.limits import NUMBER_DIGITS_MAX, PROGRAM_BYTES_MAX, PROGRAM_DEPTH_MAX
from jinku.custody.numscript.parsing import parse
from jinku.custody.numscript.syntax import FromAllotted, MonetaryPair, Send, ToAllotted, ToInOrder

SEND = "send [CNY/2 100] (\n  source = @world\n  destination = {}\n)"


@pytest.mark.parametrize(
    ("text", "line", "column", "expected"),
    [
        ("send [CNY/2 100] (\n  source = @world\n  target = @a\n)", 3, 3, "`destination`"),
        ("send [CNY/2 100] ( source = @world destination = )", 1, 50, "an account"),
        ("send [CNY/2 100] ( source = @world destination = @a", 1, 52, "`)`"),
        ("/* never\nending", 1, 1, "`*/`"),
        ("foo bar", 1, 5, "`(`"),
        (SEND.format("{ max [CNY/2 1] to @a 1/2 to @b remaining kept }"), 3, 39, "`max`"),
        (SEND.format("{ max [CNY/2 1] to @a max [CNY/2 1] to @b }"), 3, 39, "`remaining`"),
        (SEND.format("{ remaining to @a remaining to @b }"), 3, 35, "a portion"),
    ],
)
def test_an_error_names_line_column_and_what_was_expected(
    text: str, line: int, column: int, expected: str
) -> None:
    with pytest.raises(SyntaxRefused) as refused:
        parse(text)
    assert (refused.value.place.line, refused.value.place.column) == (line, column)
    assert expected in refused.value.expected
    assert f"line {line}, column {column}" in refused.value.message


@pytest.mark.parametrize(
    "text", ["1__0", "100_", "_100", "@", "é", "send [cny 1] ( source = @a destination = @b )"]
)
def test_what_is_no_word_or_no_sentence_is_refused(text: str) -> None:
    with pytest.raises(SyntaxRefused):
        parse(text if text.startswith("send") else f"set_tx_meta({text}, 1)")


def test_a_minus_after_an_asset_is_the_sign_of_the_amount() -> None:
    [statement] = parse("send [CNY/2 -100] ( source = @a destination = @b )").statements
    assert isinstance(statement, Send)
    assert isinstance(statement.sent, MonetaryPair)


def test_blocks_are_told_apart_by_their_clauses() -> None:
    def destination(block: str) -> object:
        [statement] = parse(SEND.format(block)).statements
        assert isinstance(statement, Send)
        return statement.destination

    assert isinstance(destination("{ 1/2 to @a remaining to @b }"), ToAllotted)
    assert isinstance(destination("{ max [CNY/2 1] to @a remaining to @b }"), ToInOrder)
    [statement] = parse("send [CNY/2 1] ( source = { remaining from @a } destination = @b )").statements
    assert isinstance(statement, Send)
    assert isinstance(statement.source, FromAllotted)


def test_comments_nest_and_are_not_seen_in_quotes() -> None:
    text = 'send [CNY/2 1] ( /* a /* b */ " c */ source = @world // d\n destination = @a ) set_tx_meta("k", "// e")'
    assert moves(text) == [("world", "a", 1)]


def test_limits_are_named() -> None:
    with pytest.raises(LimitExceeded, match=str(PROGRAM_BYTES_MAX)):
        parse(" " * (PROGRAM_BYTES_MAX + 1))
    with pytest.raises(LimitExceeded, match="nested deeper") as deep:
        parse("set_tx_meta(" + "-" * (PROGRAM_DEPTH_MAX + 1) + "1, 1)")
    assert deep.value.place.line == 1
    with pytest.raises(LimitExceeded, match=str(NUMBER_DIGITS_MAX)):
        parse(f'set_tx_meta("k", {"9" * (NUMBER_DIGITS_MAX + 1)})')
    deepest = "{" * 30_000
    with pytest.raises(NumscriptError):
        parse(f"send [CNY/2 1] ( source = {deepest}")
    with pytest.raises(LimitExceeded):
        parse(f"send [CNY/2 1] ( source = {deepest}{'}' * 30_000} destination = @a )")


WORDS = [
    "send",
    "save",
    "source",
    "=",
    "destination",
    "(",
    ")",
    "{",
    "}",
    "[CNY/2 100]",
    "[CNY/2 *]",
    "@a",
    "@world",
]
WORDS += [
    "max",
    "from",
    "to",
    "remaining",
    "kept",
    "1/2",
    "50%",
    "oneof",
    "allowing",
    "unbounded",
    "overdraft",
    "$v",
]
WORDS += [
    "up",
    "vars",
    "number",
    "-",
    "+",
    "/",
    ",",
    '"t"',
    "set_tx_meta",
    "with",
    "scaling",
    "through",
    "\\",
]


@given(st.lists(st.sampled_from(WORDS), max_size=25).map(" ".join) | st.text(max_size=60))
def test_any_text_is_a_program_or_a_named_error(text: str) -> None:
    try:
        parse(text)
    except NumscriptError as error:
        assert error.place.line > 0  # noqa: PT017
