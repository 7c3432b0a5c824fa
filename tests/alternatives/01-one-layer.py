"""Other right answers to the exercises of chapter 1."""

from itertools import pairwise

import numpy as np


def forward_one__loops(x, W, b):
    activations = []
    for j in range(len(b)):
        z = b[j]
        for i in range(len(x)):
            z += x[i] * W[i][j]
        activations.append(max(z, 0))
    return activations


def forward_one__einsum(x, W, b):
    z = np.einsum("i,ij->j", x, W) + b
    return z * (z > 0)


def forward_one__one_row(x, W, b):
    Z = np.dot(x[None, :], W) + b.reshape(1, -1)
    Z[Z < 0] = 0
    return Z[0]


def forward_one__units(x, W, b):
    return tuple(float(max(0.0, x.dot(w) + c)) for w, c in zip(W.T, b))


def count_params__indices(sizes):
    return sum(sizes[i] * sizes[i + 1] + sizes[i + 1] for i in range(len(sizes) - 1))


def count_params__arrays(sizes):
    sizes = np.array(sizes)
    return (sizes[:-1] * sizes[1:]).sum() + sizes[1:].sum()


def count_params__real_layers(sizes):
    layers = [(np.zeros(pair), np.zeros(pair[1])) for pair in pairwise(sizes)]
    return sum(W.size + b.size for W, b in layers)


def shapes_of__real_arrays(sizes, batch):
    A = np.zeros((batch, sizes[0]))
    shapes = []
    for n_out in sizes[1:]:
        W, b = np.zeros((A.shape[1], n_out)), np.zeros(n_out)
        A = A @ W + b
        shapes.append((W.shape, b.shape, A.shape))
    return shapes


def shapes_of__lists(sizes, batch):
    return [
        [[sizes[i - 1], sizes[i]], [sizes[i]], [batch, sizes[i]]]
        for i in range(1, len(sizes))
    ]


def shapes_of__tuple_of_numpy_integers(sizes, batch):
    n = np.array(sizes)
    return tuple(((i, j), (j,), (batch, j)) for i, j in pairwise(n))


# Mutants of the solutions that are the same function, with the reason.
EQUIVALENT = {
    "forward_one": {
        "z = x @ W + b -> z = x.T @ W + b": "transposing an array with one axis changes nothing"
    },
    "count_params": {
        "for n_in, n_out in zip(sizes[:-1], sizes[1:]): -> for n_in, n_out in zip(sizes[:], sizes[1:]):": "zip ends with the shorter of the two"
    },
    "shapes_of": {
        "for n_in, n_out in zip(sizes[:-1], sizes[1:]): -> for n_in, n_out in zip(sizes[:], sizes[1:]):": "zip ends with the shorter of the two"
    },
}
