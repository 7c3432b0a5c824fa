"""The command ``course``, also as ``python -m course_utils``."""

from course_utils.grading.cli import main

main()
