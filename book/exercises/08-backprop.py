"""The exercises of chapter 8, *Backpropagation from scratch*."""

import numpy as np

from course_utils.exercises import Exercise, Mistake


def dense_layers(rng):
    """Yield X, W, dZ: by hand and square, where a forgotten transpose runs; others."""
    yield (
        np.array([[1.0, 0.0], [2.0, 1.0]]),
        np.array([[3.0, 1.0], [0.0, 2.0]]),
        np.array([[1.0, 2.0], [0.0, 10.0]]),
    )
    for n, n_in, n_out in ((2, 3, 4), (3, 3, 3), (5, 1, 2)):
        yield (
            rng.normal(size=(n, n_in)),
            rng.normal(size=(n_in, n_out)),
            rng.normal(size=(n, n_out)),
        )


def logits_and_labels(rng):
    """Yield logits, y: by hand, square batches, and logits whose exp overflows."""
    yield np.array([[0.0, 0.0]]), np.array([1])
    yield np.array([[2.0, 1.0, 0.0]]), np.array([1])
    for n, n_classes in ((4, 3), (3, 3), (2, 10)):
        logits = 2.0 * rng.normal(size=(n, n_classes))
        yield logits, rng.integers(0, n_classes, size=n)
    far = np.array([[1000.0, 999.0], [-1000.0, 0.0], [-1000.0, -1001.0]])
    yield far + rng.normal(size=(3, 2)), rng.integers(0, 2, size=3)


def claimed_gradients(rng):
    """Yield a, p, dp, h: right claims and wrong ones about the sum of a * p**3."""
    yield np.array([1.0]), np.array([1.0]), np.array([3.0]), 1.0
    for shape, wrong in (((3,), 0.0), ((2, 3), 0.0), ((2, 2), 1.0)):
        a, p = rng.normal(size=shape), rng.normal(size=shape)
        off = rng.uniform(0.1, 0.4, shape)
        off.flat[rng.integers(off.size)] = -1.0  # the largest is negative
        yield a, p, 3 * a * p**2 + wrong * off, 0.1


def run_without_warnings(answer, logits, y):
    """Return what `answer` gives; the NaN of an overflow is report enough."""
    with np.errstate(over="ignore", invalid="ignore"):
        return answer(logits, y)


def check_of_cubes(answer, a, p, dp, h):
    """Return what `answer` says of f(p) = sum(a * p**3), and what p is afterwards."""
    error = answer(lambda q: float(np.sum(a * q**3)), p, dp, h)
    return {"result": error, "p afterwards": p}


