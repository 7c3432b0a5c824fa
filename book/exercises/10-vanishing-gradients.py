"""The exercises of chapter 10, *Vanishing and exploding gradients, measured*."""

from itertools import pairwise

import numpy as np

from course_utils.exercises import Exercise, Mistake


def tanh_networks(rng):
    """Yield Ws, Zs, dlogits: by hand, square layers, one image, one hidden layer."""
    one = np.array([[2.0]]), np.array([[3.0]])
    yield list(one), [np.zeros((1, 1)), np.zeros((1, 1))], np.array([[0.5]])
    for n, sizes in ((4, (3, 3, 3)), (1, (2, 4, 3, 2)), (5, (3, 2)), (3, (2, 2, 2, 2))):
        Ws = [rng.normal(size=shape) for shape in pairwise(sizes)]
        Zs = [rng.normal(size=(n, units)) for units in sizes[:-1]]
        yield Ws, Zs, rng.normal(size=(n, sizes[-1]))


def many_runs(rng):
    """Yield norms: by hand, odd and even numbers of runs, vanishing and exploding."""
    yield (np.array([[1.0, 4.0, 16.0]]),)
    for runs, n_layers, scale in ((1, 2, 1.0), (3, 5, 0.1), (4, 3, 1e-9), (6, 7, 5.0)):
        steps = rng.normal(0.0, 1.5, size=(runs, n_layers)).cumsum(axis=1)
        yield (scale * np.exp(steps),)


def sigmoid_steps(rng):
    """Yield Ws, Zs: by hand, steps of several widths, square ones, saturated units."""
    yield [np.array([[4.0]]), np.array([[2.0]])], [np.zeros((1, 1)), np.zeros((1, 1))]
    for n, sizes, gain in (
        (3, (2, 5, 3), 1.0),
        (1, (3, 3), 2.0),
        (6, (4, 2, 2, 1), 4.0),
        (2, (3, 4, 5, 6, 2), 8.0),
    ):
        pairs = list(pairwise(sizes))
        Ws = [gain * rng.normal(size=shape) for shape in pairs]
        Zs = [gain * rng.normal(size=(n, n_in)) for n_in, _ in pairs]
        yield Ws, Zs


