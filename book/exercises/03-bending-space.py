"""The exercises of chapter 3, *Bending space*."""

import numpy as np

from course_utils.exercises import Exercise, Mistake

# Two lines of a solution, which somebody may write in the other order.
ORDER = """        A = np.tanh(A @ W + b)  # (n, 2) @ (2, 2) + (2,)
        factor = factor * np.linalg.det(W) * np.prod(1 - A**2, axis=1)"""


def stacks(rng):
    """Yield X, layers: by hand, one layer, deeper ones, none, and a singular one."""
    W = np.array([[2.0, 1.0], [0.0, 1.0]])
    yield np.array([[0.0, 0.0], [1.0, 1.0]]), [(W, np.zeros(2))]
    for n, depth in ((4, 1), (2, 2), (3, 3), (5, 0)):
        layers = [
            (0.9 * rng.normal(size=(2, 2)), 0.3 * rng.normal(size=2))
            for _ in range(depth)
        ]
        yield 0.5 * rng.normal(size=(n, 2)), layers
    mirror = np.array([[0.0, 1.0], [1.0, 0.0]])
    yield rng.normal(size=(1, 2)), [(mirror, 0.5 * rng.normal(size=2))] * 3
    twins = np.tile(rng.normal(size=(2, 1)), 2)
    yield rng.normal(size=(3, 2)), [(twins, rng.normal(size=2))]


def grids(rng):
    """Yield side, W, b: the text's example, even and uneven lines, a mirror."""
    yield np.array([0.0, 1.0]), np.eye(2), np.zeros(2)
    mirror = np.array([[0.0, 1.0], [1.0, 0.0]])
    yield np.array([0.0, 0.5, 1.0]), mirror, rng.normal(size=2)
    for k in (2, 4, 6):
        side = np.sort(rng.uniform(-1.5, 1.5, size=k))
        yield side, rng.normal(size=(2, 2)), rng.normal(size=2)


def tables(rng):
    """Yield accuracies (a row a width), widths, n_runs, share: runs by number."""
    yield (
        np.array([[0.9, 0.95, 1.0], [1.0, 0.9, 1.0], [1.0, 1.0, 1.0]]),
        [2, 3, 4],
        3,
        0.5,
    )
    yield np.array([[0.995, 0.995, 0.995, 0.5], [1, 1, 1, 0.2]]), [2, 3], 4, 0.75
    yield np.array([[1.0, 1.0], [0.9, 0.8], [1.0, 0.9]]), [5, 1, 3], 2, 1.0
    for n_widths, n_runs, share in (
        (4, 4, 0.5),
        (5, 2, 0.5),
        (6, 8, 0.25),
        (3, 5, 1.0),
    ):
        widths = rng.permutation(np.arange(1, 20))[:n_widths]
        table = rng.uniform(0.5, 0.999, (n_widths, n_runs))
        chances = np.linspace(0.1, 0.9, n_widths)[np.argsort(np.argsort(widths))]
        table[rng.uniform(size=table.shape) < chances[:, None]] = 1.0
        yield table, widths.tolist(), n_runs, share
    for share in (0.6, 0.9):  # in every row exactly this share but one run
        n_runs = 10
        table = rng.uniform(0.9, 0.999, (4, n_runs))
        order = rng.permutation([3, 4, 7, 9])
        for row, width in zip(table, order):
            enough = round(share * n_runs) - (width < 7)
            row[rng.permutation(n_runs)[:enough]] = 1.0
        yield table, order.tolist(), n_runs, share
    yield rng.uniform(0.9, 0.999, (2, 3)), [4, 2], 3, 0.5
    first = rng.integers(1, 5)  # the smallest is enough
    table = np.stack([rng.uniform(0.9, 0.999, 3), [1.0, 0.9, 1.0], [1.0, 1.0, 1.0]])
    yield table, [int(first) + 4, int(first), int(first) + 2], 3, 0.5


def search(answer, table, widths, n_runs, share):
    """Return what `answer` finds where training is a table, and what it trained."""
    trained = []

    def train(width, seed):
        trained.append(width)
        return float(table[widths.index(width)][seed])

    found = answer(train, list(widths), n_runs, share)
    return {"result": found, "widest network trained": max(trained, default=None)}


