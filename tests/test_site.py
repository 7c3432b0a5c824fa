"""The site: built strictly, complete, without the internet, and good on a phone."""

import functools
import http.server
import os
import re
import shutil
import subprocess
import sys
import threading
import unicodedata
from pathlib import Path
from types import SimpleNamespace
from urllib.parse import unquote, urldefrag, urlparse

import first_use
import nbformat
import pytest
import without_solutions
from bs4 import BeautifulSoup
from pypdf import PdfReader
from run_notebook import toc_documents

from course_utils.grading.editions import find_chapters, find_leaks, solution_lines

ROOT = Path(__file__).parents[1]
DOCNAMES = toc_documents()
NOTEBOOKS = [name for name in DOCNAMES if (ROOT / f"{name}.ipynb").exists()]
CHAPTERS = [name for name in NOTEBOOKS if Path(name).name[0].isdigit()]
PAGES = [f"{name}.html" for name in DOCNAMES] + ["search.html", "genindex.html"]

LOADED = {"script": "src", "img": "src", "iframe": "src", "source": "src"}
LINKS_LOADED = {"stylesheet", "icon", "preload", "preconnect", "modulepreload"}
CSS_LOADED = re.compile(r"""(?:url\(|@import)\s*["']?([^"')\s;]+)""")


def seconds_of_children():
    """Return the processor time that this process's children have taken."""
    return os.times().children_user + os.times().children_system


