"""The aggregates of `paths` as SQL: one query a feature, the same rules, for DuckDB and for Flink in batch mode.

Rules:

1. The query reads a relation with the columns `time` (BIGINT, each once), the two fields of `key`, and those that the
   condition names; it gives `moment` (that time) and `value`, a row an event, NULL by rule 5 of `paths`.
2. A row has its number among the rows into its account; beside it stands how many rows had come into the account that
   it leaves. So "the newest ROWS_MAX before" is a range of numbers, and each step a join on equality and that range.

Example::

    duckdb_paths(feature, "events", feature.condition.duckdb())  # SELECT moment, value …
"""

from jinku.risk.features.definition import Base
from jinku.risk.features.paths import ROWS_MAX, Chain


def duckdb_paths(feature: Base, relation: str, condition: str = "TRUE") -> str:
    """The query in DuckDB's words; `condition` is the feature's, TRUE where it has none. Raises BadFeatures."""
    chain = Chain.of(feature)
    # Equality joins alone, however busy an account is.
    numbers = f"unnest(range(greatest(came - {ROWS_MAX}, 0) + 1, came + 1))"
    counted = """
  path_steps AS (
    SELECT r.a, r.b, r.n, r.moment, coalesce(p.n, 0) AS came
    FROM path_rows r ASOF LEFT JOIN path_rows p ON r.a = p.b AND r.moment > p.moment
  ),
  path_events AS (
    SELECT e.moment, e.x, e.y, coalesce(p.n, 0) AS came
    FROM path_asked e ASOF LEFT JOIN path_rows p ON e.y = p.b AND e.moment > p.moment
    WHERE e.x <> e.y
  ),"""
    return _query(chain, feature, (relation, condition), counted, numbers)


def _query(chain: Chain, feature: Base, source: tuple[str, str], counted: str, numbers: str) -> str:
    relation, condition = source
    first, second = feature.key
    x, y = (second, first) if chain.closing else (first, second)
    hops = [_hop(number, chain, numbers) for number in range(1, chain.rows + 1)]
    accounts = [f"m{number}" for number in range(1, chain.rows)]
    simple = [f"{name} <> x AND {name} <> y" for name in accounts]
    if len(accounts) == 2:
        simple.append("m1 <> m2")
    ends = " AND ".join((f"m{chain.rows} = x", *simple))
    one = ", ".join(("moment", *accounts))
    return f"""WITH
  path_rows AS (
    SELECT {first} AS a, {second} AS b, time AS moment, row_number() OVER (PARTITION BY {second} ORDER BY time) AS n
    FROM {relation} WHERE ({condition}) AND {first} <> {second}
  ),
  path_asked AS (SELECT time AS moment, {x} AS x, {y} AS y FROM {relation}),{counted}
  path_0 AS (SELECT moment, x, y, y AS m0, came FROM path_events),
{"".join(hops)}  path_found AS (
    SELECT moment, count(*) AS found FROM (SELECT DISTINCT {one} FROM path_{chain.rows} WHERE {ends}) AS different
    GROUP BY moment
  )
SELECT e.moment, CASE WHEN e.x IS NULL OR e.y IS NULL THEN NULL ELSE coalesce(f.found, 0) END AS value
FROM path_asked e LEFT JOIN path_found f ON f.moment = e.moment"""  # noqa: S608 - names of a checked table of features


def _hop(number: int, chain: Chain, numbers: str) -> str:
    """One step back: from the account reached to those that the newest rows into it came from."""
    before = "".join(f", p.m{one}" for one in range(1, number))
    return f"""  path_{number} AS (
    SELECT p.moment, p.x, p.y{before}, s.a AS m{number}, s.came
    FROM (SELECT *, {numbers} AS n FROM path_{number - 1}) AS p JOIN path_steps s
    ON s.b = p.m{number - 1} AND s.n = p.n WHERE s.moment > p.moment - {chain.window}
  ),
"""  # noqa: S608 - numbers only
