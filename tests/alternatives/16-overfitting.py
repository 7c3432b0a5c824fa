"""Other right answers to the exercises of chapter 16."""

import numpy as np
import torch


def dropout_forward__loops(A, U, rate, training):
    out, mask = [], []
    for activations, numbers in zip(A.tolist(), U.tolist()):
        factors = [
            1.0 if not training else 0.0 if number < rate else 1.0 / (1.0 - rate)
            for number in numbers
        ]
        mask.append(factors)
        out.append([a * factor for a, factor in zip(activations, factors)])
    return [out, mask]


def dropout_forward__where(A, U, rate, training):
    if not training:
        return A.copy(), np.ones_like(A)
    mask = np.where(rate > U, 0.0, 1.0 / (1.0 - rate))
    return mask * A, mask


def dropout_forward__rate_zero(A, U, rate, training):
    """Evaluation is dropout at a rate of 0."""
    if not training:
        rate = 0.0
    mask = np.full(A.shape, 1 / (1 - rate))
    mask[rate > U] = 0
    out = A / (1 - rate)
    out[rate > U] = 0
    return out, mask


def l2_grad__list(params, grads, lam, n):
    return [dp + (p.ndim > 1) * lam * p / n for p, dp in zip(params, grads)]


def l2_grad__torch(params, grads, lam, n):
    """Let the price be differentiated."""
    total = []
    for p, dp in zip(params, grads):
        weight = torch.tensor(p, requires_grad=True)
        price = lam / (2 * n) * (weight**2).sum() * (len(p.shape) == 2)
        price.backward()
        total.append(dp + weight.grad.numpy())
    return total


def l2_grad__copies(params, grads, lam, n):
    total = [np.array(dp) for dp in grads]
    for i, p in enumerate(params):
        if len(p.shape) == 2:
            total[i] += (lam / n) * p
    return tuple(total)


def early_stop__counter(losses, patience):
    best, kept, waited = float("inf"), 0, 0
    for epoch, loss in enumerate(losses, start=1):
        if loss < best:
            best, kept, waited = loss, epoch, 0
        else:
            waited += 1
        if waited == patience:
            break
    return kept, epoch


def early_stop__slices(losses, patience):
    """Try every end, and take the first at which the last losses are all too large."""
    for last in range(patience + 1, len(losses) + 1):
        before = losses[: last - patience]
        if min(losses[last - patience : last]) >= min(before):
            return before.index(min(before)) + 1, last
    return int(np.argmin(losses)) + 1, len(losses)


def early_stop__running_minimum(losses, patience):
    lowest = np.minimum.accumulate(losses)
    is_new = np.append(True, lowest[1:] < lowest[:-1])
    best = np.maximum.accumulate(np.where(is_new, np.arange(1, len(losses) + 1), 0))
    ends = np.flatnonzero(np.arange(1, len(losses) + 1) - best >= patience)
    last = int(ends[0]) + 1 if len(ends) else len(losses)
    return int(best[last - 1]), last


# Mutants of the solutions that are the same function, with the reason.
EQUIVALENT = {
    "dropout_forward": {
        "mask = np.ones(A.shape) -> mask = np.ones(draws.shape)": "these have the same shape",
        "mask = np.ones(A.shape) -> mask = np.ones(mask.shape)": "these have the same shape",
    },
    "l2_grad": {
        "if p.ndim == 2: -> if dp.ndim == 2:": "a gradient has the shape of its parameter",
    },
    "early_stop": {
        "for epoch in range(2, len(losses) + 1): -> for epoch in range(1, len(losses) + 1):": "the first epoch is not better than itself, and no patience is 0",
    },
}