def build(tree, **environment):
    """Build the site of a tree, strictly; return its seconds and what it printed.

    The seconds are the processor's. Sphinx runs in one process and waits for nothing,
    so they are the clock's on an idle machine, and a busy one does not change them.
    """
    command = shutil.which("jupyter-book", path=Path(sys.executable).parent)
    kept = {k: v for k, v in os.environ.items() if not k.startswith("GITHUB_")}
    start = seconds_of_children()
    result = subprocess.run(
        [command, "build", str(tree), "-n", "-W", "--keep-going"],
        env=kept | environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    if result.returncode:
        lines = result.stdout.splitlines()
        warnings = [line for line in lines if "WARNING" in line or "ERROR" in line]
        pytest.fail("\n".join(warnings or lines), pytrace=False)
    return SimpleNamespace(seconds=seconds_of_children() - start, log=result.stdout)


def copy_tree(target):
    """Copy what the site is made from, so that no test touches the real site."""
    for name in ("_config.yml", "_toc.yml"):
        shutil.copy2(ROOT / name, target / name)
    shutil.copytree(ROOT / "book", target / "book")
    # Text that is not of the book, as pytest, pip and people leave it in the tree.
    for stray in (".pytest_cache/README.md", ".venv/a.ipynb", "README.md"):
        (target / stray).parent.mkdir(exist_ok=True)
        (target / stray).write_text("# Stray\n")
    return target


@pytest.fixture(scope="session")
def site(tmp_path_factory):
    """Build the site, then again after a touch of one chapter."""
    tree = copy_tree(tmp_path_factory.mktemp("site"))
    cold = build(tree)
    os.utime(tree / f"{CHAPTERS[-1]}.ipynb")
    touched = build(tree)
    return SimpleNamespace(html=tree / "_build/html", cold=cold, touched=touched)


@functools.cache
def parse(path):
    """Parse a page."""
    return BeautifulSoup(path.read_text(encoding="utf-8"), "html.parser")


def article(site, docname):
    """Return the text of a page, without the theme around it."""
    return parse(site.html / f"{docname}.html").find("article")


def chapter_number(docname):
    """Return the number that the name of a chapter's file starts with."""
    return int(Path(docname).name.split("-")[0])


def is_elsewhere(address):
    """Tell whether an address leaves the site.

    >>> is_elsewhere("https://cdn.example/a.js"), is_elsewhere("//cdn.example/a.js")
    (True, True)
    >>> is_elsewhere("../_static/a.js"), is_elsewhere("data:image/svg+xml,a")
    (False, False)
    """
    return bool(urlparse(address).netloc)


def loaded_by_page(page):
    """Yield the addresses that a page loads by itself."""
    for tag in page.find_all(LOADED):
        if tag.get(LOADED[tag.name]):
            yield tag[LOADED[tag.name]]
    for tag in page.find_all("link"):
        if LINKS_LOADED & set(tag.get("rel", [])):
            yield tag["href"]
    for tag in page.find_all("style"):
        yield from CSS_LOADED.findall(tag.get_text())


# Without solutions


@pytest.fixture(scope="session")
def site_without_solutions(tmp_path_factory):
    """Build the site as `make book SOLUTIONS=no` does; return where it is."""
    tree = tmp_path_factory.mktemp("without") / "tree"
    without_solutions.main(tree)
    build(tree)
    return tree / "_build/html"


def test_no_page_source_or_index_holds_a_solution_where_they_are_left_out(
    site, site_without_solutions
):
    secret = solution_lines(find_chapters(ROOT / "book"))
    assert find_leaks(site_without_solutions, secret) == []
    # The same search finds each chapter's in the site that has them.
    found = {leak.partition(":")[0] for leak in find_leaks(site.html, secret)}
    for chapter in CHAPTERS:
        assert {f"{chapter}.html", f"_sources/{chapter}.ipynb"} <= found


def test_the_site_without_solutions_lacks_nothing_else(site_without_solutions):
    for page in PAGES:
        assert (site_without_solutions / page).exists()
    for chapter in CHAPTERS:
        page = parse(site_without_solutions / f"{chapter}.html")
        assert len(page.select("div.cell.tag_exercise-check")) == 3
        assert not page.select("div.cell.tag_solution")


# The build


def test_build_is_strict_and_quick(site):
    assert "build succeeded." in site.cold.log
    assert "WARNING" not in site.cold.log
    assert site.cold.seconds < 60


def test_site_holds_the_book_and_nothing_else(site):
    built = {
        path.relative_to(site.html).as_posix() for path in site.html.rglob("*.html")
    }
    templates = {name for name in built if name.startswith("_static/")}
    assert built - templates == {*PAGES, "index.html"}


def test_one_touched_chapter_builds_in_a_quarter_of_a_minute(site):
    # A quarter of the minute that the whole site may take. Python takes about a second
    # to start Sphinx, so that a quarter of the seconds measured would test the imports.
    # The pages that are gathered from the chapters are made anew with it.
    (changed,) = re.findall(r"0 added, (\d+) changed, 0 removed", site.touched.log)
    assert 1 <= int(changed) <= 4
    assert site.touched.seconds < 15


def test_launch_buttons_only_where_the_repository_is_known(site, tmp_path):
    chapter = f"{CHAPTERS[0]}.html"
    unknown = (site.html / chapter).read_text()
    assert "mybinder.org" not in unknown and "colab.research" not in unknown
    build(
        copy_tree(tmp_path),
        GITHUB_REPOSITORY="someone/a-book",
        GITHUB_SERVER_URL="https://github.com",
        GITHUB_REF_NAME="main",
    )
    known = (tmp_path / "_build/html" / chapter).read_text()
    notebook = f"{CHAPTERS[0]}.ipynb"
    binder = "https://mybinder.org/v2/gh/someone/a-book/main?urlpath=lab/tree/"
    colab = "https://colab.research.google.com/github/someone/a-book/blob/main/"
    assert f'"{binder}{notebook}"' in known
    assert f'"{colab}{notebook}"' in known


# The pages


def test_first_page_leads_to_the_book(site):
    refresh = parse(site.html / "index.html").find("meta")["content"]
    assert refresh.endswith(f"url={DOCNAMES[0]}.html")


@pytest.mark.parametrize("docname", CHAPTERS)
def test_the_first_use_of_a_term_leads_to_the_glossary(site, docname):
    terms = first_use.read_terms((ROOT / "book/glossary.md").read_text("utf-8"))
    pattern, seen, linked = first_use.pattern_of(tuple(terms)), set(), 0
    for string in article(site, docname).find_all(string=True):
        inside = [parent.name for parent in string.parents]
        if {"h1", "h2", "h3", "code", "pre", "figcaption", "summary"} & set(inside):
            continue
        if string.find_parent(class_=["math", "admonition-title"]):
            continue
        link = string.find_parent("a")
        if link and "glossary.html#term-" not in link["href"]:
            continue
        if link:  # its text may be another form of the word
            seen.add(unquote(link["href"].split("#term-")[1]).replace("-", " ").lower())
            linked += 1
            continue
        unlinked = {match["term"].lower() for match in pattern.finditer(string)}
        assert {term.replace("-", " ") for term in unlinked} <= seen, string
    assert linked > 5


@pytest.mark.parametrize("docname", NOTEBOOKS)
def test_figures_have_number_caption_and_alt_text(site, docname):
    images = article(site, docname).select(".cell_output img")
    assert len(images) == sum(
        "image/png" in output.get("data", {})
        for cell in nbformat.read(ROOT / f"{docname}.ipynb", as_version=4).cells
        for output in cell.get("outputs", [])
    )
    for place, image in enumerate(images, start=1):
        assert len(image["alt"]) >= 40 and "/" not in image["alt"].split()[0]
        caption = image.find_parent("figure").figcaption.p.get_text()
        chapter = docname in CHAPTERS and chapter_number(docname)
        number = rf"{chapter}\.{place}" if chapter else r"\d+"
        assert re.match(f"Figure {number} ", caption)
        assert len(caption) >= 40


@pytest.mark.parametrize("docname", CHAPTERS)
def test_chapter_has_the_number_of_its_file(site, docname):
    number = chapter_number(docname)
    page = article(site, docname)
    assert page.h1.get_text().startswith(f"{number}. ")
    assert not any(h2.select(".section-number") for h2 in page.find_all("h2"))
    entry = parse(site.html / f"{docname}.html").select_one(
        "nav.bd-links li.current a.current"
    )
    assert entry.get_text().strip().startswith(f"{number}. ")


@pytest.mark.parametrize("docname", NOTEBOOKS)
def test_notebook_can_be_downloaded(site, docname):
    page = parse(site.html / f"{docname}.html")
    link = page.select_one("a.btn-download-source-button")["href"]
    copy = site.html / Path(docname).parent / link
    assert copy.read_bytes() == (ROOT / f"{docname}.ipynb").read_bytes()


@pytest.mark.parametrize("docname", CHAPTERS)
def test_solutions_are_folded_with_their_output(site, docname):
    solutions = article(site, docname).select("div.cell.tag_solution")
    notebook = nbformat.read(ROOT / f"{docname}.ipynb", as_version=4)
    written = [c for c in notebook.cells if "solution" in c.metadata.get("tags", [])]
    assert len(solutions) == len(written) > 0
    for solution, cell in zip(solutions, written, strict=True):
        fold = solution.find("details")
        assert not fold.has_attr("open")
        assert fold.summary.find("p").get_text() == "Show the solution"
        assert len(fold.select(".cell_input")) == len(solution.select(".cell_input"))
        assert bool(fold.select(".cell_output")) == bool(cell.outputs)
        assert len(fold.select(".cell_output")) == len(solution.select(".cell_output"))


def test_pages_load_nothing_from_elsewhere(site):
    for path in [site.html / page for page in ["index.html", *PAGES]]:
        loaded = list(loaded_by_page(parse(path)))
        assert not [address for address in loaded if is_elsewhere(address)], path
        assert "fontawesome.js" not in " ".join(loaded)
    for path in site.html.rglob("*.css"):
        loaded = CSS_LOADED.findall(path.read_text(encoding="utf-8"))
        assert not [address for address in loaded if is_elsewhere(address)], path


def test_links_inside_the_site_lead_somewhere(site):
    broken = []
    for docname in DOCNAMES:
        path = site.html / f"{docname}.html"
        for link in parse(path).select("a[href]"):
            address, anchor = urldefrag(link["href"])
            if is_elsewhere(address) or address.startswith("mailto:"):
                continue
            target = (path.parent / unquote(address)).resolve() if address else path
            if not target.exists():
                broken.append((docname, link["href"]))
            elif anchor and target.suffix == ".html":
                page = parse(target)
                if not page.find(id=unquote(anchor)):
                    broken.append((docname, link["href"]))
    assert not broken


@pytest.mark.parametrize(
    "page, address",
    [
        (
            '<script src="https://cdn.example/a.js"></script>',
            "https://cdn.example/a.js",
        ),
        ('<link rel="stylesheet" href="//cdn.example/a.css">', "//cdn.example/a.css"),
        ('<img src="http://a.example/b.png">', "http://a.example/b.png"),
        ("<style>@import 'https://a.example';</style>", "https://a.example"),
        ("<style>p {src: url(//a.example/f)}</style>", "//a.example/f"),
    ],
)
def test_the_search_for_external_loads_finds_them(page, address):
    (found,) = loaded_by_page(BeautifulSoup(page, "html.parser"))
    assert found == address and is_elsewhere(found)


# The browser

PAPER_WIDTH = 643  # pixels: A4 without the margins of tools/make_pdf.py, 170 mm


class Handler(http.server.SimpleHTTPRequestHandler):
    """Serve files and log nothing."""

    def log_message(self, *args):
        """Keep the test's output clean."""


@pytest.fixture(scope="module")
def address(site):
    """Serve the site on localhost; yield its address."""
    handler = functools.partial(Handler, directory=str(site.html))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()


@pytest.fixture(scope="module")
def browser(browser_path):
    """Start Chromium with every name but localhost unknown to it."""
    from playwright.sync_api import sync_playwright

    arguments = [
        "--disable-background-networking",
        "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
    ]
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        arguments.append("--no-sandbox")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=browser_path, args=arguments
        )
        yield browser
        browser.close()


