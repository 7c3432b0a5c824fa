"""The exercise engine, and the exercises of every chapter."""

import contextlib
import json
import re
import time
from pathlib import Path

import numpy as np
import pytest
from trials import CHAPTERS as CHAPTER_NAMES
from trials import EXERCISES, alternatives, exercises_of, trial

from course_utils import exercises
from course_utils.exercises import (
    Exercise,
    Foreign,
    check,
    compare,
    decode,
    define,
    encode,
    judge_results,
    load_exercises,
    make_cases,
    reference_cells,
    result_of,
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


# ------------------------------------------------------------ inputs of other seeds

SEEDS = range(1, 21)
of_every_exercise = pytest.mark.parametrize(
    ("chapter", "name"), EXERCISES, ids=lambda value: value
)
WITH_ARGUMENTS = [pair for pair in EXERCISES if pair[1] != "xor_weights"]
of_those_with_arguments = pytest.mark.parametrize(
    ("chapter", "name"), WITH_ARGUMENTS, ids=lambda value: value
)


def seeds_of(chapter):
    """Return the seeds to try a whole chapter with: in Keras, models take time."""
    return SEEDS[:4] if chapter == "13-keras" else SEEDS


@of_every_exercise
def test_the_first_case_is_the_one_by_hand_and_a_seed_makes_the_same_ones_again(
    chapter, name
):
    tried = trial(chapter, name)
    by_hand = encode(tried.inputs(0)[0])
    for seed in SEEDS:
        made = [encode(case) for case in tried.inputs(seed)]
        again = tried.exercise.inputs(np.random.default_rng(seed))
        assert made == [encode(tuple(arguments)) for arguments in again]
        assert made[0] == by_hand
        assert len(made) == len(tried.inputs(0))


@of_every_exercise
def test_the_solution_passes_the_cases_of_other_seeds(chapter, name):
    tried = trial(chapter, name)
    for seed in seeds_of(chapter):
        solution = tried.define(tried.source)
        assert tried.failure(solution, seed) is None


@of_every_exercise
def test_every_mistake_fails_a_case_that_nobody_has_seen(chapter, name):
    tried = trial(chapter, name)
    for mistake in tried.exercise.mistakes:
        answer = tried.define(tried.source.replace(mistake.right, mistake.wrong))
        for seed in seeds_of(chapter):
            failure = tried.failure(answer, seed, tried.secret(seed))
            assert failure is not None, (mistake, seed)


@of_those_with_arguments
def test_a_table_of_the_public_cases_fails(chapter, name):
    """Whatever it answers elsewhere: one of its values, or one that fits in shape."""
    tried = trial(chapter, name)
    public = tried.public["cases"]
    by_form = {form(case["given"]): case["expected"] for case in public}
    constants = {json.dumps(case["expected"]): case["expected"] for case in public}
    for seed in SEEDS:
        secret = tried.secret(seed)
        forms = [form(tried.key(seed, i)["cases"][0]["given"]) for i in secret]
        tables = [[value] * len(secret) for value in constants.values()]
        tables.append([by_form.get(key, public[0]["expected"]) for key in forms])
        for table in tables:
            assert any(
                same(
                    tried.expected(seed, i),
                    decode(value),
                    rtol=tried.exercise.rtol,
                    atol=tried.exercise.atol,
                )
                for i, value in zip(secret, table)
            ), f"seed {seed}: the table's {table}"


def form(given):
    """Return the shapes of encoded arguments as text, for the numbers are left out."""
    if isinstance(given, list):
        return str([form(item) for item in given])
    if isinstance(given, dict) and "array" in given:
        return str(given["shape"])
    if isinstance(given, dict):
        return form(list(given.values()))
    return given if isinstance(given, str) else "number"


def test_points_that_a_line_divides_are_as_many_as_others():
    tried = trial("02-linear-is-not-enough", "is_linearly_separable")
    for seed in SEEDS:
        answers = [tried.expected(seed, i) for i in tried.secret(seed)]
        assert min(answers.count(True), answers.count(False)) >= 4


# ------------------------------------------------------------ other right answers


def other_answers(chapter):
    """Return the functions and classes of ``tests/alternatives`` by their names."""
    defined = alternatives(chapter).items()
    return {name: value for name, value in defined if "__" in name.strip("_")}


@of_every_exercise
def test_answers_written_in_other_ways_pass(chapter, name):
    tried = trial(chapter, name)
    answers = other_answers(chapter)
    others = [other for other in answers if other.startswith(f"{name}__")]
    assert len(others) >= 2
    for other in others:
        for seed in range(4):
            assert tried.failure(answers[other], seed) is None, (other, seed)


@pytest.mark.parametrize("chapter", CHAPTER_NAMES)
def test_every_other_answer_is_of_an_exercise(chapter):
    names = {other.partition("__")[0] for other in other_answers(chapter)}
    assert names == set(exercises_of(chapter))


# ------------------------------------------------------------ judges and hostile data

DEEP = []
for _ in range(900):
    DEEP = [DEEP]
HOSTILE = [
    None,
    True,
    -1,
    10**5000,
    float("nan"),
    "0",
    "x" * 100_000,
    [],
    {},
    DEEP,
    ["0"] * 4,
    [None] * 4,
    [{}] * 4,
    [True] * 4,
    [10**5000] * 4,
    [[]] * 4,
    [[1.0, [2.0]], [0, 0], [[1.0], [1.0]], [0.0]],
    ([[1, 2], [3]], (), 0, ""),
    [np.zeros((2, 2)), np.zeros(2), np.zeros((2, 1)), np.zeros(1)],
    [np.full((2, 2), np.inf), np.zeros(2), -np.full((2, 1), np.inf), np.ones(1)],
    [np.full((2, 2), np.nan), np.zeros(2), np.ones((2, 1)), np.ones(1)],
    [np.ones((2, 2), dtype=bool), np.zeros(2), np.ones((2, 1)), np.ones(1)],
    np.zeros((4, 0)),
    np.zeros(300_000),
    [0.0] * 300_000,
    Foreign("Tensor"),
    [Foreign("Tensor")] * 4,
]
JUDGED = [
    ("02-linear-is-not-enough", "xor_weights"),
    ("05-depth-counted", "compose_tent"),
    ("09-computational-graph", "topological_order"),
    ("12-pytorch", "train_step"),
    ("12-pytorch", "capture"),
    ("13-keras", "build_functional"),
]


def hostile_results(right):
    """Yield results that are wrong, among them the right one with one part hostile."""
    yield from HOSTILE
    if isinstance(right, dict):
        for key in right:
            yield {k: value for k, value in right.items() if k != key}
            yield from (right | {key: value} for value in HOSTILE)
        yield right | {"more": 1}


@pytest.mark.parametrize(("chapter", "name"), JUDGED, ids=lambda value: value)
def test_a_judge_refuses_hostile_data_without_delay(chapter, name):
    tried = trial(chapter, name)
    right = result_of(tried.exercise, tried.define(tried.source), tried.inputs(1)[0])
    key = tried.key(1, 0)
    assert judge_results(tried.exercise, key, [right]).passed == 1
    for result in hostile_results(right):
        assert judge_results(tried.exercise, key, [result]).passed == 0
        began = time.perf_counter()
        with contextlib.suppress(Exception):
            tried.exercise.judge(result, *tried.inputs(1)[0])
        assert time.perf_counter() - began < 0.2


def test_these_are_the_exercises_with_a_judge():
    pairs = [pair for pair in EXERCISES if trial(*pair).exercise.judge is not None]
    assert pairs == JUDGED


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
        (
            "return np.ma.array(x @ W + b, mask=True)",
            "a MaskedArray of dtype float64 came",
        ),
        (
            "return [Stubborn(), Stubborn()]",
            "dtype float64 was expected, but dtype object came",
        ),
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
