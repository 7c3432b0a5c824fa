"""Each check of the notebooks can fail: a good notebook, damaged in one place."""

from __future__ import annotations

import base64
import io
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import nbformat
import notebook_checks as checks
import notebook_plugin as plugin
import pytest
import run_notebook
from nbformat import NotebookNode
from nbformat.v4 import (
    new_code_cell,
    new_markdown_cell,
    new_notebook,
    new_output,
)
from PIL import Image

# The notebooks


def executed(source: str, *outputs: NotebookNode, **metadata: object) -> NotebookNode:
    """Return a code cell as the runner stores it; `good` numbers it."""
    cell = new_code_cell(source, outputs=list(outputs), metadata=metadata)
    cell.metadata["executed"] = run_notebook.fingerprint(source)
    cell.metadata["sealed"] = run_notebook.seal(cell)
    if run_notebook.is_folded(cell):
        cell.metadata["jupyter"] = {"source_hidden": True}
    return cell


def printed(text: str, name: str = "stdout") -> NotebookNode:
    """Return the output of a print."""
    return new_output("stream", name=name, text=text)


def shown(**data: str) -> NotebookNode:
    """Return a displayed output; the keywords are the ends of its MIME types."""
    kinds = {"png": "image/png", "html": "text/html", "plain": "text/plain"}
    return new_output("display_data", {kinds[key]: text for key, text in data.items()})


def png(shade: int = 255, width: int = 64, spot: int | None = None) -> str:
    """Return a grey picture in base64, with one block of 8 by 8 in the shade `spot`."""
    image = Image.new("RGB", (width, 64), (shade,) * 3)
    if spot is not None:
        image.paste((spot,) * 3, (16, 16, 24, 24))
    buffer = io.BytesIO()
    image.save(buffer, format="PNG")
    return base64.b64encode(buffer.getvalue()).decode()


FIGURE = {
    "figure": {"caption": "The loss falls.", "name": "fig-loss"},
    "image": {"alt": "Line chart of the loss against the step: it falls to zero."},
}
SOLUTION = "### BEGIN SOLUTION\ntwice = 2\n### END SOLUTION"
FOLDED = {
    "tags": ["solution", "hide-cell"],
    "mystnb": {"code_prompt_show": "Show the solution"},
}


def good() -> NotebookNode:
    """Return a chapter that passes every check."""
    exercise = [
        lambda: new_markdown_cell(":::{exercise} Twice\nWrite `twice`.\n:::"),
        lambda: executed("def twice(x): ...", tags=["exercise-stub"]),
        lambda: executed("check(twice)", tags=["exercise-check"]),
        lambda: executed(SOLUTION, **FOLDED),
    ]
    notebook = new_notebook(
        cells=[
            new_markdown_cell("(ch-one)=\n# One\n\n## Predict first\n\nIs it 0.913?"),
            executed("print(accuracy)", printed("accuracy 0.913\n")),
            new_markdown_cell("So 91.3 % are right.\n\n## What goes wrong\n\nLittle."),
            executed("draw()", shown(png=png(), plain="<Figure>"), mystnb=FIGURE),
            new_markdown_cell("## Summary\n\nSee {numref}`fig-loss`.\n\n## Exercises"),
            *(make() for _ in range(3) for make in exercise),
        ]
    )
    for number, (_, cell) in enumerate(checks.cells(notebook, "code"), start=1):
        cell.execution_count = number
    return notebook


NUMBER, DRAWING, STUB, ANSWER = 1, 3, 6, 8  # places in the good notebook


def test_a_good_notebook_has_no_complaint() -> None:
    for check in (*checks.EVERY_NOTEBOOK, *checks.EVERY_CHAPTER):
        assert check(good()) == [], check.__name__


# What is done to a cell of the good notebook, by the check that must notice.


def has(**fields: object) -> Callable[[NotebookNode], None]:
    """Return a change that sets fields of a cell."""
    return lambda cell: cell.update(nbformat.from_dict(fields))


def meta(**fields: object) -> Callable[[NotebookNode], None]:
    """Return a change that sets fields of a cell's metadata."""
    return lambda cell: cell.metadata.update(nbformat.from_dict(fields))


def out(*outputs: NotebookNode) -> Callable[[NotebookNode], None]:
    """Return a change that sets a cell's outputs."""
    return has(outputs=list(outputs))


