"""Customers are rated by a table, explained, reviewed in time; a person's grade takes two and ends."""

from dataclasses import replace
from datetime import date, timedelta

import pytest
from sqlalchemy import text
from tests.risk.cases.kit import MONDAY, Kit

from jinku.base.errors import InputError
from jinku.risk.acts.errors import ActTampered, BadAct
from jinku.risk.rating.engine import Identity, Profile, identity_on, months_after, rate
from jinku.risk.rating.errors import RatingRefused, RatingUnknown
from jinku.risk.rating.table import FACTORS, GRADES, POINTS, Factor, Points

PLAIN: dict[Factor, str] = {
    Factor.GEOGRAPHY: "home", Factor.PRODUCT: "deposit", Factor.CHANNEL: "counter", Factor.KIND: "natural",
    Factor.BEHAVIOUR: "5", Factor.LIST: "none", Factor.PEP: "none",
}  # fmt: skip


def profile(customer: int = 7, *, until: date | None = None, **more: str) -> Profile:
    return Profile(customer, {**PLAIN, **{Factor(name): value for name, value in more.items()}}, until)


@pytest.mark.parametrize(
    ("more", "score", "grade"),
    [
        ({}, 0, 1),
        ({"geography": "abroad", "channel": "remote"}, 15, 2),
        ({"geography": "offshore", "kind": "company", "channel": "remote"}, 30, 3),
        ({"behaviour": "69"}, 10, 1),
        ({"behaviour": "70"}, 25, 2),
        ({"behaviour": "90"}, 40, 4),
        ({"list": "watch"}, 30, 3),
        ({"list": "sanctions"}, 100, 5),
        ({"pep": "foreign"}, 30, 4),
        ({"geography": "high_risk"}, 40, 4),
    ],
)
def test_points_make_the_grade_and_floors_lift_it(more: dict[str, str], score: int, grade: int) -> None:
    """K6: geography, product, channel, kind, behaviour, lists, political office; every point has its row."""
    found = rate(Profile(7, {**PLAIN, **{Factor(name): value for name, value in more.items()}}), MONDAY)
    assert (found.score, found.grade) == (score, grade)
    assert [one.factor for one in found.reasons] == list(FACTORS)
    assert sum(one.points for one in found.reasons) == score
    assert found.review == months_after(MONDAY, {1: 36, 2: 24, 3: 12, 4: 6, 5: 6}[grade])


def test_what_nobody_knows_is_not_low_risk() -> None:
    """K6: a missing or unknown value takes the factor's highest points."""
    without: dict[Factor, str] = {name: value for name, value in PLAIN.items() if name is not Factor.CHANNEL}
    strange: dict[Factor, str] = {**without, Factor.CHANNEL: "pigeon"}
    known: tuple[dict[Factor, str], ...] = (strange, without)
    for values in known:
        found = rate(Profile(7, values), MONDAY)
        assert found.score == 10
        [reason] = [one for one in found.reasons if one.points]
        assert "not known" in reason.english
    assert rate(Profile(7, {}), MONDAY).grade == max(grade for grade, *_ in GRADES)
    with pytest.raises(InputError):
        profile(behaviour="101")


def test_rows_hold_from_their_day() -> None:
    """K6: effective-dated: a new row for a value replaces the old one from its day."""
    later = Points(MONDAY, Factor.CHANNEL, "remote", 40, "at a distance", "非面对面")
    for day, score in ((MONDAY - timedelta(1), 5), (MONDAY, 40)):
        assert rate(profile(channel="remote"), day, (*POINTS, later)).score == score
    with pytest.raises(InputError):
        rate(profile(), date(2024, 1, 1))


def test_expired_identity_restricts_step_by_step() -> None:
    """K6: expired identity → restriction."""
    until = date(2026, 11, 20)
    days = [0, 1, 90, 91]
    assert [identity_on(until, until + timedelta(n)) for n in days] == [
        Identity.VALID, Identity.EXPIRED, Identity.EXPIRED, Identity.REFUSED,
    ]  # fmt: skip
    assert identity_on(None, date.max) is Identity.VALID
    assert months_after(date(2026, 8, 31), 6) == date(2027, 2, 28)


def test_ratings_are_kept_as_columns_and_due_when_they_are(kit: Kit) -> None:
    """K6: reviews by grade, and at once when a document ends."""
    kit.ratings.rate([profile(1), profile(2, list="watch"), profile(3, until=MONDAY + timedelta(9))], "kyc-1")
    kit.ratings.rate([profile(2, list="sanctions")], "kyc-1")
    found = kit.ratings.columns([3, 9, 2, 1], MONDAY + timedelta(10))
    assert found["grade"].tolist() == [1, 0, 5, 1]
    assert found["identity"].tolist() == [Identity.EXPIRED, 0, 0, 0]
    assert [one.rating.customer for one in kit.ratings.due(MONDAY + timedelta(9))] == [3]
    assert [one.rating.customer for one in kit.ratings.due(months_after(MONDAY, 6))] == [3, 2]
    with pytest.raises(RatingUnknown):
        kit.ratings.counts(9, MONDAY)
    with pytest.raises(BadAct):
        kit.ratings.rate([profile(4), profile(4)], "kyc-1")
    assert kit.ratings.audit() == 4


