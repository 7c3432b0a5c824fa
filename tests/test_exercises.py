"""The exercise engine, and the exercises of every chapter."""

import json
import re
from pathlib import Path

import numpy as np
import pytest

from course_utils import exercises
from course_utils.exercises import (
    Exercise,
    check,
    compare,
    decode,
    define,
    encode,
    load_exercises,
    make_cases,
    reference_cells,
    tagged_cells,
)

BOOK = Path(__file__).parents[1] / "book"
CHAPTERS = sorted(BOOK.glob("exercises/*.py"))


def same(expected, got, **tolerance):
    return compare(expected, got, **({"rtol": 1e-9, "atol": 1e-12} | tolerance))


# ------------------------------------------------------------ the book's exercises


@pytest.mark.parametrize("declaration", CHAPTERS, ids=lambda path: path.stem)
class TestChapter:
    def test_stored_cases_are_what_the_solutions_give(self, declaration):
        declared = load_exercises(declaration)
        stored = json.loads(
            declaration.with_suffix(".json").read_text(encoding="utf-8")
        )
        made = json.loads(json.dumps(make_cases(BOOK / f"{declaration.stem}.ipynb")))
        assert stored.keys() == made.keys() == declared.keys()
        for name, exercise in declared.items():
            assert stored[name]["arguments"] == made[name]["arguments"]
            assert len(stored[name]["cases"]) == len(made[name]["cases"]) > 0
            for old, new in zip(stored[name]["cases"], made[name]["cases"]):
                assert old["given"] == new["given"], "run `make cases`"
                wrong = same(
                    decode(old["expected"]),
                    decode(new["expected"]),
                    rtol=exercise.rtol,
                    atol=exercise.atol,
                )
                assert wrong is None, f"{name}: {wrong} Run `make cases`."
                assert len(old["mistakes"]) == len(exercise.mistakes)
                for stored_mistake, result in zip(old["mistakes"], new["mistakes"]):
                    same_mistake = stored_mistake == result or (
                        "raises" not in str(stored_mistake)
                        and same(
                            decode(stored_mistake),
                            decode(result),
                            rtol=exercise.rtol,
                            atol=exercise.atol,
                        )
                        is None
                    )
                    assert same_mistake, (
                        f"{name}: a mistake's result. Run `make cases`."
                    )

    def test_every_exercise_has_points_and_three_mistakes(self, declaration):
        for exercise in load_exercises(declaration).values():
            assert exercise.points > 0
            assert len(exercise.mistakes) >= 3, exercise.name

    def test_solutions_pass_stubs_do_not_and_mistakes_get_their_hint(
        self, declaration, capsys
    ):
        notebook = BOOK / f"{declaration.stem}.ipynb"
        imports, sources = reference_cells(notebook)
        stubs = tagged_cells(notebook, "exercise-stub")
        for name, exercise in load_exercises(declaration).items():
            check(define(imports, sources[name], name))
            assert re.fullmatch(
                rf"{name}: (all \d+ cases pass|the case passes)\.\n",
                capsys.readouterr().out,
            )
            check(define(imports, stubs[name], name))
            assert "not written yet" in capsys.readouterr().out
            for mistake in exercise.mistakes:
                source = sources[name].replace(mistake.right, mistake.wrong)
                check(define(imports, source, name))
                printed = capsys.readouterr().out
                assert "cases pass" in printed, mistake
                assert mistake.hint in printed, (mistake, printed)

    def test_the_notebook_checks_what_is_declared(self, declaration):
        notebook = BOOK / f"{declaration.stem}.ipynb"
        declared = list(load_exercises(declaration))
        assert list(tagged_cells(notebook, "exercise-stub")) == declared
        assert list(reference_cells(notebook)[1]) == declared
        cells = json.loads(notebook.read_text(encoding="utf-8"))["cells"]
        checked = [
            "".join(cell["source"])
            for cell in cells
            if "exercise-check" in cell["metadata"].get("tags", [])
        ]
        assert checked == [f"check({name})" for name in declared]


