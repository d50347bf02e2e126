"""The drift watch over a file of payments: which features and scores are no longer those of the training.

Example::

    watch(study, model, first_day, days=7)["columns"][0]  # {"column": …, "psi": 0.31, "band": "drifted"}
"""

from typing import Any

import numpy as np

from jinku.risk.models.errors import BadTrainingData
from jinku.risk.models.experiment import Study, text_of
from jinku.risk.models.record import Model


def watch(study: Study, model: Model, first: int, days: int) -> dict[str, Any]:
    """Readings of `days` days from `first`, the furthest moved first. Raises WrongFeatures, BadTrainingData."""
    model.check(study.features)
    rows = np.flatnonzero((study.cards.day >= first) & (study.cards.day < first + days))
    if not len(rows):
        raise BadTrainingData("has no payments on these days", field="from", value=text_of(first))
    matrix = study.matrix[rows]
    readings = model.baseline.compare(matrix, model.scorer.score(matrix))
    return {
        "model": model.digest.hex(),
        "train_start": model.origin.train_start,
        "from": text_of(first),
        "to": text_of(first + days - 1),
        "payments": len(rows),
        "columns": [
            {"column": reading.column, "psi": reading.psi, "band": reading.band.value} for reading in readings
        ],
    }
