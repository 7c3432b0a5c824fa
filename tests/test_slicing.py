"""What an answer needs of its notebook, and what is left out."""

import json
import subprocess
import sys

import pytest

from course_utils.grading.slicing import (
    define_answer,
    needed,
    notebook_cells,
    slices,
    statements,
    without_magics,
)


def notebook(*sources):
    """Return the bytes of a notebook with these code cells."""
    cells = [{"cell_type": "code", "source": source} for source in sources]
    return json.dumps({"cells": cells}).encode()


def sliced(*sources, imports="import numpy as np", name="answer"):
    """Return the texts of a notebook's statements that an answer needs."""
    found = slices(notebook(*sources), imports, [name])[name]
    return found and found["written"]


# --------------------------------------------------------------------------------------
# Cells
# --------------------------------------------------------------------------------------


def test_cells_are_the_code_cells_joined():
    cells = [
        {"cell_type": "markdown", "source": "text"},
        {"cell_type": "code", "source": ["a = 1\n", "b = 2"]},
        {"cell_type": "code", "source": "c = 3"},
        {"cell_type": "raw", "source": "x"},
    ]
    content = json.dumps({"cells": cells}).encode()
    assert notebook_cells(content) == ["a = 1\nb = 2", "c = 3"]


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"null",
        b"[]",
        b"3",
        b"\xff\xff",
        b"{}",
        b'{"cells": null}',
        b'{"cells": [null]}',
        b'{"cells": [{}]}',
        b'{"cells": [{"cell_type": "code"}]}',
        b'{"cells": [{"cell_type": "code", "source": null}]}',
        b'{"cells": [{"cell_type": "code", "source": [1]}]}',
        b"[" * 100_000,
    ],
)
def test_what_is_no_notebook_is_said(content):
    with pytest.raises(ValueError, match=r"^not a notebook \(\w+\)$"):
        notebook_cells(content)


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("x = 1", "x = 1"),
        ("%matplotlib inline\nx = 1", "pass\nx = 1"),
        ("if a:\n    !ls\n    b", "if a:\n    pass\n    b"),
        ("%%time\nx = 1", "\nx = 1"),
        ("%%capture out\nx = 1", "\nx = 1"),
        ("\n%%time\nx = 1", "\npass\nx = 1"),
        ("%%bash\nls", ""),
        ("%%writefile numpy.py\nx = 1", ""),
        ("files = !ls\na, b = %time", "files = None\na, b = None"),
        ("x?\n?np.max\nnp.max??", "pass\npass\npass"),
        ("x = (a\n     % b)", "x = (a\n     % b)"),
        ('"""\n%d\n! and ?\n"""', '"""\n%d\n! and ?\n"""'),
        ("a = 1\r\nb = 2\rc = 3", "a = 1\nb = 2\nc = 3"),
        ("# is it so?\nx = 1", "# is it so?\nx = 1"),
    ],
)
def test_commands_of_ipython_are_left_out(source, expected):
    assert without_magics(source) == expected


# --------------------------------------------------------------------------------------
# Statements
# --------------------------------------------------------------------------------------


def test_text_of_a_statement_is_all_of_it_and_nothing_else():
    source = (
        '"é"; x = 1; y = """a\n\x0c\u2028b"""\n\n'
        "@first\n@second(\n    1\n)\ndef f(a):\n    return a  # comment\n\n"
        "@third\nclass C:\n    pass"
    )
    assert [s.text for s in statements(source)] == [
        '"é"',
        "x = 1",
        'y = """a\n\x0c\u2028b"""',
        "@first\n@second(\n    1\n)\ndef f(a):\n    return a",
        "@third\nclass C:\n    pass",
    ]


@pytest.mark.parametrize(
    ("source", "binds", "uses"),
    [
        ("x = y", "x", "y"),
        ("x, (z, *w) = y", "x z w", "y"),
        ("x: int = y", "x", "int y"),
        ("x += y", "x", "y"),
        ("import a.b, c as d", "a d", ""),
        ("from a import b as c", "c", ""),
        ("from a import *", "*", ""),
        ("del x", "x", ""),
        ("for x in y:\n    z = w", "x z", "y w"),
        ("with x as y:\n    z", "y", "x z"),
        ("try:\n    x = 1\nexcept E as e:\n    y = 2", "x y e", "E"),
        ("if x:\n    def f(): pass", "f", "x"),
        ("(x := y)", "x", "y"),
        ("def f(a, b=c):\n    d = e\n    return a + d", "f", "c e"),
        ("def f():\n    global g\n    g = h", "f g", "h"),
        (
            "def f():\n    def inner():\n        return deep\n    return inner",
            "f",
            "deep",
        ),
        ("@w\ndef f(): pass", "f", "w"),
        ("class C(B):\n    x = y\n    def m(self): return z", "C", "B y z"),
        ("f = lambda a: a + b", "f", "b"),
        ("x = [a * b for a in c]", "x", "b c"),
    ],
)
def test_names_that_a_statement_binds_and_uses(source, binds, uses):
    (statement,) = statements(source)
    assert statement.binds == set(binds.split())
    assert statement.uses >= set(uses.split())
    assert not statement.uses & {"a", "d", "self", "inner"} - set(uses.split())


@pytest.mark.parametrize(
    ("source", "changes"),
    [
        ("x[0] = 1", "x"),
        ("x.a.b[1].c = 1", "x"),
        ("del x[0]", "x"),
        ("x[0] += 1", "x"),
        ("x.append(1)", "x"),
        ("x.a.sort()", "x"),
        ("for i in y:\n    x.append(i)", "x"),
        ("if y:\n    x[0] = 1\n    z.clear()", "x z"),
        ("y = x.pop()", ""),
        ("f(x)", ""),
        ("x = 1", ""),
        ("f()[0] = 1", ""),
        ("def f():\n    x.append(1)", ""),
        ("class C:\n    x = []\n    x.append(1)", ""),
    ],
)
def test_names_whose_objects_a_statement_changes(source, changes):
    (statement,) = statements(source)
    assert statement.changes == set(changes.split())


