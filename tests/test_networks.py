"""Tests of course_utils.networks: initialisers, Sequential and mlp."""

import numpy as np
import pytest
import torch

from course_utils.checks import assert_same, grad_check
from course_utils.frameworks import to_torch
from course_utils.layers import (
    ACTIVATIONS,
    Activation,
    BatchNorm,
    Dense,
    Dropout,
    MeanSquaredError,
    SigmoidCrossEntropy,
    SoftmaxCrossEntropy,
)
from course_utils.networks import INITIALISERS, Sequential, mlp, stack, unstack
from course_utils.training import SGD, fit

X = np.random.default_rng(0).normal(size=(7, 4))
dZ = np.random.default_rng(1).normal(size=(7, 3))


def with_biases(network):
    """Fill the biases, which start at 0, so that a mistake in them shows."""
    rng = np.random.default_rng(2)
    for layer in network.dense_layers():
        layer.b += rng.normal(size=layer.b.shape)
    return network


# Initialisers -------------------------------------------------------------------------

N_IN, N_OUT = 400, 300
# Each variance, and the variance of one squared draw in units of variance^2: it is 2
# for the normal distribution and 4/5 for the uniform one.
SPREADS = {
    "normal": (1.0, 2.0),
    "lecun_normal": (1.0 / N_IN, 2.0),
    "standard_uniform": (1.0 / (3.0 * N_IN), 0.8),
    "glorot_uniform": (2.0 / (N_IN + N_OUT), 0.8),
    "he_normal": (2.0 / N_IN, 2.0),
}


def draw(name, seed=0):
    return INITIALISERS[name](N_IN, N_OUT, np.random.default_rng(seed))


@pytest.mark.parametrize("name", INITIALISERS)
def test_an_initialiser_gives_n_in_by_n_out_weights_decided_by_the_generator(name):
    assert draw(name).shape == (N_IN, N_OUT)
    assert draw(name).dtype == np.float64
    assert_same(draw(name), draw(name), rtol=0.0)
    assert np.array_equal(draw(name), draw(name, seed=1)) == (name == "zeros")


def test_zeros_are_zeros():
    assert not draw("zeros").any()


def test_every_random_initialiser_is_measured():
    assert {"zeros", *SPREADS} == set(INITIALISERS)


@pytest.mark.parametrize(("name", "spread"), SPREADS.items())
def test_mean_and_variance_are_within_5_standard_errors(name, spread):
    variance, of_square = spread
    W = draw(name)
    assert abs(W.mean()) < 5 * np.sqrt(variance / W.size)
    standard_error = variance * np.sqrt(of_square / W.size)
    assert abs((W**2).mean() - variance) < 5 * standard_error


@pytest.mark.parametrize(
    ("name", "limit"),
    [
        ("glorot_uniform", np.sqrt(6.0 / (N_IN + N_OUT))),
        ("standard_uniform", np.sqrt(1.0 / N_IN)),
    ],
)
def test_uniform_weights_fill_the_range_up_to_the_limit(name, limit):
    W = draw(name)
    # 120,000 uniform draws all stay below 0.999 of the limit once in 10^52 times.
    assert 0.999 * limit < W.max() <= limit
    assert 0.999 * limit < -W.min() <= limit


def test_the_standard_initialisation_is_that_of_torch_linear():
    torch.manual_seed(0)
    weight = torch.nn.Linear(N_IN, N_OUT).weight.detach().numpy()
    assert 0.999 < np.abs(weight).max() * np.sqrt(N_IN) <= 1 + 1e-6
    ours = draw("standard_uniform")
    assert np.isclose(weight.std(), ours.std(), rtol=0.01)


# Gradients of whole networks ----------------------------------------------------------


