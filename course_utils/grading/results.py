"""The results file: lines of JSON, one for each submission of a chapter, appended only.

A later line of the same student and chapter stands in for the earlier ones, which stay.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from types import TracebackType
from typing import Self


def read_results(path: Path) -> list[dict]:
    """Return the records of a results file by chapter and student, the last of each.

    A last line that is not complete, which an interruption leaves, does not count.

    Raises
    ------
    ValueError
        When another line is damaged.
    """
    lines = path.read_bytes().split(b"\n")
    records = {}
    for number, line in enumerate(lines[:-1], start=1):
        if not line:
            continue
        try:
            record = json.loads(line)
            records[record["chapter"], record["student"]] = record
        except (ValueError, KeyError, TypeError):
            if line.endswith(TORN):
                continue
            if number == 1:
                raise ValueError(
                    f"{path} is no results file: give what `course grade` wrote"
                ) from None
            raise ValueError(
                f"{path}, line {number} is damaged: remove that line and grade again "
                "with --resume, which grades what is missing"
            ) from None
    return [records[pair] for pair in sorted(records)]


# What each status of an exercise says to the student; `ok` has more to say.
STATUSES = {
    "missing": "There is no answer to this exercise in the notebook yet.",
    "timeout": "Your code was stopped because it ran for too long. Look for a loop "
    "that does not end, or that does far more work than it needs.",
    "oom": "Your code was stopped because it took too much memory. Look for an array "
    "or a list that grows with every step.",
    "crash": "Python itself ended while your code ran, without an error message. Look "
    "for a function that calls itself without end, or a call that ends the program.",
    "output_limit": "Your code was stopped because it returned far too much data.",
    "unreadable": "Your notebook could not be read, and so nothing in it was run.",
    "infra_error": "The grading itself failed, not your code. There is no score yet, "
    "which is not a 0: your instructor can grade it again.",
}
TORN = b" (interrupted)"  # ends a line that an interruption left unfinished


class ResultsFile:
    """A results file that is open for appending, by one process at a time.

    Raises
    ------
    FileExistsError
        When there are results already and `resume` is false.
    BlockingIOError
        When another process is writing to it.
    """

    def __init__(self, path: Path, *, resume: bool = False) -> None:
        import fcntl  # not on Windows, where nothing is graded

        if path.exists() and path.stat().st_size and not resume:
            raise FileExistsError(
                f"{path} holds results already: go on with --resume, or choose another "
                "file with -o"
            )
        self._file = open(path, "ab")  # noqa: SIM115
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            self._file.close()
            raise BlockingIOError(f"another grader is writing to {path}") from None
        with open(path, "rb") as file:
            if file.seek(0, os.SEEK_END):
                file.seek(-1, os.SEEK_END)
                if file.read() != b"\n":
                    self._file.write(TORN + b"\n")
                    self._file.flush()

    def append(self, record: dict) -> None:
        """Write a record as a line, at once."""
        self._file.write(json.dumps(record, sort_keys=True).encode() + b"\n")
        self._file.flush()

    def __enter__(self) -> Self:
        """Return the file."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Close the file."""
        self._file.close()
