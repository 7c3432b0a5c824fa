"""Tests of course_utils.training: minibatches, optimisers, fit, and its speed."""

import time

import numpy as np
import pytest
import torch
from threadpoolctl import threadpool_limits
from torch.nn import functional

from course_utils.checks import assert_same
from course_utils.datasets import make_moons
from course_utils.frameworks import to_torch
from course_utils.layers import (
    Activation,
    Dense,
    MeanSquaredError,
    SigmoidCrossEntropy,
    SoftmaxCrossEntropy,
)
from course_utils.networks import Sequential, mlp, stack
from course_utils.training import SGD, Adam, OnGrid, accuracy, fit, minibatches

X_XOR = np.array([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])
Y_XOR = np.array([0, 1, 1, 0])


def blobs(seed=0, n=60):
    """Return three clouds in the plane that a straight line tells apart."""
    rng = np.random.default_rng(seed)
    y = np.arange(n) % 3
    centres = np.array([[0.0, 3.0], [3.0, -2.0], [-3.0, -2.0]])
    return centres[y] + rng.normal(0.0, 0.5, (n, 2)), y


# Minibatches --------------------------------------------------------------------------


def batches(n=10, batch_size=4, seed=0):
    X = np.arange(n)[:, None]
    return list(minibatches(X, 10 * X[:, 0], batch_size, np.random.default_rng(seed)))


@pytest.mark.parametrize(
    ("n", "batch_size", "sizes"),
    [(10, 4, [4, 4, 2]), (8, 4, [4, 4]), (3, 5, [3]), (2, 1, [1, 1])],
)
def test_minibatches_hold_each_row_once_and_the_last_what_is_left(n, batch_size, sizes):
    given = batches(n, batch_size)
    assert [len(X) for X, _ in given] == sizes
    assert sorted(np.concatenate([X[:, 0] for X, _ in given])) == list(range(n))


def test_minibatches_keep_each_label_with_its_row():
    assert all((y == 10 * X[:, 0]).all() for X, y in batches())


def test_the_generator_decides_the_order_of_the_rows():
    def order(seed):
        return [int(row) for X, _ in batches(seed=seed) for row in X[:, 0]]

    assert order(0) == order(0) != list(range(10))
    assert order(0) != order(1)


def test_minibatches_take_lists():
    (X, y), *_ = minibatches([[1.0], [2.0]], [0, 1], 2, np.random.default_rng(0))
    assert sorted(zip(X[:, 0].tolist(), y.tolist())) == [(1.0, 0), (2.0, 1)]


def test_minibatches_refuse_a_seed_in_place_of_a_generator():
    message = r"^rng must be a numpy.random.Generator, got 0$"
    with pytest.raises(TypeError, match=message):
        next(minibatches(np.ones((3, 2)), np.zeros(3), 1, 0))


WRONG_DATA = [
    (np.ones((3, 2)), [0, 1], r"one length, got shapes \(3, 2\) and \(2,\)"),
    (np.ones((3, 2)), 0, r"one length, got shapes \(3, 2\) and \(\)"),
    (1.0, 0, r"one length, got shapes \(\) and \(\)"),
    (np.ones((0, 2)), [], r"X must not be empty, got shape \(0, 2\)"),
]


@pytest.mark.parametrize(("X", "y", "message"), WRONG_DATA)
def test_data_that_does_not_fit_together_is_refused(X, y, message):
    rng, network = np.random.default_rng(0), mlp((2, 2))
    with pytest.raises(ValueError, match=message):
        next(minibatches(X, y, 1, rng))
    with pytest.raises(ValueError, match=message):
        accuracy(network, X, y)
    with pytest.raises(ValueError, match=message):
        fit(network, SoftmaxCrossEntropy(), SGD(0.1), X, y, epochs=1)


