"""Other right answers to the exercises of chapter 6."""

import math

import numpy as np
import torch
from scipy.special import expit


def act_grad__table(name, Z):
    return {
        "sigmoid": lambda z: expit(z) * expit(-z),
        "tanh": lambda z: 1 / np.cosh(z) ** 2,
        "relu": lambda z: (z > 0).astype(int),
        "softplus": expit,
    }[name](Z)


def act_grad__exponentials(name, Z):
    if name == "relu":
        G = np.zeros_like(Z)
        G[Z > 0] = 1
        return G
    if name == "tanh":
        return 4 / (np.exp(Z) + np.exp(-Z)) ** 2
    if name == "softplus":
        return np.exp(Z) / (1 + np.exp(Z))
    return np.exp(-Z) / (1 + np.exp(-Z)) ** 2


def act_grad__elements(name, Z):
    def one(z):
        if name == "sigmoid":
            return 0.25 * (1 - math.tanh(z / 2) ** 2)
        if name == "tanh":
            return (1 - math.tanh(z)) * (1 + math.tanh(z))
        if name == "relu":
            return 1 if z > 0 else 0
        return 1 / (1 + math.exp(-z))

    return np.array([one(z) for z in Z.ravel()]).reshape(Z.shape).tolist()


def act_grad__torch(name, Z):
    Z = torch.tensor(Z, requires_grad=True)
    functions = {"softplus": torch.nn.functional.softplus}
    functions.get(name, getattr(torch, name, None))(Z).sum().backward()
    return Z.grad.numpy()


def elu__expm1(Z, alpha):
    return np.where(Z > 0, Z, alpha * np.expm1(Z))


def elu__two_parts(Z, alpha):
    return np.maximum(Z, 0) + alpha * (np.exp(-np.maximum(-Z, 0)) - 1)


def elu__filled_in(Z, alpha):
    A = Z.astype(float)
    below = Z <= 0
    A[below] = alpha * (np.exp(A[below]) - 1)
    return A


def elu__elements(Z, alpha):
    def one(z):
        return float(z) if z > 0 else alpha * (math.exp(z) - 1)

    return np.vectorize(one, otypes=[float])(Z)


def elu__lists(Z, alpha):
    if Z.ndim > 1:
        return [elu__lists(row, alpha) for row in Z]
    return [z if z > 0 else alpha * (np.exp(z) - 1) for z in Z]


def saturation_fraction__count(Z, share):
    count = 0
    for z in Z.flat:
        s = 1 / (1 + math.exp(-z))
        if s - s**2 < share / 4:
            count += 1
    return count / Z.size


def saturation_fraction__relative_slope(Z, share):
    return np.count_nonzero(1 / np.cosh(Z / 2) ** 2 < share) / Z.size


def saturation_fraction__average(Z, share):
    slope = expit(Z) * expit(-Z)
    return np.average(np.where(slope < 0.25 * share, 1, 0))


# Mutants of the solutions that are the same function, with the reason.
EQUIVALENT = {
    "act_grad": {
        "return np.where(Z > 0, 1.0, 0.0) -> return np.where(1.0, Z > 0, 0.0)": "True becomes 1.0 and False 0.0"
    },
    "elu": {
        "return np.where(Z > 0, Z, negative) -> return np.where(Z >= 0, Z, negative)": "both are 0 at 0",
        "negative = alpha * (np.exp(np.minimum(Z, 0)) - 1) -> negative = alpha * (np.exp(Z) - 1)": "np.where leaves the overflow out",
        "negative = alpha * (np.exp(np.minimum(Z, 0)) - 1) -> negative = alpha * (np.exp(np.minimum(Z, 1)) - 1)": "np.where leaves what is above 0 out",
    },
    "saturation_fraction": {
        "return float(np.mean(slope < share * 0.25)) -> return np.mean(slope < share * 0.25)": "a NumPy float passes for a float",
        "A = 1 / (1 + np.exp(-Z)) -> A = 1 / (1 + np.exp(Z))": "the slope is the same at -z and z",
    },
}
