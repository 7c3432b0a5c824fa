"""The tests run as the notebooks do: one thread, no GPU, no chatter of TensorFlow."""

import os

from course_utils._environment import ENVIRONMENT

os.environ.update(ENVIRONMENT)

pytest_plugins = ["notebook_plugin"]
