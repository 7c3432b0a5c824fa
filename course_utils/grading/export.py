"""Grade sheets for Canvas, Moodle, Gradescope and spreadsheets, made from the results.

Three rules hold in every format. A score that the grader failed to make is left out, it
is never 0. Text that came from a student or from a roster cannot act as a formula or as
markup. An identifier by which a platform finds a student stays as it is, or is refused.
"""

from __future__ import annotations

import csv
import html
import io
import json
import os
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from course_utils.grading.results import STATUSES

FORMATS = ("canvas", "csv", "gradescope", "moodle")

UNSAFE = "graded without the sandbox (--unsafe)"

# Line ends other than \n, control and formatting characters, halves of surrogate pairs.
# The joiners U+200C and U+200D stay: names in Persian and many emoji need them.
_HIDDEN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\xad\u061c\u180e\u200b\u200e\u200f\u2028-\u202e"
    "\u2060-\u206f\ud800-\udfff\ufeff\ufff9-\ufffb\ufffe\uffff\U000e0000-\U000e0fff]"
)
_FORMULA = tuple("=+-@\t\r\uff1d\uff0b\uff0d\uff20")
_CANVAS = ["Student", "ID", "SIS User ID", "SIS Login ID", "Section"]
_CANVAS_KEEPS = (  # Canvas leaves out a column whose title holds one of these
    *("Current Score", "Current Points", "Current Grade"),
    *("Final Score", "Final Points", "Final Grade"),
    *("Override Score", "Override Grade", "Override Status"),
)
_MADE_BY = "course export"


class Student(Protocol):
    """What is needed of a student of the roster: see ``roster.Student``."""

    id: str
    name: str
    fields: dict[str, str]


def export(
    records: Sequence[dict],
    roster: Sequence[Student],
    format: str,
    target: Path,
    *,
    titles: Mapping[str, str] | None = None,
    visibility: str = "after_published",
) -> list[str]:
    """Write the grades of `records` to `target` in one of :data:`FORMATS`.

    Parameters
    ----------
    records : sequence of dict
        As ``results.read_results`` returns them.
    roster : sequence of Student
        May be empty for csv and gradescope, which then take the graded students.
    format : {"canvas", "csv", "gradescope", "moodle"}
        See Notes.
    target : Path
        The file to write; for gradescope the folder of the files ``<student>.json``.
    titles : mapping, optional
        What the platform calls a chapter, ``{"08-backprop": "Backpropagation"}``. By
        default the chapter's own name. For Canvas, ``"Backpropagation (4321)"`` is the
        assignment with that number; without the number, a column of that title in the
        roster is taken, else Canvas makes a new assignment.
    visibility : {"hidden", "after_due_date", "after_published", "visible"}
        When Gradescope shows the results to the student.

    Returns
    -------
    list of str
        What the person who imports the file should know, a sentence each.

    Raises
    ------
    ValueError
        Nobody on the roster was graded; the roster has no column that the format needs;
        an identifier or title would not survive the way to the platform.
    FileExistsError
        `target` is there, and this command did not write it in this format.

    Notes
    -----
    ``csv`` is for people and spreadsheets: UTF-8 with a byte order mark. ``canvas`` and
    ``moodle`` are for the import of those platforms: UTF-8 without one. A score that
    failed for the grader's sake, or that was not graded, is blank; Moodle would read a
    blank in a new column as 0, and gets ``-``, its sign for no grade. ``gradescope``
    files of such a student hold no score at all.
    """
    if format not in FORMATS:
        raise ValueError(f"format must be one of {', '.join(FORMATS)}, got {format!r}")
    grades = _Grades.of(records, titles or {})
    students = _students(grades, roster, format)
    notes = _notes(grades, students, format)
    if format == "gradescope":
        _write_gradescope(grades, students, Path(target), visibility)
        return notes
    make = {"canvas": _canvas_rows, "csv": _csv_rows, "moodle": _moodle_rows}[format]
    rows, more = make(grades, students)
    stream = io.StringIO(newline="")
    csv.writer(stream, lineterminator="\r\n").writerows(rows)
    encoding = "utf-8-sig" if format == "csv" else "utf-8"
    data = stream.getvalue().encode(encoding)
    write_files({Path(target): data}, lambda old: _is_ours(old, format), _MADE_BY)
    return notes + more


# --------------------------------------------------------------------------------------
# Text of others
# --------------------------------------------------------------------------------------


