"""The student edition: what is in it, what is not, and what is proved first."""

import json

import pytest
from example_course import write_book

from course_utils.exercises import make_cases, public_declaration
from course_utils.grading import editions
from course_utils.grading.editions import (
    Chapter,
    LeakError,
    choose,
    code_lines,
    find_chapters,
    find_leaks,
    shown_text,
    solution_lines,
    solved,
    without_solutions,
    write_release,
)
from course_utils.grading.grader import grade_one, make_answer_key

SECRET = bytes(32)


@pytest.fixture
def chapter(tmp_path):
    """The small chapter, with its public cases."""
    made = Chapter(write_book(tmp_path / "course" / "book"))
    write_cases(made)
    return made


def write_cases(chapter):
    chapter.cases.write_text(json.dumps(make_cases(chapter.notebook)))


def change(path, before, after):
    """Change a text in a file, where it must be."""
    text = path.read_text()
    assert before in text
    path.write_text(text.replace(before, after))


@pytest.fixture
def prove(chapter):
    """Grade as `course assign` does, without the time that a sandbox takes."""
    key = make_answer_key(chapter.notebook, SECRET)

    def grade(slug, notebook):
        assert slug == chapter.slug
        return grade_one(notebook, key, sandboxed=False)["exercises"]

    return grade


# ----------------------------------------------------------------------------- chapters


def test_a_chapter_knows_its_title_time_and_points(chapter):
    assert chapter.slug == "01-small"
    assert chapter.title() == "A small chapter"
    assert chapter.minutes() == 5
    assert chapter.points() == {"double": 1, "outer": 2}


@pytest.mark.parametrize("name", ["1", "01", "01-small"])
def test_chapters_are_chosen_by_number_or_name(chapter, name):
    (found,) = find_chapters(chapter.notebook.parent)
    assert choose([found], [name, name]) == [chapter]


def test_an_unknown_chapter_is_answered_with_those_there_are(chapter):
    with pytest.raises(ValueError, match="no chapter 7; there are 01-small"):
        choose([chapter], ["7"])


def test_no_chapters_and_a_lost_notebook_are_said(chapter, tmp_path):
    with pytest.raises(FileNotFoundError, match="--book"):
        find_chapters(tmp_path)
    chapter.notebook.unlink()
    with pytest.raises(FileNotFoundError, match="no notebook"):
        find_chapters(chapter.notebook.parent)


# ----------------------------------------------------------------- public declarations


def test_the_public_declaration_keeps_what_the_check_needs_and_nothing_else(chapter):
    public = public_declaration(chapter.declaration.read_text())
    assert "def numbers(rng)" in public
    assert "'double'" in public
    for gone in ("mistakes", "twice_as_much", "square", "SQUARED", "#"):
        assert gone not in public


def test_constants_of_constants_that_only_mistakes_use_go_too():
    source = (
        "A = 'secret'\nB = A + '!'\nC = 3\nD, E = 4, 5\n"
        "EXERCISES = [Exercise('f', C, D, mistakes=(Mistake(B, E, ''),))]\n"
    )
    assert public_declaration(source) == (
        "C = 3\nD, E = (4, 5)\nEXERCISES = [Exercise('f', C, D)]\n"
    )


# -------------------------------------------------------------------------- the edition


def test_the_edition_lacks_the_solutions_and_nothing_else(chapter):
    whole = chapter.read()
    edition = without_solutions(whole)
    assert len(edition["cells"]) == len(whole["cells"]) - 2
    assert "BEGIN SOLUTION" not in json.dumps(edition)
    filled = solved(edition, {"double": "D", "outer": "O"})
    sources = [cell["source"] for cell in filled["cells"]]
    assert "D" in sources and "O" in sources
    assert "NotImplementedError" not in json.dumps(filled)


def test_the_release_holds_what_a_student_needs(chapter, prove, tmp_path):
    release = tmp_path / "out" / "release"
    write_release([chapter], release, prove)
    assert {p.name for p in release.iterdir()} == {
        *("01-small.ipynb", "exercises", "course_utils", "assignment.json"),
        *("requirements.txt", "constraints.txt", "README.md"),
    }
    assert [p.name for p in (tmp_path / "out").iterdir()] == ["release"]
    assert {p.name for p in (release / "exercises").iterdir()} == {
        "01-small.py",
        "01-small.json",
    }
    assert "-e ." not in (release / "requirements.txt").read_text()
    assert "double (1), outer (2)" in (release / "README.md").read_text()
    assert json.loads((release / "assignment.json").read_text()) == [
        {
            "chapter": "01-small",
            "title": "A small chapter",
            "points": {"double": 1, "outer": 2},
        }
    ]
    assert find_leaks(release, solution_lines([chapter])) == []


