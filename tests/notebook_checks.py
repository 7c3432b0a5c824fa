"""What a stored notebook must satisfy, checked without running it.

Each check takes a notebook and returns its complaints, each naming the cell. Code cells
are numbered as JupyterLab shows them after Run All, text cells by their place among the
text cells. ``test_notebooks.py`` applies the checks to the book, and
``test_notebook_checks.py`` shows that each of them can fail.
"""

from __future__ import annotations

import html
import re
from collections import Counter
from collections.abc import Iterator, Mapping

from nbformat import NotebookNode
from run_notebook import fingerprint, is_folded, seal

LINES, COLUMNS = 25, 88
ALT_CHARACTERS = 40
EXERCISES = 3
NEAR = 5  # code cells
SECTIONS = ("Predict first", "What goes wrong", "Summary", "Exercises")
EXERCISE_TAGS = ("exercise-stub", "exercise-check", "solution")
EXERCISE = re.compile(r"^(?:`{3,}|:{3,})\{exercise\}", re.MULTILINE)

# What changes from one run, machine or day to the next.
VOLATILE = {
    "a memory address": r"\b0x[0-9a-fA-F]{4,}\b|\bat 0x",
    "an absolute path": r"(?<![\w.:/<~)\]])~?/(?:[\w.-]+/)+[\w.-]*|\b[A-Z]:\\\w|file://",
    "a date": r"\b(?:19|20)\d\d-[01]\d-[0-3]\d\b"
    r"|\b(?:Jan|Feb|Mar|Apr|May|June?|July?|Aug|Sep|Oct|Nov|Dec)[a-z]* "
    r"(?:\d?\d, )?(?:19|20)\d\d\b|\b\d?\d/\d?\d/(?:19|20)\d\d\b",
    "a time of day": r"\b\d?\d:\d\d:\d\d\b",
    "a timing": r"\d ?(?:ns|[µμ]?s|ms|secs?|seconds|minutes)\b(?!-)|\bit/s\b|\bETA\b",
    "a progress bar": r"[\r\x08━█]|\d%\|",
    "a warning": r":\d+: \w*Warning:",
}

# A reference that is typed, where a {numref}, {ref} or {eq} would stay right.
THING = (
    r"(?:figure|plot|picture|diagram|heatmap|cell|code|output|table|equation|section)"
)
TYPED_REFERENCE = re.compile(
    r"\b(?:Figure|Fig\.|Table|Equation|Eq\.|Section|Exercise)\s*\(?\d"
    r"|(?<!'s )\b[Cc]hapters? \d"
    rf"|(?i:\b{THING}s? (?:just )?(?:above|below)\b|\b(?:above|below) {THING}\b)"
    r"|(?i:\b(?:see|shown|seen|printed|drawn|defined|computed) (?:above|below)\b)"
)

# Numbers of prose that state a result: with a decimal point, or in per cent.
RESULT = re.compile(r"(?<![\w.])(\d+\.\d+|\d+(?=\s?\\?%))(?!\d|\.\d)(\s?\\?%)?")
VERSION = re.compile(
    r"\b(?:Python|NumPy|PyTorch|Keras|TensorFlow|Jupyter Book) \d[\d.]*\d"
)
# Whole numbers of prose, and those that are no results.
COUNT = re.compile(r"(?<![\w.,])(?:\d{1,3}(?:,\d{3})+|\d{2,})(?![\w%]|[.,]\d|\s?\\?%)")
NO_COUNT = re.compile(
    r"\b(?:19|20)\d\d\b|\d+\^(?:\{[^}]*\}|\d)|\b\d+ minutes|\b(?:issue|request) \d+"
)
NUMBER = re.compile(r"(?<![\w.])(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?")


def tags(cell: NotebookNode) -> list[str]:
    """Return a cell's tags."""
    return cell.metadata.get("tags", [])


def cells(notebook: NotebookNode, kind: str) -> Iterator[tuple[str, NotebookNode]]:
    """Yield the cells of a kind (``code`` or ``markdown``), each with its name."""
    chosen = [cell for cell in notebook.cells if cell.cell_type == kind]
    word = {"code": "code", "markdown": "text"}[kind]
    for number, cell in enumerate(chosen, start=1):
        first = cell.source.strip().partition("\n")[0][:50]
        yield f"{word} cell {number} ({first!r})", cell


def texts(cell: NotebookNode) -> Iterator[str]:
    """Yield what a code cell stores as text, glued values and tracebacks included."""
    for output in cell.outputs:
        if output.output_type == "stream":
            yield output.text
        elif output.output_type == "error":
            traceback = "\n".join(output.traceback)
            yield re.sub(r"\x1b\[[\d;]*m", "", traceback)
        else:
            for kind, text in output.data.items():
                if kind.endswith("text/html"):
                    yield bare_html(text)
                elif "text/" in kind:
                    yield text


