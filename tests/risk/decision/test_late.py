"""Late answers cannot be bought: small sums are one large sum, nobody listed passes, no flood makes others late."""

import threading
import time
from pathlib import Path

import numpy as np
import pytest
from tests.risk.decision.kit import LINES, POLICY, SHANGHAI, Plain, ledger_clock, opened_ledger

from jinku.ledger.service import Ledger
from jinku.risk.decision.combining import Basis
from jinku.risk.decision.desk import Desk
from jinku.risk.decision.errors import DecisionsBusy, DecisionsHalted
from jinku.risk.decision.ids import IdIndex
from jinku.risk.decision.journal import Journal
from jinku.risk.decision.late import HOUR_US, WITHIN_HOURS, LateBook
from jinku.risk.decision.model import Action, Stage
from jinku.risk.decision.office import DecisionOffice, Requests, ids_from, last_time
from jinku.risk.decision.policy import Policy
from jinku.risk.decision.record import decode
from jinku.risk.decision.replay import decided_again
from jinku.risk.events.batch import EventBatch
from jinku.risk.events.columns import Column, keys
from jinku.risk.events.payments import payments
from jinku.risk.events.stamp import Stamper

A, H, D = Action.ALLOW, Action.HOLD, Action.DENY
START = ledger_clock() // 1_000
Row = tuple[int, int, int]
"""Customer, payee, amount."""


def events(rows: list[Row], at: int = START, *, listed: bool = False, currency: str = "CNY") -> EventBatch:
    count = len(rows)
    payer = Column.of_keys([row[0] for row in rows])
    columns = {
        "id": Column.full(keys(range(at, at + count))),
        "time": Column.full(np.arange(at, at + count, dtype=np.int64)),
        "customer": payer,
        "payer": payer,
        "payee": Column.of_keys([row[1] for row in rows]),
        "amount": Column.of_integers([row[2] for row in rows]),
        "currency": Column.of_texts([currency] * count),
        "listed": Column.of_booleans([listed] * count),
    }
    return payments(columns, SHANGHAI)


class Stuck(Plain):
    """Takes longer than any deadline, by a clock that it moves itself, while told to."""

    def __init__(self) -> None:
        super().__init__()
        self.now, self.stuck = 0, True

    def rules(self, frame, batch):  # type: ignore[no-untyped-def]
        self.now += 10**12 if self.stuck else 0
        return super().rules(frame, batch)


def late(desk: Desk, book: LateBook, batch: EventBatch) -> list[int]:
    decided = desk.decide(batch, None, None, book)
    desk.settle()
    book.noted(batch, decided.outcomes)
    assert (decided.outcomes["stage"] == Stage.LATE).all()
    return [int(one) for one in decided.outcomes["action"]]


@pytest.fixture
def desk():  # type: ignore[no-untyped-def]
    engines = Stuck()
    with Desk(engines, POLICY, monotonic=lambda: engines.now) as made:
        yield made


def test_small_late_movements_of_one_customer_are_one_large_one(desk: Desk) -> None:
    """K1: what a customer gets through late counts together, over batches, by customer and currency, for a day."""
    book = LateBook()
    assert late(desk, book, events([(7, 1, 400), (7, 2, 400), (7, 3, 400), (8, 1, 1_000)])) == [A, A, H, A]
    assert late(desk, book, events([(7, 1, 200), (7, 1, 1), (8, 1, 1)], START + 10)) == [A, H, H]
    assert late(desk, book, events([(9, 1, 1)], START + 20, currency="USD")) == [H], (
        "no limit is a limit of 0"
    )
    day = START + WITHIN_HOURS * HOUR_US
    assert late(desk, book, events([(7, 1, 1)], day)) == [H]
    assert late(desk, book, events([(7, 1, 1_000), (7, 1, 1)], day + 2 * HOUR_US)) == [A, H]


