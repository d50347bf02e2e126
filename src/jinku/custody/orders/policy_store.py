"""Versions of the policy in the control database: proposed, approved by another person, sealed.

Example::

    shelf = PolicyShelf(ledger, database, clock=time.time_ns)
    version = shelf.propose(policy, by="risk-1").version
    shelf.approve(version, by="head-2")
    shelf.in_force()
"""

import json
import threading
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import (
    BigInteger,
    Column,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    func,
    insert,
    select,
    update,
)

from jinku.base.canonical import canonical_json
from jinku.base.clock import Clock, to_rfc3339
from jinku.base.database import Database
from jinku.base.persons import PERSON
from jinku.custody.orders.errors import BadPolicy, PolicyDecided, PolicyUnknown, SamePerson
from jinku.custody.orders.granting import SEAL_TOPIC_AUTHORITY, LimitLedger
from jinku.custody.orders.policy import BUILT_IN, Policy, read_policy, same_person

POLICIES = MetaData()
_POLICY = Table(
    "order_policy",
    POLICIES,
    Column("version", Integer, primary_key=True, autoincrement=False),
    Column("document", Text, nullable=False),
    Column("proposed_by", String(64), nullable=False),
    Column("proposed_at", BigInteger, nullable=False),
    Column("decided_by", String(64), nullable=False),
    Column("decided_at", BigInteger, nullable=False),
    Column("digest", LargeBinary, nullable=False),
    Column("sealed_entry", BigInteger, nullable=False),
    Column("force", Integer, nullable=False, index=True),
)


@dataclass(frozen=True, slots=True)
class KeptPolicy:
    """A version as it is kept. `force` is the order in which versions came into force, 0 while it is proposed."""

    version: int
    policy: Policy
    proposed_by: str
    proposed_at: int
    decided_by: str = ""
    decided_at: int = 0
    sealed_entry: int = -1
    force: int = 0

    def document(self) -> dict[str, Any]:
        """As JSON values."""
        return {
            "version": self.version,
            "state": "approved" if self.force else "proposed",
            "proposed_by": self.proposed_by,
            "proposed_at": to_rfc3339(self.proposed_at),
            "decided_by": self.decided_by or None,
            "decided_at": to_rfc3339(self.decided_at) if self.decided_at else None,
            "digest": self.policy.digest().hex(),
            "sealed_entry": self.sealed_entry if self.force else None,
            **self.policy.document(),
        }


class PolicyShelf:
    """The versions of one institution's policy; see the module. For any number of threads."""

    def __init__(self, ledger: LimitLedger, database: Database, *, clock: Clock) -> None:
        database.add(POLICIES)
        self._ledger, self._database, self._clock = ledger, database, clock
        self._turn = threading.Lock()
        self._force, self._policy = 0, BUILT_IN

    def propose(self, policy: Policy, *, by: str) -> KeptPolicy:
        """Keep `policy` as the next version. Raises BadPolicy."""
        _check(by)
        with self._database.writing() as connection:
            newest = connection.execute(select(func.max(_POLICY.c.version))).scalar_one() or 0
            kept = KeptPolicy(newest + 1, policy, by, self._clock())
            values = {
                "version": kept.version,
                "document": canonical_json(policy.document()).decode(),
                "proposed_by": by,
                "proposed_at": kept.proposed_at,
                "decided_by": "",
                "decided_at": 0,
                "digest": policy.digest(),
                "sealed_entry": -1,
                "force": 0,
            }
            connection.execute(insert(_POLICY), [values])
        return kept

    def approve(self, version: int, *, by: str) -> KeptPolicy:
        """Put a version into force. Raises PolicyUnknown, PolicyDecided, SamePerson."""
        _check(by)
        with self._turn:
            found = self.show(version)
            if found.force:
                raise PolicyDecided(version)
            if same_person(found.proposed_by) == same_person(by):
                raise SamePerson(by)
            entry, _ = self._ledger.seal(found.policy.digest(), SEAL_TOPIC_AUTHORITY)
            with self._database.writing() as connection:
                newest = connection.execute(select(func.max(_POLICY.c.force))).scalar_one() or 0
                decided = replace(
                    found, decided_by=by, decided_at=self._clock(), sealed_entry=entry, force=newest + 1
                )
                values = {
                    "decided_by": by,
                    "decided_at": decided.decided_at,
                    "sealed_entry": entry,
                    "force": decided.force,
                }
                connection.execute(
                    update(_POLICY).where(_POLICY.c.version == version, _POLICY.c.force == 0).values(**values)
                )
            return decided

    def show(self, version: int) -> KeptPolicy:
        """One version. Raises PolicyUnknown."""
        with self._database.reading() as connection:
            row = connection.execute(select(_POLICY).where(_POLICY.c.version == version)).first()
        if row is None:
            raise PolicyUnknown(version)
        return _kept(row)

    def list(self) -> list[KeptPolicy]:
        """Every version, the oldest first."""
        with self._database.reading() as connection:
            return [
                _kept(row) for row in connection.execute(select(_POLICY).order_by(_POLICY.c.version)).all()
            ]

    def in_force(self) -> Policy:
        """The policy that was approved last; the built-in one where none was."""
        with self._turn, self._database.reading() as connection:
            newest = connection.execute(select(func.max(_POLICY.c.force))).scalar_one() or 0
            if newest != self._force:
                row = connection.execute(select(_POLICY).where(_POLICY.c.force == newest)).one()
                self._force, self._policy = newest, _kept(row).policy
            return self._policy


def _check(person: str) -> None:
    if not PERSON.fullmatch(person):
        raise BadPolicy("not a person's id", field="by", value=person[:80])


def _kept(row: Any) -> KeptPolicy:
    policy = read_policy(json.loads(row.document))
    if policy.digest() != bytes(row.digest):
        raise BadPolicy("is not what was proposed", field="version", value=row.version)
    return KeptPolicy(
        row.version,
        policy,
        row.proposed_by,
        row.proposed_at,
        row.decided_by,
        row.decided_at,
        row.sealed_entry,
        row.force,
    )
