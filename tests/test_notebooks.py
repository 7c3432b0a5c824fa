"""The notebooks as they are stored. That they run and agree, nbval tests."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Callable
from pathlib import Path

import nbformat
import notebook_checks as checks
import pytest
from nbformat import NotebookNode
from run_notebook import ROOT, toc_notebooks

MEGABYTES = 30
NOTEBOOKS = toc_notebooks()
CHAPTERS = [path for path in NOTEBOOKS if re.match(r"\d\d-", path.name)]


def read(path: Path) -> NotebookNode:
    """Return the notebook at `path`."""
    return nbformat.read(path, as_version=4)


def project_files() -> list[Path]:
    """Return the files of the repository, those not yet added included."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    names = subprocess.run(command, cwd=ROOT, capture_output=True, check=True).stdout
    paths = [ROOT / name for name in names.decode().split("\0") if name]
    return [path for path in paths if path.is_file()]


def assert_no_complaints(path: Path, complaints: list[str]) -> None:
    """Fail with the complaints and the command that stores outputs afresh."""
    name = path.relative_to(ROOT).as_posix()
    listed = "\n".join(f"  {complaint}" for complaint in complaints)
    assert not complaints, (
        f"{name}\n{listed}\n"
        f"Edit the cells where they are wrong, then: make run NB={name}"
    )


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
@pytest.mark.parametrize(
    "check", checks.EVERY_NOTEBOOK, ids=lambda check: check.__name__
)
def test_notebook(check: Callable[[NotebookNode], list[str]], path: Path) -> None:
    assert_no_complaints(path, check(read(path)))


@pytest.mark.parametrize("path", CHAPTERS, ids=lambda path: path.stem)
@pytest.mark.parametrize(
    "check", checks.EVERY_CHAPTER, ids=lambda check: check.__name__
)
def test_chapter(check: Callable[[NotebookNode], list[str]], path: Path) -> None:
    assert_no_complaints(path, check(read(path)))


def test_figure_names_are_unique() -> None:
    assert not checks.figure_names({path.name: read(path) for path in NOTEBOOKS})


def test_toc_names_every_notebook() -> None:
    """Else one of them would be on the site and not run, or run and not on the site."""
    in_book = {
        path
        for path in (ROOT / "book").rglob("*.ipynb")
        if ".ipynb_checkpoints" not in path.parts
    }
    assert in_book, "the book has no notebook"
    assert set(NOTEBOOKS) == in_book


def test_nothing_loosens_the_comparison() -> None:
    """No sanitising pattern, lax mode or deselected test in what starts the tests."""
    starters = [
        path
        for path in project_files()
        if path.name in ("pyproject.toml", "Makefile", "run", "conftest.py")
        or path.suffix in (".cfg", ".ini", ".yml", ".yaml")
    ]
    loose = re.compile(
        r"sanitize|nbval-lax|--deselect|--ignore\b|--ignore-glob|no:notebook"
    )
    assert not [path for path in starters if loose.search(path.read_text("utf-8"))]


def test_no_script_writes_notebooks() -> None:
    """A notebook is edited as itself; a generator would be a second source."""
    makers = re.compile(r"\bnew_(?:notebook|code_cell|markdown_cell)\(")
    scripts = [
        path
        for path in project_files()
        if path.suffix == ".py" and path.parent != ROOT / "tests"
    ]
    assert not [path for path in scripts if makers.search(path.read_text("utf-8"))]


def test_repository_is_small() -> None:
    size = sum(path.stat().st_size for path in project_files())
    assert size < MEGABYTES * 10**6
