"""The appendix in R: its numbers are those that this package computes."""

import os
import re
import subprocess
import sys
from pathlib import Path

import nbformat
import numpy as np
import pytest
import run_notebook
from nbformat.v4 import new_code_cell, new_notebook

from course_utils.checks import assert_same
from course_utils.datasets import make_xor
from course_utils.layers import ACTIVATIONS, SigmoidCrossEntropy, sigmoid
from course_utils.networks import mlp
from course_utils.training import SGD, fit

ROOT = Path(__file__).parents[1]
PATH = ROOT / "book" / "appendix-r.ipynb"
NUMBER = r"[-+]?\d+(?:\.\d+(?:e-?\d+)?)?"


@pytest.fixture(scope="module")
def appendix():
    return nbformat.read(PATH, as_version=4)


def lines_of(notebook, start):
    """Return the numbers of each line that the cells print and that begins so."""
    texts = [
        output.get("text", "")
        for cell in notebook.cells
        for output in cell.get("outputs", [])
    ]
    lines = [line for line in "\n".join(texts).splitlines() if line.startswith(start)]
    assert lines, f"no line begins with {start!r}"
    return [np.array(re.findall(NUMBER, line[len(start) :]), float) for line in lines]


@pytest.mark.parametrize("name", [name for name in ACTIVATIONS if name != "identity"])
def test_the_activations_and_slopes_are_the_packages(appendix, name):
    (numbers,) = lines_of(appendix, f"{name:10} ")
    f, grad, _ = ACTIVATIONS[name]
    two = np.array([2.0])
    assert numbers[0] == pytest.approx(f(two)[0], abs=5e-8)
    assert numbers[2] == pytest.approx(grad(two)[0], abs=5e-8)


def start_in_r(appendix, seed):
    """Return W1 and W2 as the appendix has them for a start."""
    cell = next(cell for cell in appendix.cells if "starts <- list(" in cell.source)
    text = cell.source.split(f'"{seed}" = list(')[1].split(" = list(")[0]
    first, second = text.split("W2 = rbind(")
    columns = [re.findall(NUMBER, each) for each in re.findall(r"c\(([^)]*)\)", first)]
    return np.array(columns, float).T, np.array(re.findall(NUMBER, second)[:4], float)


@pytest.mark.parametrize("seed", [1, 7])
def test_the_starts_are_those_of_chapter_2(appendix, seed):
    W1, W2 = start_in_r(appendix, seed)
    first, last = mlp((2, 4, 1), seed=seed).dense_layers()
    assert_same(W1, first.W, rtol=0.0)
    assert_same(W2, last.W[:, 0], rtol=0.0)


@pytest.mark.parametrize(("place", "seed"), [(0, 1), (1, 7)])
def test_training_gives_the_losses_and_answers_of_the_package(appendix, place, seed):
    X, y = make_xor()
    network, loss = mlp((2, 4, 1), seed=seed), SigmoidCrossEntropy()
    history = fit(network, loss, SGD(0.5), X, y, epochs=2000, batch_size=4)["loss"]
    end = loss.forward(network.forward(X), y)
    ours = [history[step] for step in (0, 10, 100, 1000)] + [end]
    assert lines_of(appendix, f"start {seed}   loss")[0] == pytest.approx(
        ours, abs=5e-7
    )
    P = sigmoid(network.forward(X))[:, 0]
    assert lines_of(appendix, "   P")[place] == pytest.approx(P, abs=5e-4)


@pytest.mark.r
def test_r_stops_where_a_chapter_says_something_else(appendix, tmp_path):
    """The comparison in the appendix can fail."""
    chapter = nbformat.read(ROOT / "book" / "08-backprop.ipynb", as_version=4)
    for cell in chapter.cells:
        for output in cell.get("outputs", []):
            if "text" in output:
                output.text = output.text.replace("dout -2.0", "dout -2.1")
    nbformat.write(chapter, tmp_path / "08-backprop.ipynb")
    cells = [cell for cell in appendix.cells if cell.cell_type == "code"]
    cells = [cells[0], next(cell for cell in cells if "dout <-" in cell.source)]
    small = new_notebook(
        cells=[new_code_cell(cell.source) for cell in cells], metadata=appendix.metadata
    )
    nbformat.write(small, tmp_path / "small.ipynb")
    assert not run_notebook.run(tmp_path / "small.ipynb")
    stored = nbformat.read(tmp_path / "small.ipynb", as_version=4)
    assert not stored.cells[1].outputs


@pytest.mark.r
def test_a_notebook_in_r_keeps_its_kernel_and_stores_its_outputs(tmp_path, appendix):
    path = tmp_path / "one.ipynb"
    cell = new_code_cell('cat(1 + 1, "\\n")')
    nbformat.write(new_notebook(cells=[cell], metadata=appendix.metadata), path)
    assert run_notebook.run(path)
    stored = nbformat.read(path, as_version=4)
    assert stored.metadata.kernelspec.name == "ir"
    assert stored.cells[0].outputs[0].text == "2 \n"


def test_without_an_r_kernel_the_runner_says_what_to_install(monkeypatch, capsys):
    monkeypatch.setattr(run_notebook, "find_r_kernel", lambda: False)
    assert not run_notebook.run(PATH)
    assert "apt-get install r-base-core r-cran-irkernel" in capsys.readouterr().err


def test_without_an_r_kernel_the_cells_are_left_out_aloud():
    code = (
        "from jupyter_client.kernelspec import KernelSpecManager as Manager; "
        "Manager.find_kernel_specs = lambda self: {}; "
        "import sys, pytest; sys.exit(pytest.main(sys.argv[1:]))"
    )
    result = subprocess.run(
        [
            sys.executable,
            "-c",
            code,
            "-q",
            str(PATH),
            str(ROOT / "tests/test_claims.py"),
        ],
        cwd=ROOT,
        env={k: v for k, v in os.environ.items() if k != "CI"}
        | {"PYTHONPATH": str(ROOT / "tools")},
        capture_output=True,
        text=True,
    )
    count = sum(cell.cell_type == "code" for cell in nbformat.read(PATH, 4).cells)
    assert f"so {count} cells of the appendix in R were left out" in result.stdout
