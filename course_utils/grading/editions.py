"""The chapters of a book, and what is made of them to hand out.

The notebook of a chapter holds everything: text, stubs, checks and solutions. The
student edition is the same notebook without its solutions. It is only written when it
was proved that the solutions earn full marks, that the stubs earn none, and that no
line of a solution is left in it.
"""

from __future__ import annotations

import html
import io
import json
import re
import shutil
import tempfile
import tokenize
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from course_utils.exercises import (
    compare,
    decode,
    load_exercises,
    make_cases,
    public_declaration,
    reference_cells,
)

PACKAGE = Path(__file__).parents[1]
MANIFEST = "assignment.json"


class LeakError(RuntimeError):
    """An edition for students would show what they are to find."""


@dataclass(frozen=True)
class Chapter:
    """A chapter with exercises: a notebook, and its declaration in ``exercises/``."""

    notebook: Path

    @property
    def slug(self) -> str:
        """The name of the notebook without its ending."""
        return self.notebook.stem

    @property
    def declaration(self) -> Path:
        """The file that declares the exercises."""
        return self.notebook.parent / "exercises" / f"{self.slug}.py"

    @property
    def cases(self) -> Path:
        """The file with the public cases."""
        return self.declaration.with_suffix(".json")

    def read(self) -> dict:
        """Return the notebook as JSON has it, the source of each cell as one string."""
        notebook = json.loads(self.notebook.read_text(encoding="utf-8"))
        for cell in notebook["cells"]:
            cell["source"] = "".join(cell["source"])
        return notebook

    def points(self) -> dict[str, int]:
        """Return the points of the exercises by name, from the public cases."""
        return {name: case["points"] for name, case in self.public().items()}

    def public(self) -> dict[str, dict]:
        """Return the public cases.

        Raises
        ------
        FileNotFoundError
            When they have not been made.
        """
        if not self.cases.exists():
            raise FileNotFoundError(
                f"there is no {self.cases}: `course cases --book "
                f"{self.notebook.parent}` makes it"
            )
        return json.loads(self.cases.read_text(encoding="utf-8"))

    def text(self) -> str:
        """Return the text cells."""
        cells = self.read()["cells"]
        return "\n\n".join(c["source"] for c in cells if c["cell_type"] == "markdown")

    def title(self) -> str:
        """Return the first heading."""
        found = re.search(r"^# (.+)$", self.text(), re.MULTILINE)
        return found[1].strip() if found else self.slug

    def minutes(self) -> int | None:
        """Return the reading time that the chapter states, in minutes."""
        found = re.search(r"\*\*Time\*\*.*?(\d+) minutes", self.text())
        return int(found[1]) if found else None


def find_chapters(book: Path) -> list[Chapter]:
    """Return the chapters with exercises in the folder `book`, in order.

    Raises
    ------
    FileNotFoundError
        When there are none.
    """
    declarations = sorted(book.glob("exercises/*.py"))
    found = [Chapter(book / f"{path.stem}.ipynb") for path in declarations]
    for chapter in found:
        if not chapter.notebook.exists():
            raise FileNotFoundError(
                f"{chapter.declaration} declares exercises, and there is no notebook "
                f"{chapter.notebook}"
            )
    if not found:
        raise FileNotFoundError(
            f"there are no chapters with exercises in {book}: a chapter is "
            "NN-slug.ipynb with exercises/NN-slug.py; say with --book where yours are"
        )
    return found


def choose(chapters: list[Chapter], names: list[str]) -> list[Chapter]:
    """Return the chapters that `names` name, by number or by slug.

    Raises
    ------
    ValueError
        When a name is that of no chapter.
    """
    chosen = []
    for name in names:
        fitting = [c for c in chapters if name in (c.slug, c.slug.partition("-")[0])]
        if name.isdigit():
            fitting = [c for c in chapters if re.match(rf"0*{int(name)}-", c.slug)]
        if not fitting:
            known = ", ".join(c.slug for c in chapters)
            raise ValueError(f"there is no chapter {name}; there are {known}")
        chosen += fitting
    return list(dict.fromkeys(chosen))


# --------------------------------------------------------------------------------------
# The student edition
# --------------------------------------------------------------------------------------


def tags(cell: dict) -> list[str]:
    """Return the tags of a cell."""
    return cell["metadata"].get("tags", [])


def without_solutions(notebook: dict) -> dict:
    """Return a notebook without the cells that are tagged ``solution``."""
    kept = [cell for cell in notebook["cells"] if "solution" not in tags(cell)]
    return notebook | {"cells": kept}


def solved(notebook: dict, solutions: dict[str, str]) -> dict:
    """Return a student edition whose stubs are written: a perfect submission."""
    cells = []
    for cell in notebook["cells"]:
        if "exercise-stub" in tags(cell):
            name = re.search(r"^(?:def|class) (\w+)", cell["source"], re.MULTILINE)[1]
            cell = cell | {"source": solutions[name]}
        cells.append(cell)
    return notebook | {"cells": cells}


