"""The desk of attestations: what each legal entity owes its clients, sealed once a day, and each client's receipt.

Rules:

1. One attestation a day for each legal entity and currency. Asking again gives the same one; a day that was begun and
   not finished is finished, never made twice.
2. Balances and log size belong together: both are read again until nothing was booked in between. The total is compared
   with the ledger's control accounts, which are the other side of every movement.
3. What receipts need is kept in ``attestations/ENTITY-CURRENCY-DAY/``, complete and durable before the digest is
   sealed; a crash leaves all of it or none. The salts in it are secrets of the clients: mode 0600 under 0700.
4. A receipt is made under the newest checkpoint that witnesses cosigned, where that covers the seal already.
5. Every seal is listed beside the log in ``attestations.json``, so that all clients can see that they see the same.

Example::

    desk = AttestationDesk(house.directory, house.ledger, house.publisher)
    [attested] = desk.run(date(2026, 11, 20))
    desk.receipt(attested.entry, account_id)
"""

import shutil
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from types import MappingProxyType

import numpy as np

from jinku.base.clock import Clock, day_of
from jinku.base.files import replace_durably, sync_directory
from jinku.custody.errors import BadAttestation, NotAtRest, NotKept
from jinku.custody.proof.attestation import SEAL_TOPIC_ATTESTATION, Attestation
from jinku.custody.proof.building import WORKERS, Books, build
from jinku.custody.proof.kept import KeptTree
from jinku.custody.proof.published import LIST_FILE, Listed, attestation_list
from jinku.custody.proof.receipt import Sealed, balance_receipt
from jinku.custody.structure.holdings import holdings
from jinku.custody.structure.standing import books
from jinku.custody.structure.template import Structure
from jinku.ledger.layout import SEAL, Array, EntryKind
from jinku.ledger.service import Ledger
from jinku.log.errors import LogError
from jinku.log.publisher import Publisher
from jinku.log.reader import LogDirectory
from jinku.log.receipt import make_receipt

READINGS_MAX = 1_000
TREES_KEPT_MAX = 8
"""Attestations whose files stay open; others are opened again."""
SCAN_ENTRIES = 1 << 16
SEALED_FILE = "sealed"
_NO_STRUCTURES: Mapping[int, Structure] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Attested:
    """An attestation, the entry that seals it, and the tree that its receipts come from."""

    entry: int
    statement: Attestation
    tree: KeptTree


@dataclass(frozen=True, slots=True)
class _Reading:
    entity: int
    currency: str
    size: int
    rows: Array
    structure: Structure | None


