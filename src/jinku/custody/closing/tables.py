"""The day book's tables, and the constraints that keep a closed day as it is.

Rules:

1. A closed day, its inputs and its history take no further change: the database itself refuses it, whoever asks.
2. A day follows exactly one other, and that one is closed (but for the first): there are no gaps and no forks.
3. Moments are ns UTC, days ISO text, digests 64 hexadecimal digits; amounts are digits, since they may pass 64 bits.
"""

from sqlalchemy import (
    DDL,
    BigInteger,
    CheckConstraint,
    Column,
    ForeignKeyConstraint,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
    event,
)

CLOSING = MetaData()


def _books() -> tuple[Column[int], Column[int]]:
    return (
        Column("entity", BigInteger, primary_key=True, autoincrement=False),
        Column("currency", Integer, primary_key=True, autoincrement=False),
    )


SETTINGS = Table(
    "close_settings",
    CLOSING,
    *_books(),
    Column("from_day", String(10), primary_key=True),
    Column("calendar", String(32), nullable=False),
    Column("timezone", String(64), nullable=False),
    Column("cut_off", String(8), nullable=False),
    Column("regime", String(8), nullable=False),
    Column("structure", String(400), nullable=False),
    Column("decided_by", String(64), nullable=False),
    Column("decided_at", BigInteger, nullable=False),
)

DAY = Table(
    "close_day",
    CLOSING,
    *_books(),
    Column("day", String(10), primary_key=True),
    Column("previous", String(10)),
    Column("state", String(8), nullable=False),
    Column("cut_off", BigInteger, nullable=False),
    Column("first_entry", BigInteger, nullable=False),
    Column("end_entry", BigInteger, nullable=False),
    Column("started_by", String(64), nullable=False),
    Column("started_at", BigInteger, nullable=False),
    Column("prepared_by", String(64)),
    Column("prepared_at", BigInteger),
    Column("draft", String(64)),
    Column("reviewed_by", String(64)),
    Column("reviewed_at", BigInteger),
    Column("record", String(64)),
    Column("seal_from", BigInteger),
    Column("sealed_entry", BigInteger),
    Column("sealed_at", BigInteger),
    CheckConstraint("state IN ('closing', 'prepared', 'sealing', 'closed')", name="close_day_state"),
    CheckConstraint("state <> 'closed' OR sealed_entry IS NOT NULL", name="close_day_sealed"),
    CheckConstraint("reviewed_by IS NULL OR lower(reviewed_by) <> lower(prepared_by)", name="close_day_two"),
    CheckConstraint("end_entry >= first_entry", name="close_day_range"),
    UniqueConstraint("entity", "currency", "previous", name="close_day_one_follows"),
    ForeignKeyConstraint(
        ["entity", "currency", "previous"], ["close_day.entity", "close_day.currency", "close_day.day"]
    ),
)

INPUT = Table(
    "close_input",
    CLOSING,
    *_books(),
    Column("day", String(10), primary_key=True),
    Column("role", String(16), primary_key=True),
    Column("sha256", String(64), primary_key=True),
    Column("name", String(200), nullable=False),
    Column("size", BigInteger, nullable=False),
    ForeignKeyConstraint(
        ["entity", "currency", "day"], ["close_day.entity", "close_day.currency", "close_day.day"]
    ),
)

