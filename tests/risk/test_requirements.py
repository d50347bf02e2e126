"""What the rules ask of risk (K1 … K12): each is named by a test, and has its row in docs/risk.md."""

import ast
import re
from pathlib import Path

import pytest

TESTS = Path(__file__).parents[1]
PAGE = TESTS.parent / "docs" / "risk.md"
REQUIREMENTS = tuple(f"K{number}" for number in range(1, 13))
_NAMED = re.compile(r"(K\d{1,2}(?:, K\d{1,2})*)[:,]")


def _named() -> dict[str, list[str]]:
    """Tests by requirement."""
    found: dict[str, list[str]] = {}
    for path in TESTS.rglob("test_*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not isinstance(node, ast.FunctionDef | ast.ClassDef):
                continue
            named = _NAMED.match(ast.get_docstring(node) or "")
            for requirement in named[1].split(", ") if named else ():
                found.setdefault(requirement, []).append(f"{path.name}::{node.name}")
    return found


NAMED = _named()


@pytest.mark.parametrize("requirement", REQUIREMENTS)
def test_each_requirement_has_a_test_and_a_row(requirement: str) -> None:
    assert NAMED.get(requirement), f"no test's docstring begins with {requirement}:"
    assert f"| {requirement} |" in PAGE.read_text(encoding="utf-8")


def test_no_test_names_a_requirement_that_is_not_there() -> None:
    assert set(NAMED) <= set(REQUIREMENTS)
