"""Back-dating: refused where any balance between then and now would be illegal, under any race."""

import random
import tempfile
import threading
from collections.abc import Callable
from datetime import date
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.custody.bitemporal.books import (
    BANK,
    DAYS,
    ENTITY,
    FREE,
    HOUR,
    HOURS,
    LIMITED,
    A,
    B,
    C,
    Time,
    books,
    created,
    moment,
    move,
    rows,
    running,
)

from jinku.custody.structure.bitemporal import EffectiveBooks
from jinku.custody.structure.bitemporal_errors import BooksTooBusy
from jinku.custody.structure.bitemporal_guard import BackdatingGuard
from jinku.custody.structure.bitemporal_plan import Reason
from jinku.ledger.layout import Array
from jinku.ledger.model import CreateTransferStatus, Transfer, TransferFlags
from jinku.ledger.service import Ledger

D16, D17, D18, D19, D20 = DAYS
PENDING, POST, VOID = (
    TransferFlags.PENDING,
    TransferFlags.POST_PENDING_TRANSFER,
    TransferFlags.VOID_PENDING_TRANSFER,
)


class Days:
    """Closed days, kept by the test."""

    def __init__(self, *closed: date) -> None:
        self.closed = set(closed)
        self.asked = 0
        self.on_ask: Callable[[int], None] = lambda _: None

    def is_closed(self, entity: int, currency: int, day: date) -> bool:
        assert (entity, currency) == (1, 156)
        self.asked += 1
        self.on_ask(self.asked)
        return day in self.closed


def at(ledger: Ledger, clock: Time, day: date, *transfers: Transfer) -> None:
    clock.now = max(clock.now, moment(day))
    assert all(created(ledger.create_transfers_array(rows(*transfers))["status"].tolist()))


def test_a_balance_that_would_have_been_below_zero_in_between_is_refused(tmp_path: Path) -> None:
    """R12: the final balance alone allows it; the balance of Tuesday does not."""
    clock = Time(moment(D16))
    with books(tmp_path / "l", clock) as ledger:
        at(ledger, clock, D16, move(1, BANK, A, 100, D16))
        at(ledger, clock, D17, move(2, A, B, 100, D17))
        at(ledger, clock, D18, move(3, BANK, A, 100, D18))
        clock.now = moment(D20)
        guard = BackdatingGuard(ledger, HOURS, clock)
        batch = rows(move(9, A, B, 50, D16))
        [seen] = guard.check(batch)
        done = guard.book(batch)
        [refusal] = done.refusals
        assert refusal == seen
        assert (refusal.reason, refusal.account, refusal.room) == (Reason.OVERDRAWN, A, -50)
        assert HOURS.day_at(refusal.moment) == D17
        assert "-50" in refusal.message
        assert not ledger.lookup_transfers([9])
        # the same movement fits from Wednesday on, and the ledger by itself would have let the other one pass
        assert created(guard.book(rows(move(10, A, B, 50, D18))).results["status"].tolist()) == [True]
        assert created(ledger.create_transfers_array(rows(move(9, A, B, 50, D16)))["status"].tolist()) == [
            True
        ]
        assert min(room for _, room in running(ledger, A)) < 0


def test_holds_count_and_what_is_freed_counts_from_then_on(tmp_path: Path) -> None:
    """R12: money that was held on Tuesday could not be spent on Tuesday."""
    clock = Time(moment(D16))
    with books(tmp_path / "l", clock) as ledger:
        at(ledger, clock, D16, move(1, BANK, A, 100, D16))
        at(ledger, clock, D17, move(2, A, B, 80, D17, flags=PENDING))
        at(ledger, clock, D18, move(3, A, B, 0, D18, flags=VOID, pending_id=2))
        clock.now = moment(D19)
        guard = BackdatingGuard(ledger, HOURS, clock)
        assert guard.book(rows(move(4, A, B, 50, D16))).refusals[0].room == -30
        assert guard.book(rows(move(5, A, B, 50, D16, flags=PENDING))).refusals[0].room == -30
        assert not guard.book(rows(move(6, A, B, 20, D16))).refusals
        assert not guard.book(rows(move(7, A, B, 80, D18))).refusals
        assert created(guard.book(rows(move(8, A, B, 1, D18))).results["status"].tolist()) == [False]


