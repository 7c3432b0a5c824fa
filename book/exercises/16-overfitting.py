"""The exercises of chapter 16, *Overfitting and its cures*."""

import numpy as np

from course_utils.exercises import Exercise, Mistake


def activations_and_numbers(rng):
    """Yield A, draws, rate, training: by hand, a draw equal to the rate, both modes."""
    yield np.array([[4.0, 1.0]]), np.array([[0.9, 0.2]]), 0.5, True
    for batch, units, rate in ((1, 6, 0.2), (3, 4, 0.75), (4, 4, 0.5), (5, 3, 0.25)):
        A, U = rng.normal(size=(batch, units)), rng.random((batch, units))
        U.flat[rng.integers(U.size)] = rate  # stays
        yield A, U, rate, True
    A, U = rng.normal(size=(3, 5)), rng.random((3, 5))
    yield A, U, 0.5, False
    U = rng.random((3, 5))
    U[1, rng.integers(5)] = 0.0  # a rate of 0 drops nothing, not even this
    yield A, U, 0.0, True


def parameters_and_gradients(rng):
    """Yield params, grads, lam, n: by hand, layers of one unit, other orders."""
    yield (
        [np.array([[2.0]]), np.array([5.0])],
        [np.array([[0.3]]), np.array([0.1])],
        10,
        100,
    )
    for shapes, n in (
        (((3, 2), (2,)), 10),
        (((2,), (3, 2), (2, 1), (1,)), 50),
        (((4, 1), (1,), (1, 3), (3,)), 7),
    ):
        params = [rng.normal(size=shape) for shape in shapes]
        grads = [rng.normal(size=shape) for shape in shapes]
        yield params, grads, float(rng.uniform(1, 5)), n
    params = [rng.normal(size=(2, 2)), rng.normal(size=2)]
    yield params, [np.zeros((2, 2)), np.zeros(2)], float(rng.uniform(1, 5)), 3


def lists_of_losses(rng):
    """Yield losses, patience: by hand, random walks, ties, and lists without an end."""
    losses = [0.90, 0.60, 0.50, 0.55, 0.52, 0.48, 0.60, 0.70]
    yield losses, 2
    yield losses, 3
    for length, patience in ((6, 1), (12, 2), (12, 3), (25, 4), (25, 6), (9, 20)):
        steps = rng.normal(-0.02, 0.2, size=length)
        yield [round(float(x), 2) for x in 5 + np.cumsum(steps)], patience
    tied = [round(float(x), 1) for x in rng.uniform(0.5, 1, size=12)]
    yield [1.0, 0.4, 0.4, *tied, 0.1], 3  # an equal loss is no new best
    up_and_down = rng.uniform(0.1, 0.2, size=8) + np.tile([0.3, 0.0], 4)
    yield [1.0, 0.5, *(round(0.5 + float(x), 2) for x in up_and_down)], 4
    ahead = [0.9 - 0.1 * i for i in range(rng.integers(2, 6))]
    yield [*ahead, 0.95, float(rng.uniform(1, 2))], int(rng.integers(3, 9))
    zigzag = np.tile([0.0, 0.5], 4) - 0.1 * np.arange(8) + rng.uniform(0, 0.05, size=8)
    yield [round(1 + float(x), 2) for x in zigzag], 2  # the count goes back to 0
    falling = np.sort(rng.uniform(0, 1, size=7))[::-1]
    yield [float(x) for x in falling], 1
    yield [float(rng.uniform(0, 1))], 2


def gradients_and_what_is_left(answer, params, grads, lam, n):
    """Return the answer as a list, and `grads` as they are afterwards."""
    return {"result": list(answer(params, grads, lam, n)), "grads afterwards": grads}


