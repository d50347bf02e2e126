"""Alerts: taken together within a window, weighed by a table, told in time, provable."""

from dataclasses import replace
from datetime import date, time, timedelta

import pytest
from sqlalchemy import text
from tests.risk.cases.kit import MONDAY, PAYER, Kit, alert, kit_on, moment, raised

from jinku.risk.acts.errors import ActTampered, BadAct
from jinku.risk.cases.alert_desk import AlertParts
from jinku.risk.cases.alerts import Alert, Scale, weigh
from jinku.risk.cases.errors import AlertChanged
from jinku.risk.cases.model import Outcome
from jinku.risk.cases.table import POINTS, QUIET, WINDOWS, Clockwork, is_quiet, window


def test_alerts_of_one_subject_and_typology_within_the_window_are_one(kit: Kit) -> None:
    """K7, K12: dedupe counts, sums and weighs again; another subject, typology or month is another alert."""
    [first] = raised(kit, alert("a"))
    again = kit.alerts.raise_(
        [
            alert("b", score=95, at=moment(MONDAY + timedelta(29)), amount=50_000_000),
            alert("c", subject=78),
            alert("d", typology="fan_in"),
            alert("e", at=moment(MONDAY + timedelta(70))),
            alert("f", currency="USD"),
        ]
    )
    assert again.joined == (first,)
    assert len(again.new) == 4
    group, hits = kit.alerts.alert(first, "aml-1")
    assert (group.seen, group.score, group.amount, group.window) == (2, 95, 54_900_000, "month")
    assert [one.key for one in hits] == ["a", "b"]
    assert (group.priority, sum(points for _, _, points in group.why)) == (2, 65)
    assert kit.alerts.audit() == 6


def test_a_window_reaches_back_as_well_and_a_late_one_joins(one: Kit) -> None:
    [first] = raised(one, alert("late", at=moment(MONDAY)))
    joined = one.alerts.raise_([alert("early", at=moment(MONDAY - timedelta(30)))])
    assert joined.joined == (first,)
    assert raised(one, alert("before", at=moment(MONDAY - timedelta(61)))) == (first + 1,)
    assert window(WINDOWS, "velocity_out", MONDAY).days == 7
    assert window(WINDOWS, "list_hit", MONDAY).days == 90


def test_the_same_key_again_changes_nothing_and_another_content_is_an_error(kit: Kit) -> None:
    """K7."""
    raised(kit, alert("a"))
    assert kit.alerts.raise_([alert("a"), alert("a")]) == ((), (), 2)
    with pytest.raises(AlertChanged):
        kit.alerts.raise_([alert("new"), alert("a", score=61)])
    assert len(kit.alerts.list_("aml-1")) == 1
    [group] = kit.alerts.list_("aml-1")
    assert group.seen == 1


def test_an_alert_of_a_closed_case_is_not_joined(one: Kit) -> None:
    [first] = raised(one, alert("a"))
    case = one.opened(first)
    assert one.alerts.raise_([alert("b")]).joined == (first,)
    one.cases.propose(case.key, "aml-1", Outcome.DISMISS, "wages")
    one.cases.approve(case.key, "head-1")
    assert raised(one, alert("c")) == (first + 1,)
    one.cases.reopen(case.key, "head-2", "new facts")
    assert one.alerts.alert(first, "head-1")[0].is_closed is False


def test_priority_is_the_tables_and_explained() -> None:
    """K7: the highest row of each measure counts; the reasons say which."""
    found = weigh(POINTS, Scale("list_un", 92, 200_000_000, "CNY", 12, 4), MONDAY)
    assert (found.level, found.points) == (1, 100 + 40 + 40 + 20 + 20)
    assert ("a name on a list", "名单命中", 100) in found.reasons
    assert weigh(POINTS, Scale("structuring", 49, 4_999_999, "CNY", 2, 2), MONDAY).reasons == ()
    assert weigh(POINTS, Scale("structuring", 50, 5_000_000, "CNY", 3, 3), MONDAY).level == 3
    assert weigh(POINTS, Scale("structuring", 90, 0, "", 1, 0), date(2024, 12, 31)).points == 0


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("key", "no blanks"), ("score", 101), ("score", -1), ("typology", "Fan-In"), ("amount", -1), ("at", 0),
        ("evidence", ("xy",)), ("source", "rumour"), ("subject", 1 << 128), ("currency", ""),
    ],
)  # fmt: skip
def test_an_alert_holds_no_nonsense(field: str, value: object) -> None:
    good = alert("a")
    with pytest.raises(BadAct):
        Alert(**{**{name: getattr(good, name) for name in Alert.__slots__}, field: value})


