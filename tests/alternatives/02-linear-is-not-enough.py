"""Other right answers to the exercises of chapter 2."""

import numpy as np
from scipy.optimize import linprog


def collapse_affine__probe(W1, b1, W2, b2):
    """Ask the two layers what they make of zero and of each unit vector."""

    def both(X):
        return (X @ W1 + b1) @ W2 + b2

    b = both(np.zeros(len(W1)))
    return both(np.eye(len(W1))) - b, b


def collapse_affine__loops(W1, b1, W2, b2):
    n_in, n_hidden, n_out = len(W1), len(b1), len(b2)
    W = [[0.0] * n_out for _ in range(n_in)]
    b = list(b2)
    for k in range(n_out):
        for j in range(n_hidden):
            b[k] += b1[j] * W2[j, k]
            for i in range(n_in):
                W[i][k] += W1[i, j] * W2[j, k]
    return [W, b]


def collapse_affine__one_matrix(W1, b1, W2, b2):
    """Treat each bias as the weights of one more input that is 1."""
    first = np.block([[W1, np.zeros((len(W1), 1))], [b1, 1.0]])
    both = first @ np.vstack([W2, b2])
    return both[:-1], both[-1]


def xor_weights__lists():
    return [[1, -1], [-1, 1]], [0, 0], [[2], [2]], [-1]


def xor_weights__without_output_bias():
    W1 = np.array([[-0.3, 0.3], [0.3, -0.3]])
    return W1, np.zeros(2), np.array([[0.7], [5.0]]), np.zeros(1)


def xor_weights__single_precision():
    W1 = np.array([[3, -1], [-3, 1]], dtype=np.float32)
    W2 = np.array([[1], [3]], dtype=np.float32)
    return [W1, np.zeros(2, np.float32), W2, np.float32([-1.5])]


def xor_weights__not_of_opposite_columns():
    """The first unit speaks at 10 alone, the second at 01 and nowhere else."""
    W1 = np.array([[1.0, -3.0], [-2.0, 2.0]])
    return W1, np.zeros(2), np.array([[4.0], [2.5]]), np.array([-1e-3])


def is_linearly_separable__largest_margin(X, y):
    """Look for the largest t with s (x w + b) >= t, where no element exceeds 1."""
    n, n_in = X.shape
    s = 2.0 * np.asarray(y) - 1
    A = np.column_stack([-s[:, None] * X, -s, np.ones(n)])
    c = np.zeros(n_in + 2)
    c[-1] = -1
    bounds = [(-1, 1)] * n_in + [(None, None), (None, 1)]
    return linprog(c, A_ub=A, b_ub=np.zeros(n), bounds=bounds).x[-1] > 1e-7


def is_linearly_separable__common_point(X, y):
    """Ask whether a point is in the convex hulls of both classes."""
    a, b = X[y == 1], X[y == 0]
    if len(a) == 0 or len(b) == 0:
        return True
    rows = [
        np.hstack([a.T, -b.T]),
        np.repeat([1.0, 0.0], [len(a), len(b)])[None],
        np.repeat([0.0, 1.0], [len(a), len(b)])[None],
    ]
    right = np.append(np.zeros(X.shape[1]), [1.0, 1.0])
    found = linprog(np.zeros(len(X)), A_eq=np.vstack(rows), b_eq=right)
    return not found.success


def is_linearly_separable__interior_point(X, y):
    signs = [1 if label else -1 for label in y]
    A = [[-s * value for value in (*x, 1)] for s, x in zip(signs, X.tolist())]
    found = linprog(
        [0] * len(A[0]),
        A_ub=A,
        b_ub=[-1] * len(A),
        bounds=[(None, None)] * len(A[0]),
        method="highs-ipm",
    )
    return found.status == 0


