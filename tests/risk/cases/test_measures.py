"""Measures: proportionate, by two persons, with a basis; objections within 15 days; what binds is columns."""

from collections.abc import Callable
from datetime import date, timedelta

import numpy as np
import pytest
from tests.risk.cases.kit import MONDAY, PAYER, Kit

from jinku.risk.acts.errors import BadAct
from jinku.risk.cases.errors import NotNow, NotYourPart, SecondPersonNeeded
from jinku.risk.cases.ladder import LADDER, METHODS, Limits, Rung, rung_of
from jinku.risk.cases.measure_desk import Wish
from jinku.risk.cases.measures import Measure, Stage, Verdict
from jinku.risk.cases.restrictions import RESTRICTION

AMOUNT = Limits(amount=5_000_000, currency="CNY", period_days=1)


def taken(kit: Kit, rung: Rung = Rung.LIMIT_AMOUNT, limits: Limits = AMOUNT, **more: object) -> Measure:
    wish = Wish(PAYER, rung, "many small deposits", limits, "a word with the customer did nothing", **more)  # type: ignore[arg-type]
    return kit.measures.approve(kit.measures.propose(wish, "aml-1").key, "head-1")


def test_a_measure_takes_two_persons_a_basis_and_a_reason(kit: Kit) -> None:
    """K8: maker ≠ checker, legal basis from the dated table, proportionality."""
    one = kit.measures.propose(
        Wish(PAYER, Rung.LIMIT_AMOUNT, "many deposits", AMOUNT, "asked twice"), "head-1"
    )
    assert (one.stage, one.basis) == (Stage.PROPOSED, "AML Law of the PRC (2024), art. 30")
    assert not kit.measures.restrictions(MONDAY).places
    with pytest.raises(SecondPersonNeeded):
        kit.measures.approve(one.key, "HEAD-1")
    with pytest.raises(NotYourPart):
        kit.measures.approve(one.key, "aml-1")
    one = kit.measures.approve(one.key, "head-2")
    assert (one.stage, one.checker, one.milder) == (Stage.IN_FORCE, "head-2", "asked twice")
    with pytest.raises(NotNow):
        kit.measures.refuse(one.key, "head-2", "too late")
    assert kit.audit() == 6 + 2


def test_the_ladder_asks_why_a_milder_rung_is_not_enough(kit: Kit) -> None:
    """K8: skipping a rung, and every rung from a hold on, needs the word; the next rung up does not."""
    for rung, limits in ((Rung.LIMIT_AMOUNT, AMOUNT), (Rung.HOLD, Limits()), (Rung.END, Limits())):
        with pytest.raises(BadAct, match="milder"):
            kit.measures.propose(Wish(PAYER, rung, "because", limits), "aml-1")
    for rung, limits in (
        (Rung.DILIGENCE, Limits()),
        (Rung.LIMIT_METHOD, Limits(("cash", "cross_border"))),
        (Rung.LIMIT_AMOUNT, AMOUNT),
    ):
        one = kit.measures.propose(Wish(PAYER, rung, "step by step", limits), "aml-1")
        kit.measures.approve(one.key, "head-1")
    with pytest.raises(BadAct, match="milder"):
        kit.measures.propose(Wish(PAYER, Rung.HOLD, "because"), "aml-1")
    with pytest.raises(BadAct, match="milder"):
        kit.measures.propose(Wish(78, Rung.LIMIT_METHOD, "another customer", Limits(("cash",))), "aml-1")


@pytest.mark.parametrize(
    ("rung", "limits"),
    [
        (Rung.LIMIT_AMOUNT, Limits(amount=5)),
        (Rung.LIMIT_AMOUNT, Limits(amount=5, currency="CNY", period_days=1, count=3)),
        (Rung.LIMIT_METHOD, Limits()),
        (Rung.LIMIT_FREQUENCY, Limits(count=3)),
        (Rung.HOLD, AMOUNT),
    ],
)
def test_a_rung_has_the_limits_that_the_table_names(one: Kit, rung: Rung, limits: Limits) -> None:
    with pytest.raises(BadAct):
        one.measures.propose(Wish(PAYER, rung, "because", limits, "why"), "aml-1")


def test_nonsense_is_no_limit() -> None:
    builds: tuple[Callable[[], Limits], ...] = (
        lambda: Limits(("barter",)),
        lambda: Limits(amount=-1),
        lambda: Limits(period_days=2),
    )
    for build in builds:
        with pytest.raises(BadAct):
            build()
    with pytest.raises(Exception, match="has no legal basis"):
        rung_of(LADDER, Rung.HOLD, date(2024, 12, 31))


def test_a_listed_name_is_stopped_at_once_and_confirmed_by_another(kit: Kit) -> None:
    """K8: AML Law art. 40–41: in force from the first act, late confirmations are told."""
    one = kit.measures.stop_at_once(Wish(PAYER, Rung.REFUSE, "list_un entry 6908555"))
    assert (one.stage, one.maker) == (Stage.AT_ONCE, "jinku")
    assert kit.measures.restrictions(MONDAY).of([PAYER])["rung"][0] == Rung.REFUSE
    [waits] = kit.measures.waiting("head-1", MONDAY + timedelta(1))
    assert (waits.due, waits.overdue) == (MONDAY + timedelta(1), False)
    assert kit.measures.waiting("head-1", MONDAY + timedelta(2))[0].overdue
    assert kit.measures.approve(one.key, "head-1").stage is Stage.IN_FORCE
    wrong = kit.measures.stop_at_once(Wish(78, Rung.HOLD, "the same name"), "aml-1")
    assert kit.measures.refuse(wrong.key, "head-1", "another person of that name").stage is Stage.LIFTED
    assert kit.measures.restrictions(MONDAY).of([78, PAYER])["rung"].tolist() == [0, Rung.REFUSE]
    with pytest.raises(BadAct):
        kit.measures.stop_at_once(Wish(PAYER, Rung.LIMIT_AMOUNT, "no list", AMOUNT))


