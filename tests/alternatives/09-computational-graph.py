"""Other right answers to the exercises of chapter 9."""

from collections import deque
from graphlib import TopologicalSorter

import numpy as np
import torch


def value_mul__loops(a, b):
    def backward(dc):
        n, m = a.shape
        da = [[0.0] * m for _ in range(n)]
        db = [0.0] * m
        for i in range(n):
            for j in range(m):
                da[i][j] += dc[i, j] * b[j]
                db[j] += dc[i, j] * a[i, j]
        return da, db

    return np.array([[x * y for x, y in zip(row, b)] for row in a]), backward


def value_mul__matrices(a, b):
    return a @ np.diag(b), lambda dc: [dc @ np.diag(b), np.einsum("ij,ij->j", dc, a)]


def value_mul__torch(a, b):
    ta = torch.tensor(a, requires_grad=True)
    tb = torch.tensor(b, requires_grad=True)
    c = ta * tb

    def backward(dc):
        both = torch.autograd.grad(c, (ta, tb), torch.tensor(dc), retain_graph=True)
        return tuple(gradient.numpy() for gradient in both)

    return c.detach().numpy(), backward


def topological_order__count_the_waiting(parents, output):
    needed, to_visit = set(), [output]
    while to_visit:
        name = to_visit.pop()
        if name not in needed:
            needed.add(name)
            to_visit += parents[name]
    missing = {name: len(set(parents[name])) for name in needed}
    ready = deque(sorted(name for name in needed if not missing[name]))
    order = []
    while ready:
        done = ready.popleft()
        order.append(done)
        for name in sorted(needed):
            if done in parents[name]:
                missing[name] -= 1
                if not missing[name]:
                    ready.append(name)
    return order


def topological_order__library(parents, output):
    def needed(name):
        return {name}.union(*(needed(parent) for parent in parents[name]))

    kept = needed(output)
    graph = {name: inputs for name, inputs in parents.items() if name in kept}
    return list(TopologicalSorter(graph).static_order())


def topological_order__depths(parents, output):
    depth = {output: 0}
    for _ in parents:
        for name in list(depth):
            for parent in parents[name]:
                depth[parent] = max(depth.get(parent, 0), depth[name] + 1)
    return tuple(sorted(depth, key=lambda name: (-depth[name], name)))


def topological_order__rounds(parents, output):
    order = []
    while output not in order:
        for name in reversed(parents):
            if name not in order and all(p in order for p in parents[name]):
                order.append(name)
    used = {output}
    for name in reversed(order):
        if name in used:
            used.update(parents[name])
    return [name for name in order if name in used]


def zero_all_grads__levels(output):
    level, found = {output}, set()
    while level:
        found |= level
        level = {p for node in level for p, _ in node.parents} - found
    count = sum(1 for node in found if node.grad)
    for node in found:
        node.grad = 0
    return count


def zero_all_grads__dict(output):
    found = {id(output): output}
    waiting = deque(found.values())
    while waiting:
        for pair in waiting.popleft().parents:
            node = pair[0]
            if id(node) not in found:
                found[id(node)] = node
                waiting.append(node)
    nodes = found.values()
    count = len(nodes) - [node.grad for node in nodes].count(0.0)
    for node in nodes:
        node.grad *= 0.0
    return count


def zero_all_grads__marked(output):
    found = [output]
    for node in found:
        node.seen = True
        for parent, _ in node.parents:
            if not getattr(parent, "seen", False):
                parent.seen = True
                found.append(parent)
    cleared = [node for node in reversed(found) if abs(node.grad) > 0]
    for node in cleared:
        node.grad = node.grad - node.grad
    return np.count_nonzero(cleared)


# Mutants of the solutions that are the same function, with the reason.
EQUIVALENT = {
    "zero_all_grads": {
        "found, to_visit, cleared = ({output}, [output], 0) -> found, to_visit, cleared = ({input}, [output], 0)": "no way back from the output leads to it again",
        "found.add(parent) -> found.add(node)": "marked when its parents are looked at; a node that waits twice is then clear already",
    },
}