EXERCISES = [
    Exercise(
        name="delta_norms",
        points=2,
        inputs=tanh_networks,
        mistakes=(
            Mistake(
                "dZ @ W.T",
                "dZ @ W",
                "going back, the weights are transposed: dZ @ W.T. Only in a square "
                "layer does the product run without.",
            ),
            Mistake(
                "1 - np.tanh(Z) ** 2",
                "1 - Z ** 2",
                "Zs holds pre-activations: take the tanh of Z before you square it.",
            ),
            Mistake(
                "1 - np.tanh(Z) ** 2",
                "np.tanh(Z)",
                "this multiplies by the activation: the slope of tanh is "
                "1 - tanh(z)^2.",
            ),
            Mistake(
                "dZ = (dZ @ W.T) * (1 - np.tanh(Z) ** 2)\n"
                "        norms.append(np.linalg.norm(dZ))",
                "dA = dZ @ W.T\n"
                "        norms.append(np.linalg.norm(dA))\n"
                "        dZ = dA * (1 - np.tanh(Z) ** 2)",
                "take the length after the slopes: it is that of dZ, not of dA.",
            ),
            Mistake(
                "(dZ @ W.T) * (1 - np.tanh(Z) ** 2)",
                "dZ @ W.T",
                "the weights are there and the slopes are missing: multiply by "
                "1 - tanh(z)^2, element by element.",
            ),
            Mistake(
                "(dZ @ W.T) * (1 - np.tanh(Z) ** 2)",
                "(dZ @ W.T) / (1 + np.exp(-Z)) * (1 - 1 / (1 + np.exp(-Z)))",
                "this is the slope of the sigmoid; these layers are tanh layers.",
            ),
            Mistake(
                "norms[::-1]",
                "norms",
                "the way back meets the last layer first: turn the list round.",
            ),
            Mistake(
                "np.linalg.norm(dZ)",
                "np.linalg.norm(dZ.sum(axis=0))",
                "this is the length of the bias gradient: do not sum over the images.",
            ),
            Mistake(
                "np.linalg.norm(dZ)",
                "np.sum(dZ ** 2)",
                "a length is the root of the sum of squares: take the root.",
            ),
        ),
    ),
    Exercise(
        name="layer_ratio",
        points=1,
        inputs=many_runs,
        mistakes=(
            Mistake(
                "norms.shape[1] - 1",
                "norms.shape[1]",
                "between L layers there are L - 1 steps.",
            ),
            Mistake(
                "norms[:, 0] / norms[:, -1]",
                "norms[:, -1] / norms[:, 0]",
                "this is the factor going forward: a step back leads from the last "
                "layer to the first.",
            ),
            Mistake(
                "whole ** (1 / steps)",
                "whole / steps",
                "the factor is applied steps times, one after the other: take the "
                "root, not a share.",
            ),
            Mistake(
                "np.median(whole ** (1 / steps))",
                "np.median(whole)",
                "this is the factor of the whole way: one step is its root.",
            ),
            Mistake(
                "np.median(whole ** (1 / steps))",
                "np.mean(whole ** (1 / steps))",
                "take the median over the runs, not the mean.",
            ),
            Mistake(
                "np.median(whole ** (1 / steps))",
                "np.median(whole) ** (1 / steps)",
                "take the root for each run first, and the median last: with an even "
                "number of runs it makes a difference.",
            ),
            Mistake(
                "norms[:, 0] / norms[:, -1]",
                "np.median(norms[:, 0]) / np.median(norms[:, -1])",
                "this is the factor between two median lengths: make one factor for "
                "each run first, and take the median last.",
            ),
            Mistake(
                "np.median(whole ** (1 / steps))",
                "np.median(norms[:, :-1] / norms[:, 1:])",
                "take one factor for each run, from its first and its last layer.",
            ),
        ),
    ),
    Exercise(
        name="predict_shrink",
        points=2,
        inputs=sigmoid_steps,
        mistakes=(
            Mistake(
                "np.sqrt(np.mean((A * (1 - A)) ** 2))",
                "np.mean(A * (1 - A))",
                "the slope is the root of the mean square, not the mean.",
            ),
            Mistake(
                "np.sqrt(np.mean((A * (1 - A)) ** 2))",
                "np.max(A * (1 - A))",
                "take the root of the mean square of the slopes, not the largest.",
            ),
            Mistake(
                "np.sqrt(np.mean((A * (1 - A)) ** 2))",
                "0.25",
                "this is the quarter rule: look at the slopes where the units stand.",
            ),
            Mistake(
                "np.sqrt(np.mean((A * (1 - A)) ** 2))",
                "np.mean((A * (1 - A)) ** 2)",
                "this is the mean square: the root is missing.",
            ),
            Mistake(
                "W.shape[1]",
                "W.shape[0]",
                "W has the shape (n_in, n_out): divide by the root of n_out, the "
                "second size.",
            ),
            Mistake(
                "np.sqrt(W.shape[1])",
                "W.shape[1]",
                "divide the length of W by the root of n_out, not by n_out.",
            ),
            Mistake(
                "np.linalg.norm(W) / np.sqrt(W.shape[1])",
                "np.linalg.norm(W)",
                "the stretch is the length of W divided by the root of n_out.",
            ),
            Mistake(
                "np.linalg.norm(W) / np.sqrt(W.shape[1])",
                "np.linalg.norm(W, ord=2)",
                "this is the most that W can stretch a vector; take the typical "
                "stretch.",
            ),
            Mistake(
                "factor *= slope * stretch",
                "factor = slope * stretch",
                "this is the last step alone: multiply the factors of all steps.",
            ),
        ),
    ),
]
