"""Our forest is LightGBM's, to the last bit; its bytes hold together or are refused."""

import time
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from tests.risk.models.samples import matrix

from jinku.risk.models.errors import BadModel, WrongFeatures
from jinku.risk.models.forest import Forest, probability
from jinku.risk.models.from_lightgbm import read_lightgbm
from jinku.risk.models.masks import Masks
from jinku.risk.models.walking import walk

lightgbm: Any = pytest.importorskip("lightgbm")
NAMES = ("a", "b", "c", "d", "e")


def booster(seed: int = 0, trees: int = 20, **parameters: Any) -> Any:
    """A small LightGBM model."""
    values, fraud = matrix(seed)
    chosen = {
        "objective": "binary",
        "num_leaves": 15,
        "verbose": -1,
        "num_threads": 1,
        "seed": seed,
        **parameters,
    }
    return lightgbm.train(chosen, lightgbm.Dataset(values, fraud.astype(float)), trees)


KINDS: list[dict[str, Any]] = [
    {},
    {"zero_as_missing": True},
    {"use_missing": False},
    {"num_leaves": 100, "min_data_in_leaf": 3},
    {"min_data_in_leaf": 5_000},
]
BOOSTERS = [(booster(seed, **kind), kind) for seed, kind in enumerate(KINDS)]
EDGES = [0.0, -0.0, np.nan, np.inf, -np.inf, 1e-35, -1e-35, 1.1e-35, -1.1e-35, 5e-324, 1e308]


def walked(forest: Forest, rows: NDArray[np.float64]) -> NDArray[np.float64]:
    out = np.zeros(len(rows))
    walk(forest.nodes, rows, out)
    return out


@settings(max_examples=60, deadline=None)
@given(
    st.sampled_from(range(len(KINDS))),
    st.lists(
        st.lists(st.sampled_from(EDGES) | st.floats(-4, 4), min_size=5, max_size=5), min_size=1, max_size=30
    ),
)
def test_scores_are_those_of_lightgbm_bit_for_bit(kind: int, rows: list[list[float]]) -> None:
    model, _ = BOOSTERS[kind]
    forest, values = read_lightgbm(model.model_to_string(), NAMES), np.array(rows)
    expected = model.predict(values, raw_score=True, num_threads=1)
    assert forest.score(values).tobytes() == expected.tobytes()
    assert walked(forest, values).tobytes() == expected.tobytes()


@settings(max_examples=40, deadline=None)
@given(st.sampled_from(range(len(KINDS))), st.data())
def test_values_on_a_threshold_and_beside_it_go_the_same_way(kind: int, data: st.DataObject) -> None:
    model, _ = BOOSTERS[kind]
    forest = read_lightgbm(model.model_to_string(), NAMES)
    known = forest.nodes.threshold.tolist() or [0.0]
    cells = st.sampled_from(known).flatmap(
        lambda value: st.sampled_from([value, float(np.nextafter(value, 9)), float(np.nextafter(value, -9))])
    )
    values = np.array([data.draw(st.lists(cells, min_size=5, max_size=5)) for _ in range(8)])
    assert forest.score(values).tobytes() == model.predict(values, raw_score=True, num_threads=1).tobytes()


def test_both_ways_of_scoring_are_in_use() -> None:
    """Masks serve the plain forests; trees of more than 64 leaves and zeros for missing are walked."""
    forests = [read_lightgbm(model.model_to_string()) for model, _ in BOOSTERS]
    assert [Masks.of(forest.nodes, 5) is not None for forest in forests] == [True, False, True, False, True]


def test_a_thousand_rows_and_one_score_alike() -> None:
    model = booster()
    forest, (values, _) = read_lightgbm(model.model_to_string(), NAMES), matrix(9)
    one_by_one = np.concatenate([forest.score(row[None]) for row in values[:200]])
    assert one_by_one.tobytes() == forest.score(values)[:200].tobytes()
    assert np.allclose(probability(forest.score(values)), model.predict(values, num_threads=1), rtol=1e-14)


