"""The clinic: each patient has its own fault, measurably, and no other."""

import numpy as np
import pytest

from course_utils.clinic import (
    DIAGNOSES,
    MARGIN,
    NOTHING,
    PATIENTS,
    admit,
    check_repair,
    diagnose,
)
from course_utils.layers import BatchNorm
from course_utils.networks import mlp
from course_utils.training import SGD, OnGrid


@pytest.mark.parametrize("letter", PATIENTS)
def test_a_patient_has_its_fault_and_no_other(letter):
    found = [name for name, find in DIAGNOSES.items() if find(admit(letter))[0]]
    assert found == [name for name in [PATIENTS[letter][2]] if name != NOTHING]


def test_there_are_at_least_eight_faults_and_one_that_nobody_has():
    faults = {fault for _, _, fault, _ in PATIENTS.values()}
    assert len(faults - {NOTHING}) >= 8
    assert set(DIAGNOSES) - faults == {"too few units"}


@pytest.mark.parametrize("seed", [1, 2, 3])
@pytest.mark.parametrize("letter", ["A", "B", "C"])
def test_a_healthy_network_has_no_fault_at_any_seed(letter, seed):
    for find in DIAGNOSES.values():
        assert not find(PATIENTS[letter][0](seed))[0]


def test_the_fault_that_nobody_has_can_be_found():
    patient = admit("G")
    patient.network = mlp((64, 4, 10))
    assert DIAGNOSES["too few units"](patient)[0]


@pytest.mark.parametrize("letter", PATIENTS)
def test_the_right_diagnosis_is_accepted(letter, capsys):
    diagnose(letter, PATIENTS[letter][2])
    said = capsys.readouterr().out
    assert said.startswith(f"{letter}: {PATIENTS[letter][2]}. Right.\n")
    assert "A healthy network: " in said


def test_a_wrong_diagnosis_is_answered_with_a_measurement(capsys):
    diagnose("E", "too few units")
    said = capsys.readouterr().out
    assert said.startswith(
        "E: too few units. Not this.\n   Before training: the layers"
    )
    assert said.endswith("A healthy network: the layers have 32, 32, 10 units.\n")
    diagnose("A", NOTHING)
    assert "Not this.\n   Test accuracy: 0.10." in capsys.readouterr().out


def test_an_accuracy_as_good_as_a_healthy_one_is_not_the_reason_given(capsys):
    diagnose("H", NOTHING)
    assert "That does not give it away" in capsys.readouterr().out


def test_dead_units_are_those_of_chapter_7():
    patient = admit("G")
    first, bend, *_ = patient.network.layers
    first.W[:, :20], first.b[:20] = 0.0, 0.0  # z is exactly 0: not positive
    assert DIAGNOSES["dead units"](patient)[0]
    bend.name = "tanh"  # its slope at 0 is 1
    assert not DIAGNOSES["dead units"](patient)[0]


@pytest.mark.parametrize("letter", [each for each in PATIENTS if each != "G"])
def test_without_a_repair_the_fault_is_still_there(letter, capsys):
    check_repair(letter, lambda patient: None)
    assert capsys.readouterr().out.startswith(f"{letter}: it is still there: ")


class Likelihood:
    """A cross-entropy that takes probabilities."""

    def forward(self, P, labels):
        self.P, self.at = P, (np.arange(len(P)), labels)
        return float(-np.log(P[self.at]).mean())

    def backward(self):
        gradient = np.zeros_like(self.P)
        gradient[self.at] = -1 / self.P[self.at] / len(self.P)
        return gradient


def normalise(patient):
    patient.network.layers.insert(1, BatchNorm(32))


def own_prepare(patient):
    patient.prepare = lambda raw: raw / 16 - 0.3
    patient.network = mlp((64, 48, 10), activation="tanh", init="glorot_uniform")


def own_loss(patient):
    patient.loss = Likelihood()


@pytest.mark.parametrize(
    ("letter", "repair"),
    [
        ("C", normalise),
        ("D", own_loss),
        ("E", own_prepare),
        ("F", normalise),
        ("I", lambda patient: patient.network.eval()),
        ("I", lambda patient: patient.network.layers.pop(1)),
        ("K", lambda patient: setattr(patient, "optimiser", OnGrid(SGD(0.1)))),
    ],
)
def test_another_right_repair_is_as_good(letter, repair, capsys):
    check_repair(letter, repair)
    assert capsys.readouterr().out.startswith(f"{letter}: cured.")


def same_weights(patient):
    for layer in patient.network.dense_layers():
        layer.W[:] = 0.1


def own_test(patient):
    same_weights(patient)
    patient.test_accuracy = lambda: 1.0


def one_label(patient):
    same_weights(patient)
    patient.labels[:] = patient.test_labels[:] = 0


def smaller_weights(patient):
    patient.network.layers[0].W /= 160


@pytest.mark.parametrize(
    ("letter", "repair", "said"),
    [
        ("A", same_weights, "A: not well after your repair. "),
        ("A", own_test, "A: the test is not part of a repair. "),
        ("A", one_label, "A: the test is not part of a repair. "),
        ("A", lambda _: mlp((64, 32, 32, 10)), "A: what a repair returns is lost. "),
        ("D", lambda patient: patient.train(50), "D: it is still there: "),
        ("F", smaller_weights, "F: not well after your repair. "),
        (
            "K",
            lambda patient: setattr(patient.optimiser, "lr", 1.0),
            "K: not well after your repair",
        ),
    ],
)
def test_what_is_no_repair_is_told_why(letter, repair, said, capsys):
    check_repair(letter, repair)
    assert capsys.readouterr().out.startswith(said)


def test_who_was_never_ill_is_not_cured(capsys):
    check_repair("G", lambda patient: None)
    assert capsys.readouterr().out.startswith("G: well, as it was before.")


def test_a_patient_is_the_same_for_the_same_seed():
    first, second, other = admit("K"), admit("K"), admit("K", seed=1)
    assert first.train(1) == second.train(1) != other.train(1)
    assert 0 < MARGIN < 0.05


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: admit("Z"), "letter must be one of A, B, C"),
        (lambda: diagnose("A", "flu"), "fault must be one of all weights zero"),
    ],
)
def test_what_is_not_known_is_named(call, message):
    with pytest.raises(ValueError, match=message):
        call()
