"""Tests of course_utils._arguments: what passes, and what the messages say."""

from fractions import Fraction

import numpy as np
import pytest

from course_utils._arguments import (
    check_methods,
    float_array,
    label_array,
    one_of,
    pair,
    real_number,
    whole_number,
)


@pytest.mark.parametrize("value", [3, np.int64(3), np.uint8(3)])
def test_a_whole_number_comes_back_as_an_int(value):
    assert type(whole_number("n", value)) is int
    assert whole_number("n", value) == 3


def test_a_whole_number_may_be_its_minimum():
    assert whole_number("seed", 0, minimum=0) == 0


@pytest.mark.parametrize("value", [True, np.True_, 3.0, "3", None, float("nan"), [3]])
def test_what_is_not_a_whole_number_is_refused(value):
    with pytest.raises(TypeError, match=r"^n must be a whole number, got "):
        whole_number("n", value)


def test_a_whole_number_below_its_minimum_is_refused():
    with pytest.raises(ValueError, match=r"^n must be >= 2, got -1$"):
        whole_number("n", -1, minimum=2)


@pytest.mark.parametrize("value", [0.5, np.float32(0.5), Fraction(1, 2)])
def test_a_real_number_comes_back_as_a_float(value):
    assert type(real_number("x", value)) is float
    assert real_number("x", value) == 0.5


@pytest.mark.parametrize("value", [True, np.False_, "1", None, 1j, [1.0]])
def test_what_is_not_a_real_number_is_refused(value):
    with pytest.raises(TypeError, match=r"^x must be a number, got "):
        real_number("x", value)


@pytest.mark.parametrize(
    ("value", "bounds", "accepted"),
    [
        (-0.1, {"minimum": 0}, ">= 0"),
        (0, {"above": 0}, "> 0"),
        (1, {"below": 1}, "< 1"),
        (1, {"minimum": 0, "below": 1}, ">= 0 and < 1"),
        (float("nan"), {}, "finite"),
        (float("nan"), {"above": 0}, "> 0"),
        (float("inf"), {"above": 0}, "finite and > 0"),
        (float("-inf"), {"below": 1}, "finite and < 1"),
    ],
)
def test_a_number_out_of_bounds_is_refused_with_the_bounds(value, bounds, accepted):
    with pytest.raises(ValueError, match=f"^x must be {accepted}, got {value}$"):
        real_number("x", value, **bounds)


def test_a_bound_belongs_to_the_range_only_as_a_minimum():
    assert real_number("x", 0, minimum=0) == 0.0
    assert real_number("x", 1e-300, above=0, below=1) == 1e-300


def test_one_of_gives_the_name_back_or_lists_the_accepted_ones():
    assert one_of("init", "zeros", ("zeros", "normal")) == "zeros"
    for value in ("zero", None, 0):
        with pytest.raises(
            ValueError, match=f"^init must be one of zeros, normal, got {value!r}$"
        ):
            one_of("init", value, ("zeros", "normal"))


@pytest.mark.parametrize("value", [np.array(["zeros"]), ["zeros"], 0.5])
def test_what_is_not_a_string_is_none_of_the_accepted_ones(value):
    with pytest.raises(ValueError, match=r"^init must be one of zeros, normal, got"):
        one_of("init", value, ("zeros", "normal"))


@pytest.mark.parametrize("value", [(1, 2), [1, 2], np.array([1, 2])])
def test_a_pair_comes_back_as_two_items(value):
    assert pair("limits", value, "of numbers") == (1, 2)


@pytest.mark.parametrize("value", [3, None, (1,), (1, 2, 3)])
def test_what_is_no_pair_is_refused(value):
    with pytest.raises(TypeError) as caught:
        pair("limits", value, "of numbers")
    assert str(caught.value) == f"limits must be a pair of numbers, got {value}"


def test_a_large_thing_that_is_no_pair_is_shortened():
    with pytest.raises(TypeError) as caught:
        pair("limits", tuple(np.zeros((3, 100, 100))), "of numbers")
    assert len(str(caught.value)) < 200


class Steps:
    def step(self):
        pass


def test_an_object_with_the_methods_passes():
    check_methods("optimiser", Steps(), ("step",))


@pytest.mark.parametrize(
    ("value", "got"),
    [
        ("adam", "'adam'"),
        (np.zeros(2), "ndarray"),
        (Steps, f"<class '{Steps.__module__}.Steps'>"),
    ],
)
def test_an_object_without_the_methods_is_refused(value, got):
    with pytest.raises(TypeError) as caught:
        check_methods("optimiser", value, ("step", "reset"))
    assert str(caught.value) == f"optimiser must have step and reset, got {got}"


