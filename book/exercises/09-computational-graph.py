"""The exercises of chapter 9, *The computational graph*."""

import numpy as np

from course_utils.exercises import Exercise, Mistake

MOST_READS = 100
MOST_NAMES = 1000  # in an order, with names that come twice


def products(rng):
    """Yield a, b, dc, dc2: by hand, square, a single row, a single column, others."""
    yield (
        np.array([[1.0, 2.0], [3.0, 4.0]]),
        np.array([5.0, 6.0]),
        np.array([[1.0, 0.0], [2.0, 1.0]]),
        np.array([[0.0, 1.0], [0.0, 0.0]]),
    )
    for n, m in ((3, 3), (1, 4), (4, 1), (5, 2)):
        a, dc, dc2 = rng.normal(size=(3, n, m))
        yield a, rng.normal(size=m), dc, dc2


def graphs(rng):
    """Yield parents, output: by hand, a leaf, a square, and larger ones, shuffled."""
    yield {"c": ["d", "a"], "a": [], "b": [], "d": ["a", "b"]}, "c"
    yield {"x": [], "y": ["x"]}, "x"
    for n_leaves, n in ((1, 5), (2, 8), (3, 12), (4, 18)):
        names = [
            str(name) for name in rng.permutation(list("abcdefghijklmnopqrst"))[:n]
        ]
        made = {name: [] for name in names[:n_leaves]}
        for i in range(n_leaves, n):
            # The box before it, so that the graph is deep, and another.
            others = [names[i - 1], names[rng.integers(i)]]
            made[names[i]] = [others[k] for k in rng.permutation(2)]
        first, twin = names[:2]
        made[names[n_leaves]] = [first, first]  # a square
        if n_leaves > 1:
            made[names[-1]] = [names[n_leaves], twin, names[-3]]  # leaves some out
        shuffled = {str(name): made[str(name)] for name in rng.permutation(names)}
        yield shuffled, names[-1]


def piled_up(rng):
    """Yield parents, grads, last, chain: by hand, with many ways, deep, and others."""
    yield [[], [], [0, 1], [2, 0], [1]], [4.0, 2.0, 1.0, 1.0, 7.0], 3, 0
    for n, chain in ((6, 0), (9, 3), (12, 1)):
        parents = [[], []]
        parents += [list(map(int, rng.integers(i, size=2))) for i in range(2, n)]
        grads = rng.normal(size=n)
        last = n - 1 - int(rng.integers(2))
        grads[last if chain else rng.integers(last)] = 0.0  # a 0 between others
        yield parents, [float(g) for g in grads], last, chain
    n = int(rng.integers(22, 26))
    ways = [[], [0], *([i - 1, i - 2] for i in range(2, n))]  # as Fibonacci's numbers
    yield ways, [float(g) for g in rng.normal(size=n)], n - 1, 0
    deep = int(rng.integers(3000, 3100))
    yield [[], [0]], [float(g) for g in rng.normal(size=2)], 1, deep


class Node:
    """What an answer meets of a Value, with a limit to how often it looks back."""

    def __init__(self, parents, grad):
        self.data, self.op = 1.0, ""
        self.grad = grad
        self._parents = parents
        self._reads = 0

    @property
    def parents(self):
        self._reads += 1
        if self._reads > MOST_READS:
            raise RuntimeError(
                f"the parents of one node were asked for more than {MOST_READS} times"
            )
        return self._parents


def call_forward_and_back(answer, a, b, dc, dc2):
    """Return the product and what its rule gives for two gradients, one by one."""
    made = answer(a, b)
    if made is None:
        return None
    pair = isinstance(made, (tuple, list)) and len(made) == 2
    if not pair or not callable(made[1]):
        raise TypeError(
            "return the pair (c, backward), where backward is a function of dc"
        )
    c, backward = made
    seen = {"c": c}
    for call, gradient in (("dc", dc), ("dc2", dc2)):
        da, db = backward(gradient)
        seen |= {f"da for {call}": np.array(da), f"db for {call}": np.array(db)}
    return seen


def sorted_and_early(order, parents, output):
    """Return the names in an order, sorted, and those before one of their parents."""
    if len(order) > MOST_NAMES:
        raise ValueError(f"a list of {len(order)} names is longer than any graph here")
    early = [
        name
        for i, name in enumerate(order)
        if not set(parents.get(name, ())) <= set(order[:i])
    ]
    return {"names, sorted": sorted(order), "before a parent": sorted(set(early))}


def grads_afterwards(answer, parents, grads, last, chain):
    """Return what `answer` gives, and the gradients that it leaves."""
    nodes = []
    for inputs, grad in zip(parents, grads):
        nodes.append(Node([(nodes[i], 2.0) for i in inputs], grad))
    ends = [nodes[last]]
    for _ in range(chain):
        ends.append(Node([(ends[-1], 2.0)], 1.0))
    try:
        count = answer(ends[-1])
    except RecursionError:  # its own text depends on where it happens
        raise RuntimeError("the calls inside each other became too many") from None
    return {
        "returned": count,
        "grads": np.array([node.grad for node in nodes], dtype=float),
        "sum over the chain": float(sum(node.grad for node in ends[1:])),
    }


