"""The exercises of chapter 4, *Building functions from ReLUs*."""

import numpy as np

from course_utils.exercises import Exercise, Mistake


def samples_and_knots(rng):
    """Yield x, y, knots: by hand, then noisy curves on knots that are not even."""
    yield np.array([0.0, 1.0, 2.0]), np.array([0.0, 3.0, 0.0]), np.array([0.0, 2.0])
    for k, each in ((3, 4), (4, 3), (6, 5), (2, 6), (5, 2)):
        knots = np.cumsum(rng.uniform(0.4, 1.6, k)) + rng.uniform(-3.0, 2.0)
        # Some samples inside every piece, and one at each knot.
        shares = (np.arange(each) + rng.uniform(0.2, 0.8, (k - 1, each))) / each
        inside = knots[:-1, None] + np.diff(knots)[:, None] * shares
        x = rng.permutation(np.concatenate([knots, inside.ravel()]))
        yield x, 2.0 + np.cos(2.0 * x) + rng.normal(0.0, 0.3, len(x)), knots


def curves_and_knots(rng):
    """Yield p, q, knots, m of f(x) = p x**2 + q sin(3 x), by hand first."""
    yield 1.0, 0.0, np.array([0.0, 2.0, 6.0]), 1
    for k, m in ((3, 2), (5, 4), (2, 3), (7, 1), (4, 10)):
        knots = np.cumsum(rng.uniform(0.1, 1.5, k)) + rng.uniform(-3.0, 0.0)
        p, q = rng.uniform(0.2, 1.0, 2) * rng.choice([-1.0, 1.0], 2)
        # One of the curves lies below its chords everywhere.
        yield (abs(p), 0.0, knots, m) if k == 3 else (p, q, knots, m)


def on_curve(answer, p, q, knots, m):
    """Return what `answer` says of f(x) = p x**2 + q sin(3 x)."""
    return answer(lambda x: p * x**2 + q * np.sin(3.0 * x), knots, m)


def networks_and_ends(rng):
    """Yield W1, b1, W2, low, high: by hand, then units in groups, and close calls."""
    by_hand = [1.0, -1.0, 1.0], [0.0, 0.0, -2.0], [1.0, -1.0, 1.0]
    yield *network(*by_hand), -1.0, 3.0
    for most in (1, 2, 2, 3, 3):
        yield groups_and_ends(rng, most)
    # Changes that add up to nearly 0, and knots that are nearly the same.
    knot, v = rng.integers(-8, 9) / 4.0, rng.integers(1, 5) / 2.0
    for first, low, high in ((0.0, -1.0, 3.0), (1.0, 0.0, 3.0), (-2.0, -3.0, 0.0)):
        biases = [-v * first, -v * (first + 1.0)]
        yield *network([v, v], biases, [v, -v]), low, high
    for change in (1e-6, 1.5e-6, 8e-7):
        sums = [v, change - v, change]
        yield *network([1.0, 1.0, -1.0], [-knot, -knot, knot + 1.0], sums), -9.0, 9.0
    for apart in (0.01, 4e-6, 2e-7):
        yield *network([1.0, 1.0], [-knot, -knot - apart], [v, -v]), -9.0, 9.0


def groups_and_ends(rng, most):
    """Return W1, b1, W2, low, high: groups of one or two units, each at its own knot.

    All knots are quarters, so that equal is equal. There is a kink at each end.
    """
    w = rng.choice([-2.0, -1.0, -0.5, 0.5, 1.0, 2.0])
    v = rng.choice([-1.5, -1.0, -0.5, 0.5, 1.0, 1.5])
    kinds = [
        [(w, v)],
        [(w, v), (2 * w, v)],
        [(w, v), (-w, v)],
        [(w, v), (-w, -v)],  # from here on there is no kink
        [(w, v), (2 * w, -v / 2)],
        [(w, v), (-2 * w, -v / 2)],
        [(0.0, v)],
        [(w, 0.0)],
    ]
    counts = rng.integers(0, most + 1, len(kinds))
    counts[0] += 4  # two for the ends and two outside
    counts[rng.permutation(len(kinds))[:3]] += 1
    groups = [kind for kind, count in zip(kinds, counts) for _ in range(count)]
    knots = rng.permutation(np.arange(-24, 25))[: len(groups)] / 4.0
    inside = np.sort(knots[2:])
    low, high = inside[0] - 0.25, inside[-1] + 0.25
    knots[:4] = low, high, low - 0.5, high + 0.5
    units = [(a, -a * k, c) for k, group in zip(knots, groups) for a, c in group]
    columns = rng.permutation(units).T
    columns[1, columns[0] == 0.0] = 1.0
    return *network(*columns), low, high


