"""Other right answers to the exercises of chapter 4."""

from itertools import pairwise

import numpy as np
from scipy.interpolate import make_lsq_spline
from scipy.optimize import lsq_linear


def relu_basis_fit__hats(x, y, knots):
    """Take the heights themselves as the unknowns, with a hat for each."""
    hats = np.column_stack([np.interp(x, knots, row) for row in np.eye(len(knots))])
    return np.linalg.solve(hats.T @ hats, hats.T @ y)


def relu_basis_fit__looking_left(x, y, knots):
    F = np.ones((len(x), len(knots)))
    for i, knot in enumerate(knots[1:]):
        F[:, i] = np.where(x < knot, knot - x, 0)
    weights = lsq_linear(F, y, tol=1e-14).x
    heights = [weights[-1]]
    for j in range(len(knots) - 1)[::-1]:
        slope = -weights[j:-1].sum()
        heights.insert(0, heights[0] - slope * (knots[j + 1] - knots[j]))
    return heights


def relu_basis_fit__spline(x, y, knots):
    order = np.argsort(x)
    ends = np.concatenate([knots[:1], knots, knots[-1:]])
    return make_lsq_spline(x[order], y[order], ends, k=1).c


def approx_error__interp(f, knots, m):
    squares, largest = 0.0, 0.0
    for a, b in pairwise(knots):
        x = np.linspace(a, b, 2 * m + 1)[1::2]
        e = np.interp(x, knots, f(knots)) - f(x)
        squares += (b - a) * np.mean(e**2)
        largest = max(largest, *abs(e))
    return [(squares / (knots[-1] - knots[0])) ** 0.5, largest]


def approx_error__network(f, knots, m):
    """Run the network of ReLUs, on all points in a row."""
    slopes = np.diff(f(knots)) / np.diff(knots)
    v = np.append(slopes[0], np.diff(slopes))
    x = np.concatenate(
        [a + (b - a) * (np.arange(m) + 0.5) / m for a, b in pairwise(knots)]
    )
    out = f(knots)[0] + np.maximum(0, np.subtract.outer(x, knots[:-1])) @ v
    weights = np.repeat(np.diff(knots), m)
    e = out - f(x)
    return np.sqrt(np.average(e * e, weights=weights)), np.linalg.norm(e, np.inf)


def count_kinks__slopes(W1, b1, W2, low, high):
    """Compare the slopes of the function on both sides of each knot."""
    with np.errstate(divide="ignore", invalid="ignore"):
        knots = -b1 / W1[0]
    knots = np.unique(knots[np.isfinite(knots)].round(6))

    def slope(x):
        return float(np.where(W1[0] * x + b1 > 0, W1[0] * W2[:, 0], 0.0).sum())

    inside = [k for k in knots if low < k < high]
    return len([k for k in inside if abs(slope(k + 1e-6) - slope(k - 1e-6)) > 1e-6])


def count_kinks__groups(W1, b1, W2, low, high):
    w, v = W1.ravel(), W2.ravel()
    bends = w != 0
    knots = -b1[bends] / w[bends]
    values, group = np.unique(np.round(knots, 6), return_inverse=True)
    change = np.bincount(group, weights=np.abs(w[bends]) * v[bends])
    kinks = (np.abs(change) > 1e-6) & (values > low) & (values < high)
    return int(np.count_nonzero(kinks))


# Mutants of the solutions that are the same function, with the reason.
EQUIVALENT = {
    "relu_basis_fit": {
        "ramps = np.maximum(0.0, points[:, None] - knots[:-1]) -> ramps = -np.maximum(0.0, points[:, None] - knots[:-1])": "the weights change their signs with the ramps",
        "ramps = np.maximum(0.0, points[:, None] - knots[:-1]) -> ramps = np.maximum(0.0, points[:, None] - knots[:])": "the unit of the last knot is silent at every sample and every knot",
        "return np.column_stack([ramps, np.ones(len(points))]) -> return -np.column_stack([ramps, np.ones(len(points))])": "the weights change their signs with the features",
        "return np.column_stack([ramps, np.ones(len(points))]) -> return np.column_stack([np.ones(len(points)), ramps])": "the order of the columns is the same in both uses",
        "return np.column_stack([ramps, np.ones(len(points))]) -> return np.column_stack([ramps, np.ones(len(ramps))])": "these have the same length",
        "weights = np.linalg.lstsq(features(x), y, rcond=None)[0] -> weights = np.linalg.lstsq(features(x), y)[0]": "None is the default",
        "return features(knots) @ weights -> return features(knots) @ weights.T": "the weights have one axis",
    },
    "approx_error": {
        "distances = np.abs(f(points) - chords) -> distances = np.abs(chords - f(points))": "the sign goes",
        "squares = (distances ** 2).mean(axis=1) -> squares = (distances ** 2).mean(axis=-1)": "the last of two axes is axis 1",
    },
    "count_kinks": {
        "for w, b, v in zip(W1[0], b1, W2[:, 0]): -> for w, b, v in zip(W1[-1], b1, W2[:, 0]):": "W1 has one row",
        "for w, b, v in zip(W1[0], b1, W2[:, 0]): -> for w, b, v in zip(W1[0], b1, W2[:, -1]):": "W2 has one column",
        "if w != 0: -> if changes != 0:": "a dictionary is never 0, and a unit with w = 0 has its knot at infinity, in no interval",
        "if w != 0: -> if v != 0:": "a unit with v = 0 changes no slope, and one with w = 0 has its knot at infinity, in no interval",
        "changes[knot] = changes.get(knot, 0.0) + abs(w) * v -> changes[knot] = changes.get(knot, 0.0) - abs(w) * v": "the sign of a change does not count",
    },
}