# Optimisers ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        (SGD(0.1), lambda p: torch.optim.SGD(p, 0.1)),
        (SGD(0.1, momentum=0.9), lambda p: torch.optim.SGD(p, 0.1, momentum=0.9)),
        (Adam(), torch.optim.Adam),
        (
            Adam(0.05, beta1=0.8, beta2=0.9, epsilon=1e-3),
            lambda p: torch.optim.Adam(p, 0.05, betas=(0.8, 0.9), eps=1e-3),
        ),
    ],
    ids=["sgd", "momentum", "adam", "adam-with-options"],
)
def test_20_steps_give_the_parameters_that_torch_gives(ours, theirs):
    X, y = blobs()
    network = mlp((2, 5, 4, 3), activation="tanh", seed=1)
    loss, model = SoftmaxCrossEntropy(), to_torch(network)
    optimiser = theirs(model.parameters())
    for _ in range(20):
        loss.forward(network.forward(X), y)
        network.backward(loss.backward())
        ours.step(network)
        optimiser.zero_grad()
        functional.cross_entropy(model(torch.from_numpy(X)), torch.tensor(y)).backward()
        optimiser.step()
    moved = mlp((2, 5, 4, 3), activation="tanh", seed=1)
    for (p, _), (start, _) in zip(network.parameters(), moved.parameters()):
        assert not np.allclose(p, start, rtol=1e-3)
    for (p, _), p_t in zip(network.parameters(), model.parameters(), strict=True):
        assert_same(p, p_t.detach().numpy().T, rtol=1e-10)


def one_weight(gradient):
    network = Sequential([Dense([[1.0]])])
    network.layers[0].dW = np.array([[gradient]])
    network.layers[0].db = np.array([0.0])
    return network


def test_sgd_by_hand():
    network = one_weight(gradient=2.0)
    SGD(0.1).step(network)
    assert network.layers[0].W.tolist() == [[0.8]]


def test_momentum_by_hand():
    network, optimiser = one_weight(gradient=2.0), SGD(0.1, momentum=0.5)
    optimiser.step(network)  # v = 2
    optimiser.step(network)  # v = 0.5 * 2 + 2 = 3
    assert network.layers[0].W.item() == pytest.approx(1.0 - 0.1 * 2 - 0.1 * 3)


@pytest.mark.parametrize("gradient", [1e-3, -500.0])
def test_the_first_step_of_adam_has_the_length_of_the_learning_rate(gradient):
    network = one_weight(gradient)
    Adam(0.25, epsilon=1e-12).step(network)
    assert network.layers[0].W.item() == pytest.approx(1.0 - np.sign(gradient) * 0.25)


@pytest.mark.parametrize("optimiser", [SGD(0.1), SGD(0.1, momentum=0.5), Adam()])
def test_a_step_keeps_float32_and_leaves_the_gradients_alone(optimiser):
    network = mlp((2, 3), dtype=np.float32)
    network.forward(np.ones((1, 2), np.float32))
    network.backward(np.ones((1, 3), np.float32))
    before = [gradient.copy() for _, gradient in network.parameters()]
    optimiser.step(network)
    optimiser.step(network)
    for (p, gradient), expected in zip(network.parameters(), before, strict=True):
        assert p.dtype == np.float32
        assert_same(gradient, expected, rtol=0.0)


@pytest.mark.parametrize("optimiser", [SGD(0.1), Adam()])
def test_a_step_before_backward_says_what_to_call_first(optimiser):
    with pytest.raises(RuntimeError, match=r"^call backward before step"):
        optimiser.step(mlp((2, 2)))


def after_one_step(optimiser):
    optimiser.step(one_weight(gradient=2.0))
    return optimiser


@pytest.mark.parametrize("optimiser", [SGD(0.1, momentum=0.5), Adam()])
def test_an_optimiser_that_remembers_refuses_another_network(optimiser):
    other = one_weight(gradient=2.0)
    with pytest.raises(ValueError, match=r"^network must be .* make a new optimiser"):
        after_one_step(optimiser).step(other)
    assert other.layers[0].W.tolist() == [[1.0]]


