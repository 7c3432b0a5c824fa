"""Collecting: downloads as Canvas and Moodle make them, and hostile ones.

Each hostile download has a bystander, a good submission that has to be taken with the
same bytes; and nothing may be written but notebooks in the students' folders.
"""

import io
import os
import re
import stat
import struct
import sys
import unicodedata
import zipfile
from pathlib import Path

import pytest

from course_utils.grading.collect import collect
from course_utils.grading.entries import Limits, Reader, Refused, entries_of
from course_utils.grading.roster import Student

ADA = Student("ada", "Ada Lovelace")
BOB = Student("bob", "Bob Noyce")
GOOD = b'{"cells": [], "good": true}'
BAD = b'{"cells": [], "bad": true}'
BYSTANDER = "bob/good.ipynb"
MB = 2**20


def canvas_student(student_id, name, user, sortable):
    fields = {"Student": sortable, "ID": user, "SIS Login ID": student_id}
    return Student(student_id, name, fields)


def zipped(*members, compression=zipfile.ZIP_DEFLATED):
    """Return the bytes of a zip of (name or ZipInfo, data) pairs."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", compression) as archive:
        for name, data in members:
            archive.writestr(name, data)
    return stream.getvalue()


def entry(name, *, mode=stat.S_IFREG | 0o644):
    info = zipfile.ZipInfo(name)
    info.create_system, info.external_attr = 3, mode << 16
    return info


def central(data, name):
    """Return where the central header of `name` begins in the bytes of a zip."""
    return data.rindex(b"PK\x01\x02", 0, data.rindex(name.encode()))


def snapshot(folder):
    """Return each path below `folder`: the bytes of a file, None for a folder."""
    return {
        str(path.relative_to(folder)): path.read_bytes() if path.is_file() else None
        for path in folder.rglob("*")
    }


@pytest.fixture
def run(tmp_path):
    """Collect from bytes of a zip, or from a folder, and check where files went."""

    def run(source, roster=(ADA, BOB), **limits):
        if isinstance(source, bytes):
            (tmp_path / "download.zip").write_bytes(source)
            source = tmp_path / "download.zip"
        target = tmp_path / "outer" / "submissions"
        result = collect(source, list(roster), target, limits=Limits(**limits))
        ids = {student.id for student in roster}
        for path, data in snapshot(tmp_path / "outer").items():
            *folders, name = Path(path).parts
            if data is None:
                assert Path(path).name in ids | {"submissions"}
            else:
                assert folders[:1] == ["submissions"] and folders[1] in ids
                assert len(folders) == 2 and name.lower().endswith(".ipynb")
        run.target = target
        return result

    return run


@pytest.fixture
def hostile(run):
    """Collect, and check that Bob's was taken and that exactly these were refused."""

    def hostile(source, *refused, **limits):
        result = run(source, **limits)
        assert (run.target / BYSTANDER).read_bytes() == GOOD
        assert BYSTANDER in [taken.file for taken in result.taken]
        assert [name for name, _ in result.refused] == [name for name, _ in refused]
        for (_, reason), (_, pattern) in zip(result.refused, refused):
            assert re.search(pattern, reason), reason
        return result

    return hostile


# Canvas -------------------------------------------------------------------------------

CANVAS = [
    canvas_student("ada", "Ada Lovelace", "1234", "Lovelace, Ada"),
    canvas_student("obrien", "José O'Brien", "1235", "O'Brien, José"),
    canvas_student("wei", "Li Wei", "1236", "Wei, Li"),
    canvas_student("wei2", "Li Wei", "1237", "Wei, Li"),
]


def test_a_canvas_download_is_matched_by_user_id(run):
    data = zipped(
        ("lovelaceada_1234_5001_08-backprop.ipynb", GOOD),
        ("obrienjosé_LATE_1235_5002_08-backprop.ipynb", b"late"),
        ("weili_1236_5003_08-backprop.ipynb", b"wei"),
        ("renamed_1237_5004_my work.ipynb", b"wei2"),
        ("lovelaceada_1234_5001_text.html", b"<p>"),
    )
    result = run(data, CANVAS)
    files = {path: data for path, data in snapshot(run.target).items() if data}
    assert files == {
        "ada/08-backprop.ipynb": GOOD,
        "obrien/08-backprop.ipynb": b"late",
        "wei/08-backprop.ipynb": b"wei",
        "wei2/my work.ipynb": b"wei2",
    }
    assert result.taken[0] == (
        "ada",
        "lovelaceada_1234_5001_08-backprop.ipynb",
        "ada/08-backprop.ipynb",
        "new",
    )
    assert result.left_out == [("lovelaceada_1234_5001_text.html", "not a notebook")]
    assert (result.refused, result.missing) == ([], [])


