"""The corridor: every order passes policy, authorisation and the risk desk on its way to the ledger and the book.

Rules:

1. A batch in, a batch out; orders are independent of each other, each is booked whole or not at all. An order that
   takes up another (a release, the bank's word on a withdrawal) goes in a later batch than that one.
2. The verdict on each order is in the book before the ledger is asked, its answer after. Where a crash comes between,
   `recover` sends the same transfers again: nothing is booked twice, nothing that was promised is lost.
3. The same request again gets the same answer; another one under the same id is refused by name, and nothing moves.
   Only the bank's word, which stays true when it was refused, may be given anew: on a day that is open by then. And a
   refused or lapsed reversal, whose id is that of another's order, stands in nobody's way.
4. What needs a checker waits in the book until another person confirms or it lapses; see `jinku.custody.orders.acts`.
5. Every batch is sealed in the log with the words it was given on and what became of it.
6. May be used by many threads at once: batches follow one another, so each sees the doings of those before.

Example::

    corridor = Corridor(Rooms.of(ledger, database, chart, clock=time.time_ns))
    answers = corridor.submit([Request(deposit, maker="channel"), Request(bid, maker="app", mandate=7)])
    answers[1].reason  # Reason.MANDATE_EXHAUSTED
"""

import hashlib
import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Self

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection
from sqlalchemy.exc import IntegrityError

from jinku.base.canonical import canonical_json
from jinku.base.clock import Clock, day_of
from jinku.base.database import Database
from jinku.custody.orders.book import Batch, Event, OrderBook, Place, Usage
from jinku.custody.orders.catalogue import CATALOGUE, OrderType, Word
from jinku.custody.orders.decider import Action, AllowAll, Decider
from jinku.custody.orders.examining import (
    Exam,
    check_form,
    check_policy,
    check_projects,
    check_references,
    check_words,
    normalised,
    spenders,
)
from jinku.custody.orders.granting import SEAL_TOPIC_AUTHORITY, LimitLedger
from jinku.custody.orders.legs import Fact
from jinku.custody.orders.mandates import MandateOffice
from jinku.custody.orders.model import Order, Step, order_of
from jinku.custody.orders.movements import Mark, values
from jinku.custody.orders.policy import same_person
from jinku.custody.orders.policy_store import PolicyShelf
from jinku.custody.orders.projects import ProjectDesk
from jinku.custody.orders.reasons import Reason, State
from jinku.custody.orders.references import References, credits_of
from jinku.custody.orders.requests import OUTCOME, Answers, Request, RequestColumns
from jinku.custody.orders.sending import UNBOOKABLE, Guard, Sender, settled_state
from jinku.custody.orders.taking_up import (
    Around,
    check_taking_up,
    lines_taking_up,
    look_up,
    taken_orders,
    wanted_claims,
    wanted_transfers,
)
from jinku.custody.structure.bitemporal_hours import day_number
from jinku.custody.structure.chart import Chart
from jinku.ledger.layout import TRANSFER, Array

ATTEMPTS_MAX = 3
"""How often a batch is begun anew because another process wrote one of its ids or evidences meanwhile."""


@dataclass(frozen=True)
class Rooms:
    """What the corridor leads through: one chart's ledger, book, registers and policy, and the risk desk."""

    ledger: LimitLedger
    database: Database
    chart: Chart
    clock: Clock
    book: OrderBook
    mandates: MandateOffice
    projects: ProjectDesk
    policies: PolicyShelf
    sender: Sender
    decider: Decider = field(default_factory=AllowAll)

    @classmethod
    def of(
        cls,
        ledger: LimitLedger,
        database: Database,
        chart: Chart,
        *,
        clock: Clock,
        decider: Decider | None = None,
        guard: Guard | None = None,
    ) -> Self:
        """The rooms of one chart on an open ledger and control database. `guard` keeps business days."""
        return cls(
            ledger,
            database,
            chart,
            clock,
            OrderBook(database, chart),
            MandateOffice(ledger, database, chart, clock=clock),
            ProjectDesk(ledger, database, chart, clock=clock),
            PolicyShelf(ledger, database, clock=clock),
            Sender(ledger, chart, guard),
            decider or AllowAll(),
        )


