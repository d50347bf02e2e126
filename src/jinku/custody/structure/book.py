"""Which account structure is in force for which legal entity: adopted by two persons and sealed in the log.

Rules:

1. A structure is proposed by one person and confirmed by another; confirming seals its digest (topic 5). The text is
   kept, and what is read back must have the digest that was sealed.
2. A later structure of an entity may add kinds and pools and change names, calendar, cut-off and currencies. It may not
   take away a kind, nor change whose money it holds, its pool, place, role, side or limit: accounts exist that were
   opened under it, and their past must keep its meaning.
3. An entity without an adopted structure has the default one.

Example::

    book = StructureBook(database, ledger, clock)
    asked = book.propose(3, template_text("uk-safeguarding"), by="clerk-1")
    book.confirm(asked.id, by="clerk-2")
    book.in_force()   # {3: Structure('uk-safeguarding', version 1)}
"""

from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from sqlalchemy import (
    BigInteger,
    Column,
    Integer,
    LargeBinary,
    MetaData,
    RowMapping,
    String,
    Table,
    Text,
    insert,
    select,
    update,
)

from jinku.base.clock import Clock
from jinku.base.database import Database
from jinku.base.persons import PERSON, same_person
from jinku.custody.structure.errors import StructureRefused
from jinku.custody.structure.template import Structure, read_structure
from jinku.custody.structure.tie import SEAL_TOPIC_STRUCTURE
from jinku.ledger.layout import SEAL, Array, EntryKind

STRUCTURES = MetaData()
ENTITY_MAX = (1 << 32) - 1
UNSEALED = -1
_KEPT = ("key", "money", "pool", "place", "role", "side", "limit")
"""What no later structure may change of a kind."""

ADOPTION = Table(
    "structure_adoption",
    STRUCTURES,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("entity", BigInteger, nullable=False, index=True),
    Column("name", String(64), nullable=False),
    Column("version", Integer, nullable=False),
    Column("digest", LargeBinary(32), nullable=False),
    Column("text", Text, nullable=False),
    Column("proposed_by", String(64), nullable=False),
    Column("proposed_at", BigInteger, nullable=False),
    Column("confirmed_by", String(64), nullable=False),
    Column("confirmed_at", BigInteger, nullable=False),
    Column("entry", BigInteger, nullable=False),
)


class SealingLedger(Protocol):
    """What is needed of a ledger."""

    def seal(self, digest: bytes, topic: int) -> tuple[int, int]:
        """Put a digest into the log; its entry's number and timestamp."""
        ...

    def entries(self, first: int, count: int) -> Array:
        """``ENTRY`` rows from number `first`."""
        ...


@dataclass(frozen=True, slots=True)
class Adoption:
    """A structure proposed for, or in force in, a legal entity. `entry` is the log entry that seals it, -1 before."""

    id: int
    entity: int
    structure: Structure
    text: str
    proposed_by: str
    proposed_at: int
    confirmed_by: str
    confirmed_at: int
    entry: int


