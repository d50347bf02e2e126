"""Lists in force: versions loaded, compared, switched at one moment, and kept for ever.

Rules:

1. A version is the entries of one load with digest, source date, who loaded it and when; its record is sealed
   (topic 14).
   The same content again is no new version, unless it is to take effect sooner.
2. A version takes effect at its moment, now or later; what is in force at a moment is the latest that took effect.
   Additions take effect at once, for what is listed must be stopped at once.
3. A version that loses more than `LOSS_SHARE_MAX` of the running entries, or of those of a version that was in force
   within `LOSS_PERIOD_NS`, is refused. Who knows that it is right proposes it as a great loss, and another person
   confirms it; until then the running version stays.
4. A version is written, then sealed; what is not sealed has not happened (`jinku.risk.screening.sealing`). `resume`,
   when a house opens, undoes what a process that ended in between left.
5. What is in force is what the log seals: versions are compared with their sealed acts each time, and the entries of a
   version with its content when they are indexed. A record that differs is named, and nothing is answered from it.

Example::

    desk = ListDesk(database, ledger, clock)
    desk.load(read_un(path), "un", by="officer-1")
    desk.running().index.search(subject)
"""

import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, delete, func, insert, select, update

from jinku.base.canonical import canonical_json
from jinku.base.clock import NS_PER_DAY, Clock
from jinku.base.database import Database
from jinku.base.persons import PERSON, same_person
from jinku.ledger.sealed import LogSeals, SealingLedger
from jinku.risk.screening.errors import BadList, NoList, NotAsked, ScreeningAltered, ScreeningError
from jinku.risk.screening.formats.reading import Loaded
from jinku.risk.screening.index import Index
from jinku.risk.screening.model import Entry
from jinku.risk.screening.sealing import LIST, UNSEALED, ScreeningActs, undone
from jinku.risk.screening.tables_control import ENTRIES, MEMBERS, VERSIONS

LOSS_SHARE_MAX = 0.1
LOSS_PERIOD_NS = 30 * NS_PER_DAY
"""Losses are counted against every version that was in force within this time: many small ones are a great one."""
IN_FORCE, WAITING, REFUSED = "in_force", "waiting", "refused"
_CHUNK_ROWS = 500
_MOMENTS = ("loaded_at", "effective_from")


@dataclass(frozen=True, slots=True)
class Version:
    """One version of one list."""

    list: str
    version: int
    digest: str
    """SHA-256 of the files."""
    content: str
    """SHA-256 over the digests of the entries."""
    format: str
    source_date: str
    entries: int
    names: int
    loaded_by: str
    loaded_at: int
    effective_from: int
    checked_by: str
    state: str
    sealed_entry: int = UNSEALED

    def document(self) -> dict[str, Any]:
        """As JSON values; moments as strings of digits."""
        return {
            "list": self.list,
            "version": self.version,
            "digest": self.digest,
            "content": self.content,
            "format": self.format,
            "source_date": self.source_date,
            "entries": self.entries,
            "names": self.names,
            "loaded_by": self.loaded_by,
            "loaded_at": str(self.loaded_at),
            "effective_from": str(self.effective_from),
            "checked_by": self.checked_by,
            "state": self.state,
        }

    @classmethod
    def of(cls, document: dict[str, Any], sealed_entry: int = UNSEALED) -> "Version":
        """From JSON values."""
        moments = {name: int(document[name]) for name in _MOMENTS}
        return cls(**{**document, **moments}, sealed_entry=sealed_entry)

    @property
    def key(self) -> str:
        """List and number."""
        return f"{self.list}.{self.version}"


@dataclass(frozen=True, slots=True)
class Difference:
    """What changed from one version to another: ids of entries."""

    added: tuple[str, ...]
    removed: tuple[str, ...]
    changed: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Running:
    """The versions in force at one moment, ready to be asked."""

    versions: tuple[Version, ...]
    index: Index
    digests: dict[str, str]
    """Entry key to the digest of its content."""

    @property
    def key(self) -> str:
        """Which versions these are, as one text: ``ofac.3+un.7``."""
        return versions_key(self.versions)

    def version_of(self, entry: Entry) -> int:
        """The version of the list that `entry` is of."""
        return next(one.version for one in self.versions if one.list == entry.list)


def versions_key(versions: Iterable[Version]) -> str:
    """Which versions these are, as one text."""
    return "+".join(f"{one.list}.{one.version}" for one in sorted(versions, key=lambda one: one.list))


