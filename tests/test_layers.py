"""Tests of course_utils.layers: values and gradients, against torch and differences."""

import numpy as np
import pytest
import torch
from torch.nn import functional

from course_utils.checks import assert_same, numerical_gradient, relative_error
from course_utils.layers import (
    ACTIVATIONS,
    Activation,
    BatchNorm,
    Dense,
    Dropout,
    MeanSquaredError,
    SigmoidCrossEntropy,
    SoftmaxCrossEntropy,
    softmax,
)

# torch's softplus turns linear above its threshold of 20, where it is 2e-9 off; above
# 40 the difference is below the rounding error.
IN_TORCH = {
    "identity": lambda z: z * 1.0,
    "sigmoid": torch.sigmoid,
    "tanh": torch.tanh,
    "relu": functional.relu,
    "leaky_relu": functional.leaky_relu,
    "elu": functional.elu,
    "gelu": functional.gelu,
    "silu": functional.silu,
    "softplus": lambda z: functional.softplus(z, threshold=40.0),
}
OPTIONS = [(name, {}) for name in ACTIVATIONS]
OPTIONS += [("leaky_relu", {"alpha": 0.3}), ("elu", {"alpha": 0.5})]
ORDINARY = np.linspace(-4.0, 4.0, 400)  # an even number of points: 0 is not among them
EXTREME = np.array([-1e3, -745.0, -100.0, -37.5, -20.0, 0.0, 20.0, 37.5, 100.0, 1e3])
EPSILON = np.finfo(np.float64).eps


def rng():
    return np.random.default_rng(0)


def torch_value_and_grad(f, z):
    z = torch.tensor(z, requires_grad=True)
    value = f(z)
    value.sum().backward()
    return value.detach().numpy(), z.grad.numpy()


# Activations as functions -------------------------------------------------------------


def test_every_activation_is_compared_with_torch():
    assert set(IN_TORCH) == set(ACTIVATIONS)


@pytest.mark.parametrize(("name", "options"), OPTIONS)
def test_values_and_derivatives_are_those_of_torch(name, options):
    def in_torch(z):
        alpha = options.values()  # the second argument of both functions that have it
        return IN_TORCH[name](z, *alpha)

    value, grad = torch_value_and_grad(in_torch, ORDINARY)
    assert_same(ACTIVATIONS[name].f(ORDINARY, **options), value, rtol=1e-10)
    assert_same(ACTIVATIONS[name].grad(ORDINARY, **options), grad, rtol=1e-10)


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_extreme_inputs_give_finite_values_without_a_warning(name):
    value, grad = torch_value_and_grad(IN_TORCH[name], EXTREME)
    # A result that is too small for a float may well be 0.
    with np.errstate(all="raise", under="ignore"):
        f = ACTIVATIONS[name].f(EXTREME)
        df = ACTIVATIONS[name].grad(EXTREME)
    # In the tails torch subtracts nearly equal numbers (1 - tanh^2, 1 + erf) and keeps
    # no digit of a result below the rounding error of 1, times z for gelu.
    assert_same(f, value, rtol=1e-10, atol=40 * EPSILON)
    assert_same(df, grad, rtol=1e-10, atol=40 * EPSILON)


def test_the_sigmoid_keeps_its_digits_where_it_is_nearly_0():
    z = np.linspace(-700.0, -5.0, 100)
    f, df, _ = ACTIVATIONS["sigmoid"]
    assert_same(f(z), np.exp(z) / (1.0 + np.exp(z)), rtol=1e-14)
    assert_same(df(z), np.exp(z) / (1.0 + np.exp(z)) ** 2, rtol=1e-14)
    assert_same(df(-z), df(z), rtol=1e-14)


@pytest.mark.parametrize(("name", "options"), OPTIONS)
def test_derivatives_are_those_of_central_differences(name, options):
    f, df, _ = ACTIVATIONS[name]
    z = ORDINARY.copy()
    numeric = numerical_gradient(lambda: f(z, **options).sum(), z)
    # Rounding: a sum near 800 has an error near 1e-13, which 2 h = 2e-5 divides.
    assert_same(df(z, **options), numeric, rtol=0.0, atol=1e-7)


