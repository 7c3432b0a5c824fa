"""The command ``course``: from a chapter to an exported grade sheet.

Exit codes: 0, done; 1, done, and something needs your attention; 2, nothing was done.
"""

from __future__ import annotations

import argparse
import compileall
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from course_utils._environment import ENVIRONMENT

DONE, ATTENTION, NOTHING = 0, 1, 2
PACKAGE = Path(__file__).parents[1]
CHECKOUT = PACKAGE.parent


def main(arguments: list[str] | None = None) -> None:
    """Run the command line and end the process with its exit code."""
    os.environ.update(ENVIRONMENT)  # before NumPy and the frameworks are loaded
    options = parser().parse_args(arguments)
    try:
        code = options.run(options)
    except KeyboardInterrupt:
        print("\nInterrupted. What is in the results is kept.", file=sys.stderr)
        code = 130
    except FileNotFoundError as error:
        missing = f"there is no {error.filename}" if error.filename else error
        print(f"course {options.command}: {missing}", file=sys.stderr)
        code = NOTHING
    except (OSError, ValueError, RuntimeError) as error:
        print(f"course {options.command}: {error}", file=sys.stderr)
        code = NOTHING
    sys.exit(code)


def parser() -> argparse.ArgumentParser:
    """Return the parser of the command line."""
    top = argparse.ArgumentParser(
        prog="course",
        description="Assign chapters, check, collect and grade answers, export grades.",
        epilog="course COMMAND --help says more about a command.",
    )
    commands = top.add_subparsers(dest="command", required=True, metavar="COMMAND")

    def command(run: Callable, text: str, *more: Callable) -> argparse.ArgumentParser:
        name = run.__name__.removesuffix("_command")
        made = commands.add_parser(
            name, help=text[0].lower() + text[1:].rstrip("."), description=text
        )
        made.set_defaults(run=run)
        for add in more:
            add(made)
        return made

    command(list_command, "List the chapters with their exercises.", _book)

    made = command(
        assign_command,
        "Write the student edition of chapters, once it is proved that the solutions "
        "earn full marks, the stubs none, and that no solution is left in it.",
        _book,
        _secret,
        _unsafe,
    )
    made.add_argument(
        "chapters", nargs="+", help="by number or name: 08, or 08-backprop"
    )
    made.add_argument("-o", "--output", type=Path, default=Path("release"))
    made.add_argument("--format", choices=("student", "nbgrader"), default="student")

    made = command(
        cases_command, "Make the public cases of chapters from their solutions.", _book
    )
    made.add_argument("chapters", nargs="*", help="by default all")

    made = command(check_command, "Check the answers in a notebook on public cases.")
    made.add_argument("notebook", type=Path)

    made = command(
        collect_command,
        "Sort a download of Canvas or Moodle, or a folder, by student.",
        _roster,
    )
    made.add_argument("source", type=Path, help="a zip or a folder")
    made.add_argument("-o", "--output", type=Path, default=Path("submissions"))

    made = command(
        grade_command,
        "Grade submissions in a sandbox.",
        _book,
        _secret,
        _unsafe,
    )
    made.add_argument("submissions", type=Path, help="a folder, one inside per student")
    made.add_argument("-o", "--output", type=Path, default=Path("results.jsonl"))
    made.add_argument(
        "--chapters", nargs="+", help="by default those that somebody handed in"
    )
    made.add_argument(
        *("-j", "--jobs"), type=_number, metavar="N", help="how many at one time"
    )
    made.add_argument(
        "--scheduler", metavar="ADDRESS", help="of dask.distributed, tcp://host:port"
    )
    made.add_argument(
        "--resume", action="store_true", help="grade what is new, changed or failed"
    )
    made.add_argument(
        "--regrade", nargs="+", metavar="ID", help="grade these students again"
    )

    made = command(
        feedback_command, "Write a page for each student.", _book, _results, _names
    )
    made.add_argument("-o", "--output", type=Path, default=Path("feedback"))

    made = command(
        report_command, "Write a page for the instructor.", _book, _results, _names
    )
    made.add_argument("-o", "--output", type=Path, default=Path("report.html"))

    made = command(
        export_command, "Write a grade sheet for a platform.", _book, _results, _names
    )
    made.add_argument(
        "--format", choices=("csv", "canvas", "moodle", "gradescope"), default="csv"
    )
    made.add_argument("-o", "--output", type=Path, default=None)

    command(
        doctor_command, "Say whether the sandbox works here, and what to do if not."
    )
    return top


