"""The directives of the pages that are gathered from the chapters.

``{published-summary}`` gives a table of all comparisons with published figures, and
``{published} key ...`` those of some keys in full: from what the chapters print.
``{claims}`` gives a table of the popular claims, from the paragraphs of their verdicts.
"""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import nbformat
from docutils import nodes
from docutils.statemachine import StringList
from sphinx.application import Sphinx
from sphinx.errors import ExtensionError
from sphinx.util.docutils import SphinxDirective

from course_utils import published
from course_utils.published import PUBLISHED, Comparison

LABEL = re.compile(r"^\((ch-[\w-]+)\)=", re.MULTILINE)
VERDICTS = ("holds", "holds with limits", "does not hold")
CLAIM = re.compile(
    r"^\((?P<label>claim-[\w-]+)\)=\n"
    r"\*\*Claim\.\*\* \*(?P<claim>[^*\n]+)\*\n"
    rf"\*\*Verdict: (?P<verdict>{'|'.join(VERDICTS)})\.\*\*\s(?P<why>(?:.+\n?)+)",
    re.MULTILINE,
)
FIGURE = re.compile(r"\{numref\}`(?:[^`<]*<)?(fig-[\w-]+)>?`")


class Computed(NamedTuple):
    """A comparison and the label of the chapter that printed it."""

    comparison: Comparison
    chapter: str


def comparisons(notebook: nbformat.NotebookNode) -> Iterator[Computed]:
    """Yield the comparisons that the cells of a notebook print."""
    for cell in notebook.cells:
        for output in cell.get("outputs", []):
            for comparison in published.read(output.get("text", "")):
                yield Computed(comparison, LABEL.search(notebook.cells[0].source)[1])


class Claim(NamedTuple):
    """A popular claim as a chapter puts it, and what the chapter makes of it."""

    label: str
    claim: str
    verdict: str
    figures: list[str]
    chapter: str


def claims(notebook: nbformat.NotebookNode) -> Iterator[Claim]:
    """Yield the claims on which the text of a notebook has a verdict."""
    for cell in notebook.cells:
        if cell.cell_type != "markdown":
            continue
        for found in CLAIM.finditer(cell.source):
            figures = list(dict.fromkeys(FIGURE.findall(found["why"])))
            chapter = LABEL.search(notebook.cells[0].source)[1]
            yield Claim(
                found["label"], found["claim"], found["verdict"], figures, chapter
            )


class GatheredDirective(SphinxDirective):
    """What the directives share: the notebooks, and Markdown into nodes."""

    def notebooks(self) -> Iterator[tuple[str, nbformat.NotebookNode]]:
        """Yield each notebook with its name; the page then depends on it."""
        for docname in sorted(self.env.found_docs):
            path = Path(self.env.doc2path(docname))
            if path.suffix == ".ipynb":
                self.env.note_dependency(str(path))
                yield docname, nbformat.read(path, as_version=4)

    def parse(self, markdown: list[str]) -> list[nodes.Node]:
        """Return what some lines of MyST Markdown stand for."""
        parent = nodes.Element()
        lines = StringList("\n".join(markdown).splitlines(), self.get_location())
        self.state.nested_parse(lines, self.content_offset, parent)
        return parent.children


class PublishedDirective(GatheredDirective):
    """What the two directives of published figures share: the comparisons."""

    def computed(self) -> dict[str, Computed]:
        """Return every comparison of the book by its key; read once for a page."""
        known = self.env.temp_data  # of this page
        if "published" not in known:
            known["published"] = self.read_chapters()
        return known["published"]

    def read_chapters(self) -> dict[str, Computed]:
        """Read the comparisons from the notebooks."""
        self.env.note_dependency(published.__file__)
        found: dict[str, Computed] = {}
        for _, notebook in self.notebooks():
            for one in comparisons(notebook):
                key = one.comparison.key
                if key in found:
                    raise ExtensionError(
                        f"{key} is printed twice: in the chapters "
                        f"{found[key].chapter} and {one.chapter}"
                    )
                found[key] = one
        if found.keys() != PUBLISHED.keys():
            missing = sorted(PUBLISHED.keys() - found.keys())
            raise ExtensionError(f"no chapter prints compare() of {', '.join(missing)}")
        return found


class Summary(PublishedDirective):
    """A row for each key: what, by whom, and how many of its figures are reached."""

    def run(self) -> list[nodes.Node]:
        """Return the table."""
        computed = self.computed()
        rows = ["| what | published by | reached | computed in |", "|---|---|---|---|"]
        for key, figures in PUBLISHED.items():
            reached = computed[key].comparison.reached()
            rows.append(
                f"| {figures.what} | {{cite:t}}`{figures.source}` "
                f"| {sum(reached)} of {len(reached)} "
                f"| {{numref}}`{computed[key].chapter}` |"
            )
        return self.parse(rows)


class Figures(PublishedDirective):
    """The comparisons of the keys in the argument, each with rule and reason."""

    required_arguments = 1
    final_argument_whitespace = True

    def run(self) -> list[nodes.Node]:
        """Return a table and a paragraph for each key."""
        computed = self.computed()
        markdown = []
        for key in self.arguments[0].split():
            (comparison, chapter), figures = computed[key], PUBLISHED[key]
            header = comparison.header()
            markdown += [
                f"**{figures.what}** ({{cite:t}}`{figures.source}`, {figures.place}; "
                f"computed in {{numref}}`{chapter}`)",
                "",
                f"| {' | '.join(header)} |",
                "|---" * len(header) + "|",
                *(f"| {' | '.join(row)} |" for row in comparison.rows),
                "",
                f"*Reached* means: {figures.rule()}. {figures.why} {figures.reason}",
                "",
            ]
        return self.parse(markdown)


class Claims(GatheredDirective):
    """A row for each popular claim: its verdict, and the figures that decide it."""

    def run(self) -> list[nodes.Node]:
        """Return the table."""
        rows = ["| the claim | verdict | decided by | in |", "|---|---|---|---|"]
        for _, notebook in self.notebooks():
            for claim in claims(notebook):
                figures = ", ".join(f"{{numref}}`{name}`" for name in claim.figures)
                figures = figures or f"{{ref}}`a table there <{claim.label}>`"
                text = claim.claim.replace("`", "")  # which would end the role
                rows.append(
                    f"| {{ref}}`{text} <{claim.label}>` | {claim.verdict} "
                    f"| {figures} | {{numref}}`{claim.chapter}` |"
                )
        return self.parse(rows)


def setup(app: Sphinx) -> dict[str, bool]:
    """Connect the directives to Sphinx."""
    app.add_directive("published-summary", Summary)
    app.add_directive("published", Figures)
    app.add_directive("claims", Claims)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
