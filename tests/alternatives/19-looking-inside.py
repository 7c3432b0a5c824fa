"""Other right answers to the exercises of chapter 19."""

import numpy as np
import torch


def linear_probe__torch(A_train, y_train, A_test, n_classes, lr, steps, strength):
    A, y = torch.from_numpy(A_train), torch.from_numpy(y_train)
    W = torch.zeros(A.shape[1], n_classes, dtype=A.dtype, requires_grad=True)
    b = torch.zeros(n_classes, dtype=A.dtype, requires_grad=True)
    optimiser = torch.optim.SGD([W, b], lr=lr)
    for _ in range(steps):
        loss = torch.nn.functional.cross_entropy(A @ W + b, y)
        loss = loss + strength / 2 * (W**2).sum()
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    return (torch.from_numpy(A_test) @ W + b).detach().numpy()


def linear_probe__one_matrix(A_train, y_train, A_test, n_classes, lr, steps, strength):
    """Keep the bias as the last row of the weights."""
    A = np.column_stack([A_train, np.ones(len(A_train))])
    V = np.zeros((A.shape[1], n_classes))
    decay = strength * np.array([1.0] * A_train.shape[1] + [0.0])[:, None]
    for _ in range(steps):
        E = np.exp(A @ V)
        P = E / E.sum(axis=1, keepdims=True)
        P[np.arange(len(A)), y_train] -= 1
        V -= lr * (np.einsum("ni,nk->ik", A, P) / len(A) + decay * V)
    return np.column_stack([A_test, np.ones(len(A_test))]) @ V


def linear_probe__rows(A_train, y_train, A_test, n_classes, lr, steps, strength):
    W, b = np.zeros((n_classes, A_train.shape[1])), np.zeros(n_classes)
    for _ in range(steps):
        dW, db = strength * W, np.zeros(n_classes)
        for a, label in zip(A_train, y_train):
            powers = np.exp(W @ a + b)
            for k in range(n_classes):
                error = powers[k] / powers.sum() - (k == label)
                dW[k] += error * a / len(A_train)
                db[k] += error / len(A_train)
        W, b = W - lr * dW, b - lr * db
    return [(W @ a + b).tolist() for a in A_test]


def ascend_input__torch(W1, b1, w2, x, lr, steps):
    W1, b1, w2, x = map(torch.from_numpy, (W1, b1, w2, x))
    for _ in range(steps):
        x = x.detach().requires_grad_()
        (torch.relu(x @ W1 + b1) @ w2).backward()
        size = x.grad.norm()
        if size == 0:
            break
        x = (x + lr * x.grad / size).clamp(0, 1)
    return x.detach().numpy()


def ascend_input__loops(W1, b1, w2, x, lr, steps):
    x = [float(pixel) for pixel in x]
    for _ in range(steps):
        g = [0.0] * len(x)
        for j in range(len(b1)):
            if sum(x[i] * W1[i, j] for i in range(len(x))) + b1[j] > 0:
                for i in range(len(x)):
                    g[i] += w2[j] * W1[i, j]
        size = sum(v * v for v in g) ** 0.5 or 1.0
        x = [min(1.0, max(0.0, p + lr * v / size)) for p, v in zip(x, g)]
    return x


def ascend_input__active_columns(W1, b1, w2, x, lr, steps):
    while steps:
        on = np.flatnonzero(b1 + W1.T @ x > 0)
        g = W1[:, on] @ w2[on]
        if not g.any():
            return x
        x = np.minimum(np.maximum(x + g * (lr / np.sqrt(g @ g)), 0), 1)
        steps -= 1
    return x


def occlusion_map__by_pixel(f, image, size, fill):
    height, width = image.shape
    result = np.empty((height, width))
    for i in range(height):
        for j in range(width):
            drops = []
            for r in range(max(0, i - size + 1), min(i, height - size) + 1):
                for c in range(max(0, j - size + 1), min(j, width - size) + 1):
                    other = np.array(image)
                    other[r : r + size, c : c + size] = fill
                    drops.append(f(image) - f(other))
            result[i, j] = np.mean(drops)
    return result


def occlusion_map__masks(f, image, size, fill):
    rows, columns = np.indices(image.shape)
    masks = [
        (rows >= r) & (rows < r + size) & (columns >= c) & (columns < c + size)
        for r in range(image.shape[0] - size + 1)
        for c in range(image.shape[1] - size + 1)
    ]
    drops = np.array([f(image) - f(np.where(mask, fill, image)) for mask in masks])
    return np.tensordot(drops, masks, axes=1) / np.sum(masks, axis=0)


def occlusion_map__put_back(f, image, size, fill):
    """Cover the image itself, and put back what was there."""
    score, total, count = f(image), 0 * image, 0 * image
    views = np.lib.stride_tricks.sliding_window_view(
        image, (size, size), writeable=True
    )
    for place in np.ndindex(views.shape[:2]):
        kept = views[place].copy()
        views[place][...] = fill
        drop = score - f(image)
        views[place][...] = kept
        for array, amount in ((total, drop), (count, 1)):
            array[place[0] :, place[1] :][:size, :size] += amount
    return np.divide(total, count)


# Mutants of the solutions that are the same function, with the reason.
EQUIVALENT = {
    "ascend_input": {
        "z1 = x @ W1 + b1 -> z1 = x.T @ W1 + b1": "x has one axis",
        "g = W1 @ (w2 * (z1 > 0)) -> g = W1 @ (w2 * (z1 > 0)).T": "one axis again",
        "x = np.clip(x + lr * g / size, 0.0, 1.0) -> x = np.clip(0.0, x + lr * g / size, 1.0)": "the larger of the two, then the smaller of that and 1",
    },
    "occlusion_map": {
        "total, count = (np.zeros(image.shape), np.zeros(image.shape)) -> count, total = (np.zeros(image.shape), np.zeros(image.shape))": "both are zeros of one shape",
        "for row in range(image.shape[0] - size + 1): -> for row in range(total.shape[0] - size + 1):": "these have the same shape",
        "for row in range(image.shape[0] - size + 1): -> for row in range(count.shape[0] - size + 1):": "these have the same shape",
        "for column in range(image.shape[1] - size + 1): -> for column in range(total.shape[1] - size + 1):": "these have the same shape",
        "for column in range(image.shape[1] - size + 1): -> for column in range(count.shape[1] - size + 1):": "these have the same shape",
        "for column in range(image.shape[1] - size + 1): -> for column in range(image.shape[-1] - size + 1):": "the last of two axes is axis 1",
    },
}