@pytest.mark.parametrize(
    ("name", "slope"), [("relu", 0.0), ("leaky_relu", 0.01), ("elu", 1.0)]
)
def test_at_0_the_slope_is_that_of_the_left_side_as_in_torch(name, slope):
    _, grad = torch_value_and_grad(IN_TORCH[name], np.zeros(1))
    assert ACTIVATIONS[name].grad([0.0]).tolist() == [slope] == grad.tolist()


@pytest.mark.parametrize("name", ACTIVATIONS)
@pytest.mark.parametrize("part", ["f", "grad"])
def test_activations_keep_the_dtype_of_floats(name, part):
    function = getattr(ACTIVATIONS[name], part)
    for dtype in (np.float32, np.float64):
        assert function(np.array([-1.0, 0.0, 2.0], dtype)).dtype == dtype
        assert function(dtype(2.0)).dtype == dtype


@pytest.mark.parametrize("name", ACTIVATIONS)
@pytest.mark.parametrize("part", ["f", "grad"])
def test_activations_take_integers_lists_and_scalars(name, part):
    function = getattr(ACTIVATIONS[name], part)
    expected = function(np.array([-1.0, 0.0, 2.0]))
    assert_same(function([-1, 0, 2]), expected, rtol=0.0)
    assert_same(function(np.array([-1, 0, 2])), expected, rtol=0.0)
    assert_same(np.array([function(z) for z in (-1, 0, 2.0)]), expected, rtol=1e-15)


@pytest.mark.parametrize("name", ACTIVATIONS)
@pytest.mark.parametrize("part", ["f", "grad"])
def test_activations_leave_their_input_alone(name, part):
    z = ORDINARY.copy()
    getattr(ACTIVATIONS[name], part)(z)
    assert_same(z, ORDINARY, rtol=0.0)


@pytest.mark.parametrize("name", ACTIVATIONS)
@pytest.mark.parametrize("value", ["1.0", ["a"], None, [1j]])
def test_activations_refuse_what_are_no_real_numbers(name, value):
    for function in ACTIVATIONS[name][:2]:
        with pytest.raises(TypeError, match=r"^Z must hold real numbers, got dtype "):
            function(value)


def with_alpha():
    return [
        name for name, pair in ACTIVATIONS.items() if pair.default_alpha is not None
    ]


def test_the_usual_alphas():
    assert with_alpha() == ["leaky_relu", "elu"]
    assert Activation("leaky_relu").options == {"alpha": 0.01}
    assert Activation("elu").options == {"alpha": 1.0}
    assert Activation("relu").options == {}


@pytest.mark.parametrize("name", with_alpha())
@pytest.mark.parametrize("part", ["f", "grad"])
def test_functions_and_layers_have_one_usual_alpha(name, part):
    function = getattr(ACTIVATIONS[name], part)
    with_default = function(ORDINARY, ACTIVATIONS[name].default_alpha)
    assert_same(function(ORDINARY), with_default, rtol=0.0)


@pytest.mark.parametrize("name", with_alpha())
@pytest.mark.parametrize("part", ["f", "grad"])
@pytest.mark.parametrize(
    ("alpha", "error", "message"),
    [
        ("a", TypeError, "alpha must be a number, got 'a'"),
        (np.nan, ValueError, "alpha must be finite, got nan"),
    ],
)
def test_functions_refuse_a_wrong_alpha(name, part, alpha, error, message):
    with pytest.raises(error, match=f"^{message}$"):
        getattr(ACTIVATIONS[name], part)(ORDINARY, alpha)


def test_softmax_is_that_of_torch_and_sums_to_1():
    logits = rng().normal(size=(6, 4)) * 5
    P = softmax(logits)
    assert_same(P, torch.softmax(torch.from_numpy(logits), 1).numpy(), rtol=1e-10)
    assert_same(P.sum(axis=1), np.ones(6), rtol=1e-15)


def test_softmax_takes_extreme_logits_and_lists():
    with np.errstate(all="raise", under="ignore"):
        assert softmax([1e4, -1e4, 1e4]).tolist() == [0.5, 0.0, 0.5]
    assert softmax([3, 3]).tolist() == [0.5, 0.5]
    assert softmax(np.zeros(2, np.float32)).dtype == np.float32


