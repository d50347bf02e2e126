"""Versions of lists, the book, clearances and the cheap answer, on SQLite and PostgreSQL."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from sqlalchemy import text
from tests.risk.screening.kit import UN, Clock, Seals, domestic, written

from jinku.base.clock import NS_PER_DAY
from jinku.base.database import Database
from jinku.risk.screening.book import Book, Movement, look_back, rescreen
from jinku.risk.screening.errors import BadList, NoList, NotAsked, ScreeningError
from jinku.risk.screening.formats.domestic import read_domestic
from jinku.risk.screening.formats.reading import Loaded
from jinku.risk.screening.formats.un import read_un
from jinku.risk.screening.lists import ListDesk, Version
from jinku.risk.screening.model import Facts, Subject
from jinku.risk.screening.names import Kind
from jinku.risk.screening.whitelist import Whitelist


@dataclass
class Kit:
    """Everything of screening over one database."""

    lists: ListDesk
    whitelist: Whitelist
    book: Book
    clock: Clock
    seals: Seals
    directory: Path

    def domestic(self, *names: str) -> Loaded:
        rows = [(str(at), name) for at, name in enumerate(names)]
        return read_domestic(*domestic(self.directory / "cn.csv", rows))

    def load(self, *names: str, effective_from: int | None = None) -> Version:
        return self.lists.load(self.domestic(*names), "cn", by="officer-1", effective_from=effective_from)


@pytest.fixture(params=["sqlite", "postgres"])
def kit(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Kit]:
    """On each engine that control data has."""
    where: Path | str = tmp_path / "control.db"
    if request.param == "postgres":
        new: Callable[[], str] = request.getfixturevalue("new_postgres_url")
        where = new()
    clock, seals = Clock(), Seals()
    with Database.open(where) as database:
        yield Kit(
            ListDesk(database, seals, clock),
            Whitelist(database, seals, clock),
            Book(database),
            clock,
            seals,
            tmp_path,
        )


PEOPLE = (
    "张三丰",
    "李四光",
    "王五军",
    "赵六安",
    "孙七海",
    "周八方",
    "吴九州",
    "郑十全",
    "冯一鸣",
    "陈二南",
    "楚三江",
    "魏四平",
)


def test_a_version_is_kept_sealed_and_found_again(kit: Kit) -> None:
    """K5: versions with content digest, source date and who loaded it, sealed under topic 14."""
    one = kit.load(*PEOPLE)
    assert (one.version, one.entries, one.source_date, one.loaded_by) == (1, 12, "2026-02-16", "officer-1")
    assert one.sealed_entry == 1
    assert [topic for _, topic in kit.seals.seen] == [14]
    assert kit.load(*PEOPLE).version == 1
    assert [entry.names[0].text for entry in kit.lists.entries("cn", 1)][:2] == ["张三丰", "李四光"]
    assert kit.lists.running().index.search(Subject("c", ("張三豐",), Kind.PERSON))


class Torn(Seals):
    """A ledger that is gone between the write and the seal."""

    def seal(self, digest: bytes, topic: int) -> tuple[int, int]:
        raise ConnectionError


def test_what_was_written_and_not_sealed_has_not_happened_when_a_house_opens(kit: Kit) -> None:
    """K5: a process that ends between write and seal leaves nothing unsealed, and nothing that nobody sealed."""
    kit.load(*PEOPLE)
    database, subject = kit.book._database, Subject("c-1", ("张三丰",), Kind.PERSON)
    torn = ListDesk(database, Torn(kit.seals.seen), kit.clock)
    whitelist = Whitelist(database, Torn(kit.seals.seen), kit.clock)
    entry = kit.lists.entries("cn", 1)[0]
    soon = kit.clock() + NS_PER_DAY
    with pytest.raises(ConnectionError):
        torn.load(kit.domestic(*PEOPLE, "新来者"), "cn", by="officer-1")
    with pytest.raises(ConnectionError):
        whitelist.propose(subject, entry, "seen", by="clerk-1", expires=soon)
    assert [one.sealed_entry for one in kit.lists.versions()] == [1, -1]
    assert [one.version for one in kit.lists.in_force()] == [1], "what is on its way is not in force"
    assert (kit.lists.resume(), kit.whitelist.resume()) == (1, 1)
    assert ([one.version for one in kit.lists.versions()], kit.whitelist.all()) == ([1], [])
    waiting = kit.lists.load(kit.domestic(*PEOPLE[:6]), "cn", by="officer-1", great_loss=True)
    number = kit.whitelist.propose(subject, entry, "seen", by="clerk-1", expires=soon)
    with pytest.raises(ConnectionError):
        torn.confirm("cn", waiting.version, by="officer-2")
    with pytest.raises(ConnectionError):
        whitelist.confirm(number, by="clerk-2")
    assert (kit.lists.resume(), kit.whitelist.resume()) == (1, 1)
    assert [one.state for one in kit.lists.versions()] == ["in_force", "waiting"]
    assert (kit.whitelist.all()[0].confirmed_by, kit.whitelist.cleared()) == ("", frozenset())
    assert [one.version for one in kit.lists.in_force()] == [1]
    assert kit.lists.resume() == kit.whitelist.resume() == 0


def test_what_was_sealed_and_not_noted_has_happened(kit: Kit) -> None:
    """K5: a process that ends right after the seal loses nothing."""
    kit.load(*PEOPLE)
    with kit.book._database.writing() as connection:
        connection.execute(text("UPDATE screening_act SET entry = -1"))
        connection.execute(text("UPDATE screening_version SET sealed_entry = -1"))
    assert [one.version for one in kit.lists.in_force()] == [1]
    assert kit.lists.resume() == 1
    assert [one.sealed_entry for one in kit.lists.versions()] == [1]


def test_a_book_is_put_whole_and_the_last_of_a_key_stands(kit: Kit) -> None:
    many = [Subject(f"c-{at}", (f"name {at}",), Kind.PERSON) for at in range(1_203)]
    assert kit.book.put([*many, Subject("c-7", ("another",), Kind.PERSON)]) == 1_204
    assert kit.book.put([Subject("c-8", ("third",), Kind.PERSON)]) == 1
    kept = {one.key: one.names[0] for one in kit.book.subjects()}
    assert len(kept) == 1_203
    assert (kept["c-7"], kept["c-8"], kept["c-1202"]) == ("another", "third", "name 1202")


def test_versions_are_compared(kit: Kit) -> None:
    kit.load(*PEOPLE)
    two = kit.load("张三丰", "李四广", *PEOPLE[2:], "新来者")
    found = kit.lists.diff("cn", 1, two.version)
    assert (found.added, found.removed, found.changed) == (("12",), (), ("1",))
    with pytest.raises(NoList):
        kit.lists.diff("cn", 1, 9)


def test_a_great_loss_is_refused_or_needs_two_persons(kit: Kit) -> None:
    """K5: a list that lost its entries does not take the running version's place."""
    kit.load(*PEOPLE)
    short = kit.domestic(*PEOPLE[:6])
    with pytest.raises(BadList, match="6 of 12"):
        kit.lists.load(short, "cn", by="officer-1")
    assert [one.version for one in kit.lists.in_force()] == [1]
    waiting = kit.lists.load(short, "cn", by="officer-1", great_loss=True)
    assert [one.version for one in kit.lists.in_force()] == [1]
    with pytest.raises(NotAsked):
        kit.lists.confirm("cn", waiting.version, by="OFFICER-1")
    kit.lists.confirm("cn", waiting.version, by="officer-2")
    assert [(one.version, one.checked_by) for one in kit.lists.in_force()] == [(2, "officer-2")]
    with pytest.raises(NotAsked):
        kit.lists.refuse("cn", waiting.version, by="officer-3")


