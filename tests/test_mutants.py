"""The checks know wrong from right: mutants of the references fail."""

import contextlib
import signal
import time

import pytest
from mutants import make_mutants
from trials import CHAPTERS, EXERCISES, alternatives, exercises_of, trial

SEED = 20_011
SECONDS = 5  # for one mutant


@contextlib.contextmanager
def time_limit(seconds):
    """Raise a ``TimeoutError`` in what takes longer; Windows has no such alarm."""
    if not hasattr(signal, "setitimer"):
        yield
        return

    def ring(*_):
        raise TimeoutError(f"more than {seconds} seconds")

    before = signal.signal(signal.SIGALRM, ring)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def fails(tried, source, seed):
    """Return whether a mutant fails a case that is not public.

    In the public ones somebody may have looked up what is expected.
    """
    try:
        answer = tried.define(source)
        with time_limit(SECONDS):
            return tried.failure(answer, seed, tried.secret(seed)) is not None
    except TimeoutError:
        return True


def equivalent(chapter):
    """Return the mutants that are right, with the reason, by exercise and change."""
    return alternatives(chapter).get("EQUIVALENT", {})


@pytest.mark.parametrize(("chapter", "name"), EXERCISES, ids=lambda value: value)
def test_every_mutant_fails_but_those_that_are_right(chapter, name):
    tried = trial(chapter, name)
    mutants = make_mutants(tried.source)
    changes = [mutant.change for mutant in mutants]
    assert len(set(changes)) == len(changes) >= 8
    survivors = {m.change for m in mutants if not fails(tried, m.source, SEED)}
    listed = equivalent(chapter).get(name, {}).keys()
    assert survivors - listed == set(), "the inputs are too weak, or list these"
    assert listed - survivors == set(), "these fail, or are not made any more"


@pytest.mark.parametrize(("chapter", "name"), EXERCISES, ids=lambda value: value)
def test_the_mutants_that_are_right_pass_for_other_seeds(chapter, name):
    tried = trial(chapter, name)
    sources = {mutant.change: mutant.source for mutant in make_mutants(tried.source)}
    for change in equivalent(chapter).get(name, {}):
        for seed in (1, 2, 3):
            assert tried.failure(tried.define(sources[change]), seed) is None, change


def test_a_function_and_its_mutants():
    source = '''
def scaled(a, n):
    """Return -a / n."""
    total = -a.sum(axis=0)  # a comment
    return total / n
'''
    changes = {mutant.change for mutant in make_mutants(source)}
    assert {
        "total = -a.sum(axis=0) -> pass",
        "total = -a.sum(axis=0) -> total = a.sum(axis=0)",
        "total = -a.sum(axis=0) -> total = -a.sum(axis=1)",
        "total = -a.sum(axis=0) -> total = -a.sum()",
        "total = -a.sum(axis=0) -> total = -a.mean(axis=0)",
        "total = -a.sum(axis=0) -> total = -n.sum(axis=0)",
        "return total / n -> return total",
        "return total / n -> return total * n",
        "return total / n -> return n / total",
        "return total / n -> return -(total / n)",
    } <= changes
    for mutant in make_mutants(source):
        before, after = mutant.change.split(" -> ")
        assert before in source
        assert after in mutant.source


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="Windows has no alarm")
def test_what_takes_too_long_is_ended():
    with pytest.raises(TimeoutError), time_limit(0.05):
        time.sleep(5)


@pytest.mark.parametrize("chapter", CHAPTERS)
def test_only_exercises_have_equivalent_mutants(chapter):
    assert equivalent(chapter).keys() <= set(exercises_of(chapter))
