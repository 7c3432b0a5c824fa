"""The nbgrader edition: nbgrader takes it, and gives the marks that are deserved."""

import ast
import shutil
import sqlite3
from pathlib import Path
from types import SimpleNamespace

import nbformat
import pytest
from bench_graders import MARKS_OF_NBGRADER, graders_environment, run

from course_utils.exercises import load_exercises, reference_cells, tagged_cells
from course_utils.grading.nbgrader import nbgrader_edition, write_course

BOOK = Path(__file__).parents[1] / "book"
CHAPTERS = sorted(BOOK.glob("[0-9][0-9]-*.ipynb"))
FIRST = CHAPTERS[0]


def course(target, notebooks=(FIRST,)):
    return write_course([SimpleNamespace(notebook=path) for path in notebooks], target)


def answers(notebook):
    """Return the answer cells of an nbgrader notebook, by exercise."""
    cells = (cell for cell in notebook.cells if "nbgrader" in cell.metadata)
    return {
        cell.metadata["nbgrader"]["grade_id"]: cell
        for cell in cells
        if cell.metadata["nbgrader"]["solution"]
    }


@pytest.fixture(scope="module")
def whole_course(tmp_path_factory):
    """Write the course of all chapters."""
    target = tmp_path_factory.mktemp("course")
    assert course(target, CHAPTERS) == [f"ch{path.name[:2]}" for path in CHAPTERS]
    return target


@pytest.mark.parametrize("path", CHAPTERS, ids=lambda path: path.stem)
def test_a_chapter_has_an_answer_and_a_test_cell_for_each_exercise(whole_course, path):
    source = whole_course / "source" / f"ch{path.name[:2]}"
    notebook = nbformat.read(source / path.name, as_version=4)
    nbformat.validate(notebook)
    declared = load_exercises(path.parent / "exercises" / f"{path.stem}.py")
    marked = [cell for cell in notebook.cells if "nbgrader" in cell.metadata]
    _, solutions = reference_cells(path)
    for name, exercise, answer, test in zip(
        declared, declared.values(), marked[::2], marked[1::2], strict=True
    ):
        assert answer.source == f"{solutions[name]}### END SOLUTION"
        assert f"require({name})" in test.source
        assert test.metadata["nbgrader"]["points"] == exercise.points
        assert test.metadata["nbgrader"]["locked"]
        assert "points" not in answer.metadata["nbgrader"]
        ast.parse(test.source)
    # Nothing else is left of the chapter's own cells for exercises.
    regions = sum(text.count("BEGIN SOLUTION") for text in solutions.values())
    assert (source / path.name).read_text().count("END SOLUTION") == regions
    assert not any(cell.get("outputs") for cell in notebook.cells)
    assert not any("executed" in cell.metadata for cell in notebook.cells)


@pytest.mark.parametrize("path", CHAPTERS, ids=lambda path: path.stem)
def test_the_exercises_beside_it_do_not_hold_the_mistakes(whole_course, path):
    folder = whole_course / "source" / f"ch{path.name[:2]}" / "exercises"
    assert sorted(f.name for f in folder.iterdir()) == [
        f"{path.stem}.json",
        f"{path.stem}.py",
    ]
    public = load_exercises(folder / f"{path.stem}.py")
    own = load_exercises(path.parent / "exercises" / f"{path.stem}.py")
    assert list(public) == list(own)
    assert all(exercise.mistakes for exercise in own.values())
    assert not any(exercise.mistakes for exercise in public.values())


def test_writing_again_gives_the_same_bytes_and_keeps_the_course(tmp_path):
    course(tmp_path)
    first = {f: f.read_bytes() for f in tmp_path.rglob("*") if f.is_file()}
    (tmp_path / "nbgrader_config.py").write_text("c = get_config()\n")
    (tmp_path / "gradebook.db").write_text("marks")
    (tmp_path / "source/ch01/old.ipynb").write_text("an older edition")
    course(tmp_path)
    second = {f: f.read_bytes() for f in tmp_path.rglob("*") if f.is_file()}
    assert second.pop(tmp_path / "gradebook.db") == b"marks"
    assert second.pop(tmp_path / "nbgrader_config.py") == b"c = get_config()\n"
    first.pop(tmp_path / "nbgrader_config.py")
    assert second == first


def test_an_exercise_without_its_cells_is_named(tmp_path):
    shutil.copytree(BOOK / "exercises", tmp_path / "exercises")
    notebook = nbformat.read(FIRST, as_version=4)
    notebook.cells = [c for c in notebook.cells if c.source != "check(count_params)"]
    nbformat.write(notebook, tmp_path / FIRST.name)
    with pytest.raises(
        ValueError, match=r"exercise-check are for .*'shapes_of'\], and"
    ):
        nbgrader_edition(tmp_path / FIRST.name)


@pytest.mark.graders
def test_nbgrader_releases_stubs_and_gives_the_marks_deserved(graders, tmp_path):
    course(tmp_path)
    environment = graders_environment()
    run(["nbgrader", "generate_assignment", "ch01"], tmp_path, environment)
    released = nbformat.read(tmp_path / "release/ch01" / FIRST.name, as_version=4)
    stubs = {name: cell.source for name, cell in answers(released).items()}
    assert stubs == tagged_cells(FIRST, "exercise-stub")
    _, solutions = reference_cells(FIRST)
    text = "\n".join(cell.source for cell in released.cells)
    for solution in solutions.values():
        lines = solution.partition("### BEGIN SOLUTION\n")[2].splitlines()
        assert len(lines) > 1
        assert not any(line.strip() and line in text for line in lines)

    def hand_in(student, **written):
        for name, cell in answers(released).items():
            cell.source = written.get(name, stubs[name])
        folder = tmp_path / "submitted" / student / "ch01"
        folder.mkdir(parents=True)
        nbformat.write(released, folder / FIRST.name)

    warned = solutions["count_params"].replace(
        "total = 0", "total = 0\n    import warnings\n    warnings.warn('a warning')"
    )
    assert warned != solutions["count_params"]
    hand_in("ada", **solutions)
    hand_in("bob")
    hand_in("eve", count_params=warned, shapes_of=stubs["shapes_of"] + "(0)")
    run(["nbgrader", "autograde", "ch01"], tmp_path, environment)

    points = {"check_forward_one": 2, "check_count_params": 1, "check_shapes_of": 1}
    with sqlite3.connect(tmp_path / "gradebook.db") as gradebook:
        marks = sorted(gradebook.execute(MARKS_OF_NBGRADER))
    gradebook.close()
    deserved = {"ada": points, "bob": {}, "eve": {"check_count_params": 1}}
    assert marks == sorted(
        (student, cell, scores.get(cell, 0))
        for student, scores in deserved.items()
        for cell in points
    )