EXERCISES = [
    Exercise(
        name="value_mul",
        points=2,
        inputs=products,
        observe=call_forward_and_back,
        mistakes=(
            Mistake(
                "(dc * a).sum(axis=0)",
                "dc * a",
                "db has the shape of b: each of its elements is used once in every "
                "row, so add up the rows.",
            ),
            Mistake(
                "(dc * a).sum(axis=0)",
                "(dc * a).sum(axis=0, keepdims=True)",
                "db has the shape of b, (m,), without an axis of length 1.",
            ),
            Mistake(
                "(dc * a).sum(axis=0)",
                "(dc * a).sum(axis=1)",
                "b has an element for each column: add up over the rows, axis 0.",
            ),
            Mistake(
                "(dc * a).sum(axis=0)",
                "(dc * a).mean(axis=0)",
                "the derivatives along several ways are added, not averaged.",
            ),
            Mistake(
                "(dc * a).sum(axis=0)",
                "(dc * a)[-1]",
                "only one of the n ways is there: add up the rows.",
            ),
            Mistake(
                "dc * b, (dc * a).sum(axis=0)",
                "dc * a, (dc * b).sum(axis=0)",
                "the slope by a is b, and the slope by b is a.",
            ),
            Mistake(
                "dc * b, (dc * a).sum(axis=0)",
                "b + 0 * dc, a.sum(axis=0)",
                "these are the local derivatives: multiply by the gradient dc that "
                "arrives.",
            ),
            Mistake(
                "    def backward(dc):\n        return dc * b, (dc * a).sum(axis=0)",
                "    da, db = np.zeros(a.shape), np.zeros(b.shape)\n\n"
                "    def backward(dc):\n"
                "        da[:] += dc * b\n"
                "        db[:] += (dc * a).sum(axis=0)\n"
                "        return da.copy(), db.copy()",
                "the second call adds to the first: each call answers for its own dc.",
            ),
        ),
    ),
    Exercise(
        name="topological_order",
        points=2,
        inputs=graphs,
        judge=sorted_and_early,
        mistakes=(
            Mistake(
                "            for parent in parents[name]:\n"
                "                visit(parent)\n"
                "            order.append(name)",
                "            order.append(name)\n"
                "            for parent in parents[name]:\n"
                "                visit(parent)",
                "a name goes into the list after its parents, so append it when all "
                "of them have been visited.",
            ),
            Mistake(
                "return order",
                "return order[::-1]",
                "this is the order of the way back: parents come first in the list.",
            ),
            Mistake(
                "if name not in order:",
                "if True:",
                "a name that is reached along two ways is in the list twice: skip "
                "what is there.",
            ),
            Mistake(
                "    visit(output)",
                "    for name in parents:\n        visit(name)",
                "leave out the boxes that the output does not depend on.",
            ),
            Mistake(
                "order.append(name)",
                "name == output or order.append(name)",
                "the output belongs into the list too, at its end.",
            ),
            Mistake(
                "    visit(output)\n    return order",
                "    order, found = [output], [output]\n"
                "    for name in found:\n"
                "        for parent in parents[name]:\n"
                "            if parent not in found:\n"
                "                found.append(parent)\n"
                "    return found[::-1]",
                "nearest first, turned round, is not enough: a box near the output "
                "can be a parent of one that is farther away.",
            ),
        ),
    ),
    Exercise(
        name="zero_all_grads",
        points=1,
        inputs=piled_up,
        observe=grads_afterwards,
        mistakes=(
            Mistake(
                "found.add(parent)",
                "pass",
                "a node that is reached along many ways is visited once for each: "
                "keep a set of the nodes that you have found.",
            ),
            Mistake(
                "            if parent not in found:\n"
                "                found.add(parent)\n"
                "                to_visit.append(parent)",
                "            cleared += parent.grad != 0\n"
                "            parent.grad = 0.0",
                "this clears the output and its parents only: go on to the parents of "
                "the parents.",
            ),
            Mistake(
                "if parent not in found:",
                "if parent not in found and parent.grad != 0:",
                "go on behind a node whose grad is 0: the grads of its parents can be "
                "different from 0.",
            ),
            Mistake(
                "node.grad = 0.0",
                "node.grad = node.grad if node.parents else 0.0",
                "clear all the nodes on the way too, not the leaves alone.",
            ),
            Mistake(
                "cleared += node.grad != 0",
                "cleared += 1",
                "count the nodes whose grad was not 0, not all of them.",
            ),
            Mistake(
                "cleared += node.grad != 0\n        node.grad = 0.0",
                "node.grad = 0.0\n        cleared += node.grad != 0",
                "look at grad before you set it to 0.",
            ),
            Mistake(
                "node.grad != 0",
                "node.grad > 0",
                "a gradient can be negative: count what is not 0.",
            ),
            Mistake(
                "{output}, [output], 0",
                "{output}, [parent for parent, _ in output.parents], 0",
                "the output has a grad too: clear it, and count it.",
            ),
            Mistake(
                "    found, to_visit, cleared = {output}, [output], 0\n"
                "    while to_visit:\n"
                "        node = to_visit.pop()\n"
                "        cleared += node.grad != 0\n"
                "        node.grad = 0.0\n"
                "        for parent, _ in node.parents:\n"
                "            if parent not in found:\n"
                "                found.add(parent)\n"
                "                to_visit.append(parent)\n"
                "    return cleared",
                "    found = set()\n\n"
                "    def visit(node):\n"
                "        found.add(node)\n"
                "        cleared = int(node.grad != 0)\n"
                "        node.grad = 0.0\n"
                "        new = [p for p, _ in node.parents]\n"
                "        new = [p for p in new if p not in found]\n"
                "        return cleared + sum(visit(p) for p in new)\n"
                "\n"
                "    return visit(output)",
                "the graph is too deep for a function that calls itself: keep a list "
                "of the nodes to visit, as `ancestors` does.",
            ),
        ),
    ),
]