def figure(**fields: object) -> Callable[[NotebookNode], None]:
    """Return a change that sets the caption, the name or the alt text."""
    image = {"alt": fields.pop("alt", FIGURE["image"]["alt"])}
    return meta(mystnb={"figure": FIGURE["figure"] | fields, "image": image})


FAILED = new_output("error", ename="ValueError", evalue="no", traceback=["Traceback"])
TRACED = new_output(
    "error", ename="ValueError", evalue="no", traceback=["File \x1b[1m/usr/lib/x.py"]
)
THIRD = "code cell 1 ('print(accuracy)')"

DAMAGE = [
    (checks.never_executed, NUMBER, has(execution_count=None), THIRD),
    (checks.out_of_order, NUMBER, has(execution_count=7), THIRD),
    (checks.stale, NUMBER, has(source="print(1)"), "code cell 1 ('print(1)')"),
    (checks.stale, NUMBER, meta(executed=None), THIRD),
    (checks.edited, NUMBER, has(outputs=[printed("0.914")]), THIRD),
    (checks.edited, NUMBER, meta(rtol=0.2), THIRD),
    (checks.edited, DRAWING, has(outputs=[shown(png=png(3))]), "code cell 2"),
    (checks.typed_counts, DRAWING, figure(alt="97 curves of 12 colours."), "97"),
    (checks.opted_out, NUMBER, has(source="# NBVAL_IGNORE_OUTPUT"), "NBVAL_IGNORE"),
    (checks.opted_out, NUMBER, has(source="1  # NBVAL_SKIP"), "NBVAL_SKIP"),
    (checks.opted_out, NUMBER, meta(tags=["nbval-ignore-output"]), "nbval-ignore"),
    (checks.opted_out, NUMBER, meta(tags=["nbval-skip"]), "nbval-skip"),
    (checks.opted_out, NUMBER, meta(tags=["skip-execution"]), "skip-execution"),
    (checks.stderr, NUMBER, out(printed("UserWarning", "stderr")), "UserWarning"),
    (checks.errors, NUMBER, out(FAILED), "ended in ValueError: no"),
    (checks.volatile, NUMBER, out(TRACED), "path"),
    (checks.volatile, NUMBER, out(printed("<A object at 0x7f3a>")), "address"),
    (checks.volatile, NUMBER, out(printed("<__main__ 0x7f3a12bc>")), "address"),
    (checks.volatile, NUMBER, out(printed("in /home/ada/book")), "path"),
    (checks.volatile, NUMBER, out(printed("in ~/book/data")), "path"),
    (checks.volatile, NUMBER, out(printed(r"in C:\Users")), "path"),
    (checks.volatile, NUMBER, out(shown(html="<p>2026-11-22</p>")), "date"),
    (checks.volatile, NUMBER, out(shown(plain="22 November 2026")), "date"),
    (checks.volatile, NUMBER, out(printed("at 03:01:59")), "time of day"),
    (checks.volatile, NUMBER, out(printed("took 12.3 ms")), "timing"),
    (checks.volatile, NUMBER, out(printed("took 3s")), "timing"),
    (checks.volatile, NUMBER, out(printed("8 seconds elapsed")), "timing"),
    (checks.volatile, NUMBER, out(printed("99 it/s")), "timing"),
    (checks.volatile, NUMBER, out(printed("50%|#### ")), "progress"),
    (checks.volatile, NUMBER, out(printed("1/2 ━━━━")), "progress"),
    (checks.volatile, NUMBER, out(printed("a.py:3: UserWarning: b")), "warning"),
    (checks.figures, DRAWING, meta(mystnb={}), "caption is missing"),
    (checks.figures, DRAWING, figure(caption=" "), "caption is missing"),
    (checks.figures, DRAWING, figure(name="loss"), "fig-"),
    (checks.figures, DRAWING, figure(alt=""), "alt must be"),
    (checks.figures, DRAWING, figure(alt="A curve."), "alt must be"),
    (checks.figures, DRAWING, figure(alt="_images/" + 40 * "f" + ".png"), "alt must"),
    (checks.figures, DRAWING, figure(caption=FIGURE["image"]["alt"]), "repeats"),
    (checks.figures, DRAWING, out(), "no picture"),
    (checks.figures, DRAWING, out(shown(png=png()), shown(png=png())), "2 pictures"),
    (checks.long_cells, NUMBER, has(source="x\n" * 26), "26 lines"),
    (checks.long_cells, NUMBER, has(source="x" * 89), "89 columns"),
    (checks.label, 0, has(source="# One"), "text cell 1"),
    (checks.sections, 2, has(source="So."), "'What goes wrong' is missing"),
    (checks.exercises, 5, has(source="Write `twice`."), "3 times"),
    (checks.exercises, STUB, meta(tags=[]), "3 times"),
    (checks.exercises, 7, meta(tags=["exercise-stub"]), "3 times"),
    (checks.exercises, ANSWER, has(source="twice = 2"), "BEGIN SOLUTION"),
    (checks.exercises, ANSWER, meta(tags=["solution"]), "hide-cell"),
    (checks.unfolded, ANSWER, meta(jupyter={}), "not folded in JupyterLab"),
    (checks.exercises, ANSWER, meta(mystnb={}), "code_prompt_show"),
    (checks.typed_references, 2, has(source="See Figure 3."), "'Figure 3'"),
    (checks.typed_references, 2, has(source="By Eq. (2)."), "'Eq. (2'"),
    (checks.typed_references, 2, has(source="The figure above."), "figure above"),
    (checks.typed_references, 2, has(source="As shown below."), "shown below"),
    (checks.typed_references, 2, has(source="In Chapter 8."), "Chapter 8"),
    (checks.typed_results, 2, has(source="So 0.915 are."), "text cell 2 ('So 0.915"),
    (checks.typed_results, 2, has(source=r"$0.9 \cdot 2$"), "0.9"),
    (checks.typed_results, 2, has(source="So 92 % are."), "92 %"),
    (checks.typed_results, 2, has(source="````{note} It\n0.92\n````"), "0.92"),
    (checks.typed_results, 2, has(source="```{math}\n0.92\n```"), "0.92"),
    (checks.typed_results, DRAWING, figure(caption="At 0.92."), "code cell 2"),
    (checks.typed_results, DRAWING, figure(alt="A curve up to 92 %."), "code cell 2"),
    (checks.typed_results, 2, has(source=r"So $92\%$ are."), "92"),
    (checks.typed_counts, 2, has(source="So 97 are wrong."), "states 97"),
    (checks.typed_counts, 2, has(source="It has 101,770."), "states 101,770"),
]


