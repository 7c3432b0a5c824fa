"""Exercises: declared once beside their chapter, checked in the notebook.

A chapter ``book/NN-slug.ipynb`` has two files in ``book/exercises/``:

``NN-slug.py``
    The declaration: a list ``EXERCISES`` of :class:`Exercise`.
``NN-slug.json``
    The public cases, data made from the declaration and from the chapter's solution
    cells by ``make cases``. A test verifies them.

The reference of an exercise is the chapter's solution cell and lives nowhere else. A
reader who runs :func:`check` needs neither the solution nor a network. The grader,
``course_utils.grading``, judges by the same declarations.
"""

from __future__ import annotations

import ast
import copy
import hmac
import inspect
import json
import numbers
import re
import traceback
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np


@dataclass(frozen=True)
class Mistake:
    """A mistake that people make: an edit of the reference, and the hint that fits it.

    Attributes
    ----------
    right, wrong : str
        A piece of the solution's text, found there exactly once, and what stands in its
        place when the mistake is made.
    hint : str
        What to tell a person whose result is the one that the mistake gives.
    """

    right: str
    wrong: str
    hint: str


@dataclass(frozen=True)
class Exercise:
    """The declaration of one exercise.

    Attributes
    ----------
    name : str
        The function or class that the reader writes.
    points : int
        What full marks are worth.
    inputs : callable
        Takes a ``numpy.random.Generator`` and yields tuples of arguments, one for each
        case, the case that is easiest to follow by hand first.
    rtol, atol : float
        A float passes when it is within ``atol + rtol * abs(expected)``.
    mistakes : tuple of Mistake
        The mistakes that have a hint.
    observe : callable, optional
        ``observe(answer, *arguments)`` returns plain data, where the answer is not a
        function from data to data: a class, or a function of a model. By default the
        answer is called with the arguments. In grading it runs beside the answer, which
        can change whatever it finds there: it returns values that only a right answer
        has, never a verdict.
    judge : callable, optional
        ``judge(result, *arguments)`` returns the plain data that is compared, computed
        from what came back, where many results are right. In grading it runs out of the
        answer's reach.
    """

    name: str
    points: int
    inputs: Callable[[np.random.Generator], Iterable[tuple]]
    rtol: float = 1e-9
    atol: float = 1e-12
    mistakes: tuple[Mistake, ...] = field(default=())
    observe: Callable[..., Any] | None = None
    judge: Callable[..., Any] | None = None

    def call(self, answer: Callable, arguments: tuple) -> Any:
        """Return what `answer` gives for copies of `arguments`, as it comes."""
        arguments = copy.deepcopy(arguments)
        if self.observe is None:
            return answer(*arguments)
        return self.observe(answer, *arguments)

    def run(self, answer: Callable, arguments: tuple) -> Any:
        """Return what is compared of what `answer` gives for copies of `arguments`."""
        result = self.call(answer, arguments)
        return result if self.judge is None else self.judge(result, *arguments)


# --------------------------------------------------------------------------------------
# Where exercises are found
# --------------------------------------------------------------------------------------


def exercise_folder(notebooks: Path | None = None) -> Path:
    """Return the folder of exercises: beside the notebooks, else in the checkout."""
    beside = (notebooks or Path.cwd()) / "exercises"
    checkout = Path(__file__).parents[1] / "book" / "exercises"
    for folder in (beside, checkout):
        if folder.is_dir():
            return folder
    raise FileNotFoundError(
        f"the exercises were found neither in {beside} nor in {checkout}: run the "
        "notebook from its own folder, with the folder 'exercises' beside it"
    )


def load_exercises(declaration: Path) -> dict[str, Exercise]:
    """Return the exercises that the file `declaration` declares, by name."""
    return declared(declaration.read_text(encoding="utf-8"), str(declaration))


def declared(source: str, filename: str = "<declaration>") -> dict[str, Exercise]:
    """Return the exercises that the text of a declaration declares, by name."""
    module = ModuleType("exercise_declaration")
    try:
        exec(compile(source, filename, "exec"), module.__dict__)
        return {exercise.name: exercise for exercise in module.EXERCISES}
    except Exception as error:
        raise ValueError(
            f"{filename} does not declare exercises: {type(error).__name__}: {error}"
        ) from error


