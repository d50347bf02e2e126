"""What the rules ask of risk (K1 … K12): each is named by a test, and has its row in docs/risk.md."""

from pathlib import Path

import pytest
from tests.requirements import by_requirement

PAGE = Path(__file__).parents[2] / "docs" / "risk.md"
REQUIREMENTS = tuple(f"K{number}" for number in range(1, 13))
NAMED = by_requirement("K")


@pytest.mark.parametrize("requirement", REQUIREMENTS)
def test_each_requirement_has_a_test_and_a_row(requirement: str) -> None:
    assert NAMED.get(requirement), f"no test's docstring begins with {requirement}:"
    assert f"| {requirement} |" in PAGE.read_text(encoding="utf-8")


def test_no_test_names_a_requirement_that_is_not_there() -> None:
    assert set(NAMED) <= set(REQUIREMENTS)
