"""The exercises of chapter 2, *Why linear is not enough*."""

import numpy as np

from course_utils.exercises import Exercise, Mistake

# The hidden layer of the solution, and that of the network in the chapter.
COMPARING = """W1 = np.array([[1.0, -1.0], [-1.0, 1.0]])  # x1 - x2 and x2 - x1
    b1 = np.zeros(2)
    W2 = np.ones((2, 1))  # together they are |x1 - x2|"""
COUNTING = """W1 = np.ones((2, 2))
    b1 = np.array([0.0, -1.0])
    W2 = np.array([[1.0], [-2.0]])"""

COUNTING_WITHOUT_BIAS = COUNTING.replace("-1.0", "0.0")

SAME_DIRECTION = (
    "both units compare in the same direction: a unit's weights are a column of W1."
)

CORNERS = np.array([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])


def two_layers(rng):
    """Yield W1, b1, W2, b2: first by hand, then also square, where any order runs."""
    yield (
        np.array([[1.0, -1.0], [2.0, 1.0]]),
        np.array([1.0, 0.0]),
        np.array([[2.0], [1.0]]),
        np.array([-3.0]),
    )
    for n_in, n_hidden, n_out in ((3, 3, 3), (2, 4, 3), (4, 2, 1)):
        yield (
            rng.normal(size=(n_in, n_hidden)),
            rng.normal(size=n_hidden),
            rng.normal(size=(n_hidden, n_out)),
            rng.normal(size=n_out),
        )


def no_arguments(rng):
    """Yield the one case of a function that takes nothing."""
    yield ()


def on_corners(result):
    """Return the shapes of the network's arrays and what it does at the corners."""
    if not isinstance(result, tuple | list) or len(result) != 4:
        raise TypeError("the result must be the tuple (W1, b1, W2, b2)")
    parameters = [np.asarray(p) for p in result]
    if any(p.dtype.kind not in "fiu" for p in parameters):
        raise TypeError("W1, b1, W2 and b2 must be arrays of numbers")
    # None stands for what other shapes do not let one compute.
    seen = {
        "shapes": [p.shape for p in parameters],
        "b1 is zero": not parameters[1].any(),
        "units speak at the same corners": None,
        "positive at 00, 01, 10, 11": None,
    }
    if seen["shapes"] == [(2, 2), (2,), (2, 1), (1,)]:
        W1, b1, W2, b2 = parameters
        with np.errstate(all="ignore"):  # of infinite weights
            A1 = np.maximum(0, CORNERS @ W1 + b1)
            logits = A1 @ W2 + b2
        # Never so in a right answer: with b1 zero, a unit that speaks at both 01 and 10
        # is linear at the corners, so each unit compares, and each the other way round.
        alike = bool(np.array_equal(A1[:, 0] > 0, A1[:, 1] > 0))
        seen["units speak at the same corners"] = alike
        # A sum that should be 0 may come out as a rounding error above it.
        seen["positive at 00, 01, 10, 11"] = (logits[:, 0] > 1e-12).tolist()
    return seen


def two_classes(rng):
    """Yield X, y; the first cases let one mistake after the other show."""
    yield CORNERS, np.array([0, 1, 1, 0])
    beside_origin = np.array([[1.0, 2.0], [2.0, 1.0], [-1.0, -2.0], [-2.0, -1.0]])
    yield beside_origin, np.array([1, 1, 0, 0])
    yield beside_origin, np.array([0, 0, 1, 1])
    yield CORNERS, np.array([0, 0, 0, 1])
    yield CORNERS, np.array([1, 1, 1, 1])
    yield np.array([[1.0, 2.0], [3.0, 1.0], [1.0, 2.0]]), np.array([0, 0, 1])
    yield np.array([[0.0], [1.0], [2.0]]), np.array([0, 1, 0])
    yield np.column_stack([CORNERS, CORNERS.prod(axis=1)]), np.array([0, 1, 1, 0])
    # A margin that is thin for its distance from the origin.
    far, farther = rng.integers(100, 400, 2).astype(float)
    yield np.array([[far], [far + 1.0]]), rng.permutation([0, 1])
    steps = np.array([[0.0, 0.0], [1.0, 0.0], [0.4, 1.0], [1.4, 1.0]])
    yield steps + [farther, 0.0], np.array([0, 1, 0, 1])
    for separable in rng.permutation([True, False] * 4):
        yield cloud(rng, int(rng.integers(1, 5)), separable)


