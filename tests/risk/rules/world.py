"""A made-up history for rules: events with the features that the built-in rules name, as a Parquet or CSV file."""

from pathlib import Path
from typing import Any

import duckdb

from jinku.bench.risk_rules import drawn_events
from jinku.risk.features.reading import load as load_features
from jinku.risk.language import Column
from jinku.risk.rules import RuleSet, load, read_rules

NAMESPACE = load_features("payments").namespace
DAY_US = 86_400_000_000
START_US = 1_795_000_000_000_000


def built_in() -> RuleSet:
    """The rules that come with Jinku."""
    return load("payments", NAMESPACE)


def rules_of(*rows: str) -> RuleSet:
    """A set of short rules: each a condition and an outcome, ``amount > 5 -> hold``."""
    return read_rules(text_of(*rows), NAMESPACE, "short.toml")


def text_of(*rows: str) -> str:
    """The file of `rules_of`; what follows a second arrow are more lines."""
    parts = ['name = "short"\n']
    for number, row in enumerate(rows):
        when, outcome, *more = [one.strip() for one in row.split("->")]
        parts.append(
            f'[[rule]]\nname = "r{number}"\nwhen = "{when}"\noutcome = "{outcome}"\nscore = {10 + number}\n'
            f'reason = "r{number}"\nreason_zh = "规则{number}"\n' + "\n".join(more) + "\n"
        )
    return "".join(parts)


def write_history(path: Path, rules: RuleSet, count: int, seed: int = 7) -> None:
    """`count` drawn events over ten days as a file; a third has no label."""
    columns = drawn_events(rules, count, seed)
    fields = list[str]()
    arrays: dict[str, Any] = {}
    for name, column in columns.items():
        arrays[name] = column.values
        arrays[f"{name}__there"] = column.valid
        value = f'"{name}"'
        if column.words is not None:
            words = ", ".join(f"'{word}'" for word in column.words)
            value = f'[{words}][1 + "{name}"]'
        fields.append(f'CASE WHEN "{name}__there" THEN {value} END AS "{name}"')
    with duckdb.connect() as connection:
        connection.execute(
            f"CREATE TABLE given AS SELECT range AS place, range + 77 AS id, "
            f"{START_US} + range * {10 * DAY_US // count} AS time, hash(range) % 3 AS third, "
            f"hash(range + {seed}) % 7 = 0 AS fraud FROM range({count})"
        )
        _bring(connection, arrays)
        connection.execute(
            f"CREATE TABLE written AS SELECT id, time, {', '.join(fields)}, "
            "CASE WHEN third > 0 THEN fraud END AS label FROM given JOIN drawn USING (place) ORDER BY place"
        )
        kind = "PARQUET" if path.suffix == ".parquet" else "CSV, HEADER"
        connection.execute(f"COPY written TO '{path}' (FORMAT {kind})")


def _bring(connection: duckdb.DuckDBPyConnection, arrays: dict[str, Any]) -> None:
    names = ", ".join(f'"{name}"' for name in arrays)
    connection.register("raw", arrays)
    connection.execute(f"CREATE TABLE drawn AS SELECT row_number() OVER () - 1 AS place, {names} FROM raw")


def columns(rules: RuleSet, count: int, seed: int = 7) -> dict[str, Column]:
    """Drawn columns for `rules`."""
    return drawn_events(rules, count, seed)
