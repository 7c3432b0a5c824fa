"""Published figures: the comparison, and what the chapters print of it."""

import dataclasses
import re
from pathlib import Path

import nbformat
import numpy as np
import pytest
from run_notebook import toc_notebooks

from course_utils import published
from course_utils.published import PUBLISHED, VERDICTS, compare, read

BIBLIOGRAPHY = Path(__file__).parents[1] / "book" / "references.bib"

NIELSEN = np.array([0.07, 0.31])
RUNS = NIELSEN + np.linspace(-0.01, 0.01, 41)[:, None]


# ------------------------------------------------------------ the comparison


def test_a_single_run_is_reached_within_the_middle_of_ours():
    assert compare("nielsen-2", RUNS).reached() == [True, True]
    # The middle 95 % of 41 evenly spread runs leaves one out at each end.
    below, above = RUNS + 0.0094, RUNS - 0.0094
    assert compare("nielsen-2", np.c_[below[:, 0], RUNS[:, 1]]).reached() == [
        True,
        True,
    ]
    assert compare("nielsen-2", below + 0.0002).reached() == [False, False]
    assert compare("nielsen-2", above - 0.0002).reached() == [False, False]


def test_our_mean_and_the_middle_of_our_runs_are_shown():
    (first, _) = compare("nielsen-2", RUNS).rows
    assert first == ("layer 1", "0.07", "0.070", "0.061", "0.080", "reached")


@pytest.mark.parametrize(
    ("ours", "reached"),
    [([0.8, 0.5], [1, 1]), ([0.849, 0.549], [1, 1]), ([0.74, 0.56], [0, 0])],
)
def test_a_tolerance_decides_for_each_figure(ours, reached):
    assert compare("glorot", ours).reached() == reached


def test_exact_figures_and_words_must_be_equal():
    assert compare("zaslavsky", [7, 13432735556]).reached() == [True, True]
    assert compare("zaslavsky", [7, 13432735557]).reached() == [True, False]
    words = ["trains", "trains", "stalls", "stalls"]
    assert compare("he-depth", words).reached() == [True, True, False, True]


def test_what_is_printed_is_read_again():
    printed = [
        compare("nielsen-2", RUNS),
        compare("glorot", [0.8, 0.4]),
        compare("he-depth", ["stalls"] * 4),
    ]
    text = "loss 0.3\n" + "\nnext\n".join(f"{one}\n" for one in printed) + "[1] end\n"
    assert read(text) == printed
    assert read("nothing here\n") == []


@pytest.mark.parametrize(
    ("key", "ours", "error", "message"),
    [
        ("nobody", [1], ValueError, "key must be one of nielsen-2"),
        ("glorot", [0.8], ValueError, r"2 values \(normalised, standard\), got 1"),
        ("nielsen-2", RUNS[:39], ValueError, "at least 40 runs, got 39"),
        ("nielsen-2", RUNS[:, :1], ValueError, r"shape \(any, 2\)"),
        ("nielsen-2", np.full((50, 2), np.nan), ValueError, "finite"),
        ("zaslavsky", [7.5, 1.0], ValueError, "format"),
    ],
)
def test_a_wrong_argument_is_named(key, ours, error, message):
    with pytest.raises(error, match=message):
        compare(key, ours)


# ------------------------------------------------------------ the table


@pytest.mark.parametrize("key", PUBLISHED)
def test_a_published_figure_has_a_source_a_tolerance_and_a_defence(key):
    figures = PUBLISHED[key]
    assert re.search(rf"^@\w+{{{figures.source},", BIBLIOGRAPHY.read_text(), re.M)
    assert figures.place
    assert figures.why.endswith(".")
    assert len(figures.values()) >= 1
    if figures.tolerance is None:
        assert figures.digits.endswith("f")
    else:
        numbers = [value for value in figures.values() if not isinstance(value, str)]
        assert 0 <= figures.tolerance < 0.3 * min(numbers, default=1)
    with pytest.raises(dataclasses.FrozenInstanceError):
        figures.tolerance = 1.0


# ------------------------------------------------------------ what the chapters print

PRINTED = [
    (path.stem, one)
    for path in toc_notebooks()
    for cell in nbformat.read(path, as_version=4).cells
    for output in cell.get("outputs", [])
    for one in read(output.get("text", ""))
]


def test_one_chapter_prints_each_published_figure_once():
    assert sorted(one.key for _, one in PRINTED) == sorted(PUBLISHED)


@pytest.mark.parametrize("key", PUBLISHED)
def test_what_is_not_reached_has_a_reason_and_what_is_reached_has_none(key):
    (one,) = (one for _, one in PRINTED if one.key == key)
    assert bool(PUBLISHED[key].reason) == (not all(one.reached()))


@pytest.mark.parametrize("key", PUBLISHED)
def test_the_printed_verdict_follows_from_the_printed_numbers(key):
    (one,) = (one for _, one in PRINTED if one.key == key)
    figures = PUBLISHED[key]
    assert [row[:2] for row in one.rows] == list(figures.figures.items())
    unit = 10 ** -int(figures.digits[1:-1] or 0) if "f" in figures.digits else 0
    for (_, _, ours, *middle, verdict), value in zip(one.rows, figures.values()):
        if middle:
            low, high = float(middle[0]) - unit / 2, float(middle[1]) + unit / 2
            agrees = low <= value <= high
        elif figures.tolerance:
            agrees = abs(float(ours) - value) <= figures.tolerance + unit / 2
        else:
            agrees = ours == str(value)
        assert verdict == VERDICTS[agrees]


def test_the_reader_of_outputs_can_miss_nothing():
    """Whatever looks like a comparison in an output is one that `read` finds."""
    marker = published.compare("glorot", [0.8, 0.5]).__str__().splitlines()[-1]
    assert marker.startswith("reached means: ")
    texts = [
        output.get("text", "")
        for path in toc_notebooks()
        for cell in nbformat.read(path, as_version=4).cells
        for output in cell.get("outputs", [])
    ]
    assert sum(text.count("reached means: ") for text in texts) == len(PRINTED)
