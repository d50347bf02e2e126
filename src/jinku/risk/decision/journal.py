"""The journal of decisions: what was decided and from what, durable before money moves, and sealed in the log.

Rules:

1. `append` makes a record durable; `seal` puts its digest into the ledger's log under topic 12. Records are sealed in
   their order, and topic 12 has nothing else: the k-th seal of the topic is record k.
2. On opening, the end that a crash tore is cut, where it was not sealed; anything else that is not as sealed is named,
   and nothing is decided. Records that were written and not sealed yet are sealed by `seal_rest`.
3. A file of records but the newest may be erased after its term (`erase`): heads, digests, seals and ids stay, and what
   asks for more is told under which act it went.
4. One ledger has one journal, and one program has it open: a second one is refused, whether it lies elsewhere on the
   same ledger or is the same directory opened twice.
5. ``places`` tells where each record lies and which entry sealed it. It is derived: what is missing of it is filled
   from the files and the log.

Example::

    journal = Journal.open(directory, house.ledger)
    number = journal.append(parts, Stamp(time, rows, kind))
    journal.seal(number)
    journal.read(number)
"""

import bisect
import fcntl
import itertools
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Protocol, Self

import numpy as np

from jinku.base.closing import Closing
from jinku.ledger.errors import TopicClaimed
from jinku.ledger.layout import SEAL, Array, EntryKind
from jinku.risk.decision.errors import JournalAltered, JournalElsewhere, JournalUnusable
from jinku.risk.decision.segments import HEAD, PLACE, SEGMENT_BYTES, Buffer, Segments, Stamp

SEAL_TOPIC_DECISIONS = 12
RECORDS_DIRECTORY, PLACES_FILE = "records", "places"
ENTRIES_AT_ONCE = 8_192
PLACES_AT_ONCE = 65_536
GENESIS = bytes(32)
_SEAL_OFFSET = int(PLACE.fields["seal"][1])  # type: ignore[index]


class SealLog(Protocol):
    """What the journal needs of the ledger: its log."""

    def seal(self, digest: bytes, topic: int) -> tuple[int, int]:
        """Seal a digest under a topic: number and time of its entry, once durable."""
        ...

    def claim(self, topic: int) -> Callable[[], None]:
        """Keep a topic for oneself; call the answer to give it back. Raises TopicClaimed."""
        ...

    def size(self) -> int:
        """Durable entries."""
        ...

    def entries(self, first: int, count: int) -> Array:
        """``ENTRY`` rows."""
        ...


