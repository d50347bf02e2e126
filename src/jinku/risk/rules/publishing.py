"""Versions of the rules in the control database: proposed, approved by another person, published, superseded.

Rules:

1. A draft is a file in its author's hands. Proposed, its text is kept as the next version; approved by another person
   it may be published; publishing seals what came into force in the log (topic 13) and supersedes what was before.
2. Whatever does not check against the fields and features of today is refused as a whole, when it is proposed, approved
   and published; what is in force stays.
3. A challenger runs beside the champion over the same events, recorded and never acting, until it is stopped or
   published.
4. A rollback puts an earlier published version back into force at once. By two persons it may be any: one proposes it,
   the other confirms by an act of its own. Alone (break glass) it is the one before, and until another person has
   confirmed it nobody may do it alone again.
5. Publications are chained by digest, which covers who proposed and who approved the version. What is read as in force
   is compared with the chain and with the log's entries; a control record that differs is refused by name.

Example::

    desk = RuleDesk(database, ledger, features.namespace, clock=time.time_ns)
    version = desk.propose(text, by="analyst-1").version
    desk.approve(version, by="head-2")
    desk.publish(version, by="head-2")
    desk.in_force().rule_set
"""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, func, insert, select, update
from sqlalchemy.exc import IntegrityError

from jinku.base.clock import Clock, to_rfc3339
from jinku.base.database import Database
from jinku.base.persons import PERSON, same_person
from jinku.ledger.sealed import SealingLedger, is_sealed
from jinku.risk.acts.book import ActBook
from jinku.risk.acts.two import TwoPersons
from jinku.risk.language import Namespace
from jinku.risk.rules.errors import RulesRefused
from jinku.risk.rules.model import RuleSet
from jinku.risk.rules.reading import read_rules
from jinku.risk.rules.store import (
    PUBLICATION,
    RULES,
    VERSION,
    Act,
    Publication,
    Role,
    Version,
    read_publication,
    read_version,
)

SEAL_TOPIC_PUBLICATIONS = 13
REASON_CHARACTERS_MAX = 400
ROLLBACKS = "rules_rollback"
"""The histories of rollbacks that two persons make."""
_RESTORE = "restore the control database from a backup; the log's seals say which records are the right ones"


@dataclass(frozen=True, slots=True)
class InForce:
    """What decides now. `evaluated` is the champion with a challenger, where there is one, in its shadow."""

    publication: Publication
    rule_set: RuleSet
    evaluated: RuleSet
    challenger: int
    """Version of the challenger; 0 where there is none."""