def network(w, b, v):
    """Return W1, b1, W2 of the units with these weights."""
    w, b, v = (np.asarray(values, dtype=float) for values in (w, b, v))
    return w[None, :], b, v[:, None]


EXERCISES = [
    Exercise(
        name="relu_basis_fit",
        points=2,
        inputs=samples_and_knots,
        rtol=1e-7,
        atol=1e-9,
        mistakes=(
            Mistake(
                "return np.column_stack([ramps, np.ones(len(points))])",
                "return ramps",
                "without the output bias the line begins at height 0: add a column of "
                "ones.",
            ),
            Mistake(
                "features(knots) @ weights",
                "weights",
                "these are the output weights, changes of slope: evaluate the line at "
                "the knots.",
            ),
            Mistake(
                "np.maximum(0.0, points[:, None] - knots[:-1])",
                "points[:, None] - knots[:-1]",
                "without the ReLU there is no bend: take np.maximum with 0.",
            ),
            Mistake(
                "np.maximum(0.0, points[:, None] - knots[:-1])",
                "np.maximum(0.0, points[:, None] - knots[1:])",
                "the first unit has its knot at the first knot, where the line begins, "
                "and the last knot needs none.",
            ),
            Mistake(
                "features(knots) @ weights",
                "np.interp(knots, np.sort(x), y[np.argsort(x)])",
                "this joins the samples themselves: find the weights that fit all of "
                "them best.",
            ),
            Mistake(
                "features(knots) @ weights",
                "features(x) @ weights",
                "these are the heights at the samples: the knots are asked for.",
            ),
        ),
    ),
    Exercise(
        name="approx_error",
        points=2,
        inputs=curves_and_knots,
        observe=on_curve,
        mistakes=(
            Mistake(
                "(widths * squares).sum() / widths.sum()",
                "squares.mean()",
                "every piece counts the same here: weight its mean square by its "
                "width.",
            ),
            Mistake(
                "np.sqrt((widths * squares).sum() / widths.sum())",
                "(widths * squares).sum() / widths.sum()",
                "this is the mean square: take its root.",
            ),
            Mistake(
                "np.sqrt((widths * squares).sum() / widths.sum())",
                "np.sqrt((widths * squares).sum())",
                "divide by the width of the whole interval to get a mean.",
            ),
            Mistake(
                "np.abs(f(points) - chords)",
                "f(points) - chords",
                "a distance is not negative: take absolute values before the largest.",
            ),
            Mistake(
                "(np.arange(m) + 0.5) / m",
                "np.arange(m) / m",
                "these points begin at the knots, where the distance is 0: take the "
                "middles of m equal parts.",
            ),
            Mistake(
                "(distances**2).mean(axis=1)",
                "(distances**2).mean(axis=0)",
                "take the mean over the points of each piece, axis 1.",
            ),
            Mistake(
                "return rms, distances.max()",
                "return distances.max(), rms",
                "the order is (rms, largest).",
            ),
            Mistake(
                "(distances**2).mean(axis=1)",
                "distances.mean(axis=1) ** 2",
                "square the distances first, and then take their mean.",
            ),
        ),
    ),
    Exercise(
        name="count_kinks",
        points=2,
        inputs=networks_and_ends,
        mistakes=(
            Mistake(
                "abs(w) * v",
                "w * v",
                "at its knot a unit that looks to the left changes the slope from w v "
                "to 0, by |w| v.",
            ),
            Mistake(
                "abs(w) * v",
                "v",
                "the slope changes by |w| v: the input weight counts too.",
            ),
            Mistake(
                "low < k < high and abs(d) > 1e-6 for k, d in",
                "low < k < high for k, d in",
                "changes of slope at one knot can add up to 0: then there is no kink.",
            ),
            Mistake(
                "low < k < high",
                "low <= k <= high",
                "a knot at the end of the interval does not count.",
            ),
            Mistake(
                "low < k < high and abs(d)",
                "abs(d)",
                "count the knots strictly between low and high only.",
            ),
            Mistake(
                "round(-b / w, 6)",
                "round(b / w, 6)",
                "w x + b is 0 at x = -b / w.",
            ),
            Mistake(
                "return sum(low < k < high and abs(d) > 1e-6 for k, d in "
                "changes.items())",
                "return sum(low < -b / w < high for w, b in zip(W1[0], b1) if w != 0)",
                "units with the same knot make one kink, and a unit whose output "
                "weight is 0 makes none.",
            ),
        ),
    ),
]