class AttestationDesk:
    """See the module's rules. Safe to share between threads.

    `structures` are those of legal entities that have another than the default; `customer` gives the number under which
    a client's account stands in attestations, by default the account's id; `clock` gives nanoseconds.
    """

    def __init__(
        self,
        directory: Path,
        ledger: Ledger,
        publisher: Publisher,
        *,
        structures: Mapping[int, Structure] = _NO_STRUCTURES,
        customer: Callable[[int], str] = str,
        clock: Clock = time.time_ns,
        workers: int = WORKERS,
    ) -> None:
        self._directory = directory / "attestations"
        self._ledger, self._publisher = ledger, publisher
        self._structures, self._customer = structures, customer
        self._clock, self._workers = clock, workers
        self._recent: dict[int, Attested] = {}
        self._known: dict[int, str] = {}
        self._making, self._lock = threading.Lock(), threading.Lock()

    def run(self, day: date | None = None) -> list[Attested]:
        """Attest every legal entity's every currency for `day` (default: the clock's UTC day), by entity and currency.

        All that were not attested yet are read at one and the same entry of the log. Raises as `attest`.
        """
        day = day or day_of(self._clock())
        with self._making:
            readings = self._readings()
            for one in readings:
                self._ensure(one, day)
            return [self._open(self._folder(one.entity, one.currency, day)) for one in readings]

    def attest(self, entity: int, currency_code: str, day: date | None = None) -> Attested:
        """Attest and seal what is owed to the clients of a legal entity in a currency; see rule 1.

        Raises NotKept where it has no books in it, NotAtRest where the ledger did not stand still for a reading,
        BadAttestation where the books are broken.
        """
        day = day or day_of(self._clock())
        folder = self._folder(entity, currency_code, day)
        with self._making:
            if not (folder / SEALED_FILE).exists():
                self._ensure(self._reading(entity, currency_code), day)
            return self._open(folder)

    def get(self, entry: int) -> Attested:
        """The attestation that log entry `entry` seals. Raises NotKept."""
        with self._lock:
            known = self._recent.get(entry)
        return known or self._open(self._directory / self._folder_of(entry))

    def find(self, entity: int, currency_code: str, day: date) -> Attested:
        """The attestation of that legal entity, currency and day. Raises NotKept."""
        folder = self._folder(entity, currency_code, day)
        if not (folder / SEALED_FILE).exists():
            raise NotKept(
                f"no attestation of legal entity {entity} in {currency_code} for {day}",
                remedy="see `jinku attest list`",
            )
        return self._open(folder)

    def listed(self) -> list[Listed]:
        """Every attestation that was sealed, in the order of the log."""
        folders = sorted(self._directory.glob(f"*/{SEALED_FILE}"), key=lambda one: int(one.read_text()))
        return [Listed.kept(one.parent, int(one.read_text())) for one in folders]

    def receipt(self, entry: int, account_id: int) -> bytes:
        """The balance receipt of a client's account, for `jinku verify balance`. Raises NotKept, LiabilityUnknown."""
        return self.customer_receipt(self.get(entry), self._customer(account_id))

    def customer_receipt(self, attested: Attested, customer: str) -> bytes:
        """The same of a client by the number that stands in attestations. Raises LiabilityUnknown."""
        proof = attested.tree.proof(customer)
        return balance_receipt(proof, attested.statement, self.sealed(attested.entry))

    def sealed(self, entry: int) -> Sealed:
        """The seal entry and its receipt from the log (rule 4), publishing first where the log is behind."""
        current = self._publisher.checkpoint
        if current is None or current.size <= entry:
            self._publisher.publish()
        log = LogDirectory(self._publisher.directory)
        try:
            made = make_receipt(log, entry, cosigned=True, with_entry=False)
        except (LogError, OSError):
            made = make_receipt(log, entry, with_entry=False)
        [leaf] = self._ledger.read(entry, 1)
        return Sealed(leaf, made.encode().decode())

    def _ensure(self, reading: _Reading, day: date) -> None:
        """Make and seal what is not yet made or not yet sealed."""
        folder = self._folder(reading.entity, reading.currency, day)
        if not folder.exists():
            self._make(folder, reading, day)
        if not (folder / SEALED_FILE).exists():
            self._seal(folder)

    def _make(self, folder: Path, reading: _Reading, day: date) -> None:
        """Fill a fresh folder and give it its name once it is complete."""
        now = holdings(reading.rows, reading.structure)
        customers = [self._customer(account) for account in now.clients]
        as_of = int(self._ledger.entries(reading.size - 1, 1)["timestamp"][0])
        made = Books(
            entity=reading.entity,
            currency=reading.currency,
            day=day,
            as_of=as_of,
            ledger_size=reading.size,
            customers=customers,
            balances=list(now.clients.values()),
            ledger_total=now.bank + now.in_transit - now.own_in_pool,
        )
        self._directory.mkdir(mode=0o700, exist_ok=True)
        draft = folder.with_name(f".{folder.name}.new")
        shutil.rmtree(draft, ignore_errors=True)
        draft.mkdir(mode=0o700)
        try:
            build(draft, made, workers=self._workers)
            sync_directory(draft)
            draft.rename(folder)
        finally:
            shutil.rmtree(draft, ignore_errors=True)
        sync_directory(self._directory)

    def _seal(self, folder: Path) -> None:
        """Seal what `folder` holds, unless that was done before a crash; list it."""
        statement = KeptTree.open(folder).statement
        digest = statement.digest()
        entry = self._sealed_before(digest, statement.ledger_size)
        if entry is None:
            entry, _ = self._ledger.seal(digest, SEAL_TOPIC_ATTESTATION)
        replace_durably(folder / SEALED_FILE, str(entry).encode(), 0o600)
        replace_durably(self._publisher.directory / LIST_FILE, attestation_list(self.listed()))

    def _sealed_before(self, digest: bytes, first: int) -> int | None:
        wanted, end = np.frombuffer(digest, np.uint8), self._ledger.size()
        for at in range(first, end, SCAN_ENTRIES):
            rows = self._ledger.entries(at, SCAN_ENTRIES)
            (seals,) = np.nonzero(rows["kind"] == EntryKind.SEAL)
            events = np.ascontiguousarray(rows["event"][seals]).view(SEAL)
            (found,) = np.nonzero((events["digest"] == wanted).all(axis=1))
            if len(found):
                return at + int(seals[found[0]])
        return None

    def _reading(self, entity: int, currency_code: str) -> _Reading:
        for one in self._readings((entity, currency_code)):
            return one
        raise NotKept(
            f"legal entity {entity} has no books in {currency_code}",
            remedy="see GET /v1/positions for those that exist",
        )

    def _readings(self, only: tuple[int, str] | None = None) -> list[_Reading]:
        """Everybody's holdings at one entry of the log (rule 2)."""
        ledger = self._ledger
        for _ in range(READINGS_MAX):
            size = ledger.size()
            accounts = ledger.accounts_array()
            if ledger.size() == size:
                return [
                    _Reading(number, unit.code, size, rows, self._structures.get(number))
                    for number, unit, rows in books(accounts, self._structures)
                    if only in (None, (number, unit.code))
                ]
        raise NotAtRest("the ledger did not stand still for one reading", remedy="retry when less is booked")

    def _folder(self, entity: int, currency_code: str, day: date) -> Path:
        return self._directory / f"{entity}-{currency_code}-{day.isoformat()}"

    def _folder_of(self, entry: int) -> str:
        with self._lock:
            if entry not in self._known:
                found = {
                    int(one.read_text()): one.parent.name for one in self._directory.glob(f"*/{SEALED_FILE}")
                }
                self._known = found
            name = self._known.get(entry)
        if name is None:
            raise NotKept(f"entry {entry} seals no attestation made here", remedy="see `jinku attest list`")
        return name

    def _open(self, folder: Path) -> Attested:
        entry = int((folder / SEALED_FILE).read_text())
        with self._lock:
            attested = self._recent.get(entry)
            if attested is None:
                tree = KeptTree.open(folder)
                attested = Attested(entry, tree.statement, tree)
                if attested.statement.digest() not in self._ledger.read(entry, 1)[0]:
                    raise BadAttestation(
                        "the entry seals something else",
                        field="digest",
                        value=attested.statement.digest().hex(),
                    )
            self._recent[entry] = attested
            while len(self._recent) > TREES_KEPT_MAX:
                del self._recent[next(iter(self._recent))]
        return attested
