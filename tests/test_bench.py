"""The grader beside nbgrader and otter-grader: the same marks, and how much faster."""

import time

import bench_graders
import pytest
from bench_graders import (
    EXERCISES,
    Measured,
    answer,
    check_marks,
    make_submissions,
    table,
)
from example_course import RIGHT, answers, write_book, write_submissions

from course_utils.grading.grader import find_submissions, grade_all, make_answer_key


def test_the_submissions_are_of_every_kind_and_no_two_alike(tmp_path):
    marks = make_submissions(tmp_path, 16)
    totals = {sum(scores.values()) for scores in marks.values()}
    assert 4.0 in totals
    assert len(totals) >= 4
    texts = {path.read_text() for path in tmp_path.glob("*/*.ipynb")}
    assert len(texts) == 16
    for name in EXERCISES:
        kinds = {answer(name, kind, 0) for kind in set(bench_graders.KINDS)}
        assert len(kinds) == 4
        together = "".join(texts)
        assert all(k.splitlines()[-1].strip() in together for k in kinds)


def test_marks_that_are_not_deserved_are_an_error():
    deserved = {"ada": {"f": 2.0}, "bob": {"f": 0.0}}

    def graded(marks):
        return Measured("a tool", 1, 1.0, 1.0, marks)

    check_marks(graded({"ada": {"f": 2}, "bob": {"f": 0}}), deserved)
    with pytest.raises(RuntimeError, match=r"a tool gives bob \{'f': 2\}, not"):
        check_marks(graded({"ada": {"f": 2}, "bob": {"f": 2}}), deserved)
    with pytest.raises(RuntimeError, match="a tool gives bob None, not"):
        check_marks(graded({"ada": {"f": 2}}), deserved)


def test_the_table_compares_rates():
    marks = {"ada": {}, "bob": {}}
    fast, slow = (Measured("a", 2, s, 2 * s, marks) for s in (0.5, 4.0))
    first, second = table([fast, slow]).splitlines()[2:]
    assert first.split() == ["a", "2", "2", "0.5", "4.00", "1.0", "0.500", "1.0"]
    assert second.split() == ["a", "2", "2", "4.0", "0.50", "8.0", "4.000", "8.0"]


@pytest.mark.graders
def test_ten_times_nbgrader_and_twenty_five_times_otter(graders, tmp_path):
    ours, nbgrader, otter = bench_graders.compare(tmp_path, n=100, others=4, workers=2)
    print(table([ours, nbgrader, otter]))
    assert ours.rate >= 10 * nbgrader.rate
    assert ours.rate >= 25 * otter.rate


def rate(folder, key, workers):
    """Return how many submissions in a folder are graded in a second."""
    found = find_submissions(folder, {key.chapter: list(key.cases)})
    began = time.perf_counter()
    records = list(grade_all(found, [key], folder, workers=workers))
    assert {record["status"] for record in records} == {"ok"}
    return len(records) / (time.perf_counter() - began)


@pytest.mark.sandbox
def test_a_thousand_submissions_take_less_than_two_minutes(tmp_path):
    make_submissions(tmp_path, 60)
    key = make_answer_key(bench_graders.CHAPTER, bytes(32))
    assert rate(tmp_path, key, 2) > 1000 / 120


@pytest.mark.sandbox
def test_twice_the_workers_have_at_least_1_7_times_the_rate(tmp_path):
    """With answers that wait, so that other programs on the machine do not decide.

    `tools/bench_graders.py --ours-only 1000` measures it with answers that compute.
    """
    key = make_answer_key(write_book(tmp_path / "book"), bytes(32))
    slow = "import time\ndef double(x):\n    time.sleep(0.1)\n    return 2 * x"
    content = answers(**RIGHT | {"double": slow})
    students = {f"s{i:02}": content for i in range(16)}
    folder = write_submissions(tmp_path / "submissions", **students)
    assert rate(folder, key, 2) >= 1.7 * rate(folder, key, 1)
