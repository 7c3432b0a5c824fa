"""The same network in NumPy, PyTorch and Keras: layers and weights moved between them.

PyTorch keeps a dense layer's weights as (n_out, n_in); Keras and this package keep them
as (n_in, n_out). Each function imports the framework that it needs when it is called.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from course_utils.layers import Activation, Dense
from course_utils.networks import Sequential

if TYPE_CHECKING:
    import keras
    import torch


def to_torch(network: Sequential) -> torch.nn.Sequential:
    """Return `network` as a ``torch.nn.Sequential`` with copies of its weights.

    The dtype of the parameters, float32 or float64, is kept.
    """
    import torch

    modules = {
        "identity": lambda: torch.nn.Identity(),
        "sigmoid": torch.nn.Sigmoid,
        "tanh": torch.nn.Tanh,
        "relu": torch.nn.ReLU,
        "leaky_relu": lambda alpha=0.01: torch.nn.LeakyReLU(alpha),
        "elu": lambda alpha=1.0: torch.nn.ELU(alpha),
        "gelu": torch.nn.GELU,
        "silu": torch.nn.SiLU,
        # By default torch takes softplus(z) to be z from z = 20 on, 2e-9 too little.
        "softplus": lambda: torch.nn.Softplus(threshold=40.0),
    }
    translated = []
    for layer in network.layers:
        if isinstance(layer, Activation):
            translated.append(modules[layer.name](**layer.options))
            continue
        linear = torch.nn.Linear(*layer.W.shape, dtype=torch.from_numpy(layer.W).dtype)
        with torch.no_grad():
            linear.weight.copy_(torch.from_numpy(layer.W.T))  # (n_out, n_in)
            linear.bias.copy_(torch.from_numpy(layer.b))
        translated.append(linear)
    return torch.nn.Sequential(*translated)


def from_torch(model: torch.nn.Sequential) -> Sequential:
    """Return a ``torch.nn.Sequential`` of linear layers and activations as a network.

    Raises
    ------
    TypeError
        A module has no counterpart here; the message names it.
    """
    import torch

    names = {
        torch.nn.Identity: "identity",
        torch.nn.Sigmoid: "sigmoid",
        torch.nn.Tanh: "tanh",
        torch.nn.ReLU: "relu",
        torch.nn.SiLU: "silu",
    }
    layers: list[Dense | Activation] = []
    for module in model:
        if isinstance(module, torch.nn.Linear):
            bias = None if module.bias is None else module.bias.detach().numpy()
            layers.append(Dense(module.weight.detach().numpy().T, bias))
        elif isinstance(module, torch.nn.LeakyReLU):
            layers.append(Activation("leaky_relu", alpha=module.negative_slope))
        elif isinstance(module, torch.nn.ELU):
            layers.append(Activation("elu", alpha=module.alpha))
        elif isinstance(module, torch.nn.GELU) and module.approximate == "none":
            layers.append(Activation("gelu"))
        elif isinstance(module, torch.nn.Softplus) and module.beta == 1:
            layers.append(Activation("softplus"))
        elif type(module) in names:
            layers.append(Activation(names[type(module)]))
        else:
            raise _no_counterpart(module)
    return Sequential(layers)


def to_keras(network: Sequential) -> keras.Sequential:
    """Return `network` as a built ``keras.Sequential`` with copies of its weights.

    The dtype of the parameters, float32 or float64, is kept.
    """
    import keras

    first = network.dense_layers()[0]
    dtype = str(first.W.dtype)
    translated = [keras.Input((first.W.shape[0],), dtype=dtype)]
    for layer in network.layers:
        if isinstance(layer, Dense):
            translated.append(keras.layers.Dense(layer.W.shape[1], dtype=dtype))
        elif (
            layer.name == "leaky_relu"
        ):  # by its name alone, Keras takes a slope of 0.2
            slope = layer.options.get("alpha", 0.01)
            translated.append(keras.layers.LeakyReLU(slope, dtype=dtype))
        elif layer.name == "elu":
            alpha = layer.options.get("alpha", 1.0)
            translated.append(keras.layers.ELU(alpha, dtype=dtype))
        else:
            name = "linear" if layer.name == "identity" else layer.name
            translated.append(keras.layers.Activation(name, dtype=dtype))
    model = keras.Sequential(translated)
    model.set_weights([parameter for parameter, _ in network.parameters()])
    return model


def from_keras(model: keras.Model) -> Sequential:
    """Return a built Keras model, one layer after the other, as a network.

    An activation given to a ``Dense`` layer by its name becomes a layer of its own.

    Raises
    ------
    TypeError
        A layer or an activation has no counterpart here; the message names it.
    """
    import keras

    names = {
        getattr(keras.activations, name): name
        for name in ("sigmoid", "tanh", "relu", "gelu", "silu", "softplus")
    }
    layers: list[Dense | Activation] = []
    for layer in model.layers:
        if isinstance(layer, keras.layers.InputLayer):
            continue
        if isinstance(layer, keras.layers.LeakyReLU):
            layers.append(Activation("leaky_relu", alpha=float(layer.negative_slope)))
            continue
        if isinstance(layer, keras.layers.ELU):
            layers.append(Activation("elu", alpha=float(layer.alpha)))
            continue
        if isinstance(layer, keras.layers.Dense):
            layers.append(Dense(*map(np.asarray, layer.get_weights())))
        elif not isinstance(layer, keras.layers.Activation):
            raise _no_counterpart(layer)
        if layer.activation in names:
            layers.append(Activation(names[layer.activation]))
        elif layer.activation is not keras.activations.linear:
            raise _no_counterpart(layer.activation)
    return Sequential(layers)


def _no_counterpart(thing: object) -> TypeError:
    name = getattr(thing, "__name__", type(thing).__name__)
    return TypeError(
        f"{name} has no counterpart here: dense (linear) layers and the activations "
        "identity, sigmoid, tanh, ReLU, leaky ReLU, ELU, GELU (exact), SiLU and "
        "softplus can be moved"
    )
