"""Hostile, faulty and odd submissions, each graded beside right ones.

A file ``attacks/<name>.txt`` is a submission in the percent format: ``# %%`` starts a
code cell. Its first comment says what it tries, and then what must come:

``# expect: forward_one 0 timeout; count_params 1 ok; within 9 s``
    The score and status of each exercise; one that is not named is ``0 missing``. In
    place of exercises, ``full marks`` or ``unreadable``. The seconds are the record's.
``# handed in as: truncated``
    What is made of the notebook before it is handed in, a name in ``HANDED_IN_AS``.
``# chapter: 12-pytorch``
    Another chapter than the first.
``# outside: forward_one 2 ok``
    What comes where nothing is in the way: the same grader without the sandbox. It
    shows that the attack is one.
``# fools: 2``
    As before, for a grader of the usual kind, which compares in the submission's own
    process: how many points it can be made to give.

The files do not end in ``.py``, so that no tool takes them for a part of the project:
some would harm whoever runs or imports them.
"""

import codecs
import json
import os
import re
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import dataclass
from pathlib import Path

import pytest

from course_utils._environment import ENVIRONMENT
from course_utils.exercises import reference_cells
from course_utils.grading import grader, results, sandbox
from course_utils.grading.sandbox import Limits

BOOK = Path(__file__).parents[1] / "book"
ATTACKS = sorted((Path(__file__).parent / "attacks").glob("*.txt"))
LIMITS = Limits(cpu=2, wall=4, memory=1 << 30, processes=32)
SECRET = bytes(range(32))
MARK = "from-the-sandbox"  # in the names of the files that attacks write

# --------------------------------------------------------------------------------------
# What a file says
# --------------------------------------------------------------------------------------

STATUSES = {"ok", *results.STATUSES} - {"infra_error"}


@dataclass(frozen=True)
class Attack:
    """A submission, and what must come of it."""

    cells: list[str]
    expect: str
    seconds: float
    handed_in_as: str = "it is"
    chapter: str = "01-one-layer"
    outside: str | None = None
    fools: str | None = None


def read_attack(path):
    """Return the attack in a file; what is not understood is an error."""
    head, *cells = re.split(r"^# %%\n", path.read_text(encoding="utf-8"), flags=re.M)
    assert cells, f"{path.name} has no cell: '# %%' starts one"
    said, purpose = {}, []
    for line in head.strip().splitlines():
        assert line.startswith("# "), f"{path.name}: no comment before '# %%': {line}"
        word, colon, rest = line[2:].partition(": ")
        names = ("expect", "handed in as", "chapter", "outside", "fools")
        if not said and word not in names:
            purpose.append(line)
            continue
        assert colon and word in names, f"{path.name}: what is '{line[2:]}'?"
        assert word not in said, f"{path.name}: '{word}' is there twice"
        said[word.replace(" ", "_")] = rest
    assert purpose and "expect" in said, f"{path.name}: a purpose and 'expect' are due"
    expect, _, within = said.pop("expect").rpartition("; ")
    seconds = re.fullmatch(r"within (\d+) s", within)
    assert seconds, f"{path.name}: 'expect' ends with 'within N s', not '{within}'"
    return Attack([c.strip("\n") for c in cells], expect, int(seconds[1]), **said)


def outcome(text, points):
    """Return the status of a record and the scores and statuses that a file expects."""
    if text == "full marks":
        return "ok", {name: (n, "ok") for name, n in points.items()}
    if text == "unreadable":
        return "unreadable", dict.fromkeys(points, (0, "unreadable"))
    found = dict.fromkeys(points, (0, "missing"))
    for part in text.split("; "):
        name, score, status = part.split(" ")
        assert name in points and status in STATUSES, f"what is '{part}'?"
        found[name] = int(score), status
    return "ok", found


# --------------------------------------------------------------------------------------
# How it is handed in
# --------------------------------------------------------------------------------------


