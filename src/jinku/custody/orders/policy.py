"""The policy: who may give which orders, up to how much, and when a second person must confirm (制度表).

Rules:

1. A policy is a dated table of rows and the roles of persons and programs. The row that counts for an order is the
   newest one in force on the day, of those that fit its type, entity, currency and the role; a row that names a type
   goes before one for every type. An order that no row fits is refused.
2. `per_order` and `daily` are the most one order and all orders of one person and day may move, in minor units; None
   for no limit. From `checked_from` on an order needs a second person of one of the `checkers`; None for never.
3. Persons are compared without regard to case: a checker who is the maker in capitals is the maker.
4. A policy is proposed by one person, approved by another, and its digest sealed in the log. Until the first is
   approved, the built-in one counts.
5. What the bank says (a deposit arrived, a withdrawal was paid or came back) is said by the house's own bank channel,
   whose id ``CHANNEL`` nobody outside this program can give orders under. Anybody else needs a row that names both the
   type and a role; a row for every type, or for everybody, gives nobody the bank's voice.

Example::

    policy = Policy(rows=(Row(role="clerk", type="release", per_order=10_000_000, checked_from=0),), roles={…})
    policy.rule("clerk-1", OrderType.RELEASE, chart, day)
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from typing import Any

from jinku.base.canonical import canonical_json
from jinku.base.persons import PERSON
from jinku.custody.orders.catalogue import CATALOGUE, OrderType, Word
from jinku.custody.orders.errors import BadPolicy
from jinku.custody.structure.chart import Chart

ANY = "*"
LIMIT_MAX = 1 << 60
ROWS_MAX = 10_000
CHANNEL = "bank-channel"
"""Who gives the bank's words: the house's own bank channel. No file, command or request can name it as its maker."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One row of a policy; see the module's rules. `type` is an order type's name in lower case, or ``*``."""

    role: str
    type: str = ANY
    entity: int = 0
    """0 for every legal entity."""
    currency: int = 0
    """ISO 4217 number, 0 for every one."""
    since: date = date(2000, 1, 1)
    per_order: int | None = None
    daily: int | None = None
    checked_from: int | None = None
    checkers: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.type != ANY and self.type.upper() not in OrderType.__members__:
            raise BadPolicy("no such type of order", field="type", value=self.type)
        for name in ("per_order", "daily", "checked_from"):
            limit = getattr(self, name)
            if limit is not None and not 0 <= limit <= LIMIT_MAX:
                raise BadPolicy("not a limit in minor units", field=name, value=limit)
        if self.checked_from is not None and not self.checkers:
            raise BadPolicy("names nobody who may confirm", field="checkers", value=())
        for role in (self.role, *self.checkers):
            if role != ANY and not PERSON.fullmatch(role):
                raise BadPolicy("not a role", field="role", value=role[:80])

    def document(self) -> dict[str, Any]:
        """As JSON values."""

        def text(limit: int | None) -> str | None:
            return None if limit is None else str(limit)

        return {
            "role": self.role,
            "type": self.type,
            "entity": self.entity,
            "currency": self.currency,
            "since": self.since.isoformat(),
            "per_order": text(self.per_order),
            "daily": text(self.daily),
            "checked_from": text(self.checked_from),
            "checkers": list(self.checkers),
        }