class StructureBook:
    """See the module's rules. For any number of threads."""

    def __init__(self, database: Database, ledger: SealingLedger, clock: Clock) -> None:
        self._database, self._ledger, self._clock = database, ledger, clock
        database.add(STRUCTURES)

    def propose(self, entity: int, text: str, by: str) -> Adoption:
        """Keep a structure's TOML `text` for a legal entity, to be confirmed.

        Raises InputError for a bad text, StructureRefused for one that may not follow what is in force.
        """
        _check_operator(by)
        if not 1 <= entity <= ENTITY_MAX:
            raise StructureRefused(f"{entity} is no legal entity's number", remedy="use 1 … 2^32 - 1")
        structure = read_structure(text.encode(), f"structure of legal entity {entity}")
        self._check_follows(entity, structure)
        with self._database.writing() as connection:
            made = connection.execute(
                insert(ADOPTION).values(
                    entity=entity,
                    name=structure.name,
                    version=structure.version,
                    digest=structure.digest,
                    text=text,
                    proposed_by=by,
                    proposed_at=self._clock(),
                    confirmed_by="",
                    confirmed_at=0,
                    entry=UNSEALED,
                )
            ).inserted_primary_key
        return self.adoption(int(made[0]) if made else 0)

    def confirm(self, adoption_id: int, by: str) -> Adoption:
        """Put a proposed structure into force and seal it. Raises StructureRefused."""
        _check_operator(by)
        with self._database.writing() as connection:
            query = select(ADOPTION).where(ADOPTION.c.id == adoption_id).with_for_update()
            found = self._read(connection.execute(query).mappings().first(), adoption_id)
            if found.entry != UNSEALED:
                raise StructureRefused(
                    f"structure {adoption_id} was confirmed before", remedy="nothing is to be done"
                )
            if same_person(found.proposed_by, by):
                raise StructureRefused(
                    f"{by} proposed it and cannot confirm it", remedy="have another person confirm"
                )
            self._check_follows(found.entity, found.structure)
            entry, _ = self._ledger.seal(found.structure.digest, SEAL_TOPIC_STRUCTURE)
            connection.execute(
                update(ADOPTION)
                .where(ADOPTION.c.id == adoption_id)
                .values(confirmed_by=by, confirmed_at=self._clock(), entry=entry)
            )
        return self.adoption(adoption_id)

    def in_force(self) -> dict[int, Structure]:
        """The structure of each legal entity that adopted one. Raises StructureRefused for one that was changed."""
        return {one.entity: one.structure for one in self.adoptions() if one.entry != UNSEALED}

    def adoptions(self) -> list[Adoption]:
        """Every structure proposed or adopted, in order of confirmation; those unconfirmed first."""
        with self._database.reading() as connection:
            query = select(ADOPTION).order_by(ADOPTION.c.entry, ADOPTION.c.id)
            rows = list(connection.execute(query).mappings())
        return [self._read(row, row["id"]) for row in rows]

    def adoption(self, adoption_id: int) -> Adoption:
        """One of them. Raises StructureRefused where there is none, or it is not what was sealed."""
        with self._database.reading() as connection:
            row = connection.execute(select(ADOPTION).where(ADOPTION.c.id == adoption_id)).mappings().first()
        return self._read(row, adoption_id)

    def _check_follows(self, entity: int, structure: Structure) -> None:
        before = self.in_force().get(entity)
        if before is not None:
            refuse_lost_meaning(before, structure)

    def _read(self, row: RowMapping | None, adoption_id: int) -> Adoption:
        if row is None:
            raise StructureRefused(
                f"no structure was proposed under number {adoption_id}", remedy="check the number"
            )
        structure = read_structure(row["text"].encode(), f"structure {adoption_id}")
        if structure.digest != bytes(row["digest"]) or not self._sealed(structure.digest, row["entry"]):
            raise StructureRefused(
                f"structure {adoption_id} is not what was confirmed and sealed",
                remedy="restore it from a backup",
            )
        names = (
            "id",
            "entity",
            "text",
            "proposed_by",
            "proposed_at",
            "confirmed_by",
            "confirmed_at",
            "entry",
        )
        values: dict[str, Any] = {name: row[name] for name in names}
        return Adoption(structure=structure, **values)

    def _sealed(self, digest: bytes, entry: int) -> bool:
        if entry == UNSEALED:
            return True
        rows = self._ledger.entries(entry, 1)
        if not len(rows) or rows["kind"][0] != EntryKind.SEAL:
            return False
        [seal] = np.ascontiguousarray(rows["event"]).view(SEAL)
        return seal["digest"].tobytes() == digest and int(seal["topic"]) == SEAL_TOPIC_STRUCTURE


def refuse_lost_meaning(before: Structure, after: Structure) -> None:
    """Raises StructureRefused unless every kind and pool of `before` means the same in `after`."""
    for kind in before.kinds.values():
        new = after.kinds.get(kind.code)
        if new is None:
            raise StructureRefused(
                f"{kind.key} is taken away, and accounts of it may hold money", remedy="keep every kind"
            )
        for field in _KEPT:
            if getattr(new, field) != getattr(kind, field):
                raise StructureRefused(
                    f"{kind.key}.{field} changes from {_shown(kind, field)} to {_shown(new, field)}",
                    remedy="keep it, and add a kind of another number",
                )
    for pool in before.pools.values():
        if after.pools[pool.key].money is not pool.money:
            raise StructureRefused(
                f"pool {pool.key} is kept for others than before", remedy="add another pool"
            )


def _shown(kind: object, field: str) -> str:
    value = getattr(kind, field)
    return str(getattr(value, "value", value))


def _check_operator(person: str) -> None:
    if not PERSON.fullmatch(person):
        raise StructureRefused("names no operator", remedy="use an id of 1 to 64 of A-Z a-z 0-9 . _ -")
