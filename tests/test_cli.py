"""The command line: what it prints, its exit codes, and what a person is told."""

import contextlib
import json
import shutil
import sys
from types import SimpleNamespace

import pytest
from example_course import RIGHT, WRONG, answers, write_book, write_submissions

from course_utils.grading import cli, doctor, editions
from course_utils.grading.results import read_results
from course_utils.grading.sandbox import SandboxError


@pytest.fixture
def course(tmp_path, monkeypatch, capsys):
    """Run a command of `course` in a folder with a book; return code and output."""
    monkeypatch.chdir(tmp_path)
    write_book(tmp_path / "book")
    monkeypatch.setattr(cli, "CHECKOUT", tmp_path)

    def run(*arguments):
        with pytest.raises(SystemExit) as ended:
            cli.main([str(argument) for argument in arguments])
        printed = capsys.readouterr()
        return ended.value.code, printed.out + printed.err

    assert run("cases") == (0, "01-small.json: cases of double 3, outer 2\n")
    return run


@pytest.fixture
def graded(course, tmp_path):
    """A course with four submissions, graded without a sandbox."""
    assert course("assign", "01", "--unsafe")[0] == 0
    write_submissions(
        tmp_path / "submissions",
        ada=answers(**RIGHT),
        bob=answers(**WRONG),
        cyd=None,
        dan=b"{",
    )
    code, printed = course("grade", "submissions", "--unsafe")
    assert code == 1, printed  # one cannot be read
    return course


def test_without_a_command_the_commands_are_named(course):
    code, printed = course()
    assert code == 2
    assert "COMMAND" in printed


@pytest.mark.parametrize("command", cli.parser()._subparsers._group_actions[0].choices)
def test_each_command_has_help(course, command):
    code, printed = course(command, "--help")
    assert code == 0
    assert f"usage: course {command}" in printed


def test_list(course):
    assert course("list") == (
        0,
        "01-small  A small chapter\n"
        "    3 points, 5 minutes\n"
        "    double, 1 point\n"
        "    outer, 2 points\n",
    )


def test_check_says_what_passes_and_what_does_not(course, tmp_path):
    notebook = tmp_path / "book" / "mine.ipynb"
    notebook.write_bytes(answers(**RIGHT))
    assert course("check", notebook) == (
        0,
        "double: all 3 cases pass.\nouter: all 2 cases pass.\n2 of 2 exercises pass.\n",
    )
    notebook.write_bytes(answers(double=WRONG["double"], x="outer = 1 / 0"))
    code, printed = course("check", notebook)
    assert code == 1
    assert "given     x = [1., 3.]  shape (2,)" in printed
    assert "expected  [2., 6.]  shape (2,)" in printed
    assert "hint      that is the square." in printed
    assert "outer: cannot be defined.\n  ZeroDivisionError" in printed
    assert printed.endswith("0 of 2 exercises pass.\n")
    notebook.write_bytes(answers(double=RIGHT["double"]))
    assert "outer: there is no function of this name." in course("check", notebook)[1]


@pytest.mark.parametrize(
    ("content", "message"),
    [(b"{", "is not a notebook"), (answers(x="y = 1"), "defines none of double")],
)
def test_check_of_what_has_no_answers(course, tmp_path, content, message):
    (tmp_path / "book" / "x.ipynb").write_bytes(content)
    code, printed = course("check", "book/x.ipynb")
    assert code == 2
    assert message in printed


def test_grade_says_how_many_and_where(graded, tmp_path):
    records = read_results(tmp_path / "results.jsonl")
    assert {r["student"]: r["score"] for r in records} == {
        "ada": 3,
        "bob": 0,
        "cyd": 0,
        "dan": 0,
    }
    assert {r["sandbox"] for r in records} == {"none"}
    code, printed = graded("grade", "submissions", "--unsafe", "--resume")
    assert code == 0
    assert "0 graded, 4 kept." in printed


def test_grade_does_not_write_over_results(graded):
    code, printed = graded("grade", "submissions", "--unsafe")
    assert code == 2
    assert "--resume" in printed


