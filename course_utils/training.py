"""Training: minibatches, optimisers, and a loop that keeps a history."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Protocol

import numpy as np

from course_utils._arguments import (
    check_methods,
    label_array,
    pair,
    real_number,
    whole_number,
)
from course_utils.networks import Sequential


class Loss(Protocol):
    """What :func:`fit` asks of a loss, such as those of :mod:`course_utils.layers`."""

    def forward(self, output: np.ndarray, target: np.ndarray) -> float: ...

    def backward(self) -> np.ndarray: ...


class Optimiser(Protocol):
    """What :func:`fit` asks of an optimiser."""

    def step(self, network: Sequential) -> None: ...


def minibatches(
    X: np.ndarray, y: np.ndarray, batch_size: int, rng: np.random.Generator
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Yield (X, y) in a random order, `batch_size` rows at a time, each row once.

    The last batch holds what is left over.
    """
    whole_number("batch_size", batch_size)
    if not isinstance(rng, np.random.Generator):
        raise TypeError(f"rng must be a numpy.random.Generator, got {rng!r}")
    X, y = _same_length(X, y)
    order = rng.permutation(len(X))
    for start in range(0, len(X), batch_size):
        rows = order[start : start + batch_size]
        yield X[rows], y[rows]


def _same_length(
    X: np.ndarray, y: np.ndarray, names: tuple[str, str] = ("X", "y")
) -> tuple[np.ndarray, np.ndarray]:
    X, y = np.asarray(X), np.asarray(y)
    if X.ndim == 0 or X.shape[:1] != y.shape[:1]:
        raise ValueError(
            f"{' and '.join(names)} must have one length, "
            f"got shapes {X.shape} and {y.shape}"
        )
    if len(X) == 0:
        raise ValueError(f"{names[0]} must not be empty, got shape {X.shape}")
    return X, y


class SGD:
    """Stochastic gradient descent, with momentum as in PyTorch: v = m v + g; w -= lr v.

    Parameters
    ----------
    lr : float
        Learning rate, > 0.
    momentum : float
        0 <= momentum < 1. An optimiser with momentum is for one network.
    """

    def __init__(self, lr: float, *, momentum: float = 0.0) -> None:
        self.lr = real_number("lr", lr, above=0.0)
        self.momentum = real_number("momentum", momentum, minimum=0.0, below=1.0)
        self.network: Sequential | None = None
        self.velocities: list[np.ndarray] = []

    def step(self, network: Sequential) -> None:
        """Move every parameter of `network` against its gradient."""
        pairs = _with_gradients(network)
        if self.momentum and self.network is None:
            self.network = network
            self.velocities = [np.zeros_like(parameter) for parameter, _ in pairs]
        _check_owner(self.network, network)
        for i, (parameter, gradient) in enumerate(pairs):
            if self.momentum:
                self.velocities[i] *= self.momentum
                self.velocities[i] += gradient
                gradient = self.velocities[i]
            parameter -= self.lr * gradient


class Adam:
    """Adam (Kingma and Ba, 2015), algorithm 1, with bias-corrected moments.

    It keeps the moments of one network: make another for another network.

    Parameters
    ----------
    lr : float
        Learning rate, > 0.
    beta1, beta2 : float
        Decay of the two running means, 0 <= beta < 1.
    epsilon : float
        Added to the root of the second moment, > 0; 1e-8 as in PyTorch (Keras: 1e-7).
    """

    def __init__(
        self,
        lr: float = 1e-3,
        *,
        beta1: float = 0.9,
        beta2: float = 0.999,
        epsilon: float = 1e-8,
    ) -> None:
        self.lr = real_number("lr", lr, above=0.0)
        self.beta1 = real_number("beta1", beta1, minimum=0.0, below=1.0)
        self.beta2 = real_number("beta2", beta2, minimum=0.0, below=1.0)
        self.epsilon = real_number("epsilon", epsilon, above=0.0)
        self.t = 0
        self.network: Sequential | None = None
        self.moments: list[tuple[np.ndarray, np.ndarray]] = []

    def step(self, network: Sequential) -> None:
        """Move every parameter of `network` by one Adam update."""
        pairs = _with_gradients(network)
        if self.network is None:
            self.network = network
            self.moments = [(np.zeros_like(p), np.zeros_like(p)) for p, _ in pairs]
        _check_owner(self.network, network)
        self.t += 1
        correction1 = 1.0 - self.beta1**self.t
        correction2 = 1.0 - self.beta2**self.t
        for (parameter, gradient), (m, v) in zip(pairs, self.moments, strict=True):
            m *= self.beta1
            m += (1.0 - self.beta1) * gradient
            v *= self.beta2
            v += (1.0 - self.beta2) * gradient**2
            root = np.sqrt(v / correction2) + self.epsilon
            parameter -= self.lr * (m / correction1) / root


