"""Tests of course_utils.inspection: numbers worked by hand."""

import numpy as np
import pytest

from course_utils.checks import assert_same
from course_utils.inspection import (
    confusion_matrix,
    evaluate_on_grid,
    gradient_norms,
    hidden_activations,
    saturated_fraction,
)
from course_utils.layers import Activation, Dense
from course_utils.networks import Sequential, mlp, stack

Y_NONE = np.zeros(0, int)


def test_hidden_activations_are_the_outputs_of_the_activation_layers():
    network = Sequential(
        [
            Dense([[1.0, -1.0]]),
            Activation("relu"),
            Dense([[2.0], [1.0]]),
            Activation("identity"),
            Dense([[5.0]]),
        ]
    )
    first, second = hidden_activations(network, [[1.0], [-3.0]])
    assert first.tolist() == [[1.0, 0.0], [0.0, 3.0]]
    assert second.tolist() == [[2.0], [3.0]]


def test_hidden_activations_are_copies():
    network = mlp((2, 3, 1))
    X = np.ones((4, 2))
    hidden_activations(network, X)[0][:] = 7.0
    assert not (network.layers[1].A == 7.0).any()
    kept = hidden_activations(network, X)[0]
    network.forward(-X)
    assert_same(kept, hidden_activations(network, X)[0], rtol=0.0)


def test_a_network_without_an_activation_has_no_hidden_activations():
    assert hidden_activations(mlp((2, 1)), np.ones((4, 2))) == []


def test_hidden_activations_refuse_a_wrong_input():
    with pytest.raises(ValueError, match=r"^X must have shape \(any, 2\)"):
        hidden_activations(mlp((2, 3, 1)), np.ones((4, 3)))


def test_gradient_norms_are_lengths_worked_by_hand():
    network = Sequential([Dense([[1.0, 2.0]]), Dense([[3.0], [0.0]])])
    network.forward([[1.0], [1.0]])
    network.backward([[1.0], [3.0]])
    # dZ1 = dZ2 @ [[3, 0]] = [[3, 0], [9, 0]], and X.T @ dZ1 = [[12, 0]].
    # dW2 = [[1, 1], [2, 2]] @ [[1], [3]] = [[4], [8]], db2 = 4.
    assert_same(gradient_norms(network), np.array([12.0, np.sqrt(80.0)]))
    assert_same(gradient_norms(network, of="b"), np.array([12.0, 4.0]))


def test_gradient_norms_are_those_of_torch():
    import torch

    from course_utils.frameworks import to_torch

    network = mlp((4, 6, 5, 3), activation="tanh", seed=1)
    X = np.random.default_rng(0).normal(size=(7, 4))
    model = to_torch(network)
    model(torch.from_numpy(X)).pow(2).sum().backward()
    network.backward(2 * network.forward(X))
    for of, name in (("W", "weight"), ("b", "bias")):
        theirs = [getattr(model[i], name).grad.norm().item() for i in (0, 2, 4)]
        assert_same(gradient_norms(network, of=of), np.array(theirs), rtol=1e-10)


def test_gradient_norms_of_float32_neither_overflow_nor_vanish():
    network = mlp((1, 1), dtype=np.float32)
    for size in (1e-30, 1e30):  # whose squares are 0 and inf in float32
        network.forward(np.zeros((1, 1), np.float32))
        network.backward(np.full((1, 1), size, np.float32))
        assert_same(gradient_norms(network, of="b"), np.array([size]), rtol=1e-6)


def test_gradient_norms_of_networks_side_by_side_are_those_of_each():
    X, dZ = np.random.default_rng(0).normal(size=(2, 6, 3))
    alone = [mlp((3, 4, 3), seed=seed) for seed in range(2)]
    many = stack(alone)
    many.forward(X)
    many.backward(np.stack([dZ, dZ]))
    for i, network in enumerate(alone):
        network.forward(X)
        network.backward(dZ)
        for of in "Wb":
            assert_same(
                gradient_norms(many, of=of)[:, i], gradient_norms(network, of=of)
            )


def test_gradient_norms_ask_for_a_backward_pass_and_a_known_name():
    network = mlp((2, 3, 1))
    with pytest.raises(RuntimeError, match=r"^call backward first"):
        gradient_norms(network)
    with pytest.raises(ValueError, match=r"^of must be"):
        gradient_norms(network, of="Z")


