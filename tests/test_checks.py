"""Tests of course_utils.checks: that they pass what is right and catch what is not."""

import numpy as np
import pytest

from course_utils.checks import (
    assert_same,
    grad_check,
    numerical_gradient,
    relative_error,
)
from course_utils.layers import (
    ACTIVATIONS,
    Activation,
    Dense,
    SigmoidCrossEntropy,
    SoftmaxCrossEntropy,
)
from course_utils.networks import Sequential, mlp

X = np.random.default_rng(0).normal(size=(6, 3))
y = np.array([0, 1, 1, 0, 1, 0])


# Relative error -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("a", "b", "error"),
    [
        ([1.0, 2.0], [1.0, 2.0], 0.0),
        ([1.0, 2.0], [1.0, 4.0], 0.5),
        ([1.0, -4.0], [1.0, 2.0], 1.5),
        ([0.0, 0.0], [0.0, 0.0], 0.0),
        ([0.0], [1e-300], 1.0),
        ([], [], 0.0),
        (2.0, 1.0, 0.5),
        (np.array([1], np.uint8), np.array([2], np.uint8), 0.5),
    ],
)
def test_the_relative_error_is_the_largest_difference_over_the_largest_value(
    a, b, error
):
    assert relative_error(a, b) == relative_error(b, a) == error


@pytest.mark.parametrize("other", [1.0, np.nan])
def test_nan_is_never_a_small_error(other):
    assert np.isnan(relative_error([np.nan, 1.0], [other, 1.0]))
    assert np.isnan(relative_error([other, 1.0], [np.nan, 1.0]))


def test_the_relative_error_refuses_two_shapes():
    message = r"^a and b must have one shape, got \(2,\) and \(2, 1\)$"
    with pytest.raises(ValueError, match=message):
        relative_error([1.0, 2.0], [[1.0], [2.0]])


# Sameness -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("a", "b", "tolerance"),
    [
        ([1.0, 2.0], [1.0, 2.0], {"rtol": 0.0}),
        ([100.0], [101.0], {"rtol": 0.01}),
        ([0.0], [1e-9], {"atol": 1e-9}),
        (1.0, 1.0 + 1e-13, {}),
        (1, 1.0, {}),
        ([np.inf], [np.inf], {}),
    ],
)
def test_what_is_within_the_tolerance_is_the_same(a, b, tolerance):
    a, b = (np.array(v) if isinstance(v, list) else v for v in (a, b))
    assert_same(a, b, **tolerance)


@pytest.mark.parametrize(
    ("a", "b", "tolerance"),
    [
        ([1.0], [1.0 + 1e-11], {}),
        ([100.0], [101.1], {"rtol": 0.01}),
        ([0.0], [1e-15], {}),
        ([1.0, 1.0], 1.0, {}),
        (1.0, [1.0, 1.0], {}),
        ([1.0], [[1.0]], {}),
        (np.float32([1.0]), [1.0], {}),
        ([np.nan], [1.0], {}),
        ([np.nan], [np.nan], {}),
    ],
)
def test_what_is_beyond_the_tolerance_or_of_another_kind_is_not(a, b, tolerance):
    a, b = (np.array(v) if isinstance(v, list) else v for v in (a, b))
    with pytest.raises(AssertionError):
        assert_same(a, b, **tolerance)


# Central differences ------------------------------------------------------------------


def test_the_numerical_gradient_of_a_polynomial():
    p = np.array([[1.0, -2.0], [0.5, 3.0]])
    gradient = numerical_gradient(lambda: (p**3).sum(), p)
    np.testing.assert_allclose(gradient, 3 * p**2, rtol=1e-8)


def test_the_numerical_gradient_puts_the_parameter_back():
    p = np.array([0.1, 0.2, 0.3])
    numerical_gradient(lambda: p.sum(), p)
    assert p.tolist() == [0.1, 0.2, 0.3]


