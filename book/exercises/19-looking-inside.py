"""The exercises of chapter 19, *Looking inside*."""

import numpy as np

from course_utils.exercises import Exercise, Mistake


def probes(rng):
    """Yield what a probe takes: by hand, other sizes, a class that no row has."""
    one = np.array([[1.0], [-1.0]])
    yield one, np.array([0, 1]), np.array([[2.0]]), 2, 1.0, 1, 0.0
    for n, units, n_classes, steps, strength in (
        (6, 2, 3, 3, 0.5),
        (5, 5, 2, 5, 0.0),
        (4, 3, 4, 2, 0.2),
    ):
        A_train = 1.5 * rng.normal(size=(n, units)) + 0.5
        A_test = rng.normal(size=(units, units))
        y_train = rng.integers(0, n_classes, size=n)
        yield (
            A_train,
            y_train,
            A_test,
            n_classes,
            rng.uniform(0.2, 0.9),
            steps,
            strength,
        )
    y_train = rng.integers(0, 2, size=7)
    A_train, A_test = rng.normal(size=(7, 3)), rng.normal(size=(2, 3))
    yield A_train, y_train, A_test, 3, 0.7, 4, rng.uniform(0.5, 1.0)


def climbs(rng):
    """Yield networks and starts: by hand, ways to the limits, no way up."""
    W1, b1 = np.eye(2), np.array([0.0, -2.0])
    yield W1, b1, np.array([3.0, 4.0]), np.array([0.5, 0.5]), 0.3, 2
    for n_in, n_hidden, lr, steps in ((3, 4, 0.2, 3), (4, 4, 0.5, 6), (6, 5, 0.3, 9)):
        W1, b1 = rng.normal(size=(n_in, n_hidden)), rng.normal(size=n_hidden)
        w2, x = rng.normal(size=n_hidden), rng.uniform(size=n_in)
        yield W1, b1, w2, x, lr, steps
    # The second unit would wake up, and turn the way, only beyond the limits.
    W1 = np.array([[2.0, 0.3, 0.0], [0.5, 2.0, 1.0], [0.0, 0.0, 1.0]])
    W1 = W1 * rng.uniform(0.8, 1.2, size=(3, 3))
    b1 = np.array([1.0, -1.05 * W1[:, 1].sum(), rng.uniform(0.5, 1)])
    w2 = np.array([1.0, -5.0, 0.3]) * rng.uniform(0.8, 1.2, size=3)
    yield W1, b1, w2, rng.uniform(0.2, 0.6, size=3), 0.3, 12
    W1, w2 = rng.uniform(0.1, 1, size=(3, 3)), rng.uniform(0.1, 1, size=3)
    yield W1, np.zeros(3), w2, np.zeros(3), 0.2, 2  # a blank image, each z1 at 0
    yield W1, np.full(3, -20.0), w2, rng.uniform(size=3), 0.2, 2  # all silent


def covered_images(rng):
    """Yield weights, image, size, fill: by hand, oblong, and one patch for all."""
    yield np.array([[1.0, 1.0]]), np.array([[1.0, 2.0]]), 1, 0.0
    for shape, size, fill in (
        ((3, 3), 2, 0.0),
        ((2, 4), 2, 0.5),
        ((5, 3), 2, -1.0),
        ((4, 6), 3, rng.uniform(0.2, 0.8)),
        ((3, 3), 3, 0.0),
    ):
        yield rng.normal(size=shape), rng.uniform(0.1, 1, size=shape), size, fill


def map_of_a_square(answer, weights, image, size, fill):
    """Return the map of f(image) = sum(weights * image)**2, and image afterwards."""
    f = lambda X: float(np.sum(weights * X) ** 2)  # noqa: E731
    with np.errstate(invalid="ignore"):  # 0 / 0 where no patch came
        result = answer(f, image, size, fill)
    return {"result": result, "image afterwards": image}


