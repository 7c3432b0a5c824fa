"""Other right answers to the exercises of chapter 7."""

import math
from decimal import Decimal, localcontext

import numpy as np
import torch


def dead_units__largest(batches):
    largest = np.max([A.max(axis=0) for A in batches], axis=0)
    return np.flatnonzero(largest == 0).tolist()


def dead_units__one_array(batches):
    return [unit for unit, a in enumerate(np.concatenate(batches).T) if not a.any()]


def dead_units__striking_out(batches):
    left = set(range(batches[0].shape[1]))
    for A in batches:
        for row in A:
            left -= {unit for unit in left if row[unit] > 0}
    return sorted(left)


def p_alive__decimal(width, depth):
    with localcontext() as context:
        context.prec = 60
        return float((1 - Decimal(2) ** -width) ** depth)


def p_alive__expm1(width, depth):
    if width == 1:
        return 0.5**depth
    return 1.0 + math.expm1(depth * math.log1p(-math.ldexp(1.0, -width)))


def p_alive__squaring(width, depth):
    """Multiply 1 - q by 1 - r as 1 - (q + r - q * r), in the binary digits of depth."""
    silent, some = 2.0**-width, 0.0
    while depth:
        if depth % 2:
            some = some + silent - some * silent
        silent, depth = 2 * silent - silent**2, depth // 2
    return 1 - some


def revive_with_leaky__loops(Z, dA, alpha):
    dZ = []
    for row, upstream in zip(Z, dA):
        dZ.append([])
        for unit, (z, da) in enumerate(zip(row, upstream)):
            slope = alpha if max(Z[:, unit]) <= 0 else float(z > 0)
            dZ[-1].append(da * slope)
    return dZ


def revive_with_leaky__columns(Z, dA, alpha):
    dZ = np.where(Z > 0, dA, 0.0)
    dead = Z.max(axis=0) <= 0
    dZ[:, dead] = alpha * dA[:, dead]
    return dZ


def revive_with_leaky__torch(Z, dA, alpha):
    Z = torch.tensor(Z, requires_grad=True)
    dead = (Z <= 0).all(dim=0)
    A = torch.where(dead, alpha * Z, torch.relu(Z))
    A.backward(torch.from_numpy(dA))
    return Z.grad.numpy()


# Mutants of the solutions that are the same function, with the reason.
EQUIVALENT = {}
