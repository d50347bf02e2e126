"""The files behind one attestation: everything that receipts of that day need, and nothing that can be computed again.

Rules:

1. A folder of NumPy files, mode 0600, written once: customers' numbers in order (``names``), their salts, balances
   (``amounts``), the first leaf of each (``offsets``), which leaf stands at which position (``order``) and where each
   leaf stands (``where``), and the tree's nodes from `STORED_LEVEL` up (``nodes``). ``statement.json`` is the
   attestation and its limits.
2. A leaf's number is its customer's offset plus 0 for the holder's leaf, or plus the number of the part.
3. Nothing is secret but the salts and what they hide: whose leaf stands where. Losing the salts means no more receipts
   of that day; it changes nothing of what was sealed.

Example::

    leaves = Leaves.open(folder)
    leaves.hashes(np.arange(16))  # the first sixteen leaves
"""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from struct import iter_unpack
from typing import Any, BinaryIO

import numpy as np
import orjson

from jinku.base.canonical import canonical_json
from jinku.base.files import replace_durably
from jinku.crypto.commitment import SALT_BYTES
from jinku.custody.errors import BadAttestation
from jinku.custody.proof.attestation import Attestation
from jinku.custody.proof.errors import KeptDamaged
from jinku.custody.proof.limits import as_json
from jinku.custody.proof.sumtree import HASH_BYTES, Bytes2, Index, Rows, holder_hashes, leaf_key, part_hashes

STORED_LEVEL = 3
"""Nodes below are hashed again from their 8 leaves when a receipt needs them."""
STATEMENT_FILE = "statement.json"
MAPPED_BYTES_MIN = 1 << 20
_NAMES = ("names", "salts", "amounts", "offsets", "order", "where")

Keys = Callable[[Index], Bytes2]
"""Customers' positions among the names → their keys, (n, 32)."""


@dataclass(frozen=True, slots=True)
class Leaves:
    """Who holds what, and where it stands; see the module's rules."""

    names: Index
    """Customers' numbers, UTF-8, sorted."""
    salts: Bytes2
    amounts: Bytes2
    offsets: Index
    """First leaf of each customer, and the number of leaves."""
    order: Index
    """Position → leaf."""
    where: Index
    """Leaf → position."""

    @classmethod
    def open(cls, folder: Path) -> "Leaves":
        """The leaves kept in `folder`. Raises KeptDamaged."""
        return cls(*(load(folder, name) for name in _NAMES))

    def save(self, folder: Path) -> None:
        """Write everything to `folder`, durably."""
        for name in _NAMES:
            save(folder, name, getattr(self, name))

    def find(self, name: bytes) -> int | None:
        """The place of a customer's number among the names."""
        at = int(np.searchsorted(self.names, np.bytes_(name)))
        return at if at < len(self.names) and self.names[at] == name else None

    def keys(self, context: bytes, customers: Index) -> Bytes2:
        """The secret keys of `customers`, (n, 32)."""
        names, salts = self.names[customers].tolist(), self.salts[customers].tobytes()
        made = b"".join(
            leaf_key(salt, context, name)
            for name, (salt,) in zip(names, iter_unpack(f"{SALT_BYTES}s", salts), strict=True)
        )
        return np.frombuffer(made, np.uint8).reshape(-1, HASH_BYTES)

    def hashes(self, positions: Index, rows: Rows, keys: Keys) -> Bytes2:
        """The leaves' hashes at `positions`, (n, 32)."""
        leaves = self.order[positions]
        customers = np.searchsorted(self.offsets, leaves, "right") - 1
        numbers = leaves - self.offsets[customers]
        row = np.searchsorted(rows.starts, positions, "right") - 1
        made = np.empty((len(positions), HASH_BYTES), np.uint8)
        secret = keys(customers)
        for one in np.unique(row).tolist():
            here = row == one
            if rows.values[one] == 0:
                whose = customers[here]
                parts = self.offsets[whose + 1] - self.offsets[whose] - 1
                made[here] = holder_hashes(secret[here], self.amounts[whose], parts)
            else:
                made[here] = part_hashes(secret[here], rows.values[one], numbers[here])
        return made


def write_statement(folder: Path, statement: Attestation) -> None:
    """Keep the attestation itself in `folder`, in place of one that still lacked its root."""
    document = {"attestation": statement.fields(), "limits": as_json(statement.limits)}
    replace_durably(folder / STATEMENT_FILE, canonical_json(document), 0o600)


def read_statement(folder: Path) -> Attestation:
    """The attestation kept in `folder`. Raises KeptDamaged."""
    try:
        document = orjson.loads((folder / STATEMENT_FILE).read_bytes())
        limits = tuple((one["en"], one["zh"]) for one in document["limits"])
        return Attestation.of(document["attestation"], limits)
    except (OSError, ValueError, KeyError, TypeError, BadAttestation) as error:
        raise KeptDamaged(folder.name, f"{STATEMENT_FILE} cannot be read") from error


def save(folder: Path, name: str, array: Any) -> None:
    """Write one array to `folder`, durable when this returns, for its owner alone."""
    with _durable(folder / f"{name}.npy") as file:
        np.save(file, array, allow_pickle=False)


def load(folder: Path, name: str) -> Any:
    """One array of `folder`; a large one is mapped, not read. Raises KeptDamaged."""
    path = folder / f"{name}.npy"
    try:
        large = path.stat().st_size >= MAPPED_BYTES_MIN
        return np.load(path, mmap_mode="r" if large else None, allow_pickle=False).view(np.ndarray)
    except (OSError, ValueError, EOFError) as error:
        raise KeptDamaged(folder.name, f"{path.name} cannot be read") from error


@contextmanager
def _durable(path: Path) -> Iterator[BinaryIO]:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        yield file
        file.flush()
        os.fsync(descriptor)
