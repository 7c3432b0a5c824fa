"""What some tests need beside the package, and what is said when it is not there."""

import os

import pytest
from install import NO_GRADERS, find_browser, find_graders
from run_notebook import find_r_kernel

from course_utils.grading.doctor import find_problem

NO_BROWSER = (
    "No Chromium was found, so {} browser tests of the site were left out. "
    "Install one (Debian: apt-get install chromium; elsewhere: "
    "playwright install chromium) and run again."
)
GRADERS_LEFT_OUT = f"{NO_GRADERS}. Without it, {{}} tests with them were left out."
SANDBOX_LEFT_OUT = (
    "The sandbox does not work here, so {} tests of the grader were left out. "
    "`course doctor` says what to do."
)
R_LEFT_OUT = (
    "No R kernel was found, so {} cells of the appendix in R were left out. Install "
    "one (Debian: apt-get install r-base-core r-cran-irkernel) and run again."
)
NEEDS = {
    "browser": (find_browser, NO_BROWSER),
    "graders": (find_graders, GRADERS_LEFT_OUT),
    "sandbox": (lambda: find_problem() is None, SANDBOX_LEFT_OUT),
    "r": (find_r_kernel, R_LEFT_OUT),
}
LEFT_OUT = pytest.StashKey[list[str]]()


def pytest_configure(config):
    """Register the markers of the tests that need something."""
    config.addinivalue_line("markers", "browser: needs Chromium")
    config.addinivalue_line("markers", "graders: needs nbgrader and otter-grader")
    config.addinivalue_line("markers", "sandbox: needs bubblewrap")


def pytest_collection_modifyitems(config, items):
    """Leave out the tests whose need is not there, except in CI."""
    config.stash[LEFT_OUT] = []
    for marker, (find, message) in NEEDS.items():
        in_need = [item for item in items if item.get_closest_marker(marker)]
        if not in_need or os.environ.get("CI") == "true" or find():
            continue
        items[:] = [item for item in items if item not in in_need]
        config.stash[LEFT_OUT].append(message.format(len(in_need)))
        config.hook.pytest_deselected(items=in_need)


@pytest.hookimpl(trylast=True)
def pytest_terminal_summary(terminalreporter, config):
    """Say at the end which tests were left out, so that nobody misses it."""
    for message in config.stash.get(LEFT_OUT, []):
        terminalreporter.write_line(message, yellow=True, bold=True)


@pytest.fixture(scope="session")
def browser_path():
    """Return the path of Chromium; fail where there is none."""
    path = find_browser()
    assert path, NO_BROWSER.format("the")
    return path


@pytest.fixture(scope="session")
def graders():
    """Return the Python with nbgrader and otter-grader; fail where there is none."""
    python = find_graders()
    assert python, NO_GRADERS
    return python
