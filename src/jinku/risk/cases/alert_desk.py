"""The alert desk: alerts come in, those that belong together are taken together, the urgent ones are told in time.

Rules (K7, K12):

1. `AlertDesk.raise_` takes a batch. An alert joins an earlier one of its subject and typology within the window of the
   table (counted, amounts of one currency summed); one of a closed case is not joined, it is new. A known key
   changes nothing.
2. Priority comes from the table of points and is explained; each join weighs again.
3. `tell` gives what has to be told and was not: who, of which alert, since when. In quiet hours only what may break
   the quiet is told; the rest is told when they are over. Nobody is told of an alert that is in a case.
4. Reading is for those who may know (`access`).

Example::

    desk.raise_([Alert("d-81/structuring", 77, "structuring", 80, at)])
    desk.list_("aml-1"), desk.tell(now)
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from sqlalchemy import Connection, func, insert, select, update

from jinku.base.canonical import canonical_json
from jinku.base.clock import NS_PER_DAY
from jinku.risk.acts.book import ActBook, Page
from jinku.risk.acts.errors import ActTampered
from jinku.risk.acts.model import PROGRAM, Act, Standing, digest_of
from jinku.risk.cases.access import READERS, NeedToKnow
from jinku.risk.cases.alert_store import ALERTS, GROUP, HIT, TOLD, Group, read_group, read_hit
from jinku.risk.cases.alerts import Alert, Scale, weigh
from jinku.risk.cases.errors import AlertChanged, NothingThere
from jinku.risk.cases.table import (
    NOTICES,
    POINTS,
    QUIET,
    WINDOWS,
    Clockwork,
    Notice,
    Points,
    Quiet,
    Window,
    is_quiet,
    window,
)

KIND, KEY = "alerts", "raised"
RAISED_AT_ONCE_MAX = 20_000
_ASKED_AT_ONCE = 400


@dataclass(frozen=True, slots=True)
class AlertParts:
    """What the desk goes by."""

    clockwork: Clockwork = field(default_factory=Clockwork)
    grades_of: Callable[[Sequence[int]], Sequence[int]] = lambda customers: [0] * len(customers)
    """The risk grades of customers in their order, 0 where none is known."""
    windows: Sequence[Window] = WINDOWS
    points: Sequence[Points] = POINTS
    notices: Sequence[Notice] = NOTICES
    quiet: Sequence[Quiet] = QUIET


class Raised(NamedTuple):
    """What a batch brought about."""

    new: tuple[int, ...]
    joined: tuple[int, ...]
    known: int


class Told(NamedTuple):
    """One person, by level, to be told of one alert."""

    alert: Group
    notice: Notice


class AlertDesk:
    """See the module's rules."""

    def __init__(self, book: ActBook, access: NeedToKnow, parts: AlertParts | None = None) -> None:
        book.database.add(ALERTS)
        self._book, self._access, self._parts = book, access, parts or AlertParts()

    # --- from the engines -----------------------------------------------------------------------------------------

    def raise_(self, alerts: Sequence[Alert], by: str = PROGRAM) -> Raised:
        """Take alerts in, all or none. Raises AlertChanged, BadAct."""
        new: list[int] = []
        joined: list[int] = []
        known = 0
        for first in range(0, len(alerts), RAISED_AT_ONCE_MAX):
            part = self._raise(alerts[first : first + RAISED_AT_ONCE_MAX], by)
            new, joined, known = [*new, *part.new], [*joined, *part.joined], known + part.known
        return Raised(tuple(new), tuple(joined), known)

    def _raise(self, alerts: Sequence[Alert], by: str) -> Raised:
        with self._book.writing() as page:
            page.history(KIND, KEY)  # one batch after another
            fresh = _fresh(page.connection, alerts)
            if not fresh:
                return Raised((), (), len(alerts))
            work = _Work(page, self._parts, self._book.clock())
            work.load({one.subject for one in fresh})
            for one in sorted(fresh, key=lambda one: (one.at, one.key)):
                work.take(one)
            work.write(by)
            return Raised(tuple(work.new), tuple(work.joined), len(alerts) - len(fresh))

    # --- for persons ----------------------------------------------------------------------------------------------

    def alert(self, number: int, reader: str) -> tuple[Group, list[Alert]]:
        """One alert and all that were taken together in it. Raises NothingThere, NotYourPart."""
        self._access.require(reader, *READERS)
        with self._book.database.reading() as connection:
            row = connection.execute(select(GROUP).where(GROUP.c.id == number)).first()
            if row is None:
                raise NothingThere
            query = select(HIT).where(HIT.c.alert == number).order_by(HIT.c.batch, HIT.c.key)
            return read_group(row), [read_hit(one) for one in connection.execute(query) if one.document]

    def list_(
        self, reader: str, *, subject: int | None = None, everything: bool = False, limit: int = 1_000
    ) -> list[Group]:
        """Alerts that no case has taken, the most urgent first; all where `everything`. Raises NothingThere."""
        self._access.require(reader, *READERS)
        query = select(GROUP).order_by(GROUP.c.priority, GROUP.c.raised_at, GROUP.c.id).limit(limit)
        if not everything:
            query = query.where(GROUP.c.case == "")
        if subject is not None:
            query = query.where(GROUP.c.subject == str(subject))
        with self._book.database.reading() as connection:
            return [read_group(row) for row in connection.execute(query)]

    def tell(self, now: int) -> list[Told]:
        """What is to be told at the moment `now` and was not yet; it counts as told from then on (rule 3)."""
        clock, day = self._parts.clockwork, self._parts.clockwork.day(now)
        quiet = is_quiet(self._parts.quiet, now, clock)
        told: list[Told] = []
        with self._book.database.writing() as connection:
            done = {(row.alert, row.level) for row in connection.execute(select(TOLD))}
            query = select(GROUP).where(GROUP.c.case == "").with_for_update()
            for group in map(read_group, connection.execute(query).all()):
                age = clock.age(clock.day(group.raised_at), day)
                for notice in self._parts.notices:
                    late = notice.priority == group.priority and age >= notice.after_days
                    if not late or notice.from_day > day or (group.id, notice.level) in done:
                        continue
                    if not quiet or notice.through_quiet:
                        told.append(Told(group, notice))
            rows = [{"alert": one.alert.id, "level": one.notice.level, "told_at": now} for one in told]
            if rows:
                connection.execute(insert(TOLD), rows)
        return sorted(told, key=lambda one: (one.alert.priority, -one.notice.level, one.alert.id))

    # --- proving --------------------------------------------------------------------------------------------------

    def audit(self) -> int:
        """Verify every alert that was raised against the acts; how many. Raises ActTampered."""
        acts = self._book.history(KIND, KEY)
        count, sums, erased = 0, dict[int, list[Alert]](), set[int]()
        with self._book.database.reading() as connection:
            for act in acts:
                found = connection.execute(select(HIT).where(HIT.c.batch == act.number)).all()
                rows = sorted(found, key=lambda row: str(row.key))
                digests = [
                    digest_of(read_hit(row).document()) if row.document else row.digest for row in rows
                ]
                erased |= {row.alert for row in rows if not row.document}
                if digests != [row.digest for row in rows] or _batch(digests)["sha256"] != act.body["sha256"]:
                    raise ActTampered(f"batch {act.number} of alerts", "is not what was raised")
                count += len(rows)
                for row in filter(lambda row: row.document, rows):
                    sums.setdefault(row.alert, []).append(read_hit(row))
            total = connection.execute(select(func.count()).select_from(HIT)).scalar_one()
            for group in map(read_group, connection.execute(select(GROUP))):
                if group.id not in erased and not _follows(group, sums.get(group.id, [])):
                    raise ActTampered(f"alert {group.id}", "does not follow from what was raised")
        if total != count:
            raise ActTampered("the database", f"holds {total - count} alerts that nobody raised")
        return count


