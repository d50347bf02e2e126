"""Logistic regression with a ridge, by Newton's method: few numbers from few labels, the same ones every time.

Minimised is the summed log-loss plus ``ridge / 2`` times the squared weights of the standardised columns (the intercept
is free). Each step is halved until the loss falls, so it ends at the one minimum.

Example::

    line = fit_line(matrix[:, used], fraud, ridge=3.0)
    line.intercept + matrix[:, used] @ line.weights
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

STEPS_MAX = 100
HALVINGS_MAX = 40
_TOLERANCE = 1e-9


class Line(NamedTuple):
    """Log-odds = intercept + weights · columns, in the columns' own units."""

    intercept: float
    weights: Floats


def fit_line(columns: Floats, fraud: NDArray[np.bool_], ridge: float) -> Line:
    """The line of these columns (rows, columns; no NaN) and outcomes, of which both occur."""
    mean, spread = columns.mean(axis=0), columns.std(axis=0)
    spread = np.where(spread > 0, spread, 1.0)
    whole = np.column_stack([np.ones(len(columns)), (columns - mean) / spread])
    penalty = np.full(whole.shape[1], ridge)
    penalty[0] = 0.0
    outcome = fraud.astype(np.float64)
    found = np.zeros(whole.shape[1])
    share = outcome.mean()
    found[0] = np.log(share / (1 - share))
    loss = _loss(whole, outcome, found, penalty)
    for _ in range(STEPS_MAX):
        odds = 1.0 / (1.0 + np.exp(-(whole @ found)))
        gradient = whole.T @ (odds - outcome) + penalty * found
        curve = (whole * (odds * (1 - odds))[:, None]).T @ whole + np.diag(penalty + _TOLERANCE)
        step = np.linalg.solve(curve, gradient)
        moved, gained = _halved(whole, outcome, found, step, penalty, loss)
        found, loss = moved, loss - gained
        if gained <= _TOLERANCE * max(loss, 1.0):
            break
    weights = found[1:] / spread
    return Line(float(found[0] - (weights * mean).sum()), weights)


def _halved(
    whole: Floats, outcome: Floats, found: Floats, step: Floats, penalty: Floats, loss: float
) -> tuple[Floats, float]:
    """The point of lower loss on the way of `step`, and how much lower; the point itself where none is."""
    for halving in range(HALVINGS_MAX):
        tried = found - step / 2.0**halving
        lower = loss - _loss(whole, outcome, tried, penalty)
        if lower > 0:
            return tried, lower
    return found, 0.0


def _loss(whole: Floats, outcome: Floats, found: Floats, penalty: Floats) -> float:
    odds = whole @ found
    return float((np.logaddexp(0.0, odds) - outcome * odds).sum() + 0.5 * (penalty * found * found).sum())
