"""Copy what the site is made from, without the solutions.

Usage: ``python tools/without_solutions.py _build/without_solutions``

The copy is built in place of the checkout, so that nothing of a solution can get into
the pages, the downloads, the sources or the search index.
"""

import json
import shutil
import sys
from pathlib import Path

from course_utils.grading.editions import without_solutions, write_notebook

ROOT = Path(__file__).resolve().parents[1]


def main(target: Path) -> None:
    """Write the copy to the folder `target`, anew."""
    shutil.rmtree(target, ignore_errors=True)
    target.mkdir(parents=True)
    for name in ("_config.yml", "_toc.yml"):
        shutil.copy2(ROOT / name, target / name)
    skipped = shutil.ignore_patterns("exercises", "__pycache__", ".*")
    shutil.copytree(ROOT / "book", target / "book", ignore=skipped)
    for path in sorted((ROOT / "book").glob("*.ipynb")):
        notebook = json.loads(path.read_text(encoding="utf-8"))
        write_notebook(without_solutions(notebook), target / "book" / path.name)


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    main(Path(sys.argv[1]))
