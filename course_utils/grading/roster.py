"""The roster: who takes the course, read from a CSV file.

Three kinds of file are read: a plain one with the columns ``student,name,email``, the
export of a Canvas gradebook, and an export of Moodle (participants, grades, or the
grading worksheet of an assignment).

The id of a student names their folder, and one column gives it: the first of
``ID_COLUMNS``, in any letter case, that is not empty in every row. ``student`` counts
only where there is no ``ID``: Canvas has both, and writes the name in the former.
"""

from __future__ import annotations

import csv
import io
import re
from dataclasses import dataclass, field
from pathlib import Path

ID_COLUMNS = ("student", "id", "student id", "id number", "username", "email address")
ID_COLUMNS += ("sis login id", "email")
FIRST_NAMES = ("first name", "firstname")
LAST_NAMES = ("last name", "lastname", "surname")

# Windows takes these for devices, whatever follows the first dot.
DEVICES = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\..*)?", re.IGNORECASE)


@dataclass(frozen=True)
class Student:
    """A person who takes the course.

    Attributes
    ----------
    id : str
        Unique in the roster, whatever the letter case; the student's folder has it.
    name : str
        First names first; the id where the roster has no name.
    fields : dict of str to str
        The row of the roster as it was read, by the column's title.
    """

    id: str
    name: str
    fields: dict[str, str] = field(default_factory=dict, hash=False)

    def get(self, *titles: str) -> str:
        """Return the first cell with content under `titles`, in any case, or ``""``."""
        cells = {title.strip().casefold(): cell for title, cell in self.fields.items()}
        found = (cells.get(title.casefold(), "").strip() for title in titles)
        return next(filter(None, found), "")


def read_roster(path: Path) -> list[Student]:
    """Return the students of the CSV file `path`, in its order.

    Canvas' rows "Points Possible" and "Student, Test" are no students and are left out.

    Raises
    ------
    ValueError
        If a line is not as expected; the message says which, and what to change.
    """
    rows = [(line, row) for line, row in _rows(path) if not _of_canvas(row)]
    if not rows:
        raise ValueError(f"{path}: no student found, expected one a line from line 2")
    column = _id_column(path, [row for _, row in rows])
    lines: dict[str, int] = {}
    students = []
    for line, row in rows:
        student_id = row.get(column)
        problem = id_problem(student_id)
        first = lines.setdefault(student_id.casefold(), line)
        if not problem and first != line:
            problem = f"is the one of line {first} too: each student needs their own"
        if problem:
            raise ValueError(f"{path}, line {line}: {column} {student_id!r} {problem}")
        students.append(Student(student_id, _name(row) or student_id, row.fields))
    return students


def id_problem(student_id: str) -> str | None:
    """Return why `student_id` cannot be a folder's name, or None where it can.

    >>> id_problem("ada.lovelace@example.org") is None
    True
    """
    if not student_id:
        return "is empty: each student needs an id"
    allowed = re.fullmatch(r"\w[\w.@+-]{0,63}", student_id, re.ASCII)
    if allowed and student_id[-1] != "." and not DEVICES.fullmatch(student_id):
        return None
    return (
        "cannot name a folder: change it to at most 64 of a to z, digits, . _ @ + and "
        "-, with a letter, digit or _ first, no dot last, and not con, nul or the like"
    )


def _rows(path: Path) -> list[tuple[int, Student]]:
    """Return the lines that are not blank: the number, and the cells by title."""
    text = _text(path)
    first = text.partition("\n")[0]
    delimiter = max(",;\t", key=first.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    rows = []
    try:
        titles = next(reader, [])
        for cells in filter(any, reader):
            if any(cells[len(titles) :]):
                raise csv.Error(
                    f"{len(cells)} cells, expected {len(titles)} as in line 1: put "
                    f"quotes round a cell that holds {delimiter!r}"
                )
            cells += [""] * (len(titles) - len(cells))
            rows.append((reader.line_num, Student("", "", dict(zip(titles, cells)))))
    except csv.Error as error:
        raise ValueError(f"{path}, line {reader.line_num}: {error}") from None
    return rows


def _text(path: Path) -> str:
    data = Path(path).read_bytes()
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise ValueError(
            f"{path}, line {line}: this is not UTF-8 text. Save the table as CSV in "
            "UTF-8 (in Excel: Save As, CSV UTF-8)"
        ) from None


def _of_canvas(row: Student) -> bool:
    """Whether this is a row that Canvas adds to those of the students."""
    if "ID" not in row.fields:
        return False
    name = row.get("student") or f"{row.get(*LAST_NAMES)}, {row.get(*FIRST_NAMES)}"
    heading = name in ("Points Possible", "Points Possible, ", ", ")
    return name == "Student, Test" or (heading and not row.get("id"))


def _id_column(path: Path, rows: list[Student]) -> str:
    titles = [title.strip().casefold() for title in rows[0].fields]
    for column in ID_COLUMNS:
        is_name = column == "student" and "id" in titles
        if not is_name and any(row.get(column) for row in rows):
            return column
    raise ValueError(
        f"{path}, line 1: no column with the students' ids. Expected one of "
        f"{', '.join(ID_COLUMNS)}; found {', '.join(filter(None, titles))}"
    )


def _name(row: Student) -> str:
    """Return the name, first names first."""
    name = row.get("name", "full name")
    name = name or f"{row.get(*FIRST_NAMES)} {row.get(*LAST_NAMES)}".strip()
    if not name and row.get("id"):
        last, _, first = row.get("student").partition(",")
        name = f"{first} {last}"
    return " ".join(name.split())
