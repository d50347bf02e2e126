"""From features and outcomes to a scorer: a logistic regression and LightGBM, blended. The same data, the same model.

Rules:

1. The recipe is frozen and named: what it is, is part of the model's record. There is no search in here.
2. LightGBM is trained by its deterministic mode, one seed, a fixed number of threads; what it made becomes our own
   `Forest`, and no model needs LightGBM to score.
3. How exposed a card was today is weighed for cards, not payments (an alert is a look at a card): of the payments that
   the line does not suspect, a second line learns which were, up to then, of a card with an unsuspected fraud that day.
4. Training needs at least `FRAUDS_MIN` frauds and as many honest payments.

Example::

    model = train(features.names, matrix, fraud, RECIPE, card_day)
"""

from collections.abc import Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import Any

import numpy as np
from numpy.typing import NDArray

from jinku.risk.models.blend import LINE_SHARE, Blend
from jinku.risk.models.errors import BadTrainingData, LearningAbsent, WrongFeatures
from jinku.risk.models.forest import Forest
from jinku.risk.models.from_lightgbm import read_lightgbm
from jinku.risk.models.regression import fit_line

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
Integers = NDArray[np.int64]

FRAUDS_MIN = 20
UNSUSPECTED = -4.0
"""Log-odds of the line, below which it suspects nothing: a chance of 1.8 %."""
SLOPE_MIN = 0.5
"""Least that the line counts among what it does not suspect, when exposure is weighed against it."""
THREADS = 1
"""One: several wait for each other where the machine is busy, and a week is a second's work."""


@dataclass(frozen=True, slots=True)
class Recipe:
    """How a model is made."""

    line: tuple[str, ...]
    """Features of the logistic regression; without any the model is a forest alone."""
    exposed: str = ""
    """A feature that says how exposed the card was today (rule 3)."""
    left_out: tuple[str, ...] = ()
    """Features that the forest does not look at."""
    rising: tuple[str, ...] = ()
    """Features that can only raise the forest's score: what is known beforehand need not be learnt from few labels."""
    falling: tuple[str, ...] = ()
    """Features that can only lower it."""
    ridge: float = 3.0
    trees: int = 200
    leaves: int = 15
    learning_rate: float = 0.03
    leaf_rows_min: int = 40
    column_share: float = 0.5
    row_share: float = 0.8
    leaf_penalty: float = 5.0
    seed: int = 1

    def document(self) -> dict[str, Any]:
        """As values of canonical JSON: shares and rates as text."""
        return {
            "line": list(self.line),
            "exposed": self.exposed,
            "left_out": list(self.left_out),
            "rising": list(self.rising),
            "falling": list(self.falling),
            "ridge": repr(self.ridge),
            "trees": self.trees,
            "leaves": self.leaves,
            "learning_rate": repr(self.learning_rate),
            "leaf_rows_min": self.leaf_rows_min,
            "column_share": repr(self.column_share),
            "row_share": repr(self.row_share),
            "leaf_penalty": repr(self.leaf_penalty),
            "seed": self.seed,
        }


def learning(name: str) -> Any:
    """A package of the extra. Raises LearningAbsent."""
    try:
        return import_module(name)
    except ImportError:
        raise LearningAbsent(f"{name} is not installed", remedy="install jinku[risk]") from None


def train(
    names: Sequence[str], matrix: Floats, fraud: Bools, recipe: Recipe, card_day: Integers | None = None
) -> Forest | Blend:
    """The model of these rows, in order of time. `card_day` numbers each card's days; without it the recipe's `exposed`
    has no weight. Raises BadTrainingData, WrongFeatures, LearningAbsent."""
    frauds = int(fraud.sum())
    if frauds < FRAUDS_MIN or len(fraud) - frauds < FRAUDS_MIN:
        raise BadTrainingData(
            f"{frauds} frauds among {len(fraud)} payments to train on; {FRAUDS_MIN} of each kind are needed",
            remedy="train on more days, or use `jinku risk unsupervised`",
        )
    exposed = [recipe.exposed] if recipe.exposed else []
    unknown = {*recipe.line, *exposed, *recipe.left_out, *recipe.rising, *recipe.falling} - set(names)
    if unknown:
        raise WrongFeatures(f"the recipe names {', '.join(sorted(unknown))}, which the features have not")
    forest = _forest(names, matrix, fraud, recipe)
    if not recipe.line:
        return forest
    clean = np.where(np.isnan(matrix), 0.0, matrix)
    places = {name: place for place, name in enumerate(names)}
    used = [places[name] for name in recipe.line]
    line = fit_line(clean[:, used], fraud, recipe.ridge)
    weights = np.zeros(len(names))
    weights[used] = line.weights
    if exposed and card_day is not None:
        odds = line.intercept + clean[:, used] @ line.weights
        at = places[recipe.exposed]
        weights[at] = _exposure(odds, clean[:, at], fraud, card_day, recipe.ridge) / LINE_SHARE
    return Blend(line.intercept, weights, clean.mean(axis=0), forest)


def _exposure(odds: Floats, exposed: Floats, fraud: Bools, card_day: Integers, ridge: float) -> float:
    """The weight of exposure (rule 3) in units of the line's own `odds`; 0 where there is nothing to learn."""
    unsuspected = odds < UNSUSPECTED
    struck = _struck(unsuspected & fraud, card_day)[unsuspected]
    if not FRAUDS_MIN <= int(struck.sum()) < len(struck):
        return 0.0
    columns = np.column_stack([odds[unsuspected], exposed[unsuspected]])
    of_line, weight = fit_line(columns, struck, ridge).weights
    return max(float(weight), 0.0) / max(float(of_line), SLOPE_MIN)


def _struck(fraud: Bools, card_day: Integers) -> Bools:
    """For each row, whether the card has had a `fraud` that day up to this row."""
    order = np.argsort(card_day, kind="stable")
    hits = np.cumsum(fraud[order])
    first = np.flatnonzero(np.diff(card_day[order], prepend=-1))
    before: Integers = np.repeat((hits - fraud[order])[first], np.diff(np.append(first, len(order))))
    found = np.zeros(len(fraud), np.bool_)
    found[order] = hits > before
    return found


def _forest(names: Sequence[str], matrix: Floats, fraud: Bools, recipe: Recipe) -> Forest:
    lightgbm = learning("lightgbm")
    shown = matrix.copy()
    for name in recipe.left_out:
        shown[:, list(names).index(name)] = 0.0
    parameters = {
        "objective": "binary",
        "num_leaves": recipe.leaves,
        "learning_rate": recipe.learning_rate,
        "min_data_in_leaf": recipe.leaf_rows_min,
        "feature_fraction": recipe.column_share,
        "bagging_fraction": recipe.row_share,
        "bagging_freq": 1,
        "lambda_l2": recipe.leaf_penalty,
        "monotone_constraints": [(name in recipe.rising) - (name in recipe.falling) for name in names],
        "seed": recipe.seed,
        "deterministic": True,
        "force_row_wise": True,
        "num_threads": THREADS,
        "verbose": -1,
    }
    booster = lightgbm.train(parameters, lightgbm.Dataset(shown, fraud.astype(np.float64)), recipe.trees)
    return read_lightgbm(booster.model_to_string(), tuple(names))
