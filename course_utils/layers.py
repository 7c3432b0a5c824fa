"""Layers, activations and losses: forward, then backward, in NumPy.

Shapes are batch first. Networks side by side (:func:`course_utils.networks.stack`) put
an axis of their own in front of it. Every layer follows one rule: ``forward(X)`` keeps
what the backward pass needs; ``backward(dZ)`` overwrites the stored gradients and
returns the gradient with respect to its input. Neither changes a parameter, so backward
twice gives the same gradient.

The gradients are those of Rumelhart, Hinton and Williams (1986), derived in chapter 8.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from course_utils._arguments import (
    float_array,
    float_dtype,
    label_array,
    one_of,
    real_number,
    whole_number,
)

# --------------------------------------------------------------------------------------
# Activations as functions: f(Z) and its derivative f'(Z), both at the pre-activation Z
# --------------------------------------------------------------------------------------


def _elementwise(f: Callable[..., np.ndarray]) -> Callable[..., np.ndarray]:
    """Let `f` take any array_like of real numbers; integers become float64."""

    @functools.wraps(f)
    def checked(Z: np.ndarray, *args: float, **options: float) -> np.ndarray:
        return f(float_array("Z", Z, finite=False), *args, **options)

    return checked


@_elementwise
def identity(Z: np.ndarray) -> np.ndarray:
    """Return `Z` itself: a layer without an activation."""
    return Z


@_elementwise
def identity_grad(Z: np.ndarray) -> np.ndarray:
    """Return 1 for each element of `Z`."""
    return np.ones_like(Z)


@_elementwise
def sigmoid(Z: np.ndarray) -> np.ndarray:
    """Return 1 / (1 + exp(-Z)), without overflow for any finite `Z`.

    >>> float(sigmoid(0.0))
    0.5
    """
    e = np.exp(-np.abs(Z))  # at most 1; 0.5 * (1 + tanh(Z / 2)) loses digits below -15
    return np.where(Z >= 0, 1.0, e) / (1.0 + e)


@_elementwise
def sigmoid_grad(Z: np.ndarray) -> np.ndarray:
    """Return sigmoid(Z) * (1 - sigmoid(Z)); its largest value is 0.25, at Z = 0."""
    return sigmoid(Z) * sigmoid(-Z)


@_elementwise
def tanh(Z: np.ndarray) -> np.ndarray:
    """Return the hyperbolic tangent of `Z`."""
    return np.tanh(Z)


@_elementwise
def tanh_grad(Z: np.ndarray) -> np.ndarray:
    """Return 1 - tanh(Z)^2; its largest value is 1, at Z = 0."""
    return 1.0 - np.tanh(Z) ** 2


@_elementwise
def relu(Z: np.ndarray) -> np.ndarray:
    """Return max(0, Z)."""
    return np.maximum(Z, 0.0)


@_elementwise
def relu_grad(Z: np.ndarray) -> np.ndarray:
    """Return 1 where Z > 0 and 0 elsewhere (at Z = 0 by convention, as torch does)."""
    return (Z > 0).astype(Z.dtype)


@_elementwise
def leaky_relu(Z: np.ndarray, alpha: float = 0.01) -> np.ndarray:
    """Return Z where Z > 0 and `alpha` * Z elsewhere."""
    alpha = real_number("alpha", alpha)
    return np.where(Z > 0, Z, alpha * Z)


@_elementwise
def leaky_relu_grad(Z: np.ndarray, alpha: float = 0.01) -> np.ndarray:
    """Return 1 where Z > 0 and `alpha` elsewhere."""
    alpha = real_number("alpha", alpha)
    return np.where(Z > 0, 1.0, alpha).astype(Z.dtype)


@_elementwise
def elu(Z: np.ndarray, alpha: float = 1.0) -> np.ndarray:
    """Return Z where Z > 0, `alpha` * (exp(Z) - 1) elsewhere (Clevert et al., 2016)."""
    alpha = real_number("alpha", alpha)
    return np.where(Z > 0, Z, alpha * np.expm1(np.minimum(Z, 0.0)))


@_elementwise
def elu_grad(Z: np.ndarray, alpha: float = 1.0) -> np.ndarray:
    """Return 1 where Z > 0 and `alpha` * exp(Z) elsewhere."""
    alpha = real_number("alpha", alpha)
    return np.where(Z > 0, 1.0, alpha * np.exp(np.minimum(Z, 0.0)))


@_elementwise
def gelu(Z: np.ndarray) -> np.ndarray:
    """Return Z * Phi(Z), Phi the normal distribution function.

    From Hendrycks and Gimpel (2016).
    """
    return Z * _normal_cdf(Z)


@_elementwise
def gelu_grad(Z: np.ndarray) -> np.ndarray:
    """Return Phi(Z) + Z * phi(Z), phi the normal density."""
    return _normal_cdf(Z) + Z * np.exp(-0.5 * Z**2) / np.sqrt(2.0 * np.pi).astype(
        Z.dtype
    )


@_elementwise
def silu(Z: np.ndarray) -> np.ndarray:
    """Return Z * sigmoid(Z), also called Swish (Ramachandran et al., 2017)."""
    return Z * sigmoid(Z)


@_elementwise
def silu_grad(Z: np.ndarray) -> np.ndarray:
    """Return sigmoid(Z) * (1 + Z * (1 - sigmoid(Z)))."""
    return sigmoid(Z) * (1.0 + Z * sigmoid(-Z))


@_elementwise
def softplus(Z: np.ndarray) -> np.ndarray:
    """Return log(1 + exp(Z)), without overflow; its derivative is the sigmoid."""
    return np.logaddexp(0.0, Z)


@_elementwise
def softplus_grad(Z: np.ndarray) -> np.ndarray:
    """Return sigmoid(Z)."""
    return sigmoid(Z)


def _normal_cdf(Z: np.ndarray) -> np.ndarray:
    from scipy.special import ndtr  # loaded on first use: SciPy is slow to import

    return ndtr(Z)


class ActivationPair(NamedTuple):
    """An activation and its derivative, each a function of the pre-activation.

    Where both take an alpha, `default_alpha` is its usual value.
    """

    f: Callable[..., np.ndarray]
    grad: Callable[..., np.ndarray]
    default_alpha: float | None = None


ACTIVATIONS: dict[str, ActivationPair] = {
    "identity": ActivationPair(identity, identity_grad),
    "sigmoid": ActivationPair(sigmoid, sigmoid_grad),
    "tanh": ActivationPair(tanh, tanh_grad),
    "relu": ActivationPair(relu, relu_grad),
    "leaky_relu": ActivationPair(leaky_relu, leaky_relu_grad, 0.01),
    "elu": ActivationPair(elu, elu_grad, 1.0),
    "gelu": ActivationPair(gelu, gelu_grad),
    "silu": ActivationPair(silu, silu_grad),
    "softplus": ActivationPair(softplus, softplus_grad),
}
"""Every activation of the book by name, with its derivative."""


def softmax(logits: np.ndarray) -> np.ndarray:
    """Return exp(logits) divided by its sum over the last axis, without overflow.

    >>> softmax(np.array([0.0, 0.0])).tolist()
    [0.5, 0.5]
    """
    logits = float_array("logits", logits, finite=False)
    P = np.exp(logits - logits.max(axis=-1, keepdims=True))
    P /= P.sum(axis=-1, keepdims=True)
    return P


# --------------------------------------------------------------------------------------
# Layers
# --------------------------------------------------------------------------------------


class Dense:
    """A dense (fully connected, affine) layer: ``Z = X @ W + b``.

    Parameters
    ----------
    W : array_like of float, shape (n_in, n_out) or (networks, n_in, n_out)
        Weights, copied. float32 and float64 are kept, integers become float64.
    b : array_like of float, shape (n_out,) or (networks, n_out), optional
        Bias, copied and cast to the dtype of `W`; zeros by default.

    Attributes
    ----------
    W, b : ndarray
        The parameters.
    dW, db : ndarray or None
        The gradients that the last call of :meth:`backward` left; ``None`` before it.
    Z : ndarray or None
        The pre-activations of the last forward pass, shape (batch, n_out).

    Examples
    --------
    >>> layer = Dense(W=[[1.0, 2.0]], b=[0.5, -0.5])
    >>> layer.forward(np.array([[3.0]])).tolist()
    [[3.5, 5.5]]
    """

    def __init__(self, W: np.ndarray, b: np.ndarray | None = None) -> None:
        shape = (None,) * (3 if np.ndim(W) == 3 else 2)
        self.W = float_array("W", W, shape=shape).copy()
        each = (*self.W.shape[:-2], self.W.shape[-1])
        b = np.zeros(each) if b is None else float_array("b", b, shape=each)
        self.b = np.array(b, dtype=self.W.dtype)
        self.dW: np.ndarray | None = None
        self.db: np.ndarray | None = None
        self.X: np.ndarray | None = None
        self.Z: np.ndarray | None = None

    def forward(self, X: np.ndarray) -> np.ndarray:
        """Return the pre-activations of `X`, shape (batch, n_in) -> (batch, n_out).

        For networks side by side, (batch, n_in) or (networks, batch, n_in) ->
        (networks, batch, n_out): the former is shown to every network. NaN passes
        through, as in torch; :class:`~course_utils.networks.Sequential` refuses it. `X`
        is kept for the backward pass and not copied: changing it in between changes
        `dW`.
        """
        *networks, n_in, _ = self.W.shape
        own = networks if np.ndim(X) == 3 else []
        self.X = float_array("X", X, shape=(*own, None, n_in), finite=False)
        b = self.b[:, np.newaxis] if networks else self.b
        self.Z = self.X @ self.W + b  # (batch, n_in) @ (n_in, n_out) + (n_out,)
        return self.Z

    def backward(self, dZ: np.ndarray, *, to_input: bool = True) -> np.ndarray | None:
        """Set `dW` and `db` from dL/dZ, shape (batch, n_out), and return dL/dX.

        With ``to_input=False`` it returns ``None`` and saves the product for dL/dX,
        which nothing needs in the first layer of a network that is being trained.
        """
        dZ = _checked_gradient("dZ", dZ, self.Z)
        self.dW = self.X.mT @ dZ  # (n_in, batch) @ (batch, n_out)
        self.db = dZ.sum(axis=-2)  # (n_out,)
        return dZ @ self.W.mT if to_input else None  # (batch, n_out) @ (n_out, n_in)

    def parameters(self) -> list[tuple[np.ndarray, np.ndarray | None]]:
        """Return each parameter with its gradient: W, then b."""
        return [(self.W, self.dW), (self.b, self.db)]


class Activation:
    """An activation applied to each element: ``A = f(Z)``.

    Parameters
    ----------
    name : str
        A key of :data:`ACTIVATIONS`.
    alpha : float, optional
        The slope or scale on the negative side, for ``leaky_relu`` and ``elu`` only;
        their usual values, 0.01 and 1, by default.

    Attributes
    ----------
    options : dict
        ``{"alpha": ...}`` where the activation has one, else empty.
    A : ndarray or None
        The activations of the last forward pass.
    """

    def __init__(self, name: str, *, alpha: float | None = None) -> None:
        self.name = one_of("name", name, tuple(ACTIVATIONS))
        default = ACTIVATIONS[name].default_alpha
        if alpha is None:
            alpha = default
        elif default is None:
            raise ValueError(f"alpha is for leaky_relu and elu, got it for {name}")
        self.options: dict[str, float] = {}
        if alpha is not None:
            self.options["alpha"] = real_number("alpha", alpha, minimum=0.0)
        self.Z: np.ndarray | None = None
        self.A: np.ndarray | None = None

    def forward(self, Z: np.ndarray) -> np.ndarray:
        """Return f(Z), of the shape of `Z`."""
        self.Z = Z
        self.A = ACTIVATIONS[self.name].f(Z, **self.options)
        return self.A

    def backward(self, dA: np.ndarray) -> np.ndarray:
        """Return dL/dZ = dL/dA * f'(Z), element by element."""
        dA = _checked_gradient("dA", dA, self.A)
        return dA * ACTIVATIONS[self.name].grad(self.Z, **self.options)

    def parameters(self) -> list[tuple[np.ndarray, np.ndarray | None]]:
        """Return an empty list: an activation has no parameters."""
        return []


