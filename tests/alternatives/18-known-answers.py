"""Other right answers to the exercises of chapter 18."""

from collections import defaultdict

import numpy as np

from course_utils.statistics import wilson_interval


def symmetry_ratio__loop(w):
    n, sizes = len(w), []
    largest = max(abs(weight) for weight in w)
    for i in range(n // 2):
        a, b = w[i], w[n - 1 - i]
        if abs(a + b) > largest / 10:
            return []
        sizes.append(abs(a - b))
    return [size / min(sizes) for size in sorted(sizes)]


def symmetry_ratio__all_pairs_twice(w):
    w = np.asarray(w) / np.max(np.abs(w))
    if np.any(np.abs(w + np.flip(w)) > 0.1):
        return np.empty(0)
    halves = np.sort(np.abs(w - np.flip(w)))[::2] / 2  # each pair is there twice
    return halves / halves.min()


def symmetry_ratio__even_and_odd_part(w):
    odd, even = (w - w[::-1]) / 2, (w + w[::-1]) / 2
    if 2 * np.linalg.norm(even, np.inf) > 0.1 * np.linalg.norm(w, np.inf):
        return np.zeros(0)
    sizes = sorted(abs(odd[: len(w) // 2]))
    return np.array(sizes) / sizes[0]


def code_table__strings(A, margin):
    table = defaultdict(list)
    for pattern in range(len(A)):
        row = ["?"] * len(A[pattern])
        for unit, a in enumerate(A[pattern]):
            if a < margin:
                row[unit] = "0"
            if a > 1 - margin:
                row[unit] = "1"
        table["".join(row)].append(pattern)
    return dict(table)


def code_table__arrays(A, margin):
    letters = np.where(margin > A, "0", np.where(1 - margin < A, "1", "?"))
    codes = ["".join(row) for row in letters]
    return {
        code: [i for i, other in enumerate(codes) if other == code]
        for code in set(codes)
    }


def code_table__index(A, margin):
    kinds = 1 + (1 - margin < A).astype(int) - (margin > A).astype(int)
    table = {}
    for i, row in enumerate(kinds):
        code = "".join("0?1"[kind] for kind in row)
        table[code] = [*table.get(code, []), i]
    return table


def success_rate__loop(first, limit):
    successes, spent = 0, 0.0
    for sweeps in first:
        if sweeps <= limit:
            successes += 1
            spent += sweeps
        else:
            spent += limit
    low, high = wilson_interval(successes, len(first))
    price = spent / successes if successes > 0 else None
    return successes / len(first), low, high, price


def success_rate__means(first, limit):
    success = np.asarray(first) <= limit
    rate = success.mean()
    low, high = wilson_interval(np.sum(success), success.size)
    if rate == 0:
        return 0.0, low, high, None
    failures_for_each = (1 - rate) / rate
    price = np.mean(first[success]) + failures_for_each * limit
    return rate, low, high, price


def success_rate__wilson_by_hand(first, limit):
    k, n, z = np.count_nonzero(first <= limit), len(first), 1.959963984540054
    centre = (k + z**2 / 2) / (n + z**2)
    half = z / (n + z**2) * np.sqrt(k * (n - k) / n + z**2 / 4)
    low, high = max(centre - half, 0.0), min(centre + half, 1.0)
    spent = np.where(first <= limit, first, limit).sum()
    return k / n, low, high, spent / k if k else None


# Mutants of the solutions that are the same function, with the reason.
EQUIVALENT = {
    "symmetry_ratio": {
        "half = len(w) // 2 -> half = -(len(w) // 2)": "w has an even length: up to half of it from either end",
        "half = len(w) // 2 -> half = len(w) // -2": "w has an even length: up to half of it from either end",
        "left, right = (w[:half], w[::-1][:half]) -> left, right = (w[::-1][:half], w[:half])": "sum and size do not tell left from right",
        "left, right = (w[:half], w[::-1][:half]) -> right, left = (w[:half], w[::-1][:half])": "sum and size do not tell left from right",
        "if np.abs(left + right).max() > 0.1 * np.abs(w).max(): -> if np.abs(left + right).max() >= 0.1 * np.abs(w).max():": "a sum that is a tenth to the last digit depends on rounding",
        "return np.array([]) -> return -np.array([])": "there is nothing to negate",
        "return np.array([]) -> return []": "a list is as good as an array",
        "sizes = np.sort(np.abs(left - right)) -> sizes = -np.sort(np.abs(left - right))": "the sign falls out of the quotient",
        "sizes = np.sort(np.abs(left - right)) -> sizes = np.sort(np.abs(right - left))": "the size is symmetric",
    },
    "success_rate": {
        "price = spent / successes if successes else None -> price = spent / successes if low else None": "the low end is 0 only without a success",
        "return (successes / len(first), float(low), float(high), price) -> return (successes / len(first), low, float(high), price)": "a number in an array of no axes is that number",
        "return (successes / len(first), float(low), float(high), price) -> return (successes / len(first), float(low), high, price)": "a number in an array of no axes is that number",
    },
}
