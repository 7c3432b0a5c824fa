"""Check the answers in a notebook on the public cases, as its own cells do."""

from __future__ import annotations

from pathlib import Path

from course_utils.exercises import public_cases, report
from course_utils.grading.slicing import define_answer, slices


def check_notebook(notebook: Path) -> bool:
    """Print how each answer in a notebook does, and return whether all are right.

    Runs the statements that the answers need in this process: meant for one's own.

    Raises
    ------
    ValueError
        When it is no notebook, or one without exercises.
    """
    known = public_cases(notebook.resolve().parent)
    try:
        needs = slices(notebook.read_bytes(), "", list(known))
    except ValueError as error:
        raise ValueError(f"{notebook} is {error}") from None
    chapters = {known[name][0].stem for name, need in needs.items() if need}
    if not chapters:
        raise ValueError(f"{notebook} defines none of {', '.join(known)}")
    right = []
    for name, (cases, public) in known.items():
        if cases.stem not in chapters:
            continue
        if needs[name] is None:
            right.append(False)
            print(f"{name}: there is no function of this name.")
            continue
        try:
            answer = define_answer(needs[name]["written"], name)
        except Exception as error:  # reported, whatever the reader's code raises
            right.append(False)
            print(f"{name}: cannot be defined.\n  {type(error).__name__}: {error}")
            continue
        passed, text = report(name, answer, cases, public)
        right.append(passed)
        print(text)
    print(f"{sum(right)} of {len(right)} exercises pass.")
    return all(right)
