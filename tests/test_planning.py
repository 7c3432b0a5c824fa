"""The instructors' plans: every path has what its chapters need, in time."""

import re
from pathlib import Path

import nbformat
import pytest
from chapter_map import MINUTES, direct_needs, draw, levels, read_chapter
from run_notebook import ROOT, toc_notebooks
from sphinx.errors import ExtensionError

CHAPTERS = [
    read_chapter(f"book/{path.stem}", nbformat.read(path, as_version=4))
    for path in toc_notebooks()
    if path.name[0].isdigit()
]
NEEDS = {chapter.label: chapter.needs for chapter in CHAPTERS}
PLAN = (ROOT / "book" / "planning.md").read_text(encoding="utf-8")
PATHS = dict(re.findall(r"^### (.*)\n((?:(?!^##).*\n)+)", PLAN, re.MULTILINE))


CLINIC = nbformat.read(ROOT / "book" / "clinic.ipynb", as_version=4).cells[0].source


def needs_of_clinic():
    return re.findall(r"\{ref\}`(ch-[\w-]+)`", CLINIC)


@pytest.mark.parametrize("name", PATHS)
def test_a_path_has_what_its_chapters_need_before_them(name):
    needs = NEEDS | {"clinic": needs_of_clinic()}
    seen = set()
    for label in re.findall(r"\{ref\}`(ch-[\w-]+|clinic)`", PATHS[name]):
        assert set(needs[label]) <= seen, label
        seen.add(label)
    assert len(seen) >= 5


@pytest.mark.parametrize("name", PATHS)
def test_the_minutes_of_a_row_are_those_that_its_chapters_say(name):
    minutes = {chapter.label: chapter.minutes for chapter in CHAPTERS}
    minutes["clinic"] = int(MINUTES.search(CLINIC)[1])
    rows = re.findall(r"^\| \d+ \|(.*?)\| (\d+) \|", PATHS[name], re.MULTILINE)
    assert len(rows) == {"One week": 5, "Four weeks": 4, "Twelve weeks": 12}[name]
    for chapters, said in rows:
        labels = re.findall(r"`(ch-[\w-]+|clinic)`", chapters)
        assert int(said) == sum(minutes[label] for label in labels), chapters


def test_there_are_paths_of_1_4_and_12_weeks_and_the_last_is_the_whole_book():
    assert list(PATHS) == ["One week", "Four weeks", "Twelve weeks"]
    assert set(NEEDS) <= set(re.findall(r"`(ch-[\w-]+)`", PATHS["Twelve weeks"]))


def test_every_chapter_has_a_belief_that_it_speaks_against():
    rows = PLAN.split("## What students believe")[1].split("\n## ")[0]
    assert re.findall(r"^\| \{ref\}`(ch-[\w-]+)`", rows, re.MULTILINE) == list(NEEDS)


def test_a_chapter_needs_only_chapters_before_it():
    number = {chapter.label: chapter.number for chapter in CHAPTERS}
    for chapter in CHAPTERS:
        assert all(number[need] < chapter.number for need in chapter.needs)
    rows = [[chapter.label for chapter in row] for row in levels(CHAPTERS)]
    assert rows[0] == ["ch-one-layer"]


def test_the_graph_has_each_chapter_and_no_line_that_follows_from_others():
    first, second, third = CHAPTERS[0], CHAPTERS[1], CHAPTERS[2]
    third = third._replace(needs=[first.label, second.label])
    assert direct_needs([first, second, third])[third.label] == [second.label]
    drawn = draw(CHAPTERS, Path("book"))
    for chapter in CHAPTERS:
        assert f'href="{Path(chapter.docname).name}.html"' in drawn
    lines = sum(map(len, direct_needs(CHAPTERS).values()))
    assert drawn.count("<path") == lines


def test_a_chapter_that_does_not_say_what_it_needs_is_named():
    cell = nbformat.v4.new_markdown_cell("(ch-a)=\n# A\n\n**Time** about 5 minutes.")
    notebook = nbformat.v4.new_notebook(cells=[cell])
    with pytest.raises(ExtensionError, match=r"first cell of book/23-a must have"):
        read_chapter("book/23-a", notebook)
