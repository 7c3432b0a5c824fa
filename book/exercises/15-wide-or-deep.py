"""The exercises of chapter 15, *Wide or deep?*."""

from itertools import pairwise

import numpy as np

from course_utils.exercises import Exercise, Mistake


def parameters(n_in, n_out, depth, width):
    """Return how many parameters hidden layers of one width have."""
    sizes = [n_in, *[width] * depth, n_out]
    return sum((a + 1) * b for a, b in pairwise(sizes))


def budgets(rng):
    """Yield n_in, n_out, depth, budget: by hand, exact, one short, none, large."""
    yield 2, 2, 2, 50
    yield 2, 2, 1, int(rng.integers(20, 90))
    yield 40, 10, int(rng.integers(2, 7)), int(rng.integers(2000, 9000))
    for depth, more in ((1, 0), (3, 0), (1, -1), (4, -1)):
        n_in, n_out, width = (int(n) for n in rng.integers(2, 60, size=3))
        yield n_in, n_out, depth, parameters(n_in, n_out, depth, width) + more
    n_in, n_out, depth = (int(n) for n in rng.integers(3, 9, size=3))
    yield n_in, n_out, depth, parameters(n_in, n_out, depth, 1) - 1
    yield n_in, n_out, depth, parameters(n_in, n_out, depth, 1)
    yield n_in, n_out, depth, n_out - 1
    yield 784, 10, 1, int(rng.integers(10**8, 10**9))
    width = int(rng.integers(8000, 9000))
    yield 100, 10, 10, parameters(100, 10, 10, width)
    yield 100, 10, 10, parameters(100, 10, 10, width) - 1


def paired_scores(rng):
    """Yield scores, t: by hand; paired data that unpaired intervals cannot separate."""
    yield np.array([[3.0, 1.0], [5.0, 2.0], [4.0, 3.0]]), 4.3
    yield np.array([[1.0, 2.0, 2.0], [3.0, 4.0, 3.0], [5.0, 5.0, 6.0]]), 2.0
    for runs, shapes, t in (
        (10, 4, 2.262),
        (8, 5, 2.365),
        (5, 3, 2.776),
        (10, 6, 3.25),
    ):
        data = rng.normal(0.8, 0.05, (runs, 1))
        gaps = rng.permutation(np.linspace(0.0, 0.02, shapes))
        yield data - gaps + rng.normal(0, 0.008, (runs, shapes)), t
    # The best run is not that of the best column, and two columns are the same.
    runs = int(rng.integers(5, 9))
    steady = rng.normal(0.7, 0.01, (runs, 1)) - np.array([[0.05, 0.0, 0.0, 0.01]])
    steady[:, [0, 3]] += rng.normal(0, 0.002, (runs, 2))
    steady[rng.integers(runs), 0] = 0.8
    yield steady, 2.5
    # The interval ends next to 0, on either side of it.
    signs = np.array([1.0, -1.0, 1.0, -1.0, 1.0, -1.0])
    half = 2.571 * signs.std(ddof=1) / np.sqrt(6)
    shifts = half * rng.permutation([0.95, 1.05, 1.5])
    base = rng.normal(0.5, 0.1, 6)
    worse = base[:, None] - shifts - rng.permutation(signs)[:, None]
    yield np.column_stack([worse[:, :2], base, worse[:, 2:]]), 2.571


def counts(rng):
    """Yield a, b: by hand, equal, ties, small and large numbers of runs."""
    yield np.array([10, 20, 30]), np.array([15, 23, 29])
    yield np.array([7, 8]), np.array([7, 8])
    for runs, lead in ((1, 3), (4, 2), (6, -6), (8, 5), (12, 4)):
        a = rng.integers(900, 980, size=runs)
        yield a, a + lead + rng.integers(-8, 9, size=runs)
    a = rng.integers(500, 600, size=6)
    yield a, a + rng.permutation([2, 2, -2, 2, 0, -2])
    yield a, a + rng.permutation([1, 3, 3, 4, 6, 9])


