"""How alike submissions are, for a person to look at: alike is no proof.

A submission is seen as a set of short runs of tokens, from which comments, the layout
and the names of variables are gone. Runs that the stub has, or most submissions, do not
count, and a run counts the more, the fewer submissions have it. The text of students is
cut into tokens by one regular expression: it is neither parsed nor run here.
"""

from __future__ import annotations

import builtins
import keyword
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from scipy import sparse

LENGTH = 5  # tokens in a run
ENOUGH = 25  # runs of its own that a submission needs, to be compared at all
ALIKE = 0.6  # share of the rarer code that two submissions need in common
FEW = 10  # submissions, among which what is usual cannot be told
MOST_SOURCE = 20_000  # characters of an exercise that are looked at

# No alternative can fail after it has taken characters, and none gives any back (`++`),
# so that the time is proportional to the length of any text.
_TOKEN = re.compile(
    r"""
    \#[^\n]*+
    | (?P<string>
        (?i:[rbfu]{0,2})(?:
            \"{3} [^"\\]*+ (?: (?: \\.?+ | "(?!"") ) [^"\\]*+ )*+ (?:\"{3})?+
          | '{3}  [^'\\]*+ (?: (?: \\.?+ | '(?!'') ) [^'\\]*+ )*+ (?:'{3})?+
          | "  [^"\\\n]*+ (?: \\.?+ [^"\\\n]*+ )*+ "?+
          | '  [^'\\\n]*+ (?: \\.?+ [^'\\\n]*+ )*+ '?+
        ))
    | (?P<name> [^\W\d]\w*+ )
    | (?P<other> \d[\w.]*+ | \*\*=? | //=? | [-+*/@%&|^<>=!:]= | -> | [^\s\w] )
    """,
    re.VERBOSE | re.DOTALL,
)
_KEPT = frozenset(keyword.kwlist) | {n for n in dir(builtins) if n[0] != "_"}


@dataclass(frozen=True)
class Pair:
    """Two submissions of a chapter that are more alike than others: no proof.

    Attributes
    ----------
    chapter : str
        The chapter.
    first, second : str
        The students, in alphabetical order.
    alike : float
        From 0 to 1: how much of the shorter one's unusual code is in the other too.
    shared : int
        How many runs of tokens they share that the stub and most others do not have.
    unusual : float
        How unusual that is: a run that one submission in k has counts log(k) ** 2.
    among : int
        How many submissions of the chapter have code.
    exercises : tuple of str
        Where the shared code is, most of it first.
    """

    chapter: str
    first: str
    second: str
    alike: float
    shared: int
    unusual: float
    among: int
    exercises: tuple[str, ...]


def similar_pairs(
    records: Sequence[dict],
    stubs: Mapping[str, str] | None = None,
    *,
    at_least: float = ALIKE,
    most: int = 20,
) -> list[Pair]:
    """Return the pairs of submissions that stand out, the most unusual first.

    Parameters
    ----------
    records : sequence of dict
        As ``results.read_results`` returns them.
    stubs : mapping, optional
        What the student was given to start from, by the name of the exercise.
    at_least : float
        How alike a pair has to be, from 0 to 1.
    most : int
        How many pairs of a chapter to return.

    Notes
    -----
    A pair stands out when `at_least` that share of the shorter one's unusual code is in
    the other, and what they share is far more unusual than what pairs of this chapter
    share: beyond the upper quartile by four times the distance of the quartiles, which
    equal choices among usual ways to write an answer do not reach. Among less than
    `FEW` submissions this cannot be told, and the first condition decides.

    A submission with too little code of its own takes part in no pair:
    :func:`too_little` names those. Where all submissions are short, or few, code can be
    alike because there is one good way to write it.
    """
    pairs = []
    for chapter in _chapters(records, stubs or {}):
        found = list(chapter.pairs(at_least))
        found.sort(key=lambda p: (-p.unusual, -p.alike, p.first, p.second))
        pairs += found[:most]
    return pairs


def too_little(
    records: Sequence[dict], stubs: Mapping[str, str] | None = None
) -> dict[str, list[str]]:
    """Return by chapter the students whose code is too little to be compared."""
    return {c.name: c.too_little() for c in _chapters(records, stubs or {})}


def is_written(exercise: dict) -> bool:
    """Return whether an exercise of a record has code that a student wrote."""
    return bool(exercise["source"]) and exercise["status"] != "missing"