@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize("hidden", [(), (5,), (5, 6), (8, 6, 5, 4)], ids=str)
def test_outputs_and_gradients_are_those_of_torch(activation, hidden):
    network = with_biases(mlp((4, *hidden, 3), activation=activation, seed=3))
    model = to_torch(network)
    X_t = torch.tensor(X, requires_grad=True)
    out_t = model(X_t)
    out_t.backward(torch.from_numpy(dZ))
    assert_same(network.forward(X), out_t.detach().numpy(), rtol=1e-10)
    assert_same(network.backward(dZ), X_t.grad.numpy(), rtol=1e-10)
    in_torch = [p.grad.numpy().T for p in model.parameters()]
    for (_, gradient), expected in zip(network.parameters(), in_torch, strict=True):
        assert_same(gradient, expected, rtol=1e-10)


@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize(
    ("loss", "n_out", "y"),
    [
        (SoftmaxCrossEntropy(), 3, np.array([0, 1, 2, 0, 1, 2, 0])),
        (SigmoidCrossEntropy(), 1, np.array([0, 1, 1, 0, 1, 0, 0])),
        (MeanSquaredError(), 2, np.random.default_rng(4).normal(size=(7, 2))),
    ],
    ids=["softmax", "sigmoid", "squared"],
)
def test_gradients_are_those_of_central_differences(activation, loss, n_out, y):
    network = with_biases(mlp((4, 5, 6, n_out), activation=activation, seed=3))
    assert grad_check(network, loss, X, y) < 1e-8


def test_backward_twice_gives_the_same_gradients():
    network = mlp((4, 5, 3))
    network.forward(X)
    first = network.backward(dZ).copy()
    gradients = [gradient.copy() for _, gradient in network.parameters()]
    assert_same(network.backward(dZ), first, rtol=0.0)
    for (_, again), before in zip(network.parameters(), gradients, strict=True):
        assert_same(again, before, rtol=0.0)


def test_neither_pass_changes_an_input_or_a_parameter():
    network, fresh = mlp((4, 5, 3)), mlp((4, 5, 3))
    X_given, dZ_given = X.copy(), dZ.copy()
    network.forward(X_given)
    network.backward(dZ_given)
    assert_same(X_given, X, rtol=0.0)
    assert_same(dZ_given, dZ, rtol=0.0)
    for (now, _), (before, _) in zip(network.parameters(), fresh.parameters()):
        assert_same(now, before, rtol=0.0)


def test_backward_before_forward_says_what_to_call_first():
    with pytest.raises(RuntimeError, match=r"^call forward before backward"):
        mlp((4, 5, 3)).backward(dZ)


def test_a_gradient_of_the_wrong_shape_is_refused():
    network = mlp((4, 5, 3))
    network.forward(X)
    with pytest.raises(ValueError, match=r"^dZ must have shape \(7, 3\), got \(7, 2\)"):
        network.backward(dZ[:, :2])


# Sequential ---------------------------------------------------------------------------


def test_layers_are_applied_one_after_the_other():
    network = Sequential(
        [Dense([[1.0, -1.0]], [0.0, 1.0]), Activation("relu"), Dense([[2.0], [3.0]])]
    )
    assert network.forward([[2.0], [-1.0]]).tolist() == [[4.0], [6.0]]


def test_parameters_come_as_w_then_b_of_each_dense_layer():
    network = mlp((2, 3, 1))
    assert [p.shape for p, _ in network.parameters()] == [(2, 3), (3,), (3, 1), (1,)]
    assert all(gradient is None for _, gradient in network.parameters())
    assert network.dense_layers() == [network.layers[0], network.layers[2]]
    assert network.count_parameters() == 2 * 3 + 3 + 3 * 1 + 1


def test_the_largest_logit_decides_the_class():
    network = Sequential([Dense(np.eye(3))])
    assert network.predict([[1, 3, 2], [5, 0, 4]]).tolist() == [1, 0]


def test_a_single_logit_decides_by_its_sign():
    network = Sequential([Dense([[1.0]])])
    assert network.predict([[-2.0], [0.0], [0.1]]).tolist() == [0, 0, 1]


def test_a_network_without_layers_is_refused():
    with pytest.raises(ValueError, match=r"^layers must not be empty"):
        Sequential([])