def test_utf8_names_that_are_not_marked_as_such(run):
    data = zipped(("obrienjosé_1235_5002_é.ipynb", GOOD))
    marked = struct.pack("<H", 0x800)
    assert data.count(marked) == 2
    data = data.replace(marked, b"\0\0")
    assert run(data, CANVAS).taken[0].file == "obrien/é.ipynb"


def test_a_canvas_download_without_ids_in_the_roster_is_matched_by_name(run):
    maria = Student("maria", "Maria Ana de la Cruz")
    data = zipped(
        ("lovelaceada_1234_5001_a.ipynb", GOOD),
        ("delacruzmariaana_LATE_9_5002_b.ipynb", GOOD),
    )
    result = run(data, [ADA, maria])
    assert [t.file for t in result.taken] == ["ada/a.ipynb", "maria/b.ipynb"]


def test_somebody_who_is_not_in_the_roster_is_not_taken_for_a_namesake(run):
    data = zipped(
        ("lovelaceada_9999_5001_a.ipynb", BAD), ("weili_1236_5003_a.ipynb", GOOD)
    )
    result = run(data, CANVAS)
    assert [t.file for t in result.taken] == ["wei/a.ipynb"]
    (refused,) = result.refused
    assert refused == (
        "lovelaceada_9999_5001_a.ipynb",
        "no student of the roster is 'lovelaceada_9999'",
    )
    assert result.missing == ["ada", "obrien", "wei2"]


def test_a_name_chosen_to_read_as_another_students_id_is_refused(run):
    data = zipped(
        ("lovelaceada_1234_5_x_1236_5001_a.ipynb", BAD),
        ("unknown_77_5_x_1236_5001_a.ipynb", BAD),
        ("weili_1236_5003_weili_1236_4000_08-backprop.ipynb", GOOD),
    )
    result = run(data, CANVAS)
    assert [t.student for t in result.taken] == ["wei"]
    assert "more than one student of the roster: ada, wei" in result.refused[0].reason
    assert "no student" in result.refused[1].reason


def test_two_students_of_one_name_are_refused_where_only_the_name_tells(run):
    twins = [Student("wei", "Li Wei"), Student("wei2", "Li Wei"), ADA]
    data = zipped(("weili_1236_5003_a.ipynb", BAD), ("lovelaceada_1_2_a.ipynb", GOOD))
    result = run(data, twins)
    assert [t.student for t in result.taken] == ["ada"]
    assert "more than one student of the roster: wei, wei2" in result.refused[0].reason


def test_an_anonymous_download_says_so(run):
    with pytest.raises(ValueError, match=r"nothing in .* anonymous"):
        run(zipped(("anon_x1Yz9_5001_a.ipynb", GOOD)), CANVAS)


def test_another_courses_download_writes_nothing(run, tmp_path):
    with pytest.raises(ValueError, match=r"which has ada, .* no student of the roster"):
        run(zipped(("zoe/a.ipynb", GOOD), ("yan/a.ipynb", GOOD)))
    assert not [path for path in tmp_path.rglob("*") if path.is_dir()]


@pytest.mark.parametrize("ids", [(5001, 5002, 5003), (7, 7, 7)])
def test_the_newest_of_canvas_is_taken(run, ids):
    old, newer, newest = (f"lovelaceada_1234_{file_id}_08-backprop" for file_id in ids)
    data = zipped(
        (f"{newest}-2.ipynb", GOOD),
        (f"{old}.ipynb", b"old"),
        (f"{newer}-1.ipynb", b"newer"),
    )
    result = run(data, CANVAS)
    assert snapshot(run.target / "ada") == {"08-backprop.ipynb": GOOD}
    later = f"{newest}-2.ipynb is later"
    left_out = {(f"{old}.ipynb", later), (f"{newer}-1.ipynb", later)}
    assert set(result.left_out) == left_out
    assert result.refused == []


def test_a_number_of_the_students_own_stays(run):
    data = zipped(
        ("lovelaceada_1234_1_week-1.ipynb", b"1"),
        ("lovelaceada_1234_2_week-2.ipynb", b"2"),
    )
    run(data, CANVAS)
    run(zipped(("lovelaceada_1234_3_week-2-1.ipynb", b"3")), CANVAS)
    assert snapshot(run.target / "ada") == {"week-1.ipynb": b"1", "week-2.ipynb": b"3"}


# Moodle -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name",
    [
        "Ada Lovelace_12345_assignsubmission_file/08-backprop.ipynb",
        "Ada Lovelace_12345_assignsubmission_file_/08-backprop.ipynb",
        "Ada Lovelace_12345_assignsubmission_file_08-backprop.ipynb",
        "Lovelace Ada_12345_assignsubmission_file_/mine/08-backprop.ipynb",
        "ada lovelace_1_assignsubmission_file_Bob Noyce_2_assignsubmission_file_.ipynb",
    ],
)
def test_a_moodle_download_is_matched_by_the_full_name(run, name):
    online = "Ada Lovelace_12345_assignsubmission_onlinetext/onlinetext.html"
    result = run(zipped((name, GOOD), (online, b"<p>")))
    ((student, source, file, _),) = result.taken
    assert (student, source) == ("ada", name)
    assert (run.target / file).read_bytes() == GOOD
    assert result.left_out == [(online, "not a notebook")]
    assert result.missing == ["bob"]


