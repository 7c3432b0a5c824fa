"""Copies are found, what everybody writes is not, and hostile text is text."""

import random
import time

import pytest
from grading_records import HOSTILE, exercise, record

from course_utils.grading.similarity import (
    LENGTH,
    similar_pairs,
    tokens,
    too_little,
)

STUB = "def train(X, y, W, b, rate):\n    raise NotImplementedError\n"
# Each step of an answer, in the ways that people write it.
STEPS = (
    ("Z = X @ W + b", "Z = np.dot(X, W) + b", "Z = np.matmul(X, W)\n    Z += b"),
    ("m = len(X)", "m = X.shape[0]", "m, n = X.shape"),
    (
        "P = np.exp(Z)\n    P = P / P.sum(axis=1, keepdims=True)",
        "P = np.exp(Z - Z.max(axis=1)[:, None])\n    P /= P.sum(1)[:, None]",
        "P = np.array([np.exp(z) / sum(np.exp(z)) for z in Z])",
    ),
    (
        "dZ = P.copy()\n    dZ[np.arange(m), y] -= 1",
        "dZ = P - np.eye(P.shape[1])[y]",
        "T = np.zeros_like(P)\n    T[range(m), y] = 1\n    dZ = P - T",
        "dZ = P\n    for i, k in enumerate(y):\n        dZ[i, k] = dZ[i, k] - 1",
    ),
    ("dW = X.T @ dZ / m", "dW = np.dot(X.T, dZ) * (1 / m)", "dW = (dZ.T @ X).T / m"),
    ("db = dZ.mean(axis=0)", "db = dZ.sum(0) / m", "db = np.ones(m) @ dZ / m"),
    (
        "return W - rate * dW, b - rate * db",
        "W = W - rate * dW\n    b = b - rate * db\n    return W, b",
        "W, b = [p - rate * g for p, g in ((W, dW), (b, db))]\n    return (W, b)",
    ),
)
ODD = """def train(X, y, W, b, rate):
    # mine
    logits = np.einsum("ij,jk->ik", X, W) + np.broadcast_to(b, (X.shape[0], b.size))
    shifted = np.subtract(logits, logits.max(-1, keepdims=True))
    table = np.divide(np.exp(shifted), np.exp(shifted).sum(-1, keepdims=True))
    table[tuple(zip(*enumerate(y)))] -= 1.0
    step = rate * np.einsum("ij,ik->jk", X, table) / len(y)
    return W - step, b - rate * table.mean(0)
"""
RENAMED = (
    ODD.replace("logits", "a1")
    .replace("shifted", "a2")
    .replace("table", "a3")
    .replace("step", "a4")
    .replace("# mine", "# my own work, truly")
    .replace("    ", "  ")
    .replace(", ", ",")
)


def answer(rng):
    """Return one person's way to write it."""
    lines = "\n    ".join(rng.choice(ways) for ways in STEPS)
    return f"def train(X, y, W, b, rate):\n    {lines}\n"


def handed_in(sources, **changes):
    return [
        record(f"s{i:04}", exercise("train", source=source, **changes))
        for i, source in enumerate(sources)
    ]


def crowd(n, seed=0):
    rng = random.Random(seed)
    return [answer(rng) for _ in range(n)]


def test_names_comments_and_layout_do_not_count():
    assert tokens(ODD) == tokens(RENAMED)


def test_order_and_attributes_count():
    assert tokens("a = 1\nf(b)") != tokens("f(b)\na = 1")
    assert tokens("np.sum(x)") != tokens("np.max(x)")


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("x = 'a # b'  # c", ["name", "=", "''"]),
        ('"""one\n"two" \\""" three"""; x', ["''", ";", "name"]),
        ("rb'\\'' + f\"{x}\"", ["''", "+", "''"]),
        ("'open\nif x", ["''", "if", "name"]),
        ("'''open\nif x", ["''"]),
        ("a**b//c != 1.5e3", ["name", "**", "name", "//", "name", "!=", "1.5e3"]),
        ("größe.T", ["name", ".", "T"]),
        ("x = '\\", ["name", "=", "''"]),
    ],
)
def test_tokens(source, expected):
    assert tokens(source) == expected


def test_a_copy_with_other_names_stands_out():
    records = handed_in([*crowd(40), ODD, RENAMED])
    (first,) = similar_pairs(records, {"train": STUB})
    assert (first.first, first.second) == ("s0040", "s0041")
    assert first.alike == 1.0
    assert first.exercises == ("train",)
    assert first.among == 42
    assert first.shared >= 40


