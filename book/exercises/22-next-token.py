"""The exercises of chapter 22, *Next token*."""

import numpy as np

from course_utils.exercises import Exercise, Mistake


def texts_and_alphabets(rng):
    """Yield texts, alphabet: by hand; repeats, strangers, short texts, sizes varied."""
    yield ["abab", "b?a"], "ab"
    for n_texts, longest, alphabet in ((1, 12, "xy"), (4, 9, "cab"), (6, 7, " enot")):
        tokens = [*alphabet, *alphabet, "?", "!"]
        lengths = rng.integers(3, longest + 1, size=n_texts)
        texts = ["".join(rng.choice(tokens, size=length)) for length in lengths]
        twice = rng.choice([*alphabet], size=2)
        yield [*texts, "", alphabet[0], "".join([*twice, *twice, *twice])], alphabet


def logits_and_tokens(rng):
    """Yield logits, y: by hand, small ones, large ones, far apart, and a long text."""
    yield np.zeros((2, 2)), np.array([0, 1])
    for n, V in ((3, 3), (5, 4), (7, 2)):
        yield 2.0 * rng.normal(size=(n, V)), rng.integers(0, V, size=n)
    y = rng.integers(0, 3, size=4)
    far = rng.uniform(-4, 4, size=(4, 3)) + np.array([[0.0], [-1000], [900], [0]])
    far[0, y[0]] += 1000.0
    yield far, y
    y = rng.integers(0, 4, size=3)
    apart = rng.uniform(-4, 4, size=(3, 4))
    apart[1, y[1]] -= 1000.0  # its softmax is 0 in float64
    yield apart, y
    yield 2.5 * rng.normal(size=(450, 3)), rng.integers(0, 3, size=450)


def logits_and_darts(rng):
    """Yield logits, temperature, darts: ends of pieces, rounding, greedy with ties."""
    yield np.zeros(4), 1.0, np.array([0.1, 0.25, 0.9])
    yield np.zeros(8), 2.0, np.append(rng.integers(1, 8, size=6) / 8, 0.0)
    for V, temperature in ((3, 1.0), (5, 0.5), (6, 2.0), (4, 0.1)):
        yield 2.0 * rng.normal(size=V), temperature, rng.random(size=30)
    largest = 1 - 2.0**-53  # ten tenths come to this, and not to 1
    yield np.zeros(10), 1.0, np.array([largest, rng.uniform(0.91, 0.99)])
    logits = rng.permutation([1.5, 3.0, 3.0, -2.0, 0.5])
    yield logits, 0, rng.random(size=3)
    logits = rng.normal(size=9)
    logits[rng.integers(4, 9)] = 5.0  # no dart has this number
    yield logits, 0, rng.random(size=4)
    yield rng.normal(size=4) + np.array([800.0, 801, 802, 800]), 1.5, rng.random(size=8)


def run_without_warnings(answer, *arguments):
    """Return what `answer` gives; the NaN of an overflow is report enough."""
    with np.errstate(all="ignore"):
        return answer(*arguments)


