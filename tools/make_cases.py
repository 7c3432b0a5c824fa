"""Write the public cases of the exercises, ``book/exercises/NN-slug.json``.

Usage: ``python tools/make_cases.py [book/NN-slug.ipynb ...]``; all chapters by default.
"""

import json
import os
import sys
from pathlib import Path

from course_utils._environment import ENVIRONMENT

BOOK = Path(__file__).resolve().parents[1] / "book"


def main(arguments: list[str]) -> None:
    """Make the cases of the chapters named, and say how many there are."""
    os.environ.update(ENVIRONMENT)  # before NumPy and the frameworks are loaded
    from course_utils.exercises import make_cases

    declared = [BOOK / f"{p.stem}.ipynb" for p in sorted(BOOK.glob("exercises/*.py"))]
    for chapter in [Path(argument) for argument in arguments] or declared:
        cases = make_cases(chapter)
        target = BOOK / "exercises" / f"{chapter.stem}.json"
        text = json.dumps(cases, separators=(",", ":"))
        target.write_text(text + "\n", encoding="utf-8")
        count = ", ".join(f"{name} {len(c['cases'])}" for name, c in cases.items())
        print(f"{target.name}: cases of {count}")


if __name__ == "__main__":
    main(sys.argv[1:])
