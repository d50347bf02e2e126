"""Account structures as data: the four built in, what a file must satisfy, and what comes into force."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import update

from jinku.base.calendar import calendar_named
from jinku.base.database import Database
from jinku.base.errors import InputError
from jinku.custody.errors import BadOrder
from jinku.custody.structure.book import ADOPTION, StructureBook, refuse_lost_meaning
from jinku.custody.structure.chart import Chart
from jinku.custody.structure.errors import StructureRefused
from jinku.custody.structure.table import KIND_MONEY, Kind, Limit, Money, Place, Role
from jinku.custody.structure.template import BUILT_IN, load_structure, read_structure, template_text
from jinku.ledger import Ledger
from jinku.ledger.opening import open_journal

BEFORE = {
    "BANK_MIRROR": 1001,
    "OWN_BANK_MIRROR": 1002,
    "IN_TRANSIT": 1010,
    "INVESTOR": 2001,
    "BORROWER": 2002,
    "MERCHANT": 2003,
    "GUARANTOR": 2004,
    "SUSPENSE": 2090,
    "RISK_RESERVE": 3001,
    "FEE_INCOME": 4001,
    "PLATFORM_OWN": 4002,
}
"""Codes that ledgers in use have had from the beginning."""


@pytest.mark.parametrize("name", BUILT_IN)
def test_each_programme_is_whole(name: str) -> None:
    """R1: templates for a China platform, UK and EU safeguarding institutions and a US for-benefit-of programme."""
    structure = load_structure(name)
    assert structure.name == name
    assert structure.english.isascii()
    assert not structure.chinese.isascii()
    assert structure.roles
    assert calendar_named(structure.calendar).name == structure.calendar
    for kind in structure.kinds.values():
        assert kind.english
        assert not kind.chinese.isascii() or "FBO" in kind.chinese
        if kind.money is Money.CLIENT:
            assert kind.limit is Limit.NO_OVERDRAFT
        if kind.place is Place.BANK:
            assert kind.limit is Limit.NO_CREDIT_BALANCE
    for pool in structure.pools:
        assert structure.places(pool)[0].place is Place.BANK
    assert len(structure.digest) == 32


def test_codes_in_use_keep_their_meaning() -> None:
    """R1: a ledger of today stays valid under the structure as data."""
    structure = load_structure()
    assert {key: structure.by_key[key].code for key in BEFORE} == BEFORE
    assert set(KIND_MONEY) == set(Kind)
    assert {role: kind.key for role, kind in structure.roles.items()} == {
        Role.INVESTOR: "INVESTOR",
        Role.BORROWER: "BORROWER",
        Role.MERCHANT: "MERCHANT",
        Role.GUARANTOR: "GUARANTOR",
    }


def test_the_programmes_differ_where_their_law_does() -> None:
    uk, eu, us = (load_structure(name) for name in BUILT_IN[1:])
    assert [one.key for one in uk.places("client_pool")] == [
        "BANK_MIRROR",
        "SECOND_BANK_MIRROR",
        "ASSETS_MIRROR",
        "IN_TRANSIT",
    ]
    assert "Relevant funds" in uk.pools["client_pool"].english
    assert (uk.calendar, eu.calendar, us.calendar) == ("UK", "TARGET", "US")
    assert us.kind(Kind.PROGRAMME_RESERVE).pool == "reserve_account"
    assert us.bank_of(Kind.PROGRAMME_RESERVE).key == "RESERVE_MIRROR"
    assert us.kind(Kind.IN_TRANSIT).limit is Limit.UNLIMITED
    with pytest.raises(InputError, match=r"kind='INVESTOR'.*us-fbo"):
        us.kind(Kind.INVESTOR)
    with pytest.raises(BadOrder, match="use one of end_user"):
        Chart(1, 840, us).party_account(Role.INVESTOR, 1)


def test_the_digest_is_of_the_content_only() -> None:
    text = template_text("cn-fund-custody")
    same = read_structure(("# a remark\n" + text).encode(), "x.toml")
    assert same == load_structure()
    assert hash(same) == hash(load_structure())
    other = read_structure(text.replace('cut_off = "16:00"', 'cut_off = "16:01"').encode(), "x.toml")
    assert other != load_structure()


CN = template_text("cn-fund-custody")
INVESTOR = CN[CN.index('[[kind]]\nkey = "INVESTOR"') : CN.index('[[kind]]\nkey = "BORROWER"')]
OWN_KIND = INVESTOR.replace("INVESTOR", "SECOND_MIRROR").replace("2001", "10001")


def without(line: str) -> str:
    assert line in CN
    return CN.replace(line, "", 1)


def swapped(old: str, new: str) -> str:
    assert old in CN
    return CN.replace(old, new, 1)


@pytest.mark.parametrize(
    ("text", "field", "value"),
    [
        ("name = ", "", ""),
        (swapped('name = "cn', 'name = "CN'), "name", "CN-fund-custody"),
        (swapped("version = 1", 'version = "1"'), "version", "1"),
        (swapped("version = 1", "version = true"), "version", "True"),
        (swapped("version = 1", "version = 1\nowner = 5"), "owner", "5"),
        (swapped('calendar = "CN"', 'calendar = "MARS"'), "entity.calendar", "MARS"),
        (swapped("Asia/Shanghai", "Asia/Nowhere"), "entity.timezone", "Asia/Nowhere"),
        (swapped("Asia/Shanghai", "../../etc/passwd"), "entity.timezone", "../../etc/passwd"),
        (swapped("16:00", "25:00"), "entity.cut_off", "25:00"),
        (swapped('["CNY"]', '["CNY", "ZZZ"]'), "entity.currencies[1]", "ZZZ"),
        (swapped('["CNY"]', "[]"), "entity.currencies", "[]"),
        (swapped('key = "own_account"', 'key = "client_pool"'), "pool[1].key", "client_pool"),
        (swapped('money = "own"', 'money = "control"'), "pool[1].money", "control"),
        (swapped("code = 1002", "code = 1001"), "kind[1].code", "1001"),
        (swapped("code = 1002", "code = 70000"), "kind[1].code", "70000"),
        (swapped("code = 2001", "code = 2999"), "kind[3].code", "2999"),
        (swapped('key = "INVESTOR"', 'key = "LENDER"'), "kind[3].key", "LENDER"),
        (swapped('role = "investor"', 'role = "borrower"'), "kind[3].role", "borrower"),
        (swapped('place = "transit"', 'place = "bank"'), "kind[2].place", "bank"),
        (CN + OWN_KIND.replace("investor", "wizard"), "kind[12].role", "wizard"),
        (CN + OWN_KIND, "kind[12].role", "investor"),
        (
            CN + OWN_KIND.replace('role = "investor"\n', "").replace("client_pool", "own_account"),
            "kind[12].pool",
            "",
        ),
        (
            CN + OWN_KIND.replace("client_pool", "moon").replace("investor", "customer"),
            "kind[12].pool",
            "moon",
        ),
        (
            swapped('side = "credit"\nlimit = "no_overdraft"', 'side = "debit"\nlimit = "no_overdraft"'),
            "side",
            "debit",
        ),
        (swapped('limit = "no_overdraft"', 'limit = "unlimited"'), "kind[3].limit", "unlimited"),
        (swapped('limit = "no_credit_balance"', 'limit = "unlimited"'), "kind[0].limit", "unlimited"),
        (swapped('chinese = "出借人"\n', ""), "kind[3].chinese", ""),
        (CN[: CN.index('[[kind]]\nkey = "PLATFORM_OWN"')], "kind", "PLATFORM_OWN"),
    ],
)
def test_a_wrong_file_is_refused_by_file_key_and_value(text: str, field: str, value: str) -> None:
    """R1: what is wrong is named once, by file, key and value."""
    with pytest.raises(InputError) as caught:
        read_structure(text.encode(), "mine.toml")
    assert caught.value.file == "mine.toml"
    assert field in caught.value.field
    assert value in caught.value.value or not value
    assert caught.value.remedy


def test_an_institution_adds_bank_accounts_of_its_own() -> None:
    """R1: a pool may be spread over several bank accounts, each with a mirror."""
    mirror = CN[CN.index('[[kind]]\nkey = "BANK_MIRROR"') : CN.index('[[kind]]\nkey = "OWN_BANK_MIRROR"')]
    text = CN + mirror.replace('"BANK_MIRROR"', '"CITY_BANK"').replace("1001", "10001")
    structure = read_structure(text.encode(), "mine.toml")
    assert [one.key for one in structure.places("client_pool")] == ["BANK_MIRROR", "CITY_BANK", "IN_TRANSIT"]
    assert Chart(1, 156, structure).account(10_001) & 0xFFFF == 10_001


def test_a_file_is_loaded_by_its_path(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(CN, encoding="utf-8")
    assert load_structure(path) == load_structure(str(path)) == load_structure()
    with pytest.raises(InputError, match="structure='mine'"):
        load_structure("mine")
    path.write_bytes(b"\xff\xfe")
    with pytest.raises(InputError, match=r"mine\.toml: is not TOML"):
        load_structure(path)


@pytest.fixture(params=["sqlite", "postgres"])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    where: Path | str = tmp_path / "control.db"
    if request.param == "postgres":
        new: Callable[[], str] = request.getfixturevalue("new_postgres_url")
        where = new()
    with Database.open(where) as opened:
        yield opened


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    with open_journal(tmp_path / "ledger") as opened:
        yield opened


def test_a_structure_comes_into_force_by_two_persons(database: Database, ledger: Ledger) -> None:
    """R1: which structure a legal entity has is adopted by two persons, sealed, and noticed when changed."""
    ticks: Any = iter(range(1, 100))
    book = StructureBook(database, ledger, lambda: next(ticks))
    asked = book.propose(3, template_text("uk-safeguarding"), by="maker")
    assert book.in_force() == {}
    with pytest.raises(StructureRefused, match="cannot confirm"):
        book.confirm(asked.id, by="maker")
    adopted = book.confirm(asked.id, by="checker")
    assert adopted.entry >= 0
    assert book.in_force() == {3: load_structure("uk-safeguarding")}
    with pytest.raises(StructureRefused, match="before"):
        book.confirm(asked.id, by="checker")
    with pytest.raises(StructureRefused, match="taken away"):
        book.propose(3, template_text("us-fbo"), by="maker")
    later = template_text("uk-safeguarding").replace("version = 1", "version = 2").replace("17:00", "16:30")
    book.confirm(book.propose(3, later, by="maker").id, by="checker")
    assert book.in_force()[3].version == 2
    with database.writing() as connection:
        connection.execute(update(ADOPTION).values(text=later.replace("16:30", "23:59")))
    with pytest.raises(StructureRefused, match="not what was confirmed"):
        book.in_force()


def test_a_later_structure_keeps_the_meaning_of_accounts_that_exist() -> None:
    """R1: nobody's past money changes its owner by a new file."""
    before = load_structure("us-fbo")
    text = template_text("us-fbo")
    moved = text.replace('pool = "reserve_account"\nside', 'pool = "own_account"\nside')
    with pytest.raises(StructureRefused, match=r"PROGRAMME_RESERVE.pool changes from reserve_account"):
        refuse_lost_meaning(before, read_structure(moved.encode(), "x"))
    renamed = text.replace("Programme reserve account at the bank", "Reserve at the bank")
    refuse_lost_meaning(before, read_structure(renamed.encode(), "x"))
