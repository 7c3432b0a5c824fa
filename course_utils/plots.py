"""The book's figures. Every function draws the numbers it is given, and only those.

Data come first, options by keyword. ``ax=None`` makes a new figure of the book's width;
each function returns the Axes that it drew in, and touches no other. Colours are those of
Okabe and Ito (2008), which people with a colour vision deficiency tell apart; a marker, a
line style or a text says the same once more.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence

import matplotlib as mpl
import numpy as np
from cycler import cycler
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.colors import LinearSegmentedColormap, to_rgb
from matplotlib.patches import Circle, Rectangle
from matplotlib.ticker import MaxNLocator

from course_utils._arguments import float_array, label_array, whole_number
from course_utils.inspection import Grid

BLUE, VERMILLION, GREEN, PURPLE = "#0072B2", "#D55E00", "#009E73", "#CC79A7"
ORANGE, SKY, BLACK = "#E69F00", "#56B4E9", "#000000"
# Okabe and Ito's eighth colour, yellow, is too pale for a line on white.
COLOURS = (BLUE, VERMILLION, GREEN, PURPLE, ORANGE, SKY, BLACK)
MARKERS = ("o", "^", "s", "D", "v", "P", "X", "<", ">", "*")
LINE_STYLES = ("-", "--", "-.", ":", (0, (5, 1, 1, 1, 1, 1)))

FIGURE_SIZE = (6.4, 3.8)  # inches: 704 pixels wide, as wide as the text of a page
DPI = 110

_GREY, _DARK = "#999999", "#333333"
_MAX_NODES = 16  # in one layer of a drawn network
_MAX_EDGE_LABELS = 12


def use_book_style() -> None:
    """Set Matplotlib's rcParams for the book's figures; each chapter calls it once.

    In a notebook it also keeps the figure's size: the inline backend would otherwise
    crop each picture to what is drawn, and the widths would differ.
    """
    mpl.rcParams.update(
        {
            "figure.figsize": FIGURE_SIZE,
            "figure.dpi": DPI,
            "savefig.dpi": DPI,
            "savefig.bbox": None,
            "figure.facecolor": "white",
            "savefig.facecolor": "white",
            "axes.facecolor": "white",
            "figure.constrained_layout.use": True,
            "font.family": "DejaVu Sans",
            "font.size": 10,
            "axes.labelsize": 10,
            "axes.titlesize": 11,
            "legend.fontsize": 9,
            "xtick.labelsize": 9,
            "ytick.labelsize": 9,
            "axes.spines.top": False,
            "axes.spines.right": False,
            "axes.prop_cycle": cycler(color=COLOURS),
            "lines.linewidth": 1.8,
            "legend.frameon": False,
        }
    )
    if "IPython" in sys.modules:
        _keep_size_in_notebooks()


def _keep_size_in_notebooks() -> None:
    from IPython import get_ipython
    from matplotlib_inline.config import InlineBackend

    shell = get_ipython()
    if shell is not None:
        # "Software" would write Matplotlib's version into every picture.
        InlineBackend.instance(parent=shell).print_figure_kwargs = {
            "bbox_inches": None,
            "metadata": {"Software": None},
        }


def plot_points(
    X: np.ndarray, y: np.ndarray, *, legend: bool = True, ax: Axes | None = None
) -> Axes:
    """Draw points of the plane, with a colour and a marker for each class.

    Parameters
    ----------
    X : ndarray of float, shape (n, 2)
    y : ndarray of int, shape (n,)
        Classes 0 .. 9.
    legend : bool
        Name the classes at the right of the axes.
    ax : Axes, optional
        Where to draw; a new figure by default.

    >>> ax = plot_points([[0.0, 0.0], [1.0, 1.0]], [0, 1])
    >>> ax.get_legend_handles_labels()[1]
    ['class 0', 'class 1']
    >>> plt.close(ax.figure)
    """
    X, y = _check_points(X, y)
    ax = _axes(ax)
    _draw_points(ax, X, y, legend)
    return ax


def plot_decision_regions(
    grid: Grid,
    X: np.ndarray | None = None,
    y: np.ndarray | None = None,
    *,
    legend: bool = True,
    ax: Axes | None = None,
) -> Axes:
    """Draw what a classifier says about each point of a square, and data on top.

    Parameters
    ----------
    grid : Grid
        Its values are class numbers (whole numbers 0 .. 9), drawn as regions, or
        probabilities of class 1 (floats, 0 to 1), drawn as shades with a line at 0.5.
    X, y : ndarray, shapes (n, 2) and (n,), optional
        Points and their classes, as for :func:`plot_points`.
    legend : bool
        Name the points' classes at the right of the axes.
    ax : Axes, optional
        Where to draw; a new figure by default.
    """
    grid = _check_grid(grid)
    if (X is None) != (y is None):
        raise ValueError("X and y must be given together, got only one of them")
    if X is not None:
        X, y = _check_points(X, y)
    ax = _axes(ax)
    if grid.values.dtype.kind == "i":
        _draw_classes(ax, grid)
    else:
        _draw_probabilities(ax, grid)
    if X is not None:
        _draw_points(ax, X, y, legend)
    ax.set(xlim=grid.x[[0, -1]], ylim=grid.y[[0, -1]], xlabel="$x_1$", ylabel="$x_2$")
    ax.set_aspect("equal")
    return ax


def plot_functions(
    x: np.ndarray,
    curves: Mapping[str, np.ndarray],
    *,
    xlabel: str = "x",
    ylabel: str = "",
    ax: Axes | None = None,
) -> Axes:
    """Draw functions of one variable, each with its colour and line style.

    Parameters
    ----------
    x : ndarray of float, shape (n,)
    curves : mapping of str to ndarray of float, shape (n,)
        The functions' values by the label that the legend gives them.
    xlabel, ylabel : str
        Names of the axes.
    ax : Axes, optional
        Where to draw; a new figure by default.
    """
    x = float_array("x", x, shape=(None,))
    curves = _check_curves("curves", curves, len(x))
    ax = _axes(ax)
    for (label, values), style in zip(curves.items(), _line_styles()):
        ax.plot(x, values, label=label, **style)
    # Only where zero is in view: an axis line must not widen what is drawn.
    if min(values.min() for values in curves.values()) <= 0:
        if max(values.max() for values in curves.values()) >= 0:
            ax.axhline(0, color=_GREY, linewidth=0.7, zorder=0)
    if x.min() <= 0 <= x.max():
        ax.axvline(0, color=_GREY, linewidth=0.7, zorder=0)
    ax.set(xlabel=xlabel, ylabel=ylabel)
    ax.legend()
    return ax


def plot_network(
    sizes: Sequence[int],
    *,
    node_values: Sequence[np.ndarray] | None = None,
    weights: Sequence[np.ndarray] | None = None,
    biases: Sequence[np.ndarray] | None = None,
    labels: Sequence[str] | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Draw a network: a column of circles for each layer, a line for each weight.

    Numbers are written with two decimals at most. The circles have room for them with
    up to six units a layer.

    Parameters
    ----------
    sizes : sequence of int
        Units of each layer, at least two layers, at most 16 units each.
    node_values : sequence of ndarray, optional
        For each layer its units' values, shape (size,), written in the circles.
    weights : sequence of ndarray, optional
        For each pair of neighbouring layers shape (n_in, n_out). Positive weights are
        solid and blue, negative ones dashed and vermillion, wider the larger they are;
        with 12 weights or fewer in all, each is written on its line.
    biases : sequence of ndarray, optional
        For each layer but the first, shape (size,), written below the circles.
    labels : sequence of str, optional
        The layers' names; by default input, hidden and output.
    ax : Axes, optional
        Where to draw; a new figure by default.
    """
    sizes = _check_sizes(sizes)
    pairs = list(zip(sizes[:-1], sizes[1:]))
    node_values = _check_list("node_values", node_values, [(n,) for n in sizes])
    weights = _check_list("weights", weights, pairs)
    biases = _check_list("biases", biases, [(n,) for n in sizes[1:]])
    labels = _layer_names(len(sizes)) if labels is None else list(labels)
    if len(labels) != len(sizes):
        raise ValueError(f"labels must name {len(sizes)} layers, got {len(labels)}")

    columns = _node_positions(sizes, spacing=1.3 if biases is None else 1.5)
    ax = _axes(ax)
    _draw_edges(ax, columns, weights)
    for i, (column, name) in enumerate(zip(columns, labels)):
        hidden = 0 < i < len(sizes) - 1
        _draw_nodes(
            ax,
            column,
            colour="#FFF1C2" if hidden else "#EFEFEF",
            values=None if node_values is None else node_values[i],
            biases=None if biases is None or i == 0 else biases[i - 1],
        )
        bottom = min(c[:, 1].min() for c in columns) - (1.0 if biases is None else 1.2)
        ax.text(column[0, 0], bottom, name, ha="center", va="center", fontsize=11)
    everything = np.concatenate(columns)
    ax.set_xlim(everything[0, 0] - 0.7, everything[-1, 0] + 0.7)
    ax.set_ylim(bottom - 0.25, everything[:, 1].max() + _RADIUS + 0.1)
    ax.set_aspect("equal")
    ax.set_axis_off()
    return ax


