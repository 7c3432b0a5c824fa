"""The same network in NumPy, PyTorch and Keras: layers and weights moved between them.

PyTorch keeps a dense layer's weights as (n_out, n_in); Keras and this package keep them
as (n_in, n_out). Each function imports the framework that it needs when it is called.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from course_utils.layers import Activation, BatchNorm, Dense, Dropout
from course_utils.networks import Layer, Sequential

if TYPE_CHECKING:
    import keras
    import torch

BATCH_NORM_IN_TORCH = {
    "scale": "weight",
    "shift": "bias",
    "running_mean": "running_mean",
    "running_var": "running_var",
}
"""What :class:`BatchNorm` keeps, in Keras's order, and PyTorch's name for each."""


def to_torch(network: Sequential) -> torch.nn.Sequential:
    """Return `network` as a ``torch.nn.Sequential`` with copies of its weights.

    The dtype of the parameters, float32 or float64, is kept, and so is the mode of
    batch normalisation and dropout.

    Raises
    ------
    TypeError
        A layer has no counterpart in torch; the message names it.
    """
    import torch

    modules = {
        "identity": lambda: torch.nn.Identity(),
        "sigmoid": torch.nn.Sigmoid,
        "tanh": torch.nn.Tanh,
        "relu": torch.nn.ReLU,
        "leaky_relu": torch.nn.LeakyReLU,
        "elu": torch.nn.ELU,
        "gelu": torch.nn.GELU,
        "silu": torch.nn.SiLU,
        # By default torch takes softplus(z) to be z from z = 20 on, 2e-9 too little.
        "softplus": lambda: torch.nn.Softplus(threshold=40.0),
    }
    translated = []
    for layer in _known_layers(network):
        if isinstance(layer, Activation):
            translated.append(modules[layer.name](*layer.options.values()))
            continue
        if isinstance(layer, Dropout):
            translated.append(torch.nn.Dropout(layer.rate).train(layer.training))
            continue
        if isinstance(layer, BatchNorm):
            norm = torch.nn.BatchNorm1d(
                len(layer.scale),
                eps=layer.epsilon,
                momentum=layer.momentum,
                dtype=torch.from_numpy(layer.scale).dtype,
            )
            with torch.no_grad():
                for ours, theirs in BATCH_NORM_IN_TORCH.items():
                    getattr(norm, theirs).copy_(torch.from_numpy(getattr(layer, ours)))
            translated.append(norm.train(layer.training))
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
    layers: list[Layer] = []
    for module in model:
        if isinstance(module, torch.nn.Linear):
            bias = None if module.bias is None else module.bias.detach().numpy()
            layers.append(Dense(module.weight.detach().numpy().T, bias))
        elif isinstance(module, torch.nn.Dropout):
            layers.append(Dropout(module.p))
            layers[-1].training = module.training
        elif _is_plain_torch_norm(module):
            norm = BatchNorm(
                module.num_features, momentum=module.momentum, epsilon=module.eps
            )
            for ours, theirs in BATCH_NORM_IN_TORCH.items():
                setattr(norm, ours, getattr(module, theirs).detach().numpy().copy())
            norm.training = module.training
            layers.append(norm)
        elif isinstance(module, torch.nn.LeakyReLU):
            layers.append(Activation("leaky_relu", alpha=module.negative_slope))
        elif isinstance(module, torch.nn.ELU):
            layers.append(Activation("elu", alpha=module.alpha))
        elif isinstance(module, torch.nn.GELU) and module.approximate == "none":
            layers.append(Activation("gelu"))
        elif (
            isinstance(module, torch.nn.Softplus)
            and module.beta == 1
            and module.threshold >= 20  # torch's own: at most 2e-9 from ours
        ):
            layers.append(Activation("softplus"))
        elif type(module) in names:
            layers.append(Activation(names[type(module)]))
        else:
            raise _no_counterpart(module)
    return Sequential(layers)


def to_keras(network: Sequential) -> keras.Sequential:
    """Return `network` as a built ``keras.Sequential`` with copies of its weights.

    The dtype of the parameters, float32 or float64, is kept. A mode is not: Keras takes
    it with each call. Nor is the convention of the running variance, which Keras takes
    with the whole batch in its denominator.

    Raises
    ------
    TypeError
        A layer has no counterpart in Keras; the message names it.
    ValueError
        No layer is dense, so that the number of inputs is not known.
    """
    import keras

    with_alpha = {"leaky_relu": keras.layers.LeakyReLU, "elu": keras.layers.ELU}
    layers = _known_layers(network)
    if not network.dense_layers():
        raise ValueError("network must have a dense layer, got none")
    first = network.dense_layers()[0]
    dtype = str(first.W.dtype)
    translated = [keras.Input((first.W.shape[0],), dtype=dtype)]
    for layer in layers:
        if isinstance(layer, Dense):
            translated.append(keras.layers.Dense(layer.W.shape[1], dtype=dtype))
        elif isinstance(layer, Dropout):
            translated.append(keras.layers.Dropout(layer.rate, dtype=dtype))
        elif isinstance(layer, BatchNorm):
            translated.append(
                keras.layers.BatchNormalization(
                    momentum=1.0 - layer.momentum, epsilon=layer.epsilon, dtype=dtype
                )
            )
        elif layer.options:  # by its name alone, Keras takes an alpha of its own
            alpha = layer.options["alpha"]
            translated.append(with_alpha[layer.name](alpha, dtype=dtype))
        else:
            name = "linear" if layer.name == "identity" else layer.name
            translated.append(keras.layers.Activation(name, dtype=dtype))
    model = keras.Sequential(translated)
    for theirs, layer in zip(model.layers, layers, strict=True):
        if isinstance(layer, Dense):
            theirs.set_weights([layer.W, layer.b])
        elif isinstance(layer, BatchNorm):
            theirs.set_weights([getattr(layer, name) for name in BATCH_NORM_IN_TORCH])
    return model


def from_keras(model: keras.Model) -> Sequential:
    """Return a built Keras model, one layer after the other, as a network.

    An activation given to a ``Dense`` layer by its name becomes a layer of its own.

    Parameters
    ----------
    model : keras.Sequential or functional keras.Model
        A functional model must be a chain from one input to one output, in which each
        layer is used once.

    Raises
    ------
    TypeError
        The model is no such chain, as with a subclassed one, whose order of layers
        cannot be known; or a layer or an activation has no counterpart here, and the
        message names it.
    ValueError
        The model is not built, so that it has no weights yet.
    """
    import keras

    names = {
        getattr(keras.activations, name): name
        for name in ("sigmoid", "tanh", "relu", "gelu", "silu", "softplus")
    }
    layers: list[Layer] = []
    for layer in _keras_chain(model):
        if _is_plain_keras_relu(layer):
            layers.append(Activation("relu"))
            continue
        if isinstance(layer, keras.layers.LeakyReLU):
            layers.append(Activation("leaky_relu", alpha=float(layer.negative_slope)))
            continue
        if isinstance(layer, keras.layers.ELU):
            layers.append(Activation("elu", alpha=float(layer.alpha)))
            continue
        if isinstance(layer, keras.layers.Dropout):
            layers.append(Dropout(layer.rate))
            continue
        if _is_plain_keras_norm(layer):
            arrays = [np.array(weights) for weights in layer.get_weights()]
            norm = BatchNorm(
                len(arrays[0]), momentum=1.0 - layer.momentum, epsilon=layer.epsilon
            )
            for name, array in zip(BATCH_NORM_IN_TORCH, arrays, strict=True):
                setattr(norm, name, array)
            layers.append(norm)
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


def _keras_chain(model: keras.Model) -> list[keras.Operation]:
    """Return what `model` applies to its input, first to last."""
    import keras

    if isinstance(model, keras.Sequential):
        if not model.built:
            raise ValueError(
                "model must be built, got one without weights: build it, "
                "or call it on data first"
            )
        return model.layers
    if not hasattr(model, "operations"):  # functional models have it, subclassed not
        raise _no_chain(type(model).__name__)
    chain: list[keras.Operation] = []
    tensors = model.outputs
    # From the output back, because `model.layers` neither says how often a layer is
    # used nor lists operations that are not layers, such as `2 * tensor`.
    while True:
        if len(model.inputs) != 1 or len(tensors) != 1:
            raise _no_chain("a model that branches")
        operation, node_index, _ = tensors[0]._keras_history
        node = operation._inbound_nodes[node_index]
        if node.is_input:
            return chain[::-1]
        if operation in chain:
            raise _no_chain(f"a model that uses {operation.name} twice")
        chain.append(operation)
        tensors = node.input_tensors


def _no_chain(got: str) -> TypeError:
    return TypeError(
        "model must be a keras.Sequential or a functional model whose layers form one "
        f"chain, each used once, got {got}"
    )


def _is_plain_torch_norm(module: torch.nn.Module) -> bool:
    import torch

    return (
        isinstance(module, torch.nn.BatchNorm1d)
        and module.affine
        and module.track_running_stats
        and module.momentum is not None
    )


def _is_plain_keras_norm(layer: object) -> bool:
    import keras

    return (
        isinstance(layer, keras.layers.BatchNormalization)
        and layer.center
        and layer.scale
        and layer.axis in (-1, 1)
    )


def _is_plain_keras_relu(layer: object) -> bool:
    import keras

    return (
        isinstance(layer, keras.layers.ReLU)
        and layer.max_value is None
        and layer.threshold == layer.negative_slope == 0
    )


def _known_layers(network: Sequential) -> list[Layer]:
    """Return the layers of `network`; refuse others, and what a subclass may change."""
    for layer in network.layers:
        if type(layer) not in (Dense, Activation, BatchNorm, Dropout):
            raise _no_counterpart(layer)
        if any(parameter.ndim > 2 for parameter, _ in layer.parameters()):
            raise ValueError(
                "network must be a single one, got several side by side: move each "
                "that course_utils.networks.unstack returns"
            )
    return network.layers


def _no_counterpart(thing: object) -> TypeError:
    name = getattr(thing, "__name__", type(thing).__name__)
    return TypeError(
        f"{name} has no counterpart here: dense (linear) layers, batch normalisation, "
        "dropout and the activations identity, sigmoid, tanh, ReLU, leaky ReLU, ELU, "
        "GELU (exact), SiLU and softplus (beta 1, threshold 20 or more) can be moved"
    )