def write_notebook(notebook: dict, path: Path) -> None:
    """Write a notebook as Jupyter does."""
    text = json.dumps(notebook, indent=1, ensure_ascii=False)
    path.write_text(text + "\n", encoding="utf-8")


def solution_lines(chapters: Iterable[Chapter]) -> set[str]:
    """Return the lines of code that only the solutions of these chapters hold.

    Comments and the lines of the stubs do not count, nor do lines that the text of a
    chapter or the package shows as well.
    """
    secret, shown = set(), set()
    for path in sorted(PACKAGE.rglob("*.py")):
        shown |= code_lines(path.read_text(encoding="utf-8"))
    for chapter in chapters:
        for source in reference_cells(chapter.notebook)[1].values():
            secret |= code_lines(source)
        for cell in without_solutions(chapter.read())["cells"]:
            shown |= code_lines(cell["source"])
    return secret - shown


def code_lines(source: str) -> set[str]:
    """Return the lines of a source without comments and outer white space."""
    lines = source.splitlines()
    try:
        for token in tokenize.generate_tokens(io.StringIO(source).readline):
            if token.type == tokenize.COMMENT:
                row, column = token.start
                lines[row - 1] = lines[row - 1][:column]
    except (tokenize.TokenError, IndentationError):
        pass  # text, or a piece of code: its lines are taken as they are
    return {line.strip() for line in lines if line.strip()}


def find_leaks(folder: Path, secret: set[str]) -> list[str]:
    """Return where files below `folder` hold lines of solutions, in words.

    A line that says little, such as ``return S``, counts where it stands alone.
    """
    found = []
    for path in sorted(p for p in folder.rglob("*") if p.is_file()):
        text = shown_text(path)
        lines = code_lines(text)
        found += [
            f"{path.relative_to(folder)}: {line}"
            for line in sorted(secret)
            if line in lines or (len(line) >= 24 and line in text)
        ]
    return found


def shown_text(path: Path) -> str:
    """Return the text that a file shows: of JSON the strings, of a page no tags."""
    if path.suffix == ".npz":  # arrays of numbers, compressed: megabytes without a line
        return ""
    text = path.read_bytes().decode("utf-8", errors="ignore")
    if path.suffix in (".ipynb", ".json"):
        strings, rest = [], [json.loads(text)]
        while rest:
            value = rest.pop()
            if isinstance(value, dict):
                rest += [*value, *value.values()]
            elif isinstance(value, list):
                rest += value
            elif isinstance(value, str):
                strings.append(value)
        return "\n".join(strings)
    if path.suffix == ".html":
        return html.unescape(re.sub(r"<[^>]*>", "", text))
    return text


# What every chapter needs, and what those need that import something.
REQUIRED = {
    *("numpy", "scipy", "matplotlib", "scikit-learn", "mlxtend", "mnist1d", "pooch"),
    *("jupyterlab", "ipykernel"),
}
REQUIRED_BY = {
    "torch": {"torch"},
    "keras": {"tensorflow-cpu", "tensorflow", "keras"},
    "tensorflow": {"tensorflow-cpu", "tensorflow", "keras"},
}


def _requirements(lines: list[str], chapters: list[Chapter]) -> list[str]:
    """Return the lines of the project's requirements that these chapters need."""
    required = set(REQUIRED)
    for chapter in chapters:
        code = [
            c["source"] for c in chapter.read()["cells"] if c["cell_type"] == "code"
        ]
        for module, packages in REQUIRED_BY.items():
            if re.search(
                rf"^(?:import|from) {module}\b", "\n".join(code), re.MULTILINE
            ):
                required |= packages
    return [
        line
        for line in lines
        if line.startswith("-c ") or re.split("[=; ]", line)[0].lower() in required
    ]


TORCH = """PyTorch and what comes with it are
large: on Linux without a graphics card, add to the third line
`--extra-index-url https://download.pytorch.org/whl/cpu`, which takes a smaller one."""
STUDENT_README = """\
# {title}

These notebooks are yours to fill in. You need Python 3.11 and, once, in this folder:

    python -m venv .venv
    source .venv/bin/activate
    pip install -r requirements.txt
    jupyter lab

On Windows, the second line is `.venv\\Scripts\\activate`. {torch}

In each notebook are exercises: a function to write, and below it a cell that checks it.
`python -m course_utils check {example}` checks a whole notebook. Hand in the notebook
itself, the file {example}. You may add cells and name the file as you like. Keep the
names of the functions: they are how your answers are found.

{chapters}
"""


