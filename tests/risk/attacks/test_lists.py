"""Somebody who loads lists, alone, and wants a name to be gone from them."""

from pathlib import Path

import pytest
from tests.risk.screening.kit import Clock, Seals, domestic

from jinku.base.clock import NS_PER_DAY
from jinku.base.database import Database
from jinku.risk.screening.errors import BadList, ScreeningError
from jinku.risk.screening.formats.domestic import read_domestic
from jinku.risk.screening.formats.reading import Loaded
from jinku.risk.screening.lists import ListDesk

NAMES = [f"张三{chr(0x4E00 + at)}" for at in range(100)]


def listing(directory: Path, names: list[str]) -> Loaded:
    return read_domestic(*domestic(directory / "cn.csv", [(name, name) for name in names]))


def test_many_small_losses_are_a_great_one(tmp_path: Path) -> None:
    """K4: nine names a load are few, eleven such loads are the list: from the second on another person is asked."""
    clock = Clock()
    with Database.open(tmp_path / "control.db") as database:
        lists = ListDesk(database, Seals(), clock)
        lists.load(listing(tmp_path, NAMES), "cn", by="insider")
        clock.now += NS_PER_DAY
        lists.load(listing(tmp_path, NAMES[9:]), "cn", by="insider")
        clock.now += NS_PER_DAY
        with pytest.raises(BadList, match="18 of 100"):
            lists.load(listing(tmp_path, NAMES[18:]), "cn", by="insider")
        waiting = lists.load(listing(tmp_path, NAMES[18:]), "cn", by="insider", great_loss=True)
        assert [one.entries for one in lists.in_force()] == [91]
        clock.now += 1
        lists.confirm("cn", waiting.version, by="officer-2")
        clock.now += 1
        lists.load(
            listing(tmp_path, NAMES[25:]), "cn", by="insider"
        )  # counted from what two persons confirmed
        assert [one.entries for one in lists.in_force()] == [75]


def test_tomorrows_list_loaded_for_the_far_future_keeps_nobody_from_loading_it_now(tmp_path: Path) -> None:
    """K4: whoever loads the new list first, to take effect in a hundred years, does not keep it out of force."""
    clock = Clock()
    with Database.open(tmp_path / "control.db") as database:
        lists = ListDesk(database, Seals(), clock)
        lists.load(listing(tmp_path, NAMES[:50]), "cn", by="officer-1")
        clock.now += 1
        lists.load(
            listing(tmp_path, NAMES), "cn", by="insider", effective_from=clock.now + 36_500 * NS_PER_DAY
        )
        lists.load(listing(tmp_path, NAMES), "cn", by="officer-1")
        assert [one.entries for one in lists.in_force()] == [100]


def test_a_list_takes_no_effect_in_the_past(tmp_path: Path) -> None:
    """K4: a back-dated version would say that somebody was not listed when the money moved."""
    clock = Clock()
    with Database.open(tmp_path / "control.db") as database:
        lists = ListDesk(database, Seals(), clock)
        lists.load(listing(tmp_path, NAMES), "cn", by="officer-1")
        clock.now += NS_PER_DAY
        with pytest.raises(ScreeningError, match="now or later"):
            lists.load(listing(tmp_path, NAMES[5:]), "cn", by="insider", effective_from=clock.now - 2)
