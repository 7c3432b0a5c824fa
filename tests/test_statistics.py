"""Tests of course_utils.statistics, against SciPy and by simulation."""

import numpy as np
import pytest
from scipy import stats

from course_utils.statistics import mean_interval, wilson_interval


@pytest.mark.parametrize("confidence", [0.8, 0.95])
@pytest.mark.parametrize("n", [1, 7, 100])
def test_wilson_agrees_with_scipy(n, confidence):
    low, high = wilson_interval(np.arange(n + 1), n, confidence=confidence)
    for k in range(n + 1):
        theirs = stats.binomtest(k, n).proportion_ci(confidence, method="wilson")
        assert np.allclose([low[k], high[k]], theirs, rtol=1e-10, atol=1e-15)


def test_wilson_stays_within_0_and_1():
    low, high = wilson_interval(np.array([0, 3]), 3)
    assert low[0] == 0.0 < low[1]
    assert high[0] < 1.0 == high[1]


@pytest.mark.parametrize("confidence", [0.8, 0.95])
def test_the_mean_agrees_with_scipy(confidence):
    values = np.random.default_rng(0).normal(size=(5, 3))
    low, high = mean_interval(values, confidence=confidence)
    theirs = stats.ttest_1samp(values, 0.0).confidence_interval(confidence)
    assert np.allclose(low, theirs.low, rtol=1e-12)
    assert np.allclose(high, theirs.high, rtol=1e-12)


def test_an_interval_covers_the_truth_as_often_as_it_says():
    rng = np.random.default_rng(0)
    low, high = mean_interval(rng.normal(2.0, 3.0, size=(4, 20_000)))
    assert abs(((low < 2.0) & (high > 2.0)).mean() - 0.95) < 0.006


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: wilson_interval(4, 3), "successes must be 0 to 3, got 4"),
        (lambda: wilson_interval(-1, 3), "successes must be 0 to 3"),
        (lambda: wilson_interval(0, 0), "trials must be >= 1"),
        (lambda: wilson_interval(1, 3, confidence=1.0), "confidence must be"),
        (lambda: mean_interval([1.0]), r"at least 2 runs, got shape \(1,\)"),
        (lambda: mean_interval([1.0, np.nan]), "values must be finite"),
        (lambda: mean_interval([1.0, 2.0], confidence=95), "confidence must be"),
    ],
)
def test_a_wrong_argument_is_named(call, message):
    with pytest.raises(ValueError, match=message):
        call()
