"""A process ends at every moment that matters of an act: between any two commits or seals.

The act is then whole or not there, the log and the control data agree, and the act given again is there once.
"""

import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from tests.risk.attacks.dying import DIED, typed

POINTS_MAX = 40
"""More moments than any of these acts has."""
RULES = """name = "mine"
[[rule]]
name = "large"
when = "amount >= 3"
outcome = "hold"
score = 4
reason = "large"
reason_zh = "大额"
"""
LIST = "id,name,kind\nJ-1,Karim AL-HARTHI,P\n"
MAPPING = """list = "demo"
rows = 1
source_date = "2026-11-19"
[columns]
id = "id"
name = "name"
kind = "kind"
[kinds]
P = "Person"
"""
ALERT = {
    "key": "a/1",
    "subject": "7",
    "typology": "structuring",
    "score": 80,
    "at": "1795176000000000000",
    "amount": "4900000",
    "currency": "CNY",
    "evidence": ["a" * 64],
    "source": "rules",
    "version": "1",
}


@dataclass(frozen=True)
class Deed:
    """An act as it is typed: what goes before, itself, and what then says how often it is there."""

    before: tuple[str, ...]
    act: str
    told: str
    count: Callable[[Any], int]


DEEDS = {
    "publish rules": Deed(
        (
            "risk rules propose {}/mine.toml --by ana --note first --data {}/house",
            "risk rules approve 1 --by ben --data {}/house",
        ),
        "risk rules publish 1 --by ben --data {}/house",
        "risk rules list --data {}/house",
        lambda told: sum(one["act"] == "publish" for one in told["publications"]),
    ),
    "load a list": Deed(
        (),
        "screen load csv {}/list.csv {}/list.toml --by ana --data {}/house",
        "screen lists --data {}/house",
        lambda told: len(told["versions"]),
    ),
    "raise alerts": Deed(
        (
            "risk case admit head-1 --role approver --by founder --text first --data {}/house",
            "risk case admit aml-1 --role analyst --by head-1 --text joined --data {}/house",
        ),
        "risk alerts raise {}/alerts.json --data {}/house",
        "risk alerts list --by aml-1 --data {}/house",
        lambda told: sum(one["seen"] for one in told),
    ),
    "open a case": Deed(
        (
            "risk case admit head-1 --role approver --by founder --text first --data {}/house",
            "risk case admit aml-1 --role analyst --by head-1 --text joined --data {}/house",
            "risk alerts raise {}/alerts.json --data {}/house",
        ),
        "risk case open --alert 1 --by aml-1 --text three --data {}/house",
        "risk case list --by aml-1 --data {}/house",
        len,
    ),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", DEEDS)
def test_an_act_is_whole_or_not_there_whenever_its_process_ends(name: str, tmp_path: Path) -> None:
    """K2, K5, K7, K10: a crash between control data and log loses nothing, applies nothing by half, nothing twice."""
    deed, seed = DEEDS[name], tmp_path / "seed"
    seed.mkdir()
    for file, text in (("mine.toml", RULES), ("list.csv", LIST), ("list.toml", MAPPING)):
        (seed / file).write_text(text, encoding="utf-8")
    (seed / "alerts.json").write_text(json.dumps([ALERT]))
    made, _ = typed([_at(seed, line) for line in ("house make --data {}/house", *deed.before)], seed)
    assert made == 0
    point = 0
    for point in range(POINTS_MAX):
        home = tmp_path / str(point)
        shutil.copytree(seed, home)
        code, _ = typed([_at(home, deed.act)], home, point)
        assert code in (0, DIED), point
        after = (deed.told, deed.act, deed.told, "risk case verify --data {}/house")
        verified, (there, _, at_last, _) = typed([_at(home, line) for line in after], home)
        assert deed.count(json.loads(there)) in (0, 1), point
        assert deed.count(json.loads(at_last)) == 1, "given again it is there once"
        assert verified == 0, point
        shutil.rmtree(home)
        if code != DIED:
            assert deed.count(json.loads(there)) == 1
            break
    assert 2 <= point < POINTS_MAX - 1, "moments were found, and all were tried"


def _at(home: Path, line: str) -> str:
    return line.replace("{}", str(home))
