"""What is no expression of the language is refused, by its place and with the nearest name; no text does harm."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jinku.risk.language import BadExpression, Column, ColumnsDiffer, Program, TooManyWords, Type, parse
from jinku.risk.language.columnar import BLOCK_ROWS, WORDS_MAX
from jinku.risk.language.syntax import LENGTH_MAX, NESTING_MAX, TOKENS_MAX

NAMES = {
    "amount": "BIGINT",
    "mean_30d": "DOUBLE",
    "night": "BOOLEAN",
    "kind": "VARCHAR",
    "payer": "KEY",
    "payee": "KEY",
}
WORDS = [
    *(
        "amount",
        "night",
        "kind",
        "(",
        ")",
        ",",
        "+",
        "-",
        "*",
        "/",
        "%",
        "=",
        "<",
        ">",
        "<>",
        "AND",
        "OR",
        "NOT",
    ),
    *(
        "IN",
        "IS",
        "NULL",
        "CASE",
        "WHEN",
        "THEN",
        "END",
        "LIKE",
        "'a'",
        "1",
        "1.5",
        ";",
        ".",
        ":",
        "?",
        "@",
        "$1",
    ),
    *(
        "SELECT",
        "FROM",
        "BETWEEN",
        "least",
        "coalesce",
        "[",
        "]",
        "{",
        "}",
        "||",
        "--",
        "/*",
        "*/",
        '"',
        "'",
        "`",
    ),
    *("\\", "#", "INTERVAL", "DATE", "OVER"),
]
REFUSED = [
    ("amont > 1", "there is no field or feature amont", 1, 1),
    ("amount > 1 AND\n  knd = 'pay'", "there is no field or feature knd", 2, 3),
    ("amount > '1'", "BIGINT meets VARCHAR", 1, 1),
    ("payer = 'x'", "KEY meets VARCHAR", 1, 1),
    ("payer < payee", "KEY has no order", 1, 1),
    ("kind < 'a'", "VARCHAR has no order", 1, 1),
    ("amount", "is a BIGINT and must be a BOOLEAN", 1, 1),
    ("amount AND night", "is a BIGINT where a condition must stand", 1, 1),
    ("amount = NULL", "NULL stands where", 1, 1),
    ("amount IN (1, NULL)", "IN takes constants only", 1, 1),
    ("kind LIKE kind", "LIKE takes a constant", 1, 1),
    ("amount % 0 = 0", "% takes a positive constant", 1, 1),
    ("amount > 9223372036854775808", "beyond 64 bits", 1, 10),
    ("mean_30d > 1e999", "no number of a DOUBLE", 1, 12),
    ("CASE WHEN night THEN 1 ELSE 'a' END = 1", "yields BIGINT or VARCHAR", 1, 11),
    ("lower(kind) = 'a'", "there is no function lower", 1, 1),
    ("random() > 0.5", "there is no function rand", 1, 1),
    ("now() > 1", "there is no function", 1, 1),
    ("amount > (SELECT 1)", "SUBQUERY is not part", 1, 18),
    ("EXISTS (SELECT 1)", "there is no function exists", 1, 16),
    ("SELECT night", "SELECT is not part", 1, 8),
    ("night; DROP TABLE event", "more than one expression", 1, 7),
    ("sum(amount) OVER () > 1", "WINDOW is not part", 1, 1),
    ("event.amount > 1", "COLUMN takes no table", 1, 1),
    ("CAST(amount AS INT) > 1", "there is no function cast", 1, 6),
    ("night AS answer", "ALIAS is not part", 1, 1),
    ("amount > ?", "PLACEHOLDER is not part", 1, 1),
    ("amount >", "is not SQL near", 1, 8),
    ("kind = 'pay", "not closed", 1, 12),
    ("", "is empty", 1, 1),
    ("night\0", "zero character", 1, 6),
]


@pytest.mark.parametrize(("text", "problem", "line", "column"), REFUSED)
def test_what_is_wrong_is_named_by_its_place(text: str, problem: str, line: int, column: int) -> None:
    """K10: a rule that names an unknown field, or is no condition, is refused with rule, line, column and name."""
    with pytest.raises(BadExpression) as caught:
        parse(text, NAMES, rule="rule one", wanted=Type.BOOLEAN)
    assert problem in caught.value.message
    assert caught.value.message.startswith("rule one")
    assert (caught.value.line, caught.value.column) == (line, column)
    assert caught.value.remedy


def test_the_nearest_known_name_is_offered() -> None:
    for text, near in (("amont > 1", "amount"), ("AMOUNT > 1", "amount"), ("sqr(amount) > 1", "sqrt")):
        with pytest.raises(BadExpression) as caught:
            parse(text, NAMES)
        assert caught.value.nearest == near
    with pytest.raises(BadExpression) as caught:
        parse("xyzzy > 1", NAMES)
    assert caught.value.nearest == ""


@pytest.mark.parametrize(
    "text",
    [
        "night OR " * LENGTH_MAX + "night",
        "(" * 500 + "night" + ")" * 500,
        "NOT " * (NESTING_MAX + 2) + "night",
        "CASE WHEN night THEN " * 300 + "1" + " END" * 300,
        "abs(" * 400 + "amount" + ")" * 400 + " > 1",
        "1+" * TOKENS_MAX + "1 > 0",
        "amount" + " - amount" * 200 + " > 1",
        "amount IN (" + "1," * TOKENS_MAX + "1)",
    ],
)
def test_a_text_without_measure_is_refused_and_does_no_harm(text: str) -> None:
    with pytest.raises(BadExpression):
        parse(text, NAMES)


def test_a_short_text_does_not_become_a_huge_one() -> None:
    text = "mean_30d"
    for _ in range(10):
        text = f"least({text} * 2, greatest({text}, 1))"[:100_000]
        if len(text) > LENGTH_MAX:
            break
    with pytest.raises(BadExpression):
        parse(f"{text} > 1", NAMES)
    deep = "mean_30d"
    for _ in range(11):
        deep = f"abs(coalesce({deep} * mean_30d, 1) * mean_30d)"
    with pytest.raises(BadExpression, match="too large once written out"):
        parse(f"{deep} > 1", NAMES)


@settings(max_examples=300, deadline=None)
@given(st.lists(st.sampled_from(WORDS), max_size=14))
def test_any_words_are_an_expression_or_one_error(words: list[str]) -> None:
    try:
        found = parse(" ".join(words), NAMES)
    except BadExpression as error:
        told = error.message
    else:
        told = found.duckdb()
    assert told


def test_longer_columns_are_worked_through_in_blocks() -> None:
    count = 2 * BLOCK_ROWS + 7
    values = np.arange(count)
    [column] = Program([parse("amount * 2", NAMES)]).columnar({"amount": Column(values)}, count)
    assert (column.values == values * 2.0).all()
    assert column.valid is None
    [mask] = Program([parse("amount >= 5", NAMES)]).true({"amount": Column(values, values % 2 == 0)}, count)
    assert (mask == ((values >= 5) & (values % 2 == 0))).all()


def test_columns_that_do_not_fit_are_refused() -> None:
    program = Program([parse("amount > 1", NAMES)])
    for columns, problem in (
        ({}, "no column amount"),
        ({"amount": Column(np.array([1, 2]))}, "has 2 rows"),
        ({"amount": Column(np.array([1.5]))}, "holds float64"),
    ):
        with pytest.raises(ColumnsDiffer, match=problem):
            program.true(columns, 1)
    with pytest.raises(ColumnsDiffer, match="brings no words"):
        Program([parse("kind = 'a'", NAMES)]).true({"kind": Column(np.zeros(1, np.int32))}, 1)


def test_words_are_known_by_their_text_whatever_the_dictionary() -> None:
    program = Program([parse("kind LIKE 'p%' OR kind = 'x'", NAMES)])
    for words, wanted in ((("pay", "x", "y"), [True, True, False]), (("y", "pay", "x"), [False, True, True])):
        [mask] = program.true({"kind": Column(np.array([0, 1, 2], np.int32), words=words)}, 3)
        assert mask.tolist() == wanted
    many = tuple(f"w{number}" for number in range(WORDS_MAX + 1))
    with pytest.raises(TooManyWords):
        program.true({"kind": Column(np.zeros(1, np.int32), words=many)}, 1)


def test_ids_may_be_two_words_wide() -> None:
    wide = np.zeros(2, [("lo", "<u8"), ("hi", "<u8")])
    wide["hi"] = [1, 2]
    other = wide.copy()
    other["lo"] = [0, 9]
    columns = {"payer": Column(wide), "payee": Column(other)}
    [same] = Program([parse("payer = payee", NAMES)]).true(columns, 2)
    assert same.tolist() == [True, False]
    [null] = Program([parse("nullif(payer, payee) IS NULL", NAMES)]).true(columns, 2)
    assert null.tolist() == [True, False]