EXERCISES = [
    Exercise(
        name="dropout_forward",
        points=2,
        inputs=activations_and_numbers,
        mistakes=(
            Mistake(
                " / (1 - rate)",
                " * 1.0",
                "the mean of the output has shrunk: divide what stays by 1 - rate.",
            ),
            Mistake(
                " / (1 - rate)",
                " / max(rate, 1e-9)",
                "what stays is divided by the share that stays, 1 - rate.",
            ),
            Mistake(
                "draws >= rate",
                "draws < rate",
                "an activation is dropped where its number is smaller than the rate.",
            ),
            Mistake(
                "draws >= rate",
                "draws > rate",
                "a number equal to the rate is not smaller than it: that activation "
                "stays.",
            ),
            Mistake(
                "draws >= rate",
                "draws[0] >= rate",
                "every sample has a mask of its own: use all rows of draws.",
            ),
            Mistake(
                "if not training:",
                "if False:",
                "where training is False, everything passes: the mask is 1.",
            ),
            Mistake(
                "np.ones(A.shape)",
                "np.full(A.shape, 1 - rate)",
                "inverted dropout has scaled in training already: the mask is 1 now.",
            ),
            Mistake(
                "A * mask, mask",
                "A * mask, draws >= rate",
                "the mask holds what each activation was multiplied by.",
            ),
            Mistake("A * mask, mask", "mask, A * mask", "the order is (out, mask)."),
        ),
    ),
    Exercise(
        name="l2_grad",
        points=2,
        inputs=parameters_and_gradients,
        observe=gradients_and_what_is_left,
        mistakes=(
            Mistake(
                "if p.ndim == 2:",
                "if True:",
                "the biases have no price: leave the arrays with one axis.",
            ),
            Mistake(
                "if p.ndim == 2:",
                "if p.ndim == 1:",
                "it is the weights, with two axes, that have a price.",
            ),
            Mistake(
                "if p.ndim == 2:",
                "if len(total) % 2 == 0:",
                "they come in any order: look at the number of axes.",
            ),
            Mistake(
                "lam / n * p", "lam * p", "lambda is divided by the number of images n."
            ),
            Mistake(
                "lam / n * p",
                "2 * lam / n * p",
                "the 2 of the square meets the 2 under lambda: lam / n * p is left.",
            ),
            Mistake(
                "lam / n * p",
                "lam / (2 * n) * p",
                "the derivative of w ** 2 is 2 w, which takes the 2 under lambda away.",
            ),
            Mistake(
                "lam / n * p",
                "lam / (2 * n) * p**2",
                "this adds the price itself; its derivative is lam / n * p.",
            ),
            Mistake(
                "dp + lam",
                "dp - lam",
                "the gradient of a sum is the sum of the gradients: add.",
            ),
            Mistake(
                "dp = dp + lam / n * p",
                "dp += lam / n * p",
                "+= changes the array of the caller: make a new one with dp + ....",
            ),
            Mistake(
                "dp = dp + lam / n * p",
                "dp = lam / n * p",
                "this is the part of the price alone: add the gradient of the loss.",
            ),
        ),
    ),
    Exercise(
        name="early_stop",
        points=2,
        inputs=lists_of_losses,
        mistakes=(
            Mistake(
                "losses[epoch - 1] < losses[kept - 1]",
                "losses[epoch - 1] <= losses[kept - 1]",
                "an equal loss is no new best.",
            ),
            Mistake(
                "losses[epoch - 1] < losses[kept - 1]",
                "losses[epoch - 1] < losses[epoch - 2]",
                "compare with the best loss so far, not with the one before.",
            ),
            Mistake(
                "epoch - kept == patience",
                "sum(losses[i] >= min(losses[:i]) for i in range(epoch) if i)"
                " == patience",
                "a new best sets the count of epochs without one back to 0.",
            ),
            Mistake(
                "epoch - kept == patience",
                "epoch - kept > patience",
                "this waits one epoch too long.",
            ),
            Mistake(
                "return kept, epoch\n",
                "return epoch, epoch\n",
                "the weights that are kept are those of the best epoch, not the last.",
            ),
            Mistake(
                "return kept, epoch\n",
                "return kept, kept\n",
                "training went on for patience epochs after the best one: the second "
                "number is the epoch at which it ended.",
            ),
            Mistake(
                "return kept, epoch\n    return kept, len(losses)",
                "return kept - 1, epoch - 1\n    return kept - 1, len(losses) - 1",
                "epochs are counted from 1.",
            ),
            Mistake(
                "        elif epoch - kept == patience:\n"
                "            return kept, epoch\n",
                "",
                "nothing stops this: end after patience epochs without a new best.",
            ),
            Mistake(
                "return kept, len(losses)",
                "return kept, kept",
                "where patience never runs out, training ends with the list.",
            ),
        ),
    ),
]