@pytest.mark.parametrize(
    ("source", "stub"),
    [
        ("def f():\n    raise NotImplementedError", True),
        ('def f():\n    """Text."""\n    raise NotImplementedError("write me")', True),
        ("def f():\n    x = 1\n    raise NotImplementedError", False),
        ("def f():\n    return 1", False),
        ("def f():\n    '''Text.'''", False),
        ("class C:\n    def m(self):\n        raise NotImplementedError", True),
        ("class C:\n    pass", False),
        (
            "class C:\n    def m(self):\n        raise NotImplementedError\n"
            "    def n(self):\n        return 1",
            False,
        ),
        ("x = 1", False),
    ],
)
def test_stubs_are_told(source, stub):
    (statement,) = statements(source)
    assert statement.stub is stub


@pytest.mark.parametrize(
    "source",
    [
        "def f(:",
        "x = 1\n\x00",
        "x = '\ud800'",
        "x = " + "[" * 1000,
        "x = " + "-" * 20_000 + "1",
        "x = a" + ".b" * 20_000,
        "x = 1" + "+1" * 20_000,
        "x = " + "lambda:" * 5000 + "1",
    ],
)
def test_cell_that_is_not_python_has_no_statements(source):
    assert statements(without_magics(source)) == []


def test_long_line_of_spaces_and_long_chain_take_no_time():
    # In a process of its own, with a limit: a pattern that explodes hangs in C.
    code = (
        "from course_utils.grading.slicing import *\n"
        "for c in (' ', 'a', 'a.', 'a ,', '?', 'a?', '%', 'a=', ' =', '_ '):\n"
        "    without_magics(c * 100_000 + '~')\n"
        "cell = '\\n'.join(f'n{i} = n{i + 1}' for i in range(3000))\n"
        "assert len(needed('n0', [], statements(cell))) == 3000\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=20)


# --------------------------------------------------------------------------------------
# What is needed
# --------------------------------------------------------------------------------------


def test_only_what_the_answer_needs_is_taken_in_order():
    assert sliced(
        "unused = 1 / 0\nscale = 2",
        "def helper(x):\n    return x * scale",
        "while True: pass",
        "def answer(x):\n    return helper(x)",
        "table.append(1)",
    ) == [
        "scale = 2",
        "def helper(x):\n    return x * scale",
        "def answer(x):\n    return helper(x)",
    ]


def test_answer_that_is_not_there_is_none():
    assert sliced("def other(): pass") is None
    assert slices(notebook(), "", ["a", "b"]) == {"a": None, "b": None}


def test_what_changes_a_needed_object_is_needed_but_not_what_calls_a_module():
    found = sliced(
        "import random",
        "TABLE = [1]",
        "TABLE[0] = 2",
        "for i in range(3):\n    TABLE.append(i)",
        "random.seed(1)",
        "np.seterr(all='raise')",
        "other = []\nother.append(1)",
        "def answer(): return TABLE, random, np",
    )
    assert found == [
        "import random",
        "TABLE = [1]",
        "TABLE[0] = 2",
        "for i in range(3):\n    TABLE.append(i)",
        "def answer(): return TABLE, random, np",
    ]


def test_stub_counts_only_where_there_is_no_other():
    stub = "def answer():\n    raise NotImplementedError"
    right = "def answer():\n    return 1"
    assert sliced(stub, right) == [right]
    assert sliced(right, stub) == [right]
    assert sliced(stub) == [stub]
    assert sliced(stub, "answer = len") == ["answer = len"]
    assert sliced("def answer(): return 2", right)[-1] == right


def test_imports_of_the_chapter_are_given_by_index():
    imports = "import math\nimport numpy as np\nSCALE = 2\nnp.seterr(all='raise')"
    found = slices(notebook("def answer(x): return np.exp(x)"), imports, ["answer"])
    assert found["answer"]["imports"] == [1]
    found = slices(notebook("def answer(x): return SCALE"), imports, ["answer"])
    assert found["answer"]["imports"] == [2]


def test_star_import_is_always_needed():
    assert sliced("from math import *", "def answer(x): return floor(x)") == [
        "from math import *",
        "def answer(x): return floor(x)",
    ]


def test_needed_statements_are_indices_of_both_lists():
    imports, written = statements("import math"), statements("def f(): return math")
    assert needed("f", imports, written) == [0, 1]
    assert needed("g", imports, written) == []


# --------------------------------------------------------------------------------------
# Defining the answer
# --------------------------------------------------------------------------------------


def test_statements_are_tried_again_in_another_order():
    texts = ["y = x + 1", "def answer(): return y", "x = 1"]
    assert define_answer(texts, "answer")() == 2


def test_statement_that_never_succeeds_does_not_matter_if_the_answer_is_there():
    assert define_answer(["z = 1 / 0", "def answer(): return 3"], "answer")() == 3


def test_first_error_is_raised_if_the_answer_is_not_there():
    with pytest.raises(ZeroDivisionError):
        define_answer(["a = 1 / 0", "answer = a"], "answer")


def test_display_is_there_and_does_nothing():
    answer = define_answer(["def answer(): return display(1, metadata={})"], "answer")
    assert answer() is None


def test_traceback_shows_the_line_of_the_answer():
    import traceback

    answer = define_answer(["def answer():\n    return 1 / 0"], "answer")
    with pytest.raises(ZeroDivisionError) as caught:
        answer()
    assert traceback.extract_tb(caught.tb)[-1].line == "return 1 / 0"
