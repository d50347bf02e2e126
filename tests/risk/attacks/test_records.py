"""Somebody with the control database in hand who wants a name to be gone, or a pair to be cleared."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import text
from tests.risk.screening.kit import Clock, Seals, domestic

from jinku.base.clock import NS_PER_DAY
from jinku.base.database import Database
from jinku.ledger.sealed import LogSeals
from jinku.risk.screening.errors import NotAsked, ScreeningAltered
from jinku.risk.screening.formats.domestic import read_domestic
from jinku.risk.screening.formats.reading import Loaded
from jinku.risk.screening.lists import ListDesk
from jinku.risk.screening.model import Facts, Subject
from jinku.risk.screening.names import Kind
from jinku.risk.screening.sealing import ScreeningActs
from jinku.risk.screening.whitelist import Whitelist

NAMES = ("张三丰", "李四光", "王五军")
SUBJECT = Subject("c-1", ("张三丰",), Kind.PERSON, Facts(births=("1970-01-02",)))


class Room:
    """Two versions of a list in force after each other; one clearance confirmed, one withdrawn, one proposed."""

    def __init__(self, database: Database, directory: Path) -> None:
        self.database, self.directory, self.clock, self.seals = database, directory, Clock(), Seals()
        lists, whitelist = self.lists(), self.whitelist()
        for names in (NAMES[:2], NAMES):
            lists.load(self.listing(names), "cn", by="officer-1")
            self.clock.now += 1
        self.entry = lists.entries("cn", 2)[0]
        for number in (1, 2, 3):
            soon = self.clock() + 30 * NS_PER_DAY
            whitelist.propose(SUBJECT, self.entry, "another birth place", by="clerk-1", expires=soon)
            if number < 3:
                whitelist.confirm(number, by="officer-2")
        whitelist.withdraw(2, by="officer-2")

    def listing(self, names: tuple[str, ...]) -> Loaded:
        rows = [(name, name) for name in names]
        return read_domestic(*domestic(self.directory / "cn.csv", rows))

    def lists(self) -> ListDesk:
        """The lists as a house finds them that opens."""
        return ListDesk(self.database, self.seals, self.clock)

    def whitelist(self) -> Whitelist:
        """The clearances as a house finds them that opens."""
        return Whitelist(self.database, self.seals, self.clock)

    def pen(self, *statements: str) -> None:
        """Change the control data."""
        with self.database.writing() as connection:
            for one in statements:
                connection.execute(text(one))


@pytest.fixture
def room(tmp_path: Path) -> Iterator[Room]:
    with Database.open(tmp_path / "control.db") as database:
        made = Room(database, tmp_path)
        assert [one.key for one in made.lists().in_force()] == ["cn.2"]
        assert len(made.whitelist().cleared()) == 1
        yield made


DELETED_VERSION = (
    "DELETE FROM screening_version WHERE version = 2",
    "DELETE FROM screening_member WHERE version = 2",
)
PENS = {
    "entry deleted": (
        ("DELETE FROM screening_member WHERE version = 2 AND entry = '张三丰'",),
        "version 2 of the list cn has other entries than were loaded .2 for 3.",
    ),
    "entry of an earlier version put in": (
        (
            "DELETE FROM screening_member WHERE version = 1",
            "UPDATE screening_member SET version = 1",
            "UPDATE screening_version SET version = version + 7",
        ),
        "list cn.1 is sealed in the log and no longer in the control data",
    ),
    "name changed": (
        ("UPDATE screening_entry SET document = replace(document, '李四光', '李四广')",),
        "version 2 of the list cn has other entries than were loaded .3 for 3.",
    ),
    "content changed too": (
        ("UPDATE screening_version SET content = 'x' WHERE version = 2",),
        "list cn.2 differs from what the log seals in content",
    ),
    "newest version deleted": (
        DELETED_VERSION,
        "list cn.2 is sealed in the log and no longer in the control data",
    ),
    "newest version deleted with its act": (
        (*DELETED_VERSION, "DELETE FROM screening_act WHERE key = 'cn.2'"),
        "log entry 2 seals a list or a clearance that the control data does not have",
    ),
    "its act put to another": (
        (*DELETED_VERSION, "UPDATE screening_act SET key = 'cn.1', number = number WHERE key = 'cn.2'"),
        "the act of list cn.1 is not what log entry 2 seals",
    ),
    "later effect": (
        ("UPDATE screening_version SET effective_from = effective_from * 2 WHERE version = 2",),
        "list cn.2 differs from what the log seals in effective_from",
    ),
    "made to wait": (
        ("UPDATE screening_version SET state = 'waiting', sealed_entry = -1 WHERE version = 2",),
        "list cn.2 differs from what the log seals in state",
    ),
    "all gone": (
        ("DELETE FROM screening_version", "DELETE FROM screening_member", "DELETE FROM screening_act"),
        "log entry 1 seals a list or a clearance that the control data does not have",
    ),
}


@pytest.mark.parametrize("what", PENS)
def test_a_list_changed_with_a_pen_is_told_and_screens_nobody(room: Room, what: str) -> None:
    """K5: a house that opens names the record that differs; the running version goes on where one runs."""
    running, was = room.lists(), room.lists().running().key
    kept = running.running()
    statements, told = PENS[what]
    room.pen(*statements)
    with pytest.raises(ScreeningAltered, match=told):
        room.lists().running()
    assert kept.index.search(SUBJECT)
    assert kept.key == was


@pytest.mark.parametrize("what", ["entry deleted", "name changed"])
def test_a_list_whose_entries_were_changed_is_loaded_again(room: Room, what: str) -> None:
    """K5: the same file again mends it, as another version."""
    room.pen(*PENS[what][0])
    mended = room.lists().load(room.listing(NAMES), "cn", by="officer-1")
    assert (mended.version, room.lists().running().key) == (3, "cn.3")
    assert room.lists().load(room.listing(NAMES), "cn", by="officer-1").version == 3


CLEARED_PENS = {
    "put in": (
        (
            "INSERT INTO screening_clearance SELECT 9, subject, subject_digest, entry, entry_digest, reason, "
            "reason_digest, proposed_by, proposed_at, confirmed_by, confirmed_at, expires, withdrawn, sealed_entry "
            "FROM screening_clearance WHERE id = 1",
        ),
        "clearance 9 was never sealed",
    ),
    "confirmed alone": (
        ("UPDATE screening_clearance SET confirmed_by = 'officer-2', confirmed_at = 1 WHERE id = 3",),
        "clearance 3 differs from what the log seals in confirmed_at, confirmed_by",
    ),
    "put back with the seal that it had": (
        (
            "UPDATE screening_clearance SET withdrawn = 0, sealed_entry = 6 WHERE id = 2",
            "DELETE FROM screening_act WHERE number = 8",
        ),
        "log entry . seals a list or a clearance that the control data does not have",
    ),
    "longer": (
        ("UPDATE screening_clearance SET expires = expires * 2 WHERE id = 1",),
        "clearance 1 differs from what the log seals in expires",
    ),
    "another subject": (
        ("UPDATE screening_clearance SET subject = 'c-2' WHERE id = 1",),
        "clearance 1 differs from what the log seals in subject",
    ),
    "another reason": (
        ("UPDATE screening_clearance SET reason = 'none' WHERE id = 1",),
        "clearance 1 has another reason than the log seals",
    ),
}


@pytest.mark.parametrize("what", CLEARED_PENS)
def test_a_clearance_written_with_a_pen_clears_nothing(room: Room, what: str) -> None:
    """K5: clearances count as the log seals them."""
    statements, told = CLEARED_PENS[what]
    room.pen(*statements)
    with pytest.raises(ScreeningAltered, match=told):
        room.whitelist().cleared()


def test_what_nobody_sealed_is_not_sealed_for_a_thief(room: Room) -> None:
    """K5: a clearance put in as if its process had ended before the seal is undone, not sealed."""
    room.pen(*CLEARED_PENS["put in"][0], "INSERT INTO screening_act VALUES (99, 'clearance', '9', 'x', -1)")
    before = len(room.seals.seen)
    assert len(room.whitelist().cleared()) == 1, "what waits for its seal clears nothing"
    assert room.whitelist().resume() == 1
    assert [one.id for one in room.whitelist().all()] == [1, 2, 3]
    room.pen(*DELETED_VERSION, "INSERT INTO screening_act VALUES (99, 'list', 'cn.2', '{}', -1)")
    assert [one.key for one in room.lists().in_force()] == ["cn.2"], "nor does it hide what is sealed"
    with pytest.raises(ScreeningAltered, match="other entries"):
        room.lists().running()
    assert len(room.seals.seen) == before


def test_two_persons_take_the_control_data_as_it_stands(room: Room) -> None:
    """K5: after a look, a house whose records were lost goes on; one person alone does not do it."""
    room.pen(*DELETED_VERSION, "DELETE FROM screening_act WHERE key = 'cn.2'")
    lists, acts = room.lists(), ScreeningActs(room.database, room.seals)
    stands = {"list": lists.stands(), "clearance": room.whitelist().stands()}
    with room.database.writing() as connection, pytest.raises(NotAsked):
        acts.adopt(connection, stands, "head-1", "HEAD-1")
    with room.database.writing() as connection:
        number = acts.adopt(connection, stands, "head-1", "head-2")
    with pytest.raises(ScreeningAltered):
        room.lists().running()
    acts.seal(number)
    assert room.lists().running().key == "cn.1"
    assert len(room.whitelist().cleared()) == 1
    room.clock.now += 1
    room.lists().load(room.listing(NAMES), "cn", by="officer-1")
    assert room.lists().running().key == "cn.2"
    room.pen("DELETE FROM screening_version WHERE version = 1")
    with pytest.raises(ScreeningAltered, match=r"list cn\.1 is sealed"):
        room.lists().running()


def test_a_clearance_lapses_when_subject_or_entry_change_and_the_review_says_why(room: Room) -> None:
    """K5: what was looked at was a name with its facts; another name under the same key is another person."""
    whitelist, entries = room.whitelist(), {"cn:张三丰": room.entry.digest}
    known: dict[str, Subject | None] = {"c-1": SUBJECT}

    def states() -> list[tuple[str, str]]:
        return [(one.state, one.why) for one in whitelist.review(known.get, entries)]

    assert states() == [("in_force", ""), ("withdrawn", ""), ("proposed", "")]
    assert SUBJECT.digest == Subject("c-9", SUBJECT.names, SUBJECT.kind, SUBJECT.facts).digest
    for changed in (
        Subject("c-1", ("张三峰",), Kind.PERSON, SUBJECT.facts),
        Subject("c-1", SUBJECT.names, Kind.PERSON, Facts(births=("1971-01-02",))),
        Subject("c-1", SUBJECT.names, Kind.PERSON, Facts(SUBJECT.facts.births, identifiers=("E123456",))),
    ):
        known["c-1"] = changed
        assert states()[0] == ("lapsed", "the subject's name, birth, country or identifiers changed")
        assert all(digest != changed.digest for _, digest, _, _ in whitelist.cleared())
    known["c-1"] = None
    assert states()[0] == ("lapsed", "nobody is known under the subject's key any more")
    known["c-1"], entries["cn:张三丰"] = SUBJECT, "0" * 64
    assert states()[0] == ("lapsed", "the entry changed")
    entries.clear()
    assert states()[0] == ("lapsed", "no list in force has the entry any more")
    room.clock.days(31)
    assert [state for state, _ in states()] == ["expired", "withdrawn", "expired"]


def test_the_places_of_seals_are_kept_and_made_again(room: Room, tmp_path: Path) -> None:
    """K5: opening reads of the log only what is new; a file that does not fit the log is made anew."""
    path, read = tmp_path / "seals", list[int]()

    class Counting(Seals):
        def entries(self, first: int, count: int):  # type: ignore[no-untyped-def]
            read.append(first)
            return super().entries(first, count)

    def found(log: Seals) -> int:
        return len(LogSeals(log, (14,), path).of(14))

    whole = len(room.seals.seen)
    assert found(Counting(room.seals.seen)) == whole
    read.clear()
    assert found(Counting(room.seals.seen)) == whole
    assert read == [whole], "only that the newest is still there"
    room.seals.seal(b"a" * 32, 14)
    room.seals.seal(b"b" * 32, 13)
    assert found(room.seals) == whole + 1
    path.write_bytes(path.read_bytes()[:-5])
    assert found(room.seals) == whole + 1
    other = Seals([(bytes([at]) * 32, 14) for at in range(whole + 2)])
    assert found(other) == whole + 2