@pytest.mark.parametrize(("check", "place", "change", "words"), DAMAGE)
def test_damage_is_noticed(
    check: Callable[[NotebookNode], list[str]],
    place: int,
    change: Callable[[NotebookNode], None],
    words: str,
) -> None:
    notebook = good()
    change(notebook.cells[place])
    complaints = check(notebook)
    assert complaints
    assert words in complaints[0]


def test_every_check_is_shown_to_fail() -> None:
    elsewhere = {checks.short_of_text}
    shown_here = {check for check, *_ in DAMAGE}
    assert shown_here | elsewhere == {*checks.EVERY_NOTEBOOK, *checks.EVERY_CHAPTER}


def test_code_without_text_is_noticed() -> None:
    notebook = good()
    del notebook.cells[2]
    notebook.cells[2:2] = [executed("a"), executed("b"), executed("c")]
    assert checks.short_of_text(notebook) == [
        "8 code cells have only 5 text cells",
        "code cell 3 is the third without text between",
    ]


def test_a_figure_name_used_twice_is_noticed() -> None:
    assert checks.figure_names({"a": good()}) == []
    assert checks.figure_names({"a": good(), "b": good()}) == [
        "fig-loss names 2 figures"
    ]


@pytest.mark.parametrize(
    "source",
    [
        "91.3 %, 91.3% and 0.913",
        "```python\nx = 0.5\n```",
        "````{note}\n```python\nx = 0.5\n```\n````",
        "Here `x = 0.5`, [there](https://a.org/0.5), {glue:text}`loss:.2f`, Keras 3.15",
        ":::{figure} a.png\n:width: 50%\nOf 3 units.\n:::",
    ],
)
def test_prose_that_states_no_new_number_passes(source: str) -> None:
    notebook = good()
    notebook.cells[2].source = source
    assert checks.typed_results(notebook) == []