def test_moodle_drops_apostrophes_and_underscores_from_names(run):
    student = Student("obrien", "José O'Brien_Smith")
    data = zipped(("José OBrien Smith_1_assignsubmission_file/a.ipynb", GOOD))
    assert run(data, [student]).taken[0].file == "obrien/a.ipynb"


def test_the_participant_of_a_grading_worksheet_tells_namesakes_apart(run):
    twins = [
        Student("wei", "Li Wei", {"Identifier": "Participant 41"}),
        Student("wei2", "Li Wei", {"Identifier": "Participant 42"}),
    ]
    data = zipped(
        ("Li Wei_42_assignsubmission_file/a.ipynb", GOOD),
        ("Participant_41_assignsubmission_file/a.ipynb", b"blind"),
        ("Li Wei_43_assignsubmission_file/a.ipynb", BAD),
    )
    result = run(data, twins)
    assert {t.student: t.source[:6] for t in result.taken} == {
        "wei": "Partic",
        "wei2": "Li Wei",
    }
    assert "more than one student of the roster: wei, wei2" in result.refused[0].reason


# Folders ------------------------------------------------------------------------------


@pytest.mark.parametrize("pack", [False, True])
@pytest.mark.parametrize("wrapper", ["", "download/"])
def test_folders_and_files_named_by_students(run, tmp_path, pack, wrapper):
    carol = Student("carol", "Carol Shaw")
    files = {
        "ada/08-backprop.ipynb": b"a",
        "ada/deep/er/03-more.ipynb": b"b",
        "Bob Noyce/x.ipynb": b"c",
        "carol/.ipynb_checkpoints/x-checkpoint.ipynb": BAD,
        "carol/__MACOSX/x.ipynb": BAD,
        "carol/._x.ipynb": BAD,
        "carol/.DS_Store": BAD,
        "carol/data.csv": b"1",
        "mallory/ada/x.ipynb": BAD,
    }
    if not wrapper:
        files |= {"ada.ipynb": b"d", "Bob Noyce_08.ipynb": b"e", "mallory.ipynb": BAD}
    if pack:
        source = zipped(*((wrapper + name, data) for name, data in files.items()))
    else:
        source = tmp_path / "in"
        for name, data in files.items():
            (source / wrapper / name).parent.mkdir(parents=True, exist_ok=True)
            (source / wrapper / name).write_bytes(data)
    result = run(source, [ADA, BOB, carol])
    expected = {
        "ada": None,
        "ada/08-backprop.ipynb": b"a",
        "ada/03-more.ipynb": b"b",
        "bob": None,
        "bob/x.ipynb": b"c",
        "carol": None,
    }
    unknown = {f"{wrapper}mallory/ada/x.ipynb"}
    if not wrapper:
        expected |= {"ada/ada.ipynb": b"d", "bob/Bob Noyce_08.ipynb": b"e"}
        unknown |= {"mallory.ipynb"}
    assert snapshot(run.target) == expected
    assert {name for name, _ in result.refused} == unknown
    assert all("no student of the roster is 'mallory" in r for _, r in result.refused)
    assert result.left_out == [(f"{wrapper}carol/data.csv", "not a notebook")]
    assert result.missing == ["carol"]


def test_the_id_comes_before_the_name(run):
    other = Student("x", "ada")
    result = run(zipped(("ada/a.ipynb", GOOD), ("X/a.ipynb", b"x")), [ADA, other])
    assert [t.file for t in result.taken] == ["ada/a.ipynb", "x/a.ipynb"]


def test_the_beginning_of_a_name_that_fits_two_is_refused(run):
    other = Student("ada-08", "Ada Byron")
    data = zipped(("ada-08-x.ipynb", BAD), ("ada-08.ipynb", GOOD))
    result = run(data, [ADA, other])
    assert [t.file for t in result.taken] == ["ada-08/ada-08.ipynb"]
    assert "more than one student" in result.refused[0].reason


def test_a_notebook_deep_in_folders_does_not_take_the_place_of_the_one_above(hostile):
    data = zipped(("ada/old/a.ipynb", BAD), ("ada/a.ipynb", b"new"), (BYSTANDER, GOOD))
    result = hostile(data, ("ada/old/a.ipynb", "ada/a.ipynb has this name too"))
    assert result.taken[0].source == "ada/a.ipynb"