@pytest.mark.parametrize(
    ("value", "error", "message"),
    [
        ([1.0, 2.0], ValueError, r"X must have shape \(any, 4\), got \(2,\)"),
        (np.ones((5, 3)), ValueError, r"X must have shape \(any, 4\), got \(5, 3\)"),
        (np.ones((0, 4)), ValueError, r"X must not be empty, got shape \(0, 4\)"),
        ([[1.0, 2.0, np.nan, 4.0]], ValueError, "X must be finite, got 1 NaN"),
        ([["a"] * 4], TypeError, "X must hold real numbers, got dtype"),
    ],
)
def test_a_network_refuses_a_wrong_input(value, error, message):
    with pytest.raises(error, match=f"^{message}"):
        mlp((4, 3)).forward(value)


@pytest.mark.parametrize(
    ("layer", "got"), [("relu", "'relu'"), (Dense, "<class '.*Dense'>"), (3, "int")]
)
def test_what_is_no_layer_is_refused(layer, got):
    message = rf"^layers\[1\] must have forward and backward and parameters, got {got}$"
    with pytest.raises(TypeError, match=message):
        Sequential([Dense(np.eye(2)), layer])


class Scale:
    """A layer of one's own: each feature times a factor that is trained."""

    def __init__(self, n):
        self.s, self.ds = np.ones(n), None

    def forward(self, X):
        self.X = X
        return X * self.s

    def backward(self, dZ):
        self.ds = (dZ * self.X).sum(axis=tuple(range(dZ.ndim - 1)))
        return dZ * self.s

    def parameters(self):
        return [(self.s, self.ds)]


@pytest.mark.parametrize(
    "network",
    [
        Sequential([Scale(4), *mlp((4, 5, 3)).layers]),
        Sequential([*mlp((4, 5, 3)).layers, Scale(3)]),
        Sequential([mlp((4, 5)), Scale(5), mlp((5, 3))]),
    ],
    ids=["first", "last", "between-two-networks"],
)
def test_a_layer_of_ones_own_is_trained(network):
    y = np.array([0, 1, 2, 0, 1, 2, 0])
    loss = SoftmaxCrossEntropy()
    assert grad_check(network, loss, X, y) < 1e-7
    scale = next(layer for layer in network.layers if isinstance(layer, Scale))
    assert any(parameter is scale.s for parameter, _ in network.parameters())
    assert network.count_parameters() == 4 * 5 + 5 + 5 * 3 + 3 + scale.s.size
    before = [parameter.copy() for parameter, _ in network.parameters()]
    history = fit(network, loss, SGD(0.1), X, y, epochs=20)
    assert history["loss"][-1] < history["loss"][0]
    for (parameter, _), start in zip(network.parameters(), before, strict=True):
        assert not np.array_equal(parameter, start)


def test_the_first_layer_may_be_a_dense_layer_with_a_backward_of_its_own():
    class Twice(Dense):
        def backward(self, dZ):
            return super().backward(2.0 * dZ)

    network = Sequential([Twice(np.eye(4)[:, :3])])
    network.forward(X)
    assert network.backward(dZ, to_input=False) is None
    assert_same(network.layers[0].db, 2.0 * dZ.sum(axis=0))


def test_data_with_more_axes_pass_to_layers_that_take_them():
    network = Sequential([Activation("tanh"), Scale(3)])
    X = np.random.default_rng(0).normal(size=(2, 5, 3))
    assert_same(network.forward(X), np.tanh(X))
    assert network.backward(np.ones_like(X)).shape == (2, 5, 3)
    assert network.layers[1].ds.shape == (3,)


# mlp ----------------------------------------------------------------------------------


def test_an_mlp_has_an_activation_between_its_dense_layers_and_none_at_the_end():
    network = mlp((784, 128, 64, 10), activation="tanh")
    assert [type(layer) for layer in network.layers] == [
        Dense, Activation, Dense, Activation, Dense,
    ]  # fmt: skip
    assert {network.layers[1].name, network.layers[3].name} == {"tanh"}
    shapes = [layer.W.shape for layer in network.dense_layers()]
    assert shapes == [(784, 128), (128, 64), (64, 10)]
    assert not any(layer.b.any() for layer in network.dense_layers())


