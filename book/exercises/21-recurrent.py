"""The exercises of chapter 21, *Recurrent layers*."""

import numpy as np

from course_utils.exercises import Exercise, Mistake


def rnn_steps(rng):
    """Yield x, h, W, R, B, alive: by hand, all alive, none, some; n_in = n once."""
    yield (
        np.array([[1.0], [1.0]]),
        np.array([[0.0], [0.5]]),
        np.array([[1.0]]),
        np.array([[1.0]]),
        np.array([0.5, -0.5]),
        np.array([True, False]),
    )
    for batch, n_in, n in ((3, 2, 4), (4, 3, 3), (1, 1, 2), (2, 4, 1), (5, 2, 3)):
        alive = rng.random(batch) < 0.5
        alive[0] = batch == 1 or rng.random() < 0.5
        alive[-1] = batch == 1 or not alive[0]
        yield (
            rng.normal(size=(batch, n_in)),
            rng.normal(size=(batch, n)),
            0.7 * rng.normal(size=(n, n_in)),
            0.7 * rng.normal(size=(n, n)),
            0.5 * rng.normal(size=2 * n),
            alive,
        )


def lstm_steps(rng):
    """Yield x, h, c, W, R, B, P: by hand, several sizes, one of them square."""
    yield (
        np.array([[1.0]]),
        np.array([[0.0]]),
        np.array([[2.0]]),
        np.zeros((4, 1)),
        np.zeros((4, 1)),
        np.zeros(8),
        np.array([0.0, 1.0, 0.0]),
    )
    for batch, n_in, n in ((3, 2, 4), (2, 3, 3), (1, 4, 2), (4, 1, 1)):
        yield (
            rng.normal(size=(batch, n_in)),
            rng.normal(size=(batch, n)),
            rng.normal(size=(batch, n)),
            rng.normal(size=(4 * n, n_in)),
            rng.normal(size=(4 * n, n)),
            rng.normal(size=8 * n),
            rng.normal(size=3 * n),
        )


def gru_steps(rng):
    """Yield x, h, W, R, B, linear_before_reset: by hand, then both kinds by turns."""
    for kind in (1, 0):
        yield (
            np.array([[0.0]]),
            np.array([[1.0]]),
            np.zeros((3, 1)),
            np.array([[0.0], [0.0], [1.0]]),
            np.array([0.0, 0.0, 0.0, 0.0, 0.0, 1.0]),
            kind,
        )
    for kind, (batch, n_in, n) in enumerate(
        ((3, 2, 4), (2, 4, 3), (3, 3, 3), (1, 2, 3))
    ):
        yield (
            rng.normal(size=(batch, n_in)),
            rng.normal(size=(batch, n)),
            rng.normal(size=(3 * n, n_in)),
            rng.normal(size=(3 * n, n)),
            rng.normal(size=6 * n),
            kind % 2,
        )


