"""An expression of the language, and many of them as one program.

Example::

    night = parse("hour BETWEEN 0 AND 5", {"hour": "BIGINT"}, rule="night")
    Program([night]).columnar(columns, 8000)  # [Column(...)]
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from jinku.risk.language.check import check
from jinku.risk.language.columnar import ColumnarProgram
from jinku.risk.language.scalar import ScalarProgram, scalar_program
from jinku.risk.language.sql import Dialect, sql_text
from jinku.risk.language.syntax import read
from jinku.risk.language.tree import Node, names_of
from jinku.risk.language.types import Column, Columns, Mask, Namespace, Type, Value

Columnar = Callable[[Columns, int], Column]
Scalar = Callable[[Mapping[str, Value]], Value]


def parse(text: str, namespace: Namespace, *, rule: str = "", wanted: Type | None = None) -> "Expression":
    """The expression that `text` is over the names of `namespace`; of type `wanted` where that is given.

    `rule` names the rule or feature in errors. Raises BadExpression.
    """
    root = check(read(text, rule), {name: Type(kind) for name, kind in namespace.items()}, wanted)
    return Expression(text, root)


@dataclass(frozen=True, slots=True)
class Expression:
    """A checked expression. `root` is its typed tree, from which everything else is made."""

    text: str
    root: Node

    @property
    def type(self) -> Type:
        """What it yields."""
        return self.root.type

    @property
    def names(self) -> tuple[str, ...]:
        """The names it uses, sorted."""
        return names_of(self.root)

    def columnar(self) -> Columnar:
        """A function of columns and their length. It raises ColumnsDiffer, TooManyWords."""
        program = Program([self])
        return lambda columns, count: program.columnar(columns, count)[0]

    def scalar(self) -> Scalar:
        """A function of one row, by name; each name must be there, None is NULL. It raises KeyError."""
        program = scalar_program([self.root])
        return lambda row: program(row)[0]

    def duckdb(self) -> str:
        """The same as text for DuckDB."""
        return sql_text(self.root, Dialect.DUCKDB)

    def flink(self) -> str:
        """The same as text for Flink SQL."""
        return sql_text(self.root, Dialect.FLINK)


class Program:
    """Expressions that are evaluated together: what several have in common is computed once."""

    def __init__(self, expressions: Sequence[Expression]) -> None:
        roots = [one.root for one in expressions]
        self.names = tuple(sorted({name for root in roots for name in names_of(root)}))
        self._columnar = ColumnarProgram(roots)
        self._roots = roots
        self._scalar: ScalarProgram | None = None
        self._true: ScalarProgram | None = None

    def columnar(self, columns: Columns, count: int) -> list[Column]:
        """The value of each expression for each of `count` events. Raises ColumnsDiffer, TooManyWords."""
        return self._columnar.values(columns, count)

    def true(self, columns: Columns, count: int) -> list[Mask]:
        """For each expression, all BOOLEAN, the events for which it is TRUE: neither FALSE nor NULL.

        Masks may be shared between equal expressions and must not be written to.
        """
        return self._columnar.true(columns, count)

    def scalar(self, row: Mapping[str, Value]) -> tuple[Value, ...]:
        """The value of each expression for one row. Raises KeyError for a name that `row` has not."""
        if self._scalar is None:
            self._scalar = scalar_program(self._roots)
        return self._scalar(row)

    def true_one(self, row: Mapping[str, Value]) -> tuple[bool, ...]:
        """For each expression, all BOOLEAN, whether it is TRUE for one row. Raises KeyError as `scalar` does."""
        if self._true is None:
            self._true = scalar_program(self._roots, truths=True)
        return tuple(one is True for one in self._true(row))