def test_a_directive_and_an_earlier_place_are_read() -> None:
    """Numbers in an admonition count, and a result may not run ahead of its cell."""
    notebook = good()
    notebook.cells[2].source = ":::{note}\nIt is 0.55.\n:::"
    assert checks.typed_results(notebook)
    notebook.cells[ANSWER].outputs = [printed("0.55")]
    assert checks.typed_results(notebook)


@pytest.mark.parametrize(
    "text", ["1/2/3 and/or", "a ratio 3:1", "0x1f", "12 samples", "TP/(TP+FN)/n"]
)
def test_harmless_text_passes(text: str) -> None:
    notebook = good()
    notebook.cells[NUMBER].outputs = [printed(text)]
    assert checks.volatile(notebook) == []


def test_a_tagged_exception_passes() -> None:
    notebook = good()
    notebook.cells[NUMBER].update(outputs=[FAILED])
    notebook.cells[NUMBER].metadata.tags = ["raises-exception"]
    assert checks.errors(notebook) == []


# Comparison within a tolerance


@pytest.mark.parametrize(
    ("stored", "fresh", "rtol", "atol", "close"),
    [
        ("loss 0.913", "loss 0.915", 0.01, 0, True),
        ("loss 0.913", "loss 0.915", 0.001, 0, False),
        ("loss 0.913", "less 0.913", 0.01, 0, False),
        ("loss 0.913", "loss 0.913 0.913", 0.01, 0, False),
        ("loss -0.913", "loss 0.913", 0.2, 0, False),
        ("loss 0.0000", "loss 0.0001", 0.2, 0, False),
        ("loss 0.0000", "loss 0.0001", 0.2, 0.0002, True),
        ("loss 0.0000", "loss -0.0000", 0.2, 0, True),
        ("[ 9.99 1.0]", "[10.01 1.0]", 0.01, 0, True),
        ("[[0.5]\n [0.5]]", "[[0.5] [0.5]]", 0.01, 0, True),
        ("1e-3", "1.001e-3", 0.01, 0, True),
        ("1e-3", "1e-4", 0.01, 0, False),
        ("W10 is 1.5", "W11 is 1.5", 0.2, 0, False),
        ("id 0x7f10", "id 0x7f11", 0.2, 0, False),
        ("v1.2.30", "v1.2.31", 0.2, 0, False),
        ("nan", "0.0", 0.2, 0.05, False),
        ("3-1.00", "3-1.01", 0.1, 0, True),
        ("<td>0.913</td>", "<td>0.915</td>", 0.01, 0, True),
    ],
)
def test_close_text(
    stored: str, fresh: str, rtol: float, atol: float, close: bool
) -> None:
    assert plugin.close_text(stored, fresh, rtol, atol) is close


@pytest.mark.parametrize(
    "metadata",
    [
        {"rtol": 0},
        {"rtol": -0.1},
        {"rtol": 0.3},
        {"rtol": "0.1"},
        {"rtol": True},
        {"rtol": float("nan")},
        {"rtol": 0.1, "atol": 0.06},
        {"rtol": 0.1, "atol": None},
        {"atol": 0.01},
    ],
)
def test_a_wrong_tolerance_is_refused(metadata: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r"must be a number|needs an rtol"):
        plugin.tolerances(new_code_cell(metadata=metadata))


def test_tolerances_default_to_none() -> None:
    assert plugin.tolerances(new_code_cell()) is None
    assert plugin.tolerances(new_code_cell(metadata={"rtol": 0.1})) == (0.1, 0.0)


@pytest.mark.parametrize(
    ("fresh", "tolerant", "complaint"),
    [
        (png(), False, None),
        (png(width=66), False, None),
        (png(width=67), True, "67"),
        (png(shade=0), True, "differs by 255.0"),
        (png(spot=252), False, None),
        (png(spot=249), False, "differs by 6.0"),
        (png(spot=249), True, None),
        (png(spot=200), True, "differs by 6.9"),
    ],
)
def test_pictures_are_compared(
    fresh: str, tolerant: bool, complaint: str | None
) -> None:
    found = plugin.picture_complaint(png(), fresh, tolerant=tolerant)
    assert (complaint in found) if complaint else (found is None)


# The plugin and the runner, on a book of their own

TINY = [
    "import base64, os\nprint('accuracy 0.913')",
    "'W10 has 3 units'",
    f"from IPython.display import Image\nImage(base64.b64decode({png(spot=0)!r}))",
    "raise ValueError('as it must')",
    "print(os.environ['OMP_NUM_THREADS'], os.path.basename(os.getcwd()))",
]