def public_declaration(source: str) -> str:
    """Return the text of a declaration without what quotes the solutions.

    Its mistakes go, its comments, and the constants that only the mistakes use.
    """
    tree = ast.parse(source)
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            node.keywords = [k for k in node.keywords if k.arg != "mistakes"]
    while True:
        used = _names(tree, ast.Load) | {"EXERCISES"}
        kept = [
            statement
            for statement in tree.body
            if not isinstance(statement, ast.Assign)
            or used & _names(statement, ast.Store)
        ]
        if len(kept) == len(tree.body):
            return ast.unparse(tree) + "\n"
        tree.body = kept


def _names(tree: ast.AST, context: type[ast.expr_context]) -> set[str]:
    """Return the names that a tree reads (``ast.Load``) or binds (``ast.Store``)."""
    names = (node for node in ast.walk(tree) if isinstance(node, ast.Name))
    return {name.id for name in names if isinstance(name.ctx, context)}


def public_cases(notebooks: Path | None = None) -> dict[str, tuple[Path, dict]]:
    """Return the file and the public cases of every exercise, by name."""
    found = {}
    for path in sorted(exercise_folder(notebooks).glob("*.json")):
        try:
            cases = json.loads(path.read_text(encoding="utf-8"))
        except json.JSONDecodeError as error:
            raise ValueError(
                f"{path} is damaged ({error}): get the file again, or run `make cases`"
            ) from None
        found |= {name: (path, public) for name, public in cases.items()}
    return found


# --------------------------------------------------------------------------------------
# Checking an answer
# --------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Raised:
    """What an answer raised in place of returning: `text`, and the `line` that did it.

    `unwritten` says that it is the stub, which raises an empty NotImplementedError.
    """

    text: str
    line: str = ""
    unwritten: bool = False


@dataclass(frozen=True)
class Foreign:
    """Stands for a result that is not plain data, and says what `kind` it is of."""

    kind: str


@dataclass(frozen=True)
class Verdict:
    """How an answer did, and of the first case that fails what a person wants to know.

    Attributes
    ----------
    passed, cases : int
    unwritten : bool
        Whether the answer is the stub.
    first : int or None
        The index of the first case that fails.
    came : str or None
        The result there, described.
    problem : str or None
        What is wrong with it.
    hint : str or None
    """

    passed: int
    cases: int
    unwritten: bool = False
    first: int | None = None
    came: str | None = None
    problem: str | None = None
    hint: str | None = None


def check(answer: Callable) -> None:
    """Try `answer`, the function or class of an exercise, on its public cases.

    Prints how many cases pass and, for the first that does not, what was given, what
    was expected, what came, and a hint where the result is that of a known mistake.
    """
    print(_try(answer)[1])


def require(answer: Callable) -> None:
    """Raise an ``AssertionError`` with the report of :func:`check` if a case fails."""
    right, report = _try(answer)
    if not right:
        raise AssertionError(report)


def _try(answer: Callable) -> tuple[bool, str]:
    """Return whether `answer` passes its public cases, and what to tell the reader."""
    name = getattr(answer, "__name__", None)
    if not callable(answer) or name is None:
        return False, (
            "check takes the function that you wrote, without calling it: "
            f"check(my_function).\nIt got {describe(answer)}."
        )
    known = public_cases()
    if name not in known:
        return False, (
            f"There is no exercise named {name}. Keep the name that the exercise gives "
            f"your function:\n{', '.join(known)}."
        )
    return report(name, answer, *known[name])