def test_an_optimiser_without_a_memory_takes_another_network():
    other = one_weight(gradient=2.0)
    after_one_step(SGD(0.1)).step(other)
    assert other.layers[0].W.tolist() == [[0.8]]


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: SGD(0), ValueError, "lr must be > 0, got 0"),
        (lambda: SGD(float("nan")), ValueError, "lr must be > 0, got nan"),
        (lambda: SGD("0.1"), TypeError, "lr must be a number, got '0.1'"),
        (
            lambda: SGD(1, momentum=1),
            ValueError,
            "momentum must be >= 0 and < 1, got 1",
        ),
        (lambda: Adam(-1), ValueError, "lr must be > 0, got -1"),
        (lambda: Adam(beta1=1), ValueError, "beta1 must be >= 0 and < 1, got 1"),
        (lambda: Adam(beta2=-0.1), ValueError, "beta2 must be >= 0 and < 1, got -0.1"),
        (lambda: Adam(epsilon=0), ValueError, "epsilon must be > 0, got 0"),
    ],
)
def test_wrong_options_of_an_optimiser_are_refused(make, error, message):
    with pytest.raises(error, match=f"^{message}$"):
        make()


# Accuracy and fit ---------------------------------------------------------------------


def test_accuracy_is_the_fraction_of_right_classes():
    network = Sequential([Dense(np.eye(2))])
    X = [[1, 0], [0, 1], [1, 0], [1, 0]]
    assert accuracy(network, X, [0, 1, 1, 0]) == 0.75
    assert accuracy(network, X, np.array([1, 0, 1, 1])) == 0.0


@pytest.mark.parametrize(
    ("y", "error", "message"),
    [
        ([[0], [1]], ValueError, r"y must have shape \(2,\), got \(2, 1\)"),
        ([0.0, 1.0], TypeError, "y must hold whole-number class labels"),
    ],
)
def test_accuracy_refuses_what_are_no_labels(y, error, message):
    with pytest.raises(error, match=f"^{message}"):
        accuracy(mlp((2, 2)), np.ones((2, 2)), y)


def test_fit_learns_xor():
    network = mlp((2, 8, 1), activation="tanh", seed=1)
    assert accuracy(network, X_XOR, Y_XOR) < 1.0
    loss, optimiser = SigmoidCrossEntropy(), Adam(0.05)
    history = fit(network, loss, optimiser, X_XOR, Y_XOR, epochs=200, batch_size=4)
    assert accuracy(network, X_XOR, Y_XOR) == 1.0
    assert history["loss"][-1] < 0.05 < history["loss"][0]


@pytest.mark.parametrize("optimiser", [SGD(0.1), SGD(0.02, momentum=0.9), Adam(0.05)])
def test_fit_learns_three_classes(optimiser):
    network = mlp((2, 8, 3))
    X, y = blobs()
    history = fit(network, SoftmaxCrossEntropy(), optimiser, X, y, epochs=20)
    assert history["loss"][-1] < 0.1 * history["loss"][0]
    assert accuracy(network, *blobs(seed=1)) == 1.0


def test_fit_learns_a_line():
    x = np.linspace(-1.0, 1.0, 50)[:, None]
    network = mlp((1, 1))
    fit(network, MeanSquaredError(), SGD(0.1), x, 3.0 * x - 2.0, epochs=200)
    assert network.layers[0].W.item() == pytest.approx(3.0, abs=1e-6)
    assert network.layers[0].b.item() == pytest.approx(-2.0, abs=1e-6)


def test_the_history_has_one_number_for_each_epoch():
    arguments = (SoftmaxCrossEntropy(), SGD(0.1), *blobs())
    history = fit(mlp((2, 3)), *arguments, epochs=3)
    assert {key: len(values) for key, values in history.items()} == {"loss": 3}

    network, test = mlp((2, 3)), blobs(seed=1)
    history = fit(network, *arguments, epochs=4, test=test)
    lengths = {key: len(values) for key, values in history.items()}
    assert lengths == {"loss": 4, "test_loss": 4, "test_accuracy": 4}
    X, y = test
    assert history["test_loss"][-1] == arguments[0].forward(network.forward(X), y)
    assert history["test_accuracy"][-1] == accuracy(network, X, y)
    assert all(type(v) is float for values in history.values() for v in values)


