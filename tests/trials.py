"""The exercises tried in this process, on inputs of any seed."""

import functools
import json
import warnings
from pathlib import Path

import numpy as np

from course_utils.exercises import (
    decode,
    encode,
    judge_results,
    load_exercises,
    reference_cells,
    result_of,
)

BOOK = Path(__file__).parents[1] / "book"
CHAPTERS = [path.stem for path in sorted(BOOK.glob("[0-9]*-*.ipynb"))]


def exercises_of(chapter):
    """Return the names of a chapter's exercises, without loading what it imports."""
    return list(reference_cells(BOOK / f"{chapter}.ipynb")[1])


def alternatives(chapter):
    """Return what ``tests/alternatives`` has for a chapter, by name.

    Other right answers are called ``exercise__something``. ``EQUIVALENT`` holds the
    mutants of the reference that are right, with the reason, by exercise and change.
    """
    path = Path(__file__).parent / "alternatives" / f"{chapter}.py"
    defined = {"__name__": chapter}
    exec(compile(path.read_text(encoding="utf-8"), str(path), "exec"), defined)
    return defined


EXERCISES = [(chapter, name) for chapter in CHAPTERS for name in exercises_of(chapter)]


class Trial:
    """An exercise, and what its reference gives for the inputs of each seed.

    Attributes
    ----------
    exercise : Exercise
    source : str
        The text of the reference.
    public : dict
        The public cases as they are stored.
    """

    def __init__(self, chapter, name):
        imports, sources = reference_cells(BOOK / f"{chapter}.ipynb")
        stored = (BOOK / "exercises" / f"{chapter}.json").read_text(encoding="utf-8")
        self.exercise = load_exercises(BOOK / "exercises" / f"{chapter}.py")[name]
        self.source = sources[name]
        self.public = json.loads(stored)[name]
        self._imported = {"__name__": "__main__"}
        exec(imports, self._imported)
        self._known = {json.dumps(case["given"]) for case in self.public["cases"]}
        self._inputs = {}
        self._keys = {}

    def define(self, source):
        """Return what `source` defines under the name of the exercise."""
        namespace = dict(self._imported)
        exec(compile(source, f"<{self.exercise.name}>", "exec"), namespace)
        return namespace[self.exercise.name]

    def inputs(self, seed):
        """Return the cases of a seed, each as a tuple of arguments."""
        if seed not in self._inputs:
            made = self.exercise.inputs(np.random.default_rng(seed))
            self._inputs[seed] = [tuple(arguments) for arguments in made]
        return self._inputs[seed]

    def secret(self, seed):
        """Return the indices of the cases of a seed that are not public.

        All of them where the exercise has no arguments, so that nothing can be secret.
        """
        if self.inputs(seed) == [()]:
            return [0]
        given = [json.dumps(encode(case)) for case in self.inputs(seed)]
        return [i for i, case in enumerate(given) if case not in self._known]

    def key(self, seed, i):
        """Return case `i` of a seed, with what the reference gives, for the judge."""
        arguments = self.inputs(seed)[i]
        known = self._keys
        given = json.dumps(encode(arguments))
        if given not in known:
            expected = encode(self.exercise.run(self.define(self.source), arguments))
            case = {"given": encode(arguments), "expected": expected, "mistakes": []}
            known[given] = {"arguments": [], "hints": [], "cases": [case]}
        return known[given]

    def expected(self, seed, i):
        """Return what the reference gives in case `i` of a seed."""
        return decode(self.key(seed, i)["cases"][0]["expected"])

    def failure(self, answer, seed, which=None):
        """Return the first of the cases `which` that `answer` fails, None if none.

        Its result goes the way that it goes in grading: as JSON, then to the judge.
        """
        for i in range(len(self.inputs(seed))) if which is None else which:
            with warnings.catch_warnings(), np.errstate(all="ignore"):
                warnings.simplefilter("ignore")
                result = result_of(self.exercise, answer, self.inputs(seed)[i])
            text = json.dumps(encode(result, strict=False))
            verdict = judge_results(
                self.exercise, self.key(seed, i), [decode(json.loads(text))]
            )
            if verdict.first is not None:
                return f"case {i + 1}: {verdict.problem} {verdict.came}"
        return None


@functools.cache
def trial(chapter, name):
    """Return the trial of an exercise, made once."""
    return Trial(chapter, name)
