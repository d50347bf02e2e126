"""What a report is about, and the books that it is computed from.

Example::

    scope = Scope(entity=1, unit=currency("CNY"), period=month("2026-11", structure.timezone))
    books = read_books(house, scope, structure)
"""

from dataclasses import dataclass

from jinku.base.currency import Currency
from jinku.custody.closing.position import Position, position
from jinku.custody.errors import NotKept
from jinku.custody.reports.activity import Activity
from jinku.custody.reports.attesting import NotTied
from jinku.custody.reports.house import OpenHouse
from jinku.custody.reports.journal import size_at
from jinku.custody.reports.period import Period
from jinku.custody.reports.report import Report
from jinku.custody.reports.section import Both
from jinku.custody.reports.settings import Settings
from jinku.custody.reports.sources import layout_of
from jinku.custody.structure.holdings import Holdings, holdings
from jinku.custody.structure.model import Structure


@dataclass(frozen=True, slots=True)
class Scope:
    """One legal entity's books in one currency, over a period."""

    entity: int
    unit: Currency
    period: Period


@dataclass(frozen=True, slots=True)
class Books:
    """The books at the period's end, or now where the period is not over."""

    activity: Activity
    holdings: Holdings
    end: int
    """Movements booked before this moment count (ns)."""
    over: bool
    """Whether the period is over."""

    @property
    def requirement(self) -> Position:
        """What must be held, against what the books say the bank holds."""
        return position(self.activity.unit, self.holdings.clients, {"books": self.holdings.bank})


def read_books(house: OpenHouse, scope: Scope, structure: Structure) -> Books:
    """Read the journal up to the period's end. Raises NotKept where the entity has no books in the currency by then."""
    size = size_at(house.ledger, scope.period.end - 1)
    activity = Activity.read(house.ledger, size, scope.entity, scope.unit, structure)
    rows = activity.own_rows
    if not len(rows):
        raise NotKept(
            f"legal entity {scope.entity} has no books in {scope.unit.code} in the period {scope.period}",
            remedy="name another entity, currency or period",
        )
    newest = int(house.ledger.entries(house.ledger.size() - 1, 1)["timestamp"][0])
    return Books(activity, holdings(rows, structure), scope.period.end, newest >= scope.period.end)


def check_volumes(books: Books, start: int, end: int) -> None:
    """Raises NotTied unless both ways to the volumes of a time agree."""
    by_columns, by_sql = books.activity.volumes(start, end), books.activity.by_database(start, end)
    if by_columns != by_sql:
        raise NotTied(
            f"movements from {start} to {end} sum otherwise by SQL", remedy="report this as a fault of jinku"
        )


def new_report(name: str, title: Both, scope: Scope, books: Books, settings: Settings) -> Report:
    """An empty report about `scope`."""
    entity = Both(
        f"{settings.name.en} · entity {scope.entity} · {scope.unit.code}",
        f"{settings.name.zh} · 法人 {scope.entity} · {scope.unit.code}",
    )
    standing = books.activity.standing
    report = Report(
        name, title, entity, str(scope.period), standing.at, standing.size, layout_of(name, scope.period.last)
    )
    if not books.over:
        report.missing.append(
            Both(
                "the period is not over by the ledger's time: figures go up to its last entry",
                "报告期尚未结束：数据截至账本最后一笔记录",
            )
        )
    return report
