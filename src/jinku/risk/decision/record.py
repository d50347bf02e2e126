"""A record of the journal as bytes: what was asked, what was found, what was decided.

Rules:

1. A record of decisions holds everything they were made from and all they came to: the events (canonical bytes), the
   requests as they were sent, feature values, hits, model score, outcome, reasons, and the versions by digest. The
   same contents are the same bytes: NaN has one form, text is canonical JSON.
2. Form, little-endian: u32 length and canonical JSON (form, origin, versions, reasons, sizes), ids (16 bytes each, low
   word first), requests, ``OUTCOME`` rows, feature values (float64, features × events), hits (bits, 8 rules a byte),
   events.
3. A record of an act (a release, a refusal) or of a passage is canonical JSON alone; one of learnt events holds only
   these.

Example::

    parts = encode(Asked("transfers", batch, requests), decided)
    decode(b"".join(parts)).decided.outcomes["action"]
"""

import itertools
import json
from dataclasses import dataclass
from enum import IntEnum
from typing import Any

import numpy as np
from numpy.typing import NDArray

from jinku.base.canonical import canonical_json
from jinku.risk.decision.errors import JournalAltered
from jinku.risk.decision.model import OUTCOME, Array, Bits, Decided, Findings, Versions
from jinku.risk.decision.segments import Buffer, Stamp
from jinku.risk.events.batch import EventBatch
from jinku.risk.events.schema import SCHEMAS

FORM = "jinku/decisions/v1"
LENGTH_BYTES = 4
ID_BYTES = 16
_NAN = np.array([np.nan])


class RecordKind(IntEnum):
    """What a record holds."""

    DECISIONS = 1
    ACT = 2
    """What a person or a customer did with what waits."""
    LEARNT = 3
    """Events that entered the history and were not decided about."""
    EXEMPT = 4
    """What moved by a passage beside the gate: which transfers, and the code of the reason."""


@dataclass(frozen=True)
class Asked:
    """What was asked: by which door it came, the events, and the requests as sent, shape (events, bytes)."""

    origin: str
    events: EventBatch
    requests: Bits


@dataclass(frozen=True)
class Kept:
    """A record of decisions, read."""

    asked: Asked
    decided: Decided

    @property
    def linked(self) -> NDArray[np.bool_]:
        """Which event is chained to the next one."""
        chain = self.decided.outcomes["chain"]
        linked = np.zeros(len(chain), np.bool_)
        linked[:-1] = chain[1:] == chain[:-1]
        return linked


def stamp_of(asked: Asked) -> Stamp:
    """What the head of a record of decisions says."""
    return Stamp(int(asked.events.times[0]), len(asked.events), RecordKind.DECISIONS)


def encode(asked: Asked, decided: Decided) -> list[Buffer]:
    """The parts of the payload, in order."""
    events, found = asked.events.to_bytes(), decided.findings
    head = canonical_json(
        {
            "form": FORM,
            "origin": asked.origin,
            "schema": asked.events.schema.name,
            "versions": decided.versions.as_json(),
            "whys": list(decided.whys),
            "rows": len(decided),
            "features": found.values.shape[0],
            "rules": found.hits.shape[1],
            "request_bytes": asked.requests.shape[1],
            "event_bytes": len(events),
        }
    )
    values = np.where(np.isnan(found.values), _NAN, found.values)
    outcomes = decided.outcomes.copy()
    outcomes["model"] = np.where(np.isnan(outcomes["model"]), _NAN, outcomes["model"])
    return [
        len(head).to_bytes(LENGTH_BYTES, "little"),
        head,
        asked.events.column("id").values.tobytes(),
        asked.requests.tobytes(),
        outcomes.tobytes(),
        np.ascontiguousarray(values, "<f8").tobytes(),
        np.packbits(found.hits, axis=1, bitorder="little").tobytes(),
        events,
    ]


def encode_act(told: dict[str, Any]) -> list[Buffer]:
    """The payload of an act."""
    return [canonical_json(told)]


def encode_learnt(events: EventBatch) -> list[Buffer]:
    """The payload of learnt events."""
    return [events.schema.name.encode().ljust(16, b"\0"), events.to_bytes()]


