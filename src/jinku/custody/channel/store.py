"""What the channel keeps: instructions, their history, breaks, batches, files and numbers used once.

Rules:

1. A change of instructions is written with its lines of history and its breaks in one transaction.
2. Whoever decides by what an instruction is reads it inside the transaction that writes (`Changing`).
3. History, batches and breaks are only added to. The same break is kept once.

Example::

    with store.changing() as change:
        found = change.by_request([17])
        change.write([replace(found[17], state=State.SETTLED)], events, breaks)
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Connection, Select, bindparam, delete, func, insert, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import IntegrityError

from jinku.base.database import Database
from jinku.custody.channel.errors import InstructionUnknown
from jinku.custody.channel.model import FINAL, ChannelBreak, Event, Instruction, State
from jinku.custody.channel.tables import (
    BATCH,
    BREAK,
    CHANNEL,
    EVENT,
    FILE,
    INSTRUCTION,
    NONCE,
    break_of,
    event_of,
    instruction_of,
    row_of,
)

LOOKUP_ROWS = 500
"""Numbers asked for in one query."""
_FIXED = (
    "id",
    "request_no",
    "kind",
    "channel",
    "account",
    "amount",
    "currency",
    "payee",
    "mode",
    "maker",
    "created_at",
)
_CHANGING = tuple(column.name for column in INSTRUCTION.columns if column.name not in _FIXED)


class Changing:
    """One open transaction; see the module's rules."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection

    def by_request(self, numbers: Sequence[int]) -> dict[int, Instruction]:
        """The instructions with these request numbers, those that exist, for change."""
        return {
            one.request_no: one for one in self._in(INSTRUCTION.c.request_no, list(dict.fromkeys(numbers)))
        }

    def by_id(self, ids: Sequence[int]) -> dict[int, Instruction]:
        """The instructions with these ids, those that exist, for change."""
        return {one.id: one for one in self._in(INSTRUCTION.c.id, [str(one) for one in dict.fromkeys(ids)])}

    def where(self, *conditions: Any, limit: int) -> list[Instruction]:
        """Instructions, those first that were asked about longest ago, then by request number; for change."""
        order = (INSTRUCTION.c.queried_at, INSTRUCTION.c.request_no)
        query = select(INSTRUCTION).where(*conditions).order_by(*order).limit(limit)
        return _instructions(self.connection, query.with_for_update())

    def add(self, instructions: Sequence[Instruction]) -> None:
        """New instructions."""
        if instructions:
            self.connection.execute(insert(INSTRUCTION), [row_of(one) for one in instructions])

    def write(
        self, changed: Sequence[Instruction], events: Sequence[Event], breaks: Sequence[ChannelBreak] = ()
    ) -> None:
        """Changed instructions, and what happened to them."""
        if changed:
            statement = update(INSTRUCTION).where(INSTRUCTION.c.id == bindparam("the_id"))
            rows = [row_of(one) for one in changed]
            values: dict[str, Any] = {name: bindparam(f"new_{name}") for name in _CHANGING}
            self.connection.execute(
                statement.values(values),
                [{"the_id": row["id"], **{f"new_{name}": row[name] for name in _CHANGING}} for row in rows],
            )
        if events:
            self.connection.execute(insert(EVENT), [_event_row(one) for one in events])
        for one in breaks:
            self._add_break(one)

    def add_batch(self, row: Mapping[str, Any]) -> None:
        """A batch, unless it is there."""
        if self.connection.execute(select(BATCH.c.id).where(BATCH.c.id == row["id"])).first() is None:
            self.connection.execute(insert(BATCH), [dict(row)])

    def _add_break(self, one: ChannelBreak) -> None:
        row = {
            name: getattr(one, name)
            for name in ("request_no", "at", "amount", "state", "said", "source", "digest")
        }
        row |= {"id": str(one.instruction) if one.instruction else "", "kind": one.kind.value}
        row["said"] = row["said"][:200]
        dialect = postgresql if self.connection.dialect.name == "postgresql" else sqlite
        self.connection.execute(dialect.insert(BREAK).values(row).on_conflict_do_nothing())

    def _in(self, column: Any, numbers: Sequence[Any]) -> Iterator[Instruction]:
        for first in range(0, len(numbers), LOOKUP_ROWS):
            query = select(INSTRUCTION).where(column.in_(numbers[first : first + LOOKUP_ROWS]))
            yield from _instructions(self.connection, query.with_for_update())


