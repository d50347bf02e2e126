"""One expression, one result: columns, one row and DuckDB agree bit for bit."""

import struct
from random import Random
from typing import Any

import duckdb
import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.risk.language.texts import NAMESPACE, Writer, rows

from jinku.risk.language import Column, Program, Type, parse
from jinku.risk.language.sql import DUCKDB_SETTING
from jinku.risk.language.types import DTYPE

Row = dict[str, Any]
DUCK_TYPE = {"KEY": "BIGINT"}


def columns_of(found: list[Row]) -> dict[str, Column]:
    """Rows as columns; what stands at a NULL's place is drawn to mislead."""
    columns = {}
    for name, kind in NAMESPACE.items():
        values = [row[name] for row in found]
        valid = np.array([value is not None for value in values])
        words = None
        if kind == "VARCHAR":
            words = tuple(sorted({value for value in values if value is not None}, reverse=True))
            values = [words.index(value) if value is not None else 99 for value in values]
        filled = [1 if value is None else value for value in values]
        columns[name] = Column(np.array(filled, DTYPE[Type(kind)]), None if valid.all() else valid, words)
    return columns


def listed(column: Column) -> list[Any]:
    """A column's values as Python objects, None for NULL."""
    there = [True] * len(column.values) if column.valid is None else column.valid.tolist()
    found = []
    for value, valid in zip(column.values.tolist(), there, strict=True):
        word = column.words[value] if valid and column.words is not None else value
        found.append(word if valid else None)
    return found


def bits(value: Any) -> Any:
    """A value that only its equal bits equal."""
    return struct.pack("<d", value) if isinstance(value, float) else (type(value).__name__, value)


def in_duckdb(texts: list[str], found: list[Row]) -> list[list[Any]]:
    """The value of each text for each row."""
    with duckdb.connect() as connection:
        connection.execute(DUCKDB_SETTING)
        fields = ", ".join(f"{name} {DUCK_TYPE.get(kind, kind)}" for name, kind in NAMESPACE.items())
        connection.execute(f"CREATE TABLE event (place INTEGER, {fields})")
        marks = ", ".join("?" * (len(NAMESPACE) + 1))
        connection.executemany(
            f"INSERT INTO event VALUES ({marks})",
            [[place, *[row[name] for name in NAMESPACE]] for place, row in enumerate(found)],
        )
        answer = connection.execute(f"SELECT {', '.join(texts)} FROM event ORDER BY place").fetchall()
    return [list(each) for each in zip(*answer, strict=True)]


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 1 << 60), found=st.lists(rows, min_size=1, max_size=12))
def test_columns_one_row_and_duckdb_agree(seed: int, found: list[Row]) -> None:
    """K10: one text means one thing over columns, for one event and in DuckDB, bit for bit, extremes and NULLs too."""
    writer = Writer(Random(seed))
    texts = [writer.any(3) for _ in range(10)]
    parsed = [parse(text, NAMESPACE) for text in texts]
    program = Program(parsed)
    by_row = [program.scalar(row) for row in found]
    by_duck = in_duckdb([one.duckdb() for one in parsed], found)
    for place, column in enumerate(program.columnar(columns_of(found), len(found))):
        one_row = [bits(row[place]) for row in by_row]
        assert [bits(value) for value in listed(column)] == one_row, texts[place]
        assert [bits(value) for value in by_duck[place]] == one_row, (texts[place], parsed[place].duckdb())


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 1 << 60), found=st.lists(rows, min_size=1, max_size=8))
def test_what_is_true_is_neither_false_nor_null(seed: int, found: list[Row]) -> None:
    writer = Writer(Random(seed))
    texts = [writer.truth(3) for _ in range(8)]
    parsed = [parse(text, NAMESPACE, wanted=Type.BOOLEAN) for text in texts]
    program = Program(parsed)
    masks = program.true(columns_of(found), len(found))
    for number, row in enumerate(found):
        wanted = [value is True for value in program.scalar(row)]
        assert [bool(mask[number]) for mask in masks] == wanted
        assert list(program.true_one(row)) == wanted


def test_what_no_row_of_a_table_meets_is_no_fault_of_duckdb() -> None:
    text = "CASE WHEN d1 = 7 THEN 'pay' ELSE NULL END = 'loan'"
    row: Row = {**dict.fromkeys(NAMESPACE), "d1": 0.0}
    assert in_duckdb([parse(text, NAMESPACE).duckdb()], [row]) == [[None]]
