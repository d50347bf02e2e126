"""Names compared: every kind of case, stated rules as properties, explanations, speed of no more than a bound."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.risk.screening.labelled import CASES

from jinku.risk.screening.chinese import in_wade_giles, readings, simplify
from jinku.risk.screening.compare import THRESHOLD
from jinku.risk.screening.pairs import score_pair
from jinku.risk.screening.romanise import romanise


@pytest.mark.parametrize(("kind", "schema", "query", "candidate", "same"), CASES)
def test_hand_written_pairs_have_their_answer(
    kind: str, schema: str, query: str, candidate: str, same: bool
) -> None:
    """K5: Chinese, pinyin and Latin forms, order, transliteration, company forms, numbers."""
    found = score_pair(query, candidate, schema)
    assert found.matched is same, (kind, found)
    assert found.matched == (found.score >= THRESHOLD)


@pytest.mark.parametrize(("kind", "schema", "query", "candidate", "same"), CASES)
def test_a_pair_has_one_answer_either_way_round(
    kind: str, schema: str, query: str, candidate: str, same: bool
) -> None:
    one, other = score_pair(query, candidate, schema), score_pair(candidate, query, schema)
    assert one.matched == other.matched, (kind, same)


@given(st.text(max_size=60), st.text(max_size=60), st.sampled_from(["Person", "Company", "Vessel", ""]))
def test_any_text_has_a_score_between_nothing_and_one(one: str, other: str, schema: str) -> None:
    found = score_pair(one, other, schema)
    assert 0.0 <= found.score <= 1.0


@given(
    st.lists(st.text("abcdefghijklmnopqrstuvwz", min_size=3, max_size=9), min_size=2, max_size=4, unique=True)
)
def test_order_and_case_mean_nothing_to_a_person(words: list[str]) -> None:
    name = " ".join(words)
    assert score_pair(name.upper(), " ".join(reversed(words)), "Person").matched


def test_surnames_have_their_reading_and_compound_ones_stay_whole() -> None:
    read = {
        "单雄信": "shan",
        "曾国藩": "zeng",
        "解珍": "xie",
        "仇英": "qiu",
        "欧阳修": "ouyang",
        "尉迟恭": "yuchi",
    }
    for name, surname in read.items():
        assert readings(name)[0][0] == surname


def test_traditional_becomes_simplified_and_pinyin_becomes_wade_giles() -> None:
    assert simplify("張偉與劉國強") == "张伟与刘国强"
    assert in_wade_giles(("xi", "jinping")) == ("hsi", "chin", "ping")
    assert in_wade_giles(("mao", "zedong")) == ("mao", "tse", "tung")
    assert in_wade_giles(("smith",)) == ()


def test_scripts_come_out_in_latin_letters() -> None:
    told = {
        "Лавров": "lavrov", "김정은": "gimjeongeun", "नरेन्द्र": "narendra", "バラク": "baraku",
        "Erdoğan": "erdogan", "Đorđe": "dorde", "ბარაკ": "barak",
    }  # fmt: skip
    for text, plain in told.items():
        assert romanise(text) == plain


def test_a_score_names_its_reasons() -> None:
    found = score_pair("Delta Investment Fund II", "Delta Investment Fund III", "Company")
    assert "numbers differ" in found.remarks
    found = score_pair("Usama bin Ladin", "Osama Khan bin Laden", "Person")
    assert {(pair.query, pair.candidate) for pair in found.pairs} >= {("usama", "osama"), ("ladin", "laden")}
    assert found.left_candidate == ("khan",)


def test_many_words_cost_no_more_than_a_bound() -> None:
    long = " ".join(f"{'abcdefghij'[i % 10]}{'klmnopqrst'[i // 10 % 10]}word{i}" for i in range(400))
    started = time.perf_counter()
    score_pair(long, long[::-1], "Company")
    assert time.perf_counter() - started < 2.0
