"""Hashing a large tree by several processes, each a share of the customers or of the positions.

Rules:

1. A share is asked of ``python -m jinku.custody.proof.hashing FOLDER STEP SHARE SHARES``; what it computed comes back
   in a file of the folder, which is deleted once read. A share that ends badly fails the whole tree.
2. Nothing secret stands on a command line; folder and files are the owner's alone.
3. First the customers' keys, then the nodes, since a position's leaf may be any customer's.

Example::

    hash_tree(folder, rows, context, shares=2)
"""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import IO

import numpy as np

from jinku.custody.proof.errors import BuildFailed
from jinku.custody.proof.store import STORED_LEVEL, Leaves, load, read_statement, save
from jinku.custody.proof.sumtree import Bytes2, Rows, level_above

CHUNK_LEVEL = 16
_CHUNK = 1 << CHUNK_LEVEL
_KEYS, _NODES = "keys", "nodes"


def hash_tree(folder: Path, rows: Rows, context: bytes, shares: int) -> bytes:
    """Hash the tree whose leaves are kept in `folder`; keep its upper levels there; the root. Raises BuildFailed."""
    customers = len(Leaves.open(folder).names)
    spread = shares if rows.leaves > _CHUNK else 1
    keys = [one for [one] in _computed(folder, _KEYS, customers, spread)]
    save(folder, _KEYS, np.concatenate(keys))
    levels = [
        np.concatenate(one) for one in zip(*_computed(folder, _NODES, rows.leaves, spread), strict=True)
    ]
    (folder / f"{_KEYS}.npy").unlink()
    height = max(STORED_LEVEL, (rows.leaves - 1).bit_length())
    while len(levels) <= height - STORED_LEVEL:
        level = STORED_LEVEL + len(levels) - 1
        levels.append(level_above(levels[-1], 0, level, rows, context))
    kept = levels[: height - STORED_LEVEL + 1]
    save(folder, _NODES, np.concatenate(kept))
    return bytes(kept[-1][0])


def _computed(folder: Path, step: str, items: int, shares: int) -> list[list[Bytes2]]:
    """What each chunk of `items` gives in `step`, in order."""
    if shares <= 1:
        return list(_share(folder, step, 0, 1))
    files = [folder / f"{step}.share{share}" for share in range(shares)]
    running = []
    try:
        for share, file in enumerate(files):
            command = [sys.executable, "-m", __spec__.name, str(folder), step, str(share), str(shares)]
            with file.open("wb") as out:
                file.chmod(0o600)
                running.append(subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=out))  # noqa: S603 - our own
        ended = [one.wait() for one in running]
    finally:
        for one in running:
            one.kill()
            one.wait()
    if any(ended):
        raise BuildFailed(
            f"a process that hashes the tree ended with {max(ended, key=abs)}",
            remedy="look for memory and disk, then run again",
        )
    found: list[list[Bytes2]] = []
    for file in files:
        with file.open("rb") as kept:
            found += _read(kept)
        file.unlink()
    if len(found) != -(-items // _CHUNK):
        raise BuildFailed(f"{len(found)} chunks of the tree were hashed, not all", remedy="run again")
    return found


def _read(kept: IO[bytes]) -> Iterator[list[Bytes2]]:
    while kept.peek(1):  # type: ignore[attr-defined]
        yield [np.load(kept, allow_pickle=False) for _ in range(int(np.load(kept, allow_pickle=False)))]


def _share(folder: Path, step: str, share: int, shares: int) -> Iterator[list[Bytes2]]:
    """One share's chunks: a run of neighbours."""
    leaves, statement = Leaves.open(folder), read_statement(folder)
    rows, context = Rows.of(statement.customers, statement.parts), statement.context()
    items = len(leaves.names) if step == _KEYS else rows.leaves
    chunks = -(-items // _CHUNK)
    keys = load(folder, _KEYS) if step == _NODES else None
    for at in range(chunks * share // shares, chunks * (share + 1) // shares):
        inside = np.arange(at * _CHUNK, min((at + 1) * _CHUNK, items))
        if keys is None:
            yield [leaves.keys(context, inside)]
        else:
            yield _levels(leaves.hashes(inside, rows, keys.__getitem__), at * _CHUNK, rows, context)


def _levels(nodes: Bytes2, first: int, rows: Rows, context: bytes) -> list[Bytes2]:
    """The levels from `STORED_LEVEL` to `CHUNK_LEVEL` over one chunk's leaves."""
    levels = []
    for level in range(CHUNK_LEVEL + 1):
        if level >= STORED_LEVEL:
            levels.append(nodes)
        nodes = level_above(nodes, first >> level, level, rows, context)
    return levels


def main(arguments: list[str]) -> None:
    """Compute one share and write it to standard output as NumPy arrays: for each chunk a count, then so many."""
    folder, step, share, shares = arguments
    for arrays in _share(Path(folder), step, int(share), int(shares)):
        np.save(sys.stdout.buffer, np.int64(len(arrays)), allow_pickle=False)
        for one in arrays:
            np.save(sys.stdout.buffer, one, allow_pickle=False)


if __name__ == "__main__":
    main(sys.argv[1:])
