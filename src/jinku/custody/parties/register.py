"""The register of parties in the control database: numbers, states, references, history; no personal data.

Rules:

1. Every write is part of a `writing` block, so that a state and the event that tells of it stand together or not at
   all.
2. Of those not closed, no two parties of a legal entity have the same identifier, and of those bound, no two the
   same card: unique keyed hashes, kept by the database itself.
3. Events are only ever added. Each carries the digest of the party's event before; a seal covers all that were
   unsealed.

Example::

    register = PartyRegister(database)
    with register.writing() as connection:
        register.party(connection, 7)
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import date
from itertools import groupby
from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Connection,
    Integer,
    LargeBinary,
    MetaData,
    RowMapping,
    String,
    Table,
    Text,
    UniqueConstraint,
    func,
    insert,
    select,
    update,
)
from sqlalchemy.exc import IntegrityError

from jinku.base.database import Database
from jinku.custody.parties.errors import NoSuchParty, WrongKey
from jinku.custody.parties.model import (
    Action,
    BoundCard,
    Change,
    ChangeState,
    Event,
    LegalHold,
    Method,
    PartyForm,
    PartyRecord,
    PartyStatus,
    Verification,
    batch_digest,
)
from jinku.custody.structure.table import Role

PARTIES = MetaData()
_BYTES_16 = 16
FIRST = bytes(32)
"""What stands in place of the digest before a party's first event."""
UNSEALED = -1
NUMBERS_ASKED_MAX = 10_000
"""Parties asked for in one query."""

PARTY = Table(
    "party",
    PARTIES,
    Column("number", BigInteger, primary_key=True, autoincrement=False),
    Column("entity", BigInteger, nullable=False),
    Column("form", String(16), nullable=False),
    Column("status", String(16), nullable=False, index=True),
    Column("roles", String(200), nullable=False),
    Column("currencies", String(200), nullable=False),
    Column("commitment", LargeBinary(_BYTES_16), nullable=False),
    Column("application", String(64), nullable=False),
    Column("request_hash", LargeBinary(32)),
    Column("active_hash", LargeBinary(32)),
    Column("identifier_hash", LargeBinary(32), index=True),
    Column("applied_at", BigInteger, nullable=False),
    Column("closed_on", String(10), nullable=False),
    Column("erased", Boolean, nullable=False),
    UniqueConstraint("entity", "application"),
    UniqueConstraint("entity", "active_hash"),
)
CHANGE = Table(
    "party_change",
    PARTIES,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("party", BigInteger, nullable=False, index=True),
    Column("action", String(16), nullable=False),
    Column("subject", BigInteger, nullable=False),
    Column("reason", String(500), nullable=False),
    Column("authority", String(200), nullable=False),
    Column("made_by", String(64), nullable=False),
    Column("made_at", BigInteger, nullable=False),
    Column("state", String(16), nullable=False, index=True),
    Column("decided_by", String(64), nullable=False),
    Column("decided_at", BigInteger, nullable=False),
)
CARD = Table(
    "party_card",
    PARTIES,
    Column("token", String(64), primary_key=True),
    Column("party", BigInteger, nullable=False, index=True),
    Column("last_four", String(4), nullable=False),
    Column("bank", String(64), nullable=False),
    Column("bound_hash", LargeBinary(32), unique=True),
    Column("method", String(32), nullable=False),
    Column("reference", String(64), nullable=False),
    Column("verified_at", BigInteger, nullable=False),
    Column("bound_by", String(64), nullable=False),
    Column("bound_at", BigInteger, nullable=False),
    Column("unbound_at", BigInteger, nullable=False),
)
EVENT = Table(
    "party_event",
    PARTIES,
    Column("seq", Integer, primary_key=True, autoincrement=True),
    Column("party", BigInteger, nullable=False, index=True),
    Column("at", BigInteger, nullable=False),
    Column("by", String(64), nullable=False),
    Column("what", String(32), nullable=False),
    Column("detail", Text, nullable=False),
    Column("previous", LargeBinary(32), nullable=False),
    Column("digest", LargeBinary(32), nullable=False),
    Column("entry", BigInteger, nullable=False, index=True),
    UniqueConstraint("party", "previous"),
)
HOLD = Table(
    "party_legal_hold",
    PARTIES,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("party", BigInteger, nullable=False, index=True),
    Column("reason", String(500), nullable=False),
    Column("authority", String(200), nullable=False),
    Column("set_by", String(64), nullable=False),
    Column("set_at", BigInteger, nullable=False),
    Column("lifted_by", String(64), nullable=False),
    Column("lifted_at", BigInteger, nullable=False),
)
PAYOUT = Table(
    "party_payout",
    PARTIES,
    Column("change", BigInteger, primary_key=True, autoincrement=False),
    Column("account", String(40), primary_key=True),
    Column("attempt", Integer, primary_key=True, autoincrement=False),
    Column("party", BigInteger, nullable=False),
    Column("amount", String(40), nullable=False),
    Column("token", String(64), nullable=False),
    Column("order_id", String(40), nullable=False),
    Column("at", BigInteger, nullable=False),
)
CLOSURE = Table(
    "party_closure",
    PARTIES,
    Column("seq", Integer, primary_key=True, autoincrement=True),
    Column("party", BigInteger, nullable=False, index=True),
    Column("transfer", String(40), nullable=False),
    Column("account", String(40), nullable=False),
    Column("counterparty", String(40), nullable=False),
)
KEY = Table(
    "party_key",
    PARTIES,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("fingerprint", LargeBinary(32), nullable=False),
)


