"""The office of parties: who becomes one, whose card is bound, who is frozen, leaves, and is forgotten.

Rules:

1. applied → open → frozen → … → closing → closed. Opening, freezing, unfreezing, closing, lifting a legal hold and
   erasing are asked for by one person and confirmed by another; who confirmed is written down before anything is
   done, and `recover` finishes what a crash left half done.
2. The ledger itself refuses what a frozen or closed party's accounts are asked to do
   (`jinku.custody.parties.closures`).
3. A party closes only with nothing held; what it has is paid out to its bound card first, under an order id of its
   own for each attempt. It is closed once its balance is zero and its accounts are closed in the ledger.
4. The same person or card twice is refused, by keyed hash. Personal data lies in the people store alone.
5. What is done is told in the party's history and sealed in the log.
6. Personal data is erased only after the time that the law wants it kept, and never under a legal hold; then the
   record, salt, cards and keyed hashes go, and number, history and every proof stay.

Example::

    office.apply(application, by="clerk-1")                 # number 7
    change = office.propose(7, Action.OPEN, Ask("identity checked", "KYC-77"), by="clerk-1")
    office.confirm(change.id, by="clerk-2")
    office.bind(7, card, by="clerk-1")
"""

import hashlib
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date

from sqlalchemy import Connection
from sqlalchemy.exc import IntegrityError

from jinku.base.clock import Clock, day_of
from jinku.base.persons import same_person
from jinku.crypto.commitment import new_salt
from jinku.custody.parties.carrying import Carrier, OpeningLedger, Payouts
from jinku.custody.parties.closures import book_through
from jinku.custody.parties.errors import (
    ApplicationChanged,
    BadParty,
    MoneyHeld,
    NoSuchParty,
    NotErasable,
    PartyKnown,
    TwoPersons,
    WrongState,
)
from jinku.custody.parties.history import CARD_BOUND, CARD_UNBOUND, seal_events, verify_history
from jinku.custody.parties.identity import IdentityKey
from jinku.custody.parties.model import (
    Action,
    BoundCard,
    Change,
    ChangeState,
    Event,
    LegalHold,
    PartyRecord,
    PartyStatus,
)
from jinku.custody.parties.people import Party, PeopleStore, opening_commitment
from jinku.custody.parties.register import PartyRegister
from jinku.custody.parties.requests import (
    LAST_SHOWN,
    Application,
    CardToBind,
    check_application,
    check_operator,
    check_reason,
    checked_card,
)
from jinku.custody.parties.table import keep_until
from jinku.custody.structure.chart import Chart
from jinku.custody.structure.template import Structure
from jinku.ledger.layout import Array, u128

FROM = {
    Action.OPEN: (PartyStatus.APPLIED,),
    Action.FREEZE: (PartyStatus.OPEN, PartyStatus.CLOSING),
    Action.UNFREEZE: (PartyStatus.FROZEN,),
    Action.CLOSE: (PartyStatus.APPLIED, PartyStatus.OPEN),
    Action.LIFT_HOLD: tuple(PartyStatus),
    Action.ERASE: (PartyStatus.CLOSED,),
}
"""In which states each action can be asked for and confirmed."""


@dataclass(frozen=True, slots=True)
class Institution:
    """The legal entity whose parties these are."""

    entity: int
    structure: Structure


@dataclass(frozen=True, slots=True)
class Stores:
    """Where the office keeps what it knows: references in the register, persons in the people store."""

    register: PartyRegister
    people: PeopleStore
    key: IdentityKey


@dataclass(frozen=True, slots=True)
class Ask:
    """Why something is to be done, by whose order, and to which legal hold (LIFT_HOLD)."""

    reason: str
    authority: str
    subject: int = 0