def report(name: str, answer: Callable, cases: Path, public: dict) -> tuple[bool, str]:
    """Return whether `answer` is right in the `public` cases, and what to tell.

    `cases` is the file that they are from; the declaration is beside it.
    """
    exercise, key = load_exercises(cases.with_suffix(".py"))[name], public
    results = [
        result_of(exercise, answer, decode(case["given"])) for case in key["cases"]
    ]
    verdict = judge_results(exercise, key, results)
    if verdict.unwritten:
        return False, (
            f"{name}: not written yet.\nReplace `raise NotImplementedError` with your "
            "code, run that cell, then run this one again."
        )
    if verdict.first is None:
        n = verdict.cases
        return True, f"{name}: {f'all {n} cases pass' if n > 1 else 'the case passes'}."
    lines = [
        f"{name}: {verdict.passed} of {verdict.cases} cases pass.",
        f"Case {verdict.first + 1}",
    ]
    expected = describe(decode(key["cases"][verdict.first]["expected"]))
    shown = [
        *(f"given     {n} = {t}" for n, t in described_arguments(key, verdict.first)),
        f"expected  {expected}",
        f"came      {verdict.came}",
    ]
    lines += ["  " + text.replace("\n", "\n" + " " * 14) for text in shown]
    if verdict.problem:
        lines.append(f"  problem   {verdict.problem}")
    if verdict.hint:
        lines.append(f"  hint      {verdict.hint}")
    return False, "\n".join(lines)


def described_arguments(key: dict, case: int) -> list[list[str]]:
    """Return the arguments of a case as pairs of a name and a description."""
    given = decode(key["cases"][case]["given"])
    return [[name, describe(value)] for name, value in zip(key["arguments"], given)]


def judge_results(exercise: Exercise, key: dict, results: list) -> Verdict:
    """Return how an answer did that gave `results` in the cases of `key`.

    Parameters
    ----------
    exercise : Exercise
    key : dict
        The cases of the exercise, as `make_cases` gives them.
    results : list
        For each case what :func:`decode` gives, or a `Raised`. Data from anywhere: it
        is looked at, never executed.
    """
    cases = key["cases"]
    results = [
        _judged(exercise, result, decode(case["given"]))
        for case, result in zip(cases, results)
    ]
    unwritten = any(isinstance(r, Raised) and r.unwritten for r in results)
    wrong = [
        i
        for i, (case, result) in enumerate(zip(cases, results))
        if not _agrees(exercise, case["expected"], result)
    ]
    passed = len(cases) - len(wrong)
    if not wrong:
        return Verdict(passed, len(cases))
    first = wrong[0]
    expected, got = decode(cases[first]["expected"]), results[first]
    problem = None
    if not isinstance(got, Raised):
        problem = compare(expected, got, rtol=exercise.rtol, atol=exercise.atol)
    hint = _hint(exercise, key, results, first)
    with np.errstate(all="ignore"):  # numbers of any size may have come
        hint = hint or _general_hint(expected, got, exercise.rtol)
    return Verdict(
        passed, len(cases), unwritten, first, describe(got), problem, hint or None
    )


def result_of(exercise: Exercise, answer: Callable, arguments: tuple) -> Any:
    """Return what `answer` gives as plain data, or what it raises as a `Raised`."""
    try:
        return decode(encode(exercise.call(answer, arguments), strict=False))
    except SystemExit as error:
        return Raised(f"RuntimeError: the code called exit ({error})")
    except Exception as error:  # reported, whatever the reader's code raises
        return raised(error, answer)


def _judged(exercise: Exercise, result: Any, arguments: tuple) -> Any:
    """Return what is compared of a result, or a `Raised`."""
    if exercise.judge is None or isinstance(result, Raised) or result is None:
        return result
    try:
        return exercise.judge(result, *arguments)
    except Exception as error:  # the judge met something that it could not read
        return raised(error, None)


def _agrees(exercise: Exercise, stored: Any, result: Any) -> bool:
    """Return whether `result` is what is stored: a value, or an exception."""
    raises = isinstance(stored, dict) and "raises" in stored
    if raises or isinstance(result, Raised):
        return raises and isinstance(result, Raised) and stored["raises"] == result.text
    tolerance = {"rtol": exercise.rtol, "atol": exercise.atol}
    return compare(decode(stored), result, **tolerance) is None


def _hint(exercise: Exercise, key: dict, results: list[Any], first: int) -> str | None:
    """Return the hint of the mistake that gives these results.

    A mistake that explains every case comes before one that explains the first case
    that fails, since a single number can be that of several mistakes.
    """
    pairs = list(zip(key["cases"], results))
    for considered, words in ((pairs, ""), ([pairs[first]], "perhaps: ")):
        for i, hint in enumerate(key["hints"]):
            if all(_agrees(exercise, c["mistakes"][i], r) for c, r in considered):
                return words + hint
    return None