class PartyRegister:
    """The register in one database; see the module's rules. For any number of threads."""

    def __init__(self, database: Database) -> None:
        self._database = database
        database.add(PARTIES)

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """One transaction."""
        with self._database.writing() as connection:
            yield connection

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """One state."""
        with self._database.reading() as connection:
            yield connection

    def require_key(self, fingerprint: bytes) -> None:
        """Remember the key's fingerprint, or compare it. Raises WrongKey."""
        try:
            with self.writing() as connection:
                known = connection.execute(select(KEY.c.fingerprint)).scalar()
                if known is None:
                    connection.execute(insert(KEY).values(id=1, fingerprint=fingerprint))
                    known = fingerprint
        except IntegrityError:  # another process was first
            with self.reading() as connection:
                known = connection.execute(select(KEY.c.fingerprint)).scalar_one()
        if bytes(known) != fingerprint:
            raise WrongKey(
                "the register of parties was made with another key",
                remedy="restore the key file from a backup",
            )

    # --- parties -------------------------------------------------------------------------------------------------

    def party(self, connection: Connection, number: int, *, lock: bool = False) -> PartyRecord:
        """One line; with `lock` held until the block ends. Raises NoSuchParty."""
        query = select(PARTY).where(PARTY.c.number == number)
        row = connection.execute(query.with_for_update() if lock else query).mappings().first()
        if row is None:
            raise NoSuchParty(f"the register has no party {number}", remedy="check the number")
        return _party(row)

    def parties(
        self, connection: Connection, entity: int, status: PartyStatus | None, after: int, most: int
    ) -> list[PartyRecord]:
        """Up to `most` lines of a legal entity with numbers above `after`, rising; of one status, or of all."""
        query = select(PARTY).where(PARTY.c.entity == entity, PARTY.c.number > after)
        if status is not None:
            query = query.where(PARTY.c.status == status.value)
        query = query.order_by(PARTY.c.number).limit(most)
        return [_party(row) for row in connection.execute(query).mappings()]

    def statuses(self, connection: Connection, numbers: Sequence[int]) -> dict[int, PartyStatus]:
        """The status of each of these parties that is registered."""
        found: dict[int, PartyStatus] = {}
        for first in range(0, len(numbers), NUMBERS_ASKED_MAX):
            part = numbers[first : first + NUMBERS_ASKED_MAX]
            rows = connection.execute(select(PARTY.c.number, PARTY.c.status).where(PARTY.c.number.in_(part)))
            found |= {number: PartyStatus(status) for number, status in rows}
        return found

    def by_application(
        self, connection: Connection, entity: int, application: str
    ) -> tuple[PartyRecord, bytes] | None:
        """The party that an application made, and the keyed hash of that application."""
        query = select(PARTY).where(PARTY.c.entity == entity, PARTY.c.application == application)
        row = connection.execute(query).mappings().first()
        return None if row is None else (_party(row), bytes(row["request_hash"] or b""))

    def active(self, connection: Connection, entity: int, identifier_hash: bytes) -> int:
        """The number of the party, not closed, that has this identifier; 0 for none."""
        query = select(PARTY.c.number).where(PARTY.c.entity == entity, PARTY.c.active_hash == identifier_hash)
        return int(connection.execute(query).scalar() or 0)

    def highest(self, connection: Connection) -> int:
        """The greatest party number given."""
        return int(connection.execute(select(func.max(PARTY.c.number))).scalar() or 0)

    def add(
        self, connection: Connection, record: PartyRecord, request_hash: bytes, identifier_hash: bytes
    ) -> None:
        """A new line."""
        connection.execute(
            insert(PARTY).values(
                number=record.number,
                entity=record.entity,
                form=record.form.value,
                status=record.status.value,
                roles=" ".join(record.roles),
                currencies=" ".join(map(str, record.currencies)),
                commitment=record.commitment.to_bytes(_BYTES_16, "big"),
                application=record.application,
                request_hash=request_hash,
                active_hash=identifier_hash,
                identifier_hash=identifier_hash,
                applied_at=record.applied_at,
                closed_on="",
                erased=False,
            )
        )

    def set(self, connection: Connection, number: int, **values: object) -> None:
        """Change columns of one line."""
        connection.execute(update(PARTY).where(PARTY.c.number == number).values(**values))

    # --- changes -------------------------------------------------------------------------------------------------

    def propose(self, connection: Connection, change: Change) -> Change:
        """Keep what was asked for, with a number of its own."""
        values = _plain(change)
        del values["id"]
        key = connection.execute(insert(CHANGE).values(**values)).inserted_primary_key
        return replace(change, id=int(key[0]) if key else 0)

    def change(self, connection: Connection, number: int, *, lock: bool = False) -> Change:
        """One change. Raises NoSuchParty."""
        query = select(CHANGE).where(CHANGE.c.id == number)
        row = connection.execute(query.with_for_update() if lock else query).mappings().first()
        if row is None:
            raise NoSuchParty(f"nothing was asked for under number {number}", remedy="check the number")
        return _change(row)

    def changes(
        self, connection: Connection, *, party: int = 0, state: ChangeState | None = None
    ) -> list[Change]:
        """Changes of one party (0: of all), in one state (None: in any), by number."""
        query = select(CHANGE).order_by(CHANGE.c.id)
        if party:
            query = query.where(CHANGE.c.party == party)
        if state is not None:
            query = query.where(CHANGE.c.state == state.value)
        return [_change(row) for row in connection.execute(query).mappings()]

    def decide(self, connection: Connection, change: Change, state: ChangeState, by: str, at: int) -> None:
        """What became of a change."""
        connection.execute(
            update(CHANGE)
            .where(CHANGE.c.id == change.id)
            .values(state=state.value, decided_by=by, decided_at=at)
        )

    # --- cards ---------------------------------------------------------------------------------------------------

    def cards(self, connection: Connection, party: int, *, bound: bool = False) -> list[BoundCard]:
        """A party's cards, the newest last; with `bound` only the one that is bound."""
        query = select(CARD).where(CARD.c.party == party).order_by(CARD.c.bound_at, CARD.c.token)
        if bound:
            query = query.where(CARD.c.unbound_at == 0)
        return [_card(row) for row in connection.execute(query).mappings()]

    def card_holder(self, connection: Connection, card_hash: bytes) -> int:
        """The party that this card is bound to; 0 for none."""
        return int(
            connection.execute(select(CARD.c.party).where(CARD.c.bound_hash == card_hash)).scalar() or 0
        )

    def bind(self, connection: Connection, card: BoundCard, card_hash: bytes) -> None:
        """Keep a card as bound."""
        connection.execute(
            insert(CARD).values(
                token=card.token,
                party=card.party,
                last_four=card.last_four,
                bank=card.bank,
                bound_hash=card_hash,
                method=card.verification.method.value,
                reference=card.verification.reference,
                verified_at=card.verification.at,
                bound_by=card.bound_by,
                bound_at=card.bound_at,
                unbound_at=0,
            )
        )

    def unbind(self, connection: Connection, party: int, at: int) -> None:
        """The party's card is bound no more."""
        connection.execute(
            update(CARD)
            .where(CARD.c.party == party, CARD.c.unbound_at == 0)
            .values(bound_hash=None, unbound_at=at)
        )

    def forget_cards(self, connection: Connection, party: int) -> None:
        """Nothing of a party's cards is left but that there were some."""
        connection.execute(
            update(CARD).where(CARD.c.party == party).values(last_four="", bound_hash=None, bank="")
        )

    # --- history -------------------------------------------------------------------------------------------------

    def tell(self, connection: Connection, party: int, at: int, by: str, what: str, **detail: str) -> None:
        """Add a line to a party's history."""
        query = select(EVENT.c.digest).where(EVENT.c.party == party).order_by(EVENT.c.seq.desc()).limit(1)
        previous = connection.execute(query).scalar()
        event = Event(0, party, at, by, what, detail, bytes(previous or FIRST), b"", UNSEALED)
        connection.execute(
            insert(EVENT).values(
                party=party,
                at=at,
                by=by,
                what=what,
                detail=json.dumps(detail, ensure_ascii=False, sort_keys=True),
                previous=event.previous,
                digest=event.computed(),
                entry=UNSEALED,
            )
        )

    def history(self, connection: Connection, party: int) -> list[Event]:
        """A party's events in order."""
        query = select(EVENT).where(EVENT.c.party == party).order_by(EVENT.c.seq)
        return [_event(row) for row in connection.execute(query).mappings()]

    def events_of_entry(self, connection: Connection, entry: int) -> list[Event]:
        """The events that one seal covers (-1: those unsealed), in order."""
        query = select(EVENT).where(EVENT.c.entry == entry).order_by(EVENT.c.seq)
        return [_event(row) for row in connection.execute(query).mappings()]

    def sealed_batches(self, connection: Connection) -> Iterator[list[bytes]]:
        """The digests that each seal covers, seal by seal."""
        query = select(EVENT.c.entry, EVENT.c.digest).where(EVENT.c.entry != UNSEALED)
        rows = connection.execute(query.order_by(EVENT.c.entry, EVENT.c.seq))
        for _, batch in groupby(rows, key=lambda row: int(row[0])):
            yield [bytes(digest) for _, digest in batch]

    def mark_sealed(self, connection: Connection, events: Sequence[Event], entry: int) -> None:
        """Remember which seal covers these events, which is over their `batch_digest`."""
        chosen = [event.seq for event in events]
        connection.execute(update(EVENT).where(EVENT.c.seq.in_(chosen)).values(entry=entry))

    # --- legal holds and payouts ---------------------------------------------------------------------------------

    def set_hold(self, connection: Connection, hold: LegalHold) -> int:
        """Keep a legal hold; its number."""
        values = _plain(hold)
        del values["id"]
        key = connection.execute(insert(HOLD).values(**values)).inserted_primary_key
        return int(key[0]) if key else 0

    def holds(self, connection: Connection, party: int) -> list[LegalHold]:
        """Every legal hold on a party, lifted ones among them."""
        query = select(HOLD).where(HOLD.c.party == party).order_by(HOLD.c.id)
        return [LegalHold(**row) for row in connection.execute(query).mappings()]

    def lift_hold(self, connection: Connection, number: int, by: str, at: int) -> None:
        """A legal hold holds no more."""
        connection.execute(update(HOLD).where(HOLD.c.id == number).values(lifted_by=by, lifted_at=at))

    def payouts(self, connection: Connection, change: int) -> list[Mapping[str, Any]]:
        """What was paid out, or tried, to close a party's accounts."""
        query = select(PAYOUT).where(PAYOUT.c.change == change).order_by(PAYOUT.c.account, PAYOUT.c.attempt)
        return [{**row} for row in connection.execute(query).mappings()]

    def add_payout(self, connection: Connection, **values: object) -> None:
        """Keep that a payout is asked for, before it is."""
        connection.execute(insert(PAYOUT).values(**values))

    def closures(self, connection: Connection, party: int) -> list[tuple[int, int, int]]:
        """(Transfer, account, counterparty) of every closure written down for a party, the newest last."""
        query = select(CLOSURE).where(CLOSURE.c.party == party).order_by(CLOSURE.c.seq)
        rows = connection.execute(query).mappings()
        return [(int(row["transfer"]), int(row["account"]), int(row["counterparty"])) for row in rows]

    def keep_closures(self, connection: Connection, party: int, made: Sequence[tuple[int, int, int]]) -> None:
        """Write closures down, before the ledger is asked for them."""
        rows = [
            {"party": party, "transfer": str(transfer), "account": str(account), "counterparty": str(other)}
            for transfer, account, other in made
        ]
        connection.execute(insert(CLOSURE), rows)