class BatchNorm:
    """Batch normalisation of each unit, with two modes (Ioffe and Szegedy, 2015).

    In training mode a unit gets mean 0 and variance 1 over the batch; in evaluation
    mode the running mean and variance of past batches take the place of the batch's
    own. In both it is then scaled and shifted. The conventions are PyTorch's.

    Parameters
    ----------
    n : int
        Units.
    momentum : float
        Weight of the newest batch in the running statistics, 0 < momentum <= 1.
    epsilon : float
        Added to the variance, > 0.
    dtype : numpy.float64 or numpy.float32
        Type of the parameters.

    Attributes
    ----------
    training : bool
        The mode, at first ``True``; :meth:`course_utils.networks.Sequential.eval` and
        ``train`` change it.
    scale, shift : ndarray, shape (n,) or (networks, n)
        The parameters, at first 1 and 0; `dscale` and `dshift` are their gradients.
    running_mean, running_var : ndarray, of the same shape
        Changed by each forward pass in training mode, at first 0 and 1. The variance is
        the unbiased one, with batch - 1 in its denominator.
    """

    def __init__(
        self,
        n: int,
        *,
        momentum: float = 0.1,
        epsilon: float = 1e-5,
        dtype: type = np.float64,
    ) -> None:
        n = whole_number("n", n)
        self.momentum = real_number("momentum", momentum, above=0.0)
        if self.momentum > 1:
            raise ValueError(f"momentum must be <= 1, got {momentum}")
        self.epsilon = real_number("epsilon", epsilon, above=0.0)
        dtype = float_dtype(dtype)
        self.scale, self.shift = np.ones(n, dtype), np.zeros(n, dtype)
        self.dscale: np.ndarray | None = None
        self.dshift: np.ndarray | None = None
        self.running_mean, self.running_var = np.zeros(n, dtype), np.ones(n, dtype)
        self.training = True
        self.A: np.ndarray | None = None

    def forward(self, Z: np.ndarray) -> np.ndarray:
        """Return `Z`, shape (batch, n), normalised, of the same shape.

        Networks side by side take the shapes that a :class:`Dense` of them takes. In
        training mode the batch needs two rows, as in PyTorch.
        """
        *networks, n = self.scale.shape
        own = networks if np.ndim(Z) == 3 else []
        Z = float_array("Z", Z, shape=(*own, None, n), finite=False)
        mean, var = self.running_mean, self.running_var
        if self.training:
            batch = Z.shape[-2]
            if batch < 2:
                raise ValueError(
                    "Z must have at least 2 rows in training mode, got 1: a single row "
                    "has no variance"
                )
            mean, var = Z.mean(axis=-2), Z.var(axis=-2)
            for running, new in (
                (self.running_mean, mean),
                (self.running_var, var * (batch / (batch - 1))),
            ):
                running += self.momentum * (new - running)
        # A view with an axis for the batch: (n,) becomes (1, n).
        self.std = np.sqrt(var + self.epsilon)[..., np.newaxis, :]
        self.N = (Z - mean[..., np.newaxis, :]) / self.std
        self.normalised_by_batch = self.training
        scale, shift = self.scale[..., np.newaxis, :], self.shift[..., np.newaxis, :]
        self.A = scale * self.N + shift
        return self.A

    def backward(self, dA: np.ndarray) -> np.ndarray:
        """Set `dscale` and `dshift` from dL/doutput and return dL/dZ (chapter 10)."""
        dA = _checked_gradient("dA", dA, self.A)
        self.dscale, self.dshift = (dA * self.N).sum(axis=-2), dA.sum(axis=-2)
        dN = dA * self.scale[..., np.newaxis, :]
        if self.normalised_by_batch:  # the mean and the variance depend on Z too
            along = (dN * self.N).mean(axis=-2, keepdims=True)
            dN = dN - dN.mean(axis=-2, keepdims=True) - self.N * along
        return dN / self.std

    def parameters(self) -> list[tuple[np.ndarray, np.ndarray | None]]:
        """Return each parameter with its gradient: scale, then shift."""
        return [(self.scale, self.dscale), (self.shift, self.dshift)]