def test_the_bank_mirror_may_not_have_been_below_zero_either(tmp_path: Path) -> None:
    """R12: a payout dated before the deposit that it was paid from."""
    clock = Time(moment(D17))
    with books(tmp_path / "l", clock) as ledger:
        at(ledger, clock, D17, move(1, BANK, FREE, 100, D17))
        guard = BackdatingGuard(ledger, HOURS, clock, overdrafts={FREE: 1000}.get)
        [refusal] = guard.book(rows(move(2, FREE, BANK, 40, D16))).refusals
        assert refusal.account == BANK
        clock.now = moment(D18)
        assert not guard.book(rows(move(3, FREE, BANK, 40, D17))).refusals
        # FREE has an overdraft of 1000 that the ledger does not know
        assert guard.book(rows(move(4, FREE, A, 1001, D16))).refusals[0].room == -1001
        assert not guard.book(rows(move(5, FREE, A, 900, D16))).refusals


def test_a_chain_falls_as_a_whole_and_its_neighbours_stand(tmp_path: Path) -> None:
    clock = Time(moment(D17))
    with books(tmp_path / "l", clock) as ledger:
        at(ledger, clock, D17, move(1, BANK, A, 100, D17))
        guard = BackdatingGuard(ledger, HOURS, clock)
        linked = TransferFlags.LINKED
        batch = rows(
            move(2, BANK, B, 5, D16),
            move(3, BANK, B, 1, D17, flags=linked),
            move(4, A, B, 50, D16),
            move(5, BANK, C, 7, D16, flags=linked),
            move(6, C, B, 7, D16),
            move(7, A, C, 1, D17),
        )
        done = guard.book(batch)
        assert [(one.row, one.reason) for one in done.refusals] == [(1, Reason.OVERDRAWN)]
        assert created(done.results["status"].tolist()) == [True, False, False, True, True, True]
        again = guard.book(batch)
        assert created(again.results["status"].tolist())[0] is True


def test_closed_later_and_undated_days_are_refused_and_a_retry_is_not(tmp_path: Path) -> None:
    """R12, R6: nothing gets into a closed day; what got in before it closed is still EXISTS."""
    clock = Time(moment(D17))
    days = Days(D16)
    with books(tmp_path / "l", clock) as ledger:
        guard = BackdatingGuard(ledger, HOURS, clock, closed=days)
        batch = rows(
            move(1, BANK, A, 100, D16),
            move(2, BANK, A, 100, D18),
            move(3, BANK, A, 100, D17, user_data_64=1),
            move(4, BANK, A, 100, None),
        )
        batch["user_data_32"][3] = 20261340
        reasons = {one.row: one.reason for one in guard.book(batch).refusals}
        assert reasons == {0: Reason.CLOSED_DAY, 1: Reason.LATER_DAY, 3: Reason.NO_DAY}
        clock.now = moment(D18)
        late = rows(move(5, BANK, A, 10, D17), move(6, A, B, 10, D17))
        assert not guard.book(late).refusals
        days.closed.add(D17)
        again = guard.book(late)
        assert not again.refusals
        assert (again.results["status"] == CreateTransferStatus.EXISTS).all()
        assert guard.book(rows(move(7, BANK, A, 10, D17))).refusals[0].reason is Reason.CLOSED_DAY
        balancing = move(8, A, B, 10, D18, flags=TransferFlags.BALANCING_DEBIT)
        clock.now = moment(D19)
        assert guard.book(rows(balancing)).refusals[0].reason is Reason.BALANCING


def test_a_post_without_a_day_inherits_that_of_its_hold(tmp_path: Path) -> None:
    clock = Time(moment(D16))
    days = Days()
    with books(tmp_path / "l", clock) as ledger:
        at(ledger, clock, D16, move(1, BANK, A, 100, D16), move(2, A, B, 60, D16, flags=PENDING))
        clock.now = moment(D18)
        days.closed.add(D16)
        guard = BackdatingGuard(ledger, HOURS, clock, closed=days)
        post = move(3, A, B, 60, None, flags=POST, pending_id=2)
        assert guard.book(rows(post)).refusals[0].reason is Reason.CLOSED_DAY
        assert not guard.book(rows(move(4, A, B, 60, D18, flags=POST, pending_id=2))).refusals


