"""What a run is given beside its program: variables, balances, metadata and feature flags.

Rules:

1. A balance is known by account, asset and colour, and stands once in a list.
2. What is not listed is zero, and has no metadata.
3. The account `world` is where money enters and leaves; its balance is never asked for.

Example::

    Inputs(variables={"sum": "CNY/2 100"}, balances=(BalanceRow("investor:7", "CNY/2", 250),))
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Protocol

from jinku.custody.numscript.errors import BadSpec

WORLD = "world"

Metadata = Mapping[str, Mapping[str, str]]
"""Account name → key → text."""


@dataclass(frozen=True, slots=True)
class BalanceRow:
    """What an account holds of an asset: `amount` in the asset's units, below zero for an overdraft."""

    account: str
    asset: str
    amount: int
    color: str = ""

    @property
    def key(self) -> tuple[str, str, str]:
        """What makes it one balance."""
        return self.account, self.asset, self.color


@dataclass(frozen=True, slots=True)
class Inputs:
    """Everything that a run depends on beside the program."""

    variables: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    balances: tuple[BalanceRow, ...] = ()
    metadata: Metadata = field(default_factory=lambda: MappingProxyType({}))
    features: frozenset[str] = frozenset()


class Books(Protocol):
    """Where a run reads balances and metadata from. Asked twice, it must answer the same."""

    def balance(self, account: str, asset: str, color: str) -> int:
        """The balance at the start of the run."""
        ...

    def scales(self, account: str, base: str) -> Mapping[int, int]:
        """What the account holds of `base` without colour, by precision."""
        ...

    def metadata(self, account: str, key: str) -> str | None:
        """The text under `key`, None where there is none."""
        ...


class StaticBooks:
    """Balances and metadata from a list. Raises BadSpec for a balance that stands twice."""

    def __init__(self, balances: Sequence[BalanceRow] = (), metadata: Metadata | None = None) -> None:
        self._balances: dict[tuple[str, str, str], int] = {}
        for row in balances:
            if row.key in self._balances:
                raise BadSpec(f"the balance of @{row.account} in {row.asset} stands twice", remedy="keep one")
            self._balances[row.key] = row.amount
        self._metadata = metadata or {}

    def balance(self, account: str, asset: str, color: str) -> int:
        """The balance listed, or 0."""
        return self._balances.get((account, asset, color), 0)

    def scales(self, account: str, base: str) -> Mapping[int, int]:
        """The uncoloured balances listed of `base`, by precision."""
        return {
            int(asset.partition("/")[2] or 0): amount
            for (owner, asset, color), amount in self._balances.items()
            if owner == account and not color and asset.partition("/")[0] == base
        }

    def metadata(self, account: str, key: str) -> str | None:
        """The text listed."""
        return self._metadata.get(account, {}).get(key)
