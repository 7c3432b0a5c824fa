"""The exercises of chapter 5, *Depth against width, counted*."""

from itertools import pairwise

import numpy as np

from course_utils.exercises import Exercise, Mistake

POINTS = np.linspace(-1.0, 2.0, 49)[:, np.newaxis]
MOST_LAYERS = 100


def layers(rng):
    """Yield n_in, n_units: by hand, more inputs than units, and large."""
    yield 2, 3
    yield 10, 50
    yield int(rng.integers(3, 9)), int(rng.integers(1, 3))
    yield int(rng.integers(1, 9)), 0
    for low, high in ((4, 10), (10, 40), (2000, 3001)):
        yield int(rng.integers(2, 5)), int(rng.integers(low, high))
    yield int(rng.integers(20, 30)), int(rng.integers(200, 300))


def lists_of_heights(rng):
    """Yield heights: the text's first, a single tent, and other lengths."""
    yield ([1.0, 1.0],)
    yield ([0.5, 1.0],)
    for n in (1, 2, 3, 5):
        yield (rng.uniform(0.6, 1.2, n).round(2).tolist(),)


def what_layers_do(result, heights):
    """Return the shapes of the layers, and what they make of some points."""
    if len(result) > MOST_LAYERS:
        raise ValueError(f"{len(result)} layers are more than any network here has")
    pairs = [[np.asarray(p) for p in pair] for pair in result]
    if any(len(pair) != 2 for pair in pairs):
        raise TypeError("each layer must be a pair (W, b)")
    if any(p.dtype.kind not in "fiu" for pair in pairs for p in pair):
        raise TypeError("W and b must be arrays of numbers")
    shapes = [[list(p.shape) for p in pair] for pair in pairs]
    sizes = [1] + len(heights) * [2] + [1]
    wanted = [[[n, m], [m]] for n, m in pairwise(sizes)]
    seen = {"shapes": shapes, "outputs": None}
    if shapes == wanted:
        A = POINTS
        with np.errstate(all="ignore"):  # of infinite weights
            for W, b in pairs[:-1]:
                A = np.maximum(0, A @ W + b)
            Y = A @ pairs[-1][0] + pairs[-1][1]
        seen["outputs"] = {f"at x = {x:g}": y for x, y in zip(POINTS[:, 0], Y[:, 0])}
    return seen