def test_a_version_takes_effect_at_its_moment(kit: Kit) -> None:
    kit.load(*PEOPLE)
    later = kit.clock() + NS_PER_DAY
    kit.load(*PEOPLE, "明天人", effective_from=later)
    assert [one.version for one in kit.lists.in_force()] == [1]
    assert not kit.lists.running().index.search(Subject("c", ("明天人",), Kind.PERSON))
    kit.clock.days(1)
    assert [one.version for one in kit.lists.in_force()] == [2]
    assert kit.lists.running().index.search(Subject("c", ("明天人",), Kind.PERSON))
    assert [one.version for one in kit.lists.in_force(later - 1)] == [1]


def test_a_bad_file_leaves_the_running_version(kit: Kit) -> None:
    """K5: cut in half, one clear error, the running version stays."""
    path = written(kit.directory / "un.xml", UN)
    kit.lists.load(read_un(path), "un", by="officer-1")
    before = kit.lists.running().key
    written(path, UN[: len(UN) // 2])
    with pytest.raises(BadList):
        kit.lists.load(read_un(path), "un", by="officer-1")
    assert kit.lists.running().key == before
    assert kit.lists.running().index.search(Subject("c", ("Zeng Guofan",), Kind.PERSON))


def test_the_whole_book_is_screened_again_when_a_list_changes(kit: Kit) -> None:
    """K5: whole book with the chain of owners and counterparties, and a look back at movements."""
    kit.load(*PEOPLE)
    before = kit.lists.running().digests
    kit.book.put(
        [
            Subject("c-1", ("好人公司",), Kind.ORGANIZATION),
            Subject("o-1", ("中间公司",), Kind.ORGANIZATION, of="c-1", role="owner"),
            Subject("o-2", ("新上榜",), Kind.PERSON, of="o-1", role="owner"),
            Subject("c-2", ("张三丰",), Kind.PERSON),
            Subject("p-9", ("新上榜",), Kind.PERSON, of="c-2", role="counterparty"),
        ]
    )
    kit.load(*PEOPLE, "新上榜")
    running = kit.lists.running()
    found = rescreen(kit.book.subjects(), running, before=before)
    assert [(one.subject, one.customer, one.chain, one.new) for one in found] == [
        ("o-2", "c-1", ("o-2", "o-1", "c-1"), True),
        ("p-9", "c-2", ("p-9", "c-2"), True),
        ("c-2", "c-2", ("c-2",), False),
    ]
    assert all(one.list_version == "cn.2" and one.explanation for one in found)
    past = [
        Movement("m-2", 20, "c-2", "p-9"),
        Movement("m-1", 10, "c-1", "p-5"),
        Movement("m-3", 5, "c-2", "p-4"),
    ]
    looked = {one.subject: one.movements for one in look_back(found, past)}
    assert looked == {"o-2": ("m-1",), "p-9": ("m-2",), "c-2": ("m-3", "m-2")}
    assert "新上榜" not in str([one.document() for one in found])


def test_a_cleared_pair_comes_back_when_the_entry_changes_or_time_is_up(kit: Kit) -> None:
    """K5: pair whitelists that expire and are void when the entry changes."""
    kit.load(*PEOPLE)
    kit.book.put([Subject("c-2", ("张三丰",), Kind.PERSON)])
    entry = kit.lists.running().index.entries[0]
    number = kit.whitelist.propose(
        kit.book.subjects()[0],
        entry,
        "another birth place",
        by="clerk-1",
        expires=kit.clock() + 30 * NS_PER_DAY,
    )

    def found() -> int:
        return len(rescreen(kit.book.subjects(), kit.lists.running(), kit.whitelist.cleared()))

    assert found() == 1
    with pytest.raises(NotAsked):
        kit.whitelist.confirm(number, by="Clerk-1")
    kit.whitelist.confirm(number, by="officer-2")
    assert found() == 0
    assert all(topic == 14 for _, topic in kit.seals.seen)
    changed = kit.domestic(*PEOPLE)
    first = changed.entries[0]
    object.__setattr__(first, "facts", Facts(countries=("cn",)))
    kit.lists.load(changed, "cn", by="officer-1")
    assert found() == 1
    kit.load(*PEOPLE)
    assert found() == 0
    kit.clock.days(31)
    assert found() == 1


def test_a_clearance_needs_a_reason_and_a_near_end_and_may_be_withdrawn(kit: Kit) -> None:
    kit.load(*PEOPLE)
    entry = kit.lists.running().index.entries[0]
    soon = kit.clock() + NS_PER_DAY
    for reason, expires in ((" ", soon), ("x", kit.clock()), ("x", kit.clock() + 400 * NS_PER_DAY)):
        with pytest.raises(ScreeningError):
            kit.whitelist.propose(Subject("c", ("甲",)), entry, reason, by="clerk-1", expires=expires)
    number = kit.whitelist.propose(Subject("c", ("甲",)), entry, "x", by="clerk-1", expires=soon)
    kit.whitelist.confirm(number, by="officer-2")
    assert kit.whitelist.cleared()
    kit.whitelist.withdraw(number, by="officer-2")
    assert not kit.whitelist.cleared()
    with pytest.raises(NotAsked):
        kit.whitelist.confirm(number, by="officer-3")


def test_the_book_refuses_who_has_no_name_and_forgets(kit: Kit) -> None:
    with pytest.raises(ScreeningError):
        kit.book.put([Subject("c-1", ("",))])
    kit.book.put([Subject("c-1", ("甲",)), Subject("c-1", ("乙",))])
    assert [one.names for one in kit.book.subjects()] == [("乙",)]
    assert kit.book.remove("c-1")
    assert not kit.book.remove("c-1")
    with pytest.raises(NoList):
        kit.lists.running()