@dataclass(frozen=True)
class Policy:
    """Rows, and the role of each person or program by id; a person without one has the role ``*``."""

    rows: tuple[Row, ...]
    roles: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not 0 < len(self.rows) <= ROWS_MAX:
            raise BadPolicy(f"a policy has 1 to {ROWS_MAX} rows", field="rows", value=len(self.rows))
        for person, role in self.roles.items():
            if not PERSON.fullmatch(person) or not PERSON.fullmatch(role):
                raise BadPolicy("not a person's id and role", field="roles", value=f"{person}: {role}"[:140])
        if len(self._roles) != len(self.roles):
            raise BadPolicy("names a person twice", field="roles", value=sorted(self.roles)[:20])

    @cached_property
    def _roles(self) -> dict[str, str]:
        return {same_person(person): role for person, role in self.roles.items()}

    def role(self, person: str) -> str:
        """The role of `person`, ``*`` where none is given."""
        return self._roles.get(same_person(person), ANY)

    def rule(self, person: str, kind: OrderType, chart: Chart, day: date) -> Row | None:
        """The row that counts for an order of `kind` by `person` on `day`; None where none fits."""
        bank = CATALOGUE[kind].word is Word.BANK
        if bank and is_channel(person):
            return Row(role=ANY, type=kind.name.lower())
        role = self.role(person)
        fitting = [
            row
            for row in self.rows
            if row.role in (ANY, role)
            and row.type in (ANY, kind.name.lower())
            and row.entity in (0, chart.entity)
            and row.currency in (0, chart.currency)
            and row.since <= day
            and not (bank and ANY in (row.role, row.type))
        ]
        return max(fitting, key=lambda row: _closeness(row), default=None)

    def document(self) -> dict[str, Any]:
        """As JSON values: what is kept, and sealed."""
        return {"rows": [row.document() for row in self.rows], "roles": dict(self.roles)}

    def digest(self) -> bytes:
        """SHA-256 of the canonical JSON."""
        return hashlib.sha256(canonical_json(self.document())).digest()


def _closeness(row: Row) -> tuple[bool, bool, bool, bool, date]:
    return row.type != ANY, row.role != ANY, row.entity != 0, row.currency != 0, row.since


def same_person(person: str) -> str:
    """What two spellings of one person's id have in common."""
    return person.casefold()


def is_channel(person: str) -> bool:
    """Whether `person` is the id of the house's bank channel."""
    return same_person(person) == CHANNEL


def read_policy(document: Any) -> Policy:
    """The policy that `document` (JSON values) describes. Raises BadPolicy."""
    if not isinstance(document, dict) or not set(document) <= {"rows", "roles"}:
        raise BadPolicy("is not rows and roles", field="policy", value=type(document).__name__)
    rows, roles = document.get("rows", []), document.get("roles", {})
    if not isinstance(rows, list) or not isinstance(roles, dict):
        raise BadPolicy("is not a list of rows and a map of roles", field="policy", value="")
    return Policy(tuple(_read_row(row) for row in rows), {str(one): str(role) for one, role in roles.items()})


def _read_row(row: Any) -> Row:
    known = set(Row.__dataclass_fields__)
    if not isinstance(row, dict) or not set(row) <= known:
        raise BadPolicy("has fields that no row has", field="rows", value=sorted(set(row) - known)[:5])
    values = dict(row)
    for name in ("per_order", "daily", "checked_from"):
        limit = values.get(name)
        if limit is not None:
            if not isinstance(limit, str) or not limit.isascii() or not limit.isdigit() or len(limit) > 20:
                raise BadPolicy("is not a string of digits", field=name, value=limit)
            values[name] = int(limit)
    try:
        if "since" in values:
            values["since"] = date.fromisoformat(values["since"])
        values["checkers"] = tuple(values.get("checkers", ()))
        return Row(**values)
    except (TypeError, ValueError) as error:
        if isinstance(error, BadPolicy):
            raise
        raise BadPolicy("is not of the right form", field="rows", value=str(row)[:120]) from None


FOUR_EYES = (
    OrderType.TAKE_OVER,
    OrderType.IDENTIFIED,
    OrderType.FREEZE,
    OrderType.UNFREEZE,
    OrderType.TOP_UP,
    OrderType.EXCESS,
    OrderType.REVERSAL,
)
"""What needs two persons until an institution decides otherwise."""

BUILT_IN = Policy(
    tuple(
        Row(
            role=ANY,
            type=kind.type.name.lower(),
            checked_from=0 if kind.type in FOUR_EYES else None,
            checkers=(ANY,) if kind.type in FOUR_EYES else (),
        )
        for kind in CATALOGUE.values()
        if kind.word is not Word.BANK
    )
)
"""What counts until the first policy is approved: corrections, freezes and own money need two persons, and nobody but
the bank channel speaks for the bank."""