@pytest.mark.parametrize("dtype", [float, int])
def test_targets_that_are_no_labels_have_a_test_loss_and_no_accuracy(dtype):
    x = np.arange(-2, 3)[:, None]
    test = (x, (2 * x).astype(dtype))
    network, loss = mlp((1, 1)), MeanSquaredError()
    history = fit(network, loss, SGD(0.01), x, 2.0 * x, epochs=3, test=test)
    assert list(history) == ["loss", "test_loss"]
    assert history["test_loss"][-1] == loss.forward(network.forward(x), 2.0 * x)
    assert history["test_loss"] == sorted(history["test_loss"], reverse=True)


def test_testing_does_not_change_the_training():
    with_test, without = mlp((2, 4, 3)), mlp((2, 4, 3))
    arguments = (SoftmaxCrossEntropy(), *blobs())
    for network, test in ((with_test, blobs(seed=1)), (without, None)):
        loss, X, y = arguments
        fit(network, loss, SGD(0.1), X, y, epochs=2, test=test)
    assert_same(with_test.layers[0].W, without.layers[0].W, rtol=0.0)


def test_after_each_epoch_a_function_is_called_and_may_stop_the_training():
    seen = []

    def record(epoch, history):
        seen.append((epoch, len(history["loss"]), len(history["test_loss"])))
        return epoch == 3

    arguments = (SoftmaxCrossEntropy(), SGD(0.1), *blobs())
    options = {"epochs": 5, "test": blobs(seed=1), "after_epoch": record}
    history = fit(mlp((2, 3)), *arguments, **options)
    assert seen == [(1, 1, 1), (2, 2, 2), (3, 3, 3)]
    assert {len(values) for values in history.values()} == {3}


def test_a_function_that_returns_nothing_lets_the_training_go_on():
    epochs = []
    fit(
        mlp((2, 3)),
        SoftmaxCrossEntropy(),
        SGD(0.1),
        *blobs(),
        epochs=3,
        after_epoch=lambda epoch, history: epochs.append(epoch),
    )
    assert epochs == [1, 2, 3]


def test_the_loss_of_an_epoch_is_the_mean_over_rows_and_not_over_batches():
    class Still:
        """An optimiser that takes no step."""

        def step(self, network):
            pass

    network, loss, (X, y) = mlp((2, 3)), SoftmaxCrossEntropy(), blobs(n=10)
    history = fit(network, loss, Still(), X, y, epochs=2, batch_size=4)
    whole = loss.forward(network.forward(X), y)
    assert history["loss"] == pytest.approx([whole, whole], rel=1e-12)


def test_the_seed_decides_the_course_of_the_training():
    def run(seed):
        network = mlp((2, 4, 3))
        loss, optimiser = SoftmaxCrossEntropy(), SGD(0.1)
        history = fit(network, loss, optimiser, *blobs(), epochs=2, seed=seed)
        return history["loss"], network.layers[0].W

    (loss, W), (loss_again, W_again), (loss_other, W_other) = run(0), run(0), run(1)
    assert loss == loss_again
    assert_same(W, W_again, rtol=0.0)
    assert loss != loss_other
    assert not np.array_equal(W, W_other)


def test_fit_leaves_its_data_alone_and_takes_lists():
    X, y = blobs()
    arguments = {"epochs": 1, "test": (X.tolist(), y.tolist())}
    loss, optimiser = SoftmaxCrossEntropy(), SGD(0.1)
    history = fit(mlp((2, 3)), loss, optimiser, X, y, epochs=1, test=(X, y))
    assert_same(X, blobs()[0], rtol=0.0)
    assert_same(y, blobs()[1], rtol=0.0)
    assert history == fit(
        mlp((2, 3)), loss, optimiser, X.tolist(), y.tolist(), **arguments
    )


