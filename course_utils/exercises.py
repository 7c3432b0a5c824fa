"""Exercises: declared once beside their chapter, checked in the notebook.

A chapter ``book/NN-slug.ipynb`` has two files in ``book/exercises/``:

``NN-slug.py``
    The declaration: a list ``EXERCISES`` of :class:`Exercise`.
``NN-slug.json``
    The public cases, data made from the declaration and from the chapter's solution
    cells by ``make cases``. A test verifies them.

The reference of an exercise is the chapter's solution cell and lives nowhere else. A
reader who runs :func:`check` needs neither the solution nor a network.
"""

from __future__ import annotations

import copy
import importlib.util
import inspect
import json
import numbers
import re
import traceback
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
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
        ``observe(answer, *arguments)`` returns the plain data that is compared, where
        the answer is not a function from data to data: a class, or a function of a
        model. By default the answer is called with the arguments.
    """

    name: str
    points: int
    inputs: Callable[[np.random.Generator], Iterable[tuple]]
    rtol: float = 1e-9
    atol: float = 1e-12
    mistakes: tuple[Mistake, ...] = field(default=())
    observe: Callable[..., Any] | None = None

    def run(self, answer: Callable, arguments: tuple) -> Any:
        """Return what `answer` gives for copies of `arguments`."""
        arguments = copy.deepcopy(arguments)
        if self.observe is None:
            return answer(*arguments)
        return self.observe(answer, *arguments)


# --------------------------------------------------------------------------------------
# Where exercises are found
# --------------------------------------------------------------------------------------


def exercise_folder() -> Path:
    """Return the folder of the exercises: beside the notebook, else in the checkout."""
    beside = Path.cwd() / "exercises"
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
    spec = importlib.util.spec_from_file_location("exercise_declaration", declaration)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return {exercise.name: exercise for exercise in module.EXERCISES}


def _public_cases() -> dict[str, tuple[Path, dict]]:
    """Return the file and the public cases of every exercise, by name."""
    found = {}
    for path in sorted(exercise_folder().glob("*.json")):
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


def check(answer: Callable) -> None:
    """Try `answer`, the function or class of an exercise, on its public cases.

    Prints how many cases pass and, for the first that does not, what was given, what
    was expected, what came, and a hint where the result is that of a known mistake.
    """
    name = getattr(answer, "__name__", None)
    if not callable(answer) or name is None:
        print(
            "check takes the function that you wrote, without calling it: "
            f"check(my_function).\nIt got {_describe(answer)}."
        )
        return
    known = _public_cases()
    if name not in known:
        print(
            f"There is no exercise named {name}. Keep the name that the exercise gives "
            f"your function:\n{', '.join(known)}."
        )
        return
    path, public = known[name]
    exercise, cases = load_exercises(path.with_suffix(".py"))[name], public["cases"]
    results = [_result(exercise, answer, decode(case["given"])) for case in cases]
    # PyTorch raises this error too, for a module without `forward`, but with a message.
    if any(isinstance(r, NotImplementedError) and not str(r) for r in results):
        print(
            f"{name}: not written yet.\nReplace `raise NotImplementedError` with your "
            "code, run that cell, then run this one again."
        )
        return
    wrong = [
        i
        for i, (case, result) in enumerate(zip(cases, results))
        if not _agrees(exercise, case["expected"], result)
    ]
    if not wrong:
        which = f"all {len(cases)} cases pass" if len(cases) > 1 else "the case passes"
        print(f"{name}: {which}.")
        return
    first = wrong[0]
    print(f"{name}: {len(cases) - len(wrong)} of {len(cases)} cases pass.")
    print(f"Case {first + 1}")
    for argument, value in zip(public["arguments"], decode(cases[first]["given"])):
        print(f"  given     {argument} = {_describe(value)}")
    expected, got = decode(cases[first]["expected"]), results[first]
    print(f"  expected  {_describe(expected)}")
    if isinstance(got, Exception):
        print(f"  came      {_describe_error(got, answer)}")
    else:
        problem = compare(expected, got, rtol=exercise.rtol, atol=exercise.atol)
        print(f"  came      {_describe(got)}\n  problem   {problem}")
    hint = _hint(exercise, cases, results, first)
    hint = hint or _general_hint(expected, got, exercise.rtol)
    if hint:
        print(f"  hint      {hint}")


def _result(exercise: Exercise, answer: Callable, arguments: tuple) -> Any:
    """Return what `answer` gives, or the exception that it raises."""
    try:
        return exercise.run(answer, arguments)
    except SystemExit as error:
        return RuntimeError(f"the code called exit ({error})")
    except Exception as error:  # reported, whatever the reader's code raises
        return error


def _agrees(exercise: Exercise, stored: Any, result: Any) -> bool:
    """Return whether `result` is what is stored: a value, or an exception."""
    raises = isinstance(stored, dict) and "raises" in stored
    if raises or isinstance(result, Exception):
        return raises and stored == _stored(result)
    tolerance = {"rtol": exercise.rtol, "atol": exercise.atol}
    return compare(decode(stored), result, **tolerance) is None


def _hint(
    exercise: Exercise, cases: list[dict], results: list[Any], first: int
) -> str | None:
    """Return the hint of the mistake that gives these results.

    A mistake that explains every case comes before one that explains the first case
    that fails, since a single number can be that of several mistakes.
    """
    pairs = list(zip(cases, results))
    for considered, words in ((pairs, ""), ([pairs[first]], "perhaps: ")):
        for i, mistake in enumerate(exercise.mistakes):
            if all(_agrees(exercise, c["mistakes"][i], r) for c, r in considered):
                return words + mistake.hint
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
        return (
            None
            if got is None
            else f"None was expected, but {_a(type(got).__name__)} came."
        )
    if got is None:
        return "nothing came back. Does your function end in `return`?"
    if isinstance(expected, np.ndarray):
        return _compare_arrays(expected, got, rtol, atol)
    if isinstance(expected, tuple | list):
        if not isinstance(got, tuple | list):
            kind = type(expected).__name__
            return f"a {kind} was expected, but {_a(type(got).__name__)} came."
        if len(got) != len(expected):
            return f"a length of {len(expected)} was expected, but {len(got)} came."
        pairs = ((f"[{i}]", e, g) for i, (e, g) in enumerate(zip(expected, got)))
        return _first_complaint(pairs, rtol, atol)
    if isinstance(expected, dict):
        if not isinstance(got, dict):
            return f"a dict was expected, but {_a(type(got).__name__)} came."
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
        return (
            f"{kind[type(expected)]} was expected, but {_a(type(got).__name__)} came."
        )
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
        return f"{what} was expected, but {_a(type(got).__name__)} came."
    if isinstance(got, np.ma.MaskedArray):
        return f"{what} was expected, but a masked array came."
    try:
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


def _a(noun: str) -> str:
    vowel = noun[0].lower() in "aeiou" or noun.startswith("ndarray")
    return f"an {noun}" if vowel else f"a {noun}"


def _describe(value: Any) -> str:
    """Return `value` in one or a few short lines."""
    if isinstance(value, np.ndarray) and value.dtype.kind in "fiub":
        options = {
            "precision": 4,
            "suppress_small": True,
            "threshold": 24,
            "edgeitems": 2,
        }
        text = np.array2string(value, max_line_width=60, separator=", ", **options)
        text = text.replace("\n", "\n" + " " * 14)
        return f"{text}  shape {value.shape}"
    if isinstance(value, float | np.floating):
        return f"{value:.6g}"
    if isinstance(value, tuple | list):
        inside = ", ".join(_describe(item) for item in value)
        if isinstance(value, tuple):
            return f"({inside},)" if len(value) == 1 else f"({inside})"
        return f"[{inside}]"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{k!r}: {_describe(v)}" for k, v in value.items()) + "}"
    if value is None or isinstance(value, bool | int | str | np.generic):
        return repr(value.item() if isinstance(value, np.generic) else value)
    return f"{_a(type(value).__name__)} object"


def _describe_error(error: Exception, answer: Callable) -> str:
    """Return the error in one line, with the line of the reader's code that did it."""
    code = getattr(answer, "__code__", None) or getattr(
        getattr(answer, "__init__", None), "__code__", None
    )
    frames = [
        frame
        for frame in traceback.extract_tb(error.__traceback__)
        if code is not None and frame.filename == code.co_filename
    ]
    where = f", in your line `{frames[-1].line}`" if frames and frames[-1].line else ""
    message = " ".join(str(error).split())
    if len(message) > 200:
        message = message[:197] + "..."
    return f"{type(error).__name__}: {message}{where}"


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

    A solution is what a cell with the tag ``solution`` holds up to the line ``### END
    SOLUTION``. The import cell is the first code cell.
    """
    cells = json.loads(notebook.read_text(encoding="utf-8"))["cells"]
    imports = next(cell for cell in cells if cell["cell_type"] == "code")
    solutions = tagged_cells(notebook, "solution")
    return "".join(imports["source"]), {
        name: source.partition("### END SOLUTION")[0]
        for name, source in solutions.items()
    }


def define(imports: str, source: str, name: str) -> Callable:
    """Run an import cell and a solution and return what they define as `name`."""
    namespace: dict[str, Any] = {"__name__": "__main__"}
    for text in (imports, source):
        exec(compile(text, f"<solution of {name}>", "exec"), namespace)
    return namespace[name]


def make_cases(notebook: Path, *, seed: int = 0) -> dict[str, dict]:
    """Return the public cases of every exercise of a chapter, as JSON takes them.

    Raises
    ------
    ValueError
        A declared exercise has no solution cell; a mistake's text is not found exactly
        once in it; or a mistake gives the right result in every case.
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
        for arguments in exercise.inputs(np.random.default_rng(seed)):
            expected = encode(exercise.run(reference, arguments))
            results = [_result(exercise, variant, arguments) for variant in variants]
            cases.append(
                {
                    "given": encode(tuple(arguments)),
                    "expected": expected,
                    "mistakes": [_stored(result) for result in results],
                }
            )
        for i, mistake in enumerate(exercise.mistakes):
            if all(case["mistakes"][i] == case["expected"] for case in cases):
                raise ValueError(
                    f"{name}: the mistake {mistake.right!r} -> {mistake.wrong!r} gives "
                    "the right result in every case: change the inputs or leave it out"
                )
        target = reference if exercise.observe is None else exercise.observe
        names = list(inspect.signature(target).parameters)
        made[name] = {
            "arguments": names if exercise.observe is None else names[1:],
            "cases": cases,
        }
    return made


