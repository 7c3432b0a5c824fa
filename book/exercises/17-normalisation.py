"""The exercises of chapter 17, *Normalisation and skip connections*."""

import numpy as np

from course_utils.exercises import Exercise, Mistake


def shared_batches(rng):
    """Yield Z, scale, shift, parts: by hand, one part, and units of small variance."""
    column = np.array([[1.0], [3.0], [3.0], [9.0]])
    yield column, np.array([2.0]), np.array([1.0]), 2
    for n, units, parts in ((4, 3, 1), (6, 2, 3), (8, 4, 2), (4, 4, 2)):
        Z = rng.normal(rng.normal(size=units), rng.uniform(0.5, 3, units), (n, units))
        yield Z, rng.normal(size=units), rng.normal(size=units), parts
    faint = rng.normal(1.0, 0.004, (6, 2))  # its variance is about epsilon
    yield faint, rng.uniform(1, 2, 2), rng.normal(size=2), 2


def batches_of_libraries(rng):
    """Yield batches, library: by hand, one batch and several, one unit and several."""
    column = np.array([[1.0], [3.0], [3.0], [9.0]])
    yield [column], "torch"
    yield [column], "keras"
    for sizes, units in (((3,), 2), ((2, 5), 3), ((4, 2, 3), 1), ((3, 3, 3, 3), 2)):
        for library in ("torch", "keras"):
            batches = [
                rng.normal(rng.normal(), rng.uniform(1, 3), (n, units)) for n in sizes
            ]
            yield batches, library


def blocks(rng):
    """Yield X, W1, W2, dY: by hand, and square, where a forgotten transpose runs."""
    yield (
        np.array([[2.0, -1.0]]),
        np.array([[1.0], [3.0]]),
        np.array([[0.5, 1.0]]),
        np.array([[1.0, 1.0]]),
    )
    for n, units, inner in ((3, 4, 4), (5, 2, 3), (2, 3, 5)):
        yield (
            rng.normal(size=(n, units)),
            rng.normal(size=(units, inner)),
            rng.normal(size=(inner, units)),
            rng.normal(size=(n, units)),
        )
    X, W1 = rng.normal(size=(3, 4)), rng.normal(size=(4, 3))
    X[[0, 2], [2, 3]] = 0.0  # where a ReLU gets 0 it passes nothing back:
    X[:, 1] = X[:, 0] = rng.uniform(1, 2, 3)
    W1[:, 1] = [1.0, -1.0, 0.0, 0.0]  # two equal activations cancel
    yield X, W1, rng.normal(size=(3, 4)), rng.normal(size=(3, 4))


EXERCISES = [
    Exercise(
        name="batchnorm_forward",
        points=2,
        inputs=shared_batches,
        mistakes=(
            Mistake(
                "np.split(Z, parts)",
                "[Z]",
                "this normalises the whole batch at once: each part has its own mean "
                "and its own variance.",
            ),
            Mistake(
                "np.split(Z, parts)",
                "np.split(Z, len(Z) // parts)",
                "parts is the number of parts, not the number of rows in one.",
            ),
            Mistake(
                "part.var(axis=0)",
                "part.var(axis=0, ddof=1)",
                "divide by the variance with n in its denominator; n - 1 is for the "
                "running variance.",
            ),
            Mistake(
                "np.sqrt(part.var(axis=0) + 1e-5)",
                "np.sqrt(part.var(axis=0))",
                "add epsilon, 1e-5, to the variance before you take the root.",
            ),
            Mistake(
                "np.sqrt(part.var(axis=0) + 1e-5)",
                "(part.std(axis=0) + 1e-5)",
                "epsilon is added to the variance, inside the root.",
            ),
            Mistake(
                "np.sqrt(part.var(axis=0) + 1e-5)",
                "(part.var(axis=0) + 1e-5)",
                "divide by the standard deviation, the root of the variance.",
            ),
            Mistake(
                "return scale * np.concatenate(normalised) + shift",
                "return np.concatenate(normalised)",
                "scale and shift are still to come.",
            ),
            Mistake(
                "return scale * np.concatenate(normalised) + shift",
                "return scale * (np.concatenate(normalised) + shift)",
                "the shift is added after the scaling, and is not scaled.",
            ),
        ),
    ),
    Exercise(
        name="running_stats",
        points=2,
        inputs=batches_of_libraries,
        mistakes=(
            Mistake(
                '(0.1, 1) if library == "torch" else (0.01, 0)',
                '(0.1, 1) if library == "torch" else (0.01, 1)',
                "Keras keeps the biased variance, with n in its denominator.",
            ),
            Mistake(
                '(0.1, 1) if library == "torch" else (0.01, 0)',
                '(0.1, 0) if library == "torch" else (0.01, 0)',
                "PyTorch keeps the unbiased variance, with n - 1 in its denominator.",
            ),
            Mistake(
                '(0.1, 1) if library == "torch" else (0.01, 0)',
                '(0.9, 1) if library == "torch" else (0.99, 0)',
                "the weights are swapped: the new batch has the small one.",
            ),
            Mistake(
                '(0.1, 1) if library == "torch" else (0.01, 0)',
                '(0.1, 1) if library == "torch" else (0.1, 0)',
                "in Keras the new batch has the weight 0.01.",
            ),
            Mistake(
                "np.zeros(units), np.ones(units)",
                "np.zeros(units), np.zeros(units)",
                "the running variance begins at 1.",
            ),
            Mistake(
                "Z.var(axis=0, ddof=ddof)",
                "Z.std(axis=0, ddof=ddof)",
                "it is the variance that is averaged, not the standard deviation.",
            ),
            Mistake(
                "return mean, var",
                "return batches[-1].mean(axis=0), batches[-1].var(axis=0, ddof=ddof)",
                "these are the statistics of the last batch; average over all of them.",
            ),
        ),
    ),
    Exercise(
        name="residual_block",
        points=2,
        inputs=blocks,
        mistakes=(
            Mistake(
                "return Y, dY + dA * (X > 0)",
                "return Y, dA * (X > 0)",
                "the gradient of the skip is missing: x reaches y by two ways.",
            ),
            Mistake(
                "return Y, dY + dA * (X > 0)",
                "return Y, (dY + dA) * (X > 0)",
                "the first ReLU is on the branch only: the skip passes all of dY.",
            ),
            Mistake(
                "return Y, dY + dA * (X > 0)",
                "return Y, dY + dA",
                "the branch begins with a ReLU: pass dA back only where X > 0.",
            ),
            Mistake(
                "Y = X + np.maximum(0, Z) @ W2",
                "Y = np.maximum(0, Z) @ W2",
                "this is the branch alone: add X.",
            ),
            Mistake(
                "Y = X + np.maximum(0, Z) @ W2",
                "Y = A + np.maximum(0, Z) @ W2",
                "the skip adds X itself, not its ReLU.",
            ),
            Mistake(
                "A = np.maximum(0, X)",
                "A = X",
                "the branch begins with a ReLU of X.",
            ),
            Mistake(
                "(dY @ W2.T) * (Z > 0)",
                "(dY @ W2.T)",
                "the second ReLU passes the gradient only where Z > 0.",
            ),
            Mistake(
                "dA = dZ @ W1.T",
                "dA = dZ @ W1",
                "transpose W1 on the way back; only a square one runs without.",
            ),
        ),
    ),
]