def test_who_is_told_when_and_what_waits_for_the_end_of_quiet_hours(kit: Kit) -> None:
    """K12: quiet hours, escalation, each notice once."""
    kit.clock.set(MONDAY, 23)
    low, urgent = raised(kit, alert("a", score=75, amount=50_000_000), alert("b", typology="list_un"))
    told = kit.alerts.tell(moment(MONDAY, 23))
    assert [(one.alert.id, one.notice.level) for one in told] == [(urgent, 1)]
    assert kit.alerts.tell(moment(MONDAY, 23)) == []
    tuesday = MONDAY + timedelta(1)
    morning = kit.alerts.tell(moment(tuesday, 8, 30))
    assert {(one.alert.id, one.notice.level) for one in morning} == {(low, 1), (urgent, 2)}
    kit.opened(urgent)
    friday = kit.alerts.tell(moment(MONDAY + timedelta(4)))
    assert [(one.alert.id, one.notice.level, one.notice.english) for one in friday] == [
        (low, 2, "head of compliance")
    ]


def test_quiet_hours_cross_midnight_and_cover_days_off() -> None:
    clock = Clockwork()
    assert is_quiet(QUIET, moment(MONDAY, 20), clock)
    assert is_quiet(QUIET, moment(MONDAY, 8, 29), clock)
    assert not is_quiet(QUIET, moment(MONDAY, 8, 30), clock)
    assert is_quiet(QUIET, moment(date(2026, 10, 1), 12), clock), "a national holiday"
    assert not is_quiet(QUIET, moment(date(2026, 10, 10), 12), clock), "a working Saturday"
    noon = [replace(QUIET[0], begins=time(12), ends=time(13), days_off=False)]
    assert is_quiet(noon, moment(MONDAY, 12, 30), clock)
    assert not is_quiet(noon, moment(MONDAY, 23), clock)


def test_the_grade_of_a_customer_makes_its_alerts_more_urgent(tmp_path: object) -> None:
    asked: list[list[int]] = []

    def grades(customers: object) -> list[int]:
        asked.append(list(customers))  # type: ignore[call-overload]
        return [5 if one == PAYER else 1 for one in asked[-1]]

    from pathlib import Path

    directory = Path(str(tmp_path))
    kit = kit_on(directory / "control.db", directory, AlertParts(grades_of=grades))
    high, low = raised(kit, alert("a"), alert("b", subject=78), alert("c", subject=78))
    points = {one.id: sum(points for _, _, points in one.why) for one in kit.alerts.list_("aml-1")}
    assert points[high] - points[low] == 20 - 10, "grade 5 against the amount of two"
    assert asked == [[PAYER, 78]], "one question for a batch"
    kit.ledger.close()


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE risk_alert_hit SET document = replace(document, 'structuring', 'wages')",
        "DELETE FROM risk_alert_hit WHERE key = 'a'",
        "UPDATE risk_alert SET score = 1",
        "UPDATE risk_alert SET seen = 9",
    ],
)
def test_an_alert_that_is_changed_afterwards_is_found(kit: Kit, change: str) -> None:
    """K7."""
    raised(kit, alert("a"), alert("b", subject=78))
    assert kit.alerts.audit() == 2
    with kit.database.writing() as connection:
        connection.execute(text(change))
    with pytest.raises(ActTampered):
        kit.alerts.audit()