def python(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run Python in `folder` with the plugin and the runner importable."""
    root = run_notebook.ROOT
    found = os.pathsep.join([str(root / "tests"), str(root / "tools")])
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=folder,
        env=os.environ | {"PYTHONPATH": found, "PYTEST_ADDOPTS": ""},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


def check_book(folder: Path, *options: str) -> subprocess.CompletedProcess[str]:
    """Run pytest with the plugin on the notebooks of `folder`."""
    (folder / "pytest.ini").write_text("[pytest]\n")
    return python(folder, "-m", "pytest", "-p", "notebook_plugin", *options, "book")


@pytest.fixture(scope="module")
def book(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with a notebook that the runner has executed."""
    folder = tmp_path_factory.mktemp("project")
    (folder / "book").mkdir()
    notebook = new_notebook(cells=[new_code_cell(source) for source in TINY])
    notebook.cells[3].metadata.tags = ["raises-exception"]
    nbformat.write(notebook, folder / "book" / "tiny.ipynb")
    run_notebook_script = str(run_notebook.ROOT / "tools" / "run_notebook.py")
    done = python(folder, run_notebook_script, "book/tiny.ipynb")
    assert done.returncode == 0, done.stderr
    assert "cell 5 of 5" in done.stdout
    return folder


def stored(book: Path) -> NotebookNode:
    """Return the executed notebook."""
    return nbformat.read(book / "book" / "tiny.ipynb", as_version=4)


def test_the_runner_stores_what_the_checks_want(book: Path) -> None:
    notebook = stored(book)
    for check in (checks.never_executed, checks.out_of_order, checks.stale):
        assert check(notebook) == []
    assert notebook.metadata.language_info == {"name": "python"}
    assert notebook.cells[4].outputs[0].text == "1 book\n"
    assert checks.errors(notebook) == []
    assert [path.name for path in (book / "book").iterdir()] == ["tiny.ipynb"]


def test_an_untouched_notebook_agrees(book: Path) -> None:
    result = check_book(book)
    assert result.returncode == 0, result.stdout
    assert "5 passed" in result.stdout
    assert "book/tiny.ipynb" in result.stdout.partition("= notebooks =")[2]


Change = Callable[[NotebookNode], None]


def text(old: str, new: str, **metadata: object) -> Change:
    """Return a change of a cell's stored text, and of its metadata."""

    def change(cell: NotebookNode) -> None:
        output = cell.outputs[0]
        where, key = (
            (output, "text") if "text" in output else (output.data, "text/plain")
        )
        assert old in where[key]
        where[key] = where[key].replace(old, new)
        cell.metadata.update(metadata)

    return change


def picture(encoded: str | None) -> Change:
    """Return a change of the picture that a cell stores, or its loss."""

    def change(cell: NotebookNode) -> None:
        del cell.outputs[0].data["image/png"]
        if encoded:
            cell.outputs[0].data["image/png"] = encoded

    return change


# By notebook and code cell: what is done to it, and what the complaint must say.
SKIP = ["nbval-skip", "nbval-ignore-output"]
DIGIT = text("0.913", "0.914")
DAMAGED = {
    "a": {
        1: (DIGIT, "Cell outputs differ"),
        2: (text("3 units", "4 units"), "Cell outputs differ"),
        3: (picture(png(shade=0)), "picture 1: it differs by"),
        5: (text("1 book", "1 nook", rtol=0.1), "Cell outputs differ"),
    },
    "b": {
        1: (text("0.913", "0.914", rtol=0.01), None),
        2: (has(execution_count=None, outputs=[]), "never executed"),
        3: (picture(None), "0 pictures are stored"),
        5: (text("1 book", "2 book", tags=SKIP), "Cell outputs differ"),
    },
    "c": {
        1: (text("0.913", "0.943", rtol=0.01), "Cell outputs differ"),
        2: (text("W10", "W11", rtol=0.2), "Cell outputs differ"),
        3: (meta(rtol=0.5), "rtol must be"),
        4: (meta(tags=[]), "exception"),
    },
}


def test_damaged_outputs_are_noticed(book: Path, tmp_path: Path) -> None:
    """Every damage is reported, with the cell and the command, and nothing else is."""
    (tmp_path / "book").mkdir()
    for name, damages in DAMAGED.items():
        notebook = stored(book)
        for cell, (change, _) in damages.items():
            change(notebook.cells[cell - 1])
        nbformat.write(notebook, tmp_path / "book" / f"{name}.ipynb")
    output = check_book(tmp_path).stdout
    for name, damages in DAMAGED.items():
        path = f"book/{name}.ipynb"
        for cell in range(1, len(TINY) + 1):
            words = damages.get(cell, (None, None))[1]
            failed = f"FAILED {path}::Cell {cell} " in output
            assert failed == (words is not None), f"{path} {cell}\n{output}"
            report = output.partition(f"{path}, code cell {cell}: ")[2]
            head = report.partition("Notebook cell execution failed")[0]
            assert words is None or words in report.partition("____")[0], report
            assert words is None or f"make run NB={path}" in head


@pytest.mark.parametrize(
    ("limit", "words"),
    [
        ("NOTEBOOK_SECONDS", "and may take 0.01 s"),
        ("MEAN_SECONDS", "the chapters together are too slow"),
    ],
)
def test_slow_notebooks_are_noticed(
    limit: str, words: str, book: Path, tmp_path: Path
) -> None:
    (tmp_path / "book").mkdir()
    for name in ("01-tiny.ipynb", "02-twin.ipynb"):
        shutil.copy(book / "book" / "tiny.ipynb", tmp_path / "book" / name)
    script = (
        f"import sys, notebook_plugin as p, pytest; p.{limit} = 0.01;"
        "sys.exit(pytest.main(['book'], plugins=[p]))"
    )
    result = python(tmp_path, "-c", script)
    assert result.returncode == 1
    assert words in result.stdout


def test_no_coverage_is_measured_in_a_kernel(tmp_path: Path) -> None:
    path = tmp_path / "book" / "tiny.ipynb"
    path.parent.mkdir()
    source = 'import sys\nprint("coverage" in sys.modules)'
    nbformat.write(new_notebook(cells=[new_code_cell(source)]), path)
    assert run_notebook.run(path)
    assert nbformat.read(path, as_version=4).cells[0].outputs[0].text == "False\n"
    result = check_book(tmp_path, "--cov=book", "--cov-report=")
    assert "1 passed" in result.stdout, result.stdout


BAD_DISPLAY = "class Bad:\n    def _repr_html_(self):\n        return 1 / 0\nBad()"


@pytest.mark.parametrize("source", ["x = 1\nx / 0", BAD_DISPLAY])
def test_the_runner_stores_nothing_when_a_cell_fails(
    source: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "broken.ipynb"
    nbformat.write(new_notebook(cells=[new_code_cell(source)]), path)
    before = path.read_bytes()
    assert not run_notebook.run(path)
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]
    message = capsys.readouterr().err
    assert f"code cell 1 failed\n\n{source}" in message
    assert "ZeroDivisionError" in message


def test_toc_notebooks(tmp_path: Path) -> None:
    (tmp_path / "_toc.yml").write_text(
        "format: jb-book\nroot: index\nparts:\n- chapters:\n  - file: b.ipynb\n"
        "    sections:\n    - file: a\n- chapters:\n  - file: words\n"
    )
    for name in ("a.ipynb", "b.ipynb", "c.ipynb", "words.md", "index.md"):
        (tmp_path / name).touch()
    found = run_notebook.toc_notebooks(tmp_path)
    assert [path.name for path in found] == ["b.ipynb", "a.ipynb"]
    (tmp_path / "b.ipynb").unlink()
    with pytest.raises(
        FileNotFoundError, match=r"names b\.ipynb, and there is no such"
    ):
        run_notebook.toc_notebooks(tmp_path)


def test_a_number_from_far_back_may_stand_in_a_table_or_the_summary_only() -> None:
    notebook = good()
    between = [executed(f"x = {i}") for i in range(checks.NEAR + 1)]
    notebook.cells = [notebook.cells[NUMBER], *between]
    for prose, passes in (
        ("So 0.913 are right.", False),
        ("## Summary\n\nSo 0.913 are right.", True),
        ("| a | b |\n|---|---|\n| right | 0.913 |", True),
    ):
        text = new_markdown_cell(prose)
        trial = new_notebook(cells=[*notebook.cells, text])
        assert (checks.typed_results(trial) == []) == passes