def content_digest(entries: Iterable[Entry]) -> str:
    """SHA-256 over the digests of entries in order of their ids, in hexadecimal."""
    return content_of((entry.id, entry.digest) for entry in entries)


def content_of(digests: Iterable[tuple[str, str]]) -> str:
    """SHA-256 over ids of entries with their digests, in order of the ids, in hexadecimal."""
    lines = sorted(f"{one} {digest}" for one, digest in digests)
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


class ListDesk:
    """Versions of lists on a control database."""

    def __init__(
        self, database: Database, ledger: SealingLedger, clock: Clock, seals: LogSeals | None = None
    ) -> None:
        """`seals` are those of the house, where it keeps their places."""
        self._acts = ScreeningActs(database, ledger, seals)
        self._database, self._clock = database, clock
        self._running: Running | None = None

    def resume(self) -> int:
        """Undo what was written and not sealed when a process ended in between; how many acts were left. Only for who
        opens the house: nobody may be at work. Raises ScreeningAltered."""
        pending = self._acts.pending(LIST)
        standing = self._acts.standing(LIST) if pending else {}
        for one in pending:
            if one.entry != UNSEALED:
                self._acts.mark(one.number, one.entry)
                self._note(one.key, one.entry)
        for one in undone(pending):
            with self._database.writing() as connection:
                self._acts.drop(connection, one.number)
                name, _, number = one.key.rpartition(".")
                here = (VERSIONS.c.list == name) & (VERSIONS.c.version == int(number))
                connection.execute(delete(VERSIONS).where(here))
                if one.key in standing:
                    row = Version.of(standing[one.key], 0)
                    connection.execute(insert(VERSIONS), [_row(row)])
                else:
                    members = (MEMBERS.c.list == name) & (MEMBERS.c.version == int(number))
                    connection.execute(delete(MEMBERS).where(members))
        return len(pending)

    def load(
        self,
        loaded: Loaded,
        name: str,
        *,
        by: str,
        effective_from: int | None = None,
        great_loss: bool = False,
    ) -> Version:
        """Keep what was read as the next version of the list `name`. It takes effect at `effective_from` (now if None);
        with `great_loss` a version that loses too much waits for `confirm` instead of being refused.

        Raises BadList, leaving the running version as it was.
        """
        _person(by)
        now = self._clock()
        content = content_digest(loaded.entries)
        with self._database.writing() as connection:
            latest = _latest(connection, name)
            if effective_from is not None and effective_from < now:
                raise ScreeningError("a list takes effect now or later", remedy="say a later moment, or none")
            wanted = now if effective_from is None else effective_from
            same = latest is not None and latest.content == content and latest.effective_from <= wanted
            if latest is not None and same and self._is_whole(latest):
                return latest
            held = _numbers_since(connection, name, now - LOSS_PERIOD_NS, now)
            lost = {one: _members(connection, name, one) for one in held}
            before = next((one for one in lost.values() if self._loses_too_much(loaded, one)), {})
            waits = bool(before)
            if waits and not great_loss:
                raise self._great_loss(loaded, name, before)
            version = Version(
                name, _count(connection, name) + 1, loaded.digest, content, loaded.format, loaded.source_date,
                len(loaded.entries), sum(len(entry.names) for entry in loaded.entries), by, now,
                now if effective_from is None else effective_from, "", WAITING if waits else IN_FORCE,
            )  # fmt: skip
            _keep(connection, version, loaded.entries)
            act = self._acts.add(connection, LIST, version.key, version.document())
        return self._sealed(version.key, act)

    def _is_whole(self, version: Version) -> bool:
        """Whether the entries of a version are those that were loaded: else they are loaded as another version."""
        found = self._entries(version.list, version.version)
        return content_digest(found) == version.content

    def _loses_too_much(self, loaded: Loaded, before: dict[str, str]) -> bool:
        lost = before.keys() - {entry.id for entry in loaded.entries}
        return len(lost) > LOSS_SHARE_MAX * len(before)

    def _great_loss(self, loaded: Loaded, name: str, before: dict[str, str]) -> BadList:
        lost = len(before.keys() - {entry.id for entry in loaded.entries})
        return BadList(
            f"{lost} of {len(before)} running entries are missing, more than {LOSS_SHARE_MAX:.0%}",
            file=name,
            line=1,
            field="entries",
            remedy="fetch the list again, or propose it as a great loss for another person to confirm",
        )

    def confirm(self, name: str, version: int, *, by: str) -> Version:
        """Put a waiting version into force, by another person than who loaded it. Raises NotAsked, NoList."""
        return self._decide(name, version, by, IN_FORCE)

    def refuse(self, name: str, version: int, *, by: str) -> Version:
        """Refuse a waiting version, by another person than who loaded it. Raises NotAsked, NoList."""
        return self._decide(name, version, by, REFUSED)

    def _decide(self, name: str, version: int, by: str, state: str) -> Version:
        _person(by)
        with self._database.writing() as connection:
            waiting = _version(connection, name, version)
            if waiting.state != WAITING or same_person(waiting.loaded_by, by):
                raise NotAsked(
                    f"version {version} of {name} does not wait for this person",
                    remedy="another person than who loaded it decides, once",
                )
            here = (VERSIONS.c.list == name) & (VERSIONS.c.version == version)
            when = max(waiting.effective_from, self._clock())
            changed = {"state": state, "checked_by": by, "effective_from": when, "sealed_entry": UNSEALED}
            connection.execute(update(VERSIONS).where(here).values(changed))
            decided = _version(connection, name, version)
            act = self._acts.add(connection, LIST, decided.key, decided.document())
        return self._sealed(decided.key, act)

    def _sealed(self, key: str, act: int) -> Version:
        return self._note(key, self._acts.seal(act))

    def _note(self, key: str, entry: int) -> Version:
        name, _, number = key.rpartition(".")
        with self._database.writing() as connection:
            here = (VERSIONS.c.list == name) & (VERSIONS.c.version == int(number))
            connection.execute(update(VERSIONS).where(here).values(sealed_entry=entry))
            return _version(connection, name, int(number))

    def stands(self) -> dict[str, dict[str, Any]]:
        """Every version by its key as the control data has it, unproven: what `ScreeningActs.adopt` takes."""
        return {one.key: one.document() for one in self.versions()}

    def versions(self, name: str | None = None) -> list[Version]:
        """All versions, or those of one list, oldest first."""
        order = select(VERSIONS).order_by(VERSIONS.c.list, VERSIONS.c.version)
        with self._database.reading() as connection:
            rows = connection.execute(order if name is None else order.where(VERSIONS.c.list == name))
            return [Version(*row) for row in rows]

    def in_force(self, at: int | None = None) -> tuple[Version, ...]:
        """The version of each list that is in force at a moment (now if None), by the log. Raises ScreeningAltered."""
        moment = self._clock() if at is None else at
        latest: dict[str, Version] = {}
        kept = {one.key: one for one in self.versions()}
        self._acts.compare(LIST, {key: one.document() for key, one in kept.items()})
        standing = self._acts.standing(LIST)
        proven = [
            Version.of(body, kept[key].sealed_entry if key in kept else UNSEALED)
            for key, body in standing.items()
        ]
        for one in sorted(proven, key=lambda one: (one.effective_from, one.version)):
            if one.state == IN_FORCE and one.effective_from <= moment:
                latest[one.list] = one
        return tuple(latest[name] for name in sorted(latest))

    def entries(self, name: str, version: int) -> list[Entry]:
        """The entries of a version, by id. Raises NoList."""
        with self._database.reading() as connection:
            _version(connection, name, version)
        return self._entries(name, version)

    def _entries(self, name: str, version: int) -> list[Entry]:
        with self._database.reading() as connection:
            joined = MEMBERS.join(ENTRIES, MEMBERS.c.digest == ENTRIES.c.digest)
            here = (MEMBERS.c.list == name) & (MEMBERS.c.version == version)
            chosen = select(ENTRIES.c.document).select_from(joined).where(here).order_by(MEMBERS.c.entry)
            return [Entry.of(name, json.loads(row[0])) for row in connection.execute(chosen)]

    def diff(self, name: str, old: int, new: int) -> Difference:
        """What changed from version `old` to `new`. Raises NoList."""
        with self._database.reading() as connection:
            for one in (old, new):
                _version(connection, name, one)
            before, after = _members(connection, name, old), _members(connection, name, new)
        return Difference(
            tuple(sorted(after.keys() - before.keys())),
            tuple(sorted(before.keys() - after.keys())),
            tuple(sorted(one for one in before.keys() & after.keys() if before[one] != after[one])),
        )

    def running(self, at: int | None = None) -> Running:
        """Everything in force at a moment (now if None), indexed; made once for the same versions. Raises NoList."""
        versions = self.in_force(at)
        if not versions:
            raise NoList("no list is in force", remedy="load one: jinku screen load")
        if self._running is not None and self._running.key == versions_key(versions):
            return self._running
        made = self.running_of(versions)
        if at is None:
            self._running = made
        return made

    def running_of(self, versions: Sequence[Version]) -> Running:
        """These versions, indexed. Raises NoList, and ScreeningAltered where entries are not those of their version."""
        entries: list[Entry] = []
        digests: dict[str, str] = {}
        for one in versions:
            found = [(entry, entry.digest) for entry in self._entries(one.list, one.version)]
            if content_of((entry.id, digest) for entry, digest in found) != one.content:
                told = f"has other entries than were loaded ({len(found)} for {one.entries})"
                raise ScreeningAltered(
                    f"version {one.version} of the list {one.list}",
                    told,
                    "load it again from its publisher's files: jinku screen load; or restore the control database",
                )
            entries += [entry for entry, _ in found]
            digests |= {entry.key: digest for entry, digest in found}
        return Running(tuple(versions), Index(entries), digests)