def ways(rng):
    """Yield W, b, p, q: the text's, then units that meet, touch an end, or miss."""
    W = np.array([[1.0, 0.0, 1.0], [0.0, 1.0, 1.0]])
    b = np.array([0.0, 0.0, -1.0])
    yield W, b, np.array([-1.0, -1.0]), np.array([2.0, 2.0])
    yield W, b, np.array([-1.0, 0.5]), np.array([2.0, 0.5])
    for n_in, most in ((1, 12), (2, 16), (2, 24), (3, 32), (5, 40)):
        n = int(rng.integers(most // 2, most))
        W = rng.integers(-6, 7, (n_in, n)) / rng.choice([2.0, 128.0], n)
        p, q = rng.integers(-4, 5, (2, n_in)).astype(float)
        p[0], q[0] = -3.0, rng.choice([1.0, 4.0])  # never the same point
        along = (q - p) @ W == 0  # a line in the direction of the way
        W[:, along] = np.eye(n_in)[:, :1]
        share = rng.integers(1, 16, n) / 16  # where most units switch
        share[-2:] = 0.5, 1.25  # the last only behind q
        b = -((p + share[:, np.newaxis] * (q - p)) * W.T).sum(axis=1)
        b[:2] = -p @ W[:, 0], -q @ W[:, 1]  # 0 at an end
        W[:, 2], b[2] = -3.0 * W[:, 3], -3.0 * b[3]  # two that meet
        W[:, 4], b[4] = 0.0, 1.0  # one that never switches
        yield W, b, p, q
    for n_in in (1, 2, 3):  # shares that no float holds, as 1/3
        n = int(rng.integers(8, 16))
        W = rng.integers(1, 10, (n_in, n)) / 10
        p, q = -rng.integers(1, 5, n_in) / 10, rng.integers(1, 5, n_in) / 10
        share = rng.choice([1 / 3, 2 / 3, 1 / 7, 6 / 7, 4 / 3], n)
        share[:3] = 1 / 3
        yield W, -((p + share[:, np.newaxis] * (q - p)) * W.T).sum(axis=1), p, q


SUM = "sum(comb(n_units, j) for j in range(n_in + 1))"

EXERCISES = [
    Exercise(
        name="zaslavsky",
        points=1,
        inputs=layers,
        mistakes=(
            Mistake(
                "range(n_in + 1)",
                "range(n_in)",
                "the last term is missing: j runs from 0 to n_in, both included.",
            ),
            Mistake(
                "range(n_in + 1)",
                "range(1, n_in + 1)",
                "the first term is missing: with no unit at all there is one region.",
            ),
            Mistake(
                SUM,
                "sum(comb(n_in, j) for j in range(n_units + 1))",
                "inputs and units have changed places: choose j of the units.",
            ),
            Mistake(
                SUM,
                "2**n_units",
                "that counts every pattern, and with more units than inputs some "
                "patterns occur nowhere.",
            ),
            Mistake(
                SUM,
                "comb(n_units, n_in)",
                "that is the last term alone: add the terms from j = 0 on.",
            ),
            Mistake(
                SUM,
                "int(sum(float(comb(n_units, j)) for j in range(n_in + 1)))",
                "a float holds about 16 digits: stay with ints, no / and no np.prod.",
            ),
        ),
    ),
    Exercise(
        name="compose_tent",
        points=2,
        inputs=lists_of_heights,
        judge=what_layers_do,
        mistakes=(
            Mistake(
                "in heights",
                "in reversed(heights)",
                "the order: heights[0] belongs to the tent that comes first.",
            ),
            Mistake(
                "[[2.0 * h], [-4.0 * h]]",
                "[[2.0], [-4.0]]",
                "the heights are not used: they scale the two weights that leave a "
                "tent.",
            ),
            Mistake(
                "[[2.0 * h], [-4.0 * h]]",
                "[[h], [-2.0 * h]]",
                "the peak has half its height: the slope is 2 h, since half a unit "
                "of x leads up.",
            ),
            Mistake(
                "[[2.0 * h], [-4.0 * h]]",
                "[[2.0 * h], [-2.0 * h]]",
                "after the peak your graph is level: the second unit has to take 4 h "
                "off the slope.",
            ),
            Mistake(
                "W = out @ both",
                "W = np.ones((2, 2))",
                "the weights that leave a tent are missing between two layers: "
                "collapse the output of one tent with the input of the next.",
            ),
            Mistake(
                "W = out @ both",
                "W = (out @ both).T",
                "the weights between two tents are transposed: the rows belong to "
                "the units that they come from.",
            ),
            Mistake(
                "        W = out @ both  # into the weights of the next tent\n"
                "    return layers + [(out, np.zeros(1))]",
                "        layers.append((out, np.zeros(1)))\n"
                "        W = both\n"
                "    return layers",
                "two layers without an activation between them are one: multiply "
                "their weights.",
            ),
            Mistake(
                "return layers + [(out, np.zeros(1))]",
                "return layers",
                "the output layer is missing: after the last tent comes one with "
                "weights of shape (2, 1).",
            ),
        ),
    ),
    Exercise(
        name="count_regions_1d",
        points=2,
        inputs=ways,
        mistakes=(
            Mistake(
                "1 + len",
                "len",
                "these are the borders: there is one more region than borders.",
            ),
            Mistake(
                "z_p * z_q < 0",
                "z_p * z_q <= 0",
                "a unit whose pre-activation is 0 at p or at q does not switch on "
                "the way.",
            ),
            Mistake(
                "z_p * z_q < 0",
                "(z_p > 0) != (z_q > 0)",
                "a unit that is 0 at one end and positive at the other does not "
                "switch on the way.",
            ),
            Mistake(
                "len(np.unique(share.round(6)))",
                "len(share)",
                "units that switch at the same place make one border.",
            ),
            Mistake(
                "share.round(6)",
                "share",
                "rounding errors tell two shares apart that are the same: round them "
                "to six decimals first.",
            ),
            Mistake(
                "p @ W + b, q @ W + b",
                "p @ W, q @ W",
                "the biases are missing: they move the lines.",
            ),
            Mistake(
                "1 + len(np.unique(share.round(6)))",
                "1 + len(b)",
                "only the units whose line lies between p and q make a border.",
            ),
            Mistake(
                "1 + len(np.unique(share.round(6)))",
                "1 + len(b) + len(b) * (len(b) - 1) // 2",
                "that is the number of regions of the whole plane: count those on "
                "the way from p to q.",
            ),
        ),
    ),
]
