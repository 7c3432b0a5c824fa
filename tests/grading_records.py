"""Records as grading writes them, for the tests of what is made from the results."""

from course_utils.grading.roster import Student

HOSTILE = (
    "<script>alert(1)</script>",
    "</pre></style><img src=x onerror=alert(1)>",
    "\"' onmouseover='alert(1)",
    "{{ 7 * 7 }}{% raw %}",
    '=HYPERLINK("http://example.org","x")',
    "+1",
    "-1",
    "@SUM(A1)",
    "\t=1+1",
    "\r=1+1",
    "\uff1d1+1",
    "a\x00b\x1b[31m\x7f",
    "a\u202egnp.exe\u2066\u200b",
    "half a pair: \ud800",
    "a\r\nb\u2028c\nd",
    "👩‍🔬 🧪 naïve Ω",
    "]]>--><!--",
    "long " * 200_000,
)


def exercise(name="dense", status="ok", right=True, **changes):
    """Return the record of an exercise, by default a right one."""
    right = right and status == "ok"
    made = {
        "name": name,
        "status": status,
        "score": None if status == "infra_error" else 2 * right,
        "points": 2,
        "passed": 4 if right else 1,
        "cases": 4,
        "problem": None if right else "2 of 6 values differ.",
        "given": None if right else [["X", "[[1., 2.]]  shape (1, 2)"]],
        "came": None if right else "[[3., 4.]]  shape (1, 2)",
        "hint": None,
        "answers": "00aa" if right else "11bb",
        "source": f"def {name}(X):\n    return X\n",
    }
    return made | changes


def record(student, *exercises, chapter="01-one-layer", status="ok", **changes):
    """Return the record of a notebook, by default with two right exercises."""
    kind = {"status": status} if status != "ok" else {}
    found = list(exercises) or [exercise("dense", **kind), exercise("loss", **kind)]
    scores = [e["score"] for e in found]
    made = {
        "student": student,
        "chapter": chapter,
        "file": None if status == "missing" else f"{student}/{chapter}.ipynb",
        "sha256": None,
        "status": status,
        "score": None if None in scores else sum(scores),
        "points": sum(e["points"] for e in found),
        "exercises": found,
        "note": None,
        "sandbox": "bubblewrap",
        "secret": "9f3a61c2",
        "answer_key": "77aa01",
        "seconds": 0.1,
    }
    return made | changes


def student(id, name=None, **fields):
    """Return a student of a roster."""
    columns = {column.replace("_", " "): value for column, value in fields.items()}
    return Student(id, name or id.title(), columns)
