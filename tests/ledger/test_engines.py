"""Every engine answers the same random histories as the plain model, and keeps the same bytes."""

import random
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

import pytest
from tests.ledger.batches import SECOND, World
from tests.ledger.lockstep import Lockstep, SetClock
from tests.ledger.naive_ledger import NaiveLedger

from jinku.ledger.opening import open_journal

START = 1_700_000_000 * SECOND


@pytest.mark.parametrize("seed", range(4))
def test_engines_and_the_plain_model_answer_alike(
    seed: int, tmp_path: Path, new_postgres_url: Callable[[], str]
) -> None:
    clock, jumps = SetClock(), random.Random(seed)
    clock.now = START

    def tick() -> int:
        clock.now += jumps.choice((1_000_000, 3_000_000, 5_000_000, SECOND // 3))
        return clock.now

    urls = [str(tmp_path / "ledger"), new_postgres_url()]
    leader = NaiveLedger(clock)
    world = World(seed, timeouts=True)
    lockstep = Lockstep(world, leader, [], clock, tick)
    for _ in range(3):  # opened anew twice: what is rebuilt from the store must go on alike
        with ExitStack() as stack:
            ledgers = [stack.enter_context(open_journal(url, clock=clock)) for url in urls]
            lockstep.followers = ledgers
            for _ in range(10):
                if world.rng.random() < 0.15 or not world.asked_accounts:
                    lockstep.accounts()
                else:
                    lockstep.transfers()
            lockstep.compare(filters=12)
            embedded, postgresql = ledgers
            assert embedded.size() == postgresql.size() == len(leader.naive.state.journal)
            assert embedded.read(0, embedded.size()) == postgresql.read(0, postgresql.size())
            embedded.check()
    assert lockstep.statuses["CREATED"] > 50
    assert min(lockstep.answers.values()) > 0
