"""The instructors' guide: its commands are run, and print what it says."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.sandbox

ROOT = Path(__file__).parents[1]
GUIDE = (ROOT / "book" / "instructors.md").read_text(encoding="utf-8")


def console_blocks():
    """Yield the guide's commands, each with what it says that they print."""
    for block in re.findall(r"^```console\n(.*?)^```", GUIDE, re.MULTILINE | re.DOTALL):
        for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
            command, _, printed = part.partition("\n")
            yield command, printed


def shown_files():
    """Return the files that the guide shows, by name."""
    block = r"^(`{3,})\{code-block\} \w+\n:caption: (\S+)\n(.*?)^\1$"
    found = re.findall(block, GUIDE, re.MULTILINE | re.DOTALL)
    return {name: text for _, name, text in found}


def matches(printed, expected):
    """Return whether `printed` is `expected`, where a line ``...`` stands for any."""
    lines = expected.splitlines(keepends=True)
    pattern = "".join(r"(?:.*\n)*" if x == "...\n" else re.escape(x) for x in lines)
    return re.fullmatch(pattern, printed) is not None


def test_matching_takes_dots_for_lines_and_nothing_else():
    assert matches("a\nb\nc\nd\n", "a\n...\nd\n")
    assert matches("a\nd\n", "a\n...\nd\n")
    assert not matches("a\nb\nc\n", "a\n...\nd\n")
    assert not matches("ab\n", "a.\n")


@pytest.fixture(scope="module")
def clone(tmp_path_factory):
    """A clone of the repository, with the environment that these tests run in."""
    tree = tmp_path_factory.mktemp("guide") / "hidden-layers"
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        check=True,
    )
    for name in filter(None, listed.stdout.decode().split("\0")):
        if (ROOT / name).is_file():
            (tree / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, tree / name)
    installed = ROOT / ".venv" / "installed"
    assert Path(sys.prefix) == ROOT / ".venv", "run the tests by `make test`"
    for name in ("requirements.txt", "constraints.txt", "pyproject.toml"):
        assert installed.stat().st_mtime > (tree / name).stat().st_mtime, "`make test`"
    (tree / ".venv").symlink_to(ROOT / ".venv")
    return tree


def test_the_guides_commands_print_what_it_says(clone):
    commands = list(console_blocks())
    assert len(commands) >= 15
    for name, text in shown_files().items():
        path = clone.parent / "shown" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    script = "exec 2>&1\n"
    for number, (command, _) in enumerate(commands):
        if command.startswith("jupytext"):
            script += "cp -r ../shown/my_book .\n"
        script += f"echo '@@ {number}'\n{command}\n"
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONPATH"}
    done = subprocess.run(
        ["bash"],
        input=script,
        cwd=clone,
        env=environment,
        capture_output=True,
        text=True,
    )
    pieces = re.split(r"^@@ (\d+)\n", done.stdout, flags=re.MULTILINE)[1:]
    printed = dict(zip(map(int, pieces[::2]), pieces[1::2]))
    for number, (command, expected) in enumerate(commands):
        assert matches(printed[number], expected), (
            f"$ {command}\n{printed[number]}\nThe guide says:\n{expected}"
        )


def test_the_guide_shows_every_command():
    from course_utils.grading.cli import parser

    for command in parser()._subparsers._group_actions[0].choices:
        assert f"course {command}" in GUIDE, command
