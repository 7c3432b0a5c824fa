"""Install what the book needs into the Python that runs this script.

``python tools/install.py packages``
    The pinned requirements. On Linux, PyTorch is first looked for at PyTorch's own
    index of CPU builds: pip's usual index gives a CUDA build of several gigabytes.
``python tools/install.py lock``
    Nothing: it pins, in constraints.txt, what the requirements have pulled in.
``python tools/install.py browser``
    A Chromium for the browser tests, by Playwright, unless this machine has one.
``python tools/install.py graders``
    nbgrader and otter-grader, which the grader is compared with, in ``.venv-graders``.
"""

from __future__ import annotations

import functools
import shutil
import subprocess
import sys
import urllib.request
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
TORCH_CPU_INDEX = "https://download.pytorch.org/whl/cpu"
PATIENCE = 5  # seconds to wait for PyTorch's index before doing without it
GRADERS = ROOT / ".venv-graders"
NO_GRADERS = (
    "There is no .venv-graders with nbgrader and otter-grader: make bench makes it"
)


def pip(*arguments: str) -> int:
    """Run pip in this Python and return its exit code."""
    return subprocess.run([sys.executable, "-m", "pip", *arguments]).returncode


def can_be_reached(url: str, seconds: float = PATIENCE) -> bool:
    """Return whether `url` answers within `seconds`."""
    try:
        with urllib.request.urlopen(url, timeout=seconds):
            return True
    except (OSError, ValueError):
        return False


def torch_requirement() -> str:
    """Return the line of requirements.txt that pins torch."""
    lines = (ROOT / "requirements.txt").read_text(encoding="utf-8").splitlines()
    return next(line for line in lines if line.startswith("torch=="))


def install_packages(index: str = TORCH_CPU_INDEX) -> int:
    """Install the requirements, PyTorch's CPU build first where that can be had."""
    if sys.platform == "linux":
        if can_be_reached(f"{index}/torch/"):
            impatient = ("--retries", "1", "--timeout", "15")
            source = ("--no-deps", "--index-url", index)
            pip("install", *impatient, *source, torch_requirement())
        else:
            print(f"{index} cannot be reached: taking the torch that pip finds.")
    return pip("install", "-r", str(ROOT / "requirements.txt"))


@functools.cache
def find_browser() -> str | None:
    """Return the path of a Chromium: the system's, or else Playwright's own."""
    for name in ("chromium", "chromium-browser", "google-chrome"):
        if path := shutil.which(name):
            return path
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        path = playwright.chromium.executable_path
    return path if Path(path).exists() else None


def install_browser() -> int:
    """Let Playwright fetch a Chromium unless there is one; failing that is no error."""
    if find_browser() is None:
        print("No Chromium found. Trying Playwright's own download.", flush=True)
        subprocess.run([sys.executable, "-m", "playwright", "install", "chromium"])
    return 0


def find_graders() -> Path | None:
    """Return the Python of the environment with nbgrader and otter-grader."""
    paths = (GRADERS / "bin" / "python", GRADERS / "Scripts" / "python.exe")
    complete = (GRADERS / "installed").exists()
    return next((path for path in paths if complete and path.exists()), None)


def install_graders() -> int:
    """Make the environment with nbgrader and otter-grader beside the book's."""
    (GRADERS / "installed").unlink(missing_ok=True)
    venv.create(GRADERS, with_pip=True)
    python = GRADERS / ("Scripts" if sys.platform == "win32" else "bin") / "python"
    requirements = str(ROOT / "tools" / "graders-requirements.txt")
    command = [str(python), "-m", "pip", "install", "-r", requirements]
    code = subprocess.run(command, cwd=ROOT).returncode
    if code == 0:
        (GRADERS / "installed").touch()
    return code


def lock() -> int:
    """Write constraints.txt: what is installed and not in requirements.txt itself."""
    command = [sys.executable, "-m", "pip", "freeze", "--exclude-editable"]
    frozen = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    requirements = (ROOT / "requirements.txt").read_text(encoding="utf-8").lower()
    lines = [
        line
        for line in frozen.splitlines()
        if f"\n{line.partition('=')[0].lower()}==" not in requirements
    ]
    (ROOT / "constraints.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    actions = {
        "packages": install_packages,
        "browser": install_browser,
        "lock": lock,
        "graders": install_graders,
    }
    if len(sys.argv) != 2 or sys.argv[1] not in actions:
        sys.exit(f"usage: python tools/install.py {{{','.join(actions)}}}")
    sys.exit(actions[sys.argv[1]]())
