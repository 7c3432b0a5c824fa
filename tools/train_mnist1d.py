"""Train the networks of chapter 20 on MNIST-1D and store their weights.

Usage: ``python tools/train_mnist1d.py [target.npz]``

Five networks of each kind, as given and with the positions shuffled, by the protocol of
the repository greydanus/mnist1d: 6,001 updates of Adam at 1e-2, with batches of 100 in
the order of the data. It takes about ten minutes. The networks of a kind are trained
side by side; each has a start of its own, the same for both orders of the positions.
The kind "wide" is trained as given only: to a dense network no order means anything.

The target holds, for each kind and each of its parameters, an array ``kind/parameter``
of float16 with two axes in front: the order (as given, shuffled) and the seed. Beside
them stand the losses of the first ten updates, ``kind/first losses``.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torch.func import functional_call, stack_module_state, vmap
from torch.nn import functional as F

from course_utils.datasets import WEIGHTS, load_mnist1d

SEEDS = 5
UPDATES = 6001
BATCH = 100


class MLP(nn.Module):
    """Two hidden layers of 100 units; the second adds to the first."""

    def __init__(self) -> None:
        super().__init__()
        self.linear1 = nn.Linear(40, 100)
        self.linear2 = nn.Linear(100, 100)
        self.linear3 = nn.Linear(100, 10)

    def forward(self, x: Tensor) -> Tensor:
        h = self.linear1(x).relu()
        h = h + self.linear2(h).relu()
        return self.linear3(h)


class Conv(nn.Module):
    """Three convolutional layers of 25 channels, 40 to 19 to 10 to 5 positions."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1 = nn.Conv1d(1, 25, 5, stride=2, padding=1)
        self.conv2 = nn.Conv1d(25, 25, 3, stride=2, padding=1)
        self.conv3 = nn.Conv1d(25, 25, 3, stride=2, padding=1)
        self.linear = nn.Linear(125, 10)

    def forward(self, x: Tensor) -> Tensor:
        h = x.unsqueeze(1)
        for layer in (self.conv1, self.conv2, self.conv3):
            h = layer(h).relu()
        return self.linear(h.flatten(1))


class LocalLayer(nn.Module):
    """A convolutional layer, stride 2 and padding 1, without shared weights."""

    def __init__(self, n_in: int, n_out: int, kernel: int, positions: int) -> None:
        super().__init__()
        self.kernel = kernel
        end = (n_in * kernel) ** -0.5  # as nn.Conv1d begins
        weight = torch.empty(positions, n_in * kernel, n_out)
        self.weight = nn.Parameter(weight.uniform_(-end, end))
        bias = torch.empty(positions, n_out)
        self.bias = nn.Parameter(bias.uniform_(-end, end))

    def forward(self, x: Tensor) -> Tensor:
        windows = F.pad(x, (1, 1)).unfold(2, self.kernel, 2)  # (batch, n_in, pos, k)
        windows = windows.permute(2, 0, 1, 3).flatten(2)  # (pos, batch, n_in * k)
        out = torch.bmm(windows, self.weight) + self.bias[:, None]
        return out.permute(1, 2, 0)  # (batch, n_out, pos)


class Local(Conv):
    """The network `Conv`, with weights of its own at each position."""

    def __init__(self) -> None:
        nn.Module.__init__(self)
        self.conv1 = LocalLayer(1, 25, 5, 19)
        self.conv2 = LocalLayer(25, 25, 3, 10)
        self.conv3 = LocalLayer(25, 25, 3, 5)
        self.linear = nn.Linear(125, 10)


