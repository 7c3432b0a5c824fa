"""What several runs say about all runs: intervals for a rate and for a mean."""

from __future__ import annotations

import numpy as np

from course_utils._arguments import float_array, real_number


def wilson_interval(
    successes: int | np.ndarray, trials: int, *, confidence: float = 0.95
) -> tuple[np.ndarray, np.ndarray]:
    """Return the ends of Wilson's interval for a rate of success (Wilson, 1927).

    Parameters
    ----------
    successes : int or ndarray of int
        0 to `trials`.
    trials : int
        Independent trials, at least 1.
    confidence : float
        0 < confidence < 1.

    Returns
    -------
    low, high : float, or ndarray of the shape of `successes`
        0 to 1.

    >>> low, high = wilson_interval(17, 100)
    >>> print(f"{low:.2f} to {high:.2f}")
    0.11 to 0.26
    """
    from scipy.special import ndtri  # loaded on first use: SciPy is slow to import

    k, n = float_array("successes", successes), real_number("trials", trials, minimum=1)
    if (k < 0).any() or (k > n).any():
        raise ValueError(f"successes must be 0 to {n:g}, got {successes!r}")
    confidence = real_number("confidence", confidence, above=0.0, below=1.0)
    z = ndtri(0.5 + confidence / 2)
    centre = (k + z**2 / 2) / (n + z**2)
    half = z / (n + z**2) * np.sqrt(k * (n - k) / n + z**2 / 4)
    # Without success the low end is 0, and rounding must not move it; so at the other.
    return np.where(k == 0, 0.0, centre - half), np.where(k == n, 1.0, centre + half)


def mean_interval(
    values: np.ndarray, *, confidence: float = 0.95
) -> tuple[np.ndarray, np.ndarray]:
    """Return the ends of Student's interval for the mean of runs.

    Parameters
    ----------
    values : ndarray of float, shape (runs, ...)
        At least two runs, independent of each other.
    confidence : float
        0 < confidence < 1.

    Returns
    -------
    low, high : float, or ndarray of the shape of one run

    >>> low, high = mean_interval([1.0, 2.0, 3.0])
    >>> print(f"{low:.2f} to {high:.2f}")
    -0.48 to 4.48
    """
    from scipy.special import stdtrit

    values = float_array("values", values)
    if values.ndim == 0 or len(values) < 2:
        raise ValueError(f"values must hold at least 2 runs, got shape {values.shape}")
    confidence = real_number("confidence", confidence, above=0.0, below=1.0)
    t = stdtrit(len(values) - 1, 0.5 + confidence / 2)
    half = t * values.std(axis=0, ddof=1) / np.sqrt(len(values))
    return values.mean(axis=0) - half, values.mean(axis=0) + half
