"""Find in a notebook the statements that an answer needs, and run no others.

A right function counts whatever else its notebook does, so that the rest is left out:
a cell that fails, hangs, prints or trains for an hour is not an answer's concern.
"""

from __future__ import annotations

import ast
import json
import linecache
import re
import symtable
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Statement:
    """A statement at the top of a cell, and the global names that matter to it.

    Attributes
    ----------
    text : str
    binds, uses, changes : frozenset of str
        The names that it defines, that it reads, and whose objects it changes: by an
        assignment to an element or attribute, or by calling a method for its effect.
    stub : bool
        Whether it is a function or class that nobody has written yet.
    """

    text: str
    binds: frozenset[str] = field(default=frozenset())
    uses: frozenset[str] = field(default=frozenset())
    changes: frozenset[str] = field(default=frozenset())
    stub: bool = False


def notebook_cells(notebook: bytes) -> list[str]:
    """Return the sources of the code cells of a notebook, without magics.

    Raises
    ------
    ValueError
        When it is no notebook.
    """
    try:
        content = json.loads(notebook)
        cells = content["cells"]
        sources = [
            "".join(cell["source"]) for cell in cells if cell["cell_type"] == "code"
        ]
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise ValueError(f"not a notebook ({type(error).__name__})") from None
    return [without_magics(source) for source in sources]


# A command of IPython in place of a statement, and one whose result has a name.
COMMAND = re.compile(r"^(\s*)(?:[%!?].*|[\w.]+\?\??\s*)$")
COMMAND_WITH_RESULT = re.compile(r"^(\s*\w[\w, ]*=\s*)[%!].*$")


def without_magics(source: str) -> str:
    """Return a cell's source as Python: IPython's own commands become ``pass``.

    The line ends become those of Python, too. A cell that is Python as it stands has no
    commands: a ``%`` at the start of a line then goes on with an expression or a text.
    """
    lines = source.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    first = lines[0].split()[:1]
    if first and first[0].startswith("%%"):
        if first[0] not in ("%%time", "%%timeit", "%%capture", "%%prun"):
            return ""  # another language, or a file
        lines[0] = ""
    without = [COMMAND.sub(r"\1pass", line) for line in lines]
    without = [COMMAND_WITH_RESULT.sub(r"\1None", line) for line in without]
    if without != lines and not _is_python("\n".join(lines)):
        lines = without
    return "\n".join(lines)


def _is_python(source: str) -> bool:
    try:
        ast.parse(source)
    except UNREADABLE:
        return False
    return True


# What the parser raises; a MemoryError where source is nested too deeply.
UNREADABLE = (SyntaxError, ValueError, RecursionError, MemoryError)


def statements(source: str) -> list[Statement]:
    """Return the statements of a cell; none where the cell is not valid Python."""
    try:
        tree = ast.parse(source)
        lines = source.encode().split(b"\n")
        return [_statement(node, _text(node, lines)) for node in tree.body]
    except UNREADABLE:
        return []


def _text(node: ast.stmt, lines: list[bytes]) -> str:
    """Return the text of a statement with its decorators; columns are bytes."""
    first = [*getattr(node, "decorator_list", []), node][0]
    own = lines[first.lineno - 1 : node.end_lineno]
    own[-1] = own[-1][: node.end_col_offset]
    own[0] = own[0] if first is not node else own[0][node.col_offset :]
    return b"\n".join(own).decode()


def _statement(node: ast.stmt, text: str) -> Statement:
    table = symtable.symtable(text, "<cell>", "exec")
    binds, uses = set(), set()
    for symbol in table.get_symbols():
        if symbol.is_assigned() or symbol.is_imported():
            binds.add(symbol.get_name())
        if symbol.is_referenced():
            uses.add(symbol.get_name())
    inside = table.get_children()
    for scope in inside:
        inside += scope.get_children()
        for symbol in scope.get_symbols():
            if symbol.is_global():
                (binds if symbol.is_assigned() else uses).add(symbol.get_name())
    if isinstance(node, ast.ImportFrom) and node.names[0].name == "*":
        binds.add("*")
    return Statement(
        text, frozenset(binds), frozenset(uses), frozenset(_changes(node)), _stub(node)
    )


def _changes(node: ast.stmt) -> set[str]:
    """Return the names whose objects a statement changes."""
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        return set()
    changed = []
    for inside in ast.walk(node):
        match inside:
            case ast.Attribute(ctx=ast.Store() | ast.Del()):
                changed.append(inside)
            case ast.Subscript(ctx=ast.Store() | ast.Del()):
                changed.append(inside)
            case ast.Expr(value=ast.Call()):
                changed.append(inside.value.func)
    roots = set()
    for target in changed:
        root = target
        while isinstance(root, ast.Attribute | ast.Subscript):
            root = root.value
        if isinstance(root, ast.Name) and root is not target:
            roots.add(root.id)
    return roots


