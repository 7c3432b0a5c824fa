"""Whose a file is: the names of a download, matched to the roster.

Canvas names the files of a download
``<sortable name>[_LATE]_<user id>_<file id>_<file name>``, Moodle
``<full name>_<participant>_assignsubmission_file/<file name>``, with ``_`` in place of
``/`` where it is asked for a download without folders. Elsewhere a folder, or the
beginning of a file's name, is a student's id or name.
"""

from __future__ import annotations

import re
import unicodedata
from typing import NamedTuple

from course_utils.grading.entries import Entry, Refused
from course_utils.grading.roster import Student

MOODLE = re.compile(
    r"(?P<name>[^_]*)_(?P<participant>\d+)_assignsubmission_[a-z]+(_(?P<file>.*))?"
)
CANVAS = re.compile(r"(?P<name>.+?)(_LATE)?_(?P<user>\d+)_(?P<file>\d+)_(?P<rest>.+)")
CANVAS_ANONYMOUS = re.compile(r"(LATE_)?anon_\w+?_\d+_.+")
RESUBMITTED = re.compile(r"(?P<first>.+)-(?P<time>\d{1,3})(?P<suffix>\.\w+)")


class Candidate(NamedTuple):
    """A notebook, or a zip, of a student: the greatest `rank` wins among equal names.

    `first` is what the name was before Canvas numbered it, or nothing.
    """

    entry: Entry
    name: str
    rank: tuple[int, int, int]  # Canvas' file id and number, and how near to the top
    first: str = ""


class Matcher:
    """Finds the student to whom a file belongs."""

    def __init__(self, roster: list[Student]) -> None:
        self.by_id: dict[str, set[Student]] = {}
        self.by_name: dict[str, set[Student]] = {}
        self.by_user: dict[str, set[Student]] = {}
        self.by_participant: dict[str, set[Student]] = {}
        for student in roster:
            self.by_id.setdefault(student.id.casefold(), set()).add(student)
            for name in _name_keys(student.name):
                self.by_name.setdefault(name, set()).add(student)
            if user := _canvas_id(student):
                self.by_user.setdefault(user, set()).add(student)
            if participant := student.get("identifier").rpartition(" ")[2]:
                self.by_participant.setdefault(participant, set()).add(student)

    def candidate(self, entry: Entry) -> tuple[Student, Candidate]:
        """Return the student, and the file with its own name."""
        head, *inside = entry.parts
        name, rank = entry.parts[-1], (0, 0, -len(inside))
        moodle, canvas = MOODLE.fullmatch(head), CANVAS.fullmatch(head)
        if moodle and (inside or moodle["file"]):
            hits = self.by_participant.get(moodle["participant"])
            student = _one(hits or self._named(moodle["name"]), moodle["name"])
            return student, Candidate(entry, name if inside else moodle["file"], rank)
        if inside:
            hits = self.by_id.get(head.casefold()) or self._named(head)
            return _one(hits, head), Candidate(entry, name, rank)
        if CANVAS_ANONYMOUS.fullmatch(head):
            raise Refused("anonymous: download again with the students' names shown")
        if not canvas:
            student = self._beginning(head.rpartition(".")[0])
            return student, Candidate(entry, head, rank)
        name, numbered = canvas["rest"], RESUBMITTED.fullmatch(canvas["rest"])
        rank = (int(canvas["file"]), int(numbered["time"]) if numbered else 0, 0)
        first = numbered["first"] + numbered["suffix"] if numbered else ""
        return self._of_canvas(canvas), Candidate(entry, name, rank, first)

    def is_head(self, name: str) -> bool:
        """Whether a folder `name` is a student's, or of Moodle's."""
        known = name.casefold() in self.by_id or self._named(name)
        return bool(known) or MOODLE.fullmatch(name) is not None

    def _named(self, name: str) -> set[Student]:
        return self.by_name.get(_key(name), set())

    def _of_canvas(self, match: re.Match) -> Student:
        """Return the student of a file of Canvas: by the user's id, else by name.

        A name can be chosen such that it, or the end, reads as another user's id.
        """
        named = {s for s in self._named(match["name"]) if not _canvas_id(s)}
        hits = self.by_user.get(match["user"], named)
        users = re.findall(r"(?=_(\d+)_\d+_)", match[0])
        others = [self.by_user.get(user, set()) for user in users]
        return _one(hits and hits.union(*others), f"{match['name']}_{match['user']}")

    def _beginning(self, stem: str) -> Student:
        """Return the student whose id or name is `stem`, or its beginning."""
        ends = [match.start() for match in re.finditer("[-_ ]", stem)]
        for known, key in ((self.by_id, str.casefold), (self.by_name, _key)):
            shorter = (known.get(key(stem[:end]), set()) for end in ends)
            if hits := known.get(key(stem)) or set().union(*shorter):
                return _one(hits, stem)
        return _one(set(), stem)


def _one(hits: set[Student], name: str) -> Student:
    if len(hits) == 1:
        return next(iter(hits))
    if not hits:
        raise Refused(f"no student of the roster is {name!r}")
    ids = ", ".join(sorted(student.id for student in hits))
    raise Refused(f"{name!r} fits more than one student of the roster: {ids}")


def _canvas_id(student: Student) -> str:
    """Return the user id, of a roster that comes from Canvas."""
    titles = {title.strip().casefold() for title in student.fields}
    of_canvas = titles & {"sis login id", "sis user id", "section"}
    return student.get("id") if of_canvas else ""


def _key(name: str) -> str:
    """Return what the platforms leave of a name: letters and digits, in lower case."""
    return "".join(filter(str.isalnum, file_key(name)))


def file_key(name: str) -> str:
    """Return a name as file systems that ignore case and normalisation see it."""
    name = unicodedata.normalize("NFD", name).casefold()
    return unicodedata.normalize("NFC", name)


def _name_keys(name: str) -> set[str]:
    """Return the keys of a name, from each word on: adaking and kingada."""
    words = name.split()
    turned = (words[i:] + words[:i] for i in range(len(words)))
    return set(filter(None, (_key("".join(names)) for names in turned)))
