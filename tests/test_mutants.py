"""The checks know wrong from right: mutants of the references fail."""

import contextlib
import signal
import time

import pytest
from mutants import make_mutants
from trials import EXERCISES, trial

SEED = 20_011
SECONDS = 5  # for one mutant

# The mutants that are right, with the reason, by exercise and change.
FLAT = "transposing an array with one axis changes nothing"
ZIP = "zip ends with the shorter of the two"
ALSO = "another network that does XOR"
CLASSES = "which class is on which side of the plane is no matter"
MARGIN = "a larger margin for one class can be had just as well"
LENGTHS = "these have the same length"
SHAPES = "these have the same shape"
FILLED = "every element is filled in later"
EQUIVALENT = {
    "forward_one": {
        "z = x @ W + b -> z = x.T @ W + b": FLAT,
    },
    "count_params": {
        "for n_in, n_out in zip(sizes[:-1], sizes[1:]): "
        "-> for n_in, n_out in zip(sizes[:], sizes[1:]):": ZIP,
    },
    "shapes_of": {
        "for n_in, n_out in zip(sizes[:-1], sizes[1:]): "
        "-> for n_in, n_out in zip(sizes[:], sizes[1:]):": ZIP,
    },
    "collapse_affine": {
        "b = b1 @ W2 + b2 -> b = b1.T @ W2 + b2": FLAT,
    },
    "xor_weights": {
        "W1 = np.array([[1.0, -1.0], [-1.0, 1.0]]) "
        "-> W1 = [[1.0, -1.0], [-1.0, 1.0]]": "a list passes for an array",
        "W1 = np.array([[1.0, -1.0], [-1.0, 1.0]]) "
        "-> W1 = -np.array([[1.0, -1.0], [-1.0, 1.0]])": ALSO,
        "W1 = np.array([[1.0, -1.0], [-1.0, 1.0]]) "
        "-> W1 = np.array([[-1.0, 1.0], [1.0, -1.0]])": ALSO,
        "W1 = np.array([[1.0, -1.0], [-1.0, 1.0]]) "
        "-> W1 = np.array([[1.0, -2.0], [-1.0, 1.0]])": ALSO,
        "W1 = np.array([[1.0, -1.0], [-1.0, 1.0]]) "
        "-> W1 = np.array([[1.0, -1.0], [-2.0, 1.0]])": ALSO,
        "b1 = np.zeros(2) -> b1 = -np.zeros(2)": "-0 is 0",
        "b2 = np.array([-0.5]) -> b2 = [-0.5]": "a list passes for an array",
    },
    "is_linearly_separable": {
        "signs = np.where(y == 1, 1.0, -1.0) "
        "-> signs = np.where(y == 1, -1.0, 1.0)": CLASSES,
        "signs = np.where(y == 1, 1.0, -1.0) "
        "-> signs = -np.where(y == 1, 1.0, -1.0)": CLASSES,
        "signs = np.where(y == 1, 1.0, -1.0) "
        "-> signs = np.where(y != 1, 1.0, -1.0)": CLASSES,
        "signs = np.where(y == 1, 1.0, -1.0) "
        "-> signs = np.where(y == 0, 1.0, -1.0)": CLASSES,
        "rows = np.column_stack([X, np.ones(len(X))]) "
        "-> rows = -np.column_stack([X, np.ones(len(X))])": CLASSES,
        "A = -signs[:, None] * rows -> A = -(-signs[:, None] * rows)": CLASSES,
        "A = -signs[:, None] * rows -> A = signs[:, None] * rows": CLASSES,
        "signs = np.where(y == 1, 1.0, -1.0) "
        "-> signs = np.where(y == 1, 2.0, -1.0)": MARGIN,
        "signs = np.where(y == 1, 1.0, -1.0) "
        "-> signs = np.where(y == 1, 1.0, -2.0)": MARGIN,
        "rows = np.column_stack([X, np.ones(len(X))]) "
        "-> rows = np.column_stack([np.ones(len(X)), X])": "the bias comes first",
        "return bool(result.success) -> return result.success": "it is a bool",
        "u = -np.ones(len(A)) -> u = -np.ones(len(X))": LENGTHS,
        "u = -np.ones(len(A)) -> u = -np.ones(len(y))": LENGTHS,
        "u = -np.ones(len(A)) -> u = -np.ones(len(signs))": LENGTHS,
        "u = -np.ones(len(A)) -> u = -np.ones(len(rows))": LENGTHS,
        "rows = np.column_stack([X, np.ones(len(X))]) "
        "-> rows = np.column_stack([X, np.ones(len(y))])": LENGTHS,
        "rows = np.column_stack([X, np.ones(len(X))]) "
        "-> rows = np.column_stack([X, np.ones(len(signs))])": LENGTHS,
        "result = linprog(np.zeros(A.shape[1]), A_ub=A, b_ub=u, bounds=(None, None)) "
        "-> result = linprog(np.zeros(A.shape[-1]), A_ub=A, b_ub=u, "
        "bounds=(None, None))": "the last of two axes is axis 1",
        "result = linprog(np.zeros(A.shape[1]), A_ub=A, b_ub=u, bounds=(None, None)) "
        "-> result = linprog(np.zeros(rows.shape[1]), A_ub=A, b_ub=u, "
        "bounds=(None, None))": SHAPES,
    },
    "act_grad": {
        "return np.where(Z > 0, 1.0, 0.0) "
        "-> return np.where(1.0, Z > 0, 0.0)": "True becomes 1.0 and False 0.0",
    },
    "elu": {
        "return np.where(Z > 0, Z, negative) "
        "-> return np.where(Z >= 0, Z, negative)": "both are 0 at 0",
        "negative = alpha * (np.exp(np.minimum(Z, 0)) - 1) "
        "-> negative = alpha * (np.exp(Z) - 1)": "np.where leaves the overflow out",
        "negative = alpha * (np.exp(np.minimum(Z, 0)) - 1) "
        "-> negative = alpha * (np.exp(np.minimum(Z, 1)) - 1)": "np.where leaves "
        "what is above 0 out",
    },
    "saturation_fraction": {
        "return float(np.mean(slope < share * 0.25)) "
        "-> return np.mean(slope < share * 0.25)": "a NumPy float passes for a float",
        "A = 1 / (1 + np.exp(-Z)) "
        "-> A = 1 / (1 + np.exp(Z))": "the slope is the same at -z and z",
    },
    "softmax_ce_grad": {
        "n = len(logits) -> n = len(y)": LENGTHS,
        "E = np.exp(logits - logits.max(axis=1, keepdims=True)) "
        "-> E = -np.exp(logits - logits.max(axis=1, keepdims=True))": "the sign falls "
        "out of the quotient",
        "E = np.exp(logits - logits.max(axis=1, keepdims=True)) "
        "-> E = np.exp(logits - logits.max(axis=-1, keepdims=True))": "the last of two "
        "axes is axis 1",
        "dlogits = E / E.sum(axis=1, keepdims=True) "
        "-> dlogits = E / E.sum(axis=-1, keepdims=True)": "the last of two axes is "
        "axis 1",
    },
    "grad_check": {
        "estimate = np.zeros_like(p) -> estimate = -np.zeros_like(p)": FILLED,
        "estimate = np.zeros_like(p) -> estimate = np.ones_like(p)": FILLED,
        "estimate = np.zeros_like(p) -> estimate = np.zeros_like(dp)": SHAPES,
        "nudge = np.zeros_like(p) -> nudge = -np.zeros_like(p)": "-0 is 0",
        "nudge = np.zeros_like(p) -> nudge = np.zeros_like(dp)": SHAPES,
        "nudge = np.zeros_like(p) -> nudge = np.zeros_like(estimate)": SHAPES,
        "for index in np.ndindex(p.shape): "
        "-> for index in np.ndindex(dp.shape):": SHAPES,
        "for index in np.ndindex(p.shape): "
        "-> for index in np.ndindex(estimate.shape):": SHAPES,
        "return relative_error(dp, estimate) "
        "-> return relative_error(estimate, dp)": "the error is symmetric",
    },
    "capture": {
        "return kept[0] -> return kept[-1]": "one output is kept",
    },
    "build_functional": {
        "X = A = keras.Input((n_in,)) "
        "-> X = A = -keras.Input((n_in,))": "the model begins at X, after the sign",
    },
    "activation_model": {
        "dense = [layer for layer in model.layers if isinstance(layer, layers.Dense)] "
        "-> dense = [layer for layer in list(model.layers)[1:] "
        "if isinstance(layer, layers.Dense)]": "the first layer is the input",
    },
}


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


@pytest.mark.parametrize(("chapter", "name"), EXERCISES, ids=lambda value: value)
def test_every_mutant_fails_but_those_that_are_right(chapter, name):
    tried = trial(chapter, name)
    mutants = make_mutants(tried.source)
    changes = [mutant.change for mutant in mutants]
    assert len(set(changes)) == len(changes) >= 8
    survivors = {m.change for m in mutants if not fails(tried, m.source, SEED)}
    listed = EQUIVALENT.get(name, {}).keys()
    assert survivors - listed == set(), "the inputs are too weak, or list these"
    assert listed - survivors == set(), "these fail, or are not made any more"


@pytest.mark.parametrize(("chapter", "name"), EXERCISES, ids=lambda value: value)
def test_the_mutants_that_are_right_pass_for_other_seeds(chapter, name):
    tried = trial(chapter, name)
    sources = {mutant.change: mutant.source for mutant in make_mutants(tried.source)}
    for change in EQUIVALENT.get(name, {}):
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


def test_only_exercises_have_equivalent_mutants():
    assert EQUIVALENT.keys() <= {name for _, name in EXERCISES}
