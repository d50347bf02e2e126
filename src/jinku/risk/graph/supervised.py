"""The score of accounts from labels of others: gradient-boosted trees on features, neighbours' labels out of fold.

Rules:

1. Accounts are cut into five folds, stratified by label and drawn with a fixed seed. What an account scores comes from
   a model that saw none of the labels of its fold.
2. Features that use labels are made anew for each fold, of the labels of the other four only; an account's own label is
   in none of its features, so learning rows see no more of themselves than scored rows do.
3. An account without a label takes the mean of the five models.
4. Trees are deterministic: the same files give the same scores on the same machine.

Example::

    found = score_supervised(table, pairs, transfers)
    found.average_precision, found.gains[:5]
"""

from dataclasses import dataclass
from typing import Any

import numpy as np

from jinku.risk.graph.columns import counts, maxima, sums
from jinku.risk.graph.errors import ExtraAbsent, GraphRefused
from jinku.risk.graph.features import Pairs, Table
from jinku.risk.graph.table import FOLD_SEED, FOLDS
from jinku.risk.graph.transfers import Bools, Floats, Ints, Transfers

PARAMETERS: dict[str, Any] = {
    "n_estimators": 300,
    "learning_rate": 0.03,
    "num_leaves": 15,
    "max_bin": 63,
    "min_child_samples": 20,
    "colsample_bytree": 0.25,
    "subsample": 0.8,
    "subsample_freq": 1,
    "reg_lambda": 5.0,
    "random_state": 0,
    "deterministic": True,
    "force_col_wise": True,
    "n_jobs": 1,
    "verbose": -1,
}
_CAUTION = 2.0
"""Unlabelled neighbours added to each share, so that one of one does not count as all of many."""


@dataclass(frozen=True, slots=True)
class Learned:
    """Out-of-fold scores and what they are made of."""

    score: Floats
    """Log odds."""
    average_precision: float
    """Of all labelled accounts ranked together by out-of-fold scores."""
    fold_precisions: tuple[float, ...]
    gains: tuple[tuple[str, float], ...]
    """Features by their share of the total gain, largest first."""
    reasons: dict[int, tuple[tuple[str, float], ...]]
    """Of the highest accounts: features that moved the log odds most, largest first."""


def average_precision(labels: Ints | Bools, score: Floats) -> float:
    """Average precision: the sum over distinct scores, highest first, of precision times the recall it adds; accounts
    of one score come together. NaN where nothing is positive."""
    order = np.argsort(-score, kind="stable")
    positive, ranked = np.asarray(labels)[order].astype(np.float64), score[order]
    ends = np.append(np.flatnonzero(np.diff(ranked)), len(ranked) - 1)
    found = np.cumsum(positive)[ends]
    if not len(found) or not found[-1]:
        return float("nan")
    return float(np.sum(found / (ends + 1) * np.diff(found, prepend=0.0)) / found[-1])


def folds_of(labels: Ints) -> Ints:
    """The fold of each labelled account, -1 for others; both labels are dealt out evenly. Raises GraphRefused where a
    label has fewer accounts than there are folds."""
    fold = np.full(len(labels), -1, np.int64)
    rng = np.random.default_rng(FOLD_SEED)
    for label in (0, 1):
        accounts = np.flatnonzero(labels == label)
        if len(accounts) < FOLDS:
            raise GraphRefused(
                f"{len(accounts)} accounts have the label {label}, too few for {FOLDS} folds",
                remedy="give more labels, or none for the score without labels",
            )
        fold[rng.permutation(accounts)] = np.arange(len(accounts)) % FOLDS
    return fold


