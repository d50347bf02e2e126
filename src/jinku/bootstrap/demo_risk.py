"""A new house that decides, for the demonstration's day with crime in it.

Example::

    with crime_rooms(Path("demo-out/crime/house"), clock, (list_csv, mapping_toml)) as rooms:
        rooms.venue.gate.create_transfers_array(rows)
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from functools import cache
from importlib.resources import files
from pathlib import Path

from jinku.bootstrap.deciding_status import DecidedStatus
from jinku.bootstrap.house import open_house
from jinku.bootstrap.risk import Risk
from jinku.bootstrap.risk_desks import open_desks
from jinku.bootstrap.risk_feed import AlertFeed
from jinku.bootstrap.risk_settings import RISK_DIRECTORY, RISK_FILE
from jinku.ledger.model import CreateTransferStatus
from jinku.risk.screening.formats.domestic import read_domestic
from jinku.risk.screening.lists import ListDesk
from jinku.risk.screening.model import Subject
from jinku.risk.screening.names import Kind
from jinku.sim.crime.play import Answer, Venue
from jinku.sim.run import SimClock
from jinku.sim.scenes.crime import Before, CrimeRooms

ORIGIN = "jinku.local/demo-risk"
LIST_NAME = "demo"
SETTINGS = 'zone = "Asia/Shanghai"\nfeatures = "payments"\nrules = "payments"\npolicy = "decision.toml"\n'
POLICY_FILE = "decision.toml"
_DEADLINE, _PATIENT = "deadline_ms = 250", "deadline_ms = 60000"
"""The standard policy's, and the demonstration's: on a machine that does much else it decides all the same."""
ANSWERS = {
    int(CreateTransferStatus.CREATED): Answer.PASSED,
    int(DecidedStatus.RISK_CHALLENGED): Answer.ASKED,
    int(DecidedStatus.RISK_HELD): Answer.HELD,
    int(DecidedStatus.RISK_DENIED): Answer.STOPPED,
}
_OFFICERS = ("officer-lin", "officer-zhao")


@contextmanager
def crime_rooms(
    directory: Path, clock: SimClock, lists: tuple[Path, Path], before: Before
) -> Iterator[CrimeRooms]:
    """Open a new house at `directory` with risk switched on after `before`, and the list loaded."""
    with open_house(directory, origin=ORIGIN, clock=clock) as house:
        before(house.ledger)
    (directory / RISK_FILE).write_text(SETTINGS, "utf-8")
    (directory / RISK_DIRECTORY).mkdir()
    standard = files("jinku.risk.decision").joinpath("standard.toml").read_text("utf-8")
    (directory / RISK_DIRECTORY / POLICY_FILE).write_text(standard.replace(_DEADLINE, _PATIENT), "utf-8")
    with open_house(directory, origin=ORIGIN, clock=clock) as house:
        desk = ListDesk(house.control, house.ledger, clock)
        desk.load(read_domestic(*lists), LIST_NAME, by=_OFFICERS[0])
        index = desk.running().index
        with Risk(house, clock) as risk:
            risk.recover()
            alerts = open_desks(house, clock).alerts
            feed = AlertFeed(risk, alerts)

            @cache
            def listed(name: str) -> bool:
                return any(index.search(Subject(name, (name,), kind)) for kind in _KINDS)

            def settle(transfer: int, verdict: str) -> str:
                act = risk.acts.release if verdict == "release" else risk.acts.refuse
                for officer in _OFFICERS:
                    state = act(transfer, by=officer, note="looked into")
                return state.value

            def replay(day: date) -> tuple[int, int]:
                found = risk.replay(day)
                return found.decisions, found.mismatches

            venue = Venue(risk.gate, risk.office, risk.scene, clock, listed, ANSWERS)
            yield CrimeRooms(venue, alerts, feed.feed, settle, replay)


_KINDS = (Kind.PERSON, Kind.ORGANIZATION)
