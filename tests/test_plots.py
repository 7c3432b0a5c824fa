"""The plots: what they draw, what they leave alone, how they look.

``UPDATE_BASELINES=1 python -m pytest tests/test_plots.py`` draws the pictures of
``tests/baseline`` anew; look at each before it is committed.
"""

import os
import subprocess
import sys
from itertools import pairwise
from pathlib import Path

import matplotlib as mpl

mpl.use("Agg")

import numpy as np
import pytest
from matplotlib import pyplot as plt
from matplotlib.collections import LineCollection, PathCollection
from matplotlib.colors import same_color, to_rgb
from matplotlib.contour import QuadContourSet
from matplotlib.patches import Circle, FancyArrowPatch, Rectangle
from matplotlib.testing.compare import compare_images

from course_utils import plots
from course_utils.inspection import Grid, evaluate_on_grid

BASELINES = Path(__file__).parent / "baseline"

# Root mean square of the pixels' differences, 0 to 255. The pinned Matplotlib brings
# its own font renderer and draws the same picture each time, to the last pixel; the
# half leaves room for another processor's rounding at the edges of shapes. A dot of 5
# points, the change tried below, makes 0.9 (in the gallery, on a dark pixel) to 3.7.
TOLERANCE = 0.5

rng = np.random.default_rng(0)
X = rng.uniform(-1, 1, (120, 2))
RING = (np.hypot(*X.T) > 0.6).astype(int)
BANDS = np.digitize(X[:, 0] + X[:, 1] ** 2, [-0.1, 0.5])
W1 = np.array([[0.5, -0.3, 0.8], [-0.6, 0.9, 0.2]])
W2 = np.array([[1.2], [-0.7], [0.4]])
VALUES = [[1.0, 0.5], [0.57, 0.49, 0.71], [0.66]]
BIASES = [[0.1, -0.2, 0.0], [0.05]]
COUNTS = np.diag([95, 110, 98, 100, 93])
COUNTS[0, 3], COUNTS[2, 1], COUNTS[4, 0] = 2, 9, 1
IMAGES = rng.uniform(0, 1, (10, 5, 5))
STEPS = 10.0 ** -np.arange(1, 11)
CURVES = {"forward": STEPS + 1e-16 / STEPS, "central": STEPS**2 + 1e-16 / STEPS}
EPOCHS = np.arange(1, 13)
HISTORY = {
    "loss": 1.2 * np.exp(-EPOCHS / 3),
    "test_accuracy": 0.95 - 0.4 * np.exp(-EPOCHS / 2),
}


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


def classes_grid(n=100):
    return evaluate_on_grid(
        lambda p: np.digitize(p[:, 0] + p[:, 1] ** 2, [-0.1, 0.5]), n=n
    )


def probability_grid(n=50):
    return evaluate_on_grid(lambda p: sigmoid(12 * (np.hypot(*p.T) - 0.6)), n=n)


# (a * b + a) ** 2 * b, and the same sum times itself: two arrows side by side.
GRAPH = ["a", "b", "*", "+", "*", "out"]
EDGES = [(0, 2), (1, 2), (2, 3), (0, 3), (3, 4), (3, 4), (4, 5), (1, 5)]
GRAPH_VALUES = [2.0, 3.0, 6.0, 8.0, 64.0, 192.0]
GRAPH_GRADIENTS = [192.0, 160.0, 48.0, 48.0, 3.0, 1.0]

x = np.linspace(-4, 4, 101)
FUNCTIONS = {"sigmoid": sigmoid(x), "tanh": np.tanh(x), "ReLU": np.maximum(0, x) / 2}

NORMS = {"sigmoid": [0.01, 0.05, 0.3], "ReLU": [0.2, 0.4]}
NORM_BANDS = {"sigmoid": ([0.005, 0.03, 0.2], [0.02, 0.1, 0.4])}

