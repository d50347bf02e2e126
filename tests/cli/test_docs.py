"""docs/cli.md lists the commands that there are; docs/http.md lists the paths and codes that there are."""

import re
from pathlib import Path
from typing import Any

import typer.main

from jinku.api import errors
from jinku.api.app import create_app
from jinku.api.errors import ApiError
from jinku.api.services import open_services
from jinku.bootstrap import open_house
from jinku.cli.main import app

DOCS = Path(__file__).parents[2] / "docs"


def _commands(command: Any, path: str) -> set[str]:
    children = getattr(command, "commands", None)
    if not children:
        return {path}
    return {name for child, one in children.items() for name in _commands(one, f"{path} {child}")}


def test_every_command_is_listed_and_no_other() -> None:
    listed = set(
        re.findall(r"^\| `(jinku [^`]+)` \|", (DOCS / "cli.md").read_text(encoding="utf-8"), re.MULTILINE)
    )
    assert listed == _commands(typer.main.get_command(app), "jinku")


def test_every_command_has_help_and_json() -> None:
    def check(command: Any, path: str) -> None:
        for child, one in getattr(command, "commands", {}).items():
            check(one, f"{path} {child}")
        assert command.help, path
        if not getattr(command, "commands", None) and " verify " not in path:
            assert "--json" in {name for parameter in command.params for name in parameter.opts}, path

    check(typer.main.get_command(app), "jinku")


def test_every_path_is_listed_and_no_other(tmp_path: Path) -> None:
    text = (DOCS / "http.md").read_text(encoding="utf-8")
    listed = set(re.findall(r"^\| `((?:GET|POST) /[^`]*)` \|", text, re.MULTILINE))
    with open_house(tmp_path) as house:
        services = open_services(house)
        document = create_app(services).openapi()
        services.close()
    served = {f"{method.upper()} {path}" for path, methods in document["paths"].items() for method in methods}
    assert listed == served


def test_every_code_of_the_api_is_listed() -> None:
    text = (DOCS / "http.md").read_text(encoding="utf-8")
    listed = dict(re.findall(r"^\| `(\w+)` \| (\d{3}) \|", text, re.MULTILINE))
    for error in vars(errors).values():
        if isinstance(error, type) and issubclass(error, ApiError) and error is not ApiError:
            assert listed.get(error.code) == str(error.http_status), error.code
