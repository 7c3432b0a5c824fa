"""Judge submissions: answers are called in the sandbox, and judged here."""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import re
import secrets
import stat
import time
from collections.abc import Iterable, Iterator
from concurrent.futures import (
    FIRST_COMPLETED,
    Executor,
    Future,
    ThreadPoolExecutor,
    wait,
)
from contextlib import contextmanager
from dataclasses import dataclass, fields
from functools import cached_property, lru_cache
from pathlib import Path

from course_utils.exercises import (
    Exercise,
    Raised,
    declared,
    decode,
    described_arguments,
    judge_results,
    make_cases,
    public_declaration,
    reference_cells,
)
from course_utils.grading.results import STATUSES
from course_utils.grading.sandbox import Limits, SandboxError, borrowed, close_idle
from course_utils.grading.slicing import needed_imports

NOTEBOOK_LIMIT = 20 << 20  # bytes
SOURCE_LIMIT = 20_000  # characters of an answer's code that are kept
LIMITS = Limits()

# What a limit is, for who comes up against it.
ALLOWED = {
    "timeout": "It took longer than the {cpu} seconds of processor time that it may.",
    "oom": "It took more than the {megabytes} MB of memory that it may.",
    "output_limit": "It returned more than the {results} MB that it may.",
}


# --------------------------------------------------------------------------------------
# The answer key
# --------------------------------------------------------------------------------------


@dataclass(frozen=True)
class AnswerKey:
    """What grading a chapter needs: plain data and text, all made by the instructor.

    Attributes
    ----------
    chapter : str
        The name of its notebook without ``.ipynb``.
    imports : str
        Its first code cell.
    declaration : str
        The public text of its declaration.
    points : dict of str to int
        Of each exercise.
    cases : dict of str to dict
        Of each exercise, as `make_cases` gives them, with the expected results.
    secret_id : str
        Which secret the inputs come from.
    preload : list of str
        The imports of the first cell that the solutions need.
    """

    chapter: str
    imports: str
    declaration: str
    points: dict[str, int]
    cases: dict[str, dict]
    secret_id: str
    preload: list[str]

    @cached_property
    def job(self) -> dict:
        """What the worker needs of this: no expected result."""
        given = {n: [c["given"] for c in k["cases"]] for n, k in self.cases.items()}
        return {
            "imports": self.imports,
            "declaration": self.declaration,
            "preload": self.preload,
            "given": given,
        }

    @cached_property
    def fingerprint(self) -> str:
        """Eight bytes in hexadecimal that are others when anything here is."""
        held = {field.name: getattr(self, field.name) for field in fields(self)}
        text = json.dumps(held, sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:16]


def make_answer_key(notebook: Path, secret: bytes) -> AnswerKey:
    """Return the answer key of a chapter, from the solutions in its notebook."""
    path = notebook.parent / "exercises" / f"{notebook.stem}.py"
    declaration = path.read_text(encoding="utf-8")
    exercises = declared(declaration, str(path))
    imports, solutions = reference_cells(notebook)
    return AnswerKey(
        chapter=notebook.stem,
        imports=imports,
        preload=needed_imports(imports, solutions),
        declaration=public_declaration(declaration),
        points={name: exercise.points for name, exercise in exercises.items()},
        # By way of JSON, so that it is the same here and on another machine.
        cases=json.loads(json.dumps(make_cases(notebook, secret=secret))),
        secret_id=hmac.digest(secret, b"id", "sha256").hex()[:8],
    )


def read_secret(path: Path, *, make: bool = False) -> bytes:
    """Return the secret in the file `path`; where there is none and `make`, make one.

    Raises
    ------
    FileNotFoundError
        When there is no such file.
    ValueError
        When it does not hold a secret.
    """
    if make and not path.exists():
        with open(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "w") as f:
            f.write(secrets.token_hex(32) + "\n")
    if not path.exists():
        raise FileNotFoundError(
            f"there is no {path}: `course assign` makes the secret that grading draws "
            "its inputs from; say with --secret where yours is"
        )
    text = path.read_text(encoding="utf-8", errors="replace").strip()
    if not re.fullmatch(r"[0-9a-f]{64}", text):
        raise ValueError(f"{path} does not hold a secret: 64 hexadecimal digits")
    return bytes.fromhex(text)


# --------------------------------------------------------------------------------------
# One submission
# --------------------------------------------------------------------------------------


