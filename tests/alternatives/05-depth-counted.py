"""Other right answers to the exercises of chapter 5."""

from fractions import Fraction

import numpy as np


def zaslavsky__table(n_in, n_units):
    """Add one unit at a time, for every number of inputs at once."""
    row = [1] * (n_in + 1)
    for _ in range(n_units):
        row = [1] + [row[d] + row[d - 1] for d in range(1, n_in + 1)]
    return row[n_in]


def zaslavsky__terms(n_in, n_units):
    """Make each binomial coefficient from the one before."""
    total = term = 1
    for j in range(1, min(n_in, n_units) + 1):
        term = term * (n_units - j + 1) // j
        total += term
    return total


def compose_tent__rounded_up(heights):
    """Let the units of a tent see the height: scale what goes in, not what goes out."""
    layers, before = [], 1.0
    W = np.array([[1.0, 1.0]])
    for h in heights:
        layers.append((W * before, np.array([0.0, -0.5])))
        W, before = np.array([[2.0, 2.0], [-4.0, -4.0]]), h
    return [*layers, (np.array([[2.0], [-4.0]]) * before, np.array([0.0]))]


def compose_tent__units_swapped(heights):
    """Keep the late unit first, and make both units twice as loud."""
    layers = []
    for i in range(len(heights)):
        into = [[1.0]] if i == 0 else [[-2 * heights[i - 1]], [heights[i - 1]]]
        W = np.repeat(np.array(into), 2, axis=1) * 2
        layers.append((W, np.array([-1.0, 0.0])))
    last = np.array([[-2.0], [1.0]]) * heights[-1]
    return layers + [(last, np.zeros(1))]


def compose_tent__lists(heights):
    layers = [([[1, 1]], [0, -0.5])]
    for h in heights[:-1]:
        layers.append(([[2 * h, 2 * h], [-4 * h, -4 * h]], [0, -0.5]))
    layers.append(([[2 * heights[-1]], [-4 * heights[-1]]], [0]))
    return layers


def count_regions_1d__fractions(W, b, p, q):
    """Collect the places as fractions, so that only the arguments are rounded."""
    places = set()
    for weights, bias in zip(W.T, b):
        at_p, at_q = (
            sum(Fraction(float(w)) * Fraction(float(x)) for w, x in zip(weights, point))
            + Fraction(float(bias))
            for point in (p, q)
        )
        if min(at_p, at_q) < 0 < max(at_p, at_q):
            places.add(round(at_p / (at_p - at_q), 8))
    return len(places) + 1


def count_regions_1d__patterns(W, b, p, q):
    """Look at the patterns between all places where a line could be crossed."""
    slope = (q - p) @ W
    start = p @ W + b
    share = -start[slope != 0] / slope[slope != 0]
    share = share[(share > 1e-9) & (share < 1 - 1e-9)]
    t = np.unique(np.concatenate([[0, 1], share.round(9)]))
    middle = (t[:-1] + t[1:]) / 2
    on = start + np.outer(middle, slope) > 0
    return int(1 + (on[1:] != on[:-1]).any(axis=1).sum())


def count_regions_1d__sorted(W, b, p, q):
    """Sort the places, and count the gaps between neighbours."""
    a, c = abs(p @ W + b), abs(q @ W + b)
    signs = np.sign(p @ W + b) * np.sign(q @ W + b)
    share = np.sort((a / np.where(a + c > 0, a + c, 1))[signs == -1])
    return 1 if not share.size else 2 + int((np.diff(share) > 1e-7).sum())


# Mutants of the solutions that are the same function, with the reason.
EQUIVALENT = {
    "compose_tent": {
        "out = np.array([[2.0 * h], [-4.0 * h]]) -> out = [[2.0 * h], [-4.0 * h]]": "a list of lists will do",
        "W = out @ both -> W = out * both": "a column times a row is the product of both",
        "layers.append((W, np.array([0.0, -0.5]))) -> layers.append((W, [0.0, -0.5]))": "a list will do",
    },
    "count_regions_1d": {
        "z_p, z_q = (p @ W + b, q @ W + b) -> z_q, z_p = (p @ W + b, q @ W + b)": "the way back leads through the same regions",
        "z_p, z_q = (p @ W + b, q @ W + b) -> z_p, z_q = (q @ W + b, p @ W + b)": "the way back leads through the same regions",
        "z_p, z_q = (p @ W + b, q @ W + b) -> z_p, z_q = (p.T @ W + b, q @ W + b)": "a vector is its own transpose",
        "z_p, z_q = (p @ W + b, q @ W + b) -> z_p, z_q = (p @ W + b, q.T @ W + b)": "a vector is its own transpose",
        "share = z_p[switches] / (z_p[switches] - z_q[switches]) -> share = (z_p[switches] - z_q[switches]) / z_p[switches]": "a function of the same ratio, which has as many different values",
        "share = z_p[switches] / (z_p[switches] - z_q[switches]) -> share = -(z_p[switches] / (z_p[switches] - z_q[switches]))": "a function of the same ratio, which has as many different values",
        "share = z_p[switches] / (z_p[switches] - z_q[switches]) -> share = z_p[switches] / (z_q[switches] - z_p[switches])": "a function of the same ratio, which has as many different values",
        "share = z_p[switches] / (z_p[switches] - z_q[switches]) -> share = z_p[switches] / z_q[switches]": "a function of the same ratio, which has as many different values",
        "share = z_p[switches] / (z_p[switches] - z_q[switches]) -> share = z_q[switches] / (z_p[switches] - z_q[switches])": "a function of the same ratio, which has as many different values",
        "return 1 + len(np.unique(share.round(6))) -> return 1 + len(np.unique(share.round(5)))": "places in the cases differ by more, or by rounding errors only",
        "return 1 + len(np.unique(share.round(6))) -> return 1 + len(np.unique(share.round(7)))": "places in the cases differ by more, or by rounding errors only",
        "return 1 + len(np.unique(share.round(6))) -> return 1 + len(np.unique(share.round(12)))": "places in the cases differ by more, or by rounding errors only",
    },
}
