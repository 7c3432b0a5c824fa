"""The tests run as the notebooks do: one thread, no GPU, no chatter of TensorFlow."""

import os

from run_notebook import KERNEL_ENV

os.environ.update(KERNEL_ENV)

pytest_plugins = ["notebook_plugin"]
