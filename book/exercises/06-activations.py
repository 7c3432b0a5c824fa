"""The exercises of chapter 6, *Activations and their derivatives*."""

import numpy as np

from course_utils.exercises import Exercise, Mistake


def names_and_points(rng):
    """Yield a name and Z: by hand, then a batch of each, with z = 0 in both."""
    names = ("sigmoid", "tanh", "relu", "softplus")
    for name in names:
        yield name, np.array([0.0, 2.0, -1.0])
    for name in names:
        Z = rng.normal(0.0, 3.0, (3, 4))
        Z[0, :3] = 0.0, *rng.uniform((-0.9, 0.1), (-0.1, 0.9))
        yield name, rng.permuted(Z)


def points_and_alphas(rng):
    """Yield Z and alpha: by hand, whole numbers, then batches with other alphas."""
    yield np.array([-1.0, 0.0, 3.0]), 1.0
    yield rng.permutation([-1, 0, *rng.integers(-9, 10, 4)]), 2.0
    far = rng.normal(1000.0, 10.0, 2)  # where the other branch overflows
    yield np.array([-1.0, 1.0]) * far, 1.0
    for alpha in rng.uniform((0.3, 1.3), (0.7, 1.7)):
        yield rng.normal(0.0, 2.0, (3, 4)), float(alpha)


def points_and_shares(rng):
    """Yield Z and share: the text's own example, then more and less spread out."""
    yield np.array([0.0, 2.0, 6.0]), 0.5
    # No element is where the slope is largest.
    yield rng.integers(3, 6, 4) + rng.uniform(0.1, 0.9, 4), 0.5
    Z = rng.normal(0.0, 3.0, 7)
    Z[: rng.integers(1, 6)] = 0.0  # exactly at the border
    yield Z, 1.0
    yield np.array([-6.0, -4.0, -2.0, 0.0, 2.0]), 0.2
    for spread, share in ((1.0, 0.8), (3.0, 0.3), (8.0, 0.1)):
        yield rng.normal(0.0, spread, (5, 8)), share


