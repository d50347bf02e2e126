"""Canonical JSON: one value, one sequence of bytes."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jinku.base.canonical import INTEGER_MAX, canonical_json
from jinku.base.errors import NotCanonical

text = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
values = st.recursive(
    st.none() | st.booleans() | st.integers(-INTEGER_MAX, INTEGER_MAX) | text,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(text, inner, max_size=4),
    max_leaves=12,
)


@given(values)
def test_bytes_hold_the_value_and_nothing_of_its_order(value: object) -> None:
    made = canonical_json(value)
    assert json.loads(made) == value
    assert canonical_json(json.loads(made)) == made


@given(st.dictionaries(text, st.integers(0, 9), max_size=6))
def test_insertion_order_does_not_show(value: dict[str, int]) -> None:
    assert canonical_json(dict(reversed(value.items()))) == canonical_json(value)


def test_rfc_8785_order_and_escapes() -> None:
    keys = {"\u20ac": 1, "\r": 2, "\ufb33": 3, "1": 4, "\U0001f600": 5, "\u0080": 6, "\u00f6": 7}
    assert [ord(key[0]) for key in json.loads(canonical_json(keys))] == [
        0x0D, 0x31, 0x80, 0xF6, 0x20AC, 0x1F600, 0xFB33,
    ]  # fmt: skip
    assert canonical_json('\u20ac$\u000f\nA\'B"\\"/') == b'"\xe2\x82\xac$\\u000f\\nA\'B\\"\\\\\\"/"'
    assert canonical_json({"b": (1, None), "a": True}) == b'{"a":true,"b":[1,null]}'


@pytest.mark.parametrize(
    ("value", "problem"),
    [
        (1.5, r"\$ is a float"),
        ({"a": [0, float("nan")]}, r"\$\.a\[1\] is a float"),
        (1 << 53, "beyond"),
        ({1: 2}, "key of type int"),
        (b"x", "is a bytes"),
        ("\ud800", "surrogate"),
        ({"\ud800": 1}, "surrogate"),
    ],
)
def test_what_has_no_single_form_is_refused(value: object, problem: str) -> None:
    with pytest.raises(NotCanonical, match=problem):
        canonical_json(value)


def test_depth_is_bounded() -> None:
    value: list[object] = []
    for _ in range(100):
        value = [value]
    with pytest.raises(NotCanonical, match="deeper"):
        canonical_json(value)