def _number(text: str) -> int:
    """Return a whole number of at least 1."""
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"a number from 1 on is expected, not {text}")
    return int(text)


def _book(made: argparse.ArgumentParser) -> None:
    made.add_argument(
        "--book",
        type=Path,
        default=CHECKOUT / "book",
        help="the folder of the chapters (default: the book's own)",
    )


def _secret(made: argparse.ArgumentParser) -> None:
    made.add_argument(
        "--secret",
        type=Path,
        default=Path("secret.key"),
        help="the file that grading draws its inputs from (default: %(default)s)",
    )


def _unsafe(made: argparse.ArgumentParser) -> None:
    made.add_argument(
        "--unsafe",
        action="store_true",
        help="run answers without a sandbox, as you: only for answers that you trust",
    )


def _roster(made: argparse.ArgumentParser) -> None:
    made.add_argument("--roster", type=Path, required=True, help="CSV, or an export")


def _names(made: argparse.ArgumentParser) -> None:
    made.add_argument("--roster", type=Path, help="CSV, or an export of the platform")


def _results(made: argparse.ArgumentParser) -> None:
    made.add_argument("results", type=Path, help="what `course grade` wrote")


# --------------------------------------------------------------------------------------
# The commands
# --------------------------------------------------------------------------------------


def list_command(options: argparse.Namespace) -> int:
    """List the chapters with their exercises, points and minutes."""
    from course_utils.grading.editions import find_chapters

    for chapter in find_chapters(options.book):
        points, minutes = chapter.points(), chapter.minutes()
        print(f"{chapter.slug}  {chapter.title()}")
        print(
            f"    {_points(sum(points.values()))}"
            + (f", {minutes} minutes" if minutes else "")
        )
        for name, number in points.items():
            print(f"    {name}, {_points(number)}")
    return DONE


def assign_command(options: argparse.Namespace) -> int:
    """Write the student edition of chapters, or an nbgrader course."""
    from course_utils.grading.editions import choose, find_chapters, write_release
    from course_utils.grading.grader import grade_one, make_answer_key, read_secret

    sandboxed = _sandbox(options)
    chapters = choose(find_chapters(options.book), options.chapters)
    new = not options.secret.exists()
    secret = read_secret(options.secret, make=True)
    if new:
        print(f"Made {options.secret}. Keep it, and hand it to nobody.")
    keys = {c.slug: make_answer_key(c.notebook, secret) for c in chapters}

    def prove(slug: str, notebook: bytes) -> list[dict]:
        record = grade_one(notebook, keys[slug], sandboxed=sandboxed)
        if record["score"] is None:
            raise RuntimeError(f"nothing was written: {record['note']}")
        return record["exercises"]

    if options.format == "nbgrader":
        from course_utils.grading.nbgrader import write_course

        assignments = write_course(chapters, options.output)
        print(f"Wrote an nbgrader course to {options.output}.")
        for name in assignments:
            print(f"    cd {options.output} && nbgrader generate_assignment {name}")
        return DONE
    earlier = write_release(chapters, options.output, prove)
    if earlier:
        print(f"Replaced the release of {', '.join(earlier)}.")
    print(f"Wrote {options.output}:")
    for chapter in chapters:
        points = sum(keys[chapter.slug].points.values())
        print(f"    {chapter.slug}.ipynb, {_points(points)}")
    print(
        "Proved: each solution earns full marks, each stub none, and no line of a "
        f"solution is left.\nSend the whole folder {options.output} to your students."
    )
    return DONE


