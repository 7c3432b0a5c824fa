"""Small changes to the source of a function, each of which should make it wrong."""

import ast
from dataclasses import dataclass

# Names of functions and methods that are taken for one another.
TWINS = {
    "ReLU": "Tanh",
    "all": "any",
    "any": "all",
    "cross_entropy": "nll_loss",
    "detach": "clone",
    "exp": "expm1",
    "max": "min",
    "maximum": "minimum",
    "mean": "sum",
    "min": "max",
    "minimum": "maximum",
    "no_grad": "enable_grad",
    "ones": "zeros",
    "ones_like": "zeros_like",
    "output": "input",
    "sum": "mean",
    "zeros": "ones",
    "zeros_like": "ones_like",
}
OTHER_STRING = {"relu": "tanh", "sigmoid": "tanh", "tanh": "sigmoid"}
OTHER_OPERATOR = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.Div,
    ast.Div: ast.Mult,
    ast.MatMult: ast.Mult,
    ast.Pow: ast.Mult,
}
OTHER_COMPARISONS = {
    ast.Lt: (ast.LtE, ast.Gt, ast.GtE),
    ast.LtE: (ast.Lt, ast.Gt, ast.GtE),
    ast.Gt: (ast.GtE, ast.Lt, ast.LtE),
    ast.GtE: (ast.Gt, ast.Lt, ast.LtE),
    ast.Eq: (ast.NotEq,),
    ast.NotEq: (ast.Eq,),
}
SYMMETRIC = {"max", "maximum", "min", "minimum"}  # the order of arguments is no matter


@dataclass(frozen=True)
class Mutant:
    """A changed function: its whole source, and the line changed, before and after."""

    change: str
    source: str


def make_mutants(source: str) -> list[Mutant]:
    """Return the mutants of the function or class that `source` defines, all different.

    Each has one change. Comments and docstrings are left out of the sources.
    """
    tree = ast.parse(source)
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.ClassDef) and ast.get_docstring(node):
            del node.body[0]
    original = ast.unparse(tree)
    names = _names(tree)
    made: dict[str, Mutant] = {}
    for parent in list(ast.walk(tree)):
        for field, value in ast.iter_fields(parent):
            slots = enumerate(value) if isinstance(value, list) else [(None, value)]
            for i, node in slots:
                for other in _others(node, parent, field, names):
                    _put(parent, field, i, other)
                    text = ast.unparse(tree)
                    if text != original and text not in made and _compiles(text):
                        made[text] = Mutant(_change(original, text), text)
                _put(parent, field, i, node)
    return list(made.values())


def _put(parent, field, i, node):
    if i is None:
        setattr(parent, field, node)
    else:
        getattr(parent, field)[i] = node


def _compiles(source):
    try:
        compile(source, "<mutant>", "exec")
    except SyntaxError:
        return False
    return True


def _change(original, text):
    """Return the first line that differs, as it was and as it is."""
    pairs = zip(original.splitlines(), text.splitlines())
    old, new = next((old, new) for old, new in pairs if old != new)
    return f"{old.strip()} -> {new.strip()}"


def _names(tree):
    """Return the arguments and variables in the order in which they come up."""
    found = [
        node.arg if isinstance(node, ast.arg) else node.id
        for node in ast.walk(tree)
        if isinstance(node, ast.arg)
        or (isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store))
    ]
    return [name for name in dict.fromkeys(found) if name != "self"]


def _others(node, parent, field, names):
    """Yield what may stand in the place of `node`."""
    if isinstance(node, ast.stmt):
        yield from _other_statements(node)
    elif isinstance(node, ast.Constant):
        yield from (ast.Constant(value) for value in _other_values(node.value))
    elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load):
        yield from _other_names(node, parent, names)
    elif isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Load):
        if node.attr in TWINS:
            yield ast.Attribute(node.value, TWINS[node.attr], node.ctx)
        if node.attr == "T":
            yield node.value
    elif isinstance(node, ast.BinOp):
        yield from _other_operations(node)
    elif isinstance(node, ast.UnaryOp):
        yield node.operand
    elif isinstance(node, ast.Compare):
        for kind in OTHER_COMPARISONS.get(type(node.ops[0]), ()):
            yield ast.Compare(node.left, [kind()], node.comparators)
    elif isinstance(node, ast.Call):
        yield from _other_calls(node)
    elif isinstance(node, ast.Tuple | ast.List):
        for elements in [*_swapped(node.elts), *_without_one(node.elts)]:
            yield type(node)(elements, node.ctx)
    elif isinstance(node, ast.Slice):
        yield ast.Slice(None, node.upper, node.step)
        yield ast.Slice(node.lower, None, node.step)
    elif isinstance(node, ast.comprehension):
        for condition in node.ifs:
            opposite = ast.UnaryOp(ast.Not(), condition)
            yield ast.comprehension(node.target, node.iter, [], 0)
            yield ast.comprehension(node.target, node.iter, [opposite], 0)
        for part in _parts(node.iter):
            yield ast.comprehension(node.target, part, node.ifs, 0)
    factor = isinstance(parent, ast.BinOp) and isinstance(parent.op, ast.MatMult)
    if factor and field != "op" and getattr(node, "attr", "") != "T":
        yield ast.Attribute(node, "T", ast.Load())
    if isinstance(parent, ast.Return | ast.Assign) and field == "value":
        if _is_bool(node):
            yield ast.UnaryOp(ast.Not(), node)
        elif isinstance(node, ast.BinOp | ast.Call | ast.Name):
            yield ast.UnaryOp(ast.USub(), node)


