"""How fast rules decide: a hundred of them over columns in batches, and over one event alone.

Rules:

1. The rules are the built-in ones and more of their kind with thresholds drawn at random, so that they share
   subexpressions as the rules of one institution do, and no two are equal.
2. The events are drawn: features positive and skewed, one value in ten NULL. What is measured is evaluation alone:
   columns exist already.

Example::

    rule_figures(seed=7)["rules_columnar_us"].value
"""

import random
import statistics
import time
from collections.abc import Callable, Mapping

import numpy as np

from jinku.bench.report import Figure
from jinku.risk.features.reading import load as load_features
from jinku.risk.language import Column, Value
from jinku.risk.rules import RuleSet, read_rules
from jinku.risk.rules.reading import built_in_text

RULES = 100
BATCH_EVENTS = 8_000
BATCHES = 20
ROWS = 300
COLUMNAR_US_MAX = 1.5
ONE_US_MAX = 150
NULL_SHARE = 0.1
_WORDS = ("payment", "payout", "deposit", "label")
_CURRENCIES = ("CNY", "EUR", "USD")


def many_rules(count: int = RULES, seed: int = 7) -> RuleSet:
    """`count` rules over the built-in features: those that come with Jinku first, then others like them."""
    features = load_features("payments")
    chance = random.Random(seed)  # noqa: S311 - drawn examples, nothing secret
    parts = [built_in_text("payments")]
    built_in = len(read_rules(parts[0], features.namespace).rules)
    for number in range(max(0, count - built_in)):
        parts.append(_rule(number, features.names, chance))
    made = read_rules("\n".join(parts), features.namespace, "bench")
    return RuleSet("bench", made.rules[:count])


def _rule(number: int, names: tuple[str, ...], chance: random.Random) -> str:
    one, other = chance.sample(names, 2)
    conditions = [
        f"{one} > {chance.randint(1, 5_000) / 10}",
        f"{other} BETWEEN {chance.randint(0, 5)} AND {chance.randint(6, 900)}",
        f"amount >= {chance.randint(1, 50) * 10_000}",
        chance.choice(
            ["night", f"hour IN ({chance.randint(0, 9)}, {chance.randint(10, 23)})", "currency = 'CNY'"]
        ),
        chance.choice(
            [f"amount > {chance.randint(2, 9)} * customer_mean_30d", "new_device = 1", "kind LIKE 'pay%'"]
        ),
    ]
    when = " AND ".join(conditions[: chance.randint(2, 5)])
    return (
        f'[[rule]]\nname = "drawn-{number}"\nwhen = "{when}"\noutcome = "challenge"\nscore = 5\n'
        f'reason = "drawn {number}"\nreason_zh = "抽样规则{number}"\n'
    )


def drawn_events(rule_set: RuleSet, count: int, seed: int = 7) -> dict[str, Column]:
    """Columns for whatever `rule_set` names."""
    chance = np.random.default_rng(seed)
    types = load_features("payments").namespace
    columns = {}
    for name in rule_set.inputs:
        valid, words = chance.random(count) >= NULL_SHARE, None
        values: np.ndarray[tuple[int, ...], np.dtype[np.generic]]
        match types[name]:
            case "BIGINT":
                top = {"amount": 10_000_000, "hour": 24, "rating": 6}.get(name, 1 << 40)
                values = chance.integers(0, top, count)
            case "BOOLEAN":
                values = chance.random(count) < 0.2
            case "KEY":
                values = chance.integers(0, 5_000, count)
            case "VARCHAR":
                words = _CURRENCIES if name == "currency" else _WORDS
                values = chance.integers(0, len(words), count).astype(np.int32)
            case _:
                values = np.floor(chance.lognormal(2.0, 2.0, count))
        columns[name] = Column(values, valid, words)
    return columns


def rows_of(columns: Mapping[str, Column], count: int) -> list[dict[str, Value]]:
    """The first `count` events of `columns` as rows."""
    rows: list[dict[str, Value]] = [{} for _ in range(count)]
    for name, column in columns.items():
        for row, value, there in zip(rows, column.values, np.asarray(column.valid), strict=False):
            plain = column.words[int(value)] if column.words is not None else value.item()
            row[name] = plain if there else None
    return rows


def rule_figures(seed: int = 7) -> Mapping[str, Figure]:
    """Microseconds an event over columns, and for one event alone: medians."""
    rules = many_rules(RULES, seed)
    columns = drawn_events(rules, BATCH_EVENTS, seed)
    rows = rows_of(columns, ROWS)
    batch = _seconds(BATCHES, lambda _: rules.evaluate(columns, BATCH_EVENTS))
    one = _seconds(ROWS, lambda place: rules.evaluate_one(rows[place]))
    return {
        "rules_columnar_us": Figure(
            batch * 1e6 / BATCH_EVENTS, "us/event", COLUMNAR_US_MAX, lower_is_better=True
        ),
        "rules_one_us": Figure(one * 1e6, "us", ONE_US_MAX, lower_is_better=True),
    }


def _seconds(times: int, act: Callable[[int], object]) -> float:
    """The median of `times` runs of `act`, after one that is not counted."""
    act(0)
    taken = []
    for place in range(times):
        begun = time.perf_counter()
        act(place)
        taken.append(time.perf_counter() - begun)
    return statistics.median(taken)
