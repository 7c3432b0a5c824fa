"""The exercises of chapter 12, *PyTorch*."""

from numbers import Real

import numpy as np
import torch
from torch import nn

from course_utils.exercises import Exercise, Mistake


def mlp_sizes(rng):
    """Yield sizes and a batch: by hand first, then as many hidden units as inputs."""
    yield 1, 2, 1, np.array([[1.0], [-1.0]], dtype=np.float32)
    for n_in, n_hidden, n_out in ((3, 3, 2), (2, 3, 1), (4, 6, 3)):
        X = rng.normal(size=(3, n_in)).round(2).astype(np.float32)
        yield n_in, n_hidden, n_out, X


NUMBERS = (1.0, -2.0, 3.0, -1.0, 2.0)  # what the parameters are filled with


def observe_make_mlp(answer, n_in, n_hidden, n_out, X):
    """Return the shapes of the parameters, sorted, and the logits of X.

    Each parameter gets values that depend on its shape and not on its place, so that
    the order in which a class names its layers does not matter.
    """
    model = answer(n_in, n_hidden, n_out)
    if not isinstance(model, nn.Module):
        raise TypeError(
            f"make_mlp must return a torch.nn.Module, got {type(model).__name__}"
        )
    with torch.no_grad():
        for parameter in model.parameters():
            first = len(parameter) + parameter.dim()
            values = [NUMBERS[(first + i) % 5] for i in range(parameter.numel())]
            parameter.copy_(torch.tensor(values).reshape(parameter.shape))
        logits = model(torch.from_numpy(X))
    shapes = sorted(tuple(parameter.shape) for parameter in model.parameters())
    # Layers that the model does not know of keep weights that differ at each call.
    return {
        "shapes of the parameters": shapes,
        "logits": plain(logits) if shapes else "no parameters to fill",
    }


def linear_models(rng):
    """Yield W, b, X, y, lr of a linear model: by hand first, then two square ones."""
    yield (
        np.zeros((2, 1), dtype=np.float32),
        np.zeros(2, dtype=np.float32),
        np.array([[1.0]], dtype=np.float32),
        np.array([0]),
        1.0,
    )
    for n_in, n_out, batch in ((3, 3, 4), (2, 2, 2), (4, 3, 6)):
        yield (
            rng.normal(size=(n_out, n_in)).round(2).astype(np.float32),
            rng.normal(size=n_out).round(2).astype(np.float32),
            rng.normal(size=(batch, n_in)).round(2).astype(np.float32),
            rng.integers(0, n_out, batch),
            0.5,
        )


def observe_train_step(answer, W, b, X, y, lr):
    """Return what two steps on one batch return, and the parameters after them."""
    model = nn.Linear(W.shape[1], W.shape[0])
    with torch.no_grad():
        model.weight.copy_(torch.from_numpy(W))
        model.bias.copy_(torch.from_numpy(b))
    X, y = torch.from_numpy(X), torch.from_numpy(y)
    losses = [answer(model, X, y, lr) for _ in range(2)]
    return {
        "the two losses": [marked(loss) for loss in losses],
        "W after two steps": plain(model.weight),
        "b after two steps": plain(model.bias),
    }


def losses_and_parameters(seen, W, b, X, y, lr):
    """Return what was seen of two steps, with the types of the losses beside them."""
    first, second = seen["the two losses"]
    judged = {
        "the two losses": [unmarked(first), unmarked(second)],
        "types of the two losses": [type_of(first), type_of(second)],
    }
    return judged | {key: seen[key] for key in seen if key not in judged}


def layers(rng):
    """Yield W1, W2, X and a layer's name: by hand first, then each kind of name."""
    yield (
        np.array([[1.0, -1.0]], dtype=np.float32),
        np.array([[2.0]], dtype=np.float32),
        np.array([[3.0, 1.0], [1.0, 3.0]], dtype=np.float32),
        "block.relu",
    )
    for name in ("block.fc1", "block", "fc2", "block.relu"):
        yield (
            rng.normal(size=(3, 3)).round(2).astype(np.float32),
            rng.normal(size=(3, 3)).round(2).astype(np.float32),
            rng.normal(size=(4, 3)).round(2).astype(np.float32),
            name,
        )


