"""What rules would have found in past events: both ways to count agree, and the figures are those of a hand count."""

from pathlib import Path

import pytest
from tests.risk.rules.world import NAMESPACE, built_in, rules_of, write_history

from jinku.risk.language.sql import Dialect
from jinku.risk.rules import BadHistory, RuleSet
from jinku.risk.rules.backtest import BackTest, back_test, counted, counted_in_columns
from jinku.risk.rules.difference import difference
from jinku.risk.rules.history import History, rules_sql

SMALL = """id,time,amount,night,label
1,2026-11-20T01:00:00Z,900,true,true
2,2026-11-20T02:00:00Z,800,true,false
3,2026-11-20T03:00:00Z,100,false,true
4,2026-11-21T01:00:00Z,700,true,true
5,2026-11-21T02:00:00Z,50,false,
6,2026-11-21T03:00:00Z,,true,false
7,2026-11-22T03:00:00Z,950,false,
8,2026-11-22T04:00:00Z,20,false,false
"""


def small(path: Path, rules: RuleSet, *, budget: int = 0) -> BackTest:
    (path / "small.csv").write_text(SMALL, encoding="utf-8")
    with History.open(path / "small.csv", NAMESPACE, rules.inputs) as history:
        assert counted(history, rules) == counted_in_columns(history, rules)
        return back_test(history, rules, budget=budget)


@pytest.mark.parametrize("ending", ["parquet", "csv"])
def test_duckdb_and_columns_count_the_same(tmp_path: Path, ending: str) -> None:
    """K10: what is back-tested in DuckDB is what decides over columns."""
    path, rules = tmp_path / f"history.{ending}", built_in()
    write_history(path, rules, 3_000)
    with History.open(path, NAMESPACE, rules.inputs) as history:
        one, other = counted(history, rules), counted_in_columns(history, rules)
    assert one == other
    assert sum(cells[-1].alerts for cells in one.cells.values()) > 1_000
    assert (
        sum(any(cells[place].alerts for cells in one.cells.values()) for place in range(len(rules.rules)))
        > 20
    )


def test_precision_recall_and_volume_are_those_of_a_hand_count(tmp_path: Path) -> None:
    """K10: a back-test says precision, recall and alerts a day against a budget, per rule and whole, by value too."""
    rules = rules_of("amount >= 700 -> hold", "night -> challenge", "amount > 0 -> deny -> shadow = true")
    found = small(tmp_path, rules, budget=2)
    assert (found.events, found.days, found.true_events, found.true_amount) == (8, 3, 3, 1_700)
    assert (found.first_day, found.last_day) == ("2026-11-20", "2026-11-22")
    large, night, shadow = found.rules
    assert (large.alerts, large.true, large.false, large.unlabelled) == (4, 2, 1, 1)
    assert (large.precision, large.recall) == (2 / 3, 2 / 3)
    assert (large.value_precision, large.value_recall) == (1_600 / 2_400, 1_600 / 1_700)
    assert (large.alone_true, large.alone_false) == (0, 0)
    assert (night.alerts, night.alone_false, night.true) == (4, 1, 2)
    assert (shadow.alerts, shadow.shadow, shadow.alone_true) == (7, True, 1)
    whole = found.whole
    assert (whole.alerts, whole.true, whole.false, whole.unlabelled) == (5, 2, 2, 1)
    assert (whole.alerts_per_day, whole.busiest_day, whole.days_over_budget) == (5 / 3, 2, 0)
    assert small(tmp_path, rules, budget=1).whole.days_over_budget == 2


def test_rules_that_never_fire_have_no_precision(tmp_path: Path) -> None:
    found = small(tmp_path, rules_of("amount > 100000 -> hold"))
    assert (found.whole.alerts, found.whole.precision, found.whole.recall) == (0, None, 0.0)


def test_stretches_count_in_history_too(tmp_path: Path) -> None:
    rules = rules_of("amount > 0 -> hold -> from = 2026-11-20T02:00:00Z -> until = 2026-11-21T02:00:00Z")
    assert small(tmp_path, rules).whole.alerts == 3


def test_the_difference_of_two_versions_names_what_changes(tmp_path: Path) -> None:
    """K10: a diff of decisions between two versions: from what to what, how many, examples."""
    old, new = rules_of("amount >= 700 -> hold"), rules_of("amount >= 800 -> hold", "night -> challenge")
    (tmp_path / "small.csv").write_text(SMALL, encoding="utf-8")
    with History.open(tmp_path / "small.csv", NAMESPACE, {*old.inputs, *new.inputs}) as history:
        found = difference(history, old, new, sample=1)
    assert [(one.before, one.after, one.events, one.amount) for one in found.moves] == [
        ("allow", "allow", 3, 170),
        ("allow", "challenge", 1, 0),
        ("hold", "challenge", 1, 700),
        ("hold", "hold", 3, 2_650),
    ]
    assert (found.events, found.changed) == (8, 2)
    [example] = found.examples
    assert (example.id, example.time, example.before, example.after) == (
        "4",
        "2026-11-21T01:00:00Z",
        "hold",
        "challenge",
    )
    assert (example.fired_before, example.fired_after, example.label) == (("r0",), ("r1",), True)


def test_a_file_that_cannot_serve_is_one_clear_error(tmp_path: Path) -> None:
    """K10: an unknown column, a broken cell or a file cut in half is named; nothing of it is used."""
    rules = rules_of("amount >= 700 AND device_customers_1d > 3 -> hold")
    small_csv = tmp_path / "small.csv"
    small_csv.write_text(SMALL, encoding="utf-8")
    with pytest.raises(BadHistory, match="device_customers_1d"):
        History.open(small_csv, NAMESPACE, rules.inputs)
    amounts = rules_of("amount >= 700 -> hold")
    small_csv.write_text(SMALL.replace("900", "nine hundred"), encoding="utf-8")
    with pytest.raises(BadHistory) as caught:
        History.open(small_csv, NAMESPACE, amounts.inputs)
    assert "amount" in str(caught.value)
    assert "nine" not in str(caught.value)
    path = tmp_path / "history.parquet"
    write_history(path, built_in(), 500)
    path.write_bytes(path.read_bytes()[:-1_000])
    with pytest.raises(BadHistory, match="cannot be read"):
        History.open(path, NAMESPACE, amounts.inputs)
    for name, problem in (("none.csv", "is not there"), ("history.xlsx", "neither")):
        with pytest.raises(BadHistory, match=problem):
            History.open(tmp_path / name, NAMESPACE, amounts.inputs)


def test_a_rule_set_is_one_select_for_other_engines() -> None:
    rules = rules_of("amount > 5 -> hold -> until = 2027-01-01T00:00:00Z")
    assert rules_sql(rules.rules, "events", Dialect.FLINK) == (
        "SELECT `id`, ((`amount` > 5) IS TRUE AND `time` < CAST('1798761600000000' AS BIGINT)) AS `r0` FROM `events`"
    )