class ChannelStore:
    """See the module's rules."""

    def __init__(self, database: Database) -> None:
        """Make the tables in `database` where they are absent."""
        self.database = database
        database.add(CHANNEL)

    @contextmanager
    def changing(self) -> Iterator[Changing]:
        """One transaction that reads and writes."""
        with self.database.writing() as connection:
            yield Changing(connection)

    def instruction(self, instruction: int) -> Instruction:
        """One instruction. Raises InstructionUnknown."""
        with self.database.reading() as connection:
            found = _instructions(connection, select(INSTRUCTION).where(INSTRUCTION.c.id == str(instruction)))
        if not found:
            raise InstructionUnknown(instruction)
        return found[0]

    def instructions(self, *conditions: Any, limit: int) -> list[Instruction]:
        """Instructions in the order of their request numbers."""
        query = select(INSTRUCTION).where(*conditions).order_by(INSTRUCTION.c.request_no).limit(limit)
        with self.database.reading() as connection:
            return _instructions(connection, query)

    def counts(self, channel: str = "") -> dict[State, int]:
        """How many instructions are in each state."""
        query = select(INSTRUCTION.c.state, func.count()).group_by(INSTRUCTION.c.state)
        if channel:
            query = query.where(INSTRUCTION.c.channel == channel)
        with self.database.reading() as connection:
            found = {State(state): count for state, count in connection.execute(query)}
        return {state: found.get(state, 0) for state in State}

    def unbooked(self) -> int:
        """How many final instructions are not in the ledger yet."""
        query = select(func.count()).select_from(INSTRUCTION).where(unbooked_condition())
        with self.database.reading() as connection:
            return int(connection.execute(query).scalar_one())

    def events(self, instruction: int) -> list[Event]:
        """The history of one instruction."""
        query = select(EVENT).where(EVENT.c.id == str(instruction)).order_by(EVENT.c.number)
        with self.database.reading() as connection:
            return [event_of(dict(row)) for row in connection.execute(query).mappings()]

    def breaks(self, after: int = 0, limit: int = 1_000_000) -> list[ChannelBreak]:
        """Breaks in the order they were raised, from number `after` on."""
        query = select(BREAK).where(BREAK.c.number > after).order_by(BREAK.c.number).limit(limit)
        with self.database.reading() as connection:
            return [break_of(dict(row)) for row in connection.execute(query).mappings()]

    def batches(self, *, undone: bool = False) -> list[dict[str, Any]]:
        """The batches that were made for sending, oldest first; with `undone` those not sent to the end."""
        query = select(BATCH).order_by(BATCH.c.made_at, BATCH.c.id)
        if undone:
            query = query.where(BATCH.c.done_at == 0)
        with self.database.reading() as connection:
            return [dict(row) for row in connection.execute(query).mappings()]

    def mark_batch(self, batch: str, **values: int) -> None:
        """Write down a batch's seal (``sealed_entry``) or its end (``done_at``)."""
        with self.database.writing() as connection:
            connection.execute(update(BATCH).where(BATCH.c.id == batch).values(values))

    def use_nonce(self, nonce: str, at: int, forget_before: int) -> bool:
        """Whether `nonce` was never used; from now on it is. Those from before `forget_before` are forgotten."""
        try:
            with self.database.writing() as connection:
                connection.execute(delete(NONCE).where(NONCE.c.at < forget_before))
                connection.execute(insert(NONCE), [{"nonce": nonce, "at": at}])
        except IntegrityError:
            return False
        return True

    def file_known(self, digest: bytes) -> bool:
        """Whether a file with this digest was taken in."""
        with self.database.reading() as connection:
            return connection.execute(select(FILE.c.name).where(FILE.c.digest == digest)).first() is not None

    def keep_file(self, row: Mapping[str, Any]) -> None:
        """A file that was taken in; harmless the second time."""
        dialect = postgresql if self.database.engine.dialect.name == "postgresql" else sqlite
        with self.database.writing() as connection:
            connection.execute(dialect.insert(FILE).values(dict(row)).on_conflict_do_nothing())

    def files(self) -> list[dict[str, Any]]:
        """Every file that was taken in."""
        with self.database.reading() as connection:
            return [dict(row) for row in connection.execute(select(FILE).order_by(FILE.c.at)).mappings()]


def unbooked_condition() -> Any:
    """Final, and the ledger does not have it yet."""
    final = INSTRUCTION.c.state.in_([state.value for state in FINAL])
    return final & (INSTRUCTION.c.booked != INSTRUCTION.c.state)


def _instructions(connection: Connection, query: Select[Any]) -> list[Instruction]:
    return [instruction_of(dict(row)) for row in connection.execute(query).mappings()]


def _event_row(one: Event) -> dict[str, Any]:
    row = {
        name: getattr(one, name)
        for name in Event.__dataclass_fields__
        if name not in ("number", "instruction")
    }
    return {**row, "id": str(one.instruction), "reason": one.reason[:200]}