def observe_capture(answer, W1, W2, X, layer_name):
    """Return what was captured and the state in which the model is left.

    The layer has a hook of somebody else's, which must be left.
    """
    block = nn.Sequential()
    block.add_module("fc1", nn.Linear(W1.shape[1], W1.shape[0], bias=False))
    block.add_module("relu", nn.ReLU())
    model = nn.Sequential()
    model.add_module("block", block)
    model.add_module("fc2", nn.Linear(W2.shape[1], W2.shape[0], bias=False))
    with torch.no_grad():
        block.fc1.weight.copy_(torch.from_numpy(W1))
        model.fc2.weight.copy_(torch.from_numpy(W2))
    model.get_submodule(layer_name).register_forward_hook(lambda *_: None)
    X = torch.from_numpy(X)
    captured = answer(model, layer_name, X)
    learnable = sum(p.requires_grad for p in model.parameters())
    return {
        "captured": marked(captured),
        "hooks left, 1 was there": sum(len(m._forward_hooks) for m in model.modules()),
        "modules in train mode, of 5": sum(m.training for m in model.modules()),
        "parameters that need gradients, of 2": learnable,
        "logits afterwards": plain(model(X)),
    }


def captured_and_type(seen, W1, W2, X, layer_name):
    """Return what was seen of a capture, with the type of what was captured."""
    captured = seen["captured"]
    kind = type_of(captured)
    judged = {
        "captured": unmarked(captured),
        "type": kind,
        "requires_grad": kind == "Tensor" and captured["requires_grad"],
    }
    return judged | {key: seen[key] for key in seen if key not in judged}


def plain(value):
    """Return a tensor as an array, or as a float where it is a single number."""
    if not isinstance(value, torch.Tensor):
        return value
    array = value.detach().numpy()
    return array if array.ndim else float(array)


def marked(value):
    """Return a tensor as plain data that tells it from an array or a number."""
    if not isinstance(value, torch.Tensor):
        return value
    return {"tensor": plain(value), "requires_grad": value.requires_grad}


def unmarked(value):
    """Return what `plain` gives for the value that was marked."""
    return value["tensor"] if type_of(value) == "Tensor" else value


def type_of(value):
    """Return the name of the type that a value had before it was marked."""
    if isinstance(value, dict) and set(value) == {"tensor", "requires_grad"}:
        return "Tensor"
    if isinstance(value, Real):
        return "float"
    return getattr(value, "kind", type(value).__name__)  # a kind, if it is not plain


# Sums in float32 differ in their last digits from one processor to the next.
FLOAT32 = {"rtol": 1e-4, "atol": 1e-5}

LAYERS_IN_A_LIST = """\
class Listed(nn.Module):
        def __init__(self, *layers):
            super().__init__()
            self.layers = list(layers)

        def forward(self, X):
            for layer in self.layers:
                X = layer(X)
            return X

    return Listed("""