EXERCISES = [
    Exercise(
        name="rnn_step",
        points=1,
        inputs=rnn_steps,
        mistakes=(
            Mistake(
                "h @ R.T",
                "h @ R",
                "R has a row for each unit that is computed, as W has: transpose it "
                "too. R is square, so the product runs without.",
            ),
            Mistake(
                "B[:n] + B[n:]",
                "B[:n]",
                "B holds two biases for each unit: the second half is added as well.",
            ),
            Mistake(
                "np.where(alive[:, None], new, h)",
                "new",
                "where a sequence has ended, the row of h stays: `alive` says where.",
            ),
            Mistake(
                "np.where(alive[:, None], new, h)",
                "np.where(alive[:, None], new, 0.0)",
                "a state that has ended is kept, not set to zero: take the row of h.",
            ),
            Mistake(
                "np.where(alive[:, None], new, h)",
                "np.where(alive[:, None], h, new)",
                "this keeps the rows that are alive and moves the others: exchange "
                "the two.",
            ),
            Mistake(
                "np.tanh(x @ W.T + h @ R.T + B[:n] + B[n:])",
                "x @ W.T + h @ R.T + B[:n] + B[n:]",
                "the state is the tanh of this sum.",
            ),
        ),
    ),
    Exercise(
        name="lstm_step",
        points=2,
        inputs=lstm_steps,
        mistakes=(
            Mistake(
                "z_i, z_o, z_f, z_g = np",
                "z_i, z_f, z_g, z_o = np",
                "this is the order of PyTorch and Keras; in ONNX it is i, o, f, g.",
            ),
            Mistake(
                "p_i, p_o, p_f = np",
                "p_i, p_f, p_o = np",
                "P has its parts in the order i, o, f.",
            ),
            Mistake(
                "c = f * c + i * np.tanh(z_g)\n    o = sigmoid(z_o + p_o * c)",
                "o = sigmoid(z_o + p_o * c)\n    c = f * c + i * np.tanh(z_g)",
                "the output gate looks at the new cell: compute c before o.",
            ),
            Mistake(
                "+ bias_W + bias_R",
                "+ bias_W",
                "B holds two biases for each block: add its second half as well.",
            ),
            Mistake(
                "h @ R.T",
                "np.hstack([h @ block for block in np.split(R, 4)])",
                "each block of R is transposed for the product, as those of W are.",
            ),
            Mistake(
                "return o * np.tanh(c), c",
                "return o * c, c",
                "h is the output gate times the tanh of the cell.",
            ),
            Mistake(
                "return o * np.tanh(c), c",
                "return c, o * np.tanh(c)",
                "the order is (h, c).",
            ),
            Mistake(
                "i * np.tanh(z_g)",
                "i * sigmoid(z_g)",
                "g is no gate: it is a tanh.",
            ),
            Mistake(
                "sigmoid(z_f + p_f * c)",
                "sigmoid(z_f)",
                "the forget gate looks at the old cell too, through p_f.",
            ),
        ),
    ),
    Exercise(
        name="gru_step",
        points=2,
        inputs=gru_steps,
        mistakes=(
            Mistake(
                "(r * h) @ R_n.T + b_n",
                "(r * h) @ R_n + b_n",
                "R_n is transposed in this product too: it is square, so the product "
                "runs without.",
            ),
            Mistake(
                "r * (h @ R_n.T + b_n)",
                "r * (h @ R_n.T) + b_n",
                "with linear_before_reset the bias of the recurrent matrix stands "
                "inside the reset.",
            ),
            Mistake(
                "(r * h) @ R_n.T + b_n",
                "r * (h @ R_n.T) + b_n",
                "with linear_before_reset = 0 the reset multiplies the state before "
                "the product: (r * h) first.",
            ),
            Mistake(
                "after if linear_before_reset else before",
                "before if linear_before_reset else after",
                "the two cases are exchanged: 1 means that the product comes before "
                "the reset.",
            ),
            Mistake(
                "    z = sigmoid(x @ W_z.T + a_z + h @ R_z.T + b_z)\n"
                "    r = sigmoid(x @ W_r.T + a_r + h @ R_r.T + b_r)\n",
                "    r = sigmoid(x @ W_z.T + a_z + h @ R_z.T + b_z)\n"
                "    z = sigmoid(x @ W_r.T + a_r + h @ R_r.T + b_r)\n",
                "the first block is z and the second is r; PyTorch has them the other "
                "way round.",
            ),
            Mistake(
                "return (1 - z) * np.tanh(x @ W_n.T + a_n + seen) + z * h",
                "return z * np.tanh(x @ W_n.T + a_n + seen) + (1 - z) * h",
                "z is the share of the old state, and 1 - z that of the proposal.",
            ),
            Mistake(
                "a_z, a_r, a_n, b_z, b_r, b_n = np",
                "a_z, b_z, a_r, b_r, a_n, b_n = np",
                "B has all the biases of W first, and then all those of R.",
            ),
        ),
    ),
]