def _stub(node: ast.AST) -> bool:
    """Return whether a function or class only raises NotImplementedError."""
    if isinstance(node, ast.ClassDef):
        methods = [n for n in node.body if isinstance(n, ast.FunctionDef)]
        return bool(methods) and all(map(_stub, methods))
    if not isinstance(node, ast.FunctionDef):
        return False
    body = node.body[1:] if ast.get_docstring(node) is not None else node.body
    return len(body) == 1 and ast.unparse(body[0]).startswith(
        "raise NotImplementedError"
    )


def needed(name: str, imports: list[Statement], written: list[Statement]) -> list[int]:
    """Return which of ``imports + written`` the answer `name` needs, in order.

    Of several definitions the last one counts, and a stub only where there is no other.
    """
    every = imports + written
    modules = {n for s in every if _imports(s) for n in s.binds}
    skipped = {i for i, s in enumerate(every) if s.stub and name in s.binds}
    if any(name in s.binds and i not in skipped for i, s in enumerate(every)):
        every = [Statement("") if i in skipped else s for i, s in enumerate(every)]
    if not any(name in s.binds for s in every):
        return []
    by_name = defaultdict(list)
    for i, statement in enumerate(every):
        for bound in statement.binds | (statement.changes - modules):
            by_name[bound].append(i)
    wanted, chosen = [name, "*"], set()
    while wanted:
        for i in by_name.pop(wanted.pop(), ()):
            if i not in chosen:
                chosen.add(i)
                wanted += every[i].uses
    return sorted(chosen)


def _imports(statement: Statement) -> bool:
    return statement.text.startswith(("import ", "from "))


def needed_imports(imports: str, sources: dict[str, str]) -> list[str]:
    """Return the imports of a chapter's first cell that its solutions need."""
    given = statements(imports)
    chosen: set[int] = set()
    for name, source in sources.items():
        chosen |= set(needed(name, given, statements(source)))
    mine = [given[i] for i in sorted(chosen) if i < len(given)]
    return [statement.text for statement in mine if _imports(statement)]


def slices(notebook: bytes, imports: str, names: list[str]) -> dict[str, dict | None]:
    """Return for each answer in `names` what it needs, ``None`` where it is not there.

    Parameters
    ----------
    notebook : bytes
    imports : str
        The chapter's own first code cell, which every answer may rely on.
    names : list of str

    Returns
    -------
    dict
        For each name ``imports``, the indices of the statements that it needs of the
        chapter's first cell, and ``written``, the texts of those of the notebook.

    Raises
    ------
    ValueError
        When it is no notebook.
    """
    given = statements(imports)
    cells = notebook_cells(notebook)
    parsed = [statements(cell) for cell in cells]
    written = [statement for cell in parsed for statement in cell]
    broken = [cell for cell, found in zip(cells, parsed) if cell.strip() and not found]
    found: dict[str, dict | None] = {}
    for name in names:
        chosen = needed(name, given, written)
        own = [(given + written)[i].text for i in chosen if i >= len(given)]
        if not own:  # the cell with a fault in it tells of the fault when it is run
            defined = re.compile(rf"^(?:def|class)\s+{name}\b", re.MULTILINE)
            own = [cell for cell in broken if defined.search(cell)][-1:]
        found[name] = None
        if own:
            mine = [i for i in chosen if i < len(given)]
            found[name] = {"imports": mine, "written": own}
    return found


def define_answer(texts: list[str], name: str) -> Callable:
    """Execute statements and return what they define as `name`.

    A statement that fails is tried again after the others, since the cells may stand in
    another order than they were run in.

    Raises
    ------
    Exception
        What the first statement raised that never succeeded, when `name` was not
        defined.
    """
    namespace: dict[str, Any] = {
        "__name__": "__main__",
        "display": lambda *things, **options: None,
    }
    pending = []
    for i, text in enumerate(texts):
        filename = f"<statement {i + 1}>"
        linecache.cache[filename] = (len(text), None, text.splitlines(True), filename)
        pending.append(compile(text, filename, "exec"))
    while True:
        failed, first = [], None
        for code in pending:
            try:
                exec(code, namespace)
            except Exception as error:
                failed.append(code)
                first = first or error
        if not failed:
            break
        if len(failed) == len(pending):
            if name not in namespace:
                raise first
            break
        pending = failed
    return namespace[name]