HISTORY = Table(
    "close_history",
    CLOSING,
    Column("number", Integer, primary_key=True),
    Column("entity", BigInteger, nullable=False),
    Column("currency", Integer, nullable=False),
    Column("day", String(10), nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("by", String(64), nullable=False),
    Column("what", String(32), nullable=False),
    Column("note", Text, nullable=False),
)
"""What persons and programs did to a day, also after it was closed: each line is written once."""

POSITION = Table(
    "close_position",
    CLOSING,
    *_books(),
    Column("day", String(10), primary_key=True),
    Column("pool", String(64), primary_key=True),
    Column("place", Integer, nullable=False),
    Column("outcome", String(12), nullable=False),
    Column("requirement", String(40), nullable=False),
    Column("resource", String(40), nullable=False),
    Column("difference", String(40), nullable=False),
    Column("document", Text, nullable=False),
    Column("explanation", Text, nullable=False),
)

REMEDY = Table(
    "close_remedy",
    CLOSING,
    Column("number", Integer, primary_key=True),
    Column("entity", BigInteger, nullable=False),
    Column("currency", Integer, nullable=False),
    Column("day", String(10), nullable=False),
    Column("pool", String(64), nullable=False),
    Column("kind", String(16), nullable=False),
    Column("amount", String(40), nullable=False),
    Column("state", String(12), nullable=False),
    Column("found_at", BigInteger, nullable=False),
    Column("due_at", BigInteger, nullable=False),
    Column("notify_by", BigInteger, nullable=False),
    Column("proposed_by", String(64), nullable=False),
    Column("proposed_at", BigInteger, nullable=False),
    Column("decided_by", String(64)),
    Column("decided_at", BigInteger),
    Column("reason", Text),
    Column("order_id", String(32)),
    Column("sealed_entry", BigInteger),
    Column("executed_at", BigInteger),
    Column("evidence", Text),
    CheckConstraint("state IN ('proposed', 'approved', 'executed', 'refused')", name="close_remedy_state"),
    CheckConstraint("decided_by IS NULL OR lower(decided_by) <> lower(proposed_by)", name="close_remedy_two"),
)

_CLOSED = (
    "SELECT 1 FROM close_day d WHERE d.entity = {row}.entity AND d.currency = {row}.currency"
    " AND d.day = {row}.day AND d.state = 'closed'"
)
_UNCLOSED_BEFORE = (
    "NEW.previous IS NOT NULL AND NOT EXISTS (SELECT 1 FROM close_day d WHERE d.entity = NEW.entity"
    " AND d.currency = NEW.currency AND d.day = NEW.previous AND d.state = 'closed')"
)
_SECOND_FIRST = (
    "NEW.previous IS NULL AND EXISTS (SELECT 1 FROM close_day d WHERE d.entity = NEW.entity"
    " AND d.currency = NEW.currency)"
)
_KEPT = "a closed day is immutable"
_GAP = "a day follows a closed one"
_RULES: tuple[tuple[Table, str, str, str], ...] = (
    (DAY, "UPDATE", "OLD.state = 'closed'", _KEPT),
    (DAY, "DELETE", "OLD.state = 'closed'", _KEPT),
    (DAY, "INSERT", f"({_UNCLOSED_BEFORE}) OR ({_SECOND_FIRST})", _GAP),
    (INPUT, "INSERT", f"EXISTS ({_CLOSED.format(row='NEW')})", _KEPT),
    (INPUT, "UPDATE", f"EXISTS ({_CLOSED.format(row='OLD')})", _KEPT),
    (INPUT, "DELETE", f"EXISTS ({_CLOSED.format(row='OLD')})", _KEPT),
    (HISTORY, "UPDATE", "1 = 1", "history is written once"),
    (HISTORY, "DELETE", "1 = 1", "history is written once"),
    (POSITION, "UPDATE", f"EXISTS ({_CLOSED.format(row='OLD')})", _KEPT),
    (POSITION, "DELETE", f"EXISTS ({_CLOSED.format(row='OLD')})", _KEPT),
    (REMEDY, "DELETE", "1 = 1", "a remedy is never removed"),
    (REMEDY, "UPDATE", "OLD.state IN ('executed', 'refused')", "a remedy that has ended is immutable"),
)
"""Table, operation, the condition on which it is refused, and the message."""


def _on_sqlite(table: Table, operation: str, condition: str, message: str) -> str:
    return (
        f"CREATE TRIGGER {table.name}_{operation.lower()} BEFORE {operation} ON {table.name}"
        f" WHEN {condition} BEGIN SELECT RAISE(ABORT, '{message}'); END"
    )


def _on_postgres(table: Table, operation: str, condition: str, message: str) -> tuple[str, str]:
    name = f"{table.name}_{operation.lower()}"
    row = "OLD" if operation == "DELETE" else "NEW"
    function = (
        f"CREATE OR REPLACE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF {condition} THEN"
        f" RAISE EXCEPTION '{message}' USING ERRCODE = 'integrity_constraint_violation'; END IF;"
        f" RETURN {row}; END $$"
    )
    return function, (
        f"CREATE TRIGGER {name} BEFORE {operation} ON {table.name} FOR EACH ROW EXECUTE FUNCTION {name}()"
    )


def _install(table: Table, statement: str, dialect: str) -> None:
    ddl = DDL(statement)  # type: ignore[no-untyped-call]
    event.listen(table, "after_create", ddl.execute_if(dialect=dialect))


for _table, _operation, _condition, _message in _RULES:
    _install(_table, _on_sqlite(_table, _operation, _condition, _message), "sqlite")
    for _statement in _on_postgres(_table, _operation, _condition, _message):
        _install(_table, _statement, "postgresql")