EXERCISES = [
    Exercise(
        name="act_grad",
        points=2,
        inputs=names_and_points,
        mistakes=(
            Mistake(
                "return S * (1 - S)",
                "return S",
                "this is the sigmoid itself: its derivative is S * (1 - S).",
            ),
            Mistake(
                "    S = 1 / (1 + np.exp(-Z))",
                "    S = 1 / (1 + np.exp(-Z))\n    S = 1 / (1 + np.exp(-S))",
                "the derivative is taken at the output: Z is the pre-activation, "
                "so apply the sigmoid once.",
            ),
            Mistake(
                "return S * (1 - S)",
                "return Z * (1 - Z)",
                "this formula wants the activation: compute the sigmoid of Z first.",
            ),
            Mistake(
                "np.tanh(Z) ** 2",
                "np.tanh(np.tanh(Z)) ** 2",
                "the derivative is taken at the output: Z is the pre-activation, "
                "so apply tanh once.",
            ),
            Mistake(
                "np.tanh(Z) ** 2",
                "Z**2",
                "1 - A**2 wants the activation A = tanh(Z), and Z is the "
                "pre-activation.",
            ),
            Mistake(
                "np.where(Z > 0, 1.0, 0.0)",
                "np.maximum(0.0, Z)",
                "this is the ReLU itself: its derivative is 1 or 0.",
            ),
            Mistake(
                "np.where(Z > 0, 1.0, 0.0)",
                "np.where(Z >= 0, 1.0, 0.0)",
                "at z = 0 the derivative of the ReLU is 0 by convention.",
            ),
            Mistake(
                "np.where(Z > 0, 1.0, 0.0)",
                "np.heaviside(Z, 0.5)",
                "at z = 0 the derivative of the ReLU is 0 by convention, not 0.5.",
            ),
            Mistake(
                "np.tanh(Z) ** 2",
                "np.tanh(Z)",
                "the derivative of tanh is 1 - tanh(Z)**2: the square is missing.",
            ),
            Mistake(
                "return S  # softplus",
                "return S * (1 - S)",
                "the derivative of the softplus is the sigmoid itself.",
            ),
            Mistake(
                "return S  # softplus",
                "return np.log(1 + np.exp(Z))",
                "this is the softplus itself: its derivative is the sigmoid.",
            ),
        ),
    ),
    Exercise(
        name="elu",
        points=1,
        inputs=points_and_alphas,
        mistakes=(
            Mistake(
                "alpha * (np.exp(np.minimum(Z, 0)) - 1)",
                "np.exp(np.minimum(Z, 0)) - 1",
                "where z is not positive, is there a factor alpha?",
            ),
            Mistake(
                "(np.exp(np.minimum(Z, 0)) - 1)",
                "np.exp(np.minimum(Z, 0))",
                "where z is not positive, take 1 from the power before "
                "multiplying by alpha.",
            ),
            Mistake(
                "(np.exp(np.minimum(Z, 0)) - 1)",
                "np.exp(np.minimum(Z, 0)) - 1",
                "alpha multiplies the difference: alpha * (exp(z) - 1).",
            ),
            Mistake(
                "    negative = alpha * (np.exp(np.minimum(Z, 0)) - 1)\n"
                "    return np.where(Z > 0, Z, negative)",
                "    with np.errstate(over='ignore', invalid='ignore'):\n"
                "        negative = alpha * (np.exp(Z) - 1)\n"
                "        return Z * (Z > 0) + negative * (Z <= 0)",
                "exp(1000) is inf, and inf times 0 is nan: choose with np.where in "
                "place of multiplying by 0.",
            ),
            Mistake(
                "np.where(Z > 0, Z, negative)",
                "np.where(Z > 0, Z, negative).astype(Z.dtype)",
                "the fractions are cut off: an array of whole numbers cannot hold "
                "them. Make a float array, not np.zeros_like(Z).",
            ),
            Mistake(
                "np.where(Z > 0, Z, negative)",
                "np.where(Z > 0, alpha * Z, negative)",
                "alpha belongs to the negative side alone.",
            ),
            Mistake(
                "np.where(Z > 0, Z, negative)",
                "np.where(Z > 0, Z, alpha * Z)",
                "this is a leaky ReLU: on the negative side take alpha * (exp(z) - 1).",
            ),
            Mistake(
                "np.where(Z > 0, Z, negative)",
                "np.where(Z > 0, 1.0, negative + alpha)",
                "this is the derivative of the ELU: return the ELU itself.",
            ),
        ),
    ),
    Exercise(
        name="saturation_fraction",
        points=1,
        inputs=points_and_shares,
        mistakes=(
            Mistake(
                "slope < share * 0.25",
                "slope < share * slope.max()",
                "the largest value of the derivative is 0.25, wherever Z lies.",
            ),
            Mistake(
                "slope < share * 0.25",
                "slope <= share * 0.25",
                "at the border itself a unit is not saturated: less than, not at most.",
            ),
            Mistake(
                "slope < share * 0.25",
                "slope < 0.025",
                "the border depends on `share`: share * 0.25.",
            ),
            Mistake(
                "slope < share * 0.25",
                "slope < 0.25",
                "this border is 0.25 whatever `share` is: share * 0.25.",
            ),
            Mistake(
                "np.mean(slope < share * 0.25)",
                "np.mean((slope < share * 0.25) & (Z > 0))",
                "the sigmoid is flat on both sides: count large negative Z, too.",
            ),
            Mistake(
                "slope < share * 0.25",
                "slope < share",
                "the border is a share of the largest slope: share * 0.25.",
            ),
            Mistake(
                "np.mean(slope < share * 0.25)",
                "np.sum(slope < share * 0.25)",
                "this is their number: divide by the number of elements.",
            ),
            Mistake(
                "np.mean(slope < share * 0.25)",
                "np.mean(slope >= share * 0.25)",
                "these are the others: count the slopes that are below the border.",
            ),
            Mistake(
                "A * (1 - A)",
                "A",
                "this looks at the activations: compare the slopes A * (1 - A).",
            ),
            Mistake(
                "    slope = A * (1 - A)",
                "    A = 1 / (1 + np.exp(-A))\n    slope = A * (1 - A)",
                "the derivative is taken at the output: Z is the pre-activation, "
                "so apply the sigmoid once.",
            ),
        ),
    ),
]