EXERCISES = [
    Exercise(
        name="width_for_budget",
        points=2,
        inputs=budgets,
        mistakes=(
            Mistake(
                "depth - 1,",
                "depth,",
                "between depth hidden layers there are depth - 1 groups of weights.",
            ),
            Mistake(
                "n_in + n_out + depth,",
                "n_in + n_out + depth - 1,",
                "a bias is missing: each of the depth hidden layers has one for each "
                "of its units.",
            ),
            Mistake(
                "n_in + n_out + depth,",
                "n_in + n_out,",
                "count the biases of the hidden layers: depth for each unit of width.",
            ),
            Mistake(
                "budget - n_out",
                "budget",
                "the output has biases too, n_out of them, whatever the width.",
            ),
            Mistake(
                "left // b",
                "(left - 1) // b",
                "a network with exactly the budget is allowed.",
            ),
            Mistake(
                "if a == 0:",
                "if a < 0:",
                "with one hidden layer there is no square, and nothing to divide by: "
                "solve b w = left.",
            ),
            Mistake(
                "return 0",
                "return 1",
                "where even a width of 1 is too dear, the result is 0.",
            ),
            Mistake(
                "- b) // (2 * a)",
                "- b) // (2 * a) + 1",
                "round the root down: the next width is over the budget.",
            ),
            Mistake(
                "- b) // (2 * a)",
                "- b) / (2 * a)",
                "a width is a whole number: round the root down.",
            ),
        ),
    ),
    Exercise(
        name="summarise_seeds",
        points=2,
        inputs=paired_scores,
        mistakes=(
            Mistake(
                "ddof=1",
                "ddof=0",
                "estimate the standard deviation with n - 1 in the divisor, ddof=1.",
            ),
            Mistake(
                "- t * spread",
                "- t * (scores.std(axis=0, ddof=1) + scores[:, best].std(ddof=1)) "
                "/ np.sqrt(scores.shape[0])",
                "these are two intervals side by side: take the interval of the paired "
                "differences.",
            ),
            Mistake(
                " / np.sqrt(len(scores))",
                "",
                "this is the spread of one run; that of a mean is smaller by sqrt(n).",
            ),
            Mistake(
                "differences.std(axis=0, ddof=1)",
                "scores.std(axis=0, ddof=1)",
                "take the standard deviation of the paired differences, not of the "
                "scores.",
            ),
            Mistake(
                "np.sqrt(len(scores))",
                "np.sqrt(scores.shape[1])",
                "n is the number of runs, the rows.",
            ),
            Mistake(
                "scores.mean(axis=0).argmax()",
                "scores.max(axis=0).argmax()",
                "best is the column with the highest mean, not with the best run.",
            ),
            Mistake(
                "if low[j] <= 0]",
                "if low[j] > 0]",
                "these are the columns that the runs can tell from the best: tied "
                "holds the others.",
            ),
            Mistake(
                "if low[j] <= 0]",
                "if low[j] <= 0 and j != best]",
                "the best column belongs to the list: its difference from itself is 0.",
            ),
        ),
    ),
    Exercise(
        name="paired_test",
        points=2,
        inputs=counts,
        mistakes=(
            Mistake(
                "totals >= abs",
                "totals > abs",
                "the observed signs count as well: at least as far out, not farther.",
            ),
            Mistake(
                "np.abs(signs @ differences)",
                "signs @ differences",
                "a total can be as far out on the other side: compare absolute values.",
            ),
            Mistake(
                "totals >= abs(differences.sum())",
                "signs @ differences >= differences.sum()",
                "a total can be as far out on the other side: compare absolute values.",
            ),
            Mistake(
                "abs(differences.sum())",
                "differences.sum()",
                "the observed total can be negative: take its absolute value.",
            ),
            Mistake(
                "abs(differences.sum())",
                "abs(differences).sum()",
                "the observed total keeps the signs of the differences.",
            ),
            Mistake(
                "np.mean(totals",
                "np.sum(totals",
                "return a share of all patterns, from 0 to 1, not their number.",
            ),
            Mistake(
                "product([1, -1], repeat=len(a))",
                "product([1, 0], repeat=len(a))",
                "flip the sign of a difference; do not leave the run out.",
            ),
        ),
    ),
]
