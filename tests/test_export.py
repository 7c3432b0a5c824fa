"""Grade sheets: what each platform takes, and nothing that could harm who opens it."""

import csv
import io
import json
import re

import pytest
from grading_records import HOSTILE, exercise, record, student

from course_utils.grading.export import (
    FORMATS,
    clip,
    escape_cell,
    explain,
    export,
    file_name,
    visible,
)
from course_utils.grading.results import STATUSES

CANVAS_HEADER = ["Student", "ID", "SIS User ID", "SIS Login ID", "Section"]
FAILED = [exercise("dense", "infra_error"), exercise("loss")]


def rows(path, encoding="utf-8"):
    data = path.read_bytes()
    assert data.endswith(b"\r\n")
    return list(csv.reader(io.StringIO(data.decode(encoding), newline="")))


def canvas_student(id, name="Lovelace, Ada", number="101", **changes):
    fields = {
        "Student": name,
        "ID": number,
        "SIS User ID": f"sis-{id}",
        "SIS Login ID": f"{id}@example.org",
        "Section": "Monday",
    }
    return student(id, **(fields | changes))


def moodle_student(id, **changes):
    return student(id, **({"ID number": f"n-{id}"} | changes))


ROSTERS = {
    "csv": lambda id: student(id, email=f"{id}@example.org"),
    "canvas": canvas_student,
    "gradescope": student,
    "moodle": moodle_student,
}


@pytest.fixture
def target(tmp_path):
    return tmp_path / "out"


# --------------------------------------------------------------------------------------
# The sheet for people
# --------------------------------------------------------------------------------------


def test_csv(target):
    records = [
        record("ada"),
        record("ada", chapter="02-b", sandbox="none"),
        record("bob", status="missing"),
        record("bob", exercise("dense", "timeout"), exercise("loss"), chapter="02-b"),
    ]
    export(records, [student("bob"), student("ada")], "csv", target)
    assert rows(target, "utf-8-sig") == [
        ["student", "name"]
        + ["01-one-layer: dense", "01-one-layer: loss", "01-one-layer"]
        + ["01-one-layer: status"]
        + ["02-b: dense", "02-b: loss", "02-b", "02-b: status", "total", "sandbox"],
        ["bob", "Bob", "0", "0", "0", "missing"]
        + ["0", "2", "2", "ok; timeout: dense", "2", "bubblewrap"],
        ["ada", "Ada", "2", "2", "4", "ok"]
        + ["2", "2", "4", "ok", "8", "bubblewrap, none (--unsafe)"],
    ]


def test_csv_opens_in_a_spreadsheet_as_utf8(target):
    export([record("ada")], [student("ada", "Åda Ω")], "csv", target)
    assert target.read_bytes().startswith(b"\xef\xbb\xbf")


def test_csv_has_whoever_is_not_on_the_roster_or_not_graded(target):
    notes = export(
        [record("ada"), record("zed")], [student("ada"), student("eve")], "csv", target
    )
    body = rows(target, "utf-8-sig")[1:]
    assert [row[0] for row in body] == ["ada", "eve", "zed"]
    assert body[1] == ["eve", "Eve", "", "", "", "not graded", "", ""]
    assert any("eve: on the roster, but not graded" in note for note in notes)
    assert any("zed: graded, but not on the roster, and included" in n for n in notes)


def test_titles_of_chapters(target):
    titles = {"01-one-layer": "One layer"}
    export([record("ada")], [student("ada")], "csv", target, titles=titles)
    assert rows(target, "utf-8-sig")[0][2:5] == [
        "One layer: dense",
        "One layer: loss",
        "One layer",
    ]
    with pytest.raises(ValueError, match="titles are given for 07-x"):
        export([record("ada")], [student("ada")], "csv", target, titles={"07-x": "X"})


# --------------------------------------------------------------------------------------
# A score that there is not
# --------------------------------------------------------------------------------------


def test_csv_leaves_out_what_failed(target):
    export([record("ada", *FAILED)], [student("ada")], "csv", target)
    expected = ["", "2", "", "ok; infra_error: dense", "", "bubblewrap"]
    assert rows(target, "utf-8-sig")[1][2:] == expected


