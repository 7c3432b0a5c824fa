"""A browser for the tests of the site, and what is said when there is none."""

import os

import pytest
from install import find_browser

NO_BROWSER = (
    "No Chromium was found, so {} browser tests of the site were left out. "
    "Install one (Debian: apt-get install chromium; elsewhere: "
    "playwright install chromium) and run again."
)
LEFT_OUT = pytest.StashKey[int]()


def pytest_configure(config):
    """Register the marker of the tests that need a browser."""
    config.addinivalue_line("markers", "browser: needs Chromium")


def pytest_collection_modifyitems(config, items):
    """Leave the browser tests out where there is no browser, except in CI."""
    browser_tests = [item for item in items if item.get_closest_marker("browser")]
    if not browser_tests or find_browser() or os.environ.get("CI") == "true":
        return
    items[:] = [item for item in items if item not in browser_tests]
    config.stash[LEFT_OUT] = len(browser_tests)
    config.hook.pytest_deselected(items=browser_tests)


@pytest.hookimpl(trylast=True)
def pytest_terminal_summary(terminalreporter, config):
    """Say at the end which tests were left out, so that nobody misses it."""
    if left_out := config.stash.get(LEFT_OUT, 0):
        terminalreporter.write_line(NO_BROWSER.format(left_out), yellow=True, bold=True)


@pytest.fixture(scope="session")
def browser_path():
    """Return the path of Chromium; fail where there is none."""
    path = find_browser()
    assert path, NO_BROWSER.format("the")
    return path
