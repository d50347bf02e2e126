"""What waits for a word: transfers that are held or challenged, who proposed what, and how it ended.

Rules:

1. A row is derived from the journal: the decision made it, acts changed it. Ids are text of 32 hex digits, so that
   their order is that of the ids.
2. Transfers of one chain wait together, under the id of the chain's first (`head`).
3. What still waits is in memory too, since every post and void is compared with it.

Example::

    book = WaitingBook(house.control)
    book.waits(transfer)  # WaitState.HELD, or None
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from sqlalchemy import (
    BigInteger,
    Column,
    Connection,
    Integer,
    MetaData,
    String,
    Table,
    Update,
    select,
    update,
)
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert

from jinku.base.database import Database

WHY_CHARACTERS = 300
TABLES = MetaData()
_waiting = Table(
    "risk_waiting",
    TABLES,
    Column("id", String(32), primary_key=True),
    Column("head", String(32), nullable=False, index=True),
    Column("record", BigInteger, nullable=False),
    Column("row", Integer, nullable=False),
    Column("state", String(16), nullable=False, index=True),
    Column("why", String(WHY_CHARACTERS), nullable=False),
    Column("amount", String(39), nullable=False),
    Column("ledger", BigInteger, nullable=False),
    Column("own_pending", Integer, nullable=False),
    Column("since", BigInteger, nullable=False),
    Column("proposed", String(16), nullable=False),
    Column("proposed_by", String(64), nullable=False),
    Column("ended_by", String(64), nullable=False),
    Column("ended_at", BigInteger, nullable=False),
    Column("note", String(500), nullable=False),
)
IDS_AT_ONCE = 500


class WaitState(StrEnum):
    """Where a transfer stands that did not simply pass."""

    HELD = "held"
    """Reserved until two persons have said yes or no."""
    CHALLENGED = "challenged"
    """Reserved until the customer has given a word."""
    RELEASED = "released"
    REFUSED = "refused"
    NOT_BOOKED = "not_booked"
    """The ledger could not reserve it, so there is nothing to wait for."""


OPEN = (WaitState.HELD, WaitState.CHALLENGED)


@dataclass(frozen=True, slots=True)
class Waiting:
    """One transfer that waits or waited; `since` and `ended_at` in ns; `own_pending` where its giver made it so."""

    id: int
    head: int
    record: int
    row: int
    state: WaitState
    why: str
    amount: int
    ledger: int
    own_pending: bool
    since: int
    proposed: str = ""
    proposed_by: str = ""
    ended_by: str = ""
    ended_at: int = 0
    note: str = ""


class WaitingBook:
    """See the module's rules. For any number of threads."""

    def __init__(self, database: Database) -> None:
        self._database = database
        database.add(TABLES)
        with database.reading() as connection:
            rows = connection.execute(
                select(_waiting.c.id, _waiting.c.state).where(_waiting.c.state.in_(OPEN))
            ).all()
        self._open = {int(row.id, 16): WaitState(row.state) for row in rows}

    @property
    def open(self) -> dict[int, WaitState]:
        """What waits now, by id; not to be changed."""
        return self._open

    def waits(self, number: int) -> WaitState | None:
        """For what a transfer waits now; None where it does not."""
        return self._open.get(number)

    def add(self, rows: Sequence[Waiting]) -> dict[int, WaitState]:
        """Enter transfers that begin to wait; those that are there stay as they are, but for one that the ledger could
        not reserve at first and now has. How each of them stands now.

        Raises DatabaseUnavailable."""
        states = {one.id: one.state for one in rows}
        with self._database.writing() as connection:
            insert = sqlite_insert if connection.dialect.name == "sqlite" else postgresql_insert
            entered = connection.execute(
                insert(_waiting).on_conflict_do_nothing(),
                [_row(one) for one in rows],
                execution_options={"preserve_rowcount": True},
            ).rowcount
            if entered != len(rows):  # done again after a crash: some may even have ended
                for one in rows:
                    if one.state in OPEN:
                        connection.execute(_reserved_after_all(one))
                states.update(self._states(connection, list(states)))
        self._open.update({number: state for number, state in states.items() if state in OPEN})
        return states

    def states(self, numbers: Sequence[int]) -> dict[int, WaitState]:
        """How those of `numbers` stand that wait or waited."""
        with self._database.reading() as connection:
            return self._states(connection, numbers)

    def among(self, numbers: Iterable[int]) -> dict[int, Waiting]:
        """Those of `numbers` that wait or waited."""
        with self._database.reading() as connection:
            return self._among(connection, list(numbers))

    def chain(self, number: int) -> list[Waiting]:
        """The transfers that wait together with `number`, in order; empty where it never waited."""
        with self._database.reading() as connection:
            found = self._among(connection, [number]).get(number)
            if found is None:
                return []
            rows = connection.execute(
                select(_waiting)
                .where(_waiting.c.head == _hex(found.head), _waiting.c.record == found.record)
                .order_by(_waiting.c.row)
            ).all()
        return [_waiting_of(row) for row in rows]

    def listed(self, state: WaitState | None, limit: int) -> list[Waiting]:
        """Up to `limit` transfers, the newest first; only those in `state` where one is named."""
        wanted = select(_waiting).order_by(_waiting.c.since.desc(), _waiting.c.id.desc()).limit(limit)
        if state is not None:
            wanted = wanted.where(_waiting.c.state == state)
        with self._database.reading() as connection:
            return [_waiting_of(row) for row in connection.execute(wanted).all()]

    def still(self) -> list[Waiting]:
        """Every transfer that waits, as the control data has it."""
        with self._database.reading() as connection:
            rows = connection.execute(select(_waiting).where(_waiting.c.state.in_(OPEN))).all()
        return [_waiting_of(row) for row in rows]

    def propose(self, head: int, verdict: str, by: str) -> None:
        """Write down what the first person wants of a chain."""
        with self._database.writing() as connection:
            connection.execute(
                update(_waiting)
                .where(_waiting.c.head == _hex(head), _waiting.c.state.in_(OPEN))
                .values(proposed=verdict, proposed_by=by)
            )

    def end(self, chain: Sequence[Waiting], state: WaitState, *, by: str, at: int, note: str) -> None:
        """A chain no longer waits."""
        with self._database.writing() as connection:
            for one in chain:
                connection.execute(
                    update(_waiting)
                    .where(_waiting.c.id == _hex(one.id))
                    .values(state=state, ended_by=by, ended_at=at, note=note)
                )
        for one in chain:
            self._open.pop(one.id, None)

    def _states(self, connection: Connection, numbers: Sequence[int]) -> dict[int, WaitState]:
        found: dict[int, WaitState] = {}
        for at in range(0, len(numbers), IDS_AT_ONCE):
            wanted = [_hex(one) for one in numbers[at : at + IDS_AT_ONCE]]
            rows = connection.execute(
                select(_waiting.c.id, _waiting.c.state).where(_waiting.c.id.in_(wanted))
            ).all()
            found.update((int(number, 16), WaitState(state)) for number, state in rows)
        return found

    def _among(self, connection: Connection, numbers: list[int]) -> dict[int, Waiting]:
        found: dict[int, Waiting] = {}
        for at in range(0, len(numbers), IDS_AT_ONCE):
            wanted = [_hex(one) for one in numbers[at : at + IDS_AT_ONCE]]
            for row in connection.execute(select(_waiting).where(_waiting.c.id.in_(wanted))).all():
                found[int(row.id, 16)] = _waiting_of(row)
        return found