def test_the_parameter_is_put_back_where_the_function_raises():
    p = np.array([0.1, 0.2])

    def f():
        return 1.0 / 0 if p[1] != 0.2 else 0.0

    with pytest.raises(ZeroDivisionError):
        numerical_gradient(f, p)
    assert p.tolist() == [0.1, 0.2]


def test_its_error_falls_as_the_square_of_the_step():
    p = np.array([0.3, -0.7, 1.1])

    def error(h):
        numeric = numerical_gradient(lambda: np.exp(p).sum(), p, h=h)
        return np.abs(numeric - np.exp(p)).max()

    # The next term of the error, h^4 / 120, changes the ratio by 5 parts in 10^4.
    assert error(0.1) / error(0.01) == pytest.approx(100.0, rel=1e-3)


@pytest.mark.parametrize(
    ("parameter", "got"),
    [
        (np.zeros(2, np.float32), "float32"),
        (np.zeros(2, int), "int64"),
        ([0.0], "list"),
        (0.0, "float"),
    ],
)
def test_only_a_float64_array_can_be_stepped(parameter, got):
    message = f"^parameter must be a float64 array, got {got}$"
    with pytest.raises(TypeError, match=message):
        numerical_gradient(lambda: 0.0, parameter)


@pytest.mark.parametrize("h", [0.0, -1e-5, np.nan])
def test_the_step_must_be_positive(h):
    with pytest.raises(ValueError, match=f"^h must be > 0, got {h}$"):
        numerical_gradient(lambda: 0.0, np.zeros(1), h=h)


# The gradient check -------------------------------------------------------------------


def test_a_right_backward_pass_is_below_1e_7_and_nothing_is_changed():
    network, fresh = mlp((3, 5, 2)), mlp((3, 5, 2))
    assert grad_check(network, SoftmaxCrossEntropy(), X, y) < 1e-7
    for (now, _), (before, _) in zip(network.parameters(), fresh.parameters()):
        assert_same(now, before, rtol=0.0)


class LacksAFactor(Dense):
    def backward(self, dZ):
        return 0.9 * super().backward(dZ)


class LacksTheBias(Dense):
    def backward(self, dZ):
        dX = super().backward(dZ)
        self.db = np.zeros_like(self.db)
        return dX


class LeavesNaN(Dense):
    def backward(self, dZ):
        dX = super().backward(dZ)
        self.db = self.db * np.nan
        return dX


class TakenAtTheOutput(Activation):
    def backward(self, dA):
        return dA * ACTIVATIONS[self.name].grad(self.A)


def network_with(dense=Dense, activation=Activation):
    rng = np.random.default_rng(1)
    return Sequential(
        [
            Dense(rng.normal(size=(3, 4)), rng.normal(size=4)),
            activation("tanh"),
            dense(rng.normal(size=(4, 1)), rng.normal(size=1)),
        ]
    )


@pytest.mark.parametrize(
    "damaged",
    [
        {"dense": LacksAFactor},
        {"dense": LacksTheBias},
        {"activation": TakenAtTheOutput},
    ],
)
def test_a_damaged_backward_pass_is_above_1e_3(damaged):
    assert grad_check(network_with(), SigmoidCrossEntropy(), X, y) < 1e-7
    assert grad_check(network_with(**damaged), SigmoidCrossEntropy(), X, y) > 1e-3


def test_a_gradient_of_nan_is_not_hidden_by_right_ones():
    network = network_with(dense=LeavesNaN)
    assert np.isnan(grad_check(network, SigmoidCrossEntropy(), X, y))


def test_a_float32_network_is_refused():
    network = mlp((3, 2), dtype=np.float32)
    with pytest.raises(TypeError, match=r"^parameter must be a float64 array, got"):
        grad_check(network, SoftmaxCrossEntropy(), X, y)


def test_a_network_without_parameters_is_refused():
    network = Sequential([Activation("tanh")])
    with pytest.raises(ValueError, match=r"^network must have parameters to check"):
        grad_check(network, SoftmaxCrossEntropy(), X, y)