class GRU(nn.Module):
    """A GRU of 6 units in both directions; all its states go to the output.

    The parameters are those of ``nn.GRU``, which cannot run many networks side by side,
    so the steps are written out.
    """

    def __init__(self) -> None:
        super().__init__()
        self.gru = nn.GRU(1, 6, batch_first=True, bidirectional=True)
        self.linear = nn.Linear(480, 10)

    def forward(self, x: Tensor) -> Tensor:
        forth = self.states(x, "")
        back = self.states(x.flip(1), "_reverse").flip(1)
        return self.linear(torch.cat([forth, back], 2).flatten(1))

    def states(self, x: Tensor, suffix: str) -> Tensor:
        W, U, b, c = (
            getattr(self.gru, name + suffix)
            for name in ("weight_ih_l0", "weight_hh_l0", "bias_ih_l0", "bias_hh_l0")
        )
        h, states = torch.zeros_like(x[:, :6]), []
        for from_x in (x[:, :, None] * W[:, 0] + b).unbind(1):
            from_h = h @ U.T + c
            r, z = torch.sigmoid(from_x[:, :12] + from_h[:, :12]).split(6, 1)
            n = torch.tanh(from_x[:, 12:] + r * from_h[:, 12:])
            h = n + z * (h - n)
            states.append(h)
        return torch.stack(states, 1)


def wide() -> nn.Sequential:
    """Return a dense network with as many units in each layer as `Conv` has."""
    return nn.Sequential(
        nn.Linear(40, 19 * 25),
        nn.ReLU(),
        nn.Linear(19 * 25, 10 * 25),
        nn.ReLU(),
        nn.Linear(10 * 25, 5 * 25),
        nn.ReLU(),
        nn.Linear(5 * 25, 10),
    )


KINDS = {
    "logistic": lambda: nn.Linear(40, 10),
    "dense": MLP,
    "conv": Conv,
    "local": Local,
    "gru": GRU,
    "wide": wide,
}


def shuffled_order() -> np.ndarray:
    """Return the order of the 40 positions that the repository's notebook draws."""
    return np.random.RandomState(42).permutation(40)


def train(
    kind: str, *, seeds: int = SEEDS, updates: int = UPDATES
) -> tuple[dict[str, Tensor], np.ndarray]:
    """Train networks of a kind side by side, in both orders of the positions.

    Returns
    -------
    parameters : dict of Tensor, each of shape (networks, ...)
        All networks as given, then all shuffled.
    losses : ndarray of float32, shape (updates, networks)
    """
    X, y, _, _ = load_mnist1d()
    orders = [X] if kind == "wide" else [X, X[:, shuffled_order()]]
    X = torch.tensor(np.repeat(orders, seeds, axis=0), dtype=torch.float32)
    y = torch.tensor(y)
    networks = []
    for seed in [*range(seeds)] * len(orders):
        torch.manual_seed(seed)
        networks.append(KINDS[kind]())
    parameters, _ = stack_module_state(networks)
    forward = vmap(lambda p, batch: functional_call(networks[0], p, (batch,)))
    optimiser = torch.optim.Adam(parameters.values(), lr=1e-2)
    losses = np.zeros((updates, len(X)), np.float32)
    for update in range(updates):
        start = update * BATCH % len(y)
        logits = forward(parameters, X[:, start : start + BATCH])
        target = y[start : start + BATCH].expand(len(X), BATCH)
        loss = F.cross_entropy(logits.transpose(1, 2), target, reduction="none").mean(1)
        optimiser.zero_grad()
        loss.sum().backward()  # no network is in the loss of another
        optimiser.step()
        losses[update] = loss.detach()
    return parameters, losses


def main(target: Path) -> None:
    """Train all networks, and write their weights to the file `target`."""
    torch.set_num_threads(1)
    arrays = {}
    for kind in KINDS:
        parameters, losses = train(kind)
        for name, tensor in parameters.items():
            values = tensor.detach().numpy().astype(np.float16)
            arrays[f"{kind}/{name}"] = values.reshape(-1, SEEDS, *values.shape[1:])
        arrays[f"{kind}/first losses"] = losses[:10].T.reshape(-1, SEEDS, 10)
        print(
            f"{kind}: the last loss is {losses[-1].mean():.3f} in the mean", flush=True
        )
    target.parent.mkdir(parents=True, exist_ok=True)
    np.savez_compressed(target, **arrays)


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else WEIGHTS / "mnist1d.npz")