def _general_hint(expected: Any, got: Any, rtol: float) -> str | None:
    """Return a hint for a transposed, negated or wrongly scaled array of numbers."""
    if not isinstance(expected, np.ndarray | float) or not isinstance(
        got, np.ndarray | numbers.Real
    ):
        return None
    expected, got = np.asarray(expected), np.asarray(got)
    if expected.dtype.kind != "f" or got.dtype.kind not in "fiu":
        return None
    if (
        expected.ndim == 2
        and expected.shape != got.shape
        and expected.shape == got.T.shape
    ):
        return "the shape is that of the transpose."
    if expected.shape != got.shape or not np.isfinite(got).all():
        return None
    scale = float((expected * got).sum() / max((expected**2).sum(), 1e-300))
    if scale == 0 or not np.allclose(
        got, scale * expected, rtol=max(rtol, 1e-6), atol=0
    ):
        return None
    if np.isclose(scale, 1):
        return "about six digits are right: compute in float64, not in float32."
    if np.count_nonzero(expected) < 2:
        return None  # one number is always some multiple of another
    if np.isclose(scale, -1):
        return "every sign is the opposite of what it should be."
    return f"every number is {scale:.4g} times what it should be: look for a factor."


def compare(expected: Any, got: Any, *, rtol: float, atol: float) -> str | None:
    """Return ``None`` if `got` is `expected` within the tolerance, else what is wrong.

    Plain data only: numbers, strings, bools, arrays, and tuples, lists, dicts of these.
    A list passes for a tuple or an array; any real type passes for a float.
    """
    if expected is None:
        return None if got is None else f"None was expected, but {_a(_kind(got))} came."
    if got is None:
        return "nothing came back. Does your function end in `return`?"
    if isinstance(expected, np.ndarray):
        return _compare_arrays(expected, got, rtol, atol)
    if isinstance(expected, Foreign):  # only a mistake gives such a thing
        return None if got == expected else f"{_a(expected.kind)} was expected."
    if isinstance(expected, tuple | list):
        if not isinstance(got, tuple | list):
            kind = type(expected).__name__
            return f"a {kind} was expected, but {_a(_kind(got))} came."
        if len(got) != len(expected):
            return f"a length of {len(expected)} was expected, but {len(got)} came."
        pairs = ((f"[{i}]", e, g) for i, (e, g) in enumerate(zip(expected, got)))
        return _first_complaint(pairs, rtol, atol)
    if isinstance(expected, dict):
        if not isinstance(got, dict):
            return f"a dict was expected, but {_a(_kind(got))} came."
        if set(got) != set(expected):
            return f"the keys {list(expected)} were expected, but {list(got)} came."
        return _first_complaint(
            ((f"[{k!r}]", expected[k], got[k]) for k in expected), rtol, atol
        )
    if isinstance(expected, float):
        return _compare_arrays(np.asarray(expected), got, rtol, atol)
    wanted = {bool: (bool, np.bool_), int: (int, np.integer), str: (str,)}[
        type(expected)
    ]
    if not isinstance(got, wanted) or (type(expected) is int and type(got) is bool):
        kind = {bool: "True or False", int: "a whole number (int)", str: "a string"}
        return f"{kind[type(expected)]} was expected, but {_a(_kind(got))} came."
    return None if got == expected else "the value is not the expected one."


def _first_complaint(
    pairs: Iterator[tuple[str, Any, Any]], rtol: float, atol: float
) -> str | None:
    for where, expected, got in pairs:
        complaint = compare(expected, got, rtol=rtol, atol=atol)
        if complaint:
            inside = complaint.startswith("[")
            return f"{where}{complaint}" if inside else f"{where}: {complaint}"
    return None


