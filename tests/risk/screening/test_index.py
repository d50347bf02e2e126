"""Finding among all names: what brute force finds, exact identifiers, facts, and both published lists within bounds."""

from pathlib import Path

import pytest
from tests.risk.screening.kit import ADD, ALT, SDN, SHARED, UN, written
from tests.risk.screening.labelled import CASES

from jinku.bench.risk_screening import both_lists, noisy_names
from jinku.risk.screening.compare import THRESHOLD, compare
from jinku.risk.screening.formats.ofac import read_ofac
from jinku.risk.screening.formats.un import read_un
from jinku.risk.screening.index import Index
from jinku.risk.screening.likely import Likely
from jinku.risk.screening.model import Facts, Subject
from jinku.risk.screening.names import Kind, ready


@pytest.fixture
def index(tmp_path: Path) -> Index:
    """A small list of each kind."""
    un = read_un(written(tmp_path / "un.xml", UN))
    ofac = read_ofac(
        written(tmp_path / "sdn.csv", SDN),
        written(tmp_path / "alt.csv", ALT),
        written(tmp_path / "add.csv", ADD),
    )
    return Index(un.entries + ofac.entries)


def found(index: Index, name: str, kind: Kind = Kind.PERSON, facts: Facts = Facts()) -> dict[str, float]:  # noqa: B008
    return {hit.entry.key: round(hit.score, 3) for hit in index.search(Subject("s", (name,), kind, facts))}


def test_names_are_found_in_other_spellings_and_scripts(index: Index) -> None:
    """K5: Chinese, pinyin and Latin forms against lists."""
    assert "un:1" in found(index, "Ussama Testaden")
    assert "un:2" in found(index, "曾國藩")
    assert "un:2" in found(index, "Guofan Zeng")
    assert "ofac:11" in found(index, "Александр Петренко")
    assert "un:3" in found(index, "Orion Weapons Trading GmbH", Kind.ORGANIZATION)
    assert "ofac:12" in found(index, "M/V Sea Star 3", Kind.VESSEL)
    assert not found(index, "Sea Star 4", Kind.VESSEL)
    assert "ofac:13" not in found(index, "Delta Investment Fund IV", Kind.UNKNOWN)
    assert not found(index, "Somebody Else")


def test_an_identifier_decides_whatever_the_name(index: Index) -> None:
    """K5: exact identifiers."""
    assert found(index, "Nobody Known", facts=Facts(identifiers=("EK123456",))) == {"ofac:11": 0.97}
    assert found(index, "OTHER NAME", Kind.VESSEL, Facts(identifiers=("9187629",))) == {"ofac:12": 0.97}


def test_facts_raise_and_lower_and_say_so(index: Index) -> None:
    plain = found(index, "Usama Testadin")["un:1"]
    same = found(index, "Usama Testadin", facts=Facts(births=("1957-07-30",)))["un:1"]
    swapped = found(index, "Usama Testadin", facts=Facts(births=("1957-07-30",), countries=("ye",)))["un:1"]
    assert plain < same < swapped
    assert not found(index, "Usama Testadin", facts=Facts(births=("1990",)))
    assert found(index, "Usama Testadin", facts=Facts(gender="f")).get("un:1", 0.0) < plain
    [hit] = index.search(Subject("s", ("Usama Testaden",), Kind.PERSON, Facts(births=("1957-07-30",))))
    assert [part.what for part in hit.parts] == ["name", "birth"]
    assert hit.parts[-1].score == hit.score


def test_a_weak_alias_alone_counts_less_than_a_name(index: Index) -> None:
    weak = found(index, "The Director")["un:1"]
    agreed = found(index, "The Director", facts=Facts(births=("1957-07-30",)))["un:1"]
    assert THRESHOLD <= weak < 1.0
    assert weak < agreed


def test_what_a_name_may_score_is_never_told_too_low() -> None:
    """The bound that chooses what is compared, against the comparison itself, for all hand-written names."""
    names = sorted({(name, Kind.of(schema)) for _, schema, *both, _ in CASES for name in both})
    made = [ready(name, kind) for name, kind in names]
    told = 0
    for across in (False, True):
        listed = [(row, one) for row, one in enumerate(made) if (one.vowelless or one.far) == across]
        likely = Likely(listed, across=across)
        for asked in made:
            may = {row: bound for bound, row in likely.rows(asked, 0.0)}
            for row, one in listed:
                alike = (one.kind is Kind.PERSON) == (asked.kind is Kind.PERSON)
                found = compare(asked, one)
                if alike and found.score >= THRESHOLD and not (asked.native and one.native):
                    told += 1
                    assert may.get(row, 0.0) >= THRESHOLD or "acronym" in found.remarks, (asked, one)
    assert told > 100


@pytest.mark.skipif(not SHARED.exists(), reason="the published lists are not on this machine")
@pytest.mark.slow
def test_on_the_published_lists_the_index_finds_what_brute_force_finds() -> None:
    entries = both_lists(SHARED)
    index = Index(entries)
    every = kept = 0
    for one in noisy_names(entries, 3, 3):
        everyone = {hit.entry.key for hit in index.brute(one)}
        every += len(everyone)
        kept += len(everyone & {hit.entry.key for hit in index.search(one)})
    assert every
    assert kept / every >= 0.99


@pytest.mark.skipif(not SHARED.exists(), reason="the published lists are not on this machine")
@pytest.mark.slow
def test_held_out_pairs_are_told_apart() -> None:
    """K5: pairs made of entries that the tables were not made from."""
    from jinku.bench.risk_screening import f1, held_out
    from jinku.risk.screening.pairs import score_pair

    pairs = list(held_out(both_lists(SHARED), 5))[:800]
    told = [score_pair(query, candidate, schema).matched for query, candidate, schema, _ in pairs]
    assert f1([pair[3] for pair in pairs], told) >= 0.82