@pytest.mark.parametrize(("logits", "error"), [("a", TypeError), ([], ValueError)])
def test_softmax_refuses_what_has_no_logits(logits, error):
    with pytest.raises(error, match=r"^logits must "):
        softmax(logits)


# Layers -------------------------------------------------------------------------------


def dense():
    return Dense(rng().normal(size=(4, 3)), rng().normal(size=3))


LAYERS = [dense]
LAYERS += [lambda n=name, o=options: Activation(n, **o) for name, options in OPTIONS]
IDS = ["dense"] + [f"{name}-{options}" for name, options in OPTIONS]
each_layer = pytest.mark.parametrize("make", LAYERS, ids=IDS)


def forward_and_backward(layer):
    """Return input, output, its gradient, and the gradient that backward returns."""
    X = rng().normal(size=(5, 4))
    out = layer.forward(X)
    dout = np.random.default_rng(1).normal(size=out.shape)
    return X, out, dout, layer.backward(dout)


@each_layer
def test_the_gradient_of_a_layer_is_that_of_central_differences(make):
    layer = make()
    X, _, dout, dX = forward_and_backward(layer)

    def value():
        return (layer.forward(X) * dout).sum()

    assert relative_error(dX, numerical_gradient(value, X)) < 1e-9
    if isinstance(layer, Dense):
        assert relative_error(layer.dW, numerical_gradient(value, layer.W)) < 1e-9
        assert relative_error(layer.db, numerical_gradient(value, layer.b)) < 1e-9


def test_a_dense_layer_computes_what_torch_does():
    layer = dense()
    X, Z, dZ, dX = forward_and_backward(layer)
    X_t, W_t, b_t = (
        torch.tensor(a, requires_grad=True) for a in (X, layer.W.T, layer.b)
    )
    Z_t = functional.linear(X_t, W_t, b_t)
    Z_t.backward(torch.from_numpy(dZ))
    assert_same(Z, Z_t.detach().numpy(), rtol=1e-10)
    assert_same(dX, X_t.grad.numpy(), rtol=1e-10)
    assert_same(layer.dW, W_t.grad.numpy().T, rtol=1e-10)
    assert_same(layer.db, b_t.grad.numpy(), rtol=1e-10)


@pytest.mark.parametrize(("name", "options"), OPTIONS)
def test_an_activation_layer_computes_what_torch_does(name, options):
    X, A, dA, dX = forward_and_backward(Activation(name, **options))
    X_t = torch.tensor(X, requires_grad=True)
    A_t = IN_TORCH[name](X_t, *options.values())
    A_t.backward(torch.from_numpy(dA))
    assert_same(A, A_t.detach().numpy(), rtol=1e-10)
    assert_same(dX, X_t.grad.numpy(), rtol=1e-10)


@each_layer
def test_backward_twice_gives_the_same_gradient(make):
    def gradients(dX):
        parts = [dX, layer.dW, layer.db] if isinstance(layer, Dense) else [dX]
        return [part.copy() for part in parts]

    layer = make()
    _, _, dout, dX = forward_and_backward(layer)
    first = gradients(dX)
    for again, before in zip(gradients(layer.backward(dout)), first):
        assert_same(again, before, rtol=0.0)


@each_layer
def test_neither_pass_changes_its_input_or_a_parameter(make):
    layer, fresh = make(), make()
    X, _, dout, _ = forward_and_backward(layer)
    assert_same(X, rng().normal(size=(5, 4)), rtol=0.0)
    assert_same(dout, np.random.default_rng(1).normal(size=dout.shape), rtol=0.0)
    if isinstance(layer, Dense):
        assert_same(layer.W, fresh.W, rtol=0.0)
        assert_same(layer.b, fresh.b, rtol=0.0)


@each_layer
def test_float32_stays_float32_through_a_layer(make):
    layer = make()
    if isinstance(layer, Dense):
        layer = Dense(layer.W.astype(np.float32), layer.b)
    out = layer.forward(np.ones((5, 4), np.float32))
    assert out.dtype == np.float32
    assert layer.backward(np.ones_like(out)).dtype == np.float32
    if isinstance(layer, Dense):
        assert layer.dW.dtype == layer.db.dtype == layer.b.dtype == np.float32


