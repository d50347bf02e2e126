"""Limits of measures: what is refused or expires is given back, once; running counts say what counting anew would."""

from pathlib import Path

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.risk.decision.kit import SHANGHAI
from tests.risk.house.kit import DAY_NS, RULES, SETTINGS, Now, desks_of, last, moved, movements, opened

from jinku.base.clock import day_of
from jinku.bootstrap.deciding_status import DecidedStatus
from jinku.bootstrap.risk_desks import open_desks
from jinku.bootstrap.risk_limits import DAY_US
from jinku.bootstrap.risk_limits import Limits as Counted
from jinku.ledger.model import CreateTransferStatus, TransferFlags
from jinku.risk.cases.ladder import Limits, Rung
from jinku.risk.cases.measure_desk import Wish
from jinku.risk.cases.restrictions import LIMIT, RESTRICTION, Restrictions
from jinku.risk.decision.model import OUTCOME, Action
from jinku.risk.events.batch import EventBatch
from jinku.risk.events.columns import Column, keys
from jinku.risk.events.payments import payments

CREATED, HELD, DENIED = CreateTransferStatus.CREATED, DecidedStatus.RISK_HELD, DecidedStatus.RISK_DENIED
WITH_RULES = SETTINGS + 'rules = "rules.toml"\n'


def house(directory: Path, most: int = 500) -> Path:
    (directory / "risk").mkdir(parents=True)
    (directory / "risk" / "rules.toml").write_text(RULES.format(most=most))
    return directory


def test_what_is_refused_is_given_back_once_and_over_a_restart(tmp_path: Path) -> None:
    """K8: a limit counts what waits; once it is refused it does not, and never less than that."""
    clock, place = Now(), house(tmp_path / "house")
    with opened(place, clock, WITH_RULES) as risk:
        desks = desks_of(risk, clock)
        wish = Wish(5, Rung.LIMIT_AMOUNT, "x", Limits(amount=1_000, currency="CNY", period_days=1), "y")
        desks.measures.approve(desks.measures.propose(wish, "aml-1").key, "head-1")
        assert risk.refresh()
        assert moved(risk, 100, (5, 9, 900), (5, 9, 200)) == [HELD, DENIED]
        risk.acts.refuse(100, by="anna", note="no")
        assert moved(risk, 110, (5, 9, 200)) == [DENIED], "one person's word gives nothing back"
        risk.acts.refuse(100, by="ben", note="no")
        assert moved(risk, 120, (5, 9, 200), (5, 9, 801), (5, 9, 700)) == [CREATED, DENIED, HELD]
        risk.acts.release(122, by="anna", note="x")
        risk.acts.release(122, by="ben", note="x")
        assert moved(risk, 130, (5, 9, 101)) == [DENIED], "what was released counts"
    with opened(place, clock) as risk:
        assert moved(risk, 140, (5, 9, 101), (5, 9, 100), (5, 9, 1)) == [DENIED, CREATED, DENIED]
        desks = open_desks(risk.house, clock)
        wish = Wish(6, Rung.LIMIT_FREQUENCY, "x", Limits(count=9, period_days=1), "y")
        desks.measures.approve(desks.measures.propose(wish, "aml-1").key, "head-1")
        assert risk.refresh()
        assert moved(risk, 150, (5, 9, 1)) == [DENIED], "read again with the next measure: no more, no less"
        found = risk.replay(day_of(clock.ns))
        assert (found.mismatches, found.findings) == (0, [])


def test_what_expires_while_it_waits_is_given_back(tmp_path: Path) -> None:
    """K8: a giver's own pending transfer may end by itself; refused then, it is free again."""
    clock, place = Now(), house(tmp_path / "house")
    with opened(place, clock, WITH_RULES) as risk:
        desks = desks_of(risk, clock)
        wish = Wish(5, Rung.LIMIT_AMOUNT, "x", Limits(amount=1_000, currency="CNY", period_days=30), "y")
        desks.measures.approve(desks.measures.propose(wish, "aml-1").key, "head-1")
        assert risk.refresh()
        rows = movements(100, (5, 9, 900))
        rows["flags"], rows["timeout"] = TransferFlags.PENDING, 60
        assert risk.gate.create_transfers_array(rows)["status"].tolist() == [HELD]
        clock.ns += DAY_NS
        assert moved(risk, 110, (5, 9, 200)) == [DENIED]
        risk.acts.refuse(100, by="anna", note="x")
        risk.acts.refuse(100, by="ben", note="x")
        assert moved(risk, 120, (5, 9, 200)) == [CREATED]
        assert last(risk).decided.outcomes["measure"].tolist() == [0]


COUNTS = Restrictions(
    day=None,  # type: ignore[arg-type]
    version=1,
    rows=np.array([(0, 0, 0, 0), (2, 0, 0, 2), (2, 0, 2, 1)], RESTRICTION),
    limits=np.array(
        [
            (Rung.LIMIT_AMOUNT, 156, 2, 1_000),
            (Rung.LIMIT_FREQUENCY, 0, 1, 3),
            (Rung.LIMIT_AMOUNT, 840, 1, 500),
        ],
        LIMIT,
    ),
    places={5: 1, 6: 2},
)
MOVE = st.tuples(
    st.integers(0, 2), st.integers(0, 700), st.sampled_from(["CNY", "USD", None]), st.integers(0, 3),
    st.integers(1, DAY_US), st.booleans(),
)  # fmt: skip


def batch(number: int, time: int, amount: int, currency: str | None) -> EventBatch:
    columns = {
        "id": Column.full(keys([number])),
        "time": Column.full(np.array([time])),
        "amount": Column.of_integers([amount]),
        "currency": Column.of_texts([currency]),
    }
    return payments(columns, SHANGHAI)


@settings(max_examples=60, deadline=None)
@given(st.lists(MOVE, max_size=25))
def test_running_counts_are_what_counting_anew_says(
    moves: list[tuple[int, int, str | None, int, int, bool]],
) -> None:
    """K8: over days, customers, currencies, and what is given back."""
    counted, time = Counted(COUNTS), 10**15
    done: list[tuple[int, int, int, str | None, int, bool]] = []
    for number, (row, amount, currency, action, step, back) in enumerate(moves, 1):
        time += step
        events, own = batch(number, time, amount, currency), np.array([row])
        wanted = False
        for limit in COUNTS.limits[[] if row == 0 else [0, 1] if row == 1 else [2]]:
            inside = [one for one in done if one[1] == row and one[2] > time - int(limit["days"]) * DAY_US]
            if limit["rung"] == Rung.LIMIT_FREQUENCY:
                wanted |= len(inside) + 1 > limit["most"]
            elif amount and {156: "CNY", 840: "USD"}[int(limit["currency"])] == currency:
                wanted |= sum(one[4] for one in inside if one[3] == currency) + amount > limit["most"]
        assert counted.beyond(events, own).tolist() == [0] * bool(wanted)
        outcomes = np.zeros(1, OUTCOME)
        outcomes["action"] = Action.DENY if wanted else action
        counted.note(events, own, outcomes)
        if outcomes["action"][0] < Action.DENY:
            done.append((number, row, time, currency, amount, outcomes["action"][0] != Action.ALLOW))
        if back and done and done[0][5]:
            counted.give_back([done[0][0], done[0][0]])
            counted.give_back([done[0][0]])
            del done[0]
