"""A course for tests: a small chapter, and what students hand in for it."""

import json
from pathlib import Path

CELLS = """\
---
# A small chapter

**You need** nothing. **Time** about 5 minutes.
--- code
import numpy as np

from course_utils.exercises import check
---
Write `double(x)` and `outer(x, y)`.
--- code exercise-stub
def double(x):
    \"\"\"Return twice x.\"\"\"
    raise NotImplementedError
--- code exercise-check
check(double)
--- code solution
def double(x):
    \"\"\"Return twice x.\"\"\"
    ### BEGIN SOLUTION
    twice_as_much = x + x
    return twice_as_much
    ### END SOLUTION


check(double)
--- code exercise-stub
def outer(x, y):
    \"\"\"Return the outer product.\"\"\"
    raise NotImplementedError
--- code exercise-check
check(outer)
--- code solution
def outer(x, y):
    \"\"\"Return the outer product.\"\"\"
    ### BEGIN SOLUTION
    return x[:, None] * y[None, :]
    ### END SOLUTION


check(outer)
"""

DECLARATION = '''\
"""The exercises of a small chapter."""

import numpy as np

from course_utils.exercises import Exercise, Mistake

# A constant that quotes a solution.
SQUARED = "twice_as_much = x * x"


def numbers(rng):
    """Yield x."""
    yield (np.array([1.0, 3.0]),)
    for n in (2, 5):
        yield (rng.normal(size=n),)


def pairs(rng):
    """Yield x, y."""
    yield np.array([1.0, 2.0]), np.array([3.0, 4.0, 5.0])
    yield rng.normal(size=3), rng.normal(size=2)


EXERCISES = [
    Exercise(
        "double",
        1,
        numbers,
        mistakes=(Mistake("twice_as_much = x + x", SQUARED, "that is the square."),),
    ),
    Exercise(
        "outer",
        2,
        pairs,
        mistakes=(
            Mistake("x[:, None] * y[None, :]", "y[:, None] * x", "the transpose."),
        ),
    ),
]
'''

RIGHT = {
    "double": "def double(x):\n    return 2 * x",
    "outer": "def outer(x, y):\n    return np.array([[a * b for b in y] for a in x])",
}
WRONG = {
    "double": "def double(x):\n    return x * x",
    "outer": "def outer(x, y):\n    return x @ y",
}


def notebook(*sources, kinds=None):
    """Return a notebook with these code cells, as JSON has it."""
    cells = [
        {"cell_type": "code", "metadata": {}, "source": s, "outputs": []}
        for s in sources
    ]
    return {"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}


def answers(**written):
    """Return the bytes of a submission: an import cell and these answers."""
    return json.dumps(notebook("import numpy as np", *written.values())).encode()


def write_book(book):
    """Write the chapter ``01-small`` into the folder `book`; return its notebook."""
    (book / "exercises").mkdir(parents=True)
    cells = []
    for block in CELLS.split("---")[1:]:
        head, _, source = block.partition("\n")
        kind, *tags = head.split() or ["markdown"]
        cell = {"cell_type": kind, "metadata": {"tags": tags}, "source": source.strip()}
        cells.append(cell | ({"outputs": []} if kind == "code" else {}))
    path = book / "01-small.ipynb"
    path.write_text(json.dumps(notebook() | {"cells": cells}), encoding="utf-8")
    declaration = book / "exercises" / "01-small.py"
    declaration.write_text(DECLARATION, encoding="utf-8")
    return path


def write_submissions(folder, **students):
    """Write ``folder/<student>/answer.ipynb`` for each student's bytes."""
    for student, content in students.items():
        (folder / student).mkdir(parents=True)
        if content is not None:
            (folder / student / "answer.ipynb").write_bytes(content)
    return Path(folder)
