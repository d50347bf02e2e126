"""What people and banks do to references without anything being wrong with the money.

Example::

    disturb(scene, rate=0.003)
"""

import numpy as np
from numpy.typing import NDArray

from jinku.custody.reconciliation.breaks import BreakClass
from jinku.custody.reconciliation.records import Longs
from jinku.sim.recon.scene import Scene

_LOOKS_LIKE = {"0": "O", "1": "I", "5": "S", "8": "B"}


def disturb(scene: Scene, rate: float) -> None:
    """Do each to a share of `rate` of the payments."""
    count = max(1, round(rate * len(scene.made.amount)))
    _elsewhere(scene, count * 3)
    _reformatted(scene, count)
    _in_text(scene, count)
    for noise in (_mistyped, _nameless):
        places = noise(scene, count)
        scene.label(places, BreakClass.AMBIGUOUS, or_clean=True)
    _used_again(scene, count // 3)


def _elsewhere(scene: Scene, count: int) -> None:
    """The reference stands in another field of the bank's line."""
    for name in ("instruction_id", "transaction_id"):
        places = scene.pick(count // 2)
        scene.bank.change(places, end_to_end_id="NOTPROVIDED", **{name: scene.made.reference[places]})


def _reformatted(scene: Scene, count: int) -> None:
    places = scene.pick(count)
    scene.bank.change(places, end_to_end_id=_each(scene, places, _spaced))


def _spaced(text: str, how: int) -> str:
    return (
        text.lower(),
        f"{text[:4]} {text[4:8]} {text[8:]}",
        text.lstrip("0") if text.isdigit() else text.replace("-", "/"),
        f" {text}.",
    )[how % 4]


def _in_text(scene: Scene, count: int) -> None:
    places = scene.pick(count)
    texts = _each(scene, places, lambda text, _: f"款项 payment {text}, thank you")
    scene.bank.change(places, end_to_end_id="", text=texts)


def _mistyped(scene: Scene, count: int) -> Longs:
    places = scene.pick(count)
    scene.bank.change(places, end_to_end_id=_each(scene, places, _typo))
    return places


def _typo(text: str, how: int) -> str:
    place = how // 7 % (len(text) - 1)
    if how % 4 == 0:  # a digit lost
        return text[:place] + text[place + 1 :]
    if how % 4 == 1:  # a digit twice
        return text[:place] + text[place] + text[place:]
    if how % 4 == 2 and text[place] != text[place + 1]:
        return text[:place] + text[place + 1] + text[place] + text[place + 2 :]
    other = _LOOKS_LIKE.get(text[place], "7" if text[place] != "7" else "1")
    return text[:place] + other + text[place + 1 :]


def _nameless(scene: Scene, count: int) -> Longs:
    places = scene.pick(count)
    scene.bank.change(places, end_to_end_id="")
    return places


def _used_again(scene: Scene, count: int) -> None:
    """One reference for two payments of different amounts, everywhere."""
    first, second = scene.pick(count), scene.pick(count)
    size = min(len(first), len(second))
    first, second = first[:size], second[:size]
    apart = scene.made.amount[first] != scene.made.amount[second]
    first, second = first[apart], second[apart]
    names = scene.made.reference[first]
    for rows in (scene.platform, scene.ledger):
        rows.change(second, reference=names)
    scene.bank.change(second, end_to_end_id=names)


def _each(scene: Scene, places: Longs, change: object) -> NDArray[np.object_]:
    texts = scene.made.reference[places].tolist()
    how = scene.rng.integers(0, 1 << 20, len(texts)).tolist()
    made = np.empty(len(texts), np.object_)
    made[:] = [change(text, number) for text, number in zip(texts, how, strict=True)]  # type: ignore[operator]
    return made
