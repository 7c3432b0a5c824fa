"""The exercises of chapter 7, *Dead and saturated units*."""

import numpy as np

from course_utils.exercises import Exercise, Mistake


def batches_of_activations(rng):
    """Yield lists of batches: by hand, then units dead in all, in one and in none."""
    yield ([np.array([[0.0, 0.0, 3.0]]), np.array([[0.5, 0.0, 0.0]])],)
    for sizes, units in (((4, 4, 2), 7), ((1, 5), 4), ((6,), 5), ((3, 2, 2, 1), 9)):
        batches = [np.maximum(0.0, rng.normal(-0.4, 1.0, (n, units))) for n in sizes]
        order = rng.permutation(units)
        for A in batches:
            A[:, order[0]] = 0.0  # dead
            A[:, order[1]] = 0.0
        once = batches[rng.integers(len(sizes))]
        once[rng.integers(len(once)), order[1]] = rng.uniform(1e-4, 1e-2)
        for A in batches:  # on once in each batch: alive in all of them
            A[rng.integers(len(A)), order[2]] = rng.uniform(0.1, 2.0)
        yield (batches,)
    yield ([rng.uniform(0.1, 1.0, (2, 3)), np.zeros((2, 3))],)
    yield ([np.zeros((2, int(rng.integers(2, 6)))) for _ in range(1)] * 2,)


def widths_and_depths(rng):
    """Yield a width and a depth: by hand, no layer, and wide and deep beyond floats."""
    yield 2, 3
    yield 1, int(rng.integers(2, 9))
    yield int(rng.integers(3, 9)), int(rng.integers(2, 40))
    yield int(rng.integers(3, 30)), 0
    yield 30, int(rng.integers(10**8, 10**9))
    yield 60, 2**60
    yield 70, int(rng.integers(2**62, 2**63 - 1)) * 2**7


def pre_activations(rng):
    """Yield Z, dA and alpha: by hand, then layers with dead units and none."""
    yield np.array([[-1.0, -2.0], [3.0, -4.0]]), np.ones((2, 2)), 0.1
    for n, units, alpha in ((5, 6, 0.01), (3, 3, 0.3), (8, 4, 0.2), (1, 5, 0.1)):
        Z = rng.normal(-0.3, 1.0, (n, units))
        order = rng.permutation(units)
        Z[:, order[0]] = -np.abs(Z[:, order[0]])  # dead
        Z[rng.integers(n), order[0]] = 0.0  # at the corner, and dead all the same
        Z[:, order[1]] = -np.abs(Z[:, order[1]])  # on for one row only, and barely
        Z[rng.integers(n), order[1]] = rng.uniform(0.01, 0.1)
        yield Z, rng.normal(size=(n, units)), alpha
    yield np.abs(rng.normal(size=(2, 3))), rng.normal(size=(2, 3)), 0.05


