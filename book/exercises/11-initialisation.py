"""The exercises of chapter 11, *Initialisation*."""

from course_utils.exercises import Exercise, Mistake


def shapes_and_slopes(rng):
    """Yield shape, alpha: by hand, PyTorch's slope, wide and narrow layers."""
    yield (8, 3), 0.0
    yield (6, 6), 5**0.5
    yield (2, 5), -1.0
    for _ in range(4):
        n_in, n_out = rng.integers(1, 200, size=2)
        yield (int(n_in), int(n_out)), float(rng.uniform(0.05, 1.5))


def sizes_and_gains(rng):
    """Yield n_in, n_out, gain: by hand, He's gain, layers that are not square."""
    yield 4, 2, 1.0
    yield 50, 100, 2**0.5
    for _ in range(4):
        n_in, n_out = rng.integers(1, 300, size=2)
        yield int(n_in), int(n_out), float(rng.uniform(0.2, 3.0))


def networks(rng):
    """Yield q, sizes, var_w, var_b: by hand, no layer at all, up to 8 layers."""
    yield 3.0, [2, 4, 5], [1.0, 1.0], [0.0, 2.0]
    yield 2.0, [5], [], []
    for depth in (1, 3, 8):
        sizes = [int(n) for n in rng.integers(1, 60, size=depth + 1)]
        var_w = [float(v) for v in rng.uniform(0.2, 4.0, size=depth)]
        var_w = [v / n for v, n in zip(var_w, sizes)]
        var_b = [float(v) for v in rng.uniform(0.1, 2.0, size=depth)]
        yield float(rng.uniform(0.5, 3.0)), sizes, var_w, var_b


EXERCISES = [
    Exercise(
        name="he_std",
        points=1,
        inputs=shapes_and_slopes,
        mistakes=(
            Mistake(
                "shape[0]",
                "shape[1]",
                "a sum has one term for each input: use n_in, the first number of "
                "the shape.",
            ),
            Mistake(
                "(1 + alpha**2) / 2",
                "1 / 2",
                "this is the ReLU: the negative side of a leaky ReLU keeps alpha² of "
                "its half.",
            ),
            Mistake(
                "(1 + alpha**2) / 2",
                "(1 + alpha) / 2",
                "squares are added: alpha * z has alpha² times the square of z.",
            ),
            Mistake(
                "(1 + alpha**2) / 2",
                "(1 + alpha) ** 2 / 2",
                "the two sides never meet in one z: add 1 and alpha², do not square "
                "their sum.",
            ),
            Mistake(
                "(1 + alpha**2) / 2",
                "1 + alpha**2",
                "each side has half of the mean square: divide by 2.",
            ),
            Mistake(
                "np.sqrt(1 / (n_in * kept))",
                "1 / (n_in * kept)",
                "this is the variance: take its square root.",
            ),
            Mistake(
                "1 / (n_in * kept)",
                "kept / n_in",
                "the weights make up for what the activation takes away: divide by "
                "the share that it keeps.",
            ),
        ),
    ),
    Exercise(
        name="glorot_limit",
        points=1,
        inputs=sizes_and_gains,
        mistakes=(
            Mistake(
                "np.sqrt(3 * variance)",
                "np.sqrt(variance)",
                "this is the standard deviation: an evenly drawn weight with limit c "
                "has the variance c²/3.",
            ),
            Mistake(
                "np.sqrt(3 * variance)",
                "np.sqrt(variance / 3)",
                "c²/3 is the variance, so c² is three times the variance.",
            ),
            Mistake(
                "np.sqrt(3 * variance)",
                "3 * variance",
                "this is c²: take its square root.",
            ),
            Mistake(
                "gain**2 * 2",
                "gain * 2",
                "a gain multiplies the weights, so it multiplies the variance by its "
                "square.",
            ),
            Mistake(
                "gain**2 * 2",
                "2",
                "multiply by the gain.",
            ),
            Mistake(
                "(n_in + n_out)",
                "n_in",
                "Glorot's variance has both sizes in it: divide by n_in + n_out.",
            ),
            Mistake(
                "2 / (n_in + n_out)",
                "1 / (n_in + n_out)",
                "the mean of the two sizes is (n_in + n_out) / 2, so the variance has "
                "a 2 on top.",
            ),
        ),
    ),
    Exercise(
        name="variance_after",
        points=2,
        inputs=networks,
        mistakes=(
            Mistake(
                "(n_in * v * q + c) / 2",
                "n_in * v * q + c",
                "these are the pre-activations: the ReLU keeps half of their mean "
                "square.",
            ),
            Mistake(
                "(n_in * v * q + c) / 2",
                "n_in * v * q / 2 + c",
                "the bias is added before the ReLU, so it is halved with the rest.",
            ),
            Mistake(
                "(n_in * v * q + c) / 2",
                "n_in * v * q / 2",
                "add the variance of the biases.",
            ),
            Mistake(
                "(n_in * v * q + c) / 2",
                "n_in * (v * q + c) / 2",
                "a unit has one bias: only the weights are counted n times.",
            ),
            Mistake(
                "sizes[:-1]",
                "sizes[1:]",
                "a sum has one term for each input of its layer: use the size of the "
                "layer before.",
            ),
            Mistake(
                "n_in * v * q",
                "n_in * v**2 * q",
                "var_w holds variances already: do not square them.",
            ),
            Mistake(
                "return after",
                "return q",
                "return a list with one number for each layer, not the last alone.",
            ),
            Mistake(
                "after = []",
                "after = [q]",
                "begin with the first layer: q itself belongs to the inputs.",
            ),
        ),
    ),
]