def test_a_customer_told_beforehand_does_not_spread_a_payers_movements(desk: Desk) -> None:
    """K1: the context may name any customer; only one of the two sides counts as one."""
    batch = events([(7, 1, 600)] * 3)
    columns = dict(batch.columns) | {"customer": Column.of_keys([100, 101, 102])}
    assert late(desk, LateBook(), EventBatch(batch.schema, columns)) == [A, H, H]
    columns["customer"] = Column.of_keys([1, 1, 7])  # money that comes in is of who gets it
    assert late(desk, LateBook(), EventBatch(batch.schema, columns)) == [A, H, A]


def test_nobody_listed_passes_late_and_the_policys_word_on_lists_holds(desk: Desk) -> None:
    """K1, K5: the cheap checks are done however late it is."""
    assert late(desk, LateBook(), events([(7, 1, 1)], listed=True)) == [D]
    mild = Policy.from_bytes(POLICY.raw.replace(b'action = "deny"', b'action = "challenge"'))
    desk.policy, desk.basis = mild, Basis(desk.engines.versions, LINES, mild)
    assert late(desk, LateBook(), events([(7, 1, 1)], START + 10, listed=True)) == [H]


def test_all_customers_together_have_a_limit_too(desk: Desk) -> None:
    """K1: many customers, each below its own limit."""
    whole = Policy.from_bytes(
        POLICY.raw.replace(
            b'hold_above = { CNY = "1000" }', b'hold_above = { CNY = "1000" }\nall_above = { CNY = "2500" }'
        )
    )
    desk.policy, desk.basis = whole, Basis(desk.engines.versions, LINES, whole)
    book = LateBook()
    assert late(desk, book, events([(one, 1, 900) for one in range(10, 14)])) == [A, A, H, H]
    assert late(desk, book, events([(20, 1, 700), (21, 1, 1)], START + 10)) == [A, H]


def requests(batch: EventBatch) -> Requests:
    ids = batch.column("id").values

    def made(rows, times):  # type: ignore[no-untyped-def]
        return EventBatch(batch.schema, dict(batch[rows].columns) | {"time": Column.full(times)})

    raw = batch.column("amount").values.view(np.uint8).reshape(-1, 8)
    return Requests("test", ids["lo"].copy(), ids["hi"].copy(), raw, np.zeros(len(batch), np.bool_), made)


def opened(directory: Path, ledger: Ledger, engines: Plain, **more: float) -> DecisionOffice:
    journal = Journal.open(directory / "decisions", ledger)
    index = IdIndex.open(directory / "ids", lambda first: ids_from(journal, first), journal.size)
    watch = (lambda: engines.now) if isinstance(engines, Stuck) else time.monotonic_ns
    book = LateBook()
    book.read(journal, book.first(journal, START), journal.size)
    stamper = Stamper(ledger_clock, last_time(journal))
    return DecisionOffice(Desk(engines, POLICY, monotonic=watch), journal, index, stamper, None, book, **more)


def test_what_passed_late_is_counted_again_after_a_restart_and_replayed(tmp_path: Path) -> None:
    """K1, K2: built from the journal; what was due of a late movement is in its record and replayed from there."""
    with opened_ledger(tmp_path) as ledger:
        with opened(tmp_path, ledger, Stuck()) as office:
            first = office.decide(requests(events([(7, 1, 900), (7, 1, 50)])))
            assert first.outcomes["action"].tolist() == [A, A]
        with opened(tmp_path, ledger, Stuck()) as office:
            again = office.decide(requests(events([(7, 1, 50), (7, 1, 1), (7, 1, 5_000)], START + 10)))
            assert again.outcomes["action"].tolist() == [A, H, H]
            assert again.outcomes["late"].tolist() == [0, H, 0]
            assert "not looked at" in again.whys[again.outcomes["why"][1]]
            kept = decode(office.journal.read(again.record))
        replayed = decided_again(kept, Plain(), Basis(kept.decided.versions, LINES, POLICY))  # type: ignore[arg-type]
        assert replayed.outcomes.tobytes() == kept.decided.outcomes.tobytes()


