"""The exercises of chapter 18, *Problems with known answers*."""

import numpy as np

from course_utils.exercises import Exercise, Mistake


def units(rng):
    """Yield w: by hand, mirror units, and some that are nearly such or not quite."""
    yield (np.array([3.0, -6.0, 6.0, -3.0]),)
    yield (np.array([3.0, -6.0, 6.0, 3.0]),)
    for pairs in (1, 3, 4, 5):
        yield (mirrored(rng, pairs),)
    for parts in ((0.08,), (-0.08,), (0.12,), (-0.12,), (-0.3,), (0.07, -0.07)):
        w = mirrored(rng, 3)
        largest = np.abs(w).max()
        # The sums of the smaller pairs: up to a tenth of the largest weight, or more.
        smaller = rng.permutation(np.flatnonzero(np.abs(w[3:]) < 0.9 * largest))
        for i, part in zip(smaller, parts):
            w[3 + i] += part * largest
        yield (w,)
    # The largest weight is negative, and no positive one is as large.
    for w in ([-10.0, 3.0, -2.04, 9.2], [9.2, 3.0, -2.04, -10.0]):
        yield (rng.uniform(0.5, 20) * np.array(w),)


def mirrored(rng, pairs):
    """Return a mirror unit of `pairs` pairs, which all differ in size."""
    left = rng.permutation(np.arange(1.0, pairs + 1)) * rng.uniform(0.2, 20)
    left *= rng.choice([-1.0, 1.0], pairs)
    return np.concatenate([left, -left[::-1]])


def activations(rng):
    """Yield A, margin: by hand, values at the margin, shared codes, many patterns."""
    yield np.array([[0.1, 0.9], [0.5, 0.9], [0.0, 1.0]]), 0.2
    for margin in rng.permutation([0.125, 0.25, 0.375]):
        at_the_margin = rng.permutation([margin, 1 - margin, 0.5, 0.0, 1.0, margin])
        yield at_the_margin.reshape(3, 2), float(margin)
    for patterns, n_units, margin in ((8, 3, 0.2), (12, 2, 0.3), (5, 4, 0.45)):
        yield rng.uniform(0, 1, (patterns, n_units)), margin
    corners = rng.integers(0, 2, (4, 3)).astype(float)
    yield corners[rng.integers(0, 4, 9)], float(rng.uniform(0.05, 0.4))
    yield rng.uniform(0, 1, (6, 1)), 0.1


def first_sweeps(rng):
    """Yield first, limit: by hand, at the limit, no success, successes only, many."""
    yield np.array([10.0, np.inf, 30.0]), 20
    limit = int(rng.integers(5, 500))
    yield rng.permutation([limit, limit + 1.0, limit - 1.0, np.inf, 0.0]), limit
    yield rng.permutation([np.inf, limit + 1.0, 2.0 * limit, np.inf]), limit
    yield rng.integers(1, 50, 7).astype(float), 50
    for n in (12, 40):
        first = rng.integers(1, 1000, n).astype(float)
        first[rng.uniform(size=n) < 0.4] = np.inf
        yield first, int(rng.integers(300, 900))


