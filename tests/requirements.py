"""Which tests name which requirement: a test's docstring begins with the numbers of what it holds to.

Example::

    by_requirement("R")["R5"]
"""

import ast
import re
from pathlib import Path


def by_requirement(letter: str) -> dict[str, list[str]]:
    """Tests and classes of tests by requirement, of those whose numbers begin with `letter`."""
    named = re.compile(rf"({letter}\d{{1,2}}(?:, {letter}\d{{1,2}})*)[:,]")
    found: dict[str, list[str]] = {}
    for path in Path(__file__).parent.rglob("test_*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not isinstance(node, ast.FunctionDef | ast.ClassDef):
                continue
            numbers = named.match(ast.get_docstring(node) or "")
            for requirement in numbers[1].split(", ") if numbers else ():
                found.setdefault(requirement, []).append(f"{path.name}::{node.name}")
    return found