DRAWINGS = {
    "points": lambda ax: plots.plot_points(X, BANDS, ax=ax),
    "regions_classes": lambda ax: plots.plot_decision_regions(
        classes_grid(), X, BANDS, ax=ax
    ),
    "regions_probabilities": lambda ax: plots.plot_decision_regions(
        probability_grid(), X, RING, ax=ax
    ),
    "functions": lambda ax: plots.plot_functions(x, FUNCTIONS, ax=ax),
    "network": lambda ax: plots.plot_network(
        (2, 3, 1), node_values=VALUES, weights=[W1, W2], biases=BIASES, ax=ax
    ),
    "network_plain": lambda ax: plots.plot_network((3, 4, 2), ax=ax),
    "history": lambda ax: plots.plot_history(HISTORY, ylabel="on the test set", ax=ax),
    "confusion": lambda ax: plots.plot_confusion(COUNTS, ax=ax),
    "images": lambda ax: plots.plot_images(
        IMAGES, titles=[f"{i} as {9 - i}" for i in range(10)], ax=ax
    ),
    "images_signed": lambda ax: plots.plot_images(IMAGES - 0.5, signed=True, ax=ax),
    "heatmap": lambda ax: plots.plot_heatmap(
        IMAGES[:, 0], xlabel="unit", ylabel="image", value_label="activation", ax=ax
    ),
    "heatmap_signed": lambda ax: plots.plot_heatmap(
        W1,
        row_labels=["$x_1$", "$x_2$"],
        column_labels=["unit 0", "unit 1", "unit 2"],
        signed=True,
        ax=ax,
    ),
    "hinton": lambda ax: plots.plot_hinton(
        W1, row_labels=["$x_1$", "$x_2$"], xlabel="hidden unit", ax=ax
    ),
    "loglog": lambda ax: plots.plot_loglog(
        STEPS, CURVES, xlabel="step h", ylabel="relative error", ax=ax
    ),
    "graph": lambda ax: plots.plot_graph(
        GRAPH, EDGES, values=GRAPH_VALUES, gradients=GRAPH_GRADIENTS, ax=ax
    ),
    "by_layer": lambda ax: plots.plot_by_layer(
        NORMS, bands=NORM_BANDS, ylabel="norm of the gradient", ax=ax
    ),
}

every_plot = pytest.mark.parametrize("name", DRAWINGS)


@pytest.fixture(autouse=True)
def clean():
    """Start each test with Matplotlib's own rcParams, and close its figures."""
    with mpl.rc_context():
        mpl.rcdefaults()
        yield
        plt.close("all")


@pytest.fixture
def ax():
    return plt.subplots()[1]


def texts(ax):
    return [text.get_text() for text in ax.texts]


def tick_labels(axis):
    return [label.get_text() for label in axis.get_ticklabels()]


def legend_labels(ax):
    return [text.get_text() for text in ax.get_legend().get_texts()]


# What every plot keeps to


@every_plot
def test_without_ax_it_makes_one_figure_of_the_books_width(name):
    ax = DRAWINGS[name](None)
    assert plt.get_fignums() == [ax.figure.number]
    width, height = ax.figure.get_size_inches()
    assert width == plots.FIGURE_SIZE[0]
    assert name.startswith("images") or height == plots.FIGURE_SIZE[1]
    assert ax.get_title() == ""


@every_plot
def test_with_ax_it_draws_there_and_nowhere_else(name):
    figure, (given, other) = plt.subplots(1, 2)
    other.plot([0, 1], [2, 3])
    plt.sca(other)
    before = (len(other.get_children()), other.get_xlim(), other.get_ylim())
    settings = dict(mpl.rcParams)
    empty = len(given.get_children())

    assert DRAWINGS[name](given) is given

    assert len(given.get_children()) > empty
    assert (len(other.get_children()), other.get_xlim(), other.get_ylim()) == before
    assert plt.gca() is other
    assert plt.get_fignums() == [figure.number]
    assert dict(mpl.rcParams) == settings


@every_plot
def test_nothing_is_cut_and_no_label_is_below_9_points(name):
    plots.use_book_style()
    ax = DRAWINGS[name](None)
    ax.figure.draw_without_rendering()  # so that the layout is made
    drawn = ax.figure.get_tightbbox()
    width, height = ax.figure.get_size_inches()
    assert drawn.x0 >= 0 and drawn.x1 <= width
    assert drawn.y0 >= 0 and drawn.y1 <= height
    labels = [t for t in ax.figure.findobj(mpl.text.Text) if t.get_text()]
    assert all(label.get_fontsize() >= 9 for label in labels)


@every_plot
def test_looks_like_its_baseline(name, tmp_path):
    actual = draw_picture(name, tmp_path / f"{name}.png")
    baseline = BASELINES / f"{name}.png"
    if os.environ.get("UPDATE_BASELINES") == "1":
        baseline.write_bytes(actual.read_bytes())
    difference = compare_images(str(baseline), str(actual), TOLERANCE)
    assert difference is None, difference


@every_plot
def test_a_changed_look_is_noticed(name, tmp_path):
    def mark(ax):
        ax.plot(0.4, 0.6, "ko", markersize=5, transform=ax.transAxes, zorder=9)

    actual = draw_picture(name, tmp_path / f"{name}.png", change=mark)
    baseline = BASELINES / f"{name}.png"
    assert compare_images(str(baseline), str(actual), TOLERANCE) is not None


def draw_picture(name, path, change=lambda ax: None):
    plots.use_book_style()
    ax = DRAWINGS[name](None)
    change(ax)
    ax.figure.savefig(path, dpi=60, metadata={"Software": None})
    return path


def test_there_is_no_baseline_without_a_plot():
    assert {path.stem for path in BASELINES.glob("*.png")} == set(DRAWINGS)


# The style