@pytest.mark.parametrize(
    ("y_true", "y_pred", "counts"),
    [
        ([0, 1, 2, 2, 1], [0, 2, 2, 2, 0], [[1, 0, 0], [1, 0, 1], [0, 0, 2]]),
        ([1, 1], [1, 1], [[0, 0, 0], [0, 2, 0], [0, 0, 0]]),
        ([0], [2], [[0, 0, 1], [0, 0, 0], [0, 0, 0]]),
    ],
)
def test_a_confusion_matrix_has_true_classes_in_rows(y_true, y_pred, counts):
    matrix = confusion_matrix(np.array(y_true), np.array(y_pred), 3)
    assert matrix.tolist() == counts
    assert matrix.dtype == np.int64


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        (([0, 3], [0, 1], 3), ValueError, r"y_true must be class labels 0 \.\. 2"),
        (([0, 1], [-1, 1], 3), ValueError, r"y_pred must be class labels 0 \.\. 2"),
        (([0, 1], [0], 3), ValueError, r"y_pred must have shape \(2,\), got \(1,\)"),
        ((1, 1, 3), ValueError, r"y_true must have shape \(any,\), got \(\)"),
        (([0.0], [0], 3), TypeError, "y_true must hold whole-number class labels"),
        (([0], ["0"], 3), TypeError, "y_pred must hold whole-number class labels"),
        (([0], [0], 0), ValueError, "n_classes must be >= 1, got 0"),
        (([0], [0], 2.0), TypeError, "n_classes must be a whole number, got 2.0"),
        ((Y_NONE, Y_NONE, 2), ValueError, "y_true must not be empty"),
    ],
)
def test_a_confusion_matrix_refuses_what_does_not_fit(arguments, error, message):
    with pytest.raises(error, match=f"^{message}"):
        confusion_matrix(*arguments)


@pytest.mark.parametrize("shape", [(9,), (9, 1), (3, 3)])
def test_a_grid_has_its_rows_along_y(shape):
    calls = []

    def f(points):
        calls.append(points.shape)
        return (points[:, 0] + 10 * points[:, 1]).reshape(shape)

    grid = evaluate_on_grid(f, limits=(0, 2), n=3)
    assert grid.x.tolist() == grid.y.tolist() == [0.0, 1.0, 2.0]
    assert grid.values.tolist() == [[0, 1, 2], [10, 11, 12], [20, 21, 22]]
    assert calls == [(9, 2)]


def test_a_grid_of_100_points_from_minus_1_to_1_is_the_default():
    grid = evaluate_on_grid(lambda points: points[:, 0])
    assert grid.values.shape == (100, 100)
    assert (grid.x[0], grid.x[-1]) == (-1.0, 1.0)


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"n": 1}, ValueError, "n must be >= 2, got 1"),
        ({"n": 2.0}, TypeError, "n must be a whole number, got 2.0"),
        ({"limits": 3}, TypeError, "limits must be a pair of numbers, got 3"),
        ({"limits": (0, 1, 2)}, TypeError, "limits must be a pair of numbers, got"),
        ({"limits": (1, 1)}, ValueError, r"limits\[1\] must be > 1, got 1"),
        ({"limits": ("0", 1)}, TypeError, r"limits\[0\] must be a number, got '0'"),
        ({"limits": (0, np.inf)}, ValueError, r"limits\[1\] must be finite and > 0"),
    ],
)
def test_a_grid_refuses_wrong_options(options, error, message):
    with pytest.raises(error, match=f"^{message}"):
        evaluate_on_grid(lambda points: points[:, 0], **options)


def test_a_function_that_gives_two_numbers_for_a_point_is_refused():
    with pytest.raises(
        ValueError,
        match=r"^f must return one number for each of 9 points, got \(9, 2\)$",
    ):
        evaluate_on_grid(lambda points: points, n=3)


@pytest.mark.parametrize(
    ("A", "options", "fraction"),
    [
        ([0.0, 0.04, 0.5, 0.96], {"low": 0, "high": 1}, 0.75),
        ([-1.0, -0.85, 0.85, 1.0], {"low": -1, "high": 1}, 0.5),
        ([-1.0, -0.85, 0.85, 1.0], {"low": -1, "high": 1, "margin": 0.1}, 1.0),
        ([[0.3, 0.5], [0.6, 0.7]], {"low": 0, "high": 1}, 0.0),
        ([-0.1, 1.1], {"low": 0, "high": 1}, 1.0),
    ],
)
def test_activations_near_the_ends_of_the_range_are_saturated(A, options, fraction):
    assert saturated_fraction(A, **options) == fraction


@pytest.mark.parametrize(
    ("A", "options", "error", "message"),
    [
        ([], {}, ValueError, "A must not be empty"),
        ([np.nan], {}, ValueError, "A must be finite"),
        (["a"], {}, TypeError, "A must hold real numbers"),
        ([0.5], {"high": 0}, ValueError, "high must be > 0, got 0"),
        ([0.5], {"low": None}, TypeError, "low must be a number, got None"),
        ([0.5], {"margin": 0.5}, ValueError, "margin must be > 0 and < 0.5, got 0.5"),
        ([0.5], {"margin": 0}, ValueError, "margin must be > 0 and < 0.5, got 0"),
    ],
)
def test_saturation_refuses_wrong_arguments(A, options, error, message):
    with pytest.raises(error, match=f"^{message}"):
        saturated_fraction(A, **{"low": 0, "high": 1, **options})