def bare_html(text: str) -> str:
    """Return what a reader sees of some HTML: no tags, styles or scripts."""
    text = re.sub(r"(?s)<(style|script)\b.*?</\1>", " ", text)
    return html.unescape(re.sub(r"(?s)<[^>]*>", " ", text))


def prose(source: str) -> str:
    """Return the text of a markdown cell without its code, links, roles and options."""
    source = re.sub(r"(?s)<!--.*?-->", " ", source)
    # A fence holds code, unless it is a directive's other than a code block's.
    source = re.sub(
        r"(?ms)^(`{3,}|~{3,})(?:(?![`~{])|\{code[\w-]*\}).*?^\1\s*$", " ", source
    )
    source = re.sub(
        r"(?m)^(?:`{3,}|:{3,})\{[\w:+-]+\}|^:[\w-]+:.*$|^\([\w-]+\)=$", " ", source
    )
    source = re.sub(r"(?:\{[\w:+-]+\})?(`+).+?\1", " ", source)
    return re.sub(r"\]\([^)]*\)|<?https?://\S+", "] ", source)


# Execution


def never_executed(notebook: NotebookNode) -> list[str]:
    """A code cell that was never executed."""
    return [
        f"{name} was never executed"
        for name, cell in cells(notebook, "code")
        if cell.execution_count is None
    ]


def out_of_order(notebook: NotebookNode) -> list[str]:
    """Execution counts that are not 1, 2, 3, ... from top to bottom."""
    return [
        f"{name} was executed as number {cell.execution_count}, not {number}"
        for number, (name, cell) in enumerate(cells(notebook, "code"), start=1)
        if cell.execution_count not in (None, number)
    ]


def stale(notebook: NotebookNode) -> list[str]:
    """A source that is not the one whose outputs are stored."""
    return [
        f"{name} was changed after its outputs were stored"
        for name, cell in cells(notebook, "code")
        if cell.metadata.get("executed") != fingerprint(cell.source)
    ]


def edited(notebook: NotebookNode) -> list[str]:
    """Outputs, or tolerances, that are not those which the runner stored."""
    return [
        f"{name}: an output or a tolerance was edited after it was stored"
        for name, cell in cells(notebook, "code")
        if cell.metadata.get("sealed") != seal(cell)
    ]


def unfolded(notebook: NotebookNode) -> list[str]:
    """A source that the site folds away and JupyterLab does not, or the reverse."""
    return [
        f"{name} is not folded in JupyterLab as it is on the site"
        for name, cell in cells(notebook, "code")
        if cell.metadata.get("jupyter", {}).get("source_hidden", False)
        != is_folded(cell)
    ]


def opted_out(notebook: NotebookNode) -> list[str]:
    """A marker or tag that would keep a cell from being run or compared."""
    complaints = []
    for name, cell in (*cells(notebook, "code"), *cells(notebook, "markdown")):
        found = re.findall(r"\bNBVAL_\w+|\bPYTEST_VALIDATE\w+", cell.source)
        found += [
            tag
            for tag in tags(cell)
            if tag.lower().startswith(("nbval", "pytest-validate", "skip"))
        ]
        complaints += [f"{name} opts out with {mark}" for mark in found]
    return complaints


# Outputs


def stderr(notebook: NotebookNode) -> list[str]:
    """Something on stderr, where warnings go."""
    return [
        f"{name} wrote to stderr: {output.text.strip()[:200]!r}"
        for name, cell in cells(notebook, "code")
        for output in cell.outputs
        if output.get("name") == "stderr"
    ]


def errors(notebook: NotebookNode) -> list[str]:
    """An exception in a cell that is not tagged ``raises-exception``."""
    return [
        f"{name} ended in {output.ename}: {output.evalue}"
        for name, cell in cells(notebook, "code")
        for output in cell.outputs
        if output.output_type == "error" and "raises-exception" not in tags(cell)
    ]


def volatile(notebook: NotebookNode) -> list[str]:
    """An address, path, date, timing, progress bar or warning in a stored output."""
    return [
        f"{name} stores {what}: {match[0]!r}"
        for name, cell in cells(notebook, "code")
        for text in texts(cell)
        for what, pattern in VOLATILE.items()
        if (match := re.search(pattern, text))
    ]


# Figures


def figure_text(cell: NotebookNode) -> str:
    """Return the caption and the alt text of a code cell's figure."""
    mystnb = cell.metadata.get("mystnb", {})
    caption = mystnb.get("figure", {}).get("caption", "")
    return f"{caption}\n{mystnb.get('image', {}).get('alt', '')}"


