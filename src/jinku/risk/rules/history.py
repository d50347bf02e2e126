# ruff: noqa: S608 - names quoted, texts made from checked trees
"""Past events with their features and labels, from a Parquet or CSV file, as DuckDB sees them.

Rules:

1. Columns have the names of the fields and features that rules name, and are read as their types; NaN and infinities
   of a DOUBLE are NULL. `time` is microseconds since 1970 UTC or a timestamp; where it is not needed it may be absent.
2. `label` says whether an event was confirmed to be what rules look for; NULL where nobody knows yet. `amount` weighs
   it.
3. A column that a rule needs and the file has not refuses the whole run, by name.

Example::

    with History.open(Path("events.parquet"), features.namespace, rule_set.inputs) as history:
        history.connection.execute("SELECT count(*) FROM event")
"""

import difflib
import re
from collections.abc import Iterable, Mapping
from pathlib import Path

import duckdb

from jinku.base.clock import US_PER_DAY
from jinku.base.closing import Closing
from jinku.risk.language import Namespace
from jinku.risk.language.sql import DUCKDB_SETTING, Dialect, literal, quoted
from jinku.risk.language.tree import DOUBLE_MAX
from jinku.risk.language.types import Type
from jinku.risk.rules.errors import BadHistory
from jinku.risk.rules.model import ALWAYS_FROM, ALWAYS_UNTIL, TIME, Rule

LABEL = "label"
AMOUNT = "amount"
DAY = "day"
_READERS = {
    ".parquet": "read_parquet(?)",
    ".csv": "read_csv(?, header = true, all_varchar = true)",
}


class History(Closing):
    """An open file; its events are the table `event` of `connection`, in the file's order as `place`."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, file: str, types: Mapping[str, Type]) -> None:
        self.connection, self.file, self.types = connection, file, types

    @classmethod
    def open(cls, path: Path, namespace: Namespace, names: Iterable[str], *, label: str = LABEL) -> "History":
        """The events of `path` with the columns `names`. Raises BadHistory."""
        reader = _READERS.get(path.suffix.lower())
        if reader is None:
            raise BadHistory("is neither .parquet nor .csv", file=path.name, remedy="give one of the two")
        if not path.is_file():
            raise BadHistory("is not there", file=path.name, remedy="check the path")
        connection = duckdb.connect()
        try:
            connection.execute("SET TimeZone = 'UTC'")
            connection.execute(DUCKDB_SETTING)
            given = connection.execute(f"DESCRIBE SELECT * FROM {reader}", [str(path)]).fetchall()
            held = {str(row[0]): str(row[1]) for row in given}
            types = cls._types(path.name, held, namespace, names, label)
            fields = [_field(name, kind, held, label) for name, kind in types.items()]
            connection.execute(
                f"CREATE TABLE event AS SELECT row_number() OVER () AS place, {', '.join(fields)} FROM {reader}",
                [str(path)],
            )
        except duckdb.Error as error:
            connection.close()
            raise _unreadable(path.name, error) from None
        except BadHistory:
            connection.close()
            raise
        return cls(connection, path.name, types)

    @staticmethod
    def _types(
        file: str, held: Mapping[str, str], namespace: Namespace, names: Iterable[str], label: str
    ) -> dict[str, Type]:
        wanted = {name: Type(namespace[name]) for name in sorted(names)}
        for name in wanted:
            if name not in held:
                near = difflib.get_close_matches(name, held, n=1)
                raise BadHistory(
                    "has no such column",
                    file=file,
                    field="column",
                    value=name,
                    remedy=f"did you mean {near[0]}?" if near else "a rule names it: put it into the file",
                )
        for name in (TIME, AMOUNT, DAY, "id"):
            if name in held and name in namespace:
                wanted[name] = Type(namespace[name])
        if label in held:
            wanted[LABEL] = Type.BOOLEAN
        return wanted

    def close(self) -> None:
        """Forget the events."""
        self.connection.close()

    @property
    def day(self) -> str:
        """SQL for the day of an event: its local day where the file has it, else that of UTC; else 0."""
        if DAY in self.types:
            return quoted(DAY, Dialect.DUCKDB)
        return f"({quoted(TIME, Dialect.DUCKDB)} // {US_PER_DAY})" if TIME in self.types else "0"

    @property
    def label(self) -> str:
        """SQL for the label of an event."""
        return quoted(LABEL, Dialect.DUCKDB) if LABEL in self.types else "CAST(NULL AS BOOLEAN)"

    @property
    def amount(self) -> str:
        """SQL for the amount of an event, 0 where there is none."""
        return f"COALESCE({quoted(AMOUNT, Dialect.DUCKDB)}, 0)" if AMOUNT in self.types else "0"


def fires(rule: Rule, dialect: Dialect = Dialect.DUCKDB) -> str:
    """SQL for whether a rule fires: never NULL."""
    text = rule.when.duckdb() if dialect is Dialect.DUCKDB else rule.when.flink()
    parts = [f"{text} IS TRUE"]
    time = quoted(TIME, dialect)
    if rule.since != ALWAYS_FROM:
        parts.append(f"{time} >= {literal(rule.since, Type.BIGINT)}")
    if rule.until != ALWAYS_UNTIL:
        parts.append(f"{time} < {literal(rule.until, Type.BIGINT)}")
    return f"({' AND '.join(parts)})"


def rules_sql(rules: Iterable[Rule], table: str, dialect: Dialect, *, keep: tuple[str, ...] = ("id",)) -> str:
    """One SELECT with a BOOLEAN column for each rule, named as it is, beside the columns `keep`."""
    fields = [quoted(name, dialect) for name in keep]
    fields += [f"{fires(rule, dialect)} AS {quoted(rule.name, dialect)}" for rule in rules]
    return f"SELECT {', '.join(fields)} FROM {quoted(table, dialect)}"


def _field(name: str, kind: Type, held: Mapping[str, str], label: str) -> str:
    column = quoted(label if name == LABEL and label in held else name, Dialect.DUCKDB)
    source = held[label if name == LABEL and label in held else name]
    text = f"CAST({column} AS {'VARCHAR' if kind is Type.KEY else kind.value})"
    if name == TIME:
        text = _moment(column, source)
    elif kind is Type.DOUBLE:
        limit = literal(DOUBLE_MAX, Type.DOUBLE)
        text = f"CASE WHEN {text} BETWEEN -{limit} AND {limit} THEN {text} END"
    return f"{text} AS {quoted(name, Dialect.DUCKDB)}"


def _moment(column: str, source: str) -> str:
    if source.startswith("TIMESTAMP"):
        return f"epoch_us({column})"
    if source == "VARCHAR":
        return f"COALESCE(TRY_CAST({column} AS BIGINT), epoch_us(CAST({column} AS TIMESTAMPTZ)))"
    return f"CAST({column} AS BIGINT)"


def _unreadable(file: str, error: duckdb.Error) -> BadHistory:
    """What DuckDB found wrong, without quoting what a cell holds."""
    column = re.search(r"source column (\w+)", str(error))
    if column:
        return BadHistory(
            "holds what is not of its type",
            file=file,
            field="column",
            value=column[1],
            remedy="correct the file",
        )
    return BadHistory(
        f"cannot be read: {type(error).__name__}",
        file=file,
        remedy="check that it is whole, and what it holds",
    )