def test_the_seed_decides_the_weights():
    first, same, other = (mlp((4, 5, 3), seed=seed) for seed in (1, 1, 2))
    for a, b, c in zip(first.dense_layers(), same.dense_layers(), other.dense_layers()):
        assert_same(a.W, b.W, rtol=0.0)
        assert not np.array_equal(a.W, c.W)


@pytest.mark.parametrize("init", INITIALISERS)
def test_the_weights_come_from_the_initialiser_in_the_order_of_the_layers(init):
    rng = np.random.default_rng(5)
    for layer in mlp((4, 5, 3), init=init, seed=5).dense_layers():
        assert_same(layer.W, INITIALISERS[init](*layer.W.shape, rng), rtol=0.0)


def test_the_initialiser_may_be_a_function():
    def halves(n_in, n_out, rng):
        return np.full((n_in, n_out), 0.5)

    first, last = mlp((4, 5, 3), init=halves, dtype=np.float32).dense_layers()
    assert_same(first.W, np.full((4, 5), 0.5, np.float32), rtol=0.0)
    assert_same(last.W, np.full((5, 3), 0.5, np.float32), rtol=0.0)
    named = mlp((4, 5), init="normal", seed=2).layers[0].W
    given = mlp((4, 5), init=INITIALISERS["normal"], seed=2).layers[0].W
    assert_same(named, given, rtol=0.0)


@pytest.mark.parametrize("dtype", [np.float32, np.float64, "float32"])
def test_the_parameters_have_the_dtype_that_was_asked_for(dtype):
    network = mlp((4, 5, 3), dtype=dtype)
    assert all(p.dtype == np.dtype(dtype) for p, _ in network.parameters())
    assert network.forward(X.astype(dtype)).dtype == np.dtype(dtype)


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"sizes": (4,)}, ValueError, r"sizes must name an input and an output, got"),
        (
            {"sizes": ()},
            ValueError,
            r"sizes must name an input and an output, got \[\]",
        ),
        ({"sizes": 4}, TypeError, "sizes must be a sequence of whole numbers, got 4"),
        ({"sizes": (4, 0)}, ValueError, r"sizes\[1\] must be >= 1, got 0"),
        ({"sizes": (-4, 2)}, ValueError, r"sizes\[0\] must be >= 1, got -4"),
        ({"sizes": (4, 2.5)}, TypeError, r"sizes\[1\] must be a whole number, got 2.5"),
        ({"activation": "swish"}, ValueError, "activation must be one of identity, "),
        ({"init": "ones"}, ValueError, "init must be one of zeros, normal, "),
        ({"seed": -1}, ValueError, "seed must be >= 0, got -1"),
        ({"seed": None}, TypeError, "seed must be a whole number, got None"),
        (
            {"init": lambda n_in, n_out, rng: np.zeros((n_out, n_in))},
            ValueError,
            r"init\(4, 2, rng\) must have shape \(4, 2\), got \(2, 4\)",
        ),
        ({"dtype": int}, TypeError, "dtype must be float32 or float64, got <class"),
        ({"dtype": "foo"}, TypeError, "dtype must be float32 or float64, got 'foo'"),
    ],
)
def test_wrong_arguments_of_mlp_are_refused(arguments, error, message):
    with pytest.raises(error, match=f"^{message}"):
        mlp(**{"sizes": (4, 2), **arguments})


@pytest.mark.parametrize("first", [[], [Activation("tanh")]])
def test_without_the_input_gradient_the_parameters_gradients_are_the_same(first):
    network = Sequential([*first, *mlp((4, 3, 2), seed=1).layers])
    rng = np.random.default_rng(0)
    network.forward(rng.normal(size=(5, 4)))
    dZ = rng.normal(size=(5, 2))
    network.backward(dZ)
    wanted = [gradient.copy() for _, gradient in network.parameters()]
    for layer in network.dense_layers():
        layer.dW = layer.db = None
    assert network.backward(dZ, to_input=False) is None
    for (_, got), gradient in zip(network.parameters(), wanted):
        assert_same(got, gradient, rtol=0.0)