def test_the_book_style_sets_size_resolution_and_colours():
    plots.use_book_style()
    figure, ax = plt.subplots()
    assert tuple(figure.get_size_inches()) == plots.FIGURE_SIZE
    assert figure.dpi == mpl.rcParams["savefig.dpi"] == 110
    assert figure.get_layout_engine() is not None
    assert same_color(figure.get_facecolor(), "white")
    assert not ax.spines["top"].get_visible() and not ax.spines["right"].get_visible()
    colours = [ax.plot([0, 1])[0].get_color() for _ in plots.COLOURS]
    assert tuple(colours) == plots.COLOURS


IN_A_NOTEBOOK = """
import base64, io
import matplotlib
from IPython.core.interactiveshell import InteractiveShell
shell = InteractiveShell.instance()
matplotlib.use("module://matplotlib_inline.backend_inline")
before = dict(matplotlib.rcParams), matplotlib.get_backend()
from course_utils import plots
assert (dict(matplotlib.rcParams), matplotlib.get_backend()) == before
plots.use_book_style()
from matplotlib import pyplot as plt
from PIL import Image
figure, ax = plt.subplots()
ax.set_axis_off()
png = shell.display_formatter.format(figure)[0]["image/png"]
picture = Image.open(io.BytesIO(base64.b64decode(png)))
print(picture.size, sorted(picture.info))
"""


