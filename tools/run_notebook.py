"""Execute notebooks from a fresh kernel and store their outputs.

Usage: ``python tools/run_notebook.py book/08-backprop.ipynb [...]``

A notebook is written only when every cell succeeded. Beside the outputs, each code cell
stores the fingerprint of the source that made them and a seal on the outputs, so that
the tests notice an edit of either that was not followed by an execution.
"""

from __future__ import annotations

import argparse
import base64
import hashlib
import io
import json
import os
import re
import subprocess
import sys
import time
from pathlib import Path

import nbformat
import yaml
from jupyter_client import AsyncKernelManager
from jupyter_client.kernelspec import KernelSpecManager
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, DeadKernelError
from nbformat import NotebookNode
from nbval.kernel import CURRENT_ENV_KERNEL_NAME, NbvalKernelspecManager
from PIL import Image

from course_utils._environment import ENVIRONMENT

ROOT = Path(__file__).resolve().parent.parent

NO_R = (
    "this notebook is in R, and Jupyter knows no R kernel here. Install one (Debian: "
    "apt-get install r-base-core r-cran-irkernel) and run again."
)
CELL_TIMEOUT = 300  # seconds
LANGUAGES = {
    "python3": {"display_name": "Python 3", "language": "python", "name": "python3"},
    "ir": {"display_name": "R", "language": "R", "name": "ir"},
}
"""The kernels that notebooks of the book may have, as their metadata say it."""


def toc_documents(root: Path = ROOT) -> list[str]:
    """Return what ``_toc.yml`` in the folder `root` names, in order."""
    names: list[str] = []

    def visit(node: object) -> None:
        if isinstance(node, list):
            for child in node:
                visit(child)
        elif isinstance(node, dict):
            names.extend(node[key] for key in ("root", "file") if key in node)
            for child in node.values():
                visit(child)

    visit(yaml.safe_load((root / "_toc.yml").read_text(encoding="utf-8")))
    return names


def toc_notebooks(root: Path = ROOT) -> list[Path]:
    """Return the notebooks that ``_toc.yml`` in the folder `root` names, in order.

    Raises
    ------
    FileNotFoundError
        When it names a page that is neither a notebook nor Markdown.
    """
    notebooks = []
    for name in toc_documents(root):
        notebook = root / f"{name.removesuffix('.ipynb')}.ipynb"
        if notebook.exists():
            notebooks.append(notebook)
        elif not notebook.with_suffix(".md").exists():
            raise FileNotFoundError(f"_toc.yml names {name}, and there is no such file")
    return notebooks


def fingerprint(source: str) -> str:
    """Return the first 12 hexadecimal digits of the SHA-256 of a cell's source."""
    return hashlib.sha256(source.encode()).hexdigest()[:12]


def seal(cell: NotebookNode) -> str:
    """Return the fingerprint of what a code cell stores: outputs and tolerances."""
    stored = [cell.outputs, cell.metadata.get("rtol"), cell.metadata.get("atol")]
    return fingerprint(json.dumps(stored, sort_keys=True))


def is_r(notebook: NotebookNode) -> bool:
    """Say whether a notebook is for the R kernel; the others are for this Python."""
    return notebook.metadata.get("kernelspec", {}).get("name") == "ir"


def find_r_kernel() -> bool:
    """Say whether Jupyter knows an R kernel on this machine."""
    return "ir" in KernelSpecManager().find_kernel_specs()


def is_folded(cell: NotebookNode) -> bool:
    """Say whether the site folds a cell's source away, as plotting and solutions."""
    return not {"hide-input", "hide-cell"}.isdisjoint(cell.metadata.get("tags", []))


def execute(notebook: NotebookNode, folder: Path) -> None:
    """Execute `notebook` in place, in a fresh kernel that works in `folder`.

    Raises
    ------
    nbclient.exceptions.CellExecutionError
        When a cell fails that is not tagged ``raises-exception``.
    nbclient.exceptions.DeadKernelError, nbclient.exceptions.CellTimeoutError
        When the kernel ends, or a cell takes more than `CELL_TIMEOUT`.
    """
    codes = [i for i, cell in enumerate(notebook.cells) if cell.cell_type == "code"]
    began = time.perf_counter()

    def before(cell_index: int, **_: object) -> None:
        if cell_index in codes:
            number = codes.index(cell_index) + 1
            print(f"  cell {number} of {len(codes)}", end="", flush=True)

    def after(cell_index: int, **_: object) -> None:
        if cell_index in codes:
            print(f", {time.perf_counter() - began:.1f} s", flush=True)

    for i in codes:
        notebook.cells[i].outputs = []
        notebook.cells[i].execution_count = None
    if is_r(notebook):
        manager = AsyncKernelManager(kernel_name="ir")
    else:
        manager = AsyncKernelManager(
            kernel_name=CURRENT_ENV_KERNEL_NAME,
            kernel_spec_manager=NbvalKernelspecManager(),
        )
    client = NotebookClient(
        notebook,
        km=manager,
        timeout=CELL_TIMEOUT,
        record_timing=False,
        coalesce_streams=True,
        resources={"metadata": {"path": str(folder)}},
        on_cell_start=before,
        on_cell_executed=after,
    )
    # stderr: the kernel's own log; what a cell writes there is an output and is kept.
    client.execute(
        env=os.environ | ENVIRONMENT, stderr=subprocess.DEVNULL, cleanup_kc=True
    )


