"""What the log's tests share: a journal in memory, a naive Merkle tree, keys."""

from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path

from jinku.crypto.signer import Ed25519Signer, Signer
from jinku.log.publisher import Publisher

ORIGIN = "log.example/jinku"
SIGNER = Ed25519Signer.generate(ORIGIN)


class MemoryJournal:
    """A real, if not durable, EntrySource: a list of entries."""

    def __init__(self, entries: Sequence[bytes] = ()) -> None:
        self.entries = list(entries)

    def size(self) -> int:
        return len(self.entries)

    def read(self, first: int, count: int) -> Sequence[bytes]:
        return self.entries[first : first + count]


def made_entries(count: int, seed: int = 0) -> list[bytes]:
    """`count` different entries of 280 bytes."""
    body = sha256(seed.to_bytes(8, "big")).digest() * 9
    return [number.to_bytes(8, "little") + body[:272] for number in range(count)]


def publisher(directory: Path, journal: MemoryJournal, *signers: Signer, recheck: int = 1024) -> Publisher:
    return Publisher(directory, ORIGIN, signers or (SIGNER,), journal, recheck_entries=recheck)


def files_of(directory: Path) -> dict[str, bytes]:
    """Every published file under `directory`, by its path."""
    return {
        str(path.relative_to(directory)): path.read_bytes()
        for path in sorted(directory.rglob("*"))
        if path.is_file() and not path.name.startswith(".")
    }


def naive_root(leaves: Sequence[bytes]) -> bytes:
    """RFC 6962 section 2.1, as it is written."""
    if not leaves:
        return sha256(b"").digest()
    if len(leaves) == 1:
        return sha256(b"\0" + leaves[0]).digest()
    middle = split(len(leaves))
    return sha256(b"\1" + naive_root(leaves[:middle]) + naive_root(leaves[middle:])).digest()


def naive_path(index: int, leaves: Sequence[bytes]) -> list[bytes]:
    """RFC 6962 section 2.1.1, as it is written."""
    if len(leaves) == 1:
        return []
    middle = split(len(leaves))
    if index < middle:
        return [*naive_path(index, leaves[:middle]), naive_root(leaves[middle:])]
    return [*naive_path(index - middle, leaves[middle:]), naive_root(leaves[:middle])]


def naive_consistency(old: int, leaves: Sequence[bytes], *, complete: bool = True) -> list[bytes]:
    """RFC 6962 section 2.1.2, as it is written."""
    if old == len(leaves):
        return [] if complete else [naive_root(leaves)]
    middle = split(len(leaves))
    if old <= middle:
        return [*naive_consistency(old, leaves[:middle], complete=complete), naive_root(leaves[middle:])]
    return [*naive_consistency(old - middle, leaves[middle:], complete=False), naive_root(leaves[:middle])]


def split(count: int) -> int:
    """The largest power of two below `count`."""
    power = 1
    while power * 2 < count:
        power *= 2
    return power