def test_a_notebook_keeps_the_figures_size_and_the_import_changes_no_setting():
    done = subprocess.run(
        [sys.executable, "-c", IN_A_NOTEBOOK],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout == "(704, 418) ['dpi']\n", done.stderr


def test_the_book_style_works_beside_an_ipython_without_a_shell(monkeypatch):
    monkeypatch.setitem(sys.modules, "IPython", __import__("IPython"))
    plots.use_book_style()
    assert mpl.rcParams["figure.dpi"] == 110


# What each draws


def test_points_have_a_colour_and_a_marker_for_each_class(ax):
    plots.plot_points(X, BANDS, ax=ax)
    for k, points in enumerate(ax.collections):
        assert np.array_equal(points.get_offsets(), X[k == BANDS])
        assert same_color(points.get_facecolor()[0], plots.COLOURS[k])
    paths = [points.get_paths()[0].vertices.tolist() for points in ax.collections]
    assert paths[0] != paths[1] != paths[2] != paths[0]
    assert legend_labels(ax) == ["class 0", "class 1", "class 2"]
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("$x_1$", "$x_2$")
    assert ax.get_aspect() == 1


def test_points_keep_the_style_of_a_class_when_another_is_missing(ax):
    plots.plot_points([[0.0, 0.0]], [2], legend=False, ax=ax)
    assert same_color(ax.collections[0].get_facecolor()[0], plots.COLOURS[2])
    assert ax.get_legend() is None


def test_regions_of_classes_cover_the_square_in_the_points_colours(ax):
    plots.plot_decision_regions(classes_grid(), X, BANDS, ax=ax)
    fills = [c for c in ax.collections if isinstance(c, QuadContourSet) and c.filled]
    assert len(fills) == 3
    for k, fill in enumerate(fills):
        colour, tint = np.array(to_rgb(plots.COLOURS[k])), fill.get_facecolor()[0, :3]
        assert np.allclose(1 - tint, 0.25 * (1 - colour))
    points = [c for c in ax.collections if isinstance(c, PathCollection)]
    assert len(points) == 3
    assert all(p.get_zorder() > f.get_zorder() for p in points for f in fills)
    assert (*ax.get_xlim(), *ax.get_ylim()) == (-1, 1, -1, 1)
    assert ax.get_aspect() == 1
    # Rows of the grid are along y: the region of class 2 is at the right.
    assert fills[2].get_paths()[0].contains_point((0.9, 0.0))
    assert fills[0].get_paths()[0].contains_point((-0.9, 0.0))


def test_regions_of_one_class_need_no_border(ax):
    plots.plot_decision_regions(Grid(x[:5], x[:5], np.zeros((5, 5), dtype=bool)), ax=ax)
    assert len(ax.collections) == 1


def test_probabilities_are_shaded_with_a_line_at_one_half(ax):
    grid = probability_grid()
    plots.plot_decision_regions(grid, ax=ax)
    (image,), (line,) = ax.images, ax.collections
    assert np.array_equal(image.get_array(), grid.values)
    assert image.get_clim() == (0, 1)
    assert image.origin == "lower"
    # The middle of the first pixel is the grid's first point.
    half = (grid.x[1] - grid.x[0]) / 2
    assert image.get_extent() == pytest.approx((-1 - half, 1 + half) * 2)
    low, middle, high = image.cmap([0.0, 0.5, 1.0])[:, :3]
    assert low[2] > low[0] and high[0] > high[2] and np.allclose(middle, 1)
    assert line.levels.tolist() == [0.5]
    assert np.hypot(*line.get_paths()[0].vertices.T) == pytest.approx(0.6, abs=0.01)


def test_probabilities_on_one_side_have_no_line(ax):
    plots.plot_decision_regions(Grid(x[:3], x[:3], np.full((3, 3), 0.2)), ax=ax)
    assert len(ax.collections) == 0


def test_functions_differ_in_colour_and_line(ax):
    plots.plot_functions(x, FUNCTIONS, xlabel="z", ylabel="f(z)", ax=ax)
    lines = ax.lines[:3]
    for line, (label, values) in zip(lines, FUNCTIONS.items()):
        assert line.get_label() == label
        assert np.array_equal(line.get_xydata(), np.c_[x, values])
    assert len({line.get_color() for line in lines}) == 3
    assert len({line.get_linestyle() for line in lines}) == 3
    assert legend_labels(ax) == list(FUNCTIONS)
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("z", "f(z)")


def test_functions_show_the_zero_lines_only_where_zero_is_in_view():
    through = plots.plot_functions(x, {"tanh": np.tanh(x)})
    assert len(through.lines) == 3
    beside = plots.plot_functions([1, 2], {"line": [3, 4]})
    assert len(beside.lines) == 1
    assert beside.get_xlim()[0] > 0 and beside.get_ylim()[0] > 0


def test_the_network_has_circles_and_lines_with_their_numbers(ax):
    DRAWINGS["network"](ax)
    circles = [p.center for p in ax.patches if isinstance(p, Circle)]
    assert len(circles) == 6
    first, second = (c for c in ax.collections if isinstance(c, LineCollection))
    segments = np.array(first.get_segments())
    assert segments.shape == (6, 2, 2)
    # Row by row of W1: from the first unit to each hidden unit, then from the second.
    assert np.allclose(segments[:, 0], np.repeat(circles[:2], 3, axis=0))
    assert np.allclose(segments[:, 1], np.tile(circles[2:5], (2, 1)))
    assert [same_color(c, plots.BLUE) for c in first.get_colors()] == list(W1.flat > 0)
    widths = np.concatenate([first.get_linewidths(), second.get_linewidths()])
    sizes = np.abs([*W1.flat, *W2.flat])
    assert np.array_equal(np.argsort(widths), np.argsort(sizes))
    dashed = [style[1] is not None for style in first.get_linestyle()]
    assert dashed == list(W1.flat < 0)
    written = {t.replace("\N{MINUS SIGN}", "-") for t in texts(ax)}
    assert written == (
        {"1", "0.5", "0.57", "0.49", "0.71", "0.66"}
        | {"-0.3", "0.8", "-0.6", "0.9", "0.2", "1.2", "-0.7", "0.4"}
        | {"b = 0.1", "b = -0.2", "b = 0", "b = 0.05"}
    )
    assert tick_labels(ax.xaxis) == ["input", "hidden", "output"]


@pytest.mark.parametrize(
    "sizes", [(2, 3, 1), (2, 4, 1), (2, 2, 2, 1), (3, 3, 1), (1, 2)]
)
def test_the_networks_texts_do_not_overlap(sizes):
    plots.use_book_style()
    pairs = list(pairwise(sizes))
    ax = plots.plot_network(
        sizes,
        node_values=[np.full(n, -0.25) for n in sizes],
        weights=[np.full(pair, -0.75) for pair in pairs],
        biases=[np.full(n, -0.5) for n in sizes[1:]],
    )
    ax.figure.canvas.draw()
    assert len(ax.texts) == sum(sizes) + sum(sizes[1:]) + sum(a * b for a, b in pairs)
    boxes = [t.get_window_extent() for t in ax.texts]
    for i, box in enumerate(boxes):
        assert not box.count_overlaps(boxes[i + 1 :]), ax.texts[i]


def test_each_weight_is_written_on_its_line(ax):
    weights = np.arange(1.0, 7.0).reshape(2, 3)
    plots.plot_network((2, 3), weights=[weights], ax=ax)
    points = {float(t.get_text()): t.get_position() for t in ax.texts}
    for value, (start, end) in zip(weights.flat, ax.collections[0].get_segments()):
        along, across = end - start, points[value] - start
        assert along[0] * across[1] == pytest.approx(along[1] * across[0])


def test_many_weights_are_not_written_and_zero_weights_are_drawn(ax):
    plots.plot_network((4, 4), weights=[np.zeros((4, 4))], ax=ax)
    assert texts(ax) == []
    assert len(ax.collections[0].get_segments()) == 16


def test_layers_have_names():
    deep = plots.plot_network((1, 2, 2, 1))
    assert tick_labels(deep.xaxis) == ["input", "hidden 1", "hidden 2", "output"]
    assert tick_labels(plots.plot_network((2, 1)).xaxis) == ["input", "output"]
    named = plots.plot_network((2, 1), labels=["pixels", "digit"])
    assert tick_labels(named.xaxis) == ["pixels", "digit"]


@pytest.mark.parametrize(
    "number, text",
    [(0.618, "0.62"), (-1.0, "\N{MINUS SIGN}1"), (0.002, "0.002"), (0.0, "0")]
    + [(-0.0, "0"), (100.0, "100")],
)
def test_numbers_are_written_short(number, text, ax):
    plots.plot_network((1, 1), node_values=[[number], [0.5]], ax=ax)
    assert texts(ax)[0] == text


def test_the_history_starts_at_epoch_1_and_counts_in_whole_epochs(ax):
    plots.plot_history({"loss": [3, 2, 1], "test_accuracy": [0.5]}, ylabel="y", ax=ax)
    loss, accuracy = ax.lines
    assert loss.get_xydata().tolist() == [[1, 3], [2, 2], [3, 1]]
    assert accuracy.get_xydata().tolist() == [[1, 0.5]]
    assert loss.get_marker() != accuracy.get_marker() not in ("None", "")
    assert loss.get_linestyle() != accuracy.get_linestyle()
    assert legend_labels(ax) == ["loss", "test accuracy"]
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("epoch", "y")
    low, high = ax.get_xlim()
    inside = [tick for tick in ax.get_xticks() if low <= tick <= high]
    assert inside == [1, 2, 3]


def test_a_long_history_has_about_twenty_markers(ax):
    plots.plot_history({"loss": np.ones(200)}, ax=ax)
    assert ax.lines[0].get_markevery() == 10


def test_the_confusion_matrix_counts_rows_as_true(ax):
    plots.plot_confusion(COUNTS, ax=ax)
    drawn = {tuple(int(v) for v in t.get_position()): t.get_text() for t in ax.texts}
    assert drawn[(3, 0)] == "2"  # at x = 3, predicted; y = 0, true
    assert len(drawn) == 8  # no zero is written
    assert ax.get_ylim() == (4.5, -0.5)
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("predicted class", "true class")
    assert tick_labels(ax.xaxis) == tick_labels(ax.yaxis) == list("01234")


def test_the_mistakes_have_a_scale_of_their_own(ax):
    plots.plot_confusion(COUNTS, class_names=list("abcde"), ax=ax)
    right, wrong = ax.images
    assert (right.get_clim(), wrong.get_clim()) == ((0, 110), (0, 9))
    assert right.get_array().compressed().tolist() == [95, 110, 98, 100, 93]
    assert wrong.get_array().compressed().tolist() == [2, 9, 1]
    assert tick_labels(ax.yaxis) == list("abcde")


def test_a_confusion_matrix_without_mistakes(ax):
    plots.plot_confusion([[3]], ax=ax)
    assert texts(ax) == ["3"]


def test_images_stand_in_rows_on_one_scale(ax):
    plots.plot_images(IMAGES, titles=range(10), columns=4, ax=ax)
    assert len(ax.images) == 10
    assert {im.get_clim() for im in ax.images} == {(IMAGES.min(), IMAGES.max())}
    for image, given in zip(ax.images, IMAGES):
        assert np.array_equal(image.get_array(), given)
    lefts = [im.get_extent()[0] for im in ax.images]
    tops = [im.get_extent()[3] for im in ax.images]
    assert lefts[:4] == lefts[4:8] == sorted(set(lefts))
    assert len(set(tops)) == 3 and tops[0] < tops[4] < tops[8]
    left, right, bottom, top = ax.images[0].get_extent()
    assert (right - left, bottom - top) == (1, 1)
    assert texts(ax) == [str(i) for i in range(10)]
    assert ax.images[0].cmap.name == "gray_r"


def test_flat_images_are_square_and_signed_ones_are_centred_at_zero(ax):
    flat = np.array([[-3.0, 0.0, 1.0, 2.0]])
    plots.plot_images(flat, signed=True, ax=ax)
    (image,) = ax.images
    assert image.get_array().tolist() == [[-3, 0], [1, 2]]
    assert image.get_clim() == (-3, 3)
    assert image.cmap.name == "RdBu"


def test_the_gallerys_figure_is_as_high_as_its_rows_need():
    heights = [
        plots.plot_images(np.ones((n, 4, 4))).figure.get_figheight() for n in (1, 8, 24)
    ]
    assert heights[0] == plots.FIGURE_SIZE[1]
    assert heights[1] < 1 < 3 * heights[1] - 0.2 < heights[2]


def test_titles_keep_clear_of_the_images_in_a_small_axes():
    figure, (left, right) = plt.subplots(1, 2)
    for ax, columns in ((left, 2), (right, 8)):
        plots.plot_images(IMAGES, titles=["Ag"] * 10, columns=columns, ax=ax)
    figure.canvas.draw()
    for ax in (left, right):
        images = [im.get_window_extent() for im in ax.images]
        for text in ax.texts:
            assert not text.get_window_extent().count_overlaps(images)


def test_the_heatmap_shows_the_first_row_on_top_with_a_scale(ax):
    values = IMAGES[:, 0]
    plots.plot_heatmap(
        values, xlabel="unit", ylabel="image", value_label="activation", ax=ax
    )
    (image,) = ax.images
    assert np.array_equal(image.get_array(), values)
    assert image.origin == "upper"
    assert image.get_clim() == (values.min(), values.max())
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("unit", "image")
    assert image.colorbar.ax.get_ylabel() == "activation"
    assert ax.figure.axes == [ax, image.colorbar.ax]


def test_a_signed_heatmap_is_centred_at_zero_and_names_its_cells(ax):
    plots.plot_heatmap(
        W1,
        row_labels=["a", "b"],
        column_labels=["c", "d", "e"],
        signed=True,
        colorbar=False,
        ax=ax,
    )
    assert ax.images[0].get_clim() == (-0.9, 0.9)
    assert (tick_labels(ax.yaxis), tick_labels(ax.xaxis)) == (["a", "b"], list("cde"))
    assert ax.figure.axes == [ax]


def test_a_heatmap_of_zeros_is_white_at_zero(ax):
    plots.plot_heatmap(np.zeros((2, 2)), signed=True, ax=ax)
    assert ax.images[0].get_clim() == (-1, 1)


def test_a_hinton_diagram_has_areas_for_sizes_and_fillings_for_signs(ax):
    values = np.array([[4.0, -1.0, 0.0], [2.0, -4.0, 1.0]])
    plots.plot_hinton(values, row_labels=["a", "b"], ylabel="input", ax=ax)
    squares = {}
    for square in ax.patches:
        place = tuple(np.round(square.get_center()[::-1]).astype(int))
        assert np.allclose(square.get_center()[::-1], place)
        squares[place] = square
    assert set(squares) == {(0, 0), (0, 1), (1, 0), (1, 1), (1, 2)}  # none for the 0
    for place, square in squares.items():
        size, other = abs(values[place]), squares[0, 0]
        area = square.get_width() * square.get_height()
        assert np.isclose(area, size / 4 * other.get_width() ** 2)
        full = same_color(square.get_facecolor(), square.get_edgecolor())
        assert full == (values[place] > 0)
    assert 0.8 < squares[0, 0].get_width() < 1
    assert ax.get_ylim() == (1.5, -0.5)  # the first row on top
    assert (tick_labels(ax.yaxis), ax.get_ylabel()) == (["a", "b"], "input")


def test_hinton_diagrams_can_share_a_scale(ax):
    plots.plot_hinton(np.array([[1.0]]), largest=4.0, ax=ax)
    plots.plot_hinton(np.array([[-4.0]]), ax=ax)
    small, large = (square.get_width() for square in ax.patches)
    assert np.isclose(large, 2 * small)


def test_a_hinton_diagram_of_zeros_is_empty(ax):
    plots.plot_hinton(np.zeros((2, 3)), ax=ax)
    assert not ax.patches
    assert ax.get_xlim() == (-0.5, 2.5)


def boxes_and_arrows(ax):
    boxes = [p for p in ax.patches if isinstance(p, Rectangle)]
    arrows = [p for p in ax.patches if isinstance(p, FancyArrowPatch)]
    # The route as it was given; get_path() has the arrow's head in it.
    return boxes, [arrow._path_original.vertices for arrow in arrows]


def test_the_graph_has_a_box_a_node_and_an_arrow_an_edge(ax):
    DRAWINGS["graph"](ax)
    boxes, arrows = boxes_and_arrows(ax)
    assert len(boxes) == len(GRAPH) and len(arrows) == len(EDGES)
    for (i, j), route in zip(EDGES, arrows):
        tail, head = boxes[i], boxes[j]
        assert route[0][0] == pytest.approx(tail.get_x() + tail.get_width())
        assert route[-1][0] == pytest.approx(head.get_x())
        for end, box in ((route[0], tail), (route[-1], head)):
            assert box.get_y() < end[1] < box.get_y() + box.get_height()
    assert not np.allclose(arrows[4], arrows[5])  # the square
    assert texts(ax) == [
        text
        for name, value, gradient in zip(GRAPH, GRAPH_VALUES, GRAPH_GRADIENTS)
        for text in (f"{name}\n{value:g}", f"grad {gradient:g}")
    ]
    fills = [same_color(box.get_facecolor(), "#EFEFEF") for box in boxes]
    assert fills == [True, True, False, False, False, False]


def test_a_node_stands_behind_its_inputs_and_a_leaf_before_its_first_use(ax):
    # A chain 0 .. 3, a leaf that comes in late, one that nothing uses.
    plots.plot_graph("abcdef", [(0, 1), (1, 2), (2, 3), (4, 3)], ax=ax)
    boxes, _ = boxes_and_arrows(ax)
    columns = [box.get_x() + box.get_width() / 2 for box in boxes]
    assert columns == pytest.approx([0, 1, 2, 3, 2, 0])
    assert texts(ax) == list("abcdef")


@pytest.mark.parametrize("seed", range(8))
def test_the_graphs_boxes_and_arrows_keep_apart(seed, ax):
    rng = np.random.default_rng(seed)
    n = 9
    edges = [(int(rng.integers(j)), j) for j in range(1, n) for _ in range(2)]
    plots.plot_graph([str(i) for i in range(n)], edges, values=np.zeros(n), ax=ax)
    boxes, arrows = boxes_and_arrows(ax)
    extents = [box.get_bbox() for box in boxes]
    for i, box in enumerate(extents):
        assert not box.count_overlaps(extents[i + 1 :])
    centres = {box.x0 + box.width / 2 for box in extents}
    for route in arrows:
        for point in route[1:-1]:  # where the arrow passes a column
            assert min(abs(point[0] - x) for x in centres) < 1e-9
            assert not any(box.contains(*point) for box in extents)


def test_loglog_has_log_axes_and_markers(ax):
    plots.plot_loglog(STEPS, CURVES, xlabel="h", ylabel="error", ax=ax)
    assert (ax.get_xscale(), ax.get_yscale()) == ("log", "log")
    forward, central = ax.lines
    assert np.array_equal(forward.get_xydata(), np.c_[STEPS, CURVES["forward"]])
    assert forward.get_marker() != central.get_marker()
    assert forward.get_linestyle() != central.get_linestyle()
    assert legend_labels(ax) == ["forward", "central"]
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("h", "error")


def test_by_layer_counts_layers_from_1_and_shades_its_bands(ax):
    plots.plot_by_layer(NORMS, bands=NORM_BANDS, ylabel="norm", ax=ax)
    assert (ax.get_xscale(), ax.get_yscale()) == ("linear", "log")
    sigmoid, relu = ax.lines
    assert np.array_equal(sigmoid.get_xydata(), np.c_[[1, 2, 3], NORMS["sigmoid"]])
    assert np.array_equal(relu.get_xydata(), np.c_[[1, 2], NORMS["ReLU"]])
    assert sigmoid.get_marker() != relu.get_marker()
    (band,) = ax.collections
    corners = band.get_paths()[0].vertices
    assert {0.005, 0.03, 0.2, 0.02, 0.1, 0.4} <= set(corners[:, 1])
    assert legend_labels(ax) == ["sigmoid", "ReLU"]
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("layer", "norm")


def test_by_layer_draws_zeros_on_a_linear_axis(ax):
    plots.plot_by_layer({"dead": [0.0, 0.5]}, log=False, ax=ax)
    assert ax.get_yscale() == "linear"


def test_more_curves_than_colours_are_all_drawn(ax):
    plots.plot_loglog([1, 2], {str(i): [1, 2 + i] for i in range(12)}, ax=ax)
    styles = {(line.get_color(), line.get_marker()) for line in ax.lines}
    assert len(ax.lines) == len(styles) == 12


# Arguments that are refused

GRID = Grid(x[:3], x[:3], np.zeros((3, 3)))


@pytest.mark.parametrize(
    "error, message, call",
    [
        (TypeError, "ax must be", lambda: plots.plot_points(X, RING, ax=plt)),
        (TypeError, "ax must be", lambda: plots.plot_images(IMAGES, ax=plt)),
        (
            ValueError,
            r"X must have shape \(any, 2\)",
            lambda: plots.plot_points([1], [0]),
        ),
        (ValueError, "X must be finite", lambda: plots.plot_points([[np.nan, 1]], [0])),
        (ValueError, "y must have shape", lambda: plots.plot_points(X, [0, 1])),
        (ValueError, r"labels 0 \.\. 9", lambda: plots.plot_points([[1, 1]], [10])),
        (TypeError, "grid must be", lambda: plots.plot_decision_regions(np.eye(2))),
        (
            ValueError,
            "X and y must be given together",
            lambda: plots.plot_decision_regions(GRID, X),
        ),
        (
            ValueError,
            "grid.values must have shape",
            lambda: plots.plot_decision_regions(GRID._replace(values=np.zeros((2, 3)))),
        ),
        (
            ValueError,
            "grid.x must be at least 2 increasing",
            lambda: plots.plot_decision_regions(GRID._replace(x=x[2::-1])),
        ),
        (
            ValueError,
            "grid.values must be probabilities",
            lambda: plots.plot_decision_regions(
                GRID._replace(values=np.full((3, 3), 2.0))
            ),
        ),
        (
            ValueError,
            "grid.values must be probabilities",
            lambda: plots.plot_decision_regions(
                GRID._replace(values=-np.eye(3, dtype=int))
            ),
        ),
        (TypeError, "curves must be a dict", lambda: plots.plot_functions(x, [x])),
        (ValueError, "curves must not be empty", lambda: plots.plot_functions(x, {})),
        (
            ValueError,
            r"curves\['tanh'\] must have shape \(101,\)",
            lambda: plots.plot_functions(x, {"tanh": [0.0]}),
        ),
        (ValueError, "labels must not be empty", lambda: plots.plot_graph([], [])),
        (
            ValueError,
            r"edges\[1\] must name two of the 2 nodes",
            lambda: plots.plot_graph("ab", [(0, 1), (1, 2)]),
        ),
        (TypeError, r"edges\[0\] must be", lambda: plots.plot_graph("ab", [3])),
        (
            ValueError,
            "edges must not make a cycle",
            lambda: plots.plot_graph("abc", [(0, 1), (1, 2), (2, 1)]),
        ),
        (ValueError, "cycle", lambda: plots.plot_graph("a", [(0, 0)])),
        (
            ValueError,
            r"values must have shape \(2,\)",
            lambda: plots.plot_graph("ab", [(0, 1)], values=[1.0]),
        ),
        (
            ValueError,
            "gradients must be finite",
            lambda: plots.plot_graph("a", [], gradients=[np.nan]),
        ),
        (ValueError, "sizes must be two or more", lambda: plots.plot_network([3])),
        (ValueError, "at most 16", lambda: plots.plot_network([784, 10])),
        (ValueError, r"sizes\[1\] must be >= 1", lambda: plots.plot_network([3, 0])),
        (
            ValueError,
            r"weights\[0\] must have shape \(2, 3\)",
            lambda: plots.plot_network((2, 3), weights=[W1.T]),
        ),
        (
            ValueError,
            "weights must be 2 arrays, got 1",
            lambda: plots.plot_network((2, 3, 1), weights=[W1]),
        ),
        (
            ValueError,
            r"node_values\[1\] must have shape \(3,\)",
            lambda: plots.plot_network((2, 3), node_values=[[1, 2], [1, 2]]),
        ),
        (
            ValueError,
            "biases must be 1 arrays, got 2",
            lambda: plots.plot_network((2, 3), biases=[[1, 2], [1, 2, 3]]),
        ),
        (
            ValueError,
            "labels must be 2 names, got 1",
            lambda: plots.plot_network((2, 3), labels=["input"]),
        ),
        (TypeError, "history must be a dict", lambda: plots.plot_history([1.0])),
        (
            ValueError,
            r"history\['loss'\] must not be empty",
            lambda: plots.plot_history({"loss": []}),
        ),
        (
            ValueError,
            r"history\['loss'\] must be finite",
            lambda: plots.plot_history({"loss": [1.0, np.inf]}),
        ),
        (TypeError, "counts must hold whole", lambda: plots.plot_confusion(np.eye(2))),
        (ValueError, r"counts must have shape", lambda: plots.plot_confusion([[1, 2]])),
        (ValueError, "counts must be >= 0", lambda: plots.plot_confusion([[-1]])),
        (
            ValueError,
            "class_names must be 1 names, got 2",
            lambda: plots.plot_confusion([[1]], class_names="ab"),
        ),
        (
            ValueError,
            "images must have shape",
            lambda: plots.plot_images(np.ones((2, 5))),
        ),
        (
            ValueError,
            "columns must be >= 1",
            lambda: plots.plot_images(IMAGES, columns=0),
        ),
        (
            ValueError,
            "titles must be 10 names",
            lambda: plots.plot_images(IMAGES, titles=["a"]),
        ),
        (ValueError, "values must have shape", lambda: plots.plot_heatmap([1.0])),
        (
            ValueError,
            "row_labels must be 2 names",
            lambda: plots.plot_heatmap(W1, row_labels=["a"]),
        ),
        (
            ValueError,
            "column_labels must be 3 names",
            lambda: plots.plot_heatmap(W1, column_labels=["a"]),
        ),
        (ValueError, "values must have shape", lambda: plots.plot_hinton([1.0])),
        (ValueError, "largest must be > 0", lambda: plots.plot_hinton(W1, largest=0.0)),
        (ValueError, "x must be > 0", lambda: plots.plot_loglog([0, 1], {"a": [1, 1]})),
        (
            ValueError,
            r"curves\['a'\] must be > 0",
            lambda: plots.plot_loglog([1, 2], {"a": [1, -1]}),
        ),
        (
            ValueError,
            r"curves\['a'\] must be > 0",
            lambda: plots.plot_by_layer({"a": [1.0, 0.0]}),
        ),
        (
            ValueError,
            r"curves\['a'\] must be > 0 .* got -1",
            lambda: plots.plot_by_layer({"a": [1.0]}, bands={"a": ([-1.0], [2.0])}),
        ),
        (
            ValueError,
            "a label of bands must be one of a",
            lambda: plots.plot_by_layer({"a": [1.0]}, bands={"b": ([1.0], [2.0])}),
        ),
        (
            TypeError,
            r"bands\['a'\] must be a pair",
            lambda: plots.plot_by_layer({"a": [1.0]}, bands={"a": [1.0]}),
        ),
    ],
)
def test_a_wrong_argument_is_named_and_leaves_no_figure(error, message, call):
    with pytest.raises(error, match=message):
        call()
    assert plt.get_fignums() == []