def test_an_objection_is_answered_within_fifteen_days_by_a_third_person(kit: Kit) -> None:
    """K8: AML Law art. 39: clock, reminders, overdue list, and who may answer."""
    one = taken(kit)
    kit.measures.object(one.key, "aml-1", MONDAY, "我是做小生意的")
    open_days = [kit.measures.objections("head-2", MONDAY + timedelta(n))[0] for n in (0, 5, 14, 15, 16)]
    assert [(each.reminders, each.overdue) for each in open_days] == [
        (0, False), (1, False), (3, False), (3, False), (3, True),
    ]  # fmt: skip
    assert open_days[0].due == MONDAY + timedelta(15)
    for by in ("head-1", "HEAD-1"):
        with pytest.raises(SecondPersonNeeded):
            kit.measures.answer(one.key, by, 1, Verdict.KEEP, "we keep it")
    with pytest.raises(NotNow):
        kit.measures.answer(one.key, "head-2", 2, Verdict.KEEP, "which?")
    with pytest.raises(BadAct):
        kit.measures.answer(one.key, "head-2", 1, Verdict.CHANGE, "more")
    more = Limits(amount=9_000_000, currency="CNY", period_days=1)
    changed = kit.measures.answer(one.key, "head-2", 1, Verdict.CHANGE, "more a day", limits=more)
    assert (changed.limits, changed.objections[0].answered) == (more, MONDAY)
    assert kit.measures.objections("head-2", MONDAY + timedelta(99)) == []
    kit.measures.object(one.key, "aml-2", MONDAY, "still too little")
    lifted = kit.measures.answer(one.key, "head-3", 2, Verdict.LIFT, "right: it is a shop")
    assert lifted.stage is Stage.LIFTED
    with pytest.raises(NotNow):
        kit.measures.object(one.key, "aml-1", MONDAY, "it is gone")
    with pytest.raises(BadAct):
        kit.measures.object(one.key, "aml-1", MONDAY + timedelta(1), "from tomorrow")


def test_who_took_an_objection_does_not_answer_it(one: Kit) -> None:
    """K8."""
    measure = taken(one)
    one.measures.object(measure.key, "head-2", MONDAY, "why?")
    with pytest.raises(SecondPersonNeeded):
        one.measures.answer(measure.key, "head-2", 1, Verdict.KEEP, "so")


def test_lifting_takes_two_persons(kit: Kit) -> None:
    """K8."""
    one = taken(kit)
    with pytest.raises(NotNow):
        kit.measures.lift(one.key, "head-1")
    kit.measures.propose_lift(one.key, "head-1", "three quiet months")
    with pytest.raises(SecondPersonNeeded):
        kit.measures.lift(one.key, "head-1")
    kit.measures.keep(one.key, "head-2", "one more month")
    kit.measures.propose_lift(one.key, "aml-1", "a month has passed")
    assert kit.measures.lift(one.key, "head-1").stage is Stage.LIFTED
    assert kit.measures.restrictions(MONDAY).of([PAYER])["rung"][0] == 0


def test_what_binds_is_columns_with_every_limit(kit: Kit) -> None:
    """K8: for the decisions: highest rung, methods of all, each limit by itself, ends with its last day."""
    taken(kit)
    before = kit.measures.version()
    snapshot = kit.measures.restrictions(MONDAY)
    taken(kit, Rung.LIMIT_AMOUNT, Limits(amount=100_000, currency="USD", period_days=30))
    taken(kit, Rung.LIMIT_FREQUENCY, Limits(count=0, period_days=7), until=MONDAY + timedelta(3))
    taken(kit, Rung.LIMIT_METHOD, Limits(("cash", "card")))
    taken(kit, Rung.LIMIT_METHOD, Limits(("card", "online")))
    assert kit.measures.version() > before
    now = kit.measures.restrictions(MONDAY + timedelta(3))
    customers = [5, PAYER, 1 << 100, PAYER]
    rows = now.of(customers)
    assert rows.dtype == RESTRICTION
    assert rows["rung"].tolist() == [0, Rung.LIMIT_FREQUENCY, 0, Rung.LIMIT_FREQUENCY]
    bits = {name for at, name in enumerate(METHODS) if rows["methods"][1] >> at & 1}
    assert bits == {"cash", "card", "online"}
    first, count = int(rows["first"][1]), int(rows["limits"][1])
    assert now.limits[first : first + count].tolist() == [
        (Rung.LIMIT_AMOUNT, 156, 1, 5_000_000), (Rung.LIMIT_AMOUNT, 840, 30, 100_000), (Rung.LIMIT_FREQUENCY, 0, 7, 0),
    ]  # fmt: skip
    later = kit.measures.restrictions(MONDAY + timedelta(4))
    assert later.of([PAYER])["limits"][0] == 2
    assert len({snapshot.digest(), now.digest(), later.digest()}) == 3
    assert snapshot.of([PAYER])["limits"][0] == 1, "a snapshot stays what it was"
    with pytest.raises(ValueError, match="read-only"):
        now.rows["rung"] = 0
    assert np.array_equal(now.rows, kit.measures.restrictions(MONDAY + timedelta(3)).rows)
