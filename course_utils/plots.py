"""The book's figures. Every function draws the numbers it is given, and only those.

Data come first, options by keyword. ``ax=None`` makes a new figure of the book's width;
each function returns the Axes that it drew in, and touches no other. Colours are those
of Okabe and Ito, which people with a colour vision deficiency tell apart; a
marker, a line style or a text says the same once more.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence
from itertools import cycle, pairwise

import matplotlib as mpl
import numpy as np
from cycler import cycler
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.colors import LinearSegmentedColormap, to_rgb
from matplotlib.patches import Circle, FancyArrowPatch, Rectangle
from matplotlib.path import Path
from matplotlib.ticker import MaxNLocator

from course_utils._arguments import (
    float_array,
    label_array,
    one_of,
    pair,
    real_number,
    whole_number,
)
from course_utils.inspection import Grid

BLUE, VERMILLION, GREEN, PURPLE = "#0072B2", "#D55E00", "#009E73", "#CC79A7"
ORANGE, SKY, BLACK = "#E69F00", "#56B4E9", "#000000"
# Okabe and Ito's eighth colour, yellow, is too pale for a line on white.
COLOURS = (BLUE, VERMILLION, GREEN, BLACK, PURPLE, ORANGE, SKY)
MARKERS = ("o", "^", "s", "D", "v", "P", "X", "<", ">", "*")
LINE_STYLES = ("-", "--", "-.", ":", (0, (5, 1, 1, 1, 1, 1)))

FIGURE_SIZE = (6.4, 3.8)  # inches: 704 pixels wide, as wide as the text of a page
DPI = 110

_GREY, _DARK = "#999999", "#333333"
_RADIUS = 0.44  # of a circle of a drawn network
_MAX_NODES = 16  # in one layer of a drawn network
_MAX_EDGE_LABELS = 12
_BOX = (0.62, 0.42)  # a node of a drawn graph, in columns and rows


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
    _show_plane(ax)
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
        Regions show the grid's steps: 300 points a side make them smooth.
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
    ax.set(xlim=grid.x[[0, -1]], ylim=grid.y[[0, -1]])
    _show_plane(ax)
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
    low = min(values.min() for values in curves.values())
    high = max(values.max() for values in curves.values())
    if low <= 0 <= high:
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
    pairs = list(pairwise(sizes))
    node_values = _check_list("node_values", node_values, [(n,) for n in sizes])
    weights = _check_list("weights", weights, pairs)
    biases = _check_list("biases", biases, [(n,) for n in sizes[1:]])
    labels = _check_names("labels", labels, len(sizes)) or _layer_names(len(sizes))

    columns = _node_positions(sizes, spacing=1.3 if biases is None else 1.5)
    ax = _axes(ax)
    _draw_edges(ax, columns, weights)
    for i, column in enumerate(columns):
        hidden = 0 < i < len(sizes) - 1
        _draw_nodes(
            ax,
            column,
            colour="#FFF1C2" if hidden else "#EFEFEF",
            values=None if node_values is None else node_values[i],
            biases=None if biases is None or i == 0 else biases[i - 1],
        )
    x, y = np.concatenate(columns).T
    below = _RADIUS + (0.05 if biases is None else 0.35)
    ax.set(xlim=(x[0] - 0.7, x[-1] + 0.7), ylim=(y.min() - below, y.max() + 0.5))
    ax.set_aspect("equal")
    # The names are tick labels, so that they lie below the circles at any size.
    ax.set_xticks([column[0, 0] for column in columns], labels, fontsize=11)
    ax.set_yticks([])
    ax.tick_params(length=0)
    ax.spines[:].set_visible(False)
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
    for (name, values), style, marker in zip(
        history.items(), _line_styles(), cycle(MARKERS)
    ):
        epochs = np.arange(1, len(values) + 1)
        every = max(1, longest // 20)  # more markers than this would hide the line
        ax.plot(
            epochs,
            values,
            label=name.replace("_", " "),
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
            cmap=LinearSegmentedColormap.from_list(
                "", [_tint(colour, 0.08), _tint(colour, 0.6)]
            ),
            vmin=0,
            vmax=top,
            aspect="auto",
        )
    for row, column in np.argwhere(counts > 0):
        ax.text(
            column, row, f"{counts[row, column]}", ha="center", va="center", fontsize=9
        )
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
        For weights: blue above zero, red below, white at zero.
    ax : Axes, optional
        Where to draw; by default a new figure, as high as its rows need.
    """
    images = _check_images(images)
    columns = min(whole_number("columns", columns), len(images))
    titles = _check_names("titles", titles, len(images))
    rows = -(-len(images) // columns)
    height = images.shape[1] / images.shape[2]  # the unit is an image's width
    gap, title = 0.1, 0.0 if titles is None else 0.18  # title: inches
    width = columns * (1 + gap)
    if ax is None:
        inch = width / FIGURE_SIZE[0]
        depth = rows * (height + gap + title * inch)
        ax = _axes(None, height=min(depth / inch + 0.04, rows * FIGURE_SIZE[1]))
    else:
        box = _axes(ax).get_window_extent()
        size = np.array([box.width, box.height]) / ax.figure.dpi
        # One inch in units: the given axes' width or height is what limits.
        room = max(size[1] / rows - title, 0.1)
        inch = max(width / size[0], (height + gap) / room)
    step_x, step_y = 1 + gap, height + gap + title * inch
    scale = _colour_scale(images, signed, unsigned="gray_r")
    for i, image in enumerate(images):
        left, top = i % columns * step_x, i // columns * step_y
        extent = (left, left + 1, top + height, top)
        ax.imshow(image, extent=extent, **scale)
        ax.add_patch(
            Rectangle((left, top), 1, height, fill=False, color=_GREY, linewidth=0.6)
        )
        if titles is not None:
            ax.text(
                left + 0.5, top - 0.03, titles[i], ha="center", va="bottom", fontsize=9
            )
    above = step_y - height - gap / 2
    ax.set(xlim=(-gap / 2, width - gap / 2), ylim=(rows * step_y - above, -above))
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
        Centre the colours at zero: blue above, red below, white between.
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


def plot_hinton(
    values: np.ndarray,
    *,
    xlabel: str = "",
    ylabel: str = "",
    row_labels: Sequence[str] | None = None,
    column_labels: Sequence[str] | None = None,
    largest: float | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Draw a matrix of weights as squares: the area is the size, the filling the sign.

    A positive value is a full blue square, a negative one an empty red square, 0 none.

    Parameters
    ----------
    values : ndarray of float, shape (rows, columns)
        The first row is on top.
    xlabel, ylabel : str
        What the columns and the rows are.
    row_labels, column_labels : sequence of str, optional
        A name for each row and column; by default some are numbered, from 0.
    largest : float, optional
        The size that fills a cell, > 0, so that several drawings share a scale; the
        largest in `values` by default.
    ax : Axes, optional
        Where to draw; a new figure by default.
    """
    values = float_array("values", values, shape=(None, None))
    row_labels = _check_names("row_labels", row_labels, values.shape[0])
    column_labels = _check_names("column_labels", column_labels, values.shape[1])
    if largest is None:
        largest = np.abs(values).max() or 1.0
    largest = real_number("largest", largest, above=0.0)
    ax = _axes(ax)
    for (row, column), value in np.ndenumerate(values):
        side = 0.92 * np.sqrt(abs(value) / largest)
        if side:
            colour = BLUE if value > 0 else VERMILLION
            ax.add_patch(
                Rectangle(
                    (column - side / 2, row - side / 2),
                    side,
                    side,
                    facecolor=colour if value > 0 else "white",
                    edgecolor=colour,
                    linewidth=1.5,
                )
            )
    ax.set_aspect("equal")
    rows, columns = values.shape
    ax.set(xlim=(-0.5, columns - 0.5), ylim=(rows - 0.5, -0.5))
    for axis, names in ((ax.xaxis, column_labels), (ax.yaxis, row_labels)):
        if names is None:
            axis.set_major_locator(MaxNLocator(integer=True))
        else:
            axis.set_ticks(range(len(names)), names)
    ax.tick_params(length=0)
    ax.spines[:].set_visible(True)
    ax.spines[:].set_color(_GREY)
    ax.set(xlabel=xlabel, ylabel=ylabel)
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
    for (label, values), style, marker in zip(
        curves.items(), _line_styles(), cycle(MARKERS)
    ):
        ax.loglog(x, values, label=label, marker=marker, markersize=5, **style)
    ax.grid(color="#E5E5E5", linewidth=0.6)
    ax.set(xlabel=xlabel, ylabel=ylabel)
    ax.legend()
    return ax


def plot_by_layer(
    curves: Mapping[str, np.ndarray],
    *,
    bands: Mapping[str, tuple[np.ndarray, np.ndarray]] | None = None,
    ylabel: str = "",
    log: bool = True,
    ax: Axes | None = None,
) -> Axes:
    """Draw a number for each layer of networks, from layer 1 on.

    Parameters
    ----------
    curves : mapping of str to ndarray of float, shape (n_layers,)
        Values by the label that the legend gives them; the numbers of layers may
        differ.
    bands : mapping of str to pair of ndarray of float, optional
        For labels of `curves` the lowest and highest values to shade, each of the
        shape of the curve.
    ylabel : str
        Name of the vertical axis.
    log : bool
        Whether the vertical axis is logarithmic, so that all values must be > 0.
    ax : Axes, optional
        Where to draw; a new figure by default.
    """
    curves = _check_curves("curves", curves, None)
    limits = {}
    for label, band in (bands or {}).items():
        one_of("a label of bands", label, tuple(curves))
        name, length = f"bands[{label!r}]", len(curves[label])
        limits[label] = [
            float_array(f"{name}[{i}]", values, shape=(length,))
            for i, values in enumerate(pair(name, band, "of arrays"))
        ]
    for label, values in curves.items():
        low = min(values.min(), *(v.min() for v in limits.get(label, [values])))
        if log and low <= 0:
            raise ValueError(
                f"curves[{label!r}] must be > 0 on a log axis, got {low:g}"
            )
    ax = _axes(ax)
    for (label, values), style, marker in zip(
        curves.items(), _line_styles(), cycle(MARKERS)
    ):
        layers = np.arange(1, len(values) + 1)
        ax.plot(layers, values, label=label, marker=marker, markersize=5, **style)
        if label in limits:
            ax.fill_between(
                layers, *limits[label], color=style["color"], alpha=0.15, linewidth=0
            )
    ax.set_yscale("log" if log else "linear")
    ax.xaxis.set_major_locator(MaxNLocator(integer=True))
    ax.grid(color="#E5E5E5", linewidth=0.6)
    ax.set(xlabel="layer", ylabel=ylabel)
    ax.legend()
    return ax


def plot_graph(
    labels: Sequence[str],
    edges: Sequence[tuple[int, int]],
    *,
    values: Sequence[float] | None = None,
    gradients: Sequence[float] | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Draw a computational graph from left to right: a box a node, an arrow an edge.

    A node stands one column to the right of its last input, and a node without inputs
    (a grey box) one column to the left of the first that uses it. Numbers are written
    with two decimals at most. There is room for about eight columns of four boxes.

    Parameters
    ----------
    labels : sequence of str
        The nodes' names or operations, of length n.
    edges : sequence of tuple (int, int)
        Pairs (i, j), 0 <= i, j < n, where node i is an input of node j. A pair that is
        there twice, as in ``a * a``, makes two arrows.
    values : sequence of float, optional
        The nodes' values, shape (n,), written in the boxes.
    gradients : sequence of float, optional
        The derivatives of the output by each node, shape (n,), written below the boxes.
    ax : Axes, optional
        Where to draw; a new figure by default.

    Raises
    ------
    ValueError
        An edge names no node, or the edges make a cycle.
    """
    labels = [str(label) for label in labels]
    edges = _check_edges(edges, len(labels))
    shape = (len(labels),)
    if values is not None:
        values = float_array("values", values, shape=shape)
    if gradients is not None:
        gradients = float_array("gradients", gradients, shape=shape)
    inner = {j for _, j in edges}
    places, routes = _graph_places(_graph_columns(len(labels), edges), edges, inner)
    ax = _axes(ax)
    for k, route in enumerate(routes):
        again = edges[:k].count(edges[k])  # the second arrow ends above the first
        _draw_arrow(ax, route, 0.13 * again)
    for i, (x, y) in enumerate(places):
        colour = "#FFF1C2" if i in inner else "#EFEFEF"
        corner = (x - _BOX[0] / 2, y - _BOX[1] / 2)
        ax.add_patch(Rectangle(corner, *_BOX, facecolor=colour, edgecolor=_DARK))
        text = labels[i] if values is None else f"{labels[i]}\n{_short(values[i])}"
        ax.text(x, y, text, ha="center", va="center", fontsize=9, linespacing=1.15)
        if gradients is not None:
            text = f"grad {_short(gradients[i])}"
            y -= _BOX[1] / 2 + 0.14
            ax.text(x, y, text, ha="center", va="center", fontsize=9, color=VERMILLION)
    points = np.concatenate([places, *routes])
    for limits, along, least in ((ax.set_xlim, 0, 5.0), (ax.set_ylim, 1, 2.0)):
        low, high = points[:, along].min(), points[:, along].max()
        spare = max(0.9, least - (high - low)) / 2
        limits(low - spare, high + spare)
    ax.set_axis_off()
    return ax


def _axes(ax: Axes | None, *, height: float = FIGURE_SIZE[1]) -> Axes:
    if ax is None:
        _, ax = plt.subplots(figsize=(FIGURE_SIZE[0], height), layout="constrained")
    elif not isinstance(ax, Axes):
        raise TypeError(f"ax must be a Matplotlib Axes or None, got {ax!r}")
    return ax


def _line_styles() -> Iterator[dict[str, object]]:
    for colour, linestyle in zip(cycle(COLOURS), cycle(LINE_STYLES)):
        yield {"color": colour, "linestyle": linestyle}


def _tint(colour: str, strength: float) -> np.ndarray:
    """Mix `colour` with white: 0 is white, 1 the colour itself."""
    return 1 - strength * (1 - np.array(to_rgb(colour)))


def _colour_scale(values: np.ndarray, signed: bool, unsigned: str) -> dict[str, object]:
    if not signed:
        return {"cmap": unsigned, "vmin": values.min(), "vmax": values.max()}
    largest = np.abs(values).max() or 1.0
    return {"cmap": "RdBu", "vmin": -largest, "vmax": largest}


def _show_plane(ax: Axes) -> None:
    ax.set_aspect("equal")
    for axis, name in ((ax.xaxis, "$x_1$"), (ax.yaxis, "$x_2$")):
        axis.set_major_locator(MaxNLocator(5, steps=[1, 2, 5, 10]))
        axis.set_label_text(name)


def _draw_points(ax: Axes, X: np.ndarray, y: np.ndarray, legend: bool) -> None:
    for k in np.unique(y):
        ax.scatter(
            *X[y == k].T,
            s=32,
            color=COLOURS[k % len(COLOURS)],
            marker=MARKERS[k],
            edgecolors="white",
            linewidths=0.6,
            label=f"class {k}",
            zorder=3,
        )
    if legend:  # outside, where it hides no point
        ax.legend(loc="upper left", bbox_to_anchor=(1.01, 1.0))


def _draw_classes(ax: Axes, grid: Grid) -> None:
    for k in np.unique(grid.values):
        inside = (grid.values == k).astype(float)
        fill = _tint(COLOURS[k % len(COLOURS)], 0.25)
        ax.contourf(grid.x, grid.y, inside, levels=[0.5, 1.5], colors=[fill])
        if not inside.all():
            ax.contour(
                grid.x, grid.y, inside, levels=[0.5], colors=_DARK, linewidths=0.8
            )


def _draw_probabilities(ax: Axes, grid: Grid) -> None:
    # 41 steps look smooth, and the picture's file is half of what 256 make.
    shades = [_tint(BLUE, 0.5), (1.0, 1.0, 1.0), _tint(VERMILLION, 0.5)]
    # The outer pixels are centred on the grid's edges, so half of each lies outside.
    x_half, y_half = (np.ptp(side) / (len(side) - 1) / 2 for side in (grid.x, grid.y))
    ax.imshow(
        grid.values,
        cmap=LinearSegmentedColormap.from_list("probability", shades, N=41),
        vmin=0,
        vmax=1,
        origin="lower",
        interpolation="bilinear",
        extent=(
            grid.x[0] - x_half,
            grid.x[-1] + x_half,
            grid.y[0] - y_half,
            grid.y[-1] + y_half,
        ),
    )
    if grid.values.min() < 0.5 < grid.values.max():
        ax.contour(
            grid.x, grid.y, grid.values, levels=[0.5], colors=_DARK, linewidths=1.2
        )


def _layer_names(n_layers: int) -> list[str]:
    if n_layers <= 3:
        return ["input", "hidden", "output"] if n_layers == 3 else ["input", "output"]
    return ["input", *(f"hidden {i}" for i in range(1, n_layers - 1)), "output"]


def _node_positions(sizes: list[int], spacing: float) -> list[np.ndarray]:
    """Return each layer's centres, shape (size, 2): columns centred at height 0."""
    height = (max(3, *sizes) - 1) * spacing + 2.2
    between = max(2.4, (height * 1.7 - 1.4) / (len(sizes) - 1))
    return [
        np.stack(
            [np.full(n, i * between), ((n - 1) / 2 - np.arange(n)) * spacing], axis=1
        )
        for i, n in enumerate(sizes)
    ]


def _draw_edges(
    ax: Axes, columns: list[np.ndarray], weights: list[np.ndarray] | None
) -> None:
    largest = 1.0
    n_edges = sum(len(left) * len(right) for left, right in pairwise(columns))
    if weights is not None:
        largest = max(np.abs(W).max() for W in weights) or 1.0
    for i, (left, right) in enumerate(pairwise(columns)):
        lines = np.array([[a, b] for a in left for b in right])
        if weights is None:
            ax.add_collection(
                LineCollection(lines, colors=_GREY, linewidths=0.9, zorder=1)
            )
            continue
        w = weights[i].ravel()
        colours = [BLUE if v >= 0 else VERMILLION for v in w]
        ax.add_collection(
            LineCollection(
                lines,
                colors=colours,
                linewidths=0.7 + 2.8 * np.abs(w) / largest,
                linestyles=["-" if v >= 0 else (0, (3, 1.2)) for v in w],
                zorder=1,
            )
        )
        if n_edges <= _MAX_EDGE_LABELS:
            for point, value, colour in zip(_label_points(lines), w, colours):
                _write(ax, point, _short(value), color=colour, zorder=3)


def _label_points(lines: np.ndarray) -> np.ndarray:
    """Choose for each line the point of it that is farthest from what is near.

    `lines` has shape (n, 2, 2): starts and ends. Labels are wider than they are high,
    so that a distance to the side counts half. Each in turn is moved to its best place,
    a few times over.
    """
    candidates = []
    for start, end in lines:
        # The middle first, since argmax takes the first of equals; not in a circle.
        margin = (_RADIUS + 0.45) / (end - start)[0]
        fractions = np.linspace(0.5, margin, 13).repeat(2)
        fractions[1::2] = 1 - fractions[1::2]
        candidates.append(start + fractions[:, None] * (end - start))
    chosen = np.array([points[0] for points in candidates])
    for _ in range(4):
        for i, points in enumerate(candidates):
            others = np.delete(chosen, i, axis=0)
            to_labels = (points[:, None] - others) * [0.5, 1.0]
            room = np.hypot(*to_labels.T).min(axis=0, initial=2.0)
            room = np.minimum(room, 0.42)  # then they do not touch
            away = _height_to_lines(points, np.delete(lines, i, axis=0))
            chosen[i] = points[np.argmax(room + 0.25 * np.minimum(away, 0.4))]
    return chosen


def _height_to_lines(points: np.ndarray, lines: np.ndarray) -> np.ndarray:
    """Return for each point the least vertical distance to the lines."""
    (x0, y0), (x1, y1) = lines[:, 0].T, lines[:, 1].T
    heights = y0 + (points[:, :1] - x0) / (x1 - x0) * (y1 - y0)
    return np.abs(heights - points[:, 1:]).min(axis=1, initial=2.0)


def _draw_nodes(
    ax: Axes,
    centres: np.ndarray,
    *,
    colour: str,
    values: np.ndarray | None,
    biases: np.ndarray | None,
) -> None:
    for i, centre in enumerate(centres):
        ax.add_patch(
            Circle(centre, _RADIUS, facecolor=colour, edgecolor=_DARK, zorder=2)
        )
        if values is not None:
            ax.text(
                *centre,
                _short(values[i]),
                ha="center",
                va="center",
                fontsize=10,
                zorder=4,
            )
        if biases is not None:
            below = centre - [0, _RADIUS + 0.2]
            _write(ax, below, f"b = {_short(biases[i])}", color=_DARK, zorder=3)


def _write(ax: Axes, point: np.ndarray, text: str, **style: object) -> None:
    box = {"facecolor": "white", "edgecolor": "none", "pad": 1.2}
    ax.text(*point, text, ha="center", va="center", fontsize=9, bbox=box, **style)


def _short(value: float) -> str:
    """Write a number with two decimals at most, or one digit if that would be zero.

    >>> [_short(v) for v in (0.5, 1.0, 0.618, 0.0, 0.002)]
    ['0.5', '1', '0.62', '0', '0.002']
    """
    text = f"{value + 0.0:.2f}".rstrip("0").rstrip(".")  # adding 0 makes -0 a plain 0
    if value != 0 and float(text) == 0:
        text = f"{value:.1g}"
    return text.replace("-", "\N{MINUS SIGN}")


def _check_edges(edges: object, n: int) -> list[tuple[int, int]]:
    if n == 0:
        raise ValueError("labels must not be empty, got none")
    checked = []
    for k, edge in enumerate(edges):
        edge = pair(f"edges[{k}]", edge, "(i, j)")
        edge = [whole_number(f"edges[{k}]", end, minimum=0) for end in edge]
        if max(edge) >= n:
            raise ValueError(
                f"edges[{k}] must name two of the {n} nodes 0 .. {n - 1}, got {edge}"
            )
        checked.append(tuple(edge))
    return checked


def _graph_columns(n: int, edges: list[tuple[int, int]]) -> list[int]:
    """Return each node's column: behind all its inputs, or just before its first use.

    A graph of n nodes without a cycle has its columns after n rounds at most.
    """
    columns = [0] * n
    for _ in range(n):
        before = list(columns)
        for i, j in edges:
            columns[j] = max(columns[j], columns[i] + 1)
        if columns == before:
            break
    else:
        raise ValueError("edges must not make a cycle")
    inner = {j for _, j in edges}
    for i in range(n):
        uses = [columns[k] for j, k in edges if j == i]
        if i not in inner and uses:
            columns[i] = min(uses) - 1
    return columns


def _graph_places(
    columns: list[int], edges: list[tuple[int, int]], inner: set[int]
) -> tuple[np.ndarray, list[np.ndarray]]:
    """Return the nodes' centres, shape (n, 2), and the points each edge goes through.

    An edge that passes a column gets a point there, which keeps its way free of boxes.
    The columns are filled from the right: each point comes near the mean of what it
    leads to, the operations in a straight row, and what has no inputs below them.
    """
    n = len(columns)
    columns, inner = list(columns), set(inner)
    routes = []
    for i, j in edges:
        via = range(len(columns), len(columns) + columns[j] - columns[i] - 1)
        columns += range(columns[i] + 1, columns[j])
        routes.append([i, *via, j])
    inner |= set(range(n, len(columns)))
    heights = np.zeros(len(columns))
    for column in range(max(columns), -1, -1):
        members = [i for i, c in enumerate(columns) if c == column]
        wish = {}
        for i in members:
            ahead = [heights[k] for r in routes for j, k in pairwise(r) if j == i]
            wish[i] = np.mean(ahead) if ahead else 0.0
        members.sort(key=lambda i: (wish[i], i in inner, i >= n, -i))
        wished = np.array([wish[i] for i in members])
        # Where places would come closer than 1, those above are pushed up and those
        # below down; the mean of the two keeps the middle.
        steps = np.arange(len(members))
        up = np.maximum.accumulate(wished - steps)
        down = np.minimum.accumulate((wished - steps)[::-1])[::-1]
        y = (up + down) / 2 + steps
        rows = [k for k, i in enumerate(members) if i in inner]
        y += (wished - y)[rows].mean() if rows else 0.0
        heights[members] = y
    points = np.stack([np.array(columns, dtype=float), heights], axis=1)
    return points[:n], [points[route] for route in routes]


def _draw_arrow(ax: Axes, route: np.ndarray, rise: float) -> None:
    route = route + [0.0, rise]
    route[[0, -1], 0] += np.array([0.5, -0.5]) * _BOX[0]  # from side to side of boxes
    ax.add_patch(
        FancyArrowPatch(
            path=Path(route),
            arrowstyle="-|>",
            mutation_scale=9,
            color=BLUE,
            linewidth=1.1,
            joinstyle="round",
        )
    )


def _check_points(X: object, y: object) -> tuple[np.ndarray, np.ndarray]:
    X = float_array("X", X, shape=(None, 2))
    return X, label_array("y", y, length=len(X), n_classes=len(MARKERS))


def _check_grid(grid: object) -> Grid:
    if not isinstance(grid, Grid):
        raise TypeError(
            f"grid must be a course_utils.inspection.Grid, got {type(grid)}"
        )
    x = float_array("grid.x", grid.x, shape=(None,))
    y = float_array("grid.y", grid.y, shape=(None,))
    for name, side in (("grid.x", x), ("grid.y", y)):
        if len(side) < 2 or (np.diff(side) <= 0).any():
            raise ValueError(f"{name} must be at least 2 increasing numbers")
    values = float_array("grid.values", grid.values, shape=(len(y), len(x)))
    whole = np.asarray(grid.values).dtype.kind in "iub"
    top = len(MARKERS) - 1 if whole else 1
    if values.min() < 0 or values.max() > top:
        raise ValueError(
            f"grid.values must be probabilities 0 to 1 or whole class numbers 0 .. "
            f"{len(MARKERS) - 1}, got {values.min():g} .. {values.max():g}"
        )
    return Grid(x, y, values.astype(np.int64) if whole else values)


def _check_curves(
    name: str, curves: object, length: int | None
) -> dict[str, np.ndarray]:
    if not isinstance(curves, Mapping):
        raise TypeError(
            f"{name} must be a dict of label to numbers, got {type(curves).__name__}"
        )
    if not curves:
        raise ValueError(f"{name} must not be empty")
    return {
        str(label): float_array(f"{name}[{label!r}]", values, shape=(length,))
        for label, values in curves.items()
    }


def _check_sizes(sizes: object) -> list[int]:
    sizes = [whole_number(f"sizes[{i}]", n) for i, n in enumerate(sizes)]
    if len(sizes) < 2 or max(sizes) > _MAX_NODES:
        raise ValueError(
            f"sizes must be two or more layers of at most {_MAX_NODES}, got {sizes}"
        )
    return sizes


def _check_list(
    name: str, arrays: object, shapes: list[tuple[int, ...]]
) -> list[np.ndarray] | None:
    if arrays is None:
        return None
    if len(arrays) != len(shapes):
        raise ValueError(f"{name} must be {len(shapes)} arrays, got {len(arrays)}")
    return [
        float_array(f"{name}[{i}]", array, shape=shape)
        for i, (array, shape) in enumerate(zip(arrays, shapes))
    ]


def _check_counts(counts: object) -> np.ndarray:
    array = np.asarray(counts)
    if array.dtype.kind not in "iu":
        raise TypeError(f"counts must hold whole numbers, got dtype {array.dtype}")
    if array.ndim != 2 or array.shape[0] != array.shape[1] or array.size == 0:
        raise ValueError(f"counts must have shape (k, k), got {array.shape}")
    if array.min() < 0:
        raise ValueError(f"counts must be >= 0, got {array.min()}")
    return array


def _check_images(images: object) -> np.ndarray:
    images = float_array("images", images)
    if images.ndim == 2:
        side = round(images.shape[1] ** 0.5)
        if side * side == images.shape[1]:
            return images.reshape(-1, side, side)
    if images.ndim != 3:
        raise ValueError(
            "images must have shape (n, height, width) or (n, side * side), "
            f"got {images.shape}"
        )
    return images


def _check_names(name: str, names: object, length: int) -> list[str] | None:
    if names is None:
        return None
    names = [str(n) for n in names]
    if len(names) != length:
        raise ValueError(f"{name} must be {length} names, got {len(names)}")
    return names