class Corridor:
    """Takes orders to the ledger; see the module's rules."""

    def __init__(self, rooms: Rooms) -> None:
        self.rooms = rooms
        self.turn = threading.RLock()
        self.references = References(rooms.database, rooms.chart)
        self.recover()

    def submit(self, requests: Sequence[Request] | RequestColumns, *, anew: bool = False) -> Answers:
        """Take a batch through; an answer for each request. With `anew` the bank's word that was refused is examined
        again as it is given now. Raises BadOrder, LedgerError, DatabaseUnavailable.
        """
        batch = (
            requests
            if isinstance(requests, RequestColumns)
            else RequestColumns.of(self.rooms.chart, requests)
        )
        with self.turn:
            for _ in range(ATTEMPTS_MAX - 1):
                try:
                    return self._submit(batch, anew)
                except IntegrityError:
                    continue
            return self._submit(batch, anew)

    def recover(self) -> int:
        """Bring what a crash left in the book to its end; how many batches and orders that were."""
        rooms, done = self.rooms, 0
        with self.turn:
            with rooms.database.reading() as connection:
                left = rooms.book.open_batches(connection)
            for batch in left:
                sent = self.still_allowed(
                    batch.requests, batch.outcomes, np.flatnonzero(batch.outcomes["state"] == State.RECEIVED)
                )
                rows, owners = rooms.sender.rows(
                    batch.requests.columns.taken(sent), batch.requests.words[sent]
                )
                self._finish(batch, rows, sent[owners])
                done += 1
        return done

    def still_allowed(
        self, requests: RequestColumns, outcomes: Array, places: NDArray[np.int64]
    ) -> NDArray[np.int64]:
        """Those of the orders at `places` that may be sent, asked before each sending: one decision for each order, so
        only what was taken in before the house decided is decided now; what would wait or fall then is refused."""
        if not len(places):
            return places
        actions = self.rooms.decider.decide(requests.columns.taken(places), self.rooms.clock()).rows["action"]
        worse = actions > outcomes["action"][places]
        outcomes["state"][places[worse]], outcomes["reason"][places[worse]] = (
            State.REFUSED,
            Reason.RISK_DENIED,
        )
        allowed: NDArray[np.int64] = places[~worse]
        return allowed

    def _submit(self, batch: RequestColumns, anew: bool) -> Answers:
        rooms, again = self.rooms, list[bytes]()
        batch = normalised(batch)
        keys = batch.columns.keys()
        first = {key: place for place, key in reversed(list(enumerate(keys)))}
        if len(first) < len(keys):  # twice in one batch: the second finds the first in the book
            self._submit(batch.taken(np.array(sorted(first.values()))), anew)
            anew = False
        with rooms.database.reading() as connection:
            newest = rooms.book.newest_key(connection)
            known = rooms.book.places(connection, [key for key in keys if key <= newest])
            again = self._in_the_way(connection, known, anew)
            known = {key: place for key, place in known.items() if key not in again}
            answers = self._known(connection, batch, keys, known)
        if (answers.outcomes["state"] == State.RECEIVED).any() and self.recover():
            return self._submit(batch, anew)  # asked again after a fault between book and ledger
        fresh = np.flatnonzero(answers.outcomes["state"] == _FRESH)
        if not len(fresh):
            return answers
        asked = batch if len(fresh) == len(batch) else batch.taken(fresh)
        exam = Exam(asked, rooms.chart, rooms.clock())
        whys, rows, owners = self._examine(exam)
        asked = RequestColumns(asked.columns, exam.words, asked.makers)
        with rooms.database.writing() as connection:
            if again:
                rooms.book.make_way(connection, again, Event(State.REFUSED, exam.now, "", "given anew"))
            number = rooms.book.add(connection, asked, exam.outcomes, whys, exam.now)
            taken = exam.outcomes["state"] != State.REFUSED
            self.references.use(connection, asked, taken)
            rooms.book.add_usage(connection, self.usage(asked, taken, exam.now))
        kept = Batch(number, asked, exam.outcomes, whys, exam.now, False, -1)
        self._finish(kept, rows, owners)
        if len(fresh) == len(batch):
            return Answers(batch.columns, kept.outcomes, whys)
        return _merged(answers, fresh, kept.outcomes, whys)

    # --- the same again ------------------------------------------------------------------------------------------

    def _known(
        self, connection: Connection, batch: RequestColumns, keys: list[bytes], known: dict[bytes, Place]
    ) -> Answers:
        """The answers to requests that are in the book; others are left ``_FRESH``."""
        outcomes = np.zeros(len(batch), OUTCOME)
        outcomes["state"] = _FRESH
        if not known:
            return Answers(batch.columns, outcomes, ("",))
        whys: list[str] = [""]
        stored: dict[int, Batch] = {}
        for place, key in enumerate(keys):
            held = known.get(key)
            if held is None:
                continue
            if held.batch not in stored:
                stored[held.batch] = self.rooms.book.batch(connection, held.batch)
            found = stored[held.batch]
            if not _same(batch, place, found.requests, held.place):
                outcomes["state"][place], outcomes["reason"][place] = State.REFUSED, Reason.ORDER_CHANGED
                continue
            outcomes[place] = found.outcomes[held.place]
            why = found.whys[int(outcomes["why"][place])]
            outcomes["why"][place] = len(whys)
            whys.append(why)
            if held.state is not None:
                outcomes["state"][place] = held.state
        return Answers(batch.columns, outcomes, tuple(whys))

    def _in_the_way(self, connection: Connection, known: dict[bytes, Place], anew: bool) -> list[bytes]:
        """Those of `known` that came to nothing and may be given anew: reversals, and with `anew` the bank's words."""
        book, found = self.rooms.book, list[bytes]()
        looked = {key: at for key, at in known.items() if anew or key[_STEP_BYTE] == Step.REVERSED}
        stored = {number: book.batch(connection, number) for number in {one.batch for one in looked.values()}}
        for key, at in looked.items():
            batch = stored[at.batch]
            state = int(batch.outcomes["state"][at.place]) if at.state is None else at.state
            kind = CATALOGUE[OrderType(int(batch.requests.columns.rows["type"][at.place]))]
            words = state == State.REFUSED and anew and kind.word is Word.BANK
            if words or (state in (State.REFUSED, State.EXPIRED) and kind.type is OrderType.REVERSAL):
                found.append(key)
        return found

    # --- examining -----------------------------------------------------------------------------------------------

    def _examine(self, exam: Exam) -> tuple[tuple[str, ...], Array, NDArray[np.int64]]:
        """Put a verdict on every order; the decider's reasons, and the transfers of those that are to be sent."""
        rooms, columns = self.rooms, exam.requests.columns
        check_form(exam)
        policy = rooms.policies.in_force()
        names = np.unique(np.concatenate([exam.words["evidence"], exam.words["evidence_2"]]))
        places, lines = lines_taking_up(columns)
        facts = look_up(rooms.ledger, wanted_transfers(lines))
        with rooms.database.reading() as connection:
            usage = rooms.book.usage(connection, spenders(exam))
            told = credits_of(exam.requests, exam.open)
            credited = self.references.used(connection, list(told.values()))
            used = rooms.book.evidence_used(connection, [one for one in names.tolist() if one])
            states = self.states(connection, taken_orders(lines))
        checked, _ = check_policy(exam, policy, usage)
        check_references(exam, credited)
        check_words(exam, rooms.mandates.register(), used)
        check_projects(exam, rooms.projects.register())
        around = Around(facts, states, {}, exam)
        kept = ((exam.words["marks"][places] & Mark.CLAIMS) != 0).tolist()
        sharing = [line for line, with_claims in zip(lines, kept, strict=True) if with_claims]
        claims = self.claims(wanted_claims(sharing, around.books))
        check_taking_up(Around(facts, states, claims, exam), places, lines)
        whys = self._decide(exam)
        rows, owners = self._bookable(exam, facts)
        exam.put(checked, State.AWAITING, Reason.NEEDS_CHECKER)
        if checked.any():
            sent = exam.open[owners]
            rows, owners = rows[sent], owners[sent]
        return whys, rows, owners

    def _bookable(self, exam: Exam, facts: dict[int, Fact]) -> tuple[Array, NDArray[np.int64]]:
        """The transfers of the open orders; those that cannot be are refused."""
        columns, sender = exam.requests.columns, self.rooms.sender
        sent = np.flatnonzero(exam.open)
        if not len(sent):
            return np.zeros(0, TRANSFER), sent
        whole = len(sent) == len(columns)
        open_columns = columns if whole else columns.taken(sent)
        try:
            rows, owners = sender.rows(open_columns, exam.words[sent], facts)
        except UNBOOKABLE:
            good = sender.bookable(open_columns, exam.words[sent], facts)
            exam.outcomes["state"][sent[~good]] = State.REFUSED
            exam.outcomes["reason"][sent[~good]] = Reason.CANNOT_BE
            sent = sent[good]
            rows, owners = sender.rows(columns.taken(sent), exam.words[sent], facts)
        return rows, sent[owners]

    def _decide(self, exam: Exam) -> tuple[str, ...]:
        decisions = self.rooms.decider.decide(exam.requests.columns, exam.now)
        rows, types = decisions.rows, exam.rows["type"]
        if not rows["action"].any():
            return decisions.whys
        asked = exam.open
        for name in ("action", "score", "why"):
            exam.outcomes[name][asked] = rows[name][asked]
        exam.put(rows["action"] == Action.DENY, State.REFUSED, Reason.RISK_DENIED)
        customers = np.isin(types, _CUSTOMERS)
        exam.put((rows["action"] == Action.CHALLENGE) & customers, State.CHALLENGED, Reason.RISK_CHALLENGE)
        held = (rows["action"] == Action.HOLD) | ((rows["action"] == Action.CHALLENGE) & ~customers)
        exam.put(held & np.isin(types, _NOT_HELD), State.AWAITING, Reason.RISK_HOLD)
        exam.words["marks"][held & exam.open] |= np.uint8(Mark.HELD)
        return decisions.whys

    def states(self, connection: Connection, orders: set[int]) -> dict[int, State]:
        """The later states of those of `orders` (by id) that have one."""
        keys = [one.to_bytes(16, "big") for one in sorted(orders)]
        found = self.rooms.book.places(connection, keys)
        return {int.from_bytes(key, "big"): one.state for key, one in found.items() if one.state is not None}

    def claims(self, accounts: list[int]) -> dict[int, int]:
        """What those of the claim `accounts` have that exist."""
        wanted = sorted({one for one in accounts if one})
        found: dict[int, int] = {}
        for at in range(0, len(wanted), _ACCOUNTS_AT_ONCE):
            for one in self.rooms.ledger.lookup_accounts(wanted[at : at + _ACCOUNTS_AT_ONCE]):
                found[one.id] = abs(one.credits_posted - one.debits_posted)
        return found

    # --- booking -------------------------------------------------------------------------------------------------

    def _finish(self, batch: Batch, rows: Array, owners: NDArray[np.int64]) -> None:
        """Send a batch that is in the book, and write what became of it."""
        rooms, requests, outcomes = self.rooms, batch.requests, batch.outcomes
        asked = outcomes["state"] == State.RECEIVED
        rooms.sender.send(rows, owners, outcomes)
        refused = asked & (outcomes["state"] == State.REFUSED)
        booked = asked & (outcomes["state"] == State.BOOKED)
        self.put_settled_states(requests, outcomes, booked)
        sealed = batch_digest(requests, outcomes, batch.whys)
        entry, _ = rooms.ledger.seal(sealed, SEAL_TOPIC_AUTHORITY)
        with rooms.database.writing() as connection:
            rooms.book.finish(connection, batch.number, outcomes, entry)
            if refused.any():
                back = self.usage(requests, refused, batch.received_at)
                rooms.book.add_usage(connection, {key: -amount for key, amount in back.items()})
                keys = requests.columns.keys()
                self.references.free(connection, [keys[one] for one in np.flatnonzero(refused).tolist()])
            self.put_effects(connection, requests, outcomes, booked)

    def put_settled_states(
        self, requests: RequestColumns, outcomes: Array, booked: NDArray[np.bool_]
    ) -> None:
        """Write into `outcomes` where each booked order stands."""
        rows = requests.columns.rows
        held = (requests.words["marks"] & Mark.HELD) != 0
        kinds = rows["type"].astype(np.int64) << 3 | rows["mode"].astype(np.int64) << 1 | held
        for kind in np.unique(kinds[booked]).tolist():
            state = settled_state(kind >> 3, kind >> 1 & 3, bool(kind & 1))
            outcomes["state"][booked & (kinds == kind)] = state

    def put_effects(
        self, connection: Connection, requests: RequestColumns, outcomes: Array, booked: NDArray[np.bool_]
    ) -> None:
        """Write the states that need a row of their own: those of orders that wait, and of those that were taken up."""
        book, columns, now = self.rooms.book, requests.columns, self.rooms.clock()
        keys = columns.keys() if booked.any() else []
        for state in (State.UNCONFIRMED, State.RISK_HELD):
            places = np.flatnonzero(booked & (outcomes["state"] == state)).tolist()
            if places:
                book.put_state(connection, [keys[one] for one in places], Event(state, now, "", ""))
        ends = np.flatnonzero(booked & np.isin(columns.rows["type"], list(_EFFECTS)))
        for line, place in zip(columns.lines(ends), ends.tolist(), strict=True):
            if outcomes["state"][place] == State.RISK_HELD:
                continue
            taken = [order_of(key) for key, _ in line.parts] or [line.id]
            if CATALOGUE[line.type].step:
                taken = [line.id]
            maker = requests.makers[int(requests.words["maker"][place])]
            event = Event(_EFFECTS[line.type], now, maker, keys[place].hex())
            book.put_state(connection, [one.to_bytes(16, "big") for one in dict.fromkeys(taken)], event)
            if line.type is OrderType.REVERSAL:
                self.references.free(connection, [line.id.to_bytes(16, "big")])

    def usage(self, requests: RequestColumns, which: NDArray[np.bool_], at: int) -> Usage:
        """What the orders in `which` move, by maker and the day on which they were given (`at`, ns)."""
        places, day = np.flatnonzero(which), day_number(day_of(at))
        makers = requests.words["maker"][places]
        moved = values(requests.columns, places)
        found: Usage = {}
        for maker in np.unique(makers).tolist():
            key = (same_person(requests.makers[maker]), day)
            found[key] = found.get(key, 0) + int(moved[makers == maker].sum())
        return {key: amount for key, amount in found.items() if amount}

    def order(self, key: bytes) -> Order:
        """The order that the book has under `key`. Raises KeyError."""
        with self.rooms.database.reading() as connection:
            place = self.rooms.book.places(connection, [key])[key]
            return self.rooms.book.batch(connection, place.batch).requests.columns.order(place.place)


