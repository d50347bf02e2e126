"""Room ahead of time: what a batch would have to wait for is done while nobody waits, and changes nothing."""

import time

import numpy as np
from tests.risk.decision.kit import POLICY, Plain, batch_of
from tests.risk.features.test_engine import SMALL, stream

from jinku.risk.decision.desk import ROOM_EVENTS, Desk
from jinku.risk.decision.model import Stage
from jinku.risk.features.engine import Engine
from jinku.risk.features.reading import parse_toml


def places(engine: Engine) -> list[tuple[int, int]]:
    return [(len(one.rows), len(one.slots)) for level in engine._levels for one in level.memories]


def test_room_that_was_made_ahead_is_not_made_in_a_batch_and_changes_nothing() -> None:
    """K1: the same features, the same snapshot; the batch that would have doubled a ring finds it doubled."""
    features = parse_toml(SMALL)
    plain, ahead = Engine(features), Engine(features)
    for engine in (plain, ahead):
        engine.step(stream(0, 3_000, 400))
    before = last = places(ahead)
    parts = 0
    while ahead.make_room():
        now = places(ahead)
        changed = [
            kind for one, other in zip(last, now, strict=True) for kind in (0, 1) if one[kind] != other[kind]
        ]
        assert len(changed) == 1, "one part at a time"
        last, parts = now, parts + 1
    grown = places(ahead)
    assert grown != before
    assert parts > 0
    assert places(plain) == before
    assert ahead.snapshot() == plain.snapshot()
    one, other = (engine.step(stream(3_000, 1_400, 400)) for engine in (plain, ahead))
    assert np.array_equal(one.values, other.values, equal_nan=True)
    assert places(ahead) == grown
    assert places(plain) != before
    assert ahead.snapshot() == plain.snapshot()


def test_a_desk_makes_room_between_batches_too() -> None:
    """K1: a house that never rests grows where no batch waits for all of it."""
    engines = Growing()
    amounts = [100] * (ROOM_EVENTS // 2)
    with Desk(engines, POLICY) as desk:
        for turn in range(6):
            desk.decide(batch_of(amounts, first=1 + turn * len(amounts)))
        desk.settle()
        assert engines.made >= 2


class Growing(Plain):
    """Engines that count how often they were asked to make room."""

    made = 0
    broken = False

    def make_room(self) -> bool:
        self.made += 1
        if self.broken:
            raise MemoryError
        return False


def test_a_desk_makes_room_while_nothing_comes() -> None:
    """K1: and where there is none to be had, it decides on."""
    engines = Growing()
    with Desk(engines, POLICY) as desk:
        until = time.monotonic() + 20
        while not engines.made and time.monotonic() < until:
            time.sleep(0.05)
        assert engines.made
        engines.broken = True
        while "MemoryError" not in desk.fault and time.monotonic() < until:
            time.sleep(0.05)
        assert desk.decide(batch_of([100])).outcomes["stage"].tolist() == [Stage.DECIDED]
