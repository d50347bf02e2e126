"""Parties and the people behind them: the one place in custody where personal data lies.

Rules:

1. The ledger knows a party by a number and a commitment. Name, identifier, card and phone lie only in the people
   store, a local SQLite file that nobody but its owner may read.
2. The commitment is made over the whole record and the party number with a salt of the party's own
   (`jinku.crypto.commitment`); the ledger's account carries its first 16 bytes.
3. A bank card that is bound later is kept here under a token of its own; whoever needs the number asks by token.
4. Erasing a party removes record, salt and cards and overwrites them in the file. The ledger, its log and every
   proof stay as they were, and nobody can tie the commitment to the person any more. Copies of the file made before
   (backups, snapshots of the file system) must be erased by whoever made them.
5. No error here names a person, only the party's number.

Example::

    with PeopleStore.open(Path("people.db")) as people:
        [opening] = people.register([Party(number=7, role=Role.INVESTOR, person=person)])
        people.erase(7)
"""

import secrets
import sqlite3
import threading
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
CARD_PURPOSE = "custody.party.card"
TOKEN_BYTES = 16
COMMITMENT_BYTES = 16
"""How much of the commitment an account has room for: 128 bits, still out of reach of a second opening."""

_SCHEMA = """
CREATE TABLE IF NOT EXISTS people (
    number INTEGER PRIMARY KEY, role TEXT NOT NULL, salt BLOB NOT NULL,
    name TEXT NOT NULL, latin_name TEXT NOT NULL, identifier_kind TEXT NOT NULL, identifier TEXT NOT NULL,
    card TEXT NOT NULL, phone TEXT NOT NULL,
    representative TEXT NOT NULL DEFAULT '', representative_identifier TEXT NOT NULL DEFAULT ''
) STRICT;
CREATE TABLE IF NOT EXISTS cards (
    token TEXT PRIMARY KEY, number INTEGER NOT NULL, card TEXT NOT NULL, salt BLOB NOT NULL
) STRICT;
CREATE INDEX IF NOT EXISTS cards_number ON cards (number);
"""
_LATER_COLUMNS = ("representative", "representative_identifier")


_ALWAYS = frozenset({"name", "latin_name", "identifier_kind", "identifier", "card", "phone"})
"""Fields that a commitment covers even where they are empty."""


@dataclass(frozen=True, slots=True)
class Person:
    """A person's or company's data, all of it personal: never logged, never in a message."""

    name: str
    latin_name: str
    identifier_kind: str
    """``resident_id`` (GB 11643) or ``credit_code`` (GB 32100)."""
    identifier: str
    card: str
    """The card known when the party was registered; empty where cards are bound later."""
    phone: str
    representative: str = ""
    """Of an enterprise: its legal representative (法定代表人)."""
    representative_identifier: str = ""

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
        person = {name: value for name, value in asdict(self.person).items() if value or name in _ALWAYS}
        return canonical_json({"number": self.number, "role": self.role.value, **person})


def opening_commitment(party: Party, salt: bytes) -> int:
    """What the ledger's accounts carry of a party: the first 128 bits of its commitment under `salt`."""
    return int.from_bytes(party.commitment(salt)[:COMMITMENT_BYTES], "little")


def _card_record(number: int, card: str) -> bytes:
    return canonical_json({"number": number, "card": card})