def batch_digest(requests: RequestColumns, outcomes: Array, whys: Sequence[str]) -> bytes:
    """What is sealed of a batch: its orders, their words, and what became of them."""
    told = hashlib.sha256(b"jinku/order-batch/v1")
    for part in (
        requests.columns.rows.tobytes(),
        requests.columns.parts.tobytes(),
        requests.words.tobytes(),
        outcomes.tobytes(),
        canonical_json([list(requests.makers), list(whys)]),
    ):
        told.update(len(part).to_bytes(8, "big") + part)
    return told.digest()


def _same(asked: RequestColumns, place: int, kept: RequestColumns, at: int) -> bool:
    """Whether two requests ask the same, on the same word, by the same person."""
    one, other = asked.columns, kept.columns
    if one.rows[place].tobytes() != other.rows[at].tobytes():
        return False
    mine = one.parts[one.edges[place] : one.edges[place + 1]].tobytes()
    if mine != other.parts[other.edges[at] : other.edges[at + 1]].tobytes():
        return False
    words, held = asked.words[place], kept.words[at]
    fields = ("mandate", "second", "method", "method_2", "given_at", "given_at_2", "evidence", "evidence_2")
    if any(words[name] != held[name] for name in fields):
        return False
    makers = asked.makers[int(words["maker"])], kept.makers[int(held["maker"])]
    return makers[0] == makers[1]


