"""Risk over one open house: the desk, its journal, the gate, put together once where the house has risk switched on.

Rules:

1. A house has risk switched on by ``risk.toml`` in its directory; what this names lies in ``risk/`` beside it. A house
   without it is as it was.
2. ``recover`` comes first: it seals what was written, rebuilds the features' state, and sends what was decided and not
   sent yet. Nothing is decided before.
3. What is in force is put on the shelf by its digest when the house is opened, so any later day finds it.
4. Closing keeps a snapshot of the features' state; one is kept too where a start had much to read again.
5. A desk takes the door of its house (`jinku.bootstrap.house_door`): what anybody moves in it passes the gate from
   then on. Only the rooms that are handed a passage book beside it (`jinku.bootstrap.passages`).
6. `refresh` takes what was published, made champion, loaded as a list, rated or measured since, between two batches:
   a batch is decided by the versions before or by those after, and its record names them. What does not check leaves
   what runs.

What ``risk.toml`` can say: `jinku.bootstrap.risk_settings`.

Example::

    with open_house(directory) as house, Risk(house) as risk:
        risk.recover()
        risk.gate.create_transfers_array(rows)
"""

import contextlib
import json
import threading
import time
from collections.abc import Callable, Iterator
from datetime import date
from typing import Any

from jinku.base.clock import Clock
from jinku.base.closing import Closing
from jinku.base.errors import JinkuError
from jinku.bootstrap.deciding import Gate
from jinku.bootstrap.deciding_acts import WaitingActs
from jinku.bootstrap.house import House
from jinku.bootstrap.passages import OrdersPassage, PartiesPassage
from jinku.bootstrap.risk_orders import OrderDecider
from jinku.bootstrap.risk_persons import HousePersons, Known
from jinku.bootstrap.risk_settings import RISK_DIRECTORY, RISK_FILE, RiskSettings
from jinku.bootstrap.risk_sources import Sources
from jinku.bootstrap.risk_switch import RiskSwitch
from jinku.ledger.committer import Request
from jinku.risk.decision.desk import Desk
from jinku.risk.decision.engines import HouseEngines, loaded, shelved
from jinku.risk.decision.errors import DecisionsHalted
from jinku.risk.decision.history import Snapshots, rebuilt
from jinku.risk.decision.ids import IdIndex
from jinku.risk.decision.journal import Journal
from jinku.risk.decision.late import LateBook
from jinku.risk.decision.model import Versions
from jinku.risk.decision.office import DecisionOffice, ids_from, last_time
from jinku.risk.decision.policy import Policy
from jinku.risk.decision.record import RecordKind, decode
from jinku.risk.decision.replay import Replayed, replay
from jinku.risk.decision.shelf import Shelf
from jinku.risk.decision.transfers import ORIGIN, Persons, Scene
from jinku.risk.decision.waiting import WaitingBook
from jinku.risk.decision.waiting_proof import check_waiting
from jinku.risk.events.local_time import LocalTime
from jinku.risk.events.stamp import Stamper

SNAPSHOT_EVENTS = 1_000_000
"""Events read at a start from which on a snapshot is kept at once."""