def _is_bool(node):
    return isinstance(node, ast.Compare) or (
        isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id == "bool"
    )


def _other_statements(node):
    if not isinstance(node, ast.FunctionDef | ast.ClassDef):
        yield ast.Pass()
    if isinstance(node, ast.AugAssign):
        other = OTHER_OPERATOR[type(node.op)]()
        yield ast.AugAssign(node.target, other, node.value)
        yield ast.Assign([node.target], node.value, lineno=0)
    elif isinstance(node, ast.If):
        yield ast.If(ast.UnaryOp(ast.Not(), node.test), node.body, node.orelse)
    elif isinstance(node, ast.With):
        yield ast.If(ast.Constant(True), node.body, [])
    elif isinstance(node, ast.For):
        for part in _parts(node.iter):
            yield ast.For(node.target, part, node.body, node.orelse, lineno=0)
        if isinstance(node.body[-1], ast.Assign | ast.AugAssign | ast.Expr):
            body = [*node.body, ast.Break()]
            yield ast.For(node.target, node.iter, body, node.orelse, lineno=0)


def _parts(iterable):
    """Yield the iterable without its first element, and without its last."""
    whole = ast.Call(ast.Name("list", ast.Load()), [iterable], [])
    for part in (
        ast.Slice(ast.Constant(1), None, None),
        ast.Slice(None, ast.Constant(-1), None),
    ):
        yield ast.Subscript(whole, part, ast.Load())


def _other_values(value):
    if isinstance(value, bool):
        yield not value
    elif isinstance(value, int | float):
        yield from (value + 1, value - 1)
        if value:
            yield from (-value, 2 * value)
    elif isinstance(value, str):
        yield OTHER_STRING.get(value, f"{value}_")


def _other_names(node, parent, names):
    if node.id in TWINS:
        yield ast.Name(TWINS[node.id], node.ctx)
    called = isinstance(parent, ast.Call) and parent.func is node
    if node.id in names and not called:
        yield from (ast.Name(name, node.ctx) for name in names if name != node.id)


def _other_operations(node):
    left, op, right = node.left, node.op, node.right
    if type(op) in OTHER_OPERATOR:
        yield ast.BinOp(left, OTHER_OPERATOR[type(op)](), right)
    if not isinstance(op, ast.Add | ast.Mult):
        yield ast.BinOp(right, op, left)
    yield left
    yield right


def _other_calls(node):
    def with_arguments(arguments, keywords=node.keywords):
        return ast.Call(node.func, arguments, keywords)

    name = getattr(node.func, "attr", getattr(node.func, "id", None))
    if isinstance(node.func, ast.Attribute) and not node.args:
        yield node.func.value  # x.item() -> x
    if len(node.args) == 1 or name in SYMMETRIC:
        yield from node.args  # np.exp(x) -> x
    if name not in SYMMETRIC:
        yield from map(with_arguments, _swapped(node.args))
    for i, keyword in enumerate(node.keywords):
        yield with_arguments(node.args, node.keywords[:i] + node.keywords[i + 1 :])
        if keyword.arg == "axis" and keyword.value.value in (0, 1):
            other = ast.keyword("axis", ast.Constant(1 - keyword.value.value))
            keywords = [*node.keywords[:i], other, *node.keywords[i + 1 :]]
            yield with_arguments(node.args, keywords)


def _swapped(elements):
    """Yield the lists that come of exchanging two neighbours."""
    for i in range(len(elements) - 1):
        yield [*elements[:i], elements[i + 1], elements[i], *elements[i + 2 :]]


def _without_one(elements):
    """Yield the lists that lack one element."""
    if len(elements) > 1:
        yield from (elements[:i] + elements[i + 1 :] for i in range(len(elements)))