EXERCISES = [
    Exercise(
        name="linear_probe",
        points=2,
        inputs=probes,
        rtol=1e-7,
        mistakes=(
            Mistake(
                "- Y) / n",
                "- Y)",
                "the cross-entropy is a mean over the training rows: divide by n.",
            ),
            Mistake(
                "b = b - lr * dlogits.sum(axis=0)",
                "b = b - lr * (dlogits.sum(axis=0) + strength * b)",
                "the bias is left out of the second term of the loss.",
            ),
            Mistake(
                "+ strength * W",
                "",
                "add the gradient of the second term, strength * W.",
            ),
            Mistake(
                "strength * W",
                "2 * strength * W",
                "the second term is strength / 2 times the squares: its gradient is "
                "strength * W.",
            ),
            Mistake(
                "return A_test @ W + b",
                "return softmax(A_test @ W + b)",
                "these are probabilities: return the logits.",
            ),
            Mistake(
                "return A_test @ W + b",
                "return A_test @ W",
                "add the bias to the logits of the test rows, too.",
            ),
            Mistake(
                "return A_test @ W + b",
                "return A_train @ W + b",
                "these are the logits of the rows that the probe was fitted to: use "
                "A_test.",
            ),
            Mistake(
                "b = b - lr * dlogits.sum(axis=0)",
                "b = b - lr * dlogits.mean(axis=0)",
                "dlogits is divided by n already: the gradient of b is its sum over "
                "the rows.",
            ),
            Mistake(
                "        b = b - lr * dlogits.sum(axis=0)",
                "        dlogits = (softmax(A_train @ W + b) - Y) / n\n"
                "        b = b - lr * dlogits.sum(axis=0)",
                "take both gradients of a step before either parameter moves.",
            ),
        ),
    ),
    Exercise(
        name="ascend_input",
        points=2,
        inputs=climbs,
        rtol=1e-7,
        mistakes=(
            Mistake(
                "np.clip(x + lr * g / size, 0.0, 1.0)",
                "x + lr * g / size",
                "after each step, replace pixels below 0 by 0 and above 1 by 1.",
            ),
            Mistake(
                "            x = np.clip(x + lr * g / size, 0.0, 1.0)\n    return x",
                "            x = x + lr * g / size\n    return np.clip(x, 0.0, 1.0)",
                "limit the pixels after each step, not once at the end.",
            ),
            Mistake(
                "lr * g / size",
                "lr * g",
                "divide the gradient by its length, so that a step is lr long.",
            ),
            Mistake(
                "w2 * (z1 > 0)",
                "w2",
                "a silent hidden unit passes no gradient: multiply by z1 > 0.",
            ),
            Mistake(
                "w2 * (z1 > 0)",
                "w2 * np.maximum(0, z1)",
                "the slope of the ReLU is 1 where z1 > 0; this multiplies by its "
                "value.",
            ),
            Mistake(
                "x + lr * g / size",
                "x - lr * g / size",
                "this goes downhill: add the step.",
            ),
            Mistake(
                "z1 > 0",
                "z1 >= 0",
                "the slope of the ReLU at 0 is taken to be 0.",
            ),
            Mistake(
                "        if size > 0:\n"
                "            x = np.clip(x + lr * g / size, 0.0, 1.0)",
                '        with np.errstate(invalid="ignore"):\n'
                "            x = np.clip(x + lr * g / size, 0.0, 1.0)",
                "where the gradient is all zero, x stays where it is.",
            ),
        ),
    ),
    Exercise(
        name="occlusion_map",
        points=2,
        inputs=covered_images,
        observe=map_of_a_square,
        mistakes=(
            Mistake(
                "return total / count",
                "return total",
                "divide by the number of patches that cover the pixel.",
            ),
            Mistake(
                "return total / count",
                "return total / count.max()",
                "pixels at the border are covered by fewer patches: divide each sum "
                "by its own number.",
            ),
            Mistake(
                "f(image) - f(covered)",
                "f(covered) - f(image)",
                "the drop is f(image) minus f of the covered image.",
            ),
            Mistake(
                "f(image) - f(covered)",
                "abs(f(image) - f(covered))",
                "keep the sign: where the score rises, the drop is negative.",
            ),
            Mistake(
                "covered[patch] = fill",
                "covered[patch] = 0.0",
                "set what is covered to fill, which is not always 0.",
            ),
            Mistake(
                "covered = image.copy()",
                "covered = image",
                "this covers the image itself, and it stays covered: use a copy.",
            ),
            Mistake(
                "    for row in range(image.shape[0] - size + 1):\n"
                "        for column in range(image.shape[1] - size + 1):\n"
                "            patch = slice(row, row + size), "
                "slice(column, column + size)\n"
                "            covered = image.copy()\n"
                "            covered[patch] = fill\n"
                "            total[patch] += f(image) - f(covered)",
                "    before = f(image)\n"
                "    for row in range(image.shape[0] - size + 1):\n"
                "        for column in range(image.shape[1] - size + 1):\n"
                "            patch = slice(row, row + size), "
                "slice(column, column + size)\n"
                "            image[patch] = fill\n"
                "            total[patch] += before - f(image)",
                "copy the image before you cover a part of it.",
            ),
            Mistake(
                "            total[patch] += f(image) - f(covered)\n"
                "            count[patch] += 1",
                "            total[row, column] += f(image) - f(covered)\n"
                "            count[patch] += 1",
                "a drop belongs to all pixels under the patch, not only to its first.",
            ),
            Mistake(
                "range(image.shape[0] - size + 1)",
                "range(0, image.shape[0] - size + 1, size)",
                "the patch goes to every place, one pixel further each time.",
            ),
        ),
    ),
]
