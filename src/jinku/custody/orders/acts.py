"""What persons and the bank channel do with single orders that are in the book: confirm, answer, cancel, send, resolve.

Rules:

1. A proposal is confirmed by another person than its maker, of a role that the policy names, before it lapses. It is
   examined again on that day's mandates and holds, then sent.
2. A challenged order goes on when the customer has authorised exactly it, once more.
3. A withdrawal's money may be freed (cancelled, intercepted) until the bank channel has claimed it, and claimed only
   while it is held: both are decided in one database transaction that asks the ledger.
4. What the risk desk held, two persons release or deny, neither of them its maker: one proposes, another confirms, each
   by an act of its own (`jinku.risk.acts.two`), as for held transfers.
5. Each act is written into the order's history, and its canonical JSON sealed in the log.

Example::

    acts = OrderActs(corridor)
    acts.confirm(order_key(release), by="clerk-2")
    acts.claim(order_key(withdrawal), by="channel")
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from sqlalchemy import Connection
from sqlalchemy.exc import IntegrityError

from jinku.base.canonical import canonical_json
from jinku.base.clock import NS_PER_SECOND, day_of, to_rfc3339
from jinku.base.persons import PERSON
from jinku.custody.errors import BadOrder
from jinku.custody.orders.book import Batch, Event
from jinku.custody.orders.catalogue import CATALOGUE, OrderType, type_of
from jinku.custody.orders.columns import OrderColumns
from jinku.custody.orders.corridor import Corridor
from jinku.custody.orders.errors import NotAllowed, NotInState, OrderUnknown, SamePerson
from jinku.custody.orders.examining import Exam, check_mandates
from jinku.custody.orders.granting import SEAL_TOPIC_AUTHORITY
from jinku.custody.orders.legs import POST, VOID
from jinku.custody.orders.model import Mode, Order, Step, order_of, transfer_id
from jinku.custody.orders.policy import ANY, same_person
from jinku.custody.orders.reasons import Reason, State
from jinku.custody.orders.requests import OUTCOME, OneTime
from jinku.custody.orders.sending import resolving_rows, settled_state
from jinku.custody.orders.taking_up import (
    Around,
    check_taking_up,
    lines_taking_up,
    look_up,
    taken_orders,
    wanted_claims,
    wanted_transfers,
)
from jinku.ledger.layout import Array, EntryKind
from jinku.ledger.model import CreateTransferStatus, TransferFlags
from jinku.risk.acts.book import ActBook
from jinku.risk.acts.two import TwoPersons

PROPOSAL_VALID_S = 24 * 3600
"""How long a proposal waits for its checker, and a challenge for its customer."""
NOTE_CHARACTERS_MAX = 500
ENTRIES_AT_ONCE = 8_192
BATCHES_AT_ONCE = 50
ORDERS_LOOKED_AT = 100_000
"""Orders that one page of a list looks through."""
PLACE_BITS = 20
PLACES_MAX = (1 << PLACE_BITS) - 1
NEWEST = 1 << 62
"""Above every place in the book: batch and place in it, together as one number."""
RELEASES = "held_order"
"""The histories of who released or denied held orders."""
_CANCELLABLE = (State.HELD, State.UNCONFIRMED)
_DONE = (CreateTransferStatus.CREATED, CreateTransferStatus.EXISTS)


@dataclass(frozen=True, slots=True)
class Record:
    """An order as the book has it, with all that is told of it."""

    key: bytes
    order: Order
    type: OrderType
    state: State
    reason: Reason
    maker: str
    mandate: int
    evidence: str
    digest: bytes
    received_at: int
    why: str
    score: int
    sealed_entry: int
    history: tuple[Event, ...]
    batch: Batch
    place: int


def order_key(order: Order) -> bytes:
    """What the book knows `order` by."""
    found = type_of(order)
    if found is None:
        raise BadOrder("no such order", field="order", value=type(order).__name__)
    return transfer_id(order.id, CATALOGUE[found].step).to_bytes(16, "big")


class OrderActs:
    """Acts on the orders of one corridor; see the module's rules. For any number of threads."""

    def __init__(self, corridor: Corridor) -> None:
        self.corridor, self._rooms = corridor, corridor.rooms
        rooms = corridor.rooms
        self._two = TwoPersons(ActBook(rooms.database, rooms.ledger, rooms.clock), RELEASES)
        self.recover()

    def show(self, key: bytes) -> Record:
        """One order. Raises OrderUnknown."""
        rooms = self._rooms
        with rooms.database.reading() as connection:
            found = rooms.book.places(connection, [key]).get(key)
            if found is None:
                raise OrderUnknown(str(int.from_bytes(key, "big")))
            batch = rooms.book.batch(connection, found.batch)
            history = rooms.book.history(connection, key)
        return _record(key, batch, found.place, found.state, tuple(history))

    def newest(self, limit: int, state: State | None = None) -> list[Record]:
        """Up to `limit` orders, the newest first; only those in `state` where one is named."""
        found, below = list[Record](), NEWEST
        while below and len(found) < limit:
            more, below = self.page(limit - len(found), state, below)
            found += more
        return found

    def page(self, limit: int, state: State | None = None, below: int = NEWEST) -> tuple[list[Record], int]:
        """Up to `limit` orders below a place in the book, the newest first, and the place to go on from; 0 at the end.
        It looks at a bounded number of orders, so a page of those in one `state` may hold fewer, or none.
        """
        rooms, found, seen = self._rooms, list[Record](), 0
        with rooms.database.reading() as connection:
            while seen < ORDERS_LOOKED_AT:
                top = (below + PLACES_MAX) >> PLACE_BITS  # above the batch that is not looked through whole
                batches = rooms.book.batches_before(connection, top, BATCHES_AT_ONCE)
                if not batches:
                    return found, 0
                for batch in batches:
                    later = rooms.book.later_states(connection, batch.number)
                    states = batch.outcomes["state"].copy()
                    states[list(later)] = list(later.values())
                    places = np.arange(len(states)) if state is None else np.flatnonzero(states == state)
                    if batch.number == below >> PLACE_BITS:
                        places = places[places < below & PLACES_MAX]
                    keys = batch.requests.columns.keys()
                    for place in places[::-1].tolist():
                        if len(found) == limit:
                            return found, below
                        below = batch.number << PLACE_BITS | place
                        since = later.get(place)
                        told = rooms.book.history(connection, keys[place]) if since is State.REFUSED else ()
                        found.append(_record(keys[place], batch, place, since, tuple(told)))
                    below, seen = batch.number << PLACE_BITS, seen + len(states)
        return found, below

    def confirm(self, key: bytes, *, by: str) -> Record:
        """A checker lets a proposal go. Raises NotInState, SamePerson, NotAllowed, OrderUnknown."""
        _check_person(by)
        with self.corridor.turn:
            found = self._in_state(key, State.AWAITING)
            self._check_checker(found, by)
            held = found.reason is Reason.RISK_HOLD
            if held and not self._is_second(found, by, "release", "confirmed"):
                return self.show(key)
            self._go_on(found, by, "confirmed", None)
        return self.show(key)

    def answer(self, key: bytes, word: OneTime, *, by: str) -> Record:
        """A customer has authorised a challenged order once more. Raises NotInState, BadOrder, OrderUnknown."""
        _check_person(by)
        with self.corridor.turn:
            found = self._in_state(key, State.CHALLENGED)
            if word.digest != found.digest:
                raise BadOrder("authorises another order", field="digest", value=word.digest.hex())
            self._go_on(found, by, f"answered {word.method.name.lower()} {word.evidence}", word)
        return self.show(key)

    def drop(self, key: bytes, *, by: str, reason: str) -> Record:
        """Refuse a proposal or a challenged order. Raises NotInState, OrderUnknown, BadOrder."""
        _check_person(by)
        with self.corridor.turn:
            found = self._in_state(key, State.AWAITING, State.CHALLENGED)
            self._end(found, State.REFUSED, by, _note(reason))
        return self.show(key)

    def lapse(self) -> int:
        """End the proposals and challenges that nobody answered in time; how many."""
        oldest = self._rooms.clock() - PROPOSAL_VALID_S * NS_PER_SECOND
        done = 0
        with self.corridor.turn:
            for found in self._waiting(State.AWAITING, State.CHALLENGED):
                if found.received_at <= oldest:
                    self._end(found, State.EXPIRED, "", "nobody confirmed it in time")
                    done += 1
        return done

    def confirm_withdrawal(self, key: bytes, word: OneTime, *, by: str) -> Record:
        """The customer confirms a withdrawal, which may then be sent. Raises NotInState, BadOrder, OrderUnknown."""
        _check_person(by)
        with self.corridor.turn:
            found = self._in_state(key, State.UNCONFIRMED)
            if word.digest != found.digest:
                raise BadOrder("authorises another order", field="digest", value=word.digest.hex())
            try:
                with self._rooms.database.writing() as connection:
                    self._rooms.book.put_evidence(connection, word.evidence, key)
                    self._put(connection, key, State.HELD, by, f"confirmed {word.evidence}")
            except IntegrityError:
                raise BadOrder("was used before", field="evidence", value=word.evidence) from None
        return self.show(key)

    def cancel(self, key: bytes, *, by: str, reason: str) -> Record:
        """Free what a hold or a withdrawal holds: the customer cancels, or an operator intercepts. A withdrawal that
        was sent cannot be stopped. Raises NotInState, OrderUnknown, BadOrder.
        """
        _check_person(by)
        with self.corridor.turn, self._rooms.database.writing() as connection:
            found = self._in_state(key, *_CANCELLABLE)
            if found.type not in (OrderType.WITHDRAWAL, OrderType.RESERVE, OrderType.BID):
                raise NotInState(_text(key), found.type.name.lower(), "a hold that its giver may cancel")
            self._resolve(found, Step.VOIDED, VOID)
            self._put(connection, key, State.VOIDED, by, _note(reason))
            self._give_back(connection, found)
        return self.show(key)

    def claim(self, key: bytes, *, by: str) -> Record:
        """The bank channel is about to send a withdrawal: from now on it cannot be stopped. Claiming again changes
        nothing. Raises NotInState, OrderUnknown.
        """
        _check_person(by)
        with self.corridor.turn, self._rooms.database.writing() as connection:
            found = self._in_state(key, State.HELD, State.SENT)
            if found.type is not OrderType.WITHDRAWAL:
                raise NotInState(_text(key), found.type.name.lower(), "a withdrawal")
            if found.state is State.HELD:
                number = found.order.id
                ended = look_up(
                    self._rooms.ledger, [transfer_id(number, Step.VOIDED), transfer_id(number, Step.POSTED)]
                )
                if ended:
                    raise NotInState(_text(key), "resolved in the ledger", "held")
                self._put(connection, key, State.SENT, by, "claimed by the bank channel")
        return self.show(key)

    def resolve(self, key: bytes, *, by: str, allow: bool, reason: str) -> Record:
        """Propose that what the risk desk held is released or denied, or confirm what another person proposed; the
        order as it stands then. Raises NotInState, SamePerson, SecondPerson, OrderUnknown, BadOrder."""
        _check_person(by)
        with self.corridor.turn:
            found = self._in_state(key, State.RISK_HELD)
            if same_person(by) == same_person(found.maker):
                raise SamePerson(by)
            if self._is_second(found, by, "release" if allow else "deny", _note(reason)):
                return self._resolved(found, by, allow=allow, reason=reason)
        return self.show(key)

    def _is_second(self, found: Record, by: str, verdict: str, reason: str) -> bool:
        """Whether `by` confirms with this what another person proposed of a held order; otherwise it is proposed."""
        if self._two.asked(f"order-{_text(found.key)}", {"verdict": verdict}, by=by, text=reason) is not None:
            return True
        with self._rooms.database.writing() as connection:
            self._put(
                connection,
                found.key,
                found.state,
                by,
                f"proposed to {verdict}: {reason}"[:NOTE_CHARACTERS_MAX],
            )
        return False

    def _resolved(self, found: Record, by: str, *, allow: bool, reason: str) -> Record:
        key = found.key
        with self._rooms.database.writing() as connection:
            kind, mode = CATALOGUE[found.type], getattr(found.order, "mode", Mode.NORMAL)
            state = settled_state(kind.type, mode, held=False)
            if not allow:
                self._resolve(found, Step.VOIDED, VOID)
                state = State.VOIDED
                self._give_back(connection, found)
            elif not kind.holds:
                self._resolve(found, Step.POSTED, POST)
            self._put(connection, key, state, by, _note(reason))
        self._seal(key, state, by, reason)
        return self.show(key)

    def recover(self) -> int:
        """Bring orders that were confirmed when a crash came to their end; how many."""
        with self.corridor.turn:
            left = self._waiting(State.RECEIVED)
            for found in left:
                self._send(found)
        return len(left)

    def expire(self, first_entry: int = 0) -> int:
        """Mark the holds that timed out, reading the journal from `first_entry`; the number to go on from."""
        rooms, at = self._rooms, first_entry
        while at < rooms.ledger.size():
            entries = rooms.ledger.entries(at, ENTRIES_AT_ONCE)
            at += len(entries)
            ended = entries["event"][entries["kind"] == EntryKind.EXPIRY]
            if len(ended):
                keys = {_order_key(row) for row in ended}
                with self.corridor.turn, rooms.database.writing() as connection:
                    event = Event(State.EXPIRED, rooms.clock(), "", "the hold timed out")
                    rooms.book.put_state(connection, sorted(keys), event)
        return at

    def strays(self, first_entry: int = 0) -> set[int]:
        """Orders of this chart's money that the ledger has and the book has not, from `first_entry` of the journal on:
        booked around the corridor, or before the book was restored from a backup. Sending the same order again finds
        its transfers there and puts it in the book.
        """
        rooms, at, found = self._rooms, first_entry, set[int]()
        while at < rooms.ledger.size():
            entries = rooms.ledger.entries(at, ENTRIES_AT_ONCE)
            at += len(entries)
            rows = entries["event"][entries["kind"] == EntryKind.TRANSFER]
            rows = rows[rows["ledger"] == rooms.chart.currency]
            orders = {int.from_bytes(_order_key(row), "big") for row in rows}
            with rooms.database.reading() as connection:
                keys = [one.to_bytes(16, "big") for one in sorted(orders)]
                known = rooms.book.places(connection, keys)
            found |= {int.from_bytes(key, "big") for key in keys if key not in known}
        return found

    # --- inside --------------------------------------------------------------------------------------------------

    def _in_state(self, key: bytes, *wanted: State) -> Record:
        found = self.show(key)
        if found.state not in wanted:
            names = " or ".join(one.name.lower() for one in wanted)
            raise NotInState(_text(key), found.state.name.lower(), names)
        return found

    def _waiting(self, *states: State) -> list[Record]:
        rooms = self._rooms
        with rooms.database.reading() as connection:
            keys = rooms.book.waiting(connection, *states)
        found = [self.show(key) for key in keys]
        return [
            one
            for one in found
            if _of_chart(one.batch.requests.columns, rooms.chart.entity, rooms.chart.currency)
        ]

    def _check_checker(self, found: Record, by: str) -> None:
        if same_person(by) == same_person(found.maker):
            raise SamePerson(by)
        if found.received_at <= self._rooms.clock() - PROPOSAL_VALID_S * NS_PER_SECOND:
            raise NotInState(_text(found.key), "lapsed", "awaiting approval")
        policy = self._rooms.policies.in_force()
        rule = policy.rule(found.maker, found.type, self._rooms.chart, day_of(self._rooms.clock()))
        checkers = rule.checkers if rule is not None else ()
        if found.reason is Reason.RISK_HOLD and not checkers:
            checkers = (ANY,)
        if ANY not in checkers and policy.role(by) not in checkers:
            raise NotAllowed(by, f"confirm a {found.type.name.lower()} of {found.maker}")

    def _go_on(self, found: Record, by: str, note: str, word: OneTime | None) -> None:
        """Examine a waiting order again and, where nothing is against it, send it."""
        rooms, one = self._rooms, np.array([found.place])
        asked = found.batch.requests.taken(one)
        exam = Exam(asked, rooms.chart, rooms.clock())
        check_mandates(exam, rooms.mandates.register())
        places, lines = lines_taking_up(asked.columns)
        facts = look_up(rooms.ledger, wanted_transfers(lines))
        with rooms.database.reading() as connection:
            states = self.corridor.states(connection, taken_orders(lines))
        around = Around(facts, states, {}, exam)
        claims = self.corridor.claims(wanted_claims(lines, around.books))
        check_taking_up(Around(facts, states, claims, exam), places, lines)
        if not exam.open[0]:
            self._end(found, State.REFUSED, by, Reason(int(exam.outcomes["reason"][0])).name.lower())
            return
        checked = word is not None and self._needs_checker(found)
        try:
            with rooms.database.writing() as connection:
                if word is not None:
                    rooms.book.put_evidence(connection, word.evidence, found.key)
                self._put(connection, found.key, State.AWAITING if checked else State.RECEIVED, by, note)
        except IntegrityError:
            raise BadOrder("was used before", field="evidence", value="") from None
        self._seal(found.key, State.RECEIVED, by, note)
        if not checked:
            self._send(self.show(found.key))

    def _needs_checker(self, found: Record) -> bool:
        today = day_of(self._rooms.clock())
        rule = self._rooms.policies.in_force().rule(found.maker, found.type, self._rooms.chart, today)
        return rule is not None and rule.checked_from is not None

    def _send(self, found: Record) -> None:
        """Send one order that is in state RECEIVED, and write what became of it."""
        rooms, one = self._rooms, np.array([found.place])
        asked = found.batch.requests.taken(one)
        outcomes = np.zeros(1, OUTCOME)
        outcomes["action"] = found.batch.outcomes["action"][one]
        if len(self.corridor.still_allowed(asked, outcomes, np.array([0]))):
            rows, owners = rooms.sender.rows(asked.columns, asked.words)
            rooms.sender.send(rows, owners, outcomes)
        booked = outcomes["state"] == State.BOOKED
        self.corridor.put_settled_states(asked, outcomes, booked)
        state, reason = State(int(outcomes["state"][0])), Reason(int(outcomes["reason"][0]))
        with rooms.database.writing() as connection:
            self._put(connection, found.key, state, "", reason.name.lower() if reason else "")
            self.corridor.put_effects(connection, asked, outcomes, booked)
            if not booked[0]:
                self._give_back(connection, found)

    def _resolve(self, found: Record, step: Step, flag: TransferFlags) -> None:
        """Post or void all that an order holds. Raises NotInState where the ledger has it otherwise."""
        one = np.array([found.place])
        asked = found.batch.requests.taken(one)
        rows, _ = self._rooms.sender.rows(asked.columns, asked.words)
        made = resolving_rows(rows, step, flag)
        statuses = [
            CreateTransferStatus(one)
            for one in self._rooms.ledger.create_transfers_array(made)["status"].tolist()
        ]
        own = [status for status in statuses if status is not CreateTransferStatus.LINKED_EVENT_FAILED]
        if own[0] not in _DONE:
            raise NotInState(_text(found.key), own[0].name.lower(), "held in the ledger")

    def _end(self, found: Record, state: State, by: str, note: str) -> None:
        with self._rooms.database.writing() as connection:
            self._put(connection, found.key, state, by, note)
            self._give_back(connection, found)
        self._seal(found.key, state, by, note)

    def _give_back(self, connection: Connection, found: Record) -> None:
        """What an order that came to nothing counted toward its maker's day is free again, and its bank reference."""
        which = np.zeros(len(found.batch.requests), np.bool_)
        which[found.place] = True
        usage = self.corridor.usage(found.batch.requests, which, found.batch.received_at)
        self._rooms.book.add_usage(connection, {key: -amount for key, amount in usage.items()})
        self.corridor.references.free(connection, [found.key])

    def _put(self, connection: Connection, key: bytes, state: State, by: str, note: str) -> None:
        self._rooms.book.put_state(connection, [key], Event(state, self._rooms.clock(), by, note))

    def _seal(self, key: bytes, state: State, by: str, note: str) -> None:
        told = {
            "order": str(int.from_bytes(key, "big")),
            "state": state.name.lower(),
            "by": by,
            "note": note,
            "at": to_rfc3339(self._rooms.clock()),
        }
        self._rooms.ledger.seal(hashlib.sha256(canonical_json(told)).digest(), SEAL_TOPIC_AUTHORITY)


