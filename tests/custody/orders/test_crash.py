"""Killed in the middle of batches, again and again; and two threads after the last of a limit."""

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from tests.custody.orders.kit import BORROWER, CHART, DAY, INCOME, PROJECT, A, Platform, open_platform

from jinku.base.database import Database
from jinku.custody.orders import model as o
from jinku.custody.orders.acts import OrderActs, order_key
from jinku.custody.orders.catalogue import OrderType
from jinku.custody.orders.corridor import Corridor, Rooms
from jinku.custody.orders.reasons import Reason, State
from jinku.custody.orders.requests import Request
from jinku.ledger.opening import open_journal

BATCH, KILLS, ENOUGH = 40, 3, 400


def wishes(batch: int) -> list[Request]:
    """A batch of fees and bids under mandate 7, the same whenever it is asked for."""
    found = []
    for place in range(BATCH):
        number = o.new_order_id(1_795_000_001_000 + batch, place)
        order: o.Order = o.Fee(id=number, day=DAY, payer=A, amount=2)
        if place % 2:
            order = o.Bid(id=number, day=DAY, subject=PROJECT, investor=A, borrower=BORROWER, amount=3)
        found.append(Request(order, "app", mandate=7))
    return found


def run_from(directory: Path, first: int) -> None:
    """What the victim does: bring to its end what was left, then go on, and say how far it is."""
    with open_journal(directory / "ledger") as ledger, Database.open(directory / "control.db") as database:
        corridor = Corridor(Rooms.of(ledger, database, CHART, clock=time.time_ns))
        for batch in range(first, ENOUGH):
            answers = corridor.submit(wishes(batch))
            assert answers.count(State.BOOKED, State.HELD) == BATCH
            sys.stdout.write(f"{batch}\n")
            sys.stdout.flush()


def killed(directory: Path, first: int, batches: int, delay_s: float) -> int:
    """Start a victim at batch `first`, let it do about `batches`, kill it; the last batch it answered."""
    command = [sys.executable, __file__, str(directory), str(first)]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(Path.cwd()), *sys.path[1:]])}
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as victim:
        assert victim.stdout is not None
        answered = [int(victim.stdout.readline()) for _ in range(batches)]
        time.sleep(delay_s)
        os.kill(victim.pid, signal.SIGKILL)
        answered += [int(line) for line in victim.stdout if line.endswith("\n")]
    return answered[-1]


@pytest.mark.slow
def test_killed_again_and_again_each_order_is_booked_once(tmp_path: Path) -> None:
    """R20: after kill -9 nothing is booked twice, nothing answered is lost, and book and ledger agree to the unit."""
    platform = open_platform(tmp_path)
    with platform.ledger, platform.database:
        now = time.time_ns()
        platform.fund(A, 10**9)
        platform.project()
        platform.mandate(total=10**9, valid_from=now - 10**12, valid_until=now + 10**15)
    done = -1
    for kill in range(KILLS):
        done = killed(tmp_path, done + 1, 3, 0.0015 * kill)
    with open_journal(tmp_path / "ledger") as ledger, Database.open(tmp_path / "control.db") as database:
        corridor = Corridor(Rooms.of(ledger, database, CHART, clock=time.time_ns))
        with database.reading() as connection:
            assert not corridor.rooms.book.open_batches(connection)
        assert not OrderActs(corridor).strays()
        for batch in range(done + 2):
            assert corridor.submit(wishes(batch)).count(State.BOOKED, State.HELD) == BATCH
        [payer, income] = ledger.lookup_accounts([A, INCOME])
        fees, bids = (done + 2) * BATCH // 2 * 2, (done + 2) * BATCH // 2 * 3
        assert (payer.debits_posted, payer.debits_pending, income.credits_posted) == (fees, bids, fees)
        left = corridor.rooms.mandates.show(7).left
        assert (left.used, left.reserved) == (fees, bids)


class Dies(Exception):
    """The process is gone."""


@pytest.mark.parametrize("restart", [True, False])
@pytest.mark.parametrize("stop", ["create_transfers_array", "seal"])
def test_what_the_book_has_and_the_ledger_has_not_is_sent_again(
    tmp_path: Path, stop: str, restart: bool
) -> None:
    """R20: a batch cut off before the ledger, or between ledger and book, ends at the next start or the next asking."""
    platform = open_platform(tmp_path)
    with platform.ledger, platform.database:
        platform.fund(A, 2_000)
        platform.mandate()
        order = o.Fee(id=platform.new(), day=DAY, payer=A, amount=100)
        broke = o.Fee(id=platform.new(), day=DAY, payer=A, amount=450)
        late = o.Fee(id=platform.new(), day=DAY, payer=A, amount=451)
        requests = [Request(one, "app", mandate=7) for one in (order, broke, late)]

        def die(*_: object) -> None:
            raise Dies

        real = getattr(platform.ledger, stop)
        object.__setattr__(platform.ledger, stop, die)
        with pytest.raises(Dies):
            platform.corridor.submit(requests)
        assert platform.state(order) is State.RECEIVED
        object.__setattr__(platform.ledger, stop, real)
        if restart:
            platform.reopen()
            assert platform.state(order) is State.BOOKED
        answers = platform.corridor.submit(requests)
        assert [one.reason for one in answers] == [Reason.NONE, Reason.NONE, Reason.MANDATE_EXHAUSTED]
        assert platform.balance(A) == 1_450
        sealed = platform.acts.show(order_key(order)).sealed_entry
        assert sealed > 0


def test_two_threads_after_the_last_of_a_mandate(platform: Platform) -> None:
    """R4: however many hands reach for the rest of a mandate at once, it is given once."""
    platform.fund(A, 100_000)
    platform.mandate(total=1_000, per_order=100, types=frozenset({OrderType.FEE}))
    orders = [o.Fee(id=platform.new(), day=DAY, payer=A, amount=100) for _ in range(40)]
    found: list[Reason] = []

    def give(mine: list[o.Fee]) -> None:
        for one in mine:
            found.append(platform.corridor.submit([Request(one, "app", mandate=7)])[0].reason)

    threads = [threading.Thread(target=give, args=(orders[first::4],)) for first in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found.count(Reason.NONE) == 10
    assert found.count(Reason.MANDATE_EXHAUSTED) == 30
    assert platform.balance(INCOME) == 1_000


def test_a_revocation_stops_what_was_examined_before_it(platform: Platform) -> None:
    """R3: the ledger itself refuses an order whose mandate was revoked between examination and booking."""
    platform.fund(A, 1_000)
    platform.mandate()
    order = o.Fee(id=platform.new(), day=DAY, payer=A, amount=100)
    real = platform.ledger.create_transfers_array
    done: list[bool] = []

    def slow(batch: object) -> object:
        if not done:
            done.append(True)
            platform.corridor.rooms.mandates.revoke(7, by="app", evidence="cancel-1")
        return real(batch)  # type: ignore[arg-type]

    object.__setattr__(platform.ledger, "create_transfers_array", slow)
    assert platform.why(order, mandate=7) is Reason.MANDATE_EXHAUSTED
    assert platform.balance(A) == 1_000


if __name__ == "__main__":
    run_from(Path(sys.argv[1]), int(sys.argv[2]))