def test_two_of_one_name_at_one_depth_are_both_refused(hostile):
    data = zipped(("ada/1/a.ipynb", BAD), ("ada/2/a.ipynb", BAD), (BYSTANDER, GOOD))
    hostile(data, ("ada/1/a.ipynb", "2 files"), ("ada/2/a.ipynb", "2 files"))


# Again, and interrupted ---------------------------------------------------------------


def test_a_later_download_replaces_and_says_so(run):
    run(zipped(("ada/a.ipynb", b"old"), ("ada/b.ipynb", b"kept"), (BYSTANDER, GOOD)))
    result = run(zipped(("ada/A.ipynb", b"new"), (BYSTANDER, GOOD)))
    assert [(t.file, t.change) for t in result.taken] == [
        ("ada/a.ipynb", "replaced"),
        (BYSTANDER, "unchanged"),
    ]
    assert snapshot(run.target / "ada") == {"a.ipynb": b"new", "b.ipynb": b"kept"}
    text = result.describe()
    assert "2 notebooks taken (1 replaced, 1 unchanged), from 2 of 2 students." in text
    assert "Replaced (1):\n  ada/a.ipynb, by ada/A.ipynb" in text


@pytest.mark.parametrize("failure", [KeyboardInterrupt, OSError(28, "disk full")])
@pytest.mark.parametrize("step", ["chmod", "replace"])
def test_nothing_half_written_is_left(run, monkeypatch, failure, step):
    run(zipped(("ada/a.ipynb", b"old")))
    before = snapshot(run.target)

    def interrupted(*arguments):
        raise failure

    monkeypatch.setattr(os, step, interrupted)
    with pytest.raises((KeyboardInterrupt, OSError)):
        run(zipped(("ada/a.ipynb", b"new")))
    assert snapshot(run.target) == before


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such modes")
def test_the_mode_is_0644_whatever_the_zip_and_the_umask_say(run):
    mask = os.umask(0o077)
    try:
        run(zipped((entry("ada/a.ipynb", mode=stat.S_IFREG | 0o4777), GOOD)))
    finally:
        os.umask(mask)
    assert stat.S_IMODE((run.target / "ada/a.ipynb").stat().st_mode) == 0o644


# Hostile names ------------------------------------------------------------------------

LONG = "x" * 250 + ".ipynb"


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("../evil.ipynb", r"a path with \.\."),
        ("ada/../../evil.ipynb", r"a path with \.\."),
        ("ada/../bob/good.ipynb", r"a path with \.\."),
        ("Ada Lovelace_1_assignsubmission_file/../../x.ipynb", r"a path with \.\."),
        ("../folder/", r"a path with \.\."),
        (".", "no name"),
        ("/etc/evil.ipynb", "an absolute path"),
        ("//server/share/evil.ipynb", "an absolute path"),
        ("C:/evil.ipynb", "a drive letter"),
        ("ada/C:evil.ipynb", "a drive letter"),
        ("ada/a.ipynb:stream.ipynb", "a colon"),
        ("ada\\..\\..\\evil.ipynb", "a backslash"),
        ("\\\\server\\evil.ipynb", "a backslash"),
        ("ada/a\x01.ipynb", "control characters"),
        ("ada/a\x1b[2J.ipynb", "control characters"),
        ("ada/a\n.ipynb", "control characters"),
        ("ada/a\x85.ipynb", "control characters"),
        (f"ada/{LONG}", "longer than 255 bytes"),
        (f"ada/{'é' * 125}.ipynb", "longer than 255 bytes"),
        (f"{'x' * 300}/a.ipynb", "longer than 255 bytes"),
    ],
)
def test_names_that_are_no_plain_paths(hostile, name, reason):
    members = [(name, BAD), (BYSTANDER, GOOD), ("ada/fine.ipynb", GOOD)]
    result = hostile(zipped(*members), (name, reason))
    assert [t.file for t in result.taken] == ["ada/fine.ipynb", BYSTANDER]
    text = result.describe().replace("\n", "")
    assert text.isprintable()


def test_folders_in_a_zip_are_no_news(hostile):
    folders = ("./", b""), ("ada/", b""), ("./ada/", b""), ("other/", b"")
    result = hostile(zipped(*folders, ("./ada//a.ipynb", GOOD), (BYSTANDER, GOOD)))
    assert result.taken[0].file == "ada/a.ipynb"


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere names are Unicode")
def test_a_name_in_a_folder_that_is_no_utf8(hostile, tmp_path):
    for name, data in ((b"ada/\xff.ipynb", BAD), (BYSTANDER.encode(), GOOD)):
        path = os.path.join(os.fsencode(tmp_path), b"in", name)
        os.makedirs(os.path.dirname(path))
        with open(path, "wb") as stream:
            stream.write(data)
    result = hostile(tmp_path / "in", ("ada/\udcff.ipynb", "control characters"))
    assert "ada/\\udcff.ipynb" in result.describe()