def test_a_day_that_closes_while_a_booking_is_under_way_takes_nothing(tmp_path: Path) -> None:
    """R12, R6: the plan found the day open; on the writing thread it is closed."""
    clock = Time(moment(D17))
    with books(tmp_path / "l", clock) as ledger:
        days = Days()
        days.on_ask = lambda asked: days.closed.add(D16) if asked == 2 else None
        guard = BackdatingGuard(ledger, HOURS, clock, closed=days)
        assert guard.book(rows(move(1, BANK, A, 100, D16))).refusals[0].reason is Reason.CLOSED_DAY
        assert not ledger.lookup_transfers([1])

        def down(_: int) -> None:
            raise BooksTooBusy(1)

        days.closed.clear()
        days.asked, days.on_ask = 0, lambda asked: down(asked) if asked == 2 else None
        with pytest.raises(BooksTooBusy):
            guard.book(rows(move(2, BANK, A, 100, D16)))
        days.on_ask = lambda asked: 1 / 0 if asked % 2 == 0 else None  # type: ignore[assignment]
        days.asked = 0
        with pytest.raises(BooksTooBusy, match="ZeroDivisionError"):
            guard.book(rows(move(3, BANK, A, 100, D16)))
        assert not ledger.halted  # a fault of the check stops no payment
        assert created(ledger.create_transfers_array(rows(move(4, BANK, A, 1, D17)))["status"].tolist()) == [
            True
        ]


def test_a_cut_off_that_passes_between_plan_and_booking_is_seen(tmp_path: Path) -> None:
    """R12: what was of the day when it was planned is dated back when it is booked."""
    clock = Time(HOURS.closing(D17) - 5_000)
    with books(tmp_path / "l", clock) as ledger:
        clock.now = HOURS.closing(D17) - 2 * HOUR
        guard = BackdatingGuard(ledger, HOURS, clock)
        real = guard._planner.plan

        def slow(batch: Array, now: int, first: int = 0) -> object:
            plan = real(batch, now, first)
            if clock.now < HOURS.closing(D17):
                clock.now = HOURS.closing(D17) + HOUR
                ledger.create_transfers_array(rows(move(50, BANK, A, 100, D18)))
            return plan

        guard._planner.plan = slow  # type: ignore[method-assign, assignment]
        [refusal] = guard.book(rows(move(1, A, B, 30, D17))).refusals
        assert refusal.reason is Reason.OVERDRAWN


@settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    st.lists(
        st.tuples(
            st.sampled_from([BANK, A, B, C]),
            st.sampled_from([BANK, A, B, C]),
            st.integers(1, 40),
            st.integers(0, 4),
            st.sampled_from(["plain", "plain", "hold", "post", "void"]),
            st.booleans(),
        ),
        max_size=40,
    )
)
def test_no_story_leaves_a_balance_illegal_at_any_moment(
    steps: list[tuple[int, int, int, int, str, bool]],
) -> None:
    """R12: whatever is sent, each running balance by effective time keeps its limit; and nothing legal is refused."""
    with tempfile.TemporaryDirectory() as where:
        clock = Time(moment(D16))
        with books(Path(where) / "l", clock) as ledger:
            guard = BackdatingGuard(ledger, HOURS, clock)
            holds: list[int] = []
            guard.book(rows(move(1, BANK, A, 50, D16), move(2, BANK, B, 50, D16)))
            for number, (debit, credit, amount, day, kind, jump) in enumerate(steps, 10):
                if debit == credit:
                    continue
                if jump and clock.now < moment(D20):
                    clock.now += 24 * HOUR
                more: dict[str, int] = {"flags": PENDING} if kind == "hold" else {}
                if kind in ("post", "void"):
                    if not holds:
                        continue
                    more = {"flags": POST if kind == "post" else VOID, "pending_id": holds.pop(0)}
                    amount = (1 << 128) - 1 if kind == "post" else 0
                bears = min(DAYS[day], HOURS.day_at(clock.now))
                one = move(number, debit, credit, amount, bears, **more)
                done = guard.book(rows(one))
                booked = created(done.results["status"].tolist())[0]
                if booked and kind == "hold":
                    holds.append(number)
                _legal(ledger)
                if done.refusals and done.refusals[0].reason is Reason.OVERDRAWN and not number % 4:
                    # the refusal was right: had it been booked, the account named would have been illegal there
                    forced = ledger.create_transfers_array(rows(one))
                    if created(forced["status"].tolist())[0]:
                        refused = done.refusals[0]
                        assert min(room for _, room in running(ledger, refused.account)) < 0
                    return


