"""The exercises of chapter 13, *Keras and TensorFlow*."""

import re
import warnings

import keras
import numpy as np

from course_utils.exercises import Exercise, Mistake


def filled(model):
    """Fill each array of `model`, row by row, with -1, -0.5, 0, 0.5, 1, -1, ..."""
    for weight in model.weights:
        weight.assign(np.resize([-1.0, -0.5, 0.0, 0.5, 1.0], weight.shape))
    return model


def made(answer, *arguments):
    """Return the model that `answer` makes, ``None`` if it makes nothing."""
    model = answer(*arguments)
    if model is not None and not isinstance(model, keras.Model):
        raise TypeError(f"a keras.Model was expected, got {type(model).__name__}")
    return model


def outputs(model, X):
    """Return what `model` gives for `X`, without what Keras may warn of meanwhile."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return model(X)
        except Exception as error:
            raise undecorated(error) from None


def undecorated(error):
    """Return what a model raised without the bold type in which Keras sets it."""
    text = str(error)
    if isinstance(error, NotImplementedError) and "\x1b[1m\x1b[0m" in text:
        return NotImplementedError()  # by a stub, without a message
    plain = re.sub(r"\x1b\[\d*m", "", text)
    if plain == text:
        return error
    error.args = (plain,)
    # The errors of TensorFlow do not take their message from the arguments.
    return error if str(error) == plain else RuntimeError(plain)


def parameters(model):
    """Return the shapes of the model's arrays, in an order that is the same for all."""
    return sorted(str(tuple(weight.shape)) for weight in model.weights)


def observe_functional(answer, n_in, hidden, n_out, X):
    """Return the model's classes, the shapes of its arrays and its outputs for `X`."""
    model = made(answer, n_in, hidden, n_out)
    if model is None or outputs(model, X) is None:  # a call makes weights, if need be
        return None
    return {
        "classes": [kind.__name__ for kind in type(model).__mro__],
        "shapes, sorted": parameters(model),
        "logits": np.asarray(outputs(filled(model), X)),
    }


def kind_and_outputs(seen, n_in, hidden, n_out, X):
    """Return what was seen of a model, with its kind in place of its classes."""
    kind = {"is functional": "Functional" in seen["classes"]}
    return kind | {key: seen[key] for key in seen if key != "classes"}


def observe_class(answer, hidden, n_out, X):
    """Return the shapes of the model's arrays and its outputs for `X`."""
    model = made(answer, hidden, n_out)
    if outputs(model, X) is None:  # the call that makes the weights
        return None
    complete = len(model.weights) == 2 * (len(hidden) + 1)
    return {
        "shapes, sorted": parameters(model),
        # Arrays that the model does not own keep random numbers.
        "logits": np.asarray(outputs(filled(model), X)) if complete else None,
    }


def observe_activations(answer, sizes, normalised, X):
    """Return the activations that the answer finds in a model with other layers too."""
    inputs = keras.Input((X.shape[1],))
    A = keras.layers.Rescaling(0.5)(inputs)
    for units in sizes[:-1]:
        A = keras.layers.Dense(units, activation="relu")(A)
        A = keras.layers.Dropout(0.5)(A)
    if normalised:
        A = keras.layers.LayerNormalization()(A)
    model = filled(keras.Model(inputs, keras.layers.Dense(sizes[-1])(A)))
    inside = made(answer, model)
    if inside is None:
        return None
    activations = outputs(inside, X)
    if not isinstance(activations, list | tuple):
        activations = [activations]
    return [np.asarray(A) for A in activations]


def networks(rng):
    """Yield n_in, hidden, n_out, X: one hidden layer, then several, then none."""
    yield 2, [3], 1, np.array([[-1.0, 2.0]], dtype=np.float32)
    for n_in, hidden, n_out in ((4, [5, 3], 2), (3, [3, 3, 3], 3), (2, [], 3)):
        yield n_in, hidden, n_out, batch(rng, n_in)


def classes(rng):
    """Yield hidden, n_out, X for the same networks."""
    for _, hidden, n_out, X in networks(rng):
        yield hidden, n_out, X


