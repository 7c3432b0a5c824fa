"""Compare this project's grader with nbgrader and otter-grader on the same submissions.

``python tools/bench_graders.py [-n 20] [--others 20] [-j 2] [--batches 1]``
    Grades `n` submissions of chapter 1 with this project, the first `others` of them
    with nbgrader and with otter-grader, and prints how many each grades in a second.
``python tools/bench_graders.py --ours-only 1000``
    Grades that many with this project alone, with one worker and with `-j`.

The marks that each tool gives are compared with those that the submissions deserve.

The clock of each starts when its packages are imported. nbgrader has no workers and
grades in one batch; ``--batches 2`` starts two, with half of the students each, on one
gradebook. otter-grader's workers are containers; here it runs in as many processes as
there are workers, each of which grades its share, which is faster than to start ``otter
run`` for each notebook.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, replace
from pathlib import Path
from types import SimpleNamespace

import nbformat
from install import NO_GRADERS, find_graders

from course_utils.exercises import load_exercises, reference_cells, tagged_cells
from course_utils.grading.nbgrader import nbgrader_edition, write_course

ROOT = Path(__file__).resolve().parents[1]
CHAPTER = ROOT / "book" / "01-one-layer.ipynb"
EXERCISES = load_exercises(CHAPTER.parent / "exercises" / f"{CHAPTER.stem}.py")
KINDS = ("right", "right", "wrong", "right", "stub", "right", "raises", "wrong")
Marks = dict[str, dict[str, float]]  # student -> exercise -> score

OTTER_TEST = """\
OK_FORMAT = True
test = {{
    "name": "{name}",
    "points": {points},
    "suites": [{{"type": "doctest", "cases": [{{"code": {code!r}}}]}}],
}}
"""
OTTER_CODE = """\
>>> from course_utils.exercises import require
>>> require({name})
"""
MARKS_OF_NBGRADER = """\
select student_id, base_cell.name, auto_score
from grade
join base_cell on base_cell.id = grade.cell_id
join submitted_notebook on submitted_notebook.id = grade.notebook_id
join submitted_assignment on submitted_assignment.id = submitted_notebook.assignment_id
"""


@dataclass(frozen=True)
class Measured:
    """How long a tool took, and the marks that it gave."""

    tool: str
    workers: int
    seconds: float  # by the clock
    processor: float  # seconds of the processor
    marks: Marks

    @property
    def rate(self) -> float:
        """Submissions in a second."""
        return len(self.marks) / self.seconds

    @property
    def work(self) -> float:
        """Seconds of the processor for a submission."""
        return self.processor / len(self.marks)


# --------------------------------------------------------------------------------------
# The submissions
# --------------------------------------------------------------------------------------


def make_submissions(folder: Path, n: int) -> Marks:
    """Write `n` submissions, no two alike, and return the marks that they deserve.

    Half of the answers are right; the rest has a declared mistake, raises an exception
    or is the stub. The notebooks are those that nbgrader releases, filled in, and each
    of the three tools takes them.
    """
    marks = {}
    for i in range(n):
        student, notebook = f"s{i:04}", nbgrader_edition(CHAPTER)
        marks[student] = {}
        cells = {
            c.metadata.get("nbgrader", {}).get("grade_id"): c for c in notebook.cells
        }
        for k, (name, exercise) in enumerate(EXERCISES.items()):
            kind = KINDS[(i * (2 * k + 1) + i // len(KINDS) + k) % len(KINDS)]
            cells[name].source = f"# {student}\n{answer(name, kind, i)}"
            marks[student][name] = float(exercise.points if kind == "right" else 0)
        (folder / student).mkdir(parents=True)
        nbformat.write(notebook, folder / student / CHAPTER.name)
    return marks


def answer(name: str, kind: str, i: int) -> str:
    """Return the text of an answer of this kind; `i` chooses which mistake it has."""
    stub = tagged_cells(CHAPTER, "exercise-stub")[name]
    if kind == "stub":
        return stub
    if kind == "raises":
        return stub.replace("raise NotImplementedError", "return [1, 2, 3][4]")
    solution = reference_cells(CHAPTER)[1][name]
    solution = solution.replace("    ### BEGIN SOLUTION\n", "").rstrip()
    mistakes = EXERCISES[name].mistakes
    mistake = mistakes[i % len(mistakes)]
    return (
        solution.replace(mistake.right, mistake.wrong) if kind == "wrong" else solution
    )


# --------------------------------------------------------------------------------------
# The three tools
# --------------------------------------------------------------------------------------


def with_ours(submissions: Path, work: Path, workers: int) -> Measured:
    """Grade with this project."""
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    work.mkdir()
    (work / "secret.key").write_text("5ec4e7" * 10 + "5ec4\n", encoding="utf-8")
    command = ["ours", str(submissions), "-o", "results.jsonl", "-j", str(workers)]
    seconds, _ = drive(Path(sys.executable), [command], work, environment)
    lines = (work / "results.jsonl").read_text(encoding="utf-8").splitlines()
    marks = {}
    for record in map(json.loads, lines):
        scores = {e["name"]: e["score"] for e in record["exercises"]}
        marks[record["student"]] = scores
    return Measured("this project", workers, *seconds, marks)


def with_nbgrader(submissions: Path, work: Path, workers: int) -> Measured:
    """Grade with nbgrader, in a batch for each worker, all in one gradebook."""
    (assignment,) = write_course([SimpleNamespace(notebook=CHAPTER)], work)
    students = sorted(path.name for path in submissions.iterdir())
    for student in students:
        target = work / "submitted" / student / assignment
        shutil.copytree(submissions / student, target)
    environment = graders_environment()
    run(["nbgrader", "generate_assignment", assignment], work, environment)
    others = [
        ",".join(set(students) - set(students[i::workers])) for i in range(workers)
    ]
    commands = [["nbgrader", assignment, left_out(o)] for o in others]
    seconds, _ = drive(find_graders(), commands, work, environment)
    marks = {student: {} for student in students}
    with sqlite3.connect(work / "gradebook.db") as gradebook:
        for student, cell, score in gradebook.execute(MARKS_OF_NBGRADER):
            marks[student][cell.removeprefix("check_")] = score
    gradebook.close()
    return Measured("nbgrader", workers, *seconds, marks)


def left_out(students: str) -> str:
    """Return nbgrader's option that leaves out these students."""
    return f"--CourseDirectory.student_id_exclude={students}"


