"""Other right answers to the exercises of chapter 11."""

import math
from functools import reduce
from itertools import accumulate

import numpy as np
import torch


def he_std__gain_of_torch(shape, alpha):
    return torch.nn.init.calculate_gain("leaky_relu", alpha) / math.sqrt(shape[0])


def he_std__two_halves(shape, alpha):
    n_in, _ = shape
    positive, negative = 0.5, 0.5 * alpha * alpha
    return (n_in * (positive + negative)) ** -0.5


def he_std__correction_of_he(shape, alpha):
    return np.sqrt(2.0) / np.sqrt(shape[0]) / np.hypot(1.0, alpha)


def glorot_limit__gain_outside(n_in, n_out, gain):
    return gain * np.sqrt(6.0 / (n_in + n_out))


def glorot_limit__width_of_the_interval(n_in, n_out, gain):
    std = gain / math.sqrt((n_in + n_out) / 2)
    return std * math.sqrt(12) / 2


def glorot_limit__torch_bound(n_in, n_out, gain):
    fan = torch.tensor([n_in, n_out], dtype=torch.float64).mean()
    return float(3**0.5 * gain / fan.sqrt())


def variance_after__accumulate(q, sizes, var_w, var_b):
    def step(q, layer):
        n_in, v, c = layer
        return 0.5 * n_in * v * q + 0.5 * c

    return list(accumulate(zip(sizes, var_w, var_b), step, initial=q))[1:]


def variance_after__index(q, sizes, var_w, var_b):
    result = np.empty(len(var_w))
    for layer in range(len(sizes) - 1):
        before = q if layer == 0 else result[layer - 1]
        result[layer] = sizes[layer] * var_w[layer] * before / 2 + var_b[layer] / 2
    return result.tolist()


def variance_after__recursive(q, sizes, var_w, var_b):
    if len(sizes) == 1:
        return []
    first = (sizes[0] * var_w[0] * q + var_b[0]) / 2
    return [first, *variance_after__recursive(first, sizes[1:], var_w[1:], var_b[1:])]


def variance_after__affine_maps(q, sizes, var_w, var_b):
    maps = [(n * v / 2, c / 2) for n, v, c in zip(sizes, var_w, var_b)]
    ends = range(1, len(maps) + 1)
    return [reduce(lambda q, m: m[0] * q + m[1], maps[:end], q) for end in ends]


# Mutants of the solutions that are the same function, with the reason.
EQUIVALENT = {
    "variance_after": {
        "for n_in, v, c in zip(sizes[:-1], var_w, var_b): -> for v, n_in, c in zip(sizes[:-1], var_w, var_b):": "they are only multiplied",
        "for n_in, v, c in zip(sizes[:-1], var_w, var_b): -> for n_in, v, c in zip(var_w, sizes[:-1], var_b):": "they are only multiplied",
        "for n_in, v, c in zip(sizes[:-1], var_w, var_b): -> for n_in, v, c in zip(sizes[:], var_w, var_b):": "zip ends with the shortest, which is var_w",
    },
}