@each_layer
def test_layers_take_lists(make):
    layer, X = make(), [[1, 2, 3, 4]]
    out = layer.forward(X)
    expected = make().forward(np.array(X, float))
    assert_same(out, expected, rtol=0.0)
    dX = layer.backward(np.ones_like(out).tolist())
    assert_same(dX, layer.backward(np.ones_like(out)), rtol=0.0)


@each_layer
def test_backward_before_forward_says_what_to_call_first(make):
    with pytest.raises(RuntimeError, match=r"^call forward before backward"):
        make().backward(np.ones((5, 4)))


@each_layer
def test_a_gradient_of_the_wrong_shape_is_refused(make):
    layer = make()
    _, out, _, _ = forward_and_backward(layer)
    name = "dZ" if isinstance(layer, Dense) else "dA"
    accepted = ", ".join(map(str, out.shape))
    for shape in [(1,), (4, out.shape[1]), (5, 1), (out.shape[1],)]:
        with pytest.raises(
            ValueError, match=rf"^{name} must have shape \({accepted}\)"
        ):
            layer.backward(np.ones(shape))


def test_a_dense_layer_by_hand():
    layer = Dense([[1, 2], [3, 4]], [10, 20])
    assert layer.forward([[1, 1], [0, 2]]).tolist() == [[14.0, 26.0], [16.0, 28.0]]
    assert layer.backward([[1, 0], [0, 1]]).tolist() == [[1.0, 3.0], [2.0, 4.0]]
    assert layer.dW.tolist() == [[1.0, 0.0], [1.0, 2.0]]
    assert layer.db.tolist() == [1.0, 1.0]


def test_a_dense_layer_copies_its_parameters():
    W, b = np.ones((2, 3)), np.ones(3)
    layer = Dense(W, b)
    layer.W += 1.0
    layer.b += 1.0
    assert_same(W, np.ones((2, 3)))
    assert_same(b, np.ones(3))


def test_a_dense_layer_without_a_bias_starts_at_zeros_and_knows_no_gradient():
    layer = Dense(np.ones((2, 3), np.float32))
    assert layer.b.tolist() == [0.0, 0.0, 0.0]
    assert layer.b.dtype == np.float32
    assert layer.dW is layer.db is None


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        (([1.0, 2.0],), ValueError, r"W must have shape \(any, any\), got \(2,\)"),
        (([["a"]],), TypeError, "W must hold real numbers, got dtype"),
        ((np.zeros((0, 3)),), ValueError, "W must not be empty"),
        (([[np.nan]],), ValueError, "W must be finite, got 1 NaN"),
        (([[1.0]], [1.0, 2.0]), ValueError, r"b must have shape \(1,\), got \(2,\)"),
        (([[1.0]], [np.inf]), ValueError, "b must be finite"),
    ],
)
def test_wrong_parameters_are_refused(arguments, error, message):
    with pytest.raises(error, match=f"^{message}"):
        Dense(*arguments)


@pytest.mark.parametrize(
    ("X", "error", "message"),
    [
        (np.ones((5, 3)), ValueError, r"X must have shape \(any, 4\), got \(5, 3\)"),
        (np.ones(4), ValueError, r"X must have shape \(any, 4\), got \(4,\)"),
        (np.ones((0, 4)), ValueError, r"X must not be empty, got shape \(0, 4\)"),
        ([["a"] * 4], TypeError, "X must hold real numbers, got dtype"),
        (None, TypeError, "X must hold real numbers, got dtype object"),
    ],
)
def test_a_dense_layer_refuses_a_wrong_input(X, error, message):
    with pytest.raises(error, match=f"^{message}"):
        dense().forward(X)


def test_nan_passes_through_a_dense_layer_as_in_torch():
    assert np.isnan(dense().forward([[np.nan, 0, 0, 0]])).all()


@pytest.mark.parametrize("name", ["swish", None, 3])
def test_an_unknown_activation_is_refused_with_the_known_ones(name):
    with pytest.raises(ValueError, match=r"^name must be one of identity, sigmoid, "):
        Activation(name)


@pytest.mark.parametrize(
    ("name", "alpha", "error", "message"),
    [
        ("relu", 0.1, ValueError, "alpha is for leaky_relu and elu, got it for relu"),
        ("elu", -1.0, ValueError, "alpha must be >= 0, got -1.0"),
        ("leaky_relu", "0.1", TypeError, "alpha must be a number, got '0.1'"),
    ],
)
def test_a_wrong_alpha_is_refused(name, alpha, error, message):
    with pytest.raises(error, match=f"^{message}$"):
        Activation(name, alpha=alpha)