def test_a_release_replaces_a_release_and_nothing_else(chapter, prove, tmp_path):
    release = tmp_path / "release"
    write_release([chapter], release, prove)
    change(chapter.notebook, "A small chapter", "Another title")
    write_release([chapter], release, prove)
    assert "Another title" in (release / "01-small.ipynb").read_text()
    (release / "assignment.json").unlink()
    with pytest.raises(FileExistsError, match="other things than a release"):
        write_release([chapter], release, prove)


# ---------------------------------------------------------------------- what is proved


def nothing_is_written(tmp_path):
    return not (tmp_path / "release").exists() and not any(tmp_path.glob(".release*"))


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("(2, 5)", "(2, 6)"),
        ("1,\n        numbers", "3,\n        numbers"),
        ("square", "cube"),
    ],
)
def test_public_cases_of_another_declaration_stop_the_release(
    chapter, prove, tmp_path, before, after
):
    change(chapter.declaration, before, after)
    with pytest.raises(LeakError, match="Run `course cases"):
        write_release([chapter], tmp_path / "release", prove)
    assert nothing_is_written(tmp_path)
    write_cases(chapter)
    write_release([chapter], tmp_path / "release", prove)


def test_public_cases_that_were_never_made_are_asked_for(chapter, prove, tmp_path):
    chapter.cases.unlink()
    with pytest.raises(FileNotFoundError, match="course cases --book"):
        write_release([chapter], tmp_path / "release", prove)


def test_a_solution_that_does_not_earn_full_marks_stops_the_release(
    chapter, prove, tmp_path, monkeypatch
):
    monkeypatch.setattr(editions, "_check_cases", lambda chapter: None)
    change(chapter.notebook, "x + x", "x + 1")
    with pytest.raises(LeakError, match="solution of double earns 0 of 1 points"):
        write_release([chapter], tmp_path / "release", prove)
    assert nothing_is_written(tmp_path)


def test_a_stub_that_earns_points_stops_the_release(chapter, prove, tmp_path):
    notebook = chapter.read()
    for cell in notebook["cells"]:
        if "exercise-stub" in cell["metadata"]["tags"]:
            cell["source"] = cell["source"].replace(
                "raise NotImplementedError", "return 2 * x"
            )
    chapter.notebook.write_text(json.dumps(notebook))
    with pytest.raises(LeakError, match="stub of double earns 1 of 1 points"):
        write_release([chapter], tmp_path / "release", prove)
    assert nothing_is_written(tmp_path)


@pytest.mark.parametrize("place", ["text cell", "code cell", "output", "declaration"])
def test_a_solution_that_is_left_somewhere_stops_the_release(
    chapter, prove, tmp_path, place
):
    line = "return x[:, None] * y[None, :]"
    notebook = chapter.read()
    if place == "text cell":
        # As part of a longer line: a line on its own is text that the chapter shows.
        notebook["cells"][0]["source"] += f"\nThe answer is `{line}`."
    elif place == "code cell":
        notebook["cells"][1]["source"] += f"\nprint('{line}')"
    elif place == "output":
        notebook["cells"][1]["outputs"] = [
            {"output_type": "stream", "name": "stdout", "text": [f"{line}\n"]}
        ]
    else:
        change(chapter.declaration, "Yield x, y.", f"Yield x, y: {line}")
    chapter.notebook.write_text(json.dumps(notebook))
    with pytest.raises(LeakError, match=r"return x\[:, None\]"):
        write_release([chapter], tmp_path / "release", prove)
    assert nothing_is_written(tmp_path)


def test_lines_that_the_chapter_or_the_package_shows_are_no_secret(chapter):
    assert solution_lines([chapter]) == {
        "twice_as_much = x + x",
        "return twice_as_much",
        "return x[:, None] * y[None, :]",
    }
    change(chapter.notebook, "**You need", "twice_as_much = x + x\\n**You need")
    assert "twice_as_much = x + x" not in solution_lines([chapter])


def test_lines_of_code_come_without_comments_and_indents():
    assert code_lines("if x:  # why\n    return 'a # b'\n\n# all\n") == {
        "if x:",
        "return 'a # b'",
    }
    assert code_lines("no (python\n  at all") == {"no (python", "at all"}


def test_the_text_of_a_file_is_what_a_person_reads(tmp_path):
    page = tmp_path / "a.html"
    page.write_text("<b>x</b> <i>&lt;</i> 1")
    assert shown_text(page) == "x < 1"
    data = tmp_path / "a.json"
    data.write_text(r'{"a": ["say \"x\"\nto y", {"b": 3}]}')
    assert 'say "x"\nto y' in shown_text(data)
