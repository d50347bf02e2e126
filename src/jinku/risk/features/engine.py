"""The online engine: events in, features out, exact for every event.

Rules:

1. The result is a function of the stream alone: how it is cut into batches changes nothing, to the last bit.
2. Within a batch, each event sees those before it.
3. Only what a window can still reach is kept: rows older than the longest window plus delay are dropped and their
   storage is used again; so are identities without rows.
4. A snapshot carries the digest of its feature set; another set's engine refuses it.
5. One engine belongs to one thread.

Example::

    engine = Engine(load("payments"))
    frame = engine.step(batch)   # FeatureFrame, a row of values per feature
    raw = engine.snapshot()      # and after a restart: Engine(features).restore(raw)
"""

from collections.abc import Iterable

from jinku.risk.events.batch import EventBatch
from jinku.risk.features.definition import FeatureSet
from jinku.risk.features.frame import FeatureFrame


class Engine:
    """See the module's rules."""

    def __init__(self, features: FeatureSet) -> None:
        self.features = features

    @property
    def time(self) -> int:
        """The time of the last event seen, in microseconds; -1 before the first."""
        raise NotImplementedError

    def step(self, batch: EventBatch) -> FeatureFrame:
        """The features of each event, which then is history. Raises OutOfOrder, FeatureLimit."""
        raise NotImplementedError

    def rebuild(self, batches: Iterable[EventBatch]) -> int:
        """Take in history (a journal's batches, a ledger's log) and give nothing back; how many events it was."""
        raise NotImplementedError

    def snapshot(self) -> bytes:
        """The whole state, deterministic."""
        raise NotImplementedError

    def restore(self, raw: bytes) -> None:
        """Become what `snapshot` was. Raises NotASnapshot."""
        raise NotImplementedError
