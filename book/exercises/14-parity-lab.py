"""The exercises of chapter 14, *Parity lab*."""

from itertools import pairwise

import numpy as np
import torch

from course_utils.exercises import Exercise, Mistake


def states(rng):
    """Yield a state dict: by hand, then square, with gaps, shuffled, without biases."""
    by_hand = np.array([[1.0, 4.0], [2.0, 5.0], [3.0, 6.0]])
    yield ({"0.weight": by_hand, "0.bias": np.array([0.5, 0.0, -0.5])},)
    for sizes, places, bare in (
        ((3, 3, 3), (0, 2), ()),
        ((2, 4, 1, 3), (0, 2, 9), (2,)),
        ((2, 3, 2, 4, 2), (1, 4, 10, 33), (1, 33)),
        ((4, 1), (0,), (0,)),
    ):
        state = {}
        for place, n_in, n_out in zip(places, sizes[:-1], sizes[1:]):
            state[f"{place}.weight"] = rng.normal(size=(n_out, n_in))
            if place not in bare:
                state[f"{place}.bias"] = rng.normal(size=n_out)
        # Backwards, so that the order of the dictionary is wrong for every seed.
        yield ({name: state[name] for name in reversed(state)},)


def weight_lists(rng):
    """Yield what get_weights() may return: by hand, then square, long, and float32."""
    kernel = np.array([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]])
    yield ([kernel, np.array([0.5, 0.0, -0.5])],)
    for sizes, dtype in (
        ((3, 3), np.float64),
        ((4, 3, 2), np.float32),
        ((2, 3, 3, 2, 1, 2, 4), np.float64),
    ):
        weights = []
        for n_in, n_out in pairwise(sizes):
            weights.append(rng.normal(size=(n_in, n_out)).astype(dtype))
            weights.append(rng.normal(size=n_out).astype(dtype))
        yield (weights,)


def gradient_lists(rng):
    """Yield a, b: by hand, then of several scales, either one larger, ties, zeros."""
    yield [np.array([1.0, 2.0])], [np.array([1.0, 2.5])]
    for scales, shapes in (
        ((1.0, 1e-6), ((2, 3), (3,))),
        ((1e3, 1e-6, 1.0), ((4,), (2, 2), (3, 1))),
    ):
        a = [s * rng.normal(size=shape) for s, shape in zip(scales, shapes)]
        b = [g + 0.02 * s * rng.normal(size=g.shape) for g, s in zip(a, scales)]
        # The smallest gradients differ most, and not at their first element.
        place = (1,) * b[1].ndim
        b[1][place] += 1e-6 * rng.choice([-2.0, 2.0])
        yield a, b
        yield b, a
    g = rng.uniform(1.0, 2.0, size=(3, 2))
    h = g.copy()
    h[rng.integers(3), rng.integers(2)] *= 0.5
    yield [np.zeros(2), g], [np.zeros(2), h]
    # The sizes are random, so that this case is another one for another seed.
    zeros = [np.zeros(rng.integers(2, 60, size=2)), np.zeros(3)]
    yield zeros, [z.copy() for z in zeros]
    first, second = 1.0 + rng.integers(1, 9, size=(2, 2, 2))
    yield [first, second, second], [first + 8.0, second.copy(), 2.0 * second]
    yield [first, first, second], [3.0 * first, 3.0 * first, second.copy()]


def observe_state(answer, weights):
    """Return the types and values of the state dict, the arrays being changed since."""
    state = answer(weights)
    if state is None:
        return None
    for array in weights:
        array += 1.0
    return {
        name: [str(value.dtype), torch.as_tensor(value).detach().numpy()]
        for name, value in state.items()
    }


