"""The page that teaches to write, try and publish a rule is typed as it stands; what it shows is what is answered."""

import json
import re
import shlex
from pathlib import Path

import pytest

from jinku.cli.main import main

DOCS = Path(__file__).parents[2] / "docs"
PAGES = ("risk-rules.md", "risk-rules.zh-CN.md")
_BLOCK = re.compile(r"(?:^`([\w.-]+)`[：:]\n\n)?^```(\w+)\n(.*?)^```", re.MULTILINE | re.DOTALL)


def squeezed(text: str) -> list[str]:
    """The words of each line that has any."""
    return [" ".join(line.split()) for line in text.splitlines() if line.strip()]


@pytest.mark.parametrize("page", PAGES)
def test_the_page_is_typed_from_top_to_bottom(
    page: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """K10: an analyst writes, back-tests, publishes and rolls back a rule with the commands of the page."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "160")
    answered: list[str] = []
    shown = 0
    for file, kind, text in _BLOCK.findall((DOCS / page).read_text(encoding="utf-8")):
        if file:
            (tmp_path / file).write_text(text, encoding="utf-8")
        elif kind == "sh":
            capfd.readouterr()
            codes = [main(shlex.split(line)[1:]) for line in text.splitlines()]
            assert codes == [0] * len(codes), capfd.readouterr().err
            answered = squeezed(capfd.readouterr().out)
        else:
            for line in squeezed(text):
                assert any(one.startswith(line) for one in answered), (line, answered)
                shown += 1
    assert shown >= 12
    assert main(["risk", "rules", "list", "--data", "house", "--json"]) == 0
    told = json.loads(capfd.readouterr().out)
    assert [one["state"] for one in told["versions"]] == ["published", "superseded"]
    assert [one["act"] for one in told["publications"]] == [
        "publish",
        "publish",
        "publish",
        "stop",
        "rollback",
    ]


def test_both_languages_type_the_same(tmp_path: Path) -> None:
    one, other = (
        [block[2] for block in _BLOCK.findall((DOCS / page).read_text(encoding="utf-8")) if block[1] == "sh"]
        for page in PAGES
    )
    assert one == other


def test_what_is_wrong_is_one_line_and_an_exit_code(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """K10: a wrong rule is one clear error with file, line and the nearest name."""
    monkeypatch.chdir(tmp_path)
    text = next(
        one[2] for one in _BLOCK.findall((DOCS / PAGES[0]).read_text("utf-8")) if one[0] == "mine.toml"
    )
    (tmp_path / "wrong.toml").write_text(text.replace("AND new_device", "AND new_devic"), encoding="utf-8")
    assert main(["risk", "rules", "check", "wrong.toml"]) == 2
    error = capfd.readouterr().err
    assert "wrong.toml:7" in error
    assert "did you mean new_device?" in error
    history = next(
        one[2] for one in _BLOCK.findall((DOCS / PAGES[0]).read_text("utf-8")) if one[0] == "history.csv"
    )
    (tmp_path / "history.csv").write_text(history, encoding="utf-8")
    (tmp_path / "mine.toml").write_text(text, encoding="utf-8")
    words = ["risk", "rules", "backtest", "mine.toml", "--events", "history.csv", "--json"]
    assert main([*words, "--budget", "1"]) == 1
    assert json.loads(capfd.readouterr().out)["whole"]["days_over_budget"] == 2
    assert main([*words, "--budget", "9", "--label", "none"]) == 0
    assert json.loads(capfd.readouterr().out)["true_events"] == 0
