"""What an event is made of: a readable table of fields, and the one built in, `PAYMENTS`.

Rules:

1. A stream has exactly one schema. Its fields have a name, a type and a meaning; their order is the order of the bytes.
2. Every field may be NULL but `id` and `time`.
3. `time` is in microseconds since 1970-01-01 UTC and rises strictly: no two events of a stream share a time. So
   "the last hour of this event" is the same set of events in every engine, whichever breaks ties how.
4. Types are four: KEY (a 128-bit identity, compared and nothing else), BIGINT (a signed 64-bit integer), BOOLEAN,
   VARCHAR (a word of a small vocabulary, kept once per batch).
5. What depends on a logarithm or a time zone (`log_amount`, `hour`, `day`…) is computed once, when the event is
   made, and kept: no engine computes it again, so none can compute it differently.

Example::

    PAYMENTS.field("amount").type  # FieldType.BIGINT
"""

import hashlib
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property

from jinku.base.canonical import canonical_json
from jinku.risk.events.errors import BadEvents

LABEL_KIND = "label"
"""The `kind` of an event that makes a confirmed label known; every other kind is an event of its own."""


class FieldType(StrEnum):
    """How a field's values look; the names are those of SQL, but for KEY."""

    KEY = "KEY"
    BIGINT = "BIGINT"
    BOOLEAN = "BOOLEAN"
    VARCHAR = "VARCHAR"


@dataclass(frozen=True, slots=True)
class Field:
    """One field: its name in expressions and SQL, its type, what it means."""

    name: str
    type: FieldType
    meaning: str


@dataclass(frozen=True)
class EventSchema:
    """A named table of fields."""

    name: str
    fields: tuple[Field, ...]

    @cached_property
    def by_name(self) -> dict[str, Field]:
        """The fields by their names, in order."""
        return {field.name: field for field in self.fields}

    @cached_property
    def namespace(self) -> dict[str, str]:
        """Name to type, as the expression language takes it."""
        return {field.name: field.type.value for field in self.fields}

    @cached_property
    def digest(self) -> bytes:
        """SHA-256 of the table without its meanings."""
        rows = [[field.name, field.type.value] for field in self.fields]
        return hashlib.sha256(canonical_json({"name": self.name, "fields": rows})).digest()

    def field(self, name: str) -> Field:
        """The field of this name. Raises BadEvents."""
        found = self.by_name.get(name)
        if found is None:
            raise BadEvents(
                f"is no field of the schema {self.name}",
                field="field",
                value=name[:60],
                remedy="known are " + ", ".join(self.by_name),
            )
        return found


_K, _I, _B, _V = FieldType.KEY, FieldType.BIGINT, FieldType.BOOLEAN, FieldType.VARCHAR

PAYMENTS = EventSchema(
    "payments",
    (
        Field("id", _K, "the event's own id; of a transfer, the transfer's"),
        Field("time", _I, "microseconds since 1970-01-01 UTC, unique in the stream"),
        Field("kind", _V, "what is asked for: payment, payout, deposit…; 'label' makes a label known"),
        Field("customer", _K, "whose act it is"),
        Field("payer", _K, "the account that is debited"),
        Field("payee", _K, "the account that is credited"),
        Field("counterparty", _K, "the other person or firm"),
        Field("pair", _K, "customer and counterparty together"),
        Field("device", _K, "the device that asked"),
        Field("terminal", _K, "the terminal or merchant's point of sale"),
        Field("address", _K, "the network or postal address"),
        Field("amount", _I, "minor units of the currency"),
        Field("currency", _V, "ISO 4217 code"),
        Field("hour", _I, "hour of the local day, 0 to 23"),
        Field("weekday", _I, "1 Monday to 7 Sunday, local"),
        Field("night", _B, "whether the local hour is before 6"),
        Field("day", _I, "local day, counted from 1970-01-01"),
        Field("week", _I, "local week from Monday, counted from 1969-12-29"),
        Field("month", _I, "local month, counted from 1970-01"),
        Field("log_amount", _I, "round(1,000,000 * ln(amount)); NULL for an amount below 1"),
        Field("listed", _B, "whether screening hit one of the persons of this event"),
        Field("rating", _I, "the customer's risk grade, 1 low to 5 high"),
        Field("label", _B, "confirmed fraud; on the event itself it is known to history alone, see `delay`"),
    ),
)
"""Money movements of a platform, cards and accounts alike."""

OTHER_SIDE = {"payer": "payee", "payee": "payer", "customer": "counterparty", "counterparty": "customer"}
"""The field that holds the other party, where a field is one side of a movement."""
CALENDAR_FIELDS = {"day": "day", "week": "week", "month": "month"}
"""The field that counts the local days, weeks or months of a calendar window."""

SCHEMAS = {PAYMENTS.name: PAYMENTS}
