"""Other right answers to the exercises of chapter 20."""

import numpy as np
import torch


def conv1d__torch(X, W, b, stride, padding):
    tensors = (torch.from_numpy(array) for array in (X, W, b))
    return torch.nn.functional.conv1d(*tensors, stride, padding).numpy()


def conv1d__loops(X, W, b, stride, padding):
    n, c_in, length = X.shape
    c_out, _, k = W.shape
    positions = (length + 2 * padding - k) // stride + 1
    Z = np.zeros((n, c_out, positions))
    for s, o, p in np.ndindex(Z.shape):
        Z[s, o, p] = b[o]
        for c in range(c_in):
            for i in range(k):
                at = p * stride + i - padding
                if 0 <= at < length:
                    Z[s, o, p] += W[o, c, i] * X[s, c, at]
    return Z


def conv1d__windows(X, W, b, stride, padding):
    zeros = np.zeros((*X.shape[:2], padding))
    X = np.concatenate([zeros, X, zeros], axis=2)
    windows = np.lib.stride_tricks.sliding_window_view(X, W.shape[2], axis=2)
    return np.einsum("ncpi,oci->nop", windows[:, :, ::stride], W) + b.reshape(-1, 1)


def conv1d__matrix(X, W, b, stride, padding):
    """As a dense layer: a row of the matrix for each input."""
    n, c_in, length = X.shape
    c_out, _, k = W.shape
    positions = (length + 2 * padding - k) // stride + 1
    M = np.zeros((c_in, length + 2 * padding, c_out, positions))
    for p in range(positions):
        M[:, p * stride : p * stride + k, :, p] = W.transpose(1, 2, 0)
    M = M[:, padding : padding + length].reshape(c_in * length, -1)
    return (X.reshape(n, -1) @ M).reshape(n, c_out, positions) + b[:, np.newaxis]


def receptive_field__recursion(layers, unit):
    if not layers:
        return unit, unit
    *before, (k, stride, padding) = layers
    begins = unit * stride - padding
    return (
        receptive_field__recursion(before, begins)[0],
        receptive_field__recursion(before, begins + k - 1)[1],
    )


def receptive_field__sets(layers, unit):
    seen = {unit}
    for k, stride, padding in reversed(layers):
        seen = {u * stride - padding + i for u in seen for i in range(k)}
    return min(seen), max(seen)


def receptive_field__jumps(layers, unit):
    size, jump, start = 1, 1, 0
    for k, stride, padding in layers:
        size += (k - 1) * jump
        start -= padding * jump
        jump *= stride
    return start + unit * jump, start + unit * jump + size - 1


def count_conv_params__torch(length, layers, n_classes):
    modules, c_in = [], 1
    for channels, *others in layers:
        modules.append(torch.nn.Conv1d(c_in, channels, *others))
        c_in = channels
    network = torch.nn.Sequential(*modules, torch.nn.Flatten())
    with torch.no_grad():
        n_features = network(torch.zeros(1, 1, length)).shape[1]
    network.append(torch.nn.Linear(n_features, n_classes))
    return sum(parameter.numel() for parameter in network.parameters())


def count_conv_params__lists(length, layers, n_classes):
    channels = [1] + [layer[0] for layer in layers]
    for _, k, stride, padding in layers:
        length = len(range(0, length + 2 * padding - k + 1, stride))
    weights = [a * layer[1] * b for layer, a, b in zip(layers, channels, channels[1:])]
    biases = sum(channels[1:]) + n_classes
    return sum(weights) + biases + channels[-1] * length * n_classes


# Mutants of the solutions that are the same function, with the reason.
EQUIVALENT = {
    "count_conv_params": {
        "return total + (c_in * length + 1) * n_classes -> return total + (channels * length + 1) * n_classes": "after the loop c_in is the channels of the last layer",
    },
}
