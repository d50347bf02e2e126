"""What fires, what acts, what is only watched: over columns and for one event."""

import numpy as np
from tests.risk.rules.world import START_US, built_in, columns, rules_of

from jinku.bench.risk_rules import many_rules, rows_of
from jinku.risk.language import Column
from jinku.risk.rules import Outcome


def amounts(*values: int | None) -> dict[str, Column]:
    """Events with an amount and a time, an hour apart."""
    count = len(values)
    return {
        "amount": Column(
            np.array([value or 0 for value in values]), np.array([value is not None for value in values])
        ),
        "time": Column(START_US + 3_600_000_000 * np.arange(count)),
    }


def test_a_condition_that_is_null_does_not_fire() -> None:
    """K10: NULL behaves as in SQL: neither a comparison with it nor its negation is TRUE."""
    rules = rules_of("amount > 5 -> hold", "NOT (amount > 5) -> deny", "amount IS NULL -> challenge")
    hits = rules.evaluate(amounts(10, None, 5), 3)
    assert [mask.tolist() for mask in hits.masks] == [
        [True, False, False],
        [False, False, True],
        [False, True, False],
    ]
    assert rules.evaluate_one({"amount": None}) == (False, False, True)


def test_the_strongest_outcome_counts_and_scores_add_up() -> None:
    rules = rules_of(
        "amount > 5 -> challenge", "amount > 7 -> deny", "amount > 6 -> hold", "amount > 0 -> allow"
    )
    hits = rules.evaluate(amounts(1, 6, 7, 8), 4)
    assert hits.outcomes().tolist() == [Outcome.ALLOW, Outcome.CHALLENGE, Outcome.HOLD, Outcome.DENY]
    assert hits.scores().tolist() == [13, 23, 35, 46]
    assert hits.matrix().tolist() == [[0, 0, 0, 1], [1, 0, 0, 1], [1, 0, 1, 1], [1, 1, 1, 1]]


def test_a_rule_holds_from_its_first_moment_until_its_last() -> None:
    """K10: rules are effective-dated by the event's own time, so that a replay decides as it was decided."""
    since, until = "2026-11-18T12:00:00+00:00", "2026-11-18T14:06:40Z"
    rules = rules_of(f"amount > 0 -> hold -> from = {since} -> until = {until}")
    events = amounts(1, 1, 1, 1, 1)
    hits = rules.evaluate(events, 5)
    times = events["time"].values
    rule = rules.rules[0]
    assert hits.masks[0].tolist() == [rule.since <= time < rule.until for time in times.tolist()]
    assert hits.masks[0].tolist() == [False, True, True, False, False]
    assert [rules.evaluate_one({"amount": 1, "time": int(time)}) for time in times] == [
        (one,) for one in hits.masks[0].tolist()
    ]


def test_a_shadow_rule_is_recorded_and_never_acts() -> None:
    """K10: a rule in shadow is evaluated and recorded and never acting."""
    rules = rules_of("amount > 5 -> deny -> shadow = true", "amount > 7 -> challenge")
    hits = rules.evaluate(amounts(6, 8), 2)
    assert hits.fired("r0").tolist() == [True, True]
    assert hits.outcomes().tolist() == [Outcome.ALLOW, Outcome.CHALLENGE]
    assert hits.scores().tolist() == [0, 11]


def test_a_challenger_runs_over_the_same_events_and_never_acts() -> None:
    """K10: champion and challenger side by side over the same events."""
    champion, challenger = (
        rules_of("amount > 5 -> hold"),
        rules_of("amount > 7 -> deny", "amount > 1 -> challenge"),
    )
    hits = champion.with_challenger(challenger).evaluate(amounts(1, 2, 6, 8), 4)
    assert hits.outcomes().tolist() == champion.evaluate(amounts(1, 2, 6, 8), 4).outcomes().tolist()
    assert hits.challenger().tolist() == challenger.evaluate(amounts(1, 2, 6, 8), 4).outcomes().tolist()
    assert hits.outcomes().tolist() == [0, 0, 2, 2]
    assert hits.challenger().tolist() == [0, 1, 1, 3]


def test_one_event_alone_is_decided_as_in_a_batch() -> None:
    for rules in (built_in(), many_rules(100, seed=11)):
        drawn = columns(rules, 400)
        alone = [list(rules.evaluate_one(row)) for row in rows_of(drawn, 400)]
        hits = rules.evaluate(drawn, 400)
        assert alone == hits.matrix().astype(bool).tolist()
        assert hits.matrix().any(axis=0).sum() > len(rules.rules) // 2


def test_the_built_in_rules_look_for_what_a_platform_must_find() -> None:
    rules = built_in().rules
    assert len(rules) >= 30
    found = {rule.typology for rule in rules}
    assert found >= {
        *("structuring", "pass-through", "fan-in", "fan-out", "gather-scatter", "dormant-then-active"),
        *("round-amounts", "shared-device", "velocity", "night-activity", "mule-ring", "sanctions"),
    }
    assert all(rule.reason and any("一" <= one <= "鿿" for one in rule.reason_zh) for rule in rules)


def test_the_digest_covers_whatever_decides_or_is_told() -> None:
    plain = rules_of("amount > 5 -> hold")
    others = [
        rules_of("amount > 6 -> hold"),
        rules_of("amount > 5 -> deny"),
        rules_of("amount > 5 -> hold -> shadow = true"),
        rules_of("amount > 5 -> hold -> until = 2027-01-01T00:00:00Z"),
        rules_of("amount > 5 -> hold", "night -> deny"),
        rules_of("amount > 5 -> hold -> typology = 'velocity'"),
    ]
    assert len({plain.digest, *(one.digest for one in others)}) == 1 + len(others)
    assert rules_of("amount > 5 -> hold").digest == plain.digest
