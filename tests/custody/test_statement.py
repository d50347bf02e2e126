"""The checks of a statement that no bank makes for us."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st
from tests.custody.statements import IN, OUT, entry, statement

from jinku.custody.statements.model import (
    Direction,
    EntryStatus,
    check_all,
    check_duplicate_lines,
    check_sequence,
    check_sums,
)


@given(
    st.lists(st.tuples(st.integers(0, 10**15), st.sampled_from(Direction))), st.integers(-(10**15), 10**15)
)
def test_sums_hold_for_honest_statements_and_no_other(
    moves: list[tuple[int, Direction]], opening: int
) -> None:
    made = statement(*(entry(f"N{n}", *move) for n, move in enumerate(moves)), opening=opening)
    assert check_sums(made) == ()
    (finding,) = check_sums(replace(made, closing=made.closing + 1))
    assert finding.check == "sums"
    assert made.money(made.closing) in finding.problem


def test_only_booked_entries_move_the_balance() -> None:
    pending = replace(entry("P", 5), status=EntryStatus.PENDING)
    made = statement(entry("B", 7), pending)
    assert made.closing == 1_007
    assert check_sums(made) == ()
    assert [one.reference for one in made.booked] == ["B"]


def test_a_line_that_stands_twice_is_found() -> None:
    (finding,) = check_duplicate_lines(
        statement(entry("A", 1), entry("B", 1), entry("A", 2), entry("", 1), entry("", 1))
    )
    assert (finding.check, finding.place) == ("duplicate_line", "CUSTODY-1 CNY no. 1 line 3")


def test_statements_follow_one_another() -> None:
    first = statement(entry("A", 5))
    second = statement(entry("B", 3, OUT), opening=1_005, sequence=2)
    third = statement(opening=1_002, sequence=3)
    assert check_all([third, first, second]) == ()
    (gap,) = check_sequence([first, third])
    assert (gap.check, "after 1 comes 3" in gap.problem) == ("sequence", True)
    (jump,) = check_sequence([first, replace(second, opening=1_006)])
    assert (jump.check, "10.06 CNY" in jump.problem, "10.05 CNY" in jump.problem) == (
        "continuity",
        True,
        True,
    )
    (twice,) = check_sequence([first, first])
    assert twice.check == "duplicate_statement"
    assert check_sequence([first, replace(third, account="OTHER")]) == ()


def test_directions() -> None:
    assert (IN.signed(5), OUT.signed(5)) == (5, -5)
    assert IN.opposite() is OUT
    assert OUT.opposite() is IN