def test_csv_leaves_out_a_notebook_that_failed_without_exercises(target):
    failed = record("ada", status="infra_error") | {"exercises": []}
    export([failed, record("bob")], [student("ada"), student("bob")], "csv", target)
    assert rows(target, "utf-8-sig")[1][2:] == ["", "", "", "infra_error", ""] + [
        "bubblewrap"
    ]


def test_canvas_leaves_out_what_failed(target):
    export([record("ada", *FAILED)], [canvas_student("ada")], "canvas", target)
    assert rows(target)[2][5] == ""


def test_moodle_has_its_sign_for_no_grade(target):
    """Moodle's import makes 0 of a blank in a column that is new to it."""
    roster = [moodle_student("ada"), moodle_student("bob"), moodle_student("eve")]
    found = [record("ada", *FAILED), record("bob", status="infra_error")]
    export(found, roster, "moodle", target)
    _, ada, bob, eve = rows(target)
    assert ada[:2] == ["n-ada", "-"]
    assert "dense: no score of 2. The grading itself failed" in ada[2]
    assert bob == ["n-bob", "-", STATUSES["infra_error"]]
    assert eve == ["n-eve", "-", ""]


def test_gradescope_has_no_score_at_all(target):
    found = [record("ada", *FAILED), record("ada", chapter="02-b")]
    export(found, [student("ada")], "gradescope", target)
    result = json.loads((target / "ada.json").read_text())
    assert "score" not in result
    assert result["max_score"] == 8
    assert [("score" in t, "status" in t) for t in result["tests"]] == [
        (False,) * 2
    ] * 4
    assert STATUSES["infra_error"] in result["tests"][0]["output"]


@pytest.mark.parametrize("format", FORMATS)
def test_the_person_is_told_about_what_failed(target, format):
    notes = export([record("ada", *FAILED)], [ROSTERS[format]("ada")], format, target)
    assert any(note.startswith("No score for ada") for note in notes)


@pytest.mark.parametrize("format", FORMATS)
def test_missing_is_0(target, format):
    roster = [ROSTERS[format]("ada")]
    notes = export([record("ada", status="missing")], roster, format, target)
    assert not any("No score" in note for note in notes)
    if format == "gradescope":
        result = json.loads((target / "ada.json").read_text())
        assert result["score"] == 0
        assert "Nothing was handed in" in result["output"]
        assert [test["score"] for test in result["tests"]] == [0, 0]
    elif format == "csv":
        expected = ["0", "0", "0", "missing", "0"]
        assert rows(target, "utf-8-sig")[1][2:7] == expected
    elif format == "canvas":
        assert rows(target)[2][5:] == ["0"]
    else:
        assert rows(target)[1][1:] == ["0", "Nothing was handed in."]


@pytest.mark.parametrize("format", FORMATS)
def test_unsafe_is_said(target, format):
    found = [record("ada", sandbox="none"), record("bob")]
    roster = [ROSTERS[format]("ada"), ROSTERS[format]("bob")]
    notes = export(found, roster, format, target)
    assert [
        note for note in notes if note.startswith("ada: graded without the sandbox")
    ]
    if format == "gradescope":
        result = json.loads((target / "ada.json").read_text())
        assert "--unsafe" in result["output"]
        assert result["extra_data"]["sandbox"] == ["none"]
        assert "--unsafe" not in (target / "bob.json").read_text()
    elif format != "canvas":
        assert target.read_bytes().count(b"--unsafe") == 1


# --------------------------------------------------------------------------------------
# Canvas
# --------------------------------------------------------------------------------------


