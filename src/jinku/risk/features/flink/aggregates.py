"""Each aggregate as Flink SQL: what is summed exactly over a window, and the one floating step after it.

Flink's OVER knows no FILTER, so a row that does not count gives NULL, which every aggregate skips.

Example::

    aggregates = Aggregates()
    finished(base, Rows("", "(`amount` > 100)", "`amount`"), aggregates)   # 'CAST(`_a0` AS DOUBLE) / …'
    aggregates.select("w")   # 'SUM(…) OVER `w` AS `_a0`, …'
"""

from dataclasses import dataclass

from jinku.risk.features.definition import STD_VALUE_MAX, VALUE_MAX, Aggregate, Base

_A = Aggregate
SQUARE_TYPE = "DECIMAL(20, 0)"
"""Of the square of a value that `std` takes, below 2^62."""


@dataclass(frozen=True, slots=True)
class Rows:
    """SQL texts: which rows of a view are history at all, the condition on them, what they give; empty where none."""

    among: str
    condition: str
    value: str
    reset: str = ""

    def when(self, condition: str, value: str) -> str:
        """`value` of the history rows for which `condition` is true, else NULL."""
        tests = " AND ".join(one for one in (self.among, condition) if one)
        return f"CASE WHEN {tests} THEN {value} END" if tests else value


class Aggregates:
    """The aggregate calls over one window, each once."""

    def __init__(self) -> None:
        self._columns: dict[str, str] = {}

    def column(self, call: str) -> str:
        """The column, quoted, that holds the result of `call`."""
        return self._columns.setdefault(call, f"`_a{len(self._columns)}`")

    def select(self, window: str) -> str:
        """The calls as a select list over the named window."""
        return ",\n    ".join(f"{call} OVER `{window}` AS {name}" for call, name in self._columns.items())


def finished(base: Base, rows: Rows, aggregates: Aggregates) -> str:
    """The value of `base` as DOUBLE, from calls that it adds to `aggregates`; without regard to a NULL identity."""
    call = aggregates.column
    count = call(f"COUNT({rows.when(rows.condition, '1')})")
    number = _double(count)
    limit = STD_VALUE_MAX if base.aggregate is _A.STD else VALUE_MAX
    value = rows.when(rows.condition, _clipped(rows.value, limit)) if rows.value else ""
    match base.aggregate:
        case _A.COUNT:
            return number
        case _A.SUM | _A.MEAN:
            total = _double(call(f"SUM({value})"))
            body = total if base.aggregate is _A.SUM else f"{total} / {number}"
            return _where(f"{count} > 0", body)
        case _A.STD:
            return _std(rows, count, call(f"SUM({value})"), aggregates)
        case _A.MIN | _A.MAX:
            return _double(call(f"{base.aggregate.upper()}({value})"))
        case _A.FIRST | _A.LAST:
            return _double(call(f"{base.aggregate.upper()}_VALUE({value})"))
        case _A.DISTINCT:
            return _double(call(f"COUNT(DISTINCT {rows.when(rows.condition, rows.value)})"))
        case _A.SINCE_FIRST | _A.SINCE_LAST:
            which = "MIN" if base.aggregate is _A.SINCE_FIRST else "MAX"
            moment = call(f"{which}({rows.when(rows.condition, '`time`')})")
            return f"{_double(f'(`time` - {moment})')} / 1E6"
        case _A.NOVEL:
            return f"CASE WHEN {count} = 0 THEN 1E0 ELSE 0E0 END"
        case _A.STREAK:
            return _streak(base, rows, count, aggregates)
        case _:
            raise ValueError(base.aggregate)


def _std(rows: Rows, count: str, total: str, aggregates: Aggregates) -> str:
    """The numerator n Σv² - (Σv)² is exact in decimals of 38 digits: it is below 2^102."""
    value = f"CAST({_clipped(rows.value, STD_VALUE_MAX)} AS DECIMAL(10, 0))"
    squares = aggregates.column(
        f"SUM({rows.when(rows.condition, f'CAST({value} * {value} AS {SQUARE_TYPE})')})"
    )
    whole = "DECIMAL(16, 0)"
    numerator = (
        f"CAST({count} AS DECIMAL(8, 0)) * CAST({squares} AS DECIMAL(27, 0))"
        f" - CAST({total} AS {whole}) * CAST({total} AS {whole})"
    )
    denominator = f"{_double(f'({count} * ({count} - 1))')}"
    return _where(f"{count} > 1", f"SQRT(CAST({numerator} AS DOUBLE) / {denominator})")


def _streak(base: Base, rows: Rows, count: str, aggregates: Aggregates) -> str:
    """Rows that ever passed, less those that had passed at the newest reset; the window's rows where it has none."""
    rank = f"`_rank_{base.name}`"
    reset = aggregates.column(f"MAX({rows.when(rows.reset, rank)})")
    return f"CASE WHEN {reset} IS NULL THEN {_double(count)} ELSE {_double(f'({rank} - {reset})')} END"


def _clipped(value: str, limit: int) -> str:
    low, high = f"CAST('-{limit}' AS BIGINT)", f"CAST('{limit}' AS BIGINT)"
    return f"LEAST(GREATEST({value}, {low}), {high})"


def _double(body: str) -> str:
    return f"CAST({body} AS DOUBLE)"


def _where(condition: str, body: str) -> str:
    return f"CASE WHEN {condition} THEN {body} END"