def visible(text: str) -> str:
    r"""Return `text` with control and formatting characters spelled out.

    >>> visible("a\x00b\u202ec")
    'a⟨U+0000⟩b⟨U+202E⟩c'
    """
    text = text.replace("\r\n", "\n")
    return _HIDDEN.sub(lambda match: f"⟨U+{ord(match[0]):04X}⟩", text)


def clip(text: str, limit: int = 2000) -> str:
    """Return the first `limit` characters, and a word on how many there were.

    >>> clip("abcdef", 3)
    'abc … (6 characters in all)'
    """
    if len(text) <= limit:
        return text
    return f"{text[:limit]} … ({len(text):,} characters in all)"


def one_line(text: str, limit: int = 2000) -> str:
    """Return `text` in one line, clipped, with nothing hidden in it."""
    return " ".join(visible(clip(text, limit)).split())


def escape_cell(text: str) -> str:
    """Return `text` as a cell that no spreadsheet takes for a formula.

    >>> escape_cell("=1+1"), escape_cell("-1"), escape_cell("Ada")
    ("'=1+1", "'-1", 'Ada')
    """
    text = one_line(text)
    return f"'{text}" if text.startswith(_FORMULA) else text


def file_name(student: str) -> str:
    """Return `student` if it can be the name of a file, else raise ValueError."""
    if (
        not student
        or student.startswith(".")
        or student != student.strip()
        or re.search(r'[/\\:*?"<>|\t\n]', student)
        or _HIDDEN.search(student)
        or len(student.encode()) > 200
    ):
        raise ValueError(
            f"the student id {one_line(student, 80)!r} cannot be the name of a file: "
            "use "
            'an id without / \\ : * ? " < > | and control characters, that does not '
            "begin with a dot or a space, of at most 200 bytes"
        )
    return student


def number(value: float) -> str:
    """Return a score as text: 2, not 2.0.

    >>> number(2.0), number(0.5)
    ('2', '0.5')
    """
    return f"{value:.10g}"


def is_right(exercise: dict) -> bool:
    """Return whether an exercise of a record earned its points."""
    return exercise["status"] == "ok" and exercise["score"] == exercise["points"]


def explain(exercise: dict) -> str:
    """Return in plain words how an exercise of a record went."""
    if exercise["status"] != "ok":
        return STATUSES[exercise["status"]]
    passed, cases = exercise["passed"], exercise["cases"]
    if is_right(exercise):
        return f"All {cases} cases pass." if cases > 1 else "The case passes."
    return f"{passed} of {cases} cases pass."


# --------------------------------------------------------------------------------------
# The grades, by student and chapter
# --------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Grades:
    chapters: list[str]
    titles: dict[str, str]
    exercises: dict[str, dict[str, float]]  # of a chapter: points by name
    records: dict[tuple[str, str], dict]  # by student and chapter

    @classmethod
    def of(cls, records: Sequence[dict], titles: Mapping[str, str]) -> _Grades:
        if not records:
            raise ValueError("there are no results: run `course grade` first")
        ordered = sorted(records, key=lambda r: (r["chapter"], r["student"]))
        chapters = list(dict.fromkeys(r["chapter"] for r in ordered))
        if unknown := sorted(set(titles) - set(chapters)):
            raise ValueError(
                f"titles are given for {', '.join(unknown)}, and there are results for "
                f"{', '.join(chapters)}"
            )
        exercises: dict[str, dict[str, float]] = {chapter: {} for chapter in chapters}
        for record in ordered:
            for exercise in record["exercises"]:
                points = exercises[record["chapter"]]
                points.setdefault(exercise["name"], exercise["points"])
        return cls(
            chapters,
            {chapter: titles.get(chapter, chapter) for chapter in chapters},
            exercises,
            {(r["student"], r["chapter"]): r for r in ordered},
        )

    def points(self, chapter: str) -> float:
        return max(r["points"] for (_, c), r in self.records.items() if c == chapter)

    def score(self, student: str, chapter: str) -> float | None:
        record = self.records.get((student, chapter))
        return record["score"] if record else None

    def of_student(self, student: str) -> list[dict]:
        found = (self.records.get((student, chapter)) for chapter in self.chapters)
        return [record for record in found if record]

    @property
    def students(self) -> list[str]:
        return sorted({student for student, _ in self.records})