def _merged(answers: Answers, fresh: NDArray[np.int64], outcomes: Array, whys: tuple[str, ...]) -> Answers:
    """The answers to known requests and to fresh ones, in the order asked."""
    merged = answers.outcomes.copy()
    merged[fresh] = outcomes
    merged["why"][fresh] += len(answers.whys)
    return Answers(answers.columns, merged, (*answers.whys, *whys))


_FRESH = 254
_STEP_BYTE = -3
"""Where a key, an id of 16 bytes, has its order's step."""
_ACCOUNTS_AT_ONCE = 8_000
_CUSTOMERS = [kind.type for kind in CATALOGUE.values() if kind.word is Word.CUSTOMER]
_NOT_HELD = (
    OrderType.SETTLE,
    OrderType.RELEASE,
    OrderType.FAILURE,
    OrderType.PARTIAL_CANCEL,
    OrderType.UNFREEZE,
    OrderType.PAID_OUT,
    OrderType.PAYOUT_FAILED,
    OrderType.PAYOUT_RETURNED,
    OrderType.ADVANCE_RECOVERED,
)
_EFFECTS = {
    OrderType.SETTLE: State.SETTLED,
    OrderType.RELEASE: State.SETTLED,
    OrderType.FAILURE: State.VOIDED,
    OrderType.PARTIAL_CANCEL: State.VOIDED,
    OrderType.UNFREEZE: State.VOIDED,
    OrderType.PAID_OUT: State.SETTLED,
    OrderType.PAYOUT_FAILED: State.VOIDED,
    OrderType.PAYOUT_RETURNED: State.RETURNED,
    OrderType.ROLL_BACK: State.RETURNED,
    OrderType.REVERSAL: State.REVERSED,
}