EXERCISES = [
    Exercise(
        name="make_mlp",
        points=1,
        inputs=mlp_sizes,
        observe=observe_make_mlp,
        **FLOAT32,
        mistakes=(
            Mistake(
                "        nn.ReLU(),\n",
                "",
                "there is no ReLU: without it the two layers are one affine map.",
            ),
            Mistake(
                "        nn.ReLU(),\n",
                "        nn.Sigmoid(),\n",
                "this hidden layer has a sigmoid: it should have a ReLU.",
            ),
            Mistake(
                "nn.Linear(n_hidden, n_out),",
                "nn.Linear(n_hidden, n_out), nn.ReLU(),",
                "a ReLU after the last layer: the outputs should be the bare logits.",
            ),
            Mistake(
                "nn.Linear(n_hidden, n_out),",
                "nn.Linear(n_hidden, n_out), nn.Softmax(dim=1),",
                "a softmax after the last layer: the outputs should be logits, since "
                "nn.CrossEntropyLoss applies the softmax itself.",
            ),
            Mistake(
                "nn.Linear(n_hidden, n_out),",
                "nn.Linear(n_hidden, n_out), nn.LogSoftmax(dim=1),",
                "a log-softmax after the last layer: the outputs should be logits, "
                "since nn.CrossEntropyLoss applies it itself.",
            ),
            Mistake(
                "nn.Linear(n_in, n_hidden)",
                "nn.Linear(n_in, n_hidden, bias=False)",
                "the hidden layer has no bias.",
            ),
            Mistake(
                "nn.Linear(n_hidden, n_out)",
                "nn.Linear(n_hidden, n_out, bias=False)",
                "the output layer has no bias.",
            ),
            Mistake(
                "return nn.Sequential(",
                LAYERS_IN_A_LIST,
                "the module has no parameters: it does not find layers in a plain "
                "list. Make them attributes, or use nn.Sequential or nn.ModuleList.",
            ),
            Mistake(
                "nn.Linear(n_in, n_hidden)",
                "nn.Linear(n_hidden, n_in)",
                "nn.Linear takes its inputs first: nn.Linear(n_in, n_hidden).",
            ),
        ),
    ),
    Exercise(
        name="train_step",
        points=2,
        inputs=linear_models,
        observe=observe_train_step,
        judge=losses_and_parameters,
        **FLOAT32,
        mistakes=(
            Mistake(
                "model.zero_grad()",
                "pass",
                "the second step uses the gradients of the first as well: clear them.",
            ),
            Mistake(
                "model.zero_grad()",
                "[p.grad.zero_() for p in model.parameters()]",
                "before the first backward() each p.grad is None: use "
                "model.zero_grad().",
            ),
            Mistake(
                "p -= lr * p.grad",
                "p += lr * p.grad",
                "this goes up the gradient: subtract lr * p.grad.",
            ),
            Mistake(
                "p -= lr * p.grad",
                "p -= p.grad",
                "the learning rate is missing: p - lr * p.grad.",
            ),
            Mistake(
                "p -= lr * p.grad",
                "p = p - lr * p.grad",
                "the parameters did not change: is there an update, with nothing "
                "cleared between backward() and it? p = ... only renames; p -= ... "
                "changes the parameter in place.",
            ),
            Mistake(
                "loss.backward()",
                "loss.backward()\n    model.zero_grad()",
                "there are no gradients at the update: call backward() before it, and "
                "clear before backward(), not after.",
            ),
            Mistake(
                "with torch.no_grad():",
                "if True:",
                "update under torch.no_grad(): the step is not to be recorded.",
            ),
            Mistake(
                "in model.parameters()",
                "in list(model.parameters())[:1]",
                "only the weights changed: update every one of model.parameters(), "
                "the biases too.",
            ),
            Mistake(
                "cross_entropy(logits, y)",
                'cross_entropy(logits, y, reduction="sum")',
                "this is the sum over the batch: the loss is the mean.",
            ),
            Mistake(
                "logits = model(X)",
                "logits = model(X).softmax(dim=1)",
                "cross_entropy takes logits and applies the softmax itself.",
            ),
            Mistake(
                "return loss.item()",
                "loss.item()",
                "nothing is returned: end with return loss.item().",
            ),
            Mistake(
                "return loss.item()",
                "return loss",
                "return a plain number: loss.item().",
            ),
            Mistake(
                "return loss.item()",
                "return nn.functional.cross_entropy(model(X), y).item()",
                "this is the loss after the update: return the one from before it.",
            ),
        ),
    ),
    Exercise(
        name="capture",
        points=2,
        inputs=layers,
        observe=observe_capture,
        judge=captured_and_type,
        **FLOAT32,
        mistakes=(
            Mistake(
                "    handle.remove()\n",
                "",
                "your hook is still there: call remove() on the handle.",
            ),
            Mistake(
                "handle.remove()",
                "model.get_submodule(layer_name)._forward_hooks.clear()",
                "the hook that was there before is gone: remove only your own, with "
                "remove() on its handle.",
            ),
            Mistake(
                "    model(X)\n",
                "    model.get_submodule(layer_name)(X)\n",
                "this is the layer applied to X itself: call the model on X, so that "
                "the layer gets what the layers before it put out.",
            ),
            Mistake(
                "    model(X)\n",
                "    model.eval()\n    model(X)\n",
                "the model was in train mode and is left in eval mode.",
            ),
            Mistake(
                "    model(X)\n",
                "    model.requires_grad_(False)\n    model(X)\n",
                "the parameters are left frozen: detach the output instead.",
            ),
            Mistake(
                "return kept[0]",
                "return kept[0].numpy()",
                "a tensor is asked for, not a NumPy array.",
            ),
            Mistake(
                "kept.append(output.detach())",
                "kept.append(output)",
                "the tensor still has its record: detach it.",
            ),
            Mistake(
                "kept.append(output.detach())",
                "kept.append(inputs[0].detach())",
                "this is what went into the layer: keep its output.",
            ),
            Mistake(
                "return kept[0]",
                "return model(X).detach()",
                "this is the output of the whole model, not of the layer.",
            ),
            Mistake(
                "model.get_submodule(layer_name)",
                "getattr(model, layer_name)",
                "a name with a dot is a part of a part: use model.get_submodule.",
            ),
        ),
    ),
]