def test_a_nul_in_a_name_does_not_end_it(hostile):
    data = zipped(("ada/evil.ipynbX.txt", BAD), (BYSTANDER, GOOD))
    data = data.replace(b"ipynbX", b"ipynb\0")
    hostile(data, ("ada/evil.ipynb\0.txt", "control characters"))


@pytest.mark.parametrize("name", ["con.ipynb", "NUL.ipynb", "com1.x.ipynb"])
def test_names_that_windows_takes_for_devices(hostile, name):
    data = zipped((f"ada/{name}", BAD), (BYSTANDER, GOOD))
    hostile(data, (f"ada/{name}", "cannot be the name of a file"))


def test_one_name_twice(hostile):
    with pytest.warns(UserWarning, match="Duplicate name"):
        data = zipped(("ada/a.ipynb", BAD), ("ada/a.ipynb", b"2"), (BYSTANDER, GOOD))
    hostile(data, ("ada/a.ipynb", "2 files"), ("ada/a.ipynb", "2 files"))


@pytest.mark.parametrize(
    "names",
    [
        ("a.ipynb", "A.ipynb", "a.IPYNB"),
        ("é.ipynb", unicodedata.normalize("NFD", "é.ipynb")),
        ("straße.ipynb", "STRASSE.ipynb"),
    ],
)
def test_names_that_differ_by_case_or_normalisation_only(hostile, names):
    members = [(f"ada/{name}", name.encode()) for name in names]
    refused = [(f"ada/{name}", "letter case and the form of accents") for name in names]
    hostile(zipped(*members, (BYSTANDER, GOOD)), *refused)


def test_a_name_in_another_normal_form_replaces_the_one_of_before(run):
    run(zipped(("ada/é.ipynb", b"old")))
    again = run(zipped((unicodedata.normalize("NFD", "ada/é.ipynb"), b"new")))
    assert again.taken[0].change == "replaced"
    run(zipped((unicodedata.normalize("NFD", "bob/ü.ipynb"), b"first")))
    assert snapshot(run.target / "ada") == {"é.ipynb": b"new"}
    assert snapshot(run.target / "bob") == {"ü.ipynb": b"first"}


# Links and devices --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "reason"),
    [
        (stat.S_IFLNK, "a symbolic link"),
        (stat.S_IFIFO, "a device, pipe or socket"),
        (stat.S_IFCHR, "a device, pipe or socket"),
        (stat.S_IFBLK, "a device, pipe or socket"),
        (stat.S_IFSOCK, "a device, pipe or socket"),
    ],
)
@pytest.mark.parametrize("system", [0, 3])
def test_links_and_devices_in_a_zip(hostile, kind, reason, system):
    special = entry("ada/a.ipynb", mode=kind | 0o777)
    special.create_system = system
    data = zipped((special, b"/etc/passwd"), (BYSTANDER, GOOD))
    hostile(data, ("ada/a.ipynb", reason))


def test_a_linked_folder_in_a_zip_leads_nowhere(hostile):
    link = entry("ada/out", mode=stat.S_IFLNK | 0o777)
    through = ("ada/out/a.ipynb", b"through")
    data = zipped((link, b"../../.."), through, (BYSTANDER, GOOD))
    result = hostile(data, ("ada/out", "a symbolic link"))
    assert result.taken[0].file == "ada/a.ipynb"


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such files")
def test_links_and_pipes_in_a_folder(hostile, tmp_path):
    secret = tmp_path / "secret.ipynb"
    secret.write_bytes(BAD)
    for name in ("in/ada", "in/bob", "elsewhere"):
        (tmp_path / name).mkdir(parents=True)
    (tmp_path / "elsewhere/a.ipynb").write_bytes(BAD)
    source = tmp_path / "in"
    (source / BYSTANDER).write_bytes(GOOD)
    (source / "ada/folder").symlink_to(tmp_path / "elsewhere")
    os.link(secret, source / "ada/hard.ipynb")
    os.mkfifo(source / "ada/pipe.ipynb")
    (source / "ada/soft.ipynb").symlink_to(secret)
    (source / "linked").symlink_to(tmp_path / "elsewhere")
    result = hostile(
        source,
        ("linked", "a symbolic link"),
        ("ada/folder", "a symbolic link"),
        ("ada/hard.ipynb", "a hard link"),
        ("ada/pipe.ipynb", "a device, pipe or socket"),
        ("ada/soft.ipynb", "a symbolic link"),
    )
    assert result.missing == ["ada"]