def _reserved_after_all(one: Waiting) -> Update:
    missed = (_waiting.c.state == WaitState.NOT_BOOKED) & (_waiting.c.ended_by == "")
    return (
        update(_waiting)
        .where(_waiting.c.id == _hex(one.id), missed)
        .values(state=one.state, head=_hex(one.head))
    )


def _hex(number: int) -> str:
    return f"{number:032x}"


def _row(one: Waiting) -> dict[str, object]:
    return {
        "id": _hex(one.id),
        "head": _hex(one.head),
        "record": one.record,
        "row": one.row,
        "state": one.state,
        "why": one.why[:WHY_CHARACTERS],
        "amount": str(one.amount),
        "ledger": one.ledger,
        "own_pending": int(one.own_pending),
        "since": one.since,
        "proposed": one.proposed,
        "proposed_by": one.proposed_by,
        "ended_by": one.ended_by,
        "ended_at": one.ended_at,
        "note": one.note,
    }


def _waiting_of(row: object) -> Waiting:
    values = {name: getattr(row, name) for name in Waiting.__slots__}
    for name in ("id", "head"):
        values[name] = int(values[name], 16)
    values["amount"] = int(values["amount"])
    values["state"], values["own_pending"] = WaitState(values["state"]), bool(values["own_pending"])
    return Waiting(**values)
