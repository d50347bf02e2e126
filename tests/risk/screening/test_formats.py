"""Lists in their own formats: what is read, and that half a file, poison or nothing is one clear error."""

from collections.abc import Callable
from pathlib import Path

import pytest
from tests.risk.screening.kit import ADD, ALT, SDN, SHARED, UN, domestic, written

from jinku.risk.screening.errors import BadList
from jinku.risk.screening.formats.domestic import read_domestic
from jinku.risk.screening.formats.ofac import read_ofac
from jinku.risk.screening.formats.reading import Loaded, birth, country
from jinku.risk.screening.formats.un import read_un
from jinku.risk.screening.model import Quality
from jinku.risk.screening.names import Kind


def _un(tmp: Path, text: str | bytes) -> Loaded:
    return read_un(written(tmp / "un.xml", text))


def _ofac(tmp: Path, sdn: str = SDN, alt: str = ALT) -> Loaded:
    return read_ofac(
        written(tmp / "sdn.csv", sdn), written(tmp / "alt.csv", alt), written(tmp / "add.csv", ADD)
    )


def test_the_uns_list_is_read_with_names_and_facts(tmp_path: Path) -> None:
    """K5: the consolidated list in its own format."""
    loaded = _un(tmp_path, UN)
    assert loaded.source_date == "2026-02-27"
    first, second, third = loaded.entries
    assert [(one.text, one.quality) for one in first.names] == [
        ("USAMA TESTADEN", Quality.PRIMARY),
        ("Osama bin Testaden", Quality.STRONG),
        ("The Director", Quality.WEAK),
    ]
    assert first.facts.births == ("1957-07-30",)
    assert first.facts.identifiers == ("A123456",)
    assert (first.facts.countries, first.facts.gender, first.since) == (("ye",), "m", "2001-10-06")
    assert [one.text for one in second.names] == ["ZENG GUOFAN", "曾国藩"]
    assert (third.kind, third.facts.countries) == (Kind.ORGANIZATION, ("ir",))


def test_the_treasurys_list_is_read_with_aliases_and_remarks(tmp_path: Path) -> None:
    """K5: OFAC's entries, aliases and addresses."""
    person, vessel, fund = _ofac(tmp_path).entries
    assert [one.text for one in person.names] == [
        "PETRENKO, Oleksandr Ivanovych",
        "Alexander PETRENKO",
        "SASHKO",
    ]
    assert person.names[2].quality is Quality.WEAK
    assert person.facts.births == ("1955-05-04", "1955/1957")
    assert (person.facts.gender, person.facts.identifiers, person.facts.countries) == (
        "m",
        ("EK123456",),
        ("ua",),
    )
    assert (vessel.kind, vessel.facts.identifiers, vessel.facts.countries) == (
        Kind.VESSEL,
        ("9187629",),
        ("pa",),
    )
    assert (fund.kind, fund.facts.countries) == (Kind.ORGANIZATION, ("by",))


def test_a_domestic_list_is_read_by_its_mapping(tmp_path: Path) -> None:
    """K5: domestic lists as CSV by a mapping."""
    loaded = read_domestic(*domestic(tmp_path / "cn.csv", [("甲1", "张三"), ("甲2", "某某有限公司")]))
    assert [(one.key, one.names[0].text) for one in loaded.entries] == [
        ("cn:甲1", "张三"),
        ("cn:甲2", "某某有限公司"),
    ]
    assert loaded.source_date == "2026-02-16"


