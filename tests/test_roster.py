"""Rosters as Canvas, Moodle and people write them, and what is wrong with some."""

import pytest

from course_utils.grading.roster import Student, id_problem, read_roster

CANVAS = """\
Student,ID,SIS User ID,SIS Login ID,Section,08 Backprop (77)
,,,,,Manual Posting
    Points Possible,,,,,7
"Lovelace, Ada",1234,S1,ada@example.org,A and B,5
"de la Cruz, Maria Ana",1235,,,A,
"Student, Test",99,,,A,
"""
PARTICIPANTS = """\
First name,Last name,ID number,Email address,Groups
Ada,Lovelace,,ada@example.org,
José,O'Brien,,jose@example.org,Blue
"""


@pytest.fixture
def write(tmp_path):
    def write(text, encoding="utf-8"):
        path = tmp_path / "roster.csv"
        path.write_bytes(text if isinstance(text, bytes) else text.encode(encoding))
        return path

    return write


def read(path):
    return [(student.id, student.name) for student in read_roster(path)]


# What is read -------------------------------------------------------------------------


def test_a_plain_roster(write):
    path = write("student,name,email\nada,Ada Lovelace,ada@example.org\n\nbob,,\n")
    students = read_roster(path)
    fields = {"student": "ada", "name": "Ada Lovelace", "email": "ada@example.org"}
    assert students[0] == Student("ada", "Ada Lovelace", fields)
    assert (students[1].id, students[1].name) == ("bob", "bob")


def test_a_canvas_gradebook_without_the_rows_that_are_no_students(write):
    path = write(CANVAS)
    assert read(path) == [("1234", "Ada Lovelace"), ("1235", "Maria Ana de la Cruz")]
    fields = read_roster(path)[0].fields
    assert list(fields) == CANVAS.splitlines()[0].split(",")
    assert fields["Student"] == "Lovelace, Ada"


def test_a_student_without_a_name_in_canvas_is_a_student(write):
    assert read(write(CANVAS + ",1240,,bob,A,\n"))[2:] == [("1240", "1240")]


def test_a_canvas_gradebook_with_first_and_last_names(write):
    path = write(
        "LastName,FirstName,ID,SIS Login ID,Section\n    Points Possible,,,,\n"
        "Lovelace,Ada,1234,ada,A\nStudent,Test,99,,A\n"
    )
    assert read(path) == [("1234", "Ada Lovelace")]


def test_moodle_participants_whose_id_numbers_are_all_empty(write):
    path = write(PARTICIPANTS, "utf-8-sig")
    assert read(path) == [
        ("ada@example.org", "Ada Lovelace"),
        ("jose@example.org", "José O'Brien"),
    ]


def test_moodle_grades_with_id_numbers(write):
    path = write(
        "First name,Surname,ID number,Institution,Email address,Assignment: 08 (Real)\n"
        "Ada,Lovelace,a1,,ada@example.org,-\n"
    )
    assert read(path) == [("a1", "Ada Lovelace")]


def test_the_grading_worksheet_of_moodle(write):
    path = write(
        "Identifier,Full name,ID number,Email address,Status,Grade\n"
        "Participant 42,Ada Lovelace,a1,ada@example.org,,\n"
    )
    (student,) = read_roster(path)
    assert (student.id, student.name) == ("a1", "Ada Lovelace")
    assert student.get("IDENTIFIER") == "Participant 42"


@pytest.mark.parametrize(
    ("titles", "column"),
    [
        (
            "email,sis login id,email address,username,id number,student id,id,student",
            6,
        ),
        ("email,sis login id,email address,username,id number,student id,student", 6),
        ("email,sis login id,email address,username,id number,student id", 5),
        ("email,sis login id,email address,username,id number", 4),
        ("email,sis login id,email address,username", 3),
        ("email,sis login id,email address", 2),
        ("email,sis login id", 1),
        ("email", 0),
    ],
)
def test_the_order_in_which_columns_give_the_id(write, titles, column):
    row = ",".join(f"c{i}" for i in range(titles.count(",") + 1))
    assert read_roster(write(f"{titles}\n{row}\n"))[0].id == f"c{column}"


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_delimiters_and_line_ends(write, delimiter, end):
    lines = ["student,name", "ada,Ada", "bob,Bob"]
    text = end.join(lines).replace(",", delimiter)
    assert read(write(text)) == [("ada", "Ada"), ("bob", "Bob")]


def test_a_cell_with_a_line_break_and_a_line_separator(write):
    path = write('student,name\nada,"Ada\r\nLovelace\u2028King"\nbob,Bob\n')
    assert read_roster(path)[0].fields["name"] == "Ada\r\nLovelace\u2028King"
    assert read(path) == [("ada", "Ada Lovelace King"), ("bob", "Bob")]


# What is not --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("student,name\nada,A\n,B\n", "line 3: student '' is empty"),
        (
            "student,name\nada,A\nbob,B\nAda,C\n",
            "line 4: student 'Ada' is the one of l",
        ),
        ("student\n../ada\n", "line 2: student '../ada' cannot name a folder: change"),
        ("First name,ID number\nA,1\nB,\n", "line 3: id number '' is empty"),
        ("student,name\nada,Love, Ada\n", "line 2: 3 cells, expected 2 as in line 1"),
        ('student,name\nada,"Ada\nbob,Bob\n', "line 3: unexpected end of data"),
        ("name,mail\nAda,x\n", "line 1: no column with .* found name, mail"),
        ("student,name\n", "no student found"),
        ("", "no student found"),
        (CANVAS.partition('"Love')[0], "no student found"),
    ],
)
def test_errors_name_the_file_the_line_and_what_is_expected(write, text, message):
    path = write(text)
    with pytest.raises(ValueError, match=message) as error:
        read_roster(path)
    assert str(error.value).startswith(str(path))


@pytest.mark.parametrize("encoding", ["latin-1", "utf-16", "cp1252"])
def test_other_encodings_are_refused_and_not_guessed(write, encoding):
    path = write("student,name\nada,Ada\njose,José\n", encoding)
    line = 1 if encoding == "utf-16" else 3
    with pytest.raises(ValueError, match=rf"line {line}: this is not UTF-8.*CSV UTF-8"):
        read_roster(path)


@pytest.mark.parametrize("student_id", ["a", "1234", "_x", "a.b-c_d+e@example.org"])
def test_ids_that_name_a_folder(student_id):
    assert id_problem(student_id) is None


@pytest.mark.parametrize(
    "student_id",
    [
        "..",
        ".a",
        "-a",
        "@a",
        "a/b",
        "a\\b",
        "a b",
        "a:b",
        "a\n",
        "a.",
        "é",
        "con",
        "NUL.x",
    ]
    + ["x" * 65, "a\0", "=a", "٣"],
)
def test_ids_that_do_not(student_id):
    assert "cannot name a folder" in id_problem(student_id)