def test_regrade_grades_those_named_and_keeps_the_earlier_records(graded, tmp_path):
    path = tmp_path / "submissions" / "bob" / "answer.ipynb"
    path.write_bytes(answers(**RIGHT))
    before = (tmp_path / "results.jsonl").read_bytes()
    code, printed = graded("grade", "submissions", "--unsafe", "--regrade", "bob")
    assert (code, "1 graded, 0 kept." in printed) == (0, True)
    assert (tmp_path / "results.jsonl").read_bytes().startswith(before)
    records = read_results(tmp_path / "results.jsonl")
    assert {r["student"]: r["score"] for r in records}["bob"] == 3
    code, printed = graded("grade", "submissions", "--unsafe", "--regrade", "zoe")
    assert (code, "no submission of zoe" in printed) == (2, True)


def test_infra_errors_are_said_and_graded_by_resume(graded, tmp_path, monkeypatch):
    def fail(*arguments, **options):
        raise SandboxError("no more processes")

    with monkeypatch.context() as patched:
        patched.setattr("course_utils.grading.grader.borrowed", fail)
        code, printed = graded("grade", "submissions", "--unsafe", "--regrade", "ada")
    assert code == 1
    assert "infra_error: ada/answer.ipynb; no more" in printed and "--resume" in printed
    graded("export", "results.jsonl")
    rows = (tmp_path / "grades.csv").read_text(encoding="utf-8-sig").splitlines()
    assert rows[1].split(",")[:5] == ["ada", "", "", "", ""]
    code, printed = graded("grade", "submissions", "--unsafe", "--resume")
    assert (code, "1 graded, 3 kept." in printed) == (0, True)


def test_pages_and_sheets(graded, tmp_path):
    (tmp_path / "roster.csv").write_text("student,name\nada,Ada L\nbob,Bob B\n")
    names = ("--roster", "roster.csv")
    assert graded("feedback", "results.jsonl", *names) == (
        0,
        "Wrote 4 pages to feedback.\n",
    )
    assert "Ada L" in (tmp_path / "feedback" / "ada.html").read_text()
    assert graded("report", "results.jsonl", *names) == (0, "Wrote report.html.\n")
    report = (tmp_path / "report.html").read_text()
    assert "A small chapter" in report and "that is the square." in report
    code, printed = graded("export", "results.jsonl", "--format", "gradescope")
    assert code == 0
    assert json.loads((tmp_path / "gradescope" / "ada.json").read_text())["score"] == 3
    code, printed = graded("export", "results.jsonl", "--format", "canvas")
    assert code == 2 and "roster" in printed


def test_collect_says_what_it_refused(course, tmp_path):
    (tmp_path / "roster.csv").write_text("student,name\nada,Ada L\nbob,Bob B\n")
    folder = write_submissions(tmp_path / "in", ada=answers(**RIGHT))
    assert course("collect", folder, "--roster", "roster.csv", "-o", "out")[0] == 0
    assert (tmp_path / "out" / "ada" / "answer.ipynb").read_bytes() == answers(**RIGHT)
    (folder / "bob").mkdir()
    (folder / "bob" / "x.ipynb").symlink_to("/etc/passwd")
    code, printed = course("collect", folder, "--roster", "roster.csv", "-o", "out")
    assert code == 1
    assert "Refused (1):" in printed and "bob/x.ipynb" in printed


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("assign", "9"), "there is no chapter 9; there are 01-small"),
        (("list", "--book", "nowhere"), "say with --book"),
        (("grade", "nowhere"), "there is no secret.key"),
        (("feedback", "nowhere.jsonl"), "there is no nowhere.jsonl"),
        (("feedback", "book/exercises/01-small.py"), "is no results file"),
        (("export", "r", "--format", "moodle"), "with --roster"),
        (("grade", "s", "-j", "0"), "a number from 1 on is expected, not 0"),
        (("collect", "nowhere", "--roster", "nowhere.csv"), "there is no nowhere.csv"),
    ],
)
def test_errors_say_what_to_do(course, monkeypatch, arguments, message):
    monkeypatch.setattr(cli, "_sandbox", lambda options: True)
    code, printed = course(*arguments)
    assert code == 2
    assert message in printed
    assert "Traceback" not in printed


def test_grade_of_a_folder_without_answers(course, tmp_path):
    course("assign", "01", "--unsafe")
    (tmp_path / "empty").mkdir()
    code, printed = course("grade", "empty", "--unsafe")
    assert (code, "a folder for each student" in printed) == (2, True)
    code, printed = course("grade", "nowhere", "--unsafe")
    assert (code, "nowhere is not a folder" in printed) == (2, True)