@pytest.mark.parametrize(
    ("loss", "n_out", "y"),
    [
        (SoftmaxCrossEntropy(), 2, Y_XOR),
        (SigmoidCrossEntropy(), 1, Y_XOR),
        (MeanSquaredError(), 1, Y_XOR[:, None]),
    ],
)
def test_a_loss_that_diverges_stops_the_training_with_advice(loss, n_out, y):
    network = mlp((2, 8, 8, n_out))
    with (
        np.errstate(all="ignore"),
        pytest.raises(
            FloatingPointError,
            match=r"^the loss is (nan|inf) in epoch \d: try a smaller learning rate$",
        ),
    ):
        fit(network, loss, SGD(1e200), X_XOR, y, epochs=9, batch_size=2)


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"epochs": 0}, ValueError, "epochs must be >= 1, got 0"),
        ({"epochs": 1.5}, TypeError, "epochs must be a whole number, got 1.5"),
        ({"batch_size": 0}, ValueError, "batch_size must be >= 1, got 0"),
        ({"batch_size": "4"}, TypeError, "batch_size must be a whole number, got '4'"),
        ({"seed": -1}, ValueError, "seed must be >= 0, got -1"),
        ({"X": X_XOR * np.nan}, ValueError, "X must be finite, got 8 NaN"),
        ({"X": X_XOR[:, :1]}, ValueError, r"X must have shape \(any, 2\), got"),
        ({"y": [0, 1, 2, 0]}, ValueError, r"y must be class labels 0 \.\. 1, got"),
        ({"y": Y_XOR * 1.0}, TypeError, "y must hold whole-number class labels"),
        ({"test": X_XOR}, TypeError, r"test must be a pair \(X, y\), got array"),
        ({"test": 3}, TypeError, r"test must be a pair \(X, y\), got 3"),
        (
            {"test": (X_XOR, Y_XOR[:2])},
            ValueError,
            r"test\[0\] and test\[1\] must have one length, got shapes \(4, 2\) and",
        ),
        ({"test": ([], [])}, ValueError, r"test\[0\] must not be empty"),
    ],
)
def test_fit_refuses_wrong_arguments(arguments, error, message):
    loss, optimiser = SoftmaxCrossEntropy(), SGD(0.1)
    with pytest.raises(error, match=f"^{message}"):
        fit(
            mlp((2, 2)),
            loss,
            optimiser,
            **{"X": X_XOR, "y": Y_XOR, "epochs": 1, **arguments},
        )


def test_a_loss_and_an_optimiser_that_changed_places_are_named():
    loss, optimiser = SoftmaxCrossEntropy(), SGD(0.1)
    with pytest.raises(
        TypeError, match=r"^loss must have forward and backward, got SGD$"
    ):
        fit(mlp((2, 2)), optimiser, loss, X_XOR, Y_XOR, epochs=1)
    with pytest.raises(
        TypeError, match=r"^optimiser must have step, got SoftmaxCrossEntropy$"
    ):
        fit(mlp((2, 2)), loss, loss, X_XOR, Y_XOR, epochs=1)


# Speed --------------------------------------------------------------------------------


@pytest.fixture
def one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    with threadpool_limits(1):
        yield
    torch.set_num_threads(before)


def test_training_784_128_10_is_not_slower_than_torch(one_thread):
    rng = np.random.default_rng(0)
    X = rng.uniform(size=(32, 784)).astype(np.float32)
    y = rng.integers(10, size=32)
    network = mlp((784, 128, 10), dtype=np.float32)
    loss, optimiser = SoftmaxCrossEntropy(), SGD(0.1)
    model = to_torch(network)
    optimiser_t = torch.optim.SGD(model.parameters(), 0.1)
    X_t, y_t = torch.from_numpy(X), torch.from_numpy(y)

    def in_numpy():
        loss.forward(network.forward(X), y)
        network.backward(loss.backward(), to_input=False)
        optimiser.step(network)

    def in_torch():
        optimiser_t.zero_grad()
        functional.cross_entropy(model(X_t), y_t).backward()
        optimiser_t.step()

    def seconds(step):
        start = time.perf_counter()
        for _ in range(100):
            step()
        return time.perf_counter() - start

    # In turns, and the fastest of each: what else the machine does slows both.
    times = [(seconds(in_numpy), seconds(in_torch)) for _ in range(8)]
    numpy_time, torch_time = (min(column) for column in zip(*times))
    assert numpy_time <= torch_time
    # Both did the same work.
    assert_same(network.layers[0].W, model[0].weight.detach().numpy().T, atol=1e-3)


