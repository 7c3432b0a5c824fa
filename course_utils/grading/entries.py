"""The files in a folder or zip that is not trusted: listed, judged and read.

Each file becomes an :class:`Entry`, with the reason if it must not be read. No link
is followed, no name is used as a path, and bytes are counted while they come.
"""

from __future__ import annotations

import contextlib
import copy
import io
import os
import stat
import unicodedata
import zipfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import BinaryIO

MB = 2**20
PASSED_OVER = {"__MACOSX", ".ipynb_checkpoints", ".DS_Store", "Thumbs.db"}
KINDS = {0: "", stat.S_IFREG: "", stat.S_IFDIR: "", stat.S_IFLNK: "a symbolic link"}


class Refused(Exception):
    """Why a file is not taken."""


@dataclass(frozen=True)
class Limits:
    """How much is read: bytes, files of one student, and the ratio of a zip entry."""

    notebook: int = 20 * MB
    student: int = 200 * MB
    total: int = 4096 * MB
    files: int = 500
    ratio: int = 200


@dataclass
class Entry:
    """A file: the parts of its path, how it is opened, and why it must not be read."""

    parts: list[str]
    open: Callable[[], BinaryIO]
    problem: str = ""
    within: str = ""
    packed: int | None = None  # bytes in the zip
    declared: int | None = None  # bytes that the zip says it unpacks to

    @property
    def source(self) -> str:
        """The name to report."""
        return self.within + "/".join(self.parts)

    def has_suffix(self, *suffixes: str) -> bool:
        """Whether the name ends so, in any letter case."""
        return self.parts[-1].lower().endswith(suffixes)

    @property
    def passed_over(self) -> bool:
        """Whether this is something that systems and editors leave behind."""
        left_behind = self.parts[-1].startswith("._")
        left_behind |= not PASSED_OVER.isdisjoint(self.parts)
        return left_behind and not self.problem


@contextlib.contextmanager
def entries_of(source: Path) -> Iterator[list[Entry]]:
    """Give the files of the folder or zip `source`; ``ValueError`` if it is neither."""
    if source.is_dir():
        yield [entry for entry in _of_folder(source) if not entry.passed_over]
        return
    with open(source, "rb") as stream:
        try:
            archive = open_zip(stream)
        except Refused as reason:
            raise ValueError(
                f"{source} is neither a folder nor a zip that can be read ({reason}): "
                "download it again"
            ) from None
        with archive:
            yield of_zip(archive)


def open_zip(stream: BinaryIO) -> zipfile.ZipFile:
    """Return the zip in `stream`; raise :class:`Refused` if it is damaged."""
    try:
        return zipfile.ZipFile(stream)
    except Exception as error:  # whatever a damaged directory makes of the reader
        raise Refused(str(error) or type(error).__name__) from None


def _of_folder(source: Path) -> Iterator[Entry]:
    folders: list[list[str]] = [[]]
    while folders:
        parts = folders.pop()
        try:
            items = sorted(os.scandir(source.joinpath(*parts)), key=lambda i: i.name)
        except OSError as error:
            yield Entry(parts, io.BytesIO, f"cannot be read ({error.strerror})")
            continue
        for item in items:
            entry = Entry([*parts, item.name], partial(_open_file, item.path))
            status = item.stat(follow_symlinks=False)
            entry.problem = _kind(status.st_mode) or _name_problem(
                "/".join(entry.parts)
            )
            is_folder = stat.S_ISDIR(status.st_mode)
            if status.st_nlink > 1 and not is_folder:
                entry.problem = entry.problem or "a hard link"
            if is_folder and not entry.problem:
                folders.append(entry.parts)
            else:
                yield entry


def _open_file(path: str) -> BinaryIO:
    careful = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
    return open(path, "rb", opener=lambda name, flags: os.open(name, flags | careful))


def of_zip(archive: zipfile.ZipFile, within: str = "") -> list[Entry]:
    """Return the files of a zip; `within` comes before their names in reports."""
    overlapping = _overlapping(archive)
    entries = []
    for info in archive.infolist():
        name = _decoded(info)
        problem = _kind(info.external_attr >> 16) or _name_problem(name)
        if name.endswith("/") and not problem:
            continue
        if info in overlapping:
            problem = problem or "shares its bytes with another entry, as zip bombs do"
        problem = problem or _not_readable(info)
        parts = [part for part in name.split("/") if part not in ("", ".")]
        if problem or not parts:
            problem, parts = problem or "no name", [name]
        whole = copy.copy(info)
        whole.file_size = 2**62  # so that the real end is found, not the one declared
        opener = partial(archive.open, whole)
        sizes = info.compress_size, info.file_size
        entries.append(Entry(parts, opener, problem, within, *sizes))
    return [entry for entry in entries if not entry.passed_over]