def test_a_persons_grade_takes_two_and_ends(kit: Kit) -> None:
    """K6: manual override with four eyes and expiry; it does not go below a floor."""
    kit.ratings.rate([profile(1), profile(2, list="watch")], "kyc-1")
    until = MONDAY + timedelta(30)
    kit.ratings.propose_override(1, 4, until, "kyc-1", "cash from a new shop")
    assert kit.ratings.counts(1, MONDAY).grade == 1
    with pytest.raises(RatingRefused):
        kit.ratings.approve_override(1, "KYC-1")
    kit.ratings.approve_override(1, "head-1")
    counts = kit.ratings.counts(1, until)
    assert (counts.grade, counts.rating.grade, counts.review) == (4, 1, months_after(MONDAY, 6))
    assert kit.ratings.columns([1], until)["overridden"].tolist() == [True]
    assert kit.ratings.counts(1, until + timedelta(1)).grade == 1
    with pytest.raises(BadAct):
        kit.ratings.propose_override(2, 2, until, "kyc-1", "below the floor of the list")
    for wrong in (MONDAY + timedelta(366), MONDAY - timedelta(1)):
        with pytest.raises(BadAct):
            kit.ratings.propose_override(2, 4, wrong, "kyc-1", "too long")
    assert kit.ratings.end_override(1, "head-2", "the shop is known now").state == "ending"
    assert kit.ratings.counts(1, MONDAY).grade == 4
    with pytest.raises(RatingRefused):
        kit.ratings.approve_override(1, "Head-2")
    kit.ratings.approve_override(1, "kyc-1")
    assert kit.ratings.counts(1, MONDAY).grade == 1
    with pytest.raises(RatingRefused):
        kit.ratings.approve_override(1, "head-2")
    lowered = kit.ratings.propose_override(2, 3, until, "kyc-1", "same name, another person")
    kit.ratings.approve_override(2, "head-1")
    kit.ratings.rate([profile(2, list="sanctions")], "kyc-1")
    assert (lowered.grade, kit.ratings.counts(2, MONDAY).grade) == (3, 5), "a later floor counts all the same"
    kit.audit()


def test_one_person_alone_switches_no_override_off(kit: Kit) -> None:
    """K6: what is in force stays until another person has confirmed what comes instead, also its end."""
    kit.ratings.rate([profile(1), profile(2)], "kyc-1")
    until = MONDAY + timedelta(30)
    with pytest.raises(RatingUnknown):
        kit.ratings.end_override(1, "kyc-1", "none is there")
    kit.ratings.propose_override(1, 5, until, "kyc-1", "cash from a new shop")
    kit.ratings.approve_override(1, "head-1")

    def counts() -> list[int]:
        columns = kit.ratings.columns([1], MONDAY)["grade"].tolist()
        return [kit.ratings.counts(1, MONDAY).grade, *columns, kit.ratings.grades(MONDAY)[1]]

    lower = kit.ratings.propose_override(1, 1, until, "insider", "trust me")
    assert (lower.state, counts()) == ("proposed", [5, 5, 5])
    with pytest.raises(RatingRefused):
        kit.ratings.propose_override(1, 1, until, "insider", "again")
    with pytest.raises(RatingRefused):
        kit.ratings.end_override(1, "insider", "again")
    with pytest.raises(RatingRefused):
        kit.ratings.approve_override(1, "Insider")
    assert kit.ratings.refuse_override(1, "head-1", "no").state == "refused"
    assert counts() == [5, 5, 5]
    kit.ratings.end_override(1, "insider", "trust me")
    assert counts() == [5, 5, 5]
    assert kit.ratings.refuse_override(1, "head-1", "no").state == "in_force"
    assert counts() == [5, 5, 5]
    kit.ratings.propose_override(1, 3, until, "kyc-1", "seen")
    assert kit.ratings.approve_override(1, "head-1").state == "in_force"
    assert counts() == [3, 3, 3]
    kit.audit()


def test_a_grade_is_approved_by_the_floor_of_that_day(kit: Kit) -> None:
    """K6: lowering is looked at again by the second person's day."""
    kit.ratings.rate([profile(2)], "kyc-1")
    kit.ratings.propose_override(2, 1, MONDAY + timedelta(3), "kyc-1", "known for years")
    kit.ratings.rate([profile(2, list="watch")], "kyc-2")
    with pytest.raises(RatingRefused, match="below the floor"):
        kit.ratings.approve_override(2, "head-1")
    kit.ratings.refuse_override(2, "head-1", "listed since")
    kit.audit()


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE risk_rating SET grade = 1 WHERE customer = '2'",
        "DELETE FROM risk_rating WHERE customer = '2'",
        "UPDATE risk_rating SET profile = replace(profile, 'watch', 'none')",
    ],
)
def test_a_rating_changed_afterwards_is_found(kit: Kit, change: str) -> None:
    """K6."""
    kit.ratings.rate([profile(1), profile(2, list="watch")], "kyc-1")
    with kit.database.writing() as connection:
        assert connection.execute(text(change)).rowcount > 0
    with pytest.raises(ActTampered):
        kit.ratings.audit()


def test_the_same_profile_gives_the_same_rating() -> None:
    assert rate(profile(), MONDAY) == rate(replace(profile()), MONDAY)
