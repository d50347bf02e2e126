"""Everything of custody over one open house, put together once and handed to commands, API and demonstration.

Rules:

1. A desk is made when it is first asked for, and kept; what must be closed is closed with this.
2. A legal entity's account structure is the one it adopted, else the one that its days are closed by, else the default.
3. Approval levels are in ``approvers.toml`` of the directory; nobody is senior unless it says so.
4. `recover` brings to its end what a crash left half done anywhere; it is the first thing to do after opening.
5. What a person books by hand (write-offs, remedies) passes the same guard of business days as orders do. It asks which
   days are closed on the ledger's writing thread, by connections of its own: all others may be waiting for that thread.
6. Where the house has risk switched on, `House.ledger` writes through its gate, whoever holds it: agreements,
   write-offs, remedies. Orders pass its desk; the corridor and the office of parties have passages
   (`jinku.bootstrap.passages`).
7. Where risk is on and its desk cannot open (a publication, a list or the journal is not what the log seals), custody
   opens all the same: what there is can be read and reported, no money moves, nothing that a crash left is finished,
   and `risk_fault` says why (ADR 0258).
8. Records of several legal entities are kept as long as the longest of their jurisdictions wants.

Example::

    with open_house(directory) as house, Custody(house) as custody:
        custody.recover()
        custody.corridor(1, 156).submit(requests)
"""

import threading
import time
import tomllib
from collections.abc import Callable
from contextlib import ExitStack
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar, cast

from jinku.base.calendar import calendar_named
from jinku.base.clock import Clock
from jinku.base.closing import Closing
from jinku.base.database import Database
from jinku.base.errors import InputError, JinkuError
from jinku.bootstrap.guarded import GuardedBooking
from jinku.bootstrap.house import CONTROL_FILE, House
from jinku.bootstrap.house_door import DoorShut
from jinku.bootstrap.risk_denied import NobodyDecides
from jinku.bootstrap.risk_retention import GATHERING, risk_records
from jinku.bootstrap.risk_retention import ROWS as RISK_ROWS
from jinku.bootstrap.risk_settings import RISK_FILE
from jinku.custody.agreements.accounts import ChartNames
from jinku.custody.agreements.office import AgreementOffice
from jinku.custody.agreements.store import AgreementStore
from jinku.custody.breaks.desk import BreakDesk, BreakParts
from jinku.custody.channel.cards import CardPayees
from jinku.custody.channel.giving import ChannelOrders
from jinku.custody.channel.opening import OpenChannel, open_channel
from jinku.custody.closing.days import Books, DayBook
from jinku.custody.closing.desk import CloseDesk, DeskParts
from jinku.custody.closing.errors import NoDayBook
from jinku.custody.closing.paying import OrderPayer
from jinku.custody.closing.remedies import RemedyDesk
from jinku.custody.closing.three_sides import reconcile_day
from jinku.custody.closing.vault import Vault
from jinku.custody.orders.acts import OrderActs
from jinku.custody.orders.corridor import Corridor, Rooms
from jinku.custody.orders.leaving import CorridorPayouts
from jinku.custody.parties.identity import load_or_make_key
from jinku.custody.parties.people import PeopleStore
from jinku.custody.parties.register import PartyRegister
from jinku.custody.parties.service import Institution, PartyOffice, Stores
from jinku.custody.proof.desk import AttestationDesk
from jinku.custody.reconciliation.statement_desk import StatementDesk
from jinku.custody.retention.drills import DrillBook
from jinku.custody.retention.kinds import BreakWords, FileRecords
from jinku.custody.retention.office import OfficeParts, RecordKind, RetentionOffice
from jinku.custody.retention.table import ROWS, longest_of
from jinku.custody.structure.bitemporal import EffectiveBooks
from jinku.custody.structure.bitemporal_guard import BackdatingGuard
from jinku.custody.structure.bitemporal_hours import BusinessHours
from jinku.custody.structure.book import StructureBook
from jinku.custody.structure.chart import Chart
from jinku.custody.structure.model import Structure
from jinku.custody.structure.template import load_structure
from jinku.ledger.service import Ledger

if TYPE_CHECKING:
    from jinku.bootstrap.risk import Risk

AGREEMENTS_FILE = "agreements.sqlite"
APPROVERS_FILE = "approvers.toml"
CLOSES_DIRECTORY = "closes"
DRILLS_FILE = "drills.db"
PARTIES_KEY_FILE = "parties.key"
PEOPLE_FILE = "people.db"