@dataclass(frozen=True)
class _Row:
    id: str
    name: str
    fields: dict[str, str]
    enrolled: bool


def _students(grades: _Grades, roster: Sequence[Student], format: str) -> list[_Row]:
    """Return whom the sheet is about: the roster, then whoever else was graded."""
    enrolled = [_Row(s.id, s.name, s.fields, True) for s in roster]
    others = sorted(set(grades.students) - {row.id for row in enrolled})
    if len(others) == len(grades.students) and (enrolled or format in _PLATFORMS):
        raise ValueError(
            "no student of the roster was graded. The results are about "
            f"{_some(grades.students)}; the roster has "
            f"{_some([row.id for row in enrolled]) or 'nobody'}. Use the roster with "
            "which the submissions were collected"
        )
    if format in _PLATFORMS:
        return enrolled
    return enrolled + [_Row(student, "", {}, False) for student in others]


_PLATFORMS = ("canvas", "moodle")


def _some(names: Sequence[str], most: int = 5) -> str:
    shown = ", ".join(one_line(name, 80) for name in names[:most])
    return shown if len(names) <= most else f"{shown} and {len(names) - most} more"


def _notes(grades: _Grades, students: list[_Row], format: str) -> list[str]:
    """Return what the person who imports the grades should know."""
    notes = []
    ids = {row.id for row in students}
    about = [
        record for (student, _), record in grades.records.items() if student in ids
    ]
    if failed := sorted({r["student"] for r in about if r["score"] is None}):
        notes.append(
            f"No score for {_some(failed)}: the grading failed, not their code. Grade "
            "again with `course grade ... --regrade ID`, then export again."
        )
    absent = [row.id for row in students if not grades.of_student(row.id)]
    if absent:
        notes.append(
            f"{_some(absent)}: on the roster, but not graded, and so left blank. Grade "
            "the folder that `course collect` made, which has a folder for everyone."
        )
    if left := sorted(
        set(grades.students) - {row.id for row in students if row.enrolled}
    ):
        where = "left out" if format in _PLATFORMS else "included"
        notes.append(f"{_some(left)}: graded, but not on the roster, and {where}.")
    if unsafe := sorted({r["student"] for r in about if r["sandbox"] == "none"}):
        nowhere = ", which Canvas has no column for" if format == "canvas" else ""
        notes.append(f"{_some(unsafe)}: {UNSAFE}{nowhere}.")
    return notes


# --------------------------------------------------------------------------------------
# A sheet for people
# --------------------------------------------------------------------------------------


def _csv_rows(grades: _Grades, students: list[_Row]) -> tuple[list[list], list[str]]:
    header = ["student", "name"]
    for chapter in grades.chapters:
        title = grades.titles[chapter]
        header += [f"{title}: {name}" for name in grades.exercises[chapter]]
        header += [title, f"{title}: status"]
    rows = [[*map(escape_cell, header), "total", "sandbox"]]
    for student in students:
        row = [escape_cell(student.id), escape_cell(student.name)]
        for chapter in grades.chapters:
            record = grades.records.get((student.id, chapter))
            row += _exercise_scores(record, grades.exercises[chapter])
            row += [_cell(record and record["score"]), escape_cell(_status(record))]
        scores = [grades.score(student.id, chapter) for chapter in grades.chapters]
        total = None if None in scores else sum(scores)
        used = sorted({r["sandbox"] for r in grades.of_student(student.id)})
        named = ["none (--unsafe)" if name == "none" else name for name in used]
        rows.append([*row, _cell(total), escape_cell(", ".join(named))])
    return rows, []


def _cell(score: float | None, blank: str = "") -> str:
    return blank if score is None else number(score)


def _exercise_scores(record: dict | None, names: Iterable[str]) -> list[str]:
    """Return a cell for each exercise; what the record does not list earned 0."""
    names = list(names)
    if record is None:
        return [""] * len(names)
    scores = {exercise["name"]: exercise["score"] for exercise in record["exercises"]}
    otherwise = None if record["status"] == "infra_error" else 0
    return [_cell(scores.get(name, otherwise)) for name in names]


def _status(record: dict | None) -> str:
    """Return the status of a chapter, and of its exercises where they differ."""
    if record is None:
        return "not graded"
    by_status: dict[str, list[str]] = {}
    for exercise in record["exercises"]:
        if exercise["status"] not in ("ok", record["status"]):
            by_status.setdefault(exercise["status"], []).append(exercise["name"])
    parts = [f"{status}: {', '.join(names)}" for status, names in by_status.items()]
    return "; ".join([record["status"], *parts])