class PartyOffice:
    """The parties of one legal entity; see the module's rules. For any number of threads."""

    def __init__(
        self, ledger: OpeningLedger, institution: Institution, stores: Stores, payouts: Payouts, clock: Clock
    ) -> None:
        self._ledger, self._institution, self._clock = ledger, institution, clock
        self._register, self._people, self._key = stores.register, stores.people, stores.key
        self._register.require_key(self._key.fingerprint)
        self._carrier = Carrier(ledger, stores.register, stores.people, payouts, institution.structure)
        self._turn = threading.RLock()
        seal_events(ledger, self._register)  # what a crash left unsealed, before anything is added to it

    # --- becoming a party ----------------------------------------------------------------------------------------

    def apply(self, application: Application, by: str) -> PartyRecord:
        """Register somebody, without accounts yet. The same application again is the same party.

        Raises BadParty, PartyKnown, ApplicationChanged.
        """
        check_operator(by)
        check_application(application)
        for number in application.currencies:
            chart = Chart(self._institution.entity, number, self._institution.structure)
            for role in application.roles:
                chart.role_kind(role)
        request = self._key.of_request(application.canonical())
        with self._turn:
            record = self._registered(application, request, by)
            seal_events(self._ledger, self._register)
            return record

    def _registered(self, application: Application, request: bytes, by: str) -> PartyRecord:
        register, entity = self._register, self._institution.entity
        identifier = self._key.of_identifier(
            application.person.identifier_kind, application.person.identifier
        )
        with register.reading() as connection:
            known = register.by_application(connection, entity, application.id)
            holder = register.active(connection, entity, identifier)
        if known is not None:
            if known[1] != request:
                raise ApplicationChanged(known[0].number)
            return self._resumed(known[0], application, by)
        if holder:
            raise PartyKnown("identifier", holder)
        salt = new_salt()
        try:
            with register.writing() as connection:
                number = max(register.highest(connection), self._people.highest()) + 1
                record = self._record(
                    application, number, opening_commitment(_party(application, number), salt)
                )
                register.add(connection, record, request, identifier)
                register.tell(
                    connection,
                    record.number,
                    record.applied_at,
                    by,
                    "applied",
                    application=application.id,
                    form=record.form.value,
                    roles=" ".join(record.roles),
                    commitment=f"{record.commitment:032x}",
                )
        except (
            IntegrityError
        ):  # another process was faster: with this identifier, this application or this number
            with register.reading() as connection:
                holder = register.active(connection, entity, identifier)
            raise PartyKnown("identifier or number", holder) from None
        self._people.register([_party(application, record.number)], lambda: salt)
        return record

    def _resumed(self, record: PartyRecord, application: Application, by: str) -> PartyRecord:
        """A crash came after the number was given and before the person was kept: keep the person under a new salt."""
        if record.status is not PartyStatus.APPLIED or self._people.has(record.number):
            return record
        salt = new_salt()
        commitment = opening_commitment(_party(application, record.number), salt)
        with self._register.writing() as connection:
            self._register.set(connection, record.number, commitment=commitment.to_bytes(16, "big"))
            self._register.tell(
                connection, record.number, self._clock(), by, "applied_again", commitment=f"{commitment:032x}"
            )
        self._people.register([_party(application, record.number)], lambda: salt)
        return replace(record, commitment=commitment)

    def _record(self, application: Application, number: int, commitment: int) -> PartyRecord:
        return PartyRecord(
            number=number,
            entity=self._institution.entity,
            form=application.form,
            status=PartyStatus.APPLIED,
            roles=application.roles,
            currencies=application.currencies,
            commitment=commitment,
            application=application.id,
            applied_at=self._clock(),
            closed_on=None,
            erased=False,
        )

    # --- cards ---------------------------------------------------------------------------------------------------

    def bind(self, number: int, wanted: CardToBind, by: str) -> BoundCard:
        """Bind a verified card to an open party that has none. Binding the same again changes nothing.

        Raises BadParty, WrongState, PartyKnown for a card that is another's.
        """
        check_operator(by)
        card = checked_card(wanted)
        card_hash = self._key.of_card(card)
        register = self._register
        with self._turn:
            with register.reading() as connection:
                self._in_state(connection, number, (PartyStatus.OPEN,))
                bound = register.cards(connection, number, bound=True)
                holder = register.card_holder(connection, card_hash)
            if holder == number:
                return bound[0]
            if holder:
                raise PartyKnown("card", holder)
            if bound:
                raise WrongState(number, "bound to a card", "the card to be unbound first")
            token, commitment = self._people.keep_card(number, card)
            made = BoundCard(
                token=token,
                party=number,
                last_four=card[-LAST_SHOWN:],
                bank=wanted.bank,
                verification=wanted.verification,
                bound_by=by,
                bound_at=self._clock(),
                unbound_at=0,
            )
            try:
                with register.writing() as connection:
                    self._in_state(connection, number, (PartyStatus.OPEN,), lock=True)
                    register.bind(connection, made, card_hash)
                    register.tell(
                        connection,
                        number,
                        made.bound_at,
                        by,
                        CARD_BOUND,
                        token=made.token,
                        commitment=commitment.hex(),
                        bank=made.bank,
                        method=made.verification.method.value,
                        reference=made.verification.reference,
                    )
            except IntegrityError:
                self._people.drop_card(made.token)
                raise PartyKnown("card", 0) from None
            seal_events(self._ledger, register)
            return made

    def unbind(self, number: int, by: str, reason: str) -> None:
        """Take the bound card off. Raises WrongState where there is none, MoneyHeld while money is on its way out."""
        check_operator(by)
        check_reason(reason)
        register = self._register
        with self._turn:
            with register.writing() as connection:
                record = self._in_state(connection, number, (PartyStatus.OPEN,), lock=True)
                bound = register.cards(connection, number, bound=True)
                if not bound:
                    raise WrongState(number, "bound to no card", "a bound card")
                if any(one.debits_pending for one in self._carrier.accounts(record)):
                    raise MoneyHeld(
                        f"party {number} has money held, which may be on its way to the card",
                        remedy="wait until payouts and bids are settled, or cancel them",
                    )
                now = self._clock()
                register.unbind(connection, number, now)
                register.tell(connection, number, now, by, CARD_UNBOUND, token=bound[0].token, reason=reason)
            seal_events(self._ledger, register)

    # --- what one asks for and another confirms ------------------------------------------------------------------

    def propose(self, number: int, action: Action, ask: Ask, by: str) -> Change:
        """Ask for something that another person has to confirm. Raises BadParty, WrongState, NotErasable."""
        check_operator(by)
        check_reason(ask.reason, ask.authority)
        register = self._register
        with self._turn:
            with register.writing() as connection:
                self._allowed(connection, number, action, ask.subject)
                waiting = register.changes(connection, party=number, state=ChangeState.PROPOSED)
                if any((one.action, one.subject) == (action, ask.subject) for one in waiting):
                    raise WrongState(
                        number, f"waiting for {action} to be confirmed", "that to be decided first"
                    )
                now = self._clock()
                change = register.propose(
                    connection,
                    Change(
                        id=0,
                        party=number,
                        action=action,
                        subject=ask.subject,
                        reason=ask.reason,
                        authority=ask.authority,
                        made_by=by,
                        made_at=now,
                        state=ChangeState.PROPOSED,
                        decided_by="",
                        decided_at=0,
                    ),
                )
                self._tell_change(connection, change, f"{action}_asked", by, now)
            seal_events(self._ledger, register)
            return change

    def confirm(self, change_id: int, by: str) -> Change:
        """Confirm what another person asked for, and carry it out; the change as it stands then.

        Raises TwoPersons, WrongState, NotErasable, MoneyHeld, LedgerRefused.
        """
        check_operator(by)
        register = self._register
        with self._turn:
            with register.writing() as connection:
                change = register.change(connection, change_id, lock=True)
                self._mine(connection, change.party)
                if change.state is ChangeState.PROPOSED:
                    if same_person(change.made_by, by):
                        raise TwoPersons(by)
                    record = self._allowed(connection, change.party, change.action, change.subject)
                    self._carrier.check(connection, change, record)
                    now = self._clock()
                    register.decide(connection, change, ChangeState.CONFIRMED, by, now)
                    self._tell_change(connection, change, f"{change.action}_confirmed", by, now)
                elif change.state is not ChangeState.CONFIRMED:
                    raise WrongState(
                        change.party, f"done with change {change_id}: {change.state}", "an open change"
                    )
            seal_events(self._ledger, register)
            return self._carry_on(change_id)

    def reject(self, change_id: int, by: str, reason: str) -> Change:
        """Refuse what another person asked for. Raises TwoPersons, WrongState."""
        check_operator(by)
        check_reason(reason)
        register = self._register
        with self._turn:
            with register.writing() as connection:
                change = register.change(connection, change_id, lock=True)
                self._mine(connection, change.party)
                if change.state is not ChangeState.PROPOSED:
                    raise WrongState(
                        change.party, f"done with change {change_id}: {change.state}", "an open change"
                    )
                if same_person(change.made_by, by):
                    raise TwoPersons(by)
                now = self._clock()
                register.decide(connection, change, ChangeState.REJECTED, by, now)
                register.tell(
                    connection,
                    change.party,
                    now,
                    by,
                    f"{change.action}_rejected",
                    change=str(change.id),
                    why=reason,
                )
            seal_events(self._ledger, register)
            return self.change(change_id)

    def recover(self) -> list[Change]:
        """Carry on with everything confirmed and not done: after a crash, and each day for parties that are closing."""
        with self._turn:
            with self._register.reading() as connection:
                open_changes = [
                    one
                    for one in self._register.changes(connection, state=ChangeState.CONFIRMED)
                    if self._register.party(connection, one.party).entity == self._institution.entity
                ]
            seal_events(self._ledger, self._register)
            return [self._carry_on(one.id) for one in open_changes]

    def _carry_on(self, change_id: int) -> Change:
        self._carrier.carry_out(self.change(change_id), self._clock())
        seal_events(self._ledger, self._register)
        return self.change(change_id)

    def _allowed(self, connection: Connection, number: int, action: Action, subject: int) -> PartyRecord:
        record = self._in_state(connection, number, FROM[action], lock=True)
        if action is Action.CLOSE and record.status is PartyStatus.OPEN:
            self._carrier.require_nothing_held(record)
        if action is Action.ERASE:
            self._require_erasable(connection, record)
        if action is Action.LIFT_HOLD:
            standing = [one.id for one in self._register.holds(connection, number) if not one.lifted_at]
            if subject not in standing:
                raise NoSuchParty(
                    f"party {number} has no legal hold {subject}", remedy="see `jinku party show`"
                )
        return record

    def _require_erasable(self, connection: Connection, record: PartyRecord) -> None:
        holds = [one.id for one in self._register.holds(connection, record.number) if not one.lifted_at]
        if holds:
            raise NotErasable(
                f"legal hold {holds[0]} keeps the data of party {record.number}",
                remedy="have it lifted first",
            )
        until = self.kept_until(record)
        today = day_of(self._clock())
        if record.erased or until is None or today < until:
            when = "is erased already" if record.erased else f"must be kept until {until}"
            raise NotErasable(f"the data of party {record.number} {when}", remedy="ask again later")

    def _tell_change(self, connection: Connection, change: Change, what: str, by: str, now: int) -> None:
        self._register.tell(
            connection,
            change.party,
            now,
            by,
            what,
            change=str(change.id),
            subject=str(change.subject),
            reason=change.reason,
            authority=change.authority,
        )

    # --- legal holds ---------------------------------------------------------------------------------------------

    def hold(self, number: int, ask: Ask, by: str) -> LegalHold:
        """Keep a party's data from being erased, at once. Lifting it takes two persons (LIFT_HOLD)."""
        check_operator(by)
        check_reason(ask.reason, ask.authority)
        register = self._register
        with self._turn:
            with register.writing() as connection:
                record = self._mine(connection, number)
                if record.erased:
                    raise WrongState(number, "erased", "data to keep")
                now = self._clock()
                made = LegalHold(0, number, ask.reason, ask.authority, by, now, "", 0)
                hold_id = register.set_hold(connection, made)
                register.tell(
                    connection,
                    number,
                    now,
                    by,
                    "hold_set",
                    hold=str(hold_id),
                    reason=ask.reason,
                    authority=ask.authority,
                )
            seal_events(self._ledger, register)
            return next(one for one in self.holds(number) if one.id == hold_id)

    # --- while frozen --------------------------------------------------------------------------------------------

    def book_while_frozen(self, number: int, rows: Array, by: str, reason: str) -> None:
        """Book what the bank did already for a frozen party: ``TRANSFER`` rows that settle payouts asked for before, or
        bring money in from the bank. The accounts stay closed to all others throughout.

        Raises WrongState, BadParty, LedgerRefused.
        """
        check_operator(by)
        check_reason(reason)
        register = self._register
        with self._turn:
            with register.reading() as connection:
                record = self._in_state(connection, number, (PartyStatus.FROZEN,))
                standing = self._carrier.standing_closures(connection, record)
            if not len(rows):
                raise BadParty("books nothing", field="transfers")
            key = f"through {number} {hashlib.sha256(rows.tobytes()).hexdigest()}"
            self._carrier.prepare_through(record, key)
            book_through(self._ledger, standing, rows, key, self._carrier.places(record))
            with register.writing() as connection:
                ids = " ".join(str(one) for one in u128(rows, "id"))
                register.tell(
                    connection, number, self._clock(), by, "booked_while_frozen", transfers=ids, reason=reason
                )
            seal_events(self._ledger, register)

    # --- looking -------------------------------------------------------------------------------------------------

    def party(self, number: int) -> PartyRecord:
        """A line of the register. Raises NoSuchParty."""
        with self._register.reading() as connection:
            return self._mine(connection, number)

    def parties(
        self, status: PartyStatus | None = None, after: int = 0, most: int = 1_000
    ) -> list[PartyRecord]:
        """Up to `most` parties of this legal entity with numbers above `after`."""
        with self._register.reading() as connection:
            return self._register.parties(connection, self._institution.entity, status, after, most)

    def every(self) -> Iterator[PartyRecord]:
        """All parties of this legal entity, by number."""
        after = 0
        while page := self.parties(after=after):
            yield from page
            after = page[-1].number

    def statuses(self, numbers: Sequence[int]) -> dict[int, PartyStatus]:
        """Where each of these parties stands; those not registered are left out."""
        with self._register.reading() as connection:
            return self._register.statuses(connection, numbers)

    def accounts(self, number: int) -> list[int]:
        """The ids of a party's accounts in the ledger."""
        return self._carrier.account_ids(self.party(number))

    def card_number(self, number: int) -> str:
        """The number of the card that payouts go to: for the bank's channel alone.

        It is what two independent stores and the log agree on. Raises MoneyHeld where no card is bound, HistoryBroken
        or CommitmentMismatchError where somebody changed it.
        """
        token, commitment = self._carrier.trusted_card(number)
        return self._people.card(token, commitment)

    def bound_card(self, number: int) -> BoundCard | None:
        """The card that payouts go to, as the register has it."""
        with self._register.reading() as connection:
            found = self._register.cards(connection, number, bound=True)
        return found[0] if found else None

    def change(self, change_id: int) -> Change:
        """What was asked for under this number. Raises NoSuchParty."""
        with self._register.reading() as connection:
            return self._register.change(connection, change_id)

    def changes(self, number: int = 0, state: ChangeState | None = None) -> list[Change]:
        """What was asked for about a party, or about all."""
        with self._register.reading() as connection:
            return self._register.changes(connection, party=number, state=state)

    def holds(self, number: int) -> list[LegalHold]:
        """Every legal hold on a party, lifted ones among them."""
        with self._register.reading() as connection:
            return self._register.holds(connection, number)

    def history(self, number: int) -> list[Event]:
        """A party's events, compared with what the log sealed. Raises HistoryBroken."""
        return verify_history(self._ledger, self._register, number)

    def kept_until(self, record: PartyRecord) -> date | None:
        """The day from which a party's personal data may be erased; None while its contract lasts."""
        if record.closed_on is None:
            return None
        return keep_until(self._institution.structure.jurisdiction, record.closed_on, day_of(self._clock()))

    def disagreements(self) -> list[int]:
        """Parties whose accounts are open in the ledger and should be closed, or the other way round: somebody went
        around the office.
        """
        return [one.number for one in self.every() if not self._carrier.agrees(one)]

    def _mine(self, connection: Connection, number: int, *, lock: bool = False) -> PartyRecord:
        record = self._register.party(connection, number, lock=lock)
        if record.entity != self._institution.entity:
            raise NoSuchParty(
                f"the register has no party {number} of this legal entity", remedy="check the number"
            )
        return record

    def _in_state(
        self, connection: Connection, number: int, wanted: Sequence[PartyStatus], *, lock: bool = False
    ) -> PartyRecord:
        record = self._mine(connection, number, lock=lock)
        if record.status not in wanted:
            raise WrongState(number, record.status, " or ".join(wanted))
        return record


def _party(application: Application, number: int) -> Party:
    return Party(number, application.roles[0], application.person)
