"""Risk over one open house: the desk, its journal, the gate, put together once where the house has risk switched on.

Rules:

1. A house has risk switched on by ``risk.toml`` in its directory; what this names lies in ``risk/`` beside it. A house
   without it is as it was.
2. ``recover`` comes first: it seals what was written, rebuilds the features' state, and sends what was decided and not
   sent yet. Nothing is decided before.
3. What is in force is put on the shelf by its digest when the house is opened, so any later day finds it.
4. Closing keeps a snapshot of the features' state; one is kept too where a start had much to read again.

``risk.toml``::

    zone = "Asia/Shanghai"      # where the platform's days are
    features = "payments"       # a set that comes with the package, or a TOML file in risk/
    policy = "decision.toml"    # without it, the one that comes with the package
    rules = "payments"          # a set that comes with the package, or a TOML file in risk/; may be missing
    model = "model.forest"      # a file in risk/; may be missing

Example::

    with open_house(directory) as house, Risk(house) as risk:
        risk.recover()
        risk.gate.create_transfers_array(rows)
"""

import contextlib
import json
import threading
import time
import tomllib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from importlib.resources import files
from pathlib import Path
from typing import Any

from jinku.base.clock import Clock
from jinku.base.closing import Closing
from jinku.base.errors import InputError
from jinku.bootstrap.custody import RISK_FILE
from jinku.bootstrap.deciding import Gate
from jinku.bootstrap.deciding_acts import WaitingActs
from jinku.bootstrap.house import House
from jinku.bootstrap.risk_orders import OrderDecider
from jinku.risk.decision.desk import Desk
from jinku.risk.decision.engines import HouseEngines, Parts, loaded, shelved
from jinku.risk.decision.errors import DecisionsHalted
from jinku.risk.decision.history import Snapshots, rebuilt
from jinku.risk.decision.ids import IdIndex
from jinku.risk.decision.journal import Journal
from jinku.risk.decision.model import Versions
from jinku.risk.decision.office import DecisionOffice, ids_from, last_time
from jinku.risk.decision.policy import Policy
from jinku.risk.decision.record import RecordKind, decode
from jinku.risk.decision.replay import Replayed, replay
from jinku.risk.decision.shelf import Shelf
from jinku.risk.decision.transfers import ORIGIN, Nobody, Persons, Scene
from jinku.risk.decision.waiting import WaitingBook
from jinku.risk.events.local_time import LocalTime
from jinku.risk.events.stamp import Stamper

RISK_DIRECTORY = "risk"
FILE_BYTES_MAX = 1 << 27
SNAPSHOT_EVENTS = 1_000_000
"""Events read at a start from which on a snapshot is kept at once."""
_KEYS = {"zone", "features", "policy", "rules", "model"}


@dataclass(frozen=True, slots=True)
class RiskSettings:
    """What ``risk.toml`` says."""

    zone: str
    features: str
    policy: str = ""
    rules: str = ""
    model: str = ""

    @classmethod
    def read(cls, path: Path) -> "RiskSettings":
        """The settings in a file. Raises InputError."""
        try:
            told = tomllib.loads(path.read_text(encoding="utf-8"))
        except (ValueError, OSError, RecursionError) as error:
            raise InputError(f"is no TOML: {type(error).__name__}", file=path.name, remedy=_REMEDY) from None
        for name, value in told.items():
            if name not in _KEYS or not isinstance(value, str):
                raise InputError(
                    "is not known, or no text",
                    file=path.name,
                    field=name,
                    value=str(value)[:60],
                    remedy=_REMEDY,
                )
        return cls(
            told.get("zone", "Asia/Shanghai"),
            told.get("features", "payments"),
            *(told.get(name, "") for name in ("policy", "rules", "model")),
        )


_REMEDY = "see docs/risk-decisions.md"


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
        """`persons` tells who is listed and how customers are rated. Raises InputError, and what the parts' readers and
        the journal raise."""
        self.house, self._clock = house, clock
        self._directory = house.directory / RISK_DIRECTORY
        self._directory.mkdir(mode=0o700, exist_ok=True)
        self.settings = RiskSettings.read(house.directory / RISK_FILE)
        self.scene = Scene(LocalTime(self.settings.zone), persons or Nobody())
        self.shelf = Shelf(self._directory / "versions")
        self.snapshots = Snapshots(self._directory / "state")
        self.versions = shelved(self.shelf, read_parts(self._directory, self.settings))
        self._recovered, self._lock = False, threading.Lock()
        with contextlib.ExitStack() as undo:
            self.journal = undo.enter_context(Journal.open(self._directory / "journal", house.ledger))
            self.journal.seal_rest()
            engines, policy = self.load(self.versions)
            self._read = rebuilt(engines, self.journal, self.snapshots, self.journal.size)
            if self._read > SNAPSHOT_EVENTS:
                self.snapshots.put(self.journal.size, engines)
            desk = undo.enter_context(Desk(engines, policy, monotonic=monotonic))
            self.waiting = WaitingBook(house.control)
            self.office = DecisionOffice(
                desk, self.journal, self._index(), Stamper(clock, last_time(self.journal))
            )
            self._gate = undo.enter_context(
                Gate(
                    house.ledger,
                    self.office,
                    self.waiting,
                    self.scene,
                    mark=self._directory / "sent",
                    clock=clock,
                )
            )
            self.acts = WaitingActs(house.ledger, self.office, self.waiting, self._gate.mark, clock)
            undo.pop_all()

    @property
    def gate(self) -> Gate:
        """The gate before the ledger. Raises DecisionsHalted before `recover`."""
        if not self._recovered:
            raise DecisionsHalted("what a crash left is not finished yet")
        return self._gate

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

    def order_decider(self) -> OrderDecider:
        """The desk as custody's corridor asks it."""
        return OrderDecider(self.office, self.scene)

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

    def _index(self) -> IdIndex:
        journal = self.journal
        return IdIndex.open(self._directory / "ids", lambda first: ids_from(journal, first), journal.size)


def read_parts(directory: Path, settings: RiskSettings) -> Parts:
    """The bytes of what ``risk.toml`` names. Raises InputError."""
    features = _set(directory, "features", settings.features)
    rules = _set(directory, "rules", settings.rules) if settings.rules else b""
    policy = files("jinku.risk.decision").joinpath("standard.toml").read_bytes()
    if settings.policy:
        policy = _bytes(directory, settings.policy)
    model = _bytes(directory, settings.model) if settings.model else b""
    return Parts(features, policy, rules, model)


def _set(directory: Path, part: str, name: str) -> bytes:
    """The bytes of a set of features or rules: a file in `directory`, or one that comes with the package."""
    if name.endswith(".toml"):
        return _bytes(directory, name)
    found = files(f"jinku.risk.{part}").joinpath("sets", f"{name}.toml")
    if not name.isidentifier() or not found.is_file():
        raise InputError(
            "does not come with the package", file=RISK_FILE, field=part, value=name, remedy=_REMEDY
        )
    return found.read_bytes()


def _bytes(directory: Path, name: str) -> bytes:
    path = directory / name
    if path.parent != directory:
        raise InputError("is not a file's name", file=RISK_FILE, value=name, remedy="put it into risk/")
    try:
        if path.stat().st_size > FILE_BYTES_MAX:
            raise InputError(f"is larger than {FILE_BYTES_MAX} bytes", file=name)
        return path.read_bytes()
    except OSError as error:
        raise InputError(f"cannot be read: {error.strerror}", file=f"risk/{name}", remedy=_REMEDY) from None
