"""Who stands behind a company: exact shares through layers and cycles, and control down a chain."""

from datetime import date
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jinku.risk.rating.errors import BadOwnership
from jinku.risk.rating.ownership import (
    Holding,
    beneficial_owners,
    controlled_by,
    direct_on,
    effective_shares,
)

DAY = date(2026, 11, 22)


def held(*rows: tuple[str, str, int]) -> list[Holding]:
    return [Holding(owner, company, Fraction(percent, 100)) for owner, company, percent in rows]


def test_twenty_five_percent_through_layers_is_inclusive() -> None:
    """K6: look-through: p-1 has 50 % of 50 %; p-2 one part in a hundred less than enough."""
    register = held(
        ("co-2", "co-1", 50),
        ("p-1", "co-2", 50),
        ("p-2", "co-1", 24),
        ("p-3", "co-1", 1),
        ("p-3", "co-2", 50),
    )
    owners = beneficial_owners(register, "co-1", DAY)
    assert [(one.reference, one.share, one.through) for one in owners] == [
        ("p-3", Fraction(26, 100), ("co-2",)), ("p-1", Fraction(25, 100), ("co-2",)),
    ]  # fmt: skip


def test_a_cycle_belongs_in_the_end_to_the_persons_behind_it() -> None:
    """K6: cycles handled, exactly."""
    register = held(("a", "co-1", 40), ("co-2", "co-1", 60), ("co-1", "co-2", 50), ("b", "co-2", 50))
    shares = effective_shares(direct_on(register, DAY), "co-1")
    assert shares == {"a": Fraction(4, 7), "b": Fraction(3, 7)}
    own = held(("co-1", "co-1", 50), ("a", "co-1", 50))
    assert effective_shares(direct_on(own, DAY), "co-1") == {"a": Fraction(1)}
    with pytest.raises(BadOwnership):
        effective_shares(direct_on(held(("co-1", "co-2", 100), ("co-2", "co-1", 100)), DAY), "co-1")


def test_who_controls_is_named_where_nobody_has_enough() -> None:
    """K6: 51 % of 51 % of 51 % is 13 %, and control all the same."""
    register = held(("co-2", "co-1", 51), ("co-3", "co-2", 51), ("boss", "co-3", 51), ("x", "co-3", 49))
    [owner] = beneficial_owners(register, "co-1", DAY)
    assert (owner.reference, owner.share, owner.controls) == ("boss", Fraction(51, 100) ** 3, True)
    assert owner.through == ("co-2", "co-3")


def test_control_of_listed_names_adds_up_and_goes_down_the_chain() -> None:
    """K5, K6: control chain of 50 % or more, of several listed names together."""
    register = held(
        ("bad-1", "co-1", 30), ("bad-2", "co-1", 20), ("co-1", "co-2", 50), ("good", "co-2", 50), ("co-2", "co-3", 49),
    )  # fmt: skip
    direct = direct_on(register, DAY)
    assert controlled_by({"bad-1", "bad-2"}, direct) == {"co-1", "co-2"}
    assert controlled_by({"bad-1"}, direct) == set()
    ring = direct_on(held(("co-1", "co-2", 60), ("co-2", "co-1", 60)), DAY)
    assert controlled_by({"bad-1"}, ring) == set(), "companies that hold each other are nobody's"


def test_holdings_count_from_their_first_to_their_last_day() -> None:
    """K6: effective-dated."""
    register = [
        Holding("a", "co-1", Fraction(1), last_day=date(2026, 6, 30)),
        Holding("b", "co-1", Fraction(1), from_day=date(2026, 7, 1)),
    ]
    named = [
        beneficial_owners(register, "co-1", day)[0].reference for day in (date(2026, 6, 30), date(2026, 7, 1))
    ]
    assert named == ["a", "b"]
    assert beneficial_owners(register, "co-9", DAY) == []


@pytest.mark.parametrize("share", [Fraction(0), Fraction(-1, 2), Fraction(101, 100)])
def test_shares_that_cannot_be_are_refused(share: Fraction) -> None:
    with pytest.raises(BadOwnership):
        Holding("a", "co-1", share)
    with pytest.raises(BadOwnership, match="more than all"):
        direct_on(held(("a", "co-1", 60), ("b", "co-1", 41)), DAY)


_COMPANIES = ["c0", "c1", "c2", "c3"]
_SPLIT = st.lists(st.integers(0, 9), min_size=6, max_size=6)


@given(st.lists(_SPLIT, min_size=4, max_size=4))
def test_what_is_held_of_a_company_belongs_to_persons_in_full(splits: list[list[int]]) -> None:
    """K6: any register that leads to persons gives them exactly all of it, as walking along the shares does."""
    names = [*_COMPANIES, "p", "q"]
    register = []
    for company, split in zip(_COMPANIES, splits, strict=True):
        parts = [*split[:4], split[4] + 1, split[5]]  # somebody natural has a part of each
        register += [
            Holding(owner, company, Fraction(part, sum(parts)))
            for owner, part in zip(names, parts, strict=True)
            if part
        ]
    direct = direct_on(register, DAY)
    shares = effective_shares(direct, "c0")
    assert sum(shares.values()) == 1
    walked, at = {"p": 0.0, "q": 0.0}, {"c0": 1.0}
    for _ in range(400):
        further: dict[str, float] = {}
        for company, weight in at.items():
            for owner, share in direct[company].items():
                target = walked if owner in walked else further
                target[owner] = target.get(owner, 0.0) + weight * float(share)
        at = further
    left = sum(at.values())
    for name in ("p", "q"):
        assert abs(float(shares.get(name, Fraction(0))) - walked[name]) <= left + 1e-9