class Dropout:
    """Inverted dropout (Srivastava et al., 2014), with two modes.

    In training mode each activation is set to 0 with probability `rate` and the others
    are divided by 1 - `rate`, so that the mean stays; in evaluation mode all pass.

    Parameters
    ----------
    rate : float
        0 <= rate < 1.
    seed : int
        Seed of the masks.

    Attributes
    ----------
    training : bool
        The mode, at first ``True``.
    mask : ndarray or None
        What the last forward pass multiplied by: 0 or 1 / (1 - rate).
    """

    def __init__(self, rate: float, *, seed: int = 0) -> None:
        self.rate = real_number("rate", rate, minimum=0.0, below=1.0)
        self.seed = whole_number("seed", seed, minimum=0)
        self.rng = np.random.default_rng(self.seed)
        self.training = True
        self.mask: np.ndarray | None = None

    def forward(self, A: np.ndarray) -> np.ndarray:
        """Return `A`, of any shape, with a new mask in training mode."""
        A = float_array("A", A, finite=False)
        self.mask = np.ones((), A.dtype)
        if self.training:
            kept = self.rng.random(A.shape) >= self.rate
            self.mask = kept.astype(A.dtype) / A.dtype.type(1.0 - self.rate)
        self.A = A * self.mask
        return self.A

    def backward(self, dA: np.ndarray) -> np.ndarray:
        """Return dL/dA: what was dropped gets no gradient."""
        _kept(self.mask)
        return _checked_gradient("dA", dA, self.A) * self.mask

    def parameters(self) -> list[tuple[np.ndarray, np.ndarray | None]]:
        """Return an empty list: dropout has no parameters."""
        return []


