"""Other right answers to the exercises of chapter 8."""

import numpy as np
import torch
from scipy.special import log_softmax, softmax


def backward_dense__loops(X, W, dZ):
    n, n_in = X.shape
    n_out = dZ.shape[1]
    dX = [[0.0] * n_in for _ in range(n)]
    dW = [[0.0] * n_out for _ in range(n_in)]
    db = [0.0] * n_out
    for s in range(n):
        for k in range(n_out):
            db[k] += dZ[s, k]
            for i in range(n_in):
                dX[s][i] += dZ[s, k] * W[i, k]
                dW[i][k] += X[s, i] * dZ[s, k]
    return [dX, dW, db]


def backward_dense__einsum(X, W, dZ):
    dX = np.einsum("nk,ik->ni", dZ, W)
    return dX, np.einsum("ni,nk->ik", X, dZ), np.einsum("nk->k", dZ)


def backward_dense__samples(X, W, dZ):
    dW, db = np.zeros(W.shape), np.zeros(W.shape[1])
    dX = np.empty(X.shape)
    for s, (x, dz) in enumerate(zip(X, dZ)):
        dX[s] = W @ dz
        dW += np.outer(x, dz)
        db += dz
    return dX, dW, db


def backward_dense__torch(X, W, dZ):
    X, W, dZ = (torch.from_numpy(array) for array in (X, W, dZ))
    b = torch.zeros(dZ.shape[1], dtype=dZ.dtype)
    for leaf in (X, W, b):
        leaf.requires_grad_()
    (X @ W + b).backward(dZ)
    return X.grad.numpy(), W.grad.numpy(), b.grad.numpy()


def backward_dense__one_more_input(X, W, dZ):
    gradients = np.column_stack([X, np.ones(len(X))]).T @ dZ
    return (W @ dZ.T).T, gradients[:-1], gradients[-1]


def softmax_ce_grad__one_hot(logits, y):
    return (softmax(logits, axis=1) - np.eye(logits.shape[1])[y]) / len(y)


def softmax_ce_grad__logarithms(logits, y):
    P = np.exp(log_softmax(logits, axis=-1))
    np.subtract.at(P, (range(len(P)), y), 1)
    return P / P.shape[0]


def softmax_ce_grad__loops(logits, y):
    rows = []
    for row, label in zip(logits.tolist(), y):
        E = [np.exp(z - max(row)) for z in row]
        P = [e / sum(E) for e in E]
        P[label] -= 1
        rows.append([p / len(logits) for p in P])
    return rows


def softmax_ce_grad__torch(logits, y):
    logits = torch.tensor(logits, requires_grad=True)
    torch.nn.functional.cross_entropy(logits, torch.tensor(y)).backward()
    return logits.grad.numpy()


def grad_check__in_place(f, p, dp, h):
    estimate = np.empty(p.shape)
    for index in np.ndindex(p.shape):
        kept = p[index]
        p[index] = kept + h
        up = f(p)
        p[index] = kept - h
        down = f(p)
        p[index] = kept
        estimate[index] = (up - down) / 2 / h
    return max(abs(dp - estimate).flat) / max(*abs(dp).flat, *abs(estimate).flat)


def grad_check__back_and_forth(f, p, dp, h):
    """Leave the rounding error of the nudges in p."""
    flat = p.reshape(-1)
    estimate = np.zeros(p.size)
    for i in range(p.size):
        flat[i] += h
        up = f(p)
        flat[i] -= 2 * h
        down = f(p)
        flat[i] += h
        estimate[i] = (up - down) / (2 * h)
    scale = max(np.abs(dp).max(), np.abs(estimate).max())
    return np.abs(dp.ravel() - estimate).max() / scale


def grad_check__unit_vectors(f, p, dp, h):
    nudges = h * np.eye(p.size).reshape(p.size, *p.shape)
    estimate = [(f(p + nudge) - f(p - nudge)) / (2 * h) for nudge in nudges]
    estimate = np.reshape(estimate, p.shape)
    return np.linalg.norm((dp - estimate).ravel(), np.inf) / np.max(
        [np.abs(dp), np.abs(estimate)]
    )


# Mutants of the solutions that are the same function, with the reason.
EQUIVALENT = {
    "softmax_ce_grad": {
        "n = len(logits) -> n = len(y)": "these have the same length",
        "E = np.exp(logits - logits.max(axis=1, keepdims=True)) -> E = -np.exp(logits - logits.max(axis=1, keepdims=True))": "the sign falls out of the quotient",
        "E = np.exp(logits - logits.max(axis=1, keepdims=True)) -> E = np.exp(logits - logits.max(axis=-1, keepdims=True))": "the last of two axes is axis 1",
        "dlogits = E / E.sum(axis=1, keepdims=True) -> dlogits = E / E.sum(axis=-1, keepdims=True)": "the last of two axes is axis 1",
    },
    "grad_check": {
        "estimate = np.zeros_like(p) -> estimate = -np.zeros_like(p)": "every element is filled in later",
        "estimate = np.zeros_like(p) -> estimate = np.ones_like(p)": "every element is filled in later",
        "estimate = np.zeros_like(p) -> estimate = np.zeros_like(dp)": "these have the same shape",
        "nudge = np.zeros_like(p) -> nudge = -np.zeros_like(p)": "-0 is 0",
        "nudge = np.zeros_like(p) -> nudge = np.zeros_like(dp)": "these have the same shape",
        "nudge = np.zeros_like(p) -> nudge = np.zeros_like(estimate)": "these have the same shape",
        "for index in np.ndindex(p.shape): -> for index in np.ndindex(dp.shape):": "these have the same shape",
        "for index in np.ndindex(p.shape): -> for index in np.ndindex(estimate.shape):": "these have the same shape",
        "return relative_error(dp, estimate) -> return relative_error(estimate, dp)": "the error is symmetric",
    },
}