def test_canvas(target):
    roster = [canvas_student("ada"), canvas_student("bob", "Noether, Bob", "102")]
    found = [record("ada"), record("bob", exercise("dense", right=False))]
    found += [record("zed")]
    notes = export(
        found, roster, "canvas", target, titles={"01-one-layer": "One layer"}
    )
    assert rows(target) == [
        [*CANVAS_HEADER, "One layer"],
        ["Points Possible", "", "", "", "", "4"],
        ["Lovelace, Ada", "101", "sis-ada", "ada@example.org", "Monday", "4"],
        ["Noether, Bob", "102", "sis-bob", "bob@example.org", "Monday", "0"],
    ]
    assert not target.read_bytes().startswith(b"\xef\xbb\xbf")
    assert any("zed: graded, but not on the roster, and left out" in n for n in notes)
    assert any("publish a new assignment for One layer" in note for note in notes)


@pytest.mark.parametrize("title", ["One layer", "One layer (4321)"])
def test_canvas_keeps_the_assignment_of_the_roster(target, title):
    roster = [canvas_student("ada", **{"One layer (4321)": "", "Other (1)": "3"})]
    notes = export(
        [record("ada")], roster, "canvas", target, titles={"01-one-layer": title}
    )
    assert rows(target)[0][5:] == ["One layer (4321)"]
    assert not any("new assignment" in note for note in notes)


def test_canvas_two_assignments_of_one_title(target):
    roster = [canvas_student("ada", **{"One layer (1)": "", "One layer (2)": ""})]
    with pytest.raises(ValueError, match=r"One layer \(1\), One layer \(2\)"):
        export(
            [record("ada")],
            roster,
            "canvas",
            target,
            titles={"01-one-layer": "One layer"},
        )


@pytest.mark.parametrize(
    "title", ["My Final Score", "Student", "Section", "=1", "a\nb"]
)
def test_canvas_refuses_a_title_that_it_would_not_keep(target, title):
    titles = {"01-one-layer": title}
    with pytest.raises(ValueError, match="title"):
        export(
            [record("ada")], [canvas_student("ada")], "canvas", target, titles=titles
        )
    assert not target.exists()


def test_canvas_refuses_equal_titles(target):
    found = [record("ada"), record("ada", chapter="02-b")]
    with pytest.raises(ValueError, match="different titles"):
        export(
            found,
            [canvas_student("ada")],
            "canvas",
            target,
            titles={"01-one-layer": "Layers", "02-b": "Layers"},
        )


def test_canvas_with_fewer_columns_in_the_roster(target):
    roster = [student("ada", "Ada L", ID="7")]
    export([record("ada")], roster, "canvas", target)
    assert rows(target)[0][:5] == CANVAS_HEADER
    assert rows(target)[2] == ["Ada L", "7", "", "", "", "4"]


def test_canvas_needs_an_identifier(target):
    with pytest.raises(ValueError, match="the roster has the columns email, group"):
        export([record("ada")], [student("ada", email="", group="")], "canvas", target)
    with pytest.raises(ValueError, match="ada: the roster has no ID"):
        export([record("ada")], [student("ada", ID="")], "canvas", target)


# --------------------------------------------------------------------------------------
# Moodle
# --------------------------------------------------------------------------------------


def test_moodle(target):
    wrong = exercise("dense", right=False, hint="Keep a < b & c.")
    found = [record("ada"), record("bob", wrong, exercise("loss"))]
    found += [record("bob", chapter="02-b", status="unreadable", note="not JSON")]
    export(
        found,
        [moodle_student("ada"), moodle_student("bob")],
        "moodle",
        target,
        titles={"01-one-layer": "One layer"},
    )
    assert rows(target) == [
        ["ID number", "One layer", "One layer (Feedback)", "02-b", "02-b (Feedback)"],
        ["n-ada", "4", "dense: 2 of 2. | loss: 2 of 2.", "-", ""],
        [
            "n-bob",
            "2",
            "dense: 0 of 2. 1 of 4 cases pass. 2 of 6 values differ. "
            "Keep a &lt; b &amp; c. | loss: 2 of 2.",
            "0",
            "The notebook could not be read. not JSON",
        ],
    ]