# Losses -------------------------------------------------------------------------------


def softmax_case():
    labels = np.array([0, 3, 1, 1, 2, 0])
    return SoftmaxCrossEntropy(), rng().normal(size=(6, 4)), labels


def sigmoid_case():
    return (
        SigmoidCrossEntropy(),
        rng().normal(size=(6, 1)),
        np.array([0, 1, 1, 0, 1, 0]),
    )


def squared_case():
    return MeanSquaredError(), rng().normal(size=(6, 2)), rng().uniform(size=(6, 2))


def squared_in_torch(prediction, y):
    return functional.mse_loss(prediction, y)


def sigmoid_in_torch(logits, y):
    return functional.binary_cross_entropy_with_logits(logits[:, 0], y.double())


LOSSES = {
    "softmax": (softmax_case, functional.cross_entropy),
    "sigmoid": (sigmoid_case, sigmoid_in_torch),
    "squared": (squared_case, squared_in_torch),
}
each_loss = pytest.mark.parametrize(
    ("make", "in_torch"), LOSSES.values(), ids=LOSSES.keys()
)


@each_loss
@pytest.mark.parametrize("scale", [1.0, 30.0])
def test_a_loss_and_its_gradient_are_those_of_torch(make, in_torch, scale):
    loss, output, y = make()
    output *= scale
    output_t = torch.tensor(output, requires_grad=True)
    value_t = in_torch(output_t, torch.from_numpy(y))
    value_t.backward()
    assert_same(loss.forward(output, y), value_t.item(), rtol=1e-10)
    # Where P is nearly 1, the digits of P - 1 below the rounding error are noise.
    gradient = loss.backward()
    assert_same(gradient, output_t.grad.numpy(), rtol=1e-10, atol=EPSILON)


@each_loss
def test_the_gradient_of_a_loss_is_that_of_central_differences(make, in_torch):
    loss, output, y = make()
    numeric = numerical_gradient(lambda: loss.forward(output, y), output)
    loss.forward(output, y)
    assert relative_error(loss.backward(), numeric) < 1e-9


@each_loss
def test_a_loss_twice_backward_is_the_same_and_changes_no_input(make, in_torch):
    (loss, output, y), (_, output_before, y_before) = make(), make()
    assert isinstance(loss.forward(output, y), float)
    first = loss.backward().copy()
    assert_same(loss.backward(), first, rtol=0.0)
    assert_same(output, output_before, rtol=0.0)
    assert_same(y, y_before, rtol=0.0)


@each_loss
def test_a_loss_before_forward_says_what_to_call_first(make, in_torch):
    with pytest.raises(RuntimeError, match=r"^call forward before backward"):
        make()[0].backward()


@each_loss
def test_float32_stays_float32_through_a_loss(make, in_torch):
    loss, output, y = make()
    y = y.astype(np.float32) if y.dtype == np.float64 else y
    loss.forward(output.astype(np.float32), y)
    assert loss.backward().dtype == np.float32


@each_loss
def test_a_loss_takes_lists(make, in_torch):
    loss, output, y = make()
    expected = loss.forward(output, y)
    assert loss.forward(output.tolist(), y.tolist()) == expected


@each_loss
def test_nan_in_an_output_passes_through_to_the_loss(make, in_torch):
    loss, output, y = make()
    output[0, 0] = np.nan
    with np.errstate(invalid="ignore"):
        assert np.isnan(loss.forward(output, y))


def test_softmax_cross_entropy_is_finite_at_extreme_logits():
    logits = np.array([[1e4, -1e4, 0.0], [1e4, -1e4, 0.0]])
    loss = SoftmaxCrossEntropy()
    with np.errstate(all="raise", under="ignore"):
        assert loss.forward(logits, [0, 1]) == 1e4  # the mean of 0 and 2e4
        gradient = loss.backward()
    assert gradient.tolist() == [[0.0, 0.0, 0.0], [0.5, -0.5, 0.0]]