def write_release(
    chapters: list[Chapter], target: Path, prove: Callable[[str, bytes], list[dict]]
) -> list[str]:
    """Write the student edition of `chapters` to the folder `target`.

    Returns the chapters of the release that it replaces.

    Parameters
    ----------
    chapters : list of Chapter
    target : Path
        A folder that is not there, is empty, or holds an earlier release.
    prove : callable
        Grades a notebook of a chapter and returns the records of its exercises.

    Raises
    ------
    FileExistsError
        When `target` holds something else.
    LeakError
        When a solution does not earn full marks, a stub earns some, a line of a
        solution would be handed out, or the public cases are not those that the
        solutions give. Nothing is written then.
    """
    if target.exists() and any(target.iterdir()) and not (target / MANIFEST).exists():
        raise FileExistsError(
            f"{target} holds other things than a release: choose an empty folder"
        )
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target.parent, prefix=".release-") as name:
        made = Path(name) / "release"
        (made / "exercises").mkdir(parents=True)
        for chapter in chapters:
            edition = without_solutions(chapter.read())
            _check_cases(chapter)
            _prove(chapter, edition, prove)
            write_notebook(edition, made / chapter.notebook.name)
            public = public_declaration(chapter.declaration.read_text(encoding="utf-8"))
            path = made / "exercises" / chapter.declaration.name
            path.write_text(public, encoding="utf-8")
            shutil.copyfile(chapter.cases, made / "exercises" / chapter.cases.name)
        _write_surroundings(chapters, made)
        leaks = find_leaks(made, solution_lines(chapters))
        if leaks:
            raise LeakError(
                "nothing was written: lines of solutions would be handed out:\n"
                + "\n".join(leaks)
            )
        earlier = []
        if target.exists():
            manifest = target / MANIFEST
            if manifest.exists():
                text = manifest.read_text(encoding="utf-8")
                earlier = [entry["chapter"] for entry in json.loads(text)]
            target.rename(Path(name) / "earlier")
        made.rename(target)
    return earlier


def _check_cases(chapter: Chapter) -> None:
    """Check that the public cases of a chapter are those that its solutions give."""
    declared, public = load_exercises(chapter.declaration), chapter.public()
    made = json.loads(json.dumps(make_cases(chapter.notebook)))
    same = public.keys() == made.keys()
    for name, exercise in declared.items() if same else ():
        old, new = public[name], made[name]
        rest = [{k: v for k, v in key.items() if k != "cases"} for key in (old, new)]
        given = [[case["given"] for case in key["cases"]] for key in (old, new)]
        same = same and rest[0] == rest[1] and given[0] == given[1]
        for before, now in zip(old["cases"], new["cases"]):
            # Within the tolerance: another processor gives other last digits.
            wrong = compare(
                decode(now["expected"]),
                decode(before["expected"]),
                rtol=exercise.rtol,
                atol=exercise.atol,
            )
            same = same and wrong is None
    if not same:
        raise LeakError(
            f"nothing was written: {chapter.cases} does not hold the cases that the "
            f"solutions of {chapter.slug} give. Run `course cases --book "
            f"{chapter.notebook.parent}`, and run the notebook again"
        )


def _prove(
    chapter: Chapter, edition: dict, prove: Callable[[str, bytes], list]
) -> None:
    """Check that the solutions of a chapter earn full marks and its stubs none."""
    stubs = prove(chapter.slug, json.dumps(edition).encode())
    right = solved(edition, reference_cells(chapter.notebook)[1])
    full = prove(chapter.slug, json.dumps(right).encode())
    for stub, solution in zip(stubs, full):
        if solution["score"] != solution["points"]:
            raise LeakError(
                f"{chapter.slug}: the solution of {solution['name']} earns "
                f"{solution['score']} of {solution['points']} points: "
                f"{solution['problem']}"
            )
        if stub["score"] != 0:
            raise LeakError(
                f"{chapter.slug}: the stub of {stub['name']} earns {stub['score']} of "
                f"{stub['points']} points, and must earn none"
            )


def _write_surroundings(chapters: list[Chapter], made: Path) -> None:
    """Write what goes with the notebooks: package, requirements, text, manifest."""
    hidden = shutil.ignore_patterns("__pycache__")
    shutil.copytree(PACKAGE, made / "course_utils", ignore=hidden)
    for name in ("requirements.txt", "constraints.txt"):
        if (PACKAGE.parent / name).exists():
            lines = (PACKAGE.parent / name).read_text(encoding="utf-8").splitlines()
            if name == "requirements.txt":
                lines = _requirements(lines, chapters)
            (made / name).write_text("\n".join(lines) + "\n", encoding="utf-8")
    listed = [
        {
            "chapter": chapter.slug,
            "title": chapter.title(),
            "points": chapter.points(),
        }
        for chapter in chapters
    ]
    (made / MANIFEST).write_text(json.dumps(listed, indent=2) + "\n", encoding="utf-8")
    lines = [
        f"- {entry['chapter']}.ipynb, *{entry['title']}*: "
        + ", ".join(f"{name} ({points})" for name, points in entry["points"].items())
        for entry in listed
    ]
    text = STUDENT_README.format(
        title="Hidden Layers: exercises",
        example=chapters[0].notebook.name,
        torch=TORCH if "\ntorch==" in (made / "requirements.txt").read_text() else "",
        chapters="\n".join(lines),
    )
    (made / "README.md").write_text(text, encoding="utf-8")
