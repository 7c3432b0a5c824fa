"""Other right answers to the exercises of chapter 14."""

import numpy as np
import torch


def to_keras__by_loop(state):
    arrays, place = [], 0
    last = max(int(name.partition(".")[0]) for name in state)
    while place <= last:
        for kind in ("weight", "bias"):
            array = state.get(f"{place}.{kind}")
            if array is not None:
                arrays.append(array.transpose() if array.ndim == 2 else array)
        place += 1
    return arrays


def to_keras__by_key(state):
    def order(name):
        place, kind = name.split(".")
        return int(place), kind == "bias"

    return [np.array(state[name].T) for name in sorted(state, key=order)]


def to_keras__numbers(state):
    arrays = []
    for name, array in sorted(
        state.items(), key=lambda item: (len(item[0]), item[0].replace("w", "a"))
    ):
        if name.endswith("weight"):
            n_out, n_in = array.shape
            turned = [[float(array[k, i]) for k in range(n_out)] for i in range(n_in)]
            arrays.append((int(name.split(".")[0]), 0, turned))
        else:
            arrays.append((int(name.split(".")[0]), 1, array.tolist()))
    return [np.array(values) for *_, values in sorted(arrays, key=lambda a: a[:2])]


def to_torch__pairs(weights):
    state = {}
    for layer, (kernel, bias) in enumerate(zip(weights[::2], weights[1::2])):
        state |= {
            f"{2 * layer}.bias": torch.from_numpy(bias.copy()),
            f"{2 * layer}.weight": torch.from_numpy(kernel.copy()).t(),
        }
    return state


def to_torch__by_module(weights):
    modules = []
    for kernel, bias in zip(weights[::2], weights[1::2]):
        linear = torch.nn.Linear(*kernel.shape, dtype=torch.from_numpy(kernel).dtype)
        with torch.no_grad():
            linear.weight.copy_(torch.from_numpy(kernel.T))
            linear.bias.copy_(torch.from_numpy(bias))
        modules += [linear, torch.nn.ReLU()]
    return torch.nn.Sequential(*modules[:-1]).state_dict()


def max_grad_diff__lists(a, b):
    best = None
    for number, (g, h) in enumerate(zip(a, b)):
        scale = max(abs(value) for value in [*g.flat, *h.flat])
        for index in np.ndindex(g.shape):
            difference = abs(g[index] - h[index]) / scale if scale else 0.0
            if best is None or difference > best[0]:
                best = (difference, number, index)
    return best


def max_grad_diff__arrays_first(a, b):
    relative = []
    for pair in zip(a, b):
        g, h = np.stack(pair)
        relative.append(abs(g - h) / (np.max(np.abs(pair)) or 1.0))
    largest = [gap.max() for gap in relative]
    number = largest.index(max(largest))
    place = np.argwhere(relative[number] == largest[number])[0]
    return [largest[number], number, place.tolist()]


# Mutants of the solutions that are the same function, with the reason.
EQUIVALENT = {
    "max_grad_diff": {
        "worst = (-1.0, 0, ()) -> worst = (-1.0, ())": "the first pair replaces it",
        "worst = (-1.0, 0, ()) -> worst = (-1.0, (), 0)": "the first pair replaces it",
        "worst = (-1.0, 0, ()) -> worst = (-1.0, 0)": "the first pair replaces it",
        "worst = (-1.0, 0, ()) -> worst = (-1.0, 1, ())": "the first pair replaces it",
        "worst = (-1.0, 0, ()) -> worst = (-1.0, -1, ())": "the first pair replaces it",
        "worst = (-1.0, 0, ()) -> worst = (-2.0, 0, ())": "any negative number is less",
        "for number, (g, h) in enumerate(zip(a, b)): -> for number, (h, g) in enumerate(zip(a, b)):": "the difference is symmetric",
        "for number, (g, h) in enumerate(zip(a, b)): -> for number, (g, h) in enumerate(zip(b, a)):": "the difference is symmetric",
        "gap = np.abs(g - h) -> gap = np.abs(h - g)": "the difference is symmetric",
        "difference = float(gap[index] / scale) if scale > 0 else 0.0 -> difference = gap[index] / scale if scale > 0 else 0.0": "a float64 of NumPy counts as a float",
        "index = np.unravel_index(gap.argmax(), gap.shape) -> index = np.unravel_index(gap.argmax(), g.shape)": "these have the same shape",
        "index = np.unravel_index(gap.argmax(), gap.shape) -> index = np.unravel_index(gap.argmax(), h.shape)": "these have the same shape",
        "worst = (difference, number, tuple((int(i) for i in index))) -> worst = (difference, number, tuple((i for i in index)))": "an integer of NumPy counts as an int",
    },
}
