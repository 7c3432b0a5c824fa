"""Numbers about a network or its predictions. Nothing here draws."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from course_utils._arguments import (
    float_array,
    label_array,
    one_of,
    pair,
    real_number,
    whole_number,
)
from course_utils.layers import Activation
from course_utils.networks import Sequential


def hidden_activations(network: Sequential, X: np.ndarray) -> list[np.ndarray]:
    """Return the output of each activation layer for `X`, first to last, as copies.

    Each has shape (batch, units), or (networks, batch, units).

    >>> from course_utils.networks import mlp
    >>> [A.shape for A in hidden_activations(mlp((2, 4, 3, 1)), np.zeros((5, 2)))]
    [(5, 4), (5, 3)]
    """
    network.forward(X)
    return [layer.A.copy() for layer in network.layers if isinstance(layer, Activation)]


def gradient_norms(network: Sequential, *, of: str = "W") -> np.ndarray:
    """Return the length of the gradient of each dense layer, first layer to last.

    The gradients are those of the last backward pass. A length is the root of the sum
    of squares, over every weight or bias of the layer.

    Parameters
    ----------
    network : Sequential
        Its backward pass has been called.
    of : {"W", "b"}
        The gradient of the weights or that of the biases.

    Returns
    -------
    ndarray of float64, shape (n_dense_layers,)
        For networks side by side, shape (n_dense_layers, networks).

    Raises
    ------
    RuntimeError
        If there was no backward pass.

    >>> from course_utils.networks import mlp
    >>> network = mlp((2, 3, 1))
    >>> _ = network.backward(np.ones_like(network.forward(np.zeros((4, 2)))))
    >>> float(gradient_norms(network, of="b")[-1])
    4.0
    """
    name = "d" + one_of("of", of, ("W", "b"))
    gradients = [getattr(layer, name) for layer in network.dense_layers()]
    if any(gradient is None for gradient in gradients):
        raise RuntimeError("call backward first: a dense layer has no gradient yet")
    axes = (-2, -1) if of == "W" else -1
    squares = [gradient.astype(np.float64) ** 2 for gradient in gradients]
    return np.sqrt([each.sum(axis=axes) for each in squares])


def confusion_matrix(
    y_true: np.ndarray, y_pred: np.ndarray, n_classes: int
) -> np.ndarray:
    """Count the samples of each true class (rows) given each prediction (columns).

    Returns
    -------
    ndarray of int, shape (n_classes, n_classes)

    >>> confusion_matrix([0, 0, 1], [0, 1, 1], 2).tolist()
    [[1, 1], [0, 1]]
    """
    n_classes = whole_number("n_classes", n_classes)
    y_true = label_array("y_true", y_true, length=None, n_classes=n_classes)
    y_pred = label_array("y_pred", y_pred, length=len(y_true), n_classes=n_classes)
    counts = np.zeros((n_classes, n_classes), dtype=np.int64)
    np.add.at(counts, (y_true, y_pred), 1)
    return counts


class Grid(NamedTuple):
    """Values of a function on a square grid of the plane.

    `x` and `y` are the grid's coordinates, shape (n,); `values` has shape (n, n), rows
    along `y`.
    """

    x: np.ndarray
    y: np.ndarray
    values: np.ndarray


def evaluate_on_grid(
    f: Callable[[np.ndarray], np.ndarray],
    *,
    limits: tuple[float, float] = (-1.0, 1.0),
    n: int = 100,
) -> Grid:
    """Evaluate `f` on an n by n grid of the plane, in one call.

    Parameters
    ----------
    f : callable
        Takes points, shape (n * n, 2), and returns one number for each.
    limits : tuple of float
        The lowest and highest value of both coordinates.
    n : int
        Points along each side, at least 2.
    """
    n = whole_number("n", n, minimum=2)
    low, high = pair("limits", limits, "of numbers")
    low = real_number("limits[0]", low)
    high = real_number("limits[1]", high, above=low)
    side = np.linspace(low, high, n)
    points = np.stack(np.meshgrid(side, side), axis=-1).reshape(-1, 2)
    values = np.asarray(f(points))
    if values.size != n * n:
        raise ValueError(
            f"f must return one number for each of {n * n} points, got {values.shape}"
        )
    return Grid(side, side, values.reshape(n, n))


def saturated_fraction(
    A: np.ndarray, *, low: float, high: float, margin: float = 0.05
) -> float:
    """Return the fraction of activations within `margin` of the range's ends.

    Parameters
    ----------
    A : ndarray of float
        Activations of any shape.
    low, high : float
        The ends of the activation's range: 0 and 1 for the sigmoid, -1 and 1 for tanh.
    margin : float
        As a fraction of the range, between 0 and 0.5.

    >>> saturated_fraction(np.array([-1.0, 0.0, 0.5, 0.99]), low=-1.0, high=1.0)
    0.5
    """
    A = float_array("A", A)
    high = real_number("high", high, above=real_number("low", low))
    width = real_number("margin", margin, above=0.0, below=0.5) * (high - low)
    return float((np.minimum(A - low, high - A) < width).mean())