def _edited(imports: str, source: str, name: str, mistake: Mistake) -> Callable:
    if source.count(mistake.right) != 1:
        raise ValueError(
            f"{name}: {mistake.right!r} must be found once in the solution cell, "
            f"it is there {source.count(mistake.right)} times"
        )
    return define(imports, source.replace(mistake.right, mistake.wrong), name)


def _stored(result: Any) -> Any:
    """Return a result as it is stored: a value, or an exception as text."""
    if isinstance(result, Exception):
        return {"raises": f"{type(result).__name__}: {result}"}
    return encode(result)


def encode(value: Any) -> Any:
    """Return plain data as JSON takes it; :func:`decode` gives it back exactly.

    >>> decode(encode((np.array([0.1]), 2))) == (np.array([0.1]), 2)
    True
    """
    if isinstance(value, np.ndarray):
        if value.dtype.kind not in "fiub":
            raise TypeError(f"an array of dtype {value.dtype} is not plain data")
        return {
            "array": value.tolist(),
            "dtype": str(value.dtype),
            "shape": value.shape,
        }
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, tuple):
        return {"tuple": [encode(item) for item in value]}
    if isinstance(value, list):
        return [encode(item) for item in value]
    if isinstance(value, dict) and all(isinstance(key, str) for key in value):
        return {"dict": {key: encode(item) for key, item in value.items()}}
    if value is None or isinstance(value, bool | int | float | str):
        return value
    raise TypeError(f"{_a(type(value).__name__)} object is not plain data")


def decode(value: Any) -> Any:
    """Return what :func:`encode` was given."""
    if isinstance(value, list):
        return [decode(item) for item in value]
    if not isinstance(value, dict):
        return value
    if "array" in value:
        return np.array(value["array"], dtype=value["dtype"]).reshape(value["shape"])
    if "tuple" in value:
        return tuple(decode(item) for item in value["tuple"])
    return {key: decode(item) for key, item in value["dict"].items()}