def test_bytes_come_back_and_scores_with_them() -> None:
    forest, (values, _) = read_lightgbm(booster().model_to_string(), NAMES), matrix(3)
    again = Forest.from_bytes(forest.to_bytes())
    assert again.digest == forest.digest
    assert again.features == NAMES
    assert again.score(values).tobytes() == forest.score(values).tobytes()


@settings(max_examples=300, deadline=None)
@given(st.integers(0, 1 << 30), st.integers(0, 255), st.booleans())
def test_altered_bytes_are_refused_or_another_whole_forest(place: int, byte: int, cut: bool) -> None:
    """Whatever is changed: one error of ours, or a forest that holds together and is not the same one."""
    raw = bytearray(SMALL.to_bytes())
    place %= len(raw)
    if cut:
        raw = raw[:place]
    elif raw[place] == byte:
        return
    else:
        raw[place] = byte
    try:
        other = Forest.from_bytes(bytes(raw))
    except BadModel:
        return
    assert other.digest != SMALL.digest
    assert np.isfinite(other.score(matrix(1, 50)[0])).all()


SMALL = read_lightgbm(booster(trees=3).model_to_string(), NAMES)


def test_a_forest_that_goes_round_is_refused() -> None:
    nodes = SMALL.nodes._replace(left=SMALL.nodes.left.copy())
    nodes.left[nodes.left > 0] = 0
    with pytest.raises(BadModel, match="stand after"):
        Forest.make(NAMES, nodes)


@pytest.mark.parametrize(
    ("find", "put"),
    [
        ("version=v4", "version=v9"),
        ("num_tree_per_iteration=1", "num_tree_per_iteration=3"),
        ("num_cat=0", "num_cat=1"),
        ("is_linear=0", "is_linear=1"),
        ("threshold=", "threshold=x"),
        ("left_child=1", "left_child=99"),
        ("leaf_value=", "leaf_value=0.1 "),
        ("max_feature_idx=4", "max_feature_idx=7"),
    ],
)
def test_model_texts_that_we_do_not_evaluate_are_refused(find: str, put: str) -> None:
    text = booster(trees=2).model_to_string()
    assert find in text
    with pytest.raises(BadModel):
        read_lightgbm(text.replace(find, put), NAMES)


def test_another_matrix_is_refused() -> None:
    with pytest.raises(WrongFeatures, match="5 features"):
        SMALL.score(np.zeros((2, 4)))


def test_contributions_add_up_to_the_score() -> None:
    """K11: reason codes come from what each feature gave, and nothing of the score is without one."""
    forest, (values, _) = read_lightgbm(booster().model_to_string(), NAMES), matrix(4)
    gave = forest.contributions(values)
    assert np.allclose(gave.sum(axis=1) + forest.base, forest.score(values), atol=1e-12)
    assert np.abs(gave[:, 0]).mean() > 5 * np.abs(gave[:, 3]).mean()


def test_speed_is_within_its_bars() -> None:
    """One row under 60 µs, a batch at most 4 µs a row, 200 trees of 15 leaves over 40 features: the best of many short
    tries, since the machine does other things, too."""
    random = np.random.default_rng(0)
    values = random.normal(size=(8_192, 40))
    fraud = values[:, :6].sum(axis=1) > 2
    chosen = {"objective": "binary", "num_leaves": 15, "verbose": -1, "num_threads": 1}
    forest = read_lightgbm(lightgbm.train(chosen, lightgbm.Dataset(values, fraud), 200).model_to_string())
    assert len(forest.nodes.leaf) == 3_000
    forest.score(values[:1])

    def best(rows: NDArray[np.float64], tries: int) -> float:
        found = []
        for _ in range(tries):
            start = time.perf_counter()
            forest.score(rows)
            found.append(time.perf_counter() - start)
        return min(found) / len(rows)

    assert min(best(values[at : at + 512], 5) for at in range(0, 8_192, 512)) < 4e-6
    assert min(best(values[at : at + 1], 5) for at in range(200)) < 60e-6
