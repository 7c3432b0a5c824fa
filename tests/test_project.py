"""The commands, the requirements and what the README says of them."""

import re
import shutil
import socket
import subprocess
import time
from pathlib import Path

import install
import pytest

ROOT = Path(__file__).parents[1]
REQUIREMENTS = (ROOT / "requirements.txt").read_text(encoding="utf-8").splitlines()
README = (ROOT / "README.md").read_text(encoding="utf-8")
PINNED = [line for line in REQUIREMENTS if line and not line.startswith(("#", "-"))]


needs_make = pytest.mark.skipif(not shutil.which("make"), reason="make is not here")


@needs_make
def test_make_alone_lists_every_command():
    # make says which folder it is in when it runs within make, as in `make test`.
    printed = subprocess.run(
        ["make", "--no-print-directory"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    listed = [line.split()[0] for line in printed.splitlines()]
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    (phony,) = re.findall(r"^\.PHONY: (.*)$", makefile, re.MULTILINE)
    assert sorted(listed) == sorted(phony.split())


def test_the_readme_lists_every_command():
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    commands = set(re.findall(r"^([a-z]+):.*##", makefile, re.MULTILINE)) - {"help"}
    assert commands == set(re.findall(r"^\| `make ([a-z]+)", README, re.MULTILINE))


@needs_make
def test_make_run_without_a_notebook_says_what_to_type():
    result = subprocess.run(
        ["make", "run"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert result.returncode != 0
    assert "make run NB=book/08-backprop.ipynb" in result.stdout


@pytest.mark.parametrize("line", PINNED)
def test_every_requirement_is_pinned_exactly(line):
    assert re.match(r"[\w-]+==\d+(\.\w+)+( ;|$)", line)


def test_jupyter_book_is_below_2():
    assert any(line.startswith("jupyter-book==1.") for line in PINNED)


def test_what_the_requirements_pull_in_is_pinned_too():
    constraints = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    assert len(constraints) > 100
    assert all(re.match(r"[\w.-]+==[\w.]+$", line) for line in constraints)
    direct = {line.partition("==")[0].lower() for line in PINNED}
    assert not direct & {line.partition("==")[0].lower() for line in constraints}
    assert "-c constraints.txt" in REQUIREMENTS


def test_the_readme_installs_the_torch_that_is_pinned():
    assert f"pip install {install.torch_requirement()} --no-deps" in README
    assert install.TORCH_CPU_INDEX in README


def test_binder_installs_the_pinned_requirements():
    lines = (ROOT / "binder" / "requirements.txt").read_text(encoding="utf-8")
    assert "-r ../requirements.txt" in lines
    assert f"--extra-index-url {install.TORCH_CPU_INDEX}" in lines


@pytest.fixture
def silent_server():
    """A server on localhost that accepts and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield f"http://127.0.0.1:{server.getsockname()[1]}"


def test_an_index_that_does_not_answer_is_given_up_within_seconds(silent_server):
    began = time.perf_counter()
    assert not install.can_be_reached(silent_server, seconds=0.5)
    assert time.perf_counter() - began < 3
    assert install.PATIENCE <= 10


@pytest.mark.parametrize(
    ("platform", "reachable", "commands"),
    [("linux", True, 2), ("linux", False, 1), ("darwin", True, 1)],
)
def test_torch_comes_from_the_cpu_index_where_that_can_be_had(
    monkeypatch, capsys, platform, reachable, commands
):
    ran = []
    monkeypatch.setattr(install.sys, "platform", platform)
    monkeypatch.setattr(install, "can_be_reached", lambda url: reachable)
    monkeypatch.setattr(install, "pip", lambda *arguments: ran.append(arguments) or 0)
    assert install.install_packages() == 0
    assert len(ran) == commands
    assert ran[-1] == ("install", "-r", str(ROOT / "requirements.txt"))
    if commands == 2:
        assert install.TORCH_CPU_INDEX in ran[0]
        assert install.torch_requirement() in ran[0]
    said = capsys.readouterr().out
    assert ("cannot be reached" in said) == (platform == "linux" and not reachable)


def test_continuous_integration_runs_make_test():
    workflow = (ROOT / ".github/workflows/book.yml").read_text(encoding="utf-8")
    assert "run: make test" in workflow
    assert (ROOT / ".ci/run").read_text(encoding="utf-8").endswith("\nmake test\n")