def plot_history(
    history: Mapping[str, Sequence[float]],
    *,
    ylabel: str = "",
    ax: Axes | None = None,
) -> Axes:
    """Draw what training recorded, epoch by epoch, from epoch 1.

    Parameters
    ----------
    history : mapping of str to sequence of float
        Such as ``{"loss": [0.7, 0.4, 0.3]}``: a number an epoch, by name.
    ylabel : str
        Name of the vertical axis.
    ax : Axes, optional
        Where to draw; a new figure by default.
    """
    history = _check_curves("history", history, None)
    ax = _axes(ax)
    longest = max(len(values) for values in history.values())
    for (name, values), style, marker in zip(history.items(), _line_styles(), MARKERS):
        epochs = np.arange(1, len(values) + 1)
        every = max(1, longest // 20)  # more markers than this would hide the line
        ax.plot(
            epochs,
            values,
            label=name,
            marker=marker,
            markersize=5,
            markevery=every,
            **style,
        )
    ax.set_xlim(0.5, longest + 0.5)
    ax.xaxis.set_major_locator(MaxNLocator(integer=True))
    ax.set(xlabel="epoch", ylabel=ylabel)
    ax.legend()
    return ax


def plot_confusion(
    counts: np.ndarray,
    *,
    class_names: Sequence[str] | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Draw a confusion matrix: blue on the diagonal, orange for the mistakes.

    The two have a scale each, so that many right answers do not hide the mistakes.

    Parameters
    ----------
    counts : ndarray of int, shape (k, k)
        Rows are true classes, columns predicted ones, as
        :func:`course_utils.inspection.confusion_matrix` counts them.
    class_names : sequence of str, optional
        By default 0 .. k - 1.
    ax : Axes, optional
        Where to draw; a new figure by default.
    """
    counts = _check_counts(counts)
    k = len(counts)
    names = _check_names("class_names", class_names, k) or [str(i) for i in range(k)]
    ax = _axes(ax)
    diagonal = np.eye(k, dtype=bool)
    for cells, colour in ((diagonal, BLUE), (~diagonal, VERMILLION)):
        shown = cells & (counts > 0)
        top = max(1, counts[cells].max(initial=0))
        # Text stays black on every cell: no shade is darker than half of its colour.
        ax.imshow(
            np.ma.masked_array(counts, ~shown),
            cmap=LinearSegmentedColormap.from_list("", [_tint(colour, 0.08), _tint(colour, 0.6)]),
            vmin=0,
            vmax=top,
            aspect="auto",
        )
    for row, column in np.argwhere(counts > 0):
        ax.text(column, row, f"{counts[row, column]}", ha="center", va="center", fontsize=9)
    ax.set_xticks(range(k), names)
    ax.set_yticks(range(k), names)
    ax.set_xticks(np.arange(k + 1) - 0.5, minor=True)
    ax.set_yticks(np.arange(k + 1) - 0.5, minor=True)
    ax.grid(which="minor", color="#DDDDDD", linewidth=0.7)
    ax.tick_params(which="both", length=0)
    ax.spines[:].set_visible(False)
    ax.set(xlabel="predicted class", ylabel="true class")
    return ax


def plot_images(
    images: np.ndarray,
    *,
    titles: Sequence[str] | None = None,
    columns: int = 8,
    signed: bool = False,
    ax: Axes | None = None,
) -> Axes:
    """Draw a gallery of grey images, row by row, all on one scale.

    Parameters
    ----------
    images : ndarray of float, shape (n, height, width) or (n, side * side)
        The lowest number is white and the highest black.
    titles : sequence of str, optional
        One above each image.
    columns : int
        Images in a row.
    signed : bool
        For weights: red above zero, blue below, white at zero.
    ax : Axes, optional
        Where to draw; by default a new figure, as high as its rows need.
    """
    images = _check_images(images)
    columns = min(whole_number("columns", columns), len(images))
    titles = _check_names("titles", titles, len(images))
    rows = -(-len(images) // columns)
    # The unit is an image's width.
    height = images.shape[1] / images.shape[2]
    step_x, step_y = 1.1, height + (0.1 if titles is None else 0.1 + 0.032 * columns)
    width, depth = columns * step_x, rows * step_y
    ax = _axes(ax, height=FIGURE_SIZE[0] * depth / width)
    scale = _colour_scale(images, signed, unsigned="gray_r")
    for i, image in enumerate(images):
        left, top = i % columns * step_x, i // columns * step_y
        extent = (left, left + 1, top + height, top)
        ax.imshow(image, extent=extent, **scale)
        ax.add_patch(
            Rectangle((left, top), 1, height, fill=False, color=_GREY, linewidth=0.6)
        )
        if titles is not None:
            ax.text(left + 0.5, top - 0.03, titles[i], ha="center", va="bottom", fontsize=9)
    above = step_y - height
    ax.set(xlim=(-0.05, width - 0.05), ylim=(depth - above + 0.05, -above))
    ax.set_aspect("equal")
    ax.set_axis_off()
    return ax


def plot_heatmap(
    values: np.ndarray,
    *,
    xlabel: str = "",
    ylabel: str = "",
    row_labels: Sequence[str] | None = None,
    column_labels: Sequence[str] | None = None,
    signed: bool = False,
    colorbar: bool = True,
    value_label: str = "",
    ax: Axes | None = None,
) -> Axes:
    """Draw a matrix as coloured cells, the first row on top.

    Parameters
    ----------
    values : ndarray of float, shape (rows, columns)
    xlabel, ylabel : str
        What the columns and the rows are.
    row_labels, column_labels : sequence of str, optional
        A name for each row and column; by default some are numbered, from 0.
    signed : bool
        Centre the colours at zero: red above, blue below.
    colorbar : bool
        Draw the scale, at the right.
    value_label : str
        What the values are, written beside the scale.
    ax : Axes, optional
        Where to draw; a new figure by default.
    """
    values = float_array("values", values, shape=(None, None))
    row_labels = _check_names("row_labels", row_labels, values.shape[0])
    column_labels = _check_names("column_labels", column_labels, values.shape[1])
    ax = _axes(ax)
    scale = _colour_scale(values, signed, unsigned="cividis")
    image = ax.imshow(values, aspect="auto", interpolation="nearest", **scale)
    for axis, names in ((ax.xaxis, column_labels), (ax.yaxis, row_labels)):
        if names is None:
            axis.set_major_locator(MaxNLocator(integer=True))
        else:
            axis.set_ticks(range(len(names)), names)
    ax.spines[:].set_visible(False)
    ax.set(xlabel=xlabel, ylabel=ylabel)
    if colorbar:
        bar = ax.figure.colorbar(image, ax=ax, label=value_label)
        bar.outline.set_visible(False)
    return ax


def plot_loglog(
    x: np.ndarray,
    curves: Mapping[str, np.ndarray],
    *,
    xlabel: str = "",
    ylabel: str = "",
    ax: Axes | None = None,
) -> Axes:
    """Draw curves on two logarithmic axes, with a marker at each point.

    Parameters
    ----------
    x : ndarray of float, shape (n,)
        All > 0.
    curves : mapping of str to ndarray of float, shape (n,)
        Values > 0 by the label that the legend gives them.
    xlabel, ylabel : str
        Names of the axes.
    ax : Axes, optional
        Where to draw; a new figure by default.
    """
    x = float_array("x", x, shape=(None,))
    curves = _check_curves("curves", curves, len(x))
    named = [("x", x)] + [(f"curves[{label!r}]", v) for label, v in curves.items()]
    for name, values in named:
        if values.min() <= 0:
            raise ValueError(f"{name} must be > 0 on a log axis, got {values.min():g}")
    ax = _axes(ax)
    for (label, values), style, marker in zip(curves.items(), _line_styles(), MARKERS):
        ax.loglog(x, values, label=label, marker=marker, markersize=5, **style)
    ax.grid(color="#E5E5E5", linewidth=0.6)
    ax.set(xlabel=xlabel, ylabel=ylabel)
    ax.legend()
    return ax