def grade_one(
    notebook: bytes,
    key: AnswerKey,
    *,
    limits: Limits = LIMITS,
    sandboxed: bool = True,
) -> dict:
    """Return the record of a notebook: its scores, and for each exercise what came.

    Depends on nothing but its arguments. Raises no error: what the infrastructure does
    wrong is a record with the status ``infra_error`` and no score.
    """
    began = time.monotonic()
    status, note, messages = "ok", None, {}
    try:
        if len(notebook) > NOTEBOOK_LIMIT:
            raise ValueError(f"larger than {NOTEBOOK_LIMIT >> 20} MB")
        messages = _messages(notebook, key, limits, sandboxed)
    except ValueError as error:
        status, note = "unreadable", str(error)
    except (SandboxError, OSError) as error:
        status, note = "infra_error", str(error)
    exercises = [
        _graded(key, name, messages.get(name, {}), limits)
        if status == "ok"
        else _unanswered(key, name, status, limits)
        for name in key.cases
    ]
    return _record(key, exercises, sandboxed) | {
        "sha256": hashlib.sha256(notebook).hexdigest(),
        "status": status,
        "note": note,
        "seconds": round(time.monotonic() - began, 3),
    }


def _messages(
    notebook: bytes, key: AnswerKey, limits: Limits, sandboxed: bool
) -> dict[str, dict]:
    """Return what the worker says of each answer in a notebook, by name.

    When an answer ends the worker, the others are called in another sandbox.

    Raises
    ------
    ValueError
        When the notebook cannot be read.
    SandboxError
        When no sandbox starts, or two end before they come to an answer.
    """
    messages: dict[str, dict] = {}
    failures = 0
    while names := [name for name in key.cases if name not in messages]:
        with borrowed(key.job, limits=limits, sandboxed=sandboxed) as sandbox:
            said = sandbox.run(notebook, names)
        begun = None
        for message in said:
            if "unreadable" in message:
                raise ValueError(str(message["unreadable"]))
            begun = message.get("begin", begun)
            if message.get("name") in names:
                messages[message["name"]] = message
        if begun is None:
            failures += 1
            if failures == 2:
                raise SandboxError("two sandboxes ended before they came to an answer")
        elif begun in names:
            messages.setdefault(begun, {"status": "crash", "results": []})
    return messages


def ungraded(key: AnswerKey, status: str, note: str | None, sandboxed: bool) -> dict:
    """Return the record of a submission that there is not, or that cannot be read."""
    exercises = [_unanswered(key, name, status) for name in key.cases]
    return _record(key, exercises, sandboxed) | {
        "sha256": None,
        "status": status,
        "note": note,
        "seconds": 0.0,
    }


def _record(key: AnswerKey, exercises: list[dict], sandboxed: bool) -> dict:
    scores = [exercise["score"] for exercise in exercises]
    return {
        "chapter": key.chapter,
        "score": None if None in scores else sum(scores),
        "points": sum(key.points.values()),
        "exercises": exercises,
        "sandbox": "bubblewrap" if sandboxed else "none",
        "secret": key.secret_id,
        "answer_key": key.fingerprint,
    }


def _unanswered(
    key: AnswerKey, name: str, status: str, limits: Limits = LIMITS
) -> dict:
    """Return the record of an exercise that gave no results."""
    allowed = (
        ALLOWED[status].format(
            cpu=limits.cpu, megabytes=limits.memory >> 20, results=limits.output >> 20
        )
        if status in ALLOWED
        else None
    )
    return {
        "name": name,
        "status": status,
        "score": None if status == "infra_error" else 0,
        "points": key.points[name],
        "passed": 0,
        "cases": len(key.cases[name]["cases"]),
        "problem": allowed,
        "given": None,
        "came": None,
        "hint": None,
        "answers": None,
        "source": "",
    }


def _graded(key: AnswerKey, name: str, message: dict, limits: Limits) -> dict:
    """Return the record of an exercise from what the worker said about it."""
    cases, source = key.cases[name], str(message.get("source", ""))[:SOURCE_LIMIT]
    status, answers = message.get("status"), message.get("results")
    if status not in ("ok", *STATUSES) or not isinstance(answers, list):
        status, answers = "crash", []
    answers = answers[: len(cases["cases"])]
    results = [_decoded(value) for value in answers]
    lacking = len(cases["cases"]) - len(results)
    if lacking and status == "ok":
        status = "crash"
    results += [Raised(status)] * lacking
    verdict = judge_results(_exercises(key.declaration)[name], cases, results)
    if verdict.unwritten:
        status = "missing"
    if status != "ok":
        blank = _unanswered(key, name, status, limits)
        return blank | {"passed": verdict.passed, "source": source}
    right = verdict.first is None
    stored = json.dumps(answers, sort_keys=True)
    return {
        "name": name,
        "status": "ok",
        "score": key.points[name] if right else 0,
        "points": key.points[name],
        "passed": verdict.passed,
        "cases": verdict.cases,
        "problem": None if right else verdict.problem or "An error was raised.",
        "given": None if right else described_arguments(cases, verdict.first),
        "came": verdict.came,
        "hint": verdict.hint,
        "answers": hashlib.sha256(stored.encode()).hexdigest()[:16],
        "source": source,
    }