@pytest.fixture
def page(browser):
    """Open an empty page as wide as a laptop's; note its requests and errors."""
    page = browser.new_page(viewport={"width": 1280, "height": 800})
    page.requested, page.errors = [], []
    page.on("request", lambda request: page.requested.append(request.url))
    page.on("requestfailed", lambda request: page.errors.append(request.url))
    page.on("pageerror", lambda error: page.errors.append(str(error)))
    page.on(
        "console",
        lambda message: (
            page.errors.append(message.text)
            if message.type in ("error", "warning")
            else None
        ),
    )
    yield page
    page.close()


def too_wide(page):
    """Return the widths of the page and its article where they exceed the screen."""
    return page.evaluate(
        """() => [document.documentElement, ...document.querySelectorAll("article")]
          .filter(element => element.scrollWidth > element.clientWidth)
          .map(element => [element.tagName, element.scrollWidth, element.clientWidth])
        """
    )


def cut_off_on_paper(page):
    """Return what of the article sticks out of the paper, where nothing scrolls."""
    return page.evaluate(
        """() => [...document.querySelectorAll("article *")]
          .filter(element => !element.closest("mjx-assistive-mml"))
          .filter(element => element.getBoundingClientRect().right > innerWidth + 1)
          .map(element => element.outerHTML.slice(0, 200))
        """
    )


