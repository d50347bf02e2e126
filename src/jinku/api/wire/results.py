"""What creating an event answered, in JSON: the status by name, and for a refusal what it means and what to
do."""

from typing import Annotated, Any

import numpy as np
import orjson
from pydantic import BaseModel, ConfigDict, Field

from jinku.api.metrics import Metrics
from jinku.api.wire.numbers import Digits128, InstantText, instant_text
from jinku.bootstrap.deciding_status import DECIDED_TEXT
from jinku.ledger.layout import Array
from jinku.ledger.status_text import explain
from jinku.ledger.statuses import CREATED, CreateAccountStatus, CreateTransferStatus

Statuses = type[CreateAccountStatus] | type[CreateTransferStatus]


class ResultOut(BaseModel):
    """The answer for one event. `created` and `exists` are the good ones; any other says why and what to
    do."""

    model_config = ConfigDict(title="EventResult")

    id: Digits128
    status: Annotated[str, Field(pattern="^[a-z0-9_]+$", examples=["created", "exceeds_credits"])]
    timestamp: InstantText
    """When the event was booked (or had been, for `exists`), or when it was refused."""
    meaning: str = ""
    """Only for a refusal."""
    remedy: str = ""
    """Only for a refusal."""


class ResultsOut(BaseModel):
    """The answers for a batch, one for each event, in order."""

    model_config = ConfigDict(title="EventResults")

    created: int
    """How many of the events were created by this request."""
    results: list[ResultOut]


class Results:
    """Renders RESULT rows of one kind of event."""

    def __init__(self, statuses: Statuses) -> None:
        self._names: dict[int, str] = {int(status): status.name.lower() for status in statuses}
        good = (int(statuses.CREATED), int(statuses.EXISTS))
        self._help: dict[int, dict[str, str]] = {}
        for status in statuses:
            if int(status) not in good:
                text = explain(status)
                self._help[int(status)] = {"meaning": text.meaning, "remedy": text.remedy}
        if statuses is CreateTransferStatus:  # what the gate before the ledger answers, where there is one
            for decided, words in DECIDED_TEXT.items():
                self._names[int(decided)] = decided.name.lower()
                self._help[int(decided)] = {"meaning": words.meaning, "remedy": words.remedy}

    def name(self, status: int) -> str:
        """The name of a status number, as in JSON."""
        return self._names[status]

    def count(self, metrics: Metrics, kind: str, rows: Array) -> None:
        """Count a batch's answers in `metrics`."""
        statuses, counts = np.unique(rows["status"], return_counts=True)
        for status, number in zip(statuses.tolist(), counts.tolist(), strict=True):
            metrics.events(kind, self._names[status], number)

    def one(self, event_id: int, timestamp: int, status: int) -> dict[str, Any]:
        """One result as JSON values (see `ResultOut`)."""
        result: dict[str, Any] = {
            "id": str(event_id),
            "status": self._names[status],
            "timestamp": instant_text(timestamp),
        }
        if status in self._help:
            result.update(self._help[status])
        return result

    def many(self, ids: list[int], rows: Array) -> bytes:
        """A batch's results as JSON (see `ResultsOut`)."""
        statuses: list[int] = rows["status"].tolist()
        results = [self.one(*row) for row in zip(ids, rows["timestamp"].tolist(), statuses, strict=True)]
        return orjson.dumps({"created": statuses.count(CREATED), "results": results})
