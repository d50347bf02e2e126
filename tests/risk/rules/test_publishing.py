"""Versions of rules on SQLite and PostgreSQL: two persons, the log's seal, rollback, challenger, what stays."""

import itertools
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from sqlalchemy import Table, delete, update
from tests.risk.rules.world import NAMESPACE, text_of

from jinku.base.database import Database
from jinku.bootstrap import House, open_house
from jinku.ledger.layout import SEAL, EntryKind
from jinku.risk.acts.two import SecondPerson
from jinku.risk.rules import BadRules, RulesRefused
from jinku.risk.rules.publishing import SEAL_TOPIC_PUBLICATIONS, RuleDesk
from jinku.risk.rules.store import PUBLICATION, VERSION, Publication, Role

ONE, TWO, THREE = (text_of(f"amount > {limit} -> hold") for limit in (100, 200, 300))


@pytest.fixture(params=["sqlite", "postgres"])
def where(request: pytest.FixtureRequest, tmp_path: Path) -> Path | str:
    if request.param == "sqlite":
        return tmp_path / "control.db"
    new: Callable[[], str] = request.getfixturevalue("new_postgres_url")
    return new()


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    with open_house(tmp_path / "house", origin="test.example/rules") as made:
        yield made


@pytest.fixture
def desk(where: Path | str, house: House) -> Iterator[RuleDesk]:
    ticks = itertools.count(1_795_000_000_000_000_000, 1_000_000_000)
    with Database.open(where) as database:
        yield RuleDesk(database, house.ledger, NAMESPACE, clock=lambda: next(ticks))


def in_force(desk: RuleDesk) -> int:
    """The version that decides."""
    found = desk.in_force()
    return 0 if found is None else found.publication.version


def published(desk: RuleDesk, *texts: str) -> None:
    """Each text proposed, approved and published."""
    for text in texts:
        version = desk.propose(text, by="ana").version
        desk.approve(version, by="ben")
        desk.publish(version, by="ben")


def test_rules_come_into_force_by_two_persons_and_are_sealed(desk: RuleDesk, house: House) -> None:
    """K10: rules are versioned, published with four eyes and sealed in the log."""
    assert desk.in_force() is None
    version = desk.propose(ONE, by="ana", note="first").version
    with pytest.raises(RulesRefused, match="not approved"):
        desk.publish(version, by="ben")
    for same in ("ana", "ANA"):
        with pytest.raises(RulesRefused, match="proposed by ana"):
            desk.approve(version, by=same)
    desk.approve(version, by="ben")
    with pytest.raises(RulesRefused, match="approved already"):
        desk.approve(version, by="cleo")
    made = desk.publish(version, by="cleo")
    entry = house.ledger.entries(made.entry, 1)
    assert entry["kind"][0] == EntryKind.SEAL
    [seal] = np.ascontiguousarray(entry["event"]).view(SEAL)
    assert (seal["topic"], seal["digest"].tobytes()) == (SEAL_TOPIC_PUBLICATIONS, made.digest)
    found = desk.in_force()
    assert found is not None
    assert found.rule_set.rules[0].when.text == "amount > 100"
    published(desk, TWO)
    assert [state for _, state in desk.versions()] == ["superseded", "published"]
    assert in_force(desk) == 2


def test_a_bad_rule_refuses_all_of_it_and_the_running_version_stays(
    desk: RuleDesk, where: Path | str
) -> None:
    """K10: a bad rule or an unknown field refuses the publication; what runs goes on."""
    published(desk, ONE)
    with pytest.raises(BadRules, match="amont"):
        desk.propose(text_of("amount > 1 -> hold", "amont > 1 -> hold"), by="ana")
    version = desk.propose(text_of("night_count_7d > 3 -> hold"), by="ana").version
    desk.approve(version, by="ben")
    fewer = {name: kind for name, kind in NAMESPACE.items() if name != "night_count_7d"}
    with Database.open(where) as database:
        later = RuleDesk(database, desk._ledger, fewer, clock=lambda: 1)
        with pytest.raises(BadRules, match="night_count_7d"):
            later.publish(version, by="ben")
        assert in_force(later) == 1


def test_one_person_rolls_back_in_one_act_and_another_confirms(desk: RuleDesk) -> None:
    """K10: a rollback is one act: alone to the version before, to be confirmed; with a second person to any."""
    published(desk, ONE, TWO, THREE)
    with pytest.raises(RulesRefused, match="needs its reason"):
        desk.rollback(by="ana", reason=" ")
    with pytest.raises(RulesRefused, match="version 2 only"):
        desk.rollback(by="ana", reason="too many alerts", to=1)
    alone = desk.rollback(by="ana", reason="too many alerts")
    assert (in_force(desk), alone.waits) == (2, True)
    with pytest.raises(RulesRefused, match="not confirmed yet"):
        desk.rollback(by="cleo", reason="back")
    with pytest.raises(RulesRefused, match="Ana did it"):
        desk.confirm(alone.number, by="Ana")
    assert not desk.confirm(alone.number, by="ben").waits
    with pytest.raises(RulesRefused, match="waits for nobody"):
        desk.confirm(alone.number, by="cleo")
    assert desk.rollback_by_two(by="ana", reason="far", to=1) is None
    with pytest.raises(SecondPerson):
        desk.rollback_by_two(by="ANA", reason="far", to=1)
    assert in_force(desk) == 2, "proposed is not done"
    both = desk.rollback_by_two(by="ben", reason="agreed", to=1)
    assert both is not None
    assert (in_force(desk), both.waits, both.by, both.second) == (1, False, "ana", "ben")
    assert [state for _, state in desk.versions()] == ["published", "superseded", "superseded"]
    with pytest.raises(RulesRefused, match="in force before"):
        desk.publish(3, by="ben")


