"""Published figures, each with a tolerance set beforehand, and how ours compare.

A chapter prints ``compare(key, ours)`` for each figure that it recomputes. The page
*Published and ours* is built from what the chapters print.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from course_utils._arguments import float_array, one_of

MIDDLE = 95  # per cent of our runs, for a published figure that is a single run


@dataclass(frozen=True)
class Published:
    """Figures from one source, with what decides whether ours agree.

    Parameters
    ----------
    what : str
        What the figures are.
    source : str
        The key of the source in ``book/references.bib``.
    place : str
        Where in the source they stand.
    figures : dict of str to str
        The figures by name, as the source prints them.
    digits : str
        The format of ours, such as ``".3f"`` or ``"d"``; empty where they are words.
    tolerance : float or None
        How far ours may lie from a published number. 0 for exact figures and words;
        None where the published number is one run: it has to lie within the middle
        95 % of our runs.
    why : str
        One sentence that defends the tolerance.
    reason : str
        Why ours do not agree, where they do not.
    """

    what: str
    source: str
    place: str
    figures: dict[str, str]
    tolerance: float | None
    why: str
    digits: str = ""
    reason: str = ""

    def values(self) -> list[float | int | str]:
        """Return the published figures as what they are compared as."""
        kind = {"": str, "d": int, "f": float}[self.digits[-1:]]
        return [kind(figure) for figure in self.figures.values()]

    def rule(self) -> str:
        """Return the tolerance in words."""
        if self.tolerance is None:
            return f"published within from and to, the middle {MIDDLE} % of our runs"
        if self.tolerance == 0:
            return "equal"
        return f"at most {self.tolerance:g} apart"


ONE_RUN = (
    "The published figures come from one network with random weights, so they are held "
    "against the spread of such networks."
)
EXACT = "A count of regions is a whole number."
ONE_DIGIT = "The paper gives one digit, so 0.05 is as near as it can be read."
ONE_COUNT = (
    "The published figure is that of one network or one set of runs, so it is held "
    "against the spread of ours."
)

PUBLISHED: dict[str, Published] = {
    **{
        f"nielsen-{len(speeds)}": Published(
            what=f"Learning speed of each of {len(speeds)} hidden layers",
            source="nielsen2015",
            place="chapter 5",
            figures={f"layer {i}": speed for i, speed in enumerate(speeds, start=1)},
            digits=".3f",
            tolerance=None,
            why=ONE_RUN,
        )
        for speeds in (
            ("0.07", "0.31"),
            ("0.012", "0.060", "0.283"),
            ("0.003", "0.017", "0.070", "0.285"),
        )
    },
    "zaslavsky": Published(
        what="Regions into which the units of a layer cut the input space",
        source="prince2023",
        place="notebook 3.3, by Zaslavsky's formula",
        figures={"2 inputs, 3 units": "7", "10 inputs, 50 units": "13432735556"},
        digits="d",
        tolerance=0,
        why=EXACT,
    ),
    "glorot": Published(
        what="Mean singular value of the Jacobian of a layer, tanh, 5 layers of 1,000",
        source="glorot2010",
        place="section 4.2",
        figures={"normalised": "0.8", "standard": "0.5"},
        digits=".2f",
        tolerance=0.05,
        why=ONE_DIGIT,
    ),
    "he-depth": Published(
        what="Which deep ReLU networks train",
        source="he2015",
        place="section 2.2",
        figures={
            "22 layers, He": "trains",
            "22 layers, Glorot": "trains",
            "30 layers, He": "trains",
            "30 layers, Glorot": "stalls",
        },
        tolerance=0,
        why="The paper says which networks train and which stall, and no more.",
    ),
    "nielsen-overfitting": Published(
        what="Best test accuracy within 400 epochs on 1,000 digits, per cent",
        source="nielsen2015",
        place="chapter 3",
        figures={"no cure": "82.27", "L2": "87.1"},
        digits=".1f",
        tolerance=2.0,
        why="Each is one run, on one draw of 1,000 images and other test images: about "
        "one percentage point from run to run, and twice that is allowed.",
        reason="Our test images come from one pool with the training images; the "
        "published ones are by other writers, which may make them harder.",
    ),
    "srivastava-size": Published(
        what="Does dropout help, by the number of training images",
        source="srivastava2014",
        place="section 7.4",
        figures={
            "500 images": "no help",
            "1,000 images": "helps",
            "4,000 (theirs 5,000)": "helps",
        },
        tolerance=0,
        why="The paper says at which sizes dropout gives an improvement, and no more.",
        reason="Ours has 128 units a layer where theirs has 1,024 or more, as many "
        "steps with dropout as without, and neither their learning rate nor their "
        "momentum nor their bound on the weights.",
    ),
    "symmetry-sweeps": Published(
        what="Sweeps through all 64 vectors until symmetry is learned",
        source="rumelhart1986",
        place="figure 1",
        figures={"sweeps": "1425"},
        digits=".0f",
        tolerance=None,
        why=ONE_COUNT,
    ),
    "symmetry-ratios": Published(
        what="Sizes of the three weights of a symmetry detector, smallest as 1",
        source="rumelhart1986",
        place="figure 1",
        figures={"second": "2", "third": "4"},
        digits=".2f",
        tolerance=0.5,
        why="The ratio is in whole numbers, so half is as near as it can be read.",
        reason="Of our 134 networks that learn it, 94 have the published ratio, and "
        "40 have 2 : 3 : 4, which does as well; the mean is of both.",
    ),
    "xor-hidden": Published(
        what="Mean presentations until XOR is learned, by the number of hidden units",
        source="rumelhart1986pdp",
        place="the XOR problem: 280 - 33 log2(H)",
        figures={f"{2**k} units": str(280 - 33 * k) for k in range(1, 6)},
        digits=".0f",
        tolerance=33,
        why="One doubling of the units is worth 33 presentations in the formula: "
        "farther off, and the formula would mean another number of units.",
        reason="The starting weights and the rule for what is learned could not be "
        "confirmed for the formula, and the range of the weights matters as much as "
        "the number of units; ours also fall more steeply than the formula.",
    ),
    "parity-4": Published(
        what="Presentations until the parity of 4 bits is learned by 4 hidden units",
        source="rumelhart1986pdp",
        place="the parity problem",
        figures={"presentations": "2825"},
        digits=".0f",
        tolerance=None,
        why=ONE_COUNT,
    ),
    "encoder": Published(
        what="Different codes in 3 hidden units for 8 patterns",
        source="rumelhart1986pdp",
        place="the encoding problem",
        figures={"codes": "8"},
        digits="d",
        tolerance=0,
        why="A count of codes is a whole number.",
    ),
    "mnist1d": Published(
        what="Test accuracy on MNIST-1D, per cent, as given and shuffled",
        source="greydanus2020",
        place="the table of results",
        figures={
            "logistic regression": "32",
            "dense": "68",
            "convolutional": "94",
            "recurrent (GRU)": "91",
            "logistic regression, shuffled": "32",
            "dense, shuffled": "68",
            "convolutional, shuffled": "56",
            "recurrent (GRU), shuffled": "57",
        },
        digits=".1f",
        tolerance=3.0,
        why="Two standard errors of an accuracy of 68 % on 1,000 test signals.",
        reason="The paper stopped its runs early, by a rule that it does not print; "
        "ours went on to the last update.",
    ),
}
"""Every published figure that the book puts to the test, by key."""


@dataclass(frozen=True)
class Comparison:
    """Ours beside the published figures, as they are printed.

    Parameters
    ----------
    key : str
        A key of :data:`PUBLISHED`.
    rows : list of tuple of str
        The name, the published figure, ours and the verdict for each figure; between
        the last two, the ends of the middle of our runs where that is what counts.
    """

    key: str
    rows: list[tuple[str, ...]]

    def header(self) -> tuple[str, ...]:
        """Return the names of the columns of :attr:`rows`."""
        middle = ("from", "to") if len(self.rows[0]) == 6 else ()
        return ("", "published", "ours", *middle, "verdict")

    def reached(self) -> list[bool]:
        """Return for each figure whether ours agrees."""
        return [row[-1] == VERDICTS[True] for row in self.rows]

    def __str__(self) -> str:
        table = [self.header(), *self.rows]
        widths = [max(map(len, column)) for column in zip(*table)]
        lines = [f"[{self.key}] {PUBLISHED[self.key].what}"]
        for first, *others in table:
            cells = [f"{c:>{width}}" for c, width in zip(others, widths[1:])]
            lines.append("  ".join([f"{first:{widths[0]}}", *cells]))
        lines.append(f"reached means: {PUBLISHED[self.key].rule()}")
        return "\n".join(lines)


VERDICTS = {True: "reached", False: "not reached"}


def compare(key: str, ours: Sequence[float | str] | np.ndarray) -> Comparison:
    """Set `ours` beside the published figures of `key`.

    Parameters
    ----------
    key : str
        A key of :data:`PUBLISHED`.
    ours : sequence of float, int or str, or ndarray of shape (runs, figures)
        A value for each figure, in their order. Where the tolerance is the spread of
        our runs, a row for each run, at least 40: their mean is shown.

    Returns
    -------
    Comparison
        Print it.

    >>> print(compare("zaslavsky", [7, 13432735556]))
    [zaslavsky] Regions into which the units of a layer cut the input space
                           published         ours  verdict
    2 inputs, 3 units              7            7  reached
    10 inputs, 50 units  13432735556  13432735556  reached
    reached means: equal
    """
    published = PUBLISHED[one_of("key", key, tuple(PUBLISHED))]
    values = published.values()
    if published.tolerance is None:
        runs = float_array("ours", ours, shape=(None, len(values)))
        if len(runs) < 40:
            raise ValueError(f"ours must have at least 40 runs, got {len(runs)}")
        tail = (100 - MIDDLE) / 2
        low, high = np.percentile(runs, [tail, 100 - tail], axis=0)
        columns = [runs.mean(axis=0), low, high]
        reached = (low <= values) & (values <= high)
    else:
        if len(ours) != len(values):
            raise ValueError(
                f"ours must have {len(values)} values "
                f"({', '.join(published.figures)}), got {len(ours)}"
            )
        columns = [ours]
        reached = [
            a == b if published.tolerance == 0 else abs(a - b) <= published.tolerance
            for a, b in zip(values, ours)
        ]
    rows = [
        (name, figure, *(f"{value:{published.digits}}" for value in row), VERDICTS[ok])
        for (name, figure), *row, ok in zip(
            published.figures.items(), *columns, map(bool, reached)
        )
    ]
    return Comparison(key, rows)


def read(text: str) -> list[Comparison]:
    """Return the comparisons that stand in `text`, as they were printed."""
    blocks = re.findall(
        r"^\[([\w-]+)\] .*\n +published .*\n((?:.*\n)+?)reached means: ",
        text,
        flags=re.MULTILINE,
    )
    return [
        Comparison(key, [tuple(re.split("  +", row)) for row in rows.splitlines()])
        for key, rows in blocks
    ]
