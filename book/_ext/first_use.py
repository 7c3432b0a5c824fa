"""Links the first use of each term of the glossary, on every chapter, to its entry.

In the notebooks, ``{term}`` makes such a link by hand. What this adds is that no first
use is forgotten.
"""

import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from docutils import nodes
from hidden_layers_site import chapter_number
from sphinx.addnodes import pending_xref
from sphinx.application import Sphinx
from sphinx.transforms.post_transforms import SphinxPostTransform

GLOSSARY = "book/glossary"
NOT_PROSE = (
    nodes.title,
    nodes.caption,
    nodes.literal,
    nodes.literal_block,
    nodes.math,
    nodes.math_block,
    nodes.raw,
    nodes.reference,
    nodes.Invisible,
    pending_xref,
)


def read_terms(glossary: str) -> list[str]:
    """Return the terms of a page with a ``{glossary}``, whose texts are indented.

    >>> read_terms(":::{glossary}\\nbias\\n  A number.\\n\\nReLU\\n  A bend.\\n:::\\n")
    ['bias', 'ReLU']
    """
    entries = glossary.split(":::{glossary}\n")[1].split("\n:::")[0]
    return [line for line in entries.splitlines() if line and not line[0].isspace()]


@cache
def pattern_of(terms: tuple[str, ...]) -> re.Pattern:
    """Return what finds a term, the longest first; a capital in it must be there.

    >>> [m["term"] for m in pattern_of(("unit", "dead unit", "ELU")).finditer(
    ...     "Units, dead units, not elu but ELU, and no community.")]
    ['Unit', 'dead unit', 'ELU']
    """
    longest_first = sorted(terms, key=len, reverse=True)
    choices = "|".join(
        re.escape(term) if term != term.lower() else f"(?i:{re.escape(term)})"
        for term in longest_first
    )
    return re.compile(rf"(?<![\w-])(?P<term>{choices})(?:e?s)?(?![\w-])")


def pieces(
    text: str, pattern: re.Pattern, used: set[str]
) -> Iterator[nodes.Node | str]:
    """Yield the parts of a text; a term that is not yet `used` becomes a link."""
    start = 0
    for match in pattern.finditer(text):
        term = match["term"]
        if term.lower() in used:
            continue
        used.add(term.lower())
        yield text[start : match.start()]
        yield pending_xref(
            "",
            nodes.inline("", match[0], classes=["xref", "std", "std-term"]),
            refdomain="std",
            reftype="term",
            reftarget=term,
            refexplicit=True,
            refwarn=True,
        )
        start = match.end()
    yield text[start:]


def is_prose(node: nodes.Text) -> bool:
    """Tell whether a text stands in no title, code, formula or link."""
    while node is not None:
        if isinstance(node, NOT_PROSE):
            return False
        node = node.parent
    return True


class FirstUse(SphinxPostTransform):
    """Adds the links, before Sphinx looks for what they lead to."""

    default_priority = 5

    def run(self, **_: object) -> None:
        """Go through a chapter in the order of reading."""
        if chapter_number(self.env.docname) is None:
            return
        path = Path(self.env.doc2path(GLOSSARY))
        pattern = pattern_of(tuple(read_terms(path.read_text(encoding="utf-8"))))
        used: set[str] = set()
        for node in list(self.document.findall()):
            if isinstance(node, pending_xref) and node["reftype"] == "term":
                used.add(node["reftarget"].lower())
            elif isinstance(node, nodes.Text) and is_prose(node):
                parts = [
                    nodes.Text(part) if isinstance(part, str) else part
                    for part in pieces(node.astext(), pattern, used)
                ]
                for part in parts:
                    if isinstance(part, pending_xref):
                        part["refdoc"] = self.env.docname
                if len(parts) > 1:
                    node.parent.replace(node, parts)


def setup(app: Sphinx) -> dict[str, bool]:
    """Connect the transform to Sphinx."""
    app.add_post_transform(FirstUse)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
