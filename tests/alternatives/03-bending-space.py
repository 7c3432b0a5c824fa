"""Other right answers to the exercises of chapter 3."""

import math
from itertools import pairwise

import numpy as np
import torch


def hidden_map__jacobians(X, layers):
    images, factors = [], []
    for x in X:
        J = np.eye(2)
        for W, b in layers:
            x = np.tanh(x @ W + b)
            J = J @ (W * (1 - x**2))
        images.append(x)
        factors.append(J[0, 0] * J[1, 1] - J[0, 1] * J[1, 0])
    return np.array(images), np.array(factors)


def hidden_map__torch(X, layers):
    def stack(x):
        for W, b in layers:
            x = torch.tanh(x @ torch.tensor(W) + torch.tensor(b))
        return x

    points = torch.tensor(X)
    jacobians = [torch.autograd.functional.jacobian(stack, x) for x in points]
    return stack(points).numpy(), torch.linalg.det(torch.stack(jacobians)).numpy()


def hidden_map__scalars(X, layers):
    images, factors = [], []
    for x1, x2 in X.tolist():
        factor = 1.0
        for ((a, b), (c, d)), (e, f) in layers:
            x1, x2 = math.tanh(a * x1 + c * x2 + e), math.tanh(b * x1 + d * x2 + f)
            factor *= (a * d - b * c) * (1 - x1 * x1) * (1 - x2 * x2)
        images.append([x1, x2])
        factors.append(factor)
    return images, factors


def warp_grid__loops(side, W, b):
    k = len(side)
    areas = np.zeros((k - 1, k - 1))
    for i in range(k - 1):
        for j in range(k - 1):
            walk = [(i, j), (i + 1, j), (i + 1, j + 1), (i, j + 1), (i, j)]
            image = [np.tanh(np.array([side[m], side[n]]) @ W + b) for m, n in walk]
            for (x, y), (u, v) in pairwise(image):
                areas[i, j] += (x * v - u * y) / 2
    return areas


def warp_grid__two_triangles(side, W, b):
    x1, x2 = np.broadcast_arrays(side[:, None], side[None])
    A = np.tanh(x1[..., None] * W[0] + x2[..., None] * W[1] + b)
    start, end = A[:-1, :-1], A[1:, 1:]
    right, left = A[1:, :-1], A[:-1, 1:]
    first = np.linalg.det(np.stack([right - start, end - start], axis=-1))
    second = np.linalg.det(np.stack([end - start, left - start], axis=-1))
    return (first + second) / 2


def warp_grid__complex(side, W, b):
    A = np.tanh(np.stack(np.meshgrid(side, side), axis=-1) @ W + b)
    z = A[..., 0] + 1j * A[..., 1]  # x2 first
    walk = [z[:-1, :-1], z[:-1, 1:], z[1:, 1:], z[1:, :-1], z[:-1, :-1]]
    return sum((p.conj() * q).imag for p, q in pairwise(walk)).T / 2


def min_width_search__recursion(train, widths, n_runs, share):
    if not widths:
        return None
    narrowest = min(widths)
    right = np.array([train(narrowest, seed) for seed in range(n_runs)]) >= 1
    if right.mean() >= share - 1e-12:
        return narrowest
    rest = [width for width in widths if width != narrowest]
    return min_width_search__recursion(train, rest, n_runs, share)


def min_width_search__generator(train, widths, n_runs, share):
    def enough(width):
        return sum(train(width, s) == 1.0 for s in range(n_runs)) / n_runs >= share

    return next(filter(enough, sorted(widths)), None)


# Mutants of the solutions that are the same function, with the reason.
EQUIVALENT = {
    "hidden_map": {
        "factor = factor * np.linalg.det(W) * np.prod(1 - A ** 2, axis=1) -> factor = factor * np.linalg.det(W) * np.prod(A ** 2 - 1, axis=1)": "two slopes with the other sign have the same product",
        "factor = factor * np.linalg.det(W) * np.prod(1 - A ** 2, axis=1) -> factor = factor * np.linalg.det(W) * np.prod(1 - A ** 2, axis=-1)": "the last of two axes is axis 1",
    },
    "warp_grid": {
        "A = np.tanh(corners @ W + b) -> A = -np.tanh(corners @ W + b)": "half a turn of the plane leaves signed areas as they are",
        "return (p[..., 0] * q[..., 1] - p[..., 1] * q[..., 0]) / 2 -> return (p[..., 0] * q[..., -1] - p[..., 1] * q[..., 0]) / 2": "the last of two elements is number 1",
        "return (p[..., 0] * q[..., 1] - p[..., 1] * q[..., 0]) / 2 -> return (p[..., 0] * q[..., 1] - p[..., -1] * q[..., 0]) / 2": "the last of two elements is number 1",
    },
    "min_width_search": {
        "return None -> pass": "a function that ends without return returns None",
    },
}
