"""The examples of the page on HTTP are typed."""

import json
import re
import shlex
from pathlib import Path
from typing import Any

from tests.api.risk.conftest import Api

PAGE = Path(__file__).parents[3] / "docs" / "http.md"


def _requests() -> list[tuple[str, Any]]:
    """Path and body of each ``curl`` in the block on risk."""
    block = PAGE.read_text(encoding="utf-8").partition("## Example: risk")[2].split("```")[1]
    lines = re.split(r"^(?=curl )", block, flags=re.MULTILINE)[1:]
    found = []
    for line in lines:
        words = shlex.split(line, comments=True)
        [url] = [word for word in words if word.startswith("$V/")]
        body = json.loads(words[words.index("-d") + 1]) if "-d" in words else None
        found.append((url.replace("$V", "/v1"), body))
    return found


def test_the_example_of_the_page_does_what_it_says(api: Api) -> None:
    api.give(4_999, id="13")
    answers = []
    for path, body in _requests():
        answer = api.client.get(path) if body is None else api.client.post(path, json=body)
        answers.append((answer.status_code, answer.json()))
    assert [status for status, _ in answers] == [200, 200, 200, 200, 200, 404]
    held, decision, proposed, released, answered, named = (body for _, body in answers)
    assert (held["status"], decision["id"], decision["action"]) == ("risk_held", "12", "hold")
    assert (proposed["state"], released["state"]) == ("held", "released")
    assert (answered["state"], named["code"]) == ("released", "no_list")