@pytest.mark.parametrize(
    ("fields", "header", "first"),
    [
        ({"ID number": "n-{}", "Email address": "{}@b.org"}, "ID number", "n-ada"),
        ({"ID number": "", "Email address": "{}@b.org"}, "Email address", "ada@b.org"),
        ({"ID number": "0", "Username": "{}"}, "Username", "ada"),
        ({"ID number": "same", "email": "{}@b.org"}, "Email address", "ada@b.org"),
    ],
)
def test_moodle_takes_a_column_that_tells_everybody_apart(
    target, fields, header, first
):
    roster = [
        student(id, **{name: value.format(id) for name, value in fields.items()})
        for id in ("ada", "bob")
    ]
    export([record("ada"), record("bob")], roster, "moodle", target)
    assert rows(target)[0][0] == header
    assert rows(target)[1][0] == first


def test_moodle_takes_0_for_an_empty_identifier(target):
    roster = [moodle_student("ada"), student("bob", **{"ID number": "0"})]
    with pytest.raises(ValueError, match="ID number is empty for bob"):
        export([record("ada"), record("bob")], roster, "moodle", target)


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"group": "A"}, "it has the columns group"),
        ({"ID number": ""}, "ID number is empty for ada, bob"),
        ({"Email address": "x@y.org"}, r"Email address is not unique \(x@y.org\)"),
    ],
)
def test_moodle_needs_an_identifier(target, fields, said):
    """A row without one would give its grades to the student before it."""
    roster = [student(id, **fields) for id in ("ada", "bob")]
    with pytest.raises(ValueError, match=said):
        export([record("ada")], roster, "moodle", target)
    assert not target.exists()


# --------------------------------------------------------------------------------------
# Gradescope
# --------------------------------------------------------------------------------------


def test_gradescope(target):
    wrong = exercise("dense", right=False, hint="Sum over the batch.")
    found = [record("ada", wrong, exercise("loss")), record("bob")]
    export(found, [student("ada"), student("eve")], "gradescope", target)
    assert sorted(path.name for path in target.iterdir()) == ["ada.json", "bob.json"]
    result = json.loads((target / "ada.json").read_text())
    assert result["score"] == 2
    assert result["max_score"] == 4
    assert result["visibility"] == "after_published"
    assert result["test_output_format"] == result["output_format"] == "text"
    assert result["tests"] == [
        {
            "name": "01-one-layer: dense",
            "max_score": 2,
            "output": "1 of 4 cases pass.\n2 of 6 values differ.\n"
            "given: X = [[1., 2.]]  shape (1, 2)\n"
            "came: [[3., 4.]]  shape (1, 2)\nhint: Sum over the batch.",
            "score": 0,
            "status": "failed",
        },
        {
            "name": "01-one-layer: loss",
            "max_score": 2,
            "output": "All 4 cases pass.",
            "score": 2,
            "status": "passed",
        },
    ]


def test_gradescope_visibility(target):
    export([record("ada")], [student("ada")], "gradescope", target, visibility="hidden")
    assert json.loads((target / "ada.json").read_text())["visibility"] == "hidden"
    with pytest.raises(ValueError, match="visibility must be one of"):
        export([record("ada")], [], "gradescope", target, visibility="never")


@pytest.mark.parametrize(
    "name",
    [
        "../ada",
        "a/b",
        "a\\b",
        ".hidden",
        "",
        "a\x00b",
        "a\u202eb",
        "a\n",
        "x" * 201,
        "a:b",
    ],
)
def test_an_id_that_is_no_file_name_is_refused(target, name):
    with pytest.raises(ValueError, match="cannot be the name of a file"):
        export([record("ok"), record(name)], [], "gradescope", target)
    assert not target.exists()


def test_ids_that_differ_in_case_only_are_refused(target):
    with pytest.raises(ValueError, match=r"Ada\.json and ada\.json"):
        export([record("ada"), record("Ada")], [], "gradescope", target)
    assert not target.exists()


# --------------------------------------------------------------------------------------
# Hostile text
# --------------------------------------------------------------------------------------


