"""Parties and the people behind them: the one place in custody where personal data lies.

Rules:

1. The ledger knows a party by a number and a commitment. Name, identifier, card and phone lie only in the
   people store, a local SQLite file that nobody but its owner may read.
2. The commitment is made over the whole record and the party number with a salt of the party's own
   (`jinku.crypto.commitment`); the ledger's account carries its first 16 bytes.
3. Erasing a party removes record and salt and overwrites them in the file. The ledger, its log and every
   proof stay as they were, and nobody can tie the commitment to the person any more. Copies of the file made
   before (backups, snapshots of the file system) must be erased by whoever made them.
4. No error here names a person, only the party's number.

Example::

    with PeopleStore.open(Path("people.db")) as people:
        [opening] = people.register([Party(number=7, role=Role.INVESTOR, person=person)])
        people.erase(7)
"""

import sqlite3
from collections.abc import Callable, Sequence
from dataclasses import asdict, astuple, dataclass
from pathlib import Path

from jinku.base.canonical import canonical_json
from jinku.base.closing import Closing
from jinku.base.files import make_private
from jinku.crypto.commitment import check_opening, commit, new_salt
from jinku.crypto.errors import CommitmentMismatchError
from jinku.custody.errors import PartyExists, PartyUnknown
from jinku.custody.structure.chart import Opening
from jinku.custody.structure.table import Role

PURPOSE = "custody.party"
COMMITMENT_BYTES = 16
"""How much of the commitment an account has room for: 128 bits, still out of reach of a second opening."""

_SCHEMA = """
CREATE TABLE IF NOT EXISTS people (
    number INTEGER PRIMARY KEY, role TEXT NOT NULL, salt BLOB NOT NULL,
    name TEXT NOT NULL, latin_name TEXT NOT NULL, identifier_kind TEXT NOT NULL, identifier TEXT NOT NULL,
    card TEXT NOT NULL, phone TEXT NOT NULL
) STRICT
"""


@dataclass(frozen=True, slots=True)
class Person:
    """A person's or company's data, all of it personal: never logged, never in a message."""

    name: str
    latin_name: str
    identifier_kind: str
    """``resident_id`` (GB 11643) or ``credit_code`` (GB 32100)."""
    identifier: str
    card: str
    phone: str

    def __repr__(self) -> str:
        return "Person(…)"


@dataclass(frozen=True, slots=True)
class Party:
    """Someone with an account: a number (1 …), a role and who it is."""

    number: int
    role: Role
    person: Person

    def commitment(self, salt: bytes) -> bytes:
        """The 32-byte commitment to this party under `salt` (32 bytes)."""
        return commit(self._record(), salt, PURPOSE)

    def opens(self, commitment: bytes, salt: bytes) -> bool:
        """Whether this party and `salt` are what `commitment` (32 bytes) was made from."""
        try:
            check_opening(commitment, self._record(), salt, PURPOSE)
        except CommitmentMismatchError:
            return False
        return True

    def _record(self) -> bytes:
        return canonical_json({"number": self.number, "role": self.role.value, **asdict(self.person)})


class PeopleStore(Closing):
    """The people behind party numbers, in one SQLite file. For one thread."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    @classmethod
    def open(cls, path: Path) -> "PeopleStore":
        """Open the store at `path`, made if absent and readable by its owner only."""
        make_private(path)
        connection = sqlite3.connect(path)
        connection.execute("PRAGMA secure_delete = ON")
        connection.execute(_SCHEMA)
        return cls(connection)

    def register(self, parties: Sequence[Party], salts: Callable[[], bytes] = new_salt) -> list[Opening]:
        """Keep `parties`, each under a salt of its own; what the ledger may know of each, in order. All or
        none.

        Raises PartyExists for a number already kept.
        """
        rows, openings = [], []
        for party in parties:
            salt = salts()
            kept = int.from_bytes(party.commitment(salt)[:COMMITMENT_BYTES], "little")
            openings.append(Opening(party.number, party.role, kept))
            rows.append((party.number, party.role.value, salt, *astuple(party.person)))
        with self._connection:
            for row in rows:
                try:
                    self._connection.execute("INSERT INTO people VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", row)
                except sqlite3.IntegrityError:
                    raise PartyExists(row[0]) from None
        return openings

    def party(self, number: int) -> Party:
        """The party with this number. Raises PartyUnknown."""
        return self._row(number)[0]

    def opening(self, number: int) -> tuple[Party, bytes]:
        """The party with this number and its salt, which open the commitment. Raises PartyUnknown."""
        return self._row(number)

    def numbers(self) -> list[int]:
        """Every party number kept, rising."""
        return [number for (number,) in self._connection.execute("SELECT number FROM people ORDER BY number")]

    def erase(self, number: int) -> None:
        """Remove a party's record and salt for good. Raises PartyUnknown."""
        with self._connection:
            erased = self._connection.execute("DELETE FROM people WHERE number = ?", (number,)).rowcount
        if not erased:
            raise PartyUnknown(number)

    def close(self) -> None:
        """Close the file."""
        self._connection.close()

    def _row(self, number: int) -> tuple[Party, bytes]:
        found = self._connection.execute("SELECT * FROM people WHERE number = ?", (number,)).fetchone()
        if found is None:
            raise PartyUnknown(number)
        _, role, salt, *fields = found
        return Party(number, Role(role), Person(*fields)), salt
