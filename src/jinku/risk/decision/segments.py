"""Append-only files of framed records, bounded in size: the bytes of the journal, without their meaning.

Rules:

1. A record is a head of 104 bytes and its payload. The head has the record's number, time, rows, kind and length, the
   digest of the record before and its own: SHA-256 over ``jinku/decision-record/v1``, the head before it, and the
   payload. Records are numbered from 0 without gaps, over all files.
2. A file is named by its first record's number; a new one is begun where the next record would take the present one
   over `segment_bytes`. A written record is durable when `append` returns.
3. Only the end of the newest file can be torn by a crash; whatever else is not as its digest says was altered.
4. A file but the newest may be erased (``.erased``): the heads stay, so that the chain of digests goes on, and of each
   payload what its owner needs for ever. Heads of erased records are compared with the log by the journal.

Example::

    segments = Segments.open(Path("journal"))
    segments.append([b"head", b"body"], Stamp(time=1, rows=1, kind=1))
    segments.read(place)
"""

import hashlib
import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from jinku.base.files import replace_durably, sync_directory
from jinku.risk.decision.errors import JournalAltered, JournalErased, JournalUnusable

Buffer = bytes | memoryview
SEGMENT_BYTES = 256 << 20
SUFFIX, ERASED_SUFFIX = ".decisions", ".erased"
MAGIC = b"JKDECID1"
ERASED_MAGIC = b"JKERASE1"
_WORD_BYTES = 8
DOMAIN = b"jinku/decision-record/v1"
HEAD = np.dtype(
    [
        ("magic", "S8"),
        ("number", "<u8"),
        ("time", "<i8"),
        ("rows", "<u4"),
        ("kind", "<u4"),
        ("length", "<u8"),
        ("previous", "V32"),
        ("digest", "V32"),
    ]
)
_UNDIGESTED = HEAD.itemsize - 32
PLACE = np.dtype(
    [
        ("segment", "<u8"),
        ("offset", "<u8"),
        ("length", "<u8"),
        ("time", "<i8"),
        ("seal", "<i8"),
        ("rows", "<u4"),
        ("kind", "<u4"),
        ("digest", "V32"),
    ]
)
"""Where a record lies: its file, the offset of its head, the payload's length, and what the head says. `seal` is the
number of its entry in the log, -1 for none yet."""


@dataclass(frozen=True, slots=True)
class Stamp:
    """What a record's head says of it: the time of its first event (us), how many rows it has, of which kind."""

    time: int
    rows: int
    kind: int


class Found(NamedTuple):
    """A record met on a walk through a file."""

    place: Any
    number: int
    previous: bytes
    right: bool
    """Whether its digest is that of its bytes."""


class Erased(NamedTuple):
    """A file whose payloads are gone."""

    act: int
    """Under which act of the retention office."""
    size: int
    """The bytes that it had."""
    heads: list[bytes]
    stays: list[bytes]
    """What is left of each payload."""