class Journal(Closing):
    """See the module's rules. One thread writes; any may read."""

    def __init__(self, directory: Path, log: SealLog, segment_bytes: int = SEGMENT_BYTES) -> None:
        """Use `open`."""
        self.directory, self._log = directory, log
        self._segments = Segments(directory / RECORDS_DIRECTORY, segment_bytes)
        path = directory / PLACES_FILE
        try:
            self._places = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise JournalUnusable(
                f"{path.name}: {error.strerror}", remedy="check the disk and the directory"
            ) from error
        self.size = 0
        """How many records there are."""
        self.sealed = 0
        """How many of them are sealed."""
        self._previous = GENESIS
        self._torn: tuple[int, int] | None = None
        self._give_back: Callable[[], None] = _nothing

    @classmethod
    def open(cls, directory: Path, log: SealLog, *, segment_bytes: int = SEGMENT_BYTES) -> Self:
        """The journal in `directory`, made where there is none. Raises JournalAltered, JournalUnusable."""
        with ExitStack() as undo:
            journal = cls(directory, log, segment_bytes)
            undo.callback(journal.close)
            journal._take()
            journal._load()
            journal._match_seals()
            journal._resume()
            undo.pop_all()
        return journal

    def _take(self) -> None:
        """Be the one that writes (rule 4). Raises JournalElsewhere, JournalUnusable."""
        try:
            fcntl.flock(self._places, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise JournalElsewhere("another program has it open") from None
        try:
            self._give_back = self._log.claim(SEAL_TOPIC_DECISIONS)
        except TopicClaimed:
            raise JournalElsewhere("another journal on this ledger is open") from None

    # --- writing -----------------------------------------------------------------------------------------------------

    def append(self, parts: Sequence[Buffer], stamp: Stamp) -> int:
        """Write one record; its number, once durable. Raises JournalUnusable."""
        number = self.size
        place = self._segments.append(parts, stamp, number, self._previous)
        self._put(number, place)
        self._previous = place["digest"].tobytes()
        self.size = number + 1
        return number

    def seal(self, number: int) -> int:
        """Seal the next record in the log; the number of the entry. Raises what the ledger raises."""
        if number != self.sealed:
            raise JournalUnusable(f"record {number} is not the next to be sealed", remedy="seal in order")
        sequence, _ = self._log.seal(self.place(number)["digest"].tobytes(), SEAL_TOPIC_DECISIONS)
        self._put_seal(number, sequence)
        return sequence

    def seal_rest(self) -> int:
        """Seal what a crash left unsealed; how many records."""
        before = self.sealed
        while self.sealed < self.size:
            self.seal(self.sealed)
        return self.sealed - before

    # --- reading -----------------------------------------------------------------------------------------------------

    def place(self, number: int) -> Any:
        """``PLACE`` of a record. Raises IndexError."""
        if not 0 <= number < self.size:
            raise IndexError(number)
        return self._row(number)

    def read(self, number: int) -> bytes:
        """The payload of a record. Raises JournalAltered where it is not what was sealed, JournalErased."""
        return self._segments.read(self.place(number), number)

    def files(self) -> list[tuple[int, int, int]]:
        """The files of records but the newest: first and last record of each, and the act that erased it (0: none)."""
        firsts = self._segments.firsts()
        found = []
        for first, following in itertools.pairwise(firsts):
            gone = self._segments.erased(first)
            found.append((first, following - 1, 0 if gone is None else gone.act))
        return found

    def erase(self, first: int, act: int, stays: Callable[[int, bytes], bytes]) -> None:
        """Erase what the file whose first record is `first` holds, under an act of retention. Raises JournalAltered,
        IndexError for the newest file."""
        if first not in {one for one, _, _ in self.files()}:
            raise IndexError(first)
        self._segments.erase(first, act, stays)

    def left(self, number: int) -> bytes | None:
        """What stays of an erased record; None where the record is whole."""
        first = int(self.place(number)["segment"])
        gone = self._segments.erased(first)
        return None if gone is None else gone.stays[number - first]

    def part(self, number: int, offset: int, length: int) -> bytes:
        """Bytes from within a payload, unchecked: for what is compared with something else afterwards."""
        return self._segments.part(self.place(number), offset, length)

    def check_seal(self, number: int) -> None:
        """Raises JournalAltered unless the log's entry for a record seals its bytes."""
        place = self.place(number)
        sequence = int(place["seal"])
        self._segments.read(place, number)
        entry = self._log.entries(sequence, 1) if sequence >= 0 else np.zeros(0)
        if not len(entry) or _sealed_in(entry) != [(0, place["digest"].tobytes())]:
            raise JournalAltered(f"record {number} is not what entry {sequence} of the log seals")

    def of_kind(self, kind: int, first: int) -> Iterator[int]:
        """The numbers of the records of a kind, from `first` on."""
        end = self.size
        while first < end:
            count = min(PLACES_AT_ONCE, end - first)
            raw = os.pread(self._places, count * PLACE.itemsize, first * PLACE.itemsize)
            yield from (first + np.flatnonzero(np.frombuffer(raw, PLACE)["kind"] == kind)).tolist()
            first += count

    def first_at(self, time: int) -> int:
        """The number of the first record whose time (us) is `time` or later."""
        return bisect.bisect_left(range(self.size), time, key=lambda number: int(self._row(number)["time"]))

    # --- opening -----------------------------------------------------------------------------------------------------

    def _load(self) -> None:
        segments = self._segments
        firsts = segments.firsts()
        known = os.fstat(self._places).st_size // PLACE.itemsize
        if not firsts:
            return
        newest = firsts[-1]
        if not self._agrees(firsts, known):
            known = 0
        for first in firsts if known == 0 else [newest]:
            self._load_segment(first, known, newest=first == newest)

    def _resume(self) -> None:
        """Cut what a crash tore, now that the log has not sealed it, and go on writing there."""
        if self._torn is not None:
            self._segments.cut(*self._torn)
        os.ftruncate(self._places, self.size * PLACE.itemsize)
        if firsts := self._segments.firsts():
            self._segments.resume(firsts[-1])

    def _agrees(self, firsts: list[int], known: int) -> bool:
        """Whether the known places of the older files are those of their ends."""
        for first, following in itertools.pairwise(firsts):
            if known < following:
                return False
            last = self._row(following - 1)
            end = int(last["offset"]) + HEAD.itemsize + int(last["length"])
            if int(last["segment"]) != first or end != self._segments.size(first):
                return False
        if firsts[-1]:
            self._previous = self._row(firsts[-1] - 1)["digest"].tobytes()
            self.size = firsts[-1]
        return True

    def _load_segment(self, first: int, known: int, *, newest: bool) -> None:
        """Walk through a file; what a crash tore at its end is to be cut. Raises JournalAltered."""
        segments, name, end = self._segments, self._segments.path(first).name, 0
        if first != self.size:
            raise JournalAltered(f"{name} should begin with record {self.size}")
        for found in segments.scan(first):
            whole = int(found.place["offset"]) + HEAD.itemsize + int(found.place["length"])
            if not found.right or found.number != self.size or found.previous != self._previous:
                if newest and whole == segments.size(first) and not self._was_sealed(self.size, known):
                    break
                raise JournalAltered(f"record {self.size} in {name}")
            if self.size < known:
                held = self._row(self.size)
                if held["digest"] == found.place["digest"]:
                    found.place["seal"] = held["seal"]
            self._put(self.size, found.place)
            self._previous, end = found.place["digest"].tobytes(), whole
            self.size += 1
        if end < segments.size(first):
            if not newest or self._was_sealed(self.size, known):
                raise JournalAltered(f"{name} ends within record {self.size}")
            self._torn = first, end

    def _was_sealed(self, number: int, known: int) -> bool:
        return number < known and int(self._row(number)["seal"]) >= 0

    def _match_seals(self) -> None:
        """Find the seals that are not known yet. Raises JournalAltered where the log seals something else."""
        self.sealed = bisect.bisect_left(range(self.size), True, key=lambda n: int(self._row(n)["seal"]) < 0)
        at = 0
        if self.sealed:
            self.check_seal(self.sealed - 1)
            at = int(self._row(self.sealed - 1)["seal"]) + 1
        for sequence, digest in self._seals_from(at):
            if not self.size:
                raise JournalElsewhere(
                    f"entry {sequence} of the log seals decisions, and there are none here"
                )
            if self.sealed >= self.size:
                raise JournalAltered(
                    f"record {self.sealed}, sealed by entry {sequence} of the log, is not there: it was lost here, or "
                    "another journal wrote to this ledger"
                )
            if self._row(self.sealed)["digest"].tobytes() != digest:
                raise JournalAltered(f"record {self.sealed} is not what entry {sequence} of the log seals")
            self._put_seal(self.sealed, sequence)

    def _seals_from(self, first: int) -> Iterator[tuple[int, bytes]]:
        end = self._log.size()
        while first < end:
            entries = self._log.entries(first, min(ENTRIES_AT_ONCE, end - first))
            for place, digest in _sealed_in(entries):
                yield first + place, digest
            first += len(entries)

    # --- places ------------------------------------------------------------------------------------------------------

    def _row(self, number: int) -> Any:
        raw = os.pread(self._places, PLACE.itemsize, number * PLACE.itemsize)
        return np.frombuffer(bytearray(raw), PLACE)[0]

    def _put(self, number: int, place: Any) -> None:
        os.pwrite(self._places, place.tobytes(), number * PLACE.itemsize)

    def _put_seal(self, number: int, sequence: int) -> None:
        at = number * PLACE.itemsize + _SEAL_OFFSET
        os.pwrite(self._places, sequence.to_bytes(8, "little"), at)
        self.sealed = number + 1

    def close(self) -> None:
        """Release the files."""
        self._segments.close()
        self._give_back()
        self._give_back = _nothing
        if self._places >= 0:
            os.close(self._places)
            self._places = -1


def _nothing() -> None:
    """What is given back where nothing was taken."""


def _sealed_in(entries: Array) -> list[tuple[int, bytes]]:
    """The seals of decisions among ``ENTRY`` rows: the place of each and its digest."""
    places = np.flatnonzero(entries["kind"] == EntryKind.SEAL)
    seals = np.ascontiguousarray(entries["event"][places]).view(SEAL).reshape(len(places))
    wanted = np.flatnonzero(seals["topic"] == SEAL_TOPIC_DECISIONS)
    return [(int(places[one]), seals["digest"][one].tobytes()) for one in wanted.tolist()]
