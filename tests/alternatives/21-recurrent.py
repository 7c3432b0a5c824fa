"""Other right answers to the exercises of chapter 21."""

import numpy as np
import torch
from scipy.special import expit


def rnn_step__loops(x, h, W, R, B, alive):
    batch, n = h.shape
    new = h.tolist()
    for s in range(batch):
        if not alive[s]:
            continue
        for k in range(n):
            z = B[k] + B[n + k]
            z += sum(W[k, j] * x[s, j] for j in range(x.shape[1]))
            z += sum(R[k, j] * h[s, j] for j in range(n))
            new[s][k] = np.tanh(z)
    return new


def rnn_step__one_product(x, h, W, R, B, alive):
    n = len(R)
    ones = np.ones((len(x), 1))
    weights = np.hstack([W, R, B.reshape(2, n).sum(axis=0)[:, None]])
    result = h.copy()
    result[alive] = np.tanh(np.hstack([x, h, ones]) @ weights.T)[alive]
    return result


def rnn_step__torch(x, h, W, R, B, alive):
    cell = torch.nn.RNNCell(x.shape[1], h.shape[1], dtype=torch.float64)
    with torch.no_grad():
        for p, value in zip(cell.parameters(), (W, R, *np.split(B, 2))):
            p.copy_(torch.from_numpy(value))
        new = cell(torch.from_numpy(x), torch.from_numpy(h)).numpy()
    keep = alive[:, np.newaxis].astype(float)
    return keep * new + (1 - keep) * h


def lstm_step__blocks(x, h, c, W, R, B, P):
    n = h.shape[1]

    def block(k):
        part = slice(k * n, (k + 1) * n)
        return x @ W[part].T + h @ R[part].T + B[part] + B[4 * n :][part]

    i = expit(block(0) + P[:n] * c)
    f = expit(block(2) + P[2 * n :] * c)
    new = f * c + i * np.tanh(block(3))
    o = expit(block(1) + P[n : 2 * n] * new)
    return [o * np.tanh(new), new]


def lstm_step__loops(x, h, c, W, R, B, P):
    n = h.shape[1]
    h_new, c_new = np.zeros(h.shape), np.zeros(c.shape)
    for s in range(len(x)):
        z = W @ x[s] + R @ h[s] + B[: 4 * n] + B[4 * n :]
        for k in range(n):
            i = 1 / (1 + np.exp(-z[k] - P[k] * c[s, k]))
            f = 1 / (1 + np.exp(-z[2 * n + k] - P[2 * n + k] * c[s, k]))
            c_new[s, k] = f * c[s, k] + i * np.tanh(z[3 * n + k])
            o = 1 / (1 + np.exp(-z[n + k] - P[n + k] * c_new[s, k]))
            h_new[s, k] = o * np.tanh(c_new[s, k])
    return h_new, c_new


def lstm_step__einsum(x, h, c, W, R, B, P):
    n = h.shape[1]
    z = np.einsum("bi,gki->gbk", x, W.reshape(4, n, -1))
    z += np.einsum("bj,gkj->gbk", h, R.reshape(4, n, n))
    z += B.reshape(2, 4, 1, n).sum(axis=0)
    p = P.reshape(3, n)
    c_new = expit(z[2] + p[2] * c) * c + expit(z[0] + p[0] * c) * np.tanh(z[3])
    return expit(z[1] + p[1] * c_new) * np.tanh(c_new), c_new


def gru_step__stacked(x, h, W, R, B, linear_before_reset):
    n = h.shape[1]
    from_x = x @ W.T + B[: 3 * n]
    from_h = h @ R.T + B[3 * n :]
    gates = expit(from_x[:, : 2 * n] + from_h[:, : 2 * n])
    z, r = gates[:, :n], gates[:, n:]
    seen = r * from_h[:, 2 * n :]
    if linear_before_reset == 0:
        seen = np.dot(r * h, R[2 * n :].T) + B[5 * n :]
    proposal = np.tanh(from_x[:, 2 * n :] + seen)
    return proposal + z * (h - proposal)


def gru_step__loops(x, h, W, R, B, linear_before_reset):
    n = h.shape[1]
    a, b = B[: 3 * n], B[3 * n :]
    rows = []
    for xs, hs in zip(x, h):
        u = W @ xs + a
        v = R @ hs + b
        z, r = 1 / (1 + np.exp(-u - v))[: 2 * n].reshape(2, n)
        if linear_before_reset:
            inner = r * v[2 * n :]
        else:
            inner = R[2 * n :] @ (r * hs) + b[2 * n :]
        proposal = np.tanh(u[2 * n :] + inner)
        rows.append((1 - z) * proposal + z * hs)
    return rows


# Mutants of the solutions that are the same function, with the reason.
EQUIVALENT = {
    "rnn_step": {
        "n = h.shape[1] -> n = R.shape[1]": "R is square, with a row for each unit",
        "n = h.shape[1] -> n = h.shape[-1]": "the last of two axes is axis 1",
    },
    "lstm_step": {
        "bias_W, bias_R = np.split(B, 2) -> bias_R, bias_W = np.split(B, 2)": "the two are added",
        "z_i, z_o, z_f, z_g = np.split(z, 4, axis=1) -> z_i, z_o, z_f, z_g = np.split(z, 4, axis=-1)": "the last of two axes is axis 1",
    },
}
