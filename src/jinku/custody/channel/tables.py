"""The channel's tables, and how rows become values.

Amounts here are what was asked for; what anybody owns is in the ledger. 128-bit numbers are text.
"""

from collections.abc import Mapping
from datetime import date
from typing import Any

from sqlalchemy import (
    BigInteger,
    Column,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    UniqueConstraint,
)

from jinku.custody.channel.model import (
    BreakClass,
    ChannelBreak,
    Deadlines,
    Event,
    Instruction,
    Kind,
    Mode,
    State,
)

CHANNEL = MetaData()

_ID = BigInteger().with_variant(Integer, "sqlite")


def _moment(name: str) -> Column[int]:
    return Column(name, BigInteger, nullable=False, default=0)


INSTRUCTION = Table(
    "bank_instruction",
    CHANNEL,
    Column("id", String(39), primary_key=True),
    Column("request_no", BigInteger, nullable=False, unique=True),
    Column("kind", String(16), nullable=False),
    Column("channel", String(32), nullable=False),
    Column("account", String(39), nullable=False),
    Column("amount", BigInteger, nullable=False),
    Column("currency", String(3), nullable=False),
    Column("payee", String(64), nullable=False),
    Column("mode", String(16), nullable=False),
    Column("state", String(16), nullable=False),
    Column("maker", String(64), nullable=False),
    Column("checker", String(64), nullable=False, default=""),
    *(_moment(name) for name in ("approve_by", "send_by", "acknowledge_by", "settle_by")),
    *(_moment(name) for name in ("created_at", "approved_at", "sent_at", "acknowledged_at", "final_at")),
    *(_moment(name) for name in ("returned_at", "queried_at", "missing_at")),
    Column("attempts", Integer, nullable=False, default=0),
    Column("batch", String(64), nullable=False, default=""),
    Column("bank_no", String(64), nullable=False, default=""),
    Column("reason", String(200), nullable=False, default=""),
    Column("final_day", String(10), nullable=False, default=""),
    Column("returned_day", String(10), nullable=False, default=""),
    Column("booked", String(16), nullable=False, default=""),
    Index("bank_instruction_state", "channel", "state"),
    Index("bank_instruction_batch", "batch"),
    Index("bank_instruction_booked", "booked", "state"),
)

EVENT = Table(
    "bank_event",
    CHANNEL,
    Column("number", _ID, primary_key=True, autoincrement=True),
    Column("id", String(39), nullable=False, index=True),
    _moment("at"),
    Column("news", String(16), nullable=False),
    Column("verdict", String(16), nullable=False),
    Column("before", String(16), nullable=False),
    Column("after", String(16), nullable=False),
    Column("source", String(16), nullable=False),
    Column("by", String(64), nullable=False, default=""),
    Column("reason", String(200), nullable=False, default=""),
    Column("digest", LargeBinary(32), nullable=False, default=b""),
)

BREAK = Table(
    "bank_break",
    CHANNEL,
    Column("number", _ID, primary_key=True, autoincrement=True),
    Column("request_no", BigInteger, nullable=False),
    Column("id", String(39), nullable=False, default=""),
    Column("kind", String(32), nullable=False),
    _moment("at"),
    Column("amount", BigInteger, nullable=False),
    Column("state", String(16), nullable=False),
    Column("said", String(200), nullable=False),
    Column("source", String(16), nullable=False),
    Column("digest", LargeBinary(32), nullable=False, default=b""),
    UniqueConstraint("request_no", "kind", "state", "said"),
)

BATCH = Table(
    "bank_batch",
    CHANNEL,
    Column("id", String(64), primary_key=True),
    Column("channel", String(32), nullable=False),
    _moment("made_at"),
    Column("count", Integer, nullable=False),
    Column("total", String(40), nullable=False),
    Column("document", LargeBinary, nullable=False),
    Column("digest", LargeBinary(32), nullable=False),
    Column("sealed_entry", BigInteger, nullable=False, default=-1),
    _moment("done_at"),
)

FILE = Table(
    "bank_file",
    CHANNEL,
    Column("digest", LargeBinary(32), primary_key=True),
    Column("channel", String(32), nullable=False),
    Column("name", String(200), nullable=False),
    _moment("at"),
    Column("outcome", String(200), nullable=False),
)

NONCE = Table(
    "bank_nonce",
    CHANNEL,
    Column("nonce", String(64), primary_key=True),
    Column("at", BigInteger, nullable=False, index=True),
)


def instruction_of(row: Mapping[str, Any]) -> Instruction:
    """The instruction in a row."""
    found = dict(row)
    deadlines = Deadlines(
        *(found.pop(name) for name in ("approve_by", "send_by", "acknowledge_by", "settle_by"))
    )
    found["id"], found["account"] = int(found["id"]), int(found["account"])
    found["kind"], found["mode"], found["state"] = (
        Kind(found["kind"]),
        Mode(found["mode"]),
        State(found["state"]),
    )
    for name in ("final_day", "returned_day"):
        found[name] = date.fromisoformat(found[name]) if found[name] else None
    return Instruction(deadlines=deadlines, **found)


def row_of(one: Instruction) -> dict[str, Any]:
    """The row of an instruction."""
    row = {name: getattr(one, name) for name in Instruction.__dataclass_fields__ if name != "deadlines"}
    row |= {name: getattr(one.deadlines, name) for name in Deadlines.__dataclass_fields__}
    row["id"], row["account"] = str(one.id), str(one.account)
    row["kind"], row["mode"], row["state"] = one.kind.value, one.mode.value, one.state.value
    for name in ("final_day", "returned_day"):
        row[name] = row[name].isoformat() if row[name] else ""
    return row


def event_of(row: Mapping[str, Any]) -> Event:
    """The line of history in a row."""
    found = dict(row)
    return Event(instruction=int(found.pop("id")), **found)


def break_of(row: Mapping[str, Any]) -> ChannelBreak:
    """The break in a row."""
    found = dict(row)
    found["kind"] = BreakClass(found["kind"])
    return ChannelBreak(instruction=int(found.pop("id") or 0), **found)