def with_otter(submissions: Path, work: Path, workers: int) -> Measured:
    """Grade with otter-grader, without containers."""
    tests = work / "tests"
    tests.mkdir(parents=True)
    for name, exercise in EXERCISES.items():
        code = OTTER_CODE.format(name=name)
        test = OTTER_TEST.format(name=name, points=exercise.points, code=code)
        (tests / f"{name}.py").write_text(test, encoding="utf-8")
    write_course([SimpleNamespace(notebook=CHAPTER)], work / "course")
    shutil.copytree(
        work / "course" / "source" / "ch01" / "exercises", work / "exercises"
    )
    environment = graders_environment()
    files = [str(path.relative_to(work)) for path in (work / "exercises").iterdir()]
    options = [
        "--no-environment",
        "--no-requirements",
        "-t",
        "tests",
        "-o",
        "tests.zip",
    ]
    run(["otter", "generate", *options, *files], work, environment)
    notebooks = sorted(str(path) for path in submissions.glob("*/*.ipynb"))
    commands = [["otter", "tests.zip", *notebooks[i::workers]] for i in range(workers)]
    seconds, said = drive(find_graders(), commands, work, environment)
    marks = {
        Path(nb).parent.name: scores for part in said for nb, scores in part.items()
    }
    return Measured("otter-grader", workers, *seconds, marks)


def graders_environment() -> dict[str, str]:
    """Return the environment variables for the others: nbgrader calls ``alembic``."""
    python = find_graders()
    if python is None:
        sys.exit(NO_GRADERS)
    path = f"{python.parent}{os.pathsep}{os.environ['PATH']}"
    return os.environ | {"PATH": path}


def seconds_of_children() -> float:
    """Return the processor time that the processes started from here have taken."""
    return os.times().children_user + os.times().children_system