EXERCISES = [
    Exercise(
        name="hidden_map",
        points=2,
        inputs=stacks,
        mistakes=(
            Mistake(
                "factor * np.linalg.det(W)",
                "np.linalg.det(W)",
                "this is the factor of the last layer alone: the factors of all "
                "layers are multiplied.",
            ),
            Mistake(
                "factor = factor * np.linalg.det(W) *",
                "factor = factor + np.linalg.det(W) *",
                "factors are multiplied from layer to layer, not added.",
            ),
            Mistake(
                "np.linalg.det(W) *",
                "abs(np.linalg.det(W)) *",
                "the factor keeps its sign: it is negative where the plane is turned "
                "over.",
            ),
            Mistake(
                ORDER,
                "\n".join(reversed(ORDER.split("\n"))),
                "the slope of tanh is 1 - A**2 with the layer's own output: move the "
                "points first.",
            ),
            Mistake(
                "1 - A**2",
                "1 - A",
                "the slope of tanh is 1 - a**2: square the activation.",
            ),
            Mistake(
                "np.prod(1 - A**2, axis=1)",
                "np.sum(1 - A**2, axis=1)",
                "the two slopes are multiplied, as in the formula for the area factor.",
            ),
            Mistake(
                " * np.prod(1 - A**2, axis=1)",
                "",
                "this is the factor of the weights alone: tanh shrinks areas too, by "
                "its two slopes.",
            ),
            Mistake(
                "A @ W + b",
                "A @ W.T + b",
                "W has a row for each input: the product is A @ W, without a "
                "transpose.",
            ),
        ),
    ),
    Exercise(
        name="warp_grid",
        points=2,
        inputs=grids,
        mistakes=(
            Mistake(
                'np.meshgrid(side, side, indexing="ij")',
                "np.meshgrid(side, side)",
                "the first index belongs to x1 and the second to x2: np.meshgrid "
                "exchanges them unless indexing is 'ij'.",
            ),
            Mistake(
                "/ 2",
                "* 1",
                "the formula gives twice the area: take half.",
            ),
            Mistake(
                "return (p[..., 0] * q[..., 1] - p[..., 1] * q[..., 0]) / 2",
                "return abs(p[..., 0] * q[..., 1] - p[..., 1] * q[..., 0]) / 2",
                "an area is negative where the layer turns the plane over.",
            ),
            Mistake(
                "return (p[..., 0] * q[..., 1] - p[..., 1] * q[..., 0]) / 2",
                "return ((p[..., 0] * q[..., 1] - p[..., 1] * q[..., 0]) / 2).T",
                "the two indices are exchanged: the first goes along x1, the second "
                "along x2.",
            ),
            Mistake(
                "return (p[..., 0] * q[..., 1] - p[..., 1] * q[..., 0]) / 2",
                "return (p[..., 1] * q[..., 0] - p[..., 0] * q[..., 1]) / 2",
                "the sign is the wrong way round: go around the corners anticlockwise, "
                "from (0, 0) to (1, 0), (1, 1) and (0, 1).",
            ),
            Mistake(
                "np.tanh(corners @ W + b)",
                "(corners @ W + b)",
                "these are the areas before tanh.",
            ),
            Mistake(
                "np.tanh(corners @ W + b)",
                "np.tanh(corners @ W)",
                "the bias is missing: it decides which part of the plane lies where "
                "tanh is steep.",
            ),
            Mistake(
                "return (p[..., 0] * q[..., 1] - p[..., 1] * q[..., 0]) / 2",
                "middle = (corners[1:, 1:] + corners[:-1, :-1]) / 2\n"
                "    slopes = np.prod(1 - np.tanh(middle @ W + b) ** 2, axis=-1)\n"
                "    cells = np.outer(np.diff(side), np.diff(side))\n"
                "    return np.linalg.det(W) * slopes * cells",
                "this takes the area factor of the cell's middle for the whole cell: "
                "use the images of its four corners.",
            ),
        ),
    ),
    Exercise(
        name="min_width_search",
        points=1,
        inputs=tables,
        observe=search,
        mistakes=(
            Mistake(
                "sorted(widths)",
                "widths",
                "the widths come in any order: begin with the smallest.",
            ),
            Mistake(
                "sorted(widths)",
                "sorted(widths, reverse=True)",
                "begin with the smallest width, and stop at the first that is enough.",
            ),
            Mistake(
                "successes >= share * n_runs",
                "successes > share * n_runs",
                "a width at which exactly the part `share` succeeds is enough.",
            ),
            Mistake(
                "successes >= share * n_runs",
                "successes >= share",
                "one success is not enough: share is a part of the runs, compare with "
                "share * n_runs.",
            ),
            Mistake(
                "successes >= share * n_runs",
                "sum(accuracies) >= share * n_runs",
                "a high accuracy is no success: count the runs whose accuracy is 1.",
            ),
            Mistake(
                "            return width\n    return None",
                "            return width\n    return max(widths)",
                "where no width is enough, the answer is None.",
            ),
            Mistake(
                "    for width in sorted(widths):\n",
                "    for width in widths:\n"
                "        for seed in range(n_runs):\n"
                "            train(width, seed)\n"
                "    for width in sorted(widths):\n",
                "this trains networks that are wider than the answer: go up from the "
                "smallest width and stop as soon as one is enough.",
            ),
        ),
    ),
]