def test_one_method_that_is_missing_is_enough_to_be_refused():
    with pytest.raises(TypeError, match=r"^optimiser must have step and reset, got St"):
        check_methods("optimiser", Steps(), ("step", "reset"))


@pytest.mark.parametrize(
    ("value", "dtype"),
    [
        ([1, 2], np.float64),
        ([True, False], np.float64),
        (np.array([1, 2], np.uint8), np.float64),
        ([1.5, 2.5], np.float64),
        (np.array([1.5], np.float32), np.float32),
    ],
)
def test_real_arrays_become_or_stay_floats(value, dtype):
    array = float_array("X", value)
    assert array.dtype == dtype
    np.testing.assert_array_equal(array, value)


@pytest.mark.parametrize("value", ["a", ["1", "2"], None, [1j], np.zeros(2, "f2")])
def test_arrays_of_other_things_are_refused(value):
    with pytest.raises(TypeError, match=r"^X must hold real numbers, got dtype "):
        float_array("X", value)


@pytest.mark.parametrize("check", [float_array, label_array])
def test_ragged_lists_are_refused(check):
    options = {"length": 2} if check is label_array else {}
    with pytest.raises(ValueError, match=r"^X must be a rectangular array: "):
        check("X", [[1, 2], [3]], **options)


@pytest.mark.parametrize(
    ("shape", "message"),
    [
        ((3, 2), r"X must have shape \(3, 2\), got \(2, 3\)"),
        ((None, 2), r"X must have shape \(any, 2\), got \(2, 3\)"),
        ((None,), r"X must have shape \(any,\), got \(2, 3\)"),
        ((), r"X must have shape \(\), got \(2, 3\)"),
        ((None, None, None), r"X must have shape \(any, any, any\), got \(2, 3\)"),
    ],
)
def test_a_wrong_shape_is_refused_with_the_accepted_one(shape, message):
    with pytest.raises(ValueError, match=f"^{message}$"):
        float_array("X", np.zeros((2, 3)), shape=shape)


@pytest.mark.parametrize("shape", [None, (2, 3), (None, 3), (None, None)])
def test_a_fitting_shape_passes(shape):
    assert float_array("X", np.zeros((2, 3)), shape=shape).shape == (2, 3)


@pytest.mark.parametrize("value", [[], np.zeros((0, 2))])
def test_an_empty_array_is_refused(value):
    with pytest.raises(ValueError, match=r"^X must not be empty, got shape \(0"):
        float_array("X", value)


def test_nan_and_infinities_are_counted_and_refused():
    value = [1.0, np.nan, np.inf]
    with pytest.raises(
        ValueError, match=r"^X must be finite, got 2 NaN or infinite of 3 values$"
    ):
        float_array("X", value)
    np.testing.assert_array_equal(float_array("X", value, finite=False), value)


@pytest.mark.parametrize("value", [[0, 2], np.array([0, 2], np.uint8)])
def test_labels_come_back_as_int64(value):
    labels = label_array("y", value, length=2, n_classes=3)
    assert labels.dtype == np.int64
    assert labels.tolist() == [0, 2]


def test_labels_of_any_length_pass_where_no_length_is_asked_for():
    assert label_array("y", [0, 7, 1], length=None).tolist() == [0, 7, 1]


@pytest.mark.parametrize("value", [[0.0, 1.0], ["a", "b"], [None, 1]])
def test_labels_that_are_no_whole_numbers_are_refused(value):
    with pytest.raises(
        TypeError, match=r"^y must hold whole-number class labels, got dtype "
    ):
        label_array("y", value, length=2)


@pytest.mark.parametrize(
    ("value", "n_classes", "message"),
    [
        ([0, 3], 3, r"y must be class labels 0 \.\. 2, got 0 \.\. 3"),
        ([-1, 2], 3, r"y must be class labels 0 \.\. 2, got -1 \.\. 2"),
        ([-1, 2], None, r"y must be class labels >= 0, got -1 \.\. 2"),
        ([0, 1, 1], 2, r"y must have shape \(2,\), got \(3,\)"),
        ([[0], [1]], 2, r"y must have shape \(2,\), got \(2, 1\)"),
        (1, 2, r"y must have shape \(2,\), got \(\)"),
    ],
)
def test_wrong_labels_are_refused(value, n_classes, message):
    with pytest.raises(ValueError, match=f"^{message}$"):
        label_array("y", value, length=2, n_classes=n_classes)


def test_no_labels_at_all_are_refused():
    with pytest.raises(ValueError, match=r"^y must not be empty, got shape \(0,\)$"):
        label_array("y", np.zeros(0, int), length=None)
