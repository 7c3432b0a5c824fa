"""Networks as a sequence of layers, and the initial weights of their dense layers."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import pairwise

import numpy as np

from course_utils._arguments import float_array, one_of, whole_number
from course_utils.layers import ACTIVATIONS, Activation, Dense

Initialiser = Callable[[int, int, np.random.Generator], np.ndarray]


def zeros(n_in: int, n_out: int, rng: np.random.Generator) -> np.ndarray:
    """Return zeros, shape (n_in, n_out)."""
    return np.zeros((n_in, n_out))


def normal(n_in: int, n_out: int, rng: np.random.Generator) -> np.ndarray:
    """Draw from N(0, 1), whatever the size of the layer."""
    return rng.normal(0.0, 1.0, (n_in, n_out))


def lecun_normal(n_in: int, n_out: int, rng: np.random.Generator) -> np.ndarray:
    """Draw from N(0, 1 / n_in) (LeCun et al., 1998)."""
    return rng.normal(0.0, np.sqrt(1.0 / n_in), (n_in, n_out))


def glorot_uniform(n_in: int, n_out: int, rng: np.random.Generator) -> np.ndarray:
    """Draw uniformly within sqrt(6 / (n_in + n_out)) of 0 (Glorot and Bengio, 2010)."""
    limit = np.sqrt(6.0 / (n_in + n_out))
    return rng.uniform(-limit, limit, (n_in, n_out))


def he_normal(n_in: int, n_out: int, rng: np.random.Generator) -> np.ndarray:
    """Draw from N(0, 2 / n_in), made for ReLU (He et al., 2015)."""
    return rng.normal(0.0, np.sqrt(2.0 / n_in), (n_in, n_out))


INITIALISERS: dict[str, Initialiser] = {
    "zeros": zeros,
    "normal": normal,
    "lecun_normal": lecun_normal,
    "glorot_uniform": glorot_uniform,
    "he_normal": he_normal,
}
"""Every initialiser of the book by name."""


class Sequential:
    """Layers applied one after the other.

    Parameters
    ----------
    layers : sequence
        Objects with ``forward`` and ``backward``: :class:`~course_utils.layers.Dense`,
        :class:`~course_utils.layers.Activation`, or your own.
    """

    def __init__(self, layers: Sequence[Dense | Activation]) -> None:
        self.layers = list(layers)
        if not self.layers:
            raise ValueError("layers must not be empty, got none")

    def forward(self, X: np.ndarray) -> np.ndarray:
        """Return the output of the last layer for `X`, shape (batch, n_in)."""
        X = float_array("X", X, shape=(None, None))
        for layer in self.layers:
            X = layer.forward(X)
        return X

    def backward(self, dZ: np.ndarray, *, to_input: bool = True) -> np.ndarray | None:
        """Set the gradients of every layer from dL/doutput and return dL/dX.

        With ``to_input=False`` it returns ``None`` and saves the work that only dL/dX
        needs, as in training.
        """
        first, *others = self.layers
        for layer in reversed(others):
            dZ = layer.backward(dZ)
        if to_input:
            return first.backward(dZ)
        if isinstance(first, Dense):
            first.backward(dZ, to_input=False)
        return None

    def dense_layers(self) -> list[Dense]:
        """Return the layers that have parameters, first to last."""
        return [layer for layer in self.layers if isinstance(layer, Dense)]

    def parameters(self) -> Iterator[tuple[np.ndarray, np.ndarray | None]]:
        """Yield each parameter with its gradient: W, then b, of each dense layer."""
        for layer in self.dense_layers():
            yield layer.W, layer.dW
            yield layer.b, layer.db

    def count_parameters(self) -> int:
        """Return the number of weights and biases."""
        return sum(parameter.size for parameter, _ in self.parameters())

    def predict(self, X: np.ndarray) -> np.ndarray:
        """Return the predicted class of each row of `X`, shape (batch,).

        The largest logit decides; with a single output, whether it is above 0.
        """
        logits = self.forward(X)
        if logits.shape[1] == 1:
            return (logits[:, 0] > 0).astype(np.int64)
        return logits.argmax(axis=1)


def mlp(
    sizes: Sequence[int],
    *,
    activation: str = "relu",
    init: str = "he_normal",
    seed: int = 0,
    dtype: type = np.float64,
) -> Sequential:
    """Build a multilayer perceptron: dense layers with an activation between them.

    Parameters
    ----------
    sizes : sequence of int
        Units of each layer, input first, output last: ``(784, 128, 10)``. No activation
        follows the last layer, so that the outputs are logits.
    activation : str
        A key of :data:`course_utils.layers.ACTIVATIONS`.
    init : str
        A key of :data:`INITIALISERS`, for the weights; biases start at 0.
    seed : int
        Seed of the weights.
    dtype : numpy.float64 or numpy.float32
        Type of the parameters.

    Examples
    --------
    >>> network = mlp((2, 3, 1), activation="tanh")
    >>> network.forward(np.zeros((5, 2))).shape
    (5, 1)
    >>> network.count_parameters()
    13
    """
    if not isinstance(sizes, Iterable):
        raise TypeError(f"sizes must be a sequence of whole numbers, got {sizes!r}")
    sizes = [whole_number(f"sizes[{i}]", size) for i, size in enumerate(sizes)]
    if len(sizes) < 2:
        raise ValueError(f"sizes must name an input and an output, got {sizes}")
    one_of("activation", activation, tuple(ACTIVATIONS))
    draw = INITIALISERS[one_of("init", init, tuple(INITIALISERS))]
    if np.dtype(dtype) not in (np.float32, np.float64):
        raise TypeError(f"dtype must be float32 or float64, got {np.dtype(dtype)}")
    rng = np.random.default_rng(whole_number("seed", seed, minimum=0))
    layers: list[Dense | Activation] = []
    for n_in, n_out in pairwise(sizes):
        layers += [Dense(draw(n_in, n_out, rng).astype(dtype)), Activation(activation)]
    return Sequential(layers[:-1])
