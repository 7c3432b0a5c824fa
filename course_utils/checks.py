"""Comparisons that a notebook or a test makes before it believes a number."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from course_utils._arguments import real_number
from course_utils.networks import Sequential
from course_utils.training import Loss


def relative_error(a: np.ndarray, b: np.ndarray) -> float:
    """Return max|a - b| / max(|a|, |b|), over every element; 0 where both are all 0.

    NaN in either gives NaN.

    >>> relative_error(np.array([1.0, 2.0]), np.array([1.0, 2.5]))
    0.2
    """
    a, b = np.asarray(a, dtype=np.float64), np.asarray(b, dtype=np.float64)
    if a.shape != b.shape:
        raise ValueError(f"a and b must have one shape, got {a.shape} and {b.shape}")
    scale = np.abs([a, b]).max(initial=0.0)  # unlike the built-in max, keeps a NaN
    return 0.0 if scale == 0 else float(np.abs(a - b).max() / scale)


def assert_same(
    a: np.ndarray, b: np.ndarray, *, rtol: float = 1e-12, atol: float = 0.0
) -> None:
    """Raise ``AssertionError`` unless |a - b| <= atol + rtol |b| everywhere.

    Shapes and dtypes must be equal too, unless both are scalars. NaN equals nothing.
    """
    strict = np.ndim(a) > 0 or np.ndim(b) > 0
    np.testing.assert_allclose(
        a, b, rtol=rtol, atol=atol, equal_nan=False, strict=strict
    )


def numerical_gradient(
    f: Callable[[], float], parameter: np.ndarray, *, h: float = 1e-5
) -> np.ndarray:
    """Return df/dparameter by central differences: (f(p + h) - f(p - h)) / (2 h).

    Parameters
    ----------
    f : callable
        Takes nothing and returns a float that depends on `parameter`.
    parameter : ndarray of float64
        Changed in place one element at a time, and put back, also where `f` raises.
    h : float
        The step. The error of the formula falls as h^2 and its rounding error grows as
        1 / h: near 1e-5 the two are about equal in float64 (chapter 8 measures it).
    """
    if not isinstance(parameter, np.ndarray) or parameter.dtype != np.float64:
        got = getattr(parameter, "dtype", type(parameter).__name__)
        raise TypeError(f"parameter must be a float64 array, got {got}")
    real_number("h", h, above=0.0)
    gradient = np.zeros_like(parameter)
    for index in np.ndindex(parameter.shape):
        value = parameter[index]
        try:
            parameter[index] = value + h
            above = f()
            parameter[index] = value - h
            below = f()
        finally:
            parameter[index] = value
        gradient[index] = (above - below) / (2.0 * h)
    return gradient


def grad_check(
    network: Sequential, loss: Loss, X: np.ndarray, y: np.ndarray, *, h: float = 1e-5
) -> float:
    """Return the largest relative error of any gradient of `network` on (X, y).

    Every parameter's gradient from the backward pass is compared with central
    differences. Below about 1e-7 the backward pass is right; above 1e-3 it is not. For
    networks side by side, the sum of their losses is differentiated.
    """
    if not list(network.parameters()):
        raise ValueError("network must have parameters to check, got none")

    def value() -> float:
        return float(np.sum(loss.forward(network.forward(X), y)))

    value()
    network.backward(loss.backward())
    analytic = [gradient.copy() for _, gradient in network.parameters()]
    numeric = [numerical_gradient(value, p, h=h) for p, _ in network.parameters()]
    return float(np.max(list(map(relative_error, analytic, numeric))))