def test_part_of_a_copy_stands_out():
    half = "\n".join(ODD.split("\n")[:-2]) + "\n    return W, b\n"
    more = half + "".join(f"    x{i} = W[{i}] if b else {i}\n" for i in range(9))
    records = handed_in([*crowd(40), ODD, more])
    (pair,) = similar_pairs(records, {"train": STUB})
    assert (pair.first, pair.second) == ("s0040", "s0041")
    assert 0.6 <= pair.alike < 1


def test_one_way_that_most_use_is_nothing_to_report():
    common = answer(random.Random(3))
    records = handed_in([common] * 30 + crowd(10))
    pairs = similar_pairs(records, {"train": STUB})
    in_common = {f"s{i:04}" for i in range(30)}
    assert not [p for p in pairs if {p.first, p.second} <= in_common]
    assert in_common <= set(too_little(records, {"train": STUB})["01-one-layer"])


def test_what_the_stub_holds_does_not_count():
    long_stub = ODD + "    raise NotImplementedError\n"
    records = handed_in([ODD, ODD, *crowd(6)])
    assert similar_pairs(records)[0].alike == 1.0
    pairs = similar_pairs(records, {"train": long_stub})
    assert not [pair for pair in pairs if pair.first == "s0000"]


def test_short_answers_cannot_be_told_apart():
    short = "def f(x, y):\n    z = abs(x) + y\n    return z * 2 - sum(y)\n"
    records = handed_in([short] * 2 + crowd(4))
    assert too_little(records)["01-one-layer"] == ["s0000", "s0001"]
    assert not [pair for pair in similar_pairs(records) if pair.first == "s0000"]


def test_an_answer_that_was_not_written_is_not_compared():
    records = handed_in([ODD, ODD], status="missing")
    assert similar_pairs(records) == []
    assert too_little(records) == {}


def test_chapters_are_kept_apart():
    records = [
        record("ada", exercise("train", source=ODD), chapter="01-a"),
        record("bob", exercise("train", source=ODD), chapter="02-b"),
    ]
    assert similar_pairs(records) == []


def test_the_order_of_the_records_makes_no_difference():
    records = handed_in([*crowd(20), ODD, RENAMED])
    assert similar_pairs(records) == similar_pairs(records[::-1])


def test_few_pairs_are_returned():
    records = handed_in([*crowd(40), *[ODD] * 8])
    assert len(similar_pairs(records, at_least=0.9, most=5)) == 5


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_hostile_source_is_text(text):
    records = handed_in([text, text, ODD, RENAMED])
    pairs = similar_pairs(records)
    assert ("s0002", "s0003") in [(pair.first, pair.second) for pair in pairs]


@pytest.mark.parametrize(
    "piece",
    [
        '"""\\',
        "'''\"",
        '"\\"',
        "rb",
        "(",
        "\\",
        "'''a\\'''",
        '""" "',
        "#'''",
        "\n'",
        "**",
    ],
)
def test_the_time_is_proportional_to_the_length(piece):
    began = time.process_time()
    tokens((piece * 20_000)[:20_000])
    assert time.process_time() - began < 0.5


def test_a_thousand_submissions_take_seconds():
    sources = [*crowd(998, seed=1), ODD, RENAMED]
    records = handed_in(sources)
    began = time.process_time()
    pairs = similar_pairs(records, {"train": STUB})
    assert time.process_time() - began < 10
    assert [(pair.first, pair.second) for pair in pairs] == [("s0998", "s0999")]


def test_what_is_equal_by_chance_does_not_stand_out():
    """Among so many, some choose the same of the usual ways at every step."""
    sources = crowd(300, seed=2)
    assert len(set(map(" ".join, map(tokens, sources)))) < 300
    assert similar_pairs(handed_in(sources), {"train": STUB}) == []


def test_a_group_of_copies_stands_out():
    records = handed_in([*crowd(90), *[ODD] * 10])
    pairs = similar_pairs(records, {"train": STUB}, most=100)
    assert len(pairs) == 45
    assert {pair.alike for pair in pairs} == {1.0}


def test_a_run_is_shorter_than_what_is_enough():
    assert len(tokens(ODD)) > 10 * LENGTH
