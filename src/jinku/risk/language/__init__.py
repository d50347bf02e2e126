"""SQL scalar expressions over named, typed columns: checked once, then evaluated in four ways with one result.

`parse` reads one expression and refuses whatever is not on its closed list; an `Expression` gives a function over
columns, a function over one row, and text for DuckDB and Flink. A `Program` evaluates many expressions at once and
computes what they share once. What each operator means is said in docs/risk-language.md.

Example::

    one = parse("amount > 3 * mean_30d AND counterparty IS NOT NULL", {"amount": "BIGINT", ...})
    one.columnar()(columns, 8000)   # Column(values, valid)
    one.scalar()({"amount": 100, "mean_30d": 20.5, "counterparty": 7})   # True
    one.duckdb()
"""

from jinku.risk.language.errors import BadExpression, ColumnsDiffer, TooManyWords
from jinku.risk.language.expression import Expression, Program, parse
from jinku.risk.language.types import Column, Columns, Mask, Namespace, Type, Value

__all__ = [
    "BadExpression",
    "Column",
    "Columns",
    "ColumnsDiffer",
    "Expression",
    "Mask",
    "Namespace",
    "Program",
    "TooManyWords",
    "Type",
    "Value",
    "parse",
]
