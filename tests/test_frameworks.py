"""The same weights give the same numbers in NumPy, PyTorch and Keras."""

import keras
import numpy as np
import pytest
import torch

from course_utils.checks import assert_same
from course_utils.frameworks import from_keras, from_torch, to_keras, to_torch
from course_utils.layers import ACTIVATIONS, Activation, BatchNorm, Dense, Dropout
from course_utils.networks import Sequential, mlp, stack

X = np.random.default_rng(0).normal(size=(7, 4))
OPTIONS = [(name, {}) for name in ACTIVATIONS]
OPTIONS += [("leaky_relu", {"alpha": 0.3}), ("elu", {"alpha": 0.5})]


def network_of(name, options):
    rng = np.random.default_rng(1)
    return Sequential(
        [
            Dense(rng.normal(size=(4, 5)), rng.normal(size=5)),
            Activation(name, **options),
            Dense(rng.normal(size=(5, 3)), rng.normal(size=3)),
        ]
    )


@pytest.mark.parametrize(("name", "options"), OPTIONS)
def test_torch_gives_the_same_outputs_there_and_back(name, options):
    network = network_of(name, options)
    model = to_torch(network)
    assert_same(model(torch.from_numpy(X)).detach().numpy(), network.forward(X))
    assert_same(from_torch(model).forward(X), network.forward(X))


@pytest.mark.parametrize(("name", "options"), OPTIONS)
def test_keras_gives_the_same_outputs_there_and_back(name, options):
    network = network_of(name, options)
    model = to_keras(network)
    # TensorFlow rounds the slope of its leaky ReLU to float32 whatever the dtype of the
    # data, and its GELU agrees with the formula to about 1e-8 only.
    atol = 1e-6 if name in ("leaky_relu", "gelu") else 0.0
    assert_same(np.asarray(model(X)), network.forward(X), atol=atol)
    assert_same(from_keras(model).forward(X), network.forward(X))


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_the_dtype_is_kept(dtype):
    network = mlp((4, 3, 2), dtype=dtype)
    assert from_torch(to_torch(network)).dense_layers()[0].W.dtype == dtype
    assert from_keras(to_keras(network)).dense_layers()[0].W.dtype == dtype


def test_the_weights_are_copies():
    network = mlp((4, 3, 2))
    before = network.forward(X)
    with torch.no_grad():
        to_torch(network)[0].weight.zero_()
    from_torch(to_torch(network)).dense_layers()[0].W[:] = 0
    assert_same(network.forward(X), before)


def test_torch_keeps_its_weights_transposed():
    network = mlp((4, 3, 2))
    assert to_torch(network)[0].weight.shape == (3, 4)
    assert to_keras(network).layers[0].kernel.shape == (4, 3)


def test_activation_inside_a_keras_dense_layer():
    model = keras.Sequential(
        [keras.Input((4,)), keras.layers.Dense(3, activation="tanh")]
    )
    network = from_keras(model)
    assert [type(layer) for layer in network.layers] == [Dense, Activation]


def test_torch_linear_without_a_bias():
    model = torch.nn.Sequential(torch.nn.Linear(4, 3, bias=False))
    assert not from_torch(model).dense_layers()[0].b.any()


def test_what_has_no_counterpart_is_named():
    with pytest.raises(TypeError, match=r"Softmax has no counterpart.*can be moved"):
        from_torch(torch.nn.Sequential(torch.nn.Softmax(dim=1)))
    with pytest.raises(TypeError, match="GELU has no counterpart"):
        from_torch(torch.nn.Sequential(torch.nn.GELU(approximate="tanh")))
    with pytest.raises(TypeError, match="Flatten has no counterpart"):
        from_keras(keras.Sequential([keras.Input((4,)), keras.layers.Flatten()]))
    with pytest.raises(TypeError, match="selu has no counterpart"):
        from_keras(
            keras.Sequential(
                [keras.Input((4,)), keras.layers.Dense(3, activation="selu")]
            )
        )
    with pytest.raises(TypeError, match=r"Softplus has no counterpart.*20 or more"):
        from_torch(torch.nn.Sequential(torch.nn.Softplus(threshold=19)))