def test_no_two_exercises_have_one_name():
    names = [name for path in CHAPTERS for name in load_exercises(path)]
    assert len(names) == len(set(names))


# ------------------------------------------------------------ a chapter made for tests

SOLUTION = '''\
def affine(x, W, b):
    """Return the pre-activations."""
    ### BEGIN SOLUTION
    return x @ W + b
    ### END SOLUTION


check(affine)
'''

DECLARATION = """\
import numpy as np
from course_utils.exercises import Exercise, Mistake

def inputs(rng):
    yield np.array([1.0, 2.0]), np.eye(2), np.array([10.0, 20.0])
    yield rng.normal(size=2), rng.normal(size=(2, 2)), rng.normal(size=2)
    yield rng.normal(size=3), rng.normal(size=(3, 2)), rng.normal(size=2)

EXERCISES = [Exercise("affine", 1, inputs, mistakes=(
    Mistake(" + b", "", "did you add the bias?"),
    Mistake("x @ W", "W @ x", "the product is x @ W."),
))]
"""


@pytest.fixture
def chapter(tmp_path, monkeypatch):
    """A chapter with one exercise, `affine`, in the working directory."""
    return write_chapter(tmp_path, monkeypatch, DECLARATION)


def write_chapter(folder, monkeypatch, declaration):
    code = {"cell_type": "code", "metadata": {}, "source": ["import numpy as np\n"]}
    solution = {
        "cell_type": "code",
        "metadata": {"tags": ["solution"]},
        "source": SOLUTION.splitlines(keepends=True),
    }
    notebook = folder / "01-affine.ipynb"
    notebook.write_text(json.dumps({"cells": [code, solution]}))
    (folder / "exercises").mkdir()
    (folder / "exercises" / "01-affine.py").write_text(declaration)
    monkeypatch.chdir(folder)
    cases = folder / "exercises" / "01-affine.json"
    cases.write_text(json.dumps(make_cases(notebook)))
    return notebook


def answer(body, signature="x, W, b"):
    """Return a function `affine` whose body is the line `body`."""
    return define(IMPORTS, f"def affine({signature}):\n    {body}\n", "affine")


IMPORTS = """\
import numpy as np

class Stubborn:
    def __array__(self, dtype=None, copy=None):
        raise RuntimeError("no numbers here")
"""


def test_a_right_answer_passes_every_case(chapter, capsys):
    check(answer("return x @ W + b"))
    assert capsys.readouterr().out == "affine: all 3 cases pass.\n"


def test_a_right_answer_written_with_loops_and_lists_passes(chapter, capsys):
    check(
        answer(
            "return [sum(x[i] * W[i, j] for i in range(len(x))) + b[j] "
            "for j in range(len(b))]"
        )
    )
    assert "all 3 cases pass" in capsys.readouterr().out


def test_a_wrong_answer_is_told_what_was_given_expected_and_came(chapter, capsys):
    check(answer("return x @ W"))
    assert capsys.readouterr().out.splitlines() == [
        "affine: 0 of 3 cases pass.",
        "Case 1",
        "  given     x = [1., 2.]  shape (2,)",
        "  given     W = [[1., 0.],",
        "               [0., 1.]]  shape (2, 2)",
        "  given     b = [10., 20.]  shape (2,)",
        "  expected  [11., 22.]  shape (2,)",
        "  came      [1., 2.]  shape (2,)",
        "  problem   2 of 2 values differ, the first at index 0.",
        "  hint      did you add the bias?",
    ]


def test_the_first_case_that_fails_is_shown(chapter, capsys):
    check(answer("return W @ x + b"))  # right for the identity matrix
    printed = capsys.readouterr().out
    assert "1 of 3 cases pass" in printed
    assert "Case 2" in printed
    assert "the product is x @ W." in printed


