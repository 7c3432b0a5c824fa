"""Print the built site as one PDF, with Chromium.

Usage: ``python tools/make_pdf.py _build/html _build/hidden-layers.pdf``

The pages of the site are put one after the other, in the order of ``_toc.yml``, with
their links turned into links inside the document. The print style is the site's own, in
``book/_static/hidden-layers.css``.
"""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path
from urllib.parse import unquote, urldefrag, urljoin, urlparse

import yaml
from bs4 import BeautifulSoup, Tag
from install import find_browser
from pypdf import PdfReader
from run_notebook import ROOT, toc_documents

NO_BROWSER = (
    "The PDF is printed by Chromium, and there is none. Install one (Debian: apt-get "
    "install chromium; elsewhere: playwright install chromium) and run again."
)
FOOTER = """<div style="font: 8pt sans-serif; width: 100%; text-align: center">
<span class="pageNumber"></span></div>"""
MATHJAX_IS_READY = "() => !window.MathJax || MathJax.startup.promise"


def anchor(document: str, name: str = "") -> str:
    """Return the name that an anchor of a document has in the whole book."""
    return f"{document}--{name}"


def article(site: Path, document: str, documents: list[str]) -> Tag:
    """Return the text of a page, with addresses that hold in the whole book."""
    path = site / f"{document}.html"
    page = BeautifulSoup(path.read_text(encoding="utf-8"), "html.parser")
    text = page.find("article")
    for tag in text.select(".headerlink, button"):
        tag.decompose()
    for attribute in ("id", "for", "name"):
        for tag in text.find_all(attrs={attribute: True}):
            tag[attribute] = anchor(document, tag[attribute])
    for image in text.find_all("img"):
        image["src"] = urljoin(path.as_uri(), image["src"])
    for link in text.select("a[href]"):
        if urlparse(link["href"]).netloc:
            continue
        target, name = urldefrag(urljoin(f"/{document}.html", link["href"]))
        target = unquote(target).strip("/").removesuffix(".html")
        if target in documents:
            link["href"] = f"#{anchor(target, unquote(name))}"
        else:  # a notebook to download
            del link["href"]
    text["id"] = anchor(document)
    return text


def whole_book(site: Path) -> BeautifulSoup:
    """Return the site as one page: a title, the contents, and every document."""
    contents = yaml.safe_load((ROOT / "_toc.yml").read_text(encoding="utf-8"))
    first, documents = contents["root"], toc_documents()
    start = site / f"{first}.html"
    book = BeautifulSoup(start.read_text(encoding="utf-8"), "html.parser")
    for tag in book.head.find_all(["link", "script"]):
        for attribute in {"href", "src"} & set(tag.attrs):
            tag[attribute] = urljoin(start.as_uri(), tag[attribute])
        if "searchindex" in tag.get("src", ""):
            tag.decompose()
    articles = {name: article(site, name, documents) for name in documents}
    rows = []
    for part in contents["parts"]:
        rows.append(f'<li class="part">{part["caption"]}</li>')
        for name in (chapter["file"] for chapter in part["chapters"]):
            title = articles[name].find("h1").get_text()
            link = f'<a href="#{anchor(name)}">{title}</a>'
            rows.append(f'<li>{link}<span data-page="{anchor(name)}"></span></li>')
    book.title.string = articles[first].find("h1").get_text()
    book.body.clear()
    book.body["class"] = "whole-book"
    front = f'<nav class="contents"><h2>Contents</h2><ul>{"".join(rows)}</ul></nav>'
    book.body.append(articles.pop(first))
    book.body.append(BeautifulSoup(front, "html.parser"))
    for text in articles.values():
        book.body.append(text)
    return book


def page_numbers(pdf: Path) -> dict[str, int]:
    """Return the page, from 1, of each anchor that a link of the PDF leads to."""
    reader = PdfReader(pdf)
    return {
        unquote(name).lstrip("/"): reader.get_destination_page_number(destination) + 1
        for name, destination in reader.named_destinations.items()
    }


def make_pdf(site: Path, pdf: Path) -> None:
    """Print the site in the folder `site` to the file `pdf`.

    It is printed twice: once to see on which page each chapter begins, and once with
    these pages in the contents.
    """
    from playwright.sync_api import sync_playwright

    book = whole_book(site.resolve())
    arguments = ["--disable-background-networking", "--allow-file-access-from-files"]
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        arguments.append("--no-sandbox")
    pdf.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        file = Path(folder) / "book.html"
        file.write_text(str(book), encoding="utf-8")
        browser = playwright.chromium.launch(
            executable_path=find_browser(), args=arguments
        )
        page = browser.new_page(color_scheme="light")
        page.goto(file.as_uri())
        page.evaluate(MATHJAX_IS_READY)
        for numbers in ({}, None):
            numbers = page_numbers(pdf) if numbers is None else numbers
            page.evaluate(
                """numbers => document.querySelectorAll("[data-page]").forEach(
                    place => place.textContent = numbers[place.dataset.page] ?? "000")
                """,
                numbers,
            )
            page.pdf(
                path=pdf,
                format="A4",
                margin={
                    "top": "18mm",
                    "bottom": "18mm",
                    "left": "20mm",
                    "right": "20mm",
                },
                print_background=True,
                display_header_footer=True,
                header_template="<span></span>",
                footer_template=FOOTER,
                outline=True,
                tagged=True,
            )
        browser.close()


def main() -> int:
    """Print the site named on the command line; 1 where there is no browser."""
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    if not find_browser():
        print(NO_BROWSER, file=sys.stderr)
        return 1
    site, pdf = map(Path, sys.argv[1:])
    make_pdf(site, pdf)
    print(f"The book as a PDF: {pdf.resolve()}, {len(PdfReader(pdf).pages)} pages")
    return 0


if __name__ == "__main__":
    sys.exit(main())