def _decoded(info: zipfile.ZipInfo) -> str:
    """Return the whole name, also where UTF-8 is not marked as such."""
    name = info.orig_filename
    if not info.flag_bits & 0x800:
        with contextlib.suppress(UnicodeError):
            name = name.encode("cp437").decode("utf-8")
    return name


def _overlapping(archive: zipfile.ZipFile) -> set[zipfile.ZipInfo]:
    found, last, end = set(), None, 0
    for info in sorted(archive.infolist(), key=lambda info: info.header_offset):
        if info.header_offset < end:
            found |= {last, info}
        coding = "utf-8" if info.flag_bits & 0x800 else "cp437"
        size = 30 + len(info.orig_filename.encode(coding)) + info.compress_size
        if info.header_offset + size > archive.start_dir:
            found.add(info)
        if info.header_offset + size > end:
            last, end = info, info.header_offset + size
    return found


def _not_readable(info: zipfile.ZipInfo) -> str:
    if info.flag_bits & 0x41:
        return "encrypted: it has to be handed in without a password"
    # The other methods can unpack a few bytes to gigabytes in one step.
    if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        return f"zip method {info.compress_type} is not read, only stored and deflate"
    return ""


def _kind(mode: int) -> str:
    return KINDS.get(stat.S_IFMT(mode), "a device, pipe or socket")


def _name_problem(name: str) -> str:
    """Return why `name` is no plain relative path, or nothing."""
    parts = name.split("/")
    problems = {
        "control characters in the name": any(
            unicodedata.category(character) in ("Cc", "Cs") for character in name
        ),
        "an absolute path": name.startswith("/"),
        "a backslash in the name": "\\" in name,
        "a colon in the name, as of a drive letter": ":" in name,
        "a path with ..": ".." in parts,
        "a name longer than 255 bytes": any(
            len(part.encode("utf-8", "surrogatepass")) > 255 for part in parts
        ),
    }
    return next((problem for problem, found in problems.items() if found), "")


@dataclass
class Reader:
    """Reads entries and counts, for one student and in all."""

    limits: Limits
    bytes_in_all: int = 0
    bytes_of_student: int = 0
    files_of_student: int = 0

    def next_student(self) -> None:
        """Begin to count anew for a student."""
        self.bytes_of_student = self.files_of_student = 0

    def read(self, entry: Entry, limit: int) -> bytes:
        """Return the bytes of `entry`; raise :class:`Refused` as soon as they pass."""
        self.files_of_student += 1
        if self.files_of_student > self.limits.files:
            raise Refused(f"more than {self.limits.files} files of one student")
        data = io.BytesIO()
        try:
            with entry.open() as stream:
                while chunk := stream.read(MB // 16):
                    data.write(chunk)
                    self._count(len(chunk), data.tell(), limit, entry.packed)
        except (zipfile.BadZipFile, zlib.error, EOFError, OSError, ValueError) as error:
            raise Refused(f"damaged, or cannot be read ({error})") from None
        except (NotImplementedError, RuntimeError) as error:
            raise Refused(f"cannot be read ({error})") from None
        if entry.declared not in (None, data.tell()):
            raise Refused(
                f"has {data.tell()} bytes where {entry.declared} are declared"
            )
        return data.getvalue()

    def _count(self, chunk: int, size: int, limit: int, packed: int | None) -> None:
        self.bytes_in_all += chunk
        self.bytes_of_student += chunk
        limits = self.limits
        if size > limit:
            raise Refused(f"larger than {_size(limit)}")
        if packed is not None and size > max(MB, limits.ratio * packed):
            raise Refused(f"grows more than {limits.ratio} times, as zip bombs do")
        if self.bytes_of_student > limits.student:
            raise Refused(f"more than {_size(limits.student)} of one student")
        if self.bytes_in_all > limits.total:
            raise Refused(f"more than {_size(limits.total)} in all")


def _size(count: int) -> str:
    return f"{count // MB} MB" if count >= MB else f"{count} bytes"
