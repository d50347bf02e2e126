"""Event streams: what happened, in one strict order of time, as columns.

`schema` says what an event is made of; `columns` and `batch` hold events; `keyspace` numbers identities; `stamp` gives
each event a microsecond of its own; `payments` makes payment events; `from_ledger` and `from_table` load them.
"""

from jinku.risk.events.batch import EventBatch
from jinku.risk.events.columns import KEY, Column, key_number
from jinku.risk.events.keyspace import KeySpace
from jinku.risk.events.local_time import LocalTime
from jinku.risk.events.payments import payments, with_labels
from jinku.risk.events.schema import LABEL_KIND, PAYMENTS, EventSchema, Field, FieldType
from jinku.risk.events.stamp import Stamper, spread

__all__ = [
    "KEY",
    "LABEL_KIND",
    "PAYMENTS",
    "Column",
    "EventBatch",
    "EventSchema",
    "Field",
    "FieldType",
    "KeySpace",
    "LocalTime",
    "Stamper",
    "key_number",
    "payments",
    "spread",
    "with_labels",
]