class RuleDesk:
    """See the module's rules. For any number of threads."""

    def __init__(
        self, database: Database, ledger: SealingLedger, namespace: Namespace, *, clock: Clock
    ) -> None:
        database.add(RULES)
        self._database, self._ledger, self._clock = database, ledger, clock
        self._namespace = namespace
        self._two = TwoPersons(ActBook(database, ledger, clock), ROLLBACKS)

    # --- versions -------------------------------------------------------------------------------------------------

    def propose(self, text: str, *, by: str, note: str = "", file: str = "rules.toml") -> Version:
        """Keep the rule set `text` as the next version. Raises BadRules, RulesRefused."""
        _check_person(by)
        _check_words(note)
        digest = read_rules(text, self._namespace, file).digest
        try:
            with self._database.writing() as connection:
                newest = connection.execute(select(func.max(VERSION.c.version))).scalar_one() or 0
                values = {
                    "version": newest + 1,
                    "text": text,
                    "digest": digest,
                    "note": note,
                    "proposed_by": by,
                    "proposed_at": self._clock(),
                    "approved_by": "",
                    "approved_at": 0,
                }
                connection.execute(insert(VERSION).values(values))
        except IntegrityError:
            raise _meanwhile() from None
        return self.version(newest + 1)

    def approve(self, version: int, *, by: str) -> Version:
        """Let a version be published; by another person than who proposed it. Raises BadRules, RulesRefused."""
        _check_person(by)
        with self._database.writing() as connection:
            found = self._version(connection, version, held=True)
            if found.approved_by:
                raise RulesRefused(f"version {version} is approved already", remedy="publish it")
            if same_person(found.proposed_by, by):
                raise RulesRefused(
                    f"version {version} was proposed by {found.proposed_by}",
                    remedy="let another person approve it",
                )
            self._checked(found)
            values = {"approved_by": by, "approved_at": self._clock()}
            connection.execute(update(VERSION).where(VERSION.c.version == version).values(values))
        return self.version(version)

    def version(self, number: int) -> Version:
        """One version. Raises RulesRefused."""
        with self._database.reading() as connection:
            return self._version(connection, number)

    def versions(self) -> list[tuple[Version, str]]:
        """Every version, the oldest first, each with its state."""
        with self._database.reading() as connection:
            rows = connection.execute(select(VERSION).order_by(VERSION.c.version)).all()
            acts = self._publications(connection)
        champion, challenger = _standing(acts, Role.CHAMPION), _standing(acts, Role.CHALLENGER)
        published = {one.version for one in acts if one.role is Role.CHAMPION}
        found = []
        for version in map(read_version, rows):
            state = "approved" if version.approved_by else "proposed"
            if version.version in published:
                state = "superseded"
            if challenger and challenger.version == version.version:
                state = "challenger"
            if champion and champion.version == version.version:
                state = "published"
            found.append((version, state))
        return found

    def rule_set(self, version: int) -> RuleSet:
        """The rules of a version, over the fields and features of today. Raises BadRules, RulesRefused."""
        return self._checked(self.version(version))

    # --- publications ---------------------------------------------------------------------------------------------

    def publish(self, version: int, *, by: str, reason: str = "", role: Role = Role.CHAMPION) -> Publication:
        """Put an approved version into force, or beside what is in force. Raises BadRules, RulesRefused."""
        _check_person(by)
        _check_words(reason)
        with self._database.writing() as connection:
            found = self._version(connection, version, held=True)
            if not found.approved_by:
                raise RulesRefused(
                    f"version {version} is not approved", remedy="let another person approve it"
                )
            self._checked(found)
            acts = self._publications(connection)
            standing, champion = _standing(acts, role), _standing(acts, Role.CHAMPION)
            if standing and standing.version == version:
                raise RulesRefused(
                    f"version {version} is {role.value} already", remedy="nothing is to be done"
                )
            if role is Role.CHAMPION and any(one.version == version and one.role is role for one in acts):
                raise RulesRefused(f"version {version} was in force before", remedy="roll back to it")
            if role is Role.CHALLENGER and (champion is None or champion.version == version):
                raise RulesRefused(
                    "a challenger runs beside another version", remedy="publish a champion first, or another"
                )
            made = self._record(connection, acts, found, Act.PUBLISH, role, (by, "", reason))
            challenger = _standing(acts, Role.CHALLENGER)
            if role is Role.CHAMPION and challenger and challenger.version == version:
                self._record(connection, [*acts, made], found, Act.STOP, Role.CHALLENGER, (by, "", reason))
        return made

    def stop_challenger(self, *, by: str, reason: str = "") -> Publication:
        """Let the challenger run no longer. Raises RulesRefused."""
        _check_person(by)
        _check_words(reason)
        with self._database.writing() as connection:
            acts = self._publications(connection)
            standing = _standing(acts, Role.CHALLENGER)
            if standing is None:
                raise RulesRefused("there is no challenger", remedy="nothing is to be done")
            found = self._version(connection, standing.version)
            return self._record(connection, acts, found, Act.STOP, Role.CHALLENGER, (by, "", reason))

    def rollback(self, *, by: str, reason: str, to: int = 0) -> Publication:
        """Put the version before back into force, alone; see rule 4. Raises BadRules, RulesRefused."""
        return self._back((by, "", reason), to)

    def rollback_by_two(self, *, by: str, reason: str, to: int = 0) -> Publication | None:
        """Propose that the version before, or version `to`, comes back into force, or confirm what another person
        proposed; None where it is proposed. Raises BadRules, RulesRefused, SecondPerson."""
        with self._database.reading() as connection:
            target = self._target(self._publications(connection), to)[0]
        _check_reason(by, reason)
        proposal = self._two.asked("rules", {"to": str(target)}, by=by, text=reason)
        return None if proposal is None else self._back((proposal.by, by, str(proposal.body["text"])), target)

    def _back(self, said: tuple[str, str, str], to: int) -> Publication:
        by, second, reason = said
        _check_reason(by, reason)
        with self._database.writing() as connection:
            acts = self._publications(connection)
            target, before = self._target(acts, to)
            if not second:
                self._check_alone(acts, target, before)
            found = self._version(connection, target, held=True)
            self._checked(found)
            return self._record(connection, acts, found, Act.ROLLBACK, Role.CHAMPION, said)

    def _target(self, acts: list[Publication], to: int) -> tuple[int, int]:
        """The version that a rollback is to, and the one before. Raises RulesRefused."""
        past = [one.version for one in acts if one.role is Role.CHAMPION]
        if not past:
            raise RulesRefused("nothing was published", remedy="publish a version first")
        before = next((one for one in reversed(past) if one != past[-1]), 0)
        target = to or before
        if target not in past or target == past[-1]:
            raise RulesRefused(
                f"version {target} was not in force before" if target else "there is no version before",
                remedy="roll back to a version that was published earlier",
            )
        return target, before

    def confirm(self, number: int, *, by: str) -> Publication:
        """Confirm a rollback that one person did alone. Raises RulesRefused."""
        _check_person(by)
        with self._database.writing() as connection:
            query = select(PUBLICATION).where(PUBLICATION.c.number == number).with_for_update()
            row = connection.execute(query).first()
            if row is None or not read_publication(row).waits:
                raise RulesRefused(f"publication {number} waits for nobody", remedy="see the list")
            if same_person(row.by, by):
                raise RulesRefused(f"{by} did it", remedy="let another person confirm it")
            digest = read_publication(row).confirmation(by)
            entry, _ = self._ledger.seal(digest, SEAL_TOPIC_PUBLICATIONS)
            values = {"confirmed_by": by, "confirmed_at": self._clock(), "confirmed_entry": entry}
            connection.execute(update(PUBLICATION).where(PUBLICATION.c.number == number).values(values))
        return next(one for one in self.publications() if one.number == number)

    def publications(self) -> list[Publication]:
        """What was put into force, the oldest first. Raises RulesRefused where the chain is broken."""
        with self._database.reading() as connection:
            return self._publications(connection)

    def in_force(self) -> InForce | None:
        """What decides now, compared with the log; None where nothing was published.

        Raises BadRules, RulesRefused: then whatever runs already is to go on.
        """
        with self._database.reading() as connection:
            acts = self._publications(connection)
            champion, challenger = _standing(acts, Role.CHAMPION), _standing(acts, Role.CHALLENGER)
            if champion is None:
                return None
            self._check_log(acts)
            rules = self._published(connection, champion)
            if challenger is None:
                return InForce(champion, rules, rules, 0)
            beside = rules.with_challenger(self._published(connection, challenger))
            return InForce(champion, rules, beside, challenger.version)

    # --- inside -----------------------------------------------------------------------------------------------------

    def _published(self, connection: Connection, act: Publication) -> RuleSet:
        found = self._version(connection, act.version)
        if found.digest != act.rules_digest:
            raise RulesRefused(f"version {act.version} is not what was published", remedy=_RESTORE)
        return self._checked(found)

    def _checked(self, version: Version) -> RuleSet:
        rules = read_rules(version.text, self._namespace, f"version {version.version}")
        if rules.digest != version.digest:
            raise RulesRefused(f"version {version.version} is not what was proposed", remedy=_RESTORE)
        return rules

    def _version(self, connection: Connection, number: int, *, held: bool = False) -> Version:
        query = select(VERSION).where(VERSION.c.version == number)
        row = connection.execute(query.with_for_update() if held else query).first()
        if row is None:
            raise RulesRefused(f"there is no version {number}", remedy="see the list")
        return read_version(row)

    def _publications(self, connection: Connection) -> list[Publication]:
        rows = connection.execute(select(PUBLICATION).order_by(PUBLICATION.c.number)).all()
        persons = {row.version: read_version(row) for row in connection.execute(select(VERSION))}
        acts, after = [read_publication(row) for row in rows], ""
        for number, one in enumerate(acts, 1):
            version = persons.get(one.version)
            sealed = {one.computed()} if version is None else {one.computed(), one.computed(version)}
            if one.number != number or one.after != after or one.digest not in sealed:
                raise RulesRefused(
                    f"publication {one.number} does not follow from those before, or version {one.version} was "
                    "proposed or approved by others than its seal says",
                    remedy=_RESTORE,
                )
            after = one.digest.hex()
        return acts

    def digests(self) -> set[bytes]:
        """All that this desk sealed, by its records. Raises RulesRefused where the chain is broken."""
        acts = self.publications()
        confirmed = {one.confirmation(one.confirmed_by) for one in acts if one.confirmed_by}
        return {one.digest for one in acts} | confirmed

    def _record(
        self,
        connection: Connection,
        acts: list[Publication],
        version: Version,
        act: Act,
        role: Role,
        said: tuple[str, str, str],
    ) -> Publication:
        by, second, reason = said
        number, after = len(acts) + 1, acts[-1].digest.hex() if acts else ""
        values: dict[str, Any] = {
            "number": number,
            "version": version.version,
            "rules_digest": version.digest,
            "act": act.value,
            "role": role.value,
            "by": by,
            "second": second,
            "reason": reason,
            "at": self._clock(),
            "after": after,
            "confirmed_by": "",
            "confirmed_at": 0,
            "confirmed_entry": -1,
        }
        made = Publication(**{**values, "act": act, "role": role}, digest=b"", entry=-1)
        digest = made.computed(version)
        entry, _ = self._ledger.seal(digest, SEAL_TOPIC_PUBLICATIONS)
        try:
            connection.execute(insert(PUBLICATION).values(**values, digest=digest, entry=entry))
        except IntegrityError:
            raise _meanwhile() from None
        return Publication(**{**values, "act": act, "role": role}, digest=digest, entry=entry)

    def _check_log(self, acts: list[Publication]) -> None:
        """Compare publications and their confirmations with the log's entries."""
        for act in acts:
            seals = [(act.entry, act.digest)]
            if act.confirmed_by:
                seals.append((act.confirmed_entry, act.confirmation(act.confirmed_by)))
            for entry, digest in seals:
                if not is_sealed(self._ledger, entry, digest, SEAL_TOPIC_PUBLICATIONS):
                    raise RulesRefused(
                        f"publication {act.number} is not what log entry {entry} holds", remedy=_RESTORE
                    )

    def _check_alone(self, acts: list[Publication], target: int, before: int) -> None:
        if target != before:
            raise RulesRefused(
                f"one person alone goes back to version {before} only",
                remedy="propose it, and let another person confirm it: `--by-two`",
            )
        waiting = next((one for one in acts if one.waits), None)
        if waiting:
            raise RulesRefused(
                f"rollback {waiting.number} by {waiting.by} is not confirmed yet",
                remedy="confirm it, or roll back by two persons: `--by-two`",
            )