def _compare_arrays(
    expected: np.ndarray, got: Any, rtol: float, atol: float
) -> str | None:
    what = "an array" if expected.ndim else "a number"
    if not isinstance(got, np.ndarray | np.generic | list | tuple | numbers.Real):
        return f"{what} was expected, but {_a(_kind(got))} came."
    if isinstance(got, np.ma.MaskedArray):
        return f"{what} was expected, but a masked array came."
    try:
        if isinstance(got, list | tuple) and _holds_text(got):
            return f"{what} was expected, but a list with text came."
        got = np.asarray(got)
    except ValueError:
        return f"{what} was expected, but a list with rows of different lengths came."
    except Exception as error:  # a list of objects that refuse to become numbers
        return f"{what} was expected, but the list that came holds none: {error}"
    kinds = {"b": "b", "i": "iu", "u": "iu", "f": "fiu"}[expected.dtype.kind]
    if got.dtype.kind not in kinds:
        return f"dtype {expected.dtype} was expected, but dtype {got.dtype} came."
    if got.shape != expected.shape:
        return f"shape {expected.shape} was expected, but shape {got.shape} came."
    if expected.dtype.kind != "f":
        wrong = got != expected
    else:
        if np.isnan(got).any() and not np.isnan(expected).any():
            return f"{int(np.isnan(got).sum())} of {got.size} values are NaN."
        wrong = ~np.isclose(got, expected, rtol=rtol, atol=atol, equal_nan=True)
    if not wrong.any():
        return None
    if not expected.ndim:
        return "the value is not the expected one."
    first = tuple(int(i) for i in np.argwhere(wrong)[0])
    index = first[0] if len(first) == 1 else first
    return (
        f"{int(wrong.sum())} of {wrong.size} values differ, the first at index {index}."
    )


def _holds_text(items: list | tuple) -> bool:
    """Return whether a list holds text, of which NumPy makes every item the longest."""
    return any(
        isinstance(item, str | bytes)
        or (isinstance(item, list | tuple) and _holds_text(item))
        for item in items
    )


def _kind(value: Any) -> str:
    return value.kind if isinstance(value, Foreign) else type(value).__name__


def _a(noun: str) -> str:
    vowel = noun[0].lower() in "aeiou" or noun.startswith("ndarray")
    return f"an {noun}" if vowel else f"a {noun}"


SHOWN = 20  # elements of a list that are described


def describe(value: Any) -> str:
    """Return `value` in one or a few short lines."""
    text = _described(value)
    return text if len(text) <= 1000 else text[:997] + "..."


def _described(value: Any, depth: int = 10) -> str:
    if isinstance(value, np.ndarray) and value.dtype.kind in "fiub":
        options = {
            "precision": 4,
            "suppress_small": True,
            "threshold": 24,
            "edgeitems": 2,
        }
        text = np.array2string(value, max_line_width=60, separator=", ", **options)
        return f"{text}  shape {value.shape}"
    if isinstance(value, float | np.floating):
        return f"{value:.6g}"
    if isinstance(value, tuple | list | dict) and not depth:
        return "..."
    if isinstance(value, tuple | list):
        items = [_described(item, depth - 1) for item in value[:SHOWN]]
        items += [f"... {len(value)} in all"] if len(value) > SHOWN else []
        inside = ", ".join(items)
        if isinstance(value, tuple):
            return f"({inside},)" if len(value) == 1 else f"({inside})"
        return f"[{inside}]"
    if isinstance(value, dict):
        pairs = list(value.items())[:SHOWN]
        items = [f"{key!r}: {_described(item, depth - 1)}" for key, item in pairs]
        items += [f"... {len(value)} in all"] if len(value) > SHOWN else []
        return "{" + ", ".join(items) + "}"
    if isinstance(value, int) and abs(value) >= 10**30:
        return f"a whole number of about {int(value.bit_length() * 0.30103)} digits"
    if isinstance(value, str):
        return repr(value[:1000])
    if value is None or isinstance(value, bool | int | np.generic):
        return repr(value.item() if isinstance(value, np.generic) else value)
    if isinstance(value, Raised):
        text = " ".join(value.text.split())
        text = text if len(text) <= 200 else text[:197] + "..."
        return f"{text}, in your line `{value.line}`" if value.line else text
    return f"{_a(_kind(value))} object"