@pytest.mark.skipif(os.name == "nt", reason="links need a privilege on Windows")
def test_a_students_folder_that_is_a_link_is_left_alone(hostile, run, tmp_path):
    run(zipped((BYSTANDER, GOOD)))
    (run.target / "ada").rmdir()
    (tmp_path / "elsewhere").mkdir()
    (run.target / "ada").symlink_to(tmp_path / "elsewhere")
    data = zipped(("ada/a.ipynb", BAD), (BYSTANDER, GOOD))
    hostile(data, ("ada/a.ipynb", "is a link, or not a folder"))
    assert snapshot(tmp_path / "elsewhere") == {}


@pytest.mark.skipif(os.name == "nt", reason="links need a privilege on Windows")
def test_a_file_that_becomes_a_link_meanwhile_is_not_followed(tmp_path):
    secret, source = tmp_path / "secret.ipynb", tmp_path / "in"
    source.mkdir()
    for path in (secret, source / "a.ipynb", source / "b.ipynb"):
        path.write_bytes(path.name.encode())
    with entries_of(source) as (first, second):
        (source / "a.ipynb").unlink()
        (source / "a.ipynb").symlink_to(secret)
        reader = Reader(Limits())
        with pytest.raises(Refused, match="cannot be read"):
            reader.read(first, 1000)
        assert reader.read(second, 1000) == b"b.ipynb"


def test_what_stands_in_the_way_in_the_target_is_left_alone(tmp_path):
    source, target = tmp_path / "download.zip", tmp_path / "out"
    (target / "bob/a.ipynb").mkdir(parents=True)
    (target / "ada").write_bytes(b"a file")
    source.write_bytes(
        zipped(("ada/a.ipynb", BAD), ("bob/a.ipynb", BAD), (BYSTANDER, GOOD))
    )
    collected = collect(source, [ADA, BOB], target)
    assert [taken.file for taken in collected.taken] == [BYSTANDER]
    assert [name for name, _ in collected.refused] == ["ada/a.ipynb", "bob/a.ipynb"]
    assert "not a folder" in collected.refused[0].reason
    assert "cannot be the name of a file here" in collected.refused[1].reason
    assert (target / "ada").read_bytes() == b"a file"
    assert (target / BYSTANDER).read_bytes() == GOOD


@pytest.mark.skipif(os.name == "nt", reason="links need a privilege on Windows")
def test_a_notebook_that_is_a_link_is_replaced_and_not_written_through(run, tmp_path):
    run(zipped(("ada/a.ipynb", GOOD)))
    outside = tmp_path / "outside.ipynb"
    outside.write_bytes(GOOD)
    (run.target / "ada/a.ipynb").unlink()
    (run.target / "ada/a.ipynb").symlink_to(outside)
    assert run(zipped(("ada/a.ipynb", GOOD))).taken[0].change == "replaced"
    assert outside.read_bytes() == GOOD
    assert not (run.target / "ada/a.ipynb").is_symlink()


def test_a_folder_that_cannot_be_read(hostile, tmp_path, monkeypatch):
    for name in ("in/ada", "in/bob"):
        (tmp_path / name).mkdir(parents=True)
    (tmp_path / "in" / BYSTANDER).write_bytes(GOOD)
    scandir = os.scandir

    def forbidding(path):
        if Path(path).name == "ada":
            raise PermissionError(13, "Permission denied")
        return scandir(path)

    monkeypatch.setattr(os, "scandir", forbidding)
    hostile(tmp_path / "in", ("ada", r"cannot be read \(Permission denied\)"))


# Sizes and bombs ----------------------------------------------------------------------


def noise(size):
    return os.urandom(size)


def test_a_notebook_over_the_limit(hostile):
    data = zipped(
        ("ada/a.ipynb", noise(1001)), ("ada/b.ipynb", noise(1000)), (BYSTANDER, GOOD)
    )
    result = hostile(data, ("ada/a.ipynb", "larger than 1000 bytes"), notebook=1000)
    assert result.taken[0].file == "ada/b.ipynb"


def test_the_limit_holds_in_folders_too(hostile, tmp_path):
    for name, data in (("ada/a.ipynb", noise(1001)), (BYSTANDER, GOOD)):
        (tmp_path / "in" / name).parent.mkdir(parents=True)
        (tmp_path / "in" / name).write_bytes(data)
    refused = ("ada/a.ipynb", "larger than 1000 bytes")
    hostile(tmp_path / "in", refused, notebook=1000)


def test_the_limits_of_a_student_and_of_the_whole(hostile, run):
    many = [(f"ada/{i}.ipynb", noise(600)) for i in range(3)]
    data = zipped(*many, (BYSTANDER, GOOD))
    refused = ("ada/1.ipynb", "more than 1000 bytes of"), ("ada/2.ipynb", "more than 1")
    hostile(data, *refused, student=1000)
    result = run(data, total=1000)
    assert [r for _, r in result.refused] == ["more than 1000 bytes in all"] * 3