EXERCISES = [
    Exercise(
        name="dead_units",
        points=1,
        inputs=batches_of_activations,
        mistakes=(
            Mistake(
                "np.all(silent, axis=0)",
                "np.any(silent, axis=0)",
                "a unit that is silent in one batch may be on in another: it is dead "
                "if it is silent in all of them.",
            ),
            Mistake(
                "for A in batches]",
                "for A in batches[-1:]]",
                "this is about the last batch alone: look at all of them.",
            ),
            Mistake(
                "for A in batches]",
                "for A in batches[:1]]",
                "this is about the first batch alone: look at all of them.",
            ),
            Mistake(
                "(A == 0).all(axis=0)",
                "(A == 0).any(axis=0)",
                "a unit that is silent for one example is not dead: it must be silent "
                "in every row.",
            ),
            Mistake(
                "(A == 0).all(axis=0)",
                "(A.mean(axis=0) < 0.05)",
                "a unit that is on for one example, and only a little, still learns: "
                "compare with 0 exactly.",
            ),
            Mistake(
                "np.flatnonzero(np.all(silent, axis=0))",
                "np.flatnonzero(~np.all(silent, axis=0))",
                "these are the units that are alive.",
            ),
            Mistake(
                "np.flatnonzero(np.all(silent, axis=0)).tolist()",
                "int(np.all(silent, axis=0).sum())",
                "this is how many are dead: return their numbers.",
            ),
            Mistake(
                "np.flatnonzero(np.all(silent, axis=0)).tolist()",
                "(np.flatnonzero(np.all(silent, axis=0)) + 1).tolist()",
                "units are numbered from 0.",
            ),
        ),
    ),
    Exercise(
        name="p_alive",
        points=1,
        inputs=widths_and_depths,
        mistakes=(
            Mistake(
                "np.exp(depth * np.log1p(-silent))",
                "(1 - silent) ** depth",
                "right on paper, but in a float 1 - 2**-60 is 1: get the logarithm of "
                "1 - silent from np.log1p(-silent).",
            ),
            Mistake(
                "np.exp(depth * np.log1p(-silent))",
                "-np.expm1(depth * np.log1p(-silent))",
                "this is the probability that some layer is silent: asked is that none "
                "is.",
            ),
            Mistake(
                "np.exp(depth * np.log1p(-silent))",
                "1 - silent * depth",
                "the layers' probabilities multiply: (1 - 2**-width) once for each "
                "layer.",
            ),
            Mistake(
                "2.0**-width",
                "0.5",
                "this is for a single unit: all units of the layer must be silent at "
                "once.",
            ),
            Mistake(
                "np.exp(depth * np.log1p(-silent))",
                "1 - silent**depth",
                "this asks for all layers to be silent by themselves: the network is "
                "alive only if every layer is.",
            ),
            Mistake(
                "np.log1p(-silent)",
                "np.log1p(silent)",
                "the sign: a layer is alive with probability 1 - 2**-width.",
            ),
            Mistake(
                "np.exp(depth * np.log1p(-silent))",
                "depth * np.log1p(-silent)",
                "this is the logarithm of the probability: take np.exp of it.",
            ),
        ),
    ),
    Exercise(
        name="revive_with_leaky",
        points=2,
        inputs=pre_activations,
        mistakes=(
            Mistake(
                "np.where(on.any(axis=0), on, alpha)",
                "np.where(on, 1.0, alpha)",
                "this is a leaky ReLU for all units: only the dead ones get alpha.",
            ),
            Mistake(
                "np.where(on.any(axis=0), on, alpha)",
                "on * 1.0",
                "this is the ReLU: a dead unit still gets no gradient.",
            ),
            Mistake(
                "on.any(axis=0)",
                "on.all(axis=0)",
                "a unit that is on for some rows is not dead.",
            ),
            Mistake(
                "np.where(on.any(axis=0), on, alpha)",
                "np.where(on.any(axis=1, keepdims=True), on, alpha)",
                "this looks along the units of one row: a unit is a column, so look "
                "along axis 0.",
            ),
            Mistake(
                "on = Z > 0",
                "on = Z >= 0",
                "at z = 0 the slope of the ReLU is 0, so a unit that reaches no more "
                "than 0 is dead.",
            ),
            Mistake(
                "return dA * slope",
                "return Z * slope",
                "this is an activation: multiply dA by the slope.",
            ),
            Mistake(
                "return dA * slope",
                "return slope",
                "these are the slopes: multiply dA by them.",
            ),
            Mistake(
                "np.where(on.any(axis=0), on, alpha)",
                "np.where(on.any(axis=0), 1.0, alpha)",
                "a unit that is alive keeps its ReLU: the slope is 0 where its Z is "
                "not positive.",
            ),
            Mistake(
                "return dA * slope",
                "return np.where(on.any(axis=0), dA * slope, slope)",
                "alpha is a slope too: multiply dA by it in the dead columns.",
            ),
            Mistake(
                "np.where(on.any(axis=0), on, alpha)",
                "np.where((Z < 0).all(axis=0), alpha, on)",
                "a unit is dead with a Z of 0 too: ask for Z <= 0, not Z < 0.",
            ),
        ),
    ),
]