def test_sigmoid_cross_entropy_is_finite_at_extreme_logits():
    loss = SigmoidCrossEntropy()
    with np.errstate(all="raise", under="ignore"):
        assert loss.forward([[1e4], [1e4]], [1, 0]) == 5e3  # the mean of 0 and 1e4
        assert loss.backward().tolist() == [[0.0], [0.5]]


def test_the_losses_keep_their_probabilities():
    softmax_loss, logits, y = softmax_case()
    softmax_loss.forward(logits, y)
    assert_same(softmax_loss.P, softmax(logits))
    sigmoid_loss, logits, y = sigmoid_case()
    sigmoid_loss.forward(logits, y)
    assert_same(sigmoid_loss.P, ACTIVATIONS["sigmoid"].f(logits))


@pytest.mark.parametrize(
    ("loss", "output", "y", "error", "message"),
    [
        (SoftmaxCrossEntropy, np.ones(3), [0], ValueError, r"logits .*\(any, any\)"),
        (SoftmaxCrossEntropy, np.ones((0, 3)), [], ValueError, "logits .* empty"),
        (SoftmaxCrossEntropy, [["a"]], [0], TypeError, "logits must hold real numbers"),
        (SoftmaxCrossEntropy, np.ones((2, 3)), [0], ValueError, r"y .* shape \(2,\)"),
        (
            SoftmaxCrossEntropy,
            np.ones((1, 3)),
            [3],
            ValueError,
            r"y .* 0 \.\. 2, got 3",
        ),
        (SoftmaxCrossEntropy, np.ones((1, 3)), [-1], ValueError, r"y .* 0 \.\. 2, got"),
        (SoftmaxCrossEntropy, np.ones((1, 3)), [1.0], TypeError, "y .* whole-number"),
        (
            SigmoidCrossEntropy,
            np.ones((2, 2)),
            [0, 1],
            ValueError,
            r"logits .*any, 1\)",
        ),
        (
            SigmoidCrossEntropy,
            np.ones((1, 1)),
            [2],
            ValueError,
            r"y .* 0 \.\. 1, got 2",
        ),
        (SigmoidCrossEntropy, np.ones((1, 1)), [[1]], ValueError, r"y .* shape \(1,\)"),
        (MeanSquaredError, np.ones((2, 1)), [1, 2], ValueError, r"target .*\(2, 1\)"),
        (MeanSquaredError, np.ones(1), [np.nan], ValueError, "target must be finite"),
        (MeanSquaredError, [], [], ValueError, "prediction must not be empty"),
        (MeanSquaredError, [1.0], ["a"], TypeError, "target must hold real numbers"),
    ],
)
def test_a_loss_refuses_what_does_not_fit(loss, output, y, error, message):
    with pytest.raises(error, match=f"^{message}"):
        loss().forward(output, y)


# Layers with two modes ----------------------------------------------------------------

LOSSES = [
    (SoftmaxCrossEntropy(), 3, np.array([0, 2, 1, 1, 0])),
    (SigmoidCrossEntropy(), 1, np.array([0, 1, 1, 0, 1])),
    (MeanSquaredError(), 2, np.arange(10.0).reshape(5, 2)),
]


@pytest.mark.parametrize(("loss", "n_out", "y"), LOSSES)
def test_a_loss_has_a_value_and_a_gradient_for_each_network(loss, n_out, y):
    outputs = rng().normal(size=(4, 5, n_out))
    values = loss.forward(outputs, y)
    gradients = loss.backward()
    assert values.shape == (4,)
    for output, value, gradient in zip(outputs, values, gradients):
        assert_same(value, loss.forward(output, y))
        assert_same(gradient, loss.backward())


def test_a_batch_that_is_not_of_all_networks_is_refused():
    layer = Dense(np.ones((4, 2, 3)))
    assert layer.forward(np.ones((5, 2))).shape == (4, 5, 3)
    with pytest.raises(ValueError, match=r"X must have shape \(4, any, 2\)"):
        layer.forward(np.ones((3, 5, 2)))


def torch_norm(ours):
    theirs = torch.nn.BatchNorm1d(
        3, eps=ours.epsilon, momentum=ours.momentum, dtype=torch.float64
    )
    with torch.no_grad():
        theirs.weight.copy_(torch.from_numpy(ours.scale))
        theirs.bias.copy_(torch.from_numpy(ours.shift))
    return theirs