def _legal(ledger: Ledger) -> None:
    for account in LIMITED:
        assert min((room for _, room in running(ledger, account)), default=0) >= 0, account % ENTITY


@pytest.mark.parametrize("seed", [1, 2])
def test_concurrent_bookings_never_slip_an_illegal_balance_in(tmp_path: Path, seed: int) -> None:
    """R12: threads that know nothing of the guard move the same accounts up and down while others date back."""
    clock = Time(moment(D16))
    with books(tmp_path / "l", clock) as ledger:
        at(ledger, clock, D16, move(1, BANK, A, 60, D16), move(2, BANK, B, 60, D16))
        clock.now = moment(D20)
        guard = BackdatingGuard(ledger, HOURS, clock)
        outcomes: list[bool] = []
        faults: list[BaseException] = []

        def plain(base: int, rng: random.Random) -> None:
            for n in range(150):
                debit, credit = rng.sample([BANK, A, B], 2)
                ledger.create_transfers_array(rows(move(base + n, debit, credit, rng.randint(1, 60), D20)))

        def dated_back(base: int, rng: random.Random) -> None:
            for n in range(40):
                debit, credit = rng.sample([BANK, A, B], 2)
                day = rng.choice(DAYS[:4])
                done = guard.book(rows(move(base + n, debit, credit, rng.randint(1, 30), day)))
                outcomes.append(not done.refusals)

        def watched(run: Callable[[int, random.Random], None], base: int) -> None:
            try:
                run(base, random.Random(seed * 100 + base))
            except BaseException as fault:
                faults.append(fault)

        threads = [
            threading.Thread(target=watched, args=(run, 1000 * (n + 1)))
            for n, run in enumerate([plain, plain, dated_back, dated_back, dated_back])
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert not faults
        assert any(outcomes)
        assert not all(outcomes)
        for account in (BANK, A, B):
            assert min(room for _, room in running(ledger, account)) >= 0
        view = EffectiveBooks(ledger, HOURS)
        for account in (A, B):
            assert view.balance_at(account, 1 << 62).credit_balance == running(ledger, account)[-1][1]


def test_a_race_between_look_and_booking_is_noticed(tmp_path: Path) -> None:
    """R12: another booking takes the money and gives it back between the look at the past and the writing thread."""
    clock = Time(moment(D16))
    with books(tmp_path / "l", clock) as ledger:
        at(ledger, clock, D16, move(1, BANK, A, 100, D16))
        clock.now = moment(D20)
        guard = BackdatingGuard(ledger, HOURS, clock)
        real = guard._verdict
        raced: list[int] = []

        def slow(*arguments: object) -> object:
            verdict = real(*arguments)  # type: ignore[arg-type]
            if not raced:
                raced.append(1)
                ledger.create_transfers_array(rows(move(50, A, B, 60, D20), move(51, B, A, 60, D20)))
            return verdict

        guard._verdict = slow  # type: ignore[method-assign, assignment]
        [refusal] = guard.book(rows(move(2, A, B, 100, D17))).refusals
        assert refusal.room == -60
        assert not ledger.lookup_transfers([2])
        assert min(room for _, room in running(ledger, A)) >= 0


def test_an_ordinary_batch_passes_in_one_piece(tmp_path: Path) -> None:
    clock = Time(moment(D18))
    with books(tmp_path / "l", clock) as ledger:
        guard = BackdatingGuard(ledger, HOURS, clock)
        before = ledger.grouping[0]
        done = guard.book(rows(*(move(n, BANK, A, 1, D18 if n % 2 else D17) for n in range(1, 500))))
        assert not done.refusals
        assert ledger.grouping[0] == before + 1
        assert int(np.count_nonzero(done.results["timestamp"])) == 499