def raised(error: Exception, answer: Callable | None) -> Raised:
    """Return what was raised, with the line of the reader's code that did it."""
    code = getattr(answer, "__code__", None) or getattr(
        getattr(answer, "__init__", None), "__code__", None
    )
    lines = [
        frame.line
        for frame in traceback.extract_tb(error.__traceback__)
        if code is not None and frame.filename == code.co_filename
    ]
    message = str(error)
    # An address is another one each time.
    text = re.sub(r"0x[0-9a-f]{6,}", "0x...", f"{type(error).__name__}: {message}")
    # PyTorch raises this error too, for a module without `forward`, but with a message.
    unwritten = isinstance(error, NotImplementedError) and not message
    return Raised(text, (lines[-1] or "") if lines else "", unwritten)


# --------------------------------------------------------------------------------------
# Making the public cases
# --------------------------------------------------------------------------------------


def tagged_cells(notebook: Path, tag: str) -> dict[str, str]:
    """Return the sources of a notebook's cells with `tag`, by the name each defines."""
    cells = json.loads(notebook.read_text(encoding="utf-8"))["cells"]
    found = {}
    for cell in cells:
        if tag in cell["metadata"].get("tags", []):
            source = "".join(cell["source"])
            defined = re.search(r"^(?:def|class) (\w+)", source, re.MULTILINE)
            found[defined[1] if defined else ""] = source
    return found


def reference_cells(notebook: Path) -> tuple[str, dict[str, str]]:
    """Return a chapter's import cell and its solutions by the name each defines.

    A solution is what a cell with the tag ``solution`` holds up to the last line
    ``### END SOLUTION``. The import cell is the first code cell.
    """
    cells = json.loads(notebook.read_text(encoding="utf-8"))["cells"]
    imports = next(cell for cell in cells if cell["cell_type"] == "code")
    solutions = tagged_cells(notebook, "solution")
    return "".join(imports["source"]), {
        name: source.rpartition("### END SOLUTION")[0] or source
        for name, source in solutions.items()
    }


def define(imports: str, source: str, name: str) -> Callable:
    """Run an import cell and a solution and return what they define as `name`."""
    namespace: dict[str, Any] = {"__name__": "__main__"}
    for text in (imports, source):
        exec(compile(text, f"<solution of {name}>", "exec"), namespace)
    return namespace[name]


def make_cases(notebook: Path, *, secret: bytes | None = None) -> dict[str, dict]:
    """Return the cases of every exercise of a chapter, as JSON takes them.

    For each exercise its ``points``, the names of its ``arguments``, the ``hints`` of
    its mistakes, and its ``cases``: what is ``given``, what is ``expected``, and what
    the ``mistakes`` give.
    A `secret` makes other inputs than the public ones, which only its holder knows.

    Raises
    ------
    ValueError
        A declared exercise has no solution cell; a mistake's text is not found exactly
        once in it; or a mistake gives the right result in every public case.
    """
    declaration = notebook.parent / "exercises" / f"{notebook.stem}.py"
    imports, sources = reference_cells(notebook)
    made = {}
    for name, exercise in load_exercises(declaration).items():
        if name not in sources:
            raise ValueError(
                f"{notebook.name} has no solution cell that defines {name}"
            )
        reference = define(imports, sources[name], name)
        variants = [_edited(imports, sources[name], name, m) for m in exercise.mistakes]
        cases = []
        seed = hmac.digest(secret, name.encode(), "sha256") if secret else b""
        rng = np.random.default_rng(int.from_bytes(seed))
        try:
            for arguments in exercise.inputs(rng):
                cases.append(_case(exercise, reference, variants, arguments))
        except Exception as error:
            raise ValueError(
                f"{declaration.name}: {name}, case {len(cases) + 1}: "
                f"{type(error).__name__}: {error}\n`inputs` yields tuples of numbers, "
                "text, arrays, lists and dicts of these. Where an answer is called "
                "otherwise, `observe` calls it, and returns such data."
            ) from error
        for i, mistake in enumerate(exercise.mistakes):
            always = all(case["mistakes"][i] == case["expected"] for case in cases)
            if always and not secret:
                raise ValueError(
                    f"{name}: the mistake {mistake.right!r} -> {mistake.wrong!r} gives "
                    "the right result in every case: change the inputs or leave it out"
                )
        target = exercise.observe or reference
        names = list(inspect.signature(target).parameters)
        made[name] = {
            "points": exercise.points,
            "arguments": names if exercise.observe is None else names[1:],
            "hints": [mistake.hint for mistake in exercise.mistakes],
            "cases": cases,
        }
    return made