EXERCISES = [
    Exercise(
        name="bigram_counts",
        points=1,
        inputs=texts_and_alphabets,
        mistakes=(
            Mistake(
                "counts[index[before], index[after]] += 1",
                "counts[index[after], index[before]] += 1",
                "rows stand for the token before, columns for the token after.",
            ),
            Mistake(
                "counts[index[before], index[after]] += 1",
                "counts[index[before], index[after]] = 1",
                "count every time that the pair comes, not whether it comes.",
            ),
            Mistake(
                "for text in texts:",
                'for text in ["".join(texts)]:',
                "the last token of a text and the first of the next are no pair: "
                "count each text by itself.",
            ),
            Mistake(
                "zip(text[:-1], text[1:])",
                "zip(*[[c for c in text if c in index][i:] for i in (0, 1)])",
                "do not remove the characters that are not in the alphabet: their "
                "neighbours would become a pair.",
            ),
            Mistake(
                "zip(text[:-1], text[1:])",
                "zip(text[::2], text[1::2])",
                "pairs overlap: the second token of one is the first of the next.",
            ),
            Mistake(
                "zip(text[:-1], text[1:])",
                "zip(text[:-2], text[1:])",
                "the last two characters of a text are a pair, too.",
            ),
        ),
    ),
    Exercise(
        name="perplexity",
        points=2,
        inputs=logits_and_tokens,
        observe=run_without_warnings,
        mistakes=(
            Mistake(
                "float(np.exp(loss))",
                "float(loss)",
                "this is the cross-entropy; the perplexity is e to its power.",
            ),
            Mistake(
                "float(np.exp(loss))",
                "float(loss / np.log(2))",
                "these are the bits; the perplexity is 2 to their power.",
            ),
            Mistake(
                "float(np.exp(loss))",
                "float(2**loss)",
                "the loss has natural logarithms, so the base is e: 2 belongs to bits.",
            ),
            Mistake(
                "loss = -log_P[np.arange(len(y)), y].mean()",
                "return float(np.exp(-log_P[np.arange(len(y)), y]).mean())",
                "take the mean of the logarithms first, then the exponential once.",
            ),
            Mistake(
                "loss = -log_P[np.arange(len(y)), y].mean()",
                "loss = -log_P[np.arange(len(y)), y].sum()",
                "the loss is the mean over the tokens: a long text is not harder for "
                "being long.",
            ),
            Mistake(
                "loss = -log_P[np.arange(len(y)), y].mean()",
                "loss = -log_P.mean()",
                "only the token that came counts: take one entry of each row.",
            ),
            Mistake(
                "loss = -log_P[np.arange(len(y)), y].mean()",
                "loss = -np.log(np.prod(np.exp(log_P[np.arange(len(y)), y]))) / len(y)",
                "the product of thousands of probabilities is too small for float64: "
                "add the logarithms.",
            ),
            Mistake(
                "z = logits - logits.max(axis=1, keepdims=True)",
                "z = logits * 1.0",
                "the exponential of a large logit overflows: subtract each row's "
                "largest logit first.",
            ),
            Mistake(
                "log_P = z - np.log(np.exp(z).sum(axis=1, keepdims=True))",
                "log_P = np.log(softmax(logits))",
                "the softmax of a far smaller logit is 0 in float64: write its "
                "logarithm as one formula, z minus the log of the sum of e to the z.",
            ),
        ),
    ),
    Exercise(
        name="sample_next",
        points=2,
        inputs=logits_and_darts,
        observe=run_without_warnings,
        mistakes=(
            Mistake(
                "softmax(logits / temperature)",
                "softmax(logits) / temperature",
                "the temperature divides the logits, before the softmax.",
            ),
            Mistake(
                "softmax(logits / temperature)",
                "softmax(logits * temperature)",
                "a low temperature makes the model surer: divide by it.",
            ),
            Mistake(
                "softmax(logits / temperature)",
                "softmax(logits)",
                "the temperature has no effect here: divide the logits by it.",
            ),
            Mistake(
                'side="right"',
                'side="left"',
                "a dart that hits the end of a piece belongs to the next piece.",
            ),
            Mistake(
                "np.full(len(darts), np.argmax(logits))",
                "np.argmax(logits)",
                "one number for each dart, at temperature 0 as well.",
            ),
            Mistake(
                'return np.searchsorted(ends, darts, side="right")',
                "return np.full(len(darts), np.argmax(logits))",
                "only at temperature 0 does every dart hit the largest logit: use the "
                "darts.",
            ),
            Mistake(
                "ends[-1] = 1.0  # whatever rounding made of it",
                "pass",
                "rounding can leave the last sum a little below 1, and a dart beyond "
                "it has no piece: it belongs to the last token.",
            ),
        ),
    ),
]