def normalise(notebook: NotebookNode) -> None:
    """Store the fingerprints, and drop what differs between two runs, in place.

    What the site folds away is folded away in JupyterLab too.
    """
    notebook.nbformat, notebook.nbformat_minor = 4, 5
    kernel = LANGUAGES["ir" if is_r(notebook) else "python3"]
    notebook.metadata = nbformat.from_dict(
        {"kernelspec": kernel, "language_info": {"name": kernel["language"]}}
    )
    for cell in notebook.cells:
        cell.metadata.pop("execution", None)
        if cell.cell_type != "code":
            continue
        cell.metadata["executed"] = fingerprint(cell.source)
        cell.metadata.pop("jupyter", None)
        if is_folded(cell):
            cell.metadata["jupyter"] = {"source_hidden": True}
        for output in cell.outputs:
            if "image/png" in output.get("data", {}):
                output.data["image/png"] = bare_png(output.data["image/png"])
        cell.metadata["sealed"] = seal(cell)


def bare_png(encoded: str) -> str:
    """Return a base64 PNG without its text, where matplotlib writes its version."""
    picture = Image.open(io.BytesIO(base64.b64decode(encoded)))
    if picture.mode == "RGBA" and picture.getextrema()[3] == (255, 255):
        picture = picture.convert("RGB")
    buffer = io.BytesIO()
    picture.save(buffer, format="PNG", optimize=True)
    return base64.b64encode(buffer.getvalue()).decode()


def write_whole(notebook: NotebookNode, path: Path) -> None:
    """Write `notebook` to `path` in one step, so that no half of it can be left."""
    nbformat.validate(notebook)
    part = path.with_name(path.name + ".part")
    try:
        nbformat.write(notebook, part)
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)


def run(path: Path) -> bool:
    """Execute the notebook at `path`, store its outputs, say whether all went well."""
    if not path.is_file():
        print(f"{path}: there is no such notebook", file=sys.stderr)
        return False
    print(path, flush=True)
    notebook = nbformat.read(path, as_version=4)
    if is_r(notebook) and not find_r_kernel():
        print(f"{path}: {NO_R}", file=sys.stderr)
        return False
    problem = None
    try:
        execute(notebook, path.resolve().parent)
    except CellExecutionError:
        pass  # its output is in the cell
    except (DeadKernelError, TimeoutError) as error:
        problem = str(error)
    problem = failure(notebook) or problem
    if problem:
        print(f"\n{problem}\n{path}: nothing was stored", file=sys.stderr)
        return False
    normalise(notebook)
    write_whole(notebook, path)
    return True


def failure(notebook: NotebookNode) -> str | None:
    """Name the first cell that failed, with its source and traceback; None if none did.

    The outputs are looked at since a display that fails does not fail its cell.
    """
    codes = [cell for cell in notebook.cells if cell.cell_type == "code"]
    for number, cell in enumerate(codes, start=1):
        for output in cell.outputs:
            tags = cell.metadata.get("tags", [])
            if output.output_type == "error" and "raises-exception" not in tags:
                traceback = re.sub(r"\x1b\[[\d;]*m", "", "\n".join(output.traceback))
                return f"code cell {number} failed\n\n{cell.source}\n\n{traceback}"
    return None


def main() -> int:
    """Run the notebooks named on the command line; 1 when any of them failed."""
    parser = argparse.ArgumentParser(description="Execute notebooks and store outputs.")
    parser.add_argument("notebooks", nargs="+", type=Path, metavar="notebook.ipynb")
    results = [run(path) for path in parser.parse_args().notebooks]
    return 0 if all(results) else 1


if __name__ == "__main__":
    sys.exit(main())