def _case(
    exercise: Exercise, reference: Callable, variants: list[Callable], arguments: tuple
) -> dict:
    """Return a case as it is stored."""
    given = encode(tuple(arguments))
    results = [
        _judged(exercise, result_of(exercise, variant, arguments), arguments)
        for variant in variants
    ]
    # Without the line that raised, which would quote the solution.
    results = [Raised(r.text) if isinstance(r, Raised) else r for r in results]
    return {
        "given": given,
        "expected": encode(exercise.run(reference, arguments)),
        "mistakes": [encode(result, strict=False) for result in results],
    }


def _edited(imports: str, source: str, name: str, mistake: Mistake) -> Callable:
    if source.count(mistake.right) != 1:
        raise ValueError(
            f"{name}: {mistake.right!r} must be found once in the solution cell, "
            f"it is there {source.count(mistake.right)} times"
        )
    return define(imports, source.replace(mistake.right, mistake.wrong), name)


def encode(value: Any, *, strict: bool = True) -> Any:
    """Return plain data as JSON takes it; :func:`decode` gives it back exactly.

    What is not plain data raises a ``TypeError``, or is encoded as `Foreign` where
    `strict` is false.

    >>> decode(encode((np.array([0.1]), 2))) == (np.array([0.1]), 2)
    True
    """
    foreign = None
    if isinstance(value, Raised):
        more = {"line": value.line, "unwritten": value.unwritten}
        return {"raises": value.text} | {k: v for k, v in more.items() if v}
    if isinstance(value, np.ndarray):
        if value.dtype.kind in "fiub" and not isinstance(value, np.ma.MaskedArray):
            return {
                "array": value.tolist(),
                "dtype": str(value.dtype),
                "shape": value.shape,
            }
        foreign = f"{type(value).__name__} of dtype {value.dtype}"
    elif isinstance(value, np.generic) and value.dtype.kind in "fiubU":
        return value.item()
    elif isinstance(value, tuple | list):
        items = [encode(item, strict=strict) for item in value]
        return {"tuple": items} if isinstance(value, tuple) else items
    elif isinstance(value, dict) and all(isinstance(key, str) for key in value):
        return {"dict": {k: encode(item, strict=strict) for k, item in value.items()}}
    elif value is None or isinstance(value, bool | int | float | str):
        return value
    foreign = foreign or _kind(value)
    if strict:
        raise TypeError(f"{_a(foreign)} object is not plain data")
    return {"foreign": foreign}


def decode(value: Any, *, depth: int = 50) -> Any:
    """Return what :func:`encode` was given, nested at most `depth` deep.

    Raises
    ------
    ValueError
        `value` is nothing that :func:`encode` returns, or nested too deep.
    """
    if not isinstance(value, list | dict):
        return value
    if not depth:
        raise ValueError("data that is nested too deep")
    if isinstance(value, list):
        return [decode(item, depth=depth - 1) for item in value]
    match value:
        case {"array": items, "dtype": str(dtype), "shape": shape}:
            try:
                kind = np.dtype(dtype)
                if kind.kind not in "fiub":
                    raise ValueError(f"dtype {dtype}")
                return np.array(items, dtype=kind).reshape(shape)
            except (TypeError, ValueError, OverflowError) as error:
                raise ValueError(f"an array that is none: {error}") from None
        case {"tuple": list(items)}:
            return tuple(decode(item, depth=depth - 1) for item in items)
        case {"dict": dict(items)}:
            return {k: decode(item, depth=depth - 1) for k, item in items.items()}
        case {"foreign": str(kind)}:
            return Foreign(kind)
        case {"raises": str(text)}:
            line, unwritten = value.get("line", ""), value.get("unwritten") is True
            return Raised(text, str(line), unwritten)
    raise ValueError(f"a dict with the keys {list(value)[:5]} is not encoded data")
