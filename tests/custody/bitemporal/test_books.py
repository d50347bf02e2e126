"""Any balance as of T, as known at K: three ways to the same sums, and a closed day that nothing changes."""

import tempfile
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.custody.bitemporal.books import (
    ALL,
    BANK,
    DAYS,
    FREE,
    HOUR,
    HOURS,
    A,
    B,
    Time,
    books,
    moment,
    move,
    rows,
)

from jinku.base.errors import MoneyOverflow
from jinku.custody.closing.settings import CloseSettings
from jinku.custody.structure.bitemporal import EffectiveBooks
from jinku.custody.structure.bitemporal_hours import BusinessHours, date_of
from jinku.custody.structure.template import load_structure
from jinku.ledger.layout import Array, u128
from jinku.ledger.model import TransferFlags
from jinku.ledger.service import Ledger

PENDING, POST, VOID = (
    TransferFlags.PENDING,
    TransferFlags.POST_PENDING_TRANSFER,
    TransferFlags.VOID_PENDING_TRANSFER,
)
D16, D17, D18, D19, D20 = DAYS


def test_the_effective_instant_is_the_booked_moment_moved_into_the_business_day() -> None:
    """R12: booked on its day; back-dated at that day's cut-off; forward-dated at that day's first instant."""
    monday, friday, next_monday = date(2026, 11, 16), date(2026, 11, 20), date(2026, 11, 23)
    noon = moment(friday, 5)
    assert HOURS.effective_one(noon, friday) == noon
    assert HOURS.effective_one(noon, monday) == HOURS.closing(monday)
    assert HOURS.effective_one(noon, next_monday) == HOURS.closing(friday) + 1
    saturday = HOURS.closing(friday) + 20 * HOUR  # the weekend belongs to Monday
    assert HOURS.effective_one(saturday, next_monday) == saturday
    assert HOURS.day_at(saturday) == next_monday
    assert HOURS.day_at(HOURS.closing(friday)) == friday
    assert HOURS.day_at(HOURS.closing(friday) + 1) == next_monday
    assert date_of(20261132) is None
    assert date_of(7) is None


@pytest.mark.parametrize("name", ["cn-fund-custody", "uk-safeguarding", "us-fbo", "eu-safeguarding"])
def test_a_business_day_ends_where_its_close_says_so(name: str) -> None:
    structure = load_structure(name)
    hours, closes = BusinessHours.of(structure), CloseSettings.of_structure(structure)
    for ahead in range(700):
        day = date(2025, 1, 4) + timedelta(days=ahead)
        assert hours.closing(day) == closes.cut_off_of(day)
        at = closes.cut_off_of(day) + 7 * HOUR
        assert hours.day_at(at) == closes.day_of(at)


def story(ledger: Ledger, clock: Time) -> list[int]:
    """Five days with holds, a part payment, a void, and entries dated back; the moments between."""
    moments = []

    def book(day: date, *transfers: object) -> None:
        clock.now = max(clock.now, moment(day))
        statuses = ledger.create_transfers_array(rows(*transfers))["status"]  # type: ignore[arg-type]
        assert (statuses == 0xFFFFFFFF).all(), statuses
        moments.append(clock.now)

    book(D16, move(1, BANK, A, 1000, D16), move(2, A, B, 300, D16))
    book(D17, move(3, A, B, 200, D17, flags=PENDING), move(4, B, BANK, 100, D17, flags=PENDING))
    book(D18, move(5, A, B, 150, D18, flags=POST, pending_id=3), move(6, BANK, A, 40, D16))
    book(D19, move(7, B, BANK, 0, D19, flags=VOID, pending_id=4), move(8, BANK, B, 500, D17))
    book(D20, move(9, A, FREE, 70, D18), move(10, BANK, A, 9, None), move(11, A, B, 3, date(2026, 11, 24)))
    return moments


def test_every_balance_as_of_any_moment_as_known_at_any_other(tmp_path: Path) -> None:
    """R12: what was known on Tuesday of Monday's close, and what is known of it on Friday."""
    clock = Time(moment(D16))
    with books(tmp_path / "l", clock) as ledger:
        known = story(ledger, clock)
        view = EffectiveBooks(ledger, HOURS)
        monday = HOURS.closing(D16)
        assert view.balance_at(A, monday, known[1]).credit_balance == 700
        assert view.balance_at(A, monday, known[2]).credit_balance == 740  # 40 were dated back meanwhile
        assert view.balance_at(A, HOURS.closing(D18), known[4]).credit_balance == 520  # 740 - 150 - 70
        assert view.balance_at(A, HOURS.closing(D17)).debits_pending == 200
        assert view.balance_at(A, known[4]).credit_balance == 529  # the 3 of next Tuesday do not count yet
        assert view.balance_at(A, HOURS.closing(date(2026, 11, 24))).credit_balance == 526
        changes = view.changes(monday, known[1], known[4])
        assert {one.account: one.amount for one in changes.accounts} == {A: 40, BANK: -40}
        assert [one[0] for one in changes.transfers] == [6]
        statement = view.statement(A, monday, HOURS.closing(D18), known[4])
        assert [(one.transfer, one.amount, one.is_back_dated) for one in statement.lines] == [
            (3, 0, False),
            (5, -150, False),
            (9, -70, True),
        ]
        assert statement.closing.sums == view.balance_at(A, HOURS.closing(D18), known[4]).sums
        assert view.statement(A, monday, HOURS.closing(D18), known[3]).closing.credit_balance == 590