def figure_name(cell: NotebookNode) -> str | None:
    """Return the name that a cell gives to its figure."""
    return cell.metadata.get("mystnb", {}).get("figure", {}).get("name")


def pictures(cell: NotebookNode) -> int:
    """Return the number of pictures that a cell shows."""
    data = [output.get("data", {}) for output in cell.outputs]
    return sum("image/png" in each or "image/svg+xml" in each for each in data)


def figures(notebook: NotebookNode) -> list[str]:
    """A picture without caption, name or alt text, or these without a picture."""
    complaints = []
    for name, cell in cells(notebook, "code"):
        mystnb = cell.metadata.get("mystnb", {})
        caption = mystnb.get("figure", {}).get("caption", "")
        alt = mystnb.get("image", {}).get("alt", "")
        shown = pictures(cell)
        if not shown:
            if caption or alt:
                complaints.append(f"{name} has a caption or alt text and no picture")
            continue
        if shown > 1:
            complaints.append(f"{name} shows {shown} pictures, one caption fits one")
        if not caption.strip():
            complaints.append(f"{name}: mystnb.figure.caption is missing")
        if not re.fullmatch(r"fig-[a-z0-9-]+", figure_name(cell) or ""):
            complaints.append(f"{name}: mystnb.figure.name must be fig-..., lower case")
        if len(alt) < ALT_CHARACTERS or not re.fullmatch(r"(?s)[A-Z0-9].* .*\.", alt):
            complaints.append(
                f"{name}: mystnb.image.alt must be a sentence of at least "
                f"{ALT_CHARACTERS} characters, got {alt!r}"
            )
        if alt.strip() == caption.strip():
            complaints.append(f"{name}: the alt text repeats the caption")
    return complaints


def figure_names(notebooks: Mapping[str, NotebookNode]) -> list[str]:
    """A figure name that occurs twice in the book."""
    counts = Counter(
        figure_name(cell)
        for notebook in notebooks.values()
        for _, cell in cells(notebook, "code")
        if figure_name(cell)
    )
    return [f"{name} names {n} figures" for name, n in counts.items() if n > 1]


# Form


def long_cells(notebook: NotebookNode) -> list[str]:
    """A code cell of too many lines, or with a line that is too long."""
    complaints = []
    for name, cell in cells(notebook, "code"):
        lines = cell.source.splitlines()
        if len(lines) > LINES:
            complaints.append(f"{name} has {len(lines)} lines, at most {LINES} fit")
        complaints += [
            f"{name} has a line of {len(line)} columns, at most {COLUMNS} fit: {line!r}"
            for line in lines
            if len(line) > COLUMNS
        ]
    return complaints


def short_of_text(notebook: NotebookNode) -> list[str]:
    """More code cells than text cells, or three in a row; exercises' cells are free."""
    kinds = [
        "exercise" if set(tags(cell)) & set(EXERCISE_TAGS[1:]) else cell.cell_type
        for cell in notebook.cells
    ]
    complaints = []
    if kinds.count("code") > kinds.count("markdown"):
        complaints.append(
            f"{kinds.count('code')} code cells have only {kinds.count('markdown')} "
            "text cells"
        )
    run, number = 0, 0
    for kind in kinds:
        number += kind != "markdown"
        run = run + 1 if kind == "code" else 0
        if run == 3:
            complaints.append(f"code cell {number} is the third without text between")
    return complaints


def label(notebook: NotebookNode) -> list[str]:
    """A first cell that does not begin with a label ``(ch-slug)=`` and the title."""
    first = notebook.cells[0].source if notebook.cells else ""
    if re.match(r"\(ch-[a-z0-9-]+\)=\n+# \S", first):
        return []
    return ["text cell 1 must begin with a label (ch-slug)= and the title"]


def sections(notebook: NotebookNode) -> list[str]:
    """A section that every chapter has, missing."""
    source = "\n".join(cell.source for _, cell in cells(notebook, "markdown"))
    return [
        f"the heading {section!r} is missing"
        for section in SECTIONS
        if not re.search(rf"(?m)^##+ {section}\b", source)
    ]


