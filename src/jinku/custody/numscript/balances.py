"""The balances that a run works on: those of the books, and what the run itself has done to them.

Rules:

1. A balance is read from the books at its first use and from then on kept here.
2. A branch that is given up leaves no trace: `mark` and `undo`.
3. `save` hides money; it never makes more of it available.
"""

from collections.abc import Mapping

from jinku.custody.numscript.inputs import WORLD, Books

Key = tuple[str, str, str]


class Balances:
    """Balances by account, asset and colour, in the asset's units."""

    def __init__(self, books: Books) -> None:
        self._books = books
        self._now: dict[Key, int] = {}
        self._changes: list[tuple[Key, int]] = []

    def get(self, account: str, asset: str, color: str = "") -> int:
        """The balance as it is at this point of the run; `world` starts at 0."""
        key = (account, asset, color)
        if key not in self._now:
            self._now[key] = 0 if account == WORLD else self._books.balance(*key)
        return self._now[key]

    def add(self, account: str, asset: str, color: str, amount: int) -> None:
        """Book `amount`, below zero for a debit."""
        before = self.get(account, asset, color)
        self._changes.append(((account, asset, color), before))
        self._now[account, asset, color] = before + amount

    def save(self, account: str, asset: str, amount: int | None) -> None:
        """Hide `amount` (None: all) from the rest of the run, as far as the account is above zero."""
        held = max(0, self.get(account, asset))
        self.add(account, asset, "", -(held if amount is None else min(held, amount)))

    def scales(self, account: str, base: str) -> Mapping[int, int]:
        """What the account holds of `base` without colour, by precision."""
        found = dict.fromkeys(self._books.scales(account, base), 0)
        found |= {
            _scale(asset): 0
            for owner, asset, color in self._now
            if owner == account and not color and _base(asset) == base
        }
        return {scale: self.get(account, f"{base}/{scale}" if scale else base) for scale in sorted(found)}

    def mark(self) -> int:
        """A point to come back to."""
        return len(self._changes)

    def undo(self, mark: int) -> None:
        """Take back everything booked since `mark`."""
        while len(self._changes) > mark:
            key, before = self._changes.pop()
            self._now[key] = before


def _base(asset: str) -> str:
    return asset.partition("/")[0]


def _scale(asset: str) -> int:
    return int(asset.partition("/")[2] or 0)