def test_the_number_of_files_of_a_student(hostile):
    many = [(f"ada/{i}.ipynb", b"{}") for i in range(4)]
    data = zipped(*many, (BYSTANDER, GOOD))
    hostile(data, ("ada/3.ipynb", "more than 3 files of one student"), files=3)


@pytest.mark.parametrize("declared", [10, 0, 2**31])
def test_a_size_that_is_not_the_declared_one(hostile, declared):
    data = bytearray(zipped(("ada/a.ipynb", noise(5000)), (BYSTANDER, GOOD)))
    struct.pack_into("<L", data, central(data, "ada/a.ipynb") + 24, declared)
    refused = ("ada/a.ipynb", f"has 5000 bytes where {declared} are declared")
    hostile(bytes(data), refused)


def test_a_bomb_that_declares_a_small_size_is_stopped_at_the_limit(hostile):
    data = bytearray(zipped(("ada/a.ipynb", b" " * 40 * MB), (BYSTANDER, GOOD)))
    struct.pack_into("<L", data, central(data, "ada/a.ipynb") + 24, 10)
    hostile(bytes(data), ("ada/a.ipynb", "grows more than 200 times"))
    refused = ("ada/a.ipynb", "larger than 20 MB")
    hostile(bytes(data), refused, ratio=10**9)


def overlapped(data, name, other):
    """Let the entry `name` of a zip lie at the place of the entry `other`."""
    data = bytearray(data)
    offset = data[central(data, other) + 42 : central(data, other) + 46]
    data[central(data, name) + 42 : central(data, name) + 46] = offset
    return bytes(data)


def test_entries_that_share_their_bytes(hostile):
    members = [("ada/a.ipynb", noise(900)), ("ada/b.ipynb", noise(900))]
    data = zipped(*members, (BYSTANDER, GOOD))
    data = overlapped(data, "ada/b.ipynb", "ada/a.ipynb")
    reason = "shares its bytes with another entry"
    hostile(data, ("ada/a.ipynb", reason), ("ada/b.ipynb", reason))


def test_an_entry_whose_bytes_reach_over_the_next(hostile):
    data = bytearray(
        zipped(
            (BYSTANDER, GOOD),
            ("ada/a.ipynb", noise(900)),
            ("ada/b.ipynb", noise(900)),
            compression=zipfile.ZIP_STORED,
        )
    )
    struct.pack_into("<L", data, central(data, "ada/a.ipynb") + 20, 1200)
    reason = "shares its bytes with another entry"
    hostile(bytes(data), ("ada/a.ipynb", reason), ("ada/b.ipynb", reason))


def test_an_entry_whose_bytes_reach_into_the_directory(hostile):
    members = [(BYSTANDER, GOOD), ("ada/a.ipynb", noise(900))]
    data = bytearray(zipped(*members, compression=zipfile.ZIP_STORED))
    struct.pack_into("<LL", data, central(data, "ada/a.ipynb") + 20, 910, 910)
    hostile(bytes(data), ("ada/a.ipynb", "shares its bytes with another entry"))


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_methods_that_can_grow_without_limit_in_one_step(hostile, method):
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr("ada/a.ipynb", b" " * 10 * MB, compress_type=method)
        archive.writestr(BYSTANDER, GOOD)
    hostile(stream.getvalue(), ("ada/a.ipynb", f"zip method {method} is not read"))


# Zips within --------------------------------------------------------------------------


def test_a_zip_that_a_student_hands_in_is_opened_by_the_same_rules(hostile):
    inner = zipped(
        ("work/08-backprop.ipynb", b"inner"),
        ("../../evil.ipynb", BAD),
        ("bob/good.ipynb", b"not Bob's"),
        ("Bob Noyce_1_assignsubmission_file_x.ipynb", b"Ada's all the same"),
        (entry("link.ipynb", mode=stat.S_IFLNK | 0o777), b"/etc/passwd"),
        ("__MACOSX/mine/._08-backprop.ipynb", BAD),
        ("work/.ipynb_checkpoints/08-backprop-checkpoint.ipynb", BAD),
        ("notes.txt", b"notes"),
        ("again.zip", zipped(("x.ipynb", BAD))),
    )
    result = hostile(
        zipped(("ada/work.zip", inner), (BYSTANDER, GOOD)),
        ("ada/work.zip/../../evil.ipynb", r"a path with \.\."),
        ("ada/work.zip/link.ipynb", "a symbolic link"),
        ("ada/work.zip/again.zip", "a zip within a zip"),
    )
    ada = {t.file for t in result.taken if t.student == "ada"}
    moodle = "ada/Bob Noyce_1_assignsubmission_file_x.ipynb"
    assert ada == {"ada/08-backprop.ipynb", "ada/good.ipynb", moodle}
    assert result.left_out == [("ada/work.zip/notes.txt", "not a notebook")]