def describe(version: Version, state: str) -> dict[str, Any]:
    """A version as JSON values."""
    return {
        "version": version.version,
        "state": state,
        "digest": version.digest.hex(),
        "proposed_by": version.proposed_by,
        "proposed_at": to_rfc3339(version.proposed_at),
        "approved_by": version.approved_by or None,
        "approved_at": to_rfc3339(version.approved_at) if version.approved_at else None,
        "note": version.note,
    }


def _standing(acts: list[Publication], role: Role) -> Publication | None:
    """The act that put what stands in `role` there; None where nothing does."""
    newest = next((one for one in reversed(acts) if one.role is role), None)
    return None if newest is None or newest.act is Act.STOP else newest


def _check_person(by: str) -> None:
    if not PERSON.fullmatch(by):
        raise RulesRefused("not a person's id", remedy="use the opaque id of the person")


def _check_reason(by: str, reason: str) -> None:
    _check_person(by)
    _check_words(reason)
    if not reason.strip():
        raise RulesRefused("a rollback needs its reason", remedy="say why")


def _check_words(text: str) -> None:
    if len(text) > REASON_CHARACTERS_MAX or not all(one.isprintable() for one in text):
        raise RulesRefused(
            f"a reason has at most {REASON_CHARACTERS_MAX} characters on one line", remedy="shorten it"
        )


def _meanwhile() -> RulesRefused:
    return RulesRefused("somebody else acted meanwhile", remedy="look at the list and try again")
