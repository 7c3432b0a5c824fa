"""Grade with one of the graders, in the environment that has it, for bench_graders.py.

``python graders_driver.py ours ARGUMENTS...``
    Runs ``course grade ARGUMENTS...``.
``python graders_driver.py nbgrader ARGUMENTS...``
    Runs ``nbgrader autograde ARGUMENTS...``.
``python graders_driver.py otter AUTOGRADER.zip NOTEBOOK...``
    Grades the notebooks one after the other.

It imports the grader, says how many seconds of the processor that took, waits for a
line, and grades. The last line that it writes is JSON: the scores, in otter's case.
"""

import contextlib
import io
import json
import sys
import time


def ours(*arguments: str) -> None:
    """Run ``course grade`` with `arguments` in this process."""
    from course_utils.grading import cli, editions, grader, results  # noqa: F401

    wait()
    try:
        cli.main(["grade", *arguments])
    except SystemExit as end:
        if end.code:
            raise
    print(json.dumps({}))


def nbgrader(*arguments: str) -> None:
    """Run ``nbgrader autograde`` with `arguments` in this process."""
    from nbgrader.apps import AutogradeApp

    wait()
    app = AutogradeApp.instance()
    app.initialize([*arguments, "--log-level=WARN"])
    app.start()
    print(json.dumps({}))


def otter(autograder: str, *notebooks: str) -> None:
    """Grade `notebooks` one after the other, as ``otter run`` does for one."""
    import dill  # noqa: F401
    import nbconvert.preprocessors  # noqa: F401
    from otter.api import grade_submission

    wait()
    scores = {}
    for notebook in notebooks:
        with contextlib.redirect_stdout(io.StringIO()):
            results = grade_submission(notebook, autograder, quiet=True)
        scores[notebook] = {name: r.score for name, r in results.results.items()}
    print(json.dumps(scores))


def wait() -> None:
    """Say that all is imported, and wait for the word."""
    print(time.process_time(), flush=True)
    sys.stdin.readline()


if __name__ == "__main__":
    graders = {"ours": ours, "nbgrader": nbgrader, "otter": otter}
    graders[sys.argv[1]](*sys.argv[2:])