def fold_alerts(_acts: Sequence[Act]) -> Standing:
    """Where the history of batches stands: it is only kept."""
    return Standing("kept")


def take_into_case(connection: Connection, numbers: Sequence[int], case: str) -> list[Group]:
    """Put alerts into a case; they as they were. Raises NothingThere for one that is absent or in another case."""
    rows = connection.execute(select(GROUP).where(GROUP.c.id.in_(numbers)).with_for_update()).all()
    found = [read_group(row) for row in rows]
    if len(found) != len(set(numbers)) or any(one.case not in ("", case) for one in found):
        raise NothingThere
    connection.execute(update(GROUP).where(GROUP.c.id.in_(numbers)).values(case=case))
    return sorted(found, key=lambda one: one.id)


def close_with_case(connection: Connection, case: str, *, is_closed: bool) -> None:
    """Close the alerts of a case with it, or open them with it again."""
    connection.execute(update(GROUP).where(GROUP.c.case == case).values(is_closed=int(is_closed)))


def groups_of(connection: Connection, case: str) -> list[Group]:
    """The alerts of a case."""
    query = select(GROUP).where(GROUP.c.case == case).order_by(GROUP.c.id)
    return [read_group(row) for row in connection.execute(query)]


def _fresh(connection: Connection, alerts: Sequence[Alert]) -> list[Alert]:
    """Those whose key is new. Raises AlertChanged."""
    held: dict[str, str] = {}
    keys = [one.key for one in alerts]
    for first in range(0, len(keys), _ASKED_AT_ONCE):
        query = select(HIT.c.key, HIT.c.digest).where(HIT.c.key.in_(keys[first : first + _ASKED_AT_ONCE]))
        held |= {row.key: row.digest for row in connection.execute(query)}
    fresh: list[Alert] = []
    for one in alerts:
        digest = one.digest()
        if held.get(one.key, digest) != digest:
            raise AlertChanged(one.key)
        if one.key not in held:
            held[one.key] = digest
            fresh.append(one)
    return fresh


