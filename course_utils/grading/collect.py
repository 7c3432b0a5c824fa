"""Collect submissions: a download becomes ``<target>/<student id>/<name>.ipynb``.

What was handed in is not trusted. The platform's part of a name, or the folder, says
whose a file is: see :mod:`course_utils.grading.matching`. The last part of its path is
the notebook's name, and no other part is used. What cannot be taken is refused by its
name, and the rest is taken.
"""

from __future__ import annotations

import contextlib
import errno
import io
import os
import re
import tempfile
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from course_utils.grading.entries import (
    Entry,
    Limits,
    Reader,
    Refused,
    entries_of,
    of_zip,
    open_zip,
)
from course_utils.grading.matching import Candidate, Matcher, file_key
from course_utils.grading.roster import DEVICES, Student, id_problem

CHAPTER = re.compile(r"\d\d-\D.*")


class Taken(NamedTuple):
    """A notebook that was taken; `change` is ``new``, ``replaced`` or ``unchanged``."""

    student: str
    source: str
    file: str
    change: str


class NotTaken(NamedTuple):
    """A file that was not taken, and why."""

    source: str
    reason: str


@dataclass
class Collected:
    """What became of a download.

    Attributes
    ----------
    taken : list of Taken
        The notebooks that are in the target now; `file` is relative to it.
    refused : list of NotTaken
        What could not be taken and needs a look.
    left_out : list of NotTaken
        What is no notebook, and what a later version of itself replaces.
    missing : list of str
        The ids of the students of whom no notebook was taken.
    """

    taken: list[Taken] = field(default_factory=list)
    refused: list[NotTaken] = field(default_factory=list)
    left_out: list[NotTaken] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)

    def describe(self) -> str:
        """Return the text for the command line."""
        changes = [taken.change for taken in self.taken]
        counts = ", ".join(f"{changes.count(c)} {c}" for c in sorted({*changes}))
        students = len({taken.student for taken in self.taken})
        lines = [
            f"{len(changes)} notebooks taken"
            + (f" ({counts})" if counts else "")
            + f", from {students} of {students + len(self.missing)} students."
        ]
        replaced = [t for t in self.taken if t.change == "replaced"]
        lists = {
            "Replaced": [f"{taken.file}, by {taken.source}" for taken in replaced],
            "Refused": [f"{source}: {reason}" for source, reason in self.refused],
            "Left out": [f"{source}: {reason}" for source, reason in self.left_out],
            "No notebook from": self.missing,
        }
        for title, items in lists.items():
            if items:
                lines.append(f"{title} ({len(items)}):")
                lines += [f"  {_plain(item)}" for item in items]
        return "\n".join(lines)


def collect(
    source: Path, roster: list[Student], target: Path, *, limits: Limits | None = None
) -> Collected:
    """Take the notebooks of `source` into `target`, in a folder for each student.

    Parameters
    ----------
    source : Path
        A download of Canvas or Moodle as it came or unpacked; or a folder or zip with
        folders, or files, that have the students' ids or names.
    roster : list of Student
        Who hands in. Nothing of anybody else is taken.
    target : Path
        Gets a folder for each student. A notebook that is there already is replaced
        when one of that name comes again; all others stay.
    limits : Limits, optional
        How much to read.

    Raises
    ------
    ValueError
        If `source` is neither a folder nor a zip that can be read, or holds `target`,
        or if nothing in it is of a student of the roster.
    """
    source, target = Path(source), Path(target)
    for student in roster:
        if problem := id_problem(student.id):
            raise ValueError(f"the student id {student.id!r} {problem}")
    if source.resolve() in [target.resolve(), *target.resolve().parents]:
        raise ValueError(f"{target} lies in {source}: collect into a folder outside it")
    run = _Run(target, Matcher(roster), Reader(limits or Limits()))
    with entries_of(source) as entries:
        shares = run.share_out(entries)
        if not shares and run.collected.refused:
            first = run.collected.refused[0]
            raise ValueError(
                f"nothing in {source} is of a student of the roster, which has "
                f"{', '.join(student.id for student in roster[:3])} ... The first of "
                f"{len(run.collected.refused)} that were refused: {first.source}: "
                f"{first.reason}"
            )
        for student in roster:
            run.take(student, shares.get(student.id, []))
    found = {taken.student for taken in run.collected.taken}
    run.collected.missing = [s.id for s in roster if s.id not in found]
    return run.collected


