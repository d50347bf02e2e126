"""What the rules ask (R1 … R21): each is named by at least one test, whose docstring begins with its number."""

import ast
import re
from pathlib import Path

import pytest

TESTS = Path(__file__).parents[1]
REQUIREMENTS = tuple(f"R{number}" for number in range(1, 22))
_NAMED = re.compile(r"(R\d{1,2}(?:, R\d{1,2})*):")


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
def test_each_requirement_has_a_test_that_names_it(requirement: str) -> None:
    assert NAMED.get(requirement), f"no test's docstring begins with {requirement}:"


def test_no_test_names_a_requirement_that_is_not_there() -> None:
    assert set(NAMED) <= set(REQUIREMENTS)