class Risk(Closing):
    """See the module's rules. May be used by many threads."""

    def __init__(
        self,
        house: House,
        clock: Clock = time.time_ns,
        *,
        persons: Persons | None = None,
        monotonic: Callable[[], int] = time.monotonic_ns,
    ) -> None:
        """`persons` tells who is listed and how customers are rated; the house's own stores where left out. Raises
        InputError, and what the parts' readers and the journal raise."""
        self.house, self._clock = house, clock
        self._directory = house.directory / RISK_DIRECTORY
        self._directory.mkdir(mode=0o700, exist_ok=True)
        self.settings = RiskSettings.read(house.directory / RISK_FILE)
        self.switch = RiskSwitch(house.directory, house.control, house.ledger, clock)
        self.sources = Sources(house, self._directory, self.settings, clock)
        self.shelf = Shelf(self._directory / "versions")
        self.snapshots = Snapshots(self._directory / "state")
        self.fault = ""
        """Why what was published last did not come into force; empty where it did."""
        self._recovered, self._lock, self._refreshing = False, threading.Lock(), threading.Lock()
        with contextlib.ExitStack() as undo:
            raw = house.door.attach(self._take)
            undo.callback(house.door.detach, self._take)
            self.persons = undo.enter_context(HousePersons(house, clock, self.settings.zone))
            self.scene = Scene(LocalTime(self.settings.zone), persons or self.persons)
            known = self.persons.prepared()
            self.versions = shelved(self.shelf, self.sources.parts(known.lists))
            self.journal = undo.enter_context(Journal.open(self._directory / "journal", house.ledger))
            self.journal.seal_rest()
            known.restraints.read(self.journal, self._counted_from(known), self.journal.size)
            self.persons.enter(known)
            engines, policy = self._rehearsed(self.versions)
            self._read = rebuilt(engines, self.journal, self.snapshots, self.journal.size)
            while engines.make_room():
                pass
            if self._read > SNAPSHOT_EVENTS:
                self.snapshots.put(self.journal.size, engines)
            desk = undo.enter_context(Desk(engines, policy, monotonic=monotonic))
            self.waiting = WaitingBook(house.control)
            check_waiting(self.waiting.still(), self.journal)
            late = LateBook(self.persons.whose)
            late.read(self.journal, late.first(self.journal, clock() // 1_000), self.journal.size)
            self.office = DecisionOffice(
                desk,
                self.journal,
                self._index(),
                Stamper(clock, last_time(self.journal)),
                self.persons,
                late,
            )
            self._gate = undo.enter_context(
                Gate(
                    raw,
                    self.office,
                    self.waiting,
                    self.scene,
                    mark=self._directory / "sent",
                    clock=clock,
                )
            )
            self.acts = WaitingActs(raw, self.office, self.waiting, self._gate.mark, clock)
            self.orders_ledger = raw.through(OrdersPassage(raw, self.office, clock).submit)
            """The ledger as custody's corridor has it."""
            self.parties_ledger = raw.through(PartiesPassage(raw, self.office, clock).submit)
            """The ledger as the office of parties has it."""
            self.dated_ledger = raw
            """The ledger as the guard of business days has it that the gate sends by."""
            self.switch.enter(self.settings)
            undo.pop_all()

    @property
    def gate(self) -> Gate:
        """The gate before the ledger. Raises DecisionsHalted before `recover`."""
        if not self._recovered:
            raise DecisionsHalted("what a crash left is not finished yet")
        return self._gate

    def _take(self, request: Request) -> None:
        self.gate.submit(request)

    def recover(self) -> int:
        """Finish what a crash left (rule 2); how many records were sent or done again."""
        with self._lock:
            done, gate = 0, self._gate
            for number in range(gate.mark.value, 0 if self._recovered else self.journal.size):
                kind = int(self.journal.place(number)["kind"])
                if kind == RecordKind.ACT:
                    self.acts.redo(json.loads(self.journal.read(number)))
                    gate.mark.done(number)
                elif kind == RecordKind.DECISIONS:
                    kept = decode(self.journal.read(number))
                    if kept.asked.origin == ORIGIN:
                        gate.finish(number, kept)
                done += 1
            self._recovered = True
            return done

    def refresh(self) -> bool:
        """Take what was published, made champion, loaded or measured since into force, between two batches; whether
        anything changed. What does not check leaves what runs, and `fault` says why. Raises DecisionsHalted."""
        with self._refreshing:
            try:
                known = self.persons.prepared()
                versions = shelved(self.shelf, self.sources.parts(known.lists))
                if versions == self.versions and known is self.persons.known:
                    self.fault = ""
                    return False
                loaded_now = self._rehearsed(versions) if versions != self.versions else None
            except JinkuError as error:
                self.fault = error.message
                return False
            fresh = known.restraints is not self.persons.known.restraints
            first, last = self._counted_from(known), self.journal.sealed
            if fresh:
                known.restraints.read(self.journal, first, last)
            with self.office.between_batches():
                if fresh:
                    known.restraints.read(self.journal, max(first, last), self.journal.sealed)
                desk = self.office.desk
                if loaded_now is not None and isinstance(desk.engines, HouseEngines):
                    engines, policy = loaded_now
                    engines.take_over(desk.engines)
                    desk.switch(engines, policy)
                self.persons.enter(known)
                self.versions, self.fault = versions, ""
            return True

    def _rehearsed(self, versions: Versions) -> tuple[HouseEngines, Policy]:
        engines, policy = self.load(versions)
        engines.rehearse(policy)
        return engines, policy

    def _counted_from(self, known: Known) -> int:
        """The journal's first record that limits of measures can reach."""
        reach = known.restraints.reach
        if not reach:
            return self.journal.size
        return max(0, self.journal.first_at(self._clock() // 1_000 - reach) - 1)

    def order_decider(self) -> OrderDecider:
        """The desk as custody's corridor asks it."""
        return OrderDecider(self.office, self.scene, self.house.ledger.lookup_transfers)

    def load(self, versions: Versions) -> tuple[HouseEngines, Policy]:
        """Fresh engines and the policy of some versions, from the shelf. Raises VersionUnknown."""
        return loaded(self.shelf, versions)

    def replay(self, day: date) -> Replayed:
        """A past UTC day decided again and compared. Raises VersionUnknown, JournalAltered."""
        return replay(self.journal, self.snapshots, self.load, day)

    def acts_of(self, number: int) -> Iterator[dict[str, Any]]:
        """What persons did with a transfer that waits or waited, in order."""
        record, _ = self.office.find(number)
        for later in range(record + 1, self.journal.size):
            if int(self.journal.place(later)["kind"]) == RecordKind.ACT:
                told = json.loads(self.journal.read(later))
                if str(number) in told["transfers"]:
                    yield told

    def close(self) -> None:
        """Finish what is queued, keep the features' state, and release everything."""
        self._gate.close()
        desk = self.office.desk
        desk.settle()
        if not desk.down and not self.office.halted and self.journal.size:
            with contextlib.suppress(
                OSError
            ):  # a snapshot is derived: the next start reads the journal instead
                self.snapshots.put(self.journal.size, desk.engines)
        self.office.close()
        self.persons.close()
        self.house.door.detach(self._take)

    def _index(self) -> IdIndex:
        journal = self.journal
        return IdIndex.open(self._directory / "ids", lambda first: ids_from(journal, first), journal.size)