# Mutants of the solutions that are the same function, with the reason.
EQUIVALENT = {
    "collapse_affine": {
        "b = b1 @ W2 + b2 -> b = b1.T @ W2 + b2": "transposing an array with one axis changes nothing"
    },
    "xor_weights": {
        "W1 = np.array([[1.0, -1.0], [-1.0, 1.0]]) -> W1 = [[1.0, -1.0], [-1.0, 1.0]]": "a list passes for an array",
        "W1 = np.array([[1.0, -1.0], [-1.0, 1.0]]) -> W1 = -np.array([[1.0, -1.0], [-1.0, 1.0]])": "another network that does XOR",
        "W1 = np.array([[1.0, -1.0], [-1.0, 1.0]]) -> W1 = np.array([[-1.0, 1.0], [1.0, -1.0]])": "another network that does XOR",
        "W1 = np.array([[1.0, -1.0], [-1.0, 1.0]]) -> W1 = np.array([[1.0, -2.0], [-1.0, 1.0]])": "another network that does XOR",
        "W1 = np.array([[1.0, -1.0], [-1.0, 1.0]]) -> W1 = np.array([[1.0, -1.0], [-2.0, 1.0]])": "another network that does XOR",
        "b1 = np.zeros(2) -> b1 = -np.zeros(2)": "-0 is 0",
        "b2 = np.array([-0.5]) -> b2 = [-0.5]": "a list passes for an array",
    },
    "is_linearly_separable": {
        "signs = np.where(y == 1, 1.0, -1.0) -> signs = np.where(y == 1, -1.0, 1.0)": "which class is on which side of the plane is no matter",
        "signs = np.where(y == 1, 1.0, -1.0) -> signs = -np.where(y == 1, 1.0, -1.0)": "which class is on which side of the plane is no matter",
        "signs = np.where(y == 1, 1.0, -1.0) -> signs = np.where(y != 1, 1.0, -1.0)": "which class is on which side of the plane is no matter",
        "signs = np.where(y == 1, 1.0, -1.0) -> signs = np.where(y == 0, 1.0, -1.0)": "which class is on which side of the plane is no matter",
        "rows = np.column_stack([X, np.ones(len(X))]) -> rows = -np.column_stack([X, np.ones(len(X))])": "which class is on which side of the plane is no matter",
        "A = -signs[:, None] * rows -> A = -(-signs[:, None] * rows)": "which class is on which side of the plane is no matter",
        "A = -signs[:, None] * rows -> A = signs[:, None] * rows": "which class is on which side of the plane is no matter",
        "signs = np.where(y == 1, 1.0, -1.0) -> signs = np.where(y == 1, 2.0, -1.0)": "a larger margin for one class can be had just as well",
        "signs = np.where(y == 1, 1.0, -1.0) -> signs = np.where(y == 1, 1.0, -2.0)": "a larger margin for one class can be had just as well",
        "rows = np.column_stack([X, np.ones(len(X))]) -> rows = np.column_stack([np.ones(len(X)), X])": "the bias comes first",
        "return bool(result.success) -> return result.success": "it is a bool",
        "u = -np.ones(len(A)) -> u = -np.ones(len(X))": "these have the same length",
        "u = -np.ones(len(A)) -> u = -np.ones(len(y))": "these have the same length",
        "u = -np.ones(len(A)) -> u = -np.ones(len(signs))": "these have the same length",
        "u = -np.ones(len(A)) -> u = -np.ones(len(rows))": "these have the same length",
        "rows = np.column_stack([X, np.ones(len(X))]) -> rows = np.column_stack([X, np.ones(len(y))])": "these have the same length",
        "rows = np.column_stack([X, np.ones(len(X))]) -> rows = np.column_stack([X, np.ones(len(signs))])": "these have the same length",
        "result = linprog(np.zeros(A.shape[1]), A_ub=A, b_ub=u, bounds=(None, None)) -> result = linprog(np.zeros(A.shape[-1]), A_ub=A, b_ub=u, bounds=(None, None))": "the last of two axes is axis 1",
        "result = linprog(np.zeros(A.shape[1]), A_ub=A, b_ub=u, bounds=(None, None)) -> result = linprog(np.zeros(rows.shape[1]), A_ub=A, b_ub=u, bounds=(None, None))": "these have the same shape",
    },
}
