"""The grader: keys, records, many submissions, and going on after an interruption."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from types import SimpleNamespace

import pytest
from example_course import RIGHT, WRONG, answers, write_book, write_submissions

from course_utils.grading.editions import Chapter
from course_utils.grading.grader import (
    Submission,
    find_submissions,
    grade_all,
    grade_one,
    make_answer_key,
    read_notebook,
    read_secret,
)
from course_utils.grading.results import ResultsFile, read_results
from course_utils.grading.sandbox import SandboxError

pytestmark = pytest.mark.sandbox

SECRET = bytes(32)
NAMES = {"01-small": ["double", "outer"]}


@pytest.fixture(scope="module")
def chapter(tmp_path_factory):
    """The notebook of the small chapter."""
    return Chapter(write_book(tmp_path_factory.mktemp("book")))


@pytest.fixture(scope="module")
def key(chapter):
    """Its answer key."""
    return make_answer_key(chapter.notebook, SECRET)


@pytest.fixture
def submissions(tmp_path):
    """A folder of right, half right, wrong, unwritten, missing, unreadable ones."""
    stub = "def double(x):\n    raise NotImplementedError"
    return write_submissions(
        tmp_path / "submissions",
        ada=answers(**RIGHT),
        bob=answers(**RIGHT | {"outer": WRONG["outer"]}),
        cyd=answers(**WRONG),
        dan=answers(double=stub),
        eve=None,
        fay=b"{ no notebook",
    )


def timeless(records):
    """Return records without their timings, as text, in one order."""
    kept = [{k: v for k, v in r.items() if k != "seconds"} for r in records]
    return sorted(json.dumps(record, sort_keys=True) for record in kept)


def run(folder, key, **options):
    """Grade a folder and return its records by student."""
    found = find_submissions(folder, NAMES)
    records = grade_all(found, [key], folder, **options)
    return {record["student"]: record for record in records}


# ----------------------------------------------------------------------- the answer key


def test_another_secret_gives_other_inputs_and_the_same_secret_the_same(chapter, key):
    again = make_answer_key(chapter.notebook, SECRET)
    other = make_answer_key(chapter.notebook, b"x" * 32)
    assert again == key
    assert again.fingerprint == key.fingerprint
    assert other.fingerprint != key.fingerprint
    assert other.secret_id != key.secret_id
    mine, theirs = (k.cases["double"]["cases"] for k in (key, other))
    assert mine[0]["given"] == theirs[0]["given"]  # the case by hand
    assert mine[1]["given"] != theirs[1]["given"]


def test_the_key_says_nothing_of_the_secret_and_the_declaration_no_solution(key):
    assert SECRET.hex() not in json.dumps(vars(key))
    assert "Mistake(" not in key.declaration
    assert "twice_as_much" not in key.declaration


def test_secret_is_made_once_and_only_for_its_owner(tmp_path):
    path = tmp_path / "secret.key"
    with pytest.raises(FileNotFoundError, match="course assign"):
        read_secret(path)
    secret = read_secret(path, make=True)
    assert len(secret) == 32
    assert read_secret(path, make=True) == read_secret(path) == secret
    assert path.stat().st_mode & 0o777 == 0o600
    path.write_text("password\n")
    with pytest.raises(ValueError, match="64 hexadecimal digits"):
        read_secret(path)


# ----------------------------------------------------------------------- one submission


def test_right_answers_earn_their_points(key):
    record = grade_one(answers(**RIGHT), key)
    assert (record["status"], record["score"], record["points"]) == ("ok", 3, 3)
    assert [e["score"] for e in record["exercises"]] == [1, 2]
    assert [e["passed"] for e in record["exercises"]] == [3, 2]
    assert record["sandbox"] == "bubblewrap"
    assert record["exercises"][0]["source"].endswith(RIGHT["double"])


def test_a_wrong_answer_says_what_was_given_what_came_and_a_hint(key):
    double, outer = grade_one(answers(**WRONG), key)["exercises"]
    assert (double["status"], double["score"], double["passed"]) == ("ok", 0, 0)
    assert double["given"] == [["x", "[1., 3.]  shape (2,)"]]
    assert double["came"] == "[1., 9.]  shape (2,)"
    assert double["hint"] == "that is the square."
    assert double["problem"].startswith("2 of 2 values differ")
    assert "ValueError: matmul" in outer["came"]
    assert "return x @ y" in outer["came"]
    assert "expected" not in json.dumps(double)


def test_equal_wrong_answers_have_equal_fingerprints(key):
    one = grade_one(answers(double=WRONG["double"]), key)["exercises"][0]
    same = grade_one(answers(double="def double(x):\n    return x**2"), key)
    other = grade_one(answers(double="def double(x):\n    return x"), key)
    assert one["answers"] == same["exercises"][0]["answers"]
    assert one["answers"] != other["exercises"][0]["answers"]


def test_what_is_not_there_and_what_is_not_written_are_missing(key):
    stub = "def double(x):\n    raise NotImplementedError"
    exercises = grade_one(answers(double=stub), key)["exercises"]
    assert [(e["status"], e["score"]) for e in exercises] == [("missing", 0)] * 2


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"{}", b"\xff\xfe", b"null"])
def test_what_is_no_notebook_is_unreadable(key, content):
    record = grade_one(content, key)
    assert (record["status"], record["score"]) == ("unreadable", 0)
    assert "not a notebook" in record["note"]


def test_what_is_too_large_is_not_opened(key):
    record = grade_one(b" " * ((20 << 20) + 1), key)
    assert (record["status"], record["note"]) == ("unreadable", "larger than 20 MB")


@pytest.mark.parametrize("error", [SandboxError("no sandbox"), OSError("no memory")])
def test_a_failure_of_the_infrastructure_is_no_score(key, monkeypatch, error):
    def fail(*arguments, **options):
        raise error

    monkeypatch.setattr("course_utils.grading.grader.borrowed", fail)
    record = grade_one(answers(**RIGHT), key)
    assert record["status"] == "infra_error"
    assert record["note"] == str(error)
    assert record["score"] is None
    assert {e["score"] for e in record["exercises"]} == {None}


@pytest.mark.parametrize(
    "said",
    [
        [],
        [{}],
        [{"name": "double"}],
        [{"name": "double", "status": "perfect", "results": [], "source": ""}],
        [{"name": "double", "status": "ok", "results": "all", "source": ""}],
        [{"name": "double", "status": "ok", "results": [{"array": 1}], "source": 7}],
        [{"name": "double", "status": "ok", "results": [1] * 99, "source": ""}],
        [{"name": ["double"], "status": {}, "results": None}],
    ],
)
def test_whatever_the_worker_says_is_at_worst_a_wrong_answer(key, monkeypatch, said):
    lend(monkeypatch, *[[{"begin": n}, *said] for n in key.cases])
    record = grade_one(answers(**RIGHT), key)
    assert (record["status"], record["score"]) == ("ok", 0)


def lend(monkeypatch, *answers):
    """Lend a sandbox that says these things, one after the other."""
    wanted, waiting = [], list(answers)

    def run(notebook, names):
        wanted.append(names)
        return waiting.pop(0) if waiting else []

    box = contextlib.nullcontext(SimpleNamespace(run=run))
    monkeypatch.setattr("course_utils.grading.grader.borrowed", lambda *a, **o: box)
    return wanted


def test_when_an_answer_ends_the_sandbox_the_others_are_called_in_another(
    key, monkeypatch
):
    outer = {"name": "outer", "status": "ok", "results": [], "source": ""}
    wanted = lend(
        monkeypatch, [{"begin": "double"}], [{"begin": "outer"}, outer, {"end": True}]
    )
    double, _ = grade_one(answers(**RIGHT), key)["exercises"]
    assert wanted == [["double", "outer"], ["outer"]]
    assert (double["status"], double["score"]) == ("crash", 0)


def test_a_sandbox_that_ended_before_it_began_is_tried_once_more(key, monkeypatch):
    both = [{"begin": n} for n in key.cases]
    lend(monkeypatch, [], both, [{"begin": "double"}])
    assert grade_one(answers(**RIGHT), key)["status"] == "ok"
    lend(monkeypatch, [], [])
    record = grade_one(answers(**RIGHT), key)
    assert (record["status"], record["score"]) == ("infra_error", None)
    assert "before they came to an answer" in record["note"]


def test_without_a_sandbox_the_marks_are_the_same_and_the_record_says_so(key):
    inside, outside = (
        grade_one(answers(**RIGHT | {"outer": WRONG["outer"]}), key, sandboxed=s)
        for s in (True, False)
    )
    assert outside["sandbox"] == "none"
    assert timeless([outside | {"sandbox": "bubblewrap"}]) == timeless([inside])


# ----------------------------------------------------------------------- which notebook


def test_a_notebook_is_found_by_its_answers_whatever_its_name(tmp_path):
    names = {"01-one": ["alpha", "beta"], "02-two": ["gamma"]}
    folder = write_submissions(tmp_path / "s", ada=answers(x="def gamma():\n    pass"))
    (folder / "ada" / "homework (1).ipynb").write_bytes(
        answers(x="def beta(x):\n    pass")
    )
    found = find_submissions(folder, names)
    assert found == [
        Submission("ada", "01-one", folder / "ada" / "homework (1).ipynb"),
        Submission("ada", "02-two", folder / "ada" / "answer.ipynb"),
    ]


def test_of_two_notebooks_for_a_chapter_the_last_by_name_counts(tmp_path):
    folder = write_submissions(tmp_path / "s", ada=answers(**RIGHT), bob=None)
    (folder / "ada" / "b.ipynb").write_bytes(answers(**WRONG))
    ada, bob = find_submissions(folder, NAMES)
    assert ada.path.name == "b.ipynb"
    assert ada.note == "b.ipynb was graded, and not answer.ipynb"
    assert (bob.path, bob.note) == (None, None)


def test_a_notebook_without_answers_is_taken_for_the_one_chapter_that_lacks(tmp_path):
    names = {"01-one": ["alpha"], "02-two": ["gamma"]}
    folder = write_submissions(
        tmp_path / "s", ada=answers(x="y = 1"), bob=answers(x="def alpha():\n    pass")
    )
    ada, bob = find_submissions(folder, names)
    assert (ada.chapter, ada.path.name) == ("01-one", "answer.ipynb")
    assert ada.note == "no answers in answer.ipynb"
    assert bob.note is None
    both = find_submissions(folder, names, ["01-one", "02-two"])
    assert [s.path for s in both if s.student == "ada"] == [None, None]
    assert {s.note for s in both if s.student == "ada"} == {ada.note}
    (folder / "ada" / "answer.ipynb").rename(folder / "ada" / "02-two.ipynb")
    assert find_submissions(folder, names, ["02-two"])[0].note is None


def test_a_notebook_of_another_chapter_is_not_taken_for_the_one_that_is_graded(
    tmp_path,
):
    names = {"01-one": ["alpha"], "02-two": ["gamma"]}
    folder = write_submissions(tmp_path / "s", ada=answers(x="def alpha():\n    pass"))
    (folder / "ada" / "z.ipynb").write_bytes(answers(x="def gamma():\n    pass"))
    (only,) = find_submissions(folder, names, ["01-one"])
    assert (only.path.name, only.note) == ("answer.ipynb", None)


def test_answers_to_two_chapters_in_one_notebook_count_for_both(tmp_path):
    names = {"01-one": ["alpha", "beta"], "02-two": ["gamma"]}
    every = answers(a="def alpha(): pass", b="def beta(): pass", c="def gamma(): pass")
    folder = write_submissions(tmp_path / "s", ada=every)
    assert [s.chapter for s in find_submissions(folder, names)] == ["01-one"]
    both = find_submissions(folder, names, list(names))
    assert [s.path.name for s in both] == ["answer.ipynb"] * 2


def test_the_folder_of_one_student_is_refused(tmp_path):
    (tmp_path / "01-small.ipynb").write_bytes(answers(**RIGHT))
    with pytest.raises(ValueError, match="01-small and no students"):
        find_submissions(tmp_path, NAMES)


def test_a_cell_that_is_not_python_says_so(key):
    broken = "# my answer\ndef double(x)\n    return 2 * x"
    double, _ = grade_one(answers(double=broken), key)["exercises"]
    assert (double["status"], double["score"]) == ("ok", 0)
    assert double["came"].startswith("SyntaxError: expected ':'")


def test_links_pipes_and_large_files_are_not_read(tmp_path):
    secret = tmp_path / "secret"
    secret.write_text("secret")
    (tmp_path / "link").symlink_to(secret)
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "large").write_bytes(b" " * ((20 << 20) + 1))
    for name, reason in {"link": "a link", "pipe": "plain", "large": "20 MB"}.items():
        with pytest.raises(ValueError, match=reason):
            read_notebook(tmp_path / name)
    assert read_notebook(secret) == b"secret"


def test_a_linked_submission_is_unreadable_and_the_rest_is_graded(tmp_path, key):
    folder = write_submissions(tmp_path / "s", ada=answers(**RIGHT), bob=None)
    (folder / "bob" / "x.ipynb").symlink_to(folder / "ada" / "answer.ipynb")
    (folder / "link").symlink_to(folder / "ada")
    records = run(folder, key)
    assert records.keys() == {"ada", "bob"}
    assert (records["ada"]["score"], records["bob"]["score"]) == (3, 0)
    assert records["bob"]["status"] == "unreadable"


# --------------------------------------------------------------------- many submissions


def test_each_gets_what_it_deserves(submissions, key):
    records = run(submissions, key)
    assert {s: (r["status"], r["score"]) for s, r in records.items()} == {
        "ada": ("ok", 3),
        "bob": ("ok", 1),
        "cyd": ("ok", 0),
        "dan": ("ok", 0),
        "eve": ("missing", 0),
        "fay": ("unreadable", 0),
    }
    assert records["ada"]["file"] == "ada/answer.ipynb"
    assert records["eve"]["file"] is None


def test_one_at_a_time_several_and_a_cluster_agree(submissions, key):
    from distributed import LocalCluster

    one = run(submissions, key, workers=1)
    four = run(submissions, key, workers=4)
    with LocalCluster(
        n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None
    ) as cluster:
        far = run(submissions, key, scheduler=cluster.scheduler_address)
    assert timeless(one.values()) == timeless(four.values()) == timeless(far.values())


def test_what_is_known_is_not_graded_again_unless_something_changed(submissions, key):
    first = run(submissions, key)
    assert run(submissions, key, known=first.values()) == {}
    (submissions / "cyd" / "answer.ipynb").write_bytes(answers(**RIGHT))
    (submissions / "eve" / "late.ipynb").write_bytes(answers(**RIGHT))
    failed = first["ada"] | {"score": None, "status": "infra_error"}
    known = [r for s, r in first.items() if s != "ada"] + [failed]
    again = run(submissions, key, known=known)
    assert {s: r["score"] for s, r in again.items()} == {"ada": 3, "cyd": 3, "eve": 3}


def test_another_key_or_another_sandbox_counts_as_a_change(submissions, chapter, key):
    first = run(submissions, key)
    other = make_answer_key(chapter.notebook, b"x" * 32)
    assert run(submissions, other, known=first.values()).keys() == first.keys()
    unsafe = run(submissions, key, known=first.values(), sandboxed=False)
    assert unsafe.keys() == first.keys()
    assert {r["sandbox"] for r in unsafe.values()} == {"none"}


# -------------------------------------------------------------------- the results file


def test_results_are_read_in_one_order_and_the_last_record_counts(tmp_path):
    path = tmp_path / "results.jsonl"
    with ResultsFile(path) as results:
        for student, score in (("bob", 1), ("ada", 2), ("bob", 3)):
            results.append({"student": student, "chapter": "01", "score": score})
    read = [(r["student"], r["score"]) for r in read_results(path)]
    assert read == [("ada", 2), ("bob", 3)]
    assert len(path.read_text().splitlines()) == 3


def test_existing_results_are_not_written_over(tmp_path):
    path = tmp_path / "results.jsonl"
    with ResultsFile(path) as results:
        results.append({"student": "ada", "chapter": "01"})
        with pytest.raises(BlockingIOError, match="another grader"):
            ResultsFile(path, resume=True)
    with pytest.raises(FileExistsError, match="--resume"):
        ResultsFile(path)


@pytest.mark.parametrize("cut", range(1, 40, 3))
def test_a_line_that_was_cut_off_does_not_count_and_harms_no_other(tmp_path, cut):
    path = tmp_path / "results.jsonl"
    with ResultsFile(path) as results:
        for student in ("ada", "bob"):
            results.append({"student": student, "chapter": "01", "score": 1})
    path.write_bytes(path.read_bytes()[:-cut])
    assert [r["student"] for r in read_results(path)] == ["ada"]
    with ResultsFile(path, resume=True) as results:
        results.append({"student": "cyd", "chapter": "01", "score": 1})
    assert [r["student"] for r in read_results(path)] == ["ada", "cyd"]


def test_a_damaged_line_is_named(tmp_path):
    path = tmp_path / "results.jsonl"
    path.write_text('{"student": "ada", "chapter": "01"}\n{"stu\n')
    with pytest.raises(ValueError, match=r"results\.jsonl, line 2 is damaged"):
        read_results(path)


# ---------------------------------------------------------------------- interruptions


GRADE = """\
import sys
from course_utils.grading.cli import main
main(sys.argv[1:])
"""


def grade_command(tmp_path, chapter, *more):
    return [
        *(sys.executable, "-c", GRADE, "grade", str(tmp_path / "s")),
        *("--book", str(chapter.notebook.parent)),
        *("--secret", str(tmp_path / "secret.key")),
        *("-o", str(tmp_path / "results.jsonl"), *more),
    ]


@pytest.mark.parametrize("stop", [signal.SIGKILL, signal.SIGINT])
def test_interrupted_and_resumed_gives_the_results_of_one_run(tmp_path, chapter, stop):
    subprocess.run(
        [sys.executable, "-c", GRADE, "cases", "--book", chapter.notebook.parent],
        check=True,
    )
    (tmp_path / "secret.key").write_text("0" * 64 + "\n")
    slow = "import time\ndef double(x):\n    time.sleep(0.1)\n    return 2 * x"
    students = {f"s{i:02}": answers(**RIGHT | {"double": slow}) for i in range(12)}
    write_submissions(tmp_path / "s", **students)
    results = tmp_path / "results.jsonl"
    process = subprocess.Popen(
        grade_command(tmp_path, chapter),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        start_new_session=True,
    )
    while not results.exists() or results.read_bytes().count(b"\n") < 3:
        assert process.poll() is None, process.stderr.read().decode()
        time.sleep(0.02)
    process.send_signal(stop)
    process.communicate()
    assert process.returncode == (130 if stop == signal.SIGINT else -stop)
    before = results.read_bytes()
    done = before.count(b"\n")
    assert 3 <= done < 12
    resumed = subprocess.run(
        grade_command(tmp_path, chapter, "--resume"), capture_output=True, text=True
    )
    assert f"{12 - done} graded, {done} kept." in resumed.stdout, resumed.stderr
    assert results.read_bytes().startswith(before)
    key = make_answer_key(chapter.notebook, bytes(32))
    whole = run(tmp_path / "s", key)
    assert timeless(read_results(results)) == timeless(whole.values())