def run(command: list[str], folder: Path, environment: dict[str, str]) -> None:
    """Run `command` in `folder`, and stop with what it said if it fails."""
    program = shutil.which(command[0], path=environment["PATH"]) or command[0]
    done = subprocess.run(
        [program, *command[1:]],
        cwd=folder,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    if done.returncode:
        raise RuntimeError(f"{' '.join(command)} failed:\n{done.stdout}")


def drive(
    python: Path, commands: list[list[str]], folder: Path, environment: dict[str, str]
) -> tuple[tuple[float, float], list[dict]]:
    """Run the driver's commands side by side; return the seconds and what each says.

    The seconds are the clock's and the processor's, both without the imports.
    """
    spent = seconds_of_children()
    driver = [str(python), str(Path(__file__).with_name("graders_driver.py"))]
    with tempfile.TemporaryFile("w+") as log:
        processes = [
            subprocess.Popen(
                [*driver, *command],
                cwd=folder,
                env=environment,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
            )
            for command in commands
        ]
        spent += sum(float(process.stdout.readline() or 0) for process in processes)
        start = time.perf_counter()
        for process in processes:
            process.stdin.write("go\n")
            process.stdin.flush()
        said = [process.communicate()[0] for process in processes]
        seconds = time.perf_counter() - start
        spent = seconds_of_children() - spent
        if any(process.returncode for process in processes):
            log.seek(0)
            raise RuntimeError(f"{commands[0][0]} failed:\n{log.read()}")
    return (seconds, spent), [json.loads(text.splitlines()[-1]) for text in said]


# --------------------------------------------------------------------------------------
# Measuring
# --------------------------------------------------------------------------------------


def compare(
    work: Path, n: int, others: int, workers: int, batches: int = 1
) -> list[Measured]:
    """Grade with all three, check the marks, and return what was measured.

    This project grades before the others and after them, and its times are the means: a
    machine is not as busy all the time.
    """
    deserved = make_submissions(work / "all", n)
    of_others = make_submissions(work / "some", others)
    first = with_ours(work / "all", work / "first", workers)
    nbgrader = with_nbgrader(work / "some", work / "nbgrader", batches)
    otter = with_otter(work / "some", work / "otter", workers)
    last = with_ours(work / "all", work / "last", workers)
    for measured in (first, last):
        check_marks(measured, deserved)
    for measured in (nbgrader, otter):
        check_marks(measured, of_others)
    seconds = (first.seconds + last.seconds) / 2
    processor = (first.processor + last.processor) / 2
    ours = replace(first, seconds=seconds, processor=processor)
    return [ours, nbgrader, otter]


def check_marks(measured: Measured, deserved: Marks) -> None:
    """Raise a ``RuntimeError`` unless the marks are those that were deserved."""
    for student in measured.marks | deserved:
        marks = measured.marks.get(student)
        if marks != deserved.get(student):
            raise RuntimeError(
                f"{measured.tool} gives {student} {marks}, not {deserved.get(student)}"
            )


def table(measured: list[Measured]) -> str:
    """Return a table of the tools, the ratios being those to the first one."""
    first = measured[0]
    lines = [
        "                                      by the clock             processor",
        "              workers  submissions  seconds  a second  ratio    s each  ratio",
    ]
    for one in measured:
        lines.append(
            f"{one.tool:12}  {one.workers:7}  {len(one.marks):11}  {one.seconds:7.1f}"
            f"  {one.rate:8.2f}  {first.rate / one.rate:5.1f}  {one.work:8.3f}"
            f"  {one.work / first.work:5.1f}"
        )
    return "\n".join(lines)


def main(arguments: list[str] | None = None) -> None:
    """Measure what the command line asks for, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("-n", type=int, default=20, help="submissions (20)")
    parser.add_argument("--others", type=int, help="submissions for the others (as -n)")
    parser.add_argument("-j", type=int, default=2, help="workers (2)")
    parser.add_argument("--batches", type=int, default=1, help="of nbgrader (1)")
    parser.add_argument("--ours-only", type=int, metavar="N", help="this project alone")
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        if options.ours_only:
            deserved = make_submissions(work / "all", options.ours_only)
            measured = [
                with_ours(work / "all", work / f"ours-{j}", j) for j in (1, options.j)
            ]
            for one in measured:
                check_marks(one, deserved)
        else:
            others = min(options.others or options.n, options.n)
            measured = compare(work, options.n, others, options.j, options.batches)
    print(table(measured))
    print("All gave the marks that were deserved.")


if __name__ == "__main__":
    main()
