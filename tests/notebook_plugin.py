"""Run the book's notebooks under pytest; compare their outputs with the stored ones.

nbval runs the cells and compares text exactly. By its own classes, this plugin adds:

- the kernel and its environment are those of ``tools/run_notebook.py``;
- no marker and no tag can keep a cell from being run and compared;
- a cell may declare tolerances in its metadata: ``"rtol": 0.01`` (0 < rtol <= 0.2) and
  beside it, for numbers near zero, ``"atol": 0.001`` (0 < atol <= 0.05);
- pictures are compared too;
- a notebook may take `NOTEBOOK_SECONDS`, and several chapters `MEAN_SECONDS` on the
  average, so that two cores run the book in less than 8 minutes. The seconds are the
  processor's, in the kernel of an idle machine, and `BUSY` times as many pass.
"""

from __future__ import annotations

import base64
import contextlib
import io
import os
import re
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from unittest import mock

import numpy as np
import psutil
import pytest
from nbformat import NotebookNode
from nbval.plugin import IPyNbCell, IPyNbFile, NbCellError
from PIL import Image
from run_notebook import CELL_TIMEOUT, is_r

from course_utils._environment import ENVIRONMENT

NOTEBOOK_SECONDS = 60
MEAN_SECONDS = 30
# Neighbours on the same processor slow down large products of matrices. Measured on one
# virtual machine within a day: chapter 15 took 29 s and 57 s, all 22 chapters 423 s and
# 639 s. It is the chapter that is tested, and not its neighbours.
BUSY = 1.6

# A number that stands by itself: the digits of `W1`, `0x7f` or `1.2.3` are text.
NUMBER = re.compile(
    r"(?<![\w.])(?:(?<!\d)[-+])?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][-+]?\d+)?(?![\w]|\.\d)"
)

# Pictures are compared as means over blocks of 8 by 8 pixels, on the scale 0 .. 255,
# so that antialiasing does not count. Measured at 110 dots an inch: one changed digit
# in a 10 by 10 table moves its block by 6, a curve off by 0.1 % moves some block by 10,
# a curve off by 0.0001 % by 0.1. Where a cell declares a tolerance, only the root mean
# square over the picture counts: 1.7 when thirty of a hundred counts change by one, 3.4
# for a curve off by 1 %, 8 for one off by 5 % or drawn in another colour, over 50 for
# another picture.
BLOCK = 8
WORST_BLOCK = 4.0
ROOT_MEAN_SQUARE = 4.0
SIZE_SLACK = 2  # pixels; the width of a tick label decides the size of a tight figure


def tolerances(cell: NotebookNode) -> tuple[float, float] | None:
    """Return the (rtol, atol) that a cell's metadata declares, None where it has none.

    Raises
    ------
    ValueError
        When a tolerance is not a number or not within its bounds, or atol is alone.
    """
    metadata = cell.metadata
    if "rtol" not in metadata:
        if "atol" in metadata:
            raise ValueError("atol needs an rtol beside it")
        return None
    for name, most in (("rtol", 0.2), ("atol", 0.05)):
        value = metadata.get(name, most)
        is_number = isinstance(value, int | float) and not isinstance(value, bool)
        if not is_number or not 0 < value <= most:
            raise ValueError(
                f"{name} must be a number, 0 < {name} <= {most}, got {value!r}"
            )
    return metadata["rtol"], metadata.get("atol", 0.0)


def close_text(stored: str, fresh: str, rtol: float, atol: float) -> bool:
    """Say whether two texts differ by nothing but numbers within a tolerance.

    Both are cut into numbers and what stands between them. What stands between must be
    equal up to white space, since columns move with the digits in them. Numbers must
    satisfy ``|fresh - stored| <= rtol * |stored| + atol``; so a stored 0.0000 accepts
    only zero unless the cell declares an atol.
    """

    def between(text: str) -> list[str]:
        return [" ".join(part.split()) for part in NUMBER.split(text)]

    def numbers(text: str) -> np.ndarray:
        return np.array([float(number) for number in NUMBER.findall(text)])

    if between(stored) != between(fresh):
        return False
    wanted, got = numbers(stored), numbers(fresh)
    return bool(np.all(np.abs(got - wanted) <= rtol * np.abs(wanted) + atol))