@pytest.mark.browser
@pytest.mark.parametrize("path", PAGES)
def test_page_in_a_browser(page, address, path):
    page.goto(address + path)
    formulas = page.locator(".math").count()
    if formulas:
        page.wait_for_function("() => window.MathJax?.startup?.promise")
        page.evaluate("() => MathJax.startup.promise")
        assert page.locator(".math mjx-container").count() >= formulas
        assert page.locator("mjx-merror, [data-mjx-error]").count() == 0
    assert not page.evaluate(
        "() => [...document.images].filter(image => image.complete"
        " && !image.naturalWidth).map(image => image.src)"
    )
    for width in (1280, 768, 360):
        page.set_viewport_size({"width": width, "height": 800})
        assert not too_wide(page), f"at a width of {width} px"
    page.locator("details").evaluate_all("all => all.forEach(one => one.open = true)")
    assert not too_wide(page), "with the solutions open"
    page.set_viewport_size({"width": PAPER_WIDTH, "height": 800})
    page.emulate_media(media="print")
    assert not cut_off_on_paper(page)
    assert page.errors == []
    assert [url for url in page.requested if not url.startswith(address)] == []


@pytest.mark.browser
def test_search_finds_a_chapter(page, address):
    page.goto(f"{address}{DOCNAMES[0]}.html")
    page.locator("button.search-button-field:visible").click()
    page.keyboard.type("backpropagation")
    page.keyboard.press("Enter")
    page.wait_for_selector("#search-results ul.search li a")
    found = page.locator("#search-results ul.search li a").evaluate_all(
        "links => links.map(link => link.href)"
    )
    assert any("08-backprop.html" in link for link in found)
    assert page.errors == []