EXERCISES = [
    Exercise(
        name="symmetry_ratio",
        points=2,
        inputs=units,
        mistakes=(
            Mistake(
                "w[::-1][:half]",
                "w[half:]",
                "the last weight is the partner of the first: turn the right half "
                "round.",
            ),
            Mistake(
                "np.abs(left + right).max()",
                "(left + right).max()",
                "the sum of a pair can be negative: take its absolute value.",
            ),
            Mistake(
                "0.1 * np.abs(w).max()",
                "0.1 * w.max()",
                "the weight that is largest in size may be negative.",
            ),
            Mistake(
                "0.1 * np.abs(w).max()",
                "0.1",
                "a tenth of the largest absolute weight, not 0.1: the sums grow with "
                "the weights.",
            ),
            Mistake(
                "np.sort(np.abs(left - right))",
                "np.abs(left - right)",
                "sort the sizes first, so that the smallest comes first.",
            ),
            Mistake(
                "np.sort(np.abs(left - right))",
                "np.sort(np.abs(left))",
                "the size of a pair is the difference of its two weights, not the left "
                "one alone.",
            ),
            Mistake(
                "sizes / sizes[0]",
                "sizes / sizes[-1]",
                "divide by the smallest size, so that it becomes 1.",
            ),
            Mistake(
                "sizes / sizes[0]",
                "sizes",
                "divide the sizes by the smallest.",
            ),
            Mistake(
                "np.abs(left + right).max()",
                "np.abs(left + right).sum()",
                "one pair at a time: take the largest of the sums, not their total.",
            ),
        ),
    ),
    Exercise(
        name="code_table",
        points=2,
        inputs=activations,
        mistakes=(
            Mistake(
                '"0" if a < margin else "1" if a > 1 - margin else "?"',
                '"0" if a < 0.5 else "1"',
                "a value in the middle is neither: write '?' for it.",
            ),
            Mistake(
                "a < margin",
                "a <= margin",
                "an activation equal to the margin is not less than it: '?'.",
            ),
            Mistake(
                "a > 1 - margin",
                "a >= 1 - margin",
                "an activation equal to 1 - margin is not more than it: '?'.",
            ),
            Mistake(
                '"0" if a < margin else "1" if a > 1 - margin else "?"',
                '"0" if a <= margin else "1" if a >= 1 - margin else "?"',
                "an activation equal to the margin, or to 1 - margin, is neither: '?'.",
            ),
            Mistake(
                "a > 1 - margin",
                "a > margin",
                "a 1 lies above 1 - margin, not above margin.",
            ),
            Mistake(
                "enumerate(A)",
                "enumerate(A, start=1)",
                "count the patterns from 0.",
            ),
            Mistake(
                "enumerate(A)",
                "enumerate(A.T)",
                "a pattern is a row of A, and a unit is a column.",
            ),
            Mistake(
                "table.setdefault(code, []).append(pattern)",
                "table[code] = [pattern]",
                "several patterns can have one code: append to the list that is there.",
            ),
            Mistake(
                "        code += ",
                "        code = ",
                "a code has a character for every unit: add each to the string.",
            ),
        ),
    ),
    Exercise(
        name="success_rate",
        points=2,
        inputs=first_sweeps,
        mistakes=(
            Mistake(
                "first <= limit",
                "first < limit",
                "a start that is done after exactly `limit` sweeps is a success.",
            ),
            Mistake(
                "(first <= limit).sum()",
                "np.isfinite(first).sum()",
                "a start that would have been done after the limit was given up.",
            ),
            Mistake(
                "    spent = np.minimum(first, limit).sum()",
                "    successes = (done := np.isfinite(first)).sum()\n"
                "    low, high = wilson_interval(successes, len(first))\n"
                "    spent = first[done].sum() + limit * (~done).sum()",
                "a start that learned after `limit` is no success, however finite.",
            ),
            Mistake(
                "np.minimum(first, limit).sum()",
                "first[first <= limit].sum()",
                "the failures were trained too: each of them cost `limit` sweeps.",
            ),
            Mistake(
                "np.minimum(first, limit).sum()",
                "limit * len(first)",
                "a success stops early: it costs its own sweeps, not `limit`.",
            ),
            Mistake(
                "spent / successes if",
                "spent / len(first) if",
                "the price is for a success: divide by the number of successes.",
            ),
            Mistake(
                "else None",
                "else np.inf",
                "without a success there is no price: return None for it.",
            ),
            Mistake(
                "successes / len(first), float(low)",
                "successes, float(low)",
                "the rate is a share: divide the number of successes by the starts.",
            ),
            Mistake(
                "wilson_interval(successes, len(first))",
                "wilson_interval(len(first) - successes, len(first))",
                "the interval is for the rate of success: pass the successes.",
            ),
        ),
    ),
]