def adopt(stored: object, fresh: object, rtol: float, atol: float) -> object:
    """Return `fresh`, with each text that is close to the stored one replaced by that.

    nbval's exact comparison then passes what is within the tolerance, and reports the
    rest. Lists and dicts are walked through side by side.
    """
    if isinstance(stored, str) and isinstance(fresh, str):
        return stored if close_text(stored, fresh, rtol, atol) else fresh
    if isinstance(stored, dict) and isinstance(fresh, dict):
        return NotebookNode(
            {
                key: adopt(stored[key], value, rtol, atol)
                if key in stored and key != "image/png"
                else value
                for key, value in fresh.items()
            }
        )
    if (
        isinstance(stored, list)
        and isinstance(fresh, list)
        and len(stored) == len(fresh)
    ):
        return [adopt(*pair, rtol, atol) for pair in zip(stored, fresh, strict=True)]
    return fresh


def blocks(encoded: str, height: int, width: int) -> np.ndarray:
    """Return the block means of a base64 PNG's top left `height` by `width` pixels."""
    pixels = np.asarray(picture(encoded), dtype=float)[:height, :width]
    rows, columns = height // BLOCK, width // BLOCK
    pixels = pixels[: rows * BLOCK, : columns * BLOCK]
    return pixels.reshape(rows, BLOCK, columns, BLOCK, 3).mean(axis=(1, 3))


def picture(encoded: str) -> Image.Image:
    """Return a base64 PNG as a picture in RGB, on white."""
    image = Image.open(io.BytesIO(base64.b64decode(encoded))).convert("RGBA")
    white = Image.new("RGBA", image.size, "white")
    return Image.alpha_composite(white, image).convert("RGB")


def picture_complaint(stored: str, fresh: str, *, tolerant: bool) -> str | None:
    """Say how two base64 PNGs differ, None where they count as the same picture."""
    sizes = picture(stored).size, picture(fresh).size
    width, height = np.min(sizes, axis=0)
    if np.abs(np.subtract(*sizes)).max() > SIZE_SLACK:
        return f"it was {sizes[0]} pixels and is now {sizes[1]}"
    difference = np.abs(blocks(stored, height, width) - blocks(fresh, height, width))
    if tolerant:
        size, most = np.sqrt(np.mean(difference**2)), ROOT_MEAN_SQUARE
    else:
        size, most = difference.max(), WORST_BLOCK
    return f"it differs by {size:.1f}, at most {most:g} passes" if size > most else None


def pictures(outputs: list[NotebookNode]) -> list[str]:
    """Return the PNGs among `outputs`, in order."""
    data = [output.get("data", {}) for output in outputs]
    return [each["image/png"] for each in data if "image/png" in each]


class BookNotebook(IPyNbFile):
    """A notebook: its kernel, the seconds that this took, its cells as test items."""

    seconds = 0.0
    complained = False  # about the seconds, once

    def setup(self) -> None:
        """Start the kernel, in the environment that the stored outputs were made in."""
        self.config.option.nbval_current_env = not is_r(self.nb)
        self.config.option.nbval_cell_timeout = CELL_TIMEOUT
        with mock.patch.dict(os.environ, ENVIRONMENT), self.without_coverage():
            super().setup()

    def teardown(self) -> None:
        """Stop the kernel."""
        with self.without_coverage():
            super().teardown()

    def without_coverage(self) -> contextlib.AbstractContextManager[object]:
        """Keep nbval from measuring coverage in the kernel.

        That costs a third of the time, R has none, and what only a chapter reaches is
        not tested.
        """
        return mock.patch.object(self.config.option, "cov_source", None, create=True)

    def look_at_the_clock(self) -> float:
        """Update the processor's seconds; return how many came since the last look."""
        before = self.seconds
        with contextlib.suppress(psutil.NoSuchProcess):  # a kernel that died
            times = psutil.Process(self.kernel.km.provisioner.pid).cpu_times()
            self.seconds = times.user + times.system
        return self.seconds - before

    def collect(self) -> Iterator[BookCell]:
        """Yield the code cells, numbered from 1 as JupyterLab shows them."""
        for item in super().collect():
            number = item.cell_num + 1
            raises = "raises-exception" in item.cell.metadata.get("tags", [])
            options = defaultdict(bool, check=True, check_exception=raises)
            cell = BookCell.from_parent(
                self,
                name=f"Cell {number}",
                cell_num=number,
                cell=item.cell,
                options=options,
            )
            if is_r(self.nb):
                cell.add_marker("r")
            yield cell