def _record(key: bytes, batch: Batch, place: int, state: State | None, history: Sequence[Event]) -> Record:
    columns, words, outcome = batch.requests.columns, batch.requests.words[place], batch.outcomes[place]
    return Record(
        key=key,
        order=columns.order(place),
        type=OrderType(int(columns.rows["type"][place])),
        state=State(int(outcome["state"])) if state is None else state,
        reason=Reason(int(outcome["reason"])) if state is None else _later_reason(history),
        maker=batch.requests.makers[int(words["maker"])],
        mandate=int(words["mandate"]),
        evidence=words["evidence"].decode(),
        digest=columns.digest(place),
        received_at=batch.received_at,
        why=batch.whys[int(outcome["why"])],
        score=int(outcome["score"]),
        sealed_entry=batch.sealed_entry,
        history=tuple(history),
        batch=batch,
        place=place,
    )


def _later_reason(history: Sequence[Event]) -> Reason:
    """Why an order stands where its last event put it; NONE where that is no refusal."""
    note = history[-1].note.upper() if history else ""
    return Reason[note] if note in Reason.__members__ else Reason.NONE


def _of_chart(columns: OrderColumns, entity: int, currency: int) -> bool:
    rows = columns.rows
    return bool(len(rows)) and (int(rows["entity"][0]), int(rows["currency"][0])) == (entity, currency)


def _order_key(row: Array) -> bytes:
    return order_of(int(row["id_lo"]) | int(row["id_hi"]) << 64).to_bytes(16, "big")


def _text(key: bytes) -> str:
    return str(int.from_bytes(key, "big"))


def _check_person(person: str) -> None:
    if not PERSON.fullmatch(person):
        raise BadOrder("not a person's id", field="by", value=person[:80])


def _note(reason: str) -> str:
    if not 0 < len(reason) <= NOTE_CHARACTERS_MAX:
        raise BadOrder(f"say why in 1 to {NOTE_CHARACTERS_MAX} characters", field="reason", value=reason[:80])
    return reason