def notebook_of(cells, **metadata):
    """Return a notebook with these code cells."""
    return {
        "cells": [
            {
                "cell_type": "code",
                "execution_count": None,
                "id": f"cell-{i}",
                "metadata": {},
                "outputs": [],
                "source": source.splitlines(keepends=True),
            }
            for i, source in enumerate(cells)
        ],
        "metadata": {"kernelspec": {"name": "python3"}} | metadata,
        "nbformat": 4,
        "nbformat_minor": 5,
    }


def as_bytes(content):
    """Return JSON as it stands in a file."""
    return json.dumps(content, indent=1).encode()


def with_kernel(cells, **kernelspec):
    """Return a notebook for a kernel."""
    return as_bytes(notebook_of(cells, kernelspec=kernelspec))


def changed_cells(cells, **changes):
    """Return a notebook with something else in each cell."""
    content = notebook_of(cells)
    for cell in content["cells"]:
        cell.update(changes)
    return as_bytes(content)


def between(cells, source):
    """Return a notebook with another cell before, between and after the cells."""
    every = [source]
    for cell in cells:
        every += [cell, source]
    return as_bytes(notebook_of(every))


def as_nbformat_3(cells):
    """Return a notebook as IPython wrote it until 2014."""
    inside = [{"cell_type": "code", "input": c, "language": "python"} for c in cells]
    return as_bytes({"worksheets": [{"cells": inside}], "nbformat": 3})


GRADED = {
    "tags": ["exercise-stub", "solution", "instructor"],
    "nbgrader": {"grade": True, "points": 100, "locked": False, "solution": False},
    "points": 100,
    "score": 100,
}
TEMPTING = {
    "name": "python3",
    "argv": ["/bin/sh", "-c", f"touch /tmp/kernel-{MARK}"],
    "env": {"PYTHONSTARTUP": "/tmp/x.py", "LD_PRELOAD": "/tmp/x.so"},
    "kernel_spec": {"argv": ["/bin/false"]},
}
HANDED_IN_AS = {
    "it is": lambda cells: as_bytes(notebook_of(cells)),
    # damaged
    "truncated": lambda cells: as_bytes(notebook_of(cells))[:-40],
    "an empty file": lambda cells: b"",
    "binary": lambda cells: bytes(range(256)) * 50,
    "UTF-16": lambda cells: json.dumps(notebook_of(cells)).encode("utf-16"),
    "with a byte order mark": lambda cells: (
        codecs.BOM_UTF8 + as_bytes(notebook_of(cells))
    ),
    "no cells": lambda cells: as_bytes({"nbformat": 4, "metadata": {}}),
    "cells of null": lambda cells: as_bytes(notebook_of(cells) | {"cells": [None]}),
    "cells that are a number": lambda cells: as_bytes(notebook_of([]) | {"cells": 3}),
    "sources that are numbers": lambda cells: changed_cells(cells, source=3),
    "sources that are null": lambda cells: changed_cells(cells, source=None),
    "a list": lambda cells: as_bytes(cells),
    "a bare null": lambda cells: b"null",
    "100,000 brackets": lambda cells: b"[" * 100_000,
    "an enormous number": lambda cells: b'{"cells": ' + b"9" * 100_000 + b"}",
    "nbformat 3": as_nbformat_3,
    # large
    "21 MB": lambda cells: as_bytes(notebook_of([*cells, "#" * (21 << 20)])),
    "20,000 cells": lambda cells: json.dumps(
        notebook_of([*cells, *["x = 1"] * 20_000])
    ).encode(),
    "5,000 lines in a cell": lambda cells: as_bytes(
        notebook_of([*cells, "\n".join(f"value_{i} = {i} + 1" for i in range(5000))])
    ),
    # another shape of the same
    "renamed": lambda cells: as_bytes(notebook_of(cells)),
    "sources that are strings": lambda cells: as_bytes(
        {"cells": [{"cell_type": "code", "source": cell} for cell in cells]}
    ),
    "with CRLF": lambda cells: as_bytes(
        notebook_of([c.replace("\n", "\r\n") for c in cells])
    ),
    "with CRLF in the file": lambda cells: as_bytes(notebook_of(cells)).replace(
        b"\n", b"\r\n"
    ),
    "in reverse order": lambda cells: as_bytes(notebook_of(cells[::-1])),
    "twice over": lambda cells: as_bytes(notebook_of(cells * 2)),
    "a notebook of R": lambda cells: with_kernel(cells, name="ir", language="R"),
    "a notebook of python2": lambda cells: with_kernel(cells, name="python2"),
    "without metadata": lambda cells: as_bytes(
        {"cells": notebook_of(cells)["cells"], "nbformat": 4}
    ),
    "with a hostile kernel": lambda cells: with_kernel(cells, **TEMPTING),
    "with points in its metadata": lambda cells: as_bytes(
        {**json.loads(changed_cells(cells, metadata=GRADED)), "metadata": GRADED}
    ),
    "with outputs that say it passed": lambda cells: changed_cells(
        cells,
        outputs=[{"output_type": "stream", "name": "stdout", "text": '{"score": 100}'}],
        execution_count=1,
    ),
    "with a loop without end in each other cell": lambda cells: between(
        cells, "while True:\n    pass"
    ),
    "with a fault in each other cell": lambda cells: between(
        cells, "def broken(:\n  1"
    ),
}