def test_batch_normalisation_is_that_of_torch_in_both_modes():
    ours = BatchNorm(3, momentum=0.3, epsilon=1e-3)
    ours.scale, ours.shift = rng().normal(size=(2, 3))
    theirs = torch_norm(ours)
    for training in (True, True, False):
        ours.training = training
        theirs.train(training)
        Z, dA = rng().normal(2.0, 3.0, size=(2, 6, 3))
        Z_torch = torch.tensor(Z, requires_grad=True)
        out = theirs(Z_torch)
        theirs.zero_grad()
        out.backward(torch.from_numpy(dA))
        assert_same(ours.forward(Z), out.detach().numpy(), rtol=1e-10)
        assert_same(ours.backward(dA), Z_torch.grad.numpy(), rtol=1e-8, atol=1e-12)
        assert_same(ours.dscale, theirs.weight.grad.numpy(), rtol=1e-9, atol=1e-12)
        assert_same(ours.dshift, theirs.bias.grad.numpy())
        assert_same(ours.running_mean, theirs.running_mean.numpy())
        assert_same(ours.running_var, theirs.running_var.numpy())


def test_the_gradient_is_that_of_the_mode_of_the_forward_pass():
    Z, dA = rng().normal(size=(2, 6, 3))
    layer = BatchNorm(3)
    layer.forward(Z)
    expected = layer.backward(dA)
    layer.training = False
    assert_same(layer.backward(dA), expected, rtol=0.0)


def test_evaluation_mode_leaves_the_running_statistics_and_takes_a_single_row():
    layer = BatchNorm(2, dtype=np.float32)
    layer.forward(np.float32([[1.0, 2.0], [3.0, 6.0]]))
    layer.training = False
    before = layer.running_mean.copy(), layer.running_var.copy()
    assert layer.forward(np.ones((1, 2), np.float32)).dtype == np.float32
    assert_same(layer.running_mean, before[0], rtol=0.0)
    assert_same(layer.running_var, before[1], rtol=0.0)
    layer.training = True
    with pytest.raises(ValueError, match="at least 2 rows in training mode"):
        layer.forward(np.ones((1, 2)))


def test_dropout_drops_the_rate_keeps_the_mean_and_passes_gradients_where_it_kept():
    layer, A = Dropout(0.25, seed=3), np.ones((400, 500))
    out = layer.forward(A)
    # 200,000 draws: the share has a standard deviation of 0.001.
    assert (out == 0).mean() == pytest.approx(0.25, abs=0.005)
    assert set(np.unique(out)) == {0.0, 1.0 / 0.75}
    assert_same(layer.backward(np.full_like(A, 2.0)), 2.0 * out)
    assert not np.array_equal(layer.forward(A), out)
    layer.training = False
    assert_same(layer.forward(A), A, rtol=0.0)
    assert_same(layer.backward(A), A, rtol=0.0)


def test_the_seed_decides_what_is_dropped_and_float32_stays():
    A = np.ones((5, 6), np.float32)
    first = Dropout(0.5, seed=1).forward(A)
    assert first.dtype == np.float32
    assert_same(Dropout(0.5, seed=1).forward(A), first, rtol=0.0)
    assert not np.array_equal(Dropout(0.5, seed=2).forward(A), first)


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: Dropout(1.0), ValueError, "rate must be >= 0 and < 1"),
        (lambda: Dropout(-0.1), ValueError, "rate must be >= 0 and < 1"),
        (lambda: BatchNorm(0), ValueError, "n must be >= 1"),
        (lambda: BatchNorm(2, momentum=1.5), ValueError, "momentum must be <= 1"),
        (lambda: BatchNorm(2, epsilon=0.0), ValueError, "epsilon must be > 0"),
        (lambda: BatchNorm(2, dtype=int), TypeError, "dtype must be float32"),
        (lambda: Dropout(0.5).backward([1.0]), RuntimeError, "call forward before"),
        (lambda: BatchNorm(1).backward([[1.0]]), RuntimeError, "call forward before"),
    ],
)
def test_wrong_use_of_a_layer_with_two_modes_is_refused(make, error, message):
    with pytest.raises(error, match=message):
        make()
