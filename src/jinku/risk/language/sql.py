"""An expression as text for DuckDB and for Flink SQL, with the same result bit for bit.

Rules:

1. Text is made from the checked tree alone: names are quoted, texts escaped, numbers written so that they are read back
   as they are.
2. Where an engine would answer otherwise, the text says what is meant: a divisor of zero is NULL, ``least`` does not
   skip NULL in DuckDB either, what leaves the finite numbers is NULL, a result's zero has no sign.

Example::

    sql_text(root, Dialect.DUCKDB)  # '("amount" > 100)'
"""

from collections.abc import Callable
from enum import StrEnum
from functools import partial

from jinku.risk.language import tree
from jinku.risk.language.tree import Node
from jinku.risk.language.types import Type

_INTEGER_MAX = (1 << 31) - 1
DUCKDB_SETTING = "SET disabled_optimizers = 'statistics_propagation'"
"""What a connection is told before it runs texts of ours: DuckDB 2.0 otherwise fails to bind a comparison of a CASE of
constants once its statistics say that no row of the table meets the condition."""
Written = Callable[[Node], str]


class Dialect(StrEnum):
    """Whose SQL."""

    DUCKDB = "duckdb"
    FLINK = "flink"


def sql_text(root: Node, dialect: Dialect) -> str:
    """The text of `root`."""
    text = _text(dialect, root)
    if root.type is Type.BIGINT and not isinstance(root, tree.Name):
        return f"CAST({text} AS BIGINT)"
    return text


def quoted(name: str, dialect: Dialect) -> str:
    """A name as `dialect` quotes it."""
    mark = '"' if dialect is Dialect.DUCKDB else "`"
    return mark + name.replace(mark, mark * 2) + mark


def literal(value: int | float | bool | str | None, kind: Type) -> str:
    """A constant as both engines read it."""
    if value is None:
        return "NULL" if kind is Type.KEY else f"CAST(NULL AS {kind})"
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, str):
        return "'" + value.replace("'", "''") + "'"
    if isinstance(value, float):
        text = repr(value).upper()
        text = text if "E" in text else f"{text}E0"
        return f"({text})" if value < 0 else text
    if abs(value) > _INTEGER_MAX:
        return f"CAST('{value}' AS BIGINT)"
    return f"({value})" if value < 0 else str(value)


def _text(dialect: Dialect, node: Node) -> str:
    write: Written = partial(_text, dialect)
    match node:
        case tree.Name():
            return quoted(node.name, dialect)
        case tree.Literal():
            return literal(node.value, node.type)
        case tree.ToDouble():
            return f"CAST({write(node.inner)} AS DOUBLE)"
        case tree.Arithmetic(operator="/"):
            return f"({write(node.left)} / NULLIF({write(node.right)}, 0E0))"
        case tree.Arithmetic():
            return f"({write(node.left)} {node.operator} {write(node.right)})"
        case tree.Function(function="neg"):
            return f"(-{write(node.inner)})"
        case tree.Function():
            return f"{node.function.upper()}({write(node.inner)})"
        case tree.Modulo():
            return f"MOD({write(node.inner)}, {literal(node.divisor, Type.BIGINT)})"
        case tree.Within():
            inner = write(node.inner)
            return f"CASE {_within(inner, node.low)} END"
        case tree.OneZero(tree.Within() as within):
            inner = write(within.inner)
            return f"CASE WHEN {inner} = 0E0 THEN 0E0 {_within(inner, within.low)} END"
        case tree.OneZero():
            inner = write(node.inner)
            return f"CASE WHEN {inner} = 0E0 THEN 0E0 ELSE {inner} END"
        case tree.Least():
            return _least(node, dialect, write)
        case tree.Case() | tree.Coalesce() | tree.NullIf():
            return _choice(node, write)
        case _:
            return f"({_condition(node, write)})"


def _within(inner: str, low: float) -> str:
    ends = (literal(low, Type.DOUBLE), literal(tree.DOUBLE_MAX, Type.DOUBLE))
    return f"WHEN {inner} BETWEEN {ends[0]} AND {ends[1]} THEN {inner}"


def _condition(node: Node, write: Written) -> str:
    match node:
        case tree.Compare():
            return f"{write(node.left)} {node.operator} {write(node.right)}"
        case tree.Distinct():
            return f"{write(node.left)} IS DISTINCT FROM {write(node.right)}"
        case tree.All():
            return " AND ".join(write(one) for one in node.inner)
        case tree.Any():
            return " OR ".join(write(one) for one in node.inner)
        case tree.Not():
            return f"NOT {write(node.inner)}"
        case tree.IsNull():
            return f"{write(node.inner)} IS NULL"
        case tree.IsTruth():
            return f"{write(node.inner)} IS {'TRUE' if node.truth else 'FALSE'}"
        case tree.In():
            values = ", ".join(literal(one, node.inner.type) for one in node.values)
            return f"{write(node.inner)} IN ({values})"
        case tree.Like():
            return f"{write(node.inner)} LIKE {literal(node.pattern, Type.VARCHAR)}"
        case _:
            raise TypeError(type(node).__name__)


def _choice(node: "tree.Case | tree.Coalesce | tree.NullIf", write: Written) -> str:
    def value(one: Node) -> str:
        """A text of a choice is of no fixed length, a number of 64 bits."""
        text = write(one)
        return (
            f"CAST({text} AS {one.type})" if isinstance(one, tree.Literal) and one.value is not None else text
        )

    match node:
        case tree.Case():
            branches = " ".join(f"WHEN {write(when)} THEN {value(then)}" for when, then in node.branches)
            return f"CASE {branches} ELSE {value(node.otherwise)} END"
        case tree.Coalesce():
            return f"COALESCE({', '.join(value(one) for one in node.inner)})"
        case tree.NullIf():
            return (
                f"CASE WHEN {write(node.same)} THEN {literal(None, node.type)} ELSE {value(node.inner)} END"
            )


def _least(node: tree.Least, dialect: Dialect, write: Written) -> str:
    texts = [write(one) for one in node.inner]
    call = f"{node.which.upper()}({', '.join(texts)})"
    tests = [
        f"{text} IS NOT NULL" for one, text in zip(node.inner, texts, strict=True) if tree.is_nullable(one)
    ]
    return f"CASE WHEN {' AND '.join(tests)} THEN {call} END" if tests and dialect is Dialect.DUCKDB else call
