"""Which other precisions of an asset to exchange, and how much of each, to have enough at one precision.

Rules:

1. Finer precisions are exchanged before coarser ones; what is there at the wanted precision is never exchanged.
2. An exchange is exact: whole units on both sides, and no value lost or made. A coarse unit that is worth more than
   needed leaves its change at the wanted precision.
3. Only what an account has is exchanged, never a balance below zero.

Example::

    exchanges(100, 2, {2: 40, 3: 700})  # ([(3, 600)], 60): 600 of /3 become 60 of /2
"""

from collections.abc import Mapping


def exchanges(needed: int | None, scale: int, held: Mapping[int, int]) -> tuple[list[tuple[int, int]], int]:
    """What to exchange as (precision, amount), and what it yields at precision `scale`.

    `needed` is the amount wanted at `scale`, None for all there is; `held` the amounts held by precision.
    """
    missing = None if needed is None else needed - held.get(scale, 0)
    steps: list[tuple[int, int]] = []
    gained = 0
    for other in sorted(held, reverse=True):
        if other == scale or held[other] <= 0:
            continue
        if missing is not None and gained >= missing:
            break
        worth = _worth(held[other], other, scale)
        wanted = worth if missing is None else min(worth, missing - gained)
        amount = _price(wanted, other, scale)
        if amount:
            steps.append((other, amount))
            gained += _worth(amount, other, scale)
    return steps, gained


def _worth(amount: int, scale: int, other: int) -> int:
    """The whole units at precision `other` that `amount` at precision `scale` is worth."""
    factor: int = 10 ** abs(other - scale)
    return amount * factor if other >= scale else amount // factor


def _price(wanted: int, scale: int, other: int) -> int:
    """The fewest units at precision `scale` that are worth `wanted` at precision `other`."""
    factor: int = 10 ** abs(other - scale)
    return wanted * factor if scale >= other else -(-wanted // factor)
