"""Other right answers to the exercises of chapter 13."""

import keras
from keras import layers


def build_functional__activation_layers(n_in, hidden, n_out):
    inputs = keras.Input(shape=(n_in,), name="X")
    A = inputs
    for i, units in enumerate(hidden):
        Z = layers.Dense(units, name=f"hidden{i}")(A)
        A = layers.Activation("relu")(Z)
    outputs = layers.Dense(n_out, activation=None)(A)
    return keras.Model(inputs=inputs, outputs=outputs)


def build_functional__operations(n_in, hidden, n_out):
    A = X = keras.Input(batch_shape=(None, n_in))
    for units in hidden:
        A = keras.ops.relu(layers.Dense(units)(A))
    return keras.models.Model(X, layers.Dense(n_out, activation="linear")(A))


def build_functional__recursion(n_in, hidden, n_out):
    def after(A, sizes):
        if not sizes:
            return layers.Dense(n_out)(A)
        A = layers.ReLU()(layers.Dense(sizes[0])(A))
        return after(A, sizes[1:])

    X = keras.layers.Input((n_in,))
    return keras.Model(X, after(X, hidden))


class Named(keras.Model):
    pass


def build_functional__class_of_its_own(n_in, hidden, n_out):
    """Give a class of one's own inputs and outputs, which makes it functional."""
    X = A = keras.Input((n_in,))
    for units in hidden:
        A = layers.Dense(units, activation=keras.activations.relu)(A)
    return Named(X, layers.Dense(n_out)(A))


class SubclassMLP__sequential(keras.Model):
    def __init__(self, hidden, n_out):
        super().__init__()
        dense = [layers.Dense(n, activation="relu") for n in hidden]
        self.stack = keras.Sequential([*dense, layers.Dense(n_out)])

    def call(self, X):
        return self.stack(X)


class SubclassMLP__build(keras.Model):
    """The output layer first, and arguments that `call` may be given."""

    def __init__(self, hidden, n_out, **options):
        super().__init__(**options)
        self.logits = layers.Dense(n_out)
        self.sizes = list(hidden)

    def build(self, input_shape):
        self.dense = [layers.Dense(units) for units in self.sizes]
        for layer, n_in in zip(self.dense, [input_shape[-1], *self.sizes]):
            layer.build((None, n_in))
        self.logits.build((None, [input_shape[-1], *self.sizes][-1]))

    def call(self, X, training=None):
        for layer in self.dense:
            X = keras.ops.maximum(layer(X), 0)
        return self.logits(X)


class SubclassMLP__attributes(keras.Model):
    def __init__(self, hidden, n_out):
        super().__init__()
        self.depth = len(hidden)
        for i, units in enumerate(hidden):
            setattr(self, f"dense{i}", layers.Dense(units))
        self.relu = layers.ReLU()
        self.out = layers.Dense(n_out)

    def call(self, inputs):
        A = inputs
        for i in range(self.depth):
            A = self.relu(getattr(self, f"dense{i}")(A))
        return self.out(A)


def activation_model__loop(model):
    outputs = []
    for layer in model.layers:
        if type(layer).__name__ == "Dense":
            outputs.append(layer.output)
    return keras.Model(inputs=model.inputs, outputs=outputs)


def activation_model__names(model):
    names = [layer.name for layer in model.layers if layer.__class__ is layers.Dense]
    return keras.Model(
        model.inputs[0], [model.get_layer(name).output for name in names]
    )


def activation_model__again(model):
    """Call the layers of the model on an input of one's own."""
    X = A = keras.Input(model.input_shape[1:])
    kept = []
    for layer in model.layers[1:]:
        A = layer(A)
        if isinstance(layer, keras.layers.Dense):
            kept.append(A)
    return keras.Model(X, kept)


# Mutants of the solutions that are the same function, with the reason.
EQUIVALENT = {
    "build_functional": {
        "X = A = keras.Input((n_in,)) -> X = A = -keras.Input((n_in,))": "the model begins at X, after the sign"
    },
    "activation_model": {
        "dense = [layer for layer in model.layers if isinstance(layer, layers.Dense)] -> dense = [layer for layer in list(model.layers)[1:] if isinstance(layer, layers.Dense)]": "the first layer is the input"
    },
}