EXERCISES = [
    Exercise(
        name="backward_dense",
        points=2,
        inputs=dense_layers,
        mistakes=(
            Mistake(
                "dZ @ W.T",
                "dZ @ W",
                "dX sums over the units, the last axis of both dZ and W: "
                "transpose W. Only in a square layer does the product run without.",
            ),
            Mistake(
                "X.T @ dZ",
                "X @ dZ",
                "dW sums over the samples, the first axis of both X and dZ: "
                "transpose X.",
            ),
            Mistake(
                "X.T @ dZ",
                "dZ.T @ X",
                "this is the transpose of dW; dW has the shape of W, (n_in, n_out).",
            ),
            Mistake(
                "dZ.sum(axis=0)",
                "dZ.mean(axis=0)",
                "db is the sum over the samples: the loss has already divided by n.",
            ),
            Mistake(
                "dZ.sum(axis=0)",
                "dZ.sum(axis=1)",
                "db has one entry for each unit: sum over the samples, axis 0.",
            ),
            Mistake(
                "dZ.sum(axis=0)",
                "dZ.sum(axis=0, keepdims=True)",
                "db is flat, shape (n_out,), as b is.",
            ),
            Mistake(
                "return dX, dW, db",
                "return dX, dW / len(X), db / len(X)",
                "dW and db are sums over the samples: the loss has already divided "
                "by n.",
            ),
            Mistake(
                "return dX, dW, db", "return dW, db, dX", "the order is (dX, dW, db)."
            ),
            Mistake(
                "return dX, dW, db", "return dW, dX, db", "the order is (dX, dW, db)."
            ),
        ),
    ),
    Exercise(
        name="softmax_ce_grad",
        points=2,
        inputs=logits_and_labels,
        observe=run_without_warnings,
        mistakes=(
            Mistake(
                "dlogits / n",
                "dlogits",
                "the loss is the mean over the batch: divide by the number of samples.",
            ),
            Mistake(
                "-= 1.0",
                "-= 0.0",
                "these are the probabilities: subtract 1 at each sample's true class.",
            ),
            Mistake(
                "logits - logits.max(axis=1, keepdims=True)",
                "logits",
                "exp(1000) overflows: subtract each row's largest logit first.",
            ),
            Mistake(
                "logits.max(axis=1, keepdims=True)",
                "logits.max()",
                "a row far below the largest logit of all loses every digit: subtract "
                "each row's own largest logit.",
            ),
            Mistake(
                "dlogits[np.arange(n), y] -= 1.0",
                "dlogits = dlogits - y",
                "y holds class numbers: subtract 1 at each sample's true class.",
            ),
            Mistake(
                "-= 1.0\n    return dlogits / n",
                "-= 1.0 / n\n    return dlogits",
                "all of P - Y is divided by n, not Y alone.",
            ),
            Mistake(
                "E.sum(axis=1, keepdims=True)",
                "E.sum(axis=0, keepdims=True)",
                "the probabilities of one sample sum to 1: sum over the classes, "
                "axis 1.",
            ),
            Mistake(
                "dlogits[np.arange(n), y]",
                "dlogits[:, y]",
                "[:, y] takes the column y for all samples: pair each row with its own "
                "class, [np.arange(n), y].",
            ),
        ),
    ),
    Exercise(
        name="grad_check",
        points=3,
        inputs=claimed_gradients,
        atol=1e-6,  # any tiny step of one's own is then the same mistake
        observe=check_of_cubes,
        mistakes=(
            Mistake(
                "f(p - nudge)) / (2 * h)",
                "f(p)) / h",
                "this is the forward difference: go down by h as well as up.",
            ),
            Mistake(
                "(2 * h)",
                "h",
                "from p - h to p + h the distance is 2 h: divide by that.",
            ),
            Mistake(
                "nudge[index] = h",
                "nudge[:] = h",
                "nudge one element at a time, and leave the others where they are.",
            ),
            Mistake(
                "        nudge = np.zeros_like(p)\n"
                "        nudge[index] = h\n"
                "        estimate[index] = (f(p + nudge) - f(p - nudge)) / (2 * h)\n",
                "        p[index] += h\n"
                "        up = f(p)\n"
                "        p[index] -= 2 * h\n"
                "        estimate[index] = (up - f(p)) / (2 * h)\n",
                "p no longer holds its values: put each back after its two nudges.",
            ),
            Mistake(
                "estimate = np.zeros_like(p)",
                "h = 1e-5\n    estimate = np.zeros_like(p)",
                "use the step h that is given.",
            ),
            Mistake(
                "relative_error(dp, estimate)",
                "np.max(np.abs(dp - estimate) / np.abs(estimate))",
                "divide the largest difference by the largest absolute value, not "
                "element by element.",
            ),
            Mistake(
                "relative_error(dp, estimate)",
                "np.abs(dp - estimate).max() / np.abs(dp).max()",
                "divide by the largest absolute value in both arrays, not in dp.",
            ),
            Mistake(
                "relative_error(dp, estimate)",
                "np.abs(dp - estimate).mean() / "
                "max(np.abs(dp).max(), np.abs(estimate).max())",
                "take the largest difference, not the mean.",
            ),
            Mistake(
                "relative_error(dp, estimate)",
                "(dp - estimate).max() / max(np.abs(dp).max(), np.abs(estimate).max())",
                "a difference can be negative: take absolute values first.",
            ),
            Mistake(
                "relative_error(dp, estimate)",
                "np.abs(dp - estimate).max()",
                "this is the largest difference: divide it by the largest absolute "
                "value in the two arrays.",
            ),
        ),
    ),
]