class OnGrid:
    """An optimiser after whose steps every parameter is rounded to a grid.

    Processors differ in the last digits of a sum, and where training is chaotic these
    decide the result (chapter 7). On a coarse grid all of them round to the same
    number, hence their runs are the same.

    Parameters
    ----------
    optimiser : SGD, Adam, or an object with a method ``step``
        Whose steps are taken.
    spacing : float
        Distance of neighbouring values, > 0; a power of 2 keeps the rounding exact.
    """

    def __init__(self, optimiser: Optimiser, *, spacing: float = 2.0**-20) -> None:
        check_methods("optimiser", optimiser, ("step",))
        self.optimiser = optimiser
        self.spacing = real_number("spacing", spacing, above=0.0)

    def step(self, network: Sequential) -> None:
        """Take a step, then round every parameter of `network`."""
        self.optimiser.step(network)
        for parameter, _ in network.parameters():
            parameter[...] = np.rint(parameter / self.spacing) * self.spacing


def _with_gradients(network: Sequential) -> list[tuple[np.ndarray, np.ndarray]]:
    pairs = list(network.parameters())
    if any(gradient is None for _, gradient in pairs):
        raise RuntimeError("call backward before step: a parameter has no gradient yet")
    return pairs


def _check_owner(owner: Sequential | None, network: Sequential) -> None:
    """Refuse a network that is not the one whose past steps are remembered."""
    if owner is not None and owner is not network:
        raise ValueError(
            "network must be the one of the first step, whose steps this optimiser "
            "remembers: make a new optimiser for another network"
        )


def accuracy(network: Sequential, X: np.ndarray, y: np.ndarray) -> float | np.ndarray:
    """Return the fraction of rows of `X` whose predicted class is `y`, 0 to 1.

    For networks side by side, shape (networks,). The mode of `network` stays as it is.
    """
    X, y = _same_length(X, y)
    y = label_array("y", y, length=len(X))
    right = (network.predict(X) == y).mean(axis=-1)
    return float(right) if right.ndim == 0 else right


def fit(
    network: Sequential,
    loss: Loss,
    optimiser: Optimiser,
    X: np.ndarray,
    y: np.ndarray,
    *,
    epochs: int,
    batch_size: int = 32,
    seed: int = 0,
    test: tuple[np.ndarray, np.ndarray] | None = None,
    after_epoch: Callable[[int, dict[str, list[float]]], bool | None] | None = None,
) -> dict[str, list[float]]:
    """Train `network` in place and return its history.

    It trains in training mode, measures the test data in evaluation mode, and leaves
    the network in evaluation mode. Networks side by side see the same batches, and each
    number of the history is then an array of shape (networks,).

    Parameters
    ----------
    network, loss, optimiser
        What is trained, what is made small, and how a step is taken.
    X : ndarray of float, shape (n, n_in)
        Inputs; more axes where the first layer takes them.
    y : ndarray, shape (n,) or (n, n_out)
        Labels or targets, as the loss takes them.
    epochs : int
        How often each row is used.
    batch_size : int
        Rows for each step.
    seed : int
        Seed of the order of the rows.
    test : tuple (X, y), optional
        Data to measure the loss, and for labels the accuracy, on after each epoch.
    after_epoch : callable, optional
        Called after each epoch with its number, from 1, and the history so far;
        training stops where it returns ``True``.

    Returns
    -------
    dict of list of float
        ``"loss"``: the mean loss over each epoch, while training. Where `test` is
        given, ``"test_loss"`` after each epoch and, where its `y` holds class labels
        (whole numbers >= 0, shape (n,)), ``"test_accuracy"``, 0 to 1.

    Raises
    ------
    TypeError, ValueError
        An argument is not what is described here; the message names it.
    FloatingPointError
        The loss became NaN or infinite: the learning rate is too large.
    """
    check_methods("loss", loss, ("forward", "backward"))
    check_methods("optimiser", optimiser, ("step",))
    X, y = _same_length(X, y)
    rng = np.random.default_rng(whole_number("seed", seed, minimum=0))
    history: dict[str, list[float]] = {"loss": []}
    if test is not None:
        X_test, y_test = _same_length(
            *pair("test", test, "(X, y)"), ("test[0]", "test[1]")
        )
        history["test_loss"] = []
        if _are_labels(y_test):
            history["test_accuracy"] = []
    for epoch in range(1, whole_number("epochs", epochs) + 1):
        network.train()
        total = 0.0
        for X_batch, y_batch in minibatches(X, y, batch_size, rng):
            value = loss.forward(network.forward(X_batch), y_batch)
            if not np.isfinite(value).all():
                raise FloatingPointError(
                    f"the loss is {value} in epoch {epoch}: try a smaller learning rate"
                )
            network.backward(loss.backward(), to_input=False)
            optimiser.step(network)
            total = total + value * len(X_batch)
        history["loss"].append(total / len(X))
        network.eval()
        if "test_loss" in history:
            value = loss.forward(network.forward(X_test), y_test)
            history["test_loss"].append(value)
        if "test_accuracy" in history:
            history["test_accuracy"].append(accuracy(network, X_test, y_test))
        if after_epoch is not None and after_epoch(epoch, history):
            break
    return history


def _are_labels(y: np.ndarray) -> bool:
    return y.ndim == 1 and y.dtype.kind in "iub" and bool(y.min() >= 0)