@pytest.mark.parametrize(
    ("body", "line"),
    [
        ("raise NotImplementedError", "not written yet"),
        ("return None", "nothing came back. Does your function end in `return`?"),
        ("return 'eleven'", "an array was expected, but a str came."),
        ("return (x @ W + b)[None]", "shape (2,) was expected, but shape (1, 2) came."),
        ("return [[1.0], [1.0, 2.0]]", "rows of different lengths"),
        ("return (x @ W + b) * np.nan", "2 of 2 values are NaN."),
        ("return (x @ W + b) + 1j", "an ndarray of dtype complex128 came"),
        ("return -(x @ W + b)", "every sign is the opposite"),
        ("return 2 * (x @ W + b)", "every number is 2 times what it should be"),
        ("return (x @ W + b).astype(np.float32) * 1.0000001", "compute in float64"),
        ("return x @ V", "NameError: name 'V' is not defined"),
        ("return 1 / 0", "ZeroDivisionError: division by zero"),
        ("import sys; sys.exit(3)", "the code called exit (3)"),
        ("return np.ma.array(x @ W + b, mask=True)", "a MaskedArray of dtype float64 came"),
        ("return [Stubborn(), Stubborn()]", "dtype float64 was expected, but dtype object came"),
    ],
)
def test_each_failure_gets_a_helpful_line_and_no_traceback(chapter, capsys, body, line):
    check(answer(body))
    printed = capsys.readouterr().out
    assert line in printed
    assert "Traceback" not in printed


def test_an_error_gets_the_hint_of_a_mistake_only_with_its_message(chapter, capsys):
    hint = "the product is x @ W."
    check(answer("return W @ x + b"))
    assert hint in capsys.readouterr().out
    check(
        answer(
            "if len(x) > 2: raise ValueError('of another kind')\n    return x @ W + b"
        )
    )
    printed = capsys.readouterr().out
    assert "ValueError: of another kind" in printed
    assert hint not in printed


def test_a_librarys_own_not_implemented_error_is_shown(chapter, capsys):
    check(answer("raise NotImplementedError('no forward')"))
    assert "NotImplementedError: no forward" in capsys.readouterr().out


def test_a_wrong_signature_is_reported(chapter, capsys):
    check(answer("return x", signature="x"))
    assert "takes 1 positional argument but 3 were given" in capsys.readouterr().out


def test_an_error_names_the_readers_own_line(chapter, capsys, tmp_path):
    (tmp_path / "mine.py").write_text("def affine(x, W, b):\n    return x @ Q\n")
    namespace = {}
    source = (tmp_path / "mine.py").read_text()
    exec(compile(source, str(tmp_path / "mine.py"), "exec"), namespace)
    check(namespace["affine"])
    assert "in your line `return x @ Q`" in capsys.readouterr().out


def test_the_inputs_are_copies(chapter, capsys):
    check(answer("x += 100; return x"))
    check(answer("return x @ W + b"))
    assert "all 3 cases pass" in capsys.readouterr().out


def test_what_is_no_function_is_explained(chapter, capsys):
    check(3.0)
    assert "takes the function that you wrote" in capsys.readouterr().out


def test_an_unknown_name_gets_the_names_that_there_are(chapter, capsys):
    check(define("", "def other():\n    pass\n", "other"))
    assert "no exercise named other" in capsys.readouterr().out
    check(lambda x, W, b: x @ W + b)
    assert capsys.readouterr().out.endswith("affine.\n")


def test_damaged_cases_are_named_with_what_mends_them(chapter):
    (chapter.parent / "exercises" / "01-affine.json").write_text('{"affine": ')
    with pytest.raises(ValueError, match=r"01-affine.json is damaged.*make cases"):
        check(answer("return x"))