class Layout:
    """Where the parts of a record of decisions lie, from its head. Raises JournalAltered."""

    def __init__(self, payload: bytes) -> None:
        try:
            length = int.from_bytes(payload[:LENGTH_BYTES], "little")
            told = json.loads(payload[LENGTH_BYTES : LENGTH_BYTES + length])
            if told["form"] != FORM:
                raise JournalAltered(f"a record of the form {str(told['form'])[:40]!r}")
            self.told: dict[str, Any] = told
            rows, features = int(told["rows"]), int(told["features"])
            rules, width = int(told["rules"]), int(told["request_bytes"])
        except (ValueError, KeyError, TypeError, RecursionError):
            raise JournalAltered("a record's head does not read") from None
        self.rows, self.features, self.rules, self.request_bytes = rows, features, rules, width
        sizes = (
            rows * ID_BYTES,
            rows * width,
            rows * OUTCOME.itemsize,
            rows * features * 8,
            rows * -(-rules // 8),
        )
        edges = np.cumsum([LENGTH_BYTES + length, *sizes, int(told["event_bytes"])]).tolist()
        self.ids, self.requests, self.outcomes, self.values, self.hits, self.events = (
            slice(first, end) for first, end in itertools.pairwise(edges)
        )

    @property
    def whys(self) -> tuple[str, ...]:
        """The reasons of the record."""
        return tuple(self.told["whys"])


def decode(payload: bytes) -> Kept:
    """The record of decisions with this payload. Raises JournalAltered, NotEventBytes."""
    layout = Layout(payload)
    if layout.events.stop != len(payload):
        raise JournalAltered("a record is longer than its head says")
    rows, told = layout.rows, layout.told
    events = EventBatch.from_bytes(SCHEMAS[told["schema"]], payload[layout.events])
    requests = np.frombuffer(payload[layout.requests], np.uint8).reshape(rows, layout.request_bytes)
    outcomes = np.frombuffer(payload[layout.outcomes], OUTCOME)
    values = np.frombuffer(payload[layout.values], "<f8").reshape(layout.features, rows)
    packed = np.frombuffer(payload[layout.hits], np.uint8).reshape(rows, -(-layout.rules // 8))
    hits = np.unpackbits(packed, axis=1, count=layout.rules, bitorder="little")
    found = Findings(values, outcomes["model"], hits)
    return Kept(
        Asked(told["origin"], events, requests),
        Decided(Versions(**told["versions"]), found, outcomes, layout.whys),
    )


def left_of(kind: int, payload: bytes) -> bytes:
    """What stays of a record that is erased: the ids that were decided about, so that each stays decided."""
    return payload[Layout(payload).ids] if kind == RecordKind.DECISIONS else b""


def decode_learnt(payload: bytes) -> EventBatch:
    """The events of a record of learnt events. Raises NotEventBytes."""
    schema = SCHEMAS[payload[:16].rstrip(b"\0").decode()]
    return EventBatch.from_bytes(schema, payload[16:])


def events_of(payload: bytes, kind: int) -> EventBatch | None:
    """The events that a record brings into the history; None for an act or a passage."""
    if kind == RecordKind.LEARNT:
        return decode_learnt(payload)
    return None if kind in (RecordKind.ACT, RecordKind.EXEMPT) else decode_events(payload)


def decode_events(payload: bytes) -> EventBatch:
    """The events of a record of decisions. Raises JournalAltered, NotEventBytes."""
    layout = Layout(payload)
    return EventBatch.from_bytes(SCHEMAS[layout.told["schema"]], payload[layout.events])


def requests_and_outcomes(payload: bytes) -> tuple[Bits, Array, tuple[str, ...]]:
    """Requests, ``OUTCOME`` rows and reasons of a record of decisions, without the rest."""
    layout = Layout(payload)
    requests = np.frombuffer(payload[layout.requests], np.uint8).reshape(layout.rows, layout.request_bytes)
    return requests, np.frombuffer(payload[layout.outcomes], OUTCOME), layout.whys