def sealed_digest(events: Sequence[Event]) -> bytes:
    """What the log seals for these events."""
    return batch_digest([event.digest for event in events])


def _plain(value: Change | LegalHold) -> dict[str, Any]:
    fields = {name: getattr(value, name) for name in value.__dataclass_fields__}
    return {name: str(one) if isinstance(one, Action | ChangeState) else one for name, one in fields.items()}


def _party(row: RowMapping) -> PartyRecord:
    return PartyRecord(
        number=row["number"],
        entity=row["entity"],
        form=PartyForm(row["form"]),
        status=PartyStatus(row["status"]),
        roles=tuple(Role(one) for one in row["roles"].split()),
        currencies=tuple(int(one) for one in row["currencies"].split()),
        commitment=int.from_bytes(row["commitment"], "big"),
        application=row["application"],
        applied_at=row["applied_at"],
        closed_on=date.fromisoformat(row["closed_on"]) if row["closed_on"] else None,
        erased=row["erased"],
    )


def _change(row: RowMapping) -> Change:
    values: dict[str, Any] = {str(name): value for name, value in row.items()}
    return Change(**{**values, "action": Action(values["action"]), "state": ChangeState(values["state"])})


def _card(row: RowMapping) -> BoundCard:
    return BoundCard(
        token=row["token"],
        party=row["party"],
        last_four=row["last_four"],
        bank=row["bank"],
        verification=Verification(Method(row["method"]), row["reference"], row["verified_at"]),
        bound_by=row["bound_by"],
        bound_at=row["bound_at"],
        unbound_at=row["unbound_at"],
    )


def _event(row: RowMapping) -> Event:
    values: dict[str, Any] = {str(name): value for name, value in row.items()}
    values["detail"] = json.loads(values["detail"])
    values["previous"], values["digest"] = bytes(values["previous"]), bytes(values["digest"])
    return Event(**values)