EXERCISES = [
    Exercise(
        name="to_keras",
        points=2,
        inputs=states,
        mistakes=(
            Mistake(
                '.weight"].T)',
                '.weight"])',
                "PyTorch keeps (n_out, n_in): transpose each weight. Only in a square "
                "layer does Keras take it as it is, and then it is wrong.",
            ),
            Mistake(
                '.weight"].T)',
                '.weight"].reshape(state[f"{place}.weight"].shape[::-1]))',
                "reshape gives the right shape and leaves the numbers in their order: "
                "transpose with .T.",
            ),
            Mistake(
                'sorted({int(name.split(".")[0]) for name in state})',
                'sorted({name.split(".")[0] for name in state})',
                'as text, "10" comes before "2": sort the places as numbers.',
            ),
            Mistake(
                'sorted({int(name.split(".")[0]) for name in state})',
                'dict.fromkeys(int(name.split(".")[0]) for name in state)',
                "the dictionary may have any order: sort the places.",
            ),
            Mistake(
                'if f"{place}.bias" in state:\n            arrays',
                "if True:\n            arrays",
                "a linear layer may have no bias: ask whether the name is there.",
            ),
            Mistake(
                'if f"{place}.bias" in state:\n'
                '            arrays.append(state[f"{place}.bias"])',
                'bias = state.get(f"{place}.bias")\n'
                '        arrays.append(np.zeros(len(state[f"{place}.weight"]))'
                " if bias is None else bias)",
                "a layer without a bias has one array, its kernel: leave the bias out.",
            ),
            Mistake(
                'arrays.append(state[f"{place}.weight"].T)  # (n_in, n_out)\n'
                '        if f"{place}.bias" in state:\n'
                '            arrays.append(state[f"{place}.bias"])',
                'if f"{place}.bias" in state:\n'
                '            arrays.append(state[f"{place}.bias"])\n'
                '        arrays.append(state[f"{place}.weight"].T)',
                "the kernel of a layer comes before its bias.",
            ),
        ),
    ),
    Exercise(
        name="to_torch",
        points=1,
        inputs=weight_lists,
        observe=observe_state,
        mistakes=(
            Mistake(
                "torch.tensor(weights[place].T)",
                "torch.tensor(weights[place])",
                "PyTorch keeps (n_out, n_in): transpose each kernel.",
            ),
            Mistake(
                "torch.tensor(weights[place].T)",
                "torch.tensor(weights[place].reshape(weights[place].shape[::-1]))",
                "reshape gives the right shape and leaves the numbers in their order: "
                "transpose with .T.",
            ),
            Mistake(
                "torch.tensor(weights[place].T)  # (n_out, n_in)\n"
                '        state[f"{place}.bias"] = torch.tensor(',
                "torch.from_numpy(weights[place].T)\n"
                '        state[f"{place}.bias"] = torch.from_numpy(',
                "the arrays were changed after your function returned, and the tensors "
                "changed with them: copy, as torch.tensor does.",
            ),
            Mistake(
                "torch.tensor(weights[place].T)  # (n_out, n_in)\n"
                '        state[f"{place}.bias"] = torch.tensor(weights[place + 1])',
                "torch.Tensor(weights[place].T)\n"
                '        state[f"{place}.bias"] = torch.Tensor(weights[place + 1])',
                "keep the type of the array: torch.Tensor always makes float32, and "
                "torch.tensor does not.",
            ),
            Mistake(
                "torch.tensor(weights[place].T)",
                "torch.from_numpy(weights[place].T)",
                "the weight shares its memory with the array: copy, with torch.tensor.",
            ),
            Mistake(
                "torch.tensor(weights[place + 1])",
                "torch.from_numpy(weights[place + 1])",
                "the bias shares its memory with the array: copy, with torch.tensor.",
            ),
            Mistake(
                "torch.tensor(weights[place].T)",
                "torch.tensor(weights[place].T, dtype=torch.float32)",
                "keep the type of the array: float64 stays float64.",
            ),
            Mistake(
                'state[f"{place}.weight"] = torch.tensor(weights[place].T)'
                '  # (n_out, n_in)\n        state[f"{place}.bias"]',
                'state[f"{place // 2}.weight"] = torch.tensor(weights[place].T)\n'
                '        state[f"{place // 2}.bias"]',
                "the activations have places too: the linear layers are 0, 2, 4, ...",
            ),
        ),
    ),
    Exercise(
        name="max_grad_diff",
        points=2,
        inputs=gradient_lists,
        mistakes=(
            Mistake(
                "gap = np.abs(g - h)",
                "gap = g - h",
                "a difference can be negative: take absolute values first.",
            ),
            Mistake(
                "max(np.abs(g).max(), np.abs(h).max())",
                "np.abs(g).max()",
                "divide by the largest absolute value in both arrays, not in one.",
            ),
            Mistake(
                "float(gap[index] / scale)",
                "float(gap[index])",
                "this is the largest difference: divide it by the largest absolute "
                "value of its pair.",
            ),
            Mistake(
                "max(np.abs(g).max(), np.abs(h).max())",
                "max(np.abs(array).max() for array in (*a, *b))",
                "each pair has a scale of its own: small gradients count as much as "
                "large ones.",
            ),
            Mistake(
                "gap = np.abs(g - h)\n"
                "        scale = max(np.abs(g).max(), np.abs(h).max())",
                "gap = np.abs(g - h) / np.maximum(1e-300, np.maximum(np.abs(g), "
                "np.abs(h)))\n        scale = 1.0",
                "divide by the largest absolute value of the pair, not element by "
                "element.",
            ),
            Mistake(
                "difference > worst[0]",
                "difference >= worst[0]",
                "where several differences are largest, keep the first.",
            ),
            Mistake(
                "tuple(int(i) for i in index)",
                "int(gap.argmax())",
                "the index is a tuple with an entry for each axis: "
                "np.unravel_index gives it.",
            ),
        ),
    ),
]
