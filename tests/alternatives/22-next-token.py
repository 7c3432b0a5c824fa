"""Other right answers to the exercises of chapter 22, and mutants that are right."""

from collections import Counter

import numpy as np
import torch
from scipy.special import logsumexp


def bigram_counts__counter(texts, alphabet):
    pairs = Counter(
        text[i : i + 2] for text in texts for i in range(max(0, len(text) - 1))
    )
    return [[pairs[a + b] for b in alphabet] for a in alphabet]


def bigram_counts__matrix(texts, alphabet):
    V = len(alphabet)
    total = np.zeros((V, V), dtype=np.int64)
    for text in texts:
        hot = np.array([[c == letter for letter in alphabet] for c in text])
        hot = hot.reshape(len(text), V).astype(np.int64)
        total += hot[:-1].T @ hot[1:]
    return total


def bigram_counts__add_at(texts, alphabet):
    """Put a stranger between two texts, and drop the strangers' row and column."""
    V = len(alphabet)
    number = dict(zip(alphabet, range(V)))
    tokens = np.array([number.get(c, V) for c in "\0".join(texts)], dtype=int)
    counts = np.zeros((V + 1, V + 1), dtype=int)
    np.add.at(counts, (tokens[:-1], tokens[1:]), 1)
    return counts[:V, :V]


def perplexity__torch(logits, y):
    loss = torch.nn.functional.cross_entropy(torch.tensor(logits), torch.tensor(y))
    return loss.exp().item()


def perplexity__bits(logits, y):
    bits = 0.0
    for row, token in zip(logits, y):
        bits += (logsumexp(row) - row[token]) / np.log(2)
    return 2 ** (bits / len(y))


def perplexity__ratios(logits, y):
    """One over the probability is a sum of exponentials of differences."""
    came = np.take_along_axis(logits, y[:, None], axis=1)
    return np.exp(np.logaddexp.reduce(logits - came, axis=1).mean())


def sample_next__loop(logits, temperature, darts):
    best = max(range(len(logits)), key=lambda i: logits[i])
    if temperature == 0:
        return [best for _ in darts]
    powers = [np.exp((z - logits[best]) / temperature) for z in logits]
    P = [power / sum(powers) for power in powers]
    tokens = []
    for dart in darts:
        token, end = 0, P[0]
        while dart >= end and token < len(P) - 1:
            token += 1
            end += P[token]
        tokens.append(token)
    return tokens


def sample_next__compare(logits, temperature, darts):
    if not temperature:
        return np.repeat(logits.argmax(), len(darts))
    z = logits / temperature
    ends = np.cumsum(np.exp(z - logsumexp(z)))[:-1]
    return (darts[:, None] >= np.round(ends, 14)).sum(axis=1)


# Mutants of the solutions that are the same function, with the reason.
EQUIVALENT = {
    "bigram_counts": {
        "counts = np.zeros((len(alphabet), len(alphabet)), dtype=int) -> counts = -np.zeros((len(alphabet), len(alphabet)), dtype=int)": "-0 is 0",
        "counts = np.zeros((len(alphabet), len(alphabet)), dtype=int) -> counts = np.zeros((len(index), len(alphabet)), dtype=int)": "the index has an entry for each token of the alphabet",
        "counts = np.zeros((len(alphabet), len(alphabet)), dtype=int) -> counts = np.zeros((len(alphabet), len(index)), dtype=int)": "the index has an entry for each token of the alphabet",
        "for before, after in zip(text[:-1], text[1:]): -> for before, after in zip(text[:], text[1:]):": "zip stops at the end of the shorter one",
        "if before in index and after in index: -> if before in alphabet and after in index:": "both hold the same tokens",
        "if before in index and after in index: -> if before in index and after in alphabet:": "both hold the same tokens",
    },
    "perplexity": {
        "return float(np.exp(loss)) -> return np.exp(loss)": "a float64 is a float",
        "z = logits - logits.max(axis=1, keepdims=True) -> z = logits - logits.max(axis=-1, keepdims=True)": "the last of two axes is axis 1",
        "log_P = z - np.log(np.exp(z).sum(axis=1, keepdims=True)) -> log_P = z - np.log(np.exp(z).sum(axis=-1, keepdims=True))": "the last of two axes is axis 1",
        "loss = -log_P[np.arange(len(y)), y].mean() -> loss = -log_P[np.arange(len(logits)), y].mean()": "these have the same length",
        "loss = -log_P[np.arange(len(y)), y].mean() -> loss = -log_P[np.arange(len(z)), y].mean()": "these have the same length",
        "loss = -log_P[np.arange(len(y)), y].mean() -> loss = -log_P[np.arange(len(log_P)), y].mean()": "these have the same length",
    },
    "sample_next": {
        "ends[-1] = 1.0 -> ends[-1] = 2.0": "every dart is less than 1",
    },
}