@lru_cache(maxsize=64)
def _exercises(declaration: str) -> dict[str, Exercise]:
    """Return the exercises of a declaration, which many submissions share."""
    return declared(declaration)


def _decoded(value: object) -> object:
    """Return what came back as data; what is none is a result that is never right."""
    try:
        return decode(value)
    except Exception as error:  # it was written by the process of the answer
        return Raised(f"what came back is not data ({type(error).__name__})")


# --------------------------------------------------------------------------------------
# Many submissions
# --------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Submission:
    """What a student handed in for a chapter: a notebook, or nothing."""

    student: str
    chapter: str
    path: Path | None
    note: str | None = None


def find_submissions(
    folder: Path, names: dict[str, list[str]], chapters: list[str] | None = None
) -> list[Submission]:
    """Return what is in a folder of submissions, for each student and each chapter.

    A student's notebooks are in a folder with the student's name, or it is one notebook
    with that name. Which chapter a notebook belongs to is seen from the answers that it
    defines, whatever its file is called. One that defines none is taken for the chapter
    that its student has not handed in, where there is one such chapter.

    Parameters
    ----------
    folder : Path
    names : dict of str to list of str
        The names of the exercises of every chapter that there is.
    chapters : list of str, optional
        Which to return; by default those that somebody handed in.

    Raises
    ------
    ValueError
        When the folder is that of one student.
    """
    students: dict[str, list[Path]] = {}
    for entry in sorted(folder.iterdir()):
        if entry.name.startswith("."):
            continue
        if entry.is_dir() and not entry.is_symlink():
            inside = sorted(p for p in entry.iterdir() if p.suffix == ".ipynb")
            students.setdefault(entry.name, []).extend(inside)
        elif entry.suffix == ".ipynb":
            students.setdefault(entry.stem, []).append(entry)
    if strange := students.keys() & names.keys():
        raise ValueError(
            f"{folder} holds {', '.join(sorted(strange))} and no students: give the "
            "folder in which each student has a folder"
        )
    counts = {p: _answers_in(p, names) for ps in students.values() for p in ps}
    handed_in = {_most(count) for count in counts.values()}
    if chapters is None:
        chapters = [chapter for chapter in names if chapter in handed_in]
    found = []
    for student, paths in students.items():
        for chapter in chapters:
            mine = [p for p in paths if _most(counts[p]) == chapter]
            mine = mine or [p for p in paths if counts[p][chapter]]
            note = None
            if len(mine) > 1:
                others = ", ".join(path.name for path in mine[:-1])
                note = f"{mine[-1].name} was graded, and not {others}"
            found.append(Submission(student, chapter, mine[-1] if mine else None, note))
        unknown = [p for p in paths if _most(counts[p]) is None]
        lacking = [
            i for i, s in enumerate(found) if s.student == student and not s.path
        ]
        for i in lacking if unknown else []:
            note = f"no answers in {', '.join(path.name for path in unknown)}"
            path = unknown[-1] if len(lacking) == 1 else None
            found[i] = Submission(student, found[i].chapter, path, note)
    return found


def _answers_in(path: Path, names: dict[str, list[str]]) -> dict[str, int]:
    """Return how many answers to each chapter a notebook seems to define."""
    try:
        content = read_notebook(path)
    except (OSError, ValueError):
        content = b""
    counts = {}
    for chapter, exercises in names.items():
        answer = rb"\b(%s)(?:\(| *=|:)" % "|".join(exercises).encode()
        counts[chapter] = len(set(re.findall(answer, content)))
    if not any(counts.values()):  # then its name may tell
        counts |= {chapter: 1 for chapter in names if chapter in path.name}
    return counts


