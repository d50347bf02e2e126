"""Starts writers that die: reads a store's URL per line, forks a writer for it, says when it is dead.

Forking from a process that never opened a store starts a writer within milliseconds, without Python's
start-up. Each writer commits the commits of one fixed history, from wherever the store stands, and after each
writes ``ack COMMIT LOG BYTES`` on standard output: the number of the commit, and how long the newest
write-ahead log was.
"""

import os
import sys
import tempfile
from pathlib import Path

from tests.ledger.store_data import History

from jinku.ledger.store import Commit
from jinku.ledger.stores.opening import open_store
from jinku.ledger.stores.rocks_wal import cut_torn_tail

SEED = 77
COMMITS = 400
SIZES = (64, 1, 15, 16, 17, 1, 28, 29, 200, 2, 3, 1)


def commits() -> list[Commit]:
    """The fixed history."""
    history = History(SEED)
    return [history.next(SIZES[number % len(SIZES)]) for number in range(COMMITS)]


def write(url: str, planned: list[Commit]) -> None:
    """Commit what is not there yet, acknowledging each."""
    store = open_store(url)
    size = store.load().size
    for number, commit in enumerate(planned):
        if commit.first < size:
            continue
        store.commit(commit)
        logs = sorted(Path(url).glob("*.log"))
        name, length = (logs[-1].name, logs[-1].stat().st_size) if logs else ("-", 0)
        os.write(1, f"ack {number} {name} {length}\n".encode())


def serve() -> None:
    """Fork a writer per line of standard input."""
    planned = commits()
    _warm_up()
    os.write(1, b"ready\n")
    for line in sys.stdin:
        child = os.fork()
        if child == 0:
            try:
                write(line.strip(), planned)
            finally:
                os._exit(0)
        os.write(1, f"pid {child}\n".encode())
        os.waitpid(child, 0)
        os.write(1, b"dead\n")


def _warm_up() -> None:
    """Load compiled code once, before the forks."""
    with tempfile.TemporaryDirectory() as directory:
        (Path(directory) / "000001.log").write_bytes(b"x")
        cut_torn_tail(Path(directory))


if __name__ == "__main__":
    serve()