def test_the_softplus_of_torch_as_it_comes_is_that_of_the_book_within_3e_9():
    model = torch.nn.Sequential(torch.nn.Softplus())
    Z = np.linspace(-30.0, 30.0, 601)[:, None]
    expected = model(torch.from_numpy(Z)).numpy()
    assert_same(from_torch(model).forward(Z), expected, atol=3e-9)


@pytest.mark.parametrize("convert", [to_torch, to_keras])
@pytest.mark.parametrize("own", [Dense, Activation])
def test_a_layer_of_ones_own_has_no_counterpart(convert, own):
    class Own(own):
        """A layer whose passes may be others than those of its class."""

    layer = Own(np.eye(4)) if own is Dense else Own("relu")
    with pytest.raises(TypeError, match=r"^Own has no counterpart"):
        convert(Sequential([Dense(np.eye(4)), layer]))


def test_keras_needs_a_dense_layer_to_know_the_number_of_inputs():
    with pytest.raises(ValueError, match=r"^network must have a dense layer, got none"):
        to_keras(Sequential([Activation("relu")]))


# Which Keras models are a chain of layers --------------------------------------------


def sequential():
    return keras.Sequential(
        [
            keras.Input((4,)),
            keras.layers.Dense(5),
            keras.layers.ReLU(),
            keras.layers.Dense(3),
        ]
    )


def functional():
    start = keras.Input((4,))
    # Made in another order than called.
    last = keras.layers.Dense(3)
    hidden = keras.layers.Dense(5, activation="tanh")(start)
    return keras.Model(start, last(keras.layers.ELU(0.5)(hidden)))


def called_on_data():
    model = keras.Sequential([keras.layers.Dense(5), keras.layers.Dense(3)])
    model(X)
    return model


def part_of_another():
    start = keras.Input((4,))
    middle = keras.layers.Dense(4)(start)
    end = keras.layers.Dense(3)(middle)
    keras.Model(start, [middle, end])
    return keras.Model(middle, end)


@pytest.mark.parametrize(
    "make", [sequential, functional, called_on_data, part_of_another]
)
def test_a_chain_of_layers_gives_the_outputs_of_keras(make):
    model = make()
    assert_same(
        from_keras(model).forward(X.astype(np.float32)),
        np.asarray(model(X.astype(np.float32))),
        rtol=1e-5,
        atol=1e-6,
    )


@pytest.mark.parametrize("make", [sequential, functional])
def test_a_trained_model_gives_the_outputs_of_keras(make):
    model = make()
    model.compile("sgd", "mse")
    model.fit(X, X[:, :3], epochs=1, verbose=0)
    X32 = X.astype(np.float32)
    outputs = from_keras(model).forward(X32)
    assert_same(outputs, model.predict(X32, verbose=0), rtol=1e-5, atol=1e-6)


def a_layer_used_twice():
    start, dense = keras.Input((4,)), keras.layers.Dense(4, name="twin")
    return keras.Model(start, dense(dense(start)))


def two_heads():
    start = keras.Input((4,))
    return keras.Model(start, [keras.layers.Dense(1)(start) for _ in range(2)])


def two_inputs():
    starts = [keras.Input((4,)), keras.Input((4,))]
    return keras.Model(starts, keras.layers.Dense(3)(keras.layers.Add()(starts)))


def a_detour():
    start = keras.Input((4,))
    dense = keras.layers.Dense(4)(start)
    return keras.Model(start, keras.layers.Add()([start, dense]))


class Subclassed(keras.Model):
    def __init__(self):
        super().__init__()
        self.second = keras.layers.Dense(4)
        self.first = keras.layers.Dense(4)

    def call(self, x):
        return self.second(self.first(x))


def subclassed():
    model = Subclassed()
    model(X)
    return model