def stacks(rng):
    """Yield the units of each dense layer, whether layers are normalised, and X."""
    yield [3, 1], False, np.array([[1.0, 2.0]], dtype=np.float32)
    for n_in, sizes, normalised in ((4, [5, 3, 2], True), (3, [3, 3, 3], False)):
        yield sizes, normalised, batch(rng, n_in)


def batch(rng, n_in):
    """Return three samples as the models take them."""
    return rng.normal(size=(3, n_in)).astype(np.float32)


SINGLE = {"rtol": 1e-4, "atol": 1e-5}  # what float32 leaves of the digits

EXERCISES = [
    Exercise(
        name="build_functional",
        points=2,
        inputs=networks,
        observe=observe_functional,
        judge=kind_and_outputs,
        **SINGLE,
        mistakes=(
            Mistake(
                ', activation="relu"',
                "",
                'the hidden layers have no activation: activation="relu".',
            ),
            Mistake(
                'activation="relu")(A)',
                'activation="relu")(X)',
                "each layer is called on the output of the layer before, not on the "
                "input.",
            ),
            Mistake(
                "layers.Dense(n_out)",
                'layers.Dense(n_out, activation="softmax")',
                "these are probabilities: the output layer has no activation.",
            ),
            Mistake(
                "layers.Dense(n_out)",
                'layers.Dense(n_out, activation="relu")',
                "logits may be negative: the output layer has no activation.",
            ),
            Mistake(
                "keras.Model(X, logits)",
                "keras.Model(X, A)",
                "the model ends at the last hidden layer: the output layer is missing.",
            ),
            Mistake(
                "return keras.Model(X, logits)",
                "return keras.Sequential([X, keras.Model(X, logits)])",
                "this is no functional model: call the layers on a keras.Input, and "
                "return keras.Model(input, output).",
            ),
        ),
    ),
    Exercise(
        name="SubclassMLP",
        points=2,
        inputs=classes,
        observe=observe_class,
        **SINGLE,
        mistakes=(
            Mistake(
                ', activation="relu"',
                "",
                'the hidden layers have no activation: activation="relu".',
            ),
            Mistake(
                "A = layer(A)",
                "A = layer(X)",
                "each layer is called on the output of the layer before, not on X.",
            ),
            Mistake(
                "return self.out(A)",
                "return keras.ops.softmax(self.out(A))",
                "these are probabilities: return the logits.",
            ),
            Mistake(
                "return self.out(A)",
                "return A",
                "`call` ends at the last hidden layer: call the output layer too.",
            ),
            Mistake(
                "layers.Dense(n_out)",
                'layers.Dense(n_out, activation="relu")',
                "logits may be negative: the output layer has no activation.",
            ),
            Mistake(
                "A = layer(A)",
                'A = layers.Dense(layer.units, activation="relu")(A)',
                "a layer that is made inside `call` is a new one at each call: make "
                "the layers in `__init__`.",
            ),
            Mistake(
                "super().__init__()",
                "pass",
                "`__init__` must begin with super().__init__().",
            ),
        ),
    ),
    Exercise(
        name="activation_model",
        points=2,
        inputs=stacks,
        observe=observe_activations,
        **SINGLE,
        mistakes=(
            Mistake(
                " if isinstance(layer, layers.Dense)",
                "",
                "keep the layers that are instances of layers.Dense, and no others.",
            ),
            Mistake(
                "[layer for layer in model.layers if isinstance(layer, layers.Dense)]",
                "model.layers[1:]",
                "leaving out the input is not enough: keep the layers that are "
                "instances of layers.Dense.",
            ),
            Mistake(
                "isinstance(layer, layers.Dense)",
                "layer.weights",
                "LayerNormalization has weights too: keep the layers that are "
                "instances of layers.Dense.",
            ),
            Mistake(
                "[layer.output for layer in dense]",
                "[layer.output for layer in dense[:-1]]",
                "the output layer is a Dense layer as well.",
            ),
            Mistake(
                "[layer.output for layer in dense]",
                "dense[-1].output",
                "this is the last layer alone: give a list with the output of each.",
            ),
            Mistake(
                "layer.output for",
                "layer.input for",
                "this is what goes into each layer: take its output.",
            ),
        ),
    ),
]