def test_nothing_to_roll_back_to_is_said(desk: RuleDesk) -> None:
    with pytest.raises(RulesRefused, match="nothing was published"):
        desk.rollback(by="ana", reason="x")
    published(desk, ONE)
    with pytest.raises(RulesRefused, match="no version before"):
        desk.rollback(by="ana", reason="x")
    with pytest.raises(RulesRefused, match="version 1 was not in force before"):
        desk.rollback_by_two(by="ana", reason="x", to=1)


def test_a_challenger_runs_beside_until_it_is_stopped_or_published(desk: RuleDesk) -> None:
    """K10: champion against challenger: the challenger is evaluated in the shadow of the champion."""
    published(desk, ONE)
    version = desk.propose(TWO, by="ana").version
    with pytest.raises(RulesRefused, match="not approved"):
        desk.publish(version, by="ben", role=Role.CHALLENGER)
    desk.approve(version, by="ben")
    with pytest.raises(RulesRefused, match="beside another version"):
        desk.publish(1, by="ben", role=Role.CHALLENGER)
    desk.publish(version, by="ben", role=Role.CHALLENGER)
    found = desk.in_force()
    assert found is not None
    assert (found.publication.version, found.challenger) == (1, 2)
    assert [(rule.name, rule.shadow) for rule in found.evaluated.rules] == [
        ("r0", False),
        ("challenger/r0", True),
    ]
    assert [state for _, state in desk.versions()] == ["published", "challenger"]
    desk.stop_challenger(by="cleo")
    assert [state for _, state in desk.versions()] == ["published", "approved"]
    with pytest.raises(RulesRefused, match="no challenger"):
        desk.stop_challenger(by="cleo")
    desk.publish(version, by="ben", role=Role.CHALLENGER)
    desk.publish(version, by="ben")
    found = desk.in_force()
    assert found is not None
    assert (found.publication.version, found.challenger) == (2, 0)


def test_what_was_changed_in_the_database_does_not_decide(desk: RuleDesk) -> None:
    published(desk, ONE, TWO)
    with desk._database.writing() as connection:
        connection.execute(update(VERSION).where(VERSION.c.version == 2).values(text=ONE))
    with pytest.raises(RulesRefused, match="not what was"):
        desk.in_force()
    with desk._database.writing() as connection:
        connection.execute(update(VERSION).where(VERSION.c.version == 2).values(text=TWO))
        connection.execute(update(PUBLICATION).where(PUBLICATION.c.number == 2).values(reason="another"))
    with pytest.raises(RulesRefused, match="does not follow"):
        desk.in_force()
    with desk._database.writing() as connection:
        connection.execute(update(PUBLICATION).where(PUBLICATION.c.number == 2).values(reason="", entry=0))
    with pytest.raises(RulesRefused, match="log entry 0"):
        desk.in_force()
    with desk._database.writing() as connection:
        connection.execute(delete(PUBLICATION).where(PUBLICATION.c.number == 1))
    with pytest.raises(RulesRefused, match="does not follow"):
        desk.in_force()


def test_ids_and_reasons_are_checked(desk: RuleDesk) -> None:
    with pytest.raises(RulesRefused, match="person's id"):
        desk.propose(ONE, by="Ana Maria")
    with pytest.raises(RulesRefused, match="at most"):
        desk.propose(ONE, by="ana", note="x" * 500)
    with pytest.raises(RulesRefused, match="no version 7"):
        desk.approve(7, by="ben")


@pytest.mark.parametrize(
    ("table", "values"),
    [
        (VERSION, {"approved_by": "cleo"}),
        (VERSION, {"proposed_by": "cleo"}),
        (VERSION, {"approved_at": 1}),
    ],
)
def test_who_proposed_and_who_approved_is_part_of_what_is_sealed(
    desk: RuleDesk, table: Table, values: dict[str, object]
) -> None:
    """K10: whoever changes the maker or the checker of what is in force in the control data is told, and no rules are
    read from it."""
    published(desk, ONE)
    with desk._database.writing() as connection:
        connection.execute(update(table).values(values))
    with pytest.raises(RulesRefused, match="version 1 was proposed or approved by others than its seal says"):
        desk.in_force()
    with pytest.raises(RulesRefused, match="by others"):
        desk.rollback(by="ana", reason="x")


def test_a_confirmation_that_nobody_sealed_is_told(desk: RuleDesk) -> None:
    """K10: a rollback by one person is not confirmed by a pen in the control data."""
    published(desk, ONE, TWO)
    alone = desk.rollback(by="ana", reason="too many alerts")
    with desk._database.writing() as connection:
        connection.execute(
            update(PUBLICATION)
            .where(PUBLICATION.c.number == alone.number)
            .values(confirmed_by="ben", confirmed_entry=alone.entry)
        )
    with pytest.raises(RulesRefused, match=f"publication {alone.number} is not what log entry"):
        desk.in_force()


def test_what_was_published_before_persons_were_part_of_the_seal_still_reads(
    desk: RuleDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """K10."""
    newer = Publication.computed
    monkeypatch.setattr(Publication, "computed", lambda act, _version=None: newer(act))
    published(desk, ONE)
    monkeypatch.undo()
    assert in_force(desk) == 1
    published(desk, TWO)
    assert (in_force(desk), len(desk.digests())) == (2, 2)
