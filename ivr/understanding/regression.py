"""Multinomial logistic regression by Nesterov's accelerated descent: few examples a class, in seconds, the same each time.

No I/O, no randomness.
"""

from collections.abc import Sequence
from typing import Final

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float32]
Numbers = npt.NDArray[np.intp]

ROUNDS: Final = 100
"""Steps of descent; more change nothing that is measured."""
FEWEST_ROUNDS: Final = 12
MAX_WORK: Final = 1e11
"""Multiplications of one training, some five seconds of a core: a very large dialog gets fewer steps."""
TEMPERATURES: Final = (0.7, 0.85, 1.0, 1.2, 1.5, 1.8, 2.2, 2.7, 3.3, 4.0, 5.0, 6.5, 8.0)
"""What scores are multiplied by before they become probabilities; what fits unseen examples best is taken."""


def fitted(rows: Floats, classes: Numbers, count: int, *, penalty: float) -> Floats:
    """Return the weights, features by ``count`` classes, of examples (one a row, of length near 1).

    ``penalty`` is the weight of the squared weights against the sum of all examples' surprise.
    """
    truths = np.zeros((len(rows), count), dtype=np.float32)
    truths[np.arange(len(rows)), classes] = 1.0
    # The weights are a sum of examples all the way. With fewer examples than features it is cheaper to follow how much of each.
    alike: Floats | None = np.asarray(rows @ rows.T, dtype=np.float32) if len(rows) <= 2 * rows.shape[1] else None
    # The steepest bend of the surprise is at most half the largest eigenvalue of the examples' products (Böhning 1992).
    steep = 0.55 * _largest_eigenvalue(rows) + penalty
    inertia = np.float32((steep**0.5 - penalty**0.5) / (steep**0.5 + penalty**0.5))
    each = len(rows) * count * (len(rows) if alike is not None else 2 * rows.shape[1])
    shares = np.zeros((len(rows) if alike is not None else rows.shape[1], count), dtype=np.float32)
    ahead: Floats = shares
    for _ in range(int(min(ROUNDS, max(FEWEST_ROUNDS, MAX_WORK / each)))):
        scores: Floats = np.asarray((rows if alike is None else alike) @ ahead, dtype=np.float32)
        wrong = probabilities(scores) - truths
        slope = (rows.T @ wrong if alike is None else wrong) + np.float32(penalty) * ahead
        moved: Floats = np.asarray(ahead - slope / np.float32(steep), dtype=np.float32)
        ahead = np.asarray(moved + inertia * (moved - shares), dtype=np.float32)
        shares = moved
    return shares if alike is None else rows.T @ shares


def probabilities(scores: Floats, temperature: float = 1.0) -> Floats:
    """Return what scores say as probabilities, over the last axis."""
    heated = scores * np.float32(temperature)
    powers = np.exp(heated - heated.max(axis=-1, keepdims=True))
    return np.asarray(powers / powers.sum(axis=-1, keepdims=True), dtype=np.float32)


def temperature_of(unseen: Floats, classes: Numbers) -> float:
    """Return the temperature under which these scores of unseen examples are least surprising; 1 where there are none."""
    if not len(classes):
        return 1.0
    at = np.arange(len(classes))
    surprise = [-np.log(probabilities(unseen, heat)[at, classes] + 1e-9).mean() for heat in TEMPERATURES]
    return TEMPERATURES[int(np.argmin(surprise))]


def logistic(
    features: npt.NDArray[np.float64], truths: npt.NDArray[np.bool_], *, share: float, usual: Sequence[float], hold: float
) -> Floats:
    """Return the weights (the last is the constant) for telling two kinds by a few features.

    ``share`` is how often the true kind is met in life, however many of it are here; weights are held near the
    ``usual`` ones, the more the greater ``hold``.
    """
    rows = np.column_stack([features, np.ones(len(truths))])
    importance = np.where(truths, share / max(1, int(truths.sum())), (1.0 - share) / max(1, int((~truths).sum())))
    before = np.asarray(usual, dtype=np.float64)
    weights = before.copy()
    # Newton's steps; they stay finite where the two kinds can be told apart without an error, as they are held.
    keep = max(hold, 1e-3) * np.eye(rows.shape[1])
    for _ in range(50):
        likely = 1.0 / (1.0 + np.exp(-np.clip(rows @ weights, -30, 30)))
        slope = rows.T @ (importance * (truths - likely)) - keep @ (weights - before)
        bend = (rows * (importance * likely * (1.0 - likely))[:, None]).T @ rows + keep
        step = np.linalg.solve(bend, slope)
        weights += step
        if float(np.abs(step).max()) < 1e-6:
            break
    return weights.astype(np.float32)


def _largest_eigenvalue(rows: Floats) -> float:
    vector = rows.sum(axis=0) + np.float32(1e-3)
    length = 0.0
    for _ in range(15):
        vector = rows.T @ (rows @ (vector / np.linalg.norm(vector)))
        length = float(np.linalg.norm(vector))
        if length == 0.0:
            return 1.0
    return length
