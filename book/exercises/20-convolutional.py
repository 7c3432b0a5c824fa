"""The exercises of chapter 20, *Convolutional layers*."""

import numpy as np

from course_utils.exercises import Exercise, Mistake


def signals_and_kernels(rng):
    """Yield X, W, b, stride, padding: by hand, windows that leave a rest."""
    yield (
        np.array([[[0.0, 1.0, 3.0, 3.0, 2.0, 0.0]]]),
        np.array([[[-1.0, 0.0, 1.0]]]),
        np.array([0.0]),
        2,
        1,
    )
    sizes = [(2, 3, 4), (1, 2, 2), (3, 1, 5), (2, 4, 1), (4, 2, 3)]  # n, c_in, c_out
    places = [(9, 3, 1, 0), (10, 4, 3, 2), (8, 5, 2, 1), (7, 1, 2, 0), (6, 6, 1, 1)]
    for (n, c_in, c_out), (length, k, stride, padding) in zip(sizes, places):
        yield (
            rng.normal(size=(n, c_in, length)),
            rng.normal(size=(c_out, c_in, k)),
            rng.normal(size=c_out),
            stride,
            padding,
        )


def some_layers(rng, n):
    """Return n tuples (k, stride, padding) for layers of different kinds."""
    return [
        (int(rng.integers(2, 7)), int(rng.integers(1, 4)), int(rng.integers(0, 3)))
        for _ in range(n)
    ]


def stacks(rng):
    """Yield layers, unit: the two by hand, then taller stacks and later units."""
    yield [(5, 2, 1)], 0
    yield [(5, 2, 1), (3, 2, 1)], 1
    for n in (1, 2, 3, 4, 3):
        yield some_layers(rng, n), int(rng.integers(0, 8))
    first = int(rng.integers(3, 6))
    yield [(first, 1, 0), (2, 3, 2), (first + 1, 2, 1)], int(rng.integers(1, 5))


def networks(rng):
    """Yield length, layers, n_classes: the chapter's, then signals of other lengths."""
    yield 40, [(25, 5, 2, 1), (25, 3, 2, 1), (25, 3, 2, 1)], 10
    for n in (1, 2, 3, 2):
        layers = [(int(rng.integers(2, 9)), *layer) for layer in some_layers(rng, n)]
        yield int(rng.integers(100, 200)), layers, int(rng.integers(2, 12))
    channels, length = rng.integers(3, 9), rng.integers(30, 90)
    yield int(length), [(4, 4, 1, 1), (int(channels), 2, 2, 0)], 3


EXERCISES = [
    Exercise(
        name="conv1d",
        points=2,
        inputs=signals_and_kernels,
        mistakes=(
            Mistake(
                "W, ([1, 2]",
                "W[:, :, ::-1], ([1, 2]",
                "the kernel is laid on as it stands: its first weight meets the first "
                "number of the window. You turned it around, as np.convolve does.",
            ),
            Mistake(
                "(padding, padding)",
                "(padding, 0)",
                "the zeros go to both ends of the signal, `padding` of them to each.",
            ),
            Mistake(
                "- k + 1, stride",
                "- k, stride",
                "the last window is missing: with L points (the padding included) a "
                "window of k can begin at 0, ..., L - k, and at L - k, too.",
            ),
            Mistake(
                "+ 1, stride)",
                "+ 1)",
                "neighbouring windows are `stride` points apart; yours are one apart.",
            ),
            Mistake(
                "range(0,",
                "range(1,",
                "the first window begins at the first number of the padded signal, not "
                "at the second.",
            ),
            Mistake(
                " + b[:, None]",
                "",
                "add to each channel its bias.",
            ),
        ),
    ),
    Exercise(
        name="receptive_field",
        points=1,
        inputs=stacks,
        mistakes=(
            Mistake(
                "layers[::-1]",
                "layers",
                "the way back begins at the last layer: its window covers positions of "
                "the layer before, and so on to the signal.",
            ),
            Mistake(
                "+ k - 1",
                "+ k",
                "a window of k that begins at position i ends at i + k - 1.",
            ),
            Mistake(
                "first = first * stride - padding",
                "first = first * stride",
                "the padding moves the windows to the left: the first window begins at "
                "-padding, and the last position moves with it.",
            ),
            Mistake(
                "last = last * stride",
                "last = last",
                "the last position covered has to be multiplied by the stride, too: "
                "its window begins at last * stride - padding.",
            ),
        ),
    ),
    Exercise(
        name="count_conv_params",
        points=1,
        inputs=networks,
        mistakes=(
            Mistake(
                "(c_in * k + 1)",
                "(k + 1)",
                "a kernel has k weights for each channel that it reads: c_in * k, and "
                "one bias.",
            ),
            Mistake(
                "(c_in * k + 1)",
                "c_in * k",
                "each channel has a bias.",
            ),
            Mistake(
                "+ (c_in * length + 1) * n_classes",
                "+ c_in * length * n_classes - sum(layer[0] for layer in layers)",
                "the biases are missing, one for each channel and each class.",
            ),
            Mistake(
                "(c_in * k + 1) * channels",
                "(c_in * k + 1) * channels * "
                "((length + 2 * padding - k) // stride + 1)",
                "this is the locally connected network. Here the windows share their "
                "weights: count a weight once, not once for each position.",
            ),
            Mistake(
                "// stride + 1",
                "// stride",
                "count the positions by the chapter's formula: the quotient, rounded "
                "down, and one more for the window at the start.",
            ),
            Mistake(
                "2 * padding",
                "padding",
                "the padding is put at both ends, so the signal grows by 2 * padding.",
            ),
            Mistake(
                "(c_in * length + 1)",
                "(c_in + 1)",
                "the dense layer reads every position of every channel.",
            ),
        ),
    ),
]
