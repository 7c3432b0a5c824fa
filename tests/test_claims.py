"""The verdicts on popular claims: their form, and the page gathered from them."""

import re

import nbformat
import pytest
from gathered import CLAIM, VERDICTS, claims
from run_notebook import toc_notebooks

NOTEBOOKS = {path.stem: nbformat.read(path, as_version=4) for path in toc_notebooks()}
FIGURE_NAMES = {
    cell.metadata.get("mystnb", {}).get("figure", {}).get("name")
    for notebook in NOTEBOOKS.values()
    for cell in notebook.cells
}
FOUND = [claim for notebook in NOTEBOOKS.values() for claim in claims(notebook)]

PARAGRAPH = """(claim-sun)=
**Claim.** *The sun is hot.*
**Verdict: holds.** {numref}`fig-sun` shows it, and
so does {numref}`the other <fig-sky>`.

Something else.
"""


def text_of(notebook):
    """Return the text cells of a notebook."""
    return "\n\n".join(
        cell.source for cell in notebook.cells if cell.cell_type == "markdown"
    )


def test_a_paragraph_is_read():
    cell = nbformat.v4.new_markdown_cell("(ch-sky)=\n# Sky\n\n" + PARAGRAPH)
    (claim,) = claims(nbformat.v4.new_notebook(cells=[cell]))
    figures = ["fig-sun", "fig-sky"]
    assert claim == ("claim-sun", "The sun is hot.", "holds", figures, "ch-sky")


@pytest.mark.parametrize(
    ("old", "new"),
    [("holds.", "may hold."), ("(claim-sun)=\n", ""), ("*The sun is hot.*", "Hot.")],
)
def test_a_paragraph_of_another_form_is_not_read(old, new):
    assert not CLAIM.search(PARAGRAPH.replace(old, new))


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_every_verdict_of_the_book_has_the_form(name):
    """Else the page of claims would leave it out."""
    text = text_of(NOTEBOOKS[name])
    assert len(re.findall(r"Verdict:", text)) == len(list(CLAIM.finditer(text)))
    assert len(re.findall(r"^\(claim-", text, re.M)) == len(list(CLAIM.finditer(text)))


@pytest.mark.parametrize("claim", FOUND, ids=lambda claim: claim.label)
def test_a_verdict_rests_on_figures_that_are_there(claim):
    assert claim.verdict in VERDICTS
    assert set(claim.figures) <= FIGURE_NAMES


def test_most_verdicts_rest_on_a_figure():
    """Those without one rest on the table that is printed before them."""
    assert sum(bool(claim.figures) for claim in FOUND) > 0.75 * len(FOUND)


def test_labels_are_unique():
    labels = [claim.label for claim in FOUND]
    assert len(set(labels)) == len(labels)