# --------------------------------------------------------------------------------------
# Canvas and Moodle
# --------------------------------------------------------------------------------------


def _column(fields: Mapping[str, str], *names: str) -> str | None:
    """Return the roster's own name of a column, whatever its case and spaces."""
    known = {re.sub(r"[\s_]+", "", key).casefold(): key for key in fields}
    for name in names:
        if (key := known.get(re.sub(r"[\s_]+", "", name).casefold())) is not None:
            return key
    return None


def _identifier(value: str, column: str, student: str) -> str:
    """Return what the platform finds a student by, which must stay as it is."""
    if value.startswith(_FORMULA) or _HIDDEN.search(value) or value != one_line(value):
        raise ValueError(
            f"{one_line(student, 80)}: the roster's {column} {one_line(value, 80)!r} "
            "begins with one of = + - @, or holds a line break or a control character. "
            "A spreadsheet could take it for a formula, and escaped it would not be "
            "found again. Change it in the roster, or take this student's row out and "
            "enter the grade by hand"
        )
    return value


def _titles(grades: _Grades, titles: dict[str, str]) -> list[str]:
    """Return the columns' titles, which must be different and survive as they are."""
    for chapter, title in titles.items():
        if not title or title != escape_cell(title):
            raise ValueError(
                f"{chapter}: the title {one_line(title, 80)!r} must be one line of "
                "text that does not begin with one of = + - @"
            )
    columns = [titles[chapter] for chapter in grades.chapters]
    if len(set(columns)) < len(columns):
        raise ValueError(
            f"the chapters need different titles, got {', '.join(columns)}"
        )
    return columns


def _canvas_rows(grades: _Grades, students: list[_Row]) -> tuple[list[list], list[str]]:
    """Return the rows that Canvas' gradebook import takes.

    The first columns have to be these, in this order; which of the three identifiers
    are filled does not matter. A row whose first cell says Points Possible is not a
    student.
    A title that ends in a number in brackets is the assignment with that number.
    """
    fields = students[0].fields
    columns = {name: _column(fields, name) for name in _CANVAS}
    identifiers = [name for name in _CANVAS[1:4] if columns[name]]
    if not identifiers:
        raise ValueError(
            "Canvas finds students by ID, SIS User ID or SIS Login ID, and the roster "
            f"has the columns {_some(list(fields), 20)}. Export the gradebook from "
            "Canvas and use that file as the roster"
        )
    titles = {c: _canvas_title(grades.titles[c], fields) for c in grades.chapters}
    header = _titles(grades, titles)
    points = [number(grades.points(chapter)) for chapter in grades.chapters]
    rows = [[*_CANVAS, *header], ["Points Possible", "", "", "", "", *points]]
    for student in students:
        values = {name: student.fields.get(columns[name] or "", "") for name in _CANVAS}
        found = [_identifier(values[name], name, student.id) for name in _CANVAS[1:4]]
        if not any(found):
            raise ValueError(
                f"{student.id}: the roster has no {' and no '.join(identifiers)} for "
                "this student, by which Canvas could find them"
            )
        name = escape_cell(values["Student"] or student.name)
        scores = [_cell(grades.score(student.id, c)) for c in grades.chapters]
        rows.append([name, *found, escape_cell(values["Section"]), *scores])
    new = [t for t in header if t not in fields and not re.search(r"\s\(\d+\)$", t)]
    notes = [
        "A blank clears a score that Canvas already has. Its import shows every change "
        "before it makes it."
    ]
    if new:
        notes.append(
            f"Canvas will make and publish a new assignment for {_some(new)}, unless "
            "it has one of that title."
        )
    return rows, notes


def _canvas_title(title: str, fields: Mapping[str, str]) -> str:
    """Return the header of a chapter's column, the existing one where there is one."""
    if word := next((word for word in _CANVAS_KEEPS if word in title), None):
        raise ValueError(
            f"Canvas passes over a column with {word!r} in its title, as in {title!r}: "
            "give the chapter another title"
        )
    if title in _CANVAS or title in ("Integration ID", "Root Account"):
        raise ValueError(
            f"Canvas keeps the title {title!r} for itself: give another one"
        )
    found = [
        column
        for column in fields
        if column == title or re.sub(r"\s\(\d+\)$", "", column) == title
    ]
    if len(found) > 1:
        raise ValueError(
            f"Canvas has {len(found)} assignments with the title {title!r}: give the "
            f"title with its number, one of {', '.join(found)}"
        )
    return found[0] if found else title


