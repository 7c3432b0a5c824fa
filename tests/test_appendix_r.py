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
from course_utils.layers import (
    ACTIVATIONS,
    Activation,
    Dense,
    SigmoidCrossEntropy,
    sigmoid,
)
from course_utils.networks import mlp
from course_utils.statistics import wilson_interval
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
    speaks = network.dense_layers()[0].Z > 0
    units = lines_of(appendix, "   units that speak")[place]
    assert units.tolist() == speaks.sum(axis=1).tolist()


def test_the_smallest_network_has_the_gradients_of_the_package(appendix):
    hidden = Dense(np.array([[0.5]]), np.array([0.5]))
    bend = Activation("relu")
    last = Dense(np.array([[2.0]]), np.array([-1.0]))
    out = last.forward(bend.forward(hidden.forward(np.array([[2.0]]))))
    hidden.backward(bend.backward(last.backward(2 * (out - 3.0))))
    (line,) = lines_of(appendix, "dw1")
    ours = [hidden.dW[0, 0], hidden.db[0], last.dW[0, 0], last.db[0]]
    assert line[[0, 2, 4, 6]].tolist() == pytest.approx(ours)  # db1, ... have digits


def test_the_layer_has_the_gradients_of_the_package(appendix):
    layer = Dense(np.array([[1.0, 0], [0, 1], [1, 1]]))
    layer.forward(np.array([[1.0, 2, 3], [4, 5, 6]]))
    dX = layer.backward(np.array([[0.1, 0.2], [-0.3, 0.5]]))
    (line,) = lines_of(appendix, "dW[1, 2]")
    assert line.tolist() == pytest.approx([layer.dW[0, 1], *layer.db])
    cell = next(cell for cell in appendix.cells if "print(gradients" in cell.source)
    rows = re.findall(r"^\[\d,\](.*)$", cell.outputs[0].text, re.MULTILINE)
    assert np.array([row.split() for row in rows], float) == pytest.approx(dX)


def test_the_starts_of_r_are_counted_and_have_the_intervals_of_the_package(appendix):
    for seed in range(3):
        ends, (solved, n, *interval) = lines_of(appendix, f"seed {seed}")
        assert ends[::2].sum() == n == 100
        assert ends[0] == solved
        assert np.array(interval) == pytest.approx(
            np.array(wilson_interval(solved, n)), abs=5e-3
        )
    ((solved, n, *interval),) = lines_of(appendix, "all ")
    assert np.array(interval) == pytest.approx(
        np.array(wilson_interval(solved, n)), abs=5e-3
    )


def cell_with(appendix, text):
    """Return the source of the one cell of code that has a text."""
    (source,) = [
        cell.source
        for cell in appendix.cells
        if cell.cell_type == "code" and text in cell.source
    ]
    return source


def run_cells(appendix, folder, *sources):
    """Run cells after the appendix's first; return if they did, and the outputs."""
    sources = [cell_with(appendix, "library(jsonlite)"), *sources]
    cells = [new_code_cell(source) for source in sources]
    path = folder / "small.ipynb"
    nbformat.write(new_notebook(cells=cells, metadata=appendix.metadata), path)
    done = run_notebook.run(path)
    outputs = [cell.outputs for cell in nbformat.read(path, 4).cells]
    return done, "".join(each.get("text", "") for row in outputs for each in row)


def copy_chapter(name, folder, old="", new=""):
    """Copy a chapter into a folder, with another text in its outputs."""
    chapter = nbformat.read(ROOT / "book" / f"{name}.ipynb", as_version=4)
    for cell in chapter.cells:
        for output in cell.get("outputs", []):
            if "text" in output:
                output.text = output.text.replace(old, new)
    nbformat.write(chapter, folder / f"{name}.ipynb")


@pytest.mark.r
@pytest.mark.parametrize(
    ("old", "new", "cell"),
    [
        ("dout -2.0", "dout -2.1", "dout <-"),
        ("by hand 2.2", "by hand 2.3", "dense_backward <-"),
    ],
)
def test_r_stops_where_a_chapter_says_something_else(
    appendix, tmp_path, old, new, cell
):
    """The comparison in the appendix can fail, and does not fail without reason."""
    copy_chapter("08-backprop", tmp_path, old, new)
    assert not run_cells(appendix, tmp_path, cell_with(appendix, cell))[0]
    copy_chapter("08-backprop", tmp_path)
    assert run_cells(appendix, tmp_path, cell_with(appendix, cell))[0]


@pytest.mark.r
def test_r_does_not_pool_the_numbers_of_two_lines(appendix, tmp_path):
    copy_chapter("02-linear-is-not-enough", tmp_path)
    line = 'printed("02-linear-is-not-enough", "4 units{}")'
    assert run_cells(appendix, tmp_path, line.format(": 70 at"))[0]
    assert not run_cells(appendix, tmp_path, line.format(":"))[0]


@pytest.mark.r
def test_networks_side_by_side_end_as_each_by_itself(appendix, tmp_path):
    """What the mask is for."""
    needed = ("dense <- ", "activations <-", "dense_backward <-", "starts <-")
    cells = [
        cell_with(appendix, text).split("agree(")[0].split("stopifnot(all")[0]
        for text in (*needed, "cross_entropy <-", "train <- ", "answer <- ")
    ]
    known = cell_with(appendix, "berries <- ")
    check = """
        W1 <- cbind(starts[[1]]$W1, starts[[2]]$W1)
        mask <- kronecker(diag(2), matrix(1, 4, 1))
        W2 <- c(starts[[1]]$W2, starts[[2]]$W2) * mask
        both <- train(list(W1 = W1, W2 = W2), mask = mask)
        for (i in 1:2) {
          one <- answer(trained[[i]], switches)
          stopifnot(all.equal(answer(both, switches)[, i], one[, 1]))
        }
        cat("the same twice")
    """
    done, text = run_cells(appendix, tmp_path, known, *cells, check)
    assert done
    assert text.endswith("the same twice")


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