# Modes, networks side by side, and the grid -------------------------------------------


class Modes(Activation):
    """Remembers in which mode each forward pass was."""

    def __init__(self):
        super().__init__("identity")
        self.training, self.seen = True, []

    def forward(self, Z):
        self.seen.append(self.training)
        return super().forward(Z)


def test_fit_trains_in_training_mode_measures_in_evaluation_mode_and_stays_there():
    modes = Modes()
    network = Sequential([modes, *mlp((2, 2)).layers])
    X, y = make_moons(20)
    fit(
        network,
        SoftmaxCrossEntropy(),
        SGD(0.1),
        X,
        y,
        epochs=2,
        batch_size=10,
        test=(X, y),
    )
    # Two batches, then the test loss and the test accuracy, twice.
    assert modes.seen == [True, True, False, False] * 2
    assert not modes.training


def test_fit_trains_networks_side_by_side_as_each_alone():
    X, y = make_moons(40)
    alone = [mlp((2, 5, 2), seed=seed) for seed in range(3)]
    many = stack(alone)
    options = {"epochs": 3, "batch_size": 16, "test": (X, y)}
    history = fit(many, SoftmaxCrossEntropy(), Adam(0.05), X, y, **options)
    for i, network in enumerate(alone):
        own = fit(network, SoftmaxCrossEntropy(), Adam(0.05), X, y, **options)
        for name, values in own.items():
            theirs = np.array([value[i] for value in history[name]])
            assert_same(theirs, np.array(values), rtol=1e-9)
    assert accuracy(many, X, y).shape == (3,)


def test_one_network_of_several_that_diverges_stops_the_training():
    X, y = make_moons(40)
    many = stack([mlp((2, 5, 2), seed=seed) for seed in range(2)])
    many.layers[0].W[1, 0, 0] = np.nan
    with pytest.raises(FloatingPointError, match="try a smaller learning rate"):
        fit(many, SoftmaxCrossEntropy(), SGD(0.1), X, y, epochs=1)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("optimiser", [SGD, Adam])
def test_on_the_grid_each_parameter_is_the_nearest_multiple(optimiser, dtype):
    X, y = make_moons(40)
    free, bound = (mlp((2, 5, 2), dtype=dtype) for _ in range(2))
    for network, taken in ((free, optimiser(0.1)), (bound, OnGrid(optimiser(0.1)))):
        fit(network, SoftmaxCrossEntropy(), taken, X, y, epochs=1, batch_size=40)
    for (p, _), (q, _) in zip(free.parameters(), bound.parameters()):
        assert q.dtype == dtype
        assert np.all(q * 2**20 == np.rint(q * 2**20))
        assert np.abs(p - q).max() <= 2.0**-21
        assert not np.array_equal(p, q)


def test_on_the_grid_a_difference_in_the_last_digit_is_gone():
    X, y = make_moons(40)
    runs = []
    for slip in (0.0, 1e-15):
        network = mlp((2, 5, 2))
        network.layers[0].W += slip
        optimiser = OnGrid(SGD(0.5))
        fit(network, SoftmaxCrossEntropy(), optimiser, X, y, epochs=20)
        runs.append(network.layers[0].W)
    assert_same(*runs, rtol=0.0)


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: OnGrid(0.1), TypeError, "optimiser must have step, got"),
        (lambda: OnGrid(SGD(0.1), spacing=0.0), ValueError, "spacing must be > 0"),
    ],
)
def test_a_wrong_grid_is_refused(make, error, message):
    with pytest.raises(error, match=message):
        make()