class BookCell(IPyNbCell):
    """A code cell: it is run, and every output is compared with the stored one."""

    def runtest(self) -> None:
        """Run the cell and compare; complain about the time when it has run out."""
        if self.cell.execution_count is None:
            self.raise_cell_error("the cell was never executed")
        try:
            self.tolerances = tolerances(self.cell)
        except ValueError as error:
            self.raise_cell_error(str(error))
        try:
            super().runtest()
        finally:
            self.user_properties.append(("seconds", self.parent.look_at_the_clock()))
        most = BUSY * NOTEBOOK_SECONDS
        if self.parent.seconds > most and not self.parent.complained:
            self.parent.complained = True
            self.raise_cell_error(
                f"the notebook has taken {self.parent.seconds:.0f} s up to here, "
                f"and may take {NOTEBOOK_SECONDS} s, {most:g} s on a busy machine"
            )

    def compare_outputs(
        self,
        test: list[NotebookNode],
        ref: list[NotebookNode],
        skip_compare: tuple[str, ...] | None = None,
    ) -> bool:
        """Say whether the fresh outputs `test` agree with the stored outputs `ref`."""
        tolerant = self.tolerances is not None
        adopted = adopt(ref, test, *self.tolerances) if tolerant else test
        if not super().compare_outputs(adopted, ref, skip_compare):
            return False
        # nbval has made sure of the text that stands beside each picture, not of the
        # pictures, nor of their number.
        stored, fresh = pictures(ref), pictures(test)
        if len(stored) != len(fresh):
            self.comparison_traceback.append(
                f"{len(stored)} pictures are stored, the cell now draws {len(fresh)}"
            )
            return False
        for number, pair in enumerate(zip(stored, fresh, strict=True), start=1):
            complaint = picture_complaint(*pair, tolerant=tolerant)
            if complaint:
                self.comparison_traceback.append(f"picture {number}: {complaint}")
                return False
        return True

    def repr_failure(self, excinfo: pytest.ExceptionInfo) -> str:
        """Name the notebook, the cell and the command that mends it."""
        if not isinstance(excinfo.value, NbCellError):
            return super().repr_failure(excinfo)
        path = self.path.relative_to(self.config.rootpath).as_posix()
        return (
            f"{path}, code cell {self.cell_num}: {excinfo.value}\n"
            f"Where the new output is right, `make run NB={path}` stores it.\n\n"
            f"{super().repr_failure(excinfo)}"
        )


def pytest_collect_file(
    file_path: Path, parent: pytest.Collector
) -> BookNotebook | None:
    """Collect notebooks."""
    if file_path.suffix == ".ipynb":
        return BookNotebook.from_parent(parent, path=file_path)
    return None


class Stopwatch:
    """Adds up what the notebooks take; pytest-xdist hands it the reports."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = defaultdict(float)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Count the time of a cell for its notebook."""
        name = report.nodeid.partition("::")[0]
        if report.when == "call" and name.endswith(".ipynb"):
            self.seconds[name] += dict(report.user_properties).get("seconds", 0.0)

    def chapters(self) -> list[float]:
        """Return the seconds of each chapter."""
        chapter = re.compile(r"(?:.*/)?\d\d-[^/]*")
        return [s for name, s in self.seconds.items() if chapter.fullmatch(name)]

    def allowed(self) -> int:
        """Return the seconds that the chapters may take together."""
        return MEAN_SECONDS * len(self.chapters())

    def too_slow(self) -> bool:
        """Say whether several chapters take more than `MEAN_SECONDS` on average."""
        several = len(self.chapters()) > 1
        return several and sum(self.chapters()) > BUSY * self.allowed()

    # First, so that the terminal's own summary sees the status.
    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Let a run fail whose notebooks were too slow."""
        if self.too_slow() and session.exitstatus == pytest.ExitCode.OK:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def pytest_terminal_summary(
        self, terminalreporter: pytest.TerminalReporter
    ) -> None:
        """Print what each notebook took."""
        if not self.seconds:
            return
        terminalreporter.section("notebooks")
        for name, seconds in self.seconds.items():
            terminalreporter.line(f"{seconds:6.1f} s  {name}")
        if len(self.chapters()) > 1:
            terminalreporter.line(
                f"{sum(self.chapters()):6.1f} s  the chapters together; "
                f"{self.allowed()} s are allowed, {BUSY * self.allowed():g} s on a "
                "busy machine"
            )
        if self.too_slow():
            terminalreporter.line(
                "FAILED: the chapters together are too slow", red=True
            )


def pytest_configure(config: pytest.Config) -> None:
    """Start the stopwatch, and register the marker of cells in R."""
    config.addinivalue_line("markers", "r: needs an R kernel")
    config.pluginmanager.register(Stopwatch(), "notebook-stopwatch")