def exercises(notebook: NotebookNode) -> list[str]:
    """Not three exercises, each with its stub, check and solution in this order."""
    order = []
    complaints = []
    numbers = {id(cell): name for name, cell in cells(notebook, "code")}
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            order += ["exercise"] * len(EXERCISE.findall(cell.source))
            continue
        order += [tag for tag in EXERCISE_TAGS if tag in tags(cell)]
        if "solution" in tags(cell):
            problems = solution_problems(cell)
            complaints += [f"{numbers[id(cell)]}, a solution, {p}" for p in problems]
    wanted = ["exercise", *EXERCISE_TAGS] * EXERCISES
    if order != wanted:
        complaints.append(
            f"{EXERCISES} times {{exercise}}, {', '.join(EXERCISE_TAGS)} are wanted, "
            f"in this order; there is {', '.join(order) or 'none'}"
        )
    return complaints


def solution_problems(cell: NotebookNode) -> Iterator[str]:
    """Yield what is wrong with a solution cell."""
    lines = [line.strip() for line in cell.source.splitlines()]
    pair = ["### BEGIN SOLUTION", "### END SOLUTION"]
    marks = [line for line in lines if line in pair]
    if not marks or marks != pair * (len(marks) // 2):
        yield "lacks pairs of ### BEGIN SOLUTION and ### END SOLUTION"
    if "hide-cell" not in tags(cell):
        yield "lacks the tag hide-cell"
    if not cell.metadata.get("mystnb", {}).get("code_prompt_show"):
        yield "lacks mystnb.code_prompt_show"


# Prose


def typed_references(notebook: NotebookNode) -> list[str]:
    """A reference by place or by a typed number."""
    return [
        f"{name} says {match[0]!r}; use {{numref}}, {{ref}} or {{eq}}"
        for name, cell in cells(notebook, "markdown")
        for match in TYPED_REFERENCE.finditer(prose(cell.source))
    ]


def typed_results(notebook: NotebookNode) -> list[str]:
    """A decimal or percentage in prose that no code cell near it has.

    It must occur in the source or in a stored text of one of the last `NEAR` code cells
    or of the next one, so that it says what was just computed. 97.1 % may stand there
    as 97.1 or as 0.971. Captions and alt texts are prose, too. A table, the summary and
    what follows it may repeat any number of the chapter.
    """
    recent: list[set[float]] = []
    near: int | None = NEAR
    complaints = []
    names = {
        id(cell): name
        for kind in ("code", "markdown")
        for name, cell in cells(notebook, kind)
    }
    for place, cell in enumerate(notebook.cells):
        following = (c for c in notebook.cells[place:] if c.cell_type == "code")
        if cell.cell_type == "markdown" and re.search(r"(?m)^## Summary", cell.source):
            near = None
        is_table = cell.cell_type == "markdown" and "\n|---" in cell.source
        here = recent[-near:] if near and not is_table else recent
        known_here = computed(next(following, None)).union(*here)
        if cell.cell_type == "code":
            recent.append(computed(cell))
            text = figure_text(cell)
        else:
            text = cell.source if cell.cell_type == "markdown" else ""
        complaints += [
            f"{names[id(cell)]} states {match[0]}, which no cell computed"
            for match in RESULT.finditer(VERSION.sub(" ", prose(text)))
            if not is_known(float(match[1]), bool(match[2]), known_here)
        ]
    return complaints


def typed_counts(notebook: NotebookNode) -> list[str]:
    """A whole number of two digits or more in prose that no code cell has.

    It may stand anywhere in the notebook, since prose announces sizes that cells use
    later. Years, powers, minutes and the numbers of issues are not results.
    """
    known = set()
    for _, cell in cells(notebook, "code"):
        known |= computed(cell)
    written = [(name, cell.source) for name, cell in cells(notebook, "markdown")]
    written += [(name, figure_text(cell)) for name, cell in cells(notebook, "code")]
    return [
        f"{name} states {match[0]}, which no cell computed"
        for name, text in written
        for match in COUNT.finditer(NO_COUNT.sub(" ", prose(text)))
        if float(match[0].replace(",", "")) not in known
    ]


def computed(cell: NotebookNode | None) -> set[float]:
    """Return the numbers, without sign, in a code cell's source and stored texts."""
    if cell is None:
        return set()
    return {
        float(number)
        for text in (cell.source, *texts(cell))
        for number in NUMBER.findall(re.sub(r"(?<=\d)[,_](?=\d{3})", "", text))
    }


def is_known(value: float, per_cent: bool, have: set[float]) -> bool:
    """Say whether `value` is among the numbers `have`; a percentage also as a share."""
    return value in have or (
        per_cent and any(abs(100 * number - value) < 1e-9 for number in have)
    )


EVERY_NOTEBOOK = (
    never_executed,
    out_of_order,
    stale,
    edited,
    unfolded,
    opted_out,
    stderr,
    errors,
    volatile,
    figures,
    long_cells,
    short_of_text,
    typed_references,
    typed_results,
    typed_counts,
)
EVERY_CHAPTER = (label, sections, exercises)
