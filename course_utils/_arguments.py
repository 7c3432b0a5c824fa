"""Checks of arguments, shared by the public functions of the package.

Each check returns the value in the form that the caller works with, or raises a
``TypeError`` (wrong kind of thing) or ``ValueError`` (right kind, wrong value) that
names the argument, what came, and what is accepted.
"""

from __future__ import annotations

import math
import numbers
import reprlib
from collections.abc import Sequence

import numpy as np


def whole_number(name: str, value: object, *, minimum: int = 1) -> int:
    """Return `value` as an int of at least `minimum`; a bool or a float is refused."""
    if isinstance(value, bool | np.bool_) or not isinstance(value, numbers.Integral):
        raise TypeError(f"{name} must be a whole number, got {value!r}")
    if value < minimum:
        raise ValueError(f"{name} must be >= {minimum}, got {value}")
    return int(value)


def real_number(
    name: str,
    value: object,
    *,
    above: float | None = None,
    minimum: float | None = None,
    below: float | None = None,
) -> float:
    """Return `value` as a finite float within the bounds; `above`, `below` exclude."""
    if isinstance(value, bool | np.bool_) or not isinstance(value, numbers.Real):
        raise TypeError(f"{name} must be a number, got {value!r}")
    accepted = [
        f"{sign} {bound:g}"
        for sign, bound in ((">", above), (">=", minimum), ("<", below))
        if bound is not None
    ]
    within = (
        math.isfinite(value)
        and (above is None or value > above)
        and (minimum is None or value >= minimum)
        and (below is None or value < below)
    )
    if not within:
        if math.isinf(value):
            accepted.insert(0, "finite")
        raise ValueError(
            f"{name} must be {' and '.join(accepted) or 'finite'}, got {value}"
        )
    return float(value)


def one_of(name: str, value: object, accepted: Sequence[str]) -> str:
    """Return `value` if it is one of the strings `accepted`."""
    if not isinstance(value, str) or value not in accepted:
        raise ValueError(f"{name} must be one of {', '.join(accepted)}, got {value!r}")
    return value


def pair(name: str, value: object, of: str) -> tuple:
    """Return `value` as two items; `of` says in the message what they are."""
    try:
        first, second = value
    except (TypeError, ValueError):
        raise TypeError(
            f"{name} must be a pair {of}, got {reprlib.repr(value)}"
        ) from None
    return first, second


def check_methods(name: str, value: object, methods: Sequence[str]) -> None:
    """Refuse an object that lacks one of `methods`, and a class in its place."""
    has_all = all(callable(getattr(value, method, None)) for method in methods)
    if isinstance(value, type) or not has_all:
        # The repr of most other objects is an address in memory.
        show_it = isinstance(value, type | str)
        got = repr(value) if show_it else type(value).__name__
        raise TypeError(f"{name} must have {' and '.join(methods)}, got {got}")


def float_array(
    name: str,
    value: object,
    *,
    shape: Sequence[int | None] | None = None,
    finite: bool = True,
) -> np.ndarray:
    """Return `value` as a non-empty float array.

    Parameters
    ----------
    name : str
        The argument's name, for the message.
    value : array_like
        float32 and float64 are kept, integers and bools become float64.
    shape : sequence of int or None, optional
        The accepted shape; ``None`` stands for any length.
    finite : bool
        Whether NaN and infinities are refused; they are by default.
    """
    array = _as_array(name, value)
    if array.dtype.kind in "iub":
        array = array.astype(np.float64)
    if array.dtype not in (np.float32, np.float64):
        raise TypeError(f"{name} must hold real numbers, got dtype {array.dtype}")
    _check_shape(name, array, shape)
    if finite and not np.isfinite(array).all():
        bad = int((~np.isfinite(array)).sum())
        raise ValueError(
            f"{name} must be finite, got {bad} NaN or infinite of {array.size} values"
        )
    return array


def float_dtype(dtype: object) -> np.dtype:
    """Return `dtype` as float32 or float64."""
    try:
        accepted = np.dtype(dtype) in (np.float32, np.float64)
    except TypeError:  # not a dtype at all
        accepted = False
    if not accepted:
        raise TypeError(f"dtype must be float32 or float64, got {dtype!r}")
    return np.dtype(dtype)


def label_array(
    name: str, value: object, *, length: int | None, n_classes: int | None = None
) -> np.ndarray:
    """Return `value` as class labels 0 .. n_classes - 1, shape (length,).

    A `length` of ``None`` stands for any.
    """
    array = _as_array(name, value)
    if array.dtype.kind not in "iub":
        raise TypeError(
            f"{name} must hold whole-number class labels, got dtype {array.dtype}"
        )
    _check_shape(name, array, (length,))
    if array.min() < 0 or (n_classes is not None and array.max() >= n_classes):
        accepted = ">= 0" if n_classes is None else f"0 .. {n_classes - 1}"
        raise ValueError(
            f"{name} must be class labels {accepted}, "
            f"got {array.min()} .. {array.max()}"
        )
    return array.astype(np.int64, copy=False)


def _as_array(name: str, value: object) -> np.ndarray:
    try:
        return np.asarray(value)
    except ValueError as error:  # ragged nested lists
        raise ValueError(f"{name} must be a rectangular array: {error}") from None


def _check_shape(
    name: str, array: np.ndarray, shape: Sequence[int | None] | None
) -> None:
    if shape is not None:
        fits = array.ndim == len(shape) and all(
            wanted in (None, got)
            for wanted, got in zip(shape, array.shape, strict=True)
        )
        if not fits:
            wanted = ", ".join("any" if n is None else str(n) for n in shape)
            wanted += "," if len(shape) == 1 else ""
            raise ValueError(f"{name} must have shape ({wanted}), got {array.shape}")
    if array.size == 0:
        raise ValueError(f"{name} must not be empty, got shape {array.shape}")