def _checked_gradient(
    name: str, gradient: np.ndarray, output: np.ndarray | None
) -> np.ndarray:
    return float_array(name, gradient, shape=_kept(output).shape, finite=False)


def _kept(array: np.ndarray | None) -> np.ndarray:
    """Return what the forward pass kept, or say that there was none."""
    if array is None:
        raise RuntimeError(
            "call forward before backward: there is nothing to go back through"
        )
    return array


# --------------------------------------------------------------------------------------
# Losses, each the mean over the batch. NaN in what the network put out passes through,
# so that training can say that it diverged; NaN in a target is refused. For networks
# side by side, an output of shape (networks, batch, n_out) gives a loss for each.
# --------------------------------------------------------------------------------------


class SoftmaxCrossEntropy:
    """Cross-entropy of the softmax of logits, from the logits (so it cannot overflow).

    ``forward(logits, y)`` takes logits of shape (batch, n_classes) and labels of shape
    (batch,); ``backward()`` returns dL/dlogits = (P - onehot(y)) / batch. Networks side
    by side have logits of shape (networks, batch, n_classes) and share the labels.

    Attributes
    ----------
    P : ndarray or None
        The class probabilities of the last forward pass, shape (batch, n_classes).

    Examples
    --------
    >>> loss = SoftmaxCrossEntropy()
    >>> round(loss.forward(np.zeros((1, 10)), np.array([3])), 4)  # log(10)
    2.3026
    """

    def __init__(self) -> None:
        self.P: np.ndarray | None = None

    def forward(self, logits: np.ndarray, y: np.ndarray) -> float | np.ndarray:
        """Return the mean of -log P[i, y[i]]; for networks, shape (networks,)."""
        logits = _output_array("logits", logits, n_out=None)
        batch, n_classes = logits.shape[-2:]
        self.y = label_array("y", y, length=batch, n_classes=n_classes)
        self.rows = np.arange(batch)
        shifted = logits - logits.max(axis=-1, keepdims=True)
        self.P = np.exp(shifted)
        total = self.P.sum(axis=-1, keepdims=True)
        self.P /= total
        return _mean(np.log(total[..., 0]) - shifted[..., self.rows, self.y])

    def backward(self) -> np.ndarray:
        """Return dL/dlogits, shape (batch, n_classes)."""
        dlogits = _kept(self.P).copy()
        dlogits[..., self.rows, self.y] -= 1.0
        dlogits /= len(self.rows)
        return dlogits


