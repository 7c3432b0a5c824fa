"""Networks as a sequence of layers, and the initial weights of their dense layers."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import pairwise
from typing import Protocol

import numpy as np

from course_utils._arguments import (
    check_methods,
    float_array,
    one_of,
    whole_number,
)
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


def standard_uniform(n_in: int, n_out: int, rng: np.random.Generator) -> np.ndarray:
    """Draw uniformly within 1 / sqrt(n_in) of 0, as PyTorch does for a linear layer.

    Glorot and Bengio (2010) call it the standard initialisation.
    """
    limit = 1.0 / np.sqrt(n_in)
    return rng.uniform(-limit, limit, (n_in, n_out))


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
    "standard_uniform": standard_uniform,
    "glorot_uniform": glorot_uniform,
    "he_normal": he_normal,
}
"""Every initialiser of the book by name."""


class Layer(Protocol):
    """What :class:`Sequential` asks of a layer."""

    def forward(self, X: np.ndarray) -> np.ndarray: ...

    def backward(self, dZ: np.ndarray) -> np.ndarray: ...

    def parameters(self) -> Iterable[tuple[np.ndarray, np.ndarray | None]]: ...


class Sequential:
    """Layers applied one after the other.

    Parameters
    ----------
    layers : sequence
        Objects with ``forward``, ``backward`` and ``parameters``:
        :class:`~course_utils.layers.Dense`, :class:`~course_utils.layers.Activation`,
        or your own. ``parameters()`` gives a pair (parameter, gradient) for each array
        that is to be trained, and ``backward`` leaves the gradient.
    """

    def __init__(self, layers: Sequence[Layer]) -> None:
        self.layers = list(layers)
        if not self.layers:
            raise ValueError("layers must not be empty, got none")
        for i, layer in enumerate(self.layers):
            check_methods(f"layers[{i}]", layer, ("forward", "backward", "parameters"))

    def forward(self, X: np.ndarray) -> np.ndarray:
        """Return the output of the last layer for `X`, batch first.

        `X` must be finite; its shape is for the layers to check.
        """
        X = float_array("X", X)
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
        # A subclass may have a backward of its own, without the option.
        if not to_input and type(first) is Dense:
            return first.backward(dZ, to_input=False)
        dX = first.backward(dZ)
        return dX if to_input else None

    def dense_layers(self) -> list[Dense]:
        """Return the dense layers, first to last."""
        return [layer for layer in self.layers if isinstance(layer, Dense)]

    def parameters(self) -> Iterator[tuple[np.ndarray, np.ndarray | None]]:
        """Yield each parameter with its gradient, first layer to last.

        A dense layer has W, then b.
        """
        for layer in self.layers:
            yield from layer.parameters()

    def count_parameters(self) -> int:
        """Return the number of weights, biases and other trained numbers."""
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
    init: str | Initialiser = "he_normal",
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
    init : str or callable
        For the weights: a key of :data:`INITIALISERS`, or a function that takes
        (n_in, n_out, rng) and returns an array of shape (n_in, n_out). Biases start
        at 0.
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
    if not callable(init):
        init = INITIALISERS[one_of("init", init, tuple(INITIALISERS))]
    dtype = _float_dtype(dtype)
    rng = np.random.default_rng(whole_number("seed", seed, minimum=0))
    layers: list[Dense | Activation] = []
    for n_in, n_out in pairwise(sizes):
        name = f"init({n_in}, {n_out}, rng)"
        W = float_array(name, init(n_in, n_out, rng), shape=(n_in, n_out))
        layers += [Dense(W.astype(dtype)), Activation(activation)]
    return Sequential(layers[:-1])


def _float_dtype(dtype: object) -> np.dtype:
    try:
        accepted = np.dtype(dtype) in (np.float32, np.float64)
    except TypeError:  # not a dtype at all
        accepted = False
    if not accepted:
        raise TypeError(f"dtype must be float32 or float64, got {dtype!r}")
    return np.dtype(dtype)