def test_a_report_of_a_closed_day_as_known_at_its_close_never_changes(tmp_path: Path) -> None:
    """R12: whatever is booked later, dated back or not, the day as known at its close stays byte for byte."""
    clock = Time(moment(D16))
    with books(tmp_path / "l", clock) as ledger:
        story(ledger, clock)
        view = EffectiveBooks(ledger, HOURS)
        closes = {day: HOURS.closing(day) + HOUR for day in DAYS[:4]}
        before = {day: view.accounts_at(HOURS.closing(day), at).tobytes() for day, at in closes.items()}
        clock.now = moment(D20, 1)
        ledger.create_transfers_array(
            rows(
                *(move(100 + n, BANK, A, 10, day) for n, day in enumerate(DAYS)), move(110, A, FREE, 50, D16)
            )
        )
        after = {day: view.accounts_at(HOURS.closing(day), at).tobytes() for day, at in closes.items()}
        assert after == before
        assert view.accounts_at(HOURS.closing(D16)).tobytes() != before[D16]


@settings(max_examples=10, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    st.lists(
        st.tuples(
            st.sampled_from([BANK, A, B, FREE]),
            st.sampled_from([BANK, A, B, FREE]),
            st.integers(1, 60) | st.just((1 << 64) - 3),
            st.sampled_from([None, *DAYS, date(2026, 11, 25)]),
            st.sampled_from(["plain", "hold", "hold-timed", "post", "part", "void"]),
            st.sampled_from([0, HOUR, 20 * HOUR]),
        ),
        max_size=24,
    ),
    st.integers(0, 200),
)
def test_three_ways_to_a_balance_agree(
    steps: list[tuple[int, int, int, date | None, str, int]], at: int
) -> None:
    """R12, R19: the fold of amounts, the account's own history, and the ledger's own answer where T = K."""
    with tempfile.TemporaryDirectory() as where:
        clock = Time(moment(D16))
        with books(Path(where) / "l", clock) as ledger:
            holds: list[int] = []
            ledger.create_transfers_array(rows(move(1, BANK, A, 100, D16), move(2, BANK, B, 1 << 90, D16)))
            for number, (debit, credit, amount, day, kind, wait) in enumerate(steps, 10):
                clock.now += wait
                more: dict[str, int] = {}
                if kind.startswith("hold"):
                    more = {"flags": PENDING, "timeout": 3600 * 30 if kind == "hold-timed" else 0}
                elif kind != "plain":
                    if not holds:
                        continue
                    more = {"flags": VOID if kind == "void" else POST, "pending_id": holds.pop(0)}
                    amount = {"post": ALL, "part": 1, "void": 0}[kind]
                result = ledger.create_transfers_array(rows(move(number, debit, credit, amount, day, **more)))
                if kind.startswith("hold") and result["status"][0] == 0xFFFFFFFF:
                    holds.append(number)
            clock.now += 40 * HOUR
            _agree(ledger, clock.now, at)


def _agree(ledger: Ledger, now: int, at: int) -> None:
    view = EffectiveBooks(ledger, HOURS)
    ledger.accounts_array()
    stamps = ledger.entries(0, ledger.size())["timestamp"].tolist()
    for known in {stamps[at % len(stamps)], stamps[-1], now}:
        for effective in {stamps[at % len(stamps)], HOURS.closing(D17), known, now + 400 * HOUR}:
            table = view.accounts_at(effective, known)
            for row in range(len(table)):
                one = view.balance_at(u128(table, "id")[row], effective, known)
                assert one.sums == _sums(table[row : row + 1])
        if _nothing_ahead(ledger, known):  # the ledger's own answer knows no day that is still to come
            table = view.accounts_at(known, known)
            own = ledger.balances_as_of(u128(table, "id"), known)
            for row, account in enumerate(own):
                assert account is not None
                assert _sums(table[row : row + 1]) == (
                    account.debits_pending,
                    account.debits_posted,
                    account.credits_pending,
                    account.credits_posted,
                )
    everything = view.accounts_at(1 << 62)
    assert everything.tobytes() == ledger.accounts_array().tobytes()


def _nothing_ahead(ledger: Ledger, known: int) -> bool:
    entries = ledger.entries(0, ledger.size())
    entries = entries[entries["timestamp"] <= known]
    return bool(
        (entries["event"]["user_data_32"][entries["kind"] == 2] <= 20261120).all() and known >= moment(D20)
    )


def _sums(row: Array) -> tuple[int, ...]:
    return tuple(
        u128(row, name)[0]
        for name in ("debits_pending", "debits_posted", "credits_pending", "credits_posted")
    )


def test_sums_beyond_128_bits_are_refused() -> None:
    """R19: no sum wraps."""
    from jinku.custody.structure.bitemporal_fold import _joined

    limbs = np.zeros((1, 4), np.int64)
    limbs[0, 3] = 1 << 33
    with pytest.raises(MoneyOverflow):
        _joined(limbs)
    limbs[0, 3] = -1
    with pytest.raises(MoneyOverflow):
        _joined(limbs)