def test_the_newest_of_canvas_counts_for_zips_too(run):
    old = zipped(("08-backprop.ipynb", b"old"), ("08-backprop-1.ipynb", b"copy"))
    data = zipped(
        ("lovelaceada_1234_5002_work-1.zip", zipped(("08-backprop.ipynb", GOOD))),
        ("lovelaceada_1234_5001_work.zip", old),
    )
    result = run(data, CANVAS)
    expected = {"08-backprop.ipynb": GOOD, "08-backprop-1.ipynb": b"copy"}
    assert snapshot(run.target / "ada") == expected
    assert result.left_out == [
        (
            "lovelaceada_1234_5001_work.zip/08-backprop.ipynb",
            "lovelaceada_1234_5002_work-1.zip/08-backprop.ipynb is later",
        )
    ]


@pytest.mark.parametrize(
    ("inner", "reason"),
    [
        (b"no zip", "not a zip"),
        (zipped(("x.ipynb", GOOD))[:-30], "not a zip"),
        (zipped(*((f"{i}.ipynb", b"") for i in range(501))), "more than 500 files"),
        (zipped(("x.ipynb", GOOD)).replace(b"PK\x01\x02", b"PK\x01\x03"), "Bad magic"),
        (b" " * 210 * MB, "grows more than 200 times"),
    ],
    ids=["text", "cut", "files", "directory", "bomb"],
)
def test_zips_within_that_are_not_opened(hostile, inner, reason):
    data = zipped(("ada/work.zip", inner), (BYSTANDER, GOOD))
    hostile(data, ("ada/work.zip", reason))


def test_a_bomb_of_zips_stops_at_the_limit_of_the_student(hostile):
    bomb = zipped(*((f"{i}.ipynb", noise(100) * 100) for i in range(20)))
    data = zipped(("ada/work.zip", bomb), (BYSTANDER, GOOD))
    limit = len(bomb) + 55_000
    refused = [
        (f"ada/work.zip/{i}.ipynb", f"more than {limit} bytes of") for i in range(5, 20)
    ]
    hostile(data, *refused, student=limit)


# Damage -------------------------------------------------------------------------------


def test_an_encrypted_entry(hostile):
    data = bytearray(zipped(("ada/a.ipynb", BAD), (BYSTANDER, GOOD)))
    data[central(data, "ada/a.ipynb") + 8] |= 1
    hostile(bytes(data), ("ada/a.ipynb", "without a password"))


@pytest.mark.parametrize("compression", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_a_bad_crc_refuses_that_entry_only(hostile, compression):
    members = [("ada/a.ipynb", noise(900)), (BYSTANDER, GOOD)]
    data = bytearray(zipped(*members, compression=compression))
    data[300] ^= 0xFF
    hostile(bytes(data), ("ada/a.ipynb", "damaged"))


def test_a_local_name_that_is_not_the_one_of_the_directory(hostile):
    data = bytearray(zipped(("ada/a.ipynb", BAD), (BYSTANDER, GOOD)))
    data[30 : 30 + len("ada/a.ipynb")] = b"bob/a.ipynb"
    hostile(bytes(data), ("ada/a.ipynb", "damaged"))


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"no zip",
        zipped((BYSTANDER, GOOD))[:-10],
        zipped((BYSTANDER, GOOD)).replace(b"PK\x01\x02", b"PK\x01\x03"),
        zipped(("é.ipynb", GOOD)).replace("é".encode(), b"\xff\xff"),
    ],
)
def test_a_damaged_download_is_an_error_that_says_what_to_do(run, data):
    with pytest.raises(ValueError, match=r"\.zip is neither .* download it again"):
        run(data)


# Around it ----------------------------------------------------------------------------


def test_each_student_has_a_folder_and_the_missing_are_named(run):
    result = run(zipped(("bob/readme.txt", b"")))
    assert snapshot(run.target) == {"ada": None, "bob": None}
    assert result.missing == ["ada", "bob"]
    assert result.describe() == (
        "0 notebooks taken, from 0 of 2 students.\n"
        "Left out (1):\n  bob/readme.txt: not a notebook\n"
        "No notebook from (2):\n  ada\n  bob"
    )


def test_a_download_is_not_collected_into_itself(tmp_path):
    (tmp_path / "ada").mkdir()
    for target in (tmp_path, tmp_path / "submissions"):
        with pytest.raises(ValueError, match="collect into a folder outside it"):
            collect(tmp_path, [ADA], target)
    assert snapshot(tmp_path) == {"ada": None}


def test_a_roster_made_by_hand_leads_nowhere_else(tmp_path):
    (tmp_path / "in").mkdir()
    with pytest.raises(ValueError, match=r"'\.\./evil' cannot name a folder"):
        collect(tmp_path / "in", [Student("../evil", "Eve")], tmp_path / "out")
    assert not (tmp_path / "out").exists()