@pytest.mark.browser
def test_dark_mode_can_be_switched_on_and_stays(page, address):
    brightness = """() => getComputedStyle(document.body).backgroundColor
        .match(/\\d+/g).slice(0, 3).reduce((sum, value) => sum + Number(value), 0)"""
    page.goto(address + PAGES[0])
    assert page.evaluate(brightness) > 700
    page.locator("button.theme-switch-button:visible").first.click()
    page.wait_for_function("() => document.documentElement.dataset.theme === 'dark'")
    page.goto(address + PAGES[1])
    assert page.evaluate(brightness) < 200
    for image in page.locator("figure img").all():
        style = image.evaluate(
            "image => [getComputedStyle(image).backgroundColor,"
            " getComputedStyle(image).filter]"
        )
        assert style == ["rgb(255, 255, 255)", "none"]


@pytest.mark.browser
def test_solution_opens(page, address):
    page.goto(f"{address}{CHAPTERS[0]}.html")
    solution = page.locator("div.cell.tag_solution").first
    assert not solution.locator(".cell_input").is_visible()
    solution.locator("summary").click()
    assert solution.locator(".cell_input").is_visible()


@pytest.mark.browser
def test_the_browser_is_offline(page):
    from playwright.sync_api import Error

    with pytest.raises(Error, match="ERR_NAME_NOT_RESOLVED"):
        page.goto("https://example.org")


# The print edition


@pytest.fixture(scope="module")
def pdf(site, browser_path, tmp_path_factory):
    """Print the book as `make pdf` does; return what pypdf reads of it."""
    path = tmp_path_factory.mktemp("pdf") / "book.pdf"
    command = [sys.executable, ROOT / "tools/make_pdf.py", site.html, path]
    result = subprocess.run(command, capture_output=True, text=True)
    assert result.returncode == 0, result.stderr
    reader = PdfReader(path)
    assert f"{len(reader.pages)} pages" in result.stdout
    return reader


@pytest.fixture(scope="module")
def pages_of_pdf(pdf):
    """Return the text of each page, with two letters for a ligature."""
    return [unicodedata.normalize("NFKC", page.extract_text()) for page in pdf.pages]


def words(text):
    """Return a text without what a line break may change."""
    return re.sub(r"\s+", "", unicodedata.normalize("NFKC", text))


@pytest.mark.browser
def test_each_chapter_begins_where_the_contents_of_the_pdf_say(site, pages_of_pdf):
    starts = [page.startswith("Contents") for page in pages_of_pdf]
    first = starts.index(True)
    contents = "\n".join(pages_of_pdf[first : first + 2])
    for name in DOCNAMES[1:]:
        title = article(site, name).find("h1").get_text().rstrip("#")
        line = re.search(rf"^{re.escape(title)}\s+(\d+)$", contents, re.MULTILINE)
        page = words(pages_of_pdf[int(line[1]) - 1])
        assert page.startswith(words(title))
        assert page.endswith(line[1])


@pytest.mark.browser
def test_the_pdf_holds_every_figure_and_caption(site, pdf, pages_of_pdf):
    pages = [words(text) for text in pages_of_pdf]
    captions = [
        words(caption.get_text().split("\\(")[0]).rstrip("#")  # up to a formula
        for name in DOCNAMES
        for caption in article(site, name).select("figcaption")
    ]
    assert captions
    whole = "".join(re.sub(r"\d+$", "", page) for page in pages)
    assert not [caption for caption in captions if caption not in whole]
    shown = sum(len(page.images) for page in pdf.pages)
    assert shown == sum(len(article(site, name).find_all("img")) for name in DOCNAMES)


@pytest.mark.browser
def test_the_links_of_the_pdf_stay_in_it(pdf):
    links = [
        link.get_object()
        for page in pdf.pages
        for link in page.get("/Annots", [])
        if link.get_object()["/Subtype"] == "/Link"
    ]
    addresses = [link["/A"]["/URI"] for link in links if "/URI" in link.get("/A", {})]
    assert len(addresses) < len(links)
    assert not [address for address in addresses if address.startswith("file:")]