class Segments:
    """The files in one directory; for one writer. See the module's rules."""

    def __init__(self, directory: Path, segment_bytes: int = SEGMENT_BYTES) -> None:
        """The directory is made where there is none. Raises JournalUnusable."""
        self.directory, self._limit = directory, segment_bytes
        try:
            directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            raise _unusable(directory, error) from error
        self._file, self._first, self._end = -1, 0, 0
        self._erased: dict[int, Erased] = {}

    def firsts(self) -> list[int]:
        """The number of the first record of each file, in order."""
        names = [*self.directory.glob(f"*{SUFFIX}"), *self.directory.glob(f"*{ERASED_SUFFIX}")]
        return sorted({int(path.stem) for path in names})

    def path(self, first: int) -> Path:
        """The file whose first record has the number `first`."""
        return self.directory / f"{first:012d}{SUFFIX}"

    def scan(self, first: int) -> Iterator["Found"]:
        """Each record of a file, with its digest computed anew. Ends before one that is not whole."""
        offset = 0
        if (gone := self.erased(first)) is not None:
            for raw in gone.heads:
                head = np.frombuffer(raw, HEAD)[0]
                place = _place(first, offset, head)
                yield Found(place, int(head["number"]), head["previous"].tobytes(), right=True)
                offset += HEAD.itemsize + int(head["length"])
            return
        with self.path(first).open("rb") as file:
            size = file.seek(0, os.SEEK_END)
            while offset + HEAD.itemsize <= size:
                file.seek(offset)
                raw = file.read(HEAD.itemsize)
                head = np.frombuffer(raw, HEAD)[0]
                length = int(head["length"])
                if head["magic"] != MAGIC or offset + HEAD.itemsize + length > size:
                    return
                payload = file.read(length)
                right = _digest(raw, [payload]) == head["digest"].tobytes()
                yield Found(
                    _place(first, offset, head), int(head["number"]), head["previous"].tobytes(), right
                )
                offset += HEAD.itemsize + length

    def size(self, first: int) -> int:
        """The bytes of a file; of an erased one, those that it had."""
        if (gone := self.erased(first)) is not None:
            return gone.size
        return self.path(first).stat().st_size

    def cut(self, first: int, end: int) -> None:
        """Drop what a crash left behind byte `end` of a file; an empty file goes."""
        path = self.path(first)
        if end:
            os.truncate(path, end)
            descriptor = os.open(path, os.O_RDONLY)
            try:
                os.fsync(descriptor)
            finally:
                os.close(descriptor)
        else:
            path.unlink()
        sync_directory(self.directory)

    def append(self, parts: Sequence[Buffer], stamp: Stamp, number: int, previous: bytes) -> Any:
        """Write one record, durable when this returns; its ``PLACE``. Raises JournalUnusable."""
        head = np.zeros(1, HEAD)
        length = sum(len(part) for part in parts)
        head["magic"], head["number"], head["length"] = MAGIC, number, length
        head["time"], head["rows"], head["kind"] = stamp.time, stamp.rows, stamp.kind
        head["previous"] = np.void(previous)
        head["digest"] = np.void(_digest(head.tobytes(), parts))
        try:
            if self._file < 0 or (self._end and self._end + HEAD.itemsize + length > self._limit):
                self._begin(number)
            offset = self._end
            _write_all(self._file, [head.tobytes(), *parts])
            os.fdatasync(self._file)
        except OSError as error:
            raise _unusable(self.path(self._first), error) from error
        self._end += HEAD.itemsize + length
        return _place(self._first, offset, head[0])

    def read(self, place: Any, number: int) -> bytes:
        """The payload at `place`. Raises JournalErased, and JournalAltered where it is not what its head says."""
        path = self.path(int(place["segment"]))
        if (gone := self.erased(int(place["segment"]))) is not None:
            raise JournalErased(number, gone.act)
        try:
            with path.open("rb") as file:
                file.seek(int(place["offset"]))
                raw = file.read(HEAD.itemsize)
                payload = file.read(int(place["length"]))
        except OSError as error:
            raise JournalAltered(f"{path.name} cannot be read: {type(error).__name__}") from error
        right = place["digest"].tobytes()
        if raw[_UNDIGESTED:] != right or _digest(raw, [payload]) != right:
            raise JournalAltered(f"record {number} in {path.name} has not the digest that was sealed")
        return payload

    def part(self, place: Any, offset: int, length: int) -> bytes:
        """Bytes from within the payload at `place`, unchecked."""
        with self.path(int(place["segment"])).open("rb") as file:
            file.seek(int(place["offset"]) + HEAD.itemsize + offset)
            return file.read(length)

    def erased(self, first: int) -> Erased | None:
        """What is left of an erased file; None where it is not erased. Raises JournalAltered."""
        if first in self._erased:
            return self._erased[first]
        path = self.path(first).with_suffix(ERASED_SUFFIX)
        if not path.exists():
            return None
        raw = path.read_bytes()
        words = np.frombuffer(raw[_WORD_BYTES : 3 * _WORD_BYTES], "<u8")
        at, heads, stays = 3 * _WORD_BYTES, list[bytes](), list[bytes]()
        while len(words) == 2 and at + HEAD.itemsize + _WORD_BYTES <= len(raw):
            heads.append(raw[at : at + HEAD.itemsize])
            at += HEAD.itemsize + _WORD_BYTES
            length = int.from_bytes(raw[at - _WORD_BYTES : at], "little")
            stays.append(raw[at : at + length])
            at += length
        if not raw.startswith(ERASED_MAGIC) or at != len(raw) or not heads:
            raise JournalAltered(f"{path.name} does not read")
        self._erased[first] = Erased(int(words[0]), int(words[1]), heads, stays)
        return self._erased[first]

    def erase(self, first: int, act: int, stays: Callable[[int, bytes], bytes]) -> None:
        """Erase the payloads of a file under an act; of each stays what `stays` makes of its kind and bytes. Harmless
        where it is erased. Raises JournalAltered."""
        if self.erased(first) is None:
            size, parts = self.size(first), list[bytes]()
            for found in self.scan(first):
                payload = self.read(found.place, found.number)
                rest = stays(int(found.place["kind"]), payload)
                with self.path(first).open("rb") as file:
                    file.seek(int(found.place["offset"]))
                    parts += [file.read(HEAD.itemsize), len(rest).to_bytes(_WORD_BYTES, "little"), rest]
            head = ERASED_MAGIC + act.to_bytes(_WORD_BYTES, "little") + size.to_bytes(_WORD_BYTES, "little")
            replace_durably(self.path(first).with_suffix(ERASED_SUFFIX), head + b"".join(parts), 0o600)
        self.path(first).unlink(missing_ok=True)
        sync_directory(self.directory)

    def resume(self, first: int) -> None:
        """Go on writing at the end of the file `first`. Raises JournalUnusable."""
        try:
            self._file = os.open(self.path(first), os.O_WRONLY | os.O_APPEND | os.O_CLOEXEC)
            self._first, self._end = first, os.fstat(self._file).st_size
        except OSError as error:
            raise _unusable(self.path(first), error) from error

    def _begin(self, first: int) -> None:
        self.close()
        path = self.path(first)
        self._file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        sync_directory(self.directory)
        self._first, self._end = first, 0

    def close(self) -> None:
        """Close the file that is written."""
        if self._file >= 0:
            os.close(self._file)
            self._file = -1


def _digest(head: bytes, parts: Sequence[Buffer]) -> bytes:
    told = hashlib.sha256(DOMAIN)
    told.update(head[:_UNDIGESTED])
    for part in parts:
        told.update(part)
    return told.digest()


def _place(first: int, offset: int, head: Any) -> Any:
    place = np.zeros(1, PLACE)
    place["segment"], place["offset"], place["seal"] = first, offset, -1
    for name in ("length", "time", "rows", "kind"):
        place[name] = head[name]
    place["digest"] = head["digest"]
    return place[0]


def _write_all(file: int, parts: Sequence[Buffer]) -> None:
    left = [memoryview(part).cast("B") for part in parts if len(part)]
    while left:
        written = os.writev(file, left)
        while left and written >= len(left[0]):
            written -= len(left.pop(0))
        if written:
            left[0] = left[0][written:]


def _unusable(path: Path, error: OSError) -> JournalUnusable:
    return JournalUnusable(
        f"{path.name}: {error.strerror or type(error).__name__}", remedy="check the disk and the directory"
    )
