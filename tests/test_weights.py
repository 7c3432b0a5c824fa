"""The stored weights: that a command makes them, and what they are worth."""

import nbformat
import numpy as np
import pytest
import torch
import train_mnist1d
from run_notebook import ROOT
from torch import nn
from torch.nn import functional as F
from train_mnist1d import KINDS, SEEDS, shuffled_order, train

from course_utils.datasets import WEIGHTS, load_mnist1d, load_mnist1d_weights
from course_utils.published import read

UPDATES = 10


class PlainGRU(nn.Module):
    """The GRU of the tool, with the steps of PyTorch."""

    def __init__(self):
        super().__init__()
        self.gru = nn.GRU(1, 6, batch_first=True, bidirectional=True)
        self.linear = nn.Linear(480, 10)

    def forward(self, x):
        return self.linear(self.gru(x.unsqueeze(2))[0].flatten(1))


def orders_of(kind):
    """Return the orders of the positions in which networks of a kind are stored."""
    return [np.arange(40), shuffled_order()][: 1 if kind == "wide" else 2]


def plain(kind, seed=0):
    """Return one network of a kind at its start; a GRU is PyTorch's own."""
    torch.manual_seed(seed)
    return PlainGRU() if kind == "gru" else KINDS[kind]()


@pytest.fixture(scope="module")
def weights():
    return load_mnist1d_weights()


@pytest.fixture(scope="module", params=KINDS)
def trained(request):
    """Return a kind, and two networks for each order after ten updates."""
    return request.param, *train(request.param, seeds=2, updates=UPDATES)


def test_networks_side_by_side_learn_as_each_does_alone(trained):
    kind, parameters, losses = trained
    X, y, _, _ = load_mnist1d()
    y = torch.tensor(y)
    alone = [(order, seed) for order in orders_of(kind) for seed in range(2)]
    assert losses.shape == (UPDATES, len(alone))
    for i, (order, seed) in enumerate(alone):
        inputs = torch.tensor(X[:, order], dtype=torch.float32)
        network = plain(kind, seed)
        optimiser = torch.optim.Adam(network.parameters(), lr=1e-2)
        for update in range(UPDATES):
            batch = slice(100 * update, 100 * update + 100)
            loss = F.cross_entropy(network(inputs[batch]), y[batch])
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            assert losses[update, i] == pytest.approx(loss.item(), rel=1e-4)
        for name, parameter in network.named_parameters():
            ours = parameters[name][i].detach().numpy()
            np.testing.assert_allclose(ours, parameter.detach().numpy(), atol=1e-3)


def test_the_stored_networks_began_as_the_command_begins(trained, weights):
    kind, _, losses = trained
    stored = weights[f"{kind}/first losses"]
    ours = losses.T.reshape(-1, 2, UPDATES)
    np.testing.assert_allclose(stored[:, :2], ours, rtol=1e-3)


def test_the_batches_begin_again_at_the_end_of_the_data(monkeypatch):
    X, y, X_test, y_test = load_mnist1d()
    short = X[:250], y[:250], X_test, y_test
    monkeypatch.setattr(train_mnist1d, "load_mnist1d", lambda: short)
    monkeypatch.setattr(train_mnist1d, "BATCH", 125)
    _, losses = train("logistic", seeds=1, updates=200)
    assert losses.shape == (200, 2)
    assert losses[-2:].mean() < losses[:2].mean()


@pytest.mark.parametrize("kind", KINDS)
def test_the_stored_weights_are_all_parameters_of_five_networks(kind, weights):
    state = plain(kind).state_dict()
    assert {name for name in weights if name.startswith(f"{kind}/")} == {
        f"{kind}/{name}" for name in [*state, "first losses"]
    }
    for name, tensor in state.items():
        array = weights[f"{kind}/{name}"]
        assert array.shape == (len(orders_of(kind)), SEEDS, *tensor.shape)
        assert array.dtype == np.float32
        assert np.isfinite(array).all()
        assert len(np.unique(array, axis=1)[0]) == SEEDS  # none is a copy


def test_a_local_network_with_equal_windows_is_the_convolution():
    torch.manual_seed(0)
    shared, local = KINDS["conv"](), KINDS["local"]()
    state = {"linear.weight": shared.linear.weight, "linear.bias": shared.linear.bias}
    for name, positions in (("conv1", 19), ("conv2", 10), ("conv3", 5)):
        layer = getattr(shared, name)
        weight = layer.weight.flatten(1).T  # (channels in * kernel, channels out)
        state[f"{name}.weight"] = weight.expand(positions, -1, -1)
        state[f"{name}.bias"] = layer.bias.expand(positions, -1)
    local.load_state_dict(state)
    signals = torch.tensor(load_mnist1d()[2], dtype=torch.float32)
    torch.testing.assert_close(local(signals), shared(signals), atol=1e-5, rtol=1e-4)


def test_the_file_is_small():
    assert (WEIGHTS / "mnist1d.npz").stat().st_size < 3e6


def test_the_accuracies_are_those_that_the_chapter_prints(weights):
    X, _, _, _ = data = load_mnist1d()
    assert len(X) == 4000
    chapter = nbformat.read(ROOT / "book" / "20-convolutional.ipynb", as_version=4)
    printed = "".join(
        output.get("text", "")
        for cell in chapter.cells
        for output in cell.get("outputs", [])
    )
    (table,) = [table for table in read(printed) if table.key == "mnist1d"]
    shown = [float(row[2]) for row in table.rows]
    kinds = ("logistic", "dense", "conv", "gru")
    means = [
        [np.mean(accuracies(kind, row, weights, data)) for kind in kinds]
        for row in range(2)
    ]
    np.testing.assert_allclose(shown, np.ravel(means), atol=0.3)
    for kind in ("wide", "local"):
        mean = np.mean(accuracies(kind, 0, weights, data))
        assert any(f"{mean + d:.1f} (" in printed for d in (-0.1, 0.0, 0.1))


def accuracies(kind, row, weights, data):
    """Return the test accuracies, in per cent, of the stored networks of an order."""
    _, _, X, y = data
    inputs = torch.tensor(X[:, orders_of(kind)[row]], dtype=torch.float32)
    found = []
    for seed in range(SEEDS):
        network = plain(kind)
        state = network.state_dict()
        network.load_state_dict(
            {name: torch.tensor(weights[f"{kind}/{name}"][row, seed]) for name in state}
        )
        with torch.no_grad():
            found.append(100 * (network(inputs).argmax(1).numpy() == y).mean())
    return found


def test_the_command_writes_what_is_loaded(tmp_path, monkeypatch):
    monkeypatch.setattr(train_mnist1d, "train", lambda kind: train(kind, updates=10))
    monkeypatch.setattr(train_mnist1d, "KINDS", {"logistic": KINDS["logistic"]})
    target = tmp_path / "deeper" / "mnist1d.npz"
    threads = torch.get_num_threads()
    train_mnist1d.main(target)
    torch.set_num_threads(threads)
    with np.load(target) as arrays:
        assert sorted(arrays) == [
            f"logistic/{n}" for n in ("bias", "first losses", "weight")
        ]
        assert arrays["logistic/weight"].shape == (2, SEEDS, 10, 40)
        assert arrays["logistic/weight"].dtype == np.float16