_MOODLE = (("ID number", "idnumber"), ("Email address", "email"), ("Username",))


def _moodle_rows(grades: _Grades, students: list[_Row]) -> tuple[list[list], list[str]]:
    """Return the rows that Moodle's grade import takes: no breaks, no blank grade."""
    titles = _titles(grades, grades.titles)
    name, identifiers = _moodle_identifiers(students)
    header = [name]
    for title in titles:
        header += [title, f"{title} (Feedback)"]
    rows = [header]
    for student, identifier in zip(students, identifiers):
        row = [identifier]
        for chapter in grades.chapters:
            record = grades.records.get((student.id, chapter))
            row += [_cell(record and record["score"], "-"), _moodle_feedback(record)]
        rows.append(row)
    notes = [
        f"In Moodle's import, map {name} to the same field of the user, and each "
        "chapter to a grade item with the right maximum: an item that the import makes "
        "has a maximum of 100."
    ]
    return rows, notes


def _moodle_identifiers(students: list[_Row]) -> tuple[str, list[str]]:
    """Return the first column that tells all students apart, and its values.

    Moodle passes over an identifier that is empty or 0, and then gives that row's
    grades to the student of the row before, so that none may be empty.
    """
    fields, reasons = students[0].fields, []
    for names in _MOODLE:
        if (column := _column(fields, *names)) is None:
            continue
        values = [student.fields.get(column, "").strip() for student in students]
        empty = [s.id for s, value in zip(students, values) if value in ("", "0")]
        if empty:
            reasons.append(f"{column} is empty for {_some(empty)}")
        elif len(set(values)) < len(values):
            twice = sorted({value for value in values if values.count(value) > 1})
            reasons.append(f"{column} is not unique ({_some(twice)})")
        else:
            return names[0], [
                _identifier(value, column, s.id) for s, value in zip(students, values)
            ]
    why = "; ".join(reasons) or f"it has the columns {_some(list(fields), 20)}"
    raise ValueError(
        "Moodle finds students by ID number, Email address or Username, and the roster "
        f"has none of them for everybody: {why}. Export the grades or the participants "
        "from Moodle and use that file as the roster"
    )


def _moodle_feedback(record: dict | None) -> str:
    """Return the feedback of a chapter in one line. Moodle shows it as HTML."""
    if record is None:
        return ""
    parts = [f"This was {UNSAFE}."] if record["sandbox"] == "none" else []
    if record["status"] == "missing":
        parts.append("Nothing was handed in.")
    elif record["status"] == "infra_error":
        parts.append(STATUSES["infra_error"])
    elif record["status"] == "unreadable":
        parts.append(f"The notebook could not be read. {record['note'] or ''}")
    else:
        parts += [_in_one_sentence(exercise) for exercise in record["exercises"]]
    return html.escape(escape_cell(" | ".join(parts)), quote=False)


def _in_one_sentence(exercise: dict) -> str:
    score = "no score" if exercise["score"] is None else number(exercise["score"])
    text = [f"{exercise['name']}: {score} of {number(exercise['points'])}."]
    if not is_right(exercise):
        text.append(explain(exercise))
        text += [t for t in (exercise["problem"], exercise["hint"]) if t]
    return one_line(" ".join(text), 1000)


# --------------------------------------------------------------------------------------
# Gradescope
# --------------------------------------------------------------------------------------


def _write_gradescope(
    grades: _Grades, students: list[_Row], target: Path, visibility: str
) -> None:
    accepted = ("hidden", "after_due_date", "after_published", "visible")
    if visibility not in accepted:
        raise ValueError(
            f"visibility must be one of {', '.join(accepted)}, got {visibility!r}"
        )
    files = {}
    for student in students:
        if records := grades.of_student(student.id):
            data = _gradescope(records, grades, visibility)
            text = json.dumps(data, indent=1) + "\n"
            files[target / f"{file_name(student.id)}.json"] = text.encode()
    write_files(files, lambda old: _is_ours(old, "gradescope"), _MADE_BY)