class PeopleStore(Closing):
    """The people behind party numbers, in one SQLite file. For any number of threads, one at a time."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._turn = threading.RLock()

    @classmethod
    def open(cls, path: Path) -> "PeopleStore":
        """Open the store at `path`, made if absent and readable by its owner only."""
        make_private(path)
        connection = sqlite3.connect(path, check_same_thread=False)
        connection.execute("PRAGMA secure_delete = ON")
        connection.executescript(_SCHEMA)
        known = {row[1] for row in connection.execute("PRAGMA table_info(people)")}
        for column in _LATER_COLUMNS:
            if column not in known:  # a file of an earlier release
                connection.execute(f"ALTER TABLE people ADD COLUMN {column} TEXT NOT NULL DEFAULT ''")
        connection.commit()
        return cls(connection)

    def register(self, parties: Sequence[Party], salts: Callable[[], bytes] = new_salt) -> list[Opening]:
        """Keep `parties`, each under a salt of its own; what the ledger may know of each, in order. All or
        none.

        Raises PartyExists for a number already kept.
        """
        rows, openings = [], []
        for party in parties:
            salt = salts()
            openings.append(Opening(party.number, party.role, opening_commitment(party, salt)))
            rows.append((party.number, party.role.value, salt, *astuple(party.person)))
        with self._turn, self._connection:
            for row in rows:
                try:
                    self._connection.execute(
                        "INSERT INTO people VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", row
                    )
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
        with self._turn:
            rows = self._connection.execute("SELECT number FROM people ORDER BY number")
            return [number for (number,) in rows]

    def after(self, number: int, most: int) -> list[int]:
        """Up to `most` party numbers kept above this one, rising."""
        with self._turn:
            rows = self._connection.execute(
                "SELECT number FROM people WHERE number > ? ORDER BY number LIMIT ?", (number, most)
            )
            return [found for (found,) in rows]

    def has(self, number: int) -> bool:
        """Whether a record is kept under this number."""
        with self._turn:
            return bool(
                self._connection.execute("SELECT 1 FROM people WHERE number = ?", (number,)).fetchone()
            )

    def highest(self) -> int:
        """The greatest party number kept; 0 for none."""
        with self._turn:
            return int(self._connection.execute("SELECT max(number) FROM people").fetchone()[0] or 0)

    def keep_card(self, number: int, card: str) -> tuple[str, bytes]:
        """Keep a card's number for a party; the token that it goes by everywhere else, and a commitment (32 bytes) to
        number and party that a history may tell. Raises PartyUnknown.
        """
        token, salt = f"card-{secrets.token_hex(TOKEN_BYTES)}", new_salt()
        with self._turn, self._connection:
            self._row(number)
            self._connection.execute("INSERT INTO cards VALUES (?, ?, ?, ?)", (token, number, card, salt))
        return token, commit(_card_record(number, card), salt, CARD_PURPOSE)

    def card(self, token: str, commitment: bytes) -> str:
        """The card number behind a token, for the bank's channel alone, if it is still what was committed to.

        Raises PartyUnknown where it was erased, CommitmentMismatchError where somebody changed it.
        """
        with self._turn:
            found = self._connection.execute(
                "SELECT number, card, salt FROM cards WHERE token = ?", (token,)
            ).fetchone()
        if found is None:
            raise PartyUnknown(0)
        number, card, salt = found
        check_opening(commitment, _card_record(number, card), salt, CARD_PURPOSE)
        return str(card)

    def drop_card(self, token: str) -> None:
        """Remove a card's number for good; harmless where it is not there."""
        with self._turn, self._connection:
            self._connection.execute("DELETE FROM cards WHERE token = ?", (token,))

    def erase(self, number: int) -> None:
        """Remove a party's record, salt and cards for good. Raises PartyUnknown."""
        with self._turn, self._connection:
            self._connection.execute("DELETE FROM cards WHERE number = ?", (number,))
            erased = self._connection.execute("DELETE FROM people WHERE number = ?", (number,)).rowcount
        if not erased:
            raise PartyUnknown(number)

    def close(self) -> None:
        """Close the file."""
        self._connection.close()

    def _row(self, number: int) -> tuple[Party, bytes]:
        with self._turn:
            found = self._connection.execute("SELECT * FROM people WHERE number = ?", (number,)).fetchone()
        if found is None:
            raise PartyUnknown(number)
        _, role, salt, *fields = found
        return Party(number, Role(role), Person(*fields)), salt
