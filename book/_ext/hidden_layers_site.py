"""What the site needs beyond the settings of Jupyter Book.

Chapter numbers come from file names, MathJax from a Python package, and the launch
buttons from the repository that GitHub Actions builds.
"""

import os
import re
import shutil
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.config import Config
from sphinx.environment import BuildEnvironment
from sphinx_external_toc.collectors import TocTreeCollectorWithStyles

CHAPTER = re.compile(r"(?:^|/)(\d+)-[^/]+$")
MATHJAX_FILES = [
    "tex-chtml.js",
    "output/chtml/fonts/woff-v2/*.woff",
    "input/tex/extensions/*.js",
]


def chapter_number(docname: str) -> int | None:
    """Return the number that starts a document's file name, if there is one."""
    match = CHAPTER.search(docname)
    return int(match[1]) if match else None


def number_chapters(collector: Any, env: BuildEnvironment) -> list[str]:
    """Number each chapter after its file; return the documents that changed.

    Stands in for the collector's own method, which counts the chapters in the contents.
    Sphinx builds the numbers of figures, equations and exercises on these.
    """
    before, env.toc_secnumbers = env.toc_secnumbers, {}
    for docname, toc in env.tocs.items():
        number = chapter_number(docname)
        if number is None:
            continue
        title, *sections = toc.findall(nodes.reference)
        title["secnumber"] = env.titles[docname]["secnumber"] = [number]
        env.toc_secnumbers[docname] = {
            title["anchorname"]: (number,),
            **{section["anchorname"]: () for section in sections},
        }
    return [
        docname
        for docname in env.toc_secnumbers
        if env.toc_secnumbers[docname] != before.get(docname)
    ]


def add_launch_buttons(app: Sphinx, config: Config) -> None:
    """Offer Binder and Colab where the repository's address is known."""
    repository = os.environ.get("GITHUB_REPOSITORY")
    if not repository:
        return
    server = os.environ.get("GITHUB_SERVER_URL", "https://github.com")
    config.html_theme_options |= {
        "repository_url": f"{server}/{repository}",
        "repository_branch": os.environ.get("GITHUB_REF_NAME", "main"),
        "launch_buttons": {
            "notebook_interface": "jupyterlab",
            "binderhub_url": "https://mybinder.org",
            "colab_url": "https://colab.research.google.com",
        },
    }


def mend_for_screen_readers(
    app: Sphinx, pagename: str, templatename: str, context: dict[str, Any], doctree: Any
) -> None:
    """Mend roles and labels that keep a page from being read aloud well."""
    body = context.get("body", "")
    # A list must hold list items: the bibliography's entries have a role of their own.
    body = body.replace('role="doc-biblioentry"', 'role="listitem"')
    # The label hides the text that it stands on, such as "Show the solution".
    body = body.replace('<summary aria-label="Toggle hidden content">', "<summary>")
    context["body"] = body


def copy_mathjax(app: Sphinx, error: Exception | None) -> None:
    """Put the parts of MathJax that the pages use into the site."""
    if error or app.builder.format != "html":
        return
    source = Path(find_spec("sphinx-mathjax-offline").origin).parent / "static/mathjax"
    target = Path(app.outdir) / "_static/mathjax"
    for file in (path for files in MATHJAX_FILES for path in source.glob(files)):
        copy = target / file.relative_to(source)
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(file, copy)


def setup(app: Sphinx) -> dict[str, bool]:
    """Connect the pieces to Sphinx."""
    TocTreeCollectorWithStyles.assign_section_numbers = number_chapters
    app.connect("config-inited", add_launch_buttons)
    app.connect("html-page-context", mend_for_screen_readers)
    app.connect("build-finished", copy_mathjax)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