def label_features(known: Ints, pairs: Pairs, transfers: Transfers) -> Table:
    """What the known labels (-1 unknown) of others say of each account: of payees, payers, of those who pay the same
    payees, of those paid by the same payers; an account's own label takes no part."""
    size, payer, payee = transfers.count, pairs.payer, pairs.payee
    bad = (known == 1).astype(np.float64)
    told = (known >= 0).astype(np.float64)
    found: Table = {}
    for side, group, other in (("payee", payer, payee), ("payer", payee, payer)):
        found[f"{side}_labelled"] = sums(group, bad[other], size)
        found[f"{side}_labelled_share"] = found[f"{side}_labelled"] / (
            sums(group, told[other], size) + _CAUTION
        )
        others = sums(other, bad[group], size)[other] - bad[group]
        among = sums(other, told[group], size)[other] - told[group]
        share = others / (among + _CAUTION)
        found[f"same_{side}_labelled"] = sums(group, others, size)
        found[f"same_{side}_share_mean"] = sums(group, share, size) / np.maximum(counts(group, size), 1)
        found[f"same_{side}_share_max"] = maxima(group, share, size)
    last = np.full(size, -1, np.int64)
    last[transfers.source] = transfers.target
    has = last >= 0
    by_last = sums(last[has], bad[has], size)
    found["last_payee_labelled"] = np.where(has, bad[last], 0.0)
    found["same_last_payee_labelled"] = np.where(has, by_last[last] - bad, 0.0)
    found["last_payers_labelled"] = by_last
    return found


def score_supervised(table: Table, pairs: Pairs, transfers: Transfers, explain: int = 0) -> Learned:
    """Score each account out of fold; reasons for the `explain` highest. Raises ExtraAbsent, GraphRefused."""
    labels = transfers.labels
    if labels is None:
        raise GraphRefused("there are no labels", remedy="give --labels")
    trees = _lightgbm()
    fold = folds_of(labels)
    own = np.column_stack(list(table.values()))
    score, gain = np.zeros(len(labels)), np.zeros(len(table) + len(label_features(labels, pairs, transfers)))
    models, matrices, names = [], [], list(table)
    for number in range(FOLDS):
        known = np.where((fold >= 0) & (fold != number), labels, -1)
        told = label_features(known, pairs, transfers)
        names = [*table, *told]
        matrix = np.column_stack([own, *told.values()])
        model = trees.LGBMClassifier(**PARAMETERS).fit(matrix[known >= 0], known[known >= 0])
        held, rest = fold == number, fold < 0
        score[held] = model.predict(matrix[held], raw_score=True)
        if rest.any():
            score[rest] += model.predict(matrix[rest], raw_score=True) / FOLDS
        gain += np.asarray(model.booster_.feature_importance("gain"), np.float64)
        models.append(model)
        matrices.append(matrix if explain else None)
    every = fold >= 0
    ordered = np.argsort(-gain, kind="stable")
    return Learned(
        score,
        average_precision(labels[every], score[every]),
        tuple(average_precision(labels[fold == one], score[fold == one]) for one in range(FOLDS)),
        tuple((names[at], float(gain[at] / max(gain.sum(), 1e-12))) for at in ordered),
        _reasons(score, explain, np.maximum(fold, 0), (models, matrices, names)),
    )


def _reasons(
    score: Floats, explain: int, fold: Ints, made: tuple[list[Any], list[Any], list[str]]
) -> dict[int, tuple[tuple[str, float], ...]]:
    models, matrices, names = made
    found: dict[int, tuple[tuple[str, float], ...]] = {}
    top = np.argsort(-score, kind="stable")[:explain]
    for number in range(FOLDS):
        rows = top[fold[top] == number]
        if not len(rows):
            continue
        parts = np.asarray(models[number].predict(matrices[number][rows], pred_contrib=True))[:, :-1]
        for row, moved in zip(rows, parts, strict=True):
            best = np.argsort(-moved, kind="stable")[:3]
            found[int(row)] = tuple((names[at], float(moved[at])) for at in best if moved[at] > 0)
    return found


def _lightgbm() -> Any:
    try:
        import lightgbm
    except ImportError as absent:
        raise ExtraAbsent("lightgbm is not installed", remedy="install jinku[risk]") from absent
    return lightgbm
