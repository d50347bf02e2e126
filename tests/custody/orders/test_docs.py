"""The page on orders lists the types, states and reasons that there are."""

import re
from pathlib import Path

from jinku.custody.orders.catalogue import CATALOGUE, type_of
from jinku.custody.orders.legs import MAKERS
from jinku.custody.orders.reasons import REASON_TEXT, STATE_TEXT, Reason, State

PAGE = Path(__file__).parents[3] / "docs" / "orders.md"


def test_the_page_has_every_type_state_and_reason() -> None:
    text = PAGE.read_text(encoding="utf-8")
    listed = re.findall(r"^\| `([a-z_]+)` \| ([^|]+) \| ([^|]+) \|", text, re.MULTILINE)
    told = [(kind.type.name.lower(), kind.english, kind.chinese) for kind in CATALOGUE.values()]
    told += [(state.name.lower(), *STATE_TEXT[state]) for state in State]
    told += [(reason.name.lower(), *REASON_TEXT[reason]) for reason in Reason if reason]
    assert listed == told


def test_every_type_has_legs_and_an_order() -> None:
    for kind in CATALOGUE.values():
        assert (kind.legs is None) == (kind.type in MAKERS), kind.type
        assert type_of(object.__new__(kind.order)) is kind.type
