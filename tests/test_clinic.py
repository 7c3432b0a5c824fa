"""The clinic: each patient has its own fault, measurably, and no other."""

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
from course_utils.networks import mlp


@pytest.mark.parametrize("letter", PATIENTS)
def test_a_patient_has_its_fault_and_no_other(letter):
    found = [name for name, find in DIAGNOSES.items() if find(admit(letter))[0]]
    assert found == [name for name in [PATIENTS[letter][2]] if name != NOTHING]


def test_there_are_at_least_eight_faults_and_one_that_nobody_has():
    faults = {fault for _, _, fault, _ in PATIENTS.values()}
    assert len(faults - {NOTHING}) >= 8
    assert set(DIAGNOSES) - faults == {"too few units"}


@pytest.mark.parametrize("seed", [1, 2, 3])
@pytest.mark.parametrize("letter", ["A", "B"])
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
    assert capsys.readouterr().out == f"{letter}: {PATIENTS[letter][2]}. Right.\n"


def test_a_wrong_diagnosis_is_answered_with_a_measurement(capsys):
    diagnose("E", "too few units")
    said = capsys.readouterr().out
    assert said.startswith("E: not this. ")
    assert said.endswith("measured for it: the layers have 32, 32, 10 units.\n")
    diagnose("A", NOTHING)
    assert "this one 0.10" in capsys.readouterr().out


@pytest.mark.parametrize("letter", [each for each in PATIENTS if each != "G"])
def test_without_a_repair_the_fault_is_still_there(letter, capsys):
    check_repair(letter, lambda patient: None)
    assert capsys.readouterr().out.startswith(f"{letter}: it is still there: ")


def test_a_repair_that_harms_is_not_accepted(capsys):
    def harm(patient):
        patient.prepare = lambda raw: raw / 1600

    check_repair("E", harm)
    assert "the fault is gone, but" in capsys.readouterr().out


def test_another_repair_is_as_good(capsys):
    def other(patient):
        patient.prepare = lambda raw: raw / 16 - 0.3
        patient.network = mlp((64, 48, 10), activation="tanh", init="glorot_uniform")

    check_repair("E", other)
    assert capsys.readouterr().out.startswith("E: cured.")


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