# Two modes, and networks side by side -------------------------------------------------


def with_modes(seed):
    dense_1, activation, dense_2 = mlp((4, 5, 3), seed=seed).layers
    return Sequential([BatchNorm(4), dense_1, activation, Dropout(0.0), dense_2])


def test_the_mode_reaches_every_layer_that_has_one():
    inner = Sequential([BatchNorm(4)])
    network = Sequential([inner, Dense(np.ones((4, 2))), Dropout(0.5)])
    modal = [inner.layers[0], network.layers[2]]
    assert [layer.training for layer in modal] == [True, True]
    assert network.eval() is network
    assert [layer.training for layer in modal] == [False, False]
    network.train()
    assert [layer.training for layer in modal] == [True, True]


@pytest.mark.parametrize("training", [True, False])
def test_networks_side_by_side_are_each_of_them(training):
    alone = [with_modes(seed).train(training) for seed in range(3)]
    many, loss = stack(alone), SoftmaxCrossEntropy()
    y = np.arange(7) % 3
    optimisers = [SGD(0.3, momentum=0.5) for _ in alone]
    together = SGD(0.3, momentum=0.5)
    for _ in range(3):
        losses = []
        for network, optimiser in zip(alone, optimisers):
            losses.append(loss.forward(network.forward(X), y))
            network.backward(loss.backward())
            optimiser.step(network)
        assert_same(loss.forward(many.forward(X), y), np.array(losses))
        many.backward(loss.backward())
        together.step(many)
    for one, network in zip(unstack(many), alone):
        assert one.layers[0].training == training
        for (ours, _), (theirs, _) in zip(one.parameters(), network.parameters()):
            assert_same(ours, theirs, rtol=1e-10, atol=1e-14)
        assert_same(one.eval().forward(X), network.eval().forward(X), rtol=1e-10)
    together = many.eval().predict(X)
    assert_same(together, np.stack([n.predict(X) for n in alone]), rtol=0.0)


def test_each_network_may_have_inputs_of_its_own():
    alone = [mlp((4, 5, 3), seed=seed) for seed in range(3)]
    inputs = np.random.default_rng(3).normal(size=(3, 7, 4))
    outputs = stack(alone).forward(inputs)
    for network, X_own, output in zip(alone, inputs, outputs):
        assert_same(network.forward(X_own), output)


def test_the_gradients_of_networks_side_by_side():
    many = stack(
        [with_biases(mlp((4, 5, 3), activation="tanh", seed=s)) for s in (0, 1)]
    )
    assert grad_check(many, SoftmaxCrossEntropy(), X, np.arange(7) % 3) < 1e-7


def test_side_by_side_each_network_has_a_mask_of_its_own():
    many = stack([Sequential([Dense(np.eye(50)), Dropout(0.5)])] * 2)
    first, second = many.forward(np.ones((1, 50)))
    assert not np.array_equal(first, second)


def test_stack_and_unstack_copy():
    one = with_modes(0)
    before = [parameter.copy() for parameter, _ in one.parameters()]
    many = stack([one, one])
    for parameter, _ in many.parameters():
        parameter += 1.0
    many.layers[0].running_mean += 1.0
    for again in unstack(many):
        again.layers[0].running_mean += 1.0
    assert not one.layers[0].running_mean.any()
    assert many.layers[0].running_mean.max() == 1.0
    for (parameter, _), old in zip(one.parameters(), before):
        assert_same(parameter, old, rtol=0.0)


class Own(Dense):
    pass


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: stack([]), ValueError, "networks must not be empty"),
        (
            lambda: stack([mlp((2, 1)), mlp((3, 1))]),
            ValueError,
            r"one shape, got .*\(2, 1\).* and .*\(3, 1\)",
        ),
        (
            lambda: stack([Sequential([Own([[1.0]])])]),
            TypeError,
            "Own cannot",
        ),
        (lambda: unstack(mlp((2, 1))), ValueError, "stack of networks, got a single"),
    ],
)
def test_what_cannot_be_put_side_by_side_is_refused(make, error, message):
    with pytest.raises(error, match=message):
        make()
