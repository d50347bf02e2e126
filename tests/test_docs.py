"""The documents are complete: an index that leads to each of them, a reason for each dependency, the words that run."""

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
import typer.main

from jinku.cli.main import app
from jinku.custody.reconciliation.breaks import BreakClass
from jinku.custody.structure.template import load_structure

ROOT = Path(__file__).parent.parent
DOCS = ROOT / "docs"
DECISIONS = sorted((DOCS / "adr").glob("*.md"))


def linked(page: Path) -> set[Path]:
    """The files that a page links to."""
    targets = re.findall(r"\]\(([^)#]+)", page.read_text(encoding="utf-8"))
    return {(page.parent / target).resolve() for target in targets if "://" not in target}


def test_the_index_leads_to_every_document() -> None:
    missing = {path.resolve() for path in DOCS.rglob("*.md")} - linked(DOCS / "README.md")
    assert missing == {(DOCS / "README.md").resolve()}, f"docs/README.md does not link: {missing}"
    for readme in ("README.md", "README.zh-CN.md"):
        assert (DOCS / "README.md").resolve() in linked(ROOT / readme), readme


def test_what_is_read_in_chinese_and_in_english_links_to_each_other() -> None:
    chinese = [*DOCS.rglob("*.zh-CN.md"), ROOT / "README.zh-CN.md"]
    assert len(chinese) >= 3
    for page in chinese:
        english = page.with_name(page.name.replace(".zh-CN", ""))
        assert english.resolve() in linked(page), page
        assert page.resolve() in linked(english), english


@pytest.mark.parametrize("path", DECISIONS, ids=lambda path: path.name)
def test_each_decision_says_why_and_what_was_rejected(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert text.startswith(f"# {int(path.name[:4])}. ")
    for part in ("Context", "Decision", "Rejected"):
        assert f"**{part}" in text, f"{path.name} has no {part}"


def test_each_runtime_dependency_has_its_reason_and_no_other_is_named() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    wanted = {re.split(r"[\[><=]", line)[0] for line in project["dependencies"]}
    table = re.findall(
        r"^\| `([a-z0-9-]+)` \| (.+) \| (.+) \|$", (DOCS / "dependencies.md").read_text("utf-8"), re.MULTILINE
    )
    assert {name for name, _, _ in table} == wanted
    for extra in project["optional-dependencies"]:
        assert f"`jinku[{extra}]`" in (DOCS / "dependencies.md").read_text("utf-8")


def shell_lines(page: Path) -> list[list[str]]:
    """The lines of a page's shell blocks, as words, without comments; continued lines are one."""
    blocks = re.findall(r"^```sh\n(.*?)^```", page.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    lines = [line.split("#")[0] for block in blocks for line in block.replace("\\\n", " ").splitlines()]
    return [line.split() for line in lines if line.strip()]


@pytest.mark.parametrize("page", sorted(DOCS.rglob("*.md")), ids=lambda page: page.name)
def test_each_command_of_the_documents_exists_with_its_options(page: Path) -> None:
    for words in shell_lines(page):
        if words[0] != "jinku":
            continue
        command: Any = typer.main.get_command(app)
        for word in words[1:]:
            command = getattr(command, "commands", {}).get(word, command)
        assert not getattr(command, "commands", None), f"{' '.join(words)}: no such command"
        options = {name for parameter in command.params for name in parameter.opts}
        said = {word for word in words if word.startswith("--")}
        assert said <= options or "verify" in words, f"{' '.join(words)}: {said - options}"


@pytest.mark.parametrize("name", ["custody.md", "custody.zh-CN.md"])
def test_the_page_on_custody_has_the_chart_and_the_breaks_of_the_code(name: str) -> None:
    text = (DOCS / name).read_text(encoding="utf-8")
    chinese = name.endswith(".zh-CN.md")
    chart = re.findall(r"^\| `([A-Z_]+)` ([^|]+) \|", text, re.MULTILINE)
    kinds = load_structure().kinds.values()
    assert chart == [(one.key, one.chinese if chinese else one.english) for one in kinds]
    assert re.findall(r"^\| `([a-z_]+)` \|", text, re.MULTILINE) == [kind.value for kind in BreakClass]


@pytest.mark.parametrize("name", ["custody.md", "custody.zh-CN.md"])
def test_the_page_on_custody_leads_from_each_requirement_to_a_command_and_a_test(name: str) -> None:
    text = (DOCS / name).read_text(encoding="utf-8")
    rows = re.findall(r"^\| (R\d+) \| .* \| `jinku ([^`]+)` \| `([^`]+)` \|$", text, re.MULTILINE)
    assert [number for number, _, _ in rows] == [f"R{number}" for number in range(1, 22)]
    for number, words, test in rows:
        command: Any = typer.main.get_command(app)
        for word in words.split():
            command = command.commands[word]
        named = re.findall(
            r'"""((?:R\d+(?:, )?)+):', (ROOT / "tests" / "custody" / test).read_text(encoding="utf-8")
        )
        assert number in ", ".join(named).split(", "), f"{test} has no test of {number}"