def _person(by: str) -> None:
    if not PERSON.fullmatch(by):
        raise ScreeningError("is no id of a person", remedy="1 to 64 letters, digits, . _ -")


def _latest(connection: Connection, name: str) -> Version | None:
    row = connection.execute(
        select(VERSIONS).where(VERSIONS.c.list == name, VERSIONS.c.state ==
        IN_FORCE).order_by(VERSIONS.c.version.desc())
        .limit(1).with_for_update()
    ).first()  # fmt: skip
    return None if row is None else Version(*row)


def _numbers_since(connection: Connection, name: str, since: int, now: int) -> list[int]:
    """The versions of a list that were in force at some moment since then, the newest first; a great loss that two
    persons confirmed ends the count."""
    rows = connection.execute(
        select(VERSIONS.c.version, VERSIONS.c.effective_from, VERSIONS.c.checked_by)
        .where(VERSIONS.c.list == name, VERSIONS.c.state == IN_FORCE, VERSIONS.c.effective_from <= now)
        .order_by(VERSIONS.c.effective_from.desc(), VERSIONS.c.version.desc())
    ).all()
    found: list[int] = []
    for row in rows:
        found.append(int(row.version))
        if row.effective_from <= since or row.checked_by:
            break
    return found


def _count(connection: Connection, name: str) -> int:
    found = connection.execute(select(func.max(VERSIONS.c.version)).where(VERSIONS.c.list == name)).scalar()
    return int(found or 0)


