"""The broken-network clinic: networks with one fault each, to be found by measuring.

:func:`admit` brings a patient, :func:`diagnose` says whether you found its fault, and
:func:`check_repair` whether it learns once you have mended it. Reading this file spoils
the fun: the faults are in :data:`PATIENTS`.
"""

from __future__ import annotations

import copy
import functools
import textwrap
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from course_utils._arguments import one_of
from course_utils.checks import numerical_gradient
from course_utils.datasets import load_digits_8x8, make_annulus
from course_utils.layers import (
    Activation,
    BatchNorm,
    SoftmaxCrossEntropy,
    softmax,
)
from course_utils.networks import Sequential, mlp
from course_utils.training import SGD, Adam, OnGrid, Optimiser, fit

NOTHING = "nothing is wrong"
MARGIN = 0.04  # of accuracy, that a mended network may lie below one that was never ill


@dataclass
class Patient:
    """A network with all that it is trained and tested with. Everything can be changed.

    Attributes
    ----------
    complaint : str
        What its owner says.
    network : Sequential
        Not trained yet.
    raw, labels : ndarray, shape (n, n_in) and (n,)
        What it is trained on, as measured.
    test_raw, test_labels : ndarray
        What it is tested on. They come class by class.
    prepare : callable
        Turns `raw` or `test_raw` into inputs of the network.
    optimiser : SGD or Adam
    loss : SoftmaxCrossEntropy
    epochs : int
    seed : int
        Seed of the order of the samples.
    calls_eval : bool
        Whether :meth:`answer` puts the network into evaluation mode first.
    """

    complaint: str
    network: Sequential
    raw: np.ndarray
    labels: np.ndarray
    test_raw: np.ndarray
    test_labels: np.ndarray
    prepare: Callable[[np.ndarray], np.ndarray]
    optimiser: Optimiser
    seed: int
    loss: SoftmaxCrossEntropy = field(default_factory=SoftmaxCrossEntropy)
    epochs: int = 12
    calls_eval: bool = True

    def train(self, epochs: int | None = None) -> list[float]:
        """Train in place and return the mean loss of each epoch.

        The network is left in the mode in which it came.
        """
        mode = any(getattr(layer, "training", False) for layer in self.network.layers)
        history = fit(
            self.network,
            self.loss,
            OnGrid(self.optimiser),
            self.prepare(self.raw),
            self.labels,
            epochs=self.epochs if epochs is None else epochs,
            seed=self.seed,
        )
        self.network.train(mode)
        return history["loss"]

    def answer(self, raw: np.ndarray) -> np.ndarray:
        """Return the logits for a batch of `raw` samples, shape (batch, n_classes)."""
        if self.calls_eval:
            self.network.eval()
        return self.network.forward(self.prepare(raw))

    def test_accuracy(self) -> float:
        """Return the share of right answers on the test samples, 36 at a time."""
        order = np.argsort(self.test_labels, kind="stable")
        right = [
            self.answer(self.test_raw[rows]).argmax(axis=1) == self.test_labels[rows]
            for rows in np.array_split(order, len(order) // 36)
        ]
        return float(np.concatenate(right).mean())


# --------------------------------------------------------------------------------------
# Healthy networks, and what can be wrong with them
# --------------------------------------------------------------------------------------


def _digits(seed: int) -> Patient:
    """Return a healthy network for 8 by 8 digits."""
    X, y, X_test, y_test = load_digits_8x8()
    return Patient(
        complaint="",
        network=mlp((64, 32, 32, 10), seed=seed),
        raw=(16 * X).round().astype(int),
        labels=y,
        test_raw=(16 * X_test).round().astype(int),
        test_labels=y_test,
        prepare=lambda raw: raw / 16,
        optimiser=SGD(0.1),
        seed=seed,
    )


def _tanh_digits(seed: int) -> Patient:
    """Return the same with tanh."""
    patient = _digits(seed)
    patient.network = mlp((64, 32, 32, 10), activation="tanh", seed=seed)
    return patient


def _points(seed: int) -> Patient:
    """Return a healthy network for points of a disc and a ring."""
    X, y = make_annulus(400, seed=seed)
    X_test, y_test = make_annulus(360, seed=1000 + seed)
    network = mlp((2, 16, 16, 2), seed=seed)
    return Patient(
        "", network, X, y, X_test, y_test, lambda raw: raw, Adam(0.01), seed, epochs=40
    )


def _zero_weights(patient: Patient) -> None:
    for layer in patient.network.dense_layers():
        layer.W[:] = 0.0


def _dead_units(patient: Patient) -> None:
    patient.network.layers[0].b[:] = -8.0
    patient.network.layers[2].b[:] = 0.1


def _unscaled(patient: Patient) -> None:
    patient.prepare = lambda raw: 10.0 * raw


class _Elu(Activation):
    """An ELU whose derivative has forgotten alpha."""

    def backward(self, dA: np.ndarray) -> np.ndarray:
        return dA * np.where(self.Z > 0, 1.0, np.exp(np.minimum(self.Z, 0.0)))


_Elu.__name__ = _Elu.__qualname__ = "Activation"  # its type must not give it away


def _elu_without_alpha(patient: Patient) -> None:
    patient.network.layers[1] = _Elu("elu", alpha=3.0)
    patient.network.layers[3] = _Elu("elu", alpha=3.0)


def _truncated(patient: Patient) -> None:
    patient.prepare = lambda raw: (raw // 16).astype(float)


def _training_mode(patient: Patient) -> None:
    first, bend, *others = patient.network.layers
    patient.network = Sequential([first, BatchNorm(32), bend, *others])
    patient.calls_eval = False


class _Softmax(Activation):
    """The softmax as a layer."""

    def __init__(self) -> None:
        super().__init__("identity")

    def forward(self, Z: np.ndarray) -> np.ndarray:
        self.A = softmax(Z)
        return self.A

    def backward(self, dA: np.ndarray) -> np.ndarray:
        return self.A * (dA - (dA * self.A).sum(axis=-1, keepdims=True))


def _softmax_twice(patient: Patient) -> None:
    patient.network.layers.append(_Softmax())


def _no_activation(patient: Patient) -> None:
    patient.network.layers = patient.network.dense_layers()


def _labels_off_by_one(patient: Patient) -> None:
    patient.labels = np.roll(patient.labels, 1)


def _large_rate(patient: Patient) -> None:
    patient.optimiser = SGD(4.0)


def _nothing(patient: Patient) -> None:
    pass


PATIENTS: dict[str, tuple[Callable, Callable, str, str]] = {
    "A": (_tanh_digits, _zero_weights, "all weights zero", "The loss does not move."),
    "B": (_points, _no_activation, "no activation", "It is no better than a line."),
    "C": (_digits, _dead_units, "dead units", "The loss does not move either."),
    "D": (_digits, _softmax_twice, "softmax twice", "The loss stays above 1.4."),
    "E": (_digits, _truncated, "inputs truncated", "It reads digits badly."),
    "F": (_tanh_digits, _unscaled, "inputs too large", "It hardly learns."),
    "G": (_digits, _nothing, NOTHING, "The loss never gets to 0."),
    "H": (
        _digits,
        _elu_without_alpha,
        "wrong derivative",
        "It learns, and something feels wrong.",
    ),
    "I": (_digits, _training_mode, "training mode", "Good at home, bad in the test."),
    "J": (
        _digits,
        _labels_off_by_one,
        "labels misplaced",
        "It guesses, and not only in the test.",
    ),
    "K": (
        _digits,
        _large_rate,
        "learning rate too large",
        "The loss shot up, and now it stands still.",
    ),
}
"""For each patient: the healthy network, its fault, the fault's name, the complaint."""


def admit(letter: str, *, seed: int = 0) -> Patient:
    """Return a patient, fresh: the same for the same seed.

    >>> admit("A").complaint
    'The loss does not move.'
    """
    make, injure, _, complaint = PATIENTS[one_of("letter", letter, tuple(PATIENTS))]
    patient = make(seed)
    injure(patient)
    patient.complaint = complaint
    return patient


# --------------------------------------------------------------------------------------
# Diagnoses: each is a measurement, and what it says of the fault
# --------------------------------------------------------------------------------------

Finding = tuple[bool, str]


def _is_zero(patient: Patient) -> Finding:
    shares = [float((layer.W == 0).mean()) for layer in patient.network.dense_layers()]
    shown = ", ".join(f"{share:.0%}" for share in shares)
    return min(shares) == 1.0, f"of the weights of each layer, {shown} are zero"


def _activations(patient: Patient) -> list[Activation]:
    """Return the activations of the hidden layers, which have just seen all samples."""
    patient.network.forward(patient.prepare(patient.raw))
    found = [layer for layer in patient.network.layers if isinstance(layer, Activation)]
    return [layer for layer in found if layer.Z is not None]  # the softmax has no Z


def _is_dead(patient: Patient) -> Finding:
    shares = []
    for layer in _activations(patient):
        slopes = layer.backward(np.ones_like(layer.A))
        dead = ((layer.A == 0) & (slopes == 0)).all(axis=0)
        shares.append(float(dead.mean()))
    shares = shares or [0.0]
    shown = ", ".join(f"{share:.0%}" for share in shares)
    return max(shares) > 0.5, (
        f"output and slope are 0 for every sample in {shown} of each hidden layer's "
        "units"
    )


def _is_saturated(patient: Patient) -> Finding:
    first = [layer.Z for layer in _activations(patient)[:1]]
    Z = first[0] if first else patient.network.dense_layers()[0].Z
    size = float(np.sqrt((Z**2).mean()))
    return size > 10, f"the rms of the first layer's pre-activations is {size:.1f}"


def _is_wrong_derivative(patient: Patient) -> Finding:
    network = patient.network.eval()
    X, y = patient.prepare(patient.raw)[:16], patient.labels[:16]

    def value() -> float:
        return patient.loss.forward(network.forward(X), y)

    value()
    network.backward(patient.loss.backward())
    pairs = [(p, gradient.copy()) for p, gradient in network.parameters()]
    errors = [
        abs(numerical_gradient(value, p) - gradient).max() for p, gradient in pairs
    ]
    error = max(errors) / max(abs(gradient).max() for _, gradient in pairs)
    return error > 1e-3, (
        "central differences differ from the gradients by up to "
        f"{error:.1%} of the largest gradient"
    )


def _is_truncated(patient: Patient) -> Finding:
    before = len(np.unique(patient.raw))
    after = len(np.unique(patient.prepare(patient.raw)))
    return after < before, f"{before} different raw values become {after} inputs"


def _is_training_mode(patient: Patient) -> Finding:
    among = [patient.raw[:32], np.concatenate([patient.raw[:1], patient.raw[-31:]])]
    first, second = (patient.answer(batch)[0] for batch in among)
    gap = float(abs(first - second).max())
    return gap > 1e-6, (
        f"with other neighbours in its batch, a sample's logits change by {gap:.2f}"
    )


def _is_softmax_twice(patient: Patient) -> Finding:
    outputs, labels = patient.answer(patient.raw[:100]), patient.labels[:100]
    sums = outputs.sum(axis=1)
    once = np.allclose(sums, 1.0) and outputs.min() >= 0
    again = SoftmaxCrossEntropy().forward(outputs, labels)  # takes them for logits
    twice = once and np.isclose(patient.loss.forward(outputs, labels), again)
    return bool(twice), (
        "for each sample, what the loss gets adds up to between "
        f"{sums.min():.2f} and {sums.max():.2f}"
    )


def _is_linear(patient: Patient) -> Finding:
    def outputs(X: np.ndarray) -> np.ndarray:
        return patient.network.eval().forward(X)

    X = patient.prepare(patient.raw).astype(float)
    a, b = X[:100], X[100:200]
    gap = float(abs(outputs((a + b) / 2) - (outputs(a) + outputs(b)) / 2).max())
    spread = float(outputs(X).std(axis=0).max())
    return gap < 1e-9 < spread, (
        "half way between two samples, the logits miss the mean of the two by up to "
        f"{gap:.2f} (their standard deviation: {spread:.2f})"
    )


def _is_misplaced(patient: Patient) -> Finding:
    X = patient.raw[:400].astype(float)
    distance = ((X[:, None] - X[None]) ** 2).sum(axis=-1)
    np.fill_diagonal(distance, np.inf)
    labels = patient.labels[:400]
    share = float((labels[distance.argmin(axis=1)] == labels).mean())
    return (
        share < 0.5,
        f"{share:.0%} of the samples have the label of the one most alike",
    )


def _is_large_rate(patient: Patient) -> Finding:
    if not hasattr(patient.optimiser, "lr"):  # one that a repair brought
        return False, "its optimiser has no attribute lr"
    smaller = copy.deepcopy(patient)
    smaller.optimiser.lr /= 20
    as_it_is = copy.deepcopy(patient).train(2)[-1]
    after = smaller.train(2)[-1]
    return after < as_it_is / 2, (
        f"the loss of the second epoch is {as_it_is:.2f}, and {after:.2f} with a "
        "twentieth of the rate"
    )


def _is_narrow(patient: Patient) -> Finding:
    widths = [layer.W.shape[1] for layer in patient.network.dense_layers()]
    return min(widths[:-1]) < 8, f"the layers have {', '.join(map(str, widths))} units"


DIAGNOSES: dict[str, Callable[[Patient], Finding]] = {
    "all weights zero": _is_zero,
    "dead units": _is_dead,
    "inputs too large": _is_saturated,
    "inputs truncated": _is_truncated,
    "labels misplaced": _is_misplaced,
    "learning rate too large": _is_large_rate,
    "no activation": _is_linear,
    "softmax twice": _is_softmax_twice,
    "too few units": _is_narrow,
    "training mode": _is_training_mode,
    "wrong derivative": _is_wrong_derivative,
}
"""Each fault by name, with the measurement that tells it; one of them nobody has."""


@functools.cache
def _healthy_accuracy(make: Callable[[int], Patient], seed: int) -> float:
    """Return the test accuracy of a network that was never ill."""
    healthy = make(seed)
    healthy.train()
    return healthy.test_accuracy()


def diagnose(letter: str, fault: str) -> None:
    """Print whether a patient has a fault, with what was measured for it.

    The same is measured in a healthy network, to compare.

    Parameters
    ----------
    letter : str
        A key of :data:`PATIENTS`.
    fault : str
        A key of :data:`DIAGNOSES`, or "nothing is wrong".

    >>> diagnose("A", "too few units")
    A: too few units. Not this.
       Before training: the layers have 32, 32, 10 units.
       A healthy network: the layers have 32, 32, 10 units.
    """
    one_of("fault", fault, (*DIAGNOSES, NOTHING))
    patient = admit(letter)
    make, _, right, _ = PATIENTS[letter]
    print(f"{letter}: {fault}. {'Right' if fault == right else 'Not this'}.")
    if fault != NOTHING:
        for who, one in (("Before training", patient), ("A healthy network", make(0))):
            _, measured = DIAGNOSES[fault](one)
            text = textwrap.fill(f"{who}: {measured}.", width=80)
            print(textwrap.indent(text, "   "))
        return
    patient.train()
    ours, theirs = patient.test_accuracy(), _healthy_accuracy(make, 0)
    print(f"   Test accuracy: {ours:.2f}. A healthy network: {theirs:.2f}.")
    if right != NOTHING and ours > theirs - MARGIN:
        print("   That does not give it away: one of the measurements does.")


def check_repair(letter: str, repair: Callable[[Patient], None]) -> None:
    """Print whether a patient is well after a repair.

    Three fresh patients, with other seeds, are repaired and trained. The fault must be
    gone, and each must come within `MARGIN` of the test accuracy of a network that
    never had it. How it was done does not matter, but the test is not part of a repair.

    Parameters
    ----------
    letter : str
        A key of :data:`PATIENTS`.
    repair : callable
        Takes a :class:`Patient` that is not trained yet, and changes it in place.
    """
    make, _, fault, _ = PATIENTS[one_of("letter", letter, tuple(PATIENTS))]
    accuracies = []
    for seed in (1, 2, 3):
        patient = admit(letter, seed=seed)
        objection = _objection(letter, seed, patient, repair(patient))
        if objection is not None:
            print(f"{letter}: {objection}")
            return
        patient.train()
        ours, theirs = patient.test_accuracy(), _healthy_accuracy(make, seed)
        accuracies.append(ours)
        if ours < theirs - MARGIN:
            print(
                f"{letter}: not well after your repair. The network gets {ours:.2f} of "
                f"the test right, and one that was never ill {theirs:.2f}. Repair a "
                "patient and measure it again."
            )
            return
    verdict = "well, as it was before" if fault == NOTHING else "cured"
    shown = ", ".join(f"{accuracy:.2f}" for accuracy in accuracies)
    print(f"{letter}: {verdict}. Test accuracy of three of them: {shown}.")


def _objection(
    letter: str, seed: int, patient: Patient, returned: object
) -> str | None:
    """Return what speaks against a repair before the training, or ``None``."""
    is_new = returned is not patient and returned is not patient.network
    if is_new and isinstance(returned, Patient | Sequential):
        return (
            "what a repair returns is lost. Change the patient that it gets, as in "
            "`patient.network = ...`."
        )
    fault = PATIENTS[letter][2]
    if fault in DIAGNOSES:
        still, measured = DIAGNOSES[fault](copy.deepcopy(patient))
        if still:
            return f"it is still there: {measured}."
    labels = admit(letter, seed=seed).test_labels
    same = np.array_equal(patient.test_labels, labels)
    if not same or "test_accuracy" in vars(patient):
        return (
            "the test is not part of a repair. Leave `test_labels` and `test_accuracy` "
            "as they are."
        )
    return None
