"""The directives of the page *Published and ours*, filled from stored outputs.

``{published-summary}`` gives a table of all comparisons; ``{published} key ...`` gives
those of some keys in full.
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


class PublishedDirective(SphinxDirective):
    """What the two directives share: the comparisons, and Markdown into nodes."""

    def computed(self) -> dict[str, Computed]:
        """Return every comparison of the book by its key; read once for a page."""
        known = self.env.temp_data  # of this page
        if "published" not in known:
            known["published"] = self.read_chapters()
        return known["published"]

    def read_chapters(self) -> dict[str, Computed]:
        """Read the comparisons from the notebooks, on which the page then depends."""
        self.env.note_dependency(published.__file__)
        found: dict[str, Computed] = {}
        for docname in sorted(self.env.found_docs):
            path = Path(self.env.doc2path(docname))
            if path.suffix != ".ipynb":
                continue
            for one in comparisons(nbformat.read(path, as_version=4)):
                key = one.comparison.key
                if key in found:
                    raise ExtensionError(f"{key} is printed twice, now in {path.name}")
                found[key] = one
                self.env.note_dependency(str(path))
        if found.keys() != PUBLISHED.keys():
            missing = sorted(PUBLISHED.keys() - found.keys())
            raise ExtensionError(f"no chapter prints compare() of {', '.join(missing)}")
        return found

    def parse(self, markdown: list[str]) -> list[nodes.Node]:
        """Return what some lines of MyST Markdown stand for."""
        parent = nodes.Element()
        lines = StringList("\n".join(markdown).splitlines(), self.get_location())
        self.state.nested_parse(lines, self.content_offset, parent)
        return parent.children


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


def setup(app: Sphinx) -> dict[str, bool]:
    """Connect the directives to Sphinx."""
    app.add_directive("published-summary", Summary)
    app.add_directive("published", Figures)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