def is_harmless(cell):
    """Return whether no spreadsheet takes a cell for a formula."""
    return not cell.startswith(tuple("=+-@\t\r\uff1d\uff0b\uff0d\uff20"))


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
@pytest.mark.parametrize("format", ["csv", "canvas", "moodle"])
def test_no_cell_is_a_formula_or_hides_anything(target, format, text):
    made = exercise("dense", right=False, problem=text, hint=text, came=text)
    made |= {"given": [[text, text]], "source": text, "answers": text}
    second = exercise(text) if format == "csv" else exercise("loss")
    found = [record("ada", made, second, note=text, file=text)]
    found += [record("bob", status="unreadable", note=text)]
    fields = {"Student": text, "Section": text, "more": text}
    roster = [
        student("ada", text, **(ROSTERS[format]("ada").fields | fields)),
        ROSTERS[format]("bob"),
    ]
    export(found, roster, format, target)
    sheet = rows(target, "utf-8-sig")
    assert len(sheet) == (4 if format == "canvas" else 3)
    assert len({len(row) for row in sheet}) == 1
    for cell in (cell for row in sheet for cell in row):
        assert is_harmless(cell)
        assert not re.search("[\x00-\x1f\u202a-\u202e\u2066-\u2069\u200b]", cell)
        assert len(cell) < 10_000
        if format == "moodle":
            assert "<" not in cell


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_gradescope_takes_hostile_text_as_text(target, text):
    made = exercise(text, right=False, problem=text, hint=text, came=text)
    found = [record("ada", made | {"given": [[text, text]]}, note=text)]
    export(found, [], "gradescope", target)
    data = (target / "ada.json").read_bytes()
    assert len(data) < 60_000
    output = json.loads(data)["tests"][0]["output"]
    assert not re.search("[\x00-\x08\x0b-\x1f\u202e\ud800]", output)


@pytest.mark.parametrize(
    "id", ["=1", "+49", "-1", "@ada", "\uff1d1", "a\tb", "1\u202e2"]
)
@pytest.mark.parametrize(
    ("format", "column"), [("canvas", "SIS User ID"), ("moodle", "ID number")]
)
def test_an_identifier_that_would_have_to_be_escaped_is_refused(
    target, format, column, id
):
    roster = [ROSTERS[format]("bob"), ROSTERS[format]("ada")]
    roster[1].fields[column] = id
    with pytest.raises(ValueError, match=f"ada: the roster's {column} .* begins with"):
        export([record("ada"), record("bob")], roster, format, target)
    assert not target.exists()


def test_the_name_minus_1_is_escaped_and_a_number_is_not(target):
    below = record("ada", exercise(score=-1, right=False), score=-1)
    export([below], [student("ada", "-1")], "csv", target)
    assert rows(target, "utf-8-sig")[1][1:4] == ["'-1", "-1", "-1"]


# --------------------------------------------------------------------------------------
# Files and errors
# --------------------------------------------------------------------------------------


@pytest.mark.parametrize("format", FORMATS)
def test_the_order_of_the_records_makes_no_difference(tmp_path, format):
    found = [record("ada"), record("bob", *FAILED), record("bob", chapter="02-b")]
    roster = [ROSTERS[format]("ada"), ROSTERS[format]("bob")]
    export(found, roster, format, tmp_path / "a")
    export(found[::-1], roster, format, tmp_path / "b")
    one, two = tmp_path / "a", tmp_path / "b"
    if format == "gradescope":
        one, two = one / "bob.json", two / "bob.json"
    assert one.read_bytes() == two.read_bytes()


@pytest.mark.parametrize("format", FORMATS)
def test_a_second_time_replaces_the_first(target, format):
    roster = [ROSTERS[format]("ada")]
    export([record("ada", *FAILED)], roster, format, target)
    export([record("ada"), record("ada", chapter="02-b")], roster, format, target)
    path = target / "ada.json" if format == "gradescope" else target
    assert "02-b" in path.read_text(encoding="utf-8-sig")
    assert [p.name for p in path.parent.iterdir()] == [path.name]


CANVAS_EXPORT = (
    "Student,ID,SIS User ID,SIS Login ID,Section,One (1),Current Score\r\n"
    '    Points Possible,,,,,4,(read only)\r\n"Lovelace, Ada",1,s,a,M,4,100\r\n'
)


