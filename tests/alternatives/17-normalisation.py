"""Other right answers to the exercises of chapter 17."""

import keras
import numpy as np
import torch


def batchnorm_forward__one_more_axis(Z, scale, shift, parts):
    cut = Z.reshape(parts, -1, Z.shape[1])
    centred = cut - cut.mean(axis=1, keepdims=True)
    power = np.square(centred).mean(axis=1, keepdims=True)
    return (scale * centred * (power + 1e-5) ** -0.5 + shift).reshape(Z.shape)


def batchnorm_forward__loops(Z, scale, shift, parts):
    size = len(Z) // parts
    A = [[0.0] * Z.shape[1] for _ in Z]
    for start in range(0, len(Z), size):
        for k in range(Z.shape[1]):
            column = [Z[i, k] for i in range(start, start + size)]
            mean = sum(column) / size
            var = sum((z - mean) ** 2 for z in column) / size
            for i, z in enumerate(column, start):
                A[i][k] = scale[k] * (z - mean) / (var + 1e-5) ** 0.5 + shift[k]
    return A


def batchnorm_forward__torch(Z, scale, shift, parts):
    scale, shift = torch.tensor(scale), torch.tensor(shift)
    done = [
        torch.nn.functional.batch_norm(part, None, None, scale, shift, training=True)
        for part in torch.tensor(Z).chunk(parts)
    ]
    return torch.cat(done).numpy()


def running_stats__torch_and_keras(batches, library):
    units = batches[0].shape[1]
    if library == "torch":
        layer = torch.nn.BatchNorm1d(units, dtype=torch.float64)
        for Z in batches:
            layer(torch.tensor(Z))
        return layer.running_mean.numpy(), layer.running_var.numpy()
    layer = keras.layers.BatchNormalization(dtype="float64")
    for Z in batches:
        layer(Z, training=True)
    return layer.moving_mean.numpy(), layer.moving_variance.numpy()


def running_stats__weights(batches, library):
    old = {"torch": 0.9, "keras": 0.99}[library]
    powers = old ** np.arange(len(batches))[::-1]
    means = [Z.mean(axis=0) for Z in batches]
    variances = [
        np.square(Z - m).sum(axis=0) / (len(Z) - (library == "torch"))
        for Z, m in zip(batches, means)
    ]
    beginning = old ** len(batches)
    mean = (1 - old) * np.einsum("b,bu->u", powers, means)
    return [mean, (1 - old) * np.einsum("b,bu->u", powers, variances) + beginning]


def running_stats__steps(batches, library):
    torch_like = library == "torch"
    rate = 0.1 if torch_like else 0.01
    mean, var = 0.0, 1.0
    for Z in batches:
        mean = mean + rate * (np.mean(Z, 0) - mean)
        factor = len(Z) / (len(Z) - 1) if torch_like else 1.0
        var = var + rate * (factor * np.var(Z, 0) - var)
    return mean, var


def residual_block__torch(X, W1, W2, dY):
    X = torch.tensor(X, requires_grad=True)
    Y = X + torch.relu(torch.relu(X) @ torch.tensor(W1)) @ torch.tensor(W2)
    Y.backward(torch.tensor(dY))
    return Y.detach().numpy(), X.grad.numpy()


def residual_block__jacobians(X, W1, W2, dY):
    Y, dX = np.empty(X.shape), np.empty(X.shape)
    for i, x in enumerate(X):
        on = np.diag((x > 0).astype(float))
        z = x @ on @ W1
        J = on @ W1 @ np.diag((z > 0).astype(float)) @ W2  # (units, units)
        Y[i] = x + x @ J  # the block is linear where no unit switches
        dX[i] = (np.eye(len(x)) + J) @ dY[i]
    return [Y, dX]


def residual_block__where(X, W1, W2, dY):
    Z = np.where(X > 0, X, 0) @ W1
    back = np.where(Z > 0, np.einsum("nu,iu->ni", dY, W2), 0)
    back = np.where(X > 0, np.einsum("ni,ui->nu", back, W1), 0)
    return X + Z.clip(0) @ W2, back + dY


# Mutants of the solutions that are the same function, with the reason.
EQUIVALENT = {
    "batchnorm_forward": {
        "normalised.append(centred / np.sqrt(part.var(axis=0) + 1e-05)) -> normalised.append(centred / np.sqrt(centred.var(axis=0) + 1e-05))": "subtracting the mean leaves the variance",
    },
    "running_stats": {
        "units = batches[0].shape[1] -> units = batches[-1].shape[1]": "all batches have the same units",
        "units = batches[0].shape[1] -> units = batches[0].shape[-1]": "the last of two axes is axis 1",
    },
    "residual_block": {
        "return (Y, dY + dA * (X > 0)) -> return (Y, dY + dA * (A > 0))": "A is larger than 0 where X is",
    },
}
