"""Networks as a sequence of layers, and the initial weights of their dense layers."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import pairwise
from typing import Protocol

import numpy as np

from course_utils._arguments import (
    check_methods,
    float_array,
    float_dtype,
    one_of,
    whole_number,
)
from course_utils.layers import ACTIVATIONS, Activation, BatchNorm, Dense, Dropout

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
        that is to be trained, and ``backward`` leaves the gradient. A layer with two
        modes has an attribute ``training``, or a method ``train`` like the one here.
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

    def train(self, training: bool = True) -> Sequential:
        """Put every layer that has two modes into training mode; return the network.

        A new network is in training mode, as in PyTorch.
        """
        for layer in self.layers:
            if hasattr(layer, "train"):
                layer.train(training)
            elif hasattr(layer, "training"):
                layer.training = training
        return self

    def eval(self) -> Sequential:
        """Put every layer that has two modes into evaluation mode."""
        return self.train(False)

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

        The largest logit decides; with a single output, whether it is above 0. Networks
        side by side give the shape (networks, batch).
        """
        logits = self.forward(X)
        if logits.shape[-1] == 1:
            return (logits[..., 0] > 0).astype(np.int64)
        return logits.argmax(axis=-1)


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
    dtype = float_dtype(dtype)
    rng = np.random.default_rng(whole_number("seed", seed, minimum=0))
    layers: list[Dense | Activation] = []
    for n_in, n_out in pairwise(sizes):
        name = f"init({n_in}, {n_out}, rng)"
        W = float_array(name, init(n_in, n_out, rng), shape=(n_in, n_out))
        layers += [Dense(W.astype(dtype)), Activation(activation)]
    return Sequential(layers[:-1])


def stack(networks: Sequence[Sequential]) -> Sequential:
    """Return networks of one shape side by side, as one that trains all of them.

    Its arrays have the networks as their first axis: W has shape (networks, n_in,
    n_out), the output (networks, batch, n_out), and a loss has a value for each. Each
    network gets the gradients that it would get alone, and everything is shown to all
    of them. The parameters are copies. Dropout draws a mask for each network.

    Parameters
    ----------
    networks : sequence of Sequential
        Of one shape: dense layers, activations, batch normalisation and dropout.

    Examples
    --------
    >>> many = stack([mlp((2, 3, 1), seed=seed) for seed in range(10)])
    >>> many.forward(np.zeros((5, 2))).shape
    (10, 5, 1)
    """
    networks = list(networks)
    if not networks:
        raise ValueError("networks must not be empty, got none")
    for other in networks[1:]:
        if _shape(other) != _shape(networks[0]):
            raise ValueError(
                "networks must have one shape, got "
                f"{_shape(networks[0])} and {_shape(other)}"
            )
    layers = zip(*(network.layers for network in networks))
    return Sequential([_rebuilt(each, np.stack) for each in layers])


def unstack(network: Sequential) -> list[Sequential]:
    """Return each of the networks that :func:`stack` put side by side, as copies.

    >>> [one.layers[0].W.shape for one in unstack(stack([mlp((2, 1))] * 2))]
    [(2, 1), (2, 1)]
    """
    stacked = [layer for layer in network.dense_layers() if layer.W.ndim == 3]
    if not stacked:
        raise ValueError("network must be a stack of networks, got a single one")
    return [
        Sequential(
            [_rebuilt([layer], lambda of, i=i: of[0][i]) for layer in network.layers]
        )
        for i in range(len(stacked[0].W))
    ]


def _shape(network: Sequential) -> list[tuple]:
    return [
        (type(layer).__name__, *(p.shape for p, _ in layer.parameters()))
        for layer in network.layers
    ]


def _rebuilt(
    layers: Sequence[Layer], combine: Callable[[list[np.ndarray]], np.ndarray]
) -> Layer:
    """Return a layer like the first, each array combined from those of all of them."""

    def combined(name: str) -> np.ndarray:
        return combine([getattr(layer, name) for layer in layers])

    first = layers[0]
    if type(first) is Dense:
        return Dense(combined("W"), combined("b"))
    if type(first) is Activation:
        return Activation(first.name, **first.options)
    if type(first) is Dropout:
        new = Dropout(first.rate, seed=first.seed)
    elif type(first) is BatchNorm:
        n, dtype = first.scale.shape[-1], first.scale.dtype
        new = BatchNorm(n, momentum=first.momentum, epsilon=first.epsilon, dtype=dtype)
        for name in ("scale", "shift", "running_mean", "running_var"):
            setattr(new, name, combined(name).copy())
    else:
        raise TypeError(
            f"{type(first).__name__} cannot be put side by side: Dense, Activation, "
            "BatchNorm and Dropout can"
        )
    new.training = first.training
    return new
