"""What the rules ask (R1 … R21): each is named by at least one test, whose docstring begins with its number."""

import pytest
from tests.requirements import by_requirement

REQUIREMENTS = tuple(f"R{number}" for number in range(1, 22))
NAMED = by_requirement("R")


@pytest.mark.parametrize("requirement", REQUIREMENTS)
def test_each_requirement_has_a_test_that_names_it(requirement: str) -> None:
    assert NAMED.get(requirement), f"no test's docstring begins with {requirement}:"


def test_no_test_names_a_requirement_that_is_not_there() -> None:
    assert set(NAMED) <= set(REQUIREMENTS)