POISON: list[tuple[str, str, str]] = [
    ("empty", "", "is empty"),
    ("half", UN[: len(UN) // 2], "not whole"),
    ("no entries", '<?xml version="1.0"?><CONSOLIDATED_LIST/>', "no entries"),
    ("another document", "<html/>", "not a consolidated list"),
    (
        "no name",
        UN.replace("<FIRST_NAME>ZENG</FIRST_NAME>", "").replace("<SECOND_NAME>GUOFAN</SECOND_NAME>", ""),
        "FIRST_NAME",
    ),
    ("twice", UN.replace("<DATAID>2</DATAID>", "<DATAID>1</DATAID>"), "twice"),
    ("no number", UN.replace("<DATAID>2</DATAID>", "<DATAID>x</DATAID>"), "DATAID"),
    (
        "entities",
        '<?xml version="1.0"?><!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/hostname">]><CONSOLIDATED_LIST>'
        "<INDIVIDUALS><INDIVIDUAL><DATAID>1</DATAID><FIRST_NAME>&x;</FIRST_NAME></INDIVIDUAL></INDIVIDUALS></CONSOLIDATED_LIST>",
        "document type|not whole",
    ),
    (
        "a bomb",
        '<?xml version="1.0"?><!DOCTYPE l [<!ENTITY a "aaaaaaaaaa">'
        + "".join(f'<!ENTITY {b} "{f"&{a};" * 10}">' for a, b in zip("abcdefgh", "bcdefghi", strict=True))
        + "]><CONSOLIDATED_LIST><X>&i;</X></CONSOLIDATED_LIST>",
        "document type|not whole",
    ),
]


@pytest.mark.parametrize(("what", "text", "words"), POISON)
def test_a_poisoned_un_list_is_one_error_with_its_place(
    tmp_path: Path, what: str, text: str, words: str
) -> None:
    with pytest.raises(BadList, match=words) as caught:
        _un(tmp_path, text)
    assert caught.value.file == "un.xml", what
    assert caught.value.line >= 1
    assert "ZENG" not in str(caught.value)


@pytest.mark.parametrize("share", [0.1, 0.35, 0.6, 0.9, 0.99])
def test_a_list_cut_anywhere_is_refused(tmp_path: Path, share: float) -> None:
    for text, read in (
        (UN, lambda text: _un(tmp_path, text)),
        (SDN, lambda text: _ofac(tmp_path, sdn=text)),
        (ALT, lambda text: _ofac(tmp_path, alt=text)),
    ):
        reading: Callable[[str], Loaded] = read
        with pytest.raises(BadList):
            reading(text[: int(len(text) * share) - 3])


@pytest.mark.parametrize(
    ("old", "new", "field"),
    [
        ('13,"DELTA', 'x,"DELTA', "ent_num"),
        ('13,"DELTA', '11,"DELTA', "ent_num"),
        ('"vessel","TEST"', '"submarine","TEST"', "SDN_Type"),
        ('"SEA STAR III"', "-0- ", "SDN_Name"),
        ('"CL1",', "", "columns"),
        ('"SEA STAR III"', '"SEA "STAR" III', "quotes"),
    ],
)
def test_a_bad_row_of_the_treasurys_list_is_named(tmp_path: Path, old: str, new: str, field: str) -> None:
    assert old in SDN
    with pytest.raises(BadList) as caught:
        _ofac(tmp_path, sdn=SDN.replace(old, new, 1))
    assert (caught.value.file, caught.value.field) == ("sdn.csv", field)
    assert caught.value.line in (2, 3)


def test_aliases_of_another_day_are_refused(tmp_path: Path) -> None:
    with pytest.raises(BadList, match="not in the list"):
        _ofac(tmp_path, alt='91,1,"aka","X",-0- \r\n92,1,"aka","Y",-0- \r\n\x1a')


def test_a_domestic_list_that_is_cut_or_lacks_a_column_is_refused(tmp_path: Path) -> None:
    file, mapping = domestic(tmp_path / "cn.csv", [("1", "甲"), ("2", "乙")])
    whole = file.read_bytes()
    for data, field in (
        (whole[:-3], "end of file"),
        (whole.replace("名称".encode(), "名字".encode()), "名称"),
        (whole.replace("2,乙".encode(), b"2"), "columns"),
        (whole.replace("2,乙".encode(), "1,乙".encode()), "id"),
        (whole.replace("乙".encode(), b""), "名称"),
        (whole.replace("乙".encode(), b"\xff"), "text"),
    ):
        written(file, data)
        with pytest.raises(BadList) as caught:
            read_domestic(file, mapping)
        assert caught.value.field == field


def test_dates_and_countries_are_evened_out() -> None:
    assert [birth(one) for one in ("04 May 1955", "May 1955", "1955", "circa 1955", "1955 to 1957", "?")] == [
        "1955-05-04", "1955-05", "1955", "1954/1956", "1955/1957", "",
    ]  # fmt: skip
    assert country("Iran (Islamic Republic of)") == country("Iran") == "ir"
    assert country("Democratic People's Republic of Korea") == country("Korea, North") == "kp"


@pytest.mark.skipif(not SHARED.exists(), reason="the published lists are not on this machine")
def test_the_published_lists_are_read_whole() -> None:
    un = read_un(next(SHARED.glob("un-consolidated*.xml")))
    ofac = read_ofac(SHARED / "ofac-sdn.csv", SHARED / "ofac-alt.csv", SHARED / "ofac-add.csv")
    assert (len(un.entries), un.source_date) == (1003, "2026-02-27")
    assert len(ofac.entries) == 8976
    assert sum(len(one.names) for one in ofac.entries) > 20_000
