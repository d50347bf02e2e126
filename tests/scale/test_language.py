"""The language of rules on a running cluster: the same values as columns, one row and DuckDB."""

from collections.abc import Sequence
from pathlib import Path
from random import Random
from typing import Any

import duckdb
import numpy as np
from tests.risk.language.test_four_ways import Row, bits
from tests.risk.language.texts import (
    DOUBLES,
    NAMESPACE,
    WHOLES,
    WORDS,
    Writer,
)
from tests.risk.rules import world

from jinku.bench.risk_rules import rows_of
from jinku.risk.features.flink import LocalCluster
from jinku.risk.language import Program, Type, parse
from jinku.risk.language.sql import Dialect
from jinku.risk.rules.history import rules_sql

NULL = "\\N"
FLINK_TYPE = {"KEY": "BIGINT", "VARCHAR": "STRING"}
VALUES: dict[str, list[Any]] = {
    "BIGINT": [*WHOLES, 0, 1, -1, 2, 3],
    "DOUBLE": [one + 0.0 for one in DOUBLES],
    "BOOLEAN": [True, False],
    "VARCHAR": [word for word in WORDS if word != "\n"],  # a line of its own in the file that carries it
    "KEY": [0, 1, 2, 3],
}
EXPRESSIONS, ROWS, DEPTH = 120, 24, 3
EVENTS = 500


def test_random_expressions_have_the_same_bits_in_flink(cluster: LocalCluster, tmp_path: Path) -> None:
    """K10: the text that acts means the same on a cluster, bit for bit, extremes and NULLs too."""
    random = Random(11)
    writer = Writer(random)
    parsed = [parse(writer.any(DEPTH), NAMESPACE) for _ in range(EXPRESSIONS)]
    found: list[Row] = [
        {name: random.choice([None, *VALUES[kind]]) for name, kind in NAMESPACE.items()} for _ in range(ROWS)
    ]
    texts = [one.flink() for one in parsed]
    answer = in_flink(cluster, tmp_path, NAMESPACE, found, texts, [one.type for one in parsed])
    program = Program(parsed)
    for row, by_flink in zip(found, answer, strict=True):
        wanted = program.scalar(row)
        for place, value in enumerate(by_flink):
            assert bits(value) == bits(wanted[place]), (texts[place], row)


def test_the_rules_that_come_with_jinku_fire_for_the_same_events(
    cluster: LocalCluster, tmp_path: Path
) -> None:
    """K10: a rule's own text runs on a cluster and fires for the events for which it acts."""
    rules = world.built_in()
    given = world.columns(rules, EVENTS)
    types = {name: str(world.NAMESPACE[name]) for name in rules.inputs}
    rows = rows_of(given, EVENTS)
    selected = rules_sql(rules.rules, "event", Dialect.FLINK, keep=("place",))
    answer = run(
        cluster, tmp_path, types, rows, selected, [(rule.name, Type.BOOLEAN) for rule in rules.rules]
    )
    fired = rules.evaluate(given, EVENTS).matrix().astype(bool)
    assert np.array_equal(np.array(answer, bool), fired)
    assert fired.any(axis=0).sum() > len(rules.rules) // 2


def in_flink(
    cluster: LocalCluster,
    directory: Path,
    types: dict[str, str],
    rows: Sequence[Row],
    texts: Sequence[str],
    kinds: Sequence[Type],
) -> list[list[Any]]:
    """The value of each text for each row."""
    fields = ", ".join(f"{text} AS `v{at}`" for at, text in enumerate(texts))
    select = f"SELECT `place`, {fields} FROM `event`"
    return run(cluster, directory, types, rows, select, [(f"v{at}", kind) for at, kind in enumerate(kinds)])


def run(
    cluster: LocalCluster,
    directory: Path,
    types: dict[str, str],
    rows: Sequence[Row],
    select: str,
    answers: Sequence[tuple[str, Type]],
) -> list[list[Any]]:
    """What `select` answers over the table `event` of `rows` on the cluster, in their order."""
    source, sink = directory / "event.csv", directory / "out"
    with source.open("w", encoding="utf-8", newline="") as file:
        for place, row in enumerate(rows):
            file.write(f"{place}," + ",".join(_cell(row[name]) for name in types) + "\n")
    form = "'connector' = 'filesystem', 'format' = 'csv', 'csv.null-literal' = '\\N'"
    fields = ", ".join(f"`{name}` {FLINK_TYPE.get(kind, kind)}" for name, kind in types.items())
    out = ", ".join(f"`{name}` {FLINK_TYPE.get(kind, kind)}" for name, kind in answers)
    cluster.session().run(
        [
            f"CREATE TABLE `event` (`place` INT, {fields}) WITH ({form}, 'path' = '{source.as_uri()}')",
            f"CREATE TABLE `answer` (`place` INT, {out}) WITH ({form}, 'path' = '{sink.as_uri()}')",
            f"INSERT INTO `answer` {select}",
        ],
        timeout_s=300,
    )
    kinds = {"place": "INTEGER"} | {
        name: "BIGINT" if kind is Type.KEY else str(kind) for name, kind in answers
    }
    with duckdb.connect() as link:
        found = link.execute(
            "SELECT * EXCLUDE (place) FROM read_csv($files, header = false, auto_detect = false, delim = ',',"
            " quote = '\"', escape = '\"', columns = $types, nullstr = $null, allow_quoted_nulls = false)"
            " ORDER BY place",
            {
                "files": [str(path) for path in sorted(sink.rglob("part-*"))],
                "types": kinds,
                "null": NULL,
            },
        ).fetchall()
    return [list(row) for row in found]


def _cell(value: Any) -> str:
    if value is None:
        return NULL
    if isinstance(value, str):
        return '"' + value.replace('"', '""') + '"'
    return str(value).lower() if isinstance(value, bool) else repr(value)
