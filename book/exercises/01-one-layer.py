"""The exercises of chapter 1, *One layer by hand*."""

import numpy as np

from course_utils.exercises import Exercise, Mistake


def layers(rng):
    """Yield x, W, b: first by hand, then a square layer, where a transpose runs."""
    W = np.array([[1.0, 3.0, 0.0], [1.0, 0.0, -1.0]])
    yield np.array([1.0, 2.0]), W, np.array([0.5, 1.0, 1.0])
    for n_in, n_out in ((2, 3), (3, 3), (4, 2)):
        yield (
            rng.normal(size=n_in),
            rng.normal(size=(n_in, n_out)),
            rng.normal(size=n_out),
        )


def sizes(rng):
    """Yield the sizes of a network: the chapter's own first, then up to four layers."""
    yield ([2, 3, 1],)
    yield ([784, 128, 10],)
    for layers in (2, 3, 4, 5):
        yield ([int(n) for n in rng.integers(1, 40, layers)],)


def sizes_and_batches(rng):
    """Yield the sizes of a network and a number of samples."""
    yield [2, 3, 1], 5
    for (network,) in sizes(rng):
        yield network, int(rng.integers(1, 100))


EXERCISES = [
    Exercise(
        name="forward_one",
        points=2,
        inputs=layers,
        mistakes=(
            Mistake("x @ W + b", "x @ W", "did you add the bias?"),
            Mistake(
                "np.maximum(0.0, z)",
                "z",
                "these are the pre-activations: apply the ReLU to them.",
            ),
            Mistake(
                "x @ W",
                "W @ x",
                "W has one row for each input, so the product is x @ W.",
            ),
            Mistake(
                "np.maximum(0.0, z)",
                "np.minimum(0.0, z)",
                "ReLU keeps the positive values: take the maximum of 0 and z.",
            ),
            Mistake(
                "return np.maximum(0.0, z)",
                "return np.maximum(0.0, z - b) + b",
                "add the bias before the ReLU, not after it.",
            ),
            Mistake("x @ W + b", "x @ W - b", "the bias is added."),
            Mistake(
                "np.maximum(0.0, z)",
                "1 / (1 + np.exp(-z))",
                "this is the sigmoid: the layer asked for is a ReLU layer.",
            ),
        ),
    ),
    Exercise(
        name="count_params",
        points=1,
        inputs=sizes,
        mistakes=(
            Mistake(
                "(n_in + 1)", "n_in", "did you count the biases, one for each unit?"
            ),
            Mistake(
                "(n_in + 1) * n_out",
                "n_in * (n_out + 1)",
                "a layer has one bias for each of its units, not one for each input.",
            ),
            Mistake(
                "total += (n_in + 1) * n_out",
                "total = (n_in + 1) * n_out",
                "this is the last layer alone: add up all of them.",
            ),
            Mistake("return total", "return total + sizes[0]", "inputs have no bias."),
            Mistake(
                "return total",
                "return total - sizes[-1]",
                "the outputs have biases, too.",
            ),
        ),
    ),
    Exercise(
        name="shapes_of",
        points=1,
        inputs=sizes_and_batches,
        mistakes=(
            Mistake(
                "((n_in, n_out),",
                "((n_out, n_in),",
                "in this book W has one row for each input: (n_in, n_out).",
            ),
            Mistake(
                "(n_out,)",
                "(n_out, 1)",
                "a bias is flat: shape (n_out,), not a column.",
            ),
            Mistake(
                "(batch, n_out))",
                "(n_out, batch))",
                "samples come first: one row of A for each sample.",
            ),
        ),
    ),
]