@dataclass
class _Run:
    """One call of :func:`collect`."""

    target: Path
    matcher: Matcher
    reader: Reader
    collected: Collected = field(default_factory=Collected)

    def refuse(self, entry: Entry, reason: object) -> None:
        self.collected.refused.append(NotTaken(entry.source, str(reason)))

    def leave_out(self, entry: Entry, reason: str) -> None:
        self.collected.left_out.append(NotTaken(entry.source, reason))

    def share_out(self, entries: list[Entry]) -> dict[str, list[Candidate]]:
        """Return the notebooks and zips of each student, by id."""
        shares: dict[str, list[Candidate]] = {}
        safe = list(self._without_problem(entries))
        # A folder round everything comes from unpacking and zipping again.
        tops = {entry.parts[0] for entry in safe if entry.parts[1:]}
        flat = any(len(entry.parts) == 1 for entry in safe)
        if len(tops) == 1 and not flat and not self.matcher.is_head(*tops):
            for entry in safe:
                entry.within, entry.parts = f"{entry.parts[0]}/", entry.parts[1:]
        for entry in self._of_use(safe):
            try:
                student, candidate = self.matcher.candidate(entry)
            except Refused as reason:
                self.refuse(entry, reason)
            else:
                shares.setdefault(student.id, []).append(candidate)
        return shares

    def _without_problem(self, entries: Iterable[Entry]) -> Iterator[Entry]:
        for entry in entries:
            if entry.problem:
                self.refuse(entry, entry.problem)
            else:
                yield entry

    def _of_use(self, entries: Iterable[Entry]) -> Iterator[Entry]:
        for entry in entries:
            if entry.has_suffix(".ipynb", ".zip"):
                yield entry
            else:
                self.leave_out(entry, "not a notebook")

    def take(self, student: Student, share: list[Candidate]) -> None:
        """Write the notebooks of one student."""
        folder = self.target / student.id
        if folder.is_symlink() or (folder.exists() and not folder.is_dir()):
            for candidate in share:
                self.refuse(candidate.entry, f"{folder} is a link, or not a folder")
            return
        folder.mkdir(parents=True, exist_ok=True)
        there = {file_key(path.name): path for path in sorted(folder.iterdir())}
        self.reader.next_student()
        with contextlib.ExitStack() as zips:
            notebooks = list(self._notebooks(share, zips))
            for candidate in self._chosen(_renamed(notebooks, set(there))):
                path = there.get(file_key(candidate.name), folder / candidate.name)
                try:
                    change = self._write(candidate.entry, path)
                except Refused as reason:
                    self.refuse(candidate.entry, reason)
                    continue
                file = f"{student.id}/{path.name}"
                taken = Taken(student.id, candidate.entry.source, file, change)
                self.collected.taken.append(taken)

    def _notebooks(
        self, share: list[Candidate], zips: contextlib.ExitStack
    ) -> Iterator[Candidate]:
        """Yield the notebooks of `share`, and those in its zips."""
        for candidate in share:
            if candidate.entry.has_suffix(".ipynb"):
                yield candidate
                continue
            try:
                inside = self._unzipped(candidate.entry, zips)
            except Refused as reason:
                self.refuse(candidate.entry, reason)
                continue
            file_id, number, depth = candidate.rank
            for entry in self._of_use(self._without_problem(inside)):
                if entry.has_suffix(".zip"):
                    self.refuse(entry, "a zip within a zip: unpack it by hand")
                    continue
                rank = (file_id, number, depth - len(entry.parts))
                yield Candidate(entry, entry.parts[-1], rank)

    def _unzipped(self, entry: Entry, zips: contextlib.ExitStack) -> list[Entry]:
        limits = self.reader.limits
        data = self.reader.read(entry, limits.student)
        if data.count(b"PK\x01\x02") > limits.files:
            raise Refused(f"holds more than {limits.files} files")
        archive = zips.enter_context(open_zip(io.BytesIO(data)))
        return of_zip(archive, f"{entry.source}/")

    def _chosen(self, notebooks: list[Candidate]) -> Iterator[Candidate]:
        """Yield one notebook of each name."""
        names: dict[str, list[Candidate]] = {}
        for notebook in notebooks:
            names.setdefault(file_key(notebook.name), []).append(notebook)
        for same in names.values():
            best, *others = sorted(same, key=lambda one: one.rank, reverse=True)
            if any(other.rank == best.rank for other in others):
                reason = "letter case and the form of accents do not count"
                for one in same:
                    self.refuse(one.entry, f"{len(same)} files of one name ({reason})")
                continue
            for other in others:
                if other.rank[:2] != best.rank[:2]:
                    self.leave_out(other.entry, f"{best.entry.source} is later")
                else:
                    self.refuse(other.entry, f"{best.entry.source} has this name too")
            yield best

    def _write(self, entry: Entry, path: Path) -> str:
        """Write the bytes of `entry` whole or not at all, and return the change."""
        if DEVICES.fullmatch(path.name) or (path.is_dir() and not path.is_symlink()):
            raise Refused(f"{path.name} cannot be the name of a file here")
        data = self.reader.read(entry, self.reader.limits.notebook)
        there = os.path.lexists(path)
        if there and not path.is_symlink() and path.read_bytes() == data:
            return "unchanged"
        handle, temporary = tempfile.mkstemp(prefix=".collect-", dir=self.target)
        try:
            with open(handle, "wb") as stream:
                stream.write(data)
            os.chmod(temporary, 0o644)
            os.replace(temporary, path)
        except OSError as error:
            if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EROFS):
                raise
            raise Refused(f"cannot be written ({error.strerror})") from None
        finally:
            Path(temporary).unlink(missing_ok=True)
        return "replaced" if there else "new"


def _renamed(notebooks: list[Candidate], there: set[str]) -> list[Candidate]:
    """Return the notebooks without Canvas' ``-1``, ``-2`` in their names.

    The number is Canvas' where the rest is a chapter, as in ``08-backprop-1``, or where
    the name without it was handed in too: a student's own ``week-2`` stays.
    """
    known = there | {file_key(notebook.name) for notebook in notebooks}
    found = []
    for notebook in notebooks:
        first = notebook.first
        numbered = first and (file_key(first) in known or CHAPTER.fullmatch(first))
        name = unicodedata.normalize("NFC", first if numbered else notebook.name)
        found.append(notebook._replace(name=name))
    return found


def _plain(text: str) -> str:
    """Return `text` with what does not print, or steers a terminal, made visible."""
    return "".join(c if c.isprintable() else ascii(c)[1:-1] for c in text)
