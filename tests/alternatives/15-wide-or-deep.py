"""Other right answers to the exercises of chapter 15."""

from fractions import Fraction
from itertools import pairwise

import numpy as np
from scipy.stats import permutation_test


def width_for_budget__halving(n_in, n_out, depth, budget):
    def cost(width):
        sizes = [n_in, *[width] * depth, n_out]
        return sum((a + 1) * b for a, b in pairwise(sizes))

    low, high = 0, budget + 1  # low fits or is 0, high does not fit
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if cost(middle) <= budget else (low, middle)
    return max(low, 0)


def width_for_budget__floats(n_in, n_out, depth, budget):
    """Take the root in floats, and let the equation have the last word."""
    a, b, c = depth - 1, n_in + n_out + depth, n_out - budget
    if c > 0:
        return 0
    width = round(-2 * c / (b + np.sqrt(b**2 - 4 * a * c)))
    while a * (width + 1) ** 2 + b * (width + 1) + c <= 0:
        width += 1
    while a * width**2 + b * width + c > 0:
        width -= 1
    return width


def width_for_budget__steps(n_in, n_out, depth, budget):
    """Count up in steps that shrink."""
    width = 0
    for step in (100_000, 1000, 10, 1):
        while True:
            w = width + step
            if (n_in + 1) * w + (depth - 1) * (w + 1) * w + (w + 1) * n_out > budget:
                break
            width = w
    return width


def summarise_seeds__loops(scores, t):
    n, shapes = scores.shape
    means = [sum(column) / n for column in scores.T]
    best = means.index(max(means))
    tied = []
    for j in range(shapes):
        d = [float(x - y) for x, y in zip(scores[:, best], scores[:, j])]
        mean = sum(d) / n
        variance = sum((x - mean) ** 2 for x in d) / (n - 1)
        if mean <= t * (variance / n) ** 0.5:
            tied.append(j)
    return best, tied


def summarise_seeds__statistic(scores, t):
    """Compare Student's statistic with its factor."""
    best = np.argmax(np.mean(scores, axis=0))
    d = scores[:, best : best + 1] - scores
    error = np.sqrt(d.var(axis=0, ddof=1) / d.shape[0])
    statistic = np.divide(
        d.mean(axis=0), error, out=np.zeros(len(error)), where=error > 0
    )
    certain = (error == 0) & (d.mean(axis=0) > 0)
    return int(best), np.flatnonzero((statistic <= t) & ~certain).tolist()


def paired_test__numbers(a, b):
    """Read the signs off the digits of the numbers from 0 to 2**n - 1."""
    d = [int(y) - int(x) for x, y in zip(a, b)]
    observed = abs(sum(d))
    far = 0
    for number in range(2 ** len(d)):
        total = sum(-x if number >> i & 1 else x for i, x in enumerate(d))
        far += abs(total) >= observed
    return far / 2 ** len(d)


def paired_test__table(a, b):
    """Count how often each total is met, difference by difference."""
    ways = {0: 1}
    for d in (b - a).tolist():
        longer = {}
        for total, number in ways.items():
            for new in (total + d, total - d):
                longer[new] = longer.get(new, 0) + number
        ways = longer
    observed = abs(int((b - a).sum()))
    far = sum(number for total, number in ways.items() if abs(total) >= observed)
    return float(Fraction(far, sum(ways.values())))


def paired_test__scipy(a, b):
    if len(a) == 1:
        return 1.0
    flip = permutation_test(
        (b - a,), np.sum, permutation_type="samples", n_resamples=np.inf
    )
    return float(flip.pvalue)


# Mutants of the solutions that are the same function, with the reason.
EQUIVALENT = {
    "width_for_budget": {
        "if left < 0: -> if left <= 0:": "with nothing left the width is 0 either way",
        "if left < 0: -> if left < 1:": "with nothing left the width is 0 either way",
    },
    "summarise_seeds": {
        "best = int(scores.mean(axis=0).argmax()) -> best = scores.mean(axis=0).argmax()": "a NumPy int is an int",
        "best = int(scores.mean(axis=0).argmax()) -> best = int(scores.sum(axis=0).argmax())": "all columns have the same number of runs",
        "spread = differences.std(axis=0, ddof=1) / np.sqrt(len(scores)) -> spread = differences.std(axis=0, ddof=1) / np.sqrt(len(differences))": "these have the same length",
        "return (best, [j for j in range(scores.shape[1]) if low[j] <= 0]) -> return (best, [j for j in range(scores.shape[-1]) if low[j] <= 0])": "the last of two axes is axis 1",
        "return (best, [j for j in range(scores.shape[1]) if low[j] <= 0]) -> return (best, [j for j in range(differences.shape[1]) if low[j] <= 0])": "these have the same shape",
    },
    "paired_test": {
        "differences = b - a -> differences = a - b": "absolute totals are the same on both sides",
        "differences = b - a -> differences = -(b - a)": "absolute totals are the same on both sides",
        "signs = np.array(list(product([1, -1], repeat=len(a)))) -> signs = list(product([1, -1], repeat=len(a)))": "@ makes an array of a list",
        "signs = np.array(list(product([1, -1], repeat=len(a)))) -> signs = -np.array(list(product([1, -1], repeat=len(a))))": "all patterns in another order",
        "signs = np.array(list(product([1, -1], repeat=len(a)))) -> signs = np.array(list(product([-1, 1], repeat=len(a))))": "all patterns in another order",
        "signs = np.array(list(product([1, -1], repeat=len(a)))) -> signs = np.array(list(product([1, -1], repeat=len(b))))": "these have the same length",
        "signs = np.array(list(product([1, -1], repeat=len(a)))) -> signs = np.array(list(product([1, -1], repeat=len(differences))))": "these have the same length",
        "totals = np.abs(signs @ differences) -> totals = np.abs(signs @ differences.T)": "a flat array has no other transpose",
        "return float(np.mean(totals >= abs(differences.sum()))) -> return np.mean(totals >= abs(differences.sum()))": "a NumPy float is a float",
    },
}