def cases_command(options: argparse.Namespace) -> int:
    """Make the public cases, ``exercises/NN-slug.json`` beside the declaration."""
    import json

    from course_utils.exercises import make_cases
    from course_utils.grading.editions import choose, find_chapters

    chapters = find_chapters(options.book)
    if options.chapters:
        chapters = choose(chapters, options.chapters)
    for chapter in chapters:
        cases = make_cases(chapter.notebook)
        text = json.dumps(cases, separators=(",", ":"))
        chapter.cases.write_text(text + "\n", encoding="utf-8")
        counts = (f"{name} {len(made['cases'])}" for name, made in cases.items())
        print(f"{chapter.cases.name}: cases of {', '.join(counts)}")
    return DONE


def check_command(options: argparse.Namespace) -> int:
    """Check the answers in a notebook on the public cases."""
    from course_utils.grading.checking import check_notebook

    return DONE if check_notebook(options.notebook) else ATTENTION


def collect_command(options: argparse.Namespace) -> int:
    """Sort submissions by student."""
    from course_utils.grading.collect import collect
    from course_utils.grading.roster import read_roster

    collected = collect(options.source, read_roster(options.roster), options.output)
    print(collected.describe())
    return ATTENTION if collected.refused else DONE


def grade_command(options: argparse.Namespace) -> int:
    """Grade submissions."""
    from course_utils.grading.editions import choose, find_chapters
    from course_utils.grading.grader import (
        find_submissions,
        grade_all,
        make_answer_key,
        read_secret,
    )
    from course_utils.grading.results import ResultsFile, read_results

    sandboxed = _sandbox(options)
    secret = read_secret(options.secret)
    chapters = find_chapters(options.book)
    names = {c.slug: list(c.points()) for c in chapters}
    if not options.submissions.is_dir():
        raise ValueError(f"{options.submissions} is not a folder")
    wanted = None
    if options.chapters:
        wanted = [c.slug for c in choose(chapters, options.chapters)]
    found = find_submissions(options.submissions, names, wanted)
    graded = {submission.chapter for submission in found}
    known: list[dict] = []
    if (options.resume or options.regrade) and options.output.exists():
        known = read_results(options.output)
    if options.regrade:
        unknown = sorted(set(options.regrade) - {s.student for s in found})
        if unknown:
            raise ValueError(
                f"no submission of {', '.join(unknown)}: give the names of the folders"
            )
        found, known = [s for s in found if s.student in options.regrade], []
    if not found:
        raise ValueError(
            f"there is no notebook with answers in {options.submissions}: it has a "
            "folder for each student, with the notebooks inside"
        )
    new = []
    going_on = bool(options.resume or options.regrade)
    # Each sandbox imports the package anew, and reads it faster when it is compiled.
    compileall.compile_dir(PACKAGE, quiet=2)
    with ResultsFile(options.output, resume=going_on) as out:
        keys = []
        for chapter in chapters:
            if chapter.slug in graded:
                print(f"Working out the answer key of {chapter.slug}.", flush=True)
                keys.append(make_answer_key(chapter.notebook, secret))
        with _progress(len(found)) as step:
            for record in grade_all(
                found,
                keys,
                options.submissions,
                workers=options.jobs,
                scheduler=options.scheduler,
                sandboxed=sandboxed,
                known=known,
            ):
                out.append(record)
                new.append(record)
                step()
    print(f"{len(new)} graded, {len(found) - len(new)} kept.")
    special = [r for r in new if r["status"] != "ok" or r["note"]]
    for record in sorted(special, key=lambda r: (r["status"], r["student"])):
        what = record["status"].replace("ok", "note")
        where = record["file"] or f"{record['student']}, {record['chapter']}"
        print(f"    {what}: {where}", *filter(None, [record["note"]]), sep="; ")
    if any(record["status"] == "infra_error" for record in new):
        print(
            "What failed was not graded and gets no score. `course doctor` may say "
            "why. Then go on with --resume."
        )
    print(f"Results: {options.output}")
    return ATTENTION if any(r["status"] != "missing" for r in special) else DONE