@pytest.mark.parametrize(
    ("make", "got"),
    [
        (a_layer_used_twice, "a model that uses twin twice"),
        (two_heads, "a model that branches"),
        (two_inputs, "a model that branches"),
        (a_detour, "a model that branches"),
        (subclassed, "Subclassed"),
        (Subclassed, "Subclassed"),
        (lambda: "model", "str"),
    ],
)
def test_what_is_no_chain_is_refused_with_what_is_accepted(make, got):
    with pytest.raises(
        TypeError, match=rf"^model must be a keras.Sequential or .*, got {got}$"
    ):
        from_keras(make())


def test_an_operation_that_is_no_layer_is_not_overlooked():
    start = keras.Input((4,))
    model = keras.Model(start, 2.0 * keras.layers.Dense(3)(start))
    with pytest.raises(TypeError, match=r"^Multiply has no counterpart"):
        from_keras(model)


def test_a_model_that_is_not_built_is_refused_with_advice():
    with pytest.raises(ValueError, match=r"^model must be built.*or call it on data"):
        from_keras(keras.Sequential([keras.layers.Dense(3)]))


@pytest.mark.parametrize(
    "options", [{"max_value": 6.0}, {"threshold": 1.0}, {"negative_slope": 0.1}]
)
def test_a_relu_with_options_has_no_counterpart(options):
    relu = keras.layers.ReLU(**options)
    with pytest.raises(TypeError, match=r"^ReLU has no counterpart"):
        from_keras(keras.Sequential([keras.Input((4,)), relu]))


# Layers with two modes ----------------------------------------------------------------


def network_with_modes(dtype=np.float64):
    rng = np.random.default_rng(1)
    norm = BatchNorm(5, momentum=0.25, epsilon=1e-3, dtype=dtype)
    for name in ("scale", "shift", "running_mean", "running_var"):
        setattr(norm, name, rng.uniform(0.5, 2.0, 5).astype(dtype))
    dense_1, activation, dense_2 = mlp((4, 5, 3), dtype=dtype).layers
    return Sequential([dense_1, norm, activation, Dropout(0.5), dense_2])


def test_torch_gives_the_same_in_evaluation_mode_and_keeps_the_mode():
    network = network_with_modes().eval()
    model = to_torch(network)
    back = from_torch(model)
    assert_same(model(torch.from_numpy(X)).detach().numpy(), network.forward(X))
    assert_same(back.forward(X), network.forward(X))
    assert (back.layers[1].momentum, back.layers[1].epsilon) == (0.25, 1e-3)
    assert back.layers[3].rate == 0.5
    trained = from_torch(to_torch(network.train()))
    assert [trained.layers[i].training for i in (1, 3)] == [True, True]


def test_keras_gives_the_same_in_evaluation_mode_there_and_back():
    network = network_with_modes().eval()
    model = to_keras(network)
    back = from_keras(model).eval()
    assert_same(np.asarray(model(X, training=False)), network.forward(X))
    assert_same(back.forward(X), network.forward(X))
    assert (back.layers[1].momentum, back.layers[1].epsilon) == (0.25, 1e-3)
    assert back.layers[3].rate == 0.5


@pytest.mark.parametrize("convert", [to_torch, to_keras])
def test_batch_normalisation_and_dropout_keep_float32(convert):
    network = network_with_modes(np.float32).eval()
    out = convert(network)
    there = out.eval() if convert is to_torch else out
    back = from_torch(there) if convert is to_torch else from_keras(there)
    assert {parameter.dtype for parameter, _ in back.parameters()} == {np.dtype("f4")}


@pytest.mark.parametrize("convert", [to_torch, to_keras])
def test_networks_side_by_side_are_to_be_moved_one_by_one(convert):
    with pytest.raises(ValueError, match=r"networks\.unstack returns"):
        convert(stack([mlp((2, 1)), mlp((2, 1))]))


@pytest.mark.parametrize(
    "options", [{"affine": False}, {"track_running_stats": False}, {"momentum": None}]
)
def test_a_batch_normalisation_of_another_kind_has_no_counterpart(options):
    norm = torch.nn.BatchNorm1d(3, **options)
    with pytest.raises(TypeError, match="BatchNorm1d has no counterpart"):
        from_torch(torch.nn.Sequential(norm))
