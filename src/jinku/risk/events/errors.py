"""What the event stream refuses."""

from typing import ClassVar

from jinku.base.errors import InputError
from jinku.risk.errors import RiskError


class BadEvents(InputError):
    """Columns or a file that are no event stream: a wrong type, a missing column, a time out of order."""

    code: ClassVar[str] = "bad_events"


class NotEventBytes(RiskError):
    """Bytes that are not the canonical bytes of an event batch of this schema."""

    code: ClassVar[str] = "not_event_bytes"
