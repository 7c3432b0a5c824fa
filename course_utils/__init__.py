"""The companion package of the book *Hidden Layers*.

Import the module you need, for example ``from course_utils.layers import Dense``.
This package imports nothing by itself: torch and TensorFlow are loaded only by the
functions of :mod:`course_utils.frameworks` that need them.
"""
