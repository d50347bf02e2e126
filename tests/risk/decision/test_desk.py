"""The desk: one outcome from many findings, in time or with the answer that is defined for it."""

import threading
import time

import numpy as np
import pytest
from tests.risk.decision.kit import POLICY, Plain, batch_of

from jinku.risk.decision.desk import Desk
from jinku.risk.decision.errors import BadPolicy
from jinku.risk.decision.model import Action, Stage
from jinku.risk.decision.policy import Policy

A, C, H, D = Action.ALLOW, Action.CHALLENGE, Action.HOLD, Action.DENY


def actions(desk: Desk, amounts: list[int], linked: list[bool] | None = None, **more: object) -> list[int]:
    decided = desk.decide(batch_of(amounts, **more), None if linked is None else np.array(linked))  # type: ignore[arg-type]
    return [int(one) for one in decided.outcomes["action"]]


def test_the_strongest_action_wins_and_gives_the_reason() -> None:
    """K1: allow, challenge, hold or deny, from rules, score, points and screening together."""
    with Desk(Plain(), POLICY) as desk:
        decided = desk.decide(batch_of([100, 199, 6_000, 60_000, 7_001, 200], listed=[False] * 5 + [True]))
    assert decided.outcomes["action"].tolist() == [A, C, H, D, H, D]
    assert [decided.why(place) for place in range(6)] == [
        "",
        "model",
        "large: above 5,000",
        "huge: above 50,000",
        "large: above 5,000",
        "listed",
    ]
    assert decided.outcomes["points"].tolist() == [0, 20, 10, 20, 30, 0]
    assert decided.outcomes["model"].tolist() == [0, 1, 0, 0, 0, 0]


def test_points_of_several_rules_decide_together_and_shadow_rules_do_not() -> None:
    with Desk(Plain(), POLICY) as desk:
        decided = desk.decide(batch_of([99, 5_001]))
        assert decided.findings.hits[:, 3].tolist() == [1, 1]
        assert decided.outcomes["points"].tolist() == [20, 30]
    many = Policy.from_bytes(POLICY.raw.replace(b"points = 30", b"points = 20"))
    with Desk(Plain(), many) as desk:
        decided = desk.decide(batch_of([101]))
        assert (decided.outcomes["action"][0], decided.why(0)) == (H, "many points")


def test_a_linked_chain_is_decided_as_a_whole() -> None:
    """K1: the strongest action of a chain counts for each of its transfers; each one's own is kept beside it."""
    linked = [True, True, False, False, True, False]
    with Desk(Plain(), POLICY, slice_events=2) as desk:
        decided = desk.decide(batch_of([100, 60_000, 6_000, 100, 100, 100]), np.array(linked))
    assert decided.outcomes["action"].tolist() == [D, D, D, A, A, A]
    assert decided.outcomes["own"].tolist() == [A, D, H, A, A, A]
    assert decided.outcomes["chain"].tolist() == [0, 0, 0, 3, 4, 4]
    assert [decided.why(place) for place in range(4)] == ["huge: above 50,000"] * 3 + [""]


class Watch:
    """A clock that moves when told."""

    def __init__(self) -> None:
        self.now = 0

    def __call__(self) -> int:
        return self.now


class Slow(Plain):
    """Takes its time over the second slice."""

    watch: Watch
    calls = 0

    def features(self, batch):  # type: ignore[no-untyped-def]
        self.calls += 1
        if self.calls == 2:
            self.watch.now += 10_000_000_000
        return super().features(batch)


def test_what_comes_too_late_is_held_above_the_limit_and_allowed_below() -> None:
    """K1: a deadline with a defined answer when late; what was found in time stays decided."""
    engines = Slow()
    engines.watch = Watch()
    with Desk(engines, POLICY, monotonic=engines.watch, slice_events=2) as desk:
        decided = desk.decide(batch_of([60_000, 100, 60_000, 100, 1_000, 1_001]))
        desk.settle()
    assert decided.outcomes["action"].tolist() == [D, A, H, A, A, H]
    assert decided.outcomes["stage"].tolist() == [0, 0, 1, 1, 1, 1]
    assert [decided.why(place) for place in (0, 2, 3)] == ["huge: above 50,000"] + ["too late to decide"] * 2
    assert np.isnan(decided.findings.values[:, 2:]).all()
    assert not decided.findings.hits[2:].any()
    assert engines.seen == 6, "late events are history all the same"


def test_an_engine_that_hangs_holds_nobody_up() -> None:
    """K1: the answer comes at the deadline, by the real clock, whatever the engine does."""
    go_on = threading.Event()

    class Hanging(Plain):
        def rules(self, frame, batch):  # type: ignore[no-untyped-def]
            go_on.wait(20)
            return super().rules(frame, batch)

    short = Policy.from_bytes(POLICY.raw.replace(b"deadline_ms = 1000", b"deadline_ms = 40"))
    engines = Hanging()
    with Desk(engines, short) as desk:
        start = time.monotonic()
        assert actions(desk, [100, 2_000]) == [A, H]
        assert time.monotonic() - start < 5
        go_on.set()
        desk.settle()
        assert actions(desk, [100, 60_000], first=3) == [A, D]
        assert engines.seen == 4


@pytest.mark.parametrize(
    ("part", "stage"),
    [("features", Stage.FEATURES_FAILED), ("model", Stage.MODEL_FAILED), ("rules", Stage.RULES_FAILED)],
)
def test_a_failing_engine_fails_closed_by_name(part: str, stage: Stage) -> None:
    """K1: where an engine fails nothing passes unlooked at; only features leave the state in doubt."""
    engines = Plain(failing=part)
    with Desk(engines, POLICY) as desk:
        decided = desk.decide(batch_of([100, 60_000]))
        assert decided.outcomes["action"].tolist() == [H, H]
        assert decided.outcomes["stage"].tolist() == [stage, stage]
        assert decided.why(0) == f"{part} failed"
        assert "ValueError" in desk.fault
        engines.failing = ""
        assert actions(desk, [100], first=3) == ([H] if part == "features" else [A])


@pytest.mark.parametrize(
    ("was", "becomes", "told"),
    [
        (b"deadline_ms = 1000", b"deadline_ms = 0", "deadline_ms"),
        (b'action = "challenge"', b'action = "maybe"', "maybe"),
        (b"points = 30", b"point = 30", "point"),
        (b"listed = true", b'listed = "yes"', "listed"),
        (b"[failed]", b"[fail]", "fail"),
        (b'"1000"', b"1000.5", "CNY"),
        (b'reason = "model"', b"", "reason"),
        (b"model = 0.9", b"model = nan", "model"),
        (b'name = "test"', b'name = "test', "TOML"),
    ],
)
def test_a_bad_policy_is_one_clear_error(was: bytes, becomes: bytes, told: str) -> None:
    assert was in POLICY.raw
    with pytest.raises(BadPolicy, match=told):
        Policy.from_bytes(POLICY.raw.replace(was, becomes), "decision.toml")