def _gradescope(records: list[dict], grades: _Grades, visibility: str) -> dict:
    """Return a student's ``results.json``.

    Gradescope takes a score of the whole, or one of each test. Where one is not known,
    none is given: the sum of the others would pass for the student's score.
    """
    scores = [record["score"] for record in records]
    known = None not in scores
    lines = [f"{grades.titles[r['chapter']]}: {_chapter_line(r)}" for r in records]
    result: dict = {"score": sum(scores)} if known else {}
    return result | {
        "max_score": sum(record["points"] for record in records),
        "output": "\n".join(one_line(line) for line in lines),
        "output_format": "text",
        "test_output_format": "text",
        "test_name_format": "text",
        "visibility": visibility,
        "tests": [
            _gradescope_test(exercise, grades.titles[record["chapter"]], known)
            for record in records
            for exercise in record["exercises"]
        ],
        "extra_data": {
            "made_by": _MADE_BY,
            "sandbox": sorted({record["sandbox"] for record in records}),
        },
    }


def _chapter_line(record: dict) -> str:
    said = {
        "ok": "",
        "missing": "Nothing was handed in. ",
        "unreadable": "The notebook could not be read. ",
        "infra_error": STATUSES["infra_error"] + " ",
    }[record["status"]]
    score = "no score" if record["score"] is None else number(record["score"])
    unsafe = f", {UNSAFE}" if record["sandbox"] == "none" else ""
    note = f" {record['note']}" if record["note"] else ""
    return f"{said}{score} of {number(record['points'])} points{unsafe}.{note}"


def _gradescope_test(exercise: dict, title: str, known: bool) -> dict:
    lines = [explain(exercise)]
    if not is_right(exercise):
        lines += [said] if (said := exercise["problem"]) else []
        lines += [f"given: {name} = {value}" for name, value in exercise["given"] or []]
        lines += [f"came: {exercise['came']}"] if exercise["came"] else []
        lines += [f"hint: {exercise['hint']}"] if exercise["hint"] else []
    test = {
        "name": one_line(f"{title}: {exercise['name']}"),
        "max_score": exercise["points"],
        "output": "\n".join(visible(clip(line)) for line in lines),
    }
    if known:
        test["score"] = exercise["score"]
        test["status"] = "passed" if is_right(exercise) else "failed"
    return test


# --------------------------------------------------------------------------------------
# Files
# --------------------------------------------------------------------------------------


def write_files(
    files: Mapping[Path, bytes], is_ours: Callable[[bytes], bool], command: str
) -> None:
    """Write `files`, each whole or not at all, and none if one would be lost by it.

    Parameters
    ----------
    files : mapping
        What to write, by path.
    is_ours : callable
        Whether the content of a file that is there was written by `command`.
    command : str
        The name of the command, for the message.

    Raises
    ------
    FileExistsError
        One of the paths is a folder, or a file that `command` did not write.
    """
    seen: dict[str, Path] = {}
    for path in files:
        if (other := seen.setdefault(path.name.casefold(), path)) != path:
            raise ValueError(
                f"{other.name} and {path.name} are the same file on some systems: "
                "change one of the two ids"
            )
        if path.is_dir() or (path.exists() and not is_ours(path.read_bytes())):
            raise FileExistsError(
                f"{path} is there already, and `{command}` did not write it in this "
                "format: choose another name, or move it away"
            )
    for path, data in files.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        unfinished = path.with_name(f".{path.name}.part")
        try:
            unfinished.write_bytes(data)
            os.replace(unfinished, path)
        finally:
            unfinished.unlink(missing_ok=True)


def _is_ours(data: bytes, format: str) -> bool:
    """Return whether a file is as this command writes it, and no platform does."""
    text = data.decode("utf-8-sig", errors="replace")
    if format == "gradescope":
        try:
            return json.loads(text)["extra_data"]["made_by"] == _MADE_BY
        except (ValueError, KeyError, TypeError, RecursionError):
            return False
    try:
        rows = [*csv.reader(io.StringIO(text, newline="")), [], []][:2]
    except csv.Error:
        return False
    header = rows[0]
    if format == "csv":
        return header[:2] == ["student", "name"] and header[-1] == "sandbox"
    if format == "canvas":  # the export of Canvas has spaces before these words
        return header[:5] == _CANVAS and rows[1][:1] == ["Points Possible"]
    feedback = [f"{title} (Feedback)" for title in header[1::2]]
    return len(header) > 2 and header[2::2] == feedback