def test_what_others_gave_before_makes_nobody_late() -> None:
    """K1: the deadline counts from one's own turn, so a flood costs time, not the decision."""
    release, begun = threading.Event(), threading.Event()

    class Slow(Plain):
        def rules(self, frame, batch):  # type: ignore[no-untyped-def]
            if len(batch) > 1:
                begun.set()
                release.wait(20)
            return super().rules(frame, batch)

    short = Policy.from_bytes(POLICY.raw.replace(b"deadline_ms = 1000", b"deadline_ms = 600"))
    with Desk(Slow(), short) as desk:
        flood = desk.decide(events([(7, 1, 1)] * 2))
        assert (flood.outcomes["stage"] == Stage.LATE).all()
        assert begun.is_set()
        found: list[int] = []
        start = time.monotonic()
        one = threading.Thread(
            target=lambda: found.extend(desk.decide(events([(8, 1, 60_000)])).outcomes["stage"])
        )
        one.start()
        time.sleep(0.4)
        release.set()
        one.join(20)
        assert found == [Stage.DECIDED], "its turn came within the deadline"
        assert 0.4 <= time.monotonic() - start < 10


def test_slices_become_smaller_where_events_take_long() -> None:
    """K1: on a busy machine the clock is asked more often, so what can be found in time is."""
    engines = Stuck()
    with Desk(engines, POLICY, monotonic=lambda: engines.now) as desk:
        assert desk.slice_events == 2_048
        desk.decide(events([(7, 1, 1)] * 100))
        assert desk.slice_events == 64
        engines.stuck = False
        for number in range(40):
            desk.decide(events([(7, 1, 1)] * 100, START + 1_000 * (number + 1)))
            desk.settle()
        assert desk.slice_events == 2_048


def test_a_batch_that_is_never_kept_holds_a_switch_up_for_a_moment_only(tmp_path: Path) -> None:
    """A ticket that nobody keeps: a clear error, counted; the next one to be kept halts, since order is lost."""
    with opened_ledger(tmp_path) as ledger, opened(tmp_path, ledger, Plain(), keep_s=0.2) as office:
        lost = office.begin(requests(events([(7, 1, 1)])))
        with (
            pytest.raises(DecisionsBusy, match="record 0 was decided and not kept"),
            office.between_batches(0.1),
        ):
            pass
        assert office.waited_out == 1
        ticket = office.begin(requests(events([(7, 1, 1)], START + 10)))
        with pytest.raises(DecisionsHalted):
            office.keep(ticket)
        with pytest.raises(DecisionsHalted):
            office.keep(lost)


def test_an_engine_that_hangs_holds_a_switch_up_for_a_moment_only(tmp_path: Path) -> None:
    """While it hangs everything is answered late; a switch gives up and leaves the way free."""
    go_on = threading.Event()

    class Hanging(Plain):
        def rules(self, frame, batch):  # type: ignore[no-untyped-def]
            go_on.wait(20)
            return super().rules(frame, batch)

    engines = Hanging()
    with opened_ledger(tmp_path) as ledger, opened(tmp_path, ledger, engines) as office:
        office.desk.policy = Policy.from_bytes(POLICY.raw.replace(b"deadline_ms = 1000", b"deadline_ms = 30"))
        assert office.decide(requests(events([(7, 1, 1)]))).outcomes["stage"].tolist() == [Stage.LATE]
        with pytest.raises(DecisionsBusy, match="not done"), office.between_batches(0.05):
            pass
        assert office.decide(requests(events([(7, 1, 1)], START + 10))).outcomes["stage"].tolist() == [
            Stage.LATE
        ]
        go_on.set()
        with office.between_batches(20):
            assert engines.seen == 2