def test_without_exercises_beside_the_notebook_those_of_the_book_are_found(
    tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    assert exercises.exercise_folder() == BOOK / "exercises"


def test_without_any_exercises_the_error_says_where_they_should_be(
    tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(
        exercises, "__file__", str(tmp_path / "package" / "exercises.py")
    )
    with pytest.raises(
        FileNotFoundError, match="with the folder 'exercises' beside it"
    ):
        exercises.exercise_folder()


# ------------------------------------------------------------ making cases


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('"affine"', '"afine"', "no solution cell that defines afine"),
        ('" + b"', '" + c"', "must be found once in the solution cell, it is there 0"),
        ('Mistake(" + b", ""', 'Mistake(" + b", " + b + 0"', "gives the right result"),
    ],
)
def test_a_faulty_declaration_is_refused(tmp_path, monkeypatch, old, new, message):
    with pytest.raises(ValueError, match=message):
        write_chapter(tmp_path, monkeypatch, DECLARATION.replace(old, new))


def test_observe_turns_an_answer_into_data():
    exercise = Exercise(
        "twice", 1, lambda rng: [(1,)], observe=lambda f, n: [f(n), f(n)]
    )
    assert exercise.run(lambda n: n + 1, (1,)) == [2, 2]


# ------------------------------------------------------------ comparing


@pytest.mark.parametrize(
    ("expected", "got"),
    [
        (1.5, np.float32(1.5)),
        (1.5, np.array(1.5)),
        (2.0, 2),
        (3, np.int64(3)),
        (True, np.bool_(True)),
        ("a", "a"),
        ((1, 2.0), [1, 2.0]),
        ({"a": 1}, {"a": 1}),
        (np.array([1, 2]), [1, 2]),
        (np.array([1.0, np.nan]), np.array([1.0, np.nan])),
        (np.array([True]), np.array([True])),
        (None, None),
    ],
)
def test_equal_data_passes(expected, got):
    assert same(expected, got) is None


@pytest.mark.parametrize(
    ("expected", "got", "complaint"),
    [
        (1.5, 1.6, "the value is not the expected one"),
        (1.5, "1.5", "a number was expected, but a str came"),
        (3, 3.0, "a whole number (int) was expected, but a float came"),
        (1, True, "a whole number (int) was expected, but a bool came"),
        (True, 1, "True or False was expected, but an int came"),
        ("a", "b", "the value is not the expected one"),
        ((1, 2), 1, "a tuple was expected, but an int came"),
        ((1, 2), (1, 2, 3), "a length of 2 was expected, but 3 came"),
        ((1, (2, 3)), (1, (2, 4)), "[1][1]: the value"),
        ({"a": 1}, [1], "a dict was expected, but a list came"),
        ({"a": 1}, {"b": 1}, "the keys ['a'] were expected, but ['b'] came"),
        ({"a": 1}, {"a": 2}, "['a']: the value"),
        (np.array([1, 2]), np.array([1.0, 2.0]), "dtype int64 was expected"),
        (
            np.eye(2),
            np.array([[1.0, 0.0], [0.5, 1.0]]),
            "1 of 4 values differ, the first at",
        ),
    ],
)
def test_other_data_does_not(expected, got, complaint):
    assert complaint in same(expected, got)


def test_the_tolerance_decides():
    assert same(1.0, 1.0 + 1e-6, rtol=1e-5) is None
    assert same(1.0, 1.0 + 1e-4, rtol=1e-5) is not None
    assert same(0.0, 1e-4, atol=1e-3) is None


def test_a_transposed_matrix_gets_a_hint():
    hint = exercises._general_hint(np.ones((2, 3)), np.ones((3, 2)), 1e-9)
    assert hint == "the shape is that of the transpose."


@pytest.mark.parametrize(
    "value",
    [
        1,
        1.5,
        True,
        None,
        "a",
        (1, (2,)),
        [1, 2],
        {"a": (1,)},
        np.eye(2),
        np.zeros((0, 3)),
    ],
)
def test_plain_data_survives_json(value):
    back = decode(json.loads(json.dumps(encode(value))))
    assert type(back) is type(value)
    np.testing.assert_equal(back, value)


def test_numpy_scalars_become_plain_numbers():
    assert encode(np.float64(1.5)) == 1.5


@pytest.mark.parametrize("value", [object(), np.array(["a"]), {"a": object()}, {1: 2}])
def test_other_data_is_refused(value):
    with pytest.raises(TypeError, match="is not plain data"):
        encode(value)
