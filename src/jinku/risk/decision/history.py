"""The features' state from the journal: snapshots, and what came after them.

Rules:

1. The state before record n is that of all events in the records below n, decided and learnt alike. It is restored from
   the newest snapshot below n of the same feature set, and brought on from there.
2. Without one, history begins where the longest window can reach from record n: older events change nothing.
3. A snapshot that does not read is passed over: it is derived.

Example::

    rebuilt(engines, journal, snapshots, journal.size)
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

from jinku.base.files import replace_durably
from jinku.risk.decision.desk import Engines
from jinku.risk.decision.journal import Journal
from jinku.risk.decision.record import events_of
from jinku.risk.events.batch import EventBatch
from jinku.risk.features.errors import NotASnapshot

SNAPSHOTS_MAX = 30
EVENTS_AT_ONCE = 8_192
SUFFIX = ".state"


class Restorable(Engines, Protocol):
    """Engines whose features' state can be set."""

    reach: int
    """How far back a feature may look, in microseconds."""

    def restore(self, raw: bytes) -> None:
        """Become what `snapshot` was. Raises NotASnapshot."""
        ...

    def rebuild(self, batch: EventBatch) -> None:
        """Take events into the history and give nothing back."""
        ...


class Snapshots:
    """Snapshots of the features' state, by the record before which they were taken."""

    def __init__(self, directory: Path) -> None:
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._directory = directory

    def put(self, number: int, engines: Engines) -> None:
        """Keep the state before record `number`; the oldest go. Raises OSError."""
        name = f"{number:012d}-{engines.versions.features[:32]}{SUFFIX}"
        replace_durably(self._directory / name, engines.snapshot(), 0o600)
        for path in sorted(self._directory.glob(f"*{SUFFIX}"))[:-SNAPSHOTS_MAX]:
            path.unlink(missing_ok=True)

    def below(self, number: int, features: str) -> Iterator[tuple[int, bytes]]:
        """Snapshots of this feature set at or below a record, the newest first."""
        for path in sorted(self._directory.glob(f"*-{features[:32]}{SUFFIX}"), reverse=True):
            at = int(path.name.partition("-")[0])
            if at <= number:
                yield at, path.read_bytes()


def rebuilt(
    engines: Restorable, journal: Journal, snapshots: Snapshots | None, until: int, *, whole: bool = False
) -> int:
    """Bring fresh `engines` to the state before record `until`; how many events were read. What was erased after its
    term is passed over, unless the history is to be `whole`.

    Raises JournalAltered, JournalErased."""
    first, restored = 0, False
    for at, raw in snapshots.below(until, engines.versions.features) if snapshots else ():
        try:
            engines.restore(raw)
        except NotASnapshot:
            continue
        first, restored = at, True
        break
    if not restored and until:
        reached = journal.first_at(int(journal.place(until - 1)["time"]) - engines.reach)
        first = max(0, reached - 1)  # a record may begin before what is reached and end within it
    total = 0
    waiting: list[EventBatch] = []
    for number in range(first, until):
        if not whole and journal.left(number) is not None:
            continue
        batch = events_of(journal.read(number), int(journal.place(number)["kind"]))
        if batch is None:
            continue
        total += len(batch)
        waiting.append(batch)
        if sum(len(one) for one in waiting) >= EVENTS_AT_ONCE or len(waiting) >= EVENTS_AT_ONCE // 8:
            engines.rebuild(EventBatch.concatenate(waiting))
            waiting = []
    if waiting:
        engines.rebuild(EventBatch.concatenate(waiting))
    return total
