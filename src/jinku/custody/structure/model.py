"""An account structure as a value: pools, kinds of account, facts of the legal entity.

Rules:

1. A structure is known by the SHA-256 of its content in canonical JSON, which can be sealed in the log: comments and
   order of keys do not count, everything else does.
2. A pool may lie in several bank accounts; each has a control account of its own that mirrors it.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import time
from functools import cached_property
from types import MappingProxyType

from jinku.base.canonical import canonical_json
from jinku.base.errors import InputError
from jinku.custody.structure.table import Kind, Limit, Money, Place, Role, Side


@dataclass(frozen=True, slots=True)
class AccountKind:
    """One kind of account: a line of the chart."""

    code: int
    """Its ``code`` in the ledger, 1 … 65535."""
    key: str
    money: Money
    pool: str
    side: Side
    limit: Limit
    english: str
    chinese: str
    place: Place | None = None
    """Of a control account: what it mirrors."""
    role: Role | None = None
    """Of a party's account: whose it is. None: the legal entity has it once per currency."""


@dataclass(frozen=True, slots=True)
class PoolLine:
    """One pool: money that lies together, in one or more bank accounts, and never mixes with another's."""

    key: str
    money: Money
    """Whose money it is kept for: ``client`` or ``own``."""
    english: str
    chinese: str


@dataclass(frozen=True, eq=False)
class Structure:
    """An institution's account structure; equal where the digest is. Made by `load_structure`."""

    name: str
    version: int
    english: str
    chinese: str
    jurisdiction: str
    """Whose law counts for how long records are kept: ``CN``, ``UK``, ``EU``, ``US``."""
    calendar: str
    """Name of the business calendar: ``CN``, ``UK``, ``US``, ``TARGET``."""
    timezone: str
    """IANA name."""
    cut_off: time
    """When the business day ends, in `timezone`."""
    currencies: tuple[str, ...]
    pools: Mapping[str, PoolLine]
    """By key, in the order of the file."""
    kinds: Mapping[int, AccountKind]
    """By code, in the order of the file."""

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Structure) and self.digest == other.digest

    def __hash__(self) -> int:
        return hash(self.digest)

    def __repr__(self) -> str:
        return f"Structure({self.name!r}, version {self.version})"

    def kind(self, code: int) -> AccountKind:
        """The kind with this code. Raises InputError for one that the structure has not."""
        try:
            return self.kinds[code]
        except KeyError:
            raise InputError(
                f"structure {self.name} has no such kind of account",
                field="kind",
                value=Kind(code).name if code in set(Kind) else str(code),
                remedy="see `jinku structure show`",
            ) from None

    @cached_property
    def digest(self) -> bytes:
        """SHA-256 of `document` in canonical JSON, 32 bytes."""
        return hashlib.sha256(canonical_json(self.document)).digest()

    @cached_property
    def entity_codes(self) -> frozenset[int]:
        """Codes of the accounts that a legal entity has once per currency."""
        return frozenset(one.code for one in self.entity_kinds)

    @cached_property
    def roles(self) -> Mapping[Role, AccountKind]:
        """The account that a party of each role has, for the roles that this institution knows."""
        return MappingProxyType({one.role: one for one in self.kinds.values() if one.role is not None})

    @cached_property
    def by_key(self) -> Mapping[str, AccountKind]:
        """The kinds by key."""
        return MappingProxyType({one.key: one for one in self.kinds.values()})

    @cached_property
    def entity_kinds(self) -> tuple[AccountKind, ...]:
        """Accounts that a legal entity has once per currency, without a party behind them, in the order of the file."""
        return tuple(one for one in self.kinds.values() if one.role is None)

    def places(self, pool: str) -> tuple[AccountKind, ...]:
        """The control accounts of a pool: bank accounts first, then money in transit, each in the order of the file."""
        control = [one for one in self.kinds.values() if one.pool == pool and one.money is Money.CONTROL]
        return tuple(sorted(control, key=lambda one: one.place is Place.TRANSIT))

    def bank_of(self, code: int) -> AccountKind:
        """The first bank account of the pool that accounts of this kind belong to."""
        return self.places(self.kind(code).pool)[0]

    @property
    def document(self) -> dict[str, object]:
        """Everything the structure says, as JSON values; `digest` is over its canonical form."""
        return {
            "name": self.name,
            "version": self.version,
            "english": self.english,
            "chinese": self.chinese,
            "entity": {
                "jurisdiction": self.jurisdiction,
                "calendar": self.calendar,
                "timezone": self.timezone,
                "cut_off": self.cut_off.isoformat(),
                "currencies": list(self.currencies),
            },
            "pools": [
                {"key": one.key, "money": one.money.value, "english": one.english, "chinese": one.chinese}
                for one in self.pools.values()
            ],
            "kinds": [
                {
                    "key": one.key,
                    "code": one.code,
                    "money": one.money.value,
                    "pool": one.pool,
                    "place": one.place.value if one.place else None,
                    "role": one.role.value if one.role else None,
                    "side": one.side.value,
                    "limit": one.limit.value,
                    "english": one.english,
                    "chinese": one.chinese,
                }
                for one in self.kinds.values()
            ],
        }
