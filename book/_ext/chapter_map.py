"""The directives ``{chapter-graph}`` and ``{chapter-table}``: what needs what.

Both are read from the chapters: what a chapter needs from the first sentence that
follows **You need**, its minutes from **Time**.
"""

import re
from html import escape
from pathlib import Path
from statistics import mean
from textwrap import wrap
from typing import NamedTuple

import nbformat
from docutils import nodes
from gathered import LABEL, GatheredDirective
from hidden_layers_site import chapter_number
from sphinx.application import Sphinx
from sphinx.errors import ExtensionError

NEEDS = re.compile(r"\*\*You need\*\*(.*?)[.;]\s", re.DOTALL)
REFERENCE = re.compile(r"\{ref\}`(?:[^`<]*<)?(ch-[\w-]+)>?`")
MINUTES = re.compile(r"\*\*Time\*\* about (\d+) minutes")
TITLE = re.compile(r"^# (.+)$", re.MULTILINE)

BOX, HEIGHT, GAP, ROW = 116, 58, 8, 106  # the graph, in units of its view box
LINE = 12


class Chapter(NamedTuple):
    """What the first cell of a chapter says about it."""

    number: int
    label: str
    title: str
    needs: list[str]
    minutes: int
    docname: str


def read_chapter(docname: str, notebook: nbformat.NotebookNode) -> Chapter:
    """Return what a chapter's first cell says.

    Raises
    ------
    ExtensionError
        It lacks the label, the title, **You need** or **Time**.
    """
    text = notebook.cells[0].source
    found = [pattern.search(text) for pattern in (LABEL, TITLE, NEEDS, MINUTES)]
    if not all(found):
        raise ExtensionError(
            f"the first cell of {docname} must have a label, a title, "
            "'**You need** ... .' and '**Time** about N minutes'"
        )
    label, title, needs, minutes = (match[1] for match in found)
    number = chapter_number(docname)
    return Chapter(
        number, label, title, REFERENCE.findall(needs), int(minutes), docname
    )


def direct_needs(chapters: list[Chapter]) -> dict[str, list[str]]:
    """Return for each label what it needs beyond what its other needs need."""
    everything: dict[str, set[str]] = {}
    direct = {}
    for chapter in chapters:  # in the order of the book, so needs come first
        behind = set().union(*(everything[need] for need in chapter.needs))
        everything[chapter.label] = behind | set(chapter.needs)
        direct[chapter.label] = [n for n in chapter.needs if n not in behind]
    return direct


def levels(chapters: list[Chapter]) -> list[list[Chapter]]:
    """Return the rows of the graph: each chapter one below the lowest that it needs."""
    level: dict[str, int] = {}
    rows: list[list[Chapter]] = []
    for chapter in chapters:
        row = 1 + max((level[need] for need in chapter.needs), default=-1)
        level[chapter.label] = row
        rows += [[]] * (row + 1 - len(rows))
        rows[row] = [*rows[row], chapter]
    return rows


def draw(chapters: list[Chapter], folder: Path) -> str:
    """Return the graph as SVG, each chapter a link for a page in `folder`."""
    rows = levels(chapters)
    width = max(map(len, rows)) * (BOX + GAP) + GAP
    height = (len(rows) - 1) * ROW + HEIGHT + 2 * GAP
    top: dict[str, tuple[float, float]] = {}  # the middle of each box's upper edge
    for r, row in enumerate(rows):
        row = sorted(row, key=lambda each: mean([top[n][0] for n in each.needs] or [0]))
        left = (width - len(row) * (BOX + GAP) + GAP) / 2
        for c, chapter in enumerate(row):
            top[chapter.label] = (left + c * (BOX + GAP) + BOX / 2, r * ROW + GAP)
    parts = []
    for label, needs in direct_needs(chapters).items():
        x, y = top[label]
        for u, v in (top[need] for need in needs):
            v += HEIGHT
            parts.append(f'<path d="M {u} {v} C {u} {v + 34}, {x} {y - 34}, {x} {y}"/>')
    for chapter in chapters:
        x, y = top[chapter.label]
        lines = wrap(f"{chapter.number}. {chapter.title}", 18)
        first = y + (HEIGHT - LINE * len(lines)) / 2 + 10
        text = "".join(
            f'<tspan x="{x}" y="{first + LINE * i}">{escape(line)}</tspan>'
            for i, line in enumerate(lines)
        )
        page = Path(chapter.docname).relative_to(folder)
        parts.append(
            f'<a href="{page}.html"><rect x="{x - BOX / 2}" y="{y}" width="{BOX}" '
            f'height="{HEIGHT}" rx="6"/><text>{text}</text></a>'
        )
    return (
        f'<svg class="chapter-graph" viewBox="0 0 {width} {height}" role="group" '
        'aria-label="Which chapter needs which. The table says the same.">'
        f"{''.join(parts)}</svg>"
    )


class ChapterDirective(GatheredDirective):
    """What the two directives share: the chapters of the book, in order."""

    def chapters(self) -> list[Chapter]:
        """Return the chapters."""
        return [
            read_chapter(docname, notebook)
            for docname, notebook in self.notebooks()
            if chapter_number(docname) is not None
        ]


class ChapterTable(ChapterDirective):
    """A row for each chapter: what it needs, and how long it takes."""

    def run(self) -> list[nodes.Node]:
        """Return the table."""
        rows = ["| chapter | needs | minutes |", "|---|---|---|"]
        chapters = self.chapters()
        number = {chapter.label: chapter.number for chapter in chapters}
        for chapter in chapters:
            needs = ", ".join(
                f"{{ref}}`{number[need]} <{need}>`"
                for need in sorted(chapter.needs, key=number.get)
            )
            title = f"{chapter.number}. {{ref}}`{chapter.label}`"
            rows.append(f"| {title} | {needs or 'none'} | {chapter.minutes} |")
        return self.parse(rows)


class ChapterGraph(ChapterDirective):
    """The chapters as boxes, with a line from each to those that need it."""

    def run(self) -> list[nodes.Node]:
        """Return the graph."""
        graph = draw(self.chapters(), Path(self.env.docname).parent)
        return [nodes.raw("", graph, format="html")]


def setup(app: Sphinx) -> dict[str, bool]:
    """Connect the directives to Sphinx."""
    app.add_directive("chapter-table", ChapterTable)
    app.add_directive("chapter-graph", ChapterGraph)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