def cloud(rng, n_in, separable):
    """Return ten points on both sides of a plane, 0.5 or more away from it, and y.

    Where they are not to be separable, the last ones are the corners of a simplex
    around the first point, and of the other class.
    """
    normal = rng.normal(size=n_in)
    normal /= np.linalg.norm(normal)
    X = rng.normal(size=(10, n_in))
    y = (X @ normal > 0).astype(int)
    X += np.where(y == 1, 0.5, -0.5)[:, None] * normal
    if not separable:
        X[-n_in - 1 :] = X[0] + np.vstack([np.eye(n_in), -np.ones(n_in)])
        y[-n_in - 1 :] = 1 - y[0]
    X += rng.normal(0.0, 3.0, n_in)
    order = rng.permutation(10)
    return X[order].round(3), y[order]


def separable_or_whole_result(answer, X, y):
    """Return the answer's bool, or plain data for the whole result of linprog."""
    result = answer(X, y)
    return {"success": result.success} if hasattr(result, "success") else result


EXERCISES = [
    Exercise(
        name="collapse_affine",
        points=1,
        inputs=two_layers,
        mistakes=(
            Mistake(
                "b1 @ W2 + b2",
                "b2",
                "the first bias is lost: it goes through the second layer, too.",
            ),
            Mistake(
                "b1 @ W2 + b2",
                "b1 @ W2",
                "the second bias is lost: add it at the end.",
            ),
            Mistake(
                "b1 @ W2 + b2",
                "b1 + b2",
                "the first bias has to go through the second layer, as a row of X.",
            ),
            Mistake(
                "W = W1 @ W2",
                "W = W2 @ W1",
                "samples come first in this book: X @ W1 @ W2.",
            ),
        ),
    ),
    Exercise(
        name="xor_weights",
        points=2,
        inputs=no_arguments,
        judge=on_corners,
        mistakes=(
            Mistake(
                COMPARING,
                COUNTING,
                "this network counts, with a hidden bias: find one where b1 is zero.",
            ),
            Mistake(
                COMPARING,
                COUNTING_WITHOUT_BIAS,
                "without the bias of -1 both units count alike, and no bend is left: "
                "let the two columns of W1 differ.",
            ),
            Mistake(
                "np.ones((2, 1))",
                "np.ones(2)",
                "W2 has shape (2, 1): two units, one output.",
            ),
            Mistake(
                "np.ones((2, 1))",
                "np.ones((1, 2))",
                "W2 is a row: its shape is (units, outputs), so it is a column.",
            ),
            Mistake(
                "[[1.0, -1.0], [-1.0, 1.0]]",
                "[[1.0, 1.0], [-1.0, -1.0]]",
                SAME_DIRECTION,
            ),
            Mistake(
                "[[1.0, -1.0], [-1.0, 1.0]]",
                "[[-1.0, -1.0], [1.0, 1.0]]",
                SAME_DIRECTION,
            ),
            Mistake(
                "[-1.0, 1.0]]",
                "[1.0, 1.0]]",
                "both switches up is taken for on: a unit that compares gives 0 there.",
            ),
            Mistake(
                "np.array([-0.5])",
                "np.array([0.5])",
                "with both switches down every unit is silent and the output is b2: "
                "make it negative.",
            ),
            Mistake(
                "np.array([-0.5])",
                "np.array([-1.0])",
                "no corner is on: b2 must take away less than the units add at (0, 1) "
                "and (1, 0).",
            ),
            Mistake(
                "np.ones((2, 1))",
                "np.array([[1.0], [-1.0]])",
                "each unit finds one of the two corners: the output has to add them.",
            ),
        ),
    ),
    Exercise(
        name="is_linearly_separable",
        points=3,
        inputs=two_classes,
        observe=separable_or_whole_result,
        # A result is only true or false. In each case of two_classes that a mistake is
        # the first to fail, no mistake that stands before it gives the same result.
        mistakes=(
            # What a search does that stops too early.
            Mistake(
                "bounds=(None, None)",
                "bounds=(-50, 50)",
                "a line divides these, with little room on its sides and far from the "
                "origin. A search or a training that stops can miss it: use linprog, "
                "with bounds=(None, None).",
            ),
            Mistake(
                "return bool(result.success)",
                "return result",
                "this is the whole result of linprog: return its attribute `success`.",
            ),
            Mistake(
                "np.column_stack([X, np.ones(len(X))])",
                "X",
                "did you give the line a bias, with a column of ones? Without it every "
                "line passes through the origin.",
            ),
            Mistake(
                "bounds=(None, None)",
                "bounds=(0, None)",
                "linprog looks for v >= 0 only, unless bounds=(None, None).",
            ),
            Mistake(
                "np.where(y == 1, 1.0, -1.0)",
                "y",
                "class 0 needs the sign -1: with 0 its inequalities have no solution.",
            ),
            Mistake(
                "-np.ones(len(A))",
                "np.zeros(len(A))",
                "w = 0 and b = 0 satisfy <= 0: ask for <= -1.",
            ),
        ),
    ),
]