@pytest.mark.parametrize("format", FORMATS)
@pytest.mark.parametrize(
    "content",
    [
        "",
        "student,name,email\r\nada,Ada,a@b.org\r\n",
        CANVAS_EXPORT,
        "First name,Last name,ID number,One (Real)\r\nAda,L,1,4\r\n",
        "{}",
        '{"extra_data": []}',
        "[" * 100_000,
        "\x00\xff",
        'an "open',
        "x" * 200_000,
    ],
    ids=range(10),
)
def test_another_file_is_not_overwritten(tmp_path, format, content):
    target = tmp_path / "ada.json"
    target.write_text(content, encoding="utf-8", newline="")
    place = tmp_path if format == "gradescope" else target
    with pytest.raises(FileExistsError, match=r"ada\.json is there already"):
        export([record("ada")], [ROSTERS[format]("ada")], format, place)
    assert target.read_bytes() == content.encode()
    assert [path.name for path in tmp_path.iterdir()] == ["ada.json"]


def test_a_sheet_of_another_format_is_not_overwritten(target):
    export([record("ada")], [canvas_student("ada")], "canvas", target)
    with pytest.raises(FileExistsError):
        export([record("ada")], [moodle_student("ada")], "moodle", target)


def test_a_folder_is_not_overwritten(target):
    target.mkdir()
    with pytest.raises(FileExistsError):
        export([record("ada")], [student("ada")], "csv", target)


def test_nothing_of_a_file_is_there_when_writing_it_fails(target, monkeypatch):
    export([record("ada")], [student("ada")], "csv", target)
    before = target.read_bytes()

    def fail(*_):
        raise OSError("no space left")

    monkeypatch.setattr("course_utils.grading.export.os.replace", fail)
    with pytest.raises(OSError, match="no space left"):
        export([record("ada"), record("bob")], [student("ada")], "csv", target)
    assert target.read_bytes() == before
    assert [path.name for path in target.parent.iterdir()] == [target.name]


@pytest.mark.parametrize("format", FORMATS)
def test_a_roster_of_another_course(target, format):
    with pytest.raises(
        ValueError, match=r"no student of the roster was graded.*ada.*eve"
    ):
        export([record("ada")], [ROSTERS[format]("eve")], format, target)
    assert not target.exists()


@pytest.mark.parametrize("format", ["canvas", "moodle"])
def test_a_platform_needs_a_roster(target, format):
    with pytest.raises(ValueError, match="the roster has nobody"):
        export([record("ada")], [], format, target)


def test_without_results(target):
    with pytest.raises(ValueError, match="run `course grade` first"):
        export([], [student("ada")], "csv", target)


def test_an_unknown_format(target):
    with pytest.raises(ValueError, match="canvas, csv, gradescope, moodle, got 'xls'"):
        export([record("ada")], [student("ada")], "xls", target)


# --------------------------------------------------------------------------------------
# Text
# --------------------------------------------------------------------------------------


def test_every_status_is_explained():
    for status in ("timeout", "oom", "crash", "output_limit", "unreadable", "missing"):
        assert explain(exercise(status=status)) == STATUSES[status]
    assert explain(exercise()) == "All 4 cases pass."
    assert explain(exercise(passed=1, cases=1)) == "The case passes."
    assert explain(exercise(right=False)) == "1 of 4 cases pass."


def test_visible_keeps_what_is_seen():
    for text in ("👩‍🔬 naïve Ω", "می‌خواهم", "a\n\tb"):
        assert visible(text) == text
    assert visible("a\r\nb\rc") == "a\nb⟨U+000D⟩c"
    assert visible("\ud800").encode() == "⟨U+D800⟩".encode()


def test_clip_and_escape():
    assert clip("x" * 10, 10) == "x" * 10
    assert clip("x" * 1001, 1000).endswith("x … (1,001 characters in all)")
    assert escape_cell("  \n =1") == "'=1"
    assert file_name("ada.lovelace@example.org") == "ada.lovelace@example.org"
