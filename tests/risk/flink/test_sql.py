"""What is written for Flink, without Flink: rows, windows, lengths, refusals. `make test-scale` runs it."""

import re
from pathlib import Path

import pytest

from jinku.risk.features.definition import FeatureSet
from jinku.risk.features.flink import NotForFlink, Tables, file_tables, to_sql
from jinku.risk.features.flink.clock import interval
from jinku.risk.features.flink.plan import Copy, plan_of
from jinku.risk.features.parity import compare, made, online
from jinku.risk.features.paths import ROWS_MAX
from jinku.risk.features.reading import load, parse_toml

EVERYTHING = Path(__file__).parents[2] / "scale" / "everything.toml"
KAFKA = {"connector": "kafka", "topic": "it's"}


def table(rows: str) -> FeatureSet:
    return parse_toml('[set]\nname = "t"\nversion = 1\nschema = "payments"\n' + rows)


def milliseconds(text: str) -> int:
    """What Flink's planner folds a sum of interval constants to, by the meaning of its literals."""
    total = 0
    for part in text.split(" + "):
        found = re.fullmatch(r"(1000 \* )?INTERVAL '([^']+)' (.+)", part)
        assert found, part
        numbers = [float(one) for one in found[2].split(":")]
        seconds = {
            "DAY(3)": lambda n: n[0] * 86_400,
            "HOUR TO SECOND": lambda n: n[0] * 3_600 + n[1] * 60 + n[2],
            "MINUTE TO SECOND(3)": lambda n: n[0] * 60 + n[1],
            "SECOND": lambda n: n[0],
        }[found[3]](numbers)
        assert all(len(one) <= 3 for one in re.split(r"[:.]", found[2])), (
            "Flink refuses more than three digits"
        )
        total += round(seconds * 1000) * (1000 if found[1] else 1)
    return total


@pytest.mark.parametrize(
    "length", [0, 1, 999, 59_999_999, 3_599_999_999, 86_399_999_999, 7_775_999_999_998, 366 * 86_400_000_000]
)
def test_a_length_in_microseconds_is_as_many_milliseconds_of_the_cluster(length: int) -> None:
    assert milliseconds(interval(length)) == length


def test_windows_end_at_the_row_so_delays_and_sides_are_copies() -> None:
    features = table("""
[[feature]]
name = "late"
key = "terminal"
window = "7d"
delay = "7d"
aggregate = "count"
[[feature]]
name = "before"
key = "customer"
window = "1h"
current = false
aggregate = "count"
[[feature]]
name = "flow"
key = "payer"
history = ["payer", "payee"]
window = "1d"
aggregate = "count"
""")
    plan = plan_of(features)
    assert plan.copies == (Copy(0, "payee"), Copy(1), Copy(7 * 86_400_000_000))
    found = {stage.features[0].name: (stage.found, stage.preceding) for stage in plan.levels[0].stages}
    assert found["late"] == (((3, ("terminal",)),), 7 * 86_400_000_000 - 1)
    assert found["before"] == (((2, ("customer",)),), 3_600_000_000 - 2)
    assert found["flow"] == (((0, ("payer",)), (1, ("payee",))), 86_400_000_000 - 1)


def test_lengths_alone_never_make_two_windows_alike() -> None:
    """Flink's planner takes windows over equal rows for one; the rows say their length."""
    features = table("""
[[feature]]
name = "n_{window}"
key = "customer"
windows = ["1m", "1h"]
aggregate = "count"
""")
    for kind in ("STRING", "BIGINT"):
        script = to_sql(features, Tables(KAFKA, KAFKA, kind))
        rows = [
            one.split("AS\n", 1)[1].replace("n_1m", "n_1h")
            for one in script.statements
            if "_rows`" in one.split("AS\n")[0]
        ]
        assert len(rows) == len(set(rows)) == 2


def test_every_form_is_written_and_texts_are_quoted() -> None:
    script = to_sql(load(EVERYTHING), Tables(KAFKA, KAFKA))
    assert "'topic' = 'it''s'" in script.text
    assert script.statements[-1].startswith("INSERT INTO")
    assert script.features == load(EVERYTHING).names
    assert {"id", "time", "customer", "terminal", "amount"} <= set(script.fields)
    assert "address" not in script.fields


def test_the_same_table_gives_the_same_text() -> None:
    tables = file_tables(Path("in.csv"), Path("out"), origin=5)
    assert to_sql(load("payments"), tables) == to_sql(load("payments"), tables)


def test_paths_that_share_key_and_filter_share_their_joins_and_each_keeps_its_window() -> None:
    rows = "".join(
        f"""
[[feature]]
name = "{name}"
key = ["payer", "payee"]
window = "{window}"
aggregate = "{aggregate}"
{more}
"""
        for name, window, aggregate, more in (
            ("between", "1d", "scatter_gather", ""),
            ("between_long", "7d", "scatter_gather", ""),
            ("ring", "2d", "cycle", "hops = 4"),
            ("large_back", "1d", "cycle", 'hops = 2\nfilter = "amount > 400"'),
        )
    )
    script = to_sql(table(rows), Tables(KAFKA, KAFKA))
    joins = [one for one in script.statements if "FOR SYSTEM_TIME AS OF `p`.`_time`" in one]
    assert len(joins) == 3 + 1
    day = 86_400_000_000
    steps = [{int(one) for one in re.findall(r"`_now` - (\d+)", join)} for join in joins]
    assert steps == [{7 * day, 2 * day}, {7 * day, 2 * day}, {2 * day}, {day}]
    within = re.findall(r"`_age` < (\d+) THEN `_chain` END\) AS DOUBLE\) END AS `(\w+)`", script.text)
    assert {name: int(age) for age, name in within} == {
        "between": day, "between_long": 7 * day, "ring": 2 * day, "large_back": day
    }  # fmt: skip
    numbers = ", ".join(f"`_came` - {back}" for back in range(ROWS_MAX))
    assert script.text.count(f"ELSE ARRAY[{numbers}] END") == len(joins)


def test_the_set_for_laundering_is_compared_on_movements_that_have_paths() -> None:
    features = load("laundering")
    assert to_sql(features, Tables(KAFKA, KAFKA)).features == features.names
    batch = made(features, 2_000, seed=1)
    frame = online(features, batch)
    for name in ("scatter_gather_7d", "cycle_2_7d", "cycle_3_7d", "cycle_4_7d"):
        at = features.names.index(name)
        assert (frame.values[at, frame.valid[at]] > 0).sum() > 20, name
    assert compare(features, batch).mismatches == 0


@pytest.mark.parametrize("wrong", [{"key_type": "INT"}, {"lateness": 0}])
def test_wrong_tables_are_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(NotForFlink):
        Tables(KAFKA, KAFKA, **wrong)  # type: ignore[arg-type]