class SigmoidCrossEntropy:
    """Binary cross-entropy of the sigmoid of one logit per sample, from the logit.

    ``forward(logits, y)`` takes logits of shape (batch, 1) and labels 0 or 1 of shape
    (batch,); ``backward()`` returns dL/dlogits = (P - y) / batch, shape (batch, 1).
    """

    def __init__(self) -> None:
        self.P: np.ndarray | None = None

    def forward(self, logits: np.ndarray, y: np.ndarray) -> float | np.ndarray:
        """Return the mean of log(1 + exp(z)) - y z; for networks, shape (networks,)."""
        logits = _output_array("logits", logits, n_out=1)
        self.y = label_array("y", y, length=logits.shape[-2], n_classes=2)[:, None]
        self.P = sigmoid(logits)
        return _mean((softplus(logits) - self.y * logits)[..., 0])

    def backward(self) -> np.ndarray:
        """Return dL/dlogits, shape (batch, 1)."""
        P = _kept(self.P)
        return ((P - self.y) / len(self.y)).astype(P.dtype)


class MeanSquaredError:
    """Mean of (prediction - target)^2 over every element.

    ``forward(prediction, target)`` takes two arrays of one shape; ``backward()``
    returns dL/dprediction = 2 (prediction - target) / size. Networks side by side have
    predictions of shape (networks, batch, n_out) and share a target (batch, n_out);
    the size is that of the target.
    """

    def __init__(self) -> None:
        self.difference: np.ndarray | None = None

    def forward(self, prediction: np.ndarray, target: np.ndarray) -> float | np.ndarray:
        """Return the mean squared difference; for networks, shape (networks,)."""
        prediction = float_array("prediction", prediction, finite=False)
        shape = prediction.shape[1:] if prediction.ndim == 3 else prediction.shape
        target = float_array("target", target, shape=shape)
        self.size = target.size
        self.difference = prediction - target
        squares = self.difference**2
        return _mean(squares.reshape(*prediction.shape[: -target.ndim], -1))

    def backward(self) -> np.ndarray:
        """Return dL/dprediction, of its shape."""
        return 2.0 * _kept(self.difference) / self.size


def _output_array(name: str, output: np.ndarray, *, n_out: int | None) -> np.ndarray:
    """Return what a network put out, (batch, n_out), or several networks, in front."""
    networks = (None,) if np.ndim(output) == 3 else ()
    return float_array(name, output, shape=(*networks, None, n_out), finite=False)


def _mean(losses: np.ndarray) -> float | np.ndarray:
    """Return the mean over the last axis, as a float where no other is left."""
    means = losses.mean(axis=-1)
    return float(means) if means.ndim == 0 else means
