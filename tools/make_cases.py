"""Write the public cases of the exercises, ``book/exercises/NN-slug.json``.

Usage: python tools/make_cases.py [book/NN-slug.ipynb ...]; every chapter by default.
"""

import json
import sys
from pathlib import Path

from course_utils.exercises import make_cases

BOOK = Path(__file__).parents[1] / "book"


def main(arguments: list[str]) -> None:
    declarations = sorted((BOOK / "exercises").glob("*.py"))
    chapters = [Path(a) for a in arguments] or [
        BOOK / f"{d.stem}.ipynb" for d in declarations
    ]
    for chapter in chapters:
        cases = make_cases(chapter)
        target = BOOK / "exercises" / f"{chapter.stem}.json"
        target.write_text(
            json.dumps(cases, separators=(",", ":")) + "\n", encoding="utf-8"
        )
        count = ", ".join(
            f"{name} {len(made['cases'])}" for name, made in cases.items()
        )
        print(f"{target.name}: cases of {count}")


if __name__ == "__main__":
    main(sys.argv[1:])
