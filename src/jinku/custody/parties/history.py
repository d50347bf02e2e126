"""A party's history, sealed in the log: who did what and when, and whether the register still says what was sealed.

Rules:

1. Each event carries the digest of the party's event before. After each act all unsealed events are sealed by one
   digest over their digests, in order (topic 7; erasures topic 10).
2. A history is sound if each digest is that of its event, each event follows the one before, and the log holds the
   seal of its batch.
3. A seal of the log under topic 7 that no batch of the register explains means that events were removed.

Example::

    seal_events(ledger, register)
    verify_history(ledger, register, 7)
"""

from collections.abc import Iterator, Sequence
from typing import Protocol

import numpy as np

from jinku.custody.parties.errors import HistoryBroken
from jinku.custody.parties.model import SEAL_TOPIC_ERASURE, SEAL_TOPIC_PARTIES, Event, batch_digest
from jinku.custody.parties.register import FIRST, UNSEALED, PartyRegister, sealed_digest
from jinku.ledger.layout import SEAL, Array, EntryKind

BLOCK_ENTRIES = 32_768
ERASED, CARD_BOUND, CARD_UNBOUND = "erased", "card_bound", "card_unbound"


class SealingLedger(Protocol):
    """What is needed of a ledger."""

    def seal(self, digest: bytes, topic: int) -> tuple[int, int]:
        """Put a digest into the log; its entry's number and timestamp."""
        ...

    def entries(self, first: int, count: int) -> Array:
        """``ENTRY`` rows from number `first`."""
        ...

    def size(self) -> int:
        """Journal entries that are durable."""
        ...


def seal_events(ledger: SealingLedger, register: PartyRegister) -> int:
    """Seal what is unsealed; how many events that were. A crash in between leaves a seal that is made once more."""
    with register.reading() as connection:
        unsealed = register.events_of_entry(connection, UNSEALED)
    if not unsealed:
        return 0
    batches = [[one for one in unsealed if (one.what == ERASED) is erased] for erased in (False, True)]
    for topic, batch in zip((SEAL_TOPIC_PARTIES, SEAL_TOPIC_ERASURE), batches, strict=True):
        if batch:
            entry, _ = ledger.seal(sealed_digest(batch), topic)
            with register.writing() as connection:
                register.mark_sealed(connection, batch, entry)
    return len(unsealed)


def verify_history(ledger: SealingLedger, register: PartyRegister, party: int) -> list[Event]:
    """A party's events, each as sealed. Raises HistoryBroken."""
    with register.reading() as connection:
        events = register.history(connection, party)
        batches = {
            one.entry: register.events_of_entry(connection, one.entry)
            for one in events
            if one.entry != UNSEALED
        }
    previous = FIRST
    for event in events:
        if event.previous != previous or event.digest != event.computed():
            raise _broken(party, f"its event {event.seq} is not what was written")
        previous = event.digest
    for entry, batch in batches.items():
        rows = ledger.entries(entry, 1)
        if not len(rows) or rows["kind"][0] != EntryKind.SEAL:
            raise _broken(party, f"entry {entry} of the log seals nothing")
        [seal] = np.ascontiguousarray(rows["event"]).view(SEAL)
        if seal["digest"].tobytes() != sealed_digest(batch):
            raise _broken(party, f"entry {entry} of the log seals other events")
    return events


def sealed_card(events: Sequence[Event]) -> tuple[str, bytes] | None:
    """The card that a verified history says is bound: its token, and the commitment to its number."""
    told = [one for one in events if one.what in (CARD_BOUND, CARD_UNBOUND)]
    if not told or told[-1].what != CARD_BOUND:
        return None
    return told[-1].detail["token"], bytes.fromhex(told[-1].detail["commitment"])


def unexplained_seals(ledger: SealingLedger, register: PartyRegister) -> list[int]:
    """Log entries that seal events of parties which the register does not have any more.

    A seal made twice after a crash is explained by the register's batch with the same digest.
    """
    with register.reading() as connection:
        explained = {batch_digest(batch) for batch in register.sealed_batches(connection)}
    return [entry for entry, digest in _seals(ledger) if digest not in explained]


def _seals(ledger: SealingLedger) -> Iterator[tuple[int, bytes]]:
    size = ledger.size()
    for first in range(0, size, BLOCK_ENTRIES):
        entries = ledger.entries(first, min(BLOCK_ENTRIES, size - first))
        places = np.flatnonzero(entries["kind"] == EntryKind.SEAL)
        rows = np.ascontiguousarray(entries["event"][places]).view(SEAL)
        for place, seal in zip(places.tolist(), rows, strict=True):
            if seal["topic"] in (SEAL_TOPIC_PARTIES, SEAL_TOPIC_ERASURE):
                yield first + place, seal["digest"].tobytes()


def _broken(party: int, problem: str) -> HistoryBroken:
    return HistoryBroken(
        f"the history of party {party} was changed: {problem}", remedy="compare the register with a backup"
    )