Made = TypeVar("Made")


class Custody(Closing):
    """The desks and offices of one house; see the module's rules. May be used by many threads."""

    def __init__(self, house: House, clock: Clock = time.time_ns) -> None:
        self.house, self.clock = house, clock
        self._made: dict[tuple[str, int, int], object] = {}
        self._lock = threading.RLock()
        self._undo = ExitStack()
        self.risk_fault = ""
        """Why the house's risk desk is not open though risk is on; empty where it is, or where risk is off."""

    def close(self) -> None:
        """Release what was opened over the house; the house is its owner's to close."""
        self._undo.close()

    def recover(self) -> None:
        """Finish what a crash left half done. Raises what the ledger and the control database raise."""
        here = self.house.directory
        if self.risk is not None:
            self._recover_risk(self.risk)
        if self.risk_fault:
            return
        for entity, currency in self.books:
            self.acts(entity, currency).recover()
            if (here / AGREEMENTS_FILE).exists():
                self.agreements(entity, currency).recover()
        self.breaks.recover()
        for entity in {entity for entity, _ in self.books}:
            if (here / PEOPLE_FILE).exists():
                self.parties(entity).recover()
        for one in self.days.books():
            self.closing.resume(Books(*one))
        self.retention.resume()
        if (here / DRILLS_FILE).exists():
            with Database.open(here / DRILLS_FILE) as database:
                DrillBook(database).seal_waiting(self.house.ledger)

    @property
    def books(self) -> list[Books]:
        """The books whose days are closed here; entity 1 in CNY where there are none yet."""
        return [Books(*one) for one in self.days.books()] or [Books(1, 156)]

    # --- whose money -------------------------------------------------------------------------------------------------

    @property
    def structures(self) -> StructureBook:
        """Which account structures are in force."""
        house = self.house
        return self._once("structures", lambda: StructureBook(house.control, house.ledger, self.clock))

    def structure(self, entity: int) -> Structure:
        """A legal entity's account structure (rule 2)."""
        adopted = self.structures.in_force().get(entity)
        if adopted is not None:
            return adopted
        closed_by = [
            self.days.settings(Books(*one)).structure for one in self.days.books() if one[0] == entity
        ]
        return load_structure(closed_by[0]) if closed_by and closed_by[0] else load_structure()

    def chart(self, entity: int, currency: int) -> Chart:
        """The books of a legal entity in a currency (ISO 4217 number)."""
        return Chart(entity, currency, self.structure(entity))

    def effective(self, entity: int) -> EffectiveBooks:
        """Balances as of one moment, known at another."""
        return EffectiveBooks(self.house.ledger, self.hours(entity))

    def hours(self, entity: int) -> BusinessHours:
        """When a legal entity's business days end: as its days are closed, else as its structure says."""
        for one in self.days.books():
            if one[0] == entity:
                by = self.days.settings(Books(*one))
                return BusinessHours(by.calendar, by.timezone, by.cut_off)
        return BusinessHours.of(self.structure(entity))

    # --- parties, orders, agreements, bank ---------------------------------------------------------------------------

    @property
    def people(self) -> PeopleStore:
        """The people behind party numbers."""
        path = self.house.directory / PEOPLE_FILE
        return self._once("people", lambda: self._undo.enter_context(PeopleStore.open(path)))

    def parties(self, entity: int) -> PartyOffice:
        """The office of a legal entity's parties."""
        return self._once("parties", lambda: self._parties(entity), entity)

    def _parties(self, entity: int) -> PartyOffice:
        house = self.house
        key = load_or_make_key(house.directory / "keys" / PARTIES_KEY_FILE)
        stores = Stores(PartyRegister(house.control), self.people, key)
        payouts = CorridorPayouts(self.corridor)
        risk = self.risk
        ledger = house.ledger if risk is None else risk.parties_ledger
        return PartyOffice(ledger, Institution(entity, self.structure(entity)), stores, payouts, self.clock)

    def corridor(self, entity: int, currency: int) -> Corridor:
        """The corridor that orders in these books go through."""
        return self._once("corridor", lambda: self._corridor(entity, currency), entity, currency)

    def _corridor(self, entity: int, currency: int) -> Corridor:
        house, chart, risk = self.house, self.chart(entity, currency), self.risk
        if risk is None:
            guard, nobody = self._guard_of(entity), NobodyDecides(house.door) if self.risk_fault else None
            return Corridor(
                Rooms.of(house.ledger, house.control, chart, clock=self.clock, guard=guard, decider=nobody)
            )
        ledger, decider = risk.orders_ledger, risk.order_decider()
        guard = self._once("orders guard", lambda: self._guard(entity, ledger), entity)
        rooms = Rooms.of(ledger, house.control, chart, clock=self.clock, guard=guard, decider=decider)
        return Corridor(rooms)

    @property
    def risk(self) -> "Risk | None":
        """The house's risk desk; None where it is not switched on, or cannot open (rule 7)."""
        if not (self.house.directory / RISK_FILE).exists():
            return None
        return self._once("risk", self._opened_risk)

    def _opened_risk(self) -> "Risk | None":
        from jinku.bootstrap.risk import (
            Risk,
        )  # loads compiled code, which a house without risk needs not wait for

        try:
            risk = Risk(self.house, self.clock)
        except JinkuError as error:
            self._deny(error)
            return None
        self._undo.callback(lambda: self._close_risk(risk))
        return risk

    def _recover_risk(self, risk: "Risk") -> None:
        try:
            risk.recover()
        except JinkuError as error:
            with self._lock:
                self._close_risk(risk)
                self._made["risk", 0, 0] = None
            self._deny(error)

    def _close_risk(self, risk: "Risk") -> None:
        if self._made.get(("risk", 0, 0)) is risk:
            risk.close()

    def _deny(self, error: JinkuError) -> None:
        """The desk cannot open: from now on no money moves in this house (rule 7)."""
        self.risk_fault = error.message
        self.house.door.shut(
            DoorShut(f"no money moves, for the risk desk cannot open: {error.message}", remedy=error.remedy)
        )

    def watch_risk(self) -> None:
        """From now on, what is published takes force while the house runs, and decisions become alerts."""
        risk = self.risk
        if risk is not None:
            from jinku.bootstrap.risk_desks import open_desks
            from jinku.bootstrap.risk_watch import RiskWatch

            zone = risk.settings.zone
            alerts = open_desks(self.house, self.clock, zone=zone).alerts
            self._once("risk watch", lambda: self._undo.enter_context(RiskWatch(risk, alerts)))

    def _guard_of(self, entity: int) -> BackdatingGuard:
        """What stands before the ledger for a legal entity's books (rule 5)."""
        ledger = self.house.ledger if self.risk is None else self.risk.dated_ledger
        return self._once("guard", lambda: self._guard(entity, ledger), entity)

    def _guard(self, entity: int, ledger: Ledger) -> BackdatingGuard:
        return BackdatingGuard(ledger, self.hours(entity), self.clock, closed=self._closed_days)

    @property
    def by_hand(self) -> GuardedBooking:
        """Where what persons book by hand goes (rules 5 and 6)."""
        risk = self.risk
        return GuardedBooking(self.house.ledger, self._guard_of, None if risk is None else lambda: risk.gate)

    @property
    def _closed_days(self) -> DayBook:
        house = self.house
        return self._once(
            "closed days",
            lambda: DayBook(
                self._undo.enter_context(
                    Database.open(house.settings.control or house.directory / CONTROL_FILE)
                ),
                house.ledger,
                self.clock,
            ),
        )

    def acts(self, entity: int, currency: int) -> OrderActs:
        """What becomes of single orders after they were given."""
        return self._once("acts", lambda: OrderActs(self.corridor(entity, currency)), entity, currency)

    def agreements(self, entity: int, currency: int) -> AgreementOffice:
        """The office of agreements over these books."""
        names = ChartNames(self.chart(entity, currency))
        return self._once(
            "agreements",
            lambda: AgreementOffice(
                self.house.ledger,
                self.agreement_store,
                names,
                self.clock,
                lambda day: self.days.is_closed(entity, currency, day),
            ),
            entity,
            currency,
        )

    @property
    def agreement_store(self) -> AgreementStore:
        """The book of agreements."""
        path = self.house.directory / AGREEMENTS_FILE
        return self._once("agreement store", lambda: self._undo.enter_context(AgreementStore(path)))

    @property
    def bank_orders(self) -> ChannelOrders:
        """Where the bank channel's withdrawals come from and its outcomes are booked, of all books."""
        return self._once("bank orders", lambda: ChannelOrders(self.acts, self.parties, self.open_day))

    def channel(self, work: Path | str = "") -> OpenChannel:
        """The bank channel, of all books; whoever asks closes it. Durable work is kept where the control data is, or in
        the file or database `work`."""
        house = self.house
        return open_channel(
            house.directory,
            house.ledger,
            house.control,
            orders=self.bank_orders,
            payees=lambda kept: CardPayees(
                self.parties, lambda party: self.people.party(party).person.name, kept
            ),
            work=work or house.settings.control,
            clock=self.clock,
        )

    def open_day(self, entity: int, currency: int) -> date:
        """The business day that what is booked now belongs to; by the account structure's hours where no days are
        closed."""
        try:
            return self.days.open_day(entity, currency)
        except NoDayBook:
            return BusinessHours.of(self.structure(entity)).day_at(self.clock())

    # --- days --------------------------------------------------------------------------------------------------------

    @property
    def days(self) -> DayBook:
        """The days of all books."""
        return self._once("days", lambda: DayBook(self.house.control, self.house.ledger, self.clock))

    @property
    def breaks(self) -> BreakDesk:
        """The desk of breaks."""
        return self._once("breaks", self._breaks)

    def _breaks(self) -> BreakDesk:
        levels = approval_levels(self.house.directory / APPROVERS_FILE)
        return BreakDesk(
            BreakParts(
                self.house.control,
                self.house.ledger,
                self.clock,
                calendar_of=lambda entity: calendar_named(self.structure(entity).calendar),
                chart_of=self.chart,
                level_of=lambda person: levels.get(person, 1),
                book=lambda rows: self.by_hand.book(rows).results,
            )
        )

    @property
    def closing(self) -> CloseDesk:
        """The desk that closes days."""
        return self._once("closing", self._closing)

    def _closing(self) -> CloseDesk:
        house, vault = self.house, Vault(self.house.directory / CLOSES_DIRECTORY)
        return CloseDesk(
            DeskParts(
                house.control,
                self.days,
                house.ledger,
                vault,
                reconcile_day,
                self.breaks,
                self.clock,
                self.breaks.settled,
            )
        )

    @property
    def remedies(self) -> RemedyDesk:
        """The desk that makes shortfalls good and takes excesses out."""
        payer = OrderPayer(self.by_hand, self.structure)
        return self._once(
            "remedies",
            lambda: RemedyDesk(self.house.control, self.days, self.house.ledger, payer, self.clock),
        )

    # --- how long ----------------------------------------------------------------------------------------------------

    @property
    def retention(self) -> RetentionOffice:
        """The office that says how long records are kept, and purges what may go."""
        return self._once("retention", self._retention)

    def _retention(self) -> RetentionOffice:
        house = self.house
        regimes = sorted({self.structure(entity).jurisdiction for entity, _ in self.books})
        together = "+".join(regimes)
        parts = OfficeParts(
            house.control,
            house.ledger,
            self.clock,
            together,
            longest_of((*ROWS, *RISK_ROWS), regimes, together),
            gathering=GATHERING,
        )
        statements = StatementDesk(house.directory, self.clock)
        kinds: list[RecordKind] = [
            BreakWords(house.control),
            FileRecords("statement file", statements.directory, statements.ended_on),
            *risk_records(house, self.clock, None if self.risk is None else self.risk.journal),
        ]
        return RetentionOffice(parts, kinds)

    # --- proof -------------------------------------------------------------------------------------------------------

    def attestations(self, customer: Callable[[int], str] = str) -> AttestationDesk:
        """The desk of attestations; `customer` gives the number under which an account stands in them."""
        house = self.house
        return AttestationDesk(
            house.directory,
            house.ledger,
            house.publisher,
            structures=self.structures.in_force(),
            customer=customer,
            clock=self.clock,
        )

    def _once(self, name: str, make: Callable[[], Made], entity: int = 0, currency: int = 0) -> Made:
        with self._lock:
            key = (name, entity, currency)
            if key not in self._made:
                self._made[key] = make()
            return cast(Made, self._made[key])


def approval_levels(path: Path) -> dict[str, int]:
    """The approval levels of persons in ``approvers.toml``; empty where there is none. Raises InputError."""
    if not path.exists():
        return {}
    try:
        levels = tomllib.loads(path.read_text(encoding="utf-8")).get("levels", {})
    except (ValueError, OSError, RecursionError) as error:
        raise InputError("cannot be read as TOML", file=path.name, remedy="see docs/breaks.md") from error
    for person, level in levels.items():
        if not isinstance(level, int) or level < 1:
            raise InputError(
                "is no level", file=path.name, field=person, value=str(level), remedy="use 1, 2, …"
            )
    return dict(levels)