def feedback_command(options: argparse.Namespace) -> int:
    """Write a page for each student."""
    from course_utils.grading.pages import write_feedback

    records, names, titles = _read(options)
    pages = write_feedback(records, options.output, names=names, titles=titles)
    print(f"Wrote {len(pages)} pages to {options.output}.")
    return DONE


def report_command(options: argparse.Namespace) -> int:
    """Write a page for the instructor."""
    from course_utils.exercises import tagged_cells
    from course_utils.grading.editions import find_chapters
    from course_utils.grading.pages import write_report

    records, names, titles = _read(options)
    stubs: dict[str, str] = {}
    for chapter in find_chapters(options.book):
        stubs |= tagged_cells(chapter.notebook, "exercise-stub")
    regrade = f"course grade submissions -o {options.results} --regrade"
    write_report(
        records,
        options.output,
        names=names,
        titles=titles,
        stubs=stubs,
        regrade=regrade,
    )
    print(f"Wrote {options.output}.")
    return DONE


def export_command(options: argparse.Namespace) -> int:
    """Write a grade sheet."""
    from course_utils.grading.export import export
    from course_utils.grading.roster import read_roster

    if options.format in ("canvas", "moodle") and not options.roster:
        raise ValueError(
            f"{options.format} finds students by its own numbers: give its export of "
            "the course with --roster"
        )
    records, _, titles = _read(options)
    roster = read_roster(options.roster) if options.roster else []
    default = "gradescope" if options.format == "gradescope" else "grades.csv"
    target = options.output or Path(default)
    notes = export(records, roster, options.format, target, titles=titles)
    print(f"Wrote {target}.", *notes, sep="\n")
    return DONE


def doctor_command(options: argparse.Namespace) -> int:
    """Say whether the sandbox works here."""
    from course_utils.grading.doctor import find_problem

    problem = find_problem()
    print(problem or "The sandbox works: answers can be graded here.")
    return NOTHING if problem else DONE


# --------------------------------------------------------------------------------------
# What commands share
# --------------------------------------------------------------------------------------


def _points(number: int) -> str:
    return f"{number} point" if number == 1 else f"{number} points"


@contextmanager
def _progress(total: int) -> Iterator[Callable[[], None]]:
    """Show a bar, where there is a terminal; what it gives moves it on by one."""
    from rich.console import Console
    from rich.progress import Progress

    console = Console(stderr=True)
    with Progress(console=console, disable=not console.is_terminal) as bar:
        task = bar.add_task("Grading", total=total)
        yield lambda: bar.advance(task)


def _sandbox(options: argparse.Namespace) -> bool:
    """Return whether to use the sandbox; an error where it is wanted and fails."""
    from course_utils.grading.doctor import find_problem

    if options.unsafe:
        print(
            "Without a sandbox: answers run as you, and can do what you can.",
            file=sys.stderr,
        )
        return False
    problem = find_problem()
    if problem:
        raise RuntimeError(
            f"{problem}\nWithout a working sandbox nothing is run, unless you say "
            "--unsafe, which is recorded."
        )
    return True


def _read(options: argparse.Namespace) -> tuple[list[dict], dict, dict]:
    """Return the records, the students' names and the chapters' titles."""
    from course_utils.grading.editions import find_chapters
    from course_utils.grading.results import read_results
    from course_utils.grading.roster import read_roster

    records = read_results(options.results)
    roster = read_roster(options.roster) if options.roster else []
    graded = {record["chapter"] for record in records}
    chapters = find_chapters(options.book)
    titles = {c.slug: c.title() for c in chapters if c.slug in graded}
    return records, {student.id: student.name for student in roster}, titles