def _version(connection: Connection, name: str, version: int) -> Version:
    row = connection.execute(
        select(VERSIONS).where(VERSIONS.c.list == name, VERSIONS.c.version == version)
    ).first()
    if row is None:
        raise NoList(f"the list {name} has no version {version}", remedy="see: jinku screen lists")
    return Version(*row)


def _members(connection: Connection, name: str, version: int) -> dict[str, str]:
    chosen = select(MEMBERS.c.entry, MEMBERS.c.digest).where(
        MEMBERS.c.list == name, MEMBERS.c.version == version
    )
    return {row.entry: row.digest for row in connection.execute(chosen)}


def _row(version: Version) -> dict[str, Any]:
    return {column.name: getattr(version, column.name) for column in VERSIONS.columns}


def _keep(connection: Connection, version: Version, entries: Sequence[Entry]) -> None:
    documents = {entry.digest: canonical_json(entry.document()).decode() for entry in entries}
    wanted = list(documents)
    known: set[str] = set()
    for at in range(0, len(wanted), _CHUNK_ROWS):
        part = wanted[at : at + _CHUNK_ROWS]
        for row in connection.execute(select(ENTRIES).where(ENTRIES.c.digest.in_(part))).all():
            known.add(row.digest)
            if row.document != documents[row.digest]:
                here = ENTRIES.c.digest == row.digest
                connection.execute(update(ENTRIES).where(here).values(document=documents[row.digest]))
    fresh = [{"digest": one, "document": documents[one]} for one in wanted if one not in known]
    if fresh:
        connection.execute(insert(ENTRIES), fresh)
    connection.execute(insert(VERSIONS), [_row(version)])
    members = [
        {"list": version.list, "version": version.version, "entry": entry.id, "digest": entry.digest}
        for entry in entries
    ]
    if members:
        connection.execute(insert(MEMBERS), members)