# --------------------------------------------------------------------------------------
# Grading it
# --------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def keys():
    """Return a function that makes the answer key of a chapter, once for each."""
    made = {}

    def key(chapter):
        if chapter not in made:
            made[chapter] = grader.make_answer_key(BOOK / f"{chapter}.ipynb", SECRET)
        return made[chapter]

    return key


@pytest.fixture(scope="module")
def bystanders(keys):
    """Return a function that gives a right submission and its record, graded alone."""
    made = {}

    def bystander(chapter):
        if chapter not in made:
            imports, solutions = reference_cells(BOOK / f"{chapter}.ipynb")
            content = as_bytes(notebook_of([imports, *solutions.values()]))
            record = grader.grade_one(content, keys(chapter), limits=LIMITS)
            assert record["score"] == record["points"]
            made[chapter] = content, without_names(record)
        return made[chapter]

    return bystander


def without_names(record):
    """Return what of a record may not depend on what else is graded, as text."""
    left_out = ("seconds", "student", "file")
    return json.dumps({k: v for k, v in record.items() if k not in left_out}, indent=1)


def processes(users):
    """Return the processes of the sandboxes' users, and the children of this one."""
    found, me = {}, os.getpid()
    for entry in filter(str.isdigit, os.listdir("/proc")):
        try:
            status = (
                Path("/proc", entry, "status").read_bytes().decode(errors="replace")
            )
        except OSError:  # it has just ended
            continue
        fields = dict(re.findall(r"^(Name|PPid|Uid):\s+(\S+)", status, re.M))
        if int(fields["Uid"]) in users or int(fields["PPid"]) == me:
            found[entry] = fields["Name"]
    return found


def files_outside(users, folders=("/tmp", "/var/tmp", "/dev/shm", ".")):
    """Return the files that a sandbox left where it should not reach."""
    found = set()
    for folder in filter(os.path.isdir, folders):
        for entry in os.scandir(folder):
            try:
                owner = entry.stat(follow_symlinks=False).st_uid
            except FileNotFoundError:  # somebody else's, and gone
                continue
            if MARK in entry.name or owner in users:
                found.add(entry.path)
    return found


@pytest.fixture
def folder(tmp_path, monkeypatch, keys):
    """Return a folder as an instructor has it; nothing may be left of grading in it."""
    keys("01-one-layer")  # imports matplotlib, which may leave a temporary folder
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(temporary))
    users, number = set(), threading.get_native_id

    def get_native_id():
        users.add(sandbox.FIRST_UID + number())
        return number()

    monkeypatch.setattr(threading, "get_native_id", get_native_id)
    (tmp_path / "secret.key").write_text(SECRET.hex() + "\n")
    (tmp_path / "submissions").mkdir()
    before = processes(users)
    yield tmp_path
    deadline = time.monotonic() + 5
    while processes(users).keys() - before.keys() and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not processes(users).keys() - before.keys(), "processes are left"
    assert not list(temporary.iterdir()), "temporary files are left"
    assert not files_outside(users), "files came out of the sandbox"


