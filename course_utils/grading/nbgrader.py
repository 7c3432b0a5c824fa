"""The nbgrader edition: a course directory that nbgrader releases and grades.

An exercise has a stub, a check and a solution in the chapter. nbgrader wants an answer
cell with the solution, of which it makes the stub, and a test cell that raises an
exception when the answer is wrong.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterable
from pathlib import Path
from typing import Protocol

import nbformat

from course_utils.exercises import load_exercises, public_declaration, tagged_cells

CONFIGURATION = """\
# The nbgrader course of Hidden Layers. Its notebooks import course_utils, which must be
# installed where nbgrader runs them. In this folder:
#     nbgrader generate_assignment ch01
#     nbgrader autograde ch01
c = get_config()
c.CourseDirectory.course_id = "hidden-layers"
c.ClearSolutions.code_stub = {"python": "raise NotImplementedError"}
c.Execute.timeout = 120  # seconds for one cell: some chapters train a network in one
"""

TEST = """\
import contextlib
import io

from course_utils.exercises import require

with contextlib.redirect_stderr(io.StringIO()):  # nbgrader gives 0 for a warning
    require({name})"""


class HasNotebook(Protocol):
    """A chapter: its notebook lies beside the folder of its exercises."""

    notebook: Path


def write_course(chapters: Iterable[HasNotebook], target: Path) -> list[str]:
    """Write an nbgrader course directory and return its assignments, such as ``ch01``.

    An assignment that is there is written anew; an ``nbgrader_config.py`` is kept.

    Parameters
    ----------
    chapters : iterable
        Of objects with ``notebook``, the path of a chapter's notebook.
    target : Path
        The course directory.

    Raises
    ------
    ValueError
        A chapter's stubs, checks, solutions and declarations do not match.
    """
    assignments = []
    for path in (chapter.notebook for chapter in chapters):
        edition, exercises = nbgrader_edition(path), path.parent / "exercises"
        declaration = (exercises / f"{path.stem}.py").read_text(encoding="utf-8")
        public = public_declaration(declaration)
        assignments.append(f"ch{path.stem.partition('-')[0]}")
        source = target / "source" / assignments[-1]
        shutil.rmtree(source, ignore_errors=True)
        (source / "exercises").mkdir(parents=True)
        nbformat.write(edition, source / path.name)
        (source / "exercises" / f"{path.stem}.py").write_text(public, encoding="utf-8")
        shutil.copy(exercises / f"{path.stem}.json", source / "exercises")
    configuration = target / "nbgrader_config.py"
    if assignments and not configuration.exists():
        configuration.write_text(CONFIGURATION, encoding="utf-8")
    return assignments


def nbgrader_edition(path: Path) -> nbformat.NotebookNode:
    """Return the chapter at `path` as nbgrader's instructor version of it."""
    exercises = load_exercises(path.parent / "exercises" / f"{path.stem}.py")
    solutions = tagged_cells(path, "solution")
    notebook = nbformat.read(path, as_version=4)
    cells, found = [], {"exercise-stub": [], "exercise-check": []}
    for cell in notebook.cells:
        tags, figure = cell.metadata.get("tags", []), cell.metadata.get("mystnb")
        if "solution" in tags:
            continue
        cells.append(cell)
        cell.metadata = {"tags": tags, "mystnb": figure} if figure else {"tags": tags}
        if cell.cell_type == "code":
            cell.update(outputs=[], execution_count=None)
        for tag in found.keys() & set(tags):
            named = re.search(r"^(?:def |class |check\()(\w+)", cell.source, re.M)
            name = named[1] if named else ""
            found[tag].append(name)
            if name in exercises and name in solutions:
                body, end, _ = solutions[name].rpartition("### END SOLUTION")
                answer = tag == "exercise-stub"
                cell.source = body + end if answer else TEST.format(name=name)
                cell.metadata["nbgrader"] = {
                    "schema_version": 3,
                    "grade_id": name if answer else f"check_{name}",
                    "solution": answer,
                    "grade": not answer,
                    "locked": not answer,
                    "task": False,
                } | ({} if answer else {"points": exercises[name].points})
    for tag, names in [*found.items(), ("solution", list(solutions))]:
        if names != list(exercises):
            raise ValueError(
                f"{path.name}: the cells with the tag {tag} are for {names}, and the "
                f"exercises declared are {list(exercises)}: there must be one cell of "
                "each kind for each exercise, in the order of the declaration"
            )
    notebook.cells = cells
    return notebook
