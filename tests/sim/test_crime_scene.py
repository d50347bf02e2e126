"""The day with crime in it, on a real house: what the reckoning says is what the ledger and the journal hold."""

import csv
from pathlib import Path

import pytest

from jinku.bootstrap.demo_risk import crime_rooms
from jinku.bootstrap.house import open_house
from jinku.bootstrap.risk import Risk
from jinku.bootstrap.risk_settings import RISK_FILE
from jinku.ledger.model import TransferFlags
from jinku.sim.crime.model import Scheme
from jinku.sim.crime.words import COLUMNS, STORIES
from jinku.sim.scenes.crime import CSV_FILE, PAGE_FILE, crime_scene
from jinku.sim.scenes.scene import Scene


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> tuple[Scene, Path]:
    directory = tmp_path_factory.mktemp("crime") / "day"
    return crime_scene(directory, crime_rooms, seed=7, small=True), directory


def test_it_comes_out_right_and_says_what_was_missed(played: tuple[Scene, Path]) -> None:
    """K1, K4: listed names stopped, schemes noticed, ordinary custom let through; the persuaded customer is missed."""
    scene, directory = played
    assert scene.failed == []
    with (directory / CSV_FILE).open(encoding="utf-8") as file:
        lines = {row["name"]: row for row in csv.DictReader(file)}
    assert set(lines) >= {scheme.value for scheme in Scheme} | {"ordinary", "wages", "wedding"}
    for row in lines.values():
        parts = sum(int(row[name]) for name in ("stopped", "held", "asked", "passed"))
        assert parts == int(row["movements"])
        assert 0 <= int(row["kept_fen"]) <= int(row["amount_fen"])
    assert lines["persuaded_customer"]["passed"] == lines["persuaded_customer"]["movements"]
    page = (directory / PAGE_FILE).read_text(encoding="utf-8")
    assert all(" ".join(STORIES[name]) in page for name in lines)
    assert all(f"**{heading}**" in page for _, heading, _ in COLUMNS)


def test_the_house_holds_what_the_reckoning_says(played: tuple[Scene, Path]) -> None:
    """K1, K2: as many pendings as were held or asked, nothing of what was stopped, a record of each decision."""
    _, directory = played
    with (directory / CSV_FILE).open(encoding="utf-8") as file:
        lines = list(csv.DictReader(file))
    kept = sum(int(row["held"]) + int(row["asked"]) for row in lines)
    stopped = sum(int(row["stopped"]) for row in lines)
    total = sum(int(row["movements"]) for row in lines)
    assert (directory / "house" / RISK_FILE).exists()
    with open_house(directory / "house") as house, Risk(house) as risk:
        risk.recover()
        ids = [(1 << 90) + number for number in range(total)]
        found = house.ledger.lookup_transfers(ids)
        assert len(found) == total - stopped
        assert sum(bool(one.flags & TransferFlags.PENDING) for one in found) == kept
        for number in (ids[0], ids[-1]):
            assert risk.office.find(number)[0] > 0
