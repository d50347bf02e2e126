"""Why a day's most suspicious payments are suspicious: reasons, or exact Shapley values where time does not matter.

Shapley values (Lundberg et al., Nature Machine Intelligence 2020) come from SHAP's TreeExplainer over our forest's own
trees, in log-odds, for the training's own distribution over leaves; a blend's line adds its terms.

Example::

    explain_day(study, model, day, top=20, shap=True)
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from jinku.risk.models.blend import Blend
from jinku.risk.models.errors import BadModel, BadTrainingData
from jinku.risk.models.experiment import Study, text_of
from jinku.risk.models.forest import Forest, probability
from jinku.risk.models.reasons import strongest
from jinku.risk.models.record import Model
from jinku.risk.models.training import learning
from jinku.risk.models.walking import DEFAULT_LEFT, MISSING_NAN, MISSING_ZERO

Floats = NDArray[np.float64]


def explain_day(study: Study, model: Model, day: int, top: int, *, shap: bool) -> list[dict[str, Any]]:
    """The `top` payments of the day by score, each with its reasons. Raises WrongFeatures, BadTrainingData."""
    model.check(study.features)
    rows = np.flatnonzero(study.cards.day == day)
    if not len(rows):
        raise BadTrainingData("has no payments on this day", field="day", value=text_of(day))
    scores = model.scorer.score(study.matrix[rows])
    chosen = np.argsort(-scores, kind="stable")[:top]
    matrix = study.matrix[rows[chosen]]
    gave = shapley(model.scorer, matrix) if shap else model.scorer.contributions(matrix)
    odds = probability(scores[chosen])
    return [
        {
            "payment": int(rows[place]),
            "score": float(scores[place]),
            "probability": float(odds[number]),
            "reasons": [
                {
                    "code": reason.code,
                    "zh": reason.words.zh,
                    "en": reason.words.en,
                    "gave": reason.gave,
                    "value": None if np.isnan(reason.value) else reason.value,
                }
                for reason in strongest(model.scorer.features, gave[number], matrix[number])
            ],
        }
        for number, place in enumerate(chosen.tolist())
    ]


def shapley(scorer: Forest | Blend, matrix: Floats) -> Floats:
    """Exact Shapley values in log-odds, (rows, features). Raises LearningAbsent."""
    shap = learning("shap")
    forest = scorer.forest if isinstance(scorer, Blend) else scorer
    explainer = shap.TreeExplainer({"trees": _trees(forest), "base_offset": 0.0})
    found = np.asarray(explainer.shap_values(matrix, check_additivity=False), np.float64)
    found = found.reshape(matrix.shape)
    return found if isinstance(scorer, Forest) else 0.5 * found + scorer.line_gave(matrix)


def _trees(forest: Forest) -> list[dict[str, Any]]:
    """Each tree as SHAP wants it: nodes first, then leaves, a default child for what is missing."""
    nodes, weighed = forest.nodes, forest.weighed
    if (nodes.flags & MISSING_ZERO).any():
        raise BadModel("takes zero for missing, which Shapley values here do not know", field="forest")
    trees = []
    for root in nodes.first.tolist():
        inner, leaves = _below(forest, root)
        place = {at: number for number, at in enumerate(inner + leaves)}
        left = [place[int(nodes.left[at])] for at in inner] + [-1] * len(leaves)
        right = [place[int(nodes.right[at])] for at in inner] + [-1] * len(leaves)
        known = [bool(nodes.flags[at] & MISSING_NAN) for at in inner]
        to_left = [
            bool(nodes.flags[at] & DEFAULT_LEFT) if knows else bool(nodes.threshold[at] >= 0)
            for at, knows in zip(inner, known, strict=True)
        ]
        default = [a if goes else b for a, b, goes in zip(left, right, to_left, strict=False)]
        ends = [~leaf for leaf in leaves]
        trees.append(
            {
                "children_left": np.array(left, np.int32),
                "children_right": np.array(right, np.int32),
                "children_default": np.array(default + [-1] * len(leaves), np.int32),
                "features": np.array([*nodes.feature[inner], *[-2] * len(leaves)], np.int32),
                "thresholds": np.array([*nodes.threshold[inner], *[0.0] * len(leaves)]),
                "values": np.array([*weighed.mean[inner], *nodes.leaf[ends]]).reshape(-1, 1),
                "node_sample_weight": np.array([*weighed.rows[inner], *nodes.leaf_rows[ends]], np.float64),
            }
        )
    return trees


def _below(forest: Forest, root: int) -> tuple[list[int], list[int]]:
    """The nodes and leaves of the tree at `root`, the root first."""
    inner: list[int] = []
    leaves: list[int] = []
    waiting = [root]
    while waiting:
        at = waiting.pop()
        if at < 0:
            leaves.append(at)
        else:
            inner.append(at)
            waiting += [int(forest.nodes.right[at]), int(forest.nodes.left[at])]
    return inner, leaves