def _most(counts: dict[str, int]) -> str | None:
    """Return the chapter with the most answers, ``None`` if none has any."""
    best = max(counts, key=counts.__getitem__)
    return best if counts[best] else None


def read_notebook(path: Path) -> bytes:
    """Return the bytes of a notebook that somebody handed in.

    Raises
    ------
    ValueError
        When it is a link, no plain file, or too large.
    OSError
        When it cannot be read.
    """
    try:
        file = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError as error:
        if path.is_symlink():
            raise ValueError("a link, not a file") from None
        raise error
    with open(file, "rb") as opened:
        if not stat.S_ISREG(os.fstat(file).st_mode):
            raise ValueError("not a plain file")
        content = opened.read(NOTEBOOK_LIMIT + 1)
    if len(content) > NOTEBOOK_LIMIT:
        raise ValueError(f"larger than {NOTEBOOK_LIMIT >> 20} MB")
    return content


def grade_all(
    submissions: list[Submission],
    keys: Iterable[AnswerKey],
    folder: Path,
    *,
    workers: int | None = None,
    scheduler: str | None = None,
    limits: Limits = LIMITS,
    sandboxed: bool = True,
    known: Iterable[dict] = (),
) -> Iterator[dict]:
    """Grade submissions and yield their records as they come.

    Parameters
    ----------
    submissions : list of Submission
    keys : iterable of AnswerKey
    folder : Path
        Of the submissions: the records name files from here on.
    workers : int, optional
        How many at one time, by default one for each processor.
    scheduler : str, optional
        The address of a ``dask.distributed`` scheduler, whose workers do the grading.
    limits : Limits
    sandboxed : bool
    known : iterable of dict
        Records of an earlier run. What they hold is left out, unless the notebook, the
        answer key or the kind of sandbox has changed since or the grader had failed.
    """
    keys = {key.chapter: key for key in keys}
    known = {(r["chapter"], r["student"]): r for r in known}
    running: dict[Future, dict] = {}
    with _pool(workers, scheduler) as (pool, at_one_time):
        try:
            for submission in submissions:
                key = keys[submission.chapter]
                who = {
                    "student": submission.student,
                    "file": str(submission.path.relative_to(folder))
                    if submission.path
                    else None,
                }
                content, record = b"", None
                if submission.path is None:
                    record = ungraded(key, "missing", submission.note, sandboxed)
                else:
                    try:
                        content = read_notebook(submission.path)
                    except ValueError as error:
                        record = ungraded(key, "unreadable", str(error), sandboxed)
                    except OSError as error:
                        record = ungraded(key, "infra_error", str(error), sandboxed)
                before = known.get((key.chapter, submission.student))
                if _still_holds(before, record, content, key, sandboxed):
                    continue
                if record is not None:
                    yield record | who
                    continue
                note = {"note": submission.note} if submission.note else {}
                future = pool.submit(
                    grade_one, content, key, limits=limits, sandboxed=sandboxed
                )
                running[future] = who | note
                while len(running) >= 4 * at_one_time:
                    yield from _finished(running)
            while running:
                yield from _finished(running)
        finally:
            for future in running:
                future.cancel()


@contextmanager
def _pool(workers: int | None, scheduler: str | None) -> Iterator[tuple[Executor, int]]:
    """Open what runs the grading, and say how many it runs at one time."""
    if scheduler:
        from distributed import Client

        with Client(scheduler) as client:
            number = sum(client.nthreads().values())
            try:
                yield client.get_executor(pure=False), max(1, number)
            finally:
                client.run(close_idle)
    else:
        number = workers or os.cpu_count() or 1
        with ThreadPoolExecutor(number) as pool:
            try:
                yield pool, number
            finally:
                close_idle()  # before the threads end, and the sandboxes with them


def _finished(running: dict[Future, dict]) -> Iterator[dict]:
    """Wait for at least one of those that run, and yield the records of those done."""
    done, _ = wait(running, return_when=FIRST_COMPLETED)
    for future in done:
        yield future.result() | running.pop(future)


def _still_holds(
    before: dict | None,
    record: dict | None,
    content: bytes,
    key: AnswerKey,
    sandboxed: bool,
) -> bool:
    """Return whether an earlier record is that of the same submission and key."""
    if before is None or before["score"] is None:
        return False
    return (
        before["sha256"] == (None if record else hashlib.sha256(content).hexdigest())
        and before["answer_key"] == key.fingerprint
        and before["sandbox"] == ("bubblewrap" if sandboxed else "none")
        and (record is None or before["status"] == record["status"])
    )
