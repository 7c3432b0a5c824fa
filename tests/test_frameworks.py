"""The same weights give the same numbers in NumPy, PyTorch and Keras."""

import keras
import numpy as np
import pytest
import torch

from course_utils.checks import assert_same
from course_utils.frameworks import from_keras, from_torch, to_keras, to_torch
from course_utils.layers import ACTIVATIONS, Activation, Dense
from course_utils.networks import Sequential, mlp

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
    with pytest.raises(TypeError, match=r"Dropout has no counterpart.*can be moved"):
        from_torch(torch.nn.Sequential(torch.nn.Dropout()))
    with pytest.raises(TypeError, match="GELU has no counterpart"):
        from_torch(torch.nn.Sequential(torch.nn.GELU(approximate="tanh")))
    with pytest.raises(TypeError, match="Dropout has no counterpart"):
        from_keras(keras.Sequential([keras.Input((4,)), keras.layers.Dropout(0.5)]))
    with pytest.raises(TypeError, match="selu has no counterpart"):
        from_keras(
            keras.Sequential(
                [keras.Input((4,)), keras.layers.Dense(3, activation="selu")]
            )
        )