@pytest.mark.parametrize("path", ATTACKS, ids=lambda path: path.stem)
def test_attack(path, folder, keys, bystanders):
    attack = read_attack(path)
    key = keys(attack.chapter)
    content, alone = bystanders(attack.chapter)
    handed_in = {
        "a-bystander": content,
        "b-attack": HANDED_IN_AS[attack.handed_in_as](attack.cells),
        "c-bystander": content,
    }
    submissions = []
    for student, notebook in handed_in.items():
        file = folder / "submissions" / student / f"{attack.chapter}.ipynb"
        file.parent.mkdir()
        file.write_bytes(notebook)
        submissions.append(grader.Submission(student, attack.chapter, file))
    before = {p: p.read_bytes() for p in folder.rglob("*") if p.is_file()}
    graded = grader.grade_all(
        submissions, [key], folder / "submissions", workers=2, limits=LIMITS
    )
    records = {record["student"]: record for record in graded}
    record = records["b-attack"]
    assert_outcome(record, attack.expect, key)
    assert record["seconds"] <= attack.seconds
    assert without_names(records["a-bystander"]) == alone
    assert without_names(records["c-bystander"]) == alone
    json.dumps(record).encode()  # it can be stored
    after = {p: p.read_bytes() for p in folder.rglob("*") if p.is_file()}
    assert after == before


def assert_outcome(record, expected, key):
    """Assert that a record has the status, scores and statuses that a file expects."""
    status, exercises = outcome(expected, key.points)
    told = [record["note"]] + [
        (e["name"], e["score"], e["status"], e["problem"], str(e["came"])[:500])
        for e in record["exercises"]
    ]
    assert record["status"] == status, told
    came = {e["name"]: (e["score"], e["status"]) for e in record["exercises"]}
    assert came == exercises, told
    assert record["score"] == sum(score for score, _ in exercises.values()), told


# --------------------------------------------------------------------------------------
# That the attacks are attacks
# --------------------------------------------------------------------------------------

SAID = {path.stem: read_attack(path) for path in ATTACKS}
# As graders of the usual kind do it: the answers run in the process that compares.
USUAL = """
import json
import os
import sys

import numpy as np

from course_utils.exercises import decode

cells, exercises = json.load(sys.stdin)
out = os.dup(1)
names = {"np": np}
for cell in cells:
    exec(cell, names)
score = 0
for name, (points, cases) in exercises.items():
    try:
        for case in cases:
            given, expected = decode(case["given"]), decode(case["expected"])
            came = names[name](*given)
            if isinstance(expected, np.ndarray):
                assert np.allclose(came, expected)
            else:
                assert came == expected
        score += points
    except Exception:
        pass
os.write(out, str(score).encode())
"""


def test_every_way_of_handing_in_is_used():
    assert {attack.handed_in_as for attack in SAID.values()} == set(HANDED_IN_AS)


@pytest.mark.parametrize("name", [n for n, attack in SAID.items() if attack.fools])
def test_attack_fools_a_grader_that_compares_in_its_process(name, keys):
    attack = SAID[name]
    key = keys(attack.chapter)
    exercises = {n: (key.points[n], key.cases[n]["cases"]) for n in key.cases}
    done = subprocess.run(
        [sys.executable, "-c", USUAL],
        input=json.dumps([attack.cells, exercises]),
        capture_output=True,
        text=True,
        env=os.environ | ENVIRONMENT | {"PYTHONPATH": str(BOOK.parent)},
        timeout=30,
    )
    assert done.stdout == attack.fools, done.stderr
    assert int(attack.fools) > 0


@pytest.mark.parametrize("name", [n for n, attack in SAID.items() if attack.outside])
def test_attack_is_one_outside_of_the_sandbox(name, keys):
    attack = SAID[name]
    key = keys(attack.chapter)
    content = HANDED_IN_AS[attack.handed_in_as](attack.cells)
    record = grader.grade_one(content, key, limits=LIMITS, sandboxed=False)
    assert record["sandbox"] == "none"
    assert_outcome(record, attack.outside, key)
    assert attack.outside != attack.expect