def test_chapters_that_nobody_handed_in_are_graded_when_named(course, tmp_path):
    course("assign", "01", "--unsafe")
    write_submissions(tmp_path / "s", ada=None)
    code, printed = course("grade", "s", "--unsafe", "--chapters", "1")
    assert (code, "missing: ada, 01-small" in printed) == (0, True)


def test_interruption_is_said(course, monkeypatch):
    def interrupt(book):
        raise KeyboardInterrupt

    monkeypatch.setattr(editions, "find_chapters", interrupt)
    assert course("list") == (130, "\nInterrupted. What is in the results is kept.\n")


# --------------------------------------------------------------------------- the doctor


@pytest.mark.sandbox
def test_the_doctor_finds_nothing_here(course):
    assert course("doctor") == (0, "The sandbox works: answers can be graded here.\n")


def test_without_a_sandbox_nothing_is_graded(course, monkeypatch, tmp_path):
    monkeypatch.setattr(shutil, "which", lambda name: None)
    monkeypatch.setattr(sys, "platform", "linux")
    code, printed = course("assign", "01")
    assert code == 2
    assert "bubblewrap is not installed" in printed and "--unsafe" in printed
    assert not (tmp_path / "release").exists()


@pytest.mark.parametrize(
    ("release", "command"),
    [
        ("ID=debian\n", "sudo apt install bubblewrap"),
        ('ID=linuxmint\nID_LIKE="ubuntu debian"\n', "sudo apt install bubblewrap"),
        ('ID="fedora"\n', "sudo dnf install bubblewrap"),
        ("ID=other\n", "the package is called bubblewrap"),
    ],
)
def test_the_doctor_says_how_to_install(monkeypatch, tmp_path, release, command):
    (tmp_path / "os-release").write_text(release)
    monkeypatch.setattr(doctor, "OS_RELEASE", tmp_path / "os-release")
    monkeypatch.setattr(shutil, "which", lambda name: None)
    monkeypatch.setattr(sys, "platform", "linux")
    assert doctor.find_problem().endswith(command)


def test_the_doctor_says_where_grading_works_at_all(monkeypatch):
    monkeypatch.setattr(sys, "platform", "darwin")
    assert "needs Linux" in doctor.find_problem()


@pytest.mark.parametrize("setting", ["1", "0"])
def test_the_doctor_knows_settings_of_the_kernel(monkeypatch, tmp_path, setting):
    def fail(*arguments, **options):
        raise SandboxError("bwrap: setting up uid map: Permission denied")

    (tmp_path / "userns").write_text(f"{setting}\n")
    advice = {str(tmp_path / "userns"): ("1", "Allow it for bubblewrap")}
    monkeypatch.setattr(doctor, "KERNEL", advice)
    monkeypatch.setattr(doctor, "borrowed", fail)
    monkeypatch.setattr(shutil, "which", lambda name: "/usr/bin/bwrap")
    problem = doctor.find_problem()
    assert "uid map: Permission denied" in problem
    assert ("Allow it" in problem) == (setting == "1")
    assert ("In a container" in problem) == (setting == "0")


@pytest.mark.parametrize(
    ("said", "message"),
    [
        ([{"name": "probe", "status": "crash"}], "did not come back"),
        ([], "did not come back"),
        (
            [
                {
                    "name": "probe",
                    "status": "ok",
                    "results": [["an answer can reach a network"]],
                }
            ],
            "does not hold: an answer can reach a network.",
        ),
    ],
)
def test_the_doctor_says_what_the_probe_found(monkeypatch, said, message):
    box = SimpleNamespace(run=lambda notebook, names: said)
    monkeypatch.setattr(doctor, "borrowed", lambda *a, **o: contextlib.nullcontext(box))
    monkeypatch.setattr(shutil, "which", lambda name: "/usr/bin/bwrap")
    assert message in doctor.find_problem()


def test_the_probe_finds_what_it_looks_for(tmp_path):
    namespace = {}
    exec(doctor.PROBE.replace("range(1000)", "range(0)"), namespace)
    found = namespace["probe"](str(tmp_path))
    assert "an answer can see the folder of the grader" in found
    assert "an answer can start processes without end" in found
