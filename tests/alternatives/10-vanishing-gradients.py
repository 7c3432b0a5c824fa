"""Other right answers to the exercises of chapter 10."""

import math

import numpy as np
import torch
from scipy.special import expit
from scipy.stats import gmean


def delta_norms__loops(Ws, Zs, dlogits):
    lengths = []
    dZ = dlogits.tolist()
    for W, Z in zip(reversed(Ws), reversed(Zs)):
        below = []
        for row, z in zip(dZ, Z):
            back = [sum(d * w for d, w in zip(row, weights)) for weights in W]
            below.append([b / math.cosh(x) ** 2 for b, x in zip(back, z)])
        dZ = below
        lengths.insert(0, math.sqrt(sum(d * d for row in dZ for d in row)))
    return lengths


def delta_norms__einsum(Ws, Zs, dlogits):
    norms = np.empty(len(Zs))
    dZ = dlogits
    for i in range(len(Zs) - 1, -1, -1):
        A = np.tanh(Zs[i])
        dZ = np.einsum("nk,ik,ni->ni", dZ, Ws[i], (1 - A) * (1 + A))
        norms[i] = np.sqrt(np.sum(dZ**2))
    return norms


def delta_norms__torch(Ws, Zs, dlogits):
    """Let autograd go back through each layer, from what it gives out."""
    gradient, norms = torch.from_numpy(dlogits), []
    for W, Z in list(zip(Ws, Zs))[::-1]:
        leaf = torch.tensor(Z, requires_grad=True)
        (torch.tanh(leaf) @ torch.from_numpy(W)).backward(gradient)
        gradient = leaf.grad
        norms.append(gradient.norm().item())
    return np.flip(norms)


def layer_ratio__logarithms(norms):
    logs = np.log(norms)
    slopes = (logs[:, 0] - logs[:, -1]) / (norms.shape[1] - 1)
    return np.median(np.exp(slopes))


def layer_ratio__geometric_mean_of_steps(norms):
    return float(np.median(gmean(norms[:, :-1] / norms[:, 1:], axis=1)))


def layer_ratio__sorted(norms):
    factors = sorted((row[0] / row[-1]) ** (1 / (len(row) - 1)) for row in norms)
    middle = len(factors) // 2
    if len(factors) % 2:
        return factors[middle]
    return (factors[middle - 1] + factors[middle]) / 2


def predict_shrink__mean_squares(Ws, Zs):
    squared = 1.0
    for W, Z in zip(Ws, Zs):
        squared *= (W**2).sum(axis=0).mean() * ((expit(Z) * expit(-Z)) ** 2).mean()
    return math.sqrt(squared)


def predict_shrink__logarithms(Ws, Zs):
    total = 0.0
    for W, Z in zip(Ws, Zs):
        slopes = 0.25 / np.cosh(Z / 2) ** 2
        total += np.log(np.linalg.norm(slopes)) - np.log(slopes.size) / 2
        total += np.log(np.sqrt(np.trace(W.T @ W))) - np.log(W.shape[1]) / 2
    return np.exp(total)


def predict_shrink__lists(Ws, Zs):
    factors = []
    for W, Z in zip(Ws, Zs):
        slopes = [math.exp(-z) / (1 + math.exp(-z)) ** 2 for z in Z.ravel()]
        slope = math.sqrt(sum(s * s for s in slopes) / len(slopes))
        factors.append(slope * math.sqrt(sum(w * w for w in W.ravel()) / len(W[0])))
    return math.prod(factors)


# Mutants of the solutions that are the same function, with the reason.
EQUIVALENT = {
    "delta_norms": {
        "dZ = dZ @ W.T * (1 - np.tanh(Z) ** 2) -> dZ = -(dZ @ W.T * (1 - np.tanh(Z) ** 2))": "a length has no sign",
        "dZ = dZ @ W.T * (1 - np.tanh(Z) ** 2) -> dZ = dZ @ W.T * (np.tanh(Z) ** 2 - 1)": "a length has no sign",
        "return np.array(norms[::-1]) -> return norms[::-1]": "a list of numbers is taken for an array",
    },
    "layer_ratio": {
        "steps = norms.shape[1] - 1 -> steps = norms.shape[-1] - 1": "the last of two axes is axis 1",
        "return float(np.median(whole ** (1 / steps))) -> return np.median(whole ** (1 / steps))": "a NumPy number is a number",
    },
    "predict_shrink": {
        "slope = np.sqrt(np.mean((A * (1 - A)) ** 2)) -> slope = np.sqrt(np.mean((A * (A - 1)) ** 2))": "the sign falls out of the square",
        "stretch = np.linalg.norm(W) / np.sqrt(W.shape[1]) -> stretch = np.linalg.norm(W) / np.sqrt(W.shape[-1])": "the last of two axes is axis 1",
        "return float(factor) -> return factor": "a NumPy number is a number",
    },
}
