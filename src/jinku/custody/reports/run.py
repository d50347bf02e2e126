"""Reports by name: from what a person asks for to a sealed folder.

Example::

    custody_of(house, Wanted("2026-11", 1, "CNY", Path("custody-2026-11"), find_fonts()))
"""

from dataclasses import dataclass
from datetime import date
from pathlib import Path

from jinku.base.calendar import calendar_named
from jinku.base.currency import currency
from jinku.custody.reports.custody import custody_report
from jinku.custody.reports.fonts import Fonts
from jinku.custody.reports.house import OpenHouse
from jinku.custody.reports.monthly import Evidence, monthly_return
from jinku.custody.reports.period import month, year
from jinku.custody.reports.report import WrittenReport, write_report
from jinku.custody.reports.rooms import RoomTables, day_of
from jinku.custody.reports.scope import Scope
from jinku.custody.reports.settings import SETTINGS_FILE, Settings, read_settings
from jinku.custody.reports.structures import structures_of
from jinku.custody.reports.texts import agreements
from jinku.custody.reports.yearly import yearly_evidence
from jinku.custody.structure.template import Structure, load_structure


@dataclass(frozen=True, slots=True)
class Wanted:
    """A report that somebody asks for: a month ``YYYY-MM`` or a year ``YYYY``, and where it goes."""

    period: str
    entity: int
    currency: str
    out: Path
    fonts: Fonts
    settings: Path | None = None


def custody_of(house: OpenHouse, wanted: Wanted) -> WrittenReport:
    """The custody report of a month. Raises InputError, NotKept, NotTied, FolderTaken."""
    settings, structure = _basis(house, wanted.settings, wanted.entity)
    period = month(wanted.period, structure.timezone)
    scope = Scope(wanted.entity, currency(wanted.currency), period)
    return write_report(house, custody_report(house, scope, settings, structure), wanted.out, wanted.fonts)


def monthly_of(house: OpenHouse, wanted: Wanted) -> WrittenReport:
    """The safeguarding return of a month; days and breaks come from the house's day book. Raises as `custody_of`."""
    settings, structure = _basis(house, wanted.settings, wanted.entity)
    rooms = RoomTables(house, structure, _newest(house))
    scope = Scope(wanted.entity, currency(wanted.currency), month(wanted.period, structure.timezone))
    evidence = Evidence(rooms if rooms.keeps_days else None, calendar_named(structure.calendar))
    return write_report(
        house, monthly_return(house, scope, settings, structure, evidence), wanted.out, wanted.fonts
    )


def yearly_of(house: OpenHouse, wanted: Wanted) -> WrittenReport:
    """The audit evidence of a year. Raises as `custody_of`."""
    settings, structure = _basis(house, wanted.settings, wanted.entity)
    scope = Scope(wanted.entity, currency(wanted.currency), year(int(wanted.period), structure.timezone))
    report = yearly_evidence(house, scope, settings, structure, agreements(house.directory))
    return write_report(house, report, wanted.out, wanted.fonts)


def today(house: OpenHouse, settings: Path | None) -> date:
    """The day of the ledger's newest entry, in the institution's own time zone."""
    return day_of(_newest(house), _basis(house, settings)[1])


def _newest(house: OpenHouse) -> int:
    size = house.ledger.size()
    return int(house.ledger.entries(size - 1, 1)["timestamp"][0]) if size else 0


def _basis(house: OpenHouse, path: Path | None, entity: int = 1) -> tuple[Settings, Structure]:
    settings = read_settings(path or house.directory / SETTINGS_FILE)
    return settings, structures_of(house, settings).get(entity) or load_structure(settings.structure)