def tokens(source: str) -> list[str]:
    """Return the tokens of `source`, without comments, layout and names of variables.

    Keywords, built-in names and attributes stay; other names, and strings, become one
    token each.

    >>> tokens("total = np.sum(x)  # of all") == tokens("s=m.sum( y )")
    True
    """
    found, after_dot = [], False
    for match in _TOKEN.finditer(source[:MOST_SOURCE]):
        kind, text = match.lastgroup, match[0]
        if kind is None:
            continue
        if kind == "string":
            text = "''"
        elif kind == "name" and not after_dot and text not in _KEPT:
            text = "name"
        after_dot = text == "."
        found.append(text)
    return found


def _runs(source: str) -> set[tuple[str, ...]]:
    found = tokens(source)
    return {tuple(found[i : i + LENGTH]) for i in range(len(found) - LENGTH + 1)}


@dataclass(frozen=True)
class _Chapter:
    """The submissions of a chapter as a matrix: one a row, one run a column."""

    name: str
    students: list[str]
    runs: list[dict[tuple[str, tuple[str, ...]], int]]
    has: sparse.csr_array
    weights: np.ndarray

    def own(self) -> np.ndarray:
        """Return how many runs that count each submission has."""
        return self.has @ (self.weights > 0)

    def too_little(self) -> list[str]:
        return [s for s, own in zip(self.students, self.own()) if own < ENOUGH]

    def pairs(self, at_least: float) -> Iterator[Pair]:
        enough = self.own() >= ENOUGH
        weight = self.has @ self.weights
        both = sparse.triu(self.has.multiply(self.weights) @ self.has.T, k=1).tocoo()
        smaller = np.minimum(weight[both.row], weight[both.col])
        alike = np.divide(
            both.data, smaller, out=np.zeros_like(smaller), where=smaller > 0
        )
        stands_out = both.data > _far_out(both.data, len(self.students))
        stands_out &= (alike >= at_least) & enough[both.row] & enough[both.col]
        for k in np.flatnonzero(stands_out):
            i, j = int(both.row[k]), int(both.col[k])
            where = self._shared(i, j)
            if (shared := sum(where.values())) >= ENOUGH // 2:
                yield Pair(
                    self.name,
                    self.students[i],
                    self.students[j],
                    round(min(float(alike[k]), 1.0), 3),
                    shared,
                    round(float(both.data[k]), 1),
                    len(self.students),
                    tuple(sorted(where, key=lambda name: (-where[name], name))),
                )

    def _shared(self, i: int, j: int) -> Counter[str]:
        """Return how many runs that count two submissions share, by exercise."""
        common = self.runs[i].keys() & self.runs[j].keys()
        return Counter(e for e, run in common if self.weights[self.runs[i][e, run]] > 0)


def _far_out(shared: np.ndarray, n: int) -> float:
    """Return what a pair of `n` shares at most, unless it stands out."""
    if n < FEW:
        return 0.0
    every_pair = np.zeros(n * (n - 1) // 2)
    every_pair[: len(shared)] = shared
    low, high = np.percentile(every_pair, [25, 75])
    return high + 4 * (high - low)


def _chapters(records: Sequence[dict], stubs: Mapping[str, str]) -> Iterator[_Chapter]:
    given = {name: _runs(source) for name, source in stubs.items()}
    by_chapter: dict[str, list[dict]] = {}
    for record in sorted(records, key=lambda r: (r["chapter"], r["student"])):
        if any(map(is_written, record["exercises"])):
            by_chapter.setdefault(record["chapter"], []).append(record)
    for name, found in by_chapter.items():
        yield _chapter(name, found, given)


def _chapter(name: str, records: list[dict], given: Mapping[str, set]) -> _Chapter:
    columns: dict[tuple[str, tuple[str, ...]], int] = {}
    runs = []
    for record in records:
        keys = _keys(record["exercises"], given)
        runs.append({key: columns.setdefault(key, len(columns)) for key in keys})
    rows = np.repeat(np.arange(len(runs)), [len(row) for row in runs])
    cols = np.fromiter((c for row in runs for c in row.values()), dtype=np.int64)
    has = sparse.csr_array(
        (np.ones(len(cols)), (rows, cols)), shape=(len(runs), len(columns))
    )
    how_many = np.bincount(cols, minlength=len(columns))
    usual = how_many > max(2, len(runs) / 2)
    rare = np.log((len(runs) + 1) / np.maximum(how_many, 1))
    weights = np.where(usual, 0.0, rare**2)
    return _Chapter(name, [r["student"] for r in records], runs, has, weights)


def _keys(
    exercises: Iterable[dict], given: Mapping[str, set]
) -> list[tuple[str, tuple[str, ...]]]:
    return [
        (exercise["name"], run)
        for exercise in filter(is_written, exercises)
        for run in sorted(_runs(exercise["source"]))
        if run not in given.get(exercise["name"], ())
    ]