def _follows(group: Group, hits: Sequence[Alert]) -> bool:
    """Whether the columns of an alert are what its hits make."""
    if not hits or {(one.subject, one.typology) for one in hits} != {(group.subject, group.typology)}:
        return False
    moments = [one.at for one in hits]
    made = (
        len(hits),
        max(one.score for one in hits),
        sum(one.amount for one in hits),
        min(moments),
        max(moments),
    )
    return made == (group.seen, group.score, group.amount, group.first_at, group.last_at)


def _batch(digests: Sequence[str]) -> dict[str, Any]:
    return {"count": len(digests), "sha256": digest_of(list(digests))}


class _Work:
    """A batch on its way into the tables."""

    def __init__(self, page: Page, parts: AlertParts, now: int) -> None:
        self._page, self._parts, self._now = page, parts, now
        self._grades: dict[int, int] = {}
        self._open: dict[tuple[int, str], list[Group]] = {}
        self._changed: dict[int, Group] = {}
        self._hits: list[tuple[Alert, int]] = []
        self.new: list[int] = []
        self.joined: list[int] = []
        newest = page.connection.execute(select(func.max(GROUP.c.id))).scalar_one()
        self._next = (newest or 0) + 1

    def load(self, subjects: set[int]) -> None:
        """What is open of these subjects."""
        ordered = sorted(subjects)
        self._grades = dict(zip(ordered, map(int, self._parts.grades_of(ordered)), strict=True))
        names = [str(one) for one in ordered]
        for first in range(0, len(names), _ASKED_AT_ONCE):
            part = GROUP.c.subject.in_(names[first : first + _ASKED_AT_ONCE])
            query = select(GROUP).where(part & (GROUP.c.is_closed == 0)).order_by(GROUP.c.id)
            for group in map(read_group, self._page.connection.execute(query)):
                self._open.setdefault((group.subject, group.typology), []).append(group)

    def take(self, one: Alert) -> None:
        row = window(self._parts.windows, one.typology, self._parts.clockwork.day(one.at))
        span, place = row.days * NS_PER_DAY, (one.subject, one.typology)
        near = [
            group
            for group in self._open.get(place, [])
            if group.first_at - span <= one.at <= group.last_at + span
            and (not one.currency or group.currency in ("", one.currency))
        ]
        if near:
            group = self._joined(near[-1], one)
            self._open[place] = [group if held.id == group.id else held for held in self._open[place]]
            if group.id not in self.new:
                self.joined.append(group.id)
        else:
            group = self._weighed(
                Group(
                    self._next, one.subject, one.typology, row.name, one.currency, one.score, one.amount,
                    1, one.at, one.at, self._now, 4, (), "", is_closed=False,
                )
            )  # fmt: skip
            self._open.setdefault(place, []).append(group)
            self.new.append(group.id)
            self._next += 1
        self._changed[group.id] = group
        self._hits.append((one, group.id))

    def _joined(self, group: Group, one: Alert) -> Group:
        return self._weighed(
            group._replace(
                currency=group.currency or one.currency,
                score=max(group.score, one.score),
                amount=group.amount + one.amount,
                seen=group.seen + 1,
                first_at=min(group.first_at, one.at),
                last_at=max(group.last_at, one.at),
            )
        )

    def _weighed(self, group: Group) -> Group:
        grade = self._grades[group.subject]
        scale = Scale(group.typology, group.score, group.amount, group.currency, group.seen, grade)
        found = weigh(self._parts.points, scale, self._parts.clockwork.day(self._now))
        return group._replace(priority=found.level, why=found.reasons)

    def write(self, by: str) -> None:
        new = [group.row() for number, group in self._changed.items() if number in set(self.new)]
        if new:
            self._page.connection.execute(insert(GROUP), new)
        for number in dict.fromkeys(self.joined):
            values = self._changed[number].row()
            self._page.connection.execute(update(GROUP).where(GROUP.c.id == number).values(values))
        digests = [one.digest() for one, _ in sorted(self._hits, key=lambda hit: hit[0].key)]
        act = self._page.add((KIND, KEY), by, ("raise", _batch(digests)), Standing("kept"))
        rows = [
            {
                "key": one.key,
                "alert": number,
                "document": canonical_json(one.document()).decode(),
                "digest": one.digest(),
                "batch": act.number,
            }
            for one, number in self._hits
        ]
        self._page.connection.execute(insert(HIT), rows)
